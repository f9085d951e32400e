//! Build steps: `go build` or the action cache, and universal binaries.

use super::{Execution, StepResult, StepValue, json, lock, lookup, store_files};
use goferry_build::{BuildContext, BuildError, Built, build, universal};
use goferry_cache::{Key, KeyBuilder};
use goferry_plan::graph::{Action, BuildSpec, Step, UniversalSpec};
use goferry_report::{Code, Diagnostic, Diagnostics, Event, Severity, StepState};
use std::collections::BTreeMap;
use std::sync::PoisonError;

impl Execution<'_> {
    pub(super) fn build(&self, step: &Step, spec: &BuildSpec) -> StepResult {
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
        // The spec as text leaves the values of secrets out.
        key.list("own env", spec.env.iter().map(|(name, value)| format!("{name}={value}")));
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

    fn store_built(&self, key: &Key, built: &Built) {
        let Some(store) = &self.session.cache else { return };
        let files = built.files().iter().map(|f| (self.dist.join(&f.path), f.sha256.as_str()));
        store_files(store, files);
        let _ = store.record(key, &built.record());
        lock(&self.stored).push(key.clone());
    }

    pub(super) fn universal(&self, step: &Step, spec: &UniversalSpec) -> StepResult {
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
}
