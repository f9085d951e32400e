//! The houses keep their tiers (docs/architecture.md): nobody knows what is above, and only `proc` starts programs.
#![expect(clippy::unwrap_used, reason = "the functions that tests share are not marked as tests")]

use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Each house and its tier; a lower tier never knows an upper one.
const TIERS: [(&str, u8); 21] = [
    ("target", 0),
    ("objfile", 0),
    ("report", 0),
    ("tar", 0),
    ("config", 1),
    ("plan", 1),
    ("proc", 2),
    ("net", 2),
    ("toolchain", 2),
    ("emulate", 2),
    ("diagnose", 2),
    ("scan", 2),
    ("build", 3),
    ("verify", 3),
    ("package", 3),
    ("supply", 3),
    ("image", 3),
    ("registry", 3),
    ("cache", 4),
    ("engine", 4),
    ("cli", 5),
];

/// Who may know whom within a tier.
const NEIGHBOURS: [(&str, &str); 10] = [
    ("objfile", "target"),
    ("plan", "config"),
    ("toolchain", "proc"),
    ("emulate", "proc"),
    ("verify", "build"),
    ("package", "verify"),
    // The type of `Verified::built`.
    ("package", "build"),
    // The values that images are made of.
    ("image", "verify"),
    ("image", "build"),
    ("engine", "cache"),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// Every crate of the workspace with the crates of ours that it depends on, in whatever way.
fn houses() -> BTreeMap<String, Vec<String>> {
    let out = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--format-version", "1", "--locked"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let metadata: Value = serde_json::from_slice(&out.stdout).unwrap();
    let house = |v: &Value| v["name"].as_str().unwrap().strip_prefix("goferry-").map(str::to_owned);
    metadata["packages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| {
            let name = house(p).unwrap_or_else(|| panic!("{} is not called goferry-…", p["name"]));
            (name, p["dependencies"].as_array().unwrap().iter().filter_map(house).collect())
        })
        .collect()
}

#[test]
fn no_house_knows_one_above() {
    let tiers: BTreeMap<_, _> = TIERS.into_iter().collect();
    let mut wrong = vec![];
    let houses = houses();
    for name in tiers.keys() {
        assert!(houses.contains_key(*name), "{name} is in the table, but not in the workspace");
    }
    for (name, needs) in &houses {
        let Some(tier) = tiers.get(name.as_str()) else {
            wrong.push(format!("{name} has no tier: say here and in docs/architecture.md where it lives"));
            continue;
        };
        for need in needs {
            match tiers.get(need.as_str()) {
                Some(t) if t < tier => {}
                Some(t) if t == tier && NEIGHBOURS.contains(&(name, need)) => {}
                Some(t) => wrong.push(format!("{name} (tier {tier}) must not know {need} (tier {t})")),
                None => wrong.push(format!("{name} depends on {need}, which has no tier")),
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_page_on_architecture_has_the_same_tiers() {
    let page = std::fs::read_to_string(root().join("docs/architecture.md")).unwrap();
    for (name, tier) in TIERS {
        let row = page.lines().find(|l| l.contains(&format!("| `{name}` |")));
        let row = row.unwrap_or_else(|| panic!("{name} is not in the table of docs/architecture.md"));
        assert!(row.starts_with(&format!("| {tier} |")), "{row}");
    }
}

#[test]
fn only_proc_starts_programs() {
    let mut found = vec![];
    for (name, _) in TIERS {
        if name != "proc" {
            look(&root().join("crates").join(name).join("src"), &mut found);
        }
    }
    assert!(found.is_empty(), "these start programs past goferry_proc:\n{}", found.join("\n"));
    // The search does find what it looks for.
    look(&root().join("crates/proc/src"), &mut found);
    assert!(!found.is_empty());
}

fn look(dir: &Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(dir).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            look(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") && !path.ends_with("tests.rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            let code = text.split("\n#[cfg(test)]\nmod ").next().unwrap_or_default();
            for (i, line) in code.lines().enumerate() {
                let imports =
                    line.trim_start().starts_with("use std::process::") && has_word(line, "Command");
                if imports || line.contains("process::Command::new") || line.contains("std::process::Command")
                {
                    found.push(format!("{}:{}: {}", path.display(), i + 1, line.trim()));
                }
            }
        }
    }
}

fn has_word(line: &str, word: &str) -> bool {
    line.split(|c: char| !c.is_alphanumeric()).any(|w| w == word)
}
