//! One target of a test run: its runner, its compilers, the level that the machine grants, the go command.
//!
//! Owns: what must be there before go test starts. Must not: read the stream.

use super::flags::GoTestArgs;
use crate::compilers::{self, Compilers, Fetching};
use crate::session::Session;
use crate::{exec, host, toolset};
use goferry_emulate::{Load, Runner, uname_program};
use goferry_proc::guest::Level;
use goferry_proc::sandbox::Isolation;
use goferry_proc::{CommandSpec, Env, Limits, Spawner, total_memory};
use goferry_report::{Code, Diagnostic, Diagnostics};
use goferry_target::GoTarget;
use goferry_toolchain::go::{Go, GoEnv};
use goferry_toolchain::provide::Wanted;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Where tests run longer than go test's own ten minutes: under an emulator.
const EMULATED_TIMEOUT: &str = "60m";

/// Processes and threads of one package's tests, unless it was said otherwise.
const PROCESSES: u64 = 4096;

/// What the machine grants to the programs of a target, found by trying.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Granted {
    /// How they are started.
    pub level: Level,
    /// How far they are kept apart.
    pub isolation: Isolation,
    /// Why no emulator could be registered for them, where one is used.
    pub not_registered: Option<String>,
}

/// A target that is ready.
pub(super) struct Ready {
    pub(super) target: GoTarget,
    pub(super) runner: Runner,
    /// None where there is no program to try with.
    pub(super) granted: Option<Granted>,
    go: PathBuf,
    env: BTreeMap<String, String>,
    exec: String,
    /// Whether go test gets a longer time limit than its own.
    timeout: bool,
}

/// Whatever is needed once for all targets.
pub(super) struct Tools {
    go: Go,
    config: goferry_config::Config,
    /// What GOFLAGS says to go test.
    goflags: GoTestArgs,
}

impl Tools {
    pub(super) fn new(session: &Session) -> Result<Tools, Diagnostics> {
        let config = session.toolchain_config()?;
        let (path, identity) = session.go()?;
        let flags = session.env.get("GOFLAGS").filter(|v| !v.is_empty()).map(String::as_str);
        let written = || identity.env_file_text.lines().find_map(|l| l.strip_prefix("GOFLAGS="));
        let goflags = GoTestArgs::of_goflags(flags.or_else(written).unwrap_or_default());
        Ok(Tools { goflags, go: Go { path, version: identity.go_version(), env: GoEnv::default() }, config })
    }

    /// The sanitizer that is asked for.
    fn sanitizer<'a>(&'a self, go: &'a GoTestArgs) -> Option<&'a str> {
        go.sanitizer.as_deref().or(self.goflags.sanitizer.as_deref())
    }

    /// Whether GOFLAGS says how many packages are tested at once.
    pub(super) fn has_parallel(&self) -> bool {
        self.goflags.parallel.is_some()
    }

    /// `[test] allow_known_limits`.
    pub(super) fn allows_known_limits(&self) -> bool {
        self.config.allow_known_limits
    }

    /// Finds or fetches what a target needs.
    ///
    /// # Errors
    /// No runner, no compiler, the race detector under an emulator.
    pub(super) fn ready(
        &self,
        session: &Session,
        target: GoTarget,
        go: &GoTestArgs,
        isolation: &[String],
    ) -> Result<Ready, Diagnostics> {
        let (needed, cxx) = self.cgo_need(session, target, go);
        let fetching = Fetching::configured(session, &self.config)?.with_c_code(needed.then_some(target));
        let runner = toolset::runner_for(session, target, &fetching, Load::Suite)?;
        if let Some(sanitizer) = self.sanitizer(go).filter(|_| runner != Runner::Native) {
            return Err(no_sanitizer(sanitizer, target, &runner).into());
        }
        let mut compilers = Compilers::default();
        if needed {
            let wanted = Wanted { cxx, ..compilers::wanted(&self.config, target, &session.cwd) };
            let provided = compilers::compiler(session, &wanted, &session.cwd, &fetching)?;
            compilers.provided.insert(target, provided);
        }
        let sysroot = compilers.loader_prefix(target).filter(|_| compilers.provided.contains_key(&target));
        let own = std::env::current_exe().map_err(|e| crate::dist::failure(Path::new("goferry"), &e))?;
        let mut words = vec![own.to_string_lossy().into_owned()];
        words.extend(exec::command_line(&target, &runner, sysroot.as_deref()));
        let last = words.pop();
        words.push("--quiet".to_owned());
        words.extend_from_slice(isolation);
        words.extend(limits(isolation, self.sanitizer(go).is_some()));
        if let (Some(processor), Runner::QemuUser { .. }) = (exec::processor(session), &runner) {
            // Another processor is another key of Go's cache.
            words.push(format!("--processor={processor}"));
        }
        let granted = granted(session, target, &words)?;
        words.extend(last);
        let mut env = compilers.environment(target, &session.env);
        env.extend(toolset::go_variables(target, compilers.provided.get(&target)));
        Ok(Ready {
            target,
            runner,
            granted,
            go: self.go.path.clone(),
            env,
            exec: joined(&words)?,
            timeout: go.timeout.is_none() && self.goflags.timeout.is_none(),
        })
    }

