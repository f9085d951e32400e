//! Which provider a target gets, and why: pure.

use super::apt;
use super::sources::Distribution;
use super::suites::{self, GccSuite};
use super::{Libc, Prefer, Wanted};
use crate::cc::{CcChoice, CcProvider, CcQuery, choose_cc};
use goferry_proc::find_program;
use goferry_report::{Code, Diagnostic};
use goferry_target::{Arch, Arm, Float, GoTarget, Os};
use std::ffi::OsStr;
use std::path::Path;

/// What this host offers to providers.
#[derive(Clone, Debug)]
pub struct HostTools {
    /// The host's own platform.
    pub host: GoTarget,
    /// The compiler on PATH for the target, if there is one.
    pub on_path: Option<CcChoice>,
    /// Debian or Ubuntu with its apt.
    pub distribution: Option<Distribution>,
    /// A Python with pip, as a command line.
    pub pip: Option<Vec<String>>,
    /// zig on PATH.
    pub zig: bool,
}

impl HostTools {
    /// Looks at PATH and at `/etc`.
    pub fn find(host: GoTarget, target: GoTarget, path: &OsStr, dir: &Path) -> HostTools {
        let on_path = choose_cc(&CcQuery {
            target,
            host: (host.os.goos(), host.arch.goarch()),
            env: ("", "", ""),
            zig: false,
            path,
            dir,
        });
        let has = |program: &str| find_program(program, Some(path), dir).is_some();
        let words = |w: &[&str]| Some(w.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>());
        // Debian's python3 comes without pip; a pip3 is one.
        let pip = if has("pip3") {
            words(&["pip3"])
        } else if has("python3") {
            words(&["python3", "-m", "pip"])
        } else {
            None
        };
        HostTools {
            host,
            on_path: on_path.ok(),
            distribution: Distribution::read(Path::new("/etc")).filter(|_| apt::usable(path, dir)),
            pip,
            zig: has("zig"),
        }
    }
}

/// Where a compiler comes from.
#[derive(Clone, Debug)]
pub enum Source {
    /// It is on PATH.
    Path {
        /// Which.
        choice: Box<CcChoice>,
    },
    /// The host's own gcc, with packages of the distribution.
    HostGcc {
        /// Which.
        choice: Box<CcChoice>,
        /// GNU triple.
        triple: &'static str,
        /// The distribution.
        distribution: Distribution,
    },
    /// The distribution's cross gcc.
    AptGcc {
        /// GNU triple: `aarch64-linux-gnu`.
        triple: &'static str,
        /// The distribution.
        distribution: Distribution,
        /// The suite that it comes from.
        suite: GccSuite,
        /// zig, should the archive turn out not to have it.
        instead: Option<Box<Decision>>,
    },
    /// zig from PATH or its wheel.
    Zig {
        /// `aarch64-linux-musl`, `aarch64-linux-gnu.2.17`.
        zig_target: String,
        /// pip's command line, to fetch it.
        pip: Option<Vec<String>>,
    },
}

/// A decision.
#[derive(Clone, Debug)]
pub struct Decision {
    /// Where it comes from.
    pub source: Source,
    /// Why, in words.
    pub reason: String,
}

impl Decision {
    /// CC, CXX and AR as the go command will see them.
    pub fn names(&self, target: GoTarget) -> [String; 3] {
        match &self.source {
            Source::Path { choice } | Source::HostGcc { choice, .. } => {
                [choice.cc.clone(), choice.cxx.clone(), choice.ar.clone()]
            }
            Source::AptGcc { triple, .. } => ["gcc", "g++", "ar"].map(|t| format!("{triple}-{t}")),
            Source::Zig { .. } => {
                let name = target.to_string().replace('/', "-");
                ["zigcc", "zigc++", "zigar"].map(|t| format!("{t}-{name}"))
            }
        }
    }
}

