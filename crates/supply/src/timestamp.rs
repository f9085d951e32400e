//! A time on the word of an authority (RFC 3161): the request, and a look at the answer before it is kept.

use crate::SupplyError;
use crate::der::{sequence, value};
use crate::service::{Asked, Call, Transport};
use sha2::{Digest as _, Sha256};

/// 2.16.840.1.101.3.4.2.1: SHA-256.
const SHA256: [u8; 11] = [6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1];

/// Asks for a time of a signature; the whole answer in DER, as a bundle has it.
pub(crate) fn stamp(url: &str, signature: &[u8], transport: &dyn Transport) -> Result<Vec<u8>, SupplyError> {
    let asked = Asked { what: "timestamp authority", url, secret: "" };
    let digest: [u8; 32] = Sha256::digest(signature).into();
    let call = Call {
        url,
        body: Some(request(&digest)),
        content_type: "application/timestamp-query",
        bearer: None,
        repeatable: true,
    };
    let answer = asked.send(transport, &call, &[])?;
    match granted(&answer.body) {
        Some(true) if answer.body.windows(32).any(|w| w == digest) => Ok(answer.body),
        Some(true) => Err(asked.failed("its timestamp is about something else")),
        Some(false) => Err(asked.failed("it does not grant a timestamp")),
        None => Err(asked.failed("its answer is not a timestamp")),
    }
}

/// TimeStampReq, section 2.4.1: version 1 and the imprint. No nonce: the signature is new, and so is its digest.
fn request(digest: &[u8; 32]) -> Vec<u8> {
    let algorithm = sequence(&[&SHA256[..], &[5, 0]].concat());
    let imprint = sequence(&[algorithm, value(4, digest)].concat());
    sequence(&[vec![2, 1, 1], imprint].concat())
}

/// TimeStampResp, section 2.4.2: a sequence that begins with PKIStatusInfo, which begins with the status: 0 and 1 are granted.
fn granted(answer: &[u8]) -> Option<bool> {
    let inside = content(answer, 0x30)?;
    let status = content(content(inside, 0x30)?, 2)?;
    Some(matches!(status, [0 | 1]))
}

/// What the first value holds, if it has this tag.
fn content(bytes: &[u8], tag: u8) -> Option<&[u8]> {
    let (&found, rest) = bytes.split_first()?;
    let (&first, rest) = rest.split_first()?;
    if found != tag {
        return None;
    }
    if first < 0x80 {
        return rest.get(..usize::from(first));
    }
    let (length, rest) = rest.split_at_checked(usize::from(first & 0x7f).min(5))?;
    let length = length.iter().try_fold(0_usize, |n, b| n.checked_mul(256)?.checked_add(usize::from(*b)))?;
    rest.get(..length)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_request_is_what_openssl_makes() {
        // `openssl ts -query -digest 00…00 -sha256 -no_nonce`.
        let hex = "30360201013031300d060960864801650304020105000420";
        let want: Vec<u8> =
            (0..hex.len()).step_by(2).map(|i| u8::from_str_radix(&hex[i..i + 2], 16).unwrap()).collect();
        let got = request(&[0; 32]);
        assert_eq!(got[..], [&want[..], &[0; 32]].concat()[..]);
    }

    #[test]
    fn what_is_granted() {
        assert_eq!(granted(&[0x30, 5, 0x30, 3, 2, 1, 0]), Some(true));
        assert_eq!(granted(&[0x30, 0x81, 5, 0x30, 3, 2, 1, 2]), Some(false));
        for bad in [&b""[..], b"<html>", &[0x30, 5, 0x30, 3, 2, 1], &[0x30, 0x89, 1, 1, 1, 1, 1, 1]] {
            assert_eq!(granted(bad), None);
        }
    }

    proptest! {
        #[test]
        fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let _ = granted(&bytes);
        }
    }
}
