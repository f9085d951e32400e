//! The C compiler of a cgo target.
//!
//! Owns: which one, from where, and what to install if there is none. Must not: fetch, or make shims; `provide` and `shim` do.

use goferry_proc::find_program;
use goferry_report::{Code, Diagnostic};
use goferry_target::{GoTarget, Os};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// Where a compiler comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CcProvider {
    /// The host's own gcc or cc, for the host's own platform.
    HostGcc,
    /// The distribution's cross gcc, `<triple>-gcc`.
    CrossGcc,
    /// The distribution's cross gcc, fetched by goferry.
    FetchedGcc,
    /// zig.
    Zig,
    /// CC in the configuration's environment.
    FromEnv,
}

/// The choice for one target. `cc` is a bare name on purpose: its *string* enters Go's build id, so a path would make
/// equal builds differ between machines (FACTS, "cgo output depends on the string CC").
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CcChoice {
    /// CC.
    pub cc: String,
    /// CXX; empty leaves Go's default.
    pub cxx: String,
    /// AR; empty leaves Go's default.
    pub ar: String,
    /// Where it comes from.
    pub provider: CcProvider,
    /// The program that CC's first word means.
    pub path: PathBuf,
    /// SHA-256 (hex) of that program's file, links resolved.
    pub digest: String,
    /// For people: why this one.
    pub reason: String,
}

/// What decides the choice.
#[derive(Clone, Copy, Debug)]
pub struct CcQuery<'a> {
    /// Target.
    pub target: GoTarget,
    /// GOHOSTOS and GOHOSTARCH.
    pub host: (&'a str, &'a str),
    /// CC, CXX and AR from the configuration's environment of this build; empty if unset.
    pub env: (&'a str, &'a str, &'a str),
    /// Whether the configuration asks for zig.
    pub zig: bool,
    /// PATH.
    pub path: &'a OsStr,
    /// Directory that relative entries of PATH, and a relative CC, mean.
    pub dir: &'a Path,
}

/// Chooses the compiler.
///
/// # Errors
/// [`Code::CCompilerMissing`] with the package to install.
pub fn choose_cc(query: &CcQuery<'_>) -> Result<CcChoice, Box<Diagnostic>> {
    let (cc, cxx, ar) = query.env;
    if !cc.is_empty() {
        let reason = "the configuration's environment sets CC".to_owned();
        return found(query, [cc, cxx, ar], CcProvider::FromEnv, reason)
            .ok_or_else(|| missing_named(query, cc));
    }
    let facts = query.target.facts();
    if query.zig {
        let Some(triple) = facts.and_then(|f| f.zig_triple) else { return Err(missing(query)) };
        let cc = format!("zig cc -target {triple}");
        let cxx = format!("zig c++ -target {triple}");
        let reason = "the configuration asks for zig".to_owned();
        return found(query, [&cc, &cxx, "zig ar"], CcProvider::Zig, reason).ok_or_else(|| missing(query));
    }
    if is_native(query) {
        let reason = "the target is the host's own platform".to_owned();
        let names = [["gcc", "g++", "ar"], ["cc", "c++", "ar"], ["clang", "clang++", "ar"]];
        let choice = names.into_iter().find_map(|n| found(query, n, CcProvider::HostGcc, reason.clone()));
        return choice.ok_or_else(|| missing(query));
    }
    let triple = match query.target.os {
        Os::Linux => crate::provide::gcc_triple(query.target),
        _ => facts.and_then(|f| f.gnu_triple),
    };
    let Some(triple) = triple else { return Err(missing(query)) };
    let names = ["gcc", "g++", "ar"].map(|tool| format!("{triple}-{tool}"));
    let reason = format!("{} is on PATH", names[0]);
    found(query, names.each_ref().map(String::as_str), CcProvider::CrossGcc, reason)
        .ok_or_else(|| missing(query))
}

fn is_native(query: &CcQuery<'_>) -> bool {
    (query.target.os.goos(), query.target.arch.goarch()) == query.host
}

fn found(
    query: &CcQuery<'_>,
    [cc, cxx, ar]: [&str; 3],
    provider: CcProvider,
    reason: String,
) -> Option<CcChoice> {
    let program =
        |command: &str| find_program(command.split_whitespace().next()?, Some(query.path), query.dir);
    let path = program(cc)?;
    // A missing C++ compiler or archiver matters only to those that use it; leave Go's default to say so.
    let or_empty = |name: &str| {
        let keep = provider == CcProvider::FromEnv || program(name).is_some();
        if keep { name.to_owned() } else { String::new() }
    };
    let digest = Sha256::digest(std::fs::read(&path).ok()?).iter().map(|b| format!("{b:02x}")).collect();
    Some(CcChoice { cc: cc.to_owned(), cxx: or_empty(cxx), ar: or_empty(ar), provider, path, digest, reason })
}