/// Pairs without cgo, whatever the compiler (`go tool dist list -json`, Go 1.26).
const NO_CGO: [&str; 7] =
    ["js/wasm", "linux/ppc64", "openbsd/ppc64", "plan9/386", "plan9/amd64", "plan9/arm", "wasip1/wasm"];

/// Chooses the provider.
///
/// # Errors
/// [`Code::CCompilerMissing`] with everything that was considered.
pub fn decide(wanted: &Wanted, tools: &HostTools) -> Result<Decision, Box<Diagnostic>> {
    let t = wanted.target;
    if NO_CGO.contains(&t.to_string().as_str()) {
        return Err(Box::new(
            Diagnostic::error(
                Code::CCompilerMissing,
                format!("Go has no cgo for {t}: its linker takes no C objects there"),
            )
            .hint_with("build it without cgo", "CGO_ENABLED=0")
            .hint("or leave the target out"),
        ));
    }
    if let Some(why) = zig_only(wanted) {
        return zig(wanted, tools, &why);
    }
    if wanted.prefer == Prefer::Zig {
        return zig(wanted, tools, "the configuration asks for zig");
    }
    let triple = gcc_triple(t);
    let native = (t.os, t.arch.goarch()) == (tools.host.os, tools.host.arch.goarch());
    let mut tried = vec![];
    match &tools.on_path {
        Some(choice)
            if wanted.packages.is_empty()
                && (native || (choice.provider == CcProvider::CrossGcc && wanted.gcc_suite.is_none())) =>
        {
            return Ok(Decision {
                reason: choice.reason.clone(),
                source: Source::Path { choice: Box::new(choice.clone()) },
            });
        }
        Some(choice) if native => return Ok(with_packages(choice, wanted, tools, triple)),
        Some(_) => {}
        None => tried.push("no compiler for it is on PATH".to_owned()),
    }
    match (triple, &tools.distribution) {
        (Some(triple), Some(d)) if !native => {
            let suite = suites::for_gcc(d, triple, wanted.gcc_suite.as_deref());
            let instead = (wanted.prefer == Prefer::Auto && wanted.packages.is_empty())
                .then(|| {
                    zig(wanted, tools, &format!("{} {} has no {triple}-gcc", d.id, suite.name))
                        .ok()
                        .map(Box::new)
                })
                .flatten();
            let reason = cross_reason(wanted, d, &suite);
            return Ok(Decision {
                source: Source::AptGcc { triple, distribution: d.clone(), suite, instead },
                reason,
            });
        }
        (Some(_), None) => {
            tried.push("there is no apt of Debian or Ubuntu to fetch a cross gcc with".to_owned())
        }
        (Some(_), Some(_)) => tried.push("the host's own compiler is not fetched".to_owned()),
        (None, _) => tried.push("no distribution has a gcc for it".to_owned()),
    }
    if wanted.prefer == Prefer::Gcc || !wanted.packages.is_empty() {
        return Err(missing(wanted, &tried));
    }
    zig(wanted, tools, &tried.join("; ")).map_err(|_| {
        tried.push("there is neither zig on PATH nor a Python with pip to fetch it".to_owned());
        missing(wanted, &tried)
    })
}

/// The host's own compiler, and packages of the distribution if they can be fetched.
fn with_packages(
    choice: &CcChoice,
    wanted: &Wanted,
    tools: &HostTools,
    triple: Option<&'static str>,
) -> Decision {
    let (packages, choice) = (wanted.packages.join(", "), Box::new(choice.clone()));
    match (&tools.distribution, triple) {
        (Some(d), Some(triple)) => Decision {
            reason: format!("{}, with {packages} of {}", choice.reason, d.id),
            source: Source::HostGcc { choice, triple, distribution: d.clone() },
        },
        // The host's own libraries are the target's.
        _ => Decision {
            reason: format!(
                "{}; {packages} must be installed: there is no apt of Debian or Ubuntu to fetch them with",
                choice.reason
            ),
            source: Source::Path { choice },
        },
    }
}

