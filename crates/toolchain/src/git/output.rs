//! What git writes, read: pure functions.

use super::{Author, StatusEntry};

/// `status --porcelain=v2 --branch -z`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Status {
    /// Full hash; empty before the first commit.
    pub(super) commit: String,
    /// Branch, or `HEAD` when detached, as `rev-parse --abbrev-ref` says it.
    pub(super) branch: String,
    pub(super) entries: Vec<StatusEntry>,
}

pub(super) fn parse_status(stdout: &[u8]) -> Status {
    let text = String::from_utf8_lossy(stdout);
    let mut out = Status::default();
    let mut items = text.split('\0');
    while let Some(item) = items.next() {
        let Some((kind, rest)) = item.split_once(' ') else { continue };
        // Number of blank-separated fields before the path: git-status(1), "Porcelain Format Version 2".
        let fields = match kind {
            "#" => {
                header(rest, &mut out);
                continue;
            }
            "1" => 8,
            "2" => 9,
            "u" => 10,
            "?" => 1,
            _ => continue,
        };
        let code = if kind == "?" { "??".to_owned() } else { rest.get(..2).unwrap_or("").replace('.', " ") };
        if let Some(path) = rest.splitn(fields, ' ').nth(fields - 1) {
            out.entries.push(StatusEntry { code, path: path.to_owned(), own: false });
        }
        if kind == "2" {
            let _renamed_from = items.next();
        }
    }
    out
}

fn header(line: &str, out: &mut Status) {
    match line.split_once(' ') {
        Some(("branch.oid", "(initial)")) => {}
        Some(("branch.oid", oid)) => oid.clone_into(&mut out.commit),
        Some(("branch.head", "(detached)")) => "HEAD".clone_into(&mut out.branch),
        Some(("branch.head", name)) => name.clone_into(&mut out.branch),
        _ => {}
    }
}

pub(super) const COMMIT_FORMAT: &str = "--format=%H%x00%h%x00%ct%x00%an%x00%ae%x00%cn%x00%ce%x00";

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Commit {
    pub(super) full: String,
    pub(super) short: String,
    pub(super) time: i64,
    pub(super) author: Author,
    pub(super) committer: Author,
}

pub(super) fn parse_commit(stdout: &[u8]) -> Option<Commit> {
    let text = String::from_utf8_lossy(stdout);
    let fields: Vec<&str> = text.split('\0').collect();
    let [full, short, time, an, ae, cn, ce, _] = fields[..] else { return None };
    let person = |name: &str, email: &str| Author { name: name.to_owned(), email: email.to_owned() };
    Some(Commit {
        full: full.trim().to_owned(),
        short: short.to_owned(),
        time: time.parse().ok()?,
        author: person(an, ae),
        committer: person(cn, ce),
    })
}

pub(super) const TAGS_FORMAT: &str = "--format=%(refname:strip=2) %(objectname) %(*objectname)";

/// A tag and the commit it leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TagRef {
    pub(super) name: String,
    pub(super) commit: String,
}

/// Tag names hold no blanks (git-check-ref-format).
pub(super) fn parse_tags(stdout: &[u8]) -> Vec<TagRef> {
    let text = String::from_utf8_lossy(stdout);
    let one = |line: &str| {
        let mut words = line.split(' ');
        let (name, object) = (words.next()?, words.next()?);
        let peeled = words.next().filter(|p| !p.is_empty());
        Some(TagRef { name: name.to_owned(), commit: peeled.unwrap_or(object).to_owned() })
    };
    text.lines().filter_map(one).collect()
}

/// First line, without apostrophes: goreleaser drops them from what it reads.
pub(super) fn first_line(stdout: &[u8]) -> String {
    String::from_utf8_lossy(stdout).lines().next().unwrap_or("").replace('\'', "")
}

/// Drops user and password from an https address, as goreleaser does.
pub(super) fn without_credentials(url: &str) -> String {
    let Some(rest) = url.strip_prefix("https://") else { return url.to_owned() };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = authority.rsplit_once('@').map_or(authority, |(_, h)| h);
    format!("https://{host}{path}")
}

pub(super) const CONTENTS_FORMAT: &str = "--format=%(contents:subject)%00%(contents)%00%(contents:body)%00";

/// Subject, contents and body of a tag's message (the commit's for a lightweight tag).
///
/// goreleaser 2.15 quotes the format and then removes every apostrophe; 2.18 keeps them. We do as 2.15.
pub(super) fn parse_contents(stdout: &[u8]) -> [String; 3] {
    let text = String::from_utf8_lossy(stdout).replace('\'', "");
    let mut fields = text.split('\0').map(|f| f.trim().to_owned());
    std::array::from_fn(|_| fields.next().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const STATUS: &[u8] = b"# branch.oid 0123\0# branch.head main\0# branch.upstream origin/main\x001 .M N... 100644 100644 100644 a b my file.go\x002 R. N... 100644 100644 100644 a b R100 new name\0old name\0u UU N... 1 1 1 1 a b c both.go\0? dist/\0! ignored\0";

    #[test]
    fn status() {
        let got = parse_status(STATUS);
        assert_eq!((got.commit.as_str(), got.branch.as_str()), ("0123", "main"));
        let entries: Vec<_> = got.entries.iter().map(|e| (e.code.as_str(), e.path.as_str())).collect();
        assert_eq!(entries, [(" M", "my file.go"), ("R ", "new name"), ("UU", "both.go"), ("??", "dist/")]);
        let unborn = parse_status(b"# branch.oid (initial)\0# branch.head (detached)\0");
        assert_eq!((unborn.commit.as_str(), unborn.branch.as_str()), ("", "HEAD"));
    }

    #[test]
    fn tags_and_commit() {
        let got = parse_tags(b"v1.0.0 aaa \nv1.1.0 bbb ccc\n");
        assert_eq!(got.iter().map(|t| t.commit.as_str()).collect::<Vec<_>>(), ["aaa", "ccc"]);
        let commit = parse_commit(b"f\0s\x0012\0A B\0a@x\0C\0c@x\0\n").unwrap();
        assert_eq!(
            (commit.time, commit.author.name.as_str(), commit.committer.email.as_str()),
            (12, "A B", "c@x")
        );
        assert_eq!(parse_commit(b""), None);
    }

    #[test]
    fn addresses() {
        for (url, want) in [
            ("https://user:pass@example.com/a.git", "https://example.com/a.git"),
            ("https://example.com/a@b", "https://example.com/a@b"),
            ("git@example.com:a/b.git", "git@example.com:a/b.git"),
            ("https://x@example.com", "https://example.com"),
        ] {
            assert_eq!(without_credentials(url), want);
        }
    }

    proptest! {
        #[test]
        fn never_panics_on_damage(cut in 0..STATUS.len(), at in 0..STATUS.len(), byte: u8) {
            let mut bytes = STATUS.to_vec();
            bytes[at] = byte;
            let _ = parse_status(&bytes[..cut]);
            let _ = (parse_tags(&bytes), parse_commit(&bytes), parse_contents(&bytes));
        }
    }
}
