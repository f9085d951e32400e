use super::*;
use goferry_proc::{Cancel, Status};
use std::process::Command;

#[test]
fn listings() {
    let text = "sec:u:255:22:3F1A:1700000000:::u:::scESC:::+::ed25519:::0:\n\
        fpr:::::::::AAAA3F1A:\ngrp:::::::::X:\nuid:u::::1700000000::H::A <a@b>::::::::::0:\n\
        ssb:u:255:18:77:1700000500::::::e:::+::cv25519::\nfpr:::::::::BBBB77:\n\
        sec:e:255:22:9:1600000000:1600000009::u:::sc:::+::ed25519:::0:\nfpr:::::::::CCCC9:\n";
    let listed = |fingerprint: &str, created, refused| Listed {
        fingerprint: fingerprint.to_owned(),
        created,
        refused,
    };
    let expired = listed("CCCC9", 1_600_000_000, Some("it has expired"));
    assert_eq!(secret_keys(text), [listed("AAAA3F1A", 1_700_000_500, None), expired]);
    assert_eq!(secret_keys("gpg: nothing\n:::\nfpr\nssb"), []);
}

/// A key of its own, protected by a passphrase if there is one; none where gpg is missing.
fn key(dir: &Path, passphrase: &str) -> Option<PathBuf> {
    let home = tempfile::Builder::new().prefix("gk-").tempdir_in("/tmp").unwrap();
    let gpg = |args: &[&str]| {
        Command::new("gpg")
            .args(["--batch", "--quiet", "--pinentry-mode", "loopback", "--passphrase", passphrase])
            .args(args)
            .env("GNUPGHOME", home.path())
            .output()
    };
    let made = gpg(&["--quick-generate-key", "Fixture <fixture@example.com>", "ed25519", "sign", "never"]);
    let Ok(made) = made else {
        assert!(std::env::var_os("CI").is_none(), "gpg is missing");
        return None;
    };
    assert!(made.status.success(), "{made:?}");
    let exported = gpg(&["--armor", "--export-secret-keys"]).unwrap();
    let file = dir.join("key.asc");
    std::fs::write(&file, exported.stdout).unwrap();
    Command::new("gpgconf").args(["--kill", "all"]).env("GNUPGHOME", home.path()).status().unwrap();
    Some(file)
}

fn opening<'a>(
    file: &'a Path,
    passphrase: Option<&'a str>,
    path: &'a str,
    variables: &'a [String],
) -> Opening<'a> {
    Opening { file, name: "key.asc", passphrase, variables, clock: 1_704_164_645, path, tmpdir: None }
}

#[test]
fn a_key_signs_the_same_each_time_and_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let Some(file) = key(dir.path(), "canary pass") else { return };
    let (host, path) = (Host::new(Cancel::new()), std::env::var("PATH").unwrap());
    let variables = ["NFPM_DEFAULT_DEB_PASSPHRASE".to_owned()];
    let home = {
        let key = OpenPgpKey::open(&host, &opening(&file, Some("canary pass"), &path, &variables)).unwrap();
        let first = key.detached_of(&mut &b"some data"[..], true).unwrap();
        assert!(first.starts_with(b"-----BEGIN PGP SIGNATURE-----"), "{}", String::from_utf8_lossy(&first));
        assert_eq!(first, key.detached_of(&mut &b"some data"[..], true).unwrap());
        let data = dir.path().join("data");
        let signature = dir.path().join("data.sig");
        std::fs::write(&data, "some data").unwrap();
        std::fs::write(&signature, key.detached(&data, false).unwrap()).unwrap();
        let verified = key.run(
            &["--verify".into(), signature.display().to_string(), data.display().to_string()],
            Stdin::Null,
        );
        assert_eq!(verified.unwrap().status, Status::Exited(0));
        key.home.path().to_owned()
    };
    assert!(!home.exists());
}

#[test]
fn what_is_wrong_with_a_key_is_said() {
    let dir = tempfile::tempdir().unwrap();
    let Some(file) = key(dir.path(), "right") else { return };
    let (host, path) = (Host::new(Cancel::new()), std::env::var("PATH").unwrap());
    let variables = ["NFPM_PASSPHRASE".to_owned()];
    let empty = dir.path().join("empty");
    std::fs::write(&empty, "no key").unwrap();
    let absent = dir.path().join("absent");
    let nowhere = dir.path().display().to_string();
    for (file, passphrase, path, code, said) in [
        (&file, Some("wrong"), &path, Code::KeyPassword, "does not open"),
        (&file, None, &path, Code::KeyPassword, "needs a passphrase"),
        (&empty, None, &path, Code::KeyUnusable, "gpg does not take it"),
        (&absent, None, &path, Code::KeyUnusable, "No such file"),
        (&file, None, &nowhere, Code::ToolMissing, "gpg is not on PATH"),
    ] {
        let Err(d) = OpenPgpKey::open(&host, &opening(file, passphrase, path, &variables)) else {
            panic!("{said}: opened");
        };
        assert_eq!(d.code, code, "{}", d.message);
        assert!(d.message.contains(said), "{}", d.message);
        assert!(!format!("{d:?}").contains("wrong"), "{d:?}");
    }
}
