//! The store under damage, full disks, several processes, and its limit.

use goferry_cache::{CacheError, DEFAULT_LIMIT, Digest, Key, KeyBuilder, Store};
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

fn entry(root: &Path, digest: &Digest) -> PathBuf {
    let hex = digest.to_hex();
    root.join("v1/cas").join(&hex[..2]).join(&hex)
}

fn key(text: &str) -> Key {
    let mut b = KeyBuilder::new("test");
    b.text("a", text);
    b.finish()
}

#[test]
fn what_goes_in_comes_out() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), DEFAULT_LIMIT).unwrap();
    let from = dir.path().join("from");
    fs::write(&from, vec![7; 300_000]).unwrap();
    let digest = store.put_file(&from).unwrap();
    assert_eq!(digest, Digest::of(&vec![7; 300_000]));
    store.put_known(&from, &digest).unwrap();
    let small = store.put_bytes(b"small").unwrap();
    assert!(store.has(&digest) && store.has(&small) && !store.has(&Digest::of(b"other")));
    let to = dir.path().join("new/to");
    store.restore(&digest, &to, 0o755).unwrap();
    assert_eq!(fs::read(&to).unwrap(), vec![7; 300_000]);
    assert_eq!(to.metadata().unwrap().permissions().mode() & 0o777, 0o755);
    let kept = entry(dir.path(), &digest).metadata().unwrap();
    assert_eq!((kept.permissions().mode() & 0o777, kept.nlink()), (0o444, 1));
    assert_ne!(kept.ino(), to.metadata().unwrap().ino());
    assert_eq!(store.read_bytes(&small).unwrap(), b"small");
    assert!(matches!(store.read_bytes(&Digest::of(b"other")), Err(CacheError::Missing { .. })));
    let info = store.info().unwrap();
    assert_eq!((info.files, info.bytes), (2, 300_005));
    store.clean().unwrap();
    assert_eq!(store.info().unwrap().bytes, 0);
}

#[test]
fn damage_is_found_reported_and_dropped() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), DEFAULT_LIMIT).unwrap();
    let to = dir.path().join("to");
    fs::write(&to, "before").unwrap();
    for how in 0..3 {
        let digest = store.put_bytes(&[how; 5000]).unwrap();
        let path = entry(dir.path(), &digest);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let mut bytes = fs::read(&path).unwrap();
        match how {
            0 => bytes[2500] ^= 1,
            1 => bytes.truncate(100),
            _ => bytes.push(0),
        }
        fs::write(&path, bytes).unwrap();
        assert!(matches!(store.restore(&digest, &to, 0o644), Err(CacheError::Damaged { .. })));
        assert_eq!(fs::read(&to).unwrap(), b"before");
        assert!(matches!(store.restore(&digest, &to, 0o644), Err(CacheError::Missing { .. })));
        assert_eq!(store.put_bytes(&[how; 5000]).unwrap(), digest);
        store.restore(&digest, &dir.path().join("again"), 0o644).unwrap();
    }
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 3, "no temporary files beside the results");
}

#[test]
fn records_are_kept_and_compared() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), DEFAULT_LIMIT).unwrap();
    assert!(store.lookup(&key("1")).unwrap().is_none());
    store.record(&key("1"), &serde_json::json!({"out": [1, 2]})).unwrap();
    store.remember("build linux/amd64", &key("1")).unwrap();
    assert_eq!(store.lookup(&key("1")).unwrap().unwrap().value["out"][1], 2);
    assert!(store.lookup(&key("2")).unwrap().is_none());
    let last = store.last("build linux/amd64").unwrap();
    assert_eq!(goferry_cache::difference(&last, key("2").fields()), ["a"]);
    let hex = key("1").digest().to_hex();
    let path = dir.path().join("v1/records").join(&hex[..2]).join(format!("{hex}.json"));
    let good = fs::read(&path).unwrap();
    for cut in 0..good.len() {
        fs::write(&path, &good[..cut]).unwrap();
        assert!(store.lookup(&key("1")).unwrap().is_none());
        assert!(!path.exists());
    }
    store.record(&key("1"), &1).unwrap();
    store.forget(&key("1"));
    assert!(store.lookup(&key("1")).unwrap().is_none());
}

