//! CHANGELOG.md from the local git log.

use crate::session::Inset;
use crate::steps::Execution;
use goferry_config::template::{Fields, TemplateError, Templates, Value};
use goferry_plan::graph::ChangelogSpec;
use goferry_report::{Code, Diagnostic, Diagnostics};
use goferry_toolchain::changelog::{Author, ChangelogError, ChangelogRules, Entry, Group, Sort, render};
use goferry_toolchain::git;
use std::collections::BTreeMap;

/// goreleaser's entry for `use: git`.
const GIT: &str = "{{ .SHA }} {{ .Message }}";
/// Its entry for servers; who has which login there is not known here.
const SERVER: &str = "{{ .SHA }}: {{ .Message }} ({{ with .AuthorUsername }}@{{ . }}{{ else }}{{ .AuthorName }} <{{ .AuthorEmail }}>{{ end }})";

/// Writes the file, header and footer included.
pub(crate) fn write(cx: &Execution<'_>, spec: &ChangelogSpec) -> Result<(), Diagnostics> {
    let path = cx.env.get("PATH").map(String::as_str).unwrap_or_default();
    let Some(program) = goferry_proc::find_program("git", Some(path.as_ref()), &cx.project.root) else {
        return Err(git::git_missing().into());
    };
    let entries =
        git::log(&cx.session.host, &program, &cx.project.root, &spec.from, &spec.to).map_err(|e| {
            Diagnostics::from(Diagnostic::error(Code::NoGit, format!("the changelog could not be made: {e}")))
        })?;
    let rules = ChangelogRules {
        sort: Sort::parse(&spec.sort).unwrap_or_default(),
        include: spec.include.clone(),
        exclude: spec.exclude.clone(),
        groups: spec
            .groups
            .iter()
            .map(|(title, regexp, order)| Group {
                title: title.clone(),
                regexp: regexp.clone(),
                order: *order,
            })
            .collect(),
        abbrev: spec.abbrev,
        hard_breaks: false,
    };
    let host = crate::templates::ProjectTemplates::new(
        cx.project.root.clone(),
        cx.env.clone(),
        cx.plan.project.clock.unix,
    );
    let templates = Templates::new(&host);
    let format = match (spec.format.as_str(), spec.r#use.as_str()) {
        ("", "git") => GIT,
        ("", _) => SERVER,
        (own, _) => own,
    };
    let body = render(&entries, &rules, |e, sha| templates.render(format, &fields(cx.fields, e, sha)));
    let body = body.map_err(|e| {
        Diagnostics::from(match e {
            ChangelogError::Pattern { pattern, source } => Diagnostic::error(
                Code::ConfigValue,
                format!("changelog: `{pattern}` is not a regular expression: {source}"),
            ),
            ChangelogError::Format(e) => {
                Diagnostic::error(Code::TemplateError, format!("changelog.format fails: {}", e.message))
            }
        })
    })?;
    let file = cx.dist.join("CHANGELOG.md");
    let inset = |i: &Option<Inset>| match i {
        Some(i) if i.template => templates.render(&i.text, cx.fields).map(Some),
        Some(i) => Ok(Some(i.text.clone())),
        None => Ok(None),
    };
    let failed = |e: TemplateError| {
        Diagnostics::from(Diagnostic::error(
            Code::TemplateError,
            format!("the release header or footer fails: {}", e.message),
        ))
    };
    let header = inset(&cx.request.release_header).map_err(failed)?;
    let footer = inset(&cx.request.release_footer).map_err(failed)?;
    let parts: Vec<String> =
        [header, Some(body), footer].into_iter().flatten().filter(|t| !t.is_empty()).collect();
    let mut text = parts.join("\n\n");
    if !text.ends_with('\n') {
        text.push('\n');
    }
    std::fs::write(&file, text).map_err(|e| Diagnostics::from(*crate::dist::failure(&file, &e)))
}

fn fields(release: &Fields, e: &Entry, sha: &str) -> Fields {
    let mut f = release.clone();
    let author = e.author();
    for (k, v) in [
        ("SHA", sha),
        ("Message", e.message.as_str()),
        ("AuthorName", author.name.as_str()),
        ("AuthorEmail", author.email.as_str()),
        ("AuthorUsername", ""),
    ] {
        f.set(k, v);
    }
    f.set("Logins", Value::from(Vec::<Value>::new()));
    let person = |a: &Author| {
        let fields = [("Name", a.name.as_str()), ("Email", a.email.as_str()), ("Username", "")];
        Value::from(fields.into_iter().map(|(k, v)| (k.to_owned(), v)).collect::<BTreeMap<String, &str>>())
    };
    f.set("Authors", Value::from(e.authors.iter().map(person).collect::<Vec<_>>()));
    f
}
