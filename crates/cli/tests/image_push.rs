//! `goferry image push` to a real registry, and what cosign and crane say of the result. A program that is missing is counted
//! as a skipped test, but not in CI.
#![expect(clippy::unwrap_used, reason = "what a test cannot set up has failed")]

use libtest_mimic::{Arguments, Trial};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

/// Name, the programs that it needs, what it does.
type Check = (&'static str, &'static [&'static str], fn());

const CHECKS: &[Check] = &[
    ("an_index_is_pushed_under_its_names", &["docker-registry", "crane"], an_index_is_pushed_under_its_names),
    ("dist_is_pushed_and_tags_are_kept", &["docker-registry"], dist_is_pushed_and_tags_are_kept),
    ("cosign_verifies_what_is_signed", &["docker-registry", "cosign"], cosign_verifies_what_is_signed),
    ("cosign_verifies_where_crane_serves", &["crane", "cosign"], cosign_verifies_where_crane_serves),
    (
        "dist_is_pushed_as_configured",
        &["docker-registry", "crane", "cosign", "git"],
        dist_is_pushed_as_configured,
    ),
    (
        "what_is_held_back_is_not_pushed",
        &["docker-registry", "crane", "git"],
        what_is_held_back_is_not_pushed,
    ),
    ("documents_are_attached_as_they_are", &["docker-registry", "crane"], documents_are_attached_as_they_are),
    ("credentials_are_docker_s", &["docker-registry"], credentials_are_docker_s),
    ("what_cannot_be_pushed_is_said", &[], what_cannot_be_pushed_is_said),
];

fn main() -> ExitCode {
    let args = Arguments::from_args();
    let trials = CHECKS.iter().map(|&(name, needs, check)| {
        let missing: Vec<_> = needs.iter().filter(|t| find(t).is_none()).collect();
        assert!(missing.is_empty() || std::env::var_os("CI").is_none(), "CI has no {missing:?}");
        Trial::test(name, move || {
            check();
            Ok(())
        })
        .with_ignored_flag(!missing.is_empty())
    });
    libtest_mimic::run(&args, trials.collect()).exit_code()
}

/// On PATH, or where `go install` puts it.
fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let home = std::env::var_os("HOME").map(|h| Path::new(&h).join("go/bin"));
    std::env::split_paths(&path).chain(home).map(|d| d.join(program)).find(|p| p.is_file())
}

/// A registry that runs, and a folder.
struct Registry {
    host: String,
    folder: tempfile::TempDir,
    child: Child,
}

impl Registry {
    fn start(program: &str, more: &str) -> Registry {
        let folder = tempfile::tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let (host, at) = (format!("127.0.0.1:{port}"), folder.path().display().to_string());
        let mut command = Command::new(find(program).unwrap());
        if program == "crane" {
            command.args(["registry", "serve", "--address", &host, "--disk", &at]);
        } else {
            // `htpasswd -nbB me se:cret`
            std::fs::write(
                folder.path().join("htpasswd"),
                "me:$2y$05$AlR5J4hW2/DKTK58oD3NyufakVud3gZm5GetwF9iLz26iLogBkQOy\n",
            )
            .unwrap();
            let text = format!(
                "version: 0.1\nlog: {{level: error}}\nstorage:\n  filesystem: {{rootdirectory: {at}/data}}\nhttp:\n  addr: {host}\n{}\n",
                more.replace("FOLDER", &at)
            );
            std::fs::write(folder.path().join("config.yml"), text).unwrap();
            command.args(["serve", &format!("{at}/config.yml")]);
        }
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let registry = Registry { host, folder, child };
        let begun = Instant::now();
        while !registry.answers() {
            assert!(begun.elapsed() < Duration::from_secs(30), "{program} does not start");
            std::thread::sleep(Duration::from_millis(20));
        }
        registry
    }

    fn answers(&self) -> bool {
        let Ok(mut stream) = TcpStream::connect(&self.host) else { return false };
        let asked = stream.write_all(b"GET /v2/ HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
        let mut said = String::new();
        asked.is_ok() && stream.read_to_string(&mut said).is_ok() && said.starts_with("HTTP/1.1")
    }

    fn home(&self) -> PathBuf {
        let home = self.folder.path().join("home");
        std::fs::create_dir_all(&home).unwrap();
        home
    }

    fn goferry(&self, env: &[(&str, &str)], args: &[&str]) -> (i32, String, String) {
        self.run(Path::new(env!("CARGO_BIN_EXE_goferry")), env, args)
    }

    fn tool(&self, program: &str, args: &[&str]) -> (i32, String, String) {
        self.run(&find(program).unwrap(), &[], args)
    }

    fn run(&self, program: &Path, env: &[(&str, &str)], args: &[&str]) -> (i32, String, String) {
        let path = std::env::var("PATH").unwrap();
        let out = Command::new(program)
            .current_dir(self.home())
            .args(args)
            .env_clear()
            .envs([("PATH", path.as_str()), ("HOME", &self.home().display().to_string())])
            .envs(env.iter().copied())
            .output()
            .unwrap();
        let text = |b: &[u8]| String::from_utf8_lossy(b).into_owned();
        (out.status.code().unwrap_or(-1), text(&out.stdout), text(&out.stderr))
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An OCI layout with an index of two images under these names; `what` makes it another.
fn layout(folder: &Path, what: &str, names: &[&str]) -> String {
    layout_of(folder, what, &["amd64", "arm64"], names)
}

/// One with an image for one platform alone, or an index of several.
fn layout_of(folder: &Path, what: &str, archs: &[&str], names: &[&str]) -> String {
    let blobs = folder.join("blobs/sha256");
    std::fs::create_dir_all(&blobs).unwrap();
    std::fs::write(folder.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#).unwrap();
    let blob = |media_type: &str, bytes: &[u8]| {
        let hex: String = Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect();
        std::fs::write(blobs.join(&hex), bytes).unwrap();
        json!({"mediaType": media_type, "digest": format!("sha256:{hex}"), "size": bytes.len()})
    };
    let layer = blob("application/vnd.oci.image.layer.v1.tar", &what.repeat(200_000).into_bytes());
    let images: Vec<Value> = archs
        .iter()
        .map(|arch| {
            let config = json!({"architecture": arch, "os": "linux", "rootfs": {"type": "layers", "diff_ids": [layer["digest"]]}});
            let config = blob("application/vnd.oci.image.config.v1+json", config.to_string().as_bytes());
            let manifest = json!({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [layer]});
            let mut image = blob(MANIFEST, manifest.to_string().as_bytes());
            image["platform"] = json!({"architecture": arch, "os": "linux"});
            image
        })
        .collect();
    let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": images}).to_string();
    let root = match images.as_slice() {
        [one] => json!({"mediaType": MANIFEST, "digest": one["digest"], "size": one["size"]}),
        _ => blob(INDEX, index.as_bytes()),
    };
    let entries: Vec<Value> = names
        .iter()
        .map(|name| {
            let mut entry = root.clone();
            entry["annotations"] = json!({"org.opencontainers.image.ref.name": name});
            entry
        })
        .collect();
    let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": if names.is_empty() { vec![root.clone()] } else { entries }});
    std::fs::write(folder.join("index.json"), index.to_string()).unwrap();
    root["digest"].as_str().unwrap().to_owned()
}

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";

fn an_index_is_pushed_under_its_names() {
    let r = Registry::start("docker-registry", "");
    let (one, two) = (format!("{}/a/tool:v1", r.host), format!("{}/a/tool:latest", r.host));
    let digest = layout(&r.home().join("layout"), "x", &[&one, &two]);
    let (status, out, err) = r.goferry(&[], &["image", "push", "layout"]);
    assert_eq!((status, out), (0, format!("{one}@{digest}\n{two}@{digest}\n")), "{err}");
    for name in [&one, &two] {
        let (_, said, _) = r.tool("crane", &["digest", name]);
        assert_eq!(said.trim(), digest);
    }
    // Again, with another name: nothing is sent, the layers are mounted.
    let to = format!("{}/b/tool", r.host);
    let args = ["image", "push", "layout", "--json", "--to", &one, "--to", &to, "--digests", "digests.txt"];
    let (status, out, err) = r.goferry(&[], &args);
    assert_eq!(status, 0, "{err}");
    let rows: Value = serde_json::from_str(&out).unwrap();
    let row = |n: usize| (rows[n]["sent"].as_u64(), rows[n]["mounted"].as_u64(), rows[n]["there"].as_u64());
    assert_eq!((row(0), row(1)), ((Some(0), Some(0), Some(3)), (Some(0), Some(3), Some(0))), "{out}");
    let written = std::fs::read_to_string(r.home().join("digests.txt")).unwrap();
    let hex = digest.strip_prefix("sha256:").unwrap();
    assert_eq!(written, format!("{hex}  {one}\n{hex}  {to}:v1\n{hex}  {to}:latest\n"));
}

fn dist_is_pushed_and_tags_are_kept() {
    let r = Registry::start("docker-registry", "");
    let names = [format!("{}/one:v1", r.host), format!("{}/two:v1", r.host)];
    let digests = [
        layout(&r.home().join("dist/images/one"), "1", &[&names[0]]),
        layout(&r.home().join("dist/images/two"), "2", &[&names[1]]),
    ];
    let (status, out, err) = r.goferry(&[], &["image", "push", "--immutable"]);
    assert_eq!(status, 0, "{err}");
    assert_eq!(out, format!("{}@{}\n{}@{}\n", names[0], digests[0], names[1], digests[1]));
    assert_eq!(std::fs::read_to_string(r.home().join("dist/digests.txt")).unwrap().lines().count(), 2);
    // The same again is no fault; another is.
    assert_eq!(r.goferry(&[], &["image", "push", "--immutable"]).0, 0);
    layout(&r.home().join("dist/images/one"), "other", &[&names[0]]);
    let (status, _, err) = r.goferry(&[], &["image", "push", "--immutable"]);
    assert!(status == 3 && err.contains("tag-exists") && err.contains(&digests[0]), "{status} {err}");
    assert_eq!(r.goferry(&[], &["image", "push"]).0, 0);
    // One that has no name with a repository is left out, and said to be.
    layout(&r.home().join("dist/images/local"), "3", &["local:v1"]);
    let (status, out, err) = r.goferry(&[], &["image", "push"]);
    assert!(status == 0 && out.lines().count() == 2, "{status} {out} {err}");
    assert!(
        err.contains("warning[image-unusable]") && err.contains("dist/images/local is not pushed"),
        "{err}"
    );
    // What a release that was killed left is not pushed.
    std::fs::write(r.home().join("dist/.goferry-incomplete"), "").unwrap();
    let (status, _, err) = r.goferry(&[], &["image", "push"]);
    assert!(status == 2 && err.contains("is not whole"), "{status} {err}");
}

/// A key pair of cosign's kind in the home folder.
fn key(r: &Registry, name: &str) {
    let (status, _, err) = r.goferry(&[("COSIGN_PASSWORD", "pw")], &["sign", "--generate-key", name]);
    assert_eq!(status, 0, "{err}");
}

fn cosign_verifies_what_is_signed() {
    signed_and_verified(&Registry::start("docker-registry", ""));
}

fn cosign_verifies_where_crane_serves() {
    signed_and_verified(&Registry::start("crane", ""));
}

fn signed_and_verified(r: &Registry) {
    let name = format!("{}/tool:v1", r.host);
    let digest = layout(&r.home().join("layout"), "x", &[&name]);
    key(r, "cosign");
    key(r, "other");
    let bom =
        json!({"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "components": []}).to_string();
    std::fs::write(r.home().join("bom.json"), bom).unwrap();
    let provenance = json!({"_type": "https://in-toto.io/Statement/v1", "predicateType": "https://slsa.dev/provenance/v1",
        "subject": [{"name": "tool.tar.gz", "digest": {"sha256": "00".repeat(32)}}],
        "predicate": {"buildDefinition": {"buildType": "https://example.com/x", "externalParameters": {}}, "runDetails": {"builder": {"id": "https://example.com/b"}}}});
    std::fs::write(r.home().join("p.json"), provenance.to_string()).unwrap();
    let push = [
        "image",
        "push",
        "layout",
        "--key",
        "cosign.key",
        "--attach",
        "bom.json",
        "--attach",
        "p.json",
        "--json",
    ];
    let (status, first, err) = r.goferry(&[("COSIGN_PASSWORD", "pw")], &push);
    assert_eq!(status, 0, "{err}");
    // Twice attaches nothing twice.
    let (status, again, err) = r.goferry(&[("COSIGN_PASSWORD", "pw")], &push);
    assert_eq!(status, 0, "{err}");
    let attached = |out: &str| serde_json::from_str::<Value>(out).unwrap()[0]["attached"].clone();
    assert_eq!(attached(&first), attached(&again));
    let kinds: Vec<Value> =
        attached(&first).as_array().unwrap().iter().map(|a| a["predicateType"].clone()).collect();
    assert_eq!(
        kinds,
        [
            "https://sigstore.dev/cosign/sign/v1",
            "https://cyclonedx.org/bom",
            "https://slsa.dev/provenance/v1"
        ]
    );

    let verify = |key: &str, what: &[&str], name: &str| {
        let args = [what, &["--key", key, "--insecure-ignore-tlog", name]].concat();
        r.tool("cosign", &args)
    };
    let (status, out, err) = verify("cosign.pub", &["verify"], &name);
    assert!(status == 0 && out.contains(&digest), "{out} {err}");
    let by_digest = format!("{}/tool@{digest}", r.host);
    assert_eq!(verify("cosign.pub", &["verify"], &by_digest).0, 0);
    assert_ne!(verify("other.pub", &["verify"], &name).0, 0);
    for kind in ["cyclonedx", "slsaprovenance1"] {
        let (status, _, err) = verify("cosign.pub", &["verify-attestation", "--type", kind], &name);
        assert_eq!(status, 0, "{kind}: {err}");
        assert_ne!(verify("other.pub", &["verify-attestation", "--type", kind], &name).0, 0);
    }
    assert_ne!(verify("cosign.pub", &["verify-attestation", "--type", "spdxjson"], &name).0, 0);
    // The form before cosign 3, where a second signature stays beside the first.
    for (key, opposite) in [("cosign", "other"), ("other", "")] {
        let old =
            |key: &str| verify(&format!("{key}.pub"), &["verify", "--new-bundle-format=false"], &name).0;
        assert_ne!(old(key), 0);
        let private = format!("{key}.key");
        let push = ["image", "push", "layout", "--key", &private, "--signature-tag"];
        let (status, _, err) = r.goferry(&[("COSIGN_PASSWORD", "pw")], &push);
        assert_eq!((status, old(key), old("cosign")), (0, 0, 0), "{err}");
        assert!(opposite.is_empty() || old(opposite) != 0);
    }
    // Another image is not signed by this.
    let other = format!("{}/tool:v2", r.host);
    layout(&r.home().join("layout"), "y", &[&other]);
    assert_eq!(r.goferry(&[], &["image", "push", "layout"]).0, 0);
    assert_ne!(verify("cosign.pub", &["verify"], &other).0, 0);
}

/// A configuration of what happens when images are pushed.
fn pushing(host: &str) -> String {
    format!(
        r#"version: 2
docker_manifests:
  - id: both
    name_template: "{host}/tool:{{{{ .Version }}}}"
    image_templates: ["{host}/tool:{{{{ .Version }}}}-amd64", "{host}/tool:{{{{ .Version }}}}-arm64"]
  - name_template: "{host}/skipped:v1"
    image_templates: ["{host}/tool:none"]
    skip_push: true
docker_digest:
  name_template: "{{{{ .ProjectName }}}}_digests.txt"
docker_signs:
  - artifacts: manifests
    args: [sign, --key=cosign.key, "{{{{ .Env.artifact }}}}@${{digest}}", --yes]
  - id: own
    artifacts: images
    ids: [one]
    cmd: sh
    args: ["-c", "echo seen; echo $artifact >> signed; printenv digest artifactID >> signed; [ \"$WHO\" = me ]"]
    env: ["WHO={{{{ .Env.USER_OF_TEST }}}}"]
    output: true
  - id: both
    artifacts: all
    ids: [both]
    cmd: sh
    args: ["-c", "echo signed ${{artifactID}}"]
    output: true
  - id: no
    if: '{{{{ eq .Version "0" }}}}'
    artifacts: all
    cmd: "false"
  - id: nothing-said
    cmd: sh
    args: ["-c", "echo $artifact >> own"]
"#
    )
}

/// `docker_manifests`, `docker_digest` and `docker_signs` over what lies in dist/.
fn dist_is_pushed_as_configured() {
    let r = Registry::start("docker-registry", "");
    let (home, host) = (r.home(), &r.host);
    key(&r, "cosign");
    std::fs::write(home.join("go.mod"), "module example.com/tool\n\ngo 1.24\n").unwrap();
    std::fs::write(home.join("main.go"), "package main\n\nfunc main() {}\n").unwrap();
    std::fs::write(home.join(".gitignore"), "dist/\ncosign.*\nsigned\nown\n").unwrap();
    std::fs::write(home.join(".goreleaser.yaml"), pushing(host)).unwrap();
    for args in [
        &["init", "-q", "-b", "main"][..],
        &["add", "-A"],
        &["-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "-qm", "first"],
        &["tag", "v1.2.3"],
    ] {
        let (status, _, err) = r.tool("git", args);
        assert_eq!(status, 0, "{err}");
    }
    let one =
        layout_of(&home.join("dist/images/one"), "1", &["amd64"], &[&format!("{host}/tool:1.2.3-amd64")]);
    let two =
        layout_of(&home.join("dist/images/two"), "2", &["arm64"], &[&format!("{host}/tool:1.2.3-arm64")]);
    let three = layout_of(&home.join("dist/images/three"), "3", &["amd64"], &[&format!("{host}/ko:v1")]);
    let four = layout_of(&home.join("dist/images/u-four"), "4", &["amd64"], &[&format!("{host}/own:v1")]);
    let sections = [("one", "dockers"), ("two", "dockers"), ("three", "kos"), ("u-four", "dockers_v2")];
    let images =
        sections.map(|(name, section)| json!({"layout": format!("images/{name}"), "section": section}));
    std::fs::write(home.join("dist/goferry.json"), json!({"images": images}).to_string()).unwrap();
    let env = [("COSIGN_PASSWORD", "pw"), ("USER_OF_TEST", "me")];
    let (status, out, err) = r.goferry(&env, &["image", "push"]);
    assert_eq!(status, 0, "{err}");
    assert!(err.contains("signed both"), "{err}");

    let name = format!("{host}/tool:1.2.3");
    assert!(err.contains(&format!("sign {name}-amd64 | seen\n")), "{err}");
    let (_, text, _) = r.tool("crane", &["manifest", &name]);
    let index: Value = serde_json::from_str(&text).unwrap();
    let of = |n: usize| {
        (index["manifests"][n]["digest"].clone(), index["manifests"][n]["platform"]["architecture"].clone())
    };
    assert_eq!((of(0), of(1)), ((json!(one), json!("amd64")), (json!(two), json!("arm64"))));
    let (_, digest, _) = r.tool("crane", &["digest", &name]);
    assert!(out.ends_with(&format!("{name}@{}\n", digest.trim())), "{out}");
    let hex = |d: &str| d.trim().strip_prefix("sha256:").unwrap().to_owned();
    let digests = std::fs::read_to_string(home.join("dist/tool_digests.txt")).unwrap();
    assert_eq!(
        digests,
        format!(
            "{}  {name}-amd64\n{}  {host}/ko:v1\n{}  {name}-arm64\n{}  {host}/own:v1\n{}  {name}\n",
            hex(&one),
            hex(&three),
            hex(&two),
            hex(&four),
            hex(&digest)
        )
    );

    // The index and what counts as one are signed by goferry, the image that was chosen by the command, and no other.
    let verify =
        |name: &str| r.tool("cosign", &["verify", "--key", "cosign.pub", "--insecure-ignore-tlog", name]).0;
    assert_eq!(
        (verify(&name), verify(&format!("{host}/ko:v1")), verify(&format!("{host}/own:v1"))),
        (0, 0, 0)
    );
    assert_ne!(verify(&format!("{name}-arm64")), 0);
    assert_eq!(std::fs::read_to_string(home.join("signed")).unwrap(), format!("{name}-amd64\n{one}\none\n"));
    assert_eq!(std::fs::read_to_string(home.join("own")).unwrap(), format!("{host}/own:v1\n"));
    // A command that fails is said, and so is an image that is not there.
    let (status, _, err) =
        r.goferry(&[("COSIGN_PASSWORD", "pw"), ("USER_OF_TEST", "other")], &["image", "push"]);
    assert!(status == 1 && err.contains("sign-failed"), "{status} {err}");
    std::fs::remove_dir_all(home.join("dist/images/two")).unwrap();
    let (status, _, err) = r.goferry(&env, &["image", "push"]);
    assert!(status == 2 && err.contains("which is not among the images"), "{status} {err}");
}

fn what_is_held_back_is_not_pushed() {
    let r = Registry::start("docker-registry", "");
    let (home, host) = (r.home(), &r.host);
    std::fs::write(home.join("go.mod"), "module example.com/tool\n\ngo 1.24\n").unwrap();
    std::fs::write(home.join(".gitignore"), "dist/\n.goreleaser.yaml\n").unwrap();
    let config = |more: &str| {
        let docker = |name: &str, skip: &str| {
            format!("  - image_templates: ['{host}/tool:{name}']\n    skip_push: {skip}\n")
        };
        let dockers = docker("one", "auto") + &docker("two", "'{{ .Env.HOLD }}'") + &docker("three", "false");
        std::fs::write(home.join(".goreleaser.yaml"), format!("version: 2\ndockers:\n{dockers}{more}"))
            .unwrap();
    };
    config("");
    for args in [
        &["init", "-q", "-b", "main"][..],
        &["add", "-A"],
        &["-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "-qm", "first"],
        &["tag", "v1.2.3-rc.1"],
    ] {
        let (status, _, err) = r.tool("git", args);
        assert_eq!(status, 0, "{err}");
    }
    for (id, other) in [("one", "also"), ("two", ""), ("three", "")] {
        let own = format!("{host}/tool:{id}");
        let also = format!("{host}/tool:{other}");
        let names = if other.is_empty() { vec![own.as_str()] } else { vec![own.as_str(), &also] };
        layout_of(&home.join("dist/images").join(id), id, &["amd64"], &names);
    }
    let pushed = |hold: &str| r.goferry(&[("HOLD", hold)], &["image", "push"]);
    let (status, out, err) = pushed("true");
    assert_eq!(status, 0, "{err}");
    let (_, tags, _) = r.tool("crane", &["ls", &format!("{host}/tool")]);
    let mut tags: Vec<&str> = tags.split_whitespace().collect();
    tags.sort_unstable();
    // Of the first only the name that no item of `dockers` has.
    assert_eq!(tags, ["also", "three"]);
    assert!(!out.contains("tool:one@") && !out.contains("tool:two@"), "{out}");
    assert!(err.contains(&format!("{host}/tool:one is not pushed: `skip_push` of dockers is auto")), "{err}");
    assert!(err.contains(&format!("{host}/tool:two is not pushed: `skip_push` of dockers is true")), "{err}");
    let digests = std::fs::read_to_string(home.join("dist/digests.txt")).unwrap();
    assert!(digests.lines().count() == 2 && !digests.contains("tool:one"), "{digests}");
    // An index over what is not pushed would be one over nothing.
    let index = format!(
        "docker_manifests:\n  - name_template: '{host}/tool:all'\n    image_templates: ['{host}/tool:one']\n"
    );
    config(&index);
    let (status, _, err) = pushed("false");
    assert!(status == 2 && err.contains("tool:one, which is not pushed"), "{status} {err}");
    config(&(index + "    skip_push: auto\n"));
    let (status, _, err) = pushed("false");
    assert!(
        status == 0 && err.contains("tool:all is not pushed: `skip_push` of docker_manifests"),
        "{status} {err}"
    );
    // What the release is decides, not the configuration alone.
    let (status, _, err) = r.tool("git", &["tag", "-d", "v1.2.3-rc.1"]);
    assert_eq!(status, 0, "{err}");
    assert_eq!(r.tool("git", &["tag", "v1.2.3"]).0, 0);
    let (status, out, err) = pushed("false");
    assert!(status == 0 && out.contains("tool:one@") && out.contains("tool:all@"), "{out} {err}");
}

fn documents_are_attached_as_they_are() {
    let r = Registry::start("docker-registry", "");
    let name = format!("{}/tool:v1", r.host);
    let digest = layout(&r.home().join("layout"), "x", &[&name]);
    let bom = json!({"spdxVersion": "SPDX-2.3", "name": "tool"}).to_string();
    std::fs::write(r.home().join("bom.json"), &bom).unwrap();
    let (status, _, err) = r.goferry(&[], &["image", "push", "layout", "--attach", "bom.json"]);
    assert!(status == 0 && err.contains("attached application/spdx+json (found by its tag)"), "{err}");
    // The image has the platforms that it had, and nothing unknown.
    let (_, out, _) = r.tool("crane", &["manifest", &name]);
    let index: Value = serde_json::from_str(&out).unwrap();
    let platforms: Vec<&Value> =
        index["manifests"].as_array().unwrap().iter().map(|m| &m["platform"]["architecture"]).collect();
    assert_eq!(platforms, ["amd64", "arm64"]);
    // Where referrers are looked for, there is one, and it leads to the document.
    let list = format!("{}/tool:{}", r.host, digest.replace(':', "-"));
    let (_, out, _) = r.tool("crane", &["manifest", &list]);
    let list: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(list["manifests"][0]["artifactType"], "application/spdx+json");
    let found = list["manifests"][0]["digest"].as_str().unwrap();
    let (_, out, _) = r.tool("crane", &["manifest", &format!("{}/tool@{found}", r.host)]);
    let manifest: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(manifest["subject"]["digest"], digest.as_str());
    let layer = manifest["layers"][0]["digest"].as_str().unwrap();
    let (_, out, _) = r.tool("crane", &["blob", &format!("{}/tool@{layer}", r.host)]);
    assert_eq!(out, bom);
}

fn credentials_are_docker_s() {
    let r = Registry::start("docker-registry", "auth:\n  htpasswd: {realm: here, path: FOLDER/htpasswd}");
    let name = format!("{}/tool:v1", r.host);
    layout(&r.home().join("layout"), "x", &[&name]);
    let push = ["image", "push", "layout"];
    let (status, _, err) = r.goferry(&[], &push);
    assert!(status == 5 && err.contains("registry-login") && err.contains("docker login"), "{status} {err}");

    // A helper, which is asked for the registry and given nothing else.
    let helpers = r.folder.path().join("bin");
    std::fs::create_dir(&helpers).unwrap();
    let helper = helpers.join("docker-credential-mine");
    std::fs::write(
        &helper,
        "#!/bin/sh\n[ \"$1\" = get ] || exit 1\nread -r server\nprintf '{\"ServerURL\":\"%s\",\"Username\":\"me\",\"Secret\":\"se:cret\"}' \"$server\"\n",
    )
    .unwrap();
    std::fs::set_permissions(&helper, std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", helpers.display(), std::env::var("PATH").unwrap());
    let config = r.home().join(".docker");
    std::fs::create_dir(&config).unwrap();
    std::fs::write(config.join("config.json"), json!({"credHelpers": {r.host.as_str(): "mine"}}).to_string())
        .unwrap();
    let (status, _, err) = r.goferry(&[("PATH", &path)], &push);
    assert_eq!(status, 0, "{err}");
    // Without it, it is said which one is missing.
    let (status, _, err) = r.goferry(&[], &push);
    assert!(status == 5 && err.contains("docker-credential-mine"), "{status} {err}");

    // `me:se:cret` in a folder of its own; then in a variable; then a wrong one, which is not shown.
    let auths = |auth: &str| json!({"auths": {r.host.as_str(): {"auth": auth}}}).to_string();
    let own = r.folder.path().join("own");
    std::fs::create_dir(&own).unwrap();
    std::fs::write(own.join("config.json"), auths("bWU6c2U6Y3JldA==")).unwrap();
    assert_eq!(r.goferry(&[("DOCKER_CONFIG", own.to_str().unwrap())], &push).0, 0);
    assert_eq!(r.goferry(&[("DOCKER_AUTH_CONFIG", &auths("bWU6c2U6Y3JldA=="))], &push).0, 0);
    // `me:canary`
    let (status, out, err) = r.goferry(&[("DOCKER_AUTH_CONFIG", &auths("bWU6Y2FuYXJ5"))], &push);
    assert!(status == 5 && !format!("{out}{err}").contains("canary"), "{err}");
    assert!(!err.contains("bWU6Y2FuYXJ5"), "{err}");
}

fn what_cannot_be_pushed_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let goferry = |args: &[&str]| {
        let out = Command::new(env!("CARGO_BIN_EXE_goferry"))
            .current_dir(folder.path())
            .args(args)
            .output()
            .unwrap();
        (out.status.code(), String::from_utf8_lossy(&out.stderr).into_owned())
    };
    layout(&folder.path().join("layout"), "x", &[]);
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for (args, status, says) in [
        (&["image", "push"][..], 2, "image-unusable"),
        (&["image", "push", "layout"], 2, "--to REGISTRY/REPOSITORY"),
        (&["image", "push", "layout"], 2, "/layout"),
        (&["image", "push", "layout", "--to", "me/Upper"], 2, "no reference"),
        (
            &["image", "push", "layout", "--to", "a.io/x", "--attach", "layout/oci-layout"],
            2,
            "predicate-invalid",
        ),
        (&["image", "push", "layout", "--to", "a.io/x", "--key", "none.key"], 2, "none.key"),
    ] {
        let (got, err) = goferry(args);
        assert!(got == Some(status) && err.contains(says), "{args:?}: {got:?} {err}");
    }
    // A blob that is not there is found before anything is asked.
    std::fs::remove_dir_all(folder.path().join("layout/blobs")).unwrap();
    let (got, err) = goferry(&["image", "push", "layout", "--to", &format!("{nobody}/x")]);
    assert!(got == Some(2) && err.contains("cannot be read"), "{got:?} {err}");
}
