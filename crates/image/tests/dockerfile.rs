//! Dockerfiles: their language, and what their instructions do.
#![expect(clippy::unwrap_used, reason = "the functions that tests share are not marked as tests")]

use goferry_image::dockerfile::{
    Built, Context, Failure, Ignore, Lexer, Options, RunMount, RunStep, Surroundings, build, expand, matches,
    parse,
};
use goferry_image::{
    Base, Compression, Content, Index, Kind, Layer, Layout, Node, Platform, Tree, write_layer,
};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;

#[test]
fn instructions_are_read_with_their_lines() {
    let text = "# syntax=docker/dockerfile:1\n# check=skip=all\n\nFROM scratch as a\n# c\ncopy --from=x --chown=1:2 \\\n  a \\\n# between\n\n  b /c/\nRUN <<EOF cat\nx $y\nEOF\nCMD [\"a\", \"b\"]\n";
    let d = parse(text).unwrap();
    assert_eq!((d.syntax.as_deref(), d.check.as_deref()), (Some("docker/dockerfile:1"), Some("skip=all")));
    let lines: Vec<(usize, &str)> = d.instructions.iter().map(|i| (i.line, i.keyword.as_str())).collect();
    assert_eq!(lines, [(4, "FROM"), (6, "COPY"), (11, "RUN"), (14, "CMD")]);
    let copy = &d.instructions[1];
    assert_eq!(copy.list(), ["a", "b", "/c/"]);
    let flag = |n: &str, v: &str| (n.to_owned(), Some(v.to_owned()));
    assert_eq!(copy.flags, [flag("from", "x"), flag("chown", "1:2")]);
    assert_eq!(d.instructions[2].heredocs[0].text, "x $y\n");
    assert_eq!(d.instructions[3].json().unwrap(), ["a", "b"]);
    let windows = parse("# escape=`\nFROM scratch\nENV A=b `\n C=d\\\n").unwrap();
    assert_eq!(windows.instructions[1].rest, "A=b  C=d\\");
}

#[test]
fn mistakes_have_lines() {
    for (text, line, part) in [
        ("FROM a\nCOPI x y\n", 2, "COPI"),
        ("FROM a\n\nCOPY <<EOF /x\nabc\n", 3, "has no end"),
        ("# escape=x\nFROM a\n", 1, "escape"),
        ("# escape=`\n# escape=`\nFROM a\n", 2, "twice"),
        ("FROM a\nWORKDIR\n", 2, "says nothing"),
        ("\n# nothing\n", 1, "no instructions"),
    ] {
        let e = parse(text).unwrap_err();
        assert_eq!(e.line, line, "{text}: {e}");
        assert!(e.message.contains(part), "{text}: {e}");
    }
}

#[test]
fn words_are_expanded_as_buildkit_does() {
    let get = |name: &str| match name {
        "x" => Some("a.b.c".to_owned()),
        "p" => Some("/usr/lib/y".to_owned()),
        "empty" => Some(String::new()),
        _ => None,
    };
    let lexer = Lexer { escape: '\\', get: &get, raw_quotes: false };
    for (word, want) in [
        ("$x", "a.b.c"),
        ("${x}y", "a.b.cy"),
        ("$xy", ""),
        ("\\$x", "$x"),
        ("'$x'", "$x"),
        ("\"$x\"", "a.b.c"),
        ("\"\\$x\\n\"", "$x\\n"),
        ("a\\ b", "a b"),
        ("${no:-d}", "d"),
        ("${empty:-d}", "d"),
        ("${empty-d}", ""),
        ("${no-$x}", "a.b.c"),
        ("${x:+s}", "s"),
        ("${empty:+s}", ""),
        ("${empty+s}", "s"),
        ("${no+s}", ""),
        ("${x#*.}", "b.c"),
        ("${x##*.}", "c"),
        ("${x%.*}", "a.b"),
        ("${x%%.*}", "a"),
        ("${p#/usr}", "/lib/y"),
        ("${x/./-}", "a-b.c"),
        ("${x//./-}", "a-b-c"),
        ("${p//\\//_}", "_usr_lib_y"),
        ("${x/?.b/}", ".c"),
        ("$", "$"),
        ("a$", "a$"),
    ] {
        assert_eq!(expand(word, &lexer).as_deref(), Ok(want), "{word}");
    }
    for (word, part) in [
        ("${no:?why}", "no: why"),
        ("${x", "no `}`"),
        ("'a", "quote"),
        ("\"a", "quote"),
        ("${x!y}", "modifier"),
    ] {
        assert!(expand(word, &lexer).unwrap_err().contains(part), "{word}");
    }
}

