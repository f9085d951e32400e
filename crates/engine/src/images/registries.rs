//! What a session gives to whoever talks to registries: connections, credentials, and helpers that have them.

use crate::session::Session;
use goferry_net::{NetError, Request, Response};
use goferry_proc::{CommandSpec, Env, Limits, OutputMode, Spawner, Stdin};
use goferry_registry::{Client, Credentials, HelperOutput, Options, RegistryError, Transport};
use goferry_report::{Code, Diagnostic, Diagnostics};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A helper may ask a keychain, which asks somebody.
const HELPER: Duration = Duration::from_secs(120);
/// A configuration has some kilobytes.
const LIMIT: u64 = 4 << 20;

/// The registries as a session reaches them.
pub struct Registries<'s> {
    session: &'s Session,
}

impl<'s> Registries<'s> {
    /// Of this session.
    pub fn new(session: &'s Session) -> Registries<'s> {
        Registries { session }
    }

    /// A client with the credentials of Docker's configuration: the text in DOCKER_AUTH_CONFIG, else config.json in
    /// DOCKER_CONFIG, else in ~/.docker. `plain_http` names registries beside this machine's that speak plain http.
    ///
    /// # Errors
    /// The configuration cannot be read.
    pub fn client(&self, plain_http: &[String]) -> Result<Client<'_>, Diagnostics> {
        let options = Options { plain_http: plain_http.to_vec(), ..Options::default() };
        Ok(Client::new(self, self.credentials()?, options))
    }

    fn credentials(&self) -> Result<Credentials<'_>, Diagnostics> {
        let set = |name: &str| self.session.env.get(name).filter(|v| !v.is_empty());
        let helper = |name: &str, server: &str| self.ask(name, server);
        if let Some(text) = set("DOCKER_AUTH_CONFIG") {
            return Credentials::parse(text.as_bytes(), helper)
                .map_err(|e| unusable("DOCKER_AUTH_CONFIG", &e));
        }
        let folder = set("DOCKER_CONFIG").map(PathBuf::from);
        let Some(folder) = folder.or_else(|| set("HOME").map(|h| Path::new(h).join(".docker"))) else {
            return Ok(Credentials::none());
        };
        let file = folder.join("config.json");
        let name = file.display().to_string();
        if !file.exists() {
            return Ok(Credentials::none());
        }
        let text = goferry_supply::read_bounded(&file, LIMIT).map_err(|e| unusable(&name, &e.to_string()))?;
        Credentials::parse(&text, helper).map_err(|e| unusable(&name, &e))
    }

    /// `docker-credential-NAME get`, which reads the server from its input.
    fn ask(&self, name: &str, server: &str) -> Result<HelperOutput, String> {
        let program = format!("docker-credential-{name}");
        let spec = CommandSpec {
            env: Env::Exactly(self.session.env.iter().map(|(k, v)| (k.clone(), v.clone())).collect()),
            stdin: Stdin::Bytes(server.as_bytes().to_vec()),
            limits: Limits::wall(HELPER),
            output: OutputMode::Capture { max_bytes: 1 << 20 },
            ..CommandSpec::new(format!("asking {program} for credentials"), &program).args(["get"])
        };
        // What it says on standard error may be anything, a secret too.
        let done = self.session.host.run(&spec).map_err(|e| e.to_string())?;
        Ok(HelperOutput { success: done.status.success(), stdout: done.stdout })
    }
}

impl Transport for Registries<'_> {
    fn send(&self, request: &Request) -> Result<Response, NetError> {
        self.session.send(request)
    }

    fn is_cancelled(&self) -> bool {
        self.session.host.cancel().is_cancelled()
    }
}

fn unusable(name: &str, reason: &str) -> Diagnostics {
    Diagnostic::error(Code::RegistryLogin, format!("{name} cannot be used: {reason}")).into()
}

/// A registry's error, with what to do.
pub(crate) fn drawn(e: &RegistryError) -> Diagnostics {
    let code = match e {
        RegistryError::Net(NetError::Cancelled { .. }) => Code::Interrupted,
        RegistryError::Unauthorized { .. } | RegistryError::Credentials { .. } => Code::RegistryLogin,
        RegistryError::TagTaken { .. } => Code::TagExists,
        RegistryError::Reference { .. } | RegistryError::Platform { .. } | RegistryError::Content { .. } => {
            Code::ImageUnusable
        }
        RegistryError::Source { .. } => Code::ImageUnusable,
        _ => Code::RegistryFailed,
    };
    let d = Diagnostic::error(code, e.to_string());
    let d = match e {
        RegistryError::Unauthorized { registry, .. } => d
            .hint_with("to log in:", format!("docker login {registry}"))
            .hint("without Docker, write DOCKER_CONFIG/config.json, or set DOCKER_AUTH_CONFIG to its text"),
        RegistryError::Net(NetError::PlainHttp { .. }) => {
            d.hint("only this machine's registries may speak plain http; name others with --plain-http HOST")
        }
        RegistryError::TagTaken { .. } => d.hint("use another tag, or delete this one at the registry first"),
        RegistryError::NoSpace { .. } => {
            d.hint("nothing was tagged; push again when there is room, and what is there is not sent again")
        }
        _ => d,
    };
    d.into()
}

/// What a sign command knows of secrets beyond the environment.
pub(crate) fn learn_secrets(sign: &goferry_plan::image_push::Sign) {
    goferry_plan::secret::learn(sign.env.iter().filter_map(|e| e.split_once('=')));
    goferry_plan::secret::learn(sign.stdin.as_deref().map(|s| ("SIGN_STDIN_SECRET", s)));
}
