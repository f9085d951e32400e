//! Dockerfiles given to another builder: docker buildx, podman or buildah makes the image, and goferry takes it in.
//!
//! Owns: the command lines and where their images come out. Must not: decide which Dockerfiles these are.
//!
//! Least versions: buildx 0.13 (`rewrite-timestamp`), podman 4, buildah 1.28 (`--ignorefile`, `--timestamp`). podman and buildah
//! write Docker's format, since OCI's of theirs drops HEALTHCHECK and SHELL.

use super::base;
use super::build::failure;
use crate::steps::Execution;
use goferry_config::model::DockerfileBuilder;
use goferry_image::dockerfile::Built;
use goferry_image::{Base, ImageError, Layout, Platform, adopt, read_folder};
use goferry_plan::graph::{DockerfileSpec, ImageSpec, Outside};
use goferry_proc::{CommandSpec, Env, Finished, Limits, OutputMode, SpawnError, Spawner as _, Stdin};
use goferry_report::{Code, Diagnostic, Diagnostics};
use std::path::Path;

/// Lines of a failed command that are shown.
const LINES: usize = 20;

/// An image that another program is to make.
pub(super) struct Order<'o> {
    pub(super) cx: &'o Execution<'o>,
    pub(super) spec: &'o ImageSpec,
    pub(super) content: &'o DockerfileSpec,
    pub(super) outside: &'o Outside,
    /// Its folder: `Dockerfile` and `context` lie there.
    pub(super) folder: &'o Path,
}

impl Order<'_> {
    /// What the builder says of its version; that it is there is known afterwards.
    pub(super) fn version(&self) -> Result<String, Diagnostics> {
        let argv = version(self.outside.builder);
        let said = self.run(&argv, Code::ToolMissing)?;
        Ok(said.stdout_text().lines().next().unwrap_or_default().trim().to_owned())
    }

    /// Has the image of a platform made, and takes it into `layout`.
    pub(super) fn make(&self, layout: &Layout, platform: &Platform) -> Result<Built, Diagnostics> {
        let word = platform.to_string();
        let out = self.folder.join(format!("out-{}", word.replace('/', "-")));
        let name = format!("localhost/goferry-{}:{}", unique(self.folder), word.replace('/', "-"));
        let lines = Lines { order: self, platform: &word, out: &out, name: &name };
        let made = lines.make().iter().try_for_each(|argv| self.run(argv, Code::HookFailed).map(drop));
        if let Some(argv) = lines.forget() {
            // Its cache stays in its store, the image not; what cannot be removed does no harm.
            let _ = self.run(&argv, Code::HookFailed);
        }
        made?;
        let failed = |e: ImageError| failure(self.spec, &e);
        let from = match self.outside.builder {
            DockerfileBuilder::Buildx => {
                let from = base::open(&out, self.folder)?;
                let refs = from.refs().map_err(failed)?;
                let top = refs.into_iter().next().map(|(_, d)| d).ok_or_else(|| self.nothing())?;
                Base { layout: from, top, name: String::new() }
            }
            DockerfileBuilder::Podman | DockerfileBuilder::Buildah => {
                let from = Layout::create(&out.with_extension("oci")).map_err(failed)?;
                let top = read_folder(&out, &from).map_err(failed)?;
                Base { layout: from, top, name: String::new() }
            }
        };
        let mut built = adopt(layout, &from, platform, self.spec.created).map_err(failed)?;
        built.config.history.iter_mut().for_each(|h| same_each_time(&mut h.comment));
        Ok(built)
    }

    fn nothing(&self) -> Diagnostics {
        let message = format!("image `{}`: what the builder wrote holds no image", self.spec.id);
        Diagnostic::error(Code::OutputMissing, message).into()
    }

    /// Runs a command with the whole environment, as hooks have it.
    fn run(&self, argv: &[String], code: Code) -> Result<Finished, Diagnostics> {
        let mut env = self.cx.env.clone();
        env.remove("SOURCE_DATE_EPOCH");
        if self.outside.builder == DockerfileBuilder::Buildx {
            env.insert("SOURCE_DATE_EPOCH".to_owned(), self.spec.created.to_string());
        }
        let (program, args) = argv.split_first().ok_or_else(|| self.nothing())?;
        let words = argv.iter().take(3).map(String::as_str).collect::<Vec<_>>().join(" ");
        let purpose = format!("image `{}`: {words}", self.spec.id);
        let spec = CommandSpec {
            purpose: purpose.clone(),
            program: program.into(),
            args: args.iter().map(Into::into).collect(),
            env: Env::Exactly(env.into_iter().collect()),
            cwd: Some(self.cx.project.root.clone()),
            stdin: Stdin::Null,
            limits: Limits::default(),
            output: OutputMode::Capture { max_bytes: 1 << 20 },
        };
        let done = self.cx.session.host.run(&spec).map_err(|e| self.unstarted(&e))?;
        if done.status.success() {
            return Ok(done);
        }
        let mut d = Diagnostic::error(code, format!("{purpose} failed: {:?}", done.status));
        let said = done.stdout_text() + &done.stderr_text();
        let said: Vec<&str> = said.lines().filter(|l| !l.trim().is_empty()).collect();
        d.notes.extend(said.iter().skip(said.len().saturating_sub(LINES)).map(|l| (*l).to_owned()));
        d.notes.push(format!("the whole command: {}", argv.join(" ")));
        Err(d.into())
    }

    fn unstarted(&self, e: &SpawnError) -> Diagnostics {
        let code = match e {
            SpawnError::Cancelled { .. } => Code::Interrupted,
            SpawnError::NotFound { .. } | SpawnError::NotExecutable { .. } => Code::ToolMissing,
            _ => Code::Io,
        };
        let d = Diagnostic::error(code, e.to_string());
        match code {
            Code::ToolMissing => {
                d.hint("install it, or name another: --dockerfile-builder=podman, buildah or buildx").into()
            }
            _ => d.into(),
        }
    }
}

