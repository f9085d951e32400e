//! The functions of real Go programs, compared with what Go's own readers (debug/gosym, debug/dwarf) say of them.

use crate::fixtures::{self, Build, build, oracle};
use goferry_objfile::pclntab::{self, Pclntab};
use std::collections::{BTreeSet, HashMap};

/// Each format, byte order, width, instruction size; position-independent ones.
const TARGETS: [&str; 9] = [
    "linux/amd64",
    "linux/arm64",
    "linux/386",
    "linux/mips64le",
    "linux/s390x",
    "linux/riscv64",
    "windows/amd64",
    "darwin/arm64",
    "linux/arm/v7",
];

fn read(build: &Build) -> Pclntab {
    let bytes = std::fs::read(&build.path).unwrap();
    pclntab::read(&bytes).unwrap()
}

fn builds() -> Vec<Build> {
    let pie = |target| Build { pie: true, ..Build::new(target, false) };
    let mut all: Vec<_> = TARGETS.iter().map(|t| Build::new(t, false)).collect();
    all.extend([pie("linux/amd64"), pie("linux/arm64")]);
    // Linked by the C compiler, whose relocations and order of sections differ.
    if fixtures::has("gcc") && goferry_target::ArchKind::host() == Some(goferry_target::ArchKind::Amd64) {
        let cgo = Build { cgo: true, ..Build::new("linux/amd64", false) };
        all.extend([Build { pie: true, ..cgo.clone() }, cgo]);
    }
    all
}

/// An address is a multiple of no instruction's size, so that every part of an instruction is asked about.
fn step(built: &Build) -> u64 {
    if built.to_string() == "linux/amd64" { 7 } else { 31 }
}

#[test]
fn functions_lines_and_inlined_calls_are_those_of_go() {
    for wanted in builds() {
        let built = build(&wanted);
        let table = read(&built);
        let said = oracle(&built.path, step(&built));
        assert!(table.knows_inlined() && table.text().is_some(), "{built}");

        let ours: Vec<_> = table.functions().map(|f| (f.entry(), f.end(), f.name().to_owned())).collect();
        assert_eq!(ours, said.functions, "{built}");
        assert!(ours.len() > 1000, "{built}");

        let mut wrong = Vec::new();
        for (pc, line, file) in &said.lines {
            let frames = table.frames(*pc);
            let innermost = frames.first().unwrap();
            // A mark without tables: debug/gosym reads another function's.
            if innermost.name.starts_with("go:") {
                continue;
            }
            if (innermost.line, innermost.file) != (*line, file.as_str()) {
                wrong.push(format!("{pc:#x}: {innermost:?} is {file}:{line}"));
            }
        }
        assert!(
            wrong.is_empty(),
            "{built}: {} of {}: {:#?}",
            wrong.len(),
            said.lines.len(),
            &wrong[..wrong.len().min(5)]
        );

        let mut wrong = Vec::new();
        for (pc, calls) in said.inlined.iter().filter(|i| i.1[0].0.contains('.')) {
            let frames = table.frames(*pc);
            let call =
                |(name, line, file): (&str, u32, &str)| (without_arguments(name), line, file.to_owned());
            let ours: Vec<_> = frames.windows(2).map(|w| call((w[0].name, w[1].line, w[1].file))).collect();
            let calls: Vec<_> = calls.iter().map(|(name, line, file)| call((name, *line, file))).collect();
            // DWARF leaves out what begins within a statement.
            if !ours.ends_with(&calls) {
                wrong.push(format!("{pc:#x}: {ours:?} is {calls:?}"));
            }
        }
        assert!(
            wrong.is_empty(),
            "{built}: {} of {}: {:#?}",
            wrong.len(),
            said.inlined.len(),
            &wrong[..wrong.len().min(5)]
        );
        assert!(said.inlined.len() > 500, "{built}");
    }
}

/// Go before 1.21 hides type arguments in the table, later only when it prints a name.
fn without_arguments(name: &str) -> String {
    match name.split_once('[') {
        Some((before, rest)) => format!("{before}[...]{}", rest.rsplit_once(']').unwrap().1),
        None => name.to_owned(),
    }
}

