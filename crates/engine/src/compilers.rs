//! The C toolchain of each cgo target, and emulators: found on the host, else fetched under the user's cache.
//!
//! Owns: what the configuration asks for, as data for `toolchain::provide`; the folders that builds put on PATH. Must
//! not: know how anything is fetched.

use crate::session::Session;
use goferry_config::Config;
use goferry_config::model::{CLibrary, CProvider};
use goferry_plan::facts::CcFact;
use goferry_report::{Code, Diagnostic};
use goferry_target::GoTarget;
use goferry_toolchain::provide::{self, Decision, Fetcher, HostTools, Libc, Lock, Prefer, Provided, Wanted};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Name of the lock file, at the project's root.
pub const LOCK_FILE: &str = "goferry.lock";

/// What was provided for the targets of a plan.
#[derive(Clone, Debug, Default)]
pub struct Compilers {
    /// By target, those that goferry itself provides or chose.
    pub provided: BTreeMap<GoTarget, Provided>,
}

impl Compilers {
    /// The environment of a target's builds: its compilers in front of PATH.
    pub(crate) fn environment(
        &self,
        target: GoTarget,
        env: &BTreeMap<String, String>,
    ) -> BTreeMap<String, String> {
        let mut env = env.clone();
        let Some(p) = self.provided.get(&target) else { return env };
        let path = env.get("PATH").cloned().unwrap_or_default();
        let dirs = p.bin_dirs.iter().cloned().chain(std::env::split_paths(&path));
        if let Ok(joined) = std::env::join_paths(dirs) {
            env.insert("PATH".to_owned(), joined.to_string_lossy().into_owned());
        }
        env.extend(p.env.iter().cloned());
        env
    }

    /// Where the loader and the libraries of a target's dynamic programs are.
    pub(crate) fn loader_prefix(&self, target: GoTarget) -> Option<PathBuf> {
        let facts = target.facts()?;
        let own = self.provided.get(&target);
        // What the host itself loads needs no prefix, unless its libraries were fetched.
        let libraries = own.is_some_and(|p| p.entries.iter().any(|e| e.role == "sysroot"));
        let here = facts.glibc_loader.is_some_and(|l| Path::new(l).exists());
        if target.os == goferry_target::Os::Linux && here && !libraries {
            return None;
        }
        let provided = own.and_then(|p| p.loader_prefix.clone());
        // Where the distribution's cross compilers keep them.
        let installed = || {
            let root = Path::new("/usr").join(provide::gcc_triple(target)?);
            root.join("lib").is_dir().then_some(root)
        };
        provided.or_else(installed)
    }
}

/// What fetching needs, gathered once.
pub struct Fetching<'a> {
    session: &'a Session,
    root: PathBuf,
    mirror: Option<PathBuf>,
    lock: Option<Lock>,
    locked: bool,
    may_fetch: bool,
    refresh: bool,
    qemu: Option<String>,
    cgo: Vec<GoTarget>,
    mend: bool,
    say: Box<dyn Fn(&str) + Sync + 'a>,
}

/// How far fetching may go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FetchRules {
    /// `--locked`.
    pub locked: bool,
    /// Whether the network may be used at all.
    pub may_fetch: bool,
    /// `toolchain update`: ask again for what is remembered and locked.
    pub refresh: bool,
}

impl<'a> Fetching<'a> {
    /// For a project whose lock is at `root/goferry.lock`.
    ///
    /// # Errors
    /// A lock that cannot be read, or is missing under `--locked`.
    pub fn new(session: &'a Session, project: &Path, rules: FetchRules) -> Result<Self, Box<Diagnostic>> {
        let lock = if rules.refresh { None } else { Lock::read(&project.join(LOCK_FILE))? };
        let host = provide::host_kind();
        let lock = match lock {
            Some(lock) if !lock.is_for(&host) => {
                let message = format!("{LOCK_FILE} was written on {}, and this host is {host}", lock.host);
                if rules.locked {
                    let d = Diagnostic::error(Code::LockDrift, message);
                    return Err(Box::new(d.hint(
                        "its packages are for the other kind of host: build there, or without --locked",
                    )));
                }
                session.sink.note(format!("{message}: it is not used"));
                None
            }
            other => other,
        };
        if rules.locked && lock.is_none() {
            let message = format!("--locked, and there is no {LOCK_FILE} in {}", project.display());
            return Err(Box::new(
                Diagnostic::error(Code::LockDrift, message)
                    .hint_with("to write it:", "goferry toolchain install"),
            ));
        }
        let offline = session.env.get("GOFERRY_OFFLINE").is_some_and(|v| !v.is_empty() && v != "0");
        let root = session.tools.clone();
        Ok(Fetching {
            session,
            may_fetch: rules.may_fetch && !offline && root.is_some(),
            root: root.unwrap_or_default(),
            mirror: session.env.get("GOFERRY_TOOLCHAIN_MIRROR").filter(|m| !m.is_empty()).map(PathBuf::from),
            lock,
            locked: rules.locked,
            refresh: rules.refresh,
            qemu: None,
            cgo: Vec::new(),
            mend: false,
            say: Box::new(move |text| session.sink.note(text.to_owned())),
        })
    }

    /// For the project in the working directory, as its configuration has it: from where, and whether at all.
    ///
    /// # Errors
    /// As [`Fetching::new`].
    pub fn configured(session: &'a Session, config: &Config) -> Result<Self, Box<Diagnostic>> {
        let rules = FetchRules { may_fetch: config.toolchain.fetch, ..FetchRules::default() };
        Ok(Fetching::new(session, &session.cwd, rules)?.with_qemu(config.toolchain.qemu.as_ref()))
    }

