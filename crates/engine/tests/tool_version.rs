//! goferry's own version is an input of every step: what another version cached is not taken over.

#![expect(clippy::unwrap_used, reason = "what a test cannot set up has failed")]

use goferry_engine::{Request, Session, release};
use goferry_report::{Collect, Event, StepState};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// Releases the module in `root` as this version of goferry; how the build step ended.
fn build_state(root: &Path, cache: &Path, version: &str) -> StepState {
    let sink = Arc::new(Collect::default());
    let mut env: BTreeMap<String, String> = ["PATH", "HOME", "GOPATH", "GOCACHE", "GOMODCACHE"]
        .iter()
        .filter_map(|k| std::env::var(k).ok().map(|v| ((*k).to_owned(), v)))
        .collect();
    env.insert("GOENV".to_owned(), "off".to_owned());
    let session = Session {
        cwd: root.to_owned(),
        env,
        sink: Arc::clone(&sink) as _,
        host: goferry_proc::Host::new(goferry_proc::Cancel::new()),
        cache: Some(goferry_cache::Store::open(cache, 1 << 30).unwrap()),
        tools: None,
        parallelism: None,
        version: version.to_owned(),
        net: std::sync::OnceLock::new(),
    };
    let mut request = Request::new("release");
    request.snapshot = true;
    request.clean = true;
    let outcome = release(&session, &request).unwrap_or_else(|d| panic!("{:?}", d.list));
    assert!(outcome.failures.list.is_empty(), "{:?}", outcome.failures.list);
    let ended = |e: &Event| match e {
        Event::StepFinished { stage: "build", state, .. } => Some(*state),
        _ => None,
    };
    sink.take().iter().find_map(ended).unwrap()
}

#[test]
fn another_goferry_builds_again() {
    let scratch = tempfile::tempdir().unwrap();
    let (root, cache) = (scratch.path().join("tiny"), scratch.path().join("cache"));
    std::fs::create_dir_all(&root).unwrap();
    std::fs::write(root.join("go.mod"), "module example.com/tiny\n\ngo 1.24\n").unwrap();
    std::fs::write(root.join("main.go"), "package main\n\nfunc main() { println(1) }\n").unwrap();
    // This test program is no goferry and cannot enter its own sandbox, so nothing is run.
    std::fs::write(root.join("goferry.toml"), "targets = [\"linux/amd64\"]\n[verify]\nskip = [\"*\"]\n")
        .unwrap();
    assert_eq!(build_state(&root, &cache, "1"), StepState::Done);
    assert_eq!(build_state(&root, &cache, "1"), StepState::Cached);
    assert_eq!(build_state(&root, &cache, "2"), StepState::Done);
}
