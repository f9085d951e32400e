//! `goferry deps`: the smallest set of module upgrades after which no known vulnerability can be reached, each proven.
//!
//! Owns: the order of things, what counts as proven, writing go.mod and go.sum when everything is. Must not: print, draw.
//!
//! ```text
//! copy of the module ─▶ programs of each target ─▶ scan ─▶ what is linked ─▶ the versions that mend it
//!        ▲                                                                          │
//!        └── go get, go mod tidy ◀── the fewest that bring all of them ◀────────────┘
//! then: go build, go vet, scan again (and once more round if that finds something), go test ─▶ proven
//! ```
//!
//! All of it happens in the copy. Versions are the go command's: minimal version selection stays its business.

mod analysis;
mod applied;
mod changelog;
mod choice;
mod compile;
mod database;
mod gone;
mod proof;
mod reach;
mod replaced;
mod report;
mod scratch;
mod unfixed;

pub use analysis::{Analysis, Heavy};
pub use database::database;
pub use gone::{Gone, GoneKind};
pub use proof::{Proof, Tested};
pub use replaced::ReplaceLine;
pub use report::{DepsReport, Move, Outcome, Reachable, SeenIn, Toolchain, Upgrade};
pub use unfixed::Unfixed;

use crate::session::Session;
use choice::Wish;
use goferry_proc::Host;
use goferry_report::{Code, Diagnostic, Diagnostics};
use goferry_scan::Database;
use goferry_target::GoTarget;
use goferry_toolchain::go::{Go, GoEnv, ListedModule, ModuleFolder};
use goferry_toolchain::gomod::{GoMod, find_module_root};
use reach::Reached;
use scratch::Scratch;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

/// How often what a new version brings is mended in its turn.
const ROUNDS: usize = 5;

/// From this number of lines in go.sum on, dependencies are weighed unasked.
const MANY: usize = 200;

/// What is asked for.
#[derive(Clone, Debug, Default)]
pub struct DepsRequest {
    /// The targets that it has to hold for; empty: the project's.
    pub targets: Vec<GoTarget>,
    /// Whether the module's tests are part of the proof.
    pub test: bool,
    /// How far tests are kept apart, as arguments of `goferry exec`.
    pub isolation: Vec<String>,
    /// Whether go.mod and go.sum are written when everything is proven.
    pub apply: bool,
    /// Whether dependencies are weighed however few they are.
    pub analyze: bool,
}

/// Takes lines about what is being done.
pub type OnStep<'a> = &'a (dyn Fn(&str) + Sync);

/// Looks for upgrades and proves them.
///
/// # Errors
/// No module here, no go command, a module that does not build before anything is changed. What an upgrade breaks is in
/// the report.
pub fn run(
    session: &Session,
    request: &DepsRequest,
    database: &Database,
    say: OnStep<'_>,
) -> Result<DepsReport, Diagnostics> {
    let Some(root) = find_module_root(&session.cwd) else {
        return Err(Diagnostic::error(Code::NoModule, "there is no go.mod here or above").into());
    };
    let targets = crate::testing::targets(session, &request.targets, request.targets.is_empty())?;
    let (path, identity) = session.go()?;
    let go = Go { path, version: identity.go_version(), env: GoEnv::default() };
    let scratch = Scratch::new(&root)?;
    let inner = inner(session, &scratch);
    let env = variables(&inner);
    let work = Work { session: &inner, go: &go, scratch: &scratch, database, env, say };
    let mut report = work.deps(request, targets)?;
    if request.apply && report.is_proven() && !report.upgrades.is_empty() {
        say("writing go.mod and go.sum");
        applied::write(&root, &scratch)?;
        report.applied = true;
    }
    Ok(report)
}

/// The session of the copy. What go derives from a workspace is not part of the module.
fn inner(session: &Session, scratch: &Scratch) -> Session {
    let mut env = session.env.clone();
    env.insert("GOWORK".to_owned(), "off".to_owned());
    let flags = env.get("GOFLAGS").map(String::as_str).unwrap_or_default();
    // There is no vendor folder in the copy, and another go.mod is not the module's.
    let kept: Vec<&str> = flags
        .split_whitespace()
        .filter(|f| !["mod=", "modfile="].iter().any(|name| f.trim_start_matches('-').starts_with(name)))
        .collect();
    env.insert("GOFLAGS".to_owned(), kept.join(" "));
    Session {
        cwd: scratch.module().to_owned(),
        env,
        sink: Arc::clone(&session.sink),
        host: Host::new(Arc::clone(session.host.cancel())),
        cache: None,
        tools: session.tools.clone(),
        parallelism: session.parallelism,
        version: session.version.clone(),
        net: std::sync::OnceLock::new(),
    }
}

/// What the copy's go commands are told that the process's own environment does not say.
fn variables(inner: &Session) -> Vec<(String, String)> {
    ["GOWORK", "GOFLAGS"]
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), inner.env.get(*name)?.clone())))
        .collect()
}

/// What all steps have.
struct Work<'a> {
    session: &'a Session,
    go: &'a Go,
    scratch: &'a Scratch,
    database: &'a Database,
    env: Vec<(String, String)>,
    say: OnStep<'a>,
}

