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
    // What an earlier scan used is at hand too.
    p.set("GOVULNDB", "");
    assert_eq!(p.run(&["scan", "--db", "../db", "dist"]).status, 3);
    let r = p.release();
    assert!(r.stderr.contains("vulnerabilities: 1 linked"), "{}", r.stderr);
    let r = p.run(&["release", "--snapshot", "--clean", "--skip=scan"]);
    assert!(r.status == 0 && !r.stderr.contains("vulnerabilities"), "{}", r.stderr);
    assert_eq!(p.record()["scan"]["why"], "left out");
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
    assert_eq!(vex.len(), 2, "{vex:?}");
    let r = p.run(&["verify", "--key", "../k.pub", "dist"]);
    assert!(r.status == 0 && r.stdout.contains("every file is signed"), "{}{}", r.stdout, r.stderr);
    let damaged = p.dist().join(&vex[0]);
    let text = std::fs::read_to_string(&damaged).unwrap();
    std::fs::write(&damaged, text.replacen("TEST-0001", "TEST-0002", 1)).unwrap();
    let r = p.run(&["verify", "--key", "../k.pub", "dist"]);
    assert!(r.status == 4 && r.stderr.contains(&vex[0]), "{}{}", r.stdout, r.stderr);
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
