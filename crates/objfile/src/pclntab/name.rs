//! A function's name taken apart: `path/of%2epackage.(*Receiver).Method.func1`.
//!
//! The linker's names are text without a grammar (debug/gosym/symtab.go reads them the same way): what the compiler
//! adds to a name is known by its form, and a value receiver and a function that encloses another look alike.

use std::borrow::Cow;

/// The parts of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SymbolName<'n> {
    /// Import path of the package, unescaped. Empty for C functions, `type:.eq.…` and what else has none.
    pub package: Cow<'n, str>,
    /// The type whose method it is, or is inside of.
    pub receiver: Option<Receiver<'n>>,
    /// What follows package and receiver, type arguments left out: `Method`, `Sort`, `main.func1`.
    pub name: Cow<'n, str>,
    /// A piece that the compiler made of `name`'s first part: a closure, a wrapper, a method value.
    pub derived: bool,
}

/// A method's receiver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receiver<'n> {
    /// The type's name, type arguments left out.
    pub name: Cow<'n, str>,
    /// `(*T)`, not `T`.
    pub pointer: bool,
}

impl<'n> SymbolName<'n> {
    /// Takes a name apart. Names that are none of Go's come back whole, without a package.
    pub fn parse(full: &'n str) -> Self {
        let bare = without_arguments(full);
        let whole = |bare: Cow<'n, str>| SymbolName {
            package: Cow::Borrowed(""),
            receiver: None,
            name: bare,
            derived: false,
        };
        if is_of_no_package(full) {
            return whole(Cow::Borrowed(full));
        }
        let slash = bare.rfind('/').map_or(0, |i| i + 1);
        let Some(dot) = bare[slash..].find('.').map(|i| slash + i) else { return whole(bare) };
        let package = match &bare {
            Cow::Borrowed(text) => unescape(&text[..dot]),
            Cow::Owned(text) => Cow::Owned(unescape(&text[..dot]).into_owned()),
        };
        let rest = &bare[dot + 1..];
        let (receiver, name) = receiver(rest);
        let receiver =
            receiver.map(|(name, pointer)| Receiver { name: Cow::Owned(name.to_owned()), pointer });
        let derived = plain(name) != name;
        SymbolName { package, receiver, name: Cow::Owned(name.to_owned()), derived }
    }

    /// `Receiver.Method` or `Function`, without what the compiler added: as the vulnerability database writes symbols.
    pub fn symbol(&self) -> String {
        let name = plain(&self.name);
        match &self.receiver {
            Some(receiver) => format!("{}.{name}", receiver.name),
            None => name.to_owned(),
        }
    }
}

/// What the linker and the compiler make that belongs to no package; `type..` and `go.` before Go 1.20, where a package's
/// path that begins with `go.` is told apart by its slash.
fn is_of_no_package(full: &str) -> bool {
    ["type:", "go:", "type.."].iter().any(|p| full.starts_with(p))
        || full.starts_with("go.") && !full.contains('/')
}

/// The name without type arguments, which may hold slashes and dots.
fn without_arguments(full: &str) -> Cow<'_, str> {
    if !full.contains('[') {
        return Cow::Borrowed(full);
    }
    let (mut out, mut depth) = (String::with_capacity(full.len()), 0u32);
    for c in full.chars() {
        match c {
            '[' => depth += 1,
            ']' if depth > 0 => depth -= 1,
            _ if depth == 0 => out.push(c),
            _ => {}
        }
    }
    Cow::Owned(out)
}

/// Undoes the linker's `%2e` (cmd/internal/objabi, `PathToPrefix`).
fn unescape(path: &str) -> Cow<'_, str> {
    if !path.contains('%') {
        return Cow::Borrowed(path);
    }
    let bytes = path.as_bytes();
    let (mut out, mut at) = (Vec::with_capacity(bytes.len()), 0);
    while at < bytes.len() {
        let code = (bytes[at] == b'%').then(|| path.get(at + 1..at + 3)).flatten();
        match code.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                out.push(byte);
                at += 3;
            }
            None => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    Cow::Owned(String::from_utf8_lossy(&out).into_owned())
}

/// The receiver, and what follows it.
fn receiver(rest: &str) -> (Option<(&str, bool)>, &str) {
    if let Some((name, tail)) = rest.strip_prefix("(*").and_then(|r| r.split_once(").")) {
        return (Some((name, true)), tail);
    }
    match rest.split_once('.') {
        // `T.Method`, `T.Method.func1`; but `f.func1`, `init.0`, and `f.g.h.func1`, closures of what was inlined.
        Some((first, tail)) if !first.is_empty() && first != "init" && !is_added(tail) => {
            if plain(tail).contains('.') { (None, rest) } else { (Some((first, false)), tail) }
        }
        _ => (None, rest),
    }
}

