//! Real registries, each with a folder of its own.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Which registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Debian's, distribution 2.8.
    Docker2,
    /// `crane registry serve`.
    Crane,
    /// distribution 3.
    Distribution3,
}

impl Kind {
    pub(crate) fn program(self) -> &'static str {
        match self {
            Kind::Docker2 => "docker-registry",
            Kind::Crane => "crane",
            Kind::Distribution3 => "registry",
        }
    }
}

/// On PATH, or where `go install` puts it.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let home = std::env::var_os("HOME").map(|h| Path::new(&h).join("go/bin"));
    std::env::split_paths(&path).chain(home).map(|d| d.join(program)).find(|p| p.is_file())
}

/// A registry that runs.
pub(crate) struct Server {
    pub(crate) host: String,
    pub(crate) folder: tempfile::TempDir,
    child: Child,
}

impl Server {
    pub(crate) fn start(kind: Kind) -> Server {
        Server::with(kind, "", |_| {})
    }

    /// With more of a configuration, which is distribution's, and files that it names below `FOLDER`.
    pub(crate) fn with(kind: Kind, more: &str, prepare: impl Fn(&Path)) -> Server {
        let folder = tempfile::tempdir().unwrap();
        prepare(folder.path());
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let host = format!("127.0.0.1:{port}");
        let mut command = Command::new(find(kind.program()).unwrap());
        if kind == Kind::Crane {
            command.args(["registry", "serve", "--address", &host, "--disk"]).arg(folder.path());
        } else {
            command.arg("serve").arg(configuration(folder.path(), &host, more));
        }
        Server::run(command, host, folder)
    }

    /// distribution on a disk of so many kilobytes: a tmpfs in namespaces of its own, which take no privileges.
    pub(crate) fn on_small_disk(kind: Kind, kilobytes: u32) -> Server {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("data")).unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let host = format!("127.0.0.1:{port}");
        let file = configuration(folder.path(), &host, "");
        let script = format!("mount -t tmpfs -o size={kilobytes}k none \"$1\" && exec \"$2\" serve \"$3\"");
        let mut command = Command::new("unshare");
        command.args(["-Urm", "sh", "-c", &script, "sh"]).arg(folder.path().join("data"));
        command.arg(find(kind.program()).unwrap()).arg(file);
        Server::run(command, host, folder)
    }

    fn run(mut command: Command, host: String, folder: tempfile::TempDir) -> Server {
        let log = std::fs::File::create(folder.path().join("log")).unwrap();
        let child = command.stdout(Stdio::null()).stderr(log).spawn().unwrap();
        let server = Server { host, folder, child };
        let begun = Instant::now();
        while !server.answers() {
            assert!(begun.elapsed() < Duration::from_secs(30), "it does not start: {}", server.log());
            std::thread::sleep(Duration::from_millis(20));
        }
        server
    }

    fn answers(&self) -> bool {
        let Ok(mut stream) = TcpStream::connect(&self.host) else { return false };
        let asked = stream.write_all(b"GET /v2/ HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
        let mut said = String::new();
        asked.is_ok() && stream.read_to_string(&mut said).is_ok() && said.starts_with("HTTP/1.1")
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn configuration(folder: &Path, host: &str, more: &str) -> PathBuf {
    let at = folder.display().to_string();
    let text = format!(
        "version: 0.1\nlog: {{level: warn}}\nstorage:\n  filesystem: {{rootdirectory: {at}/data}}\n  delete: {{enabled: true}}\nhttp:\n  addr: {host}\n{}\n",
        more.replace("FOLDER", &at)
    );
    let file = folder.join("config.yml");
    std::fs::write(&file, text).unwrap();
    file
}
