//! One attempt: the request with its body, redirections, and the answer with its body.
//!
//! Owns: what goes to which host, and where bodies flow. Must not: try again.

use crate::address::{join, same_origin};
use crate::body::{Checked, Exactly, OwnFault, Watched};
use crate::client::{Client, POLL, Way};
use crate::error::NetError;
use crate::request::{Content, Request, Response};
use std::io::{Cursor, Read};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use ureq::{Body, SendBody, http};

const REDIRECTIONS: usize = 5;
/// What identifies the caller, and so does not go to another host.
const OWN: [&str; 3] = ["authorization", "cookie", "proxy-authorization"];

/// One attempt, in a thread of its own so that it can be left.
pub(crate) fn once(
    client: &Client,
    request: &Request,
    cancelled: &dyn Fn() -> bool,
) -> Result<Response, NetError> {
    let (tell, told) = mpsc::channel();
    let left = Arc::new(AtomicBool::new(false));
    let (client, its, leaving) = (client.clone(), request.clone(), Arc::clone(&left));
    let url = request.shown();
    std::thread::spawn(move || {
        // Nobody listens any more if it was cancelled.
        let _ = tell.send(attempt(&client, its, &leaving));
    });
    loop {
        match told.recv_timeout(POLL) {
            Ok(answer) => return answer,
            Err(mpsc::RecvTimeoutError::Timeout) if !cancelled() => {}
            Err(mpsc::RecvTimeoutError::Timeout) => {
                left.store(true, Ordering::Relaxed);
                return Err(NetError::Cancelled { url });
            }
            Err(mpsc::RecvTimeoutError::Disconnected) => {
                return Err(NetError::Unreachable { url, reason: "the request broke off".to_owned() });
            }
        }
    }
}

fn attempt(client: &Client, mut request: Request, left: &Arc<AtomicBool>) -> Result<Response, NetError> {
    for _ in 0..=REDIRECTIONS {
        let answer = hop(client, &request, left)?;
        let Some(next) = redirection(&request, &answer)? else {
            return received(answer, &request, left);
        };
        if !same_origin(&request.url, &next) {
            request.headers.retain(|(name, _)| !OWN.iter().any(|o| name.eq_ignore_ascii_case(o)));
        }
        if !is_tls(&next) && is_tls(&request.url) {
            let reason = "it redirects to plain http".to_owned();
            return Err(NetError::Unreachable { url: request.shown(), reason });
        }
        request.url = next;
    }
    let reason = "it redirects again and again".to_owned();
    Err(NetError::Unreachable { url: request.shown(), reason })
}

fn is_tls(url: &str) -> bool {
    url.get(..6).is_some_and(|scheme| scheme.eq_ignore_ascii_case("https:"))
}

/// One request to one host.
fn hop(client: &Client, request: &Request, left: &Arc<AtomicBool>) -> Result<http::Response<Body>, NetError> {
    let Way { agent, proxy, uri } = client.way(request)?;
    let url = request.shown();
    let failed = |e: ureq::Error| reason(&url, request.limit, e);
    let mut built = http::Request::builder().method(request.method).uri(uri);
    for (name, value) in &request.headers {
        built = built.header(name, value);
    }
    let (length, body) = body(request, left).map_err(|source| NetError::Body { url: url.clone(), source })?;
    if let Some(length) = length {
        built = built.header("content-length", length);
    }
    let built = built.body(body).map_err(|e| failed(ureq::Error::Http(e)))?;
    let config = agent.configure_request(built).proxy(proxy).allow_non_standard_methods(true);
    // What streams may take its time as long as it moves.
    let config = if request.streams() {
        let each = Some(request.timeout);
        config.timeout_per_read(each).timeout_per_write(each)
    } else {
        config.timeout_global(Some(request.timeout))
    };
    agent.run(config.build()).map_err(failed)
}

