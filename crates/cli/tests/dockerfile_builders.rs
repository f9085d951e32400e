//! Dockerfiles that goferry gives to another builder: podman and buildah for real, docker buildx by a stand-in, since it needs a
//! daemon. A builder that is missing is counted as a skipped test; podman is there in CI.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "what a test cannot set up has failed")]

mod support;

use libtest_mimic::{Arguments, Trial};
use serde_json::{Value, json};
use std::process::ExitCode;
use support::{Project, Ran, executable, which};

/// Prints what all fixtures print; with `make FILE WHAT` it makes a file, as programs of RUN do.
const MAIN: &str = "package main\n\nimport \"os\"\n\nvar version = \"none\"\n\nfunc main() {\n\tif len(os.Args) == 4 && os.Args[1] == \"make\" {\n\t\tif os.WriteFile(os.Args[2], []byte(os.Args[3]), 0o640) != nil {\n\t\t\tos.Exit(9)\n\t\t}\n\t\treturn\n\t}\n\
    \tos.Stdout.WriteString(\"tiny \" + version + \"\\n\")\n}\n";

const WITH_RUN: &str = "FROM scratch AS made\nARG TARGETPLATFORM\nARG WHO\nCOPY $TARGETPLATFORM/tiny /bin/tiny\nRUN [\"/bin/tiny\", \"make\", \"/made\", \"by run\"]\n\
    FROM scratch\nARG WHO\nCOPY --from=made /bin/tiny /bin/tiny\nCOPY --from=made /made /share/\nCOPY share /share/\nENV WHO=$WHO\nHEALTHCHECK CMD [\"/bin/tiny\"]\nENTRYPOINT [\"/bin/tiny\"]\n";

fn main() -> ExitCode {
    let args = Arguments::from_args();
    let real = |builder: &'static str, needed: bool| {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let there = std::env::split_paths(&path).any(|d| d.join(builder).is_file());
        assert!(there || !needed || std::env::var_os("CI").is_none(), "CI has no {builder}");
        Trial::test(format!("{builder}_makes_what_goferry_does_not"), move || {
            made_for_real(builder);
            Ok(())
        })
        .with_ignored_flag(!there)
    };
    let own = |name: &str, check: fn()| {
        Trial::test(name, move || {
            check();
            Ok(())
        })
    };
    let trials = vec![
        real("podman", true),
        real("buildah", false),
        Trial::test("podman_makes_each_platform", || {
            each_platform();
            Ok(())
        })
        .with_ignored_flag(
            !std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())
                .any(|d| d.join("podman").is_file()),
        ),
        own("a_stranger_s_images_run_nothing", a_stranger_s_images_run_nothing),
        own("buildx_is_given_what_goferry_has", buildx_is_given_what_goferry_has),
        own("mounts_of_run_are_goferry_s_own", mounts_of_run_are_goferry_s_own),
        own("a_builder_that_fails_is_said", a_builder_that_fails_is_said),
    ];
    libtest_mimic::run(&args, trials).exit_code()
}

fn arch() -> &'static str {
    if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" }
}

fn project(dockerfile: &str, more: &str) -> Project {
    let arch = arch();
    let config = format!(
        "version: 2\nbuilds:\n  - env: [CGO_ENABLED=0]\n    goos: [linux]\n    goarch: [{arch}]\ndockers_v2:\n  - images: [registry.example/tiny]\n    platforms: [linux/{arch}]\n    extra_files: [share]\n\
        \x20   labels: {{version: '{{{{ .Version }}}}'}}\n    annotations: {{a: b}}\n    build_args: {{WHO: me}}\n{more}"
    );
    Project::new(&[
        ("main.go", MAIN),
        ("Dockerfile", dockerfile),
        ("Dockerfile.dockerignore", "share/no\n"),
        (".goreleaser.yaml", &config),
        ("share/a.txt", "a"),
        ("share/no", "no"),
    ])
}

fn build(p: &Project, args: &[&str]) -> Ran {
    p.run(&[&["image", "build", "--clean"], args].concat())
}

