//! Archives read back by the programs that users have: tar, gzip, xz, zstd, unzip, python3.
#![expect(clippy::unwrap_used, reason = "tests")]

use goferry_package::{
    ArchiveFormat, Member, PackageError, Source, WriteOptions, source::git_members, write_archive,
};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

const MTIME: i64 = 1_704_164_645;

fn run(program: &str, args: &[&str], cwd: &Path) -> String {
    let out =
        Command::new(program).args(args).current_dir(cwd).env("TZ", "UTC").env("LC_ALL", "C.UTF-8").output();
    let out = out.unwrap_or_else(|e| panic!("{program} is needed by this test: {e}"));
    assert!(out.status.success(), "{program} {args:?}: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).unwrap()
}

/// Lists any tar or zip with python: name, type, mode, size, mtime, owner, link, crc of the content.
const LIST: &str = r#"
import sys, tarfile, zipfile, zlib, calendar, json
rows = []
if zipfile.is_zipfile(sys.argv[1]):
    z = zipfile.ZipFile(sys.argv[1])
    assert z.testzip() is None
    for i in z.infolist():
        mode = i.external_attr >> 16
        rows.append([i.filename.rstrip('/'), {0o120000: 'l', 0o40000: 'd'}.get(mode & 0o170000, 'f'), mode & 0o7777,
            int.from_bytes(i.extra[5:9], 'little'), '', '', z.read(i).decode('latin1')])
else:
    t = tarfile.open(sys.argv[1])
    for m in t:
        kind = 'l' if m.issym() else 'd' if m.isdir() else 'f'
        data = t.extractfile(m).read().decode('latin1') if kind == 'f' else m.linkname
        rows.append([m.name, kind, m.mode, m.mtime, m.uname, m.gname, data])
json.dump(rows, sys.stdout)
"#;

fn list(archive: &Path) -> Vec<(String, String, u32, i64, String, String, String)> {
    let text = run("python3", &["-c", LIST, archive.to_str().unwrap()], Path::new("/"));
    serde_json::from_str(&text).unwrap()
}

fn sample(dir: &Path) -> Vec<Member> {
    let path = dir.join("program");
    let content: Vec<u8> = (0..200_000u32).flat_map(|i| (i.wrapping_mul(i) / 7).to_le_bytes()).collect();
    std::fs::write(&path, content).unwrap();
    let long = format!("{}/{}", "d".repeat(90), "f".repeat(99));
    let longer = format!("{}/{}", "d".repeat(160), "f".repeat(120));
    let mut owned = Member::new("docs/ü.txt", Source::Bytes(b"umlaut".to_vec()), 0o640);
    owned.owner = "somebody".into();
    owned.group = "staff".into();
    owned.mtime = Some(1_500_000_001);
    vec![
        Member::new("LICENSE", Source::Bytes(b"free".to_vec()), 0o644),
        Member::new("docs", Source::Directory, 0o755),
        Member::new("empty", Source::Bytes(Vec::new()), 0o600),
        owned,
        Member::new("link", Source::Symlink("LICENSE".into()), 0o777),
        Member::new(long, Source::Bytes(b"long".to_vec()), 0o644),
        Member::new(longer, Source::Bytes(b"longer".to_vec()), 0o644),
        Member::file("program", path, 0o755),
    ]
}

#[test]
fn every_format_is_read_back_by_python_and_tools() {
    let dir = tempfile::tempdir().unwrap();
    let members = sample(dir.path());
    for format in ArchiveFormat::ALL {
        if matches!(format, ArchiveFormat::Gz | ArchiveFormat::Xz | ArchiveFormat::Binary) {
            continue;
        }
        let out = dir.path().join(format!("sub/a{}", format.extension()));
        let written = write_archive(format, &members, &out, &WriteOptions::new(MTIME)).unwrap();
        let bytes = std::fs::read(&out).unwrap();
        assert_eq!(written.size, bytes.len() as u64);
        assert!(run("sha256sum", &[out.to_str().unwrap()], dir.path()).starts_with(&written.sha256));
        assert_eq!(out.metadata().unwrap().permissions().mode() & 0o777, 0o644);
        let plain = match format {
            ArchiveFormat::TarZst | ArchiveFormat::Tzst => {
                run("zstd", &["-q", "-d", "-f", out.to_str().unwrap(), "-o", "plain.tar"], dir.path());
                dir.path().join("plain.tar")
            }
            _ => out.clone(),
        };
        let rows = list(&plain);
        assert_eq!(rows.len(), members.len());
        for (row, member) in rows.iter().zip(&members) {
            assert_eq!(row.0, member.name, "{format}");
            assert_eq!((row.2, row.3), (member.mode, member.mtime.unwrap_or(MTIME)), "{format} {}", row.0);
            if format != ArchiveFormat::Zip {
                assert_eq!((row.4.as_str(), row.5.as_str()), (member.owner.as_str(), member.group.as_str()));
            }
            match &member.source {
                Source::Bytes(b) => assert_eq!(row.6.as_bytes(), b.as_slice()),
                Source::Symlink(text) => assert_eq!((&row.6, row.1.as_str()), (text, "l")),
                Source::Directory => assert_eq!(row.1, "d"),
                Source::File(path) => {
                    let latin: Vec<u8> = row.6.chars().map(|c| c as u8).collect();
                    assert!(latin == std::fs::read(path).unwrap());
                }
            }
        }
        let tool = format!("out-{format}");
        std::fs::create_dir(dir.path().join(&tool)).unwrap();
        match format {
            ArchiveFormat::Zip => run("unzip", &["-q", out.to_str().unwrap(), "-d", &tool], dir.path()),
            _ => run("tar", &["-xf", plain.to_str().unwrap(), "-C", &tool, "--no-same-owner"], dir.path()),
        };
        let extracted = dir.path().join(&tool);
        assert_eq!(std::fs::read(extracted.join("docs/ü.txt")).unwrap(), b"umlaut", "{format}");
        assert_eq!(extracted.join("program").metadata().unwrap().permissions().mode() & 0o777, 0o755);
        assert_eq!(std::fs::read_link(extracted.join("link")).unwrap(), Path::new("LICENSE"));
        let packed = written.members.iter().find(|m| m.name == "program").unwrap();
        assert!(run("sha256sum", &["program"], &extracted).starts_with(&packed.sha256));
    }
}

#[test]
fn single_files_are_read_back() {
    let dir = tempfile::tempdir().unwrap();
    let program = sample(dir.path()).pop().unwrap();
    let expected = std::fs::read(dir.path().join("program")).unwrap();
    for (format, args) in [(ArchiveFormat::Gz, ["gzip", "-dkN"]), (ArchiveFormat::Xz, ["xz", "-dkf"])] {
        let work = tempfile::tempdir().unwrap();
        let out = work.path().join(format!("program{}", format.extension()));
        write_archive(format, std::slice::from_ref(&program), &out, &WriteOptions::new(MTIME)).unwrap();
        run(args[0], &[args[1], out.to_str().unwrap()], work.path());
        let read = work.path().join("program");
        assert!(std::fs::read(&read).unwrap() == expected);
        if format == ArchiveFormat::Gz {
            assert_eq!(run("stat", &["-c", "%Y", "program"], work.path()).trim(), MTIME.to_string());
        }
    }
    let out = dir.path().join("copy");
    write_archive(ArchiveFormat::Binary, std::slice::from_ref(&program), &out, &WriteOptions::new(MTIME))
        .unwrap();
    assert!(std::fs::read(&out).unwrap() == expected);
    assert_eq!(out.metadata().unwrap().permissions().mode() & 0o777, 0o755);
    let two = [program.clone(), Member::new("b", Source::Directory, 0o755)];
    let error = write_archive(ArchiveFormat::Gz, &two, &out, &WriteOptions::new(MTIME)).unwrap_err();
    assert!(matches!(error, PackageError::OneFileOnly { count: 2, .. }), "{error}");
}

#[test]
fn failures_leave_nothing_behind() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("a.tar.gz");
    std::fs::write(&out, "before").unwrap();
    let missing = [Member::file("a", dir.path().join("missing"), 0o644)];
    assert!(matches!(
        write_archive(ArchiveFormat::TarGz, &missing, &out, &WriteOptions::new(0)),
        Err(PackageError::Io { .. })
    ));
    let twice = [Member::new("a", Source::Directory, 0o755), Member::new("a", Source::Bytes(vec![1]), 0o644)];
    assert!(matches!(
        write_archive(ArchiveFormat::Zip, &twice, &out, &WriteOptions::new(0)),
        Err(PackageError::DuplicateMember { .. })
    ));
    assert_eq!(std::fs::read(&out).unwrap(), b"before");
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
}

