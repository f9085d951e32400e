//! `goferry image run`: an image's program in the caller's place, with the image as its whole file system.
//!
//! Owns: which image and platform, what is started in it. Must not: start it; the caller does, while it has no thread.

use super::base::open;
use super::build::drawn;
use super::inspect::places;
use super::proof::{environment, find, root, user};
use crate::compilers::Fetching;
use crate::session::Session;
use crate::toolset;
use goferry_emulate::{Apart, GuestProgram, in_root, wasi};
use goferry_image::tree::Owners;
use goferry_image::{Descriptor, ImageConfig, ImageError, Layout, Platform, Tree};
use goferry_proc::guest::GuestSpec;
use goferry_proc::sandbox::{Isolation, probe};
use goferry_report::{Code, Diagnostic, Diagnostics};
use goferry_target::{GoTarget, Os};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// What is asked for.
pub struct Question {
    /// A layout, an archive, a dist folder, or the id of an image in dist/.
    pub at: PathBuf,
    /// Which of its images, if there are several.
    pub name: Option<String>,
    /// For which platform; none: this machine's, else the first.
    pub platform: Option<String>,
    /// In the place of the image's entrypoint.
    pub entrypoint: Option<String>,
    /// In the place of the image's arguments, if there are any.
    pub args: Vec<OsString>,
    /// `KEY=value` beside the image's variables; `KEY` alone has the caller's value, and goes where the caller has none.
    pub env: Vec<String>,
    /// In the place of the image's user.
    pub user: Option<String>,
    /// How far it is kept apart.
    pub apart: Apart,
}

/// What is to be started, and the folder that it is started in, which goes when this is dropped.
pub struct Ready {
    /// For `proc`.
    pub spec: GuestSpec,
    /// The image as a folder.
    pub folder: TempDir,
}

/// Unpacks the image, and says what is to be started.
///
/// # Errors
/// No such image or platform, nothing that runs it, no namespaces.
pub fn ready(session: &Session, question: &Question) -> Result<Ready, Diagnostics> {
    let temp = tempfile::tempdir().map_err(|e| crate::dist::failure(&std::env::temp_dir(), &e))?;
    let at = place(session, &question.at)?;
    let layout = open(&at, temp.path())?;
    let top = named(&layout, question.name.as_deref())?;
    let (platform, image) = chosen(&layout, &top, question.platform.as_deref())?;
    let manifest = layout.read_manifest(&image).map_err(|e| drawn(&e))?;
    let mut config = layout.read_config(&manifest).map_err(|e| drawn(&e))?;
    if let Some(user) = &question.user {
        config.config.user.clone_from(user);
    }
    let tree = Tree::of_image(&layout, &manifest).map_err(|e| drawn(&e))?;
    let what = format!("the image for {platform}");
    let user = user(Code::ImageUnusable, &what, &tree, &config)?;
    let folder = tempfile::Builder::new().prefix("goferry-image-").tempdir();
    let folder = folder.map_err(|e| crate::dist::failure(&std::env::temp_dir(), &e))?;
    tree.unpack(folder.path(), Owners::Caller).map_err(|e| drawn(&e))?;
    let start = Start { session, question, platform: &platform, tree: &tree, config: &config, user };
    let spec = start.spec(folder.path())?;
    Ok(Ready { spec, folder })
}

/// A path, or the id of an image in dist/.
fn place(session: &Session, at: &Path) -> Result<PathBuf, Diagnostics> {
    let direct = session.cwd.join(at);
    let by_id = session.cwd.join("dist/images").join(at);
    let found = places(if !direct.exists() && by_id.exists() { &by_id } else { &direct })?;
    match found.as_slice() {
        [one] => Ok(one.clone()),
        several => {
            let names: Vec<String> =
                several.iter().filter_map(|p| Some(p.file_name()?.to_string_lossy().into_owned())).collect();
            let d = Diagnostic::error(Code::ImageUnusable, format!("{} has several images", at.display()));
            Err(d.hint(format!("name one: {}", names.join(", "))).into())
        }
    }
}

fn named(layout: &Layout, name: Option<&str>) -> Result<Descriptor, Diagnostics> {
    let refs = layout.refs().map_err(|e| drawn(&e))?;
    let fits = |n: &Option<String>| name.is_none_or(|w| n.as_deref() == Some(w));
    let mut found: Vec<Descriptor> = refs.iter().filter(|(n, _)| fits(n)).map(|(_, d)| d.clone()).collect();
    found.dedup_by(|a, b| a.digest == b.digest);
    match found.as_slice() {
        [one] => Ok(one.clone()),
        _ => {
            let names: Vec<&str> = refs.iter().filter_map(|(n, _)| n.as_deref()).collect();
            let message = format!("{} holds {} such images", layout.root().display(), found.len());
            let d = Diagnostic::error(Code::ImageUnusable, message);
            Err(d.hint(format!("choose one by --name: {}", names.join(", "))).into())
        }
    }
}

