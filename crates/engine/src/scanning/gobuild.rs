//! What the go command makes of a module that is to be scanned: which version was meant, its packages, its programs.
//!
//! Owns: how the go command is called for one module and one target. Must not: scan; take another version than the one that
//! was asked for, or leave out one of the programs.

use crate::session::Session;
use goferry_proc::{CommandSpec, OutputMode, Spawner as _};
use goferry_report::{Code, Diagnostic, Diagnostics};
use goferry_scan::{Contents, Linked, Subject, version};
use goferry_target::GoTarget;
use goferry_toolchain::gomod::GoMod;
use goferry_toolchain::gosource::holds_main;
use goferry_toolchain::module::executable_name;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// How the go command is called.
pub(super) struct Go<'s> {
    pub(super) session: &'s Session,
    pub(super) program: PathBuf,
    pub(super) cwd: PathBuf,
    pub(super) env: Vec<(String, String)>,
}

/// The packages that are meant.
pub(super) struct Wanted {
    pattern: String,
    /// Path and version of the module that they must be of; none: the one whose folder it is.
    of: Option<(String, String)>,
}

/// What the go command lists.
#[derive(Default)]
pub(super) struct Listing {
    /// Import paths of the main packages.
    pub(super) mains: Vec<String>,
    /// Whether a package of the module itself is built for the target.
    pub(super) has_own: bool,
    /// The module's folder.
    folder: PathBuf,
    packages: BTreeSet<String>,
    modules: BTreeMap<String, Linked>,
    go: String,
}

/// A program that was built.
pub(super) struct Built {
    /// Import path.
    pub(super) package: String,
    pub(super) path: PathBuf,
}

impl Wanted {
    /// Everything of the module in the folder.
    pub(super) fn here() -> Wanted {
        Wanted { pattern: "./...".to_owned(), of: None }
    }

    /// What was selected: `v1.2.3`.
    pub(super) fn version(&self) -> Option<&str> {
        self.of.as_ref().map(|(_, version)| version.as_str())
    }
}

impl Listing {
    /// What a library is compared by: its packages and those that they import.
    pub(super) fn subject(self, target: GoTarget) -> Subject {
        let mut subject = Subject {
            goos: target.os.goos().to_owned(),
            goarch: target.arch.goarch().to_owned(),
            modules: self.modules.into_values().collect(),
            ..Subject::new(Contents::Packages(self.packages))
        };
        subject.add_toolchain(&self.go);
        subject
    }

    /// Whether a file of the module, for whatever target, belongs to a program.
    pub(super) fn has_program_elsewhere(&self) -> bool {
        has_program(&self.folder)
    }
}

/// Folders that the go command passes over, and other modules, are not looked into. One that cannot be read may hold one.
fn has_program(folder: &Path) -> bool {
    if holds_main(folder).unwrap_or(true) {
        return true;
    }
    std::fs::read_dir(folder).into_iter().flatten().flatten().any(|entry| {
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        let passed_over = name.starts_with(['.', '_']) || matches!(name.as_str(), "testdata" | "vendor");
        let is_folder = entry.file_type().is_ok_and(|t| t.is_dir());
        is_folder && !passed_over && !path.join("go.mod").is_file() && has_program(&path)
    })
}

