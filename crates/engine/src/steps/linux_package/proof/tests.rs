use super::*;
use goferry_plan::graph::{FormatOnly, PackageName, PackageRelations, StepId};
use goferry_proc::{Cancel, Finished, Host, SpawnError, Stream};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// A package that goreleaser made, of the packaging house's tests: it installs /usr/bin/tiny.
fn package(format: &str) -> PathBuf {
    let ending = if format == "archlinux" { "pkg.tar.zst" } else { format };
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../package/tests/packages/tiny.{ending}"))
}

pub(crate) fn spec(format: &str) -> LinuxPackageSpec {
    LinuxPackageSpec {
        id: "default".to_owned(),
        format: format.to_owned(),
        file: format!("tiny.{format}"),
        name: PackageName::default(),
        section: String::new(),
        priority: String::new(),
        maintainer: String::new(),
        description: String::new(),
        vendor: String::new(),
        homepage: String::new(),
        license: String::new(),
        relations: PackageRelations::default(),
        umask: 0o002,
        mtime: None,
        default_mtime: 0,
        changelog: None,
        programs: vec![],
        contents: vec![],
        scripts: BTreeMap::new(),
        only: FormatOnly::Apk,
        signing: None,
    }
}

fn program(dst: &str) -> InstalledProgram {
    InstalledProgram {
        verified: StepId("verify/tiny".to_owned()),
        path: "tiny".to_owned(),
        dst: dst.to_owned(),
        kind: ArtifactKind::Binary,
    }
}

fn proved(
    format: &str,
    dst: &str,
    content: &str,
    interpreter: Option<&str>,
) -> Result<(Proof, Vec<String>), Vec<String>> {
    let temp = tempfile::tempdir().unwrap();
    let program = program(dst);
    let digest = sha256(&mut content.as_bytes()).unwrap();
    let wanted = [Wanted { program: &program, sha256: &digest, interpreter, needed: &[] }];
    let said = |d: Diagnostics| d.list.into_iter().map(|d| d.message).collect::<Vec<_>>();
    match prove(&Host::new(Cancel::new()), &spec(format), &package(format), &wanted, temp.path()) {
        Ok(proved) => Ok((proved.proof, said(proved.warnings))),
        Err(problems) => Err(said(problems)),
    }
}

const TINY: &str = "#!/bin/sh\nexit 0\n";

#[test]
fn what_is_right() {
    for format in ["deb", "rpm", "apk", "archlinux", "ipk"] {
        let (proof, warnings) = proved(format, "/usr/bin/tiny", TINY, None).unwrap();
        assert!(warnings.is_empty(), "{warnings:?}");
        assert_eq!(proof.programs.keys().collect::<Vec<_>>(), ["/usr/bin/tiny"]);
        assert!(proof.elsewhere.is_empty(), "{proof:?}");
        let shell = if format == "archlinux" { "bash -n" } else { "sh -n" };
        assert!(!proof.scripts.is_empty());
        let here = |s: &String| s == shell || s == "not checked: there is no bash on this host";
        assert!(proof.scripts.values().all(here), "{format}: {:?}", proof.scripts);
    }
}

#[test]
fn what_is_wrong() {
    for (dst, content, said) in [
        ("/usr/bin/other", TINY, "/usr/bin/other is not in it"),
        ("/usr/bin/tiny", "something else", "is not the file that was verified"),
        ("/usr/bin/tn", TINY, "is no file in it"),
        ("/etc/tiny/a.conf", "a = 1\n", "has mode 600"),
    ] {
        let why = proved("deb", dst, content, None).unwrap_err();
        assert!(why[0].contains(said), "{why:?}");
    }
}

#[test]
fn control_files() {
    for (format, control, refused_with) in [
        ("deb", "Package: a\nVersion: 1\nSection: a\nsection: b\n", "said twice"),
        ("termux.deb", "Package: a\nVersion: x:1\n", "is no number"),
        ("ipk", "Package: a\n\nPackage: evil\n", "is no field"),
    ] {
        let why = refused(&spec(format), control.as_bytes()).unwrap();
        assert!(why.contains(refused_with), "{why}");
    }
    assert!(refused(&spec("deb"), b"Package: a\nVersion: 1\n").is_none());
    assert!(refused(&spec("deb"), b"Package: \xff\n").is_some());
}

#[test]
fn loaders() {
    for (format, loader, warned) in [
        ("apk", "/lib64/ld-linux-x86-64.so.2", true),
        ("apk", "/lib/ld-musl-x86_64.so.1", false),
        ("deb", "/lib64/ld-linux-x86-64.so.2", false),
        ("deb", "/lib/ld-musl-x86_64.so.1", true),
    ] {
        let (proof, warnings) = proved(format, "/usr/bin/tiny", TINY, Some(loader)).unwrap();
        assert_eq!(warnings.len(), usize::from(warned), "{format} {warnings:?}");
        assert_eq!(proof.elsewhere, [loader]);
    }
}

