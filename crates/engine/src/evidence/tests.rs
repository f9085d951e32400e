//! Releases of bytes, without a build: every way in which one can be other than it was signed.

mod foreign;
mod images;

use super::*;
use base64ct::{Base64, Encoding as _};
use goferry_supply::slsa::{self, PROVENANCE, VERIFICATION_SUMMARY};
use goferry_supply::{PrivateKey, Subject, sign_blob};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::path::Path;

fn key(name: &str) -> PrivateKey {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../supply/tests/keys").join(name);
    PrivateKey::from_pem(&std::fs::read(path).unwrap(), name, None).unwrap()
}

fn public(name: &str) -> TrustedKey {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../supply/tests/keys").join(name);
    TrustedKey::read(&std::fs::read(path).unwrap(), name).unwrap()
}

fn sha(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

fn hex(bytes: &[u8]) -> String {
    sha(bytes).iter().map(|b| format!("{b:02x}")).collect()
}

/// A signed release of two files, of this version.
fn release(dir: &Path, version: &str) {
    let name = |end: &str| format!("t_{version}{end}");
    let (a, b) = (name("_linux_amd64"), name("_linux_arm64"));
    let write = |n: &str, bytes: &[u8]| std::fs::write(dir.join(n), bytes).unwrap();
    let (one, two) = (format!("\x7fELF one {version}"), format!("\x7fELF two {version}"));
    write(&a, one.as_bytes());
    write(&b, two.as_bytes());
    let sums = format!("{}  {a}\n{}  {b}\n", hex(one.as_bytes()), hex(two.as_bytes()));
    write(&name("_checksums.txt"), sums.as_bytes());
    let signer = key("p256.pkcs8.pem");
    let bundle = sign_blob(&signer, &dir.join(name("_checksums.txt"))).unwrap().to_json().unwrap() + "\n";
    write(&name("_checksums.txt.sigstore.json"), bundle.as_bytes());
    let subjects = vec![
        Subject::new(name("_checksums.txt"), sha(sums.as_bytes())),
        Subject::new(a.clone(), sha(one.as_bytes())),
        Subject::new(b, sha(two.as_bytes())),
    ];
    let state = |kind: &str, predicate: Value, file: &str| {
        let statement = slsa::statement(subjects.clone(), kind, &predicate).unwrap();
        let bytes = slsa::sealed(&statement, Some(&signer)).unwrap();
        write(file, &bytes);
        hex(&bytes)
    };
    let source = json!({"uri": format!("git+https://example.com/o/t.git@refs/tags/v{version}"), "digest": {"gitCommit": "ab"}});
    let provenance = json!({
        "buildDefinition": {"externalParameters": {"version": version, "source": source}},
        "runDetails": {"byproducts": [{"name": "t_linux_amd64/t", "digest": {"sha256": hex(one.as_bytes())}}]},
    });
    let digest = state(PROVENANCE, provenance, &name(".provenance.sigstore.json"));
    let summary = json!({
        "verificationResult": "PASSED", "resourceUri": format!("pkg:golang/example.com/t@v{version}"),
        "inputAttestations": [{"uri": name(".provenance.sigstore.json"), "digest": {"sha256": digest}}],
        "urn:goferry:targets": [{"binary": {"name": "t_linux_amd64/t", "digest": {"sha256": hex(one.as_bytes())}}}],
    });
    state(VERIFICATION_SUMMARY, summary, &name(".vsa.sigstore.json"));
}

struct Asked<'a> {
    key: Option<&'a str>,
    version: Option<&'a str>,
    source: Option<&'a str>,
    tag: Option<&'a str>,
}

const KEY: Asked<'_> = Asked { key: Some("p256.pub"), version: None, source: None, tag: None };

fn ask(paths: &[PathBuf], asked: &Asked<'_>) -> Report {
    let key = asked.key.map(public);
    let trust = Trust::sigstore().unwrap();
    let signer = key.as_ref().map(Whose::Key);
    let Asked { version, source, tag, .. } = *asked;
    check(&Question { paths, signer, trust: &trust, source, tag, version }).unwrap()
}

fn of(dir: &Path, asked: &Asked<'_>) -> Report {
    ask(&[dir.to_owned()], asked)
}

