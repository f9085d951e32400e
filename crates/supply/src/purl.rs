//! Package URLs: the one place where they are made and read.
//!
//! Rules: purl specification 1.0 (ECMA-427) with one departure that every Go tool makes (syft, cyclonedx-gomod, osv-scanner): a
//! module path keeps its capitals, for `github.com/BurntSushi/toml` and `github.com/burntsushi/toml` are two modules.
//! Must not: know what an SBOM is.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A package URL in its canonical text, e.g. `pkg:golang/github.com/cli/cli/v2@v2.63.0`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Purl(String);

/// A package URL taken apart; every part decoded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PurlParts {
    /// `golang`, `deb`, `generic`, …, in lower case.
    pub kind: String,
    /// What stands between type and name, with `/` inside; empty for none.
    pub namespace: String,
    /// The last word of the path.
    pub name: String,
    /// Empty if there is none.
    pub version: String,
    /// In their order.
    pub qualifiers: Vec<(String, String)>,
    /// Folder inside the package; empty for none.
    pub subpath: String,
}

/// What a Debian package is, besides its name and version.
#[derive(Clone, Copy, Debug)]
pub struct DebOrigin<'a> {
    /// `debian`, `ubuntu`.
    pub vendor: &'a str,
    /// Debian's word for the machine: `mips64el`; empty if unknown.
    pub arch: &'a str,
    /// The suite: `bookworm`; empty if unknown.
    pub suite: &'a str,
}

impl Purl {
    /// A Go module. An empty version is left out; `(devel)` is none.
    pub fn go_module(path: &str, version: &str) -> Purl {
        Purl::go_package(path, version, "")
    }

    /// A package of a Go module by its folder inside the module; empty for the module itself.
    pub fn go_package(module: &str, version: &str, folder: &str) -> Purl {
        let version = if version == "(devel)" { "" } else { version };
        build("golang", module, version, &[], folder)
    }

    /// Go's standard library of a toolchain: of `go1.26.8 X:jsonv2` it is `pkg:golang/stdlib@1.26.8`, as syft and
    /// osv-scanner write it (without `go` and without `v`).
    pub fn stdlib(go_version: &str) -> Purl {
        build("golang", "stdlib", stdlib_version(go_version), &[], "")
    }

    /// A package of Debian or of a distribution like it.
    pub fn deb(name: &str, version: &str, origin: DebOrigin<'_>) -> Purl {
        let path = format!("{}/{name}", origin.vendor);
        build("deb", &path, version, &[("arch", origin.arch), ("distro", origin.suite)], "")
    }

