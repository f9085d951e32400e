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
            Part::Control(text) => {
                assert!(text.starts_with(b"Package: tiny\n") || format == "ipk", "{text:?}");
                assert!(String::from_utf8(text).unwrap().contains("\nVersion: "));
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
fn unpacked() {
    for name in ["tiny.deb", "tiny.rpm", "tiny.apk", "tiny.pkg.tar.zst", "tiny.ipk"] {
        let dir = tempfile::tempdir().unwrap();
        unpack_package(format_of(name), &packages().join(name), LIMIT, dir.path()).unwrap();
        assert_eq!(std::fs::read_to_string(dir.path().join("etc/tiny/a.conf")).unwrap(), "a = 1\n", "{name}");
        assert_eq!(std::fs::read_link(dir.path().join("usr/bin/tn")).unwrap(), Path::new("/usr/bin/tiny"));
        use std::os::unix::fs::PermissionsExt;
        let mode = dir.path().join("usr/bin/tiny").metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o755, "{name}");
        assert!(dir.path().join("var/lib/tiny").is_dir(), "{name}");
    }
}

/// Packages of others may try what they like.
#[test]
fn nothing_is_written_outside() {
    let scratch = tempfile::tempdir().unwrap();
    let folder = scratch.path().join("in/folder");
    std::fs::create_dir_all(&folder).unwrap();
    let outside = scratch.path().join("outside");
    std::fs::create_dir(&outside).unwrap();
    let add = |tar: &mut Vec<u8>, name: &str, link: Option<&str>| {
        let mut header = [0_u8; 512];
        header[..name.len()].copy_from_slice(name.as_bytes());
        header[100..107].copy_from_slice(b"0000644");
        header[124..135].copy_from_slice(b"00000000000");
        header[156] = if link.is_some() { b'2' } else { b'0' };
        if let Some(link) = link {
            header[157..157 + link.len()].copy_from_slice(link.as_bytes());
        }
        header[148..156].copy_from_slice(b"        ");
        let sum: u32 = header.iter().map(|b| u32::from(*b)).sum();
        header[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
        tar.extend_from_slice(&header);
    };
    let mut tar = vec![];
    add(&mut tar, "../../up", None);
    add(&mut tar, "a", Some(outside.to_str().unwrap()));
    add(&mut tar, "a/b", Some("x"));
    tar.extend_from_slice(&[0; 1024]);
    let package = scratch.path().join("x.pkg.tar.zst");
    std::fs::write(&package, zstd::encode_all(&tar[..], 1).unwrap()).unwrap();
    let why = unpack_package("archlinux", &package, LIMIT, &folder).unwrap_err().to_string();
    assert!(why.contains("leads out"), "{why}");
    assert!(folder.join("up").is_file());
    assert_eq!(std::fs::read_dir(&outside).unwrap().count(), 0);
    assert_eq!(std::fs::read_dir(scratch.path().join("in")).unwrap().count(), 1);
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
