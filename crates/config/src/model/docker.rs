//! `dockers_v2` and `dockers`.

use super::{Hook, Text};
use crate::place::Place;
use serde::Serialize;
use std::collections::BTreeMap;

/// A program that makes images of Dockerfiles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum DockerfileBuilder {
    /// `docker buildx build`.
    Buildx,
    /// `podman build`.
    Podman,
    /// `buildah build`.
    Buildah,
}

impl std::str::FromStr for DockerfileBuilder {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "buildx" => Ok(DockerfileBuilder::Buildx),
            "podman" => Ok(DockerfileBuilder::Podman),
            "buildah" => Ok(DockerfileBuilder::Buildah),
            _ => Err(format!("`{text}` is none of buildx, podman, buildah")),
        }
    }
}

/// One item of `dockers_v2`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct DockerV2 {
    /// `id`, default the project's name.
    pub id: Option<Text>,
    /// `ids`: only binaries of these builds.
    pub ids: Vec<Text>,
    /// `dockerfile`, default `Dockerfile`.
    pub dockerfile: Option<Text>,
    /// `images`: names without tags.
    pub images: Vec<Text>,
    /// `tags`, default the release's.
    pub tags: Vec<Text>,
    /// `labels`.
    pub labels: BTreeMap<String, Text>,
    /// `annotations`.
    pub annotations: BTreeMap<String, Text>,
    /// `extra_files`.
    pub extra_files: Vec<Text>,
    /// `platforms`, default linux/amd64 and linux/arm64.
    pub platforms: Vec<Text>,
    /// `build_args`.
    pub build_args: BTreeMap<String, Text>,
    /// `flags` of `docker buildx build`.
    pub flags: Vec<Text>,
    /// `disable` (bool or template).
    pub disable: Option<Text>,
    /// `hooks.pre`.
    pub hooks_pre: Vec<Hook>,
    /// `hooks.post`.
    pub hooks_post: Vec<Hook>,
    /// Where.
    #[serde(skip)]
    pub place: Place,
}

/// One item of `dockers`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Docker {
    /// `id`.
    pub id: Option<Text>,
    /// `ids`: only binaries of these builds.
    pub ids: Vec<Text>,
    /// `goos`, default linux.
    pub goos: Option<Text>,
    /// `goarch`, default amd64.
    pub goarch: Option<Text>,
    /// `goarm`, default 6.
    pub goarm: Option<Text>,
    /// `goamd64`, default v1.
    pub goamd64: Option<Text>,
    /// `dockerfile`, default `Dockerfile`.
    pub dockerfile: Option<Text>,
    /// `image_templates`: names with tags.
    pub image_templates: Vec<Text>,
    /// `extra_files`.
    pub extra_files: Vec<Text>,
    /// `build_flag_templates`: flags of `docker build`.
    pub build_flags: Vec<Text>,
    /// `skip_push` (bool, `auto` or template).
    pub skip_push: Option<Text>,
    /// Where.
    #[serde(skip)]
    pub place: Place,
}
