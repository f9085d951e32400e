//! The facts of a git repository that a release speaks of, gathered as goreleaser 2.15 does but concurrently.
//!
//! Owns: which tag is released, which one came before, what is dirty. Must not: write to the repository (optional
//! locks are off), or decide whether a problem stops the run: snapshot mode turns them into warnings.

mod output;
mod problems;
mod tags;

use crate::ask::{Question, ToolError};
use crate::changelog;
use crate::main_version::MainVersionFacts;
use crate::semver::Semver;
use goferry_proc::Spawner;
use goferry_report::Diagnostic;
use std::cmp::Reverse;
use std::path::{Path, PathBuf};

pub use problems::GitReport;
pub use tags::TagMemory;

/// Least version of git: `status --porcelain=v2` came with it.
pub const LEAST_GIT: &str = "2.11";

/// A person in a commit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Author {
    /// Name.
    pub name: String,
    /// E-mail address.
    pub email: String,
}

/// A path that `git status` lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusEntry {
    /// Two letters of the porcelain format, version 1: ` M`, `??`.
    pub code: String,
    /// Path relative to the repository's root; a directory ends in `/`.
    pub path: String,
    /// Whether it is goferry's own new file, which never counts as dirty: dist, goferry.toml, dist's line in .gitignore.
    pub own: bool,
}

/// What a release says about its repository. Fields carry goreleaser's meaning.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GitFacts {
    /// Root of the work tree.
    pub root: PathBuf,
    /// Full hash of HEAD (`none` without a repository).
    pub commit: String,
    /// Abbreviated hash, as long as git makes it.
    pub short_commit: String,
    /// Branch; `HEAD` when detached.
    pub branch: String,
    /// Committer date of HEAD, RFC 3339 in UTC.
    pub commit_date: String,
    /// Committer date of HEAD, seconds since 1970.
    pub commit_timestamp: i64,
    /// Tag to release; `v0.0.0` if there is none.
    pub tag: String,
    /// Tag before it; empty if there is none.
    pub previous_tag: String,
    /// Tags at HEAD in the configured order.
    pub tags_at_head: Vec<String>,
    /// Tags on HEAD and its ancestors; only gathered when HEAD has no canonical version tag.
    pub tags_merged: Vec<String>,
    /// `git describe --always --dirty --tags`.
    pub summary: String,
    /// First paragraph of the tag's message.
    pub tag_subject: String,
    /// The tag's whole message.
    pub tag_contents: String,
    /// The tag's message after its subject.
    pub tag_body: String,
    /// Address of the remote, without credentials.
    pub url: String,
    /// What `git status` lists.
    pub status: Vec<StatusEntry>,
    /// Whether history is cut.
    pub shallow: bool,
    /// Author of HEAD.
    pub author: Author,
    /// Committer of HEAD.
    pub committer: Author,
    /// Whether a tag was found or named.
    pub has_tag: bool,
}

impl GitFacts {
    /// What goreleaser uses in a snapshot without a repository.
    pub fn none() -> Self {
        let none = || "none".to_owned();
        GitFacts {
            branch: none(),
            commit: none(),
            short_commit: none(),
            summary: none(),
            tag: "v0.0.0".to_owned(),
            // Go's zero time, which is what goreleaser's templates then show.
            commit_date: "0001-01-01T00:00:00Z".to_owned(),
            commit_timestamp: -62_135_596_800,
            ..GitFacts::default()
        }
    }

    /// Whether something other than goferry's own new files is uncommitted.
    pub fn is_dirty(&self) -> bool {
        self.status.iter().any(|e| !e.own)
    }

    /// The tag without its leading v: `.Version` of a release.
    pub fn version(&self) -> &str {
        self.tag.strip_prefix('v').unwrap_or(&self.tag)
    }

    /// Fills in what [`crate::main_version::main_version`] wants to know of git. The caller sets the modules, and
    /// `dirty` if its own outputs will be there when go looks.
    pub fn main_version_facts(&self) -> MainVersionFacts {
        MainVersionFacts {
            vcs: !self.root.as_os_str().is_empty(),
            head: if self.commit == "none" { String::new() } else { self.commit.clone() },
            commit_time: self.commit_timestamp,
            tags_at_head: self.tags_at_head.clone(),
            tags_merged: self.tags_merged.clone(),
            dirty: !self.status.is_empty(),
            ..MainVersionFacts::default()
        }
    }
}

/// What to ask of a repository.
#[derive(Clone, Debug, Default)]
pub struct GitQuery {
    /// A directory in the work tree.
    pub dir: PathBuf,
    /// GORELEASER_CURRENT_TAG; empty if unset.
    pub current_tag: String,
    /// GORELEASER_PREVIOUS_TAG; empty if unset.
    pub previous_tag: String,
    /// `git.ignore_tags`, already rendered: exact names, and globs where git describe is asked.
    pub ignore_tags: Vec<String>,
    /// `git.tag_sort`; empty is `-version:refname`; `semver` sorts by precedence.
    pub tag_sort: String,
    /// `git.prerelease_suffix`.
    pub prerelease_suffix: String,
    /// dist relative to `dir`; empty is `dist`.
    pub dist: PathBuf,
}

