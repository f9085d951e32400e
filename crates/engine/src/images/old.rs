//! The form of an image's signature before cosign 3: an image of its own under the tag `sha256-….sig`, whose layers are
//! signed payloads (cosign, specs/SIGNATURE_SPEC.md).

use super::attach::{Attached, Signer};
use super::registries::drawn;
use base64ct::{Base64, Encoding as _};
use goferry_plan::graph::NativeSign;
use goferry_registry::{
    BlobSource, Client, Descriptor, Digest, Memory, Push, Reference, RegistryError, Repository, media,
};
use goferry_report::Diagnostics;
use serde_json::{Value, json};
use std::sync::Arc;

const PAYLOAD: &str = "application/vnd.dev.cosign.simplesigning.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const SIGNATURE: &str = "dev.cosignproject.cosign/signature";

/// Signs an image and enters the signature beside those of others.
pub(super) fn sign(
    signer: &Signer<'_>,
    client: &Client<'_>,
    by: &NativeSign,
    to: &Repository,
    image: &Descriptor,
) -> Result<Attached, Diagnostics> {
    let payload = json!({
        "critical": {
            "identity": {"docker-reference": to.to_string()},
            "image": {"docker-manifest-digest": image.digest},
            "type": "cosign container image signature",
        },
        "optional": null,
    });
    let payload = payload.to_string().into_bytes();
    let signature = Base64::encode_string(&signer.message(by, &payload)?);
    let mut layer = json!(Descriptor::of(PAYLOAD, &payload));
    layer["annotations"] = json!({SIGNATURE: signature});
    let name = format!("{}-{}.sig", image.digest.algorithm(), image.digest.hex());
    let tag = to.tagged(&name).map_err(|e| drawn(&e))?;
    let mut layers = layers(client, &tag).map_err(|e| drawn(&e))?;
    if !layers.iter().any(|l| l["annotations"][SIGNATURE] == layer["annotations"][SIGNATURE]) {
        layers.push(layer);
    }
    let digest = pushed(client, to, &name, layers, payload).map_err(|e| drawn(&e))?;
    Ok(Attached {
        artifact_type: PAYLOAD.to_owned(),
        predicate_type: None,
        digest: digest.to_string(),
        found_by: "tag",
    })
}

/// What is signed there already.
fn layers(client: &Client<'_>, tag: &Reference) -> Result<Vec<Value>, RegistryError> {
    let found = match client.manifest(tag) {
        Ok(found) => found,
        Err(RegistryError::NotFound { .. }) => return Ok(vec![]),
        Err(e) => return Err(e),
    };
    let manifest: Value = serde_json::from_slice(&found.bytes).unwrap_or_default();
    Ok(manifest["layers"].as_array().cloned().unwrap_or_default())
}

fn pushed(
    client: &Client<'_>,
    to: &Repository,
    tag: &str,
    layers: Vec<Value>,
    payload: Vec<u8>,
) -> Result<Digest, RegistryError> {
    let mut memory = Memory::default();
    memory.add(payload);
    let digests: Vec<&Value> = layers.iter().map(|l| &l["digest"]).collect();
    let config = json!({"architecture": "", "os": "", "config": {}, "rootfs": {"type": "layers", "diff_ids": digests}});
    let config = config.to_string().into_bytes();
    let is = Descriptor::of(CONFIG, &config);
    memory.add(config);
    let manifest = json!({"schemaVersion": 2, "mediaType": media::MANIFEST, "config": is, "layers": layers});
    let manifest = manifest.to_string().into_bytes();
    let root = Descriptor::of(media::MANIFEST, &manifest);
    memory.add(manifest);
    let source: Arc<dyn BlobSource> = Arc::new(memory);
    let tags = [tag.to_owned()];
    let push = Push { to, tags: &tags, root: &root, source: &source, immutable: false, mount_from: &[] };
    client.push(&push).map(|p| p.digest)
}
