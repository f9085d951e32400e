//! Asks an outside tool one question and waits for the answer.
//!
//! Owns: turning a question into a [`CommandSpec`] with this house's defaults. Must not: know any tool.

use goferry_proc::{CommandSpec, Env, Finished, OutputMode, SpawnError, Spawner};
use std::path::Path;

/// `go list -deps -json` of a large program is some ten megabytes; an answer past this is refused, not cut.
const MAX_ANSWER: usize = 256 << 20;

/// A tool that could not be asked or said no.
#[derive(Debug, thiserror::Error)]
pub enum ToolError {
    /// It could not be started.
    #[error("cannot run {command}")]
    Start {
        /// Program and arguments.
        command: String,
        /// Why.
        #[source]
        source: SpawnError,
    },
    /// It ran and failed.
    #[error("{command} failed: {}", stderr.trim())]
    Failed {
        /// Program and arguments.
        command: String,
        /// What it wrote to standard error.
        stderr: String,
    },
    /// It succeeded with an answer that cannot be read.
    #[error("{command} said something unexpected: {what}")]
    Unreadable {
        /// Program and arguments.
        command: String,
        /// What is wrong with the answer.
        what: String,
    },
}

/// One command line with the changes to the environment that it needs.
pub(crate) struct Question<'a> {
    pub(crate) purpose: &'a str,
    pub(crate) program: &'a Path,
    pub(crate) args: Vec<String>,
    pub(crate) dir: &'a Path,
    pub(crate) set: Vec<(String, String)>,
    pub(crate) remove: Vec<String>,
}

impl Question<'_> {
    /// For messages.
    pub(crate) fn command(&self) -> String {
        let name = self.program.file_name().unwrap_or(self.program.as_os_str()).to_string_lossy();
        format!("{name} {}", self.args.join(" "))
    }

    /// Runs it, whatever its exit status.
    pub(crate) fn run(&self, spawner: &dyn Spawner) -> Result<Finished, ToolError> {
        let mut spec = CommandSpec::new(self.purpose, self.program).cwd(self.dir);
        spec.args = self.args.iter().map(Into::into).collect();
        spec.env = Env::Inherit { set: self.set.clone(), remove: self.remove.clone() };
        spec.output = OutputMode::Capture { max_bytes: MAX_ANSWER };
        spawner.run(&spec).map_err(|source| ToolError::Start { command: self.command(), source })
    }

    /// Runs it; standard output if it exits with 0.
    pub(crate) fn output(&self, spawner: &dyn Spawner) -> Result<Vec<u8>, ToolError> {
        let finished = self.run(spawner)?;
        if finished.status.success() {
            if finished.truncated {
                let what = format!("more than {MAX_ANSWER} bytes");
                return Err(ToolError::Unreadable { command: self.command(), what });
            }
            return Ok(finished.stdout);
        }
        let stderr = String::from_utf8_lossy(&finished.stderr).into_owned();
        Err(ToolError::Failed { command: self.command(), stderr })
    }
}
