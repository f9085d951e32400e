//! What the statements say of the release itself, and whether that is what was expected.

use super::bundles::Found;
use super::folder::Folder;
use super::{Ledger, Question};
use goferry_supply::PurlParts;
use serde_json::Value;

/// What provenance and summary say.
#[derive(Default)]
pub(super) struct Facts {
    /// File, version, source and commit of each provenance.
    pub releases: Vec<Release>,
    /// Path, SHA-256 and the statement that says so, of binaries and notes that are no subjects.
    pub byproducts: Vec<(String, String, String)>,
    /// The summaries.
    pub summaries: Vec<Summary>,
}

/// What one provenance says.
#[derive(Clone, Default)]
pub(super) struct Release {
    /// The statement.
    pub file: String,
    /// Version, without `v`.
    pub version: String,
    /// Address or package URL of the source.
    pub source: String,
    /// Commit.
    pub commit: Option<String>,
}

/// What one summary says.
pub(super) struct Summary {
    /// The statement.
    pub file: String,
    /// Package URL of the release.
    pub resource: String,
    /// Binaries: path and SHA-256.
    pub binaries: Vec<(String, String)>,
    /// Attestations that it is based on: file and SHA-256.
    pub inputs: Vec<(String, String)>,
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn named_digests(list: &Value, name: &str) -> Vec<(String, String)> {
    let all = list.as_array().map(Vec::as_slice).unwrap_or_default();
    all.iter().map(|r| (text(&r[name]), text(&r["digest"]["sha256"]))).collect()
}

impl Facts {
    pub(super) fn add_provenance(&mut self, found: &Found, ledger: &mut Ledger) {
        let predicate = &found.statement["predicate"];
        let definition = &predicate["buildDefinition"];
        let asked = &definition["externalParameters"];
        let source = match asked["source"]["uri"].as_str() {
            Some(_) => &asked["source"],
            None => &definition["resolvedDependencies"][0],
        };
        let release = Release {
            file: found.file.clone(),
            version: text(&asked["version"]),
            source: text(&source["uri"]),
            commit: source["digest"]["gitCommit"].as_str().map(str::to_owned),
        };
        let (stem, _) = found.file.split_once(".provenance.").unwrap_or_default();
        if !stem.is_empty()
            && !release.version.is_empty()
            && !stem.ends_with(&format!("_{}", release.version))
        {
            ledger.wrong(
                &found.file,
                format!("it is about version {}, which its name does not say", release.version),
            );
        }
        let made = named_digests(&predicate["runDetails"]["byproducts"], "name");
        self.byproducts.extend(made.into_iter().map(|(n, d)| (n, d, found.file.clone())));
        self.releases.push(release);
    }

    pub(super) fn add_summary(&mut self, found: &Found, ledger: &mut Ledger) {
        let predicate = &found.statement["predicate"];
        let result = predicate["verificationResult"].as_str().unwrap_or("nothing");
        if result != "PASSED" {
            ledger.wrong(&found.file, format!("its result is {result}, not PASSED"));
        }
        let targets = predicate["urn:goferry:targets"].as_array().map(Vec::as_slice).unwrap_or_default();
        self.summaries.push(Summary {
            file: found.file.clone(),
            resource: text(&predicate["resourceUri"]),
            binaries: targets
                .iter()
                .map(|t| (text(&t["binary"]["name"]), text(&t["binary"]["digest"]["sha256"])))
                .collect(),
            inputs: named_digests(&predicate["inputAttestations"], "uri"),
        });
    }

