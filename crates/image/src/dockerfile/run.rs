//! RUN: the program, and what is mounted for it while it runs (Dockerfile reference, `RUN --mount`).
//!
//! Binds, caches and tmpfs are folders of their own that are gone afterwards: a cache begins empty each time, which a
//! Dockerfile must bear anyway. Must not: run anything, give away secrets.

use super::evaluate::{Surroundings, Work};
use super::foreign::refused;
use super::parse::{Instruction, begin};
use super::stage::Stage;
use super::{DockerfileError, Failure};
use crate::Platform;
use crate::tree::{Node, Tree};

/// A RUN.
#[derive(Clone, Debug)]
pub struct RunStep {
    /// Its line.
    pub line: usize,
    /// `RUN apk add …`.
    pub title: String,
    /// The program and its arguments.
    pub argv: Vec<String>,
    /// `KEY=value`.
    pub env: Vec<String>,
    /// Where it starts.
    pub work: String,
    /// Numbers of user and group.
    pub user: (u32, u32),
    /// False for `--network=none`.
    pub network: bool,
    /// For what.
    pub platform: Platform,
    /// What is mounted.
    pub mounts: Vec<RunMount>,
}

/// A file or folder that a program of RUN sees, and that is not in the image.
#[derive(Clone, Debug)]
pub struct RunMount {
    /// Where, without the first `/`; no part of it is a link.
    pub target: String,
    /// What, below [`RunMount::AT`].
    pub files: Tree,
    /// Whether nothing can be written there.
    pub read_only: bool,
}

impl RunMount {
    /// Where in [`RunMount::files`] the file or folder is.
    pub const AT: &'static str = "m";
}

/// `--mount=…` as it is written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct MountWords {
    kind: Kind,
    target: String,
    pub(super) from: Option<String>,
    source: String,
    write: bool,
    mode: Option<u32>,
    owner: (u32, u32),
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Kind {
    #[default]
    Bind,
    Cache,
    Tmpfs,
}

impl MountWords {
    /// Reads one.
    ///
    /// # Errors
    /// A kind that is not done here, such as a secret; a word that is not known.
    pub(super) fn read(i: &Instruction, text: &str) -> Result<MountWords, DockerfileError> {
        let bad = |what: String| DockerfileError::new(i.line, format!("--mount={text}: {what}"));
        let mut out = MountWords::default();
        for word in text.split(',') {
            let (key, value) = word.split_once('=').unwrap_or((word, "true"));
            let number = || value.parse().map_err(|_| bad(format!("`{key}` is a number")));
            match key.to_ascii_lowercase().as_str() {
                "type" => {
                    out.kind = match value {
                        "bind" => Kind::Bind,
                        "cache" => Kind::Cache,
                        "tmpfs" => Kind::Tmpfs,
                        other => {
                            return Err(refused(i, format!("RUN --mount=type={other} is not done here")));
                        }
                    };
                }
                "target" | "dst" | "destination" => value.clone_into(&mut out.target),
                "from" => out.from = Some(value.to_owned()),
                "source" | "src" => value.clone_into(&mut out.source),
                "readonly" | "ro" => out.write = value == "false",
                "readwrite" | "rw" => out.write = value != "false",
                "mode" => {
                    let mode = u32::from_str_radix(value, 8);
                    out.mode = Some(mode.map_err(|_| bad("`mode` is octal".to_owned()))?);
                }
                "uid" => out.owner.0 = number()?,
                "gid" => out.owner.1 = number()?,
                // Of caches that are kept, and of memory that is not.
                "id" | "sharing" | "size" => {}
                _ => return Err(bad(format!("`{key}` is not known"))),
            }
        }
        match out.target.is_empty() {
            true => Err(bad("it has no target".to_owned())),
            false => Ok(out),
        }
    }
}

