//! OCI and Docker images as data.
//!
//! Owns: descriptors, configurations, manifests and indices; the layout on disk; layers, written the same way always and
//! read with their whiteouts; the file tree of an image. Must not: use the network, run programs, read the environment,
//! know what is released.
//!
//! Formats: OCI image specification 1.1.1 (<https://github.com/opencontainers/image-spec>, `descriptor.md`, `manifest.md`,
//! `image-index.md`, `config.md`, `layer.md`, `image-layout.md`), Docker Image Specification 1.3 and
//! Registry v2 schema 2 where they differ by media types only.

pub mod archive;
mod assemble;
mod binaries;
mod blob;
mod bounded;
mod digest;
pub mod dockerfile;
mod error;
mod folder;
mod gzip;
pub mod layer;
mod layout;
pub mod model;
pub mod tree;

pub use assemble::{Addition, Base, Part, adopt, assemble, publish, rfc3339, seal};
pub use binaries::{Program, binary_layers};
pub use blob::BlobWriter;
pub use digest::Digest;
pub use error::ImageError;
pub use folder::read_folder;
pub use layer::{Change, Compression, Layer, LayerEntry, write_layer};
pub use layout::Layout;
pub use model::{Descriptor, ImageConfig, Index, Manifest, Platform, media_type};
pub use tree::{Content, Kind, Node, Tree};
