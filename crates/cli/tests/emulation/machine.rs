//! A folder that everybody may read with goferry and one small program for several machines, built once.

use crate::support::{Ran, executable, ran};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// The user that tests started by root run as.
pub(crate) const NOBODY: &str = "65534";

/// Does what its first argument says.
const PROGRAM: &str = include_str!("program.go.txt");

pub(crate) struct Machine {
    pub(crate) root: PathBuf,
}

/// The folder, made once for all tests of this program.
pub(crate) fn machine() -> &'static Machine {
    static MACHINE: OnceLock<Machine> = OnceLock::new();
    MACHINE.get_or_init(Machine::new)
}

impl Machine {
    fn new() -> Machine {
        // The same folder each time, so that Go's cache holds; the build's own may be closed to others.
        let root = std::env::temp_dir().join(format!("goferry-emulation-{}", nix::unistd::geteuid()));
        std::fs::create_dir_all(&root).unwrap();
        executable(&root);
        let m = Machine { root };
        let own = m.root.join("goferry");
        // By renaming: another test program may be running it.
        let part = m.root.join(format!("goferry.{}", std::process::id()));
        std::fs::copy(env!("CARGO_BIN_EXE_goferry"), &part).unwrap();
        executable(&part);
        std::fs::rename(&part, &own).unwrap();
        std::fs::write(m.root.join("go.mod"), "module example.com/guest\n\ngo 1.24\n").unwrap();
        std::fs::write(m.root.join("main.go"), PROGRAM).unwrap();
        m
    }

    /// The program for a machine.
    pub(crate) fn program(&self, arch: &str) -> PathBuf {
        static BUILDING: std::sync::Mutex<()> = std::sync::Mutex::new(());
        let _one_at_a_time = BUILDING.lock().unwrap();
        let out = self.root.join(format!("guest-{arch}"));
        let mut c = Command::new("go");
        c.args(["build", "-o"]).arg(&out).arg(".").current_dir(&self.root);
        c.envs([("GOOS", "linux"), ("GOARCH", arch), ("CGO_ENABLED", "0"), ("GOFLAGS", "-buildvcs=false")]);
        let r = ran(&c.output().unwrap());
        assert_eq!(r.status, 0, "{}", r.stderr);
        out
    }

    /// goferry as the one who runs the tests.
    pub(crate) fn goferry(&self, args: &[&str]) -> Command {
        let mut c = Command::new(self.root.join("goferry"));
        c.args(args).current_dir(&self.root).stdin(Stdio::null());
        c.env("GOFERRY_CACHE", self.root.join("cache")).env("NO_COLOR", "1");
        c
    }

    /// goferry as an ordinary user.
    pub(crate) fn as_nobody(&self, args: &[&str]) -> Command {
        if !nix::unistd::geteuid().is_root() {
            return self.goferry(args);
        }
        let cache = self.root.join("cache-of-nobody");
        std::fs::create_dir_all(&cache).unwrap();
        std::os::unix::fs::chown(&cache, Some(65534), Some(65534)).unwrap();
        let mut c = Command::new("setpriv");
        c.env("GOFERRY_CACHE", cache);
        c.args(["--reuid", NOBODY, "--regid", NOBODY, "--clear-groups"]).arg(self.root.join("goferry"));
        c.args(args).current_dir("/").stdin(Stdio::null()).env("NO_COLOR", "1").env("HOME", "/nonexistent");
        c
    }
}

/// A run of `goferry exec` in both worlds: in namespaces and without. Where the tests run without, once.
pub(crate) fn in_both_worlds(mut check: impl FnMut(&mut dyn FnMut(&[&str]) -> Command, bool)) {
    let m = machine();
    if std::env::var_os("GOFERRY_NO_NAMESPACES").is_none() {
        check(&mut |args| m.goferry(args), true);
    }
    check(
        &mut |args| {
            let mut c = m.goferry(args);
            c.env("GOFERRY_NO_NAMESPACES", "1");
            c
        },
        false,
    );
}

pub(crate) fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

pub(crate) fn output(mut c: Command) -> Ran {
    ran(&c.output().unwrap())
}

/// Processes whose command line has a word.
pub(crate) fn processes_with(word: &str) -> usize {
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    let lines = entries.filter_map(|e| std::fs::read(e.path().join("cmdline")).ok());
    lines.filter(|l| l.split(|b| *b == 0).any(|w| w == word.as_bytes())).count()
}
