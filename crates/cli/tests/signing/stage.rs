//! The stage of a release: `[sign]`, goreleaser's `signs` and `binary_signs`.

use crate::support::Project;
use crate::{Check, artifacts, stem, tool, tool_ok};

pub(crate) const CHECKS: &[Check] = &[
    ("sign-of-goferry-toml", &["cosign"], own_section),
    ("cosign-blocks-are-done-here", &["cosign"], cosign_blocks),
    ("what-a-command-signed-vouches-for-the-files", &[], by_a_command),
    ("gpg-signs-as-in-goreleaser", &["gpg"], gpg),
    ("commands-get-what-goreleaser-gives", &[], commands),
    ("binaries-are-signed-before-archives", &[], binaries),
    ("each-item-has-the-key-of-its-own-env", &[], own_keys),
    ("what-cannot-be-signed-stops-the-release", &[], refusals),
    ("a-strangers-configuration-signs-nothing", &[], stranger),
];

const TARGETS: &str = "targets = [\"linux/amd64\", \"windows/amd64\"]\n";
const NO_LOG: &str = "--insecure-ignore-tlog=true";

/// A project that builds for one system, with a key of goferry's in it.
fn project(yaml: &str) -> Project {
    let config = format!("version: 2\nbuilds:\n  - targets: [linux_amd64_v1]\n{yaml}");
    with_key(Project::new(&[(".goreleaser.yaml", &config)]))
}

fn with_key(mut p: Project) -> Project {
    p.set("COSIGN_PASSWORD", "pw-1");
    let prefix = p.scratch.path().join("k");
    let r = p.run(&["sign", "--generate-key", prefix.to_str().unwrap()]);
    assert_eq!(r.status, 0, "{}", r.stderr);
    let key = std::fs::read_to_string(p.scratch.path().join("k.key")).unwrap();
    p.set("COSIGN_PRIVATE_KEY", &key);
    p
}

fn own_section() {
    let toml = format!("{TARGETS}[sign]\nkey = \"../k.key\"\nartifacts = \"all\"\n");
    let p = with_key(Project::new(&[("goferry.toml", &toml)]));
    p.release();
    let stem = stem(&p);
    let signed = [
        format!("{stem}.cdx.json"),
        format!("{stem}_checksums.txt"),
        format!("{stem}_linux_amd64.tar.gz.cdx.json"),
        format!("{stem}_linux_amd64.tar.gz"),
        format!("{stem}_windows_amd64.zip.cdx.json"),
        format!("{stem}_windows_amd64.zip"),
    ];
    let of = |suffix: &str| -> Vec<_> {
        let row = |n: &String| ("Signature".to_owned(), format!("{n}{suffix}"), format!("dist/{n}{suffix}"));
        signed.iter().map(row).collect()
    };
    assert_eq!(artifacts(&p, &["Signature", "Certificate"]), of(".sigstore.json"));
    let key = p.scratch.path().join("k.pub");
    for name in &signed {
        let bundle = format!("{name}.sigstore.json");
        let args = ["verify-blob", "--key", key.to_str().unwrap(), "--bundle", &bundle, NO_LOG, name];
        tool_ok(&p.dist(), "cosign", &[], &args);
    }
    // Nothing of a signature is in the checksums, and the same release has the same signatures.
    let first = p.dist_files();
    let sums = String::from_utf8(first[&signed[1]].clone()).unwrap();
    assert!(sums.lines().count() == 5 && !sums.contains("sigstore"), "{sums}");
    p.release();
    assert_eq!(p.dist_files(), first);
    // Without a word on artifacts it is the checksums; without a key there is nothing; and it can be skipped.
    p.write("goferry.toml", &format!("{TARGETS}[sign]\nkey = \"env://COSIGN_PRIVATE_KEY\"\n"));
    p.commit("second");
    p.release();
    assert_eq!(artifacts(&p, &["Signature"]).len(), 1);
    let r = p.run(&["release", "--snapshot", "--clean", "--skip=sign"]);
    assert!(r.status == 0 && artifacts(&p, &["Signature"]).is_empty(), "{}", r.stderr);
}

