//! `sboms` and `[sbom]`.

use super::view::View;
use crate::model::{Sbom, SbomItem};
use goferry_report::{Code, Diagnostic, Diagnostics};

pub(super) fn read_item(item: &View<'_>) -> SbomItem {
    SbomItem {
        id: item.text("id"),
        cmd: item.text("cmd"),
        env: item.some_texts("env"),
        args: item.some_texts("args"),
        documents: item.some_texts("documents"),
        artifacts: item.text("artifacts"),
        ids: item.texts("ids"),
        disable: item.text("disable"),
        place: item.place(),
    }
}

/// An empty list of formats may be meant or not, and a release without SBOMs should be meant.
pub(super) fn read_own(sbom: &View<'_>, diagnostics: &mut Diagnostics) -> Sbom {
    let (formats, disable) = (sbom.texts("formats"), sbom.bool("disable"));
    if let (Some(entry), true, false) = (sbom.node.entry("formats"), formats.is_empty(), disable) {
        let mut d = Diagnostic::error(Code::ConfigValue, "`sbom.formats` is empty: no SBOM would be made");
        d.labels.extend(entry.value.place.label(""));
        diagnostics
            .push(d.hint_with("to make none:", "disable = true").hint("or use --skip=sbom, for one release"));
    }
    Sbom {
        formats: Some(formats).filter(|f| !f.is_empty()),
        disable,
        third_party_licenses: sbom.bool("third_party_licenses"),
        place: sbom.place(),
    }
}
