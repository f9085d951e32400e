//! The distribution and its package sources, as the host has them.

use std::path::Path;

/// One entry of the host's sources.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct HostSource {
    uris: Vec<String>,
    suites: Vec<String>,
    components: Vec<String>,
    signed_by: Option<String>,
    /// What it has, where it says so; empty: everything.
    architectures: Vec<String>,
}

/// The distribution, from os-release and apt's sources.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Distribution {
    /// `debian`, `ubuntu`.
    pub id: String,
    /// `bookworm`.
    pub codename: String,
    /// The distribution's name of the host's architecture, `amd64`.
    pub arch: String,
    sources: Vec<HostSource>,
}

impl Distribution {
    /// What `/etc` says; none where there is no apt, or no source of the distribution's own.
    pub(super) fn read(etc: &Path) -> Option<Distribution> {
        let release = std::fs::read_to_string(etc.join("os-release")).ok()?;
        let field = |name: &str| {
            let line = release.lines().find_map(|l| l.strip_prefix(name)?.strip_prefix('='))?;
            Some(line.trim_matches('"').to_owned())
        };
        let (id, codename) = (field("ID")?, field("VERSION_CODENAME")?);
        let mut files = vec![etc.join("apt/sources.list")];
        let parts = std::fs::read_dir(etc.join("apt/sources.list.d")).into_iter().flatten().flatten();
        files.extend(parts.map(|e| e.path()));
        files.sort();
        let mut sources = vec![];
        for file in files {
            let Ok(text) = std::fs::read_to_string(&file) else { continue };
            match file.extension().and_then(|e| e.to_str()) {
                Some("list") => sources.extend(text.lines().filter_map(one_line)),
                Some("sources") => sources.extend(deb822(&text)),
                _ => {}
            }
        }
        let own = |s: &String| *s == codename || s.starts_with(&format!("{codename}-"));
        sources.retain(|s| s.suites.iter().any(own));
        let arch = goferry_target::ArchKind::host()
            .and_then(|a| goferry_target::GoTarget::new(goferry_target::Os::Linux, a.default_arch()).facts())
            .and_then(|f| f.debian)?;
        (!sources.is_empty()).then(|| Distribution { id, codename, arch: arch.to_owned(), sources })
    }

    /// Private sources: those of one suite and architecture, in the one-file format; empty if there are none.
    pub(super) fn sources_for(&self, suite: &str, arch: &str, updates: bool) -> String {
        let mut out = String::new();
        let has = |s: &&HostSource| s.architectures.is_empty() || s.architectures.iter().any(|a| a == arch);
        for s in self.sources.iter().filter(has) {
            let suites: Vec<String> = s
                .suites
                .iter()
                .filter(|have| updates || **have == self.codename)
                .filter_map(|have| Some(format!("{suite}{}", have.strip_prefix(&self.codename)?)))
                .collect();
            if suites.is_empty() {
                continue;
            }
            out.push_str(&format!("Types: deb\nURIs: {}\nSuites: {}\n", s.uris.join(" "), suites.join(" ")));
            out.push_str(&format!("Components: {}\n", s.components.join(" ")));
            if let Some(key) = &s.signed_by {
                out.push_str(&format!("Signed-By: {key}\n"));
            }
            out.push('\n');
        }
        out
    }
}

/// `deb [signed-by=…] URI suite component…`.
fn one_line(line: &str) -> Option<HostSource> {
    let rest = line.trim().strip_prefix("deb")?.strip_prefix([' ', '\t'])?.trim_start();
    let (options, rest) = match rest.strip_prefix('[') {
        Some(r) => r.split_once(']')?,
        None => ("", rest),
    };
    let signed_by = options.split_whitespace().find_map(|o| o.strip_prefix("signed-by=")).map(str::to_owned);
    let architectures = options.split_whitespace().find_map(|o| o.strip_prefix("arch="));
    let architectures = architectures.into_iter().flat_map(|a| a.split(',')).map(str::to_owned).collect();
    let mut words = rest.split('#').next()?.split_whitespace().map(str::to_owned);
    let (uri, suite) = (words.next()?, words.next()?);
    Some(HostSource {
        uris: vec![uri],
        suites: vec![suite],
        components: words.collect(),
        signed_by,
        architectures,
    })
}

