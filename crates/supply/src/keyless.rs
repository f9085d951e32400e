//! Signing with an identity: an OIDC token, a key of one use, and a certificate of Fulcio's for both (sigstore/fulcio, fulcio.proto, version 2).

use crate::key::unusable;
use crate::service::{Asked, Call, Transport};
use crate::{PrivateKey, SupplyError};
use base64ct::{Base64, Base64UrlUnpadded, Encoding as _};
use serde::Deserialize;
use serde_json::json;
use sigstore_verify::crypto::parse_certificate_info;
use sigstore_verify::types::DerCertificate;
use std::fmt;
use zeroize::Zeroizing;

/// A certificate with less time left than this (seconds) is not used for another signature.
const MARGIN: i64 = 60;

/// An identity token (a JWT, RFC 7519). It shows itself nowhere and is wiped from memory when dropped.
pub struct Token {
    text: Zeroizing<String>,
    subject: String,
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

#[derive(Deserialize)]
struct Claims {
    #[serde(default)]
    sub: String,
    #[serde(default)]
    email: String,
    #[serde(default)]
    email_verified: Verified,
    exp: Option<i64>,
}

/// A boolean, or its word: some issuers write one.
#[derive(Default, Deserialize)]
#[serde(untagged)]
enum Verified {
    Bool(bool),
    Word(String),
    #[default]
    Absent,
}

impl Token {
    /// Reads a token. Who issued it and whether its signature holds is for Fulcio to judge; whether it can be used at all is said here,
    /// before it is sent anywhere. `now` is in Unix seconds.
    ///
    /// # Errors
    /// It is none, says no subject, or has run out.
    pub fn parse(text: &str, now: i64) -> Result<Token, SupplyError> {
        let bad = |reason: &str| SupplyError::Identity { reason: reason.to_owned() };
        let text = Zeroizing::new(text.trim().to_owned());
        let parts: Vec<&str> = text.split('.').collect();
        let [_, claims, _] = parts.as_slice() else {
            return Err(bad("the identity token is not a JSON Web Token"));
        };
        let claims = Base64UrlUnpadded::decode_vec(claims.trim_end_matches('=')).ok().map(Zeroizing::new);
        let claims: Option<Claims> = claims.and_then(|c| serde_json::from_slice(&c).ok());
        let claims = claims.ok_or_else(|| bad("the claims of the identity token cannot be read"))?;
        if let Some(exp) = claims.exp
            && exp <= now
        {
            let reason = format!("the identity token ran out {} seconds ago", now - exp);
            return Err(SupplyError::Identity { reason });
        }
        let verified = match &claims.email_verified {
            Verified::Bool(b) => *b,
            Verified::Word(w) => w == "true",
            Verified::Absent => false,
        };
        let subject = match (claims.email.is_empty(), verified) {
            (true, _) => claims.sub,
            (false, true) => claims.email,
            (false, false) => {
                return Err(bad("the issuer of the identity token has not verified its email address"));
            }
        };
        match subject.is_empty() {
            true => Err(bad("the identity token names nobody")),
            false => Ok(Token { text, subject }),
        }
    }
}

/// A key of one use, and the certificate that says whose it is.
#[derive(Debug)]
pub struct Identity {
    pub(crate) key: PrivateKey,
    pub(crate) certificate: Vec<u8>,
    until: i64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Certified {
    signed_certificate_embedded_sct: Option<WithChain>,
}

#[derive(Deserialize)]
struct WithChain {
    chain: Chain,
}

#[derive(Deserialize)]
struct Chain {
    certificates: Vec<String>,
}

impl Identity {
    /// Makes a key and has it certified.
    ///
    /// # Errors
    /// Fulcio cannot be reached, refuses, or answers with something that is no certificate for this key with a timestamp of a
    /// certificate transparency log in it, without which no verifier takes it.
    pub fn certified(
        token: &Token,
        fulcio: &str,
        transport: &dyn Transport,
    ) -> Result<Identity, SupplyError> {
        let key = PrivateKey::ephemeral()?;
        let proof = key.sign(token.subject.as_bytes())?;
        let request = json!({ "publicKeyRequest": {
            "publicKey": { "algorithm": "ECDSA", "content": key.public().to_pem() },
            "proofOfPossession": Base64::encode_string(&proof),
        }});
        let asked = Asked { what: "certificate authority", url: fulcio, secret: &token.text };
        let url = format!("{fulcio}/api/v2/signingCert");
        let call = Call {
            url: &url,
            body: Some(request.to_string().into_bytes()),
            content_type: "application/json",
            bearer: Some(&token.text),
            // Another certificate for the same key does no harm.
            repeatable: true,
        };
        let answer = asked.send(transport, &call, &[])?;
        let certified: Certified = asked.json(&answer)?;
        let chain = certified.signed_certificate_embedded_sct.map(|c| c.chain.certificates);
        let leaf = chain.as_ref().and_then(|c| c.first());
        let leaf =
            leaf.ok_or_else(|| asked.failed("its answer has no certificate with an embedded timestamp"))?;
        let certificate = crate::key::certificate_der(leaf.as_bytes())
            .ok_or_else(|| asked.failed("its certificate is not PEM"))?;
        let info = parse_certificate_info(&DerCertificate::new(certificate.clone()))
            .map_err(|e| asked.failed(format!("its certificate: {e}")))?;
        if info.public_key.as_bytes() != key.public().der() {
            return Err(asked.failed("its certificate is for another key"));
        }
        Ok(Identity { key, certificate, until: info.not_after.as_second() })
    }

