//! Dynamic programs of this machine against readelf, where it is installed.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use goferry_objfile::{Binary, FileBytes, FileKind, GlibcVersion, Linkage, glibc_needs_above, inspect};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

fn read(path: &Path) -> Binary {
    inspect(&FileBytes::new(File::open(path).unwrap()).unwrap()).unwrap()
}

fn readelf(args: &[&str], path: &Path) -> Option<String> {
    let out = Command::new("readelf").args(args).arg(path).env("LC_ALL", "C").output().ok()?;
    Some(String::from_utf8(out.stdout).unwrap())
}

/// What stands between `from` and `to` in each line that has both.
fn between<'a>(text: &'a str, from: &str, to: &str) -> Vec<&'a str> {
    let part = |line: &'a str| Some(line.split_once(from)?.1.split_once(to)?.0);
    text.lines().filter_map(part).collect()
}

/// Dynamic ELF programs that every Linux has in one form or other: the shell, ls, and this test itself.
fn candidates() -> Vec<PathBuf> {
    let fixed = ["/bin/ls", "/bin/sh", "/usr/bin/env"].map(PathBuf::from);
    let mut all: Vec<_> = fixed.into_iter().filter(|p| p.exists()).collect();
    all.push(std::env::current_exe().unwrap());
    all
}

#[cfg(target_os = "linux")]
#[test]
fn loader_libraries_and_glibc_as_readelf_says() {
    let mut compared = 0;
    for path in candidates() {
        let binary = read(&path);
        let Some(dynamic) = readelf(&["-dW"], &path) else { continue };
        assert_eq!(binary.needed, between(&dynamic, "Shared library: [", "]"), "{}", path.display());
        let segments = readelf(&["-lW"], &path).unwrap();
        let loader = between(&segments, "interpreter: ", "]").first().map(|s| (*s).to_owned());
        assert_eq!(binary.interpreter, loader);
        let versions = readelf(&["-VW"], &path).unwrap();
        let names = between(&versions, "Name: ", " ");
        let highest = names.iter().filter_map(|n| GlibcVersion::of_symbol_version(n)).max();
        assert_eq!(binary.glibc, highest, "{}", path.display());
        if binary.interpreter.is_some() {
            assert_eq!(binary.linkage, Linkage::Dynamic);
            assert!(matches!(binary.kind, FileKind::Pie | FileKind::Executable));
            compared += 1;
        }
        assert_eq!(binary.go, None);
    }
    assert!(compared > 0 || readelf(&["-v"], Path::new("")).is_none());
}

/// Whoever asks for a version as readelf lists it: `name@GLIBC_2.34 (5)`.
fn symbols_of(listing: &str, version: &str) -> Vec<String> {
    let ending = format!("@{version}");
    let mut names: Vec<String> = listing
        .lines()
        .filter_map(|l| l.split_whitespace().nth(7)?.strip_suffix(&*ending).map(str::to_owned))
        .collect();
    names.sort();
    names
}

#[cfg(target_os = "linux")]
#[test]
fn who_needs_a_newer_glibc_as_readelf_says() {
    let mut compared = 0;
    let limit = GlibcVersion::parse("2.2.5").unwrap();
    for path in candidates() {
        let Some(listing) = readelf(&["-W", "--dyn-syms"], &path) else { continue };
        let bytes = FileBytes::new(File::open(&path).unwrap()).unwrap();
        let needs = glibc_needs_above(&bytes, limit).unwrap();
        assert_eq!(needs.first().map(|n| n.version), read(&path).glibc.filter(|v| *v > limit));
        for need in &needs {
            assert_eq!(need.symbols, symbols_of(&listing, &need.name), "{}: {}", path.display(), need.name);
            compared += need.symbols.len();
        }
        let highest = read(&path).glibc.unwrap_or(limit);
        assert_eq!(glibc_needs_above(&bytes, highest).unwrap(), []);
    }
    assert!(compared > 0 || readelf(&["-v"], Path::new("")).is_none());
}

/// What gcc links with these options; none without gcc.
fn linked(options: &[&str], dir: &Path) -> Option<PathBuf> {
    let (source, out) = (dir.join("main.c"), dir.join("main"));
    std::fs::write(&source, "#include <stdio.h>\nint main(void) { return puts(\"x\") < 0; }\n").unwrap();
    let done = Command::new("gcc").args(options).arg("-o").arg(&out).arg(&source).output().ok()?;
    done.status.success().then_some(out)
}

/// The loader of an older glibc does not know packed relocations, whatever numbers the symbols have.
#[cfg(all(target_os = "linux", target_env = "gnu", target_arch = "x86_64"))]
#[test]
fn packed_relocations_need_the_glibc_that_brought_them() {
    let dir = tempfile::tempdir().unwrap();
    let Some(path) = linked(&["-pie", "-fPIE", "-Wl,-z,pack-relative-relocs"], dir.path()) else { return };
    let versions = readelf(&["-VW"], &path).unwrap_or_default();
    // An older linker or glibc does not know the option, and there is nothing to see.
    if versions.contains("GLIBC_ABI_DT_RELR") {
        assert!(read(&path).glibc >= GlibcVersion::parse("2.36"), "{versions}");
        let bytes = FileBytes::new(File::open(&path).unwrap()).unwrap();
        let needs = glibc_needs_above(&bytes, GlibcVersion::parse("2.35").unwrap()).unwrap();
        assert!(needs.iter().any(|n| n.name == "GLIBC_ABI_DT_RELR" && n.symbols.is_empty()), "{needs:?}");
    }
}

/// RUNPATH, and RPATH where it stands alone.
#[cfg(target_os = "linux")]
#[test]
fn folders_that_a_program_names_are_read() {
    for (tags, paths, expected) in [
        ("--enable-new-dtags", "$ORIGIN/../lib:/opt/x", vec!["$ORIGIN/../lib", "/opt/x"]),
        ("--disable-new-dtags", "/opt/${LIB}", vec!["/opt/${LIB}"]),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let Some(path) = linked(&[&format!("-Wl,{tags},-rpath,{paths}")], dir.path()) else { return };
        let tag = if tags == "--enable-new-dtags" { "(RUNPATH)" } else { "(RPATH)" };
        assert!(readelf(&["-dW"], &path).is_none_or(|t| t.contains(tag)));
        assert_eq!(read(&path).run_paths, expected);
    }
}

#[test]
fn this_test_is_read() {
    let binary = read(&std::env::current_exe().unwrap());
    assert!(matches!(binary.kind, FileKind::Pie | FileKind::Executable));
    assert!(!binary.stripped);
    assert_eq!(usize::from(binary.bits), usize::BITS as usize);
}

#[test]
fn what_is_no_program_is_said_to_be_none() {
    for (bytes, expected) in [
        (&b""[..], "not an executable format that Go writes (first bytes: none, the file is empty)"),
        (
            b"#!/bin/sh\n",
            "not an executable format that Go writes (first bytes: 23 21 2f 62 69 6e 2f 73 68 0a)",
        ),
        (b"\x7fELF", "truncated: ELF identification at offset 0x0 needs 16 bytes, but the file ends at 0x4"),
        (b"MZ", "truncated: DOS header at offset 0x3c needs 4 bytes, but the file ends at 0x2"),
        (b"\0asm\r\0\x01\0", "malformed wasm version at offset 0x4"),
    ] {
        assert_eq!(inspect(&bytes).unwrap_err().to_string(), expected);
    }
}
