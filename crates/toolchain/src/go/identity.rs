//! Which Go it is, read from files.
//!
//! Owns: the toolchain's identity for cache keys. Must not: run anything.

use super::GoVersion;
use crate::gomod::{GoMod, GoWork, find_module_root};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};

/// Everything besides the process environment that decides which Go toolchain runs and how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GoIdentity {
    /// The go binary with links resolved.
    pub binary: PathBuf,
    /// GOROOT, two directories above it or from the environment.
    pub goroot: PathBuf,
    /// Whole content of GOROOT/VERSION: version and build time.
    pub version: String,
    /// SHA-256 (hex) of the go binary's size and times with GOROOT/VERSION: notices a rebuilt toolchain of one version.
    pub binary_stamp: String,
    /// The go env file in force, if it exists.
    pub env_file: Option<PathBuf>,
    /// Its content; empty without one.
    pub env_file_text: String,
    /// GOTOOLCHAIN from the environment, the env file or GOROOT/go.env, in that order.
    pub gotoolchain: String,
    /// `go` line of go.mod (or go.work where it decides).
    pub go_line: String,
    /// `toolchain` line of the same file.
    pub toolchain_line: String,
}

/// Why the toolchain could not be identified.
#[derive(Debug, thiserror::Error)]
pub enum GoIdentityError {
    /// A file of it cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

impl GoIdentity {
    /// The Go version of the toolchain at GOROOT; a switch by GOTOOLCHAIN is not followed.
    pub fn go_version(&self) -> GoVersion {
        GoVersion::parse(self.version.lines().next().unwrap_or(""))
    }

    pub(super) fn read(go: &Path, dir: &Path) -> Result<GoIdentity, GoIdentityError> {
        let variable = |name: &str| std::env::var(name).ok().filter(|v| !v.is_empty());
        let binary = go.canonicalize().map_err(|source| read_error(go, source))?;
        let beside = binary.parent().and_then(Path::parent).unwrap_or(Path::new("/")).to_owned();
        let goroot = variable("GOROOT").map_or(beside, PathBuf::from);
        let version_file = goroot.join("VERSION");
        let version = std::fs::read_to_string(&version_file).map_err(|e| read_error(&version_file, e))?;
        let binary_stamp = stamp(&binary, &version)?;
        let env_file = env_file(variable("GOENV"));
        let env_file_text = match &env_file {
            Some(path) => std::fs::read_to_string(path).map_err(|e| read_error(path, e))?,
            None => String::new(),
        };
        let own_defaults = std::fs::read_to_string(goroot.join("go.env")).unwrap_or_default();
        let gotoolchain = variable("GOTOOLCHAIN")
            .or_else(|| setting(&env_file_text, "GOTOOLCHAIN"))
            .or_else(|| setting(&own_defaults, "GOTOOLCHAIN"))
            .unwrap_or_default();
        let (go_line, toolchain_line) = toolchain_lines(dir, variable("GOWORK").unwrap_or_default().as_str());
        Ok(GoIdentity {
            binary,
            goroot,
            version,
            binary_stamp,
            env_file,
            env_file_text,
            gotoolchain,
            go_line,
            toolchain_line,
        })
    }
}

fn read_error(path: &Path, source: std::io::Error) -> GoIdentityError {
    GoIdentityError::Read { path: path.to_owned(), source }
}

/// Hashing the 15 MB binary would cost more than all else here, so size and modification time stand for it.
fn stamp(binary: &Path, version: &str) -> Result<String, GoIdentityError> {
    let meta = std::fs::metadata(binary).map_err(|e| read_error(binary, e))?;
    let modified = meta.modified().ok().and_then(|t| t.duration_since(std::time::UNIX_EPOCH).ok());
    let mut hash = Sha256::new();
    hash.update(meta.len().to_le_bytes());
    hash.update(modified.map_or(0, |d| d.as_nanos()).to_le_bytes());
    hash.update(version);
    Ok(hash.finalize().iter().map(|b| format!("{b:02x}")).collect())
}

/// GOENV, else `go/env` in the user's configuration directory (os.UserConfigDir); none if it does not exist.
fn env_file(goenv: Option<String>) -> Option<PathBuf> {
    let variable = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    let path = match goenv.as_deref() {
        Some("off") => return None,
        Some(file) => PathBuf::from(file),
        None => {
            let config = if cfg!(windows) {
                variable("AppData")?
            } else if cfg!(target_os = "macos") {
                variable("HOME")?.join("Library/Application Support")
            } else {
                variable("XDG_CONFIG_HOME").or_else(|| Some(variable("HOME")?.join(".config")))?
            };
            config.join("go/env")
        }
    };
    path.is_file().then_some(path)
}

/// A `NAME=value` line of a go env file; the first one counts, as in the go command.
fn setting(text: &str, name: &str) -> Option<String> {
    let line = text
        .lines()
        .filter(|l| !l.trim_start().starts_with('#'))
        .find_map(|l| l.strip_prefix(name)?.strip_prefix('='))?;
    Some(line.to_owned()).filter(|v| !v.is_empty())
}

/// A missing or broken go.mod has no lines; whoever needs the module says so.
fn toolchain_lines(dir: &Path, gowork: &str) -> (String, String) {
    let work = match gowork {
        "off" => None,
        "" => dir.ancestors().map(|d| d.join("go.work")).find(|f| f.is_file()),
        file => Some(PathBuf::from(file)),
    };
    let lines = match work {
        Some(file) => GoWork::read(&file).ok().map(|w| (w.go, w.toolchain)),
        None => find_module_root(dir)
            .and_then(|r| GoMod::read(&r.join("go.mod")).ok())
            .map(|m| (m.go, m.toolchain)),
    };
    lines.map(|(g, t)| (g.unwrap_or_default(), t.unwrap_or_default())).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings() {
        let text = "# GOTOOLCHAIN=no\nGOFLAGS=-x=y\nGOTOOLCHAIN=local\nGOTOOLCHAIN=later\nEMPTY=\n";
        assert_eq!(setting(text, "GOTOOLCHAIN").as_deref(), Some("local"));
        assert_eq!(setting(text, "GOFLAGS").as_deref(), Some("-x=y"));
        assert_eq!(setting(text, "EMPTY"), None);
    }

    #[test]
    fn a_toolchain_on_disk() {
        let dir = tempfile::tempdir().unwrap();
        let put = |path: &str, text: &str| {
            let path = dir.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, text).unwrap();
            path
        };
        let go = put("goroot/bin/go", "not run");
        put("goroot/VERSION", "go1.26.8\ntime 2026-08-28T16:20:06Z\n");
        put("m/go.mod", "module m\ngo 1.24.1\ntoolchain go1.25.0\n");
        let read = || GoIdentity::read(&go, &dir.path().join("m")).unwrap();
        let first = read();
        assert_eq!((first.go_version().minor, first.go_line.as_str()), (26, "1.24.1"));
        assert_eq!(first.toolchain_line, "go1.25.0");
        assert_eq!(read(), first);
        put("goroot/VERSION", "go1.26.9\n");
        assert_ne!(read().binary_stamp, first.binary_stamp);
        put("goroot/bin/go", "another binary");
        assert_ne!(read().binary_stamp, first.binary_stamp);
        assert!(GoIdentity::read(&dir.path().join("none"), dir.path()).is_err());
    }
}
