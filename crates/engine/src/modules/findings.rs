//! What the listings of all builds say together: one diagnostic for each thing that is missing, with the targets that
//! miss it.

use super::Build;
use goferry_report::{Code, Diagnostic, Diagnostics, Label};
use goferry_target::GoTarget;
use goferry_toolchain::ToolError;
use goferry_toolchain::go::{self, Lack, Package, PackageError, Refusal};
use goferry_toolchain::module::is_within;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Finding {
    /// vendor/modules.txt and go.mod disagree; the lines of the go command, and the one that mends it.
    Inconsistent { folder: PathBuf, lines: Vec<String>, command: String },
    /// A package that vendor/ does not have, and whether go.mod requires a module that could have it.
    Vendor { folder: PathBuf, package: String, required: bool },
    /// A vendored package without a file that it embeds.
    Embedded { package: String, why: String },
    /// A module or package that the module cache does not have.
    Cache { what: String },
    /// A package of the module itself that is not there.
    Own { package: String },
    /// go.mod wants another Go.
    Toolchain { why: String },
    /// The go command says something else.
    Other { why: String },
}

/// Where and for whom.
#[derive(Clone, Debug, Default)]
struct Seen {
    /// (file, line, column), the file as an absolute path.
    places: BTreeSet<(PathBuf, u32, u32)>,
    /// Import chains that are longer than one step.
    chains: BTreeSet<String>,
    targets: BTreeSet<GoTarget>,
}

/// Everything that was found.
pub(super) struct Findings<'a> {
    root: &'a Path,
    found: BTreeMap<Finding, Seen>,
}

impl<'a> Findings<'a> {
    pub(super) fn new(root: &'a Path) -> Self {
        Findings { root, found: BTreeMap::new() }
    }

    /// Adds what one build's listing says.
    pub(super) fn add(&mut self, build: &Build, packages: Result<Vec<Package>, ToolError>) {
        match packages {
            Ok(list) => list.iter().for_each(|p| self.package(build, p)),
            Err(ToolError::Failed { stderr, .. }) => {
                let why = stderr.trim().to_owned();
                let finding = match (go::refusal(&stderr), &build.vendor) {
                    (Refusal::Inconsistent { lines, command }, Some(folder)) => {
                        Finding::Inconsistent { folder: folder.clone(), lines, command }
                    }
                    (Refusal::Cache(what), _) if build.offline => {
                        Finding::Cache { what: what.unwrap_or_else(|| "a module".to_owned()) }
                    }
                    (Refusal::Toolchain, _) => Finding::Toolchain { why },
                    _ => Finding::Other { why },
                };
                self.note(finding, build);
            }
            Err(e) => {
                self.note(Finding::Other { why: e.to_string() }, build);
            }
        }
    }

    fn note(&mut self, finding: Finding, build: &Build) -> &mut Seen {
        let seen = self.found.entry(finding).or_default();
        seen.targets.insert(build.spec.target);
        seen
    }

    fn package(&mut self, build: &Build, package: &Package) {
        let Some(error) = &package.error else { return };
        let name = package.import_path.clone();
        let required = build.go_mod.required_for(&name);
        let own = required.is_none() && is_within(&name, &build.go_mod.module);
        let finding = match (go::lack(package), &build.vendor) {
            (Some(Lack::Vendor), _) if own => Finding::Own { package: name },
            (Some(Lack::Vendor), Some(folder)) => {
                Finding::Vendor { folder: folder.clone(), package: name, required: required.is_some() }
            }
            (Some(Lack::EmbeddedFile), Some(_)) => {
                Finding::Embedded { package: name, why: error.err.trim().to_owned() }
            }
            (Some(Lack::Cache(module)), None) => {
                let required = required.map(|r| format!("{}@{}", r.module.path, r.module.version));
                Finding::Cache { what: required.or(module).unwrap_or(name) }
            }
            // Errors of another kind are the build's own, whatever its packages come from.
            _ => return,
        };
        let place = place(error, &build.dir);
        let chain = error.import_stack.as_deref().unwrap_or_default();
        let chain = (chain.len() > 1).then(|| chain.join(" → "));
        let seen = self.note(finding, build);
        seen.places.extend(place);
        seen.chains.extend(chain);
    }

    /// One diagnostic for each finding.
    pub(super) fn diagnostics(&self, all: &BTreeSet<GoTarget>) -> Diagnostics {
        let mut out = Diagnostics::default();
        for (finding, seen) in &self.found {
            let targets = match seen.targets.len() == all.len() {
                true => "every target".to_owned(),
                false => seen.targets.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
            };
            let mut d = self.diagnostic(finding, &targets);
            d.labels.extend(seen.places.iter().take(5).map(|p| self.label(p)));
            d.notes.extend(seen.chains.iter().take(5).map(|c| format!("by way of {c}")));
            out.push(d);
        }
        out
    }

