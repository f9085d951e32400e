//! Connections that break, registries that are busy or full.

use super::gateway::{Do, Gateway};
use super::server::{Kind, Server};
use super::{ALL, Check, DISTRIBUTION, Net, Taken, client, image, reference, repository, source};
use goferry_net::NetError;
use goferry_registry::{Memory, Push, RegistryError};

pub(crate) const CHECKS: &[Check] = &[
    ("a_killed_connection_is_resumed", DISTRIBUTION, &[], a_killed_connection_is_resumed),
    ("a_killed_connection_is_begun_anew", ALL, &[], a_killed_connection_is_begun_anew),
    ("a_lost_answer_is_asked_for", ALL, &[], a_lost_answer_is_asked_for),
    ("a_busy_registry_is_waited_for", ALL, &[], a_busy_registry_is_waited_for),
    ("what_never_works_is_given_up", ALL, &[], what_never_works_is_given_up),
    ("too_much_at_once_is_sent_in_pieces", ALL, &[], too_much_at_once_is_sent_in_pieces),
    ("a_full_disk_is_said", DISTRIBUTION, &["unshare"], a_full_disk_is_said),
    ("a_registry_without_room_is_not_asked_again", ALL, &[], a_registry_without_room_is_not_asked_again),
    ("a_quota_is_what_is_said_and_no_name", ALL, &[], a_quota_is_what_is_said_and_no_name),
    ("a_pull_is_begun_anew", ALL, &[], a_pull_is_begun_anew),
];

const SIZE: usize = 12_000_000;

fn a_quota_is_what_is_said_and_no_name(kind: Kind) {
    let (server, net) = (Server::start(kind), Net::new());
    let asked = |status: &'static str, code: &'static str, message: &'static str| {
        let answer = serde_json::json!({"errors": [{"code": code, "message": message, "detail": {"name": "quota/x"}}]});
        let gateway = Gateway::before(&server.host, move |_, path| match path.contains("/manifests/") {
            true => Do::Answer(status.to_owned(), answer.to_string()),
            false => Do::Forward,
        });
        client(&net).manifest(&reference(&gateway.host, "quota/x:v1")).unwrap_err()
    };
    let error = asked("404 Not Found", "MANIFEST_UNKNOWN", "manifest unknown");
    assert!(matches!(error, RegistryError::NotFound { .. }), "{error}");
    let error = asked("403 Forbidden", "DENIED", "requested access is denied");
    assert!(matches!(error, RegistryError::Unauthorized { .. }), "{error}");
    let error = asked("403 Forbidden", "DENIED", "the project's storage Quota is used up");
    assert!(matches!(error, RegistryError::NoSpace { .. }), "{error}");
    let error = asked("429 Too Many Requests", "TOOMANYREQUESTS", "Quota exceeded");
    assert!(matches!(error, RegistryError::Refused { status: 429, .. }), "{error}");
}

/// Every request carries at most 3 MB and is then cut: more cuts than attempts, but each gets further.
fn a_killed_connection_is_resumed(kind: Kind) {
    let (server, net, mut memory) = (Server::start(kind), Net::new(), Memory::default());
    let root = image(&mut memory, 1, &[SIZE]);
    let gateway = Gateway::before(&server.host, |method, _| match method {
        "PATCH" => Do::CutAfter(3_000_000),
        _ => Do::Forward,
    });
    let (to, source) = (repository(&gateway.host, "tool"), source(memory));
    let push = Push {
        to: &to,
        tags: &["v1".to_owned()],
        root: &root,
        source: &source,
        immutable: false,
        mount_from: &[],
    };
    let done = client(&net).push(&push);
    assert!(done.is_ok(), "{done:?} {:#?}\n{}", gateway.asked(), server.log());
    let patches: Vec<u64> = gateway.asked().iter().filter(|a| a.method == "PATCH").map(|a| a.sent).collect();
    let sent: u64 = patches.iter().sum();
    if kind == Kind::Distribution3 {
        // It may lose what it had not written when the connection broke.
        assert!(patches.len() >= 4 && sent < 2 * SIZE as u64, "{patches:?}");
        assert_eq!(
            gateway.count("POST", "/uploads/"),
            2,
            "one upload for the layer, one for the configuration"
        );
    } else {
        // 2.8 finds more than it remembers ("upload resumed at wrong offest") and takes pieces only.
        assert_eq!(patches, [3_000_000; 5], "the whole, cut; then in pieces");
    }
    let taken = Taken::default();
    client(&net).pull(&reference(&server.host, "tool:v1"), None, &taken.sink()).unwrap();
    assert_eq!(taken.count(), 3);
}

