//! CHANGELOG.md from the local git log.

use crate::steps::Execution;
use goferry_config::template::{Fields, Templates, Value};
use goferry_plan::graph::ChangelogSpec;
use goferry_report::{Code, Diagnostic, Diagnostics};
use goferry_toolchain::changelog::{ChangelogError, ChangelogRules, Entry, Group, Sort, render};
use goferry_toolchain::git;

/// goreleaser's entry for `use: git`, and for servers that know no logins here.
const FORMAT: &str = "{{ .SHA }} {{ .Message }}";

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
    let format = if spec.format.is_empty() { FORMAT } else { &spec.format };
    let body = render(&entries, &rules, |e, sha| templates.render(format, &fields(e, sha)));
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
    std::fs::write(&file, format!("{body}\n"))
        .map_err(|e| Diagnostics::from(*crate::dist::failure(&file, &e)))
}

fn fields(e: &Entry, sha: &str) -> Fields {
    let mut f = Fields::new();
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
    let logins: Vec<Value> = vec![];
    f.set("Logins", Value::from(logins));
    f
}
