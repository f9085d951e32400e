//! Licences by their texts: SPDX ids with a confidence.
//!
//! Owns: which files of a module hold its licence, and what they are. Must not: follow a link in a README, or guess from an
//! owner's name. The texts compared with are SPDX's (`prints.bin`, made from crate `spdx` by a test).

mod matcher;
mod prints;
mod words;

pub use matcher::{Found, Matcher};

use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::path::Path;

/// A licence file is some pages long; what is larger is something else.
const MAX_FILE: u64 = 1 << 20;
/// A module has one to four; a folder full of them is none that a person wrote.
const MAX_FILES: usize = 16;

/// From how many words on the rest of a licence file may be another licence or a condition on this one, and is named.
pub(super) const MANY_WORDS: usize = 100;

/// What a module's licence files say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Licences {
    /// Names of the files, sorted; empty: none was at hand.
    pub files: Vec<String>,
    /// Licences by SPDX id, in the files' order.
    pub found: Vec<Found>,
    /// Words of the files that belong to no licence that is known here: another licence's, or an exception's.
    pub unmatched: usize,
    /// Files named as alternatives (`LICENSE-MIT`, `LICENSE-APACHE`).
    pub choice: bool,
    /// What a licence file itself says by `SPDX-License-Identifier:`.
    pub stated: Option<String>,
}

impl Licences {
    /// As an SPDX expression; none if no text was recognised.
    ///
    /// What a file states comes first. Several texts all hold (AND), which is the careful reading, unless their files'
    /// names offer a choice.
    pub fn expression(&self) -> Option<String> {
        if let Some(stated) = &self.stated {
            return Some(stated.clone());
        }
        let later =
            |id: &str| self.found.iter().any(|f| id.strip_suffix("-only") == f.id.strip_suffix("-or-later"));
        // The notice beside a licence's text grants later versions too.
        let ids: Vec<&str> =
            self.found.iter().map(|f| f.id).filter(|id| !id.ends_with("-only") || !later(id)).collect();
        let join = if self.choice { " OR " } else { " AND " };
        (!ids.is_empty()).then(|| ids.join(join))
    }

    /// The least sure of them, in percent.
    pub fn confidence(&self) -> Option<u8> {
        self.found.iter().map(|f| f.percent).min()
    }
}

/// Texts that were looked at, by digest.
pub type Known = HashMap<[u8; 32], (Vec<Found>, usize)>;

/// The licences in a module's root folder. A folder that cannot be read has none.
pub fn of_folder(folder: &Path, matcher: &Matcher, known: &mut Known) -> Licences {
    let mut out = Licences::default();
    for (name, text) in texts(folder, &is_licence) {
        let digest: [u8; 32] = Sha256::digest(&text).into();
        let entry = known.entry(digest);
        let (found, unmatched) = entry.or_insert_with(|| matcher.find(&String::from_utf8_lossy(&text)));
        for f in found.iter() {
            match out.found.iter_mut().find(|o| o.id == f.id) {
                Some(o) => o.percent = o.percent.max(f.percent),
                None => out.found.push(f.clone()),
            }
        }
        out.unmatched += *unmatched;
        out.stated = out.stated.or_else(|| stated(&String::from_utf8_lossy(&text)));
        out.files.push(name);
    }
    let alternative = |n: &String| n.to_ascii_uppercase().starts_with("LICENSE-");
    out.choice =
        out.found.len() > 1 && out.files.len() == out.found.len() && out.files.iter().all(alternative);
    out
}

/// The expression behind `SPDX-License-Identifier:`, if it looks like one.
fn stated(text: &str) -> Option<String> {
    let (_, rest) = text.split_once("SPDX-License-Identifier:")?;
    let line = rest.lines().next()?.trim_matches(|c: char| c.is_whitespace() || "*/#`-<>!".contains(c));
    let word = |w: &str| {
        let w = w.trim_matches(['(', ')']);
        matches!(w, "AND" | "OR" | "WITH")
            || w.starts_with(|c: char| c.is_ascii_alphanumeric())
                && w.chars().all(|c| c.is_ascii_alphanumeric() || ".-+".contains(c))
                && w.contains(|c: char| c.is_ascii_digit() || c.is_ascii_uppercase())
    };
    (!line.is_empty() && line.len() < 200 && line.split_whitespace().all(word)).then(|| line.to_owned())
}

