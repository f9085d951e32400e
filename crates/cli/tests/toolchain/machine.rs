//! A machine without cross compilers: a PATH of links to what the host has but those, homes that belong to an ordinary user.

use crate::support::{Ran, executable, ran, which};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// The user that tests started by root run as.
const NOBODY: u32 = 65534;

/// A program that needs a C library's header and two packages that use cgo where they can.
const HELLO: &str = "package main\n\n// #cgo LDFLAGS: -lm\n// #include <math.h>\nimport \"C\"\n\nimport (\n\t\"fmt\"\n\t\"net\"\n\t\"os\"\n\t\"os/user\"\n)\n\nfunc main() {\n\t_, _ = user.Current()\n\tfmt.Println(\"root\", C.sqrt(16), net.ParseIP(\"127.0.0.1\"), os.Args[1:])\n\tif len(os.Args) > 1 && os.Args[1] == \"fail\" {\n\t\tos.Exit(7)\n\t}\n}\n";

/// The machine, shared by all tests of a run.
pub(crate) struct Machine {
    /// Everything lies in it.
    pub(crate) root: PathBuf,
    /// The only folder on PATH.
    pub(crate) bin: PathBuf,
    first: OnceLock<First>,
}

/// What the first user of the machine did with an empty cache.
pub(crate) struct First {
    /// The user; the cache holds gcc, g++ and qemu for linux/arm64.
    pub(crate) user: User,
    /// `goferry run linux/arm64 -- fail`.
    pub(crate) run: Ran,
    /// What was installed is also in here.
    pub(crate) mirror: PathBuf,
}

impl Machine {
    pub(crate) fn new() -> Machine {
        let root = tempfile::Builder::new().prefix("goferry-machine-").tempdir().unwrap().keep();
        executable(&root);
        let m = Machine { bin: root.join("bin"), root, first: OnceLock::new() };
        std::fs::create_dir(&m.bin).unwrap();
        for dir in ["/usr/bin", "/bin"] {
            for e in std::fs::read_dir(dir).unwrap().flatten() {
                let name = e.file_name();
                let text = name.to_string_lossy();
                let hidden =
                    text.contains("-linux-gnu") || text.starts_with("qemu-") || text.starts_with("zig");
                if !hidden && !m.bin.join(&name).exists() {
                    let _ = symlink(e.path(), m.bin.join(&name));
                }
            }
        }
        // A go of the distribution is among them already.
        let _ = std::fs::remove_file(m.bin.join("go"));
        symlink(which("go").canonicalize().unwrap(), m.bin.join("go")).unwrap();
        // The build's own folder may be closed to others.
        std::fs::copy(env!("CARGO_BIN_EXE_goferry"), m.bin.join("goferry")).unwrap();
        executable(&m.bin.join("goferry"));
        m.folder("go-build");
        m.folder("go");
        m
    }

    /// A new folder of the user's.
    pub(crate) fn folder(&self, name: &str) -> PathBuf {
        let path = self.root.join(name);
        std::fs::create_dir(&path).unwrap_or_else(|e| panic!("{name}: {e}"));
        if nix::unistd::geteuid().is_root() {
            std::os::unix::fs::chown(&path, Some(NOBODY), Some(NOBODY)).unwrap();
        }
        path
    }

