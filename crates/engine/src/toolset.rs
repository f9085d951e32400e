//! Toolchains outside of a release: what a project or a target needs, whether it is there, fetching and locking it, and
//! the environment in which a plain go command uses it.
//!
//! Owns: goferry.lock's content. Must not: know how anything is fetched, or print.

use crate::compilers::{self, Compilers, FetchRules, Fetching, LOCK_FILE};
use crate::session::{Request, Session};
use crate::{host, prepare, wine};
use goferry_emulate::{Load, Runner, choose_runner, choose_runner_for};
use goferry_report::{Code, Diagnostic, Diagnostics};
use goferry_target::GoTarget;
use goferry_toolchain::provide::{
    self, Lock, LockEntry, Provided, ProvidedQemu, ProvidedWine, Source, Wanted,
};
use goferry_toolchain::shim::{self, Shim};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What is needed for some targets.
#[derive(Debug)]
pub struct Need {
    /// Compilers.
    pub compilers: Vec<Wanted>,
    /// Targets whose programs are to run.
    pub targets: Vec<GoTarget>,
    /// The suite that qemu is to come from.
    pub qemu: Option<String>,
    /// Whether the targets are the project's own, so that its lock is about them and nothing else.
    pub whole_project: bool,
}

/// What the targets need, or without any what the project in the working directory needs.
///
/// # Errors
/// What is wrong with the project; no project and no targets.
pub fn needs(session: &Session, targets: &[GoTarget]) -> Result<Need, Diagnostics> {
    if targets.is_empty() {
        return needs_of_project(session);
    }
    let config = session.config()?;
    let wanted = |t: &GoTarget| Wanted { cxx: true, ..compilers::wanted(&config, *t, &session.cwd) };
    Ok(Need {
        compilers: targets.iter().map(wanted).collect(),
        targets: targets.to_vec(),
        qemu: config.toolchain.qemu.clone(),
        whole_project: false,
    })
}

fn needs_of_project(session: &Session) -> Result<Need, Diagnostics> {
    if !is_project(&session.cwd) {
        let message = "there is no Go module here whose targets could be looked up";
        return Err(Diagnostic::error(Code::NoModule, message)
            .hint_with("name the targets", "goferry toolchain install linux/arm64")
            .into());
    }
    let request = Request { snapshot: true, ..Request::new(host::LOOKING) };
    let mut prepared = prepare(session, &request)?;
    match prepared.host.take() {
        Some(host) => Ok(Need {
            compilers: host.wanted,
            targets: host.facts.runners.keys().copied().collect(),
            qemu: prepared.config.toolchain.qemu,
            whole_project: true,
        }),
        None => Err(prepared.problems),
    }
}

/// Whether a folder is one that a lock belongs into.
pub(crate) fn is_project(dir: &Path) -> bool {
    let names = ["go.mod", "go.work", goferry_config::GOFERRY_FILE];
    names.iter().chain(goferry_config::SEARCH_ORDER.iter()).any(|n| dir.join(n).is_file())
}

/// Whether a toolchain is at hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// The host's own.
    OnPath,
    /// Fetched before.
    Fetched,
    /// It would be fetched.
    ToFetch,
    /// It cannot be had.
    None,
}

/// A target's toolchain as it stands.
#[derive(Clone, Debug, Serialize)]
pub struct ToolRow {
    /// Target.
    pub target: GoTarget,
    /// CC as the go command will see it; empty if there is none.
    pub cc: String,
    /// At hand or not.
    pub state: State,
    /// Why this one, or why none.
    pub reason: String,
    /// What runs its programs: `native`, `qemu 7.2.22`; none if nothing does.
    pub runner: Option<String>,
    /// Why.
    pub runner_reason: String,
}

fn fetching<'a>(
    session: &'a Session,
    need: &Need,
    rules: FetchRules,
) -> Result<Fetching<'a>, Box<Diagnostic>> {
    let fetching = Fetching::new(session, &session.cwd, rules)?.with_qemu(need.qemu.as_ref());
    Ok(fetching.with_c_code(need.compilers.iter().map(|w| w.target)))
}

/// How things stand; fetches nothing.
///
/// # Errors
/// A lock that cannot be read.
pub fn list(session: &Session, need: &Need) -> Result<Vec<ToolRow>, Diagnostics> {
    let fetching = fetching(session, need, FetchRules::default())?;
    let path = session.path();
    let emulators = host::emulators(session, path, &need.targets, &fetching);
    let row = |target: GoTarget| {
        let choice = choose_runner(&target, &emulators);
        let (cc, state, reason) = match need.compilers.iter().find(|w| w.target == target) {
            None => (String::new(), State::None, "none is needed".to_owned()),
            Some(wanted) => compiler_state(session, wanted, &fetching),
        };
        let runner = choice.runner.as_ref().map(Runner::label);
        ToolRow { target, cc, state, reason, runner, runner_reason: choice.reason }
    };
    Ok(need.targets.iter().map(|t| row(*t)).collect())
}

