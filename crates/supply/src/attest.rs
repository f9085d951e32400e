//! Attestations: a signed statement about files.

use crate::bundle::sha256_of;
use crate::{Bundle, PredicateType, PrivateKey, SignedBy, Statement, Subject, SupplyError, Witnesses};
use std::fs::File;
use std::path::Path;

/// The type of an envelope's payload that is an in-toto statement (in-toto attestation, envelope.md).
pub(crate) const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

/// A signed statement.
#[derive(Debug)]
pub struct Attestation {
    /// What is said.
    pub statement: Statement,
    /// The envelope in its bundle.
    pub bundle: Bundle,
}

/// Says `predicate` of the files and signs it with a key. The same key, files and predicate give the same bundle.
///
/// # Errors
/// A file cannot be read, or the predicate is not a JSON object.
pub fn attest(
    key: &PrivateKey,
    files: &[impl AsRef<Path>],
    kind: &PredicateType,
    predicate: &str,
) -> Result<Attestation, SupplyError> {
    attest_by(SignedBy::Key(key), None, files, kind, predicate)
}

/// Says `predicate` of the files and signs it, before witnesses if there are any.
///
/// # Errors
/// As [`attest`] and [`crate::sign_blob_by`].
pub fn attest_by(
    by: SignedBy<'_>,
    witnesses: Option<&Witnesses<'_>>,
    files: &[impl AsRef<Path>],
    kind: &PredicateType,
    predicate: &str,
) -> Result<Attestation, SupplyError> {
    let subjects = files.iter().map(|f| subject(f.as_ref())).collect::<Result<_, _>>()?;
    let statement = Statement::new(subjects, kind.clone(), predicate)?;
    let bundle = sign_statement(by, witnesses, &statement)?;
    Ok(Attestation { statement, bundle })
}

/// Signs a statement that is made already.
///
/// # Errors
/// A witness cannot be reached, refuses, or answers about something else.
pub fn sign_statement(
    by: SignedBy<'_>,
    witnesses: Option<&Witnesses<'_>>,
    statement: &Statement,
) -> Result<Bundle, SupplyError> {
    Bundle::enveloped(by, witnesses, &statement.to_json()?, PAYLOAD_TYPE)
}

fn subject(path: &Path) -> Result<Subject, SupplyError> {
    let failed = |source| SupplyError::Io { action: "read", path: path.into(), source };
    let digest = File::open(path).and_then(|mut f| sha256_of(&mut f)).map_err(failed)?;
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
    Ok(Subject::new(name, digest))
}
