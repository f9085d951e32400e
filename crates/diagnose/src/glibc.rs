//! Which release of which distribution has which C library.
//!
//! Sources: each distribution's own package lists of the release; looked up on 2026-11-23 from what its release notes and
//! package archives say.

use serde::Serialize;

/// A release of a distribution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Release {
    /// `Debian`, `Ubuntu`, `RHEL`, `Amazon Linux`, `SLES`.
    pub distribution: &'static str,
    /// Its version: `12`, `22.04`.
    pub version: &'static str,
    /// Year in which it came out.
    pub year: u16,
    /// Its glibc.
    pub glibc: (u32, u32),
}

const fn release(distribution: &'static str, version: &'static str, year: u16, minor: u32) -> Release {
    Release { distribution, version, year, glibc: (2, minor) }
}

/// From old to new within a distribution. RHEL stands for its rebuilds too: Alma, Rocky, Oracle, CentOS Stream.
pub const RELEASES: &[Release] = &[
    release("Debian", "8", 2015, 19),
    release("Debian", "9", 2017, 24),
    release("Debian", "10", 2019, 28),
    release("Debian", "11", 2021, 31),
    release("Debian", "12", 2023, 36),
    release("Debian", "13", 2025, 41),
    release("Ubuntu", "14.04", 2014, 19),
    release("Ubuntu", "16.04", 2016, 23),
    release("Ubuntu", "18.04", 2018, 27),
    release("Ubuntu", "20.04", 2020, 31),
    release("Ubuntu", "22.04", 2022, 35),
    release("Ubuntu", "24.04", 2024, 39),
    release("RHEL", "6", 2010, 12),
    release("RHEL", "7", 2014, 17),
    release("RHEL", "8", 2019, 28),
    release("RHEL", "9", 2022, 34),
    release("RHEL", "10", 2025, 39),
    release("Amazon Linux", "2", 2018, 26),
    release("Amazon Linux", "2023", 2023, 34),
    release("SLES", "12", 2014, 22),
    release("SLES", "15", 2018, 26),
];

/// The oldest release of each distribution whose glibc is at least this one; a distribution that has none yet is left out.
pub fn oldest(needed: (u32, u32)) -> Vec<Release> {
    let mut out: Vec<Release> = vec![];
    for r in RELEASES.iter().filter(|r| r.glibc >= needed) {
        if !out.iter().any(|have| have.distribution == r.distribution) {
            out.push(*r);
        }
    }
    out
}

/// The same as one line: `Debian 12, Ubuntu 22.04, RHEL 9`.
pub fn oldest_line(needed: (u32, u32)) -> String {
    let words: Vec<String> =
        oldest(needed).iter().map(|r| format!("{} {}", r.distribution, r.version)).collect();
    if words.is_empty() { "no released distribution in the table".to_owned() } else { words.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_that_has_it() {
        let line = oldest_line((2, 34));
        assert!(line.starts_with("Debian 12, Ubuntu 22.04, RHEL 9"), "{line}");
        assert!(oldest_line((2, 17)).contains("Debian 8, Ubuntu 14.04, RHEL 7"));
        assert!(oldest((2, 99)).is_empty());
        assert_eq!(oldest((2, 41)).len(), 1);
    }

    #[test]
    fn releases_are_in_order() {
        for pair in RELEASES.windows(2).filter(|p| p[0].distribution == p[1].distribution) {
            assert!(pair[0].year <= pair[1].year && pair[0].glibc <= pair[1].glibc, "{pair:?}");
        }
    }
}
