//! `goferry cache info` and `goferry cache clean`.

use crate::args::CacheAction;
use crate::output::{self, data, talk};
use crate::resolve;
use goferry_cache::{CacheError, Store};
use goferry_engine::size;
use goferry_report::{Code, Diagnostic, Diagnostics};
use std::path::Path;
use std::process::ExitCode;

/// Bytes of all files below a folder, which may not be there.
fn below(dir: &Path) -> u64 {
    let entries = std::fs::read_dir(dir).into_iter().flatten().filter_map(Result::ok);
    let size = |e: std::fs::DirEntry| match e.metadata() {
        Ok(m) if m.is_dir() => below(&e.path()),
        Ok(m) => m.len(),
        Err(_) => 0,
    };
    entries.map(size).sum()
}

/// Removes a folder that may not be there.
fn remove(dir: &Path) -> Result<(), Diagnostics> {
    match std::fs::remove_dir_all(dir) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
            Err(Diagnostic::error(Code::Io, format!("{} cannot be removed: {e}", dir.display())).into())
        }
        _ => Ok(()),
    }
}

pub(super) fn run(action: CacheAction) -> Result<ExitCode, Diagnostics> {
    let env = resolve::environment();
    let limit = resolve::cache_limit(&env)?;
    let root = resolve::cache_root(&env).ok_or_else(|| {
        Diagnostic::error(Code::Io, "there is no action cache: HOME is not set")
            .hint_with("to say where it is:", "GOFERRY_CACHE=/path/to/folder")
    })?;
    let failed = |e: CacheError| Diagnostics::from(Diagnostic::error(Code::Io, e.to_string()));
    let store = Store::open(&root, limit).map_err(failed)?;
    match action {
        CacheAction::Info { json } => {
            let info = store.info().map_err(failed)?;
            // What registries gave for the bases of images; the limit is not over these.
            let images = below(&root.join("images"));
            if json {
                output::json(&serde_json::json!({
                    "folder": root, "files": info.files, "bytes": info.bytes, "limit": info.limit, "images": images
                }));
            } else {
                data(&format!(
                    "folder  {}\nfiles   {}\nsize    {}\nlimit   {}\nimages  {}\n",
                    root.display(),
                    info.files,
                    size(info.bytes),
                    size(info.limit),
                    size(images)
                ));
            }
        }
        CacheAction::Clean { tools } => {
            store.clean().map_err(failed)?;
            remove(&root.join("run"))?;
            // Bases of images.
            remove(&root.join("images"))?;
            // Indexes and copies of vulnerability databases.
            remove(&root.join("vulndb"))?;
            if tools {
                remove(&root.join("tools"))?;
            }
            talk(&format!("the action cache in {} is empty\n", root.display()));
            if root.join("tools").is_dir() {
                talk(
                    "fetched compilers and emulators are kept; to remove them too: goferry cache clean --tools\n",
                );
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}