fn cosign_blocks() {
    let p = project(
        r#"signs:
- id: new
  cmd: cosign
  signature: "${artifact}.sigstore.json"
  artifacts: archive
  args: ["sign-blob", "--bundle=${signature}", "--key", "../k.key", "${artifact}", "--yes"]
- id: old
  cmd: cosign
  env: [COSIGN_EXPERIMENTAL=1]
  certificate: "${artifact}.pem"
  artifacts: checksum
  args:
    - sign-blob
    - "--key=env://COSIGN_PRIVATE_KEY"
    - "--tlog-upload=false"
    - "--output-certificate=${certificate}"
    - "--output-signature=${signature}"
    - "${artifact}"
    - "--yes"
"#,
    );
    // Nothing that is called cosign could run.
    let mut command = p.command(&["release", "--snapshot", "--clean"]);
    let go = crate::support::which("go");
    command.env("PATH", format!("{}:/usr/bin:/bin", go.parent().unwrap().display()));
    let r = crate::support::ran(&command.output().unwrap());
    assert_eq!(r.status, 0, "{}", r.stderr);
    let stem = stem(&p);
    let (archive, sums) = (format!("{stem}_linux_amd64.tar.gz"), format!("{stem}_checksums.txt"));
    let names: Vec<_> = artifacts(&p, &["Signature", "Certificate"]).into_iter().map(|a| a.1).collect();
    assert_eq!(names, [format!("{sums}.sig"), format!("{archive}.sigstore.json")]);
    let key = p.scratch.path().join("k.pub");
    let verify = |evidence: &str, of: &str, file: &str| {
        let args = ["verify-blob", "--key", key.to_str().unwrap(), evidence, of, NO_LOG, file];
        tool(&p.dist(), "cosign", &[], &args)
    };
    let right = verify("--bundle", &format!("{archive}.sigstore.json"), &archive);
    assert_eq!(right.status, 0, "{}", right.stderr);
    let right = verify("--signature", &format!("{sums}.sig"), &sums);
    assert_eq!(right.status, 0, "{}", right.stderr);
    assert_ne!(verify("--signature", &format!("{sums}.sig"), &archive).status, 0);
    // The key that signs the checksums signs what goferry says of the release too.
    let key = key.to_str().unwrap();
    let r = p.run(&["verify", "--key", key, "--source", "git.example.com/x/tiny", "dist"]);
    assert!(r.status == 0 && r.stdout.contains("every file is signed"), "{}{}", r.stdout, r.stderr);
    assert!(p.dist().join(format!("{stem}.provenance.sigstore.json")).is_file());
}

/// A command that signs the checksums in a way that is not seen through: everything is proved by them but what goferry says.
fn by_a_command() {
    let mut p = project(
        r#"signs:
- cmd: sh
  artifacts: checksum
  signature: "${artifact}.sigstore.json"
  args: [sign.sh, "${signature}", "${artifact}"]
"#,
    );
    p.write("sign.sh", "\"$GOFERRY\" sign --key ../k.key --bundle \"$1\" \"$2\"\n");
    p.commit("script");
    p.set("GOFERRY", env!("CARGO_BIN_EXE_goferry"));
    p.release();
    let key = p.scratch.path().join("k.pub");
    let verify =
        |more: &[&str]| p.run(&[&["verify", "--key", key.to_str().unwrap()], more, &["dist"]].concat());
    let r = verify(&[]);
    assert_eq!(r.status, 0, "{}{}", r.stdout, r.stderr);
    let provenance = format!("{}.provenance.json", stem(&p));
    assert!(r.stdout.contains(&format!("{provenance}: not checked")), "{}", r.stdout);
    assert!(r.stdout.contains(&format!("{provenance}: it is not signed as asked for")), "{}", r.stdout);
    assert!(r.stdout.contains(&format!("every file but {provenance}, ")), "{}", r.stdout);
    for more in [["--source", "git.example.com/x/tiny"], ["--version", "1.2.3"]] {
        let r = verify(&more);
        assert!(r.status == 4 && r.stderr.contains("there is none that holds"), "{}{}", r.stdout, r.stderr);
    }
}

fn gpg() {
    // Sockets of an agent want a short path.
    let home = tempfile::Builder::new().prefix("gpg").tempdir_in("/tmp").unwrap();
    let env = [("GNUPGHOME", home.path().to_str().unwrap())];
    let batch = ["--batch", "--pinentry-mode", "loopback", "--passphrase", "pw-2"];
    let new = ["--quick-generate-key", "Test <test@example.com>", "ed25519", "sign", "never"];
    tool_ok(home.path(), "gpg", &env, &[&batch[..], &new[..]].concat());
    let mut p = project(
        "signs:\n\
         - artifacts: checksum\n\
         \x20 stdin: '{{ .Env.GPG_PASSPHRASE }}'\n\
         \x20 args: [--batch, --pinentry-mode, loopback, --passphrase-fd, '0', --local-user, test@example.com,\n\
         \x20        --output, '${signature}', --detach-sign, '${artifact}']\n",
    );
    p.set("GNUPGHOME", home.path().to_str().unwrap());
    p.set("GPG_PASSPHRASE", "pw-2");
    p.release();
    let sums = format!("{}_checksums.txt", stem(&p));
    let want = ("Signature".to_owned(), format!("{sums}.sig"), format!("dist/{sums}.sig"));
    assert_eq!(artifacts(&p, &["Signature"]), [want]);
    tool_ok(&p.dist(), "gpg", &env, &["--verify", &format!("{sums}.sig"), &sums]);
    let r = tool(&p.dist(), "gpg", &env, &["--verify", &format!("{sums}.sig"), "metadata.json"]);
    assert_ne!(r.status, 0);
    tool(home.path(), "gpgconf", &env, &["--kill", "all"]);
}

