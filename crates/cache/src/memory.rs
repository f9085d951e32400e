//! The stat cache's file: one per scope, small binary records, a digest at the end. What cannot be understood is empty.

use crate::{CacheError, Digest};
use std::collections::HashMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

const MAGIC: &[u8; 16] = b"goferry stat 01\n";
/// Larger than any project's memory; a file beyond it is not ours.
const MAX_FILE: u64 = 256 << 20;
const STAMP_BYTES: usize = 40;

/// What `stat` says of a file: any change of content changes one of these, if it is not made on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    device: u64,
    inode: u64,
    size: u64,
    /// Nanoseconds since 1970, of the content.
    modified: i64,
    /// Nanoseconds since 1970, of the inode; cannot be set by a program.
    changed: i64,
}

impl Stamp {
    #[cfg(unix)]
    pub(crate) fn of(facts: &fs::Metadata) -> Option<Stamp> {
        use std::os::unix::fs::MetadataExt;
        let nanos = |s: i64, n: i64| s.checked_mul(1_000_000_000)?.checked_add(n);
        Some(Stamp {
            device: facts.dev(),
            inode: facts.ino(),
            size: facts.size(),
            modified: nanos(facts.mtime(), facts.mtime_nsec())?,
            changed: nanos(facts.ctime(), facts.ctime_nsec())?,
        })
    }

    /// Without inode and change time a stamp proves too little, so nothing is remembered.
    #[cfg(not(unix))]
    pub(crate) fn of(_facts: &fs::Metadata) -> Option<Stamp> {
        None
    }

    /// Whether both times lie more than `age` before `now`; times in the future do not.
    pub(crate) fn is_older_than(&self, now: SystemTime, age: Duration) -> bool {
        let Ok(now) = now.duration_since(SystemTime::UNIX_EPOCH) else { return false };
        let Some(limit) = now.checked_sub(age).and_then(|d| i64::try_from(d.as_nanos()).ok()) else {
            return false;
        };
        self.modified < limit && self.changed < limit
    }

    fn bytes(&self) -> [u8; STAMP_BYTES] {
        let mut out = [0; STAMP_BYTES];
        let words = [self.device, self.inode, self.size, self.modified as u64, self.changed as u64];
        for (to, from) in out.chunks_exact_mut(8).zip(words) {
            to.copy_from_slice(&from.to_le_bytes());
        }
        out
    }

    fn from_bytes(bytes: &[u8]) -> Option<Stamp> {
        let mut words = bytes.chunks_exact(8).filter_map(|c| c.try_into().ok()).map(u64::from_le_bytes);
        Some(Stamp {
            device: words.next()?,
            inode: words.next()?,
            size: words.next()?,
            modified: words.next()? as i64,
            changed: words.next()? as i64,
        })
    }
}

struct Known {
    stamp: Stamp,
    digest: Digest,
    /// Asked for in this run; what is not falls out when the file is written, so that it does not grow for ever.
    used: bool,
}

/// Digests by path.
pub(crate) struct Memory {
    file: PathBuf,
    known: HashMap<Vec<u8>, Known>,
    changed: bool,
}

impl std::fmt::Debug for Memory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Memory({}, {} files)", self.file.display(), self.known.len())
    }
}

impl Memory {
    pub(crate) fn load(file: &Path) -> Memory {
        let small = fs::metadata(file).is_ok_and(|f| f.len() <= MAX_FILE);
        let known = if small { fs::read(file).ok().and_then(|b| decode(&b)) } else { None };
        Memory { file: file.to_owned(), known: known.unwrap_or_default(), changed: false }
    }

    pub(crate) fn find(&mut self, path: &Path, stamp: &Stamp) -> Option<Digest> {
        let known = self.known.get_mut(path.as_os_str().as_encoded_bytes())?;
        if known.stamp != *stamp {
            return None;
        }
        known.used = true;
        Some(known.digest)
    }

    pub(crate) fn remember(&mut self, path: &Path, stamp: Stamp, digest: Digest) {
        let path = path.as_os_str().as_encoded_bytes().to_vec();
        self.known.insert(path, Known { stamp, digest, used: true });
        self.changed = true;
    }

    pub(crate) fn save(&mut self) -> Result<(), CacheError> {
        if !self.changed {
            return Ok(());
        }
        let folder = self.file.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder).map_err(CacheError::io("create", folder))?;
        let failed = || CacheError::io("write", &self.file);
        let mut temporary = tempfile::NamedTempFile::new_in(folder).map_err(failed())?;
        temporary.write_all(&encode(&self.known)).map_err(failed())?;
        temporary.persist(&self.file).map_err(|e| failed()(e.error))?;
        self.changed = false;
        Ok(())
    }
}

fn encode(known: &HashMap<Vec<u8>, Known>) -> Vec<u8> {
    let mut out = MAGIC.to_vec();
    for (path, k) in known.iter().filter(|(_, k)| k.used) {
        out.extend_from_slice(&(path.len() as u32).to_le_bytes());
        out.extend_from_slice(path);
        out.extend_from_slice(&k.stamp.bytes());
        out.extend_from_slice(k.digest.as_bytes());
    }
    let sum = Digest::of(&out);
    out.extend_from_slice(sum.as_bytes());
    out
}

fn decode(bytes: &[u8]) -> Option<HashMap<Vec<u8>, Known>> {
    let (body, sum) = bytes.split_at_checked(bytes.len().checked_sub(32)?)?;
    if Digest::of(body).as_bytes() != sum {
        return None;
    }
    let mut rest = body.strip_prefix(MAGIC.as_slice())?;
    let mut known = HashMap::with_capacity(rest.len() / 160);
    while !rest.is_empty() {
        let (length, tail) = rest.split_first_chunk::<4>()?;
        let (path, tail) = tail.split_at_checked(u32::from_le_bytes(*length) as usize)?;
        let (stamp, tail) = tail.split_at_checked(STAMP_BYTES)?;
        let (digest, tail) = tail.split_first_chunk::<32>()?;
        let digest = Digest::from_bytes(*digest);
        known.insert(path.to_vec(), Known { stamp: Stamp::from_bytes(stamp)?, digest, used: false });
        rest = tail;
    }
    Some(known)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sample() -> Vec<u8> {
        let stamp = Stamp { device: 1, inode: 2, size: 3, modified: -4, changed: 5 };
        let known = (0..5u8)
            .map(|i| (vec![i; usize::from(i)], Known { stamp, digest: Digest::of(&[i]), used: true }));
        encode(&known.collect())
    }

    #[test]
    fn what_is_written_is_read() {
        let known = decode(&sample()).unwrap();
        assert_eq!(known.len(), 5);
        assert_eq!(known[&vec![3, 3, 3]].stamp.modified, -4);
        assert_eq!(known[&vec![3, 3, 3]].digest, Digest::of(&[3]));
    }

    proptest! {
        #[test]
        fn damage_means_empty(at in 0usize..600, bit in 0u8..8, cut in 0usize..600) {
            let good = sample();
            let mut flipped = good.clone();
            let at = at % flipped.len();
            flipped[at] ^= 1 << bit;
            prop_assert!(decode(&flipped).is_none());
            prop_assert!(decode(&good[..cut % good.len()]).is_none());
        }
    }
}
