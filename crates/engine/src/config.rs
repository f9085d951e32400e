//! Which configuration files there are, and what a release may go on without.

use crate::session::{ConfigFile, Request};
use crate::templates::ProjectTemplates;
use goferry_config::{Config, GOFERRY_FILE, SEARCH_ORDER, SourceText, sections, skip_covers, skip_values};
use goferry_plan::facts::{Clock, ProjectFacts, SourceKind, Vcs};
use goferry_plan::{Options, draft};
use goferry_report::{Code, Diagnostic, Diagnostics, nearest};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Reads the configuration of the project in `root`; a file that was named is looked for from `cwd`.
pub fn load(root: &Path, cwd: &Path, file: &ConfigFile) -> (Config, Diagnostics) {
    let ([goreleaser, goferry], mut problems) = texts(root, cwd, file);
    let (config, found) = goferry_config::load(goreleaser, goferry);
    problems.append(found);
    (config, problems)
}

/// The files of a configuration by what they hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sources {
    /// Name and SHA-256 (hex) of each: goreleaser's first, then goferry's.
    pub files: Vec<(String, String)>,
    /// SHA-256 (hex) of their bytes, one after another; of nothing where there is no file.
    pub sha256: String,
}

/// What [`load`] reads, by digest.
pub(crate) fn sources(root: &Path, cwd: &Path, file: &ConfigFile) -> Sources {
    let (found, _) = texts(root, cwd, file);
    let found: Vec<SourceText> = found.into_iter().flatten().collect();
    let digest = |text: &str| goferry_cache::Digest::of(text.as_bytes()).to_hex();
    let all: String = found.iter().map(|f| f.text.as_str()).collect();
    // A path of this machine is nobody else's business.
    let name = |n: &str| n.rsplit('/').next().unwrap_or(n).to_owned();
    Sources { files: found.iter().map(|f| (name(&f.name), digest(&f.text))).collect(), sha256: digest(&all) }
}

fn texts(root: &Path, cwd: &Path, file: &ConfigFile) -> ([Option<SourceText>; 2], Diagnostics) {
    let mut problems = Diagnostics::default();
    let mut read = |path: &Path, name: &str| match std::fs::read_to_string(path) {
        Ok(text) => Some(SourceText { name: name.to_owned(), text }),
        Err(e) => {
            problems.push(Diagnostic::error(Code::ConfigMissing, format!("{name} cannot be read: {e}")));
            None
        }
    };
    let own = root.join(GOFERRY_FILE);
    let mut goferry = None;
    let mut goreleaser = None;
    match file {
        ConfigFile::Stdin(text) => {
            goreleaser = Some(SourceText { name: "<stdin>".to_owned(), text: text.clone() });
        }
        ConfigFile::Named(path) => {
            let name = path.to_string_lossy().into_owned();
            let text = read(&cwd.join(path), &name);
            match path.extension().is_some_and(|e| e == "toml") {
                true => goferry = text,
                false => goreleaser = text,
            }
        }
        ConfigFile::Search => {
            if let Some(name) = SEARCH_ORDER.iter().find(|n| root.join(n).is_file()) {
                goreleaser = read(&root.join(name), name);
            }
        }
    }
    if goferry.is_none()
        && own.is_file()
        && !matches!(file, ConfigFile::Named(p) if p.extension().is_some_and(|e| e == "toml"))
    {
        goferry = read(&own, GOFERRY_FILE);
    }
    ([goreleaser, goferry], problems)
}

/// What is wrong with the matrix of a configuration, whatever the project: unknown systems, architectures, variants and
/// targets.
pub fn check_targets(config: &Config, env: &BTreeMap<String, String>) -> Diagnostics {
    let facts = bare_facts(env);
    let options = Options::default();
    let templates = ProjectTemplates::new(std::path::PathBuf::new(), env.clone(), 0);
    let mut problems = draft(config, &facts, &options, &templates).problems();
    problems.list.retain(|d| d.code == Code::UnknownTarget && !d.labels.is_empty());
    problems
}

/// Facts of a project of which only the environment is known.
pub(crate) fn bare_facts(env: &BTreeMap<String, String>) -> ProjectFacts {
    ProjectFacts {
        source: SourceKind::Checkout,
        build_from: SourceKind::Checkout,
        has_repository: true,
        module_path: None,
        dir_name: String::new(),
        vcs: Vcs { tag: "v0.0.0".to_owned(), ..Vcs::default() },
        clock: Clock { unix: 0, source: String::new() },
        mains: vec![],
        configured_mains: BTreeMap::new(),
        pattern_mains: BTreeMap::new(),
        snapshot: false,
        env: env.clone(),
    }
}

/// The skip set with every section that a word of `--skip` covers, and the words that mean nothing.
pub(crate) fn skips(asked: &BTreeSet<String>) -> (BTreeSet<String>, Diagnostics) {
    let mut out = asked.clone();
    let mut problems = Diagnostics::default();
    for word in asked {
        if !skip_values().any(|w| w == word) {
            let mut d = Diagnostic::error(
                Code::UnknownSkip,
                format!("--skip={word} names nothing that can be skipped"),
            );
            if let Some(n) = nearest(word, skip_values()) {
                d = d.hint(format!("did you mean `{n}`?"));
            }
            problems.push(d);
        }
        out.extend(sections().iter().filter(|s| skip_covers(word, s.name)).map(|s| s.name.to_owned()));
    }
    (out, problems)
}

/// What the configuration asks for that goferry cannot do yet and that was not skipped: one diagnostic for each place,
/// the last of them with the option that goes on without all of it.
pub(crate) fn unsupported(config: &Config, skip: &BTreeSet<String>, request: &Request) -> Diagnostics {
    let left: Vec<_> = config.unsupported.iter().filter(|u| !skip.contains(&u.section)).collect();
    let mut names: Vec<&str> = vec![];
    let mut problems = Diagnostics::default();
    for u in &left {
        if !names.contains(&u.section.as_str()) {
            names.push(&u.section);
        }
        let (code, what) = match (u.pro, u.path == u.section) {
            (true, _) => (Code::ProKey, "is goreleaser Pro's, and goferry cannot do it yet"),
            (false, true) => (Code::UnsupportedSection, "cannot be done yet"),
            (false, false) => (Code::UnsupportedKey, "cannot be done yet"),
        };
        let mut d = Diagnostic::error(code, format!("`{}` {what}", u.path));
        if let Some(l) = u.place.label("") {
            d = d.label(l);
        }
        problems.push(d);
    }
    if let Some(last) = problems.list.last_mut() {
        let mut words: Vec<String> = request.skip.iter().cloned().collect();
        words.extend(names.iter().map(|n| (*n).to_owned()));
        *last = last.clone().hint_with("to go on without, knowingly:", format!("--skip={}", words.join(",")));
    }
    problems
}
