//! Registries of container images: the OCI distribution protocol 1.1, with what Docker's clients add to it.
//!
//! Owns: references, credentials of Docker's configuration, tokens, pull, push, tags and referrers. Must not: know what an
//! image is for, read the environment, start a program, print, or show a password or a token in any error.
//!
//! Blobs come from a [`BlobSource`] and go into a [`BlobSink`]; requests go through a [`Transport`].

mod answer;
mod blobs;
mod challenge;
mod client;
mod credentials;
mod digest;
mod error;
mod login;
mod manifest;
mod platform;
mod pull;
mod push;
mod reference;
mod referrers;
mod tags;
mod upload;

pub use blobs::{Blob, BlobSink, BlobSource, Memory};
pub use client::{Client, Options, Transport};
pub use credentials::{Credential, Credentials, HelperOutput};
pub use digest::{BadDigest, Digest};
pub use error::RegistryError;
pub use goferry_net::Sink;
pub use manifest::{Descriptor, EMPTY_JSON, Manifest, media};
pub use platform::Platform;
pub use pull::Fetched;
pub use push::{Push, Pushed};
pub use reference::{Reference, Repository};
pub use referrers::{Referrer, Stored};
