//! A module that is not built yet: a folder, or `module@version`.
//!
//! Its programs are built for one target into a temporary folder and scanned, so that functions are known; the vulnerabilities
//! are those of that target. A module without a program is listed (`go list -deps`), which gives packages and no functions.

use super::{Scanned, Scanner};
use crate::session::Session;
use goferry_proc::{CommandSpec, OutputMode, Spawner as _};
use goferry_report::{Code, Diagnostic, Diagnostics};
use goferry_scan::{Contents, Linked, Subject};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// How the go command is called for one module.
struct Go<'s> {
    session: &'s Session,
    program: PathBuf,
    cwd: PathBuf,
    env: Vec<(String, String)>,
}

impl Scanner {
    /// Scans what a folder with go.mod, or `module@version`, would be built to. `goos` and `goarch` are those of the
    /// programs; none: this host's.
    ///
    /// # Errors
    /// The go command is missing or fails.
    pub fn module(
        &self,
        session: &Session,
        named: &str,
        platform: Option<(&str, &str)>,
    ) -> Result<Vec<Scanned>, Diagnostics> {
        let temp = tempfile::tempdir().map_err(|e| *crate::dist::failure(&std::env::temp_dir(), &e))?;
        let (program, _) = session.go()?;
        let host = crate::host::host_target();
        let (goos, goarch) = platform.unwrap_or((host.os.goos(), host.arch.goarch()));
        let mut env = vec![("GOOS".to_owned(), goos.to_owned()), ("GOARCH".to_owned(), goarch.to_owned())];
        let folder = session.cwd.join(named);
        let (cwd, pattern) = if folder.join("go.mod").is_file() {
            (folder, "./...".to_owned())
        } else {
            env.push(("GOFLAGS".to_owned(), "-mod=mod".to_owned()));
            env.push(("GOWORK".to_owned(), "off".to_owned()));
            (temp.path().to_owned(), String::new())
        };
        let go = Go { session, program, cwd, env };
        let pattern = if pattern.is_empty() { go.fetch(named)? } else { pattern };
        let listed = go.list(&pattern)?;
        if listed.mains.is_empty() {
            let found =
                self.find(&[listed.subject(goos, goarch)]).map_err(|e| *super::programs::drawn(named, &e))?;
            let target = format!("{goos}/{goarch}");
            return Ok(vec![Scanned {
                name: named.to_owned(),
                target,
                sha256: None,
                report: self.judge(found),
            }]);
        }
        let out = temp.path().join("bin");
        go.build(&listed.mains, &out)?;
        self.built(&out, named)
    }

    fn built(&self, out: &Path, named: &str) -> Result<Vec<Scanned>, Diagnostics> {
        let entries = std::fs::read_dir(out).map_err(|e| *crate::dist::failure(out, &e))?;
        let mut paths: Vec<PathBuf> = entries.filter_map(|e| Some(e.ok()?.path())).collect();
        paths.sort();
        let scan = |path: &PathBuf| {
            let scanned = self.program(path, None, None)?;
            let program = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            Ok(Scanned { name: format!("{named}: {program}"), ..scanned })
        };
        paths.iter().map(scan).collect::<Result<_, Box<Diagnostic>>>().map_err(Diagnostics::from)
    }
}

/// What the go command lists.
#[derive(Default)]
struct Listing {
    mains: Vec<String>,
    packages: BTreeSet<String>,
    modules: BTreeMap<String, Linked>,
    go: String,
}

impl Listing {
    fn subject(self, goos: &str, goarch: &str) -> Subject {
        let mut subject = Subject {
            goos: goos.to_owned(),
            goarch: goarch.to_owned(),
            modules: self.modules.into_values().collect(),
            ..Subject::new(Contents::Packages(self.packages))
        };
        subject.add_toolchain(&self.go);
        subject
    }
}

