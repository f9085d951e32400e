//! Which database is asked.

use crate::session::Session;
use goferry_report::{Code, Diagnostic};
use goferry_scan::{Database, Source};
use std::path::Path;

/// Opens the database that was named, else that of GOVULNDB.
///
/// # Errors
/// There is none, or it cannot be read.
pub fn database(session: &Session, named: Option<&str>) -> Result<Database, Box<Diagnostic>> {
    let set = session.env.get("GOVULNDB").map(String::as_str).filter(|v| !v.is_empty());
    let missing = |why: String| {
        Box::new(
            Diagnostic::error(Code::FetchFailed, format!("there is no vulnerability database: {why}"))
                .hint_with("to name a folder or an archive of OSV files:", "goferry deps --db PATH"),
        )
    };
    let word = named.or(set).ok_or_else(|| missing("neither --db nor GOVULNDB names one".to_owned()))?;
    let path = session.cwd.join(Path::new(word.strip_prefix("file://").unwrap_or(word)));
    let folder = session.tools.as_ref().and_then(|t| t.parent()).map(|root| root.join("vulnerabilities"));
    let folder = folder.ok_or_else(|| missing("no cache folder is known".to_owned()))?;
    let source = Source::at(&path).map_err(|e| missing(e.to_string()))?;
    Database::open(vec![source], &folder).map_err(|e| missing(e.to_string()))
}
