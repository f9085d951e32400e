//! Users of an image, by its own /etc/passwd and /etc/group.
//!
//! Owns: which numbers `user[:group]` means. Must not: decide who owns or runs what.

use super::Tree;

/// As far as the tables are read.
const MAX_TABLE: u64 = 1 << 20;

/// A name that the image does not know.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the {what} `{name}` is not in the image's /{file}")]
pub struct UnknownUser {
    /// `user` or `group`.
    pub what: &'static str,
    /// As it was said.
    pub name: String,
    /// Where it was looked for.
    pub file: &'static str,
}

impl Tree {
    /// Whose files are meant. Without a group a name has its own, and a number is the group's too (BuildKit,
    /// `solver/llbsolver/file`).
    ///
    /// # Errors
    /// A name that is not in the tables.
    pub fn owner(&self, text: &str) -> Result<(u32, u32), UnknownUser> {
        self.numbers(text, |number| number)
    }

    /// As whom a program runs, as engines of containers have it (moby's `user.GetExecUser`): a number's group is that of its
    /// entry, root's where there is none. Nothing is root.
    ///
    /// # Errors
    /// A name that is not in the tables: no engine starts such a container.
    pub fn runs_as(&self, text: &str) -> Result<(u32, u32), UnknownUser> {
        self.numbers(text, |number| {
            let own = self.entry("etc/passwd", |fields| number_at(fields, 2) == Some(number));
            own.and_then(|fields| number_at(&fields, 3)).unwrap_or(0)
        })
    }

    /// `group_of` is the group of a user that is said by number.
    fn numbers(&self, text: &str, group_of: impl Fn(u32) -> u32) -> Result<(u32, u32), UnknownUser> {
        let (user, group) = text.split_once(':').unwrap_or((text, ""));
        let user = if user.is_empty() { "0" } else { user };
        let (uid, own) = match user.parse() {
            Ok(number) => (number, group_of(number)),
            Err(_) => {
                let entry = self.named("etc/passwd", user);
                let number = |at: usize| number_at(entry.as_deref()?, at);
                number(2).zip(number(3)).ok_or_else(|| unknown("user", user, "etc/passwd"))?
            }
        };
        let gid = match group {
            "" => own,
            name => match name.parse() {
                Ok(number) => number,
                Err(_) => self
                    .named("etc/group", name)
                    .and_then(|fields| number_at(&fields, 2))
                    .ok_or_else(|| unknown("group", name, "etc/group"))?,
            },
        };
        Ok((uid, gid))
    }

    fn named(&self, path: &str, name: &str) -> Option<Vec<String>> {
        self.entry(path, |fields| fields.first().is_some_and(|f| f == name))
    }

    fn entry(&self, path: &str, fits: impl Fn(&[String]) -> bool) -> Option<Vec<String>> {
        let bytes = self.read(path, MAX_TABLE).ok().flatten()?;
        let text = String::from_utf8_lossy(&bytes);
        let mut lines = text.lines().map(|l| l.split(':').map(str::to_owned).collect::<Vec<_>>());
        lines.find(|fields| fits(fields))
    }
}

fn number_at(fields: &[String], at: usize) -> Option<u32> {
    fields.get(at)?.parse().ok()
}

fn unknown(what: &'static str, name: &str, file: &'static str) -> UnknownUser {
    UnknownUser { what, name: name.to_owned(), file }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::Node;

    #[test]
    fn names_and_numbers() {
        let mut tree = Tree::empty();
        let passwd = "root:x:0:0::/root:/bin/sh\nbob:x:1000:50::/:/bin/sh\nodd:x:y:z\n";
        tree.insert("etc/passwd", Node::bytes(passwd, 0o644, 0));
        tree.insert("etc/group", Node::bytes("root:x:0:\nstaff:x:50:\n", 0o644, 0));
        for (text, owns, runs) in [
            ("", (0, 0), (0, 0)),
            ("root", (0, 0), (0, 0)),
            ("bob", (1000, 50), (1000, 50)),
            ("bob:7", (1000, 7), (1000, 7)),
            ("1000", (1000, 1000), (1000, 50)),
            ("2000", (2000, 2000), (2000, 0)),
            ("2000:staff", (2000, 50), (2000, 50)),
            (":staff", (0, 50), (0, 50)),
        ] {
            assert_eq!((tree.owner(text), tree.runs_as(text)), (Ok(owns), Ok(runs)), "{text}");
        }
        for (text, says) in [
            ("alice", "the user `alice` is not in the image's /etc/passwd"),
            ("odd", "the user `odd` is not in the image's /etc/passwd"),
            ("-1", "the user `-1` is not in the image's /etc/passwd"),
            ("bob:wheel", "the group `wheel` is not in the image's /etc/group"),
        ] {
            assert_eq!(tree.owner(text).unwrap_err().to_string(), says);
            assert_eq!(tree.runs_as(text).unwrap_err().to_string(), says);
        }
        assert_eq!(Tree::empty().runs_as("7"), Ok((7, 0)));
    }
}
