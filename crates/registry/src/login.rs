//! Logging in: tokens are asked where a registry says, and kept until they end (distribution's token specification; its
//! OAuth 2 form for identity tokens).

use crate::answer::said;
use crate::challenge::Challenge;
use crate::client::{Client, On, locked};
use crate::{Credential, RegistryError};
use base64ct::{Base64, Encoding as _};
use goferry_net::{Request, Response};
use serde::Deserialize;
use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// A token that says nothing else ends after this (distribution's token specification, `expires_in`).
const SHORTEST: u64 = 60;
/// Longer than a day no token is held, whatever its server says.
const LONGEST: u64 = 24 * 3600;
/// A token has some kilobytes.
const LIMIT: u64 = 1 << 20;
const CLIENT_ID: &str = "goferry";

/// What an Authorization header holds. It is shown nowhere.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Token {
    header: String,
}

impl Token {
    pub(crate) fn header(&self) -> &str {
        &self.header
    }
}

/// Tokens by host and scope.
#[derive(Default)]
pub(crate) struct Logins {
    held: Mutex<HashMap<(String, String), (Token, Instant)>>,
    asking: Mutex<()>,
}

/// A token, and when it is not to be used any more.
pub(crate) type Fresh = Option<(Token, Duration)>;

#[derive(Deserialize)]
struct Answer {
    token: Option<String>,
    access_token: Option<String>,
    expires_in: Option<u64>,
}

impl Logins {
    /// The token for this, if there is one that still counts.
    pub(crate) fn held(&self, host: &str, scope: &str) -> Option<Token> {
        let held = locked(&self.held);
        let (token, until) = held.get(&(host.to_owned(), scope.to_owned()))?;
        (Instant::now() < *until).then(|| token.clone())
    }

    /// A token other than `refused`: one that another thread got meanwhile, or a new one.
    pub(crate) fn renewed(
        &self,
        host: &str,
        scope: &str,
        refused: Option<&Token>,
        login: impl FnOnce() -> Result<Fresh, RegistryError>,
    ) -> Result<Option<Token>, RegistryError> {
        let _one_at_a_time = locked(&self.asking);
        if let Some(token) = self.held(host, scope).filter(|t| Some(t) != refused) {
            return Ok(Some(token));
        }
        let Some((token, lasts)) = login()? else { return Ok(None) };
        if Some(&token) == refused {
            return Ok(None);
        }
        let key = (host.to_owned(), scope.to_owned());
        locked(&self.held).insert(key, (token.clone(), Instant::now() + lasts));
        Ok(Some(token))
    }
}

