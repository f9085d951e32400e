//! The table of known limits: each reproducer shows its limit under this machine's qemu if it is older than the version
//! that mends it, and does not if it is not.

use crate::machine::machine;
use crate::support::ran;
use goferry_emulate::{KnownLimit, known_limits};
use std::process::Command;

fn run(limit: &KnownLimit, target: &str) -> String {
    let dir = machine().root.join(format!("limit-{}-{}", limit.id, std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    std::fs::write(dir.join("go.mod"), "module example.com/limit\n\ngo 1.24\n").unwrap();
    std::fs::write(dir.join("main.go"), limit.reproducer.join("\n") + "\n").unwrap();
    let mut c = machine().goferry(&["run", target, "."]);
    let r = ran(&c.current_dir(&dir).output().unwrap());
    std::fs::remove_dir_all(&dir).unwrap();
    assert_eq!(r.status, 0, "{}", r.stderr);
    r.stdout
}

#[test]
fn reproducers_show_what_the_table_says() {
    let version = Command::new("qemu-aarch64-static").arg("--version").output().unwrap();
    let version = String::from_utf8(version.stdout).unwrap();
    let version = version.split_whitespace().nth(2).unwrap();
    let major = |v: &str| v.split('.').next().unwrap().parse::<u32>().unwrap();
    for limit in known_limits() {
        let here = limit.mended.as_ref().is_none_or(|m| major(version) < major(m));
        for target in &limit.on {
            let said = run(limit, target);
            assert_eq!(
                said.contains(&limit.shows),
                here,
                "{} on {target} by qemu {version}: {said}",
                limit.id
            );
        }
        // The machine itself does not have it.
        let said = run(limit, "linux/amd64");
        assert!(!said.contains(&limit.shows), "{}: {said}", limit.id);
    }
}
