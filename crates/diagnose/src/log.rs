//! The first real cause in a log.
//!
//! A log is noise before the cause and consequences after it. Every line that has a sign of a cause is a finding; the
//! cause is the one of the highest rank (what makes others happen), and among equals the first.

use crate::causes::{CAUSES, Cause, company};
use crate::target_words::TargetWords;
use memchr::{memchr, memchr_iter, memrchr};
use regex::bytes::{Captures, Regex, RegexBuilder};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::OnceLock;

/// Bytes of a line that are looked at around a hit; nothing that a person reads is longer.
const LINE: usize = 4096;

/// About how many of them are shown.
const EXCERPT: usize = 300;

/// Findings that are kept of one cause; a log of thousands of the same needs no list of them.
const PER_CAUSE: usize = 100;

/// A fix with what the log says filled in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FilledFix {
    /// A sentence.
    pub text: String,
    /// What to type or write, if there is something.
    pub command: Option<String>,
}

/// A cause that was found.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    /// Which.
    pub id: &'static str,
    /// In a line.
    pub title: &'static str,
    /// Why it happens.
    pub why: &'static str,
    /// Line of the log, from 1.
    pub line: usize,
    /// That line, without colours; of a very long one the part that matters.
    pub excerpt: String,
    /// The target, where the log names one near it: `linux/arm64`.
    pub target: Option<String>,
    /// What the line says: `library`, `header`, `version` …
    pub captured: BTreeMap<String, String>,
    /// What mends it.
    pub fixes: Vec<FilledFix>,
    /// Page of the documentation.
    pub page: String,
    #[serde(skip)]
    rank: u8,
}

/// What a log says.
#[derive(Clone, Debug, Default, Serialize)]
pub struct LogReport {
    /// The cause; none if nothing was recognised.
    pub first: Option<Finding>,
    /// Other causes and consequences, each cause once, in the log's order.
    pub others: Vec<Finding>,
    /// How many lines were read.
    pub lines_read: usize,
}

/// A sign; its expression is compiled when its needle is met, which most never are.
struct Ready {
    cause: &'static Cause,
    pattern: &'static str,
    compiled: OnceLock<Option<Regex>>,
}

impl Ready {
    /// What the pattern captures in a line; none if the line is not meant.
    fn captures(&self, line: &[u8]) -> Option<BTreeMap<String, String>> {
        if self.pattern.is_empty() {
            return Some(BTreeMap::new());
        }
        let regex = self.compiled.get_or_init(|| compile(self.pattern)).as_ref()?;
        let found = regex.captures(line)?;
        let text = |name: &str| found.name(name).map(|v| String::from_utf8_lossy(v.as_bytes()).into_owned());
        Some(regex.capture_names().flatten().filter_map(|n| Some((n.to_owned(), text(n)?))).collect())
    }
}

/// A needle.
struct Word {
    text: &'static [u8],
    /// The signs that have it.
    signs: Vec<Ready>,
    /// Which needles it begins with, itself too.
    beginnings: Vec<usize>,
}

struct Matcher {
    needles: Regex,
    words: Vec<Word>,
    by_text: HashMap<&'static [u8], usize>,
    targets: TargetWords,
    /// What a test says by itself, as `go test -v` prints it, and that a test failed.
    test_says: Regex,
    test_failed: Regex,
    /// What logs wear: colours and cursor movements, links, carriage returns, curly quotes.
    dress: Regex,
}

/// An expression over bytes.
pub(crate) fn compile(pattern: &str) -> Option<Regex> {
    RegexBuilder::new(pattern).unicode(false).build().ok()
}

fn matcher() -> Option<&'static Matcher> {
    static MATCHER: OnceLock<Option<Matcher>> = OnceLock::new();
    MATCHER.get_or_init(build_matcher).as_ref()
}

fn build_matcher() -> Option<Matcher> {
    let mut texts: Vec<&'static str> = CAUSES.iter().flat_map(|c| c.signs).map(|sign| sign.needle).collect();
    // Longer ones first, so that a needle that begins like another is found too.
    texts.sort_by_key(|t| (std::cmp::Reverse(t.len()), *t));
    texts.dedup();
    let alternatives: Vec<String> = texts.iter().map(|t| regex::escape(t)).collect();
    let mut words = vec![];
    for text in &texts {
        let signs = CAUSES
            .iter()
            .flat_map(|cause| cause.signs.iter().map(move |sign| (cause, sign)))
            .filter(|(_, sign)| sign.needle == *text)
            .map(|(cause, sign)| Ready { cause, pattern: sign.pattern, compiled: OnceLock::new() })
            .collect();
        let beginnings = (0..texts.len()).filter(|i| text.starts_with(texts[*i])).collect();
        words.push(Word { text: text.as_bytes(), signs, beginnings });
    }
    Some(Matcher {
        needles: compile(&alternatives.join("|"))?,
        by_text: words.iter().enumerate().map(|(i, w)| (w.text, i)).collect(),
        words,
        targets: TargetWords::new()?,
        test_says: compile(r"\s[\w.-]+_test\.go:\d+: ")?,
        test_failed: compile(r"(?m)--- FAIL: |\bFAIL(?:\s|$)|\bpanic: ")?,
        dress: compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07\x1b\n]*(?:\x07|\x1b\\)|\r|\xe2\x80[\x98\x99]")?,
    })
}

