//! Which proxy a request goes through: HTTPS_PROXY, HTTP_PROXY and NO_PROXY as the go command reads them.

use crate::address::is_loopback;
use std::net::IpAddr;
use ureq::http::Uri;

/// The environment's proxies.
#[derive(Clone, Default)]
pub(crate) struct Proxies {
    https: Option<String>,
    http: Option<String>,
    /// Hosts that are asked without one, in lower case.
    none: Vec<String>,
}

impl Proxies {
    pub(crate) fn from_env(get: &dyn Fn(&str) -> Option<String>) -> Proxies {
        let value = |upper: &str| {
            [upper.to_owned(), upper.to_lowercase()]
                .iter()
                .find_map(|name| get(name))
                .filter(|v| !v.is_empty())
        };
        let none = value("NO_PROXY").unwrap_or_default();
        Proxies {
            https: value("HTTPS_PROXY"),
            http: value("HTTP_PROXY"),
            none: none.split(',').map(|n| n.trim().to_lowercase()).filter(|n| !n.is_empty()).collect(),
        }
    }

    /// The proxy's address for this request.
    pub(crate) fn of(&self, uri: &Uri) -> Option<&str> {
        let proxy = if uri.scheme_str() == Some("https") { &self.https } else { &self.http };
        let direct = is_loopback(uri) || self.none.iter().any(|n| stands_for(n, uri));
        proxy.as_deref().filter(|_| !direct)
    }
}

/// Whether an entry of NO_PROXY is about this host: `*`, `host`, `.domain`, `*.domain`, an address, a network, each with
/// or without a port.
fn stands_for(entry: &str, uri: &Uri) -> bool {
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']).to_lowercase();
    let ip = host.parse::<IpAddr>().ok();
    if entry == "*" || ip.is_some_and(|ip| in_network(entry, ip)) {
        return true;
    }
    let (name, port) = match entry.rsplit_once(':') {
        Some((name, port)) if !name.contains(':') || name.ends_with(']') => (name, port.parse::<u16>().ok()),
        _ => (entry, None),
    };
    let default = if uri.scheme_str() == Some("https") { 443 } else { 80 };
    if port.is_some_and(|p| p != uri.port_u16().unwrap_or(default)) {
        return false;
    }
    let name = name.trim_matches(['[', ']']);
    match name.strip_prefix('*').unwrap_or(name).strip_prefix('.') {
        Some(domain) => host.strip_suffix(domain).is_some_and(|front| front.ends_with('.')),
        None => host == name || (ip.is_none() && host.strip_suffix(name).is_some_and(|f| f.ends_with('.'))),
    }
}

/// Whether `10.0.0.0/8` or the like has this address.
fn in_network(entry: &str, ip: IpAddr) -> bool {
    let Some((net, bits)) = entry.split_once('/') else { return false };
    let (Ok(net), Ok(bits)) = (net.parse::<IpAddr>(), bits.parse::<u32>()) else { return false };
    let (net, ip, width) = match (net, ip) {
        (IpAddr::V4(a), IpAddr::V4(b)) => (u128::from(a.to_bits()), u128::from(b.to_bits()), 32),
        (IpAddr::V6(a), IpAddr::V6(b)) => (a.to_bits(), b.to_bits(), 128),
        _ => return false,
    };
    let Some(rest) = width_left(width, bits) else { return false };
    rest == 128 || net >> rest == ip >> rest
}

fn width_left(width: u32, bits: u32) -> Option<u32> {
    width.checked_sub(bits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxies(none: &str) -> Proxies {
        Proxies::from_env(&|name| match name {
            "HTTPS_PROXY" => Some("http://proxy:1".to_owned()),
            "http_proxy" => Some("http://plain:2".to_owned()),
            "NO_PROXY" => Some(none.to_owned()),
            _ => None,
        })
    }

    #[test]
    fn the_scheme_chooses_the_proxy() {
        let p = proxies("");
        assert_eq!(p.of(&"https://a.b/".parse().unwrap()), Some("http://proxy:1"));
        assert_eq!(p.of(&"http://a.b/".parse().unwrap()), Some("http://plain:2"));
        assert_eq!(p.of(&"http://127.0.0.1:3/".parse().unwrap()), None);
    }

    #[test]
    fn no_proxy_is_read_as_go_does() {
        for (none, url, direct) in [
            ("*", "https://a.b/", true),
            ("a.b", "https://a.b/", true),
            ("a.b", "https://x.a.b/", true),
            ("a.b", "https://xa.b/", false),
            (".a.b", "https://a.b/", false),
            (".a.b", "https://x.a.b/", true),
            ("*.a.b", "https://x.a.b/", true),
            ("a.b:444", "https://a.b/", false),
            ("a.b:443", "https://a.b/", true),
            ("10.0.0.0/8, x", "https://10.1.2.3/", true),
            ("10.0.0.0/8", "https://11.1.2.3/", false),
            ("0.0.0.0/0", "https://11.1.2.3/", true),
            ("10.0.0.0/99", "https://10.1.2.3/", false),
            ("2001:db8::/32", "https://[2001:db8::1]/", true),
            ("::/0", "https://[2001:db8::1]/", true),
        ] {
            let is = proxies(none).of(&url.parse().unwrap()).is_none();
            assert_eq!(is, direct, "{none} for {url}");
        }
    }
}
