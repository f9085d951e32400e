//! Who vouches for what goferry itself says of a release: provenance, verification summary and VEX.

use super::{choice, signer, step_of};
use crate::draft::Draft;
use crate::graph::{Action, ArtifactKind, NativeSign, Output, SignBy, SignSpec, SignedFile, Step, StepId};

/// Who signs what goferry says of a release: provenance, summary and VEX.
pub(crate) struct Attester {
    pub(crate) by: NativeSign,
    /// What a signature is called after its file, of keys that sign files only (minisign, OpenSSH) and make no bundles of statements.
    pub(crate) beside: Option<&'static str>,
}

/// Whom `[sign]` names, else the first of `signs` that signs checksums as cosign does: it vouches for the release already.
pub(crate) fn attester(d: &Draft<'_>, planned: &[Step], steps: &[Step]) -> Option<Attester> {
    if let Some(by) = signer(d) {
        let name = choice::default_name(d, d.config.sign.key.as_ref());
        let beside =
            Some(name).filter(|n| *n != choice::SIGSTORE).and_then(|n| n.strip_prefix("${artifact}"));
        return Some(Attester { by, beside });
    }
    let sums = |name: &str| {
        steps.iter().flat_map(|s| &s.outputs).any(|o| o.kind == ArtifactKind::Checksum && o.name == name)
    };
    let files = planned.iter().filter_map(|s| match &s.action {
        Action::Sign(spec) if spec.section == "signs" => Some(&spec.files),
        _ => None,
    });
    let by = files.flatten().filter(|f| sums(&f.name)).find_map(|f| f.by.native())?.clone();
    // How it says it is its own matter; whose word it is stays.
    let by = NativeSign { bundle: None, signature: None, certificate: None, raw: false, ..by };
    Some(Attester { by, beside: None })
}

/// Signatures over VEX, whatever else is signed: nothing else vouches for it.
pub(super) fn vex(d: &Draft<'_>, attester: &Attester, steps: &[Step]) -> Option<Step> {
    let suffix = attester.beside.unwrap_or(".sigstore.json");
    let (mut files, mut outputs) = (vec![], vec![]);
    for o in steps.iter().flat_map(|s| &s.outputs).filter(|o| o.kind == ArtifactKind::Vex) {
        let path = format!("{}{suffix}", o.path);
        let bundle = Some(choice::in_dist(d, &path));
        let by = SignBy::Goferry(NativeSign { bundle, ..attester.by.clone() });
        files.push(SignedFile { name: o.name.clone(), path: choice::in_dist(d, &o.path), by });
        outputs.push(Output { path: path.clone(), name: path, kind: ArtifactKind::Signature });
    }
    let spec = SignSpec { section: "sign", id: "vex".to_owned(), output: false, files };
    (!outputs.is_empty()).then(|| step_of(StepId("vex/sign".to_owned()), spec, outputs))
}
