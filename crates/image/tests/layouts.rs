//! Layouts, layers and trees, written and read again, and damaged ones.
#![expect(clippy::unwrap_used, reason = "the functions that tests share are not marked as tests")]

use goferry_image::layer::{Change, LayerEntry};
use goferry_image::model::{History, media_type};
use goferry_image::{
    Compression, Content, Descriptor, Digest, ImageConfig, ImageError, Index, Kind, Layout, Manifest, Node,
    Platform, Tree, write_layer,
};
use proptest::prelude::*;
use std::fs;
use std::io::Write;
use std::path::Path;

const EACH: [Compression; 3] = [Compression::None, Compression::Gzip, Compression::Zstd];

fn small() -> Tree {
    let mut tree = Tree::empty();
    tree.insert("etc/passwd", Node::bytes("root:x:0:0:root:/:/bin/sh\n", 0o644, 5));
    tree.insert("bin/tool", Node { uid: 1000, gid: 7, ..Node::bytes(vec![9; 300_000], 0o4755, 6) });
    tree.insert("bin/link", Node::new(Kind::Symlink("tool".into()), 0o777, 7));
    tree.insert("dev/null", Node::new(Kind::CharDevice(1, 3), 0o666, 8));
    tree.insert("var/lib/data/x", Node::bytes("x", 0o600, 9));
    tree
}

/// A whole image of these layers.
fn image(layout: &Layout, layers: &[goferry_image::Layer]) -> (Descriptor, Manifest) {
    let mut config =
        ImageConfig { architecture: "amd64".into(), os: "linux".into(), ..ImageConfig::default() };
    config.rootfs.diff_ids = layers.iter().map(|l| l.diff_id.clone()).collect();
    config.history = layers.iter().map(|_| History::default()).collect();
    let config = layout.put_json(media_type::CONFIG, &config).unwrap();
    let manifest = Manifest::new(config, layers.iter().map(|l| l.descriptor.clone()).collect());
    (layout.put_json(media_type::MANIFEST, &manifest).unwrap(), manifest)
}

/// What can be compared of a tree.
fn facts(tree: &Tree) -> Vec<String> {
    let of = |(path, n): (&str, &Node)| {
        let kind = match &n.kind {
            Kind::File(_) => format!("file {}", Digest::of(&tree.read(path, 1 << 30).unwrap().unwrap())),
            other => format!("{other:?}"),
        };
        format!("{path} {kind} {:o} {} {} {}", n.mode, n.uid, n.gid, n.mtime)
    };
    tree.iter().filter(|(p, _)| !p.is_empty()).map(of).collect()
}

#[test]
fn a_tree_that_was_written_is_read_again() {
    let dir = tempfile::tempdir().unwrap();
    for compression in EACH {
        let layout = Layout::create(&dir.path().join(format!("{compression:?}"))).unwrap();
        let layer = write_layer(&layout, &small().entries(), compression).unwrap();
        let again = write_layer(&layout, &small().entries(), compression).unwrap();
        assert_eq!(layer, again);
        let (top, manifest) = image(&layout, &[layer]);
        layout.publish(&top, &["example.com/a:1".into(), "example.com/a:2".into()]).unwrap();
        let layout = Layout::open(layout.root()).unwrap();
        assert_eq!(facts(&Tree::of_image(&layout, &manifest).unwrap()), facts(&small()));
        layout.verify().unwrap();
        let names: Vec<_> = layout.refs().unwrap().into_iter().map(|(n, _)| n.unwrap()).collect();
        assert_eq!(names, ["example.com/a:1", "example.com/a:2"]);
        let images = layout.images(&top).unwrap();
        assert_eq!(images, [("linux/amd64".parse().unwrap(), top.clone())]);
        assert!(matches!(
            layout.image_for(&top, &"linux/arm64".parse().unwrap()),
            Err(ImageError::NoPlatform { .. })
        ));
    }
}

