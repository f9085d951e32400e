//! The scan of a release.

use crate::server::Server;
use crate::support::Project;
use crate::{database, vulnerable};

const HOST: &str = "targets = [\"linux/amd64\"]\n";
const SNAPSHOT: [&str; 3] = ["release", "--snapshot", "--clean"];

#[test]
fn without_a_section_it_says_what_it_sees_and_stops_nothing() {
    let mut p = vulnerable(&[("goferry.toml", HOST)]);
    let r = p.release();
    assert_eq!(p.record()["scan"]["state"], "not-scanned");
    assert!(p.record()["scan"]["why"].as_str().unwrap().contains("no vulnerability database is at hand"));
    assert!(r.stderr.contains("not scanned (no vulnerability database is at hand)"), "{}", r.stderr);
    // GOVULNDB is at hand if it is no address.
    let db = database(&p);
    p.set("GOVULNDB", &format!("file://{}", db.display()));
    let r = p.release();
    assert!(r.stderr.contains("warning[vulnerable]") && r.stderr.contains("TEST-0001"), "{}", r.stderr);
    assert!(r.stderr.contains("vulnerabilities: 1 linked"), "{}", r.stderr);
    let record = p.record();
    assert_eq!((&record["scan"]["state"], &record["scan"]["gate"]), (&"scanned".into(), &false.into()));
    assert_eq!(record["scan"]["database"]["date"], "2026-01-02T03:04:05Z");
    assert_eq!(record["binaries"][0]["scan"]["findings"][0]["symbol"], "ParseAcceptLanguage");
    p.set("GOVULNDB", "http://127.0.0.1:1");
    let r = p.release();
    assert!(r.stderr.contains("not scanned (http://127.0.0.1:1 was not fetched yet"), "{}", r.stderr);
    // What an earlier scan used is not at hand: the same release would depend on what else was done here.
    p.set("GOVULNDB", "");
    assert_eq!(p.run(&["scan", "--db", "../db", "dist"]).status, 3);
    let r = p.release();
    assert!(r.stderr.contains("not scanned (no vulnerability database is at hand)"), "{}", r.stderr);
    let r = p.run(&["release", "--snapshot", "--clean", "--skip=scan"]);
    assert!(r.status == 0 && !r.stderr.contains("vulnerabilities"), "{}", r.stderr);
    assert_eq!(p.record()["scan"]["why"], "left out");
}

/// A scan that nobody configured is told, and changes nothing else that is released.
#[test]
fn without_a_section_the_database_changes_what_is_said_and_nothing_that_is_made() {
    let mut p = vulnerable(&[("goferry.toml", HOST)]);
    p.release();
    let without = p.dist_files();
    let db = database(&p);
    p.set("GOVULNDB", &format!("file://{}", db.display()));
    p.release();
    let with = p.dist_files();
    assert_eq!(with.keys().collect::<Vec<_>>(), without.keys().collect::<Vec<_>>());
    let differ: Vec<&String> = with.iter().filter(|(n, b)| without[*n] != **b).map(|(n, _)| n).collect();
    // Beside goferry.json, which is the run's own record.
    let [summary] = differ.as_slice() else { panic!("{differ:?}") };
    assert!(summary.ends_with(".vsa.json"), "{summary}");
    let of = |files: &std::collections::BTreeMap<String, Vec<u8>>| {
        let v: serde_json::Value = serde_json::from_slice(&files[*summary]).unwrap();
        v["predicate"]["urn:goferry:targets"][0]["scan"].clone()
    };
    assert_eq!(of(&without)["state"], "not-scanned");
    let scan = of(&with);
    assert_eq!((&scan["database"], &scan["findings"]), (&"2026-01-02T03:04:05Z".into(), &1.into()));
    assert_eq!(scan["databaseSha256"].as_str().unwrap().len(), 64);
    p.release();
    assert_eq!(p.dist_files(), with, "the same input");
}

