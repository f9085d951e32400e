//! Where records come from: a folder, an archive, or the layout of Go's vulnerability database.
//!
//! Owns: finding and reading all records of a place, the date that they are of, and a stamp that changes with them.
//! Must not: leave out a record that cannot be read, follow links out of an archive.

use crate::osv::Record;
use crate::{ScanError, zip};
use goferry_objfile::FileBytes;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

/// A record is some kilobytes; the largest of any OSV database have some megabytes.
const MAX_RECORD: u64 = 32 << 20;
/// All of OSV's databases together have less.
const MAX_TOTAL: u64 = 16 << 30;
/// Folders below folders.
const MAX_DEPTH: usize = 16;

/// A place with records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    path: PathBuf,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// `index/modules.json` and `ID/*.json` (go.dev/security/vuln/database).
    Vulndb,
    /// `*.json` below it, in any folder.
    Folder,
    /// A tar archive of such a folder, by what it is packed with.
    Tar(Packing),
    /// A zip file of such a folder: `vulndb.zip`.
    Zip,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Packing {
    None,
    Gzip,
    Zstd,
}

/// What says how old the records are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DateFrom {
    /// The database says it (`index/db.json`).
    Database,
    /// The newest record.
    Records,
    /// The newest file, or when the archive was written: neither the database nor its records state a time. It may be a
    /// copy's.
    Files,
    /// Nothing does.
    Unknown,
}

/// All that a place has.
pub(crate) struct Contents {
    pub(crate) records: Vec<Record>,
    /// Seconds since 1970.
    pub(crate) date: i64,
    pub(crate) date_from: DateFrom,
}

impl Source {
    /// What is at `path`.
    ///
    /// # Errors
    /// Nothing is there, or a file of another kind.
    pub fn at(path: &Path) -> Result<Source, ScanError> {
        let found = std::fs::metadata(path).map_err(ScanError::io(path))?;
        let kind = if found.is_dir() {
            if path.join("index/modules.json").is_file() { Kind::Vulndb } else { Kind::Folder }
        } else {
            packing(path)?
        };
        Ok(Source { path: path.to_owned(), kind })
    }

