//! `goferry toolchain`: what each target gets, fetched, locked, and lent to plain go commands.

use crate::args::{ToolEnv, ToolInstall, ToolTarget, ToolTargets, ToolchainAction, ToolchainArgs};
use crate::output::{self, Terminal, data, harmless, talk};
use crate::render::{diagnostics, table};
use crate::sinks::{Manner, Talker};
use crate::watch::Watch;
use crate::{exit, resolve};
use goferry_engine::Session;
use goferry_engine::compilers::FetchRules;
use goferry_engine::toolset::{self, GoEnvironment, Installed, Locks, State};
use goferry_proc::Cancel;
use goferry_report::{Diagnostics, Sink};
use std::process::ExitCode;
use std::sync::Arc;

pub(super) fn run(args: &ToolchainArgs) -> Result<ExitCode, Diagnostics> {
    let cancel = Cancel::new();
    let _watch = Watch::start(&cancel, None);
    let session = session(&cancel)?;
    match &args.action {
        ToolchainAction::List(a) => list(&session, a),
        ToolchainAction::Install(ToolInstall { of, locked }) => {
            let rules = FetchRules { locked: *locked, may_fetch: true, refresh: false };
            install(&session, of, rules)
        }
        ToolchainAction::Update(a) => {
            install(&session, a, FetchRules { locked: false, may_fetch: true, refresh: true })
        }
        ToolchainAction::Path(a) => path(&session, a),
        ToolchainAction::Env(a) => env(&session, a),
    }
}

/// A session that talks in lines on standard error.
pub(super) fn session(cancel: &Arc<Cancel>) -> Result<Session, Diagnostics> {
    let terminal = Terminal { live: false, ..Terminal::detect() };
    let sink: Arc<dyn Sink> = Talker::new(Manner { json: false, verbose: false }, terminal);
    resolve::session(sink, Arc::clone(cancel), true)
}

fn list(session: &Session, args: &ToolTargets) -> Result<ExitCode, Diagnostics> {
    let need = toolset::needs(session, &resolve::targets(&args.targets)?)?;
    let rows = toolset::list(session, &need)?;
    if args.json {
        output::json(&serde_json::json!({ "targets": rows }));
        return Ok(ExitCode::SUCCESS);
    }
    let rows: Vec<Vec<String>> = rows
        .iter()
        .map(|r| {
            let state = match r.state {
                State::OnPath => "on PATH",
                State::Fetched => "fetched",
                State::ToFetch => "to fetch",
                State::None => "none",
            };
            let runner = r.runner.clone().unwrap_or_else(|| "none".to_owned());
            vec![r.target.to_string(), r.cc.clone(), state.to_owned(), runner, harmless(&r.reason)]
        })
        .collect();
    data(&table::draw(&["target", "C compiler", "state", "runner", "why"], &rows));
    Ok(ExitCode::SUCCESS)
}

fn install(session: &Session, args: &ToolTargets, rules: FetchRules) -> Result<ExitCode, Diagnostics> {
    let need = toolset::needs(session, &resolve::targets(&args.targets)?)?;
    let done = toolset::install(session, &need, rules, Locks::Write)?;
    let mut problems = Diagnostics::default();
    for (_, result) in &done.compilers {
        if let Err(d) = result {
            problems.push((**d).clone());
        }
    }
    if args.json {
        output::json(&installed_json(&done, &problems));
        return Ok(exit::of(&problems));
    }
    data(&drawn(&done));
    let terminal = Terminal::detect();
    for d in &problems.list {
        talk(&diagnostics::draw(d, &terminal));
    }
    Ok(exit::of(&problems))
}

