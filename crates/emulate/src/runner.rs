//! Which runner, and how to call it. Pure: the host's facts come in as data.

use crate::{HostFacts, Load, Remote, WasiRuntime, ssh, wasm, wine};
use goferry_target::{Amd64, Arch, ArchKind, Arm, GoTarget, Os, Riscv64};
use serde::{Deserialize, Serialize};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// What runs a program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Runner {
    /// The host's own kernel and processor.
    Native,
    /// qemu's user-mode emulator, called directly.
    QemuUser {
        /// The emulator.
        path: PathBuf,
        /// As it says itself: `7.2.22`.
        version: String,
        /// SHA-256 of the emulator, hex.
        digest: String,
    },
    /// goferry's own WASI runtime, in a process of its own.
    Wasi {
        /// goferry.
        path: PathBuf,
        /// What interprets: `wasmi 2.0.0`.
        engine: String,
    },
    /// An installed WASI runtime.
    WasiRuntime {
        /// Which.
        kind: WasiRuntime,
        /// The program.
        path: PathBuf,
        /// As it says itself.
        version: String,
        /// SHA-256 of the program, hex.
        digest: String,
        /// Arguments of the user's for it (GOWASIRUNTIMEARGS).
        args: Vec<String>,
    },
    /// wine, by a script that gives each program a C: of its own, or as it is installed.
    Wine {
        /// What is called.
        path: PathBuf,
        /// `10.0`.
        version: String,
        /// What it is made of.
        digest: String,
        /// What the program's C: is made from; none: the script is not ours, and this is wine's own folder.
        seed: Option<PathBuf>,
        /// WINEPREFIX of an installed wine.
        prefix: Option<PathBuf>,
    },
    /// node with Go's glue, for js programs.
    Node {
        /// node.
        path: PathBuf,
        /// `20.20.0`.
        version: String,
        /// SHA-256 of node, hex.
        digest: String,
        /// Go's `wasm_exec_node.js`.
        glue: PathBuf,
    },
    /// Another machine, over ssh.
    Ssh(Remote),
}

impl Runner {
    /// A few words for tables: `native`, `qemu 7.2.22`.
    pub fn label(&self) -> String {
        match self {
            Runner::Native => "native".to_owned(),
            Runner::QemuUser { version, .. } => format!("qemu {version}"),
            Runner::Wasi { engine, .. } => engine.clone(),
            Runner::WasiRuntime { kind, version, .. } => format!("{} {version}", kind.name()),
            Runner::Node { version, .. } => format!("node {version}"),
            Runner::Ssh(remote) => remote.to_string(),
            Runner::Wine { version, .. } => format!("wine {version}"),
        }
    }

    /// What makes it another runner, for keys: what it said may differ when this does.
    pub fn identity(&self) -> String {
        match self {
            Runner::Native => "native".to_owned(),
            Runner::QemuUser { digest, .. } => digest.clone(),
            Runner::Wasi { engine, .. } => engine.clone(),
            Runner::WasiRuntime { digest, args, .. } => format!("{digest} {}", args.join(" ")),
            Runner::Wine { digest, .. } => digest.clone(),
            Runner::Node { digest, glue, .. } => format!("{digest} {}", glue.display()),
            Runner::Ssh(remote) => remote.to_string(),
        }
    }
}

/// Why there is no runner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// Nothing on any host of this kind could run it.
    NoRunner,
    /// Something could, and it is not installed.
    RunnerMissing,
}

/// What to install.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MissingRunner {
    /// The program that was looked for: `qemu-aarch64`.
    pub what: String,
    /// The command that installs it.
    pub hint: String,
}

/// The runner for a target, or why there is none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunnerChoice {
    /// The runner.
    pub runner: Option<Runner>,
    /// Why this one, or why none, in one sentence.
    pub reason: String,
    /// What would have to be installed, if anything would help.
    pub missing: Option<MissingRunner>,
    /// Set when there is no runner.
    pub class: Option<Class>,
}

/// How a runner is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunnerCommand {
    /// The executable to start.
    pub program: PathBuf,
    /// Its arguments.
    pub args: Vec<OsString>,
    /// Variables to add to the environment.
    pub env: Vec<(String, String)>,
}

/// Chooses what runs `target` on this host, for a single start.
pub fn choose_runner(target: &GoTarget, host: &HostFacts) -> RunnerChoice {
    choose_runner_for(target, host, Load::Start)
}