    /// The file or folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A text that is another when a file of it has changed: of an archive its digest, of a folder the names, sizes and
    /// times of its files.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn stamp(&self) -> Result<String, ScanError> {
        let mut hash = Sha256::new();
        match self.kind {
            Kind::Tar(_) | Kind::Zip => {
                let file = File::open(&self.path).map_err(ScanError::io(&self.path))?;
                let mut file = BufReader::with_capacity(1 << 16, file);
                io::copy(&mut file, &mut Hashing(&mut hash)).map_err(ScanError::io(&self.path))?;
            }
            Kind::Vulndb | Kind::Folder => {
                for f in self.files()? {
                    let line = format!("{}\0{}\0{}\n", f.path.display(), f.size, f.nanoseconds);
                    hash.update(line.as_bytes());
                }
            }
        }
        Ok(hex(&hash.finalize()))
    }

    /// Reads everything, to see whether it can be used.
    ///
    /// # Errors
    /// As [`crate::Database::open`].
    pub fn check(&self) -> Result<(), ScanError> {
        self.read().map(drop)
    }

    /// Reads everything.
    pub(crate) fn read(&self) -> Result<Contents, ScanError> {
        let mut reading = Reading { source: self, records: vec![], newest: 0, total: 0 };
        match self.kind {
            Kind::Tar(packing) => reading.archive(packing)?,
            Kind::Zip => reading.zip()?,
            Kind::Vulndb | Kind::Folder => reading.files()?,
        }
        let Reading { records, newest, .. } = reading;
        if records.is_empty() {
            return Err(self.nothing("there is no OSV record in it"));
        }
        // Archives are packed with times of nothing; their own is better than none.
        let newest = if newest == 0 { self.time() } else { newest };
        let of_records = records.iter().map(|r| r.modified).max().unwrap_or(0);
        let (date, date_from) = match (self.stated_date()?, of_records, newest) {
            (Some(date), _, _) => (date, DateFrom::Database),
            (None, date @ 1.., _) => (date, DateFrom::Records),
            (None, _, date @ 1..) => (date, DateFrom::Files),
            _ => (0, DateFrom::Unknown),
        };
        Ok(Contents { records, date, date_from })
    }

    /// When the archive or folder was written; 0 if the system does not say.
    fn time(&self) -> i64 {
        let written = std::fs::metadata(&self.path).and_then(|m| m.modified()).ok();
        let since = written.and_then(|t| t.duration_since(UNIX_EPOCH).ok());
        since.and_then(|d| i64::try_from(d.as_secs()).ok()).unwrap_or(0)
    }

    fn nothing(&self, reason: &str) -> ScanError {
        ScanError::NoDatabase { path: self.path.clone(), reason: reason.to_owned() }
    }

    /// `modified` of `index/db.json`.
    fn stated_date(&self) -> Result<Option<i64>, ScanError> {
        if self.kind != Kind::Vulndb {
            return Ok(None);
        }
        let path = self.path.join("index/db.json");
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(ScanError::io(path)(e)),
        };
        let value: serde_json::Value =
            serde_json::from_slice(&bytes).map_err(|e| self.nothing(&format!("index/db.json: {e}")))?;
        let time = value.get("modified").and_then(|m| m.as_str()).and_then(|m| m.parse().ok());
        Ok(time.map(jiff::Timestamp::as_second).filter(|t| *t > 0))
    }

    /// The files that may be records, sorted by path.
    fn files(&self) -> Result<Vec<Listed>, ScanError> {
        let mut out = Vec::new();
        if self.kind == Kind::Vulndb {
            list(&self.path.join("ID"), 0, &mut out)?;
            list(&self.path.join("index"), 0, &mut out)?;
        } else {
            list(&self.path, 0, &mut out)?;
        }
        out.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(out)
    }
}

struct Listed {
    path: PathBuf,
    size: u64,
    nanoseconds: u128,
}

fn list(folder: &Path, depth: usize, out: &mut Vec<Listed>) -> Result<(), ScanError> {
    for entry in std::fs::read_dir(folder).map_err(ScanError::io(folder))? {
        let entry = entry.map_err(ScanError::io(folder))?;
        let (path, name) = (entry.path(), entry.file_name());
        // `.git` and the like.
        if name.as_encoded_bytes().starts_with(b".") {
            continue;
        }
        let json = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("json"));
        let kind = entry.file_type().map_err(ScanError::io(&path))?;
        if kind.is_dir() && depth < MAX_DEPTH {
            list(&path, depth + 1, out)?;
        } else if json {
            let found = std::fs::metadata(&path).map_err(ScanError::io(&path))?;
            let since = found.modified().ok().and_then(|t| t.duration_since(UNIX_EPOCH).ok());
            let nanoseconds = since.map_or(0, |d| d.as_nanos());
            out.push(Listed { path, size: found.len(), nanoseconds });
        }
    }
    Ok(())
}

fn packing(path: &Path) -> Result<Kind, ScanError> {
    let mut magic = Vec::new();
    let file = File::open(path).map_err(ScanError::io(path))?;
    file.take(264).read_to_end(&mut magic).map_err(ScanError::io(path))?;
    match magic.as_slice() {
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Ok(Kind::Tar(Packing::Zstd)),
        [0x1f, 0x8b, ..] => Ok(Kind::Tar(Packing::Gzip)),
        m if m.get(257..262) == Some(b"ustar") => Ok(Kind::Tar(Packing::None)),
        [b'P', b'K', 3 | 5, 4 | 6, ..] => Ok(Kind::Zip),
        _ => Err(ScanError::NoDatabase {
            path: path.to_owned(),
            reason: "neither a folder nor a .zip, .tar, .tar.gz or .tar.zst of OSV files".to_owned(),
        }),
    }
}