impl Matcher {
    /// The needles that a line has, each once, in its order, and where; they may overlap.
    fn words(&self, line: &[u8]) -> Vec<(&Word, usize)> {
        let (mut out, mut at) = (vec![], 0);
        let mut had: Vec<usize> = vec![];
        while let Some(hit) = self.needles.find_at(line, at) {
            let word = self.by_text.get(hit.as_bytes()).map(|i| &self.words[*i]);
            for i in word.into_iter().flat_map(|w| &w.beginnings) {
                if !had.contains(i) {
                    had.push(*i);
                    out.push((&self.words[*i], hit.start()));
                }
            }
            at = hit.start() + 1;
        }
        out
    }

    /// What a test says is its own affair if all tests pass; tests of tools say terrible things. If one fails it may be
    /// the cause, but what a tool says comes first.
    fn weigh_words_of_tests(&self, log: &[u8], found: &mut Vec<(Finding, usize)>) {
        let mut failed = None;
        found.retain_mut(|(finding, at)| {
            if !self.is_said_by_a_test(log, *at) {
                return true;
            }
            finding.rank /= 2;
            *failed.get_or_insert_with(|| self.test_failed.is_match(log))
        });
    }

    /// Whether a line is a test's, or goes on with what the test says.
    fn is_said_by_a_test(&self, log: &[u8], mut at: usize) -> bool {
        let bound = at.saturating_sub(LINE);
        while at > bound && log[at..].starts_with(b"        ") {
            at = memrchr(b'\n', &log[..at - 1]).map_or(0, |p| p + 1);
        }
        let end = memchr(b'\n', &log[at..]).map_or(log.len(), |p| at + p);
        self.test_says.is_match(&log[at..end.min(at + LINE)])
    }

    /// Every finding with the place of its line.
    fn findings(&self, log: &[u8], lines: &mut LineCounter<'_>) -> Vec<(Finding, usize)> {
        let mut found: Vec<(Finding, usize)> = vec![];
        let mut counts: BTreeMap<&'static str, usize> = BTreeMap::new();
        let mut enough: BTreeSet<&'static str> = BTreeSet::new();
        let (mut start, mut line_start) = (0, 0);
        while let Some(hit) = self.needles.find_at(log, start) {
            if let Some(end) = memrchr(b'\n', &log[start..hit.start()]) {
                line_start = start + end + 1;
            }
            // Of a very long line the part around the hit.
            let to = log.len().min(hit.start() + LINE);
            let to = memchr(b'\n', &log[hit.start()..to]).map_or(to, |p| hit.start() + p);
            let text = &log[line_start.max(hit.start().saturating_sub(LINE))..to];
            let mut seen: Vec<&'static str> = vec![];
            let words = self.words(text);
            for (ready, at) in words.iter().flat_map(|(w, at)| w.signs.iter().map(|s| (s, *at))) {
                if seen.contains(&ready.cause.id) || enough.contains(ready.cause.id) {
                    continue;
                }
                if let Some(captured) = ready.captures(text) {
                    seen.push(ready.cause.id);
                    let count = counts.entry(ready.cause.id).or_default();
                    *count += 1;
                    if *count == PER_CAUSE {
                        enough.insert(ready.cause.id);
                    }
                    let at = (text, at);
                    found.push((finding(ready.cause, lines.of(line_start), at, captured), line_start));
                }
            }
            start = to.max(hit.end());
        }
        found
    }
}

