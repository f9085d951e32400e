//! The one table of what goferry means to do otherwise than goreleaser.
//!
//! An entry says exactly what becomes of what; one that never applies fails the suite.

use crate::compare::Difference;
use crate::facts::iso;
use serde_json::Value;
use std::sync::atomic::{AtomicBool, Ordering};

/// How a field differs.
#[derive(Debug)]
pub(crate) enum Change {
    /// goreleaser has it, goferry does not.
    Lost,
    /// goferry has it, goreleaser does not.
    Added,
    /// goreleaser's value (a text, or JSON), then goferry's; `*` stands for anything.
    Becomes(&'static str, &'static str),
    /// The time of the run or of a file of the tree becomes the time of the commit.
    CommitTime,
}
use Change::{Added, Becomes, CommitTime, Lost};

/// One deliberate difference; `*` in case and field stands for anything.
pub(crate) struct Deliberate {
    case: &'static str,
    field: &'static str,
    change: Change,
    reason: &'static str,
    used: AtomicBool,
}

const fn entry(case: &'static str, field: &'static str, change: Change, reason: &'static str) -> Deliberate {
    Deliberate { case, field, change, reason, used: AtomicBool::new(false) }
}

const REPRODUCIBLE: &str = "archives are the same bytes for everybody: commit time, owner root";
const NO_COMMIT: &str = "without a repository there is no commit's time, and archives begin in 1970";
const FORGOTTEN: &str = "goreleaser forgets the variant of riscv64 and ppc64le";
const STATED: &str = "every release says how it came to be and what was verified";
const NO_REMOTE: &str = "the commit and its tag count even where there is no remote";
const NATIVE: &str =
    "without any configuration goferry has defaults of its own: matrix, zip for windows, module's name";

const PKGINFO: &str = "it says who made it; nfpm 2.48 lists what is suggested too, 2.45 did not";
const OWNERS: &str = "owners by name, of files as of folders";
const LINTIAN: &str = "lintian's overrides are written into the package, not into dist first";

