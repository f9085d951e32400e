//! Images of Dockerfiles from end to end: `dockers_v2` and `dockers`, with goreleaser's names.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "the functions that tests share are not marked as tests")]

mod support;

use serde_json::{Value, json};
use support::{Project, Ran};

const BUILDS: &str =
    "version: 2\nbuilds:\n  - env: [CGO_ENABLED=0]\n    goos: [linux]\n    goarch: [amd64, arm64]\n";

const V2: &str = "FROM scratch AS base\nARG TARGETPLATFORM\nARG NAME=none\nCOPY --chmod=0755 $TARGETPLATFORM/tiny /usr/bin/tiny\nCOPY share /usr/share/tiny\n\
    LABEL name=$NAME\nFROM base\nUSER 65532\nENTRYPOINT [\"/usr/bin/tiny\"]\nFROM base AS never\nCOPY missing /x\n";

const V2_CONFIG: &str = "dockers_v2:\n  - images: [registry.example/team/tiny]\n    tags: ['{{ .Version }}', latest, '']\n    dockerfile: build/Dockerfile\n    extra_files: [share]\n\
    \x20   platforms: [linux/amd64, linux/arm64]\n    labels: {org.opencontainers.image.version: '{{ .Version }}'}\n    annotations: {a: b}\n\
    \x20   build_args: {NAME: '{{ .ProjectName }}'}\n    flags: [--pull, '--target=1']\n";

fn project(dockerfile: &str, config: &str) -> Project {
    Project::new(&[
        ("build/Dockerfile", dockerfile),
        (".goreleaser.yaml", &format!("{BUILDS}{config}")),
        ("share/a.txt", "a"),
    ])
}

fn build(p: &Project, args: &[&str]) -> Ran {
    p.run(&[&["image", "build", "--clean"], args].concat())
}

fn good(p: &Project, args: &[&str]) {
    let r = build(p, args);
    assert_eq!(r.status, 0, "{}", r.stderr);
}

fn inspected(p: &Project, at: &str) -> Value {
    let r = p.run(&["image", "inspect", "--json", "--verify", "--files", at]);
    assert_eq!(r.status, 0, "{}", r.stderr);
    serde_json::from_str(&r.stdout).unwrap()
}

fn files(on: &Value) -> Vec<String> {
    let one = |f: &Value| format!("{} {}", f["mode"].as_str().unwrap(), f["path"].as_str().unwrap());
    on["files"].as_array().unwrap().iter().map(one).collect()
}

#[test]
fn dockers_v2_are_one_index_with_the_verified_binaries() {
    let p = project(V2, V2_CONFIG);
    good(&p, &[]);
    let found = inspected(&p, "dist");
    let image = &found[0];
    assert_eq!(
        image["names"],
        json!(["registry.example/team/tiny:1.2.3", "registry.example/team/tiny:latest"])
    );
    assert_eq!(image["annotations"], json!({"a": "b"}));
    for (at, platform) in ["linux/amd64", "linux/arm64"].iter().enumerate() {
        let on = &image["platforms"][at];
        assert_eq!(on["platform"], *platform);
        let config = &on["config"]["config"];
        assert_eq!(config["Entrypoint"], json!(["/usr/bin/tiny"]));
        assert_eq!(config["User"], "65532");
        assert_eq!(config["Labels"], json!({"name": "tiny", "org.opencontainers.image.version": "1.2.3"}));
        assert_eq!(on["config"]["created"], "2024-01-02T03:04:05Z");
        for file in ["0755 /usr/bin/tiny", "0644 /usr/share/tiny/a.txt"] {
            assert!(files(on).iter().any(|f| f == file), "{file}: {:?}", files(on));
        }
    }
    // The binary that was proved in the image is the one that was verified.
    if std::env::var_os("GOFERRY_NO_NAMESPACES").is_none() {
        assert_eq!(p.record()["images"][0]["platforms"][0]["run"]["ran"]["output"], "tiny 1.2.3");
    }
    let first = p.dist_files().into_iter().filter(|(n, _)| n.starts_with("images/")).collect::<Vec<_>>();
    good(&p, &[]);
    let second = p.dist_files().into_iter().filter(|(n, _)| n.starts_with("images/")).collect::<Vec<_>>();
    assert!(first == second, "the second build gave other bytes");
}