/// What goreleaser would expand has no place in a script; it is a file.
const SCRIPT: &str = r#"out=$1
echo "says $out"
(pwd; cat; echo "$*"; env | sort) > "$out"
cp "$out" "dist/$5.crt"
"#;

fn commands() {
    let p = project(
        r#"env: [PLAIN=p]
signs:
- cmd: sh
  id: mine
  artifacts: all
  output: true
  signature: "${artifactName}.{{ .Env.PLAIN }}"
  certificate: "{{ .Env.artifactName }}.crt"
  env: ["FIRST=1", "SECOND={{ .Env.FIRST }}2{{ .Version }}"]
  stdin_file: in.txt
  args: [sign.sh, "${signature}", "$artifact", "$unknown{{ .ProjectName }}", "{{ .Env.signature }}", "${artifactName}"]
- {cmd: "false", id: none, artifacts: none}
"#,
    );
    p.write("sign.sh", SCRIPT);
    p.write("in.txt", "from a file\n");
    p.commit("in");
    let r = p.release();
    let stem = stem(&p);
    let sums = format!("{stem}_checksums.txt");
    let text = std::fs::read_to_string(p.dist().join(format!("{sums}.p"))).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[..2], [p.root.canonicalize().unwrap().to_str().unwrap(), "from a file"]);
    assert_eq!(lines[2], format!("dist/{sums}.p dist/{sums} tiny dist/{sums}.p {sums}"));
    let version = stem.strip_prefix("tiny_").unwrap();
    for line in [
        format!("artifact=dist/{sums}"),
        format!("artifactName={sums}"),
        format!("signature=dist/{sums}.p"),
        format!("certificate=dist/{sums}.crt"),
        "PLAIN=p".to_owned(),
        format!("SECOND=12{version}"),
    ] {
        assert!(lines.contains(&line.as_str()), "{line} in {text}");
    }
    assert!(r.stderr.contains(&format!("says dist/{sums}.p")), "{}", r.stderr);
    let archive = format!("{stem}_linux_amd64.tar.gz");
    let names: Vec<_> =
        artifacts(&p, &["Signature", "Certificate"]).into_iter().map(|a| (a.0, a.1)).collect();
    let signed = [format!("{stem}.cdx.json"), sums, format!("{archive}.cdx.json"), archive];
    let both = [("Certificate", "crt"), ("Signature", "p")];
    let want: Vec<_> =
        signed.iter().flat_map(|n| both.map(|(t, e)| (t.to_owned(), format!("{n}.{e}")))).collect();
    assert_eq!(names, want);
}

fn binaries() {
    let p = project(
        r#"archives:
- files: [{src: "dist/*/tiny_*", dst: signatures, strip_parent: true}]
binary_signs:
- {cmd: sh, args: [sign.sh, "${signature}", "${artifact}"]}
"#,
    );
    p.write("sign.sh", "date +%s%N > $1\n");
    p.commit("script");
    p.release();
    let archive = p.dist().join(format!("{}_linux_amd64.tar.gz", stem(&p)));
    let listing = tool(&p.dist(), "tar", &[], &["tzf", archive.to_str().unwrap()]);
    assert_eq!(listing.stdout, "signatures/tiny_linux_amd64\ntiny\n", "{}", listing.stderr);
    let path = "dist/tiny_linux_amd64_v1/tiny_linux_amd64";
    let want = ("Signature".to_owned(), "tiny_linux_amd64".to_owned(), path.to_owned());
    assert_eq!(artifacts(&p, &["Signature"]), [want]);
    // A command is run every time, and what is packed is what it wrote now.
    let first = std::fs::read(p.root.join(path)).unwrap();
    p.release();
    let second = std::fs::read(p.root.join(path)).unwrap();
    assert_ne!(first, second);
    let packed =
        tool(&p.dist(), "tar", &[], &["xzOf", archive.to_str().unwrap(), "signatures/tiny_linux_amd64"]);
    assert_eq!(packed.stdout.as_bytes(), second);
}

