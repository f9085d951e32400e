//! What a binary is, where it can run, and why not here.

use crate::glibc;
use goferry_objfile::{Binary, FileKind, Format, Linkage};
use goferry_target::{ArchKind, GoTarget, Os};
use serde::Serialize;

/// The host, described.
#[derive(Clone, Debug, Default, Serialize)]
pub struct HostView {
    /// GOOS.
    pub os: String,
    /// GOARCH.
    pub arch: String,
    /// Loaders of those that were asked about that exist here.
    pub loaders: Vec<String>,
    /// Shared libraries of those that were asked about that the host's loader would find.
    pub libraries: Vec<String>,
    /// The host's glibc, if it has one.
    pub glibc: Option<(u32, u32)>,
    /// What runs the binary's target here: `natively`, `qemu 7.2.22`; none if nothing does.
    pub runner: Option<String>,
    /// Command that supplies the runner, if it could be had.
    pub runner_hint: Option<String>,
}

/// Why it does not run here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "obstacle", rename_all = "kebab-case")]
pub enum Obstacle {
    /// It is no program.
    NotAProgram {
        /// What it is.
        kind: String,
    },
    /// Another operating system.
    OtherSystem {
        /// Its own.
        needs: String,
        /// The host's.
        here: String,
    },
    /// Another machine, which nothing here emulates.
    OtherMachine {
        /// Its own.
        needs: String,
        /// The host's.
        here: String,
        /// What would supply a runner.
        hint: Option<String>,
    },
    /// The loader is missing: the kernel says that the file does not exist.
    LoaderMissing {
        /// Its path.
        loader: String,
        /// Who has it.
        who: String,
    },
    /// A shared library is missing.
    LibraryMissing {
        /// Its name.
        library: String,
        /// Folders that the binary itself names for its libraries, as written.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        own_folders: Vec<String>,
    },
    /// The C library is older than the binary needs.
    GlibcTooOld {
        /// What it needs.
        needs: String,
        /// What is here.
        here: String,
    },
}

impl Obstacle {
    /// One sentence.
    pub fn sentence(&self) -> String {
        match self {
            Obstacle::NotAProgram { kind } => format!("it is {kind}, not a program"),
            Obstacle::OtherSystem { needs, here } => format!("it is for {needs}, and this host is {here}"),
            Obstacle::OtherMachine { needs, here, hint } => {
                let how = hint.as_ref().map(|h| format!("; {h}")).unwrap_or_default();
                format!("it is for {needs}, this host is {here}, and no emulator for it was found{how}")
            }
            Obstacle::LoaderMissing { loader, who } => {
                format!(
                    "its loader {loader} is missing, so that the kernel says the file does not exist ({who})"
                )
            }
            Obstacle::LibraryMissing { library, own_folders } if own_folders.is_empty() => {
                format!("the library {library} is not in the system's folders")
            }
            Obstacle::LibraryMissing { library, own_folders } => {
                let named = own_folders.join(", ");
                format!(
                    "the library {library} is neither in the folders that it names itself ({named}) nor in the system's"
                )
            }
            Obstacle::GlibcTooOld { needs, here } => {
                format!("it needs glibc {needs}, and this host has {here}")
            }
        }
    }
}

/// What can be said of a binary.
#[derive(Clone, Debug, Serialize)]
pub struct BinaryReport {
    /// One line: format, machine, linkage.
    pub what: String,
    /// The target that it was built for, if Go has a name for it.
    pub target: Option<String>,
    /// The Go version that built it.
    pub go: Option<String>,
    /// Main module and version.
    pub module: Option<String>,
    /// Its loader.
    pub loader: Option<String>,
    /// Its shared libraries.
    pub needed: Vec<String>,
    /// The glibc that it needs.
    pub glibc: Option<String>,
    /// Where it runs: the oldest release of each distribution, or any.
    pub runs_on: String,
    /// Why not here; empty if it does.
    pub obstacles: Vec<Obstacle>,
    /// What runs it here.
    pub runner: Option<String>,
    /// What to do.
    pub advice: Vec<String>,
}

/// Explains a binary to this host.
pub fn explain_binary(binary: &Binary, host: &HostView) -> BinaryReport {
    let target = target_of(binary);
    let machine =
        binary.arch.map_or_else(|| format!("machine {}", binary.machine), |a| a.goarch().to_owned());
    let system = target.map_or_else(String::new, |t| format!("{} ", t.os));
    let linkage = match binary.linkage {
        Linkage::Static => "static",
        _ => "dynamic",
    };
    let glibc = binary.glibc.as_ref().map(|g| (u32::from(g.major), u32::from(g.minor)));
    let mut report = BinaryReport {
        what: format!("{} {system}{machine}, {linkage} {}", binary.format, kind(binary.kind)),
        target: target.map(|t| t.to_string()),
        go: binary.go.as_ref().map(|g| g.go_version.clone()),
        module: binary.go.as_ref().and_then(|g| g.main.as_ref()).map(|m| format!("{} {}", m.path, m.version)),
        loader: binary.interpreter.clone(),
        needed: binary.needed.clone(),
        glibc: glibc.map(|(a, b)| format!("{a}.{b}")),
        runs_on: runs_on(binary, target, glibc),
        obstacles: vec![],
        runner: host.runner.clone(),
        advice: vec![],
    };
    obstacles(binary, target, glibc, host, &mut report);
    report
}

