//! Bills of materials of files that are there: programs, archives with programs in them, folders such as dist/.
//!
//! Owns: which files count, where modules are on this machine. Must not: run go; write anything.

use crate::session::Session;
use crate::unpacked::{HEAD, is_damage, visit_programs};
use goferry_cache::Digest;
use goferry_objfile::{Binary, FileBytes, inspect};
use goferry_package::opened::holds_files;
use goferry_report::{Code, Diagnostic, Diagnostics};
use goferry_supply::sbom::{FileKind, Inventory, ModuleFiles, resolve};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// dist/ has its programs one folder down.
const MAX_DEPTH: u32 = 4;

/// What a bill of materials is asked of.
#[derive(Clone, Copy, Debug)]
pub struct BomRequest<'r> {
    /// Programs, archives, folders.
    pub files: &'r [PathBuf],
    /// The version of the main module, where the caller knows it.
    pub version: Option<&'r str>,
}

/// The inventory of files, and the time that belongs to it: of the newest commit that they name, else of the newest file.
///
/// # Errors
/// A file cannot be read, or nothing in it was built by Go.
pub fn inventory(session: &Session, request: BomRequest<'_>) -> Result<(Inventory, i64), Diagnostics> {
    let hashing = Hashing::start(request.files);
    let hashed_later = hashing.is_some();
    let mut found = Found { version: request.version, inventory: None, commit: None, file: 0, hashed_later };
    for path in request.files {
        let had = found.count();
        if path.is_dir() {
            found.folder(path, "", MAX_DEPTH)?;
        } else {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            found.file(path, &name, None)?;
        }
        if found.count() == had {
            return Err(Diagnostic::error(
                Code::NotABinary,
                format!(
                    "{}: nothing in it was built by Go, or its build information was removed",
                    path.display()
                ),
            )
            .hint("it is read from what the go command writes into programs; upx hides it")
            .into());
        }
    }
    let time = found.commit.unwrap_or(found.file);
    let mut inventory = found.inventory.unwrap_or_default();
    let files = module_files(session, &inventory.root.path);
    resolve(&mut inventory, &files);
    if let Some(hashing) = hashing {
        hashing.finish(&mut inventory)?;
    }
    Ok((inventory, time))
}

/// One program is hashed while its modules' licences are read: each takes half of the time.
struct Hashing {
    path: PathBuf,
    sha256: std::thread::JoinHandle<io::Result<String>>,
}

impl Hashing {
    fn start(files: &[PathBuf]) -> Option<Hashing> {
        let [path] = files else { return None };
        let is_archive = holds_files(&path.file_name()?.to_string_lossy());
        let path = Some(path).filter(|p| p.is_file() && !is_archive)?.clone();
        let own = path.clone();
        Some(Hashing { path, sha256: std::thread::spawn(move || sha256_of(&own)) })
    }

    fn finish(self, inventory: &mut Inventory) -> Result<(), Diagnostics> {
        let done = self.sha256.join().unwrap_or_else(|_| Err(io::Error::other("hashing broke off")));
        let sha256 = done.map_err(|e| unreadable(&self.path, &e))?;
        inventory.files.values_mut().for_each(|f| f.sha256.clone_from(&sha256));
        Ok(())
    }
}

/// Where modules are: the module cache, and the working directory if it is the main module's own.
pub fn module_files(session: &Session, main: &str) -> ModuleFiles {
    let gomod = goferry_toolchain::gomod::find_module_root(&session.cwd);
    let own = gomod.filter(|root| {
        goferry_toolchain::gomod::GoMod::read(&root.join("go.mod")).is_ok_and(|m| m.module == main)
    });
    let goroot = session.go().ok().map(|(_, identity)| identity.goroot);
    ModuleFiles { cache: module_cache(&session.env), main: own, goroot }
}