/// Files directly in `folder` whose name `wanted` takes, sorted by name.
pub(super) fn texts(folder: &Path, wanted: &dyn Fn(&str) -> bool) -> Vec<(String, Vec<u8>)> {
    let Ok(entries) = std::fs::read_dir(folder) else { return vec![] };
    let names = entries.flatten().filter_map(|e| e.file_name().into_string().ok());
    let mut names: Vec<String> = names.filter(|n| wanted(n)).collect();
    names.sort();
    names.truncate(MAX_FILES);
    let read = |name: String| {
        let path = folder.join(&name);
        // A link may lead anywhere.
        let meta = path.symlink_metadata().ok().filter(|m| m.is_file() && m.len() <= MAX_FILE)?;
        std::fs::read(&path).ok().filter(|t| t.len() as u64 <= meta.len().max(1)).map(|text| (name, text))
    };
    names.into_iter().filter_map(read).collect()
}

/// Whether a file of this name holds the licence: `LICENSE`, `LICENCE.md`, `COPYING.LESSER`, `LICENSE-MIT`, `UNLICENSE`.
pub(super) fn is_licence(name: &str) -> bool {
    let upper = name.to_ascii_uppercase();
    let stem = ["LICENSE", "LICENCE", "COPYING", "UNLICENSE", "MIT-LICENSE"]
        .iter()
        .find_map(|s| upper.strip_prefix(s));
    let Some(rest) = stem else { return false };
    // Code about licences, and licences of the documentation only.
    let other = [
        ".GO", ".PY", ".SH", ".JSON", ".YML", ".YAML", ".TMPL", ".TPL", ".HEADER", ".DOCS", "-DOCS", ".CSV",
        ".SPDX",
    ];
    (rest.is_empty() || rest.starts_with(['.', '-', '_', 'S'])) && !other.iter().any(|o| rest.ends_with(o))
}

/// Whether a file of this name must be passed on with the program: the NOTICE of Apache-2.0, section 4(d).
pub(super) fn is_notice(name: &str) -> bool {
    let upper = name.to_ascii_uppercase();
    matches!(upper.as_str(), "NOTICE" | "NOTICE.TXT" | "NOTICE.MD" | "PATENTS" | "AUTHORS" | "COPYRIGHT")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_file_states_is_taken() {
        for (text, want) in [
            (
                "x\n SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later\nmore",
                Some("Apache-2.0 OR GPL-2.0-or-later"),
            ),
            ("// SPDX-License-Identifier: (MIT AND BSD-3-Clause) */", Some("(MIT AND BSD-3-Clause)")),
            ("SPDX-License-Identifier: see the file below, please", None),
            ("SPDX-License-Identifier:", None),
            ("nothing", None),
        ] {
            assert_eq!(stated(text).as_deref(), want, "{text}");
        }
    }

    #[test]
    fn a_notice_grants_later_versions() {
        let of = |ids: &[&'static str]| {
            let found = ids.iter().map(|id| Found { id, percent: 99 }).collect();
            Licences { found, ..Licences::default() }.expression().unwrap()
        };
        assert_eq!(of(&["GPL-3.0-only", "GPL-3.0-or-later"]), "GPL-3.0-or-later");
        assert_eq!(of(&["GPL-3.0-only", "GPL-2.0-or-later"]), "GPL-3.0-only AND GPL-2.0-or-later");
        assert_eq!(of(&["MIT", "Apache-2.0"]), "MIT AND Apache-2.0");
    }

    #[test]
    fn names_of_licence_files() {
        for (name, want) in [
            ("LICENSE", true),
            ("License.md", true),
            ("LICENCE.txt", true),
            ("COPYING", true),
            ("COPYING.LESSER", true),
            ("LICENSE-MIT", true),
            ("LICENSE-APACHE-2.0.txt", true),
            ("LICENSE.libyaml", true),
            ("LICENSES", true),
            ("UNLICENSE", true),
            ("license.go", false),
            ("licenser", false),
            ("LICENSE.docs", false),
            ("README.md", false),
        ] {
            assert_eq!(is_licence(name), want, "{name}");
        }
    }
}
