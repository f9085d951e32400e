//! What emulators said in earlier runs: their digests by file stamp, their versions by digest.

use goferry_cache::{Digest, FileHasher, Key, KeyBuilder, Store};
use goferry_emulate::QemuMemory;
use std::path::Path;

/// The action cache as a memory of emulators.
pub(crate) struct Remembered<'s>(pub(crate) &'s Store);

fn key(digest: &str) -> Key {
    let mut key = KeyBuilder::new("qemu-version/1");
    key.text("emulator", digest);
    key.finish()
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
        let record = self.0.lookup(&key(digest)).ok()??;
        serde_json::from_value(record.value).ok()
    }

    fn keep(&self, digest: &str, version: &str) {
        let _ = self.0.record(&key(digest), &version);
    }
}