fn missing_named(query: &CcQuery<'_>, cc: &str) -> Box<Diagnostic> {
    let message = format!("{} is to be compiled with CC={cc}, which was not found", query.target);
    let hint = "install it, or take CC out of the build's env so that goferry chooses one";
    Box::new(Diagnostic::error(Code::CCompilerMissing, message).hint(hint))
}

fn missing(query: &CcQuery<'_>) -> Box<Diagnostic> {
    let message = format!("no C compiler for {}, whose program needs cgo", query.target);
    let d = Diagnostic::error(Code::CCompilerMissing, message);
    let d = match package(query) {
        Some(package) => d.hint_with("on Debian and Ubuntu", format!("sudo apt-get install {package}")),
        None if query.target.os == Os::Darwin => {
            d.hint("build it on macOS, or name a cross compiler: CC=o64-clang (osxcross)")
        }
        None => d.hint("name a compiler in the build's env: CC=…"),
    };
    Box::new(d.hint_with("or build without cgo", "CGO_ENABLED=0"))
}

/// Debian's package of the compiler that was looked for.
fn package(query: &CcQuery<'_>) -> Option<String> {
    if query.zig {
        return None;
    }
    if is_native(query) {
        return (query.target.os == Os::Linux).then(|| "gcc libc6-dev".to_owned());
    }
    let triple = query.target.facts()?.gnu_triple?;
    match query.target.os {
        // Debian writes x86_64 with a dash in package names.
        Os::Linux => Some(format!(
            "gcc-{0} libc6-dev-{1}-cross",
            triple.replace('_', "-"),
            query.target.facts()?.debian?
        )),
        Os::Windows => Some(format!("gcc-mingw-w64-{}", triple.split('-').next()?.replace('_', "-"))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bin(names: &[&str]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for name in names {
            let path = dir.path().join(name);
            std::fs::write(&path, format!("#!/bin/sh\n# {name}\n")).unwrap();
            #[cfg(unix)]
            std::os::unix::fs::PermissionsExt::set_mode(
                &mut std::fs::metadata(&path).unwrap().permissions(),
                0o755,
            );
            #[cfg(unix)]
            std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        }
        dir
    }

    fn choose(dir: &Path, target: &str, cc: &str, zig: bool) -> Result<CcChoice, Box<Diagnostic>> {
        choose_cc(&CcQuery {
            target: target.parse().unwrap(),
            host: ("linux", "amd64"),
            env: (cc, "", ""),
            zig,
            path: dir.as_os_str(),
            dir,
        })
    }

    #[test]
    fn choices() {
        let dir = bin(&[
            "gcc",
            "aarch64-linux-gnu-gcc",
            "aarch64-linux-gnu-g++",
            "aarch64-linux-gnu-ar",
            "my-cc",
            "zig",
        ]);
        let host = choose(dir.path(), "linux/amd64", "", false).unwrap();
        assert_eq!((host.cc.as_str(), host.cxx.as_str(), host.provider), ("gcc", "", CcProvider::HostGcc));
        let cross = choose(dir.path(), "linux/arm64", "", false).unwrap();
        assert_eq!((cross.cc.as_str(), cross.ar.as_str()), ("aarch64-linux-gnu-gcc", "aarch64-linux-gnu-ar"));
        assert_eq!(
            (cross.provider, cross.path),
            (CcProvider::CrossGcc, dir.path().join("aarch64-linux-gnu-gcc"))
        );
        assert_ne!(host.digest, cross.digest);
        let named = choose(dir.path(), "linux/arm64", "my-cc -static", false).unwrap();
        assert_eq!((named.cc.as_str(), named.provider), ("my-cc -static", CcProvider::FromEnv));
        let zig = choose(dir.path(), "linux/arm64", "", true).unwrap();
        assert!(zig.cc.starts_with("zig cc -target aarch64-linux"), "{}", zig.cc);
    }

    #[test]
    fn what_is_missing_is_named() {
        let dir = bin(&[]);
        for (target, snippet) in [
            ("linux/amd64", "sudo apt-get install gcc libc6-dev"),
            ("linux/arm64", "sudo apt-get install gcc-aarch64-linux-gnu libc6-dev-arm64-cross"),
            ("windows/amd64", "sudo apt-get install gcc-mingw-w64-x86-64"),
        ] {
            let d = choose(dir.path(), target, "", false).unwrap_err();
            assert_eq!(d.code, Code::CCompilerMissing);
            assert_eq!(d.hints[0].snippet.as_deref(), Some(snippet));
        }
        let d = choose(dir.path(), "linux/arm64", "nocc", false).unwrap_err();
        assert!(d.message.contains("CC=nocc"), "{}", d.message);
    }
}
