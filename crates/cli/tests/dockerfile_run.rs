//! RUN of Dockerfiles from end to end. It needs namespaces with many users: where they are not granted the tests are counted as
//! skipped, but not in CI.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "what a test cannot set up has failed")]

mod support;

use libtest_mimic::{Arguments, Trial};
use std::process::ExitCode;
use support::{Project, Ran};

const CHECKS: &[(&str, fn())] = &[
    ("what_programs_say_is_shown", what_programs_say_is_shown),
    ("no_other_platform_s_runner_is_taken", no_other_platform_s_runner_is_taken),
];

fn main() -> ExitCode {
    let args = Arguments::from_args();
    // The tests run once more without namespaces, on purpose.
    let switched_off = std::env::var_os("GOFERRY_NO_NAMESPACES").is_some();
    let granted = !switched_off && many_users();
    assert!(granted || switched_off || std::env::var_os("CI").is_none(), "CI grants many users");
    let trials = CHECKS.iter().map(|&(name, check)| {
        Trial::test(name, move || {
            check();
            Ok(())
        })
        .with_ignored_flag(!granted)
    });
    libtest_mimic::run(&args, trials.collect()).exit_code()
}

/// Whether RUN can be done at all: what goferry says of one that needs nothing else.
fn many_users() -> bool {
    let r = build(&project("RUN [\"/tiny\"]\n"));
    match r.status {
        0 => true,
        _ if r.stderr.contains("isolation-unavailable") => false,
        _ => panic!("{}", r.stderr),
    }
}

const CONFIG: &str = "version: 2\nbuilds:\n  - env: [CGO_ENABLED=0]\n    goos: [linux]\n    goarch: [amd64]\ndockers_v2:\n  - images: [tiny]\n\
    \x20   platforms: [linux/amd64]\n";
const BEGIN: &str = "FROM scratch\nARG TARGETPLATFORM\nCOPY --chmod=0755 $TARGETPLATFORM/tiny /tiny\nENTRYPOINT [\"/tiny\"]\n";

/// A project with one image, whose program is there for RUN.
fn project(more: &str) -> Project {
    Project::new(&[(".goreleaser.yaml", CONFIG), ("Dockerfile", &format!("{BEGIN}{more}"))])
}

fn build(p: &Project) -> Ran {
    p.run(&["image", "build", "--clean", "--dockerfile-run"])
}

fn what_programs_say_is_shown() {
    let r = build(&project("RUN [\"/tiny\"]\n"));
    assert_eq!(r.status, 0, "{}", r.stderr);
    assert!(r.stderr.contains("Dockerfile:5: RUN [\"/tiny\"] | tiny 1.2.3\n"), "{}", r.stderr);
}

fn no_other_platform_s_runner_is_taken() {
    let p = project("FROM --platform=linux/riscv32 scratch\nCOPY --from=0 /tiny /tiny\nRUN [\"/tiny\"]\n");
    let r = build(&p);
    let said =
        "error[unknown-target]: Dockerfile:7: RUN [\"/tiny\"]: programs for linux/riscv32 cannot be run";
    assert!(r.status == 2 && r.stderr.contains(said), "{} {}", r.status, r.stderr);
}
