//! Package steps: written from what was verified, read back and held to it, or taken from the cache.

mod convert;
mod proof;
mod start;

pub(crate) use proof::Proof;

use super::{Execution, StepResult, StepValue, failure, json, lock, lookup, store_files};
use crate::signing::packages::PackageKey;
use goferry_cache::{Digest, Key, KeyBuilder};
use goferry_package::PackageError;
use goferry_package::linux::{self, Bytes, Format, Package, Sign};
use goferry_package::linux_stage::{Program, linux_package};
use goferry_package::stage::{Packaged, PackagedRecord};
use goferry_plan::graph::{LinuxPackageSpec, Step};
use goferry_report::{Code, Diagnostic, Diagnostics, StepState};
use goferry_target::GoTarget;
use goferry_verify::Verified;
use proof::{Proved, Wanted, prove};
use std::sync::Arc;

impl Execution<'_> {
    pub(super) fn linux_package(&self, step: &Step, spec: &LinuxPackageSpec) -> StepResult {
        let verified: Vec<Verified> = {
            let values = lock(&self.values);
            let one = |id| match values.get(id) {
                Some(StepValue::Verified(v)) => Some((**v).clone()),
                _ => None,
            };
            spec.programs.iter().filter_map(|p| one(&p.verified)).collect()
        };
        if verified.len() != spec.programs.len() {
            let message = format!("{}: a program of it was not verified", step.id);
            return Err(Diagnostic::error(Code::Io, message).into());
        }
        let programs: Vec<Program<'_>> = spec
            .programs
            .iter()
            .zip(&verified)
            .map(|(planned, verified)| Program { planned, verified })
            .collect();
        let package = convert::package(spec, &self.project.root)?;
        let format: Format = spec.format.parse().map_err(|e: PackageError| failure(&e))?;
        let key = self.package_key(step, spec, (format, &package), &programs)?;
        if let Some((packaged, proof)) = self.restored_package(&key) {
            self.package_time(spec)?;
            lock(&self.proofs).insert(spec.file.clone(), proof);
            return Ok((StepValue::Packaged(packaged), StepState::Cached));
        }
        let packaged = self.write_package(spec, (format, &package), &programs)?;
        let Proved { proof, warnings, lasting, .. } = self.proved(spec, step.target, &programs)?;
        // What there is a warning about is said again next time, and what this host could not do is tried again.
        let kept = lasting && warnings.list.is_empty();
        self.warn(warnings);
        self.package_time(spec)?;
        if let (Some(store), true) = (&self.session.cache, kept) {
            let file = packaged.file();
            store_files(store, std::iter::once((self.dist.join(&file.path), file.sha256.as_str())));
            let _ = store.record(&key, &(packaged.record(), &proof));
        }
        let state = if proof.waivers().is_empty() { StepState::Done } else { StepState::Waived };
        lock(&self.proofs).insert(spec.file.clone(), proof);
        Ok((StepValue::Packaged(packaged), state))
    }

    fn restored_package(&self, key: &Key) -> Option<(Packaged, Proof)> {
        let store = self.session.cache.as_ref()?;
        let (record, proof) = lookup::<(PackagedRecord, Proof)>(store, key)?;
        let restored = self.restore_files(store, std::slice::from_ref(&record.file))?;
        Some((Packaged::restore(record, restored.first()?)?, proof))
    }

    fn write_package(
        &self,
        spec: &LinuxPackageSpec,
        (format, package): (Format, &Package),
        programs: &[Program<'_>],
    ) -> Result<Packaged, Diagnostics> {
        let out = self.dist.join(&spec.file);
        let folder = out.parent().map_or(Ok(()), std::fs::create_dir_all);
        folder.map_err(|e| crate::dist::failure(&out, &e))?;
        let signer = self.package_signer(spec)?;
        let signer = signer.as_deref().map(|key| key as &dyn Sign);
        linux_package(format, package, programs, &spec.file, self.dist, signer).map_err(|e| failure(&e))
    }

    fn package_signer(&self, spec: &LinuxPackageSpec) -> Result<Option<Arc<PackageKey>>, Diagnostics> {
        let Some(signing) = &spec.signing else { return Ok(None) };
        self.keys.package_key(self.session, &self.project.root, spec, signing).map(Some)
    }

    fn proved(
        &self,
        spec: &LinuxPackageSpec,
        target: Option<GoTarget>,
        programs: &[Program<'_>],
    ) -> Result<Proved, Diagnostics> {
        let mut wanted = vec![];
        for p in programs {
            let sha256 = p.file().map_err(|e| failure(&e))?.sha256.as_str();
            let inspected = p.verified.inspected();
            wanted.push(Wanted {
                program: p.planned,
                sha256,
                interpreter: inspected.interpreter.as_deref(),
                needed: &inspected.needed,
            });
        }
        let file = self.dist.join(&spec.file);
        let proved = prove(&self.session.host, spec, &file, &wanted, &self.temp).and_then(|mut proved| {
            let (started, lasting) =
                self.installed_programs_start(spec, target, &wanted, &proved.incomplete)?;
            proved.proof.started = started;
            proved.lasting &= lasting;
            Ok(proved)
        });
        proved.inspect_err(|_| {
            // What failed must not lie where somebody uploads it from.
            let _ = std::fs::remove_file(&file);
        })
    }

    /// `mtime` is the file's time too.
    fn package_time(&self, spec: &LinuxPackageSpec) -> Result<(), Diagnostics> {
        let Some(unix) = spec.mtime else { return Ok(()) };
        let path = self.dist.join(&spec.file);
        goferry_build::set_time(&path, unix).map_err(|e| Diagnostics::from(*crate::dist::failure(&path, &e)))
    }

    /// Everything that the bytes depend on: what the writer is given, and what of it lies on disk.
    fn package_key(
        &self,
        step: &Step,
        spec: &LinuxPackageSpec,
        (format, package): (Format, &Package),
        programs: &[Program<'_>],
    ) -> Result<Key, Diagnostics> {
        let mut key = KeyBuilder::new("package/3");
        key.text("goferry", &self.session.version).text("spec", &json(spec)).text("step", &step.id.0);
        for p in programs {
            let file = p.file().map_err(|e| failure(&e))?;
            key.text("program", &format!("{} {}", p.planned.dst, file.sha256));
            // How it is started where it is installed: by which runner, with which arguments.
            let verify = self.plan.steps.iter().find(|s| s.id == p.planned.verified);
            key.text("started", &verify.map(|s| json(&s.action)).unwrap_or_default());
        }
        key.text("namespaces", self.session.env.get("GOFERRY_NO_NAMESPACES").map_or("-", String::as_str));
        // Scripts and the changelog are in it. Contents are not: their folder differs from machine to machine.
        key.text("package", &format!("{:?}", Package { contents: vec![], ..package.clone() }));
        if let Some(signing) = &spec.signing {
            let what = format!("package `{}`: the key", spec.id);
            let bytes = std::fs::read(self.project.root.join(&signing.key_file))
                .map_err(|e| convert::unreadable(&what, &signing.key_file, &e))?;
            key.bytes("key", &bytes);
        }
        for input in linux::inputs(format, package).map_err(|e| failure(&e))? {
            key.list("entry", &input.facts);
            match &input.content {
                Some(Bytes::File(path)) => {
                    let digest = Digest::of_file(path)
                        .map_err(|e| Diagnostics::from(Diagnostic::error(Code::Io, e.to_string())))?;
                    key.digest("content", digest);
                }
                Some(Bytes::Memory(bytes)) => {
                    key.bytes("content", bytes);
                }
                None => {}
            }
        }
        Ok(key.finish())
    }
}
