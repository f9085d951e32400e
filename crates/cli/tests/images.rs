//! `goferry image` from end to end: what is made, what skopeo, crane and podman say of it, and what is left of a killed run.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "the functions that tests share are not marked as tests")]

mod support;

use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;
use support::{Project, Ran, go_tool, has};

const CONFIG: &str = r#"
targets = ["linux/amd64", "linux/arm64", "linux/arm/v7", "wasip1/wasm"]

[[image]]
images = ["registry.example/team/tiny"]
tags = ["{{ .Version }}", "latest"]
platforms = ["linux/amd64", "linux/arm64", "linux/arm/v7"]
user = "1000:50"
ports = ["8080"]
volumes = ["/data"]
workdir = "/data"
cmd = ["--quiet"]
env = ["NAME={{ .ProjectName }}"]
archive = true
data = ["share:/usr/share/tiny"]

[image.labels]
"com.example.label" = "{{ .Tag }}"

[image.annotations]
"index:com.example.a" = "index only"
"manifest[linux/arm64]:com.example.a" = "arm64 only"

[[image]]
id = "wasm"
platforms = ["wasip1/wasm"]
compression = "zstd"
certificates = false
passwd = false
tmp = false
"#;

fn project(config: &str) -> Project {
    Project::new(&[("goferry.toml", config), ("share/a.txt", "a"), ("share/sub/b.txt", "bb")])
}

fn build(p: &Project) -> Ran {
    let r = p.run(&["image", "build", "--clean"]);
    assert_eq!(r.status, 0, "{}", r.stderr);
    r
}

/// Every file of the images and archives.
fn images(p: &Project) -> BTreeMap<String, Vec<u8>> {
    let image = |n: &str| n.starts_with("images/") || n.ends_with(".oci.tar");
    p.dist_files().into_iter().filter(|(n, _)| image(n)).collect()
}

fn inspected(p: &Project, args: &[&str]) -> Value {
    let r = p.run(&[&["image", "inspect", "--json", "--verify"], args].concat());
    assert_eq!(r.status, 0, "{}", r.stderr);
    serde_json::from_str(&r.stdout).unwrap()
}

fn output(program: &Path, args: &[&str], dir: &Path) -> String {
    let done = Command::new(program).args(args).current_dir(dir).output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success(), "{} {args:?}: {out}{err}", program.display());
    format!("{out}{err}")
}

/// Whether programs may have a file system of their own here; the tests run once without.
fn namespaces() -> bool {
    std::env::var_os("GOFERRY_NO_NAMESPACES").is_none()
}

#[test]
fn the_same_input_gives_the_same_image_and_others_read_it() {
    let p = project(CONFIG);
    build(&p);
    let first = images(&p);
    let found = inspected(&p, &["dist"]);
    let tiny = &found[0];
    assert_eq!(
        tiny["names"],
        serde_json::json!(["registry.example/team/tiny:1.2.3", "registry.example/team/tiny:latest"])
    );
    assert_eq!(tiny["annotations"]["com.example.a"], "index only");
    assert_eq!(tiny["annotations"]["org.opencontainers.image.revision"], p.head());
    let platforms: Vec<&str> =
        tiny["platforms"].as_array().unwrap().iter().map(|p| p["platform"].as_str().unwrap()).collect();
    assert_eq!(platforms, ["linux/amd64", "linux/arm64", "linux/arm/v7"]);
    let arm = &tiny["platforms"][1];
    assert_eq!(arm["annotations"]["com.example.a"], "arm64 only");
    let config = &arm["config"]["config"];
    assert_eq!(config["Entrypoint"], serde_json::json!(["/usr/local/bin/tiny"]));
    assert_eq!(config["Cmd"], serde_json::json!(["--quiet"]));
    assert_eq!(config["User"], "1000:50");
    assert_eq!(config["WorkingDir"], "/data");
    assert_eq!(config["ExposedPorts"], serde_json::json!({"8080/tcp": {}}));
    assert_eq!(config["Volumes"], serde_json::json!({"/data": {}}));
    assert_eq!(config["Labels"], serde_json::json!({"com.example.label": "v1.2.3"}));
    assert_eq!(config["Env"], serde_json::json!(["PATH=/usr/local/bin", "NAME=tiny"]));
    assert_eq!(arm["config"]["created"], "2024-01-02T03:04:05Z");
    let wasm = &found[1]["platforms"][0];
    assert_eq!(wasm["platform"], "wasip1/wasm");
    assert_eq!(wasm["layers"][0]["mediaType"], "application/vnd.oci.image.layer.v1.tar+zstd");
    // goferry.json says how each program ran in its image.
    let record = p.record();
    let ran = |i: usize| record["images"][0]["platforms"][i]["run"].clone();
    if namespaces() {
        assert_eq!(ran(0)["ran"]["output"], "tiny 1.2.3");
    }
    files(&p);
    read_by_others(&p, tiny["digest"].as_str().unwrap());
    build(&p);
    assert!(images(&p) == first, "the second build gave other bytes");
}

