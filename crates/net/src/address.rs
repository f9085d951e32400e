//! What may be known of an address: where it leads, and how it is shown.

use std::net::IpAddr;
use ureq::http::Uri;

/// The form of an address that may be shown: without user and password, query and fragment. The path stays, for it tells
/// what was asked; where the path is the secret, [`origin`] is shown. A path of this machine stays as it is.
///
/// ```
/// assert_eq!(goferry_net::shown("https://me:pw@host:8443/a/b?token=x#y"), "https://host:8443/a/b");
/// ```
#[must_use]
pub fn shown(url: &str) -> String {
    parts(url).map_or_else(|| url.to_owned(), |p| format!("{}{}{}", p.scheme, p.host, p.path))
}

/// What may be shown of an address whose path is a secret, as a webhook's is: scheme and host.
///
/// ```
/// assert_eq!(goferry_net::origin("https://me:pw@host:8443/a/b?x#y"), "https://host:8443");
/// ```
#[must_use]
pub fn origin(url: &str) -> String {
    parts(url).map_or_else(|| "…".to_owned(), |p| format!("{}{}", p.scheme, p.host))
}

/// What [`shown`] leaves out of an address because it may be a secret: user and password as they stand there, the password
/// alone, and the values of the query.
///
/// ```
/// assert_eq!(goferry_net::secrets("https://me:pw@host/a?token=x"), ["me:pw", "pw", "x"]);
/// ```
#[must_use]
pub fn secrets(url: &str) -> Vec<&str> {
    let Some(p) = parts(url) else { return vec![] };
    let password = p.user.and_then(|user| user.split_once(':')).map(|(_, password)| password);
    let query = p.query.split('&').map(|pair| pair.split_once('=').map_or(pair, |(_, value)| value));
    p.user.into_iter().chain(password).chain(query).filter(|s| !s.is_empty()).collect()
}

/// An address by its parts (RFC 3986, section 3), without what follows a `#`.
struct Parts<'u> {
    /// With `://`.
    scheme: &'u str,
    user: Option<&'u str>,
    host: &'u str,
    path: &'u str,
    query: &'u str,
}

fn parts(url: &str) -> Option<Parts<'_>> {
    let (scheme, rest) = match url.find("://") {
        Some(at) => url.split_at(at + 3),
        // The scheme was forgotten.
        None if url.split('/').next()?.rsplit_once('@')?.0.contains(':') => ("", url),
        None => return None,
    };
    let (user, rest) = match user_end(rest) {
        Some(at) => (Some(&rest[..at]), &rest[at + 1..]),
        None => (None, rest),
    };
    let rest = rest.split('#').next().unwrap_or_default();
    let (bare, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (host, path) = bare.split_at(bare.find('/').unwrap_or(bare.len()));
    Some(Parts { scheme, user, host, path, query })
}

/// Where the `@` after user and password stands. A password may hold what ends a host, though it should be escaped: then
/// what looks like a port is no number.
fn user_end(rest: &str) -> Option<usize> {
    let authority = &rest[..rest.find(['/', '?', '#']).unwrap_or(rest.len())];
    let odd = |port: &str| !authority.starts_with('[') && !port.bytes().all(|b| b.is_ascii_digit());
    match authority.rfind('@') {
        None if authority.split_once(':').is_some_and(|(_, port)| odd(port)) => rest.rfind('@'),
        end => end,
    }
}

/// What a reference, such as a Location header, means at an address (RFC 3986, section 5.2); none if the address is none. A
/// fragment is dropped.
///
/// ```
/// let at = goferry_net::join("https://host:8443/v2/a?x", "../b?y=1#z");
/// assert_eq!(at.as_deref(), Some("https://host:8443/b?y=1"));
/// ```
#[must_use]
pub fn join(base: &str, reference: &str) -> Option<String> {
    let reference = reference.split('#').next().unwrap_or_default();
    let base = base.split('#').next().unwrap_or_default();
    let (scheme, rest) = base.split_once("://")?;
    if has_scheme(reference) {
        return Some(reference.to_owned());
    }
    if reference.starts_with("//") {
        return Some(format!("{scheme}:{reference}"));
    }
    let (authority, at) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let path = at.split('?').next().unwrap_or_default();
    if reference.is_empty() {
        return Some(base.to_owned());
    }
    if reference.starts_with('?') {
        return Some(format!("{scheme}://{authority}{path}{reference}"));
    }
    let (to, query) = reference.split_at(reference.find('?').unwrap_or(reference.len()));
    let folder = if to.starts_with('/') { "" } else { path.rsplit_once('/').map_or("", |(f, _)| f) };
    let joint = if to.starts_with('/') { "" } else { "/" };
    Some(format!("{scheme}://{authority}{}{query}", without_dots(&format!("{folder}{joint}{to}"))))
}

fn has_scheme(reference: &str) -> bool {
    let front = reference.split(['/', '?']).next().unwrap_or_default();
    front.split_once(':').is_some_and(|(s, _)| {
        s.starts_with(|c: char| c.is_ascii_alphabetic())
            && s.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
    })
}

