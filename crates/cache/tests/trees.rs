//! Trees and what is remembered of them.

use goferry_cache::{Digest, FileHasher, TreeContent, TreeEntry};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

#[test]
fn trees_are_sorted_and_remembered_safely() {
    let dir = tempfile::tempdir().unwrap();
    let (root, memory) = (dir.path().join("tree"), dir.path().join("memory"));
    fs::create_dir_all(root.join("b/c")).unwrap();
    fs::create_dir_all(root.join("skip")).unwrap();
    for name in ["z", "b/c/x", "b/a", "skip/no"] {
        fs::write(root.join(name), name).unwrap();
    }
    std::os::unix::fs::symlink("nowhere", root.join("link")).unwrap();
    fs::set_permissions(root.join("z"), fs::Permissions::from_mode(0o755)).unwrap();
    let tree =
        |hasher: &FileHasher| -> Vec<TreeEntry> { hasher.tree(&root, &|p| p == Path::new("skip")).unwrap() };
    let rewrite = |text: &str, time| {
        fs::write(root.join("b/a"), text).unwrap();
        fs::File::open(root.join("b/a")).unwrap().set_modified(time).unwrap();
    };
    let hasher = FileHasher::open(&memory, &root, 2);
    let first = tree(&hasher);
    let paths: Vec<_> = first.iter().map(|e| e.path.to_str().unwrap()).collect();
    assert_eq!(paths, ["b/a", "b/c/x", "link", "z"]);
    assert_eq!(first[2].content, TreeContent::Link("nowhere".into()));
    assert_eq!((first[3].mode, &first[3].content), (0o755, &TreeContent::File(Digest::of(b"z"))));
    hasher.save().unwrap();

    // Same size and modification time: still seen, because a young file is not remembered.
    let time = fs::metadata(root.join("b/a")).unwrap().modified().unwrap();
    rewrite("B/A", time);
    let second = tree(&FileHasher::open(&memory, &root, 2));
    assert_eq!(second[0].content, TreeContent::File(Digest::of(b"B/A")));

    // Old enough to be remembered: the memory is used, and a forged time is seen by the change time.
    std::thread::sleep(Duration::from_millis(2100));
    let hasher = FileHasher::open(&memory, &root, 2);
    assert_eq!(tree(&hasher), second);
    hasher.save().unwrap();
    assert_eq!(fs::read_dir(memory.join("stat")).unwrap().count(), 1);
    let remembering = FileHasher::open(&memory, &root, 2);
    assert!(format!("{remembering:?}").contains("3 files"), "{remembering:?}");
    rewrite("b/A", time);
    let third = tree(&remembering);
    assert_eq!(third[0].content, TreeContent::File(Digest::of(b"b/A")));
    assert_eq!(third[1..], second[1..]);
}

#[test]
fn many_files_with_many_threads_give_the_same() {
    let dir = tempfile::tempdir().unwrap();
    for i in 0..500 {
        let folder = dir.path().join(format!("d{}/e{}", i % 9, i % 100));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(format!("f{i}")), i.to_string()).unwrap();
    }
    let memory = tempfile::tempdir().unwrap();
    let [one, four] =
        [1, 4].map(|n| FileHasher::open(memory.path(), dir.path(), n).tree(dir.path(), &|_| false).unwrap());
    assert_eq!(one, four);
    assert_eq!(one.len(), 500);
    let missing =
        FileHasher::open(memory.path(), dir.path(), 2).files(&[dir.path().join("none")]).unwrap_err();
    assert!(missing.to_string().contains("none"));
}
