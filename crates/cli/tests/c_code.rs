//! Programs with C in them: what the linker and the C compiler brought along, and what is refused for it.

#![expect(clippy::unwrap_used, reason = "what a test cannot set up has failed")]

mod support;

use support::Project;

const ONE: &str = "targets = [\"linux/amd64\"]\n";
const MAIN: &str = "package main\n\n/*\n#include <stdio.h>\nstatic void hello(void) { puts(\"from C\"); fflush(stdout); }\n*/\nimport \"C\"\n\nfunc main() { C.hello() }\n";

/// What the configuration says of glibc, beside the target.
fn with_limit(limit: &str) -> String {
    format!("{ONE}[verify]\nglibc = \"{limit}\"\n")
}

#[test]
fn a_program_that_needs_a_newer_glibc_than_allowed_fails_the_gate() {
    let p = Project::new(&[("main.go", MAIN), ("goferry.toml", ONE)]);
    let r = p.release();
    let inspected = p.record()["binaries"][0]["inspected"].clone();
    let needed = inspected["glibc"].as_str().unwrap().to_owned();
    let oldest = inspected["runs_on"].as_array().unwrap();
    // Without a limit nothing fails, and it is said where the program starts.
    assert!(r.stderr.contains(&format!("dynamic, glibc {needed}")), "{}", r.stderr);
    if let Some(first) = oldest.first().and_then(|o| o.as_str()) {
        assert!(r.stderr.contains(&format!("glibc {needed}: {first}")), "{}", r.stderr);
    }
    // The binary and its verification are in the cache; the limit asks again.
    p.write("goferry.toml", &with_limit("2.2.5"));
    let r = p.run(&["release", "--snapshot", "--clean"]);
    assert_eq!(r.status, 3, "{}", r.stderr);
    for word in ["error[glibc-floor]", "needs glibc", &format!("GLIBC_{needed}: "), "Alpine", "CGO_ENABLED=0"]
    {
        assert!(r.stderr.contains(word), "{word} is not said: {}", r.stderr);
    }
    assert!(!p.dist().join("goferry.json").exists() || p.record()["binaries"].as_array().unwrap().is_empty());
    p.write("goferry.toml", &with_limit(&needed));
    p.release();
}

/// Debian's gnueabihf compiler is ARMv7 throughout; qemu's default processor would hide that (FACTS).
#[test]
fn armv7_code_is_no_release_for_armv6() {
    let compiler = "arm-linux-gnueabihf-gcc";
    if !support::has(&[compiler]) {
        return;
    }
    let config = |version: u8| {
        format!(
            "[[builds]]\ntargets = [\"linux_arm_{version}\"]\nenv = [\"CGO_ENABLED=1\", \"CC={compiler}\"]\n"
        )
    };
    let p = Project::new(&[("main.go", MAIN), ("goferry.toml", &config(6))]);
    let r = p.run(&["release", "--snapshot", "--clean"]);
    assert_eq!(r.status, 4, "{}", r.stderr);
    for word in [
        "error[machine-mismatch]",
        "CPU architecture: expected v6 at most, found v7",
        "ARMv7 throughout",
        "[toolchain.target.\"linux/arm/v6\"]",
        "cc = \"zig\"",
    ] {
        assert!(r.stderr.contains(word), "{word} is not said: {}", r.stderr);
    }
    p.write("goferry.toml", &config(7));
    p.release();
}
