//! Which licences' texts are in a file, one or several, among whatever else it says.
//!
//! Each licence is compared with the stretch of the file in which most of its pairs of words stand (Sørensen–Dice of the two
//! sets). The best one is taken out, and the rest is looked at again. So a line before or after a licence does no harm,
//! and a file with three licences has three.

use super::prints::{self, Print};
use super::words;
use serde::Serialize;
use std::collections::HashMap;

/// Below this likeness, in percent, a text is not the licence.
const LEAST: u8 = 85;
/// Share of a licence's pairs that must be somewhere in the file before it is compared, in percent.
const PREFILTER: usize = 80;
/// No module has more in one file that a person put there.
const MOST: usize = 12;

/// A licence that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Found {
    /// SPDX id.
    pub id: &'static str,
    /// How like the text is, in percent.
    pub percent: u8,
}

/// The licences that are known.
pub struct Matcher {
    prints: Vec<Print>,
}

impl Default for Matcher {
    fn default() -> Self {
        Matcher::new()
    }
}

/// Where in a file a licence is.
struct Stretch {
    print: usize,
    percent: u8,
    from: usize,
    to: usize,
}

impl Matcher {
    /// Reads the table.
    pub fn new() -> Matcher {
        Matcher { prints: prints::all() }
    }

    /// The licences in a text, in their order, each once, and how many words belong to none.
    pub fn find(&self, text: &str) -> (Vec<Found>, usize) {
        let mut pairs = words::pairs(text);
        let mut found: Vec<Stretch> = vec![];
        while found.len() < MOST {
            let Some(best) = self.best(&pairs) else { break };
            // Zero is the hash of no pair that counts any more.
            pairs[best.from..best.to].fill(0);
            found.push(best);
        }
        found.sort_by_key(|s| s.from);
        let mut out: Vec<Found> = vec![];
        for s in &found {
            let id = self.prints[s.print].id;
            match out.iter_mut().find(|f| f.id == id) {
                Some(f) => f.percent = f.percent.min(s.percent),
                None => out.push(Found { id, percent: s.percent }),
            }
        }
        (out, pairs.iter().filter(|p| **p != 0).count())
    }

    fn best(&self, pairs: &[u32]) -> Option<Stretch> {
        let mut sorted = pairs.to_vec();
        sorted.sort_unstable();
        sorted.dedup();
        let candidates = self.prints.iter().enumerate().filter(|(_, p)| likely(p, &sorted));
        let stretches = candidates.filter_map(|(i, p)| stretch(i, p, pairs));
        // Of two that are equally like the longer one: it has the other one in it.
        stretches.filter(|s| s.percent >= LEAST).max_by_key(|s| (s.percent, self.prints[s.print].words))
    }
}

/// Whether most of a licence's pairs are in the file at all. Both are sorted.
fn likely(print: &Print, file: &[u32]) -> bool {
    let need = (print.hashes.len() * PREFILTER).div_ceil(100);
    if file.len() < need {
        return false;
    }
    let (mut hits, mut rest) = (0, file);
    for (i, hash) in print.hashes.iter().enumerate() {
        let at = rest.partition_point(|f| f < hash);
        rest = &rest[at..];
        hits += usize::from(rest.first() == Some(hash));
        if hits + print.hashes.len() - i - 1 < need {
            return false;
        }
    }
    hits >= need
}

/// The stretch of the file, as long as the licence and a little longer, that has most of its pairs.
fn stretch(index: usize, print: &Print, pairs: &[u32]) -> Option<Stretch> {
    let length = print.words + print.words / 8 + 16;
    let is_its = |pair: u32| pair.is_multiple_of(print.sample) && print.hashes.binary_search(&pair).is_ok();
    let its: Vec<usize> = (0..pairs.len()).filter(|i| is_its(pairs[*i])).collect();
    let mut seen: HashMap<u32, usize> = HashMap::new();
    let (mut first, mut best) = (0, (0, 0, 0));
    for (last, &at) in its.iter().enumerate() {
        *seen.entry(pairs[at]).or_default() += 1;
        while at - its[first] >= length {
            if let Some(n) = seen.get_mut(&pairs[its[first]]) {
                *n -= 1;
                if *n == 0 {
                    seen.remove(&pairs[its[first]]);
                }
            }
            first += 1;
        }
        if seen.len() > best.0 {
            best = (seen.len(), first, last);
        }
    }
    let (hits, first, last) = best;
    let (from, to) = (*its.get(first)?, *its.get(last)? + 1);
    let mut there: Vec<u32> =
        pairs[from..to].iter().copied().filter(|p| *p != 0 && p.is_multiple_of(print.sample)).collect();
    there.sort_unstable();
    there.dedup();
    let percent = (200 * hits).checked_div(print.hashes.len() + there.len())?;
    Some(Stretch { print: index, percent: u8::try_from(percent).ok()?, from, to })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ids(text: &str) -> Vec<&'static str> {
        Matcher::new().find(text).0.iter().map(|f| f.id).collect()
    }

    fn text(id: &str) -> &'static str {
        spdx::license_id(id).unwrap().text()
    }

    #[test]
    fn every_text_of_the_list_is_itself() {
        let matcher = Matcher::new();
        let mut wrong = vec![];
        for id in prints::IDS {
            let (found, _) = matcher.find(text(id));
            let got: Vec<_> = found.iter().map(|f| (f.id, f.percent)).collect();
            if got != [(id, 100)] {
                wrong.push(format!("{id}: {got:?}"));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    #[test]
    fn several_texts_are_several_licences() {
        let both = format!(
            "This project is under two licenses.\n\n{}\n=====\n\n{}",
            text("MIT"),
            text("Apache-2.0")
        );
        assert_eq!(ids(&both), ["MIT", "Apache-2.0"]);
        let three = format!("{}\n{}\n{}", text("BSD-3-Clause"), text("ISC"), text("BSD-2-Clause"));
        assert_eq!(ids(&three), ["BSD-3-Clause", "ISC", "BSD-2-Clause"]);
    }

    #[test]
    fn words_around_a_licence_do_not_count_but_are_counted() {
        let prose = "Some words of a readme about nothing in particular. ".repeat(40);
        let (found, unmatched) = Matcher::new().find(&format!("{prose}\n{}\n{prose}", text("MIT")));
        assert_eq!(found, [Found { id: "MIT", percent: 100 }]);
        assert!(unmatched > 500, "{unmatched}");
        assert!(ids(&prose).is_empty());
        assert!(ids("").is_empty());
        assert!(ids("Proprietary. All rights reserved. Permission is hereby granted to nobody.").is_empty());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn any_text_is_looked_at(noise in "(permission|is|hereby|granted|[a-z ]|\\PC| |\n){0,300}") {
            let (found, unmatched) = Matcher::new().find(&noise);
            prop_assert!(found.len() <= MOST && unmatched <= noise.len());
        }

        #[test]
        fn a_few_other_words_do_no_harm(at in proptest::collection::vec(0usize..160, 0..4)) {
            let mut words: Vec<&str> = text("MIT").split_whitespace().collect();
            for i in at {
                let i = i.min(words.len() - 1);
                words[i] = "otherwise";
            }
            prop_assert_eq!(ids(&words.join(" ")), ["MIT"]);
        }
    }
}
