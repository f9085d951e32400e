//! Bundles of others: what was signed counts, however else the JSON around it can be read. The public vectors lie beside the
//! repository; without them these tests are skipped, but not in CI.

use super::*;

const IDENTITY: &str = "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main";
const ISSUER: &str = "https://token.actions.githubusercontent.com";

/// What is done to a bundle's text.
type Change<'a> = &'a dyn Fn(&str) -> String;

/// A vector's bundle over a.txt in a folder of its own, after a change of its text; what is asked is asked of its signer.
fn keyless(change: impl Fn(&str) -> String, version: Option<&str>) -> Option<Report> {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/sigstore-bundle-verify");
    if !data.is_dir() {
        assert!(std::env::var_os("CI").is_none(), "the vectors are missing");
        return None;
    }
    let vector = data.join("rekor2-dsse-happy-path");
    let dir = tempfile::tempdir().unwrap();
    std::fs::copy(data.join("a.txt"), dir.path().join("a.txt")).unwrap();
    let text = std::fs::read_to_string(vector.join("bundle.sigstore.json")).unwrap();
    std::fs::write(dir.path().join("a.provenance.sigstore.json"), change(&text)).unwrap();
    let trust = Trust::read(&vector.join("trusted_root.json")).unwrap();
    let signer = Some(Whose::Identity(Signer::Identity { identity: IDENTITY, issuer: ISSUER }));
    let paths = [dir.path().to_owned()];
    Some(check(&Question { paths: &paths, signer, trust: &trust, source: None, tag: None, version }).unwrap())
}

/// The envelope of a statement that nobody signed, with the signature of the one that somebody did.
fn forged(text: &str) -> String {
    let mut envelope = serde_json::from_str::<Value>(text).unwrap()["dsseEnvelope"].take();
    let statement = json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "a.txt", "digest": {"sha256": "a0cfc71271d6e278e57cd332ff957c3f7043fdda354c4cbb190a30d56efa01bf"}}],
        "predicateType": PROVENANCE,
        "predicate": {"buildDefinition": {"externalParameters": {"version": "9.9.9", "source": {"uri": "git+https://evil/x"}}}},
    });
    envelope["payload"] = Base64::encode_string(statement.to_string().as_bytes()).into();
    envelope.to_string()
}

