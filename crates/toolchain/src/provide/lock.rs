//! goferry.lock: what was fetched for which target, by digest.

use goferry_report::{Code, Diagnostic, Label};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// The format that this goferry writes.
const FORMAT: u32 = 1;

/// One file that was fetched.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockFile {
    /// Package.
    pub name: String,
    /// Its version, as the distribution or PyPI writes it.
    pub version: String,
    /// The distribution's architecture, `all`, or the wheel's platform.
    pub arch: String,
    /// File name.
    pub file: String,
    /// SHA-256, hex.
    pub sha256: String,
}

/// One thing that was provided: a compiler, a sysroot, an emulator.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockEntry {
    /// `gcc`, `sysroot`, `zig`, `qemu` or `pkg-config`.
    pub role: String,
    /// The target, e.g. `linux/arm64`; empty for what serves every target.
    #[serde(rename = "for", default, skip_serializing_if = "String::is_empty")]
    pub target: String,
    /// The distribution's suite, or `pypi`.
    pub suite: String,
    /// The packages that were asked for; the others came with them.
    pub wants: Vec<String>,
    /// Everything that was fetched, sorted.
    #[serde(rename = "file")]
    pub files: Vec<LockFile>,
}

/// The lock file's content.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lock {
    /// Format of the file.
    pub version: u32,
    /// What was provided, sorted.
    #[serde(rename = "tool", default)]
    pub entries: Vec<LockEntry>,
}

impl Lock {
    /// Reads a lock; none if there is no such file.
    ///
    /// # Errors
    /// A file that cannot be read or is not a lock of this format.
    pub fn read(path: &Path) -> Result<Option<Lock>, Box<Diagnostic>> {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let wrong = |message: String| {
            let d = Diagnostic::error(Code::LockDamaged, message).label(Label::file(name.clone()));
            Box::new(d.hint_with("it is made anew by:", "goferry toolchain install"))
        };
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(wrong(format!("{name} cannot be read: {e}"))),
        };
        let lock: Lock = toml::from_str(&text)
            .map_err(|e| wrong(format!("{name} is not a lock file: {}", e.message())))?;
        if lock.version != FORMAT {
            return Err(wrong(format!("{name} has format {}, this goferry knows {FORMAT}", lock.version)));
        }
        let hex =
            |s: &str| s.len() == 64 && s.bytes().all(|b| b.is_ascii_hexdigit() && !b.is_ascii_uppercase());
        // File names become paths in the cache.
        let plain = |s: &str| !s.is_empty() && !s.contains(['/', '\\']) && s != "." && s != "..";
        match lock.entries.iter().flat_map(|e| &e.files).find(|f| !hex(&f.sha256) || !plain(&f.file)) {
            Some(f) => Err(wrong(format!("{name}: {} has no SHA-256 or no plain file name", f.name))),
            None => Ok(Some(lock)),
        }
    }

    /// A lock of these entries, in the order that the file has.
    pub fn of(entries: impl IntoIterator<Item = LockEntry>) -> Lock {
        let mut entries: Vec<LockEntry> = entries.into_iter().collect();
        for e in &mut entries {
            e.files.sort();
            e.wants.sort();
        }
        entries.sort();
        entries.dedup();
        Lock { version: FORMAT, entries }
    }

    /// The file's text.
    pub fn text(&self) -> String {
        let body = toml::to_string(self).unwrap_or_default();
        format!(
            "# Written by `goferry toolchain install` and `update`; compilers and emulators by digest.\n{body}"
        )
    }

    /// The entry for a role and a target.
    pub fn entry(&self, role: &str, target: &str) -> Option<&LockEntry> {
        self.entries.iter().find(|e| e.role == role && e.target == target)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(target: &str, sha: char) -> LockEntry {
        LockEntry {
            role: "gcc".to_owned(),
            target: target.to_owned(),
            suite: "bookworm".to_owned(),
            wants: vec!["gcc-x".to_owned()],
            files: vec![LockFile {
                name: "gcc-x".to_owned(),
                version: "4:12.2.0-3".to_owned(),
                arch: "amd64".to_owned(),
                file: "gcc-x_4%3a12.2.0-3_amd64.deb".to_owned(),
                sha256: sha.to_string().repeat(64),
            }],
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("goferry.lock");
        assert_eq!(Lock::read(&path).unwrap(), None);
        let lock =
            Lock::of([entry("linux/riscv64", 'b'), entry("linux/arm64", 'a'), entry("linux/arm64", 'a')]);
        assert_eq!(lock.entries.len(), 2);
        std::fs::write(&path, lock.text()).unwrap();
        let back = Lock::read(&path).unwrap().unwrap();
        assert_eq!(back, lock);
        assert_eq!(back.text(), lock.text());
        assert_eq!(back.entry("gcc", "linux/arm64").unwrap().files[0].version, "4:12.2.0-3");
        assert!(back.entry("gcc", "linux/386").is_none());
    }

    #[test]
    fn what_is_no_lock_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("goferry.lock");
        let good = Lock::of([entry("linux/arm64", 'a')]).text();
        for bad in [
            "nonsense".to_owned(),
            good.replace("version = 1", "version = 2"),
            good.replace(&"a".repeat(64), "../../etc"),
            good.replace("gcc-x_4%3a12.2.0-3_amd64.deb", "../x.deb"),
            good.replace("suite =", "sweet ="),
        ] {
            std::fs::write(&path, &bad).unwrap();
            assert_eq!(Lock::read(&path).unwrap_err().code, Code::LockDamaged, "{bad}");
        }
    }
}
