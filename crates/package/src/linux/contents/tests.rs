use super::super::inputs;
use super::super::{Content, ContentKind, Format, Package, Source};
use super::{Bytes, Entry, What, entries};
use proptest::prelude::*;
use std::path::Path;

fn package(contents: Vec<Content>) -> Package {
    Package { name: "tool".into(), contents, mtime: 7, ..Package::default() }
}

fn bytes(dst: &str) -> Content {
    Content::new(ContentKind::File, Source::Bytes(b"x".to_vec()), dst)
}

fn pattern(folder: &Path, pattern: &str, dst: &str) -> Content {
    let source = Source::Pattern { folder: folder.to_owned(), pattern: pattern.to_owned() };
    Content::new(ContentKind::File, source, dst)
}

fn paths(package: &Package) -> Vec<String> {
    entries(Format::Rpm, package, &[]).unwrap().into_iter().map(|e| e.path).collect()
}

fn files(package: &Package) -> Vec<String> {
    paths(package).into_iter().filter(|p| !p.ends_with('/')).collect()
}

/// A folder with some files in it.
fn folder(names: &[&str]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for name in names {
        std::fs::create_dir_all(dir.path().join(name).parent().unwrap()).unwrap();
        std::fs::write(dir.path().join(name), name).unwrap();
    }
    dir
}

#[test]
fn patterns_go_where_nfpm_puts_them() {
    let dir = folder(&["a/one.txt", "a/two.txt", "a/b/three.txt", "a/b/c/four.txt", "single", "st*ar"]);
    for (from, dst, expected) in [
        ("single", "/etc/x", &["/etc/x"][..]),
        ("single", "/etc/", &["/etc/single"]),
        ("./single", "etc/x", &["/etc/x"]),
        ("a/*.txt", "/u", &["/u/one.txt", "/u/two.txt"]),
        ("a/*.txt", "/u/", &["/u/one.txt", "/u/two.txt"]),
        ("a/**/*.txt", "/u", &["/u/c/four.txt", "/u/three.txt"]),
        ("a/b/**", "/u/", &["/u/four.txt", "/u/three.txt"]),
        ("a", "/u", &["/u/b/c/four.txt", "/u/b/three.txt", "/u/one.txt", "/u/two.txt"]),
        ("a/{one,two}.txt", "/u", &["/u/one.txt", "/u/two.txt"]),
        ("a/o*", "/u", &["/u/one.txt"]),
    ] {
        assert_eq!(files(&package(vec![pattern(dir.path(), from, dst)])), expected, "{from} to {dst}");
    }
    let absolute = dir.path().join("a/*.txt").to_str().unwrap().to_owned();
    assert_eq!(
        files(&package(vec![pattern(Path::new("/nowhere"), &absolute, "/u")])),
        ["/u/one.txt", "/u/two.txt"]
    );
    assert_eq!(files(&package(vec![pattern(&dir.path().join("a"), "../single", "/u/x")])), ["/u/x"]);
    for wrong in ["none", "a/*.md", "a/[", "a/../../single"] {
        let package = package(vec![pattern(dir.path(), wrong, "/u")]);
        assert!(entries(Format::Deb, &package, &[]).is_err(), "{wrong}");
    }
}

/// As nfpm has it: `.` is everything, with the names as they are, `./` and nothing are nothing.
#[test]
fn the_whole_folder_is_asked_for_in_one_way_only() {
    let dir = folder(&[".env", "a.txt", "sub/.keep"]);
    let all = package(vec![pattern(dir.path(), ".", "/u")]);
    assert_eq!(files(&all), ["/u/.env", "/u/a.txt", "/u/sub/.keep"]);
    assert_eq!(files(&package(vec![pattern(dir.path(), "./sub/", "/u")])), ["/u/.keep"]);
    for nothing in ["", "./", "/", "../"] {
        for kind in [ContentKind::File, ContentKind::Config, ContentKind::Doc] {
            let package = package(vec![Content { kind, ..pattern(dir.path(), nothing, "/u") }]);
            let why = entries(Format::Rpm, &package, &[]).unwrap_err().to_string();
            assert_eq!(why, format!("file pattern `{nothing}`: it matches nothing"));
        }
    }
    let tree = Content { kind: ContentKind::Tree, ..pattern(dir.path(), "", "/u") };
    assert!(entries(Format::Deb, &package(vec![tree]), &[]).is_err());
}

