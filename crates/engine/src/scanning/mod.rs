//! Known vulnerabilities in programs, folders of a release, modules and SBOMs: the recipe of `goferry scan` and of a
//! release's scan step.
//!
//! Owns: which database is meant, how it gets here, the list of accepted vulnerabilities, what is scanned. Must not: know
//! the rules of matching, draw.

mod alert;
mod archives;
mod gobuild;
mod ignores;
mod listed;
mod module;
mod place;
mod presence;
mod programs;
mod remote;

pub(crate) use alert::check as check_alert;
pub use alert::{Incident, alert};
pub(crate) use presence::{absent, check};
pub use programs::Scanned;

use crate::session::Session;
use goferry_config::model::Scan;
use goferry_net::shown;
use goferry_report::{Code, Diagnostic, Diagnostics, Label};
use goferry_scan::{
    About, Database, Found, Ignore, Report, ScanError, Source, Subject, Threshold, judge, merge,
};
use place::Place;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Vulnerabilities that a diagnostic names.
const SHOWN: usize = 20;

/// What the command line says over the configuration.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// `--db`.
    pub db: Option<String>,
    /// `--extra`.
    pub extra: Vec<PathBuf>,
    /// `--ignore-file`.
    pub ignore_files: Vec<PathBuf>,
    /// `--fail-on`.
    pub fail_on: Option<Threshold>,
}

/// A database, a list and a threshold: what anything can be judged by.
#[derive(Debug)]
pub struct Scanner {
    database: Database,
    ignores: Vec<Ignore>,
    threshold: Threshold,
    /// Whether what it finds stops a release.
    gate: bool,
    /// `2026-11-25`.
    today: String,
    /// Where the database came from, in the form that may be shown.
    pub named: String,
    /// Seconds since 1970.
    now: i64,
    /// Holds the index where there is no cache.
    _temp: Option<tempfile::TempDir>,
}

impl Scanner {
    /// Opens what the command line, `[scan]` or GOVULNDB name.
    ///
    /// # Errors
    /// [`Code::NoVulnerabilityDatabase`], or what is wrong with a list.
    pub fn open(session: &Session, config: Option<&Scan>, asked: &Asked) -> Result<Scanner, Diagnostics> {
        let variable = session.env.get("GOVULNDB").filter(|v| !v.is_empty());
        let configured = config.and_then(|c| c.db.as_ref()).map(|t| &t.value);
        let Some(named) = asked.db.as_ref().or(configured).or(variable) else {
            let mut d = missing("no vulnerability database is named".to_owned());
            d.labels.extend(config.and_then(|c| c.place.label("")));
            return Err(d
                .hint_with("name one on the command line:", "goferry scan --db https://vuln.go.dev …")
                .hint_with("or in goferry.toml, under [scan]:", "db = \"https://vuln.go.dev\"")
                .hint("or set GOVULNDB, as for the go tools; a folder or .tar.zst of OSV files will do")
                .into());
        };
        Scanner::of(session, config, asked, named)
    }

    /// Opens what is at hand without being asked for: what GOVULNDB names, if it is here (a path, or the copy of an address). What
    /// some other scan used is not: it would make a release depend on what was done on this machine before. No connection is made, and
    /// nothing is stopped by what is found.
    ///
    /// # Errors
    /// Why there is none.
    pub fn at_hand(session: &Session) -> Result<Scanner, String> {
        let asked = Asked::default();
        let variable = session.env.get("GOVULNDB").filter(|v| !v.is_empty());
        let folder = scanner_folder(session);
        let named = variable.ok_or("no vulnerability database is at hand")?.clone();
        let local = match Place::parse(&named, &session.cwd)? {
            Place::Local(path) => path,
            Place::Remote(url) => remote::copy(&folder.ok_or("there is no cache folder")?, &url)
                .ok_or(format!("{} was not fetched yet; goferry scan does", shown(&named)))?,
        };
        let text = local.to_string_lossy().into_owned();
        let scanner = Scanner::of(session, None, &asked, &text).map_err(|d| {
            d.list.first().map_or_else(|| "the database cannot be used".to_owned(), |d| d.message.clone())
        })?;
        Ok(Scanner { named: shown(&named), gate: false, ..scanner })
    }

