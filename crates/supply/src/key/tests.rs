use super::*;

/// Keys made by openssl 3 for these tests.
const PKCS8_P256: &str = include_str!("../../tests/keys/p256.pkcs8.pem");
const SEC1_P256: &str = include_str!("../../tests/keys/p256.sec1.pem");
const ENCRYPTED_P256: &str = include_str!("../../tests/keys/p256.encrypted.pem");
const PUBLIC_P256: &str = include_str!("../../tests/keys/p256.pub");
const PKCS8_ED25519: &str = include_str!("../../tests/keys/ed25519.pem");
const PKCS8_P384: &str = include_str!("../../tests/keys/p384.pem");
const PUBLIC_P384: &str = include_str!("../../tests/keys/p384.pub");
const PUBLIC_RSA: &str = include_str!("../../tests/keys/rsa.pub");

fn read(text: &str, password: Option<&str>) -> Result<PrivateKey, SupplyError> {
    PrivateKey::from_pem(text.as_bytes(), "k", password.map(Password::new).as_ref())
}

#[test]
fn every_form_of_a_key_is_the_same_key() {
    let want = PublicKey::from_pem(PUBLIC_P256.as_bytes(), "k").unwrap();
    assert_eq!(want.to_pem(), PUBLIC_P256);
    for (text, password) in [(PKCS8_P256, None), (SEC1_P256, None), (ENCRYPTED_P256, Some("secret"))] {
        assert_eq!(*read(text, password).unwrap().public(), want, "{text}");
    }
    assert!(matches!(read(ENCRYPTED_P256, None), Err(SupplyError::PasswordMissing { .. })));
    assert!(matches!(read(ENCRYPTED_P256, Some("")), Err(SupplyError::PasswordWrong { .. })));
}

#[test]
fn a_signature_is_the_same_every_time() {
    for text in [PKCS8_P256, PKCS8_ED25519] {
        let key = read(text, None).unwrap();
        let signature = key.sign(b"text").unwrap();
        assert_eq!(signature, read(text, None).unwrap().sign(b"text").unwrap());
        assert_ne!(signature, key.sign(b"texT").unwrap());
    }
}

#[test]
fn the_signature_of_rfc_6979() {
    // A.2.5, P-256 with SHA-256 and the message "sample".
    let x: Vec<u8> = (0..32)
        .map(|i| {
            let hex = "C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721";
            u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).unwrap()
        })
        .collect();
    let secret = Secret::P256(p256::ecdsa::SigningKey::from_slice(&x).unwrap());
    let der = PrivateKey::new(secret, "k").unwrap().sign(b"sample").unwrap();
    let hex: String = der.iter().map(|b| format!("{b:02X}")).collect();
    assert!(hex.contains("EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716"), "{hex}");
    assert!(hex.ends_with("F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8"), "{hex}");
}

#[test]
fn a_new_key_opens_with_its_password_only() {
    for password in ["", "päss"] {
        let pair = generate(&Password::new(password)).unwrap();
        assert!(pair.private.starts_with("-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\n"));
        let key = read(&pair.private, Some(password)).unwrap();
        assert_eq!(key.public().to_pem(), pair.public);
        assert!(matches!(read(&pair.private, Some("other")), Err(SupplyError::PasswordWrong { .. })));
        assert!(matches!(read(&pair.private, None), Err(SupplyError::PasswordMissing { .. })));
    }
}

#[test]
fn other_keys_are_refused_with_a_reason() {
    for (text, want) in [
        ("", "no key in PEM"),
        (PUBLIC_P256, "holds PUBLIC KEY and no private key"),
        (PKCS8_P384, "neither a P-256 nor an Ed25519"),
        ("-----BEGIN PRIVATE KEY-----\n!\n-----END PRIVATE KEY-----\n", "not valid base64"),
        ("-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n-----END EC PRIVATE KEY-----\n", "topk8"),
    ] {
        let error = read(text, None).unwrap_err().to_string();
        assert!(error.contains(want), "{error}");
    }
    for text in [PUBLIC_P384, PUBLIC_RSA] {
        assert!(PublicKey::from_pem(text.as_bytes(), "k").is_ok());
    }
    assert!(PublicKey::from_pem(PKCS8_P256.as_bytes(), "k").is_err());
}

#[test]
fn nothing_shows_a_secret() {
    let shown = format!("{:?} {:?}", Password::new("canary"), read(PKCS8_P256, None).unwrap());
    assert_eq!(shown, "Password(…) PrivateKey { algorithm: EcdsaP256, .. }");
    let pair = format!("{:?}", generate(&Password::new("canary")).unwrap());
    assert!(!pair.contains("PRIVATE"), "{pair}");
}

proptest::proptest! {
    #[test]
    fn damaged_keys_do_not_panic(at in 0..PKCS8_P256.len(), byte: u8, cut in 0..PKCS8_P256.len()) {
        for text in [PKCS8_P256, SEC1_P256, PUBLIC_P256] {
            let mut bytes = text.as_bytes().to_vec();
            let len = bytes.len();
            bytes[at % len] = byte;
            let _ = PrivateKey::from_pem(&bytes, "k", None);
            let _ = PublicKey::from_pem(&bytes, "k");
            let _ = PrivateKey::from_pem(&bytes[..cut % len], "k", None);
        }
    }
}
