//! Bills of materials against what the go command wrote into the programs, and statements of what is exploitable against both.

use super::facts::Facts;
use super::folder::Folder;
use super::inside::Program;
use super::kind::Kind;
use super::{Ledger, Question};
use goferry_objfile::{GoBuildInfo, Module};
use goferry_supply::purl::stdlib_version;
use goferry_supply::{PurlParts, purl::Purl};
use serde_json::Value;
use std::collections::BTreeSet;

/// What a bill says: its root, and every Go module with its version.
struct Bill {
    root: String,
    modules: BTreeSet<(String, String)>,
    /// Versions of the standard library.
    stdlib: BTreeSet<String>,
    /// Files by name and SHA-256.
    files: Vec<(String, String)>,
}

/// Compares every bill and every VEX document that is not known to be wrong already.
pub(super) fn compare(
    folder: &Folder,
    facts: &Facts,
    programs: &[Program],
    question: &Question<'_>,
    ledger: &mut Ledger,
) {
    let vouched = ledger.vouched();
    let counts = |n: &str, ledger: &Ledger| {
        !ledger.wrong.iter().any(|(f, _)| f == n) && (question.signer.is_none() || vouched.contains(n))
    };
    let mut roots: BTreeSet<String> = facts.summaries.iter().map(|s| s.resource.clone()).collect();
    // Programs by digest: a scanner that looks at one knows it by nothing else.
    let made = facts.byproducts.iter().map(|(_, sha256, _)| sha256.clone());
    let mut digests: BTreeSet<String> = made.chain(programs.iter().map(|p| p.sha256.clone())).collect();
    // And archives, which `goferry vex` names too.
    digests.extend(folder.files.iter().filter(|(n, _)| counts(n, ledger)).map(|(_, h)| h.sha256.clone()));
    let mut compared = 0;
    for (name, _) in folder.of_kind(Kind::Sbom).filter(|(n, _)| concerns(folder, n)) {
        if !counts(name, ledger) {
            continue;
        }
        let Some(bill) = folder.json(name).as_ref().and_then(bill) else {
            ledger.wrong(name, "it is no bill of materials that is read here");
            continue;
        };
        roots.insert(bill.root.clone());
        digests.extend(bill.files.iter().map(|(_, sha256)| sha256.clone()));
        match one(folder, name, &bill, programs) {
            Ok(true) => compared += 1,
            Ok(false) => ledger.unproved(format!("{name}: no program that it is about was looked into")),
            Err(why) => ledger.wrong(name, why),
        }
    }
    if compared > 0 {
        ledger.checked.push(format!("{compared} SBOMs name the modules that are in the programs"));
    }
    for (name, _) in folder.of_kind(Kind::Vex).filter(|(n, _)| folder.chosen.is_none() || concerns(folder, n))
    {
        let products = folder.json(name).map(|v| products(&v)).unwrap_or_default();
        let digest = |p: &String| Some(p.strip_prefix("pkg:generic/")?.rsplit_once("@sha256:")?.1.to_owned());
        let known = |p: &String| roots.contains(p) || digest(p).is_some_and(|d| digests.contains(&d));
        let other = products.iter().find(|p| !known(p));
        match (counts(name, ledger), other) {
            (false, _) => {}
            (true, Some(other)) => {
                ledger.wrong(name, format!("it is about {other}, which no SBOM here describes"))
            }
            (true, None) if products.is_empty() => ledger.unproved(format!("{name}: it names no product")),
            (true, None) => ledger
                .checked
                .push(format!("{name}: what it is about is the SBOM's root and programs of the release")),
        }
    }
}

/// Of files that were named, the bills beside them that are about them.
fn concerns(folder: &Folder, name: &str) -> bool {
    let about = artifact(name);
    folder.chosen.as_ref().is_none_or(|c| c.contains(name) || c.contains(about))
}

/// The artifact whose bill has this name.
fn artifact(name: &str) -> &str {
    [".cdx.json", ".spdx.json", ".sbom.json", ".bom.json"]
        .iter()
        .find_map(|e| name.strip_suffix(e))
        .unwrap_or(name)
}

