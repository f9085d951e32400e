//! Where an identity token comes from: as cosign finds it, and no browser.

use super::Environment;
use super::service::Services;
use crate::session::Session;
use goferry_plan::secret;
use goferry_report::Diagnostics;
use goferry_supply::{Call, SupplyError, Token, Transport as _};
use std::path::Path;

/// A token has a few kilobytes.
const LIMIT: u64 = 64 << 10;
/// Whom a token must be for, so that Fulcio takes it.
const AUDIENCE: &str = "sigstore";
/// Where cosign looks for one that the platform has laid down.
const LAID_DOWN: &str = "/var/run/sigstore/cosign/oidc-token";

/// The token that was given, as itself or as a file; else that of the environment.
pub(super) fn token(
    session: &Session,
    given: Option<&str>,
    env: &Environment<'_>,
    now: i64,
) -> Result<Token, Diagnostics> {
    let text = match given {
        Some(given) => text_or_file(session, given)?,
        None => ambient(session, env)?,
    };
    secret::learn([("IDENTITY_TOKEN", text.trim())]);
    Token::parse(&text, now).map_err(super::drawn)
}

fn text_or_file(session: &Session, given: &str) -> Result<String, Diagnostics> {
    match looks_like_one(given) {
        true => Ok(given.to_owned()),
        false => file(&session.cwd.join(given)),
    }
}

/// Three parts of base64 in a row, the first of which is a JSON object.
pub(super) fn looks_like_one(text: &str) -> bool {
    text.trim().starts_with("ey") && text.matches('.').count() == 2 && !text.contains('/')
}

fn file(path: &Path) -> Result<String, Diagnostics> {
    let bytes = goferry_supply::read_bounded(path, LIMIT).map_err(super::drawn)?;
    let reason = format!("{} holds no identity token", path.display());
    String::from_utf8(bytes).map_err(|_| super::drawn(SupplyError::Identity { reason }))
}

fn ambient(session: &Session, env: &Environment<'_>) -> Result<String, Diagnostics> {
    let set = |name| env.get(name).filter(|v| !v.is_empty());
    if let Some(token) = set("SIGSTORE_ID_TOKEN") {
        return Ok(token.to_owned());
    }
    if let (Some(url), Some(bearer)) =
        (set("ACTIONS_ID_TOKEN_REQUEST_URL"), set("ACTIONS_ID_TOKEN_REQUEST_TOKEN"))
    {
        return github(session, url, bearer).map_err(super::drawn);
    }
    if Path::new(LAID_DOWN).is_file() {
        return file(Path::new(LAID_DOWN));
    }
    let reason = "no key is named, and there is no identity token to sign with".to_owned();
    Err(super::drawn(SupplyError::Identity { reason }))
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
