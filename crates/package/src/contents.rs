//! Which files `nfpms[].contents` means: nfpm's patterns and destinations (2.48, `files` and `internal/glob`).
//!
//! Owns: patterns, destinations, what a format leaves out. Must not: read files' content, walk trees, write packages.

use crate::PackageError;
use crate::glob::{self, Glob};
use crate::members::{clean, prefix_of};
use goferry_plan::graph::ContentSpec;
use std::path::{Path, PathBuf};

/// The items that a format takes, with each pattern replaced by the files that it matches. `src` of files and trees is an absolute path
/// then, that of a symbolic link is what it names.
///
/// # Errors
/// A pattern that does not parse or matches nothing; a plain path that does not exist.
pub fn resolve(
    project: &Path,
    format: &str,
    items: &[ContentSpec],
) -> Result<Vec<ContentSpec>, PackageError> {
    let packager = format.strip_prefix("termux.").unwrap_or(format);
    let mut out = vec![];
    for item in items {
        if !(item.packager.is_empty() || item.packager == packager)
            || item.kind == "ghost" && packager != "rpm"
        {
            continue;
        }
        match item.kind.as_str() {
            "dir" | "ghost" | "symlink" => out.push(item.clone()),
            "tree" => {
                let src = project.join(&item.src);
                if !src.is_dir() {
                    return Err(nothing(&item.src, "there is no such folder"));
                }
                out.push(ContentSpec { src: text(&src), ..item.clone() });
            }
            _ if item.text.is_some() => out.push(item.clone()),
            _ => files(project, item, &mut out)?,
        }
    }
    Ok(out)
}

