//! wine for Windows programs: the one on PATH if it is new enough, else the one that was fetched.
//!
//! Owns: when it is fetched. A release takes what is there and fetches none, because it is hundreds of megabytes; `run`,
//! `exec`, `test` and `toolchain install TARGET` ask for it by name. Must not: know packages.

use crate::compilers::Fetching;
use crate::session::Session;
use crate::toolset::Need;
use goferry_cache::Digest;
use goferry_emulate::{HostFacts, Runner, WineFacts, WineFound, choose_runner, wine_too_old, wine_version};
use goferry_plan::facts::RunnerFact;
use goferry_proc::{CommandSpec, Limits, Spawner, find_program};
use goferry_report::{Code, Diagnostic};
use goferry_target::{ArchKind, GoTarget, Os};
use goferry_toolchain::provide::{Fetcher, ProvidedWine, provide_wine};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

fn is_ours(target: &GoTarget) -> bool {
    let kind = matches!(target.arch.kind(), ArchKind::Amd64 | ArchKind::I386);
    Os::host() == Some(Os::Linux) && target.os == Os::Windows && kind
}

fn with_386(targets: &[GoTarget]) -> bool {
    targets.iter().any(|t| is_ours(t) && t.arch.kind() == ArchKind::I386)
}

/// What is here for these targets; nothing is fetched.
pub(crate) fn facts(
    session: &Session,
    path: &str,
    targets: &[GoTarget],
    fetching: &Fetching<'_>,
) -> WineFacts {
    if !targets.iter().any(is_ours) {
        return WineFacts::default();
    }
    let mut facts = on_path(session, path);
    let enough = |w: &WineFound| w.runs_386 || !with_386(targets);
    if !facts.found.as_ref().is_some_and(enough) {
        let fetcher = Fetcher { may_fetch: false, mend: false, refresh: false, ..fetching.fetcher() };
        let kinds: &[bool] = if with_386(targets) { &[true, false] } else { &[false, true] };
        for i386 in kinds {
            match provide_wine(*i386, &fetcher) {
                Ok(w) => {
                    facts.found = Some(found(&w));
                    break;
                }
                // It is there and must not be used: that is not the same as having none.
                Err(d) if d.code == Code::ToolchainDamaged => {
                    session.sink.diagnostic(*d.clone());
                    return WineFacts { found: None, refused: Some(d.message) };
                }
                Err(_) => {}
            }
        }
    }
    facts
}

fn found(w: &ProvidedWine) -> WineFound {
    let suite = w.entries.first().map(|e| e.suite.as_str()).unwrap_or_default();
    WineFound {
        path: w.program.clone(),
        version: w.version.clone(),
        digest: w.identity.clone(),
        seed: Some(w.seed.clone()),
        prefix: None,
        runs_386: w.runs_386,
        origin: format!("of {suite}, fetched"),
    }
}

fn on_path(session: &Session, path: &str) -> WineFacts {
    let program = |name| find_program(name, Some(path.as_ref()), Path::new("/"));
    let Some(wine) = program("wine64").or_else(|| program("wine")) else { return WineFacts::default() };
    let spec = CommandSpec::new("asking wine for its version", &wine)
        .arg("--version")
        .limits(Limits::wall(Duration::from_secs(10)));
    let said = session.host.run(&spec).ok().filter(|d| d.status.success());
    let Some(version) = said.and_then(|d| wine_version(&d.stdout_text())) else {
        return WineFacts { found: None, refused: Some(format!("{} says no version", wine.display())) };
    };
    if let Some(why) = wine_too_old(&version) {
        return WineFacts { found: None, refused: Some(why) };
    }
    let digest = Digest::of_file(&wine).map(|d| d.to_hex()).unwrap_or_default();
    // A C: of goferry's, not the user's own.
    let prefix = session.tools.as_ref().map(|t| t.join("wine").join(format!("path-{version}")));
    let made = prefix.as_deref().and_then(Path::parent).is_some_and(|p| std::fs::create_dir_all(p).is_ok());
    // Where distributions keep the 32-bit parts.
    let parts =
        ["/usr/lib/wine", "/usr/lib64/wine", "/usr/lib/i386-linux-gnu/wine", "/opt/wine-stable/lib/wine"];
    let runs_386 = parts.iter().any(|p| Path::new(p).join("i386-windows/ntdll.dll").is_file());
    let origin = "found on PATH".to_owned();
    let digest = format!("{version} {digest}");
    WineFacts {
        found: Some(WineFound {
            path: wine,
            version,
            digest,
            seed: None,
            prefix: prefix.filter(|_| made),
            runs_386,
            origin,
        }),
        refused: None,
    }
}

/// Fetches wine for a target that is to run, if nothing else runs it.
///
/// # Errors
/// What fetching says.
pub(crate) fn fetch_if_missing(
    target: &GoTarget,
    host: &mut HostFacts,
    fetching: &Fetching<'_>,
) -> Result<(), Box<Diagnostic>> {
    if !is_ours(target) || !fetching.may_fetch() || choose_runner(target, host).runner.is_some() {
        return Ok(());
    }
    let wine = provide_wine(with_386(std::slice::from_ref(target)), &fetching.fetcher());
    let wine = wine.map_err(|mut d| {
        d.notes.extend(host.wine.refused.clone());
        d
    })?;
    host.wine.found = Some(found(&wine));
    Ok(())
}

/// Fetches wine for targets that were named; not because a project has Windows among its own.
///
/// # Errors
/// What fetching says.
pub(crate) fn install(
    session: &Session,
    path: &str,
    need: &Need,
    fetching: &Fetching<'_>,
) -> Result<Option<ProvidedWine>, Box<Diagnostic>> {
    let enough = |w: WineFound| w.runs_386 || !with_386(&need.targets);
    if need.whole_project
        || !need.targets.iter().any(is_ours)
        || on_path(session, path).found.is_some_and(enough)
    {
        return Ok(None);
    }
    provide_wine(with_386(&need.targets), &fetching.fetcher()).map(Some)
}

/// Takes wine away where nothing may run that is not kept apart.
pub(crate) fn withhold(facts: &mut BTreeMap<GoTarget, RunnerFact>, runners: &mut BTreeMap<GoTarget, Runner>) {
    for (target, fact) in facts {
        if matches!(runners.get(target), Some(Runner::Wine { .. })) {
            runners.remove(target);
            let reason = "wine cannot be kept apart, which [verify] isolation = \"required\" asks for";
            *fact = RunnerFact::NoRunner { reason: reason.to_owned() };
        }
    }
}
