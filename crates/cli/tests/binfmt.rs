//! `goferry binfmt` with the real kernel, in user namespaces with a table of their own (Linux 6.7): nothing is registered
//! on the host. Where that is not granted the tests are counted as skipped, but not in CI.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "what a test cannot set up has failed")]

mod support;

use libtest_mimic::{Arguments, Trial};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::Arc;
use support::{Ran, executable, fixed, ran};

/// Writes the argv[0] that it sees.
const PROGRAM: &str =
    "package main\n\nimport \"os\"\n\nfunc main() { os.Stdout.WriteString(os.Args[0] + \"\\n\") }\n";

const TABLE: &str = "/proc/sys/fs/binfmt_misc";

/// What a distribution registers for arm64, by another's name.
const THEIRS: &str = r":qemu-aarch64:M::\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00:\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff";

type Check = (&'static str, fn(&Bench));

const CHECKS: &[Check] = &[
    ("what-is-registered-starts-programs-until-it-is-taken-out", comes_and_goes),
    ("an-ordinary-user-can-do-so-in-his-own-namespace", as_an_ordinary_user),
    ("entries-of-others-stay-and-are-enough", others_stay),
    ("a-dead-entry-is-seen-and-does-not-stand-in-the-way", dead_entries),
    ("the-newest-entry-wins", newest_wins),
    ("what-is-not-possible-has-a-status-and-commands", refusals),
    ("printed-lines-are-what-the-kernel-takes", printed_lines),
    ("what-is-kept-for-the-next-boot-comes-and-goes", at_boot),
    ("what-the-distribution-registers-is-understood", distribution),
];

fn main() -> ExitCode {
    let args = Arguments::from_args();
    let bench = Arc::new(Bench::new());
    let before = listing();
    let granted = bench.namespace("exit 0", false).status == 0;
    if !granted {
        assert!(std::env::var_os("CI").is_none(), "CI grants a binfmt_misc of one's own (Linux 6.7)");
    }
    let trials = CHECKS.iter().map(|(name, check)| {
        let bench = Arc::clone(&bench);
        let skipped = !granted || (*name == "what-the-distribution-registers-is-understood" && !systemd());
        Trial::test(*name, move || {
            check(&bench);
            Ok(())
        })
        .with_ignored_flag(skipped)
    });
    let conclusion = libtest_mimic::run(&args, trials.collect());
    assert_eq!(listing(), before, "the host's own table was touched");
    conclusion.exit_code()
}

/// The host's entries.
fn listing() -> Vec<PathBuf> {
    let files = std::fs::read_dir(TABLE).into_iter().flatten().flatten().map(|e| e.path());
    let mut all: Vec<PathBuf> = files.collect();
    all.sort();
    all
}

const SYSTEMD: &str = "/usr/lib/systemd/systemd-binfmt";

fn systemd() -> bool {
    let there = Path::new(SYSTEMD).exists();
    assert!(there || std::env::var_os("CI").is_none(), "CI has systemd");
    there
}

/// Programs of other machines, and goferry where every user can start it.
struct Bench {
    dir: tempfile::TempDir,
}

impl Bench {
    fn new() -> Bench {
        let dir = tempfile::tempdir().unwrap();
        executable(dir.path());
        std::fs::copy(env!("CARGO_BIN_EXE_goferry"), dir.path().join("goferry")).unwrap();
        std::fs::write(dir.path().join("main.go"), PROGRAM).unwrap();
        std::fs::write(dir.path().join("go.mod"), "module example.com/argv0\n\ngo 1.24\n").unwrap();
        for arch in ["arm64", "mips"] {
            let mut go = Command::new("go");
            go.args(["build", "-o", &format!("argv0-{arch}")]).current_dir(dir.path());
            go.env_clear().envs(fixed()).env("GOARCH", arch).env("CGO_ENABLED", "0").env("GOFLAGS", "");
            let built = ran(&go.output().unwrap());
            assert_eq!(built.status, 0, "{}", built.stderr);
        }
        Bench { dir }
    }

    /// Runs a shell script as root of a namespace with an empty table; `$B` is the folder of the programs.
    fn namespace(&self, script: &str, ordinary: bool) -> Ran {
        let script = format!("set -eu\nmount -t binfmt_misc none {TABLE}\n{script}");
        let mut c = match ordinary {
            true => {
                let mut c = Command::new("setpriv");
                c.args(["--reuid", "65534", "--regid", "65534", "--clear-groups", "unshare"]);
                c
            }
            false => Command::new("unshare"),
        };
        let scratch = tempfile::tempdir_in(self.dir.path()).unwrap();
        if ordinary {
            std::os::unix::fs::chown(scratch.path(), Some(65534), Some(65534)).unwrap();
        }
        c.args(["-Urm", "sh", "-c", &script]).current_dir(self.dir.path()).env_clear().envs(fixed());
        c.env("B", self.dir.path()).env("T", scratch.path()).env("TABLE", TABLE);
        c.env("HOME", scratch.path()).env("GOFERRY_CACHE", scratch.path().join("cache"));
        ran(&c.output().unwrap())
    }

    /// The same; it must succeed.
    fn must(&self, script: &str) -> String {
        let r = self.namespace(script, false);
        assert_eq!(r.status, 0, "{script}\n{}\n{}", r.stdout, r.stderr);
        r.stdout
    }

    /// Runs a script whose output is JSON documents, each ended by a line `--`.
    fn json(&self, script: &str) -> Vec<Value> {
        let out = self.must(script);
        out.split("--\n").filter(|t| !t.trim().is_empty()).map(|t| serde_json::from_str(t).unwrap()).collect()
    }
}

const ROUND: &str = r#"
! "$B/argv0-arm64" 2>/dev/null
"$B/goferry" binfmt register linux/arm64 linux/mips
"$B/argv0-arm64"
bash -c 'exec -a another "$B/argv0-mips"'
"$B/goferry" binfmt register linux/arm64
"$B/goferry" binfmt unregister linux/arm64
! "$B/argv0-arm64" 2>/dev/null
"$B/argv0-mips"
"$B/goferry" binfmt unregister
"$B/goferry" binfmt unregister
ls "$TABLE"
"#;

fn round(bench: &Bench, ordinary: bool) {
    let r = bench.namespace(ROUND, ordinary);
    assert_eq!(r.status, 0, "{}\n{}", r.stdout, r.stderr);
    let b = bench.dir.path().display();
    let lines: Vec<&str> = r.stdout.lines().filter(|l| !l.starts_with("arch ")).collect();
    let beginnings = [
        "arm64  goferry-aarch64  registered: /".to_owned(),
        "mips   goferry-mips     registered: /".to_owned(),
        format!("{b}/argv0-arm64"),
        "another".to_owned(),
        "arm64  goferry-aarch64  was registered already: /".to_owned(),
        "arm64  goferry-aarch64  taken out".to_owned(),
        format!("{b}/argv0-mips"),
        "mips  goferry-mips  taken out".to_owned(),
        "goferry has registered nothing".to_owned(),
        "register".to_owned(),
        "status".to_owned(),
    ];
    assert_eq!(lines.len(), beginnings.len(), "{}", r.stdout);
    for (line, wanted) in lines.iter().zip(&beginnings) {
        assert!(line.starts_with(wanted.as_str()), "{wanted}: {}", r.stdout);
    }
}

fn comes_and_goes(bench: &Bench) {
    round(bench, false);
    let said = bench.json(
        r#""$B/goferry" binfmt register linux/arm64 >&2
"$B/goferry" binfmt status --json; echo --
"$B/goferry" binfmt explain "$B/argv0-arm64" --json; echo --
"$B/goferry" binfmt explain "$B/argv0-mips" --json; echo --
"$B/goferry" binfmt explain /bin/sh --json"#,
    );
    let [status, taken, nobody, native] = &said[..] else { panic!("{said:?}") };
    assert_eq!((&status["state"], &status["in_user_namespace"]), (&"enabled".into(), &true.into()));
    let entry = &status["entries"][0];
    assert_eq!(entry["name"], "goferry-aarch64");
    assert_eq!(entry["takes"], serde_json::json!(["arm64"]));
    assert_eq!((&entry["condition"], &entry["ours"]), (&"alive".into(), &true.into()));
    assert_eq!(entry["magic"], "7f454c460201010000000000000000000200b700");
    assert_eq!(entry["mask"], "ffffffffffffff000000000000000000feffffff");
    assert_eq!(entry["flags"], "POF");
    assert_eq!(entry["flag_meanings"].as_array().unwrap().len(), 3);
    assert_eq!(taken["by"]["entry"]["name"], "goferry-aarch64");
    assert_eq!((&taken["starts"], &taken["target"]), (&true.into(), &"linux/arm64".into()));
    assert_eq!((&nobody["by"], &nobody["starts"]), (&"nobody".into(), &false.into()));
    assert!(nobody["advice"].to_string().contains("goferry run linux/mips"), "{nobody}");
    assert_eq!((&native["by"], &native["starts"]), (&"kernel".into(), &true.into()));
}

fn as_an_ordinary_user(bench: &Bench) {
    // Who is no root is that user already, in the test before.
    if nix::unistd::geteuid().is_root() {
        round(bench, true);
    }
}

fn others_stay(bench: &Bench) {
    let qemu = support::which("qemu-aarch64-static");
    let out = bench.must(&format!(
        r#"printf '%s' '{THEIRS}:{}:F' > "$TABLE/register"
cat "$TABLE/qemu-aarch64" > "$T/before"
"$B/goferry" binfmt register linux/arm64
"$B/goferry" binfmt unregister
"$B/goferry" binfmt unregister linux/arm64
cmp "$TABLE/qemu-aarch64" "$T/before"
test ! -e "$TABLE/goferry-aarch64"
"$B/argv0-arm64""#,
        qemu.display()
    ));
    assert!(out.contains("starts these programs, though not all of them"), "{out}");
    assert!(out.contains("qemu-aarch64 is somebody else's and stays"), "{out}");
}

fn dead_entries(bench: &Bench) {
    let qemu = support::which("qemu-aarch64-static");
    let said = bench.json(&format!(
        r#"cp {} "$T/held"; cp "$T/held" "$T/gone"
printf '%s' '{THEIRS}:'"$T"'/gone:' > "$TABLE/register"
printf ':held:E::held::%s/held:F' "$T" > "$TABLE/register"
rm "$T/held" "$T/gone"
cp "$B/argv0-arm64" "$T/x.held"
"$T/x.held" >&2
! "$B/argv0-arm64" 2>/dev/null
"$B/goferry" binfmt explain "$B/argv0-arm64" --json; echo --
"$B/goferry" binfmt register linux/arm64 >&2
"$B/argv0-arm64" >&2
"$B/goferry" binfmt status --json"#,
        qemu.display()
    ));
    let [explained, status] = &said[..] else { panic!("{said:?}") };
    assert_eq!(explained["starts"], false);
    assert!(explained["why"].to_string().contains("does not exist"), "{explained}");
    let conditions: Vec<(&str, &str)> = status["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| (e["name"].as_str().unwrap(), e["condition"].as_str().unwrap()))
        .collect();
    assert_eq!(conditions, [("goferry-aarch64", "alive"), ("held", "held-open"), ("qemu-aarch64", "stale")]);
    let conflict =
        serde_json::json!([{ "winner": "goferry-aarch64", "loser": "qemu-aarch64", "shadowed": true }]);
    assert_eq!(status["conflicts"], conflict);
}

/// What explain says is what the kernel does, whatever was switched off and on again in between.
fn newest_wins(bench: &Bench) {
    let said = bench.json(
        r#"for n in one two three; do
printf '#!/bin/sh\necho %s\n' $n > "$T/$n"; chmod +x "$T/$n"
printf ':%s:E::ending::%s:' $n "$T/$n" > "$TABLE/register"
done
echo x > "$T/a.ending"; chmod +x "$T/a.ending"
explained() { test "$("$T/a.ending")" = "$1"; "$B/goferry" binfmt explain "$T/a.ending" --json; echo --; }
explained three
printf 0 > "$TABLE/three"; explained two
printf 1 > "$TABLE/three"; printf 0 > "$TABLE/one"; printf 1 > "$TABLE/one"; explained three
printf -- -1 > "$TABLE/two"; printf ':two:E::ending::%s:' "$T/two" > "$TABLE/register"; explained two"#,
    );
    let names: Vec<&str> = said.iter().map(|r| r["by"]["entry"]["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["three", "two", "three", "two"]);
    assert_eq!(said[3]["also"], serde_json::json!(["three", "one"]));
}

fn refusals(bench: &Bench) {
    let goferry = r#""$B/goferry" binfmt register linux/arm64"#;
    let r = bench.namespace(&format!("mount -o remount,ro none \"$TABLE\"\n{goferry}"), false);
    assert_eq!(r.status, 5, "{}", r.stderr);
    assert!(r.stderr.contains("sudo goferry binfmt register linux/arm64"), "{}", r.stderr);
    assert!(r.stderr.contains(r"printf %s ':goferry-aarch64:M::\x7fELF\x02"), "{}", r.stderr);
    assert!(r.stderr.contains("no registration"), "{}", r.stderr);
    let taken = "\"$B/goferry\" binfmt unregister";
    let r = bench.namespace(&format!("{goferry}\nmount -o remount,ro none \"$TABLE\"\n{taken}"), false);
    assert_eq!(r.status, 5, "{}", r.stderr);
    assert!(r.stderr.contains("echo -1 | sudo tee"), "{}", r.stderr);
    let r = bench.namespace(&format!("printf 0 > \"$TABLE/status\"\n{goferry}"), false);
    assert_eq!(r.status, 5, "{}", r.stderr);
    assert!(r.stderr.contains("switched off"), "{}", r.stderr);
    let r = bench.namespace(&format!("umount \"$TABLE\"\numount \"$TABLE\" || true\n{goferry}"), false);
    // The host may have one mounted underneath, which this namespace's root may not write.
    assert_eq!(r.status, 5, "{}", r.stderr);
    let r = bench.namespace("\"$B/goferry\" binfmt register windows/amd64", false);
    assert_eq!(r.status, 2, "{}", r.stderr);
    let r = bench.namespace("PATH=/sbin:/nowhere\n\"$B/goferry\" binfmt register linux/arm64", false);
    assert_eq!(r.status, 5, "{}", r.stderr);
    assert!(r.stderr.contains("runner-missing"), "{}", r.stderr);
    let own = goferry_target::ArchKind::host().unwrap().goarch();
    let r = bench.namespace(&format!("\"$B/goferry\" binfmt register linux/{own}"), false);
    assert_eq!(r.status, 2, "{}", r.stderr);
    assert!(r.stderr.contains("runs linux/"), "{}", r.stderr);
}

fn printed_lines(bench: &Bench) {
    let out = bench.must(
        r#""$B/goferry" binfmt register --print > "$T/lines"
ls "$TABLE" | wc -l
while IFS= read -r line; do printf '%s' "$line" > "$TABLE/register"; done < "$T/lines"
"$B/argv0-arm64" >&2
"$B/argv0-mips" >&2
"$B/goferry" binfmt register | grep -vc 'was registered already'
ls "$TABLE" | grep -c goferry-
wc -l < "$T/lines""#,
    );
    let numbers: Vec<u32> = out.lines().map(|l| l.trim().parse().unwrap()).collect();
    assert_eq!(numbers[..2], [2, 1], "printing registers nothing; all but the heading was there: {out}");
    assert!(numbers[2] >= 2 && numbers[2] == numbers[3], "{out}");
}

fn at_boot(bench: &Bench) {
    let out = bench.must(
        r#"mount -t tmpfs none /etc
"$B/goferry" binfmt register --persist linux/arm64 linux/mips
cat /etc/binfmt.d/goferry.conf
"$B/goferry" binfmt unregister linux/mips
grep -c goferry- /etc/binfmt.d/goferry.conf
printf -- -1 > "$TABLE/goferry-aarch64"
"$B/goferry" binfmt unregister
ls -A /etc/binfmt.d"#,
    );
    for wanted in [
        "\n:goferry-aarch64:M::",
        "\n:goferry-mips:M::",
        "taken out, now and at boot",
        "\n1\n",
        "not registered now\n",
    ] {
        assert!(out.contains(wanted), "{wanted}: {out}");
    }
    assert!(out.ends_with("not registered now\n"), "the file is gone: {out}");
}

/// systemd-binfmt registers what the distribution's packages want, and what we wrote.
fn distribution(bench: &Bench) {
    let said = bench.json(&format!(
        r#"mount -t tmpfs none /etc
"$B/goferry" binfmt register --persist linux/arm64 >&2
"$B/goferry" binfmt status --json; echo --
{SYSTEMD}
"$B/argv0-arm64" >&2
"$B/goferry" binfmt status --json; echo --
"$B/goferry" binfmt explain "$B/argv0-arm64" --json; echo --
"$B/goferry" binfmt unregister >&2
"$B/goferry" binfmt status --json"#
    ));
    let [before, after, explained, last] = &said[..] else { panic!("{said:?}") };
    let ours = |s: &Value| s["entries"].as_array().unwrap().iter().find(|e| e["ours"] == true).cloned();
    assert_eq!(ours(before), ours(after), "systemd registered another entry than goferry");
    assert_eq!(ours(last), None);
    assert_eq!(explained["starts"], true);
    // With both, whatever was registered last is what explain names.
    let entries = after["entries"].as_array().unwrap();
    let first = entries.iter().find(|e| e["takes"].to_string().contains("arm64")).unwrap();
    assert_eq!(explained["by"]["entry"]["name"], first["name"]);
}
