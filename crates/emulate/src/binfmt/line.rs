//! The line that /proc/sys/fs/binfmt_misc/register takes: `:name:M:offset:magic:mask:interpreter:flags`.

use super::Pattern;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// Longer lines are refused (`MAX_REGISTER_LENGTH`).
const LONGEST: usize = 1920;

/// The first character of a line separates its fields. Not `#` and `;`: they begin comments in binfmt.d files.
const DELIMITERS: [char; 5] = [':', '|', '!', '%', '@'];

/// Why no line can be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LineError {
    /// It becomes a file name in /proc/sys/fs/binfmt_misc, beside `register` and `status`.
    #[error("{0:?} cannot be the name of an entry: the kernel makes a file of it")]
    Name(String),
    /// The kernel looks at no place but the root for a relative path; bytes that a line cannot hold.
    #[error("{}: an interpreter is an absolute path of UTF-8 without line breaks", .0.display())]
    Interpreter(PathBuf),
    /// Not of P, O, C and F.
    #[error("{0:?}: the kernel knows the flags P, O, C and F")]
    Flags(String),
    /// No magic, a mask of another length, or a place that the kernel does not look at.
    #[error("the magic and its mask must be equally long, not empty, and within the first 256 bytes")]
    Pattern,
    /// Every separator is in the name or the path.
    #[error("{}: every character that could separate the fields is in the path", .0.display())]
    Delimiter(PathBuf),
    /// Too long.
    #[error("the line has {0} bytes, and the kernel takes 1920")]
    Length(usize),
}

/// The line, without a line break.
pub(super) fn register_line(
    pattern: &Pattern,
    name: &str,
    interpreter: &Path,
    flags: &str,
) -> Result<String, LineError> {
    let bad_name = matches!(name, "" | "." | ".." | "register" | "status")
        || name.contains(|c: char| c == '/' || c.is_control());
    if bad_name {
        return Err(LineError::Name(name.to_owned()));
    }
    if !flags.chars().all(|c| "POCF".contains(c)) {
        return Err(LineError::Flags(flags.to_owned()));
    }
    if !pattern.is_valid() {
        return Err(LineError::Pattern);
    }
    let path = interpreter
        .to_str()
        .filter(|p| p.starts_with('/') && !p.contains(['\n', '\0']))
        .ok_or_else(|| LineError::Interpreter(interpreter.to_owned()))?;
    let d = DELIMITERS
        .into_iter()
        .find(|d| !name.contains(*d) && !path.contains(*d))
        .ok_or_else(|| LineError::Delimiter(interpreter.to_owned()))?;
    let offset = if pattern.offset == 0 { String::new() } else { pattern.offset.to_string() };
    let (magic, mask) = (escaped(&pattern.magic), escaped(&pattern.mask));
    let line = format!("{d}{name}{d}M{d}{offset}{d}{magic}{d}{mask}{d}{path}{d}{flags}");
    match line.len() {
        n if n > LONGEST => Err(LineError::Length(n)),
        _ => Ok(line),
    }
}

/// Letters as they are, the rest as `\x7f`: exactly two digits, so that a letter after one is no part of it.
fn escaped(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, b| {
        if b.is_ascii_alphabetic() {
            out.push(char::from(*b));
        } else {
            let _ = write!(out, "\\x{b:02x}");
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use LineError::{Delimiter, Flags, Interpreter, Length, Name};

    fn line(name: &str, path: &str, flags: &str) -> Result<String, LineError> {
        let pattern = Pattern { offset: 3, magic: b"\x7fE".into(), mask: vec![0xff, 0xfe] };
        register_line(&pattern, name, Path::new(path), flags)
    }

    #[test]
    fn lines() {
        assert_eq!(line("x", "/q", "PF").unwrap(), r":x:M:3:\x7fE:\xff\xfe:/q:PF");
        assert_eq!(line("x", "/q:1", "").unwrap(), r"|x|M|3|\x7fE|\xff\xfe|/q:1|");
    }

    #[test]
    fn refused() {
        for name in ["", ".", "..", "a/b", "register", "status", "a\nb"] {
            assert_eq!(line(name, "/q", "F"), Err(Name(name.to_owned())));
        }
        for path in ["q", "", "/a\nb"] {
            assert_eq!(line("x", path, "F"), Err(Interpreter(path.into())));
        }
        assert_eq!(line("x", "/q", "X"), Err(Flags("X".to_owned())));
        assert_eq!(line("x", "/:|!%@", ""), Err(Delimiter("/:|!%@".into())));
        let (room, path) = (1920 - r":x:M:3:\x7fE:\xff\xfe::F".len(), "/".to_owned());
        assert_eq!(line("x", &(path.clone() + &"q".repeat(room - 1)), "F").unwrap().len(), 1920);
        assert_eq!(line("x", &(path + &"q".repeat(room)), "F"), Err(Length(1921)));
        let far = Pattern { offset: 256, magic: vec![1], mask: vec![1] };
        assert_eq!(register_line(&far, "x", Path::new("/q"), ""), Err(LineError::Pattern));
    }
}
