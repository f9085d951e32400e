//! What `goferry deps` has to say, as data.

use super::analysis::Analysis;
use super::proof::{Proof, Tested};
use super::replaced::ReplaceLine;
use super::scratch::State;
use super::unfixed::Unfixed;
use goferry_report::Diagnostic;
use goferry_scan::{About, STDLIB};
use goferry_target::GoTarget;
use serde::Serialize;
use std::collections::BTreeSet;

/// Where functions were looked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SeenIn {
    /// In the module's programs.
    #[default]
    Programs,
    /// In the programs of its tests: it has no main package.
    Tests,
}

/// A vulnerability whose functions are linked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reachable {
    /// The record's id.
    pub id: String,
    /// Its other names.
    pub aliases: Vec<String>,
    /// One line on what it is.
    pub summary: String,
    /// Where to read more.
    pub url: String,
    /// Module path; of the replacement where it was replaced; `stdlib`.
    pub module: String,
    /// The version that is linked.
    pub version: String,
    /// The first later version that is not affected; empty if there is none.
    pub fixed: String,
    /// The functions: `package.Receiver.Method`.
    pub symbols: BTreeSet<String>,
    /// On which targets.
    pub targets: BTreeSet<GoTarget>,
    /// What became of it.
    pub outcome: Outcome,
}

/// What became of a vulnerability.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// After the upgrades it is not linked on any target.
    Cleared,
    /// It is still there.
    Left,
    /// After the upgrades it is not linked, but something else does not hold with them.
    Unproven,
    /// It is in the standard library: another Go clears it.
    Toolchain,
    /// No version without it is known.
    NoFix,
}

/// A version to be required.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Upgrade {
    /// Module path.
    pub module: String,
    /// The version now.
    pub from: String,
    /// The version then.
    pub to: String,
    /// The module path on the left of a replace line, with its version if the line has one, where it is that line that
    /// changes.
    pub replaces: Option<String>,
    /// What it mends.
    pub ids: BTreeSet<String>,
    /// Where the changes can be read, if the host's pattern is known.
    pub changelog: Option<String>,
}

/// Something that moves along.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Move {
    /// Module path; `go` and `toolchain` for these lines of go.mod.
    pub what: String,
    /// Version before; none: it comes new.
    pub from: Option<String>,
    /// Version after; none: it goes.
    pub to: Option<String>,
    /// Whether the module's packages or their tests are built from it, before or after.
    pub built: bool,
}

/// A Go that clears what is reachable in the standard library.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Toolchain {
    /// What is used: `v1.26.7`.
    pub from: String,
    /// The least that has all of it: `v1.26.8`.
    pub to: String,
    /// What it mends.
    pub ids: BTreeSet<String>,
}

/// The whole of it.
#[derive(Clone, Debug, Serialize)]
pub struct DepsReport {
    /// Module path.
    pub module: String,
    /// Of the database.
    pub database: About,
    /// Targets that were looked at.
    pub targets: Vec<GoTarget>,
    /// Where functions were looked for.
    pub seen_in: SeenIn,
    /// What can be reached; sorted by id.
    pub reachable: Vec<Reachable>,
    /// The fewest that clear what can be cleared.
    pub upgrades: Vec<Upgrade>,
    /// What moves with them.
    pub moves: Vec<Move>,
    /// For each target; empty if there is nothing to prove.
    pub proof: Vec<Proof>,
    /// For the standard library.
    pub toolchain: Option<Toolchain>,
    /// What no version clears.
    pub unfixed: Vec<Unfixed>,
    /// The module's replace lines.
    pub replaces: Vec<ReplaceLine>,
    /// The heaviest dependencies, if they were weighed.
    pub analysis: Option<Analysis>,
    /// Whether go.mod and go.sum were written.
    pub applied: bool,
    /// What a scan could not compare.
    pub notes: BTreeSet<String>,
    /// Targets that do not build as it is.
    pub problems: Vec<Diagnostic>,
    /// Whether `go mod tidy` belongs to the commands: the module was tidy before.
    pub tidy: bool,
    #[serde(skip)]
    pub(super) state: State,
}

impl DepsReport {
    pub(super) fn new(module: String, database: About) -> DepsReport {
        DepsReport {
            module,
            database,
            targets: vec![],
            seen_in: SeenIn::Programs,
            reachable: vec![],
            upgrades: vec![],
            moves: vec![],
            proof: vec![],
            toolchain: None,
            unfixed: vec![],
            replaces: vec![],
            analysis: None,
            applied: false,
            notes: BTreeSet::new(),
            problems: vec![],
            tidy: false,
            state: State::default(),
        }
    }

    /// The commands that do what was proven, in their order.
    pub fn commands(&self) -> Vec<String> {
        let mut out = vec![];
        for u in &self.upgrades {
            out.extend(
                u.replaces.as_ref().map(|r| format!("go mod edit -replace={r}={}@{}", u.module, u.to)),
            );
        }
        let gets: Vec<String> = self
            .upgrades
            .iter()
            .filter(|u| u.replaces.is_none())
            .map(|u| format!("{}@{}", u.module, u.to))
            .collect();
        if !gets.is_empty() {
            out.push(format!("go get {}", gets.join(" ")));
        }
        out.extend((self.tidy && !out.is_empty()).then(|| "go mod tidy".to_owned()));
        out
    }

