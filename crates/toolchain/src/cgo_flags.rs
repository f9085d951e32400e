//! The folders that `#cgo` lines of Go files name.
//!
//! Source: the documentation of cmd/cgo; `${SRCDIR}` is the folder of the file, and so is what relative paths begin at.
//! Must not: look at the disk.

/// A path of a `#cgo` line, relative to the folder of its file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CgoPath {
    /// The path; absolute ones are the machine's own and are left out.
    pub path: String,
    /// Whether files below folders of it may be read too: `#include <a/b.h>`, but not `-lfoo`.
    pub deep: bool,
}

/// Every relative path in the `#cgo` lines of a file. Constraints before the flags are not looked at.
pub fn cgo_paths(source: &[u8]) -> Vec<CgoPath> {
    if !contains(source, b"#cgo") {
        return vec![];
    }
    let text = String::from_utf8_lossy(source);
    let mut out: Vec<CgoPath> = vec![];
    for line in text.lines() {
        let line = line.trim_start().trim_start_matches("//").trim_start();
        let Some((_, flags)) = line.strip_prefix("#cgo").and_then(|rest| rest.split_once(':')) else {
            continue;
        };
        for found in paths(&words(flags)) {
            if !out.contains(&found) {
                out.push(found);
            }
        }
    }
    out
}

fn contains(source: &[u8], word: &[u8]) -> bool {
    source.windows(word.len()).any(|w| w == word)
}

/// Words between blanks; quotes and backslashes keep blanks inside.
fn words(flags: &str) -> Vec<String> {
    let (mut out, mut word, mut quote, mut escaped) = (vec![], String::new(), None, false);
    for c in flags.chars() {
        match (c, quote) {
            _ if escaped => {
                word.push(c);
                escaped = false;
            }
            ('\\', _) => escaped = true,
            (c, Some(q)) if c == q => quote = None,
            ('"' | '\'', None) => quote = Some(c),
            (c, None) if c.is_whitespace() => out.push(std::mem::take(&mut word)),
            (c, _) => word.push(c),
        }
    }
    out.push(word);
    out.retain(|w| !w.is_empty());
    out
}

fn paths(words: &[String]) -> Vec<CgoPath> {
    // Longer ones first: -isystem also begins with -i, -include with -I's letter in small.
    const FLAGS: [(&str, bool); 9] = [
        ("-idirafter", true),
        ("-isystem", true),
        ("-include", false),
        ("-imacros", false),
        ("-iquote", true),
        ("-force_load", false),
        ("-F", true),
        ("-I", true),
        ("-L", false),
    ];
    let mut out = vec![];
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let (path, deep) = match FLAGS.iter().find_map(|(f, deep)| Some((word.strip_prefix(f)?, *deep))) {
            Some(("", deep)) => (words.next().map(String::as_str).unwrap_or_default(), deep),
            Some(found) => found,
            // An archive or object among LDFLAGS.
            None if !word.starts_with('-') && word.contains('/') => (word.as_str(), false),
            None => continue,
        };
        let path = path.replace("${SRCDIR}", ".");
        if !path.is_empty() && !path.starts_with('/') && !path.starts_with('=') {
            out.push(CgoPath { path, deep });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cgo_lines_name() {
        let source = b"package a\n\n/*\n#cgo CFLAGS: -DX=1 -I../.. -I \"${SRCDIR}/my inc\"\n#cgo linux,amd64 LDFLAGS: -L${SRCDIR}/../lib -lfoo ${SRCDIR}/../x/libbar.a -Wl,-rpath,/y\n#include <foo.h>\n*/\nimport \"C\"\n\n// #cgo CPPFLAGS: -isystem ../sys -include ../all.h -I/usr/include -I../..\n";
        let found: Vec<(String, bool)> = cgo_paths(source).into_iter().map(|p| (p.path, p.deep)).collect();
        let expected = [
            ("../..", true),
            ("./my inc", true),
            ("./../lib", false),
            ("./../x/libbar.a", false),
            ("../sys", true),
            ("../all.h", false),
        ];
        assert_eq!(found, expected.map(|(p, d)| (p.to_owned(), d)));
        assert!(cgo_paths(b"package a\n\n// #cgo is a word here\n").is_empty());
    }
}