#[test]
fn a_difference_makes_the_one_tree_of_the_other() {
    let dir = tempfile::tempdir().unwrap();
    let layout = Layout::create(dir.path()).unwrap();
    let base = write_layer(&layout, &small().entries(), Compression::Gzip).unwrap();
    let (_, manifest) = image(&layout, std::slice::from_ref(&base));
    let old = Tree::of_image(&layout, &manifest).unwrap();
    let mut new = old.clone();
    new.remove("var/lib");
    new.remove("bin/link");
    // A folder becomes a file, a file becomes a folder.
    new.insert("dev", Node::bytes("no more", 0o644, 1));
    new.insert("etc/passwd/x", Node::bytes("y", 0o644, 2));
    new.insert("app/main", Node::bytes("z", 0o755, 3));
    let changes = new.diff(&old);
    let said: Vec<String> = changes
        .iter()
        .map(|e| format!("{}{}", if matches!(e.change, Change::Put(_)) { "" } else { "-" }, e.path))
        .collect();
    assert_eq!(
        said,
        [
            "app",
            "app/main",
            "bin",
            "-bin/link",
            "dev",
            "etc",
            "etc/passwd",
            "etc/passwd/x",
            "var",
            "-var/lib"
        ]
    );
    let above = write_layer(&layout, &changes, Compression::Zstd).unwrap();
    let (_, manifest) = image(&layout, &[base, above]);
    assert_eq!(facts(&Tree::of_image(&layout, &manifest).unwrap()), facts(&new));
    assert!(new.diff(&new).is_empty());
}

#[test]
fn an_opaque_folder_hides_what_is_below_it_only() {
    let dir = tempfile::tempdir().unwrap();
    let layout = Layout::create(dir.path()).unwrap();
    let entry = |path: &str, change| LayerEntry { path: path.into(), change };
    let put = |path: &str| entry(path, Change::Put(Node::bytes("new", 0o644, 1)));
    let base = write_layer(&layout, &small().entries(), Compression::None).unwrap();
    // The mark stands behind what the same layer puts there: the order does not matter.
    let above = [
        put("bin/other"),
        entry("bin", Change::Opaque),
        put("etc/passwd"),
        entry("etc/passwd", Change::Whiteout),
    ];
    let above = write_layer(&layout, &above, Compression::None).unwrap();
    let (_, manifest) = image(&layout, &[base, above]);
    let tree = Tree::of_image(&layout, &manifest).unwrap();
    let paths: Vec<&str> = tree.below("bin").map(|(p, _)| p).collect();
    assert_eq!(paths, ["bin/other"]);
    assert_eq!(tree.read("etc/passwd", 10).unwrap().unwrap(), b"new");
    assert_eq!(tree.read("etc/passwd", 2).unwrap(), None);
}

#[test]
fn names_of_one_file_stay_one_file() {
    let dir = tempfile::tempdir().unwrap();
    let layout = Layout::create(&dir.path().join("l")).unwrap();
    let mut tree = small();
    for path in ["bin/tool", "bin/also", "usr/bin/third"] {
        let node = Node { links: Some(1), ..tree.get("bin/tool").unwrap().clone() };
        tree.insert(path, node);
    }
    let layer = write_layer(&layout, &tree.entries(), Compression::None).unwrap();
    assert!(layer.descriptor.size < 400_000);
    let (_, manifest) = image(&layout, &[layer]);
    let read = Tree::of_image(&layout, &manifest).unwrap();
    assert_eq!(facts(&read), facts(&tree));
    let root = dir.path().join("root");
    fs::create_dir(&root).unwrap();
    read.unpack(&root, goferry_image::tree::Owners::Caller).unwrap();
    assert_eq!(fs::read(root.join("usr/bin/third")).unwrap(), vec![9; 300_000]);
    assert_eq!(fs::read_link(root.join("bin/link")).unwrap(), Path::new("tool"));
    assert!(!root.join("dev/null").exists());
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        assert_eq!(fs::metadata(root.join("bin/also")).unwrap().nlink(), 3);
        assert_eq!(fs::metadata(root.join("bin/also")).unwrap().mode() & 0o7777, 0o4755);
    }
}