impl Client<'_> {
    /// What the challenge asks for; none where there is nothing to say.
    pub(crate) fn login(&self, on: &On<'_>, challenge: &Challenge) -> Result<Fresh, RegistryError> {
        let credential = self.credentials.of(on.repository)?;
        match (challenge, &credential) {
            (Challenge::Bearer { .. }, Credential::RegistryToken(token)) => {
                Ok(forever(format!("Bearer {token}")))
            }
            (Challenge::Basic, Credential::Password { user, password }) => Ok(forever(basic(user, password))),
            (Challenge::Basic, _) => Ok(None),
            (Challenge::Bearer { realm, service, scope }, _) => {
                let scopes = scopes(&on.scope(), scope.as_deref());
                let mut fields: Vec<(&str, &str)> = vec![];
                fields.extend(service.as_deref().map(|s| ("service", s)));
                let answer = self.asked(realm, fields, &scopes, &credential)?;
                self.token(on, realm, &credential, &answer).map(Some)
            }
        }
    }

    fn asked(
        &self,
        realm: &str,
        fields: Vec<(&str, &str)>,
        scopes: &[String],
        credential: &Credential,
    ) -> Result<Response, RegistryError> {
        let each = scopes.iter().map(|s| ("scope", s.as_str()));
        let query = fields.iter().copied().chain(each).chain(match credential {
            Credential::Password { user, .. } => Some(("account", user.as_str())),
            _ => None,
        });
        let joint = if realm.contains('?') { '&' } else { '?' };
        let get = Request::get(&format!("{realm}{joint}{}", form(query))).limit(LIMIT);
        let request = match credential {
            Credential::IdentityToken(token) => self.oauth(
                realm,
                &fields,
                scopes,
                &[("grant_type", "refresh_token"), ("refresh_token", token)],
            ),
            Credential::Password { user, password } => {
                let answer = self.fetch(get.header("authorization", &basic(user, password)))?;
                if !matches!(answer.status, 404 | 405) {
                    return Ok(answer);
                }
                let own = [
                    ("grant_type", "password"),
                    ("username", user.as_str()),
                    ("password", password.as_str()),
                ];
                self.oauth(realm, &fields, scopes, &own)
            }
            _ => get,
        };
        self.fetch(request)
    }

    fn oauth(
        &self,
        realm: &str,
        fields: &[(&str, &str)],
        scopes: &[String],
        own: &[(&str, &str)],
    ) -> Request {
        let scope = scopes.join(" ");
        let all =
            fields.iter().chain(own).copied().chain([("scope", scope.as_str()), ("client_id", CLIENT_ID)]);
        let body = form(all).into_bytes();
        Request::post(realm, "application/x-www-form-urlencoded", body).limit(LIMIT).attempts(3)
    }

    /// A token server speaks plain http only where its host was named.
    fn fetch(&self, request: Request) -> Result<Response, RegistryError> {
        let host = request.url().split('/').nth(2).unwrap_or_default().to_owned();
        let request = if self.options.plain_http.contains(&host) { request.plain_http() } else { request };
        Ok(self.transport().send(&request)?)
    }

    fn token(
        &self,
        on: &On<'_>,
        realm: &str,
        credential: &Credential,
        answer: &Response,
    ) -> Result<(Token, Duration), RegistryError> {
        let (registry, what) = (on.repository.registry().to_owned(), on.what.clone());
        let at = goferry_net::shown(realm);
        if !answer.is_success() {
            let who = match credential {
                Credential::Anonymous => "without credentials",
                _ => "with the credentials of Docker's configuration",
            };
            let said = format!("no token {who} from {at}: {} {}", answer.status, said(answer));
            return Err(RegistryError::Unauthorized { registry, what, said });
        }
        let malformed = || {
            let reason = format!("the token server {at} gives no token");
            RegistryError::Answer { registry: registry.clone(), what: what.clone(), reason }
        };
        let read: Answer = serde_json::from_slice(&answer.body).map_err(|_| malformed())?;
        let token = read.token.or(read.access_token).filter(|t| !t.is_empty()).ok_or_else(malformed)?;
        // A little early, so that it does not end on its way.
        let lasts = read.expires_in.unwrap_or(SHORTEST).clamp(SHORTEST, LONGEST) * 9 / 10;
        Ok((Token { header: format!("Bearer {token}") }, Duration::from_secs(lasts)))
    }
}

fn forever(header: String) -> Fresh {
    Some((Token { header }, Duration::from_secs(LONGEST)))
}

fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", Base64::encode_string(format!("{user}:{password}").as_bytes()))
}

/// Ours, and what the registry names beyond.
fn scopes(own: &str, named: Option<&str>) -> Vec<String> {
    let mut all: Vec<String> = own.split(' ').map(str::to_owned).collect();
    for scope in named.unwrap_or_default().split(' ').filter(|s| !s.is_empty()) {
        let (front, actions) = scope.rsplit_once(':').unwrap_or((scope, ""));
        let covered = all.iter().any(|a| {
            a.rsplit_once(':').is_some_and(|(f, has)| {
                f == front && actions.split(',').all(|x| has.split(',').any(|h| h == x))
            })
        });
        if !covered {
            all.push(scope.to_owned());
        }
    }
    all
}

/// `application/x-www-form-urlencoded`.
fn form<'f>(fields: impl Iterator<Item = (&'f str, &'f str)>) -> String {
    fields.map(|(k, v)| format!("{}={}", escaped(k), escaped(v))).collect::<Vec<_>>().join("&")
}

pub(crate) fn escaped(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, b| {
        match b {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(b)),
            other => out.push_str(&format!("%{other:02X}")),
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_ours_and_what_is_asked_beyond() {
        for (own, named, is) in [
            ("repository:a:pull,push", Some("repository:a:pull"), &["repository:a:pull,push"][..]),
            ("repository:a:pull", None, &["repository:a:pull"]),
            (
                "repository:a:pull",
                Some("repository:b:pull registry:catalog:*"),
                &["repository:a:pull", "repository:b:pull", "registry:catalog:*"],
            ),
            (
                "repository:a:pull repository:b:pull",
                Some("repository:a:pull,push"),
                &["repository:a:pull", "repository:b:pull", "repository:a:pull,push"],
            ),
        ] {
            assert_eq!(scopes(own, named), is);
        }
    }

    #[test]
    fn forms_are_escaped() {
        let fields = [("scope", "repository:a/b:pull,push"), ("password", "ä &=+")];
        assert_eq!(
            form(fields.into_iter()),
            "scope=repository%3Aa%2Fb%3Apull%2Cpush&password=%C3%A4%20%26%3D%2B"
        );
    }
}
