//! Packages of a real module: made by a release, read by dpkg and rpm, signed by gpg.
#![expect(clippy::unwrap_used, reason = "what a test cannot set up has failed")]

mod support;

use serde_json::Value;
use std::path::Path;
use std::process::Command;
use support::{Project, has};

const CONFIG: &str = "version: 2
builds:
  - env: [CGO_ENABLED=0]
    targets: [linux_amd64, linux_arm64, linux_arm_7, android_arm64, windows_amd64]
nfpms:
  - maintainer: A Fixture <a@example.com>
    description: |-
      Prints.
      More of it.
    homepage: https://example.com/
    license: MIT
    section: utils
    vendor: Fixtures
    formats: [deb, rpm, apk, archlinux, ipk, termux.deb]
    dependencies: [libc]
    contents:
      - {src: tiny.conf, dst: /etc/tiny.conf, type: config, file_info: {mode: 0o640}}
      - {src: /usr/bin/tiny, dst: /usr/bin/tn, type: symlink}
      - {src: share, dst: /usr/share/tiny, type: tree}
      - {src: share/one.txt, dst: /usr/share/doc/tiny/one, type: doc}
      - {src: share/one.txt, dst: /usr/share/licenses/tiny/one, type: license}
      - {src: tiny.conf, dst: /etc/gone.conf, type: config|missingok}
    scripts: {postinstall: post.sh}
    changelog: changelog.yaml
    overrides:
      deb: {dependencies: [libc6]}
    rpm: {summary: Prints}
";

const CHANGELOG: &str = "- semver: 1.2.3
  date: 2024-01-02T03:04:05Z
  packager: A Fixture <a@example.com>
  changes: [{note: The first one.}]
";

fn project(config: &str) -> Project {
    Project::new(&[
        (".goreleaser.yaml", config),
        ("tiny.conf", "a = 1\n"),
        ("share/one.txt", "one\n"),
        ("share/sub/two.txt", "two\n"),
        ("post.sh", "#!/bin/sh\nset -e\nif true; then :; fi\n"),
        ("changelog.yaml", CHANGELOG),
    ])
}

