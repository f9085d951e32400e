//! Databases behind an address: fetched once, asked for changes, and kept when the service is away.

use crate::server::Server;
use crate::support::{Project, Ran};
use crate::{RECORD, database};
use std::path::Path;

const SBOM: &str =
    r#"{"bomFormat":"CycloneDX","components":[{"purl":"pkg:golang/golang.org/x/text@v0.3.5"}]}"#;

fn scan(p: &Project, url: &str) -> Ran {
    p.write("s.json", SBOM);
    p.run(&["scan", "--db", url, "--sbom", "s.json"])
}

/// `index/` and `ID/`, some packed as vuln.go.dev has them.
fn layout(folder: &Path, ids: &[(&str, &str)], packed: bool) {
    let put = |name: &str, text: &str| {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        if packed {
            let mut out = flate2::write::GzEncoder::new(vec![], flate2::Compression::fast());
            std::io::Write::write_all(&mut out, text.as_bytes()).unwrap();
            std::fs::write(folder.join(format!("{name}.gz")), out.finish().unwrap()).unwrap();
        } else {
            std::fs::write(path, text).unwrap();
        }
    };
    let vulns: Vec<_> =
        ids.iter().map(|(id, time)| format!(r#"{{"id":"{id}","modified":"{time}"}}"#)).collect();
    put("index/db.json", &format!(r#"{{"modified":"{}"}}"#, ids.iter().map(|i| i.1).max().unwrap()));
    put("index/modules.json", &format!(r#"[{{"path":"golang.org/x/text","vulns":[{}]}}]"#, vulns.join(",")));
    for (id, _) in ids {
        put(&format!("ID/{id}.json"), &RECORD.replace("TEST-0001", id));
    }
}

#[test]
fn single_files_are_fetched_when_they_changed() {
    let p = Project::new(&[]);
    let folder = p.scratch.path().join("www");
    layout(&folder, &[("A-1", "2026-01-01T00:00:00Z"), ("A-2", "2026-01-01T00:00:00Z")], true);
    let server = Server::start(&folder);
    let r = scan(&p, &server.url);
    assert!(
        r.status == 3 && r.stdout.contains("A-1") && r.stdout.contains("A-2"),
        "{} {}",
        r.stdout,
        r.stderr
    );
    assert!(r.stdout.contains("2 records of 2026-01-01"), "{}", r.stdout);
    let first = server.asked();
    assert!(first.contains(&"GET /ID/A-2.json.gz 200".to_owned()), "{first:?}");
    // Nothing has changed: one question, beside that for the whole in one file.
    assert_eq!(scan(&p, &server.url).status, 3);
    assert_eq!(server.asked(), ["GET /index/db.json.gz 304", "GET /vulndb.zip 404"]);
    // One record is new, one is gone: only the new one is fetched.
    std::fs::remove_dir_all(folder.join("ID")).unwrap();
    layout(&folder, &[("A-1", "2026-01-01T00:00:00Z"), ("A-3", "2026-02-01T00:00:00Z")], true);
    let r = scan(&p, &server.url);
    assert!(r.stdout.contains("A-3") && !r.stdout.contains("A-2"), "{}", r.stdout);
    let asked = server.asked();
    assert!(!asked.iter().any(|l| l.contains("A-1")) && asked.iter().any(|l| l.contains("A-3")), "{asked:?}");
    // A record that the index names and the service does not have is an error, not a smaller database.
    std::fs::remove_file(folder.join("ID/A-3.json.gz")).unwrap();
    let q = Project::new(&[]);
    let r = scan(&q, &server.url);
    assert!(r.status == 5 && r.stderr.contains("A-3"), "{} {}", r.status, r.stderr);
}

#[test]
fn the_whole_in_one_file_and_a_service_that_is_away() {
    let p = Project::new(&[]);
    let folder = p.scratch.path().join("www");
    std::fs::create_dir(&folder).unwrap();
    let mut zip = zip::ZipWriter::new(std::fs::File::create(folder.join("vulndb.zip")).unwrap());
    zip.start_file("ID/TEST-0001.json", zip::write::SimpleFileOptions::default()).unwrap();
    std::io::Write::write_all(&mut zip, RECORD.as_bytes()).unwrap();
    zip.finish().unwrap();
    let server = Server::start(&folder);
    for _ in 0..2 {
        let r = scan(&p, &server.url);
        assert!(r.status == 3 && r.stdout.contains("1 records of 2026-01-02"), "{} {}", r.stdout, r.stderr);
    }
    assert_eq!(server.asked(), ["GET /vulndb.zip 200", "GET /vulndb.zip 304"]);
    // The copy is damaged: the index is made again, which fails, and nothing passes.
    let away = "http://127.0.0.1:1";
    let r = scan(&p, away);
    assert!(r.status == 5 && r.stderr.contains("127.0.0.1:1"), "{} {}", r.status, r.stderr);
}

#[test]
fn a_copy_is_used_when_the_service_is_away() {
    let p = Project::new(&[]);
    let folder = p.scratch.path().join("www");
    layout(&folder, &[("A-1", "2026-01-01T00:00:00Z")], false);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    // First nobody is there, then somebody, then nobody again.
    let url = format!("http://{address}");
    assert_eq!(scan(&p, &url).status, 5);
    let server = Server::start(&folder);
    assert_eq!(scan(&p, &server.url).status, 3);
    let state = std::fs::read_dir(p.scratch.path().join("cache/vulndb")).unwrap();
    let copy = state.map(|e| e.unwrap().path()).find(|p| p.join("state.json").is_file()).unwrap();
    // The same copy under the address where nobody is.
    let hash = <sha2::Sha256 as sha2::Digest>::digest(url.as_bytes());
    let hash: String = hash[..12].iter().map(|b| format!("{b:02x}")).collect();
    let other = copy.with_file_name(format!("remote-{hash}"));
    let _ = std::fs::remove_dir_all(&other);
    std::fs::rename(copy, other).unwrap();
    let r = scan(&p, &url);
    assert!(r.status == 3 && r.stderr.contains("may lack newer"), "{} {}", r.status, r.stderr);
}

#[test]
fn an_update_that_fails_leaves_the_copy() {
    let p = Project::new(&[]);
    let folder = p.scratch.path().join("www");
    let time = "2026-01-01T00:00:00Z";
    layout(&folder, &[("A-1", time), ("A-2", time)], false);
    let server = Server::start(&folder);
    assert_eq!(scan(&p, &server.url).status, 3);
    // A record is missing that the new index names; then one that cannot be read.
    layout(
        &folder,
        &[("A-1", time), ("A-2", "2026-02-01T00:00:00Z"), ("A-3", "2026-02-02T00:00:00Z")],
        false,
    );
    std::fs::remove_file(folder.join("ID/A-3.json")).unwrap();
    for _ in 0..2 {
        let r = scan(&p, &server.url);
        assert!(
            r.status == 3 && r.stdout.contains("A-1") && !r.stdout.contains("A-3"),
            "{} {}",
            r.stdout,
            r.stderr
        );
        assert!(r.stdout.contains("2 records of 2026-01-01"), "{}", r.stdout);
        assert!(r.stderr.contains("A-3") && r.stderr.contains("may lack newer"), "{}", r.stderr);
        std::fs::write(folder.join("ID/A-3.json"), r#"{"id":"A-3","affected":7}"#).unwrap();
    }
    // The whole in one file, cut.
    std::fs::write(folder.join("vulndb.zip"), b"PK\x03\x04 and no more").unwrap();
    let r = scan(&p, &server.url);
    assert!(r.status == 3 && r.stderr.contains("vulndb.zip cannot be used"), "{} {}", r.status, r.stderr);
    // What is left of a run that ended in the moment of the change.
    let cache = p.scratch.path().join("cache/vulndb");
    let copy = std::fs::read_dir(&cache)
        .unwrap()
        .map(|e| e.unwrap().path())
        .find(|p| p.join("db").is_dir())
        .unwrap();
    std::fs::rename(copy.join("db"), copy.join("before")).unwrap();
    let r = scan(&p, &server.url);
    assert!(r.status == 3 && r.stdout.contains("A-1"), "{} {}", r.status, r.stderr);
    // A whole one again.
    std::fs::remove_file(folder.join("vulndb.zip")).unwrap();
    layout(&folder, &[("A-3", "2026-02-02T00:00:00Z")], false);
    let r = scan(&p, &server.url);
    assert!(
        r.status == 3 && r.stdout.contains("A-3") && !r.stdout.contains("A-1"),
        "{} {}",
        r.stdout,
        r.stderr
    );
    assert!(!r.stderr.contains("may lack newer"), "{}", r.stderr);
    let left: Vec<_> = std::fs::read_dir(&copy).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left.len(), 2, "{left:?}");
}

#[test]
fn a_cache_that_cannot_be_written_is_not_a_missing_database() {
    let p = Project::new(&[]);
    let db = database(&p);
    std::fs::write(p.scratch.path().join("cache"), "a file where the folder should be").unwrap();
    let r = scan(&p, db.to_str().unwrap());
    assert!(r.status == 1 && r.stderr.contains("error[io]"), "{} {}", r.status, r.stderr);
    assert!(r.stderr.contains("cannot be written"), "{}", r.stderr);
}

#[test]
fn no_database_at_an_address() {
    let p = Project::new(&[]);
    let server = Server::start(&database(&p));
    let r = scan(&p, &server.url);
    assert!(r.status == 5 && r.stderr.contains("index/db.json"), "{} {}", r.status, r.stderr);
}
