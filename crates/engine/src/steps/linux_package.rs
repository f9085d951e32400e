//! Package steps: written from what was verified, read back and held to it, or taken from the cache.

mod convert;
mod proof;
mod start;

pub(crate) use proof::Proof;

use super::{Execution, StepResult, StepValue, failure, json, lock, lookup, store_files};
use crate::signing::packages::PackageKey;
use goferry_cache::{Digest, Key, KeyBuilder};
use goferry_package::PackageError;
use goferry_package::contents::resolve;
use goferry_package::linux::{Format, Sign};
use goferry_package::linux_stage::{Program, linux_package};
use goferry_package::stage::{Packaged, PackagedRecord};
use goferry_plan::graph::{ContentSpec, LinuxPackageSpec, ScriptSpec, Step};
use goferry_report::{Code, Diagnostic, Diagnostics, StepState};
use goferry_target::GoTarget;
use goferry_verify::Verified;
use proof::{Wanted, prove};
use std::path::Path;
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
        let key = self.package_key(step, spec, &programs)?;
        if let Some((packaged, proof)) = self.restored_package(&key) {
            self.package_time(spec)?;
            lock(&self.proofs).insert(spec.file.clone(), proof);
            return Ok((StepValue::Packaged(packaged), StepState::Cached));
        }
        let packaged = self.write_package(spec, &programs)?;
        let (proof, warnings) = self.proved(spec, step.target, &programs)?;
        let quiet = warnings.list.is_empty();
        self.warn(warnings);
        self.package_time(spec)?;
        // What there is a warning about is said again next time.
        if let (Some(store), true) = (&self.session.cache, quiet) {
            let file = packaged.file();
            store_files(store, std::iter::once((self.dist.join(&file.path), file.sha256.as_str())));
            let _ = store.record(&key, &(packaged.record(), &proof));
        }
        lock(&self.proofs).insert(spec.file.clone(), proof);
        Ok((StepValue::Packaged(packaged), StepState::Done))
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
        programs: &[Program<'_>],
    ) -> Result<Packaged, Diagnostics> {
        let root = &self.project.root;
        let package = convert::package(spec, root)?;
        let format: Format = spec.format.parse().map_err(|e: PackageError| failure(&e))?;
        let out = self.dist.join(&spec.file);
        let folder = out.parent().map_or(Ok(()), std::fs::create_dir_all);
        folder.map_err(|e| crate::dist::failure(&out, &e))?;
        let signer = self.package_signer(spec)?;
        let signer = signer.as_deref().map(|key| key as &dyn Sign);
        linux_package(format, &package, programs, &spec.file, self.dist, signer).map_err(|e| failure(&e))
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
    ) -> Result<(Proof, Diagnostics), Diagnostics> {
        let mut wanted = vec![];
        for p in programs {
            let sha256 = p.file().map_err(|e| failure(&e))?.sha256.as_str();
            let interpreter = p.verified.inspected().interpreter.as_deref();
            wanted.push(Wanted { program: p.planned, sha256, interpreter });
        }
        let file = self.dist.join(&spec.file);
        let proved =
            prove(&self.session.host, spec, &file, &wanted, &self.temp).and_then(|(proof, warnings)| {
                let started = self.installed_programs_start(spec, target, &wanted)?;
                Ok((Proof { started, ..proof }, warnings))
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

    /// Everything that the bytes depend on.
    fn package_key(
        &self,
        step: &Step,
        spec: &LinuxPackageSpec,
        programs: &[Program<'_>],
    ) -> Result<Key, Diagnostics> {
        let root = &self.project.root;
        let mut key = KeyBuilder::new("package/2");
        key.text("goferry", &self.session.version).text("spec", &json(spec)).text("step", &step.id.0);
        for p in programs {
            let file = p.file().map_err(|e| failure(&e))?;
            key.text("program", &format!("{} {}", p.planned.dst, file.sha256));
            // How it is started where it is installed: by which runner, with which arguments.
            let verify = self.plan.steps.iter().find(|s| s.id == p.planned.verified);
            key.text("started", &verify.map(|s| json(&s.action)).unwrap_or_default());
        }
        key.text("namespaces", self.session.env.get("GOFERRY_NO_NAMESPACES").map_or("-", String::as_str));
        for script in spec.scripts.values() {
            if let ScriptSpec::File(path) = script {
                digested(&mut key, &root.join(path))?;
            }
        }
        for path in spec.changelog.iter().chain(spec.signing.as_ref().map(|s| &s.key_file)) {
            digested(&mut key, &root.join(path))?;
        }
        for item in resolve(root, &spec.format, &spec.contents).map_err(|e| failure(&e))? {
            keyed(&mut key, &item)?;
        }
        Ok(key.finish())
    }
}

fn digested(key: &mut KeyBuilder, path: &Path) -> Result<(), Diagnostics> {
    let digest = Digest::of_file(path).map_err(|e| {
        Diagnostics::from(Diagnostic::error(Code::ConfigValue, format!("{}: {e}", path.display())))
    })?;
    key.digest("file", digest);
    Ok(())
}

/// One item of `contents`, with what is on disk.
fn keyed(key: &mut KeyBuilder, item: &ContentSpec) -> Result<(), Diagnostics> {
    key.text("content", &format!("{} {}", item.kind, item.dst));
    match item.kind.as_str() {
        "dir" | "ghost" => Ok(()),
        "symlink" => {
            key.text("link", &item.src);
            Ok(())
        }
        "tree" => tree(key, Path::new(&item.src)),
        _ if item.text.is_some() => Ok(()),
        _ => on_disk(key, Path::new(&item.src)),
    }
}

/// A file's content and mode.
fn on_disk(key: &mut KeyBuilder, path: &Path) -> Result<(), Diagnostics> {
    let meta = path.symlink_metadata().map_err(|e| crate::dist::failure(path, &e))?;
    key.text("mode", &format!("{:o}", mode(&meta)));
    match meta.is_symlink() {
        true => {
            let to = path.read_link().map_err(|e| crate::dist::failure(path, &e))?;
            key.text("link", &to.to_string_lossy());
            Ok(())
        }
        false => digested(key, path),
    }
}

fn tree(key: &mut KeyBuilder, folder: &Path) -> Result<(), Diagnostics> {
    let listed =
        std::fs::read_dir(folder).and_then(|d| d.map(|e| e.map(|e| e.path())).collect::<Result<Vec<_>, _>>());
    let mut paths = listed.map_err(|e| crate::dist::failure(folder, &e))?;
    paths.sort();
    for path in paths {
        key.text("name", &path.file_name().unwrap_or_default().to_string_lossy());
        let folder = path.symlink_metadata().is_ok_and(|m| m.is_dir());
        if folder { tree(key, &path)? } else { on_disk(key, &path)? }
    }
    Ok(())
}

#[cfg(unix)]
fn mode(meta: &std::fs::Metadata) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    meta.permissions().mode()
}

#[cfg(not(unix))]
fn mode(_: &std::fs::Metadata) -> u32 {
    0
}
