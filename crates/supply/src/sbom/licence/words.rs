//! A licence's text as the words that count.
//!
//! What differs between two copies of one licence is left out: who holds the copyright, how it is wrapped, bulleted and
//! quoted (SPDX's matching guidelines, annex B of the specification, as far as words go).

/// Hash of each pair of neighbouring words, in their order.
pub(super) fn pairs(text: &str) -> Vec<u32> {
    let mut hashes = vec![];
    for line in text.lines() {
        let words = of_line(line);
        if !is_copyright(&words) {
            hashes.extend(words.iter().map(|w| fnv(0x811c_9dc5, w)));
        }
    }
    hashes.windows(2).map(|w| mix(w[0], w[1])).collect()
}

/// Lower-case words of a line; single characters and small numbers are bullets.
fn of_line(line: &str) -> Vec<String> {
    let words = line.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty());
    let bullet = |w: &&str| w.len() == 1 || w.len() == 2 && w.bytes().all(|b| b.is_ascii_digit());
    words.filter(|w| !bullet(w)).map(|w| spelled(w.to_lowercase())).collect()
}

/// Words that are spelled in two ways (SPDX matching guidelines, "Varietal word spelling").
fn spelled(word: String) -> String {
    match word.as_str() {
        "licence" => "license".to_owned(),
        "licences" => "licenses".to_owned(),
        "licenced" => "licensed".to_owned(),
        "https" => "http".to_owned(),
        _ => word,
    }
}

fn is_copyright(words: &[String]) -> bool {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        // Not the line of a licence that begins so: "copyright notice, this list of conditions …".
        ["copyright", next, ..] => {
            !matches!(*next, "notice" | "holder" | "holders" | "owner" | "and" | "license" | "law")
        }
        ["copyright"] | ["all", "rights", "reserved"] => true,
        ["portions", "copyright", ..] => true,
        _ => false,
    }
}

/// FNV-1a, 32 bits.
fn fnv(seed: u32, word: &str) -> u32 {
    word.bytes().fold(seed, |h, b| (h ^ u32::from(b)).wrapping_mul(0x0100_0193))
}

fn mix(a: u32, b: u32) -> u32 {
    let mixed = (u64::from(a) << 32 | u64::from(b)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    u32::try_from(mixed >> 32).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layout_and_holders_do_not_count() {
        let a = pairs("Copyright (c) 2020 Somebody\nAll rights reserved.\n\n1. The licence, as is.\n");
        let b = pairs("// Copyright 1999-2001 Another GmbH\n//  * The \"License\" as\n//    is");
        assert_eq!(a, b);
        assert_eq!(a.len(), 3);
        assert_eq!(pairs("copyright notice, this list").len(), 3);
        assert!(pairs("").is_empty());
    }
}
