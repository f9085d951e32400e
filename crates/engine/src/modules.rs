//! Whether every target's packages can be had without the network: from vendor/, or from the module cache where
//! GOPROXY=off says that nothing else may be used.
//!
//! Owns: which builds are asked about, and how: the go command's own `list`, with each build's flags and environment. Must
//! not: let go reach the network or write to the project.

mod findings;

use crate::config::bare_facts;
use crate::project;
use crate::templates::{ProjectTemplates, clean};
use findings::Findings;
use goferry_build::local_package;
use goferry_config::Config;
use goferry_plan::graph::{Action, BuildSpec, Cgo};
use goferry_plan::{Options, draft};
use goferry_proc::Host;
use goferry_report::{Code, Diagnostic, Diagnostics, Severity};
use goferry_target::GoTarget;
use goferry_toolchain::ToolError;
use goferry_toolchain::go::{self, Go, ListQuery, Package};
use goferry_toolchain::gomod::{GoMod, GoWork, find_module_root};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// What was looked at, and what is wrong.
#[derive(Debug, Default)]
pub struct ModuleCheck {
    /// Targets whose packages were listed; empty if no build depends on vendor/ or on the module cache alone.
    pub targets: Vec<GoTarget>,
    /// Where packages have to come from: `vendor/`, `the module cache`.
    pub from: Vec<&'static str>,
    /// What is wrong.
    pub problems: Diagnostics,
}

/// Looks at the module in `root` for every build and target of a configuration.
///
/// Runs the go command only if there is a vendor folder in force, `-mod=vendor` or GOPROXY=off.
pub fn check_module(
    root: &Path,
    config: &Config,
    env: &BTreeMap<String, String>,
    host: &Host,
) -> ModuleCheck {
    let mut out = ModuleCheck::default();
    let go_path = Go::find(env.get("PATH").map(String::as_str).unwrap_or_default().as_ref(), root);
    let identity = go_path.as_ref().ok().and_then(|g| Go::identify_without_running(g, root).ok());
    let env_file = identity.as_ref().map(|i| i.env_file_text.as_str()).unwrap_or_default();
    let builds = builds(root, config, env, env_file);
    if builds.is_empty() {
        return out;
    }
    let go = match (go_path, identity) {
        (Ok(path), Some(i)) => Go { path, version: i.go_version(), env: go::GoEnv::default() },
        (Err(mut d), _) => {
            // The configuration was checked all the same.
            d.severity = Severity::Warning;
            d.message = format!("the module was not looked at: {}", d.message);
            out.problems.push(*d);
            return out;
        }
        (Ok(path), None) => {
            let why = format!("the module was not looked at: {} is no whole Go", path.display());
            out.problems.push(Diagnostic::warning(Code::GoMissing, why));
            return out;
        }
    };
    let mut findings = Findings::new(root);
    let queue = Mutex::new(builds.iter());
    let found = Mutex::new(vec![]);
    let threads = std::thread::available_parallelism().map_or(2, usize::from).min(builds.len());
    std::thread::scope(|s| {
        for _ in 0..threads {
            s.spawn(|| {
                loop {
                    let next = queue.lock().unwrap_or_else(PoisonError::into_inner).next();
                    let Some(build) = next else { break };
                    let packages = build.packages(&go, host);
                    found.lock().unwrap_or_else(PoisonError::into_inner).push((build, packages));
                }
            });
        }
    });
    for (build, packages) in found.into_inner().unwrap_or_else(PoisonError::into_inner) {
        findings.add(build, packages);
    }
    let targets: BTreeSet<GoTarget> = builds.iter().map(|b| b.spec.target).collect();
    for (from, used) in [
        ("vendor/", builds.iter().any(|b| b.vendor.is_some())),
        ("the module cache", builds.iter().any(|b| b.vendor.is_none())),
    ] {
        out.from.extend(used.then_some(from));
    }
    out.problems = findings.diagnostics(&targets);
    out.targets = targets.into_iter().collect();
    out
}

