//! docs/causes: a page for each cause and an index, made from the table and from what the tools said.

use crate::scenario::Scenario;
use crate::{blessing, fixtures, root, scenario};
use goferry_diagnose::{AREAS, CAUSES, Cause, FilledFix, Finding, Proof, explain_log};
use libtest_mimic::Failed;
use std::collections::BTreeMap;
use std::fmt::Write;

/// Lines of a message that a page shows, and how much of each.
const LINES: usize = 10;
const WIDTH: usize = 150;

const MADE: &str = "<!-- Made from crates/diagnose (`GOFERRY_BLESS=1 cargo test -p goferry-cli --test causes`); do not edit. -->";

/// What was recorded of a cause.
struct Recorded {
    /// `ld 2.40`.
    tool: String,
    /// What stood for what.
    note: Option<String>,
    log: String,
}

/// With GOFERRY_BLESS=1 the pages are written instead of compared.
pub(crate) fn check() -> Result<(), Failed> {
    let dir = root().join("docs/causes");
    let mut made: BTreeMap<String, String> = BTreeMap::new();
    for cause in CAUSES {
        made.insert(format!("{}.md", cause.id), page(cause));
    }
    made.insert("README.md".to_owned(), index());
    if blessing() {
        std::fs::create_dir_all(&dir)?;
        for entry in std::fs::read_dir(&dir)? {
            let path = entry?.path();
            if !made.contains_key(&path.file_name().unwrap().to_string_lossy().into_owned()) {
                std::fs::remove_file(path)?;
            }
        }
        for (name, text) in &made {
            std::fs::write(dir.join(name), text)?;
        }
        return Ok(());
    }
    let mut have: BTreeMap<String, String> = BTreeMap::new();
    for entry in std::fs::read_dir(&dir)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        have.insert(name, std::fs::read_to_string(entry.path())?);
    }
    let mut names: Vec<&String> = made.keys().chain(have.keys()).collect();
    names.sort();
    names.dedup();
    let old: Vec<&String> = names.into_iter().filter(|n| made.get(*n) != have.get(*n)).collect();
    if old.is_empty() {
        return Ok(());
    }
    Err(format!("docs/causes is old ({old:?}): GOFERRY_BLESS=1 cargo test -p goferry-cli --test causes")
        .into())
}

fn recorded(name: &str) -> Option<Recorded> {
    let text = std::fs::read_to_string(fixtures().join(format!("{name}.log"))).ok()?;
    let (head, log) = text.split_once('\n')?;
    let (tool, note) = match head.trim_start_matches("# ").split_once("; ") {
        Some((tool, note)) => (tool, Some(note.to_owned())),
        None => (head.trim_start_matches("# "), None),
    };
    Some(Recorded { tool: tool.to_owned(), note, log: log.to_owned() })
}

fn page(cause: &Cause) -> String {
    let all = scenario::all();
    let recorded = recorded(cause.id);
    let found = recorded.as_ref().and_then(|r| explain_log(r.log.as_bytes()).first);
    let mut out =
        format!("{MADE}\n\n# {}\n\n{}", cause.id, paragraph(&format!("{}.", sentence(cause.title))));
    if let (Some(r), Some(found)) = (&recorded, &found) {
        write!(out, "\n```text\n{}```\n", message(r, found)).unwrap();
    }
    for other in all.iter().filter(|s| s.id == cause.id && s.name != cause.id) {
        let Some(r) = self::recorded(&other.name) else { continue };
        let Some(found) = explain_log(r.log.as_bytes()).first else { continue };
        write!(out, "\nOr, from {}:\n\n```text\n{}```\n", r.tool, message(&r, &found)).unwrap();
    }
    write!(out, "\n{}", paragraph(&format!("**Why.** {}", cause.why))).unwrap();
    let fixes = found.map_or_else(|| plain(cause), |f| f.fixes);
    for (n, f) in fixes.iter().enumerate() {
        let lead = if n == 0 { "**What to do.** " } else { "" };
        let text = format!("{lead}{}{}", sentence(&f.text), if f.command.is_some() { ":" } else { "." });
        write!(out, "\n{}", paragraph(&text)).unwrap();
        if let Some(c) = &f.command {
            write!(out, "\n```{}\n{c}\n```\n", language(c)).unwrap();
        }
    }
    write!(
        out,
        "\n{}",
        paragraph(&format!("**How it is known.** {}", proof(cause, &all, recorded.as_ref())))
    )
    .unwrap();
    out
}

