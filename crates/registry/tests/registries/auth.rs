//! Logging in: passwords (htpasswd), and tokens of a server of this test, which distribution checks by their signatures.

use super::gateway::{Do, Gateway};
use super::server::{Kind, Server, find};
use super::{ALL, Check, DISTRIBUTION, Net, Taken, image, options, reference, repository, source};
use base64ct::{Base64, Base64UrlUnpadded, Encoding as _};
use goferry_registry::{
    BlobSource, Client, Credentials, Descriptor, Digest, HelperOutput, Memory, Push, Pushed, RegistryError,
};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

pub(crate) const CHECKS: &[Check] = &[
    ("passwords_are_given", DISTRIBUTION, &[], passwords_are_given),
    ("tokens_are_asked_for", DISTRIBUTION, &["openssl"], tokens_are_asked_for),
    ("mounting_asks_for_both_repositories", DISTRIBUTION, &["openssl"], mounting_asks_for_both_repositories),
    ("a_token_that_ends_is_renewed", DISTRIBUTION, &["openssl"], a_token_that_ends_is_renewed),
    ("another_host_may_not_ask_who_we_are", ALL, &[], another_host_may_not_ask_who_we_are),
    ("a_mount_that_is_refused_is_a_push", DISTRIBUTION, &[], a_mount_that_is_refused_is_a_push),
    ("another_host_gets_no_token", DISTRIBUTION, &["openssl"], another_host_gets_no_token),
];

/// `htpasswd -nbB me se:cret`
const HTPASSWD: &str = "me:$2y$05$AlR5J4hW2/DKTK58oD3NyufakVud3gZm5GetwF9iLz26iLogBkQOy\n";

fn config(host: &str, entry: Value) -> String {
    json!({"auths": {host: entry}}).to_string()
}

fn password(host: &str, password: &str) -> String {
    config(host, json!({"auth": Base64::encode_string(format!("me:{password}").as_bytes())}))
}

fn no_helper(_: &str, _: &str) -> Result<HelperOutput, String> {
    Err("there is none".to_owned())
}

/// An image in memory.
fn one() -> (Descriptor, Arc<dyn BlobSource>) {
    let mut memory = Memory::default();
    let root = image(&mut memory, 1, &[1000, 2 << 20]);
    (root, source(memory))
}

fn push(client: &Client<'_>, host: &str, path: &str) -> Result<Pushed, RegistryError> {
    let (root, source) = one();
    let to = repository(host, path);
    let tags = ["v1".to_owned()];
    client.push(&Push {
        to: &to,
        tags: &tags,
        root: &root,
        source: &source,
        immutable: true,
        mount_from: &[],
    })
}

fn as_user<'n>(net: &'n Net, text: &str) -> Client<'n> {
    Client::new(net, Credentials::parse(text.as_bytes(), no_helper).unwrap(), options())
}

fn passwords_are_given(kind: Kind) {
    let more = "auth:\n  htpasswd: {realm: here, path: FOLDER/htpasswd}";
    let server =
        Server::with(kind, more, |folder| std::fs::write(folder.join("htpasswd"), HTPASSWD).unwrap());
    let (net, host) = (Net::new(), &server.host);
    let nobody = Client::new(&net, Credentials::none(), options());
    let error = push(&nobody, host, "tool").unwrap_err();
    assert!(matches!(error, RegistryError::Unauthorized { .. }), "{error}");
    assert!(error.to_string().contains("there are no credentials for it"), "{error}");
    let error = push(&as_user(&net, &password(host, "canary")), host, "tool").unwrap_err();
    assert!(matches!(error, RegistryError::Unauthorized { .. }), "{error}");
    assert!(error.to_string().contains("credentials of Docker's configuration were refused"), "{error}");
    assert!(!format!("{error} {error:?}").contains("canary"), "{error:?}");
    assert_eq!(push(&as_user(&net, &password(host, "se:cret")), host, "tool").unwrap().sent, 3);

    let helper = |name: &str, server: &str| {
        assert_eq!((name, server), ("mine", host.as_str()));
        let said = json!({"ServerURL": server, "Username": "me", "Secret": "se:cret"}).to_string();
        Ok(HelperOutput { success: true, stdout: said.into_bytes() })
    };
    let text = json!({"credHelpers": {host.as_str(): "mine"}}).to_string();
    let client = Client::new(&net, Credentials::parse(text.as_bytes(), helper).unwrap(), options());
    assert_eq!(push(&client, host, "tool").unwrap().there, 3);
}

