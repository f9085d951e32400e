//! The proof of an image: its program runs where the image installs it, with nothing else in sight than the image.

use super::build::failure;
use crate::steps::Execution;
use goferry_image::tree::Owners;
use goferry_image::{Descriptor, ImageConfig, Kind, Layout, Platform, Tree};
use goferry_plan::graph::{Action, ImagePlatform, ImageSpec, VerifySpec};
use goferry_proc::Root;
use goferry_report::{Code, Diagnostic, Diagnostics};
use goferry_target::Os;
use goferry_verify::{Installed, RunOutcome, VerifyContext, Waived, WaiverClass, verify_installed};
use std::path::Path;
use std::thread::ScopedJoinHandle;

/// Proves one platform's image.
pub(super) struct Proof<'p> {
    pub cx: &'p Execution<'p>,
    pub spec: &'p ImageSpec,
    pub layout: &'p Layout,
}

impl Proof<'_> {
    /// All platforms, as many at once as there are cores; what is wrong with any of them is in the error.
    pub(super) fn all(
        &self,
        platforms: &[ImagePlatform],
        images: &[(Platform, Descriptor)],
    ) -> Result<Vec<RunOutcome>, Diagnostics> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let pairs: Vec<_> = platforms.iter().zip(images).collect();
        let (mut out, mut problems) = (vec![], Diagnostics::default());
        for some in pairs.chunks(cores) {
            let done: Vec<_> = std::thread::scope(|scope| {
                let started: Vec<_> =
                    some.iter().map(|(on, (_, image))| scope.spawn(|| self.run(on, image))).collect();
                started.into_iter().map(ScopedJoinHandle::join).collect()
            });
            for one in done {
                match one {
                    Ok(Ok(outcome)) => out.push(outcome),
                    Ok(Err(found)) => problems.append(found),
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
        }
        if problems.list.is_empty() { Ok(out) } else { Err(problems) }
    }

    /// Runs the program of `image` as it was run when it was verified: with the same arguments, judged in the same way.
    fn run(&self, on: &ImagePlatform, image: &Descriptor) -> Result<RunOutcome, Diagnostics> {
        if on.target.os == Os::Wasip1 {
            let reason = "its runtime is not in the image: the program ran when it was verified";
            return Ok(waived(WaiverClass::NoRunner, reason));
        }
        let failed = |e| failure(self.spec, &e);
        let manifest = self.layout.read_manifest(image).map_err(failed)?;
        let config = self.layout.read_config(&manifest).map_err(failed)?;
        let tree = Tree::of_image(self.layout, &manifest).map_err(failed)?;
        let by = format!("image {} for {}", self.spec.id, on.target);
        let user = user(Code::DoesNotStart, &by, &tree, &config)?;
        let Some((program, verify)) = self.program(on) else {
            return Ok(waived(WaiverClass::NotOurs, &not_ours(&by, on, &tree, &config)?));
        };
        let folder =
            tempfile::tempdir_in(&self.cx.temp).map_err(|e| *crate::dist::failure(&self.cx.temp, &e))?;
        tree.unpack(folder.path(), Owners::Caller).map_err(failed)?;
        let installed = Installed {
            by: &by,
            root: root(folder.path(), &config, user),
            program: Path::new(program),
            env: environment(&tree, &config, user.0),
        };
        let cx = VerifyContext {
            host: &self.cx.session.host,
            runner: self.cx.runners.get(&on.target),
            loader_prefix: None,
            main_versions: vec![],
            helper: None,
        };
        let (outcome, warnings) = verify_installed(verify, &installed, &cx)?;
        self.cx.warn(warnings);
        Ok(outcome)
    }

    /// The entrypoint, if it is one of the binaries, and how it was verified.
    fn program<'o>(&self, on: &'o ImagePlatform) -> Option<(&'o str, &VerifySpec)> {
        let program = on.entrypoint.first()?;
        let binary = on.binaries.iter().find(|b| b.to == program.trim_start_matches('/'))?;
        let step = self.cx.plan.steps.iter().find(|s| s.id == binary.verified)?;
        match &step.action {
            Action::Verify(spec) => Some((program, spec)),
            _ => None,
        }
    }
}

