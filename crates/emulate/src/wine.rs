//! Windows programs under wine.
//!
//! Owns: whether a wine will do, and how it is called. Must not: fetch one.

use crate::runner::{Class, Runner, RunnerChoice, RunnerCommand, found};
use goferry_target::{ArchKind, GoTarget};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The oldest that starts Go's programs: its runtime needs bcryptprimitives.dll, which wine 8 lacks (FACTS.md).
pub const LEAST_WINE: u32 = 10;

/// The wine that is here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WineFacts {
    /// It.
    pub found: Option<WineFound>,
    /// Why the one on PATH does not count.
    pub refused: Option<String>,
}

/// A wine that will do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WineFound {
    /// What is called.
    pub path: PathBuf,
    /// `10.0`.
    pub version: String,
    /// What it is made of.
    pub digest: String,
    /// See [`Runner::Wine`].
    pub seed: Option<PathBuf>,
    /// See [`Runner::Wine`].
    pub prefix: Option<PathBuf>,
    /// Whether it runs windows/386.
    pub runs_386: bool,
    /// Where it is from.
    pub origin: String,
}

/// `wine-10.0 (Debian 10.0~repack-6)` gives `10.0`.
pub fn wine_version(said: &str) -> Option<String> {
    let word = said.lines().next()?.trim().strip_prefix("wine-")?.split_whitespace().next()?;
    word.starts_with(|c: char| c.is_ascii_digit()).then(|| word.to_owned())
}

/// Why a version will not do; none if it will.
pub fn wine_too_old(version: &str) -> Option<String> {
    let major = version.split(['.', '-']).next().and_then(|m| m.parse::<u32>().ok()).unwrap_or(0);
    (major < LEAST_WINE).then(|| {
        format!(
            "wine {version} on PATH lacks bcryptprimitives.dll, without which no Go program starts; wine {LEAST_WINE} has it"
        )
    })
}

/// Chooses for a Windows target.
pub(crate) fn choose(target: &GoTarget, facts: &WineFacts) -> RunnerChoice {
    let none =
        |reason: String| RunnerChoice { runner: None, reason, missing: None, class: Some(Class::NoRunner) };
    let kind = target.arch.kind();
    if !matches!(kind, ArchKind::Amd64 | ArchKind::I386) {
        return none(format!("nothing here runs windows programs for {}", kind.goarch()));
    }
    let fetched = format!("`goferry toolchain install {target}` fetches a wine that does");
    match (&facts.found, &facts.refused) {
        (Some(w), _) if kind == ArchKind::Amd64 || w.runs_386 => {
            let reason = format!("wine {} {}", w.version, w.origin);
            found(
                Runner::Wine {
                    path: w.path.clone(),
                    version: w.version.clone(),
                    digest: w.digest.clone(),
                    seed: w.seed.clone(),
                    prefix: w.prefix.clone(),
                },
                reason,
            )
        }
        (Some(w), _) => none(format!("wine {} {} has no 32-bit parts; {fetched}", w.version, w.origin)),
        (None, Some(why)) => none(format!("{why}; {fetched}")),
        (None, None) => none(format!("nothing here runs windows programs; {fetched}")),
    }
}

/// How it is called.
pub(crate) fn command(
    path: &Path,
    seed: Option<&Path>,
    prefix: Option<&Path>,
    program: &Path,
    args: Vec<OsString>,
) -> RunnerCommand {
    // No window, no .NET, no browser, no menu entries on the desktop, no words of wine's own.
    let mut env = vec![
        ("WINEDEBUG".to_owned(), "-all".to_owned()),
        ("WINEDLLOVERRIDES".to_owned(), "mscoree=;mshtml=;winemenubuilder.exe=".to_owned()),
        ("WINEARCH".to_owned(), "win64".to_owned()),
    ];
    for (name, value) in [("GOFERRY_WINE_SEED", seed), ("WINEPREFIX", prefix)] {
        env.extend(value.map(|v| (name.to_owned(), v.to_string_lossy().into_owned())));
    }
    let words = std::iter::once(program.as_os_str().to_owned()).chain(args).collect();
    RunnerCommand { program: path.to_owned(), args: words, env }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions() {
        assert_eq!(wine_version("wine-10.0 (Debian 10.0~repack-6)\n").as_deref(), Some("10.0"));
        assert_eq!(wine_version("wine-9.0-rc1").as_deref(), Some("9.0-rc1"));
        for no in ["", "wine", "wine-x", "qemu-x86_64 version 7"] {
            assert_eq!(wine_version(no), None, "{no}");
        }
        for (version, will) in
            [("8.0", false), ("9.0-rc1", false), ("10.0", true), ("10.3", true), ("11.0", true)]
        {
            assert_eq!(wine_too_old(version).is_none(), will, "{version}");
        }
        assert!(wine_too_old("8.0").is_some_and(|w| w.contains("bcryptprimitives.dll")));
    }

    #[test]
    fn choices_and_command_lines() {
        let wine = WineFound {
            path: "/w/start".into(),
            version: "10.0".into(),
            digest: "d".into(),
            seed: Some("/w/seed".into()),
            prefix: None,
            runs_386: false,
            origin: "of trixie".into(),
        };
        let facts = WineFacts { found: Some(wine.clone()), refused: None };
        let choose = |target: &str, facts: &WineFacts| choose(&target.parse().unwrap(), facts);
        let choice = choose("windows/amd64", &facts);
        assert_eq!(choice.reason, "wine 10.0 of trixie");
        let target = "windows/amd64".parse().unwrap();
        let runner = choice.runner.unwrap();
        let command =
            crate::command_for(&runner, &target, Path::new("/p/x.exe"), &["--version".to_owned()], None);
        assert_eq!(command.program, Path::new("/w/start"));
        assert_eq!(command.args, ["/p/x.exe", "--version"]);
        assert!(command.env.contains(&("GOFERRY_WINE_SEED".to_owned(), "/w/seed".to_owned())));
        for (target, facts, said) in [
            ("windows/386", facts.clone(), "has no 32-bit parts"),
            ("windows/arm64", facts.clone(), "nothing here runs windows programs for arm64"),
            ("windows/amd64", WineFacts::default(), "nothing here runs windows programs; `goferry toolchain"),
            ("windows/amd64", WineFacts { found: None, refused: wine_too_old("8.0") }, "bcryptprimitives"),
        ] {
            let choice = choose(target, &facts);
            assert_eq!((choice.runner, choice.class), (None, Some(Class::NoRunner)), "{target}");
            assert!(choice.reason.contains(said), "{}", choice.reason);
        }
        let both = WineFacts { found: Some(WineFound { runs_386: true, ..wine }), refused: None };
        assert!(choose("windows/386", &both).runner.is_some());
    }
}
