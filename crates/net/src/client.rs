//! Sending a request: trust, proxies, attempts, and not waiting longer than the user does.

use crate::address::{is_loopback, machine, shown};
use crate::error::NetError;
use crate::exchange;
use crate::proxy::Proxies;
use crate::request::{Request, Response};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use ureq::Agent;
use ureq::http::Uri;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

/// How often a request that is under way looks whether it was cancelled.
pub(crate) const POLL: Duration = Duration::from_millis(50);
/// The longest wait that a server's Retry-After gets.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// What the environment says.
#[derive(Clone, Default)]
pub struct Options {
    /// SSL_CERT_FILE: authorities in PEM, in the place of the host's.
    pub ca_file: Option<PathBuf>,
    /// SSL_CERT_DIR: a folder of them.
    pub ca_dir: Option<PathBuf>,
    proxies: Proxies,
}

impl Options {
    /// SSL_CERT_FILE, SSL_CERT_DIR, HTTPS_PROXY, HTTP_PROXY and NO_PROXY from `get`.
    pub fn from_env(get: impl Fn(&str) -> Option<String>) -> Options {
        let path = |name: &str| get(name).filter(|v| !v.is_empty()).map(PathBuf::from);
        Options {
            ca_file: path("SSL_CERT_FILE"),
            ca_dir: path("SSL_CERT_DIR"),
            proxies: Proxies::from_env(&get),
        }
    }
}

/// Sends requests; keeps connections. The host's certificates are read at the first request over TLS.
#[derive(Clone)]
pub struct Client {
    plain: Agent,
    tls: Arc<std::sync::OnceLock<Result<Agent, String>>>,
    options: Options,
}

impl Client {
    /// A client that has not connected yet.
    #[must_use]
    pub fn new(options: Options) -> Client {
        Client { plain: agent(None), tls: Arc::default(), options }
    }

    /// Sends a request and reads the whole answer. `cancelled` is asked again and again meanwhile.
    ///
    /// # Errors
    /// Every case of [`NetError`]. An answer with a status of failure is an answer.
    pub fn send(&self, request: &Request, cancelled: &dyn Fn() -> bool) -> Result<Response, NetError> {
        let url = request.shown();
        // What is wrong with the address or a setting is said before a thread is started.
        self.way(request)?;
        let mut pause = Duration::from_millis(300);
        for attempt in 1.. {
            let last = attempt >= request.attempts;
            let answer = exchange::once(self, request, cancelled);
            let wait = match &answer {
                Ok(r) if !last && again(r.status) => asked_pause(r).unwrap_or(pause),
                Err(NetError::Unreachable { .. }) if !last => pause,
                _ => return answer,
            };
            sleep(wait.min(LONGEST_PAUSE), cancelled)
                .map_err(|()| NetError::Cancelled { url: url.clone() })?;
            pause *= 2;
        }
        Err(NetError::Cancelled { url })
    }

    /// The address, and what connects to it.
    pub(crate) fn way(&self, request: &Request) -> Result<Way, NetError> {
        let uri = address(request)?;
        Ok(Way { agent: self.agent(&uri)?, proxy: self.proxy(&uri)?, uri })
    }

    fn agent(&self, uri: &Uri) -> Result<Agent, NetError> {
        if uri.scheme_str() != Some("https") {
            return Ok(self.plain.clone());
        }
        self.tls
            .get_or_init(|| trusted(&self.options).map(Some).map(agent))
            .clone()
            .map_err(NetError::Setting)
    }

    fn proxy(&self, uri: &Uri) -> Result<Option<ureq::Proxy>, NetError> {
        let Some(address) = self.options.proxies.of(uri) else { return Ok(None) };
        let with_scheme =
            if address.contains("://") { address.to_owned() } else { format!("http://{address}") };
        ureq::Proxy::new(&with_scheme)
            .map(Some)
            .map_err(|_| NetError::Setting(format!("{} is not a proxy's address", shown(&with_scheme))))
    }
}

/// An address with what connects to it.
pub(crate) struct Way {
    pub(crate) agent: Agent,
    pub(crate) proxy: Option<ureq::Proxy>,
    pub(crate) uri: Uri,
}

fn address(request: &Request) -> Result<Uri, NetError> {
    let url = request.shown();
    let uri: Uri = request.url.parse().map_err(|_| NetError::Address { url: url.clone() })?;
    match (uri.scheme_str(), uri.host()) {
        (Some("https"), Some(_)) => Ok(uri),
        (Some("http"), Some(_)) if is_loopback(&uri) || may_be_plain(request, &uri) => Ok(uri),
        (Some("http"), Some(_)) => Err(NetError::PlainHttp { url }),
        _ => Err(NetError::Address { url }),
    }
}

fn may_be_plain(request: &Request, uri: &Uri) -> bool {
    machine(uri).is_some_and(|m| request.plain_http.iter().any(|p| p.eq_ignore_ascii_case(&m)))
}

fn agent(tls: Option<TlsConfig>) -> Agent {
    let config = Agent::config_builder()
        .http_status_as_error(false)
        .https_only(tls.is_some())
        .user_agent(concat!("goferry/", env!("CARGO_PKG_VERSION")))
        .timeout_connect(Some(Duration::from_secs(15)))
        // Redirections are followed in `exchange`, where each address is judged like the first.
        .max_redirects(0)
        .max_redirects_will_error(false)
        .tls_config(tls.unwrap_or_default());
    config.build().new_agent()
}

/// The host's authorities.
fn trusted(options: &Options) -> Result<TlsConfig, String> {
    let found = match (&options.ca_file, &options.ca_dir) {
        (None, None) => rustls_native_certs::load_native_certs(),
        (Some(file), _) => rustls_native_certs::load_certs_from_paths(Some(file), None),
        (None, dir) => rustls_native_certs::load_certs_from_paths(None, dir.as_deref()),
    };
    if found.certs.is_empty() {
        let why = found.errors.first().map_or_else(|| "there are none".to_owned(), ToString::to_string);
        return Err(format!("no certificates of authorities to trust: {why}"));
    }
    let roots: RootCerts = found.certs.iter().map(|c| Certificate::from_der(c.as_ref()).to_owned()).into();
    let crypto = Arc::new(rustls::crypto::ring::default_provider());
    Ok(TlsConfig::builder().root_certs(roots).unversioned_rustls_crypto_provider(crypto).build())
}

fn again(status: u16) -> bool {
    matches!(status, 408 | 425 | 429 | 500 | 502 | 503 | 504)
}

/// Retry-After in seconds; its other form, a date, is not read.
fn asked_pause(answer: &Response) -> Option<Duration> {
    answer.header("retry-after")?.trim().parse().ok().map(Duration::from_secs)
}

fn sleep(time: Duration, cancelled: &dyn Fn() -> bool) -> Result<(), ()> {
    let end = Instant::now() + time;
    while Instant::now() < end {
        if cancelled() {
            return Err(());
        }
        std::thread::sleep(POLL.min(end.saturating_duration_since(Instant::now())));
    }
    Ok(())
}
