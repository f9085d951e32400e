//! A database behind an address: the whole of it is kept in the cache and asked for changes.
//!
//! Two ways, as go.dev/security/vuln/database has them: `vulndb.zip`, one file; else `index/` and `ID/`, of which only what
//! the index says has changed is fetched. Each answer's ETag is kept. A service that does not answer leaves the copy, with
//! a word on how old it is. A new copy is made beside the old one and takes its place when it is whole and can be read. Owns: the
//! copy. Must not: judge its age.

use crate::session::Session;
use goferry_cache::hex;
use goferry_net::{NetError, Request, shown};
use goferry_report::{Code, Diagnostic};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::io::{Read, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Requests at once.
const THREADS: usize = 8;
/// The whole database has some ten megabytes.
const LIMIT: u64 = 1 << 30;
const STATE: &str = "state.json";
const ZIP: &str = "vulndb.zip";
/// The folder of single files, below the copy's.
const FILES: &str = "db";
/// Where the folder before it is for the moment of the change.
const BEFORE: &str = "before";

/// What is known of a copy; written last, so that a copy without it does not count.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct State {
    /// The file whose ETag it is: `vulndb.zip`, `index/db.json.gz`, `index/db.json`.
    asked: String,
    etag: String,
    /// Seconds since 1970 of the last answer.
    checked: i64,
}

struct Remote<'s> {
    session: &'s Session,
    url: String,
    folder: PathBuf,
}

/// Why the copy could not be brought up to date.
enum Failure {
    /// The service does not answer, or not as it should.
    Service(String),
    /// The copy cannot be written.
    Local(PathBuf, std::io::Error),
}

impl From<String> for Failure {
    fn from(why: String) -> Failure {
        Failure::Service(why)
    }
}

impl Failure {
    fn local(path: &Path) -> impl FnOnce(std::io::Error) -> Failure {
        let path = path.to_owned();
        move |e| Failure::Local(path, e)
    }

    fn diagnostic(self) -> Diagnostic {
        match self {
            Failure::Service(why) => Diagnostic::error(Code::NoVulnerabilityDatabase, why),
            Failure::Local(path, e) => *crate::dist::failure(&path, &e),
        }
    }
}

enum Answer {
    Bytes(Vec<u8>, String),
    Unchanged,
    Missing,
}

/// The copy of an address's database, if one is whole.
pub(super) fn copy(cache: &Path, url: &str) -> Option<PathBuf> {
    let folder = folder_of(cache, url);
    let state = State::read(&folder)?;
    Some(state.place(&folder))
}

/// Without what is secret in the address, which is not remembered between runs.
fn folder_of(cache: &Path, url: &str) -> PathBuf {
    cache.join(format!("remote-{}", hex(&Sha256::digest(shown(url))[..12])))
}

/// Brings the copy up to date and says where it is.
pub(super) fn fetch(session: &Session, cache: &Path, url: &str) -> Result<PathBuf, Diagnostic> {
    let remote = Remote { session, url: url.to_owned(), folder: folder_of(cache, url) };
    let old = State::read(&remote.folder);
    match remote.refresh(old.as_ref()) {
        Ok(state) => Ok(state.place(&remote.folder)),
        Err(why) => match (old, why.diagnostic()) {
            (Some(state), d) => {
                let since = jiff::Timestamp::from_second(state.checked).unwrap_or_default().to_string();
                let message = format!(
                    "{}; the copy of {} is used, which may lack newer vulnerabilities",
                    d.message,
                    since.get(..10).unwrap_or_default()
                );
                session.sink.diagnostic(Diagnostic::warning(d.code, message));
                Ok(state.place(&remote.folder))
            }
            (None, d) if d.code == Code::NoVulnerabilityDatabase => {
                Err(d.hint("a folder or a .tar.zst of OSV files will do too: --db PATH"))
            }
            (None, d) => Err(d),
        },
    }
}

impl State {
    fn read(folder: &Path) -> Option<State> {
        let state: State = serde_json::from_slice(&std::fs::read(folder.join(STATE)).ok()?).ok()?;
        // A run that ended in the moment of the change.
        if !folder.join(FILES).exists() {
            let _ = std::fs::rename(folder.join(BEFORE), folder.join(FILES));
        }
        state.place(folder).exists().then_some(state)
    }

    fn place(&self, folder: &Path) -> PathBuf {
        if self.asked == ZIP { folder.join(ZIP) } else { folder.join(FILES) }
    }
}