    /// A user with an empty home and an empty cache, and a folder for a project. The name must be new.
    pub(crate) fn user(&self, name: &str) -> User {
        let home = self.folder(name);
        let work = self.folder(&format!("{name}/work"));
        self.folder(&format!("{name}/tmp"));
        let text = |p: &Path| p.to_str().unwrap().to_owned();
        let mut env: Vec<(String, String)> = std::env::vars()
            .filter(|(k, _)| {
                let upper = k.to_uppercase();
                ["PIP_", "SSL_"].iter().any(|p| upper.starts_with(p))
                    || upper.ends_with("_PROXY")
                    || ["GOPROXY", "GOSUMDB", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"]
                        .contains(&upper.as_str())
            })
            .collect();
        for (k, v) in [
            ("HOME", text(&home)),
            ("PATH", text(&self.bin)),
            ("TMPDIR", text(&home.join("tmp"))),
            ("GOFERRY_CACHE", text(&home.join("cache"))),
            ("GOCACHE", text(&self.root.join("go-build"))),
            ("GOPATH", text(&self.root.join("go"))),
            ("GOFLAGS", "-buildvcs=auto".to_owned()),
            ("GOENV", "off".to_owned()),
            ("GOTOOLCHAIN", "local".to_owned()),
            ("NO_COLOR", "1".to_owned()),
            ("LC_ALL", "C.UTF-8".to_owned()),
        ] {
            env.push((k.to_owned(), v));
        }
        User { home, work, env }
    }

    /// The first user, who fetched everything for linux/arm64 through the network.
    pub(crate) fn first(&self) -> &First {
        self.first.get_or_init(|| {
            let mut user = self.user("first");
            user.hello();
            let run = user.run(&["run", "linux/arm64", "--", "fail"]);
            let mirror = self.folder("mirror");
            user.set("GOFERRY_TOOLCHAIN_MIRROR", mirror.to_str().unwrap());
            let r = user.run(&["toolchain", "install", "linux/arm64"]);
            assert_eq!(r.status, 0, "{}", r.stderr);
            std::fs::remove_file(user.work.join("goferry.lock")).unwrap();
            user.unset("GOFERRY_TOOLCHAIN_MIRROR");
            First { user, run, mirror }
        })
    }

    /// A user with the hello program and no cache, whose files come from the mirror.
    pub(crate) fn second(&self, name: &str) -> User {
        let mirror = self.first().mirror.to_str().unwrap();
        let mut user = self.user(name);
        user.set("GOFERRY_TOOLCHAIN_MIRROR", mirror);
        user.hello();
        user
    }

    /// A user with the hello program and these parts of the first one's fetched tools. They are links: replace files, do not
    /// write into them, and leave unpacked folders alone.
    pub(crate) fn heir(&self, name: &str, parts: &[&str]) -> User {
        let from = self.first().user.tools();
        let user = self.user(name);
        user.hello();
        user.sh(&format!("mkdir -p '{}'", user.tools().display()));
        for part in parts {
            let (from, to) = (from.join(part), user.tools());
            let (from, to) = (from.display(), to.display());
            // Linking each of ten thousand files takes longer than unpacking them.
            user.sh(&match *part {
                "unpacked" => format!("mkdir '{to}/unpacked' && ln -s '{from}'/* '{to}/unpacked/'"),
                _ => format!("cp -al '{from}' '{to}/'"),
            });
        }
        user
    }

    /// Removes everything.
    pub(crate) fn remove(&self) {
        let _ = Command::new("chmod").args(["-R", "u+w"]).arg(self.root.join("go")).status();
        std::fs::remove_dir_all(&self.root).unwrap();
    }
}

/// Somebody on the machine.
pub(crate) struct User {
    pub(crate) home: PathBuf,
    /// Where commands run.
    pub(crate) work: PathBuf,
    env: Vec<(String, String)>,
}

impl User {
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.unset(name);
        self.env.push((name.to_owned(), value.to_owned()));
    }

    pub(crate) fn unset(&mut self, name: &str) {
        self.env.retain(|(n, _)| n != name);
    }

    /// The folder of fetched tools.
    pub(crate) fn tools(&self) -> PathBuf {
        self.home.join("cache/tools")
    }

    /// A file of the project, readable by everybody; the folders belong to the user.
    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.work.join(name);
        let dir = path.parent().unwrap();
        if !dir.is_dir() {
            self.sh(&format!("mkdir -p '{}'", dir.display()));
        }
        std::fs::write(path, text).unwrap();
    }

    /// The hello program, a module.
    pub(crate) fn hello(&self) {
        self.write("go.mod", "module example.com/hello\n\ngo 1.24\n");
        self.write("main.go", HELLO);
    }

    /// A program as this user.
    pub(crate) fn program(&self, program: &Path) -> Command {
        let mut c = if nix::unistd::geteuid().is_root() {
            let mut c = Command::new(which("setpriv"));
            let id = [format!("--reuid={NOBODY}"), format!("--regid={NOBODY}")];
            c.args(id).arg("--clear-groups").arg("--").arg(program);
            c
        } else {
            Command::new(program)
        };
        c.current_dir(&self.work).env_clear().envs(self.env.iter().map(|(k, v)| (k, v))).stdin(Stdio::null());
        c
    }

    /// goferry as this user.
    pub(crate) fn goferry(&self, args: &[&str]) -> Command {
        let bin = self.home.parent().unwrap().join("bin/goferry");
        let mut c = self.program(&bin);
        c.args(args);
        c
    }

    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        ran(&self.goferry(args).output().unwrap())
    }

    /// goferry that must end with this status.
    pub(crate) fn must(&self, status: i32, args: &[&str]) -> Ran {
        let r = self.run(args);
        assert_eq!(r.status, status, "goferry {args:?}:\n{}\n{}", r.stdout, r.stderr);
        r
    }

    /// The report that a command prints with `--json`.
    pub(crate) fn json(&self, status: i32, args: &[&str]) -> serde_json::Value {
        let r = self.must(status, args);
        serde_json::from_str(&r.stdout).unwrap_or_else(|e| panic!("goferry {args:?}: {e}: {}", r.stdout))
    }

    /// A shell script that must succeed; its stdout.
    pub(crate) fn sh(&self, script: &str) -> String {
        let r = ran(&self.program(Path::new("/bin/sh")).args(["-c", script]).output().unwrap());
        assert_eq!(r.status, 0, "{script}:\n{}\n{}", r.stdout, r.stderr);
        r.stdout
    }
}