static DELIBERATE: [Deliberate; 60] = [
    entry("source-*", "dist/*.bkp", Lost, "goreleaser forgets a copy of the archive in dist"),
    entry(
        "source-t*",
        "archives/*/comment",
        Lost,
        "git's own note of the commit, which metadata.json says too",
    ),
    entry(
        "source-zip",
        "archives/*/members/*/mode",
        Becomes("0", "775"),
        "goreleaser loses the modes of folders in zip",
    ),
    entry(
        "source-zip",
        "archives/*/members/*/mtime",
        Becomes("epoch", "*"),
        "goreleaser loses the times in zip",
    ),
    entry(
        "source-zip",
        "archives/*/members/*/method",
        Becomes("store", "deflate"),
        "goreleaser forgets to compress",
    ),
    entry(
        "source-archive",
        "archives/*/comment",
        Lost,
        "git's own note of the commit, which metadata.json says too",
    ),
    entry("*", "dist/config.yaml", Lost, "goferry says what it understood in goferry.json"),
    entry("*", "dist/goferry.json", Added, "how each binary was verified"),
    entry("*", "dist/*.provenance.json", Added, STATED),
    entry("*", "dist/*.vsa.json", Added, STATED),
    entry("*", "artifacts/*.provenance.json*", Added, STATED),
    entry("*", "artifacts/*.vsa.json*", Added, STATED),
    entry("*", "archives/*/members/*/mtime", CommitTime, REPRODUCIBLE),
    entry("*", "archives/*/members/*/uid", Becomes("caller", "0"), REPRODUCIBLE),
    entry("*", "archives/*/members/*/gid", Becomes("caller", "0"), REPRODUCIBLE),
    entry("*", "archives/*/members/*/uname", Becomes("caller", "root"), REPRODUCIBLE),
    entry("*", "archives/*/members/*/gname", Becomes("caller", "root"), REPRODUCIBLE),
    entry(
        "archive-files",
        "archives/*.tar.gz/members/LICENSE-not/mtime",
        Becomes("2021-03-04T05:06:08Z", "2021-03-04T05:06:07Z"),
        "goreleaser rounds half a second in tar and cuts it in zip; one time everywhere",
    ),
    entry(
        "archive-files",
        "archives/*/members/archive-files/mtime",
        Becomes("now", "2020-02-02T02:02:02Z"),
        "goreleaser forgets builds_info.mtime",
    ),
    entry("no-git-snapshot", "archives/*/mtime", Becomes("source", "epoch"), NO_COMMIT),
    entry("no-git-snapshot", "archives/*/mtime", Becomes("now", "epoch"), NO_COMMIT),
    entry("matrix-*", "artifacts/*/goriscv64", Added, FORGOTTEN),
    entry("targets-list", "artifacts/*/goriscv64", Added, FORGOTTEN),
    entry("matrix-named", "artifacts/*/goppc64", Added, FORGOTTEN),
    entry("targets-list", "artifacts/*/goppc64", Added, FORGOTTEN),
    entry("gomod-proxy", "dist/proxy*", Lost, "goreleaser's scratch module; goferry's is not in dist"),
    entry("universal-none", "dist/universal-none_darwin_all", Lost, "an empty folder of nothing"),
    entry("matrix-named", "*-ppc64le.tar.gz*", Lost, FORGOTTEN),
    entry("matrix-named", "*-riscv64.tar.gz*", Lost, FORGOTTEN),
    entry("matrix-named", "*-ppc64lepower9.tar.gz*", Added, FORGOTTEN),
    entry("matrix-named", "*-riscv64rva22u64.tar.gz*", Added, FORGOTTEN),
    entry(
        "matrix-named",
        "checksums/*",
        Becomes("[*-ppc64le.tar.gz*-riscv64.tar.gz*]", "[*-ppc64lepower9.tar.gz*-riscv64rva22u64.tar.gz*]"),
        FORGOTTEN,
    ),
    entry("no-remote-snapshot", "*_0.0.0-SNAPSHOT-none_*", Lost, NO_REMOTE),
    entry("no-remote-snapshot", "*_1.2.3-SNAPSHOT-d771615_*", Added, NO_REMOTE),
    entry("no-remote-snapshot", "metadata/commit", Becomes("none", "d771615*"), NO_REMOTE),
    entry("no-remote-snapshot", "metadata/tag", Becomes("v0.0.0", "v1.2.3"), NO_REMOTE),
    entry(
        "no-remote-snapshot",
        "metadata/version",
        Becomes("0.0.0-SNAPSHOT-none", "1.2.3-SNAPSHOT-d771615"),
        NO_REMOTE,
    ),
    entry(
        "no-remote-snapshot",
        "stdout/*/stdout",
        Becomes("*\nCommit=none\n*", "*\nCommit=d77161506593961523aef82ecb7f42a07785b162\n*"),
        NO_REMOTE,
    ),
    entry("nfpms*", "archives/*.pkg.tar.zst/members/.PKGINFO/s*", Becomes("*", "*"), PKGINFO),
    entry("nfpms*", "archives/*.pkg.tar.zst/members/*/uname", Becomes("", "root"), OWNERS),
    entry("nfpms*", "archives/*.pkg.tar.zst/members/*/gname", Becomes("", "root"), OWNERS),
    entry(
        "nfpms-conventional",
        "archives/*.pkg.tar.zst/members/etc/tiny.conf/uname",
        Becomes("", "nobody"),
        OWNERS,
    ),
    entry(
        "nfpms-conventional",
        "archives/*.pkg.tar.zst/members/etc/tiny.conf/gname",
        Becomes("", "nogroup"),
        OWNERS,
    ),
    entry(
        "nfpms-conventional",
        "archives/*.pkg.tar.zst/members/*/mode",
        Becomes("0", "777"),
        "a link that nobody may follow, for who looks at its mode",
    ),
    entry(
        "nfpms-conventional",
        "archives/*.pkg.tar.zst/members/*/mode",
        Becomes("20000000755", "755"),
        "a bit of Go's own that means nothing in tar",
    ),
    entry(
        "nfpms-conventional",
        "archives/*.pkg.tar.zst/members/*/mtime",
        Becomes("source", "2020-02-02T02:02:02Z"),
        "mtime holds for the files of a tree too",
    ),
    entry(
        "nfpms",
        "archives/*.pkg.tar.zst/members/*/mtime",
        Becomes("epoch", "2024-01-02T03:04:05Z"),
        REPRODUCIBLE,
    ),
    entry(
        "nfpms-conventional",
        "artifacts/Linux Package *.deb (*)/extra/Files",
        Becomes("[*/lintian\"*]", "[*lintian/overrides*]"),
        LINTIAN,
    ),
    entry("nfpms-conventional", "dist/deb*", Lost, LINTIAN),
    entry("no-config", "metadata/project_name", Becomes("no-config", "tiny"), NATIVE),
    entry("no-config", "*", Lost, NATIVE),
    entry("no-config", "*", Added, NATIVE),
    entry(
        "check-deprecated",
        "exit",
        Becomes("refused", "done"),
        "old spellings work: check warns and exits with 0",
    ),
    entry("metadata-pro", "exit", Becomes("refused", "done"), "Pro keys that only describe are known"),
    entry(
        "fail-pro-release",
        "exit",
        Becomes("refused", "done"),
        "Pro keys are known; nightly means nothing without --nightly",
    ),
    entry(
        "fail-no-remote",
        "exit",
        Becomes("refused", "done"),
        "nothing is published, so no remote is needed",
    ),
    entry("fail-archive-xz", "exit", Becomes("refused", "done"), "bare xz is a format of later versions"),
    entry(
        "fail-before-hooks-mapping",
        "exit",
        Becomes("refused", "done"),
        "hooks may be mappings everywhere, as in Pro",
    ),
    entry("fail-build-hook-mapping", "exit", Becomes("refused", "done"), "one hook need not stand in a list"),
    entry(
        "upx-missing",
        "exit",
        Becomes("done", "refused"),
        "goreleaser ships the program unpacked and warns; goferry makes what is configured or nothing",
    ),
];

