//! Archive steps: of verified binaries, or from the cache.

use super::{Execution, StepResult, StepValue, failure, json, lock, lookup, store_files};
use goferry_cache::{Digest, Key, KeyBuilder};
use goferry_package::stage::{Packaged, PackagedRecord, extra_members, package};
use goferry_package::{Member, PackageError, Source};
use goferry_plan::graph::{ArchiveSpec, Step};
use goferry_report::{Code, Diagnostic, Diagnostics, StepState};
use goferry_verify::Verified;

impl Execution<'_> {
    pub(super) fn archive(&self, step: &Step, spec: &ArchiveSpec) -> StepResult {
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
}