#[test]
fn patterns_and_ignored_files() {
    for (pattern, path, want) in [
        ("*.txt", "a.txt", true),
        ("*.txt", "d/a.txt", false),
        ("d/*", "d/a", true),
        ("[a-c]?", "bz", true),
        ("[^a-c]?", "bz", false),
        ("a\\*", "a*", true),
        ("[", "[", false),
    ] {
        assert_eq!(matches(pattern, path), want, "{pattern} {path}");
    }
    let ignore = Ignore::parse("# c\n*.md\n!README.md\n/dist\n**/tmp\nsrc/**/x.go\n");
    for (path, hidden) in [
        ("a.md", true),
        ("README.md", false),
        ("d/a.md", false),
        ("dist/app", true),
        ("tmp", true),
        ("a/b/tmp/c", true),
        ("src/x.go", true),
        ("src/a/b/x.go", true),
        ("src/a/y.go", false),
    ] {
        assert_eq!(ignore.hides(path), hidden, "{path}");
    }
}

/// No bases and no programs.
struct Nothing;

impl Surroundings for Nothing {
    type Error = String;

    fn base(&self, reference: &str, _: &Platform) -> Result<Base, String> {
        Err(format!("no {reference}"))
    }

    fn run(&self, _: &Layout, _: &mut Tree, _: &RunStep) -> Result<Option<Layer>, String> {
        Ok(None)
    }
}

const CLOCK: i64 = 1_700_000_000;

fn options() -> Options {
    Options {
        platform: "linux/arm/v7".parse().unwrap(),
        host: "linux/amd64".parse().unwrap(),
        args: BTreeMap::new(),
        target: None,
        labels: BTreeMap::new(),
        created: CLOCK,
        compression: Compression::Gzip,
        no_run: Some(String::new()),
    }
}

fn make(text: &str, files: &[&str], with: impl Fn(&mut Options)) -> Result<Built, Failure<String>> {
    let folder = tempfile::tempdir().unwrap();
    let layout = Layout::create(folder.path()).unwrap();
    layout.set_index(&Index::new(vec![])).unwrap();
    let mut context = Context::default();
    for file in files {
        context.put(file, Node::bytes(file.as_bytes(), 0o640, CLOCK + 5));
    }
    let mut options = options();
    with(&mut options);
    build(&layout, &parse(text).unwrap(), context.tree(), &options, &Nothing)
}

fn paths(built: &Built) -> Vec<String> {
    let one = |(p, n): (&str, &Node)| format!("{p} {:o} {}:{}", n.mode, n.uid, n.gid);
    built.tree.iter().filter(|(p, _)| !p.is_empty()).map(one).collect()
}

#[test]
fn files_go_where_buildkit_puts_them() {
    let files = ["app", "d/a.txt", "d/e/b.txt", "c.conf"];
    let cases: [(&str, &[&str]); 9] = [
        ("COPY app /bin/", &["bin 755 0:0", "bin/app 640 0:0"]),
        ("COPY app /bin", &["bin 640 0:0"]),
        ("COPY d /x", &["x 755 0:0", "x/a.txt 640 0:0", "x/e 755 0:0", "x/e/b.txt 640 0:0"]),
        ("COPY app c.conf /x/", &["x 755 0:0", "x/app 640 0:0", "x/c.conf 640 0:0"]),
        ("COPY --chown=7 --chmod=0500 app /x/y", &["x 755 7:7", "x/y 500 7:7"]),
        ("COPY *.conf d/*.txt /x/", &["x 755 0:0", "x/a.txt 640 0:0", "x/c.conf 640 0:0"]),
        (
            "COPY --parents d/e/b.txt /x/",
            &["x 755 0:0", "x/d 755 0:0", "x/d/e 755 0:0", "x/d/e/b.txt 640 0:0"],
        ),
        ("COPY --exclude=e d /x/", &["x 755 0:0", "x/a.txt 640 0:0"]),
        ("WORKDIR /w\nCOPY app .\nCOPY <<A b\nx\nA", &["w 755 0:0", "w/app 640 0:0", "w/b 644 0:0"]),
    ];
    for (text, want) in cases {
        let built = make(&format!("FROM scratch\n{text}\n"), &files, |_| {}).unwrap();
        assert_eq!(paths(&built), want, "{text}");
        assert!(built.tree.iter().all(|(_, n)| n.mtime <= CLOCK), "{text}");
    }
}

