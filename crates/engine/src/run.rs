//! `goferry run`: one program, built for a target and started by its runner.
//!
//! Owns: which package, where its binary is kept. Must not: start it; the caller becomes `goferry exec`.

use crate::compilers::{self, Compilers, Fetching};
use crate::session::Session;
use crate::{exec, host, toolset};
use goferry_cache::hex;
use goferry_emulate::Runner;
use goferry_proc::{CommandSpec, Env, OutputMode, Spawner};
use goferry_report::{Code, Diagnostic, Diagnostics};
use goferry_target::GoTarget;
use goferry_toolchain::go::{Go, GoEnv, ListQuery};
use goferry_toolchain::module::executable_name;
use goferry_toolchain::provide::Wanted;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A program that is ready to be run: what is passed on to `goferry exec`.
#[derive(Debug)]
pub struct Ready {
    /// The file.
    pub file: PathBuf,
    /// What runs it.
    pub runner: Runner,
    /// Where a dynamic program's loader and libraries are.
    pub sysroot: Option<PathBuf>,
}

/// Builds the program if it is a package, and says what runs it: `on`, or what is chosen.
///
/// # Errors
/// No such package or file, a failed build, no runner.
pub fn program(
    session: &Session,
    target: GoTarget,
    what: Option<&str>,
    on: Option<Runner>,
) -> Result<Ready, Diagnostics> {
    with_flags(session, target, Wish { what, flags: &[] }, on)
}

/// The same with flags of go build.
pub(crate) fn with_flags(
    session: &Session,
    target: GoTarget,
    wish: Wish<'_>,
    on: Option<Runner>,
) -> Result<Ready, Diagnostics> {
    let what = wish.what;
    let config = session.toolchain_config()?;
    let fetching = Fetching::configured(session, &config)?;
    let mut compilers = Compilers::default();
    let file = what.map(|w| session.cwd.join(w)).filter(|p| p.is_file() && !has_go_ending(p));
    let file = match file {
        Some(path) => path,
        None => built(session, target, wish, &config, &fetching, &mut compilers)?,
    };
    let binary = exec::read(&file)?;
    exec::is_for(&binary, &file, target)?;
    if let Some(runner) = on {
        return Ok(Ready { file, runner, sysroot: None });
    }
    let fetching = fetching.with_c_code(exec::has_c_code(&binary).then_some(target));
    let runner = toolset::runner(session, target, &fetching)?;
    let dynamic = binary.interpreter.is_some();
    let sysroot =
        dynamic.then(|| exec::loader_prefix(session, target, &config, &fetching, compilers)).flatten();
    Ok(Ready { file, runner, sysroot })
}

fn has_go_ending(path: &Path) -> bool {
    path.extension().is_some_and(|e| e == "go")
}

/// What is to be built.
#[derive(Clone, Copy)]
pub(crate) struct Wish<'a> {
    /// The package, if one was named.
    pub(crate) what: Option<&'a str>,
    /// Flags of go build.
    pub(crate) flags: &'a [&'a str],
}

/// Builds a package into the cache folder, so that a second run links nothing.
fn built(
    session: &Session,
    target: GoTarget,
    wish: Wish<'_>,
    config: &goferry_config::Config,
    fetching: &Fetching<'_>,
    compilers: &mut Compilers,
) -> Result<PathBuf, Diagnostics> {
    let (path, identity) = session.go()?;
    let go = Go { path, version: identity.go_version(), env: GoEnv::default() };
    let (pattern, name) = package(session, &go, target, wish.what)?;
    let need = match session.env.get("CGO_ENABLED").map(String::as_str) {
        Some("1") => goferry_plan::facts::CgoNeed { needed: true, cxx: true, reason: String::new() },
        Some("0") => goferry_plan::facts::CgoNeed { needed: false, cxx: false, reason: String::new() },
        _ => {
            let patterns = [pattern.clone()];
            let what = host::Packages { dir: &session.cwd, patterns: &patterns, tags: &[], flags: &[] };
            host::package_need(session, &go, &what, target).unwrap_or_else(|n| n)
        }
    };
    if need.needed {
        let wanted = Wanted { cxx: need.cxx, ..compilers::wanted(config, target, &session.cwd) };
        let provided = compilers::compiler(session, &wanted, &session.cwd, fetching)?;
        compilers.provided.insert(target, provided);
    }
    let mut env = compilers.environment(target, &session.env);
    env.extend(toolset::go_variables(target, compilers.provided.get(&target)));
    // Windows starts nothing without the ending.
    let ending = if target.os == goferry_target::Os::Windows { ".exe" } else { "" };
    let out = place(session, target, &pattern, wish.flags)?.join(format!("{name}{ending}"));
    go_build(session, target, &go, (&pattern, wish.flags), &out, env)?;
    Ok(out)
}

