//! What a run left behind, in the shape of the goldens.
//!
//! Owns: the last section of tests/fixtures/README.md. Must not: know goferry's deliberate differences.

use crate::fixture::{SOURCE_MTIME, Scratch, entries};
use crate::members::{archive_facts, is_text};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::Command;

const ARCHIVES: &[&str] = &[".tar.gz", ".tgz", ".tar.xz", ".txz", ".tar.zst", ".tzst", ".tar", ".gz", ".zip"];

/// A finished run of a case.
pub(crate) struct Run<'a> {
    pub scratch: &'a Scratch,
    /// When it began, in seconds since 1970.
    pub started: i64,
}

impl Run<'_> {
    /// Everything that a golden of a successful run holds.
    pub(crate) fn facts(&self) -> Map<String, Value> {
        let mut facts = Map::new();
        let dist = self.dist();
        let read = |name: &str| fs::read_to_string(dist.join(name)).ok();
        if dist.is_dir() {
            facts.insert("dist".to_owned(), self.dist_files(&dist).into());
        }
        if let Some(text) = read("metadata.json") {
            let mut metadata: Value = serde_json::from_str(&text).expect("metadata.json");
            metadata["date"] = "<date>".into();
            facts.insert("metadata".to_owned(), metadata);
        }
        if let Some(text) = read("CHANGELOG.md") {
            facts.insert("changelog".to_owned(), text.into());
        }
        let artifacts: Option<Vec<Value>> =
            read("artifacts.json").map(|t| serde_json::from_str(&t).expect("artifacts.json"));
        if let Some(artifacts) = &artifacts {
            let described = artifacts.iter().map(|a| self.artifact_facts(a)).collect();
            facts.insert("artifacts".to_owned(), described);
            facts.insert("archives".to_owned(), self.archives(artifacts).into());
            facts.insert("checksums".to_owned(), self.checksums(artifacts).into());
        }
        let texts: Map<String, Value> =
            self.scratch.case.texts.iter().map(|t| (t.clone(), self.kept(t))).collect();
        if !texts.is_empty() {
            facts.insert("texts".to_owned(), texts.into());
        }
        if self.scratch.case.run {
            let stdout = self.program_output(artifacts.as_deref().unwrap_or_default());
            facts.insert("stdout".to_owned(), stdout.into());
        }
        facts
    }

    /// The dist folder.
    pub(crate) fn dist(&self) -> std::path::PathBuf {
        self.scratch.tree.join(&self.scratch.case.dist)
    }

    /// A text without this run's paths.
    pub(crate) fn text(&self, value: &str) -> String {
        let tree = self.scratch.tree.display().to_string();
        value.replace(&tree, "$ROOT").replace(&self.scratch.folder().display().to_string(), "$SCRATCH")
    }

    fn kept(&self, name: &str) -> Value {
        fs::read_to_string(self.scratch.tree.join(name)).map_or(Value::Null, |t| self.text(&t).into())
    }

    /// A moment in the goldens' words.
    fn moment(&self, seconds: i64) -> String {
        match seconds {
            SOURCE_MTIME => "source".to_owned(),
            s if s >= self.started - 3 => "now".to_owned(),
            0 => "epoch".to_owned(),
            s => iso(s),
        }
    }

    fn dist_files(&self, dist: &Path) -> Vec<Value> {
        let mut files = vec![];
        let mut open = entries(dist);
        while let Some(path) = open.pop() {
            let meta = path.symlink_metadata().expect("file in dist");
            let name = path.strip_prefix(dist).expect("inside dist").to_string_lossy().into_owned();
            let mut entry =
                json!({"path": name, "mode": format!("{:o}", meta.permissions().mode() & 0o7777)});
            if path.is_dir() {
                entry["type"] = "dir".into();
                open.extend(entries(&path));
            } else if self.moment(meta.mtime()) != "now" {
                entry["mtime"] = self.moment(meta.mtime()).into();
            }
            files.push(entry);
        }
        files
    }

    fn artifact_facts(&self, item: &Value) -> Value {
        let mut out = self.texts_of(item);
        let extra = out.get_mut("extra").and_then(Value::as_object_mut);
        let Some(extra) = extra else { return out };
        *extra = self.texts_of(&Value::Object(extra.clone())).as_object().cloned().unwrap_or_default();
        if let Some(size) = extra.get_mut("Size") {
            *size = "<size>".into();
        }
        if let Some(sum) = extra.get_mut("Checksum") {
            let (algorithm, digest) = sum.as_str().and_then(|s| s.split_once(':')).expect("a checksum");
            *sum = format!("{algorithm}:<{}>", digest.len()).into();
        }
        if extra.is_empty() {
            out.as_object_mut().expect("an object").remove("extra");
        }
        out
    }

    /// An object whose texts have no paths of this run.
    fn texts_of(&self, object: &Value) -> Value {
        let object = object.as_object().expect("an object");
        object
            .iter()
            .map(|(k, v)| (k.clone(), v.as_str().map_or(v.clone(), |s| self.text(s).into())))
            .collect()
    }

    fn archives(&self, artifacts: &[Value]) -> Map<String, Value> {
        let dist = self.dist();
        let paths: BTreeMap<_, _> =
            artifacts.iter().map(|a| (self.scratch.tree.join(word(a, "path")), ())).collect();
        let archives =
            paths.into_keys().filter(|p| ARCHIVES.iter().any(|end| p.to_string_lossy().ends_with(end)));
        archives
            .filter_map(|p| {
                let name = p.strip_prefix(&dist).ok()?.to_string_lossy().into_owned();
                Some((name, archive_facts(&p, &|s| self.moment(s))))
            })
            .collect()
    }

    /// The lines of each checksum file; the hash of a built thing is replaced by its length.
    fn checksums(&self, artifacts: &[Value]) -> Map<String, Value> {
        let built: BTreeMap<&str, &str> =
            artifacts.iter().map(|a| (word(a, "name"), word(a, "path"))).collect();
        let mut out = Map::new();
        for item in artifacts.iter().filter(|a| word(a, "type") == "Checksum") {
            let text = fs::read_to_string(self.scratch.tree.join(word(item, "path"))).expect("checksum file");
            let lines: Vec<String> = text
                .lines()
                .map(|line| {
                    let (digest, name) = line.split_once("  ").unwrap_or((line, ""));
                    let of = match line.contains("  ") {
                        true => built.get(name).copied(),
                        false => item["extra"]["ChecksumOf"].as_str(),
                    };
                    let keep = of
                        .is_none_or(|p| is_text(&fs::read(self.scratch.tree.join(p)).expect("summed file")));
                    if keep {
                        line.to_owned()
                    } else {
                        line.replacen(digest, &format!("<{}>", digest.len()), 1)
                    }
                })
                .collect();
            out.insert(word(item, "name").to_owned(), lines.into());
        }
        out
    }

    fn program_output(&self, artifacts: &[Value]) -> Map<String, Value> {
        let is = |a: &Value, key: &str, value: &str| word(a, key) == value;
        let mut out = Map::new();
        for a in artifacts {
            let native = is(a, "type", "Binary") && is(a, "goos", "linux") && is(a, "goarch", "amd64");
            let oldest = a["goamd64"].as_str().unwrap_or("v1") == "v1";
            if !native || !oldest || a["extra"]["Format"] == "binary" {
                continue;
            }
            let program = self.scratch.tree.join(word(a, "path"));
            let done = Command::new(program)
                .current_dir(&self.scratch.tree)
                .env_clear()
                .envs(&self.scratch.env)
                .output()
                .expect("a program for this machine");
            let stdout = self.text(&String::from_utf8_lossy(&done.stdout));
            out.insert(self.text(word(a, "path")), json!({"exit": done.status.code(), "stdout": stdout}));
        }
        out
    }
}

/// A text field, empty if it is absent.
pub(crate) fn word<'a>(item: &'a Value, key: &str) -> &'a str {
    item[key].as_str().unwrap_or_default()
}

/// Seconds since 1970 as the goldens write them.
pub(crate) fn iso(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds).expect("a time that jiff knows").to_string()
}
