//! What each kind of step does: by running, or from the action cache.

mod image;
mod linux_package;
pub(crate) mod sbom;
mod scan;
mod sign;
mod vex;

pub(crate) use scan::Scan;

use crate::compilers::Compilers;
use crate::inputs::Inputs;
use crate::project::Project;
use crate::scanning::Scanner;
use crate::session::{Request, Session};
use goferry_build::{BuildContext, BuildError, Built, BuiltFile, Restored, build, prebuilt, universal};
use goferry_cache::{CacheError, Digest, Key, KeyBuilder, Store};
use goferry_config::template::Fields;
use goferry_emulate::Runner;
use goferry_package::stage::{Packaged, PackagedRecord, extra_members, package};
use goferry_package::{Member, PackageError, Source};
use goferry_plan::graph::{
    Action, ArchiveSpec, BuildSpec, ExpectedVersion, Plan, Step, StepId, UniversalSpec, VerifySpec,
};
use goferry_report::{Code, Diagnostic, Diagnostics, Event, Severity, StepState};
use goferry_target::GoTarget;
use goferry_toolchain::gomod::GoMod;
use goferry_verify::{Verified, VerifiedRecord, VerifyContext, verify};
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError, RwLock};
use std::time::Instant;

/// The value of a step that was done.
#[derive(Clone, Debug)]
pub(crate) enum StepValue {
    /// A build step's.
    Built(Built),
    /// A verify step's.
    Verified(Box<Verified>),
    /// An archive step's.
    Packaged(Packaged),
    /// The source archive: its path relative to dist and SHA-256.
    Source {
        /// Relative to dist.
        path: String,
        /// SHA-256, hex.
        sha256: String,
    },
    /// Checksums: by artifact name, `algorithm:hex`; and the extra files that were summed.
    Checksums {
        /// Artifact name → `algorithm:hex`.
        sums: BTreeMap<String, String>,
        /// (name, path, checksum file) of extra files.
        extra: Vec<(String, String, String)>,
    },
    /// A scan step's: what was found, in words. The results are in [`Execution::scans`].
    Scanned(String),
    /// An image step's.
    Image(crate::images::build::MadeImage),
    /// Nothing that others read.
    Done,
}

/// Everything that steps share.
pub(crate) struct Execution<'a> {
    /// The session.
    pub session: &'a Session,
    /// The project.
    pub project: &'a Project,
    /// The plan.
    pub plan: &'a Plan,
    /// The files that the configuration was read from.
    pub sources: &'a crate::config::Sources,
    /// Which Go.
    pub go: &'a goferry_toolchain::go::GoIdentity,
    /// The output folder, absolute.
    pub dist: &'a Path,
    /// Digests of what builds read.
    pub inputs: &'a Inputs,
    /// Runners by target.
    pub runners: &'a BTreeMap<GoTarget, Runner>,
    /// C toolchains by target.
    pub compilers: &'a Compilers,
    /// The environment of commands: the process's and `env:`.
    pub env: &'a BTreeMap<String, String>,
    /// What was asked for.
    pub request: &'a Request,
    /// Template fields of the release.
    pub fields: &'a Fields,
    /// The main versions that Go may derive here; empty: not checked.
    pub main_versions: Vec<String>,
    /// The user's module cache, for `go install`.
    pub gomodcache: String,
    /// Folder for temporary files.
    pub temp: PathBuf,
    /// Values of the steps that are done.
    pub values: Mutex<HashMap<StepId, StepValue>>,
    /// Time and state of every step, for the summary.
    pub times: Mutex<HashMap<StepId, (StepState, u64)>>,
    /// What went wrong.
    pub failures: Mutex<Diagnostics>,
    /// Steps that failed, for the record.
    pub blocked: Mutex<Vec<crate::history::Blocked>>,
    /// Warnings that were said.
    pub warned: Mutex<Vec<Diagnostic>>,
    /// Keys of build results that this run put into the cache.
    pub stored: Mutex<Vec<Key>>,
    /// Keys that were opened.
    pub keys: crate::signing::Keys,
    /// What binaries are scanned with, or why they are not.
    pub scanner: Result<Scanner, String>,
    /// Results of scan steps, failed ones too, by the binary's path in dist.
    pub scans: Mutex<BTreeMap<String, Scan>>,
    /// What packages were found to be, by their paths in dist.
    pub proofs: Mutex<BTreeMap<String, linux_package::Proof>>,
    /// What SBOM steps share.
    pub boms: sbom::Boms,
    /// Builds hold it shared; one that ran out of memory holds it alone.
    pub alone: RwLock<()>,
}

