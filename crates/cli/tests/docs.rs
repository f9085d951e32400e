//! The documents keep up with the program: pages of codes, examples of configuration, links, commands and options.
#![expect(clippy::unwrap_used, reason = "the functions that tests share are not marked as tests")]

use goferry_config::SourceText;
use goferry_report::{Code, ExitClass, Severity};
use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// README.md and every page under docs/.
fn pages() -> Vec<PathBuf> {
    fn walk(dir: &Path, out: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(dir).unwrap().map(Result::unwrap) {
            let path = entry.path();
            if path.is_dir() {
                walk(&path, out);
            } else if path.extension().is_some_and(|e| e == "md") {
                out.push(path);
            }
        }
    }
    let mut out = vec![root().join("README.md")];
    walk(&root().join("docs"), &mut out);
    out.sort();
    out
}

/// Fenced blocks: line of the fence, its language, its text.
fn fences(text: &str) -> Vec<(usize, String, String)> {
    let mut out = vec![];
    let mut open: Option<(usize, String, String)> = None;
    for (i, line) in text.lines().enumerate() {
        match (&mut open, line.trim_start().strip_prefix("```")) {
            (None, Some(language)) => open = Some((i + 1, language.trim().to_owned(), String::new())),
            (Some(_), Some(_)) => out.extend(open.take()),
            (Some((_, _, body)), None) => {
                body.push_str(line);
                body.push('\n');
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a fence is not closed: {open:?}");
    out
}

fn outside_fences(text: &str) -> String {
    text.split("\n```").step_by(2).collect::<Vec<_>>().join("\n")
}

#[test]
fn every_code_has_its_page() {
    let dir = root().join("docs/diagnostics");
    for code in Code::ALL {
        let path = dir.join(format!("{code}.md"));
        let page = read(&path);
        let (title, rest) = page.split_once('\n').unwrap();
        assert_eq!(title, format!("# {code}"), "{}", path.display());
        let status = format!("Exit status {}", code.exit_class().status());
        assert!(rest.contains(&status), "{}: does not say `{status}`", path.display());
        // The example is one of this code, as the renderer draws it.
        let shown = fences(rest).iter().any(|(_, _, body)| {
            ["error", "warning", "note"].iter().any(|s| body.contains(&format!("{s}[{code}]: ")))
        });
        assert!(shown, "{}: shows no diagnostic with this code", path.display());
    }
    let known: BTreeSet<&str> = Code::ALL.iter().map(|c| c.as_str()).collect();
    for path in pages().iter().filter(|p| p.parent() == Some(&dir)) {
        let stem = path.file_stem().unwrap().to_str().unwrap();
        assert!(stem == "README" || known.contains(stem), "{}: there is no such code", path.display());
    }
}

/// With GOFERRY_BLESS=1 the index is written instead of compared.
#[test]
fn the_index_of_codes_is_that_of_the_table() {
    let path = root().join("docs/diagnostics/README.md");
    let made = index();
    if std::env::var_os("GOFERRY_BLESS").is_some() {
        std::fs::write(&path, &made).unwrap();
    }
    assert!(
        read(&path) == made,
        "docs/diagnostics/README.md is old: GOFERRY_BLESS=1 cargo test -p goferry-cli --test docs"
    );
}

fn index() -> String {
    let mut out = String::from(
        "<!-- Made from crates/report/src/code.rs (`GOFERRY_BLESS=1 cargo test -p goferry-cli --test docs`); do not edit. -->\n\n\
         # Diagnostics\n\n\
         Whatever goferry finds wrong carries one of these words. They are stable: `--json` prints the same ones. The\n\
         status is that of a run whose first error this is; a warning changes nothing ([exit codes](../exit-codes.md)).\n\n\
         | code | status | meaning |\n|---|---|---|\n",
    );
    for code in Code::ALL {
        writeln!(out, "| [`{code}`]({code}.md) | {} | {} |", code.exit_class().status(), code.summary())
            .unwrap();
    }
    out
}

#[test]
fn the_page_on_exit_codes_has_every_class() {
    let page = read(&root().join("docs/exit-codes.md"));
    use ExitClass::{Failure, Gate, HostLacks, Usage, WrongArtifact};
    for class in [Failure, Usage, Gate, WrongArtifact, HostLacks] {
        assert!(page.contains(&format!("\n| {} |", class.status())), "{class:?} is missing");
    }
}

#[test]
fn every_example_of_configuration_is_one() {
    let (mut seen, mut wrong) = (0, vec![]);
    for path in pages() {
        for (line, language, text) in fences(&read(&path)) {
            let source = |name: &str| Some(SourceText { name: name.to_owned(), text: text.clone() });
            let (_, found) = match language.as_str() {
                "toml" => goferry_config::load(None, source("goferry.toml")),
                "yaml" => goferry_config::load(source(".goreleaser.yaml"), None),
                _ => continue,
            };
            seen += 1;
            for d in found.list.iter().filter(|d| d.severity == Severity::Error) {
                wrong.push(format!("{}:{line}: {}: {}", path.display(), d.code, d.message));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(seen > 1, "only {seen} examples were found");
}

#[test]
fn links_lead_somewhere() {
    let mut wrong = vec![];
    for path in pages() {
        let text = outside_fences(&read(&path));
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = link.split('#').next().unwrap_or_default();
            let foreign = link.contains("://") || link.starts_with("mailto:");
            if !foreign && !file.is_empty() && !path.parent().unwrap().join(file).exists() {
                wrong.push(format!("{}: {link}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn help<'c>(command: impl IntoIterator<Item = &'c str>) -> String {
    let command: Vec<&str> = command.into_iter().collect();
    let out = Command::new(env!("CARGO_BIN_EXE_goferry")).args(&command).arg("--help").output().unwrap();
    assert!(out.status.success(), "goferry {command:?} --help: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).unwrap()
}

/// Every command line that starts with `goferry`, in code spans and in fences, of the documents that users read.
fn command_lines() -> Vec<(PathBuf, String)> {
    let mut out = vec![];
    for path in pages().into_iter().filter(|p| !p.parent().unwrap().ends_with("design")) {
        let text = read(&path);
        let spans: Vec<String> =
            outside_fences(&text).split('`').skip(1).step_by(2).map(str::to_owned).collect();
        let fenced: Vec<String> = fences(&text)
            .into_iter()
            .flat_map(|(_, _, b)| b.lines().map(str::to_owned).collect::<Vec<_>>())
            .collect();
        for line in spans.iter().chain(&fenced) {
            let line = line.trim_start().trim_start_matches("$ ").trim_start_matches("= help: ");
            if line.starts_with("goferry ") {
                out.push((path.clone(), line.to_owned()));
            }
        }
    }
    out
}

#[test]
fn every_command_in_the_documents_exists() {
    let commands: BTreeSet<String> = help(None)
        .lines()
        .skip_while(|l| !l.starts_with("Commands:"))
        .skip(1)
        .take_while(|l| !l.is_empty())
        .filter(|l| l.starts_with("  ") && !l.starts_with("   "))
        .filter_map(|l| l.split_whitespace().next().map(str::to_owned))
        .collect();
    assert!(commands.contains("release"), "{commands:?}");
    let lines = command_lines();
    let (mut used, mut wrong) = (BTreeSet::new(), vec![]);
    for (path, line) in &lines {
        let mut words = line.split_whitespace().skip(1);
        let Some(command) = words.next() else { continue };
        if command.starts_with(['-', '_']) || !command.chars().all(|c| c.is_ascii_lowercase()) {
            continue;
        }
        if !commands.contains(command) {
            wrong.push(format!("{}: `{line}`: there is no such command", path.display()));
            continue;
        }
        used.insert(command.to_owned());
        // The options of `image` are those of what it does.
        let action = words.clone().next().filter(|_| command == "image");
        let known = help([command].into_iter().chain(action));
        for option in words
            .take_while(|w| !['#', '&'].iter().any(|c| w.starts_with(*c)) && *w != "--")
            .filter(|w| w.starts_with("--"))
        {
            let name = option.split('=').next().unwrap_or(option).trim_end_matches([',', ')', ';']);
            if !known.split(|c: char| !(c.is_alphanumeric() || c == '-')).any(|w| w == name)
                && !["cache", "toolchain"].contains(&command)
            {
                wrong.push(format!("{}: `{line}`: {command} has no {name}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(used.len() > 5, "command lines are not found any more: {used:?}");
    let readme = read(&root().join("README.md"));
    for command in &commands {
        assert!(
            readme.contains(&format!("goferry {command}")),
            "README.md does not mention `goferry {command}`"
        );
    }
}