fn tokens_are_asked_for(kind: Kind) {
    let (tokens, server) = Tokens::with_registry(kind);
    let (net, host) = (Net::new(), &server.host);
    let nobody = Client::new(&net, Credentials::none(), options());
    let error = push(&nobody, host, "tool").unwrap_err().to_string();
    assert!(
        error.contains("UNAUTHORIZED") || error.contains("DENIED") || error.contains("does not let"),
        "{error}"
    );
    let error = push(&as_user(&net, &password(host, "canary")), host, "tool").unwrap_err().to_string();
    assert!(error.contains("/token") && error.contains("401") && !error.contains("canary"), "{error}");

    tokens.asked.lock().unwrap().clear();
    assert_eq!(push(&as_user(&net, &password(host, "se:cret")), host, "tool").unwrap().sent, 3);
    assert_eq!(*tokens.asked.lock().unwrap(), ["GET repository:tool:pull,push"], "one token does for all");
    let identity = config(host, json!({"auth": "bWU6", "identitytoken": "refresh me"}));
    assert_eq!(push(&as_user(&net, &identity), host, "other").unwrap().sent, 3);
    assert_eq!(tokens.asked.lock().unwrap()[1], "POST repository:other:pull,push");
    // Reading is for everybody here.
    let taken = Taken::default();
    nobody.pull(&reference(host, "tool:v1"), None, &taken.sink()).unwrap();
    assert_eq!((taken.count(), tokens.asked.lock().unwrap()[2].as_str()), (4, "GET repository:tool:pull"));
}

fn mounting_asks_for_both_repositories(kind: Kind) {
    let (tokens, server) = Tokens::with_registry(kind);
    let net = Net::new();
    let client = as_user(&net, &password(&server.host, "se:cret"));
    push(&client, &server.host, "one").unwrap();
    assert_eq!(push(&client, &server.host, "two").unwrap().mounted, 3);
    let asked = tokens.asked.lock().unwrap();
    assert!(asked.contains(&"GET repository:two:pull,push repository:one:pull".to_owned()), "{asked:?}");
}

fn a_token_that_ends_is_renewed(kind: Kind) {
    let (tokens, server) = Tokens::with_registry(kind);
    let net = Net::new();
    let (realm, mut once) = (tokens.realm.clone(), true);
    let gateway = Gateway::before(&server.host, move |method, _| match method {
        "PATCH" if std::mem::take(&mut once) => Do::Answer(
            format!(
                "401 Unauthorized\r\nwww-authenticate: Bearer realm=\"{realm}\",service=\"here\",scope=\"repository:tool:pull,push\",error=\"invalid_token\""
            ),
            String::new(),
        ),
        _ => Do::Forward,
    });
    push(&as_user(&net, &password(&gateway.host, "se:cret")), &gateway.host, "tool").unwrap();
    assert_eq!(gateway.count("PATCH", ""), 2);
    assert_eq!(tokens.asked.lock().unwrap().len(), 2);
}

