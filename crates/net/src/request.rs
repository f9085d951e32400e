//! One request and its answer.

use crate::address::{join, machine, origin, shown};
use crate::body::{Landing, Sink, Stream};
use std::io;
use std::sync::Arc;
use std::time::Duration;

/// Answers larger than this are refused unless the request says otherwise: 64 MiB.
const LIMIT: u64 = 64 << 20;

/// A request. Its headers and body are in no error and no `Debug`.
#[derive(Clone)]
pub struct Request {
    pub(crate) method: &'static str,
    pub(crate) url: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Content,
    pub(crate) landing: Option<Landing>,
    pub(crate) follow: bool,
    pub(crate) limit: u64,
    pub(crate) attempts: u32,
    pub(crate) timeout: Duration,
    /// Other machines, with their ports, to which plain http is allowed.
    pub(crate) plain_http: Vec<String>,
    /// Whether the address is told in errors by its host alone.
    pub(crate) secret: bool,
}

/// What is sent.
#[derive(Clone)]
pub(crate) enum Content {
    None,
    Bytes(Arc<Vec<u8>>),
    Stream(Stream),
}

impl Request {
    /// A GET: up to three attempts, redirections followed.
    pub fn get(url: &str) -> Request {
        Request { attempts: 3, follow: true, ..Request::of("GET", url, None) }
    }

    /// A POST: one attempt unless told otherwise, redirections not followed.
    pub fn post(url: &str, content_type: &str, body: Vec<u8>) -> Request {
        Request::of("POST", url, Some(body)).header("content-type", content_type)
    }

    /// Any method: one attempt, redirections not followed.
    pub fn of(method: &'static str, url: &str, body: Option<Vec<u8>>) -> Request {
        Request {
            method,
            url: url.to_owned(),
            headers: vec![],
            body: body.map_or(Content::None, |b| Content::Bytes(Arc::new(b))),
            landing: None,
            follow: false,
            limit: LIMIT,
            attempts: 1,
            timeout: Duration::from_secs(60),
            plain_http: vec![],
            secret: false,
        }
    }

    /// Where it goes.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// One more header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Request {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// A body that is read while it is sent, and opened anew for each attempt. Exactly `length` bytes are sent. The request's
    /// [timeout](Request::timeout) is then the longest time in which nothing moves.
    #[must_use]
    pub fn stream(
        mut self,
        length: u64,
        open: impl Fn() -> io::Result<Box<dyn io::Read + Send>> + Send + Sync + 'static,
    ) -> Request {
        self.body = Content::Stream(Stream { length, open: Arc::new(open) });
        self
    }

    /// Where the body of an answer of success goes, opened anew for each attempt; that of a failure stays in
    /// [`Response::body`]. With a digest, what differs from it is an error, and the sink is not finished. The timeout is as
    /// for [`Request::stream`].
    #[must_use]
    pub fn into_sink(
        mut self,
        expected: Option<crate::Checksum>,
        open: impl Fn() -> io::Result<Box<dyn Sink>> + Send + Sync + 'static,
    ) -> Request {
        self.landing = Some(Landing { expected, open: Arc::new(open) });
        self
    }

    /// Follows redirections: for GET and HEAD all, for others those that keep method and body (307, 308). What identifies the
    /// caller (Authorization, Cookie) does not go to another host.
    #[must_use]
    pub fn follow(mut self) -> Request {
        self.follow = true;
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

    /// Allows plain http to the machine that it goes to, and not to where that one sends it; to this one it always is allowed.
    #[must_use]
    pub fn plain_http(self) -> Request {
        let own = self.url.parse().ok().as_ref().and_then(machine);
        self.plain_http_to(own)
    }

    /// Allows plain http to these machines, `host` or `host:port`, also where it is sent on to.
    #[must_use]
    pub fn plain_http_to(mut self, machines: impl IntoIterator<Item = String>) -> Request {
        self.plain_http.extend(machines);
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
    /// The body, decompressed; empty where it went into a sink.
    pub body: Vec<u8>,
    pub(crate) url: String,
}

impl Response {
    /// Who answered: the address that was asked, or the last that it led to.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The first header of this name, whose case does not matter.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }

    /// All headers of this name.
    pub fn headers<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.headers.iter().filter(move |(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }

    /// The Location header as an address.
    pub fn location(&self) -> Option<String> {
        self.header("location").and_then(|l| join(&self.url, l))
    }

    /// Whether the status is 200 to 299.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}
