//! A temporary repository, and tools that do not see this machine's configuration.

use goferry_proc::{Cancel, Host};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

pub(crate) struct Bed {
    dir: tempfile::TempDir,
    commits: std::cell::Cell<u32>,
}

pub(crate) fn host() -> Host {
    Host::new(Arc::new(Cancel::default()))
}

pub(crate) fn program(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH");
    goferry_proc::find_program(name, path.as_deref(), Path::new("/")).expect("the test needs this tool")
}

impl Bed {
    pub(crate) fn empty() -> Bed {
        Bed { dir: tempfile::tempdir().unwrap(), commits: std::cell::Cell::new(0) }
    }

    pub(crate) fn repository() -> Bed {
        let bed = Bed::empty();
        bed.git(&["init", "-q", "-b", "main"]);
        bed
    }

    /// With symbolic links resolved, as git says it.
    pub(crate) fn path(&self) -> PathBuf {
        self.dir.path().canonicalize().unwrap()
    }

    pub(crate) fn write(&self, path: &str, text: &str) -> &Self {
        let path = self.dir.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        self
    }

    pub(crate) fn git(&self, args: &[&str]) -> String {
        self.git_at(args, self.commits.get())
    }

    fn git_at(&self, args: &[&str], minute: u32) -> String {
        let date = format!("2024-01-02T03:{minute:02}:05+0200");
        let out = Command::new("git")
            .current_dir(self.dir.path())
            .args(args)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_AUTHOR_NAME", "Fixture Author")
            .env("GIT_AUTHOR_EMAIL", "author@example.com")
            .env("GIT_COMMITTER_NAME", "Fixture Author")
            .env("GIT_COMMITTER_EMAIL", "author@example.com")
            .env("GIT_AUTHOR_DATE", &date)
            .env("GIT_COMMITTER_DATE", &date)
            .output()
            .unwrap();
        assert!(out.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8(out.stdout).unwrap().trim().to_owned()
    }

    /// Commits everything that is there.
    pub(crate) fn commit(&self, message: &str) -> &Self {
        self.git(&["add", "-A"]);
        self.commits.set(self.commits.get() + 1);
        self.git(&["commit", "-q", "--allow-empty", "-m", message]);
        self
    }

    pub(crate) fn tag(&self, name: &str) -> &Self {
        self.git(&["tag", name]);
        self
    }

    /// Runs go without this machine's settings; standard output.
    pub(crate) fn go(&self, dir: &str, args: &[&str], env: &[(&str, &str)]) -> String {
        let out = Command::new("go")
            .current_dir(self.dir.path().join(dir))
            .args(args)
            .envs([
                ("GOENV", "off"),
                ("GOFLAGS", "-buildvcs=auto"),
                ("GOTOOLCHAIN", "local"),
                ("GOWORK", "off"),
            ])
            .envs(env.iter().copied())
            .output()
            .unwrap();
        assert!(out.status.success(), "go {args:?}: {}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8(out.stdout).unwrap()
    }
}
