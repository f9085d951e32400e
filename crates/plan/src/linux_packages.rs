//! Package steps: goreleaser's `nfpms` and goferry's own `[[package]]`.
//!
//! goreleaser's rules (2.15.1, internal/pipe/nfpm): one package for each format and platform; what a format does not have is left out
//! without a word; settings of `overrides` replace those of all formats. Unlike 2.15.1, and like 2.18, `overrides` also change
//! name, epoch, release and prerelease.

mod contents;
mod place;
mod relations;
mod settings;

use crate::archives::Uploadable;
use crate::builds::PlannedBinary;
use crate::draft::Draft;
use crate::graph::{Action, ArtifactKind, LinuxPackageSpec, Output, Stage, Step, StepId};
use crate::inside::outside;
use crate::package_names::{FORMATS, debian_version, version};
use goferry_config::model::{LinuxPackage, PackageSettings, Text};
use goferry_report::{Code, Diagnostic};
use goferry_target::{Arch, Os};
use place::Place;
use settings::Making;
use std::collections::BTreeMap;

/// What `[[package]]` makes where it says nothing; goreleaser makes nothing then.
const NATIVE_FORMATS: [&str; 3] = ["deb", "rpm", "apk"];

/// Packages of everything that was built, into the steps and what is released.
pub(crate) fn steps(
    d: &Draft<'_>,
    binaries: &[PlannedBinary],
    steps: &mut Vec<Step>,
    out: &mut Vec<Uploadable>,
) {
    let mut ids: Vec<String> = vec![];
    for p in &d.config.packages {
        if d.options.skips(if p.native { "package" } else { "nfpms" }) {
            continue;
        }
        let id = d.render.opt(p.id.as_ref(), "default", &d.fields);
        if ids.contains(&id) {
            let diag = Diagnostic::error(Code::DuplicateId, format!("two packages have the id `{id}`"));
            say(d, p, diag.hint("give each an id of its own"));
            continue;
        }
        ids.push(id.clone());
        Item { d, p, id: &id }.steps(binaries, steps, out);
    }
}

fn say(d: &Draft<'_>, p: &LinuxPackage, mut diag: Diagnostic) {
    diag.labels.extend(p.place.label(""));
    d.render.push(diag);
}

/// One item of the configuration.
struct Item<'i, 'a> {
    d: &'i Draft<'a>,
    p: &'i LinuxPackage,
    id: &'i str,
}

/// What goes into one package.
pub(super) struct Group<'g> {
    /// GOOS; of a package without programs the one that it is made for.
    pub(super) os: &'g str,
    /// The programs and libraries, of one platform.
    pub(super) members: Vec<&'g PlannedBinary>,
}

impl Item<'_, '_> {
    fn steps(&self, binaries: &[PlannedBinary], steps: &mut Vec<Step>, out: &mut Vec<Uploadable>) {
        let formats = self.formats();
        if formats.is_empty() {
            return;
        }
        self.check();
        let groups = self.groups(binaries);
        if groups.is_empty() {
            self.nothing_to_pack();
        }
        let mut fitting = 0;
        for format in &formats {
            let common = match self.p.overrides.get(format) {
                Some(own) => self.p.common.with(own),
                None => self.p.common.clone(),
            };
            for group in &groups {
                let arm = group.members.first().and_then(|m| m.target).and_then(|t| match t.arch {
                    Arch::Arm(arm) => Some(arm.version),
                    _ => None,
                });
                let arch = group.members.first().and_then(|m| m.target).map(|t| t.arch);
                if let Some(place) = Place::of(format, group.os, arch, arm.map(|v| v.to_string())) {
                    fitting += 1;
                    self.package(format, &common, group, &place, steps, out);
                }
            }
        }
        if fitting == 0 && !groups.is_empty() && !self.chosen() {
            let what = formats.join(", ");
            let message = format!(
                "package `{}` makes nothing: {what} is for none of the targets that are built",
                self.id
            );
            say(self.d, self.p, Diagnostic::warning(Code::ConfigValue, message).hint(
                "archlinux is for amd64, 386, arm64 and ARMv7, termux.deb for Android, the others for Linux (rpm for AIX too, deb for iOS)",
            ));
        }
    }

