//! Where an identity token comes from: as cosign finds it, and no browser.

use super::Environment;
use super::named::looks_like_a_token;
use super::service::Services;
use crate::session::Session;
use goferry_plan::secret;
use goferry_report::Diagnostics;
use goferry_supply::{Call, SupplyError, Token, Transport as _};
use std::path::{Path, PathBuf};

/// A token has a few kilobytes.
const LIMIT: u64 = 64 << 10;
/// Whom a token must be for, so that Fulcio takes it.
const AUDIENCE: &str = "sigstore";
/// Where cosign looks for one that the platform has laid down.
const LAID_DOWN: &str = "/var/run/sigstore/cosign/oidc-token";

/// Where a token is taken from: what two signatures must share to share a certificate.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) enum Source {
    /// The token.
    Itself(String),
    /// A file that was named.
    File(PathBuf),
    /// GitHub Actions, at this address and with this right to ask.
    Actions(String, String),
    /// Where cosign looks.
    LaidDown,
}

impl Source {
    /// What was given; else what the environment has.
    pub(super) fn find(
        session: &Session,
        given: Option<&str>,
        env: &Environment<'_>,
    ) -> Result<Source, Diagnostics> {
        if given == Some("") {
            let reason =
                "the identity token is empty; the variable that it comes from may not be set".to_owned();
            return Err(super::drawn(SupplyError::Identity { reason }));
        }
        if let Some(given) = given {
            return Ok(match looks_like_a_token(given) {
                true => Source::Itself(given.to_owned()),
                false => Source::File(session.cwd.join(given)),
            });
        }
        let set = |name| env.get(name).filter(|v| !v.is_empty()).map(str::to_owned);
        if let Some(token) = set("SIGSTORE_ID_TOKEN") {
            return Ok(Source::Itself(token));
        }
        let (url, bearer) = (set("ACTIONS_ID_TOKEN_REQUEST_URL"), set("ACTIONS_ID_TOKEN_REQUEST_TOKEN"));
        if let (Some(url), Some(bearer)) = (url, bearer) {
            return Ok(Source::Actions(url, bearer));
        }
        if Path::new(LAID_DOWN).is_file() {
            return Ok(Source::LaidDown);
        }
        let reason = "no key is named, and there is no identity token to sign with".to_owned();
        Err(super::drawn(SupplyError::Identity { reason }))
    }

    /// The token.
    pub(super) fn token(&self, session: &Session, now: i64) -> Result<Token, Diagnostics> {
        match self {
            Source::Actions(url, bearer) => parsed(&github(session, url, bearer).map_err(super::drawn)?, now),
            here => here.look(now)?.ok_or_else(|| super::drawn(unread("it is not here"))),
        }
    }

    /// Whether there will be a token, without asking anybody: the token, if it is here already.
    pub(super) fn look(&self, now: i64) -> Result<Option<Token>, Diagnostics> {
        let text = match self {
            Source::Itself(text) => text.clone(),
            Source::File(path) => file(path)?,
            Source::Actions(..) => return Ok(None),
            Source::LaidDown => file(Path::new(LAID_DOWN))?,
        };
        parsed(&text, now).map(Some)
    }
}

fn parsed(text: &str, now: i64) -> Result<Token, Diagnostics> {
    secret::learn([("IDENTITY_TOKEN", text.trim())]);
    Token::parse(text, now).map_err(super::drawn)
}

/// What was given may be a token that is none, so it is not repeated.
fn unread(why: impl std::fmt::Display) -> SupplyError {
    let reason = format!(
        "the identity token is neither a JSON Web Token nor a file that can be read ({why}); it is not shown"
    );
    SupplyError::Identity { reason }
}

fn file(path: &Path) -> Result<String, Diagnostics> {
    let bytes = goferry_supply::read_bounded(path, LIMIT).map_err(|e| {
        super::drawn(match e {
            SupplyError::Io { source, .. } => unread(source),
            _ => unread("it is too large"),
        })
    })?;
    String::from_utf8(bytes).map_err(|_| super::drawn(unread("it is not text")))
}

/// GitHub Actions gives a job that may have one a token for any audience (docs.github.com, "OpenID Connect reference").
fn github(session: &Session, url: &str, bearer: &str) -> Result<String, SupplyError> {
    let joint = if url.contains('?') { '&' } else { '?' };
    let url = format!("{url}{joint}audience={AUDIENCE}");
    let failed = |reason: String| SupplyError::Identity {
        reason: format!("GitHub Actions gives no identity token: {reason}"),
    };
    let call = Call { url: &url, body: None, content_type: "", bearer: Some(bearer), repeatable: true };
    let answer = Services(session).send(&call).map_err(failed)?;
    if answer.status != 200 {
        return Err(failed(format!("status {}", answer.status)));
    }
    let value: Option<serde_json::Value> = serde_json::from_slice(&answer.body).ok();
    let token = value.as_ref().and_then(|v| v["value"].as_str()).map(str::to_owned);
    token.ok_or_else(|| failed("its answer is not understood".to_owned()))
}
