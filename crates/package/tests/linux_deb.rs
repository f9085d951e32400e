//! debs as dpkg-deb and dpkg see them.

mod linux;

use goferry_package::linux::{Content, ContentKind, Format, Source, conventional_file_name, write};
use linux::{Tools, package, stdout};

#[test]
fn dpkg_deb_reads_what_was_said() {
    let Some(tools) = Tools::find(&["dpkg-deb"]) else { return };
    let (dir, package) = package();
    let out = dir.path().join(conventional_file_name(Format::Deb, &package));
    assert_eq!(out.file_name().unwrap(), "tool_1.2.3~rc.1+git-1_amd64.deb");
    let written = write(Format::Deb, &package, &out, None).unwrap();
    assert_eq!(written.members.iter().find(|m| m.name == "usr/bin/tool").unwrap().size, 11);
    let field = |name: &str| stdout(tools.run("dpkg-deb", &["-f", out.to_str().unwrap(), name]));
    assert_eq!(field("Package"), "tool\n");
    assert_eq!(field("Version"), "2:1.2.3~rc.1+git-1\n");
    assert_eq!(field("Depends"), "libc6 (>= 2.31), git\n");
    assert_eq!(field("Description"), "A tool\n It does things.\n .\n And others.\n");
    let list = stdout(tools.run("dpkg-deb", &["-c", out.to_str().unwrap()]));
    let lines: Vec<&str> = list.lines().collect();
    assert_eq!(
        lines.iter().map(|l| l.split_whitespace().nth(5).unwrap()).collect::<Vec<_>>(),
        [
            "./etc/",
            "./etc/tool/",
            "./etc/tool/tool.conf",
            "./usr/",
            "./usr/bin/",
            "./usr/bin/t",
            "./usr/bin/tool"
        ]
    );
    assert!(lines[2].starts_with("-rw-r----- root/adm"), "{}", lines[2]);
}

#[test]
fn the_same_package_gives_the_same_bytes() {
    let (dir, mut package) = package();
    let long = format!("/opt/{}/{}", "folder".repeat(20), "ä file".repeat(20));
    package.contents.push(Content::new(ContentKind::File, Source::Bytes(vec![7; 3000]), long));
    let sums: Vec<String> = ["a.deb", "b.deb"]
        .map(|name| write(Format::Deb, &package, &dir.path().join(name), None).unwrap().sha256)
        .into();
    assert_eq!(sums[0], sums[1]);
}
