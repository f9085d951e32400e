use super::*;
use proptest::prelude::*;

fn target(name: &str, blocked: &[&str]) -> TargetRecord {
    let done = usize::from(blocked.is_empty());
    TargetRecord {
        target: name.to_owned(),
        planned: 1,
        built: done,
        verified: done,
        blocked: blocked.iter().map(|b| (*b).to_owned()).collect(),
        ..TargetRecord::default()
    }
}

fn record(time: u64, targets: Vec<TargetRecord>) -> Record {
    let ok = targets.iter().all(|t| t.blocked.is_empty());
    Record { time, module: "example.com/t".to_owned(), ok, targets, ..Record::default() }
}

#[test]
fn the_mean_is_from_the_first_block_to_the_next_clean_release() {
    let b = "build: build-failed";
    let all = [
        record(100, vec![target("a", &[]), target("b", &[b])]),
        record(200, vec![target("a", &[b]), target("b", &[b])]),
        record(250, vec![target("a", &[b])]),
        record(500, vec![target("a", &[]), target("b", &[])]),
        record(600, vec![target("a", &[b]), target("b", &[])]),
        record(700, vec![target("a", &[]), target("b", &["verify: does-not-start"])]),
    ];
    let s = statistics(&all);
    assert_eq!((s.releases, s.succeeded, s.success_rate), (6, 1, Some(1.0 / 6.0)));
    let [a, b_] = s.targets.as_slice() else { panic!("two targets: {s:?}") };
    // 200 → 500 and 600 → 700.
    assert_eq!((a.releases, a.clean, a.recoveries, a.mean_seconds_to_clean), (6, 3, 2, Some(200.0)));
    assert_eq!((a.blocked[b], a.blocked_since), (3, None));
    // 100 → 500; blocked again at 700.
    assert_eq!((b_.recoveries, b_.mean_seconds_to_clean, b_.blocked_since), (1, Some(400.0), Some(700)));
    assert_eq!(statistics(&[]).success_rate, None);
}

proptest! {
    /// Against a second way to count: the intervals themselves.
    #[test]
    fn arithmetic(runs in prop::collection::vec((1u64..1000, any::<bool>(), any::<bool>()), 0..40)) {
        let mut now = 1_000_000;
        let mut records = vec![];
        for (gap, a, b) in &runs {
            now += gap;
            let of = |name, bad: bool| target(name, if bad { &["x"][..] } else { &[] });
            records.push(record(now, vec![of("a", *a), of("b", *b)]));
        }
        let s = statistics(&records);
        prop_assert_eq!(s.releases, runs.len());
        prop_assert_eq!(s.succeeded, runs.iter().filter(|(_, a, b)| !a && !b).count());
        for (i, name) in ["a", "b"].iter().enumerate() {
            let bad: Vec<bool> = runs.iter().map(|(_, a, b)| if i == 0 { *a } else { *b }).collect();
            let starts = (0..bad.len()).filter(|n| bad[*n] && (*n == 0 || !bad[*n - 1]));
            let intervals: Vec<u64> = starts
                .filter_map(|n| {
                    let end = (n..bad.len()).find(|m| !bad[*m])?;
                    Some(records[end].time - records[n].time)
                })
                .collect();
            let Some(t) = s.targets.iter().find(|t| t.target == *name) else {
                prop_assert!(runs.is_empty());
                continue;
            };
            prop_assert_eq!(t.recoveries, intervals.len());
            prop_assert_eq!(t.clean + bad.iter().filter(|b| **b).count(), t.releases);
            prop_assert_eq!(t.blocked_since.is_some(), bad.last() == Some(&true));
            match t.mean_seconds_to_clean {
                None => prop_assert!(intervals.is_empty()),
                Some(m) => {
                    let want = intervals.iter().sum::<u64>() as f64 / intervals.len() as f64;
                    prop_assert!((m - want).abs() < 1e-9, "{} {}", m, want);
                }
            }
        }
    }

    #[test]
    fn foreign_bytes_are_passed_over(junk in prop::collection::vec(any::<u8>(), 0..200)) {
        let dir = tempfile::tempdir().unwrap();
        let r = record(1, vec![target("a", &[])]);
        append(dir.path(), &r).unwrap();
        let path = file(dir.path(), &r.module, "");
        let mut bytes = std::fs::read(&path).unwrap();
        bytes.extend(&junk);
        std::fs::write(&path, bytes).unwrap();
        append(dir.path(), &r).unwrap();
        let read = read(dir.path(), "example.com/t", "").unwrap();
        prop_assert!(read.len() >= 2 && read[0] == r && read[read.len() - 1] == r, "{:?}", read);
    }
}

#[test]
fn a_half_line_costs_only_itself() {
    let dir = tempfile::tempdir().unwrap();
    let r = record(1, vec![]);
    append(dir.path(), &r).unwrap();
    let path = file(dir.path(), &r.module, "");
    let whole = std::fs::read(&path).unwrap();
    std::fs::write(&path, [&whole[..], &whole[..whole.len() / 2]].concat()).unwrap();
    append(dir.path(), &Record { time: 2, ..r.clone() }).unwrap();
    let times: Vec<u64> = read(dir.path(), &r.module, "").unwrap().iter().map(|r| r.time).collect();
    assert_eq!(times, [1, 2]);
}

#[test]
fn the_file_is_bounded_and_many_may_write_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let lines: String =
        (0..MOST as u64).map(|n| serde_json::to_string(&record(n, vec![])).unwrap() + "\n").collect();
    std::fs::write(file(dir.path(), "example.com/t", ""), lines).unwrap();
    std::thread::scope(|s| {
        for n in 0..8 {
            let dir = dir.path();
            s.spawn(move || (0..5).for_each(|m| append(dir, &record(10_000 + n * 10 + m, vec![])).unwrap()));
        }
    });
    let all = read(dir.path(), "example.com/t", "").unwrap();
    let young = all.iter().filter(|r| r.time >= 10_000).count();
    assert_eq!((young, all.len()), (40, KEPT + 39), "none of the new ones is lost");
}

#[test]
fn where_records_are() {
    let at =
        |env: &[(&str, &str)]| folder(&env.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect());
    assert_eq!(at(&[("GOFERRY_CACHE", "/c"), ("HOME", "/h")]), Some("/c/history".into()));
    assert_eq!(at(&[("XDG_STATE_HOME", "/s"), ("HOME", "/h")]), Some("/s/goferry".into()));
    assert_eq!(at(&[("XDG_STATE_HOME", "s"), ("HOME", "/h")]), Some("/h/.local/state/goferry".into()));
    assert_eq!(at(&[]), None);
    let name = file(Path::new("/x"), "example.com/../a b", "p").display().to_string();
    assert!(name.starts_with("/x/example.com_.._a_b-") && name.ends_with(".jsonl"), "{name}");
}