/// Stripping takes nothing away: neither a function nor an inlined call.
#[test]
fn stripped_programs_have_the_same_functions() {
    for wanted in builds() {
        let stripped = Build { stripped: true, ..wanted.clone() };
        let (whole, bare) = (read(&build(&wanted)), read(&build(&stripped)));
        let all = |t: &Pclntab| {
            let inlined = |f: pclntab::Function<'_>| f.inlined().map(str::to_owned).collect::<Vec<_>>();
            t.functions().map(|f| (f.name().to_owned(), f.size(), inlined(f))).collect::<Vec<_>>()
        };
        assert!(bare.knows_inlined(), "{stripped}");
        assert_eq!(all(&whole), all(&bare), "{stripped}");
        let names: BTreeSet<&str> = bare.names().into_iter().collect();
        // Only ever inlined.
        for name in ["main.add", "main.twice", "example.com/fx/dep%2ev3.(*Counter).Add"] {
            assert!(names.contains(name), "{stripped}: {name}");
            assert!(bare.functions().all(|f| f.name() != name), "{stripped}: {name}");
        }
    }
}

/// What the runtime says of its own addresses while it runs: Go's own reading of inline trees.
#[test]
fn innermost_functions_are_those_that_the_runtime_names() {
    let run = [
        ("linux/amd64", None),
        ("linux/386", None),
        ("linux/arm64", Some("qemu-aarch64-static")),
        ("linux/s390x", Some("qemu-s390x-static")),
    ];
    for (target, emulator) in run.into_iter().filter(|r| r.1.is_none_or(fixtures::has)) {
        let built = build(&Build::new(target, true));
        let table = read(&built);
        let range = [table.functions().next().unwrap().entry(), table.functions().last().unwrap().end()];
        let (mut asked, mut inlined) = (0, 0);
        for answer in fixtures::runtime(&built.path, emulator, range, 13) {
            let frames = table.frames(answer.address);
            let Some(innermost) = frames.first() else {
                assert_eq!(answer.function, "", "{built} {:#x}", answer.address);
                continue;
            };
            // One past it is asked for, as a return address, and that is another function's here.
            if table.find(answer.address + 1).is_none_or(|f| f.entry() > answer.address) {
                continue;
            }
            let name = without_arguments(innermost.name);
            // Outside of its tables the runtime says "?".
            let file = if answer.file == "?" { "" } else { &answer.file };
            assert_eq!(
                (innermost.line, innermost.file),
                (answer.line, file),
                "{built} {:#x}",
                answer.address
            );
            // It takes the name at offset 0 for none.
            assert!(
                name == answer.function || answer.function.is_empty() && name == "internal/cpu.Initialize",
                "{built} {:#x}: {name} is {}",
                answer.address,
                answer.function
            );
            asked += 1;
            inlined += usize::from(frames.len() > 1);
        }
        assert!(asked > 10_000 && inlined > 2000, "{built}: {asked}, {inlined} of them inlined");
    }
}

/// Variables and constants as `go tool nm` lists them.
#[test]
fn data_is_what_nm_names() {
    for target in ["linux/amd64", "linux/386", "linux/s390x", "windows/amd64", "darwin/arm64"] {
        let built = build(&Build::new(target, false));
        let ours = goferry_objfile::data_symbols(&std::fs::read(&built.path).unwrap()).unwrap();
        assert!(ours.iter().any(|s| s.name == "main.hook"), "{built}");
        // Several names of one place count once.
        let ours: HashMap<u64, u64> = ours.iter().map(|s| (s.addr, s.size)).collect();
        let (mut all, mut same) = (0, 0);
        for (addr, size, kind, name) in fixtures::nm(&built.path) {
            // PE and Mach-O give marks no size, and nm then takes the one up to the next symbol, as we do.
            if !"DdBb".contains(kind)
                || size == 0
                || ["runtime.end", "runtime.e"].iter().any(|p| name.starts_with(p))
            {
                continue;
            }
            // It lets the last symbol of a section reach into the next one.
            let found = ours.get(&addr).copied().unwrap_or(0);
            assert!(found > 0 && found <= size, "{built} {name}: {found} of {size}");
            all += 1;
            same += usize::from(found == size);
        }
        assert!(same > 300 && same + 10 > all, "{built}: {same} of {all}");
    }
}

