//! Running a program in the caller's place by its runner: which way the kernel or the emulator starts it.
//!
//! Owns: the ways and their order; the registration that a namespace gets. Must not: start anything.

use crate::{Runner, RunnerCommand, binfmt, command_for};
use goferry_proc::guest::{Dispatch, EmulatorCommand, Fallback, GuestSpec};
use goferry_proc::{Limits, Root};
use goferry_target::{ArchKind, GoTarget};
use serde::{Deserialize, Serialize};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The first kernel with a binfmt_misc of its own in each user namespace.
const KERNEL: &str = "6.7";

/// How long the other machine may take to end a program and to remove what was copied.
const LEAVING: Duration = Duration::from_secs(20);

/// How a foreign program is started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Way {
    /// The first of the others that this machine grants.
    #[default]
    Auto,
    /// An emulator registered in a user namespace of the program's own: what it starts runs too.
    Private,
    /// The emulator that the host has registered.
    Host,
    /// The emulator's command line: what the program starts itself is not emulated.
    Direct,
}

/// How far a program is kept apart, and what it may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Apart {
    /// Whether it sees the host's network.
    pub network: bool,
    /// Whether it has the caller's HOME and TMPDIR instead of empty folders of its own.
    pub callers_folders: bool,
    /// What it may use.
    pub limits: Limits,
    /// How it is started.
    pub way: Way,
}

/// A program to be run in the caller's place.
#[derive(Clone, Debug)]
pub struct GuestProgram<'a> {
    /// The file, absolute.
    pub file: &'a Path,
    /// The same as the caller wrote it, which is the program's `argv[0]`.
    pub name: &'a Path,
    /// What it was built for.
    pub target: GoTarget,
    /// What runs it.
    pub runner: &'a Runner,
    /// Its arguments.
    pub args: Vec<OsString>,
    /// Where a dynamic program's loader and libraries are.
    pub sysroot: Option<&'a Path>,
    /// Whether the host has an emulator registered for it.
    pub registered_on_host: bool,
}

/// What `proc` is told to run.
pub fn guest(program: &GuestProgram<'_>, apart: &Apart) -> GuestSpec {
    let bare = command_for(program.runner, &program.target, program.file, &[], program.sysroot);
    let mut spec = match program.runner {
        Runner::QemuUser { path, version, .. } => {
            let mut spec = GuestSpec::new(program.file, program.args.clone());
            let line = registration(program.target.arch.kind(), path, version);
            spec.dispatch = dispatch(program, line, &bare, apart.way);
            spec.set.clone_from(&bare.env);
            if let (Some(root), false) = (program.sysroot, matches!(spec.dispatch, Dispatch::Emulator(_))) {
                spec.set.push(("QEMU_LD_PREFIX".to_owned(), root.to_string_lossy().into_owned()));
            }
            spec
        }
        _ => {
            let args = bare.args.into_iter().chain(program.args.iter().cloned()).collect();
            let mut spec = GuestSpec::new(bare.program, args);
            spec.set.clone_from(&bare.env);
            spec
        }
    };
    if spec.program == program.file {
        spec.name = program.name.into();
    }
    spec.network = apart.network;
    spec.own_folders = !apart.callers_folders;
    spec.limits = apart.limits;
    if let Runner::Ssh(_) = program.runner {
        // What is run here is ssh, which needs the network and the caller's keys; only time is the program's own. When
        // that is over, what is on the other machine has to go too.
        (spec.isolate, spec.own_folders, spec.grace) = (false, false, LEAVING);
        spec.limits = Limits { wall: apart.limits.wall, ..Limits::default() };
    }
    spec
}

/// The same with a folder as its whole file system: the program and its loader are there, `env` is all of its environment
/// but for what the emulator is told.
pub fn in_root(
    program: &GuestProgram<'_>,
    apart: &Apart,
    root: Root,
    env: Vec<(String, String)>,
) -> GuestSpec {
    let spec = guest(&GuestProgram { sysroot: None, ..program.clone() }, apart);
    let set = env.into_iter().chain(spec.set).collect();
    let root = Root { network: apart.network, ..root };
    GuestSpec { set, own_folders: false, root: Some(root), ..spec }
}

fn dispatch(program: &GuestProgram<'_>, line: Option<String>, bare: &RunnerCommand, way: Way) -> Dispatch {
    // The last argument is the program, which the emulator's command gets from `proc`.
    let own = bare.args.len().saturating_sub(1);
    let name = ["-0".into(), program.name.into()];
    let args = bare.args[..own].iter().cloned().chain(name).collect();
    let command = EmulatorCommand { program: bare.program.clone(), args };
    match (way, line) {
        (Way::Host, _) => Dispatch::Kernel,
        (Way::Direct, _) | (Way::Auto | Way::Private, None) => Dispatch::Emulator(command),
        (Way::Auto | Way::Private, Some(line)) => {
            let otherwise = match (way, program.registered_on_host) {
                (Way::Private, _) => Fallback::Refuse,
                (_, true) => Fallback::Kernel,
                (_, false) => Fallback::Emulator(command),
            };
            Dispatch::Registered { line, otherwise }
        }
    }
}