    fn diagnostic(&self, finding: &Finding, targets: &str) -> Diagnostic {
        match finding {
            Finding::Inconsistent { folder, lines, command } => self.inconsistent(folder, lines, command),
            Finding::Vendor { folder, package, required } => {
                self.not_vendored(folder, package, *required, targets)
            }
            Finding::Embedded { package, why } => {
                let message = format!("vendor/ has {package} without a file that it embeds, for {targets}");
                Diagnostic::error(Code::VendorMissingPackage, message)
                    .with_note(why.clone())
                    .hint_with("copy it anew, and look whether .gitignore leaves it out:", "go mod vendor")
            }
            Finding::Cache { what } => {
                let message = format!(
                    "the module cache does not have {what}, needed for {targets}, and GOPROXY=off forbids to fetch it"
                );
                Diagnostic::error(Code::ModuleNotInCache, message)
                    .hint_with(
                        "fill the cache where the network may be used:",
                        "GOPROXY=direct go mod download",
                    )
                    .hint_with("or keep the packages in the repository:", "go mod vendor")
            }
            Finding::Own { package } => Diagnostic::warning(
                Code::BuildFailed,
                format!("this module has no package {package}, needed for {targets}"),
            ),
            Finding::Toolchain { why } => {
                let message = "the module was not looked at: go.mod asks for a Go that is not installed";
                Diagnostic::warning(Code::GoMissing, message)
                    .with_note(why.clone())
                    .hint("nothing is fetched here; a build would try to, unless GOTOOLCHAIN=local")
            }
            Finding::Other { why } => {
                let message = format!("the packages could not be listed for {targets}");
                Diagnostic::warning(Code::BuildFailed, message).with_note(why.clone())
            }
        }
    }

    fn inconsistent(&self, folder: &Path, lines: &[String], command: &str) -> Diagnostic {
        let list = folder.join("modules.txt");
        let name = self.shown(&list);
        let message = match (folder.is_dir(), list.is_file()) {
            (true, true) => format!("{name} disagrees with {}", source_of(command)),
            (true, false) => format!("there is a vendor folder without {name}"),
            (false, _) => "-mod=vendor is set, and there is no vendor folder".to_owned(),
        };
        let mut d = Diagnostic::error(Code::VendorInconsistent, message);
        d.notes = lines.to_vec();
        d.hint_with("to make it anew:", command).hint_with("or to build without it:", "GOFLAGS=-mod=readonly")
    }

    fn not_vendored(&self, folder: &Path, package: &str, required: bool, targets: &str) -> Diagnostic {
        let folder_name = self.shown(folder);
        let message = format!("{folder_name}/ lacks {package}, needed for {targets}");
        let mut d = Diagnostic::error(Code::VendorMissingPackage, message);
        if folder.join(package).is_dir() {
            d.notes.push(format!(
                "{folder_name}/{package} is there, but go passes over what {folder_name}/modules.txt does not list, and over folders without Go files"
            ));
        }
        let command = match folder.with_file_name("go.work").is_file() {
            true => "go work vendor",
            false => "go mod vendor",
        };
        match required {
            true => d.hint_with("to copy what is missing:", command),
            false => d
                .with_note("no module that go.mod requires has it".to_owned())
                .hint_with("to require its module and copy it:", format!("go mod tidy && {command}")),
        }
    }

    /// A path as seen from the project.
    fn shown(&self, path: &Path) -> String {
        path.strip_prefix(self.root).unwrap_or(path).display().to_string()
    }

    fn label(&self, (file, line, column): &(PathBuf, u32, u32)) -> Label {
        let text = std::fs::read_to_string(file).unwrap_or_default();
        let mut label = Label::at(self.shown(file), *line, *column);
        label.excerpt = text.lines().nth(line.saturating_sub(1) as usize).map(str::to_owned);
        let line = label.excerpt.as_deref().unwrap_or_default();
        let code = line.split("//").next().unwrap_or_default().trim_end();
        let length = code.chars().count().saturating_sub(column.saturating_sub(1) as usize);
        label.length = u32::try_from(length).unwrap_or(1);
        label
    }
}

fn source_of(command: &str) -> &'static str {
    if command.starts_with("go work") { "go.work" } else { "go.mod" }
}

/// `file:line:column` as the go command writes it, relative to where it ran.
fn place(error: &PackageError, dir: &Path) -> Option<(PathBuf, u32, u32)> {
    let mut parts = error.pos.rsplitn(3, ':');
    let column = parts.next()?.parse().ok()?;
    let line = parts.next()?.parse().ok()?;
    Some((crate::templates::clean(&dir.join(parts.next()?)), line, column))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_and_modules() {
        let at = |pos: &str| {
            let error = PackageError { pos: pos.to_owned(), ..PackageError::default() };
            place(&error, Path::new("/p/cmd"))
        };
        assert_eq!(at("main.go:5:2"), Some((PathBuf::from("/p/cmd/main.go"), 5, 2)));
        assert_eq!(at("../a:b.go:5:2"), Some((PathBuf::from("/p/a:b.go"), 5, 2)));
        assert_eq!(at(""), None);
        let text = "module example.com/app\nrequire (\n example.com/a v1.0.0\n example.com/a/b v1.1.0\n)\n";
        let go_mod = goferry_toolchain::gomod::GoMod::parse(text).unwrap();
        let module = |package: &str| go_mod.required_for(package).map(|r| r.module.path.as_str());
        assert_eq!(module("example.com/a/b/c"), Some("example.com/a/b"));
        assert_eq!(module("example.com/a/bc"), Some("example.com/a"));
        assert_eq!(module("example.com/ab"), None);
    }
}
