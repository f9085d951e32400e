//! The changelog from the local git log, exactly as goreleaser 2.15 writes it for `use: git`.
//!
//! Owns: the log's argv and parsing, filters, sorting, groups, the body's text. Must not: render templates (the caller
//! passes a closure), write files, add header or footer.

use crate::go_regexp;
use std::cmp::Reverse;

/// Somebody who wrote, or helped to write, a commit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Author {
    /// Name.
    pub name: String,
    /// E-mail address.
    pub email: String,
}

/// One commit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// Full hash.
    pub sha: String,
    /// Subject line.
    pub message: String,
    /// The author, then co-authors from `Co-authored-by:` lines.
    pub authors: Vec<Author>,
    /// Author date, seconds since 1970.
    pub date: i64,
}

impl Entry {
    /// The commit's author (`.AuthorName`, `.AuthorEmail`).
    pub fn author(&self) -> Author {
        self.authors.first().cloned().unwrap_or_default()
    }

    /// `.Authors`: without repetitions (by e-mail, else by name) and without the nameless.
    pub fn distinct_authors(&self) -> Vec<Author> {
        let mut out: Vec<Author> = vec![];
        let key = |a: &Author| if a.email.is_empty() { a.name.clone() } else { a.email.clone() };
        for a in &self.authors {
            if !key(a).is_empty() && !out.iter().any(|o| key(o) == key(a)) {
                out.push(a.clone());
            }
        }
        out
    }
}

/// The fields are separated by NUL, which no commit message can hold; `%aE` honours .mailmap as goreleaser does.
const FORMAT: &str = "--pretty=format:%H%x00%s%x00%b%x00%an%x00%aE%x00%at%x00";
const FIELDS: usize = 6;

/// Arguments of git for the entries of `previous..current`, or of everything if there is no previous tag.
///
/// Without a previous tag goreleaser logs from HEAD, not from the tag; so do we.
pub fn log_args(previous: &str, current: &str) -> Vec<String> {
    let mut args: Vec<String> =
        ["-c", "log.showSignature=false", "log", "--no-decorate", "--no-color", FORMAT]
            .map(String::from)
            .into();
    if !previous.is_empty() {
        args.push(format!("{previous}..{current}"));
    }
    args
}

/// Reads what git wrote for [`log_args`]. Bytes that are not UTF-8 become replacement characters.
pub fn parse_log(stdout: &[u8]) -> Vec<Entry> {
    let text = String::from_utf8_lossy(stdout);
    let mut fields = text.split('\0');
    let mut out = vec![];
    loop {
        let row: Vec<&str> = fields.by_ref().take(FIELDS).collect();
        let [sha, message, body, name, email, date] = row[..] else { return out };
        let mut authors = vec![Author { name: name.to_owned(), email: email.to_owned() }];
        authors.extend(body.lines().filter_map(co_author));
        out.push(Entry {
            sha: sha.trim_start_matches('\n').to_owned(),
            message: message.to_owned(),
            authors,
            date: date.parse().unwrap_or(0),
        });
    }
}

/// `Co-authored-by: Name <email>` in any case, at the start of a line.
fn co_author(line: &str) -> Option<Author> {
    const KEY: &str = "co-authored-by:";
    let head = line.get(..KEY.len())?;
    if !head.eq_ignore_ascii_case(KEY) {
        return None;
    }
    let (name, rest) = line[KEY.len()..].split_once('<')?;
    let (email, _) = rest.split_once('>')?;
    let (name, email) = (name.trim(), email.trim());
    // One letter is no name: goreleaser's pattern wants two characters.
    (name.chars().count() >= 2 && !rest.starts_with('>'))
        .then(|| Author { name: name.to_owned(), email: email.to_owned() })
}

/// Order of entries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    /// As git lists them, newest first.
    #[default]
    Log,
    /// By message.
    Ascending,
    /// By message, backwards.
    Descending,
}