#[test]
fn a_new_file_under_an_old_name_is_not_the_old_one() {
    let dir = tempfile::tempdir().unwrap();
    let layout = Layout::create(&dir.path().join("l")).unwrap();
    let linked = |text: &str, to: &str| {
        let mut tree = Tree::empty();
        for path in ["a", to] {
            tree.insert(path, Node { links: Some(7), ..Node::bytes(text, 0o644, 1) });
        }
        write_layer(&layout, &tree.entries(), Compression::None).unwrap()
    };
    // Both layers link a file that they call `a`.
    let layers = [linked("old", "b"), linked("new!", "c")];
    let (_, manifest) = image(&layout, &layers);
    let tree = Tree::of_image(&layout, &manifest).unwrap();
    let links = |path: &str| tree.get(path).unwrap().links;
    assert!(links("a") == links("c") && links("a") != links("b"), "{tree:?}");
    // As one layer, and as a folder: each name has its own content.
    let whole = write_layer(&layout, &tree.entries(), Compression::Gzip).unwrap();
    let (_, manifest) = image(&layout, &[whole]);
    let root = dir.path().join("root");
    fs::create_dir(&root).unwrap();
    Tree::of_image(&layout, &manifest).unwrap().unpack(&root, goferry_image::tree::Owners::Caller).unwrap();
    for (name, text) in [("a", "new!"), ("b", "old"), ("c", "new!")] {
        assert_eq!(fs::read_to_string(root.join(name)).unwrap(), text, "{name}");
    }
}

#[test]
fn links_are_followed_inside_of_the_image() {
    let mut tree = small();
    let link = |tree: &mut Tree, path: &str, text: &str| {
        tree.insert(path, Node::new(Kind::Symlink(text.into()), 0o777, 0));
    };
    link(&mut tree, "lib", "/bin");
    link(&mut tree, "out", "../../../etc");
    link(&mut tree, "a", "b");
    link(&mut tree, "b", "a");
    for (path, want) in [
        ("/lib/link", "bin/tool"),
        ("out/passwd", "etc/passwd"),
        ("out/../lib/./tool", "bin/tool"),
        ("not/there", "not/there"),
    ] {
        assert_eq!(tree.resolve(path).unwrap(), want, "{path}");
    }
    assert_eq!(tree.resolve_parent("lib/link").unwrap(), "bin/link");
    assert!(matches!(tree.resolve("a/x"), Err(ImageError::Path { .. })));
}

#[test]
fn a_binary_that_is_another_now_is_not_taken() {
    let dir = tempfile::tempdir().unwrap();
    let layout = Layout::create(&dir.path().join("l")).unwrap();
    let file = dir.path().join("tool");
    fs::write(&file, "verified").unwrap();
    let content = Content::verified(&file, 8, Digest::of(b"verified"));
    let entries =
        [LayerEntry { path: "tool".into(), change: Change::Put(Node::new(Kind::File(content), 0o755, 0)) }];
    write_layer(&layout, &entries, Compression::Gzip).unwrap();
    for other in ["verifieD", "verified!", "v"] {
        fs::write(&file, other).unwrap();
        let e = write_layer(&layout, &entries, Compression::Gzip).unwrap_err();
        assert!(matches!(e, ImageError::Changed { .. }), "{e}");
    }
    // Nothing half-written is left.
    let left = fs::read_dir(layout.root().join("blobs/sha256")).unwrap().count();
    assert_eq!(left, 1);
}