/// Why nothing is run; a program that is nowhere in the image cannot start at all.
fn not_ours(by: &str, on: &ImagePlatform, tree: &Tree, config: &ImageConfig) -> Result<String, Diagnostic> {
    match on.entrypoint.first() {
        None => Ok("the image names no program".to_owned()),
        Some(program) if find(tree, config, path(config), program).is_some() => {
            Ok(format!("the image starts {program}, which is none of the binaries"))
        }
        Some(program) => {
            let message = format!("{by}: it starts `{program}`, which is not in it");
            Err(Diagnostic::error(Code::DoesNotStart, message))
        }
    }
}

fn waived(class: WaiverClass, reason: &str) -> RunOutcome {
    RunOutcome::Waived(Waived { class, reason: reason.to_owned(), place: "the image".to_owned() })
}

/// The folder as the program's file system.
pub(crate) fn root(folder: &Path, config: &ImageConfig, user: (u32, u32)) -> Root {
    let work = match config.config.working_dir.as_str() {
        "" => "/",
        work => work,
    };
    Root { work: work.into(), user, ..Root::new(folder) }
}

/// Whom the image's program runs as; an error is for all of the image's platforms to say.
pub(crate) fn user(
    code: Code,
    what: &str,
    tree: &Tree,
    config: &ImageConfig,
) -> Result<(u32, u32), Diagnostic> {
    tree.runs_as(&config.config.user).map_err(|e| {
        Diagnostic::error(code, format!("{what}: {e}"))
            .hint("no engine starts a container of a user that the image does not know; a number needs no entry there")
    })
}

/// A program by its path, or by PATH. Where links lead is not said.
pub(crate) fn find(tree: &Tree, config: &ImageConfig, path: &str, program: &str) -> Option<String> {
    let is_file = |at: &str| tree.lookup(at).is_some_and(|(_, n)| matches!(n.kind, Kind::File(_)));
    let found = match program {
        p if p.starts_with('/') => Some(p.to_owned()),
        p if p.contains('/') => Some(format!("{}/{p}", config.config.working_dir)),
        p => path.split(':').map(|d| format!("{d}/{p}")).find(|f| is_file(f)),
    };
    found.filter(|f| is_file(f))
}

/// The image's PATH.
pub(crate) fn path(config: &ImageConfig) -> &str {
    let said = config.config.env.iter().filter_map(|e| e.strip_prefix("PATH=")).next_back();
    said.unwrap_or("/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
}

/// The image's variables, with what engines of containers set besides.
pub(crate) fn environment(tree: &Tree, config: &ImageConfig, uid: u32) -> Vec<(String, String)> {
    let mut env: Vec<(String, String)> = config
        .config
        .env
        .iter()
        .filter_map(|e| e.split_once('='))
        .map(|(k, v)| (k.to_owned(), v.to_owned()))
        .collect();
    let has = |env: &[(String, String)], name: &str| env.iter().any(|(k, _)| k == name);
    if !has(&env, "PATH") {
        env.push(("PATH".to_owned(), path(config).to_owned()));
    }
    if !has(&env, "HOME") {
        let home = if uid == 0 && tree.lookup("root").is_some() { "/root" } else { "/" };
        env.push(("HOME".to_owned(), home.to_owned()));
    }
    env
}

/// What became of a proof, in words; none where there is nothing to say.
pub(super) fn waiver(id: &str, platform: &str, outcome: &RunOutcome) -> Option<String> {
    match outcome {
        RunOutcome::Ran(_) => None,
        RunOutcome::Waived(w) => {
            Some(format!("image {id} for {platform}: {} ({}; {})", w.class.as_str(), w.reason, w.place))
        }
    }
}
