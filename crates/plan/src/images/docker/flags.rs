//! Flags of `docker build` and `docker buildx build`: those that are done, those without meaning here, and those that another
//! builder must do.
//!
//! Their list is that of docker 28 with buildx 0.32, and of podman 5.

use super::super::labelled;
use super::context::folder;
use crate::draft::Draft;
use crate::graph::{ImagePlatform, Outside};
use goferry_config::model::{Docker, Text};
use goferry_config::template::Fields;
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
    /// `--file`: a path in the context.
    pub(super) file: Option<Text>,
    /// Names of flags that RUN depends on.
    pub(super) for_run: Vec<String>,
    /// What another builder is given.
    passed: Vec<String>,
    /// Names of flags that only another builder does.
    foreign: Vec<String>,
    platform: Option<String>,
}

/// What a flag is here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flag {
    /// goferry does it.
    Taken,
    /// It changes nothing of what is in an image.
    Idle,
    /// It is about what becomes of the image, which goferry decides.
    Dropped,
    /// It asks for BuildKit's attestations in the image.
    Attests,
    /// It changes what RUN does, and nothing else.
    ForRun,
    /// It changes the image, or is not known.
    Foreign,
    /// It puts the image elsewhere.
    Elsewhere,
    /// No flag at all.
    Word,
}

const IDLE: [&str; 36] = [
    "pull",
    "no-cache",
    "no-cache-filter",
    "cache-from",
    "cache-to",
    "cache-ttl",
    "progress",
    "quiet",
    "q",
    "builder",
    "rm",
    "force-rm",
    "compress",
    "memory",
    "m",
    "memory-swap",
    "cpu-quota",
    "cpu-period",
    "cpu-shares",
    "c",
    "cpuset-cpus",
    "cpuset-mems",
    "cgroup-parent",
    "shm-size",
    "ulimit",
    "debug",
    "D",
    "isolation",
    "layers",
    "jobs",
    "retry",
    "retry-delay",
    "authfile",
    "tls-verify",
    "metadata-file",
    "disable-content-trust",
];
const DROPPED: [&str; 6] = ["load", "push", "tag", "t", "iidfile", "format"];
const FOR_RUN: [&str; 17] = [
    "network",
    "net",
    "add-host",
    "secret",
    "ssh",
    "allow",
    "security-opt",
    "cap-add",
    "cap-drop",
    "device",
    "volume",
    "v",
    "dns",
    "dns-search",
    "dns-option",
    "http-proxy",
    "runtime",
];
/// Flags that need no value.
const ALONE: [&str; 15] = [
    "pull",
    "no-cache",
    "quiet",
    "q",
    "load",
    "push",
    "rm",
    "force-rm",
    "compress",
    "squash",
    "debug",
    "D",
    "layers",
    "tls-verify",
    "disable-content-trust",
];

impl Flags {
    /// Each item is one word of the command line, as goreleaser hands it over.
    pub(super) fn read(d: &Draft<'_>, texts: &[Text], fields: &Fields, what: &str) -> Flags {
        let mut out = Flags::default();
        let items: Vec<(String, &Text)> = texts.iter().map(|t| (d.render.text(t, fields), t)).collect();
        let mut items = items.into_iter().filter(|(t, _)| !t.trim().is_empty()).peekable();
        while let Some((word, text)) = items.next() {
            let mut words = vec![word.clone()];
            let (name, value) = match word.split_once('=') {
                Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
                None if ALONE.contains(&word.trim_start_matches('-')) => (word.clone(), None),
                // Its value is the next word, unless that is a flag.
                None => {
                    let value = items.next_if(|(next, _)| !next.starts_with('-')).map(|(v, _)| v);
                    words.extend(value.clone());
                    (word.clone(), value)
                }
            };
            let bare = name.trim_start_matches('-');
            let flag = match name.starts_with('-') && !name.contains(char::is_whitespace) {
                true => out.take(d, bare, value.as_deref().unwrap_or_default(), text),
                false => Flag::Word,
            };
            if matches!(flag, Flag::Idle | Flag::ForRun | Flag::Foreign) {
                out.passed.extend(words);
            }
            match flag {
                Flag::ForRun => out.for_run.push(name.clone()),
                Flag::Foreign => out.foreign.push(name.clone()),
                _ => {}
            }
            say(d, flag, &name, what, text);
        }
        out
    }

