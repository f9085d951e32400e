//! deb and termux.deb: an ar archive of `debian-binary`, `control.tar.gz` and `data.tar.*` (deb(5)).
//!
//! Owns: the control members (deb-control(5), deb-triggers(5), …), md5sums, the signature member. Must not: sign.

use super::contents::{self, Entry};
use super::control::{Paragraph, description, folded, maintainer, priority};
use super::output::{self, Compression, Feed, Wanted};
use super::tar::{member, own_file};
use super::{
    Content, ContentKind, Deb, Format, Package, Sign, SignatureForm, Source, changelog, names, wrong,
};
use crate::{PackageError, Written};
use goferry_tar::{END, padding};
use std::fmt::Write as _;
use std::io::{Read, Write};
use std::path::Path;

const DEBIAN_BINARY: &[u8] = b"2.0\n";

pub(super) fn write(
    format: Format,
    package: &Package,
    out: &Path,
    sign: Option<&dyn Sign>,
) -> Result<Written, PackageError> {
    let (compression, data_name) = compression(format, package)?;
    let entries = contents::entries(format, package, &extra(format, package)?)?;
    let mut feed = Feed::new(out, Wanted::Md5Too);
    let mut made = Made { md5sums: String::new(), size: 0 };
    let data = output::compress(compression, output::expected_size(&entries), out, |sink| {
        write_data(&entries, &mut feed, &mut made, sink)
    })?;
    let control = control_archive(format, package, &entries, &made, out)?;
    let members =
        [("debian-binary", DEBIAN_BINARY), ("control.tar.gz", &control[..]), (data_name, &data[..])];
    let signature = match sign {
        Some(sign) => Some(signature(format, package, sign, &members)?),
        None => None,
    };
    let heads = members.map(|(name, bytes)| ar_header(name, bytes.len(), package.mtime));
    let mut parts: Vec<&[u8]> = vec![b"!<arch>\n"];
    for (head, (_, bytes)) in heads.iter().zip(&members) {
        push_member(&mut parts, head, bytes);
    }
    let signed = signature.map(|(name, bytes)| (ar_header(&name, bytes.len(), package.mtime), bytes));
    if let Some((head, bytes)) = &signed {
        push_member(&mut parts, head, bytes);
    }
    output::finish(out, &parts, feed)
}

/// A member of the ar archive; its content's length is made even.
fn push_member<'p>(parts: &mut Vec<&'p [u8]>, head: &'p str, bytes: &'p [u8]) {
    parts.push(head.as_bytes());
    parts.push(bytes);
    if bytes.len() % 2 == 1 {
        parts.push(b"\n");
    }
}

/// ar's header in its common form: 60 bytes, decimal numbers, the mode in octal.
fn ar_header(name: &str, size: usize, mtime: i64) -> String {
    let mtime = mtime.max(0);
    format!("{name:<16}{mtime:<12}{:<6}{:<6}{:<8}{size:<10}`\n", 0, 0, "100644")
}

fn compression(format: Format, package: &Package) -> Result<(Compression, &'static str), PackageError> {
    let text = &package.deb.compression;
    match Compression::parse(text) {
        Some(c @ Compression::Gzip(_)) => Ok((c, "data.tar.gz")),
        Some(c @ Compression::Xz) => Ok((c, "data.tar.xz")),
        Some(c @ Compression::Zstd(_)) => Ok((c, "data.tar.zst")),
        Some(c @ Compression::None) => Ok((c, "data.tar")),
        Some(Compression::Lzma) | None => {
            Err(wrong(format, package, &format!("`{text}` is no compression of data.tar")))
        }
    }
}

/// What a deb gets beside its contents: the changelog.
fn extra(format: Format, package: &Package) -> Result<Vec<Content>, PackageError> {
    let mut extra = Vec::new();
    let mut add = |dst: String, bytes: Vec<u8>| {
        let content = Content::new(ContentKind::File, Source::Bytes(bytes), dst);
        extra.push(Content { mode: Some(0o644), ..content });
    };
    let name = &package.name;
    if !package.changelog.is_empty() && format == Format::Deb {
        let text = changelog::debian(name, &package.changelog);
        add(format!("/usr/share/doc/{name}/changelog.Debian.gz"), output::gzip_best(text.as_bytes())?);
    }
    Ok(extra)
}

/// What writing the data says about it.
struct Made {
    md5sums: String,
    /// Bytes of all files.
    size: u64,
}

fn write_data(
    entries: &[Entry],
    feed: &mut Feed,
    made: &mut Made,
    sink: &mut dyn Write,
) -> Result<(), PackageError> {
    for entry in entries {
        let open = feed.open(entry)?;
        let size = open.as_ref().map_or(0, output::Open::size);
        let name = format!("./{}", entry.path.trim_start_matches('/'));
        let Some(header) = member(entry, name, size) else { continue };
        sink.write_all(&header.gnu_blocks()).map_err(feed.write_error())?;
        if let Some(open) = open {
            let digests = feed.pour_padded(entry, open, sink)?;
            made.size += size;
            let _ = writeln!(made.md5sums, "{}  {}", digests.md5.unwrap_or_default(), entry.relative());
        }
    }
    sink.write_all(&END).map_err(feed.write_error())
}

