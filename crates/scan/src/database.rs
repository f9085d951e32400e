//! The database of a scan: one or more sources, each with its index in the cache.
//!
//! Owns: making an index when there is none, when its source has changed, and when it is damaged.
//! Must not: go on without one of its sources.

use crate::ScanError;
use crate::index::{self, Head, Index};
use crate::osv::Record;
use crate::source::{DateFrom, Source, hex};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// Sources of records, ready to be asked.
#[derive(Debug)]
pub struct Database {
    parts: Vec<Part>,
}

#[derive(Debug)]
struct Part {
    source: Source,
    path: PathBuf,
    index: Mutex<Index>,
}

/// What a result says of the database: `sources` in the order that they were named, the main one first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// RFC 3339 time of the main source's records; empty if nothing states one.
    pub date: String,
    /// What states it.
    pub date_from: DateFrom,
    /// Records of all sources.
    pub records: u64,
    /// SHA-256 of all records, hexadecimal; what a cached result depends on.
    pub digest: String,
}

impl Database {
    /// Opens the indexes of `sources`, the main one first, in `folder`; makes those that are missing or old.
    ///
    /// # Errors
    /// A source or the folder cannot be read, or a record.
    pub fn open(sources: Vec<Source>, folder: &Path) -> Result<Database, ScanError> {
        let parts = sources.into_iter().map(|source| {
            let stamp = source.stamp()?;
            let path = folder.join(file_name(&source));
            let index = match Index::open(&path) {
                Ok(index) if index.head().stamp == stamp => index,
                Ok(_) | Err(_) => rebuild(&source, &path, &stamp)?,
            };
            Ok(Part { source, path, index: Mutex::new(index) })
        });
        Ok(Database { parts: parts.collect::<Result<_, ScanError>>()? })
    }

    /// What is to be said of it.
    pub fn about(&self) -> About {
        let heads: Vec<Head> = self.parts.iter().map(|p| p.locked().head().clone()).collect();
        let digest = match heads.as_slice() {
            [one] => one.digest.clone(),
            all => hex(&Sha256::digest(all.iter().map(|h| h.digest.as_str()).collect::<Vec<_>>().join("\n"))),
        };
        let (date, date_from) = heads.first().map_or((0, DateFrom::Unknown), |h| (h.date, h.date_from));
        let date = jiff::Timestamp::from_second(date).ok().filter(|_| date > 0);
        let date = date.map(|d| d.to_string()).unwrap_or_default();
        About { date, date_from, records: heads.iter().map(|h| h.records).sum(), digest }
    }

    /// Seconds since 1970 of the main source's records, if something states them.
    pub fn date(&self) -> Option<i64> {
        self.parts.first().map(|p| p.locked().head().date).filter(|d| *d > 0)
    }

    /// All records about a module that were not withdrawn at `now` (seconds since 1970), sorted by id within each source.
    pub(crate) fn module(&self, module: &str, now: i64) -> Result<Vec<Record>, ScanError> {
        let mut out = Vec::new();
        for part in &self.parts {
            out.extend(
                part.ask(|i| i.module(module))?.into_iter().filter(|r| r.withdrawn.is_none_or(|w| w >= now)),
            );
        }
        Ok(out)
    }

    /// The paths of the modules that records name and that differ from `module` by capitals only; itself, if it is one.
    pub(crate) fn spellings(&self, module: &str) -> Result<BTreeSet<String>, ScanError> {
        let mut out = BTreeSet::new();
        for part in &self.parts {
            let records = part.ask(|i| i.alike(module))?;
            out.extend(records.into_iter().flat_map(|r| r.affected).map(|a| a.module));
        }
        Ok(out)
    }
}

impl Part {
    fn locked(&self) -> std::sync::MutexGuard<'_, Index> {
        // What a panic may have left is an open file all the same.
        self.index.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// A damaged index is made again.
    fn ask(
        &self,
        question: impl Fn(&Index) -> Result<Vec<Record>, ScanError>,
    ) -> Result<Vec<Record>, ScanError> {
        let mut index = self.locked();
        match question(&index) {
            Err(ScanError::Damaged { .. }) => {
                *index = rebuild(&self.source, &self.path, &self.source.stamp()?)?;
                question(&index)
            }
            result => result,
        }
    }
}

fn file_name(source: &Source) -> String {
    let path = std::path::absolute(source.path()).unwrap_or_else(|_| source.path().to_owned());
    let hash = Sha256::digest(path.as_os_str().as_encoded_bytes());
    format!("{}.index", hex(&hash[..12]))
}

fn rebuild(source: &Source, path: &Path, stamp: &str) -> Result<Index, ScanError> {
    let contents = source.read()?;
    index::write(path, &index::encode(contents, stamp))
        .map_err(|source| ScanError::Cache { path: path.to_owned(), source })?;
    Index::open(path)
}