/// One build for one target.
struct Build {
    spec: BuildSpec,
    /// Where the go command runs.
    dir: PathBuf,
    /// Of the module it lies in.
    go_mod: GoMod,
    /// Whether goferry decides about cgo.
    open_cgo: bool,
    /// The folder that packages have to come from, which need not exist.
    vendor: Option<PathBuf>,
    /// Whether the user said GOPROXY=off.
    offline: bool,
}

/// The builds that take nothing from the network, by the user's own word or by a vendor folder.
fn builds(root: &Path, config: &Config, env: &BTreeMap<String, String>, env_file: &str) -> Vec<Build> {
    let mut facts = bare_facts(env);
    let dir = root.join(project::literal(config.gomod.dir.as_ref()));
    facts.module_path = Some(go_mod(&dir).module).filter(|m| !m.is_empty());
    facts.mains = project::mains(root, facts.module_path.as_deref());
    facts.configured_mains = project::configured_mains(config, root);
    facts.pattern_mains = project::pattern_mains(config, root);
    let options = Options::default();
    let templates = ProjectTemplates::new(root.to_owned(), env.clone(), 0);
    let draft = draft(config, &facts, &options, &templates);
    let open: BTreeSet<String> = draft.open_cgo().map(|b| b.id.clone()).collect();
    let (plan, _) = draft.finish(&crate::host::nothing());
    let mut out = vec![];
    for step in plan.steps {
        let Action::Build(spec) = step.action else { continue };
        let value = |name: &str| {
            let own = spec.env.iter().rev().find(|(k, _)| k == name).map(|(_, v)| v.as_str());
            let set = own.or_else(|| draft.env.get(name).map(String::as_str)).filter(|v| !v.is_empty());
            set.or_else(|| env_file.lines().find_map(|l| l.strip_prefix(name)?.strip_prefix('=')))
                .unwrap_or_default()
                .to_owned()
        };
        let dir = clean(&root.join(&spec.dir));
        let Some(place) = vendoring(&dir, &value("GOWORK")) else { continue };
        let asked = mode(&spec.flags).or_else(|| {
            let flags: Vec<String> = value("GOFLAGS").split_whitespace().map(str::to_owned).collect();
            mode(&flags)
        });
        let vendor = match asked.as_deref() {
            Some("vendor") => true,
            Some(_) => false,
            None => place.by_default && place.folder.is_dir(),
        };
        let offline = value("GOPROXY").trim() == "off";
        if vendor || offline {
            let (go_mod, open_cgo) = (go_mod(&dir), open.contains(&spec.id));
            out.push(Build { dir, go_mod, open_cgo, vendor: vendor.then_some(place.folder), offline, spec });
        }
    }
    out
}

/// The go.mod that a folder belongs to; empty if it cannot be read.
fn go_mod(dir: &Path) -> GoMod {
    find_module_root(dir).and_then(|r| GoMod::read(&r.join("go.mod")).ok()).unwrap_or_default()
}

/// The vendor folder of a build.
struct Vendoring {
    /// Beside go.work, else beside go.mod; need not exist.
    folder: PathBuf,
    /// Whether go uses it unasked where it exists: since the `go` line 1.14 of a go.mod, 1.22 of a go.work.
    by_default: bool,
}

fn vendoring(dir: &Path, gowork: &str) -> Option<Vendoring> {
    let work = match gowork {
        "off" => None,
        "" => dir.ancestors().map(|d| d.join("go.work")).find(|f| f.is_file()),
        file => Some(PathBuf::from(file)),
    };
    let (base, line, least) = match work {
        Some(file) => (file.parent()?.to_owned(), GoWork::read(&file).ok()?.go, 22),
        None => (find_module_root(dir)?, go_mod(dir).go, 14),
    };
    // Without a line go takes 1.16 for a go.mod and 1.18 for a go.work.
    let minor = line.map_or(if least == 22 { 18 } else { 16 }, |l| minor(&l));
    Some(Vendoring { folder: base.join("vendor"), by_default: minor >= least })
}

/// 24 of `1.24.3`; a later major version counts as new.
fn minor(line: &str) -> u32 {
    match line.strip_prefix("1.") {
        Some(rest) => {
            rest.split(|c: char| !c.is_ascii_digit()).next().and_then(|n| n.parse().ok()).unwrap_or(0)
        }
        None => u32::MAX,
    }
}

