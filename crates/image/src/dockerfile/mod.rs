//! Dockerfiles: read, expanded, and done without a daemon, stage by stage and platform by platform.
//!
//! Owns: the language (Dockerfile reference 1.x, as BuildKit's `frontend/dockerfile` reads it) and what its instructions do to an
//! image's configuration and files. Must not: fetch bases or run programs: [`Surroundings`] does both.

mod chmod;
mod configure;
mod context;
mod copy;
mod evaluate;
mod expand;
mod foreign;
mod ignore;
mod parse;
mod pattern;
mod run;
mod stage;
mod unpack;
mod words;

pub use context::Context;
pub use evaluate::{Built, Options, Surroundings, build};
pub use expand::{Lexer, expand};
pub use foreign::look;
pub use ignore::Ignore;
pub use parse::{Dockerfile, Heredoc, Instruction, parse};
pub use pattern::matches;
pub use run::{RunMount, RunStep};

use crate::ImageError;

/// What is wrong with a Dockerfile, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct DockerfileError {
    /// From one.
    pub line: usize,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub hints: Vec<String>,
    /// Whether it is a Dockerfile that others build: an instruction that is not done here.
    pub elsewhere: bool,
}

impl DockerfileError {
    pub(crate) fn new(line: usize, message: impl Into<String>) -> DockerfileError {
        DockerfileError { line, message: message.into(), hints: vec![], elsewhere: false }
    }

    pub(crate) fn hint(mut self, text: impl Into<String>) -> DockerfileError {
        self.hints.push(text.into());
        self
    }

    pub(crate) fn elsewhere(mut self) -> DockerfileError {
        self.elsewhere = true;
        self
    }
}

/// Why an image could not be made of a Dockerfile.
#[derive(Debug)]
pub enum Failure<E> {
    /// The Dockerfile, or what it asks for.
    Said(DockerfileError),
    /// Files, layers, layouts.
    Image(ImageError),
    /// What the surroundings say.
    Outside(E),
}

impl<E> From<DockerfileError> for Failure<E> {
    fn from(e: DockerfileError) -> Self {
        Failure::Said(e)
    }
}

impl<E> From<ImageError> for Failure<E> {
    fn from(e: ImageError) -> Self {
        Failure::Image(e)
    }
}
