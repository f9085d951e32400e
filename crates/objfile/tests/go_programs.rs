//! Real programs of every format against the go command's own reading of them.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod programs;

use goferry_objfile::{
    AbiFlags, Binary, FileBytes, FileKind, Format, GoBuildInfo, Linkage, MipsAbi, MipsFloat, Mismatch,
    Module, RegisterFloat, Stated, check_target, inspect,
};
use goferry_target::{ArchKind, GoTarget, ObjectFormat, Os};
use programs::{LDFLAGS, TARGETS, all, find, go_command};
use std::fs::File;

fn read(p: &programs::Program) -> Binary {
    inspect(&FileBytes::new(File::open(&p.path).unwrap()).unwrap())
        .unwrap_or_else(|e| panic!("{}: {e}", p.name()))
}

/// `go version -m -json`, which prints a debug.BuildInfo for each file.
fn oracle(programs: &[&programs::Program]) -> Vec<GoBuildInfo> {
    let mut go = go_command(programs[0].path.parent().unwrap());
    let out = go.args(["version", "-m", "-json"]).args(programs.iter().map(|p| &p.path)).output().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let values = serde_json::Deserializer::from_slice(&out.stdout).into_iter::<serde_json::Value>();
    values.map(|v| build_info(&v.unwrap())).collect()
}

fn build_info(v: &serde_json::Value) -> GoBuildInfo {
    let text = |v: &serde_json::Value, key: &str| v[key].as_str().unwrap_or_default().to_owned();
    let list = |key: &str| v[key].as_array().cloned().unwrap_or_default();
    GoBuildInfo {
        go_version: text(v, "GoVersion"),
        path: text(v, "Path"),
        main: v["Main"].as_object().map(|_| module(&v["Main"])),
        deps: list("Deps").iter().map(module).collect(),
        settings: list("Settings").iter().map(|s| (text(s, "Key"), text(s, "Value"))).collect(),
    }
}

fn module(v: &serde_json::Value) -> Module {
    let text = |key: &str| v[key].as_str().unwrap_or_default().to_owned();
    Module {
        path: text("Path"),
        version: text("Version"),
        sum: text("Sum"),
        replace: v["Replace"].as_object().map(|_| Box::new(module(&v["Replace"]))),
    }
}

fn is_wasm(t: &GoTarget) -> bool {
    t.facts().unwrap().format == ObjectFormat::Wasm
}

#[test]
fn build_info_is_what_go_version_reads() {
    // Go cannot read a stripped AIX program ("unrecognized file format").
    let odd = |p: &programs::Program| is_wasm(&p.target) || (p.target.os == Os::Aix && p.stripped);
    let readable: Vec<_> = all().iter().filter(|p| !odd(p)).collect();
    let expected = oracle(&readable);
    assert_eq!(expected.len(), readable.len());
    for (p, expected) in readable.iter().zip(expected) {
        let found = read(p).go;
        assert_eq!(found.as_ref(), Some(&expected), "{}", p.name());
        assert_eq!(
            expected.deps[0].replace.as_ref().unwrap().path,
            "./dep",
            "the fixture has a replaced module"
        );
        assert!(expected.setting("-ldflags").unwrap().ends_with(LDFLAGS));
    }
}

#[test]
fn stripped_aix_build_info_is_that_of_the_whole_program() {
    let info = |stripped| read(find("aix/ppc64", stripped)).go.unwrap();
    let (stripped, whole) = (info(true), info(false));
    assert_eq!((stripped.main, stripped.deps), (whole.main, whole.deps));
    assert_eq!(stripped.settings.iter().filter(|(k, _)| k != "-ldflags").count(), whole.settings.len() - 1);
}

/// `go version` cannot read wasm, but what it should say is known: all but the settings of the target.
#[test]
fn wasm_build_info_is_that_of_the_same_build_for_linux() {
    for (target, stripped) in [("js/wasm", true), ("wasip1/wasm", true), ("wasip1/wasm", false)] {
        let p = find(target, stripped);
        let common = |mut info: GoBuildInfo| {
            info.settings.retain(|(k, _)| !matches!(k.as_str(), "GOOS" | "GOARCH" | "GOAMD64"));
            info
        };
        let found = read(p).go.unwrap_or_else(|| panic!("{}: no build info", p.name()));
        assert_eq!(found.setting("GOOS"), Some(p.target.os.goos()));
        assert_eq!(found.setting("GOARCH"), Some("wasm"));
        assert_eq!(common(found), common(oracle(&[find("linux/amd64", stripped)]).remove(0)));
    }
}

