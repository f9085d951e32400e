//! Owns: what a template can be wrong about, as one value with its place.

use std::fmt;

/// A field or key that the template asks for and that does not exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingField {
    /// The name as written, without dots: `Verison`, or `TOKEN` for `.Env.TOKEN`.
    pub name: String,
    /// The existing name that was probably meant.
    pub nearest: Option<String>,
}

/// A template that could not be rendered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateError {
    /// The template's whole text.
    pub template: String,
    /// What is wrong, in the words Go's implementation uses where it has words for it.
    pub message: String,
    /// The byte offset in `template` where it is wrong, where known.
    pub offset: Option<usize>,
    /// The missing field, if that is what is wrong.
    pub missing: Option<MissingField>,
}

impl TemplateError {
    pub(super) fn plain(template: &str, message: &str) -> Self {
        TemplateError {
            template: template.to_owned(),
            message: message.to_owned(),
            offset: None,
            missing: None,
        }
    }
}

impl fmt::Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "template {:?}: {}", self.template, self.message)?;
        match self.missing.as_ref().and_then(|m| m.nearest.as_ref()) {
            Some(nearest) => write!(f, " (did you mean {nearest:?}?)"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for TemplateError {}

/// An error on its way out, not yet tied to the template's text.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) message: String,
    pub(super) offset: Option<usize>,
    pub(super) missing: Option<MissingField>,
}

impl Fault {
    pub(super) fn at(offset: usize, message: impl Into<String>) -> Self {
        Fault { message: message.into(), offset: Some(offset), missing: None }
    }

    pub(super) fn new(message: impl Into<String>) -> Self {
        Fault { message: message.into(), offset: None, missing: None }
    }

    pub(super) fn into_error(self, template: &str) -> TemplateError {
        TemplateError {
            template: template.to_owned(),
            message: self.message,
            offset: self.offset,
            missing: self.missing,
        }
    }
}
