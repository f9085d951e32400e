//! From a request to a plan, with everything that is wrong found on the way, all at once.

use crate::host::{self, Host};
use crate::project::{self, Project};
use crate::session::{Request, Session};
use crate::templates::ProjectTemplates;
use crate::{config, session::Subject};
use goferry_config::Config;
use goferry_config::template::Fields;
use goferry_plan::graph::HookSpec;
use goferry_plan::{Options, Plan, draft};
use goferry_report::{Code, Diagnostic, Diagnostics};
use std::collections::{BTreeMap, BTreeSet};

/// A plan and what it was made from.
pub struct Prepared {
    /// The configuration.
    pub config: Config,
    /// The files that the configuration was read from.
    pub(crate) sources: config::Sources,
    /// The project.
    pub project: Project,
    /// The plan.
    pub plan: Plan,
    /// The host; none if the go command is missing (which is among the problems).
    pub host: Option<Host>,
    /// Hooks to run before anything is hashed.
    pub before: Vec<HookSpec>,
    /// Hooks to run after everything.
    pub after: Vec<HookSpec>,
    /// The environment of commands: the process's and `env:`.
    pub env: BTreeMap<String, String>,
    /// Template fields of the release.
    pub fields: Fields,
    /// Keeps the copy that `--from-copy` builds from.
    pub copy: Option<tempfile::TempDir>,
    /// Everything that is wrong or worth saying; with an error among it nothing may run.
    pub problems: Diagnostics,
}

/// Plans. Writes nothing to the project.
///
/// # Errors
/// What stops planning before there is anything to plan: a module that cannot be had, a configuration that cannot be
/// understood.
pub fn prepare(session: &Session, request: &Request) -> Result<Prepared, Diagnostics> {
    let (skip, skip_problems) = config::skips(&request.skip);
    let project::Located { root, module, copy } = project::locate(session, request)?;
    let (config, mut problems) = config::load(&root, &session.cwd, &request.config);
    let sources = config::sources(&root, &session.cwd, &request.config);
    problems.append(skip_problems);
    if problems.has_errors() {
        return Err(problems);
    }
    if matches!(request.command, "release" | "plan") {
        problems.append(config::unsupported(&config, &skip, request));
    }
    if request.command == "plan" {
        problems.append(crate::preconditions::check_needs(&config, &session.cwd, &session.env, &skip));
    }
    if request.command == "release"
        && let Some(d) = publishing(request)
    {
        problems.push(d);
    }
    if let Some(m) = &module
        && !request.from_copy
        && let Some(d) = m.install_obstacles()
    {
        problems.push(d);
    }
    let (project, found) = project::gather(session, request, &config, root, module);
    problems.append(found);
    let options = Options {
        hooks_pending: hooks_pending(request, &config, &skip),
        skip,
        single_target: request.single_target,
        only_targets: request.targets.clone(),
        ids: request.ids.clone(),
        build_only: request.build_only,
        images_only: request.images_only,
        own_notes: request.own_notes,
        dist: request.dist.clone(),
        dockerfile_builder: request.dockerfile_builder,
    };
    let templates =
        ProjectTemplates::new(project.root.clone(), session.env.clone(), project.facts.clock.unix);
    let (plan, host, before, after, env, fields) = {
        let draft = draft(&config, &project.facts, &options, &templates);
        problems.append(draft.problems());
        let before = draft.hooks(&config.before, "before");
        let after = draft.hooks(&config.after, "after");
        let host = match host::gather(session, request, &project, &draft) {
            Ok(h) => Some(h),
            Err(d) => {
                problems.push(*d);
                None
            }
        };
        let blank = host::nothing();
        let (plan, found) = draft.finish(host.as_ref().map_or(&blank, |h| &h.facts));
        learn_secrets(&draft.env, &plan, before.iter().chain(&after));
        problems.append(found);
        (plan, host, before, after, draft.env.clone(), draft.fields.clone())
    };
    problems.append(crate::images::early::unnameable(&plan));
    if let Some(d) = hooks_of_a_stranger(request, &plan, &before, &after) {
        problems.push(d);
    }
    Ok(Prepared { config, sources, project, plan, host, before, after, env, fields, copy, problems })
}

/// Only a release (or a build) runs them; then it is planned once more.
fn hooks_pending(request: &Request, config: &Config, skip: &BTreeSet<String>) -> bool {
    request.dirty_before_hooks.is_none() && !config.before.is_empty() && !skip.contains("before")
}

