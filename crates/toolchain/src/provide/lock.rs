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
    /// `gcc`, `sysroot`, `zig`, `qemu`, `wine` or `pkg-config`.
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
    /// The kind of host that it is about, `debian/bookworm/amd64`: others have other packages.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub host: String,
    /// What was provided, sorted.
    #[serde(rename = "tool", default)]
    pub entries: Vec<LockEntry>,
}

impl LockEntry {
    /// Whether every word of it is what it should be: they become arguments of apt and pip, lines of its sources, and
    /// paths in the cache, and a lock comes with somebody's repository.
    ///
    /// # Errors
    /// What is wrong.
    pub(super) fn check(&self) -> Result<(), String> {
        if self.files.is_empty() {
            return Err(format!("{} for `{}` has no files", self.role, self.target));
        }
        let suite = self.suite == "pypi" || is_suite(&self.suite);
        if !suite || !self.wants.iter().all(|w| is_package(w.split_once("==").map_or(w, |(name, _)| name))) {
            return Err(format!("{} for `{}` names no suite or no package", self.role, self.target));
        }
        match self.files.iter().find(|f| !f.is_sound()) {
            Some(f) => Err(format!("{} has no SHA-256, no version or no plain file name", f.name)),
            None => Ok(()),
        }
    }
}

impl LockFile {
    fn is_sound(&self) -> bool {
        let hex = |b: u8| b.is_ascii_hexdigit() && !b.is_ascii_uppercase();
        // As Debian's policy and PEP 440 write them.
        let version = |c: char| c.is_ascii_alphanumeric() || ".+-:~!_".contains(c);
        let word = |s: &str| s.starts_with(|c: char| c.is_ascii_alphanumeric()) && s.chars().all(version);
        let file = |c: char| c.is_ascii_alphanumeric() || ".+-:~!_%".contains(c);
        self.sha256.len() == 64
            && self.sha256.bytes().all(hex)
            && is_package(&self.name)
            && word(&self.version)
            && word(&self.arch)
            && self.file.starts_with(|c: char| c.is_ascii_alphanumeric())
            && self.file.chars().all(file)
    }
}

/// A package's name, and nothing that apt or pip would take for an option.
pub(super) fn is_package(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "+-._".contains(c))
}

/// A suite's name: one word of a sources file, and no path.
pub(super) fn is_suite(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.".contains(c))
        && !text.contains("..")
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
            Box::new(d.hint_with("it is made anew by:", "goferry toolchain update"))
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
        for entry in &lock.entries {
            entry.check().map_err(|what| wrong(format!("{name}: {what}")))?;
        }
        Ok(Some(lock))
    }

    /// A lock of these entries, in the order that the file has.
    pub fn of(host: &str, entries: impl IntoIterator<Item = LockEntry>) -> Lock {
        let mut entries: Vec<LockEntry> = entries.into_iter().collect();
        for e in &mut entries {
            e.files.sort();
            e.wants.sort();
        }
        entries.sort();
        entries.dedup();
        Lock { version: FORMAT, host: host.to_owned(), entries }
    }

    /// Whether it is about this kind of host; one that does not say is taken to be.
    pub fn is_for(&self, host: &str) -> bool {
        self.host.is_empty() || self.host == host
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
        let lock = Lock::of(
            "debian/bookworm/amd64",
            [entry("linux/riscv64", 'b'), entry("linux/arm64", 'a'), entry("linux/arm64", 'a')],
        );
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
        let good = Lock::of("", [entry("linux/arm64", 'a')]).text();
        for bad in [
            "nonsense".to_owned(),
            good.replace("version = 1", "version = 2"),
            good.replace(&"a".repeat(64), "../../etc"),
            good.replace("gcc-x_4%3a12.2.0-3_amd64.deb", "../x.deb"),
            good.replace("suite =", "sweet ="),
            good.replace("bookworm", "bookworm\\nTrusted: yes"),
            good.replace("\"gcc-x\"", "\"-oDir::Bin::Solvers::=/tmp\""),
            good.replace("4:12.2.0-3\"", "1 -o x\""),
            good.replace("version = 1", "version = 1\n[[tool]]\nrole = \"gcc\"\nfor = \"linux/s390x\"\nsuite = \"bookworm\"\nwants = []\nfile = []\n"),
        ] {
            std::fs::write(&path, &bad).unwrap();
            assert_eq!(Lock::read(&path).unwrap_err().code, Code::LockDamaged, "{bad}");
        }
    }
}
