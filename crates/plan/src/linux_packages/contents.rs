//! What a package holds besides programs: items of `contents` and `templated_contents`, rendered.
//!
//! Owns: what can be said of an item without looking for its files. Must not: look for them.

use super::settings::Making;
use crate::graph::ContentSpec;
use goferry_config::model::{PackageContent, Text};
use goferry_config::template::expand_shell;
use goferry_report::{Code, Diagnostic};

/// What `packager` can be: nfpm's words, of which termux.deb has none of its own.
const PACKAGERS: [&str; 5] = ["deb", "rpm", "apk", "archlinux", "ipk"];

impl Making<'_, '_> {
    pub(super) fn contents(&self) -> Vec<ContentSpec> {
        let c = self.common;
        let mut out: Vec<ContentSpec> = c.contents.iter().map(|item| self.content(item)).collect();
        for item in &c.templated_contents {
            let mut spec = self.content(item);
            if !spec.src.is_empty() {
                spec.text = self.rendered_file(&spec.src, item.src.as_ref());
            }
            out.push(spec);
        }
        let lintian = self.list(&c.deb.lintian_overrides);
        if self.is_deb() && !lintian.is_empty() {
            let lines: Vec<String> = lintian.iter().map(|tag| format!("{}: {tag}", self.name)).collect();
            out.push(ContentSpec {
                dst: format!("./usr/share/lintian/overrides/{}", self.name),
                packager: "deb".to_owned(),
                mode: Some(0o644),
                text: Some(lines.join("\n")),
                ..ContentSpec::default()
            });
        }
        out
    }

    fn content(&self, item: &PackageContent) -> ContentSpec {
        let (src, dst) = (self.path(item, &item.src), self.path(item, &item.dst));
        let (kind, packager) = (self.text(&item.kind), self.text(&item.packager));
        if self.takes(item, &packager) {
            self.check(item, &kind, src.as_deref(), dst.as_deref());
        }
        ContentSpec {
            src: src.unwrap_or_default(),
            dst: dst.unwrap_or_default(),
            kind,
            packager,
            owner: self.text(&item.info.owner),
            group: self.text(&item.info.group),
            mode: item.info.mode.filter(|m| *m != 0),
            mtime: self.d.render.unix(item.info.mtime.as_ref(), &self.fields),
            text: None,
        }
    }

    /// A path of an item; none if its template failed, which was said.
    fn path(&self, item: &PackageContent, text: &Option<Text>) -> Option<String> {
        let text = match text {
            Some(text) => self.d.render.rendered(text, &self.fields)?,
            None => String::new(),
        };
        Some(match item.expand {
            true => expand_shell(&text, &|name| self.d.env.get(name).cloned()).trim().to_owned(),
            false => text,
        })
    }

    /// Whether the item is for this format. goreleaser passes over the words that no format has.
    fn takes(&self, item: &PackageContent, packager: &str) -> bool {
        if !(packager.is_empty() || packager == "msix" || PACKAGERS.contains(&packager)) {
            let message = format!(
                "package `{}`: there is no packager `{packager}`, so this item of `contents` is in no package",
                self.id
            );
            let d = Diagnostic::warning(Code::ConfigValue, message);
            let d = d.hint(format!("there are: {}", PACKAGERS.join(", ")));
            self.say(
                item,
                if packager == "termux.deb" { d.hint("termux.deb takes what is for deb") } else { d },
            );
        }
        packager.is_empty() || packager == self.format.strip_prefix("termux.").unwrap_or(self.format)
    }

    /// An item without `src` would be the whole project, `.git` and all.
    fn check(&self, item: &PackageContent, kind: &str, src: Option<&str>, dst: Option<&str>) {
        let needs_src = !matches!(kind, "dir" | "ghost");
        for (key, value) in [("dst", dst), ("src", src.filter(|_| needs_src))] {
            if value.is_some_and(|v| v.trim().is_empty()) {
                let message = format!("package `{}`: an item of `contents` has no `{key}`", self.id);
                self.say(item, Diagnostic::error(Code::ConfigValue, message));
            }
        }
    }

    fn say(&self, item: &PackageContent, mut diag: Diagnostic) {
        diag.labels.extend(item.place.label(""));
        self.d.render.push(diag);
    }

    /// A file that is a template itself; none, too, if a hook may yet make it.
    pub(super) fn rendered_file(&self, path: &str, named: Option<&Text>) -> Option<String> {
        let place = named.map(|t| t.place.clone()).unwrap_or_default();
        match self.d.host.read_file(path).map(String::from_utf8) {
            Ok(Ok(value)) => Some(self.d.render.text(&Text { value, place }, &self.fields)),
            Ok(Err(_)) => self.no_template(&format!("{path} is no text"), named),
            Err(_) if self.d.options.hooks_pending => None,
            Err(why) => self.no_template(&why, named),
        }
    }

    fn no_template(&self, why: &str, named: Option<&Text>) -> Option<String> {
        let mut diag = Diagnostic::error(Code::ConfigValue, format!("package `{}`: {why}", self.id));
        diag.labels.extend(named.and_then(|t| t.place.label("")));
        self.d.render.push(diag);
        None
    }
}
