//! The little of DER (X.690) that is written here: numbers and sequences, for a key and for a timestamp's request.

/// One value with its tag.
pub(crate) fn value(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    match content.len() {
        n @ 0..128 => out.push(n as u8),
        n => {
            let digits = n.to_be_bytes();
            let digits = &digits[digits.iter().position(|b| *b != 0).unwrap_or(0)..];
            out.push(0x80 | digits.len() as u8);
            out.extend_from_slice(digits);
        }
    }
    out.extend_from_slice(content);
    out
}

/// A SEQUENCE.
pub(crate) fn sequence(content: &[u8]) -> Vec<u8> {
    value(0x30, content)
}

/// An INTEGER that is not negative, from its digits.
pub(crate) fn positive(digits: &[u8]) -> Vec<u8> {
    let start = digits.iter().position(|b| *b != 0).unwrap_or(digits.len());
    let digits = &digits[start..];
    match digits.first() {
        None => value(2, &[0]),
        Some(b) if b & 0x80 != 0 => value(2, &[&[0], digits].concat()),
        Some(_) => value(2, digits),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_and_signs() {
        assert_eq!(positive(&[0, 0, 127]), [2, 1, 127]);
        assert_eq!(positive(&[128]), [2, 2, 0, 128]);
        assert_eq!(positive(&[]), [2, 1, 0]);
        assert_eq!(sequence(&[7; 127])[..2], [0x30, 127]);
        assert_eq!(sequence(&[7; 128])[..3], [0x30, 0x81, 128]);
        assert_eq!(sequence(&[7; 300])[..4], [0x30, 0x82, 1, 44]);
    }
}
