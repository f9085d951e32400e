//! The module graph, by the go command: what is selected, other selections, what an upgrade brings.
//!
//! Owns: the argv of `go list -m`, `go get`, `go mod` and `go list -deps` with imports, and what they answer. Must not:
//! choose versions. Each command may write go.mod and go.sum of the folder that it is run in.

use super::Go;
use crate::ask::{Question, ToolError};
use goferry_proc::Spawner;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::path::Path;

/// Where and how the commands are run.
#[derive(Clone, Copy, Debug)]
pub struct ModuleFolder<'a> {
    /// A folder with a go.mod.
    pub dir: &'a Path,
    /// Environment, set after everything else.
    pub env: &'a [(String, String)],
}

/// A module as `go list -m -json` tells it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[expect(missing_docs, reason = "the fields are those of go help list")]
pub struct ListedModule {
    pub path: String,
    pub version: String,
    pub main: bool,
    pub indirect: bool,
    pub replace: Option<Box<ListedModule>>,
    pub update: Option<Box<ListedModule>>,
    pub go_version: String,
    pub deprecated: String,
    pub retracted: Vec<String>,
}

/// A package with what it imports.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[expect(missing_docs, reason = "the fields are those of go help list")]
pub struct ImportingPackage {
    pub import_path: String,
    pub name: String,
    pub standard: bool,
    pub dep_only: bool,
    pub module: Option<super::PackageModule>,
    pub imports: Vec<String>,
    pub test_go_files: Vec<String>,
    pub x_test_go_files: Vec<String>,
}

/// One action of a build (`go build -debug-actiongraph`), as far as its time is of interest.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[expect(
    missing_docs,
    reason = "the fields are those of cmd/go/internal/work's actionJSON; times in nanoseconds"
)]
pub struct BuildAction {
    pub mode: String,
    pub package: String,
    pub cmd_user: u64,
    pub cmd_sys: u64,
}

impl Go {
    /// The modules that are selected, the main one first.
    ///
    /// # Errors
    /// [`ToolError`] with what go said.
    pub fn selected_modules(
        &self,
        spawner: &dyn Spawner,
        at: ModuleFolder<'_>,
    ) -> Result<Vec<ListedModule>, ToolError> {
        self.ask(spawner, at, "list the modules", &["list", "-mod=mod", "-m", "-json", "all"])
    }

    /// A version of a module that is not in the graph, such as `path@latest`.
    ///
    /// # Errors
    /// [`ToolError`]: there is none, or it cannot be reached.
    pub fn module_at(
        &self,
        spawner: &dyn Spawner,
        at: ModuleFolder<'_>,
        query: &str,
    ) -> Result<Option<ListedModule>, ToolError> {
        let args = ["list", "-mod=mod", "-m", "-json", query];
        Ok(self.ask(spawner, at, "ask for a version", &args)?.into_iter().next())
    }

    /// `go get` with these queries (`path@version`).
    ///
    /// # Errors
    /// [`ToolError`] with what go said: versions that exclude each other, a newer Go that is needed.
    pub fn get(
        &self,
        spawner: &dyn Spawner,
        at: ModuleFolder<'_>,
        queries: &[String],
    ) -> Result<(), ToolError> {
        let args: Vec<&str> = std::iter::once("get").chain(queries.iter().map(String::as_str)).collect();
        self.question(at, "get other versions", &args).output(spawner).map(drop)
    }

    /// `go mod` with these arguments: `tidy`, `edit -dropreplace=…`.
    ///
    /// # Errors
    /// [`ToolError`] with what go said.
    pub fn edit_module(
        &self,
        spawner: &dyn Spawner,
        at: ModuleFolder<'_>,
        words: &[&str],
    ) -> Result<String, ToolError> {
        let args: Vec<&str> = std::iter::once("mod").chain(words.iter().copied()).collect();
        let out = self.question(at, "change go.mod", &args).output(spawner)?;
        Ok(String::from_utf8_lossy(&out).into_owned())
    }

    /// The packages of the patterns and all that they import; with `tests` what their tests import too.
    ///
    /// # Errors
    /// [`ToolError`] with what go said.
    pub fn importing_packages(
        &self,
        spawner: &dyn Spawner,
        at: ModuleFolder<'_>,
        patterns: &[&str],
        tests: bool,
    ) -> Result<Vec<ImportingPackage>, ToolError> {
        let mut args = vec!["list", "-e", "-deps"];
        args.extend(tests.then_some("-test"));
        args.push("-json=ImportPath,Name,Standard,DepOnly,Module,Imports,TestGoFiles,XTestGoFiles");
        args.extend(patterns);
        self.ask(spawner, at, "list the packages", &args)
    }

    fn question<'a>(&'a self, at: ModuleFolder<'a>, purpose: &'a str, args: &[&str]) -> Question<'a> {
        Question {
            purpose,
            program: &self.path,
            args: args.iter().map(|a| (*a).to_owned()).collect(),
            dir: at.dir,
            set: at.env.to_vec(),
            remove: vec![],
        }
    }

    fn ask<T: DeserializeOwned>(
        &self,
        spawner: &dyn Spawner,
        at: ModuleFolder<'_>,
        purpose: &str,
        args: &[&str],
    ) -> Result<Vec<T>, ToolError> {
        let question = self.question(at, purpose, args);
        let out = question.output(spawner)?;
        documents(&out)
            .map_err(|e| ToolError::Unreadable { command: question.command(), what: e.to_string() })
    }
}

/// The JSON documents that go writes one after the other.
fn documents<T: DeserializeOwned>(bytes: &[u8]) -> Result<Vec<T>, serde_json::Error> {
    serde_json::Deserializer::from_slice(bytes).into_iter().collect()
}

/// Reads what `-debug-actiongraph` wrote.
///
/// # Errors
/// It is not what cmd/go writes.
pub fn build_actions(json: &[u8]) -> Result<Vec<BuildAction>, serde_json::Error> {
    serde_json::from_slice(json)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_go_answers() {
        let text = br#"{
	"Path": "example.com/m",
	"Main": true
}
{
	"Path": "golang.org/x/text",
	"Version": "v0.3.5",
	"Time": "2020-12-08T00:13:44Z",
	"Indirect": true,
	"Replace": { "Path": "../text" },
	"Update": { "Path": "golang.org/x/text", "Version": "v0.44.0" }
}
"#;
        let modules: Vec<ListedModule> = documents(text).unwrap();
        assert_eq!((modules.len(), modules[0].main, modules[1].indirect), (2, true, true));
        assert_eq!(modules[1].replace.as_ref().unwrap().path, "../text");
        assert_eq!(modules[1].update.as_ref().unwrap().version, "v0.44.0");
        assert!(documents::<ListedModule>(&text[..40]).is_err());
    }

    #[test]
    fn build_times() {
        let text = br#"[{"ID":0,"Mode":"build","Package":"a","Cmd":null},{"ID":1,"Mode":"link","Package":"a","CmdReal":9,"CmdUser":7,"CmdSys":1}]"#;
        let actions = build_actions(text).unwrap();
        assert_eq!((actions[1].cmd_user, actions[1].cmd_sys, actions[0].cmd_user), (7, 1, 0));
    }
}