fn compiler_state(session: &Session, wanted: &Wanted, fetching: &Fetching<'_>) -> (String, State, String) {
    let decision = match compilers::decision(session, wanted, &session.cwd) {
        Ok(d) => d,
        Err(d) => return (String::new(), State::None, d.message),
    };
    let [cc, ..] = decision.names(wanted.target);
    if matches!(decision.source, Source::Path { .. }) {
        return (cc, State::OnPath, decision.reason);
    }
    let provided = provide::provide(&decision, wanted, &fetching.fetcher());
    // C alone is enough for most.
    let provided = match provided {
        Err(d) if d.code == Code::FetchFailed && wanted.cxx => {
            provide::provide(&decision, &Wanted { cxx: false, ..wanted.clone() }, &fetching.fetcher())
        }
        other => other,
    };
    match provided {
        Ok(p) => (p.cc, State::Fetched, p.reason),
        Err(d) if d.code == Code::FetchFailed => (cc, State::ToFetch, decision.reason),
        Err(d) => (String::new(), State::None, d.message),
    }
}

/// Whether an installation is to be written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Locks {
    /// Into goferry.lock.
    Write,
    /// Only into the cache.
    Leave,
}

/// What an installation did.
pub struct Installed {
    /// The compilers, with what could not be had.
    pub compilers: Vec<(GoTarget, Result<Provided, Box<Diagnostic>>)>,
    /// The emulators that had to be fetched.
    pub emulators: Vec<ProvidedQemu>,
    /// wine, if it had to be fetched.
    pub wine: Option<ProvidedWine>,
    /// The lock, if this is a project and it changed.
    pub lock: Option<PathBuf>,
}

/// Fetches what is needed and writes the project's lock.
///
/// # Errors
/// A lock that cannot be read or written. What one target lacks is in the result; the lock is then left as it was.
pub fn install(
    session: &Session,
    need: &Need,
    rules: FetchRules,
    locks: Locks,
) -> Result<Installed, Diagnostics> {
    let fetching = fetching(session, need, rules)?.mending();
    let provide = |w: &Wanted| (w.target, compilers::compiler(session, w, &session.cwd, &fetching));
    let compilers: Vec<_> = need.compilers.iter().map(provide).collect();
    let path = session.path();
    let emulators: Vec<ProvidedQemu> = host::missing_emulators(session, path, &need.targets, &fetching)
        .into_iter()
        .map(|wanted| provide::provide_qemu(wanted, &fetching.fetcher()))
        .collect::<Result<_, _>>()?;
    let wine = wine::install(session, path, need, &fetching)?;
    let provided = compilers.iter().filter_map(|(_, p)| p.as_ref().ok());
    let entries: Vec<LockEntry> = provided
        .flat_map(|p| p.entries.iter().cloned())
        .chain(emulators.iter().map(|q| q.entry.clone()))
        .chain(wine.iter().flat_map(|w| w.entries.iter().cloned()))
        .collect();
    provide::share(&fetching.fetcher(), &entries)?;
    let complete = compilers.iter().all(|(_, p)| p.is_ok());
    let lock = (complete && locks == Locks::Write && !rules.locked && is_project(&session.cwd))
        .then(|| write_lock(&session.cwd.join(LOCK_FILE), entries, need, rules.refresh))
        .transpose()?
        .flatten();
    Ok(Installed { compilers, emulators, wine, lock })
}

/// Writes the lock if it changes. What belongs to other targets stays; when the whole project was installed, only what
/// belongs to targets that are still its own: a colleague may lack what is on this host's PATH.
fn write_lock(
    path: &Path,
    entries: Vec<LockEntry>,
    need: &Need,
    anew: bool,
) -> Result<Option<PathBuf>, Box<Diagnostic>> {
    // `update` of the whole project is what mends a lock that cannot be read.
    let old = match Lock::read(path) {
        Err(_) if anew && need.whole_project => None,
        other => other?,
    };
    let mut all = entries;
    // gcc and g++ of a target are one thing.
    let same = |a: &LockEntry, b: &LockEntry| {
        a.target == b.target && a.role.replace("g++", "gcc") == b.role.replace("g++", "gcc")
    };
    // windows/386 has the parts of windows/amd64 too.
    let windows = need.targets.iter().any(|t| t.os == goferry_target::Os::Windows);
    let own = |e: &LockEntry| {
        let named = need.targets.iter().any(|t| t.to_string() == e.target);
        e.target.is_empty() || named || (e.role == "wine" && windows)
    };
    let kept: Vec<LockEntry> = old
        .iter()
        .filter(|l| l.is_for(&provide::host_kind()))
        .flat_map(|l| &l.entries)
        .filter(|o| !all.iter().any(|n| same(n, o)) && (!need.whole_project || own(o)))
        .cloned()
        .collect();
    all.extend(kept);
    if all.is_empty() && old.is_none() {
        return Ok(None);
    }
    let text = Lock::of(&provide::host_kind(), all).text();
    if std::fs::read_to_string(path).is_ok_and(|t| t == text) {
        return Ok(None);
    }
    crate::dist::write_whole(path, &text)?;
    Ok(Some(path.to_owned()))
}