    /// With the suite that qemu is to come from, if the configuration names one.
    #[must_use]
    pub fn with_qemu(mut self, suite: Option<&String>) -> Self {
        self.qemu = suite.cloned();
        self
    }

    /// With the targets whose programs have C code in them, which some emulators are too old for.
    #[must_use]
    pub fn with_c_code(mut self, targets: impl IntoIterator<Item = GoTarget>) -> Self {
        self.cgo.extend(targets);
        self
    }

    /// Unpacked folders are read from end to end, and made anew if they are not what they were.
    #[must_use]
    pub fn mending(mut self) -> Self {
        self.mend = true;
        self
    }

    /// Whether programs of this target have C code.
    pub(crate) fn has_c_code(&self, target: &GoTarget) -> bool {
        self.cgo.contains(target)
    }

    /// What is wanted of qemu.
    pub(crate) fn qemu(&self) -> provide::QemuWanted<'_> {
        provide::QemuWanted { suite: self.qemu.as_deref() }
    }

    /// Whether the network may be used.
    pub(crate) fn may_fetch(&self) -> bool {
        self.may_fetch
    }

    /// The view of it that providers take.
    pub fn fetcher(&self) -> Fetcher<'_> {
        Fetcher {
            spawner: &self.session.host,
            root: &self.root,
            mirror: self.mirror.as_deref(),
            lock: self.lock.as_ref(),
            locked: self.locked,
            may_fetch: self.may_fetch,
            mend: self.mend,
            refresh: self.refresh,
            env: &self.session.env,
            say: &*self.say,
        }
    }
}

/// What the configuration asks for, for one target.
pub fn wanted(config: &Config, target: GoTarget, root: &Path) -> Wanted {
    let name = target.to_string();
    let c = config.toolchain.of(&name);
    let (packages, suite) = config.sysroot.of(&name);
    let linux = target.os == goferry_target::Os::Linux;
    Wanted {
        target,
        prefer: match c.cc.unwrap_or_default() {
            CProvider::Auto => Prefer::Auto,
            CProvider::Gcc => Prefer::Gcc,
            CProvider::Zig => Prefer::Zig,
        },
        libc: match c.libc {
            None if c.glibc.is_none() || !linux => Libc::Open,
            None | Some(CLibrary::Gnu) => Libc::Gnu { floor: c.glibc.filter(|_| linux) },
            Some(CLibrary::Musl) if linux => Libc::Musl,
            Some(CLibrary::Musl) => Libc::Open,
        },
        cxx: false,
        packages: if linux { packages } else { Vec::new() },
        suite,
        gcc_suite: c.suite,
        sdk: c.sdk.map(|s| root.join(s)),
    }
}

/// What a target would get, and why; nothing is fetched.
///
/// # Errors
/// [`Code::CCompilerMissing`] with everything that was considered.
pub fn decision(session: &Session, wanted: &Wanted, dir: &Path) -> Result<Decision, Box<Diagnostic>> {
    let path = session.path();
    provide::decide(wanted, &HostTools::find(crate::host::host_target(), wanted.target, path.as_ref(), dir))
}

/// Finds or fetches a target's compiler.
///
/// # Errors
/// As [`decision`]; what fetching says.
pub fn compiler(
    session: &Session,
    wanted: &Wanted,
    dir: &Path,
    fetching: &Fetching<'_>,
) -> Result<Provided, Box<Diagnostic>> {
    let decision = decision(session, wanted, dir)?;
    if session.tools.is_none() && !matches!(decision.source, provide::Source::Path { .. }) {
        return Err(no_folder());
    }
    provide::provide(&decision, wanted, &fetching.fetcher())
}

/// Without a cache folder there is no place for what is fetched.
pub(crate) fn no_folder() -> Box<Diagnostic> {
    Box::new(
        Diagnostic::error(Code::FetchFailed, "there is no cache folder for compilers: HOME is not set")
            .hint_with("to say where it is:", "GOFERRY_CACHE=/path/to/folder"),
    )
}

/// The fact that the plan sees. Where nothing may be fetched now, what would be.
pub(crate) fn fact(
    session: &Session,
    wanted: &Wanted,
    dir: &Path,
    fetching: &Fetching<'_>,
    compilers: &mut Compilers,
) -> Result<CcFact, Box<Diagnostic>> {
    let decision = decision(session, wanted, dir)?;
    if session.tools.is_none()
        && fetching.may_fetch()
        && !matches!(decision.source, provide::Source::Path { .. })
    {
        return Err(no_folder());
    }
    match provide::provide(&decision, wanted, &fetching.fetcher()) {
        Ok(p) => {
            let fact = CcFact {
                cc: p.cc.clone(),
                cxx: p.cxx.clone(),
                identity: p.identity.clone(),
                reason: p.reason.clone(),
            };
            compilers.provided.insert(wanted.target, p);
            Ok(fact)
        }
        Err(d) if d.code == Code::FetchFailed && !fetching.may_fetch() => {
            let [cc, cxx, _] = decision.names(wanted.target);
            Ok(CcFact { cc, cxx, identity: "fetched when it is needed".to_owned(), reason: decision.reason })
        }
        Err(d) => Err(d),
    }
}
