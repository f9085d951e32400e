//! Archive steps: which binaries go together, what the files are called, which names collide.

use crate::builds::PlannedBinary;
use crate::draft::Draft;
use crate::fields::with_target;
use crate::graph::{
    Action, ArchiveSpec, ArchivedBinary, ArtifactKind, FileSpec, InfoSpec, Output, Stage, Step, StepId,
};
use crate::inside::outside;
use goferry_config::model::{Archive, Dialect, ExtraFile, FileInfo, FormatOverride, Text};
use goferry_config::template::{Fields, Value};
use goferry_report::{Code, Diagnostic};
use std::collections::BTreeMap;

const SUFFIX: &str = "{{ .Version }}_{{ .Os }}_{{ .Arch }}{{ with .Arm }}v{{ . }}{{ end }}{{ with .Mips }}_{{ . }}{{ end }}\
    {{ if not (eq .Amd64 \"v1\") }}{{ .Amd64 }}{{ end }}";

/// What goreleaser takes along when `files` is absent.
const DEFAULT_FILES: [&str; 6] = ["license*", "LICENSE*", "readme*", "README*", "changelog*", "CHANGELOG*"];

/// A file in dist that checksums cover.
#[derive(Clone, Debug)]
pub(crate) struct Uploadable {
    pub(crate) name: String,
    pub(crate) path: String,
    pub(crate) id: String,
    pub(crate) step: StepId,
}

pub(crate) fn steps(d: &Draft<'_>, binaries: &[PlannedBinary], steps: &mut Vec<Step>) -> Vec<Uploadable> {
    let made_up = [Archive::default()];
    let archives: &[Archive] = if d.config.archives.is_empty() { &made_up } else { &d.config.archives };
    let mut out: Vec<Uploadable> = vec![];
    let mut ids: Vec<String> = vec![];
    for a in archives {
        let id = d.render.opt(a.id.as_ref(), "default", &d.fields);
        if ids.contains(&id) {
            let mut diag = Diagnostic::error(Code::DuplicateId, format!("two archives have the id `{id}`"))
                .hint("give each archive an id of its own");
            if let Some(l) = a.place.label("the second") {
                diag = diag.label(l);
            }
            d.render.push(diag);
            continue;
        }
        ids.push(id.clone());
        archive(d, a, &id, binaries, steps, &mut out);
    }
    out
}

fn archive(
    d: &Draft<'_>,
    a: &Archive,
    id: &str,
    binaries: &[PlannedBinary],
    steps: &mut Vec<Step>,
    out: &mut Vec<Uploadable>,
) {
    let wanted = d.render.list(&a.ids, &d.fields);
    for w in &wanted {
        if !binaries.iter().any(|b| &b.id == w)
            && !d.builds.iter().any(|b| &b.id == w)
            && d.options.ids.is_empty()
        {
            let mut diag =
                Diagnostic::warning(Code::UnknownId, format!("archive `{id}`: no build has the id `{w}`"));
            if let Some(l) = a.place.label("") {
                diag = diag.label(l);
            }
            d.render.push(diag);
        }
    }
    if a.meta {
        for format in formats(d, a, None) {
            let group = Group { d, a, id, format: &format, members: vec![] };
            group.step(steps, out);
        }
        return;
    }
    let mut groups: BTreeMap<String, Vec<&PlannedBinary>> = BTreeMap::new();
    let mut order: Vec<String> = vec![];
    for b in binaries {
        if b.kind == ArtifactKind::None || !(wanted.is_empty() || wanted.contains(&b.id)) {
            continue;
        }
        let key = b.platform();
        if !groups.contains_key(&key) {
            order.push(key.clone());
        }
        groups.entry(key).or_default().push(b);
    }
    count_check(d, a, id, &groups);
    for key in order {
        let members = &groups[&key];
        let goos = members[0].target.map_or("darwin", |t| t.os.goos());
        for format in formats(d, a, Some(goos)) {
            if format == "binary" {
                for m in members {
                    Group { d, a, id, format: &format, members: vec![m] }.step(steps, out);
                }
            } else {
                Group { d, a, id, format: &format, members: members.clone() }.step(steps, out);
            }
        }
    }
}

