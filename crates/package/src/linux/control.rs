//! Paragraphs of fields as Debian's and opkg's control files have them (deb822(5)).
//!
//! Owns: joining and folding of values, in the order that the caller chooses. Must not: know which fields there are.

/// A control file under construction.
#[derive(Debug, Default)]
pub(super) struct Paragraph {
    text: String,
}

impl Paragraph {
    /// A field, whatever its value.
    pub(super) fn always(&mut self, name: &str, value: &str) {
        self.text.push_str(name);
        self.text.push_str(": ");
        self.text.push_str(value);
        self.text.push('\n');
    }

    /// A field, unless its value is empty.
    pub(super) fn optional(&mut self, name: &str, value: &str) {
        if !value.is_empty() {
            self.always(name, value);
        }
    }

    /// A list with commas, unless it is empty.
    pub(super) fn list(&mut self, name: &str, items: &[String]) {
        if !items.is_empty() {
            self.always(name, items.join(", ").trim_matches(' '));
        }
    }

    /// A list whose blank items do not count.
    pub(super) fn list_of_filled(&mut self, name: &str, items: &[String]) {
        let filled: Vec<String> =
            items.iter().map(|i| i.trim().to_owned()).filter(|i| !i.is_empty()).collect();
        self.list(name, &filled);
    }

    pub(super) fn finish(self) -> String {
        self.text
    }
}

/// A text of several lines: every further one begins with a blank, an empty one is a dot.
pub(super) fn folded(text: &str) -> String {
    let mut lines = text.trim().lines().map(str::trim);
    let mut folded = lines.next().unwrap_or("").to_owned();
    for line in lines {
        folded.push_str("\n ");
        folded.push_str(if line.is_empty() { "." } else { line });
    }
    folded
}

/// What stands in the place of a missing description, as in nfpm.
pub(super) fn description(text: &str) -> &str {
    if text.is_empty() { "no description given" } else { text }
}

/// What stands in the place of a missing maintainer where one must be.
pub(super) fn maintainer(text: &str) -> &str {
    if text.trim().is_empty() { "Unset Maintainer <unset@localhost>" } else { text }
}

/// `optional`, unless something else is said.
pub(super) fn priority(text: &str) -> &str {
    if text.is_empty() { "optional" } else { text }
}
