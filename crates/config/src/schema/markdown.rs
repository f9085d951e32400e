//! The table as reference page.

/// The text of docs/configuration.md.
pub fn reference_markdown() -> String {
    String::new()
}
