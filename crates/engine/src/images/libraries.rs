//! What a dynamic program needs of an image: its loader and libraries, in the base, or copied from where it was linked.

use super::build::failure;
use crate::steps::Execution;
use goferry_image::{Base, Content, Kind, Node, Platform, Program, Tree};
use goferry_objfile::{FileBytes, inspect};
use goferry_plan::graph::ImageSpec;
use goferry_report::{Code, Diagnostic, Diagnostics};
use goferry_target::GoTarget;
use goferry_toolchain::provide;
use std::collections::BTreeSet;
use std::fs::File;
use std::path::{Path, PathBuf};

/// What glibc loads by name when it resolves names and users (in libc itself since 2.34).
const LOADED_BY_NAME: [&str; 3] = ["libnss_files.so.2", "libnss_dns.so.2", "libresolv.so.2"];

/// Looks after one platform.
pub(super) struct Needed<'n> {
    pub cx: &'n Execution<'n>,
    pub spec: &'n ImageSpec,
    pub target: GoTarget,
    pub platform: &'n Platform,
}

impl Needed<'_> {
    /// What is to be added for these programs; none if all are static or the base has everything.
    pub(super) fn tree(
        &self,
        programs: &[Program<'_>],
        base: Option<&Base>,
    ) -> Result<Option<Tree>, Diagnostics> {
        let mut loaders = BTreeSet::new();
        let mut needed = BTreeSet::new();
        for p in programs {
            let inspected = p.verified.inspected();
            loaders.extend(inspected.interpreter.clone());
            if inspected.interpreter.is_some() {
                needed.extend(inspected.needed.clone());
            }
        }
        if loaders.is_empty() {
            return Ok(None);
        }
        match base {
            Some(base) => self.in_base(base, &loaders, &needed).map(|()| None),
            None => self.copied(&loaders, &needed).map(Some),
        }
    }

    fn in_base(
        &self,
        base: &Base,
        loaders: &BTreeSet<String>,
        needed: &BTreeSet<String>,
    ) -> Result<(), Diagnostics> {
        let read = || {
            let image = base.layout.image_for(&base.top, self.platform)?;
            Tree::of_image(&base.layout, &base.layout.read_manifest(&image)?)
        };
        let tree = read().map_err(|e| failure(self.spec, &e))?;
        let names: BTreeSet<&str> = tree.iter().filter_map(|(p, _)| p.rsplit('/').next()).collect();
        let mut missing: Vec<String> = loaders.iter().filter(|l| tree.lookup(l).is_none()).cloned().collect();
        missing.extend(needed.iter().filter(|n| !names.contains(n.as_str())).cloned());
        if missing.is_empty() {
            return Ok(());
        }
        Err(self.missing(&format!("the base image {} has not", base.name), &missing))
    }

    fn missing(&self, which: &str, missing: &[String]) -> Diagnostics {
        let message = format!(
            "image `{}`: a program for {} is dynamic, and {which} {}",
            self.spec.id,
            self.target,
            missing.join(", ")
        );
        Diagnostic::error(Code::ImageLibraries, message)
            .hint("take a base that has them, e.g. debian:12-slim or gcr.io/distroless/base")
            .hint_with(
                "or link the program statically, in goferry.toml:",
                "[toolchain]\nlibc = \"musl\"\nlink = \"static\"",
            )
            .into()
    }

    /// From the folder with the target's libraries, those that they need too.
    fn copied(&self, loaders: &BTreeSet<String>, needed: &BTreeSet<String>) -> Result<Tree, Diagnostics> {
        let prefix = self.cx.compilers.loader_prefix(self.target).unwrap_or_else(|| "/".into());
        let folders = self.folders(&prefix);
        let mut tree = Tree::empty();
        let mut missing = vec![];
        for loader in loaders {
            let at = [prefix.join(loader.trim_start_matches('/'))].into_iter();
            let name = loader.rsplit('/').next().unwrap_or(loader);
            let mut places = at.chain(folders.iter().map(|f| f.join(name)));
            match places.find(|p| p.is_file()) {
                Some(path) => self.add(&mut tree, loader.trim_start_matches('/'), &path)?,
                None => missing.push(loader.clone()),
            }
        }
        let mut todo: Vec<String> = needed.iter().cloned().collect();
        todo.extend(LOADED_BY_NAME.iter().map(|n| (*n).to_owned()));
        let mut seen: BTreeSet<String> = todo.iter().cloned().collect();
        while let Some(name) = todo.pop() {
            let Some(path) = folders.iter().map(|f| f.join(&name)).find(|p| p.is_file()) else {
                let optional = LOADED_BY_NAME.contains(&name.as_str());
                // musl's loader is its C library, by whatever name.
                let loader = name.starts_with("libc.") && loaders.iter().any(|l| l.contains("ld-musl"));
                if !optional && !loader {
                    missing.push(name);
                }
                continue;
            };
            if loaders.iter().any(|l| l.rsplit('/').next() == Some(name.as_str())) {
                continue;
            }
            self.add(&mut tree, &format!("lib/{name}"), &path)?;
            todo.extend(needs(&path).into_iter().filter(|n| seen.insert(n.clone())));
        }
        if missing.is_empty() {
            return Ok(tree);
        }
        missing.sort();
        Err(self.missing(&format!("{} has not", prefix.display()), &missing))
    }

    fn folders(&self, prefix: &Path) -> Vec<PathBuf> {
        let triple = provide::gcc_triple(self.target).unwrap_or_default();
        let below = ["lib", "usr/lib", "lib64", "usr/lib64"].map(str::to_owned);
        let own = ["lib", "usr/lib"].map(|l| format!("{l}/{triple}"));
        own.into_iter().chain(below).map(|f| prefix.join(f)).collect()
    }

    /// Library by library under the name that programs ask for; what links lead to is taken, not the links.
    fn add(&self, tree: &mut Tree, to: &str, path: &Path) -> Result<(), Diagnostics> {
        let failed = |e: std::io::Error| *crate::dist::failure(path, &e);
        let real = path.canonicalize().map_err(failed)?;
        let size = real.metadata().map_err(failed)?.len();
        let content = Content::File { path: real.into(), size, digest: None };
        tree.insert(to, Node::new(Kind::File(content), 0o755, self.spec.created));
        Ok(())
    }
}

/// The libraries that a library needs.
fn needs(path: &Path) -> Vec<String> {
    let bytes = File::open(path).and_then(FileBytes::new);
    bytes.ok().and_then(|b| inspect(&b).ok()).map(|b| b.needed).unwrap_or_default()
}