/// Whether every part of `tail` is one that the compiler adds.
fn is_added(tail: &str) -> bool {
    tail.split('.').all(is_made_up)
}

/// `func1`, `gowrap2`, `deferwrap1`, `3`, `func1-range2`.
fn is_made_up(part: &str) -> bool {
    let part = part.split_once("-range").map_or(part, |(before, _)| before);
    let digits = ["func", "gowrap", "deferwrap", "goWrap", "deferWrap", ""]
        .iter()
        .filter_map(|p| part.strip_prefix(p));
    digits.into_iter().any(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
}

/// The name without closures' numbers, `-fm` (a method value) and `-range1` (a loop's body).
fn plain(name: &str) -> &str {
    let mut name = name;
    loop {
        let shorter = match name.rsplit_once('.') {
            Some((before, last)) if is_made_up(last) && !before.is_empty() => before,
            _ => {
                let fm = name.strip_suffix("-fm");
                fm.or_else(|| name.split_once("-range").map(|(before, _)| before)).unwrap_or(name)
            }
        };
        if shorter.len() == name.len() {
            return name;
        }
        name = shorter;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Package, receiver (`*` for a pointer), name, symbol.
    fn parts(full: &str) -> [String; 4] {
        let s = SymbolName::parse(full);
        let receiver = s.receiver.as_ref().map(|r| format!("{}{}", if r.pointer { "*" } else { "" }, r.name));
        [s.package.to_string(), receiver.unwrap_or_default(), s.name.to_string(), s.symbol()]
    }

    #[test]
    fn names_are_taken_apart() {
        let table = [
            ("main.main", ["main", "", "main", "main"]),
            ("main.main.func1", ["main", "", "main.func1", "main"]),
            ("main.main.func1.2.gowrap3", ["main", "", "main.func1.2.gowrap3", "main"]),
            ("main.init.0", ["main", "", "init.0", "init"]),
            ("main.init.func1", ["main", "", "init.func1", "init"]),
            ("net/http.(*Client).Do", ["net/http", "*Client", "Do", "Client.Do"]),
            ("net/http.(*Client).Do.func2", ["net/http", "*Client", "Do.func2", "Client.Do"]),
            ("net/http.Header.Get", ["net/http", "Header", "Get", "Header.Get"]),
            ("net/http.Header.Get-fm", ["net/http", "Header", "Get-fm", "Header.Get"]),
            ("main.T.M.func1", ["main", "T", "M.func1", "T.M"]),
            // It may be a closure of a method, or one of a function that was inlined: nothing tells.
            ("main.run.load.func1", ["main", "run", "load.func1", "run.load"]),
            ("main.run.load.more.func1", ["main", "", "run.load.more.func1", "run.load.more"]),
            ("main.all-range1", ["main", "", "all-range1", "all"]),
            ("main.all.func1-range2", ["main", "", "all.func1-range2", "all"]),
            ("slices.Sort[...]", ["slices", "", "Sort", "Sort"]),
            ("slices.Sort[go.shape.[]a/b.T_0].func1", ["slices", "", "Sort.func1", "Sort"]),
            ("main.(*List[...]).Push", ["main", "*List", "Push", "List.Push"]),
            ("main.List[...].Len", ["main", "List", "Len", "List.Len"]),
            (
                "gopkg.in/yaml%2ev3.(*Decoder).Decode",
                ["gopkg.in/yaml.v3", "*Decoder", "Decode", "Decoder.Decode"],
            ),
            ("github.com/a/b%2ego.F", ["github.com/a/b.go", "", "F", "F"]),
            ("type:.eq.main.T", ["", "", "type:.eq.main.T", "type:.eq.main.T"]),
            ("go:buildid", ["", "", "go:buildid", "go:buildid"]),
            ("_cgo_topofstack", ["", "", "_cgo_topofstack", "_cgo_topofstack"]),
            ("memmove", ["", "", "memmove", "memmove"]),
            ("glob..func1", ["glob", "", ".func1", ".func1"]),
            ("", ["", "", "", ""]),
            ("a%zz%2.b", ["a%zz%2", "", "b", "b"]),
            ("main.(*T", ["main", "", "(*T", "(*T"]),
        ];
        for (full, expected) in table {
            assert_eq!(parts(full), expected.map(str::to_owned), "{full}");
        }
    }
}
