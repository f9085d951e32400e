//! The steps over all targets: the source archive and the checksum files.

use crate::steps::{Execution, StepResult, StepValue, failure, lock};
use goferry_package::archive::WriteOptions;
use goferry_package::checksum::{Algorithm, Subject, Sum, combined, sum_files, write_combined, write_split};
use goferry_package::stage::extra_members;
use goferry_package::{ArchiveFormat, Source, members, source, write_archive};
use goferry_plan::graph::{ArchiveSpec, ChecksumSpec, SourceSpec};
use goferry_proc::{CommandSpec, Spawner};
use goferry_report::{Code, Diagnostic, Diagnostics, StepState};
use std::path::Path;

impl Execution<'_> {
    pub(crate) fn source(&self, spec: &SourceSpec) -> StepResult {
        let io = |path: &Path, e: std::io::Error| Diagnostics::from(*crate::dist::failure(path, &e));
        let format: ArchiveFormat = spec.format.parse().map_err(|e| failure(&e))?;
        if !source::is_source_format(format) {
            return Err(Diagnostic::error(
                Code::ConfigValue,
                format!("`{}` is no format of a source archive", spec.format),
            )
            .hint("use tar.gz, tgz, tar or zip")
            .into());
        }
        let tar = self.temp.join("source.tar");
        let commit = &self.plan.project.vcs.commit;
        let mut command = CommandSpec::new("make the source archive", "git")
            .arg("archive")
            .arg("--format=tar")
            .arg(format!("--output={}", tar.display()));
        if !spec.prefix.is_empty() {
            command = command.arg(format!("--prefix={}/", spec.prefix.trim_end_matches('/')));
        }
        let command = command.arg(commit.as_str()).cwd(&self.project.root);
        let done =
            self.session.host.run(&command).map_err(|e| Diagnostic::error(Code::NoGit, e.to_string()))?;
        if !done.status.success() {
            let mut d = Diagnostic::error(Code::NoGit, format!("git archive failed for {commit}"));
            d.notes = done.stderr_text().lines().map(str::to_owned).collect();
            return Err(d.into());
        }
        let mut all = source::git_members(&tar, format).map_err(|e| failure(&e))?;
        std::fs::remove_file(&tar).map_err(|e| io(&tar, e))?;
        let as_archive = ArchiveSpec {
            id: String::new(),
            format: spec.format.clone(),
            file: spec.file.clone(),
            binaries: vec![],
            files: spec.files.clone(),
            wrap: String::new(),
            builds_info: goferry_plan::graph::InfoSpec::default(),
            default_mtime: 0,
            third_party_licenses: false,
            replaces: false,
        };
        let (mut extra, warnings) =
            extra_members(&as_archive, &self.project.root).map_err(|e| failure(&e))?;
        self.warn(Diagnostics { list: warnings });
        members::wrap(&mut extra, spec.prefix.trim_end_matches('/'));
        all.extend(extra);
        let options = WriteOptions::new(self.plan.project.clock.unix.max(0));
        let written =
            write_archive(format, &all, &self.dist.join(&spec.file), &options).map_err(|e| failure(&e))?;
        Ok((StepValue::Source { path: spec.file.clone(), sha256: written.sha256 }, StepState::Done))
    }

    pub(crate) fn checksums(&self, spec: &ChecksumSpec) -> StepResult {
        let algorithm: Algorithm = spec.algorithm.parse().map_err(|e| failure(&e))?;
        let mut sums: Vec<Sum> = vec![];
        let mut unknown: Vec<Subject> = vec![];
        for (name, path, _) in &spec.files {
            // SHA-256 was taken while the file was written; nothing is read twice.
            match (algorithm == Algorithm::Sha256).then(|| self.known_sha256(path)).flatten() {
                Some(hex) => sums.push(Sum { name: name.clone(), hex }),
                None => unknown.push(Subject { name: name.clone(), path: self.dist.join(path) }),
            }
        }
        let extra = self.extra_files(spec)?;
        unknown.extend(
            extra
                .iter()
                .map(|(name, path)| Subject { name: name.clone(), path: self.project.root.join(path) }),
        );
        sums.extend(sum_files(algorithm, &unknown, 2).map_err(|e| failure(&e))?);
        let mut extra_out = vec![];
        if spec.split {
            for s in &sums {
                let own = spec.files.iter().find(|(n, _, _)| n == &s.name).map(|(_, _, own)| own.clone());
                let own = own.unwrap_or_else(|| format!("{}.{}", s.name, spec.algorithm));
                write_split(s, &self.dist.join(&own)).map_err(|e| failure(&e))?;
                if let Some((name, path)) = extra.iter().find(|(n, _)| n == &s.name) {
                    extra_out.push((name.clone(), path.clone(), own));
                }
            }
        } else {
            debug_assert!(combined(&sums).lines().count() == sums.len());
            write_combined(&sums, &self.dist.join(&spec.file)).map_err(|e| failure(&e))?;
        }
        let sums = sums.into_iter().map(|s| (s.name, format!("{}:{}", spec.algorithm, s.hex))).collect();
        Ok((StepValue::Checksums { sums, extra: extra_out }, StepState::Done))
    }

    /// (name, path relative to the project) of the checksum's extra files.
    pub(crate) fn extra_files(&self, spec: &ChecksumSpec) -> Result<Vec<(String, String)>, Diagnostics> {
        let mut out = vec![];
        for (glob, name) in &spec.extra {
            let specs = [members::FileSpec { src: glob.clone(), ..members::FileSpec::default() }];
            let found = members::resolve(&self.project.root, &specs).map_err(|e| failure(&e))?;
            if !name.is_empty() && found.members.len() > 1 {
                return Err(Diagnostic::error(
                    Code::ConfigValue,
                    format!(
                        "checksum.extra_files: `{glob}` matches {} files, and name_template names one",
                        found.members.len()
                    ),
                )
                .into());
            }
            self.warn(Diagnostics { list: found.warnings });
            for m in found.members {
                let Source::File(path) = &m.source else { continue };
                let relative =
                    path.strip_prefix(&self.project.root).unwrap_or(path).to_string_lossy().into_owned();
                let base = relative.rsplit('/').next().unwrap_or(&relative).to_owned();
                out.push((if name.is_empty() { base } else { name.clone() }, relative));
            }
        }
        Ok(out)
    }

    pub(crate) fn known_sha256(&self, path: &str) -> Option<String> {
        lock(&self.values).values().find_map(|v| match v {
            StepValue::Packaged(p) if p.file().path == path => Some(p.file().sha256.clone()),
            StepValue::Source { path: own, sha256 } if own == path => Some(sha256.clone()),
            StepValue::Image(made) => {
                made.archive.as_ref().filter(|(own, _)| own == path).map(|(_, sha256)| sha256.clone())
            }
            _ => None,
        })
    }
}
