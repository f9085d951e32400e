//! What happens when images are pushed: `docker_manifests`, `docker_digest` and `docker_signs`.
//!
//! goreleaser's rules (2.15.1, internal/pipe/docker and sign): `$name` of a sign command is filled in first and templates
//! after; here the image is not known until it is pushed, so templates come first, and `.Env.artifact` in them gives
//! `${artifact}`.

use crate::draft::Draft;
use crate::graph::NativeSign;
use crate::sign;
use goferry_config::model::{self, Text};
use goferry_config::template::expand_shell;
use goferry_report::{Code, Diagnostic};
use std::collections::{BTreeMap, BTreeSet};

/// All of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImagePush {
    /// Indexes of images that were pushed.
    pub manifests: Vec<Manifest>,
    /// The file with digests, relative to dist.
    pub digests: Option<String>,
    /// What signs images.
    pub signs: Vec<Sign>,
    /// What `skip_push` holds back.
    pub held: Vec<Held>,
}

/// Images that are not pushed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The section that says so.
    pub section: &'static str,
    /// References.
    pub names: Vec<String>,
    /// Why: what stands at `skip_push`.
    pub why: &'static str,
}

/// An index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// Its id, for `docker_signs.ids`; may be empty.
    pub id: String,
    /// Its reference.
    pub name: String,
    /// Of its images.
    pub images: Vec<String>,
}

/// A command that signs images, before it is known which.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sign {
    /// Its id.
    pub id: String,
    /// Which images.
    pub which: Which,
    /// Only images with these ids; empty: all.
    pub ids: Vec<String>,
    /// The program.
    pub program: String,
    args: Vec<String>,
    /// `KEY=value`.
    pub env: Vec<String>,
    /// Its standard input.
    pub stdin: Option<String>,
    /// A file with that.
    pub stdin_file: Option<String>,
    /// Whether what it says is shown.
    pub output: bool,
}

/// Which images are signed, by what made them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// Nothing was said: those of `dockers_v2` and of `[[image]]`.
    Own,
    /// `images`: these and those of `dockers`.
    Images,
    /// `manifests`: these, `docker_manifests`, and those of `kos`.
    Manifests,
    /// All.
    All,
}

impl Which {
    /// Whether images of a section are meant: `dockers`, `docker_manifests`, `kos`, `dockers_v2`, `image`.
    pub fn takes(self, section: &str) -> bool {
        match section {
            "dockers" => matches!(self, Which::Images | Which::All),
            "docker_manifests" | "kos" => matches!(self, Which::Manifests | Which::All),
            _ => true,
        }
    }
}

/// What a command knows of the image that it signs.
const OF_IMAGE: [&str; 4] = ["artifact", "artifactName", "artifactID", "digest"];

impl Sign {
    /// The environment that is the command's own: of the image, and what `env` says. `artifact` is its name, `digest` its digest.
    pub fn environment(&self, artifact: &str, digest: &str, id: &str) -> BTreeMap<String, String> {
        let own = OF_IMAGE.into_iter().zip([artifact, artifact, id, digest]);
        let env = self.env.iter().filter_map(|e| e.split_once('='));
        own.chain(env).map(|(k, v)| (k.to_owned(), v.to_owned())).collect()
    }

    /// The arguments for an image, by its environment.
    pub fn args(&self, environment: &BTreeMap<String, String>) -> Vec<String> {
        self.args.iter().map(|a| expand_shell(a, &|n| environment.get(n).cloned())).collect()
    }

    /// What goferry itself does of the command, if it does: who signs. None: the command is run.
    pub fn native(&self, args: &[String], reference: &str) -> Option<NativeSign> {
        let it = sign::sign_image(&self.program, args).filter(|i| i.file == reference)?;
        Some(NativeSign {
            // cosign logs what a key signs unless told not to; here it must be asked for.
            log: it.key.is_none() || it.log == Some(true) || it.log.is_none() && it.services.rekor.is_some(),
            key: it.key,
            token: it.token,
            services: it.services,
            env: self.env.clone(),
            stdin: self.stdin.clone(),
            ..NativeSign::default()
        })
    }
}

/// goreleaser's default arguments.
const ARGS: [&str; 4] = ["sign", "--key=cosign.key", "${artifact}@${digest}", "--yes"];

