//! A function's name as the linker wrote it, taken apart as govulncheck does.
//!
//! The rules are those of debug/gosym and of govulncheck's printing, with their peculiarities: they decide which records
//! name a function, and a finding must be the same. For people `objfile::pclntab::SymbolName` takes names apart better.

use std::borrow::Cow;

/// How a name came to be known: govulncheck reads prefixes differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// A function with code of its own, of Go 1.20 and later.
    Function,
    /// One with code of its own, before Go 1.20.
    OldFunction,
    /// One that was inlined. Whatever wrote it, it is read as Go 1.18 names were: `go.…` belongs to no package.
    Inlined,
}

/// Package path (empty for none) and `Receiver.Name` or `Name`.
pub(crate) fn split(full: &str, origin: Origin) -> Option<(Cow<'_, str>, Cow<'_, str>)> {
    let bare = without_instance(full);
    let reserved: &[&str] = match origin {
        Origin::Function => &["go:", "type:"],
        Origin::OldFunction | Origin::Inlined => &["go.", "type."],
    };
    if reserved.iter().any(|r| bare.starts_with(r)) {
        return None;
    }
    let path_end = bare.rfind('/').unwrap_or(0);
    let dot = path_end + bare[path_end..].find('.')?;
    let package = match &bare {
        Cow::Borrowed(_) => unescape(&full[..dot]),
        Cow::Owned(bare) => Cow::Owned(unescape(&bare[..dot]).into_owned()),
    };
    Some((package, name_of(full, &bare, path_end, dot)))
}

/// The function of a name that [`split`] passes over or that it takes apart so that no record can name it: one of a package
/// `go.…` that was inlined, one with type arguments, one of a package in a vendor folder of Go before modules.
pub(crate) fn passed_over(full: &str, origin: Origin) -> Option<(String, String)> {
    // Nearly every name is told from the others by this; the rest is for few.
    let of_old = origin != Origin::Function && (full.starts_with("go.") || full.starts_with("type."));
    if !of_old && !full.contains('[') && !full.contains("/vendor/") {
        return None;
    }
    let bare = without_instance(full);
    // The linker's own, before and since Go 1.20.
    if bare.starts_with("type..") || of_old && !bare.contains('/') {
        return None;
    }
    let (package, symbol) = split(&bare, Origin::Function)?;
    let package = package.rsplit_once("/vendor/").map_or(package.as_ref(), |(_, p)| p);
    Some((package.to_owned(), symbol.into_owned()))
}

fn name_of<'n>(full: &'n str, bare: &str, path_end: usize, dot: usize) -> Cow<'n, str> {
    let last = bare.rfind('.').unwrap_or(dot);
    // The last dot of the whole name, unless the name has type arguments at its end.
    let instance = full.len() != bare.len();
    let bracket = full.find('[').unwrap_or(usize::MAX);
    let base = if instance && last > bracket { full.rfind('.').unwrap_or(last) } else { last };
    let base = full.get(base + 1..).unwrap_or_default();
    if last == dot {
        return Cow::Borrowed(base);
    }
    let end = full.get(path_end..).and_then(|t| t.rfind('.')).map_or(last, |r| path_end + r);
    let receiver = full.get(dot + 1..end).unwrap_or_default();
    let receiver = if receiver.starts_with("(*") { receiver.trim_matches(['(', '*', ')']) } else { receiver };
    if receiver.is_empty() { Cow::Borrowed(base) } else { Cow::Owned(format!("{receiver}.{base}")) }
}

/// Without what stands between the first `[` and the last `]`.
fn without_instance(full: &str) -> Cow<'_, str> {
    match (full.find('['), full.rfind(']')) {
        (Some(start), Some(end)) if start <= end => Cow::Owned([&full[..start], &full[end + 1..]].concat()),
        _ => Cow::Borrowed(full),
    }
}

/// Undoes the linker's `%2e`.
fn unescape(path: &str) -> Cow<'_, str> {
    if !path.contains('%') {
        return Cow::Borrowed(path);
    }
    let bytes = path.as_bytes();
    let (mut out, mut at) = (Vec::with_capacity(bytes.len()), 0);
    while let Some(&byte) = bytes.get(at) {
        let code = (byte == b'%').then(|| path.get(at + 1..at + 3)).flatten();
        match code.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(decoded) => {
                out.push(decoded);
                at += 3;
            }
            None => {
                out.push(byte);
                at += 1;
            }
        }
    }
    Cow::Owned(String::from_utf8_lossy(&out).into_owned())
}