/// podman notes `FROM <image of the step before>`, which is another one each time and nobody's but its store's.
fn same_each_time(comment: &mut String) {
    let own = |id: &str| id.len() == 12 && id.bytes().all(|b| b.is_ascii_hexdigit());
    if comment.strip_prefix("FROM ").is_some_and(own) {
        comment.clear();
    }
}

/// Two images may be made at once, and one name means one of them.
fn unique(folder: &Path) -> String {
    let name = folder.file_name().map(|n| n.to_string_lossy().to_lowercase()).unwrap_or_default();
    name.chars().filter(char::is_ascii_alphanumeric).collect()
}

fn version(builder: DockerfileBuilder) -> Vec<String> {
    let words: &[&str] = match builder {
        DockerfileBuilder::Buildx => &["docker", "buildx", "version"],
        DockerfileBuilder::Podman => &["podman", "--version"],
        DockerfileBuilder::Buildah => &["buildah", "--version"],
    };
    words.iter().map(|w| (*w).to_owned()).collect()
}

/// The command lines for one platform.
struct Lines<'l> {
    order: &'l Order<'l>,
    platform: &'l str,
    /// Where the image comes out.
    out: &'l Path,
    /// What it is called in the builder's own store.
    name: &'l str,
}

impl Lines<'_> {
    /// Commands that leave the image at `out`.
    fn make(&self) -> Vec<Vec<String>> {
        let words = |words: &[&str]| words.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>();
        let to = format!("dir:{}", self.out.display());
        match self.order.outside.builder {
            DockerfileBuilder::Buildx => {
                let to = format!("--output=type=oci,dest={},rewrite-timestamp=true", self.out.display());
                let own = [to.as_str(), "--provenance=false", "--sbom=false"];
                vec![[words(&["docker", "buildx", "build"]), words(&own), self.common()].concat()]
            }
            DockerfileBuilder::Podman => vec![
                [words(&["podman", "build"]), self.own(), self.common()].concat(),
                words(&["podman", "push", "--quiet", "--compress", "--format=v2s2", self.name, &to]),
            ],
            DockerfileBuilder::Buildah => vec![
                [words(&["buildah", "build"]), self.own(), self.common()].concat(),
                words(&["buildah", "push", "--quiet", "--format=v2s2", self.name, &to]),
            ],
        }
    }

    /// The command that removes the image from the builder's store.
    fn forget(&self) -> Option<Vec<String>> {
        let program = match self.order.outside.builder {
            DockerfileBuilder::Buildx => return None,
            DockerfileBuilder::Podman => "podman",
            DockerfileBuilder::Buildah => "buildah",
        };
        Some(vec![program.to_owned(), "rmi".to_owned(), self.name.to_owned()])
    }

    /// What podman and buildah share.
    fn own(&self) -> Vec<String> {
        let ignored = self.order.folder.join("Dockerfile.dockerignore");
        vec![
            format!("--tag={}", self.name),
            "--format=docker".to_owned(),
            format!("--timestamp={}", self.order.spec.created),
            // The context is what is left already.
            format!("--ignorefile={}", ignored.display()),
        ]
    }

    fn common(&self) -> Vec<String> {
        let Order { spec, content, outside, folder, .. } = self.order;
        let mut out = vec![
            format!("--platform={}", self.platform),
            format!("--file={}", folder.join("Dockerfile").display()),
        ];
        out.extend(content.args.iter().map(|a| format!("--build-arg={a}")));
        out.extend(spec.labels.iter().map(|(k, v)| format!("--label={k}={v}")));
        out.extend(content.target.iter().map(|t| format!("--target={t}")));
        out.extend(outside.flags.iter().cloned());
        out.push(folder.join("context").display().to_string());
        out
    }
}
