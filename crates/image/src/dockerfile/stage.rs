//! A stage while it is made: its configuration, its files, its layers, its variables.

use super::configure::set_env;
use super::parse::Instruction;
use super::{DockerfileError, Failure};
use crate::assemble::{Base, rfc3339};
use crate::model::History;
use crate::{Compression, Descriptor, ImageConfig, Layer, Layout, Platform, Tree, write_layer};
use std::collections::BTreeMap;

const NUMBER: &str = "a number needs no entry there";

/// What BuildKit gives images that have no base.
pub(super) const PATH: &str = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// A stage.
#[derive(Clone, Debug)]
pub(super) struct Stage {
    pub config: ImageConfig,
    pub layers: Vec<Descriptor>,
    pub tree: Tree,
    /// Arguments that were declared, and their values.
    pub args: BTreeMap<String, String>,
    /// Whether CMD was said in this stage.
    pub cmd_said: bool,
    pub platform: Platform,
    pub escape: char,
    pub created: i64,
    /// The image below all.
    pub base: Option<(Base, Descriptor)>,
}

impl Stage {
    /// Without a base.
    pub(super) fn scratch(platform: &Platform, escape: char, created: i64) -> Stage {
        let mut config = ImageConfig::default();
        config.set_platform(platform);
        config.config.env.push(PATH.to_owned());
        "/".clone_into(&mut config.config.working_dir);
        Stage {
            config,
            layers: vec![],
            tree: Tree::empty(),
            args: BTreeMap::new(),
            cmd_said: false,
            platform: platform.clone(),
            escape,
            created,
            base: None,
        }
    }

    /// The value of a variable: ENV before ARG.
    pub(super) fn variable(&self, name: &str) -> Option<String> {
        let own = self.config.config.env.iter().filter_map(|l| l.split_once('='));
        let own = own.filter(|(k, _)| *k == name).map(|(_, v)| v.to_owned()).next_back();
        own.or_else(|| self.args.get(name).cloned())
    }

    /// All variables, for programs.
    pub(super) fn environment(&self) -> Vec<String> {
        let mut out: Vec<String> = self.args.iter().map(|(k, v)| format!("{k}={v}")).collect();
        for line in &self.config.config.env {
            let (name, value) = line.split_once('=').unwrap_or((line, ""));
            set_env(&mut out, name, value);
        }
        if !out.iter().any(|l| l.starts_with("PATH=")) {
            out.push(PATH.to_owned());
        }
        out
    }

    /// Notes what was done.
    pub(super) fn history(&mut self, created_by: String, empty: bool) {
        self.config.history.push(History {
            created: Some(rfc3339(self.created)),
            created_by,
            comment: "buildkit.dockerfile.v0".to_owned(),
            empty_layer: empty,
            ..History::default()
        });
    }

    /// What `change` does to the files, as a layer.
    pub(super) fn change<E>(
        &mut self,
        layout: &Layout,
        of: &Instruction,
        said: String,
        compression: Compression,
        change: impl FnOnce(&mut Tree) -> Result<(), String>,
    ) -> Result<(), Failure<E>> {
        let before = self.tree.clone();
        change(&mut self.tree)
            .map_err(|why| DockerfileError::new(of.line, format!("{}: {why}", of.title())))?;
        let entries = self.tree.diff(&before);
        if entries.is_empty() {
            self.history(said, true);
            return Ok(());
        }
        let layer = write_layer(layout, &entries, compression)?;
        self.add(layer, said);
        Ok(())
    }

    /// Adds a layer whose files are in the tree already.
    pub(super) fn add(&mut self, layer: Layer, said: String) {
        self.layers.push(layer.descriptor);
        self.config.rootfs.diff_ids.push(layer.diff_id);
        self.history(said, false);
    }

    /// An absolute path of a path that may be relative to WORKDIR; a `/` at the end stays, and `.` is a folder.
    pub(super) fn absolute(&self, path: &str) -> String {
        let folder = path.ends_with('/') || path == "." || path.ends_with("/.") || path == "..";
        let whole = match path.starts_with('/') {
            true => path.to_owned(),
            false => format!("{}/{path}", self.config.config.working_dir),
        };
        let whole = crate::tree::clean(&whole);
        match folder && !whole.is_empty() {
            true => format!("/{whole}/"),
            false => format!("/{whole}"),
        }
    }

    /// Numbers of `user[:group]`: whose files.
    pub(super) fn owner(&self, of: &Instruction, text: &str) -> Result<(u32, u32), DockerfileError> {
        self.tree.owner(text).map_err(|e| DockerfileError::new(of.line, e.to_string()).hint(NUMBER))
    }
}
