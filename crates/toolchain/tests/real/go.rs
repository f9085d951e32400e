use crate::bed::{Bed, host, program};
use goferry_report::Code;
use goferry_target::GoTarget;
use goferry_toolchain::go::{CgoNeed, Go, ListQuery, Package, cgo_need};
use goferry_toolchain::module::{self, ModuleQuery};
use std::ffi::OsStr;

fn locate(bed: &Bed) -> Go {
    let path = std::env::var_os("PATH").unwrap();
    Go::locate(&host(), &path, &bed.path()).unwrap()
}

#[test]
fn found_and_identified() {
    let bed = Bed::empty();
    bed.write("go.mod", "module m\n\ngo 1.24\n");
    let go = locate(&bed);
    assert!(go.version.minor >= 21, "{:?}", go.version);
    assert!(!go.env.goroot.is_empty() && !go.env.gomodcache.is_empty());
    assert_eq!(go.path, program("go"));
    let identity = Go::identify_without_running(&go.path, &bed.path()).unwrap();
    assert_eq!(identity.go_version(), go.version);
    assert_eq!(
        identity.goroot.canonicalize().unwrap(),
        std::path::Path::new(&go.env.goroot).canonicalize().unwrap()
    );
    assert_eq!(identity.go_line, "1.24");
}

#[test]
fn missing_go_says_how_to_get_it() {
    let bed = Bed::empty();
    let d = Go::locate(&host(), OsStr::new("/nowhere"), &bed.path()).unwrap_err();
    assert_eq!((d.code, d.code.exit_class().status()), (Code::GoMissing, 5));
    assert!(!d.hints.is_empty());
}

fn list(bed: &Bed, go: &Go, target: &str, cgo: bool) -> Vec<Package> {
    let target: GoTarget = target.parse().unwrap();
    let env =
        [("GOFLAGS", ""), ("GOENV", "off"), ("GOWORK", "off")].map(|(k, v)| (k.to_owned(), v.to_owned()));
    let query = ListQuery {
        dir: &bed.path(),
        target: Some(target),
        patterns: &[".".to_owned()],
        tags: &[],
        flags: &[],
        cgo,
        env: &env,
    };
    go.list_packages(&host(), &query).unwrap()
}

#[test]
fn packages_and_the_need_of_cgo() {
    let bed = Bed::empty();
    bed.write("go.mod", "module example.com/m\n\ngo 1.24\n")
        .write("main.go", "package main\n\nimport _ \"embed\"\nimport _ \"net\"\nimport \"example.com/m/c\"\n\n//go:embed data.txt\nvar s string\n\nfunc main() { c.F(s) }\n")
        .write("data.txt", "x")
        .write("c/c.go", "package c\n\n// int f;\nimport \"C\"\n\nfunc F(string) {}\n");
    let go = locate(&bed);
    let need = || cgo_need(&list(&bed, &go, "linux/amd64", true), &list(&bed, &go, "linux/amd64", false));
    let CgoNeed::Yes { reason } = need() else { panic!("cgo is needed") };
    assert!(
        reason.starts_with("example.com/m/c does not build without cgo: build constraints exclude all"),
        "{reason}"
    );
    let packages = list(&bed, &go, "windows/arm64", false);
    let main = packages.iter().find(|p| p.name == "main").unwrap();
    assert_eq!((main.embed_files.as_slice(), main.dep_only), (["data.txt".to_owned()].as_slice(), false));
    assert!(packages.iter().any(|p| p.standard && p.import_path == "internal/syscall/windows"));
    bed.write("c/pure.go", "//go:build !cgo\n\npackage c\n\nfunc F(string) {}\n");
    assert_eq!(need(), CgoNeed::No);
    bed.write("c/c2.go", "package c\n\nimport \"C\"\n");
    assert!(matches!(need(), CgoNeed::Yes { .. }), "more cgo files than stubs");
}

/// Uses the module proxy through the go command.
#[test]
fn module_at_version() {
    let bed = Bed::empty();
    let go = locate(&bed);
    let resolve = |text: &str| module::resolve(&go, &host(), &ModuleQuery::parse(text).unwrap());
    let info = resolve("rsc.io/quote/buggy@v1.5.2").unwrap();
    assert_eq!(
        (info.path.as_str(), info.version.as_str(), info.package.as_str()),
        ("rsc.io/quote", "v1.5.2", "buggy")
    );
    // The proxy decides the time (the tag was moved once); the sum is the module's own.
    assert!(info.info.time.ends_with('Z') && info.info.version == "v1.5.2", "{:?}", info.info);
    assert_eq!(info.sum, "h1:w5fcysjrx7yqtD/aO+QwRjYZOKnaM9Uh2b40tElTs3Y=");
    assert!(info.dir.join("quote.go").is_file());
    assert_eq!((info.gomod.module.as_str(), info.install_obstacles()), ("rsc.io/quote", None));
    let d = resolve("rsc.io/quote@v1.999.0").unwrap_err();
    assert_eq!(d.code, Code::ModuleQuery);
    assert!(d.notes[0].contains("v1.999.0"), "{d:?}");
}
