//! ADD of an archive: its members instead of itself.

use crate::layer::Compression;
use crate::tree::{Contents, Kind, Node, Tree};
use crate::{Descriptor, Digest, ImageError, Layout};
use std::fs::File;
use std::io::{self, BufReader, Read, Seek};

/// A tar header.
const HEADER: usize = 512;
/// Where its checksum is.
const CHECKSUM: std::ops::Range<usize> = 148..156;

/// How a file may be compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    Nothing,
    Gzip,
    Zstd,
    Xz,
    Bzip2,
}

impl By {
    /// What a file's beginning says.
    fn of(head: &[u8]) -> By {
        match head {
            [0x1f, 0x8b, 0x08, ..] => By::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd, ..] => By::Zstd,
            [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00, ..] => By::Xz,
            [0x42, 0x5a, 0x68, b'1'..=b'9', ..] => By::Bzip2,
            _ => By::Nothing,
        }
    }

    fn reader(self, file: File) -> io::Result<Box<dyn Read>> {
        let file = BufReader::with_capacity(1 << 16, file);
        Ok(match self {
            By::Nothing => Box::new(file),
            By::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(file)),
            By::Zstd => Box::new(zstd::stream::read::Decoder::with_buffer(file)?),
            By::Xz => Box::new(liblzma::bufread::XzDecoder::new_multi_decoder(file)),
            By::Bzip2 => {
                let why = "it is compressed by bzip2, which is not read here: take gzip, zstd or xz, or write ADD --unpack=false";
                return Err(io::Error::other(why));
            }
        })
    }
}

/// The files of a tar archive; none for a file that is none, compressed or not.
///
/// # Errors
/// It is compressed by what is not read here, or damaged. What only looks compressed is damaged, too: it would be copied as it
/// is otherwise, and nobody would know.
pub(super) fn members(layout: &Layout, node: &Node) -> Result<Option<Tree>, ImageError> {
    let Kind::File(content) = &node.kind else { return Ok(None) };
    let reading = ImageError::io("unpack", layout.root());
    let mut file = tempfile::tempfile().map_err(&reading)?;
    Contents::default().pour(content, &mut file)?;
    let by = By::of(&head(&mut file).map_err(&reading)?);
    let damaged = |e: io::Error| ImageError::damaged("the archive", e);
    let whole = || {
        let mut again = file.try_clone()?;
        again.rewind()?;
        by.reader(again)
    };
    let first = up_to(HEADER, &mut whole().map_err(damaged)?).map_err(damaged)?;
    if !is_header(&first) {
        return Ok(None);
    }
    let descriptor = store(layout, &mut whole().map_err(damaged)?)?;
    let mut tree = Tree::empty();
    tree.apply(layout, &descriptor, None)?;
    Ok(Some(tree))
}

fn head(file: &mut File) -> io::Result<Vec<u8>> {
    file.rewind()?;
    up_to(8, file)
}

fn up_to(size: usize, from: &mut dyn Read) -> io::Result<Vec<u8>> {
    let mut bytes = vec![];
    from.take(size as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Whether these bytes are a header with its checksum, which blanks take the place of when it is made.
fn is_header(bytes: &[u8]) -> bool {
    let Some(said) = bytes.get(CHECKSUM).filter(|_| bytes.len() == HEADER) else { return false };
    let digits: String = said.iter().map(|b| char::from(*b)).collect();
    let said = u32::from_str_radix(digits.trim_matches([' ', '\0']), 8);
    let blank = |(at, b): (usize, &u8)| u32::from(if CHECKSUM.contains(&at) { b' ' } else { *b });
    said.is_ok_and(|said| said == bytes.iter().enumerate().map(blank).sum::<u32>())
}

/// Puts the plain archive into the layout; nothing leads to it when the image is done.
fn store(layout: &Layout, from: &mut dyn Read) -> Result<Descriptor, ImageError> {
    let mut writer = layout.writer()?;
    io::copy(from, &mut writer).map_err(|e| ImageError::damaged("the archive", e))?;
    let (digest, size): (Digest, u64) = writer.finish()?;
    Ok(Descriptor::new(Compression::None.media_type(), digest, size))
}

/// Puts the members below a folder, as they are in the archive.
pub(super) fn put(
    tree: &mut Tree,
    to: &str,
    members: &Tree,
    owner: Option<(u32, u32)>,
    clock: i64,
) -> Result<(), String> {
    for (path, node) in members.iter().filter(|(p, _)| !p.is_empty()) {
        let at = if to.is_empty() { path.to_owned() } else { format!("{to}/{path}") };
        let at = match node.is_directory() {
            true => tree.resolve(&at),
            false => tree.resolve_parent(&at),
        };
        let at = at.map_err(|e| e.to_string())?;
        let mut node = node.clone();
        if let Some((uid, gid)) = owner {
            (node.uid, node.gid) = (uid, gid);
        }
        node.mtime = node.mtime.min(clock);
        if node.is_directory() && tree.get(&at).is_some_and(|n| !n.is_directory()) {
            tree.remove(&at);
        }
        tree.insert(&at, node);
    }
    Ok(())
}