    fn of(
        session: &Session,
        config: Option<&Scan>,
        asked: &Asked,
        named: &str,
    ) -> Result<Scanner, Diagnostics> {
        crate::addresses::learn("DATABASE", named);
        let ignores = ignores::gather(session, config, asked)?;
        let (folder, temp) = match scanner_folder(session) {
            Some(folder) => (folder, None),
            None => {
                let temp =
                    tempfile::tempdir().map_err(|e| *crate::dist::failure(&std::env::temp_dir(), &e))?;
                (temp.path().to_owned(), Some(temp))
            }
        };
        let main = match Place::parse(named, &session.cwd).map_err(missing)? {
            Place::Local(path) => path,
            Place::Remote(url) => remote::fetch(session, &folder, &url)?,
        };
        let mut paths = vec![main];
        paths.extend(config.iter().flat_map(|c| c.extra.iter()).map(|t| session.cwd.join(&t.value)));
        paths.extend(asked.extra.iter().map(|p| session.cwd.join(p)));
        let sources: Result<Vec<Source>, ScanError> = paths.iter().map(|p| Source::at(p)).collect();
        let database = sources.and_then(|s| Database::open(s, &folder)).map_err(|e| unusable(&e))?;
        let now = jiff::Timestamp::now().as_second();
        if let Some(limit) = config.and_then(|c| c.max_age_seconds) {
            young_enough(&database, now, limit, &shown(named))?;
        }
        let configured = config.and_then(|c| c.fail_on.as_deref()).map(threshold);
        let threshold = asked.fail_on.or(configured).unwrap_or(Threshold::Linked);
        let today = jiff::Timestamp::from_second(now).unwrap_or_default().to_string();
        let today = today.get(..10).unwrap_or_default().to_owned();
        let named = shown(named);
        Ok(Scanner { database, ignores, threshold, gate: true, today, named, now, _temp: temp })
    }

    /// What is to be said of the database.
    pub fn about(&self) -> About {
        self.database.about()
    }

    /// The threshold.
    pub fn threshold(&self) -> Threshold {
        self.threshold
    }

    /// Whether what it finds stops a release: `[scan]` is configured, or a scan was asked for.
    pub fn is_gate(&self) -> bool {
        self.gate
    }

    pub(crate) fn today(&self) -> &str {
        &self.today
    }

    /// Compares several subjects that are one thing, without judging.
    ///
    /// # Errors
    /// The database cannot be read.
    pub(crate) fn find(&self, subjects: &[Subject]) -> Result<Found, ScanError> {
        let found: Result<Vec<Found>, ScanError> =
            subjects.iter().map(|s| goferry_scan::scan(s, &self.database, self.now)).collect();
        merge(found?).ok_or_else(|| ScanError::NotGo("there is nothing to scan in it".to_owned()))
    }

    /// What is to be said of entries that cover nothing of what was scanned: they may be mistyped, or have done their work.
    /// One that has ended is said by itself.
    pub fn unused(&self, scanned: &[Scanned]) -> Vec<Diagnostic> {
        let covers = |i: &&Ignore| scanned.iter().any(|s| s.report.ignored.iter().any(|c| c.ignore == **i));
        let unused = self.ignores.iter().filter(|i| !covers(i) && !i.is_expired(&self.today));
        let limits =
            |i: &Ignore| if i.module.is_empty() { String::new() } else { format!(" in {}", i.module) };
        let said =
            |i: &Ignore| format!("{}: {}{} is accepted, but nothing has it", i.source, i.id, limits(i));
        unused.map(|i| entry(said(i))).collect()
    }

    /// Judges what was found by the list and the threshold, today.
    pub fn judge(&self, found: Found) -> Report {
        judge(found, self.about(), &self.ignores, self.threshold, &self.today)
    }
}

/// `present`, `imported`, `linked`, `never`.
pub fn threshold(word: &str) -> Threshold {
    match word {
        "present" => Threshold::Present,
        "imported" => Threshold::Imported,
        "never" => Threshold::Never,
        _ => Threshold::Linked,
    }
}

/// Where indexes and fetched databases are kept.
fn scanner_folder(session: &Session) -> Option<PathBuf> {
    session.tools.as_deref().and_then(Path::parent).map(|root| root.join("vulndb"))
}

fn missing(message: String) -> Diagnostic {
    Diagnostic::error(Code::NoVulnerabilityDatabase, message)
}

/// What is to be said of an entry of a list.
fn entry(message: String) -> Diagnostic {
    Diagnostic::warning(Code::IgnoreEntry, message)
}

