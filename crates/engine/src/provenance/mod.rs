//! The statements about a release: how it came to be (SLSA provenance) and what was verified of it (VSA).
//!
//! Owns: which facts of a run go where. Must not: know the shape of a statement, sign. What the fields mean is in
//! docs/provenance.md.

mod materials;
mod summary;

use crate::images::build::MadeImage;
use crate::signing::{Environment, Sealed};
use crate::steps::{Execution, StepResult, StepValue, lock};
use goferry_cache::Digest;
use goferry_plan::graph::{Action, ProvenanceSpec};
use goferry_plan::secret;
use goferry_report::{Code, Diagnostic, Diagnostics, StepState};
use goferry_supply::slsa::{self, BuildDefinition, Builder, Provenance, Resource, RunDetails};
use goferry_supply::{Subject, SupplyError};
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

impl Execution<'_> {
    /// Writes both statements.
    pub(crate) fn provenance(&self, spec: &ProvenanceSpec) -> StepResult {
        let subjects = subjects(self)?;
        let mut provenance = json_of(&self.told()?);
        secret::hide_json(&mut provenance);
        let (file, first) = self.state(&subjects, slsa::PROVENANCE, &provenance, spec)?;
        let input = Resource::new("", file).digest("sha256", Digest::of(&first).to_hex());
        let mut summary = json_of(&summary::of(self, input));
        secret::hide_json(&mut summary);
        self.state(&subjects, slsa::VERIFICATION_SUMMARY, &summary, spec)?;
        Ok((StepValue::Done, StepState::Done))
    }

    fn state(
        &self,
        subjects: &[Subject],
        kind: &str,
        predicate: &Value,
        spec: &ProvenanceSpec,
    ) -> Result<(String, Vec<u8>), Diagnostics> {
        let drawn = |e: SupplyError| Diagnostics::from(e.diagnostic());
        let statement = slsa::statement(subjects.to_vec(), kind, predicate).map_err(drawn)?;
        let file = if kind == slsa::PROVENANCE { &spec.provenance } else { &spec.summary };
        let sealed = match &spec.by {
            Some(native) => {
                let env = Environment { own: &native.env, all: self.env };
                self.keys.seal(self.session, &statement, native, &env)?
            }
            None => Sealed { bytes: slsa::sealed(&statement, None).map_err(drawn)?, beside: None },
        };
        self.write(file, sealed)
    }

    /// The statement's file and, of a key that signs no statements, a signature over it; the name and the bytes of the first.
    fn write(&self, file: &str, sealed: Sealed) -> Result<(String, Vec<u8>), Diagnostics> {
        let put = |name: &str, bytes: &[u8]| crate::dist::write_whole(&self.dist.join(name), bytes);
        // minisign and OpenSSH have no bundles: what is in the file is the bare statement, and its name says so.
        let bare = file.strip_suffix(".sigstore.json").map(|stem| format!("{stem}.json"));
        let name = sealed.beside.as_ref().and(bare).unwrap_or_else(|| file.to_owned());
        put(&name, &sealed.bytes)?;
        if let Some(key) = &sealed.beside {
            let path = self.dist.join(&name);
            let signature = key.sign(&path).map_err(|e| Diagnostics::from(e.diagnostic()))?;
            put(&format!("{name}{}", key.format().suffix()), signature.document.as_bytes())?;
        }
        Ok((name, sealed.bytes))
    }

    fn told(&self) -> Result<Provenance, Diagnostics> {
        Ok(Provenance {
            build_definition: BuildDefinition {
                build_type: slsa::BUILD_TYPE,
                external_parameters: self.asked(),
                internal_parameters: json!({
                    "plan": {"sha256": self.plan_digest()},
                }),
                resolved_dependencies: materials::of(self),
            },
            run_details: RunDetails {
                builder: Builder::goferry(slsa::BUILDER, &self.session.version),
                byproducts: self.byproducts()?,
            },
        })
    }

    /// The plan, but for the folder that it writes to: elsewhere the same is made.
    fn plan_digest(&self) -> String {
        let mut plan = json_of(self.plan);
        plan["project"]["dist"] = Value::Null;
        Digest::of(plan.to_string().as_bytes()).to_hex()
    }

    /// What the caller decided: source, configuration, options. Options that were not given are left out.
    fn asked(&self) -> Value {
        let r = self.request;
        let configuration: Vec<Resource> = self
            .sources
            .files
            .iter()
            .map(|(n, d)| Resource::new(n.clone(), "").digest("sha256", d.clone()))
            .collect();
        let mut options = BTreeMap::new();
        for (name, on) in [
            ("snapshot", r.snapshot),
            ("autoSnapshot", r.auto_snapshot),
            ("allowHooks", r.allow_hooks),
            ("fromCopy", r.from_copy),
            ("locked", r.locked),
            ("now", r.now),
        ] {
            if on {
                options.insert(name, Value::from(true));
            }
        }
        let mut list = |name, words: Vec<String>| {
            if !words.is_empty() {
                options.insert(name, json!(words));
            }
        };
        // What runs after everything changes nothing that is said here.
        list("skip", r.skip.iter().filter(|s| *s != "after").cloned().collect());
        list("id", r.ids.clone());
        list("target", r.targets.iter().map(ToString::to_string).collect());
        list("singleTarget", r.single_target.iter().map(ToString::to_string).collect());
        let mut targets: Vec<_> = self.plan.steps.iter().filter_map(|s| s.target).collect();
        targets.sort_unstable();
        targets.dedup();
        let targets: Vec<String> = targets.iter().map(ToString::to_string).collect();
        json!({
            "command": r.command,
            "configuration": configuration,
            "options": options,
            "source": materials::source(self),
            "targets": targets,
            "version": self.plan.project.version,
        })
    }

    /// The binaries inside the artifacts and the changelog, by their paths in dist/.
    fn byproducts(&self) -> Result<Vec<Resource>, Diagnostics> {
        let mut all = self.binaries();
        for step in self.plan.steps.iter().filter(|s| matches!(s.action, Action::Changelog(_))) {
            for o in step.outputs.iter().filter(|o| self.dist.join(&o.path).is_file()) {
                let sha256 = Digest::of_file(&self.dist.join(&o.path)).map_err(unreadable)?.to_hex();
                all.push(Resource::new(o.path.clone(), "").digest("sha256", sha256));
            }
        }
        Ok(all)
    }

    fn binaries(&self) -> Vec<Resource> {
        let values = lock(&self.values);
        let of = |step: &goferry_plan::graph::Step| match values.get(&step.id) {
            Some(StepValue::Verified(v)) => {
                let b = v.built().binary();
                let target = step.target.map_or_else(|| "darwin/all".to_owned(), |t| t.to_string());
                let r = Resource::new(b.path.clone(), "").digest("sha256", b.sha256.clone());
                Some(r.note("target", target))
            }
            _ => None,
        };
        self.plan.steps.iter().filter_map(of).collect()
    }
}

