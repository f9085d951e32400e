//! The stand-in's authorities: a root, certificates for identities with an embedded timestamp of its certificate log, and RFC 3161.

use super::der::{bits, context, int, octets, oid, seq, set, short_time, text, time, value};
use super::now;
use base64ct::{Base64, Encoding as _};
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use p256::pkcs8::EncodePublicKey as _;
use sha2::{Digest as _, Sha256};

pub(super) struct Key {
    pub(super) secret: SigningKey,
    /// SubjectPublicKeyInfo.
    pub(super) public: Vec<u8>,
}

impl Key {
    pub(super) fn new(seed: u8) -> Key {
        let secret = SigningKey::from_slice(&[seed; 32]).unwrap();
        let public = secret.verifying_key().to_public_key_der().unwrap().into_vec();
        Key { secret, public }
    }

    pub(super) fn sign(&self, message: &[u8]) -> Vec<u8> {
        let signature: Signature = self.secret.sign(message);
        signature.to_der().as_bytes().to_vec()
    }

    pub(super) fn id(&self) -> [u8; 32] {
        Sha256::digest(&self.public).into()
    }
}

pub(super) fn pem(label: &str, der: &[u8]) -> String {
    let body = Base64::encode_string(der);
    let lines: Vec<&str> = body.as_bytes().chunks(64).map(|c| std::str::from_utf8(c).unwrap()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

/// ecdsa-with-SHA256.
fn ecdsa() -> Vec<u8> {
    seq(&[&oid("1.2.840.10045.4.3.2")])
}

fn sha256() -> Vec<u8> {
    seq(&[&oid("2.16.840.1.101.3.4.2.1"), &[5, 0]])
}

fn name(common: &str) -> Vec<u8> {
    match common {
        "" => seq(&[]),
        _ => seq(&[&set(&[&seq(&[&oid("2.5.4.3"), &text(common)])])]),
    }
}

fn extension(id: &str, critical: bool, content: &[u8]) -> Vec<u8> {
    let critical: &[u8] = if critical { &[1, 1, 0xff] } else { &[] };
    seq(&[&oid(id), critical, &octets(content)])
}

struct Tbs<'a> {
    serial: u64,
    issuer: &'a str,
    subject: &'a str,
    from: i64,
    until: i64,
    public: &'a [u8],
}

impl Tbs<'_> {
    fn der(&self, extensions: &[Vec<u8>]) -> Vec<u8> {
        let validity = seq(&[&short_time(self.from), &short_time(self.until)]);
        let extensions = context(3, &value(0x30, &extensions.concat()));
        let parts: [&[u8]; 8] = [
            &context(0, &int(2)),
            &int(self.serial),
            &ecdsa(),
            &name(self.issuer),
            &validity,
            &name(self.subject),
            self.public,
            &extensions,
        ];
        seq(&parts)
    }

    fn signed(&self, extensions: &[Vec<u8>], by: &Key) -> Vec<u8> {
        let tbs = self.der(extensions);
        seq(&[&tbs, &ecdsa(), &bits(&by.sign(&tbs))])
    }
}

const ROOT: &str = "fake root of goferry's tests";
const TSA: &str = "fake timestamps of goferry's tests";
const TSA_SERIAL: u64 = 77;

/// The root of both authorities.
pub(super) fn root(key: &Key) -> Vec<u8> {
    let t = Tbs {
        serial: 1,
        issuer: ROOT,
        subject: ROOT,
        from: now() - 9000,
        until: now() + 90000,
        public: &key.public,
    };
    let ca = extension("2.5.29.19", true, &seq(&[&[1, 1, 0xff]]));
    let usage = extension("2.5.29.15", true, &[3, 2, 1, 6]);
    let id = extension("2.5.29.14", false, &octets(&key.id()[..20]));
    t.signed(&[usage, ca, id], key)
}

pub(super) fn timestamper(root: &Key, key: &Key) -> Vec<u8> {
    let (from, until) = (now() - 8000, now() + 80000);
    let t = Tbs { serial: TSA_SERIAL, issuer: ROOT, subject: TSA, from, until, public: &key.public };
    let usage = extension("2.5.29.15", true, &[3, 2, 7, 0x80]);
    let only = extension("2.5.29.37", true, &seq(&[&oid("1.3.6.1.5.5.7.3.8")]));
    let authority = extension("2.5.29.35", false, &seq(&[&value(0x80, &root.id()[..20])]));
    t.signed(&[usage, only, authority], root)
}

