//! Renders configuration texts and collects every failure with its place instead of stopping at the first.

use goferry_config::model::Text;
use goferry_config::template::{Fields, TemplateHost, Templates};
use goferry_report::{Code, Diagnostic, Diagnostics};
use std::cell::RefCell;

pub(crate) struct Renderer<'h> {
    templates: Templates<'h>,
    host: &'h dyn TemplateHost,
    found: RefCell<Diagnostics>,
}

impl<'h> Renderer<'h> {
    pub(crate) fn new(host: &'h dyn TemplateHost) -> Self {
        Renderer { templates: Templates::new(host), host, found: RefCell::default() }
    }

    pub(crate) fn push(&self, d: Diagnostic) {
        let mut found = self.found.borrow_mut();
        // The same template fails for every target; once is enough.
        if !found.list.contains(&d) {
            found.push(d);
        }
    }

    pub(crate) fn take(&self) -> Diagnostics {
        self.found.take()
    }

    /// A file of the project, as templates read it.
    pub(crate) fn read_file(&self, path: &str) -> Result<Vec<u8>, String> {
        self.host.read_file(path)
    }

    /// Renders, or records why not and gives an empty text.
    pub(crate) fn text(&self, text: &Text, fields: &Fields) -> String {
        self.rendered(text, fields).unwrap_or_default()
    }

    /// Renders, or records why not.
    pub(crate) fn rendered(&self, text: &Text, fields: &Fields) -> Option<String> {
        if !text.value.contains("{{") {
            return Some(text.value.clone());
        }
        match self.templates.render(&text.value, fields) {
            Ok(s) => Some(s),
            Err(e) => {
                let mut d = Diagnostic::error(
                    Code::TemplateError,
                    format!("the template `{}` fails: {}", text.value.trim(), e.message),
                );
                if let Some(l) = text.place.label("") {
                    d = d.label(l);
                }
                if let Some(missing) = e.missing {
                    d = match missing.nearest {
                        Some(n) => d.hint(format!("did you mean `{n}`?")),
                        None => d.hint(
                            "for a variable that may be unset write `index .Env \"NAME\"` or `envOrDefault`",
                        ),
                    };
                }
                self.push(d);
                None
            }
        }
    }

    pub(crate) fn opt(&self, text: Option<&Text>, default: &str, fields: &Fields) -> String {
        let implied;
        let text = match text {
            Some(t) => t,
            None => {
                implied = Text::implied(default.to_owned());
                &implied
            }
        };
        self.text(text, fields)
    }

    /// A boolean that may be a template: true only if it renders to `true` in any case.
    pub(crate) fn flag(&self, text: Option<&Text>, fields: &Fields) -> bool {
        text.is_some_and(|t| self.text(t, fields).trim().eq_ignore_ascii_case("true"))
    }

    /// Renders each item and drops those that come out empty.
    pub(crate) fn list(&self, items: &[Text], fields: &Fields) -> Vec<String> {
        items.iter().map(|t| self.text(t, fields)).filter(|s| !s.trim().is_empty()).collect()
    }

    /// A time: RFC 3339 or Unix seconds, or nothing if it renders empty.
    pub(crate) fn unix(&self, text: Option<&Text>, fields: &Fields) -> Option<i64> {
        let text = text?;
        let s = self.text(text, fields);
        let s = s.trim();
        if s.is_empty() {
            return None;
        }
        let parsed =
            s.parse::<i64>().ok().or_else(|| s.parse::<jiff::Timestamp>().ok().map(|t| t.as_second()));
        if parsed.is_none() {
            let mut d = Diagnostic::error(
                Code::ConfigValue,
                format!("`{s}` is not a time: write Unix seconds or RFC 3339, e.g. {{{{ .CommitDate }}}}"),
            );
            if let Some(l) = text.place.label("") {
                d = d.label(l);
            }
            self.push(d);
        }
        parsed
    }
}
