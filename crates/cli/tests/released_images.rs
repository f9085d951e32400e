//! Images of a release among its statements, checksums and artifacts.json, before and after they are pushed to a real registry.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "the functions that tests share are not marked as tests")]

mod support;

use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::Read as _;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use support::{Project, go_tool, has};

const DOCKERFILE: &str = "FROM scratch\nCOPY tiny /tiny\nENTRYPOINT [\"/tiny\"]\n";
const YAML: &str = r#"
version: 2
builds:
  - {id: tiny, goos: [linux], goarch: [amd64, arm64]}
kos:
  - {build: tiny, id: ko, base_image: scratch, repositories: ["HOST/me/ko"], tags: ["{{ .Tag }}"], bare: true}
dockers:
  - {id: old, image_templates: ["HOST/me/old:{{ .Version }}"]}
docker_digest:
  name_template: "{{ .ProjectName }}_image_checksums.txt"
"#;
const TOML: &str =
    "[[image]]\nid = \"own\"\nimages = [\"HOST/me/own\"]\ntags = [\"{{ .Version }}\"]\narchive = true\n";

struct Registry {
    host: String,
    folder: tempfile::TempDir,
    child: Child,
}

impl Registry {
    /// `tls` are further lines of its section `http`; FOLDER is where its files are.
    fn start(folder: tempfile::TempDir, tls: &str) -> Registry {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let (host, at) = (format!("127.0.0.1:{port}"), folder.path().display().to_string());
        let config = format!(
            "version: 0.1\nlog: {{level: error}}\nstorage:\n  filesystem: {{rootdirectory: {at}/data}}\nhttp:\n  addr: {host}\n{}",
            tls.replace("FOLDER", &at)
        );
        std::fs::write(folder.path().join("config.yml"), config).unwrap();
        let mut command = Command::new(support::which("docker-registry"));
        command.args(["serve", &format!("{at}/config.yml")]);
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let registry = Registry { host, folder, child };
        let begun = Instant::now();
        while TcpStream::connect(&registry.host).is_err() {
            assert!(begun.elapsed() < Duration::from_secs(30), "docker-registry does not start");
            std::thread::sleep(Duration::from_millis(20));
        }
        registry
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

#[test]
fn images_of_a_release_are_stated_listed_and_verified() {
    if !has(&["docker-registry"]) {
        return;
    }
    let r = Registry::start(tempfile::tempdir().unwrap(), "");
    let here = |text: &str| text.replace("HOST", &r.host);
    let p = Project::new(&[
        (".goreleaser.yaml", here(YAML).as_str()),
        ("goferry.toml", &here(TOML)),
        ("Dockerfile", DOCKERFILE),
    ]);
    let made = p.run(&["release", "--clean", "--skip=publish"]);
    assert_eq!(made.status, 0, "{}", made.stderr);
    let dist = p.dist();
    let (old, own, ko) =
        (format!("{}/me/old", r.host), format!("{}/me/own", r.host), format!("{}/me/ko", r.host));

    let rows = json(&dist.join("artifacts.json"));
    let row = |name: &str| rows.as_array().unwrap().iter().find(|a| a["name"] == name).unwrap().clone();
    let (a, b, c) =
        (row(&format!("{old}:1.2.3")), row(&format!("{own}:1.2.3")), row(&format!("{ko}:v1.2.3")));
    // What goreleaser says of `dockers` that are not pushed, of `dockers_v2`, and of `kos`.
    assert_eq!(
        (&a["internal_type"], &a["type"], &a["goarch"]),
        (&json!(9), &json!("Docker Image"), &json!("amd64"))
    );
    assert_eq!((&b["internal_type"], &b["type"]), (&json!(37), &json!("Docker Image")));
    assert_eq!(b["extra"]["Platforms"], json!(["linux/amd64", "linux/arm64"]));
    assert_eq!((&c["internal_type"], &c["type"]), (&json!(11), &json!("Docker Manifest")));
    assert_eq!((&a["path"], &a["extra"]["ID"]), (&a["name"], &json!("old")));
    assert_eq!(row("own_1.2.3.oci.tar")["type"], "File");
    let sums = std::fs::read_to_string(dist.join("tiny_1.2.3_checksums.txt")).unwrap();
    assert!(sums.contains("  own_1.2.3.oci.tar\n"), "{sums}");

    let provenance = json(&dist.join("tiny_1.2.3.provenance.json"));
    for (name, row) in [(&old, &a), (&own, &b), (&ko, &c)] {
        let subjects = provenance["subject"].as_array().unwrap();
        let subject = subjects.iter().find(|s| s["name"] == name.as_str()).unwrap();
        let digest = format!("sha256:{}", subject["digest"]["sha256"].as_str().unwrap());
        assert_eq!(row["extra"]["Digest"], digest.as_str());
    }
    let summary = json(&dist.join("tiny_1.2.3.vsa.json"));
    let images = summary["predicate"]["urn:goferry:images"].as_array().unwrap();
    assert_eq!(images.len(), 3);
    assert!(images.iter().all(|i| i["platforms"][0]["run"]["state"].is_string()), "{images:?}");

    let verify = || p.run(&["verify", "dist"]);
    assert_eq!(verify().status, 0, "{}", verify().stderr);
    let pushed = p.run(&["image", "push"]);
    assert_eq!(pushed.status, 0, "{}", pushed.stderr);
    for row in [&a, &b, &c] {
        let line =
            format!("{}@{}\n", row["name"].as_str().unwrap(), row["extra"]["Digest"].as_str().unwrap());
        assert!(pushed.stdout.contains(&line), "{line} is not in {}", pushed.stdout);
    }
    // What the release says goes with them, unless told otherwise; the same again attaches nothing twice.
    let attached = |args: &[&str]| -> BTreeSet<String> {
        let r = p.run(&[&["image", "push", "--json"], args].concat());
        let rows: Value = serde_json::from_str(&r.stdout).unwrap();
        let all = rows.as_array().unwrap().iter().flat_map(|row| row["attached"].as_array().unwrap());
        all.map(|a| a["artifactType"].as_str().unwrap().to_owned()).collect()
    };
    let types = [
        "application/vnd.cyclonedx+json",
        "application/vnd.dev.sigstore.bundle.v0.3+json",
        "application/vnd.in-toto+json",
    ];
    let found = attached(&[]);
    assert!(found.contains(types[0]) && types[1..].iter().any(|t| found.contains(*t)), "{found:?}");
    assert!(attached(&["--no-attach"]).is_empty());
    // A file of digests is no file of checksums, whatever it is called.
    assert!(dist.join("tiny_image_checksums.txt").is_file());
    assert_eq!(verify().status, 0, "{}", verify().stderr);

    // The index of one image in the place of another's.
    let index = |id: &str| dist.join("images").join(id).join("index.json");
    let good = std::fs::read(index("own")).unwrap();
    std::fs::copy(index("ko"), index("own")).unwrap();
    let swapped = verify();
    assert!(swapped.status == 4 && swapped.stderr.contains("images/own is not proved"), "{}", swapped.stderr);
    std::fs::write(index("own"), good).unwrap();
    assert_eq!(verify().status, 0, "{}", verify().stderr);
}

/// A project with an image of some megabytes that do not shrink, made.
fn large() -> Project {
    let toml =
        "targets = [\"linux/amd64\"]\n[[image]]\nid = \"own\"\narchive = true\ndata = [\"big:/big\"]\n";
    let p = Project::new(&[("goferry.toml", toml), (".gitignore", "/dist/\n/big\n")]);
    let mut bytes = vec![];
    let random = std::fs::File::open("/dev/urandom").unwrap();
    random.take(24 << 20).read_to_end(&mut bytes).unwrap();
    std::fs::write(p.root.join("big"), bytes).unwrap();
    let made = p.run(&["image", "build", "--clean"]);
    assert_eq!(made.status, 0, "{}", made.stderr);
    p
}

/// Bytes of uploads that a registry has begun.
fn begun(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    let one = |path: PathBuf| match path.metadata() {
        Ok(m) if m.is_dir() => begun(&path),
        Ok(m) if path.components().any(|c| c.as_os_str() == "_uploads") => m.len(),
        _ => 0,
    };
    entries.map(|e| one(e.path())).sum()
}

#[test]
fn a_killed_push_is_finished_by_the_next() {
    if !has(&["docker-registry"]) {
        return;
    }
    let p = large();
    let r = Registry::start(tempfile::tempdir().unwrap(), "");
    let to = format!("{}/me/own:v1", r.host);
    for at_least in [1, 8 << 20] {
        let push = ["image", "push", "dist/images/own", "--to", &to];
        let mut child = p.command(&push).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        // However far it gets, what follows must hold.
        while begun(&r.folder.path().join("data")) < at_least && child.try_wait().unwrap().is_none() {
            std::thread::sleep(Duration::from_millis(1));
        }
        let _ = child.kill();
        child.wait().unwrap();
    }
    let row = |what: &str| {
        let done = p.run(&["image", "push", what, "--to", &to, "--json"]);
        assert_eq!(done.status, 0, "{}", done.stderr);
        serde_json::from_str::<Value>(&done.stdout).unwrap()[0].clone()
    };
    let first = row("dist/images/own");
    let blobs = first["sent"].as_u64().unwrap() + first["there"].as_u64().unwrap();
    // The archive holds the same, and now all of it is there.
    let again = row("dist/own_1.2.3.oci.tar");
    assert_eq!((&again["sent"], &again["there"]), (&json!(0), &json!(blobs)), "{again}");
    assert_eq!(
        (&again["digest"], &again["id"]),
        (&p.record()["images"][0]["digest"], &json!("own_1.2.3.oci.tar"))
    );
    if let Some(crane) = go_tool("crane") {
        let done = Command::new(crane).args(["validate", "--remote", &to]).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }
}

/// An authority of our own and a certificate of it for this machine, in a folder.
fn certificates(folder: &Path) {
    std::fs::write(folder.join("ext"), "subjectAltName=IP:127.0.0.1\n").unwrap();
    let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout"];
    let ca = [&["req", "-x509"][..], &key, &["ca.key", "-out", "ca.pem", "-subj", "/CN=authority"]].concat();
    let asked = [&["req"][..], &key, &["s.key", "-out", "s.csr", "-subj", "/CN=registry"]].concat();
    let sign = "x509 -req -in s.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out s.pem -extfile ext";
    for args in [ca, asked, sign.split(' ').collect()] {
        let done = Command::new("openssl").args(&args).current_dir(folder).output().unwrap();
        assert!(done.status.success(), "{args:?}: {}", String::from_utf8_lossy(&done.stderr));
    }
}

#[test]
fn a_private_authority_is_trusted_when_it_is_named() {
    if !has(&["docker-registry", "openssl"]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    certificates(folder.path());
    let r = Registry::start(folder, "  tls: {certificate: FOLDER/s.pem, key: FOLDER/s.key}\n");
    let mut p = Project::new(&[(
        "goferry.toml",
        "targets = [\"linux/amd64\"]\n[[image]]\nid = \"own\"\ncertificates = false\n",
    )]);
    assert_eq!(p.run(&["image", "build", "--clean"]).status, 0);
    let to = format!("{}/me/own:v1", r.host);
    let push = ["image", "push", "dist/images/own", "--to", &to];
    let refused = p.run(&push);
    assert!(refused.status != 0 && refused.stderr.contains("certificate"), "{}", refused.stderr);
    p.set("SSL_CERT_FILE", r.folder.path().join("ca.pem").to_str().unwrap());
    let done = p.run(&push);
    assert_eq!(done.status, 0, "{}", done.stderr);
    assert!(done.stdout.starts_with(&format!("{to}@sha256:")), "{}", done.stdout);
}
