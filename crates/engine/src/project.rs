//! The project: where it is, what git says, which main packages there are, which clock is in force.

use crate::remembered::Remembered;
use crate::session::{Request, Session, Subject};
use goferry_config::Config;
use goferry_config::model::Text;
use goferry_config::template::{Fields, Templates, Value};
use goferry_plan::facts::{Clock, MainPackage, MainState, ProjectFacts, SourceKind, Vcs};
use goferry_report::{Code, Diagnostic, Diagnostics, Label};
use goferry_toolchain::git::{self, GitFacts, GitQuery};
use goferry_toolchain::gomod::{GoMod, InputRoots, find_module_root, input_roots};
use goferry_toolchain::{gosource, module};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The project as found.
pub struct Project {
    /// Its folder: the working directory, or the module's in the module cache.
    pub root: PathBuf,
    /// Facts for the plan.
    pub facts: ProjectFacts,
    /// git's facts, where there is a repository.
    pub git: Option<GitFacts>,
    /// Local folders that builds read; none for a module from the cache.
    pub roots: Option<InputRoots>,
    /// The module from the proxy.
    pub module: Option<module::ModuleInfo>,
    /// Whether `root` is a copy of the module, which hooks may change.
    pub copied: bool,
}

/// Where a project lies.
pub(crate) struct Located {
    /// Its folder.
    pub root: PathBuf,
    /// The module from the proxy, if that is what was asked for.
    pub module: Option<module::ModuleInfo>,
    /// Keeps the copy that `--from-copy` builds from until the run ends.
    pub copy: Option<tempfile::TempDir>,
}

/// Where the project is; resolves `module@version`.
///
/// # Errors
/// The diagnostic of a module that cannot be had.
pub(crate) fn locate(session: &Session, request: &Request) -> Result<Located, Box<Diagnostic>> {
    match &request.subject {
        Subject::Checkout => Ok(Located { root: session.cwd.clone(), module: None, copy: None }),
        Subject::Module(query) => {
            let path = session.path();
            let go = goferry_toolchain::go::Go::locate(&session.host, path.as_ref(), &session.cwd)?;
            let Some(query) = module::ModuleQuery::parse(query) else {
                return Err(Box::new(
                    Diagnostic::error(Code::ModuleQuery, format!("`{query}` is not module@version"))
                        .hint_with("for example", "goferry release filippo.io/age@v1.2.1 --snapshot"),
                ));
            };
            let info = module::resolve(&go, &session.host, &query)?;
            // Hooks may write where they run, and the module cache must not change.
            if !request.from_copy && !request.allow_hooks {
                return Ok(Located { root: info.dir.clone(), module: Some(info), copy: None });
            }
            if let Some(root) = &request.copied_to {
                return Ok(Located { root: root.clone(), module: Some(info), copy: None });
            }
            let io = |e: std::io::Error| crate::dist::failure(&info.dir, &e);
            let copy = tempfile::Builder::new().prefix("goferry-copy-").tempdir().map_err(io)?;
            let root = copy.path().join("module");
            crate::copy::tree(&info.dir, &root, &|_| false).map_err(io)?;
            Ok(Located { root, module: Some(info), copy: Some(copy) })
        }
    }
}

