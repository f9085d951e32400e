//! `goferry symbols` and `goferry size` on real programs of one module, for several targets.
#![expect(clippy::unwrap_used, reason = "the functions that tests share are not marked as tests")]

mod support;

use serde_json::Value;
use std::sync::OnceLock;
use support::{Project, Ran, fixed};

const FILES: [(&str, &str); 6] = [
    (
        "main.go",
        "package main\n\nimport \"example.com/tiny/part\"\n\nfunc main() { println(part.Name(), once(part.Sum(nil))) }\n\nfunc once(n int) int { return n*7 + 1 }\n",
    ),
    ("part/part.go", "package part\n\nfunc Name() string { return name() + word() }\n"),
    (
        "part/name_amd64.go",
        "package part\n\n//go:noinline\nfunc name() string { return fast() }\n\n//go:noinline\nfunc fast() string { return \"a\" }\n",
    ),
    (
        "part/name.go",
        "//go:build !amd64\n\npackage part\n\n//go:noinline\nfunc name() string { return slow() }\n\n//go:noinline\nfunc slow() string { return \"b\" }\n",
    ),
    ("part/word.go", "package part\n\n//go:noinline\nfunc word() string { return \"w\" }\n"),
    (
        "part/sum.go",
        "package part\n\n//go:noinline\nfunc Sum(all []int) (n int) {\n\tfor _, one := range all {\n\t\tn += one\n\t}\n\treturn n\n}\n",
    ),
];

/// The module, with its programs `x86`, `x86s` (stripped, no paths), `arm`, `win.exe`, `wasm`, and `more` from changed sources.
fn module() -> &'static Project {
    static MADE: OnceLock<Project> = OnceLock::new();
    MADE.get_or_init(|| {
        let p = Project::new(&FILES);
        let bare = ["-trimpath", "-ldflags=-s -w"];
        for (name, os, arch, flags) in [
            ("x86", "linux", "amd64", &[][..]),
            ("x86s", "linux", "amd64", &bare),
            ("arm", "linux", "arm64", &bare),
            ("win.exe", "windows", "amd64", &[]),
            ("wasm", "wasip1", "wasm", &[]),
        ] {
            build(&p, name, os, arch, flags);
        }
        let body =
            "\tfor i := range all {\n\t\tn += all[i] * i\n\t\tprintln(\"more\", n, i)\n\t}\n".repeat(50);
        p.write(
            "part/sum.go",
            &format!("package part\n\n//go:noinline\nfunc Sum(all []int) (n int) {{\n{body}\treturn n\n}}\n"),
        );
        build(&p, "more", "linux", "amd64", &[]);
        p
    })
}

fn build(p: &Project, name: &str, os: &str, arch: &str, flags: &[&str]) {
    let out = std::process::Command::new("go")
        .current_dir(&p.root)
        .env_clear()
        .envs(fixed())
        .envs([("GOOS", os), ("GOARCH", arch), ("CGO_ENABLED", "0")])
        .args(["build", "-o", name])
        .args(flags)
        .output()
        .unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
}

fn ok(args: &[&str]) -> Ran {
    let r = module().run(args);
    assert_eq!((r.status, r.stderr.as_str()), (0, ""), "{args:?}");
    r
}

fn json(args: &[&str]) -> Value {
    serde_json::from_str(&ok(&[args, &["--json"]].concat()).stdout).unwrap()
}

fn functions(v: &Value) -> Vec<&str> {
    v["functions"].as_array().unwrap().iter().map(|f| f["name"].as_str().unwrap()).collect()
}

#[test]
fn stripping_and_trimming_change_no_function() {
    let (whole, bare) = (json(&["symbols", "x86"]), json(&["symbols", "x86s"]));
    assert_eq!(functions(&whole), functions(&bare));
    assert_eq!(whole["fingerprint"], bare["fingerprint"]);
    assert_eq!(bare["target"], "linux/amd64");
    let find = |name: &str| bare["functions"].as_array().unwrap().iter().find(|f| f["name"] == name).unwrap();
    let main = find("main.main");
    assert!(main["size"].as_u64().unwrap() > 0 && main["package"] == "main" && main["kind"] == "go");
    // Only inlined: the file of its body is known all the same.
    let once = find("main.once");
    assert_eq!(
        (once["only_inlined"].as_bool(), once["source"].as_str()),
        (Some(true), Some("example.com/tiny/main.go"))
    );
    assert_eq!(find("runtime.memmove")["kind"], "assembly");
    let text = ok(&["symbols", "x86s"]).stdout;
    assert!(text.lines().any(|l| l.starts_with("inlined") && l.ends_with("main.once")), "{text}");
    assert!(text.contains(whole["fingerprint"]["all"].as_str().unwrap()));
}

