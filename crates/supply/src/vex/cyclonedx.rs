//! CycloneDX 1.6 with vulnerabilities and their analysis, beside the SBOM (<https://cyclonedx.org/capabilities/vex/>).

use super::openvex::notes;
use super::{Status, Vex, VexStatement};
use crate::Purl;
use crate::sbom::{Component, Property, SCHEMA, Tools, Written, named, timestamp};
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
    named(&mut bom(vex, written), |bom| &mut bom.serial_number)
}

fn bom(vex: &Vex, written: &Written<'_>) -> Bom {
    let root = Component::of("application", vex.product(), &vex.path, &vex.version);
    let parts: BTreeMap<&Purl, Component> = vex.statements.iter().map(|s| (&s.component, part(s))).collect();
    let dated = Some(&vex.database).filter(|d| !d.is_empty());
    let dated =
        dated.map(|d| Property { name: "goferry:vulnerability-database".to_owned(), value: d.clone() });
    Bom {
        schema: SCHEMA,
        bom_format: "CycloneDX",
        spec_version: "1.6",
        serial_number: String::new(),
        version: 1,
        metadata: Metadata {
            timestamp: timestamp(written.unix),
            tools: Tools::goferry(written.goferry),
            component: root,
            properties: dated.into_iter().collect(),
        },
        components: parts.into_values().collect(),
        vulnerabilities: vex.statements.iter().map(entry).collect(),
    }
}

fn part(s: &VexStatement) -> Component {
    let v = &s.vulnerability;
    Component::of("library", s.component.clone(), &v.module, &v.version)
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