/// goreleaser refuses archives of one item that would hold different numbers of binaries.
fn count_check(d: &Draft<'_>, a: &Archive, id: &str, groups: &BTreeMap<String, Vec<&PlannedBinary>>) {
    let mut counts: Vec<usize> = groups.values().map(Vec::len).collect();
    counts.sort_unstable();
    counts.dedup();
    if counts.len() < 2 || a.allow_different_binary_count {
        return;
    }
    let formats = formats(d, a, None);
    if formats.iter().all(|f| f == "binary") {
        return;
    }
    let detail: Vec<String> = groups
        .iter()
        .map(|(k, v)| format!("{k}: {}", v.iter().map(|b| b.binary.as_str()).collect::<Vec<_>>().join(", ")))
        .collect();
    let mut diag = Diagnostic::error(
        Code::BinaryCountDiffers,
        format!("archive `{id}` would hold different numbers of binaries on different platforms"),
    )
    .hint_with("if that is meant:", "allow_different_binary_count: true")
    .hint("else use `ids` to make one archive for each build");
    diag.notes = detail;
    if let Some(l) = a.place.label("") {
        diag = diag.label(l);
    }
    d.render.push(diag);
}

fn formats(d: &Draft<'_>, a: &Archive, goos: Option<&str>) -> Vec<String> {
    let over: Option<&FormatOverride> = a.format_overrides.iter().find(|o| {
        // goreleaser matches by prefix: `win` means windows; the first match counts.
        let wanted = d.render.text(&o.goos, &d.fields);
        goos.is_some_and(|g| !wanted.is_empty() && g.starts_with(wanted.as_str()))
    });
    let list = match over {
        Some(o) => d.render.list(&o.formats, &d.fields),
        None => d.render.list(&a.formats, &d.fields),
    };
    match (list.is_empty(), over) {
        (true, None) if d.config.dialect == Dialect::Native && goos == Some("windows") => {
            vec!["zip".to_owned()]
        }
        (true, _) => vec!["tar.gz".to_owned()],
        (false, _) => list.into_iter().filter(|f| f != "none").collect(),
    }
}

struct Group<'g, 'a> {
    d: &'g Draft<'a>,
    a: &'g Archive,
    id: &'g str,
    format: &'g str,
    members: Vec<&'g PlannedBinary>,
}

impl Group<'_, '_> {
    fn fields(&self) -> Fields {
        let mut f = match self.members.first() {
            Some(m) => with_target(&self.d.fields, m.target.as_ref()),
            None => self.d.fields.clone(),
        };
        if let Some(m) = self.members.first() {
            // An artifact's name is without its folder.
            let file = m.binary.rsplit('/').next().unwrap_or(&m.binary);
            let name = file.strip_suffix(&m.ext).unwrap_or(file);
            f.set("Binary", Value::from(name.to_owned()));
            f.set("ArtifactName", Value::from(file.to_owned()));
            f.set("ArtifactExt", Value::from(m.ext.clone()));
        }
        f.set("Format", Value::from(self.format.to_owned()));
        f
    }

    fn step(&self, steps: &mut Vec<Step>, out: &mut Vec<Uploadable>) {
        let (d, a) = (self.d, self.a);
        let fields = self.fields();
        let binary = self.format == "binary";
        let default = format!("{{{{ .{} }}}}_{SUFFIX}", if binary { "Binary" } else { "ProjectName" });
        let default = if a.meta { "{{ .ProjectName }}_{{ .Version }}".to_owned() } else { default };
        let folder = d.render.opt(a.name_template.as_ref(), &default, &fields);
        let ext = self.members.first().map_or("", |m| m.ext.as_str());
        let file = match (binary, self.format) {
            (true, _) => format!("{folder}{ext}"),
            (false, f) => format!("{folder}.{f}"),
        };
        self.check_name(&file, out);
        if !binary && let Some(mut diag) = outside(&file) {
            diag.labels.extend(a.name_template.as_ref().map_or(&a.place, |t| &t.place).label(""));
            d.render.push(diag);
        }
        self.check_members();
        let platform = self.members.first().map_or_else(|| "meta".to_owned(), |m| m.platform());
        let mut step_id = format!("archive/{}/{platform}/{}", self.id, self.format);
        if binary {
            step_id = format!("{step_id}/{}", self.members[0].path);
        }
        let step_id = StepId(step_id);
        let path = if binary { self.members[0].path.clone() } else { file.clone() };
        let kind = if binary { ArtifactKind::UploadableBinary } else { ArtifactKind::Archive };
        let spec = ArchiveSpec {
            id: self.id.to_owned(),
            format: self.format.to_owned(),
            file: file.clone(),
            binaries: self.binaries(),
            files: if binary { vec![] } else { self.files(&fields) },
            wrap: if binary { String::new() } else { self.wrap(&folder, &fields) },
            builds_info: info(d, &a.builds_info, &fields),
            // Without a repository there is no commit's time, and no archive can say a year before 1970.
            default_mtime: d.facts.clock.unix.max(0),
            third_party_licenses: d.config.sbom.third_party_licenses && !binary && !self.members.is_empty(),
            replaces: self.members.iter().any(|m| m.replaces),
        };
        let mut needs: Vec<StepId> = spec.binaries.iter().map(|b| b.verified.clone()).collect();
        needs.dedup();
        out.push(Uploadable {
            name: file.clone(),
            path: path.clone(),
            id: self.id.to_owned(),
            step: step_id.clone(),
        });
        steps.push(Step {
            id: step_id,
            stage: Stage::Archive,
            target: self.members.first().and_then(|m| m.target),
            needs,
            action: Action::Archive(spec),
            outputs: vec![Output { path, name: file, kind }],
            cacheable: !binary,
        });
    }