    /// Whatever has no type of its own: a C library by the name under which a program asks for it.
    pub fn generic(name: &str, version: &str, qualifiers: &[(&str, &str)]) -> Purl {
        build("generic", name, version, qualifiers, "")
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Reads a package URL of any type and brings it to its canonical text. None: it is none.
    pub fn parse(text: &str) -> Option<Purl> {
        let parts = PurlParts::parse(text)?;
        let path = [parts.namespace.as_str(), &parts.name].join("/");
        let qualifiers: Vec<_> = parts.qualifiers.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        Some(build(&parts.kind, &path, &parts.version, &qualifiers, &parts.subpath))
    }
}

impl fmt::Display for Purl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The version in a toolchain's name: `1.26.8` of `go1.26.8 X:jsonv2`, `1.27-abcdef` of `devel go1.27-abcdef Mon …`.
pub fn stdlib_version(go_version: &str) -> &str {
    let word = go_version.strip_prefix("devel ").unwrap_or(go_version);
    let word = word.split(' ').next().unwrap_or_default();
    word.strip_prefix("go").unwrap_or(word)
}

/// NVD's name for Go, under which vulnerabilities of the standard library are known too.
pub fn stdlib_cpe(go_version: &str) -> String {
    let version: String =
        stdlib_version(go_version).chars().filter(|c| c.is_ascii_alphanumeric() || *c == '.').collect();
    format!("cpe:2.3:a:golang:go:{version}:-:*:*:*:*:*:*")
}

impl PurlParts {
    /// Takes a package URL apart. None: it is none.
    pub fn parse(text: &str) -> Option<PurlParts> {
        let rest = text.strip_prefix("pkg:")?.trim_start_matches('/');
        let (rest, subpath) = rest.split_once('#').unwrap_or((rest, ""));
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (kind, rest) = rest.split_once('/')?;
        // A version may hold `/` only in its encoded form, so the last `@` behind the last `/` is the mark.
        let (path, version) = match rest.rsplit_once('@') {
            Some((path, version)) if !version.contains('/') && !path.is_empty() => (path, version),
            _ => (rest, ""),
        };
        let words = path.split('/').filter(|w| !w.is_empty()).map(decode).collect::<Option<Vec<_>>>()?;
        let (name, namespace) = words.split_last()?;
        let qualifiers = query.split('&').filter(|q| !q.is_empty()).map(|q| {
            let (key, value) = q.split_once('=')?;
            Some((key.to_ascii_lowercase(), decode(value)?))
        });
        Some(PurlParts {
            kind: kind.to_ascii_lowercase(),
            namespace: namespace.join("/"),
            name: name.clone(),
            version: decode(version)?,
            qualifiers: qualifiers.collect::<Option<Vec<_>>>()?,
            subpath: decode(subpath)?,
        })
    }

    /// Path of the Go module, if it is one: namespace and name.
    pub fn go_path(&self) -> Option<String> {
        match (self.kind.as_str(), self.namespace.as_str()) {
            ("golang", "") => Some(self.name.clone()),
            ("golang", namespace) => Some(format!("{namespace}/{}", self.name)),
            _ => None,
        }
    }
}

fn build(kind: &str, path: &str, version: &str, qualifiers: &[(&str, &str)], subpath: &str) -> Purl {
    let mut out = format!("pkg:{kind}");
    for word in path.split('/').filter(|w| !w.is_empty()) {
        out.push('/');
        encode(word, &mut out);
    }
    if !version.is_empty() {
        out.push('@');
        encode(version, &mut out);
    }
    let mut qualifiers: Vec<_> = qualifiers.iter().filter(|(_, v)| !v.is_empty()).collect();
    qualifiers.sort_unstable();
    for (i, (key, value)) in qualifiers.into_iter().enumerate() {
        out.push(if i == 0 { '?' } else { '&' });
        out.push_str(key);
        out.push('=');
        encode(value, &mut out);
    }
    let mut mark = '#';
    for word in subpath.split('/').filter(|w| !matches!(*w, "" | "." | "..")) {
        out.push(mark);
        encode(word, &mut out);
        mark = '/';
    }
    Purl(out)
}

/// Everything but letters, digits and `.-_~:` (specification, "Character encoding").
fn encode(text: &str, out: &mut String) {
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'_' | b'~' | b':' => {
                out.push(byte as char)
            }
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
}

fn decode(text: &str) -> Option<String> {
    let mut bytes = text.bytes();
    let mut out = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        match byte {
            b'%' => {
                let digit = |b: Option<u8>| (b? as char).to_digit(16);
                let value = digit(bytes.next())? * 16 + digit(bytes.next())?;
                out.push(u8::try_from(value).ok()?);
            }
            other => out.push(other),
        }
    }
    String::from_utf8(out).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn texts_are_those_that_other_tools_write() {
        let deb = DebOrigin { vendor: "debian", arch: "mips64el", suite: "bookworm" };
        for (made, text) in [
            // As syft 1.57 writes them.
            (Purl::go_module("github.com/cli/cli/v2", "v2.63.0"), "pkg:golang/github.com/cli/cli/v2@v2.63.0"),
            (
                Purl::go_module("github.com/BurntSushi/toml", "v1.2.0"),
                "pkg:golang/github.com/BurntSushi/toml@v1.2.0",
            ),
            (
                Purl::go_module("github.com/docker/docker", "v28.0.0+incompatible"),
                "pkg:golang/github.com/docker/docker@v28.0.0%2Bincompatible",
            ),
            (Purl::go_module("example.com/m", "(devel)"), "pkg:golang/example.com/m"),
            (Purl::go_module("m", ""), "pkg:golang/m"),
            (
                Purl::go_package("google.golang.org/genproto", "v0.1.0", "googleapis/api/annotations"),
                "pkg:golang/google.golang.org/genproto@v0.1.0#googleapis/api/annotations",
            ),
            (Purl::stdlib("go1.26.8"), "pkg:golang/stdlib@1.26.8"),
            (Purl::stdlib("go1.26 X:jsonv2"), "pkg:golang/stdlib@1.26"),
            (
                Purl::stdlib("devel go1.27-d3b5cc3 Mon Jan 5 10:00:00 2026 +0000"),
                "pkg:golang/stdlib@1.27-d3b5cc3",
            ),
            // As the specification's test suite has a Debian package.
            (
                Purl::deb("libsqlite3-dev", "1:3.40.1-2+deb12u2", deb),
                "pkg:deb/debian/libsqlite3-dev@1:3.40.1-2%2Bdeb12u2?arch=mips64el&distro=bookworm",
            ),
            (Purl::deb("a", "1", DebOrigin { vendor: "ubuntu", arch: "", suite: "" }), "pkg:deb/ubuntu/a@1"),
            (
                Purl::generic("libc.so.6", "", &[("b", "2"), ("a", "x y")]),
                "pkg:generic/libc.so.6?a=x%20y&b=2",
            ),
        ] {
            assert_eq!(made.as_str(), text);
            assert_eq!(Purl::parse(text), Some(made), "{text}");
        }
    }

