//! Records, indexes and archives that are damaged are errors or are made again; never a database with less in it.
#![expect(clippy::unwrap_used, reason = "what a test cannot set up has failed")]

use goferry_scan::{Contents, Database, Index, Linked, Record, ScanError, Source, Subject, scan};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

const RECORD: &str = r#"{"id":"GO-1","modified":"2026-01-02T03:04:05Z","aliases":["CVE-1"],"summary":"s","affected":[
    {"package":{"name":"example.com/m","ecosystem":"Go"},"ranges":[{"type":"SEMVER","events":[{"introduced":"0"},{"fixed":"1.2.0"}]}],
     "ecosystem_specific":{"imports":[{"path":"example.com/m/p","symbols":["T.F"],"goos":["linux"]}],"custom_ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"9"}]}]}},
    {"package":{"name":"example.com/m","ecosystem":"npm"}},
    {"package":{"name":"example.com/other","ecosystem":"Go"},"ranges":[]}],"database_specific":{"url":"https://example.com/GO-1"}}"#;
const SECOND: &str = r#"{"id":"X-2","modified":"2020-01-01T00:00:00Z","affected":[
    {"package":{"name":"example.com/other","ecosystem":"Go"},"ranges":[{"type":"SEMVER","events":[{"introduced":"1.0.0"},{"last_affected":"1.5.0"}]}]}]}"#;

fn folder() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir_all(dir.path().join("data/osv")).unwrap();
    fs::write(dir.path().join("data/osv/GO-1.json"), RECORD).unwrap();
    fs::write(dir.path().join("data/X-2.json"), SECOND).unwrap();
    fs::write(dir.path().join("data/package.json"), r#"{"name":"not one"}"#).unwrap();
    fs::write(dir.path().join("README"), "no JSON").unwrap();
    dir
}

fn open(path: &Path, cache: &Path) -> Result<Database, ScanError> {
    Database::open(vec![Source::at(path)?], cache)
}

fn subject(module: &str, version: &str) -> Subject {
    let functions =
        BTreeMap::from([("example.com/m/p".to_owned(), BTreeSet::from(["T.F".to_owned(), "G".to_owned()]))]);
    let other = (module != "example.com/m").then(|| Linked::new("example.com/m", "v1.2.0"));
    Subject {
        goos: "linux".to_owned(),
        goarch: "amd64".to_owned(),
        modules: [Linked::new(module, version)].into_iter().chain(other).collect(),
        ..Subject::new(Contents::Functions(functions))
    }
}

/// id, level, package, symbol.
fn found(db: &Database, subject: &Subject) -> Vec<String> {
    let found = scan(subject, db, 1_700_000_000).unwrap();
    found.findings.iter().map(|f| format!("{} {} {} {}", f.id, f.level, f.package, f.symbol)).collect()
}

fn index_of(cache: &Path) -> PathBuf {
    let mut all: Vec<_> = fs::read_dir(cache).unwrap().map(|e| e.unwrap().path()).collect();
    assert_eq!(all.len(), 1, "{all:?}");
    all.remove(0)
}

#[test]
fn a_folder_is_read_once_and_again_when_it_changes() {
    let (dir, cache) = (folder(), tempfile::tempdir().unwrap());
    let db = open(dir.path(), cache.path()).unwrap();
    assert_eq!((db.about().records, db.about().date.as_str()), (2, "2026-01-02T03:04:05Z"));
    assert_eq!(found(&db, &subject("example.com/m", "v1.1.0")), ["GO-1 linked example.com/m/p T.F"]);
    assert_eq!(found(&db, &subject("example.com/m", "v1.2.0")), [""; 0]);
    assert_eq!(
        found(&db, &subject("example.com/other", "v1.5.0")),
        ["GO-1 present  ", "X-2 present  "],
        "no range means all; last_affected is affected"
    );
    assert_eq!(found(&db, &subject("example.com/other", "v1.5.1")), ["GO-1 present  "]);
    let before = fs::metadata(index_of(cache.path())).unwrap().modified().unwrap();
    let again = open(dir.path(), cache.path()).unwrap();
    assert_eq!(fs::metadata(index_of(cache.path())).unwrap().modified().unwrap(), before, "not made again");
    assert_eq!(again.about(), db.about());
    fs::write(dir.path().join("data/osv/GO-1.json"), RECORD.replace("1.2.0", "1.1.0")).unwrap();
    let changed = open(dir.path(), cache.path()).unwrap();
    assert_eq!(found(&changed, &subject("example.com/m", "v1.1.0")), [""; 0]);
    assert_ne!(changed.about().digest, db.about().digest);
}

