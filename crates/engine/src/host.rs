//! Host facts for the targets of a draft: the Go toolchain, a runner and a C compiler for each, and who needs cgo.

use crate::compilers::{self, Compilers, FetchRules, Fetching};
use crate::project::Project;
use crate::remembered::Remembered;
use crate::session::{Request, Session};
use crate::wine;
use goferry_cache::KeyBuilder;
use goferry_config::model::{IsolationRule, Text};
use goferry_emulate::{Class, QemuFound, Runner, choose_runner};
use goferry_plan::facts::{CgoNeed, HostFacts, Program, RunnerFact};
use goferry_plan::{Draft, DraftBuild};
use goferry_report::Diagnostic;
use goferry_target::{GoTarget, Os};
use goferry_toolchain::go::{Go, GoIdentity, ListQuery};
use goferry_toolchain::provide::{self, Prefer, QemuWanted, Wanted, provide_qemu};
use goferry_toolchain::{go, gosource};
use std::collections::BTreeMap;
use std::path::Path;

/// A command that looks at a project and fetches nothing.
pub(crate) const LOOKING: &str = "plan";

/// What the host offers.
pub struct Host {
    /// For the plan.
    pub facts: HostFacts,
    /// Which Go, read from files.
    pub go: GoIdentity,
    /// The runner of each target that has one.
    pub runners: BTreeMap<GoTarget, Runner>,
    /// The C toolchains of cgo targets.
    pub compilers: Compilers,
    /// What was wanted of them.
    pub wanted: Vec<Wanted>,
}

/// Gathers the facts; runs the go command only where a zero-configuration build must know who needs cgo, and then only
/// if no earlier run found out.
///
/// # Errors
/// The diagnostic of a missing or broken go command.
pub(crate) fn gather(
    session: &Session,
    request: &Request,
    project: &Project,
    draft: &Draft<'_>,
) -> Result<Host, Box<Diagnostic>> {
    let path = session.path();
    let go_path = Go::find(path.as_ref(), &project.root)?;
    let identity = Go::identify_without_running(&go_path, &project.root).map_err(|e| {
        Box::new(
            Diagnostic::error(goferry_report::Code::GoMissing, format!("the go command at {} does not work: {e}", go_path.display()))
                .hint("a go command is found on PATH, but its GOROOT/VERSION is not: use the real binary, not a wrapper"),
        )
    })?;
    let targets = draft.targets();
    let rules = FetchRules {
        locked: request.locked,
        may_fetch: draft.config().toolchain.fetch && request.command != LOOKING,
        refresh: false,
    };
    let cgo = cgo_needs(session, project, draft, &go_path, &identity);
    let with_c: Vec<GoTarget> = targets.iter().filter(|t| wants_cc(draft, t, &cgo)).copied().collect();
    let fetching = Fetching::new(session, &project.root, rules)?
        .with_qemu(draft.config().toolchain.qemu.as_ref())
        .with_c_code(with_c.iter().copied());
    let (mut facts, mut runners) = runners(session, &targets, &fetching);
    if draft.config().verify.isolation == IsolationRule::Required {
        wine::withhold(&mut facts, &mut runners);
    }
    let host = host_target();
    let mut ccs = BTreeMap::new();
    let mut provided = Compilers::default();
    let mut all_wanted = vec![];
    for target in &with_c {
        let mut wanted = Wanted {
            cxx: needs_cxx(&cgo, draft, *target),
            ..compilers::wanted(draft.config(), *target, &project.root)
        };
        if names_zig(draft, *target) {
            wanted.prefer = Prefer::Zig;
        }
        let fact = compilers::fact(session, &wanted, &project.root, &fetching, &mut provided);
        if let Ok(fact) = &fact
            && !wanted.packages.is_empty()
            && provided.provided.get(target).is_some_and(|p| p.bin_dirs.is_empty())
        {
            session.sink.note(format!("{target}: {}", fact.reason));
        }
        ccs.insert(*target, fact);
        all_wanted.push(wanted);
    }
    let env_flags = session.env.get("GOFLAGS").filter(|v| !v.is_empty()).cloned();
    let file_flags =
        identity.env_file_text.lines().find_map(|l| l.strip_prefix("GOFLAGS=")).map(str::to_owned);
    let goflags_of_file = file_flags.clone().unwrap_or_default();
    let flags = env_flags.or(file_flags).unwrap_or_default();
    let facts = HostFacts {
        host,
        go: format!("{} {}", identity.version.lines().next().unwrap_or_default(), identity.goroot.display()),
        runners: facts,
        ccs,
        cgo,
        buildvcs_off: go::GoEnv { goflags: flags, ..go::GoEnv::default() }.buildvcs_off(),
        goflags_of_file,
    };
    Ok(Host { facts, go: identity, runners, compilers: provided, wanted: all_wanted })
}

