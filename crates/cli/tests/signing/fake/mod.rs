//! A stand-in for Sigstore's services, which follows their protocols with keys that everybody knows: an issuer of identity tokens, Fulcio's
//! `signingCert`, Rekor 1, a timestamp authority, and the trusted root for all of them. It is named a fake in whatever it signs.

mod ca;
mod der;
mod log;

use base64ct::{Base64, Base64UrlUnpadded, Encoding as _};
use ca::Key;
use log::Log;
use p256::ecdsa::signature::hazmat::PrehashVerifier as _;
use p256::ecdsa::signature::{Signer as _, Verifier as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

pub(crate) const ISSUER: &str = "https://issuer.example";
pub(crate) const WHO: &str = "release@example.com";
/// What GitHub Actions would ask for its token with.
pub(crate) const BEARER: &str = "canary-bearer-of-actions";

fn now() -> i64 {
    i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()).unwrap()
}

struct Shared {
    root: Key,
    certificates: Key,
    log: Key,
    timestamps: Key,
    issuer: Key,
    timestamper: Vec<u8>,
    authority: Vec<u8>,
    entries: Mutex<Log>,
    asked: Mutex<Vec<String>>,
}

/// The services, for as long as the test runs.
pub(crate) struct Fake {
    address: String,
    shared: Arc<Shared>,
}

impl Fake {
    pub(crate) fn start() -> Fake {
        let (root, timestamps) = (Key::new(1), Key::new(4));
        let shared = Arc::new(Shared {
            authority: ca::root(&root),
            timestamper: ca::timestamper(&root, &timestamps),
            root,
            certificates: Key::new(2),
            log: Key::new(3),
            timestamps,
            issuer: Key::new(5),
            entries: Mutex::new(Log::new()),
            asked: Mutex::default(),
        });
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let served = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&served);
                std::thread::spawn(move || serve(&stream, &shared));
            }
        });
        Fake { address, shared }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.address)
    }

    /// What was asked for so far, by path.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.shared.asked.lock().unwrap().clone()
    }

    /// A token for the fake's own identity that runs out so many seconds from now.
    pub(crate) fn token(&self, seconds: i64) -> String {
        token(&self.shared, seconds)
    }

    /// `trusted_root.json` for all of it.
    pub(crate) fn trusted_root(&self) -> String {
        let s = &self.shared;
        let raw = |der: &[u8]| json!({ "rawBytes": Base64::encode_string(der) });
        let start = "2020-01-01T00:00:00Z";
        let log = |key: &Key| {
            json!({
                "baseUrl": self.address, "hashAlgorithm": "SHA2_256",
                "publicKey": {
                    "rawBytes": Base64::encode_string(&key.public),
                    "keyDetails": "PKIX_ECDSA_P256_SHA_256", "validFor": { "start": start },
                },
                "logId": { "keyId": Base64::encode_string(&key.id()) },
            })
        };
        let authority = |certificates: &[&[u8]]| {
            json!({
                "subject": { "organization": "fake", "commonName": "fake" }, "uri": self.address,
                "certChain": { "certificates": certificates.iter().map(|c| raw(c)).collect::<Vec<_>>() },
                "validFor": { "start": start },
            })
        };
        json!({
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "tlogs": [log(&s.log)],
            "certificateAuthorities": [authority(&[&s.authority])],
            "ctlogs": [log(&s.certificates)],
            "timestampAuthorities": [authority(&[&s.timestamper, &s.authority])],
        })
        .to_string()
    }
}

fn token(s: &Shared, seconds: i64) -> String {
    let part = |v: &Value| Base64UrlUnpadded::encode_string(v.to_string().as_bytes());
    let head = part(&json!({ "alg": "ES256", "typ": "JWT" }));
    let claims = part(&json!({
        "iss": ISSUER, "sub": "canary-subject", "aud": "sigstore", "email": WHO, "email_verified": true,
        "iat": now() - 5, "exp": now() + seconds,
    }));
    let message = format!("{head}.{claims}");
    let signature: p256::ecdsa::Signature = s.issuer.secret.sign(message.as_bytes());
    format!("{message}.{}", Base64UrlUnpadded::encode_string(&signature.to_bytes()))
}

struct Asked {
    path: String,
    bearer: String,
    body: Vec<u8>,
}

fn read(stream: &TcpStream) -> Option<Asked> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let path = line.split_whitespace().nth(1)?.to_owned();
    let (mut bearer, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim().split_once(':') else { break };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.trim().parse().ok()?,
            "authorization" => {
                let word = value.trim().split_once(' ').filter(|(w, _)| w.eq_ignore_ascii_case("bearer"));
                bearer = word.map(|(_, t)| t.to_owned()).unwrap_or_default();
            }
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Asked { path, bearer, body })
}