    /// Whether it can still sign, at a time in Unix seconds.
    pub fn is_fresh(&self, now: i64) -> bool {
        now + MARGIN < self.until
    }

    /// The certificate in PEM.
    pub(crate) fn pem(&self) -> String {
        crate::key::certificate_pem(&self.certificate)
    }
}

impl PrivateKey {
    /// A P-256 key that is kept nowhere.
    fn ephemeral() -> Result<PrivateKey, SupplyError> {
        use p256::elliptic_curve::Generate as _;
        let secret = p256::SecretKey::try_generate().map_err(|e| SupplyError::Random(e.to_string()))?;
        PrivateKey::of_p256(secret).map_err(|_| unusable("of one use", "it cannot be used"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(claims: &str) -> String {
        format!("e30.{}.c2ln", Base64UrlUnpadded::encode_string(claims.as_bytes()))
    }

    #[test]
    fn who_a_token_is_about() {
        for (claims, want) in [
            (r#"{"sub":"repo:o/r:ref:refs/tags/v1","exp":100}"#, Ok("repo:o/r:ref:refs/tags/v1")),
            (r#"{"sub":"x","email":"a@example.com","email_verified":true}"#, Ok("a@example.com")),
            (r#"{"sub":"x","email":"a@example.com","email_verified":"true"}"#, Ok("a@example.com")),
            (r#"{"sub":"x","email":"a@example.com"}"#, Err("has not verified")),
            (r#"{"sub":"x","exp":50}"#, Err("ran out 7 seconds ago")),
            (r#"{"exp":100}"#, Err("names nobody")),
            ("[1]", Err("cannot be read")),
        ] {
            let got = Token::parse(&token(claims), 57);
            match (want, got) {
                (Ok(subject), Ok(t)) => assert_eq!(t.subject, subject),
                (Err(part), Err(e)) => assert!(e.to_string().contains(part), "{e}"),
                (want, got) => panic!("{claims}: {want:?} {got:?}"),
            }
        }
        for text in ["", "a.b", "a.b.c", "a.b.c.d", "not a token"] {
            let e = Token::parse(text, 0).unwrap_err().to_string();
            assert!(text.is_empty() || !e.contains(text), "{e}");
        }
    }
}