/// Before anything of a plan is printed: the configuration may set secrets of its own.
fn learn_secrets<'h>(env: &BTreeMap<String, String>, plan: &Plan, hooks: impl Iterator<Item = &'h HookSpec>) {
    use goferry_plan::graph::Action;
    use goferry_plan::secret::learn;
    learn(env.iter().map(|(k, v)| (k.as_str(), v.as_str())));
    let of_hook = |h: &HookSpec| learn(h.env.iter().filter_map(|e| e.split_once('=')));
    hooks.for_each(of_hook);
    for s in &plan.steps {
        match &s.action {
            Action::Build(b) => {
                learn(b.env.iter().map(|(k, v)| (k.as_str(), v.as_str())));
                b.hooks_pre.iter().chain(&b.hooks_post).for_each(of_hook);
            }
            Action::Universal(u) => u.hooks_pre.iter().chain(&u.hooks_post).for_each(of_hook),
            Action::Sign(spec) => crate::signing::learn_secrets(spec),
            _ => {}
        }
    }
}

/// A release publishes unless told not to, and goferry cannot publish yet.
fn publishing(request: &Request) -> Option<Diagnostic> {
    if request.snapshot || request.auto_snapshot || request.skip.contains("publish") {
        return None;
    }
    Some(
        Diagnostic::error(
            Code::PublishUnavailable,
            "goferry cannot publish yet, and `goferry release` would have to",
        )
        .hint_with("to make the release without publishing it:", "goferry release --skip=publish")
        .hint_with("to try it out on any commit:", "goferry release --snapshot --clean"),
    )
}

/// Everything in a fetched module's own configuration that would run a command of its choice on this machine.
fn hooks_of_a_stranger(
    request: &Request,
    plan: &Plan,
    before: &[HookSpec],
    after: &[HookSpec],
) -> Option<Diagnostic> {
    use goferry_plan::graph::Action;
    if !matches!(request.subject, Subject::Module(_)) || request.allow_hooks {
        return None;
    }
    let mut hooks: Vec<&HookSpec> = before.iter().chain(after).collect();
    let mut lines = vec![];
    for s in &plan.steps {
        match &s.action {
            Action::Build(b) => {
                hooks.extend(b.hooks_pre.iter().chain(&b.hooks_post));
                lines.extend(foreign_programs(b));
            }
            Action::Universal(u) => hooks.extend(u.hooks_pre.iter().chain(&u.hooks_post)),
            Action::Image(image) => lines.extend(of_image(image)),
            // A key or an identity of this machine's user is not a stranger's to use, either.
            Action::Sign(spec) => lines.push(crate::signing::line(spec)),
            _ => {}
        }
    }
    lines.extend(hooks.iter().map(|h| h.line.clone()));
    lines.sort();
    lines.dedup();
    if lines.is_empty() {
        return None;
    }
    let mut d = Diagnostic::error(
        Code::HooksNotAllowed,
        "the module's own configuration wants to run commands on this machine",
    )
    .hint_with("to let them run, in a copy of the module's files:", "--allow-hooks")
    .hint_with("to go on without hooks:", "--skip=before,after,pre-hooks,post-hooks,sign");
    d.notes = lines;
    Some(d)
}

/// Hooks of an image, and another builder of it, whose flags may name any file here.
fn of_image(image: &goferry_plan::graph::ImageSpec) -> Vec<String> {
    use goferry_plan::graph::ImageContent;
    let ImageContent::Dockerfile(content) = &image.content else { return vec![] };
    let hooks = content.hooks_pre.iter().chain(&content.hooks_post).map(|h| h.cmd.value.clone());
    let builder = content.outside.iter().map(|o| {
        let line = format!("image {}: {:?} {}", image.id, o.builder, o.flags.join(" "));
        line.trim().to_owned()
    });
    hooks.chain(builder).collect()
}

/// Programs that a build runs besides go: another tool, a packer of another name, a compiler, a tool wrapper.
fn foreign_programs(b: &goferry_plan::graph::BuildSpec) -> Vec<String> {
    const FLAGS: [&str; 3] = ["-toolexec", "-extld", "-exec"];
    const VARIABLES: [&str; 7] = ["CC", "CXX", "AR", "FC", "PATH", "GOFLAGS", "PKG_CONFIG"];
    let mut out = vec![];
    if b.tool != "go" {
        out.push(format!("tool: {}", b.tool));
    }
    out.extend(b.upx.iter().filter(|u| u.program != "upx").map(|u| format!("upx: {}", u.program)));
    out.extend(b.flags.iter().filter(|f| FLAGS.iter().any(|w| f.contains(w))).cloned());
    // A compiler that goferry chose has an identity of its own.
    let chosen = b.cc_identity.as_ref().is_some_and(|i| !i.starts_with("CC="));
    let foreign = |k: &str| VARIABLES.contains(&k) && !(chosen && (k == "CC" || k == "CXX"));
    out.extend(b.env.iter().filter(|(k, _)| foreign(k)).map(|(k, v)| format!("{k}={v}")));
    out
}
