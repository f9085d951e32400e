//! cosign's box around a private key: JSON with a key derived by scrypt (RFC 7914) and XSalsa20-Poly1305 (NaCl's secretbox),
//! as go-securesystemslib's `encrypted` package writes it.

use super::unusable;
use crate::{Password, SupplyError};
use base64ct::{Base64, Encoding as _};
use poly1305::Poly1305;
use poly1305::universal_hash::KeyInit as _;
use salsa20::XSalsa20;
use salsa20::cipher::{KeyIvInit as _, StreamCipher as _};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

#[derive(Serialize, Deserialize)]
struct Sealed {
    kdf: Kdf,
    cipher: Cipher,
    ciphertext: String,
}

#[derive(Serialize, Deserialize)]
struct Kdf {
    name: String,
    params: Params,
    salt: String,
}

#[derive(Serialize, Deserialize)]
struct Params {
    #[serde(rename = "N")]
    n: u64,
    r: u32,
    p: u32,
}

#[derive(Serialize, Deserialize)]
struct Cipher {
    name: String,
    nonce: String,
}

/// What cosign writes today: 64 MiB and a fifth of a second.
const N: u64 = 1 << 16;
const R: u32 = 8;
const P: u32 = 1;
/// The most memory that a foreign box may ask for, in bytes: 16 times what cosign asks for.
const MEMORY: u64 = 1 << 30;
const TAG: usize = 16;

