//! WWW-Authenticate: how a registry says who must log in where (RFC 9110, section 11.6.1; distribution's token
//! specification, "How to authenticate").

/// How to log in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Challenge {
    /// User and password with each request.
    Basic,
    /// A token from elsewhere.
    Bearer {
        /// The token server.
        realm: String,
        /// Whom the token is for.
        service: Option<String>,
        /// What it must allow.
        scope: Option<String>,
    },
}

/// The challenges that are known here, tokens before passwords.
pub(crate) fn read<'a>(headers: impl Iterator<Item = &'a str>) -> Option<Challenge> {
    let mut all: Vec<Challenge> = headers.flat_map(of_header).collect();
    all.sort_by_key(|c| matches!(c, Challenge::Basic));
    all.into_iter().next()
}

fn of_header(header: &str) -> Vec<Challenge> {
    let mut found: Vec<(String, Vec<(String, String)>)> = vec![];
    for part in parts(header) {
        // `Scheme`, `Scheme key=value`, or `key=value` of the scheme before.
        let (front, value) = part.split_once('=').map_or((part.as_str(), None), |(f, v)| (f, Some(v)));
        let words: Vec<&str> = front.split_whitespace().collect();
        match (words.as_slice(), value) {
            ([scheme, key], Some(v)) => {
                found.push((scheme.to_lowercase(), vec![(key.to_lowercase(), bare(v))]))
            }
            ([scheme, ..], None) => found.push((scheme.to_lowercase(), vec![])),
            ([key], Some(v)) => {
                if let Some((_, values)) = found.last_mut() {
                    values.push((key.to_lowercase(), bare(v)));
                }
            }
            _ => {}
        }
    }
    found.iter().filter_map(|(scheme, values)| of_scheme(scheme, values)).collect()
}

fn of_scheme(scheme: &str, values: &[(String, String)]) -> Option<Challenge> {
    let get = |name: &str| values.iter().find(|(k, _)| k == name).map(|(_, v)| v.clone());
    match scheme {
        "basic" => Some(Challenge::Basic),
        "bearer" => Some(Challenge::Bearer {
            realm: get("realm")?,
            service: get("service"),
            scope: get("scope").filter(|s| !s.is_empty()),
        }),
        _ => None,
    }
}

/// Parts between commas that are in no quotes.
fn parts(header: &str) -> Vec<String> {
    let (mut parts, mut quoted, mut escaped) = (vec![String::new()], false, false);
    for c in header.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ',' if !quoted => {
                parts.push(String::new());
                continue;
            }
            _ => {}
        }
        if let Some(last) = parts.last_mut() {
            last.push(c);
        }
    }
    parts.into_iter().map(|p| p.trim().to_owned()).filter(|p| !p.is_empty()).collect()
}

/// A value without quotes and escapes.
fn bare(value: &str) -> String {
    let value = value.trim();
    let Some(inner) = value.strip_prefix('"') else { return value.to_owned() };
    let (mut out, mut escaped) = (String::new(), false);
    for c in inner.strip_suffix('"').unwrap_or(inner).chars() {
        if c == '\\' && !escaped {
            escaped = true;
        } else {
            escaped = false;
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn bearer(realm: &str, service: Option<&str>, scope: Option<&str>) -> Option<Challenge> {
        let own = |s: Option<&str>| s.map(str::to_owned);
        Some(Challenge::Bearer { realm: realm.to_owned(), service: own(service), scope: own(scope) })
    }

    #[test]
    fn challenges_are_read_as_registries_write_them() {
        for (headers, is) in [
            (
                &[
                    r#"Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull,push""#,
                ][..],
                bearer(
                    "https://auth.docker.io/token",
                    Some("registry.docker.io"),
                    Some("repository:a/b:pull,push"),
                ),
            ),
            (&[r#"Basic realm="Registry Realm""#], Some(Challenge::Basic)),
            (&["basic"], Some(Challenge::Basic)),
            (
                &[r#"Basic realm="x", Bearer realm="https://t",service=s"#],
                bearer("https://t", Some("s"), None),
            ),
            (
                &[r#"Basic realm="x""#, r#"bearer Realm="https://t/\"q\"""#],
                bearer(r#"https://t/"q""#, None, None),
            ),
            (&[r#"Bearer service="no realm""#], None),
            (&["Negotiate", "Digest realm=\"x\", nonce=\"y\""], None),
            (&[""], None),
            (&[], None),
        ] {
            assert_eq!(read(headers.iter().copied()), is, "{headers:?}");
        }
    }

    proptest! {
        #[test]
        fn anything_is_read(header in "[ -~]{0,80}") {
            let _ = read(std::iter::once(header.as_str()));
        }
    }
}
