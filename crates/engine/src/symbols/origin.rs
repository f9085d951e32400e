//! Why a source file is compiled for one target and not for another.
//!
//! Owns: finding a file that a program's table names, and its build constraint. Must not: read anything but the head of
//! a `.go` or `.s` file: the name comes from a foreign program.

use crate::session::Session;
use goferry_toolchain::constraint::{Constraint, Platform, file_name_allows};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Constraints stand before the package clause.
const HEAD: u64 = 64 << 10;

/// Folders in which the files of a program built with `-trimpath` are looked for.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// GOROOT.
    pub goroot: Option<PathBuf>,
    /// The module cache.
    pub modules: Option<PathBuf>,
}

impl Sources {
    /// This host's, as far as they can be told without running go.
    pub fn of(session: &Session) -> Self {
        let env = |name: &str| session.env.get(name).filter(|v| !v.is_empty());
        let gopath = env("GOPATH").and_then(|p| std::env::split_paths(p).next());
        let gopath = gopath.or_else(|| env("HOME").map(|h| Path::new(h).join("go")));
        let modules = env("GOMODCACHE").map(PathBuf::from).or_else(|| gopath.map(|p| p.join("pkg/mod")));
        Sources { goroot: session.go().ok().map(|(_, i)| i.goroot), modules }
    }

    /// Where a file is that a table names; none if it is not here.
    fn find(&self, source: &str) -> Option<PathBuf> {
        if ![".go", ".s"].iter().any(|e| source.ends_with(e)) || source.split('/').any(|p| p == "..") {
            return None;
        }
        let path = Path::new(source);
        let candidates = if path.is_absolute() {
            vec![path.to_path_buf()]
        } else {
            let std = self.goroot.as_ref().map(|r| r.join("src").join(source));
            let module = self.modules.as_ref().map(|m| m.join(escaped(source)));
            std.into_iter().chain(module).collect()
        };
        candidates.into_iter().find(|p| p.is_file())
    }

    /// The build constraint of a file that a table names, as it is written; none if it has none or is not here.
    fn constraint(&self, source: &str) -> Option<String> {
        let mut head = Vec::new();
        File::open(self.find(source)?).ok()?.take(HEAD).read_to_end(&mut head).ok()?;
        let text = String::from_utf8_lossy(&head);
        let lines = text.lines().map(str::trim);
        // It stands before anything that is not a comment.
        let mut before = lines.take_while(|l| !l.starts_with("package ") && !l.starts_with("#include"));
        before.find_map(|l| l.strip_prefix("//go:build ")).map(|e| e.trim().to_owned())
    }
}

/// The module cache writes `!a` for `A`, in paths but not behind the version.
fn escaped(path: &str) -> String {
    let (module, rest) = match path.split_once('@') {
        Some((module, rest)) => (module, Some(rest)),
        None => (path, None),
    };
    let escape =
        |c: char| if c.is_ascii_uppercase() { format!("!{}", c.to_ascii_lowercase()) } else { c.to_string() };
    let module: String = module.chars().map(escape).collect();
    match rest {
        Some(rest) => format!("{module}@{rest}"),
        None => module,
    }
}

/// What says that a file is for one platform and not for the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// Its name ends in a system or an architecture.
    Name,
    /// Its constraint.
    Constraint(String),
    /// Nothing.
    Both,
}

/// Why `source`, which is in a program for `here`, would not be in one for `there`.
pub(super) fn origin(source: &str, here: &Platform, there: &Platform, sources: &Sources) -> Origin {
    let name = source.rsplit(['/', '\\']).next().unwrap_or(source);
    if !file_name_allows(name, there) && file_name_allows(name, here) {
        return Origin::Name;
    }
    let written = sources.constraint(source);
    let parsed = written.as_deref().and_then(Constraint::parse);
    match (written, parsed) {
        (Some(text), Some(c)) if c.eval(&|t| here.has(t)) && !c.eval(&|t| there.has(t)) => {
            Origin::Constraint(text)
        }
        _ => Origin::Both,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_constraints_tell_why() {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = dir.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write("root/src/os/x.go", "// A\n\n//go:build unix && !arm64\n\npackage os\n");
        write("root/src/os/late.go", "package os\n\n//go:build arm64\n");
        write("mod/example.com/!a!b@v1.0.0/C.s", "//go:build amd64 || 386\n#include \"textflag.h\"\n");
        let sources =
            Sources { goroot: Some(dir.path().join("root")), modules: Some(dir.path().join("mod")) };
        let (amd64, arm64) = (Platform::new("linux", "amd64", false), Platform::new("linux", "arm64", false));
        let why = |source: &str| origin(source, &amd64, &arm64, &sources);
        let constraint = |text: &str| Origin::Constraint(text.to_owned());
        assert_eq!(why("/nowhere/x_amd64.go"), Origin::Name);
        assert_eq!(why("C:\\x\\y_linux_amd64.s"), Origin::Name);
        assert_eq!(why("/nowhere/x_linux.go"), Origin::Both);
        assert_eq!(why("os/x.go"), constraint("unix && !arm64"));
        assert_eq!(origin("os/x.go", &arm64, &amd64, &sources), Origin::Both);
        assert_eq!(why("os/late.go"), Origin::Both);
        assert_eq!(why("example.com/AB@v1.0.0/C.s"), constraint("amd64 || 386"));
        let absolute = dir.path().join("root/src/os/x.go").display().to_string();
        assert_eq!(why(&absolute), constraint("unix && !arm64"));
        assert_eq!(why("../root/src/os/x.go"), Origin::Both);
        assert_eq!(why(""), Origin::Both);
    }
}