#[test]
fn every_program_agrees_with_its_target_and_with_no_other() {
    for p in all() {
        let binary = read(p);
        for other in TARGETS {
            let other: GoTarget = other.parse().unwrap();
            let found = check_target(&binary, &other);
            assert_eq!(found.is_empty(), other == p.target, "{} as {other}: {found:?}", p.name());
        }
        // Without build info what the header says still tells machines apart.
        let bare = Binary { go: None, ..binary };
        assert_eq!(check_target(&bare, &p.target), []);
        for other in TARGETS {
            let other: GoTarget = other.parse().unwrap();
            if other.arch.kind() != p.target.arch.kind() {
                assert!(!check_target(&bare, &other).is_empty(), "{} as {other}", p.name());
            }
        }
    }
}

#[test]
fn the_operating_system_is_stated_except_by_static_linux_programs() {
    for p in all() {
        let os = read(p).os;
        match p.target.os {
            Os::Linux if !p.pie => assert_eq!(os, Stated::Unstated, "{}", p.name()),
            expected => assert_eq!(os, Stated::Stated(expected), "{}", p.name()),
        }
    }
}

#[test]
fn mismatches_say_what_was_expected_and_found() {
    let text = |target: &str, other: &str| {
        let binary = Binary { go: None, ..read(find(target, true)) };
        let list = check_target(&binary, &other.parse().unwrap());
        list.iter().map(Mismatch::to_string).collect::<Vec<_>>()
    };
    assert_eq!(text("windows/amd64", "linux/amd64"), ["format: expected ELF, found PE"]);
    assert_eq!(text("linux/arm64", "linux/amd64"), ["machine: expected amd64 (0x3e), found arm64 (0xb7)"],);
    assert_eq!(
        text("linux/mips", "linux/mips64le"),
        [
            "class: expected 64 bits, found 32 bits",
            "byte order: expected little-endian, found big-endian",
            "calling convention: expected n64, found o32",
        ],
    );
    assert_eq!(
        text("linux/mipsle/softfloat", "linux/mipsle"),
        ["float ABI: expected hardfloat, found softfloat"]
    );
    assert_eq!(text("js/wasm", "wasip1/wasm"), ["operating system: expected wasip1, found js"]);
    assert_eq!(text("freebsd/amd64", "linux/amd64"), ["operating system: expected linux, found freebsd"]);
    assert_eq!(
        text("plan9/386", "plan9/amd64"),
        ["machine: expected amd64 (0x0), found 386 (0x1eb)", "class: expected 64 bits, found 32 bits"]
    );
    let list = check_target(&read(find("linux/arm/v7", true)), &"linux/arm/v5".parse().unwrap());
    let list: Vec<_> = list.iter().map(Mismatch::to_string).collect();
    assert_eq!(list, ["build setting GOARM: expected 5, found 7"]);
}

#[test]
fn abi_flags() {
    let abi = |target| read(find(target, true)).abi;
    for arm in ["linux/arm/v5", "linux/arm/v7"] {
        let unstated = AbiFlags::Arm { eabi: 5, float: Stated::Unstated, cpu_arch: Stated::Unstated };
        assert_eq!(abi(arm), unstated, "pure Go says nothing of floats (FACTS)");
    }
    let mips = |target| match abi(target) {
        AbiFlags::Mips { abi, nan2008: false, float, .. } => (abi, float),
        other => panic!("{other:?}"),
    };
    assert_eq!(mips("linux/mipsle/softfloat"), (MipsAbi::O32, Stated::Stated(MipsFloat::Soft)));
    assert_eq!(mips("linux/mips"), (MipsAbi::O32, Stated::Stated(MipsFloat::Double)));
    assert_eq!(mips("linux/mips64le"), (MipsAbi::N64, Stated::Unstated));
    let double = AbiFlags::Riscv { float: RegisterFloat::Double, rvc: false, isa: Stated::Unstated };
    assert_eq!(abi("linux/riscv64"), double);
    assert_eq!(abi("linux/ppc64le"), AbiFlags::Ppc64 { abi: Stated::Stated(2) });
    assert_eq!(abi("linux/loong64"), AbiFlags::Loong64 { float: Stated::Stated(RegisterFloat::Double) });
}

#[test]
fn kinds_linkage_loaders_and_libraries() {
    let linux = read(find("linux/arm64", true));
    assert_eq!((linux.kind, linux.linkage), (FileKind::Executable, Linkage::Static));
    assert_eq!((linux.interpreter, linux.needed, linux.glibc), (None, vec![], None));
    let pie = read(all().iter().find(|p| p.pie).unwrap());
    assert_eq!((pie.kind, pie.linkage), (FileKind::Pie, Linkage::Dynamic));
    assert_eq!(pie.interpreter.as_deref(), Some("/lib64/ld-linux-x86-64.so.2"));
    let windows = read(find("windows/amd64", true));
    assert_eq!(windows.needed, ["kernel32.dll"]);
    assert_eq!(windows.platform.unwrap().name, "windows-console");
    let darwin = read(find("darwin/arm64", true));
    assert_eq!(darwin.interpreter.as_deref(), Some("/usr/lib/dyld"));
    assert!(darwin.needed.contains(&"/usr/lib/libSystem.B.dylib".to_owned()), "{:?}", darwin.needed);
    assert_eq!(darwin.platform.unwrap().name, "macos");
    let openbsd = read(find("openbsd/amd64", true));
    assert_eq!(openbsd.interpreter.as_deref(), Some("/usr/libexec/ld.so"));
    assert!(openbsd.needed.iter().any(|n| n.starts_with("libc.so")), "{:?}", openbsd.needed);
    let aix = read(find("aix/ppc64", true));
    assert!(aix.needed.contains(&"libc.a(shr_64.o)".to_owned()), "{:?}", aix.needed);
    assert_eq!(read(find("js/wasm", true)).needed, ["gojs"]);
    assert_eq!(read(find("wasip1/wasm", true)).needed, ["wasi_snapshot_preview1"]);
}

