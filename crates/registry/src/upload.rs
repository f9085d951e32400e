//! Uploading one blob: not at all if it is there, mounted if it is elsewhere, else sent, and after a broken connection from
//! where the registry says that it has it (distribution-spec, sections "Pushing blobs" and "Mounting a blob").

use crate::answer::{is_passing, refused};
use crate::client::{Client, On, asked_pause};
use crate::login::escaped;
use crate::pull::blob_url;
use crate::{BlobSource, Descriptor, RegistryError, Repository};
use goferry_net::{NetError, Request, Response};
use std::io::{Read, SeekFrom};
use std::sync::Arc;
use std::time::Duration;

/// What is tried where a registry refuses the whole at once, in bytes.
const SMALLER: u64 = 8 << 20;
/// The smallest piece that is tried where connections break, in bytes.
const SMALLEST: u64 = 1 << 20;
/// More repositories are not asked whether they have a blob.
const MOUNTS: usize = 3;

/// How a blob came to be where it should.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum How {
    There,
    Mounted,
    Sent,
}

/// An upload that the registry knows.
#[derive(Clone, Debug)]
struct Session {
    location: String,
    /// What the registry has, in bytes.
    offset: u64,
    /// The least that a chunk must have.
    least: u64,
}

/// A blob on its way.
pub(crate) struct Upload<'u> {
    pub(crate) to: &'u Repository,
    pub(crate) blob: &'u Descriptor,
    pub(crate) source: &'u Arc<dyn BlobSource>,
    /// Repositories of the same registry that may have it.
    pub(crate) elsewhere: Vec<String>,
}

/// What came of one attempt.
enum Trouble {
    /// It may go well from where the registry is.
    Again(RegistryError, Option<Duration>),
    /// The registry does not know the upload any more.
    Lost(RegistryError),
    /// It is of no use.
    Final(RegistryError),
}