#[test]
fn other_platforms_and_unknown_ones() {
    let (dir, cache) = (folder(), tempfile::tempdir().unwrap());
    let db = open(dir.path(), cache.path()).unwrap();
    let of = |goos: &str| {
        let s = Subject { goos: goos.to_owned(), ..subject("example.com/m", "v1.0.0") };
        found(&db, &s).len()
    };
    assert_eq!([of("linux"), of("windows"), of("")], [1, 0, 1]);
}

#[test]
fn archives_are_the_same_database() {
    let (dir, cache) = (folder(), tempfile::tempdir().unwrap());
    let mut builder = tar::Builder::new(Vec::new());
    builder.append_dir_all("vulndb-1.0", dir.path()).unwrap();
    let tar = builder.into_inner().unwrap();
    let expected = open(dir.path(), cache.path()).unwrap().about();
    let zst = zstd::encode_all(tar.as_slice(), 3).unwrap();
    for (name, bytes) in [("db.tar", &tar), ("db.tar.zst", &zst)] {
        let path = dir.path().join(name);
        fs::write(&path, bytes).unwrap();
        assert_eq!(open(&path, cache.path()).unwrap().about(), expected, "{name}");
        // A cut archive is an error, not a smaller database.
        for cut in [bytes.len() / 3, bytes.len() / 2] {
            fs::write(&path, &bytes[..cut]).unwrap();
            assert!(open(&path, cache.path()).is_err(), "{name} cut at {cut}");
        }
    }
}

/// A zip file with one stored and one deflated member.
fn zipped() -> Vec<u8> {
    use std::io::Write;
    let deflated = |text: &str| {
        let mut out = flate2::write::DeflateEncoder::new(vec![], flate2::Compression::best());
        out.write_all(text.as_bytes()).unwrap();
        out.finish().unwrap()
    };
    let (mut out, mut directory) = (vec![], vec![]);
    for (name, text, method) in [("ID/GO-1.json", RECORD, 0u16), ("ID/X-2.json", SECOND, 8)] {
        let packed = if method == 0 { text.as_bytes().to_vec() } else { deflated(text) };
        let mut crc = flate2::Crc::new();
        crc.update(text.as_bytes());
        let mut common = [[20, 0, 0, 0], [method as u8, 0, 0, 0], [0; 4]].concat()[..10].to_vec();
        for n in [crc.sum(), packed.len() as u32, text.len() as u32, name.len() as u32] {
            common.extend(n.to_le_bytes());
        }
        directory.extend([b"PK\x01\x02\x14\x00".as_slice(), &common, &[0; 10]].concat());
        directory.extend((out.len() as u32).to_le_bytes());
        directory.extend(name.as_bytes());
        out.extend([b"PK\x03\x04", common.as_slice(), name.as_bytes(), &packed].concat());
    }
    let start = out.len() as u32;
    out.extend(&directory);
    out.extend(b"PK\x05\x06\0\0\0\0\x02\0\x02\0");
    out.extend((directory.len() as u32).to_le_bytes());
    out.extend(start.to_le_bytes());
    out.extend([0, 0]);
    out
}

