//! goferry.lock: what is written, what is refused.

use crate::Check;
use crate::machine::{Machine, User};
use crate::support::Ran;
use std::path::PathBuf;

pub(crate) const CHECKS: &[Check] = &[
    ("install-writes-the-same-lock-for-everybody", same_lock),
    ("locked-takes-what-the-lock-has-and-nothing-else", locked),
    ("a-changed-digest-is-refused", changed_digest),
    ("a-version-that-left-the-archive", version_gone),
    ("a-lock-that-is-none", damaged),
];

const INSTALL: &[&str] = &["toolchain", "install", "linux/arm64"];
const LOCKED: &[&str] = &["toolchain", "install", "linux/arm64", "--locked"];

fn lock_of(user: &User) -> String {
    std::fs::read_to_string(user.work.join("goferry.lock")).unwrap()
}

fn said(r: &Ran, word: &str) {
    assert!(r.stderr.contains(word), "{word} is not said: {}", r.stderr);
}

/// A lock as a first installation writes it.
fn good_lock(m: &Machine, name: &str) -> (User, String) {
    let user = m.heir(name, &["files", "resolved", "apt", "unpacked"]);
    user.must(0, INSTALL);
    let text = lock_of(&user);
    (user, text)
}

fn same_lock(m: &Machine) {
    let (one, text) = good_lock(m, "lock-one");
    let again = one.must(0, INSTALL);
    assert!(!again.stdout.contains("is written"), "{}", again.stdout);
    assert_eq!(lock_of(&one), text);
    // Resolved anew, from lists of its own.
    let two = m.second("lock-two");
    let r = two.must(0, INSTALL);
    assert!(r.stdout.contains("goferry.lock is written"), "{}", r.stdout);
    assert!(r.stderr.contains("asking debian") || r.stderr.contains("asking ubuntu"), "{}", r.stderr);
    assert_eq!(lock_of(&two), text);
    for word in ["role = \"g++\"", "for = \"linux/arm64\"", "role = \"qemu\"", "sha256 = "] {
        assert!(text.contains(word), "{word} is not in {text}");
    }
    assert!(!text.contains(m.root.to_str().unwrap()), "a path of this machine: {text}");
    // Without a project.
    for name in ["go.mod", "main.go", "goferry.lock"] {
        std::fs::remove_file(one.work.join(name)).unwrap();
    }
    one.must(0, INSTALL);
    assert!(!one.work.join("goferry.lock").exists());
}

fn locked(m: &Machine) {
    let (user, text) = good_lock(m, "locked");
    user.write("goferry.toml", "targets = [\"linux/arm64\", \"linux/riscv64\"]\n");
    user.sh("git init -q . && git -c user.name=T -c user.email=t@example.com commit -q --allow-empty -m x");
    let first = user.must(0, LOCKED);
    assert!(first.stdout.contains("aarch64-linux-gnu-gcc"), "{}", first.stdout);
    user.must(0, &["build", "--snapshot", "--locked", "--target", "linux/arm64"]);
    assert_eq!(lock_of(&user), text);
    // Of this lock nothing is for riscv64, and it may not be asked for.
    let r = user.must(2, &["toolchain", "install", "linux/riscv64", "--locked"]);
    said(&r, "error[lock-drift]");
    let r = user.must(2, &["build", "--clean", "--snapshot", "--locked", "--target", "linux/riscv64"]);
    said(&r, "error[lock-drift]");
    // Of another kind of host it is of no use here, and a new one is written.
    let own = text.lines().find(|l| l.starts_with("host = ")).unwrap();
    let foreign = text.replace(own, "host = \"debian/bookworm/s390x\"");
    user.write("goferry.lock", &foreign);
    said(&user.must(2, LOCKED), "error[lock-drift]");
    said(&user.must(0, INSTALL), "goferry.lock was written on debian/bookworm/s390x");
    assert_eq!(lock_of(&user), text);
    std::fs::remove_file(user.work.join("goferry.lock")).unwrap();
    said(&user.must(2, LOCKED), "error[lock-drift]");
    assert!(!user.work.join("goferry.lock").exists());
}

/// The smallest locked file of the compiler: version, file name and digest.
fn smallest(m: &Machine, lock: &str) -> [String; 3] {
    let lock: toml::Value = toml::from_str(lock).unwrap();
    let tools = lock["tool"].as_array().unwrap();
    let gcc = tools.iter().find(|t| t["role"].as_str() == Some("g++")).unwrap();
    let text = |f: &toml::Value, key: &str| f[key].as_str().unwrap().to_owned();
    let path = |f: &toml::Value| m.first().mirror.join("files").join(text(f, "sha256")).join(text(f, "file"));
    let size = |f: &&toml::Value| std::fs::metadata(path(f)).unwrap().len();
    let file = gcc["file"].as_array().unwrap().iter().min_by_key(size).unwrap();
    ["version", "file", "sha256"].map(|key| text(file, key))
}