    fn take(&mut self, d: &Draft<'_>, name: &str, value: &str, text: &Text) -> Flag {
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
            "build-context" if said.starts_with("oci-layout://") || said.starts_with("docker-image://") => {
                self.contexts.push((key.to_owned(), said));
                self.passed.extend(["--build-context".to_owned(), value.to_owned()]);
            }
            "target" => self.target = Some(value.to_owned()),
            "platform" => self.platform = Some(value.to_owned()),
            "file" | "f" => self.file = Some(Text { value: value.to_owned(), place: text.place.clone() }),
            "provenance" | "sbom" | "attest" if value == "false" => return Flag::Dropped,
            "provenance" | "sbom" | "attest" => return Flag::Attests,
            "output" | "o" => return Flag::Elsewhere,
            // As it is without it.
            "network" | "net" if value == "default" => return Flag::Idle,
            _ if IDLE.contains(&name) => return Flag::Idle,
            _ if DROPPED.contains(&name) => return Flag::Dropped,
            _ if FOR_RUN.contains(&name) => return Flag::ForRun,
            _ => return Flag::Foreign,
        }
        Flag::Taken
    }

    /// Who makes what goferry does not do itself.
    pub(super) fn outside(&self, d: &Draft<'_>) -> Option<Outside> {
        d.dockerfile_builder().map(|builder| Outside {
            builder,
            flags: self.passed.clone(),
            always: self.foreign.clone(),
        })
    }

    /// The Dockerfile of `--file`, which must be in the context, or the configuration's.
    pub(super) fn dockerfile(
        &self,
        d: &Draft<'_>,
        configured: String,
        files: &[String],
        what: &str,
    ) -> String {
        let Some(file) = &self.file else { return configured };
        let path = file.value.trim_start_matches("./").to_owned();
        if path == "Dockerfile" {
            return configured;
        }
        let inside = |f: &String| *f == path || path.starts_with(&format!("{}/", f.trim_end_matches('/')));
        if !files.iter().any(inside) {
            let message = format!("{what}: `--file={path}` is not in the context");
            let diag = Diagnostic::error(Code::ConfigValue, message)
                .hint("name the file at `dockerfile`, or among `extra_files`");
            d.render.push(labelled(diag, &file.place, ""));
        }
        path
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

fn say(d: &Draft<'_>, flag: Flag, name: &str, what: &str, text: &Text) {
    let diag = match flag {
        Flag::Attests => {
            let message = format!("{what}: `{name}` is left out: images hold no attestations of BuildKit's");
            Diagnostic::note(Code::ConfigValue, message)
                .hint("`goferry image push` attaches SBOM and provenance to the image instead")
        }
        Flag::Foreign if d.dockerfile_builder().is_none() => {
            let message = format!("{what}: the flag `{name}` of docker is not done here");
            Diagnostic::error(Code::UnsupportedKey, message)
                .hint(
                    "done are --build-arg, --label, --annotation, --platform, --target, --file and --build-context of an image; flags of caches and progress have no meaning here",
                )
                .hint_with("to have another builder make the image:", "--dockerfile-builder=buildx")
        }
        Flag::Elsewhere => {
            let message = format!("{what}: `{name}` would put the image elsewhere");
            Diagnostic::error(Code::ConfigValue, message)
                .hint("it goes to dist/images, and by `goferry image push` to its names; leave the flag out")
        }
        Flag::Word => {
            let message = format!("{what}: `{name}` is no flag of docker");
            let diag = Diagnostic::error(Code::ConfigValue, message);
            match name.contains(char::is_whitespace) {
                true => diag.hint("a flag and its value are one word with `=`, or two items of the list"),
                false => diag,
            }
        }
        Flag::Taken | Flag::Idle | Flag::Dropped | Flag::ForRun | Flag::Foreign => return,
    };
    d.render.push(labelled(diag, &text.place, ""));
}