pub(crate) type StepResult = Result<(StepValue, StepState), Diagnostics>;

impl Execution<'_> {
    /// Runs one step; says whether it succeeded.
    pub(crate) fn run(&self, step: &Step) -> bool {
        let target = step.target.map(|t| t.to_string());
        let sink = &self.session.sink;
        sink.event(&Event::StepStarted {
            step: step.id.0.clone(),
            stage: step.stage.as_str(),
            target: target.clone(),
        });
        let begun = Instant::now();
        // A defect in one step must not leave the others waiting for it.
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| self.dispatch(step)))
            .unwrap_or_else(|_| {
                Err(Diagnostic::error(Code::Io, format!("{}: goferry itself failed here", step.id)).into())
            });
        let millis = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        let (state, detail, ok) = match result {
            Ok((value, state)) => {
                let detail = detail(&value);
                self.metrics(step, &value, begun);
                lock(&self.values).insert(step.id.clone(), value);
                (state, detail, true)
            }
            Err(problems) => {
                let why = problems.list.iter().find(|d| d.severity == Severity::Error);
                let detail = why.or(problems.list.first()).map(|d| d.message.clone()).unwrap_or_default();
                for d in &problems.list {
                    sink.diagnostic(d.clone());
                }
                lock(&self.blocked).extend(crate::history::Blocked::of(step, &problems));
                lock(&self.failures).append(problems);
                (StepState::Failed, detail, false)
            }
        };
        lock(&self.times).insert(step.id.clone(), (state, millis));
        sink.event(&Event::StepFinished {
            step: step.id.0.clone(),
            stage: step.stage.as_str(),
            target,
            state,
            millis,
            detail,
        });
        ok
    }

    /// Says each warning once, however many targets it is about.
    pub(crate) fn warn(&self, warnings: Diagnostics) {
        for d in warnings.list {
            let mut said = lock(&self.warned);
            if !said.contains(&d) {
                self.session.sink.diagnostic(d.clone());
                said.push(d);
            }
        }
    }

    fn metrics(&self, step: &Step, value: &StepValue, begun: Instant) {
        let Some(target) = step.target else { return };
        let metric = |name, value| {
            self.session.sink.event(&Event::Metric { name, target: target.to_string(), value });
        };
        match value {
            StepValue::Built(b) => {
                metric("build_duration_seconds", begun.elapsed().as_secs_f64());
                metric("binary_size_bytes", b.binary().size as f64);
            }
            StepValue::Verified(v) => metric("dependency_count", v.inspected().dependencies as f64),
            _ => {}
        }
    }

    fn dispatch(&self, step: &Step) -> StepResult {
        match &step.action {
            Action::Build(spec) => self.build(step, spec),
            Action::Prebuilt { path, .. } => {
                let target = step.target.unwrap_or_else(crate::host::host_target);
                prebuilt(&self.project.root.join(path), self.dist, &step.outputs[0].path, target)
                    .map(|b| (StepValue::Built(b), StepState::Done))
                    .map_err(|e| e.diagnostic().into())
            }
            Action::Universal(spec) => self.universal(step, spec),
            Action::Verify(spec) => self.verify(step, spec),
            Action::Archive(spec) => self.archive(step, spec),
            Action::Image(spec) => self.image(spec),
            Action::LinuxPackage(spec) => self.linux_package(step, spec),
            Action::Source(spec) => self.source(spec),
            Action::Vex(spec) => self.vex(spec),
            Action::Sbom(spec) => self.sbom(step, spec),
            Action::Checksums(spec) => self.checksums(spec),
            Action::Scan(spec) => self.scan(spec),
            Action::Provenance(spec) => self.provenance(spec),
            Action::Sign(spec) => self.sign(step, spec),
            Action::Changelog(spec) => {
                crate::changelog::write(self, spec).map(|()| (StepValue::Done, StepState::Done))
            }
            // Both run outside of the schedule: hooks before anything is hashed, metadata after everything.
            Action::Hook(_) | Action::Metadata => Ok((StepValue::Done, StepState::Done)),
        }
    }

    fn build(&self, step: &Step, spec: &BuildSpec) -> StepResult {
        let complete = self.inputs.outside.too_much.is_none();
        let key = (step.cacheable && complete).then(|| self.build_key(step, spec));
        if let Some(key) = &key
            && let Some(built) = self.restore_built(key, spec.mtime)
        {
            return Ok((StepValue::Built(built), StepState::Cached));
        }
        let env = self.compilers.environment(spec.target, self.env);
        let run = || {
            let gopath = self.temp.join(step.id.0.replace('/', "_"));
            let line = |l: &str| {
                self.session.sink.event(&Event::Output { step: step.id.0.clone(), line: l.to_owned() })
            };
            let cx = BuildContext {
                spawner: &self.session.host,
                project: &self.project.root,
                dist: self.dist,
                source: &self.plan.project.build_from,
                env: &env,
                gopath: &gopath,
                gomodcache: &self.gomodcache,
                line: &line,
            };
            build(spec, &step.outputs[0].path, &cx)
        };
        let first = {
            let _shared = self.alone.read().unwrap_or_else(PoisonError::into_inner);
            run()
        };
        let built = match first {
            Err(e @ BuildError::OutOfMemory { .. }) => {
                let mut d = e.diagnostic();
                d.severity = Severity::Warning;
                self.session.sink.diagnostic(d.hint("it is tried once more, alone"));
                let _alone = self.alone.write().unwrap_or_else(PoisonError::into_inner);
                run()
            }
            other => other,
        };
        let built = built.map_err(|e| Diagnostics::from(self.explain(e.diagnostic(), spec)))?;
        if let Some(key) = key {
            self.store_built(&key, &built);
        }
        Ok((StepValue::Built(built), StepState::Done))
    }

    /// Adds the cause, and to a failed build of a matrix that nobody chose the line that leaves the pair out.
    fn explain(&self, mut d: Diagnostic, spec: &BuildSpec) -> Diagnostic {
        if d.code == Code::BuildFailed {
            let output = d.notes.join("\n");
            d = crate::explain::with_cause(d, output.as_bytes());
        }
        if spec.default_matrix && matches!(d.code, Code::BuildFailed | Code::CCompilerMissing) {
            let rest: Vec<String> = self
                .plan
                .steps
                .iter()
                .filter_map(|s| match &s.action {
                    Action::Build(b) if b.id == spec.id && b.target != spec.target => {
                        Some(format!("\"{}\"", b.target))
                    }
                    _ => None,
                })
                .collect();
            if !rest.is_empty() {
                d = d.hint_with(
                    format!("the other targets are kept; to leave {} out, in goferry.toml:", spec.target),
                    format!("targets = [{}]", rest.join(", ")),
                );
            }
        }
        d
    }

    fn build_key(&self, step: &Step, spec: &BuildSpec) -> Key {
        let mut key = KeyBuilder::new("build/1");
        key.text("goferry", &self.session.version)
            .text("spec", &json(spec))
            .text("output", &step.outputs[0].path)
            .text("source", &json(&self.plan.project.build_from))
            .digest("sources", self.inputs.sources)
            .digest("vcs", self.inputs.vcs)
            .digest("go", self.inputs.go);
        key.list("env", &self.inputs.env);
        let mut programs = vec![spec.tool.as_str()];
        programs.extend(spec.upx.as_ref().map(|u| u.program.as_str()));
        if spec.cgo != goferry_plan::graph::Cgo::Off {
            // What the go command would take: the build's own, the environment's, else its compiled-in names.
            let own = |k: &str| spec.env.iter().rev().find(|(n, _)| n == k).map(|(_, v)| v.as_str());
            for (k, default) in [("CC", "gcc"), ("CXX", "g++"), ("AR", "ar"), ("PKG_CONFIG", "pkg-config")] {
                let command =
                    own(k).or_else(|| self.env.get(k).map(String::as_str)).filter(|c| !c.is_empty());
                programs.extend(command.unwrap_or(default).split_whitespace().next());
            }
        }
        let env = self.compilers.environment(spec.target, self.env);
        for program in programs {
            key.text("program", &self.program_identity(program, &env));
        }
        if spec.flags.iter().any(|f| f.ends_with("trimpath=false")) {
            key.text("path", &self.project.root.to_string_lossy());
        }
        key.finish()
    }

    /// Path, size and time of a program: enough to notice another one.
    fn program_identity(&self, program: &str, env: &BTreeMap<String, String>) -> String {
        let path = env.get("PATH").map(String::as_str).unwrap_or_default();
        let found = goferry_proc::find_program(program, Some(path.as_ref()), &self.project.root);
        let meta = found.as_ref().and_then(|p| std::fs::metadata(p).ok());
        let time = meta.as_ref().and_then(|m| m.modified().ok());
        format!("{program} {found:?} {:?} {time:?}", meta.map(|m| m.len()))
    }

    fn restore_built(&self, key: &Key, mtime: Option<i64>) -> Option<Built> {
        let store = self.session.cache.as_ref()?;
        let record: goferry_build::BuiltRecord = lookup(store, key)?;
        let restored = self.restore_files(store, &record.files)?;
        if let Some(unix) = mtime {
            goferry_build::set_time(&self.dist.join(&record.files.first()?.path), unix).ok()?;
        }
        Built::restore(record, self.dist, &restored).ok()
    }

    /// Puts files back; none unless each is there with its digest. A damaged entry is dropped by the store, said, and
    /// made again.
    fn restore_files(&self, store: &Store, files: &[BuiltFile]) -> Option<Vec<Restored>> {
        let mut out = vec![];
        for BuiltFile { path, sha256, mode, .. } in files {
            let digest = Digest::from_hex(sha256)?;
            if let Err(e) = store.restore(&digest, &self.dist.join(path), *mode) {
                if matches!(e, CacheError::Damaged { .. }) {
                    let message =
                        format!("the cached {path} is not what it was: it is dropped and made again");
                    self.warn(Diagnostic::warning(Code::CacheDamaged, message).into());
                }
                return None;
            }
            out.push(Restored { path: path.clone(), sha256: sha256.clone() });
        }
        Some(out)
    }

    fn store_built(&self, key: &Key, built: &Built) {
        let Some(store) = &self.session.cache else { return };
        let files = built.files().iter().map(|f| (self.dist.join(&f.path), f.sha256.as_str()));
        store_files(store, files);
        let _ = store.record(key, &built.record());
        lock(&self.stored).push(key.clone());
    }

    fn universal(&self, step: &Step, spec: &UniversalSpec) -> StepResult {
        let parts: Vec<Built> = spec.parts.iter().filter_map(|p| self.built(p)).collect();
        let refs: Vec<&Built> = parts.iter().collect();
        let line =
            |l: &str| self.session.sink.event(&Event::Output { step: step.id.0.clone(), line: l.to_owned() });
        let hooks = |hooks: &[goferry_plan::graph::HookSpec]| {
            hooks.iter().try_for_each(|h| {
                goferry_build::run_hook(h, &self.session.host, &self.project.root, self.env, &[], &line)
            })
        };
        hooks(&spec.hooks_pre)
            .and_then(|()| universal(&refs, self.dist, &step.outputs[0].path, &|| hooks(&spec.hooks_post)))
            .map(|b| {
                if let Some(unix) = spec.mtime {
                    // A file time is no reason to fail a release.
                    let _ = goferry_build::set_time(b.path(), unix);
                }
                (StepValue::Built(b), StepState::Done)
            })
            .map_err(|e| e.diagnostic().into())
    }

    /// The module of a build whose `dir` lies in a module of its own; Go derives its version from other tags.
    fn nested_module(&self, built: &StepId) -> Option<String> {
        let step = self.plan.steps.iter().find(|s| s.id == *built)?;
        let build = match &step.action {
            Action::Build(build) => build,
            Action::Universal(u) => return self.nested_module(u.parts.first()?),
            _ => return None,
        };
        let dir = self.project.root.join(&build.dir);
        let own =
            dir.ancestors().take_while(|d| **d != self.project.root).find(|d| d.join("go.mod").is_file())?;
        let module = GoMod::read(&own.join("go.mod")).ok()?.module;
        (Some(&module) != self.project.facts.module_path.as_ref()).then_some(module)
    }

    fn verify(&self, step: &Step, spec: &VerifySpec) -> StepResult {
        let Some(built) = self.built(&spec.built) else {
            return Err(Diagnostic::error(Code::Io, format!("{}: nothing was built", step.id)).into());
        };
        let mut spec = spec.clone();
        if let Some(module) = self.nested_module(&spec.built) {
            spec.module_path = Some(module);
            spec.main_version = ExpectedVersion::Unchecked;
        }
        let spec = &spec;
        let main_versions = match &spec.main_version {
            ExpectedVersion::Exactly(v) => vec![v.clone()],
            ExpectedVersion::DerivedByGo => self.main_versions.clone(),
            ExpectedVersion::Unchecked => vec![],
        };
        let prefix = spec.target.and_then(|t| self.compilers.loader_prefix(t));
        let mut key = KeyBuilder::new("verify/1");
        key.text("goferry", &self.session.version)
            .text("spec", &json(spec))
            .text("binary", &built.binary().sha256)
            .text("main version", &main_versions.join(" or "))
            .text("namespaces", self.session.env.get("GOFERRY_NO_NAMESPACES").map_or("-", String::as_str))
            .text(
                "libraries",
                &prefix.as_ref().map_or_else(String::new, |p| p.to_string_lossy().into_owned()),
            );
        let key = key.finish();
        let cached: Option<(VerifiedRecord, Diagnostics)> =
            self.session.cache.as_ref().and_then(|s| lookup(s, &key));
        if let Some((record, warnings)) = cached
            && let Some(v) = Verified::restore(record, built.clone())
        {
            self.warn(warnings);
            return Ok((StepValue::Verified(Box::new(v)), StepState::Cached));
        }
        let cx = VerifyContext {
            host: &self.session.host,
            runner: spec.target.and_then(|t| self.runners.get(&t)),
            loader_prefix: prefix.as_deref(),
            main_versions,
            helper: None,
        };
        let (verified, warnings) = verify(spec, built, &cx)?;
        self.warn(warnings.clone());
        let state = match verified.run() {
            goferry_verify::RunOutcome::Ran(_) => StepState::Done,
            goferry_verify::RunOutcome::Waived(_) => StepState::Waived,
        };
        let isolated = match verified.run() {
            goferry_verify::RunOutcome::Ran(r) => r.isolation == "namespaces",
            goferry_verify::RunOutcome::Waived(_) => true,
        };
        // What was run without isolation is run again: the next time it may be granted.
        if let (Some(store), true) = (&self.session.cache, isolated) {
            let _ = store.record(&key, &(verified.record(), warnings));
        }
        Ok((StepValue::Verified(Box::new(verified)), state))
    }

    fn archive(&self, step: &Step, spec: &ArchiveSpec) -> StepResult {
        let verified: Vec<Verified> = {
            let values = lock(&self.values);
            spec.binaries
                .iter()
                .filter_map(|b| match values.get(&b.verified) {
                    Some(StepValue::Verified(v)) => Some((**v).clone()),
                    _ => None,
                })
                .collect()
        };
        if verified.len() != spec.binaries.len() {
            return Err(
                Diagnostic::error(Code::Io, format!("{}: a binary of it was not verified", step.id)).into()
            );
        }
        if spec.format == "binary" {
            let p = Packaged::binary(&verified[0]);
            return Ok((StepValue::Packaged(p), StepState::Done));
        }
        let (mut extra, warnings) = extra_members(spec, &self.project.root).map_err(|e| failure(&e))?;
        self.warn(Diagnostics { list: warnings });
        if spec.third_party_licenses {
            let text = Source::Bytes(self.third_party(spec)?.into_bytes());
            extra.push(Member::new(goferry_supply::sbom::THIRD_PARTY_FILE, text, 0o644));
        }
        let key = self.archive_key(step, spec, &verified, &extra).map_err(|e| failure(&e))?;
        if let Some(store) = &self.session.cache
            && let Some(record) = lookup::<PackagedRecord>(store, &key)
            && let Some(restored) = self.restore_files(store, std::slice::from_ref(&record.file))
            && let Some(p) = Packaged::restore(record, &restored[0])
        {
            return Ok((StepValue::Packaged(p), StepState::Cached));
        }
        let refs: Vec<&Verified> = verified.iter().collect();
        let p = package(spec, &refs, &extra, self.dist).map_err(|e| failure(&e))?;
        if let Some(store) = &self.session.cache {
            store_files(store, std::iter::once((self.dist.join(&p.file().path), p.file().sha256.as_str())));
            let _ = store.record(&key, &p.record());
        }
        Ok((StepValue::Packaged(p), StepState::Done))
    }

    fn archive_key(
        &self,
        step: &Step,
        spec: &ArchiveSpec,
        verified: &[Verified],
        extra: &[Member],
    ) -> Result<Key, PackageError> {
        let mut key = KeyBuilder::new("archive/2");
        key.text("goferry", &self.session.version).text("spec", &json(spec)).text("step", &step.id.0);
        key.list("binaries", verified.iter().map(|v| &v.built().binary().sha256));
        for m in extra {
            key.text(
                format!("member {}", m.name),
                &format!("{:o} {:?} {} {}", m.mode, m.mtime, m.owner, m.group),
            );
            match &m.source {
                Source::File(path) => {
                    let digest = Digest::of_file(path).map_err(|e| PackageError::Io {
                        action: "read",
                        path: path.clone(),
                        source: std::io::Error::other(e),
                    })?;
                    key.digest("content", digest);
                }
                other => {
                    key.text("content", &format!("{other:?}"));
                }
            }
        }
        Ok(key.finish())
    }

    fn built(&self, id: &StepId) -> Option<Built> {
        match lock(&self.values).get(id) {
            Some(StepValue::Built(b)) => Some(b.clone()),
            _ => None,
        }
    }
}