/// crane forgets an upload whose connection breaks.
fn a_killed_connection_is_begun_anew(kind: Kind) {
    let (server, net, mut memory) = (Server::start(kind), Net::new(), Memory::default());
    let root = image(&mut memory, 1, &[SIZE, 1000]);
    let mut cuts = 0;
    let gateway = Gateway::before(&server.host, move |method, _| {
        cuts += usize::from(matches!(method, "PATCH" | "PUT"));
        match method {
            "PATCH" | "PUT" if cuts <= 3 => Do::CutAfter(500),
            _ => Do::Forward,
        }
    });
    let (to, source) = (repository(&gateway.host, "tool"), source(memory));
    let push = Push {
        to: &to,
        tags: &["v1".to_owned()],
        root: &root,
        source: &source,
        immutable: false,
        mount_from: &[],
    };
    client(&net).push(&push).unwrap();
    let taken = Taken::default();
    client(&net).pull(&reference(&server.host, "tool:v1"), None, &taken.sink()).unwrap();
    assert_eq!(taken.count(), 4);
}

fn a_lost_answer_is_asked_for(kind: Kind) {
    let (server, net, mut memory) = (Server::start(kind), Net::new(), Memory::default());
    let root = image(&mut memory, 1, &[2 << 20]);
    let mut lost = [false; 2];
    let gateway = Gateway::before(&server.host, move |method, path| {
        let which = usize::from(path.contains("/manifests/"));
        if method == "PUT" && !std::mem::replace(&mut lost[which], true) {
            Do::LoseAnswer
        } else {
            Do::Forward
        }
    });
    let (to, source) = (repository(&gateway.host, "tool"), source(memory));
    let push = Push {
        to: &to,
        tags: &["v1".to_owned()],
        root: &root,
        source: &source,
        immutable: false,
        mount_from: &[],
    };
    client(&net).push(&push).unwrap();
    let bytes: u64 = gateway.asked().iter().filter(|a| a.method == "PATCH").map(|a| a.sent).sum();
    assert_eq!(bytes, 2 << 20, "the layer was sent once");
    assert!(client(&net).head(&reference(&server.host, "tool:v1")).unwrap().is_some());
}

fn a_busy_registry_is_waited_for(kind: Kind) {
    let (server, net, mut memory) = (Server::start(kind), Net::new(), Memory::default());
    let root = image(&mut memory, 1, &[2 << 20]);
    // Everything is refused twice: once with a time, once without.
    let mut seen = std::collections::HashMap::new();
    let gateway = Gateway::before(&server.host, move |method, path| {
        // Every upload has an address of its own.
        let kind = path.split("/uploads/").next().unwrap().to_owned();
        let n = seen.entry((method.to_owned(), kind)).or_insert(0);
        *n += 1;
        match n {
            1 => Do::Answer("429 Too Many Requests\r\nretry-after: 0".to_owned(), String::new()),
            2 => Do::Answer("503 Service Unavailable".to_owned(), "busy".to_owned()),
            _ => Do::Forward,
        }
    });
    let (to, source) = (repository(&gateway.host, "tool"), source(memory));
    let push = Push {
        to: &to,
        tags: &["v1".to_owned()],
        root: &root,
        source: &source,
        immutable: false,
        mount_from: &[],
    };
    let options = goferry_registry::Options { attempts: 8, ..super::options() };
    let client = goferry_registry::Client::new(&net, goferry_registry::Credentials::none(), options);
    client.push(&push).unwrap();
    assert!(client.head(&reference(&server.host, "tool:v1")).unwrap().is_some());
}

fn what_never_works_is_given_up(kind: Kind) {
    let (server, net, mut memory) = (Server::start(kind), Net::new(), Memory::default());
    let root = image(&mut memory, 1, &[2 << 20]);
    let gateway = Gateway::before(&server.host, |method, _| match method {
        "PATCH" => Do::Answer("500 Internal Server Error".to_owned(), "something is wrong here".to_owned()),
        _ => Do::Forward,
    });
    let (to, source) = (repository(&gateway.host, "tool"), source(memory));
    let push = Push {
        to: &to,
        tags: &["v1".to_owned()],
        root: &root,
        source: &source,
        immutable: false,
        mount_from: &[],
    };
    let error = client(&net).push(&push).unwrap_err();
    assert!(error.to_string().contains("500: something is wrong here"), "{error}");
    assert_eq!(gateway.count("PATCH", ""), 5);
    assert_eq!(gateway.count("DELETE", "/uploads/"), 1, "the registry is told that nobody goes on");
    assert!(client(&net).head(&reference(&server.host, "tool:v1")).unwrap().is_none());

    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let error = client(&net).head(&reference(&nobody.to_string(), "tool:v1")).unwrap_err();
    assert!(matches!(error, RegistryError::Net(NetError::Unreachable { .. })), "{error}");
}

