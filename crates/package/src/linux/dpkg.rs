//! Whether dpkg and opkg read a control file: what they refuse must not be released.
//!
//! Owns: dpkg 1.21's own rules (lib/dpkg/parse.c, fields.c, parsehelp.c), as far as fields that packages here have go. Must not: write one.

use super::Format;
use goferry_plan::package_names;

/// Fields of relations, and whether alternatives (`a | b`) are allowed in them.
const RELATIONS: [(&str, bool); 9] = [
    ("Depends", true),
    ("Pre-Depends", true),
    ("Recommends", true),
    ("Suggests", true),
    ("Enhances", true),
    ("Conflicts", false),
    ("Breaks", false),
    ("Replaces", false),
    ("Provides", false),
];

/// What is wrong with the control file of a package of this format; none if it is read.
pub fn refused(format: Format, control: &str) -> Option<String> {
    let judged = read(control).and_then(|fields| match format {
        Format::Deb | Format::TermuxDeb => fields.iter().try_for_each(|(name, value)| value_of(name, value)),
        // opkg compares no syntax.
        _ => Ok(()),
    });
    judged.err()
}

/// Names and values; the lines of a value are joined by line ends.
fn read(control: &str) -> Result<Vec<(&str, String)>, String> {
    let mut fields: Vec<(&str, String)> = vec![];
    if control.contains('\0') {
        return Err("its control file holds a NUL".to_owned());
    }
    for line in control.trim_end_matches('\n').split('\n') {
        if line.starts_with([' ', '\t']) {
            let (name, value) = fields.last_mut().ok_or("its control file begins with a blank")?;
            if line.trim().is_empty() {
                return Err(format!("its field {name} has a blank line"));
            }
            value.push('\n');
            value.push_str(line);
            continue;
        }
        let wrong = || format!("`{}` in its control file is no field", line.escape_debug());
        let (name, value) = line.split_once(':').ok_or_else(wrong)?;
        let plain = |c: char| c.is_ascii_graphic();
        if name.len() < 2 || name.starts_with(['-', '#']) || !name.chars().all(plain) {
            return Err(wrong());
        }
        if fields.iter().any(|(n, _)| n.eq_ignore_ascii_case(name)) {
            return Err(format!("its field {name} is said twice"));
        }
        fields.push((name, value.trim().to_owned()));
    }
    Ok(fields)
}

fn value_of(name: &str, value: &str) -> Result<(), String> {
    let is = |other: &str| name.eq_ignore_ascii_case(other);
    let judged = if is("Package") {
        package_name(value)
    } else if is("Version") {
        epoch(value)
    } else if is("Architecture") {
        architecture(value)
    } else if is("Essential") || is("Protected") {
        one_of(value, &["yes", "no"])
    } else if is("Multi-Arch") {
        one_of(value, &["foreign", "allowed", "same", "no"])
    } else if let Some((_, alternatives)) = RELATIONS.iter().find(|(n, _)| is(n)) {
        relations(value, *alternatives)
    } else {
        Ok(())
    };
    judged.map_err(|why| format!("dpkg refuses its field {name}: {why}"))
}

fn one_of(value: &str, words: &[&str]) -> Result<(), String> {
    match words.iter().any(|w| w.eq_ignore_ascii_case(value)) {
        true => Ok(()),
        false => Err(format!("`{value}` is none of {}", words.join(", "))),
    }
}

fn package_name(name: &str) -> Result<(), String> {
    let first = name.starts_with(|c: char| c.is_ascii_alphanumeric());
    let rest = name.chars().all(|c| c.is_ascii_alphanumeric() || "-+._".contains(c));
    if first && rest { Ok(()) } else { Err(format!("`{name}` is no name of a package")) }
}

fn architecture(name: &str) -> Result<(), String> {
    let first = name.starts_with(|c: char| c.is_ascii_alphanumeric());
    let rest = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    if first && rest { Ok(()) } else { Err(format!("`{name}` is no architecture")) }
}

/// Only the epoch: whether the rest is a version for dpkg the plan has judged, which lets snapshots pass with a warning.
fn epoch(text: &str) -> Result<(), String> {
    match text.split_once(':') {
        Some((epoch, _)) => package_names::debian_version(&format!("{epoch}:0")),
        None => Ok(()),
    }
}