/// `env://KEY` and COSIGN_PASSWORD mean what each item's own `env` says, although they are called the same.
fn own_keys() {
    let item = |id: &str, key: &str| {
        format!(
            "- id: {id}\n  cmd: cosign\n  artifacts: checksum\n  signature: ${{artifact}}.{id}\n  env: [\"K={{{{ .Env.{key} }}}}\"]\n  args: [sign-blob, \"--key=env://K\", \"--bundle=${{signature}}\", \"${{artifact}}\"]\n"
        )
    };
    let mut p = project(&format!("signs:\n{}{}", item("a", "KEY_A"), item("b", "KEY_B")));
    p.set("COSIGN_PASSWORD", "both");
    for (name, variable) in [("a", "KEY_A"), ("b", "KEY_B")] {
        let prefix = p.scratch.path().join(name);
        let r = p.run(&["sign", "--generate-key", prefix.to_str().unwrap()]);
        assert_eq!(r.status, 0, "{}", r.stderr);
        let key = std::fs::read_to_string(prefix.with_extension("key")).unwrap();
        p.set(variable, &key);
    }
    p.release();
    let sums = p.dist().join(format!("{}_checksums.txt", stem(&p)));
    let sums = sums.to_str().unwrap();
    for (key, signature, status) in [("a", "a", 0), ("b", "b", 0), ("a", "b", 4), ("b", "a", 4)] {
        let bundle = format!("{sums}.{signature}");
        let r = p.run(&["verify", "--key", &format!("../{key}.pub"), "--bundle", &bundle, sums]);
        assert_eq!(r.status, status, "{key} {signature}: {}{}", r.stdout, r.stderr);
    }
}

fn refusals() {
    let block = |args: &str| {
        let head = "signs:\n- cmd: cosign\n  artifacts: checksum\n  args: [sign-blob, \"--bundle=${signature}\", \"${artifact}\"";
        format!("{head}{args}]\n")
    };
    for (yaml, status, want) in [
        ("signs: [{cmd: 'false', artifacts: checksum}]\n", 1, "sign-failed"),
        ("signs: [{cmd: 'true', artifacts: checksum}]\n", 1, "`true` succeeded, but"),
        ("signs: [{cmd: touch, artifacts: checksum, args: ['${signature}']}]\n", 1, "output-missing"),
        ("signs: [{cmd: no-such-program, artifacts: checksum}]\n", 5, "tool-missing"),
        ("signs: [{artifacts: images}]\n", 2, "`signs.artifacts` cannot be `images`"),
        (
            "signs: [{cmd: 'true', artifacts: checksum}, {cmd: 'true', artifacts: checksum}]\n",
            2,
            "duplicate-id",
        ),
        (
            "signs: [{id: a, cmd: 'true', artifacts: checksum}, {id: b, cmd: 'true', artifacts: all}]\n",
            2,
            "would be written over",
        ),
        (
            &block(", --key=missing.key"),
            2,
            "key-unusable]: the key missing.key: it cannot be read: No such file",
        ),
        (&block(", \"--key=env://NO_SUCH_KEY\""), 2, "key-unusable]: the key env://NO_SUCH_KEY"),
        (&block(""), 5, "identity-token"),
    ] {
        let p = project(yaml);
        let r = p.run(&["release", "--snapshot", "--clean"]);
        assert!(r.status == status && r.stderr.contains(want), "{yaml}: {} {}", r.status, r.stderr);
        let left = std::fs::read_dir(p.dist()).into_iter().flatten().flatten();
        let names: Vec<_> = left.map(|e| e.file_name().into_string().unwrap()).collect();
        let empty = yaml.contains("touch");
        assert!(
            !empty || r.stderr.contains("`touch` succeeded, but") && r.stderr.contains(".sig is empty"),
            "{}",
            r.stderr
        );
        assert!(empty || !names.iter().any(|n| n.ends_with(".sig") || n.contains("-tmp")), "{names:?}");
        // A key that does not open is found before anything is built.
        let early = yaml.contains("--key=");
        assert!(!early || !names.iter().any(|n| n.starts_with("tiny_")), "{yaml}: {names:?}");
    }
    // What asks for something that is not there is said, and stops nothing.
    let p = project("checksum: {disable: true}\nsigns: [{cmd: 'false', artifacts: checksum}]\n");
    assert!(p.release().stderr.contains("there is nothing to sign"));
}

fn stranger() {
    // The plan names what would be run, and `goferry plan` shows no key and no text for standard input.
    let p = project(
        r#"signs:
- {cmd: cosign, artifacts: checksum, stdin: pw-1, args: [sign-blob, --key=../k.key, "--bundle=${signature}", "${artifact}"]}
"#,
    );
    let r = p.run(&["plan", "--snapshot", "--json"]);
    assert_eq!(r.status, 0, "{}", r.stderr);
    assert!(r.stdout.contains("../k.key") && !r.stdout.contains("pw-1"), "{}", r.stdout);
}