fn inspected(p: &Project) -> Value {
    let r = p.run(&["image", "inspect", "--json", "--verify", "--files", "dist"]);
    assert_eq!(r.status, 0, "{}", r.stderr);
    serde_json::from_str::<Value>(&r.stdout).unwrap()[0].clone()
}

fn manifest(p: &Project, image: &Value) -> Value {
    let hex = image["digest"].as_str().unwrap().trim_start_matches("sha256:").to_owned();
    let text = std::fs::read(p.root.join("dist/images/tiny/blobs/sha256").join(hex)).unwrap();
    serde_json::from_slice(&text).unwrap()
}

fn files(on: &Value) -> Vec<String> {
    let one = |f: &Value| format!("{} {}", f["mode"].as_str().unwrap(), f["path"].as_str().unwrap());
    on["files"].as_array().unwrap().iter().map(one).collect()
}

/// A store of its own for podman and buildah, which needs neither overlays nor namespaces.
fn own_store(p: &mut Project) {
    let root = p.scratch.path().join("containers");
    std::fs::create_dir_all(&root).unwrap();
    let conf = root.join("storage.conf");
    let at = root.display();
    let text = format!(
        "[storage]\ndriver = \"vfs\"\ngraphroot = \"{at}/graph\"\nrunroot = \"{at}/run\"\nrootless_storage_path = \"{at}/graph\"\n"
    );
    std::fs::write(&conf, text).unwrap();
    p.set("CONTAINERS_STORAGE_CONF", &conf.display().to_string());
    p.set("STORAGE_DRIVER", "vfs");
    p.set("BUILDAH_ISOLATION", "chroot");
}

fn made_for_real(builder: &str) {
    let mut p = project(WITH_RUN, "    flags: ['--build-arg=MORE=1', --no-cache]\n");
    own_store(&mut p);
    let r = build(&p, &[]);
    assert_eq!(r.status, 2, "{}", r.stderr);
    for part in
        ["Dockerfile:5: `RUN [\"/bin/tiny\"", "without --dockerfile-run", "--dockerfile-builder", "podman"]
    {
        assert!(r.stderr.contains(part), "{part}: {}", r.stderr);
    }
    let once = || {
        let r = build(&p, &["--dockerfile-builder", builder]);
        assert_eq!(r.status, 0, "{}", r.stderr);
        (inspected(&p), r.stderr)
    };
    let (image, said) = once();
    assert!(said.contains(&format!(", by {builder} version")), "{said}");
    assert!(p.record()["images"][0]["builder"].as_str().unwrap().starts_with(builder));
    assert_eq!(image["names"], json!(["registry.example/tiny:v1.2.3"]));
    assert_eq!(manifest(&p, &image)["annotations"], json!({"a": "b"}));
    let on = &image["platforms"][0];
    assert_eq!(on["platform"], format!("linux/{}", arch()));
    assert_eq!(on["config"]["created"], "2024-01-02T03:04:05Z");
    let config = &on["config"]["config"];
    assert_eq!(config["Labels"]["version"], "1.2.3");
    assert_eq!(config["Entrypoint"], json!(["/bin/tiny"]));
    assert_eq!(config["Healthcheck"]["Test"], json!(["CMD", "/bin/tiny"]));
    assert!(config["Env"].as_array().unwrap().contains(&json!("WHO=me")), "{config}");
    let files = files(on);
    for file in ["0755 /bin/tiny", "0640 /share/made", "0644 /share/a.txt"] {
        assert!(files.iter().any(|f| f == file), "{file}: {files:?}");
    }
    assert!(!files.iter().any(|f| f.ends_with("/no")), "{files:?}");
    // It is the verified program that ran in it.
    if std::env::var_os("GOFERRY_NO_NAMESPACES").is_none() {
        assert_eq!(p.record()["images"][0]["platforms"][0]["run"]["ran"]["output"], "tiny 1.2.3");
    }
    let (again, _) = once();
    assert_eq!(again["digest"], image["digest"]);
    let mut list = std::process::Command::new(which(builder));
    let list =
        list.args(["images", "--format", "{{.Repository}}"]).envs(p.env.iter().cloned()).output().unwrap();
    assert!(list.status.success() && !String::from_utf8_lossy(&list.stdout).contains("goferry"), "{list:?}");
}

