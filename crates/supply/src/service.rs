//! The services that a signature may need: what is asked of them, by a transport that the caller has.
//!
//! Owns: the shape of requests and the judgement of answers. Must not: open a connection, or show a token.

use crate::SupplyError;
use serde::de::DeserializeOwned;

/// Sigstore's public certificate authority.
pub const PUBLIC_FULCIO: &str = "https://fulcio.sigstore.dev";
/// Sigstore's public log.
pub const PUBLIC_REKOR: &str = "https://rekor.sigstore.dev";

/// One request. It is shown nowhere: it may hold a token.
pub struct Call<'a> {
    /// Whole address.
    pub url: &'a str,
    /// What is posted; none: a GET.
    pub body: Option<Vec<u8>>,
    /// What the body is.
    pub content_type: &'static str,
    /// A bearer token.
    pub bearer: Option<&'a str>,
    /// Whether it may be sent again when there is no answer, or one that says to come again.
    pub repeatable: bool,
}

/// An answer, whatever its status.
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// The header `Location`.
    pub location: Option<String>,
    /// The body.
    pub body: Vec<u8>,
}

/// Sends requests. The reason of a failure must hold no header and no body.
pub trait Transport {
    /// Sends one.
    ///
    /// # Errors
    /// There is no answer, and why.
    fn send(&self, call: &Call<'_>) -> Result<Answer, String>;
}

/// What a service is, in words.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) what: &'static str,
    pub(crate) url: &'a str,
    /// What must not come back in a message.
    pub(crate) secret: &'a str,
}

impl Asked<'_> {
    pub(crate) fn failed(&self, reason: impl std::fmt::Display) -> SupplyError {
        let reason = self.hidden(&reason.to_string());
        SupplyError::Service { what: self.what, url: self.url.to_owned(), reason }
    }

    /// Without the token, and without any of its parts: each of the claims and the signature is worth something.
    fn hidden(&self, text: &str) -> String {
        if self.secret.is_empty() {
            return text.to_owned();
        }
        let whole = text.replace(self.secret, "(token)");
        let parts = self.secret.split('.').filter(|p| p.len() >= 8);
        parts.fold(whole, |t, part| t.replace(part, "(token)"))
    }

    /// The message of an answer of failure: the services put one into their JSON. What is hidden is hidden before it is cut.
    fn said(&self, body: &[u8]) -> String {
        let value: Option<serde_json::Value> = serde_json::from_slice(body).ok();
        let message = value.as_ref().and_then(|v| v["message"].as_str());
        let short =
            |m: &str| -> String { self.hidden(m).chars().filter(|c| !c.is_control()).take(300).collect() };
        message.map(|m| format!(": {}", short(m))).unwrap_or_default()
    }

    /// The answer if its status is one of success, or one of these.
    pub(crate) fn send(
        &self,
        transport: &dyn Transport,
        call: &Call<'_>,
        also: &[u16],
    ) -> Result<Answer, SupplyError> {
        let answer = transport.send(call).map_err(|e| self.failed(e))?;
        match answer.status {
            200..=299 => Ok(answer),
            s if also.contains(&s) => Ok(answer),
            s => Err(self.failed(format!("status {s}{}", self.said(&answer.body)))),
        }
    }

    pub(crate) fn json<T: DeserializeOwned>(&self, answer: &Answer) -> Result<T, SupplyError> {
        serde_json::from_slice(&answer.body)
            .map_err(|e| self.failed(format!("its answer is not understood: {e}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Says(u16, &'static str);

    impl Transport for Says {
        fn send(&self, _: &Call<'_>) -> Result<Answer, String> {
            Ok(Answer { status: self.0, location: None, body: self.1.as_bytes().to_vec() })
        }
    }

    #[test]
    fn a_refusal_is_told_without_the_token() {
        let asked =
            Asked { what: "certificate authority", url: "https://f", secret: "canary.canary-claims.b" };
        let call = Call { url: "https://f/x", body: None, content_type: "", bearer: None, repeatable: false };
        for (status, body, want) in [
            (
                403,
                r#"{"code":3,"message":"there is no canary.canary-claims.b"}"#,
                "status 403: there is no (token)",
            ),
            (403, r#"{"message":"claims canary-claims"}"#, "status 403: claims (token)"),
            (502, "<html>canary.a.b</html>", "status 502"),
            (400, "{", "status 400"),
        ] {
            let said = asked.send(&Says(status, body), &call, &[]).err().unwrap().to_string();
            assert_eq!(said, format!("https://f (certificate authority): {want}"));
        }
        assert!(asked.send(&Says(201, ""), &call, &[]).is_ok());
        assert!(asked.send(&Says(409, ""), &call, &[409]).is_ok());
        assert!(asked.json::<u32>(&Answer { status: 200, location: None, body: b"x".to_vec() }).is_err());
    }
}
