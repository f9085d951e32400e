//! Owns: `$name` and `${name}` as Go's `os.Expand` reads them. Must not: know where values come from.

/// `s` with `$name` and `${name}` replaced by what `lookup` gives; unknown names become empty.
///
/// Go's `os.Expand`: a name is one of the shell's special characters (`*#$@!?-` or one digit) or a run of ASCII
/// letters, digits and `_`; a `$` before anything else stays; bad syntax (`${}`, `${` without an end) is swallowed.
pub fn expand_shell(s: &str, lookup: &dyn Fn(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(s.len());
    let mut rest = s;
    while let Some(at) = rest.find('$') {
        let after = &rest[at + 1..];
        if after.is_empty() {
            break;
        }
        out.push_str(&rest[..at]);
        let (name, width) = shell_name(after);
        if !name.is_empty() {
            out.push_str(&lookup(name).unwrap_or_default());
        } else if width == 0 {
            out.push('$');
        }
        rest = &after[width..];
    }
    out.push_str(rest);
    out
}

/// The name at the start of `s` and how many bytes it takes; an empty name with a width is bad syntax to skip.
fn shell_name(s: &str) -> (&str, usize) {
    let bytes = s.as_bytes();
    if bytes[0] == b'{' {
        if bytes.len() > 2 && is_special(bytes[1]) && bytes[2] == b'}' {
            return (&s[1..2], 3);
        }
        return match s.find('}') {
            Some(1) => ("", 2),
            Some(end) => (&s[1..end], end + 1),
            None => ("", 1),
        };
    }
    if is_special(bytes[0]) {
        return (&s[..1], 1);
    }
    let end = bytes.iter().position(|b| !b.is_ascii_alphanumeric() && *b != b'_').unwrap_or(s.len());
    (&s[..end], end)
}

fn is_special(byte: u8) -> bool {
    byte.is_ascii_digit() || b"*#$@!?-".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expands_as_go_does() {
        let lookup = |name: &str| match name {
            "HOME" => Some("/h".to_owned()),
            "1" => Some("one".to_owned()),
            "$" => Some("pid".to_owned()),
            "a b" => Some("spaced".to_owned()),
            _ => None,
        };
        for (input, expected) in [
            ("plain", "plain"),
            ("$HOME/x", "/h/x"),
            ("${HOME}x", "/hx"),
            ("$HOMEx", ""),
            ("$12", "one2"),
            ("${1}2", "one2"),
            ("$$", "pid"),
            ("$", "$"),
            ("a$", "a$"),
            ("$ x", "$ x"),
            ("${}x", "x"),
            ("${HOME", "HOME"),
            ("${a b}", "spaced"),
            ("$é", "$é"),
            ("100%$/", "100%$/"),
            ("", ""),
        ] {
            assert_eq!(expand_shell(input, &lookup), expected, "{input:?}");
        }
    }
}
