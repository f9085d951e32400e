//! Image steps: goreleaser's `kos`, `dockers_v2` and `dockers`, and goferry's `[[image]]`.
//!
//! An image holds binaries that were verified, never ones of its own: where `kos` asks for other flags than its build has,
//! that is an error, since ko would build another program.

mod docker;
mod ko;
mod native;

use crate::archives::Uploadable;
use crate::builds::PlannedBinary;
use crate::draft::Draft;
use crate::graph::{
    Action, ArtifactKind, BaseSpec, ImageContent, ImageSpec, Output, Scope, Stage, Step, StepId,
};
use goferry_config::model::Text;
use goferry_config::place::Place;
use goferry_report::{Code, Diagnostic};
use goferry_target::GoTarget;
use std::collections::{BTreeMap, BTreeSet};

/// Steps of images. `packages` are the steps that make packages, which Dockerfiles may copy.
///
/// The archives of images are uploaded as other archives are, and so are among the checksums.
pub(crate) fn steps(
    d: &Draft<'_>,
    binaries: &[PlannedBinary],
    packages: &[Step],
    steps: &mut Vec<Step>,
    uploadables: &mut Vec<Uploadable>,
) {
    let mut specs = Specs { d, taken: BTreeMap::new(), out: vec![] };
    let made = docker::Made { binaries, packages };
    if !d.options.skips("kos") {
        for k in &d.config.kos {
            specs.push(ko::spec(d, k, binaries), &k.place);
        }
    }
    if !d.options.skips("image") {
        for i in &d.config.images {
            specs.push(native::spec(d, i, &made), &i.place);
        }
    }
    specs.dockers(&made);
    for step in specs.out.into_iter().map(step) {
        if let Action::Image(spec) = &step.action {
            uploadables.extend(spec.archive.as_ref().map(|file| Uploadable {
                name: file.clone(),
                path: file.clone(),
                id: spec.id.clone(),
                step: step.id.clone(),
            }));
        }
        steps.push(step);
    }
}

/// Images so far.
struct Specs<'d> {
    d: &'d Draft<'d>,
    /// Folders, with the ids and sections that have them.
    taken: BTreeMap<String, (String, String)>,
    out: Vec<ImageSpec>,
}

impl Specs<'_> {
    /// goreleaser's ids are those of a section, and here each image has a folder: the second section's says whose it is.
    fn push(&mut self, spec: impl IntoIterator<Item = ImageSpec>, place: &Place) {
        for mut spec in spec {
            let other = self.taken.get(&spec.layout).filter(|(id, _)| *id == spec.id);
            if other.is_some_and(|(_, section)| *section != spec.section) {
                spec.id = format!("{}-{}", spec.id, spec.section);
                spec.layout = layout(&spec.id);
            }
            if let Some(diag) = self.refused(&spec) {
                let second = if spec.layout == FOLDER { "" } else { "the second" };
                self.d.render.push(labelled(diag, place, second));
            } else {
                self.taken.insert(spec.layout.clone(), (spec.id.clone(), spec.section.clone()));
                self.out.push(spec);
            }
        }
    }

    /// Ids that differ may still have one folder: not every character may be in its name.
    fn refused(&self, spec: &ImageSpec) -> Option<Diagnostic> {
        if spec.layout == FOLDER {
            let message =
                format!("the image id `{}` has no character that a folder's name may have", spec.id);
            return Some(Diagnostic::error(Code::ConfigValue, message).hint("use letters, digits, - and _"));
        }
        let (id, _) = self.taken.get(&spec.layout)?;
        let message = match *id == spec.id {
            true => format!("two images have the id `{id}`"),
            false => format!("the images `{id}` and `{}` would both be in dist/{}", spec.id, spec.layout),
        };
        Some(Diagnostic::error(Code::DuplicateId, message).hint("give each image an id of its own"))
    }

    /// Images of Dockerfiles.
    fn dockers(&mut self, made: &docker::Made<'_>) {
        let d = self.d;
        if !d.options.skips("dockers_v2") {
            for v in &d.config.dockers_v2 {
                self.push(docker::v2(d, v, made), &v.place);
            }
        }
        if d.options.skips("dockers") {
            return;
        }
        for (at, o) in d.config.dockers.iter().enumerate() {
            self.push(docker::old(d, o, at, made), &o.place);
        }
    }
}