/// Finds the cause in a log: any bytes, colours, several targets interleaved.
pub fn explain_log(log: &[u8]) -> LogReport {
    let Some(m) = matcher() else { return LogReport::default() };
    let plain = m.dress.replace_all(log, |c: &Captures<'_>| {
        // gcc's quotes in a UTF-8 locale.
        if c[0].starts_with(b"\xe2") { b"'".to_vec() } else { vec![] }
    });
    let log = plain.as_ref();
    let mut lines = LineCounter { log, at: 0, line: 1 };
    let mut found = m.findings(log, &mut lines);
    let lines_read = lines.of(log.len()).saturating_sub(usize::from(log.ends_with(b"\n") || log.is_empty()));
    m.weigh_words_of_tests(log, &mut found);
    let ids: BTreeSet<&str> = found.iter().map(|(f, _)| f.id).collect();
    found.retain(|(f, _)| company(f.id).is_none_or(|needed| needed.iter().any(|id| ids.contains(id))));
    let Some(first) =
        found.iter().enumerate().max_by_key(|(i, (f, _))| (f.rank, std::cmp::Reverse(*i))).map(|(i, _)| i)
    else {
        return LogReport { lines_read, ..LogReport::default() };
    };
    let (mut first, at) = found.remove(first);
    first.target = m.targets.near(log, at);
    fill(&mut first);
    let mut others: Vec<Finding> = vec![];
    for (mut f, at) in found {
        if f.id != first.id && !others.iter().any(|o| o.id == f.id) {
            f.target = m.targets.near(log, at);
            fill(&mut f);
            others.push(f);
        }
    }
    LogReport { first: Some(first), others, lines_read }
}

/// A line as a person wants to read it: of a very long one the part around the sign.
fn excerpt(text: &[u8], at: usize) -> String {
    let (from, to) = (at.saturating_sub(EXCERPT / 2), text.len().min(at + EXCERPT));
    let mut out =
        String::from_utf8_lossy(&text[if to > EXCERPT { from } else { 0 }..to]).trim_end().to_owned();
    if to > EXCERPT && from > 0 {
        out.insert_str(0, "… ");
    }
    if to < text.len() {
        out.push_str(" …");
    }
    out
}

fn finding(
    cause: &'static Cause,
    line: usize,
    (text, at): (&[u8], usize),
    captured: BTreeMap<String, String>,
) -> Finding {
    Finding {
        id: cause.id,
        title: cause.title,
        why: cause.why,
        line,
        excerpt: excerpt(text, at),
        target: None,
        captured,
        fixes: cause
            .fixes
            .iter()
            .map(|f| FilledFix {
                text: f.text.to_owned(),
                command: (!f.command.is_empty()).then(|| f.command.to_owned()),
            })
            .collect(),
        page: format!("docs/causes/{}.md", cause.id),
        rank: cause.rank,
    }
}

/// Fills `{library}`, `{target}` and so on; a fix about something that the log does not say keeps the word.
fn fill(finding: &mut Finding) {
    // pkg-config's options, by the names that the go command's variables have.
    if let Some(kind) = finding.captured.get_mut("kind") {
        match kind.as_str() {
            "cflags" => "CFLAGS".clone_into(kind),
            "libs" => "LDFLAGS".clone_into(kind),
            _ => {}
        }
    }
    let target = finding.target.clone();
    let put = |text: &str| {
        let mut out = text.to_owned();
        for (name, value) in &finding.captured {
            out = out.replace(&format!("{{{name}}}"), value);
        }
        out.replace("{target}", target.as_deref().unwrap_or("TARGET"))
    };
    // What a log says is nobody's command: it stays one word of the shell, or of TOML.
    let put_command = |text: &str| {
        let mut out = text.to_owned();
        for (name, value) in &finding.captured {
            let place = format!("{{{name}}}");
            let inner = value.replace('\'', r"'\''");
            let word = match value.chars().all(|c| c.is_ascii_alphanumeric() || "._/+=:@%,-".contains(c)) {
                true => value.clone(),
                false if text.contains('\n') => "…".to_owned(),
                false if text.contains(&format!("'{place}'")) => inner,
                false => format!("'{inner}'"),
            };
            out = out.replace(&place, &word);
        }
        out.replace("{target}", target.as_deref().unwrap_or("TARGET"))
    };
    let fixes: Vec<FilledFix> = finding
        .fixes
        .iter()
        .map(|f| FilledFix { text: put(&f.text), command: f.command.as_deref().map(put_command) })
        .collect();
    finding.fixes = fixes;
}

/// Counts lines as far as it was asked.
struct LineCounter<'l> {
    log: &'l [u8],
    at: usize,
    line: usize,
}