impl Sort {
    /// The configuration's word; none if it is not one of `""`, `asc`, `desc`.
    pub fn parse(word: &str) -> Option<Sort> {
        match word {
            "" => Some(Sort::Log),
            "asc" => Some(Sort::Ascending),
            "desc" => Some(Sort::Descending),
            _ => None,
        }
    }
}

/// One `changelog.groups` item.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Group {
    /// Title, without `###`.
    pub title: String,
    /// Pattern on the message; empty takes all that is left.
    pub regexp: String,
    /// Position.
    pub order: i64,
}

/// `changelog` of the configuration, apart from the format.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChangelogRules {
    /// Order of entries.
    pub sort: Sort,
    /// If any are given only these are kept (an entry that matches two is listed twice, as 2.15 does).
    pub include: Vec<String>,
    /// Patterns that drop entries; not looked at when there are includes.
    pub exclude: Vec<String>,
    /// Groups.
    pub groups: Vec<Group>,
    /// Length of the hash: 0 is all of it, negative none.
    pub abbrev: i64,
    /// Two blanks more at each line's end, as for GitLab and Gitea.
    pub hard_breaks: bool,
}

/// Why no changelog could be made.
#[derive(Debug, thiserror::Error)]
pub enum ChangelogError<E> {
    /// A pattern does not compile.
    #[error("changelog pattern {pattern:?}")]
    Pattern {
        /// As configured.
        pattern: String,
        /// Why.
        source: Box<regex::Error>,
    },
    /// The closure failed.
    #[error("changelog format")]
    Format(E),
}

/// The body of CHANGELOG.md: `## Changelog` and the entries, without a newline at its end.
///
/// `format` renders one entry; it gets the hash as `abbrev` leaves it.
///
/// # Errors
/// A pattern that does not compile, or what `format` returns.
pub fn render<E>(
    entries: &[Entry],
    rules: &ChangelogRules,
    mut format: impl FnMut(&Entry, &str) -> Result<String, E>,
) -> Result<String, ChangelogError<E>> {
    let mut entries = filter(entries, rules)?;
    match rules.sort {
        Sort::Log => {}
        Sort::Ascending => entries.sort_by(|a, b| a.message.cmp(&b.message)),
        Sort::Descending => entries.sort_by_key(|e| Reverse(e.message.clone())),
    }
    let mut line = |e: &Entry| {
        format(e, abbreviate(&e.sha, rules.abbrev)).map(|l| format!("* {l}")).map_err(ChangelogError::Format)
    };
    let mut lines = vec!["## Changelog".to_owned()];
    if rules.groups.is_empty() {
        for e in &entries {
            lines.push(line(e)?);
        }
    } else {
        let mut groups = vec![];
        for group in &rules.groups {
            let (mine, rest) = split_group(entries, group)?;
            entries = rest;
            groups.push((group, mine.iter().map(&mut line).collect::<Result<Vec<_>, _>>()?));
            if entries.is_empty() {
                break;
            }
        }
        groups.sort_by_key(|(g, _)| g.order);
        for (group, items) in groups.into_iter().filter(|(_, items)| !items.is_empty()) {
            lines.push(if group.title.is_empty() { String::new() } else { format!("### {}", group.title) });
            lines.extend(items);
        }
    }
    Ok(lines.join(if rules.hard_breaks { "   \n" } else { "\n" }))
}

type Entries = Vec<Entry>;

fn split_group<E>(entries: Entries, group: &Group) -> Result<(Entries, Entries), ChangelogError<E>> {
    if group.regexp.is_empty() {
        return Ok((entries, vec![]));
    }
    let pattern = compile(&group.regexp)?;
    Ok(entries.into_iter().partition(|e| pattern.is_match(&e.message)))
}

