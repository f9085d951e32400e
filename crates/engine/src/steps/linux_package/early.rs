//! What of a package can be found wrong before anything is built: files that are not there, metadata that its package manager refuses.
//!
//! Owns: which files must be there already. Must not: write, or judge what hooks or builds may yet make.

use super::convert;
use super::json;
use goferry_config::Config;
use goferry_config::model::{PackageContent, PackageSettings, Text};
use goferry_package::PackageError;
use goferry_package::linux::{self, Content, ContentKind, Format, Package, Source};
use goferry_plan::graph::{Action, ContentSpec, LinuxPackageSpec, Plan, ScriptSpec};
use goferry_report::{Code, Diagnostic, Diagnostics, Label};
use std::collections::HashSet;
use std::path::Path;

/// Looks at every package of a plan whose hooks have run. `root` is the project's folder, `dist` the output folder.
pub(crate) fn look(root: &Path, dist: &Path, plan: &Plan, config: &Config) -> Diagnostics {
    let mut problems = Diagnostics::default();
    if plan.steps.iter().any(|s| makes_more(&s.action)) {
        return problems;
    }
    let mut looked = HashSet::new();
    for step in &plan.steps {
        let Action::LinuxPackage(spec) = &step.action else { continue };
        let spec = without_output(spec, root, dist);
        for mut d in package(&spec, root, &mut looked).list {
            d.labels.extend(place(config, &spec, root, &d));
            if !problems.list.contains(&d) {
                problems.push(d);
            }
        }
    }
    problems
}

/// Whether the step may make files beside its own.
pub(crate) fn makes_more(action: &Action) -> bool {
    match action {
        Action::Build(b) => !(b.hooks_pre.is_empty() && b.hooks_post.is_empty()),
        Action::Universal(u) => !(u.hooks_pre.is_empty() && u.hooks_post.is_empty()),
        _ => false,
    }
}

/// The package without what lies in the output folder, which the release itself may put there.
fn without_output(spec: &LinuxPackageSpec, root: &Path, dist: &Path) -> LinuxPackageSpec {
    let mut spec = spec.clone();
    let own = |path: &str| crate::templates::clean(&root.join(path)).starts_with(dist);
    spec.contents.retain(|c| c.kind == "symlink" || !own(&c.src));
    spec.scripts.retain(|_, s| !matches!(s, ScriptSpec::File(path) if own(path)));
    spec.changelog = spec.changelog.filter(|path| !own(path));
    spec
}

fn package(spec: &LinuxPackageSpec, root: &Path, looked: &mut HashSet<String>) -> Diagnostics {
    let of_package = |e: &PackageError| -> Diagnostics {
        let mut d = Diagnostic::from(e);
        d.message = format!("package `{}`: {}", spec.id, d.message);
        d.into()
    };
    let package = match convert::package(spec, root) {
        Ok(package) => package,
        Err(problems) => return problems,
    };
    let Ok(format) = spec.format.parse::<Format>() else { return Diagnostics::default() };
    if let Err(e) = linux::check(format, &package) {
        return of_package(&e);
    }
    // Packages of one item mostly hold the same files.
    if !looked.insert(format!("{format}{}{}", json(&spec.contents), spec.umask)) {
        return Diagnostics::default();
    }
    linux::inputs(format, &package).err().map(|e| of_package(&e)).unwrap_or_default()
}

/// The item of `contents` whose files are not there; none if it cannot be told.
fn place(config: &Config, spec: &LinuxPackageSpec, root: &Path, d: &Diagnostic) -> Option<Label> {
    let is_it = |c: &&ContentSpec| {
        let one = LinuxPackageSpec { contents: vec![(*c).clone()], ..spec.clone() };
        let found = package(&one, root, &mut HashSet::new());
        found.list.iter().any(|f| f.message == d.message)
    };
    let mut one_by_one = spec.contents.iter().filter(is_it);
    let item = one_by_one.next().filter(|_| spec.contents.len() == 1 || one_by_one.next().is_none())?;
    let of_item = |c: &&PackageContent| c.src.as_ref().is_some_and(|t| t.value == item.src);
    let written = settings(config).flat_map(|s| s.contents.iter().chain(&s.templated_contents));
    written.into_iter().find(of_item).and_then(|c| c.place.label(""))
}

fn settings(config: &Config) -> impl Iterator<Item = &PackageSettings> {
    config.packages.iter().flat_map(|p| std::iter::once(&p.common).chain(p.overrides.values()))
}

/// The same of a configuration alone, for who only asks: a file that a template names is not looked at, and one that is not there
/// is a warning, since a release's machine may have it.
pub(crate) fn check(config: &Config, root: &Path) -> Diagnostics {
    let mut problems = Diagnostics::default();
    let hooks = config.builds.iter().any(|b| !(b.hooks_pre.is_empty() && b.hooks_post.is_empty()));
    if hooks || !config.before.is_empty() {
        return problems;
    }
    let output = config.dist.as_ref().map_or("dist", |t| t.value.as_str());
    let output = crate::templates::clean(&root.join(output));
    let at = (root, output.as_path());
    let mut say = |why: Option<String>, label: Option<Label>| {
        if let Some(why) = why {
            let mut d = Diagnostic::warning(Code::ConfigValue, format!("{why}; a release needs it"));
            d.labels.extend(label);
            if !problems.list.contains(&d) {
                problems.push(d);
            }
        }
    };
    for s in settings(config) {
        for item in &s.contents {
            say(absent_content(item, at), item.place.label(""));
        }
        let own = [&s.deb.scripts, &s.rpm.scripts, &s.apk.scripts, &s.archlinux.scripts];
        let scripts = own.into_iter().chain([&s.scripts, &s.templated_scripts]).flat_map(|m| m.values());
        let templates = s.templated_contents.iter().filter(|c| !c.expand).filter_map(|c| c.src.as_ref());
        for text in scripts.chain(templates) {
            say(absent_file(text, at), text.place.label(""));
        }
    }
    for text in config.packages.iter().filter_map(|p| p.changelog.as_ref()) {
        say(absent_file(text, at), text.place.label(""));
    }
    problems
}

