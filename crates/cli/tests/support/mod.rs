//! A project in a temporary folder, and goferry run in it as a user would.

#![allow(dead_code, reason = "each test file uses a part of it")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A Go module in a git repository, with a cache and a home of its own.
pub(crate) struct Project {
    /// Keeps the folder.
    pub(crate) scratch: tempfile::TempDir,
    /// The project.
    pub(crate) root: PathBuf,
    /// Environment beside the fixed one.
    pub(crate) env: Vec<(String, String)>,
}

/// What a run said.
pub(crate) struct Ran {
    /// Exit status; 128+n for signals.
    pub(crate) status: i32,
    /// stdout.
    pub(crate) stdout: String,
    /// stderr.
    pub(crate) stderr: String,
}

/// A program that needs nothing of the standard library but os, so that it builds fast.
pub(crate) const MAIN: &str = "package main\n\nimport \"os\"\n\nvar version = \"none\"\n\nfunc main() { os.Stdout.WriteString(\"tiny \" + version + \"\\n\") }\n";

impl Project {
    /// `main.go`, `go.mod` and these files, committed and tagged v1.2.3.
    pub(crate) fn new(files: &[(&str, &str)]) -> Project {
        let scratch = tempfile::tempdir().unwrap();
        let root = scratch.path().join("tiny");
        std::fs::create_dir_all(&root).unwrap();
        let p = Project { scratch, root, env: vec![] };
        p.write("go.mod", "module example.com/tiny\n\ngo 1.24\n");
        p.write("main.go", MAIN);
        p.write(".gitignore", "/dist/\n");
        for (name, text) in files {
            p.write(name, text);
        }
        p.git(&["init", "-q", "-b", "main"]);
        p.git(&["remote", "add", "origin", "https://git.example.com/x/tiny.git"]);
        p.commit("first");
        p.git(&["tag", "v1.2.3"]);
        p
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.root.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub(crate) fn commit(&self, message: &str) {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "--allow-empty", "-m", message]);
    }

    pub(crate) fn git(&self, args: &[&str]) {
        let done = Command::new("git")
            .current_dir(&self.root)
            .args(args)
            .env_clear()
            .envs(fixed())
            .output()
            .unwrap();
        assert!(done.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&done.stderr));
    }

    /// The commit that is checked out.
    pub(crate) fn head(&self) -> String {
        let mut git = Command::new("git");
        let done = git.current_dir(&self.root).args(["rev-parse", "HEAD"]).env_clear().envs(fixed()).output();
        String::from_utf8(done.unwrap().stdout).unwrap().trim().to_owned()
    }

    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.env.retain(|(n, _)| n != name);
        self.env.push((name.to_owned(), value.to_owned()));
    }

    /// goferry with these arguments.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut c = Command::new(env!("CARGO_BIN_EXE_goferry"));
        c.current_dir(&self.root).args(args).env_clear().envs(fixed());
        c.env("GOFERRY_CACHE", self.scratch.path().join("cache"));
        c.envs(self.env.iter().map(|(k, v)| (k, v)));
        c
    }

    /// The same, with signals that end it. A shell that runs the tests in the background has them ignore SIGINT, and
    /// goferry would go on ignoring it.
    pub(crate) fn interruptible(&self, args: &[&str]) -> Command {
        let plain = self.command(args);
        let mut c = Command::new("env");
        c.arg("--default-signal=INT,QUIT,HUP").arg(plain.get_program()).args(plain.get_args());
        c.current_dir(&self.root).env_clear().envs(plain.get_envs().filter_map(|(k, v)| Some((k, v?))));
        c
    }

    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        ran(&self.command(args).output().unwrap())
    }

    /// `release --snapshot --clean` that must succeed.
    pub(crate) fn release(&self) -> Ran {
        let r = self.run(&["release", "--snapshot", "--clean"]);
        assert_eq!(r.status, 0, "{}", r.stderr);
        r
    }

    pub(crate) fn dist(&self) -> PathBuf {
        self.root.join("dist")
    }

    /// Relative path → bytes of every file in dist but our own record, which holds times.
    pub(crate) fn dist_files(&self) -> std::collections::BTreeMap<String, Vec<u8>> {
        let mut out = std::collections::BTreeMap::new();
        let mut todo = vec![self.dist()];
        while let Some(dir) = todo.pop() {
            for e in std::fs::read_dir(&dir).unwrap().flatten() {
                let path = e.path();
                if path.is_dir() {
                    todo.push(path);
                } else {
                    let name = path.strip_prefix(self.dist()).unwrap().to_str().unwrap().to_owned();
                    if name != "goferry.json" {
                        out.insert(name, std::fs::read(&path).unwrap());
                    }
                }
            }
        }
        out
    }

    pub(crate) fn record(&self) -> serde_json::Value {
        serde_json::from_slice(&std::fs::read(self.dist().join("goferry.json")).unwrap()).unwrap()
    }

    /// Puts a `go` on PATH that writes down how it is called and is the real one otherwise. The log's path.
    pub(crate) fn spy_on_go(&mut self) -> PathBuf {
        let bin = self.scratch.path().join("spy");
        let log = self.scratch.path().join("go.log");
        std::fs::create_dir_all(&bin).unwrap();
        let real = which("go");
        let script =
            format!("#!/bin/sh\necho \"$@\" >> '{}'\nexec '{}' \"$@\"\n", log.display(), real.display());
        std::fs::write(bin.join("go"), script).unwrap();
        executable(&bin.join("go"));
        let goroot = Command::new(&real).args(["env", "GOROOT"]).output().unwrap();
        self.set("GOROOT", String::from_utf8_lossy(&goroot.stdout).trim());
        self.set("PATH", &format!("{}:{}", bin.display(), std::env::var("PATH").unwrap()));
        log
    }
}