/// Gathers everything about the project that the plan needs, with everything that is wrong.
pub(crate) fn gather(
    session: &Session,
    request: &Request,
    config: &Config,
    root: PathBuf,
    module: Option<module::ModuleInfo>,
) -> (Project, Diagnostics) {
    let mut problems = Diagnostics::default();
    let mut snapshot = request.snapshot;
    let (vcs, git) = match &module {
        Some(info) => (module_vcs(info), None),
        None => {
            let (vcs, git, found) = checkout_vcs(session, request, config, &root, &mut snapshot);
            problems.append(found);
            (vcs, git)
        }
    };
    let module_root = find_module_root(&root.join(literal(config.gomod.dir.as_ref())));
    let module_path = module_root
        .as_deref()
        .and_then(|r| GoMod::read(&r.join("go.mod")).ok())
        .map(|m| m.module)
        .or_else(|| module.as_ref().map(|m| m.path.clone()));
    if module_path.is_none() && !config.builds.iter().any(|b| b.dir.is_some() || b.prebuilt_path.is_some()) {
        problems.push(
            Diagnostic::error(
                Code::NoModule,
                format!("there is no go.mod in {} or above it", root.display()),
            )
            .hint_with("start a module, or change to its folder:", "go mod init example.com/name")
            .hint_with("or release a published one:", "goferry release example.com/name@v1.2.3 --snapshot"),
        );
    }
    let source = match &module {
        Some(m) if !request.from_copy => {
            SourceKind::Module { path: m.path.clone(), version: m.version.clone() }
        }
        _ => SourceKind::Checkout,
    };
    let build_from = match (&source, &module_path) {
        (SourceKind::Checkout, Some(path))
            if config.gomod.proxy && !snapshot && !request.build_only && module.is_none() =>
        {
            problems.list.extend(proxy_obstacle(config, module_root.as_deref()));
            SourceKind::Module { path: path.clone(), version: vcs.tag.clone() }
        }
        _ => source.clone(),
    };
    let facts = ProjectFacts {
        source,
        build_from,
        clock: clock(session, request, &vcs),
        dir_name: root.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        mains: mains(&root, module_path.as_deref()),
        configured_mains: configured_mains(config, &root),
        pattern_mains: pattern_mains(config, &root),
        has_repository: git.is_some(),
        module_path,
        snapshot,
        vcs,
        env: session.env.clone(),
    };
    let copied = module.is_some() && (request.from_copy || request.allow_hooks);
    let gowork = session.env.get("GOWORK").map(String::as_str).unwrap_or_default();
    let roots = match module {
        Some(_) if !copied => None,
        _ => all_roots(config, &root, gowork),
    };
    (Project { root, facts, git, roots, module, copied }, problems)
}

/// A configured text that the engine needs before templates can be rendered.
pub(crate) fn literal(text: Option<&Text>) -> String {
    text.map(|t| t.value.clone()).filter(|t| !t.contains("{{")).unwrap_or_default()
}

/// Every local folder that some build may read: those of the project's module, and of modules that `dir` lies in.
fn all_roots(config: &Config, root: &Path, gowork: &str) -> Option<InputRoots> {
    let mut all = input_roots(root, gowork).ok();
    for b in &config.builds {
        let dir = literal(b.dir.as_ref());
        if let (false, Ok(own)) = (dir.is_empty(), input_roots(&root.join(&dir), gowork)) {
            match &mut all {
                Some(all) => all.dirs.extend(own.dirs),
                None => all = Some(own),
            }
        }
    }
    all
}

/// `gomod.proxy` builds with `go install M@V`, which refuses modules with replace lines.
fn proxy_obstacle(config: &Config, module_root: Option<&Path>) -> Option<Diagnostic> {
    let gomod = GoMod::read(&module_root?.join("go.mod")).ok()?;
    let line = gomod.replace.first()?.line;
    let mut d = Diagnostic::error(
        Code::ModuleReplace,
        "gomod.proxy builds from the module proxy, where the replace lines of go.mod do not count",
    )
    .label(Label::at("go.mod", line, 1))
    .hint("remove the replace lines, or gomod.proxy");
    if let Some(name) = config.sources.first() {
        d = d.label(Label::file(name));
    }
    Some(d)
}

fn module_vcs(info: &module::ModuleInfo) -> Vcs {
    let origin = info.info.origin.clone().unwrap_or_default();
    let commit = origin.hash;
    Vcs {
        tag: info.version.clone(),
        short_commit: commit.chars().take(7).collect(),
        commit,
        commit_unix: info.info.time.parse::<jiff::Timestamp>().map_or(0, |t| t.as_second()),
        url: origin.url,
        summary: info.version.clone(),
        ..Vcs::default()
    }
}

