//! `goferry profile`: where a program or a test spends its time, on whatever machine it is for.
//!
//! Owns: profiles as data ([`Profile`]); reading and writing pprof's format, folded stacks and flame graphs, all pure;
//! what perf says, resolved by the program's own table of functions; the commands that measure.
//! It stands in the engine because it joins `objfile` (functions), `emulate` (runners), `toolchain` (a newer qemu) and
//! `proc`, which know each other nowhere else. Must not: draw on a terminal.

mod flame;
mod folded;
mod perf;
mod proto;
mod record;
mod wire;

pub use flame::{compare as compare_svg, svg};
pub use folded::folded;
pub use perf::{Guest, PerfMap, RawFrame, RawSample, Resolver, Script};
pub use proto::{ProtoError, read as read_pprof, write as write_pprof};
pub use record::{Measured, ProfileRequest, Subject, Unwind, measure};

use serde::Serialize;
use std::collections::BTreeMap;

/// A place in a function.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Frame {
    /// The function's name; in brackets what is no function of the program: `[kernel]`, `[emulator]`.
    pub function: String,
    /// Source file; empty if unknown.
    pub file: String,
    /// Line; 0 if unknown.
    pub line: u32,
    /// Its body stands in that of the function before it.
    pub inlined: bool,
}

impl Frame {
    /// Something that is no function of the program.
    pub(crate) fn other(name: &str) -> Self {
        Frame { function: name.to_owned(), ..Frame::default() }
    }
}

/// What was measured at one stack.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Weight {
    /// How often it was seen.
    pub count: u64,
    /// CPU time, in nanoseconds.
    pub nanos: u64,
}

/// Where time was spent: each stack that was seen, outermost function first, with its weight.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    /// Stacks, sorted.
    pub stacks: BTreeMap<Vec<Frame>, Weight>,
    /// CPU time between two samples, in nanoseconds; 0 if unknown.
    pub period: u64,
    /// How long the measuring took, in nanoseconds; 0 if unknown.
    pub wall: u64,
}

impl Profile {
    /// Counts a stack.
    pub fn add(&mut self, stack: Vec<Frame>, weight: Weight) {
        let known = self.stacks.entry(stack).or_default();
        known.count = known.count.saturating_add(weight.count);
        known.nanos = known.nanos.saturating_add(weight.nanos);
    }

    /// All of it.
    pub fn total(&self) -> Weight {
        self.stacks.values().fold(Weight::default(), |a, b| Weight {
            count: a.count.saturating_add(b.count),
            nanos: a.nanos.saturating_add(b.nanos),
        })
    }

    /// Time of each function, the most of its own first.
    pub fn top(&self) -> Vec<Top> {
        let mut all: BTreeMap<&str, Top> = BTreeMap::new();
        for (stack, weight) in &self.stacks {
            let mut seen: Vec<&str> = stack.iter().map(|f| f.function.as_str()).collect();
            let own = seen.last().copied();
            seen.sort_unstable();
            seen.dedup();
            for name in seen {
                let top =
                    all.entry(name).or_insert_with(|| Top { function: name.to_owned(), own: 0, total: 0 });
                top.total += weight.nanos;
                top.own += if own == Some(name) { weight.nanos } else { 0 };
            }
        }
        let mut all: Vec<Top> = all.into_values().collect();
        all.sort_by(|a, b| (b.own, b.total, &a.function).cmp(&(a.own, a.total, &b.function)));
        all
    }
}

/// A function's time, in nanoseconds of CPU.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Top {
    /// Name.
    pub function: String,
    /// Spent in it, functions inlined into it not counted.
    pub own: u64,
    /// Spent in it and in all that it called.
    pub total: u64,
}

#[cfg(test)]
pub(crate) fn sample() -> Profile {
    let frame = |function: &str, line, inlined| Frame {
        function: function.to_owned(),
        file: "/x/main.go".to_owned(),
        line,
        inlined,
    };
    let mut out = Profile { period: 1_000, wall: 5_000_000, ..Profile::default() };
    let main = frame("main.main", 3, false);
    let weight = |count| Weight { count, nanos: count * 1_000 };
    out.add(vec![main.clone(), frame("main.hot", 9, false), frame("main.mix", 20, true)], weight(60));
    out.add(vec![main.clone(), frame("main.hot", 10, false)], weight(30));
    out.add(vec![main.clone(), frame("example.com/a.F[int]", 10, false)], weight(9));
    out.add(vec![Frame::other("[kernel]")], weight(1));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hottest_function_comes_first() {
        let top = sample().top();
        let rows: Vec<_> = top.iter().map(|t| (t.function.as_str(), t.own, t.total)).collect();
        assert_eq!(rows[0], ("main.mix", 60_000, 60_000));
        assert_eq!(rows[1], ("main.hot", 30_000, 90_000));
        assert_eq!(rows[4], ("main.main", 0, 99_000));
        assert_eq!(sample().total(), Weight { count: 100, nanos: 100_000 });
    }
}
