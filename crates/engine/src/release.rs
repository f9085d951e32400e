//! The recipe of `goferry release` and `goferry build`: plan, take dist, hooks, hash, run the steps, write the records.

use crate::dist::{Dist, failure};
use crate::preconditions::{self, Ready};
use crate::prepare::{Prepared, prepare};
use crate::scanning::{Incident, Scanned};
use crate::session::{Request, Session};
use crate::steps::{Execution, Scan, lock};
use crate::summary::Summary;
use crate::{history, inputs, metadata, schedule};
use goferry_plan::facts::SourceKind;
use goferry_plan::graph::{Action, HookSpec};
use goferry_proc::{CommandSpec, Spawner};
use goferry_report::{Code, Diagnostic, Diagnostics, Event, StepState};
use goferry_toolchain::gomod::{GoMod, InputRoots};
use goferry_toolchain::main_version::main_version;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, RwLock};
use std::time::Instant;

/// How a run ended.
pub struct Outcome {
    /// What was made.
    pub summary: Summary,
    /// What went wrong; empty if nothing did.
    pub failures: Diagnostics,
    /// The local folders that builds read; none for a module from the cache.
    pub roots: Option<InputRoots>,
    /// What became of each target.
    pub record: history::Record,
}

/// Runs a release or a build.
///
/// # Errors
/// Everything that stops it before a step runs. Steps that fail are in [`Outcome::failures`].
pub fn release(session: &Session, request: &Request) -> Result<Outcome, Diagnostics> {
    let begun = Instant::now();
    let mut prepared = checked(session, request)?;
    say_plan(session, request, &prepared);
    let ready =
        preconditions::look(session, &prepared, !prepared.before.is_empty(), request.run_instructions)?;
    let dist_path = crate::templates::clean(&session.cwd.join(&prepared.plan.project.dist));
    guard_dist(&dist_path, session)?;
    if session.host.cancel().is_cancelled() {
        return Err(Diagnostic::error(Code::Interrupted, "interrupted before anything was written").into());
    }
    let dist = Dist::take(&dist_path, request.clean)?;
    let result = whole(session, request, &mut prepared, ready, dist, begun);
    remember(session, request, &prepared, &result, begun);
    result
}

/// From the first hook to the last.
fn whole(
    session: &Session,
    request: &Request,
    prepared: &mut Prepared,
    mut ready: Ready,
    dist: Dist,
    begun: Instant,
) -> Result<Outcome, Diagnostics> {
    if run_hooks(session, prepared, &prepared.before)? {
        // Hooks may have changed anything, so everything is looked at again.
        let again = Request {
            dirty_before_hooks: Some(prepared.plan.project.vcs.dirty),
            copied_to: prepared.copy.as_ref().map(|_| prepared.project.root.clone()),
            ..request.clone()
        };
        let copy = prepared.copy.take();
        *prepared = checked(session, &again)?;
        prepared.copy = copy;
        ready = preconditions::look(session, prepared, false, request.run_instructions)?;
    }
    let dist_path = dist.path().to_owned();
    let temp = scratch(&dist_path)?;
    let outcome = execute(session, request, prepared, ready, (&dist_path, temp.path()), begun)?;
    if outcome.failures.list.is_empty() {
        run_hooks(session, prepared, &prepared.after)?;
        dist.finish()?;
    }
    Ok(outcome)
}

/// Adds a release to the records. A run that its user stopped is none, and neither is one that could not be planned.
fn remember(
    session: &Session,
    request: &Request,
    prepared: &Prepared,
    result: &Result<Outcome, Diagnostics>,
    begun: Instant,
) {
    let millis = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    if request.command != "release" || !request.record || session.host.cancel().is_cancelled() {
        return;
    }
    let record = match result {
        Ok(outcome) => outcome.record.clone(),
        Err(problems) => history::of_failure(&prepared.plan, &session.version, problems, millis),
    };
    let Some(folder) = history::folder(&session.env) else { return };
    if let Err(e) = history::append(&folder, &record) {
        session.sink.note(format!("the release is not in the statistics: {}: {e}", folder.display()));
    }
}

fn checked(session: &Session, request: &Request) -> Result<Prepared, Diagnostics> {
    let mut prepared = prepare(session, request)?;
    let problems = std::mem::take(&mut prepared.problems);
    if problems.has_errors() {
        return Err(problems);
    }
    for d in problems.list {
        session.sink.diagnostic(d);
    }
    Ok(prepared)
}

