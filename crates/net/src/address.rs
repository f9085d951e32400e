//! What may be known of an address: where it leads, and how it is shown.

use std::net::IpAddr;
use ureq::http::Uri;

/// An address without what may be secret: user and password, query and fragment. The path stays, for it tells what was
/// asked; a webhook whose path is its secret is to be shown by its caller in another way.
///
/// ```
/// assert_eq!(goferry_net::shown("https://me:pw@host:8443/a/b?token=x#y"), "https://host:8443/a/b");
/// ```
#[must_use]
pub fn shown(url: &str) -> String {
    let bare = url.split(['?', '#']).next().unwrap_or_default();
    let Some((scheme, rest)) = bare.split_once("://") else { return bare.to_owned() };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    format!("{scheme}://{host}{path}")
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
        ] {
            assert_eq!(shown(url), is);
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