fn filter<E>(entries: &[Entry], rules: &ChangelogRules) -> Result<Entries, ChangelogError<E>> {
    let mut kept = vec![];
    if !rules.include.is_empty() {
        for pattern in &rules.include {
            let pattern = compile(pattern)?;
            kept.extend(entries.iter().filter(|e| pattern.is_match(&e.message)).cloned());
        }
        return Ok(kept);
    }
    kept.extend_from_slice(entries);
    for pattern in &rules.exclude {
        let pattern = compile(pattern)?;
        kept.retain(|e| !pattern.is_match(&e.message));
    }
    Ok(kept)
}

fn compile<E>(pattern: &str) -> Result<regex::Regex, ChangelogError<E>> {
    go_regexp::compile(pattern)
        .map_err(|e| ChangelogError::Pattern { pattern: pattern.to_owned(), source: Box::new(e) })
}

fn abbreviate(sha: &str, abbrev: i64) -> &str {
    match usize::try_from(abbrev) {
        Err(_) => "",
        Ok(0) => sha,
        Ok(n) => sha.get(..n).unwrap_or(sha),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(messages: &[&str]) -> Vec<Entry> {
        let one = |(n, m): (usize, &&str)| Entry {
            sha: format!("{n}bcdef0123"),
            message: (*m).to_owned(),
            ..Entry::default()
        };
        messages.iter().enumerate().map(one).collect()
    }

    fn body(messages: &[&str], rules: &ChangelogRules) -> String {
        render(&entries(messages), rules, |e, sha| Ok::<_, ()>(format!("{sha} {}", e.message))).unwrap()
    }

    #[test]
    fn log_round() {
        let out = b"aa\0feat: x\0body\nCo-authored-by: Second Hand <s@x>\nco-AUTHORED-by: Two <t@x>\nCo-authored-by: <no name>\n\0A\0a@x\x001700000000\0\nbb\0y\0\0B\0b@x\x005\0";
        let got = parse_log(out);
        assert_eq!(got.len(), 2);
        assert_eq!((got[0].sha.as_str(), got[1].sha.as_str(), got[0].date), ("aa", "bb", 1_700_000_000));
        let names: Vec<_> = got[0].authors.iter().map(|a| a.name.as_str()).collect();
        assert_eq!(names, ["A", "Second Hand", "Two"]);
        assert!(parse_log(b"").is_empty());
        assert!(parse_log(b"aa\0cut").is_empty());
    }

    #[test]
    fn groups_in_goreleasers_order() {
        let group =
            |title: &str, regexp: &str, order| Group { title: title.into(), regexp: regexp.into(), order };
        let rules = ChangelogRules {
            abbrev: -1,
            groups: vec![group("Fixes", "^fix", 1), group("Features", "^feat", 0), group("Rest", "", 999)],
            ..ChangelogRules::default()
        };
        let got = body(&["fix: a", "docs: b", "feat: c"], &rules);
        assert_eq!(got, "## Changelog\n### Features\n*  feat: c\n### Fixes\n*  fix: a\n### Rest\n*  docs: b");
        let without_rest = ChangelogRules { groups: rules.groups[..1].to_vec(), ..rules };
        assert_eq!(body(&["fix: a", "docs: b"], &without_rest), "## Changelog\n### Fixes\n*  fix: a");
    }

    #[test]
    fn filters_sort_abbrev() {
        let rules =
            ChangelogRules { include: vec!["fix".into(), "!".into()], abbrev: 3, ..Default::default() };
        assert_eq!(
            body(&["fix!: a", "docs: b"], &rules),
            "## Changelog\n* 0bc fix!: a\n* 0bc fix!: a",
            "2.15 lists an entry once for each include"
        );
        let rules =
            ChangelogRules { exclude: vec!["^docs:".into()], sort: Sort::Descending, ..Default::default() };
        assert_eq!(body(&["a", "docs: b", "c"], &rules), "## Changelog\n* 2bcdef0123 c\n* 0bcdef0123 a");
        assert_eq!(body(&[], &ChangelogRules::default()), "## Changelog");
        let bad = ChangelogRules { exclude: vec!["(".into()], ..Default::default() };
        assert!(render(&[], &bad, |_, _| Ok::<_, ()>(String::new())).is_err());
    }
}