fn files(p: &Project) {
    let found = inspected(p, &["--files", "dist/images/tiny"]);
    let listed: Vec<String> = found[0]["platforms"][2]["files"]
        .as_array()
        .unwrap()
        .iter()
        .map(|f| format!("{} {} {}", f["mode"].as_str().unwrap(), f["path"].as_str().unwrap(), f["owner"]))
        .collect();
    for line in [
        "1777 /tmp [0,0]",
        "0644 /etc/passwd [0,0]",
        "0644 /etc/ssl/certs/ca-certificates.crt [0,0]",
        "0644 /usr/share/tiny/sub/b.txt [0,0]",
        "0755 /usr/local/bin/tiny [0,0]",
    ] {
        assert!(listed.iter().any(|l| l == line), "{line} is not in {listed:#?}");
    }
}

fn read_by_others(p: &Project, digest: &str) {
    let to = |name: &str| p.scratch.path().join(name).display().to_string();
    if has(&["skopeo"]) {
        let skopeo = support::which("skopeo");
        let name = "oci:dist/images/tiny:registry.example/team/tiny:latest";
        for (arch, variant) in [("amd64", ""), ("arm64", ""), ("arm", "v7")] {
            let args = ["--override-arch", arch, "--override-variant", variant, "inspect", "--config", name];
            let config: Value = serde_json::from_str(&output(&skopeo, &args, &p.root)).unwrap();
            assert_eq!(config["architecture"], arch);
        }
        output(&skopeo, &["copy", "--all", name, &format!("oci:{}:x", to("copied"))], &p.root);
        let index = std::fs::read_to_string(p.scratch.path().join("copied/index.json")).unwrap();
        assert!(index.contains(digest), "{index}");
        let archive = "oci-archive:dist/tiny_1.2.3.oci.tar:registry.example/team/tiny:1.2.3";
        output(&skopeo, &["copy", "--all", archive, &format!("oci:{}:y", to("copied"))], &p.root);
        let docker = "docker-archive:dist/tiny_1.2.3.oci.tar:registry.example/team/tiny:1.2.3";
        output(&skopeo, &["copy", docker, &format!("dir:{}", to("dir"))], &p.root);
        // And what skopeo writes is read.
        let saved = format!("docker-archive:{}:a/b:c", to("saved.tar"));
        output(&skopeo, &["copy", name, &saved], &p.root);
        let found = inspected(p, &[&to("saved.tar")]);
        assert_eq!(found[0]["names"], serde_json::json!(["docker.io/a/b:c"]));
    }
    if let Some(crane) = go_tool("crane") {
        let said = output(&crane, &["validate", "--tarball", "dist/tiny_1.2.3.oci.tar"], &p.root);
        assert!(said.contains("PASS"), "{said}");
    }
    // Without root it wants subordinate uids of this machine.
    if has(&["podman"]) && output(Path::new("id"), &["-u"], &p.root).trim() == "0" {
        let (root, run) = (to("podman"), to("podman-run"));
        let global = ["--storage-driver=vfs", "--root", &root, "--runroot", &run];
        let podman = support::which("podman");
        let all = |args: &[&str]| output(&podman, &[&global[..], args].concat(), &p.root);
        all(&["load", "-i", "dist/tiny_1.2.3.oci.tar"]);
        let name = "registry.example/team/tiny:latest";
        let user = all(&["image", "inspect", "--format", "{{.User}} {{.Architecture}}", name]);
        assert!(user.contains("1000:50 amd64"), "{user}");
    }
}