impl Go<'_> {
    /// Makes a module that needs `module@version`; the pattern of its packages.
    fn fetch(&self, named: &str) -> Result<String, Diagnostics> {
        let (module, version) = named.split_once('@').unwrap_or((named, "latest"));
        let go_mod = self.cwd.join("go.mod");
        std::fs::write(&go_mod, "module goferry.invalid/scan\n")
            .map_err(|e| *crate::dist::failure(&go_mod, &e))?;
        self.run(&["get", &format!("{module}@{version}")], Code::ModuleQuery)?;
        // What its packages import is needed too.
        let pattern = format!("{module}/...");
        self.run(&["get", &pattern], Code::ModuleQuery)?;
        Ok(pattern)
    }

    fn list(&self, pattern: &str) -> Result<Listing, Diagnostics> {
        let fields = "-json=ImportPath,Name,Standard,DepOnly,Module";
        let text = self.run(&["list", "-deps", fields, pattern], Code::BuildFailed)?;
        let mut out = Listing {
            go: self.run(&["env", "GOVERSION"], Code::GoMissing)?.trim().to_owned(),
            ..Listing::default()
        };
        for package in serde_json::Deserializer::from_str(&text).into_iter::<Value>() {
            let package = package.map_err(|e| {
                Diagnostic::error(Code::BuildFailed, format!("what go list says cannot be read: {e}"))
            })?;
            let text =
                |v: &Value, key: &str| v.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
            let path = text(&package, "ImportPath");
            if text(&package, "Name") == "main" && package.get("DepOnly").is_none() {
                out.mains.push(path.clone());
            }
            if let Some(m) = package.get("Module") {
                let replace = m.get("Replace").map(|r| (text(r, "Path"), text(r, "Version")));
                let linked = Linked { path: text(m, "Path"), version: text(m, "Version"), replace };
                out.modules.insert(linked.path.clone(), linked);
            }
            out.packages.insert(path);
        }
        Ok(out)
    }

    fn build(&self, mains: &[String], out: &Path) -> Result<(), Diagnostics> {
        std::fs::create_dir_all(out).map_err(|e| *crate::dist::failure(out, &e))?;
        let output = format!("{}/", out.display());
        let mut args = vec!["build", "-o", &output];
        args.extend(mains.iter().map(String::as_str));
        self.run(&args, Code::BuildFailed).map(drop)
    }

    fn run(&self, args: &[&str], code: Code) -> Result<String, Diagnostics> {
        let mut spec = CommandSpec::new(format!("go {}", args[0]), self.program.clone())
            .args(args.iter().copied())
            .cwd(&self.cwd);
        // A large module's list has some megabytes; a part of it would be a smaller module.
        spec.output = OutputMode::Capture { max_bytes: 512 << 20 };
        for (k, v) in &self.env {
            spec = spec.set(k, v);
        }
        let done = self.session.host.run(&spec).map_err(|e| Diagnostic::error(code, e.to_string()))?;
        if done.status.success() {
            return Ok(String::from_utf8_lossy(&done.stdout).into_owned());
        }
        let mut d = Diagnostic::error(code, format!("go {} failed", args[..args.len().min(3)].join(" ")));
        for line in String::from_utf8_lossy(&done.stderr).lines().take(20) {
            d = d.with_note(line.to_owned());
        }
        Err(d.into())
    }
}

/// Whether an argument of `goferry scan` means a module.
pub(super) fn is_module(cwd: &Path, named: &str) -> bool {
    let path = cwd.join(named);
    path.join("go.mod").is_file() && !super::programs::is_release(&path) || !path.exists()
}

impl Scanner {
    /// Scans whatever an argument of `goferry scan` names: a program, a release's folder, a module's folder, or
    /// `module@version` if nothing of that name is there.
    ///
    /// # Errors
    /// It cannot be read or built.
    pub fn anything(&self, session: &Session, named: &str) -> Result<Vec<Scanned>, Diagnostics> {
        let path = session.cwd.join(named);
        if !is_module(&session.cwd, named) {
            if path.is_dir() && !super::programs::is_release(&path) {
                let message = format!(
                    "{named} is neither a release's folder (goferry.json, artifacts.json) nor a module"
                );
                return Err(Diagnostic::error(Code::OutputMissing, message).into());
            }
            let mut scanned = self.path(&path)?;
            for s in &mut scanned {
                s.name = shown(&session.cwd, &s.name);
            }
            return Ok(scanned);
        }
        let first = named.split(['/', '@']).next().unwrap_or_default();
        let is_host = first.contains('.') && !first.starts_with('.');
        if !path.exists() && !is_host {
            let message = format!("{named}: there is no such file, and it is no module's path");
            return Err(Diagnostic::error(Code::Io, message).into());
        }
        self.module(session, named, None)
    }
}

/// A path as the user would write it.
fn shown(cwd: &Path, path: &str) -> String {
    Path::new(path).strip_prefix(cwd).map_or_else(|_| path.to_owned(), |p| p.display().to_string())
}
