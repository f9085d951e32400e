//! What is written after `goferry test`: go test's own flags and packages, as far as goferry must know them.
//!
//! Owns: reading them. Must not: change the order; the go command gets them as they are.
//! Source: `go help test`, `go help testflag`, `go help build` (Go 1.26).

use goferry_report::{Code, Diagnostic};

/// Flags that take no value unless it is written with `=`.
const BOOLEAN: [&str; 21] = [
    "a",
    "n",
    "v",
    "x",
    "i",
    "c",
    "race",
    "msan",
    "asan",
    "cover",
    "work",
    "json",
    "short",
    "failfast",
    "benchmem",
    "artifacts",
    "buildvcs",
    "trimpath",
    "modcacherw",
    "linkshared",
    "fullpath",
];

/// go test's arguments.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GoTestArgs {
    /// Everything but `-json`, `-coverprofile` and `-C`, in the order in which it was written.
    pub passed: Vec<String>,
    /// Packages; empty: that of the working directory.
    pub packages: Vec<String>,
    /// `-json`.
    pub json: bool,
    /// `-v`.
    pub verbose: bool,
    /// `-bench`, `-list` or `-fuzz`: what a package writes is what was asked for.
    pub wants_output: bool,
    /// `-failfast`.
    pub failfast: bool,
    /// `race`, `asan` or `msan`, whose runtimes need cgo and a processor of the host's own.
    pub sanitizer: Option<String>,
    /// `-timeout`.
    pub timeout: Option<String>,
    /// `-coverprofile`.
    pub coverprofile: Option<String>,
    /// `-tags`.
    pub tags: Vec<String>,
    /// `-p`.
    pub parallel: Option<String>,
    /// `-mod` and `-modfile`, which change what is listed.
    pub module_flags: Vec<String>,
}

impl GoTestArgs {
    /// Reads them.
    ///
    /// # Errors
    /// A flag that cannot be combined with running on a target.
    pub fn parse(args: &[String]) -> Result<GoTestArgs, Box<Diagnostic>> {
        let mut out = GoTestArgs::default();
        let mut rest = args.iter();
        while let Some(word) = rest.next() {
            if word == "-args" || word == "--args" {
                out.passed.push(word.clone());
                out.passed.extend(rest.by_ref().cloned());
                break;
            }
            let Some(flag) =
                word.strip_prefix("--").or_else(|| word.strip_prefix('-')).filter(|f| !f.is_empty())
            else {
                out.packages.push(word.clone());
                out.passed.push(word.clone());
                continue;
            };
            let (name, written) = match flag.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (flag, None),
            };
            let name = name.strip_prefix("test.").unwrap_or(name);
            let apart = written.is_none() && !BOOLEAN.contains(&name);
            let value = if apart { rest.next().cloned() } else { written };
            if out.take(name, value.as_deref())? {
                out.passed.push(word.clone());
                out.passed.extend(apart.then_some(value).flatten());
            }
        }
        Ok(out)
    }

    /// What GOFLAGS says: flags divided by blanks, in quotes where they hold one (`go help environment`). What is not
    /// go test's is the go command's own business.
    pub(super) fn of_goflags(text: &str) -> GoTestArgs {
        let mut out = GoTestArgs::default();
        let mut rest = text.trim_start();
        while let Some(first) = rest.chars().next() {
            let quote = Some(first).filter(|c| matches!(c, '\'' | '"'));
            let body = &rest[quote.map_or(0, char::len_utf8)..];
            let end = body.find(|c: char| quote.map_or(c.is_whitespace(), |q| c == q)).unwrap_or(body.len());
            let (word, after) = body.split_at(end);
            rest = after.get(quote.map_or(0, char::len_utf8)..).unwrap_or_default().trim_start();
            let flag = word.trim_start_matches('-');
            let (name, value) = flag.split_once('=').map_or((flag, None), |(n, v)| (n, Some(v)));
            // One that goferry refuses is refused where it is written on the command line.
            let _ = out.take(name, value);
        }
        out
    }

    /// Notes a flag; whether it is passed on.
    fn take(&mut self, name: &str, value: Option<&str>) -> Result<bool, Box<Diagnostic>> {
        let on = value.is_none_or(|v| v != "false" && v != "0");
        let text = value.map(str::to_owned);
        match name {
            "json" => self.json = on,
            "coverprofile" => self.coverprofile = text,
            "v" => self.verbose = on,
            "bench" | "list" | "fuzz" => self.wants_output = true,
            "failfast" => self.failfast = on,
            "race" | "asan" | "msan" if on => self.sanitizer = Some(name.to_owned()),
            "timeout" => self.timeout = text,
            "p" => self.parallel = text,
            "tags" => self.tags.extend(value.unwrap_or_default().split(',').map(str::to_owned)),
            "mod" | "modfile" => self.module_flags.push(format!("-{name}={}", value.unwrap_or_default())),
            "exec" => {
                return Err(refused(
                    "-exec",
                    "goferry chooses what runs the tests: `goferry targets` says what",
                ));
            }
            "c" | "o" => {
                return Err(refused(
                    &format!("-{name}"),
                    "to keep a test binary, use `go test -c` and `goferry exec`",
                ));
            }
            "C" => return Err(refused("-C", "change the directory before you call goferry")),
            _ => {}
        }
        Ok(!matches!(name, "json" | "coverprofile"))
    }
}

fn refused(flag: &str, instead: &str) -> Box<Diagnostic> {
    let message = format!("`{flag}` cannot be used with goferry test");
    Box::new(Diagnostic::error(Code::ConfigValue, message).hint(instead))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> GoTestArgs {
        let words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
        GoTestArgs::parse(&words).unwrap()
    }

    #[test]
    fn flags_and_packages() {
        let a = parse("-run TestX -v -tags=a,b ./... -count=1 -timeout 5m -args -json x");
        assert_eq!(a.packages, ["./..."]);
        assert_eq!(a.passed.join(" "), "-run TestX -v -tags=a,b ./... -count=1 -timeout 5m -args -json x");
        assert_eq!((a.verbose, a.json, a.sanitizer), (true, false, None));
        assert_eq!((a.timeout.as_deref(), a.tags), (Some("5m"), vec!["a".to_owned(), "b".to_owned()]));
    }

    #[test]
    fn what_goferry_does_itself_is_taken_out() {
        let a = parse("--json -coverprofile c.out -race=false -test.short . ./b");
        assert_eq!(a.passed, ["-race=false", "-test.short", ".", "./b"]);
        assert_eq!((a.json, a.sanitizer, a.coverprofile.as_deref()), (true, None, Some("c.out")));
        assert_eq!(a.packages, [".", "./b"]);
    }

    #[test]
    fn goflags() {
        let flags = GoTestArgs::of_goflags(" -mod=mod '-tags=a b'  -timeout=2m \"-p=1\" -race -exec=x");
        assert_eq!((flags.timeout.as_deref(), flags.parallel.as_deref()), (Some("2m"), Some("1")));
        assert_eq!((flags.sanitizer.as_deref(), flags.tags.join(",").as_str()), (Some("race"), "a b"));
        for text in ["", " ", "'", "-p", "'-timeout=1", "\"\""] {
            let flags = GoTestArgs::of_goflags(text);
            assert_eq!(flags.timeout.is_some(), text.contains('='), "{text}");
        }
    }

    #[test]
    fn what_cannot_be() {
        for text in ["-exec x", "-c", "-o=x", "-C dir"] {
            let words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
            assert!(GoTestArgs::parse(&words).is_err(), "{text}");
        }
    }
}
