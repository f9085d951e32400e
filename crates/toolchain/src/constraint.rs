//! Build constraints: the expressions of `//go:build`, the old `// +build` lines, and what file names say.
//!
//! Owns: go/build/constraint's grammar and go/build's file name rule. Must not: read files.

use goferry_target::{GoTarget, Os};

/// A build constraint expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Constraint {
    /// A tag.
    Tag(String),
    /// `!x`.
    Not(Box<Constraint>),
    /// `x && y`.
    And(Box<Constraint>, Box<Constraint>),
    /// `x || y`.
    Or(Box<Constraint>, Box<Constraint>),
}

/// Nesting deeper than this is refused, as go/build/constraint limits expression size.
const MAX_DEPTH: usize = 100;

impl Constraint {
    /// Parses the expression of a `//go:build` line; none if it is malformed.
    pub fn parse(expr: &str) -> Option<Constraint> {
        let tokens = tokens(expr)?;
        let mut parser = Parser { tokens: &tokens, at: 0 };
        let parsed = parser.or(0)?;
        (parser.at == tokens.len()).then_some(parsed)
    }

    /// The conjunction of `// +build` lines (each a disjunction of comma-joined conjunctions); none without lines.
    pub fn from_plus_build(lines: &[String]) -> Option<Constraint> {
        let mut all: Option<Constraint> = None;
        for line in lines {
            let mut any: Option<Constraint> = None;
            for option in line.split_whitespace() {
                let mut both: Option<Constraint> = None;
                for term in option.split(',') {
                    let tag = Constraint::Tag(term.trim_start_matches('!').to_owned());
                    let term = if term.starts_with('!') { Constraint::Not(Box::new(tag)) } else { tag };
                    both = Some(join(both, term, Constraint::And));
                }
                any = both.map(|b| join(any.take(), b, Constraint::Or)).or(any);
            }
            all = any.map(|a| join(all.take(), a, Constraint::And)).or(all);
        }
        all
    }

    /// Whether it holds, given which tags do.
    pub fn eval(&self, has: &dyn Fn(&str) -> bool) -> bool {
        match self {
            Constraint::Tag(t) => has(t),
            Constraint::Not(x) => !x.eval(has),
            Constraint::And(x, y) => x.eval(has) && y.eval(has),
            Constraint::Or(x, y) => x.eval(has) || y.eval(has),
        }
    }
}

fn join(
    left: Option<Constraint>,
    right: Constraint,
    with: fn(Box<Constraint>, Box<Constraint>) -> Constraint,
) -> Constraint {
    match left {
        Some(l) => with(Box::new(l), Box::new(right)),
        None => right,
    }
}

fn tokens(expr: &str) -> Option<Vec<&str>> {
    let mut out = vec![];
    let mut rest = expr.trim_start();
    while !rest.is_empty() {
        if rest.starts_with("//") {
            break;
        }
        let len = match rest.as_bytes()[0] {
            b'(' | b')' | b'!' => 1,
            b'&' if rest.starts_with("&&") => 2,
            b'|' if rest.starts_with("||") => 2,
            _ => rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '.')).unwrap_or(rest.len()),
        };
        if len == 0 || out.len() > 1000 {
            return None;
        }
        out.push(&rest[..len]);
        rest = rest[len..].trim_start();
    }
    Some(out)
}

struct Parser<'a> {
    tokens: &'a [&'a str],
    at: usize,
}

impl Parser<'_> {
    fn eat(&mut self, token: &str) -> bool {
        let hit = self.tokens.get(self.at) == Some(&token);
        self.at += usize::from(hit);
        hit
    }

    fn or(&mut self, depth: usize) -> Option<Constraint> {
        let mut x = self.and(depth)?;
        while self.eat("||") {
            x = Constraint::Or(Box::new(x), Box::new(self.and(depth)?));
        }
        Some(x)
    }

    fn and(&mut self, depth: usize) -> Option<Constraint> {
        let mut x = self.not(depth)?;
        while self.eat("&&") {
            x = Constraint::And(Box::new(x), Box::new(self.not(depth)?));
        }
        Some(x)
    }

    fn not(&mut self, depth: usize) -> Option<Constraint> {
        if depth > MAX_DEPTH {
            return None;
        }
        if self.eat("!") {
            return Some(Constraint::Not(Box::new(self.not(depth + 1)?)));
        }
        if self.eat("(") {
            let x = self.or(depth + 1)?;
            return self.eat(")").then_some(x);
        }
        let tag = self.tokens.get(self.at)?;
        if matches!(*tag, "&&" | "||" | ")") {
            return None;
        }
        self.at += 1;
        Some(Constraint::Tag((*tag).to_owned()))
    }
}

