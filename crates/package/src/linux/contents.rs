//! What `contents` means: patterns and trees become single entries, with the folders above them, sorted by path.
//!
//! Owns: nfpm's rules of destinations, modes, owners, implied folders and collisions. Must not: read what files hold.

use super::folders::belongs_to_the_system;
use super::{Content, ContentKind, Format, Package, Source};
use crate::PackageError;
use crate::glob::{self, Glob};
use crate::members::clean;
use std::collections::BTreeMap;
use std::fs::Metadata;
use std::path::{Path, PathBuf};

/// One file, link or folder of a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// Absolute and clean; folders end with `/`. The root itself never occurs.
    pub(super) path: String,
    pub(super) what: What,
    /// Permission bits.
    pub(super) mode: u32,
    pub(super) mtime: i64,
    pub(super) owner: String,
    pub(super) group: String,
}

/// What an [`Entry`] is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// A folder; `implied` ones are only there because something is in them.
    Folder {
        implied: bool,
    },
    Link(String),
    /// A regular file of one of the kinds that are no folders, links, trees or ghosts.
    File(ContentKind, Bytes),
    /// A file that is not in the package.
    Ghost,
}

/// Content of a regular file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bytes {
    /// That of this file.
    File(PathBuf),
    /// These.
    Memory(Vec<u8>),
}

impl Entry {
    /// The path without the `/` before and after it.
    pub(super) fn relative(&self) -> &str {
        self.path.trim_matches('/')
    }

    pub(super) fn is_config(&self) -> bool {
        matches!(self.what, What::File(kind, _) if kind.is_config())
    }

    pub(super) fn is_folder(&self) -> bool {
        matches!(self.what, What::Folder { .. })
    }
}

/// The entries of `package` in `format`, `extra` among them (what a format adds by itself).
pub(super) fn entries(
    format: Format,
    package: &Package,
    extra: &[Content],
) -> Result<Vec<Entry>, PackageError> {
    let mut all = Gathered { package, entries: BTreeMap::new() };
    for content in package.contents.iter().chain(extra) {
        if format.takes(content.only) && (format == Format::Rpm || !content.kind.is_rpm_only()) {
            all.add(content)?;
        }
    }
    Ok(all.entries.into_values().collect())
}

/// A file of a pattern or tree: where it is and where it goes.
struct Found {
    from: PathBuf,
    to: String,
}

struct Gathered<'p> {
    package: &'p Package,
    /// By path, which is also nfpm's order.
    entries: BTreeMap<String, Entry>,
}