#[test]
fn programs_of_images_run() {
    if !namespaces() {
        return;
    }
    let p = project(CONFIG);
    build(&p);
    for (args, want) in [
        (&["tiny"][..], "tiny 1.2.3\n"),
        (&["tiny", "--platform", "linux/arm64", "--", "x"], "tiny 1.2.3\n"),
        (&["dist/tiny_1.2.3.oci.tar", "--platform", "linux/arm/v7"], "tiny 1.2.3\n"),
        (&["wasm"], "tiny 1.2.3\n"),
    ] {
        let r = p.run(&[&["image", "run"], args].concat());
        assert_eq!((r.status, r.stdout.as_str()), (0, want), "{args:?}: {}", r.stderr);
    }
    let r = p.run(&["image", "run", "tiny", "--platform", "linux/s390x"]);
    assert_eq!(r.status, 125);
    assert!(r.stderr.contains("no image for linux/s390x; it has: linux/amd64,"), "{}", r.stderr);
    let r = p.run(&["image", "run", "tiny", "--entrypoint", "/bin/sh"]);
    assert!(r.status == 127 && r.stderr.contains("no program `/bin/sh`"), "{}", r.stderr);
}

#[test]
fn kos_has_ko_s_names_and_places() {
    let yaml = r#"
version: 2
builds:
  - id: tiny
    goos: [linux]
    goarch: [amd64, arm64]
kos:
  - build: tiny
    base_image: scratch
    repositories: [ghcr.io/me/a, ghcr.io/me/b]
    tags: [latest, "{{ .Tag }}", "{{ if .Prerelease }}pre{{ end }}"]
    platforms: [linux/arm64, linux/amd64]
    labels: {one: two}
    annotations: {three: four}
    creation_time: "86400"
    user: "65532"
  - id: bare
    build: tiny
    base_image: scratch
    bare: true
    working_dir: .
    main: ./
    repository: ghcr.io/me/bare
"#;
    let p = Project::new(&[(".goreleaser.yaml", yaml), ("kodata/deep/f", "data")]);
    build(&p);
    let found = inspected(&p, &["dist"]);
    let (bare, tiny) = (&found[0], &found[1]);
    assert_eq!(bare["names"], serde_json::json!(["ghcr.io/me/bare:latest"]));
    assert_eq!(bare["mediaType"], "application/vnd.oci.image.manifest.v1+json");
    // printf example.com/tiny | md5sum
    let names = [
        "ghcr.io/me/a/tiny-694175b13a66b7d76eb626dc18e330e2:latest",
        "ghcr.io/me/a/tiny-694175b13a66b7d76eb626dc18e330e2:v1.2.3",
        "ghcr.io/me/b:latest",
        "ghcr.io/me/b:v1.2.3",
    ];
    assert_eq!(tiny["names"], serde_json::json!(names));
    assert_eq!(tiny["annotations"]["three"], "four");
    let arm = &tiny["platforms"][0];
    assert_eq!(arm["platform"], "linux/arm64");
    assert_eq!(arm["annotations"]["three"], "four");
    assert_eq!(arm["config"]["created"], "1970-01-02T00:00:00Z");
    let config = &arm["config"]["config"];
    assert_eq!(config["Entrypoint"], serde_json::json!(["/ko-app/tiny"]));
    assert_eq!(config["Env"], serde_json::json!(["PATH=/ko-app", "KO_DATA_PATH=/var/run/ko"]));
    assert_eq!((&config["User"], &config["Labels"]["one"]), (&"65532".into(), &"two".into()));
    let found = inspected(&p, &["--files", "dist/images/tiny"]);
    let files = found[0]["platforms"][0]["files"].to_string();
    assert!(files.contains("/var/run/ko/deep/f") && files.contains("/ko-app/tiny"), "{files}");
    let r = p.run(&["release", "--snapshot", "--clean", "--skip=ko"]);
    assert!(r.status == 0 && !p.dist().join("images").exists(), "{}", r.stderr);
    let r = p.run(&["plan", "--snapshot", "--json"]);
    assert!(r.stdout.contains("goreleaser.ko.local/tiny-"), "{}", r.stdout);
}