fn without_dots(path: &str) -> String {
    let mut kept: Vec<&str> = vec![];
    let parts: Vec<&str> = path.split('/').skip(1).collect();
    for (i, part) in parts.iter().enumerate() {
        match *part {
            "." => {}
            ".." => drop(kept.pop()),
            other => kept.push(other),
        }
        if i + 1 == parts.len() && matches!(*part, "." | "..") {
            kept.push("");
        }
    }
    format!("/{}", kept.join("/"))
}

/// Whether two addresses are of one scheme, host and port: what one may know, the other may.
#[must_use]
pub fn same_origin(one: &str, other: &str) -> bool {
    let origin = |url: &str| {
        let uri: Uri = url.parse().ok()?;
        let default = if uri.scheme_str() == Some("https") { 443 } else { 80 };
        let port = uri.port_u16().unwrap_or(default);
        Some((uri.scheme_str()?.to_owned(), uri.host()?.to_lowercase(), port))
    };
    origin(one).is_some_and(|o| origin(other).is_some_and(|p| o == p))
}

/// The host, with its port where one is named.
pub(crate) fn machine(uri: &Uri) -> Option<String> {
    let host = uri.host()?;
    Some(uri.port_u16().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")))
}

/// Whether this host is the machine itself.
pub(crate) fn is_loopback(uri: &Uri) -> bool {
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_of_an_address_are_not_shown() {
        for (url, is) in [
            ("https://host/a?b=c", "https://host/a"),
            ("https://u:p@host", "https://host"),
            ("https://u:p@w@host/x@y", "https://host/x@y"),
            ("not an address", "not an address"),
            ("https://u:p/w?#@host/x@y", "https://y"),
            ("https://u:p/w?#@host/x", "https://host/x"),
            ("https://host:80/x@y", "https://host:80/x@y"),
            ("http://[::1]/x@y", "http://[::1]/x@y"),
            ("u:p@host/x", "host/x"),
            ("./a folder?/me@home:x#1", "./a folder?/me@home:x#1"),
            ("file:///srv/db", "file:///srv/db"),
        ] {
            assert_eq!(shown(url), is);
        }
    }

    #[test]
    fn of_an_address_whose_path_is_secret_the_host_is_shown() {
        for (url, is) in [
            ("https://hooks.example/T/B/x?y=z", "https://hooks.example"),
            ("https://u:p@hooks.example:1?y", "https://hooks.example:1"),
            ("hooks.example/T/B/x", "…"),
            ("", "…"),
        ] {
            assert_eq!(origin(url), is);
        }
    }

    #[test]
    fn what_is_not_shown_is_known() {
        for (url, are) in [
            ("https://u:p@h/a?b=c&d&=e#f", vec!["u:p", "p", "c", "d", "e"]),
            ("https://token@h", vec!["token"]),
            ("https://token:@h", vec!["token:"]),
            ("https://h/a", vec![]),
            ("u:p@h/x", vec!["u:p", "p"]),
            ("a@b:c", vec![]),
        ] {
            assert_eq!(secrets(url), are, "{url}");
        }
    }

    #[test]
    fn references_are_read_as_rfc_3986_has_them() {
        // Section 5.4, what can occur in a Location header.
        for (reference, is) in [
            ("g", "http://a/b/c/g"),
            ("./g", "http://a/b/c/g"),
            ("g/", "http://a/b/c/g/"),
            ("/g", "http://a/g"),
            ("//g", "http://g"),
            ("?y", "http://a/b/c/d;p?y"),
            ("g?y", "http://a/b/c/g?y"),
            ("g#s", "http://a/b/c/g"),
            ("g?y/./x", "http://a/b/c/g?y/./x"),
            ("", "http://a/b/c/d;p?q"),
            (".", "http://a/b/c/"),
            ("..", "http://a/b/"),
            ("../g", "http://a/b/g"),
            ("../../../g", "http://a/g"),
            ("https://h/x:y", "https://h/x:y"),
            ("/v2/x:y", "http://a/v2/x:y"),
        ] {
            assert_eq!(join("http://a/b/c/d;p?q", reference).as_deref(), Some(is), "{reference}");
        }
        assert_eq!(join("https://host", "x").as_deref(), Some("https://host/x"));
        assert_eq!(join("no address", "x"), None);
    }

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        for (one, other, is) in [
            ("https://a/x", "https://A:443/y", true),
            ("https://a/", "http://a/", false),
            ("https://a/", "https://a:8443/", false),
            ("https://a/", "https://b.a/", false),
        ] {
            assert_eq!(same_origin(one, other), is, "{one} {other}");
        }
    }

    #[test]
    fn loopback_is_told_by_name_and_number() {
        for (url, is) in [
            ("http://localhost:1/", true),
            ("http://127.0.0.2/", true),
            ("http://[::1]:80/", true),
            ("http://localhost.example.org/", false),
            ("http://10.0.0.1/", false),
        ] {
            assert_eq!(is_loopback(&url.parse().unwrap()), is, "{url}");
        }
    }
}