impl Gathered<'_> {
    fn add(&mut self, content: &Content) -> Result<(), PackageError> {
        use ContentKind::{
            Config, ConfigMissingOk, ConfigMissingOkTree, ConfigNoReplace, ConfigNoReplaceTree, ConfigTree,
            Dir, Doc, File, Ghost, License, Readme, Symlink, Tree,
        };
        match content.kind {
            Dir => self.add_folder(content),
            Symlink => self.add_link(content),
            Ghost => {
                let entry = self.entry(content, absolute(&content.dst), What::Ghost, Some(0o644));
                self.put(entry, None)
            }
            Tree => self.add_tree(content, File),
            ConfigTree => self.add_tree(content, Config),
            ConfigNoReplaceTree => self.add_tree(content, ConfigNoReplace),
            ConfigMissingOkTree => self.add_tree(content, ConfigMissingOk),
            File | Config | ConfigNoReplace | ConfigMissingOk => self.add_files(content),
            Doc | License | Readme => self.add_files(content),
        }
    }

    /// An entry with the owner, time and mode that `content` states, else `mode`.
    fn entry(&self, content: &Content, path: String, what: What, mode: Option<u32>) -> Entry {
        let stated = content.mode.filter(|m| *m != 0);
        Entry {
            path,
            what,
            mode: stated.or(mode).unwrap_or(0o644) & 0o7777,
            mtime: content.mtime.unwrap_or(self.package.mtime),
            owner: or_root(&content.owner),
            group: or_root(&content.group),
        }
    }

    fn add_folder(&mut self, content: &Content) -> Result<(), PackageError> {
        let path = folder_path(&content.dst);
        if path == "/" {
            return Ok(());
        }
        let entry = self.entry(content, path, What::Folder { implied: false }, Some(0o755));
        self.put(entry, None)
    }

    fn add_link(&mut self, content: &Content) -> Result<(), PackageError> {
        let text = match &content.source {
            Source::Link(text) => text.clone(),
            Source::File(path) => path.to_string_lossy().into_owned(),
            Source::Pattern { pattern, .. } => pattern.clone(),
            Source::None | Source::Bytes(_) => String::new(),
        };
        if text.is_empty() {
            return Err(self.unstorable(&content.dst, "a symbolic link needs a text (src)"));
        }
        let entry = self.entry(content, absolute(&content.dst), What::Link(clean(&text)), Some(0o777));
        self.put(Entry { mode: 0o777, ..entry }, None)
    }

    fn add_files(&mut self, content: &Content) -> Result<(), PackageError> {
        let found = match &content.source {
            Source::None | Source::Link(_) => {
                return Err(self.unstorable(&content.dst, "a file needs a source (src)"));
            }
            Source::Bytes(bytes) => {
                let what = What::File(content.kind, Bytes::Memory(bytes.clone()));
                let mode = 0o666 & !self.package.umask & !0o022;
                let entry = self.entry(content, absolute(&content.dst), what, Some(mode));
                return self.put(entry, Some(content));
            }
            Source::File(path) => {
                vec![Found { from: path.clone(), to: single_destination(&content.dst, path) }]
            }
            Source::Pattern { folder, pattern } => self.matches(folder, pattern, &content.dst)?,
        };
        for Found { from, to } in found {
            let entry = self.on_disk(content, content.kind, &from, absolute(&to))?;
            self.put(entry, Some(content))?;
        }
        Ok(())
    }

    /// The files that a pattern means with their destinations: below `dst`, by their path below what all matches have in
    /// common; `dst` itself for a single plain file, unless it ends with `/`.
    fn matches(&self, folder: &Path, stated: &str, dst: &str) -> Result<Vec<Found>, PackageError> {
        let (base, mut pattern) = anchored(folder, stated);
        let plain = !Glob::parse(&pattern)?.has_matchers();
        let nothing = |pattern: &str| PackageError::Pattern {
            pattern: pattern.into(),
            reason: "it matches nothing".into(),
        };
        // As in nfpm, where `.` is everything and `./` nothing; cleaned, the two would be one.
        if pattern.is_empty() {
            return Err(nothing(stated));
        }
        if plain {
            pattern = clean(&pattern);
        }
        let found = glob::find(&base, &pattern)?;
        let prefix = match (plain, found.first()) {
            (_, None) => return Err(nothing(&pattern)),
            (true, Some(_)) => pattern,
            (false, Some(first)) => common_folder(first, &found),
        };
        let destination = |file: &str| {
            let relative = below(&prefix, file);
            match (dst.ends_with('/'), relative.is_empty()) {
                (true, _) => format!("{dst}{}", file.rsplit('/').next().unwrap_or(file)),
                (false, true) => dst.to_owned(),
                (false, false) => format!("{dst}/{relative}"),
            }
        };
        let of = |file: String| Found { to: destination(&file), from: base.join(&file) };
        // A link to a folder is no file, and the folder is not entered; nfpm leaves it out, too.
        Ok(found.into_iter().map(of).filter(|f| !f.from.is_dir()).collect())
    }

    /// An entry for what lies at `from`: a link as a link, a file with its mode less the umask.
    fn on_disk(
        &self,
        content: &Content,
        kind: ContentKind,
        from: &Path,
        to: String,
    ) -> Result<Entry, PackageError> {
        let facts = std::fs::symlink_metadata(from).map_err(PackageError::io("read", from))?;
        if facts.is_symlink() {
            let text = std::fs::read_link(from).map_err(PackageError::io("read", from))?;
            let what = What::Link(text.to_string_lossy().into_owned());
            return Ok(Entry { mode: 0o777, ..self.entry(content, to, what, None) });
        }
        if !facts.is_file() {
            return Err(self.unstorable(&to, "its source is not a regular file"));
        }
        let mode = permissions(&facts) & !self.package.umask;
        Ok(self.entry(content, to, What::File(kind, Bytes::File(from.to_owned())), Some(mode)))
    }

    fn add_tree(&mut self, content: &Content, kind: ContentKind) -> Result<(), PackageError> {
        let root = match &content.source {
            Source::File(path) => path.clone(),
            Source::Pattern { folder, pattern } if !pattern.is_empty() => folder.join(pattern),
            Source::Pattern { .. } | Source::None | Source::Bytes(_) | Source::Link(_) => {
                return Err(self.unstorable(&content.dst, "a tree needs a folder (src)"));
            }
        };
        let facts = std::fs::metadata(&root).map_err(PackageError::io("read", &root))?;
        let to = absolute(&content.dst);
        if !facts.is_dir() {
            let entry = self.on_disk(content, kind, &root, to)?;
            return self.put(entry, Some(content));
        }
        let stated = self.entries.get(&folder_path(&to)).map(|e| &e.what);
        if matches!(stated, Some(What::Folder { implied: false })) {
            return Err(self.collision(&to));
        }
        self.add_tree_folder(content, kind, &root, &to)
    }

    fn add_tree_folder(
        &mut self,
        content: &Content,
        kind: ContentKind,
        from: &Path,
        to: &str,
    ) -> Result<(), PackageError> {
        let facts = std::fs::metadata(from).map_err(PackageError::io("read", from))?;
        let path = folder_path(to);
        if path != "/" {
            let system = belongs_to_the_system(&path);
            let mode = permissions(&facts) & !self.package.umask;
            let mut entry = self.entry(content, path, What::Folder { implied: system }, Some(mode));
            if system {
                entry.owner = or_root("");
                entry.group = or_root("");
            }
            self.replace(entry, content)?;
        }
        let mut names = Vec::new();
        for item in std::fs::read_dir(from).map_err(PackageError::io("read", from))? {
            let item = item.map_err(PackageError::io("read", from))?;
            let name =
                item.file_name().into_string().map_err(|_| self.unstorable(to, "a name is not UTF-8"))?;
            names.push((name, item.file_type().map_err(PackageError::io("read", from))?.is_dir()));
        }
        names.sort();
        for (name, is_folder) in names {
            let (below, dst) = (from.join(&name), format!("{}/{name}", to.trim_end_matches('/')));
            if is_folder {
                self.add_tree_folder(content, kind, &below, &dst)?;
            } else {
                let entry = self.on_disk(content, kind, &below, dst)?;
                self.replace(entry, content)?;
            }
        }
        Ok(())
    }

    /// What is below a tree's root replaces what was said before, as in nfpm.
    fn replace(&mut self, entry: Entry, content: &Content) -> Result<(), PackageError> {
        let before = self.entries.get(&entry.path);
        if before.is_some_and(|b| b.is_folder() == entry.is_folder()) {
            self.entries.insert(entry.path.clone(), entry);
            return Ok(());
        }
        self.put(entry, Some(content))
    }

    fn put(&mut self, entry: Entry, owner: Option<&Content>) -> Result<(), PackageError> {
        if entry.path == "/" || entry.path.contains(['\0', '\n']) {
            return Err(self.unstorable(&entry.path, "that is no path for a file"));
        }
        self.add_parents(&entry.path, owner)?;
        let other_shape = match entry.is_folder() {
            true => entry.path.trim_end_matches('/').to_owned(),
            false => format!("{}/", entry.path),
        };
        let replaceable = matches!(
            (&entry.what, self.entries.get(&entry.path).map(|e| &e.what)),
            (_, None) | (What::Folder { .. }, Some(What::Folder { implied: true }))
        );
        if !replaceable || self.entries.contains_key(&other_shape) {
            return Err(self.collision(&entry.path));
        }
        self.entries.insert(entry.path.clone(), entry);
        Ok(())
    }

    /// The folders above `path`, for root, or for whoever owns the content unless the system has them.
    fn add_parents(&mut self, path: &str, owner: Option<&Content>) -> Result<(), PackageError> {
        let path = path.trim_end_matches('/');
        for (at, _) in path.match_indices('/').skip(1) {
            if self.entries.contains_key(&path[..at]) {
                return Err(self.collision(&path[..at]));
            }
            let folder = &path[..=at];
            if self.entries.contains_key(folder) {
                continue;
            }
            let whose = owner.filter(|_| !belongs_to_the_system(folder));
            let entry = Entry {
                path: folder.to_owned(),
                what: What::Folder { implied: true },
                mode: 0o755,
                mtime: self.package.mtime,
                owner: or_root(whose.map_or("", |c| &c.owner)),
                group: or_root(whose.map_or("", |c| &c.group)),
            };
            self.entries.insert(folder.to_owned(), entry);
        }
        Ok(())
    }

    fn collision(&self, path: &str) -> PackageError {
        PackageError::ContentCollision { package: self.package.name.clone(), destination: path.to_owned() }
    }

    fn unstorable(&self, path: &str, reason: &'static str) -> PackageError {
        PackageError::Unstorable { path: PathBuf::from(&self.package.name), name: path.to_owned(), reason }
    }
}

