//! What goes with an image into its registry: signature, bills of materials, provenance. Each is an artifact that refers to
//! the image; the image itself stays what it is.

use super::registries::drawn;
use crate::session::Session;
use crate::signing::{Environment, Keys};
use base64ct::{Base64, Encoding as _};
use goferry_plan::graph::NativeSign;
use goferry_registry::{Client, Descriptor, Referrer, Repository, Stored};
use goferry_report::{Code, Diagnostic, Diagnostics};
use goferry_supply::{MEDIA_TYPE, PredicateType, Statement, Subject, SupplyError};
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A bill of materials may be large.
const LIMIT: u64 = 256 << 20;
/// What cosign 3 says of an image that it signs (cosign 3, pkg/types/predicate.go).
const SIGNED: &str = "https://sigstore.dev/cosign/sign/v1";
/// What cosign 3 notes at an attached bundle (cosign 3, pkg/oci/remote/write.go).
const CONTENT: &str = "dev.sigstore.bundle.content";
const PREDICATE: &str = "dev.sigstore.bundle.predicateType";
const IN_TOTO: &str = "application/vnd.in-toto+json";

/// What is attached to each image that is pushed.
#[derive(Default)]
pub struct Attachments {
    /// Who signs the image, and what is said of it; none: nothing is signed.
    pub by: Option<NativeSign>,
    /// Whether the image is signed in the form before cosign 3 too, under the tag `sha256-….sig`.
    pub old_form: bool,
    /// Bills of materials, provenance and other statements: CycloneDX, SPDX, in-toto statements or bundles of them.
    pub files: Vec<PathBuf>,
    /// Whether, without `files`, those of the release that the images are of go with them.
    pub of_release: bool,
}

/// Something that was attached.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Attached {
    /// Its type.
    pub artifact_type: String,
    /// What it says, of a bundle.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub predicate_type: Option<String>,
    /// Of its manifest.
    pub digest: String,
    /// Whether the registry lists it, or it is in the index under the tag `sha256-…`.
    pub found_by: &'static str,
}

/// A file that is attached, read once.
struct Said {
    /// The type of the document itself.
    media_type: String,
    bytes: Vec<u8>,
    /// Type and text of the predicate that it is or holds.
    predicate: Option<(PredicateType, String)>,
}

/// Keys that are opened once, and what they sign.
pub(crate) struct Signer<'a> {
    pub(crate) session: &'a Session,
    keys: Keys,
}

/// Attachments that were read.
pub(crate) struct Evidence<'a> {
    by: Option<&'a NativeSign>,
    old_form: bool,
    said: Vec<Said>,
}

impl<'a> Signer<'a> {
    pub(crate) fn new(session: &'a Session) -> Signer<'a> {
        Signer { session, keys: Keys::default() }
    }

    /// Opens a signer's key, before anything is done that it will sign.
    pub(crate) fn open(&self, by: &NativeSign) -> Result<(), Diagnostics> {
        self.keys.open_one(self.session, by)
    }

    /// Signs a message.
    pub(crate) fn message(&self, by: &NativeSign, message: &[u8]) -> Result<Vec<u8>, Diagnostics> {
        self.keys.message(self.session, by, message)
    }

    /// Signs an image and attaches the signature.
    pub(crate) fn sign(
        &self,
        client: &Client<'_>,
        by: &NativeSign,
        to: &Repository,
        image: &Descriptor,
    ) -> Result<Attached, Diagnostics> {
        let sign = PredicateType::parse(SIGNED).map_err(|e| e.diagnostic())?;
        let (referrer, kind) = self.bundle(by, to, image, &sign, "{}")?;
        attach_one(client, to, image, referrer, kind)
    }

    fn bundle(
        &self,
        by: &NativeSign,
        to: &Repository,
        image: &Descriptor,
        kind: &PredicateType,
        predicate: &str,
    ) -> Result<(Referrer, Option<String>), Diagnostics> {
        let subject = Subject::new(to.to_string(), sha256(image)?);
        let statement = Statement::new(vec![subject], kind.clone(), predicate).map_err(|e| e.diagnostic())?;
        let env = Environment { own: &by.env, all: &self.session.env };
        let bundle = self.keys.statement(self.session, &statement, by, &env)?;
        let text = bundle.to_json().map_err(|e| e.diagnostic())?;
        Ok((of_bundle(text.into_bytes(), Some(kind.uri())), Some(kind.uri().to_owned())))
    }
}

fn attach_one(
    client: &Client<'_>,
    to: &Repository,
    image: &Descriptor,
    referrer: Referrer,
    predicate_type: Option<String>,
) -> Result<Attached, Diagnostics> {
    let (is, stored) = client.attach(to, image, &referrer).map_err(|e| drawn(&e))?;
    let found_by = match stored {
        Stored::Listed => "list",
        Stored::Tagged => "tag",
    };
    Ok(Attached {
        artifact_type: referrer.artifact_type,
        predicate_type,
        digest: is.digest.to_string(),
        found_by,
    })
}

impl<'a> Evidence<'a> {
    /// Reads the files and opens the key, so that what cannot be used is found before anything is pushed.
    pub(crate) fn read(
        signer: &Signer<'_>,
        it: &'a Attachments,
        files: &[PathBuf],
    ) -> Result<Evidence<'a>, Diagnostics> {
        let said = files.iter().map(|f| said(&signer.session.cwd.join(f))).collect::<Result<_, _>>()?;
        it.by.as_ref().map_or(Ok(()), |by| signer.open(by))?;
        Ok(Evidence { by: it.by.as_ref(), old_form: it.old_form, said })
    }

