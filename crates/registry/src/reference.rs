//! Names of images: `[host[:port]/]path[:tag][@digest]`, as Docker reads them (distribution/reference, grammar in its
//! documentation; distribution-spec, section "Pulling manifests").

use crate::{Digest, RegistryError};
use std::fmt;
use std::str::FromStr;

/// What a name without a host means.
const HUB: &str = "docker.io";
/// Where that one is asked.
const HUB_HOST: &str = "registry-1.docker.io";
const LONGEST_NAME: usize = 255;
const LONGEST_TAG: usize = 128;

/// A registry and a path in it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Repository {
    registry: String,
    path: String,
}

/// A repository, and which of its images.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Reference {
    repository: Repository,
    tag: Option<String>,
    digest: Option<Digest>,
}

impl Repository {
    /// As it is written: `docker.io`, `localhost:5000`.
    pub fn registry(&self) -> &str {
        &self.registry
    }

    /// The host that is asked.
    pub fn host(&self) -> &str {
        if self.registry == HUB { HUB_HOST } else { &self.registry }
    }

    /// The path, such as `library/debian`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// An image of it by tag.
    ///
    /// # Errors
    /// It is no tag.
    pub fn tagged(&self, tag: &str) -> Result<Reference, RegistryError> {
        if !is_tag(tag) {
            let (text, reason) = (format!("{self}:{tag}"), "a tag has letters, digits, `_`, `.` and `-`");
            return Err(RegistryError::Reference { text, reason: reason.to_owned() });
        }
        Ok(Reference { repository: self.clone(), tag: Some(tag.to_owned()), digest: None })
    }

    /// An image of it by digest.
    pub fn at(&self, digest: &Digest) -> Reference {
        Reference { repository: self.clone(), tag: None, digest: Some(digest.clone()) }
    }
}

impl Reference {
    /// Where it is.
    pub fn repository(&self) -> &Repository {
        &self.repository
    }

    /// Its tag; `latest` if neither tag nor digest was written.
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// Its digest.
    pub fn digest(&self) -> Option<&Digest> {
        self.digest.as_ref()
    }

    /// What a manifest is asked by: the digest if there is one.
    pub(crate) fn last(&self) -> &str {
        self.digest.as_ref().map(Digest::as_str).or(self.tag()).unwrap_or("latest")
    }
}

impl FromStr for Reference {
    type Err = RegistryError;

    fn from_str(text: &str) -> Result<Reference, RegistryError> {
        parse(text).map_err(|reason| RegistryError::Reference { text: text.to_owned(), reason })
    }
}

impl FromStr for Repository {
    type Err = RegistryError;

    fn from_str(text: &str) -> Result<Repository, RegistryError> {
        repository(text).map_err(|reason| RegistryError::Reference { text: text.to_owned(), reason })
    }
}

fn parse(text: &str) -> Result<Reference, String> {
    let (rest, digest) = match text.split_once('@') {
        Some((rest, digest)) => (rest, Some(digest.parse::<Digest>().map_err(|e| e.to_string())?)),
        None => (text, None),
    };
    let (name, tag) = match rest.rsplit_once(':') {
        // A colon before a slash is that of a port.
        Some((name, tag)) if !tag.contains('/') => (name, Some(tag)),
        _ => (rest, None),
    };
    if tag.is_some_and(|t| !is_tag(t)) {
        return Err("a tag has up to 128 letters, digits, `_`, `.` and `-`".to_owned());
    }
    let tag = tag.or(if digest.is_none() { Some("latest") } else { None }).map(str::to_owned);
    Ok(Reference { repository: repository(name)?, tag, digest })
}

fn repository(name: &str) -> Result<Repository, String> {
    let is_host =
        |h: &str| h.contains(['.', ':']) || h == "localhost" || h.bytes().any(|b| b.is_ascii_uppercase());
    let (registry, path) = match name.split_once('/') {
        Some((host, path)) if is_host(host) => (host, path.to_owned()),
        _ => (HUB, name.to_owned()),
    };
    let registry = if matches!(registry, "index.docker.io" | HUB_HOST) { HUB } else { registry };
    let path = if registry == HUB && !path.contains('/') { format!("library/{path}") } else { path };
    if !is_authority(registry) {
        return Err(format!("`{registry}` is no host"));
    }
    if path.len() > LONGEST_NAME || !path.split('/').all(is_component) {
        return Err(
            "a path has lower case letters and digits, with `.`, `_`, `__` or `-` between them".to_owned()
        );
    }
    Ok(Repository { registry: registry.to_owned(), path })
}

