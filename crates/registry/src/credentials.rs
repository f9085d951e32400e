//! Docker's configuration: who somebody is at which registry (docs.docker.com, "docker login", sections "Credential
//! stores" and "Credential helpers"; docker-credential-helpers, README, "Development").
//!
//! Owns: what the file says, and what a helper is asked and answers. Must not: find the file, or start the helper.

use crate::{RegistryError, Repository};
use base64ct::{Base64, Encoding as _};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt;

/// The name of Docker's own registry in configurations and helpers.
const HUB_KEY: &str = "https://index.docker.io/v1/";

/// Who asks.
#[derive(Clone, PartialEq, Eq, Default)]
pub enum Credential {
    /// Nobody in particular.
    #[default]
    Anonymous,
    /// User and password.
    Password {
        /// User.
        user: String,
        /// Password.
        password: String,
    },
    /// What tokens are asked with in the place of a password (OAuth 2, refresh token).
    IdentityToken(String),
    /// What goes to the registry as it is.
    RegistryToken(String),
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Credential::Anonymous => "Anonymous",
            Credential::Password { .. } => "Password",
            Credential::IdentityToken(_) => "IdentityToken",
            Credential::RegistryToken(_) => "RegistryToken",
        })
    }
}

/// What `docker-credential-NAME get` did.
pub struct HelperOutput {
    /// Whether it ended with 0.
    pub success: bool,
    /// What it printed.
    pub stdout: Vec<u8>,
}

/// Starts `docker-credential-NAME get` (the first argument is NAME) with the second argument on its input.
type Helper<'a> = dyn Fn(&str, &str) -> Result<HelperOutput, String> + Send + Sync + 'a;

/// Docker's configuration with what starts its helpers.
pub struct Credentials<'a> {
    file: File,
    helper: Box<Helper<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct File {
    auths: BTreeMap<String, Auth>,
    creds_store: Option<String>,
    cred_helpers: BTreeMap<String, String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Auth {
    auth: Option<String>,
    username: Option<String>,
    password: Option<String>,
    identitytoken: Option<String>,
    registrytoken: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct FromHelper {
    username: String,
    secret: String,
}

impl<'a> Credentials<'a> {
    /// Nobody's.
    pub fn none() -> Credentials<'a> {
        let helper = Box::new(|_: &str, _: &str| Err("there are no helpers".to_owned()));
        Credentials { file: File::default(), helper }
    }

    /// Reads config.json. `helper` runs `docker-credential-NAME get`: it is given NAME, and what the program gets on its input.
    ///
    /// # Errors
    /// It is not such a file.
    pub fn parse(
        text: &[u8],
        helper: impl Fn(&str, &str) -> Result<HelperOutput, String> + Send + Sync + 'a,
    ) -> Result<Credentials<'a>, String> {
        // serde's words would quote a value that has another type than expected.
        let file = serde_json::from_slice(text).map_err(|e| {
            format!("it is no configuration of Docker's (line {}, column {})", e.line(), e.column())
        })?;
        Ok(Credentials { file, helper: Box::new(helper) })
    }

    /// Who to be at a repository: of the helper that is named for its registry, of the store, or of the file.
    ///
    /// # Errors
    /// A helper fails, or an entry is not readable.
    pub fn of(&self, repository: &Repository) -> Result<Credential, RegistryError> {
        let registry = repository.registry();
        let failed = |reason| RegistryError::Credentials { registry: registry.to_owned(), reason };
        let named = self.file.cred_helpers.iter().find(|(key, _)| same_host(key, registry));
        let helper = named.map(|(_, h)| h).or(self.file.creds_store.as_ref()).filter(|h| !h.is_empty());
        if let Some(helper) = helper {
            let found = self.ask(helper, registry).map_err(failed)?;
            if found != Credential::Anonymous {
                return Ok(found);
            }
        }
        self.of_file(repository).map_err(failed)
    }

    fn ask(&self, helper: &str, registry: &str) -> Result<Credential, String> {
        let program = format!("docker-credential-{helper}");
        if helper.contains(['/', '\\']) {
            return Err(format!("{program} is no name of a program"));
        }
        let key = if registry == "docker.io" { HUB_KEY } else { registry };
        let out = (self.helper)(helper, key).map_err(|e| format!("{program}: {e}"))?;
        if !out.success {
            let said = String::from_utf8_lossy(&out.stdout);
            let said = said.trim();
            // The sentence of docker-credential-helpers, `credentials/error.go`.
            return match said.contains("credentials not found") {
                true => Ok(Credential::Anonymous),
                false => {
                    Err(format!("{program} fails: {}", said.lines().next().unwrap_or("it says nothing")))
                }
            };
        }
        let got: FromHelper = serde_json::from_slice(&out.stdout)
            .map_err(|_| format!("{program} answers something that is not understood"))?;
        Ok(match got.username.as_str() {
            "<token>" => Credential::IdentityToken(got.secret),
            "" if got.secret.is_empty() => Credential::Anonymous,
            _ => Credential::Password { user: got.username, password: got.secret },
        })
    }

    /// The entry for the longest part of the name: some clients write entries for parts of a registry.
    fn of_file(&self, repository: &Repository) -> Result<Credential, String> {
        let name = repository.to_string();
        let fits = |key: &str| {
            let key = plain(key);
            let rest = name.strip_prefix(key);
            let inside = rest.is_some_and(|r| r.is_empty() || r.starts_with('/'));
            (inside || same_host(key, repository.registry())).then_some(key.len())
        };
        let best = self.file.auths.iter().filter_map(|(k, a)| Some((fits(k)?, a))).max_by_key(|(n, _)| *n);
        best.map_or(Ok(Credential::Anonymous), |(_, auth)| auth.credential())
    }
}