#[test]
fn a_zip_file_is_the_same_database() {
    let (dir, cache) = (folder(), tempfile::tempdir().unwrap());
    let path = dir.path().join("db.zip");
    fs::write(&path, zipped()).unwrap();
    let expected = open(dir.path(), cache.path()).unwrap().about();
    assert_eq!(open(&path, cache.path()).unwrap().about(), expected);
}

#[test]
fn what_is_no_database() {
    let (dir, cache) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let error = |path: &Path| open(path, cache.path()).unwrap_err().to_string();
    assert!(error(dir.path()).contains("no OSV record"), "{}", error(dir.path()));
    assert!(error(&dir.path().join("none")).contains("No such file"));
    let text = dir.path().join("x.tar.zst");
    fs::write(&text, "hello").unwrap();
    assert!(error(&text).contains("neither a folder"), "{}", error(&text));
    fs::remove_file(text).unwrap();
    for wrong in ["{", r#"{"id":"A","affected":7}"#, r#"{"id":"A","affected":[],"withdrawn":"soon"}"#] {
        fs::write(dir.path().join("a.json"), wrong).unwrap();
        assert!(error(dir.path()).contains("a.json"), "{wrong}: {}", error(dir.path()));
    }
}

#[test]
fn withdrawn_ones_do_not_count() {
    let (dir, cache) = (folder(), tempfile::tempdir().unwrap());
    let record = RECORD.replace("\"summary\"", "\"withdrawn\":\"2023-01-01T00:00:00Z\",\"summary\"");
    fs::write(dir.path().join("data/osv/GO-1.json"), record).unwrap();
    let db = open(dir.path(), cache.path()).unwrap();
    assert_eq!(found(&db, &subject("example.com/m", "v1.1.0")), [""; 0]);
    let early = scan(&subject("example.com/m", "v1.1.0"), &db, 1_600_000_000).unwrap();
    assert_eq!(early.findings.len(), 1, "it was not withdrawn yet");
}

