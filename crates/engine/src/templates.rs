//! What templates may see of this machine. What they read ends up in the rendered plan, and so in every key made of it.

use goferry_config::template::TemplateHost;
use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

/// The project's files and the environment, through the eyes of templates.
#[derive(Debug)]
pub(crate) struct ProjectTemplates {
    root: PathBuf,
    env: BTreeMap<String, String>,
    now: jiff::Timestamp,
}

impl ProjectTemplates {
    /// Templates of the project in `root` with this environment and clock.
    pub(crate) fn new(root: PathBuf, env: BTreeMap<String, String>, unix: i64) -> Self {
        ProjectTemplates { root, env, now: jiff::Timestamp::from_second(unix).unwrap_or_default() }
    }
}

impl TemplateHost for ProjectTemplates {
    fn env(&self, name: &str) -> Option<String> {
        self.env.get(name).cloned()
    }

    fn env_all(&self) -> Vec<(String, String)> {
        self.env.iter().map(|(k, v)| (k.clone(), v.clone())).collect()
    }

    fn read_file(&self, path: &str) -> Result<Vec<u8>, String> {
        std::fs::read(self.root.join(path)).map_err(|e| format!("{path}: {e}"))
    }

    fn abs(&self, path: &str) -> String {
        clean(&self.root.join(path)).to_string_lossy().into_owned()
    }

    fn now(&self) -> jiff::Timestamp {
        self.now
    }
}

/// A path without `.` and `..`, by its text alone.
pub(crate) fn clean(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                out.pop();
            }
            part => out.push(part),
        }
    }
    out
}
