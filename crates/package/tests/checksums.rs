//! Every algorithm against programs that users check sums with, and goreleaser's file formats.
#![expect(clippy::unwrap_used, reason = "tests")]

use goferry_package::checksum::{Algorithm, Subject, Sum, combined, sum_files, write_split};
use std::path::Path;
use std::process::Command;

fn first_word(program: &str, path: &Path) -> String {
    let out = Command::new(program).arg(path).output();
    let out = out.unwrap_or_else(|e| panic!("{program} is needed by this test: {e}"));
    assert!(out.status.success(), "{program}");
    String::from_utf8(out.stdout).unwrap().split_whitespace().next().unwrap().to_owned()
}

/// All sums of all files at once, since starting python takes longer than summing.
const PYTHON: &str = r"
import sys, hashlib, zlib
for path in sys.argv[2:]:
    data = open(path, 'rb').read()
    for name in sys.argv[1].split(','):
        print('%08x' % zlib.crc32(data) if name == 'crc32' else hashlib.new(name, data).hexdigest())
";

#[test]
fn sums_are_those_of_coreutils_and_python() {
    let dir = tempfile::tempdir().unwrap();
    let mut paths = Vec::new();
    for size in [0usize, 1, 127, 128, 129, 300_001] {
        let path = dir.path().join(size.to_string());
        std::fs::write(&path, (0..size).map(|n| (n * 7 % 251) as u8).collect::<Vec<u8>>()).unwrap();
        paths.push(path);
    }
    let in_python: Vec<Algorithm> = Algorithm::ALL.into_iter().filter(|a| *a != Algorithm::Blake3).collect();
    let names: Vec<String> = in_python.iter().map(|a| a.as_str().replace('-', "_")).collect();
    let out = Command::new("python3").args(["-c", PYTHON, &names.join(",")]).args(&paths).output().unwrap();
    let python = String::from_utf8(out.stdout).unwrap();
    let mut python = python.lines();
    for path in &paths {
        for algorithm in &in_python {
            let sum = algorithm.sum_file(path).unwrap();
            assert_eq!(Some(sum.as_str()), python.next(), "{algorithm} {}", path.display());
            let tool = match algorithm {
                Algorithm::Sha256 => "sha256sum",
                Algorithm::Sha512 => "sha512sum",
                Algorithm::Sha1 => "sha1sum",
                Algorithm::Md5 => "md5sum",
                Algorithm::Sha224 => "sha224sum",
                Algorithm::Sha384 => "sha384sum",
                Algorithm::Blake2b => "b2sum",
                _ => continue,
            };
            assert_eq!(sum, first_word(tool, path), "{tool} {}", path.display());
        }
    }
}

/// From the BLAKE3 team's `test_vectors.json`: input lengths 0 and 1, first 32 bytes of `hash`.
#[test]
fn blake3_vectors() {
    let sum = |bytes: &[u8]| Algorithm::Blake3.sum(&mut &*bytes).unwrap();
    assert_eq!(sum(b""), "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262");
    assert_eq!(sum(&[0]), "2d3adedff11b61f14c886e35afa036736dcd87a74d27b5c1510225d0f592e213");
}

/// Recorded from goreleaser 2.15.1: tests/goldens/checksum-*.json sum the base fixture's LICENSE.
#[test]
fn goldens_of_goreleaser() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests");
    let license = ["base-tiny", "checksum-crc32"]
        .into_iter()
        .map(|case| root.join("fixtures").join(case).join("LICENSE"))
        .find(|p| p.is_file())
        .unwrap();
    let mut seen = 0;
    for algorithm in Algorithm::ALL {
        let golden = root.join("goldens").join(format!("checksum-{algorithm}.json"));
        let Ok(text) = std::fs::read(&golden) else { continue };
        let golden: serde_json::Value = serde_json::from_slice(&text).unwrap();
        let lines: Vec<String> = golden["checksums"]
            .as_object()
            .unwrap()
            .values()
            .flat_map(|v| v.as_array().unwrap().iter().map(|l| l.as_str().unwrap().to_owned()))
            .collect();
        let line = format!("{}  LICENSE", algorithm.sum_file(&license).unwrap());
        assert!(lines.contains(&line), "{algorithm}: {line} is not among {lines:?}");
        seen += 1;
    }
    assert!(seen >= 12, "only {seen} goldens");
}

#[test]
fn files_have_goreleasers_format() {
    let dir = tempfile::tempdir().unwrap();
    let subjects: Vec<Subject> = ["b.zip", "a.tar.gz", "B"]
        .map(|name| {
            let path = dir.path().join(name);
            std::fs::write(&path, name).unwrap();
            Subject { name: name.into(), path }
        })
        .into();
    let sums = sum_files(Algorithm::Crc32, &subjects, 2).unwrap();
    assert_eq!(sums[0].name, "b.zip");
    let text = combined(&sums);
    let names: Vec<&str> = text.lines().map(|l| l.split_once("  ").unwrap().1).collect();
    assert_eq!(names, ["B", "a.tar.gz", "b.zip"]);
    assert!(text.ends_with('\n'));
    let split = dir.path().join("b.zip.crc32");
    write_split(&Sum { name: "b.zip".into(), hex: "00ff".into() }, &split).unwrap();
    assert_eq!(std::fs::read(&split).unwrap(), b"00ff");
    let missing = [Subject { name: "x".into(), path: dir.path().join("x") }];
    assert!(sum_files(Algorithm::Md5, &missing, 2).unwrap_err().to_string().contains("x"));
    assert!("sha257".parse::<Algorithm>().is_err());
}