#[test]
fn what_a_killed_run_left_is_taken_or_removed() {
    let dir = tempfile::tempdir().unwrap();
    let layout = Layout::create(dir.path()).unwrap();
    let mut unfinished = layout.writer().unwrap();
    unfinished.write_all(b"half").unwrap();
    // As SIGKILL would: nothing is cleaned up.
    std::mem::forget(unfinished);
    assert!(matches!(Layout::open(dir.path()), Err(ImageError::NotALayout { .. })));
    let layout = Layout::create(dir.path()).unwrap();
    let orphan = layout.put("text/plain", b"nobody's").unwrap();
    let layer = write_layer(&layout, &small().entries(), Compression::Gzip).unwrap();
    let (top, _) = image(&layout, &[layer]);
    layout.publish(&top, &[]).unwrap();
    layout.prune().unwrap();
    assert!(!layout.has(&orphan.digest));
    layout.verify().unwrap();
    assert_eq!(fs::read_dir(dir.path().join("blobs/sha256")).unwrap().count(), 3);
}

#[test]
fn go_s_null_is_an_empty_list() {
    let text = r#"{"architecture":"arm","variant":"v7","os":"linux","config":{"Env":null,"Labels":null,"Cmd":null},
        "rootfs":{"type":"layers","diff_ids":null},"history":null}"#;
    let config: ImageConfig = serde_json::from_str(text).unwrap();
    assert_eq!(config.platform().to_string(), "linux/arm/v7");
    let null =
        r#"{"architecture":"amd64","os":"linux","config":null,"rootfs":{"type":"layers","diff_ids":[]}}"#;
    assert_eq!(serde_json::from_str::<ImageConfig>(null).unwrap().config, Default::default());
}

fn read_all(layout: &Layout) -> Result<(), ImageError> {
    for (_, top) in Layout::open(layout.root())?.refs()? {
        for (_, d) in layout.images(&top)? {
            let tree = Tree::of_image(layout, &layout.read_manifest(&d)?)?;
            for (path, _) in tree.iter() {
                tree.read(path, 1 << 20)?;
            }
        }
    }
    layout.verify()
}

#[test]
fn damage_is_noticed() {
    let dir = tempfile::tempdir().unwrap();
    let layout = Layout::create(dir.path()).unwrap();
    let layer = write_layer(&layout, &small().entries(), Compression::Gzip).unwrap();
    let (top, _) = image(&layout, &[layer]);
    let platform: Platform = "linux/amd64".parse().unwrap();
    let index = Index::new(vec![Descriptor { platform: Some(platform), ..top }]);
    let index = layout.put_json(media_type::INDEX, &index).unwrap();
    layout.publish(&index, &["x".into()]).unwrap();
    read_all(&layout).unwrap();
    let blobs: Vec<_> = layout.reachable(&index).unwrap().iter().map(|d| layout.path(&d.digest)).collect();
    assert_eq!(blobs.len(), 4);
    for path in blobs {
        let whole = fs::read(&path).unwrap();
        proptest!(ProptestConfig::with_cases(24), |(at in 0..whole.len(), flip in 1..=255_u8, cut in 0..whole.len())| {
            let mut bytes = whole.clone();
            bytes[at] ^= flip;
            fs::write(&path, &bytes).unwrap();
            prop_assert!(read_all(&layout).is_err());
            fs::write(&path, &whole[..cut]).unwrap();
            prop_assert!(read_all(&layout).is_err());
        });
        fs::write(&path, &whole).unwrap();
    }
    let index = fs::read(dir.path().join("index.json")).unwrap();
    proptest!(ProptestConfig::with_cases(64), |(at in 0..index.len(), byte in any::<u8>(), cut in 0..index.len())| {
        let mut bytes = index.clone();
        bytes[at] = byte;
        fs::write(dir.path().join("index.json"), &bytes).unwrap();
        let _ = read_all(&layout);
        fs::write(dir.path().join("index.json"), &index[..cut]).unwrap();
        prop_assert!(read_all(&layout).is_err());
    });
}
