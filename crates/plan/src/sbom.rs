//! SBOM steps: goferry's own documents, and goreleaser's `sboms`.
//!
//! goreleaser's rules (2.15.1, internal/pipe/sbom): `$name` and `${name}` are expanded first and templates after; paths are
//! relative to dist, where the command runs; `artifacts: any` runs once for no artifact in particular.

mod syft;

use crate::archives::Uploadable;
use crate::builds::PlannedBinary;
use crate::draft::Draft;
use crate::fields::with_target;
use crate::graph::{
    Action, ArtifactKind, InstalledProgram, LinuxPackageSpec, Output, SbomBy, SbomCommand, SbomFile,
    SbomSpec, Stage, Step, StepId,
};
use goferry_config::model::{SbomItem, Text};
use goferry_config::template::{Fields, Value, expand_shell};
use goferry_report::{Code, Diagnostic};
use std::collections::BTreeMap;

const DOCUMENT: &str = "{{ .ArtifactName }}.sbom.json";
const BINARY_DOCUMENT: &str = "{{ .Binary }}_{{ .Version }}_{{ .Os }}_{{ .Arch }}.sbom.json";
/// Whatever is handed to users as it is, besides documents.
const SHIPPED: [ArtifactKind; 4] =
    [ArtifactKind::Archive, ArtifactKind::UploadableBinary, ArtifactKind::LinuxPackage, ArtifactKind::Source];
const SYFT: [&str; 5] = ["$artifact", "--output", "spdx-json=$document", "--enrich", "all"];

/// Documents of everything that was planned so far; they are uploadables themselves.
pub(crate) fn steps(
    d: &Draft<'_>,
    binaries: &[PlannedBinary],
    steps: &mut Vec<Step>,
    uploadables: &mut Vec<Uploadable>,
) {
    let before = steps.len();
    match d.config.sboms.is_empty() {
        true if !d.options.skips("sbom") => own(d, binaries, steps),
        false if !d.options.skips("sboms") => configured(d, binaries, steps),
        _ => {}
    }
    for step in &steps[before..] {
        let Action::Sbom(spec) = &step.action else { continue };
        for o in &step.outputs {
            uploadables.push(Uploadable {
                name: o.name.clone(),
                path: o.path.clone(),
                id: spec.id.clone(),
                step: step.id.clone(),
            });
        }
    }
}

/// Something that gets a document.
struct Subject {
    name: String,
    /// Relative to dist.
    path: String,
    id: String,
    fields: Fields,
    programs: Vec<(StepId, String)>,
    holds: Vec<String>,
    /// The same programs by their paths in dist.
    paths: Vec<String>,
    step: StepId,
    /// It is a program itself, not a file with programs in it.
    program: bool,
}

impl Subject {
    fn files(&self) -> Vec<SbomFile> {
        let file = SbomFile { name: self.name.clone(), path: self.path.clone(), holds: self.holds.clone() };
        if self.program { vec![] } else { vec![file] }
    }

    /// As a document about the whole release has it, where programs are named by their paths.
    fn files_of_release(&self) -> Vec<SbomFile> {
        self.files().into_iter().map(|f| SbomFile { holds: self.paths.clone(), ..f }).collect()
    }
}

/// Archives, programs that are released as such, the source archive: whatever the steps so far make of these kinds.
fn subjects(
    d: &Draft<'_>,
    binaries: &[PlannedBinary],
    steps: &[Step],
    kinds: &[ArtifactKind],
) -> Vec<Subject> {
    let mut out = vec![];
    for step in steps {
        let Some(output) = step.outputs.iter().find(|o| kinds.contains(&o.kind)) else { continue };
        let mut fields = with_target(&d.fields, step.target.as_ref());
        fields.set("ArtifactName", Value::from(output.name.clone()));
        let (id, programs, program) = match &step.action {
            Action::Archive(a) => {
                let programs = a.binaries.iter().map(|b| (b.verified.clone(), b.name.clone())).collect();
                (a.id.clone(), programs, a.format == "binary")
            }
            Action::LinuxPackage(p) => (p.id.clone(), installed(p, |i| i.dst.clone()), false),
            // Everything that is built of the sources.
            _ => (String::new(), of_all(binaries), false),
        };
        let programs: Vec<(StepId, String)> = match program {
            true => programs.into_iter().map(|(step, _)| (step, output.name.clone())).collect(),
            false => programs,
        };
        let archive = matches!(step.action, Action::Archive(_) | Action::LinuxPackage(_)) && !program;
        let holds = programs.iter().filter(|_| archive).map(|(_, n)| n.clone()).collect();
        let paths = match &step.action {
            Action::Archive(a) if archive => a.binaries.iter().map(|b| b.path.clone()).collect(),
            Action::LinuxPackage(p) => installed(p, |i| i.path.clone()).into_iter().map(|(_, p)| p).collect(),
            _ => vec![],
        };
        out.push(Subject {
            name: output.name.clone(),
            path: output.path.clone(),
            id,
            fields,
            programs,
            holds,
            paths,
            step: step.id.clone(),
            program,
        });
    }
    out
}

