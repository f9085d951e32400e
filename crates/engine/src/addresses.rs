//! Secrets that stand in addresses: passwords, tokens in a query, the path of a webhook.
//!
//! Owns: telling [`secret`] of them, so that no text of somebody else's repeats them. What goferry itself says of an
//! address is made by `goferry_net::shown`. Must not: show one.

use goferry_net::secrets;
use goferry_plan::secret;
use std::collections::BTreeMap;

/// Shorter values of a query stand in too many texts (`?mode=latest`).
const LEAST: usize = 8;

/// The secrets of an address that is called so.
pub(crate) fn learn(name: &str, url: &str) {
    let name = format!("{name}_SECRET");
    let found = secrets(url);
    let query = url.split_once('?').map_or("", |(_, query)| query);
    // A token alone, as some take it.
    let alone = found.first().and_then(|user| user.strip_suffix(':'));
    secret::learn(alone.map(|token| (name.as_str(), token)));
    secret::learn(
        found.into_iter().filter(|s| s.len() >= LEAST || !query.contains(s)).map(|s| (name.as_str(), s)),
    );
}

/// An address whose path is a secret as well.
pub(crate) fn learn_whole(name: &str, url: &str) {
    learn(name, url);
    let Some((_, rest)) = url.split_once("://") else { return };
    let path = rest.split_once('/').map_or("", |(_, path)| path).trim_end_matches('/');
    if path.len() >= LEAST {
        secret::learn([(format!("{name}_SECRET").as_str(), path)]);
    }
}

/// The passwords of addresses in variables, such as GOVULNDB, HTTPS_PROXY, or GOPROXY with its list of them.
pub fn learn_environment(env: &BTreeMap<String, String>) {
    for (name, value) in env.iter().filter(|(_, v)| v.contains("://") && v.contains('@')) {
        for url in value.split([',', '|', ' ', ';']) {
            // What follows may be anything in variables that goferry does not know.
            learn(name, url.split(['?', '#']).next().unwrap_or_default());
        }
    }
}

/// Arguments that hold the text of a key, or a token, where its place was meant; and passwords of addresses. The command
/// line's own errors repeat what was given.
pub fn learn_arguments<'a>(args: impl IntoIterator<Item = &'a str>) {
    for arg in args {
        let value = if arg.starts_with("--") { arg.split_once('=').map_or(arg, |(_, v)| v) } else { arg };
        if crate::signing::is_key_text(value) {
            secret::learn([("KEY", value)]);
        }
        if crate::signing::looks_like_a_token(value) {
            secret::learn([("IDENTITY_TOKEN", value)]);
        }
        learn("ARGUMENT", value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_of_addresses_are_hidden_wherever_they_get_to() {
        learn("A", "https://user:canary-a@h/p?mode=latest&sig=canary-a-of-query");
        learn_whole("B", "https://h/services/canary-b/");
        let env = [("GOPROXY", "https://u:canary-c@h,direct"), ("URL", "https://h:1/x@y")];
        learn_environment(&env.map(|(k, v)| (k.to_owned(), v.to_owned())).into());
        let args = [
            "--key=-----BEGIN PRIVATE KEY-----\ncanary-d\n-----END PRIVATE KEY-----",
            "--db=https://canary-e@h",
        ];
        learn_arguments(args);
        for (text, hidden) in [
            ("says canary-a and canary-a-of-query", "says (A_SECRET) and (A_SECRET)"),
            ("/services/canary-b", "/(B_SECRET)"),
            ("canary-c", "(GOPROXY_SECRET)"),
            ("canary-d", "(KEY)"),
            ("canary-e", "(ARGUMENT_SECRET)"),
            ("user latest x@y --key", "user latest x@y --key"),
        ] {
            assert_eq!(secret::hide(text), hidden);
        }
    }
}
