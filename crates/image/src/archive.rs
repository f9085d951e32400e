//! An image as one file: a tar of the layout, with the manifest.json that `docker load` reads besides.
//!
//! Such files are read by docker (from index.json since 25, before from manifest.json), podman, skopeo (`oci-archive:` and
//! `docker-archive:`) and crane.

use crate::bounded::Bounded;
use crate::layer;
use crate::model::media_type;
use crate::{Descriptor, Digest, ImageError, Index, Layout, Manifest, Platform};
use goferry_tar::{END, Header, Kind, padding};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::Path;

/// An entry of manifest.json (Docker Image Specification 1.3, "Combined Image JSON + Filesystem Changeset Format").
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct DockerImage {
    config: String,
    #[serde(deserialize_with = "nullable")]
    repo_tags: Vec<String>,
    layers: Vec<String>,
}

fn nullable<'de, D: serde::Deserializer<'de>>(d: D) -> Result<Vec<String>, D::Error> {
    Ok(Option::deserialize(d)?.unwrap_or_default())
}

/// Small files of an archive: JSON.
const MAX_JSON: u64 = 8 << 20;

/// Writes a layout as one file, which appears under its name when it is complete. The same layout gives the same bytes;
/// `mtime` is the members' time, Unix seconds.
///
/// Docker's older readers know one platform per file: `linux/amd64`, else the first.
///
/// # Errors
/// The layout is damaged, or the file cannot be written.
pub fn write(layout: &Layout, out: &Path, mtime: i64) -> Result<(Digest, u64), ImageError> {
    let failed = ImageError::io("write", out);
    let folder = out.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let file = tempfile::Builder::new().prefix(crate::blob::UNFINISHED).tempfile_in(folder);
    let file = file.map_err(&failed)?;
    let sink = Hashing { sink: BufWriter::with_capacity(1 << 18, file), hash: Default::default(), size: 0 };
    let mut tar = Tar { sink, mtime };
    tar.stream(layout).map_err(|e| match e {
        Failed::Image(e) => e,
        Failed::Write(e) => failed(e),
    })?;
    let Hashing { sink, hash, size } = tar.sink;
    let file = sink.into_inner().map_err(|e| failed(e.into_error()))?;
    crate::blob::set_mode(file.as_file()).map_err(&failed)?;
    file.persist(out).map_err(|e| failed(e.error))?;
    Ok((Digest::from_hash(&sha2::Digest::finalize(hash)), size))
}

enum Failed {
    Image(ImageError),
    Write(io::Error),
}

impl From<ImageError> for Failed {
    fn from(e: ImageError) -> Failed {
        Failed::Image(e)
    }
}

impl From<io::Error> for Failed {
    fn from(e: io::Error) -> Failed {
        Failed::Write(e)
    }
}

struct Hashing<W> {
    sink: W,
    hash: sha2::Sha256,
    size: u64,
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = self.sink.write(bytes)?;
        sha2::Digest::update(&mut self.hash, &bytes[..n]);
        self.size += n as u64;
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.sink.flush()
    }
}

struct Tar<W: Write> {
    sink: W,
    mtime: i64,
}