/// What binfmt_misc is told so that the kernel starts a target's programs by this runner; none where it needs no telling, or
/// cannot be told.
pub fn registration_for(runner: &Runner, target: &GoTarget) -> Option<String> {
    match runner {
        Runner::QemuUser { path, version, .. } => registration(target.arch.kind(), path, version),
        _ => None,
    }
}

/// What binfmt_misc is told; none for a path that the kernel would not take: then only the emulator can be called.
fn registration(kind: ArchKind, emulator: &Path, version: &str) -> Option<String> {
    let entry = binfmt::entry(kind)?;
    entry.register_line(&entry.name, emulator, binfmt::flags_for(version, KERNEL)).ok()
}

/// The arguments of a test binary that the go command started through `-exec`: with the file in which the test says
/// what it read. Without it Go does not keep the result, although it has a key for it (FACTS.md, cmd/go/internal/test).
pub fn with_test_log(file: &Path, args: Vec<OsString>) -> Vec<OsString> {
    let starts = |a: &OsString, prefix: &str| a.as_encoded_bytes().starts_with(prefix.as_bytes());
    let has_log = args.iter().any(|a| starts(a, "-test.testlogfile"));
    match work_folder(file) {
        Some(dir) if !has_log && args.iter().any(|a| starts(a, "-test.")) => {
            let mut flag = OsString::from("-test.testlogfile=");
            flag.push(dir.join("testlog.txt"));
            std::iter::once(flag).chain(args).collect()
        }
        _ => args,
    }
}

/// The go command's folder of one test: `go-build123/b001/x.test`. A test binary that somebody kept is none of its own.
fn work_folder(file: &Path) -> Option<PathBuf> {
    let dir = file.parent()?;
    let name = |p: &Path| p.file_name().and_then(OsStr::to_str).map(str::to_owned);
    let is_test = name(file)?.contains(".test");
    let number = name(dir)?;
    let digits = number.strip_prefix('b')?;
    let go = name(dir.parent()?)?.starts_with("go-build");
    (is_test && go && !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
        .then(|| dir.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const QEMU: &str = "/q/qemu-aarch64-static";

    fn made(way: Way, registered_on_host: bool, sysroot: Option<&Path>) -> GuestSpec {
        let runner = Runner::QemuUser { path: QEMU.into(), version: "7.2".into(), digest: "d".into() };
        let program = GuestProgram {
            file: Path::new("/d/x"),
            name: Path::new("x"),
            target: "linux/arm64".parse().unwrap(),
            runner: &runner,
            args: vec!["-v".into()],
            sysroot,
            registered_on_host,
        };
        let apart = Apart { network: false, callers_folders: false, limits: Limits::default(), way };
        guest(&program, &apart)
    }

    #[test]
    fn ways() {
        let spec = made(Way::Auto, false, None);
        assert_eq!((spec.program.as_path(), spec.args), (Path::new("/d/x"), vec!["-v".into()]));
        assert_eq!(
            (spec.set, spec.name),
            (vec![("QEMU_CPU".to_owned(), "cortex-a57".to_owned())], "x".into())
        );
        let Dispatch::Registered { line, otherwise: Fallback::Emulator(e) } = spec.dispatch else {
            panic!("{:?}", spec.dispatch)
        };
        assert!(line.starts_with(":qemu-aarch64:M::") && line.contains(QEMU), "{line}");
        assert_eq!((e.program.as_path(), e.args), (Path::new(QEMU), vec!["-0".into(), "x".into()]));
        let spec = made(Way::Auto, true, None);
        assert!(matches!(spec.dispatch, Dispatch::Registered { otherwise: Fallback::Kernel, .. }));
        assert_eq!(made(Way::Host, true, None).dispatch, Dispatch::Kernel);
        assert!(matches!(made(Way::Direct, true, None).dispatch, Dispatch::Emulator(_)));
    }

    #[test]
    fn loaders_are_found() {
        let root = Path::new("/sys root");
        let prefix = ("QEMU_LD_PREFIX".to_owned(), "/sys root".to_owned());
        let spec = made(Way::Auto, false, Some(root));
        assert!(spec.set.contains(&prefix));
        let Dispatch::Registered { otherwise: Fallback::Emulator(e), .. } = spec.dispatch else { panic!() };
        assert_eq!(e.args, ["-L", "/sys root", "-0", "x"]);
        assert!(!made(Way::Direct, false, Some(root)).set.contains(&prefix));
    }

    #[test]
    fn test_logs() {
        let args = |a: &[&str]| a.iter().map(OsString::from).collect::<Vec<_>>();
        let logged = |file: &str, a: &[&str]| with_test_log(Path::new(file), args(a));
        assert_eq!(
            logged("/tmp/go-build12/b001/x.test", &["-test.v=true"]),
            args(&["-test.testlogfile=/tmp/go-build12/b001/testlog.txt", "-test.v=true"])
        );
        for (file, a) in [
            ("/tmp/go-build12/b001/x.test", &["-test.testlogfile=/l", "-test.v=true"][..]),
            ("/tmp/go-build12/b001/x.test", &["run"]),
            ("/tmp/go-build12/b001/exe/x", &["-test.v=true"]),
            ("/home/me/x.test", &["-test.v=true"]),
            ("/tmp/go-build12/bin/x.test", &["-test.v=true"]),
        ] {
            assert_eq!(logged(file, a), args(a), "{file}");
        }
    }
}
