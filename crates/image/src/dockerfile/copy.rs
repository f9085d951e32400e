//! COPY and ADD: files of one tree into another, by BuildKit's rules (`solver/llbsolver/file`, fsutil's `copy`).

use super::Ignore;
use super::chmod::Chmod;
use super::pattern::{Pattern, is_pattern};
use super::unpack;
use crate::tree::{Kind, Node, Tree, clean};
use crate::{ImageError, Layout};

/// What is copied, where, and how.
pub(super) struct Copy<'c> {
    /// Where the sources are.
    pub from: &'c Tree,
    /// Paths or patterns.
    pub sources: &'c [String],
    /// Files of documents, by name.
    pub documents: &'c [(String, String)],
    /// An absolute path; a `/` at its end says that it is a folder.
    pub to: &'c str,
    /// None: as the sources have it.
    pub owner: Option<(u32, u32)>,
    /// None: as the sources have it.
    pub mode: Option<Chmod>,
    /// Whether archives are unpacked.
    pub unpack: bool,
    /// Whether folders above the sources come too.
    pub parents: bool,
    /// What is left out.
    pub exclude: Ignore,
    /// No file is later.
    pub clock: i64,
}

impl Copy<'_> {
    /// Does it.
    pub(super) fn onto(&self, tree: &mut Tree, layout: &Layout) -> Result<(), String> {
        for (name, text) in self.documents {
            let node = Node::bytes(text.as_bytes(), 0o644, self.clock);
            self.one(tree, name, name, node, None)?;
        }
        for source in self.sources {
            for path in self.found(source)? {
                self.source(tree, layout, source, &path)?;
            }
        }
        Ok(())
    }

    /// The paths that a source means; its own for one that is no pattern.
    fn found(&self, source: &str) -> Result<Vec<String>, String> {
        let path = clean(source);
        if !is_pattern(&path) {
            return Ok(vec![path]);
        }
        let pattern = Pattern::new(&path, self.parents)
            .ok_or_else(|| format!("`{source}` is no pattern of Go's filepath.Match"))?;
        let fits = |(p, _): &(&str, &Node)| !p.is_empty() && pattern.fits(p);
        // None is no mistake: BuildKit goes on too.
        Ok(self.from.iter().filter(fits).map(|(p, _)| p.to_owned()).collect())
    }

    fn source(&self, tree: &mut Tree, layout: &Layout, said: &str, path: &str) -> Result<(), String> {
        let (real, node) = match self.from.lookup(path) {
            Some((real, node)) => (real, node.clone()),
            None => return Err(self.missing(said, path)),
        };
        let name = path.rsplit('/').next().unwrap_or(path);
        if self.unpack && !node.is_directory() {
            let to = resolved(tree, self.to)?;
            let members = unpack::members(layout, &node).map_err(|e| format!("`{said}`: {e}"))?;
            if let Some(members) = members {
                self.folder(tree, &to)?;
                return unpack::put(tree, &to, &members, self.owner, self.clock);
            }
        }
        if self.parents {
            let below = said.split_once("/./").map_or(path, |(above, _)| {
                path.strip_prefix(&clean(above)).map_or(path, |p| p.trim_start_matches('/'))
            });
            let to = format!("{}/{below}", self.to.trim_end_matches('/'));
            return self.to_exactly(tree, &real, &node, &to);
        }
        if node.is_directory() {
            return self.below(tree, &real, self.to);
        }
        // What is named itself is never left out.
        self.one(tree, said, name, node, None)
    }

    fn missing(&self, said: &str, path: &str) -> String {
        let folder = path.rsplit_once('/').map_or("", |(f, _)| f);
        let there = self.from.below(folder).map(|(p, _)| p);
        let level = folder.split('/').filter(|p| !p.is_empty()).count() + 1;
        let names: Vec<&str> = there.filter(|p| p.split('/').count() == level).take(8).collect();
        match names.is_empty() {
            true => format!("`{said}` is not there"),
            false => format!("`{said}` is not there; beside it are: {}", names.join(", ")),
        }
    }

    /// With `--parents`: at this very path.
    fn to_exactly(&self, tree: &mut Tree, real: &str, node: &Node, to: &str) -> Result<(), String> {
        if node.is_directory() {
            return self.below(tree, real, to);
        }
        let (folder, name) = to.rsplit_once('/').unwrap_or(("", to));
        let name = name.to_owned();
        self.one(tree, to, &name, node.clone(), Some(&format!("{folder}/")))
    }

    /// What is in a folder; the folder itself is only where that goes.
    fn below(&self, tree: &mut Tree, folder: &str, to: &str) -> Result<(), String> {
        let to = resolved(tree, to)?;
        let is_new = tree.get(&to).is_none();
        self.folder(tree, &to)?;
        if let (true, Some(mode), Some(made)) = (is_new, &self.mode, tree.get_mut(&to)) {
            made.mode = mode.apply(made.mode, true);
        }
        let prefix = if folder.is_empty() { 0 } else { folder.len() + 1 };
        let entries: Vec<(String, Node)> =
            self.from.below(folder).map(|(p, n)| (p[prefix..].to_owned(), n.clone())).collect();
        for (path, node) in entries {
            let kept = || {
                let inside = format!("{path}/");
                let below = self.from.below(folder).map(|(p, _)| &p[prefix..]);
                below.filter(|p| p.starts_with(&inside)).any(|p| !self.exclude.hides(p))
            };
            // A folder comes with what is taken back from being left out.
            if self.exclude.hides(&path) && !(node.is_directory() && kept()) {
                continue;
            }
            let at = if to.is_empty() { path } else { format!("{to}/{path}") };
            // Where a folder is a link in the image, what goes below it follows.
            let at = match node.is_directory() {
                true => resolved(tree, &at)?,
                false => tree.resolve_parent(&at).map_err(|e| e.to_string())?,
            };
            self.put(tree, &at, node)?;
        }
        Ok(())
    }

    /// A single file.
    fn one(
        &self,
        tree: &mut Tree,
        said: &str,
        name: &str,
        node: Node,
        into: Option<&str>,
    ) -> Result<(), String> {
        let to = into.unwrap_or(self.to);
        let mut at = resolved(tree, to)?;
        if to.ends_with('/') || tree.get(&at).is_some_and(Node::is_directory) {
            self.folder(tree, &at)?;
            at = if at.is_empty() { name.to_owned() } else { format!("{at}/{name}") };
        }
        if let Some((above, _)) = at.rsplit_once('/') {
            self.folder(tree, above)?;
        }
        if tree.get(&at).is_some_and(Node::is_directory) {
            return Err(format!("`{said}` is a file, and there is the folder /{at}"));
        }
        self.put(tree, &at, node)
    }

    fn put(&self, tree: &mut Tree, at: &str, mut node: Node) -> Result<(), String> {
        let there = tree.get(at).map(Node::is_directory);
        if there.is_some_and(|is| is != node.is_directory()) {
            return Err(match node.is_directory() {
                true => format!("a folder goes to /{at}, which is a file"),
                false => format!("a file goes to /{at}, which is a folder"),
            });
        }
        if let Some((uid, gid)) = self.owner {
            (node.uid, node.gid) = (uid, gid);
        }
        if let Some(mode) = self.mode.as_ref().filter(|_| !matches!(node.kind, Kind::Symlink(_))) {
            node.mode = mode.apply(node.mode, node.is_directory());
        }
        node.links = None;
        node.mtime = node.mtime.min(self.clock);
        tree.insert(at, node);
        Ok(())
    }

    fn folder(&self, tree: &mut Tree, path: &str) -> Result<(), String> {
        make_folder(tree, path, self.owner.unwrap_or((0, 0)), self.clock)
    }
}

/// Where an absolute path of the image leads.
fn resolved(tree: &Tree, path: &str) -> Result<String, String> {
    tree.resolve(path).map_err(|e: ImageError| e.to_string())
}

/// Makes a folder and those above it, 0755.
pub(super) fn make_folder(tree: &mut Tree, path: &str, owner: (u32, u32), clock: i64) -> Result<(), String> {
    let ends: Vec<usize> = path.match_indices('/').map(|(at, _)| at).chain([path.len()]).collect();
    for end in ends {
        let folder = &path[..end];
        match tree.get(folder) {
            Some(node) if node.is_directory() => {}
            Some(_) => return Err(format!("/{folder} is no folder")),
            None => {
                let mut node = Node::directory(clock);
                (node.uid, node.gid) = owner;
                tree.insert(folder, node);
            }
        }
    }
    Ok(())
}
