//! First half of planning: the project's name and version, every build with its targets. What it finds tells the
//! engine which host facts are worth gathering; [`Draft::finish`](crate::Draft::finish) is the second half.

use crate::facts::{MainState, Program, ProjectFacts, SourceKind};
use crate::fields;
use crate::matrix;
use crate::render::Renderer;
use goferry_config::Config;
use goferry_config::model::{Build, Dialect, DockerfileBuilder, Text};
use goferry_config::template::{Fields, TemplateHost};
use goferry_report::{Code, Diagnostic, Diagnostics};
use goferry_target::{ArchKind, GoTarget, Os};
use std::collections::{BTreeMap, BTreeSet};

/// What the command line asks for.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Sections to go on without (`--skip`), already checked to be known names.
    pub skip: BTreeSet<String>,
    /// Only this target (`--single-target`).
    pub single_target: Option<GoTarget>,
    /// Only these targets (`--target`); empty: all.
    pub only_targets: Vec<GoTarget>,
    /// Only these build ids (`--id`); empty: all.
    pub ids: Vec<String>,
    /// Stop after verification (`goferry build`): no archives, checksums or changelog.
    pub build_only: bool,
    /// Stop after images (`goferry image build`): no archives, checksums or changelog.
    pub images_only: bool,
    /// Whether the release notes are the user's own, so that no changelog is made.
    pub own_notes: bool,
    /// Value of `--dist`.
    pub dist: Option<String>,
    /// `--dockerfile-builder`: before the configuration's.
    pub dockerfile_builder: Option<DockerfileBuilder>,
    /// Whether `before` hooks have yet to run: a file that is not there may be made by them.
    pub hooks_pending: bool,
}

impl Options {
    /// Whether a section is to be left out.
    pub fn skips(&self, section: &str) -> bool {
        self.skip.contains(section)
    }
}

/// One build with its targets.
#[derive(Clone, Debug)]
pub struct DraftBuild {
    /// Its id.
    pub id: String,
    /// As configured, or made up for a project without configuration.
    pub config: Build,
    /// Folder relative to the project (rendered).
    pub dir: String,
    /// Main package relative to `dir` (rendered where it does not depend on the target).
    pub main: String,
    /// Where the binary's name comes from.
    pub binary: Text,
    /// Whether it is one of several that a pattern in `main` stands for: their ids are the same.
    pub of_pattern: bool,
    /// Its matrix.
    pub targets: Vec<GoTarget>,
    /// Whether the matrix was nobody's choice, so that a pair which cannot be built does not stop the others.
    pub default_matrix: bool,
}

impl DraftBuild {
    /// What the engine finds out for each program and target.
    pub fn program(&self, target: GoTarget) -> Program {
        Program { id: self.id.clone(), main: self.main.clone(), target }
    }
}

/// The first half of a plan.
pub struct Draft<'a> {
    pub(crate) config: &'a Config,
    pub(crate) facts: &'a ProjectFacts,
    pub(crate) options: &'a Options,
    pub(crate) render: Renderer<'a>,
    pub(crate) host: &'a dyn TemplateHost,
    /// Project name.
    pub name: String,
    /// Version without `v`.
    pub version: String,
    /// Output folder.
    pub dist: String,
    /// The environment of hooks and templates: the process's and `env:`.
    pub env: BTreeMap<String, String>,
    /// `KEY=value` of `env:` alone, rendered.
    pub configured_env: Vec<(String, String)>,
    /// Template fields of the release.
    pub fields: Fields,
    /// The builds.
    pub builds: Vec<DraftBuild>,
}

/// Makes the first half. Everything wrong is kept and handed out by [`Draft::finish`] or [`Draft::problems`].
pub fn draft<'a>(
    config: &'a Config,
    facts: &'a ProjectFacts,
    options: &'a Options,
    host: &'a dyn TemplateHost,
) -> Draft<'a> {
    let render = Renderer::new(host);
    let (env, configured_env) = environment(config, facts, &render);
    let early = fields::release(facts, "", "", &env, false);
    let name = project_name(config, facts, &render, &early);
    let version = version(config, facts, &render, &name, &env);
    let mut fields = fields::release(facts, &name, &version, &env, true);
    extra_fields(config, facts, &render, &mut fields);
    let dist = match &options.dist {
        Some(d) => d.clone(),
        None => render.opt(config.dist.as_ref(), "dist", &fields),
    };
    let mut d = Draft {
        config,
        facts,
        options,
        render,
        host,
        name,
        version,
        dist,
        env,
        configured_env,
        fields,
        builds: vec![],
    };
    d.builds = builds(&d);
    d
}

