//! Second half of planning: host facts in, the graph out, with every problem found on the way.

use crate::draft::Draft;
use crate::facts::{HostFacts, Program, RunnerFact};
use crate::graph::{Plan, Project, Stage, Step};
use crate::{archives, builds, images, inside, linux_packages, provenance, rest, sbom, scans, sign, vex};
use goferry_report::{Code, Diagnostic, Diagnostics};

impl Draft<'_> {
    /// The plan and everything that is wrong with it; it may only be run if nothing is an error.
    pub fn finish(&self, host: &HostFacts) -> (Plan, Diagnostics) {
        let mut steps = vec![];
        let binaries = builds::steps(self, host, &mut steps);
        if binaries.is_empty() && !self.render_has_errors() {
            self.render.push(self.nothing_to_build());
        }
        if self.options.images_only {
            let packages = self.packages_of_images(&binaries);
            images::steps(self, &binaries, &packages, &mut steps);
            // Of the packages only those are made that an image holds.
            let held = |p: &Step| steps.iter().any(|s| s.needs.contains(&p.id));
            let held: Vec<_> = packages.iter().filter(|p| held(p)).cloned().collect();
            steps.extend(held);
            self.some_image(&steps);
        } else if !self.options.build_only {
            scans::steps(self, &binaries, &mut steps);
            sign::binaries(self, &binaries, &mut steps);
            let mut uploadables = if self.options.skips("archives") {
                vec![]
            } else {
                archives::steps(self, &binaries, &mut steps)
            };
            linux_packages::steps(self, &binaries, &mut steps, &mut uploadables);
            sign::before_archives(&mut steps);
            let packages: Vec<_> = steps.iter().filter(|s| s.stage == Stage::LinuxPackage).cloned().collect();
            images::steps(self, &binaries, &packages, &mut steps);
            rest::source(self, &mut steps, &mut uploadables);
            rest::changelog(self, &mut steps);
            sbom::steps(self, &binaries, &mut steps, &mut uploadables);
            vex::step(self, &mut steps);
            rest::checksums(self, &uploadables, &mut steps);
            let signatures = sign::planned(self, &steps);
            let attester = sign::attester(self, &signatures, &steps);
            provenance::step(self, attester.as_ref(), &mut steps);
            sign::steps(self, signatures, attester.as_ref(), &mut steps);
        }
        rest::metadata(&mut steps);
        inside::all(&steps).into_iter().for_each(|d| self.render.push(d));
        let fields = &self.fields;
        let project = Project {
            name: self.name.clone(),
            version: self.version.clone(),
            snapshot: self.facts.snapshot,
            module_path: self.facts.module_path.clone(),
            source: self.facts.source.clone(),
            build_from: self.facts.build_from.clone(),
            vcs: self.facts.vcs.clone(),
            clock: self.facts.clock.clone(),
            dist: self.dist.clone(),
            metadata_unix: self.render.unix(self.config.metadata.mod_timestamp.as_ref(), fields),
            report_sizes: self.config.report_sizes,
        };
        (Plan { project, steps, notes: self.notes(host) }, self.render.take())
    }

    /// A configuration may mean to build nothing, e.g. for a source archive or a changelog, as in goreleaser; who
    /// chose among the targets and hit none did not.
    fn nothing_to_build(&self) -> Diagnostic {
        let o = self.options;
        let chosen =
            !o.ids.is_empty() || !o.only_targets.is_empty() || o.single_target.is_some() || o.build_only;
        let message = "nothing to build: every build is skipped or its matrix is empty";
        let d = match chosen || self.config.builds.is_empty() {
            true => Diagnostic::error(Code::UnknownTarget, message),
            false => Diagnostic::warning(Code::UnknownTarget, message),
        };
        d.hint("look at goos, goarch, ignore, skip, and at --id, --target and --single-target")
    }

    /// Packages that Dockerfiles may copy, where only images are asked for.
    fn packages_of_images(&self, binaries: &[builds::PlannedBinary]) -> Vec<Step> {
        let mut steps = vec![];
        if !(self.config.dockers.is_empty() && self.config.dockers_v2.is_empty()) {
            linux_packages::steps(self, binaries, &mut steps, &mut vec![]);
        }
        steps
    }

    fn some_image(&self, steps: &[Step]) {
        let is_image = |s: &Step| matches!(s.action, crate::graph::Action::Image(_));
        if !steps.iter().any(is_image) && !self.render_has_errors() {
            let d = Diagnostic::error(Code::ConfigValue, "no image is configured")
                .hint("goferry makes images of `kos`, `dockers_v2` and `dockers` in goreleaser's file and of `[[image]]` in goferry.toml")
                .hint_with("for every Linux target of the builds, in goferry.toml:", "[[image]]");
            self.render.push(d);
        }
    }

    fn render_has_errors(&self) -> bool {
        let found = self.render.take();
        let errors = found.has_errors();
        found.list.into_iter().for_each(|d| self.render.push(d));
        errors
    }

    fn notes(&self, host: &HostFacts) -> Vec<String> {
        let mut notes = vec![format!(
            "time is {} ({})",
            jiff::Timestamp::from_second(self.facts.clock.unix).unwrap_or_default(),
            self.facts.clock.source
        )];
        for (Program { id, main, target }, need) in &host.cgo {
            let of_pattern = self.builds.iter().any(|b| b.of_pattern && b.id == *id && b.main == *main);
            let name = if of_pattern { format!("{id} {main}") } else { id.clone() };
            if need.needed {
                notes.push(format!("{name} {target}: cgo is on: {}", need.reason));
            }
        }
        for (target, cc) in &host.ccs {
            if let Ok(cc) = cc {
                notes.push(format!("{target}: C compiler {}: {}", cc.cc, cc.reason));
            }
        }
        for (target, runner) in &host.runners {
            match runner {
                RunnerFact::Runs { name, reason, .. } => {
                    notes.push(format!("{target}: runs by {name}: {reason}"))
                }
                RunnerFact::NoRunner { reason } => notes.push(format!("{target}: is not run: {reason}")),
                RunnerFact::Missing { reason, .. } => {
                    notes.push(format!("{target}: cannot be run: {reason}"))
                }
            }
        }
        notes
    }
}
