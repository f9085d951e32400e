//! Images that lead astray: links out of them, users that they do not know, entrypoints by PATH, damaged caches.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "the functions that tests share are not marked as tests")]

mod support;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
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
    // What of this machine is in an image is said.
    assert!(good(&p).stderr.contains("note: image tiny: CA certificates of /"));
    let r = p.run(&["image", "run", "tiny", "--user", "alice"]);
    assert!(r.status == 125 && r.stderr.contains("the user `alice` is not in"), "{}", r.stderr);
}

#[test]
fn images_do_not_share_a_folder() {
    let of = |ids: &[&str]| {
        let images = ids.iter().map(|id| format!("[[image]]\nid = \"{id}\"\nimages = [\"r.example/x\"]\n"));
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

/// A layout's blobs and one tag as a registry serves them, for as long as the test runs.
struct Served {
    name: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Served {
    fn new(layout: &Path) -> Served {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let name = format!("{}/base:1", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(vec![]));
        let (log, layout) = (Arc::clone(&asked), layout.to_owned());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let mut lines = BufReader::new(&stream).lines();
                let first = lines.next().and_then(Result::ok).unwrap_or_default();
                while lines.next().and_then(Result::ok).is_some_and(|l| !l.is_empty()) {}
                let path = first.split(' ').nth(1).unwrap_or_default();
                log.lock().unwrap().push(path.to_owned());
                let _ = (&stream).write_all(&answer(&layout, path));
            }
        });
        Served { name, asked }
    }

    /// What was asked for since the last call.
    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }
}

fn answer(layout: &Path, path: &str) -> Vec<u8> {
    let last = path.rsplit('/').next().unwrap();
    let index: Value = serde_json::from_slice(&std::fs::read(layout.join("index.json")).unwrap()).unwrap();
    let digest = if last == "1" { index["manifests"][0]["digest"].as_str().unwrap() } else { last };
    let blob = layout.join("blobs").join(digest.replace(':', "/"));
    let (status, body) = match std::fs::read(blob) {
        Ok(bytes) => ("200 OK", bytes),
        Err(_) if path == "/v2/" => ("200 OK", vec![]),
        Err(_) => ("404 Not Found", vec![]),
    };
    let said: Option<Value> = serde_json::from_slice(&body).ok();
    let kind = said.as_ref().and_then(|v| v["mediaType"].as_str()).unwrap_or("application/octet-stream");
    let length = body.len();
    let mut out = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
    )
    .into_bytes();
    out.extend(body);
    out
}

fn put(layout: &Path, value: &Value) -> Value {
    let bytes = value.to_string().into_bytes();
    let hex: String = Sha256::digest(&bytes).iter().map(|b| format!("{b:02x}")).collect();
    std::fs::write(layout.join("blobs/sha256").join(&hex), &bytes).unwrap();
    json!({"mediaType": value["mediaType"], "digest": format!("sha256:{hex}"), "size": bytes.len()})
}

const INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// A base of two platforms, one of which the index does not name, in an index of its own; and an attestation.
fn odd_base(p: &Project) -> PathBuf {
    let at = p.scratch.path().join("base");
    let mut images = vec![];
    for arch in ["amd64", "arm64"] {
        let layer = tar(&[("etc/base", arch.repeat(1000).as_bytes())], &[]);
        crafted(&at, "linux", arch, &json!({}), &layer);
        let index: Value = serde_json::from_slice(&std::fs::read(at.join("index.json")).unwrap()).unwrap();
        images.push(index["manifests"][0].clone());
    }
    images[0]["platform"] = json!({"os": "linux", "architecture": "amd64"});
    let other = json!({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {"mediaType": "application/vnd.in-toto+json", "digest": images[0]["digest"], "size": 2}, "layers": []});
    let inner = put(&at, &json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": [images[1]]}));
    let top =
        json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": [images[0], put(&at, &other), inner]});
    let index = json!({"schemaVersion": 2, "manifests": [put(&at, &top)]});
    std::fs::write(at.join("index.json"), index.to_string()).unwrap();
    at
}

/// A project on that base, and the folder of the cache that has what was fetched.
fn on_odd_base() -> (Project, Served, PathBuf) {
    let p = Project::new(&[]);
    let served = Served::new(&odd_base(&p));
    let config =
        format!("targets = [\"linux/amd64\", \"linux/arm64\"]\n[[image]]\nbase = \"{}\"\n", served.name);
    p.write("goferry.toml", &config);
    good(&p);
    let cached = p.scratch.path().join("cache/images/blobs/sha256");
    assert!(cached.is_dir());
    (p, served, cached)
}

#[test]
fn a_base_need_not_say_its_platforms() {
    let (p, served, _) = on_odd_base();
    let r = p.run(&["image", "inspect", "--json", "--verify", "--files", "dist"]);
    let found: Value = serde_json::from_str(&r.stdout).unwrap();
    for (at, arch) in ["amd64", "arm64"].iter().enumerate() {
        let on = &found[0]["platforms"][at];
        assert_eq!(on["platform"], format!("linux/{arch}"));
        assert!(on["files"].to_string().contains("/etc/base"), "{on}");
    }
    p.write("goferry.toml", &format!("targets = [\"linux/s390x\"]\n[[image]]\nbase = \"{}\"\n", served.name));
    let r = build(&p);
    let said = format!("{} has no image for linux/s390x; it has: linux/amd64, linux/arm64", served.name);
    assert!(r.status == 2 && r.stderr.contains(&said), "{}", r.stderr);
}

#[test]
fn what_is_damaged_in_the_cache_is_fetched_again() {
    let (p, served, cached) = on_odd_base();
    let whole = p.dist_files();
    served.asked();
    good(&p);
    let asked = served.asked();
    assert!(!asked.iter().any(|a| a.contains("/blobs/")), "{asked:?}");
    let blobs = || std::fs::read_dir(&cached).unwrap().map(|e| e.unwrap().path()).collect::<Vec<_>>();
    for damage in ["empty", "other"] {
        for blob in blobs() {
            let mut bytes = std::fs::read(&blob).unwrap();
            match damage {
                "empty" => bytes.clear(),
                _ => bytes.reverse(),
            }
            std::fs::write(&blob, bytes).unwrap();
        }
        good(&p);
        assert!(served.asked().iter().any(|a| a.contains("/blobs/")), "{damage}");
        assert!(p.dist_files() == whole, "{damage}");
    }
    // What a killed run left goes when nobody can be writing it.
    let old = std::time::SystemTime::now() - std::time::Duration::from_secs(48 * 3600);
    for (name, time) in [("old", Some(old)), ("new", None)] {
        let file = std::fs::File::create(cached.join(format!(".goferry-tmp-{name}"))).unwrap();
        time.map(|t| file.set_modified(t)).transpose().unwrap();
    }
    good(&p);
    let left: Vec<_> = blobs().into_iter().filter(|b| b.to_string_lossy().contains("goferry-tmp")).collect();
    assert_eq!(left, [cached.join(".goferry-tmp-new")]);
}

#[test]
fn an_archive_of_small_files_does_not_fill_the_memory() {
    let p = Project::new(&[]);
    let gz = std::fs::File::create(p.root.join("x.tar.gz")).unwrap();
    let mut out = tar::Builder::new(flate2::write::GzEncoder::new(gz, flate2::Compression::fast()));
    let zeros = vec![0; (8 << 20) - 1];
    let mut header = tar::Header::new_gnu();
    header.set_size(zeros.len() as u64);
    for n in 0..64 {
        out.append_data(&mut header, format!("f{n}"), zeros.as_slice()).unwrap();
    }
    out.into_inner().unwrap().finish().unwrap();
    let plain = p.command(&["image", "inspect", "x.tar.gz"]);
    let mut shell = std::process::Command::new("sh");
    shell.current_dir(&p.root).env_clear().envs(plain.get_envs().filter_map(|(k, v)| Some((k, v?))));
    // 400 MB, and the files are 512.
    shell
        .args(["-c", "ulimit -v 400000 && exec \"$0\" \"$@\""])
        .arg(plain.get_program())
        .args(plain.get_args());
    let done = shell.output().unwrap();
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(
        done.status.code() == Some(2) && said.contains("it has neither index.json nor manifest.json"),
        "{said}"
    );
}

const ENV: &str = "package main\n\nimport (\n\t\"os\"\n\t\"strings\"\n)\n\nfunc main() { os.Stdout.WriteString(strings.Join(os.Environ(), \" \")) }\n";

#[test]
fn variables_come_from_the_image_and_the_caller() {
    let config = "targets = [\"wasip1/wasm\"]\n[[image]]\nenv = [\"A=image\", \"B=image\", \"C=image\"]\n";
    let mut p = Project::new(&[("goferry.toml", config), ("main.go", ENV)]);
    good(&p);
    p.set("B", "caller");
    p.set("D", "caller");
    let r = p.run(&["image", "run", "tiny", "-e", "A=said", "-e", "B", "-e", "C", "-e", "D", "-e", "E"]);
    assert_eq!(r.status, 0, "{}", r.stderr);
    let mut has: Vec<&str> = r.stdout.split(' ').filter(|v| v.as_bytes().get(1) == Some(&b'=')).collect();
    has.sort_unstable();
    assert_eq!(has, ["A=said", "B=caller", "D=caller"]);
}

const LOOKS: &str = "package main\n\nimport (\n\t\"fmt\"\n\t\"os\"\n)\n\nfunc main() {\n\tif len(os.Args) < 2 {\n\t\treturn\n\t}\n\t_, err := os.Stat(os.Args[1])\n\twork, _ := os.Getwd()\n\tlist, _ := os.ReadDir(\"/\")\n\tfmt.Println(err != nil, work, list, len(os.Getenv(\"GOFERRY_WASI_ROOT\")))\n}\n";

#[test]
fn a_wasm_image_sees_its_own_files_alone() {
    let config = "targets = [\"wasip1/wasm\"]\n[[image]]\nworkdir = \"/usr\"\ncertificates = false\npasswd = false\ntmp = false\n";
    let mut p = Project::new(&[("goferry.toml", config), ("main.go", LOOKS)]);
    good(&p);
    let host = p.root.join("go.mod");
    let look = ["image", "run", "tiny", "--", host.to_str().unwrap()];
    let r = p.run(&look);
    assert_eq!((r.status, r.stdout.as_str()), (0, "true /usr [d usr/] 0\n"), "{}", r.stderr);
    p.set("GOWASIRUNTIME", "wasmtime");
    let r = p.run(&look);
    assert!(r.status == 125 && r.stderr.contains("unset GOWASIRUNTIME"), "{} {}", r.status, r.stderr);
}

#[test]
fn archives_that_cannot_be_read_are_said() {
    if !support::has(&["tar"]) {
        return;
    }
    let config = format!("{DOCKERS}    extra_files: [x.tar]\n");
    let p = Project::new(&[(".goreleaser.yaml", &config), ("Dockerfile", "FROM scratch\nADD x.tar /x/\n")]);
    p.write("in/README", "plain");
    let hole = std::fs::File::create(p.root.join("in/hole")).unwrap();
    hole.set_len(1 << 20).unwrap();
    (&hole).write_all(b"begin").unwrap();
    let latin = std::os::unix::ffi::OsStrExt::from_bytes(b"in/caf\xe9");
    std::fs::write(p.root.join(Path::new::<std::ffi::OsStr>(latin)), "").unwrap();
    for (args, said) in [
        (&["--sparse", "--format=gnu", "in/hole"][..], "`in/hole` is a sparse file of GNU's tar"),
        (
            &["--sparse", "--format=pax", "--sparse-version=0.0", "in/hole"],
            "`in/hole` is a sparse file of GNU's tar",
        ),
        (
            &["--sparse", "--format=pax", "--sparse-version=1.0", "in/hole"],
            "`in/hole` is a sparse file of GNU's tar",
        ),
        (&["--format=gnu", "in"], "the path `in/caf\\xe9` is not UTF-8"),
        (&["--format=pax", "in"], "the path `in/caf\\xe9` is not UTF-8"),
    ] {
        let mut tar = std::process::Command::new("tar");
        assert!(tar.current_dir(&p.root).args(["-cf", "x.tar"]).args(args).status().unwrap().success());
        let r = build(&p);
        assert!(
            r.status == 2 && r.stderr.contains("Dockerfile:2") && r.stderr.contains(said),
            "{args:?}: {}",
            r.stderr
        );
    }
    // Without holes and by other names it is read.
    let mut tar = std::process::Command::new("tar");
    assert!(
        tar.current_dir(&p.root).args(["-cf", "x.tar", "in/hole", "in/README"]).status().unwrap().success()
    );
    good(&p);
}
