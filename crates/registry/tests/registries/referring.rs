//! What refers to an image: in a registry's own list, and under the tag of those without one.

use super::gateway::{Do, Gateway};
use super::server::{Kind, Server, find};
use super::{ALL, Check, DISTRIBUTION, Net, client, image, reference, repository, source};
use goferry_registry::{Descriptor, Memory, Push, Referrer, Repository, Stored, media};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::process::{Child, Command, Stdio};

pub(crate) const CHECKS: &[Check] = &[
    ("referrers_are_under_the_tag", ALL, &["crane"], referrers_are_under_the_tag),
    ("referrers_of_others_stay_as_they_are", ALL, &[], referrers_of_others_stay_as_they_are),
    (
        "of_two_at_once_ours_stays_and_theirs_comes_again",
        ALL,
        &[],
        of_two_at_once_ours_stays_and_theirs_comes_again,
    ),
    ("a_deleted_referrer_is_taken_out", DISTRIBUTION, &[], a_deleted_referrer_is_taken_out),
    (
        "a_registry_that_says_that_it_lists_is_believed",
        ALL,
        &[],
        a_registry_that_says_that_it_lists_is_believed,
    ),
    ("a_registry_with_a_list_gets_no_tag", &[Kind::Crane], &["go"], a_registry_with_a_list_gets_no_tag),
];

fn thing(kind: &str, content: &str) -> Referrer {
    Referrer {
        artifact_type: kind.to_owned(),
        layers: vec![(kind.to_owned(), content.as_bytes().to_vec(), BTreeMap::new())],
        annotations: BTreeMap::from([("about".to_owned(), content.to_owned())]),
    }
}

/// A repository with an image in it.
fn with_image(net: &Net, host: &str) -> (Repository, Descriptor) {
    let mut memory = Memory::default();
    let root = image(&mut memory, 1, &[10]);
    let to = repository(host, "tool");
    let tags = ["v1".to_owned()];
    let push = Push {
        to: &to,
        tags: &tags,
        root: &root,
        source: &source(memory),
        immutable: false,
        mount_from: &[],
    };
    client(net).push(&push).unwrap();
    (to, root)
}

fn fallback(host: &str, subject: &Descriptor) -> goferry_registry::Reference {
    reference(host, &format!("tool:sha256-{}", subject.digest.hex()))
}

fn referrers_are_under_the_tag(kind: Kind) {
    let (server, net) = (Server::start(kind), Net::new());
    let (to, root) = with_image(&net, &server.host);
    let client = client(&net);
    assert!(client.referrers(&to, &root.digest, None).unwrap().is_empty());
    let mut digests = vec![];
    for (kind, content) in
        [("application/x.sbom", "1"), ("application/x.sbom", "2"), ("application/x.sig", "3")]
    {
        let (is, stored) = client.attach(&to, &root, &thing(kind, content)).unwrap();
        assert_eq!(stored, Stored::Tagged);
        digests.push(is.digest);
    }
    // The same thing twice is there once.
    client.attach(&to, &root, &thing("application/x.sbom", "1")).unwrap();
    let all = client.referrers(&to, &root.digest, None).unwrap();
    assert_eq!(all.iter().map(|d| &d.digest).collect::<Vec<_>>(), digests.iter().collect::<Vec<_>>());
    let some = client.referrers(&to, &root.digest, Some("application/x.sig")).unwrap();
    assert_eq!(some.len(), 1);
    assert_eq!(some[0].annotations.as_ref().unwrap()["about"], "3");
    // The image is what it was: no index, nothing unknown.
    let now = client.manifest(&reference(&server.host, "tool:v1")).unwrap();
    assert_eq!(
        (now.descriptor.digest, now.descriptor.media_type.as_str()),
        (root.digest.clone(), media::MANIFEST)
    );
    // What was attached says what it is about.
    let is = client.manifest(&to.at(&digests[0])).unwrap().manifest;
    assert_eq!(is.subject.unwrap().digest, root.digest);
    assert_eq!(is.artifact_type.as_deref(), Some("application/x.sbom"));
    // Somebody else's client finds them too.
    let name = format!("{}/tool:sha256-{}", server.host, root.digest.hex());
    let said = Command::new(find("crane").unwrap()).args(["manifest", &name]).output().unwrap();
    let index: Value = serde_json::from_slice(&said.stdout).unwrap();
    assert_eq!(index["manifests"].as_array().unwrap().len(), 3);
}

fn referrers_of_others_stay_as_they_are(kind: Kind) {
    let (server, net) = (Server::start(kind), Net::new());
    let (to, root) = with_image(&net, &server.host);
    let client = client(&net);
    let (other, _) = client.attach(&to, &root, &thing("application/x.other", "other")).unwrap();
    // As another client may have written it, with more than is read here.
    let entry = json!({"mediaType": other.media_type, "digest": other.digest, "size": other.size, "artifactType": "x",
        "data": "e30=", "x-own": {"a": [1, 2]}});
    let index = json!({"schemaVersion": 2, "mediaType": media::INDEX, "manifests": [entry]}).to_string();
    let put = Descriptor::of(media::INDEX, index.as_bytes());
    let mut memory = Memory::default();
    memory.add(index.into_bytes());
    let manifest = client.manifest(&to.at(&other.digest)).unwrap();
    memory.add(manifest.bytes);
    memory.add(b"{}".to_vec());
    memory.add(b"other".to_vec());
    let tags = [format!("sha256-{}", root.digest.hex())];
    let push =
        Push { to: &to, tags: &tags, root: &put, source: &source(memory), immutable: false, mount_from: &[] };
    client.push(&push).unwrap();
    client.attach(&to, &root, &thing("application/x.sbom", "mine")).unwrap();
    let now = client.manifest(&fallback(&server.host, &root)).unwrap();
    let now: Value = serde_json::from_slice(&now.bytes).unwrap();
    assert_eq!(now["manifests"].as_array().unwrap().len(), 2);
    assert_eq!(now["manifests"][0], entry);
}

