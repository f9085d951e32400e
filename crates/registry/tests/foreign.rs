//! What others write is read without a panic, whatever it is: manifests, Docker's configuration, names, digests.

use goferry_registry::{Credentials, Digest, HelperOutput, Manifest, Platform, Reference, media};
use proptest::prelude::*;

const D: &str = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";

fn manifest() -> String {
    format!(
        r#"{{"schemaVersion":2,"mediaType":"{}","config":{{"mediaType":"c","digest":"{D}","size":2}},"layers":[{{"mediaType":"l","digest":"{D}","size":2,"urls":["https://x"],"annotations":{{"a":"b"}}}}],"subject":{{"mediaType":"s","digest":"{D}","size":3}}}}"#,
        media::MANIFEST
    )
}

fn index() -> String {
    format!(
        r#"{{"schemaVersion":2,"manifests":[{{"mediaType":"{}","digest":"{D}","size":2,"platform":{{"os":"linux","architecture":"arm","variant":"v7"}}}}]}}"#,
        media::MANIFEST
    )
}

const CONFIG: &str = r#"{"auths":{"https://index.docker.io/v1/":{"auth":"bWU6cGE6c3M="},"ghcr.io":{"identitytoken":"x"}},"credsStore":"s","credHelpers":{"a.io":"h"}}"#;

/// A text with some bytes changed, and cut somewhere.
fn damaged(text: String) -> impl Strategy<Value = Vec<u8>> {
    let length = text.len();
    (proptest::collection::vec((0..length, any::<u8>()), 0..4), 0..=length).prop_map(move |(changes, end)| {
        let mut bytes = text.clone().into_bytes();
        for (at, byte) in changes {
            bytes[at] = byte;
        }
        bytes.truncate(end);
        bytes
    })
}

#[test]
fn what_is_whole_is_read() {
    assert!(Manifest::parse(manifest().as_bytes(), None).is_ok());
    assert!(Manifest::parse(index().as_bytes(), None).is_ok());
    assert!(Credentials::parse(CONFIG.as_bytes(), |_, _| Err(String::new())).is_ok());
}

proptest! {
    #[test]
    fn manifests(bytes in prop_oneof![damaged(manifest()), damaged(index())]) {
        if let Ok(m) = Manifest::parse(&bytes, Some(media::MANIFEST)) {
            let wanted: Platform = "linux/arm/v7".parse().unwrap();
            prop_assert!(m.blobs().all(|b| b.digest.hex().len() >= 64));
            let _ = m.choose("x", &wanted);
        }
    }

    #[test]
    fn configurations(bytes in damaged(CONFIG.to_owned()), answer in damaged(r#"{"Username":"u","Secret":"s"}"#.to_owned())) {
        let helper = move |_: &str, _: &str| Ok(HelperOutput { success: true, stdout: answer.clone() });
        if let Ok(credentials) = Credentials::parse(&bytes, helper) {
            for name in ["debian", "ghcr.io/a/b", "a.io/x"] {
                let _ = credentials.of(name.parse::<Reference>().unwrap().repository());
            }
        }
    }

    #[test]
    fn names(text in "[ -~]{0,60}") {
        // What is taken is written as what it is.
        if let Ok(reference) = text.parse::<Reference>() {
            prop_assert_eq!(reference.to_string().parse::<Reference>().unwrap(), reference);
        }
        if let Ok(digest) = text.parse::<Digest>() {
            prop_assert_eq!(digest.as_str(), text.as_str());
        }
        let _ = text.parse::<Platform>();
    }

    #[test]
    fn names_that_are_nearly_some(bytes in damaged(format!("localhost:5000/a/b_c.d-e:v1.2@{D}"))) {
        let text = String::from_utf8_lossy(&bytes);
        if let Ok(reference) = text.parse::<Reference>() {
            prop_assert!(!reference.repository().path().contains(".."));
            prop_assert_eq!(reference.to_string().parse::<Reference>().unwrap(), reference);
        }
    }
}
