//! What an archive holds, read with crates that goferry does not write archives with, in the words of the goldens.
//!
//! Must not: compare.

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::fs;
use std::io::{Cursor, Read};
use std::path::Path;

/// A moment in the words of the goldens.
pub(crate) type Clock<'a> = &'a dyn Fn(i64) -> String;

/// Container and members of an archive.
pub(crate) fn archive_facts(path: &Path, clock: Clock<'_>) -> Value {
    let data = fs::read(path).expect("archive");
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    if data.starts_with(b"PK\x03\x04") {
        return json!({"container": "zip", "members": zip_members(data, clock)});
    }
    if data.starts_with(b"\x1f\x8b") {
        let inner = all(flate2::read::MultiGzDecoder::new(&data[..]));
        if name.ends_with(".tar.gz") || name.ends_with(".tgz") {
            return tar_facts("tar+gzip", &inner, clock);
        }
        return json!({"container": "gzip", "members": [gzip_member(&data, &inner, clock)]});
    }
    if data.starts_with(b"\xfd7zXZ\0") {
        return tar_facts("tar+xz", &all(liblzma::read::XzDecoder::new(&data[..])), clock);
    }
    if data.starts_with(b"\x28\xb5\x2f\xfd") {
        let inner = zstd::stream::decode_all(&data[..]).expect("zstd");
        return tar_facts("tar+zstd", &inner, clock);
    }
    tar_facts("tar", &data, clock)
}

/// A text of moderate size, whose bytes are the same on every machine; program code is not.
pub(crate) fn is_text(data: &[u8]) -> bool {
    data.len() <= 65536 && !data.contains(&0) && std::str::from_utf8(data).is_ok()
}

fn all(mut reader: impl Read) -> Vec<u8> {
    let mut data = vec![];
    reader.read_to_end(&mut data).expect("whole archive");
    data
}

fn content_facts(entry: &mut Map<String, Value>, data: &[u8]) {
    if is_text(data) {
        let sum: String = Sha256::digest(data).iter().map(|b| format!("{b:02x}")).collect();
        entry.insert("size".to_owned(), data.len().into());
        entry.insert("sha256".to_owned(), sum.into());
    }
}

fn tar_facts(container: &str, data: &[u8], clock: Clock<'_>) -> Value {
    let mut members = vec![];
    let mut comment = None;
    let mut archive = tar::Archive::new(Cursor::new(data));
    for item in archive.entries().expect("tar") {
        let mut item = item.expect("tar member");
        if item.header().entry_type() == tar::EntryType::XGlobalHeader {
            let text = all(&mut item);
            comment = pax_record(&text, "comment");
            continue;
        }
        members.push(tar_member(&mut item, clock));
    }
    let mut facts = json!({"container": container, "members": members});
    if let Some(text) = comment {
        facts["comment"] = text.into();
    }
    facts
}

fn tar_member<R: Read>(item: &mut tar::Entry<'_, R>, clock: Clock<'_>) -> Value {
    use tar::EntryType;
    let pax: Vec<String> = match item.pax_extensions().expect("pax records") {
        None => vec![],
        Some(list) => list.map(|e| e.expect("pax record").key().expect("pax key").to_owned()).collect(),
    };
    let header = item.header();
    let kind = match header.entry_type() {
        EntryType::Regular => "file",
        EntryType::Directory => "dir",
        EntryType::Symlink => "symlink",
        EntryType::Link => "link",
        other => panic!("a member of type {other:?}"),
    };
    let text = |value: Option<&[u8]>| String::from_utf8_lossy(value.unwrap_or_default()).into_owned();
    // Python's tarfile, with which the goldens were recorded, drops the slash of a folder.
    let name = String::from_utf8_lossy(&item.path_bytes()).trim_end_matches('/').to_owned();
    let mut entry = json!({
        "name": name,
        "mode": format!("{:o}", header.mode().expect("mode")),
        "type": kind,
        "uid": header.uid().expect("uid"),
        "uname": text(header.username_bytes()),
        "gid": header.gid().expect("gid"),
        "gname": text(header.groupname_bytes()),
        "mtime": clock(header.mtime().expect("mtime") as i64),
    });
    let entry_map = entry.as_object_mut().expect("an object");
    if let Some(link) = item.link_name_bytes() {
        entry_map.insert("link".to_owned(), String::from_utf8_lossy(&link).into());
    }
    if !pax.is_empty() {
        let mut keys = pax;
        keys.sort();
        entry_map.insert("pax".to_owned(), keys.into());
    }
    if kind == "file" {
        let data = all(item);
        content_facts(entry_map, &data);
    }
    entry
}

