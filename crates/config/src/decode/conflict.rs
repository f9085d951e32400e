//! goferry.toml beside a .goreleaser.yaml: the same thing must not be said in both.

use crate::document::{Entry, Node};
use crate::schema::{Key, NATIVE, NOT_NATIVE, ROOT};
use goferry_report::{Code, Diagnostic, Diagnostics};

/// The keys that may stand at the top of goferry.toml.
pub(super) fn native_keys() -> Vec<&'static Key> {
    let shared = ROOT.all().filter(|key| !NOT_NATIVE.contains(&key.name));
    NATIVE.all().chain(shared).collect()
}

/// What goferry.toml says that belongs into the .goreleaser.yaml beside it.
pub(super) fn conflicts(yaml: &Node, toml: &Node) -> Diagnostics {
    let mut diagnostics = Diagnostics::default();
    for entry in toml.entries() {
        if entry.key == "targets" {
            diagnostics.list.extend(matrix_conflict(yaml, entry));
        } else if NATIVE.key(&entry.key).is_none()
            && let Some(key) = ROOT.key(&entry.key)
        {
            diagnostics.push(both(entry, yaml.entry(key.name)));
        }
    }
    diagnostics
}

fn both(entry: &Entry, other: Option<&Entry>) -> Diagnostic {
    let name = &entry.key;
    let message = match other {
        Some(_) => format!("`{name}` is said in goferry.toml and in the goreleaser configuration"),
        None => format!("`{name}` belongs into the goreleaser configuration that is read here"),
    };
    let mut d = Diagnostic::error(Code::ConfigConflict, message);
    d.labels.extend(entry.key_place.label("here"));
    d.labels.extend(other.and_then(|other| other.key_place.label("and here")));
    d.hint("beside a goreleaser configuration goferry.toml holds only what goreleaser has no word for")
}

/// `targets` gives a matrix to builds that name none; a build that names one says the same thing otherwise.
fn matrix_conflict(yaml: &Node, entry: &Entry) -> Option<Diagnostic> {
    let builds = yaml.get("builds")?.items();
    let other = builds
        .iter()
        .find_map(|build| ["targets", "goos", "goarch"].iter().find_map(|key| build.entry(key)))?;
    let message = format!("`targets` is said in goferry.toml, and `builds` names its own `{}`", other.key);
    let mut d = Diagnostic::error(Code::ConfigConflict, message);
    d.labels.extend(entry.key_place.label("here"));
    d.labels.extend(other.key_place.label("and here"));
    Some(d.hint("keep one of the two"))
}