/// Locks; a panic elsewhere does not make the data worse.
pub(crate) fn lock<T>(m: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    m.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

pub(crate) fn failure(e: &PackageError) -> Diagnostics {
    Diagnostics::from(Diagnostic::from(e))
}

fn lookup<T: serde::de::DeserializeOwned>(store: &Store, key: &Key) -> Option<T> {
    store.lookup(key).ok().flatten().and_then(|r| serde_json::from_value(r.value).ok())
}

fn store_files<'f>(store: &Store, files: impl Iterator<Item = (PathBuf, &'f str)>) {
    for (path, sha256) in files {
        if let Some(digest) = Digest::from_hex(sha256) {
            // A cache that cannot be written costs time, not correctness.
            let _ = store.put_known(&path, &digest);
        }
    }
}

/// A few words on a value, for people.
fn detail(value: &StepValue) -> String {
    match value {
        StepValue::Built(b) => size(b.binary().size),
        StepValue::Verified(v) => match v.run() {
            goferry_verify::RunOutcome::Ran(r) => crate::summary::ran(r),
            goferry_verify::RunOutcome::Waived(w) => format!("inspected, not run: {}", w.class.as_str()),
        },
        StepValue::Packaged(p) => format!("{} {}", p.file().path, size(p.file().size)),
        StepValue::Scanned(words) => words.clone(),
        StepValue::Image(made) => made.words(),
        StepValue::Source { .. } | StepValue::Checksums { .. } | StepValue::Done => String::new(),
    }
}

/// Bytes for people, in powers of ten.
pub fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", bytes as f64 / 1e6),
        _ => format!("{:.2} GB", bytes as f64 / 1e9),
    }
}
