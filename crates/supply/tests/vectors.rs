//! The public vectors for verifiers of bundles (sigstore-conformance). They are other people's data and lie beside the repository,
//! in `../shared/data/sigstore-bundle-verify`; without them the tests are counted as skipped, but not in CI.
#![expect(clippy::unwrap_used, reason = "what a test cannot set up has failed")]

use goferry_supply::{PublicKey, Signer, SupplyError, Trust, verify};
use libtest_mimic::{Arguments, Failed, Trial};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const IDENTITY: &str = "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main";
const ISSUER: &str = "https://token.actions.githubusercontent.com";

fn main() -> ExitCode {
    let args = Arguments::from_args();
    let folders = folders();
    assert!(!folders.is_empty() || std::env::var_os("CI").is_none(), "CI has the vectors");
    let mut trials: Vec<Trial> = vec![];
    for folder in &folders {
        let (name, f) = (folder.file_name().unwrap().to_str().unwrap().to_owned(), folder.clone());
        trials.push(Trial::test(name, move || judged_right(&f)));
        // What holds must not hold after any change of what was signed, by whom, or in which log.
        if !folder.to_str().unwrap().ends_with("_fail") {
            let f = folder.clone();
            let name = format!("{}-changed", folder.file_name().unwrap().to_str().unwrap());
            trials.push(Trial::test(name, move || changes_are_refused(&f)));
        }
    }
    if folders.is_empty() {
        trials.push(Trial::test("vectors", || Ok(())).with_ignored_flag(true));
    }
    libtest_mimic::run(&args, trials).exit_code()
}

fn folders() -> Vec<PathBuf> {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/sigstore-bundle-verify");
    let Ok(entries) = std::fs::read_dir(data) else { return vec![] };
    let mut out: Vec<PathBuf> = entries.map(|e| e.unwrap().path()).filter(|p| p.is_dir()).collect();
    out.sort();
    assert!(out.len() >= 44, "only {} vectors", out.len());
    out
}

fn judge(folder: &Path, bundle: &[u8]) -> Result<(), SupplyError> {
    let text = |name: &str| std::fs::read_to_string(folder.join(name)).ok().map(|t| t.trim().to_owned());
    let own = folder.join("artifact");
    let artifact = if own.exists() { own } else { folder.join("../a.txt") };
    let root = folder.join("trusted_root.json");
    let trust = if root.exists() { Trust::read(&root)? } else { Trust::sigstore()? };
    let key = std::fs::read(folder.join("key.pub")).ok();
    let key = key.map(|k| PublicKey::from_pem(&k, "key.pub")).transpose()?;
    let identity = text("identity").unwrap_or(IDENTITY.to_owned());
    let issuer = text("issuer").unwrap_or(ISSUER.to_owned());
    let signer = match &key {
        Some(key) => Signer::Key(key),
        None => Signer::Identity { identity: &identity, issuer: &issuer },
    };
    verify(bundle, &artifact, signer, &trust).map(drop)
}

fn judged_right(folder: &Path) -> Result<(), Failed> {
    let bundle = std::fs::read(folder.join("bundle.sigstore.json")).unwrap();
    let refuse = folder.to_str().unwrap().ends_with("_fail");
    match (judge(folder, &bundle), refuse) {
        (Ok(()), false) => Ok(()),
        (Err(_), true) => Ok(()),
        (Ok(()), true) => Err("it is accepted".into()),
        (Err(e), false) => Err(format!("it is refused: {e}").into()),
    }
}

/// Another byte in the middle of each field of bytes, one at a time. Fields that are hints, or that nothing signs, are left out.
fn changes_are_refused(folder: &Path) -> Result<(), Failed> {
    let text = std::fs::read_to_string(folder.join("bundle.sigstore.json")).unwrap();
    let bundle: serde_json::Value = serde_json::from_str(&text).unwrap();
    // Half a bundle is none, wherever it ends.
    for cut in (0..text.len() - 2).step_by(text.len() / 40) {
        if judge(folder, &text.as_bytes()[..cut]).is_ok() {
            return Err(format!("accepted with only {cut} bytes").into());
        }
    }
    let mut places = vec![];
    collect(&bundle, &mut vec![], &mut places);
    assert!(places.len() > 4, "{places:?}");
    for place in &places {
        let mut changed = bundle.clone();
        let field = place.iter().fold(&mut changed, |v, key| match key.parse::<usize>() {
            Ok(n) => &mut v[n],
            Err(_) => &mut v[key],
        });
        let old = field.as_str().unwrap().to_owned();
        // The last bytes of an encoding may say nothing. A token of a timestamp may hold certificates that nobody looks at, since
        // those of the trusted root count; what is signed comes first.
        let token = place.last().is_some_and(|p| p == "signedTimestamp");
        let at = old.len() / if token { 10 } else { 3 };
        let other = if &old[at..=at] == "A" { "B" } else { "A" };
        let new = format!("{}{other}{}", &old[..at], &old[at + 1..]);
        *field = serde_json::Value::String(new);
        if judge(folder, changed.to_string().as_bytes()).is_ok() {
            return Err(format!("accepted with another {}", place.join(".")).into());
        }
    }
    Ok(())
}

fn collect(value: &serde_json::Value, at: &mut Vec<String>, out: &mut Vec<Vec<String>>) {
    const BYTES: [&str; 10] = [
        "rawBytes",
        "signature",
        "sig",
        "payload",
        "canonicalizedBody",
        "signedEntryTimestamp",
        "signedTimestamp",
        "hashes",
        "digest",
        "envelope",
    ];
    let mut down = |key: String, v: &serde_json::Value| {
        at.push(key);
        collect(v, at, out);
        at.pop();
    };
    match value {
        serde_json::Value::Object(map) => map.iter().for_each(|(k, v)| down(k.clone(), v)),
        serde_json::Value::Array(list) => list.iter().enumerate().for_each(|(n, v)| down(n.to_string(), v)),
        serde_json::Value::String(s)
            if s.is_ascii() && at.iter().rev().take(2).any(|k| BYTES.contains(&k.as_str())) =>
        {
            out.push(at.clone());
        }
        _ => {}
    }
}
