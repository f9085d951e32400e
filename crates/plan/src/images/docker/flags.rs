//! Flags of `docker build` and `docker buildx build`, as far as an image depends on them.

use super::super::labelled;
use super::context::folder;
use crate::draft::Draft;
use crate::graph::ImagePlatform;
use goferry_config::model::{Docker, Text};
use goferry_report::{Code, Diagnostic};
use goferry_target::GoTarget;
use std::collections::BTreeMap;

#[derive(Default)]
pub(super) struct Flags {
    pub(super) args: BTreeMap<String, String>,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) annotations: BTreeMap<String, String>,
    pub(super) contexts: Vec<(String, String)>,
    pub(super) target: Option<String>,
    platform: Option<String>,
}

/// What a flag is here.
#[derive(PartialEq, Eq)]
enum Flag {
    Taken,
    /// It changes nothing of what is in an image.
    Idle,
    /// It asks for BuildKit's attestations in the image.
    Attests,
    Unknown,
}

/// Flags that change nothing of what is in an image.
const IDLE: [&str; 22] = [
    "pull",
    "no-cache",
    "no-cache-filter",
    "cache-from",
    "cache-to",
    "progress",
    "quiet",
    "q",
    "load",
    "push",
    "builder",
    "rm",
    "force-rm",
    "compress",
    "memory",
    "m",
    "cpu-quota",
    "cpu-period",
    "cpu-shares",
    "cpuset-cpus",
    "shm-size",
    "ulimit",
];
/// Flags that need no value.
const ALONE: [&str; 10] =
    ["pull", "no-cache", "quiet", "q", "load", "push", "rm", "force-rm", "compress", "squash"];

impl Flags {
    /// Each item is one word of the command line, as goreleaser hands it over.
    pub(super) fn read(d: &Draft<'_>, texts: &[Text], what: &str) -> Flags {
        let mut out = Flags::default();
        let items: Vec<(String, &Text)> = texts.iter().map(|t| (d.render.text(t, &d.fields), t)).collect();
        let mut items = items.into_iter().filter(|(t, _)| !t.trim().is_empty()).peekable();
        while let Some((word, text)) = items.next() {
            let (name, value) = match word.split_once('=') {
                Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
                None if ALONE.contains(&word.trim_start_matches('-')) => (word.clone(), None),
                // Its value is the next word, unless that is a flag.
                None => (word.clone(), items.next_if(|(next, _)| !next.starts_with('-')).map(|(v, _)| v)),
            };
            let bare = name.trim_start_matches('-');
            let flag = match name.starts_with('-') && !name.contains(char::is_whitespace) {
                true => out.take(d, bare, value.as_deref().unwrap_or_default()),
                false => Flag::Unknown,
            };
            say(d, &flag, &name, what, text);
        }
        out
    }

    fn take(&mut self, d: &Draft<'_>, name: &str, value: &str) -> Flag {
        let (key, of) = value.split_once('=').map_or((value, None), |(k, v)| (k, Some(v)));
        let said = of.unwrap_or_default().to_owned();
        match name {
            "build-arg" => {
                // Without a value it is the environment's, as docker does.
                let value = of.map(str::to_owned).or_else(|| d.env.get(key).cloned());
                self.args.extend(value.map(|v| (key.to_owned(), v)));
            }
            "label" => drop(self.labels.insert(key.to_owned(), said)),
            "annotation" => drop(self.annotations.insert(key.to_owned(), said)),
            "build-context" => self.contexts.push((key.to_owned(), said)),
            "target" => self.target = Some(value.to_owned()),
            "platform" => self.platform = Some(value.to_owned()),
            "provenance" | "sbom" | "attest" if value == "false" => return Flag::Idle,
            "provenance" | "sbom" | "attest" => return Flag::Attests,
            _ if IDLE.contains(&name) => return Flag::Idle,
            _ => return Flag::Unknown,
        }
        Flag::Taken
    }

    /// `--platform` beside another `goarch`: the image would hold binaries of another machine than it says.
    pub(super) fn same_platform(&self, d: &Draft<'_>, on: &ImagePlatform, o: &Docker, first: &str) {
        let Some(said) = &self.platform else { return };
        let alike = said.strip_suffix("/v8").unwrap_or(said).parse::<GoTarget>().is_ok_and(|t| {
            t.os == on.target.os
                && t.arch.kind() == on.target.arch.kind()
                && (said.split('/').count() < 3 || folder(&t) == folder(&on.target))
        });
        if !alike {
            let is = folder(&on.target);
            let message = format!("dockers `{first}`: `--platform={said}`, but its binaries are for {is}");
            let diag = Diagnostic::warning(Code::ConfigValue, message).hint(
                "the image says what its binaries are for; set goarch and goarm, or leave the flag out",
            );
            d.render.push(labelled(diag, &o.place, ""));
        }
    }
}

fn say(d: &Draft<'_>, flag: &Flag, name: &str, what: &str, text: &Text) {
    let diag = match flag {
        Flag::Taken | Flag::Idle => return,
        Flag::Attests => {
            let message = format!("{what}: `{name}` is left out: images hold no attestations of BuildKit's");
            Diagnostic::note(Code::ConfigValue, message)
                .hint("`goferry image push` attaches SBOM and provenance to the image instead")
        }
        Flag::Unknown => {
            let message = format!("{what}: the flag `{name}` of docker is not known here");
            let diag = Diagnostic::warning(Code::ConfigValue, message).hint(
                "known are --build-arg, --label, --annotation, --platform, --target, --build-context; --pull and flags of caches have no meaning here",
            );
            match name.contains(char::is_whitespace) {
                true => diag.hint("a flag and its value are one word with `=`, or two items of the list"),
                false => diag,
            }
        }
    };
    d.render.push(labelled(diag, &text.place, ""));
}