#[test]
fn a_changed_body_keeps_the_fingerprint_and_another_function_does_not() {
    let [before, after, other] = ["x86", "more", "arm"].map(|f| json(&["symbols", f])["fingerprint"].clone());
    assert_eq!(before, after);
    assert_ne!(before["own"], other["own"]);
}

#[test]
fn what_only_one_target_has_is_explained() {
    let v = json(&["symbols", "x86", "arm"]);
    let lone = v["difference"]["lone"].as_array().unwrap();
    let own: Vec<_> = lone
        .iter()
        .filter(|l| l["std"] == false)
        .map(|l| (l["side"].as_u64().unwrap(), l["name"].as_str().unwrap(), &l["reason"]))
        .collect();
    let by_name = serde_json::json!({ "by": "file-name", "what": "name_amd64.go" });
    // The stripped program has no paths, and the module is not in the module cache: nothing tells of its constraint.
    let unknown = serde_json::json!({ "by": "unexplained" });
    assert_eq!(
        own,
        [(0, "example.com/tiny/part.fast", &by_name), (1, "example.com/tiny/part.slow", &unknown)]
    );
    // The standard library's sources are here.
    let constraint = lone.iter().find(|l| l["reason"]["by"] == "constraint").unwrap();
    assert_eq!(constraint["std"], true);
    assert!(v["difference"]["shared"].as_u64().unwrap() > 1000);

    // The other way round the one with paths says more.
    build(module(), "arm-whole", "linux", "arm64", &[]);
    let text = ok(&["symbols", "arm-whole", "x86s"]).stdout;
    let line = |name: &str| text.lines().find(|l| l.contains(name)).unwrap_or_else(|| panic!("{text}"));
    assert!(line("part.slow").contains("//go:build !amd64"), "{text}");
    assert!(line("part.fast").contains("by the file's name, name_amd64.go"), "{text}");
    assert!(text.contains("more of the standard library: --std shows them"), "{text}");
    assert!(!text.contains("runtime.memmove"));
    let same = ok(&["symbols", "x86", "x86s"]).stdout;
    assert!(same.trim_end().ends_with("functions are in both."), "{same}");
}

#[test]
fn sizes_are_told_by_section_and_package() {
    for (file, data) in [("x86", true), ("x86s", false), ("win.exe", true), ("wasm", false)] {
        let v = json(&["size", file]);
        assert_eq!(v["symbols"], data, "{file}");
        let total = std::fs::metadata(module().root.join(file)).unwrap().len();
        assert_eq!(v["total"], total);
        let packages = v["packages"].as_array().unwrap();
        let get = |name: &str| packages.iter().find(|p| p["name"] == name).unwrap();
        let sum: u64 =
            packages.iter().map(|p| p["code"].as_u64().unwrap() + p["data"].as_u64().unwrap()).sum();
        assert!(sum <= total && sum > total / 4, "{file}: {sum} of {total}");
        assert!(get("example.com/tiny/part")["functions"].as_u64().unwrap() >= 4, "{file}");
        assert!(get("(table of functions)")["data"].as_u64().unwrap() > total / 20, "{file}");
        assert_eq!(get("runtime")["std"], true);
        assert_eq!(get("runtime")["data"].as_u64().unwrap() > 0, data, "{file}");
        assert!(!v["sections"].as_array().unwrap().is_empty());
    }
    let text = ok(&["size", "x86s"]).stdout;
    assert!(text.contains(".text") && text.contains("no symbol table"), "{text}");
}

#[test]
fn what_grew_is_named_first() {
    let v = json(&["size", "x86", "more"]);
    let first = v["changes"].as_array().unwrap().iter().find(|c| c["kind"] == "package").unwrap();
    assert_eq!(first["name"], "example.com/tiny/part");
    assert!(first["after"].as_u64().unwrap() > first["before"].as_u64().unwrap() + 1000, "{first}");
    let text = ok(&["size", "x86", "more"]).stdout;
    let packages = text.split_once("PACKAGE\n").unwrap().1;
    assert!(packages.lines().next().unwrap().starts_with('+'), "{text}");
    assert!(packages.lines().next().unwrap().ends_with("example.com/tiny/part"), "{text}");
}

#[test]
fn what_is_no_go_program_is_said() {
    let p = module();
    p.write("text", "no program\n");
    for (args, says) in [
        (&["symbols", "text"][..], "not an executable format"),
        (&["size", "text"], "not an executable format"),
        (&["symbols", "x86", "missing"], "missing"),
        (&["size", env!("CARGO_BIN_EXE_goferry")], "no table of Go functions"),
    ] {
        let r = p.run(args);
        assert!(r.status != 0 && r.stdout.is_empty() && r.stderr.contains(says), "{args:?}: {}", r.stderr);
    }
}
