//! `goferry init`: a small goferry.toml, and dist/ in .gitignore.

use super::unwritable;
use crate::output::{Terminal, talk};
use crate::resolve;
use crate::sinks::{Manner, Talker};
use goferry_config::{GOFERRY_FILE, SEARCH_ORDER, StarterFacts, starter_toml};
use goferry_engine::{Request, prepare};
use goferry_proc::Cancel;
use goferry_report::{Code, Diagnostic, Diagnostics, Severity};
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

pub(super) fn run() -> Result<ExitCode, Diagnostics> {
    let root = resolve::working_directory()?;
    refuse(&root)?;
    let facts = facts(&root)?;
    let path = root.join(GOFERRY_FILE);
    let mut file = std::fs::File::options()
        .write(true)
        .create_new(true)
        .open(&path)
        .map_err(|e| unwritable(Path::new(GOFERRY_FILE), &e))?;
    file.write_all(starter_toml(&facts).as_bytes()).map_err(|e| unwritable(Path::new(GOFERRY_FILE), &e))?;
    let ignored = ignore(&root)?;
    talk(&format!("{GOFERRY_FILE} written{}\n", if ignored { ", dist/ added to .gitignore" } else { "" }));
    talk("next: goferry release --snapshot --clean\n");
    Ok(ExitCode::SUCCESS)
}

/// Nothing is overwritten, and no second configuration is put beside an existing one.
fn refuse(root: &Path) -> Result<(), Diagnostics> {
    if root.join(GOFERRY_FILE).exists() {
        return Err(Diagnostic::error(Code::ConfigConflict, format!("{GOFERRY_FILE} is there already"))
            .hint_with("to check it:", "goferry check")
            .into());
    }
    if let Some(name) = SEARCH_ORDER.iter().find(|n| root.join(n).is_file()) {
        return Err(Diagnostic::error(
            Code::ConfigConflict,
            format!("{name} is there already, and goferry reads it as it is"),
        )
        .hint_with("to see what goferry makes of it:", "goferry check")
        .into());
    }
    Ok(())
}

/// What the planner finds without a configuration; a problem that only a release has is none here.
fn facts(root: &Path) -> Result<StarterFacts, Diagnostics> {
    let terminal = Terminal { live: false, ..Terminal::detect() };
    let talker = Talker::new(Manner { json: false, verbose: false }, terminal);
    let session = resolve::session(talker, Cancel::new(), true)?;
    let mut request = Request::new("init");
    request.snapshot = true;
    let prepared = prepare(&session, &request)?;
    let stops = |d: &Diagnostic| {
        d.severity == Severity::Error && matches!(d.code, Code::NoModule | Code::MainMissing)
    };
    let stopping: Vec<Diagnostic> = prepared.problems.list.iter().filter(|d| stops(d)).cloned().collect();
    if !stopping.is_empty() {
        return Err(Diagnostics { list: stopping });
    }
    let named = |words: &[&str]| {
        std::fs::read_dir(root).into_iter().flatten().flatten().any(|e| {
            let name = e.file_name().to_string_lossy().to_lowercase();
            words.iter().any(|w| name.starts_with(w))
        })
    };
    Ok(StarterFacts {
        name: prepared.plan.project.name.clone(),
        mains: prepared.project.facts.mains.iter().map(|m| (m.dir.clone(), m.binary.clone())).collect(),
        has_license: named(&["license", "licence"]),
        has_readme: named(&["readme"]),
    })
}

/// Adds dist/ to .gitignore unless a line says it already; whether it did.
fn ignore(root: &Path) -> Result<bool, Diagnostics> {
    let path = root.join(".gitignore");
    let before = match std::fs::read(&path) {
        Ok(bytes) => bytes,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => vec![],
        Err(e) => return Err(unwritable(Path::new(".gitignore"), &e)),
    };
    let said = |line: &[u8]| {
        matches!(line.trim_ascii(), b"dist" | b"dist/" | b"/dist" | b"/dist/" | b"/dist/*" | b"dist/*")
    };
    if before.split(|b| *b == b'\n').any(said) {
        return Ok(false);
    }
    let mut after = before;
    if after.last().is_some_and(|b| *b != b'\n') {
        after.push(b'\n');
    }
    after.extend_from_slice(b"dist/\n");
    std::fs::write(&path, after).map_err(|e| unwritable(Path::new(".gitignore"), &e))?;
    Ok(true)
}