pub(crate) fn unusable(e: &ScanError) -> Diagnostic {
    match e {
        ScanError::Cache { path, source } => {
            let mut d = *crate::dist::failure(path, source);
            d.message = e.to_string();
            d
        }
        e => missing(e.to_string()),
    }
}

/// A database whose age is not known cannot be young enough; the times of files say when it was copied.
fn young_enough(database: &Database, now: i64, limit: u64, named: &str) -> Result<(), Diagnostic> {
    let about = database.about();
    let stated =
        matches!(about.date_from, goferry_scan::DateFrom::Database | goferry_scan::DateFrom::Records);
    let age = database.date().filter(|_| stated).map(|d| now.saturating_sub(d).max(0).unsigned_abs());
    match age {
        Some(age) if age <= limit => Ok(()),
        Some(age) => Err(missing(format!(
            "the vulnerability database {named} is of {}, {} days old; `max_age` allows {}",
            about.date.get(..10).unwrap_or_default(),
            age / 86_400,
            limit / 86_400
        ))
        .hint("get a newer one, or change `max_age` in [scan]")),
        None => Err(missing(format!(
            "the vulnerability database {named} does not say how old it is, and `max_age` is set"
        ))),
    }
}

/// What a report says that stops a release, or would if `[scan]` were configured: a diagnostic for all vulnerabilities, and
/// one for each entry that has expired.
fn diagnostics(what: &str, report: &Report) -> Diagnostics {
    let mut out = Diagnostics::default();
    if !report.blocking.is_empty() {
        let n = report.blocking.len();
        let plural = if n == 1 { "vulnerability that stops" } else { "vulnerabilities that stop" };
        let mut d = Diagnostic::error(Code::Vulnerable, format!("{what}: {n} {plural} a release"));
        for id in report.blocking.iter().take(SHOWN) {
            d = d.with_note(line(id, report));
        }
        if n > SHOWN {
            d = d.with_note(format!("and {} more", n - SHOWN));
        }
        out.push(remedies(d.label(Label::file(what)), report));
    }
    for i in &report.expired {
        let message = format!("{}: {} was accepted until {}", i.source, i.id, i.expires);
        let d = Diagnostic::error(Code::IgnoreExpired, message).label(Label::file(&i.source));
        out.push(d.hint("take the entry out, upgrade, or decide again with a new day"));
    }
    out
}

/// `GO-2022-1059 linked: golang.org/x/text v0.3.5, fixed in v0.3.8: Denial of service …`
fn line(id: &str, report: &Report) -> String {
    let nearest = report.findings.iter().filter(|f| f.id == id).max_by_key(|f| f.level);
    let Some(nearest) = nearest else { return id.to_owned() };
    let about = report.vulnerabilities.iter().find(|v| v.id == id && v.module == nearest.module);
    let Some(v) = about else { return format!("{id} {}: {}", nearest.level, nearest.module) };
    let fixed = if v.fixed.is_empty() { "not fixed".to_owned() } else { format!("fixed in {}", v.fixed) };
    let unseen = report.findings.iter().find(|f| f.id == id && !f.unseen.is_empty());
    let counts = match unseen.filter(|_| nearest.level < goferry_scan::Level::Linked) {
        Some(f) => format!(", counts as linked ({})", f.unseen),
        None => String::new(),
    };
    let version = if v.version.is_empty() { "of an unknown version" } else { v.version.as_str() };
    format!("{id} {}{counts}: {} {version}, {fixed}: {}", nearest.level, v.module, v.summary)
}

/// For each module the version that clears all of what stops the release.
fn remedies(mut d: Diagnostic, report: &Report) -> Diagnostic {
    let mut fixes: BTreeMap<&str, &str> = BTreeMap::new();
    let blocking = report.vulnerabilities.iter().filter(|v| report.blocking.contains(&v.id));
    for v in blocking.filter(|v| !v.fixed.is_empty()) {
        let fix = fixes.entry(&v.module).or_insert(&v.fixed);
        if goferry_scan::version::compare(fix, &v.fixed).is_lt() {
            *fix = &v.fixed;
        }
    }
    if let Some(go) = fixes.remove(goferry_scan::STDLIB) {
        d = d.hint(format!("build with go{} or later", go.trim_start_matches('v')));
    }
    let gets: Vec<String> = fixes.iter().map(|(module, version)| format!("{module}@{version}")).collect();
    if !gets.is_empty() {
        d = d.hint_with("upgrade:", format!("go get {}", gets.join(" ")));
    }
    d
}