impl LineCounter<'_> {
    fn of(&mut self, position: usize) -> usize {
        self.line += memchr_iter(b'\n', &self.log[self.at..position]).count();
        self.at = position;
        self.line
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_a_log_says_stays_one_word() {
        let log = b"fatal: detected dubious ownership in repository at '/tmp/x;curl evil|sh'";
        let commands: Vec<String> =
            explain_log(log).first.unwrap().fixes.into_iter().filter_map(|f| f.command).collect();
        assert!(commands.iter().any(|c| c.ends_with(" '/tmp/x;curl evil|sh'")), "{commands:?}");
        let log = b"go: invalid flag in pkg-config --libs: -Wl,x;y";
        let fix = explain_log(log).first.unwrap().fixes.remove(0).command.unwrap();
        assert_eq!(fix, "CGO_LDFLAGS_ALLOW='-Wl,x;y' go build");
    }

    #[test]
    fn every_pattern_compiles_and_has_its_needle() {
        assert!(matcher().is_some());
        for cause in CAUSES {
            for sign in cause.signs {
                assert!(compile(sign.pattern).is_some(), "{}: {}", cause.id, sign.pattern);
                assert!(sign.needle.len() >= 3, "{}: `{}` would match anything", cause.id, sign.needle);
            }
        }
    }

    #[test]
    fn the_cause_wins_over_what_follows_from_it() {
        let log = "building linux/amd64\nok\nbuilding linux/arm64\n# runtime/cgo\n\
            \x1b[31mgcc_arm64.S: Assembler messages:\x1b[0m\r\n\
            gcc_arm64.S:30: Error: no such instruction: `stp x29,x30,[sp,'\n\
            collect2: error: ld returned 1 exit status\nmake: *** [all] Error 1\n";
        let report = explain_log(log.as_bytes());
        let first = report.first.unwrap();
        assert_eq!((first.id, first.target.as_deref()), ("host-gcc-foreign-code", Some("linux/arm64")));
        assert!(!first.excerpt.contains('\x1b') && !first.excerpt.contains('\r'), "{:?}", first.excerpt);
        assert!(
            first.fixes.iter().any(|f| f.command.as_deref().is_some_and(|c| c.contains("linux/arm64"))),
            "{first:?}"
        );
        assert_eq!(report.lines_read, 8);
    }

    #[test]
    fn nothing_is_made_up() {
        for log in [&b""[..], b"\n", b"all fine\n", b"\xff\xfe\0\n", b"go: downloading x v1\n"] {
            assert!(explain_log(log).first.is_none(), "{log:?}");
        }
        assert_eq!(explain_log(b"a\nb").lines_read, 2);
    }

    #[test]
    fn what_a_passing_test_says_is_no_cause() {
        let log = "=== RUN   TestCancel\n    exec_test.go:1013: exit status: signal: killed\n        \
            fork/exec /tmp/x/a.test: permission denied\n--- PASS: TestCancel (0.00s)\nPASS\n";
        assert!(explain_log(log.as_bytes()).first.is_none());
        let failed = log.replace("--- PASS", "--- FAIL");
        assert_eq!(explain_log(failed.as_bytes()).first.unwrap().id, "out-of-memory");
        let tool = format!("{failed}ld: cannot find -lpcap\n");
        assert_eq!(explain_log(tool.as_bytes()).first.unwrap().id, "library-missing");
        // The compiler's own word about a test file.
        let compiler = "./exec_test.go:3:23: undefined: answer\n";
        assert_eq!(explain_log(compiler.as_bytes()).first.unwrap().id, "cgo-off-undefined-names");
    }

    #[test]
    fn long_lines_are_shown_in_part() {
        let log =
            format!("gcc {}: error: ld: cannot find -lfoo {}", "-Wl,-x ".repeat(900), "a.o ".repeat(9000));
        let excerpt = explain_log(log.as_bytes()).first.unwrap().excerpt;
        assert!(excerpt.len() < 500 && excerpt.contains("cannot find -lfoo"), "{excerpt}");
        assert!(excerpt.starts_with("… ") && excerpt.ends_with(" …"), "{excerpt}");
        assert_eq!(explain_log(b"ld: cannot find -lfoo\n").first.unwrap().excerpt, "ld: cannot find -lfoo");
    }

    #[test]
    fn a_flood_of_the_same_is_one_finding() {
        let log = "/usr/bin/ld: cannot find -lpcap: No such file or directory\n".repeat(50_000);
        let report = explain_log(log.as_bytes());
        assert_eq!((report.first.unwrap().line, report.others.len(), report.lines_read), (1, 0, 50_000));
    }

    proptest! {
        #[test]
        fn any_bytes(log in proptest::collection::vec(any::<u8>(), 0..2000)) {
            let report = explain_log(&log);
            prop_assert!(report.first.is_none_or(|f| f.line <= report.lines_read));
        }

        #[test]
        fn damaged_logs(cut in 0usize..400, flip in 0usize..400) {
            let mut log = b"x_linux_arm64: exec format error\nversion `GLIBC_2.34' not found\ncannot find -lfoo\nsignal: killed\n".to_vec();
            let n = log.len();
            log[flip % n] ^= 0x55;
            log.truncate(n - cut % n);
            let report = explain_log(&log);
            prop_assert!(report.first.iter().chain(&report.others).all(|f| f.line <= report.lines_read));
        }
    }
}
