//! The table and the reader must know the same keys.

use super::view::READ;
use crate::place::SourceText;
use crate::schema::{Key, Kind, NATIVE, NOT_NATIVE, ROOT, Shape, Status};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

fn honoured(keys: impl Iterator<Item = &'static Key>) -> impl Iterator<Item = &'static Key> {
    keys.filter(|k| k.status == Status::Honoured && k.old.is_none())
}

/// A value of this kind, in syntax that is both YAML flow and JSON.
fn sample(kind: Kind, toml: bool) -> String {
    match kind {
        Kind::Text | Kind::Template | Kind::Words => "\"x\"".to_owned(),
        Kind::EnvItem => "\"A=b\"".to_owned(),
        Kind::Bool | Kind::BoolOrTemplate => "true".to_owned(),
        Kind::Int | Kind::Mode => "7".to_owned(),
        Kind::Enum(words) => format!("\"{}\"", words[0]),
        Kind::List(item) | Kind::OneOrMany(item) => format!("[{}]", sample(*item, toml)),
        Kind::Map(shape) | Kind::MapOrText(shape, _) => map_sample(shape.all(), toml),
        Kind::MapOf(item) => format!("{{k{} {}}}", if toml { " =" } else { ":" }, sample(*item, toml)),
        Kind::Any => "1".to_owned(),
    }
}

fn map_sample(keys: impl Iterator<Item = &'static Key>, toml: bool) -> String {
    let equals = if toml { " =" } else { ":" };
    let pairs: Vec<_> =
        honoured(keys).map(|k| format!("{}{equals} {}", k.name, sample(k.kind, toml))).collect();
    format!("{{{}}}", pairs.join(", "))
}

/// Shape and key of everything that is honoured.
fn collect(
    shape: &'static str,
    keys: impl Iterator<Item = &'static Key>,
    into: &mut BTreeSet<(&'static str, String)>,
) {
    for key in honoured(keys) {
        into.insert((shape, key.name.to_owned()));
        if let Some(inner) = inner(key.kind) {
            collect(inner.name, inner.all(), into);
        }
    }
}

fn inner(kind: Kind) -> Option<&'static Shape> {
    match kind {
        Kind::Map(shape) | Kind::MapOrText(shape, _) => Some(shape),
        Kind::List(inner_kind) | Kind::OneOrMany(inner_kind) | Kind::MapOf(inner_kind) => inner(*inner_kind),
        _ => None,
    }
}

#[test]
fn every_honoured_key_is_read() {
    READ.with_borrow_mut(BTreeSet::clear);
    let mut yaml = String::new();
    for key in honoured(ROOT.all()) {
        let value = if key.name == "version" { "2".to_owned() } else { sample(key.kind, false) };
        let _ = writeln!(yaml, "{}: {value}", key.name);
    }
    let mut toml = String::new();
    for key in honoured(NATIVE.all()) {
        let value = if key.name == "verify" {
            "{isolation = \"off\", timeout = 7, memory = \"1G\", args = [\"x\"], expect = \"x\", skip = [\"x\"], binary = [{id = \"x\", args = [\"x\"], expect = \"x\"}], glibc = \"2.31\", allow = [\"x\"]}".to_owned()
        } else {
            sample(key.kind, true)
                .replace("{k =", "{\"linux/arm64\" =")
                .replace("glibc = \"x\"", "glibc = \"2.17\"")
                .replace("max_age = \"x\"", "max_age = \"7d\"")
                // Excludes a key.
                .replace("keyless = true", "keyless = false")
        };
        let _ = writeln!(toml, "{} = {value}", key.name);
    }
    let text = |name: &str, text: String| Some(SourceText { name: name.to_owned(), text });
    let (_, problems) = super::load(text("y", yaml), None);
    assert!(problems.list.is_empty(), "{problems:?}");
    let (_, problems) = super::load(None, text("t", toml));
    assert!(problems.list.is_empty(), "{problems:?}");
    let mut expected = BTreeSet::new();
    collect(ROOT.name, ROOT.all(), &mut expected);
    collect(NATIVE.name, NATIVE.all(), &mut expected);
    // These two are looked at before the walk.
    expected.remove(&("goreleaser", "version".to_owned()));
    expected.remove(&("goreleaser", "pro".to_owned()));
    let missing: Vec<_> = READ.with_borrow(|read| expected.difference(read).cloned().collect());
    assert!(missing.is_empty(), "honoured by the table, read by nobody: {missing:?}");
}

#[test]
fn the_table_is_consistent() {
    let mut shapes: BTreeMap<&str, *const Shape> = BTreeMap::new();
    let mut stack = vec![&ROOT, &NATIVE];
    while let Some(shape) = stack.pop() {
        match shapes.insert(shape.name, std::ptr::from_ref(shape)) {
            Some(other) if std::ptr::eq(other, shape) => continue,
            Some(_) => panic!("two shapes are called {}", shape.name),
            None => {}
        }
        let names: BTreeSet<_> = shape.all().map(|k| k.name).collect();
        assert_eq!(names.len(), shape.all().count(), "a key of {} is there twice", shape.name);
        for key in shape.all() {
            if let Some(crate::schema::Old::Renamed(new)) = key.old {
                assert!(shape.key(new).is_some(), "{}.{} becomes {new}", shape.name, key.name);
            }
            if let Kind::MapOrText(inner, short) = key.kind {
                assert!(inner.key(short).is_some(), "{}.{}", shape.name, key.name);
            }
            stack.extend(inner(key.kind));
        }
    }
    for name in NOT_NATIVE {
        assert!(ROOT.key(name).is_some(), "{name}");
    }
}

#[test]
fn what_is_honoured_is_documented() {
    let mut stack: Vec<&'static Key> = ROOT.all().chain(NATIVE.all()).collect();
    assert!(stack.iter().all(|k| !k.doc.is_empty()), "every section has its line");
    while let Some(key) = stack.pop() {
        assert!(key.doc.ends_with(['.', '`']) || key.doc.is_empty(), "{}: {}", key.name, key.doc);
        if key.status == Status::Honoured {
            assert!(!key.doc.is_empty(), "{}", key.name);
            stack.extend(inner(key.kind).into_iter().flat_map(Shape::all));
        }
    }
}