/// Gathers everything; problems are in the report, all of them.
pub fn inspect(spawner: &dyn Spawner, git: &Path, query: &GitQuery) -> GitReport {
    inspect_remembering(spawner, git, query, None)
}

/// As [`inspect`]; what `memory` knows of these very tags and this commit is not asked again.
pub fn inspect_remembering(
    spawner: &dyn Spawner,
    git: &Path,
    query: &GitQuery,
    memory: Option<&dyn TagMemory>,
) -> GitReport {
    let repo = Repo { spawner, git, query, memory };
    let Some(root) = work_tree_root(&query.dir) else {
        return problems::not_a_repository(&query.dir);
    };
    match repo.gather(root) {
        Ok(facts) => {
            let problems = problems::of_facts(&facts);
            GitReport { facts: Some(facts), problems }
        }
        Err(e) => GitReport { facts: None, problems: vec![problems::of_failure(&query.dir, &e)] },
    }
}

/// The entries between two tags, or all of them without a previous one.
///
/// # Errors
/// When git fails, for instance because a tag does not exist.
pub fn log(
    spawner: &dyn Spawner,
    git: &Path,
    dir: &Path,
    previous: &str,
    current: &str,
) -> Result<Vec<changelog::Entry>, ToolError> {
    let query = GitQuery { dir: dir.to_owned(), ..GitQuery::default() };
    let repo = Repo { spawner, git, query: &query, memory: None };
    Ok(changelog::parse_log(&repo.ask("read the git log", changelog::log_args(previous, current))?))
}

/// The directory at or above that holds `.git`. GIT_WORK_TREE, which would say otherwise, is honoured.
fn work_tree_root(dir: &Path) -> Option<PathBuf> {
    if let Some(tree) = std::env::var_os("GIT_WORK_TREE") {
        return Some(dir.join(tree));
    }
    let dir = dir.canonicalize().ok()?;
    dir.ancestors().find(|d| d.join(".git").exists()).map(Path::to_owned)
}

/// Where history is cut, as git writes it down; none where it is not. `.git`, or what a worktree's or submodule's
/// `.git` file names; then the common directory.
fn shallow(root: &Path) -> Option<Vec<u8>> {
    let dot_git = root.join(".git");
    let mut git_dir = dot_git.clone();
    if let Ok(text) = std::fs::read_to_string(&dot_git)
        && let Some(path) = text.strip_prefix("gitdir:")
    {
        git_dir = root.join(path.trim());
    }
    if let Ok(common) = std::fs::read_to_string(git_dir.join("commondir")) {
        git_dir = git_dir.join(common.trim());
    }
    std::fs::read(git_dir.join("shallow")).ok()
}

struct Repo<'a> {
    spawner: &'a dyn Spawner,
    git: &'a Path,
    query: &'a GitQuery,
    memory: Option<&'a dyn TagMemory>,
}

type Asked<T> = Result<T, ToolError>;