#[test]
fn a_base_gives_its_layers_and_its_order() {
    let p = project(CONFIG);
    build(&p);
    std::fs::rename(p.dist().join("images/tiny"), p.root.join("base")).unwrap();
    p.write(".gitignore", "/dist/\n/base/\n");
    p.write(
        "goferry.toml",
        "targets = [\"linux/arm64\", \"linux/amd64\"]\n[[image]]\nbase = \"oci:base:latest\"\nbin_dir = \"/app\"\n",
    );
    build(&p);
    let found = inspected(&p, &["dist"]);
    let platforms = found[0]["platforms"].as_array().unwrap();
    // The base's order, not the targets'.
    let order: Vec<&str> = platforms.iter().map(|p| p["platform"].as_str().unwrap()).collect();
    assert_eq!(order, ["linux/amd64", "linux/arm64"]);
    let config = &platforms[0]["config"]["config"];
    assert_eq!(config["Entrypoint"], serde_json::json!(["/app/tiny"]));
    assert_eq!(config["Cmd"], Value::Null);
    assert_eq!(config["User"], "1000:50");
    assert_eq!(config["Env"][0], "PATH=/usr/local/bin:/app");
    assert_eq!(platforms[0]["layers"].as_array().unwrap().len(), 4);
    p.write("goferry.toml", "targets = [\"linux/s390x\"]\n[[image]]\nbase = \"oci:base:latest\"\n");
    let r = p.run(&["image", "build", "--clean"]);
    assert_eq!(r.status, 2, "{}", r.stderr);
    assert!(r.stderr.contains("no image for linux/s390x; it has: linux/amd64,"), "{}", r.stderr);
}

const CGO: &str = "package main\n\n/*\n#cgo LDFLAGS: -lm\n#include <math.h>\nstatic double root(double x) { return sqrt(x); }\n*/\nimport \"C\"\n\nimport \"os\"\n\nfunc main() {\n\tif C.root(C.double(len(os.Args))) > 0 {\n\t\tos.Stdout.WriteString(\"cgo\\n\")\n\t}\n}\n";

#[test]
fn a_dynamic_program_gets_its_libraries_or_is_refused() {
    if !has(&["gcc"]) {
        return;
    }
    let mut p = Project::new(&[("main.go", CGO), (".gitignore", "/dist/\n/base/\n")]);
    p.set("CGO_ENABLED", "1");
    p.write("goferry.toml", "targets = [\"linux/amd64\"]\n[[image]]\n");
    build(&p);
    let found = inspected(&p, &["--files", "dist"]);
    let files = found[0]["platforms"][0]["files"].to_string();
    assert!(files.contains("/lib64/ld-linux-x86-64.so.2") && files.contains("/lib/libm.so.6"), "{files}");
    if namespaces() {
        assert_eq!(p.record()["images"][0]["platforms"][0]["run"]["ran"]["output"], "cgo");
    }
    // A base without them: an image of a static program.
    let q = project("targets = [\"linux/amd64\"]\n[[image]]\nid = \"static\"\n");
    build(&q);
    std::fs::rename(q.dist().join("images/static"), p.root.join("base")).unwrap();
    p.write("goferry.toml", "targets = [\"linux/amd64\"]\n[[image]]\nbase = \"oci:base\"\n");
    let r = p.run(&["image", "build", "--clean"]);
    assert_eq!(r.status, 4, "{}", r.stderr);
    let said = "error[image-libraries]: image `tiny`: a program for linux/amd64 is dynamic";
    assert!(r.stderr.contains(said) && r.stderr.contains("libc.so.6"), "{}", r.stderr);
}

/// As far apart as a whole run takes, over a dist/ that is finished: while it is emptied, written, and archived.
const KILLS: u32 = 12;

