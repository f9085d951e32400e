//! Why a build step failed.

use goferry_proc::SpawnError;
use goferry_report::{Code, Diagnostic};
use std::path::PathBuf;

/// Why a build step failed.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The go command said no; its output follows.
    #[error("{command} failed for {target}")]
    Failed {
        /// The command line.
        command: String,
        /// Target.
        target: String,
        /// What it printed.
        output: String,
    },
    /// A compiler or linker was killed by the kernel.
    #[error("{command} was killed for want of memory ({target})")]
    OutOfMemory {
        /// The command line.
        command: String,
        /// Target.
        target: String,
        /// What it printed.
        output: String,
    },
    /// A hook failed.
    #[error("the hook `{line}` failed: {status}")]
    Hook {
        /// The hook as written.
        line: String,
        /// How it ended.
        status: String,
        /// What it printed.
        output: String,
    },
    /// A command succeeded without making its file.
    #[error("{command} succeeded, but {path} is not there")]
    OutputMissing {
        /// The command line.
        command: String,
        /// The file.
        path: PathBuf,
    },
    /// A program could not be started, or the run was interrupted.
    #[error(transparent)]
    Spawn(#[from] SpawnError),
    /// A file could not be read or written.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A cache record does not match the files.
    #[error("the cache's record does not match {0}")]
    Record(PathBuf),
    /// What a universal binary cannot be made of.
    #[error("{path} cannot be part of a universal binary: {why}")]
    NotMachO {
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// The build of a target that lacks its C compiler.
    #[error("{0}")]
    NoCompiler(String),
}

impl BuildError {
    /// As a diagnostic.
    pub fn diagnostic(&self) -> Diagnostic {
        let code = match self {
            BuildError::Failed { .. } => Code::BuildFailed,
            BuildError::OutOfMemory { .. } => Code::OutOfMemory,
            BuildError::Hook { .. } => Code::HookFailed,
            BuildError::OutputMissing { .. } => Code::OutputMissing,
            BuildError::Spawn(SpawnError::NotFound { .. }) => Code::ToolMissing,
            BuildError::Spawn(SpawnError::Cancelled { .. }) => Code::Interrupted,
            BuildError::Io { source, .. } if source.kind() == std::io::ErrorKind::StorageFull => {
                Code::DiskFull
            }
            BuildError::Spawn(_) | BuildError::Io { .. } | BuildError::Record(_) => Code::Io,
            BuildError::NotMachO { .. } => Code::NotABinary,
            BuildError::NoCompiler(_) => Code::CCompilerMissing,
        };
        let mut d = Diagnostic::error(code, self.to_string());
        if let BuildError::Failed { output, .. }
        | BuildError::OutOfMemory { output, .. }
        | BuildError::Hook { output, .. } = self
        {
            d.notes = tail(output, 60);
        }
        if let BuildError::Failed { output, .. } = self
            && output.contains("no space left on device")
        {
            d.code = Code::DiskFull;
        }
        match self {
            _ if d.code == Code::DiskFull => {
                d.hint_with("goferry's own cache can be emptied:", "goferry cache clean")
            }
            BuildError::OutOfMemory { .. } => d.hint_with("build fewer targets at once:", "--parallelism 1"),
            _ => d,
        }
    }
}

/// The last lines, with a mark where some were left out.
fn tail(output: &str, most: usize) -> Vec<String> {
    let lines: Vec<&str> = output.lines().map(str::trim_end).filter(|l| !l.is_empty()).collect();
    let skipped = lines.len().saturating_sub(most);
    let mut out: Vec<String> = lines[skipped..].iter().map(|l| (*l).to_owned()).collect();
    if skipped > 0 {
        out.insert(0, format!("… {skipped} lines above"));
    }
    out
}