impl Auth {
    fn credential(&self) -> Result<Credential, String> {
        let set = |v: &Option<String>| v.clone().filter(|v| !v.is_empty());
        if let Some(token) = set(&self.registrytoken) {
            return Ok(Credential::RegistryToken(token));
        }
        if let Some(token) = set(&self.identitytoken) {
            return Ok(Credential::IdentityToken(token));
        }
        if let Some(auth) = set(&self.auth) {
            let text = Base64::decode_vec(auth.trim()).ok().and_then(|b| String::from_utf8(b).ok());
            let text = text.ok_or("its entry `auth` is no base64 of user:password")?;
            let (user, password) =
                text.split_once(':').ok_or("its entry `auth` is no base64 of user:password")?;
            // Some writers pad with zero bytes (docker/cli, `decodeAuth`).
            let password = password.trim_end_matches('\0');
            return Ok(Credential::Password { user: user.to_owned(), password: password.to_owned() });
        }
        Ok(match (set(&self.username), set(&self.password)) {
            (Some(user), Some(password)) => Credential::Password { user, password },
            _ => Credential::Anonymous,
        })
    }
}

/// A key without scheme and version: `https://host/v1/` is `host`.
fn plain(key: &str) -> &str {
    let key = key.strip_prefix("https://").or(key.strip_prefix("http://")).unwrap_or(key);
    let key = key.trim_end_matches('/');
    key.strip_suffix("/v1").or(key.strip_suffix("/v2")).unwrap_or(key)
}