impl Repo<'_> {
    fn ask(&self, purpose: &str, args: Vec<String>) -> Asked<Vec<u8>> {
        let set = [("LC_ALL", "C"), ("GIT_OPTIONAL_LOCKS", "0"), ("GIT_TERMINAL_PROMPT", "0")];
        Question {
            purpose,
            program: self.git,
            args,
            dir: &self.query.dir,
            set: set.map(|(k, v)| (k.to_owned(), v.to_owned())).into(),
            remove: vec![],
        }
        .output(self.spawner)
    }

    fn ask_words(&self, purpose: &str, args: &[&str]) -> Asked<Vec<u8>> {
        self.ask(purpose, args.iter().map(|a| (*a).to_owned()).collect())
    }

    /// Two waves of processes: what depends on nothing, then what depends on the tag.
    fn gather(&self, root: PathBuf) -> Asked<GitFacts> {
        let (status, commit, tags, summary, url) = std::thread::scope(|s| {
            let commit = s.spawn(|| {
                let format = output::COMMIT_FORMAT;
                self.ask_words(
                    "read the commit",
                    &["-c", "log.showSignature=false", "show", "-s", format, "HEAD"],
                )
            });
            let tags = s.spawn(|| self.tags());
            let summary =
                s.spawn(|| self.ask_words("describe", &["describe", "--always", "--dirty", "--tags"]));
            let url = s.spawn(|| self.ask_words("find the remote", &["ls-remote", "--get-url"]));
            let status = self.ask_words("read the status", &["status", "--porcelain=v2", "--branch", "-z"]);
            (status, join(commit), join(tags), join(summary), join(url))
        });
        let status = output::parse_status(&status?);
        let cut = shallow(&root);
        let mut facts = GitFacts { shallow: cut.is_some(), root, branch: status.branch, ..GitFacts::none() };
        facts.status = self.mark_own(&facts.root, status.entries);
        // git before 2.46 prints `origin` without a remote, later ones fail; it is no reason to stop.
        facts.url = url.map(|u| output::without_credentials(&output::first_line(&u))).unwrap_or_default();
        if status.commit.is_empty() {
            return Ok(facts);
        }
        let commit = output::parse_commit(&commit?).ok_or_else(|| ToolError::Unreadable {
            command: "git show".to_owned(),
            what: "a commit without its fields".to_owned(),
        })?;
        facts.commit_date =
            jiff::Timestamp::from_second(commit.time).map(|t| t.to_string()).unwrap_or_default();
        facts.commit_timestamp = commit.time;
        (facts.commit, facts.short_commit) = (commit.full, commit.short);
        (facts.author, facts.committer) = (commit.author, commit.committer);
        facts.summary = output::first_line(&summary?);
        if !facts.status.iter().any(|e| !e.own && e.code != "??")
            && let Some(clean) = facts.summary.strip_suffix("-dirty")
        {
            // git saw only dist's new line in .gitignore.
            facts.summary = clean.to_owned();
        }
        self.find_tags(&mut facts, &tags?, &cut.unwrap_or_default())?;
        Ok(facts)
    }

    fn tags(&self) -> Asked<tags::Listed> {
        let mut args = vec![];
        if !self.query.prerelease_suffix.is_empty() {
            args.extend(["-c".to_owned(), format!("versionsort.suffix={}", self.query.prerelease_suffix)]);
        }
        let sort = match self.query.tag_sort.as_str() {
            "" | "semver" => "-version:refname",
            other => other,
        };
        args.extend(["for-each-ref", "--sort", sort, output::TAGS_FORMAT, "refs/tags"].map(str::to_owned));
        let raw = self.ask("list the tags", args)?;
        let mut tags = output::parse_tags(&raw);
        if self.query.tag_sort == "semver" {
            tags.sort_by_cached_key(|t| Reverse(Semver::parse_tag(&t.name).map(ByPrecedence)));
        }
        Ok(tags::Listed { raw, tags })
    }

    /// Marks what goferry itself makes: dist, a new goferry.toml, a .gitignore that only gained dist's line.
    fn mark_own(&self, root: &Path, mut entries: Vec<StatusEntry>) -> Vec<StatusEntry> {
        let project = self.query.dir.canonicalize().unwrap_or_else(|_| self.query.dir.clone());
        let dist = if self.query.dist.as_os_str().is_empty() { Path::new("dist") } else { &self.query.dist };
        for entry in &mut entries {
            let path = root.join(&entry.path);
            let Ok(inside) = path.strip_prefix(&project) else { continue };
            entry.own = match (entry.code.as_str(), inside.to_str()) {
                ("??", _) if project.join(inside).starts_with(project.join(dist)) => true,
                ("??" | "A ", Some("goferry.toml" | "goferry.lock")) => true,
                ("??", Some(".gitignore")) => {
                    std::fs::read_to_string(&path).is_ok_and(|t| t.lines().all(|l| is_dist_line(l, dist)))
                }
                (" M" | "M ", Some(".gitignore")) => self.only_gained_dist(&entry.path, dist),
                _ => false,
            };
        }
        entries
    }

    fn only_gained_dist(&self, path: &str, dist: &Path) -> bool {
        let pathspec = format!(":/{path}");
        let args = ["diff", "--no-color", "--no-ext-diff", "-U0", "HEAD", "--", &pathspec];
        let Ok(diff) = self.ask_words("look at .gitignore", &args) else { return false };
        let diff = String::from_utf8_lossy(&diff);
        let mut changes = diff.lines().skip_while(|l| !l.starts_with("@@")).filter(|l| !l.starts_with("@@"));
        changes.all(|l| l.strip_prefix('+').is_some_and(|l| is_dist_line(l, dist)) || l.starts_with('\\'))
    }
}

fn is_dist_line(line: &str, dist: &Path) -> bool {
    let line = line.trim();
    line.is_empty() || line.starts_with('#') || Path::new(line.trim_matches('/')) == dist
}

fn join<T>(thread: std::thread::ScopedJoinHandle<'_, Asked<T>>) -> Asked<T> {
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct ByPrecedence(Semver);

impl Ord for ByPrecedence {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.precedence(&other.0).then_with(|| self.0.build.cmp(&other.0.build))
    }
}

impl PartialOrd for ByPrecedence {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// The diagnostic for a host without git.
pub fn git_missing() -> Diagnostic {
    problems::git_missing()
}