#[track_caller]
fn fails(report: &Report, word: &str) {
    let said: Vec<&str> = report.problems.list.iter().map(|d| d.message.as_str()).collect();
    assert_eq!(report.verdict, Verdict::Failed, "{word}: {:?}", report.checked);
    assert!(said.iter().any(|m| m.contains(word)), "{word}: {said:?}");
}

#[test]
fn a_whole_release_is_proved_and_says_what_it_is() {
    let dir = tempfile::tempdir().unwrap();
    release(dir.path(), "1.2.3");
    let r = of(dir.path(), &KEY);
    assert_eq!(r.verdict, Verdict::Proved, "{:?}", r.problems);
    assert_eq!((r.files.len(), r.version.as_deref(), r.commit.as_deref()), (6, Some("1.2.3"), Some("ab")));
    assert!(r.files.iter().all(|f| f.state == State::Proved), "{:?}", r.files);
    let full = Asked { version: Some("v1.2.3"), source: Some("example.com/o/t"), tag: Some("v1.2.3"), ..KEY };
    let r = of(dir.path(), &full);
    assert_eq!((r.verdict, r.unproved.len()), (Verdict::Proved, 0), "{:?}", r.unproved);
    let r = of(dir.path(), &Asked { key: None, ..KEY });
    assert_eq!(r.verdict, Verdict::Consistent);
    assert!(r.unproved.iter().any(|u| u.contains("signatures are not checked")), "{:?}", r.unproved);
    let one = ask(&[dir.path().join("t_1.2.3_linux_arm64")], &full);
    assert_eq!((one.verdict, one.files.len()), (Verdict::Proved, 1));
}

#[test]
fn every_flipped_bit_is_found() {
    let dir = tempfile::tempdir().unwrap();
    release(dir.path(), "1.2.3");
    let names: Vec<_> = std::fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().path()).collect();
    let mut tried = 0;
    for path in names {
        let good = std::fs::read(&path).unwrap();
        // Each byte of the small files, every fifth of the larger, each time another bit; the last byte always.
        let step = if good.len() < 900 { 1 } else { 5 };
        for at in (0..good.len()).step_by(step).chain([good.len() - 1]) {
            let mut bad = good.clone();
            bad[at] ^= 1 << (tried % 8);
            tried += 1;
            std::fs::write(&path, &bad).unwrap();
            let r = of(dir.path(), &KEY);
            assert_eq!(
                r.verdict,
                Verdict::Failed,
                "{} byte {at} {:?} → {:?}",
                path.display(),
                good[at] as char,
                bad[at] as char
            );
        }
        std::fs::write(&path, &good).unwrap();
    }
    assert!(tried > 300, "{tried}");
    assert_eq!(of(dir.path(), &KEY).verdict, Verdict::Proved);
}

