//! Checksum files against what they list.

use super::Ledger;
use super::folder::Folder;
use super::kind::{Kind, algorithm_of_name};
use goferry_package::checksum::Algorithm;

/// Compares every checksum file of the folder.
pub(super) fn compare(folder: &Folder, ledger: &mut Ledger) {
    for (name, _) in folder.of_kind(Kind::Sums) {
        let text = folder.content(name).and_then(|b| String::from_utf8(b).ok());
        let lines = text.as_deref().and_then(|t| parse(name, t));
        let Some(lines) = lines else {
            ledger.wrong(name, "it is no checksum file");
            continue;
        };
        let mut compared = 0;
        for (hex, file) in &lines {
            compared += usize::from(one(folder, ledger, name, hex, file));
        }
        ledger.checked.push(format!("{name}: {compared} of {} checksums compared", lines.len()));
    }
}

/// Compares one line; says whether there was something to compare.
fn one(folder: &Folder, ledger: &mut Ledger, sums: &str, hex: &str, file: &str) -> bool {
    let Some(held) = folder.files.get(file) else {
        if folder.must_have(file) {
            ledger.wrong(file, format!("it is missing, and {sums} lists it"));
        } else if folder.chosen.is_none() {
            ledger.unproved(format!("{file}: {sums} lists it, and it is not here"));
        }
        return false;
    };
    if hex == held.sha256 {
        ledger.claim(file, sums, format!("listed in {sums}"), false);
        return true;
    }
    let named = algorithm_of_name(sums);
    let fits = |a: &Algorithm| a.sum_file(&held.path).is_ok_and(|s| s == hex);
    match candidates(hex, named).into_iter().find(fits) {
        Some(a) => {
            let weak = matches!(a, Algorithm::Crc32 | Algorithm::Md5 | Algorithm::Sha1);
            ledger.claim(file, sums, format!("listed in {sums} ({a})"), weak);
            if weak {
                ledger.unproved(format!("{file}: {a} finds accidents, no forgeries"));
            }
        }
        None => ledger.wrong(file, format!("its checksum is not the one in {sums}")),
    }
    true
}

/// Other algorithms whose sums look like this. SHA-256 was compared before, unless the file's name says another.
fn candidates(hex: &str, named: Option<Algorithm>) -> Vec<Algorithm> {
    use Algorithm as A;
    let by_length: &[A] = match hex.len() {
        8 => &[A::Crc32],
        32 => &[A::Md5],
        40 => &[A::Sha1],
        56 => &[A::Sha224, A::Sha3_224],
        64 => &[A::Sha3_256, A::Blake2s, A::Blake3],
        96 => &[A::Sha384, A::Sha3_384],
        128 => &[A::Sha512, A::Sha3_512, A::Blake2b],
        _ => &[],
    };
    match named {
        Some(named) => by_length.iter().copied().filter(|a| *a == named).collect(),
        None => by_length.to_vec(),
    }
}

/// Lines of `<hex>  <name>` (or `<hex> *<name>`), or the bare sum of a split file. None: it is neither.
fn parse(name: &str, text: &str) -> Option<Vec<(String, String)>> {
    let is_hex = |s: &str| s.len() >= 8 && s.bytes().all(|b| b.is_ascii_hexdigit());
    if is_hex(text.trim_end()) {
        let (of, _) = name.rsplit_once('.')?;
        return Some(vec![(text.trim_end().to_ascii_lowercase(), of.to_owned())]);
    }
    let line = |l: &str| {
        let (hex, rest) = l.split_once([' ', '\t'])?;
        let file = rest.trim_start().trim_start_matches('*').trim_start_matches("./");
        (is_hex(hex) && !file.is_empty()).then(|| (hex.to_ascii_lowercase(), file.to_owned()))
    };
    let lines = text.lines().filter(|l| !l.trim().is_empty()).map(line).collect::<Option<Vec<_>>>()?;
    (!lines.is_empty()).then_some(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms() {
        let (a, b) = ("ab".repeat(32), "cd".repeat(32));
        let two = Some(vec![(a.clone(), "x y".to_owned()), (b.clone(), "z".to_owned())]);
        assert_eq!(parse("c.txt", &format!("{a}  x y\n{b} *z\n")), two);
        assert_eq!(parse("c.txt", &format!("{}  ./x y\n\n{b}\tz", a.to_uppercase())), two);
        assert_eq!(parse("x.tar.gz.sha256", &a), Some(vec![(a.clone(), "x.tar.gz".to_owned())]));
        for bad in ["", "\n", "hello", "xx  y", &format!("{a}  x\nno")] {
            assert_eq!(parse("c.txt", bad), None, "{bad}");
        }
        assert_eq!(candidates(&a, Some(Algorithm::Blake3)), [Algorithm::Blake3]);
        assert!(candidates(&a, Some(Algorithm::Sha512)).is_empty());
    }
}