/// A flag that goferry does not know gives the Dockerfile away whatever is in it, for each platform.
fn each_platform() {
    let dockerfile =
        "FROM scratch\nARG TARGETPLATFORM\nCOPY $TARGETPLATFORM/tiny share /x/\nENTRYPOINT [\"/x/tiny\"]\n";
    let mut p = project(dockerfile, "    flags: [--squash]\n");
    own_store(&mut p);
    let text = std::fs::read_to_string(p.root.join(".goreleaser.yaml")).unwrap();
    let arch = arch();
    let text = text.replace(&format!("goarch: [{arch}]"), "goarch: [amd64, arm64]");
    p.write(".goreleaser.yaml", &text.replace(&format!("[linux/{arch}]"), "[linux/amd64, linux/arm64]"));
    p.commit("two platforms");
    p.git(&["tag", "-f", "v1.2.3"]);
    let r = build(&p, &[]);
    assert!(r.status == 2 && r.stderr.contains("`--squash` of docker is not done here"), "{}", r.stderr);
    let r = build(&p, &["--dockerfile-builder=podman"]);
    assert_eq!(r.status, 0, "{}", r.stderr);
    let image = inspected(&p);
    assert_eq!(image["annotations"], json!({"a": "b"}));
    let platforms = image["platforms"].as_array().unwrap();
    for (on, arch) in platforms.iter().zip(["amd64", "arm64"]) {
        assert_eq!(on["platform"], format!("linux/{arch}"));
        assert_eq!(on["layers"].as_array().unwrap().len(), 1, "{on}");
        assert_eq!(files(on), ["0755 /x", "0644 /x/a.txt", "0755 /x/tiny"]);
    }
    assert_ne!(platforms[0]["digest"], platforms[1]["digest"]);
}

/// Neither its hooks nor another builder, which its flags could make read any file.
fn a_stranger_s_images_run_nothing() {
    let mut p = project(
        WITH_RUN,
        "    hooks: {pre: touch /nowhere/of-image}\n    flags: ['--secret=id=x,src=/etc/shadow']\n",
    );
    let name = "example.com/tiny@v1.0.0";
    let proxy = p.scratch.path().join("proxy/example.com/tiny/@v");
    let files = p.scratch.path().join("zip/example.com");
    std::fs::create_dir_all(&proxy).unwrap();
    std::fs::create_dir_all(&files).unwrap();
    let run = |program: &str, args: &[&str], dir: &std::path::Path| {
        assert!(std::process::Command::new(program).args(args).current_dir(dir).status().unwrap().success());
    };
    run("cp", &["-r", p.root.to_str().unwrap(), files.join("tiny@v1.0.0").to_str().unwrap()], &files);
    std::fs::remove_dir_all(files.join("tiny@v1.0.0/.git")).unwrap();
    run(
        "zip",
        &["-qrD", proxy.join("v1.0.0.zip").to_str().unwrap(), "example.com"],
        &p.scratch.path().join("zip"),
    );
    std::fs::write(proxy.join("list"), "v1.0.0\n").unwrap();
    std::fs::write(proxy.join("v1.0.0.info"), "{\"Version\":\"v1.0.0\",\"Time\":\"2024-01-02T03:04:05Z\"}")
        .unwrap();
    std::fs::copy(p.root.join("go.mod"), proxy.join("v1.0.0.mod")).unwrap();
    let cache = p.scratch.path().join("modcache").display().to_string();
    for (variable, value) in [
        ("GOPROXY", format!("file://{}", p.scratch.path().join("proxy").display())),
        ("GOSUMDB", "off".to_owned()),
        ("GOFLAGS", "-modcacherw".to_owned()),
        ("GOMODCACHE", cache),
    ] {
        p.set(variable, &value);
    }
    let elsewhere = p.scratch.path().join("elsewhere");
    std::fs::create_dir(&elsewhere).unwrap();
    let args = ["image", "build", name, "--snapshot", "--dockerfile-builder=podman"];
    let r = support::ran(&p.command(&args).current_dir(&elsewhere).output().unwrap());
    assert_eq!(r.status, 2, "{}", r.stderr);
    for part in ["hooks-not-allowed", "touch /nowhere/of-image", "Podman --secret=id=x,src=/etc/shadow"] {
        assert!(r.stderr.contains(part), "{part}: {}", r.stderr);
    }
}