#[test]
fn folders_above_are_implied_and_belong_to_whoever_owns_the_file() {
    let owned = Content { owner: "www".into(), group: "web".into(), ..bytes("/srv/site/in/x") };
    let all = entries(Format::Deb, &package(vec![owned, bytes("/usr/bin/y")]), &[]).unwrap();
    let rows: Vec<(&str, &str, bool)> = all
        .iter()
        .map(|e| (e.path.as_str(), e.owner.as_str(), e.what == What::Folder { implied: true }))
        .collect();
    assert_eq!(
        rows,
        [
            ("/srv/", "root", true),
            ("/srv/site/", "www", true),
            ("/srv/site/in/", "www", true),
            ("/srv/site/in/x", "www", false),
            ("/usr/", "root", true),
            ("/usr/bin/", "root", true),
            ("/usr/bin/y", "root", false),
        ]
    );
}

#[test]
fn what_collides_is_refused() {
    let dir = |dst: &str| Content::new(ContentKind::Dir, Source::None, dst);
    for contents in [
        vec![bytes("/a/x"), bytes("a//x")],
        vec![bytes("/a/x"), Content::symlink("y", "/a/x")],
        vec![bytes("/a"), bytes("/a/x")],
        vec![bytes("/a/x"), bytes("/a")],
        vec![bytes("/a/x"), Content::symlink("y", "/a")],
        vec![dir("/a"), dir("/a/")],
        vec![dir("/a"), bytes("/a")],
        vec![bytes("/")],
        vec![bytes("/a\nb")],
        vec![Content::symlink("", "/a")],
        vec![Content::new(ContentKind::File, Source::None, "/a")],
    ] {
        assert!(entries(Format::Deb, &package(contents.clone()), &[]).is_err(), "{contents:?}");
    }
    // A stated folder takes the place of an implied one, whichever comes first.
    for contents in [vec![bytes("/a/x"), dir("/a")], vec![dir("/a"), bytes("/a/x")]] {
        let all = entries(Format::Deb, &package(contents), &[]).unwrap();
        assert_eq!(all[0].what, What::Folder { implied: false });
    }
}

#[cfg(unix)]
#[test]
fn a_tree_brings_modes_links_and_empty_folders_but_not_the_systems_own() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let dir = folder(&["bin/run", "share/doc"]);
    let at = |name: &str| dir.path().join(name);
    std::fs::create_dir(at("empty")).unwrap();
    symlink("run", at("bin/link")).unwrap();
    for (name, mode) in [("bin/run", 0o777), ("share/doc", 0o664), ("empty", 0o700)] {
        std::fs::set_permissions(at(name), std::fs::Permissions::from_mode(mode)).unwrap();
    }
    let tree = |dst: &str| {
        let source = Source::Pattern { folder: dir.path().to_owned(), pattern: ".".into() };
        Content::new(ContentKind::ConfigTree, source, dst)
    };
    let all = entries(Format::Rpm, &package(vec![tree("/usr")]), &[]).unwrap();
    let rows: Vec<(&str, u32, bool)> =
        all.iter().map(|e| (e.path.as_str(), e.mode, e.what == What::Folder { implied: true })).collect();
    let folder_mode = std::fs::metadata(at("bin")).unwrap().permissions().mode() & 0o775;
    assert_eq!(
        rows[1..],
        [
            ("/usr/bin/", folder_mode, true),
            ("/usr/bin/link", 0o777, false),
            ("/usr/bin/run", 0o775, false),
            ("/usr/empty/", 0o700, false),
            ("/usr/share/", folder_mode, true),
            ("/usr/share/doc", 0o664, false),
        ]
    );
    assert!(all.iter().find(|e| e.path == "/usr/bin/run").is_some_and(Entry::is_config));
    let stated = Content { mode: Some(0o711), owner: "o".into(), ..tree("/srv/t") };
    let all = entries(Format::Rpm, &package(vec![stated]), &[]).unwrap();
    let run = all.iter().find(|e| e.path == "/srv/t/bin/run").unwrap();
    assert_eq!((run.mode, run.owner.as_str()), (0o711, "o"));
}

#[test]
fn what_is_for_one_format_is_in_no_other() {
    let only = |format| Content { only: Some(format), ..bytes("/x") };
    let ghost = Content::new(ContentKind::Ghost, Source::None, "/ghost");
    let doc = Content { kind: ContentKind::Doc, ..bytes("/doc") };
    let count =
        |format, contents: &[Content]| entries(format, &package(contents.to_vec()), &[]).unwrap().len();
    assert_eq!(Format::ALL.map(|f| count(f, &[only(Format::Deb)])), [1, 0, 0, 0, 0, 1]);
    assert_eq!(Format::ALL.map(|f| count(f, &[ghost.clone(), doc.clone()])), [0, 2, 0, 0, 0, 0]);
}

