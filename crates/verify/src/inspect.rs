//! The bytes of a binary against the plan: format, machine, ABI, and what the go command wrote into it.

use crate::glibc;
use goferry_objfile::{
    AbiFact, Binary, FileBytes, GlibcVersion, GoBuildInfo, Linkage, Mismatch, ObjError, check_target,
};
use goferry_plan::graph::{Cgo, Recorded};
use goferry_report::{Code, Diagnostic, Diagnostics};
use goferry_target::{Arch, GoTarget};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// What a binary must be.
#[derive(Clone, Debug, Default)]
pub struct Expectation {
    /// Whether it is a universal binary.
    pub universal: bool,
    /// Target, and what the go command wrote into it; of a universal binary those of each slice, in their order.
    pub recorded: Vec<Recorded>,
    /// Module path of the main module.
    pub module_path: Option<String>,
    /// The main versions that Go may derive; empty if it is not checked.
    pub main_versions: Vec<String>,
    /// The release version with its `v`, for a warning where it differs from the stamped one.
    pub release_version: Option<String>,
    /// Why the build information cannot be read, if it cannot.
    pub opaque: Option<String>,
    /// The newest glibc that it may need.
    pub glibc: Option<GlibcVersion>,
}

/// Whether a binary's Go build information was held against the plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BuildInfo {
    /// It was.
    Compared,
    /// It was not, and this is why.
    NotCompared(String),
}

/// What a binary's bytes say, as far as summaries and records want it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inspected {
    /// `ELF 64-bit little-endian, machine 183`.
    pub format: String,
    /// `static`, `dynamic`.
    pub linkage: String,
    /// The loader it asks for.
    pub interpreter: Option<String>,
    /// Libraries it needs.
    pub needed: Vec<String>,
    /// Highest glibc version it needs.
    pub glibc: Option<String>,
    /// The oldest release of each distribution that has it: `Debian 12`.
    pub runs_on: Vec<String>,
    /// Go version that built it.
    pub go_version: Option<String>,
    /// Stamped version of the main module.
    pub main_version: Option<String>,
    /// Number of modules it holds besides the main one.
    pub dependencies: usize,
    /// Whether what the go command wrote into it was compared.
    pub build_info: BuildInfo,
}

/// Reads the file and compares it. The second value lists everything that is wrong or worth a warning.
///
/// # Errors
/// The one diagnostic of a file that is no program at all.
pub fn inspect(
    path: &Path,
    name: &str,
    want: &Expectation,
) -> Result<(Inspected, Diagnostics), Box<Diagnostic>> {
    let damaged = |e: ObjError| {
        Box::new(Diagnostic::error(
            Code::NotABinary,
            format!("{name} is not a program that can be read: {e}"),
        ))
    };
    let bytes = std::fs::File::open(path)
        .and_then(FileBytes::new)
        .map_err(|e| Box::new(Diagnostic::error(Code::Io, format!("{}: {e}", path.display()))))?;
    let binary = goferry_objfile::inspect(&bytes).map_err(damaged)?;
    let mut found = Diagnostics::default();
    if want.universal {
        slices(&binary, name, want, &mut found);
    } else {
        for r in &want.recorded {
            one(&binary, r, name, want, &mut found);
        }
    }
    if let (Some(needed), Some(limit)) = (binary.glibc, want.glibc) {
        glibc::gate(&bytes, name, needed, limit).map_err(damaged)?.into_iter().for_each(|d| found.push(d));
    }
    let build_info = match &want.opaque {
        None => BuildInfo::Compared,
        Some(why) => BuildInfo::NotCompared(why.clone()),
    };
    Ok((summary(&binary, build_info), found))
}

/// One program: a file, or a slice of one.
fn one(binary: &Binary, recorded: &Recorded, name: &str, want: &Expectation, found: &mut Diagnostics) {
    machine(binary, &recorded.target, name, want.opaque.is_some(), found);
    if want.opaque.is_none() {
        build_info(binary, recorded, name, want, found);
    }
}