/// The table is found by its own marks where no section is named.
#[test]
fn programs_without_section_headers_are_read() {
    for target in ["linux/amd64", "linux/386", "linux/s390x"] {
        for pie in [false, target == "linux/amd64"] {
            let built = build(&Build { pie, ..Build::new(target, true) });
            let whole = read(&built);
            let mut bytes = std::fs::read(&built.path).unwrap();
            // e_shoff, e_shnum, e_shstrndx.
            for at in if whole.bits() == 64 { [40..48, 60..62, 62..64] } else { [32..36, 48..50, 50..52] } {
                bytes[at].fill(0);
            }
            assert!(goferry_objfile::inspect(&bytes).unwrap().sections.is_empty(), "{built}");
            let table = pclntab::read(&bytes).unwrap();
            assert_eq!((table.names(), table.text()), (whole.names(), whole.text()), "{built}");
            assert!(table.knows_inlined(), "{built}");
        }
    }
}

/// Apple's linker writes pointers as links of chains (`mach-o/fixup-chains.h`), as addresses or as offsets from the
/// image's start; it does not run here, so a program of Go's own linker is rewritten the same way.
#[test]
fn chained_pointers_are_resolved() {
    let built = build(&Build::new("darwin/arm64", true));
    let whole = read(&built);
    let original = std::fs::read(&built.path).unwrap();
    for offsets in [false, true] {
        let mut bytes = original.clone();
        let changed = fixtures::chain_pointers(&mut bytes, offsets);
        assert!(changed > 1000, "{changed}");
        let table = pclntab::read(&bytes).unwrap();
        assert_eq!((table.names(), table.text()), (whole.names(), whole.text()));
        assert!(table.knows_inlined());
    }
}

#[test]
fn files_without_a_table_are_told_apart() {
    use pclntab::PclntabError;
    let program = std::fs::read(std::env::current_exe().unwrap()).unwrap();
    assert!(matches!(pclntab::read(&program), Err(PclntabError::Missing)));
    assert!(matches!(pclntab::read(&b"!<arch>\n".to_vec()), Err(PclntabError::Container("archives"))));
    assert!(matches!(pclntab::read(&b"text".to_vec()), Err(PclntabError::File(_))));
    // As Go 1.15 wrote it, in the place of ours.
    let built = build(&Build::new("linux/amd64", true));
    let mut bytes = std::fs::read(&built.path).unwrap();
    let magic = [0xf1, 0xff, 0xff, 0xff, 0, 0, 1, 8];
    let at = bytes.windows(8).position(|w| w == magic).unwrap();
    bytes[at] = 0xfb;
    assert!(matches!(pclntab::read(&bytes), Err(PclntabError::Older)));
}

/// wasm's function names, by the section that only a program with symbols has.
#[test]
fn functions_of_wasm_are_those_of_its_name_section() {
    for target in ["wasip1/wasm", "js/wasm"] {
        let whole = build(&Build::new(target, false));
        let bare = build(&Build::new(target, true));
        let names = fixtures::wasm_names(&std::fs::read(&whole.path).unwrap());
        for (built, table) in [(&whole, read(&whole)), (&bare, read(&bare))] {
            assert!(table.knows_inlined(), "{built}");
            let named: HashMap<u64, &str> = table.functions().map(|f| (f.entry() >> 16, f.name())).collect();
            assert!(named.len() > 1000, "{built}");
            // The linker writes `_` for what is neither letter, digit nor dot.
            let plain = |name: &str| {
                name.replace(|c: char| !(c.is_ascii_alphanumeric() || c == '.' || c == '_'), "_")
            };
            let same = |(number, name): &(&u64, &&str)| names.get(number).is_some_and(|n| *n == plain(name));
            let wrong = named.iter().filter(|x| !same(x)).map(|x| (x, names.get(x.0)));
            let wrong: Vec<_> = wrong.take(5).collect();
            assert!(wrong.is_empty(), "{built}: {wrong:?}");
            assert!(table.functions().all(|f| f.size() > 0), "{built}");
        }
    }
}
