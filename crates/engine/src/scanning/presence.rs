//! Whether what `[scan]` names is here: databases, and lists of accepted vulnerabilities.
//!
//! Must not: open a database, or connect.

use super::ignores::of_file;
use super::place::Place;
use goferry_config::model::{Scan, Text};
use goferry_net::shown;
use goferry_report::{Code, Diagnostic, Diagnostics};
use std::collections::BTreeMap;
use std::path::Path;

/// The files and folders that `[scan]` or GOVULNDB name and that are not here.
pub(crate) fn absent(scan: &Scan, cwd: &Path, env: &BTreeMap<String, String>) -> Vec<String> {
    let local = |text: &str| match Place::parse(text, cwd) {
        Ok(Place::Local(path)) => Some(path),
        _ => None,
    };
    let variable = env.get("GOVULNDB").filter(|v| !v.is_empty());
    let main = scan.db.as_ref().map(|t| &t.value).or(variable);
    let main = main.and_then(|named| Some((named.clone(), local(named)?)));
    let more = scan.extra.iter().chain(&scan.ignore_files).map(|t| (t.value.clone(), cwd.join(&t.value)));
    main.into_iter().chain(more).filter(|(_, path)| !path.exists()).map(|(named, _)| shown(&named)).collect()
}

/// What is to be said of it where nothing is released: a database that a release will have, and that is not here, is a
/// warning; a list that is not here is an error, unless `hooks` may make it.
pub(crate) fn check(scan: &Scan, cwd: &Path, env: &BTreeMap<String, String>, hooks: bool) -> Diagnostics {
    scan.db.iter().for_each(|t| crate::addresses::learn("DATABASE", &t.value));
    let mut problems = Diagnostics::default();
    let mut say = |mut d: Diagnostic, named: Option<&Text>| {
        d.labels.extend(named.map_or(&scan.place, |t| &t.place).label(""));
        problems.push(d);
    };
    let absent = absent(scan, cwd, env);
    let database = |message: String| Diagnostic::warning(Code::NoVulnerabilityDatabase, message);
    let is_absent = |t: &Text| absent.contains(&shown(&t.value));
    match (&scan.db, env.get("GOVULNDB").filter(|v| !v.is_empty())) {
        (None, None) => {
            say(database("`[scan]` names no database, and GOVULNDB is not set here".to_owned()), None);
        }
        (None, Some(v)) if absent.contains(&shown(v)) => {
            say(database(format!("the vulnerability database {} of GOVULNDB is not here", shown(v))), None);
        }
        _ => {}
    }
    for text in scan.db.iter().chain(&scan.extra).filter(|t| is_absent(t)) {
        let message =
            format!("the vulnerability database {} is not here; a release needs it", shown(&text.value));
        say(database(message), Some(text));
    }
    for text in &scan.ignore_files {
        if is_absent(text) && hooks {
            let message = format!("{} is not here; a hook has to make it", text.value);
            say(Diagnostic::warning(Code::ConfigMissing, message), Some(text));
        } else if let Err(found) = of_file(cwd, Path::new(&text.value)) {
            found.list.into_iter().for_each(|d| say(d, Some(text)));
        }
    }
    problems
}