/// A program of this name that is found before any other.
fn stand_in(p: &mut Project, name: &str, script: &str) {
    let folder = p.scratch.path().join("stand-ins");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(name), format!("#!/bin/sh\n{script}")).unwrap();
    executable(&folder.join(name));
    let path = std::env::var("PATH").unwrap();
    p.set("PATH", &format!("{}:{path}", folder.display()));
}

fn buildx_is_given_what_goferry_has() {
    // What buildx would write is an OCI layout in a tar archive, such as one that goferry makes of the same without RUN.
    let without =
        WITH_RUN.replace("RUN [\"/bin/tiny\", \"make\", \"/made\", \"by run\"]", "COPY share/a.txt /made");
    let mut p = project(
        &without,
        "    flags: [--push, --load, --progress=plain, --provenance=mode=max, --secret, 'id=x,env=Y']\n",
    );
    let r = build(&p, &[]);
    assert_eq!(r.status, 0, "{}", r.stderr);
    let native = inspected(&p);
    let scratch = p.scratch.path().display().to_string();
    let tar = ["-C", "dist/images/tiny", "-cf", &format!("{scratch}/image.tar"), "."];
    let packed = std::process::Command::new("tar").args(tar).current_dir(&p.root).status().unwrap();
    assert!(packed.success());
    p.write("Dockerfile", WITH_RUN);
    p.write("goferry.toml", "[dockerfile]\nbuilder = \"buildx\"\n");
    p.commit("a RUN");
    p.git(&["tag", "-f", "v1.2.3"]);
    let script = format!(
        "if [ \"$2\" = version ]; then echo github.com/docker/buildx v0.32.1 abc; exit; fi\n\
         for a; do echo \"$a\" >> {scratch}/argv; case $a in --output=*) to=${{a#*dest=}}; to=${{to%%,*}};; --file=*) cp \"${{a#*=}}\" {scratch}/file;; esac; context=$a; done\n\
         echo \"$SOURCE_DATE_EPOCH\" > {scratch}/epoch\n(cd \"$context\" && find . -type f | sort) > {scratch}/context\ncp {scratch}/image.tar \"$to\"\n"
    );
    stand_in(&mut p, "docker", &script);
    let r = build(&p, &["--verbose"]);
    assert_eq!(r.status, 0, "{}", r.stderr);
    assert!(
        r.stderr.contains("was made by github.com/docker/buildx v0.32.1 abc: Dockerfile:5: `RUN"),
        "{}",
        r.stderr
    );
    let read = |name: &str| std::fs::read_to_string(p.scratch.path().join(name)).unwrap();
    let argv = read("argv");
    let argv: Vec<&str> = argv.lines().collect();
    assert_eq!(argv[..2], ["buildx", "build"]);
    assert!(
        argv[2].starts_with("--output=type=oci,dest=") && argv[2].ends_with(",rewrite-timestamp=true"),
        "{argv:?}"
    );
    let platform = format!("--platform=linux/{}", arch());
    assert_eq!(argv[3..6], ["--provenance=false", "--sbom=false", platform.as_str()]);
    assert_eq!(
        argv[7..12],
        ["--build-arg=WHO=me", "--label=version=1.2.3", "--progress=plain", "--secret", "id=x,env=Y"]
    );
    assert_eq!(argv.len(), 13, "{argv:?}");
    assert_eq!(read("file"), WITH_RUN);
    let binary = format!("./linux/{}/tiny\n", arch());
    assert_eq!(read("context"), format!("./Dockerfile\n{binary}./share/a.txt\n"));
    assert_eq!(read("epoch").trim().parse::<i64>().unwrap(), 1_704_164_645);
    let image = inspected(&p);
    assert_eq!(manifest(&p, &image)["annotations"], json!({"a": "b"}));
    assert_eq!(image["platforms"][0]["config"], native["platforms"][0]["config"]);
    assert_eq!(files(&image["platforms"][0]), files(&native["platforms"][0]));
}

