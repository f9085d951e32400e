//! Images in dist/: every way in which one can be other than the statements say.

use super::*;
use goferry_image::{Descriptor, Index, Layout, Manifest, Platform, media_type};

const NAME: &str = "ghcr.io/o/t";

/// A layout with an index of one image, called so.
fn layout(root: &Path, what: &str, names: &[&str]) -> Descriptor {
    let layout = Layout::create(root).unwrap();
    let layer = layout.put(media_type::LAYER, what.as_bytes()).unwrap();
    let config = json!({"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": [layer.digest]}});
    let config = layout.put_json(media_type::CONFIG, &config).unwrap();
    let image = layout.put_json(media_type::MANIFEST, &Manifest::new(config, vec![layer])).unwrap();
    let platform: Platform = "linux/amd64".parse().unwrap();
    let image = Descriptor { platform: Some(platform), ..image };
    let index = layout.put_json(media_type::INDEX, &Index::new(vec![image])).unwrap();
    let names: Vec<String> = names.iter().map(|n| (*n).to_owned()).collect();
    layout.publish(&index, &names).unwrap();
    index
}

/// A signed dist/ of two images: one with names, one without.
fn dist(dir: &Path) {
    let named = layout(&dir.join("images/t"), "one", &["ghcr.io/o/t:1", "ghcr.io/o/t:latest"]);
    let bare = layout(&dir.join("images/bare"), "two", &[]);
    let subject = |name: &str, d: &Descriptor| Subject::image(name, d.digest.hex(), &d.media_type);
    let subjects = vec![subject(NAME, &named), subject("images/bare", &bare)];
    let signer = key("p256.pkcs8.pem");
    let state = |kind: &str, predicate: Value, file: &str| {
        let statement = slsa::statement(subjects.clone(), kind, &predicate).unwrap();
        let bytes = slsa::sealed(&statement, Some(&signer)).unwrap();
        std::fs::write(dir.join(file), &bytes).unwrap();
        hex(&bytes)
    };
    let provenance = json!({"buildDefinition": {"externalParameters": {"version": "1.0.0", "source": {"uri": "git+https://example.com/o/t"}}}});
    let digest = state(PROVENANCE, provenance, "t_1.0.0.provenance.sigstore.json");
    let image = |name: &str, d: &Descriptor, names: Value| json!({"image": {"name": name, "digest": {"sha256": d.digest.hex()}}, "names": names});
    let images = [
        image(NAME, &named, json!(["ghcr.io/o/t:1", "ghcr.io/o/t:latest"])),
        image("images/bare", &bare, json!([])),
    ];
    let summary = json!({
        "verificationResult": "PASSED", "resourceUri": "pkg:golang/example.com/t@v1.0.0", "urn:goferry:images": images,
        "inputAttestations": [{"uri": "t_1.0.0.provenance.sigstore.json", "digest": {"sha256": digest}}],
    });
    state(VERIFICATION_SUMMARY, summary, "t_1.0.0.vsa.sigstore.json");
    let row = |name: &str, path: &str| json!({"name": name, "path": path, "internal_type": 37});
    let artifacts = json!([row("ghcr.io/o/t:1", "ghcr.io/o/t:1"), row("bare", "dist/images/bare")]);
    std::fs::write(dir.join("artifacts.json"), artifacts.to_string()).unwrap();
    std::fs::write(dir.join("metadata.json"), "{}").unwrap();
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let mut out = vec![];
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { out.extend(files(&path)) } else { out.push(path) }
    }
    out
}

#[test]
fn images_are_proved_and_what_was_pushed_is_no_fault() {
    let dir = tempfile::tempdir().unwrap();
    dist(dir.path());
    let lines = format!("{}  ghcr.io/o/t:1\n", "ab".repeat(32));
    std::fs::write(dir.path().join("t_images.txt"), lines).unwrap();
    for asked in [KEY, Asked { version: Some("1.0.0"), ..KEY }, Asked { key: None, ..KEY }] {
        let report = of(dir.path(), &asked);
        assert!(report.problems.list.is_empty(), "{:?}", report.problems);
        let state = |name: &str| report.files.iter().find(|f| f.file == name).map(|f| f.state);
        let want = if asked.key.is_some() { State::Proved } else { State::Consistent };
        assert_eq!((state("images/t"), state("images/bare")), (Some(want), Some(want)));
        assert_eq!(state("t_images.txt"), Some(State::NotChecked));
    }
    // Who downloads the files of a release has no images.
    std::fs::remove_dir_all(dir.path().join("images")).unwrap();
    for note in ["artifacts.json", "metadata.json", "t_images.txt"] {
        std::fs::remove_file(dir.path().join(note)).unwrap();
    }
    let sums = format!("{}  x\n", hex(b"x"));
    std::fs::write(dir.path().join("x"), "x").unwrap();
    std::fs::write(dir.path().join("checksums.txt"), sums).unwrap();
    assert_eq!(of(dir.path(), &Asked { key: None, ..KEY }).verdict, Verdict::Consistent);
}

#[test]
fn every_flipped_bit_of_an_image_is_found() {
    let dir = tempfile::tempdir().unwrap();
    dist(dir.path());
    for path in files(&dir.path().join("images")) {
        let good = std::fs::read(&path).unwrap();
        // A blob has one digest over all of it; what no digest names is tried whole.
        let step = if path.ends_with("t/index.json") || good.len() < 40 { 1 } else { 29 };
        for at in (0..good.len()).step_by(step) {
            let mut bad = good.clone();
            bad[at] ^= 1 << (at % 8);
            std::fs::write(&path, &bad).unwrap();
            let report = of(dir.path(), &KEY);
            assert_eq!(report.verdict, Verdict::Failed, "byte {at} of {}", path.display());
        }
        std::fs::write(&path, &good).unwrap();
    }
}

#[test]
fn another_image_is_found() {
    type Change = fn(&Path);
    let cases: [(&str, Change); 7] = [
        ("it is not the image that", |d| {
            let at = d.join("images/t");
            std::fs::remove_dir_all(&at).unwrap();
            layout(&at, "other", &["ghcr.io/o/t:1", "ghcr.io/o/t:latest"]);
        }),
        ("it is not the image that", |d| {
            // The index of the other one, whole with its blobs.
            std::fs::remove_dir_all(d.join("images/t")).unwrap();
            layout(&d.join("images/t"), "two", &["ghcr.io/o/t:1", "ghcr.io/o/t:latest"]);
        }),
        ("its names are not those", |d| {
            layout(&d.join("images/t"), "one", &["ghcr.io/o/t:2", "ghcr.io/o/t:latest"]);
        }),
        ("its names are not those", |d| {
            layout(&d.join("images/t"), "one", &["ghcr.io/o/u:1"]);
        }),
        ("is missing", |d| std::fs::remove_dir_all(d.join("images/t")).unwrap()),
        ("is missing", |d| std::fs::remove_dir_all(d.join("images/bare")).unwrap()),
        ("nothing that was signed as asked for speaks of it", |d| {
            layout(&d.join("images/more"), "more", &["ghcr.io/o/more:1"]);
        }),
    ];
    for (word, change) in cases {
        let dir = tempfile::tempdir().unwrap();
        dist(dir.path());
        change(dir.path());
        fails(&of(dir.path(), &KEY), word);
    }
}
