//! Which licences' texts are in a file, one or several, among whatever else it says.
//!
//! Each licence is compared with the stretch of the file in which most of its pairs of words stand (Sørensen–Dice of the two
//! sets). The best one is taken out, and the rest is looked at again. So a line before or after a licence does no harm,
//! and a file with three licences has three.

use super::prints::{self, Print};
use super::words;
use serde::Serialize;

/// Below this likeness, in percent, a text is not the licence.
const LEAST: u8 = 85;
/// From here on the ends of the stretch are good enough, in percent.
const SURE: u8 = 94;
/// Share of a licence's pairs that must be somewhere in the file before it is compared, in percent.
const PREFILTER: usize = 80;
/// With fewer pairs of its own than this a licence differs from another by chance.
const TELLING: usize = 5;
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
        let likely = self.prints.iter().enumerate().filter(|(_, p)| likely(p, &sorted));
        let windows: Vec<Window> = likely.filter_map(|(i, p)| window(i, p, pairs)).collect();
        let sure = windows.iter().any(|w| w.whole.percent >= SURE);
        let rivals: Vec<usize> = windows.iter().map(|w| w.whole.print).collect();
        let stretches = windows.into_iter().filter_map(|w| match sure || w.whole.percent < LEAST / 2 {
            true => Some(w.whole),
            false => trimmed(&self.prints[w.whole.print], pairs, &w),
        });
        let alike = stretches.filter(|s| s.percent >= LEAST && self.has_its_own(s, pairs, &rivals));
        // Of two that are equally like the longer one: it has the other one in it.
        alike.max_by_key(|s| (s.percent, self.prints[s.print].words))
    }

    /// Whether what tells a licence from each that is much like it is there: JSON is MIT and one sentence.
    fn has_its_own(&self, stretch: &Stretch, pairs: &[u32], rivals: &[usize]) -> bool {
        let print = &self.prints[stretch.print];
        let piece = &pairs[stretch.from..stretch.to];
        rivals.iter().map(|r| &self.prints[*r]).filter(|r| r.sample == print.sample).all(|rival| {
            let own: Vec<&u32> =
                print.hashes.iter().filter(|h| rival.hashes.binary_search(h).is_err()).collect();
            let telling = (TELLING..print.hashes.len() / 3).contains(&own.len());
            !telling || own.iter().filter(|h| piece.contains(h)).count() * 2 >= own.len()
        })
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

/// The stretch of a file with most of a licence's pairs, before its ends were looked at.
struct Window {
    whole: Stretch,
    /// Where its hits are.
    hits: Vec<usize>,
}

/// The stretch of the file, as long as the licence and a little longer, that has most of its pairs.
fn window(index: usize, print: &Print, pairs: &[u32]) -> Option<Window> {
    let length = print.words + print.words / 8 + 16;
    let its = |(at, pair): (usize, &u32)| {
        let sampled = pair.is_multiple_of(print.sample);
        sampled.then(|| print.hashes.binary_search(pair).ok().map(|i| (at, i))).flatten()
    };
    let its: Vec<(usize, usize)> = pairs.iter().enumerate().filter_map(its).collect();
    let (mut seen, mut different) = (vec![0_u32; print.hashes.len()], 0);
    let (mut first, mut best) = (0, (0, 0, 0));
    for (last, &(at, pair)) in its.iter().enumerate() {
        different += usize::from(seen[pair] == 0);
        seen[pair] += 1;
        while at - its[first].0 >= length {
            let gone = &mut seen[its[first].1];
            *gone -= 1;
            different -= usize::from(*gone == 0);
            first += 1;
        }
        if different > best.0 {
            best = (different, first, last);
        }
    }
    let hits: Vec<usize> = its.get(best.1..=best.2)?.iter().map(|(at, _)| *at).collect();
    let (from, to) = (*hits.first()?, *hits.last()? + 1);
    let percent = likeness(print, &pairs[from..to])?;
    Some(Window { whole: Stretch { print: index, percent, from, to }, hits })
}

/// How many hits at either end of a stretch may be another text's.
const TRIM: usize = 24;

/// The part of a window that is most like the licence: a heading before it may have some of its words.
fn trimmed(print: &Print, pairs: &[u32], window: &Window) -> Option<Stretch> {
    let (index, last) = (window.whole.print, window.whole.to);
    let like = |from: usize, to: usize| {
        Some(Stretch { print: index, percent: likeness(print, &pairs[from..to])?, from, to })
    };
    let begins = window.hits.iter().take(TRIM).filter(|h| **h < last);
    // Of equals the longest.
    let best =
        begins.filter_map(|from| like(*from, last)).max_by_key(|s| (s.percent, usize::MAX - s.from))?;
    let ends = window.hits.iter().rev().take(TRIM).map(|h| h + 1).filter(|to| *to > best.from);
    ends.filter_map(|to| like(best.from, to)).max_by_key(|s| (s.percent, s.to))
}

/// Sørensen–Dice of the licence's pairs and those of a piece of the file, in percent.
fn likeness(print: &Print, piece: &[u32]) -> Option<u8> {
    let mut there: Vec<u32> =
        piece.iter().copied().filter(|p| *p != 0 && p.is_multiple_of(print.sample)).collect();
    there.sort_unstable();
    there.dedup();
    let hits = there.iter().filter(|p| print.hashes.binary_search(p).is_ok()).count();
    u8::try_from((200 * hits).checked_div(print.hashes.len() + there.len())?).ok()
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
