//! What `files` means, as goreleaser 2.15.1 resolved it in tests/goldens/archive-files.json.
#![expect(clippy::unwrap_used, reason = "tests")]

use goferry_package::members::{FileInfo, FileSpec, default_specs, resolve, resolve_extra, wrap};
use goferry_package::{ArchiveFormat, Member, PackageError, Source, dist};
use std::path::Path;

fn project(files: &[&str]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for file in files {
        let path = dir.path().join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, file).unwrap();
    }
    dir
}

fn spec(src: &str, dst: &str) -> FileSpec {
    FileSpec { src: src.into(), dst: dst.into(), ..FileSpec::default() }
}

fn names(project: &Path, specs: &[FileSpec]) -> Vec<String> {
    resolve(project, specs).unwrap().members.into_iter().map(|m| m.name).collect()
}

const FILES: [&str; 6] =
    ["LICENSE", "docs/one.md", "docs/deep/three.md", "docs/deep/er/two.md", "a/x.txt", "a/y.txt"];

#[test]
fn destinations_are_goreleasers() {
    let dir = project(&FILES);
    let p = dir.path();
    assert_eq!(names(p, &[spec("docs", "")]), ["docs/deep/er/two.md", "docs/deep/three.md", "docs/one.md"]);
    assert_eq!(names(p, &[spec("docs/deep", "manuals")]), ["manuals/er/two.md", "manuals/three.md"]);
    assert_eq!(names(p, &[spec("a/{x,y}.txt", "braces")]), ["braces/x.txt", "braces/y.txt"]);
    assert_eq!(
        names(p, &[spec("LICENSE", "legal")]),
        ["legal"],
        "goreleaser: relative to itself, so nothing is left"
    );
    assert_eq!(names(p, &[spec("./LICENSE", "")]), ["LICENSE"]);
    assert_eq!(names(p, &[spec("docs/**/two.md", "x")]), ["x/two.md"]);
    let flat = FileSpec { strip_parent: true, ..spec("docs/deep/er/*", "flat") };
    assert_eq!(names(p, &[flat]), ["flat/two.md"]);
    assert_eq!(names(p, &[spec("*", "")]).len(), FILES.len(), "`.` matches `*`");
    assert_eq!(names(p, &[spec("LIC*", ""), spec("LICENSE", "")]), ["LICENSE"]);
}

#[test]
fn what_is_wrong_is_said() {
    let dir = project(&FILES);
    let none = resolve(dir.path(), &[spec("none*", "")]).unwrap();
    assert!(none.members.is_empty());
    assert_eq!(none.warnings.len(), 1);
    assert!(none.warnings[0].message.contains("none*"));
    assert!(resolve(dir.path(), &default_specs()).unwrap().warnings.is_empty());
    let hidden = resolve(dir.path(), &[spec("LICENSE", "z"), spec("a/x.txt", "z")]).unwrap();
    assert_eq!((hidden.members.len(), hidden.warnings.len()), (1, 1));
    for bad in ["missing.txt", "../x", "/etc/passwd", "[a"] {
        assert!(matches!(resolve(dir.path(), &[spec(bad, "")]), Err(PackageError::Pattern { .. })), "{bad}");
    }
}

#[test]
fn modes_links_and_info() {
    use std::os::unix::fs::PermissionsExt;
    let dir = project(&["run.sh", "private"]);
    let set = |f: &str, m| {
        std::fs::set_permissions(dir.path().join(f), std::fs::Permissions::from_mode(m)).unwrap()
    };
    set("run.sh", 0o775);
    set("private", 0o600);
    std::os::unix::fs::symlink("run.sh", dir.path().join("zlink")).unwrap();
    let info = FileInfo { owner: "o".into(), group: "g".into(), mode: Some(0o640), mtime: Some(5) };
    let specs = [spec("run.sh", ""), spec("zlink", ""), FileSpec { info, ..spec("private", "") }];
    let members = resolve(dir.path(), &specs).unwrap().members;
    let facts: Vec<_> =
        members.iter().map(|m| (m.name.as_str(), m.mode, m.owner.as_str(), m.mtime)).collect();
    assert_eq!(
        facts,
        [("private", 0o640, "o", Some(5)), ("run.sh", 0o755, "root", None), ("zlink", 0o777, "root", None)]
    );
    assert_eq!(members[2].source, Source::Symlink("run.sh".into()));
}

#[test]
fn wrapping_and_extra_files() {
    let mut members = vec![Member::new("a/b", Source::Directory, 0o755)];
    wrap(&mut members, "");
    assert_eq!(members[0].name, "a/b");
    wrap(&mut members, "top\\x/");
    assert_eq!(members[0].name, "top/x/a/b");
    let dir = project(&FILES);
    let extra = |pattern: &str, name: &str| resolve_extra(dir.path(), &[(pattern.into(), name.into())]);
    assert_eq!(extra("docs/one.md", "1.md").unwrap()[0].0, "1.md");
    assert_eq!(extra("a/*", "").unwrap().len(), 2);
    assert!(extra("a/*", "n").is_err());
}

#[test]
fn formats_are_goreleasers_words() {
    for format in ArchiveFormat::ALL {
        assert_eq!(format.as_str().parse::<ArchiveFormat>().unwrap(), format);
    }
    assert_eq!(ArchiveFormat::Tgz.extension(), ".tgz");
    assert!("rar".parse::<ArchiveFormat>().is_err());
}

/// Kinds, shape and order of fields against every artifact that goreleaser listed in the goldens.
#[test]
fn artifacts_json_is_goreleasers() {
    let goldens = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/goldens");
    let mut seen = 0;
    for entry in std::fs::read_dir(goldens).unwrap() {
        let golden: serde_json::Value =
            serde_json::from_slice(&std::fs::read(entry.unwrap().path()).unwrap()).unwrap();
        for listed in golden["artifacts"].as_array().into_iter().flatten() {
            let artifact: dist::Artifact = serde_json::from_value(listed.clone()).unwrap();
            let kind = dist::ArtifactKind::from_number(artifact.internal_type).unwrap();
            assert_eq!(artifact.kind, kind.as_str());
            assert_eq!(serde_json::to_value(&artifact).unwrap(), *listed);
            seen += 1;
        }
    }
    assert!(seen > 100, "only {seen} artifacts in the goldens");
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("artifacts.json");
    let target: goferry_target::GoTarget = "linux/amd64".parse().unwrap();
    let artifact = dist::Artifact::new(dist::ArtifactKind::Binary, "a&b", "dist/a&b")
        .for_target(&target)
        .with("ID", "a")
        .with("Ext", "");
    dist::write_artifacts(&[artifact], &out).unwrap();
    assert_eq!(
        std::fs::read_to_string(&out).unwrap(),
        "[{\"name\":\"a\\u0026b\",\"path\":\"dist/a\\u0026b\",\"goos\":\"linux\",\"goarch\":\"amd64\",\"goamd64\":\"v1\",\
         \"target\":\"linux_amd64_v1\",\"internal_type\":4,\"type\":\"Binary\",\"extra\":{\"Ext\":\"\",\"ID\":\"a\"}}]"
    );
}
