//! Why there is no answer; what was asked is named without its secrets.

/// A request without an answer. An answer with a status of failure is none of these.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NetError {
    /// The address is none, or of a scheme other than http and https.
    #[error("{url} is not an address of http or https")]
    Address {
        /// Without its secrets.
        url: String,
    },
    /// Plain http to another machine, which was not allowed.
    #[error("{url} is plain http to another machine")]
    PlainHttp {
        /// Without its secrets.
        url: String,
    },
    /// No answer after all attempts.
    #[error("{url} does not answer: {reason}")]
    Unreachable {
        /// Without its secrets.
        url: String,
        /// The last attempt's failure.
        reason: String,
    },
    /// The answer is larger than the caller takes.
    #[error("{url} answers with more than {limit} bytes")]
    TooLarge {
        /// Without its secrets.
        url: String,
        /// In bytes.
        limit: u64,
    },
    /// The answer's body is not what was expected.
    #[error("{url} answers with other bytes than expected: {found} instead of {expected}")]
    Digest {
        /// Without its secrets.
        url: String,
        /// In hexadecimal.
        expected: String,
        /// In hexadecimal.
        found: String,
    },
    /// What is to be sent cannot be read, or what comes cannot be written.
    #[error("{url}: {source}")]
    Body {
        /// Without its secrets.
        url: String,
        /// Why.
        source: std::io::Error,
    },
    /// The run was cancelled.
    #[error("{url} was not waited for: interrupted")]
    Cancelled {
        /// Without its secrets.
        url: String,
    },
    /// The host's certificates cannot be read, or a proxy's address is none.
    #[error("{0}")]
    Setting(String),
}
