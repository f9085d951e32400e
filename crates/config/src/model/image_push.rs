//! `docker_manifests`, `docker_digest` and `docker_signs`: what happens to images when they are pushed.

use super::{SignItem, Text};
use crate::place::Place;
use serde::Serialize;

/// All three.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ImagePushing {
    /// `docker_signs`.
    pub signs: Vec<SignItem>,
    /// `docker_manifests`.
    pub manifests: Vec<ImageManifest>,
    /// `docker_digest.disable` (bool or template).
    pub no_digests: Option<Text>,
    /// `docker_digest.name_template`, default `digests.txt`.
    pub digests: Option<Text>,
}

/// One item of `docker_manifests`: an index of images that were pushed under these names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ImageManifest {
    /// `id`.
    pub id: Option<Text>,
    /// `name_template`.
    pub name: Option<Text>,
    /// `image_templates`.
    pub images: Vec<Text>,
    /// `skip_push` (bool, `auto` or template).
    pub skip_push: Option<Text>,
    /// Where.
    #[serde(skip)]
    pub place: Place,
}
