//! What we depend on: licences that ask for no more than a notice, one registry, and none of the crates that we decided
//! against. Over the whole lock file: every platform, build scripts and tests too.
#![expect(clippy::unwrap_used, reason = "the functions that tests share are not marked as tests")]

use serde_json::Value;
use std::path::Path;
use std::process::Command;

/// Licences that a dependency may have.
const ALLOWED: [&str; 8] = [
    "MIT",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "Zlib",
    "Unicode-3.0",
];

/// Crates that must not come in, even through others, and why.
const BANNED: [(&str, &str); 10] = [
    ("openssl-sys", "a C library, found on the host: the binary would not be static"),
    ("native-tls", "brings openssl-sys"),
    ("aws-lc-sys", "a C library whose build needs cmake"),
    ("libgit2-sys", "the user's own git knows its configuration"),
    ("curl-sys", "a C library, found on the host"),
    ("serde_yaml", "given up, and its errors have no places"),
    ("serde_yml", "unsound, given up"),
    ("chrono", "jiff does dates"),
    ("lazy_static", "the standard library has LazyLock"),
    ("atty", "the standard library has IsTerminal"),
];

fn packages() -> Vec<Value> {
    let out = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked"])
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."))
        .output()
        .unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let mut metadata: Value = serde_json::from_slice(&out.stdout).unwrap();
    serde_json::from_value(metadata["packages"].take()).unwrap()
}

/// Whether an SPDX expression can be met with the allowed licences; none if it is not one. (SPDX 2.3 annex D; old
/// manifests write `/` for `OR`.)
fn allowed(expression: &str) -> Option<bool> {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let mut tokens = spaced.split_whitespace().peekable();
    let value = either(&mut tokens)?;
    tokens.next().is_none().then_some(value)
}

type Tokens<'a, 'b> = &'a mut std::iter::Peekable<std::str::SplitWhitespace<'b>>;

fn either(tokens: Tokens<'_, '_>) -> Option<bool> {
    let mut value = both(tokens)?;
    while tokens.next_if_eq(&"OR").is_some() {
        value |= both(tokens)?;
    }
    Some(value)
}

fn both(tokens: Tokens<'_, '_>) -> Option<bool> {
    let mut value = one(tokens)?;
    while tokens.next_if_eq(&"AND").is_some() {
        value &= one(tokens)?;
    }
    Some(value)
}

fn one(tokens: Tokens<'_, '_>) -> Option<bool> {
    match tokens.next()? {
        "(" => {
            let value = either(tokens)?;
            tokens.next_if_eq(&")").map(|_| value)
        }
        "OR" | "AND" | "WITH" | ")" => None,
        licence => match tokens.next_if_eq(&"WITH") {
            Some(_) => Some(ALLOWED.contains(&format!("{licence} WITH {}", tokens.next()?).as_str())),
            None => Some(ALLOWED.contains(&licence)),
        },
    }
}

#[test]
fn expressions() {
    for (text, want) in [
        ("MIT", Some(true)),
        ("GPL-3.0-only", Some(false)),
        ("MIT OR GPL-3.0-only", Some(true)),
        ("MIT AND GPL-3.0-only", Some(false)),
        ("(MIT OR GPL-3.0-only) AND Unicode-3.0", Some(true)),
        ("GPL-3.0-only OR MIT AND LGPL-2.1-only", Some(false)),
        ("MIT/Apache-2.0", Some(true)),
        ("Apache-2.0 WITH LLVM-exception", Some(true)),
        ("GPL-2.0-only WITH Classpath-exception-2.0", Some(false)),
        ("MIT OR", None),
        ("(MIT", None),
        ("MIT MIT", None),
        ("", None),
    ] {
        assert_eq!(allowed(text), want, "{text}");
    }
}

#[test]
fn every_dependency_is_one_that_we_may_and_want_to_have() {
    let mut wrong = vec![];
    let packages = packages();
    assert!(packages.len() > 14, "only {} packages were found", packages.len());
    for p in &packages {
        let name = format!("{} {}", p["name"].as_str().unwrap(), p["version"].as_str().unwrap());
        match p["license"].as_str().map(allowed) {
            Some(Some(true)) => {}
            _ => wrong.push(format!("{name}: licence {}", p["license"])),
        }
        if let Some((_, why)) = BANNED.iter().find(|(b, _)| p["name"] == *b) {
            wrong.push(format!("{name} is banned: {why}"));
        }
        // Ours have no source; nothing comes from git or from another registry.
        if let Some(source) = p["source"].as_str()
            && !(source.starts_with("registry+") && source.ends_with("/crates.io-index"))
        {
            wrong.push(format!("{name} comes from {source}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