/// Every file that is handed to users, by the name under which they get it, and every image, sorted.
fn subjects(cx: &Execution<'_>) -> Result<Vec<Subject>, Diagnostics> {
    let mut out: BTreeMap<String, [u8; 32]> = BTreeMap::new();
    for step in &cx.plan.steps {
        for o in step.outputs.iter().filter(|o| o.kind.is_released()) {
            out.insert(o.name.clone(), digest(cx, &o.path)?);
        }
        let Action::Checksums(spec) = &step.action else { continue };
        for (name, path) in cx.extra_files(spec)? {
            let path = cx.project.root.join(path);
            out.insert(name, *Digest::of_file(&path).map_err(unreadable)?.as_bytes());
        }
        // Checksum files of extra files are known only now.
        let extra = match lock(&cx.values).get(&step.id) {
            Some(StepValue::Checksums { extra, .. }) => extra.clone(),
            _ => vec![],
        };
        for (_, _, own) in extra {
            out.insert(own.clone(), digest(cx, &own)?);
        }
    }
    let mut out: Vec<Subject> = out.into_iter().map(|(name, sha256)| Subject::new(name, sha256)).collect();
    for made in images(cx) {
        let hex = made.digest.rsplit(':').next().unwrap_or_default();
        out.extend(made.subjects().into_iter().map(|name| Subject::image(name, hex, &made.media_type)));
    }
    out.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(out)
}

/// The images of the release, in the plan's order.
fn images(cx: &Execution<'_>) -> Vec<MadeImage> {
    let values = lock(&cx.values);
    let of = |step: &goferry_plan::graph::Step| match values.get(&step.id) {
        Some(StepValue::Image(made)) => Some(made.clone()),
        _ => None,
    };
    cx.plan.steps.iter().filter_map(of).collect()
}

/// Taken while the file was written, where that is known; nothing is read twice.
fn digest(cx: &Execution<'_>, path: &str) -> Result<[u8; 32], Diagnostics> {
    if let Some(known) = cx.known_sha256(path).and_then(|hex| Digest::from_hex(&hex)) {
        return Ok(*known.as_bytes());
    }
    Ok(*Digest::of_file(&cx.dist.join(path)).map_err(unreadable)?.as_bytes())
}

fn unreadable(e: goferry_cache::CacheError) -> Diagnostics {
    Diagnostic::error(Code::Io, e.to_string()).into()
}

fn json_of(value: &impl Serialize) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}
