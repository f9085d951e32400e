//! Bodies that flow, and redirections of every method, against servers of this process.
#![expect(clippy::unwrap_used, reason = "the functions that tests share are not marked as tests")]

mod server;

use goferry_net::{Checksum, Client, NetError, Options, Request, Response, Sink};
use server::{answer, serve};
use std::io::{self, Cursor, Read, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

fn send(request: &Request) -> Result<Response, NetError> {
    Client::new(Options::default()).send(request, &|| false)
}

/// What was written into it, and whether it was finished.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<(Vec<u8>, bool)>>);

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().0.extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Sink for Kept {
    fn finish(self: Box<Self>) -> io::Result<()> {
        self.0.lock().unwrap().1 = true;
        Ok(())
    }
}

impl Kept {
    fn got(&self) -> (String, bool) {
        let kept = self.0.lock().unwrap();
        (String::from_utf8(kept.0.clone()).unwrap(), kept.1)
    }

    /// A sink that begins anew at each attempt.
    fn opened(&self) -> impl Fn() -> io::Result<Box<dyn Sink>> + Send + Sync + 'static {
        let kept = self.clone();
        move || {
            *kept.0.lock().unwrap() = (vec![], false);
            Ok(Box::new(kept.clone()))
        }
    }
}

fn text(text: &'static str) -> io::Result<Box<dyn Read + Send>> {
    Ok(Box::new(Cursor::new(text)))
}

/// SHA-256 of `abc` (FIPS 180-2, appendix B.1).
const ABC: [u8; 32] = [
    0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40, 0xde, 0x5d, 0xae, 0x22, 0x23, 0xb0,
    0x03, 0x61, 0xa3, 0x96, 0x17, 0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad,
];

#[test]
fn a_body_is_streamed_and_read_again_for_another_attempt() {
    let (url, asked) =
        serve(&[&answer("503 Busy", "retry-after: 0\r\n", ""), &answer("201 Created", "", "")]);
    let opened = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&opened);
    let put = Request::of("PUT", &url, None).attempts(2).stream(5, move || {
        seen.fetch_add(1, Ordering::Relaxed);
        text("12345 and more that is not asked for")
    });
    assert_eq!(send(&put).unwrap().status, 201);
    assert_eq!(opened.load(Ordering::Relaxed), 2);
    for request in asked.lock().unwrap().iter() {
        assert!(request.starts_with("PUT / ") && request.contains("content-length: 5\r\n"), "{request}");
        assert!(request.ends_with("\r\n\r\n12345") && !request.contains("chunked"), "{request}");
    }
}

#[test]
fn a_body_that_is_too_short_is_our_own_fault() {
    let (url, _) = serve(&[&answer("201 Created", "", "")]);
    let error = send(&Request::of("PUT", &url, None).stream(50, || text("12345"))).err().unwrap();
    assert!(matches!(error, NetError::Body { .. }), "{error}");
    let gone = || Err(io::Error::from(io::ErrorKind::NotFound));
    let error = send(&Request::of("PUT", &url, None).stream(5, gone)).err().unwrap();
    assert!(matches!(error, NetError::Body { .. }), "{error}");
}

#[test]
fn methods_have_the_bodies_that_they_may_have() {
    for (method, length) in
        [("HEAD", false), ("DELETE", false), ("PATCH", true), ("PUT", true), ("POST", true)]
    {
        let head = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 7\r\nx: 1\r\nX: 2\r\n\r\n";
        let (url, asked) = serve(&[if method == "HEAD" { head } else { "" }, &answer("202 Yes", "", "")]);
        let got = send(&Request::of(method, &url, None).attempts(2)).unwrap();
        if method == "HEAD" {
            assert_eq!((got.status, got.headers("x").collect::<Vec<_>>()), (200, vec!["1", "2"]));
            assert_eq!(got.header("content-length"), Some("7"));
        } else {
            assert_eq!(got.status, 202);
        }
        let asked = asked.lock().unwrap();
        assert!(asked[0].starts_with(&format!("{method} / ")), "{}", asked[0]);
        assert_eq!(asked[0].contains("content-length: 0\r\n"), length, "{}", asked[0]);
    }
}

