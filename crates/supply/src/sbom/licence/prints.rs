//! The licences that are known, each as the set of its pairs of words.
//!
//! `prints.bin` holds, for each of [`IDS`] and [`NOTICES`] in order: number of words (u32), sample (u32), number of hashes
//! (u32), the hashes, sorted; all little-endian. It is made from the texts of the SPDX list by the test below and compared
//! with them.

/// SPDX ids of the texts in `prints.bin`. Those that have `-only` and `-or-later` for one text are named by the former: the
/// text alone grants no later version.
pub(super) const IDS: [&str; 65] = [
    "0BSD",
    "AFL-3.0",
    "AGPL-3.0-only",
    "Apache-1.1",
    "Apache-2.0",
    "Artistic-2.0",
    "Beerware",
    "BlueOak-1.0.0",
    "BSD-1-Clause",
    "BSD-2-Clause",
    "BSD-2-Clause-Patent",
    "BSD-2-Clause-Views",
    "BSD-3-Clause",
    "BSD-3-Clause-Clear",
    "BSD-4-Clause",
    "BSL-1.0",
    "BUSL-1.1",
    "bzip2-1.0.6",
    "CC-BY-3.0",
    "CC-BY-4.0",
    "CC-BY-SA-3.0",
    "CC-BY-SA-4.0",
    "CC0-1.0",
    "CDDL-1.0",
    "CDDL-1.1",
    "curl",
    "ECL-2.0",
    "Elastic-2.0",
    "EPL-1.0",
    "EPL-2.0",
    "EUPL-1.2",
    "FTL",
    "GPL-2.0-only",
    "GPL-3.0-only",
    "HPND",
    "ICU",
    "ISC",
    "JSON",
    "LGPL-2.0-only",
    "LGPL-2.1-only",
    "LGPL-3.0-only",
    "Libpng",
    "MIT",
    "MIT-0",
    "MIT-Modern-Variant",
    "MPL-1.1",
    "MPL-2.0",
    "MS-PL",
    "MulanPSL-2.0",
    "NCSA",
    "NTP",
    "OFL-1.1",
    "OpenSSL",
    "OSL-3.0",
    "PostgreSQL",
    "PSF-2.0",
    "SSPL-1.0",
    "Unicode-3.0",
    "Unicode-DFS-2016",
    "Unlicense",
    "UPL-1.0",
    "Vim",
    "WTFPL",
    "X11",
    "Zlib",
];

/// Notices that stand for a licence: its id, the text of the list that proposes the notice, where it begins and ends there.
pub(super) const NOTICES: [(&str, &str, &str, &str); 7] = [
    ("Apache-2.0", "Apache-2.0", "Licensed under the Apache License", "limitations under the License."),
    ("GPL-2.0-or-later", "GPL-2.0-only", "This program is free software; you", "for more details."),
    ("GPL-3.0-or-later", "GPL-3.0-only", "This program is free software: you", "for more details."),
    ("LGPL-2.0-or-later", "LGPL-2.0-only", "This library is free software; you", "for more details."),
    ("LGPL-2.1-or-later", "LGPL-2.1-only", "This library is free software; you", "for more details."),
    ("AGPL-3.0-or-later", "AGPL-3.0-only", "This program is free software: you", "for more details."),
    ("MPL-2.0", "MPL-2.0", "This Source Code Form is subject to the terms", "obtain one at"),
];

/// One licence's text.
pub(super) struct Print {
    /// SPDX id.
    pub(super) id: &'static str,
    /// Its length in pairs of words.
    pub(super) words: usize,
    /// Only multiples of this are in `hashes`.
    pub(super) sample: u32,
    /// Sorted, each once.
    pub(super) hashes: Vec<u32>,
}

/// All that are known.
pub(super) fn all() -> Vec<Print> {
    let numbers = include_bytes!("prints.bin").as_chunks::<4>().0.iter().map(|c| u32::from_le_bytes(*c));
    let mut numbers = numbers;
    let mut next = || numbers.next().unwrap_or_default();
    let notices = NOTICES.iter().map(|(id, ..)| id);
    IDS.iter()
        .chain(notices)
        .map(|id| {
            let (words, sample, len) = (next() as usize, next().max(1), next());
            Print { id, words, sample, hashes: (0..len).map(|_| next()).collect() }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Only hashes that are multiples of this are kept of a long text.
    const SAMPLE: u32 = 4;
    /// From how many words on a text is long.
    const LONG: usize = 1_000;

    /// The print of a text.
    fn of(id: &'static str, text: &str) -> Print {
        let pairs = super::super::words::pairs(text);
        let sample = if pairs.len() > LONG { SAMPLE } else { 1 };
        let mut hashes: Vec<u32> = pairs.iter().copied().filter(|h| h.is_multiple_of(sample)).collect();
        hashes.sort_unstable();
        hashes.dedup();
        Print { id, words: pairs.len(), sample, hashes }
    }

    /// `GOFERRY_BLESS=1` writes the file.
    #[test]
    fn prints_are_of_the_texts_of_the_spdx_list() {
        let mut bytes = vec![];
        let listed =
            |id: &str| spdx::license_id(id).unwrap_or_else(|| panic!("{id} is not in the list")).text();
        let notices = NOTICES.map(|(id, of, from, to)| {
            let text = listed(of).split_whitespace().collect::<Vec<_>>().join(" ");
            // The last one: the text's own words about itself come first.
            let start = text.rfind(from).unwrap_or_else(|| panic!("{of} has no `{from}`"));
            let end = text[start..].find(to).unwrap_or_else(|| panic!("{of} has no `{to}`"));
            (id, text[start..start + end + to.len()].to_owned())
        });
        for (id, text) in IDS.map(|id| (id, listed(id).to_owned())).into_iter().chain(notices) {
            let print = of(id, &text);
            for n in
                [print.words as u32, print.sample, print.hashes.len() as u32].into_iter().chain(print.hashes)
            {
                bytes.extend(n.to_le_bytes());
            }
        }
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/sbom/licence/prints.bin");
        if std::env::var_os("GOFERRY_BLESS").is_some() {
            std::fs::write(path, &bytes).unwrap();
        }
        assert!(
            std::fs::read(path).unwrap() == bytes,
            "prints.bin: GOFERRY_BLESS=1 lcargo test -p goferry-supply prints"
        );
        assert_eq!(IDS.len() + NOTICES.len(), all().len());
        assert!(all().iter().all(|p| p.hashes.len() > 10 && p.hashes.is_sorted()));
    }
}
