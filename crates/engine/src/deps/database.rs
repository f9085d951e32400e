//! Which database is asked: the one that `goferry scan` would ask.

use crate::scanning::{Asked, Scanner};
use crate::session::Session;
use goferry_report::Diagnostics;
use goferry_scan::Database;

/// Opens the database that was named, else that of `[scan]`, else that of GOVULNDB.
///
/// # Errors
/// There is none, or it cannot be read.
pub fn database(session: &Session, named: Option<&str>) -> Result<Database, Diagnostics> {
    let config = session.config()?;
    let asked = Asked { db: named.map(str::to_owned), ..Asked::default() };
    Ok(Scanner::open(session, config.scan.as_ref(), &asked)?.into_database())
}
