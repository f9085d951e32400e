//! A conversation with registries: addresses, logins, and trying again.

use crate::answer::{is_passing, refused};
use crate::challenge::{self, Challenge};
use crate::login::{Logins, Token};
use crate::{Credentials, Digest, RegistryError, Repository};
use goferry_net::{NetError, Request, Response};
use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The longest wait that a registry's Retry-After gets.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// How often a pause looks whether it was cancelled.
const POLL: Duration = Duration::from_millis(50);
/// The longest time in which nothing moves.
const STALL: Duration = Duration::from_secs(120);

/// Carries requests.
pub trait Transport: Send + Sync {
    /// Sends one.
    ///
    /// # Errors
    /// There is no answer.
    fn send(&self, request: &Request) -> Result<Response, NetError>;

    /// Whether the run was cancelled.
    fn is_cancelled(&self) -> bool;
}

/// How registries are treated.
#[derive(Clone, Debug)]
pub struct Options {
    /// How often a request is tried that fails in a way that may pass; of an upload: without getting any further.
    pub attempts: u32,
    /// Before the second attempt; each further pause is twice as long.
    pub pause: Duration,
    /// Registries, as they are written in names, that speak plain http. This machine's always may.
    pub plain_http: Vec<String>,
    /// How many contents are moved at once.
    pub at_once: usize,
    /// Contents up to this size, in bytes, are uploaded in one request with their digest; larger ones in a way that can be resumed.
    pub monolithic: u64,
    /// The most bytes of one request of an upload; none: all of it, unless a registry says that it is too much.
    pub chunk: Option<u64>,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            attempts: 5,
            pause: Duration::from_millis(500),
            plain_http: vec![],
            at_once: 4,
            monolithic: 1 << 20,
            chunk: None,
        }
    }
}

/// Talks to registries.
pub struct Client<'a> {
    transport: &'a dyn Transport,
    pub(crate) credentials: Credentials<'a>,
    pub(crate) options: Options,
    logins: Logins,
    bases: Mutex<HashMap<String, String>>,
    known: Mutex<HashMap<(String, Digest), BTreeSet<String>>>,
}

/// What a request is about.
pub(crate) struct On<'r> {
    pub(crate) repository: &'r Repository,
    /// `pull`, `pull,push` or `delete`.
    pub(crate) actions: &'static str,
    /// Another repository that is read.
    pub(crate) also: Option<&'r str>,
    /// In words, for errors.
    pub(crate) what: String,
}

