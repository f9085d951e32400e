//! The table of causes.
//!
//! A cause has signs (what its line in a log looks like), a rank (how much it explains), fixes and a proof. Ranks: 90 and
//! above end a machine's ability to build (memory, disk), 70 the reason for a class of errors, 50 a cause by itself, 30
//! what is often a consequence, 10 what nearly always is.

mod build;
mod go;
mod link;
mod run;
mod toolchain;

/// What a cause's line looks like.
#[derive(Clone, Copy, Debug)]
pub struct Sign {
    /// Words that the line must have; found without looking at every line.
    pub needle: &'static str,
    /// Regular expression for the line, with names for what fixes need; empty: the needle is enough.
    pub pattern: &'static str,
}

/// What mends it.
#[derive(Clone, Copy, Debug)]
pub struct Fix {
    /// A sentence.
    pub text: &'static str,
    /// What to type or write; `{target}` and the pattern's names are filled in.
    pub command: &'static str,
}

/// How a cause is known to be right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// A test makes a real tool say it (crates/cli/tests/causes); the message is in fixtures/.
    Reproduced,
    /// It cannot be had on the test machine.
    Listed {
        /// Why.
        why: &'static str,
    },
}

/// One cause.
#[derive(Clone, Copy, Debug)]
pub struct Cause {
    /// Stable word; name of its page.
    pub id: &'static str,
    /// One line.
    pub title: &'static str,
    /// Why it happens.
    pub why: &'static str,
    /// What its lines look like.
    pub signs: &'static [Sign],
    /// See the module.
    pub rank: u8,
    /// What mends it, best first.
    pub fixes: &'static [Fix],
    /// How it is known.
    pub proof: Proof,
}

const fn sign(needle: &'static str) -> Sign {
    Sign { needle, pattern: "" }
}

const fn line(needle: &'static str, pattern: &'static str) -> Sign {
    Sign { needle, pattern }
}

const fn fix(text: &'static str, command: &'static str) -> Fix {
    Fix { text, command }
}

const PARTS: [&[Cause]; 5] = [toolchain::TABLE, build::TABLE, link::TABLE, run::TABLE, go::TABLE];
const COUNT: usize = {
    let mut n = 0;
    let mut part = 0;
    while part < PARTS.len() {
        n += PARTS[part].len();
        part += 1;
    }
    n
};

static ALL: [Cause; COUNT] = {
    let mut out = [PARTS[0][0]; COUNT];
    let (mut n, mut part) = (0, 0);
    while part < PARTS.len() {
        let mut i = 0;
        while i < PARTS[part].len() {
            out[n] = PARTS[part][i];
            n += 1;
            i += 1;
        }
        part += 1;
    }
    out
};

/// The causes by what failed, with a heading.
pub const AREAS: [(&str, &[Cause]); 5] = [
    ("The C toolchain", PARTS[0]),
    ("Compiling", PARTS[1]),
    ("Linking", PARTS[2]),
    ("Running", PARTS[3]),
    ("The go command", PARTS[4]),
];

/// Every cause.
pub static CAUSES: &[Cause] = &ALL;

/// Signs that say nothing by themselves: the cause counts only if one of these was found too. A variable such as
/// CC_aarch64_linux_gnu is right in a build of something else that is no Go.
const COMPANY: &[(&str, &[&str])] = &[("dead-cc-variable", &["host-gcc-foreign-code", "multilib-missing"])];

/// The causes of which one has to be found beside this one; none if it stands for itself.
pub(crate) fn company(id: &str) -> Option<&'static [&'static str]> {
    COMPANY.iter().find(|(cause, _)| *cause == id).map(|(_, needed)| *needed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn ids_are_words_and_unique() {
        let ids: BTreeSet<_> = CAUSES.iter().map(|c| c.id).collect();
        assert_eq!(ids.len(), CAUSES.len());
        assert!(CAUSES.len() >= 45, "{}", CAUSES.len());
        for c in CAUSES {
            assert!(
                c.id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'),
                "{}",
                c.id
            );
            assert!(!c.signs.is_empty() && !c.fixes.is_empty() && !c.why.is_empty(), "{}", c.id);
            assert!(company(c.id).is_none_or(|needed| needed.iter().all(|id| ids.contains(id))), "{}", c.id);
            assert!(!c.title.ends_with('.') && c.why.ends_with('.'), "{}", c.id);
        }
    }
}