fn checkout_vcs(
    session: &Session,
    request: &Request,
    config: &Config,
    root: &Path,
    snapshot: &mut bool,
) -> (Vcs, Option<GitFacts>, Diagnostics) {
    let mut problems = Diagnostics::default();
    let path = session.path();
    let report = match goferry_proc::find_program("git", Some(path.as_ref()), root) {
        Some(git) => {
            let remembered = session.cache.as_ref().map(Remembered);
            let memory = remembered.as_ref().map(|r| r as &dyn git::TagMemory);
            let query = query(session, request, config, root);
            git::inspect_remembering(&session.host, &git, &query, memory)
        }
        None => git::GitReport { facts: None, problems: vec![git::git_missing()] },
    };
    if request.auto_snapshot && report.facts.as_ref().is_some_and(GitFacts::is_dirty) {
        session.sink.note("the tree has changes: this is a snapshot (--auto-snapshot)".to_owned());
        *snapshot = true;
    }
    let checked = request.dirty_before_hooks.is_some();
    let strict = !*snapshot
        && !request.build_only
        && !request.images_only
        && !request.skip.contains("validate")
        && !checked;
    let report = if strict { report } else { report.for_snapshot() };
    problems.list.extend(report.problems);
    let Some(g) = report.facts else { return (Vcs::default(), None, problems) };
    let vcs = Vcs {
        tag: g.tag.clone(),
        previous_tag: g.previous_tag.clone(),
        branch: g.branch.clone(),
        commit: g.commit.clone(),
        short_commit: g.short_commit.clone(),
        commit_unix: g.commit_timestamp,
        url: g.url.clone(),
        summary: g.summary.clone(),
        tag_subject: g.tag_subject.clone(),
        tag_contents: g.tag_contents.clone(),
        tag_body: g.tag_body.clone(),
        dirty: request.dirty_before_hooks.unwrap_or_else(|| g.is_dirty()),
    };
    // Facts without a root stand for "no repository", made up for a snapshot.
    let real = !g.root.as_os_str().is_empty();
    (vcs, real.then_some(g), problems)
}

fn query(session: &Session, request: &Request, config: &Config, root: &Path) -> GitQuery {
    let env = |k: &str| session.env.get(k).cloned().unwrap_or_default();
    let mut fields = Fields::default();
    fields.set("Env", Value::from(session.env.clone()));
    let host = crate::templates::ProjectTemplates::new(root.to_owned(), session.env.clone(), 0);
    let templates = Templates::new(&host);
    // git is asked before anything else is known, so only the environment can be used here; a template that needs
    // more fails again, with its place, when the plan renders it.
    let text = |t: &Text| templates.render(&t.value, &fields).unwrap_or_default();
    GitQuery {
        dir: root.to_owned(),
        current_tag: env("GORELEASER_CURRENT_TAG"),
        previous_tag: env("GORELEASER_PREVIOUS_TAG"),
        ignore_tags: config.git.ignore_tags.iter().map(text).filter(|t| !t.is_empty()).collect(),
        tag_sort: config.git.tag_sort.as_ref().map(text).unwrap_or_default(),
        prerelease_suffix: config.git.prerelease_suffix.as_ref().map(text).unwrap_or_default(),
        dist: PathBuf::from(request.dist.clone().unwrap_or_else(|| literal(config.dist.as_ref()))),
    }
}

/// DESIGN "Time": SOURCE_DATE_EPOCH, else the commit's time; `--now` gives goreleaser's meaning.
fn clock(session: &Session, request: &Request, vcs: &Vcs) -> Clock {
    if request.now {
        return Clock { unix: jiff::Timestamp::now().as_second(), source: "--now".to_owned() };
    }
    if let Some(unix) = session.env.get("SOURCE_DATE_EPOCH").and_then(|s| s.trim().parse().ok()) {
        return Clock { unix, source: "SOURCE_DATE_EPOCH".to_owned() };
    }
    let source = if vcs.commit_unix == 0 { "no commit: the epoch" } else { "the commit's" };
    Clock { unix: vcs.commit_unix, source: source.to_owned() }
}

