//! `sboms` and `[sbom]`.

use super::view::View;
use crate::model::{Sbom, SbomItem};

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

pub(super) fn read_own(sbom: &View<'_>) -> Sbom {
    Sbom {
        // An empty list is meant: none.
        formats: sbom.node.get("formats").map(|_| sbom.texts("formats")),
        disable: sbom.bool("disable"),
        third_party_licenses: sbom.bool("third_party_licenses"),
        place: sbom.place(),
    }
}
