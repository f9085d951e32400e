//! Pushing and pulling where nothing goes wrong, and what must not be pushed.

use super::gateway::{Do, Gateway};
use super::server::{Kind, Server, find};
use super::{
    ALL, Check, DISTRIBUTION, Net, Taken, client, image, index, options, reference, repository, source,
};
use goferry_registry::{Client, Credentials, Descriptor, Memory, Options, Push, RegistryError};
use std::process::Command;

pub(crate) const CHECKS: &[Check] = &[
    ("an_index_comes_back_as_it_went", ALL, &["crane"], an_index_comes_back_as_it_went),
    ("what_is_there_is_not_sent_again", ALL, &[], what_is_there_is_not_sent_again),
    ("blobs_are_mounted_from_other_repositories", ALL, &[], blobs_are_mounted_from_other_repositories),
    ("chunks_are_as_large_as_is_asked", ALL, &[], chunks_are_as_large_as_is_asked),
    ("tags_are_kept_if_asked", ALL, &[], tags_are_kept_if_asked),
    ("a_registry_that_keeps_its_tags_is_understood", ALL, &[], a_registry_that_keeps_its_tags_is_understood),
    ("only_what_its_digest_says_is_pushed", ALL, &[], only_what_its_digest_says_is_pushed),
    ("tags_are_listed_and_deleted", DISTRIBUTION, &[], tags_are_listed_and_deleted),
    ("what_is_not_there_is_said", ALL, &[], what_is_not_there_is_said),
];

fn tags(all: &[&str]) -> Vec<String> {
    all.iter().map(|t| (*t).to_owned()).collect()
}

fn an_index_comes_back_as_it_went(kind: Kind) {
    let (server, net, mut memory) = (Server::start(kind), Net::new(), Memory::default());
    // One blob below the size of a single request, one above it, and one that is empty.
    let root = index(&mut memory, 1, &[1000, 3 << 20, 0]);
    let (to, source, client) = (repository(&server.host, "a/tool"), source(memory), client(&net));
    let push = Push {
        to: &to,
        tags: &tags(&["v1", "latest"]),
        root: &root,
        source: &source,
        immutable: true,
        mount_from: &[],
    };
    let pushed = client.push(&push).unwrap();
    // Two images of a configuration and two layers each, and the empty layer of both.
    assert_eq!((pushed.sent, pushed.there, pushed.mounted), (7, 0, 0));
    assert_eq!(pushed.tagged, ["v1", "latest"]);

    let taken = Taken::default();
    let got = client.pull(&reference(&server.host, "a/tool:v1"), None, &taken.sink()).unwrap();
    assert_eq!(
        (got.digest, got.media_type, taken.count()),
        (root.digest.clone(), root.media_type.clone(), 10)
    );

    let (taken, arm) = (Taken::default(), "linux/arm64".parse().unwrap());
    let got = client.pull(&reference(&server.host, "a/tool"), Some(&arm), &taken.sink()).unwrap();
    assert_eq!(taken.count(), 5);
    assert_ne!(got.digest, root.digest);
    let none =
        client.image(&reference(&server.host, "a/tool"), &"linux/mips64le".parse().unwrap()).unwrap_err();
    assert!(none.to_string().contains("only for linux/amd64, linux/arm64/v8"), "{none}");

    // Somebody else sees the same.
    let name = format!("{}/a/tool:v1", server.host);
    let said = Command::new(find("crane").unwrap()).args(["digest", &name]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&said.stdout).trim(), root.digest.as_str());
}

fn what_is_there_is_not_sent_again(kind: Kind) {
    let (server, net, mut memory) = (Server::start(kind), Net::new(), Memory::default());
    let root = image(&mut memory, 1, &[1000, 2 << 20]);
    let gateway = Gateway::before(&server.host, |_, _| Do::Forward);
    let (to, source) = (repository(&gateway.host, "tool"), source(memory));
    let tags = tags(&["v1"]);
    let push = Push { to: &to, tags: &tags, root: &root, source: &source, immutable: true, mount_from: &[] };
    client(&net).push(&push).unwrap();
    let before = gateway.asked().len();
    let again = client(&net).push(&push).unwrap();
    assert_eq!((again.sent, again.there), (0, 3));
    assert_eq!((again.tagged.len(), again.unchanged.as_slice()), (0, &["v1".to_owned()][..]));
    let asks = |a: &super::gateway::Asked| a.method == "HEAD" || (a.method == "GET" && a.path == "/v2/");
    assert!(gateway.asked()[before..].iter().all(asks), "{:?}", gateway.asked());
}

