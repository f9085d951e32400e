//! Coverage profiles of several targets as one.
//!
//! Owns: the format's lines and their sum. Must not: read or write files.
//! Source: `cmd/cover`, package golang.org/x/tools/cover: `mode: M`, then `file:l.c,l.c statements count`.

use std::collections::BTreeMap;

/// Merges profiles: a block that two targets share is counted for both, one that only one of them compiles stays. The
/// modes must agree; counts of mode `set` are 0 or 1.
///
/// # Errors
/// A line that is none of the format's, or modes that differ; in words.
pub(super) fn merge<'a>(profiles: impl IntoIterator<Item = &'a str>) -> Result<String, String> {
    let mut mode: Option<&str> = None;
    let mut blocks: BTreeMap<(&str, Position, &str), u64> = BTreeMap::new();
    for text in profiles {
        for line in text.lines().filter(|l| !l.is_empty()) {
            if let Some(m) = line.strip_prefix("mode: ") {
                if mode.is_some_and(|known| known != m) {
                    return Err(format!("one profile has mode {}, another {m}", mode.unwrap_or_default()));
                }
                mode = Some(m);
                continue;
            }
            let (block, count) =
                read(line).ok_or_else(|| format!("`{line}` is no line of a coverage profile"))?;
            let sum = blocks.entry(block).or_default();
            *sum = if mode == Some("set") { (*sum).max(count) } else { sum.saturating_add(count) };
        }
    }
    let mut out = format!("mode: {}\n", mode.unwrap_or("set"));
    for ((file, at, statements), count) in blocks {
        let Position { line, column, end_line, end_column } = at;
        out.push_str(&format!("{file}:{line}.{column},{end_line}.{end_column} {statements} {count}\n"));
    }
    Ok(out)
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Position {
    line: u64,
    column: u64,
    end_line: u64,
    end_column: u64,
}

fn read(line: &str) -> Option<((&str, Position, &str), u64)> {
    let (place, counts) = line.split_once(' ')?;
    let (file, range) = place.rsplit_once(':')?;
    let (from, to) = range.split_once(',')?;
    let pair = |p: &str| -> Option<(u64, u64)> {
        let (l, c) = p.split_once('.')?;
        Some((l.parse().ok()?, c.parse().ok()?))
    };
    let ((line, column), (end_line, end_column)) = (pair(from)?, pair(to)?);
    let (statements, count) = counts.split_once(' ')?;
    statements.parse::<u64>().ok()?;
    Some(((file, Position { line, column, end_line, end_column }, statements), count.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_summed_and_those_of_one_target_kept() {
        let a = "mode: atomic\nm/x.go:3.4,5.6 2 1\nm/x.go:10.1,11.2 1 0\nm/x_arm64.go:1.1,2.2 1 7\n";
        let b = "mode: atomic\nm/x.go:3.4,5.6 2 4\n";
        let all = "mode: atomic\nm/x.go:3.4,5.6 2 5\nm/x.go:10.1,11.2 1 0\nm/x_arm64.go:1.1,2.2 1 7\n";
        assert_eq!(merge([a, b]).as_deref(), Ok(all));
        let set = |t: &str| t.replace("atomic", "set");
        assert!(merge([set(a).as_str(), set(b).as_str()]).unwrap().contains("5.6 2 4\n"));
        assert!(merge([a, set(b).as_str()]).unwrap_err().contains("mode"));
        assert!(merge(["mode: set\nnonsense\n"]).is_err());
        assert_eq!(merge([]).as_deref(), Ok("mode: set\n"));
    }
}