#[test]
fn stages_arguments_and_configuration() {
    let text = "ARG V=1\nFROM scratch AS a\nCOPY app /out/app\nONBUILD ENV FROM_A=1\nFROM scratch AS unused\nRUN never\n\
        FROM a\nARG V\nARG TARGETPLATFORM\nARG BUILDARCH\nARG T=${TARGETPLATFORM#linux/}\nENV P=$TARGETPLATFORM T=\"$T $V\" B=$BUILDARCH\n\
        WORKDIR /w\nWORKDIR sub\nCOPY --from=0 /out/app .\nLABEL a=b \"c d\"=\"e f\"\nEXPOSE 80 53/udp 9000-9001\nVOLUME /data /more\n\
        HEALTHCHECK --interval=1m30s --retries=3 CMD /app ok\nSTOPSIGNAL SIGINT\nUSER 5\nCMD [\"x\"]\nENTRYPOINT [\"/app\"]\n";
    let built = make(text, &["app"], |o| {
        o.args.insert("V".into(), "2".into());
        o.labels.insert("given".into(), "1".into());
    })
    .unwrap();
    let c = &built.config.config;
    assert_eq!(c.env[1..], ["FROM_A=1", "P=linux/arm/v7", "T=arm/v7 2", "B=amd64"]);
    assert_eq!((c.working_dir.as_str(), c.user.as_str(), c.stop_signal.as_str()), ("/w/sub", "5", "SIGINT"));
    assert_eq!(c.exposed_ports.keys().collect::<Vec<_>>(), ["53/udp", "80/tcp", "9000/tcp", "9001/tcp"]);
    assert_eq!(
        c.labels.iter().map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>(),
        ["a=b", "c d=e f", "given=1"]
    );
    let health = c.healthcheck.as_ref().unwrap();
    assert_eq!((health.interval, health.retries), (90_000_000_000, 3));
    assert_eq!(health.test, ["CMD-SHELL", "/app ok"]);
    assert_eq!((c.cmd.as_ref().unwrap().len(), c.entrypoint.as_ref().unwrap().len()), (1, 1));
    assert_eq!(built.config.platform().to_string(), "linux/arm/v7");
    let layers = built.config.history.iter().filter(|h| !h.empty_layer).count();
    assert_eq!((built.layers.len(), built.config.rootfs.diff_ids.len(), layers), (4, 4, 4));
    assert_eq!(built.config.history[0].created_by, "COPY app /out/app # buildkit");
}

#[test]
fn what_is_not_done_is_said_with_its_line() {
    for (text, line, part, elsewhere) in [
        ("FROM scratch\nRUN apk add x\n", 2, "RUN apk add x", true),
        ("FROM busybox\nRUN --mount=type=cache,target=/x true\n", 2, "--mount=type=cache", true),
        (
            "FROM nowhere AS a\nADD --checksum=x y z\nFROM scratch\nCOPY --from=a /z /\n",
            2,
            "--checksum",
            true,
        ),
        ("FROM scratch\nADD https://example.com/x /x\n", 2, "https://example.com/x", true),
        ("FROM scratch\nCOPY nope /x\n", 2, "beside it are: app", false),
        ("FROM scratch\n\nCOPY --chown=bob app /x\n", 3, "`bob`", false),
        ("FROM $NO\n", 1, "names nothing", false),
        ("COPY a b\nFROM scratch\n", 1, "before the first FROM", false),
        ("FROM scratch\nENTRYPOINT [\"a\"]\nSHELL x\n", 3, "JSON", false),
    ] {
        match make(text, &["app"], |_| {}) {
            Err(Failure::Said(e)) => {
                assert_eq!((e.line, e.elsewhere), (line, elsewhere), "{text}: {e}");
                assert!(e.message.contains(part), "{text}: {e}");
            }
            other => panic!("{text}: {other:?}"),
        }
    }
    // What is not wanted is not looked at.
    assert!(make("FROM nowhere\nRUN x\nFROM scratch\nCOPY app /\n", &["app"], |_| {}).is_ok());
    let may_run = make("FROM scratch\nRUN --security=insecure x\n", &[], |o| o.no_run = None);
    assert!(matches!(may_run, Err(Failure::Said(e)) if e.elsewhere && e.message.contains("RUN --security")));
    assert!(matches!(make("FROM busybox\n", &[], |_| {}), Err(Failure::Outside(why)) if why == "no busybox"));
}