fn blobs_are_mounted_from_other_repositories(kind: Kind) {
    let (server, net, mut memory) = (Server::start(kind), Net::new(), Memory::default());
    let root = image(&mut memory, 1, &[1000, 2 << 20]);
    let gateway = Gateway::before(&server.host, |_, _| Do::Forward);
    let (one, two, three) = (
        repository(&gateway.host, "one"),
        repository(&gateway.host, "two"),
        repository(&gateway.host, "three"),
    );
    let source = source(memory);
    let tags = tags(&["v1"]);
    let push = |to| Push { to, tags: &tags, root: &root, source: &source, immutable: false, mount_from: &[] };
    let first = client(&net);
    first.push(&push(&one)).unwrap();
    // The same client knows where they are.
    let done = first.push(&push(&two)).unwrap();
    assert_eq!(done.sent + done.mounted + done.there, 3);
    // crane has every blob in every repository.
    assert_eq!(done.sent, 0);
    assert_eq!(done.mounted, if kind == Kind::Crane { 0 } else { 3 });
    // Another is told; a repository that has nothing does no harm.
    let from = [repository(&gateway.host, "nothing/here"), repository(&gateway.host, "one")];
    let done = client(&net).push(&Push { mount_from: &from, ..push(&three) }).unwrap();
    assert_eq!((done.sent, done.mounted), (0, if kind == Kind::Crane { 0 } else { 3 }));
    assert!(client(&net).manifest(&reference(&gateway.host, "three:v1")).is_ok());
}

fn chunks_are_as_large_as_is_asked(kind: Kind) {
    let (server, net, mut memory) = (Server::start(kind), Net::new(), Memory::default());
    let root = image(&mut memory, 1, &[3_500_000]);
    let gateway = Gateway::before(&server.host, |_, _| Do::Forward);
    let to = repository(&gateway.host, "tool");
    let options = Options { chunk: Some(1_000_000), ..options() };
    let client = Client::new(&net, Credentials::none(), options);
    let push =
        Push { to: &to, tags: &[], root: &root, source: &source(memory), immutable: false, mount_from: &[] };
    client.push(&push).unwrap();
    let patches: Vec<u64> = gateway.asked().iter().filter(|a| a.method == "PATCH").map(|a| a.sent).collect();
    assert_eq!(patches, [1_000_000, 1_000_000, 1_000_000, 500_000]);
    assert_eq!(client.manifest(&to.at(&root.digest)).unwrap().descriptor.digest, root.digest);
}

fn tags_are_kept_if_asked(kind: Kind) {
    let (server, net, mut memory) = (Server::start(kind), Net::new(), Memory::default());
    let (one, two) = (image(&mut memory, 1, &[10]), image(&mut memory, 2, &[20]));
    let gateway = Gateway::before(&server.host, |_, _| Do::Forward);
    let (to, source, client) = (repository(&gateway.host, "tool"), source(memory), client(&net));
    let tags = tags(&["v1"]);
    let push =
        |root, immutable| Push { to: &to, tags: &tags, root, source: &source, immutable, mount_from: &[] };
    client.push(&push(&one, true)).unwrap();
    let before = gateway.asked().len();
    let error = client.push(&push(&two, true)).unwrap_err();
    assert!(
        matches!(&error, RegistryError::TagTaken { has, wanted, .. } if *has == one.digest && *wanted == two.digest)
    );
    assert!(error.to_string().contains(&format!("{}/tool:v1", gateway.host)), "{error}");
    assert!(gateway.asked()[before..].iter().all(|a| a.method == "HEAD"), "nothing is sent");
    assert_eq!(client.push(&push(&two, false)).unwrap().tagged, ["v1"]);
}

