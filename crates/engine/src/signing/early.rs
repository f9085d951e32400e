//! What a release will sign with, looked at before anything is built or removed.
//!
//! Must not: ask a service. Certificates last for minutes, so they are asked for when something is signed.

use super::service::check_services;
use super::token::Source;
use super::{Environment, Keys, key_text, named, now};
use crate::session::Session;
use goferry_config::Config;
use goferry_config::model::{SignItem, Text};
use goferry_plan::graph::{Action, NativeSign, Plan};
use goferry_report::{Code, Diagnostic, Diagnostics};
use goferry_supply::{SigningKey, SupplyError};
use std::collections::BTreeMap;
use std::path::Path;

impl Keys {
    /// Opens every key that a release will need, and looks for every identity token. With `hooks` still to run, a file that
    /// is not there may be made by them, and is passed over.
    pub(crate) fn open_all(
        &self,
        session: &Session,
        plan: &Plan,
        all: &BTreeMap<String, String>,
        hooks: bool,
    ) -> Result<(), Diagnostics> {
        let mut problems = Diagnostics::default();
        for native in natives(plan) {
            let env = Environment { own: &native.env, all };
            let found = match &native.key {
                Some(name) if hooks && to_come(session, name) => Ok(()),
                Some(name) => self.open(&session.cwd, name, &env, native.stdin.as_deref()).map(drop),
                None => token(session, native, &env, hooks),
            };
            let found = [found, check_services(native)].into_iter().filter_map(Result::err);
            for d in found.flat_map(|found| found.list) {
                if !problems.list.contains(&d) {
                    problems.push(d);
                }
            }
        }
        if problems.has_errors() { Err(problems) } else { Ok(()) }
    }
}

fn natives(plan: &Plan) -> impl Iterator<Item = &NativeSign> {
    plan.steps.iter().flat_map(|s| match &s.action {
        Action::Sign(spec) => spec.files.iter().filter_map(|f| f.by.native()).collect(),
        Action::Provenance(spec) => spec.by.iter().collect::<Vec<_>>(),
        _ => vec![],
    })
}

fn to_come(session: &Session, name: &str) -> bool {
    !name.starts_with("env://") && !session.cwd.join(name).exists()
}

fn token(
    session: &Session,
    native: &NativeSign,
    env: &Environment<'_>,
    hooks: bool,
) -> Result<(), Diagnostics> {
    let source = Source::find(session, native.token.as_deref(), env)?;
    match &source {
        Source::File(path) if hooks && !path.exists() => Ok(()),
        here => here.look(now()).map(drop),
    }
}

/// What can be said of the keys that a configuration names, without a password: a key that a release will have, and that is
/// not here, is a warning.
pub(crate) fn check(config: &Config, cwd: &Path, env: &BTreeMap<String, String>) -> Diagnostics {
    let items = config.signs.iter().chain(&config.binary_signs);
    let mut problems = Diagnostics::default();
    for text in config.sign.key.iter().cloned().chain(items.filter_map(key_of_cosign)) {
        // What a template gives is known in a release.
        if text.value.contains("{{") || text.value.contains('$') {
            continue;
        }
        if let Some(mut d) = key(&text.value, cwd, env) {
            d.labels.extend(text.place.label("").map(|mut label| {
                // The line has it as it is written, escaped.
                label.excerpt = label.excerpt.filter(|_| named::may_be_shown(&text.value));
                label
            }));
            problems.push(d);
        }
    }
    problems
}

fn key(name: &str, cwd: &Path, env: &BTreeMap<String, String>) -> Option<Diagnostic> {
    let here = Environment { own: &[], all: env };
    let absent = match name.strip_prefix("env://") {
        Some(variable) => here.get(variable).is_none(),
        // The key of a service is asked for by its own program.
        None if name.contains("://") => return None,
        None => !cwd.join(name).exists(),
    };
    if absent && named::may_be_shown(name) {
        let message = format!("the key {name} is not here; a release needs it");
        return Some(Diagnostic::warning(Code::KeyUnusable, message));
    }
    let read = key_text(cwd, name, &here).and_then(|text| match SigningKey::read(&text, name, None) {
        Ok(_) | Err(SupplyError::PasswordMissing { .. } | SupplyError::PasswordWrong { .. }) => Ok(()),
        Err(e) => Err(super::drawn(e)),
    });
    read.err().and_then(|found| found.list.into_iter().next())
}

/// `--key=K` or `--key K` of a cosign block.
fn key_of_cosign(item: &SignItem) -> Option<Text> {
    let program = item.cmd.as_ref()?.value.rsplit('/').next()?;
    if program.trim_end_matches(".exe") != "cosign" {
        return None;
    }
    let at = item.args.iter().position(|a| a.value == "--key" || a.value.starts_with("--key="))?;
    match item.args[at].value.strip_prefix("--key=") {
        Some(value) => Some(Text { value: value.to_owned(), place: item.args[at].place.clone() }),
        None => item.args.get(at + 1).cloned(),
    }
}