#[test]
fn symbols_and_debug_information() {
    for p in all() {
        let binary = read(p);
        assert_eq!(binary.stripped, p.stripped, "{}", p.name());
        // Plan 9 and wasm programs have no DWARF either way.
        if !matches!(p.target.os, Os::Plan9 | Os::Wasip1 | Os::Js) {
            assert_eq!(binary.debug_info, !p.stripped, "{}", p.name());
        }
        assert!(binary.sections.iter().any(|s| s.size > 0), "{}", p.name());
        let json = serde_json::to_string(&binary).unwrap();
        assert_eq!(serde_json::from_str::<Binary>(&json).unwrap(), binary);
    }
}

/// Removes the section headers of an ELF file, as sstrip and some packers do.
fn without_section_headers(mut bytes: Vec<u8>) -> Vec<u8> {
    let wide = bytes[4] == 2;
    let (offset, word, count) = if wide { (40, 8, 60) } else { (32, 4, 48) };
    bytes[offset..offset + word].fill(0);
    bytes[count..count + 4].fill(0);
    bytes
}

#[test]
fn elf_without_section_headers() {
    for p in all().iter().filter(|p| p.target.facts().unwrap().format == ObjectFormat::Elf) {
        let whole = read(p);
        let bare = inspect(&without_section_headers(p.bytes())).unwrap();
        assert!(bare.sections.is_empty() && bare.stripped);
        assert_eq!(bare.go, whole.go, "{}", p.name());
        assert_eq!(bare.needed, whole.needed);
        assert_eq!(bare.os, whole.os, "{}", p.name());
    }
}

#[test]
fn fat_mach_o() {
    let thin = [find("darwin/amd64", true).bytes(), find("darwin/arm64", true).bytes()];
    let mut fat = vec![0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, 2];
    let mut offset = 0x4000u32;
    for (bytes, cpu) in thin.iter().zip([0x0100_0007u32, 0x0100_000c]) {
        for word in [cpu, 0, offset, bytes.len() as u32, 14] {
            fat.extend(word.to_be_bytes());
        }
        offset += (bytes.len() as u32).next_multiple_of(0x4000);
    }
    for bytes in &thin {
        fat.resize(fat.len().next_multiple_of(0x4000), 0);
        fat.extend(bytes);
    }
    let binary = inspect(&fat).unwrap();
    assert_eq!(binary.format, Format::FatMachO);
    assert_eq!(binary.slices.len(), 2);
    assert_eq!(binary.slices[0], inspect(&thin[0]).unwrap());
    assert_eq!(binary.slices[1], inspect(&thin[1]).unwrap());
    for target in ["darwin/amd64", "darwin/arm64"] {
        assert_eq!(check_target(&binary, &target.parse().unwrap()), []);
    }
    let one = Binary { slices: binary.slices[..1].to_vec(), ..binary };
    let found = check_target(&one, &"darwin/arm64".parse().unwrap());
    assert_eq!(found[0].to_string(), "slice: expected one for arm64, found cputypes 0x1000007");
}

#[test]
fn archives_are_as_their_objects() {
    let object = find("linux/riscv64", true).bytes();
    let mut archive = b"!<arch>\n".to_vec();
    for (name, bytes) in [("/", &b"index"[..]), ("go.o/", object.as_slice())] {
        archive.extend(
            format!("{name:<16}{:<12}{:<6}{:<6}{:<8}{:<10}`\n", 0, 0, 0, 644, bytes.len()).as_bytes(),
        );
        archive.extend(bytes);
        archive.resize(archive.len().next_multiple_of(2), b'\n');
    }
    let binary = inspect(&archive).unwrap();
    assert_eq!((binary.format, binary.kind), (Format::Archive, FileKind::Archive));
    assert_eq!(binary.arch, Some(ArchKind::Riscv64));
    assert_eq!(check_target(&binary, &"linux/riscv64".parse().unwrap()), []);
    assert!(!check_target(&binary, &"linux/arm64".parse().unwrap()).is_empty());
    assert!(inspect(&archive[..archive.len() - 2].to_vec()).is_err());
}