#[test]
fn a_killed_run_leaves_no_half_image_and_the_next_one_finishes() {
    let p = project(CONFIG);
    build(&p);
    let whole = images(&p);
    let begun = Instant::now();
    build(&p);
    let takes = begun.elapsed();
    let mut halfway = 0;
    for n in 0..KILLS {
        let mut child = p
            .command(&["image", "build", "--clean"])
            .stderr(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        // Wherever that is: what follows must hold at every moment.
        std::thread::sleep(takes * n / KILLS);
        let _ = child.kill();
        child.wait().unwrap();
        halfway += usize::from(p.dist().join(".goferry-incomplete").exists());
        nothing_is_half(&p, &whole);
        if n % 3 == 2 {
            build(&p);
            assert!(images(&p) == whole, "after a kill at {n} of {KILLS}");
        }
    }
    // Else nothing was tried.
    assert!(halfway > 0, "no run was killed before its end");
    let names: Vec<String> = p.dist_files().into_keys().filter(|n| n.contains(".goferry-")).collect();
    assert!(names.is_empty(), "{names:?}");
}

/// What has the name of an image or an archive is one.
fn nothing_is_half(p: &Project, whole: &BTreeMap<String, Vec<u8>>) {
    let here = images(p);
    if !p.dist().join(".goferry-incomplete").exists() {
        assert!(here == *whole, "a dist/ that is not whole has no mark");
    }
    for name in here.keys().filter(|n| n.ends_with("/index.json") || n.ends_with(".oci.tar")) {
        inspected(p, &[&format!("dist/{}", name.trim_end_matches("/index.json"))]);
        assert!(here[name] == whole[name], "{name}");
    }
}

#[test]
fn a_bake_file_says_the_same() {
    let p = project(CONFIG);
    let r = p.run(&["ci", "bake"]);
    assert_eq!(r.status, 0, "{}", r.stderr);
    let file: Value = serde_json::from_str(&r.stdout).unwrap();
    assert_eq!(file["group"]["default"]["targets"], serde_json::json!(["tiny", "wasm"]));
    let tiny = &file["target"]["tiny"];
    assert_eq!(tiny["platforms"], serde_json::json!(["linux/amd64", "linux/arm64", "linux/arm/v7"]));
    assert_eq!(tiny["tags"][1], "registry.example/team/tiny:latest");
    assert_eq!(tiny["args"]["SOURCE_DATE_EPOCH"], "1704164645");
    let annotations = tiny["annotations"].to_string();
    assert!(annotations.contains("manifest[linux/arm64]:com.example.a=arm64 only"), "{annotations}");
    let dockerfile = tiny["dockerfile-inline"].as_str().unwrap();
    for line in [
        "FROM scratch AS image",
        "COPY share /usr/share/tiny",
        "ENV NAME=\"tiny\"",
        "VOLUME [\"/data\"]",
        "FROM image AS linux-arm-v7",
        "COPY --chmod=0755 dist/tiny_linux_arm_7/tiny /usr/local/bin/tiny",
        "CMD [\"--quiet\"]",
        // Bake would expand what has one `$`.
        "FROM $${TARGETOS}-$${TARGETARCH}$${TARGETVARIANT:+-$TARGETVARIANT}",
    ] {
        assert!(dockerfile.lines().any(|l| l == line), "{line} is not in {dockerfile}");
    }
    printed(&p, &r.stdout, "linux/arm/v7");
}

#[test]
fn a_bake_file_has_the_images_of_dockerfiles() {
    let yaml = r#"
version: 2
builds:
  - {id: tiny, goos: [linux], goarch: [amd64, arm64, arm], goarm: ["7"]}
dockers:
  - {id: old, image_templates: ["ghcr.io/me/old:{{ .Version }}"], goarch: arm, goarm: "7", build_flag_templates: ["--target=last", "--label=l={{ .Tag }}"]}
dockers_v2:
  - id: new
    images: [ghcr.io/me/new]
    tags: [latest]
    dockerfile: docker/Dockerfile.new
    platforms: [linux/arm64, linux/amd64]
    extra_files: [share]
    build_args: {X: "${y}", TOKEN: "{{ .Env.MY_TOKEN }}"}
    annotations: {a: b}
"#;
    let mut p = Project::new(&[
        (".goreleaser.yaml", yaml),
        ("Dockerfile", "FROM scratch AS last\nCOPY tiny /tiny\n"),
        ("docker/Dockerfile.new", "FROM scratch\nARG TARGETPLATFORM\nCOPY $TARGETPLATFORM/tiny /tiny\n"),
        ("share/a.txt", "a"),
    ]);
    p.set("MY_TOKEN", "canary");
    let r = p.run(&["ci", "bake"]);
    assert_eq!(r.status, 0, "{}", r.stderr);
    assert!(r.stderr.contains("docker buildx bake context") && !r.stdout.contains("canary"), "{}", r.stdout);
    let file: Value = serde_json::from_str(&r.stdout).unwrap();
    let targets = |group: &str| file["group"][group]["targets"].to_string();
    assert_eq!(
        (targets("default"), targets("context")),
        (r#"["new","old"]"#.into(), r#"["new-context","old-context"]"#.into())
    );
    let (new, old) = (&file["target"]["new"], &file["target"]["old"]);
    assert_eq!(new["platforms"], serde_json::json!(["linux/arm64", "linux/amd64"]));
    assert_eq!((&new["context"], &new["dockerfile"]), (&"dist/bake/new".into(), &"Dockerfile".into()));
    assert_eq!((&new["tags"][0], &new["args"]["X"]), (&"ghcr.io/me/new:latest".into(), &"$${y}".into()));
    assert_eq!((&new["annotations"][0], &new["args"]["TOKEN"]), (&"index:a=b".into(), &"(MY_TOKEN)".into()));
    assert_eq!((&old["platforms"][0], &old["target"]), (&"linux/arm/v7".into(), &"last".into()));
    assert_eq!(old["labels"]["l"], "v1.2.3");
    let laid_out = file["target"]["new-context"]["dockerfile-inline"].as_str().unwrap();
    for line in [
        r#"COPY ["docker/Dockerfile.new","/Dockerfile"]"#,
        r#"COPY ["share","/share"]"#,
        r#"COPY --from=dist ["tiny_linux_arm64_v8.0/tiny","/linux/arm64/tiny"]"#,
        r#"COPY --from=dist ["tiny_linux_amd64_v1/tiny","/linux/amd64/tiny"]"#,
    ] {
        assert!(laid_out.lines().any(|l| l == line), "{line} is not in {laid_out}");
    }
    printed(&p, &r.stdout, "linux/arm/v7");
}

/// By command, where somebody has buildx: go install does not take it.
fn printed(p: &Project, file: &str, word: &str) {
    let buildx = std::env::var_os("PATH")
        .and_then(|path| std::env::split_paths(&path).map(|d| d.join("buildx")).find(|b| b.is_file()));
    if let Some(buildx) = buildx {
        p.write("docker-bake.json", file);
        for group in ["default", "context"] {
            let has = serde_json::from_str::<Value>(file).unwrap()["group"][group].is_object();
            let args = ["bake", "-f", "docker-bake.json", "--print", group];
            let said = if has { output(&buildx, &args, &p.root) } else { continue };
            assert!(group == "context" || said.contains(word), "{said}");
        }
    }
}

#[test]
fn names_and_ports_are_checked_before_anything_is_built() {
    for (line, said) in [
        (
            "images = [\"ghcr.io/me/Tool\"]",
            "image `tiny` of `image`: `ghcr.io/me/Tool:1.2.3` is no reference",
        ),
        ("tags = [\"-bad tag\"]", "`tiny:-bad tag` is no reference"),
        ("ports = [\"99999\"]", "`99999` is no port"),
        ("ports = [\"80/icmp\"]", "`80/icmp` is no port"),
    ] {
        let p = project(&format!("targets = [\"linux/amd64\"]\n\n[[image]]\n{line}\n"));
        for command in [&["plan", "--skip=publish"][..], &["image", "build"]] {
            let r = p.run(command);
            assert!(
                r.status == 2 && r.stderr.contains(said),
                "{line} {command:?}: {} {}",
                r.status,
                r.stderr
            );
        }
        assert!(!p.dist().exists(), "{line}");
    }
}

#[test]
fn what_is_no_image_is_said() {
    let p = project("targets = [\"linux/amd64\"]\n[[image]]\narchive = true\n");
    build(&p);
    let archive = std::fs::read(p.dist().join("tiny_1.2.3.oci.tar")).unwrap();
    for (name, bytes) in [
        ("cut.tar", &archive[..archive.len() / 2]),
        ("text.tar", b"this is no archive of anything".repeat(50).as_slice()),
        ("empty.tar", &[]),
    ] {
        std::fs::write(p.root.join(name), bytes).unwrap();
        let r = p.run(&["image", "inspect", "--verify", name]);
        assert!(r.status == 2 && r.stderr.contains("error[image-unusable]"), "{name}: {}", r.stderr);
    }
    let blobs = p.dist().join("images/tiny/blobs/sha256");
    let largest = std::fs::read_dir(&blobs).unwrap().map(|e| e.unwrap().path());
    let largest = largest.max_by_key(|p| p.metadata().unwrap().len()).unwrap();
    let mut bytes = std::fs::read(&largest).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&largest, bytes).unwrap();
    let r = p.run(&["image", "inspect", "--verify", "dist"]);
    assert!(r.status == 2 && r.stderr.contains("is damaged"), "{}", r.stderr);
    let q = project("targets = [\"linux/amd64\"]\n");
    let r = q.run(&["image", "build"]);
    assert!(r.status == 2 && r.stderr.contains("no image is configured"), "{}", r.stderr);
}
