//! Blocks that real projects have, after `${artifact}` and its kin were put in.

use super::*;

fn read(cmd: &str, args: &[&str]) -> Option<SignBlob> {
    sign_blob(cmd, &args.iter().map(|a| (*a).to_owned()).collect::<Vec<_>>())
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

#[test]
fn the_new_form() {
    // syft, goreleaser's own and most since cosign 3.
    let want = SignBlob {
        bundle: some("dist/sums.txt.sigstore.json"),
        file: "dist/sums.txt".to_owned(),
        ..SignBlob::default()
    };
    for (cmd, args) in [
        (
            ".tool/cosign",
            &["sign-blob", "--bundle=dist/sums.txt.sigstore.json", "dist/sums.txt", "--yes"][..],
        ),
        // rekor, timestamp-authority: a word of its own.
        ("cosign", &["sign-blob", "--bundle", "dist/sums.txt.sigstore.json", "dist/sums.txt"]),
        ("cosign.exe", &["sign-blob", "-y", "dist/sums.txt", "--bundle", "dist/sums.txt.sigstore.json"]),
        (
            "cosign",
            &[
                "sign-blob",
                "--oidc-issuer=https://token.actions.githubusercontent.com",
                "--new-bundle-format",
                "--bundle=dist/sums.txt.sigstore.json",
                "--yes=true",
                "dist/sums.txt",
            ],
        ),
    ] {
        assert_eq!(read(cmd, args).as_ref(), Some(&want), "{args:?}");
    }
}

#[test]
fn the_old_form() {
    let keyless = read(
        "cosign",
        &["sign-blob", "--output-certificate=s.pem", "--output-signature=s.sig", "s", "--yes"],
    );
    let want = SignBlob {
        signature: some("s.sig"),
        certificate: some("s.pem"),
        file: "s".to_owned(),
        ..SignBlob::default()
    };
    assert_eq!(keyless, Some(want.clone()));
    // Without `certificate:` the name is empty, and cosign writes no such file.
    let none =
        read("cosign", &["sign-blob", "--yes", "s", "--output-signature=s.sig", "--output-certificate="]);
    assert_eq!(none, Some(SignBlob { certificate: None, ..want.clone() }));
    // goreleaser's own documentation before cosign 3.
    let key = read("cosign", &["sign-blob", "--key=cosign.key", "--output-signature=s.sig", "s", "--yes"]);
    let with_key = SignBlob { key: some("cosign.key"), certificate: None, ..want.clone() };
    assert_eq!(key, Some(with_key.clone()));
    let quiet = [
        "sign-blob",
        "--key",
        "env://COSIGN_PRIVATE_KEY",
        "--tlog-upload=false",
        "--output-signature",
        "s.sig",
        "s",
    ];
    let from_env = SignBlob { key: some("env://COSIGN_PRIVATE_KEY"), log: Some(false), ..with_key };
    assert_eq!(read("cosign", &quiet), Some(from_env));
}

#[test]
fn addresses_and_tokens() {
    let got = read(
        "/usr/local/bin/cosign",
        &[
            "sign-blob",
            "--fulcio-url=https://f.example",
            "--rekor-url",
            "https://r.example",
            "--timestamp-server-url=https://t.example/api/v1/timestamp",
            "--identity-token=token.jwt",
            "--b64=false",
            "--tlog-upload",
            "--output-signature=s.sig",
            "s",
        ],
    )
    .unwrap();
    assert_eq!(got.services.fulcio, some("https://f.example"));
    assert_eq!(got.services.rekor, some("https://r.example"));
    assert_eq!(got.services.tsa, some("https://t.example/api/v1/timestamp"));
    assert_eq!((got.token, got.raw, got.log), (some("token.jwt"), true, Some(true)));
}

#[test]
fn what_is_left_to_the_program() {
    for (cmd, args) in [
        // Other programs, and a cosign that the release itself has built (cosign's own configuration).
        ("gpg", &["--output", "s.sig", "--detach-sig", "s"][..]),
        ("./dist/cosign-linux-amd64", &["sign-blob", "--bundle", "b", "s"]),
        ("sh", &["-c", "cosign sign-blob --bundle b s"]),
        // A key in a key management service (rekor's and cosign's own).
        ("cosign", &["sign-blob", "--bundle", "b", "--key", "gcpkms://projects/p/keyRings/k", "s"]),
        ("cosign", &["sign-blob", "--bundle=b", "--key=awskms:///alias/x", "s"]),
        // Nothing is written, or somewhere that is not known.
        ("cosign", &["sign-blob", "s"]),
        ("cosign", &["sign-blob", "--rfc3161-timestamp=t", "--bundle=b", "s"]),
        // Another format, another command, another way.
        ("cosign", &["sign-blob", "--new-bundle-format=false", "--bundle=b", "s"]),
        ("cosign", &["sign", "--yes", "image@sha256:x"]),
        ("cosign", &["attest-blob", "--bundle=b", "s"]),
        ("cosign", &["sign-blob", "--signing-config=c.json", "--bundle=b", "s"]),
        ("cosign", &["sign-blob", "--sk", "--bundle=b", "s"]),
        ("cosign", &["sign-blob", "--certificate=c.pem", "--bundle=b", "s"]),
        // More than one file, or none; a boolean that is none; a value that is missing.
        ("cosign", &["sign-blob", "--bundle=b", "s", "t"]),
        ("cosign", &["sign-blob", "--bundle=b"]),
        ("cosign", &["sign-blob", "--bundle=b", "--yes=perhaps", "s"]),
        ("cosign", &["sign-blob", "s", "--bundle"]),
        ("cosign", &["sign-blob", "-key", "k", "--bundle=b", "s"]),
        ("cosign", &[]),
        ("", &["sign-blob", "--bundle=b", "s"]),
    ] {
        assert_eq!(read(cmd, args), None, "{cmd} {args:?}");
    }
}

#[test]
fn images_are_signed_here_where_nothing_else_is_asked() {
    let image = |line: &str| {
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        super::sign_image("cosign", &words).map(|i| (i.key, i.file))
    };
    let key = Some("cosign.key".to_owned());
    for (line, is) in [
        ("sign --key=cosign.key a/b:v1@sha256:0 --yes", Some((key.clone(), "a/b:v1@sha256:0"))),
        ("sign --key cosign.key --upload=true --recursive=false --tlog-upload=false a/b", Some((key, "a/b"))),
        ("sign a/b -y", Some((None, "a/b"))),
        ("sign --key=cosign.key -r a/b", None),
        ("sign --key=cosign.key --recursive a/b", None),
        ("sign --key=cosign.key -a x=y a/b", None),
        ("sign --key=cosign.key --new-bundle-format=false a/b", None),
        ("sign --key=cosign.key --upload=false a/b", None),
        ("sign --key=cosign.key --bundle=x a/b", None),
        ("sign --key=awskms://x a/b", None),
        ("sign --key=cosign.key a/b c/d", None),
        ("sign-blob --key=cosign.key --bundle=x a/b", None),
    ] {
        assert_eq!(image(line), is.map(|(k, f): (Option<String>, &str)| (k, f.to_owned())), "{line}");
    }
}
