//! One binary by the go command: its environment, its command line, its hooks and packing.

use crate::{BuildError, Built, hook, upx};
use goferry_plan::facts::SourceKind;
use goferry_plan::graph::{BuildSpec, Cgo};
use goferry_proc::{CommandSpec, Env, Finished, Limits, OutputMode, Spawner, Status, Stdin};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// What a build needs besides its specification.
pub struct BuildContext<'a> {
    /// Runs commands.
    pub spawner: &'a dyn Spawner,
    /// The project.
    pub project: &'a Path,
    /// The output folder, absolute.
    pub dist: &'a Path,
    /// Checkout or module.
    pub source: &'a SourceKind,
    /// The process environment and `env:`.
    pub env: &'a BTreeMap<String, String>,
    /// Private folder for `go install`'s GOPATH, one for each step.
    pub gopath: &'a Path,
    /// The user's module cache, which a private GOPATH would hide.
    pub gomodcache: &'a str,
    /// Takes a hook's output lines.
    pub line: &'a (dyn Fn(&str) + Sync),
}

/// The environment that a cached command may see: what builds need, nothing else.
const ALLOWED: [&str; 25] = [
    "HOME",
    "PATH",
    "NETRC",
    "SSH_AUTH_SOCK",
    "CC",
    "CXX",
    "AR",
    "FC",
    "TMPDIR",
    "TEMP",
    "TMP",
    "USERPROFILE",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
    "LOCALAPPDATA",
    "APPDATA",
    "SYSTEMROOT",
    "SystemRoot",
    "PATHEXT",
    "SSH_ASKPASS",
    "SOURCE_DATE_EPOCH",
    "DEVELOPER_DIR",
    "SDKROOT",
    "LD_LIBRARY_PATH",
    "ZIG_GLOBAL_CACHE_DIR",
];
const ALLOWED_PREFIXES: [&str; 5] = ["SSL_CERT_", "GIT_", "GO", "CGO_", "PKG_CONFIG"];

/// Whether a variable reaches the go command.
pub fn is_allowed(name: &str) -> bool {
    ALLOWED.contains(&name)
        || ALLOWED_PREFIXES.iter().any(|p| name.starts_with(p))
        || name.to_ascii_lowercase().ends_with("_proxy")
}

/// Of the variables that reach the go command, those that can change its output and so belong to the key.
pub fn is_key_variable(name: &str) -> bool {
    const NOT: [&str; 21] = [
        "GOCACHE",
        "GOMODCACHE",
        "GOPATH",
        "GOBIN",
        "GOTMPDIR",
        "GOMAXPROCS",
        "GOPROXY",
        "GOSUMDB",
        "GONOSUMDB",
        "GOPRIVATE",
        "GONOPROXY",
        "GOINSECURE",
        "GOVCS",
        "GOAUTH",
        "GOTELEMETRY",
        "GOTELEMETRYDIR",
        "GOTRACEBACK",
        "GOMEMLIMIT",
        "GOGC",
        "GODEBUG_LOG",
        "GOVERSION",
    ];
    let go = name.starts_with("GO")
        && !NOT.contains(&name)
        && !name.starts_with("GOFERRY")
        && !name.starts_with("GORELEASER");
    go || name.starts_with("CGO_")
        || name.starts_with("PKG_CONFIG")
        || ["CC", "CXX", "AR", "FC"].contains(&name)
}

/// The environment of the go command: the allowed part of the process's, then the build's own.
pub fn go_environment(all: &BTreeMap<String, String>, own: &[(String, String)]) -> Vec<(String, String)> {
    let mut env: BTreeMap<String, String> =
        all.iter().filter(|(k, _)| is_allowed(k)).map(|(k, v)| (k.clone(), v.clone())).collect();
    env.extend(own.iter().cloned());
    env.into_iter().collect()
}

