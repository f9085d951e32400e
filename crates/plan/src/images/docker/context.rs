//! What lies in the build context of a Dockerfile: goreleaser's filters and places (2.15.1, internal/pipe/docker).

use super::super::{for_platform, labelled, narrowed};
use crate::builds::PlannedBinary;
use crate::draft::Draft;
use crate::graph::{Action, ArtifactKind, ContextPackage, ImageBinary, ImagePlatform, Step};
use goferry_config::model::Text;
use goferry_config::place::Place;
use goferry_report::{Code, Diagnostic};
use goferry_target::{Arch, GoTarget};
use std::collections::{BTreeMap, BTreeSet};

/// What a context may hold.
pub(in crate::images) struct Made<'m> {
    pub(in crate::images) binaries: &'m [PlannedBinary],
    /// Steps that make packages.
    pub(in crate::images) packages: &'m [Step],
}

/// What is asked for.
pub(super) struct Wanted<'w> {
    /// `linux/arm/v7`.
    pub(super) text: &'w str,
    /// Of builds and packages; empty: all.
    pub(super) ids: &'w [String],
    /// Which image, in words.
    pub(super) what: &'w str,
    pub(super) place: &'w Place,
    /// Whether each platform has a folder of its own.
    pub(super) folders: bool,
}

/// What there is for a platform.
pub(super) struct Found {
    /// The platform, as it was asked for.
    pub(super) asked: String,
    pub(super) platform: ImagePlatform,
    pub(super) packages: Vec<ContextPackage>,
}

impl Made<'_> {
    /// What there is for a platform. None, which is said unless the command line chose among the targets: nothing can be.
    pub(super) fn found(&self, d: &Draft<'_>, wanted: &Wanted<'_>) -> Option<Found> {
        let Some(asked) = target(wanted.text) else {
            let message = format!("{}: there is no platform `{}`", wanted.what, wanted.text);
            let diag = Diagnostic::error(Code::UnknownTarget, message)
                .hint("platforms are written as OCI does: linux/amd64, linux/arm/v7");
            d.render.push(labelled(diag, wanted.place, ""));
            return None;
        };
        let mine: Vec<&PlannedBinary> = self.mine(wanted).collect();
        let chosen = for_platform(&mine, &asked.to_string().replace("/v8.0", "")).filter(|b| {
            // Without a word of it, any version of arm will do; the others are other platforms.
            b.target == Some(asked) || wanted.text.split('/').count() == 2
        });
        let target = chosen.and_then(|b| b.target).unwrap_or(asked);
        let folder = if wanted.folders { format!("{}/", folder(&target)) } else { String::new() };
        let packages = self.packages_for(wanted, &target, &folder);
        if chosen.is_none() && packages.is_empty() {
            if narrowed(d) {
                return None;
            }
            nothing(d, wanted, &mine);
        }
        let own = mine.iter().filter(|b| chosen.is_some() && b.target == Some(target));
        let binaries: Vec<ImageBinary> = own
            .map(|b| ImageBinary {
                verified: b.verified.clone(),
                path: b.path.clone(),
                to: format!("{folder}{}", b.binary),
            })
            .collect();
        once(d, wanted, &binaries);
        let platform = ImagePlatform { target, binaries, entrypoint: vec![] };
        Some(Found { asked: wanted.text.to_owned(), platform, packages })
    }

    /// goreleaser leaves an image of `dockers` out if there is nothing of one of its ids; here that is said.
    pub(super) fn has_all(&self, d: &Draft<'_>, wanted: &Wanted<'_>) -> bool {
        let Some(target) = target(wanted.text) else { return true };
        let of_builds = self.mine(wanted).filter(|b| b.target == Some(target)).map(|b| b.id.as_str());
        let of_packages = self.packages.iter().filter(|s| s.target == Some(target)).filter_map(id);
        let found: BTreeSet<&str> = of_builds.chain(of_packages).collect();
        let missing: Vec<&str> =
            wanted.ids.iter().map(String::as_str).filter(|id| !found.contains(id)).collect();
        if missing.is_empty() || narrowed(d) {
            return missing.is_empty();
        }
        let message = format!(
            "{} is left out: for {} there is nothing of {}",
            wanted.what,
            wanted.text,
            missing.join(", ")
        );
        let diag = Diagnostic::warning(Code::UnknownId, message)
            .hint("`ids` are those of builds and nfpms; look at goos, goarch, goarm and goamd64 too");
        d.render.push(labelled(diag, wanted.place, ""));
        false
    }

    /// Binaries of these builds, libraries too.
    fn mine<'s>(&'s self, wanted: &'s Wanted<'_>) -> impl Iterator<Item = &'s PlannedBinary> {
        let named = |b: &&PlannedBinary| wanted.ids.is_empty() || wanted.ids.contains(&b.id);
        let fits = |b: &&PlannedBinary| b.target.is_some() && b.kind != ArtifactKind::CHeader;
        self.binaries.iter().filter(named).filter(fits)
    }

    fn packages_for(&self, wanted: &Wanted<'_>, target: &GoTarget, folder: &str) -> Vec<ContextPackage> {
        let named =
            |s: &&Step| wanted.ids.is_empty() || id(s).is_some_and(|id| wanted.ids.iter().any(|w| w == id));
        let of = self.packages.iter().filter(|s| s.target.as_ref() == Some(target)).filter(named);
        let one = |s: &Step| {
            s.outputs
                .iter()
                .map(|o| ContextPackage {
                    step: s.id.clone(),
                    path: o.path.clone(),
                    to: format!("{folder}{}", o.name),
                })
                .collect::<Vec<_>>()
        };
        of.flat_map(one).collect()
    }
}

