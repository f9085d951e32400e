use crate::bed::{Bed, host, program};
use goferry_proc::{CommandSpec, Finished, Host, SpawnError, Spawner, Stream};
use goferry_toolchain::git::{self, GitFacts, GitQuery, TagMemory};
use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

#[derive(Default)]
struct Memory(Mutex<HashMap<String, String>>);

impl TagMemory for Memory {
    fn recall(&self, key: &str) -> Option<String> {
        self.0.lock().unwrap().get(key).cloned()
    }

    fn keep(&self, key: &str, text: &str) {
        self.0.lock().unwrap().insert(key.to_owned(), text.to_owned());
    }
}

struct Counting(Host, AtomicUsize);

impl Spawner for Counting {
    fn run(&self, spec: &CommandSpec) -> Result<Finished, SpawnError> {
        self.1.fetch_add(1, Ordering::Relaxed);
        self.0.run(spec)
    }

    fn run_lines(
        &self,
        spec: &CommandSpec,
        on_line: &(dyn Fn(Stream, &str) + Sync),
    ) -> Result<Finished, SpawnError> {
        self.0.run_lines(spec, on_line)
    }
}

/// The facts, which are the same without a memory, and how often git was started.
fn asked(bed: &Bed, query: &GitQuery, memory: &Memory) -> (GitFacts, usize) {
    let spawner = Counting(host(), AtomicUsize::new(0));
    let query = GitQuery { dir: bed.path(), ..query.clone() };
    let facts = git::inspect_remembering(&spawner, &program("git"), &query, Some(memory)).facts.unwrap();
    assert_eq!(git::inspect(&host(), &program("git"), &query).facts.unwrap(), facts);
    (facts, spawner.1.into_inner())
}

#[test]
fn tags_are_asked_about_once_for_each_state() {
    let (bed, memory, plain) = (Bed::repository(), Memory::default(), GitQuery::default());
    bed.write("a", "1").commit("first").tag("v0.9.0").write("a", "2");
    bed.commit("second");
    bed.git(&["tag", "-a", "v1.0.0", "-m", "One"]);
    assert_eq!(asked(&bed, &plain, &memory).1, 7);
    let (facts, times) = asked(&bed, &plain, &memory);
    assert_eq!((facts.previous_tag.as_str(), facts.tag_subject.as_str(), times), ("v0.9.0", "One", 5));
    // Another question, another message of the same tag, another commit: each is asked about again.
    let ignore = GitQuery { ignore_tags: vec!["v0.9.0".to_owned()], ..GitQuery::default() };
    assert_eq!(asked(&bed, &ignore, &memory).0.previous_tag, "");
    bed.git(&["tag", "-f", "-a", "v1.0.0", "-m", "Another"]);
    assert_eq!(asked(&bed, &plain, &memory).0.tag_subject, "Another");
    bed.write("a", "3").commit("third");
    let (facts, times) = asked(&bed, &plain, &memory);
    assert_eq!((facts.tag.as_str(), times), ("v1.0.0", 9));
    assert_eq!(asked(&bed, &plain, &memory), (facts, 5));
}

#[test]
fn that_there_is_no_tag_is_remembered_until_there_is_one() {
    let (bed, memory, plain) = (Bed::repository(), Memory::default(), GitQuery::default());
    bed.write("a", "1").commit("first");
    assert!(!asked(&bed, &plain, &memory).0.has_tag);
    let (facts, times) = asked(&bed, &plain, &memory);
    assert_eq!((facts.has_tag, times), (false, 5));
    bed.tag("v0.1.0");
    let first = asked(&bed, &plain, &memory).0;
    assert_eq!((first.tag.as_str(), first.previous_tag.as_str()), ("v0.1.0", ""));
    assert_eq!(asked(&bed, &plain, &memory), (first, 5));
}
