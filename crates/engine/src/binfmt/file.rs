//! Who would start a file, and why.

use super::{EntryRow, Places, state_words};
use crate::explain::{Subject, runs_beside, subject};
use goferry_emulate::binfmt::{HEAD, Registered, Table, TableState};
use goferry_report::{Code, Diagnostic, Diagnostics};
use goferry_target::{ArchKind, GoTarget, Os};
use serde::Serialize;
use std::io::Read as _;
use std::path::Path;

/// A file as the kernel sees it.
#[derive(Clone, Debug, Serialize)]
pub struct FileReport {
    /// Its path.
    pub file: String,
    /// `ELF linux/arm64`, `script`, `no program`.
    pub what: String,
    /// What it was built for.
    pub target: Option<GoTarget>,
    /// Whether it may be executed at all.
    pub executable: bool,
    /// Who would start it.
    pub by: By,
    /// Why.
    pub why: String,
    /// Whether it would be started.
    pub starts: bool,
    /// Entries that take it too, but are older.
    pub also: Vec<String>,
    /// What to do if it does not start.
    pub advice: Vec<String>,
}

/// Who starts a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum By {
    /// An entry of binfmt_misc, which the kernel asks before its own loaders.
    Entry(Box<EntryRow>),
    /// The kernel's own loader.
    Kernel,
    /// The interpreter that a script names.
    Script(String),
    /// Nothing does.
    Nobody,
}

/// Says what the kernel would do with a file.
///
/// # Errors
/// A file that cannot be read, or is none.
pub fn explain(places: &Places, file: &Path) -> Result<FileReport, Diagnostics> {
    let failed = |e: std::io::Error| crate::dist::failure(file, &e);
    let meta = file.metadata().map_err(failed)?;
    if !meta.is_file() {
        let message = format!("{} is no file", file.display());
        return Err(Diagnostic::error(Code::NotABinary, message).into());
    }
    let head = head(file).map_err(failed)?;
    let (what, target) = identify(file, &head);
    let table = Table::read(&places.table);
    let mut takers = table.takers(file, &head);
    let first = takers.next();
    let also = takers.map(|e| e.name.clone()).collect();
    let (by, why, starts) = match first {
        Some(e) => by_entry(e),
        None => without_entry(&table, target, &head, &what),
    };
    let executable = is_executable(&meta);
    let starts = starts && executable;
    let path = file.display().to_string();
    let mut report =
        FileReport { file: path, what, target, executable, by, why, starts, also, advice: vec![] };
    report.advice = advice(&report, &table, file, &head);
    Ok(report)
}

/// As much of a file as the kernel looks at.
pub(crate) fn head(file: &Path) -> std::io::Result<Vec<u8>> {
    let mut out = vec![];
    std::fs::File::open(file)?.take(HEAD as u64).read_to_end(&mut out)?;
    Ok(out)
}

fn identify(file: &Path, head: &[u8]) -> (String, Option<GoTarget>) {
    if head.starts_with(b"#!") {
        return ("script".to_owned(), None);
    }
    match subject(file) {
        Ok(Subject::Binary(b)) => {
            let target = goferry_diagnose::target_of(&b);
            let machine = match (target, b.arch) {
                (Some(t), _) => format!("{}/{}", t.os, t.arch.goarch()),
                (None, Some(a)) => a.goarch().to_owned(),
                (None, None) => format!("machine {}", b.machine),
            };
            (format!("{} {machine}", b.format), target)
        }
        Ok(Subject::Text(_)) => ("no program".to_owned(), None),
        Err(_) => ("a damaged program".to_owned(), None),
    }
}

fn by_entry(e: &Registered) -> (By, String, bool) {
    let row = EntryRow::of(e);
    let rule = match &row.extension {
        Some(x) => format!("its name ends in .{x}"),
        None => "its first bytes match".to_owned(),
    };
    let mut why = format!("{rule}, and {} is the newest entry that takes it", row.name);
    let stale = row.condition == "stale";
    if stale {
        let wrong = row.why.as_deref().unwrap_or_default();
        why += &format!("; but its interpreter {} cannot be started: {wrong}", row.interpreter);
    }
    (By::Entry(Box::new(row)), why, !stale)
}

fn without_entry(table: &Table, target: Option<GoTarget>, head: &[u8], what: &str) -> (By, String, bool) {
    if let Some(line) = head.strip_prefix(b"#!") {
        return by_script(line);
    }
    if target.is_some_and(native) {
        return (By::Kernel, "it is a program of this host's own kind".to_owned(), true);
    }
    let (_, wrong) = state_words(&table.state);
    let why = match (wrong, target) {
        (Some(wrong), Some(_)) => wrong,
        (_, Some(t)) => {
            format!("no enabled entry takes {t} programs, and the kernel's own loaders do not either")
        }
        (_, None) if what == "no program" => {
            "neither its first bytes nor its name say that it is a program".to_owned()
        }
        (_, None) => "no enabled entry takes such files".to_owned(),
    };
    (By::Nobody, why, false)
}

/// `line` is what stands after `#!`.
fn by_script(line: &[u8]) -> (By, String, bool) {
    let line = line.split(|b| *b == b'\n').next().unwrap_or_default();
    let line = String::from_utf8_lossy(line);
    let interpreter = line.split_whitespace().next().unwrap_or_default().to_owned();
    let there = Path::new(&interpreter).is_file();
    let why = match there {
        true => "its first line names the interpreter",
        false => "its first line names an interpreter that does not exist",
    };
    (By::Script(interpreter), why.to_owned(), there)
}

fn native(target: GoTarget) -> bool {
    let (own, kind) = (ArchKind::host(), target.arch.kind());
    Os::host() == Some(target.os) && (own == Some(kind) || runs_beside(own, kind))
}

fn advice(report: &FileReport, table: &Table, file: &Path, head: &[u8]) -> Vec<String> {
    let mut out = vec![];
    if !report.executable {
        out.push(format!("it may not be executed: chmod +x {}", report.file));
    }
    let at = |name: &str| table.folder.join(name).display().to_string();
    let linux = report.target.filter(|t| t.os == Os::Linux);
    match &report.by {
        By::Entry(e) if e.condition == "stale" => {
            out.push(format!("take the entry out: echo -1 | sudo tee {}", at(&e.name)));
            out.extend(linux.map(|t| format!("or go without one: goferry run {t} {}", report.file)));
        }
        By::Nobody => {
            let off = |e: &&Registered| {
                !e.enabled && Registered { enabled: true, ..(*e).clone() }.takes(file, head)
            };
            if let Some(e) = table.entries.iter().find(off) {
                out.push(format!("{} would take it, but is off: echo 1 | sudo tee {}", e.name, at(&e.name)));
            }
            if let Some(t) = report.target {
                out.push(format!("start it without any entry: goferry run {t} {}", report.file));
            }
            if let Some(t) = linux.filter(|_| table.state == TableState::Enabled) {
                out.push(format!("or have the kernel start such programs: sudo goferry binfmt register {t}"));
            }
        }
        _ => {}
    }
    out
}

#[cfg(unix)]
fn is_executable(meta: &std::fs::Metadata) -> bool {
    std::os::unix::fs::PermissionsExt::mode(&meta.permissions()) & 0o111 != 0
}

#[cfg(not(unix))]
fn is_executable(_: &std::fs::Metadata) -> bool {
    true
}
