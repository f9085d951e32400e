//! rpm: lead, signature header, header, payload (rpm 4, "RPM V4 Package format").
//!
//! Owns: what the tags say. Must not: sign (a [`Sign`] does), look at the clock or the machine's name.
//!
//! Written by ourselves: what crates there are compress with their own streams, hold the payload twice, or bring OpenPGP.

mod header;
mod payload;
mod relation;

use super::contents::{self, Entry, What};
use super::control::description;
use super::names::{architecture, rpm_version};
use super::output::{self, Compression, Feed, Wanted, sha1_hex, sha256_hex};
use super::{ContentKind, Format, Package, Sign, SignatureForm, changelog, wrong};
use crate::{PackageError, Written};
use goferry_plan::package_names::rpm_release;
use header::{Header, Value};
use md5::{Digest, Md5};
use payload::Payload;
use relation::{EQUAL, Relation};
use std::io::Read;
use std::path::Path;

/// Region tags of the two headers.
const SIGNATURES: u32 = 62;
const IMMUTABLE: u32 = 63;

pub(super) fn write(package: &Package, out: &Path, sign: Option<&dyn Sign>) -> Result<Written, PackageError> {
    let compression = compression(package)?;
    let mut entries = contents::entries(Format::Rpm, package, &[])?;
    // What only holds something else is no part of an rpm: it would own folders that it shares.
    entries.retain(|e| e.what != What::Folder { implied: true });
    let mut feed = Feed::new(out, Wanted::Sha256);
    let payload = payload::make(&entries, compression, &mut feed, out)?;
    let mut header = Header::default();
    say_what_it_is(&mut header, package)?;
    say_relations(&mut header, package, compression)?;
    say_scripts(&mut header, package)?;
    say_files(&mut header, &entries, &payload);
    say_payload(&mut header, compression, &payload);
    say_changelog(&mut header, package);
    let header = header.bytes(IMMUTABLE);
    let signatures = signatures(package, sign, &header, &payload)?;
    let lead = lead(package);
    output::finish(out, &[&lead, &signatures, &header, &payload.packed], feed)
}

/// What rpm would take for something else.
pub(super) fn check(package: &Package) -> Result<(), String> {
    let release = &package.version.release;
    if release.contains(|c: char| c == '-' || c.is_whitespace()) {
        return Err(format!(
            "its release `{release}` holds a hyphen or a blank: they part name, version and release"
        ));
    }
    if !(package.version.epoch.is_empty() || package.version.epoch.parse::<u32>().is_ok()) {
        return Err("its epoch is no number".to_owned());
    }
    let r = &package.relations;
    let all = [&r.depends, &r.recommends, &r.suggests, &r.conflicts, &r.replaces, &r.provides];
    let mut texts = all.into_iter().flatten().filter(|t| !t.trim().is_empty());
    match texts.find(|t| Relation::parse(t).is_none()) {
        Some(text) => Err(no_relation(text)),
        None => Ok(()),
    }
}

fn no_relation(text: &str) -> String {
    format!("`{text}` is no relation: name, or name >= version")
}

fn compression(package: &Package) -> Result<Compression, PackageError> {
    let text = &package.rpm.compression;
    match Compression::parse(text) {
        Some(Compression::None) | None => {
            Err(bad(package, &format!("`{text}` is no compression of a payload")))
        }
        Some(compression) => Ok(compression),
    }
}

fn bad(package: &Package, reason: &str) -> PackageError {
    wrong(Format::Rpm, package, reason)
}

/// `name-version-release`.
fn label(package: &Package) -> String {
    format!("{}-{}-{}", package.name, rpm_version(package), rpm_release(&package.version.release))
}

/// The 96 bytes that file(1) knows an rpm by; rpm itself has not used them for decades.
fn lead(package: &Package) -> [u8; 96] {
    let mut lead = [0; 96];
    lead[..10].copy_from_slice(&[0xed, 0xab, 0xee, 0xdb, 3, 0, 0, 0, 0, lead_architecture(package)]);
    for (to, from) in lead[10..75].iter_mut().zip(label(package).bytes()) {
        *to = from;
    }
    // Linux; signatures in a header.
    lead[77] = 1;
    lead[79] = 5;
    lead
}

