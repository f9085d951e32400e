//! The client against servers of this process, which say exactly what a test needs, and against openssl's TLS.
#![expect(clippy::unwrap_used, reason = "the functions that tests share are not marked as tests")]

mod server;

use goferry_net::{Client, NetError, Options, Request};
use server::{answer, serve};
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

fn client() -> Client {
    Client::new(Options::default())
}

fn send(request: &Request) -> Result<goferry_net::Response, NetError> {
    client().send(request, &|| false)
}

#[test]
fn a_status_of_failure_is_an_answer() {
    let (url, _) = serve(&[&answer("404 Not Found", "etag: \"x\"\r\n", "gone")]);
    let got = send(&Request::get(&url)).unwrap();
    assert_eq!((got.status, got.body.as_slice(), got.header("ETag")), (404, &b"gone"[..], Some("\"x\"")));
    assert!(!got.is_success());
}

#[test]
fn what_may_be_done_twice_is_tried_again() {
    let busy = answer("503 Busy", "retry-after: 0\r\n", "");
    let (url, asked) = serve(&[&busy, "", &answer("200 OK", "", "at last")]);
    let got = send(&Request::get(&url)).unwrap();
    assert_eq!((got.status, got.body.as_slice()), (200, &b"at last"[..]));
    assert_eq!(asked.lock().unwrap().len(), 3);
    let (url, asked) = serve(&[&busy]);
    assert_eq!(send(&Request::post(&url, "text/plain", b"once".to_vec())).unwrap().status, 503);
    assert_eq!(asked.lock().unwrap().len(), 1);
}

#[test]
fn a_post_carries_its_body_and_headers_and_is_not_redirected() {
    let (other, never) = serve(&[&answer("200 OK", "", "")]);
    let (url, asked) = serve(&[&answer("307 Go", &format!("location: {other}\r\n"), "")]);
    let post = Request::post(&url, "application/json", b"{\"a\":1}".to_vec()).header("x-token", "canary");
    assert_eq!(send(&post).unwrap().status, 307);
    let asked = asked.lock().unwrap();
    assert!(asked[0].starts_with("POST / HTTP/1.1"), "{}", asked[0]);
    assert!(asked[0].ends_with("{\"a\":1}") && asked[0].contains("x-token: canary"), "{}", asked[0]);
    assert_eq!(never.lock().unwrap().len(), 0);
}

#[test]
fn a_redirection_does_not_carry_authorization() {
    let (other, asked) = serve(&[&answer("200 OK", "", "there")]);
    let (url, _) = serve(&[&answer("302 Found", &format!("location: {other}/x\r\n"), "")]);
    let got = send(&Request::get(&url).header("authorization", "Bearer canary")).unwrap();
    assert_eq!(got.body, b"there");
    let asked = asked.lock().unwrap();
    assert!(asked[0].starts_with("GET /x ") && !asked[0].contains("canary"), "{}", asked[0]);
}

#[test]
fn an_answer_is_bounded() {
    let (url, _) = serve(&[&answer("200 OK", "", "12345")]);
    assert_eq!(send(&Request::get(&url).limit(5)).unwrap().body, b"12345");
    let error = send(&Request::get(&url).limit(4)).err().unwrap();
    assert!(matches!(error, NetError::TooLarge { limit: 4, .. }), "{error}");
}

#[test]
fn a_server_that_says_nothing_is_left() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://u:canary@{}/?t=canary", listener.local_addr().unwrap());
    let get = Request::get(&url).attempts(1);
    let error = send(&get.clone().timeout(Duration::from_millis(200))).err().unwrap();
    assert!(
        matches!(error, NetError::Unreachable { .. }) && !error.to_string().contains("canary"),
        "{error}"
    );
    let begun = Instant::now();
    let error = client().send(&get, &|| begun.elapsed() > Duration::from_millis(200)).err().unwrap();
    assert!(matches!(error, NetError::Cancelled { .. }), "{error}");
}

#[test]
fn plain_http_leaves_the_machine_only_when_told() {
    let error = send(&Request::get("http://192.0.2.1/")).err().unwrap();
    assert!(matches!(error, NetError::PlainHttp { .. }), "{error}");
    for url in ["ftp://127.0.0.1/", "file:///etc/passwd", "no address", "http://"] {
        let error = send(&Request::get(url)).err().unwrap();
        assert!(matches!(error, NetError::Address { .. }), "{url}: {error}");
    }
}

#[test]
fn the_path_of_a_secret_address_is_in_no_error() {
    for url in
        ["http://127.0.0.1:1/canary?canary", "http://192.0.2.1/canary", "ftp://host/canary", "host/canary"]
    {
        let error = send(&Request::post(url, "text/plain", vec![]).secret()).err().unwrap().to_string();
        assert!(!error.contains("canary"), "{error}");
    }
}

fn openssl(args: &[&str]) {
    let made = Command::new("openssl").args(args).output().expect("openssl is needed");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}

/// openssl as a server with a certificate of an authority of its own.
#[test]
fn tls_is_trusted_by_the_named_authorities_only() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (authority, signs, key, cert) = (path("ca.pem"), path("ca.key"), path("key.pem"), path("cert.pem"));
    let new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
    let (asked, names) = (path("asked.pem"), path("names"));
    std::fs::write(&names, "subjectAltName=DNS:localhost\n").unwrap();
    openssl(
        &[&["req", "-x509", "-subj", "/CN=test", "-keyout", &signs, "-out", &authority], &new_key[..]]
            .concat(),
    );
    openssl(
        &[&["req", "-new", "-subj", "/CN=localhost", "-keyout", &key, "-out", &asked], &new_key[..]].concat(),
    );
    let from = ["-in", &asked, "-CA", &authority, "-CAkey", &signs, "-CAcreateserial"];
    openssl(&[&["x509", "-req", "-days", "2", "-extfile", &names, "-out", &cert], &from[..]].concat());
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut server = Command::new("openssl")
        .args(["s_server", "-quiet", "-www", "-accept", &port.to_string(), "-key", &key, "-cert", &cert])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let url = format!("https://localhost:{port}/");
    let named = Client::new(Options::from_env(|name| (name == "SSL_CERT_FILE").then(|| authority.clone())));
    let answer = named.send(&Request::get(&url).attempts(6), &|| false);
    let refused = send(&Request::get(&url).attempts(1));
    server.kill().unwrap();
    server.wait().unwrap();
    assert_eq!(answer.unwrap().status, 200);
    let error = refused.err().unwrap();
    assert!(error.to_string().contains("certificate"), "{error}");
}