/// What a tool says.
fn said(program: &str, args: &[&str], file: &Path) -> String {
    let done = Command::new(program).args(args).arg(file).env("LC_ALL", "C").output().unwrap();
    assert!(done.status.success(), "{program} {args:?}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap()
}

fn package(p: &Project, ending: &str) -> std::path::PathBuf {
    let found = std::fs::read_dir(p.dist()).unwrap().flatten().map(|e| e.path());
    let mut found: Vec<_> = found.filter(|f| f.to_string_lossy().ends_with(ending)).collect();
    assert_eq!(found.len(), 1, "{ending}: {found:?}");
    found.remove(0)
}

#[test]
fn a_release_makes_packages_that_dpkg_and_rpm_read() {
    let p = project(CONFIG);
    p.release();
    let files = p.dist_files();
    let packages = |ending: &str| files.keys().filter(|f| f.ends_with(ending)).count();
    for (ending, count) in [
        ("linux_amd64.deb", 1),
        ("v7.deb", 1),
        (".rpm", 3),
        (".apk", 3),
        (".pkg.tar.zst", 3),
        (".ipk", 3),
        (".termux.deb", 1),
    ] {
        assert_eq!(packages(ending), count, "{ending}: {:?}", files.keys());
    }
    let sums = files.iter().find(|(n, _)| n.ends_with("checksums.txt")).unwrap();
    let sums = String::from_utf8_lossy(sums.1);
    for name in files.keys().filter(|f| f.ends_with(".deb") || f.ends_with(".rpm") || f.ends_with(".apk")) {
        assert!(sums.lines().any(|l| l.ends_with(name.as_str())), "{name}: {sums}");
    }
    let verified = p.run(&["verify", "dist"]);
    assert!(verified.stdout.contains("programs are those of the provenance"), "{}", verified.stdout);
    let bom = p.run(&["sbom", package(&p, "linux_arm64.rpm").to_str().unwrap()]);
    assert!(bom.stdout.contains("pkg:golang/example.com/tiny"), "{} {}", bom.stdout, bom.stderr);
    let record = p.record();
    let proofs = record["packages"].as_array().unwrap();
    assert_eq!(proofs.len(), 16);
    for proof in proofs {
        let programs = proof["proof"]["programs"].as_object().unwrap();
        assert_eq!(programs.len(), 1, "{proof}");
        let scripts = proof["proof"]["scripts"].as_object().unwrap();
        assert_eq!(scripts.len(), 1, "{proof}");
        // Each program was started in the unpacked package, or it is said why not.
        let (installed, started) = proof["proof"]["started"].as_object().unwrap().iter().next().unwrap();
        let android = installed.contains("com.termux");
        let why = started["waived"]["reason"].as_str().unwrap_or_default();
        let refused = why.contains("no namespaces") || why.contains("qemu");
        let ran = started["ran"]["isolation"] == "namespaces";
        assert!(if android { !why.is_empty() } else { ran || refused }, "{installed}: {started}");
    }
    // Once more: nothing is made again, and it is the same.
    let again = p.release();
    assert!(again.stderr.contains("cached"), "{}", again.stderr);
    assert_eq!(p.dist_files(), files);
    let fresh = p.run(&["release", "--snapshot", "--clean", "--no-cache"]);
    assert_eq!(fresh.status, 0, "{}", fresh.stderr);
    assert_eq!(p.dist_files(), files, "the same input, the same packages");
    if has(&["dpkg-deb"]) {
        dpkg_reads(&p);
    }
    if has(&["rpm"]) {
        rpm_reads(&p);
    }
}

fn dpkg_reads(p: &Project) {
    for (ending, arch) in [
        ("linux_amd64.deb", "amd64"),
        ("linux_arm64.deb", "arm64"),
        ("linux_armv7.deb", "armhf"),
        ("arm64.termux.deb", "aarch64"),
    ] {
        let deb = package(p, ending);
        let field = |name: &str| {
            let done = Command::new("dpkg-deb").arg("-f").arg(&deb).arg(name).output().unwrap();
            String::from_utf8_lossy(&done.stdout).trim().to_owned()
        };
        assert_eq!((field("Package").as_str(), field("Architecture").as_str()), ("tiny", arch));
        assert!(field("Version").starts_with("1.2.3~SNAPSHOT-"), "{}", field("Version"));
        assert_eq!(field("Maintainer"), "A Fixture <a@example.com>");
        let termux = ending.contains("termux");
        assert_eq!(field("Depends"), if termux { "libc" } else { "libc6" });
        let listed = said("dpkg-deb", &["-c"], &deb);
        let bin = if termux { "./data/data/com.termux/files/usr/bin/tiny" } else { "./usr/bin/tiny" };
        for (mode, name) in [
            ("-rwxr-xr-x root/root", bin),
            ("-rw-r----- root/root", "./etc/tiny.conf"),
            ("-rw-r--r-- root/root", "./usr/share/tiny/sub/two.txt"),
            ("lrwxrwxrwx root/root", "./usr/bin/tn -> /usr/bin/tiny"),
        ] {
            let line = listed.lines().find(|l| l.trim_end().ends_with(name));
            let line = line.unwrap_or_else(|| panic!("{name}: {listed}"));
            assert!(line.starts_with(mode), "{line}");
        }
        assert!(said("dpkg-deb", &["-I"], &deb).contains("postinst"));
        assert!(!listed.contains("doc/tiny/one"), "documentation is marked in rpms only: {listed}");
    }
    // The program that is installed is the one that was verified.
    let into = p.scratch.path().join("unpacked");
    let done =
        Command::new("dpkg-deb").arg("-x").arg(package(p, "linux_amd64.deb")).arg(&into).status().unwrap();
    assert!(done.success());
    let out = Command::new(into.join("usr/bin/tiny")).output().unwrap();
    assert!(String::from_utf8_lossy(&out.stdout).starts_with("tiny 1.2.3-SNAPSHOT-"), "{out:?}");
}

fn rpm_reads(p: &Project) {
    let rpm = package(p, "linux_arm64.rpm");
    let query = "%{NAME} %{ARCH} %{VENDOR} %{LICENSE} %{SUMMARY} %{URL}";
    let db = p.scratch.path().join("rpmdb");
    let dbpath = format!("--dbpath={}", db.display());
    let told = said("rpm", &[&dbpath, "-qp", "--qf", query], &rpm);
    assert_eq!(told, "tiny aarch64 Fixtures MIT Prints https://example.com/");
    let listed = said("rpm", &[&dbpath, "-qplv"], &rpm);
    for name in ["/usr/bin/tiny", "/etc/tiny.conf", "/usr/share/tiny/sub/two.txt"] {
        assert!(listed.lines().any(|l| l.ends_with(name)), "{name}: {listed}");
    }
    let flags = said("rpm", &[&dbpath, "-qp", "--qf", "[%{FILENAMES} %{FILEFLAGS:fflags}\n]"], &rpm);
    for line in ["/usr/share/doc/tiny/one d", "/usr/share/licenses/tiny/one l", "/etc/gone.conf cm"] {
        assert!(flags.lines().any(|l| l == line), "{line}: {flags}");
    }
    assert!(said("rpm", &[&dbpath, "-qp", "--scripts"], &rpm).contains("postinstall"));
    assert!(said("rpm", &[&dbpath, "-qp", "--requires"], &rpm).contains("libc"));
    assert!(said("rpm", &[&dbpath, "-K", "--nosignature"], &rpm).contains("digests OK"));
}

const SIGNED: &str = "version: 2
builds: [{env: [CGO_ENABLED=0], targets: [linux_amd64]}]
nfpms:
  - id: main
    maintainer: A Fixture <a@example.com>
    formats: [deb, rpm]
    deb: {signature: {key_file: key.asc}}
    rpm: {signature: {key_file: key.asc}}
";

/// A key in the project, and its public half beside.
fn make_key(p: &Project, passphrase: &str) {
    let home = tempfile::Builder::new().prefix("gk-").tempdir_in("/tmp").unwrap();
    let gpg = |args: &[&str]| {
        let done = Command::new("gpg")
            .args(["--batch", "--quiet", "--pinentry-mode", "loopback", "--passphrase", passphrase])
            .args(args)
            .env("GNUPGHOME", home.path())
            .output()
            .unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8(done.stdout).unwrap()
    };
    gpg(&["--quick-generate-key", "A Fixture <a@example.com>", "rsa2048", "sign", "never"]);
    p.write("key.asc", &gpg(&["--armor", "--export-secret-keys"]));
    p.write("public.asc", &gpg(&["--armor", "--export"]));
    Command::new("gpgconf").args(["--kill", "all"]).env("GNUPGHOME", home.path()).status().unwrap();
    p.commit("key");
}

#[test]
fn gpg_signs_debs_and_rpms() {
    if !has(&["gpg", "gpgconf"]) {
        return;
    }
    let mut p = project(SIGNED);
    make_key(&p, "a canary");
    // What is wrong with a key is said before anything is built.
    let r = p.run(&["release", "--snapshot", "--clean"]);
    assert_eq!(r.status, 2, "{}", r.stderr);
    assert!(
        r.stderr.contains("key-password") && r.stderr.contains("NFPM_MAIN_DEB_PASSPHRASE"),
        "{}",
        r.stderr
    );
    assert!(!p.dist().join("tiny_linux_amd64_v1").exists(), "something was built");
    p.set("NFPM_MAIN_PASSPHRASE", "a canary");
    let r = p.release();
    assert!(!r.stderr.contains("a canary"), "{}", r.stderr);
    for (name, bytes) in p.dist_files() {
        assert!(!bytes.windows(8).any(|w| w == b"a canary"), "the passphrase is in {name}");
    }
    deb_is_signed(&p);
    if has(&["rpm", "rpmkeys"]) {
        let dbpath = format!("--dbpath={}", p.scratch.path().join("rpmdb").display());
        let done =
            Command::new("rpm").args([&dbpath, "--import"]).arg(p.root.join("public.asc")).output().unwrap();
        assert!(done.status.success(), "{done:?}");
        let checked = said("rpmkeys", &[&dbpath, "-Kv"], &package(&p, ".rpm"));
        assert!(
            checked.contains("RSA/SHA256 Signature")
                && !checked.contains("NOKEY")
                && !checked.contains("BAD"),
            "{checked}"
        );
    }
    // Nothing of gpg goes on.
    let left = std::fs::read_dir("/tmp")
        .unwrap()
        .flatten()
        .filter(|e| e.file_name().to_string_lossy().starts_with("gpg-"));
    let mine = left.filter(|e| e.path().join("private-keys-v1.d").is_dir()).count();
    assert_eq!(mine, 0);
    let skipped = p.run(&["release", "--snapshot", "--clean", "--skip=sign"]);
    assert_eq!(skipped.status, 0, "{}", skipped.stderr);
}

/// As debsig-verify has it: a signature over the three members, one after another.
fn deb_is_signed(p: &Project) {
    let deb = package(p, ".deb");
    let bytes = std::fs::read(&deb).unwrap();
    let (mut at, mut signed, mut signature) = (8, vec![], vec![]);
    while at + 60 <= bytes.len() {
        let header = String::from_utf8_lossy(&bytes[at..at + 60]).into_owned();
        let size: usize = header[48..58].trim().parse().unwrap();
        let body = &bytes[at + 60..at + 60 + size];
        match header[..16].trim().trim_end_matches('/') {
            "_gpgorigin" => signature = body.to_vec(),
            _ => signed.extend_from_slice(body),
        }
        at += 60 + size + size % 2;
    }
    let dir = tempfile::Builder::new().prefix("gk-").tempdir_in("/tmp").unwrap();
    std::fs::write(dir.path().join("data"), signed).unwrap();
    std::fs::write(dir.path().join("data.asc"), signature).unwrap();
    let gpg = |args: &[&str]| {
        Command::new("gpg")
            .args(["--batch", "--homedir"])
            .arg(dir.path())
            .args(args)
            .current_dir(dir.path())
            .output()
            .unwrap()
    };
    assert!(gpg(&["--import", p.root.join("public.asc").to_str().unwrap()]).status.success());
    let verified = gpg(&["--verify", "data.asc", "data"]);
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stderr));
    Command::new("gpgconf").args(["--kill", "all"]).env("GNUPGHOME", dir.path()).status().unwrap();
}

