//! The version of a program that may state none.
//!
//! `(devel)` is no version: scanners match nothing with it. What is better, in this order: what the caller knows; what Go
//! stamped; a version that the linker was told (`-X main.version=…`); the commit, as Go would write it.

use goferry_objfile::GoBuildInfo;
use serde::Serialize;

/// A main module's version and how it is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MainVersion {
    /// With its `v`; empty if nothing is known.
    pub version: String,
    /// How.
    pub source: VersionSource,
}

/// How a version is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum VersionSource {
    /// The caller said so: a release, `--version`.
    Given,
    /// The go command stamped it.
    Stamped,
    /// `-ldflags=-X …version=`.
    Ldflags,
    /// A pseudo-version of `vcs.revision` and `vcs.time`.
    Vcs,
    /// Nothing says it.
    Unknown,
}

impl VersionSource {
    /// The word in documents.
    pub fn as_str(self) -> &'static str {
        match self {
            VersionSource::Given => "given",
            VersionSource::Stamped => "stamped",
            VersionSource::Ldflags => "ldflags",
            VersionSource::Vcs => "vcs",
            VersionSource::Unknown => "unknown",
        }
    }
}

/// The version of the program's main module.
pub fn main_version(info: &GoBuildInfo, given: Option<&str>) -> MainVersion {
    let of = |version: String, source| MainVersion { version, source };
    if let Some(given) = given.filter(|g| !g.is_empty()) {
        return of(with_v(given), VersionSource::Given);
    }
    let stamped = info.main.as_ref().map_or("", |m| m.version.as_str());
    if !matches!(stamped, "" | "(devel)") {
        return of(stamped.to_owned(), VersionSource::Stamped);
    }
    if let Some(told) = info.setting("-ldflags").and_then(|flags| told(flags, info)) {
        return of(told, VersionSource::Ldflags);
    }
    match pseudo(info) {
        Some(version) => of(version, VersionSource::Vcs),
        None => of(String::new(), VersionSource::Unknown),
    }
}

/// A release's version is often written without its `v`.
fn with_v(version: &str) -> String {
    match version.starts_with(|c: char| c.is_ascii_digit()) {
        true => format!("v{version}"),
        false => version.to_owned(),
    }
}

/// Names of variables that hold a program's version.
const NAMES: [&str; 6] = ["version", "appversion", "buildversion", "gitversion", "gittag", "tag"];

/// The version that a `-X` gives to a variable of main, or of a package of the main module.
fn told(flags: &str, info: &GoBuildInfo) -> Option<String> {
    let module = info.main.as_ref().map_or(info.path.as_str(), |m| m.path.as_str());
    let mut words = flags.split_whitespace();
    while let Some(word) = words.next() {
        let word = word.trim_matches(['"', '\'']);
        let assigned = match word.strip_prefix("-X").or_else(|| word.strip_prefix("--X")) {
            Some("") => words.next().unwrap_or_default(),
            Some(rest) => rest.trim_start_matches('='),
            None => continue,
        };
        let Some((name, value)) = assigned.trim_matches(['"', '\'']).split_once('=') else { continue };
        let Some((package, variable)) = name.rsplit_once('.') else { continue };
        let own = package == "main"
            || package.strip_prefix(module).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        if own && NAMES.contains(&variable.to_ascii_lowercase().as_str()) && is_version(value) {
            return Some(with_v(value));
        }
    }
    None
}

/// `1.2.3`, with or without `v`, with whatever semantic versions have behind it.
fn is_version(text: &str) -> bool {
    let text = text.strip_prefix('v').unwrap_or(text);
    let core = text.split(['-', '+']).next().unwrap_or_default();
    let numbers: Vec<&str> = core.split('.').collect();
    let plain = |n: &str| !n.is_empty() && n.len() < 10 && n.bytes().all(|b| b.is_ascii_digit());
    numbers.len() == 3
        && numbers.iter().all(|n| plain(n))
        && text.chars().all(|c| c.is_ascii_alphanumeric() || ".-+".contains(c))
}

/// `vN.0.0-yyyymmddhhmmss-abcdefabcdef`, as Go makes it where no tag is known (Go modules reference, "Pseudo-versions").
fn pseudo(info: &GoBuildInfo) -> Option<String> {
    let revision = info.setting("vcs.revision")?.get(..12)?;
    let time: jiff::Timestamp = info.setting("vcs.time")?.parse().ok()?;
    if !revision.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let path = info.main.as_ref().map_or("", |m| m.path.as_str());
    let last = path.rsplit(['/', '.']).next().unwrap_or_default();
    let major = last.strip_prefix('v').filter(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()));
    let dirty = if info.setting("vcs.modified") == Some("true") { "+dirty" } else { "" };
    Some(format!(
        "v{}.0.0-{}-{revision}{dirty}",
        major.filter(|n| *n != "1").unwrap_or("0"),
        time.strftime("%Y%m%d%H%M%S")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use goferry_objfile::Module;

    fn info(module: &str, version: &str, settings: &[(&str, &str)]) -> GoBuildInfo {
        let main = Module { path: module.to_owned(), version: version.to_owned(), ..Module::default() };
        GoBuildInfo {
            go_version: "go1.26.8".to_owned(),
            path: module.to_owned(),
            main: Some(main),
            deps: vec![],
            settings: settings.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
        }
    }

    #[test]
    fn devel_is_never_a_version() {
        let vcs = [
            ("vcs.revision", "0123456789abcdef0123456789abcdef01234567"),
            ("vcs.time", "2026-11-25T23:10:05Z"),
        ];
        let dirty = [vcs[0], vcs[1], ("vcs.modified", "true")];
        let x = "-s -w -X main.version=1.2.3 -X main.commit=abc";
        for (module, stamped, settings, given, want, source) in [
            ("example.com/m", "v1.0.0", &vcs[..], None, "v1.0.0", VersionSource::Stamped),
            ("example.com/m", "v1.0.0", &vcs, Some("2.0.0"), "v2.0.0", VersionSource::Given),
            (
                "example.com/m",
                "(devel)",
                &vcs,
                None,
                "v0.0.0-20261125231005-0123456789ab",
                VersionSource::Vcs,
            ),
            (
                "example.com/m/v3",
                "",
                &dirty,
                None,
                "v3.0.0-20261125231005-0123456789ab+dirty",
                VersionSource::Vcs,
            ),
            ("gopkg.in/m.v2", "", &vcs, None, "v2.0.0-20261125231005-0123456789ab", VersionSource::Vcs),
            ("example.com/m", "(devel)", &[("-ldflags", x)], None, "v1.2.3", VersionSource::Ldflags),
            (
                "example.com/m",
                "(devel)",
                &[("-ldflags", "-X=example.com/m/internal/build.Version=v1.2.3-rc.1")],
                None,
                "v1.2.3-rc.1",
                VersionSource::Ldflags,
            ),
            // Somebody else's variable, and a value that is no version.
            (
                "example.com/m",
                "(devel)",
                &[("-ldflags", "-X example.com/mm.Version=1.2.3")],
                None,
                "",
                VersionSource::Unknown,
            ),
            (
                "example.com/m",
                "(devel)",
                &[("-ldflags", "-X main.version=dev")],
                None,
                "",
                VersionSource::Unknown,
            ),
            ("example.com/m", "(devel)", &[("vcs.revision", "0123")], None, "", VersionSource::Unknown),
        ] {
            let found = main_version(&info(module, stamped, settings), given);
            assert_eq!(
                (found.version.as_str(), found.source),
                (want, source),
                "{module} {stamped} {settings:?}"
            );
        }
    }
}