impl Draft<'_> {
    /// Every target of every build, each once, in the order of the matrix.
    pub fn targets(&self) -> Vec<GoTarget> {
        let mut out: Vec<GoTarget> = vec![];
        for t in self.builds.iter().flat_map(|b| &b.targets) {
            if !out.contains(t) {
                out.push(*t);
            }
        }
        out
    }

    /// The configuration.
    pub fn config(&self) -> &Config {
        self.config
    }

    /// Builds whose use of cgo nobody decided: no CGO_ENABLED anywhere, and no goreleaser to follow.
    pub fn open_cgo(&self) -> impl Iterator<Item = &DraftBuild> {
        let decided = |b: &DraftBuild| {
            let items = b.config.flags.env.iter().chain(b.config.overrides.iter().flat_map(|o| &o.flags.env));
            items.into_iter().any(|t| t.value.trim_start().starts_with("CGO_ENABLED="))
        };
        let open = self.config.dialect == Dialect::Native && !self.env.contains_key("CGO_ENABLED");
        self.builds.iter().filter(move |b| open && !decided(b) && b.config.prebuilt_path.is_none())
    }

    /// Who is given Dockerfiles that goferry does not do itself.
    pub(crate) fn dockerfile_builder(&self) -> Option<DockerfileBuilder> {
        self.options.dockerfile_builder.or(self.config.dockerfile_builder)
    }

    /// Hooks that belong to no target, rendered and split; none if `skip` names them.
    pub fn hooks(&self, hooks: &[goferry_config::model::Hook], skip: &str) -> Vec<crate::graph::HookSpec> {
        crate::builds::hooks(self, hooks, &self.fields, skip)
    }

    /// What is wrong so far; the list is empty afterwards.
    pub fn problems(&self) -> Diagnostics {
        self.render.take()
    }
}

/// The environment that templates and hooks see. Items of `env:` see the process environment only, and git was not
/// read yet when goreleaser evaluates them, so `.Version` and its kin are empty here too.
fn environment(
    config: &Config,
    facts: &ProjectFacts,
    r: &Renderer<'_>,
) -> (BTreeMap<String, String>, Vec<(String, String)>) {
    let fields = fields::release(facts, "", "", &facts.env, false);
    let mut env = facts.env.clone();
    let mut configured = vec![];
    for item in &config.env {
        let text = r.text(item, &fields);
        if let Some((k, v)) = text.split_once('=') {
            env.insert(k.to_owned(), v.to_owned());
            configured.push((k.to_owned(), v.to_owned()));
        }
    }
    (env, configured)
}

fn project_name(config: &Config, facts: &ProjectFacts, r: &Renderer<'_>, fields: &Fields) -> String {
    let named = r.opt(config.project_name.as_ref(), "", fields);
    if !named.is_empty() {
        return named;
    }
    let last = |s: &str| s.rsplit(['/', ':']).find(|p| !p.is_empty()).map(str::to_owned);
    let from_module = facts.module_path.as_deref().and_then(|m| {
        let major = |p: &str| p.len() > 1 && p.starts_with('v') && p[1..].bytes().all(|b| b.is_ascii_digit());
        m.rsplit('/').find(|p| !p.is_empty() && !major(p)).map(str::to_owned)
    });
    let from_remote = last(facts.vcs.url.trim_end_matches(".git"));
    // goreleaser asks the remote first; without its file the module's name is the better one, because it does not
    // change with the place that a clone came from.
    let (first, second) = match config.dialect {
        Dialect::Goreleaser => (from_remote, from_module),
        Dialect::Native => (from_module, from_remote),
    };
    first.or(second).unwrap_or_else(|| facts.dir_name.clone())
}

fn version(
    config: &Config,
    facts: &ProjectFacts,
    r: &Renderer<'_>,
    name: &str,
    env: &BTreeMap<String, String>,
) -> String {
    let tag = &facts.vcs.tag;
    let plain = tag.strip_prefix('v').unwrap_or(tag).to_owned();
    // A module has no SNAPSHOT of its own: the version that was asked for is the one that is built.
    if !facts.snapshot || facts.is_module() {
        return plain;
    }
    let fields = fields::release(facts, name, &plain, env, true);
    let template = config.snapshot_version.clone();
    let version = r.opt(template.as_ref(), "{{ .Version }}-SNAPSHOT-{{ .ShortCommit }}", &fields);
    if version.is_empty() {
        let mut d = Diagnostic::error(Code::ConfigValue, "snapshot.version_template gives an empty version");
        if let Some(l) = template.and_then(|t| t.place.label("")) {
            d = d.label(l);
        }
        r.push(d);
    }
    version
}