impl<W: Write> Tar<W> {
    fn stream(&mut self, layout: &Layout) -> Result<(), Failed> {
        let mut blobs: BTreeMap<String, Descriptor> = BTreeMap::new();
        let refs = layout.refs()?;
        for (_, top) in &refs {
            for d in layout.reachable(top)? {
                blobs.insert(d.digest.hex().to_owned(), d);
            }
        }
        self.header("blobs", Kind::Directory, 0)?;
        self.header("blobs/sha256", Kind::Directory, 0)?;
        for (hex, d) in blobs {
            self.header(&format!("blobs/sha256/{hex}"), Kind::File, d.size)?;
            let copied = io::copy(&mut layout.open_blob(&d)?.take(d.size), &mut self.sink)?;
            if copied != d.size {
                return Err(ImageError::damaged(&d.digest, "it ended while it was read").into());
            }
            self.sink.write_all(padding(d.size))?;
        }
        let index = layout.index()?;
        self.file("index.json", &json(&index)?)?;
        self.file("manifest.json", &json(&docker_images(layout, &refs)?)?)?;
        self.file("oci-layout", br#"{"imageLayoutVersion":"1.0.0"}"#)?;
        self.sink.write_all(&END)?;
        Ok(())
    }

    fn header(&mut self, name: &str, kind: Kind, size: u64) -> io::Result<()> {
        let mode = if kind == Kind::Directory { 0o755 } else { 0o644 };
        let header =
            Header { name: name.to_owned(), kind, mode, size, mtime: self.mtime, ..Header::default() };
        self.sink.write_all(&header.blocks())
    }

    fn file(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        self.header(name, Kind::File, bytes.len() as u64)?;
        self.sink.write_all(bytes)?;
        self.sink.write_all(padding(bytes.len() as u64))
    }
}

fn json(value: &impl Serialize) -> Result<Vec<u8>, ImageError> {
    serde_json::to_vec(value).map_err(|e| ImageError::damaged("the archive", e))
}

/// What older readers are shown.
fn docker_images(
    layout: &Layout,
    refs: &[(Option<String>, Descriptor)],
) -> Result<Vec<DockerImage>, ImageError> {
    let mut out: Vec<DockerImage> = vec![];
    for (name, top) in refs {
        let images = layout.images(top)?;
        let usual = Platform { os: "linux".into(), architecture: "amd64".into(), ..Platform::default() };
        let chosen = images.iter().find(|(p, _)| p.serves(&usual)).or(images.first());
        let Some((_, d)) = chosen else { continue };
        let manifest = layout.read_manifest(d)?;
        let path = |d: &Descriptor| format!("blobs/sha256/{}", d.digest.hex());
        let config = path(&manifest.config);
        match out.iter_mut().find(|i| i.config == config) {
            Some(same) => same.repo_tags.extend(name.clone()),
            None => out.push(DockerImage {
                config,
                repo_tags: name.clone().into_iter().collect(),
                layers: manifest.layers.iter().map(path).collect(),
            }),
        }
    }
    Ok(out)
}

/// Unpacks an archive into an empty layout: one of a layout, or of `docker save`, compressed or not. Every blob is
/// compared with its name.
///
/// # Errors
/// It is neither, or damaged.
pub fn unpack(archive: &Path, layout: &Layout) -> Result<(), ImageError> {
    let file = File::open(archive).map_err(ImageError::io("read", archive))?;
    let packed = file.metadata().map_err(ImageError::io("read", archive))?.len();
    let mut file = BufReader::with_capacity(1 << 16, file);
    let mut found = Found::default();
    let read = match io::BufRead::fill_buf(&mut file).map_err(ImageError::io("read", archive))? {
        [0x1f, 0x8b, ..] => {
            let plain = flate2::bufread::MultiGzDecoder::new(file);
            take(&mut Bounded::new(plain, packed), layout, &mut found)
        }
        [0x28, 0xb5, 0x2f, 0xfd, ..] => zstd::stream::read::Decoder::with_buffer(file)
            .and_then(|plain| take(&mut Bounded::new(plain, packed), layout, &mut found)),
        _ => take(&mut file, layout, &mut found),
    };
    read.map_err(|e| ImageError::damaged(archive.display(), e))?;
    let not = |why: String| ImageError::NotALayout { path: archive.to_owned(), why };
    if let Some(bytes) = found.files.get("index.json").and_then(|f| f.bytes.as_ref()) {
        let index: Index = serde_json::from_slice(bytes).map_err(|e| not(format!("index.json: {e}")))?;
        return layout.set_index(&index);
    }
    let Some(bytes) = found.files.get("manifest.json").and_then(|f| f.bytes.as_ref()) else {
        return Err(not("it has neither index.json nor manifest.json".to_owned()));
    };
    let images: Vec<DockerImage> =
        serde_json::from_slice(bytes).map_err(|e| not(format!("manifest.json: {e}")))?;
    let mut all = vec![];
    for image in &images {
        let top = found.image(layout, image).map_err(|e| match e {
            Failed::Image(e) => e,
            Failed::Write(e) => not(e.to_string()),
        })?;
        let names: Vec<Option<&String>> = match image.repo_tags.is_empty() {
            true => vec![None],
            false => image.repo_tags.iter().map(Some).collect(),
        };
        for name in names {
            let mut d = top.clone();
            d.annotations.extend(name.map(|n| (crate::model::REF_NAME.to_owned(), n.clone())));
            all.push(d);
        }
    }
    layout.set_index(&Index::new(all))
}

/// What an archive holds.
#[derive(Default)]
struct Found {
    files: BTreeMap<String, Member>,
}

#[derive(Clone)]
struct Member {
    digest: Digest,
    size: u64,
    /// Of those that say what the others are.
    bytes: Option<Vec<u8>>,
    gzip: bool,
}

/// Puts every file into the layout by its digest; old archives call layers otherwise.
fn take(from: &mut dyn Read, layout: &Layout, found: &mut Found) -> io::Result<()> {
    goferry_tar::read(from, &mut |entry, body| {
        let name = crate::tree::clean(&entry.header.name);
        match entry.header.kind {
            Kind::File => {}
            // `docker save` once wrote a layer that another image has too as a link.
            Kind::Symlink => {
                let folder = name.rsplit_once('/').map_or("", |(f, _)| f);
                let target = crate::tree::clean(&format!("{folder}/{}", entry.header.link));
                if let Some(member) = found.files.get(&target).cloned() {
                    found.files.insert(name, member);
                }
                return Ok(());
            }
            _ => return Ok(()),
        }
        let member = member(&name, entry.header.size, body, layout)?;
        found.files.insert(name, member);
        Ok(())
    })
}

fn member(name: &str, size: u64, body: &mut dyn Read, layout: &Layout) -> io::Result<Member> {
    let other = |e: ImageError| io::Error::other(e.to_string());
    // Whoever fills an archive with small files would otherwise fill the memory.
    let kept = matches!(name, "index.json" | "manifest.json") && size < MAX_JSON;
    let mut start = vec![];
    body.take(if kept { MAX_JSON } else { 2 }).read_to_end(&mut start)?;
    let gzip = start.starts_with(&[0x1f, 0x8b]);
    let mut writer = layout.writer().map_err(other)?;
    writer.write_all(&start)?;
    io::copy(body, &mut writer)?;
    if writer.size() != size {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let digest = match name.strip_prefix("blobs/sha256/") {
        Some(hex) => {
            let digest = Digest::from_hex(hex).map_err(io::Error::other)?;
            writer.finish_as(&digest).map_err(other)?;
            digest
        }
        None => writer.finish().map_err(other)?.0,
    };
    Ok(Member { digest, size, bytes: kept.then_some(start), gzip })
}

impl Found {
    /// An image of `docker save` as a manifest.
    fn image(&self, layout: &Layout, image: &DockerImage) -> Result<Descriptor, Failed> {
        let of = |name: &String| {
            let missing = || io::Error::other(format!("it names `{name}`, which is not there"));
            self.files.get(&crate::tree::clean(name)).ok_or_else(missing)
        };
        let config = of(&image.config)?;
        let mut layers = vec![];
        for name in &image.layers {
            let m = of(name)?;
            let media = if m.gzip { media_type::LAYER_GZIP } else { media_type::LAYER };
            layers.push(Descriptor::new(media, m.digest.clone(), m.size));
        }
        let config = Descriptor::new(media_type::CONFIG, config.digest.clone(), config.size);
        Ok(layout.put_json(media_type::MANIFEST, &Manifest::new(config, layers))?)
    }
}

/// Checks that every layer of an image unpacks to what its configuration says.
///
/// # Errors
/// A blob is missing or damaged.
pub fn verify_layers(layout: &Layout, image: &Descriptor) -> Result<(), ImageError> {
    let manifest = layout.read_manifest(image)?;
    let ids = layout.read_config(&manifest)?.rootfs.diff_ids;
    if ids.len() != manifest.layers.len() {
        let why = format!("it names {} layers, the manifest {}", ids.len(), manifest.layers.len());
        return Err(ImageError::damaged(&manifest.config.digest, why));
    }
    for (d, id) in manifest.layers.iter().zip(&ids) {
        let mut plain = layer::plain(d, layout.open_blob(d)?)?;
        let mut sink = Hashing { sink: io::sink(), hash: Default::default(), size: 0 };
        io::copy(&mut plain, &mut sink).map_err(|e| ImageError::damaged(&d.digest, e))?;
        let real = Digest::from_hash(&sha2::Digest::finalize(sink.hash));
        if real != *id {
            return Err(ImageError::damaged(&d.digest, format!("it unpacks to {real}, its image says {id}")));
        }
    }
    Ok(())
}