impl Go<'_> {
    /// Makes a module that needs `module@version`, and says what was selected.
    pub(super) fn fetch(&self, named: &str) -> Result<Wanted, Diagnostics> {
        let (path, query) = named.split_once('@').unwrap_or((named, "latest"));
        let go_mod = self.cwd.join("go.mod");
        std::fs::write(&go_mod, "module goferry.invalid/scan\n")
            .map_err(|e| *crate::dist::failure(&go_mod, &e))?;
        self.run(&["get", &format!("{path}@{query}")], Code::ModuleQuery)?;
        // What its packages import is added as they are listed; another `go get` would look for newer versions.
        let of = self.required(path)?;
        let is_exact = version::is_version(query) && query.split('.').count() >= 3;
        if is_exact {
            same(named, query, &of.1)?;
        }
        Ok(Wanted { pattern: format!("{path}/..."), of: Some(of) })
    }

    /// Path and version of the module that go.mod has for a package.
    fn required(&self, package: &str) -> Result<(String, String), Diagnostics> {
        let go_mod = GoMod::read(&self.cwd.join("go.mod"))
            .map_err(|e| Diagnostic::error(Code::ModuleQuery, e.to_string()))?;
        let of = go_mod.required_for(package).map(|r| (r.module.path.clone(), r.module.version.clone()));
        of.ok_or_else(|| {
            Diagnostic::error(Code::ModuleQuery, format!("{package}: no module of it was found")).into()
        })
    }

    pub(super) fn list(&self, wanted: &Wanted) -> Result<Listing, Diagnostics> {
        let fields = "-json=ImportPath,Name,Standard,DepOnly,Module";
        let text = self.run(&["list", "-deps", fields, &wanted.pattern], Code::BuildFailed)?;
        let go = self.run(&["env", "GOVERSION"], Code::GoMissing)?.trim().to_owned();
        let mut out = Listing { go, folder: self.cwd.clone(), ..Listing::default() };
        for package in serde_json::Deserializer::from_str(&text).into_iter::<Value>() {
            let package = package.map_err(|e| unreadable("go list", &e))?;
            let path = text_of(&package, "ImportPath");
            let module = package.get("Module");
            if package.get("DepOnly").is_none() && wanted.is_of(module)? {
                out.has_own = true;
                if let Some(dir) = module.map(|m| text_of(m, "Dir")).filter(|d| !d.is_empty()) {
                    out.folder = PathBuf::from(dir);
                }
                if text_of(&package, "Name") == "main" {
                    out.mains.push(path.clone());
                }
            }
            if let Some(m) = module {
                let replace = m.get("Replace").map(|r| (text_of(r, "Path"), text_of(r, "Version")));
                let linked = Linked { path: text_of(m, "Path"), version: text_of(m, "Version"), replace };
                out.modules.insert(linked.path.clone(), linked);
            }
            out.packages.insert(path);
        }
        Ok(out)
    }

    /// Builds every one of these packages. The go command names a program by its package, so those of one name go into
    /// folders of their own.
    pub(super) fn build(&self, mains: &[String], out: &Path) -> Result<Vec<Built>, Diagnostics> {
        let mut rounds: Vec<BTreeMap<String, &String>> = vec![];
        for package in mains {
            let name = executable_name(package).to_owned();
            match rounds.iter_mut().find(|r| !r.contains_key(&name)) {
                Some(round) => drop(round.insert(name, package)),
                None => rounds.push(BTreeMap::from([(name, package)])),
            }
        }
        let mut built = vec![];
        for (n, round) in rounds.into_iter().enumerate() {
            built.extend(self.round(&round, &out.join(n.to_string()))?);
        }
        Ok(built)
    }

    fn round(&self, programs: &BTreeMap<String, &String>, out: &Path) -> Result<Vec<Built>, Diagnostics> {
        std::fs::create_dir_all(out).map_err(|e| *crate::dist::failure(out, &e))?;
        let output = format!("{}/", out.display());
        let mut args = vec!["build", "-o", &output];
        args.extend(programs.values().map(|p| p.as_str()));
        self.run(&args, Code::BuildFailed)?;
        let built = programs.iter().map(|(name, package)| {
            let endings = ["", ".exe", ".wasm"].map(|end| out.join(format!("{name}{end}")));
            let path = endings.into_iter().find(|p| p.is_file());
            let missing = || {
                Diagnostic::error(Code::OutputMissing, format!("go build made no {name} of {package}")).into()
            };
            path.map(|path| Built { package: (*package).clone(), path }).ok_or_else(missing)
        });
        built.collect()
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

impl Wanted {
    /// Whether a package is the module's own; an error if it is of another version of it.
    fn is_of(&self, module: Option<&Value>) -> Result<bool, Diagnostics> {
        let Some((path, version)) = &self.of else { return Ok(true) };
        let Some(module) = module.filter(|m| text_of(m, "Path") == *path) else { return Ok(false) };
        same(&format!("{path}@{version}"), version, &text_of(module, "Version")).map(|()| true)
    }
}

/// An error if another version would be scanned than the one that is meant.
fn same(named: &str, meant: &str, selected: &str) -> Result<(), Diagnostics> {
    let bare = |v: &str| v.trim_end_matches("+incompatible").to_owned();
    if bare(meant) == bare(selected) {
        return Ok(());
    }
    let message = format!("{named} cannot be scanned by itself: what it needs needs {selected} of it");
    Err(Diagnostic::error(Code::ModuleQuery, message)
        .hint("get the module's source and scan its folder")
        .into())
}

fn text_of(value: &Value, key: &str) -> String {
    value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn unreadable(command: &str, e: &serde_json::Error) -> Diagnostic {
    Diagnostic::error(Code::BuildFailed, format!("what {command} says cannot be read: {e}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_for_other_targets_are_known() {
        let dir = tempfile::tempdir().unwrap();
        let put = |name: &str, text: &str| {
            let path = dir.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        put("go.mod", "module m\n");
        put("a.go", "package a\n\nconst text = `\npackage main\n`\n\nfunc F() {}\n");
        put("a_test.go", "package main\n");
        put("gen.go", "//go:build ignore\n\npackage main\n");
        put("testdata/x.go", "package main\n");
        put("other/go.mod", "module other\n");
        put("other/x.go", "package main\n");
        let found = || has_program(dir.path());
        assert!(!found());
        put("cmd/tool/x_windows.go", "//go:build windows\n\npackage main\n\nfunc main() {}\n");
        assert!(found());
    }
}