#[test]
fn whatever_else_is_wrong_is_said() {
    let with = |change: &dyn Fn(&Path)| {
        let dir = tempfile::tempdir().unwrap();
        release(dir.path(), "1.2.3");
        change(dir.path());
        dir
    };
    let at = |d: &Path, n: &str| d.join(n);
    let good = with(&|_| {});
    fails(&of(good.path(), &Asked { key: Some("p384.pub"), ..KEY }), "signature does not hold");
    fails(&of(good.path(), &Asked { version: Some("1.2.4"), ..KEY }), "1.2.4 was expected");
    fails(
        &of(good.path(), &Asked { source: Some("example.com/o/u"), ..KEY }),
        "example.com/o/u was expected",
    );
    fails(&of(good.path(), &Asked { tag: Some("v1.2.4"), ..KEY }), "the tag v1.2.4 was expected");
    let swapped = with(&|d| {
        std::fs::copy(at(d, "t_1.2.3_linux_amd64"), at(d, "t_1.2.3_linux_arm64")).unwrap();
    });
    fails(&of(swapped.path(), &KEY), "t_1.2.3_linux_arm64 is not proved: its checksum is not");
    let missing = with(&|d| std::fs::remove_file(at(d, "t_1.2.3_linux_arm64")).unwrap());
    fails(&of(missing.path(), &KEY), "t_1.2.3_linux_arm64 is not proved: it is missing");
    let other = ask(&[missing.path().join("t_1.2.3_linux_amd64")], &KEY);
    assert_eq!(other.verdict, Verdict::Proved, "what was not asked about may be missing");
    let extra = with(&|d| std::fs::write(at(d, "run-me-first"), "x").unwrap());
    fails(&of(extra.path(), &KEY), "run-me-first is not proved: nothing that was signed");
    fails(&of(extra.path(), &Asked { key: None, ..KEY }), "run-me-first is not proved: no checksum");
    // The older release, whole, under its own names: only an expectation tells.
    let older = tempfile::tempdir().unwrap();
    release(older.path(), "1.2.2");
    assert_eq!(of(older.path(), &KEY).version.as_deref(), Some("1.2.2"));
    fails(&of(older.path(), &Asked { version: Some("1.2.3"), ..KEY }), "1.2.3 was expected");
    // Under the new names.
    let renamed = tempfile::tempdir().unwrap();
    for e in std::fs::read_dir(older.path()).unwrap().flatten() {
        let name = e.file_name().to_string_lossy().replace("1.2.2", "1.2.3");
        std::fs::copy(e.path(), renamed.path().join(name)).unwrap();
    }
    fails(&of(renamed.path(), &KEY), "not proved");
    // One file of the older release among the new ones, with its evidence.
    let mixed = with(&|d| {
        for e in std::fs::read_dir(older.path()).unwrap().flatten() {
            std::fs::copy(e.path(), d.join(e.file_name())).unwrap();
        }
    });
    fails(&of(mixed.path(), &KEY), "about version");
    // The summary of another provenance.
    let other = with(&|d| {
        let file = "t_1.2.3.provenance.sigstore.json";
        let subject = vec![Subject::new("t_1.2.3_linux_amd64", sha(b"\x7fELF one 1.2.3"))];
        let predicate = json!({"buildDefinition": {"externalParameters": {"version": "1.2.3"}}});
        let statement = slsa::statement(subject, PROVENANCE, &predicate).unwrap();
        std::fs::write(at(d, file), slsa::sealed(&statement, Some(&key("p256.pkcs8.pem"))).unwrap()).unwrap();
    });
    fails(&of(other.path(), &KEY), "it is not the attestation that");
}

#[test]
fn an_unsigned_statement_does_not_count_where_a_signature_was_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    release(dir.path(), "1.2.3");
    for kind in ["provenance", "vsa"] {
        std::fs::remove_file(dir.path().join(format!("t_1.2.3.{kind}.sigstore.json"))).unwrap();
    }
    let file = dir.path().join("t_1.2.3_linux_amd64");
    let subject = vec![Subject::new("t_1.2.3_linux_amd64", sha(&std::fs::read(&file).unwrap()))];
    let predicate = json!({"buildDefinition": {"externalParameters": {"version": "9.9.9", "source": {"uri": "git+https://evil/x"}}}});
    let forged = slsa::sealed(&slsa::statement(subject, PROVENANCE, &predicate).unwrap(), None).unwrap();
    std::fs::write(dir.path().join("t_9.9.9.provenance.json"), forged).unwrap();
    let asked = Asked { version: Some("9.9.9"), ..KEY };
    fails(&ask(std::slice::from_ref(&file), &asked), "there is none that holds");
    fails(&of(dir.path(), &asked), "there is none that holds");
    let r = ask(&[file], &KEY);
    assert_eq!((r.verdict, r.version), (Verdict::Proved, None), "the checksum file is signed");
    // The release is proved without it, and that is said; whoever asks about it itself gets no.
    let r = of(dir.path(), &KEY);
    assert_eq!((r.verdict, r.version.as_deref()), (Verdict::Proved, None), "{:?}", r.problems);
    let statement = "t_9.9.9.provenance.json";
    assert!(r.files.iter().any(|f| f.file == statement && f.state == State::NotChecked), "{:?}", r.files);
    assert!(r.unproved.iter().any(|u| u.contains("is not signed as asked for")), "{:?}", r.unproved);
    assert!(r.unproved.iter().any(|u| u.contains("version and source")), "{:?}", r.unproved);
    fails(&ask(&[dir.path().join(statement)], &KEY), "t_9.9.9.provenance.json is not proved: nothing that");
    // Listed in the signed checksums it is as good as signed.
    let sums = dir.path().join("t_1.2.3_checksums.txt");
    let mut text = std::fs::read_to_string(&sums).unwrap();
    text += &format!("{}  {statement}\n", hex(&std::fs::read(dir.path().join(statement)).unwrap()));
    std::fs::write(&sums, text).unwrap();
    let bundle = sign_blob(&key("p256.pkcs8.pem"), &sums).unwrap().to_json().unwrap();
    std::fs::write(dir.path().join("t_1.2.3_checksums.txt.sigstore.json"), bundle).unwrap();
    let asked = Asked { source: Some("evil/x"), ..KEY };
    let r = ask(&[dir.path().join("t_1.2.3_linux_amd64")], &asked);
    assert_eq!((r.verdict, r.version.as_deref()), (Verdict::Proved, Some("9.9.9")), "{:?}", r.problems);
}