fn is_authority(host: &str) -> bool {
    let (name, port) = match host.strip_prefix('[').and_then(|h| h.split_once(']')) {
        Some((v6, rest)) => match v6.parse::<std::net::Ipv6Addr>() {
            Ok(_) if rest.is_empty() => return true,
            Ok(_) => ("v6", rest.strip_prefix(':')),
            Err(_) => return false,
        },
        None => host.split_once(':').map_or((host, Some("0")), |(n, p)| (n, Some(p))),
    };
    let label = |l: &str| {
        let plain = l.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        !l.is_empty() && plain && !l.starts_with('-') && !l.ends_with('-')
    };
    name.split('.').all(label) && port.is_some_and(|p| p.parse::<u16>().is_ok())
}

/// `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*`
fn is_component(part: &str) -> bool {
    let word = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let joints = part.split(|c: char| u8::try_from(c).is_ok_and(word)).filter(|j| !j.is_empty());
    let ends = |b: Option<&u8>| b.is_some_and(|b| word(*b));
    ends(part.as_bytes().first())
        && ends(part.as_bytes().last())
        && joints.into_iter().all(|j| matches!(j, "." | "_" | "__") || j.bytes().all(|b| b == b'-'))
}

/// `[\w][\w.-]{0,127}`
fn is_tag(tag: &str) -> bool {
    let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    tag.len() <= LONGEST_TAG
        && tag.as_bytes().first().is_some_and(|b| word(*b))
        && tag.bytes().all(|b| word(b) || matches!(b, b'.' | b'-'))
}

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.registry, self.path)
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.repository.fmt(f)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        match &self.digest {
            Some(digest) => write!(f, "@{digest}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const D: &str = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";

    #[test]
    fn names_are_read_as_docker_reads_them() {
        let at = |name: &str| format!("{name}@{D}");
        for (text, registry, path, tag) in [
            ("debian", "docker.io", "library/debian", Some("latest")),
            ("debian:12", "docker.io", "library/debian", Some("12")),
            ("index.docker.io/debian", "docker.io", "library/debian", Some("latest")),
            ("me/tool", "docker.io", "me/tool", Some("latest")),
            ("localhost/x", "localhost", "x", Some("latest")),
            ("localhost:5000/x", "localhost:5000", "x", Some("latest")),
            ("localhost:5000/a/b__c.d-e:v1", "localhost:5000", "a/b__c.d-e", Some("v1")),
            ("[::1]:5000/x:y", "[::1]:5000", "x", Some("y")),
            ("ghcr.io/Me".to_lowercase().as_str(), "ghcr.io", "me", Some("latest")),
            (&at("ghcr.io/a/b"), "ghcr.io", "a/b", None),
            (&at("ghcr.io/a/b:t"), "ghcr.io", "a/b", Some("t")),
        ] {
            let r: Reference = text.parse().unwrap();
            assert_eq!(
                (r.repository().registry(), r.repository().path(), r.tag()),
                (registry, path, tag),
                "{text}"
            );
            assert_eq!(r.digest().is_some(), text.contains('@'));
            assert_eq!(r.to_string().parse::<Reference>().unwrap(), r);
        }
        let hub: Reference = "debian".parse().unwrap();
        assert_eq!((hub.repository().host(), hub.last()), ("registry-1.docker.io", "latest"));
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for text in [
            "",
            "/",
            "a//b",
            "A",
            "ghcr.io/A",
            "a:",
            "a:b c",
            "a@sha256:x",
            "a/../b",
            "a/.b",
            "a/b-",
            "a/b___c",
            "ghcr.io/",
            "host:port/x",
            "ho_st.x/y",
            "a?b/c",
            "https://ghcr.io/a",
            "ghcr.io/a:-x",
            "a..b/c/..",
        ] {
            assert!(text.parse::<Reference>().is_err(), "{text}: {:?}", text.parse::<Reference>());
        }
        let long = format!("a:{}", "t".repeat(129));
        assert!(long.parse::<Reference>().is_err());
        let repository: Repository = "ghcr.io/a".parse().unwrap();
        assert!(repository.tagged("a/b").is_err());
    }
}
