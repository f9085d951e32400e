//! A case of tests/fixtures: what its case.toml says, and the scratch tree with its repository.
//!
//! Owns: steps 1 to 5 of tests/fixtures/README.md, so that commit hashes are those of the goldens. Must not: run goferry.

use nix::sys::stat::{UtimensatFlags, utimensat};
use nix::sys::time::TimeSpec;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// 2001-02-03T04:05:06Z, given to every file of the scratch tree.
pub(crate) const SOURCE_MTIME: i64 = 981_173_106;
/// 2024-01-02T03:04:05Z; commit number n is n minutes later.
const FIRST_COMMIT: i64 = 1_704_164_645;
const NAME: &str = "Fixture Author";
const EMAIL: &str = "author@example.com";

/// case.toml; the README's table says what each key means.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    #[serde(default)]
    #[expect(dead_code, reason = "for people")]
    description: String,
    base: Option<String>,
    #[serde(default = "default_args")]
    pub args: Vec<String>,
    #[serde(default)]
    env: BTreeMap<String, String>,
    #[serde(default)]
    #[expect(dead_code, reason = "the golden says what happened")]
    expect_failure: bool,
    #[serde(default)]
    pub run: bool,
    #[serde(default)]
    pub texts: Vec<String>,
    #[serde(default = "default_dist")]
    pub dist: String,
    #[serde(default = "yes")]
    git: bool,
    #[serde(default = "default_branch")]
    branch: String,
    remote: Option<String>,
    #[serde(default = "default_message")]
    initial_message: String,
    #[serde(default)]
    commit: Vec<Commit>,
    #[serde(default = "default_tags")]
    tags: Vec<String>,
    #[serde(default)]
    after: BTreeMap<String, String>,
    #[serde(default)]
    file_proxy: bool,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Commit {
    message: String,
    #[serde(default)]
    tags: Vec<String>,
    #[serde(default)]
    annotated: BTreeMap<String, String>,
    #[serde(default)]
    write: BTreeMap<String, String>,
    author: Option<String>,
}

fn default_args() -> Vec<String> {
    ["release", "--snapshot", "--clean"].map(str::to_owned).to_vec()
}
fn default_dist() -> String {
    "dist".to_owned()
}
fn yes() -> bool {
    true
}
fn default_branch() -> String {
    "main".to_owned()
}
fn default_message() -> String {
    "initial commit".to_owned()
}
fn default_tags() -> Vec<String> {
    vec!["v1.2.3".to_owned()]
}

/// The case as it stands on disk, ready for a run.
#[derive(Debug)]
pub(crate) struct Scratch {
    pub case: Case,
    pub tree: PathBuf,
    pub env: BTreeMap<String, String>,
    /// The time of the last commit, which goferry gives to what it packs.
    pub commit_time: i64,
    folder: tempfile::TempDir,
}

impl Scratch {
    /// Builds the case's tree and repository.
    pub(crate) fn new(fixtures: &Path, name: &str) -> Scratch {
        let case = load(fixtures, name);
        let folder = tempfile::Builder::new().prefix("goferry-golden-").tempdir().expect("scratch folder");
        let tree = folder.path().join(name);
        make_folder(&tree);
        make_folder(&folder.path().join("tmp"));
        let env = environment(folder.path());
        let commits = case.commits();
        let commit_time = FIRST_COMMIT + 60 * (commits.len() as i64 - 1);
        let mut scratch = Scratch { case, tree, env, commit_time, folder };
        scratch.fill(fixtures, name);
        set_mtimes(&scratch.tree);
        if scratch.case.git {
            scratch.make_repository(name, &commits);
        }
        write_files(&scratch.tree, &scratch.case.after);
        set_mtimes(&scratch.tree);
        if scratch.case.file_proxy {
            scratch.serve_module();
        }
        scratch.env.extend(scratch.case.env.clone());
        scratch
    }

    /// The folder around the tree.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Leaves the folder on disk and says where.
    pub(crate) fn keep(self) -> PathBuf {
        self.folder.keep()
    }

