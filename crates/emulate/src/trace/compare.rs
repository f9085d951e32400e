//! What two runs of the same program on two machines did differently.
//!
//! Owns: which strands and calls belong together, what counts as a difference. Must not: look at threads (see `strands`).

use super::events::Event;
use super::shape::agree;
use super::strands::{self, End, Item, Sorted, Strand};
use goferry_target::ArchKind;
use serde::Serialize;
use std::collections::{BTreeSet, HashMap};

/// One of the two runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// The first.
    Left,
    /// The second.
    Right,
}

/// Something that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Difference {
    /// The same call with another value or end.
    Differs {
        /// What the calls act upon.
        about: String,
        /// What differs: `flags`, `error`, `result`.
        what: String,
        /// The first run's line.
        left: String,
        /// The second run's line.
        right: String,
    },
    /// Calls that one run made and the other did not.
    Only {
        /// Which.
        on: Side,
        /// What they act upon.
        about: String,
        /// Their lines.
        calls: Vec<String>,
    },
    /// A call that is not compared one by one failed, on one side only.
    Fails {
        /// Which.
        on: Side,
        /// The call.
        call: String,
        /// Its error.
        error: String,
        /// One line that shows it.
        line: String,
    },
    /// A call of setting up the process that only one run made.
    Setup {
        /// Which.
        on: Side,
        /// The call.
        call: String,
    },
}

/// Calls of other names that mean the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Equivalent {
    /// What the first run called.
    pub left: Vec<String>,
    /// What the second run called.
    pub right: Vec<String>,
}

/// The result of comparing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Comparison {
    /// What differs, in the order of the first run.
    pub differences: Vec<Difference>,
    /// What is only named differently.
    pub equivalents: Vec<Equivalent>,
    /// How many calls were compared one by one.
    pub compared: usize,
}

/// Lines that one difference shows at most.
const MOST_LINES: usize = 12;

/// The largest table that aligning makes.
const MOST_CELLS: usize = 4 << 20;

/// Compares two runs, each with the architecture that it is of.
pub fn compare(left: (&[Event], ArchKind), right: (&[Event], ArchKind)) -> Comparison {
    let pathless = strands::pathless(left.0).chain(strands::pathless(right.0)).collect();
    let (l, r) = (strands::sorted(left.0, left.1, &pathless), strands::sorted(right.0, right.1, &pathless));
    let mut out =
        Comparison { compared: l.strands.iter().map(|s| s.items.len()).sum(), ..Comparison::default() };
    strands_differ(&l.strands, &r.strands, &mut out.differences);
    others_differ(&l, &r, &mut out.differences);
    for (name, used) in &l.names {
        if let Some(other) = r.names.get(name).filter(|o| *o != used) {
            let list = |s: &BTreeSet<String>| s.iter().cloned().collect();
            out.equivalents.push(Equivalent { left: list(used), right: list(other) });
        }
    }
    out
}

impl Comparison {
    /// Only those differences that another comparison of the same two has too; the rest was chance.
    #[must_use]
    pub fn confirmed_by(mut self, other: &Comparison) -> Comparison {
        let mut seen: HashMap<String, usize> = HashMap::new();
        for d in &other.differences {
            *seen.entry(d.signature()).or_default() += 1;
        }
        self.differences.retain(|d| match seen.get_mut(&d.signature()) {
            Some(n) if *n > 0 => {
                *n -= 1;
                true
            }
            _ => false,
        });
        self
    }
}

impl Difference {
    /// What is the same in every run: no addresses, no numbers of threads and descriptors.
    fn signature(&self) -> String {
        let name = |line: &str| line.split('(').next().unwrap_or_default().to_ascii_lowercase();
        match self {
            Difference::Differs { about, what, left, right } => {
                format!("{about}\n{what}\n{}\n{}", name(left), name(right))
            }
            Difference::Only { on, about, .. } => format!("{on:?}\n{about}"),
            Difference::Fails { on, call, error, .. } => format!("{on:?}\n{call}\n{error}"),
            Difference::Setup { on, call } => format!("{on:?}\n{call}"),
        }
    }
}

fn others_differ(l: &Sorted, r: &Sorted, out: &mut Vec<Difference>) {
    for (on, this, other) in [(Side::Left, l, r), (Side::Right, r, l)] {
        for call in this.setup.difference(&other.setup) {
            out.push(Difference::Setup { on, call: call.clone() });
        }
        for ((call, error), line) in this.errors.iter().filter(|(k, _)| !other.errors.contains_key(*k)) {
            out.push(Difference::Fails { on, call: call.clone(), error: error.clone(), line: line.clone() });
        }
    }
}

/// Strands of one name: those that are alike go first, the rest pairs in order.
fn strands_differ(left: &[Strand], right: &[Strand], out: &mut Vec<Difference>) {
    let mut theirs: HashMap<&str, Vec<&Strand>> = HashMap::new();
    for s in right {
        theirs.entry(&s.about).or_default().push(s);
    }
    let mut ours: Vec<(&str, Vec<&Strand>)> = Vec::new();
    let mut index: HashMap<&str, usize> = HashMap::new();
    for s in left {
        let at = *index.entry(&s.about).or_insert_with(|| {
            ours.push((&s.about, Vec::new()));
            ours.len() - 1
        });
        ours[at].1.push(s);
    }
    for (about, l) in ours {
        pair(about, l, theirs.remove(about).unwrap_or_default(), out);
    }
    for s in right {
        if let Some(rest) = theirs.remove(s.about.as_str()) {
            pair(&s.about, Vec::new(), rest, out);
        }
    }
}