/// GOMODCACHE as the go command finds it, without running it: environment, go env file, GOPATH, home.
pub(crate) fn module_cache(env: &BTreeMap<String, String>) -> Option<PathBuf> {
    let own = |name: &str| env.get(name).filter(|v| !v.is_empty()).cloned();
    let home = own("HOME").or_else(|| own("USERPROFILE"));
    let config = own("XDG_CONFIG_HOME").or_else(|| home.as_ref().map(|h| format!("{h}/.config")));
    let file = match own("GOENV").as_deref() {
        Some("off") => None,
        Some(file) => Some(PathBuf::from(file)),
        None => config.map(|c| Path::new(&c).join("go/env")),
    };
    let text = file.and_then(|f| std::fs::read_to_string(f).ok()).unwrap_or_default();
    let setting = |name: &str| {
        let stored = || text.lines().find_map(|l| l.strip_prefix(name)?.strip_prefix('=')).map(str::to_owned);
        own(name).or_else(stored).filter(|v| !v.is_empty())
    };
    let below = |gopath: String| std::env::split_paths(&gopath).next().map(|p| p.join("pkg/mod"));
    let gopath = || setting("GOPATH").or_else(|| home.clone().map(|h| format!("{h}/go")));
    setting("GOMODCACHE").map(PathBuf::from).or_else(|| gopath().and_then(below))
}

struct Found<'v> {
    version: Option<&'v str>,
    inventory: Option<Inventory>,
    commit: Option<i64>,
    file: i64,
    /// Whether somebody else finds out the digest of the only file.
    hashed_later: bool,
}

impl Found<'_> {
    fn count(&self) -> usize {
        self.inventory.as_ref().map_or(0, |i| i.files.len())
    }

    /// Files below a folder are named by their path from `above` on, for dist/ has six programs of one name.
    fn folder(&mut self, folder: &Path, above: &str, depth: u32) -> Result<(), Diagnostics> {
        let entries = std::fs::read_dir(folder).map_err(|e| unreadable(folder, &e))?;
        let mut names: Vec<_> = entries.flatten().map(|e| e.file_name()).collect();
        names.sort();
        for name in names {
            let path = folder.join(&name);
            let name = format!("{above}{}", name.to_string_lossy());
            // What a link leads to is somewhere else.
            let Ok(meta) = path.symlink_metadata() else { continue };
            if meta.is_dir() && depth > 0 {
                self.folder(&path, &format!("{name}/"), depth - 1)?;
            } else if meta.is_file() {
                self.file(&path, &name, Some(&format!("{name}/")))?;
            }
        }
        Ok(())
    }

    /// A file that was named is an error if it cannot be read; one that lies about in a folder is not. `inside` stands before
    /// the names of an archive's members.
    fn file(&mut self, path: &Path, name: &str, inside: Option<&str>) -> Result<(), Diagnostics> {
        let meta = path.metadata().map_err(|e| unreadable(path, &e))?;
        if !meta.is_file() {
            return Err(unreadable(path, &io::Error::other("it is not a regular file")));
        }
        let changed = meta.modified().ok().and_then(|t| t.duration_since(std::time::UNIX_EPOCH).ok());
        let changed = changed.map_or(0, |d| i64::try_from(d.as_secs()).unwrap_or_default());
        let had = self.count();
        match holds_files(name) {
            true => self.archive(path, name, inside.unwrap_or_default(), meta.len())?,
            false => {
                let bytes = File::open(path).and_then(FileBytes::new).map_err(|e| unreadable(path, &e))?;
                match inspect(&bytes) {
                    Ok(binary) if binary.go.is_some() => {
                        let sha256 = match self.hashed_later {
                            true => String::new(),
                            false => sha256_of(path).map_err(|e| unreadable(path, &e))?,
                        };
                        self.binary(&binary, name, (sha256, meta.len()));
                    }
                    Err(e) if inside.is_none() || is_damage(&e, &head_of(path)?) => {
                        let message = format!("{}: {e}", path.display());
                        return Err(Diagnostic::error(Code::NotABinary, message).into());
                    }
                    _ => {}
                }
            }
        }
        if self.count() > had {
            self.file = self.file.max(changed);
        }
        Ok(())
    }

    fn archive(&mut self, path: &Path, name: &str, inside: &str, size: u64) -> Result<(), Diagnostics> {
        let (mut programs, mut damaged) = (vec![], Diagnostics::default());
        visit_programs(path, &mut |member, bytes| match inspect(&bytes) {
            Ok(binary) if binary.go.is_some() => {
                let member = member.rsplit('/').next().unwrap_or(member);
                let sha256 = Digest::of(&bytes).to_hex();
                programs.push((format!("{inside}{member}"), sha256, bytes.len() as u64, binary));
            }
            Err(e) if is_damage(&e, &bytes) => {
                let message = format!("{}: {member}: {e}", path.display());
                damaged.push(Diagnostic::error(Code::NotABinary, message));
            }
            _ => {}
        })
        .map_err(|e| Diagnostics::from(Diagnostic::error(Code::Io, e.to_string())))?;
        if damaged.has_errors() {
            return Err(damaged);
        }
        let names = programs.iter().map(|(n, ..)| n.clone()).collect();
        let any = !programs.is_empty();
        for (member, sha256, bytes, binary) in programs {
            self.binary(&binary, &member, (sha256, bytes));
        }
        if let Some(inventory) = self.inventory.as_mut().filter(|_| any) {
            let sha256 = sha256_of(path).map_err(|e| unreadable(path, &e))?;
            inventory.add_file(name, &sha256, size, FileKind::Archive(names));
        }
        Ok(())
    }

    fn binary(&mut self, binary: &Binary, name: &str, file: (String, u64)) {
        let commit = binary.go.as_ref().and_then(|g| g.setting("vcs.time"));
        let commit = commit.and_then(|t| t.parse::<jiff::Timestamp>().ok()).map(jiff::Timestamp::as_second);
        self.commit = self.commit.max(commit);
        let name = self.free_name(name, &file.0);
        let Some(one) = Inventory::of_binary(binary, &name, file, self.version) else { return };
        match &mut self.inventory {
            Some(all) => all.merge(one),
            None => self.inventory = Some(one),
        }
    }

    /// Six targets of one release have programs of one name: the same bytes are one file, others get a number.
    fn free_name(&self, name: &str, sha256: &str) -> String {
        let taken = |n: &str| {
            self.inventory.as_ref().and_then(|i| i.files.get(n)).is_some_and(|f| f.sha256 != sha256)
        };
        let numbered = (2..).map(|n| format!("{name} ({n})"));
        std::iter::once(name.to_owned()).chain(numbered).find(|n| !taken(n)).unwrap_or_default()
    }
}

