//! Packages that are there already, read back: what they install and which scripts they bring.
//!
//! Owns: the containers of deb, ipk, apk, archlinux and rpm, as far as files and scripts go. Must not: trust a length that
//! a header claims (nothing is allocated for it), know what should be in a package.
//!
//! Sources: deb(5), ar(5); ipk as opkg reads it (gzip over tar); apk v2 (gzip members, one after another); PKGBUILD's `.INSTALL`;
//! rpm's lead, headers and payload (rpm.org, "RPM V4 file format"), cpio's `newc`.

mod rpm;
mod unpack;

pub use unpack::unpack_package;

use crate::PackageError;
use crate::archive::{self, Bounded, Entry, Visit, tar_members};
use std::cell::Cell;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

/// Scripts are texts.
const MAX_SCRIPT: u64 = 4 << 20;

/// A script of a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackedScript {
    /// As the format calls it: `postinst`, `.post-install`, `.INSTALL`, `posttrans`.
    pub name: String,
    /// What starts it, where the package says so beside the script (rpm).
    pub program: Option<String>,
    /// The script.
    pub text: Vec<u8>,
}

/// What a package holds, in its own order.
pub enum Part<'p> {
    /// A script.
    Script(PackedScript),
    /// The control file of a deb or an ipk.
    Control(Vec<u8>),
    /// A member, its name absolute; the content need not be read.
    Member(&'p Entry, &'p mut dyn Read),
}

/// What is done with each part.
pub type VisitPart<'v> = dyn FnMut(Part<'_>) -> io::Result<()> + 'v;

/// Shows everything in a package of this format (goreleaser's word) to `visit`. At most `limit` bytes are unpacked.
///
/// # Errors
/// The file cannot be read, is damaged or no such package, more than `limit` bytes come out of it, or `visit` fails.
pub fn read_package(
    format: &str,
    path: &Path,
    limit: u64,
    visit: &mut VisitPart<'_>,
) -> Result<(), PackageError> {
    let file = File::open(path).map_err(PackageError::io("read", path))?;
    let mut file = BufReader::with_capacity(1 << 16, file);
    let left = &Cell::new(limit);
    match format {
        "rpm" => rpm::read(&mut file, left, visit),
        "apk" => apk(file, left, visit),
        "archlinux" => zstd::stream::read::Decoder::with_buffer(file).and_then(|mut d| {
            members(&mut Bounded { from: &mut d, left }, &|name| name == ".INSTALL", visit)
        }),
        "ipk" => ipk(&mut flate2::bufread::GzDecoder::new(file), left, visit),
        _ => deb(&mut file, left, visit),
    }
    .map_err(PackageError::io("read", path))
}

/// The format of a package by its file's name, in goreleaser's words.
pub fn format_of_name(name: &str) -> Option<&'static str> {
    let formats =
        [(".deb", "deb"), (".rpm", "rpm"), (".apk", "apk"), (".pkg.tar.zst", "archlinux"), (".ipk", "ipk")];
    formats.iter().find(|(ending, _)| name.ends_with(ending)).map(|(_, format)| *format)
}

/// Whether a file of this name is taken for an archive or a package here.
pub fn holds_files(name: &str) -> bool {
    format_of_name(name).is_some() || archive::is_archive_name(name)
}

/// Shows every file of an archive or a package to `visit`.
///
/// # Errors
/// As [`read_package`].
pub fn read_files(path: &Path, limit: u64, visit: &mut Visit<'_>) -> Result<(), PackageError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    match format_of_name(&name) {
        None => archive::read_members(path, limit, visit),
        Some(format) => read_package(format, path, limit, &mut |part| match part {
            Part::Member(entry, body) => visit(entry, body),
            Part::Script(_) | Part::Control(_) => Ok(()),
        }),
    }
}

