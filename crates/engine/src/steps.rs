//! What each kind of step does: by running, or from the action cache.

mod archive;
mod build;
mod image;
pub(crate) mod linux_package;
pub(crate) mod sbom;
mod scan;
mod sign;
mod verify;
mod vex;

pub(crate) use scan::Scan;

use crate::compilers::Compilers;
use crate::inputs::Inputs;
use crate::project::Project;
use crate::scanning::Scanner;
use crate::session::{Request, Session};
use goferry_build::{Built, BuiltFile, Restored, prebuilt};
use goferry_cache::{CacheError, Digest, Key, Store};
use goferry_config::template::Fields;
use goferry_emulate::Runner;
use goferry_package::PackageError;
use goferry_package::stage::Packaged;
use goferry_plan::graph::{Action, Plan, Step, StepId};
use goferry_report::{Code, Diagnostic, Diagnostics, Event, Severity, StepState};
use goferry_target::GoTarget;
use goferry_verify::Verified;
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
                let detail = detail(step, &value);
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
fn detail(step: &Step, value: &StepValue) -> String {
    match value {
        StepValue::Built(b) => size(b.binary().size),
        StepValue::Verified(v) => match v.run() {
            goferry_verify::RunOutcome::Ran(r) => crate::summary::ran(r),
            goferry_verify::RunOutcome::Waived(w) => format!("inspected, not run: {}", w.class.as_str()),
        },
        StepValue::Packaged(p) => format!("{} {}", p.file().path, size(p.file().size)),
        StepValue::Scanned(words) => words.clone(),
        StepValue::Image(made) => format!("{} {}", made.id, made.words()),
        StepValue::Source { .. } | StepValue::Checksums { .. } | StepValue::Done => made(step),
    }
}

/// The files of a step, the first by its name.
fn made(step: &Step) -> String {
    match step.outputs.as_slice() {
        [] => String::new(),
        [one] => one.path.clone(),
        [first, more @ ..] => format!("{} and {} more", first.path, more.len()),
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
