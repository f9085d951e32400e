//! CycloneDX 1.6 with vulnerabilities and their analysis, beside the SBOM (<https://cyclonedx.org/capabilities/vex/>).

use super::openvex::notes;
use super::{Status, Vex, VexStatement};
use crate::Purl;
use crate::sbom::{Written, timestamp, uuid};
use serde::Serialize;
use std::collections::BTreeMap;

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
    vulnerabilities: Vec<Entry>,
}

#[derive(Serialize)]
struct Metadata {
    timestamp: String,
    tools: Tools,
    component: Component,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    properties: Vec<Property>,
}

#[derive(Serialize)]
struct Property {
    name: &'static str,
    value: String,
}

#[derive(Serialize)]
struct Tools {
    components: Vec<Component>,
}

#[derive(Default, Serialize)]
struct Component {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(rename = "bom-ref", skip_serializing_if = "Option::is_none")]
    bom_ref: Option<String>,
    name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    version: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    purl: Option<Purl>,
}

#[derive(Serialize)]
struct Entry {
    #[serde(rename = "bom-ref")]
    bom_ref: String,
    id: String,
    source: Source,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    references: Vec<Reference>,
    #[serde(skip_serializing_if = "String::is_empty")]
    description: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    recommendation: String,
    analysis: Analysis,
    affects: Vec<Affects>,
}

#[derive(Serialize)]
struct Source {
    name: &'static str,
    #[serde(skip_serializing_if = "String::is_empty")]
    url: String,
}

#[derive(Serialize)]
struct Reference {
    id: String,
    source: Source,
}

#[derive(Serialize)]
struct Analysis {
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    justification: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    response: Vec<&'static str>,
    detail: String,
}

#[derive(Serialize)]
struct Affects {
    #[serde(rename = "ref")]
    of: String,
}

pub(super) fn render(vex: &Vex, written: &Written<'_>) -> Vec<u8> {
    let mut bom = bom(vex, written);
    let content = serde_json::to_vec(&bom).unwrap_or_default();
    bom.serial_number = format!("urn:uuid:{}", uuid(&content));
    let mut out = serde_json::to_vec_pretty(&bom).unwrap_or_default();
    out.push(b'\n');
    out
}

fn bom(vex: &Vex, written: &Written<'_>) -> Bom {
    let goferry = Component {
        kind: "application",
        name: "goferry".to_owned(),
        version: written.goferry.to_owned(),
        ..Component::default()
    };
    let product = vex.product();
    let root = Component {
        kind: "application",
        bom_ref: Some(product.to_string()),
        name: vex.path.clone(),
        version: vex.version.clone(),
        purl: Some(product),
    };
    let parts: BTreeMap<&Purl, Component> = vex.statements.iter().map(|s| (&s.component, part(s))).collect();
    let dated = Some(&vex.database).filter(|d| !d.is_empty());
    let dated = dated.map(|d| Property { name: "goferry:vulnerability-database", value: d.clone() });
    Bom {
        schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
        bom_format: "CycloneDX",
        spec_version: "1.6",
        serial_number: String::new(),
        version: 1,
        metadata: Metadata {
            timestamp: timestamp(written.unix),
            tools: Tools { components: vec![goferry] },
            component: root,
            properties: dated.into_iter().collect(),
        },
        components: parts.into_values().collect(),
        vulnerabilities: vex.statements.iter().map(entry).collect(),
    }
}

fn part(s: &VexStatement) -> Component {
    Component {
        kind: "library",
        bom_ref: Some(s.component.to_string()),
        name: s.vulnerability.module.clone(),
        version: s.vulnerability.version.clone(),
        purl: Some(s.component.clone()),
    }
}

fn entry(s: &VexStatement) -> Entry {
    let v = &s.vulnerability;
    let reference = |id: &String| {
        let name = match id.split('-').next() {
            Some("CVE") => "NVD",
            Some("GHSA") => "GitHub Advisories",
            _ => "OSV",
        };
        Reference { id: id.clone(), source: Source { name, url: String::new() } }
    };
    let (analysis, recommendation) = analysis(&s.status);
    Entry {
        bom_ref: format!("{} in {}", v.id, s.component),
        id: v.id.clone(),
        source: Source { name: "Go Vulnerability Database", url: v.url.clone() },
        references: v.aliases.iter().map(reference).collect(),
        description: v.summary.clone(),
        recommendation,
        analysis,
        affects: vec![Affects { of: s.component.to_string() }],
    }
}

fn analysis(status: &Status) -> (Analysis, String) {
    let of =
        |state, justification, detail: String| Analysis { state, justification, response: vec![], detail };
    match status {
        Status::NotPresent { why } => {
            (of("not_affected", Some("code_not_present"), why.clone()), String::new())
        }
        Status::Accepted { reason, owner, expires } => {
            let detail = format!("{reason} {}", notes(owner, expires));
            (of("not_affected", None, detail.trim_end().to_owned()), String::new())
        }
        Status::Affected { action, code } => {
            let detail = format!("In the program: {}", code.join(", "));
            (Analysis { response: vec!["update"], ..of("exploitable", None, detail) }, action.clone())
        }
        Status::UnderInvestigation { why } => (of("in_triage", None, why.clone()), String::new()),
    }
}