    fn fill(&self, fixtures: &Path, name: &str) {
        for source in self.case.base.iter().map(String::as_str).chain([name]) {
            let from = fixtures.join(source);
            copy_tree(&from, &self.tree, &from.join("case.toml"));
        }
        let ignore = self.tree.join(".gitignore");
        if !ignore.exists() {
            write(&ignore, "/dist/\n");
        }
    }

    fn make_repository(&self, name: &str, commits: &[Commit]) {
        let own = format!("https://git.example.com/fixtures/{name}.git");
        let remote = self.case.remote.as_ref().unwrap_or(&own);
        self.git(&["init", "-q", "-b", &self.case.branch], None, None);
        if !remote.is_empty() {
            self.git(&["remote", "add", "origin", remote], None, None);
        }
        for (number, commit) in commits.iter().enumerate() {
            let when = Some(FIRST_COMMIT + 60 * number as i64);
            write_files(&self.tree, &commit.write);
            self.git(&["add", "-A"], None, None);
            let verbatim = ["commit", "-q", "--allow-empty", "--cleanup=verbatim", "-m", &commit.message];
            self.git(&verbatim, when, commit.author.as_deref());
            for tag in &commit.tags {
                self.git(&["tag", tag], None, None);
            }
            for (tag, message) in &commit.annotated {
                self.git(&["tag", "-a", tag, "-m", message], when, None);
            }
        }
    }

