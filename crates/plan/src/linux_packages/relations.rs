//! Relations with other packages, rendered, and judged where a format's own words are needed.
//!
//! Owns: which words an rpm has. Must not: translate one format's words into another's.

use super::settings::Making;
use crate::graph::PackageRelations;
use crate::package_names::rpm_relation;
use goferry_config::model::Text;
use goferry_report::{Code, Diagnostic};

impl Making<'_, '_> {
    pub(super) fn relations(&self) -> PackageRelations {
        let c = self.common;
        PackageRelations {
            depends: self.related("dependencies", &c.dependencies),
            recommends: self.related("recommends", &c.recommends),
            suggests: self.related("suggests", &c.suggests),
            conflicts: self.related("conflicts", &c.conflicts),
            replaces: self.related("replaces", &c.replaces),
            provides: self.related("provides", &c.provides),
        }
    }

    fn related(&self, key: &str, list: &[Text]) -> Vec<String> {
        let mut out = vec![];
        for item in list {
            let text = self.d.render.text(item, &self.fields);
            if text.trim().is_empty() {
                continue;
            }
            if self.format == "rpm" && rpm_relation(&text).is_none() {
                let message = format!("package `{}`: rpm has no such relation as `{text}`", self.id);
                let mut diag = Diagnostic::error(Code::ConfigValue, message)
                    .hint("it has: name, or name >= version")
                    .hint(format!("what differs between formats goes into `overrides`: rpm: {{{key}: […]}}"));
                diag.labels.extend(item.place.label(""));
                self.d.render.push(diag);
            }
            out.push(text);
        }
        out
    }
}