impl<S: Surroundings> Work<'_, S> {
    pub(super) fn run(
        &mut self,
        stage: &mut Stage,
        i: &Instruction,
        index: usize,
    ) -> Result<(), Failure<S::Error>> {
        let refused = |what: String| refused(i, what);
        let (network, words) = self.runs(i)?;
        let user = stage.runs_as(i)?;
        let work = match stage.config.config.working_dir.as_str() {
            "" => "/".to_owned(),
            work => work.to_owned(),
        };
        let argv = script(stage, i).map_err(refused)?;
        let said = format!("RUN {} # buildkit", argv.join(" "));
        let mounts = words.iter().map(|w| self.mount(stage, i, index, w)).collect::<Result<_, _>>()?;
        let step = RunStep {
            line: i.line,
            title: i.title(),
            argv,
            env: stage.environment(),
            work,
            user,
            network,
            platform: stage.platform.clone(),
            mounts,
        };
        match self.surroundings.run(self.layout, &mut stage.tree, &step).map_err(Failure::Outside)? {
            Some(layer) => stage.add(layer, said),
            None => return Err(refused(format!("`{}` is not done here", i.title())).into()),
        }
        Ok(())
    }

    fn mount(
        &mut self,
        stage: &Stage,
        i: &Instruction,
        index: usize,
        words: &MountWords,
    ) -> Result<RunMount, Failure<S::Error>> {
        let target = stage.absolute(&stage.word(i, &words.target)?);
        let target = stage.tree.resolve(&target)?;
        if target.is_empty() {
            return Err(DockerfileError::new(i.line, "--mount: the target cannot be /").into());
        }
        let from = match &words.from {
            Some(name) => Some(self.from(&stage.word(i, name)?, i, index)?),
            None if words.kind == Kind::Bind => Some(self.context.clone()),
            None => None,
        };
        let files = match &from {
            Some(tree) => {
                let source = stage.word(i, &words.source)?;
                below(tree, &source).ok_or_else(|| {
                    DockerfileError::new(i.line, format!("--mount: the source `{source}` is not there"))
                })?
            }
            None => empty(words, self.options.created),
        };
        let read_only = words.kind == Kind::Bind && !words.write;
        Ok(RunMount { target, files, read_only })
    }
}

/// A folder for a cache, or for what is forgotten.
fn empty(words: &MountWords, clock: i64) -> Tree {
    let usual = if words.kind == Kind::Tmpfs { 0o1777 } else { 0o755 };
    let mut node = Node::directory(clock);
    node.mode = words.mode.unwrap_or(usual);
    (node.uid, node.gid) = words.owner;
    let mut tree = Tree::empty();
    tree.insert(RunMount::AT, node);
    tree
}

/// A file or folder of a tree, alone.
fn below(tree: &Tree, source: &str) -> Option<Tree> {
    let (real, node) = tree.lookup(source)?;
    let mut out = Tree::empty();
    out.insert(RunMount::AT, node.clone());
    let prefix = if real.is_empty() { 0 } else { real.len() + 1 };
    for (path, node) in tree.below(&real) {
        out.insert(&format!("{}/{}", RunMount::AT, &path[prefix..]), node.clone());
    }
    Some(out)
}

/// What RUN runs: its command, a document by the shell, or a line with documents.
fn script(stage: &Stage, i: &Instruction) -> Result<Vec<String>, String> {
    let Some(first) = i.heredocs.first() else { return Ok(stage.command(i)) };
    let mut line = i.clone();
    let alone = i.heredocs.len() == 1 && begin(&i.rest).is_some_and(|d| d.name == first.name);
    if alone && first.text.starts_with("#!") {
        return Err("RUN of a document with `#!` is not done here".to_owned());
    }
    if alone {
        line.rest.clone_from(&first.text);
    } else {
        for doc in &i.heredocs {
            line.rest = format!("{}\n{}{}", line.rest, doc.text, doc.name);
        }
    }
    Ok(stage.command(&line))
}