#[test]
fn nothing_is_never_something() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(of(dir.path(), &Asked { key: None, ..KEY }).verdict, Verdict::Nothing);
    std::fs::write(dir.path().join("tool"), "x").unwrap();
    let r = of(dir.path(), &Asked { key: None, ..KEY });
    assert_eq!((r.verdict, r.files[0].state), (Verdict::Nothing, State::NotChecked));
    assert!(r.problems.has_errors());
    fails(&of(dir.path(), &KEY), "tool");
    // Sums that anybody can forge vouch for nothing.
    let sums = goferry_package::checksum::Algorithm::Md5.sum_file(&dir.path().join("tool")).unwrap();
    std::fs::write(dir.path().join("checksums.txt"), format!("{sums}  tool\n")).unwrap();
    let signer = key("p256.pkcs8.pem");
    let bundle = sign_blob(&signer, &dir.path().join("checksums.txt")).unwrap().to_json().unwrap();
    std::fs::write(dir.path().join("checksums.txt.sigstore.json"), bundle).unwrap();
    fails(&of(dir.path(), &KEY), "tool is not proved: nothing that was signed");
}

#[test]
fn signatures_of_other_forms_count_by_a_key_of_that_form() {
    let dir = tempfile::tempdir().unwrap();
    release(dir.path(), "1.2.3");
    for end in ["_checksums.txt.sigstore.json", ".provenance.sigstore.json", ".vsa.sigstore.json"] {
        std::fs::remove_file(dir.path().join(format!("t_1.2.3{end}"))).unwrap();
    }
    let sums = dir.path().join("t_1.2.3_checksums.txt");
    let keys = Path::new(env!("CARGO_MANIFEST_DIR")).join("../supply/tests/keys");
    let text = std::fs::read(keys.join("ssh.ed25519")).unwrap();
    let ssh = goferry_supply::SigningKey::read(&text, "ssh.ed25519", None).unwrap();
    let signature = dir.path().join("t_1.2.3_checksums.txt.sig");
    std::fs::write(&signature, ssh.sign(&sums).unwrap().document).unwrap();
    let mine = Asked { key: Some("ssh.ed25519.pub"), ..KEY };
    let r = of(dir.path(), &mine);
    assert_eq!((r.verdict, r.files.len()), (Verdict::Proved, 4), "{:?}", r.problems);
    fails(&of(dir.path(), &Asked { key: Some("ssh.ecdsa.pub"), ..KEY }), "signature does not hold");
    fails(&of(dir.path(), &KEY), "nothing that was signed as asked for");
    let good = std::fs::read(&signature).unwrap();
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 1 << (at % 8);
        std::fs::write(&signature, &bad).unwrap();
        assert_ne!(of(dir.path(), &mine).verdict, Verdict::Proved, "byte {at} {:?}", good[at] as char);
    }
}

