//! Sending a request: trust, proxies, attempts, and not waiting longer than the user does.

use crate::address::{is_loopback, shown};
use crate::error::NetError;
use crate::proxy::Proxies;
use crate::request::{Request, Response};
use std::io::Read;
use std::path::PathBuf;
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};
use ureq::http::Uri;
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::{Agent, Body, http};

/// How often a request that is under way looks whether it was cancelled.
const POLL: Duration = Duration::from_millis(50);
/// The longest wait that a server's Retry-After gets.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
const REDIRECTIONS: u32 = 5;

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
        let uri = address(request)?;
        let (agent, proxy) = (self.agent(&uri)?, self.proxy(&uri)?);
        let mut pause = Duration::from_millis(300);
        for attempt in 1.. {
            let last = attempt >= request.attempts;
            let answer = once(&agent, request, &uri, proxy.clone(), cancelled);
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

fn address(request: &Request) -> Result<Uri, NetError> {
    let url = request.shown();
    let uri: Uri = request.url.parse().map_err(|_| NetError::Address { url: url.clone() })?;
    match (uri.scheme_str(), uri.host()) {
        (Some("https"), Some(_)) => Ok(uri),
        (Some("http"), Some(_)) if request.plain_http || is_loopback(&uri) => Ok(uri),
        (Some("http"), Some(_)) => Err(NetError::PlainHttp { url }),
        _ => Err(NetError::Address { url }),
    }
}

fn agent(tls: Option<TlsConfig>) -> Agent {
    let config = Agent::config_builder()
        .http_status_as_error(false)
        .https_only(tls.is_some())
        .user_agent(concat!("goferry/", env!("CARGO_PKG_VERSION")))
        .timeout_connect(Some(Duration::from_secs(15)))
        // A redirection to another host does not get what identifies the caller; ureq keeps cookies and
        // authorization from it, and requests with other secrets are POSTs, which are not redirected.
        .redirect_auth_headers(ureq::config::RedirectAuthHeaders::Never)
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

/// One attempt, in a thread of its own so that it can be left.
fn once(
    agent: &Agent,
    request: &Request,
    uri: &Uri,
    proxy: Option<ureq::Proxy>,
    cancelled: &dyn Fn() -> bool,
) -> Result<Response, NetError> {
    let (tell, told) = mpsc::channel();
    let (agent, request, uri) = (agent.clone(), request.clone(), uri.clone());
    let url = request.shown();
    std::thread::spawn(move || {
        // Nobody listens any more if it was cancelled.
        let _ = tell.send(attempt(&agent, &request, uri, proxy));
    });
    loop {
        match told.recv_timeout(POLL) {
            Ok(answer) => return answer,
            Err(mpsc::RecvTimeoutError::Timeout) if !cancelled() => {}
            Err(mpsc::RecvTimeoutError::Timeout) => return Err(NetError::Cancelled { url }),
            Err(mpsc::RecvTimeoutError::Disconnected) => {
                return Err(NetError::Unreachable { url, reason: "the request broke off".to_owned() });
            }
        }
    }
}

fn attempt(
    agent: &Agent,
    request: &Request,
    uri: Uri,
    proxy: Option<ureq::Proxy>,
) -> Result<Response, NetError> {
    let url = request.shown();
    let failed = |e: ureq::Error| reason(&url, request.limit, e);
    let mut built = http::Request::builder().method(request.method).uri(uri);
    for (name, value) in &request.headers {
        built = built.header(name, value);
    }
    let config = agent
        .configure_request(
            built.body(request.body.clone().unwrap_or_default()).map_err(|e| failed(ureq::Error::Http(e)))?,
        )
        .timeout_global(Some(request.timeout))
        .proxy(proxy)
        .max_redirects(if request.method == "GET" { REDIRECTIONS } else { 0 })
        .max_redirects_will_error(request.method == "GET")
        .allow_non_standard_methods(true);
    let answer = agent.run(config.build()).map_err(failed)?;
    read(answer, request, &url)
}

fn read(answer: http::Response<Body>, request: &Request, url: &str) -> Result<Response, NetError> {
    let (head, body) = answer.into_parts();
    let text = |v: &http::HeaderValue| String::from_utf8_lossy(v.as_bytes()).into_owned();
    let headers = head.headers.iter().map(|(n, v)| (n.as_str().to_owned(), text(v))).collect();
    let mut bytes = vec![];
    // One byte more than is allowed tells that there is more.
    let mut reader = body.into_with_config().limit(u64::MAX).reader().take(request.limit.saturating_add(1));
    reader
        .read_to_end(&mut bytes)
        .map_err(|e| NetError::Unreachable { url: url.to_owned(), reason: e.to_string() })?;
    if bytes.len() as u64 > request.limit {
        return Err(NetError::TooLarge { url: url.to_owned(), limit: request.limit });
    }
    Ok(Response { status: head.status.as_u16(), headers, body: bytes })
}

/// An error's words hold no header and no body; those with an address are not used.
fn reason(url: &str, limit: u64, e: ureq::Error) -> NetError {
    let url = url.to_owned();
    match e {
        ureq::Error::BodyExceedsLimit(_) => NetError::TooLarge { url, limit },
        ureq::Error::RequireHttpsOnly(_) => {
            NetError::Unreachable { url, reason: "it redirects to plain http".to_owned() }
        }
        ureq::Error::BadUri(_) => {
            NetError::Unreachable { url, reason: "it redirects to no address".to_owned() }
        }
        ureq::Error::Http(_) => {
            NetError::Unreachable { url, reason: "a header of the request is malformed".to_owned() }
        }
        ureq::Error::ConnectProxyFailed(_) => {
            NetError::Unreachable { url, reason: "the proxy refuses to connect".to_owned() }
        }
        other => NetError::Unreachable { url, reason: other.to_string() },
    }
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