/// rpmrc's `arch_canon`.
fn lead_architecture(package: &Package) -> u8 {
    match architecture(Format::Rpm, package).as_str() {
        "x86_64" | "i386" => 1,
        "mips" | "mips64" => 4,
        "ppc" => 5,
        "mipsel" | "mips64el" => 11,
        arm if arm.starts_with("arm") => 12,
        "s390x" => 15,
        "ppc64" | "ppc64le" => 16,
        "aarch64" => 19,
        "riscv64" => 22,
        "loongarch64" => 23,
        _ => 255,
    }
}

fn say_what_it_is(header: &mut Header, package: &Package) -> Result<(), PackageError> {
    let (rpm, first) = (&package.rpm, description(&package.description));
    let summary = if rpm.summary.is_empty() { first.lines().next().unwrap_or("") } else { &rpm.summary };
    let host = if rpm.build_host.is_empty() { "localhost" } else { &rpm.build_host };
    let packager = if rpm.packager.is_empty() { &package.maintainer } else { &rpm.packager };
    let platform = if package.platform.is_empty() { "linux" } else { &package.platform };
    // Languages of translated texts.
    header.texts(100, ["C".to_owned()]);
    header.text(1000, &package.name);
    header.text(1001, &rpm_version(package));
    header.text(1002, rpm_release(&package.version.release));
    if !package.version.epoch.is_empty() {
        let epoch = package.version.epoch.parse().map_err(|_| bad(package, "its epoch is no number"))?;
        header.int(1003, epoch);
    }
    header.set(1004, Value::Translated(summary.to_owned()));
    header.set(1005, Value::Translated(first.to_owned()));
    header.int(1006, u32::try_from(package.mtime).unwrap_or(0));
    header.text(1007, host);
    header.filled(1011, &package.vendor);
    header.filled(1014, &package.license);
    header.filled(1015, packager);
    if !rpm.group.is_empty() {
        header.set(1016, Value::Translated(rpm.group.clone()));
    }
    header.filled(1020, &package.homepage);
    header.text(1021, platform);
    header.text(1022, &architecture(Format::Rpm, package));
    // Names of a source package make it a binary one.
    header.text(1044, &format!("{}.src.rpm", label(package)));
    header.texts(1098, rpm.prefixes.iter().cloned());
    header.text(5062, "utf-8");
    Ok(())
}

/// Sets of tags: name, version, flags.
const PROVIDES: [u32; 3] = [1047, 1113, 1112];
const REQUIRES: [u32; 3] = [1049, 1050, 1048];
const CONFLICTS: [u32; 3] = [1054, 1055, 1053];
const OBSOLETES: [u32; 3] = [1090, 1115, 1114];
const RECOMMENDS: [u32; 3] = [5046, 5047, 5048];
const SUGGESTS: [u32; 3] = [5049, 5050, 5051];

fn say_relations(
    header: &mut Header,
    package: &Package,
    compression: Compression,
) -> Result<(), PackageError> {
    let parse = |texts: &[String]| -> Result<Vec<Relation>, PackageError> {
        let one = |t: &String| Relation::parse(t).ok_or_else(|| bad(package, &no_relation(t)));
        texts.iter().filter(|t| !t.trim().is_empty()).map(one).collect()
    };
    let r = &package.relations;
    let mut provides = parse(&r.provides)?;
    let epoch = match package.version.epoch.as_str() {
        "" => String::new(),
        epoch => format!("{epoch}:"),
    };
    let version = format!("{epoch}{}-{}", rpm_version(package), rpm_release(&package.version.release));
    provides.push(Relation { name: package.name.clone(), flags: EQUAL, version });
    let mut requires = parse(&r.depends)?;
    requires.extend(features(compression, package, &requires));
    for (tags, relations) in [
        (PROVIDES, provides),
        (REQUIRES, requires),
        (CONFLICTS, parse(&r.conflicts)?),
        (OBSOLETES, parse(&r.replaces)?),
        (RECOMMENDS, parse(&r.recommends)?),
        (SUGGESTS, parse(&r.suggests)?),
    ] {
        let [name, version, flags] = tags;
        header.texts(name, relations.iter().map(|r| r.name.clone()));
        header.texts(version, relations.iter().map(|r| r.version.clone()));
        header.ints(flags, relations.iter().map(|r| r.flags));
    }
    Ok(())
}

