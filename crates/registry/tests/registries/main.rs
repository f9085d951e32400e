//! The client against real registries on loopback: Debian's docker-registry (distribution 2.8), `crane registry serve`, and
//! distribution 3 where it is installed. What a test's registry program needs and is missing is counted as skipped, but not
//! in CI; distribution 3 takes minutes to build and is not demanded there.
#![expect(clippy::unwrap_used, reason = "what a test cannot set up has failed")]

mod auth;
mod broken;
mod gateway;
mod moving;
mod referring;
mod server;

use goferry_net::{NetError, Request, Response};
use goferry_registry::{
    BlobSink, BlobSource, Client, Credentials, Descriptor, Digest, Memory, Options, Reference, Repository,
    Sink, Transport, media,
};
use libtest_mimic::{Arguments, Trial};
use serde_json::json;
use server::{Kind, find};
use std::collections::HashMap;
use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Name, the programs that it needs beside a registry, what it does with one of a kind.
type Check = (&'static str, &'static [Kind], &'static [&'static str], fn(Kind));

const DEMANDED: [Kind; 2] = [Kind::Docker2, Kind::Crane];
/// What every registry should do.
const ALL: &[Kind] = &[Kind::Docker2, Kind::Crane, Kind::Distribution3];
/// What only distribution does.
const DISTRIBUTION: &[Kind] = &[Kind::Docker2, Kind::Distribution3];

fn main() -> ExitCode {
    let args = Arguments::from_args();
    let checks = moving::CHECKS.iter().chain(broken::CHECKS).chain(auth::CHECKS).chain(referring::CHECKS);
    let mut trials = vec![];
    for &(name, kinds, needs, check) in checks {
        for &kind in kinds {
            let missing: Vec<_> =
                needs.iter().copied().chain([kind.program()]).filter(|t| find(t).is_none()).collect();
            let demanded = DEMANDED.contains(&kind) && std::env::var_os("CI").is_some();
            assert!(missing.is_empty() || !demanded, "CI has no {missing:?}");
            let trial = Trial::test(format!("{name}_{}", kind.program().replace('-', "_")), move || {
                check(kind);
                Ok(())
            });
            trials.push(trial.with_ignored_flag(!missing.is_empty()));
        }
    }
    libtest_mimic::run(&args, trials).exit_code()
}

/// The house `net` as a transport.
#[derive(Clone)]
pub(crate) struct Net(goferry_net::Client);

impl Net {
    pub(crate) fn new() -> Net {
        Net(goferry_net::Client::new(goferry_net::Options::default()))
    }
}

impl Transport for Net {
    fn send(&self, request: &Request) -> Result<Response, NetError> {
        self.0.send(request, &|| false)
    }

    fn is_cancelled(&self) -> bool {
        false
    }
}

/// Does not wait long.
pub(crate) fn options() -> Options {
    Options { pause: Duration::from_millis(20), ..Options::default() }
}

pub(crate) fn client(net: &Net) -> Client<'_> {
    Client::new(net, Credentials::none(), options())
}

pub(crate) fn repository(host: &str, path: &str) -> Repository {
    format!("{host}/{path}").parse().unwrap()
}

pub(crate) fn reference(host: &str, rest: &str) -> Reference {
    format!("{host}/{rest}").parse().unwrap()
}

/// Bytes that nothing compresses, the same for the same seed.
pub(crate) fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut x = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    (0..length)
        .map(|_| {
            x ^= x << 13;
            x ^= x >> 7;
            x ^= x << 17;
            x.to_le_bytes()[3]
        })
        .collect()
}

/// An image with layers of these sizes.
pub(crate) fn image(memory: &mut Memory, seed: u64, layers: &[usize]) -> Descriptor {
    let config = json!({"architecture": "amd64", "os": "linux", "seed": seed}).to_string().into_bytes();
    let config_is = Descriptor::of("application/vnd.oci.image.config.v1+json", &config);
    memory.add(config);
    let layers: Vec<Descriptor> = layers
        .iter()
        .enumerate()
        .map(|(i, size)| {
            let bytes = noise(seed * 100 + i as u64, *size);
            let is = Descriptor::of("application/vnd.oci.image.layer.v1.tar", &bytes);
            memory.add(bytes);
            is
        })
        .collect();
    let manifest =
        json!({"schemaVersion": 2, "mediaType": media::MANIFEST, "config": config_is, "layers": layers});
    let bytes = manifest.to_string().into_bytes();
    let is = Descriptor::of(media::MANIFEST, &bytes);
    memory.add(bytes);
    is
}

/// An index of an image for linux/amd64 and one for linux/arm64.
pub(crate) fn index(memory: &mut Memory, seed: u64, layers: &[usize]) -> Descriptor {
    let children: Vec<Descriptor> = [("linux/amd64", 1), ("linux/arm64/v8", 2)]
        .into_iter()
        .map(|(platform, n)| Descriptor {
            platform: Some(platform.parse().unwrap()),
            ..image(memory, seed + n, layers)
        })
        .collect();
    let bytes = json!({"schemaVersion": 2, "mediaType": media::INDEX, "manifests": children})
        .to_string()
        .into_bytes();
    let is = Descriptor::of(media::INDEX, &bytes);
    memory.add(bytes);
    is
}

pub(crate) fn source(memory: Memory) -> Arc<dyn BlobSource> {
    Arc::new(memory)
}

/// What was pulled.
#[derive(Clone, Default)]
pub(crate) struct Taken(Arc<Mutex<HashMap<Digest, Vec<u8>>>>);

struct Taking(Taken, Digest, Vec<u8>);

impl BlobSink for Taken {
    fn has(&self, digest: &Digest) -> bool {
        self.0.lock().unwrap().contains_key(digest)
    }

    fn create(&self, digest: &Digest, _size: u64) -> io::Result<Box<dyn Sink>> {
        Ok(Box::new(Taking(self.clone(), digest.clone(), vec![])))
    }
}

impl Write for Taking {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.2.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Sink for Taking {
    fn finish(self: Box<Self>) -> io::Result<()> {
        self.0.0.lock().unwrap().insert(self.1, self.2);
        Ok(())
    }
}

impl Taken {
    /// How many contents there are, each of which is what it is called.
    pub(crate) fn count(&self) -> usize {
        let all = self.0.lock().unwrap();
        assert!(all.iter().all(|(digest, bytes)| digest.matches(bytes)));
        all.len()
    }

    pub(crate) fn sink(&self) -> Arc<dyn BlobSink> {
        Arc::new(self.clone())
    }
}
