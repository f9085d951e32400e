//! apk, version 2: signature, control and data, each a tar in a gzip member of its own, one after the other
//! (apk-package(5), abuild's abuild-tar).
//!
//! Owns: .PKGINFO, the digests in pax records, the name of the signature. Must not: sign.

use super::contents::{self, Entry, What};
use super::control::description;
use super::output::{self, Compression, Feed, Wanted, sha1_hex, sha256_hex};
use super::tar::{member, own_file};
use super::{Format, Package, Sign, SignatureForm, names, wrong};
use crate::{PackageError, Written};
use goferry_tar::{END, Header, padding};
use std::fmt::Write as _;
use std::io::Write;
use std::path::Path;

/// The record that apk reads digests from.
const CHECKSUM: &str = "APK-TOOLS.checksum.SHA1";

pub(super) fn write(package: &Package, out: &Path, sign: Option<&dyn Sign>) -> Result<Written, PackageError> {
    super::only_linux(Format::Apk, package)?;
    let entries = contents::entries(Format::Apk, package, &[])?;
    super::no_dots_in_the_root(Format::Apk, package, &entries)?;
    let mut feed = Feed::new(out, Wanted::Sha1Too);
    let mut size = 0;
    let level = Compression::parse("").unwrap_or(Compression::Gzip(6));
    let data = output::compress(level, output::expected_size(&entries), out, |sink| {
        for entry in &entries {
            size += write_entry(entry, &mut feed, sink)?;
        }
        sink.write_all(&END).map_err(feed.write_error())
    })?;
    let info = pkginfo(package, size, &sha256_hex(&data));
    let control = control(package, &info, out)?;
    let signature = match sign {
        Some(sign) => signature(package, sign, &control, out)?,
        None => Vec::new(),
    };
    output::finish(out, &[&signature, &control, &data], feed)
}

/// Writes an entry and says how many bytes its content has.
fn write_entry(entry: &Entry, feed: &mut Feed, sink: &mut dyn Write) -> Result<u64, PackageError> {
    let open = feed.open(entry)?;
    let size = open.as_ref().map_or(0, output::Open::size);
    let name = entry.path.trim_start_matches('/').to_owned();
    let Some(mut header) = member(entry, name, size) else { return Ok(0) };
    let sha1 = match &entry.what {
        // As abuild-tar does: a link's content is its text.
        What::Link(text) => Some(sha1_hex(text.as_bytes())),
        What::File(..) => feed.sha1_ahead(entry)?,
        What::Folder { .. } | What::Ghost => None,
    };
    header.records = sha1.iter().map(|digest| (CHECKSUM.to_owned(), digest.clone().into_bytes())).collect();
    sink.write_all(&header.blocks()).map_err(feed.write_error())?;
    if let Some(open) = open {
        let digests = feed.pour_padded(entry, open, sink)?;
        if digests.sha1 != sha1 {
            return Err(PackageError::Changed { path: entry.path.clone().into() });
        }
    }
    Ok(size)
}

fn pkginfo(package: &Package, size: u64, datahash: &str) -> String {
    let mut text = String::new();
    let mut line = |key: &str, value: &str| {
        if !value.is_empty() {
            let _ = writeln!(text, "{key} = {value}");
        }
    };
    let r = &package.relations;
    line("pkgname", &package.name);
    line("pkgver", &names::version(Format::Apk, package));
    line("arch", &names::architecture(Format::Apk, package));
    line("size", &size.to_string());
    line("pkgdesc", &one_line(description(&package.description)));
    line("url", &package.homepage);
    line("maintainer", &package.maintainer);
    for (key, items) in [("replaces", &r.replaces), ("provides", &r.provides), ("depend", &r.depends)] {
        items.iter().for_each(|item| line(key, &one_line(item)));
    }
    line("license", &package.license);
    line("datahash", datahash);
    text
}

/// A value may not go on in a further line.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn control(package: &Package, info: &str, out: &Path) -> Result<Vec<u8>, PackageError> {
    let (common, own) = (&package.scripts, &package.apk);
    let scripts = [
        (".post-deinstall", &common.postremove),
        (".post-install", &common.postinstall),
        (".post-upgrade", &own.postupgrade),
        (".pre-deinstall", &common.preremove),
        (".pre-install", &common.preinstall),
        (".pre-upgrade", &own.preupgrade),
    ];
    cut_archive(out, |sink| {
        put(&own_file(".PKGINFO", info.len(), 0o600, package.mtime), info.as_bytes(), sink)?;
        for (name, script) in scripts {
            if let Some(bytes) = script {
                let mut header = own_file(name, bytes.len(), 0o755, package.mtime);
                header.records.insert(CHECKSUM.to_owned(), sha1_hex(bytes).into_bytes());
                put(&header, bytes, sink)?;
            }
        }
        Ok(())
    })
}

fn put(header: &Header, bytes: &[u8], sink: &mut dyn Write) -> std::io::Result<()> {
    sink.write_all(&header.blocks())?;
    sink.write_all(bytes)?;
    sink.write_all(padding(bytes.len() as u64))
}

/// An archive without its end, so that what follows it in the file goes on in the same archive.
fn cut_archive(
    out: &Path,
    write: impl FnOnce(&mut dyn Write) -> std::io::Result<()>,
) -> Result<Vec<u8>, PackageError> {
    output::compress(Compression::Gzip(9), 0, out, |sink| write(sink).map_err(PackageError::io("write", out)))
}

fn signature(
    package: &Package,
    sign: &dyn Sign,
    control: &[u8],
    out: &Path,
) -> Result<Vec<u8>, PackageError> {
    let name = format!(".SIGN.RSA.{}", key_name(package)?);
    let made = sign
        .sign(SignatureForm::RsaSha1, &mut &control[..])
        .map_err(|reason| PackageError::Signing { package: package.name.clone(), format: "apk", reason })?;
    cut_archive(out, |sink| put(&own_file(&name, made.len(), 0o600, package.mtime), &made, sink))
}

/// Name of the public key's file in /etc/apk/keys.
fn key_name(package: &Package) -> Result<String, PackageError> {
    let name = match package.apk.key_name.as_str() {
        "" => address(&package.maintainer).ok_or_else(|| {
            let reason =
                "its key has no name (signature.key_name), and the maintainer no address to name it after";
            wrong(Format::Apk, package, reason)
        })?,
        name => name,
    };
    Ok(if name.ends_with(".rsa.pub") { name.to_owned() } else { format!("{name}.rsa.pub") })
}

/// The address of `Name <address>`, or the text if it is one itself.
fn address(maintainer: &str) -> Option<&str> {
    let inner = maintainer.split_once('<').and_then(|(_, rest)| rest.split_once('>')).map(|(a, _)| a);
    let address = inner.unwrap_or(maintainer).trim();
    (address.contains('@') && !address.contains(char::is_whitespace)).then_some(address)
}