/// The step of an image.
pub(crate) fn step(spec: ImageSpec) -> Step {
    let binaries = spec.content.platforms().iter().flat_map(|p| &p.binaries);
    let mut needs: BTreeSet<StepId> = binaries.map(|b| b.verified.clone()).collect();
    if let ImageContent::Dockerfile(content) = &spec.content {
        needs.extend(content.packages.iter().map(|p| p.step.clone()));
    }
    let output = |path: &String, kind| Output {
        path: path.clone(),
        name: path.rsplit('/').next().unwrap_or(path).to_owned(),
        kind,
    };
    let layout = std::iter::once(output(&spec.layout, ArtifactKind::Image));
    let outputs = layout.chain(spec.archive.iter().map(|a| output(a, ArtifactKind::ImageArchive)));
    Step {
        id: StepId(format!("image/{}", spec.id)),
        stage: Stage::Image,
        target: None,
        needs: needs.into_iter().collect(),
        outputs: outputs.collect(),
        action: Action::Image(spec),
        cacheable: false,
    }
}

fn labelled(diag: Diagnostic, place: &Place, text: &str) -> Diagnostic {
    match place.label(text) {
        Some(l) => diag.label(l),
        None => diag,
    }
}

/// Where the layouts are, in dist/.
const FOLDER: &str = "images/";

/// `dist/images/<id>`: an id may be any text, a folder's name not.
fn layout(id: &str) -> String {
    let safe = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.') { c } else { '_' };
    format!("{FOLDER}{}", id.chars().map(safe).collect::<String>().trim_start_matches('.'))
}

/// `scratch`, `oci:FOLDER[:NAME]`, or a reference.
fn base(text: &str) -> BaseSpec {
    if text == "scratch" {
        return BaseSpec::Scratch;
    }
    let Some(rest) = text.strip_prefix("oci:") else {
        return BaseSpec::Registry { reference: text.to_owned() };
    };
    // As skopeo has it: what follows the last colon is the name, unless a folder follows.
    match rest.rsplit_once(':') {
        Some((path, name)) if !name.contains('/') && !path.is_empty() => {
            BaseSpec::Layout { path: path.to_owned(), name: Some(name.to_owned()) }
        }
        _ => BaseSpec::Layout { path: rest.to_owned(), name: None },
    }
}

/// Each of the names with each of the tags, each once; empty tags are left out.
fn names(repositories: &[String], tags: &[String]) -> Vec<String> {
    let mut out: Vec<String> = vec![];
    for repository in repositories {
        for tag in tags {
            let name = format!("{repository}:{tag}");
            if !out.contains(&name) {
                out.push(name);
            }
        }
    }
    out
}

/// Rendered, with what comes out empty left out.
fn map(d: &Draft<'_>, texts: &BTreeMap<String, Text>) -> BTreeMap<String, String> {
    texts.iter().map(|(k, v)| (k.clone(), d.render.text(v, &d.fields))).collect()
}

/// `index:KEY`, `manifest:KEY`, `manifest[PLATFORM]:KEY`, `index,manifest:KEY`, or `KEY` alone (BuildKit's words).
fn annotations(texts: BTreeMap<String, String>) -> Vec<(Scope, String, String)> {
    let mut out = vec![];
    for (key, value) in texts {
        let scopes = key.split_once(':').and_then(|(s, k)| Some((scopes(s)?, k.to_owned())));
        let (scopes, key) = scopes.unwrap_or((vec![Scope::Everywhere], key));
        out.extend(scopes.into_iter().map(|s| (s, key.clone(), value.clone())));
    }
    out
}