    /// Whether a C compiler is needed and one for C++, because of some package or because the caller has switched cgo on.
    fn cgo_need(&self, session: &Session, target: GoTarget, go: &GoTestArgs) -> (bool, bool) {
        let here = [".".to_owned()];
        let packages = if go.packages.is_empty() { &here[..] } else { &go.packages };
        let mut flags = go.module_flags.clone();
        flags.push("-test".to_owned());
        match session.env.get("CGO_ENABLED").map(String::as_str) {
            Some("1") => (true, true),
            Some("0") => (false, false),
            _ if self.sanitizer(go).is_some() => (true, false),
            _ => {
                let what =
                    host::Packages { dir: &session.cwd, patterns: packages, tags: &go.tags, flags: &flags };
                let need = host::package_need(session, &self.go, &what, target).unwrap_or_else(|n| n);
                (need.needed, need.cxx)
            }
        }
    }
}

impl Ready {
    /// `go test -json` with these arguments behind `-exec`.
    pub(super) fn command(&self, session: &Session, more: &[String]) -> CommandSpec {
        let mut args = vec!["test".to_owned(), "-json".to_owned(), format!("-exec={}", self.exec)];
        if self.timeout && self.runner != Runner::Native {
            args.push(format!("-timeout={EMULATED_TIMEOUT}"));
        }
        args.extend_from_slice(more);
        CommandSpec {
            env: Env::Exactly(self.env.clone().into_iter().collect()),
            cwd: Some(session.cwd.clone()),
            ..CommandSpec::new(format!("go test for {}", self.target), self.go.as_os_str()).args(args)
        }
    }
}

/// What ends a test that forks or allocates without end, where nothing else was said. The same in each run, because it
/// is a part of the key of Go's cache.
fn limits(said: &[String], sanitized: bool) -> Vec<String> {
    let own = [
        ("--process-limit", Some(PROCESSES.to_string())),
        // The shadow memory of a sanitizer is larger than any machine's.
        ("--memory-limit", total_memory().filter(|_| !sanitized).map(|b| b.to_string())),
    ];
    let open = own.into_iter().filter(|(flag, _)| !said.iter().any(|w| w.starts_with(flag)));
    open.filter_map(|(flag, value)| Some(format!("{flag}={}", value?))).collect()
}

/// Starts the smallest program of the target's machine in the way in which its tests will be started.
fn granted(session: &Session, target: GoTarget, words: &[String]) -> Result<Option<Granted>, Diagnostics> {
    let Some(program) = uname_program(target.arch.kind()).filter(|_| target.os == goferry_target::Os::Linux)
    else {
        return Ok(None);
    };
    let io = |e: std::io::Error| Diagnostics::from(*crate::dist::failure(Path::new("a temporary file"), &e));
    let dir = tempfile::tempdir().map_err(io)?;
    let (file, report) = (dir.path().join("probe"), dir.path().join("report.json"));
    std::fs::write(&file, program).map_err(io)?;
    #[cfg(unix)]
    std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o755)).map_err(io)?;
    let spec = CommandSpec::new(format!("a first program for {target}"), &words[0])
        .args(&words[1..])
        .args([format!("--report={}", report.display()), "--".to_owned(), file.display().to_string()])
        .limits(Limits::wall(Duration::from_secs(60)))
        .cwd(&session.cwd);
    let fails = |why: String| {
        Diagnostic::error(Code::RunnerMissing, format!("a program for {target} does not run here: {why}"))
    };
    let done = session.host.run(&spec).map_err(|e| fails(e.to_string()))?;
    if !done.status.success() {
        return Err(fails(done.stderr_text().trim().to_owned()).into());
    }
    let text = std::fs::read(&report).map_err(io)?;
    Ok(serde_json::from_slice(&text).ok())
}

fn no_sanitizer(flag: &str, target: GoTarget, runner: &Runner) -> Box<Diagnostic> {
    let what = if flag == "race" { "the race detector".to_owned() } else { format!("-{flag}") };
    let message = format!("{what} does not work for {target} by {}", runner.label());
    Box::new(
        Diagnostic::error(Code::RunnerMissing, message)
            .hint(
                "its shadow memory needs a place in the address space that an emulated program does not get",
            )
            .hint_with("on the host's own processor", format!("goferry test -{flag} ./...")),
    )
}

/// One value of `-exec`: words in quotes that the go command takes off again (cmd/internal/quoted: no escapes).
fn joined(words: &[String]) -> Result<String, Box<Diagnostic>> {
    let quoted: Option<Vec<String>> = words
        .iter()
        .map(|w| match (w.contains('\''), w.contains('"')) {
            (true, true) => None,
            (true, false) => Some(format!("\"{w}\"")),
            _ if w.is_empty() || w.contains([' ', '\t', '"']) => Some(format!("'{w}'")),
            _ => Some(w.clone()),
        })
        .collect();
    quoted.map(|q| q.join(" ")).ok_or_else(|| {
        let message = "a path with both kinds of quotes cannot be given to `go test -exec`";
        Box::new(Diagnostic::error(Code::ConfigValue, message).hint("move goferry or its cache folder"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_for_exec() {
        let join = |w: &[&str]| joined(&w.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>());
        assert_eq!(
            join(&["/a b/g", "--runner={\"kind\":1}", "x"]).unwrap(),
            "'/a b/g' '--runner={\"kind\":1}' x"
        );
        assert_eq!(join(&["it's"]).unwrap(), "\"it's\"");
        assert!(join(&["it's \"so\""]).is_err());
    }
}
