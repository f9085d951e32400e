//! What dependencies weigh: packages, bytes in the programs, time to compile.
//!
//! Owns: adding up by module. Must not: measure bytes or time itself; `sizes` and the go command do.

use super::Work;
use super::compile::{Builder, Failure};
use super::unfixed::way_to;
use crate::dist::failure;
use crate::sizes;
use goferry_report::{Code, Diagnostic, Diagnostics};
use goferry_target::GoTarget;
use goferry_toolchain::go::{BuildAction, ImportingPackage, build_actions};
use serde::Serialize;
use std::collections::BTreeMap;

/// The dependencies, the heaviest in the programs first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Analysis {
    /// The target that was measured.
    pub target: GoTarget,
    /// Bytes of all programs together.
    pub program_bytes: u64,
    /// Processor time of compiling everything anew, the standard library too; without linking. Milliseconds.
    pub compile_millis: u64,
    /// By module.
    pub modules: Vec<Heavy>,
}

/// What a module weighs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Heavy {
    /// Module path.
    pub module: String,
    /// Version.
    pub version: String,
    /// The requirement that brings it, if it is not imported by the module itself.
    pub brought_by: Option<String>,
    /// Packages that are built.
    pub packages: u64,
    /// Bytes of code and data in the programs, as far as they can be told.
    pub bytes: u64,
    /// Processor time of its compilation. Milliseconds.
    pub compile_millis: u64,
}

impl Work<'_> {
    /// Builds everything anew and weighs it.
    pub(super) fn weigh(&self, target: GoTarget) -> Result<Analysis, Diagnostics> {
        let failed = |f: Failure| Diagnostics::from(f.diagnostic());
        let builder = Builder::new(self, target).map_err(failed)?;
        let packages = builder.packages().map_err(failed)?;
        let graph = self.scratch.folder("actions.json");
        let flag = format!("-debug-actiongraph={}", graph.display());
        // What the cache has takes no time.
        builder.go("go build", &["build", "-a", &flag, "./..."]).map_err(failed)?;
        let text = std::fs::read(&graph).map_err(|e| failure(&graph, &e))?;
        let actions = build_actions(&text).map_err(|e| {
            Diagnostic::error(Code::BuildFailed, format!("go's graph of actions cannot be read: {e}"))
        })?;
        let programs = builder.programs().map_err(failed)?;
        let mut bytes: BTreeMap<String, u64> = BTreeMap::new();
        let mut total = 0;
        for file in programs.files.iter().filter(|f| f.is_file()) {
            let sizes = sizes::read(file)?;
            total += sizes.total;
            for p in sizes.packages {
                *bytes.entry(p.name.clone()).or_default() += p.size();
            }
        }
        Ok(Analysis {
            target,
            program_bytes: total,
            compile_millis: millis(actions.iter().filter(|a| a.mode == "build")),
            modules: modules(&packages, &bytes, &actions),
        })
    }
}

fn millis<'a>(actions: impl Iterator<Item = &'a BuildAction>) -> u64 {
    actions.map(|a| a.cmd_user + a.cmd_sys).sum::<u64>() / 1_000_000
}

fn modules(
    packages: &[ImportingPackage],
    bytes: &BTreeMap<String, u64>,
    actions: &[BuildAction],
) -> Vec<Heavy> {
    let mut time: BTreeMap<&str, u64> = BTreeMap::new();
    for a in actions.iter().filter(|a| a.mode == "build") {
        *time.entry(&a.package).or_default() += a.cmd_user + a.cmd_sys;
    }
    let mut out: BTreeMap<&str, Heavy> = BTreeMap::new();
    for p in packages {
        let Some(module) = p.module.as_ref().filter(|m| !m.main) else { continue };
        let entry = out.entry(&module.path).or_insert_with(|| Heavy {
            module: module.path.clone(),
            version: module.version.clone(),
            brought_by: way_to(packages, &module.path).filter(|by| *by != module.path),
            ..Heavy::default()
        });
        entry.packages += 1;
        entry.bytes += bytes.get(&p.import_path).copied().unwrap_or_default();
        // Nanoseconds until all are added.
        entry.compile_millis += time.get(p.import_path.as_str()).copied().unwrap_or_default();
    }
    let mut out: Vec<Heavy> = out.into_values().collect();
    out.iter_mut().for_each(|h| h.compile_millis /= 1_000_000);
    out.sort_by(|a, b| {
        (b.bytes, b.packages).cmp(&(a.bytes, a.packages)).then_with(|| a.module.cmp(&b.module))
    });
    out
}