    /// Whether somebody chose among what is built.
    fn chosen(&self) -> bool {
        let o = self.d.options;
        !o.ids.is_empty() || !o.only_targets.is_empty() || o.single_target.is_some()
    }

    fn formats(&self) -> Vec<String> {
        let asked = self.d.render.list(&self.p.formats, &self.d.fields);
        match (asked.is_empty(), self.p.native) {
            (true, true) => NATIVE_FORMATS.map(str::to_owned).to_vec(),
            (true, false) => {
                let message = format!("package `{}` names no formats, so none is made", self.id);
                let diag = Diagnostic::warning(Code::ConfigValue, message);
                say(self.d, self.p, diag.hint_with("say which, e.g.", "formats: [deb, rpm]"));
                vec![]
            }
            // What is no format was said when the configuration was read; a template may still give one.
            _ => asked.into_iter().filter(|f| FORMATS.contains(&f.as_str()) || self.unknown(f)).collect(),
        }
    }

    fn unknown(&self, format: &str) -> bool {
        if format != "msix" {
            let message = format!("package `{}`: there is no format `{format}`", self.id);
            let diag = Diagnostic::error(Code::ConfigValue, message);
            say(self.d, self.p, diag.hint(format!("allowed: {}", FORMATS.join(", "))));
        }
        false
    }

    /// What can be said without looking at programs.
    fn check(&self) {
        let (d, p) = (self.d, self.p);
        if p.maintainer.is_none() {
            let message = format!("package `{}` says nobody who maintains it", self.id);
            let diag = Diagnostic::warning(Code::ConfigValue, message);
            say(d, p, diag.hint_with("say who, e.g.", "maintainer: Jane Doe <jane@example.com>"));
        }
        for (format, own) in p.overrides.iter().filter(|(f, _)| !FORMATS.contains(&f.as_str())) {
            let message = format!("package `{}`: overrides of `{format}` change nothing", self.id);
            let mut diag = Diagnostic::warning(Code::ConfigValue, message);
            diag.labels.extend(own.place.label(""));
            d.render.push(diag.hint(format!("there are: {}", FORMATS.join(", "))));
        }
        for wanted in d.render.list(&p.ids, &d.fields) {
            if !d.builds.iter().any(|b| b.id == wanted) && d.options.ids.is_empty() {
                let message = format!("package `{}`: no build has the id `{wanted}`", self.id);
                say(d, p, Diagnostic::warning(Code::UnknownId, message));
            }
        }
    }

    /// goreleaser stops too; who chose among the targets meant what is left.
    fn nothing_to_pack(&self) {
        if self.chosen() {
            return;
        }
        let message = format!("package `{}`: nothing is built that a package could hold", self.id);
        let diag = Diagnostic::error(Code::ConfigValue, message)
            .hint("packages hold programs for Linux (android for termux, aix for rpm): look at `ids`, `goos` and `goamd64`")
            .hint_with("for a package that only needs others:", "meta: true");
        say(self.d, self.p, diag);
    }

