//! `docker_manifests`, `docker_digest` and `docker_signs`.

use super::sign;
use super::view::View;
use crate::model::{ImageManifest, ImagePushing};

pub(super) fn read(root: &View<'_>) -> ImagePushing {
    let digest = root.map("docker_digest");
    let text = |name: &str| digest.as_ref().and_then(|d| d.text(name));
    ImagePushing {
        signs: root.maps("docker_signs").iter().map(sign::read_item).collect(),
        manifests: root.maps("docker_manifests").iter().map(manifest).collect(),
        no_digests: text("disable"),
        digests: text("name_template"),
    }
}

fn manifest(item: &View<'_>) -> ImageManifest {
    ImageManifest {
        id: item.text("id"),
        name: item.text("name_template"),
        images: item.texts("image_templates"),
        skip_push: item.text("skip_push"),
        place: item.place(),
    }
}
