//! The accepted vulnerabilities: `[[scan.ignore]]`, and lists of other tools. Must not: judge.

use super::Asked;
use crate::session::Session;
use goferry_config::SourceText;
use goferry_config::model::{Scan, ScanIgnore};
use goferry_report::{Code, Diagnostic, Diagnostics, Label};
use goferry_scan::{Ignore, day, import};
use std::path::Path;

pub(super) fn gather(
    session: &Session,
    config: Option<&Scan>,
    asked: &Asked,
) -> Result<Vec<Ignore>, Diagnostics> {
    let mut problems = Diagnostics::default();
    let mut out = Vec::new();
    for item in config.iter().flat_map(|c| &c.ignore) {
        match of_config(item) {
            Ok(ignore) => out.push(ignore),
            Err(d) => problems.push(*d),
        }
    }
    let files = config.iter().flat_map(|c| c.ignore_files.iter().map(|t| Path::new(&t.value)));
    for file in files.chain(asked.ignore_files.iter().map(std::path::PathBuf::as_path)) {
        match of_file(&session.cwd, file) {
            Ok((ignores, said)) => {
                out.extend(ignores);
                said.into_iter().map(super::entry).for_each(|d| session.sink.diagnostic(d));
            }
            Err(found) => problems.append(found),
        }
    }
    if problems.has_errors() { Err(problems) } else { Ok(out) }
}

fn of_config(item: &ScanIgnore) -> Result<Ignore, Box<Diagnostic>> {
    let expires = day(&item.expires.value).map_err(|e| {
        let mut d = Diagnostic::error(Code::ConfigValue, format!("`scan.ignore.expires`: {e}"));
        d.labels.extend(item.expires.place.label(""));
        Box::new(d)
    })?;
    let text =
        |t: &Option<goferry_config::model::Text>| t.as_ref().map(|t| t.value.clone()).unwrap_or_default();
    Ok(Ignore {
        id: item.id.value.clone(),
        reason: item.reason.value.clone(),
        owner: text(&item.owner),
        expires,
        module: text(&item.module),
        version: String::new(),
        source: goferry_config::GOFERRY_FILE.to_owned(),
    })
}

pub(super) fn of_file(cwd: &Path, file: &Path) -> Result<(Vec<Ignore>, Vec<String>), Diagnostics> {
    let name = file.display().to_string();
    let text = std::fs::read_to_string(cwd.join(file))
        .map_err(|e| Diagnostic::error(Code::ConfigMissing, format!("{name} cannot be read: {e}")))?;
    let toml = file.extension().is_some_and(|e| e == "toml");
    let value = goferry_config::plain(SourceText { name: name.clone(), text }, toml)?;
    import(&name, &value).map_err(|e| {
        Diagnostic::error(Code::ConfigValue, format!("{name}: {e}")).label(Label::file(&name)).into()
    })
}