#[test]
fn with_a_section_it_is_a_gate() {
    let mut p = vulnerable(&[]);
    p.set("COSIGN_PASSWORD", "");
    let r = p.run(&["sign", "--generate-key", "../k"]);
    assert_eq!(r.status, 0, "{}", r.stderr);
    let configure = |p: &Project, scan: &str| {
        p.write("goferry.toml", &format!("{HOST}[sign]\nkey = \"../k.key\"\n[scan]\n{scan}"));
        p.commit("scan");
    };
    // No database: found out before anything is built.
    configure(&p, "");
    let r = p.run(&SNAPSHOT);
    assert!(r.status == 5 && !p.dist().join("artifacts.json").exists(), "{} {}", r.status, r.stderr);
    // Stopped, and nothing is signed.
    configure(&p, "db = \"../db\"\n");
    let signed = |p: &Project| p.dist_files().keys().any(|f| f.contains("sigstore"));
    let r = p.run(&SNAPSHOT);
    assert!(r.status == 3 && !signed(&p), "{} {}", r.status, r.stderr);
    assert!(r.stderr.contains("error[vulnerable]") && r.stderr.contains("incomplete"), "{}", r.stderr);
    // Accepted: the rest happens, with nothing built or scanned again.
    configure(
        &p,
        "db = \"../db\"\nfail_on = \"linked\"\n[[scan.ignore]]\nid = \"TEST-0001\"\nreason = \"r\"\nexpires = 2999-01-01\n\
        [[scan.ignore]]\nid = \"TEST-0009\"\nreason = \"r\"\nexpires = 2999-01-01\n",
    );
    let r = p.run(&SNAPSHOT);
    assert!(r.status == 0 && signed(&p), "{} {}", r.status, r.stderr);
    assert!(r.stderr.contains("TEST-0009 is accepted, but nothing has it"), "{}", r.stderr);
    assert!(!r.stderr.contains("TEST-0001 is accepted, but"), "{}", r.stderr);
    let record = p.record();
    assert_eq!(record["scan"]["gate"], true);
    assert_eq!(record["binaries"][0]["scan"]["ignored"][0]["ignore"]["reason"], "r");
    // What is known of vulnerabilities is said, and vouched for by the key like the rest.
    let vex: Vec<String> =
        p.dist_files().into_keys().filter(|f| f.contains(".openvex.") || f.contains(".vex.")).collect();
    let kinds =
        [".openvex.json", ".openvex.json.sigstore.json", ".vex.cdx.json", ".vex.cdx.json.sigstore.json"];
    assert!(vex.len() == 4 && vex.iter().zip(kinds).all(|(f, end)| f.ends_with(end)), "{vex:?}");
    let verify = || p.run(&["verify", "--key", "../k.pub", "dist"]);
    let r = verify();
    assert!(r.status == 0 && r.stdout.contains("every file is signed"), "{}{}", r.stdout, r.stderr);
    // Nothing else is about it, so that a later one may come: under the same name, signed by the same key.
    for (name, bytes) in
        p.dist_files().iter().filter(|(n, _)| n.contains("checksums") || n.contains("provenance"))
    {
        assert!(!String::from_utf8_lossy(bytes).contains("vex"), "{name}");
    }
    let (document, bundle) = (format!("dist/{}", vex[0]), format!("dist/{}", vex[1]));
    p.write(
        "../later.toml",
        "[[IgnoredVulns]]\nid = \"TEST-0001\"\nreason = \"another\"\nignoreUntil = 2999-01-01\n",
    );
    let r = p.run(&["vex", "--db", "../db", "--ignore-file", "../later.toml", "-o", &document, "dist"]);
    assert_eq!(r.status, 0, "{}", r.stderr);
    let r = verify();
    assert!(r.status == 4 && r.stderr.contains(&vex[0]), "the old signature: {}{}", r.stdout, r.stderr);
    std::fs::remove_file(p.root.join(&bundle)).unwrap();
    let r = verify();
    assert!(r.status == 4 && r.stderr.contains("nothing that was signed as asked for"), "{}", r.stderr);
    let r = p.run(&["sign", "--key", "../k.key", "--bundle", &bundle, &document]);
    assert_eq!(r.status, 0, "{}", r.stderr);
    let r = verify();
    assert!(r.status == 0 && r.stdout.contains("every file is signed"), "{}{}", r.stdout, r.stderr);
    let version = |v: &str| p.run(&["verify", "--key", "../k.pub", "--version", v, &document, &bundle]);
    let metadata: serde_json::Value =
        serde_json::from_slice(&std::fs::read(p.dist().join("metadata.json")).unwrap()).unwrap();
    let r = version(metadata["version"].as_str().unwrap());
    assert_eq!(r.status, 0, "{}{}", r.stdout, r.stderr);
    let r = version("1.2.4");
    assert!(r.status == 4 && r.stderr.contains("1.2.4 was expected"), "{}{}", r.stdout, r.stderr);
    // Of another release it is not taken, however well it is signed.
    let text = std::fs::read_to_string(p.root.join(&document)).unwrap();
    let other = text.replace("@v1.2.3-SNAPSHOT", "@v1.2.2-SNAPSHOT");
    assert_ne!(text, other, "{text}");
    std::fs::write(p.root.join(&document), other).unwrap();
    std::fs::remove_file(p.root.join(&bundle)).unwrap();
    assert_eq!(p.run(&["sign", "--key", "../k.key", "--bundle", &bundle, &document]).status, 0);
    let r = verify();
    assert!(r.status == 4 && r.stderr.contains("which no SBOM here describes"), "{}{}", r.stdout, r.stderr);
    let r = p.run(&["release", "--snapshot", "--clean", "--json"]);
    let scan = r.stdout.lines().find(|l| l.contains("step-finished") && l.contains("\"scan/"));
    assert!(scan.is_some_and(|l| l.contains("cached")), "{}", r.stdout);
}