/// A link to a file is packed as a link, one to a folder is left out, as in nfpm; a broken one is packed.
#[cfg(unix)]
#[test]
fn links_that_a_pattern_matches() {
    let dir = folder(&["in/a", "real/b"]);
    for (name, to) in [("in/file", "a"), ("in/folder", "../real"), ("in/broken", "nowhere")] {
        std::os::unix::fs::symlink(to, dir.path().join(name)).unwrap();
    }
    let of = |from: &str| files(&package(vec![pattern(dir.path(), from, "/u")]));
    assert_eq!(of("in/*"), ["/u/a", "/u/broken", "/u/file"]);
    assert_eq!(of("in"), ["/u/a", "/u/broken", "/u/file"]);
    assert!(of("in/folder").is_empty());
}

/// Whatever is other in the package is other in what it is made of.
#[cfg(unix)]
#[test]
fn inputs_are_what_is_packed() {
    use std::os::unix::fs::PermissionsExt;
    let dir = folder(&["t/a/b", "t/c"]);
    let at = |name: &str| dir.path().join(name);
    let chmod = |name: &str, mode| {
        std::fs::set_permissions(at(name), std::fs::Permissions::from_mode(mode)).unwrap();
    };
    std::os::unix::fs::symlink("c", at("t/l")).unwrap();
    ["t", "t/a"].iter().for_each(|f| chmod(f, 0o755));
    ["t/a/b", "t/c"].iter().for_each(|f| chmod(f, 0o644));
    let tree = Content { kind: ContentKind::Tree, ..pattern(dir.path(), "t", "/opt/t") };
    let ghost = Content::new(ContentKind::Ghost, Source::None, "/ghost");
    let package = package(vec![tree, ghost, bytes("/text")]);
    let now = |format| inputs(format, &package).unwrap();
    let deb = now(Format::Deb);
    let told: Vec<String> = deb.iter().map(|i| i.facts.join(" ").trim_end().to_owned()).collect();
    assert_eq!(
        told,
        [
            "/opt/ implied 755 7 root root",
            "/opt/t/ folder 755 7 root root",
            "/opt/t/a/ folder 755 7 root root",
            "/opt/t/a/b File 644 7 root root",
            "/opt/t/c File 644 7 root root",
            "/opt/t/l link 777 7 root root c",
            "/text File 644 7 root root",
        ]
    );
    assert_eq!(deb[3].content, Some(Bytes::File(at("t/a/b"))));
    assert_eq!(deb[6].content, Some(Bytes::Memory(b"x".to_vec())));
    assert_eq!(now(Format::Rpm).len(), deb.len() + 1, "the ghost");
    type Change<'c> = &'c dyn Fn();
    let changes: [(&str, Change<'_>); 4] = [
        ("moved", &|| std::fs::rename(at("t/a/b"), at("t/b")).unwrap()),
        ("a folder's mode", &|| chmod("t/a", 0o700)),
        ("a file's mode", &|| chmod("t/c", 0o755)),
        ("linked elsewhere", &|| {
            std::fs::remove_file(at("t/l")).unwrap();
            std::os::unix::fs::symlink("b", at("t/l")).unwrap();
        }),
    ];
    let mut before = now(Format::Deb);
    for (what, change) in changes {
        change();
        let after = now(Format::Deb);
        assert_ne!(after, before, "{what}");
        before = after;
    }
}

proptest! {
    /// Whatever the destinations: an error, or paths that are absolute, clean, sorted, each once, with all folders above.
    #[test]
    fn destinations_become_clean_paths(names in prop::collection::vec("[a-c./ é-]{0,12}", 1..6)) {
        let contents = names.iter().map(|n| bytes(n)).collect();
        if let Ok(all) = entries(Format::Deb, &package(contents), &[]) {
            let paths: Vec<&str> = all.iter().map(|e| e.path.as_str()).collect();
            prop_assert!(paths.windows(2).all(|w| w[0] < w[1]));
            for path in &paths {
                prop_assert!(path.starts_with('/') && !path.contains("//"));
                prop_assert!(!path.split('/').any(|part| part == "." || part == ".."));
                let trimmed = path.trim_end_matches('/');
                for (at, _) in trimmed.match_indices('/').skip(1) {
                    prop_assert!(paths.contains(&&trimmed[..=at]));
                }
            }
        }
    }
}