    /// Attaches everything to an image. With a signer, what is said of the image is signed, so that
    /// `cosign verify-attestation` finds it.
    pub(crate) fn attach(
        &self,
        signer: &Signer<'_>,
        client: &Client<'_>,
        to: &Repository,
        image: &Descriptor,
    ) -> Result<Vec<Attached>, Diagnostics> {
        let mut done = vec![];
        if let Some(by) = self.by {
            done.push(signer.sign(client, by, to, image)?);
            if self.old_form {
                done.push(super::old::sign(signer, client, by, to, image)?);
            }
        }
        for said in &self.said {
            let (referrer, kind) = match (self.by, &said.predicate) {
                (Some(by), Some((kind, text))) => signer.bundle(by, to, image, kind, text)?,
                _ => (plain(said), None),
            };
            done.push(attach_one(client, to, image, referrer, kind)?);
        }
        Ok(done)
    }
}

/// A document as it is.
fn plain(said: &Said) -> Referrer {
    if said.media_type == MEDIA_TYPE {
        let kind = said.predicate.as_ref().map(|(k, _)| k.uri());
        return of_bundle(said.bytes.clone(), kind);
    }
    Referrer {
        artifact_type: said.media_type.clone(),
        layers: vec![(said.media_type.clone(), said.bytes.clone(), BTreeMap::new())],
        annotations: BTreeMap::new(),
    }
}

/// A bundle as cosign 3 attaches it.
fn of_bundle(bytes: Vec<u8>, predicate_type: Option<&str>) -> Referrer {
    let mut annotations = BTreeMap::from([(CONTENT.to_owned(), "dsse-envelope".to_owned())]);
    annotations.extend(predicate_type.map(|p| (PREDICATE.to_owned(), p.to_owned())));
    Referrer {
        artifact_type: MEDIA_TYPE.to_owned(),
        layers: vec![(MEDIA_TYPE.to_owned(), bytes, BTreeMap::new())],
        annotations,
    }
}

fn sha256(image: &Descriptor) -> Result<[u8; 32], Diagnostics> {
    let hex = image.digest.hex();
    let bytes: Option<Vec<u8>> =
        (0..32).map(|i| u8::from_str_radix(hex.get(2 * i..2 * i + 2)?, 16).ok()).collect();
    let of_sha256 = image.digest.algorithm() == "sha256";
    bytes.filter(|_| of_sha256).and_then(|b| b.try_into().ok()).ok_or_else(|| {
        let message = format!("{} is not by SHA-256, and only such images are signed here", image.digest);
        Diagnostic::error(Code::ImageUnusable, message).into()
    })
}

/// What a file says, by its content.
fn said(path: &Path) -> Result<Said, Diagnostics> {
    let bytes = goferry_supply::read_bounded(path, LIMIT).map_err(|e| e.diagnostic())?;
    let bad = |reason: &str| -> Diagnostics {
        SupplyError::Predicate(format!("{}: {reason}", path.display())).diagnostic().into()
    };
    let value: Value = serde_json::from_slice(&bytes).map_err(|_| bad("it is not JSON"))?;
    let text = |v: &Value| serde_json::to_string(v).unwrap_or_default();
    let known = |word: &str| PredicateType::parse(word).map_err(|e| Diagnostics::from(e.diagnostic()));
    if value["bomFormat"] == "CycloneDX" {
        let predicate = Some((known("cyclonedx")?, text(&value)));
        return Ok(Said { media_type: "application/vnd.cyclonedx+json".to_owned(), bytes, predicate });
    }
    if value["spdxVersion"].is_string() {
        let predicate = Some((known("spdxjson")?, text(&value)));
        return Ok(Said { media_type: "application/spdx+json".to_owned(), bytes, predicate });
    }
    if value["@context"].as_str().is_some_and(|c| c.starts_with("https://openvex.dev/ns")) {
        let predicate = Some((known("openvex")?, text(&value)));
        return Ok(Said { media_type: "application/vnd.openvex+json".to_owned(), bytes, predicate });
    }
    let (media_type, statement) = match value["dsseEnvelope"]["payload"].as_str() {
        Some(payload) => {
            let payload = Base64::decode_vec(payload).ok().and_then(|p| serde_json::from_slice(&p).ok());
            (MEDIA_TYPE, payload.ok_or_else(|| bad("its envelope holds no statement"))?)
        }
        None => (IN_TOTO, value),
    };
    let kind = statement["predicateType"].as_str().filter(|_| statement["predicate"].is_object());
    let kind = kind.ok_or_else(|| {
        bad("it is neither CycloneDX, SPDX nor OpenVEX, nor an in-toto statement or a bundle with one")
    })?;
    let predicate = Some((known(kind)?, text(&statement["predicate"])));
    Ok(Said { media_type: media_type.to_owned(), bytes, predicate })
}
