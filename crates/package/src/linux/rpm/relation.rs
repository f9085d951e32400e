//! Relations as rpm writes them: a name, a comparison, a version.
//!
//! Owns: rpm's flags. Must not: know the words of specs (`foo >= 1.2`, `(a or b)`), which are the plan's; judge whether something is there.

use goferry_plan::package_names::rpm_relation;

/// A relation in the three parts that a header has arrays of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Relation {
    pub(super) name: String,
    pub(super) flags: u32,
    pub(super) version: String,
}

/// rpmds.h.
pub(super) const LESS: u32 = 1 << 1;
const GREATER: u32 = 1 << 2;
pub(super) const EQUAL: u32 = 1 << 3;
const RPMLIB: u32 = 1 << 24;

impl Relation {
    /// None if it is no relation: no name, blanks in it, a comparison without a version.
    pub(super) fn parse(text: &str) -> Option<Relation> {
        let (name, comparison, version) = rpm_relation(text)?;
        let flags = match comparison {
            "<" => LESS,
            "<=" | "=<" => LESS | EQUAL,
            "=" | "==" => EQUAL,
            ">=" | "=>" => GREATER | EQUAL,
            ">" => GREATER,
            _ => 0,
        };
        Some(Relation { name: name.to_owned(), flags, version: version.to_owned() })
    }

    /// Something that rpm itself must be able to do.
    pub(super) fn rpmlib(feature: &str, version: &str) -> Relation {
        Relation {
            name: format!("rpmlib({feature})"),
            flags: RPMLIB | LESS | EQUAL,
            version: version.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_specs_are_understood() {
        for (text, name, flags, version) in [
            ("git", "git", 0, ""),
            ("foo >= 1.2", "foo", GREATER | EQUAL, "1.2"),
            ("foo>=1:1.2-3", "foo", GREATER | EQUAL, "1:1.2-3"),
            ("foo(x86-64) = 2", "foo(x86-64)", EQUAL, "2"),
            (" a < 1~rc ", "a", LESS, "1~rc"),
            ("(a >= 1 or b)", "(a >= 1 or b)", 0, ""),
        ] {
            let parsed = Relation::parse(text).unwrap();
            assert_eq!((parsed.name.as_str(), parsed.flags, parsed.version.as_str()), (name, flags, version));
        }
        for bad in ["", "libc6 (>= 2.31)", "a >=", ">= 1", "a >> 1", "a b", "(a"] {
            assert_eq!(Relation::parse(bad), None, "{bad}");
        }
    }
}