fn mounts_of_run_are_goferry_s_own() {
    if std::env::var_os("GOFERRY_NO_NAMESPACES").is_some() {
        return;
    }
    let run = "RUN --mount=type=cache,target=/cache --mount=source=share,target=/given";
    let text =
        WITH_RUN.replace("RUN [", &format!("{run} [\"/bin/tiny\", \"make\", \"/cache/x\", \"y\"]\nRUN ["));
    let p = project(&text.replace("/made /share", "/made /given /cache /share"), "");
    let r = build(&p, &["--dockerfile-run"]);
    // The many users that RUN needs may not be granted to whoever tests.
    if r.status == 5 && r.stderr.contains("isolation-unavailable") && std::env::var_os("CI").is_none() {
        return;
    }
    assert_eq!(r.status, 0, "{}", r.stderr);
    let files = files(&inspected(&p)["platforms"][0]);
    // Of the mounts there are the places only, and what went into them is gone.
    assert_eq!(
        files,
        ["0755 /bin", "0755 /bin/tiny", "0755 /share", "0644 /share/a.txt", "0640 /share/made"]
    );
    p.write("Dockerfile", &text.replace("--mount=type=cache,target=/cache", "--mount=type=secret,id=token"));
    p.commit("a secret");
    p.git(&["tag", "-f", "v1.2.3"]);
    let r = build(&p, &["--dockerfile-run"]);
    assert!(r.status == 2 && r.stderr.contains("RUN --mount=type=secret is not done here"), "{}", r.stderr);
}

fn a_builder_that_fails_is_said() {
    let mut p = project(WITH_RUN, "");
    stand_in(
        &mut p,
        "podman",
        "case $1 in --version) echo podman version 5.0.0;; build) echo some line; echo the reason >&2; exit 3;; esac\n",
    );
    let r = build(&p, &["--dockerfile-builder=podman"]);
    assert_eq!(r.status, 1, "{}", r.stderr);
    for part in
        ["hook-failed", "podman build --tag=localhost/goferry-", "Exited(3)", "some line", "the reason"]
    {
        assert!(r.stderr.contains(part), "{part}: {}", r.stderr);
    }
    stand_in(&mut p, "docker", "echo \"docker: unknown command: docker $1\" >&2; exit 1\n");
    let r = build(&p, &["--dockerfile-builder=buildx"]);
    assert!(r.status == 5 && r.stderr.contains("docker: unknown command: docker buildx"), "{}", r.stderr);
    let folder = p.scratch.path().join("few");
    std::fs::create_dir(&folder).unwrap();
    for tool in ["go", "git"] {
        std::os::unix::fs::symlink(which(tool), folder.join(tool)).unwrap();
    }
    p.set("PATH", &folder.display().to_string());
    let r = build(&p, &["--dockerfile-builder=buildah"]);
    assert_eq!(r.status, 5, "{}", r.stderr);
    for part in ["tool-missing", "buildah was not found", "--dockerfile-builder=podman"] {
        assert!(r.stderr.contains(part), "{part}: {}", r.stderr);
    }
    // An image without a program of this machine.
    let r = build(&p, &["--dockerfile-builder=kaniko"]);
    assert!(r.status == 2 && r.stderr.contains("possible values: buildx, podman, buildah"), "{}", r.stderr);
}