/// Whether there was a program to compare with.
fn one(folder: &Folder, name: &str, bill: &Bill, programs: &[Program]) -> Result<bool, String> {
    let of = artifact(name);
    let single = folder.files.contains_key(of);
    let about: Vec<&GoBuildInfo> =
        programs.iter().filter(|p| !single || p.artifact == of).filter_map(|p| p.info.as_ref()).collect();
    if about.is_empty() {
        return Ok(false);
    }
    let root = PurlParts::parse(&bill.root).and_then(|p| p.go_path());
    // A program that was built from files (`go build main.go`) does not say of which module it is.
    let is_of = |i: &&GoBuildInfo, root: &String| i.main.as_ref().is_none_or(|m| m.path == *root);
    if let Some(root) = root.as_ref().filter(|root| !about.iter().any(|i| is_of(i, root))) {
        return Err(format!("it is about {root}, and no program here is"));
    }
    let inside: BTreeSet<(String, String)> =
        about.iter().flat_map(|i| i.deps.iter()).filter_map(known).collect();
    let local: BTreeSet<&str> = about
        .iter()
        .flat_map(|i| i.deps.iter())
        .filter(|m| known(m).is_none())
        .map(|m| m.path.as_str())
        .collect();
    if let Some((path, version)) = inside.iter().find(|m| !bill.modules.contains(*m)) {
        return Err(format!("{path} {version} is in a program, and it does not name it"));
    }
    // A bill of the whole release may be about programs that are not here.
    let whole = single || folder.chosen.is_none();
    let more = bill.modules.iter().find(|m| !inside.contains(*m) && !local.contains(m.0.as_str()));
    if let (Some((path, version)), true) = (more, whole) {
        return Err(format!("it names {path} {version}, which is in no program here"));
    }
    let go: BTreeSet<String> = about.iter().map(|i| stdlib_version(&i.go_version).to_owned()).collect();
    if !bill.stdlib.is_empty() && !go.is_subset(&bill.stdlib) {
        return Err("it names another version of the standard library than the programs".to_owned());
    }
    for (file, sha256) in &bill.files {
        let base = file.rsplit('/').next().unwrap_or(file);
        let held = folder.files.get(file).or_else(|| folder.files.get(base));
        if held.is_some_and(|h| h.sha256 != *sha256) {
            return Err(format!("it names another {file} than the one here"));
        }
        let same_name = |p: &&Program| p.name.rsplit('/').next() == Some(base);
        let of_name: Vec<&Program> =
            programs.iter().filter(|p| !single || p.artifact == of).filter(same_name).collect();
        if single && held.is_none() && !of_name.is_empty() && of_name.iter().all(|p| p.sha256 != *sha256) {
            return Err(format!("it names another {file} than the one in {of}"));
        }
    }
    Ok(true)
}

/// Path and version of what was linked; none of a folder that took a module's place.
fn known(m: &Module) -> Option<(String, String)> {
    let m = m.replace.as_deref().unwrap_or(m);
    let local =
        m.path.starts_with('.') || m.path.starts_with('/') || m.version.is_empty() || m.version == "(devel)";
    (!local).then(|| (m.path.clone(), m.version.clone()))
}

/// CycloneDX and SPDX, as far as modules and files go.
fn bill(v: &Value) -> Option<Bill> {
    let list = |v: &Value| v.as_array().cloned().unwrap_or_default();
    let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
    let (root, purls, files) = if v["bomFormat"] == "CycloneDX" {
        let components = list(&v["components"]);
        let purls = components.iter().map(|c| text(&c["purl"])).collect::<Vec<_>>();
        let files = components.iter().filter(|c| c["type"] == "file").map(|c| {
            let sha256 =
                list(&c["hashes"]).iter().find(|h| h["alg"] == "SHA-256").map(|h| text(&h["content"]));
            (text(&c["name"]), sha256.unwrap_or_default())
        });
        (text(&v["metadata"]["component"]["purl"]), purls, files.collect::<Vec<_>>())
    } else if v["spdxVersion"].is_string() {
        let packages = list(&v["packages"]);
        let purl = |p: &Value| {
            list(&p["externalRefs"])
                .iter()
                .find(|r| r["referenceType"] == "purl")
                .map(|r| text(&r["referenceLocator"]))
        };
        let described = list(&v["relationships"]);
        let described = described
            .iter()
            .find(|r| r["relationshipType"] == "DESCRIBES")
            .map(|r| text(&r["relatedSpdxElement"]))
            .or_else(|| list(&v["documentDescribes"]).first().map(text));
        let root = packages.iter().find(|p| Some(text(&p["SPDXID"])) == described).and_then(purl);
        let files = list(&v["files"]);
        let files = files.iter().map(|f| {
            let sums = list(&f["checksums"]);
            let sha256 = sums.iter().find(|c| c["algorithm"] == "SHA256").map(|c| text(&c["checksumValue"]));
            (text(&f["fileName"]).trim_start_matches("./").to_owned(), sha256.unwrap_or_default())
        });
        (root.unwrap_or_default(), packages.iter().filter_map(purl).collect(), files.collect())
    } else {
        return None;
    };
    let (mut modules, mut stdlib) = (BTreeSet::new(), BTreeSet::new());
    for parts in purls.iter().filter(|p| **p != root).filter_map(|p| PurlParts::parse(p)) {
        match parts.go_path() {
            Some(path) if path == "stdlib" => drop(stdlib.insert(parts.version)),
            Some(path) => drop(modules.insert((path, parts.version))),
            None => {}
        }
    }
    let files = files.into_iter().filter(|(n, d)| !n.is_empty() && !d.is_empty()).collect();
    Some(Bill { root: canonical(&root), modules, stdlib, files })
}

fn canonical(purl: &str) -> String {
    Purl::parse(purl).map_or_else(|| purl.to_owned(), |p| p.to_string())
}

/// What a VEX document is about: OpenVEX's products, or CycloneDX's root.
pub(super) fn products(v: &Value) -> Vec<String> {
    if v["bomFormat"] == "CycloneDX" {
        let root =
            v["metadata"]["component"]["purl"].as_str().or(v["metadata"]["component"]["bom-ref"].as_str());
        return root.map(canonical).into_iter().collect();
    }
    let statements = v["statements"].as_array().map(Vec::as_slice).unwrap_or_default();
    let products = statements.iter().flat_map(|s| s["products"].as_array().cloned().unwrap_or_default());
    let id = |p: Value| p["@id"].as_str().or(p["identifiers"]["purl"].as_str()).or(p.as_str()).map(canonical);
    products.filter_map(id).collect()
}
