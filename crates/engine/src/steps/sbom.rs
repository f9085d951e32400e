//! SBOM steps: goferry's own documents, and commands that write theirs.

use super::{Execution, StepResult, StepValue, lock};
use crate::bom::module_cache;
use goferry_objfile::{FileBytes, inspect};
use goferry_plan::facts::SourceKind;
use goferry_plan::graph::{ArchiveSpec, SbomBy, SbomCommand, SbomSpec, Step, StepId};
use goferry_proc::{CommandSpec, Env, Limits, OutputMode, Spawner as _, Status, Stdin};
use goferry_report::{Code, Diagnostic, Diagnostics, StepState};
use goferry_supply::DebOrigin;
use goferry_supply::sbom::{
    FileKind, Inventory, MainVersion, ModuleFiles, Resolver, SbomFormat, THIRD_PARTY_FILE, VersionSource,
    Written, render, third_party_licenses,
};
use goferry_target::GoTarget;
use goferry_verify::Verified;
use std::collections::HashMap;
use std::fs::File;
use std::sync::{Arc, Mutex, OnceLock};

/// What steps share: every program is read once, every module looked at once.
#[derive(Default)]
pub(crate) struct Boms {
    resolver: OnceLock<Mutex<Resolver>>,
    programs: Mutex<HashMap<StepId, Arc<OnceLock<Read>>>>,
}

/// A program's inventory; none if its build information cannot be read, and why.
type Read = Result<Inventory, String>;