/// A path that is known before anything is rendered, and that the release does not make.
fn known<'t>(text: &'t Text, (root, output): (&Path, &Path)) -> Option<&'t str> {
    let path = text.value.as_str();
    let made = crate::templates::clean(&root.join(path)).starts_with(output);
    (!path.trim().is_empty() && !path.contains("{{") && !made).then_some(path)
}

fn absent_file(text: &Text, at: (&Path, &Path)) -> Option<String> {
    let path = known(text, at)?;
    (!at.0.join(path).is_file()).then(|| format!("there is no file {path}"))
}

fn absent_content(item: &PackageContent, at: (&Path, &Path)) -> Option<String> {
    let kind = item.kind.as_ref().map_or("", |t| t.value.as_str());
    let kind = ContentKind::from_word(kind)?;
    if item.expand || matches!(kind, ContentKind::Dir | ContentKind::Ghost | ContentKind::Symlink) {
        return None;
    }
    let pattern = known(item.src.as_ref()?, at)?.to_owned();
    let source = Source::Pattern { folder: at.0.to_owned(), pattern };
    let one = Package { contents: vec![Content::new(kind, source, "/looked/at")], ..Package::default() };
    linux::inputs(Format::Rpm, &one).err().map(|e| e.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::steps::linux_package::proof::tests::spec;
    use goferry_config::{SourceText, load};

    const TEXT: &str = "[package]
changelog = \"no.yaml\"
contents = [
  { src = \"no.conf\", dst = \"/etc/a\" },
  { src = \"no*\", dst = \"/etc/b\" },
  { src = \"here\", dst = \"/etc/c\", type = \"tree\" },
  { src = \"{{ .Env.X }}\", dst = \"/etc/d\" },
  { src = \"dist/made\", dst = \"/etc/e\" },
  { src = \"/nowhere\", dst = \"/etc/f\", type = \"symlink\" },
]
scripts.postinstall = \"no.sh\"
";

    fn config(text: &str) -> Config {
        let (config, problems) =
            load(None, Some(SourceText { name: "goferry.toml".to_owned(), text: text.to_owned() }));
        assert!(problems.list.is_empty(), "{problems:?}");
        config
    }

    #[test]
    fn what_a_configuration_names() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("here")).unwrap();
        let found = check(&config(TEXT), dir.path());
        let said: Vec<&str> = found.list.iter().map(|d| d.message.as_str()).collect();
        assert_eq!(said.len(), 4, "{said:?}");
        for (message, word) in said.iter().zip(["no.conf", "no*", "no.sh", "no.yaml"]) {
            assert!(message.contains(word), "{said:?}");
        }
        assert!(found.list.iter().all(|d| d.labels.len() == 1), "{found:?}");
        assert!(!found.has_errors(), "{found:?}");
        let hooked = format!("{TEXT}[before]\nhooks = [\"make\"]\n");
        assert!(check(&config(&hooked), dir.path()).list.is_empty());
    }

    #[test]
    fn what_a_package_needs() {
        let dir = tempfile::tempdir().unwrap();
        let (root, dist) = (dir.path(), dir.path().join("dist"));
        let config = config(TEXT);
        let mut s = spec("deb");
        s.name.name = "tool".to_owned();
        s.name.version = "1.0.0".to_owned();
        s.name.arch = "amd64".to_owned();
        s.only = goferry_plan::graph::FormatOnly::Deb(goferry_plan::graph::DebOnly::default());
        let content = |src: &str| ContentSpec {
            src: src.to_owned(),
            dst: format!("/x/{src}"),
            ..ContentSpec::default()
        };
        let of = |s: &LinuxPackageSpec| {
            let s = without_output(s, root, &dist);
            let found = package(&s, root, &mut HashSet::new());
            found.list.into_iter().next().map(|d| (d.message.clone(), place(&config, &s, root, &d)))
        };
        assert_eq!(of(&s), None);
        s.contents = vec![content("dist/made"), content("no.conf")];
        let (message, label) = of(&s).unwrap();
        assert!(message.starts_with("package `default`: ") && message.contains("no.conf"), "{message}");
        assert_eq!(label.unwrap().line, 4);
        s.contents.clear();
        s.name.epoch = "x".to_owned();
        assert!(of(&s).unwrap().0.contains("is no number"));
        s.scripts.insert("postinstall".to_owned(), ScriptSpec::File("no.sh".to_owned()));
        assert!(of(&s).unwrap().0.contains("the script `postinstall`, no.sh"));
        s.scripts.insert("postinstall".to_owned(), ScriptSpec::File("dist/made.sh".to_owned()));
        assert!(of(&s).unwrap().0.contains("is no number"));
    }
}