fn extra_fields(config: &Config, facts: &ProjectFacts, r: &Renderer<'_>, fields: &mut Fields) {
    use goferry_config::template::Value;
    let vars: BTreeMap<String, Value> =
        config.variables.iter().map(|(k, v)| (k.clone(), Value::from(r.text(v, fields)))).collect();
    fields.set("Var", Value::from(vars));
    let m = &config.metadata;
    let text = |t: &Option<Text>| Value::from(r.opt(t.as_ref(), "", fields));
    let metadata: BTreeMap<String, Value> = [
        ("Description", text(&m.description)),
        ("FullDescription", text(&m.full_description)),
        ("Homepage", text(&m.homepage)),
        ("License", text(&m.license)),
        ("ModTimestamp", text(&m.mod_timestamp)),
        ("Maintainers", Value::from(r.list(&m.maintainers, fields))),
    ]
    .into_iter()
    .map(|(k, v)| (k.to_owned(), v))
    .collect();
    fields.set("Metadata", Value::from(metadata));
    // The host's platform is a fact of the environment, handed over with it.
    let runtime =
        |k: &str, default: &str| Value::from(facts.env.get(k).cloned().unwrap_or_else(|| default.to_owned()));
    fields.set(
        "Runtime",
        Value::from(BTreeMap::from([
            ("Goos".to_owned(), runtime("GOHOSTOS", Os::host().map_or("", Os::goos))),
            ("Goarch".to_owned(), runtime("GOHOSTARCH", ArchKind::host().map_or("", ArchKind::goarch))),
        ])),
    );
}

fn builds(d: &Draft<'_>) -> Vec<DraftBuild> {
    let made_up;
    let configured: &[Build] = if d.config.builds.is_empty() {
        made_up = default_builds(d);
        &made_up
    } else {
        &d.config.builds
    };
    let mut out: Vec<DraftBuild> = vec![];
    for b in configured {
        if d.render.flag(b.skip.as_ref(), &d.fields) {
            continue;
        }
        let id = d.render.opt(b.id.as_ref(), &d.name, &d.fields);
        if !d.options.ids.is_empty() && !d.options.ids.contains(&id) {
            continue;
        }
        let mut targets = matrix::targets(d.config, b, &d.fields, &d.render);
        select(d.options, &mut targets);
        let dir = d.render.opt(b.dir.as_ref(), ".", &d.fields);
        let main = d.render.opt(b.main.as_ref(), ".", &d.fields);
        check_main(d, b, &id, &dir, &main);
        let default_matrix = b.targets.is_empty()
            && b.goos.is_empty()
            && b.goarch.is_empty()
            && d.config.targets.is_empty()
            && d.config.dialect == Dialect::Native;
        if main.contains("...") {
            let same = DraftBuild {
                id,
                config: b.clone(),
                dir,
                main,
                binary: Text::implied(String::new()),
                of_pattern: true,
                targets,
                default_matrix,
            };
            expand(d, same, &mut out);
            continue;
        }
        let binary = b.binary.clone().unwrap_or_else(|| Text::implied(d.name.clone()));
        out.push(DraftBuild {
            id,
            config: b.clone(),
            dir,
            main,
            binary,
            of_pattern: false,
            targets,
            default_matrix,
        });
    }
    check_ids(d, &out);
    check_asked_targets(d, &out);
    out
}

/// `main: ./...`: one build for each main package below, all with the same id.
fn expand(d: &Draft<'_>, build: DraftBuild, out: &mut Vec<DraftBuild>) {
    let labelled = |diag: Diagnostic| match build.config.main.as_ref().and_then(|t| t.place.label("")) {
        Some(l) => diag.label(l),
        None => diag,
    };
    if build.config.binary.is_some() {
        let what = format!(
            "build `{}`: `main: {}` may mean several programs, and `binary` names one",
            build.id, build.main
        );
        d.render.push(
            labelled(Diagnostic::error(Code::ConfigValue, what))
                .hint("leave `binary` out, or name one package"),
        );
        return;
    }
    let found =
        d.facts.pattern_mains.get(&(build.dir.clone(), build.main.clone())).cloned().unwrap_or_default();
    if found.is_empty() {
        let what = format!("build `{}`: no main package matches `{}`", build.id, build.main);
        d.render.push(labelled(Diagnostic::error(Code::MainMissing, what)));
    }
    for m in found {
        out.push(DraftBuild { main: m.dir, binary: Text::implied(m.binary), ..build.clone() });
    }
}

