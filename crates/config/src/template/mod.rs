//! The template language of both configuration files: Go's `text/template` with goreleaser's fields and functions.
//!
//! Owns: parsing and evaluating templates, the functions, the table of field names, Go time layouts, the expansion of
//! `$name` and the splitting of hook commands into words.
//! Must not: read files, the environment or a clock except through [`TemplateHost`], which can record each read as an
//! input of the step; know a stage.
//!
//! Differences from Go, all of them refusals of the absurd: output is limited to [`OUTPUT_LIMIT`], nesting to 200
//! levels, and the work of one rendering to a fixed budget, so that no template can hang or exhaust a release.
//! Strings are UTF-8: a `slice` or `\x` escape that would make other bytes yields U+FFFD.

mod ast;
mod builtins;
mod error;
mod exec;
mod fields;
mod functions;
mod go_path;
mod go_regex;
mod go_time;
mod hashes;
mod lex;
mod number;
mod parse;
mod printf;
mod semver;
mod shell;
mod text;
mod value;
mod words;

pub use error::{MissingField, TemplateError};
pub use fields::{FIELDS, FieldFact, FieldScope};
pub use go_regex::go_regex;
pub use go_time::format_time;
pub use hashes::{HASHES, file_hash};
pub use semver::{Semver, SemverError};
pub use shell::expand_shell;
pub use value::{Fields, Value};
pub use words::{SplitError, SplitWords, split_words};

/// The most bytes that one template may write (16 MiB).
pub const OUTPUT_LIMIT: usize = 16 << 20;

/// What templates may see of the machine. Implementations record each call as an input of the step.
pub trait TemplateHost: Sync {
    /// The environment variable `name`, if set.
    fn env(&self, name: &str) -> Option<String>;
    /// The whole environment, in any order; asked for only when a template ranges over or prints `.Env`.
    fn env_all(&self) -> Vec<(String, String)>;
    /// The bytes of a file, for `readFile`, `mustReadFile` and the hashes.
    ///
    /// # Errors
    /// The reason in words, the path included.
    fn read_file(&self, path: &str) -> Result<Vec<u8>, String>;
    /// `path` made absolute and cleaned as Go's `filepath.Abs` does.
    fn abs(&self, path: &str) -> String;
    /// The release's clock, for `time` (DESIGN "Time": SOURCE_DATE_EPOCH or the commit's time unless `--now`).
    fn now(&self) -> jiff::Timestamp;
}

/// Renders templates against a host.
#[derive(Clone, Copy)]
pub struct Templates<'h> {
    host: &'h dyn TemplateHost,
}

impl<'h> Templates<'h> {
    /// A renderer that sees the machine through `host`.
    pub fn new(host: &'h dyn TemplateHost) -> Self {
        Templates { host }
    }

    /// The template's text with `fields` as its dot. A map without the asked key is an error (`missingkey=error`).
    /// Where `fields` has no `Env`, `.Env` is the host's environment.
    ///
    /// # Errors
    /// A template that does not parse, a missing field, a failing function, or a limit of this module.
    pub fn render(&self, template: &str, fields: &Fields) -> Result<String, TemplateError> {
        if !template.contains("{{") {
            return if template.len() > OUTPUT_LIMIT {
                Err(TemplateError::plain(template, "the output is larger than 16 MiB"))
            } else {
                Ok(template.to_owned())
            };
        }
        let parsed = parse::parse(template).map_err(|f| f.into_error(template))?;
        exec::execute(&parsed, self.host, fields).map_err(|f| f.into_error(template))
    }

    /// Whether the rendered text, trimmed and lower-cased, is `true`. Everything else, the empty text too, is false.
    ///
    /// # Errors
    /// As [`Templates::render`].
    pub fn render_bool(&self, template: &str, fields: &Fields) -> Result<bool, TemplateError> {
        Ok(self.render(template, fields)?.to_lowercase().trim() == "true")
    }

    /// Whether `template` parses: syntax, functions, variables and `break` are checked, fields are not.
    ///
    /// # Errors
    /// The first mistake, with its place.
    pub fn check(template: &str) -> Result<(), TemplateError> {
        parse::parse(template).map(drop).map_err(|f| f.into_error(template))
    }
}