fn same_host(key: &str, registry: &str) -> bool {
    let key = plain(key);
    let hub = |h: &str| matches!(h, "docker.io" | "index.docker.io" | "registry-1.docker.io");
    key == registry || (hub(key) && hub(registry))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str, repository: &str) -> Result<Credential, RegistryError> {
        let helper = |name: &str, server: &str| {
            let out = |success, text: String| Ok(HelperOutput { success, stdout: text.into_bytes() });
            match name {
                "one" => out(
                    true,
                    format!(r#"{{"ServerURL":"{server}","Username":"u","Secret":"s of {server}"}}"#),
                ),
                "token" => out(true, r#"{"Username":"<token>","Secret":"t"}"#.to_owned()),
                "empty" => out(false, "credentials not found in native keychain\n".to_owned()),
                "broken" => out(false, "the keychain is locked\nand more".to_owned()),
                "odd" => out(true, "secret-canary".to_owned()),
                _ => Err("there is no such program".to_owned()),
            }
        };
        Credentials::parse(text.as_bytes(), helper).unwrap().of(&repository.parse().unwrap())
    }

    fn password(user: &str, password: &str) -> Credential {
        Credential::Password { user: user.to_owned(), password: password.to_owned() }
    }

    #[test]
    fn the_file_says_who_somebody_is() {
        // `me:pa:ss`
        let hub = r#"{"auths":{"https://index.docker.io/v1/":{"auth":"bWU6cGE6c3M="}}}"#;
        for (text, repository, is) in [
            (hub, "debian", password("me", "pa:ss")),
            (hub, "ghcr.io/a", Credential::Anonymous),
            ("{}", "a", Credential::Anonymous),
            (r#"{"auths":{"ghcr.io":{}}}"#, "ghcr.io/a", Credential::Anonymous),
            (
                r#"{"auths":{"https://ghcr.io/v2/":{"username":"u","password":"p"}}}"#,
                "ghcr.io/a",
                password("u", "p"),
            ),
            (
                r#"{"auths":{"localhost:5000":{"identitytoken":"i","auth":"bWU6"}}}"#,
                "localhost:5000/a",
                Credential::IdentityToken("i".into()),
            ),
            (r#"{"auths":{"a.b":{"registrytoken":"r"}}}"#, "a.b/c", Credential::RegistryToken("r".into())),
            (
                r#"{"auths":{"q.io":{"username":"u","password":"p"},"q.io/org":{"username":"o","password":"p"}}}"#,
                "q.io/org/x",
                password("o", "p"),
            ),
            (
                r#"{"auths":{"q.io":{"username":"u","password":"p"},"q.io/org":{"username":"o","password":"p"}}}"#,
                "q.io/organ",
                password("u", "p"),
            ),
        ] {
            assert_eq!(of(text, repository).unwrap(), is, "{text} for {repository}");
        }
        let error = of(r#"{"auths":{"a.b":{"auth":"canary"}}}"#, "a.b/c").unwrap_err().to_string();
        assert!(error.contains("user:password") && !error.contains("canary"), "{error}");
        let error =
            Credentials::parse(br#"{"auths":{"a":"canary"}}"#, |_, _| Err(String::new())).err().unwrap();
        assert!(error.contains("line 1") && !error.contains("canary"), "{error}");
    }

    #[test]
    fn helpers_are_asked_first() {
        let auths = r#""auths":{"ghcr.io":{"username":"file","password":"p"}}"#;
        for (rest, repository, is) in [
            (r#""credsStore":"one""#, "ghcr.io/a", password("u", "s of ghcr.io")),
            (r#""credsStore":"one""#, "debian", password("u", "s of https://index.docker.io/v1/")),
            (
                r#""credsStore":"one","credHelpers":{"ghcr.io":"token"}"#,
                "ghcr.io/a",
                Credential::IdentityToken("t".into()),
            ),
            (r#""credHelpers":{"other.io":"broken"}"#, "ghcr.io/a", password("file", "p")),
            (r#""credsStore":"empty""#, "ghcr.io/a", password("file", "p")),
        ] {
            assert_eq!(of(&format!("{{{auths},{rest}}}"), repository).unwrap(), is, "{rest}");
        }
        for (helper, says) in [
            ("broken", "docker-credential-broken fails: the keychain is locked"),
            ("odd", "not understood"),
            ("none", "no such program"),
            ("../x", "no name of a program"),
        ] {
            let error = of(&format!(r#"{{"credsStore":"{helper}"}}"#), "ghcr.io/a").unwrap_err().to_string();
            assert!(error.contains(says) && !error.contains("canary"), "{error}");
        }
    }
}