/// Every slice of a merged file as if it were a file of its own: merging, and hooks after it, come after the parts
/// were looked at.
fn slices(binary: &Binary, name: &str, want: &Expectation, found: &mut Diagnostics) {
    let (have, expected) = (binary.slices.len(), want.recorded.len());
    if have != expected {
        let s = if have == 1 { "" } else { "s" };
        let what = match have {
            0 => format!("{name} is not a universal binary"),
            _ => format!("{name} is a universal binary of {have} slice{s}, and {expected} were merged"),
        };
        found.push(Diagnostic::error(Code::MachineMismatch, what));
        return;
    }
    for (slice, recorded) in binary.slices.iter().zip(&want.recorded) {
        one(slice, recorded, &format!("{name} ({})", recorded.target.arch.goarch()), want, found);
    }
}

/// The file's own words (machine, class, ABI) and the go command's (GOOS, GOARCH, variant), each with its code.
fn machine(binary: &Binary, target: &GoTarget, name: &str, opaque: bool, found: &mut Diagnostics) {
    let (recorded, wrong): (Vec<Mismatch>, Vec<Mismatch>) =
        check_target(binary, target).into_iter().partition(|m| matches!(m, Mismatch::BuildSetting { .. }));
    if !wrong.is_empty() {
        let mut d = Diagnostic::error(Code::MachineMismatch, format!("{name} is not a program for {target}"));
        d.notes = wrong.iter().map(ToString::to_string).collect();
        found.push(advice(&wrong, target, d));
    }
    if !recorded.is_empty() && !opaque {
        found.push(disagrees(name, target, recorded.iter().map(ToString::to_string).collect()));
    }
}

/// What mends it: the C compiler's doing where only stated ABI facts differ, else who replaced the file.
fn advice(wrong: &[Mismatch], target: &GoTarget, d: Diagnostic) -> Diagnostic {
    let facts: Vec<AbiFact> = wrong
        .iter()
        .filter_map(|m| match m {
            Mismatch::Abi { fact, .. } => Some(*fact),
            _ => None,
        })
        .collect();
    if facts.len() < wrong.len() {
        return d.hint(
            "look at hooks, overrides and CC: something made or replaced this file for another machine",
        );
    }
    match target.arch {
        Arch::Arm(arm) => arm_advice(arm.version, target, d),
        Arch::Mips(_) | Arch::Mipsle(_) | Arch::Mips64(_) | Arch::Mips64le(_)
            if facts.iter().any(|f| matches!(f, AbiFact::InstructionSet | AbiFact::NanEncoding)) =>
        {
            d.hint("Go's own code is for releases 1 to 5 of MIPS, with legacy NaNs: C code must be so too")
                .hint("take -march=…r6 and -mnan=2008 out of CGO_CFLAGS and CC, or the compiler for r6 away")
        }
        _ => d.hint("the C compiler made code for another ABI: look at CC, CGO_CFLAGS and CGO_LDFLAGS"),
    }
}

fn arm_advice(version: u8, target: &GoTarget, d: Diagnostic) -> Diagnostic {
    match version {
        5 => d
            .hint("Debian's arm-linux-gnueabihf-gcc makes ARMv7 code for a VFP; ARMv5 has neither")
            .hint_with("for ARMv5 take the soft-float compiler", "CC=arm-linux-gnueabi-gcc"),
        6 => d
            .hint(
                "Debian's arm-linux-gnueabihf-gcc is ARMv7 throughout, start files and libgcc too, whatever -march says: \
                 an ARMv6 processor, as of a Raspberry Pi 1 or Zero, stops with an illegal instruction",
            )
            .hint_with(
                "zig makes ARMv6 code: leave CC unset, and in goferry.toml:",
                format!("[toolchain.target.\"{target}\"]\ncc = \"zig\""),
            ),
        _ => d.hint_with("compile the C code for what GOARM promises", format!("CGO_CFLAGS=-march=armv{version}-a")),
    }
}

fn disagrees(name: &str, target: &GoTarget, notes: Vec<String>) -> Diagnostic {
    let mut d = Diagnostic::error(
        Code::BuildInfoMismatch,
        format!("{name}: its Go build information disagrees with the plan for {target}"),
    );
    d.notes = notes;
    d
}