    fn git(&self, args: &[&str], when: Option<i64>, author: Option<&str>) -> String {
        let (name, mail) = match author {
            None => (NAME, EMAIL),
            Some(a) => a.trim_end_matches('>').split_once(" <").expect("author is `Name <mail>`"),
        };
        let mut git = Command::new("git");
        git.args(args).current_dir(&self.tree).env_clear().envs(&self.env);
        git.env("GIT_AUTHOR_NAME", name).env("GIT_AUTHOR_EMAIL", mail);
        git.env("GIT_COMMITTER_NAME", NAME).env("GIT_COMMITTER_EMAIL", EMAIL);
        if let Some(when) = when {
            let date = format!("@{when} +0000");
            git.env("GIT_AUTHOR_DATE", &date).env("GIT_COMMITTER_DATE", &date);
        }
        let done = git.output().expect("git");
        assert!(done.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8(done.stdout).expect("git speaks UTF-8")
    }

    /// A `GOPROXY=file://` folder that holds the fixture's own module at its tag.
    fn serve_module(&mut self) {
        let go_mod = fs::read_to_string(self.tree.join("go.mod")).expect("go.mod");
        let module = go_mod.lines().find_map(|l| l.strip_prefix("module ")).expect("module line").trim();
        let tag = self.git(&["describe", "--tags", "--exact-match"], None, None).trim().to_owned();
        let proxy = self.folder().join("proxy");
        let versions = proxy.join(module).join("@v");
        make_folder(&versions);
        write(&versions.join("list"), &format!("{tag}\n"));
        let info = format!("{{\"Version\": \"{tag}\", \"Time\": \"2024-01-02T03:04:05Z\"}}");
        write(&versions.join(format!("{tag}.info")), &info);
        write(&versions.join(format!("{tag}.mod")), &go_mod);
        let file = fs::File::create(versions.join(format!("{tag}.zip"))).expect("module zip");
        let mut zip = zip::ZipWriter::new(file);
        let stored =
            zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
        for line in self.git(&["ls-files"], None, None).lines() {
            zip.start_file(format!("{module}@{tag}/{line}"), stored).expect("module zip");
            zip.write_all(&fs::read(self.tree.join(line)).expect("tracked file")).expect("module zip");
        }
        zip.finish().expect("module zip");
        let modcache = self.folder().join("modcache").display().to_string();
        for (key, value) in [
            ("GOPROXY", format!("file://{}", proxy.display())),
            ("GONOSUMDB", "*".to_owned()),
            ("GOMODCACHE", modcache),
            ("GOFLAGS", "-modcacherw".to_owned()),
        ] {
            self.env.insert(key.to_owned(), value);
        }
    }
}

impl Case {
    fn commits(&self) -> Vec<Commit> {
        let first = Commit { message: self.initial_message.clone(), ..Commit::default() };
        let mut all: Vec<Commit> = std::iter::once(first).chain(self.commit.clone()).collect();
        let last = all.len() - 1;
        all[last].tags.extend(self.tags.clone());
        all
    }
}

fn load(fixtures: &Path, name: &str) -> Case {
    let path = fixtures.join(name).join("case.toml");
    let text = fs::read_to_string(&path).expect("case.toml");
    toml::from_str(&text).unwrap_or_else(|e| panic!("{name}/case.toml: {e}"))
}

/// Nothing of the caller but what the go command needs to reach modules and its caches.
fn environment(scratch: &Path) -> BTreeMap<String, String> {
    const KEEP: &[&str] = &[
        "PATH",
        "HOME",
        "GOPATH",
        "GOMODCACHE",
        "GOCACHE",
        "GOPROXY",
        "GONOSUMDB",
        "GOSUMDB",
        "GONOPROXY",
        "GIT_SSL_CAINFO",
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
    ];
    const ANY_CASE: &[&str] = &["http_proxy", "https_proxy", "no_proxy"];
    let mut env: BTreeMap<String, String> = std::env::vars()
        .filter(|(k, _)| KEEP.contains(&k.as_str()) || ANY_CASE.contains(&k.to_lowercase().as_str()))
        .collect();
    for (key, value) in [
        ("GOFLAGS", "-buildvcs=auto"),
        ("GOTOOLCHAIN", "auto"),
        ("GOENV", "off"),
        ("GOWORK", "off"),
        ("CGO_ENABLED", "0"),
        ("GIT_CONFIG_GLOBAL", "/dev/null"),
        ("GIT_CONFIG_NOSYSTEM", "1"),
        ("TZ", "UTC"),
        ("LC_ALL", "C.UTF-8"),
        ("NO_COLOR", "1"),
    ] {
        env.insert(key.to_owned(), value.to_owned());
    }
    env.insert("TMPDIR".to_owned(), scratch.join("tmp").display().to_string());
    env.insert("GIT_CEILING_DIRECTORIES".to_owned(), scratch.display().to_string());
    env
}

fn copy_tree(from: &Path, into: &Path, except: &Path) {
    for path in entries(from) {
        if path == *except {
            continue;
        }
        let target = into.join(path.file_name().expect("an entry has a name"));
        let meta = path.symlink_metadata().expect("fixture file");
        if meta.is_symlink() {
            let link = fs::read_link(&path).expect("fixture link");
            std::os::unix::fs::symlink(link, &target).expect("copy of a link");
        } else if meta.is_dir() {
            make_folder(&target);
            copy_tree(&path, &target, except);
        } else {
            fs::write(&target, fs::read(&path).expect("fixture file")).expect("copy of a file");
            let mode = if meta.permissions().mode() & 0o100 == 0 { 0o644 } else { 0o755 };
            fs::set_permissions(&target, fs::Permissions::from_mode(mode)).expect("mode of a copy");
        }
    }
}

/// What lies in a folder, by name.
pub(crate) fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> =
        fs::read_dir(folder).expect("readable folder").map(|e| e.expect("entry").path()).collect();
    all.sort();
    all
}

fn make_folder(path: &Path) {
    fs::create_dir_all(path).expect("new folder");
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("mode of a folder");
}

fn write(path: &Path, text: &str) {
    fs::write(path, text).expect("new file");
    fs::set_permissions(path, fs::Permissions::from_mode(0o644)).expect("mode of a file");
}

fn write_files(tree: &Path, files: &BTreeMap<String, String>) {
    for (name, text) in files {
        let path = tree.join(name);
        fs::create_dir_all(path.parent().expect("inside the tree")).expect("new folder");
        write(&path, text);
    }
}

/// Contents first: making a file changes its folder's time.
fn set_mtimes(folder: &Path) {
    for path in entries(folder) {
        if path.ends_with(".git") {
            continue;
        }
        if path.symlink_metadata().expect("entry").is_dir() {
            set_mtimes(&path);
        } else {
            set_mtime(&path);
        }
    }
    set_mtime(folder);
}

fn set_mtime(path: &Path) {
    let time = TimeSpec::new(SOURCE_MTIME, 0);
    utimensat(nix::fcntl::AT_FDCWD, path, &time, &time, UtimensatFlags::NoFollowSymlink)
        .expect("time of a file");
}
