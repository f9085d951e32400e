//! ipk, opkg's format: what a deb holds, in a gzip-compressed tar instead of ar.
//!
//! Owns: opkg's control fields. Must not: know dpkg's.

use super::contents::{self, Entry};
use super::control::{Paragraph, description, folded, maintainer, priority};
use super::deb::{conffiles, put_small};
use super::output::{self, Compression, Feed, Wanted};
use super::tar::member;
use super::{Format, Package, names};
use crate::{PackageError, Written};
use goferry_tar::END;
use std::io::Write;
use std::path::Path;

/// Fields that the writer knows itself, whether it writes them or not: those of `fields` do not replace them.
const OWN_FIELDS: &[&str] = &[
    "ABIVersion",
    "Alternatives",
    "Architecture",
    "Auto-Installed",
    "Conffiles",
    "Conflicts",
    "Depends",
    "Description",
    "Essential",
    "Filename",
    "Homepage",
    "Installed-Size",
    "Installed-Time",
    "License",
    "Maintainer",
    "MD5sum",
    "Package",
    "Pre-Depends",
    "Priority",
    "Provides",
    "Recommends",
    "Replaces",
    "Section",
    "SHA256sum",
    "Size",
    "Status",
    "Suggests",
    "Tags",
    "Vendor",
    "Version",
];

pub(super) fn write(package: &Package, out: &Path) -> Result<Written, PackageError> {
    let entries = contents::entries(Format::Ipk, package, &[])?;
    let mut feed = Feed::new(out, Wanted::Sha256);
    let mut size = 0;
    let level = Compression::parse("").unwrap_or(Compression::Gzip(6));
    let data = output::compress(level, output::expected_size(&entries), out, |sink| {
        for entry in &entries {
            size += write_entry(entry, &mut feed, sink)?;
        }
        sink.write_all(&END).map_err(feed.write_error())
    })?;
    let control = control_archive(package, &entries, size / 1024, out)?;
    let parts =
        [("./debian-binary", &b"2.0\n"[..]), ("./control.tar.gz", &control), ("./data.tar.gz", &data)];
    let expected = (data.len() + control.len()) as u64;
    let whole =
        archive(out, Compression::Gzip(1), expected, package.mtime, &parts.map(|(n, b)| (n, 0o644, b)))?;
    output::finish(out, &[&whole], feed)
}

fn write_entry(entry: &Entry, feed: &mut Feed, sink: &mut dyn Write) -> Result<u64, PackageError> {
    let open = feed.open(entry)?;
    let size = open.as_ref().map_or(0, output::Open::size);
    let name = format!("./{}", entry.path.trim_start_matches('/'));
    let Some(header) = member(entry, name, size) else { return Ok(0) };
    sink.write_all(&header.gnu_blocks()).map_err(feed.write_error())?;
    if let Some(open) = open {
        feed.pour_padded(entry, open, sink)?;
    }
    Ok(size)
}

fn control_archive(
    package: &Package,
    entries: &[Entry],
    kibibytes: u64,
    out: &Path,
) -> Result<Vec<u8>, PackageError> {
    let control = control(package, kibibytes);
    // There always is a list, if only of an empty line: nfpm writes it so, and opkg passes over empty lines.
    let conffiles = match conffiles(entries) {
        list if list.is_empty() => "\n".to_owned(),
        list => list,
    };
    let s = &package.scripts;
    let mut members =
        vec![("./control", 0o644, control.as_bytes()), ("./conffiles", 0o644, conffiles.as_bytes())];
    for (name, script) in [
        ("./preinst", &s.preinstall),
        ("./postinst", &s.postinstall),
        ("./prerm", &s.preremove),
        ("./postrm", &s.postremove),
    ] {
        members.extend(script.as_deref().map(|bytes| (name, 0o755, bytes)));
    }
    archive(out, Compression::Gzip(9), 0, package.mtime, &members)
}

fn archive(
    out: &Path,
    compression: Compression,
    expected: u64,
    mtime: i64,
    members: &[(&str, u32, &[u8])],
) -> Result<Vec<u8>, PackageError> {
    output::compress(compression, expected, out, |sink| {
        for (name, mode, bytes) in members {
            put_small(name, *mode, bytes, mtime, sink).map_err(PackageError::io("write", out))?;
        }
        sink.write_all(&END).map_err(PackageError::io("write", out))
    })
}

pub(super) fn control(package: &Package, kibibytes: u64) -> String {
    let (r, ipk) = (&package.relations, &package.ipk);
    let epoch = match package.version.epoch.as_str() {
        "" => String::new(),
        epoch => format!("{epoch}:"),
    };
    let yes = |is: bool| if is { "yes" } else { "" };
    let size = if kibibytes == 0 { String::new() } else { kibibytes.to_string() };
    let alternatives: Vec<String> =
        ipk.alternatives.iter().map(|a| format!("{}:{}:{}", a.priority, a.link_name, a.target)).collect();
    let mut p = Paragraph::default();
    p.always("Architecture", &names::architecture(Format::Ipk, package));
    p.always("Description", &folded(description(&package.description)));
    p.always("Maintainer", maintainer(&package.maintainer));
    p.always("Package", &package.name);
    p.always("Priority", priority(&package.priority));
    p.always("Version", &format!("{epoch}{}", names::version(Format::Ipk, package)));
    p.optional("ABIVersion", &ipk.abi_version);
    p.list("Alternatives", &alternatives);
    p.optional("Auto-Installed", yes(ipk.auto_installed));
    p.list("Conflicts", &r.conflicts);
    p.list("Depends", &r.depends);
    p.optional("Essential", yes(ipk.essential));
    p.optional("Homepage", &package.homepage);
    p.optional("License", &package.license);
    p.optional("Installed-Size", &size);
    p.list("Pre-Depends", &ipk.predepends);
    p.list_of_filled("Provides", &r.provides);
    p.list("Recommends", &r.recommends);
    p.list("Replaces", &r.replaces);
    p.optional("Section", &package.section);
    p.list("Suggests", &r.suggests);
    p.list("Tags", &ipk.tags);
    p.optional("Vendor", &package.vendor);
    for (name, value) in &ipk.fields {
        if !OWN_FIELDS.iter().any(|own| own.eq_ignore_ascii_case(name)) {
            p.optional(name, value.trim_end());
        }
    }
    p.finish()
}
