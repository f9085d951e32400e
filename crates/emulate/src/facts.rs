//! What this host has that runs programs.
//!
//! Owns: looking for emulators on PATH, their versions and digests, the host processor's level.
//! Must not: choose; that is pure and elsewhere.

use crate::{WasmFacts, WineFacts};
use goferry_proc::{CommandSpec, Limits, Spawner, find_program};
use goferry_target::{Amd64, ArchKind, GoTarget, Os};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

/// An emulator or another program that runs programs, as it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QemuFound {
    /// The emulator.
    pub path: PathBuf,
    /// As it says itself: `7.2.22`.
    pub version: String,
    /// SHA-256, hex.
    pub digest: String,
    /// Where it is from, if that is worth a word; else it was found on PATH.
    pub origin: Option<String>,
}

/// What decides the choice of a runner.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HostFacts {
    /// The host's system, where Go has a name for it.
    pub os: Option<Os>,
    /// The host's processor, where Go has a name for it.
    pub arch: Option<ArchKind>,
    /// The host processor's level, if it is amd64.
    pub amd64_level: Amd64,
    /// Whether an amd64 kernel runs 32-bit programs.
    pub runs_386: bool,
    /// Whether an arm64 kernel and processor run 32-bit programs.
    pub runs_arm: bool,
    /// By name without `-static`: `qemu-aarch64`.
    pub qemu: BTreeMap<String, QemuFound>,
    /// For wasm programs.
    pub wasm: WasmFacts,
    /// For Windows programs.
    pub wine: WineFacts,
}

/// What is known of emulators from earlier runs, so that they are neither hashed nor asked again.
pub trait QemuMemory {
    /// SHA-256 of the file, hex; none if it cannot be read.
    fn digest(&self, path: &Path) -> Option<String>;
    /// The version that the file with this digest said.
    fn version(&self, digest: &str) -> Option<String>;
    /// Takes a version.
    fn keep(&self, digest: &str, version: &str);
}

/// Remembers nothing.
struct NoMemory;

impl QemuMemory for NoMemory {
    fn digest(&self, path: &Path) -> Option<String> {
        digest_of(path).ok()
    }

    fn version(&self, _: &str) -> Option<String> {
        None
    }

    fn keep(&self, _: &str, _: &str) {}
}

impl HostFacts {
    /// Looks at this host, for the runners that `targets` may need: each emulator found on `path` (the value of PATH)
    /// is asked for its version and hashed. One that does not answer counts as absent.
    pub fn probe(spawner: &dyn Spawner, path: Option<&OsStr>, targets: &[GoTarget]) -> HostFacts {
        HostFacts::probe_remembering(spawner, path, targets, &NoMemory)
    }

    /// As [`HostFacts::probe`], but what `memory` knows is neither asked nor hashed.
    pub fn probe_remembering(
        spawner: &dyn Spawner,
        path: Option<&OsStr>,
        targets: &[GoTarget],
        memory: &dyn QemuMemory,
    ) -> HostFacts {
        let mut facts = HostFacts {
            os: Os::host(),
            arch: ArchKind::host(),
            amd64_level: amd64_level(),
            runs_386: runs_386(),
            // Few arm64 servers still can, and asking the kernel needs unsafe code: qemu-arm does it everywhere.
            runs_arm: false,
            qemu: BTreeMap::new(),
            wasm: WasmFacts::default(),
            wine: WineFacts::default(),
        };
        if targets.iter().any(|t| t.os == Os::Wasip1) {
            facts.wasm.find_runtimes(spawner, path, memory);
        }
        if targets.iter().any(|t| t.os == Os::Js) {
            facts.wasm.find_node(spawner, path, memory);
        }
        for target in targets {
            let Some(name) = target.facts().and_then(|f| f.qemu).map(|q| format!("qemu-{q}")) else {
                continue;
            };
            if facts.os == Some(Os::Linux)
                && !facts.qemu.contains_key(&name)
                && crate::choose_runner(target, &facts).runner.is_none()
                && let Some(found) = find_qemu(&name, spawner, path, memory)
            {
                facts.qemu.insert(name, found);
            }
        }
        facts
    }
}

/// The static build first: it needs nothing of the host inside the sandbox or another root.
fn find_qemu(
    name: &str,
    spawner: &dyn Spawner,
    path: Option<&OsStr>,
    memory: &dyn QemuMemory,
) -> Option<QemuFound> {
    [format!("{name}-static"), name.to_owned()].iter().find_map(|file| {
        let path = find_program(file, path, Path::new("/"))?;
        identify_by(&path, &Asked { arg: "--version", version: version_in }, spawner, memory)
    })
}

type Identified = BTreeMap<(PathBuf, u64, SystemTime), QemuFound>;

/// How a program is asked for its version, and where that is in its answer.
pub(crate) struct Asked {
    pub(crate) arg: &'static str,
    pub(crate) version: fn(&str) -> Option<String>,
}

/// Version and digest of a program, kept for this process by path, size and time of change.
pub(crate) fn identify_by(
    path: &Path,
    asked: &Asked,
    spawner: &dyn Spawner,
    memory: &dyn QemuMemory,
) -> Option<QemuFound> {
    static KNOWN: Mutex<Identified> = Mutex::new(BTreeMap::new());
    let meta = path.metadata().ok()?;
    let key = (path.to_owned(), meta.len(), meta.modified().ok()?);
    if let Some(found) = KNOWN.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
        return Some(found.clone());
    }
    let digest = memory.digest(path)?;
    let version = match memory.version(&digest) {
        Some(known) => known,
        None => {
            let said = ask(path, asked, spawner)?;
            memory.keep(&digest, &said);
            said
        }
    };
    let found = QemuFound { path: path.to_owned(), version, digest, origin: None };
    KNOWN.lock().unwrap_or_else(PoisonError::into_inner).insert(key, found.clone());
    Some(found)
}

