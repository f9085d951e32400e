//! The functions of real Go programs, compared with what Go's own readers (debug/gosym, debug/dwarf) say of them.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod fixtures;

use fixtures::{Build, build, oracle};
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
    all
}

/// An address is a multiple of no instruction's size, so that every part of an instruction is asked about.
const STEP: u64 = 7;

#[test]
fn functions_lines_and_inlined_calls_are_those_of_go() {
    for wanted in builds() {
        let built = build(&wanted);
        let table = read(&built);
        let said = oracle(&built.path, STEP);
        assert!(table.knows_inlined() && table.text().is_some(), "{built}");

        let ours: Vec<_> = table.functions().map(|f| (f.entry(), f.end(), f.name().to_owned())).collect();
        assert_eq!(ours, said.functions, "{built}");
        assert!(ours.len() > 1000, "{built}");

        let mut wrong = Vec::new();
        for (pc, line, file) in &said.lines {
            let frames = table.frames(*pc);
            let innermost = frames.first().unwrap();
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
        for (pc, calls) in &said.inlined {
            let frames = table.frames(*pc);
            let ours = frames.windows(2).map(|w| (w[0].name.to_owned(), w[1].line, w[1].file.to_owned()));
            let ours: Vec<_> = ours.collect();
            if ours != *calls {
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
        assert!(said.inlined.len() > 1000, "{built}");
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
            let same = |(number, name): &(&u64, &&str)| names.get(number).is_some_and(|n| n == *name);
            let wrong = named.iter().filter(|x| !same(x)).map(|x| (x, names.get(x.0)));
            let wrong: Vec<_> = wrong.take(5).collect();
            assert!(wrong.is_empty(), "{built}: {wrong:?}");
            assert!(table.functions().all(|f| f.size() > 0), "{built}");
        }
    }
}