fn head_of(path: &Path) -> Result<Vec<u8>, Diagnostics> {
    let mut head = vec![];
    let read = File::open(path).and_then(|f| f.take(HEAD as u64).read_to_end(&mut head));
    read.map(|_| head).map_err(|e| unreadable(path, &e))
}

fn sha256_of(path: &Path) -> io::Result<String> {
    Digest::of_file(path).map(|d| d.to_hex()).map_err(io::Error::other)
}

fn unreadable(path: &Path, e: &io::Error) -> Diagnostics {
    Diagnostic::error(Code::Io, format!("{} cannot be read: {e}", path.display())).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_module_cache_is_found_as_go_does() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("env");
        std::fs::write(&file, "GOFLAGS=-x\nGOPATH=/from/file\n").unwrap();
        let file = file.to_str().unwrap();
        for (env, want) in [
            (vec![("HOME", "/h"), ("GOENV", "off")], Some("/h/go/pkg/mod")),
            (vec![("HOME", "/h"), ("GOENV", file)], Some("/from/file/pkg/mod")),
            (vec![("HOME", "/h"), ("GOENV", file), ("GOPATH", "/a:/b")], Some("/a/pkg/mod")),
            (vec![("HOME", "/h"), ("GOPATH", "/a"), ("GOMODCACHE", "/c")], Some("/c")),
            (vec![], None),
        ] {
            let env = env.into_iter().map(|(k, v)| (k.to_owned(), v.to_owned())).collect();
            assert_eq!(module_cache(&env), want.map(PathBuf::from));
        }
    }
}