    /// Statements of one release agree with each other.
    pub(super) fn agree(&self, folder: &Folder, ledger: &mut Ledger) {
        for s in &self.summaries {
            for (path, sha256) in &s.binaries {
                let other = self.byproducts.iter().find(|(p, d, _)| p == path && d != sha256);
                if let Some((_, _, by)) = other {
                    ledger.wrong(&s.file, format!("it is about another {path} than {by}"));
                }
            }
            for (file, sha256) in &s.inputs {
                match folder.files.get(file) {
                    Some(held) if held.sha256 == *sha256 => {}
                    Some(_) => {
                        ledger.wrong(file, format!("it is not the attestation that {} is based on", s.file))
                    }
                    None if folder.must_have(file) => {
                        ledger.wrong(file, format!("it is missing, and {} is based on it", s.file));
                    }
                    None => {}
                }
            }
            let version = PurlParts::parse(&s.resource).map(|p| plain(&p.version).to_owned());
            let other = self.releases.iter().find(|r| Some(&r.version) != version.as_ref());
            if let Some(r) = other {
                ledger.wrong(
                    &s.file,
                    format!("it is about {}, and {} about version {}", s.resource, r.file, r.version),
                );
            }
        }
        if folder.chosen.is_none()
            && let [first, rest @ ..] = self.releases.as_slice()
            && let Some(other) = rest.iter().find(|r| r.version != first.version)
        {
            ledger.wrong(
                &other.file,
                format!("it is about version {}, and {} about {}", other.version, first.file, first.version),
            );
        }
    }
}

/// A version without its `v`.
pub(super) fn plain(version: &str) -> &str {
    version.strip_prefix('v').unwrap_or(version)
}

/// Compares what the statements say with what was asked for.
pub(super) fn expected(question: &Question<'_>, facts: &Facts, ledger: &mut Ledger) {
    let asks = [question.version.is_some(), question.source.is_some(), question.tag.is_some()];
    if facts.releases.is_empty() {
        if asks.contains(&true) {
            ledger.wrong("provenance", "there is none that holds, so that version and source are not known");
        } else {
            ledger.unproved("version and source: there is no provenance");
        }
        return;
    }
    for r in &facts.releases {
        if let Some(want) = question.version
            && plain(want) != r.version
        {
            ledger.wrong(
                &r.file,
                format!("it is about version {}, and {} was expected", r.version, plain(want)),
            );
        }
        if let Some(want) = question.source {
            let also: Vec<&str> = facts.summaries.iter().map(|s| s.resource.as_str()).collect();
            if !is_source(&r.source, &also, want) {
                let from = if r.source.is_empty() { "no source" } else { r.source.as_str() };
                ledger.wrong(&r.file, format!("it names {from}, and {want} was expected"));
            }
        }
        if let Some(want) = question.tag {
            let tag = r.source.split_once("@refs/tags/").map(|(_, t)| t.to_owned());
            let module = PurlParts::parse(&r.source).map(|p| p.version);
            if tag.or(module).as_deref() != Some(want) {
                ledger.wrong(&r.file, format!("it names {}, and the tag {want} was expected", r.source));
            }
        }
    }
    let given = [("version", asks[0]), ("source", asks[1] || asks[2])];
    for (what, _) in given.iter().filter(|(_, asked)| !asked) {
        ledger.unproved(format!(
            "{what}: it is what the provenance says, and was not compared with an expectation (--{what})"
        ));
    }
}

/// Whether a source is the repository or the module that was expected, however either is written.
fn is_source(source: &str, also: &[&str], want: &str) -> bool {
    let module = |purl: &str| PurlParts::parse(purl).and_then(|p| p.go_path());
    if std::iter::once(source).chain(also.iter().copied()).any(|s| module(s).as_deref() == Some(want)) {
        return true;
    }
    !source.is_empty() && repository(source) == repository(want)
}

/// Host and path of a repository's address, without scheme, user, tag and `.git`.
fn repository(address: &str) -> String {
    let address = address.strip_prefix("git+").unwrap_or(address);
    let address = address.split_once("@refs/").map_or(address, |(a, _)| a);
    let rest = match address.split_once("://") {
        Some((_, rest)) => rest.to_owned(),
        None => match address.split_once(':') {
            Some((host, path)) if !host.contains('/') => format!("{host}/{path}"),
            _ => address.to_owned(),
        },
    };
    let (host, path) = rest.split_once('/').unwrap_or((&rest, ""));
    let host = host.rsplit_once('@').map_or(host, |(_, h)| h).to_ascii_lowercase();
    let path = path.trim_end_matches('/');
    format!("{host}/{}", path.strip_suffix(".git").unwrap_or(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_however_it_is_written() {
        let git = "git+https://github.com/o/r.git@refs/tags/v1.0.0";
        let purl = "pkg:golang/github.com/o/r/v2@v2.0.0";
        for (source, also, want, is) in [
            (git, &[][..], "https://github.com/o/r", true),
            (git, &[], "github.com/o/r", true),
            (git, &[], "git@GitHub.com:o/r.git", true),
            (git, &[], "https://github.com/o/r/", true),
            (git, &[], "https://github.com/o/r2", false),
            (git, &[], "https://gitlab.com/o/r", false),
            (git, &[purl], "github.com/o/r/v2", true),
            (purl, &[], "github.com/o/r/v2", true),
            (purl, &[], "github.com/o/r", false),
            ("", &[], "", false),
        ] {
            assert_eq!(is_source(source, also, want), is, "{source} {want}");
        }
    }
}
