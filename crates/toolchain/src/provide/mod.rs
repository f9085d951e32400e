//! Compilers, target libraries and emulators, found on the host or fetched under the user's cache without root.
//!
//! Owns: which provider a target gets and why ([`decide`]), fetching, checking and unpacking ([`provide`]), the lock file.
//! Must not: need root, trust a file whose digest was not checked, or leave anything half-made that counts.

mod apt;
mod darwin;
mod deb;
mod decide;
mod gcc;
mod loader;
mod lock;
mod native;
mod qemu;
mod sources;
mod store;
mod suites;
mod sysroot;
mod tree;
mod wheel;
mod wine;
mod zig;

pub use decide::{Decision, HostTools, Source, decide, gcc_triple};
pub use lock::{Lock, LockEntry, LockFile};
pub use qemu::{ProvidedQemu, QemuWanted, provide_qemu, vectors_suite};
pub use suites::GccSuite;
pub use wine::{ProvidedWine, provide_wine};

use crate::cc::CcProvider;
use goferry_proc::Spawner;
use goferry_report::{Code, Diagnostic};
use goferry_target::{Arch, GoTarget, Os};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What fetching needs besides what is wanted.
pub struct Fetcher<'a> {
    /// Runs apt-get, dpkg-deb and pip.
    pub spawner: &'a dyn Spawner,
    /// The folder of everything that was fetched, `<cache>/tools`.
    pub root: &'a Path,
    /// `GOFERRY_TOOLCHAIN_MIRROR`: a shared folder with files by digest.
    pub mirror: Option<&'a Path>,
    /// The project's goferry.lock.
    pub lock: Option<&'a Lock>,
    /// Whether only what the lock names may be used.
    pub locked: bool,
    /// Whether the network may be used.
    pub may_fetch: bool,
    /// Whether unpacked folders are read again from end to end, and made anew if they are not what they were
    /// (`toolchain install`, `update`); else such a folder is refused.
    pub mend: bool,
    /// Whether resolutions that are remembered are asked for again (`toolchain update`).
    pub refresh: bool,
    /// The process environment.
    pub env: &'a BTreeMap<String, String>,
    /// Hears what is being fetched.
    pub say: &'a (dyn Fn(&str) + Sync),
}

/// The C library of a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Libc {
    /// glibc, or the system's own where there is only one.
    Gnu {
        /// The oldest version that programs must start with.
        floor: Option<(u32, u32)>,
    },
    /// musl, linked statically.
    Musl,
    /// What the compiler brings: glibc, but musl where zig links for a target whose glibc nobody packages.
    Open,
}

/// Which provider is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "providers by name")]
pub enum Prefer {
    Auto,
    Gcc,
    Zig,
}

/// What is wanted for one target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The target.
    pub target: GoTarget,
    /// Which provider.
    pub prefer: Prefer,
    /// C library.
    pub libc: Libc,
    /// Whether a C++ compiler is needed too.
    pub cxx: bool,
    /// The distribution's packages of the target, for headers and libraries.
    pub packages: Vec<String>,
    /// The suite they come from, if one is named.
    pub suite: Option<String>,
    /// The suite that the cross gcc comes from, if one is named.
    pub gcc_suite: Option<String>,
    /// macOS SDK.
    pub sdk: Option<PathBuf>,
}

impl Wanted {
    /// The C library that zig links.
    pub fn zig_libc(&self) -> Libc {
        match (self.libc, self.target.arch) {
            // Without a distribution's package there is no glibc of it to run programs with.
            (Libc::Open, Arch::Loong64) if self.target.os == Os::Linux => Libc::Musl,
            (Libc::Open, _) => Libc::Gnu { floor: None },
            (named, _) => named,
        }
    }
}

/// A C toolchain that is ready.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provided {
    /// CC, a bare name.
    pub cc: String,
    /// CXX, a bare name; empty if there is none.
    pub cxx: String,
    /// AR, a bare name; empty leaves Go's default.
    pub ar: String,
    /// Folders in front of PATH.
    pub bin_dirs: Vec<PathBuf>,
    /// Further variables for the go command.
    pub env: Vec<(String, String)>,
    /// Where the loader and the libraries of dynamic programs are (`qemu -L`).
    pub loader_prefix: Option<PathBuf>,
    /// Digest over everything that was fetched and the shims' rules: the same on every machine.
    pub identity: String,
    /// Who provided it.
    pub provider: CcProvider,
    /// Why this one.
    pub reason: String,
    /// What was fetched.
    pub entries: Vec<LockEntry>,
}

/// Makes a decision real: fetches what is missing, checks digests, unpacks, makes the shims.
///
/// # Errors
/// A diagnostic that says what could not be had and what to do.
pub fn provide(
    decision: &Decision,
    wanted: &Wanted,
    fetcher: &Fetcher<'_>,
) -> Result<Provided, Box<Diagnostic>> {
    match &decision.source {
        Source::Path { choice } => Ok(Provided {
            cc: choice.cc.clone(),
            cxx: choice.cxx.clone(),
            ar: choice.ar.clone(),
            bin_dirs: Vec::new(),
            env: Vec::new(),
            loader_prefix: None,
            identity: format!("{} {}", choice.cc, choice.digest),
            provider: choice.provider,
            reason: decision.reason.clone(),
            entries: Vec::new(),
        }),
        Source::AptGcc { instead, .. } => match (gcc::provide_gcc(decision, wanted, fetcher), instead) {
            (Err(d), Some(zig)) if d.code == Code::PackageUnknown => provide(zig, wanted, fetcher),
            (result, _) => result,
        },
        Source::HostGcc { .. } => native::provide_native(decision, wanted, fetcher),
        Source::Zig { .. } => zig::provide_zig(decision, wanted, fetcher),
    }
}

/// The kind of host that packages are for: `debian/bookworm/amd64`, or only `linux/amd64` without a distribution's apt.
pub fn host_kind() -> String {
    match sources::Distribution::read(Path::new("/etc")) {
        Some(d) => format!("{}/{}/{}", d.id, d.codename, d.arch),
        None => format!("{}/{}", std::env::consts::OS, std::env::consts::ARCH),
    }
}

/// Copies what was fetched into the mirror (`GOFERRY_TOOLCHAIN_MIRROR`), if there is one that may be written.
///
/// # Errors
/// A mirror that is full or damaged.
pub fn share(fetcher: &Fetcher<'_>, entries: &[LockEntry]) -> Result<(), Box<Diagnostic>> {
    store::share(fetcher, entries)
}
