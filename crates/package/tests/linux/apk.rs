//! apks. apk-tools is in no Debian: tar reads the members, the digests are counted again, openssl verifies the signature.

use crate::support::{Bench, stdout};
use flate2::bufread::GzDecoder;
use goferry_package::linux::{Format, RsaKey};
use std::io::Read;
use std::path::Path;

/// The gzip members of a file: as they lie there, and what is in them.
fn members(apk: &str) -> Vec<(Vec<u8>, Vec<u8>)> {
    let whole = std::fs::read(apk).unwrap();
    let mut rest = &whole[..];
    let mut members = Vec::new();
    while !rest.is_empty() {
        let mut decoder = GzDecoder::new(rest);
        let mut plain = Vec::new();
        decoder.read_to_end(&mut plain).unwrap();
        let left = decoder.into_inner();
        members.push((rest[..rest.len() - left.len()].to_vec(), plain));
        rest = left;
    }
    members
}

pub(crate) fn tar_reads_it() {
    let bench = Bench::new();
    let (mut package, names) = bench.uncommon();
    package.scripts.postinstall = Some(b"#!/bin/sh\nexit 0\n".to_vec());
    let apk = bench.write(Format::Apk, &package, None);
    assert!(apk.ends_with("/tool_1.2.3_rc.1-r1-git_x86_64.apk"), "{apk}");
    let root = bench.path().join("root");
    std::fs::create_dir(&root).unwrap();
    // All members one after the other are one archive.
    stdout("tar", &["-xzf", &apk, "-C", root.to_str().unwrap(), "--warning=no-unknown-keyword"]);
    Bench::holds_uncommon(&root, &names);
    let info = std::fs::read_to_string(root.join(".PKGINFO")).unwrap();
    let [control, data] = &members(&apk)[..] else { panic!("two members") };
    let data_file = bench.put("data.tar.gz", &data.0);
    let hash = stdout("sha256sum", &[data_file.to_str().unwrap()]);
    assert!(info.contains(&format!("datahash = {}\n", &hash[..64])), "{info}");
    assert!(info.contains("pkgdesc = Tool of tests It does things. And others.\n"), "{info}");
    assert_eq!(control.1.len() % 512, 0);
    assert!(control.1.windows(13).any(|w| w == b".post-install"));
    assert!(data.1.ends_with(&[0; 1024]), "only the last member ends the archive");
    assert_digest(&data.1, &root, "etc/tool/tool.conf");
}

/// The record before a file has the SHA-1 of its content.
fn assert_digest(tar: &[u8], root: &Path, name: &str) {
    let sum = stdout("sha1sum", &[root.join(name).to_str().unwrap()]);
    let record = format!("APK-TOOLS.checksum.SHA1={}\n", &sum[..40]);
    let header = tar.chunks(512).position(|b| b.starts_with(name.as_bytes()) && b[156] == b'0').unwrap();
    let before = &tar[(header - 1) * 512..header * 512];
    assert!(before.windows(record.len()).any(|w| w == record.as_bytes()), "{record}");
}

pub(crate) fn openssl_verifies_every_kind_of_key() {
    let bench = Bench::new();
    let at = |name: &str| bench.path().join(name).to_str().unwrap().to_owned();
    stdout("openssl", &["genrsa", "-out", &at("pkcs8"), "2048"]);
    stdout("openssl", &["rsa", "-in", &at("pkcs8"), "-pubout", "-out", &at("pub")]);
    stdout("openssl", &["rsa", "-in", &at("pkcs8"), "-traditional", "-out", &at("pkcs1")]);
    for (cipher, name) in
        [("-aes128", "old128"), ("-aes192", "old192"), ("-aes256", "old256"), ("-des3", "des3")]
    {
        stdout(
            "openssl",
            &[
                "rsa",
                "-in",
                &at("pkcs8"),
                "-traditional",
                cipher,
                "-passout",
                "pass:sesame",
                "-out",
                &at(name),
            ],
        );
    }
    stdout(
        "openssl",
        &["pkcs8", "-topk8", "-in", &at("pkcs8"), "-passout", "pass:sesame", "-out", &at("sealed")],
    );
    let read = |name: &str, passphrase| RsaKey::from_pem(&std::fs::read(at(name)).unwrap(), passphrase);
    let package = bench.package();
    let mut made = Vec::new();
    for name in ["pkcs8", "pkcs1", "old128", "old192", "old256", "sealed"] {
        let key = read(name, Some("sesame")).unwrap_or_else(|e| panic!("{name}: {e}"));
        let apk = bench.write(Format::Apk, &package, Some(&key));
        let parts = members(&apk);
        assert_eq!(parts.len(), 3);
        let head = b".SIGN.RSA.ann@example.com.rsa.pub\0";
        assert!(parts[0].1.starts_with(head), "{name}");
        let signature = bench.put("signature", &parts[0].1[512..512 + 256]);
        let control = bench.put("control", &parts[1].0);
        let said = stdout(
            "openssl",
            &[
                "dgst",
                "-sha1",
                "-verify",
                &at("pub"),
                "-signature",
                signature.to_str().unwrap(),
                control.to_str().unwrap(),
            ],
        );
        assert_eq!(said, "Verified OK\n", "{name}");
        made.push(std::fs::read(apk).unwrap());
    }
    assert!(made.iter().all(|m| *m == made[0]), "one key, however it is kept, gives one package");
    for (name, passphrase, reason) in [
        ("sealed", Some("wrong"), "the passphrase is wrong"),
        ("old256", Some("wrong"), "the passphrase is wrong"),
        ("sealed", None, "it is encrypted and there is no passphrase"),
        ("des3", Some("sesame"), "its cipher is not known here: convert it with openssl pkcs8 -topk8"),
        ("pub", None, "there is no private key in PEM in it"),
    ] {
        assert_eq!(read(name, passphrase).err().as_deref(), Some(reason), "{name}");
    }
}
