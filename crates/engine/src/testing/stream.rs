//! The stream of `go test -json`, and what it says of each package.
//!
//! Owns: reading events. Must not: run anything, decide what a failure means.
//! Source: `go doc cmd/test2json`; `go help buildjson` for `build-output` and `build-fail`.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How a package or a test ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It passed.
    Ok,
    /// It failed.
    Failed,
    /// It was skipped, or has no tests.
    Skipped,
    /// It did not compile.
    BuildFailed,
}

/// One test.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TestCase {
    /// `TestX` or `TestX/sub`.
    pub name: String,
    /// How it ended.
    pub verdict: Verdict,
    /// Seconds.
    pub seconds: f64,
    /// What it wrote.
    pub output: String,
    /// The id of a known limit of the emulator that explains the failure.
    pub limit: Option<String>,
}

/// One package.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PackageResult {
    /// Import path.
    pub package: String,
    /// How it ended.
    pub verdict: Verdict,
    /// Whether Go had the result already.
    pub cached: bool,
    /// Seconds.
    pub seconds: f64,
    /// Its tests.
    pub tests: Vec<TestCase>,
    /// What it wrote beside its tests, its own last line too.
    pub output: String,
    /// How often it was run.
    pub tries: u32,
    /// Whether it ended before all its tests had: others may never have begun.
    pub broke_off: bool,
    /// Whether it failed by known limits of the emulator alone, and these are allowed: it counts as passed.
    pub excused: bool,
}