pub(crate) fn executable(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// Whether these tools are here; what needs them is passed over otherwise, but not in CI.
pub(crate) fn has(tools: &[&str]) -> bool {
    let path = std::env::var_os("PATH").unwrap();
    let here = |t: &str| std::env::split_paths(&path).any(|d| d.join(t).is_file());
    let missing: Vec<_> = tools.iter().filter(|t| !here(t)).collect();
    assert!(missing.is_empty() || std::env::var_os("CI").is_none(), "{missing:?} is missing");
    missing.is_empty()
}

/// A tool on PATH or where `go install` puts it; none is passed over, but not in CI.
pub(crate) fn go_tool(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let home = std::env::var_os("HOME").map(|h| Path::new(&h).join("go/bin"));
    let found = std::env::split_paths(&path).chain(home).map(|d| d.join(name)).find(|p| p.is_file());
    assert!(found.is_some() || std::env::var_os("CI").is_none(), "{name} is missing");
    found
}

pub(crate) fn which(name: &str) -> PathBuf {
    std::env::split_paths(&std::env::var_os("PATH").unwrap())
        .map(|d| d.join(name))
        .find(|p| p.is_file())
        .unwrap_or_else(|| panic!("{name} is needed by this test and is not on PATH"))
}

pub(crate) fn ran(output: &Output) -> Ran {
    use std::os::unix::process::ExitStatusExt;
    Ran {
        status: output.status.code().unwrap_or_else(|| 128 + output.status.signal().unwrap_or(0)),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// The environment of every command: nothing of the user's but where things are.
pub(crate) fn fixed() -> Vec<(String, String)> {
    let mut env: Vec<(String, String)> = [
        "PATH",
        "HOME",
        "GOPATH",
        "GOMODCACHE",
        "GOCACHE",
        "GOPROXY",
        "GOSUMDB",
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
    ]
    .iter()
    .filter_map(|k| std::env::var(k).ok().map(|v| ((*k).to_owned(), v)))
    .collect();
    for (k, v) in [
        ("GOFLAGS", "-buildvcs=auto"),
        ("GOTOOLCHAIN", "local"),
        ("GOENV", "off"),
        ("NO_COLOR", "1"),
        ("LC_ALL", "C.UTF-8"),
        ("GIT_CONFIG_GLOBAL", "/dev/null"),
        ("GIT_CONFIG_NOSYSTEM", "1"),
        ("GIT_AUTHOR_NAME", "Test"),
        ("GIT_AUTHOR_EMAIL", "test@example.com"),
        ("GIT_COMMITTER_NAME", "Test"),
        ("GIT_COMMITTER_EMAIL", "test@example.com"),
        ("GIT_AUTHOR_DATE", "@1704164645 +0000"),
        ("GIT_COMMITTER_DATE", "@1704164645 +0000"),
    ] {
        env.push((k.to_owned(), v.to_owned()));
    }
    let off = "GOFERRY_NO_NAMESPACES";
    env.extend(std::env::var(off).ok().map(|v| (off.to_owned(), v)));
    env
}
