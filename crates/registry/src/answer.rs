//! Answers of registries in words, and what they mean (distribution-spec, section "Error Codes").

use crate::RegistryError;
use crate::client::On;
use goferry_net::Response;
use serde::Deserialize;
use serde_json::Value;

/// More of a registry's words is not shown.
const LONGEST: usize = 400;

#[derive(Deserialize)]
struct Errors {
    errors: Vec<One>,
}

#[derive(Deserialize)]
struct One {
    #[serde(default)]
    code: String,
    #[serde(default)]
    message: String,
    #[serde(default)]
    detail: Value,
}

/// What a registry says of a failure, in one line.
pub(crate) fn said(answer: &Response) -> String {
    let text = match serde_json::from_slice::<Errors>(&answer.body) {
        Ok(e) if !e.errors.is_empty() => e.errors.iter().map(in_words).collect::<Vec<_>>().join("; "),
        _ => String::from_utf8_lossy(&answer.body).lines().next().unwrap_or_default().to_owned(),
    };
    let text: String = text.chars().filter(|c| !c.is_control()).take(LONGEST).collect();
    if text.trim().is_empty() { "it does not say why".to_owned() } else { text }
}

fn in_words(one: &One) -> String {
    let detail = match &one.detail {
        Value::Null => String::new(),
        Value::String(s) if s.is_empty() => String::new(),
        Value::String(s) => format!(" ({s})"),
        other => format!(" ({other})"),
    };
    format!("{} {}{detail}", one.code, one.message).trim().to_owned()
}

/// A failure as an error.
pub(crate) fn refused(on: &On<'_>, answer: &Response) -> RegistryError {
    let (registry, what, said) = (on.repository.registry().to_owned(), on.what.clone(), said(answer));
    match answer.status {
        status if is_full(status, answer) => RegistryError::NoSpace { registry, said },
        401 | 403 => RegistryError::Unauthorized { registry, what, said },
        404 => RegistryError::NotFound { registry, what },
        status => RegistryError::Refused { registry, what, status, said },
    }
}

/// A full disk is told by 507 or in words only: distribution gives the error of its file system as JSON, where 28 is ENOSPC.
/// A quota is told with a refusal as well; a repository may be called so.
fn is_full(status: u16, answer: &Response) -> bool {
    const FULL: [&str; 4] = ["no space left", "disk full", "\"err\":28", "insufficient storage"];
    let says = |text: &str, words: &[&str]| {
        let lower = text.to_lowercase();
        words.iter().any(|w| lower.contains(w))
    };
    match status {
        507 => true,
        500..=599 | 403 | 413 => {
            let errors = serde_json::from_slice::<Errors>(&answer.body).map(|e| e.errors).unwrap_or_default();
            let quota = |e: &One| says(&e.message, &["quota"]);
            status >= 500 && says(&said(answer), &FULL) || errors.iter().any(quota)
        }
        _ => false,
    }
}

/// Whether the same may go well later.
pub(crate) fn is_passing(status: u16) -> bool {
    matches!(status, 408 | 425 | 429 | 500 | 502 | 503 | 504)
}

/// The rest of a list: `Link: <address>; rel="next"` (RFC 8288).
pub(crate) fn next(answer: &Response) -> Option<String> {
    let link = answer.headers("link").find(|l| l.contains("rel=\"next\"") || l.contains("rel=next"))?;
    let to = link.split_once('<')?.1.split_once('>')?.0;
    Some(to.to_owned())
}
