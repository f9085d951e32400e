//! `goferry targets`: every pair with its compiler, C library and runner; and, tried out, what was built and ran.

use crate::compilers::FetchRules;
use crate::session::Session;
use crate::toolset::{self, State, ToolRow};
use crate::{exec, run};
use goferry_proc::{CommandSpec, Env, Limits, Spawner};
use goferry_report::Diagnostics;
use goferry_target::{GoTarget, Linking, Os};
use goferry_toolchain::provide::Libc;
use serde::Serialize;
use std::path::Path;
use std::time::Duration;

/// A program that uses C's library and Go's network code.
const PROGRAM: &str = include_str!("targets/main.go.txt");

/// One pair.
#[derive(Clone, Debug, Serialize)]
pub struct TargetRow {
    /// Toolchain and runner.
    #[serde(flatten)]
    pub tool: ToolRow,
    /// GOOS/GOARCH variant that is in force, `GOARM=7`.
    pub variant: Option<String>,
    /// Name as goreleaser writes it.
    pub name: String,
    /// Whether pure Go links without a C toolchain.
    pub links_without_c: bool,
    /// C library of cgo programs; empty without cgo.
    pub libc: String,
}

/// All of them, or these.
///
/// # Errors
/// A configuration or a lock that cannot be read.
pub fn list(session: &Session, targets: &[GoTarget]) -> Result<Vec<TargetRow>, Diagnostics> {
    let mut all = targets.to_vec();
    if all.is_empty() {
        all.extend(GoTarget::all());
        // The other levels of ARM are other compilers.
        all.extend(["linux/arm/v5", "linux/arm/v7"].iter().filter_map(|t| t.parse::<GoTarget>().ok()));
        all.sort();
    }
    let need = toolset::needs(session, &all)?;
    let rows = toolset::list(session, &need)?;
    let row = |tool: ToolRow| {
        let t = tool.target;
        let libc = need.compilers.iter().find(|w| w.target == t);
        let libc = libc.map(|w| library(t, if tool.cc.starts_with("zig") { w.zig_libc() } else { w.libc }));
        let variant = t.arch.variant().zip(t.arch.variant_env()).map(|(v, name)| format!("{name}={v}"));
        TargetRow {
            variant,
            name: t.goreleaser_name(),
            links_without_c: t.facts().is_some_and(|f| f.linking == Linking::Internal),
            libc: libc.filter(|_| tool.state != State::None).unwrap_or_default(),
            tool,
        }
    };
    Ok(rows.into_iter().map(row).collect())
}

fn library(target: GoTarget, libc: Libc) -> String {
    match (target.os, libc) {
        (Os::Linux, Libc::Musl) => "musl, static".to_owned(),
        (Os::Linux, Libc::Gnu { floor: Some((a, b)) }) => format!("glibc {a}.{b}"),
        (Os::Linux, _) => "glibc".to_owned(),
        (Os::Darwin, _) => "libSystem".to_owned(),
        (Os::Windows, _) => "mingw-w64".to_owned(),
        _ => "the system's".to_owned(),
    }
}

/// What came of building and running a small cgo program.
#[derive(Clone, Debug, Serialize)]
pub struct Tried {
    /// The pair.
    pub row: TargetRow,
    /// `yes`, or why not.
    pub built: String,
    /// `yes`, or why not.
    pub ran: String,
}

/// Builds a cgo program for each target (pure Go where there is no compiler) and runs it where something does.
///
/// # Errors
/// As [`list`]; a temporary folder that cannot be written.
pub fn try_out(session: &Session, targets: &[GoTarget]) -> Result<Vec<Tried>, Diagnostics> {
    let dir = tempfile::tempdir().map_err(|e| crate::dist::failure(&std::env::temp_dir(), &e))?;
    let write = |name: &str, text: &str| {
        let path = dir.path().join(name);
        std::fs::write(&path, text).map_err(|e| crate::dist::failure(&path, &e))
    };
    write("go.mod", "module example.com/targets\n\ngo 1.24\n")?;
    write("main.go", PROGRAM)?;
    write("cgo.go", include_str!("targets/cgo.go.txt"))?;
    write("pure.go", include_str!("targets/pure.go.txt"))?;
    let rows = list(session, targets)?;
    Ok(rows.into_iter().map(|row| try_one(session, dir.path(), row)).collect())
}

fn try_one(session: &Session, dir: &Path, mut row: TargetRow) -> Tried {
    let t = row.tool.target;
    session.sink.note(format!("fetching and building for {t}"));
    let out = dir.join(format!("program-{}", t.to_string().replace('/', "-")));
    let rules = FetchRules { may_fetch: true, ..FetchRules::default() };
    let cgo = row.tool.state != State::None;
    let env = match cgo {
        true => toolset::environment(session, t, rules, false),
        false => Ok(toolset::plain_environment(t)),
    };
    let built = env.map_err(|d| first(&d)).and_then(|env| {
        let mut all = session.env.clone();
        let path = all.get("PATH").cloned().unwrap_or_default();
        let dirs = env.path.iter().cloned().chain(std::env::split_paths(&path));
        if let Ok(joined) = std::env::join_paths(dirs) {
            all.insert("PATH".to_owned(), joined.to_string_lossy().into_owned());
        }
        all.extend(env.set);
        let spec = CommandSpec {
            env: Env::Exactly(all.into_iter().collect()),
            cwd: Some(dir.to_owned()),
            ..CommandSpec::new(format!("go build for {t}"), "go").args(["build", "-o"]).arg(&out).arg(".")
        };
        match session.host.run(&spec) {
            Ok(done) if done.status.success() => Ok(()),
            Ok(done) => Err(done.stderr_text().lines().last().unwrap_or("it failed").to_owned()),
            Err(e) => Err(e.to_string()),
        }
    });
    if let Err(why) = built {
        return Tried { row, built: why, ran: "no".to_owned() };
    }
    let (Ok(ready), Ok(own)) = (run::program(session, t, out.to_str(), None), std::env::current_exe()) else {
        let ran = "no".to_owned();
        return Tried { row, built: in_words(cgo), ran };
    };
    // It may have been fetched just now.
    row.tool.runner = Some(ready.runner.label());
    let ran = start(session, &own, t, &ready, cgo);
    Tried { row, built: in_words(cgo), ran }
}

fn in_words(cgo: bool) -> String {
    if cgo { "yes, with cgo" } else { "yes, without cgo" }.to_owned()
}

/// By `goferry exec`, as any program is run: what it could do there, in its own words.
fn start(session: &Session, own: &Path, target: GoTarget, ready: &run::Ready, cgo: bool) -> String {
    let spec = CommandSpec::new(format!("run for {target}"), own)
        .args(exec::command_line(&target, &ready.runner, ready.sysroot.as_deref()))
        .arg(&ready.file)
        .limits(Limits::wall(Duration::from_secs(60)));
    let wanted =
        format!("{} {} {}", target.os.goos(), target.arch.goarch(), if cgo { "cgo 3" } else { "pure 3" });
    match session.host.run(&spec) {
        Ok(done) if done.status.success() && done.stdout_text().starts_with(&wanted) => {
            let could = done.stdout_text()[wanted.len()..].trim().replace(' ', ", ");
            format!("yes: {could}")
        }
        Ok(done) => {
            format!("NO: {} {}", done.stdout_text().trim(), done.stderr_text().lines().next().unwrap_or(""))
        }
        Err(e) => format!("NO: {e}"),
    }
}

fn first(problems: &Diagnostics) -> String {
    problems.list.first().map(|d| d.message.clone()).unwrap_or_default()
}