    fn groups<'g>(&self, binaries: &'g [PlannedBinary]) -> Vec<Group<'g>> {
        if self.p.meta {
            return ["linux", "android"].map(|os| Group { os, members: vec![] }).into();
        }
        let (d, p) = (self.d, self.p);
        let (ids, levels) = (d.render.list(&p.ids, &d.fields), d.render.list(&p.goamd64, &d.fields));
        let mut order: Vec<String> = vec![];
        let mut groups: BTreeMap<String, Group<'g>> = BTreeMap::new();
        for b in binaries {
            let Some(t) = b.target.filter(|_| b.kind != ArtifactKind::None) else { continue };
            let level = match t.arch {
                Arch::Amd64(level) => levels.is_empty() || levels.contains(&level.to_string()),
                _ => true,
            };
            let packed = matches!(t.os, Os::Linux | Os::Ios | Os::Android | Os::Aix);
            if !(packed && level && (ids.is_empty() || ids.contains(&b.id))) {
                continue;
            }
            let key = b.platform();
            if !order.contains(&key) {
                order.push(key.clone());
            }
            let group = groups.entry(key).or_insert_with(|| Group { os: t.os.goos(), members: vec![] });
            group.members.push(b);
        }
        order.iter().filter_map(|key| groups.remove(key)).collect()
    }

    fn package(
        &self,
        format: &str,
        common: &PackageSettings,
        group: &Group<'_>,
        place: &Place,
        steps: &mut Vec<Step>,
        out: &mut Vec<Uploadable>,
    ) {
        let making = Making::new(self.d, self.p, self.id, format, common, group, place);
        if self.p.condition.is_some() && !self.d.render.flag(self.p.condition.as_ref(), &making.fields) {
            return;
        }
        let spec = making.spec();
        self.check_name(&spec.file, common.file_name_template.as_ref(), out);
        self.check_programs(&spec);
        self.check_version(&spec);
        let platform = group.members.first().map_or_else(|| format!("{}_all", group.os), |m| m.platform());
        let step = StepId(format!("package/{}/{platform}/{format}", self.id));
        let name = spec.file.clone();
        out.push(Uploadable {
            name: name.clone(),
            path: name.clone(),
            id: self.id.to_owned(),
            step: step.clone(),
        });
        let mut needs: Vec<StepId> = spec.programs.iter().map(|p| p.verified.clone()).collect();
        needs.dedup();
        steps.push(Step {
            id: step,
            stage: Stage::LinuxPackage,
            target: group.members.first().and_then(|m| m.target),
            needs,
            action: Action::LinuxPackage(Box::new(spec)),
            outputs: vec![Output { path: name.clone(), name, kind: ArtifactKind::LinuxPackage }],
            cacheable: true,
        });
    }

    /// goreleaser writes one over the other.
    fn check_name(&self, file: &str, template: Option<&Text>, out: &[Uploadable]) {
        let place = template.map_or(&self.p.place, |t| &t.place);
        if let Some(mut diag) = outside(file) {
            diag.labels.extend(place.label(""));
            self.d.render.push(diag);
        }
        if !out.iter().any(|u| u.name == file) {
            return;
        }
        let message = format!("two artifacts would be called {file}");
        let mut diag = Diagnostic::error(Code::ArchiveNameCollision, message).hint(
            "put what tells them apart into file_name_template: {{ .Arm }}, {{ .Amd64 }}, {{ .PackageName }}; or leave a level out with `goamd64` or `ids`",
        );
        diag.labels.extend(place.label(""));
        self.d.render.push(diag);
    }

    /// goreleaser releases debs that dpkg refuses. Nobody installs a snapshot's from an archive.
    fn check_version(&self, spec: &LinuxPackageSpec) {
        let version = version(&spec.format, (&spec.name).into());
        let Some(why) = debian_version(&version).err().filter(|_| spec.format.ends_with("deb")) else {
            return;
        };
        let message = format!("package `{}`: dpkg refuses its deb: {why}", self.id);
        let diag = match self.d.facts.snapshot {
            true => Diagnostic::warning(Code::ConfigValue, message).hint_with(
                "for snapshots, e.g.",
                "snapshot: {version_template: '{{ incpatch .Version }}-{{ .ShortCommit }}'}",
            ),
            false => Diagnostic::error(Code::ConfigValue, message),
        };
        say(self.d, self.p, diag);
    }

    fn check_programs(&self, spec: &LinuxPackageSpec) {
        for (i, b) in spec.programs.iter().enumerate() {
            if let Some(a) = spec.programs[..i].iter().find(|a| a.dst == b.dst) {
                let message = format!(
                    "package `{}` would install two files as {}: {} and {}",
                    self.id, b.dst, a.path, b.path
                );
                let diag = Diagnostic::error(Code::ArchiveNameCollision, message);
                say(
                    self.d,
                    self.p,
                    diag.hint(
                        "give each variant a package of its own (`ids`), or the programs names of their own",
                    ),
                );
            }
        }
    }
}