impl Work<'_> {
    fn folder(&self) -> ModuleFolder<'_> {
        ModuleFolder { dir: self.scratch.module(), env: &self.env }
    }

    fn host(&self) -> &Host {
        &self.session.host
    }

    fn modules(&self) -> Result<Vec<ListedModule>, Box<Diagnostic>> {
        self.go.selected_modules(self.host(), self.folder()).map_err(|e| go_says(&e))
    }

    fn deps(&self, request: &DepsRequest, targets: Vec<GoTarget>) -> Result<DepsReport, Diagnostics> {
        let before = self.modules()?;
        let module = before.iter().find(|m| m.main).map(|m| m.path.clone()).unwrap_or_default();
        let mut report = DepsReport::new(module, self.database.about());
        let mut reached = Reached::default();
        for target in targets {
            (self.say)(&format!("{target}: what is linked"));
            match self.reach(target) {
                Ok(found) => {
                    report.seen_in = found.seen_in;
                    report.targets.push(target);
                    reached.add(target, found);
                }
                Err(failure) => report.problems.push(failure.diagnostic()),
            }
        }
        if report.targets.is_empty() {
            return Err(Diagnostics { list: report.problems });
        }
        report.reachable = reached.reachable();
        // Its own version is not known before it has one.
        let own = format!("{} ", report.module);
        report.notes.extend(reached.notes.iter().filter(|n| !n.starts_with(&own)).cloned());
        self.mend(request, &before, &mut report)?;
        report.replaces = self.replace_lines(&report)?;
        if request.analyze || self.scratch.entries() > MANY {
            self.scratch.reset()?;
            (self.say)("weighing the dependencies");
            report.analysis = Some(self.weigh(report.targets[0])?);
            self.scratch.put(&report.state)?;
        }
        Ok(report)
    }

    /// Finds the upgrades and proves them, in as many rounds as it takes.
    fn mend(
        &self,
        request: &DepsRequest,
        before: &[ListedModule],
        report: &mut DepsReport,
    ) -> Result<(), Diagnostics> {
        let mut wishes = Wish::sort_out(&report.reachable, before, &self.go_mod()?);
        let mut left = vec![];
        for round in 0..ROUNDS {
            if wishes.list.is_empty() {
                break;
            }
            (self.say)("choosing versions");
            let tidy = self.was_tidy()?;
            report.upgrades = match self.smallest(&wishes, tidy) {
                Ok(chosen) => chosen,
                Err(d) => {
                    report.problems.push(*d);
                    report.upgrades.clear();
                    report.proof.clear();
                    self.scratch.reset()?;
                    break;
                }
            };
            report.tidy = tidy;
            report.proof = self.prove(&report.targets, &mut left)?;
            let found = reach::merged(&left);
            let more = Wish::sort_out(&found, &self.modules()?, &self.go_mod()?);
            if report.proof.iter().any(|p| !p.holds()) || !wishes.raise(more) || round + 1 == ROUNDS {
                break;
            }
        }
        report.state = self.scratch.state()?;
        if !report.upgrades.is_empty() {
            self.moved(before, report)?;
            if request.test && report.proof.iter().all(Proof::holds) {
                self.test(request, report)?;
                self.scratch.put(&report.state)?;
            } else if request.test {
                let why = "what comes before them does not hold".to_owned();
                report.proof.iter_mut().for_each(|p| p.tested = Tested::NotRun { why: why.clone() });
            }
        }
        report.judge(&reach::merged(&left));
        let open: Vec<Reachable> =
            report.reachable.iter().filter(|r| r.outcome == Outcome::NoFix).cloned().collect();
        report.unfixed = self.unfixed(&open)?;
        Ok(())
    }

    /// What changed besides the upgrades.
    fn moved(&self, before: &[ListedModule], report: &mut DepsReport) -> Result<(), Diagnostics> {
        let version = |list: &[ListedModule]| -> BTreeMap<String, String> {
            list.iter().filter(|m| !m.main).map(|m| (m.path.clone(), m.version.clone())).collect()
        };
        let (old, new) = (version(before), version(&self.modules()?));
        let chosen = |path: &str| report.upgrades.iter().any(|u| u.module == path);
        let paths: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
        let moves = paths.into_iter().filter(|p| !chosen(p) && old.get(*p) != new.get(*p));
        let built =
            self.built_modules(self.before(|| self.built_modules(BTreeSet::new())).unwrap_or_default());
        let moved = |p: &String| Move {
            what: p.clone(),
            from: old.get(p).cloned(),
            to: new.get(p).cloned(),
            built: built.contains(p),
        };
        report.moves = moves.map(moved).collect();
        let (old, new) = (self.scratch.original_go_mod()?, self.go_mod()?);
        for (what, from, to) in [("go", old.go, new.go), ("toolchain", old.toolchain, new.toolchain)] {
            if from != to {
                report.moves.push(Move { what: what.to_owned(), from, to, built: true });
            }
        }
        Ok(())
    }

    /// The modules that the packages and their tests are built from, and those that are known already.
    fn built_modules(&self, mut known: BTreeSet<String>) -> BTreeSet<String> {
        // What cannot be listed was said where it was built.
        let packages = self.go.importing_packages(self.host(), self.folder(), &["./..."], true);
        known.extend(packages.unwrap_or_default().into_iter().filter_map(|p| Some(p.module?.path)));
        known
    }

    fn go_mod(&self) -> Result<GoMod, Box<Diagnostic>> {
        read_go_mod(&self.scratch.module().join("go.mod"))
    }
}

fn read_go_mod(path: &Path) -> Result<GoMod, Box<Diagnostic>> {
    GoMod::read(path).map_err(|e| Box::new(Diagnostic::error(Code::ModuleQuery, e.to_string())))
}

/// A go command about modules that failed.
fn go_says(error: &goferry_toolchain::ToolError) -> Box<Diagnostic> {
    let text = error.to_string();
    let mut lines = text.lines();
    let mut d = Diagnostic::error(Code::ModuleQuery, lines.next().unwrap_or_default());
    d.notes = lines.map(str::to_owned).collect();
    Box::new(d)
}