fn a_registry_that_keeps_its_tags_is_understood(kind: Kind) {
    let (server, net, mut memory) = (Server::start(kind), Net::new(), Memory::default());
    let (one, two) = (image(&mut memory, 1, &[10]), image(&mut memory, 2, &[20]));
    let (source, tags) = (source(memory), tags(&["v1"]));
    let push = |to, root| Push { to, tags: &tags, root, source: &source, immutable: false, mount_from: &[] };
    let open = repository(&server.host, "tool");
    client(&net).push(&push(&open, &one)).unwrap();
    // As Amazon's registry says it.
    let gateway = Gateway::before(&server.host, |method, path| {
        match (method, path) {
        ("PUT", "/v2/tool/manifests/v1") => Do::Answer(
            "400 Bad Request\r\ncontent-type: application/json".to_owned(),
            r#"{"errors":[{"code":"TAG_INVALID","message":"The image tag 'v1' already exists and cannot be overwritten because the tag is immutable."}]}"#.to_owned(),
        ),
        _ => Do::Forward,
    }
    });
    let closed = repository(&gateway.host, "tool");
    let error = client(&net).push(&push(&closed, &two)).unwrap_err();
    assert!(matches!(&error, RegistryError::TagTaken { has, .. } if *has == one.digest), "{error}");
    assert!(error.to_string().contains("TAG_INVALID"), "{error}");
}

fn only_what_its_digest_says_is_pushed(kind: Kind) {
    let (server, net, mut memory) = (Server::start(kind), Net::new(), Memory::default());
    let root = image(&mut memory, 1, &[1000]);
    let whole = source(memory.clone());
    struct Wrong(std::sync::Arc<dyn goferry_registry::BlobSource>, usize);
    impl goferry_registry::BlobSource for Wrong {
        fn size(&self, digest: &goferry_registry::Digest) -> std::io::Result<u64> {
            self.0.size(digest)
        }
        fn open(
            &self,
            digest: &goferry_registry::Digest,
        ) -> std::io::Result<Box<dyn goferry_registry::Blob>> {
            let mut bytes = vec![];
            std::io::Read::read_to_end(&mut self.0.open(digest)?, &mut bytes)?;
            if bytes.len() == self.1 {
                bytes[0] ^= 1;
            }
            Ok(Box::new(std::io::Cursor::new(bytes)))
        }
    }
    let to = repository(&server.host, "tool");
    // A layer, then the manifest itself.
    for size in [1000, usize::try_from(root.size).unwrap()] {
        let wrong: std::sync::Arc<dyn goferry_registry::BlobSource> =
            std::sync::Arc::new(Wrong(std::sync::Arc::clone(&whole), size));
        let push = Push {
            to: &to,
            tags: &tags(&["v1"]),
            root: &root,
            source: &wrong,
            immutable: false,
            mount_from: &[],
        };
        let error = client(&net).push(&push).unwrap_err();
        assert!(error.to_string().contains("digest"), "{error}");
        assert!(client(&net).head(&reference(&server.host, "tool:v1")).unwrap().is_none());
    }
    let gone = Descriptor { digest: goferry_registry::Digest::of(b"gone"), ..root };
    let push = Push { to: &to, tags: &[], root: &gone, source: &whole, immutable: false, mount_from: &[] };
    assert!(matches!(client(&net).push(&push).unwrap_err(), RegistryError::Source { .. }));
}

fn tags_are_listed_and_deleted(kind: Kind) {
    let (server, net, mut memory) = (Server::start(kind), Net::new(), Memory::default());
    let root = image(&mut memory, 1, &[10]);
    let (to, source, client) = (repository(&server.host, "tool"), source(memory), client(&net));
    assert_eq!(client.tags(&to).unwrap(), None);
    let names = tags(&["a", "b", "c"]);
    let push =
        Push { to: &to, tags: &names, root: &root, source: &source, immutable: false, mount_from: &[] };
    client.push(&push).unwrap();
    let mut all = client.tags(&to).unwrap().unwrap();
    all.sort();
    assert_eq!(all, names);
    assert!(client.delete(&to.at(&root.digest)).unwrap());
    assert!(!client.delete(&to.at(&root.digest)).unwrap());
    assert!(client.head(&reference(&server.host, "tool:a")).unwrap().is_none());
}

fn what_is_not_there_is_said(kind: Kind) {
    let (server, net) = (Server::start(kind), Net::new());
    let error = client(&net).manifest(&reference(&server.host, "no/tool:v1")).unwrap_err();
    assert!(matches!(error, RegistryError::NotFound { .. }), "{error}");
    assert!(error.to_string().contains(&format!("{}/no/tool:v1", server.host)), "{error}");
    assert!(client(&net).head(&reference(&server.host, "no/tool:v1")).unwrap().is_none());
    drop(server);
}
