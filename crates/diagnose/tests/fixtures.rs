//! What real tools said (fixtures/, recorded by crates/cli/tests/causes), plain and among the noise of real logs.
#![expect(clippy::unwrap_used, reason = "the functions that tests share are not marked as tests")]

use goferry_diagnose::{CAUSES, Proof, explain_log};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

/// The cause that a fixture is of: its name, up to the dot before the tool that says it in other words.
fn cause(name: &str) -> &str {
    name.split('.').next().unwrap()
}

/// Name → what was said, without the line that names the tool.
fn fixtures() -> BTreeMap<String, String> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let mut out = BTreeMap::new();
    for entry in std::fs::read_dir(dir).unwrap().map(Result::unwrap) {
        let text = std::fs::read_to_string(entry.path()).unwrap();
        let (head, body) = text.split_once('\n').unwrap();
        let path = entry.path();
        assert!(head.starts_with("# ") && head.contains('.'), "{}: {head}", path.display());
        out.insert(path.file_stem().unwrap().to_str().unwrap().to_owned(), body.to_owned());
    }
    out
}

fn first(log: &str) -> Option<&'static str> {
    explain_log(log.as_bytes()).first.map(|f| f.id)
}

#[test]
fn a_fixture_for_every_reproduced_cause_and_no_other() {
    let fixtures = fixtures();
    for c in CAUSES {
        let recorded = fixtures.contains_key(c.id);
        assert_eq!(recorded, c.proof == Proof::Reproduced, "{}: a fixture exists: {recorded}", c.id);
        if let Proof::Listed { why } = c.proof {
            assert!(why.len() > 20, "{}: {why}", c.id);
        }
    }
    for id in fixtures.keys() {
        assert!(CAUSES.iter().any(|c| c.id == cause(id)), "there is no cause {id}");
    }
    assert!(fixtures.len() >= 35, "{}", fixtures.len());
}

#[test]
fn no_fixture_names_the_machine_that_recorded_it() {
    for (id, log) in fixtures() {
        for trace in ["/root/", "/tmp/w/", "target/tmp", "/tmp/.tmp", "10.255."] {
            assert!(!log.contains(trace), "{id}: {trace}");
        }
    }
}

/// Makes of a plain log what a user has.
type Decorate = fn(&str) -> String;

/// Each way in which a log reaches a user.
fn decorations() -> Vec<(&'static str, Decorate)> {
    vec![
        ("plain", str::to_owned),
        ("windows line ends", |log| log.replace('\n', "\r\n")),
        ("no last line end", |log| log.trim_end().to_owned()),
        ("curly quotes", curly),
        ("timestamps", |log| each_line(log, |l| format!("2026-11-24T10:57:13.1234567Z {l}"))),
        ("buildkit", |log| each_line(log, |l| format!("#12 3.456 {l}"))),
        ("colours", |log| each_line(log, |l| format!("\x1b[36;1m{l}\x1b[0m"))),
        ("colours within", |log| log.replace(": ", ": \x1b[01;31m\x1b[K")),
        ("make", |log| {
            format!(
                "make[1]: Entering directory '/home/user/project'\nCGO_ENABLED=1 go build -o bin/app ./cmd/app\n{log}\
                 make[1]: *** [Makefile:12: bin/app] Error 1\nmake[1]: Leaving directory '/home/user/project'\n\
                 make: *** [Makefile:5: all] Error 2\n"
            )
        }),
        ("goreleaser", |log| {
            format!(
                "  • starting release\n  • building binaries\n    • building    binary=dist/app_linux_arm64_v8.0/app\n  \
                 ⨯ release failed after 4s\n    error=\n{}    target=linux_arm64_v8.0\n",
                each_line(log, |l| format!("    │ {l}"))
            )
        }),
        ("github", |log| {
            let text = format!(
                "##[group]Run make\n\x1b[36;1mmake\x1b[0m\nshell: /usr/bin/bash -e {{0}}\n##[endgroup]\n\
                 go: downloading github.com/spf13/cobra v1.9.1\nok  \texample.com/app/pkg\t0.004s\n{log}\
                 FAIL\texample.com/app [build failed]\n##[error]Process completed with exit code 1.\n"
            );
            each_line(&text, |l| format!("2026-11-24T10:57:13.1234567Z {l}"))
        }),
    ]
}

fn each_line(log: &str, change: impl Fn(&str) -> String) -> String {
    log.lines().fold(String::new(), |mut out, l| {
        writeln!(out, "{}", change(l)).unwrap();
        out
    })
}

/// What gcc prints in a UTF-8 locale.
fn curly(log: &str) -> String {
    let mut out = String::new();
    let mut open = false;
    for c in log.chars() {
        match c {
            '`' => out.push('‘'),
            '\'' => {
                open = !open;
                out.push(if open { '‘' } else { '’' });
            }
            '\n' => {
                open = false;
                out.push(c);
            }
            _ => out.push(c),
        }
    }
    out
}

#[test]
fn the_cause_is_found_first_among_all_noise() {
    let mut wrong = vec![];
    for (id, log) in fixtures() {
        for (name, decorate) in decorations() {
            let found = first(&decorate(&log));
            if found != Some(cause(&id)) {
                wrong.push(format!("{id}, {name}: {found:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_noise_itself_has_no_cause() {
    for (name, decorate) in decorations() {
        let report = explain_log(decorate("go: downloading golang.org/x/text v0.20.0\n").as_bytes());
        assert!(report.first.is_none(), "{name}: {:?}", report.first);
    }
}

/// A log of many builds: what is found first is not the build that merely came first.
#[test]
fn a_full_disk_explains_everything_else() {
    let fixtures = fixtures();
    let log =
        format!("{}{}{}", fixtures["symbol-undefined"], fixtures["library-missing"], fixtures["disk-full"]);
    let report = explain_log(log.as_bytes());
    assert_eq!(report.first.unwrap().id, "disk-full");
    let others: Vec<&str> = report.others.iter().map(|f| f.id).collect();
    assert_eq!(others, ["symbol-undefined", "library-missing"]);
}

/// A variable that is right in a build of something else is no cause by itself.
#[test]
fn a_dead_variable_counts_only_beside_its_error() {
    let log =
        "CC_aarch64_unknown_linux_gnu=aarch64-linux-gnu-gcc cargo build\n./main.go:3:23: undefined: answer\n";
    assert_eq!(first(log), Some("cgo-off-undefined-names"));
    assert_eq!(first(log.lines().next().unwrap()), None);
}

/// Fixes are shown with what the log says.
#[test]
fn placeholders_are_filled() {
    for (id, log) in fixtures() {
        let first = explain_log(log.as_bytes()).first.unwrap();
        assert!(!first.why.contains('{'), "{id}: {}", first.why);
        for fix in &first.fixes {
            let text = format!("{} {}", fix.text, fix.command.clone().unwrap_or_default());
            let left = text
                .split('{')
                .skip(1)
                .filter_map(|r| r.split_once('}'))
                .any(|(name, _)| !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase()));
            assert!(!left, "{id}: {text}");
        }
    }
}
