//! One request and its answer.

use crate::address::{origin, shown};
use std::time::Duration;

/// Answers larger than this are refused unless the request says otherwise: 64 MiB.
const LIMIT: u64 = 64 << 20;

/// A request. Its headers and body are in no error and no `Debug`.
#[derive(Clone)]
pub struct Request {
    pub(crate) method: &'static str,
    pub(crate) url: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Option<Vec<u8>>,
    pub(crate) limit: u64,
    pub(crate) attempts: u32,
    pub(crate) timeout: Duration,
    pub(crate) plain_http: bool,
    /// Whether the address is told in errors by its host alone.
    pub(crate) secret: bool,
}

impl Request {
    /// A GET: up to three attempts, redirections followed.
    pub fn get(url: &str) -> Request {
        Request { attempts: 3, ..Request::of("GET", url, None) }
    }

    /// A POST: one attempt unless told otherwise, redirections not followed.
    pub fn post(url: &str, content_type: &str, body: Vec<u8>) -> Request {
        Request::of("POST", url, Some(body)).header("content-type", content_type)
    }

    /// Any other method.
    pub fn of(method: &'static str, url: &str, body: Option<Vec<u8>>) -> Request {
        Request {
            method,
            url: url.to_owned(),
            headers: vec![],
            body,
            limit: LIMIT,
            attempts: 1,
            timeout: Duration::from_secs(60),
            plain_http: false,
            secret: false,
        }
    }

    /// One more header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Request {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The most bytes of the answer's body.
    #[must_use]
    pub fn limit(mut self, bytes: u64) -> Request {
        self.limit = bytes;
        self
    }

    /// How often it is tried when there is no answer, or one that says to come again (408, 425, 429, 500, 502, 503, 504).
    /// Only for what may be done twice.
    #[must_use]
    pub fn attempts(mut self, attempts: u32) -> Request {
        self.attempts = attempts.max(1);
        self
    }

    /// The longest time for one attempt, from connecting to the last byte; 60 s unless told otherwise.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Request {
        self.timeout = timeout;
        self
    }

    /// Allows plain http to other machines; to this one it always is.
    #[must_use]
    pub fn plain_http(mut self) -> Request {
        self.plain_http = true;
        self
    }

    /// Says that the path is a secret too, as a webhook's is: errors name the host alone.
    #[must_use]
    pub fn secret(mut self) -> Request {
        self.secret = true;
        self
    }

    /// The address as errors show it.
    pub(crate) fn shown(&self) -> String {
        if self.secret { origin(&self.url) } else { shown(&self.url) }
    }
}

/// An answer, whatever its status.
pub struct Response {
    /// HTTP status.
    pub status: u16,
    pub(crate) headers: Vec<(String, String)>,
    /// The body, decompressed.
    pub body: Vec<u8>,
}

impl Response {
    /// The first header of this name, whose case does not matter.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }

    /// Whether the status is 200 to 299.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}
