//! Packages of Arch Linux. pacman is in no Debian of use: tar and bsdtar read them.

use crate::support::{Bench, stdout};
use goferry_package::linux::Format;
use std::path::PathBuf;

fn unpacked(bench: &Bench) -> (PathBuf, Vec<String>) {
    let (mut package, names) = bench.uncommon();
    package.scripts.postinstall = Some(b"echo there\n".to_vec());
    package.relations.suggests = vec!["curl: to fetch".into()];
    let file = bench.write(Format::ArchLinux, &package, None);
    assert!(file.ends_with("/tool-1.2.3rc.1-1-x86_64.pkg.tar.zst"), "{file}");
    let root = bench.path().join("root");
    std::fs::create_dir(&root).unwrap();
    stdout("tar", &["--zstd", "-xpf", &file, "-C", root.to_str().unwrap()]);
    (root, names)
}

pub(crate) fn tar_reads_it() {
    let bench = Bench::new();
    let (root, names) = unpacked(&bench);
    Bench::holds_uncommon(&root, &names);
    let info = std::fs::read_to_string(root.join(".PKGINFO")).unwrap();
    for line in [
        "pkgver = 2:1.2.3rc.1-1",
        "backup = etc/tool/tool.conf",
        "optdepend = curl: to fetch",
        "builddate = 1700000000",
    ] {
        assert!(info.lines().any(|l| l == line), "{line} in {info}");
    }
    assert_eq!(
        std::fs::read_to_string(root.join(".INSTALL")).unwrap(),
        "function post_install() {\necho there\n\n}\n\n"
    );
}

/// bsdtar reads the mtree, finds every file and has the same digests to say.
pub(crate) fn bsdtar_reads_the_mtree() {
    let bench = Bench::new();
    let (root, names) = unpacked(&bench);
    let list = stdout("bsdtar", &["-tf", root.join(".MTREE").to_str().unwrap()]);
    let listed: Vec<&str> = list.lines().map(|l| l.trim_start_matches("./").trim_end_matches('/')).collect();
    for name in
        names.iter().map(String::as_str).chain([".PKGINFO", "usr/bin/tool", "usr/bin/t", "var/lib/tool"])
    {
        // bsdtar writes what is not ASCII as octal digits.
        let shown: String = name
            .bytes()
            .map(|b| if b.is_ascii() { char::from(b).to_string() } else { format!("\\{b:o}") })
            .collect();
        assert!(listed.contains(&name) || listed.contains(&shown.as_str()), "{name} in {list}");
    }
    let text = stdout("gzip", &["-dc", root.join(".MTREE").to_str().unwrap()]);
    let sum = stdout("sha256sum", &[root.join("usr/bin/tool").to_str().unwrap()]);
    let line = text.lines().find(|l| l.starts_with("./usr/bin/tool ")).unwrap();
    assert!(line.ends_with(&format!("sha256digest={}", &sum[..64])), "{line}");
}
