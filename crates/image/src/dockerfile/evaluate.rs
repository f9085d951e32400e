//! A Dockerfile done for one platform: stages from their bases, instruction by instruction.

use super::chmod::Chmod;
use super::copy::{Copy, make_folder};
use super::expand::{Lexer, expand};
use super::foreign::remote;
use super::parse::{Dockerfile, Instruction, begin, instruction};
use super::run::RunStep;
use super::stage::Stage;
use super::words::pairs;
use super::{DockerfileError, Failure, Ignore};
use crate::assemble::Base;
use crate::{Compression, Descriptor, ImageConfig, Layer, Layout, Platform, Tree};
use std::collections::BTreeMap;

/// What cannot be done from a Dockerfile alone.
pub trait Surroundings {
    /// What goes wrong there.
    type Error;

    /// The base image that FROM or `--from` names.
    ///
    /// # Errors
    /// It is not found.
    fn base(&self, reference: &str, platform: &Platform) -> Result<Base, Self::Error>;

    /// Runs a program in the files of `tree`, which has its changes afterwards; none where RUN is not done.
    ///
    /// # Errors
    /// It fails.
    fn run(&self, layout: &Layout, tree: &mut Tree, step: &RunStep) -> Result<Option<Layer>, Self::Error>;
}

/// For whom, and with what.
#[derive(Clone, Debug)]
pub struct Options {
    /// For which platform.
    pub platform: Platform,
    /// The platform of this machine: BUILDPLATFORM.
    pub host: Platform,
    /// Arguments of the build.
    pub args: BTreeMap<String, String>,
    /// The stage that is wanted; none: the last.
    pub target: Option<String>,
    /// Labels besides the Dockerfile's.
    pub labels: BTreeMap<String, String>,
    /// Unix seconds: when it is created; no file is later.
    pub created: i64,
    /// Of the layers.
    pub compression: Compression,
    /// Why RUN is not done, for messages; none if it is.
    pub no_run: Option<String>,
}

/// An image, not yet in a manifest.
#[derive(Clone, Debug)]
pub struct Built {
    /// Its configuration.
    pub config: ImageConfig,
    /// Its layers, lowest first, all of them in the layout.
    pub layers: Vec<Descriptor>,
    /// Its files.
    pub tree: Tree,
    /// The image below all, and which of its manifests.
    pub base: Option<(Base, Descriptor)>,
}

/// A stage as it is written.
pub(super) struct Written<'d> {
    pub(super) from: &'d Instruction,
    name: Option<String>,
    pub(super) instructions: Vec<&'d Instruction>,
}

/// Makes the image of a Dockerfile for one platform. Stages on which it does not depend are not made.
///
/// # Errors
/// With the line: what the Dockerfile gets wrong; what the surroundings say.
pub fn build<S: Surroundings>(
    layout: &Layout,
    dockerfile: &Dockerfile,
    context: &Tree,
    options: &Options,
    surroundings: &S,
) -> Result<Built, Failure<S::Error>> {
    let (mut work, wanted) = looked_through(layout, dockerfile, context, options, surroundings)?;
    let mut stage = work.stage(wanted)?;
    stage.config.config.labels.extend(options.labels.clone());
    stage.config.created = Some(crate::rfc3339(options.created));
    Ok(Built { config: stage.config, layers: stage.layers, tree: stage.tree, base: stage.base })
}

/// What is known before a base is fetched: the stages, and that all of those which are wanted can be done here.
pub(super) fn looked_through<'w, S: Surroundings>(
    layout: &'w Layout,
    dockerfile: &'w Dockerfile,
    context: &'w Tree,
    options: &'w Options,
    surroundings: &'w S,
) -> Result<(Work<'w, S>, usize), Failure<S::Error>> {
    let mut work = Work {
        layout,
        context,
        options,
        surroundings,
        escape: dockerfile.escape,
        globals: platform_args(options),
        stages: vec![],
        made: BTreeMap::new(),
    };
    work.read(dockerfile)?;
    let wanted = work.target()?;
    work.foreign(wanted)?;
    Ok((work, wanted))
}

/// What BuildKit sets for FROM, and for ARG without a value.
fn platform_args(o: &Options) -> BTreeMap<String, String> {
    let mut out = BTreeMap::new();
    for (prefix, p) in [("TARGET", &o.platform), ("BUILD", &o.host)] {
        let variant = match (p.architecture.as_str(), p.variant.as_str()) {
            ("arm64", "v8" | "8") | ("amd64", "v1") => "",
            (_, variant) => variant,
        };
        let normal = Platform { variant: variant.to_owned(), ..p.clone() };
        for (name, value) in [
            ("PLATFORM", normal.to_string()),
            ("OS", p.os.clone()),
            ("ARCH", p.architecture.clone()),
            ("VARIANT", variant.to_owned()),
        ] {
            out.insert(format!("{prefix}{name}"), value);
        }
    }
    out.insert("TARGETSTAGE".to_owned(), o.target.clone().unwrap_or_else(|| "default".to_owned()));
    out
}