fn too_much_at_once_is_sent_in_pieces(kind: Kind) {
    let (server, net, mut memory) = (Server::start(kind), Net::new(), Memory::default());
    let root = image(&mut memory, 1, &[SIZE]);
    let mut first = true;
    let gateway = Gateway::before(&server.host, move |method, _| match method {
        "PATCH" if std::mem::take(&mut first) => {
            Do::Answer("413 Request Entity Too Large".to_owned(), "<html>too large</html>".to_owned())
        }
        _ => Do::Forward,
    });
    let to = repository(&gateway.host, "tool");
    let push = Push {
        to: &to,
        tags: &["v1".to_owned()],
        root: &root,
        source: &source(memory),
        immutable: false,
        mount_from: &[],
    };
    client(&net).push(&push).unwrap();
    let patches: Vec<u64> = gateway.asked().iter().filter(|a| a.method == "PATCH").map(|a| a.sent).collect();
    assert_eq!(patches, [SIZE as u64, 8 << 20, SIZE as u64 - (8 << 20)]);
}

/// A real disk that is full: a tmpfs of four megabytes.
fn a_full_disk_is_said(kind: Kind) {
    let (server, net, mut memory) = (Server::on_small_disk(kind, 4096), Net::new(), Memory::default());
    let (small, large) = (image(&mut memory, 1, &[1000]), image(&mut memory, 2, &[8 << 20]));
    let (to, source) = (repository(&server.host, "tool"), source(memory));
    let push = |root| Push { to: &to, tags: &[], root, source: &source, immutable: false, mount_from: &[] };
    client(&net).push(&push(&small)).unwrap();
    let error = client(&net).push(&push(&large)).unwrap_err();
    assert!(matches!(error, RegistryError::NoSpace { .. }), "{error:?}\n{}", server.log());
    assert!(client(&net).head(&to.at(&large.digest)).unwrap().is_none());
    // What was whole stays whole.
    let taken = Taken::default();
    client(&net).pull(&to.at(&small.digest), None, &taken.sink()).unwrap();
    assert_eq!(taken.count(), 3);
}

fn a_registry_without_room_is_not_asked_again(kind: Kind) {
    let (server, net, mut memory) = (Server::start(kind), Net::new(), Memory::default());
    let root = image(&mut memory, 1, &[2 << 20]);
    let gateway = Gateway::before(&server.host, |method, _| match method {
        "PATCH" => Do::Answer("507 Insufficient Storage".to_owned(), String::new()),
        _ => Do::Forward,
    });
    let to = repository(&gateway.host, "tool");
    let push =
        Push { to: &to, tags: &[], root: &root, source: &source(memory), immutable: false, mount_from: &[] };
    let error = client(&net).push(&push).unwrap_err();
    assert!(matches!(error, RegistryError::NoSpace { .. }), "{error}");
    assert_eq!(gateway.count("PATCH", ""), 1);
}

fn a_pull_is_begun_anew(kind: Kind) {
    let (server, net, mut memory) = (Server::start(kind), Net::new(), Memory::default());
    let root = image(&mut memory, 1, &[1 << 20]);
    let to = repository(&server.host, "tool");
    let push = Push {
        to: &to,
        tags: &["v1".to_owned()],
        root: &root,
        source: &source(memory),
        immutable: false,
        mount_from: &[],
    };
    client(&net).push(&push).unwrap();
    let mut broken = false;
    let gateway = Gateway::before(&server.host, move |_, path| {
        if path.contains("/blobs/") && !std::mem::replace(&mut broken, true) {
            Do::LoseAnswer
        } else {
            Do::Forward
        }
    });
    let taken = Taken::default();
    client(&net).pull(&reference(&gateway.host, "tool:v1"), None, &taken.sink()).unwrap();
    assert_eq!(taken.count(), 3);
    // Other bytes than the digest says are never kept.
    let gateway = Gateway::before(&server.host, |_, path| match path.contains("/blobs/") {
        true => Do::Answer("200 OK".to_owned(), "something else".to_owned()),
        false => Do::Forward,
    });
    let taken = Taken::default();
    let error = client(&net).pull(&reference(&gateway.host, "tool:v1"), None, &taken.sink()).unwrap_err();
    assert!(matches!(error, RegistryError::Digest { .. }) && taken.count() == 0, "{error}");
}
