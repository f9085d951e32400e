//! Top-level sections, and what `--skip` values mean for them.

use super::native::OWN;
use super::{Key, Old, ROOT, Status};
use std::sync::OnceLock;

/// A top-level section; its name is always a valid value of `--skip`.
#[derive(Clone, Copy, Debug)]
pub struct Section {
    /// Its key, e.g. `nfpms`.
    pub name: &'static str,
    /// What goferry does with it.
    pub status: Status,
    /// Whether it is goreleaser Pro's.
    pub pro: bool,
    /// What replaces it, for an old one.
    pub deprecated: Option<&'static str>,
    /// Whether it is a word of goferry.toml that goreleaser does not have.
    pub native: bool,
    /// One line on what it is.
    pub doc: &'static str,
}

/// Every top-level section of both files, in the table's order.
pub fn sections() -> &'static [Section] {
    static SECTIONS: OnceLock<Vec<Section>> = OnceLock::new();
    SECTIONS.get_or_init(|| {
        let own = OWN.iter().map(|key| section(key, true));
        let shared = ROOT.all().filter(|k| !OWN.iter().any(|own| own.name == k.name));
        let shared = shared.filter(|k| !matches!(k.status, Status::Removed(_)));
        shared.map(|key| section(key, false)).chain(own).collect()
    })
}

fn section(key: &Key, native: bool) -> Section {
    let deprecated = key.old.map(|old| match old {
        Old::Renamed(new) | Old::Superseded(new) => new,
    });
    Section { name: key.name, status: key.status, pro: key.pro, deprecated, native, doc: key.doc }
}

/// goreleaser's own values of `--skip` (of `release` and `build`) that are not section names, with the sections they cover.
/// `publish` covers every publishing section besides; `validate`, `pre-hooks` and `post-hooks` cover steps, not sections.
const GORELEASER_SKIPS: &[(&str, &[&str])] = &[
    // What is done when images are pushed is no part of a release.
    ("publish", &["docker_manifests"]),
    ("validate", &[]),
    ("pre-hooks", &[]),
    ("post-hooks", &[]),
    ("sign", &["signs", "binary_signs", "docker_signs"]),
    ("sbom", &["sboms"]),
    ("ko", &["kos", "image"]),
    ("docker", &["dockers", "dockers_v2", "docker_manifests", "docker_digest"]),
    ("chocolatey", &["chocolateys"]),
    ("snapcraft", &["snapcrafts"]),
    ("scoop", &["scoops"]),
    ("homebrew", &["brews", "homebrew_casks"]),
    ("aur", &["aurs"]),
    ("aur-source", &["aur_sources"]),
    ("nfpm", &["nfpms", "package"]),
    ("makeself", &["makeselfs"]),
    ("archive", &["archives"]),
    ("krew", &["krews"]),
    ("npm", &["npms"]),
    ("fury", &["furies", "gemfury"]),
];

/// goferry's own values that are no sections.
const OWN_SKIPS: &[&str] = &["provenance"];

/// Every value that `--skip` takes: goreleaser's words, goferry's and all section names.
pub fn skip_values() -> impl Iterator<Item = &'static str> {
    // A few of goreleaser's words are sections of goferry.toml too.
    let section = |word: &str| sections().iter().any(|s| s.name == word);
    let words = GORELEASER_SKIPS.iter().map(|(word, _)| *word).filter(move |w| !section(w));
    words.chain(OWN_SKIPS.iter().copied()).chain(sections().iter().map(|s| s.name))
}

/// Whether `--skip=skip` goes on without this section.
pub fn skip_covers(skip: &str, section: &str) -> bool {
    if skip == section {
        return true;
    }
    if skip == "publish" && sections().iter().any(|s| s.name == section && s.status == Status::Publishing) {
        return true;
    }
    GORELEASER_SKIPS.iter().any(|(word, covered)| *word == skip && covered.contains(&section))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skips_cover_what_goreleaser_skips() {
        for (skip, section, covered) in [
            ("sign", "signs", true),
            ("sign", "binary_signs", true),
            ("docker", "dockers_v2", true),
            ("publish", "release", true),
            ("publish", "docker_manifests", true),
            ("docker", "docker_manifests", true),
            ("publish", "nfpms", false),
            ("nfpms", "nfpms", true),
            ("validate", "nfpms", false),
        ] {
            assert_eq!(skip_covers(skip, section), covered, "{skip} {section}");
        }
    }

    #[test]
    fn every_word_covers_sections_that_exist() {
        for (word, covered) in GORELEASER_SKIPS {
            for section in *covered {
                assert!(sections().iter().any(|s| s.name == *section), "{word} {section}");
            }
        }
        for word in ["announce", "winget", "nix", "flatpak", "srpm", "before", "notarize", "mcp", "iru"] {
            assert!(skip_values().any(|v| v == word), "{word}");
        }
    }
}