/// An archive of two files that are one.
fn linked(layout: &Layout, text: &str) -> Vec<u8> {
    let mut tree = Tree::empty();
    for path in ["x1", "x2"] {
        tree.insert(path, Node { links: Some(1), ..Node::bytes(text, 0o644, CLOCK) });
    }
    let layer = goferry_image::write_layer(layout, &tree.entries(), Compression::None).unwrap();
    std::fs::read(layout.path(&layer.descriptor.digest)).unwrap()
}

#[test]
fn archives_do_not_share_their_linked_files() {
    let folder = tempfile::tempdir().unwrap();
    let layout = Layout::create(folder.path()).unwrap();
    let mut context = Context::default();
    for (name, text) in [("p.tar", "one"), ("q.tar", "two")] {
        context.put(name, Node::bytes(linked(&layout, text), 0o644, CLOCK));
    }
    let text = "FROM scratch\nADD p.tar /a/\nADD q.tar /b/\nADD p.tar /c/\n";
    let built = build(&layout, &parse(text).unwrap(), context.tree(), &options(), &Nothing).unwrap();
    // As RUN and the proof get the files.
    let root = tempfile::tempdir().unwrap();
    built.tree.unpack(root.path(), goferry_image::tree::Owners::Caller).unwrap();
    for (name, text) in [("a/x1", "one"), ("a/x2", "one"), ("b/x1", "two"), ("b/x2", "two"), ("c/x2", "one")]
    {
        assert_eq!(std::fs::read_to_string(root.path().join(name)).unwrap(), text, "{name}");
    }
    let links = |path: &str| built.tree.get(path).unwrap().links;
    assert!(links("a/x1") == links("a/x2") && links("a/x1") != links("c/x1"));
}

/// Writes down whom RUN would run as.
#[derive(Default)]
struct Users(std::cell::RefCell<Vec<(u32, u32)>>);

impl Surroundings for Users {
    type Error = String;

    fn base(&self, reference: &str, _: &Platform) -> Result<Base, String> {
        Err(format!("no {reference}"))
    }

    fn run(&self, layout: &Layout, _: &mut Tree, step: &RunStep) -> Result<Option<Layer>, String> {
        self.0.borrow_mut().push(step.user);
        goferry_image::write_layer(layout, &[], Compression::None).map(Some).map_err(|e| e.to_string())
    }
}

#[test]
fn run_is_done_by_user() {
    let folder = tempfile::tempdir().unwrap();
    let layout = Layout::create(folder.path()).unwrap();
    let mut context = Context::default();
    context.put("etc/passwd", Node::bytes("bob:x:1000:50::/:\n", 0o644, CLOCK));
    context.put("etc/group", Node::bytes("staff:x:60:\n", 0o644, CLOCK));
    let users =
        ["0", "bob", "1000", "2000", "2000:staff"].map(|u| format!("USER {u}\nWORKDIR /{u}\nRUN x\n"));
    let text = format!("FROM scratch\nCOPY . /\nRUN x\n{}", users.concat());
    let options = Options { no_run: None, ..options() };
    let seen = Users::default();
    let built = build(&layout, &parse(&text).unwrap(), context.tree(), &options, &seen).unwrap();
    // As podman build has it: a number's group is that of its entry, else root's.
    assert_eq!(seen.0.into_inner(), [(0, 0), (0, 0), (1000, 50), (1000, 50), (2000, 0), (2000, 60)]);
    // WORKDIR gives a number's folder to the group of the same number, as BuildKit does.
    let owner = |path: &str| built.tree.get(path).map(|n| (n.uid, n.gid)).unwrap();
    assert_eq!((owner("1000"), owner("2000"), owner("bob")), ((1000, 1000), (2000, 2000), (1000, 50)));
    let unknown = build(
        &layout,
        &parse("FROM scratch\nUSER al\nRUN x\n").unwrap(),
        context.tree(),
        &options,
        &Users::default(),
    );
    assert!(matches!(unknown, Err(Failure::Said(e)) if e.line == 3 && e.message.contains("`al`")));
}

