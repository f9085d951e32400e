//! Records of releases: what became of each target, one line of JSON a release, and what follows from many.
//!
//! Owns: the file, its place, its limits. Must not: hold anything but names, versions, codes and times; fail a release.
//!
//! A record is one line at the end of a file per module. A line that a killed run left half is passed over by whoever reads, and ended by
//! whoever writes next. Writers wait for each other by a lock beside the file, which the kernel drops with its process.

mod in_dist;
mod of_run;
mod stats;

pub use in_dist::{InDist, in_dist, module_of};
pub(crate) use of_run::{Blocked, of_execution, of_failure};
pub use stats::{Statistics, TargetStatistics, statistics};

use goferry_cache::hex;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

/// More than this many records are cut to [`KEPT`].
const MOST: usize = 1_000;
/// The youngest that are kept then.
const KEPT: usize = 500;
/// The most that is read of a file: a record has a few kilobytes.
const LIMIT: u64 = 64 << 20;

/// One release, successful or not.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Record {
    /// When it ended, Unix seconds.
    pub time: u64,
    /// goferry's version.
    pub goferry: String,
    /// Project name.
    pub project: String,
    /// Module path; empty without one.
    pub module: String,
    /// Version.
    pub version: String,
    /// Whether it was a snapshot.
    pub snapshot: bool,
    /// Whether everything succeeded.
    pub ok: bool,
    /// Wall time.
    pub millis: u64,
    /// Codes of what stopped the release as a whole: a hook, an archive, an interruption.
    pub blocked: Vec<String>,
    /// Each target.
    pub targets: Vec<TargetRecord>,
}

/// One target of a release.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TargetRecord {
    /// `linux/arm64`; `darwin/all` for universal binaries.
    pub target: String,
    /// Binaries that were planned.
    pub planned: usize,
    /// Binaries that were built.
    pub built: usize,
    /// Binaries whose bytes are what was planned.
    pub verified: usize,
    /// Binaries that ran.
    pub ran: usize,
    /// Why others did not run, by class.
    pub waived: BTreeMap<String, usize>,
    /// Codes of what stopped it, with the stage: `build: build-failed`.
    pub blocked: Vec<String>,
}

/// Where records are: `$GOFERRY_CACHE/history`, else `$XDG_STATE_HOME/goferry`, else `~/.local/state/goferry`. None without any of these.
pub fn folder(env: &BTreeMap<String, String>) -> Option<PathBuf> {
    let absolute = |name: &str| env.get(name).filter(|v| Path::new(v).is_absolute()).map(PathBuf::from);
    let cache = env.get("GOFERRY_CACHE").filter(|v| !v.is_empty());
    cache
        .map(|v| std::path::absolute(v).unwrap_or_else(|_| PathBuf::from(v)).join("history"))
        .or_else(|| absolute("XDG_STATE_HOME").map(|d| d.join("goferry")))
        .or_else(|| absolute("HOME").map(|d| d.join(".local/state/goferry")))
}

/// The file of a module, or of a project that is none.
fn file(folder: &Path, module: &str, project: &str) -> PathBuf {
    let of = if module.is_empty() { project } else { module };
    let digest = hex(&Sha256::digest(of)[..8]);
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '-' || c == '.' { c } else { '_' };
    let name: String = of.chars().rev().take(60).map(plain).collect::<Vec<_>>().into_iter().rev().collect();
    folder.join(format!("{}-{digest}.jsonl", name.trim_start_matches('.')))
}

/// Adds a record.
///
/// # Errors
/// The file cannot be written.
pub fn append(folder: &Path, record: &Record) -> io::Result<()> {
    std::fs::create_dir_all(folder)?;
    let path = file(folder, &record.module, &record.project);
    let lock = OpenOptions::new().create(true).append(true).open(path.with_extension("lock"))?;
    lock.lock()?;
    let mut value = serde_json::to_value(record).map_err(io::Error::other)?;
    goferry_plan::secret::hide_json(&mut value);
    let mut file = OpenOptions::new().create(true).append(true).read(true).open(&path)?;
    let mut line = value.to_string().into_bytes();
    line.push(b'\n');
    if !ends_a_line(&mut file)? {
        line.insert(0, b'\n');
    }
    file.write_all(&line)?;
    file.sync_all()?;
    cut(folder, &path)
}

/// Whether the last run got as far as the end of its line.
fn ends_a_line(file: &mut File) -> io::Result<bool> {
    if file.metadata()?.len() == 0 {
        return Ok(true);
    }
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}

/// Keeps the youngest records of a file that has become long.
fn cut(folder: &Path, path: &Path) -> io::Result<()> {
    let text = text(path)?;
    let lines: Vec<&str> = text.lines().filter(|l| !l.is_empty()).collect();
    if lines.len() <= MOST {
        return Ok(());
    }
    let mut temp = tempfile::NamedTempFile::new_in(folder)?;
    for line in &lines[lines.len() - KEPT..] {
        temp.write_all(line.as_bytes())?;
        temp.write_all(b"\n")?;
    }
    temp.as_file().sync_all()?;
    temp.persist(path).map(drop).map_err(|e| e.error)
}

fn text(path: &Path) -> io::Result<String> {
    let mut bytes = vec![];
    match File::open(path) {
        Ok(f) => f.take(LIMIT).read_to_end(&mut bytes)?,
        Err(e) if e.kind() == io::ErrorKind::NotFound => 0,
        Err(e) => return Err(e),
    };
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The records of a module (or of a project that is none), oldest first. What is no record is passed over.
///
/// # Errors
/// The file is there and cannot be read.
pub fn read(folder: &Path, module: &str, project: &str) -> io::Result<Vec<Record>> {
    let text = text(&file(folder, module, project))?;
    Ok(text.lines().filter_map(|l| serde_json::from_str(l).ok()).collect())
}

#[cfg(test)]
mod tests;
