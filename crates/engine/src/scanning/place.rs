//! Where a database is: GOVULNDB's forms and paths. Must not: look whether it is there.

use goferry_net::shown;
use std::path::{Path, PathBuf};

/// A database's place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// A file or folder, absolute.
    Local(PathBuf),
    /// An address without a slash at the end of its path.
    Remote(String),
}

impl Place {
    pub(super) fn parse(text: &str, cwd: &Path) -> Result<Place, String> {
        let text = text.trim();
        if text.is_empty() {
            return Err("the vulnerability database's place is empty".to_owned());
        }
        if text.starts_with("https://") || text.starts_with("http://") {
            let (base, query) = text.split_at(text.find('?').unwrap_or(text.len()));
            return Ok(Place::Remote(base.trim_end_matches('/').to_owned() + query));
        }
        let Some(rest) = text.strip_prefix("file://") else {
            if let Some((scheme, _)) = text.split_once("://") {
                return Err(format!("{scheme} is no kind of address that a database can have"));
            }
            return Ok(Place::Local(cwd.join(text)));
        };
        let path = rest.strip_prefix("localhost").unwrap_or(rest);
        let path = goferry_scan::sbom::percent_decoded(path)
            .ok_or(format!("{} is not a file's address", shown(text)))?;
        // file:///C:/db
        let path = match path.as_bytes() {
            [b'/', drive, b':', ..] if drive.is_ascii_alphabetic() => &path[1..],
            [b'/', ..] => path.as_str(),
            _ => return Err(format!("{} names another machine", shown(text))),
        };
        Ok(Place::Local(PathBuf::from(path)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places() {
        let of = |text| match Place::parse(text, Path::new("/w")) {
            Ok(Place::Local(p)) => p.display().to_string(),
            Ok(Place::Remote(u)) => u,
            Err(e) => format!("error: {e}"),
        };
        let table = [
            ("db", "/w/db"),
            (" ", "error: the vulnerability database's place is empty"),
            ("/srv/db.tar.zst", "/srv/db.tar.zst"),
            ("file:///srv/a%20b", "/srv/a b"),
            ("file://localhost/srv", "/srv"),
            ("file:///C:/db", "C:/db"),
            ("file://host/db", "error: file://host/db names another machine"),
            ("file://u:pw@host/db", "error: file://host/db names another machine"),
            ("https://vuln.go.dev/", "https://vuln.go.dev"),
            ("https://vuln.go.dev/?a=/", "https://vuln.go.dev?a=/"),
            ("gs://bucket", "error: gs is no kind of address that a database can have"),
        ];
        for (text, expected) in table {
            assert_eq!(of(text), expected, "{text}");
        }
    }
}