/// The facts of a host of which nothing is known, so that planning can go on and find what else is wrong.
pub(crate) fn nothing() -> HostFacts {
    HostFacts {
        host: host_target(),
        go: String::new(),
        runners: BTreeMap::new(),
        ccs: BTreeMap::new(),
        cgo: BTreeMap::new(),
        buildvcs_off: false,
        goflags_of_file: String::new(),
    }
}

/// This program's own platform.
pub fn host_target() -> GoTarget {
    let arch = goferry_target::ArchKind::host().unwrap_or(goferry_target::ArchKind::Amd64);
    GoTarget::new(Os::host().unwrap_or(Os::Linux), arch.default_arch())
}

fn runners(
    session: &Session,
    targets: &[GoTarget],
    fetching: &Fetching<'_>,
) -> (BTreeMap<GoTarget, RunnerFact>, BTreeMap<GoTarget, Runner>) {
    let path = session.path();
    let host = emulators(session, path, targets, fetching);
    let mut facts = BTreeMap::new();
    let mut runners = BTreeMap::new();
    for t in targets {
        let choice = choose_runner(t, &host);
        let fact = match (choice.runner, choice.class) {
            (Some(runner), _) => {
                let fact = RunnerFact::Runs {
                    name: runner.label(),
                    identity: runner.identity(),
                    reason: choice.reason,
                };
                runners.insert(*t, runner);
                fact
            }
            (None, Some(Class::RunnerMissing)) => RunnerFact::Missing {
                reason: choice.reason,
                hint: choice.missing.map(|m| m.hint).unwrap_or_default(),
            },
            (None, _) => RunnerFact::NoRunner { reason: choice.reason },
        };
        facts.insert(*t, fact);
    }
    (facts, runners)
}

/// The emulators that have to be fetched: PATH lacks one that a target could use, the configuration names a suite, or what is
/// on PATH is too old for a target's C code.
pub(crate) fn missing_emulators<'f>(
    session: &Session,
    path: &str,
    targets: &[GoTarget],
    fetching: &'f Fetching<'_>,
) -> Vec<QemuWanted<'f>> {
    let host = goferry_emulate::HostFacts::probe(&session.host, Some(path.as_ref()), targets);
    let foreign = |t: &GoTarget| choose_runner(t, &host).runner != Some(Runner::Native) && t.os == Os::Linux;
    if fetching.qemu().suite.is_some() {
        return if targets.iter().any(foreign) { vec![fetching.qemu()] } else { vec![] };
    }
    let vectors = targets.iter().any(|t| too_old(t, &host, fetching)).then(provide::vectors_suite).flatten();
    let missing =
        |t: &&GoTarget| t.os == Os::Linux && choose_runner(t, &host).class == Some(Class::RunnerMissing);
    // What the newer suite's serves needs no other.
    let own = targets.iter().filter(missing).any(|t| vectors.is_none() || !too_old(t, &host, fetching));
    let own = own.then(QemuWanted::default);
    own.into_iter().chain(vectors.map(|suite| QemuWanted { suite: Some(suite) })).collect()
}

/// Whether the target's programs have C code that the host's emulator does not know.
fn too_old(target: &GoTarget, host: &goferry_emulate::HostFacts, fetching: &Fetching<'_>) -> bool {
    let version = match choose_runner(target, host).runner {
        Some(Runner::QemuUser { version, .. }) => version,
        Some(_) => return false,
        None => "0".to_owned(),
    };
    fetching.has_c_code(target) && !goferry_emulate::knows_c_code(&version, target)
}

