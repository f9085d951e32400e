//! Installations that are killed, and two at once.

use crate::Check;
use crate::machine::{Machine, User};
use crate::support::ran;
use std::process::Stdio;
use std::time::{Duration, Instant};

pub(crate) const CHECKS: &[Check] =
    &[("a-killed-installation-leaves-nothing-that-counts", killed), ("two-installations-at-once", two)];

const INSTALL: &[&str] = &["toolchain", "install", "linux/arm64"];

/// Whether every unpacked folder that has a name is whole; the names.
fn whole(user: &User) -> Vec<String> {
    let dir = user.tools().join("unpacked");
    let names = std::fs::read_dir(dir).into_iter().flatten().flatten().map(|e| e.path());
    names
        .filter(|p| !p.file_name().unwrap().to_string_lossy().starts_with(".part-"))
        .map(|p| {
            assert!(p.join(".goferry-complete").is_file(), "{} has no mark", p.display());
            let programs =
                ["usr/bin/aarch64-linux-gnu-gcc-12", "usr/bin/qemu-aarch64-static", "usr/bin/qemu-aarch64"];
            assert!(programs.iter().any(|f| p.join(f).exists()), "{} is not whole", p.display());
            p.display().to_string()
        })
        .collect()
}

/// What the process says until it has said this, which must happen within a minute.
fn wait_until(what: &str, done: impl Fn() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < Duration::from_secs(60), "{what} did not happen");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn killed(m: &Machine) {
    // The lists are there and the files are not, nor is there a mirror: the first is killed while apt downloads.
    let mut user = m.heir("killed", &["apt", "resolved"]);
    let tools = user.tools();
    let has = |dir: &str, word: &str| {
        let found = std::fs::read_dir(tools.join(dir)).into_iter().flatten().flatten();
        found.filter(|e| e.file_name().to_string_lossy().starts_with(word)).any(|e| {
            // Something is in it.
            std::fs::read_dir(e.path()).is_ok_and(|mut d| d.next().is_some())
        })
    };
    let kill_when = |user: &User, what: &str, moment: &dyn Fn() -> bool, after: u64| {
        let mut child = user.goferry(INSTALL).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        wait_until(what, moment);
        std::thread::sleep(Duration::from_millis(after));
        child.kill().unwrap();
        let r = ran(&child.wait_with_output().unwrap());
        assert_eq!(r.status, 137, "{what}: it ended before it was killed: {}", r.stderr);
        whole(user)
    };
    let names =
        kill_when(&user, "a download", &|| has("apt/bookworm-amd64", "download-") || downloading(&tools), 0);
    assert!(names.is_empty(), "{names:?}");
    user.set("GOFERRY_TOOLCHAIN_MIRROR", m.first().mirror.to_str().unwrap());
    let names = kill_when(&user, "a file from the mirror", &|| has("files", ""), 0);
    assert!(names.is_empty(), "{names:?}");
    for after in [0, 700] {
        // The dpkg-deb of the killed process may still be writing.
        let folder = tools.join("unpacked");
        wait_until("removing", || std::fs::remove_dir_all(&folder).is_ok() || !folder.exists());
        let names = kill_when(&user, "unpacking", &|| has("unpacked", ".part-"), after);
        assert!(names.is_empty(), "{names:?}");
        assert!(!user.work.join("goferry.lock").exists());
    }
    user.must(0, INSTALL);
    assert_eq!(whole(&user).len(), 2, "gcc and qemu");
    assert_eq!(user.must(7, &["run", "linux/arm64", "--", "fail"]).stdout, "root 4 127.0.0.1 [fail]\n");
}

/// Whether apt works in a folder for downloads of any suite.
fn downloading(tools: &std::path::Path) -> bool {
    let states = std::fs::read_dir(tools.join("apt")).into_iter().flatten().flatten();
    states
        .flat_map(|s| std::fs::read_dir(s.path()).into_iter().flatten().flatten())
        .filter(|e| e.file_name().to_string_lossy().starts_with("download-"))
        .any(|e| std::fs::read_dir(e.path()).is_ok_and(|mut d| d.next().is_some()))
}

fn two(m: &Machine) {
    let user = m.second("two");
    let start = || user.goferry(INSTALL).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let both = [start(), start()];
    let both = both.map(|c| ran(&c.wait_with_output().unwrap()));
    for r in &both {
        assert_eq!(r.status, 0, "{}", r.stderr);
    }
    let unpackings = both.iter().map(|r| r.stderr.matches("unpacking").count()).sum::<usize>();
    assert_eq!(unpackings, 1, "the second waits for the first: {}\n{}", both[0].stderr, both[1].stderr);
    assert_eq!(whole(&user).len(), 2, "gcc and qemu");
    let lock = std::fs::read_to_string(user.work.join("goferry.lock")).unwrap();
    assert!(lock.contains("role = \"qemu\"") && lock.contains("role = \"g++\""), "{lock}");
}