/// The programs and libraries of a package, each with its step and a name. A header is part of its library.
fn installed(p: &LinuxPackageSpec, name: impl Fn(&InstalledProgram) -> String) -> Vec<(StepId, String)> {
    let programs = p.programs.iter().filter(|i| i.kind != ArtifactKind::CHeader);
    programs.map(|i| (i.verified.clone(), name(i))).collect()
}

/// Every program by its path in dist; a part of a universal one that took its place is not shipped.
fn of_all(binaries: &[PlannedBinary]) -> Vec<(StepId, String)> {
    let shipped = binaries.iter().filter(|b| b.kind != ArtifactKind::None);
    shipped.map(|b| (b.verified.clone(), b.path.clone())).collect()
}

/// goferry's own: one for each artifact and one for the release, in each format.
fn own(d: &Draft<'_>, binaries: &[PlannedBinary], steps: &mut Vec<Step>) {
    let own = &d.config.sbom;
    let formats: Vec<String> = match &own.formats {
        Some(list) => list.iter().map(|t| t.value.clone()).collect(),
        None => vec!["cyclonedx".to_owned()],
    };
    if own.disable || formats.is_empty() || binaries.is_empty() {
        return;
    }
    let subjects = subjects(d, binaries, steps, &SHIPPED);
    let documents = |name: &str| {
        let ending = |f: &str| if f == "spdx" { "spdx.json" } else { "cdx.json" };
        formats.iter().map(|f| (f.clone(), format!("{name}.{}", ending(f)))).collect::<Vec<_>>()
    };
    let version = d.render.text(&Text::implied("{{ .Version }}".to_owned()), &d.fields);
    let release = format!("{}_{version}", d.name);
    let mut planned: Vec<Step> = subjects.iter().map(|s| own_step(s, documents(&s.name))).collect();
    let spec = SbomSpec {
        id: "default".to_owned(),
        name: release.clone(),
        programs: of_all(binaries),
        files: subjects.iter().flat_map(Subject::files_of_release).collect(),
        by: SbomBy::Goferry { documents: documents(&release) },
    };
    let mut needs: Vec<StepId> = spec.programs.iter().map(|(s, _)| s.clone()).collect();
    needs.extend(subjects.iter().map(|s| s.step.clone()));
    needs.dedup();
    planned.push(step("sbom".to_owned(), spec, needs, None));
    for s in planned {
        add(d, s, steps);
    }
}

fn own_step(s: &Subject, documents: Vec<(String, String)>) -> Step {
    let spec = SbomSpec {
        id: "default".to_owned(),
        name: s.name.clone(),
        programs: s.programs.clone(),
        files: s.files(),
        by: SbomBy::Goferry { documents },
    };
    step(format!("sbom/{}", s.name), spec, needs(s), None)
}

fn needs(s: &Subject) -> Vec<StepId> {
    let mut out: Vec<StepId> = s.programs.iter().map(|(step, _)| step.clone()).collect();
    out.push(s.step.clone());
    out.dedup();
    out
}

fn step(id: String, spec: SbomSpec, needs: Vec<StepId>, names: Option<Vec<String>>) -> Step {
    let paths: Vec<String> = match (&spec.by, names) {
        (_, Some(names)) => names,
        (SbomBy::Goferry { documents }, None) => documents.iter().map(|(_, p)| p.clone()).collect(),
        (SbomBy::Command(c), None) => c.documents.clone(),
    };
    let base = |p: &str| p.rsplit('/').next().unwrap_or(p).to_owned();
    let outputs = paths.into_iter().map(|path| Output { name: base(&path), path, kind: ArtifactKind::Sbom });
    Step {
        id: StepId(id),
        stage: Stage::Sbom,
        target: None,
        needs,
        outputs: outputs.collect(),
        action: Action::Sbom(spec),
        cacheable: false,
    }
}