fn proof(cause: &Cause, all: &[Scenario], recorded: Option<&Recorded>) -> String {
    match (cause.proof, recorded) {
        (Proof::Listed { why }, _) => format!("Not by a test: {why}."),
        (Proof::Reproduced, None) => "It has no fixture.".to_owned(),
        (Proof::Reproduced, Some(r)) => {
            let script = format!("crates/cli/tests/causes/scenarios/{}.sh", cause.id);
            let mends = all.iter().any(|s| s.id == cause.id && s.mends);
            let note = r.note.as_ref().map(|n| format!(" ({n})")).unwrap_or_default();
            format!(
                "A test [makes it happen](../../{script}) and reads what the tools say{}. The {}message above is from {}{note}.",
                if mends { "; then it applies a fix, which helps" } else { "" },
                if all.iter().filter(|s| s.id == cause.id).count() > 1 { "first " } else { "" },
                r.tool
            )
        }
    }
}

/// Lines of at most 120 letters.
fn paragraph(text: &str) -> String {
    let (mut out, mut width) = (String::new(), 0);
    for word in text.split(' ') {
        let letters = word.chars().count();
        if width > 0 && width + 1 + letters > 120 {
            out.push('\n');
            width = 0;
        } else if width > 0 {
            out.push(' ');
            width += 1;
        }
        out += word;
        width += letters;
    }
    out + "\n"
}

/// The fixes where there is no message that fills them.
fn plain(cause: &Cause) -> Vec<FilledFix> {
    let some = |c: &str| (!c.is_empty()).then(|| c.replace("{target}", "TARGET"));
    cause.fixes.iter().map(|f| FilledFix { text: f.text.to_owned(), command: some(f.command) }).collect()
}

/// The lines around the one that gives it away, without the command line of the linker.
fn message(recorded: &Recorded, found: &Finding) -> String {
    let lines: Vec<&str> = recorded.log.lines().collect();
    let at = found.line - 1;
    // From the line on in which Go names the package, if that is near.
    let near = at.saturating_sub(6);
    let from = (near..=at).rev().find(|i| lines[*i].starts_with("# ")).unwrap_or(at.saturating_sub(2));
    let mut out = String::new();
    for line in lines.iter().skip(from).take(LINES).filter(|l| !l.contains(" $WORK/")) {
        let line = line.replace('\t', "    ");
        match line.char_indices().nth(WIDTH) {
            Some((at, _)) => writeln!(out, "{} …", &line[..at]).unwrap(),
            None => writeln!(out, "{line}").unwrap(),
        }
    }
    format!("{}\n", out.trim_end())
}

/// A sentence's capital letter, but not for names that have none.
fn sentence(text: &str) -> String {
    const NAMES: [&str; 14] = [
        "cgo",
        "cgocc",
        "ar",
        "pkg-config",
        "git",
        "go.mod",
        "go.mod's",
        "go.sum",
        "vendor/",
        "vendor/modules.txt",
        "qemu",
        "zig",
        "zig's",
        "goferry",
    ];
    let first = text.split(' ').next().unwrap_or_default();
    let mut letters = text.chars();
    match letters.next() {
        Some(l) if l.is_ascii_lowercase() && !NAMES.contains(&first) => {
            format!("{}{}", l.to_ascii_uppercase(), letters.as_str())
        }
        _ => text.to_owned(),
    }
}

fn language(command: &str) -> &'static str {
    match command {
        c if c.starts_with('[') || c.starts_with("targets =") => "toml",
        c if c.starts_with("before:") => "yaml",
        c if c.starts_with("//go:") || c.starts_with("#cgo") => "go",
        _ => "sh",
    }
}

fn index() -> String {
    let mut out = format!(
        "{MADE}\n\n# Why builds fail\n\n\
         The causes that `goferry explain` knows. Give it a log, a binary, or the command that fails:\n\n\
         ```sh\ngoferry explain build.log\ngoferry explain ./app\ngoferry explain -- go build ./...\n```\n\n\
         Of a log it names the first real cause among the noise: what makes other errors happen comes before what merely came\n\
         first. Each cause below has been made to happen with the real tool named beside it, unless its page says why not.\n"
    );
    for (heading, causes) in AREAS {
        write!(out, "\n## {heading}\n\n| cause | what it is | recorded with |\n|---|---|---|\n").unwrap();
        for cause in causes {
            let with = recorded(cause.id).map_or_else(|| "–".to_owned(), |r| r.tool);
            writeln!(
                out,
                "| [{id}]({id}.md) | {} | {with} |",
                cause.title.replace('|', "\\|"),
                id = cause.id
            )
            .unwrap();
        }
    }
    out
}