#[test]
fn snapshots_have_an_image_of_each_platform() {
    let p = project(V2, V2_CONFIG);
    good(&p, &["--snapshot"]);
    let found = inspected(&p, "dist");
    let names: Vec<&str> = found
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|i| i["names"].as_array().unwrap())
        .filter_map(Value::as_str)
        .collect();
    assert!(names.iter().any(|n| n.ends_with("tiny:latest-amd64")), "{names:?}");
    assert!(names.iter().any(|n| n.ends_with("tiny:latest-arm64")), "{names:?}");
}

#[test]
fn old_dockers_have_one_platform_each() {
    let docker = |arch: &str| {
        format!(
            "  - goarch: {arch}\n    dockerfile: build/Dockerfile\n    image_templates: ['registry.example/tiny:{{{{ .Tag }}}}-{arch}']\n    use: buildx\n    extra_files: [share]\n\
             \x20   build_flag_templates: [--pull, '--platform=linux/{arch}', '--label=version={{{{ .Version }}}}', --build-arg, 'NAME=x']\n"
        )
    };
    let config = format!("dockers:\n{}{}", docker("amd64"), docker("arm64"));
    let p = project(
        "FROM scratch\nARG NAME\nENV NAME=$NAME\nENTRYPOINT [\"/tiny\"]\nCOPY tiny /\nCOPY share/a.txt /\n",
        &config,
    );
    good(&p, &[]);
    let found = inspected(&p, "dist");
    let of = |name: &str| {
        let named = |i: &&Value| i["names"][0] == *name;
        found.as_array().unwrap().iter().find(named).unwrap_or_else(|| panic!("{name}: {found}"))
    };
    let arm = of("registry.example/tiny:v1.2.3-arm64");
    assert_eq!(arm["platforms"][0]["platform"], "linux/arm64");
    assert_eq!(files(&arm["platforms"][0]), ["0644 /a.txt", "0755 /tiny"]);
    assert_eq!(arm["platforms"][0]["config"]["config"]["Labels"], json!({"version": "1.2.3"}));
    let skipped = p.run(&["release", "--clean", "--skip=docker,publish"]);
    assert_eq!(skipped.status, 0, "{}", skipped.stderr);
    assert!(!p.root.join("dist/images").exists());
}

#[test]
fn what_is_not_done_is_said_with_its_line() {
    let config =
        "dockers_v2:\n  - images: [tiny]\n    dockerfile: build/Dockerfile\n    platforms: [linux/amd64]\n";
    for (text, code, parts) in [
        (
            "FROM scratch\nRUN apk add curl\n",
            "unsupported-key",
            &["build/Dockerfile:2", "RUN apk add curl", "buildx", "buildah", "podman"][..],
        ),
        (
            "FROM scratch\n\nCOPY nope /\n",
            "config-value",
            &["build/Dockerfile:3", "`nope` is not there", "linux"],
        ),
        ("FROM scratch\nCOPPY a b\n", "config-value", &["build/Dockerfile:2", "COPPY"]),
    ] {
        let p = project(text, config);
        let r = build(&p, &[]);
        assert_eq!(r.status, 2, "{}", r.stderr);
        assert!(r.stderr.contains(code), "{}", r.stderr);
        for part in parts {
            assert!(r.stderr.contains(part), "{part}: {}", r.stderr);
        }
    }
}

#[test]
fn packages_are_in_the_context() {
    let config = "nfpms:\n  - maintainer: A <a@example.com>\n    description: x\n    formats: [deb]\ndockers_v2:\n  - images: [tiny]\n    dockerfile: build/Dockerfile\n    platforms: [linux/arm64]\n";
    let p = project("FROM scratch\nARG TARGETPLATFORM\nCOPY $TARGETPLATFORM/*.deb /packages/\n", config);
    good(&p, &[]);
    let found = inspected(&p, "dist");
    let files = files(&found[0]["platforms"][0]);
    assert_eq!(files, ["0755 /packages", "0644 /packages/tiny_1.2.3_linux_arm64.deb"]);
}