fn scopes(words: &str) -> Option<Vec<Scope>> {
    let mut out = vec![];
    for word in words.split(',') {
        let word = word.trim();
        out.push(match word {
            "index" => Scope::Index,
            "manifest" => Scope::Manifest(None),
            _ => Scope::Manifest(Some(word.strip_prefix("manifest[")?.strip_suffix(']')?.to_owned())),
        });
    }
    Some(out)
}

/// Whether the command line chose among the builds, so that what is missing may be missing.
fn narrowed(d: &Draft<'_>) -> bool {
    let o = d.options;
    !o.ids.is_empty() || !o.only_targets.is_empty() || o.single_target.is_some()
}

/// Whether images of this target can be run by anybody: Linux, and wasip1 by shims.
fn has_images(target: &GoTarget) -> bool {
    matches!(target.os, goferry_target::Os::Linux | goferry_target::Os::Wasip1)
}

/// The binary for a platform: the very one, else, where no variant was asked for, the first of the architecture.
fn for_platform<'b>(binaries: &[&'b PlannedBinary], wanted: &str) -> Option<&'b PlannedBinary> {
    let target: GoTarget = wanted.parse().ok()?;
    let exact = binaries.iter().find(|b| b.target == Some(target));
    let alike = |b: &&&PlannedBinary| {
        b.target.is_some_and(|t| t.os == target.os && t.arch.kind() == target.arch.kind())
    };
    let open = wanted.split('/').count() == 2;
    exact.or_else(|| binaries.iter().find(alike).filter(|_| open)).copied()
}

/// No binary for a platform.
fn no_binary(d: &Draft<'_>, what: &str, id: &str, wanted: &Text, has: &[&PlannedBinary]) {
    let platform = d.render.text(wanted, &d.fields);
    let known = has.iter().filter_map(|b| b.target).map(|t| t.to_string());
    let mut known: Vec<String> = known.collect();
    known.dedup();
    let message = format!("{what} is to be made for {platform}, but build `{id}` has no such target");
    let diag = Diagnostic::error(Code::UnknownTarget, message)
        .hint(format!("images hold what was built and verified; its targets are: {}", known.join(", ")));
    d.render.push(labelled(diag, &wanted.place, ""));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bases() {
        let layout = |path: &str, name: Option<&str>| BaseSpec::Layout {
            path: path.into(),
            name: name.map(str::to_owned),
        };
        for (text, want) in [
            ("scratch", BaseSpec::Scratch),
            ("oci:base", layout("base", None)),
            ("oci:../base:1.2", layout("../base", Some("1.2"))),
            ("oci:a:b/c", layout("a:b/c", None)),
            ("debian:12", BaseSpec::Registry { reference: "debian:12".into() }),
        ] {
            assert_eq!(base(text), want, "{text}");
        }
    }

    #[test]
    fn annotations_have_scopes() {
        let of = |key: &str| annotations(BTreeMap::from([(key.to_owned(), "v".to_owned())]));
        let one = |scope, key: &str| (scope, key.to_owned(), "v".to_owned());
        assert_eq!(of("a.b"), [one(Scope::Everywhere, "a.b")]);
        assert_eq!(of("index:a"), [one(Scope::Index, "a")]);
        assert_eq!(of("index,manifest:a"), [one(Scope::Index, "a"), one(Scope::Manifest(None), "a")]);
        let arm = Scope::Manifest(Some("linux/arm/v7".into()));
        assert_eq!(of("manifest[linux/arm/v7]:a"), [one(arm, "a")]);
        // A colon that begins no scope is the key's own.
        assert_eq!(of("x:y"), [one(Scope::Everywhere, "x:y")]);
    }

    #[test]
    fn names_are_repositories_with_tags() {
        let list = |words: &[&str]| words.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>();
        assert_eq!(names(&list(&["a", "b"]), &list(&["1", "2", "1"])), ["a:1", "a:2", "b:1", "b:2"]);
        assert_eq!(layout("../x y"), "images/_x_y");
    }
}