fn of_two_at_once_ours_stays_and_theirs_comes_again(kind: Kind) {
    let (server, net) = (Server::start(kind), Net::new());
    let (to, root) = with_image(&net, &server.host);
    // Somebody else enters something just before ours is written.
    let (host, subject, mut once) = (server.host.clone(), root.clone(), true);
    let other = Net::new();
    let gateway = Gateway::before(&server.host, move |method, path| {
        if method == "PUT" && path.contains("/manifests/sha256-") && std::mem::take(&mut once) {
            client(&other)
                .attach(&repository(&host, "tool"), &subject, &thing("application/x.b", "b"))
                .unwrap();
            // Ours, written from what was there before, takes theirs out: a registry without a list has no way to tell.
        }
        Do::Forward
    });
    let through = repository(&gateway.host, "tool");
    client(&net).attach(&through, &root, &thing("application/x.a", "a")).unwrap();
    let all = client(&net).referrers(&to, &root.digest, None).unwrap();
    assert!(all.iter().any(|d| d.artifact_type.as_deref() == Some("application/x.a")), "{all:?}");
    // Whoever comes second finds what is missing when the same is attached again.
    client(&net).attach(&to, &root, &thing("application/x.b", "b")).unwrap();
    assert_eq!(client(&net).referrers(&to, &root.digest, None).unwrap().len(), 2);
}

fn a_deleted_referrer_is_taken_out(kind: Kind) {
    let (server, net) = (Server::start(kind), Net::new());
    let (to, root) = with_image(&net, &server.host);
    let client = client(&net);
    let (one, _) = client.attach(&to, &root, &thing("application/x.a", "a")).unwrap();
    let (two, _) = client.attach(&to, &root, &thing("application/x.b", "b")).unwrap();
    assert!(client.delete(&to.at(&one.digest)).unwrap());
    let left = client.referrers(&to, &root.digest, None).unwrap();
    assert_eq!(left.iter().map(|d| &d.digest).collect::<Vec<_>>(), [&two.digest]);
}

fn a_registry_that_says_that_it_lists_is_believed(kind: Kind) {
    let (server, net) = (Server::start(kind), Net::new());
    let (_, root) = with_image(&net, &server.host);
    let subject = root.digest.to_string();
    let gateway =
        Gateway::before(&server.host, move |method, path| match path.contains("/manifests/sha256:") {
            true if method == "PUT" => {
                Do::Answer(format!("201 Created\r\noci-subject: {subject}"), String::new())
            }
            _ => Do::Forward,
        });
    let to = repository(&gateway.host, "tool");
    let (_, stored) = client(&net).attach(&to, &root, &thing("application/x.a", "a")).unwrap();
    assert_eq!(stored, Stored::Listed);
    assert_eq!(gateway.count("PUT", "/manifests/sha256-"), 0);
}

/// crane's own registry has a list, which its command does not switch on; a program of its library does.
fn a_registry_with_a_list_gets_no_tag(_: Kind) {
    const MODULE: &str =
        "module listing\n\ngo 1.25\n\nrequire github.com/google/go-containerregistry v0.22.1\n";
    const MAIN: &str = "package main\n\nimport (\n\t\"fmt\"\n\t\"net\"\n\t\"net/http\"\n\n\t\"github.com/google/go-containerregistry/pkg/registry\"\n)\n\nfunc main() {\n\tl, err := net.Listen(\"tcp\", \"127.0.0.1:0\")\n\tif err != nil {\n\t\tpanic(err)\n\t}\n\tfmt.Println(l.Addr())\n\tpanic(http.Serve(l, registry.New(registry.WithReferrersSupport(true))))\n}\n";
    struct Ends(Child);
    impl Drop for Ends {
        fn drop(&mut self) {
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("go.mod"), MODULE).unwrap();
    std::fs::write(folder.path().join("main.go"), MAIN).unwrap();
    let built = Command::new("go")
        .current_dir(folder.path())
        .args(["build", "-o", "listing", "."])
        .env("GOFLAGS", "-mod=mod")
        .env("CGO_ENABLED", "0")
        .output()
        .unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    let child =
        Command::new(folder.path().join("listing")).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
    let mut running = Ends(child.unwrap());
    let mut host = String::new();
    let out = running.0.stdout.take().unwrap();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(out), &mut host).unwrap();
    let host = host.trim();

    let net = Net::new();
    let (to, root) = with_image(&net, host);
    let (is, stored) = client(&net).attach(&to, &root, &thing("application/x.a", "a")).unwrap();
    assert_eq!(stored, Stored::Listed);
    // Its list has the type of the configuration as that of the artifact.
    let all = client(&net).referrers(&to, &root.digest, None).unwrap();
    assert_eq!(all.iter().map(|d| &d.digest).collect::<Vec<_>>(), [&is.digest]);
    assert!(client(&net).head(&fallback(host, &root)).unwrap().is_none());
}
