//! Building and vetting the copy for one target, by the go command.
//!
//! Owns: its environment, which programs there are, what a failure says. Must not: judge it.

use super::Work;
use super::gone::{self, Gone};
use super::report::SeenIn;
use crate::compilers::{self, Compilers, Fetching};
use crate::{host, toolset};
use goferry_proc::{CommandSpec, Env, OutputMode, SpawnError, Spawner};
use goferry_report::{Code, Diagnostic};
use goferry_target::{GoTarget, Os};
use goferry_toolchain::go::{ImportingPackage, ModuleFolder};
use goferry_toolchain::provide::Wanted;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Lines of a failure that are kept.
const LINES: usize = 40;

const VET: &str = "go vet";

/// A step that failed.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    pub(super) target: GoTarget,
    /// `go build`, `go vet`.
    pub(super) step: String,
    /// What was said.
    pub(super) text: String,
    /// What is wrong with the host or the run, and not with the code.
    pub(super) other: Option<Box<Diagnostic>>,
}

impl Failure {
    pub(super) fn gone(&self) -> Vec<Gone> {
        if self.step == VET { gone::read_vet(&self.text) } else { gone::read(&self.text) }
    }

    pub(super) fn lines(&self) -> Vec<String> {
        self.text.lines().take(LINES).map(str::to_owned).collect()
    }

    pub(super) fn diagnostic(&self) -> Diagnostic {
        if let Some(d) = &self.other {
            return (**d).clone();
        }
        let message = format!("{} for {} fails as it is, before anything is changed", self.step, self.target);
        let mut d = Diagnostic::error(Code::BuildFailed, message);
        d.notes = self.lines();
        crate::explain::with_cause(d, self.text.as_bytes())
    }
}

/// What is needed to build for a target.
pub(super) struct Builder<'a> {
    work: &'a Work<'a>,
    target: GoTarget,
    env: BTreeMap<String, String>,
}

/// The programs of a target.
pub(super) struct Programs {
    pub(super) files: Vec<PathBuf>,
    pub(super) seen_in: SeenIn,
}

impl<'a> Builder<'a> {
    /// Finds or fetches the compiler, if one is needed.
    pub(super) fn new(work: &'a Work<'a>, target: GoTarget) -> Result<Builder<'a>, Failure> {
        let broken = |d: Box<Diagnostic>| Failure {
            target,
            step: "go build".to_owned(),
            text: String::new(),
            other: Some(d),
        };
        let first = |mut ds: goferry_report::Diagnostics| {
            let fallback = Diagnostic::error(Code::ConfigValue, "the configuration cannot be read");
            broken(Box::new(if ds.list.is_empty() { fallback } else { ds.list.remove(0) }))
        };
        let session = work.session;
        let config = session.toolchain_config().map_err(first)?;
        let fetching = Fetching::configured(session, &config).map_err(broken)?;
        let all = ["./...".to_owned()];
        let what = host::Packages { dir: &session.cwd, patterns: &all, tags: &[], flags: &[] };
        let (needed, cxx) = match session.env.get("CGO_ENABLED").map(String::as_str) {
            Some("1") => (true, true),
            Some("0") => (false, false),
            _ => {
                let need = host::package_need(session, work.go, &what, target).unwrap_or_else(|n| n);
                (need.needed, need.cxx)
            }
        };
        let mut compilers = Compilers::default();
        if needed {
            let wanted = Wanted { cxx, ..compilers::wanted(&config, target, &session.cwd) };
            let provided = compilers::compiler(session, &wanted, &session.cwd, &fetching).map_err(broken)?;
            compilers.provided.insert(target, provided);
        }
        let mut env = compilers.environment(target, &session.env);
        env.extend(toolset::go_variables(target, compilers.provided.get(&target)));
        Ok(Builder { work, target, env })
    }

    /// Runs a go command in the copy.
    pub(super) fn go(&self, step: &str, args: &[&str]) -> Result<(), Failure> {
        let session = self.work.session;
        let spec = CommandSpec {
            env: Env::Exactly(self.env.clone().into_iter().collect()),
            cwd: Some(session.cwd.clone()),
            output: OutputMode::CAPTURE,
            ..CommandSpec::new(format!("{step} for {}", self.target), self.work.go.path.as_os_str())
                .args(args.iter().copied())
        };
        let failure =
            |text: String, other| Failure { target: self.target, step: step.to_owned(), text, other };
        match session.host.run(&spec) {
            Ok(done) if done.status.success() => Ok(()),
            Ok(done) => Err(failure(format!("{}{}", done.stderr_text(), done.stdout_text()), None)),
            Err(SpawnError::Cancelled { .. }) => {
                let d = Diagnostic::error(Code::Interrupted, format!("{step} was interrupted"));
                Err(failure(String::new(), Some(Box::new(d))))
            }
            Err(e) => Err(failure(e.to_string(), None)),
        }
    }

    /// The packages of the module and what they import on this target.
    pub(super) fn packages(&self) -> Result<Vec<ImportingPackage>, Failure> {
        let env: Vec<(String, String)> = self.env.clone().into_iter().collect();
        let at = ModuleFolder { dir: self.work.scratch.module(), env: &env };
        self.work.go.importing_packages(self.work.host(), at, &["./..."], false).map_err(|e| Failure {
            target: self.target,
            step: "go list".to_owned(),
            text: e.to_string(),
            other: None,
        })
    }

    /// Builds everything, and links the programs: those of the main packages, else those of the tests.
    pub(super) fn programs(&self) -> Result<Programs, Failure> {
        self.go("go build", &["build", "./..."])?;
        let packages = self.packages()?;
        let own: Vec<&ImportingPackage> = packages.iter().filter(|p| !p.dep_only && !p.standard).collect();
        let mains: Vec<&str> =
            own.iter().filter(|p| p.name == "main").map(|p| p.import_path.as_str()).collect();
        let folder = self.work.scratch.folder(&format!("out-{}", self.target.goreleaser_name()));
        let (seen_in, list) = match mains.is_empty() {
            false => (SeenIn::Programs, mains),
            true => {
                let tested =
                    own.iter().filter(|p| !(p.test_go_files.is_empty() && p.x_test_go_files.is_empty()));
                (SeenIn::Tests, tested.map(|p| p.import_path.as_str()).collect())
            }
        };
        let ending = if self.target.os == Os::Windows { ".exe" } else { "" };
        let mut files = vec![];
        for (n, package) in list.into_iter().enumerate() {
            let file = folder.join(format!("{n}{ending}"));
            let out = format!("-o={}", file.display());
            match seen_in {
                SeenIn::Programs => self.go("go build", &["build", &out, package])?,
                SeenIn::Tests => self.go("go test -c", &["test", "-c", &out, package])?,
            }
            files.push(file);
        }
        Ok(Programs { files, seen_in })
    }

    pub(super) fn vet(&self) -> Result<(), Failure> {
        self.go(VET, &["vet", "./..."])
    }
}