/// Whether the table knows the difference.
pub(crate) fn is_deliberate(case: &str, d: &Difference, commit_time: i64) -> bool {
    let mut known = false;
    for e in DELIBERATE.iter().filter(|e| like(e.case, case) && like(e.field, &d.field)) {
        let (golden, ours) = (d.golden.as_ref(), d.ours.as_ref());
        let applies = match e.change {
            Lost => ours.is_none(),
            Added => golden.is_none(),
            Becomes(from, to) => like(from, &shown(golden)) && like(to, &shown(ours)),
            CommitTime => {
                matches!(shown(golden).as_str(), "source" | "now") && shown(ours) == iso(commit_time)
            }
        };
        if applies {
            e.used.store(true, Ordering::Relaxed);
            known = true;
        }
    }
    known
}

/// Entries that no case needed.
pub(crate) fn dead() -> Vec<String> {
    let dead = DELIBERATE.iter().filter(|e| !e.used.load(Ordering::Relaxed));
    dead.map(|e| format!("{} {} {:?}: {}", e.case, e.field, e.change, e.reason)).collect()
}

/// A value as the table writes it: a text as it is, everything else as JSON.
pub(crate) fn shown(value: Option<&Value>) -> String {
    match value {
        None => "(none)".to_owned(),
        Some(Value::String(s)) => s.clone(),
        Some(v) => v.to_string(),
    }
}

/// Whether `text` has the pattern's pieces in their order, beginning with the first and ending with the last.
fn like(pattern: &str, text: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(text) = text.strip_prefix(head) else { return false };
    (0..=text.len()).filter(|i| text.is_char_boundary(*i)).any(|i| like(rest, &text[i..]))
}