/// Stanzas of a `.sources` file.
fn deb822(text: &str) -> Vec<HostSource> {
    let mut out = vec![];
    let plain: Vec<&str> = text.lines().filter(|l| !l.starts_with('#')).collect();
    for stanza in plain.split(|l| l.trim().is_empty()) {
        let field = |name: &str| {
            let at = stanza
                .iter()
                .position(|l| l.split_once(':').is_some_and(|(k, _)| k.eq_ignore_ascii_case(name)))?;
            let first = stanza[at].split_once(':')?.1.trim();
            let more = stanza[at + 1..].iter().take_while(|l| l.starts_with([' ', '\t']));
            Some((first.to_owned(), more.map(|l| l[1..].to_owned()).collect::<Vec<_>>()))
        };
        let words = |name: &str| -> Vec<String> {
            field(name)
                .map(|(first, more)| {
                    std::iter::once(first)
                        .chain(more)
                        .flat_map(|l| l.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
                        .collect()
                })
                .unwrap_or_default()
        };
        let enabled = words("Enabled").first().is_none_or(|v| v != "no");
        if !enabled || !words("Types").iter().any(|t| t == "deb") {
            continue;
        }
        // A key may be in the file itself: kept with its continuation lines.
        let signed_by = field("Signed-By").map(|(first, more)| {
            std::iter::once(first)
                .chain(more.into_iter().map(|l| format!(" {l}")))
                .collect::<Vec<_>>()
                .join("\n")
        });
        out.push(HostSource {
            uris: words("URIs"),
            suites: words("Suites"),
            components: words("Components"),
            signed_by,
            architectures: words("Architectures"),
        });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_in_both_formats() {
        let line = "deb [arch=amd64 signed-by=/k.gpg] http://h/debian bookworm main contrib # comment";
        let one = one_line(line).unwrap();
        assert_eq!(
            (one.suites[0].as_str(), one.components.len(), one.signed_by.as_deref()),
            ("bookworm", 2, Some("/k.gpg"))
        );
        for no in ["# deb http://h x main", "deb-src http://h x main", "", "deb [broken http://h x main"] {
            assert_eq!(one_line(no), None, "{no}");
        }
        let text = "# c\nTypes: deb deb-src\nURIs: http://a http://b\nSuites: bookworm bookworm-updates\nComponents: main\nSigned-By:\n -----BEGIN\n .\n abc\n\nTypes: deb\nEnabled: no\nURIs: x\nSuites: y\n";
        let all = deb822(text);
        assert_eq!(all.len(), 1);
        assert_eq!(all[0].uris.len(), 2);
        assert_eq!(all[0].signed_by.as_deref(), Some("\n -----BEGIN\n .\n abc"));
    }

    #[test]
    fn another_suite_takes_the_place_of_the_hosts() {
        let source = |suites: &[&str]| HostSource {
            uris: vec!["http://h".to_owned()],
            suites: suites.iter().map(|s| (*s).to_owned()).collect(),
            components: vec!["main".to_owned()],
            signed_by: None,
            architectures: vec![],
        };
        let d = Distribution {
            id: "debian".to_owned(),
            codename: "bookworm".to_owned(),
            arch: "amd64".to_owned(),
            sources: vec![source(&["bookworm", "bookworm-updates"]), source(&["bookworm-security"])],
        };
        let text = d.sources_for("trixie", "arm64", true);
        assert!(
            text.contains("Suites: trixie trixie-updates\n") && text.contains("Suites: trixie-security\n"),
            "{text}"
        );
        let text = d.sources_for("trixie", "arm64", false);
        assert!(text.contains("Suites: trixie\n") && !text.contains("security"), "{text}");
    }

    #[test]
    fn ubuntu_has_an_archive_for_each_kind_of_machine() {
        let text = "Types: deb\nURIs: http://main\nSuites: noble\nComponents: main\nArchitectures: amd64 i386\n\nTypes: deb\nURIs: http://ports\nSuites: noble\nComponents: main\nArchitectures: arm64 armhf\n";
        let mut sources = deb822(text);
        sources.extend(one_line("deb [arch=riscv64] http://other noble main"));
        let d = Distribution { id: "ubuntu".into(), codename: "noble".into(), arch: "amd64".into(), sources };
        let of = |arch| d.sources_for("noble", arch, false);
        assert!(of("amd64").contains("http://main") && !of("amd64").contains("http://ports"));
        assert!(of("arm64").contains("http://ports") && !of("arm64").contains("http://main"));
        assert!(of("riscv64").contains("http://other"));
        assert_eq!(of("s390x"), "");
    }
}