#[test]
fn the_same_twice() {
    let once = || make("FROM scratch\nCOPY . /x/\nWORKDIR /y\n", &["a", "b/c"], |_| {}).unwrap();
    assert_eq!(once().layers, once().layers);
}

#[test]
fn later_numbers_and_unknown_targets() {
    let text = "FROM scratch AS a\nCOPY --from=1 /x /y\nFROM scratch\n";
    assert!(make(text, &[], |_| {}).is_ok(), "stage a is not needed");
    for target in ["a", "b"] {
        let made = make(text, &[], |o| o.target = Some(target.to_owned()));
        assert!(matches!(made, Err(Failure::Said(_))), "{target}");
    }
}

const WHOLE: &str = "# escape=\\\nARG A=1\nFROM scratch AS x\nCOPY --chown=1:2 <<EOF <<-'B' a /d/\nx $A\nEOF\n\tq\nB\nENV A=\"${A:-b}\" \\\n B=${A//a/b}\nADD a /y\nHEALTHCHECK --interval=5s CMD [\"a\"]\nFROM x\nCOPY --from=x /d /e\nEXPOSE 1-3/udp\n";

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn damaged_dockerfiles_end(at in 0..WHOLE.len(), by in any::<u8>(), cut in any::<bool>()) {
        let mut bytes = WHOLE.as_bytes().to_vec();
        if cut { bytes.truncate(at) } else { bytes[at] = by }
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if parse(&text).is_ok() {
            let _ = make(&text, &["a"], |_| {});
        }
    }

    #[test]
    fn any_text_ends(text in "[ -~\n\t]{0,200}", word in "[$a-c{}:/#%*?\\\\\"'+-]{0,40}") {
        let _ = parse(&text);
        let get = |_: &str| Some("abab".to_owned());
        let _ = expand(&word, &Lexer { escape: '\\', get: &get, raw_quotes: false });
        let _ = matches(&word, &text);
        let _ = Ignore::parse(&text).hides(&word);
    }
}

