//! The file that `goferry init` writes.

use std::fmt::Write as _;

/// What is known of a project that has no configuration yet.
#[derive(Clone, Debug, Default)]
pub struct StarterFacts {
    /// Project name.
    pub name: String,
    /// Main packages: directory relative to the project, and the program's name.
    pub mains: Vec<(String, String)>,
    /// Whether a licence file exists.
    pub has_license: bool,
    /// Whether a readme exists.
    pub has_readme: bool,
}

/// A small goferry.toml that says what the defaults already do, so that there is something to edit.
pub fn starter_toml(project: &StarterFacts) -> String {
    let mut out =
        String::from("# goferry.toml: how `goferry release` builds this module. Every line is optional.\n");
    let quote = |text: &str| serde_json::Value::String(text.to_owned()).to_string();
    let _ = writeln!(out, "project_name = {}", quote(&project.name));
    out.push_str("targets = [\n");
    for os in ["linux", "darwin", "windows"] {
        let _ = writeln!(out, "  \"{os}/amd64\", \"{os}/arm64\",");
    }
    out.push_str("]\n");
    for (dir, binary) in &project.mains {
        let main = if dir == "." || dir.is_empty() {
            ".".to_owned()
        } else {
            format!("./{}", dir.trim_start_matches("./"))
        };
        let _ = write!(
            out,
            "\n[[builds]]\nid = {}\nmain = {}\nbinary = {}\n",
            quote(binary),
            quote(&main),
            quote(binary)
        );
    }
    out.push_str("\n[[archives]]\nformats = [\"tar.gz\"]\n");
    if project.has_license || project.has_readme {
        out.push_str("# The licence and the readme go in by themselves; name others with files = [\"completions/*\"].\n");
    }
    out.push_str("format_overrides = [{ goos = \"windows\", formats = [\"zip\"] }]\n");
    out.push_str("\n# Every program that this host can run is started before it ships.\n[verify]\n");
    out.push_str("# args = [\"--version\"]\n# expect = \"{{ .Version }}\"\n");
    out
}