/// What makes a plain go command build for a target.
#[derive(Clone, Debug, Serialize)]
pub struct GoEnvironment {
    /// Variables.
    pub set: Vec<(String, String)>,
    /// Folders in front of PATH.
    pub path: Vec<PathBuf>,
}

/// The environment of `go build` and, with `exec_links`, `go test` for a target.
///
/// # Errors
/// No compiler, or no runner where links are asked for.
pub fn environment(
    session: &Session,
    target: GoTarget,
    rules: FetchRules,
    exec_links: bool,
) -> Result<GoEnvironment, Diagnostics> {
    let need = needs(session, &[target])?;
    let fetching = fetching(session, &need, rules)?;
    let wanted = &need.compilers[0];
    let provided = compilers::compiler(session, wanted, &session.cwd, &fetching)?;
    let mut set = go_variables(target, Some(&provided));
    set.extend(provided.env.iter().cloned());
    let mut path = provided.bin_dirs.clone();
    if exec_links {
        let compilers = Compilers { provided: BTreeMap::from([(target, provided)]) };
        path.extend(exec_folder(session, target, &compilers, &fetching)?);
    }
    Ok(GoEnvironment { set, path })
}

/// The environment of a target without cgo.
pub(crate) fn plain_environment(target: GoTarget) -> GoEnvironment {
    GoEnvironment { set: go_variables(target, None), path: vec![] }
}

/// What the go command is told of a target: GOOS and its kin, whether cgo is on, and with it the compilers.
pub(crate) fn go_variables(target: GoTarget, provided: Option<&Provided>) -> Vec<(String, String)> {
    let mut set: Vec<(String, String)> =
        target.go_env().into_iter().map(|(k, v)| (k.to_owned(), v)).collect();
    set.push(("CGO_ENABLED".to_owned(), if provided.is_some() { "1" } else { "0" }.to_owned()));
    if let Some(p) = provided {
        for (name, value) in [("CC", &p.cc), ("CXX", &p.cxx), ("AR", &p.ar)] {
            if !value.is_empty() {
                set.push((name.to_owned(), value.clone()));
            }
        }
    }
    set
}

/// A folder with `go_GOOS_GOARCH_exec`, which `go test` and `go run` look for; none where the host runs the programs.
fn exec_folder(
    session: &Session,
    target: GoTarget,
    compilers: &Compilers,
    fetching: &Fetching<'_>,
) -> Result<Option<PathBuf>, Box<Diagnostic>> {
    let runner = runner(session, target, fetching)?;
    let prefix = compilers.loader_prefix(target);
    if runner == Runner::Native && prefix.is_none() {
        return Ok(None);
    }
    let own = std::env::current_exe().map_err(|e| crate::dist::failure(Path::new("goferry"), &e))?;
    let args = crate::exec::command_line(&target, &runner, prefix.as_deref());
    let name = format!("go_{}_{}_exec", target.os.goos(), target.arch.goarch());
    let shim = Shim { args, ..Shim::plain(own.clone()) };
    let root = session.tools.clone().ok_or_else(compilers::no_folder)?;
    let folder = shim::link_farm(&root, &own, &BTreeMap::from([(name, shim)]))
        .map_err(|e| crate::dist::failure(&root, &e))?;
    Ok(Some(folder))
}

/// What runs a target's programs here, one at a time; fetched if it can be.
///
/// # Errors
/// [`Code::RunnerMissing`] with what would.
pub(crate) fn runner(
    session: &Session,
    target: GoTarget,
    fetching: &Fetching<'_>,
) -> Result<Runner, Box<Diagnostic>> {
    runner_for(session, target, fetching, Load::Start)
}

/// The same for some kind of work.
///
/// # Errors
/// As [`runner`].
pub(crate) fn runner_for(
    session: &Session,
    target: GoTarget,
    fetching: &Fetching<'_>,
    load: Load,
) -> Result<Runner, Box<Diagnostic>> {
    let path = session.path();
    let mut emulators = host::emulators(session, path, &[target], fetching);
    wine::fetch_if_missing(&target, &mut emulators, fetching)?;
    let choice = choose_runner_for(&target, &emulators, load);
    choice.runner.ok_or_else(|| {
        let message = format!("no program for {target} can be run here: {}", choice.reason);
        let d = Diagnostic::error(Code::RunnerMissing, message);
        Box::new(match choice.missing {
            Some(m) => d.hint_with("to install what would", m.hint),
            None => d.hint_with("what runs where", "goferry targets"),
        })
    })
}
