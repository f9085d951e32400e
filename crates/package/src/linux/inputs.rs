//! What a package's bytes depend on besides its own texts: the entries that its writer packs, as facts and contents.
//!
//! Owns: saying everything that tells two packages apart. Must not: resolve contents a second time, read what files hold.

use super::contents::{Bytes, Entry, What, entries};
use super::{Format, Package};
use crate::PackageError;

/// Something that the bytes of a package depend on: what is said of an entry, and what it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// Path, kind, mode, time, owner, group, and the text of a link; the same wherever the project lies.
    pub facts: [String; 7],
    /// The content of a regular file.
    pub content: Option<Bytes>,
}

/// Everything that a package is made of besides [`Package`]'s own texts, in the package's order: what [`super::write`] packs, and nothing
/// else.
///
/// # Errors
/// Contents that are missing or collide.
pub fn inputs(format: Format, package: &Package) -> Result<Vec<Input>, PackageError> {
    let of = |e: Entry| {
        let (kind, link, content) = match e.what {
            What::Folder { implied } => (if implied { "implied" } else { "folder" }.to_owned(), None, None),
            What::Link(text) => ("link".to_owned(), Some(text), None),
            What::File(kind, bytes) => (format!("{kind:?}"), None, Some(bytes)),
            What::Ghost => ("ghost".to_owned(), None, None),
        };
        let (mode, mtime) = (format!("{:o}", e.mode), e.mtime.to_string());
        let facts = [e.path, kind, mode, mtime, e.owner, e.group, link.unwrap_or_default()];
        Input { facts, content }
    };
    Ok(entries(format, package, &[])?.into_iter().map(of).collect())
}
