//! OpenVEX 0.2.0 (<https://github.com/openvex/spec>).

use super::{Status, Vex, VexStatement};
use crate::Purl;
use crate::sbom::{Written, timestamp, uuid};
use serde::Serialize;
use std::collections::BTreeMap;

#[derive(Serialize)]
struct Document {
    #[serde(rename = "@context")]
    context: &'static str,
    #[serde(rename = "@id")]
    id: String,
    author: String,
    timestamp: String,
    version: u32,
    tooling: String,
    statements: Vec<Statement>,
}

#[derive(Serialize)]
struct Statement {
    vulnerability: Named,
    products: Vec<Product>,
    status: &'static str,
    #[serde(skip_serializing_if = "String::is_empty")]
    status_notes: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    justification: Option<&'static str>,
    #[serde(skip_serializing_if = "String::is_empty")]
    impact_statement: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    action_statement: String,
}

#[derive(Serialize)]
struct Named {
    #[serde(rename = "@id", skip_serializing_if = "String::is_empty")]
    id: String,
    name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    description: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    aliases: Vec<String>,
}

#[derive(Serialize)]
struct Product {
    #[serde(flatten)]
    component: Component,
    subcomponents: Vec<Component>,
}

#[derive(Serialize)]
struct Component {
    #[serde(rename = "@id")]
    id: String,
    identifiers: BTreeMap<&'static str, String>,
}

pub(super) fn render(vex: &Vex, written: &Written<'_>) -> Vec<u8> {
    let mut document = Document {
        context: "https://openvex.dev/ns/v0.2.0",
        id: String::new(),
        author: vex.path.clone(),
        timestamp: timestamp(written.unix),
        version: 1,
        tooling: format!("goferry {}", written.goferry),
        statements: vex.statements.iter().map(|s| statement(vex, s)).collect(),
    };
    let content = serde_json::to_vec(&document).unwrap_or_default();
    document.id = format!("urn:uuid:{}", uuid(&content));
    let mut out = serde_json::to_vec_pretty(&document).unwrap_or_default();
    out.push(b'\n');
    out
}

fn statement(vex: &Vex, s: &VexStatement) -> Statement {
    let v = &s.vulnerability;
    let mut out = Statement {
        vulnerability: Named {
            id: v.url.clone(),
            name: v.id.clone(),
            description: v.summary.clone(),
            aliases: v.aliases.clone(),
        },
        products: products(vex, &s.component),
        status: "not_affected",
        status_notes: String::new(),
        justification: None,
        impact_statement: String::new(),
        action_statement: String::new(),
    };
    match &s.status {
        Status::NotPresent { why } => {
            out.justification = Some("vulnerable_code_not_present");
            out.impact_statement.clone_from(why);
        }
        Status::Accepted { reason, owner, expires } => {
            out.impact_statement.clone_from(reason);
            out.status_notes = notes(owner, expires);
        }
        Status::Affected { action, code } => {
            out.status = "affected";
            out.action_statement.clone_from(action);
            out.status_notes = format!("In the program: {}", code.join(", "));
        }
        Status::UnderInvestigation { why } => {
            out.status = "under_investigation";
            out.status_notes.clone_from(why);
        }
    }
    out
}

/// The product by the SBOM's root, and once more as grype calls what it reads from an SBOM (`pkg:generic/NAME@VERSION`, in lower
/// case; grype 0.121, vex/openvex): it would compare nothing with the former.
fn products(vex: &Vex, component: &Purl) -> Vec<Product> {
    let product = vex.product();
    let generic = Purl::generic(&vex.path.to_lowercase(), &vex.version, &[]);
    let of = |purl: Purl| Product { component: named(&purl), subcomponents: vec![named(component)] };
    [product, generic].map(of).into()
}

fn named(purl: &Purl) -> Component {
    Component { id: purl.to_string(), identifiers: BTreeMap::from([("purl", purl.to_string())]) }
}

/// Who decided, and until when: OpenVEX has no field for an end.
pub(super) fn notes(owner: &str, expires: &str) -> String {
    let by = if owner.is_empty() { String::new() } else { format!("Decided by {owner}. ") };
    let until = if expires.is_empty() { String::new() } else { format!("Holds until {expires}.") };
    format!("{by}{until}").trim_end().to_owned()
}