/// Adds a step, unless it would write over what another one makes.
fn add(d: &Draft<'_>, step: Step, steps: &mut Vec<Step>) {
    let made = |path: &str| steps.iter().flat_map(|s| &s.outputs).any(|o| o.path == path);
    if let Some(twice) = step.outputs.iter().find(|o| made(&o.path)) {
        let message = format!("{}: {} would be written over", step.id, twice.path);
        d.render.push(
            Diagnostic::error(Code::ArchiveNameCollision, message)
                .hint("put `{{ .ArtifactName }}` into `documents` of the item in `sboms`"),
        );
        return;
    }
    steps.push(step);
}

/// goreleaser's `sboms`.
fn configured(d: &Draft<'_>, binaries: &[PlannedBinary], steps: &mut Vec<Step>) {
    let mut ids = vec![];
    let made = steps.clone();
    for item in &d.config.sboms {
        let id = d.render.opt(item.id.as_ref(), "default", &d.fields);
        if ids.contains(&id) {
            let diag =
                Diagnostic::error(Code::DuplicateId, format!("two items of `sboms` have the id `{id}`"));
            say(d, item, diag.hint("give each an id of its own"));
            continue;
        }
        ids.push(id.clone());
        if d.render.flag(item.disable.as_ref(), &d.fields) {
            continue;
        }
        let which = d.render.opt(item.artifacts.as_ref(), "archive", &d.fields);
        let planned = Item { d, item, id: &id, which: &which }.steps(binaries, &made);
        for s in planned {
            add(d, s, steps);
        }
    }
}

fn say(d: &Draft<'_>, item: &SbomItem, mut diag: Diagnostic) {
    diag.labels.extend(item.place.label(""));
    d.render.push(diag);
}

struct Item<'i, 'a> {
    d: &'i Draft<'a>,
    item: &'i SbomItem,
    id: &'i str,
    which: &'i str,
}

impl Item<'_, '_> {
    fn steps(&self, binaries: &[PlannedBinary], steps: &[Step]) -> Vec<Step> {
        let d = self.d;
        if self.which == "none" {
            return vec![];
        }
        if self.which == "any" {
            let needs = steps.iter().map(|s| s.id.clone()).collect();
            return self.any(binaries, steps, needs).into_iter().collect();
        }
        if self.item.documents.as_ref().is_some_and(|l| l.len() > 1) {
            let message =
                format!("`sboms` item `{}`: several documents go with `artifacts: any` alone", self.id);
            say(d, self.item, Diagnostic::error(Code::ConfigValue, message));
            return vec![];
        }
        let wanted = d.render.list(&self.item.ids, &d.fields);
        let mut subjects = match self.which {
            "binary" => self.binaries(binaries),
            "source" => subjects(d, binaries, steps, &[ArtifactKind::Source]),
            "archive" => subjects(d, binaries, steps, &[ArtifactKind::Archive]),
            "package" => subjects(d, binaries, steps, &[ArtifactKind::LinuxPackage]),
            _ => vec![],
        };
        subjects.retain(|s| wanted.is_empty() || s.id.is_empty() || wanted.contains(&s.id));
        if subjects.is_empty() {
            let message =
                format!("`sboms` item `{}`: there is no artifact of the kind `{}`", self.id, self.which);
            say(d, self.item, Diagnostic::warning(Code::ConfigValue, message));
        }
        subjects.iter().map(|s| self.of(s)).collect()
    }

    fn binaries(&self, binaries: &[PlannedBinary]) -> Vec<Subject> {
        let shipped = binaries.iter().filter(|b| b.kind != ArtifactKind::None);
        let subject = |b: &PlannedBinary| {
            let mut fields = with_target(&self.d.fields, b.target.as_ref());
            let file = b.binary.rsplit('/').next().unwrap_or(&b.binary);
            fields.set("ArtifactName", Value::from(file.to_owned()));
            fields.set("ArtifactExt", Value::from(b.ext.clone()));
            fields.set("Binary", Value::from(file.strip_suffix(&b.ext).unwrap_or(file).to_owned()));
            Subject {
                name: file.to_owned(),
                path: b.path.clone(),
                id: b.id.clone(),
                fields,
                programs: vec![(b.verified.clone(), file.to_owned())],
                holds: vec![],
                paths: vec![],
                step: b.verified.clone(),
                program: true,
            }
        };
        shipped.map(subject).collect()
    }