fn ask(path: &Path, asked: &Asked, spawner: &dyn Spawner) -> Option<String> {
    let spec = CommandSpec::new("asking the emulator for its version", path)
        .arg(asked.arg)
        .limits(Limits::wall(Duration::from_secs(10)));
    let said = spawner.run(&spec).ok().filter(|f| f.status.success())?;
    (asked.version)(&said.stdout_text())
}

/// `qemu-aarch64 version 7.2.22 (Debian 1:7.2+dfsg-7+deb12u18+b3)` gives `7.2.22`.
fn version_in(text: &str) -> Option<String> {
    let (_, rest) = text.lines().next()?.split_once(" version ")?;
    let version = rest.split_whitespace().next()?;
    version.starts_with(|c: char| c.is_ascii_digit()).then(|| version.to_owned())
}

fn digest_of(path: &Path) -> std::io::Result<String> {
    use std::io::Read;
    let mut file = std::fs::File::open(path)?;
    let (mut hash, mut buffer) = (Sha256::new(), vec![0; 1 << 20]);
    loop {
        match file.read(&mut buffer)? {
            0 => break,
            n => hash.update(&buffer[..n]),
        }
    }
    Ok(hash.finalize().iter().map(|b| format!("{b:02x}")).collect())
}

/// The level of the x86-64 psABI that this processor has (its section 3.1.1).
#[cfg(target_arch = "x86_64")]
fn amd64_level() -> Amd64 {
    macro_rules! all { ($($f:tt)*) => { true $(&& std::arch::is_x86_feature_detected!($f))* } }
    let v2 = all!("cmpxchg16b" "popcnt" "sse3" "sse4.1" "sse4.2" "ssse3");
    let v3 = v2 && all!("avx" "avx2" "bmi1" "bmi2" "f16c" "fma" "lzcnt" "movbe" "xsave");
    let v4 = v3 && all!("avx512f" "avx512bw" "avx512cd" "avx512dq" "avx512vl");
    match (v2, v3, v4) {
        (_, _, true) => Amd64::V4,
        (_, true, _) => Amd64::V3,
        (true, ..) => Amd64::V2,
        _ => Amd64::V1,
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn amd64_level() -> Amd64 {
    Amd64::V1
}

/// Whether the kernel has the 32-bit system call table: the personality file is absent everywhere, but with
/// CONFIG_IA32_EMULATION the vDSO sysctl `abi/vsyscall32` is there, unless the kernel was booted with it off.
#[cfg(target_arch = "x86_64")]
fn runs_386() -> bool {
    Path::new("/proc/sys/abi/vsyscall32").exists()
}

#[cfg(not(target_arch = "x86_64"))]
fn runs_386() -> bool {
    cfg!(target_arch = "x86")
}

#[cfg(test)]
mod tests {
    use super::*;
    use goferry_proc::{Expected, Finished, Scripted, Status};

    #[test]
    fn versions() {
        let debian = "qemu-aarch64 version 7.2.22 (Debian 1:7.2+dfsg-7+deb12u18+b3)\nCopyright\n";
        assert_eq!(version_in(debian), Some("7.2.22".to_owned()));
        assert_eq!(version_in("qemu-arm version 10.0.2\n"), Some("10.0.2".to_owned()));
        assert_eq!(version_in("usage: something else"), None);
        assert_eq!(version_in(""), None);
    }

    #[test]
    #[cfg(unix)]
    fn emulators_are_asked_once() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("qemu-s390x-static");
        std::fs::write(&file, "abc").unwrap();
        std::fs::set_permissions(&file, PermissionsExt::from_mode(0o755)).unwrap();
        let answer = Finished::with(Status::Exited(0), "qemu-s390x version 9.1.0\n", "");
        let host = Scripted::new([Expected::new([file.to_str().unwrap(), "--version"]).answers(answer)]);
        let targets =
            ["linux/s390x".parse().unwrap(), "darwin/arm64".parse().unwrap(), "linux/mips".parse().unwrap()];
        for _ in 0..2 {
            let facts = HostFacts::probe(&host, Some(dir.path().as_os_str()), &targets);
            let found = &facts.qemu["qemu-s390x"];
            assert_eq!(found.version, "9.1.0");
            assert_eq!(found.digest, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
            assert_eq!(facts.qemu.len(), 1);
        }
        host.assert_all_done();
    }

    #[test]
    #[cfg(unix)]
    fn what_is_remembered_is_not_asked() {
        use std::os::unix::fs::PermissionsExt;
        struct Known;
        impl QemuMemory for Known {
            fn digest(&self, _: &Path) -> Option<String> {
                Some("d1".to_owned())
            }
            fn version(&self, digest: &str) -> Option<String> {
                (digest == "d1").then(|| "8.1.0".to_owned())
            }
            fn keep(&self, _: &str, _: &str) {}
        }
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("qemu-s390x-static");
        std::fs::write(&file, "abcd").unwrap();
        std::fs::set_permissions(&file, PermissionsExt::from_mode(0o755)).unwrap();
        let host = Scripted::new([]);
        let targets = ["linux/s390x".parse().unwrap()];
        let facts = HostFacts::probe_remembering(&host, Some(dir.path().as_os_str()), &targets, &Known);
        let found = &facts.qemu["qemu-s390x"];
        assert_eq!((found.version.as_str(), found.digest.as_str()), ("8.1.0", "d1"));
        host.assert_all_done();
    }
}