#[test]
fn vulndb_layout() {
    let (dir, cache) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for folder in ["index", "ID"] {
        fs::create_dir(dir.path().join(folder)).unwrap();
    }
    fs::write(dir.path().join("index/modules.json"), "[]").unwrap();
    fs::write(dir.path().join("index/db.json"), r#"{"modified":"2026-08-21T00:00:00Z"}"#).unwrap();
    fs::write(dir.path().join("ID/GO-1.json"), RECORD).unwrap();
    let about = open(dir.path(), cache.path()).unwrap().about();
    assert_eq!((about.records, about.date.as_str()), (1, "2026-08-21T00:00:00Z"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// One changed or missing byte of an index: an open index either refuses, or gives what it gave before. And the
    /// database makes it again.
    #[test]
    fn damaged_indexes(at in any::<prop::sample::Index>(), bit in 0..8u8, cut in any::<bool>()) {
        let (dir, cache) = (folder(), tempfile::tempdir().unwrap());
        let expected = {
            let db = open(dir.path(), cache.path()).unwrap();
            found(&db, &subject("example.com/m", "v1.1.0"))
        };
        let path = index_of(cache.path());
        let module = |index: &Index| index.module("example.com/m");
        let before = module(&Index::open(&path).unwrap()).unwrap();
        let mut bytes = fs::read(&path).unwrap();
        let at = at.index(bytes.len());
        if cut { bytes.truncate(at) } else { bytes[at] ^= 1 << bit }
        fs::write(&path, &bytes).unwrap();
        if let Ok(records) = Index::open(&path).and_then(|i| module(&i)) {
            prop_assert_eq!(records, before);
        }
        let db = open(dir.path(), cache.path()).unwrap();
        prop_assert_eq!(found(&db, &subject("example.com/m", "v1.1.0")), expected);
    }

    /// A damaged zip file is an error, or has the same records: names and times may change without harm.
    #[test]
    fn damaged_zip_files(at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<bool>()) {
        let (dir, cache) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let path = dir.path().join("db.zip");
        fs::write(&path, zipped()).unwrap();
        let expected = open(&path, cache.path()).unwrap().about().digest;
        let mut bytes = zipped();
        let at = at.index(bytes.len());
        let name = bytes[at].is_ascii_graphic();
        if cut { bytes.truncate(at) } else { bytes[at] = byte }
        fs::write(&path, &bytes).unwrap();
        match open(&path, cache.path()) {
            // The last bytes of the end record say nothing of the records.
            Ok(db) => prop_assert!(db.about().digest == expected || (name && !cut)),
            Err(e) => prop_assert!(!e.to_string().is_empty()),
        }
    }

    /// Anything may be in a folder of records.
    #[test]
    fn damaged_records(at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<bool>()) {
        let mut bytes = RECORD.as_bytes().to_vec();
        let at = at.index(bytes.len());
        if cut { bytes.truncate(at) } else { bytes[at] = byte }
        let result = Record::read(&bytes);
        prop_assert!(!cut || result.is_err(), "a cut record was read");
    }
}

/// id, level and whether it could not be compared.
fn marks(db: &Database, subject: &Subject) -> Vec<String> {
    let found = scan(subject, db, 1_700_000_000).unwrap();
    let line =
        |f: &goferry_scan::Finding| format!("{} {} {} {}", f.id, f.level, f.package, !f.unseen.is_empty());
    found.findings.iter().map(line).collect()
}

fn with(package: &str, passed_over: &[&str], linked: Linked) -> Subject {
    let symbols: BTreeSet<String> = passed_over.iter().map(|s| (*s).to_owned()).collect();
    let contents = BTreeMap::from([
        ("runtime".to_owned(), BTreeSet::from(["main".to_owned()])),
        (package.to_owned(), BTreeSet::from(["G".to_owned()])),
    ]);
    Subject {
        goos: "linux".to_owned(),
        modules: vec![linked],
        passed_over: BTreeMap::from([(package.to_owned(), symbols)]),
        ..Subject::new(Contents::Functions(contents))
    }
}

#[test]
fn what_was_not_compared_is_marked_and_stops_like_linked() {
    let (dir, cache) = (folder(), tempfile::tempdir().unwrap());
    let db = open(dir.path(), cache.path()).unwrap();
    let own = || Linked::new("example.com/m", "v1.0.0");
    let (seen, unseen) = ("GO-1 imported example.com/m/p false", "GO-1 imported example.com/m/p true");
    // The function is not there by any name, and there by one that is not compared.
    assert_eq!(marks(&db, &with("example.com/m/p", &[], own())), [seen]);
    assert_eq!(marks(&db, &with("example.com/m/p", &["T.F"], own())), [unseen]);
    let found = scan(&with("example.com/m/p", &["T.F"], own()), &db, 1_700_000_000).unwrap();
    let about = db.about();
    let report =
        goferry_scan::judge(found, about.clone(), &[], goferry_scan::Threshold::Linked, "2026-01-01");
    assert_eq!(report.blocking, ["GO-1"]);
    let found = scan(&with("example.com/m/p", &[], own()), &db, 1_700_000_000).unwrap();
    let report = goferry_scan::judge(found, about, &[], goferry_scan::Threshold::Linked, "2026-01-01");
    assert_eq!(report.blocking, [""; 0]);
    // A longer name that only begins alike does not take the package away.
    let mut two = with("example.com/m/p", &["T.F"], own());
    two.modules.push(Linked::new("example.com/other", "v1.0.0"));
    assert!(marks(&db, &two).contains(&unseen.to_owned()));
}

#[test]
fn what_takes_a_modules_place_clears_nothing() {
    let (dir, cache) = (folder(), tempfile::tempdir().unwrap());
    let db = open(dir.path(), cache.path()).unwrap();
    let replaced = |path: &str, version: &str, by: (&str, &str)| Linked {
        replace: Some((by.0.to_owned(), by.1.to_owned())),
        ..Linked::new(path, version)
    };
    let unseen = ["GO-1 imported example.com/m/p true"];
    for by in [("../m", ""), ("example.com/fork", "v9.0.0")] {
        let subject = with("example.com/m/p", &["T.F"], replaced("example.com/m", "v1.0.0", by));
        assert_eq!(marks(&db, &subject), unseen, "{by:?}");
        let found = scan(&subject, &db, 1_700_000_000).unwrap();
        assert!(
            found.notes.iter().any(|n| n.contains("takes the place of example.com/m")),
            "{:?}",
            found.notes
        );
        // What go.mod asks for has been mended, or the function is not there.
        let mended = with("example.com/m/p", &["T.F"], replaced("example.com/m", "v1.2.0", by));
        assert_eq!(marks(&db, &mended), [""; 0], "{by:?}");
        let without = with("example.com/m/p", &[], replaced("example.com/m", "v1.0.0", by));
        assert_eq!(marks(&db, &without), [""; 0], "{by:?}");
        // The go command's word for no version.
        let none = with("example.com/m/p", &["T.F"], replaced("example.com/m", "v0.0.0", by));
        assert_eq!(marks(&db, &none), unseen, "{by:?}");
    }
    // The fork is in the database, by its own path.
    let fork =
        with("example.org/up/p", &["T.F"], replaced("example.org/up", "v1.0.0", ("example.com/m", "v1.0.0")));
    assert_eq!(marks(&db, &fork), ["GO-1 imported example.org/up/p true"]);
}

#[test]
fn modules_that_no_one_states_and_tables_that_are_not_whole() {
    let (dir, cache) = (folder(), tempfile::tempdir().unwrap());
    let db = open(dir.path(), cache.path()).unwrap();
    // Built without modules: which version it is nobody knows.
    let unstated = with("example.com/m/p", &["T.F"], Linked::new("example.net/x", "v1.0.0"));
    assert_eq!(marks(&db, &unstated), ["GO-1 imported example.com/m/p true"]);
    // A wrapper of a promoted method is no package, whatever its name looks like.
    for name in ["example.com/other/v3.(*T).example.net/x", "example.com/other/v3.T.example.net/x"] {
        let mut wrapper = with(name, &["T.F"], Linked::new("example.net/x", "v1.0.0"));
        wrapper.modules.push(Linked::new("example.com/other/v3", "v3.0.0"));
        assert_eq!(marks(&db, &wrapper), [""; 0], "{name}");
    }
    // Packages are known, but not all of them.
    let packages = BTreeSet::from(["example.com/m/q".to_owned()]);
    let mut subject = Subject {
        modules: vec![Linked::new("example.com/m", "v1.0.0")],
        ..Subject::new(Contents::Packages(packages))
    };
    assert_eq!(marks(&db, &subject), ["GO-1 present  false"]);
    "a reason".clone_into(&mut subject.doubt);
    assert_eq!(marks(&db, &subject), ["GO-1 present  true"]);
}

#[test]
fn a_go_that_is_no_release_is_compared_as_the_one_it_comes_from() {
    let (dir, cache) = (folder(), tempfile::tempdir().unwrap());
    let text = RECORD.replace("example.com/m/p", "net/x").replace("example.com/m", "stdlib");
    let text = text.replace("1.2.0", "1.20.0-rc.2").replace("T.F", "G").replace("GO-1", "GO-3");
    fs::write(dir.path().join("data/GO-3.json"), text).unwrap();
    let db = open(dir.path(), cache.path()).unwrap();
    for (go, expected) in [
        ("go1.19", vec!["GO-3 linked net/x false"]),
        ("go1.20", vec![]),
        ("go1.19.5-fips", vec!["GO-3 imported net/x true"]),
        ("go1.20.1-fips", vec![]),
        ("devel go1.20-abc", vec!["GO-3 imported net/x true"]),
        ("", vec!["GO-3 imported net/x true"]),
    ] {
        let mut subject = with("net/x", &[], Linked::new("example.com/app", "v1.0.0"));
        subject.add_toolchain(go);
        assert_eq!(marks(&db, &subject), expected, "{go}");
    }
}

#[test]
fn package_urls_that_have_lost_their_capitals() {
    let (dir, cache) = (folder(), tempfile::tempdir().unwrap());
    fs::write(dir.path().join("data/osv/GO-1.json"), RECORD.replace("example.com/m", "example.com/Big/M"))
        .unwrap();
    let db = open(dir.path(), cache.path()).unwrap();
    let of = |path: &str, lowercased| {
        let modules = vec![Linked::new(path, "v1.0.0")];
        let subject =
            Subject { modules, lowercased, ..Subject::new(Contents::Modules("an SBOM".to_owned())) };
        let found = scan(&subject, &db, 1_700_000_000).unwrap();
        found.findings.into_iter().map(|f| format!("{} {}", f.id, f.module)).collect::<Vec<_>>()
    };
    assert_eq!(of("example.com/big/m", true), ["GO-1 example.com/Big/M"]);
    assert_eq!(of("example.com/Big/M", true), ["GO-1 example.com/Big/M"]);
    assert_eq!(of("example.com/big/m", false), [""; 0]);
    assert_eq!(of("example.com/bIG/m", true), [""; 0], "what has capitals has kept them");
}

#[test]
fn endings_with_capitals_are_records_too() {
    let (dir, cache) = (folder(), tempfile::tempdir().unwrap());
    fs::rename(dir.path().join("data/X-2.json"), dir.path().join("data/X-2.JSON")).unwrap();
    assert_eq!(open(dir.path(), cache.path()).unwrap().about().records, 2);
}

#[test]
fn an_index_that_cannot_be_written_is_not_the_databases_fault() {
    let (dir, cache) = (folder(), tempfile::tempdir().unwrap());
    let file = cache.path().join("file");
    fs::write(&file, "").unwrap();
    let e = open(dir.path(), &file.join("below")).unwrap_err();
    assert!(matches!(e, ScanError::Cache { .. }), "{e}");
}

#[test]
fn what_one_slice_clears_another_may_not() {
    let (dir, cache) = (folder(), tempfile::tempdir().unwrap());
    let db = open(dir.path(), cache.path()).unwrap();
    let own = || Linked::new("example.com/m", "v1.0.0");
    let of = |subject: &Subject| scan(subject, &db, 1_700_000_000).unwrap();
    let (clean, marked) =
        (of(&with("example.com/m/p", &[], own())), of(&with("example.com/m/p", &["T.F"], own())));
    let linked = of(&subject("example.com/m", "v1.0.0"));
    let mut unseen = clean.clone();
    unseen.findings = vec![goferry_scan::Finding {
        level: goferry_scan::Level::Present,
        package: String::new(),
        unseen: "a reason".to_owned(),
        ..clean.findings[0].clone()
    }];
    let merged = |all: [&goferry_scan::Found; 2]| {
        let found = goferry_scan::merge(all.into_iter().cloned().collect()).unwrap();
        found.findings.iter().map(|f| format!("{} {}", f.level, !f.unseen.is_empty())).collect::<Vec<_>>()
    };
    for (a, b, expected) in [
        (&clean, &marked, vec!["imported true"]),
        (&clean, &unseen, vec!["present true", "imported false"]),
        (&marked, &unseen, vec!["imported true"]),
        (&linked, &unseen, vec!["linked false"]),
        (&linked, &marked, vec!["linked false"]),
    ] {
        assert_eq!(merged([a, b]), expected);
        assert_eq!(merged([b, a]), expected);
    }
}
