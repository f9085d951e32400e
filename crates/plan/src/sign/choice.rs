//! Which artifacts are signed, and what templates see of each.

use crate::builds::PlannedBinary;
use crate::draft::Draft;
use crate::fields::with_target;
use crate::graph::{Action, ArtifactKind, Output, Step};
use goferry_config::model::Text;
use goferry_config::template::{Fields, Value};
use goferry_target::GoTarget;

/// What the signature of sigstore's kind of key, or of an identity, is called.
pub(super) const SIGSTORE: &str = "${artifact}.sigstore.json";

/// An artifact that may be signed.
#[derive(Clone, Debug)]
pub(super) struct Artifact {
    pub(super) name: String,
    /// Relative to the working directory.
    pub(super) path: String,
    pub(super) id: String,
    pub(super) fields: Fields,
}

/// The kinds that a word of `artifacts` means; none for a word that means nothing.
pub(super) fn kinds(word: &str) -> Option<&'static [ArtifactKind]> {
    use ArtifactKind::{Archive, Checksum, ImageArchive, LinuxPackage, Sbom, Source, UploadableBinary};
    Some(match word {
        "all" => &[Archive, UploadableBinary, LinuxPackage, Source, Checksum, Sbom, ImageArchive],
        "checksum" => &[Checksum],
        "archive" => &[Archive],
        "binary" => &[UploadableBinary],
        "source" => &[Source],
        "sbom" => &[Sbom],
        "package" => &[LinuxPackage],
        _ => return None,
    })
}

/// Everything of these kinds that the steps so far make. `ids` choose among what has one.
pub(super) fn chosen(d: &Draft<'_>, steps: &[Step], kinds: &[ArtifactKind], ids: &[String]) -> Vec<Artifact> {
    let mut out = vec![];
    for step in steps {
        let id = match &step.action {
            Action::Archive(a) => a.id.clone(),
            Action::LinuxPackage(p) => p.id.clone(),
            Action::Image(i) => i.id.clone(),
            _ => String::new(),
        };
        if !(ids.is_empty() || id.is_empty() || ids.contains(&id)) {
            continue;
        }
        for output in step.outputs.iter().filter(|o| kinds.contains(&o.kind)) {
            let universal = matches!(&step.action, Action::Archive(a) if !a.binaries.is_empty());
            out.push(artifact(d, output, &id, step.target, universal && step.target.is_none()));
        }
    }
    out
}

/// What a signature is called: as the tool of the key's kind would call it. The key is looked at, and nothing of it kept.
pub(super) fn default_name(d: &Draft<'_>, key: Option<&Text>) -> &'static str {
    let name = key.map(|k| d.render.text(k, &d.fields)).unwrap_or_default();
    let bytes = match name.strip_prefix("env://") {
        Some(variable) => d.env.get(variable).map(|v| v.clone().into_bytes()),
        None => d.host.read_file(&name).ok(),
    };
    let bytes = bytes.unwrap_or_default();
    let ssh = b"-----BEGIN OPENSSH PRIVATE KEY-----";
    match bytes.as_slice() {
        b if b.starts_with(b"untrusted comment: ") => "${artifact}.minisig",
        b if b.windows(ssh.len()).any(|w| w == ssh) => "${artifact}.sig",
        _ => SIGSTORE,
    }
}

/// A path in dist as commands see it: relative to the working directory.
pub(super) fn in_dist(d: &Draft<'_>, path: &str) -> String {
    format!("{}/{path}", d.dist.trim_start_matches("./").trim_end_matches('/'))
}

impl Artifact {
    pub(super) fn of_binary(d: &Draft<'_>, b: &PlannedBinary) -> Artifact {
        let output = Output { path: b.path.clone(), name: b.binary.clone(), kind: b.kind };
        let mut a = artifact(d, &output, &b.id, b.target, b.target.is_none());
        a.fields.set("ArtifactExt", Value::from(b.ext.clone()));
        let file = b.binary.rsplit('/').next().unwrap_or(&b.binary);
        a.fields.set("Binary", Value::from(file.strip_suffix(&b.ext).unwrap_or(file).to_owned()));
        a
    }
}

fn artifact(d: &Draft<'_>, output: &Output, id: &str, target: Option<GoTarget>, universal: bool) -> Artifact {
    let mut fields = with_target(&d.fields, target.as_ref());
    if target.is_none() && !universal {
        for name in ["Os", "Arch", "Target"] {
            fields.set(name, Value::from(String::new()));
        }
    }
    let path = in_dist(d, &output.path);
    for (name, value) in [
        ("ArtifactName", output.name.clone()),
        ("ArtifactPath", path.clone()),
        ("ArtifactID", id.to_owned()),
        ("ArtifactExt", String::new()),
        ("Binary", String::new()),
    ] {
        fields.set(name, Value::from(value));
    }
    Artifact { name: output.name.clone(), path, id: id.to_owned(), fields }
}