/// Why a box does not open.
#[derive(Debug)]
pub(super) enum Closed {
    /// It is not such a box.
    Malformed(&'static str),
    /// The tag does not hold: the password is wrong, or the box is damaged.
    Password,
}

impl Closed {
    pub(super) fn of(self, name: &str) -> SupplyError {
        match self {
            Closed::Malformed(reason) => unusable(name, reason),
            Closed::Password => SupplyError::PasswordWrong { name: name.to_owned() },
        }
    }
}

/// Opens a box.
pub(super) fn open(json: &[u8], password: &Password) -> Result<Zeroizing<Vec<u8>>, Closed> {
    let sealed: Sealed = serde_json::from_slice(json)
        .map_err(|_| Closed::Malformed("its box is not the JSON that cosign writes"))?;
    if sealed.kdf.name != "scrypt" || sealed.cipher.name != "nacl/secretbox" {
        return Err(Closed::Malformed("its box is not of scrypt and nacl/secretbox"));
    }
    let part = |text: &str| {
        Base64::decode_vec(text).map_err(|_| Closed::Malformed("a part of its box is not valid base64"))
    };
    let nonce: [u8; 24] = part(&sealed.cipher.nonce)?
        .try_into()
        .map_err(|_| Closed::Malformed("the nonce of its box has not 24 bytes"))?;
    let key = derived(password, &part(&sealed.kdf.salt)?, &sealed.kdf.params)?;
    unboxed(&key, &nonce, &part(&sealed.ciphertext)?).ok_or(Closed::Password)
}

/// Seals a secret as cosign does.
pub(super) fn seal(secret: &[u8], password: &Password) -> Result<Vec<u8>, SupplyError> {
    let mut random = [0; 56];
    getrandom::fill(&mut random).map_err(|e| SupplyError::Random(e.to_string()))?;
    let (salt, nonce) = random.split_at(32);
    let nonce: [u8; 24] = nonce.try_into().map_err(|_| SupplyError::Random("too few".to_owned()))?;
    let params = Params { n: N, r: R, p: P };
    let key = derived(password, salt, &params).map_err(|e| e.of("to be written"))?;
    let sealed = Sealed {
        kdf: Kdf { name: "scrypt".to_owned(), params, salt: Base64::encode_string(salt) },
        cipher: Cipher { name: "nacl/secretbox".to_owned(), nonce: Base64::encode_string(&nonce) },
        ciphertext: Base64::encode_string(&boxed(&key, &nonce, secret)),
    };
    serde_json::to_vec(&sealed).map_err(|_| unusable("to be written", "its box cannot be written"))
}

fn derived(password: &Password, salt: &[u8], p: &Params) -> Result<Zeroizing<[u8; 32]>, Closed> {
    let wanted = p.n.checked_mul(128).and_then(|b| b.checked_mul(u64::from(p.r)));
    let modest = wanted.is_some_and(|b| b <= MEMORY) && p.p <= 16 && p.r <= 64;
    if !p.n.is_power_of_two() || p.n < 2 || !modest {
        return Err(Closed::Malformed("the scrypt parameters of its box are not sensible"));
    }
    let bad = |_| Closed::Malformed("the scrypt parameters of its box are not valid");
    // A power of two of at most 30 bits.
    let log_n = p.n.trailing_zeros() as u8;
    let params = scrypt::Params::new(log_n, p.r, p.p).map_err(bad)?;
    let mut key = Zeroizing::new([0; 32]);
    scrypt::scrypt(password.bytes(), salt, &params, key.as_mut())
        .map_err(|_| Closed::Malformed("scrypt refused its box"))?;
    Ok(key)
}

/// NaCl's `crypto_secretbox_open`: a tag of 16 bytes before the text; the first 32 bytes of the key stream are the key of the tag.
fn unboxed(key: &[u8; 32], nonce: &[u8; 24], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (tag, text) = sealed.split_at_checked(TAG)?;
    let mut stream = XSalsa20::new(key.into(), nonce.into());
    let mut tag_key = Zeroizing::new([0; 32]);
    stream.apply_keystream(tag_key.as_mut());
    let right = Poly1305::new((&*tag_key).into()).compute_unpadded(text);
    // In constant time: no byte of it decides how long this takes.
    let differs = right.iter().zip(tag).fold(0, |d, (a, b)| d | (a ^ b));
    if differs != 0 {
        return None;
    }
    let mut text = Zeroizing::new(text.to_vec());
    stream.apply_keystream(&mut text);
    Some(text)
}

fn boxed(key: &[u8; 32], nonce: &[u8; 24], secret: &[u8]) -> Vec<u8> {
    let mut stream = XSalsa20::new(key.into(), nonce.into());
    let mut tag_key = Zeroizing::new([0; 32]);
    stream.apply_keystream(tag_key.as_mut());
    let mut out = vec![0; TAG];
    out.extend_from_slice(secret);
    stream.apply_keystream(&mut out[TAG..]);
    let tag = Poly1305::new((&*tag_key).into()).compute_unpadded(&out[TAG..]);
    out[..TAG].copy_from_slice(&tag);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_box_is_that_of_nacl() {
        // The vector of NaCl's own tests/secretbox.c, its first bytes: key, nonce, text, and what comes out.
        let hex = |t: &str| -> Vec<u8> {
            (0..t.len()).step_by(2).map(|i| u8::from_str_radix(&t[i..i + 2], 16).unwrap()).collect()
        };
        let key: [u8; 32] =
            hex("1b27556473e985d462cd51197a9a46c76009549eac6474f206c4ee0844f68389").try_into().unwrap();
        let nonce: [u8; 24] = hex("69696ee955b62b73cd62bda875fc73d68219e0036b7a0b37").try_into().unwrap();
        let text = hex(concat!(
            "be075fc53c81f2d5cf141316ebeb0c7b5228c52a4c62cbd44b66849b64244ffce5ecbaaf33bd751a1ac728d45e6c61296",
            "cdc3c01233561f41db66cce314adb310e3be8250c46f06dceea3a7fa1348057e2f6556ad6b1318a024a838f21af1fde04",
            "8977eb48f59ffd4924ca1c60902e52f0a089bc76897040e082f937763848645e0705"
        ));
        let sealed = boxed(&key, &nonce, &text);
        assert_eq!(
            &sealed[..32],
            &hex("f3ffc7703f9400e52a7dfb4b3d3305d98e993b9f48681273c29650ba32fc76ce")[..]
        );
        assert_eq!(*unboxed(&key, &nonce, &sealed).unwrap(), text);
        for bit in 0..sealed.len() * 8 {
            let mut damaged = sealed.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert!(unboxed(&key, &nonce, &damaged).is_none(), "bit {bit}");
        }
        assert!(unboxed(&key, &nonce, &sealed[..TAG - 1]).is_none());
    }

    #[test]
    fn a_foreign_box_cannot_take_all_memory() {
        let json = |n: u64, r: u32, p: u32| {
            format!(
                r#"{{"kdf":{{"name":"scrypt","params":{{"N":{n},"r":{r},"p":{p}}},"salt":"AAAA"}},
                "cipher":{{"name":"nacl/secretbox","nonce":"{}"}},"ciphertext":"AAAA"}}"#,
                Base64::encode_string(&[0; 24])
            )
        };
        let password = Password::new("x");
        for (n, r, p) in [(1 << 40, 8, 1), (1 << 20, 4096, 1), (3, 8, 1), (0, 8, 1), (1, 8, 1), (16, 8, 9999)]
        {
            let closed = open(json(n, r, p).as_bytes(), &password);
            assert!(matches!(closed, Err(Closed::Malformed(_))), "{n} {r} {p}");
        }
        assert!(matches!(open(json(16, 8, 1).as_bytes(), &password), Err(Closed::Password)));
    }
}