/// As Fulcio does: ten minutes for this identity, on the word of this issuer.
pub(super) fn identity(root: &Key, log: &Key, public: &[u8], email: &str, issuer: &str) -> Vec<u8> {
    let (from, until) = (now() - 2, now() + 600);
    let t = Tbs { serial: 4711, issuer: ROOT, subject: "", from, until, public };
    let mut extensions = vec![
        extension("2.5.29.15", true, &[3, 2, 7, 0x80]),
        extension("2.5.29.37", false, &seq(&[&oid("1.3.6.1.5.5.7.3.3")])),
        extension("2.5.29.35", false, &seq(&[&value(0x80, &root.id()[..20])])),
        extension("2.5.29.17", true, &seq(&[&value(0x81, email.as_bytes())])),
        extension("1.3.6.1.4.1.57264.1.1", false, issuer.as_bytes()),
        extension("1.3.6.1.4.1.57264.1.8", false, &text(issuer)),
    ];
    // RFC 6962 section 3.2: the log signs the certificate without its own extension, and the issuer's key.
    let tbs = t.der(&extensions);
    let millis = u64::try_from(now()).unwrap() * 1000;
    let head = [&[0][..], &log.id(), &millis.to_be_bytes(), &[0, 0]].concat();
    let length = &u32::try_from(tbs.len()).unwrap().to_be_bytes()[1..];
    let entry = [&[0, 0][..], &millis.to_be_bytes(), &[0, 1], &root.id(), length, &tbs, &[0, 0]].concat();
    let signature = log.sign(&entry);
    let two = |n: usize| u16::try_from(n).unwrap().to_be_bytes();
    let sct = [&head[..], &[4, 3], &two(signature.len()), &signature].concat();
    let list = [&two(sct.len() + 2)[..], &two(sct.len()), &sct].concat();
    extensions.push(extension("1.3.6.1.4.1.11129.2.4.2", false, &octets(&list)));
    t.signed(&extensions, root)
}

/// Answers a TimeStampReq (RFC 3161 section 2.4.2; RFC 5652). None if it is not one of version 1 with SHA-256.
pub(super) fn stamp(request: &[u8], key: &Key, certificate: &[u8]) -> Option<Vec<u8>> {
    let head = [&int(1)[..], &seq(&[&sha256(), &octets(&[0; 32])])].concat();
    let inside =
        request.get(2..).filter(|i| i.len() == head.len() && i[..i.len() - 32] == head[..head.len() - 32])?;
    let imprint = seq(&[&sha256(), &octets(&inside[inside.len() - 32..])]);
    let info = seq(&[&int(1), &oid("1.3.6.1.4.1.57264.2"), &imprint, &int(99), &time(now())]);
    let content = "1.2.840.113549.1.9.16.1.4";
    let attribute = |id: &str, v: &[u8]| seq(&[&oid(id), &set(&[v])]);
    let certificate = octets(&Sha256::digest(certificate));
    let attributes = [
        attribute("1.2.840.113549.1.9.3", &oid(content)),
        attribute("1.2.840.113549.1.9.4", &octets(&Sha256::digest(&info))),
        attribute("1.2.840.113549.1.9.16.2.47", &seq(&[&seq(&[&seq(&[&certificate])])])),
    ];
    let attributes = set(&attributes.each_ref().map(Vec::as_slice));
    let signature = key.sign(&attributes);
    let who = seq(&[&name(ROOT), &int(TSA_SERIAL)]);
    let mut implicit = attributes;
    implicit[0] = 0xa0;
    let signer = seq(&[&int(1), &who, &sha256(), &implicit, &ecdsa(), &octets(&signature)]);
    let content = seq(&[&oid(content), &context(0, &octets(&info))]);
    let signed = seq(&[&int(3), &set(&[&sha256()]), &content, &set(&[&signer])]);
    let token = seq(&[&oid("1.2.840.113549.1.7.2"), &context(0, &signed)]);
    Some(seq(&[&seq(&[&int(0)]), &token]))
}