/// What BuildKit 0.32.2's own lexer makes of words.
#[test]
fn words_are_what_buildkits_lexer_makes_of_them() {
    let golden: serde_json::Value = serde_json::from_str(include_str!("buildkit-words.json")).unwrap();
    let get = |name: &str| match name {
        "A" => Some("1".to_owned()),
        "E" => Some(String::new()),
        "P" => Some("/a/b/c/b".to_owned()),
        "S" => Some("*x*".to_owned()),
        _ => None,
    };
    let mut wrong = vec![];
    for case in golden.as_array().unwrap() {
        let word = case["word"].as_str().unwrap();
        let escape = case["escape"].as_str().unwrap().chars().next().unwrap();
        let ours = expand(word, &Lexer { escape, get: &get, raw_quotes: false });
        if ours.as_ref().ok().map(String::as_str) != case["result"].as_str() {
            wrong.push(format!("{word}: {ours:?}, not {}", case["result"]));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The files of `fs/try.sh` beside the golden: a source, and what is there already.
fn trees() -> (Context, Context) {
    let (mut from, mut there) = (Context::default(), Context::default());
    let folder = |mode| Node::new(Kind::Directory, mode, 0);
    let file = |text: &str, mode| Node::new(Kind::File(Content::bytes(text.as_bytes())), mode, 0);
    let link = |to: &str| Node::new(Kind::Symlink(to.to_owned()), 0o777, 0);
    from.put("a.txt", file("1", 0o640));
    from.put("d", folder(0o700));
    from.put("d/n", folder(0o700));
    from.put("d/x.txt", file("2", 0o644));
    from.put("d/n/y.md", file("3", 0o644));
    from.put("d/inner", link("n/y.md"));
    from.put("ld", link("d"));
    from.put("la", link("a.txt"));
    there.put("have", folder(0o711));
    there.put("have/n", folder(0o711));
    there.put("real", folder(0o755));
    there.put("link", link("real"));
    there.put("file", file("old", 0o644));
    (from, there)
}

fn listed(tree: &Tree) -> String {
    let mut out = String::new();
    for (path, node) in tree.iter().filter(|(p, _)| !matches!(*p, "" | "real" | "link")) {
        let (kind, link) = match &node.kind {
            Kind::Directory => ("d", ""),
            Kind::Symlink(to) => ("l", to.as_str()),
            _ if path == "file" => continue,
            _ => ("f", ""),
        };
        let _ = writeln!(out, "{path} {kind} {:o} {link}", node.mode);
    }
    out
}

/// What BuildKit 0.32.2's own copier (fsutil) makes of a COPY.
#[test]
fn files_go_where_buildkits_copier_puts_them() {
    let mut cases: BTreeMap<&str, &str> = BTreeMap::new();
    for part in include_str!("buildkit-trees.txt").split("== ").skip(1) {
        let (name, tree) = part.split_once('\n').unwrap();
        cases.insert(name, tree);
    }
    let mut wrong = vec![];
    for (name, flags) in [
        ("file-to-new", "a.txt /new"),
        ("file-to-folder-slash", "a.txt /new/"),
        ("file-to-have", "a.txt /have"),
        ("file-through-link", "a.txt /link/"),
        ("file-onto-link-named", "a.txt /link"),
        ("dir-to-new", "d /new"),
        ("dir-to-have", "d /have"),
        ("linked-dir", "ld /new"),
        ("linked-file", "la /new/"),
        ("dir-onto-file", "d /file"),
        ("wild", "*.txt /new/"),
        ("wild-none", "*.zip /new/"),
        ("wild-dirs", "* /new/"),
        ("mode", "--chmod=0750 d /new"),
        ("exclude", "--exclude=*.md d /new"),
        ("exclude-deep", "--exclude=**/*.md d /new"),
        ("exclude-but", "--exclude=n --exclude=!n/y.md d /new"),
        ("exclude-named-file", "--exclude=a.txt a.txt /new"),
        ("missing", "nope /new"),
        ("dot", ". /new"),
    ] {
        let (from, there) = trees();
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::create(folder.path()).unwrap();
        let mut context = Context::default();
        for (root, tree) in [("s", from.tree()), ("t", there.tree())] {
            for (path, node) in tree.iter().filter(|(p, _)| !p.is_empty()) {
                context.put(&format!("{root}/{path}"), node.clone());
            }
        }
        let text = format!("FROM scratch AS s\nCOPY s /\nFROM scratch\nCOPY t /\nCOPY --from=s {flags}\n");
        let options = Options {
            platform: "linux/amd64".parse().unwrap(),
            host: "linux/amd64".parse().unwrap(),
            args: BTreeMap::new(),
            target: None,
            labels: BTreeMap::new(),
            created: CLOCK,
            compression: Compression::Gzip,
            no_run: None,
        };
        let want = cases[name];
        let built = build(&layout, &parse(&text).unwrap(), context.tree(), &options, &Nothing);
        match built {
            Ok(built) if listed(&built.tree) == want => {}
            Err(Failure::Said(_)) if want.starts_with("ERROR") => {}
            Ok(built) => wrong.push(format!("{name}:\n{}\nnot\n{want}", listed(&built.tree))),
            Err(e) => wrong.push(format!("{name}: {e:?}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What BuildKit 0.32.2's own parser reads: keywords, lines, JSON forms, documents.
#[test]
fn lines_are_what_buildkits_parser_reads() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/buildkit-cases");
    let (mut wrong, mut seen) = (vec![], 0);
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|e| e != "json") {
            continue;
        }
        let golden: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        let Some(nodes) = golden["nodes"].as_array().filter(|_| golden["error"].is_null()) else { continue };
        let text = std::fs::read_to_string(path.with_extension("")).unwrap();
        let ours = match parse(&text) {
            Ok(ours) => ours,
            // What the parser reads and the reader of instructions refuses is one mistake here.
            Err(_) if !golden["refused"].is_null() => continue,
            Err(e) => {
                wrong.push(format!("{}: {e}", path.display()));
                continue;
            }
        };
        seen += 1;
        let theirs: Vec<(u64, String, usize)> = nodes
            .iter()
            .map(|n| {
                let docs = n["heredocs"].as_array().map_or(0, Vec::len);
                (n["start"].as_u64().unwrap(), n["cmd"].as_str().unwrap().to_uppercase(), docs)
            })
            .collect();
        let ours: Vec<(u64, String, usize)> =
            ours.instructions.iter().map(|i| (i.line as u64, i.keyword.clone(), i.heredocs.len())).collect();
        if ours != theirs {
            wrong.push(format!("{}: {ours:?}, not {theirs:?}", path.display()));
        }
    }
    assert!(seen > 0 && wrong.is_empty(), "{wrong:#?}");
}

/// A tar archive with `d/f` and a link to it, plain.
fn archive() -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let layout = Layout::create(folder.path()).unwrap();
    let mut tree = Tree::empty();
    tree.insert("d/f", Node::bytes(b"what is in it".repeat(200), 0o640, CLOCK - 7));
    tree.insert("d/l", Node::new(Kind::Symlink("f".to_owned()), 0o777, CLOCK - 7));
    let layer = write_layer(&layout, &tree.entries(), Compression::None).unwrap();
    layout.read(&layer.descriptor).unwrap()
}

fn added(bytes: &[u8], flags: &str) -> Result<Built, Failure<String>> {
    let folder = tempfile::tempdir().unwrap();
    let layout = Layout::create(folder.path()).unwrap();
    let mut context = Context::default();
    context.put("share/some.tar", Node::bytes(bytes, 0o644, CLOCK));
    let options = Options {
        platform: "linux/amd64".parse().unwrap(),
        host: "linux/amd64".parse().unwrap(),
        args: BTreeMap::new(),
        target: None,
        labels: BTreeMap::new(),
        created: CLOCK,
        compression: Compression::Gzip,
        no_run: None,
    };
    let text = format!("FROM scratch\nADD {flags}share/some.tar /x/\n");
    build(&layout, &parse(&text).unwrap(), context.tree(), &options, &Nothing)
}

#[test]
fn archives_are_unpacked_however_they_are_compressed() {
    let plain = archive();
    let gzip = || {
        let mut encoder = flate2::write::GzEncoder::new(vec![], flate2::Compression::default());
        encoder.write_all(&plain).unwrap();
        encoder.finish().unwrap()
    };
    let xz = || {
        let mut encoder = liblzma::write::XzEncoder::new(vec![], 6);
        encoder.write_all(&plain).unwrap();
        encoder.finish().unwrap()
    };
    let all = [plain.clone(), gzip(), zstd::encode_all(plain.as_slice(), 3).unwrap(), xz()];
    for bytes in &all {
        let built = added(bytes, "").unwrap();
        assert_eq!(paths(&built), ["x 755 0:0", "x/d 755 0:0", "x/d/f 640 0:0", "x/d/l 777 0:0"]);
        assert_eq!(built.tree.read("x/d/f", 1 << 20).unwrap().unwrap(), b"what is in it".repeat(200));
        let kept = added(bytes, "--unpack=false ").unwrap();
        assert_eq!(kept.tree.read("x/some.tar", 1 << 20).unwrap().unwrap(), *bytes);
    }
    // What is damaged is neither copied nor half unpacked.
    for bytes in &all[1..] {
        for cut in [bytes.len() - 1, bytes.len() / 2, 12] {
            match added(&bytes[..cut], "") {
                Err(Failure::Said(e)) => {
                    assert!(e.line == 2 && e.message.contains("`share/some.tar`"), "{cut}: {e}");
                }
                other => panic!("{cut}: {other:?}"),
            }
        }
    }
    // Compressed, but no archive: a file.
    let text = zstd::encode_all(&b"a text"[..], 3).unwrap();
    assert_eq!(paths(&added(&text, "").unwrap()), ["x 755 0:0", "x/some.tar 644 0:0"]);
    assert_eq!(paths(&added(b"ustar", "").unwrap()), ["x 755 0:0", "x/some.tar 644 0:0"]);
    match added(b"BZh91AY&SY", "") {
        Err(Failure::Said(e)) => {
            assert!(e.message.contains("bzip2") && e.message.contains("some.tar"), "{e}")
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn modes_in_words() {
    let text = "FROM scratch\nCOPY --chmod=u=rwX,go=rX a d /x/\nCOPY --chmod=a+x,o-rx a /y\n";
    let built = make(text, &["a", "d/b"], |_| {}).unwrap();
    assert_eq!(paths(&built), ["x 755 0:0", "x/a 644 0:0", "x/b 644 0:0", "y 750 0:0"]);
    let bad = make("FROM scratch\nCOPY --chmod=u~x a /y\n", &["a"], |_| {});
    assert!(
        matches!(bad, Err(Failure::Said(e)) if e.line == 2 && e.message.contains("--chmod=u~x is no mode"))
    );
}

/// Keeps what RUN is to do, and does nothing.
#[derive(Default)]
struct Kept(std::cell::RefCell<Vec<RunStep>>);

impl Surroundings for Kept {
    type Error = String;

    fn base(&self, reference: &str, _: &Platform) -> Result<Base, String> {
        Err(format!("no {reference}"))
    }

    fn run(&self, _: &Layout, _: &mut Tree, step: &RunStep) -> Result<Option<Layer>, String> {
        self.0.borrow_mut().push(step.clone());
        Ok(None)
    }
}

/// The mounts of a RUN in the last stage, or why there are none.
fn mounts(run: &str) -> Result<Vec<String>, String> {
    let folder = tempfile::tempdir().unwrap();
    let layout = Layout::create(folder.path()).unwrap();
    let mut context = Context::default();
    for file in ["share/a", "share/d/b"] {
        context.put(file, Node::bytes(file.as_bytes(), 0o640, CLOCK));
    }
    let options = Options {
        platform: "linux/amd64".parse().unwrap(),
        host: "linux/amd64".parse().unwrap(),
        args: [("WHERE".to_owned(), "there".to_owned())].into(),
        target: None,
        labels: BTreeMap::new(),
        created: CLOCK,
        compression: Compression::Gzip,
        no_run: None,
    };
    let text = format!(
        "FROM scratch AS other\nCOPY share/a /x/\nFROM scratch\nARG WHERE\nWORKDIR /w\nCOPY share /r/\nRUN {run} [\"/p\"]\n"
    );
    let kept = Kept::default();
    let made = build(&layout, &parse(&text).unwrap(), context.tree(), &options, &kept);
    let one = |m: &RunMount| {
        let files: Vec<String> =
            m.files.iter().filter(|(p, _)| !p.is_empty()).map(|(p, n)| format!("{p}:{:o}", n.mode)).collect();
        format!("{} {} {}", m.target, if m.read_only { "ro" } else { "rw" }, files.join(" "))
    };
    match kept.0.borrow().first() {
        Some(step) => Ok(step.mounts.iter().map(one).collect()),
        None => match made {
            Err(Failure::Said(e)) => Err(format!("{}: {} {}", e.line, e.elsewhere, e.message)),
            other => panic!("{other:?}"),
        },
    }
}

#[test]
fn mounts_of_run() {
    for (run, are) in [
        ("--mount=target=/in", &["in ro m:755 m/share:755 m/share/a:640 m/share/d:755 m/share/d/b:640"][..]),
        ("--mount=type=bind,source=share/a,target=file,rw", &["w/file rw m:640"]),
        ("--mount=type=bind,from=other,src=/x,dst=/r/$WHERE,ro=false", &["r/there rw m:755 m/a:640"]),
        (
            "--mount=type=cache,id=x,sharing=locked,target=/c,mode=0700,uid=7 --mount=type=tmpfs,target=/t,size=1",
            &["c rw m:700", "t rw m:1777"],
        ),
        ("--network=none", &[]),
    ] {
        assert_eq!(mounts(run).unwrap(), are, "{run}");
    }
    for (run, why) in [
        ("--mount=type=secret,id=token", "7: true RUN --mount=type=secret is not done here"),
        ("--mount=type=ssh", "7: true RUN --mount=type=ssh"),
        ("--mount=type=cache", "7: false --mount=type=cache: it has no target"),
        ("--mount=target=/x,what=y", "`what` is not known"),
        ("--mount=target=/", "the target cannot be /"),
        ("--mount=target=/x,source=nope", "the source `nope` is not there"),
        ("--security=insecure", "7: true RUN --security"),
    ] {
        let said = mounts(run);
        assert!(said.as_ref().is_err_and(|s| s.contains(why)), "{run}: {said:?}");
    }
}

proptest! {
    /// Whatever ADD is given, it ends, and without a panic.
    #[test]
    fn damaged_archives_end(at in 0usize..2000, by in any::<u8>(), cut in any::<bool>()) {
        let mut bytes = zstd::encode_all(archive().as_slice(), 3).unwrap();
        let at = at % bytes.len();
        if cut { bytes.truncate(at) } else { bytes[at] = by }
        let _ = added(&bytes, "");
    }
}