/// Whether the last part begins with a capital letter. It looks at one byte, as govulncheck does.
pub(crate) fn is_exported(symbol: &str) -> bool {
    let last = symbol.rsplit('.').next().and_then(|l| l.bytes().next());
    last.is_some_and(|b| b.is_ascii_uppercase() || (0xc0..=0xde).contains(&b) && b != 0xd7)
}

/// The function as a finding names it: the first two parts. None where nothing is left: `List[...].Push`.
pub(crate) fn printed(symbol: &str) -> Option<String> {
    let mut parts = symbol.split('.');
    match (parts.next(), parts.next()) {
        (Some(name), None) => (!name.is_empty()).then(|| name.to_owned()),
        (Some(receiver), Some(name)) if !name.is_empty() => {
            Some(if receiver.is_empty() { name.to_owned() } else { format!("{receiver}.{name}") })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        // The middle column is what govulncheck's parseName gives for these names of real programs.
        let table = [
            ("main.main", "main", "main", Some("main")),
            ("net/http.(*Server).Serve", "net/http", "Server.Serve", Some("Server.Serve")),
            ("net/http.Header.Get", "net/http", "Header.Get", Some("Header.Get")),
            ("net/http.Header.Get-fm", "net/http", "Header.Get-fm", Some("Header.Get-fm")),
            ("net/http.(*conn).serve.func1", "net/http", "conn).serve.func1", Some("conn).serve")),
            ("main.T.M.func1", "main", "T.M.func1", Some("T.M")),
            ("main.init.0", "main", "init.0", Some("init.0")),
            (
                "gopkg.in/yaml%2ev3.(*Decoder).Decode",
                "gopkg.in/yaml.v3",
                "Decoder.Decode",
                Some("Decoder.Decode"),
            ),
            ("slices.Sort[...]", "slices", "Sort[...]", None),
            ("a/b.(*List[...]).Push", "a/b", "List[...].Push", None),
            // debug/gosym takes the bracket for the dot's place.
            ("a/b.List[...].Len", "a/b", "List[...]....].Len", None),
            ("slices.SortFunc[...].func1", "slices", "SortFunc[...]....].func1", None),
            ("glob..func1", "glob", "func1", Some("func1")),
        ];
        for (full, package, symbol, shown) in table {
            let (p, s) = split(full, Origin::Function).unwrap();
            assert_eq!((p.as_ref(), s.as_ref()), (package, symbol), "{full}");
            assert_eq!(printed(symbol).as_deref(), shown, "{full}");
        }
    }

    #[test]
    fn names_of_no_package() {
        assert_eq!(split("type:.eq.main.T", Origin::Function), None);
        assert_eq!(split("memmove", Origin::Function), None);
        assert!(split("go.uber.org/zap.New", Origin::Function).is_some());
        // The peculiarity that makes govulncheck blind for inlined functions of such modules.
        assert_eq!(split("go.uber.org/zap.New", Origin::Inlined), None);
        assert_eq!(split("", Origin::Function), None);
    }

    #[test]
    fn what_is_passed_over_has_a_name_all_the_same() {
        use Origin::{Function, Inlined, OldFunction};
        let table = [
            ("go.uber.org/zap.New", Inlined, Some(("go.uber.org/zap", "New"))),
            ("go.uber.org/zap.New", OldFunction, Some(("go.uber.org/zap", "New"))),
            ("go.uber.org/zap.New", Function, None),
            ("a/b.(*List[...]).Push", Function, Some(("a/b", "List.Push"))),
            ("a/b.List[...].Len", Inlined, Some(("a/b", "List.Len"))),
            ("slices.Sort[...]", Function, Some(("slices", "Sort"))),
            ("a.b/c/vendor/d.e/f.(*T).M", Function, Some(("d.e/f", "T.M"))),
            ("net/http.(*Server).Serve", Function, None),
            ("go:buildid", Function, None),
            ("go.buildid", OldFunction, None),
            ("type..eq.a/b.T", OldFunction, None),
            ("type:.eq.a/b.T[...]", Function, None),
            ("memmove", Function, None),
        ];
        for (full, origin, expected) in table {
            let got = passed_over(full, origin);
            assert_eq!(got.as_ref().map(|(p, s)| (p.as_str(), s.as_str())), expected, "{full} {origin:?}");
        }
    }

    #[test]
    fn exported() {
        for (symbol, expected) in
            [("F", true), ("T.m", false), ("t.M", true), ("F.func1", false), ("x.", false)]
        {
            assert_eq!(is_exported(symbol), expected, "{symbol}");
        }
    }
}