fn chosen(
    layout: &Layout,
    top: &Descriptor,
    wanted: Option<&str>,
) -> Result<(Platform, Descriptor), Diagnostics> {
    let all = layout.images(top).map_err(|e| drawn(&e))?;
    let wish = match wanted {
        Some(text) => Some(text.parse::<Platform>().map_err(|e| Diagnostic::error(Code::UnknownTarget, e))?),
        None => None,
    };
    let own = Platform { variant: String::new(), ..Platform::of(&crate::host::host_target()) };
    let nearest = |wanted: &Platform| {
        all.iter()
            .filter_map(|(p, d)| Some((p.distance(wanted)?, p, d)))
            .min_by_key(|(distance, _, _)| *distance)
            .map(|(_, p, d)| (p.clone(), d.clone()))
    };
    let found = match &wish {
        Some(wish) => nearest(wish),
        None => nearest(&own).or_else(|| all.first().cloned()),
    };
    found.ok_or_else(|| {
        let e = ImageError::NoPlatform {
            what: layout.root().display().to_string(),
            platform: wish.unwrap_or(own).to_string(),
            has: all.iter().map(|(p, _)| p.to_string()).collect(),
        };
        drawn(&e).into()
    })
}

struct Start<'s> {
    session: &'s Session,
    question: &'s Question,
    platform: &'s Platform,
    tree: &'s Tree,
    config: &'s ImageConfig,
    user: (u32, u32),
}

impl Start<'_> {
    fn spec(&self, folder: &Path) -> Result<GuestSpec, Diagnostics> {
        let words = self.words()?;
        let target: GoTarget = self.platform.to_string().parse().map_err(|e| {
            Diagnostic::error(Code::UnknownTarget, format!("images for {} cannot be run: {e}", self.platform))
        })?;
        let (program, args) = words.split_first().ok_or_else(|| {
            let d = Diagnostic::error(Code::ImageUnusable, "the image has neither entrypoint nor cmd");
            Diagnostics::from(d.hint("say what to start: goferry image run IMAGE -- PROGRAM"))
        })?;
        let env = self.env();
        let found = self.find(&program.to_string_lossy(), &env)?;
        if target.os == Os::Wasip1 {
            // It is interpreted by goferry itself, from the folder that the image was unpacked to and that it takes for all
            // there is. Other runtimes are not told so.
            if self.session.env.get("GOWASIRUNTIME").is_some_and(|r| !r.is_empty()) {
                let d = Diagnostic::error(Code::ImageUnusable, "an image's wasm is run by goferry itself");
                return Err(d.hint("unset GOWASIRUNTIME").into());
            }
            let known = crate::exec::Known { target: Some(target), ..crate::exec::Known::default() };
            // It is opened from outside, where a link of the image would lead to a file of the host.
            let inside = self.tree.resolve(&found).map_err(|e| drawn(&e))?;
            let file = folder.join(inside);
            let mut spec =
                crate::exec::program(self.session, &file, args.to_vec(), &known, &self.question.apart)?;
            spec.set.extend(env);
            let work = self.config.config.working_dir.clone();
            spec.set.extend([
                (wasi::ROOT.to_owned(), folder.display().to_string()),
                (wasi::WORK.to_owned(), work),
            ]);
            return Ok(spec);
        }
        if let Isolation::None { why } = probe() {
            let message =
                format!("an image's program needs namespaces of its own, which are refused here: {why}");
            return Err(Diagnostic::error(Code::IsolationUnavailable, message).into());
        }
        let config = self.session.toolchain_config()?;
        let fetching = Fetching::configured(self.session, &config)?;
        let runner = toolset::runner(self.session, target, &fetching)?;
        let guest = GuestProgram {
            file: Path::new(&found),
            name: Path::new(program),
            target,
            runner: &runner,
            args: args.to_vec(),
            sysroot: None,
            registered_on_host: false,
        };
        let mut at = root(folder, self.config, self.user);
        at.network = self.question.apart.network;
        Ok(in_root(&guest, &self.question.apart, at, env))
    }

    /// As engines of containers have it: the caller's arguments replace the image's, a new entrypoint drops them.
    fn words(&self) -> Result<Vec<OsString>, Diagnostics> {
        let c = &self.config.config;
        let of = |list: &Option<Vec<String>>| -> Vec<OsString> {
            list.iter().flatten().map(OsString::from).collect()
        };
        let mut words = match &self.question.entrypoint {
            Some(program) => vec![OsString::from(program)],
            None => of(&c.entrypoint),
        };
        match (self.question.args.is_empty(), &self.question.entrypoint) {
            (false, _) => words.extend(self.question.args.iter().cloned()),
            (true, None) => words.extend(of(&c.cmd)),
            (true, Some(_)) => {}
        }
        Ok(words)
    }

    fn env(&self) -> Vec<(String, String)> {
        let mut env = environment(self.tree, self.config, self.user.0);
        for said in &self.question.env {
            let (key, value) = match said.split_once('=') {
                Some((key, value)) => (key, Some(value.to_owned())),
                None => (said.as_str(), self.session.env.get(said).cloned()),
            };
            env.retain(|(k, _)| k != key);
            env.extend(value.map(|value| (key.to_owned(), value)));
        }
        env
    }

    /// A program by its path, or by the image's PATH.
    fn find(&self, program: &str, env: &[(String, String)]) -> Result<String, Diagnostics> {
        let path = env.iter().find(|(k, _)| k == "PATH").map_or("", |(_, v)| v.as_str());
        find(self.tree, self.config, path, program).ok_or_else(|| {
            let message = format!("the image for {} has no program `{program}`", self.platform);
            Diagnostic::error(Code::MainMissing, message).into()
        })
    }
}
