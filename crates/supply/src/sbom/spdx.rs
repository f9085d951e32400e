//! SPDX 2.3 as JSON (<https://spdx.github.io/spdx-spec/v2.3/>).
//!
//! Shipped files are packages here too: SPDX's files want a SHA-1, and nobody should compute one in this year.

use super::inventory::{FileFact, FileKind, Inventory, Library, LibraryUse, ModuleUse};
use super::licence::{Licences, MANY_WORDS};
use super::{Written, serial, timestamp};
use crate::purl::Purl;
use serde::Serialize;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    spdx_version: &'static str,
    data_license: &'static str,
    #[serde(rename = "SPDXID")]
    id: &'static str,
    name: String,
    document_namespace: String,
    creation_info: CreationInfo,
    document_describes: Vec<String>,
    packages: Vec<Package>,
    relationships: Vec<Relationship>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CreationInfo {
    created: String,
    creators: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Package {
    #[serde(rename = "SPDXID")]
    id: String,
    name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    version_info: String,
    download_location: String,
    files_analyzed: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    checksums: Vec<Checksum>,
    license_concluded: &'static str,
    license_declared: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    license_comments: String,
    copyright_text: &'static str,
    #[serde(skip_serializing_if = "String::is_empty")]
    comment: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    external_refs: Vec<ExternalRef>,
    primary_package_purpose: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Checksum {
    algorithm: &'static str,
    checksum_value: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ExternalRef {
    reference_category: &'static str,
    reference_type: &'static str,
    reference_locator: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Relationship {
    spdx_element_id: String,
    relationship_type: &'static str,
    related_spdx_element: String,
}

const DOCUMENT: &str = "SPDXRef-DOCUMENT";
const UNKNOWN: &str = "NOASSERTION";

/// The document. Its namespace is made of everything else in it.
pub(super) fn render(inventory: &Inventory, written: &Written<'_>) -> Vec<u8> {
    let mut document = document(inventory, written);
    let content = serde_json::to_vec(&document).unwrap_or_default();
    // The form that the specification proposes, section 6.5.
    document.document_namespace =
        format!("https://spdx.org/spdxdocs/{}-{}", word(&document.name), serial::uuid(&content));
    let mut out = serde_json::to_vec_pretty(&document).unwrap_or_default();
    out.push(b'\n');
    out
}

fn document(inventory: &Inventory, written: &Written<'_>) -> Document {
    let root = inventory.root.purl();
    let name = format!("{} {}", inventory.root.path, inventory.root.version.version);
    Document {
        spdx_version: "SPDX-2.3",
        data_license: "CC0-1.0",
        id: DOCUMENT,
        name: name.trim_end().to_owned(),
        document_namespace: String::new(),
        creation_info: CreationInfo {
            created: timestamp(written.unix),
            creators: vec![format!("Tool: goferry-{}", written.goferry)],
        },
        document_describes: vec![id_of(&root)],
        packages: packages(inventory),
        relationships: relationships(inventory),
    }
}

fn packages(inventory: &Inventory) -> Vec<Package> {
    let root = &inventory.root;
    let purl = root.purl();
    let described = Package {
        comment: format!("version: {}", root.version.source.as_str()),
        primary_package_purpose: "APPLICATION",
        ..package(&purl, &root.path, &root.version.version, &root.licences)
    };
    let modules = inventory.modules.iter().map(|(purl, m)| module(purl, m));
    let stdlib = inventory.stdlib().map(|s| {
        let mut p = package(&s.purl, "stdlib", s.version, &Licences::default());
        p.external_refs.push(external("SECURITY", "cpe23Type", s.cpe));
        p.license_declared = "BSD-3-Clause".to_owned();
        p
    });
    let libraries = inventory.libraries.iter().map(|(purl, l)| library(purl, l));
    let files = inventory.files.iter().map(|(name, f)| file(name, f));
    std::iter::once(described).chain(modules).chain(stdlib).chain(libraries).chain(files).collect()
}

/// A package with a package URL.
fn package(purl: &Purl, name: &str, version: &str, found: &Licences) -> Package {
    Package {
        id: id_of(purl),
        name: name.to_owned(),
        version_info: version.to_owned(),
        download_location: UNKNOWN.to_owned(),
        files_analyzed: false,
        checksums: vec![],
        license_concluded: UNKNOWN,
        license_declared: declared(found),
        license_comments: comments(found),
        copyright_text: UNKNOWN,
        comment: String::new(),
        external_refs: vec![external("PACKAGE-MANAGER", "purl", purl.to_string())],
        primary_package_purpose: "LIBRARY",
    }
}

fn external(
    reference_category: &'static str,
    reference_type: &'static str,
    reference_locator: String,
) -> ExternalRef {
    ExternalRef { reference_category, reference_type, reference_locator }
}

fn module(purl: &Purl, m: &ModuleUse) -> Package {
    let mut out = package(purl, &m.path, &m.version, &m.licences);
    out.checksums = serial::h1(&m.sum).map(sha256).into_iter().collect();
    if let Some((path, version)) = &m.replaces {
        out.comment = format!("replaces {path} {version}").trim_end().to_owned();
    }
    out
}

fn library(purl: &Purl, l: &Library) -> Package {
    let mut out = package(purl, &l.name, &l.version, &Licences::default());
    if !l.sha256.is_empty() {
        out.checksums.push(sha256(l.sha256.clone()));
    }
    out
}

fn file(name: &str, f: &FileFact) -> Package {
    let (purpose, comment) = match &f.kind {
        FileKind::Binary(settings) => {
            let lines: Vec<String> = settings.iter().map(|(k, v)| format!("{k}={v}")).collect();
            ("APPLICATION", lines.join("\n"))
        }
        FileKind::Archive(_) => ("ARCHIVE", String::new()),
        FileKind::Other => ("FILE", String::new()),
    };
    Package {
        id: file_id(name),
        name: name.to_owned(),
        version_info: String::new(),
        download_location: UNKNOWN.to_owned(),
        files_analyzed: false,
        checksums: vec![sha256(f.sha256.clone())],
        license_concluded: UNKNOWN,
        license_declared: UNKNOWN.to_owned(),
        license_comments: String::new(),
        copyright_text: UNKNOWN,
        comment,
        external_refs: vec![],
        primary_package_purpose: purpose,
    }
}

fn relationships(inventory: &Inventory) -> Vec<Relationship> {
    let root = id_of(&inventory.root.purl());
    let mut out = vec![relation(DOCUMENT.to_owned(), "DESCRIBES", root.clone())];
    for (from, to) in &inventory.edges {
        out.extend(to.iter().map(|t| relation(id_of(from), "DEPENDS_ON", id_of(t))));
    }
    out.extend(inventory.stdlib().map(|s| relation(root.clone(), "DEPENDS_ON", id_of(&s.purl))));
    out.extend(inventory.libraries.iter().map(|(p, l)| match l.used {
        LibraryUse::Linked => relation(root.clone(), "DEPENDS_ON", id_of(p)),
        LibraryUse::Loaded => relation(root.clone(), "DYNAMIC_LINK", id_of(p)),
    }));
    for (name, f) in &inventory.files {
        match &f.kind {
            FileKind::Binary(_) => out.push(relation(file_id(name), "GENERATED_FROM", root.clone())),
            FileKind::Archive(members) => {
                let there = members.iter().filter(|m| inventory.files.contains_key(*m));
                out.extend(there.map(|m| relation(file_id(name), "CONTAINS", file_id(m))));
            }
            FileKind::Other => {}
        }
    }
    out
}

fn relation(from: String, kind: &'static str, to: String) -> Relationship {
    Relationship { spdx_element_id: from, relationship_type: kind, related_spdx_element: to }
}

fn sha256(checksum_value: String) -> Checksum {
    Checksum { algorithm: "SHA256", checksum_value }
}

fn declared(found: &Licences) -> String {
    match found.expression() {
        Some(one) if !one.contains(' ') => one,
        Some(several) => format!("({several})"),
        None => UNKNOWN.to_owned(),
    }
}

fn comments(found: &Licences) -> String {
    let Some(percent) = found.confidence() else { return String::new() };
    let more = match found.unmatched {
        0..MANY_WORDS => String::new(),
        n => format!("; {n} words there belong to no licence that is known"),
    };
    format!("{}: {percent}% like the text of the list{more}", found.files.join(", "))
}

/// `SPDXRef-` and what tells elements apart: a readable part, and a part of a digest.
fn id_of(purl: &Purl) -> String {
    let text = purl.as_str();
    format!("SPDXRef-{}-{}", word(text.trim_start_matches("pkg:")), &serial::uuid(text.as_bytes())[..8])
}

fn file_id(name: &str) -> String {
    format!("SPDXRef-File-{}-{}", word(name), &serial::uuid(name.as_bytes())[..8])
}

/// Letters, digits, `.` and `-` (section 3.2 of the specification: idstring).
fn word(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' }).collect()
}