/// Runs the hooks, the go command and upx for one binary.
///
/// # Errors
/// Everything that [`BuildError`] names; nothing half-written stays at the output's path after a failed go command.
pub fn build(spec: &BuildSpec, path: &str, cx: &BuildContext<'_>) -> Result<Built, BuildError> {
    if spec.cgo == Cgo::On && spec.cc_identity.is_none() {
        return Err(BuildError::NoCompiler(format!(
            "{} needs cgo, and no C compiler for it was found",
            spec.target
        )));
    }
    let out = cx.dist.join(path);
    let io = |source| BuildError::Io { path: out.clone(), source };
    if let Some(parent) = out.parent() {
        std::fs::create_dir_all(parent).map_err(io)?;
    }
    for h in &spec.hooks_pre {
        hook::run_hook(h, cx.spawner, cx.project, cx.env, &spec.env, cx.line)?;
    }
    match cx.source {
        SourceKind::Checkout => checkout(spec, &out, cx)?,
        SourceKind::Module { version, .. } => module(spec, version, &out, cx)?,
    }
    if let Some(packer) = &spec.upx {
        upx::pack(packer, &out, cx)?;
    }
    for h in &spec.hooks_post {
        hook::run_hook(h, cx.spawner, cx.project, cx.env, &spec.env, cx.line)?;
    }
    if let Some(unix) = spec.mtime {
        set_time(&out, unix).map_err(io)?;
    }
    let mut paths = vec![path.to_owned()];
    let stem = path.strip_suffix(&spec.ext).unwrap_or(path);
    if matches!(spec.buildmode.as_deref(), Some("c-archive" | "c-shared"))
        && cx.dist.join(format!("{stem}.h")).exists()
    {
        paths.push(format!("{stem}.h"));
    }
    Built::from_run(Some(spec.target), cx.dist, &paths)
}

/// Takes a binary that somebody else built.
///
/// # Errors
/// A file that is not there or cannot be copied.
pub fn prebuilt(
    from: &Path,
    dist: &Path,
    path: &str,
    target: goferry_target::GoTarget,
) -> Result<Built, BuildError> {
    let out = dist.join(path);
    if let Some(parent) = out.parent() {
        std::fs::create_dir_all(parent)
            .map_err(|source| BuildError::Io { path: parent.to_owned(), source })?;
    }
    std::fs::copy(from, &out).map_err(|source| BuildError::Io { path: from.to_owned(), source })?;
    Built::from_run(Some(target), dist, &[path.to_owned()])
}

fn checkout(spec: &BuildSpec, out: &Path, cx: &BuildContext<'_>) -> Result<(), BuildError> {
    let dir = cx.project.join(&spec.dir);
    let mut args = vec![spec.command.clone()];
    if spec.command == "test" {
        args.push("-c".to_owned());
    }
    args.extend(spec.flags.iter().cloned());
    args.extend(spec.buildmode.iter().map(|m| format!("-buildmode={m}")));
    args.push("-o".to_owned());
    let mut args: Vec<OsString> = args.into_iter().map(OsString::from).collect();
    args.push(out.into());
    args.push(local_package(&dir, &spec.main).into());
    run(spec, cx, &dir, args, go_environment(cx.env, &spec.env))?;
    there(spec, out)
}

/// `cmd/app` is a folder here, though the go command would take it for an import path.
pub fn local_package(dir: &Path, main: &str) -> String {
    let relative = !main.starts_with('.') && !main.starts_with('/');
    if relative && dir.join(main).exists() { format!("./{main}") } else { main.to_owned() }
}

/// `go install M/pkg@V`, which stamps the version, into a private GOPATH; then the binary is moved to its place.
fn module(spec: &BuildSpec, version: &str, out: &Path, cx: &BuildContext<'_>) -> Result<(), BuildError> {
    let mut args: Vec<OsString> = vec!["install".into()];
    args.extend(spec.flags.iter().map(OsString::from));
    args.extend(spec.buildmode.iter().map(|m| OsString::from(format!("-buildmode={m}"))));
    args.push(format!("{}@{version}", spec.main).into());
    let mut env = go_environment(cx.env, &spec.env);
    env.retain(|(k, _)| {
        k != "GOBIN" && k != "GOPATH" && k != "GOMODCACHE" && k != "GOWORK" && k != "GO111MODULE"
    });
    for (k, v) in [
        ("GOPATH", cx.gopath.to_string_lossy().into_owned()),
        ("GOMODCACHE", cx.gomodcache.to_owned()),
        ("GOWORK", "off".to_owned()),
    ] {
        env.push((k.to_owned(), v));
    }
    std::fs::create_dir_all(cx.gopath)
        .map_err(|source| BuildError::Io { path: cx.gopath.to_owned(), source })?;
    run(spec, cx, cx.gopath, args, env)?;
    let made = installed(cx.gopath).ok_or_else(|| BuildError::OutputMissing {
        command: "go install".to_owned(),
        path: cx.gopath.join("bin"),
    })?;
    let io = |source| BuildError::Io { path: out.to_owned(), source };
    // A rename fails across file systems.
    if std::fs::rename(&made, out).is_err() {
        std::fs::copy(&made, out).map_err(io)?;
        std::fs::remove_file(&made).map_err(io)?;
    }
    there(spec, out)
}