#[test]
fn an_answer_flows_into_a_sink() {
    let kept = Kept::default();
    let get = |url: &str| Request::get(url).into_sink(Some(Checksum::Sha256(ABC)), kept.opened());
    let (url, _) = serve(&["HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\na", &answer("200 OK", "", "abc")]);
    let got = send(&get(&url)).unwrap();
    assert_eq!((got.status, got.body.len(), kept.got()), (200, 0, ("abc".to_owned(), true)));

    let (url, asked) = serve(&[&answer("200 OK", "", "abd")]);
    let error = send(&get(&url)).err().unwrap();
    assert!(matches!(error, NetError::Digest { .. }), "{error}");
    assert_eq!((kept.got().1, asked.lock().unwrap().len()), (false, 1));

    let (url, _) = serve(&[&answer("200 OK", "", "abc")]);
    let error = send(&get(&url).limit(2)).err().unwrap();
    assert!(matches!(error, NetError::TooLarge { limit: 2, .. }) && !kept.got().1, "{error}");

    // What a failure says is no content.
    *kept.0.lock().unwrap() = (vec![], false);
    let (url, _) = serve(&[&answer("404 Not Found", "", "gone")]);
    let got = send(&get(&url)).unwrap();
    assert_eq!((got.status, got.body.as_slice(), kept.got()), (404, &b"gone"[..], (String::new(), false)));
}

#[test]
fn an_answer_of_401_is_an_answer() {
    let challenge =
        "www-authenticate: Bearer realm=\"https://a/t\"\r\nwww-authenticate: Basic realm=\"x\"\r\n";
    let (url, _) = serve(&[&answer("401 Unauthorized", challenge, "no")]);
    let got = send(&Request::of("HEAD", &url, None)).unwrap();
    assert_eq!((got.status, got.headers("WWW-Authenticate").count()), (401, 2));
}

#[test]
fn a_redirection_keeps_the_body_where_it_was_asked_to() {
    let (other, asked) = serve(&[&answer("201 Created", "location: ../up?x=1\r\n", "")]);
    let (url, _) = serve(&[&answer("307 Go", &format!("location: {other}/a/b\r\n"), "")]);
    let put = Request::of("PUT", &url, None)
        .header("authorization", "Basic canary")
        .stream(3, || text("abc"))
        .follow();
    let got = send(&put).unwrap();
    assert_eq!((got.status, got.location()), (201, Some(format!("{other}/up?x=1"))));
    let asked = asked.lock().unwrap();
    assert!(asked[0].starts_with("PUT /a/b ") && asked[0].ends_with("\r\n\r\nabc"), "{}", asked[0]);
    assert!(!asked[0].contains("canary"), "{}", asked[0]);
}

#[test]
fn a_redirection_on_one_host_keeps_authorization() {
    let (url, asked) = serve(&[&answer("302 Found", "location: /there\r\n", ""), &answer("200 OK", "", "")]);
    send(&Request::get(&url).header("authorization", "Basic mine")).unwrap();
    assert!(asked.lock().unwrap()[1].contains("authorization: Basic mine"));
}

#[test]
fn a_redirection_does_not_leave_the_machine_over_plain_http() {
    let (url, _) = serve(&[&answer("302 Found", "location: http://192.0.2.1/\r\n", "")]);
    let error = send(&Request::get(&url)).err().unwrap();
    assert!(matches!(error, NetError::PlainHttp { .. }), "{error}");
    // What is allowed to the one is not to whoever it names.
    let error = send(&Request::get(&url).plain_http()).err().unwrap();
    assert!(matches!(error, NetError::PlainHttp { .. }), "{error}");
    let (url, asked) = serve(&[&answer("302 Found", "location: /again\r\n", "")]);
    let error = send(&Request::get(&url).attempts(1)).err().unwrap();
    assert!(error.to_string().contains("again and again"), "{error}");
    assert_eq!(asked.lock().unwrap().len(), 6);
}
