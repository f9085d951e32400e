//! Encrypted keys of OpenSSH: bcrypt's derivation and AES-256 in counter mode, which is what ssh-keygen makes.

use super::wire::Reader;
use crate::key::unusable;
use crate::{Password, SupplyError};
use ctr::Ctr128BE;
use ctr::cipher::{KeyIvInit as _, StreamCipher as _};
use zeroize::Zeroizing;

/// ssh-keygen makes 24; a file that asks for more than this asks for minutes.
const ROUNDS: u32 = 2000;

pub(super) fn open(
    cipher: &[u8],
    kdf: &[u8],
    options: &[u8],
    sealed: &[u8],
    name: &str,
    password: Option<&Password>,
) -> Result<Zeroizing<Vec<u8>>, SupplyError> {
    if cipher != b"aes256-ctr" || kdf != b"bcrypt" {
        return Err(unusable(
            name,
            "its encryption is not aes256-ctr, which `ssh-keygen -p -Z aes256-ctr` makes of it",
        ));
    }
    let password = password.ok_or_else(|| SupplyError::PasswordMissing { name: name.to_owned() })?;
    let mut r = Reader(options);
    let (Some(salt), Some(rounds @ 1..=ROUNDS)) = (r.text(), r.number()) else {
        return Err(unusable(name, "the parameters of its encryption are not sensible"));
    };
    let mut key = Zeroizing::new([0; 48]);
    bcrypt_pbkdf::bcrypt_pbkdf(password.bytes(), salt, rounds, key.as_mut())
        .map_err(|_| SupplyError::PasswordWrong { name: name.to_owned() })?;
    let mut open = Zeroizing::new(sealed.to_vec());
    let mut cipher = Ctr128BE::<aes::Aes256>::new_from_slices(&key[..32], &key[32..])
        .map_err(|_| unusable(name, "its encryption has no key"))?;
    cipher.apply_keystream(&mut open);
    Ok(open)
}