    fn of(&self, s: &Subject) -> Step {
        let mut env: BTreeMap<String, String> = BTreeMap::new();
        env.insert("artifact".to_owned(), s.path.clone());
        env.insert("artifactID".to_owned(), s.id.clone());
        let documents = self.documents(&mut env, &s.fields);
        let by = self.by(env, &s.fields, documents.clone(), Some(&s.path));
        let spec = SbomSpec {
            id: self.id.to_owned(),
            name: s.name.clone(),
            programs: s.programs.clone(),
            files: s.files(),
            by,
        };
        let own = if s.program { &s.path } else { &s.name };
        step(format!("sbom/{}/{own}", self.id), spec, needs(s), Some(documents))
    }

    /// One run for no artifact in particular: the command says itself what it looks at.
    fn any(&self, binaries: &[PlannedBinary], steps: &[Step], needs: Vec<StepId>) -> Option<Step> {
        let d = self.d;
        let mut env: BTreeMap<String, String> = BTreeMap::new();
        let documents = self.documents(&mut env, &d.fields);
        let by = self.by(env, &d.fields, documents.clone(), None);
        let files =
            subjects(d, binaries, steps, &SHIPPED).iter().flat_map(Subject::files_of_release).collect();
        let spec =
            SbomSpec { id: self.id.to_owned(), name: d.name.clone(), programs: of_all(binaries), files, by };
        Some(step(format!("sbom/{}", self.id), spec, needs, Some(documents)))
    }

    /// Names of the documents relative to dist, put into the variables too.
    fn documents(&self, env: &mut BTreeMap<String, String>, fields: &Fields) -> Vec<String> {
        let default = match self.which {
            "any" => vec![],
            "binary" => vec![Text::implied(BINARY_DOCUMENT.to_owned())],
            _ => vec![Text::implied(DOCUMENT.to_owned())],
        };
        let texts = self.item.documents.as_ref().unwrap_or(&default);
        let mut out = vec![];
        for (i, text) in texts.iter().enumerate() {
            let path = self.in_dist(&self.text(text, env, fields));
            env.insert(format!("document{i}"), path.clone());
            if i == 0 {
                env.insert("document".to_owned(), path.clone());
            }
            out.push(path);
        }
        out
    }

    /// A path as the command sees it, which runs in dist.
    fn in_dist(&self, path: &str) -> String {
        let (absolute, dist) = (self.d.host.abs(path), self.d.host.abs(&self.d.dist));
        match absolute.strip_prefix(&dist) {
            Some(inside) => inside.trim_start_matches('/').to_owned(),
            None => path.to_owned(),
        }
    }

    fn by(
        &self,
        env: BTreeMap<String, String>,
        fields: &Fields,
        documents: Vec<String>,
        artifact: Option<&str>,
    ) -> SbomBy {
        let program = self.item.cmd.as_ref().map_or("syft", |c| c.value.as_str());
        let program = self.text(&Text::implied(program.to_owned()), &env, fields);
        let default: Vec<Text> = match syft::is_syft(&program) {
            true => SYFT.iter().map(|a| Text::implied((*a).to_owned())).collect(),
            false => vec![],
        };
        let args = self.item.args.as_ref().unwrap_or(&default);
        let args: Vec<String> = args.iter().map(|a| self.text(a, &env, fields)).collect();
        if let Some(documents) = artifact.and_then(|a| syft::documents(&program, &args, a, &documents)) {
            return SbomBy::Goferry { documents };
        }
        let syfts = ["SYFT_FILE_METADATA_CATALOGER_ENABLED=true".to_owned()];
        let own = match &self.item.env {
            Some(list) => {
                list.iter().map(|t| self.d.render.text(t, &fields.with_env(self.whole(&env)))).collect()
            }
            None if syft::is_syft(&program) && matches!(self.which, "source" | "archive") => syfts.to_vec(),
            None => vec![],
        };
        SbomBy::Command(SbomCommand { program, args, env: own, documents })
    }

    fn text(&self, text: &Text, env: &BTreeMap<String, String>, fields: &Fields) -> String {
        let value = expand_shell(&text.value, &|name| env.get(name).cloned());
        let expanded = Text { value, place: text.place.clone() };
        self.d.render.text(&expanded, &fields.with_env(self.whole(env)))
    }

    fn whole(&self, own: &BTreeMap<String, String>) -> BTreeMap<String, String> {
        let mut all = self.d.env.clone();
        all.extend(own.iter().map(|(k, v)| (k.clone(), v.clone())));
        all
    }
}
