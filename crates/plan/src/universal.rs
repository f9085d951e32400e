//! Universal binaries: the darwin binaries of one program, merged into one file.

use crate::builds::{PlannedBinary, hooks};
use crate::draft::Draft;
use crate::fields::with_target;
use crate::graph::{Action, ArtifactKind, Output, Stage, Step, StepId, UniversalSpec};
use goferry_config::model::Universal;
use goferry_config::template::Value;
use goferry_report::{Code, Diagnostic};
use goferry_target::Os;

/// The steps of one item of `universal_binaries`: one, or one for each program where the id is that of a pattern.
pub(crate) fn steps(
    d: &Draft<'_>,
    u: &Universal,
    index: usize,
    steps: &mut Vec<Step>,
    binaries: &mut Vec<PlannedBinary>,
) {
    let id = d.render.opt(u.id.as_ref(), &d.name, &d.fields);
    let ids = if u.ids.is_empty() { vec![id.clone()] } else { d.render.list(&u.ids, &d.fields) };
    let mut parts: Vec<PlannedBinary> = binaries
        .iter()
        .filter(|b| b.target.is_some_and(|t| t.os == Os::Darwin) && ids.contains(&b.id))
        .cloned()
        .collect();
    parts.sort_by_key(|b| b.target);
    if parts.is_empty() {
        let message = format!("universal binary `{id}`: no darwin binaries of {}", ids.join(", "));
        d.render.push(labelled(u, Diagnostic::warning(Code::UnknownId, message)));
        return;
    }
    if u.replace {
        for b in binaries.iter_mut().filter(|b| parts.iter().any(|p| p.built == b.built)) {
            b.kind = ArtifactKind::None;
        }
    }
    let mut programs: Vec<Option<String>> = parts.iter().map(|p| p.program.clone()).collect();
    programs.sort();
    programs.dedup();
    for program in programs {
        let of_it: Vec<&PlannedBinary> = parts.iter().filter(|p| p.program == program).collect();
        one_program(d, u, &id, &of_it);
        let item = Item { d, u, id: &id, index, parts: of_it };
        let (step, binary) = item.step();
        steps.push(step);
        binaries.push(binary);
    }
}

/// Two builds for one machine are two programs, of which only the first would ever run.
fn one_program(d: &Draft<'_>, u: &Universal, id: &str, parts: &[&PlannedBinary]) {
    let arch = |b: &PlannedBinary| b.target.map(|t| t.arch.kind());
    let twice = parts.iter().enumerate().find_map(|(i, b)| {
        let other = parts[..i].iter().find(|a| a.id != b.id && arch(a) == arch(b))?;
        Some((&other.id, &b.id, arch(b)?.goarch()))
    });
    if let Some((a, b, arch)) = twice {
        let message = format!("universal binary `{id}`: builds `{a}` and `{b}` are both for darwin/{arch}");
        let diag = Diagnostic::error(Code::ConfigValue, message)
            .hint("make one item of universal_binaries for each program, with `ids` of its builds alone");
        d.render.push(labelled(u, diag));
    }
}

fn labelled(u: &Universal, diag: Diagnostic) -> Diagnostic {
    match u.place.label("") {
        Some(l) => diag.label(l),
        None => diag,
    }
}

/// One merged file.
struct Item<'i, 'a> {
    d: &'i Draft<'a>,
    u: &'i Universal,
    id: &'i str,
    index: usize,
    parts: Vec<&'i PlannedBinary>,
}

impl Item<'_, '_> {
    fn step(&self) -> (Step, PlannedBinary) {
        let (d, u, id) = (self.d, self.u, self.id);
        let mut fields = with_target(&d.fields, None);
        // The project's name would be that of all programs of a pattern.
        let several = self.parts[0].program.as_ref().map(|_| self.parts[0].binary.clone());
        if let Some(binary) = &several {
            fields.set("Binary", Value::from(binary.clone()));
        }
        let default = if several.is_some() { "{{ .Binary }}" } else { "{{ .ProjectName }}" };
        let name = d.render.opt(u.name_template.as_ref(), default, &fields);
        let folder = format!("{id}_darwin_all");
        let mut own = if self.index == 0 { folder.clone() } else { format!("{folder}#{}", self.index) };
        if several.is_some() {
            own = format!("{own}/{name}");
        }
        let path = format!("{folder}/{name}");
        let absolute = d.host.abs(&format!("{}/{path}", d.dist));
        for (k, v) in [
            ("Name", name.clone()),
            ("Binary", name.clone()),
            ("Ext", String::new()),
            ("ArtifactName", name.clone()),
            ("Path", absolute.clone()),
            ("ArtifactPath", absolute),
        ] {
            fields.set(k, Value::from(v));
        }
        let spec = UniversalSpec {
            id: id.to_owned(),
            parts: self.parts.iter().map(|p| p.built.clone()).collect(),
            binary: name.clone(),
            replace: u.replace,
            hooks_pre: hooks(d, &u.hooks_pre, &fields, "pre-hooks"),
            hooks_post: hooks(d, &u.hooks_post, &fields, "post-hooks"),
            mtime: d.render.unix(u.mod_timestamp.as_ref(), &fields),
        };
        let kind = ArtifactKind::UniversalBinary;
        let step = Step {
            needs: spec.parts.clone(),
            cacheable: false,
            id: StepId(format!("build/{own}")),
            stage: Stage::Build,
            target: None,
            action: Action::Universal(spec),
            outputs: vec![Output { path: path.clone(), name: name.clone(), kind }],
        };
        let binary = PlannedBinary {
            id: id.to_owned(),
            target: None,
            binary: name,
            ext: String::new(),
            path,
            verified: StepId(format!("verify/{own}")),
            built: step.id.clone(),
            kind,
            replaces: u.replace,
            program: self.parts[0].program.clone(),
        };
        (step, binary)
    }
}
