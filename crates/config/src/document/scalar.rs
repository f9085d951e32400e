//! One word of a file: its text as written, and what the file's format takes it for.
//!
//! YAML's reading follows go.yaml.in/yaml v3 (`resolve.go`), which is what goreleaser decodes with, not YAML 1.2:
//! `0644` is octal, `1_000` a number, `yes` a text that only a boolean key takes for true.

/// A scalar value; the text survives whatever it is taken for (`386`, `1.20`, `0644`).
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Scalar {
    /// As written, after quotes and escapes.
    pub(crate) text: String,
    /// What the format takes it for.
    pub(crate) kind: ScalarKind,
}

/// What a scalar is taken for when nobody asks for a type.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum ScalarKind {
    /// Quoted, or nothing else.
    Text,
    /// `true`, `false`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number with a fraction or exponent.
    Float(f64),
}

/// What yaml.v3 takes an unquoted scalar for; `None` is null.
pub(crate) fn resolve_plain(text: &str) -> Option<ScalarKind> {
    Some(match text {
        "" | "~" | "null" | "Null" | "NULL" => return None,
        "true" | "True" | "TRUE" => ScalarKind::Bool(true),
        "false" | "False" | "FALSE" => ScalarKind::Bool(false),
        _ => match go_integer(text) {
            Some(n) => ScalarKind::Int(n),
            None => yaml_float(text).map_or(ScalarKind::Text, ScalarKind::Float),
        },
    })
}

/// Go's `strconv.ParseInt(text, 0, 64)` after dropping underscores: a leading `0` or `0o` is octal, `0x` and `0b` as usual.
pub(crate) fn go_integer(text: &str) -> Option<i64> {
    let digits: String = text.chars().filter(|c| *c != '_').collect();
    let (negative, rest) = match digits.as_bytes().first()? {
        b'-' => (true, &digits[1..]),
        b'+' => (false, &digits[1..]),
        b'0'..=b'9' => (false, &digits[..]),
        _ => return None,
    };
    let lower = rest.to_ascii_lowercase();
    let (radix, body) = if let Some(body) = lower.strip_prefix("0x") {
        (16, body)
    } else if let Some(body) = lower.strip_prefix("0b") {
        (2, body)
    } else if let Some(body) = lower.strip_prefix("0o") {
        (8, body)
    } else if lower.len() > 1 && lower.starts_with('0') {
        (8, &lower[1..])
    } else {
        (10, &lower[..])
    };
    if body.is_empty() || !body.chars().all(|c| c.is_digit(radix)) {
        return None;
    }
    let value = i128::from_str_radix(body, radix).ok()?;
    i64::try_from(if negative { -value } else { value }).ok()
}

/// yaml.v3's own pattern of decimal numbers; Rust's parser alone would also take `inf` and `nan`.
fn yaml_float(text: &str) -> Option<f64> {
    let begins = |c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.');
    let allowed = |c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.' | 'e' | 'E');
    let plausible =
        text.starts_with(begins) && text.chars().all(allowed) && text.contains(|c: char| c.is_ascii_digit());
    if plausible { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_as_yaml_v3_reads_them() {
        for (text, value) in [
            ("0644", 0o644),
            ("0o022", 0o022),
            ("386", 386),
            ("1_000", 1000),
            ("-7", -7),
            ("0x1F", 31),
            ("0", 0),
        ] {
            assert_eq!(go_integer(text), Some(value), "{text}");
        }
        for text in ["0899", "v1", "", "-", "0x", "7,softfloat", "99999999999999999999"] {
            assert_eq!(go_integer(text), None, "{text}");
        }
    }

    #[test]
    fn plain_words() {
        assert_eq!(resolve_plain("~"), None);
        assert_eq!(resolve_plain("True"), Some(ScalarKind::Bool(true)));
        assert_eq!(resolve_plain("yes"), Some(ScalarKind::Text));
        assert_eq!(resolve_plain("1.20"), Some(ScalarKind::Float(1.20)));
        assert_eq!(resolve_plain("1.2.3"), Some(ScalarKind::Text));
        assert_eq!(resolve_plain("nan"), Some(ScalarKind::Text));
    }
}