/// Chooses what runs `target` on this host for some kind of work.
pub fn choose_runner_for(target: &GoTarget, host: &HostFacts, load: Load) -> RunnerChoice {
    match target.os {
        Os::Wasip1 => return wasm::choose_wasi(&host.wasm, load),
        Os::Js => return wasm::choose_js(&host.wasm),
        Os::Windows if host.os != Some(Os::Windows) => return wine::choose(target, &host.wine),
        _ => {}
    }
    if host.os != Some(target.os) || target.os != Os::Linux {
        // Programs of the host's own system run as they are, where the processor fits.
        if host.os == Some(target.os) && native(target, host) {
            return found(Runner::Native, "the host's own system and processor".to_owned());
        }
        let reason = format!("nothing here runs {} programs", target.os);
        return RunnerChoice { runner: None, reason, missing: None, class: Some(Class::NoRunner) };
    }
    if native(target, host) {
        let reason = match target.arch.kind() == host.arch.unwrap_or(ArchKind::Wasm) {
            true => "the host's own processor".to_owned(),
            false => format!("the host's kernel runs {} programs", target.arch.goarch()),
        };
        return found(Runner::Native, reason);
    }
    let Some(name) = target.facts().and_then(|f| f.qemu).map(|q| format!("qemu-{q}")) else {
        let reason = format!("no emulator is known for {target}");
        return RunnerChoice { runner: None, reason, missing: None, class: Some(Class::NoRunner) };
    };
    match host.qemu.get(&name) {
        Some(q) => {
            let reason = format!("{name} {} {}", q.version, q.origin.as_deref().unwrap_or("found on PATH"));
            found(
                Runner::QemuUser {
                    path: q.path.clone(),
                    version: q.version.clone(),
                    digest: q.digest.clone(),
                },
                reason,
            )
        }
        None => RunnerChoice {
            runner: None,
            reason: format!("neither {name} nor {name}-static is on PATH"),
            missing: Some(MissingRunner { what: name, hint: "apt-get install qemu-user-static".to_owned() }),
            class: Some(Class::RunnerMissing),
        },
    }
}

pub(crate) fn found(runner: Runner, reason: String) -> RunnerChoice {
    RunnerChoice { runner: Some(runner), reason, missing: None, class: None }
}

/// Whether the host runs such programs itself. A microarchitecture level above the processor's is for the program to
/// refuse: Go checks GOAMD64 at start and says so.
fn native(target: &GoTarget, host: &HostFacts) -> bool {
    let Some(own) = host.arch else { return false };
    let kind = target.arch.kind();
    if let Arch::Amd64(level) = target.arch
        && own == ArchKind::Amd64
    {
        return level <= host.amd64_level;
    }
    kind == own
        || (kind == ArchKind::I386 && own == ArchKind::Amd64 && host.runs_386)
        || (kind == ArchKind::Arm && own == ArchKind::Arm64 && host.runs_arm)
}

/// How to run `program` by `runner`: its command line and what to add to the environment. `sysroot` is where a
/// dynamic program's loader and libraries are.
pub fn command_for(
    runner: &Runner,
    target: &GoTarget,
    program: &Path,
    args: &[String],
    sysroot: Option<&Path>,
) -> RunnerCommand {
    let rest = args.iter().map(OsString::from);
    match runner {
        // Its loader is not where it asks for it: the loader itself is started.
        Runner::Native if sysroot.is_some() && target.facts().is_some_and(|f| f.glibc_loader.is_some()) => {
            let root = sysroot.unwrap_or(Path::new("/"));
            let loader = target.facts().and_then(|f| f.glibc_loader).unwrap_or_default();
            let triple = target.facts().and_then(|f| f.gnu_triple).unwrap_or_default();
            let dirs = ["lib", "usr/lib"].iter().flat_map(|d| [root.join(d), root.join(d).join(triple)]);
            let dirs: Vec<String> = dirs.map(|d| d.to_string_lossy().into_owned()).collect();
            let mut words: Vec<OsString> =
                vec!["--library-path".into(), dirs.join(":").into(), program.into()];
            words.extend(rest);
            RunnerCommand { program: root.join(loader.trim_start_matches('/')), args: words, env: Vec::new() }
        }
        Runner::Native => {
            RunnerCommand { program: program.to_owned(), args: rest.collect(), env: Vec::new() }
        }
        Runner::QemuUser { path, .. } => {
            let mut words: Vec<OsString> = Vec::new();
            if let Some(root) = sysroot {
                words.extend(["-L".into(), root.into()]);
            }
            words.push(program.into());
            words.extend(rest);
            let model = match target.arch {
                // The C libraries that distributions have for hard float are ARMv7; the program's own level is
                // stated in it, and verified there.
                Arch::Arm(Arm { version: 6, .. }) if sysroot.is_some() => Some("cortex-a8"),
                arch => processor_model(arch),
            };
            let model = model.map(|m| ("QEMU_CPU".to_owned(), m.to_owned()));
            RunnerCommand { program: path.clone(), args: words, env: model.into_iter().collect() }
        }
        Runner::Wasi { path, .. } => wasm::own_command(path, program, rest.collect()),
        Runner::WasiRuntime { kind, path, args, .. } => {
            wasm::runtime_command(*kind, path, args, program, rest.collect())
        }
        Runner::Wine { path, seed, prefix, .. } => {
            wine::command(path, seed.as_deref(), prefix.as_deref(), program, rest.collect())
        }
        Runner::Node { path, glue, .. } => wasm::node_command(path, glue, program, rest.collect()),
        Runner::Ssh(remote) => ssh::command(remote, program, rest.collect()),
    }
}