struct Reading<'s> {
    source: &'s Source,
    records: Vec<Record>,
    /// Newest time of a file, in seconds since 1970.
    newest: i64,
    total: u64,
}

impl Reading<'_> {
    fn files(&mut self) -> Result<(), ScanError> {
        for f in self.source.files()? {
            let name = f.path.strip_prefix(&self.source.path).unwrap_or(&f.path).display().to_string();
            if name.starts_with("index") && self.source.kind == Kind::Vulndb {
                continue;
            }
            self.limit(&name, f.size)?;
            let bytes = std::fs::read(&f.path).map_err(ScanError::io(&f.path))?;
            let seconds = i64::try_from(f.nanoseconds / 1_000_000_000).unwrap_or(0);
            self.take(&name, &bytes, seconds)?;
        }
        Ok(())
    }

    fn archive(&mut self, packing: Packing) -> Result<(), ScanError> {
        let path = &self.source.path;
        let file = BufReader::with_capacity(1 << 16, File::open(path).map_err(ScanError::io(path))?);
        let reader: Box<dyn Read> = match packing {
            Packing::None => Box::new(file),
            Packing::Gzip => Box::new(flate2::read::MultiGzDecoder::new(file)),
            Packing::Zstd => Box::new(zstd::stream::read::Decoder::new(file).map_err(ScanError::io(path))?),
        };
        let mut archive = tar::Archive::new(reader);
        for entry in archive.entries().map_err(ScanError::io(path))? {
            let mut entry = entry.map_err(ScanError::io(path))?;
            let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
            self.limit(&name, entry.size())?;
            if !entry.header().entry_type().is_file() || !is_record_name(&name) {
                continue;
            }
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).map_err(ScanError::io(path))?;
            let time = entry.header().mtime().ok().and_then(|t| i64::try_from(t).ok()).unwrap_or(0);
            self.take(&name, &bytes, time)?;
        }
        Ok(())
    }

    fn zip(&mut self) -> Result<(), ScanError> {
        let path = &self.source.path;
        let bytes =
            FileBytes::new(File::open(path).map_err(ScanError::io(path))?).map_err(ScanError::io(path))?;
        let members = zip::members(&bytes).map_err(|e| self.source.nothing(&e))?;
        for m in members.iter().filter(|m| is_record_name(&m.name)) {
            self.limit(&m.name, m.size)?;
            let json = zip::content(&bytes, m).map_err(|e| self.wrong(&m.name, e))?;
            // Its times have no zone, and say when it was packed.
            self.take(&m.name, &json, 0)?;
        }
        Ok(())
    }

    fn limit(&mut self, name: &str, size: u64) -> Result<(), ScanError> {
        self.total = self.total.saturating_add(size);
        let too_large = size > MAX_RECORD && is_record_name(name) || self.total > MAX_TOTAL;
        if too_large { Err(self.wrong(name, format!("too large ({size} bytes)"))) } else { Ok(()) }
    }

    fn take(&mut self, name: &str, json: &[u8], time: i64) -> Result<(), ScanError> {
        match Record::read(json) {
            Ok(Some(record)) => {
                self.records.push(record);
                self.newest = self.newest.max(time);
                Ok(())
            }
            Ok(None) => Ok(()),
            Err(reason) => Err(self.wrong(name, reason)),
        }
    }

    fn wrong(&self, name: &str, reason: String) -> ScanError {
        ScanError::Record { path: self.source.path.clone(), record: name.to_owned(), reason }
    }
}

fn is_record_name(name: &str) -> bool {
    let last = name.rsplit('/').next().unwrap_or(name);
    Path::new(last).extension().is_some_and(|e| e.eq_ignore_ascii_case("json")) && !last.starts_with('.')
}

struct Hashing<'h>(&'h mut Sha256);

impl io::Write for Hashing<'_> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.0.update(buf);
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