fn say_plan(session: &Session, request: &Request, prepared: &Prepared) {
    let p = &prepared.plan.project;
    session.sink.event(&Event::RunStarted {
        command: request.command.to_owned(),
        project: p.name.clone(),
        version: p.version.clone(),
    });
    for note in &prepared.plan.notes {
        session.sink.note(note.clone());
    }
    let mut targets: Vec<_> = prepared.plan.steps.iter().filter_map(|s| s.target).collect();
    targets.sort_unstable();
    targets.dedup();
    session.sink.event(&Event::PlanReady { steps: prepared.plan.steps.len(), targets: targets.len() });
}

/// Cleaning must never remove the project, what lies above it, or files that git tracks.
fn guard_dist(dist: &Path, session: &Session) -> Result<(), Diagnostics> {
    let refuse = |what: String| {
        Err(Diagnostic::error(Code::ConfigValue, what).hint("choose a folder of its own, e.g. dist").into())
    };
    let real = |p: &Path| p.canonicalize().unwrap_or_else(|_| p.to_owned());
    if real(&session.cwd).starts_with(real(dist)) {
        return refuse(format!("dist is {}, which holds the project itself", dist.display()));
    }
    if dist.symlink_metadata().is_ok_and(|m| m.is_symlink()) {
        return refuse(format!(
            "dist is {}, a symbolic link: what it points to would be emptied",
            dist.display()
        ));
    }
    // What an earlier run left needs no question; anything else might be the project's own.
    let ours = ["artifacts.json", ".goferry-incomplete"].iter().any(|f| dist.join(f).exists());
    if ours || !dist.is_dir() {
        return Ok(());
    }
    let tracked =
        CommandSpec::new("ask git for tracked files", "git").args(["ls-files", "--", "."]).cwd(dist);
    match session.host.run(&tracked) {
        Ok(done) if done.status.success() && !done.stdout.is_empty() => {
            refuse(format!("dist is {}, and git tracks files in it", dist.display()))
        }
        _ => Ok(()),
    }
}

/// A folder for temporary files beside the output, so that renames stay on one file system.
fn scratch(dist: &Path) -> Result<tempfile::TempDir, Diagnostics> {
    tempfile::Builder::new()
        .prefix(".goferry-tmp-")
        .tempdir_in(dist)
        .map_err(|e| Diagnostics::from(*failure(dist, &e)))
}

/// Runs hooks one after another; says whether there were any.
fn run_hooks(session: &Session, prepared: &Prepared, hooks: &[HookSpec]) -> Result<bool, Diagnostics> {
    for h in hooks {
        let step = format!("hook `{}`", h.line);
        let line = |l: &str| session.sink.event(&Event::Output { step: step.clone(), line: l.to_owned() });
        session.sink.event(&Event::StepStarted { step: step.clone(), stage: "hook", target: None });
        let begun = Instant::now();
        let root = &prepared.project.root;
        let result = goferry_build::run_hook(h, &session.host, root, &prepared.env, &[], &line);
        session.sink.event(&Event::StepFinished {
            step: step.clone(),
            stage: "hook",
            target: None,
            state: if result.is_ok() { StepState::Done } else { StepState::Failed },
            millis: u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
            detail: String::new(),
        });
        result.map_err(|e| Diagnostics::from(e.diagnostic()))?;
    }
    Ok(!hooks.is_empty())
}

