//! What others build: instructions and flags that are not done here, known before anything is fetched.

use super::evaluate::{Options, Surroundings, Work, copy_flags, flag, looked_through};
use super::parse::{Dockerfile, Instruction};
use super::run::{MountWords, RunStep};
use super::{DockerfileError, Failure};
use crate::assemble::Base;
use crate::{Layer, Layout, Platform, Tree};
use std::collections::BTreeSet;

/// An instruction that is not done here.
pub(super) fn refused(i: &Instruction, what: String) -> DockerfileError {
    DockerfileError::new(i.line, what)
        .hint("docker buildx build, buildah bud and podman build do it: --dockerfile-builder gives it to one of them")
        .elsewhere()
}

/// Whether goferry can do a Dockerfile, as far as its text says: nothing is fetched and nothing is written.
///
/// # Errors
/// With the line: what it gets wrong, or what is not done here.
pub fn look(dockerfile: &Dockerfile, options: &Options) -> Result<(), DockerfileError> {
    let (layout, context) = (Layout::nowhere(), Tree::empty());
    match looked_through(&layout, dockerfile, &context, options, &Nobody) {
        Err(Failure::Said(e)) => Err(e),
        _ => Ok(()),
    }
}

/// Asked by nobody who only looks.
struct Nobody;

impl Surroundings for Nobody {
    type Error = ();

    fn base(&self, _: &str, _: &Platform) -> Result<Base, ()> {
        Err(())
    }

    fn run(&self, _: &Layout, _: &mut Tree, _: &RunStep) -> Result<Option<Layer>, ()> {
        Err(())
    }
}

impl<S: Surroundings> Work<'_, S> {
    /// The first thing that is not done here, in the stages that are wanted.
    pub(super) fn foreign(&self, wanted: usize) -> Result<(), DockerfileError> {
        let (mut open, mut seen) = (vec![wanted], BTreeSet::new());
        while let Some(index) = open.pop() {
            if !seen.insert(index) {
                continue;
            }
            let stage = &self.stages[index];
            let from = stage.from.rest.split_whitespace().next().unwrap_or_default();
            // What does not expand is said when the stage is begun.
            open.extend(self.global(stage.from, from).ok().and_then(|name| self.called(&name, index)));
            for i in &stage.instructions {
                open.extend(self.looked_at(i, index)?);
            }
        }
        Ok(())
    }

    /// The stages that an instruction takes files of, if it is done here.
    fn looked_at(&self, i: &Instruction, index: usize) -> Result<Vec<usize>, DockerfileError> {
        let names: Vec<String> = match i.keyword.as_str() {
            "RUN" => self.runs(i)?.1.into_iter().filter_map(|m| m.from).collect(),
            "COPY" | "ADD" => {
                let from = flag(i, copy_flags(i))?.remove("from");
                if i.keyword == "ADD" {
                    remote(i, &i.list())?;
                }
                from.into_iter().collect()
            }
            _ => vec![],
        };
        Ok(names.iter().filter_map(|name| self.named(name, index)).collect())
    }

    /// Whether a RUN sees the network, and what is mounted for it, if it is done here.
    pub(super) fn runs(&self, i: &Instruction) -> Result<(bool, Vec<MountWords>), DockerfileError> {
        if let Some(why) = &self.options.no_run {
            return Err(refused(i, format!("`{}` is not done here{why}", i.title())));
        }
        let (mut network, mut mounts) = (true, vec![]);
        for (name, value) in &i.flags {
            match (name.as_str(), value.as_deref()) {
                ("network", Some("default")) => {}
                ("network", Some("none")) => network = false,
                ("mount", Some(text)) => mounts.push(MountWords::read(i, text)?),
                _ => return Err(refused(i, format!("RUN --{name} is not done here"))),
            }
        }
        Ok((network, mounts))
    }
}

/// What ADD would fetch.
pub(super) fn remote(i: &Instruction, words: &[String]) -> Result<(), DockerfileError> {
    let far = |w: &&String| {
        let git = w.starts_with("git@") || w.split('#').next().is_some_and(|w| w.ends_with(".git"));
        w.starts_with("http://") || w.starts_with("https://") || w.starts_with("git://") || git
    };
    match words.iter().find(far) {
        None => Ok(()),
        Some(address) => Err(DockerfileError::new(i.line, format!("ADD of {address} is not done here"))
            .hint("fetch it beforehand, check it, and COPY the file")
            .hint("or let docker buildx build, buildah bud or podman build do it, by --dockerfile-builder")
            .elsewhere()),
    }
}
