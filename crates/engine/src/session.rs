//! What a run has at hand: where it is, its environment, its sink, its cache; and the requests it is given.

use goferry_cache::Store;
use goferry_config::Config;
use goferry_config::model::DockerfileBuilder;
use goferry_net::{Client, NetError, Options};
use goferry_proc::Host;
use goferry_report::{Code, Diagnostic, Diagnostics, Sink};
use goferry_target::GoTarget;
use goferry_toolchain::go::{Go, GoIdentity};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

/// What every command has.
pub struct Session {
    /// The working directory, absolute.
    pub cwd: PathBuf,
    /// The process environment.
    pub env: BTreeMap<String, String>,
    /// Takes every event.
    pub sink: Arc<dyn Sink>,
    /// Starts commands; its cancel handle stops them.
    pub host: Host,
    /// The action cache; none with `--no-cache` or when it cannot be opened.
    pub cache: Option<Store>,
    /// Folder of fetched compilers and emulators; none where no cache folder is known.
    pub tools: Option<PathBuf>,
    /// The most steps at once; none: by cores and free memory.
    pub parallelism: Option<usize>,
    /// Version of goferry, part of every key.
    pub version: String,
    /// What [`Session::send`] keeps: connections, and the authorities once they were needed.
    pub net: OnceLock<Client>,
}

impl Session {
    /// PATH; empty without one.
    pub(crate) fn path(&self) -> &str {
        self.env.get("PATH").map(String::as_str).unwrap_or_default()
    }

    /// The go command on PATH, and what its files say of it.
    ///
    /// # Errors
    /// [`Code::GoMissing`]: there is none, or it is not whole.
    pub(crate) fn go(&self) -> Result<(PathBuf, GoIdentity), Box<Diagnostic>> {
        let path = Go::find(self.path().as_ref(), &self.cwd)?;
        let identity = Go::identify_without_running(&path, &self.cwd).map_err(|e| {
            Box::new(Diagnostic::error(Code::GoMissing, format!("the go command does not work: {e}")))
        })?;
        Ok((path, identity))
    }

    /// Sends a request through the environment's proxies, trusting the host's authorities; given up when the run is cancelled.
    ///
    /// # Errors
    /// There is no answer.
    pub fn send(&self, request: &goferry_net::Request) -> Result<goferry_net::Response, NetError> {
        let client =
            self.net.get_or_init(|| Client::new(Options::from_env(|name| self.env.get(name).cloned())));
        client.send(request, &|| self.host.cancel().is_cancelled())
    }

    /// The configuration in the working directory.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn config(&self) -> Result<Config, Diagnostics> {
        let (config, problems) = crate::config::load(&self.cwd, &self.cwd, &ConfigFile::Search);
        if problems.has_errors() { Err(problems) } else { Ok(config) }
    }

    /// goferry.toml alone: for what needs the project's compilers and emulators and nothing else, so that whatever a
    /// release would stumble over does not keep a program from running.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn toolchain_config(&self) -> Result<Config, Diagnostics> {
        let file = self.cwd.join(goferry_config::GOFERRY_FILE);
        let (config, problems) = if file.is_file() {
            let named = ConfigFile::Named(goferry_config::GOFERRY_FILE.into());
            crate::config::load(&self.cwd, &self.cwd, &named)
        } else {
            goferry_config::load(None, None)
        };
        if problems.has_errors() { Err(problems) } else { Ok(config) }
    }
}

/// What is released.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The working directory.
    Checkout,
    /// `module@version`.
    Module(String),
}

/// A configuration file that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConfigFile {
    /// The search order decides.
    Search,
    /// `-f FILE`.
    Named(PathBuf),
    /// `-f -`: this text.
    Stdin(String),
}

/// A text above or below the changelog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inset {
    /// The text.
    pub text: String,
    /// Whether it is a template.
    pub template: bool,
}

/// What the command line asks for.
#[derive(Clone, Debug)]
pub struct Request {
    /// `release`, `build`, `plan`: for events and messages.
    pub command: &'static str,
    /// Checkout or module.
    pub subject: Subject,
    /// Configuration.
    pub config: ConfigFile,
    /// `--snapshot`.
    pub snapshot: bool,
    /// `--auto-snapshot`: a snapshot if the tree is dirty.
    pub auto_snapshot: bool,
    /// `--clean`.
    pub clean: bool,
    /// `--skip`.
    pub skip: BTreeSet<String>,
    /// `--single-target`.
    pub single_target: Option<GoTarget>,
    /// `--target`.
    pub targets: Vec<GoTarget>,
    /// `--id`.
    pub ids: Vec<String>,
    /// `goferry build`.
    pub build_only: bool,
    /// `goferry image build`: binaries, verified, and images; nothing else.
    pub images_only: bool,
    /// `--dockerfile-run`: RUN instructions of Dockerfiles are done.
    pub run_instructions: bool,
    /// `--dockerfile-builder`: who is given Dockerfiles that goferry does not do itself.
    pub dockerfile_builder: Option<DockerfileBuilder>,
    /// `-o`: copy the only binary there.
    pub output: Option<PathBuf>,
    /// `--allow-hooks`.
    pub allow_hooks: bool,
    /// `--from-copy`.
    pub from_copy: bool,
    /// `--now`.
    pub now: bool,
    /// `--dist`.
    pub dist: Option<String>,
    /// `--locked`: only what goferry.lock names is fetched or used.
    pub locked: bool,
    /// `--fail-fast`: the first failed step ends the run.
    pub fail_fast: bool,
    /// `--release-notes` was given: the notes are the user's own, and no changelog is made.
    pub own_notes: bool,
    /// `--release-header` or `--release-header-tmpl`.
    pub release_header: Option<Inset>,
    /// `--release-footer` or `--release-footer-tmpl`.
    pub release_footer: Option<Inset>,
    /// Whether it goes into the records.
    pub record: bool,
    /// Set by the engine once before hooks ran: the copy that `--from-copy` builds from.
    pub copied_to: Option<PathBuf>,
    /// Set by the engine once before hooks ran: whether the tree was dirty before them, which is what counts.
    pub dirty_before_hooks: Option<bool>,
}

impl Request {
    /// A request with nothing asked for.
    pub fn new(command: &'static str) -> Self {
        Request {
            command,
            subject: Subject::Checkout,
            config: ConfigFile::Search,
            snapshot: false,
            auto_snapshot: false,
            clean: false,
            skip: BTreeSet::new(),
            single_target: None,
            targets: vec![],
            ids: vec![],
            build_only: false,
            images_only: false,
            run_instructions: false,
            dockerfile_builder: None,
            output: None,
            allow_hooks: false,
            from_copy: false,
            now: false,
            dist: None,
            locked: false,
            fail_fast: false,
            own_notes: false,
            release_header: None,
            release_footer: None,
            record: true,
            copied_to: None,
            dirty_before_hooks: None,
        }
    }
}