/// `--target` and `--single-target` choose from the matrix; what is not in it is not silently left out.
fn check_asked_targets(d: &Draft<'_>, builds: &[DraftBuild]) {
    let has = |t: &GoTarget| {
        builds.iter().any(|b| b.targets.iter().any(|x| x.os == t.os && x.arch.kind() == t.arch.kind()))
    };
    for t in d.options.only_targets.iter().chain(&d.options.single_target) {
        let exact = d.options.single_target.is_some() || builds.iter().any(|b| b.targets.contains(t));
        if !(has(t) && exact) {
            d.render.push(
                Diagnostic::error(Code::UnknownTarget, format!("no build has the target {t} in its matrix"))
                    .hint_with("the whole matrix is shown by", "goferry plan"),
            );
        }
    }
}

fn check_ids(d: &Draft<'_>, builds: &[DraftBuild]) {
    let mut seen = BTreeSet::new();
    for b in builds {
        let first = seen.insert(&b.id);
        if !first && !b.of_pattern {
            let mut diag = Diagnostic::error(Code::DuplicateId, format!("two builds have the id `{}`", b.id))
                .hint("give each build an id of its own");
            if let Some(l) = b.config.place.label("the second") {
                diag = diag.label(l);
            }
            d.render.push(diag);
        }
    }
    for wanted in &d.options.ids {
        if !builds.iter().any(|b| &b.id == wanted) {
            d.render.push(Diagnostic::error(Code::UnknownId, format!("no build has the id `{wanted}`")));
        }
    }
}

fn select(options: &Options, targets: &mut Vec<GoTarget>) {
    if let Some(t) = &options.single_target {
        targets.retain(|x| x.os == t.os && x.arch.kind() == t.arch.kind());
        // Of several variants the one asked for, else the first.
        if targets.contains(t) {
            targets.retain(|x| x == t);
        }
        targets.truncate(1);
    }
    if !options.only_targets.is_empty() {
        targets.retain(|x| options.only_targets.contains(x));
    }
}

/// What is built without configuration: every main package found; goreleaser's rule is the one in `.`.
fn default_builds(d: &Draft<'_>) -> Vec<Build> {
    if d.config.dialect == Dialect::Goreleaser {
        return vec![Build::default()];
    }
    if d.facts.mains.is_empty() {
        d.render.push(
            Diagnostic::error(Code::MainMissing, "no main package in `.` or under `./cmd`")
                .hint(
                    "a library has nothing to release; for a main package elsewhere say so in goferry.toml:",
                )
                .hint_with("for example", "[[builds]]\nmain = \"./tools/mytool\"\nbinary = \"mytool\""),
        );
    }
    d.facts
        .mains
        .iter()
        .map(|m| Build {
            id: Some(Text::implied(m.binary.clone())),
            main: Some(Text::implied(m.dir.clone())),
            binary: Some(Text::implied(m.binary.clone())),
            ..Build::default()
        })
        .collect()
}

fn check_main(d: &Draft<'_>, b: &Build, id: &str, dir: &str, main: &str) {
    if b.prebuilt_path.is_some() || b.no_main_check {
        return;
    }
    if let Some(command) = &b.command
        && command.value == "test"
    {
        return;
    }
    let problem = match d.facts.configured_mains.get(&(dir.to_owned(), main.to_owned())) {
        None | Some(MainState::Main | MainState::Pattern) => return,
        Some(MainState::NotMain(name)) => {
            format!("build `{id}`: `{main}` is package {name}, not a main package")
        }
        Some(MainState::NoGoFiles) => format!("build `{id}`: no Go files in `{main}`"),
        Some(MainState::Missing) => format!("build `{id}`: there is no `{main}`"),
    };
    let mut diag = Diagnostic::error(Code::MainMissing, problem);
    let place = b.main.as_ref().map_or(&b.place, |t| &t.place);
    if let Some(l) = place.label("") {
        diag = diag.label(l);
    }
    if !d.facts.mains.is_empty() {
        let found: Vec<_> = d.facts.mains.iter().map(|m| m.dir.as_str()).collect();
        diag = diag.hint(format!("main packages found here: {}", found.join(", ")));
    }
    d.render.push(diag);
}

/// The import path of a build's main package in a module.
pub(crate) fn import_path(source: &SourceKind, dir: &str, main: &str) -> Option<String> {
    let SourceKind::Module { path, .. } = source else { return None };
    let mut parts: Vec<&str> = vec![];
    for p in dir.split('/').chain(main.split('/')) {
        match p {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            // A file stands for its package.
            f if f.ends_with(".go") => {}
            p => parts.push(p),
        }
    }
    Some(if parts.is_empty() { path.clone() } else { format!("{path}/{}", parts.join("/")) })
}
