//! From arguments and environment to the engine's session and request.

use crate::args::{Notes, Run, Select};
use goferry_cache::Store;
use goferry_engine::{ConfigFile, Inset, Request, Session, Subject, host_target};
use goferry_proc::{Cancel, Host};
use goferry_report::{Code, Diagnostic, Diagnostics, Sink, nearest};
use goferry_target::{ArchKind, GoTarget, Os};
use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// goferry's version, with the build's own mark where the builder gave one.
pub(crate) const VERSION: &str = match option_env!("GOFERRY_VERSION") {
    Some(v) => v,
    None => env!("CARGO_PKG_VERSION"),
};

/// The action cache's limit unless GOFERRY_CACHE_LIMIT says otherwise: 5 GiB.
const CACHE_LIMIT: u64 = 5 << 30;

/// The environment; what is not UTF-8 has no meaning for goferry.
pub(crate) fn environment() -> BTreeMap<String, String> {
    std::env::vars_os().filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?))).collect()
}

/// The working directory.
pub(crate) fn working_directory() -> Result<PathBuf, Diagnostics> {
    std::env::current_dir().map_err(|e| {
        Diagnostic::error(Code::Io, format!("the working directory is not there any more: {e}")).into()
    })
}

/// Where the action cache is; none without GOFERRY_CACHE, XDG_CACHE_HOME and HOME.
pub(crate) fn cache_root(env: &BTreeMap<String, String>) -> Option<PathBuf> {
    // The base directory specification: relative paths are to be ignored.
    let absolute = |name: &str| env.get(name).filter(|v| Path::new(v).is_absolute()).map(PathBuf::from);
    env.get("GOFERRY_CACHE")
        .filter(|v| !v.is_empty())
        .map(|v| std::path::absolute(v).unwrap_or_else(|_| PathBuf::from(v)))
        .or_else(|| absolute("XDG_CACHE_HOME").map(|d| d.join("goferry")))
        .or_else(|| absolute("HOME").map(|d| d.join(".cache/goferry")))
}

/// The action cache's limit in bytes.
pub(crate) fn cache_limit(env: &BTreeMap<String, String>) -> Result<u64, Diagnostics> {
    match env.get("GOFERRY_CACHE_LIMIT").filter(|v| !v.is_empty()) {
        None => Ok(CACHE_LIMIT),
        Some(v) => v.trim().parse().map_err(|_| {
            Diagnostic::error(Code::ConfigValue, format!("GOFERRY_CACHE_LIMIT is `{v}`; it takes bytes"))
                .hint_with("for five gigabytes:", "GOFERRY_CACHE_LIMIT=5000000000")
                .into()
        }),
    }
}

/// A session in the working directory.
pub(crate) fn session(
    sink: Arc<dyn Sink>,
    cancel: Arc<Cancel>,
    cached: bool,
) -> Result<Session, Diagnostics> {
    let env = environment();
    let limit = cache_limit(&env)?;
    let cache = match cache_root(&env) {
        _ if !cached => None,
        None => {
            sink.note("no action cache: neither GOFERRY_CACHE nor XDG_CACHE_HOME nor HOME is set".to_owned());
            None
        }
        Some(root) => match Store::open(&root, limit) {
            Ok(store) => Some(store),
            Err(e) => {
                sink.note(format!("no action cache: {e}"));
                None
            }
        },
    };
    let tools = cache_root(&env).map(|root| root.join("tools"));
    Ok(Session {
        tools,
        cwd: working_directory()?,
        env,
        sink,
        host: Host::new(cancel),
        cache,
        parallelism: None,
        version: VERSION.to_owned(),
        net: std::sync::OnceLock::new(),
    })
}

/// What the command line asks for.
pub(crate) fn request(
    command: &'static str,
    module: Option<&String>,
    select: &Select,
    env: &BTreeMap<String, String>,
) -> Result<Request, Diagnostics> {
    let mut problems = Diagnostics::default();
    let targets = targets(&select.target).unwrap_or_else(|found| {
        problems.append(found);
        vec![]
    });
    let single_target = match select.single_target.then(|| single_target(env)) {
        Some(Ok(t)) => Some(t),
        Some(Err(d)) => {
            problems.push(d);
            None
        }
        None => None,
    };
    if problems.has_errors() {
        return Err(problems);
    }
    Ok(Request {
        subject: module.map_or(Subject::Checkout, |m| Subject::Module(m.clone())),
        config: config(select.config.as_deref())?,
        snapshot: select.snapshot,
        auto_snapshot: select.auto_snapshot,
        skip: select.skip.iter().map(|s| s.trim().to_owned()).filter(|s| !s.is_empty()).collect(),
        single_target,
        targets,
        ids: select.id.clone(),
        allow_hooks: select.allow_hooks,
        from_copy: select.from_copy,
        now: select.now,
        locked: select.locked,
        dist: select.dist.clone(),
        ..Request::new(command)
    })
}

/// What only commands that write have.
pub(crate) fn apply_run(run: &Run, session: &mut Session, request: &mut Request) -> Result<(), Diagnostics> {
    session.parallelism = run.parallelism;
    request.clean = run.clean;
    request.fail_fast = run.fail_fast;
    request.run_instructions = run.dockerfile_run;
    request.dockerfile_builder = run.dockerfile_builder.as_ref().and_then(|name| name.parse().ok());
    apply_notes(&run.notes, request)
}

