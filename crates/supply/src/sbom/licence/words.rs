//! A licence's text as the words that count.
//!
//! What differs between two copies of one licence is left out: who holds the copyright, how it is wrapped, bulleted and
//! quoted (SPDX's matching guidelines, annex B of the specification, as far as words go).

/// Hash of each pair of neighbouring words, in their order.
pub(super) fn pairs(text: &str) -> Vec<u32> {
    let mut hashes = Vec::with_capacity(text.len() / 6);
    for line in text.lines() {
        let start = hashes.len();
        words(line, &mut hashes);
        if is_copyright(&hashes[start..]) {
            hashes.truncate(start);
        }
    }
    hashes.windows(2).map(|w| mix(w[0], w[1])).collect()
}

/// Adds the hashes of a line's words, in lower case; single characters and small numbers are bullets, but not behind `version`.
fn words(line: &str, out: &mut Vec<u32>) {
    let (mut hash, mut bytes, mut digits) = (SEED, 0, true);
    for c in line.chars().chain([' ']) {
        if c.is_ascii_alphanumeric() {
            hash = step(hash, c.to_ascii_lowercase() as u8);
            digits &= c.is_ascii_digit();
            bytes += 1;
        } else if !c.is_ascii() && c.is_alphanumeric() {
            for lower in c.to_lowercase() {
                let mut buffer = [0; 4];
                hash = lower.encode_utf8(&mut buffer).bytes().fold(hash, step);
            }
            digits = false;
            bytes += c.len_utf8();
        } else {
            let versioned = digits && bytes > 0 && out.last() == Some(&const { of("version") });
            if bytes > 2 || bytes == 2 && !digits || versioned {
                out.push(spelled(hash));
            }
            (hash, bytes, digits) = (SEED, 0, true);
        }
    }
}

/// Words that are spelled in two ways (SPDX matching guidelines, "Varietal word spelling").
fn spelled(hash: u32) -> u32 {
    const TWO: [(u32, u32); 4] = [
        (of("licence"), of("license")),
        (of("licences"), of("licenses")),
        (of("licenced"), of("licensed")),
        (of("https"), of("http")),
    ];
    TWO.iter().find(|(from, _)| *from == hash).map_or(hash, |(_, to)| *to)
}

fn is_copyright(words: &[u32]) -> bool {
    const COPYRIGHT: u32 = of("copyright");
    // As a licence itself begins a line: "copyright notice, this list of conditions …".
    const OTHER: [u32; 7] =
        [of("notice"), of("holder"), of("holders"), of("owner"), of("and"), of("license"), of("law")];
    match words {
        [COPYRIGHT, next, ..] => !OTHER.contains(next),
        [COPYRIGHT] => true,
        [a, COPYRIGHT, ..] => *a == const { of("portions") },
        [a, b, c] => [*a, *b, *c] == const { [of("all"), of("rights"), of("reserved")] },
        _ => false,
    }
}

const SEED: u32 = 0x811c_9dc5;

/// FNV-1a, 32 bits.
const fn step(hash: u32, byte: u8) -> u32 {
    (hash ^ byte as u32).wrapping_mul(0x0100_0193)
}

const fn of(word: &str) -> u32 {
    let (bytes, mut hash, mut i) = (word.as_bytes(), SEED, 0);
    while i < bytes.len() {
        hash = step(hash, bytes[i]);
        i += 1;
    }
    hash
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
        assert_eq!(pairs("ÄRGER über"), pairs("ärger ÜBER"));
        assert!(pairs("").is_empty());
    }
}
