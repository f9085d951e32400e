//! Keys and signatures of the real ssh-keygen 9.2; that it verifies ours is a test of the command line.

use super::*;
use crate::Password;
use proptest::prelude::*;

macro_rules! kept {
    ($name:literal) => {
        include_bytes!(concat!("../../tests/keys/", $name))
    };
}

fn hello() -> (tempfile::TempDir, std::path::PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("hello");
    std::fs::write(&path, "hello\n").unwrap();
    (dir, path)
}

#[test]
fn keys_of_ssh_keygen_sign_and_verify() {
    let (_dir, path) = hello();
    let password = Password::new("canary-password-1");
    for (private, public) in [
        (&kept!("ssh.ed25519")[..], &kept!("ssh.ed25519.pub")[..]),
        (&kept!("ssh.ecdsa")[..], &kept!("ssh.ecdsa.pub")[..]),
        (&kept!("ssh.encrypted")[..], &kept!("ssh.encrypted.pub")[..]),
    ] {
        let key = Secret::read(private, "k", Some(&password)).unwrap();
        let public = Public::read(public, "k").unwrap();
        assert_eq!(key.public(), public.blob());
        assert_eq!(Public::read(key.public_line().as_bytes(), "k").unwrap().blob(), public.blob());
        let signature = sign(&key, &path).unwrap();
        assert_eq!(sign(&key, &path).unwrap(), signature);
        verify(&public, signature.as_bytes(), &path).unwrap();
    }
}

#[test]
fn signatures_of_ssh_keygen() {
    let (_dir, path) = hello();
    for (public, signature) in [
        (&kept!("ssh.rsa.pub")[..], &kept!("ssh.rsa.sig")[..]),
        (&kept!("ssh.p384.pub")[..], &kept!("ssh.p384.sig")[..]),
    ] {
        let public = Public::read(public, "k").unwrap();
        verify(&public, signature, &path).unwrap();
    }
    let of = |public: &[u8], signature: &[u8]| {
        verify(&Public::read(public, "k").unwrap(), signature, &path).unwrap_err().to_string()
    };
    assert!(of(kept!("ssh.rsa.pub"), kept!("ssh.p384.sig")).contains("another key"));
    let other = of(kept!("ssh.ed25519.pub"), kept!("ssh.git.sig"));
    assert!(other.contains("for `git` and not for `file`"), "{other}");
    // A list of allowed signers, with options before the key.
    let line = String::from_utf8_lossy(kept!("ssh.ed25519.pub"));
    let list = format!("# who\nme@example.com namespaces=\"file\" {line}");
    assert!(Public::read(list.as_bytes(), "k").is_ok());
}

#[test]
fn passwords() {
    let read = |password: Option<&str>| {
        Secret::read(kept!("ssh.encrypted"), "k", password.map(Password::new).as_ref()).map(drop)
    };
    assert!(matches!(read(None), Err(SupplyError::PasswordMissing { .. })));
    assert!(matches!(read(Some("canary-other")), Err(SupplyError::PasswordWrong { .. })));
    assert!(matches!(read(Some("")), Err(SupplyError::PasswordWrong { .. })));
}

#[test]
fn one_other_bit_and_it_proves_nothing() {
    let (_dir, path) = hello();
    for private in [&kept!("ssh.ed25519")[..], &kept!("ssh.ecdsa")[..]] {
        let key = Secret::read(private, "k", None).unwrap();
        let public = Public::read(key.public_line().as_bytes(), "k").unwrap();
        let bytes = unarmored(sign(&key, &path).unwrap().as_bytes()).unwrap();
        for bit in 0..bytes.len() * 8 {
            let mut damaged = bytes.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            let text = format!("{BEGIN}\n{}\n{END}\n", Base64::encode_string(&damaged));
            // The reserved text is empty: no bit of it is there to change.
            assert!(verify(&public, text.as_bytes(), &path).is_err(), "bit {bit}");
        }
    }
}

proptest! {
    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..300), cut in 0..500_usize, bit in 0..3000_usize) {
        let _ = Public::read(&bytes, "k");
        let _ = Parts::of(&bytes);
        let armored = |b: &[u8]| {
            format!("-----BEGIN OPENSSH PRIVATE KEY-----\n{}\n-----END OPENSSH PRIVATE KEY-----\n", Base64::encode_string(b))
        };
        let _ = Secret::read(armored(&bytes).as_bytes(), "k", None);
        let text = kept!("ssh.ecdsa");
        prop_assert!(Secret::read(&text[..cut.min(text.len() - 40)], "k", None).is_err());
        // Damage is refused, or it is in the comment, the padding or the check.
        let body: String = String::from_utf8_lossy(text).lines().filter(|l| !l.starts_with('-')).collect();
        let mut damaged = Base64::decode_vec(&body).unwrap();
        let at = bit % (damaged.len() * 8);
        damaged[at / 8] ^= 1 << (at % 8);
        if let Ok(key) = Secret::read(armored(&damaged).as_bytes(), "k", None) {
            let right = Secret::read(text, "k", None).unwrap();
            prop_assert_eq!(key.public(), right.public());
        }
    }
}