fn or_root(name: &str) -> String {
    if name.is_empty() { "root".into() } else { name.to_owned() }
}

/// An absolute, clean path without a `/` at its end.
fn absolute(path: &str) -> String {
    clean(&format!("/{path}"))
}

fn folder_path(path: &str) -> String {
    format!("{}/", absolute(path).trim_end_matches('/'))
}

fn single_destination(dst: &str, path: &Path) -> String {
    match path.file_name() {
        Some(name) if dst.ends_with('/') => format!("{dst}{}", name.to_string_lossy()),
        _ => dst.to_owned(),
    }
}

/// A path below a folder; the path itself where it is not.
fn below<'f>(folder: &str, file: &'f str) -> &'f str {
    let rest = if folder == "." { None } else { file.strip_prefix(folder) };
    match rest {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => rest.trim_start_matches('/'),
        _ => file.trim_start_matches('/'),
    }
}

/// A pattern's folder and the rest of it: absolute patterns begin at the root, `../` ones above the folder.
fn anchored(folder: &Path, pattern: &str) -> (PathBuf, String) {
    let mut rest = pattern;
    let mut base = folder.to_owned();
    if let Some(below) = rest.strip_prefix('/') {
        base = PathBuf::from("/");
        rest = below;
    }
    loop {
        if let Some(below) = rest.strip_prefix("./") {
            rest = below;
        } else if let Some(above) = rest.strip_prefix("../") {
            base.push("..");
            rest = above;
        } else {
            return (base, rest.to_owned());
        }
    }
}

/// The folder that all matches lie in, as far as their texts agree.
fn common_folder(first: &str, found: &[String]) -> String {
    let mut end = first.len();
    for file in found {
        end = end.min(first.bytes().zip(file.bytes()).take_while(|(a, b)| a == b).count());
    }
    first.as_bytes()[..end]
        .iter()
        .rposition(|b| *b == b'/')
        .map_or(String::new(), |at| first[..at].to_owned())
}

#[cfg(unix)]
fn permissions(facts: &Metadata) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    facts.permissions().mode() & 0o7777
}

#[cfg(not(unix))]
fn permissions(facts: &Metadata) -> u32 {
    if facts.is_dir() { 0o755 } else { 0o644 }
}

#[cfg(test)]
mod tests;
