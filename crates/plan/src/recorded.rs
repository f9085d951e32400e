//! Which flags of a build the go command must have written into the binary, and as what.
//!
//! Source: `setBuildInfo` of cmd/go/internal/load. -ldflags are recorded only without -trimpath; of a flag that is
//! given twice the last one counts, and one of the command line comes after those of GOFLAGS.

use crate::graph::BuildSpec;
use goferry_config::template::split_words;

/// Flags of `go build` and `go test -c` that take no value of their own: `-race`, but not `-tags x`.
const BOOLEAN: [&str; 20] = [
    "a",
    "asan",
    "benchmem",
    "buildvcs",
    "c",
    "cover",
    "failfast",
    "fullpath",
    "i",
    "json",
    "linkshared",
    "modcacherw",
    "msan",
    "n",
    "race",
    "short",
    "trimpath",
    "v",
    "work",
    "x",
];

/// Each flag that Go records with the value that must be there; none: it must not be there.
pub(crate) fn flags(spec: &BuildSpec, goflags: &str) -> Vec<(String, Option<String>)> {
    // Another tool may do as it likes.
    if spec.tool != "go" && !spec.tool.starts_with("go1") {
        return vec![];
    }
    // Not split by a shell's rules alone, but GOFLAGS that need more than quotes are no GOFLAGS.
    let mut words = split_words(goflags).map(|s| s.words).unwrap_or_default();
    words.extend(spec.flags.iter().cloned());
    words.extend(spec.buildmode.iter().map(|m| format!("-buildmode={m}")));
    let given = parse(&words);
    let last = |name: &str| given.iter().rev().find(|(n, _)| n == name).map(|(_, v)| v.clone());
    let on = |name: &str| last(name).is_some_and(|v| is_true(&v)).then(|| "true".to_owned());
    let text = |name: &str| last(name).filter(|v| !v.is_empty()).map(|v| v.replace('\n', " "));
    let trimmed = on("trimpath");
    let mode = text("buildmode").filter(|m| m != "default").unwrap_or_else(|| "exe".to_owned());
    vec![
        // The only one that is written down when it is empty.
        ("-asmflags".to_owned(), last("asmflags")),
        ("-buildmode".to_owned(), Some(mode)),
        ("-gcflags".to_owned(), text("gcflags")),
        ("-ldflags".to_owned(), text("ldflags").filter(|_| trimmed.is_none())),
        ("-race".to_owned(), on("race")),
        ("-tags".to_owned(), text("tags").map(|t| tags(&t)).filter(|t| !t.is_empty())),
        ("-trimpath".to_owned(), trimmed),
    ]
}

/// Name and value of each flag.
fn parse(words: &[String]) -> Vec<(String, String)> {
    let mut out = vec![];
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let Some(flag) = word.strip_prefix("--").or_else(|| word.strip_prefix('-')) else { continue };
        let pair = match flag.split_once('=') {
            Some((name, value)) => (name.to_owned(), value.to_owned()),
            None if BOOLEAN.contains(&flag) => (flag.to_owned(), "true".to_owned()),
            None => (flag.to_owned(), words.next().cloned().unwrap_or_default()),
        };
        out.push(pair);
    }
    out
}

/// As Go's flag package reads it.
fn is_true(value: &str) -> bool {
    matches!(value, "1" | "t" | "T" | "true" | "TRUE" | "True")
}

/// Go splits at commas, and at blanks as it did long ago, and joins with commas.
fn tags(text: &str) -> String {
    text.split([',', ' ']).filter(|t| !t.is_empty()).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Cgo;

    fn recorded(argv: &[&str], buildmode: Option<&str>, goflags: &str) -> String {
        let spec = BuildSpec {
            id: String::new(),
            target: "linux/amd64".parse().unwrap(),
            binary: String::new(),
            ext: String::new(),
            tool: "go".to_owned(),
            command: "build".to_owned(),
            dir: String::new(),
            main: String::new(),
            flags: argv.iter().map(|s| (*s).to_owned()).collect(),
            buildmode: buildmode.map(str::to_owned),
            env: vec![],
            default_matrix: false,
            cc_identity: None,
            cgo: Cgo::Off,
            hooks_pre: vec![],
            hooks_post: vec![],
            upx: None,
            mtime: None,
        };
        let said = flags(&spec, goflags).into_iter().filter_map(|(k, v)| Some(format!("{k}={}", v?)));
        said.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn what_go_writes_down() {
        for (argv, mode, goflags, expected) in [
            (&["-trimpath", "-ldflags=-s -w"][..], None, "", "-buildmode=exe -trimpath=true"),
            (&["-trimpath=false", "-ldflags=-s\n-w"], None, "", "-buildmode=exe -ldflags=-s -w"),
            (&["-tags", "a,b", "-trimpath"], None, "", "-buildmode=exe -tags=a,b -trimpath=true"),
            (&["-tags=a b"], None, "-trimpath -tags=c", "-buildmode=exe -tags=a,b -trimpath=true"),
            (&["-v"], None, "'-tags=c' -buildmode=pie", "-buildmode=pie -tags=c"),
            (&["--gcflags=all=-N", "-gcflags=-l"], Some("c-shared"), "", "-buildmode=c-shared -gcflags=-l"),
            (&["-race", "-buildmode=default"], None, "", "-buildmode=exe -race=true"),
        ] {
            assert_eq!(recorded(argv, mode, goflags), expected, "{argv:?} {goflags}");
        }
    }
}
