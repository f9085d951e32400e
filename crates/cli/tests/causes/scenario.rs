//! Running a scenario: a script in an empty folder, and what the tools said, without the names of this machine.

use libtest_mimic::Failed;
use regex::Regex;
use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// The zig that goferry's own rules were tried with.
const ZIG: &str = "ziglang==0.17.1";

/// Lines of a fixture; what comes later is the same over and over.
const LINES: usize = 40;

/// A way to make a cause happen.
pub(crate) struct Scenario {
    /// The name of the file: the cause, and after a dot whose words it has, if they are not the first.
    pub(crate) name: String,
    /// The cause.
    pub(crate) id: String,
    path: PathBuf,
    needs: Vec<String>,
    said_by: String,
    note: Option<String>,
    /// Whether it tries a fix, which must help.
    pub(crate) mends: bool,
}

/// What came of it.
pub(crate) struct Said {
    /// All output, scrubbed.
    pub(crate) log: String,
    /// `ld 2.40`, and what stood for what.
    by: String,
}

/// Reads the prelude and a scenario; then its function `mended`, if it has one, whose status counts.
const RUN: &str = r#"
. "$0" && . "$1"
command -v mended >/dev/null || exit 0
(mended) >../mended.out 2>&1
echo $? >../mended.status
"#;

impl Said {
    /// The text of the fixture; the line that gives the cause away is in it.
    pub(crate) fn fixture(&self, line: usize) -> String {
        let mut out = format!("# {}\n", self.by);
        for line in self.log.lines().take(LINES.max(line + 3)) {
            out.push_str(line.trim_end());
            out.push('\n');
        }
        out
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/causes")
}

/// The scenarios, by their names.
pub(crate) fn all() -> Vec<Scenario> {
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(folder().join("scenarios")).unwrap().map(|e| e.unwrap().path()).collect();
    paths.sort();
    paths.into_iter().map(read).collect()
}

fn read(path: PathBuf) -> Scenario {
    let text = std::fs::read_to_string(&path).unwrap();
    let head: BTreeMap<&str, &str> =
        text.lines().filter_map(|l| l.strip_prefix("#: ")?.split_once(' ')).collect();
    let word = |name: &str| *head.get(name).unwrap_or_else(|| panic!("{}: no `#: {name}`", path.display()));
    let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
    Scenario {
        id: name.split('.').next().unwrap().to_owned(),
        name,
        needs: word("needs").split(' ').map(str::to_owned).collect(),
        said_by: word("said-by").to_owned(),
        note: head.get("note").map(|n| (*n).to_owned()),
        mends: text.contains("\nmended() {"),
        path,
    }
}

/// What scenarios have in common: caches, so that the standard library is compiled once, and zig.
pub(crate) struct Workshop {
    shared: PathBuf,
    path: String,
    goroot: String,
    zig: OnceLock<Result<(), String>>,
}

impl Workshop {
    pub(crate) fn open() -> Workshop {
        let shared = Path::new(env!("CARGO_TARGET_TMPDIR")).join("causes");
        std::fs::create_dir_all(shared.join("bin")).unwrap();
        let goferry = Path::new(env!("CARGO_BIN_EXE_goferry")).parent().unwrap();
        let path = format!(
            "{}:{}:{}",
            shared.join("bin").display(),
            goferry.display(),
            std::env::var("PATH").unwrap()
        );
        let goroot = Command::new("go").args(["env", "GOROOT"]).output().expect("go is missing");
        let goroot = String::from_utf8_lossy(&goroot.stdout).trim().to_owned();
        Workshop { shared, path, goroot, zig: OnceLock::new() }
    }

    /// Runs it. The tools' own verdict does not count, only what they print.
    pub(crate) fn run(&self, scenario: &Scenario) -> Result<Said, Failed> {
        for tool in &scenario.needs {
            if tool == "zig" {
                self.zig.get_or_init(|| self.fetch_zig()).clone()?;
            }
            if self.which(tool).is_none() {
                return Err(format!("{tool} is missing; .ci/run installs what these tests need").into());
            }
        }
        let log = self.shell(&scenario.path)?;
        let note = scenario.note.as_ref().map(|n| format!("; {n}")).unwrap_or_default();
        Ok(Said { log, by: format!("{}{note}", self.version(&scenario.said_by)?) })
    }

