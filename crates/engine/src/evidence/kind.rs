//! What a file of a release is, by its name as goferry and goreleaser give it, and by what it holds.

use goferry_package::checksum::Algorithm;

/// What a file is to the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Something that is handed to users.
    Artifact,
    /// Checksums.
    Sums,
    /// A Sigstore bundle.
    Bundle,
    /// An in-toto statement that nobody signed.
    Statement,
    /// A bill of materials.
    Sbom,
    /// What is exploitable.
    Vex,
    /// A signature of a kind that is not checked here.
    OtherSignature,
    /// An image: the folder of a layout.
    Image,
    /// The release's own notes in dist/, which are not handed to users.
    Note,
}

/// What a name says; `head` is the beginning of the content, `dist` whether the folder is the maker's own dist/.
pub(super) fn of(name: &str, head: &[u8], dist: bool) -> Kind {
    let ends = |all: &[&str]| all.iter().any(|e| name.ends_with(e) && name.len() > e.len());
    let holds = |word: &[u8]| head.windows(word.len()).any(|w| w == word);
    let json = head.iter().find(|b| !b.is_ascii_whitespace()) == Some(&b'{');
    if dist
        && ["artifacts.json", "metadata.json", "goferry.json", "config.yaml", "CHANGELOG.md", "digests.txt"]
            .contains(&name)
    {
        return Kind::Note;
    }
    if head.starts_with(b"untrusted comment:") || head.starts_with(b"-----BEGIN SSH SIGNATURE") {
        return Kind::OtherSignature;
    }
    if ends(&[".sigstore.json", ".sigstore"]) || json && holds(b"application/vnd.dev.sigstore.bundle") {
        return Kind::Bundle;
    }
    if ends(&[".provenance.json", ".vsa.json", ".intoto.json"]) || json && holds(b"in-toto.io/Statement/") {
        return Kind::Statement;
    }
    if ends(&[".openvex.json", ".vex.cdx.json", ".vex.json"]) {
        return Kind::Vex;
    }
    if ends(&[".cdx.json", ".spdx.json", ".sbom.json", ".bom.json"]) {
        return Kind::Sbom;
    }
    if ends(&[".sig", ".asc", ".minisig", ".pem", ".cert", ".crt", ".pub"]) {
        return Kind::OtherSignature;
    }
    let lower = name.to_ascii_lowercase();
    let named = lower.contains("checksums") || lower.ends_with("sums") || lower.ends_with("sums.txt");
    match named || algorithm_of_name(name).is_some() {
        true => Kind::Sums,
        false => Kind::Artifact,
    }
}

/// The algorithm whose word a split checksum file ends in: `tool.tar.gz.sha256`.
pub(super) fn algorithm_of_name(name: &str) -> Option<Algorithm> {
    let (rest, word) = name.rsplit_once('.')?;
    if rest.is_empty() { None } else { word.parse().ok() }
}

/// Whether a file's beginning may be that of [`are_digests`].
pub(super) fn begins_like_digests(head: &[u8]) -> bool {
    let line = head.split(|b| *b == b'\n').next().unwrap_or_default();
    is_digest_line(line)
}

/// Whether every line is `<sha256>  <image>`, as goreleaser's `docker_digest` has them: the name of an image has its registry before a
/// `/`, and no file of a release has one.
pub(super) fn are_digests(bytes: &[u8]) -> bool {
    bytes.strip_suffix(b"\n").is_some_and(|b| b.split(|b| *b == b'\n').all(is_digest_line))
}

fn is_digest_line(line: &[u8]) -> bool {
    let Ok(line) = std::str::from_utf8(line) else { return false };
    let Some((hex, image)) = line.split_once("  ") else { return false };
    hex.len() == 64
        && hex.bytes().all(|b| b.is_ascii_hexdigit())
        && image.contains('/')
        && image.parse::<goferry_registry::Reference>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_of_images_under_any_name() {
        let hex = "ab".repeat(32);
        for (text, are) in [
            (format!("{hex}  ghcr.io/me/tool:v1\n{hex}  ghcr.io/me/tool\n"), true),
            (format!("{hex}  tool.tar.gz\n"), false),
            (format!("{hex}  ghcr.io/me/tool:v1\n#!/bin/sh\n"), false),
            (format!("{hex}  ghcr.io/me/tool:v1"), false),
            (format!("{hex}  ../x\n"), false),
            ("\n".to_owned(), false),
            (String::new(), false),
        ] {
            assert_eq!(are_digests(text.as_bytes()), are, "{text}");
        }
    }

    #[test]
    fn names_and_contents() {
        for (name, head, dist, want) in [
            ("t_1.0.0_linux_amd64.tar.gz", &b"\x1f\x8b"[..], false, Kind::Artifact),
            ("t_1.0.0_checksums.txt", b"ab", false, Kind::Sums),
            ("SHA256SUMS", b"ab", false, Kind::Sums),
            ("t.tar.gz.sha256", b"ab", false, Kind::Sums),
            ("t.sha256x", b"ab", false, Kind::Artifact),
            ("t_1.0.0_checksums.txt.sigstore.json", b"{", false, Kind::Bundle),
            (
                "c.bundle",
                b" {\"mediaType\":\"application/vnd.dev.sigstore.bundle.v0.3+json\"",
                false,
                Kind::Bundle,
            ),
            ("t_1.0.0.provenance.json", b"{", false, Kind::Statement),
            ("t_1.0.0.provenance.sigstore.json", b"{", false, Kind::Bundle),
            ("t.cdx.json", b"{", false, Kind::Sbom),
            ("t.vex.cdx.json", b"{", false, Kind::Vex),
            ("t.tar.gz.minisig", b"", false, Kind::OtherSignature),
            ("metadata.json", b"{", true, Kind::Note),
            ("metadata.json", b"{", false, Kind::Artifact),
            ("digests.txt", b"", true, Kind::Note),
        ] {
            assert_eq!(of(name, head, dist), want, "{name}");
        }
    }
}