fn drawn(done: &Installed) -> String {
    let mut rows: Vec<Vec<String>> = vec![];
    for (target, result) in &done.compilers {
        let Ok(p) = result else { continue };
        let versions: Vec<String> = p
            .entries
            .iter()
            .flat_map(|e| e.files.iter().filter(|f| e.wants.contains(&f.name)))
            .map(|f| format!("{} {}", f.name, f.version))
            .collect();
        let what = if versions.is_empty() { "on PATH".to_owned() } else { versions.join(", ") };
        rows.push(vec![target.to_string(), p.cc.clone(), harmless(&what)]);
    }
    for q in &done.emulators {
        rows.push(vec!["(every)".to_owned(), "qemu-user".to_owned(), q.version.clone()]);
    }
    if let Some(w) = &done.wine {
        let targets = if w.runs_386 { "windows/386, amd64" } else { "windows/amd64" };
        rows.push(vec![targets.to_owned(), "wine".to_owned(), w.version.clone()]);
    }
    let mut out = match rows.is_empty() {
        true => "nothing is needed that is not there\n".to_owned(),
        false => table::draw(&["target", "tool", "from"], &rows),
    };
    if let Some(lock) = &done.lock {
        let name = lock.file_name().unwrap_or_default().to_string_lossy();
        out += &format!("\n{name} is written; keep it in the repository\n");
    }
    out
}

fn installed_json(done: &Installed, problems: &Diagnostics) -> serde_json::Value {
    let compilers: Vec<_> = done
        .compilers
        .iter()
        .filter_map(|(t, r)| r.as_ref().ok().map(|p| (t, p)))
        .map(|(t, p)| {
            serde_json::json!({
                "target": t, "cc": p.cc, "cxx": p.cxx, "ar": p.ar, "path": p.bin_dirs,
                "reason": p.reason, "identity": p.identity, "fetched": p.entries,
            })
        })
        .collect();
    let emulators = done
        .emulators
        .iter()
        .map(|q| serde_json::json!({ "version": q.version, "path": q.bin_dir, "fetched": q.entry }));
    let emulators: Vec<_> = emulators.collect();
    serde_json::json!({
        "compilers": compilers, "emulators": emulators,
        "wine": done.wine.as_ref().map(|w| serde_json::json!({
            "version": w.version, "program": w.program, "runs_386": w.runs_386, "fetched": w.entries,
        })), "lock": done.lock, "diagnostics": problems,
    })
}

fn path(session: &Session, args: &ToolTarget) -> Result<ExitCode, Diagnostics> {
    let target = resolve::target(&args.target)?;
    let rules = FetchRules { locked: args.locked, may_fetch: true, refresh: false };
    let env = toolset::environment(session, target, rules, false)?;
    let dirs: Vec<String> = env.path.iter().map(|p| p.to_string_lossy().into_owned()).collect();
    data(&format!("{}\n", dirs.join(":")));
    if dirs.is_empty() {
        talk("note: the compilers are on PATH already\n");
    }
    Ok(ExitCode::SUCCESS)
}

fn env(session: &Session, args: &ToolEnv) -> Result<ExitCode, Diagnostics> {
    let target = resolve::target(&args.of.target)?;
    let rules = FetchRules { locked: args.of.locked, may_fetch: true, refresh: false };
    let env = toolset::environment(session, target, rules, args.path)?;
    if args.json {
        output::json(&env);
    } else {
        data(&exports(&env));
    }
    Ok(ExitCode::SUCCESS)
}

/// For POSIX shells.
fn exports(env: &GoEnvironment) -> String {
    let mut out = String::new();
    for (name, value) in &env.set {
        out += &format!("export {name}={}\n", quoted(value));
    }
    if !env.path.is_empty() {
        let dirs: Vec<String> = env.path.iter().map(|p| quoted(&p.to_string_lossy())).collect();
        out += &format!("export PATH={}:\"$PATH\"\n", dirs.join(":"));
    }
    out
}

fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+:=,@%".contains(c);
    match text.chars().all(plain) && !text.is_empty() {
        true => text.to_owned(),
        false => format!("'{}'", text.replace('\'', r"'\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_shell_reads() {
        let env = GoEnvironment {
            set: vec![("CC".to_owned(), "zig cc".to_owned()), ("GOOS".to_owned(), "linux".to_owned())],
            path: vec!["/a b/it's".into(), "/c".into()],
        };
        assert_eq!(
            exports(&env),
            "export CC='zig cc'\nexport GOOS=linux\nexport PATH='/a b/it'\\''s':/c:\"$PATH\"\n"
        );
    }
}
