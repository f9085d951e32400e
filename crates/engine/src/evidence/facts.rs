//! What the statements say of the release itself.

use super::Ledger;
use super::bundles::Found;
use super::folder::Folder;
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
    /// Images: name without tag, SHA-256, and names with tags.
    pub images: Vec<(String, String, Vec<String>)>,
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

fn images(list: &Value) -> Vec<(String, String, Vec<String>)> {
    let all = list.as_array().map(Vec::as_slice).unwrap_or_default();
    let names = |i: &Value| i["names"].as_array().into_iter().flatten().map(text).collect();
    all.iter().map(|i| (text(&i["image"]["name"]), text(&i["image"]["digest"]["sha256"]), names(i))).collect()
}

impl Summary {
    /// Whether it names this provenance; that the file is the one meant is compared by [`Facts::agree`].
    pub(super) fn is_based_on(&self, provenance: &str) -> bool {
        self.inputs.iter().any(|(file, _)| file == provenance)
    }
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
            images: images(&predicate["urn:goferry:images"]),
            inputs: named_digests(&predicate["inputAttestations"], "uri"),
        });
    }

    /// Statements of one release agree with each other.
    pub(super) fn agree(&self, folder: &Folder, ledger: &mut Ledger) {
        for s in &self.summaries {
            // Where files were named, releases may lie here that they are not of.
            let concerned = |file: &str| folder.chosen.is_none() || s.is_based_on(file);
            for (path, sha256) in &s.binaries {
                let mut others = self.byproducts.iter().filter(|(p, d, _)| p == path && d != sha256);
                let other = others.find(|(_, _, by)| concerned(by));
                if let Some((_, _, by)) = other {
                    ledger.wrong(&s.file, format!("it is about another {path} than {by}"));
                }
            }
            super::images::named(folder, s, ledger);
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
            let mut others = self.releases.iter().filter(|r| Some(&r.version) != version.as_ref());
            let other = others.find(|r| concerned(&r.file));
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