    /// Whether the upgrades hold on every target that was looked at, and every target could be. What brings another
    /// vulnerability for the one that it clears does not.
    pub fn is_proven(&self) -> bool {
        let known = |id: &String| self.reachable.iter().any(|r| r.id == *id);
        let passed =
            |p: &Proof| p.holds() && !matches!(p.tested, Tested::Failed { .. }) && p.left.iter().all(known);
        self.problems.is_empty() && self.proof.iter().all(passed)
    }

    /// Whether something reachable stays in the module as it is on the disk now.
    pub fn is_open(&self) -> bool {
        let open = |r: &Reachable| !(self.applied && r.outcome == Outcome::Cleared);
        self.reachable.iter().any(open)
    }

    /// Says what became of each, by what is still there.
    pub(super) fn judge(&mut self, left: &[Reachable]) {
        let built = self.proof.iter().all(|p| p.built) && !self.proof.is_empty();
        let proven = self.is_proven();
        for r in &mut self.reachable {
            let still = !built || left.iter().any(|l| l.id == r.id);
            r.outcome = match (r.module == STDLIB, r.fixed.is_empty(), still) {
                (true, _, _) => Outcome::Toolchain,
                (false, true, true) => Outcome::NoFix,
                (false, _, true) => Outcome::Left,
                (false, _, false) if proven => Outcome::Cleared,
                (false, _, false) => Outcome::Unproven,
            };
        }
        let of_go: Vec<&Reachable> = self.reachable.iter().filter(|r| r.module == STDLIB).collect();
        let newest = of_go.iter().filter(|r| !r.fixed.is_empty());
        let newest = newest.max_by(|a, b| goferry_scan::version::compare(&a.fixed, &b.fixed));
        self.toolchain = newest.map(|n| Toolchain {
            from: n.version.clone(),
            to: n.fixed.clone(),
            ids: of_go.iter().map(|r| r.id.clone()).collect(),
        });
    }
}

/// A finding as tests want it.
#[cfg(test)]
pub(super) fn reachable(id: &str, module: &str, fixed: &str) -> Reachable {
    Reachable {
        id: id.to_owned(),
        aliases: vec![],
        summary: String::new(),
        url: String::new(),
        module: module.to_owned(),
        version: "v1.26.1".to_owned(),
        fixed: fixed.to_owned(),
        symbols: BTreeSet::new(),
        targets: BTreeSet::new(),
        outcome: Outcome::Left,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use goferry_scan::DateFrom;

    fn report(proof: Vec<Proof>) -> DepsReport {
        let about =
            About { date: String::new(), date_from: DateFrom::Unknown, records: 0, digest: String::new() };
        let mut r = DepsReport::new("m".to_owned(), about);
        r.proof = proof;
        r.reachable = vec![
            reachable("1", STDLIB, "v1.26.9"),
            reachable("2", STDLIB, "v1.26.10"),
            reachable("3", "a", "v1.2.0"),
            reachable("4", "b", ""),
        ];
        r
    }

    fn proof(vetted: bool, left: &[&str]) -> Proof {
        Proof {
            target: "linux/amd64".parse().unwrap(),
            built: true,
            vetted,
            left: left.iter().map(|l| (*l).to_owned()).collect(),
            tested: Tested::Passed,
            gone: vec![],
            said: vec![],
        }
    }

    #[test]
    fn outcomes() {
        let outcomes = |proof: Vec<Proof>, left: &[&str]| {
            let mut r = report(proof);
            let left: Vec<Reachable> = left.iter().map(|id| reachable(id, "", "")).collect();
            r.judge(&left);
            let go = r.toolchain.unwrap();
            assert_eq!((go.to.as_str(), go.ids.len()), ("v1.26.10", 2));
            r.reachable.iter().map(|r| r.outcome).collect::<Vec<_>>()
        };
        let go = Outcome::Toolchain;
        assert_eq!(
            outcomes(vec![proof(true, &["4"])], &["1", "2", "4"]),
            [go, go, Outcome::Cleared, Outcome::NoFix]
        );
        // What goes away with another upgrade needs no fix of its own.
        assert_eq!(outcomes(vec![proof(true, &[])], &[]), [go, go, Outcome::Cleared, Outcome::Cleared]);
        assert_eq!(outcomes(vec![proof(false, &[])], &["4"]), [go, go, Outcome::Unproven, Outcome::NoFix]);
        assert_eq!(outcomes(vec![], &[]), [go, go, Outcome::Left, Outcome::NoFix]);
        // Another one in its place.
        assert_eq!(outcomes(vec![proof(true, &["5"])], &["5"])[2], Outcome::Unproven);
    }
}