    /// What a script prints, on either pipe, scrubbed. It is an error if its fix does not help.
    pub(crate) fn shell(&self, script: &Path) -> Result<String, Failed> {
        let scratch = tempfile::tempdir()?;
        let at = scratch.path().canonicalize()?;
        for name in ["project", "home", "tmp"] {
            std::fs::create_dir(at.join(name))?;
        }
        // The go command would still be counting when the folder is removed.
        std::fs::create_dir_all(at.join("home/.config/go/telemetry"))?;
        std::fs::write(at.join("home/.config/go/telemetry/mode"), "off")?;
        let out = File::create(at.join("out"))?;
        let done = Command::new("timeout")
            .args(["300", "sh", "-c", RUN])
            .args([folder().join("prelude.sh"), script.to_owned()])
            .current_dir(at.join("project"))
            .env_clear()
            .envs(std::env::vars().filter(|(k, _)| passed(k)))
            .env("PATH", &self.path)
            .env("LC_ALL", "C")
            .env("HOME", at.join("home"))
            .env("TMPDIR", at.join("tmp"))
            .env("GOCACHE", self.shared.join("gocache"))
            .env("GOPATH", self.shared.join("gopath"))
            // So that the folder can be removed.
            .env("GOFLAGS", "-modcacherw")
            .env("ZIG_GLOBAL_CACHE_DIR", self.shared.join("zig-cache"))
            .stdin(Stdio::null())
            .stderr(out.try_clone()?)
            .stdout(out)
            .status()?;
        let log = String::from_utf8_lossy(&std::fs::read(at.join("out"))?).into_owned();
        if done.code() == Some(124) {
            return Err(format!("not done after 300 s:\n{log}").into());
        }
        let mended = std::fs::read_to_string(at.join("mended.status")).unwrap_or_default();
        if !["", "0"].contains(&mended.trim()) {
            let why = std::fs::read_to_string(at.join("mended.out"))?;
            return Err(format!("it was not mended:\n{why}").into());
        }
        Ok(self.scrub(&log, &at))
    }

    fn which(&self, tool: &str) -> Option<PathBuf> {
        std::env::split_paths(&self.path).map(|d| d.join(tool)).find(|p| p.is_file())
    }

    fn fetch_zig(&self) -> Result<(), String> {
        let link = self.shared.join("bin/zig");
        if link.exists() {
            return Ok(());
        }
        let wheel = self.shared.join("wheel");
        let done = Command::new("python3")
            .args(["-m", "pip", "install", "--quiet", "--no-deps", "--upgrade", "--target"])
            .arg(&wheel)
            .arg(ZIG)
            .output()
            .map_err(|e| format!("python3: {e}"))?;
        if !done.status.success() {
            return Err(format!("pip install {ZIG}: {}", String::from_utf8_lossy(&done.stderr)));
        }
        std::os::unix::fs::symlink(wheel.join("ziglang/zig"), link).map_err(|e| e.to_string())
    }

    /// `ld 2.40`: what the tool says of itself.
    fn version(&self, tool: &str) -> Result<String, Failed> {
        let (name, args): (&str, &[&str]) = match tool {
            "go" => ("go", &["version"]),
            "zig" => ("zig", &["version"]),
            "ldd" => ("glibc", &["--version"]),
            "mount" => ("mount", &["--version"]),
            _ => (tool, &["--version"]),
        };
        let out = Command::new(tool).args(args).env("PATH", &self.path).env("LC_ALL", "C").output()?;
        let text = String::from_utf8_lossy(&out.stdout).into_owned();
        let line = text.lines().next().unwrap_or_default();
        // What stands in brackets is the version of the distribution's package.
        let plain = Regex::new(r"\([^)]*\)")?.replace_all(line, "").into_owned();
        let number = Regex::new(r"\d+(?:\.\d+)+")?.find(&plain);
        let number = number.ok_or_else(|| format!("{tool} does not say its version: {text}"))?;
        Ok(format!("{name} {}", number.as_str()))
    }

    /// Puts names that are the same everywhere in the place of this machine's.
    fn scrub(&self, log: &str, at: &Path) -> String {
        let shared = |name: &str| self.shared.join(name).display().to_string();
        let here = |name: &str| at.join(name).display().to_string();
        let mut names = vec![
            (here("project"), "/home/user/project"),
            (here("home"), "/home/user"),
            (here("tmp"), "/tmp"),
            (at.display().to_string(), "/home/user"),
            (shared("gocache"), "/home/user/.cache/go-build"),
            (shared("gopath"), "/home/user/go"),
            (shared("zig-cache"), "/home/user/.cache/zig"),
            (shared("wheel/ziglang"), "/usr/local/bin"),
            (shared("bin"), "/usr/local/bin"),
            (self.goroot.clone(), "/usr/local/go"),
        ];
        names.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
        let mut log = log.to_owned();
        for (name, instead) in &names {
            log = log.replace(name.as_str(), instead);
        }
        for (pattern, instead) in [
            (r"go-(build|link-)\d+", "go-${1}1"),
            (r"/cc[A-Za-z0-9]{6}\.", "/ccXXXXXX."),
            (r"build-id=0x[0-9a-f]{40}", "build-id=0x0123456789abcdef0123456789abcdef01234567"),
            (r"_cgo_[0-9a-f]{12}_", "_cgo_0123456789ab_"),
            (r"127\.0\.0\.1:\d{4,}", "127.0.0.1:8080"),
            (r"\b\d+\.\d{3}s\b", "0.001s"),
            (r" on [\d.]+:53\b", " on 127.0.0.53:53"),
            (r"\d{4}/\d\d/\d\d \d\d:\d\d:\d\d", "2026/01/02 15:04:05"),
        ] {
            log = Regex::new(pattern).unwrap().replace_all(&log, instead).into_owned();
        }
        log
    }
}

/// Variables of the machine that the network may need.
fn passed(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.ends_with("_proxy")
        || name.starts_with("ssl_cert")
        || ["goproxy", "gosumdb", "netrc"].contains(&name.as_str())
}