/// A host that readers are sent to may not have them log in, or it would learn their passwords.
fn another_host_may_not_ask_who_we_are(kind: Kind) {
    let server = Server::start(kind);
    let net = Net::new();
    let elsewhere = Gateway::before(&server.host, |_, _| Do::Forward);
    let realm = format!("http://{}/token", elsewhere.host);
    let thief = Gateway::before(&server.host, move |_, _| {
        Do::Answer(
            format!("401 Unauthorized\r\nwww-authenticate: Bearer realm=\"{realm}\",service=\"here\""),
            String::new(),
        )
    });
    let to = format!("http://{}/bucket/x", thief.host);
    let gateway = Gateway::before(&server.host, move |_, path| match path.contains("/blobs/") {
        true => Do::Answer(format!("307 Temporary Redirect\r\nlocation: {to}"), String::new()),
        false => Do::Forward,
    });
    let client = as_user(&net, &password(&gateway.host, "se:cret"));
    let blob = Descriptor::of("application/json", b"{}");
    let error = client.small_blob(&repository(&gateway.host, "tool"), &blob).unwrap_err();
    assert!(matches!(error, RegistryError::Unauthorized { .. }), "{error}");
    assert_eq!(thief.asked().len(), 1);
    assert!(elsewhere.asked().is_empty(), "{:?}", elsewhere.asked());
}

/// A token server that refuses whoever asks for two repositories at once.
fn a_mount_that_is_refused_is_a_push(kind: Kind) {
    let server = Server::start(kind);
    let net = Net::new();
    let denies = Gateway::before(&server.host, |_, _| Do::Answer("403 Forbidden".to_owned(), String::new()));
    let realm = format!("http://{}/token", denies.host);
    let gateway = Gateway::before(&server.host, move |_, path| match path.contains("mount=") {
        true => Do::Answer(
            format!("401 Unauthorized\r\nwww-authenticate: Bearer realm=\"{realm}\",service=\"here\""),
            String::new(),
        ),
        false => Do::Forward,
    });
    let client = as_user(&net, &password(&gateway.host, "se:cret"));
    push(&client, &gateway.host, "one").unwrap();
    let pushed = push(&client, &gateway.host, "two").unwrap();
    assert_eq!((pushed.mounted, pushed.sent), (0, 3));
    assert!(denies.count("GET", "/token") > 0);
}

/// Registries keep blobs elsewhere and send readers there.
fn another_host_gets_no_token(kind: Kind) {
    let (_tokens, server) = Tokens::with_registry(kind);
    let (net, host) = (Net::new(), &server.host);
    let content = b"{\"a\": 1}".to_vec();
    let blob = Descriptor::of("application/json", &content);
    let text = String::from_utf8(content).unwrap();
    let elsewhere = Gateway::before(host, move |_, _| Do::Answer("200 OK".to_owned(), text.clone()));
    let to = format!("http://{}/bucket/x?signature=1", elsewhere.host);
    let gateway = Gateway::before(host, move |_, path| match path.contains("/blobs/") {
        true => Do::Answer(format!("307 Temporary Redirect\r\nlocation: {to}"), String::new()),
        false => Do::Forward,
    });
    let client = as_user(&net, &password(&gateway.host, "se:cret"));
    // Logs in.
    assert!(client.head(&reference(&gateway.host, "tool:v1")).unwrap().is_none());
    let got = client.small_blob(&repository(&gateway.host, "tool"), &blob).unwrap();
    assert_eq!(Digest::of(&got), blob.digest);
    assert!(gateway.asked().iter().any(|a| a.path.contains("/blobs/") && a.authorized));
    assert!(elsewhere.asked().iter().all(|a| a.path.contains("/bucket/x?") && !a.authorized));
    assert_eq!(elsewhere.asked().len(), 1);
}

/// A token server: `me` with `se:cret` may do everything, everybody may read.
struct Tokens {
    realm: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Tokens {
    fn with_registry(kind: Kind) -> (Tokens, Server) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let realm = format!("http://{}/token", listener.local_addr().unwrap());
        let more = format!(
            "auth:\n  token: {{realm: '{realm}', service: here, issuer: tests, rootcertbundle: FOLDER/cert.pem}}"
        );
        let server = Server::with(kind, &more, |folder| {
            let made = Command::new(find("openssl").unwrap())
                .current_dir(folder)
                .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=tests", "-days", "2"])
                .args(["-keyout", "key.pem", "-out", "cert.pem"])
                .stderr(Stdio::null())
                .status();
            assert!(made.unwrap().success());
        });
        let (asked, folder) = (Arc::new(Mutex::new(vec![])), server.folder.path().to_owned());
        let seen = Arc::clone(&asked);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                drop(serve(&stream.unwrap(), &folder, &seen));
            }
        });
        (Tokens { realm, asked }, server)
    }
}