fn build_info(binary: &Binary, recorded: &Recorded, name: &str, want: &Expectation, found: &mut Diagnostics) {
    let Some(go) = &binary.go else {
        found.push(
            Diagnostic::error(Code::BuildInfoMismatch, format!("{name} holds no Go build information"))
                .hint("a hook that replaces the binary, or a packer, loses it"),
        );
        return;
    };
    let mut wrong = settings(go, recorded);
    if let Some(path) = &want.module_path {
        let have = go.main.as_ref().map_or("", |m| m.path.as_str());
        if have != path {
            wrong.push(format!("main module: expected {path}, found {have}"));
        }
    }
    if !wrong.is_empty() {
        found.push(disagrees(name, &recorded.target, wrong));
    }
    version(go.main.as_ref().map_or("", |m| m.version.as_str()), name, want, found);
}

/// CGO_ENABLED and the flags, as far as the go command writes them down.
fn settings(go: &GoBuildInfo, recorded: &Recorded) -> Vec<String> {
    let cgo = match recorded.cgo {
        Cgo::On => Some("1"),
        Cgo::Off => Some("0"),
        Cgo::GoDecides => None,
    };
    let cgo = cgo.map(|v| ("CGO_ENABLED", Some(v)));
    let flags = recorded.flags.iter().map(|(k, v)| (k.as_str(), v.as_deref()));
    cgo.into_iter()
        .chain(flags)
        .map(|(key, expected)| {
            let plain = |v: &str| Some(if key == "-tags" { own_tags(v)? } else { v.to_owned() });
            (key, expected.and_then(plain), go.setting(key).and_then(plain))
        })
        .filter(|(_, expected, have)| expected != have)
        .map(|(key, expected, have)| {
            let or_nothing = |v: Option<String>| v.unwrap_or_else(|| "nothing".to_owned());
            format!("{key}: expected {}, found {}", or_nothing(expected), or_nothing(have))
        })
        .collect()
}

/// Without the tag that the go command adds for GOFIPS140, which may also be the toolchain's default.
fn own_tags(tags: &str) -> Option<String> {
    let own: Vec<&str> = tags.split(',').filter(|t| !t.starts_with("fips140v")).collect();
    (!own.is_empty()).then(|| own.join(","))
}

fn version(have: &str, name: &str, want: &Expectation, found: &mut Diagnostics) {
    if !want.main_versions.is_empty() && !want.main_versions.iter().any(|v| v == have) {
        let expected = want.main_versions.join("` or `");
        found.push(
            Diagnostic::error(
                Code::MainVersionMismatch,
                format!("{name}: the stamped main version is `{have}`, but Go derives `{expected}` here"),
            )
            .hint("the tree or its tags changed while the release ran"),
        );
        return;
    }
    if let Some(release) = &want.release_version
        && !release.is_empty()
        && release != have
    {
        let why = match have {
            "(devel)" => {
                "version stamping is off (-buildvcs=false, no git, or a build inside a vendor or module cache)"
            }
            v if v.ends_with("+dirty") => "the tree has changes or untracked files",
            v if v.starts_with("v0.0.0-") => {
                "no tag of this module's major version is at or below this commit"
            }
            _ => "the tag is not at this commit, or is not one that Go accepts for this module path",
        };
        found.push(Diagnostic::warning(
            Code::MainVersionDiffers,
            format!("the stamped main version is `{have}`, the release is {release}: {why}"),
        ));
    }
}

fn summary(binary: &Binary, build_info: BuildInfo) -> Inspected {
    let go = binary.go.as_ref();
    Inspected {
        format: format!("{} {}-bit", binary.format, binary.bits),
        linkage: match binary.linkage {
            Linkage::Static => "static",
            Linkage::StaticPie => "static-pie",
            Linkage::Dynamic => "dynamic",
        }
        .to_owned(),
        interpreter: binary.interpreter.clone(),
        needed: binary.needed.clone(),
        glibc: binary.glibc.map(|v| v.to_string()),
        runs_on: binary.glibc.map(glibc::runs_on).unwrap_or_default(),
        go_version: go.map(|g| g.go_version.clone()),
        main_version: go.and_then(|g| g.main.as_ref()).map(|m| m.version.clone()),
        dependencies: go.map_or(0, |g| g.deps.len()),
        build_info,
    }
}