impl Client<'_> {
    /// Whether a repository has a blob.
    ///
    /// # Errors
    /// The registry does not answer or refuses.
    pub fn has_blob(&self, repository: &Repository, blob: &Descriptor) -> Result<bool, RegistryError> {
        self.has(&On::pull(repository, format!("{repository}@{}", blob.digest)), blob)
    }

    fn has(&self, on: &On<'_>, blob: &Descriptor) -> Result<bool, RegistryError> {
        let answer = self.call(on, |at| Request::of("HEAD", &blob_url(at, &blob.digest), None).follow())?;
        match answer.status {
            200..=299 => Ok(true),
            404 => Ok(false),
            401 => Err(refused(on, &answer)),
            // Also 403: one who may push need not be one who may read. The push itself says what is refused.
            _ => Ok(false),
        }
    }

    pub(crate) fn upload(&self, it: &Upload<'_>) -> Result<How, RegistryError> {
        let on = On::push(it.to, format!("pushing {} to {}", it.blob.digest, it.to));
        let done = if self.has(&on, it.blob)? {
            How::There
        } else {
            match self.mounted(it)? {
                Ok(()) => How::Mounted,
                Err(session) => self.sent(it, &on, session)?,
            }
        };
        self.learn(it.to, &it.blob.digest);
        Ok(done)
    }

    /// Mounts it from elsewhere; else an upload if one was begun on the way.
    fn mounted(&self, it: &Upload<'_>) -> Result<Result<(), Option<Session>>, RegistryError> {
        let mut begun: Option<Session> = None;
        for from in it.elsewhere.iter().filter(|f| *f != it.to.path()).take(MOUNTS) {
            let what = format!("mounting {} from {from} in {}", it.blob.digest, it.to);
            let on = On { also: Some(from), ..On::push(it.to, what) };
            let query = format!("?mount={}&from={}", escaped(it.blob.digest.as_str()), escaped(from));
            let answer =
                self.call(&on, |at| Request::of("POST", &format!("{at}blobs/uploads/{query}"), None));
            let answer = match answer {
                // Token servers refuse whoever may not read there; the push alone may be allowed.
                Err(RegistryError::Unauthorized { .. }) => continue,
                answer => answer?,
            };
            match answer.status {
                201 => {
                    self.abandon(&on, begun.as_ref());
                    return Ok(Ok(()));
                }
                202 if begun.is_none() => begun = session_of(&answer),
                202 => self.abandon(&on, session_of(&answer).as_ref()),
                // Whoever may not read there still may push here.
                _ => {}
            }
        }
        Ok(Err(begun))
    }

    fn sent(&self, it: &Upload<'_>, on: &On<'_>, mut session: Option<Session>) -> Result<How, RegistryError> {
        let (mut pause, mut failures, mut chunk) = (self.options.pause, 0, self.options.chunk);
        loop {
            let before = session.as_ref().map_or(0, |s| s.offset);
            let trouble = match self.attempt(it, on, &mut session, chunk) {
                Ok(()) => return Ok(How::Sent),
                Err(trouble) => trouble,
            };
            failures += 1;
            let (error, asked) = match trouble {
                Trouble::Final(RegistryError::Refused { status: 413, .. })
                    if chunk.is_none_or(|c| c > SMALLER) =>
                {
                    chunk = Some(SMALLER);
                    continue;
                }
                Trouble::Final(error) => return Err(self.given_up(on, session.as_ref(), error)),
                Trouble::Lost(error) => {
                    session = None;
                    (error, None)
                }
                Trouble::Again(error, asked) => (error, asked),
            };
            if failures >= self.options.attempts {
                return Err(self.given_up(on, session.as_ref(), error));
            }
            self.wait(asked.unwrap_or(pause))?;
            pause *= 2;
            // Perhaps only the answer was lost.
            if self.has(on, it.blob)? {
                return Ok(How::Sent);
            }
            let had = session.is_some();
            session = session.and_then(|s| self.status(on, it, &s));
            if session.as_ref().is_some_and(|s| s.offset > before) {
                (failures, pause) = (0, self.options.pause);
            } else if had && session.is_none() {
                // It cannot say what it has of a request that broke off (distribution 2.8): let less be lost next time.
                chunk = Some((chunk.unwrap_or(it.blob.size) / 4).max(SMALLEST));
            }
        }
    }

    /// From where it is to the end, once.
    fn attempt(
        &self,
        it: &Upload<'_>,
        on: &On<'_>,
        session: &mut Option<Session>,
        chunk: Option<u64>,
    ) -> Result<(), Trouble> {
        let size = it.blob.size;
        let mut now = match session.take() {
            Some(s) => s,
            None => self.begun(on)?,
        };
        *session = Some(now.clone());
        if now.offset == 0 && chunk.is_none_or(|c| c >= size) && size <= self.options.monolithic {
            let url = with_digest(&now.location, it.blob);
            let answer = self.one(on, &|| body(Request::of("PUT", &url, None), it, 0, size));
            return self.finished(on, it, false, answer);
        }
        let resumed = now.offset > 0;
        while now.offset < size {
            let most = chunk.map_or(size, |c| c.max(now.least));
            let length = most.min(size - now.offset);
            let (at, end) = (now.offset, now.offset + length);
            let whole = at == 0 && end == size;
            let answer = self.one(on, &|| {
                let patch = body(Request::of("PATCH", &now.location, None), it, at, length);
                // The whole needs no range, and some registries know none.
                if whole { patch } else { patch.header("content-range", &format!("{at}-{}", end - 1)) }
            });
            let answer = judged(on, answer)?;
            now.location = answer.location().unwrap_or(now.location);
            now.offset = range_end(&answer).filter(|e| *e > at && *e <= end).unwrap_or(end);
            *session = Some(now.clone());
        }
        let url = with_digest(&now.location, it.blob);
        let answer = self.one(on, &|| Request::of("PUT", &url, None).header("content-type", OCTETS));
        self.finished(on, it, resumed, answer)
    }

    /// One request to an upload's address, which is whole.
    fn one(&self, on: &On<'_>, make: &dyn Fn() -> Request) -> Result<Response, RegistryError> {
        self.once(on, &|_| make())
    }

    fn begun(&self, on: &On<'_>) -> Result<Session, Trouble> {
        let answer = self.once(on, &|at| Request::of("POST", &format!("{at}blobs/uploads/"), None));
        let answer = judged(on, answer)?;
        session_of(&answer).ok_or_else(|| {
            let registry = on.repository.registry().to_owned();
            let reason = "an upload has no address".to_owned();
            Trouble::Final(RegistryError::Answer { registry, what: on.what.clone(), reason })
        })
    }

    fn finished(
        &self,
        on: &On<'_>,
        it: &Upload<'_>,
        resumed: bool,
        answer: Result<Response, RegistryError>,
    ) -> Result<(), Trouble> {
        match judged(on, answer) {
            Ok(_) => Ok(()),
            // What was put together from pieces may be the registry's fault; what was sent at once is ours.
            Err(Trouble::Final(e @ RegistryError::Refused { status: 400, .. })) if resumed => {
                Err(Trouble::Lost(e))
            }
            Err(Trouble::Final(RegistryError::Refused { status: 400, said, .. }))
                if said.contains("DIGEST_INVALID") =>
            {
                let reason =
                    format!("it is not what its digest says, finds {}: {said}", on.repository.registry());
                Err(Trouble::Final(RegistryError::Content { digest: it.blob.digest.clone(), reason }))
            }
            Err(other) => Err(other),
        }
    }

    /// What the registry has of an upload; none if it does not know it.
    fn status(&self, on: &On<'_>, it: &Upload<'_>, session: &Session) -> Option<Session> {
        let answer = self.call(on, |_| Request::of("GET", &session.location, None)).ok()?;
        if !matches!(answer.status, 200 | 202 | 204) {
            return None;
        }
        let location = answer.location().unwrap_or_else(|| session.location.clone());
        let offset = range_end(&answer).filter(|e| *e <= it.blob.size)?;
        Some(Session { location, offset, least: session.least })
    }

    fn given_up(&self, on: &On<'_>, session: Option<&Session>, error: RegistryError) -> RegistryError {
        self.abandon(on, session);
        error
    }

    /// Nobody will go on with it: the registry may forget it.
    fn abandon(&self, on: &On<'_>, session: Option<&Session>) {
        if let Some(session) = session {
            // A registry that does not know how forgets it some day.
            let _ = self.one(on, &|| Request::of("DELETE", &session.location, None));
        }
    }
}

