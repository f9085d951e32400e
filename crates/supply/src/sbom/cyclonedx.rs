//! CycloneDX 1.6 as JSON (<https://cyclonedx.org/docs/1.6/json/>).

use super::inventory::{FileFact, FileKind, Inventory, Library, LibraryUse, ModuleUse};
use super::licence::{Licences, MANY_WORDS};
use super::{Written, serial, timestamp};
use crate::purl::Purl;
use serde::Serialize;

/// Of version 1.6.
pub(crate) const SCHEMA: &str = "http://cyclonedx.org/schema/bom-1.6.schema.json";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Bom {
    #[serde(rename = "$schema")]
    schema: &'static str,
    bom_format: &'static str,
    spec_version: &'static str,
    serial_number: String,
    version: u32,
    metadata: Metadata,
    components: Vec<Component>,
    dependencies: Vec<Dependency>,
}

#[derive(Serialize)]
struct Metadata {
    timestamp: String,
    tools: Tools,
    component: Component,
}

/// What wrote a document.
#[derive(Serialize)]
pub(crate) struct Tools {
    components: Vec<Component>,
}

impl Tools {
    /// goferry of this version.
    pub(crate) fn goferry(version: &str) -> Tools {
        let (name, version) = ("goferry".to_owned(), version.to_owned());
        Tools { components: vec![Component { kind: "application", name, version, ..Component::default() }] }
    }
}

/// A part of a product, or the product.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Component {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(rename = "bom-ref", skip_serializing_if = "Option::is_none")]
    bom_ref: Option<String>,
    name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    version: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    hashes: Vec<Hash>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    licenses: Vec<LicenceChoice>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cpe: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    purl: Option<Purl>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    properties: Vec<Property>,
}

impl Component {
    /// One that is known by its package URL.
    pub(crate) fn of(kind: &'static str, purl: Purl, name: &str, version: &str) -> Component {
        Component {
            kind,
            bom_ref: Some(purl.to_string()),
            name: name.to_owned(),
            version: version.to_owned(),
            purl: Some(purl),
            ..Component::default()
        }
    }
}

#[derive(Serialize)]
struct Hash {
    alg: &'static str,
    content: String,
}

#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum LicenceChoice {
    License(LicenceId),
    #[serde(untagged)]
    Expression {
        expression: String,
        acknowledgement: &'static str,
    },
}

#[derive(Serialize)]
struct LicenceId {
    id: String,
    acknowledgement: &'static str,
}

