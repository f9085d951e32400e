//! What one of two programs has and the other has not, and why.

use super::origin::{Origin, Sources, origin};
use super::{Function, Kind, Program};
use serde::Serialize;
use std::collections::BTreeSet;

/// How two programs differ in their functions.
#[derive(Debug, Serialize)]
pub struct Difference {
    /// How many functions both have.
    pub shared: usize,
    /// What only one has: by package, then name.
    pub lone: Vec<Lone>,
}

/// A function that only one of two programs has.
#[derive(Debug, Serialize)]
pub struct Lone {
    /// 0: only the first has it, 1: only the second.
    pub side: usize,
    /// The function.
    #[serde(flatten)]
    pub function: Function,
    /// Why.
    pub reason: Reason,
}

/// Why a program has not what the other has.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case", tag = "by", content = "what")]
pub enum Reason {
    /// The name of its source file ends in a system or an architecture that the other is not for.
    FileName(String),
    /// The build constraint of its source file does not hold for the other.
    Constraint(String),
    /// The compiler made it: such functions come and go with what is inlined.
    Compiler,
    /// It encloses or is enclosed by a function of which one of the former is true.
    Enclosing(String),
    /// Nothing says so: it was changed, is not reached there, or was inlined to nothing.
    Unexplained,
}

/// Compares two programs.
pub fn compare(first: &Program, second: &Program, sources: &Sources) -> Difference {
    let names = |p: &'_ Program| p.functions.iter().map(|f| f.name.clone()).collect::<BTreeSet<_>>();
    let all = [names(first), names(second)];
    let mut lone = Vec::new();
    for (side, (here, there)) in [(first, second), (second, first)].into_iter().enumerate() {
        for f in here.functions.iter().filter(|f| !all[1 - side].contains(&f.name)) {
            lone.push(Lone { side, function: f.clone(), reason: reason(f, here, there, sources) });
        }
    }
    explain_closures(&mut lone);
    lone.sort_by(|a, b| {
        let key = |l: &Lone| (l.function.package.clone(), l.function.name.clone(), l.side);
        key(a).cmp(&key(b))
    });
    Difference { shared: all[0].intersection(&all[1]).count(), lone }
}

fn reason(f: &Function, here: &Program, there: &Program, sources: &Sources) -> Reason {
    if f.kind == Kind::Compiler {
        return Reason::Compiler;
    }
    let (Some(ours), Some(theirs)) = (&here.platform, &there.platform) else { return Reason::Unexplained };
    if f.source.is_empty() {
        return Reason::Unexplained;
    }
    match origin(&f.source, ours, theirs, sources) {
        Origin::Name => Reason::FileName(f.source.rsplit('/').next().unwrap_or(&f.source).to_owned()),
        Origin::Constraint(text) => Reason::Constraint(text),
        Origin::Both => Reason::Unexplained,
    }
}

/// A closure in a function that is lone for a reason has the same one, though its body may come from another file.
fn explain_closures(lone: &mut [Lone]) {
    let explained: BTreeSet<(usize, String)> = lone
        .iter()
        .filter(|l| matches!(l.reason, Reason::FileName(_) | Reason::Constraint(_)))
        .map(|l| (l.side, l.function.name.clone()))
        .collect();
    for l in lone.iter_mut().filter(|l| l.reason == Reason::Unexplained) {
        let mut outer = l.function.name.as_str();
        while let Some((before, _)) = outer.rsplit_once('.') {
            outer = before;
            if explained.contains(&(l.side, outer.to_owned())) {
                l.reason = Reason::Enclosing(outer.to_owned());
                break;
            }
        }
    }
}