fn cross_reason(wanted: &Wanted, d: &Distribution, suite: &GccSuite) -> String {
    let why = match (suite.other, &wanted.gcc_suite) {
        (false, _) => String::new(),
        (true, Some(_)) => ", which the configuration names".to_owned(),
        (true, None) => format!(", because {} has none for it", d.codename),
    };
    let how = match wanted.packages.is_empty() {
        true => "fetched without root".to_owned(),
        false => format!("with {} of the target", wanted.packages.join(", ")),
    };
    format!("the cross gcc of {} {}{why}, {how}", d.id, suite.name)
}

/// Why only zig can do it, if so.
fn zig_only(wanted: &Wanted) -> Option<String> {
    let t = wanted.target;
    match (t.os, t.arch, wanted.libc) {
        (Os::Darwin, ..) => Some("it carries macOS' system library".to_owned()),
        (Os::Windows, ..) if wanted.prefer != Prefer::Gcc => {
            Some("it carries Windows' import libraries".to_owned())
        }
        // Debian's gnueabihf is ARMv7 throughout, start files and libgcc too.
        (Os::Linux, Arch::Arm(Arm { version: 6, .. }), _) => {
            Some("Debian's gcc for ARM makes ARMv7 code, which an ARMv6 processor does not run".to_owned())
        }
        (Os::Linux, _, Libc::Musl) => Some("it carries musl, which links statically".to_owned()),
        (Os::Linux, _, Libc::Gnu { floor: Some((a, b)) }) => {
            Some(format!("the configuration asks for glibc {a}.{b}"))
        }
        _ => None,
    }
}

/// Debian's triple of a target's gcc.
pub fn gcc_triple(t: GoTarget) -> Option<&'static str> {
    if t.os != Os::Linux {
        return None;
    }
    match t.arch {
        Arch::Arm(Arm { version: 5, .. }) => Some("arm-linux-gnueabi"),
        Arch::Arm(Arm { float: Some(Float::Softfloat), .. }) => Some("arm-linux-gnueabi"),
        _ => t.facts()?.gnu_triple,
    }
}

fn zig(wanted: &Wanted, tools: &HostTools, why: &str) -> Result<Decision, Box<Diagnostic>> {
    let Some(zig_target) = super::zig::target_name(wanted) else {
        return Err(missing(wanted, &[format!("zig does not know {}", wanted.target)]));
    };
    if !tools.zig && tools.pip.is_none() {
        return Err(missing(
            wanted,
            &[why.to_owned(), "there is neither zig on PATH nor a Python with pip to fetch it".to_owned()],
        ));
    }
    if !wanted.packages.is_empty() {
        let tried = format!("{why}, and zig takes no packages of the distribution ([sysroot] packages)");
        return Err(missing(wanted, &[tried]));
    }
    Ok(Decision {
        source: Source::Zig { zig_target, pip: tools.pip.clone().filter(|_| !tools.zig) },
        reason: format!("zig: {why}"),
    })
}

fn missing(wanted: &Wanted, tried: &[String]) -> Box<Diagnostic> {
    let t = wanted.target;
    let d =
        Diagnostic::error(Code::CCompilerMissing, format!("no C compiler for {t}, whose program needs cgo"));
    let mut d = match (gcc_triple(t), t.facts().and_then(|f| f.debian)) {
        (Some(triple), Some(arch)) => d.hint_with(
            "on Debian and Ubuntu",
            format!(
                "sudo apt-get install gcc-{} libc6-dev-{}-cross",
                triple.replace('_', "-"),
                if triple == "arm-linux-gnueabi" { "armel" } else { arch }
            ),
        ),
        _ => d.hint_with("with pip", "pip install ziglang"),
    };
    d = d.hint_with("or build without cgo", "CGO_ENABLED=0");
    d.notes = tried.to_vec();
    Box::new(d)
}