impl<'r> On<'r> {
    pub(crate) fn pull(repository: &'r Repository, what: impl Into<String>) -> On<'r> {
        On { repository, actions: "pull", also: None, what: what.into() }
    }

    pub(crate) fn push(repository: &'r Repository, what: impl Into<String>) -> On<'r> {
        On { repository, actions: "pull,push", also: None, what: what.into() }
    }

    pub(crate) fn scope(&self) -> String {
        let own = format!("repository:{}:{}", self.repository.path(), self.actions);
        self.also.map_or(own.clone(), |from| format!("{own} repository:{from}:pull"))
    }
}

impl<'a> Client<'a> {
    /// A client that has asked nobody yet.
    pub fn new(transport: &'a dyn Transport, credentials: Credentials<'a>, options: Options) -> Client<'a> {
        Client {
            transport,
            credentials,
            options,
            logins: Logins::default(),
            bases: Mutex::default(),
            known: Mutex::default(),
        }
    }

    /// `https://host/v2/`.
    fn base(&self, repository: &Repository) -> Result<String, RegistryError> {
        let host = repository.host();
        if let Some(base) = locked(&self.bases).get(host) {
            return Ok(base.clone());
        }
        let plain = format!("http://{host}/v2/");
        let base = if self.speaks_plain(host) && !self.wants_tls(&plain)? {
            plain
        } else {
            format!("https://{host}/v2/")
        };
        locked(&self.bases).insert(host.to_owned(), base.clone());
        Ok(base)
    }

    fn speaks_plain(&self, host: &str) -> bool {
        is_loopback(host) || self.options.plain_http.iter().any(|h| h == host)
    }

    /// Whether what listens there understands TLS only: Go's servers and nginx say so.
    fn wants_tls(&self, plain: &str) -> Result<bool, RegistryError> {
        let ping = Request::of("GET", plain, None).plain_http().timeout(STALL);
        let mut pause = self.options.pause;
        for attempt in 1.. {
            match self.transport.send(&ping) {
                Ok(a) => return Ok(a.status == 400 && String::from_utf8_lossy(&a.body).contains("HTTPS")),
                Err(NetError::Unreachable { .. }) if attempt < self.options.attempts => self.wait(pause)?,
                // Some servers that speak TLS only close the connection; what is not there at all is an error either way.
                Err(NetError::Unreachable { .. }) => return Ok(true),
                Err(e) => return Err(e.into()),
            }
            pause *= 2;
        }
        Ok(false)
    }

    /// Asks below `/v2/NAME/`, again if it may go well later. Only for what may be done twice.
    pub(crate) fn call(
        &self,
        on: &On<'_>,
        make: impl Fn(&str) -> Request,
    ) -> Result<Response, RegistryError> {
        let mut pause = self.options.pause;
        for attempt in 1.. {
            let last = attempt >= self.options.attempts;
            let answer = self.once(on, &make);
            let wait = match &answer {
                Ok(a) if !last && is_passing(a.status) => asked_pause(a).unwrap_or(pause),
                Err(RegistryError::Net(NetError::Unreachable { .. })) if !last => pause,
                _ => return answer,
            };
            self.wait(wait)?;
            pause *= 2;
        }
        Err(NetError::Cancelled { url: on.what.clone() }.into())
    }

    /// Asks once, and logs in if that is wanted. `make` is given `https://host/v2/NAME/`.
    pub(crate) fn once(
        &self,
        on: &On<'_>,
        make: &dyn Fn(&str) -> Request,
    ) -> Result<Response, RegistryError> {
        let base = self.base(on.repository)?;
        let host = on.repository.host();
        let request = make(&format!("{base}{}/", on.repository.path())).timeout(STALL);
        let request = request.plain_http_to(self.options.plain_http.iter().cloned());
        // An upload's address may be another host's, where nobody is logged in.
        let ours = goferry_net::same_origin(&base, request.url());
        let held = self.logins.held(host, &on.scope()).filter(|_| ours);
        let answer = self.transport.send(&with(&request, held.as_ref()))?;
        // Nor may another host that it was sent on to ask who we are.
        if answer.status != 401 || !ours || !goferry_net::same_origin(&base, answer.url()) {
            return Ok(answer);
        }
        let Some(challenge) = challenge::read(answer.headers("www-authenticate")) else { return Ok(answer) };
        let login = || self.login(on, &challenge);
        match self.logins.renewed(host, &on.scope(), held.as_ref(), login)? {
            Some(token) => {
                let answer = self.transport.send(&with(&request, Some(&token)))?;
                match (answer.status, &challenge) {
                    (401, Challenge::Basic) => Err(refused_as(on, &answer, REFUSED)),
                    _ => Ok(answer),
                }
            }
            None => Err(refused_as(on, &answer, if held.is_some() { REFUSED } else { NONE })),
        }
    }

    /// An answer of success, or the error that it is.
    pub(crate) fn good(&self, on: &On<'_>, answer: Response) -> Result<Response, RegistryError> {
        if answer.is_success() { Ok(answer) } else { Err(refused(on, &answer)) }
    }

    pub(crate) fn transport(&self) -> &dyn Transport {
        self.transport
    }

    pub(crate) fn wait(&self, time: Duration) -> Result<(), RegistryError> {
        let end = Instant::now() + time.min(LONGEST_PAUSE);
        while Instant::now() < end {
            if self.transport.is_cancelled() {
                return Err(NetError::Cancelled { url: "a registry".to_owned() }.into());
            }
            std::thread::sleep(POLL.min(end.saturating_duration_since(Instant::now())));
        }
        Ok(())
    }

    /// Remembers that a content is in a repository: from there it can be mounted.
    pub(crate) fn learn(&self, repository: &Repository, digest: &Digest) {
        let key = (repository.registry().to_owned(), digest.clone());
        locked(&self.known).entry(key).or_default().insert(repository.path().to_owned());
    }

    /// Where else at the same registry a content is known to be.
    pub(crate) fn known_at(&self, repository: &Repository, digest: &Digest) -> Vec<String> {
        let key = (repository.registry().to_owned(), digest.clone());
        locked(&self.known).get(&key).into_iter().flatten().cloned().collect()
    }

    /// Does it for each, several at once; the first failure ends it.
    pub(crate) fn each<T: Sync, R: Send>(
        &self,
        items: &[T],
        act: impl Fn(&T) -> Result<R, RegistryError> + Sync,
    ) -> Result<Vec<R>, RegistryError> {
        let (next, failed, done) = (AtomicUsize::new(0), AtomicBool::new(false), Mutex::new(vec![]));
        let work = || -> Result<(), RegistryError> {
            while !failed.load(Ordering::Relaxed)
                && let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed))
            {
                let result = act(item).inspect_err(|_| failed.store(true, Ordering::Relaxed))?;
                locked(&done).push(result);
            }
            Ok(())
        };
        let results = std::thread::scope(|scope| {
            let count = self.options.at_once.clamp(1, items.len().max(1));
            let threads: Vec<_> = (0..count).map(|_| scope.spawn(work)).collect();
            threads.into_iter().map(std::thread::ScopedJoinHandle::join).collect::<Vec<_>>()
        });
        for result in results {
            result.unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
        }
        Ok(done.into_inner().unwrap_or_else(PoisonError::into_inner))
    }
}

const REFUSED: &str = "the credentials of Docker's configuration were refused";
const NONE: &str = "there are no credentials for it in Docker's configuration";

/// A refusal, with what was tried: otherwise nobody could tell a wrong password from none.
fn refused_as(on: &On<'_>, answer: &Response, tried: &str) -> RegistryError {
    match refused(on, answer) {
        RegistryError::Unauthorized { registry, what, said } => {
            let said = format!("{said} ({tried})");
            RegistryError::Unauthorized { registry, what, said }
        }
        other => other,
    }
}

fn with(request: &Request, token: Option<&Token>) -> Request {
    match token {
        Some(token) => request.clone().header("authorization", token.header()),
        None => request.clone(),
    }
}

/// Retry-After in seconds; its other form, a date, is not read.
pub(crate) fn asked_pause(answer: &Response) -> Option<Duration> {
    answer.header("retry-after")?.trim().parse().ok().map(Duration::from_secs)
}

pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether a registry is on this machine.
pub(crate) fn is_loopback(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    name.eq_ignore_ascii_case("localhost")
        || name.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}
