//! `kos` and `[[image]]`: container images.

use super::Text;
use crate::place::Place;
use serde::Serialize;
use std::collections::BTreeMap;

/// One item of goreleaser's `kos`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Ko {
    /// `id`, default the project's name.
    pub id: Option<Text>,
    /// `build`, default the id.
    pub build: Option<Text>,
    /// `main`, default the build's.
    pub main: Option<Text>,
    /// `working_dir`, default the build's.
    pub working_dir: Option<Text>,
    /// `base_image`, default cgr.dev/chainguard/static.
    pub base_image: Option<Text>,
    /// `labels`.
    pub labels: BTreeMap<String, Text>,
    /// `annotations`.
    pub annotations: BTreeMap<String, Text>,
    /// `user`.
    pub user: Option<Text>,
    /// `repositories`; `$KO_DOCKER_REPO` takes their place.
    pub repositories: Vec<Text>,
    /// `platforms`, default linux/amd64.
    pub platforms: Vec<Text>,
    /// `tags`, default `latest`.
    pub tags: Vec<Text>,
    /// `creation_time`: Unix seconds.
    pub creation_time: Option<Text>,
    /// `ko_data_creation_time`: Unix seconds.
    pub ko_data_creation_time: Option<Text>,
    /// `sbom`.
    pub sbom: Option<Text>,
    /// `sbom_directory`.
    pub sbom_directory: Option<Text>,
    /// `ldflags`, default the build's.
    pub ldflags: Vec<Text>,
    /// `flags`, default the build's.
    pub flags: Vec<Text>,
    /// `env`, default the build's.
    pub env: Vec<Text>,
    /// `bare`: the repository is the name.
    pub bare: bool,
    /// `preserve_import_paths`.
    pub preserve_import_paths: bool,
    /// `base_import_paths`.
    pub base_import_paths: bool,
    /// `local_domain`: the repository of snapshots.
    pub local_domain: Option<Text>,
    /// `disable` (bool or template).
    pub disable: Option<Text>,
    /// Where.
    #[serde(skip)]
    pub place: Place,
}

/// One `[[image]]` of goferry.toml.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Image {
    /// `id`, default the project's name.
    pub id: Option<Text>,
    /// `ids` of builds; default all.
    pub ids: Vec<Text>,
    /// `dockerfile`: makes the image of it.
    pub dockerfile: Option<Text>,
    /// `extra_files` in the Dockerfile's context.
    pub extra_files: Vec<Text>,
    /// `build_args` of the Dockerfile.
    pub build_args: BTreeMap<String, Text>,
    /// `target`: the stage of the Dockerfile.
    pub target: Option<Text>,
    /// `base`: a reference, `oci:FOLDER` or `scratch`, the default.
    pub base: Option<Text>,
    /// `images`: names without tags; default the id.
    pub images: Vec<Text>,
    /// `tags`, default the version.
    pub tags: Vec<Text>,
    /// `platforms`; default all of the builds on which images run.
    pub platforms: Vec<Text>,
    /// `labels`.
    pub labels: BTreeMap<String, Text>,
    /// `annotations`, with a scope before the key if it is not for all.
    pub annotations: BTreeMap<String, Text>,
    /// `user`.
    pub user: Option<Text>,
    /// `entrypoint`, default the only binary.
    pub entrypoint: Option<Vec<Text>>,
    /// `cmd`.
    pub cmd: Vec<Text>,
    /// `env`: `KEY=template` items.
    pub env: Vec<Text>,
    /// `ports`.
    pub ports: Vec<Text>,
    /// `volumes`.
    pub volumes: Vec<Text>,
    /// `workdir`.
    pub workdir: Option<Text>,
    /// `stop_signal`.
    pub stop_signal: Option<Text>,
    /// `bin_dir`, default /usr/local/bin.
    pub bin_dir: Option<Text>,
    /// `data`: a folder of the project, as `SRC:DST`.
    pub data: Vec<Text>,
    /// `certificates`, default true on `scratch`.
    pub certificates: Option<bool>,
    /// `time_zones`.
    pub time_zones: bool,
    /// `passwd`, default true on `scratch`.
    pub passwd: Option<bool>,
    /// `tmp`, default true on `scratch`.
    pub tmp: Option<bool>,
    /// `archive`: also one file that `docker load` reads.
    pub archive: bool,
    /// `compression`: gzip, zstd or none.
    pub compression: Option<Text>,
    /// `disable` (bool or template).
    pub disable: Option<Text>,
    /// Where.
    #[serde(skip)]
    pub place: Place,
}