fn kind(kind: FileKind) -> &'static str {
    match kind {
        FileKind::Executable | FileKind::Pie => "program",
        FileKind::SharedLibrary => "shared library",
        FileKind::Archive => "archive",
        _ => "object",
    }
}

/// The target as the file states it.
pub fn target_of(binary: &Binary) -> Option<GoTarget> {
    if let Some(go) = &binary.go
        && let (Some(os), Some(arch)) = (go.setting("GOOS"), go.setting("GOARCH"))
    {
        return format!("{os}/{arch}").parse().ok();
    }
    let arch = binary.arch?;
    let os = match binary.format {
        Format::Elf => binary.os.get().unwrap_or(Os::Linux),
        Format::Pe => Os::Windows,
        Format::MachO => Os::Darwin,
        _ => return None,
    };
    Some(GoTarget::new(os, arch.default_arch()))
}

fn is_musl(loader: &str) -> bool {
    loader.contains("ld-musl")
}

fn runs_on(binary: &Binary, target: Option<GoTarget>, glibc: Option<(u32, u32)>) -> String {
    let Some(t) = target else { return "a machine of its kind".to_owned() };
    if t.os != Os::Linux {
        let least =
            binary.platform.as_ref().map(|p| format!(" {} or later", p.min_version)).unwrap_or_default();
        return format!("{}{least} on {}", t.os, t.arch.goarch());
    }
    match (&binary.interpreter, glibc) {
        (Some(loader), _) if is_musl(loader) => "Alpine and other systems with musl".to_owned(),
        (None, None) if binary.needed.is_empty() => format!("any Linux on {}, Alpine too", t.arch.goarch()),
        (_, Some(needed)) => {
            format!("{} and later; Alpine only with gcompat", glibc::oldest_line(needed))
        }
        (Some(_), None) => "any Linux with glibc; Alpine only with gcompat".to_owned(),
        (None, None) => "a Linux with its libraries".to_owned(),
    }
}

fn obstacles(
    binary: &Binary,
    target: Option<GoTarget>,
    glibc: Option<(u32, u32)>,
    host: &HostView,
    report: &mut BinaryReport,
) {
    let here = format!("{}/{}", host.os, host.arch);
    if !matches!(binary.kind, FileKind::Executable | FileKind::Pie) {
        report.obstacles.push(Obstacle::NotAProgram { kind: format!("a {}", kind(binary.kind)) });
        return;
    }
    let needs = report.target.clone().unwrap_or_else(|| report.what.clone());
    if host.runner.is_none() {
        let os = target.map(|t| t.os.goos());
        report.obstacles.push(if os.is_some_and(|os| os != host.os) {
            Obstacle::OtherSystem { needs, here }
        } else {
            Obstacle::OtherMachine { needs, here, hint: host.runner_hint.clone() }
        });
        if let Some(hint) = &host.runner_hint {
            report.advice.push(hint.clone());
        }
        return;
    }
    let native = binary.arch.map(ArchKind::goarch) == Some(host.arch.as_str());
    if let Some(loader) = &binary.interpreter
        && !host.loaders.contains(loader)
    {
        let who = if is_musl(loader) { "musl, as on Alpine" } else { "glibc of that machine" };
        report.obstacles.push(Obstacle::LoaderMissing { loader: loader.clone(), who: who.to_owned() });
        report.advice.push(if native {
            "link it statically: CGO_ENABLED=0, or [toolchain] libc = \"musl\" in goferry.toml".to_owned()
        } else {
            "give the emulator the target's libraries: goferry toolchain install, then goferry run".to_owned()
        });
        return;
    }
    for library in binary.needed.iter().filter(|l| !host.libraries.contains(l)) {
        report.obstacles.push(Obstacle::LibraryMissing {
            library: library.clone(),
            own_folders: binary.run_paths.clone(),
        });
    }
    if let (true, Some(needed), Some(have)) = (native, glibc, host.glibc)
        && needed > have
    {
        report.obstacles.push(Obstacle::GlibcTooOld {
            needs: format!("{}.{}", needed.0, needed.1),
            here: format!("{}.{}", have.0, have.1),
        });
        report
            .advice
            .push("link for an older glibc: [toolchain] glibc = \"2.17\" in goferry.toml".to_owned());
    }
}
