//! Tree to [`Config`]: every value is checked against the schema table first, then read.
//!
//! Owns: leniency, diagnostics, what is unsupported. Must not: apply defaults that depend on the project.

mod checks;
mod conflict;
mod docker;
mod image;
mod image_push;
mod linux_package;
mod native;
mod read;
mod sbom;
mod scan;
mod sections;
mod sign;
#[cfg(test)]
mod tests;
mod view;

use crate::document::{self, Node, NodeKind};
use crate::model::{Config, Dialect};
use crate::place::SourceText;
use crate::schema::{NATIVE, ROOT};
use checks::Checker;
use goferry_report::Diagnostics;
use std::sync::Arc;
use view::View;

/// Reads both files, either of which may be missing. Never panics; every problem of both files is in the list, and the
/// configuration holds whatever could be read (do not use it when the list has errors).
pub fn load(goreleaser: Option<SourceText>, goferry: Option<SourceText>) -> (Config, Diagnostics) {
    let mut diagnostics = Diagnostics::default();
    let mut config = Config::default();
    let yaml = goreleaser.and_then(|source| {
        config.dialect = Dialect::Goreleaser;
        config.sources.push(source.name.clone());
        let (root, problems) = document::parse_yaml(&Arc::new(source));
        diagnostics.append(problems);
        root
    });
    let toml = goferry.and_then(|source| {
        config.sources.push(source.name.clone());
        let (root, problems) = document::parse_toml(&Arc::new(source));
        diagnostics.append(problems);
        root
    });
    if let (Some(yaml), Some(toml)) = (&yaml, &toml) {
        diagnostics.append(conflict::conflicts(yaml, toml));
    }
    if let Some(root) = yaml {
        config.pro = root.get("pro").and_then(Node::scalar).is_some_and(|s| s.text == "true");
        let mut checker = Checker::new(config.pro);
        let root = checker.root(root, ROOT.all().collect());
        checker.finish(&mut config, &mut diagnostics);
        let view = View { node: &root, shape: &ROOT };
        sections::read_shared(&view, &mut config);
        if config.dialect == Dialect::Goreleaser {
            checks::check_version(&root, &mut diagnostics);
        }
    }
    if let Some(root) = toml {
        let mut checker = Checker::new(false);
        let root = checker.root(root, conflict::native_keys());
        checker.finish(&mut config, &mut diagnostics);
        if config.dialect == Dialect::Native {
            sections::read_shared(&View { node: &root, shape: &ROOT }, &mut config);
        }
        diagnostics.append(native::read_native(&View { node: &root, shape: &NATIVE }, &mut config));
    }
    (config, diagnostics)
}

/// A root that holds nothing.
pub(crate) fn empty_map(node: Node) -> Node {
    match node.kind {
        NodeKind::Null => Node { kind: NodeKind::Map(vec![]), place: node.place },
        _ => node,
    }
}