#[test]
fn scripts() {
    let host = Host::new(Cancel::new());
    let temp = tempfile::tempdir().unwrap();
    let of = |text: &str, program: Option<&str>| {
        let script = PackedScript {
            name: "postinst".to_owned(),
            program: program.map(str::to_owned),
            text: text.as_bytes().to_vec(),
        };
        parse(&host, &script, temp.path())
    };
    let sh = Parsed::By("sh -n".to_owned());
    assert_eq!(of("#!/bin/sh -e\nif true; then echo; fi\n", None), sh);
    assert_eq!(of("echo without a line\n", None), sh);
    assert_eq!(of("#!/usr/bin/env sh\n:\n", None), sh);
    let Parsed::Wrong(lines) = of("#!/bin/sh\nif true; then\n", None) else { panic!("it parsed") };
    assert!(lines[0].starts_with("postinst: "), "{lines:?}");
    // The kernel looks for a program whose name ends with a carriage return.
    for text in ["#!/bin/sh\r\necho\r\n", "#!/bin/sh -e\r\n:\n", "#!/usr/bin/python3\r\n"] {
        let Parsed::Wrong(lines) = of(text, None) else { panic!("{text:?} passed") };
        assert!(lines[0].contains("carriage return"), "{lines:?}");
    }
    for (text, program) in [("#!/usr/bin/python3\nprint(", None), ("x = 1", Some("<lua>"))] {
        assert!(matches!(of(text, program), Parsed::NotChecked { here: false, .. }), "{text}");
    }
    let one = PackedScript { name: "p".to_owned(), program: None, text: vec![] };
    assert!(matches!(parse(&NoShell, &one, temp.path()), Parsed::NotChecked { here: true, .. }));
}

/// A host without any program.
struct NoShell;

impl Spawner for NoShell {
    fn run(&self, spec: &CommandSpec) -> Result<Finished, SpawnError> {
        let program = spec.program.to_string_lossy().into_owned();
        Err(SpawnError::NotFound { program, purpose: spec.purpose.clone() })
    }

    fn run_lines(
        &self,
        spec: &CommandSpec,
        _: &(dyn Fn(Stream, &str) + Sync),
    ) -> Result<Finished, SpawnError> {
        self.run(spec)
    }
}

/// What a package brings is no reason for not starting its program.
#[test]
fn what_other_packages_must_bring() {
    let member = |name: &str| (name.to_owned(), (Entry::default(), None));
    let seen =
        Seen { members: ["/lib/ld-x.so", "/usr/lib/libown.so.1"].map(member).into(), ..Seen::default() };
    let program = program("/usr/bin/tiny");
    let lacks = |interpreter: Option<&str>, needed: &[&str]| {
        let needed: Vec<String> = needed.iter().map(|n| (*n).to_owned()).collect();
        seen.lacks(&Wanted { program: &program, sha256: "", interpreter, needed: &needed })
    };
    assert_eq!(lacks(None, &[]), None);
    assert_eq!(lacks(Some("/lib/ld-x.so"), &["libown.so.1"]), None);
    assert_eq!(
        lacks(Some("/lib/ld-x.so"), &["libown.so.1", "libc.so.6"]),
        Some("library libc.so.6".to_owned())
    );
    assert_eq!(lacks(Some("/lib64/ld-y.so"), &["libown.so.1"]), Some("loader /lib64/ld-y.so".to_owned()));
}

#[test]
fn links() {
    assert_eq!(target("/usr/bin/a", "b"), "/usr/bin/b");
    assert_eq!(target("/usr/bin/a", "../lib/./b"), "/usr/lib/b");
    assert_eq!(target("/usr/bin/a", "/x"), "/x");
    let link = |to: &str| {
        let entry = Entry { kind: EntryKind::Symlink(to.to_owned()), ..Entry::default() };
        (entry, None)
    };
    let seen = Seen {
        members: [("/a", link("b")), ("/b", link("a")), ("/c", link("/else/where"))]
            .map(|(k, v)| (k.to_owned(), v))
            .into(),
        ..Seen::default()
    };
    let mut proof = Proof::default();
    let broken: Vec<String> = seen.links(&mut proof).into_iter().map(|(name, _)| name).collect();
    assert_eq!(broken, ["/a", "/b"]);
    assert!(proof.elsewhere.contains(&"/else/where".to_owned()), "{proof:?}");
}
