//! Why a registry did not do what it was asked.

use crate::Digest;
use goferry_net::NetError;
use std::io;

/// What went wrong. No password and no token is in it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegistryError {
    /// It is no name of an image.
    #[error("`{text}` is no reference to an image: {reason}")]
    Reference {
        /// As it was given.
        text: String,
        /// Why not.
        reason: String,
    },
    /// Docker's configuration, or a helper that it names.
    #[error("credentials for {registry}: {reason}")]
    Credentials {
        /// Whose.
        registry: String,
        /// What is wrong.
        reason: String,
    },
    /// The connection.
    #[error(transparent)]
    Net(#[from] NetError),
    /// Not without other credentials.
    #[error("{registry} does not let {what}: {said}")]
    Unauthorized {
        /// Which registry.
        registry: String,
        /// What was tried.
        what: String,
        /// In the registry's words, and whether there were credentials.
        said: String,
    },
    /// It is not there.
    #[error("{what}: not found at {registry}")]
    NotFound {
        /// Which registry.
        registry: String,
        /// What was asked for.
        what: String,
    },
    /// The registry has no room.
    #[error("{registry} has no room left: {said}")]
    NoSpace {
        /// Which registry.
        registry: String,
        /// In its words.
        said: String,
    },
    /// An answer that says no.
    #[error("{what}: {registry} answers {status}: {said}")]
    Refused {
        /// Which registry.
        registry: String,
        /// What was tried.
        what: String,
        /// HTTP status.
        status: u16,
        /// In its words.
        said: String,
    },
    /// An answer that does not follow the specification.
    #[error("{what}: the answer of {registry} is not understood: {reason}")]
    Answer {
        /// Which registry.
        registry: String,
        /// What was tried.
        what: String,
        /// What is wrong.
        reason: String,
    },
    /// Other bytes than the digest says.
    #[error("{what}: its digest is {found}, not {expected}")]
    Digest {
        /// What was read.
        what: String,
        /// What was asked for.
        expected: String,
        /// What came.
        found: String,
    },
    /// A tag is there and must not move.
    #[error("the tag {reference} exists with another digest, {has}, and {why}")]
    TagTaken {
        /// The tag.
        reference: String,
        /// What it is.
        has: Digest,
        /// What it should become.
        wanted: Digest,
        /// Who says so.
        why: String,
    },
    /// No image of an index serves a platform.
    #[error("{reference} has no image for {wanted}, only for {}", .there.join(", "))]
    Platform {
        /// Which index.
        reference: String,
        /// What was asked for.
        wanted: String,
        /// What there is.
        there: Vec<String>,
    },
    /// A content that was to be pushed.
    #[error("{digest}: {reason}")]
    Content {
        /// Which.
        digest: Digest,
        /// What is wrong with it.
        reason: String,
    },
    /// A content cannot be read.
    #[error("{digest} cannot be read: {source}")]
    Source {
        /// Which.
        digest: Digest,
        /// Why.
        source: io::Error,
    },
}
