//! The text of build information: lines of tab-separated fields (runtime/debug `BuildInfo.String`).

use super::{GoBuildInfo, Module};

/// More of either than any program has; a bound on memory for foreign bytes.
const MAX_DEPS: usize = 1 << 16;
const MAX_SETTINGS: usize = 1 << 12;

/// Reads the text; none if it is not such a text. Bytes that are not UTF-8 are replaced.
pub(super) fn parse(text: &[u8]) -> Option<GoBuildInfo> {
    let text = String::from_utf8_lossy(text);
    let mut info = GoBuildInfo::default();
    let mut last = Last::None;
    for line in text.lines() {
        match line.split_once('\t') {
            Some(("path", path)) => info.path = path.to_owned(),
            Some(("mod", rest)) => {
                info.main = Some(module(rest)?);
                last = Last::Main;
            }
            Some(("dep", rest)) => {
                if info.deps.len() == MAX_DEPS {
                    return None;
                }
                info.deps.push(module(rest)?);
                last = Last::Dep;
            }
            Some(("=>", rest)) => {
                let replaced = match last {
                    Last::None => return None,
                    Last::Main => info.main.as_mut()?,
                    Last::Dep => info.deps.last_mut()?,
                };
                replaced.replace = Some(Box::new(module(rest)?));
                last = Last::None;
            }
            Some(("build", rest)) => {
                if info.settings.len() == MAX_SETTINGS {
                    return None;
                }
                info.settings.push(setting(rest)?);
            }
            // ParseBuildInfo passes over lines it does not know, so that old readers read new files.
            _ => {}
        }
    }
    Some(info)
}

/// Which module a `=>` line is about.
enum Last {
    None,
    Main,
    Dep,
}

fn module(rest: &str) -> Option<Module> {
    let mut fields = rest.split('\t');
    let module = Module {
        path: fields.next()?.to_owned(),
        version: fields.next()?.to_owned(),
        sum: fields.next().unwrap_or_default().to_owned(),
        replace: None,
    };
    fields.next().is_none().then_some(module)
}

/// `key=value`, each quoted as in Go if it holds white space, `=` or quotes.
fn setting(line: &str) -> Option<(String, String)> {
    let (key, value) = if line.starts_with(['"', '`']) {
        let (key, rest) = unquote(line)?;
        (key, rest.strip_prefix('=')?)
    } else {
        let (key, value) = line.split_once('=')?;
        (key.to_owned(), value)
    };
    if key.is_empty() {
        return None;
    }
    let value = if value.starts_with(['"', '`']) {
        let (value, rest) = unquote(value)?;
        if !rest.is_empty() {
            return None;
        }
        value
    } else {
        value.to_owned()
    };
    Some((key, value))
}

/// A Go string literal at the beginning of `s`, and what follows it.
fn unquote(s: &str) -> Option<(String, &str)> {
    if let Some(raw) = s.strip_prefix('`') {
        let (body, rest) = raw.split_once('`')?;
        return Some((body.replace('\r', ""), rest));
    }
    let mut rest = s.strip_prefix('"')?;
    let mut out = Vec::new();
    loop {
        let at = rest.find(['"', '\\'])?;
        out.extend_from_slice(&rest.as_bytes()[..at]);
        if rest.as_bytes()[at] == b'"' {
            return Some((String::from_utf8_lossy(&out).into_owned(), &rest[at + 1..]));
        }
        let len = escape(&rest[at + 1..], &mut out)?;
        rest = &rest[at + 1 + len..];
    }
}

/// Writes what an escape means (`s` begins behind the backslash) and says how long it is.
fn escape(s: &str, out: &mut Vec<u8>) -> Option<usize> {
    let number = |range: std::ops::Range<usize>, radix| {
        s.get(range).filter(|d| !d.starts_with('+')).and_then(|d| u32::from_str_radix(d, radix).ok())
    };
    let simple = |b: u8| (vec![b], 1);
    let (bytes, len) = match s.bytes().next()? {
        b'a' => simple(7),
        b'b' => simple(8),
        b'f' => simple(12),
        b'n' => simple(b'\n'),
        b'r' => simple(b'\r'),
        b't' => simple(b'\t'),
        b'v' => simple(11),
        b @ (b'\\' | b'"') => simple(b),
        b'x' => (vec![u8::try_from(number(1..3, 16)?).ok()?], 3),
        b'0'..=b'7' => (vec![u8::try_from(number(0..3, 8)?).ok()?], 3),
        b'u' => (char::from_u32(number(1..5, 16)?)?.to_string().into_bytes(), 5),
        b'U' => (char::from_u32(number(1..9, 16)?)?.to_string().into_bytes(), 9),
        _ => return None,
    };
    out.extend(bytes);
    Some(len)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_replacements_and_quoted_settings() {
        let text = "path\texample.com/a/cmd/b\n\
            mod\texample.com/a\tv1.2.3\t\n\
            dep\tx.y/z\tv0.1.0\n\
            =>\t./local\t(devel)\t\n\
            dep\tx.y/w\tv0.2.0\th1:abc=\n\
            build\t-ldflags=\"-X 'main.v=a b'\\t\\x41\\u00e9\"\n\
            build\t\"odd key\"=`raw \\n`\n\
            build\tGOOS=linux\n\
            build\tCGO_CFLAGS=\n\
            unknown\tline\n";
        let info = parse(text.as_bytes()).unwrap();
        assert_eq!(info.path, "example.com/a/cmd/b");
        assert_eq!(info.main.as_ref().unwrap().version, "v1.2.3");
        assert_eq!(info.deps.len(), 2);
        assert_eq!(info.deps[0].replace.as_ref().unwrap().path, "./local");
        assert_eq!(info.deps[1].sum, "h1:abc=");
        assert_eq!(info.deps[1].replace, None);
        assert_eq!(info.setting("-ldflags"), Some("-X 'main.v=a b'\tAé"));
        assert_eq!(info.setting("odd key"), Some("raw \\n"));
        assert_eq!(info.setting("GOOS"), Some("linux"));
        assert_eq!(info.setting("CGO_CFLAGS"), Some(""));
        assert_eq!(info.setting("GOARCH"), None);
    }

    #[test]
    fn what_go_refuses_is_refused() {
        for bad in [
            "mod\tonly-a-path\n",
            "=>\tx\tv1\t\n",
            "build\t=x\n",
            "build\tkey\n",
            "build\ta=\"open\n",
            "build\ta=\"\\q\"\n",
            "build\ta=\"x\"y\n",
            "dep\ta\tb\tc\td\n",
        ] {
            assert_eq!(parse(bad.as_bytes()), None, "{bad:?}");
        }
        assert_eq!(parse(b""), Some(GoBuildInfo::default()));
    }
}
