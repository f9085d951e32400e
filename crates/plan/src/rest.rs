//! The steps over all targets: source archive, changelog, checksums, metadata.

use crate::archives::{Uploadable, file_spec};
use crate::draft::Draft;
use crate::graph::{
    Action, ArtifactKind, ChangelogSpec, ChecksumSpec, Output, SourceSpec, Stage, Step, StepId,
};
use goferry_config::template::Value;
use goferry_report::{Code, Diagnostic};

pub(crate) fn source(d: &Draft<'_>, steps: &mut Vec<Step>, out: &mut Vec<Uploadable>) {
    let s = &d.config.source;
    if !s.enabled || d.options.skips("source") {
        return;
    }
    if !d.facts.has_repository {
        let mut diag = Diagnostic::warning(
            Code::NoGit,
            "no source archive: there is no git repository here to make it from",
        );
        if let Some(l) = s.place.label("") {
            diag = diag.label(l);
        }
        d.render.push(diag);
        return;
    }
    let name = d.render.opt(s.name_template.as_ref(), "{{ .ProjectName }}-{{ .Version }}", &d.fields);
    let format = d.render.opt(s.format.as_ref(), "tar.gz", &d.fields);
    let file = format!("{name}.{format}");
    let prefix = d.render.opt(s.prefix_template.as_ref(), "", &d.fields);
    let id = StepId("source".to_owned());
    let spec = SourceSpec {
        format,
        file: file.clone(),
        prefix,
        files: s.files.iter().map(|f| file_spec(d, f, &d.fields)).collect(),
    };
    out.push(Uploadable { name: file.clone(), path: file.clone(), id: String::new(), step: id.clone() });
    steps.push(Step {
        id,
        stage: Stage::Archive,
        target: None,
        needs: vec![],
        action: Action::Source(spec),
        outputs: vec![Output { path: file.clone(), name: file, kind: ArtifactKind::Source }],
        cacheable: false,
    });
}

/// goreleaser writes no changelog for a snapshot.
pub(crate) fn changelog(d: &Draft<'_>, steps: &mut Vec<Step>) {
    let c = &d.config.changelog;
    let off = d.options.own_notes
        || d.facts.snapshot
        || !d.facts.has_repository
        || d.options.skips("changelog")
        || d.render.flag(c.disable.as_ref(), &d.fields);
    if off {
        return;
    }
    let how = d.render.opt(c.r#use.as_ref(), "git", &d.fields);
    if how != "git" {
        let mut diag = Diagnostic::warning(
            Code::ChangelogFallback,
            format!("changelog.use: {how} asks a server; the changelog is made from the local git log"),
        );
        if let Some(l) = c.r#use.as_ref().and_then(|t| t.place.label("")) {
            diag = diag.label(l);
        }
        d.render.push(diag);
    }
    let spec = ChangelogSpec {
        r#use: how,
        format: c.format.as_ref().map(|t| t.value.clone()).unwrap_or_default(),
        sort: d.render.opt(c.sort.as_ref(), "", &d.fields),
        abbrev: c.abbrev.unwrap_or(0),
        include: d.render.list(&c.include, &d.fields),
        exclude: d.render.list(&c.exclude, &d.fields),
        groups: c
            .groups
            .iter()
            .map(|g| {
                (d.render.text(&g.title, &d.fields), d.render.opt(g.regexp.as_ref(), "", &d.fields), g.order)
            })
            .collect(),
        from: d.facts.vcs.previous_tag.clone(),
        to: d.facts.vcs.tag.clone(),
    };
    steps.push(Step {
        id: StepId("changelog".to_owned()),
        stage: Stage::Changelog,
        target: None,
        needs: vec![],
        action: Action::Changelog(spec),
        outputs: vec![Output {
            path: "CHANGELOG.md".to_owned(),
            name: "CHANGELOG.md".to_owned(),
            kind: ArtifactKind::None,
        }],
        cacheable: false,
    });
}

pub(crate) fn checksums(d: &Draft<'_>, uploadables: &[Uploadable], steps: &mut Vec<Step>) {
    let c = &d.config.checksum;
    if d.options.skips("checksum") || d.render.flag(c.disable.as_ref(), &d.fields) {
        return;
    }
    let ids = d.render.list(&c.ids, &d.fields);
    let algorithm = d.render.opt(c.algorithm.as_ref(), "sha256", &d.fields);
    let mut base = d.fields.clone();
    base.set("Algorithm", Value::from(algorithm.clone()));
    let mut files = vec![];
    let mut needs = vec![];
    let mut outputs = vec![];
    let mut output = |file: &str| {
        outputs.push(Output { path: file.to_owned(), name: file.to_owned(), kind: ArtifactKind::Checksum });
    };
    for u in uploadables {
        // The source archive has no id and is always covered.
        if !ids.is_empty() && !u.id.is_empty() && !ids.contains(&u.id) {
            continue;
        }
        let mut own = String::new();
        if c.split {
            let mut f = base.clone();
            f.set("ArtifactName", Value::from(u.name.clone()));
            // Only binaries have one.
            f.set("ArtifactExt", Value::from(String::new()));
            own = d.render.opt(c.name_template.as_ref(), "{{ .ArtifactName }}.{{ .Algorithm }}", &f);
            output(&own);
        }
        needs.push(u.step.clone());
        files.push((u.name.clone(), u.path.clone(), own));
    }
    let file = match c.split {
        true => String::new(),
        false => {
            let default = "{{ .ProjectName }}_{{ .Version }}_checksums.txt";
            let f = d.render.opt(c.name_template.as_ref(), default, &base);
            output(&f);
            f
        }
    };
    collide(d, uploadables, &outputs);
    let extra = c
        .extra_files
        .iter()
        .map(|e| (d.render.text(&e.glob, &d.fields), d.render.opt(e.name_template.as_ref(), "", &d.fields)))
        .collect::<Vec<_>>();
    if files.is_empty() && extra.is_empty() {
        return;
    }
    steps.push(Step {
        id: StepId("checksums".to_owned()),
        stage: Stage::Checksum,
        target: None,
        needs,
        action: Action::Checksums(ChecksumSpec { algorithm, split: c.split, files, file, extra }),
        outputs,
        cacheable: false,
    });
}

fn collide(d: &Draft<'_>, uploadables: &[Uploadable], outputs: &[Output]) {
    for (i, o) in outputs.iter().enumerate() {
        let twice =
            outputs[..i].iter().any(|p| p.path == o.path) || uploadables.iter().any(|u| u.name == o.path);
        if twice {
            let mut diag = Diagnostic::error(
                Code::ArchiveNameCollision,
                format!("two artifacts would be called {}", o.path),
            )
            .hint("put `{{ .ArtifactName }}` into checksum.name_template");
            if let Some(l) = d.config.checksum.name_template.as_ref().and_then(|t| t.place.label("")) {
                diag = diag.label(l);
            }
            d.render.push(diag);
        }
    }
}

/// Always the last step: it lists what all others made.
pub(crate) fn metadata(steps: &mut Vec<Step>) {
    let needs = steps.iter().map(|s| s.id.clone()).collect();
    let file = |name: &str| Output {
        path: name.to_owned(),
        name: name.to_owned(),
        kind: if name == "metadata.json" { ArtifactKind::Metadata } else { ArtifactKind::None },
    };
    steps.push(Step {
        id: StepId("metadata".to_owned()),
        stage: Stage::Metadata,
        target: None,
        needs,
        action: Action::Metadata,
        outputs: vec![file("metadata.json"), file("artifacts.json")],
        cacheable: false,
    });
}