pub(super) struct Work<'w, S> {
    pub(super) layout: &'w Layout,
    pub(super) context: &'w Tree,
    pub(super) options: &'w Options,
    pub(super) surroundings: &'w S,
    escape: char,
    globals: BTreeMap<String, String>,
    pub(super) stages: Vec<Written<'w>>,
    made: BTreeMap<usize, Stage>,
}

impl<'w, S: Surroundings> Work<'w, S> {
    /// Cuts the Dockerfile into stages; arguments before the first are for FROM.
    fn read(&mut self, dockerfile: &'w Dockerfile) -> Result<(), Failure<S::Error>> {
        for i in &dockerfile.instructions {
            if i.keyword == "FROM" {
                let words: Vec<&str> = i.rest.split_whitespace().collect();
                let name = match words.as_slice() {
                    [_] => None,
                    [_, word, name] if word.eq_ignore_ascii_case("as") => Some(name.to_ascii_lowercase()),
                    _ => {
                        let d = DockerfileError::new(i.line, format!("`FROM {}` is not understood", i.rest));
                        return Err(d.hint("write FROM image, or FROM image AS name").into());
                    }
                };
                self.stages.push(Written { from: i, name, instructions: vec![] });
            } else if let Some(stage) = self.stages.last_mut() {
                stage.instructions.push(i);
            } else if i.keyword == "ARG" {
                for (name, value) in args(i, self.escape)? {
                    let given = self.options.args.get(&name).cloned();
                    let default = value.map(|v| self.global(i, &v)).transpose()?;
                    if let Some(value) = given.or(default) {
                        self.globals.insert(name, value);
                    }
                }
            } else {
                let message = format!("{} before the first FROM", i.keyword);
                return Err(DockerfileError::new(i.line, message).into());
            }
        }
        match self.stages.is_empty() {
            true => Err(DockerfileError::new(1, "it has no FROM").into()),
            false => Ok(()),
        }
    }

    pub(super) fn global(&self, of: &Instruction, word: &str) -> Result<String, DockerfileError> {
        let get = |name: &str| self.globals.get(name).cloned();
        let lexer = Lexer { escape: self.escape, get: &get, raw_quotes: false };
        expand(word, &lexer).map_err(|why| DockerfileError::new(of.line, why))
    }

    fn target(&self) -> Result<usize, DockerfileError> {
        let last = self.stages.len() - 1;
        let Some(target) = &self.options.target else { return Ok(last) };
        self.named(target, self.stages.len()).ok_or_else(|| {
            let names: Vec<&str> = self.stages.iter().filter_map(|s| s.name.as_deref()).collect();
            let message = format!("there is no stage `{target}`; there are: {}", names.join(", "));
            DockerfileError::new(self.stages[last].from.line, message)
        })
    }

    /// The stage of a name or number, among those before `end`; the last of a name.
    pub(super) fn named(&self, text: &str, end: usize) -> Option<usize> {
        let name = text.to_ascii_lowercase();
        let found = (0..end).rev().find(|i| self.stages[*i].name.as_deref() == Some(&name));
        found.or_else(|| text.parse().ok().filter(|n| *n < end))
    }

    /// The stage of a name, as FROM has it.
    pub(super) fn called(&self, name: &str, end: usize) -> Option<usize> {
        let name = name.to_ascii_lowercase();
        self.stages[..end].iter().rposition(|s| s.name.as_deref() == Some(name.as_str()))
    }

    fn stage(&mut self, index: usize) -> Result<Stage, Failure<S::Error>> {
        if let Some(made) = self.made.get(&index) {
            return Ok(made.clone());
        }
        let mut stage = self.begin(index)?;
        let triggers = std::mem::take(&mut stage.config.config.on_build);
        let line = self.stages[index].from.line;
        for text in triggers {
            let trigger = instruction(&text, line, self.escape)?;
            self.step(&mut stage, &trigger, index)?;
        }
        for i in self.stages[index].instructions.clone() {
            self.step(&mut stage, i, index)?;
        }
        self.made.insert(index, stage.clone());
        Ok(stage)
    }