fn damaged(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

/// A name as it is after installing.
fn absolute(name: &str) -> String {
    crate::members::clean(&format!("/{name}"))
}

fn script(name: &str, from: &mut dyn Read) -> io::Result<PackedScript> {
    Ok(PackedScript { name: name.to_owned(), program: None, text: text(from)? })
}

fn text(from: &mut dyn Read) -> io::Result<Vec<u8>> {
    let mut text = vec![];
    from.take(MAX_SCRIPT + 1).read_to_end(&mut text)?;
    if text.len() as u64 > MAX_SCRIPT {
        return Err(damaged("a script or control file of more than 4 MiB"));
    }
    Ok(text)
}

/// Members of a tar: scripts by their names, other files that begin with a dot at the top are the format's own.
fn members(
    from: &mut dyn Read,
    is_script: &dyn Fn(&str) -> bool,
    visit: &mut VisitPart<'_>,
) -> io::Result<()> {
    tar_members(from, &mut |entry, body| {
        let name = entry.name.trim_start_matches("./");
        if is_script(name) {
            return visit(Part::Script(script(name, body)?));
        }
        if name.starts_with('.') && !name.contains('/') {
            return Ok(());
        }
        visit(Part::Member(&Entry { name: absolute(name), ..entry.clone() }, body))
    })
}

/// The control file and the scripts of deb's and ipk's control archive; everything else there is data.
fn control(from: &mut dyn Read, visit: &mut VisitPart<'_>) -> io::Result<()> {
    tar_members(from, &mut |entry, body| {
        let name = entry.name.trim_start_matches("./");
        match name {
            "preinst" | "postinst" | "prerm" | "postrm" | "config" => {
                visit(Part::Script(script(name, body)?))
            }
            "control" => visit(Part::Control(text(body)?)),
            _ => Ok(()),
        }
    })
}

/// An `ar` with debian-binary, control.tar.* and data.tar.*.
fn deb(from: &mut dyn Read, left: &Cell<u64>, visit: &mut VisitPart<'_>) -> io::Result<()> {
    let mut magic = [0; 8];
    from.read_exact(&mut magic)?;
    if &magic != b"!<arch>\n" {
        return Err(damaged("it is no deb"));
    }
    let mut data = false;
    loop {
        let mut header = [0; 60];
        match from.read(&mut header[..1])? {
            0 if data => return Ok(()),
            0 => return Err(damaged("a deb without data")),
            _ => from.read_exact(&mut header[1..])?,
        }
        let field = |range: std::ops::Range<usize>| String::from_utf8_lossy(&header[range]).trim().to_owned();
        let size: u64 = field(48..58).parse().map_err(|_| damaged("an ar header without a size"))?;
        let name = field(0..16);
        let name = name.trim_end_matches('/');
        let mut body = (&mut *from).take(size);
        if let Some(ending) = name.strip_prefix("control.tar") {
            control(&mut Bounded { from: &mut *decoded(ending, &mut body)?, left }, visit)?;
        } else if let Some(ending) = name.strip_prefix("data.tar") {
            data = true;
            members(&mut Bounded { from: &mut *decoded(ending, &mut body)?, left }, &|_| false, visit)?;
        }
        let rest = body.limit() + size % 2;
        // The last member may lack its padding.
        io::copy(&mut (&mut *from).take(rest), &mut io::sink())?;
    }
}

/// What was compressed, by the ending of its name.
fn decoded<'r>(ending: &str, from: &'r mut dyn Read) -> io::Result<Box<dyn Read + 'r>> {
    Ok(match ending {
        "" => Box::new(from),
        ".gz" => Box::new(flate2::read::GzDecoder::new(from)),
        ".xz" => Box::new(liblzma::read::XzDecoder::new(from)),
        ".zst" => Box::new(zstd::stream::read::Decoder::new(from)?),
        _ => return Err(damaged("compressed in a way that is not known")),
    })
}

/// A tar with the same three members, all of it compressed.
fn ipk(from: &mut dyn Read, left: &Cell<u64>, visit: &mut VisitPart<'_>) -> io::Result<()> {
    let mut data = false;
    tar_members(&mut Bounded { from, left }, &mut |entry, body| match entry.name.trim_start_matches("./") {
        "control.tar.gz" => {
            control(&mut Bounded { from: &mut flate2::read::GzDecoder::new(body), left }, visit)
        }
        "data.tar.gz" => {
            data = true;
            members(&mut Bounded { from: &mut flate2::read::GzDecoder::new(body), left }, &|_| false, visit)
        }
        _ => Ok(()),
    })?;
    if data { Ok(()) } else { Err(damaged("an ipk without data")) }
}

/// Signature, control and data: gzip members one after another, of which only the last ends as a tar does.
fn apk(mut from: BufReader<File>, left: &Cell<u64>, visit: &mut VisitPart<'_>) -> io::Result<()> {
    const SCRIPTS: [&str; 6] = [
        ".pre-install",
        ".post-install",
        ".pre-deinstall",
        ".post-deinstall",
        ".pre-upgrade",
        ".post-upgrade",
    ];
    let mut any = false;
    while !from.fill_buf()?.is_empty() {
        let mut one = flate2::bufread::GzDecoder::new(from);
        let mut bounded = Bounded { from: &mut one, left };
        members(&mut bounded, &|name| SCRIPTS.contains(&name), visit)?;
        io::copy(&mut bounded, &mut io::sink())?;
        from = one.into_inner();
        any = true;
    }
    if any { Ok(()) } else { Err(damaged("it is no apk")) }
}

#[cfg(test)]
mod tests;