/// What rpm must know to read this package, as rpmbuild states it.
fn features(compression: Compression, package: &Package, requires: &[Relation]) -> Vec<Relation> {
    let mut features = vec![
        Relation::rpmlib("CompressedFileNames", "3.0.4-1"),
        Relation::rpmlib("FileDigests", "4.6.0-1"),
        Relation::rpmlib("PayloadFilesHavePrefix", "4.0-1"),
    ];
    features.extend(match compression {
        Compression::Xz => Some(Relation::rpmlib("PayloadIsXz", "5.2-1")),
        Compression::Lzma => Some(Relation::rpmlib("PayloadIsLzma", "4.4.6-1")),
        Compression::Zstd(_) => Some(Relation::rpmlib("PayloadIsZstd", "5.4.18-1")),
        Compression::None | Compression::Gzip(_) => None,
    });
    if requires.iter().any(|r| r.name.starts_with('(')) {
        features.push(Relation::rpmlib("RichDependencies", "4.12.0-1"));
    }
    if rpm_version(package).contains('~') {
        features.push(Relation::rpmlib("TildeInVersions", "4.10.0-1"));
    }
    features
}

fn say_scripts(header: &mut Header, package: &Package) -> Result<(), PackageError> {
    let (common, own) = (&package.scripts, &package.rpm);
    for (script, interpreter, text) in [
        (1023, 1085, &common.preinstall),
        (1024, 1086, &common.postinstall),
        (1025, 1087, &common.preremove),
        (1026, 1088, &common.postremove),
        (1151, 1153, &own.pretrans),
        (1152, 1154, &own.posttrans),
    ] {
        let Some(bytes) = text.as_deref().filter(|t| !t.is_empty()) else { continue };
        let text = std::str::from_utf8(bytes).ok().filter(|t| !t.contains('\0'));
        header.text(script, text.ok_or_else(|| bad(package, "a script is not text"))?);
        header.text(interpreter, "/bin/sh");
    }
    Ok(())
}

fn say_files(header: &mut Header, entries: &[Entry], payload: &Payload) {
    let split = |e: &Entry| {
        let path = e.path.trim_end_matches('/');
        let at = path.rfind('/').map_or(0, |at| at + 1);
        (path[..at].to_owned(), path[at..].to_owned())
    };
    let mut folders: Vec<String> = entries.iter().map(|e| split(e).0).collect();
    folders.sort_unstable();
    folders.dedup();
    let index = |e: &Entry| folders.binary_search(&split(e).0).unwrap_or(0) as u32;
    let size: u64 = std::iter::zip(entries, &payload.files)
        .filter(|(e, _)| matches!(e.what, What::File(..)))
        .map(|(_, (_, size))| u64::from(*size))
        .sum();
    match u32::try_from(size) {
        Ok(size) => header.int(1009, size),
        Err(_) => header.set(5009, Value::Int64(vec![size])),
    }
    let each = |f: &dyn Fn(&Entry) -> u32| entries.iter().map(f).collect::<Vec<u32>>();
    let link = |e: &Entry| if let What::Link(text) = &e.what { text.clone() } else { String::new() };
    header.ints(1028, payload.files.iter().map(|(_, size)| *size));
    header.set(1030, Value::Int16(entries.iter().map(|e| payload::mode(e) as u16).collect()));
    header.set(1033, Value::Int16(vec![0; entries.len()]));
    header.ints(1034, each(&|e| u32::try_from(e.mtime).unwrap_or(0)));
    header.texts(1035, payload.files.iter().map(|(digest, _)| digest.clone()));
    header.texts(1036, entries.iter().map(link));
    header.ints(1037, each(&flags));
    header.texts(1039, entries.iter().map(|e| e.owner.clone()));
    header.texts(1040, entries.iter().map(|e| e.group.clone()));
    // What `rpm --verify` compares: everything.
    header.ints(1045, each(&|_| u32::MAX));
    header.ints(1095, each(&|_| 1));
    header.ints(1096, 1..=entries.len() as u32);
    // Languages: of none.
    header.texts(1097, entries.iter().map(|_| String::new()));
    header.ints(1116, each(&index));
    header.texts(1117, entries.iter().map(|e| split(e).1));
    if !entries.is_empty() {
        header.texts(1118, folders.iter().cloned());
        // SHA-256, in the numbers of RFC 4880, 9.4.
        header.int(5011, 8);
    }
}