#[test]
fn the_least_recently_used_go_first() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), 10_000).unwrap();
    let digests: Vec<Digest> = (0..6u8).map(|i| store.put_bytes(&[i; 2000]).unwrap()).collect();
    for (i, digest) in digests.iter().enumerate() {
        let file = fs::File::open(entry(dir.path(), digest)).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_secs(100_000 - i as u64 * 1000)).unwrap();
    }
    assert!(store.has(&digests[0]), "using it makes it young");
    assert_eq!(store.evict().unwrap(), 4000);
    assert_eq!(
        digests.iter().map(|d| store.has(d)).collect::<Vec<_>>(),
        [true, false, false, true, true, true]
    );
    assert_eq!(store.evict().unwrap(), 0);
    let other = Store::open(dir.path(), 10_000).unwrap();
    other.put_bytes(&[9; 3000]).unwrap();
    assert!(other.evict().unwrap() > 0, "the size file counts what other processes left");
}

#[test]
fn only_old_temporary_files_are_removed() {
    let dir = tempfile::tempdir().unwrap();
    Store::open(dir.path(), DEFAULT_LIMIT).unwrap();
    let (old, young) = (dir.path().join("v1/tmp/old"), dir.path().join("v1/tmp/young"));
    for path in [&old, &young] {
        fs::write(path, "x").unwrap();
    }
    fs::File::open(&old).unwrap().set_modified(SystemTime::now() - Duration::from_secs(4000)).unwrap();
    Store::open(dir.path(), DEFAULT_LIMIT).unwrap();
    assert!(!old.exists() && young.exists());
}

/// What the two tests below start in other processes; without their variable there is nothing for it to do.
#[test]
fn child_process() {
    let Ok(root) = std::env::var("GOFERRY_TEST_STORE") else { return };
    let root = Path::new(&root);
    let store = Store::open(root, DEFAULT_LIMIT).unwrap();
    if std::env::var_os("GOFERRY_TEST_FULL").is_some() {
        let from = root.join("from");
        let error = store.put_file(&from).unwrap_err();
        assert!(error.is_disk_full(), "{error}");
        let digest = Digest::of_file(&from).unwrap();
        assert!(!store.has(&digest));
        assert!(store.put_known(&from, &digest).unwrap_err().is_disk_full());
        assert_eq!(fs::read_dir(root.join("v1/tmp")).unwrap().count(), 0);
        store.put_bytes(b"small things still fit").unwrap();
        fs::write(root.join("done"), "").unwrap();
        return;
    }
    let mine = root.join(format!("out-{}", std::process::id()));
    for round in 0..200u32 {
        let bytes = vec![(round % 20) as u8; 10_000];
        let digest = store.put_bytes(&bytes).unwrap();
        match store.restore(&digest, &mine, 0o644) {
            Ok(()) => assert_eq!(fs::read(&mine).unwrap(), bytes),
            // Another process cleaned in between.
            Err(CacheError::Missing { .. }) => {}
            Err(e) => panic!("{e}"),
        }
        store.record(&key(&(round % 5).to_string()), &round).unwrap();
        store.lookup(&key(&(round % 5).to_string())).unwrap();
        if round % 50 == 0 {
            store.clean().unwrap();
        }
    }
}

#[test]
fn processes_do_not_disturb_each_other() {
    let dir = tempfile::tempdir().unwrap();
    let start = || {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "child_process"]).env("GOFERRY_TEST_STORE", dir.path()).spawn().unwrap()
    };
    let children: Vec<_> = (0..3).map(|_| start()).collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    assert_eq!(fs::read_dir(dir.path().join("v1/tmp")).unwrap().count(), 0);
}

/// A file size limit makes writes fail as a full disk does, without privileges.
#[test]
fn a_full_disk_is_named_and_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("from"), vec![1; 400_000]).unwrap();
    let status = Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 100; exec \"$0\" --exact child_process"])
        .arg(std::env::current_exe().unwrap())
        .env("GOFERRY_TEST_STORE", dir.path())
        .env("GOFERRY_TEST_FULL", "1")
        .status()
        .unwrap();
    assert!(status.success() && dir.path().join("done").exists());
}