impl Draft<'_> {
    /// What happens when images are pushed. What is wrong is among [`Draft::problems`].
    pub fn image_push(&self) -> ImagePush {
        let it = &self.config.image_push;
        let skips = |section: &str| self.options.skips(section);
        let manifests = it.manifests.iter().filter(|_| !skips("docker_manifests"));
        let no_digests = skips("docker_digest") || self.render.flag(it.no_digests.as_ref(), &self.fields);
        let mut ids = BTreeSet::new();
        let mut held = self.held_images();
        ImagePush {
            manifests: manifests.filter_map(|m| self.image_manifest(m, &mut held)).collect(),
            digests: (!no_digests).then(|| self.render.opt(it.digests.as_ref(), "digests.txt", &self.fields)),
            signs: it
                .signs
                .iter()
                .filter(|_| !skips("docker_signs"))
                .filter_map(|s| self.image_sign(s, &mut ids))
                .collect(),
            held,
        }
    }

    /// Images of `dockers` with `skip_push`.
    fn held_images(&self) -> Vec<Held> {
        let one = |o: &model::Docker| {
            let why = self.held_back(o.skip_push.as_ref())?;
            let names = self.render.list(&o.image_templates, &self.fields);
            Some(Held { section: "dockers", names, why })
        };
        self.config.dockers.iter().filter_map(one).collect()
    }

    /// What stands at `skip_push`, if it holds: `true`, or `auto` of a prerelease.
    fn held_back(&self, skip: Option<&Text>) -> Option<&'static str> {
        let pre = Text::implied("{{ .Prerelease }}".to_owned());
        match self.render.opt(skip, "", &self.fields).trim() {
            "true" => Some("true"),
            "auto" if !self.render.text(&pre, &self.fields).is_empty() => {
                Some("auto, and this is a prerelease")
            }
            _ => None,
        }
    }

    fn image_manifest(&self, m: &model::ImageManifest, held: &mut Vec<Held>) -> Option<Manifest> {
        let name = self.render.opt(m.name.as_ref(), "", &self.fields);
        if let Some(why) = self.held_back(m.skip_push.as_ref()) {
            held.push(Held { section: "docker_manifests", names: vec![name], why });
            return None;
        }
        let images = self.render.list(&m.images, &self.fields);
        if name.is_empty() || images.is_empty() {
            let mut d = Diagnostic::error(
                Code::ConfigValue,
                "an item of `docker_manifests` needs `name_template` and `image_templates`",
            );
            d.labels.extend(m.place.label(""));
            self.render.push(d);
            return None;
        }
        Some(Manifest { id: self.render.opt(m.id.as_ref(), "", &self.fields), name, images })
    }

    fn image_sign(&self, s: &model::SignItem, ids: &mut BTreeSet<String>) -> Option<Sign> {
        let say = |message: String| {
            let mut d = Diagnostic::error(Code::ConfigValue, message);
            d.labels.extend(s.place.label(""));
            self.render.push(d);
        };
        let id = self.render.opt(s.id.as_ref(), "default", &self.fields);
        if !ids.insert(id.clone()) {
            say(format!("two items of `docker_signs` have the id `{id}`"));
            return None;
        }
        let which = match self.render.opt(s.artifacts.as_ref(), "", &self.fields).as_str() {
            "none" => return None,
            "" => Which::Own,
            "images" => Which::Images,
            "manifests" => Which::Manifests,
            "all" => Which::All,
            other => {
                say(format!("`docker_signs.artifacts` cannot be `{other}`"));
                return None;
            }
        };
        if s.condition.is_some() && !self.render.flag(s.condition.as_ref(), &self.fields) {
            return None;
        }
        let of_image = OF_IMAGE.map(|name| (name.to_owned(), format!("${{{name}}}")));
        let env: Vec<String> = s.env.iter().map(|t| self.render.text(t, &self.fields)).collect();
        let own = env.iter().filter_map(|e| e.split_once('=')).map(|(k, v)| (k.to_owned(), v.to_owned()));
        let fields = self.fields.with_env(self.env.clone().into_iter().chain(of_image).chain(own));
        let text = |t: &Text| self.render.text(t, &fields);
        let args = match s.args.as_slice() {
            [] => ARGS.map(str::to_owned).to_vec(),
            args => args.iter().map(text).collect(),
        };
        Some(Sign {
            id,
            which,
            ids: self.render.list(&s.ids, &self.fields),
            program: s.cmd.as_ref().map_or_else(|| "cosign".to_owned(), |c| c.value.clone()),
            args,
            env,
            stdin: s.stdin.as_ref().map(text),
            stdin_file: s.stdin_file.as_ref().map(|t| t.value.clone()),
            output: self.render.flag(s.output.as_ref(), &fields),
        })
    }
}