/// What decides which files the go command compiles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Platform {
    /// GOOS.
    pub goos: String,
    /// GOARCH.
    pub goarch: String,
    /// CGO_ENABLED.
    pub cgo: bool,
    /// `-tags`.
    pub tags: Vec<String>,
}

impl Platform {
    /// A platform without further tags.
    pub fn new(goos: &str, goarch: &str, cgo: bool) -> Self {
        Platform { goos: goos.to_owned(), goarch: goarch.to_owned(), cgo, tags: vec![] }
    }

    /// Whether a tag holds here (go/build `matchTag`). Release tags (`go1.N`) are taken to hold.
    pub fn has(&self, tag: &str) -> bool {
        tag == self.goos
            || tag == self.goarch
            || tag == "gc"
            || (tag == "cgo" && self.cgo)
            || (tag == "unix" && is_unix(&self.goos))
            || (tag == "linux" && self.goos == "android")
            || (tag == "solaris" && self.goos == "illumos")
            || (tag == "darwin" && self.goos == "ios")
            || tag.strip_prefix("go1.").is_some_and(|n| n.bytes().all(|b| b.is_ascii_digit()))
            || self.tags.iter().any(|t| t == tag)
    }

    /// Whether any platform that Go knows compiles a file of this name and constraint.
    pub fn any_compiles(name: &str, constraint: Option<&Constraint>) -> bool {
        GoTarget::all().any(|t| {
            [true, false].into_iter().any(|cgo| {
                let platform = Platform::new(t.os.goos(), t.arch.goarch(), cgo);
                file_name_allows(name, &platform)
                    && constraint.is_none_or(|c| c.eval(&|tag| platform.has(tag)))
            })
        })
    }
}

fn is_unix(goos: &str) -> bool {
    !matches!(goos, "js" | "plan9" | "wasip1" | "windows")
}

/// Whether `name_GOOS_GOARCH.go`, `name_GOOS.go` or `name_GOARCH.go` allows the platform (go/build `goodOSArchFile`).
pub fn file_name_allows(name: &str, platform: &Platform) -> bool {
    let stem = name.split('.').next().unwrap_or(name);
    // Before the first underscore stands a free name: linux.go is compiled everywhere.
    let Some((_, list)) = stem.split_once('_') else { return true };
    let mut parts: Vec<&str> = list.split('_').collect();
    if parts.last() == Some(&"test") {
        parts.pop();
    }
    let known_os = |s: &str| Os::from_goos(s).is_some() || matches!(s, "hurd" | "nacl" | "zos");
    let known_arch = |s: &str| {
        GoTarget::all().any(|t| t.arch.goarch() == s)
            || matches!(
                s,
                "amd64p32"
                    | "armbe"
                    | "arm64be"
                    | "mips64p32"
                    | "mips64p32le"
                    | "ppc"
                    | "riscv"
                    | "s390"
                    | "sparc"
                    | "sparc64"
            )
    };
    match parts.as_slice() {
        [.., os, arch] if known_os(os) && known_arch(arch) => platform.has(os) && platform.has(arch),
        [.., last] if known_os(last) || known_arch(last) => platform.has(last),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions() {
        let p = Platform::new("linux", "arm64", false);
        for (expr, want) in [
            ("linux", Some(true)),
            ("!linux || arm64", Some(true)),
            ("linux && (amd64 || arm64) && !cgo", Some(true)),
            ("unix && go1.21", Some(true)),
            ("windows || darwin && linux", Some(false)),
            ("!!linux", Some(true)),
            ("linux // comment", Some(true)),
            ("linux &&", None),
            ("(linux", None),
            ("linux darwin", None),
            ("linux & darwin", None),
            ("", None),
        ] {
            assert_eq!(Constraint::parse(expr).map(|c| c.eval(&|t| p.has(t))), want, "{expr}");
        }
        assert_eq!(Constraint::parse(&"(".repeat(100_000)), None);
        assert_eq!(Constraint::parse(&format!("{}a", "!".repeat(900))), None);
    }

    #[test]
    fn file_names() {
        let p = Platform::new("linux", "arm64", false);
        for (name, want) in [
            ("linux.go", true),
            ("windows.go", true),
            ("x_linux.go", true),
            ("x_windows.go", false),
            ("x_amd64.go", false),
            ("x_linux_arm64.go", true),
            ("x_linux_amd64.go", false),
            ("x_windows_linux.go", true),
            ("x_foo.go", true),
            ("x_windows_test.go", false),
        ] {
            assert_eq!(file_name_allows(name, &p), want, "{name}");
        }
        assert!(file_name_allows("x_linux.go", &Platform::new("android", "arm64", true)));
    }
}