/// One record of a pax header: `<length> <key>=<value>\n`.
fn pax_record(text: &[u8], key: &str) -> Option<String> {
    let text = String::from_utf8_lossy(text);
    text.lines().find_map(|l| Some(l.split_once(' ')?.1.strip_prefix(key)?.strip_prefix('=')?.to_owned()))
}

fn zip_members(data: Vec<u8>, clock: Clock<'_>) -> Vec<Value> {
    let mut archive = zip::ZipArchive::new(Cursor::new(data)).expect("zip");
    let mut members = vec![];
    for index in 0..archive.len() {
        let mut item = archive.by_index(index).expect("zip member");
        let mode = item.unix_mode().unwrap_or(0);
        let name = item.name().expect("member name").into_owned();
        let kind = match mode & 0o170_000 {
            _ if name.ends_with('/') => "dir",
            0o120_000 => "symlink",
            _ => "file",
        };
        let seconds = item
            .extra_data()
            .as_deref()
            .and_then(extended_timestamp)
            .or_else(|| dos_seconds(&item))
            .unwrap_or(0);
        let mut entry = json!({
            "name": name,
            "mode": format!("{:o}", mode & 0o7777),
            "type": kind,
            "method": match item.compression() {
                zip::CompressionMethod::Stored => "store",
                zip::CompressionMethod::Deflated => "deflate",
                other => panic!("method {other}"),
            },
            "mtime": clock(seconds),
        });
        let body = all(&mut item);
        let map = entry.as_object_mut().expect("an object");
        match kind {
            "symlink" => {
                map.insert("link".to_owned(), String::from_utf8_lossy(&body).into());
            }
            "file" => content_facts(map, &body),
            _ => {}
        }
        members.push(entry);
    }
    members
}

/// The time of the field 0x5455 (APPNOTE.TXT of Info-ZIP, "extended timestamp").
fn extended_timestamp(mut extra: &[u8]) -> Option<i64> {
    while let [a, b, c, d, rest @ ..] = extra {
        let (kind, size) = (u16::from_le_bytes([*a, *b]), usize::from(u16::from_le_bytes([*c, *d])));
        if kind == 0x5455
            && let Some([_, w, x, y, z]) = rest.get(..5)
        {
            return Some(u32::from_le_bytes([*w, *x, *y, *z]).into());
        }
        extra = rest.get(size..)?;
    }
    None
}

/// The time that every zip reader knows; before 1981 it means none.
fn dos_seconds<R: Read>(item: &zip::read::ZipFile<'_, R>) -> Option<i64> {
    let t = item.last_modified().filter(|t| t.year() >= 1981)?;
    let text = format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z",
        t.year(),
        t.month(),
        t.day(),
        t.hour(),
        t.minute(),
        t.second()
    );
    Some(text.parse::<jiff::Timestamp>().expect("a time that exists").as_second())
}

/// RFC 1952: name and time stand in the header.
fn gzip_member(data: &[u8], inner: &[u8], clock: Clock<'_>) -> Value {
    let mut reader = flate2::read::GzDecoder::new(data);
    let _ = reader.read(&mut [0]).expect("gzip header");
    let header = reader.header().expect("gzip header");
    let name = header.filename().map(|n| n.iter().map(|b| char::from(*b)).collect::<String>());
    let mut entry = json!({"name": name, "mtime": clock(header.mtime().into())});
    content_facts(entry.as_object_mut().expect("an object"), inner);
    entry
}
