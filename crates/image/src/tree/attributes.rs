//! Extended attributes of files on disk, as far as RUN carries them.
//!
//! Owns: which, and the system's calls for them. Must not: know layers.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

/// What a file may do beyond its user: engines carry it too (containerd, `archive/tar.go`).
const CAPABILITY: &str = "security.capability";
/// Programs' own. Other attributes belong to the machine (SELinux's labels, access lists of its users).
const USER: &str = "user.";

fn is_carried(name: &str) -> bool {
    name == CAPABILITY || name.starts_with(USER)
}

/// Gives a file its attributes; must come after its owner, whose change takes capabilities away.
#[cfg(target_os = "linux")]
pub(super) fn set(path: &Path, attributes: &BTreeMap<String, Vec<u8>>) -> io::Result<()> {
    use rustix::fs::{XattrFlags, lsetxattr};
    for (name, value) in attributes.iter().filter(|(name, _)| is_carried(name)) {
        match lsetxattr(path, name.as_str(), value, XattrFlags::empty()) {
            // In memory there are `user.` attributes since Linux 6.6, and on links never.
            Err(rustix::io::Errno::OPNOTSUPP | rustix::io::Errno::PERM) if name.starts_with(USER) => {}
            done => done?,
        }
    }
    Ok(())
}

/// What a file has of them.
#[cfg(target_os = "linux")]
pub(super) fn get(path: &Path) -> io::Result<BTreeMap<String, Vec<u8>>> {
    use rustix::fs::{lgetxattr, llistxattr};
    use rustix::io::Errno;
    let mut out = BTreeMap::new();
    // Names of a file end at 64 KiB, and so does a value (xattr(7)).
    let mut names = vec![0; 64 << 10];
    let length = match llistxattr(path, &mut names) {
        Err(Errno::OPNOTSUPP) => return Ok(out),
        listed => listed?,
    };
    let names = names[..length].split(|b| *b == 0).filter_map(|n| std::str::from_utf8(n).ok());
    let mut value = vec![];
    for name in names.filter(|n| is_carried(n)) {
        value.resize(64 << 10, 0);
        let length = match lgetxattr(path, name, &mut value) {
            Err(Errno::NODATA) => continue,
            read => read?,
        };
        out.insert(name.to_owned(), value[..length].to_vec());
    }
    Ok(out)
}

#[cfg(not(target_os = "linux"))]
pub(super) fn set(_path: &Path, _attributes: &BTreeMap<String, Vec<u8>>) -> io::Result<()> {
    Ok(())
}

#[cfg(not(target_os = "linux"))]
pub(super) fn get(_path: &Path) -> io::Result<BTreeMap<String, Vec<u8>>> {
    Ok(BTreeMap::new())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn what_a_file_was_given_it_has() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        std::fs::write(&path, "").unwrap();
        let given: BTreeMap<String, Vec<u8>> =
            [("user.a", &b"1\0x"[..]), ("user.b", b""), ("trusted.c", b"machine's")]
                .map(|(k, v)| (k.to_owned(), v.to_vec()))
                .into();
        set(&path, &given).unwrap();
        let has = get(&path).unwrap();
        // A file system may have none at all.
        if !has.is_empty() {
            let expected =
                given.into_iter().filter(|(k, _)| k.starts_with("user.")).collect::<BTreeMap<_, _>>();
            assert_eq!(has, expected);
        }
        assert!(get(&dir.path().join("none")).is_err());
    }
}
