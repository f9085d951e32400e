//! Whom signatures ask, and their requests over the session's connections.

use super::Environment;
use crate::session::Session;
use goferry_net::{NetError, Request, shown};
use goferry_plan::graph::{self, NativeSign};
use goferry_report::{Code, Diagnostic, Diagnostics};
use goferry_supply::{Answer, Call, PUBLIC_FULCIO, PUBLIC_REKOR, Transport, Witnesses};
use std::time::Duration;

/// A certificate or an entry has some ten kilobytes.
const LIMIT: u64 = 4 << 20;
const TIMEOUT: Duration = Duration::from_secs(30);

/// The session as a transport.
pub(super) struct Services<'a>(pub(super) &'a Session);

impl Transport for Services<'_> {
    fn send(&self, call: &Call<'_>) -> Result<Answer, String> {
        let mut request = match &call.body {
            Some(body) => Request::post(call.url, call.content_type, body.clone()),
            None => Request::get(call.url),
        };
        if let Some(token) = call.bearer {
            request = request.header("authorization", &format!("Bearer {token}"));
        }
        request = request.limit(LIMIT).timeout(TIMEOUT).attempts(if call.repeatable { 3 } else { 1 });
        match self.0.send(&request) {
            Ok(answer) => Ok(Answer {
                status: answer.status,
                location: answer.header("location").map(str::to_owned),
                body: answer.body,
            }),
            // The address is said by whoever asks.
            Err(NetError::Unreachable { reason, .. }) => Err(format!("it does not answer: {reason}")),
            Err(e) => Err(e.to_string()),
        }
    }
}

/// Whom to ask.
pub(super) struct Addresses {
    pub(super) fulcio: String,
    rekor: Option<String>,
    tsa: Option<String>,
}

impl Addresses {
    pub(super) fn witnesses<'a>(&'a self, transport: &'a Services<'a>) -> Option<Witnesses<'a>> {
        let (rekor, tsa) = (self.rekor.as_deref(), self.tsa.as_deref());
        (rekor.is_some() || tsa.is_some()).then_some(Witnesses { rekor, tsa, transport })
    }
}

/// What was configured, else cosign's variables, else Sigstore's public services. A key's signature is logged only where that was asked for.
pub(super) fn addresses(native: &NativeSign, env: &Environment<'_>) -> Addresses {
    let chosen = |own: &Option<String>, name| own.clone().or_else(|| env.get(name).map(str::to_owned));
    let plain = |url: String| url.trim_end_matches('/').to_owned();
    let s = &native.services;
    learn_services(s);
    let rekor = chosen(&s.rekor, "COSIGN_REKOR_URL").unwrap_or_else(|| PUBLIC_REKOR.to_owned());
    let log = native.log || native.key.is_none();
    let tsa = match native.key {
        Some(_) => s.tsa.clone(),
        None => chosen(&s.tsa, "COSIGN_TIMESTAMP_SERVER_URL"),
    };
    Addresses {
        fulcio: plain(chosen(&s.fulcio, "COSIGN_FULCIO_URL").unwrap_or_else(|| PUBLIC_FULCIO.to_owned())),
        rekor: log.then(|| plain(rekor)),
        tsa: tsa.filter(|t| !t.is_empty()),
    }
}

/// What is secret in them, before anything is said of them.
pub(super) fn learn_services(services: &graph::Services) {
    for url in [&services.fulcio, &services.rekor, &services.tsa].into_iter().flatten() {
        crate::addresses::learn("SIGNING_SERVICE", url);
    }
}

/// Whether what is named can be asked at all. Of an address only what may be shown is shown.
///
/// # Errors
/// An address is none of http or https.
pub fn check_services(native: &NativeSign) -> Result<(), Diagnostics> {
    let s = &native.services;
    learn_services(s);
    let mut problems = Diagnostics::default();
    // An empty timestamp authority is none, as for cosign.
    let tsa = s.tsa.as_ref().filter(|t| !t.is_empty());
    let all = [
        ("certificate authority (Fulcio)", s.fulcio.as_ref()),
        ("transparency log (Rekor)", s.rekor.as_ref()),
        ("timestamp authority", tsa),
    ];
    for (what, url) in all.into_iter().filter_map(|(what, url)| Some((what, url?))) {
        if !url.starts_with("https://") && !url.starts_with("http://") {
            let message = format!("the address of the {what} is not one of http or https: `{}`", shown(url));
            problems.push(Diagnostic::error(Code::ConfigValue, message));
        }
    }
    if problems.has_errors() { Err(problems) } else { Ok(()) }
}