/// The value of the last `-mod`.
fn mode(flags: &[String]) -> Option<String> {
    flag_values(flags, &["mod"]).pop().and_then(|f| f.split_once('=').map(|(_, v)| v.to_owned()))
}

/// Flags of these names as `-name=value`, whatever they were written as.
fn flag_values(flags: &[String], names: &[&str]) -> Vec<String> {
    let mut out = vec![];
    for (i, flag) in flags.iter().enumerate() {
        let Some(word) = flag.strip_prefix('-').map(|f| f.strip_prefix('-').unwrap_or(f)) else { continue };
        let (name, value) = match word.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (word, flags.get(i + 1).filter(|v| !v.starts_with('-')).cloned()),
        };
        if names.contains(&name) {
            out.extend(value.map(|v| format!("-{name}={v}")));
        }
    }
    out
}

/// Flags that decide which packages a build has, and take no value.
const PLAIN_FLAGS: [&str; 3] = ["race", "msan", "asan"];

impl Build {
    /// What the go command lists; of a build whose cgo is open, with cgo only if it would be built so.
    fn packages(&self, go: &Go, host: &Host) -> Result<Vec<Package>, ToolError> {
        match (self.open_cgo, self.spec.cgo) {
            (true, _) => {
                let (with, without) = (self.list(go, host, "1")?, self.list(go, host, "0")?);
                Ok(match go::cgo_need(&with, &without) {
                    go::CgoNeed::Yes { .. } => with,
                    go::CgoNeed::No => without,
                })
            }
            (false, Cgo::On) => self.list(go, host, "1"),
            (false, Cgo::Off) => self.list(go, host, "0"),
            // An empty value leaves it to the go command.
            (false, Cgo::GoDecides) => self.list(go, host, ""),
        }
    }

    fn list(&self, go: &Go, host: &Host, cgo: &str) -> Result<Vec<Package>, ToolError> {
        let mut flags = flag_values(&self.spec.flags, &["modfile", "overlay", "tags", "compiler"]);
        let plain = |f: &&String| PLAIN_FLAGS.contains(&f.trim_start_matches('-'));
        flags.extend(self.spec.flags.iter().filter(plain).cloned());
        // -mod=mod could write go.mod. What it would look up, readonly does not find either.
        flags.push(format!("-mod={}", if self.vendor.is_some() { "vendor" } else { "readonly" }));
        if self.spec.command == "test" {
            flags.push("-test".to_owned());
        }
        let mut env = self.spec.env.clone();
        env.push(("CGO_ENABLED".to_owned(), cgo.to_owned()));
        env.push(("GOPROXY".to_owned(), "off".to_owned()));
        go.list_packages(
            host,
            &ListQuery {
                dir: &self.dir,
                target: Some(self.spec.target),
                patterns: &[local_package(&self.dir, &self.spec.main)],
                tags: &[],
                flags: &flags,
                cgo: cgo == "1",
                env: &env,
            },
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_that_decide_about_packages() {
        let of = |flags: &[&str]| mode(&flags.iter().map(|f| (*f).to_owned()).collect::<Vec<_>>());
        assert_eq!(of(&["-trimpath", "-mod=vendor"]).as_deref(), Some("vendor"));
        assert_eq!(of(&["--mod=mod"]).as_deref(), Some("mod"));
        assert_eq!(of(&["-mod", "vendor", "-mod=readonly"]).as_deref(), Some("readonly"));
        assert_eq!(of(&["-modfile=x.mod", "-ldflags=-X a.mod=vendor"]), None);
        let flags = ["-tags=a,b".to_owned(), "-v".to_owned(), "-overlay".to_owned(), "o.json".to_owned()];
        assert_eq!(flag_values(&flags, &["tags", "overlay"]), ["-tags=a,b", "-overlay=o.json"]);
        assert_eq!(["1.13", "1.24.3", "1.22rc1", "2.0"].map(minor), [13, 24, 22, u32::MAX]);
    }
}