/// What the environment and Go's installation say about running wasm programs.
fn wasm_facts(session: &Session, targets: &[GoTarget], facts: &mut goferry_emulate::WasmFacts) {
    facts.asked = session.env.get("GOWASIRUNTIME").cloned();
    let args = session.env.get("GOWASIRUNTIMEARGS").map(String::as_str).unwrap_or_default();
    facts.asked_args = args.split_whitespace().map(str::to_owned).collect();
    if targets.iter().any(|t| t.os == Os::Js) {
        facts.glue = session.go().ok().and_then(|(_, i)| goferry_emulate::WasmFacts::glue_of(&i.goroot));
    }
}

/// The host's runners; a qemu that is missing is fetched where that is possible.
pub(crate) fn emulators(
    session: &Session,
    path: &str,
    targets: &[GoTarget],
    fetching: &Fetching<'_>,
) -> goferry_emulate::HostFacts {
    use goferry_emulate::HostFacts;
    let probe = |path: &str, targets: &[GoTarget]| {
        let path = Some(path.as_ref());
        let mut host = match &session.cache {
            Some(store) => HostFacts::probe_remembering(&session.host, path, targets, &Remembered(store)),
            None => HostFacts::probe(&session.host, path, targets),
        };
        wasm_facts(session, targets, &mut host.wasm);
        host
    };
    let mut host = probe(path, targets);
    host.wine = wine::facts(session, path, targets, fetching);
    for wanted in missing_emulators(session, path, targets, fetching) {
        let qemu = match provide_qemu(wanted, &fetching.fetcher()) {
            Ok(qemu) => qemu,
            Err(d) => {
                // Nothing is fetched while planning; without apt the hint that names the package stands.
                if fetching.may_fetch() && d.code != goferry_report::Code::FetchFailed {
                    session.sink.diagnostic(*d);
                }
                continue;
            }
        };
        let folder = qemu.bin_dir.to_string_lossy().into_owned();
        match wanted.suite {
            // A suite that was named is wanted even if PATH has a qemu.
            Some(_) if fetching.qemu().suite.is_some() => {
                host = HostFacts { wine: host.wine, ..probe(&folder, targets) };
            }
            Some(suite) => {
                let old: Vec<_> = targets.iter().filter(|t| too_old(t, &host, fetching)).copied().collect();
                let origin = format!("of {suite}, because older ones lack vectors that its C code uses");
                let newer = probe(&folder, &old).qemu.into_iter();
                host.qemu.extend(newer.map(|(n, q)| (n, QemuFound { origin: Some(origin.clone()), ..q })));
            }
            None => {
                let dirs = std::env::split_paths(path).chain([qemu.bin_dir]);
                if let Ok(dirs) = std::env::join_paths(dirs) {
                    host = HostFacts { wine: host.wine, ..probe(&dirs.to_string_lossy(), targets) };
                }
            }
        }
    }
    host
}

/// Whether a build of this target may use cgo, as far as the environment says.
fn wants_cc(draft: &Draft<'_>, target: &GoTarget, cgo: &BTreeMap<Program, CgoNeed>) -> bool {
    draft.builds.iter().filter(|b| b.targets.contains(target)).any(|b| {
        let items = b.config.flags.env.iter().chain(b.config.overrides.iter().flat_map(|o| &o.flags.env));
        // A template may say anything; what is switched off in so many words needs no compiler fetched for it.
        let may_be_on = |t: &Text| t.value.trim().strip_prefix("CGO_ENABLED=").is_some_and(|v| v != "0");
        let configured = items.into_iter().any(may_be_on);
        configured
            || draft.env.get("CGO_ENABLED").is_some_and(|v| v == "1")
            || cgo.get(&b.program(*target)).is_some_and(|n| n.needed)
    })
}