fn control_archive(
    format: Format,
    package: &Package,
    entries: &[Entry],
    made: &Made,
    out: &Path,
) -> Result<Vec<u8>, PackageError> {
    let control = control(format, package, made.size / 1024);
    let conffiles = conffiles(entries);
    let triggers = triggers(&package.deb);
    let mut members =
        vec![("./control", 0o644, control.as_bytes()), ("./md5sums", 0o644, made.md5sums.as_bytes())];
    for (name, text) in [("./conffiles", &conffiles), ("./triggers", &triggers)] {
        if !text.is_empty() {
            members.push((name, 0o644, text.as_bytes()));
        }
    }
    members.extend(scripts(package));
    output::compress(Compression::Gzip(9), 0, out, |sink| {
        for (name, mode, bytes) in members {
            put_small(name, mode, bytes, package.mtime, sink).map_err(PackageError::io("write", out))?;
        }
        sink.write_all(&END).map_err(PackageError::io("write", out))
    })
}

/// Writes a member of a control archive.
pub(super) fn put_small(
    name: &str,
    mode: u32,
    bytes: &[u8],
    mtime: i64,
    sink: &mut dyn Write,
) -> std::io::Result<()> {
    sink.write_all(&own_file(name, bytes.len(), mode, mtime).gnu_blocks())?;
    sink.write_all(bytes)?;
    sink.write_all(padding(bytes.len() as u64))
}

/// The scripts that there are, by name.
fn scripts(package: &Package) -> impl Iterator<Item = (&'static str, u32, &[u8])> {
    let (common, own) = (&package.scripts, &package.deb);
    [
        ("./config", 0o755, &own.config),
        ("./postinst", 0o755, &common.postinstall),
        ("./postrm", 0o755, &common.postremove),
        ("./preinst", 0o755, &common.preinstall),
        ("./prerm", 0o755, &common.preremove),
        ("./rules", 0o755, &own.rules),
        ("./templates", 0o644, &own.templates),
    ]
    .into_iter()
    .filter_map(|(name, mode, text)| text.as_deref().map(|t| (name, mode, t)))
}

/// The files that dpkg asks about before it replaces them.
pub(super) fn conffiles(entries: &[Entry]) -> String {
    entries.iter().filter(|e| e.is_config()).map(|e| format!("{}\n", e.path)).collect()
}

fn triggers(deb: &Deb) -> String {
    let t = &deb.triggers;
    let mut text = String::new();
    for (directive, names) in [
        ("interest", &t.interest),
        ("interest-await", &t.interest_await),
        ("interest-noawait", &t.interest_noawait),
        ("activate", &t.activate),
        ("activate-await", &t.activate_await),
        ("activate-noawait", &t.activate_noawait),
    ] {
        for name in names {
            let _ = writeln!(text, "{directive} {name}");
        }
    }
    text
}

pub(super) fn control(format: Format, package: &Package, kibibytes: u64) -> String {
    let (r, deb) = (&package.relations, &package.deb);
    let epoch = match package.version.epoch.as_str() {
        "" => String::new(),
        epoch => format!("{epoch}:"),
    };
    let platform = match package.platform.as_str() {
        "linux" | "" => String::new(),
        other => format!("{other}-"),
    };
    let mut p = Paragraph::default();
    p.always("Package", &package.name);
    p.always("Version", &format!("{epoch}{}", names::version(format, package)));
    p.optional("Section", &package.section);
    p.always("Priority", priority(&package.priority));
    p.always("Architecture", &format!("{platform}{}", control_architecture(format, package)));
    p.optional("Architecture-Variant", &variant(&deb.arch_variant));
    p.always("Maintainer", maintainer(&package.maintainer));
    p.always("Installed-Size", &kibibytes.to_string());
    p.list("Replaces", &r.replaces);
    p.list_of_filled("Provides", &r.provides);
    p.list("Pre-Depends", &deb.predepends);
    p.list("Depends", &r.depends);
    p.list("Recommends", &r.recommends);
    p.list("Suggests", &r.suggests);
    p.list("Conflicts", &r.conflicts);
    p.list("Breaks", &deb.breaks);
    p.optional("Homepage", &package.homepage);
    p.always("Description", &folded(description(&package.description)));
    for (name, value) in &deb.fields {
        p.optional(name, value.trim_end());
    }
    p.finish()
}

/// The architecture; Termux has one word for 32-bit ARM, whatever goreleaser calls the file.
fn control_architecture(format: Format, package: &Package) -> String {
    match names::architecture(format, package) {
        arm if format == Format::TermuxDeb && ["arm5", "arm6", "arm7"].contains(&arm.as_str()) => {
            "arm".into()
        }
        other => other,
    }
}

/// `v3` is `amd64v3`.
fn variant(text: &str) -> String {
    match text {
        "v1" | "v2" | "v3" | "v4" => format!("amd64{text}"),
        other => other.to_owned(),
    }
}

/// Name and content of the signature's member.
fn signature(
    format: Format,
    package: &Package,
    sign: &dyn Sign,
    members: &[(&str, &[u8]); 3],
) -> Result<(String, Vec<u8>), PackageError> {
    let role = match package.deb.signature_role.as_str() {
        "" => "origin",
        role => role,
    };
    if !["origin", "maint", "archive"].contains(&role) {
        let why = format!("`{role}` is no type of signature: origin, maint, archive");
        return Err(wrong(format, package, &why));
    }
    let mut data = members[0].1.chain(members[1].1).chain(members[2].1);
    let bytes = sign.sign(SignatureForm::ArmoredDetached, &mut data).map_err(|reason| {
        PackageError::Signing { package: package.name.clone(), format: format.as_str(), reason }
    })?;
    Ok((format!("_gpg{role}"), bytes))
}