    /// FROM.
    fn begin(&mut self, index: usize) -> Result<Stage, Failure<S::Error>> {
        let from = self.stages[index].from;
        let platform = match flag(from, &["platform"])?.remove("platform") {
            None => self.options.platform.clone(),
            Some(text) => {
                let text = self.global(from, &text)?;
                text.parse().map_err(|e: String| DockerfileError::new(from.line, e))?
            }
        };
        let word = from.rest.split_whitespace().next().unwrap_or_default();
        let image = self.global(from, word)?;
        if image.is_empty() {
            let message = format!("`FROM {word}` names nothing: the arguments in it are empty");
            return Err(DockerfileError::new(from.line, message).into());
        }
        if let Some(earlier) = self.called(&image, index) {
            let mut stage = self.stage(earlier)?;
            // Arguments go on, as in BuildKit.
            stage.cmd_said = false;
            return Ok(stage);
        }
        if image == "scratch" {
            return Ok(Stage::scratch(&platform, self.escape, self.options.created));
        }
        self.on(&image, &platform)
    }

    /// A stage on an image from outside.
    fn on(&self, image: &str, platform: &Platform) -> Result<Stage, Failure<S::Error>> {
        let base = self.surroundings.base(image, platform).map_err(Failure::Outside)?;
        let (config, layers, from) = crate::assemble::taken(self.layout, &base, platform)?;
        let manifest = base.layout.read_manifest(&from)?;
        let mut stage = Stage::scratch(platform, self.escape, self.options.created);
        stage.tree = Tree::of_image(&base.layout, &manifest)?;
        stage.config = config;
        if !stage.config.config.env.iter().any(|l| l.starts_with("PATH=")) {
            stage.config.config.env.push(super::stage::PATH.to_owned());
        }
        if stage.config.os.is_empty() {
            stage.config.set_platform(platform);
        }
        stage.layers = layers;
        stage.base = Some((base, from));
        Ok(stage)
    }

    fn step(&mut self, stage: &mut Stage, i: &Instruction, index: usize) -> Result<(), Failure<S::Error>> {
        match i.keyword.as_str() {
            "ARG" => self.arg(stage, i),
            "COPY" | "ADD" => self.copy(stage, i, index),
            "WORKDIR" => self.workdir(stage, i),
            "RUN" => self.run(stage, i, index),
            _ => match stage.configure(i)? {
                true => Ok(()),
                false => Err(DockerfileError::new(i.line, format!("{} is not known here", i.keyword)).into()),
            },
        }
    }

    fn arg(&self, stage: &mut Stage, i: &Instruction) -> Result<(), Failure<S::Error>> {
        let mut said = vec![];
        for (name, default) in args(i, self.escape)? {
            let default = default.map(|v| stage.word(i, &v)).transpose()?;
            let value = self.options.args.get(&name).cloned().or(default);
            let value = value.or_else(|| self.globals.get(&name).cloned());
            said.push(match &value {
                Some(value) => format!("{name}={value}"),
                None => name.clone(),
            });
            match value {
                Some(value) => stage.args.insert(name, value),
                None => stage.args.remove(&name),
            };
        }
        stage.history(format!("ARG {}", said.join(" ")), true);
        Ok(())
    }

    fn workdir(&self, stage: &mut Stage, i: &Instruction) -> Result<(), Failure<S::Error>> {
        let word = stage.word(i, &i.rest)?;
        let path = stage.absolute(&word);
        let path = if path == "/" { path } else { path.trim_end_matches('/').to_owned() };
        let owner = match stage.config.config.user.clone() {
            user if user.is_empty() => (0, 0),
            user => stage.owner(i, &user)?,
        };
        stage.config.config.working_dir.clone_from(&path);
        let clock = self.options.created;
        stage.change(self.layout, i, format!("WORKDIR {path}"), self.options.compression, |tree| {
            let at = tree.resolve(&path).map_err(|e| e.to_string())?;
            make_folder(tree, &at, owner, clock)
        })
    }

