//! What tools said in earlier runs: emulators (their digests by file stamp, their versions by digest) and git of tags.

use goferry_cache::{Digest, FileHasher, Key, KeyBuilder, Store};
use goferry_emulate::QemuMemory;
use goferry_toolchain::git::TagMemory;
use std::path::Path;

/// The action cache as a memory of what tools said.
pub(crate) struct Remembered<'s>(pub(crate) &'s Store);

fn key(kind: &str, of: &str) -> Key {
    let mut key = KeyBuilder::new(kind);
    key.text("of", of);
    key.finish()
}

impl Remembered<'_> {
    fn find(&self, kind: &str, of: &str) -> Option<String> {
        let record = self.0.lookup(&key(kind, of)).ok()??;
        serde_json::from_value(record.value).ok()
    }

    fn note(&self, kind: &str, of: &str, said: &str) {
        // A cache that cannot be written costs time, not correctness.
        let _ = self.0.record(&key(kind, of), &said);
    }
}

impl TagMemory for Remembered<'_> {
    fn recall(&self, key: &str) -> Option<String> {
        self.find("git-tags/1", key)
    }

    fn keep(&self, key: &str, text: &str) {
        self.note("git-tags/1", key, text);
    }
}

impl QemuMemory for Remembered<'_> {
    fn digest(&self, path: &Path) -> Option<String> {
        let hasher = FileHasher::open(self.0.folder(), path, 1);
        let digest: Digest = hasher.file(path).ok()?;
        // Not written: the next run hashes again, nothing worse.
        let _ = hasher.save();
        Some(digest.to_hex())
    }

    fn version(&self, digest: &str) -> Option<String> {
        self.find("qemu-version/1", digest)
    }

    fn keep(&self, digest: &str, version: &str) {
        self.note("qemu-version/1", digest, version);
    }
}
