//! Damage and nonsense; that the real minisign agrees is a test of the command line.

use super::*;
use proptest::prelude::*;

fn key() -> Secret {
    let seed = [7; 32];
    Secret { id: *b"12345678", key: Box::new(SigningKey::from_bytes(&seed)) }
}

/// A secret key file without encryption.
fn file(checksum: bool) -> String {
    let k = key();
    let content = [&k.id[..], k.key.as_bytes(), k.key.verifying_key().as_bytes()].concat();
    let sum = Blake2b::<U32>::new().chain_update(b"Ed").chain_update(&content).finalize();
    let sum = if checksum { sum.to_vec() } else { vec![0; 32] };
    let all = [&b"Ed\0\0B2"[..], &[0; 48], &content, &sum].concat();
    format!("{COMMENT}x\n{}\n", Base64::encode_string(&all))
}

#[test]
fn keys_without_a_password() {
    for checksum in [true, false] {
        let k = Secret::read(file(checksum).as_bytes(), "k", None).unwrap();
        assert_eq!(k.public(), key().public());
    }
    let public = key().public();
    assert!(public.starts_with("untrusted comment: minisign public key 3837363534333231\n"), "{public}");
    let line = public.lines().nth(1).unwrap();
    for text in [public.as_str(), line] {
        assert_eq!(Public::read(text.as_bytes(), "k").unwrap().key, key().key.verifying_key());
    }
}

#[test]
fn what_asks_for_too_much_is_refused() {
    let password = Password::new("x");
    for (operations, memory) in [(1 << 40, 1 << 30), (1 << 25, 1 << 31), (u64::MAX, u64::MAX), (1 << 40, 0)] {
        assert!(stream(&password, &[0; 32], operations, memory).is_err(), "{operations} {memory}");
    }
    assert!(stream(&password, &[0; 32], 32768, 1 << 20).is_ok());
}

#[test]
fn one_other_bit_and_it_proves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("f");
    std::fs::write(&path, "hello\n").unwrap();
    let text = key().sign(&path, "f").unwrap();
    let public = Public::read(key().public().as_bytes(), "k").unwrap();
    assert_eq!(public.verify(text.as_bytes(), &path).unwrap(), "file:f\thashed");
    assert_eq!(key().sign(&path, "f").unwrap(), text);
    for at in 0..text.len() {
        let mut damaged = text.clone().into_bytes();
        damaged[at] ^= 1;
        let untrusted = at < text.find('\n').unwrap() && damaged.starts_with(COMMENT.as_bytes());
        assert_eq!(public.verify(&damaged, &path).is_ok(), untrusted, "byte {at}");
    }
    std::fs::write(&path, "hello!\n").unwrap();
    assert!(public.verify(text.as_bytes(), &path).is_err());
}

#[test]
fn a_comment_names_its_file_or_none() {
    for (comment, name, fits) in [
        ("timestamp:1633700835\tfile:t_1.0.0.tar.gz\thashed", "t_1.0.0.tar.gz", true),
        ("timestamp:1633700835\tfile:t_1.0.0.tar.gz\thashed", "t_1.0.1.tar.gz", false),
        ("file:a b\thashed", "a b", true),
        ("file:", "a", false),
        ("file:a_b", "a\tb", true),
        ("what is said of file:a", "b", true),
        ("", "b", true),
    ] {
        assert_eq!(comment_fits(comment, name), fits, "{comment:?} {name:?}");
    }
}

proptest! {
    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..300), cut in 0..300_usize) {
        let _ = Public::read(&bytes, "k");
        let _ = Secret::read(&bytes, "k", None);
        let _ = Parts::of(&bytes);
        let mut text = file(true).into_bytes();
        text.truncate(cut);
        let whole = cut >= file(true).trim_end().len();
        prop_assert_eq!(Secret::read(&text, "k", None).is_ok(), whole);
    }
}
