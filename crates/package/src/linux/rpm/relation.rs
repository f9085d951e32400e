//! Relations as rpm writes them: a name, a comparison, a version.
//!
//! Owns: the words of specs (`foo >= 1.2`, `(a or b)`) and rpm's flags. Must not: judge whether something is there.

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
/// Needed by the script after installation.
pub(super) const SCRIPT_POST: u32 = 1 << 10;
const RPMLIB: u32 = 1 << 24;

impl Relation {
    /// None if it is no relation: no name, blanks in it, a comparison without a version.
    pub(super) fn parse(text: &str) -> Option<Relation> {
        let text = text.trim();
        // A rich dependency is one name, however it goes on.
        if text.starts_with('(') {
            let whole = text.ends_with(')').then(|| text.to_owned())?;
            return Some(Relation { name: whole, flags: 0, version: String::new() });
        }
        let at = text.find(['<', '>', '=']).unwrap_or(text.len());
        let (name, rest) = text.split_at(at);
        let version = rest.trim_start_matches(['<', '>', '=']);
        let flags = match &rest[..rest.len() - version.len()] {
            "" => 0,
            "<" => LESS,
            "<=" | "=<" => LESS | EQUAL,
            "=" | "==" => EQUAL,
            ">=" | "=>" => GREATER | EQUAL,
            ">" => GREATER,
            _ => return None,
        };
        let (name, version) = (name.trim(), version.trim());
        let blank = |t: &str| t.contains(char::is_whitespace);
        if name.is_empty() || blank(name) || blank(version) || (flags != 0) == version.is_empty() {
            return None;
        }
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