/// A file of an older release beside the newer one, with everything that was signed about it then.
#[test]
fn an_expectation_is_about_the_named_files_and_not_about_their_neighbours() {
    let dir = tempfile::tempdir().unwrap();
    release(dir.path(), "1.2.3");
    let older = tempfile::tempdir().unwrap();
    release(older.path(), "1.2.2");
    for name in ["t_1.2.2_linux_amd64", "t_1.2.2_checksums.txt", "t_1.2.2_checksums.txt.sigstore.json"] {
        std::fs::copy(older.path().join(name), dir.path().join(name)).unwrap();
    }
    let old = dir.path().join("t_1.2.2_linux_amd64");
    let new = dir.path().join("t_1.2.3_linux_amd64");
    let all: [Asked<'_>; 3] = [
        Asked { version: Some("1.2.3"), ..KEY },
        Asked { source: Some("example.com/o/t"), ..KEY },
        Asked { tag: Some("v1.2.3"), ..KEY },
    ];
    for asked in &all {
        fails(
            &ask(std::slice::from_ref(&old), asked),
            "t_1.2.2_linux_amd64 is not proved: no provenance here",
        );
        fails(&ask(&[old.clone(), new.clone()], asked), "t_1.2.2_linux_amd64 is not proved: no provenance");
        fails(&of(dir.path(), asked), "t_1.2.2_linux_amd64 is not proved: no provenance");
        let r = ask(std::slice::from_ref(&new), asked);
        assert_eq!((r.verdict, r.version.as_deref()), (Verdict::Proved, Some("1.2.3")), "{:?}", r.problems);
        let unsigned = ask(std::slice::from_ref(&old), &Asked { key: None, ..*asked });
        fails(&unsigned, "t_1.2.2_linux_amd64 is not proved: no provenance");
    }
    let r = ask(std::slice::from_ref(&old), &KEY);
    assert_eq!((r.verdict, r.version), (Verdict::Proved, None), "signed it is, and of no known version");
    // With its own provenance: that one counts, and the newer one neither helps nor harms.
    for name in ["t_1.2.2.provenance.sigstore.json", "t_1.2.2.vsa.sigstore.json"] {
        std::fs::copy(older.path().join(name), dir.path().join(name)).unwrap();
    }
    fails(
        &ask(std::slice::from_ref(&old), &all[0]),
        "t_1.2.2.provenance.sigstore.json says that it is about version 1.2.2, and 1.2.3 was expected",
    );
    for (file, version) in [(&old, "1.2.2"), (&new, "1.2.3")] {
        let r = ask(std::slice::from_ref(file), &Asked { version: Some(version), ..KEY });
        assert_eq!((r.verdict, r.version.as_deref()), (Verdict::Proved, Some(version)), "{:?}", r.problems);
    }
    // Every file of the newer release by name, its evidence too.
    let mine: Vec<PathBuf> = std::fs::read_dir(dir.path())
        .unwrap()
        .map(|e| e.unwrap().path())
        .filter(|p| p.to_string_lossy().contains("t_1.2.3"))
        .collect();
    let r = ask(&mine, &all[0]);
    assert_eq!((r.verdict, r.files.len()), (Verdict::Proved, 6), "{:?}", r.problems);
}

#[test]
fn a_comment_of_minisign_names_the_file_that_was_signed() {
    let dir = tempfile::tempdir().unwrap();
    let keys = Path::new(env!("CARGO_MANIFEST_DIR")).join("../supply/tests/keys");
    let text = std::fs::read(keys.join("minisign.key")).unwrap();
    let secret = goferry_supply::SigningKey::read(&text, "minisign.key", None).unwrap();
    let public = TrustedKey::read(secret.public().as_bytes(), "minisign.pub").unwrap();
    let old = dir.path().join("t_1.2.2_linux");
    std::fs::write(&old, "old").unwrap();
    let signature = secret.sign(&old).unwrap().document;
    let verdict = |name: &str| {
        let trust = Trust::sigstore().unwrap();
        let paths = [dir.path().join(name)];
        let signer = Some(Whose::Key(&public));
        check(&Question { paths: &paths, signer, trust: &trust, source: None, tag: None, version: None })
            .unwrap()
    };
    std::fs::write(dir.path().join("t_1.2.2_linux.minisig"), &signature).unwrap();
    let good = verdict("t_1.2.2_linux");
    assert_eq!(good.verdict, Verdict::Proved, "{:?}", good.problems);
    std::fs::write(dir.path().join("t_1.2.3_linux"), "old").unwrap();
    std::fs::write(dir.path().join("t_1.2.3_linux.minisig"), &signature).unwrap();
    fails(
        &verdict("t_1.2.3_linux"),
        "t_1.2.3_linux is not proved: t_1.2.3_linux.minisig is the signature of a file that was called t_1.2.2_linux",
    );
    // What another name was meant for at once.
    let named = secret.sign_as(&old, "t_1.2.3_linux").unwrap().document;
    std::fs::write(dir.path().join("t_1.2.3_linux.minisig"), named).unwrap();
    let good = verdict("t_1.2.3_linux");
    assert_eq!(good.verdict, Verdict::Proved, "{:?}", good.problems);
}