/// Whether this version of qemu-user runs what C compilers make for the target. Before 8.2 its LoongArch processor has no
/// vectors (LSX), which gcc's and zig's C libraries use; Go's own code does not.
pub fn knows_c_code(version: &str, target: &GoTarget) -> bool {
    let mut parts = version.split('.').map(|p| p.parse::<u32>().unwrap_or(0));
    let found = (parts.next().unwrap_or(0), parts.next().unwrap_or(0));
    target.arch.kind() != ArchKind::Loong64 || found >= (8, 2)
}

/// The model of qemu's that has no more than the target promises, so that a program that needs more fails here and
/// not at the user's; none where qemu's own default is already the least, or no model of that level exists.
/// Each was started with a program of its level under qemu 7.2 (tests/start.rs).
pub fn processor_model(arch: Arch) -> Option<&'static str> {
    Some(match arch {
        Arch::Arm(Arm { version: 5, .. }) => "arm926",
        Arch::Arm(Arm { version: 6, .. }) => "arm1176",
        Arch::Arm(Arm { version: 7, .. }) => "cortex-a8",
        Arch::Arm64(v) if (v.major, v.minor, v.lse) == (8, 0, false) => "cortex-a57",
        Arch::Amd64(Amd64::V1) => "qemu64",
        Arch::Mips(_) | Arch::Mipsle(_) => "24Kf",
        Arch::Mips64(_) | Arch::Mips64le(_) => "MIPS64R2-generic",
        Arch::Riscv64(Riscv64::Rva20u64) => "rv64",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::QemuFound;

    fn host() -> HostFacts {
        let qemu = QemuFound {
            path: "/q/qemu-aarch64-static".into(),
            version: "7.2.22".into(),
            digest: "d".into(),
            origin: None,
        };
        HostFacts {
            os: Some(Os::Linux),
            arch: Some(ArchKind::Amd64),
            amd64_level: Amd64::V3,
            runs_386: true,
            runs_arm: false,
            qemu: [("qemu-aarch64".to_owned(), qemu)].into(),
            wasm: crate::WasmFacts::default(),
            wine: crate::WineFacts::default(),
        }
    }

    fn choose(target: &str) -> RunnerChoice {
        choose_runner(&target.parse().unwrap(), &host())
    }

    #[test]
    fn choices() {
        for native in ["linux/amd64", "linux/amd64/v3", "linux/386"] {
            assert_eq!(choose(native).runner, Some(Runner::Native), "{native}");
        }
        assert!(matches!(choose("linux/arm64").runner, Some(Runner::QemuUser { .. })));
        for none in ["darwin/arm64", "windows/amd64", "freebsd/amd64"] {
            assert_eq!((choose(none).runner, choose(none).class), (None, Some(Class::NoRunner)), "{none}");
        }
        for (missing, what) in
            [("linux/riscv64", "qemu-riscv64"), ("linux/amd64/v4", "qemu-x86_64"), ("js/wasm", "node")]
        {
            let choice = choose(missing);
            assert_eq!((choice.runner, choice.class), (None, Some(Class::RunnerMissing)));
            assert_eq!(choice.missing.unwrap().what, what);
        }
    }

    #[test]
    fn vectors_of_loongarch() {
        for (version, target, known) in [
            ("7.2.22", "linux/loong64", false),
            ("8.2.0", "linux/loong64", true),
            ("10.0.13", "linux/loong64", true),
            ("7.2.22", "linux/arm64", true),
        ] {
            assert_eq!(knows_c_code(version, &target.parse().unwrap()), known, "{version} {target}");
        }
    }

    #[test]
    fn command_lines() {
        let target: GoTarget = "linux/arm/v6".parse().unwrap();
        let qemu = Runner::QemuUser { path: "/q/qemu-arm".into(), version: "7".into(), digest: "d".into() };
        let args = ["--version".to_owned()];
        let command = command_for(&qemu, &target, Path::new("/d/x"), &args, Some(Path::new("/sys root")));
        assert_eq!(command.program, Path::new("/q/qemu-arm"));
        assert_eq!(command.args, ["-L", "/sys root", "/d/x", "--version"]);
        assert_eq!(command.env, [("QEMU_CPU".to_owned(), "cortex-a8".to_owned())]);
        let command = command_for(&qemu, &target, Path::new("/d/x"), &args, None);
        assert_eq!(command.env, [("QEMU_CPU".to_owned(), "arm1176".to_owned())]);
        let command = command_for(&Runner::Native, &target, Path::new("/d/x"), &args, None);
        assert_eq!((command.program.as_path(), command.args.len()), (Path::new("/d/x"), 1));
    }
}