impl PackageResult {
    /// Failed tests that have no failed subtest.
    pub fn failures(&self) -> impl Iterator<Item = &TestCase> {
        let failed = || self.tests.iter().filter(|t| t.verdict == Verdict::Failed);
        let has_inner = move |t: &TestCase| {
            failed().any(|o| o.name.strip_prefix(&t.name).is_some_and(|rest| rest.starts_with('/')))
        };
        failed().filter(move |t| !has_inner(t))
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Event {
    action: String,
    package: String,
    import_path: String,
    test: Option<String>,
    elapsed: Option<f64>,
    output: String,
    failed_build: Option<String>,
}

#[derive(Debug, Default)]
struct Open {
    tests: BTreeMap<String, Vec<String>>,
    done: Vec<TestCase>,
    output: Vec<String>,
}

/// Reads a stream line by line.
#[derive(Debug, Default)]
pub(super) struct Stream {
    open: BTreeMap<String, Open>,
    builds: BTreeMap<String, String>,
}

/// What a line was about.
#[derive(Debug, PartialEq)]
pub(super) enum Step {
    /// A package began.
    Began(String),
    /// A package has ended.
    Ended(PackageResult),
    /// Something was written, as go test would write it with `-v`.
    Wrote(String),
    /// It is no event: what go itself says.
    Foreign(String),
    /// Nothing that anybody waits for.
    Nothing,
}

impl Stream {
    /// Takes a line.
    pub(super) fn line(&mut self, line: &str) -> Step {
        let Ok(event) = serde_json::from_str::<Event>(line) else {
            return if line.is_empty() { Step::Nothing } else { Step::Foreign(line.to_owned()) };
        };
        match event.action.as_str() {
            "build-output" => {
                self.builds.entry(event.import_path).or_default().push_str(&event.output);
                Step::Nothing
            }
            "start" => {
                self.open.entry(event.package.clone()).or_default();
                Step::Began(event.package)
            }
            "output" => {
                let open = self.open.entry(event.package).or_default();
                match &event.test {
                    Some(test) => open.tests.entry(test.clone()).or_default().push(event.output.clone()),
                    None => open.output.push(event.output.clone()),
                }
                Step::Wrote(event.output)
            }
            "pass" | "fail" | "skip" if event.test.is_some() => {
                self.test_ended(event);
                Step::Nothing
            }
            "pass" | "fail" | "skip" => Step::Ended(self.package_ended(event)),
            _ => Step::Nothing,
        }
    }

    fn test_ended(&mut self, event: Event) {
        let open = self.open.entry(event.package).or_default();
        let name = event.test.unwrap_or_default();
        let lines = open.tests.remove(&name).unwrap_or_default();
        let verdict = verdict(&event.action);
        let output = said(&lines);
        let seconds = event.elapsed.unwrap_or_default();
        open.done.push(TestCase { name, verdict, seconds, output, limit: None });
    }

    fn package_ended(&mut self, event: Event) -> PackageResult {
        let mut open = self.open.remove(&event.package).unwrap_or_default();
        let mut verdict = verdict(&event.action);
        // A test that had begun when the program died: it is the one that failed. Benchmarks have no end of their own.
        let mut broke_off = false;
        for (name, lines) in std::mem::take(&mut open.tests) {
            let benchmark = name.starts_with("Benchmark") && !lines.iter().any(|l| l.starts_with("--- FAIL"));
            if benchmark {
                open.output.splice(0..0, lines);
            } else if verdict == Verdict::Failed {
                broke_off |= !name.starts_with("Benchmark");
                let output = said(&lines);
                open.done.push(TestCase {
                    name,
                    verdict: Verdict::Failed,
                    seconds: 0.0,
                    output,
                    limit: None,
                });
            }
        }
        let mut output = said(&open.output);
        if let Some(build) = &event.failed_build {
            verdict = Verdict::BuildFailed;
            output.insert_str(0, self.builds.get(build).map(String::as_str).unwrap_or_default());
        } else if verdict == Verdict::Failed && open.output.iter().any(|l| is_build_failure(l)) {
            verdict = Verdict::BuildFailed;
        }
        PackageResult {
            cached: open.output.iter().any(|l| l.starts_with("ok ") && l.contains("(cached)")),
            package: event.package,
            verdict,
            seconds: event.elapsed.unwrap_or_default(),
            tests: open.done,
            output,
            tries: 1,
            broke_off,
            excused: false,
        }
    }
}

/// go test's own last line of a package that did not compile.
fn is_build_failure(line: &str) -> bool {
    line.starts_with("FAIL\t")
        && ["[build failed]", "[setup failed]"].iter().any(|end| line.trim_end().ends_with(end))
}

fn verdict(action: &str) -> Verdict {
    match action {
        "pass" => Verdict::Ok,
        "skip" => Verdict::Skipped,
        _ => Verdict::Failed,
    }
}

/// Without the lines that only `-v` writes.
fn said(lines: &[String]) -> String {
    let talk = ["=== RUN", "=== PAUSE", "=== CONT", "=== NAME"];
    lines.iter().filter(|l| !talk.iter().any(|t| l.starts_with(t))).map(String::as_str).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &[&str]) -> Vec<Step> {
        let mut s = Stream::default();
        lines.iter().map(|l| s.line(l)).filter(|s| *s != Step::Nothing).collect()
    }

    fn ended(lines: &[&str]) -> PackageResult {
        match read(lines).pop() {
            Some(Step::Ended(p)) => p,
            other => panic!("{other:?}"),
        }
    }

    // Recorded from go1.26.8.
    const FAILING: [&str; 9] = [
        r#"{"Time":"2026-11-25T20:00:00Z","Action":"start","Package":"example.com/t1"}"#,
        r#"{"Action":"run","Package":"example.com/t1","Test":"TestA"}"#,
        r#"{"Action":"output","Package":"example.com/t1","Test":"TestA","Output":"=== RUN   TestA\n"}"#,
        r#"{"Action":"output","Package":"example.com/t1","Test":"TestA","Output":"    x_test.go:6: broken\n"}"#,
        r#"{"Action":"output","Package":"example.com/t1","Test":"TestA","Output":"--- FAIL: TestA (0.10s)\n"}"#,
        r#"{"Action":"fail","Package":"example.com/t1","Test":"TestA","Elapsed":0.1}"#,
        r#"{"Action":"output","Package":"example.com/t1","Output":"FAIL\n"}"#,
        r#"{"Action":"output","Package":"example.com/t1","Output":"FAIL\texample.com/t1\t0.2s\n"}"#,
        r#"{"Action":"fail","Package":"example.com/t1","Elapsed":0.2}"#,
    ];

    #[test]
    fn a_failed_package() {
        let p = ended(&FAILING);
        assert_eq!((p.verdict, p.cached, p.seconds), (Verdict::Failed, false, 0.2));
        assert_eq!(p.tests.len(), 1);
        assert_eq!(p.tests[0].output, "    x_test.go:6: broken\n--- FAIL: TestA (0.10s)\n");
        assert_eq!(p.output, "FAIL\nFAIL\texample.com/t1\t0.2s\n");
    }

    #[test]
    fn cached_skipped_and_not_built() {
        let p = ended(&[
            r#"{"Action":"output","Package":"p","Output":"ok  \tp\t(cached)\n"}"#,
            r#"{"Action":"pass","Package":"p","Elapsed":0}"#,
        ]);
        assert!(p.cached && p.verdict == Verdict::Ok);
        let p = ended(&[
            r#"{"Action":"output","Package":"p","Output":"?   \tp\t[no test files]\n"}"#,
            r#"{"Action":"skip","Package":"p","Elapsed":0}"#,
        ]);
        assert_eq!(p.verdict, Verdict::Skipped);
        let p = ended(&[
            r##"{"ImportPath":"p [p.test]","Action":"build-output","Output":"# p [p.test]\n"}"##,
            r#"{"ImportPath":"p [p.test]","Action":"build-output","Output":"./x_test.go:3: undefined: y\n"}"#,
            r#"{"ImportPath":"p [p.test]","Action":"build-fail"}"#,
            r#"{"Action":"start","Package":"p"}"#,
            r#"{"Action":"output","Package":"p","Output":"FAIL\tp [build failed]\n"}"#,
            r#"{"Action":"fail","Package":"p","Elapsed":0,"FailedBuild":"p [p.test]"}"#,
        ]);
        assert_eq!(p.verdict, Verdict::BuildFailed);
        assert_eq!(p.output, "# p [p.test]\n./x_test.go:3: undefined: y\nFAIL\tp [build failed]\n");
    }

    #[test]
    fn a_program_that_died_fails_the_test_that_ran() {
        let mut lines = FAILING.to_vec();
        lines.remove(5);
        let p = ended(&lines);
        assert_eq!((p.tests.len(), p.tests[0].verdict, p.broke_off), (1, Verdict::Failed, true));
    }

    #[test]
    fn the_innermost_failures() {
        let case = |name: &str, verdict| TestCase {
            name: name.to_owned(),
            verdict,
            seconds: 0.0,
            output: String::new(),
            limit: None,
        };
        let mut p = ended(&FAILING);
        p.tests = vec![
            case("TestA", Verdict::Failed),
            case("TestA/x", Verdict::Failed),
            case("TestA/y", Verdict::Ok),
            case("TestAB", Verdict::Failed),
        ];
        assert_eq!(p.failures().map(|t| t.name.as_str()).collect::<Vec<_>>(), ["TestA/x", "TestAB"]);
    }

    #[test]
    fn what_is_no_event_is_handed_on() {
        assert_eq!(read(&["go: downloading x", ""]), [Step::Foreign("go: downloading x".to_owned())]);
    }
}
