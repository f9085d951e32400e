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
    for (text, built, code, parts) in [
        (
            "FROM scratch\nRUN apk add curl\n",
            false,
            "unsupported-key",
            &["build/Dockerfile:2", "RUN apk add curl", "buildx", "buildah", "podman"][..],
        ),
        (
            "FROM scratch\n\nCOPY nope /\n",
            true,
            "config-value",
            &["build/Dockerfile:3", "`nope` is not there", "linux"],
        ),
        ("FROM scratch\nCOPPY a b\n", false, "config-value", &["build/Dockerfile:2", "COPPY"]),
        ("", false, "config-value", &["image `tiny`", "build/Dockerfile is not there"]),
    ] {
        let p = project(text, config);
        if text.is_empty() {
            std::fs::remove_file(p.root.join("build/Dockerfile")).unwrap();
            p.commit("none");
            p.git(&["tag", "-f", "v1.2.3"]);
        }
        let r = build(&p, &[]);
        assert_eq!(r.status, 2, "{}", r.stderr);
        assert!(r.stderr.contains(code), "{}", r.stderr);
        // What the text alone says is said before anything is built.
        assert_eq!(p.dist().exists(), built, "{}", r.stderr);
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

/// What hooks of `dockers_v2` see and may do.
#[test]
fn hooks_run_around_an_image() {
    let config = |hooks: &str| {
        format!(
            "dockers_v2:\n  - images: [tiny]\n    dockerfile: build/Dockerfile\n    platforms: [linux/amd64]\n    extra_files: [share]\n    hooks:\n{hooks}"
        )
    };
    let good_hooks = "      pre:\n        - cmd: sh -c 'echo $WHO > {{ .ContextDir }}/share/made && rm {{ .ContextDir }}/share/a.txt'\n          env: ['WHO={{ .ProjectName }} {{ index .Images 0 }}']\n\
        \x20     post:\n        - cmd: sh -c 'echo {{ .Digest }} {{ .Dockerfile }} $(ls {{ .ContextDir }}/share) > dist/post.txt; echo said aloud'\n          output: true\n";
    let p = project(
        "FROM scratch\nCOPY linux/amd64/tiny /tiny\nCOPY share /share/\nENTRYPOINT [\"/tiny\"]\n",
        &config(good_hooks),
    );
    let r = build(&p, &[]);
    assert!(r.status == 0 && r.stderr.contains("said aloud"), "{}", r.stderr);
    let image = &inspected(&p, "dist")[0];
    assert_eq!(files(&image["platforms"][0]), ["0755 /share", "0644 /share/made", "0755 /tiny"]);
    let post = std::fs::read_to_string(p.root.join("dist/post.txt")).unwrap();
    assert_eq!(post, format!("{} build/Dockerfile made\n", image["digest"].as_str().unwrap()));
    // It is still the verified program.
    if std::env::var_os("GOFERRY_NO_NAMESPACES").is_none() {
        assert_eq!(p.record()["images"][0]["platforms"][0]["run"]["ran"]["output"], "tiny 1.2.3");
    }
    let skipped = build(&p, &["--skip=post-hooks"]);
    assert!(skipped.status == 0 && !p.root.join("dist/post.txt").exists(), "{}", skipped.stderr);

    for (hooks, status, parts) in [
        (
            "      pre: sh -c 'echo x >> {{ .ContextDir }}/linux/amd64/tiny'\n",
            4,
            &["digest-changed", "linux/amd64/tiny", "hooks of its build"][..],
        ),
        ("      pre: sh -c 'echo why; exit 3'\n", 1, &["hook-failed", "exit status 3", "why"]),
        // Known before anything is built.
        ("      pre: echo {{ .Digest }}\n", 2, &["template-error", "Digest"]),
    ] {
        p.write(".goreleaser.yaml", &format!("{BUILDS}{}", config(hooks)));
        p.commit("other hooks");
        p.git(&["tag", "-f", "v1.2.3"]);
        let r = build(&p, &[]);
        assert_eq!(r.status, status, "{}", r.stderr);
        for part in parts {
            assert!(r.stderr.contains(part), "{part}: {}", r.stderr);
        }
    }
}

#[test]
fn labels_name_the_base() {
    let config = |more: &str| {
        format!(
            "dockers_v2:\n  - images: [tiny]\n    dockerfile: build/Dockerfile\n    extra_files: [share]\n    platforms: [linux/amd64, linux/arm64]\n{more}"
        )
    };
    let p = project("FROM scratch\nCOPY share /base/\n", &config(""));
    good(&p, &[]);
    let base = inspected(&p, "dist")[0]["digest"].clone();
    std::fs::rename(p.root.join("dist/images/tiny"), p.root.join("base")).unwrap();
    p.write("build/Dockerfile", "ARG FROM=nowhere\nFROM $FROM AS first\nFROM first\nCOPY share /own/\n");
    let more = "    build_args: {FROM: 'oci:base'}\n    labels: {name: '{{ .BaseImage }}', digest: '{{ .BaseImageDigest }}', none: '{{ if ne .BaseImageDigest \"\" }}{{ end }}'}\n\
        \x20   annotations: {digest: '{{ trimprefix .BaseImageDigest \"sha256:\" }}', 'manifest:name': '{{ .BaseImage }}'}\n    tags: ['{{ replace .BaseImage \":\" \"-\" }}']\n";
    p.write(".goreleaser.yaml", &format!("{BUILDS}{}", config(more)));
    p.commit("on a base");
    p.git(&["tag", "-f", "v1.2.3"]);
    good(&p, &[]);
    let image = &inspected(&p, "dist")[0];
    assert_eq!(image["names"], json!(["tiny:oci-base"]));
    assert_eq!(image["annotations"], json!({"digest": base.as_str().unwrap().trim_start_matches("sha256:")}));
    for on in image["platforms"].as_array().unwrap() {
        assert_eq!(on["config"]["config"]["Labels"], json!({"name": "oci:base", "digest": base}));
        assert_eq!(files(on), ["0755 /base", "0644 /base/a.txt", "0755 /own", "0644 /own/a.txt"]);
    }
    // Elsewhere the digest is not known yet, and that is an error and no empty text.
    p.write(".goreleaser.yaml", &format!("{BUILDS}{}", config("    tags: ['{{ .BaseImageDigest }}']\n")));
    p.write("build/Dockerfile", "FROM debian:12\n");
    let r = p.run(&["image", "build", "--clean", "--snapshot"]);
    assert!(r.status == 2 && r.stderr.contains("BaseImageDigest"), "{}", r.stderr);
}

/// `[[image]]` of goferry.toml may have a Dockerfile, too.
#[test]
fn an_own_image_of_a_dockerfile() {
    let p = project(
        "FROM scratch\nARG TARGETPLATFORM\nARG WHO\nCOPY --chmod=a=rX,u+w share $TARGETPLATFORM/tiny /x/\nLABEL who=$WHO\nENTRYPOINT [\"/x/tiny\"]\n",
        "",
    );
    p.write(
        "goferry.toml",
        "[[image]]\ndockerfile = \"build/Dockerfile\"\nextra_files = [\"share\"]\narchive = true\nbuild_args = { WHO = \"{{ .Version }}\" }\n",
    );
    p.commit("an image");
    p.git(&["tag", "-f", "v1.2.3"]);
    good(&p, &[]);
    let image = &inspected(&p, "dist/tiny_1.2.3.oci.tar")[0];
    assert_eq!(image["names"], json!(["tiny:1.2.3"]));
    assert_eq!(image["annotations"]["org.opencontainers.image.version"], "1.2.3");
    for on in image["platforms"].as_array().unwrap() {
        assert_eq!(on["config"]["config"]["Labels"], json!({"who": "1.2.3"}));
        assert_eq!(files(on), ["0755 /x", "0644 /x/a.txt", "0755 /x/tiny"]);
    }
    assert_eq!(image["platforms"].as_array().unwrap().len(), 2);
}