pub(crate) fn mains(root: &Path, module_path: Option<&str>) -> Vec<MainPackage> {
    let found = gosource::main_packages(root).unwrap_or_default();
    found
        .into_iter()
        .map(|m| {
            let binary = match m.dir.file_name() {
                Some(name) => name.to_string_lossy().into_owned(),
                None => module_path.map(module::executable_name).unwrap_or_default().to_owned(),
            };
            MainPackage { dir: m.pattern, binary }
        })
        .collect()
}

/// What stands where the configuration expects main packages; templates are left to the go command.
pub(crate) fn configured_mains(config: &Config, root: &Path) -> BTreeMap<(String, String), MainState> {
    let mut out = BTreeMap::new();
    for b in &config.builds {
        let dir = b.dir.as_ref().map_or(".", |t| t.value.as_str());
        let main = b.main.as_ref().map_or(".", |t| t.value.as_str());
        if dir.contains("{{") || main.contains("{{") {
            continue;
        }
        out.insert((dir.to_owned(), main.to_owned()), main_state(&root.join(dir), main));
    }
    out
}

/// The main packages that `./...` in a build's main means.
pub(crate) fn pattern_mains(config: &Config, root: &Path) -> BTreeMap<(String, String), Vec<MainPackage>> {
    let mut out = BTreeMap::new();
    for b in &config.builds {
        let dir = b.dir.as_ref().map_or(".", |t| t.value.as_str());
        let main = b.main.as_ref().map_or(".", |t| t.value.as_str());
        let Some(below) = main.strip_suffix("...").map(|m| m.trim_end_matches('/')) else { continue };
        let below = if below.is_empty() { "." } else { below };
        let mut found = vec![];
        mains_below(&root.join(dir), below, &mut found);
        out.insert((dir.to_owned(), main.to_owned()), found);
    }
    out
}

/// Every main package at or below a folder, as the go command finds them: not in testdata, vendor, hidden or
/// underscored folders, nor in modules of their own.
fn mains_below(base: &Path, relative: &str, out: &mut Vec<MainPackage>) {
    let dir = crate::templates::clean(&base.join(relative));
    if gosource::holds_main(&dir).unwrap_or(false) {
        let binary = dir.file_name().unwrap_or_default().to_string_lossy().into_owned();
        out.push(MainPackage { dir: relative.to_owned(), binary });
    }
    let mut names: Vec<String> = std::fs::read_dir(&dir)
        .into_iter()
        .flatten()
        .flatten()
        .filter(|e| e.file_type().is_ok_and(|t| t.is_dir()))
        .map(|e| e.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    for name in names {
        let passed_over = name.starts_with(['.', '_']) || name == "testdata" || name == "vendor";
        if !passed_over && !dir.join(&name).join("go.mod").exists() {
            mains_below(base, &format!("{}/{name}", relative.trim_end_matches('/')), out);
        }
    }
}

fn main_state(dir: &Path, main: &str) -> MainState {
    if main.contains("...") || main.contains('@') {
        return MainState::Pattern;
    }
    let path = dir.join(main);
    if path.is_file() {
        return match std::fs::read(&path).ok().and_then(|s| gosource::scan_header(&s)) {
            Some(h) if h.package == "main" => MainState::Main,
            Some(h) => MainState::NotMain(h.package),
            None => MainState::NoGoFiles,
        };
    }
    if !path.is_dir() {
        // An import path of a dependency is the go command's business.
        let local = main.starts_with('.') || main.starts_with('/') || !main.contains('.');
        return if local { MainState::Missing } else { MainState::Pattern };
    }
    if gosource::holds_main(&path).unwrap_or(false) {
        return MainState::Main;
    }
    let package = std::fs::read_dir(&path).into_iter().flatten().flatten().find_map(|e| {
        let name = e.file_name().to_string_lossy().into_owned();
        let source = name.ends_with(".go") && !name.ends_with("_test.go");
        source.then(|| std::fs::read(e.path()).ok()).flatten().and_then(|s| gosource::scan_header(&s))
    });
    package.map_or(MainState::NoGoFiles, |h| MainState::NotMain(h.package))
}
