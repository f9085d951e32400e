//! Plain tables: columns aligned by blanks, no frames, so that they can be cut and searched.

/// Draws rows under a heading; an empty column is left out, the last one is not padded.
pub(crate) fn draw(heading: &[&str], rows: &[Vec<String>]) -> String {
    let columns: Vec<usize> = (0..heading.len())
        .filter(|c| rows.iter().any(|r| r.get(*c).is_some_and(|v| !v.is_empty())))
        .collect();
    let head: Vec<String> = heading.iter().map(|h| (*h).to_owned()).collect();
    let width = |c: usize| {
        std::iter::once(&head)
            .chain(rows)
            .filter_map(|r| r.get(c))
            .map(|v| v.chars().count())
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = columns.iter().map(|c| width(*c)).collect();
    let mut out = String::new();
    for row in std::iter::once(&head).chain(rows) {
        let mut line = String::new();
        for (c, w) in columns.iter().zip(&widths) {
            let value = row.get(*c).map(String::as_str).unwrap_or_default();
            line.push_str(value);
            line.extend(std::iter::repeat_n(' ', w.saturating_sub(value.chars().count()) + 2));
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_and_empty_ones_left_out() {
        let rows = vec![
            vec!["linux/amd64".to_owned(), String::new(), "1 MB".to_owned()],
            vec!["ä".to_owned(), String::new(), "2 MB".to_owned()],
        ];
        assert_eq!(
            draw(&["target", "id", "size"], &rows),
            "target       size\nlinux/amd64  1 MB\nä            2 MB\n"
        );
    }
}