fn serve(stream: &TcpStream, folder: &Path, seen: &Mutex<Vec<String>>) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 || line.trim().is_empty() {
            break;
        }
        if let Some(n) = line.to_lowercase().strip_prefix("content-length:") {
            length = n.trim().parse().unwrap();
        }
        head += &line;
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let method = head.split(' ').next().unwrap();
    let query = match method {
        "POST" => String::from_utf8(body).unwrap(),
        _ => head.split(' ').nth(1).unwrap().split('?').nth(1).unwrap_or_default().to_owned(),
    };
    let fields: Vec<(String, String)> = query
        .split('&')
        .filter_map(|f| f.split_once('='))
        .map(|(k, v)| (k.to_owned(), unescaped(v)))
        .collect();
    let all = |name: &str| -> Vec<&str> {
        fields.iter().filter(|(k, _)| k == name).flat_map(|(_, v)| v.split(' ')).collect()
    };
    let basic = format!("basic {}", Base64::encode_string(b"me:se:cret")).to_lowercase();
    let names_somebody = head.to_lowercase().contains("\nauthorization:") || method == "POST";
    let knows = head.to_lowercase().contains(&basic)
        || (all("grant_type") == ["refresh_token"]
            && fields.contains(&("refresh_token".into(), "refresh me".into())));
    assert_eq!(all("service"), ["here"]);
    let mut stream = stream;
    if names_somebody && !knows {
        return stream
            .write_all(b"HTTP/1.1 401 Unauthorized\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
    }
    let number = {
        let mut seen = seen.lock().unwrap();
        seen.push(format!("{method} {}", all("scope").join(" ")));
        seen.len()
    };
    let token = signed(folder, number, &access(&all("scope"), knows));
    let name = if method == "POST" { "access_token" } else { "token" };
    let answer = json!({name: token, "expires_in": 300}).to_string();
    write!(stream, "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{answer}", answer.len())
}

/// What a token allows.
fn access(scopes: &[&str], knows: bool) -> Vec<Value> {
    let one = |scope: &&str| {
        let parts: Vec<&str> = scope.split(':').collect();
        let actions: Vec<&str> = parts[2].split(',').filter(|a| knows || *a == "pull").collect();
        json!({"type": parts[0], "name": parts[1], "actions": actions})
    };
    scopes.iter().map(one).collect()
}

/// A JSON web token with its certificate, as distribution checks it.
fn signed(folder: &Path, number: usize, access: &[Value]) -> String {
    let pem = std::fs::read_to_string(folder.join("cert.pem")).unwrap();
    let cert: String = pem.lines().filter(|l| !l.starts_with("-----")).collect();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let part = |v: Value| Base64UrlUnpadded::encode_string(v.to_string().as_bytes());
    let message = format!(
        "{}.{}",
        part(json!({"typ": "JWT", "alg": "RS256", "x5c": [cert]})),
        part(json!({
            "iss": "tests", "sub": "me", "aud": "here", "exp": now + 300, "nbf": now - 10, "iat": now - 10,
            "jti": number.to_string(), "access": access,
        }))
    );
    let key: PathBuf = folder.join("key.pem");
    let mut openssl = Command::new(find("openssl").unwrap())
        .args(["dgst", "-sha256", "-sign"])
        .arg(key)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    openssl.stdin.take().unwrap().write_all(message.as_bytes()).unwrap();
    let signature = openssl.wait_with_output().unwrap().stdout;
    format!("{message}.{}", Base64UrlUnpadded::encode_string(&signature))
}

fn unescaped(text: &str) -> String {
    let (mut out, bytes) = (vec![], text.as_bytes());
    let mut i = 0;
    while i < bytes.len() {
        if bytes[i] == b'%' {
            out.push(u8::from_str_radix(&text[i + 1..i + 3], 16).unwrap());
            i += 3;
        } else {
            out.push(bytes[i]);
            i += 1;
        }
    }
    String::from_utf8(out).unwrap()
}
