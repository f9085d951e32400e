//! Images that lead astray: links out of them, users that they do not know, entrypoints by PATH, damaged caches.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "the functions that tests share are not marked as tests")]

mod support;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::path::Path;
use support::{Project, Ran};

fn build(p: &Project) -> Ran {
    p.run(&["image", "build", "--clean"])
}

fn good(p: &Project) -> Ran {
    let r = build(p);
    assert_eq!(r.status, 0, "{}", r.stderr);
    r
}

/// An image in a layout that another tool may have written: one layer, and this configuration.
fn crafted(folder: &Path, os: &str, arch: &str, config: &Value, layer: &[u8]) {
    let blobs = folder.join("blobs/sha256");
    std::fs::create_dir_all(&blobs).unwrap();
    std::fs::write(folder.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#).unwrap();
    let blob = |media_type: &str, bytes: &[u8]| {
        let hex: String = Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect();
        std::fs::write(blobs.join(&hex), bytes).unwrap();
        json!({"mediaType": media_type, "digest": format!("sha256:{hex}"), "size": bytes.len()})
    };
    let layer = blob("application/vnd.oci.image.layer.v1.tar", layer);
    let config = json!({"architecture": arch, "os": os, "config": config,
        "rootfs": {"type": "layers", "diff_ids": [layer["digest"]]}});
    let config = blob("application/vnd.oci.image.config.v1+json", config.to_string().as_bytes());
    let manifest = json!({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": config, "layers": [layer]});
    let image = blob("application/vnd.oci.image.manifest.v1+json", manifest.to_string().as_bytes());
    let index = json!({"schemaVersion": 2, "manifests": [image]});
    std::fs::write(folder.join("index.json"), index.to_string()).unwrap();
}

/// A tar of files and links.
fn tar(files: &[(&str, &[u8])], links: &[(&str, &str)]) -> Vec<u8> {
    let mut out = tar::Builder::new(vec![]);
    let mut header = tar::Header::new_gnu();
    header.set_mode(0o755);
    for (path, bytes) in files {
        header.set_entry_type(tar::EntryType::Regular);
        header.set_size(bytes.len() as u64);
        out.append_data(&mut header, path, *bytes).unwrap();
    }
    for (path, to) in links {
        header.set_entry_type(tar::EntryType::Symlink);
        header.set_size(0);
        out.append_link(&mut header, path, to).unwrap();
    }
    out.into_inner().unwrap()
}

#[test]
fn a_link_of_a_wasm_image_does_not_lead_to_the_host() {
    let p = Project::new(&[("goferry.toml", "targets = [\"wasip1/wasm\"]\n[[image]]\n")]);
    good(&p);
    let program = std::fs::read(p.dist().join("tiny_wasip1_wasm/tiny.wasm")).unwrap();
    // The same path is a file of the image, and a file of the host.
    let host = p.scratch.path().join("other.wasm");
    std::fs::write(&host, "no program").unwrap();
    let inside = host.strip_prefix("/").unwrap().to_str().unwrap();
    let layer = tar(&[(inside, &program)], &[("app.wasm", host.to_str().unwrap())]);
    let at = p.scratch.path().join("crafted");
    crafted(&at, "wasip1", "wasm", &json!({"Entrypoint": ["/app.wasm"]}), &layer);
    let r = p.run(&["image", "run", at.to_str().unwrap()]);
    assert_eq!((r.status, r.stdout.as_str()), (0, "tiny 1.2.3\n"), "{}", r.stderr);
}

#[test]
fn a_user_that_the_image_does_not_know_is_an_error() {
    let config = "targets = [\"linux/amd64\"]\n[[image]]\npasswd = false\n";
    let p = Project::new(&[("goferry.toml", &format!("{config}user = \"nobodyhere\"\n"))]);
    let r = build(&p);
    let said = "error[does-not-start]: image tiny for linux/amd64: the user `nobodyhere` is not in the image's /etc/passwd";
    assert!(r.status == 4 && r.stderr.contains(said), "{}", r.stderr);
    p.write("goferry.toml", &format!("{config}user = \"7:wheel\"\n"));
    let r = build(&p);
    assert!(r.status == 4 && r.stderr.contains("the group `wheel` is not in"), "{}", r.stderr);
    // Numbers need no entry.
    p.write("goferry.toml", &format!("{config}user = \"7\"\n"));
    good(&p);
    let r = p.run(&["image", "run", "tiny", "--user", "alice"]);
    assert!(r.status == 125 && r.stderr.contains("the user `alice` is not in"), "{}", r.stderr);
}

#[test]
fn images_do_not_share_a_folder() {
    let of = |ids: &[&str]| {
        let images = ids.iter().map(|id| format!("[[image]]\nid = \"{id}\"\n"));
        let config = format!("targets = [\"linux/amd64\"]\n{}", images.collect::<String>());
        Project::new(&[("goferry.toml", &config)]).run(&["plan", "--snapshot"])
    };
    for (ids, said) in [
        (
            &["a b", "a_b"][..],
            "error[duplicate-id]: the images `a b` and `a_b` would both be in dist/images/a_b",
        ),
        (&["a", "a"], "error[duplicate-id]: two images have the id `a`"),
        (&["."], "error[config-value]: the image id `.` has no character that a folder's name may have"),
    ] {
        let r = of(ids);
        assert!(r.status == 2 && r.stderr.contains(said), "{ids:?}: {} {}", r.status, r.stderr);
    }
    let r = of(&["a b", "a-b"]);
    assert_eq!(r.status, 0, "{}", r.stderr);
}

const DOCKERS: &str = "version: 2\nbuilds:\n  - env: [CGO_ENABLED=0]\n    goos: [linux]\n    goarch: [amd64]\ndockers_v2:\n  - images: [tiny]\n\
    \x20   platforms: [linux/amd64]\n";

/// The image of a Dockerfile, and how its program ran.
fn of_dockerfile(text: &str) -> (Project, Value) {
    let p = Project::new(&[(".goreleaser.yaml", DOCKERS), ("Dockerfile", text)]);
    good(&p);
    let run = p.record()["images"][0]["platforms"][0]["run"].clone();
    (p, run)
}

#[test]
fn an_entrypoint_is_found_by_path() {
    let copy = "FROM scratch\nARG TARGETPLATFORM\nCOPY --chmod=0755 $TARGETPLATFORM/tiny /opt/bin/tiny\n";
    for rest in [
        "ENV PATH=/bin:/opt/bin\nENTRYPOINT [\"tiny\"]\n",
        "WORKDIR /opt\nENTRYPOINT []\nCMD [\"bin/tiny\"]\n",
    ] {
        let (_p, run) = of_dockerfile(&format!("{copy}{rest}"));
        if std::env::var_os("GOFERRY_NO_NAMESPACES").is_none() {
            assert_eq!(run["ran"]["output"], "tiny 1.2.3", "{rest}: {run}");
        }
    }
    // A program of somebody else is said to be that, and one that is nowhere cannot start.
    let (p, run) =
        of_dockerfile(&format!("{copy}COPY --chmod=0755 Dockerfile /bin/other\nCMD [\"other\"]\n"));
    assert_eq!(run["waived"]["class"], "not-ours", "{run}");
    assert_eq!(run["waived"]["reason"], "the image starts /bin/other, which is none of the binaries");
    p.write("Dockerfile", &format!("{copy}ENTRYPOINT [\"tiny\"]\n"));
    let r = build(&p);
    assert!(r.status == 4 && r.stderr.contains("it starts `tiny`, which is not in it"), "{}", r.stderr);
}