/// rpmfi.h.
fn flags(entry: &Entry) -> u32 {
    use ContentKind::{Config, ConfigMissingOk, ConfigNoReplace, Doc, License, Readme};
    match &entry.what {
        What::Ghost => 1 << 6,
        What::File(Config, _) => 1,
        What::File(ConfigNoReplace, _) => 1 | 1 << 4,
        What::File(ConfigMissingOk, _) => 1 | 1 << 3,
        What::File(Doc, _) => 1 << 1,
        What::File(License, _) => 1 << 7,
        What::File(Readme, _) => 1 << 8,
        What::File(..) | What::Folder { .. } | What::Link(_) => 0,
    }
}

fn say_payload(header: &mut Header, compression: Compression, payload: &Payload) {
    let (name, level) = match compression {
        Compression::None => ("", String::new()),
        Compression::Gzip(level) => ("gzip", level.to_string()),
        Compression::Xz => ("xz", "6".to_owned()),
        Compression::Lzma => ("lzma", "6".to_owned()),
        Compression::Zstd(level) => ("zstd", level.to_string()),
    };
    header.text(1124, "cpio");
    header.text(1125, name);
    header.text(1126, &level);
    header.texts(5092, [sha256_hex(&payload.packed)]);
    header.int(5093, 8);
    header.texts(5097, [payload.plain_sha256.clone()]);
}

fn say_changelog(header: &mut Header, package: &Package) {
    let entries = &package.changelog;
    let texts: Vec<(String, String)> = entries.iter().map(changelog::rpm).collect();
    header.ints(1080, entries.iter().map(|e| u32::try_from(e.date).unwrap_or(0)));
    header.texts(1081, texts.iter().map(|(title, _)| title.clone()));
    header.texts(1082, texts.into_iter().map(|(_, text)| text));
}

/// The signature header, filled up to eight bytes. The header's digest and signature cover the payload too, whose digest
/// is in the header; SHA-1 and MD5 are there for rpm before 4.14.
fn signatures(
    package: &Package,
    sign: Option<&dyn Sign>,
    header: &[u8],
    payload: &Payload,
) -> Result<Vec<u8>, PackageError> {
    let mut h = Header::default();
    let whole = header.len() as u64 + payload.packed.len() as u64;
    match (u32::try_from(whole), u32::try_from(payload.plain_size)) {
        (Ok(whole), Ok(plain)) => {
            h.int(1000, whole);
            h.int(1007, plain);
        }
        _ => {
            h.set(270, Value::Int64(vec![whole]));
            h.set(271, Value::Int64(vec![payload.plain_size]));
        }
    }
    h.text(269, &sha1_hex(header));
    h.text(273, &sha256_hex(header));
    let md5 = Md5::new().chain_update(header).chain_update(&payload.packed);
    h.set(1004, Value::Bytes(md5.finalize().to_vec()));
    if let Some(sign) = sign {
        let mut data = header.chain(&[][..]);
        let signature = sign.sign(SignatureForm::Detached, &mut data).map_err(|reason| {
            PackageError::Signing { package: package.name.clone(), format: "rpm", reason }
        })?;
        // One tag for RSA, one for every newer kind (which has DSA's name).
        let tag = if is_rsa(&signature) { 268 } else { 267 };
        h.set(tag, Value::Bytes(signature));
    }
    let mut bytes = h.bytes(SIGNATURES);
    bytes.resize(bytes.len().next_multiple_of(8), 0);
    Ok(bytes)
}

/// Whether an OpenPGP signature packet (RFC 4880, 4.2 and 5.2.3) was made with RSA.
fn is_rsa(signature: &[u8]) -> bool {
    let Some(tag) = signature.first() else { return false };
    let body = match tag & 0x40 {
        // Old format: the length takes 1, 2 or 4 bytes.
        0 => 1 + (1 << (tag & 3)),
        _ => match signature.get(1) {
            Some(0..=191) => 2,
            Some(192..=223) => 3,
            _ => 6,
        },
    };
    // Version, type, algorithm.
    matches!(signature.get(body + 2), Some(1 | 3))
}