fn nothing(pattern: &str, reason: &str) -> PackageError {
    PackageError::Pattern { pattern: pattern.to_owned(), reason: reason.to_owned() }
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

fn files(project: &Path, item: &ContentSpec, out: &mut Vec<ContentSpec>) -> Result<(), PackageError> {
    let (root, pattern) = rooted(project, &item.src)?;
    let matches = glob::find(&root, &pattern)?;
    if matches.is_empty() {
        return Err(nothing(&item.src, "it matches nothing"));
    }
    let prefix = prefix_of(&root, &pattern, &matches)?;
    for file in matches {
        let path = root.join(&file);
        // A link to a folder is no file, and the folder is not entered.
        if path.is_dir() {
            continue;
        }
        let mut one =
            ContentSpec { src: text(&path), dst: destination(&item.dst, &prefix, &file), ..item.clone() };
        if let Ok(names) = std::fs::read_link(&path) {
            one.src = text(&names);
            "symlink".clone_into(&mut one.kind);
        }
        out.push(one);
    }
    Ok(())
}

/// A folder, and the pattern below it: patterns may leave the project.
fn rooted(project: &Path, pattern: &str) -> Result<(PathBuf, String), PackageError> {
    let outside = pattern.starts_with('/') || pattern.split('/').any(|part| part == "..");
    if !outside {
        return Ok((project.to_owned(), clean(pattern)));
    }
    let whole = clean(&text(&project.join(pattern)));
    let mut root = String::from("/");
    let mut rest: Vec<&str> = whole.trim_start_matches('/').split('/').collect();
    while rest.len() > 1 && !Glob::parse(rest[0])?.has_matchers() {
        root = format!("{}/{}", root.trim_end_matches('/'), rest.remove(0));
    }
    Ok((PathBuf::from(root), rest.join("/")))
}

fn destination(dst: &str, prefix: &str, file: &str) -> String {
    let base = file.rsplit('/').next().unwrap_or(file);
    if dst.ends_with('/') {
        return clean(&format!("{dst}{base}"));
    }
    let file = clean(file);
    let below = match prefix {
        "." => file.as_str(),
        p => file.strip_prefix(p).unwrap_or(&file).trim_start_matches('/'),
    };
    clean(&format!("{dst}/{below}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn item(src: &str, dst: &str, kind: &str) -> ContentSpec {
        ContentSpec {
            src: src.to_owned(),
            dst: dst.to_owned(),
            kind: kind.to_owned(),
            ..ContentSpec::default()
        }
    }

    fn project() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for file in ["proj/a.conf", "proj/etc/one.conf", "proj/etc/deep/two.conf", "outside/x.txt"] {
            let path = dir.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, file).unwrap();
        }
        std::os::unix::fs::symlink("one.conf", dir.path().join("proj/etc/link")).unwrap();
        dir
    }

    fn of(items: &[ContentSpec], format: &str) -> Result<Vec<(String, String, String)>, String> {
        let dir = project();
        let at = format!("{}/", dir.path().canonicalize().unwrap().display());
        let project = dir.path().canonicalize().unwrap().join("proj");
        let found = resolve(&project, format, items).map_err(|e| e.to_string())?;
        Ok(found.into_iter().map(|c| (c.src.replace(&at, "@/"), c.dst, c.kind)).collect())
    }

    fn one(src: &str, dst: &str, kind: &str) -> (String, String, String) {
        (src.to_owned(), dst.to_owned(), kind.to_owned())
    }

    #[test]
    fn destinations() {
        for (src, dst, expected) in [
            ("a.conf", "/etc/b.conf", vec![one("@/proj/a.conf", "/etc/b.conf", "")]),
            ("./a.conf", "/etc/", vec![one("@/proj/a.conf", "/etc/a.conf", "")]),
            ("etc/o*.conf", "/etc/x", vec![one("@/proj/etc/one.conf", "/etc/x/one.conf", "")]),
            (
                "etc/**.conf",
                "/etc/x",
                vec![
                    one("@/proj/etc/deep/two.conf", "/etc/x/deep/two.conf", ""),
                    one("@/proj/etc/one.conf", "/etc/x/one.conf", ""),
                ],
            ),
            ("etc/link", "/etc/l", vec![one("one.conf", "/etc/l", "symlink")]),
            ("../outside/x.txt", "/x", vec![one("@/outside/x.txt", "/x", "")]),
            ("../out*/*.txt", "/x/", vec![one("@/outside/x.txt", "/x/x.txt", "")]),
        ] {
            let mut found = of(&[item(src, dst, "")], "deb").unwrap();
            found.sort();
            assert_eq!(found, expected, "{src} {dst}");
        }
        let folder = of(&[item("etc", "/etc/x", "config")], "deb").unwrap();
        assert_eq!(folder.len(), 3, "{folder:?}");
        assert!(folder.contains(&one("@/proj/etc/deep/two.conf", "/etc/x/deep/two.conf", "config")));
    }

    #[test]
    fn what_a_format_leaves_out() {
        let mut deb = item("a.conf", "/only", "");
        deb.packager = "deb".to_owned();
        let items =
            [deb, item("", "/ghost", "ghost"), item("etc", "/tree", "tree"), item("/x", "/l", "symlink")];
        let kinds = |format| {
            let found = of(&items, format).unwrap();
            found.into_iter().map(|(_, dst, _)| dst).collect::<Vec<_>>()
        };
        assert_eq!(kinds("deb"), ["/only", "/tree", "/l"]);
        assert_eq!(kinds("termux.deb"), ["/only", "/tree", "/l"]);
        assert_eq!(kinds("rpm"), ["/ghost", "/tree", "/l"]);
        assert_eq!(kinds("apk"), ["/tree", "/l"]);
    }

    #[test]
    fn what_matches_nothing_is_said() {
        for (src, kind, said) in [
            ("none*", "", "matches nothing"),
            ("none", "config", "no such file"),
            ("a.conf", "tree", "no such folder"),
        ] {
            let why = of(&[item(src, "/x", kind)], "deb").unwrap_err();
            assert!(why.contains(said), "{src}: {why}");
        }
    }
}