/// No folder that counts, and no file under this digest.
fn nothing_of(user: &User, digest: &str) {
    assert!(!user.tools().join("files").join(digest).exists());
    let unpacked = std::fs::read_dir(user.tools().join("unpacked")).into_iter().flatten().flatten();
    let names: Vec<PathBuf> =
        unpacked.map(|e| e.path()).filter(|p| p.display().to_string().contains("/gcc-")).collect();
    assert!(names.is_empty(), "{names:?}");
}

fn changed_digest(m: &Machine) {
    let (_, text) = good_lock(m, "digest-maker");
    let [_, _, sha] = smallest(m, &text);
    let other = "0123456789abcdef".repeat(4);
    let mut user = m.second("digest");
    user.write("goferry.lock", &text.replace(&sha, &other));
    let r = user.must(1, LOCKED);
    said(&r, "error[toolchain-damaged]");
    said(&r, &other);
    said(&r, &sha);
    nothing_of(&user, &other);
    // A mirror that has a wrong file under the right name.
    let mirror = m.folder("bad-mirror");
    user.sh(&format!("cp -rl '{}/files' '{}/'", m.first().mirror.display(), mirror.display()));
    let [_, file, _] = smallest(m, &text);
    let wrong = mirror.join("files").join(&sha).join(&file);
    std::fs::remove_file(&wrong).unwrap();
    std::fs::write(&wrong, "not a package").unwrap();
    user.set("GOFERRY_TOOLCHAIN_MIRROR", mirror.to_str().unwrap());
    user.write("goferry.lock", &text);
    said(&user.must(1, LOCKED), "error[toolchain-damaged]");
    nothing_of(&user, &sha);
}

fn version_gone(m: &Machine) {
    let (_, text) = good_lock(m, "gone-maker");
    let [version, file, sha] = smallest(m, &text);
    // The version that is locked was never in the archive; its package is one that dpkg-deb can unpack.
    let old_file = file.replacen(&version.replace(':', "%3a"), "0.0.1", 1);
    assert_ne!(old_file, file);
    let mut user = m.second("gone");
    let path = m.first().mirror.join("files").join(&sha).join(&file);
    user.sh(&format!("mkdir raw && dpkg-deb -R '{}' raw && echo 'X-Old: yes' >> raw/DEBIAN/control && sed -i 's/^Version: .*/Version: 0.0.1/' raw/DEBIAN/control && dpkg-deb -b raw '{old_file}' && rm -r raw", path.display()));
    let old_sha = user.sh(&format!("sha256sum '{old_file}'")).split_whitespace().next().unwrap().to_owned();
    assert_ne!(old_sha, sha);
    let lines: Vec<String> = text
        .split("[[tool.file]]")
        .map(|part| match part.contains(&sha) {
            true => part
                .replace(&format!("version = \"{version}\""), "version = \"0.0.1\"")
                .replace(&file, &old_file)
                .replace(&sha, &old_sha),
            false => part.to_owned(),
        })
        .collect();
    let old_lock = lines.join("[[tool.file]]");
    assert_ne!(old_lock, text);
    user.write("goferry.lock", &old_lock);
    let r = user.must(5, LOCKED);
    said(&r, "error[version-gone]");
    said(&r, "0.0.1");
    said(&r, &format!("GOFERRY_TOOLCHAIN_MIRROR/files/{old_sha}/"));
    nothing_of(&user, &old_sha);
    // Kept in a shared folder it is still there for everybody.
    let mirror = m.folder("old-mirror");
    user.sh(&format!(
        "cp -rl '{}/files' '{mirror}/' && mkdir '{mirror}/files/{old_sha}' && mv '{old_file}' '{mirror}/files/{old_sha}/'",
        m.first().mirror.display(),
        mirror = mirror.display()
    ));
    user.set("GOFERRY_TOOLCHAIN_MIRROR", mirror.to_str().unwrap());
    user.must(0, LOCKED);
    assert_eq!(lock_of(&user), old_lock);
}

fn damaged(m: &Machine) {
    let user = m.user("damaged-lock");
    user.hello();
    for text in ["this is no lock\n", "version = 99\n", "version = 1\n[[tool]]\nrole = 3\n"] {
        user.write("goferry.lock", text);
        said(&user.must(2, INSTALL), "error[lock-damaged]");
        assert_eq!(lock_of(&user), text, "what cannot be read is left alone");
    }
}
