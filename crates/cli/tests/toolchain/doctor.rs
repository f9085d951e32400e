//! `goferry doctor`.

use crate::Check;
use crate::machine::{Machine, User};
use serde_json::Value;
use std::os::unix::fs::symlink;

pub(crate) const CHECKS: &[Check] = &[
    ("doctor-finds-surprises-in-the-environment", surprises),
    ("doctor-tries-the-compilers-that-a-project-sets", wrong_machine),
    ("doctor-knows-that-gnueabihf-is-armv7", armv6),
    ("doctor-fix-fetches-what-is-missing", fix),
];

fn codes(report: &Value) -> Vec<&str> {
    report["problems"].as_array().unwrap().iter().map(|d| d["code"].as_str().unwrap()).collect()
}

fn problem<'r>(report: &'r Value, code: &str) -> &'r Value {
    let all = report["problems"].as_array().unwrap();
    all.iter().find(|d| d["code"] == code).unwrap_or_else(|| panic!("no {code} in {report:#}"))
}

fn surprises(m: &Machine) {
    let mut user = m.user("surprises");
    // Whatever the host has registered; the report must agree with the kernel.
    let healthy = user.json(0, &["doctor", "--target", "linux/arm64", "--json"]);
    let registered: Vec<String> = std::fs::read_dir("/proc/sys/fs/binfmt_misc")
        .into_iter()
        .flatten()
        .flatten()
        .map(|e| e.file_name().to_string_lossy().into_owned())
        .filter(|n| n != "register" && n != "status")
        .collect();
    let entries = healthy["host"]["binfmt"].as_array().unwrap();
    assert_eq!(entries.len(), registered.len(), "{entries:?}");
    for e in entries {
        assert!(registered.iter().any(|r| e["name"] == r.as_str()), "{e}");
        assert!(e["interpreter"].as_str().unwrap().starts_with('/') && e["enabled"].is_boolean(), "{e}");
    }
    assert!(
        !codes(&healthy).contains(&"dead-variable") && !codes(&healthy).contains(&"go-env-file"),
        "{healthy:#}"
    );
    user.write("go.env", "GOPROXY=off\nGOFLAGS=-buildvcs=false\n");
    user.set("GOENV", user.work.join("go.env").to_str().unwrap());
    user.set("CC_aarch64_linux_gnu", "aarch64-linux-gnu-gcc");
    let report = user.json(0, &["doctor", "--target", "linux/arm64", "--json"]);
    let dead = problem(&report, "dead-variable");
    assert!(dead["message"].as_str().unwrap().contains("CC_aarch64_linux_gnu"), "{dead}");
    let file = problem(&report, "go-env-file");
    assert!(file["message"].as_str().unwrap().contains("GOFLAGS"), "{file}");
    let shown = file.to_string();
    assert!(shown.contains("go.env") && shown.contains("\"line\":2"), "{file}");
    // The same as SARIF.
    let sarif = user.json(0, &["doctor", "--target", "linux/arm64", "--sarif"]);
    assert_eq!(sarif["version"], "2.1.0");
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    let rules: Vec<&str> = results.iter().map(|r| r["ruleId"].as_str().unwrap()).collect();
    assert_eq!(rules, codes(&report));
}

/// A project of goreleaser's whose only build is this.
fn goreleaser(user: &User, build: &str) {
    user.hello();
    user.write(".goreleaser.yaml", &format!("version: 2\nbuilds:\n  - goos: [linux]\n{build}"));
    user.sh("git init -q . && git add -A && git -c user.name=T -c user.email=t@example.com commit -q -m x");
}

fn wrong_machine(m: &Machine) {
    let user = m.user("wrong-machine");
    goreleaser(&user, "    goarch: [arm64]\n    env: [CGO_ENABLED=1, CC=gcc]\n");
    let report = user.json(5, &["doctor", "--json"]);
    let wrong = problem(&report, "compiler-wrong-machine");
    assert_eq!(wrong["severity"], "error");
    assert!(
        wrong["message"].as_str().unwrap().contains("`gcc` does not make code for linux/arm64"),
        "{wrong}"
    );
    assert!(wrong.to_string().contains("goferry toolchain install linux/arm64"), "{wrong}");
    let row = &report["targets"][0];
    assert_eq!((&row["target"], &row["cc"]), (&"linux/arm64".into(), &"gcc".into()));
    let drawn = user.must(5, &["doctor"]);
    assert!(drawn.stdout.contains(" NO "), "{}", drawn.stdout);
    assert!(drawn.stderr.contains("error[compiler-wrong-machine]"), "{}", drawn.stderr);
    // The host's own target with the same compiler is right.
    let fine = m.user("right-machine");
    goreleaser(&fine, "    goarch: [amd64]\n    env: [CGO_ENABLED=1, CC=gcc]\n");
    let report = fine.json(0, &["doctor", "--json"]);
    assert_eq!(report["targets"][0]["makes_its_code"], "yes", "{report:#}");
}

fn armv6(m: &Machine) {
    let mut user = m.user("armv6");
    let gcc = crate::support::which("arm-linux-gnueabihf-gcc");
    let bin = m.folder("armv6/bin");
    symlink(gcc, bin.join("arm-linux-gnueabihf-gcc")).unwrap();
    user.set("PATH", &format!("{}:{}", bin.display(), m.bin.display()));
    goreleaser(
        &user,
        "    goarch: [arm]\n    goarm: [\"6\", \"7\"]\n    env: [CGO_ENABLED=1, CC=arm-linux-gnueabihf-gcc]\n",
    );
    let report = user.json(5, &["doctor", "--json"]);
    let wrong = problem(&report, "compiler-wrong-machine");
    assert!(wrong["message"].as_str().unwrap().contains("linux/arm/v6"), "{wrong}");
    assert!(wrong.to_string().contains("ARMv7 code throughout"), "{wrong}");
    let row =
        |target: &str| report["targets"].as_array().unwrap().iter().find(|t| t["target"] == target).unwrap();
    assert_eq!(row("linux/arm/v7")["makes_its_code"], "yes");
    assert_ne!(row("linux/arm/v6")["makes_its_code"], "yes");
    assert_eq!(codes(&report).iter().filter(|c| **c == "compiler-wrong-machine").count(), 1);
}

fn fix(m: &Machine) {
    const DOCTOR: &[&str] = &["doctor", "--target", "linux/arm64", "--json"];
    let user = m.second("fix");
    let before = user.json(0, DOCTOR);
    assert_eq!(before["targets"][0]["state"], "to-fetch");
    assert_eq!(before["targets"][0]["makes_its_code"], "not tried");
    assert!(!user.tools().join("unpacked").exists(), "doctor without --fix fetches nothing");
    let after = user.json(0, &["doctor", "--target", "linux/arm64", "--fix", "--json"]);
    assert_eq!(after["targets"][0]["state"], "fetched");
    assert_eq!(after["targets"][0]["makes_its_code"], "yes");
    assert!(after["targets"][0]["runner"].as_str().unwrap().starts_with("qemu "), "{after:#}");
    assert_eq!(user.json(0, DOCTOR)["targets"], after["targets"]);
}