fn pair(about: &str, left: Vec<&Strand>, right: Vec<&Strand>, out: &mut Vec<Difference>) {
    let mut alike: HashMap<String, Vec<usize>> = HashMap::new();
    for (i, s) in right.iter().enumerate().rev() {
        alike.entry(print(&s.items)).or_default().push(i);
    }
    let mut used = vec![false; right.len()];
    let mut rest = Vec::new();
    for s in left {
        match alike.get_mut(&print(&s.items)).and_then(Vec::pop) {
            Some(i) => used[i] = true,
            None => rest.push(s),
        }
    }
    let mut others = right.into_iter().zip(used).filter(|(_, used)| !used).map(|(s, _)| s);
    for l in rest {
        match others.next() {
            Some(r) => items_differ(about, &l.items, &r.items, out),
            None => only(Side::Left, about, &l.items.iter().collect::<Vec<_>>(), out),
        }
    }
    for r in others {
        only(Side::Right, about, &r.items.iter().collect::<Vec<_>>(), out);
    }
}

/// A strand as one text, for those that are wholly alike.
fn print(items: &[Item]) -> String {
    items.iter().map(|i| format!("{}{:?}{:?}\n", i.key, i.values, i.end)).collect()
}

fn only(on: Side, about: &str, items: &[&Item], out: &mut Vec<Difference>) {
    if items.is_empty() {
        return;
    }
    let mut calls: Vec<String> = items.iter().take(MOST_LINES).map(|i| i.raw.clone()).collect();
    if items.len() > MOST_LINES {
        calls.push(format!("and {} more", items.len() - MOST_LINES));
    }
    out.push(Difference::Only { on, about: about.to_owned(), calls });
}

fn items_differ(about: &str, left: &[Item], right: &[Item], out: &mut Vec<Difference>) {
    // Several threads that use one object: their order is chance.
    let bag = |items: &[Item]| {
        let mut v: Vec<String> = items.iter().map(|i| print(std::slice::from_ref(i))).collect();
        v.sort_unstable();
        v
    };
    if bag(left) == bag(right) {
        return;
    }
    let pairs = align(left, right);
    let (mut lonely_left, mut lonely_right) = (Vec::new(), Vec::new());
    for (l, r) in pairs {
        match (l, r) {
            (Some(l), Some(r)) => {
                if let Some(what) = difference(&left[l], &right[r]) {
                    out.push(Difference::Differs {
                        about: about.to_owned(),
                        what,
                        left: left[l].raw.clone(),
                        right: right[r].raw.clone(),
                    });
                }
            }
            (Some(l), None) => lonely_left.push(&left[l]),
            (None, Some(r)) => lonely_right.push(&right[r]),
            (None, None) => {}
        }
    }
    only(Side::Left, about, &lonely_left, out);
    only(Side::Right, about, &lonely_right, out);
}

/// What differs between two calls of the same key.
fn difference(l: &Item, r: &Item) -> Option<String> {
    let value =
        l.values.iter().zip(&r.values).find(|((_, a), (_, b))| !agree(a, b)).map(|((what, _), _)| *what);
    let end = match (&l.end, &r.end) {
        (End::Unknown, _) | (_, End::Unknown) => None,
        (End::Fine(a), End::Fine(b)) => (!agree(a, b)).then_some("result"),
        (End::Failed(a), End::Failed(b)) => (a != b).then_some("error"),
        _ => Some("error"),
    };
    match (value, end) {
        (Some(v), Some(e)) => Some(format!("{v} and {e}")),
        (one, other) => one.or(other).map(str::to_owned),
    }
}

/// The longest common run of keys, as pairs of indices; what has no partner stands alone.
fn align(left: &[Item], right: &[Item]) -> Vec<(Option<usize>, Option<usize>)> {
    let mut out = Vec::new();
    let same = |l: usize, r: usize| left[l].key == right[r].key;
    let shorter = left.len().min(right.len());
    let head = (0..shorter).take_while(|i| same(*i, *i)).count();
    let tail = (0..shorter - head).take_while(|i| same(left.len() - 1 - i, right.len() - 1 - i)).count();
    out.extend((0..head).map(|i| (Some(i), Some(i))));
    let (n, m) = (left.len() - head - tail, right.len() - head - tail);
    if (n + 1).saturating_mul(m + 1) > MOST_CELLS {
        out.extend((head..head + n).map(|i| (Some(i), None)));
        out.extend((head..head + m).map(|i| (None, Some(i))));
    } else {
        middle(n, m, &|l, r| same(head + l, head + r), &mut |l, r| {
            out.push((l.map(|l| head + l), r.map(|r| head + r)));
        });
    }
    out.extend((0..tail).map(|i| (Some(head + n + i), Some(head + m + i))));
    out
}

fn middle(
    n: usize,
    m: usize,
    same: &dyn Fn(usize, usize) -> bool,
    emit: &mut dyn FnMut(Option<usize>, Option<usize>),
) {
    // length[l * (m + 1) + r]: how much of left[l..] and right[r..] is common.
    let at = |l: usize, r: usize| l * (m + 1) + r;
    let mut length = vec![0_u32; (n + 1) * (m + 1)];
    for l in (0..n).rev() {
        for r in (0..m).rev() {
            length[at(l, r)] = match same(l, r) {
                true => length[at(l + 1, r + 1)] + 1,
                false => length[at(l + 1, r)].max(length[at(l, r + 1)]),
            };
        }
    }
    let (mut l, mut r) = (0, 0);
    while l < n || r < m {
        if l < n && r < m && same(l, r) {
            emit(Some(l), Some(r));
            (l, r) = (l + 1, r + 1);
        } else if r == m || (l < n && length[at(l + 1, r)] >= length[at(l, r + 1)]) {
            emit(Some(l), None);
            l += 1;
        } else {
            emit(None, Some(r));
            r += 1;
        }
    }
}