/// The texts that come to the changelog.
pub(crate) fn apply_notes(notes: &Notes, request: &mut Request) -> Result<(), Diagnostics> {
    if let Some(own) = &notes.release_notes {
        read_named(own)?;
        request.own_notes = true;
    }
    request.release_header = inset(notes.release_header.as_deref(), notes.release_header_tmpl.as_deref())?;
    request.release_footer = inset(notes.release_footer.as_deref(), notes.release_footer_tmpl.as_deref())?;
    Ok(())
}

fn inset(plain: Option<&Path>, template: Option<&Path>) -> Result<Option<Inset>, Diagnostics> {
    Ok(match (plain, template) {
        (Some(p), _) => Some(Inset { text: read_named(p)?, template: false }),
        (None, Some(p)) => Some(Inset { text: read_named(p)?, template: true }),
        (None, None) => None,
    })
}

fn read_named(path: &Path) -> Result<String, Diagnostics> {
    std::fs::read_to_string(path).map_err(|e| {
        Diagnostic::error(Code::ConfigMissing, format!("{} cannot be read: {e}", path.display())).into()
    })
}

/// Which configuration file.
pub(crate) fn config(file: Option<&Path>) -> Result<ConfigFile, Diagnostics> {
    match file {
        None => Ok(ConfigFile::Search),
        Some(p) if p == Path::new("-") => {
            let mut text = String::new();
            std::io::stdin().lock().read_to_string(&mut text).map_err(|e| {
                Diagnostic::error(Code::ConfigMissing, format!("standard input cannot be read: {e}"))
            })?;
            Ok(ConfigFile::Stdin(text))
        }
        Some(p) => Ok(ConfigFile::Named(p.to_owned())),
    }
}

/// Targets that Go knows.
pub(crate) fn targets(texts: &[String]) -> Result<Vec<GoTarget>, Diagnostics> {
    let mut problems = Diagnostics::default();
    let mut out = vec![];
    for text in texts {
        match target(text) {
            Ok(t) => out.push(t),
            Err(d) => problems.push(d),
        }
    }
    if problems.has_errors() { Err(problems) } else { Ok(out) }
}

/// A target that Go knows.
pub(crate) fn target(text: &str) -> Result<GoTarget, Diagnostic> {
    let unknown = |message: String| {
        let names: Vec<String> = GoTarget::all().map(|t| t.to_string()).collect();
        let d = Diagnostic::error(Code::UnknownTarget, message);
        match nearest(text, names.iter().map(String::as_str)) {
            Some(n) => d.hint(format!("did you mean `{n}`?")),
            None => d.hint_with("every target:", "goferry targets"),
        }
    };
    match text.parse::<GoTarget>() {
        Ok(t) if t.facts().is_some() => Ok(t),
        Ok(t) => Err(unknown(format!("Go does not build for {t}"))),
        Err(e) => Err(unknown(e.to_string())),
    }
}

/// What `--single-target` means: TARGET, else GOOS and GOARCH with the variant's variable, else this host.
fn single_target(env: &BTreeMap<String, String>) -> Result<GoTarget, Diagnostic> {
    let get = |name: &str| env.get(name).map(String::as_str).filter(|v| !v.is_empty());
    if let Some(text) = get("TARGET") {
        return target(text);
    }
    let host = host_target();
    let os = match get("GOOS") {
        None => host.os,
        Some(text) => Os::from_goos(text)
            .ok_or_else(|| Diagnostic::error(Code::UnknownTarget, format!("GOOS={text} is unknown to Go")))?,
    };
    let kind = match get("GOARCH") {
        None => host.arch.kind(),
        Some(text) => ArchKind::from_goarch(text).ok_or_else(|| {
            Diagnostic::error(Code::UnknownTarget, format!("GOARCH={text} is unknown to Go"))
        })?,
    };
    let mut arch = kind.default_arch();
    if let Some(name) = arch.variant_env()
        && let Some(value) = get(name)
    {
        arch = kind.with_variant(value).ok_or_else(|| {
            Diagnostic::error(
                Code::UnknownTarget,
                format!("{name}={value} is no variant of {}", kind.goarch()),
            )
        })?;
    }
    let t = GoTarget::new(os, arch);
    if t.facts().is_none() {
        return Err(Diagnostic::error(Code::UnknownTarget, format!("Go does not build for {t}")));
    }
    Ok(t)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
    }

    #[test]
    fn the_single_target() {
        let t = |pairs| single_target(&env(pairs)).map(|t| t.to_string()).map_err(|d| d.message);
        assert_eq!(t(&[("TARGET", "linux_arm_7"), ("GOOS", "plan9")]).unwrap(), "linux/arm/v7");
        assert_eq!(t(&[("GOOS", "linux"), ("GOARCH", "arm"), ("GOARM", "5")]).unwrap(), "linux/arm/v5");
        assert_eq!(t(&[]).unwrap(), host_target().to_string());
        assert!(t(&[("GOOS", "plan9"), ("GOARCH", "s390x")]).unwrap_err().contains("plan9/s390x"));
        assert!(t(&[("GOARCH", "arm"), ("GOARM", "4")]).unwrap_err().contains("GOARM=4"));
        assert!(t(&[("GOOS", "beos")]).is_err());
    }

    #[test]
    fn where_the_cache_is() {
        let at = |pairs| cache_root(&env(pairs));
        assert_eq!(at(&[("GOFERRY_CACHE", "/c"), ("HOME", "/h")]), Some("/c".into()));
        assert_eq!(at(&[("XDG_CACHE_HOME", "/x"), ("HOME", "/h")]), Some("/x/goferry".into()));
        assert_eq!(at(&[("XDG_CACHE_HOME", "rel"), ("HOME", "/h")]), Some("/h/.cache/goferry".into()));
        assert_eq!(at(&[("HOME", "")]), None);
        assert_eq!(at(&[]), None);
    }
}