fn execute(
    session: &Session,
    request: &Request,
    prepared: &Prepared,
    ready: Ready,
    (dist, temp): (&Path, &Path),
    begun: Instant,
) -> Result<Outcome, Diagnostics> {
    let Some(host) = &prepared.host else {
        return Err(Diagnostic::error(Code::GoMissing, "the go command is missing").into());
    };
    // While the run goes on, git must not see its own output: Go would stamp the binaries as dirty.
    let ignore = dist.join(".gitignore");
    std::fs::write(&ignore, "*\n").map_err(|e| Diagnostics::from(*failure(&ignore, &e)))?;
    let inputs = inputs::gather(session, &prepared.project, &host.go, &prepared.env, dist).map_err(|e| {
        Diagnostics::from(Diagnostic::error(Code::Io, format!("the sources could not be hashed: {e}")))
    })?;
    if let Some(why) = &inputs.outside.too_much {
        session.sink.note(format!("no build is taken from the cache: {why}"));
    }
    let execution = Execution {
        session,
        project: &prepared.project,
        plan: &prepared.plan,
        sources: &prepared.sources,
        go: &host.go,
        dist,
        inputs: &inputs,
        runners: &host.runners,
        compilers: &host.compilers,
        env: &prepared.env,
        request,
        fields: &prepared.fields,
        main_versions: derived_versions(prepared, host, dist).unwrap_or_default(),
        gomodcache: gomodcache(session, &prepared.plan.project.build_from)?,
        temp: temp.to_owned(),
        values: Mutex::new(HashMap::new()),
        times: Mutex::new(HashMap::new()),
        failures: Mutex::new(Diagnostics::default()),
        blocked: Mutex::default(),
        warned: Mutex::default(),
        stored: Mutex::default(),
        keys: ready.keys,
        scanner: ready.scanner,
        scans: Mutex::default(),
        proofs: Mutex::default(),
        boms: crate::steps::sbom::Boms::default(),
        alone: RwLock::new(()),
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let jobs = schedule::jobs(session.parallelism, cores, goferry_proc::available_memory());
    schedule::run(
        &prepared.plan,
        jobs,
        request.fail_fast,
        &|s| !session.host.cancel().is_cancelled() && execution.run(s),
        &|s| {
            lock(&execution.times).insert(s.id.clone(), (StepState::Dropped, 0));
        },
    );
    if session.host.cancel().is_cancelled() {
        return Err(Diagnostic::error(
            Code::Interrupted,
            "interrupted; the output folder is unfinished and the next run starts over",
        )
        .into());
    }
    forget_if_changed(session, prepared, host, &execution)?;
    tell_of_vulnerabilities(prepared, &execution);
    metadata::write(&execution)?;
    std::fs::remove_file(&ignore).map_err(|e| Diagnostics::from(*failure(&ignore, &e)))?;
    if lock(&execution.failures).list.is_empty() {
        deliver(request, &execution)?;
    }
    if let Some(store) = &session.cache {
        // Only looks at one small file while the store is under its limit.
        let _ = store.evict();
    }
    let failures = lock(&execution.failures).clone();
    let millis = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    session.sink.event(&Event::RunFinished { ok: failures.list.is_empty(), millis });
    let mut roots = prepared.project.roots.clone();
    if let Some(r) = &mut roots {
        r.dirs.extend(inputs.outside.paths.iter().filter(|p| p.is_dir()).cloned());
    }
    let record = history::of_execution(&execution, millis);
    Ok(Outcome { summary: Summary::of(&execution, millis), failures, roots, record })
}

/// The alert, if vulnerabilities stopped the release; a warning, if they would have with `[scan]`.
fn tell_of_vulnerabilities(prepared: &Prepared, cx: &Execution<'_>) {
    let Ok(scanner) = &cx.scanner else { return };
    let mut scanned = scanned(cx);
    let planned = cx.plan.steps.iter().filter(|s| matches!(s.action, Action::Scan(_))).count();
    // Accepted vulnerabilities that no binary has, if every binary was scanned.
    if scanned.len() == planned {
        scanner.unused(&scanned).into_iter().for_each(|d| cx.session.sink.diagnostic(d));
    }
    scanned.retain(|s| s.report.blocks());
    if scanned.is_empty() {
        return;
    }
    let p = &cx.plan.project;
    if !scanner.is_gate() {
        let mut ids: Vec<&str> =
            scanned.iter().flat_map(|s| s.report.blocking.iter().map(String::as_str)).collect();
        ids.sort_unstable();
        ids.dedup();
        let more = ids.len().saturating_sub(10);
        let named = ids[..ids.len().min(10)].join(", ")
            + &if more > 0 { format!(" and {more} more") } else { String::new() };
        let d = Diagnostic::warning(Code::Vulnerable, format!("known vulnerabilities are linked: {named}"));
        cx.session.sink.diagnostic(
            d.hint_with("to see them:", format!("goferry scan {}", p.dist))
                .hint_with("to stop such releases, in goferry.toml:", "[scan]"),
        );
    } else if let Some(alert) = &prepared.config.alert {
        let incident = Incident {
            title: format!("{} {}", p.name, p.version),
            scanned: &scanned,
            fields: prepared.fields.clone(),
        };
        crate::scanning::alert(cx.session, alert, &incident);
    }
}

fn scanned(cx: &Execution<'_>) -> Vec<Scanned> {
    let of = |scan: &Scan| match scan {
        Scan::Scanned(s) => Some((**s).clone()),
        Scan::NotScanned { .. } => None,
    };
    lock(&cx.scans).values().filter_map(of).collect()
}

/// Files that changed while the run went on may be in some binaries and not in the digest that keys them: such results
/// are not kept.
fn forget_if_changed(
    session: &Session,
    prepared: &Prepared,
    host: &crate::host::Host,
    execution: &Execution<'_>,
) -> Result<(), Diagnostics> {
    let stored = lock(&execution.stored).clone();
    let (Some(store), false) = (&session.cache, stored.is_empty()) else { return Ok(()) };
    let now =
        inputs::gather(session, &prepared.project, &host.go, &prepared.env, execution.dist).map_err(|e| {
            Diagnostics::from(Diagnostic::error(Code::Io, format!("the sources could not be hashed: {e}")))
        })?;
    if now.sources != execution.inputs.sources {
        stored.iter().for_each(|key| store.forget(key));
        session
            .sink
            .note("files changed while the release ran: its results are not kept in the cache".to_owned());
    }
    Ok(())
}

/// `-o`: copies the only binary to where the user wants it.
fn deliver(request: &Request, execution: &Execution<'_>) -> Result<(), Diagnostics> {
    let Some(output) = &request.output else { return Ok(()) };
    let values = lock(&execution.values);
    let built: Vec<PathBuf> = values
        .values()
        .filter_map(|v| match v {
            crate::steps::StepValue::Verified(v) => Some(v.built().path().to_owned()),
            _ => None,
        })
        .collect();
    let [only] = built.as_slice() else {
        return Err(Diagnostic::error(
            Code::ConfigValue,
            format!("-o takes one binary, and this build makes {}", built.len()),
        )
        .hint_with("choose one:", "--single-target --id ID")
        .into());
    };
    let to = execution.session.cwd.join(output);
    std::fs::copy(only, &to).map(drop).map_err(|e| Diagnostics::from(*failure(&to, &e)))
}

/// The versions that Go may stamp into this checkout, by Go's own rule. None where it cannot be foretold: a toolchain that
/// GOTOOLCHAIN may have switched, or no git at all.
fn derived_versions(prepared: &Prepared, host: &crate::host::Host, dist: &Path) -> Option<Vec<String>> {
    let module = prepared.project.facts.module_path.clone()?;
    let git = prepared.project.git.as_ref()?;
    let mut facts = git.main_version_facts();
    facts.go_minor = host.go.go_version().minor;
    facts.vcs &= !host.facts.buildvcs_off;
    facts.module = module;
    // git does not see the output folder while the run goes on.
    let output = dist.strip_prefix(&git.root).unwrap_or(dist);
    facts.dirty = git.status.iter().any(|s| !Path::new(&s.path).starts_with(output));
    let root_mod = git.root.join("go.mod");
    facts.root_module = GoMod::read(&root_mod).map(|m| m.module).unwrap_or_default();
    let committed = |path: &Path| {
        let relative = path.strip_prefix(&git.root).unwrap_or(path).to_string_lossy().into_owned();
        !git.status.iter().any(|s| s.path == relative && (s.code.contains('?') || s.code.contains('A')))
    };
    facts.root_gomod_committed = root_mod.is_file() && committed(&root_mod);
    let own = prepared.project.roots.as_ref()?.module_root.join("go.mod");
    facts.gomod_committed = committed(&own);
    let mut versions = vec![main_version(&facts)];
    // What build hooks write may make the tree dirty while it is built.
    let hooked =
        |a: &Action| matches!(a, Action::Build(b) if !b.hooks_pre.is_empty() || !b.hooks_post.is_empty());
    if !facts.dirty && prepared.plan.steps.iter().any(|s| hooked(&s.action)) {
        facts.dirty = true;
        versions.push(main_version(&facts));
    }
    Some(versions)
}

/// The user's module cache: from the environment, else from the go command (a module from the proxy only).
fn gomodcache(session: &Session, build_from: &SourceKind) -> Result<String, Diagnostics> {
    if *build_from == SourceKind::Checkout {
        return Ok(String::new());
    }
    let path = session.path();
    let go = goferry_toolchain::go::Go::locate(&session.host, path.as_ref(), &session.cwd)?;
    Ok(go.env.gomodcache)
}