const OCTETS: &str = "application/octet-stream";

/// A request with a part of the blob as its body.
fn body(request: Request, it: &Upload<'_>, from: u64, length: u64) -> Request {
    let (source, digest) = (Arc::clone(it.source), it.blob.digest.clone());
    request.header("content-type", OCTETS).stream(length, move || {
        let mut blob = source.open(&digest)?;
        blob.seek(SeekFrom::Start(from))?;
        Ok(Box::new(blob) as Box<dyn Read + Send>)
    })
}

fn judged(on: &On<'_>, answer: Result<Response, RegistryError>) -> Result<Response, Trouble> {
    let answer = answer.map_err(|e| match e {
        RegistryError::Net(NetError::Unreachable { .. }) => Trouble::Again(e, None),
        other => Trouble::Final(other),
    })?;
    if answer.is_success() {
        return Ok(answer);
    }
    let error = refused(on, &answer);
    Err(match (answer.status, &error) {
        (_, RegistryError::NoSpace { .. }) => Trouble::Final(error),
        (404 | 410, _) => Trouble::Lost(error),
        // It has another part than we think.
        (416, _) => Trouble::Again(error, None),
        (status, _) if is_passing(status) => Trouble::Again(error, asked_pause(&answer)),
        _ => Trouble::Final(error),
    })
}

fn session_of(answer: &Response) -> Option<Session> {
    let least = answer.header("oci-chunk-min-length").and_then(|l| l.trim().parse().ok()).unwrap_or(0);
    Some(Session { location: answer.location()?, offset: 0, least })
}

/// How many bytes a registry has, by `Range: 0-N`. `0-0` is what distribution says of none; who has one byte is told so by 416.
fn range_end(answer: &Response) -> Option<u64> {
    let range = answer.header("range")?.trim().trim_start_matches("bytes=");
    let (start, end) = range.split_once('-')?;
    let end: u64 = end.parse().ok()?;
    (start == "0").then_some(if end == 0 { 0 } else { end + 1 })
}

fn with_digest(location: &str, blob: &Descriptor) -> String {
    let joint = if location.contains('?') { '&' } else { '?' };
    format!("{location}{joint}digest={}", escaped(blob.digest.as_str()))
}
