//! Attestations: a signed statement about files.

use crate::bundle::sha256_of;
use crate::{Bundle, PredicateType, PrivateKey, Statement, Subject, SupplyError};
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

/// Says `predicate` of the files and signs it. The same key, files and predicate give the same bundle.
///
/// # Errors
/// A file cannot be read, or the predicate is not a JSON object.
pub fn attest(
    key: &PrivateKey,
    files: &[impl AsRef<Path>],
    kind: &PredicateType,
    predicate: &str,
) -> Result<Attestation, SupplyError> {
    let subjects = files.iter().map(|f| subject(f.as_ref())).collect::<Result<_, _>>()?;
    let statement = Statement::new(subjects, kind.clone(), predicate)?;
    let bundle = Bundle::of_statement(key, &statement)?;
    Ok(Attestation { statement, bundle })
}

fn subject(path: &Path) -> Result<Subject, SupplyError> {
    let failed = |source| SupplyError::Io { action: "read", path: path.into(), source };
    let digest = File::open(path).and_then(|mut f| sha256_of(&mut f)).map_err(failed)?;
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
    Ok(Subject::new(name, digest))
}