    fn copy(&mut self, stage: &mut Stage, i: &Instruction, index: usize) -> Result<(), Failure<S::Error>> {
        let flags = flag(i, copy_flags(i))?;
        let set = |name: &str| flags.get(name).is_some_and(|v| v != "false");
        let mut words = vec![];
        for word in i.list() {
            words.push(stage.word(i, &word)?);
        }
        let Some(to) = words.pop().filter(|_| !words.is_empty()) else {
            return Err(DockerfileError::new(
                i.line,
                format!("{} takes a source and where it goes", i.keyword),
            )
            .into());
        };
        let documents = documents(stage, i, &mut words)?;
        if i.keyword == "ADD" {
            remote(i, &words)?;
        }
        let from = match flags.get("from") {
            None => None,
            Some(text) => Some(self.from(&stage.word(i, text)?, i, index)?),
        };
        let exclude = i.flags.iter().filter(|(n, _)| n == "exclude").filter_map(|(_, v)| v.clone());
        let copy = Copy {
            from: from.as_ref().unwrap_or(self.context),
            sources: &words,
            documents: &documents,
            to: &stage.absolute(&to),
            owner: match flags.get("chown") {
                Some(text) => Some(stage.owner(i, &stage.word(i, text)?)?),
                None => None,
            },
            mode: match flags.get("chmod") {
                Some(text) => Some(chmod(i, &stage.word(i, text)?)?),
                None => None,
            },
            unpack: i.keyword == "ADD" && flags.get("unpack").is_none_or(|v| v != "false"),
            parents: set("parents"),
            exclude: Ignore::of(&exclude.collect::<Vec<_>>()),
            clock: self.options.created,
        };
        let layout = self.layout;
        let said = format!("{} # buildkit", i.title());
        stage.change(layout, i, said, self.options.compression, |tree| copy.onto(tree, layout))
    }

    /// The files that `--from` means: a stage's, else an image's.
    pub(super) fn from(
        &mut self,
        text: &str,
        i: &Instruction,
        index: usize,
    ) -> Result<Tree, Failure<S::Error>> {
        if let Some(earlier) = self.named(text, index) {
            return Ok(self.stage(earlier)?.tree);
        }
        if text.parse::<usize>().is_ok() {
            let message = format!("--from={text}: there is no stage of that number before this one");
            return Err(DockerfileError::new(i.line, message).into());
        }
        let platform = self.options.platform.clone();
        Ok(self.on(text, &platform)?.tree)
    }
}

/// The documents that are sources, expanded, taken out of the words.
fn documents(
    stage: &Stage,
    i: &Instruction,
    words: &mut Vec<String>,
) -> Result<Vec<(String, String)>, DockerfileError> {
    let mut out = vec![];
    for doc in &i.heredocs {
        let get = |name: &str| stage.variable(name);
        let lexer = Lexer { escape: stage.escape, get: &get, raw_quotes: true };
        let text = match doc.expand {
            true => expand(&doc.text, &lexer).map_err(|why| DockerfileError::new(i.line, why))?,
            false => doc.text.clone(),
        };
        out.push((doc.name.clone(), text));
    }
    if !out.is_empty() {
        words.retain(|w| begin(w).is_none_or(|d| !out.iter().any(|(name, _)| *name == d.name)));
    }
    Ok(out)
}

/// Names of ARG with their values.
fn args(i: &Instruction, escape: char) -> Result<Vec<(String, Option<String>)>, DockerfileError> {
    let words = super::words::words(&i.rest, escape);
    let mut out = vec![];
    for word in words {
        let pair = match word.contains('=') {
            true => pairs(&word, escape).and_then(|mut p| p.pop()).map(|(k, v)| (k, Some(v))),
            false => Some((word.clone(), None)),
        };
        match pair.filter(|(name, _)| !name.is_empty()) {
            Some(pair) => out.push(pair),
            None => return Err(DockerfileError::new(i.line, format!("ARG {word} has no name"))),
        }
    }
    Ok(out)
}

/// The flags of COPY and ADD.
pub(super) fn copy_flags(i: &Instruction) -> &'static [&'static str] {
    match i.keyword.as_str() {
        "COPY" => &["from", "chown", "chmod", "link", "parents", "exclude"],
        _ => &["chown", "chmod", "link", "exclude", "unpack"],
    }
}

/// Flags by name; a flag without a value is `true`.
pub(super) fn flag(i: &Instruction, known: &[&str]) -> Result<BTreeMap<String, String>, DockerfileError> {
    let mut out = BTreeMap::new();
    for (name, value) in &i.flags {
        if !known.contains(&name.as_str()) {
            let message = format!("{} --{name} is not done here", i.keyword);
            return Err(DockerfileError::new(i.line, message)
                .hint(format!("known are: --{}", known.join(", --")))
                .elsewhere());
        }
        out.insert(name.clone(), value.clone().unwrap_or_else(|| "true".to_owned()));
    }
    Ok(out)
}

fn chmod(i: &Instruction, text: &str) -> Result<Chmod, DockerfileError> {
    Chmod::parse(text).ok_or_else(|| {
        DockerfileError::new(i.line, format!("--chmod={text} is no mode"))
            .hint("write --chmod=0755, or --chmod=u=rwX,go=rX")
    })
}
