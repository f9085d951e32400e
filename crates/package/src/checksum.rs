//! Checksums as goreleaser's `checksum` section makes them: fourteen algorithms, combined or split files.
//!
//! Owns: the algorithms and both file formats. Must not: decide which files are summed or how the files are called.

use crate::PackageError;
use crate::archive::hex;
use crate::pending::write_file;
use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A value of goreleaser's `checksum.algorithm` (2.15.1, `internal/artifact`); lengths are in the comments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names are the algorithms")]
pub enum Algorithm {
    Sha256,
    Sha512,
    Sha1,
    /// IEEE polynomial, big-endian, eight hex digits.
    Crc32,
    Md5,
    Sha224,
    Sha384,
    Sha3_224,
    Sha3_256,
    Sha3_384,
    Sha3_512,
    /// 32 bytes, no key.
    Blake2s,
    /// 64 bytes, no key.
    Blake2b,
    /// 32 bytes, no key.
    Blake3,
}

impl Algorithm {
    /// Every algorithm.
    pub const ALL: [Algorithm; 14] = [
        Algorithm::Sha256,
        Algorithm::Sha512,
        Algorithm::Sha1,
        Algorithm::Crc32,
        Algorithm::Md5,
        Algorithm::Sha224,
        Algorithm::Sha384,
        Algorithm::Sha3_224,
        Algorithm::Sha3_256,
        Algorithm::Sha3_384,
        Algorithm::Sha3_512,
        Algorithm::Blake2s,
        Algorithm::Blake2b,
        Algorithm::Blake3,
    ];

    /// goreleaser's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Algorithm::Sha256 => "sha256",
            Algorithm::Sha512 => "sha512",
            Algorithm::Sha1 => "sha1",
            Algorithm::Crc32 => "crc32",
            Algorithm::Md5 => "md5",
            Algorithm::Sha224 => "sha224",
            Algorithm::Sha384 => "sha384",
            Algorithm::Sha3_224 => "sha3-224",
            Algorithm::Sha3_256 => "sha3-256",
            Algorithm::Sha3_384 => "sha3-384",
            Algorithm::Sha3_512 => "sha3-512",
            Algorithm::Blake2s => "blake2s",
            Algorithm::Blake2b => "blake2b",
            Algorithm::Blake3 => "blake3",
        }
    }

    /// The sum of everything that `input` yields, hex.
    ///
    /// # Errors
    /// Whatever reading yields.
    pub fn sum(self, input: &mut dyn Read) -> std::io::Result<String> {
        match self {
            Algorithm::Sha256 => digest::<sha2::Sha256>(input),
            Algorithm::Sha512 => digest::<sha2::Sha512>(input),
            Algorithm::Sha224 => digest::<sha2::Sha224>(input),
            Algorithm::Sha384 => digest::<sha2::Sha384>(input),
            Algorithm::Sha1 => digest::<sha1::Sha1>(input),
            Algorithm::Md5 => digest::<md5::Md5>(input),
            Algorithm::Sha3_224 => digest::<sha3::Sha3_224>(input),
            Algorithm::Sha3_256 => digest::<sha3::Sha3_256>(input),
            Algorithm::Sha3_384 => digest::<sha3::Sha3_384>(input),
            Algorithm::Sha3_512 => digest::<sha3::Sha3_512>(input),
            Algorithm::Blake2s => digest::<blake2::Blake2s256>(input),
            Algorithm::Blake2b => digest::<blake2::Blake2b512>(input),
            Algorithm::Blake3 => {
                let mut hasher = blake3::Hasher::new();
                pump(input, |piece| {
                    hasher.update(piece);
                })?;
                Ok(hex(hasher.finalize().as_bytes()))
            }
            Algorithm::Crc32 => {
                let mut hasher = libdeflater::Crc::new();
                pump(input, |piece| hasher.update(piece))?;
                Ok(hex(&hasher.sum().to_be_bytes()))
            }
        }
    }

    /// The sum of a file, hex.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn sum_file(self, path: &Path) -> Result<String, PackageError> {
        let mut file = File::open(path).map_err(PackageError::io("read", path))?;
        self.sum(&mut file).map_err(PackageError::io("read", path))
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Algorithm {
    type Err = PackageError;

    fn from_str(word: &str) -> Result<Self, PackageError> {
        Algorithm::ALL
            .into_iter()
            .find(|a| a.as_str() == word)
            .ok_or_else(|| PackageError::UnknownAlgorithm { word: word.to_owned() })
    }
}

fn digest<D: sha2::Digest>(input: &mut dyn Read) -> std::io::Result<String> {
    let mut hasher = D::new();
    pump(input, |piece| hasher.update(piece))?;
    Ok(hex(&hasher.finalize()))
}

fn pump(input: &mut dyn Read, mut take: impl FnMut(&[u8])) -> std::io::Result<()> {
    let mut piece = vec![0; 128 * 1024];
    loop {
        match input.read(&mut piece) {
            Ok(0) => return Ok(()),
            Ok(n) => take(&piece[..n]),
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
}

/// A file to sum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// The name in the checksum file.
    pub name: String,
    /// The file.
    pub path: PathBuf,
}

/// A file's sum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sum {
    /// The name in the checksum file.
    pub name: String,
    /// The sum.
    pub hex: String,
}

/// Sums files, up to `threads` at a time; the result is in the order of `subjects`.
///
/// # Errors
/// The first file (in that order) that cannot be read.
pub fn sum_files(
    algorithm: Algorithm,
    subjects: &[Subject],
    threads: usize,
) -> Result<Vec<Sum>, PackageError> {
    let results: Mutex<Vec<Option<Result<Sum, PackageError>>>> =
        Mutex::new(subjects.iter().map(|_| None).collect());
    let next = AtomicUsize::new(0);
    let work = || {
        while let Some((i, subject)) = {
            let i = next.fetch_add(1, Ordering::Relaxed);
            subjects.get(i).map(|s| (i, s))
        } {
            let sum = algorithm.sum_file(&subject.path).map(|hex| Sum { name: subject.name.clone(), hex });
            results.lock().unwrap_or_else(std::sync::PoisonError::into_inner)[i] = Some(sum);
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..threads.min(subjects.len()) {
            scope.spawn(work);
        }
        work();
    });
    results.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner).into_iter().flatten().collect()
}

/// The text of a combined file: `<hex><2 blanks><name>`, a line each, sorted by name.
pub fn combined(sums: &[Sum]) -> String {
    let mut sorted: Vec<&Sum> = sums.iter().collect();
    sorted.sort_by(|a, b| a.name.cmp(&b.name));
    sorted.iter().map(|s| format!("{}  {}\n", s.hex, s.name)).collect()
}

/// Writes a combined checksum file.
///
/// # Errors
/// The file cannot be written.
pub fn write_combined(sums: &[Sum], out: &Path) -> Result<(), PackageError> {
    write_file(out, combined(sums).as_bytes())
}

/// Writes a split checksum file: the bare sum, no name, no line end.
///
/// # Errors
/// The file cannot be written.
pub fn write_split(sum: &Sum, out: &Path) -> Result<(), PackageError> {
    write_file(out, sum.hex.as_bytes())
}