impl Execution<'_> {
    pub(crate) fn sbom(&self, step: &Step, spec: &SbomSpec) -> StepResult {
        match &spec.by {
            SbomBy::Goferry { documents } => {
                let inventory = self.inventory(&spec.programs, spec)?;
                let written = Written { goferry: &self.session.version, unix: self.plan.project.clock.unix };
                for (format, path) in documents {
                    let format: SbomFormat = format
                        .parse()
                        .map_err(|e: String| Diagnostics::from(Diagnostic::error(Code::ConfigValue, e)))?;
                    self.write_document(path, &render(&inventory, format, &written))?;
                }
            }
            SbomBy::Command(command) => self.sbom_by(step, spec, command)?,
        }
        Ok((StepValue::Done, StepState::Done))
    }

    pub(super) fn write_document(&self, path: &str, bytes: &[u8]) -> Result<(), Diagnostics> {
        let path = self.dist.join(path);
        let folder = path.parent().map_or(Ok(()), std::fs::create_dir_all);
        folder.map_err(|e| crate::dist::failure(&path, &e))?;
        Ok(crate::dist::write_whole(&path, bytes)?)
    }

    /// Everything that a document is about.
    fn inventory(&self, programs: &[(StepId, String)], spec: &SbomSpec) -> Result<Inventory, Diagnostics> {
        let mut all = Inventory::default();
        all.root.path = self.root_path();
        all.root.version = MainVersion { version: self.root_version(), source: VersionSource::Given };
        let mut first = true;
        for (verified, name) in programs {
            let one = match self.program(verified) {
                Ok(mut one) => {
                    one.files = one.files.into_values().map(|f| (name.clone(), f)).collect();
                    one
                }
                Err(why) => {
                    self.session.sink.note(format!("{}: {name}: its parts are not known: {why}", spec.name));
                    continue;
                }
            };
            match std::mem::take(&mut first) && one.root.path == all.root.path {
                true => all = one,
                false => all.merge(one),
            }
        }
        for f in &spec.files {
            let (sha256, size) = self.packed(&f.path)?;
            let kind = match f.holds.is_empty() {
                true => FileKind::Other,
                false => FileKind::Archive(f.holds.clone()),
            };
            all.add_file(&f.name, &sha256, size, kind);
        }
        if first {
            self.resolve(&mut all);
        }
        Ok(all)
    }

    /// Module path of the release; its name where there is no module.
    pub(super) fn root_path(&self) -> String {
        let project = &self.plan.project;
        project.module_path.clone().unwrap_or_else(|| project.name.clone())
    }

    pub(super) fn root_version(&self) -> String {
        let version = &self.plan.project.version;
        if version.starts_with('v') { version.clone() } else { format!("v{version}") }
    }

    /// SHA-256 and size of a file that an earlier step made.
    fn packed(&self, path: &str) -> Result<(String, u64), Diagnostics> {
        for value in lock(&self.values).values() {
            match value {
                StepValue::Packaged(p) if p.file().path == path => {
                    return Ok((p.file().sha256.clone(), p.file().size));
                }
                StepValue::Source { path: p, sha256 } if p == path => {
                    let file = self.dist.join(path);
                    let meta =
                        file.metadata().map_err(|e| Diagnostics::from(*crate::dist::failure(&file, &e)))?;
                    return Ok((sha256.clone(), meta.len()));
                }
                _ => {}
            }
        }
        Err(Diagnostic::error(Code::Io, format!("{path} was not made")).into())
    }

    fn program(&self, verified: &StepId) -> Read {
        let slot = Arc::clone(lock(&self.boms.programs).entry(verified.clone()).or_default());
        slot.get_or_init(|| self.read_program(verified)).clone()
    }

    fn read_program(&self, id: &StepId) -> Read {
        let verified: Option<Box<Verified>> = match lock(&self.values).get(id) {
            Some(StepValue::Verified(v)) => Some(v.clone()),
            _ => None,
        };
        let verified = verified.ok_or("it was not verified")?;
        let file = verified.built().binary();
        let bytes = File::open(verified.built().path()).and_then(FileBytes::new);
        let binary = inspect(&bytes.map_err(|e| e.to_string())?).map_err(|e| e.to_string())?;
        let main = binary.go.as_ref().and_then(|g| g.main.as_ref());
        let module = self.plan.project.module_path.as_ref();
        // What was built from files (`go build main.go`) names no module; it is the project's.
        let own = module.is_some_and(|module| main.is_none_or(|m| m.path == *module));
        let version = own.then(|| self.root_version());
        let named = (file.sha256.clone(), file.size);
        let mut one = Inventory::of_binary(&binary, &file.path, named, version.as_deref())
            .ok_or("there is no Go build information in it")?;
        if let (Some(module), None) = (module, main) {
            one.root.path.clone_from(module);
        }
        let cgo = binary.go.as_ref().is_some_and(|g| g.setting("CGO_ENABLED") == Some("1"));
        let step = self.plan.steps.iter().find(|s| s.id == *id);
        if let Some(target) = step.and_then(|s| s.target).filter(|_| cgo) {
            self.add_sysroot(target, &mut one);
        }
        self.resolve(&mut one);
        Ok(one)
    }

    /// The packages with headers and libraries that cgo had.
    fn add_sysroot(&self, target: GoTarget, inventory: &mut Inventory) {
        let entries = self.compilers.provided.get(&target).map(|p| p.entries.as_slice()).unwrap_or_default();
        for entry in entries.iter().filter(|e| e.role == "sysroot") {
            for f in &entry.files {
                let origin = DebOrigin { vendor: vendor(&entry.suite), arch: &f.arch, suite: &entry.suite };
                inventory.add_deb(&f.name, &f.version, origin, &f.sha256);
            }
        }
    }

    fn resolver(&self) -> &Mutex<Resolver> {
        self.boms.resolver.get_or_init(|| {
            let checkout = self.plan.project.build_from == SourceKind::Checkout;
            Mutex::new(Resolver::new(ModuleFiles {
                cache: module_cache(self.env),
                main: checkout.then(|| self.project.root.clone()),
                goroot: self.session.go().ok().map(|(_, identity)| identity.goroot),
            }))
        })
    }

    fn resolve(&self, inventory: &mut Inventory) {
        lock(self.resolver()).resolve(inventory);
    }

    /// The texts that travel with the programs of an archive.
    pub(crate) fn third_party(&self, spec: &ArchiveSpec) -> Result<String, Diagnostics> {
        let mut all = Inventory::default();
        all.root.path = self.root_path();
        for b in &spec.binaries {
            let one = self.program(&b.verified).map_err(|why| {
                let message = format!("{THIRD_PARTY_FILE} of {}: {}: {why}", spec.file, b.name);
                Diagnostic::error(Code::LicenceMissing, message)
            })?;
            all.merge(one);
        }
        let (text, missing) = third_party_licenses(&all, lock(self.resolver()).files());
        if !missing.is_empty() {
            let mut d = Diagnostic::warning(
                Code::LicenceMissing,
                format!(
                    "{THIRD_PARTY_FILE} is not complete: no licence was found of {} modules",
                    missing.len()
                ),
            );
            d.notes = missing;
            self.warn(d.into());
        }
        Ok(text)
    }

    fn sbom_by(&self, step: &Step, spec: &SbomSpec, c: &SbomCommand) -> Result<(), Diagnostics> {
        let mut env = self.env.clone();
        env.extend(c.env.iter().filter_map(|e| e.split_once('=')).map(|(k, v)| (k.to_owned(), v.to_owned())));
        let command = CommandSpec {
            purpose: format!("describe {}", spec.name),
            program: c.program.clone().into(),
            args: c.args.iter().map(Into::into).collect(),
            env: Env::Exactly(env.into_iter().collect()),
            cwd: Some(self.dist.to_owned()),
            stdin: Stdin::Null,
            limits: Limits::default(),
            output: OutputMode::Capture { max_bytes: 4 << 20 },
        };
        let done = self.session.host.run(&command);
        let done = done.map_err(|e| goferry_build::BuildError::from(e).diagnostic())?;
        let why = match done.status {
            Status::Exited(0) => return self.documents_are_there(step, &c.program),
            Status::Exited(n) => format!("exit status {n}"),
            Status::Signaled(n) => format!("signal {n}"),
            Status::TimedOut => "time limit".to_owned(),
        };
        let message = format!("{} could not describe {}: {why}", c.program, spec.name);
        let mut d = Diagnostic::error(Code::SbomFailed, message);
        let said = format!("{}{}", done.stdout_text(), done.stderr_text());
        d.notes = said.lines().map(str::to_owned).collect();
        Err(d.hint_with("to go on without bills of materials:", "--skip=sbom").into())
    }

    /// A command that writes nothing has described nothing.
    fn documents_are_there(&self, step: &Step, program: &str) -> Result<(), Diagnostics> {
        let mut problems = Diagnostics::default();
        for (path, how) in self.unwritten(step) {
            let message = format!("{}: `{program}` succeeded, but {path} {how}", step.id);
            let d = Diagnostic::error(Code::OutputMissing, message);
            problems.push(d.hint("`documents` must name what `args` write; the command runs in dist"));
        }
        if problems.has_errors() { Err(problems) } else { Ok(()) }
    }
}

/// Who makes a suite.
fn vendor(suite: &str) -> &'static str {
    const DEBIAN: [&str; 10] =
        ["stretch", "buster", "bullseye", "bookworm", "trixie", "forky", "duke", "sid", "stable", "testing"];
    let suite = suite.split('-').next().unwrap_or(suite);
    if DEBIAN.contains(&suite) { "debian" } else { "ubuntu" }
}
