//! `goferry exec`: one program that is built already, run in the caller's place.
//!
//! Owns: what the file is, which runner it gets, where its loader is. Must not: start it; the caller does, while it
//! has no thread.

use crate::compilers::{self, Compilers, Fetching};
use crate::session::Session;
use crate::{explain, toolset};
use goferry_emulate::{Apart, GuestProgram, Runner, Way, guest, with_test_log};
use goferry_objfile::{Binary, FileBytes, FileKind};
use goferry_proc::guest::GuestSpec;
use goferry_report::{Code, Diagnostic, Diagnostics};
use goferry_target::GoTarget;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Where the kernel keeps its registrations.
pub(crate) const BINFMT_MISC: &str = "/proc/sys/fs/binfmt_misc";

/// What is known already when a program is to be run.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// What it was built for; none: its own bytes say so.
    pub target: Option<GoTarget>,
    /// What runs it; none: it is chosen now.
    pub runner: Option<Runner>,
    /// Where a dynamic program's loader and libraries are; none: it is looked for.
    pub sysroot: Option<PathBuf>,
    /// The processor that qemu shows; none: the caller's QEMU_CPU, else the least of the target's level.
    pub processor: Option<String>,
}

/// What `proc` is to run.
///
/// # Errors
/// No such file, no program, no runner, a way that this machine does not have.
pub fn program(
    session: &Session,
    file: &Path,
    args: Vec<OsString>,
    known: &Known,
    apart: &Apart,
) -> Result<GuestSpec, Diagnostics> {
    let name = file;
    let file: PathBuf = session.cwd.join(name).components().collect();
    let binary = read(&file)?;
    let target = match known.target {
        Some(t) => t,
        None => target_of(&binary).ok_or_else(|| unknown_machine(&file))?,
    };
    is_for(&binary, &file, target)?;
    // Another machine has a loader of its own.
    let remote = matches!(known.runner, Some(Runner::Ssh(_)));
    let missing = binary.interpreter.is_some() && known.sysroot.is_none() && !remote;
    let (runner, found) = match &known.runner {
        Some(runner) if !missing => (runner.clone(), None),
        runner => {
            let config = session.toolchain_config()?;
            let with_c = has_c_code(&binary).then_some(target);
            let fetching = Fetching::configured(session, &config)?.with_c_code(with_c);
            let runner = match runner {
                Some(runner) => runner.clone(),
                None => toolset::runner(session, target, &fetching)?,
            };
            let prefix = || loader_prefix(session, target, &config, &fetching, Compilers::default());
            (runner, missing.then(prefix).flatten())
        }
    };
    let registered = explain::registered(&file, Path::new(BINFMT_MISC));
    if apart.way == Way::Host && matches!(runner, Runner::QemuUser { .. }) && !registered {
        return Err(not_registered(target).into());
    }
    let program = GuestProgram {
        file: &file,
        name,
        target,
        runner: &runner,
        args: with_test_log(&file, args),
        sysroot: known.sysroot.as_deref().or(found.as_deref()),
        registered_on_host: registered,
    };
    let mut spec = guest(&program, apart);
    if let Some(processor) = known.processor.clone().or_else(|| processor(session)) {
        spec.set.retain(|(name, _)| name != PROCESSOR);
        spec.set.push((PROCESSOR.to_owned(), processor));
    }
    if spec.own_folders {
        spec.set.extend(go_folders(&session.env));
    }
    Ok(spec)
}

/// The variable by which qemu-user is told its processor.
const PROCESSOR: &str = "QEMU_CPU";

/// The processor that the caller chose.
pub(crate) fn processor(session: &Session) -> Option<String> {
    session.env.get(PROCESSOR).filter(|v| !v.is_empty()).cloned()
}

/// Where the go command of a program with a HOME of its own finds the caller's modules and results: tests that call go
/// would fetch everything again, and cannot without network. The places are Go's own (`go help environment`,
/// os.UserCacheDir, os.UserConfigDir on Linux).
fn go_folders(env: &BTreeMap<String, String>) -> Vec<(String, String)> {
    let get = |name: &str| env.get(name).filter(|v| !v.is_empty());
    let Some(home) = get("HOME") else { return vec![] };
    let cache = get("XDG_CACHE_HOME").cloned().unwrap_or_else(|| format!("{home}/.cache"));
    let settings = get("XDG_CONFIG_HOME").cloned().unwrap_or_else(|| format!("{home}/.config"));
    let file = get("GOENV").cloned().unwrap_or_else(|| format!("{settings}/go/env"));
    // What `go env -w` wrote counts, and the environment would overrule it.
    let written = std::fs::read_to_string(&file).unwrap_or_default();
    let is_written = |name: &str| written.lines().any(|l| l.starts_with(&format!("{name}=")));
    let wanted =
        [("GOPATH", format!("{home}/go")), ("GOCACHE", format!("{cache}/go-build")), ("GOENV", file)];
    let missing = wanted.into_iter().filter(|(name, _)| get(name).is_none() && !is_written(name));
    // The other folders of the base directory specification are below HOME again.
    let own = ["XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"];
    let cleared = own.into_iter().filter(|name| get(name).is_some()).map(|name| (name, String::new()));
    missing.chain(cleared).map(|(name, value)| (name.to_owned(), value)).collect()
}