fn id(step: &Step) -> Option<&str> {
    match &step.action {
        Action::LinuxPackage(spec) => Some(&spec.id),
        _ => None,
    }
}

/// `linux/arm64/v8` is the only arm64; without a word arm is v7, as BuildKit has it.
fn target(text: &str) -> Option<GoTarget> {
    let text = match text.trim_end_matches('/') {
        "linux/arm" => "linux/arm/v7",
        text => text.strip_suffix("/v8").filter(|t| t.ends_with("/arm64")).unwrap_or(text),
    };
    text.contains('/').then(|| text.parse().ok()).flatten()
}

/// What TARGETPLATFORM is.
pub(super) fn folder(target: &GoTarget) -> String {
    let variant = match target.arch {
        Arch::Arm(_) => target.arch.variant().and_then(|v| v.chars().next()).map(|v| format!("/v{v}")),
        _ => None,
    };
    format!("{}/{}{}", target.os.goos(), target.arch.goarch(), variant.unwrap_or_default())
}

/// The same warning as goreleaser's: such an image may be meant, and COPY says what is missing.
fn nothing(d: &Draft<'_>, wanted: &Wanted<'_>, mine: &[&PlannedBinary]) {
    let mut known: Vec<String> = mine.iter().filter_map(|b| b.target).map(|t| t.to_string()).collect();
    known.dedup();
    let message = format!("{}: there is no binary and no package for {}", wanted.what, wanted.text);
    let diag = Diagnostic::warning(Code::UnknownTarget, message).hint(match known.is_empty() {
        true => "look at `ids`: they are those of builds and nfpms".to_owned(),
        false => format!("there are: {}; leave the platform out, or build for it", known.join(", ")),
    });
    d.render.push(labelled(diag, wanted.place, ""));
}

/// goreleaser puts one over the other.
fn once(d: &Draft<'_>, wanted: &Wanted<'_>, binaries: &[ImageBinary]) {
    let mut seen: BTreeMap<&str, &str> = BTreeMap::new();
    for b in binaries {
        if let Some(first) = seen.insert(&b.to, &b.path) {
            let message = format!(
                "{}: two binaries would be {} in the context: {first} and {}",
                wanted.what, b.to, b.path
            );
            let diag = Diagnostic::error(Code::ArchiveNameCollision, message)
                .hint("say by `ids` which build is meant, or give the binaries names of their own");
            d.render.push(labelled(diag, wanted.place, ""));
        }
    }
}

/// `extra_files`: paths in the project, which are the same in the context.
pub(super) fn files(d: &Draft<'_>, texts: &[Text], what: &str) -> Vec<String> {
    let mut out: Vec<String> = vec![];
    for text in texts {
        let path = d.render.text(text, &d.fields);
        if path.starts_with('/') || path.split('/').any(|p| p == "..") {
            let message = format!("{what}: `{path}` of `extra_files` would be outside of the context");
            let diag = Diagnostic::error(Code::ConfigValue, message).hint(
                "a file has the same path in the context as in the project: name one below the project",
            );
            d.render.push(labelled(diag, &text.place, ""));
        } else if !path.trim().is_empty() && !out.contains(&path) {
            out.push(path);
        }
    }
    out
}