#[test]
fn a_second_envelope_is_not_believed() {
    let Some(good) = keyless(str::to_owned, None) else { return };
    assert_eq!(good.verdict, Verdict::Proved, "{:?}", good.problems);
    let end = |text: &str| text.trim_end().strip_suffix('}').unwrap().to_owned();
    let payload = |e: String| serde_json::from_str::<Value>(&e).unwrap()["payload"].to_string();
    let ways: [(&str, Change<'_>); 5] = [
        ("after", &|t| format!("{},\n  \"dsseEnvelope\": {}\n}}", end(t), forged(t))),
        ("before", &|t| t.replacen('{', &format!("{{\"dsseEnvelope\": {},", forged(t)), 1)),
        ("another name", &|t| format!("{},\n  \"dsse_envelope\": {}\n}}", end(t), forged(t))),
        ("a second payload", &|t| {
            let more = format!("\"payload\": {}, \"payloadType\"", payload(forged(t)));
            t.replacen("\"payloadType\"", &more, 1)
        }),
        ("a message too", &|t| {
            format!("{},\n  \"messageSignature\": {{\"signature\": \"YQ==\"}}\n}}", end(t))
        }),
    ];
    for (way, change) in ways {
        let r = keyless(change, Some("9.9.9")).unwrap();
        assert_eq!(r.verdict, Verdict::Failed, "{way}: {:?}", r.checked);
        assert_eq!(r.version, None, "{way}");
        assert!(!r.problems.list.iter().any(|d| d.message.contains("evil")), "{way}: {:?}", r.problems);
    }
    let r = keyless(ways[0].1, None).unwrap();
    fails(&r, "the statement in it is not the one that was signed");
}

#[test]
fn a_named_file_that_nothing_speaks_of_is_no_success() {
    let dir = tempfile::tempdir().unwrap();
    release(dir.path(), "1.2.3");
    let names = ["extra", "extra.sig", "extra.pem", "extra.pub", "extra.cdx.json", "extra.openvex.json"];
    for name in names {
        std::fs::write(dir.path().join(name), "{}").unwrap();
    }
    let good = dir.path().join("t_1.2.3_linux_amd64");
    for name in names {
        let odd = dir.path().join(name);
        for paths in [vec![odd.clone()], vec![good.clone(), odd.clone()]] {
            let r = ask(&paths, &KEY);
            fails(&r, &format!("{name} is not proved"));
            assert!(r.files.iter().any(|f| f.file == name && f.state == State::Failed), "{:?}", r.files);
        }
        // Without a key too: that others agree with each other says nothing of it.
        let r = ask(&[odd], &Asked { key: None, ..KEY });
        assert!(r.problems.has_errors(), "{name}: {:?} {:?}", r.verdict, r.checked);
        assert!(matches!(r.verdict, Verdict::Failed | Verdict::Nothing), "{name}: {:?}", r.verdict);
    }
    let r = ask(&[good], &Asked { key: None, ..KEY });
    assert_eq!(r.verdict, Verdict::Consistent, "{:?}", r.problems);
}

/// Bundles may leave the digest out or state it by another algorithm: it only helps to find the file, and the signature is over that.
#[test]
fn a_digest_in_a_bundle_is_of_any_kind_or_absent() {
    let keys = Path::new(env!("CARGO_MANIFEST_DIR")).join("../supply/tests/keys");
    let text = std::fs::read(keys.join("ed25519.pem")).unwrap();
    let signer = PrivateKey::from_pem(&text, "ed25519.pem", None).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("f");
    std::fs::write(&file, "hello\n").unwrap();
    std::fs::write(dir.path().join("ed25519.pub"), signer.public().to_pem()).unwrap();
    let public = TrustedKey::read(signer.public().to_pem().as_bytes(), "ed25519.pub").unwrap();
    std::fs::remove_file(dir.path().join("ed25519.pub")).unwrap();
    let bundle: Value = serde_json::from_str(&sign_blob(&signer, &file).unwrap().to_json().unwrap()).unwrap();
    let trust = Trust::sigstore().unwrap();
    let judged = |digest: &Value, name: &str, signer: Option<Whose<'_>>| {
        let mut bundle = bundle.clone();
        bundle["messageSignature"]["messageDigest"] = digest.clone();
        std::fs::write(dir.path().join(name), bundle.to_string()).unwrap();
        let paths = [dir.path().to_owned()];
        let r =
            check(&Question { paths: &paths, signer, trust: &trust, source: None, tag: None, version: None });
        std::fs::remove_file(dir.path().join(name)).unwrap();
        r.unwrap()
    };
    let of = |algorithm: &str, digest: &[u8]| json!({"algorithm": algorithm, "digest": Base64::encode_string(digest)});
    let (sha384, sha512) = (sha2::Sha384::digest("hello\n"), sha2::Sha512::digest("hello\n"));
    let key = Some(Whose::Key(&public));
    for (digest, by_digest) in [
        (of("SHA2_256", &sha(b"hello\n")), true),
        (of("SHA2_384", &sha384), true),
        (of("SHA2_512", &sha512), true),
        (json!({}), false),
    ] {
        let r = judged(&digest, "f.sigstore.json", key);
        assert_eq!(r.verdict, Verdict::Proved, "{digest}: {:?}", r.problems);
        // Under a name that does not say of what it is, the digest does.
        let r = judged(&digest, "other.sigstore.json", key);
        assert_eq!(r.verdict == Verdict::Proved, by_digest, "{digest}: {:?}", r.problems);
        let r = judged(&digest, "f.sigstore.json", None);
        assert_eq!(r.verdict == Verdict::Consistent, by_digest, "{digest}: {:?}", r.problems);
    }
    for (digest, word) in [
        (of("SHA2_384", &sha512), "it is not the file that f.sigstore.json signs"),
        (of("SHA2_512", &sha(b"hello\n")), "it is not the file that f.sigstore.json signs"),
        (of("SHA1", &sha384), "algorithm that is not known here"),
        (json!({"digest": Base64::encode_string(&sha384)}), "algorithm that is not known here"),
        (json!({"algorithm": "SHA2_256"}), "a type or an algorithm that there is none of"),
    ] {
        fails(&judged(&digest, "f.sigstore.json", key), word);
    }
    std::fs::write(&file, "hello!\n").unwrap();
    fails(&judged(&json!({}), "f.sigstore.json", key), "its signature does not hold");
}

#[cfg(unix)]
#[test]
fn a_name_that_is_not_utf8_is_said() {
    use std::os::unix::ffi::OsStrExt as _;
    let dir = tempfile::tempdir().unwrap();
    release(dir.path(), "1.2.3");
    let odd = dir.path().join(std::ffi::OsStr::from_bytes(b"t_\xff"));
    std::fs::write(&odd, "x").unwrap();
    for asked in [KEY, Asked { key: None, ..KEY }] {
        fails(&of(dir.path(), &asked), "its name is not UTF-8");
    }
    let trust = Trust::sigstore().unwrap();
    let paths = [odd];
    let named =
        Question { paths: &paths, signer: None, trust: &trust, source: None, tag: None, version: None };
    let problems = check(&named).unwrap_err();
    assert!(problems.list[0].message.contains("its name is not UTF-8"), "{problems:?}");
    let good = ask(&[dir.path().join("t_1.2.3_linux_amd64")], &KEY);
    assert_eq!(good.verdict, Verdict::Proved, "nobody asked about the other: {:?}", good.problems);
}
