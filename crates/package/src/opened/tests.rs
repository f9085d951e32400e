use super::*;
use crate::archive::EntryKind;
use proptest::prelude::*;
use std::path::PathBuf;

const LIMIT: u64 = 1 << 20;
const SCRIPT: &str = "#!/bin/sh\nset -e\necho hello\n";

fn packages() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/packages")
}

fn format_of(name: &str) -> &str {
    format_of_name(name).unwrap()
}

/// Members as `name mode content`, and the scripts' names.
type Read2 = Result<(Vec<String>, Vec<String>), String>;

fn read(format: &str, path: &Path) -> Read2 {
    let (mut members, mut scripts) = (vec![], vec![]);
    let done = read_package(format, path, LIMIT, &mut |part| {
        match part {
            Part::Script(s) => {
                assert!(s.program.as_deref().is_none_or(|p| p == "/bin/sh"), "{s:?}");
                if s.name != ".INSTALL" {
                    assert_eq!(String::from_utf8_lossy(&s.text).trim_end(), SCRIPT.trim_end(), "{}", s.name);
                }
                scripts.push(s.name);
            }
            Part::Member(entry, body) => {
                let mut text = String::new();
                body.read_to_string(&mut text)?;
                let what = match &entry.kind {
                    EntryKind::Directory => "folder".to_owned(),
                    EntryKind::Symlink(to) => format!("-> {to}"),
                    _ => text.replace('\n', "|"),
                };
                let mode = if what.starts_with("->") { 0 } else { entry.mode };
                members.push(format!("{} {mode:o} {what}", entry.name));
            }
        }
        Ok(())
    });
    scripts.sort();
    done.map(|()| (members, scripts)).map_err(|e| e.to_string())
}

#[test]
fn what_goreleaser_packed() {
    let expected = [
        "/etc 755 folder",
        "/etc/tiny 755 folder",
        "/etc/tiny/a.conf 600 a = 1|",
        "/usr 755 folder",
        "/usr/bin 755 folder",
        "/usr/bin/tiny 755 #!/bin/sh|exit 0|",
        "/usr/bin/tn 0 -> /usr/bin/tiny",
        "/var 755 folder",
        "/var/lib 755 folder",
        "/var/lib/tiny 755 folder",
    ];
    let mut seen = 0;
    for file in std::fs::read_dir(packages()).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name == "README.md" {
            continue;
        }
        let format = format_of(&name);
        let (members, scripts) = read(format, &path).unwrap_or_else(|e| panic!("{name}: {e}"));
        for member in &members {
            assert!(expected.contains(&member.as_str()), "{name}: {member}");
        }
        // rpm owns no folders that others bring.
        let own =
            expected.iter().filter(|m| format != "rpm" || !m.ends_with("folder") || m.contains("lib/tiny"));
        for member in own {
            assert!(members.iter().any(|m| m == member), "{name}: {member} is missing of {members:?}");
        }
        let names: &[&str] = match format {
            "rpm" if name == "tiny.rpm" => &["post", "posttrans", "postun", "pre", "preun"],
            "rpm" => &["post", "postun", "pre", "preun"],
            "apk" => &[".post-deinstall", ".post-install", ".pre-deinstall", ".pre-install", ".pre-upgrade"],
            "archlinux" => &[".INSTALL"],
            _ => &["postinst", "postrm", "preinst", "prerm"],
        };
        assert_eq!(scripts, names, "{name}");
        seen += 1;
    }
    assert_eq!(seen, 11);
}

#[test]
fn what_is_no_package() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x");
    for bytes in [
        &b""[..],
        b"!<arch>\n",
        b"no package at all, but long enough for a header of whatever kind it may be",
    ] {
        std::fs::write(&path, bytes).unwrap();
        for format in ["deb", "rpm", "apk", "archlinux", "ipk"] {
            assert!(read(format, &path).is_err(), "{format}");
        }
    }
}

#[test]
fn more_than_is_allowed_comes_out_of_none() {
    for file in std::fs::read_dir(packages()).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if let Some(format) = format_of_name(&name) {
            assert!(read_package(format, &path, 300, &mut |_| Ok(())).is_err(), "{name}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Damage is an error or goes unnoticed; it is never a panic and never takes more memory than the file has.
    #[test]
    fn damaged(which in 0_usize..11, at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<bool>()) {
        let mut files: Vec<PathBuf> = std::fs::read_dir(packages()).unwrap().map(|f| f.unwrap().path()).collect();
        files.retain(|f| !f.ends_with("README.md"));
        files.sort();
        let mut bytes = std::fs::read(&files[which]).unwrap();
        let at = at.index(bytes.len());
        if cut { bytes.truncate(at) } else { bytes[at] = byte }
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x");
        std::fs::write(&path, bytes).unwrap();
        let format = format_of(&files[which].to_string_lossy()).to_owned();
        let _ = read_package(&format, &path, LIMIT, &mut |part| {
            if let Part::Member(_, body) = part {
                io::copy(body, &mut io::sink())?;
            }
            Ok(())
        });
    }
}