/// What CycloneDX has no word for.
#[derive(Serialize)]
pub(crate) struct Property {
    pub(crate) name: String,
    pub(crate) value: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Dependency {
    #[serde(rename = "ref")]
    of: String,
    depends_on: Vec<String>,
}

pub(super) fn render(inventory: &Inventory, written: &Written<'_>) -> Vec<u8> {
    named(&mut bom(inventory, written), |bom| &mut bom.serial_number)
}

/// A document's text, with a serial number that is made of everything else in it.
pub(crate) fn named<B: Serialize>(bom: &mut B, serial_number: impl Fn(&mut B) -> &mut String) -> Vec<u8> {
    let content = serde_json::to_vec(bom).unwrap_or_default();
    *serial_number(bom) = format!("urn:uuid:{}", serial::uuid(&content));
    let mut out = serde_json::to_vec_pretty(bom).unwrap_or_default();
    out.push(b'\n');
    out
}

fn bom(inventory: &Inventory, written: &Written<'_>) -> Bom {
    Bom {
        schema: SCHEMA,
        bom_format: "CycloneDX",
        spec_version: "1.6",
        serial_number: String::new(),
        version: 1,
        metadata: Metadata {
            timestamp: timestamp(written.unix),
            tools: Tools::goferry(written.goferry),
            component: root(inventory),
        },
        components: components(inventory),
        dependencies: dependencies(inventory),
    }
}

fn root(inventory: &Inventory) -> Component {
    let root = &inventory.root;
    let purl = root.purl();
    let mut properties = licence_properties(&root.licences);
    properties.push(property("goferry:version-source", root.version.source.as_str()));
    Component {
        kind: "application",
        bom_ref: Some(purl.to_string()),
        name: root.path.clone(),
        version: root.version.version.clone(),
        licenses: licences(&root.licences),
        purl: Some(purl),
        properties,
        ..Component::default()
    }
}

fn components(inventory: &Inventory) -> Vec<Component> {
    let modules = inventory.modules.iter().map(|(purl, m)| module(purl, m));
    let stdlib = inventory.stdlib().map(|s| Component {
        kind: "library",
        bom_ref: Some(s.purl.to_string()),
        name: "stdlib".to_owned(),
        version: s.version.to_owned(),
        licenses: vec![choice("BSD-3-Clause".to_owned())],
        cpe: Some(s.cpe),
        purl: Some(s.purl),
        ..Component::default()
    });
    let libraries = inventory.libraries.iter().map(|(purl, l)| library(purl, l));
    let files = inventory.files.iter().map(|(name, f)| file(name, f));
    modules.chain(stdlib).chain(libraries).chain(files).collect()
}

fn module(purl: &Purl, m: &ModuleUse) -> Component {
    let mut properties = licence_properties(&m.licences);
    if let Some((path, version)) = &m.replaces {
        properties.push(property("goferry:replaces", format!("{path} {version}").trim_end()));
    }
    Component {
        kind: "library",
        bom_ref: Some(purl.to_string()),
        name: m.path.clone(),
        version: m.version.clone(),
        scope: Some("required"),
        hashes: serial::h1(&m.sum).map(|content| Hash { alg: "SHA-256", content }).into_iter().collect(),
        licenses: licences(&m.licences),
        purl: Some(purl.clone()),
        properties,
        ..Component::default()
    }
}

fn library(purl: &Purl, l: &Library) -> Component {
    let (scope, how) = match l.used {
        LibraryUse::Linked => ("required", "linked"),
        // It comes from the system that the program runs on.
        LibraryUse::Loaded => ("excluded", "loaded"),
    };
    let known = !l.sha256.is_empty();
    Component {
        kind: "library",
        bom_ref: Some(purl.to_string()),
        name: l.name.clone(),
        version: l.version.clone(),
        scope: Some(scope),
        hashes: known.then(|| Hash { alg: "SHA-256", content: l.sha256.clone() }).into_iter().collect(),
        purl: Some(purl.clone()),
        properties: vec![property("goferry:use", how)],
        ..Component::default()
    }
}

fn file(name: &str, f: &FileFact) -> Component {
    let mut properties = vec![property("goferry:size", f.size.to_string())];
    match &f.kind {
        FileKind::Binary(settings) => {
            properties.extend(settings.iter().map(|(k, v)| property(k, v.as_str())))
        }
        FileKind::Archive(members) => {
            properties.extend(members.iter().map(|m| property("goferry:contains", m.as_str())));
        }
        FileKind::Other => {}
    }
    Component {
        kind: "file",
        bom_ref: Some(format!("file:{name}")),
        name: name.to_owned(),
        hashes: vec![Hash { alg: "SHA-256", content: f.sha256.clone() }],
        properties,
        ..Component::default()
    }
}

fn dependencies(inventory: &Inventory) -> Vec<Dependency> {
    let root = inventory.root.purl();
    let loose: Vec<String> = inventory
        .stdlib()
        .map(|s| s.purl)
        .chain(inventory.libraries.keys().cloned())
        .map(|p| p.to_string())
        .collect();
    let mut out = vec![];
    for (from, to) in &inventory.edges {
        let mut depends_on: Vec<String> = to.iter().map(Purl::to_string).collect();
        if *from == root {
            depends_on.extend(loose.iter().cloned());
        }
        out.push(Dependency { of: from.to_string(), depends_on });
    }
    if !inventory.edges.contains_key(&root) {
        out.push(Dependency { of: root.to_string(), depends_on: loose.clone() });
    }
    out.extend(loose.into_iter().map(|of| Dependency { of, depends_on: vec![] }));
    out
}

fn licences(found: &Licences) -> Vec<LicenceChoice> {
    found.expression().map(choice).into_iter().collect()
}

fn choice(expression: String) -> LicenceChoice {
    let acknowledgement = "declared";
    match expression.contains(' ') {
        true => LicenceChoice::Expression { expression, acknowledgement },
        false => LicenceChoice::License(LicenceId { id: expression, acknowledgement }),
    }
}

fn licence_properties(found: &Licences) -> Vec<Property> {
    let mut out = vec![];
    if let Some(percent) = found.confidence() {
        out.push(property("goferry:licence:confidence", format!("{percent}%")));
    }
    out.extend(found.files.iter().map(|f| property("goferry:licence:file", f.as_str())));
    if found.unmatched >= MANY_WORDS {
        out.push(property("goferry:licence:unmatched-words", found.unmatched.to_string()));
    }
    out
}

fn property(name: &str, value: impl Into<String>) -> Property {
    Property { name: name.to_owned(), value: value.into() }
}
