//! Changelogs as Debian's tools and rpm show them, from entries as chglog's YAML has them.
//!
//! Owns: the texts. Must not: read YAML.

use super::ChangelogEntry;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use std::fmt::Write;

/// deb-changelog(5).
pub(super) fn debian(package: &str, entries: &[ChangelogEntry]) -> String {
    let mut text = String::new();
    for entry in entries {
        let _ = write!(text, "\n{package} ({})", entry.semver);
        if let Some(deb) = &entry.deb {
            let urgency = if deb.urgency.is_empty() { "low" } else { &deb.urgency };
            let _ = write!(text, " {}; urgency={urgency}", deb.distributions.join(" "));
        }
        for note in &entry.notes {
            let mut lines = note.split('\n');
            let _ = write!(text, "\n  * {}", lines.next().unwrap_or(""));
            for line in lines.filter(|l| !l.trim().is_empty()) {
                let _ = write!(text, "\n   - {line}");
            }
        }
        let date = format(entry.date, "%a, %d %b %Y %H:%M:%S +0000");
        let _ = writeln!(text, "\n\n -- {}  {date}", entry.packager);
    }
    format!("{}\n", text.trim())
}

/// Title and text of an entry in rpm's header.
pub(super) fn rpm(entry: &ChangelogEntry) -> (String, String) {
    let mut text = String::new();
    for note in &entry.notes {
        let mut lines = note.split('\n');
        let _ = write!(text, "\n- {}", lines.next().unwrap_or(""));
        for line in lines.filter(|l| !l.trim().is_empty()) {
            let _ = write!(text, "\n{line}");
        }
    }
    (format!("{} - {}", entry.packager, entry.semver), text.trim().to_owned())
}

fn format(seconds: i64, how: &str) -> String {
    let time = Timestamp::from_second(seconds).unwrap_or(Timestamp::UNIX_EPOCH);
    time.to_zoned(TimeZone::UTC).strftime(how).to_string()
}

#[cfg(test)]
mod tests {
    use super::super::ChangelogDeb;
    use super::*;

    /// What chglog's own templates make of these entries.
    #[test]
    fn texts_are_chglogs() {
        let entries = [
            ChangelogEntry {
                semver: "1.1.0".into(),
                date: 1_571_785_132,
                packager: "Ann <ann@example.com>".into(),
                deb: Some(ChangelogDeb { urgency: String::new(), distributions: vec!["stable".into()] }),
                notes: vec!["one\ndetail\n\nmore".into(), "two".into()],
            },
            ChangelogEntry {
                semver: "1.0.0".into(),
                date: 0,
                packager: "Ann <ann@example.com>".into(),
                deb: None,
                notes: vec!["first".into()],
            },
        ];
        assert_eq!(
            debian("tool", &entries),
            "tool (1.1.0) stable; urgency=low\n  * one\n   - detail\n   - more\n  * two\n\n \
             -- Ann <ann@example.com>  Tue, 22 Oct 2019 22:58:52 +0000\n\n\
             tool (1.0.0)\n  * first\n\n -- Ann <ann@example.com>  Thu, 01 Jan 1970 00:00:00 +0000\n"
        );
        assert_eq!(
            rpm(&entries[0]),
            ("Ann <ann@example.com> - 1.1.0".into(), "- one\ndetail\nmore\n- two".into())
        );
    }
}