#[test]
fn without_gpg_a_signature_is_refused_before_anything_is_built() {
    if !has(&["gpg"]) {
        return;
    }
    let mut p = project(SIGNED);
    make_key(&p, "");
    let bin = p.scratch.path().join("bin");
    std::fs::create_dir_all(&bin).unwrap();
    for tool in ["git", "go"] {
        std::os::unix::fs::symlink(support::which(tool), bin.join(tool)).unwrap();
    }
    p.set("PATH", bin.to_str().unwrap());
    let r = p.run(&["release", "--snapshot", "--clean"]);
    assert_eq!(r.status, 5, "{}", r.stderr);
    assert!(r.stderr.contains("tool-missing") && r.stderr.contains("apt-get install gpg"), "{}", r.stderr);
}

const NATIVE: &str = "targets = [\"linux/amd64\"]
[package]
maintainer = \"A Fixture <a@example.com>\"
formats = [\"deb\", \"apk\"]
";

#[test]
fn a_package_is_held_to_what_it_promises() {
    let with = |more: &str| format!("{NATIVE}{more}");
    for (more, files, status, words) in [
        (
            "scripts = {postinstall = \"bad.sh\"}\n",
            vec![("bad.sh", "#!/bin/sh\nif true; then\n")],
            4,
            vec!["package-broken", "postinst", "does not parse"],
        ),
        (
            "contents = [{dst = \"/usr/bin\", type = \"dir\", file_info = {mode = 0o700}}]\n",
            vec![],
            4,
            vec!["package-broken", "not everybody reaches /usr/bin/tiny"],
        ),
        (
            "scripts = {postinstall = \"no.sh\"}\n",
            vec![],
            2,
            vec![
                "config-value",
                "package `default`: the script `postinstall`, no.sh: No such file",
                "relative to the project",
            ],
        ),
        ("contents = [{src = \"none*\", dst = \"/x\"}]\n", vec![], 2, vec!["none*"]),
        ("formats = [\"rpn\"]\n", vec![], 2, vec!["config-value", "`rpn`", "termux.deb", "goferry.toml"]),
    ] {
        let config = with(more);
        let config = if more.starts_with("formats") {
            config.replace("formats = [\"deb\", \"apk\"]\n", "")
        } else {
            config
        };
        let mut all = vec![("goferry.toml", config.as_str())];
        all.extend(files);
        let p = Project::new(&all);
        let r = p.run(&["release", "--snapshot", "--clean"]);
        assert_eq!(r.status, status, "{more}: {}", r.stderr);
        for word in words {
            assert!(r.stderr.contains(word), "{more}: {word}: {}", r.stderr);
        }
        assert!(
            !p.dist().exists() || !p.dist_files().keys().any(|f| f.ends_with(".deb")),
            "{more}: it lies there"
        );
    }
}

/// A program that is well everywhere but where this package installs it.
const SPOILED: &str = "package main

import \"os\"

func main() {
\tif _, err := os.Stat(\"/etc/tiny.conf\"); err == nil {
\t\tpanic(\"spoiled by its own package\")
\t}
}
";

#[test]
fn a_program_that_does_not_start_where_it_is_installed_stops_the_release() {
    let granted = Command::new("unshare").args(["-Urm", "true"]).status().is_ok_and(|s| s.success());
    if !granted {
        return;
    }
    let config = format!(
        "{}contents = [{{src = \"tiny.conf\", dst = \"/etc/tiny.conf\"}}]\n",
        NATIVE.replace("linux/amd64", "linux/arm64").replace("\"deb\", \"apk\"", "\"rpm\"")
    );
    let p = Project::new(&[("goferry.toml", &config), ("main.go", SPOILED), ("tiny.conf", "")]);
    let r = p.run(&["release", "--snapshot", "--clean"]);
    assert_eq!(r.status, 4, "{}", r.stderr);
    for word in ["does-not-start", "/usr/bin/tiny", "linux_arm64.rpm", "spoiled by its own package"] {
        assert!(r.stderr.contains(word), "{word}: {}", r.stderr);
    }
    assert!(!p.dist_files().keys().any(|f| f.ends_with(".rpm")), "it lies there");
}

#[test]
fn goferry_toml_has_packages_too() {
    let p = Project::new(&[("goferry.toml", NATIVE)]);
    p.release();
    let artifacts: Value =
        serde_json::from_slice(&std::fs::read(p.dist().join("artifacts.json")).unwrap()).unwrap();
    let packages: Vec<&Value> =
        artifacts.as_array().unwrap().iter().filter(|a| a["type"] == "Linux Package").collect();
    assert_eq!(packages.len(), 2);
    for a in packages {
        assert_eq!(
            (a["goos"].as_str(), a["goamd64"].as_str(), a["internal_type"].as_u64()),
            (Some("linux"), Some("v1"), Some(6))
        );
        assert!(a["extra"]["Checksum"].as_str().unwrap().starts_with("sha256:"));
        assert_eq!(a["extra"]["Files"][0]["dst"], "/usr/bin/tiny");
    }
    let sboms = p
        .dist_files()
        .keys()
        .filter(|f| f.ends_with(".deb.cdx.json") || f.ends_with(".apk.cdx.json"))
        .count();
    assert_eq!(sboms, 2, "goferry's own bills of materials");
    let skipped = p.run(&["release", "--snapshot", "--clean", "--skip=nfpm"]);
    assert_eq!(skipped.status, 0, "{}", skipped.stderr);
    assert!(!p.dist_files().keys().any(|f| f.ends_with(".deb")));
}