impl Remote<'_> {
    fn refresh(&self, old: Option<&State>) -> Result<State, Failure> {
        std::fs::create_dir_all(&self.folder).map_err(Failure::local(&self.folder))?;
        let checked = jiff::Timestamp::now().as_second();
        let done = |asked: &str, etag: String| State { asked: asked.to_owned(), etag, checked };
        let known =
            |asked: &str| old.filter(|s| s.asked == asked).map(|s| s.etag.clone()).filter(|e| !e.is_empty());
        let state = match self.get(ZIP, known(ZIP).as_deref())? {
            Answer::Bytes(bytes, etag) if bytes.starts_with(b"PK") => {
                self.take_zip(&bytes)?;
                done(ZIP, etag)
            }
            Answer::Unchanged => done(ZIP, known(ZIP).unwrap_or_default()),
            // Some answer a page of their own instead of 404.
            Answer::Bytes(..) | Answer::Missing => {
                let (asked, etag) = self.files(&known)?;
                done(&asked, etag)
            }
        };
        let text = serde_json::to_vec(&state).unwrap_or_default();
        write(&self.folder, STATE, &text)?;
        Ok(state)
    }

    /// Only one that can be read takes the old one's place.
    fn take_zip(&self, bytes: &[u8]) -> Result<(), Failure> {
        let new = format!("{ZIP}.new");
        write(&self.folder, &new, bytes)?;
        let (from, to) = (self.folder.join(new), self.folder.join(ZIP));
        let checked = self.check(&from, ZIP);
        let moved = checked.and_then(|()| std::fs::rename(&from, &to).map_err(Failure::local(&to)));
        let _ = std::fs::remove_file(from);
        moved
    }

    fn check(&self, path: &Path, name: &str) -> Result<(), Failure> {
        let checked = goferry_scan::Source::at(path).and_then(|s| s.check());
        checked.map_err(|e| {
            let of = format!("{}/{name}", shown(&self.url));
            Failure::Service(format!("{of} cannot be used: {e}"))
        })
    }

    /// The layout of single files; what was asked for changes, and its ETag.
    fn files(&self, known: &dyn Fn(&str) -> Option<String>) -> Result<(String, String), Failure> {
        for ending in ["json.gz", "json"] {
            let asked = format!("index/db.{ending}");
            match self.get(&asked, known(&asked).as_deref())? {
                Answer::Missing => {}
                Answer::Unchanged => return Ok((asked.clone(), known(&asked).unwrap_or_default())),
                Answer::Bytes(db, etag) => {
                    self.all(ending, &db)?;
                    return Ok((asked, etag));
                }
            }
        }
        Err(format!("{} is no vulnerability database: it has no index/db.json", shown(&self.url)).into())
    }

    /// A folder with all of it takes the place of the old one; what has not changed is taken from there.
    fn all(&self, ending: &str, db: &[u8]) -> Result<(), Failure> {
        let modules = self.needed(&format!("index/modules.{ending}"))?;
        let wanted =
            entries(&modules).ok_or(format!("{}: index/modules.json is not readable", shown(&self.url)))?;
        let old = self.folder.join(FILES);
        let had =
            std::fs::read(old.join("index/modules.json")).ok().and_then(|b| entries(&b)).unwrap_or_default();
        let new = tempfile::Builder::new().prefix("new-").tempdir_in(&self.folder);
        let new = new.map_err(Failure::local(&self.folder))?;
        let folder = new.path().join(FILES);
        std::fs::create_dir_all(folder.join("ID")).map_err(Failure::local(&folder))?;
        let mut missing = Vec::new();
        for (id, time) in &wanted {
            let name = format!("ID/{id}.json");
            // Without a time nothing says that a record is the same.
            let same = !time.is_empty() && had.get(id).is_some_and(|t| t == time);
            if !(same && keep(&old.join(&name), &folder.join(&name))) {
                missing.push(id);
            }
        }
        self.records(&missing, ending, &folder)?;
        write(&folder, "index/modules.json", &modules)?;
        write(&folder, "index/db.json", db)?;
        self.check(&folder, "index")?;
        self.put(&folder, &old)
    }

    fn put(&self, new: &Path, place: &Path) -> Result<(), Failure> {
        let before = self.folder.join(BEFORE);
        let _ = std::fs::remove_dir_all(&before);
        if place.exists() {
            std::fs::rename(place, &before).map_err(Failure::local(place))?;
        }
        if let Err(e) = std::fs::rename(new, place) {
            let _ = std::fs::rename(&before, place);
            return Err(Failure::Local(place.to_owned(), e));
        }
        let _ = std::fs::remove_dir_all(&before);
        Ok(())
    }

    /// Fetches records, several at once; the first failure ends it.
    fn records(&self, ids: &[&String], ending: &str, folder: &Path) -> Result<(), Failure> {
        let (next, failed) = (AtomicUsize::new(0), Mutex::new(None));
        let one = |id: &str| -> Result<(), Failure> {
            let bytes = self.needed(&format!("ID/{id}.{ending}"))?;
            write(folder, &format!("ID/{id}.json"), &bytes)
        };
        let keep = |e: Failure| {
            failed.lock().unwrap_or_else(std::sync::PoisonError::into_inner).get_or_insert(e);
            next.store(ids.len(), Ordering::Relaxed);
        };
        std::thread::scope(|scope| {
            for _ in 0..THREADS.min(ids.len()) {
                scope.spawn(|| {
                    while let Some(id) = ids.get(next.fetch_add(1, Ordering::Relaxed)) {
                        if let Err(e) = one(id) {
                            keep(e);
                        }
                    }
                });
            }
        });
        failed.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner).map_or(Ok(()), Err)
    }

    fn needed(&self, path: &str) -> Result<Vec<u8>, String> {
        match self.get(path, None)? {
            Answer::Bytes(bytes, _) => Ok(bytes),
            Answer::Unchanged | Answer::Missing => Err(format!("{}/{path} is missing", shown(&self.url))),
        }
    }

    fn get(&self, path: &str, etag: Option<&str>) -> Result<Answer, String> {
        // Who names an address of plain http means it: it is a mirror of his own.
        let (base, query) = self.url.split_at(self.url.find('?').unwrap_or(self.url.len()));
        let url = format!("{base}/{path}{query}");
        let mut request = Request::get(&url).limit(LIMIT).plain_http();
        if let Some(etag) = etag {
            request = request.header("if-none-match", etag);
        }
        let answer = self.session.send(&request).map_err(|e: NetError| e.to_string())?;
        match answer.status {
            200 => {
                let etag = answer.header("etag").unwrap_or_default().to_owned();
                unzipped(answer.body).map(|b| Answer::Bytes(b, etag)).map_err(|e| format!("{path}: {e}"))
            }
            304 => Ok(Answer::Unchanged),
            // A bucket answers 403 for what it does not have.
            403 | 404 | 410 => Ok(Answer::Missing),
            status => Err(format!("{}/{path} answers {status}", shown(&self.url))),
        }
    }
}