    #[test]
    fn foreign_texts_are_read() {
        let parts =
            PurlParts::parse("pkg:golang/github.com/docker/docker@v28.0.0%2bincompatible?type=module#a/b");
        let parts = parts.unwrap();
        assert_eq!(parts.go_path().unwrap(), "github.com/docker/docker");
        assert_eq!(parts.version, "v28.0.0+incompatible");
        assert_eq!(parts.qualifiers, [("type".to_owned(), "module".to_owned())]);
        assert_eq!(parts.subpath, "a/b");
        // cosign's images and npm's scopes.
        assert_eq!(PurlParts::parse("pkg:npm/%40angular/core@1").unwrap().namespace, "@angular");
        assert_eq!(PurlParts::parse("pkg://golang/m").unwrap().go_path().unwrap(), "m");
        for bad in
            ["", "pkg:", "pkg:golang", "golang/m", "pkg:golang/%zz", "pkg:golang/m?x", "pkg:golang/%ff"]
        {
            assert_eq!(Purl::parse(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn what_is_made_is_read_back(
            words in proptest::collection::vec("[a-zA-Z0-9@+ %./é-]{1,9}", 1..4),
            version in "[a-z0-9+/@. ]{0,9}",
            folder in "[a-z/]{0,9}",
        ) {
            let module = words.join("/");
            let made = Purl::go_package(&module, &version, &folder);
            let parts = PurlParts::parse(made.as_str());
            let clean: Vec<&str> = module.split('/').filter(|w| !w.is_empty()).collect();
            if let Some(parts) = parts {
                prop_assert_eq!(parts.go_path().unwrap(), clean.join("/"));
                prop_assert_eq!(parts.version, version);
            } else {
                prop_assert!(clean.is_empty());
            }
        }

        #[test]
        fn any_text_is_read_or_refused(text in ".{0,40}") {
            let _ = PurlParts::parse(&text);
            let _ = Purl::parse(&format!("pkg:golang/{text}"));
        }
    }
}
