//! The file for the next boot: binfmt.d(5), one register line each. Lines of ours are known by the entry's name.

use super::is_ours;
use crate::dist;
use goferry_report::Diagnostic;
use std::path::Path;

const HEADER: &str =
    "# Written by `goferry binfmt register --persist`; `goferry binfmt unregister` takes its lines out.\n";

/// The name that a line registers: the field after the separator, which is the first character.
fn name_of(line: &str) -> Option<&str> {
    let separator = line.chars().next().filter(|c| !"#;".contains(*c))?;
    line[separator.len_utf8()..].split(separator).next()
}

/// The names of our entries in a text.
fn own_names(text: &str) -> Vec<String> {
    text.lines().filter_map(name_of).filter(|n| is_ours(n)).map(str::to_owned).collect()
}

/// The text with these lines, each in the place of one for the same name.
fn with(text: &str, lines: &[String]) -> String {
    let stays = |old: &&str| name_of(old).is_none_or(|n| !lines.iter().any(|l| name_of(l) == Some(n)));
    let mut out = if text.is_empty() { HEADER.to_owned() } else { String::new() };
    for line in text.lines().filter(stays).chain(lines.iter().map(String::as_str)) {
        out += line;
        out.push('\n');
    }
    out
}

/// The text without our entries of these names; none if nothing of anybody's is left.
fn without(text: &str, names: &[String]) -> Option<String> {
    let stays = |l: &&str| name_of(l).is_none_or(|n| !is_ours(n) || !names.iter().any(|m| m == n));
    let out: String = text.lines().filter(stays).map(|l| format!("{l}\n")).collect();
    let more = out.lines().any(|l| !l.trim().is_empty() && l != HEADER.trim_end());
    more.then_some(out)
}

fn read(path: &Path) -> Result<String, Box<Diagnostic>> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(text),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
        Err(e) => Err(dist::failure(path, &e)),
    }
}

/// Our entries in the file; none if it is not there.
pub(super) fn entries(path: &Path) -> Vec<String> {
    own_names(&read(path).unwrap_or_default())
}

/// Writes lines into the file.
pub(super) fn add(path: &Path, lines: &[String]) -> Result<(), Box<Diagnostic>> {
    if let Some(dir) = path.parent() {
        std::fs::create_dir_all(dir).map_err(|e| dist::failure(dir, &e))?;
    }
    let old = read(path)?;
    let new = with(&old, lines);
    if old == new { Ok(()) } else { dist::write_whole(path, &new) }
}

/// Takes entries out of the file, which goes if it was only ours.
pub(super) fn remove(path: &Path, names: &[String]) -> Result<(), Box<Diagnostic>> {
    let old = read(path)?;
    if !own_names(&old).iter().any(|n| names.contains(n)) {
        return Ok(());
    }
    match without(&old, names) {
        Some(text) => dist::write_whole(path, &text),
        None => std::fs::remove_file(path).map_err(|e| dist::failure(path, &e)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_lines_come_and_go() {
        let (one, two) = (":goferry-arm:M::a:b:/q:F".to_owned(), "|goferry-s390x|M||a|b|/q:1|F".to_owned());
        let text = with("", &[one.clone(), two.clone()]);
        assert_eq!(own_names(&text), ["goferry-arm", "goferry-s390x"]);
        assert_eq!(with(&text, std::slice::from_ref(&one)).matches("goferry-arm").count(), 1);
        let names = ["goferry-arm".to_owned(), "goferry-s390x".to_owned()];
        assert_eq!(without(&text, &names[..1]), Some(format!("{HEADER}{two}\n")));
        assert_eq!(without(&text, &names), None);
        let mixed = format!("; a note\n:qemu-arm:M::a:b:/q:F\n{one}\n");
        assert_eq!(without(&mixed, &["qemu-arm".to_owned()]), Some(mixed.clone()), "it is not ours");
        assert_eq!(without(&mixed, &names), Some("; a note\n:qemu-arm:M::a:b:/q:F\n".to_owned()));
    }

    #[test]
    fn the_file_goes_with_its_last_line() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("binfmt.d/goferry.conf");
        let line = ":goferry-arm:M::a:b:/q:F".to_owned();
        add(&path, std::slice::from_ref(&line)).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), format!("{HEADER}{line}\n"));
        assert_eq!(entries(&path), ["goferry-arm"]);
        remove(&path, &["goferry-mips".to_owned()]).unwrap();
        assert!(path.exists());
        remove(&path, &["goferry-arm".to_owned()]).unwrap();
        assert!(!path.exists());
        remove(&path, &["goferry-arm".to_owned()]).unwrap();
    }
}