fn go_build(
    session: &Session,
    target: GoTarget,
    go: &Go,
    (pattern, flags): (&str, &[&str]),
    out: &Path,
    env: BTreeMap<String, String>,
) -> Result<(), Diagnostics> {
    let spec = CommandSpec {
        env: Env::Exactly(env.into_iter().collect()),
        cwd: Some(session.cwd.clone()),
        output: OutputMode::CAPTURE,
        ..CommandSpec::new(format!("go build for {target}"), go.path.as_os_str())
            .args(["build", "-o"])
            .arg(out)
            .args(flags.iter().copied())
            .arg(pattern)
    };
    let done = session
        .host
        .run(&spec)
        .map_err(|e| Diagnostic::error(Code::BuildFailed, format!("go build for {target}: {e}")))?;
    if done.status.success() {
        return Ok(());
    }
    let text = done.stderr_text();
    let mut d = Diagnostic::error(Code::BuildFailed, format!("go build for {target} failed"));
    d.notes.extend(text.lines().map(str::to_owned));
    Err(crate::explain::with_cause(d, text.as_bytes()).into())
}

/// The pattern of the main package and the name of its program.
fn package(
    session: &Session,
    go: &Go,
    target: GoTarget,
    what: Option<&str>,
) -> Result<(String, String), Box<Diagnostic>> {
    let mains = |pattern: &str| -> Result<Vec<(String, String)>, String> {
        let patterns = [pattern.to_owned()];
        let query = ListQuery {
            dir: &session.cwd,
            target: Some(target),
            patterns: &patterns,
            tags: &[],
            flags: &[],
            cgo: true,
            env: &[],
        };
        let all = go.list_packages(&session.host, &query).map_err(|e| e.to_string())?;
        let named = all.iter().filter(|p| !p.dep_only);
        if let Some(e) = named.clone().find_map(|p| p.error.as_ref().filter(|_| p.go_files.is_empty())) {
            return Err(e.err.clone());
        }
        let list = named.filter(|p| p.name == "main").map(|p| {
            let last = executable_name(&p.import_path);
            (p.import_path.clone(), last.trim_end_matches(".go").to_owned())
        });
        Ok(list.collect())
    };
    let missing = |message: String| Box::new(Diagnostic::error(Code::MainMissing, message));
    let pattern = what.unwrap_or(".");
    match mains(pattern) {
        Ok(list) if list.len() == 1 => {
            let (path, name) = &list[0];
            let named = if path == "command-line-arguments" { pattern.to_owned() } else { path.clone() };
            return Ok((
                named,
                if path == "command-line-arguments" { "program".to_owned() } else { name.clone() },
            ));
        }
        Ok(list) if list.len() > 1 => return Err(several(pattern, &list)),
        Err(e) if what.is_some() => {
            return Err(missing(format!("`{pattern}` is neither a file nor a package of a program: {e}")));
        }
        _ if what.is_some() => return Err(missing(format!("`{pattern}` is no main package"))),
        _ => {}
    }
    match mains("./cmd/...").unwrap_or_default().as_slice() {
        [one] => Ok(one.clone()),
        [] => Err(Box::new(
            missing("neither `.` nor `./cmd` has a main package".to_owned())
                .hint_with("name the package", format!("goferry run {target} ./path/to/package")),
        )),
        list => Err(several("./cmd/...", list)),
    }
}

fn several(pattern: &str, list: &[(String, String)]) -> Box<Diagnostic> {
    let mut d = Diagnostic::error(
        Code::MainMissing,
        format!("`{pattern}` has {} main packages; name one", list.len()),
    );
    d.notes = list.iter().map(|(p, _)| p.clone()).collect();
    Box::new(d)
}

/// The folder of a program's binary: by where it is built and for what.
fn place(session: &Session, target: GoTarget, pattern: &str, flags: &[&str]) -> Result<PathBuf, Diagnostics> {
    let root = session.tools.as_ref().and_then(|t| t.parent()).ok_or_else(|| {
        Diagnostic::error(Code::Io, "there is no cache folder: HOME is not set")
            .hint_with("to say where it is:", "GOFERRY_CACHE=/path/to/folder")
    })?;
    let flags: String = flags.iter().map(|f| format!("\n{f}")).collect();
    let digest = Sha256::digest(format!("{}\n{target}\n{pattern}{flags}", session.cwd.display()));
    let dir = root.join("run").join(hex(&digest[..8]));
    std::fs::create_dir_all(&dir).map_err(|e| crate::dist::failure(&dir, &e))?;
    Ok(dir)
}