/// The only file under `bin/` (native) or `bin/GOOS_GOARCH/` (cross).
fn installed(gopath: &Path) -> Option<PathBuf> {
    let mut dirs = vec![gopath.join("bin")];
    while let Some(dir) = dirs.pop() {
        for entry in std::fs::read_dir(dir).ok()?.flatten() {
            match entry.file_type() {
                Ok(t) if t.is_dir() => dirs.push(entry.path()),
                _ => return Some(entry.path()),
            }
        }
    }
    None
}

fn run(
    spec: &BuildSpec,
    cx: &BuildContext<'_>,
    dir: &Path,
    args: Vec<OsString>,
    env: Vec<(String, String)>,
) -> Result<(), BuildError> {
    let command = CommandSpec {
        purpose: format!("build {} for {}", spec.id, spec.target),
        program: spec.tool.clone().into(),
        args,
        env: Env::Exactly(env),
        cwd: Some(dir.to_owned()),
        stdin: Stdin::Null,
        limits: Limits::default(),
        output: OutputMode::Capture { max_bytes: 4 << 20 },
    };
    let line = || format!("{} {} {}", spec.tool, spec.command, spec.main);
    let done = cx.spawner.run(&command)?;
    if done.status == Status::Exited(0) {
        return Ok(());
    }
    let output = text(&done);
    let target = spec.target.to_string();
    // SIGKILL that nobody here sent is the kernel's; the go command reports its children's the same way.
    let killed = done.status == Status::Signaled(9)
        || output.contains("signal: killed")
        || output.contains("cannot allocate memory");
    Err(match killed {
        true => BuildError::OutOfMemory { command: line(), target, output },
        false => BuildError::Failed { command: line(), target, output },
    })
}

/// What a command printed, both streams.
pub(crate) fn text(done: &Finished) -> String {
    let mut out = String::from_utf8_lossy(&done.stderr).into_owned();
    if !done.stdout.is_empty() {
        if !out.is_empty() && !out.ends_with('\n') {
            out.push('\n');
        }
        out.push_str(&String::from_utf8_lossy(&done.stdout));
    }
    out
}

fn there(spec: &BuildSpec, out: &Path) -> Result<(), BuildError> {
    if out.is_file() {
        return Ok(());
    }
    Err(BuildError::OutputMissing {
        command: format!("{} {} {}", spec.tool, spec.command, spec.main),
        path: out.to_owned(),
    })
}

/// Sets a file's times.
///
/// # Errors
/// The file cannot be opened or the times cannot be set.
pub fn set_time(path: &Path, unix: i64) -> std::io::Result<()> {
    let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(unix.max(0).unsigned_abs());
    let times = std::fs::FileTimes::new().set_modified(time).set_accessed(time);
    std::fs::File::options().write(true).open(path)?.set_times(times)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_of_the_user_do_not_reach_a_cached_command() {
        for (name, allowed, key) in [
            ("HOME", true, false),
            ("GOFLAGS", true, true),
            ("GOCACHE", true, false),
            ("CGO_CFLAGS", true, true),
            ("PKG_CONFIG_PATH", true, true),
            ("https_proxy", true, false),
            ("HTTPS_PROXY", true, false),
            ("CC", true, true),
            ("GITHUB_TOKEN", false, false),
            ("COSIGN_PASSWORD", false, false),
            ("AWS_SECRET_ACCESS_KEY", false, false),
        ] {
            assert_eq!((is_allowed(name), is_key_variable(name)), (allowed, key), "{name}");
        }
    }
}