/// Writes a file below `folder`, whole or not at all.
fn write(folder: &Path, name: &str, bytes: &[u8]) -> Result<(), Failure> {
    let path = folder.join(name);
    let folder = path.parent().unwrap_or(folder);
    let write = || -> std::io::Result<()> {
        std::fs::create_dir_all(folder)?;
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(bytes)?;
        file.persist(&path)?;
        Ok(())
    };
    write().map_err(Failure::local(&path))
}

/// Takes a file over; whether it is there now.
fn keep(from: &Path, to: &Path) -> bool {
    from.is_file() && (std::fs::hard_link(from, to).is_ok() || std::fs::copy(from, to).is_ok())
}

/// `.gz` files, if the connection has not unpacked them already.
fn unzipped(bytes: Vec<u8>) -> Result<Vec<u8>, String> {
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return Ok(bytes);
    }
    let mut out = Vec::new();
    let mut reader = flate2::read::MultiGzDecoder::new(bytes.as_slice()).take(LIMIT);
    reader.read_to_end(&mut out).map_err(|e| e.to_string())?;
    Ok(out)
}

/// Ids of index/modules.json with the time of their last change; empty where it says none.
fn entries(modules: &[u8]) -> Option<BTreeMap<String, String>> {
    let value: Value = serde_json::from_slice(modules).ok()?;
    let mut out = BTreeMap::new();
    for vuln in value.as_array()?.iter().flat_map(|m| m.get("vulns").and_then(Value::as_array)).flatten() {
        let id = vuln.get("id")?.as_str()?;
        // It becomes a file's name.
        if !id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_') || id.is_empty() {
            return None;
        }
        let time = vuln.get("modified").and_then(Value::as_str).unwrap_or_default();
        let time = if time.starts_with("0001-") { "" } else { time };
        out.insert(id.to_owned(), time.to_owned());
    }
    Some(out)
}