    fn check_name(&self, file: &str, out: &[Uploadable]) {
        if file.is_empty() || file.starts_with('.') && self.a.name_template.is_some() {
            return;
        }
        if !out.iter().any(|u| u.name == file) {
            return;
        }
        let mut diag = Diagnostic::error(
            Code::ArchiveNameCollision,
            format!("two artifacts would be called {file}"),
        )
        .hint("put what tells them apart into name_template: {{ .Arm64 }}, {{ .I386 }}, {{ .Ppc64 }}, {{ .Riscv64 }}, {{ .Binary }} or the id");
        if let Some(l) = self.a.name_template.as_ref().map_or(&self.a.place, |t| &t.place).label("") {
            diag = diag.label(l);
        }
        self.d.render.push(diag);
    }

    /// GO386, GOARM64, GOPPC64 and GORISCV64 variants land in one archive, where their names must differ.
    fn check_members(&self) {
        let binaries = self.binaries();
        for (i, b) in binaries.iter().enumerate() {
            if binaries[..i].iter().any(|a| a.name == b.name) {
                let mut diag = Diagnostic::error(
                    Code::ArchiveNameCollision,
                    format!("archive `{}` would hold two files called {}: {}", self.id, b.name, b.path),
                )
                .hint("give each variant a build and an archive of its own (`ids`), or put the variant into `binary`");
                if let Some(l) = self.a.place.label("") {
                    diag = diag.label(l);
                }
                self.d.render.push(diag);
            }
        }
    }

    fn binaries(&self) -> Vec<ArchivedBinary> {
        self.members
            .iter()
            .map(|m| ArchivedBinary {
                verified: m.verified.clone(),
                path: m.path.clone(),
                binary: m.binary.clone(),
                name: match self.a.strip_binary_directory {
                    true => m.binary.rsplit('/').next().unwrap_or(&m.binary).to_owned(),
                    false => m.binary.clone(),
                },
            })
            .collect()
    }

    /// `wrap_in_directory`: `true` means the archive's own name, a text is a template of the folder.
    fn wrap(&self, folder: &str, fields: &Fields) -> String {
        match self.d.render.opt(self.a.wrap_in_directory.as_ref(), "", fields).as_str() {
            "" | "false" => String::new(),
            "true" => folder.to_owned(),
            name => name.to_owned(),
        }
    }

    fn files(&self, fields: &Fields) -> Vec<FileSpec> {
        match &self.a.files {
            Some(list) => list.iter().map(|f| file_spec(self.d, f, fields)).collect(),
            None => DEFAULT_FILES
                .iter()
                .map(|p| FileSpec {
                    src: (*p).to_owned(),
                    dst: String::new(),
                    strip_parent: false,
                    info: InfoSpec::default(),
                    default: true,
                })
                .collect(),
        }
    }
}

pub(crate) fn file_spec(d: &Draft<'_>, f: &ExtraFile, fields: &Fields) -> FileSpec {
    FileSpec {
        src: d.render.text(&f.src, fields),
        dst: d.render.opt(f.dst.as_ref(), "", fields),
        strip_parent: f.strip_parent,
        info: info(d, &f.info, fields),
        default: f.default,
    }
}

fn info(d: &Draft<'_>, i: &FileInfo, fields: &Fields) -> InfoSpec {
    let text = |t: &Option<Text>| d.render.opt(t.as_ref(), "", fields);
    InfoSpec {
        owner: text(&i.owner),
        group: text(&i.group),
        mode: i.mode,
        mtime: d.render.unix(i.mtime.as_ref(), fields),
    }
}