fn relations(list: &str, alternatives: bool) -> Result<(), String> {
    for item in list.split(',') {
        let choices: Vec<&str> = item.split('|').collect();
        if choices.len() > 1 && !alternatives {
            return Err(format!("`{}` has alternatives, which it may not", item.trim()));
        }
        choices.into_iter().try_for_each(|one| relation(one.trim()))?;
    }
    Ok(())
}

/// `name[:arch] [(comparison version)]`.
fn relation(text: &str) -> Result<(), String> {
    let wrong = || format!("`{text}` is no relation: name, or name (>= version)");
    let at = text.find(|c: char| c.is_whitespace() || c == '(').unwrap_or(text.len());
    let (named, rest) = text.split_at(at);
    let (name, arch) = named.split_once(':').map_or((named, None), |(n, a)| (n, Some(a)));
    package_name(name).map_err(|_| wrong())?;
    arch.map_or(Ok(()), architecture).map_err(|_| wrong())?;
    let rest = rest.trim();
    if rest.is_empty() {
        return Ok(());
    }
    let inner = rest.strip_prefix('(').and_then(|r| r.strip_suffix(')')).ok_or_else(wrong)?;
    let number = inner.trim().trim_start_matches(['<', '>', '=']);
    let comparison = &inner.trim()[..inner.trim().len() - number.len()];
    if !["", "<<", "<=", "<", "=", ">", ">=", ">>"].contains(&comparison) {
        return Err(wrong());
    }
    package_names::debian_version(number.trim()).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What dpkg 1.21.22 said of each (`dpkg --dry-run -i`): whether it is read.
    const FIELDS: &[(&str, bool)] = &[
        ("Depends: libc6 (>= 2.31)", true),
        ("Depends: libc6 >= 2.31", false),
        ("Depends: a | b", true),
        ("Depends: a,", false),
        ("Depends: a,,b", false),
        ("Depends: a (> 1)", true),
        ("Depends: a (>= 1", false),
        ("Depends: a:any", true),
        ("Depends: a [amd64]", false),
        ("Depends: a <x>", false),
        ("Provides: a (= 1)", true),
        ("Conflicts: a | b", false),
        ("Replaces: a|b", false),
        ("Breaks: a (<< 1)", true),
        ("Depends: A_b", true),
        ("Depends: a (>= nightly)", false),
        ("Depends: a(>=1)", true),
        ("Depends: -a", false),
        ("Depends: ${misc:Depends}", false),
        ("Depends: a (1)", true),
        ("Depends: a (>=1) b", false),
        ("Depends: a (!= 1)", false),
        ("Depends: a:bad_arch", false),
        ("Section: a\nSection: b", false),
        ("section: a\nSECTION: b", false),
        ("X: a", false),
        ("X Y: a", false),
        ("-X: a", false),
        ("XX: a\n \n b", false),
        ("XX: a\n .\n b", true),
        ("XX a", false),
        ("XX: a\n\nPackage: evil", false),
        ("Essential: maybe", false),
        ("Essential: yes", true),
        ("Multi-Arch: foo", false),
        ("Priority: foo", true),
        ("Architecture: b", false),
        ("Bugs: x", true),
    ];
    fn control(version: &str, more: &str) -> String {
        format!(
            "Package: a\nVersion: {version}\nArchitecture: all\nMaintainer: a <a@b>\nDescription: x\n{more}\n"
        )
    }

    #[test]
    fn what_dpkg_reads() {
        for (field, read) in FIELDS {
            let why = refused(Format::Deb, &control("1", field));
            assert_eq!(why.is_none(), *read, "{field}: {why:?}");
        }
        for (version, read) in
            [("1", true), ("1:1", true), ("x:1", false), ("-1:1", false), ("nightly", true)]
        {
            let why = refused(Format::Deb, &control(version, "XX: a"));
            assert_eq!(why.is_none(), read, "{version}: {why:?}");
        }
        for (name, read) in [("a", true), ("A_b", true), ("a b", false), ("-a", false), ("a/b", false)] {
            let text = control("1", "XX: a").replace("Package: a", &format!("Package: {name}"));
            assert_eq!(refused(Format::Deb, &text).is_none(), read, "{name}");
        }
        assert!(refused(Format::Ipk, &control("nightly", "Depends: a,")).is_none());
        assert!(refused(Format::Ipk, &control("1", "Section: a\nSection: b")).is_some());
    }

    proptest! {
        #[test]
        fn anything_is_judged(text in "[ -~é\n\t\r:|(),]{0,200}") {
            let _ = refused(Format::Deb, &text);
            let _ = refused(Format::Deb, &control("1", &text));
        }
    }
}
