//! Folded stacks, a line each: `main.main;main.hot 60`, as flame graph tools read them.

use super::Profile;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Writes the stacks with the times they were seen, sorted.
pub fn folded(profile: &Profile) -> String {
    let mut lines: BTreeMap<String, u64> = BTreeMap::new();
    for (stack, weight) in &profile.stacks {
        // What separates stacks and lines must not be in a name.
        let names = stack.iter().map(|f| f.function.replace(';', ":").replace('\n', " "));
        *lines.entry(names.collect::<Vec<_>>().join(";")).or_default() += weight.count;
    }
    lines.iter().fold(String::new(), |mut out, (stack, count)| {
        // Writing to a String cannot fail.
        let _ = writeln!(out, "{stack} {count}");
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_for_each_stack() {
        let expected = "[kernel] 1\nmain.main;example.com/a.F[int] 9\nmain.main;main.hot 30\nmain.main;main.hot;main.mix 60\n";
        assert_eq!(folded(&super::super::sample()), expected);
    }
}
