//! What artifacts.json says of images, in goreleaser's shape.
//!
//! Must not: decide which images there are, say of an image that it was pushed.

use super::place;
use crate::images::build::MadeImage;
use crate::steps::Execution;
use goferry_package::dist::{Artifact, ArtifactKind};
use goferry_plan::graph::ImageSpec;

/// An entry for each name, as goreleaser has it; its path is the name again. An image without names has its layout's.
pub(super) fn artifacts(cx: &Execution<'_>, spec: &ImageSpec, made: &MadeImage) -> Vec<Artifact> {
    if made.names.is_empty() {
        return vec![described(spec, made, Artifact::new(kind(spec), &made.id, place(cx, &made.layout)))];
    }
    made.names.iter().map(|n| described(spec, made, Artifact::new(kind(spec), n, n))).collect()
}

/// goreleaser's `dockers` are made by a release and pushed by its end; the others are pushed as they are made, and have one kind only.
fn kind(spec: &ImageSpec) -> ArtifactKind {
    match spec.section.as_str() {
        "dockers" => ArtifactKind::PublishableDockerImage,
        "kos" => ArtifactKind::DockerManifest,
        _ => ArtifactKind::DockerImageV2,
    }
}

fn described(spec: &ImageSpec, made: &MadeImage, mut a: Artifact) -> Artifact {
    a = a.with("ID", spec.id.as_str()).with("Digest", made.digest.as_str());
    match (spec.section.as_str(), spec.content.platforms()) {
        ("dockers", [one]) => {
            let full = Artifact::default().for_target(&one.target);
            Artifact { goos: full.goos, goarch: full.goarch, goarm: full.goarm, ..a }
        }
        ("dockers" | "kos", _) => a,
        _ => {
            let platforms: Vec<&str> = made.platforms.iter().map(|p| p.platform.as_str()).collect();
            a.with("Platforms", platforms)
        }
    }
}