#[test]
fn the_alert_is_sent_and_hides_nothing() {
    let alert = "[alert]\nurl = \"{{ .Env.HOOK }}\"\n[alert.headers]\nX-Token = \"{{ .Env.ALERT_TOKEN }}\"\n";
    let config = format!("{HOST}[scan]\ndb = \"../db\"\n{alert}");
    let mut p = vulnerable(&[("goferry.toml", &config)]);
    let server = Server::start(p.scratch.path());
    p.set("HOOK", &format!("{}/secret-path", server.url));
    p.set("ALERT_TOKEN", "canary-5d1e");
    let r = p.run(&SNAPSHOT);
    assert_eq!(r.status, 3, "{}", r.stderr);
    let posts = std::mem::take(&mut server.heard.lock().unwrap().posts);
    let [(headers, body)] = posts.as_slice() else { panic!("{} posts", posts.len()) };
    assert_eq!(
        (headers["x-token"].as_str(), headers["content-type"].as_str()),
        ("canary-5d1e", "application/json")
    );
    let body: serde_json::Value = serde_json::from_str(body).unwrap();
    let text = body["text"].as_str().unwrap();
    assert!(text.contains("tiny") && text.contains("TEST-0001") && text.contains("linux/amd64"), "{text}");
    assert_eq!(body["blocks"][1]["type"], "section");
    // A service that refuses: tried again, said, and the block stays.
    *server.answer.lock().unwrap() = 503;
    let r = p.run(&SNAPSHOT);
    assert!(r.status == 3 && r.stderr.contains("alert-failed"), "{} {}", r.status, r.stderr);
    assert_eq!(server.heard.lock().unwrap().posts.len(), 3);
    // Nothing of the address or the header is said or written.
    let written: Vec<u8> = p.dist_files().into_values().flatten().collect();
    let all = r.stderr + &r.stdout + &String::from_utf8_lossy(&written) + &p.record().to_string();
    assert!(!all.contains("secret-path") && !all.contains("canary-5d1e"));
    // The user's own message, and an address that is not set.
    let body =
        "body = \"{{ .Title }}|{{ range .Findings }}{{ .ID }} {{ .Symbol }}{{ end }}|{{ .Version }}\"\n";
    p.write("goferry.toml", &config.replace("[alert.headers]", &format!("{body}[alert.headers]")));
    p.commit("body");
    *server.answer.lock().unwrap() = 200;
    server.heard.lock().unwrap().posts.clear();
    assert_eq!(p.run(&SNAPSHOT).status, 3);
    let posts = std::mem::take(&mut server.heard.lock().unwrap().posts);
    assert!(posts[0].1.contains("|TEST-0001 ParseAcceptLanguage|1.2.3-SNAPSHOT"), "{}", posts[0].1);
    p.env.retain(|(k, _)| k != "HOOK");
    let r = p.run(&SNAPSHOT);
    assert!(r.status == 3 && r.stderr.contains("alert-failed"), "{} {}", r.status, r.stderr);
}