fn serve(stream: &TcpStream, shared: &Shared) {
    let Some(asked) = read(stream) else { return };
    shared.asked.lock().unwrap().push(asked.path.clone());
    let (status, location, kind, body) = answer(&asked, shared);
    let location = if location.is_empty() {
        String::new()
    } else {
        format!("Location: {location}\r\nETag: {}\r\n", location.rsplit('/').next().unwrap())
    };
    let head = format!(
        "HTTP/1.1 {status} x\r\nContent-Type: {kind}\r\n{location}Content-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    let mut stream = stream;
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body));
}

/// Status, Location, type and body.
fn answer(asked: &Asked, s: &Shared) -> (u16, String, &'static str, Vec<u8>) {
    let json = |status: u16, location: String, v: &Value| {
        (status, location, "application/json", v.to_string().into_bytes())
    };
    let plain = |status: u16, v: &Value| json(status, String::new(), v);
    // Moods of a service that does not do what it should.
    if asked.path.starts_with("/down/") {
        return plain(503, &json!({ "message": "come back later" }));
    }
    if asked.path.starts_with("/refuse/") {
        return plain(403, &json!({ "code": 7, "message": format!("{} is nobody here", asked.bearer) }));
    }
    let (mood, path) = match asked.path.strip_prefix("/other/") {
        Some(rest) => (true, format!("/{rest}")),
        None => (false, asked.path.clone()),
    };
    match path.as_str() {
        "/api/v2/signingCert" => match certify(asked, s, mood) {
            Ok(chain) => {
                plain(200, &json!({ "signedCertificateEmbeddedSct": { "chain": { "certificates": chain } } }))
            }
            Err(why) => plain(400, &json!({ "code": 3, "message": why })),
        },
        "/api/v1/log/entries" => {
            let mut entry: Value = serde_json::from_slice(&asked.body).unwrap_or_default();
            let mut log = s.entries.lock().unwrap();
            let (status, location, v) = log.add(&entry, &s.log);
            if mood && status == 201 {
                // Its answer is the entry of somebody else.
                entry = json!({});
                let first = log.get(location.rsplit('/').next().unwrap()).unwrap();
                let mut other = first.as_object().unwrap().values().next().unwrap().clone();
                other["body"] =
                    Base64::encode_string(br#"{"apiVersion":"0.0.1","kind":"hashedrekord","spec":{}}"#)
                        .into();
                entry["x"] = other;
                return json(201, location, &entry);
            }
            json(status, location, &v)
        }
        "/timestamp" => match ca::stamp(&asked.body, &s.timestamps, &s.timestamper) {
            Some(token) => (201, String::new(), "application/timestamp-reply", token),
            None => plain(400, &json!({ "message": "not understood" })),
        },
        p if p.starts_with("/api/v1/log/entries/") => {
            let found = s.entries.lock().unwrap().get(p.rsplit('/').next().unwrap());
            found.map_or_else(|| plain(404, &json!({})), |v| plain(200, &v))
        }
        "/actions/token?api-version=2.0&audience=sigstore" if asked.bearer == BEARER => {
            plain(200, &json!({ "count": 1, "value": token(s, 600) }))
        }
        _ => plain(404, &json!({ "code": 5, "message": "Not Found" })),
    }
}

/// Fulcio's part: the token must be ours, for us and not too old, and its owner must have the key.
fn certify(asked: &Asked, s: &Shared, other_key: bool) -> Result<[String; 2], &'static str> {
    let (message, signature) = asked.bearer.rsplit_once('.').ok_or("no token")?;
    let signature = Base64UrlUnpadded::decode_vec(signature).map_err(|_| "no token")?;
    let signature = p256::ecdsa::Signature::from_slice(&signature).map_err(|_| "no token")?;
    s.issuer.secret.verifying_key().verify(message.as_bytes(), &signature).map_err(|_| "not our token")?;
    let claims = Base64UrlUnpadded::decode_vec(message.split('.').nth(1).ok_or("no claims")?)
        .map_err(|_| "no claims")?;
    let claims: Value = serde_json::from_slice(&claims).map_err(|_| "no claims")?;
    if claims["aud"] != "sigstore" || claims["exp"].as_i64() <= Some(now()) {
        return Err("the token is for others, or too old");
    }
    let request: Value = serde_json::from_slice(&asked.body).map_err(|_| "no request")?;
    let key = &request["publicKeyRequest"];
    let pem = key["publicKey"]["content"].as_str().ok_or("no key")?;
    let der = log::from_pem(pem).ok_or("no key")?;
    let public = log::public_in(&der).ok_or("no key")?;
    let email = claims["email"].as_str().ok_or("nobody")?;
    let proof =
        key["proofOfPossession"].as_str().and_then(|p| Base64::decode_vec(p).ok()).ok_or("no proof")?;
    let proof = p256::ecdsa::Signature::from_der(&proof).map_err(|_| "no proof")?;
    public.verify_prehash(&Sha256::digest(email), &proof).map_err(|_| "the proof does not hold")?;
    let der = if other_key { s.log.public.clone() } else { der };
    let leaf = ca::identity(&s.root, &s.certificates, &der, email, claims["iss"].as_str().ok_or("nobody")?);
    Ok([ca::pem("CERTIFICATE", &leaf), ca::pem("CERTIFICATE", &s.authority)])
}