/// The body with its length. Methods whose requests may have one get a length even without one.
fn body(request: &Request, left: &Arc<AtomicBool>) -> std::io::Result<(Option<u64>, SendBody<'static>)> {
    let has = matches!(request.method, "POST" | "PUT" | "PATCH");
    Ok(match &request.body {
        Content::None if has => (Some(0), SendBody::from_owned_reader(std::io::empty())),
        Content::None => (None, SendBody::none()),
        Content::Bytes(b) => {
            (Some(b.len() as u64), SendBody::from_owned_reader(Cursor::new(Shared(Arc::clone(b)))))
        }
        Content::Stream(s) => {
            let body = Exactly { inner: (s.open)()?, remaining: s.length };
            (Some(s.length), SendBody::from_owned_reader(Watched { inner: body, left: Arc::clone(left) }))
        }
    })
}

struct Shared(Arc<Vec<u8>>);

impl AsRef<[u8]> for Shared {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

/// Where an answer leads, if it is to be followed: GET and HEAD everywhere, other methods where method and body stay.
fn redirection(request: &Request, answer: &http::Response<Body>) -> Result<Option<String>, NetError> {
    let reads = matches!(request.method, "GET" | "HEAD");
    let leads = match answer.status().as_u16() {
        301..=303 => reads,
        307 | 308 => true,
        _ => false,
    };
    if !(request.follow && leads) {
        return Ok(None);
    }
    let url = request.shown();
    let to = answer.headers().get("location").and_then(|l| l.to_str().ok());
    let next = to.and_then(|to| join(&request.url, to));
    next.map(Some)
        .ok_or_else(|| NetError::Unreachable { url, reason: "it redirects to no address".to_owned() })
}

fn received(
    answer: http::Response<Body>,
    request: &Request,
    left: &Arc<AtomicBool>,
) -> Result<Response, NetError> {
    let (head, body) = answer.into_parts();
    let text = |v: &http::HeaderValue| String::from_utf8_lossy(v.as_bytes()).into_owned();
    let headers = head.headers.iter().map(|(n, v)| (n.as_str().to_owned(), text(v))).collect();
    let mut answer =
        Response { status: head.status.as_u16(), headers, body: vec![], url: request.url.clone() };
    // One byte more than is allowed tells that there is more.
    let reader = body.into_with_config().limit(u64::MAX).reader().take(request.limit.saturating_add(1));
    let reader = Watched { inner: reader, left: Arc::clone(left) };
    match &request.landing {
        Some(landing) if answer.is_success() => Checked::new(request, landing).take(reader)?,
        _ => answer.body = whole(reader, request)?,
    }
    Ok(answer)
}

fn whole(mut reader: impl Read, request: &Request) -> Result<Vec<u8>, NetError> {
    let url = request.shown();
    let mut bytes = vec![];
    reader
        .read_to_end(&mut bytes)
        .map_err(|e| NetError::Unreachable { url: url.clone(), reason: e.to_string() })?;
    if bytes.len() as u64 > request.limit {
        return Err(NetError::TooLarge { url, limit: request.limit });
    }
    Ok(bytes)
}

/// An error's words hold no header and no body; those with an address are not used.
fn reason(url: &str, limit: u64, e: ureq::Error) -> NetError {
    let url = url.to_owned();
    match e {
        ureq::Error::BodyExceedsLimit(_) => NetError::TooLarge { url, limit },
        ureq::Error::Http(_) => {
            NetError::Unreachable { url, reason: "a header of the request is malformed".to_owned() }
        }
        ureq::Error::ConnectProxyFailed(_) => {
            NetError::Unreachable { url, reason: "the proxy refuses to connect".to_owned() }
        }
        ureq::Error::Io(source) if source.get_ref().is_some_and(|inner| inner.is::<OwnFault>()) => {
            NetError::Body { url, source }
        }
        other => NetError::Unreachable { url, reason: other.to_string() },
    }
}

impl Request {
    fn streams(&self) -> bool {
        matches!(self.body, Content::Stream(_)) || self.landing.is_some()
    }
}