/// Whether a build of this target names zig as its compiler: `CC=zig cc -target …`.
fn names_zig(draft: &Draft<'_>, target: GoTarget) -> bool {
    let builds = draft.builds.iter().filter(|b| b.targets.contains(&target));
    let mut items = builds
        .flat_map(|b| b.config.flags.env.iter().chain(b.config.overrides.iter().flat_map(|o| &o.flags.env)));
    items.any(|t| t.value.trim_start().starts_with("CC=zig "))
}

/// Whether the C++ compiler may be needed: where goferry did not look into the packages, it may.
fn needs_cxx(cgo: &BTreeMap<Program, CgoNeed>, draft: &Draft<'_>, target: GoTarget) -> bool {
    let mut builds = draft.builds.iter().filter(|b| b.targets.contains(&target));
    builds.any(|b| cgo.get(&b.program(target)).is_none_or(|n| n.cxx))
}

/// For builds that leave CGO_ENABLED open without a .goreleaser.yaml: who needs cgo. Remembered by what the go command
/// would look at: go.mod, go.sum and the heads (package, constraints, imports) of all Go files.
fn cgo_needs(
    session: &Session,
    project: &Project,
    draft: &Draft<'_>,
    go_path: &Path,
    identity: &GoIdentity,
) -> BTreeMap<Program, CgoNeed> {
    let mut out = BTreeMap::new();
    let open: Vec<_> = draft.open_cgo().collect();
    if open.is_empty() {
        return out;
    }
    let key = heads_key(project, identity, draft, &open);
    if let Some(cache) = &session.cache
        && let Ok(Some(record)) = cache.lookup(&key)
        && let Ok(list) = serde_json::from_value::<Vec<(Program, bool, bool, String)>>(record.value)
    {
        return list
            .into_iter()
            .map(|(program, needed, cxx, reason)| (program, CgoNeed { needed, cxx, reason }))
            .collect();
    }
    let go = Go { path: go_path.to_owned(), version: identity.go_version(), env: go::GoEnv::default() };
    let work: Vec<_> = open.iter().flat_map(|b| b.targets.iter().map(move |t| (*b, *t))).collect();
    let results: Vec<_> = std::thread::scope(|s| {
        let halves: Vec<_> = work
            .chunks(work.len().div_ceil(2).max(1))
            .map(|half| {
                let go = &go;
                s.spawn(move || {
                    half.iter()
                        .map(|(b, t)| (b.program(*t), need(session, project, go, b, *t)))
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        halves.into_iter().flat_map(|h| h.join().unwrap_or_default()).collect()
    });
    let sure = results.iter().all(|(_, need)| need.is_ok()) && results.len() == work.len();
    for (program, need) in results {
        out.insert(program, need.unwrap_or_else(|n| n));
    }
    // What go list could not say this time is asked again the next time.
    if let (Some(cache), true) = (&session.cache, sure) {
        let list: Vec<_> = out.iter().map(|(p, n)| (p, n.needed, n.cxx, &n.reason)).collect();
        // A cache that cannot be written costs time, not correctness.
        let _ = cache.record(&key, &list);
    }
    out
}

/// Whether a main package needs cgo; as an error the assumption where the go command could not say.
fn need(
    session: &Session,
    project: &Project,
    go: &Go,
    build: &DraftBuild,
    target: GoTarget,
) -> Result<CgoNeed, CgoNeed> {
    let tags: Vec<String> = build.config.flags.tags.iter().flatten().map(|t| t.value.clone()).collect();
    let patterns = [build.main.clone()];
    let dir = project.root.join(&build.dir);
    package_need(session, go, &Packages { dir: &dir, patterns: &patterns, tags: &tags, flags: &[] }, target)
}

/// Packages in a folder.
#[derive(Clone, Copy)]
pub(crate) struct Packages<'a> {
    pub(crate) dir: &'a Path,
    pub(crate) patterns: &'a [String],
    pub(crate) tags: &'a [String],
    /// Further flags of go list: `-test`, `-mod=vendor`.
    pub(crate) flags: &'a [String],
}

/// The same for packages in a folder.
pub(crate) fn package_need(
    session: &Session,
    go: &Go,
    what: &Packages<'_>,
    target: GoTarget,
) -> Result<CgoNeed, CgoNeed> {
    let Packages { dir, patterns, tags, flags } = *what;
    let query = ListQuery { dir, target: Some(target), patterns, tags, flags, cgo: false, env: &[] };
    let list = |cgo: bool| go.list_packages(&session.host, &ListQuery { cgo, ..query });
    let no = |reason: &str| CgoNeed { needed: false, cxx: false, reason: reason.to_owned() };
    let Ok(with) = list(true) else { return Err(no("the packages could not be listed")) };
    // The common case: nothing outside the standard library has cgo files, so there is nothing to lose.
    if !with.iter().any(|p| !p.standard && (!p.cgo_files.is_empty() || p.error.is_some())) {
        return Ok(no("no package outside the standard library uses cgo"));
    }
    let Ok(without) = list(false) else { return Err(no("the packages could not be listed without cgo")) };
    let cxx = with.iter().any(|p| !p.standard && !p.cxx_files.is_empty());
    if let go::CgoNeed::Yes { reason } = go::cgo_need(&with, &without) {
        return Ok(CgoNeed { needed: true, cxx, reason });
    }
    let doubtful = go::in_doubt(&with, &without);
    if !doubtful.is_empty()
        && go.compiles(&session.host, &ListQuery { patterns: &doubtful, ..query }).is_err()
    {
        let reason = format!("{} does not compile without its cgo files", doubtful.join(" or "));
        return Ok(CgoNeed { needed: true, cxx, reason });
    }
    Ok(no("every package that uses cgo also builds without"))
}

fn heads_key(
    project: &Project,
    identity: &GoIdentity,
    draft: &Draft<'_>,
    open: &[&goferry_plan::DraftBuild],
) -> goferry_cache::Key {
    let mut key = KeyBuilder::new("cgo-need/4");
    key.text("go", &format!("{identity:?}"));
    key.list(
        "env",
        draft.env.iter().filter(|(k, _)| goferry_build::is_key_variable(k)).map(|(k, v)| format!("{k}={v}")),
    );
    for b in open {
        key.list("build", [b.id.as_str(), b.dir.as_str(), b.main.as_str()]);
        key.list("tags", b.config.flags.tags.iter().flatten().map(|t| t.value.clone()));
        key.list("targets", b.targets.iter().map(ToString::to_string));
    }
    match &project.module {
        Some(m) => {
            key.text("module", &m.sum);
        }
        None => {
            let dirs: Vec<_> = match &project.roots {
                Some(r) => r.dirs.iter().cloned().collect(),
                None => vec![project.root.clone()],
            };
            if let Some(work) = project.roots.as_ref().and_then(|r| r.work_file.as_ref()) {
                key.bytes("go.work", &std::fs::read(work).unwrap_or_default());
            }
            for dir in dirs {
                heads(&dir, &mut key);
            }
        }
    }
    key.finish()
}

/// The head of every Go file below a folder; other folders' heads come from their own roots.
fn heads(dir: &Path, key: &mut KeyBuilder) {
    let mut entries: Vec<_> = std::fs::read_dir(dir).into_iter().flatten().flatten().collect();
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for e in entries {
        let name = e.file_name().to_string_lossy().into_owned();
        let path = e.path();
        match e.file_type() {
            Ok(t)
                if t.is_dir()
                    && !name.starts_with(['.', '_'])
                    && name != "testdata"
                    && name != "node_modules" =>
            {
                heads(&path, key);
            }
            Ok(t) if t.is_file() && (name == "go.mod" || name == "go.sum" || name == "modules.txt") => {
                key.bytes(path.to_string_lossy(), &std::fs::read(&path).unwrap_or_default());
            }
            Ok(t) if t.is_file() && name.ends_with(".go") && !name.ends_with("_test.go") => {
                let head = std::fs::read(&path).ok().and_then(|s| gosource::scan_header(&s));
                key.text(path.to_string_lossy(), &format!("{head:?}"));
            }
            _ => {}
        }
    }
}