#[test]
fn gits_tar_becomes_every_source_format() {
    let dir = tempfile::tempdir().unwrap();
    let repo = dir.path().join("repo");
    std::fs::create_dir_all(repo.join("sub").join("x".repeat(120))).unwrap();
    std::fs::write(repo.join("main.go"), "package main\n").unwrap();
    std::fs::write(repo.join("sub").join("x".repeat(120)).join("long.txt"), "long").unwrap();
    std::fs::write(repo.join("run.sh"), "#!/bin/sh\n").unwrap();
    std::fs::set_permissions(repo.join("run.sh"), std::fs::Permissions::from_mode(0o755)).unwrap();
    std::os::unix::fs::symlink("main.go", repo.join("link")).unwrap();
    let git = |args: &[&str]| {
        let mut all =
            vec!["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"];
        all.extend(args);
        run("git", &all, &repo)
    };
    git(&["init", "-q"]);
    git(&["add", "."]);
    git(&["commit", "-qm", "one"]);
    let tar = dir.path().join("git.tar");
    git(&["archive", "--format=tar", "--prefix=p-1/", "-o", tar.to_str().unwrap(), "HEAD"]);
    let (listed, members) = (list(&tar), git_members(&tar, ArchiveFormat::TarGz).unwrap());
    let out = dir.path().join("s.tar.gz");
    write_archive(ArchiveFormat::TarGz, &members, &out, &WriteOptions::new(0)).unwrap();
    assert_eq!(list(&out), listed);
    let zip = dir.path().join("s.zip");
    let members = git_members(&tar, ArchiveFormat::Zip).unwrap();
    write_archive(ArchiveFormat::Zip, &members, &zip, &WriteOptions::new(0)).unwrap();
    let gits = dir.path().join("git.zip");
    git(&["archive", "--format=zip", "--prefix=p-1/", "-o", gits.to_str().unwrap(), "HEAD"]);
    let facts = |p: &Path| list(p).into_iter().map(|r| (r.0, r.1, r.2, r.6)).collect::<Vec<_>>();
    assert_eq!(facts(&zip), facts(&gits));

    let bytes = std::fs::read(&tar).unwrap();
    let broken = dir.path().join("broken.tar");
    for cut in (0..bytes.len()).step_by(97) {
        std::fs::write(&broken, &bytes[..cut]).unwrap();
        let _ = git_members(&broken, ArchiveFormat::Tar);
        let mut flipped = bytes.clone();
        flipped[cut] ^= 0x55;
        std::fs::write(&broken, &flipped).unwrap();
        let _ = git_members(&broken, ArchiveFormat::Tar);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]
    #[test]
    fn random_members_survive_and_bytes_are_the_same_twice(
        files in proptest::collection::btree_map("[a-zé]{1,9}(/[a-z]{1,60}){0,3}", (proptest::collection::vec(any::<u8>(), 0..2000), 0u32..0o1000), 1..8),
        mtime in 315_532_800i64..4_000_000_000,
    ) {
        let dir = tempfile::tempdir().unwrap();
        let members: Vec<Member> =
            files.iter().map(|(n, (b, m))| Member::new(n.clone(), Source::Bytes(b.clone()), (*m).max(1))).collect();
        for format in [ArchiveFormat::TarGz, ArchiveFormat::Zip, ArchiveFormat::TarXz] {
            let (one, two) = (dir.path().join("1"), dir.path().join("2"));
            write_archive(format, &members, &one, &WriteOptions::new(mtime)).unwrap();
            write_archive(format, &members, &two, &WriteOptions::new(mtime)).unwrap();
            prop_assert!(std::fs::read(&one).unwrap() == std::fs::read(&two).unwrap());
            let rows = list(&one);
            let read: BTreeMap<String, (Vec<u8>, u32)> = rows
                .into_iter()
                .map(|r| (r.0, (r.6.chars().map(|c| c as u8).collect(), r.2)))
                .collect();
            let wanted: BTreeMap<String, (Vec<u8>, u32)> =
                files.iter().map(|(n, (b, m))| (n.clone(), (b.clone(), (*m).max(1)))).collect();
            prop_assert_eq!(read, wanted);
        }
    }
}
