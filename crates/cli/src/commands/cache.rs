//! `goferry cache info` and `goferry cache clean`.

use crate::args::CacheAction;
use crate::output::{self, data, talk};
use crate::resolve;
use goferry_cache::{CacheError, Store};
use goferry_engine::size;
use goferry_report::{Code, Diagnostic, Diagnostics};
use std::path::Path;
use std::process::ExitCode;

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
            if json {
                output::json(&serde_json::json!({
                    "folder": root, "files": info.files, "bytes": info.bytes, "limit": info.limit
                }));
            } else {
                data(&format!(
                    "folder  {}\nfiles   {}\nsize    {}\nlimit   {}\n",
                    root.display(),
                    info.files,
                    size(info.bytes),
                    size(info.limit)
                ));
            }
        }
        CacheAction::Clean { tools } => {
            store.clean().map_err(failed)?;
            remove(&root.join("run"))?;
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