/// The arguments of goferry that stand before a program of which everything is known: `exec --target=… … --`. They
/// name the emulator's digest: as a part of `go test -exec` they make another emulator another key of Go's cache.
pub fn command_line(target: &GoTarget, runner: &Runner, sysroot: Option<&Path>) -> Vec<String> {
    // Plain data of our own: it cannot fail to be written.
    let runner = serde_json::to_string(runner).unwrap_or_default();
    let mut words = vec!["exec".to_owned(), format!("--target={target}"), format!("--runner={runner}")];
    words.extend(sysroot.map(|root| format!("--sysroot={}", root.display())));
    words.push("--".to_owned());
    words
}

/// What a program is.
pub(crate) fn read(path: &Path) -> Result<Binary, Box<Diagnostic>> {
    let wrong = |message: String| {
        Box::new(
            Diagnostic::error(Code::NotABinary, message)
                .hint_with("what it is", format!("goferry explain {}", path.display())),
        )
    };
    let bytes = std::fs::File::open(path).and_then(FileBytes::new).map_err(|e| match e.kind() {
        std::io::ErrorKind::NotFound => {
            Box::new(Diagnostic::error(Code::MainMissing, format!("there is no file {}", path.display())))
        }
        _ => crate::dist::failure(path, &e),
    })?;
    let binary = goferry_objfile::inspect(&bytes).map_err(|e| wrong(format!("{}: {e}", path.display())))?;
    if !matches!(binary.kind, FileKind::Executable | FileKind::Pie) {
        return Err(wrong(format!("{} is no program", path.display())));
    }
    Ok(binary)
}

/// Whether a program has C code, as far as its build information says.
pub(crate) fn has_c_code(binary: &Binary) -> bool {
    binary.go.as_ref().is_none_or(|g| g.setting("CGO_ENABLED") == Some("1"))
}

/// Refuses a program of another machine or system than the target's.
pub(crate) fn is_for(binary: &Binary, path: &Path, target: GoTarget) -> Result<(), Box<Diagnostic>> {
    let os = goferry_diagnose::target_of(binary).map(|t| t.os);
    if binary.arch == Some(target.arch.kind()) && os.is_none_or(|os| os == target.os) {
        return Ok(());
    }
    let machine = binary.arch.map_or("another machine", |a| a.goarch());
    let system = os.map(|o| format!("{o}/")).unwrap_or_default();
    let message = format!("{} is for {system}{machine}, not for {target}", path.display());
    Err(Box::new(
        Diagnostic::error(Code::NotABinary, message)
            .hint_with("what it is", format!("goferry explain {}", path.display())),
    ))
}

/// What a program was built for, with the level that its build information states (GOARM, GOAMD64 and their kin).
fn target_of(binary: &Binary) -> Option<GoTarget> {
    let target = goferry_diagnose::target_of(binary)?;
    let kind = target.arch.kind();
    let stated = |name: &str| binary.go.as_ref()?.setting(name);
    let arch = target.arch.variant_env().and_then(stated).and_then(|v| kind.with_variant(v));
    Some(GoTarget { arch: arch.unwrap_or(target.arch), ..target })
}

fn unknown_machine(path: &Path) -> Box<Diagnostic> {
    let message = format!("{} is for a machine that Go does not know", path.display());
    Box::new(
        Diagnostic::error(Code::NotABinary, message)
            .hint_with("what it is", format!("goferry explain {}", path.display())),
    )
}

fn not_registered(target: GoTarget) -> Box<Diagnostic> {
    Box::new(
        Diagnostic::error(
            Code::RunnerMissing,
            format!("the host has no emulator registered for {target}, and --way host was asked for"),
        )
        .hint("without --way an emulator is registered for the program alone, where the kernel allows it")
        .hint_with("what is registered:", "goferry binfmt status"),
    )
}

/// Where a dynamic program finds its loader: with the compiler's libraries, fetched if need be.
pub(crate) fn loader_prefix(
    session: &Session,
    target: GoTarget,
    config: &goferry_config::Config,
    fetching: &Fetching<'_>,
    mut compilers: Compilers,
) -> Option<PathBuf> {
    let wanted = compilers::wanted(config, target, &session.cwd);
    // The host's own folder of the target's libraries has none of the project's.
    let lacking = compilers.loader_prefix(target).is_none() || !wanted.packages.is_empty();
    if lacking && !compilers.provided.contains_key(&target) {
        // Without it the loader's own message says what is missing.
        let provided = compilers::compiler(session, &wanted, &session.cwd, fetching).ok()?;
        compilers.provided.insert(target, provided);
    }
    compilers.loader_prefix(target)
}
