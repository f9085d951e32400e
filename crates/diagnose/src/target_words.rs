//! Which target a log talks about: `linux/arm64`, `GOOS=linux GOARCH=arm64`, `aarch64-linux-gnu-gcc`, `qemu-aarch64` …

use goferry_target::GoTarget;
use regex::bytes::{Captures, Regex};
use std::collections::BTreeMap;

/// How far before a line its target is looked for.
const BEFORE: usize = 8192;

/// How far into a line.
const LINE: usize = 4096;

/// The words that name targets.
pub(crate) struct TargetWords {
    words: Regex,
    /// Triples of C compilers, zig's names, qemu's names.
    others: BTreeMap<String, String>,
}

impl TargetWords {
    /// Their table; none only if an expression were wrong, which a test excludes.
    pub(crate) fn new() -> Option<TargetWords> {
        let mut others = BTreeMap::new();
        for t in GoTarget::all() {
            let facts = t.facts()?;
            let qemu = facts.qemu.map(|q| format!("qemu-{q}"));
            let names = [facts.gnu_triple.map(str::to_owned), facts.zig_triple.map(str::to_owned), qemu];
            for name in names.into_iter().flatten() {
                others.entry(name).or_insert_with(|| format!("{}/{}", t.os, t.arch.goarch()));
            }
        }
        let os = "aix|android|darwin|dragonfly|freebsd|illumos|ios|js|linux|netbsd|openbsd|plan9|solaris|wasip1|windows";
        let arch = "386|amd64|arm64|arm|loong64|mips64le|mips64|mipsle|mips|ppc64le|ppc64|riscv64|s390x|wasm";
        let words = super::log::compile(&format!(
            // Go's own tools are the host's.
            r#"(?x) pkg/tool/\w+
            | \bGOOS=["']?(?P<os1>{os})\b .{{0,80}}? \bGOARCH=["']?(?P<arch1>{arch})\b
            | \bGOARCH=["']?(?P<arch2>{arch})\b .{{0,80}}? \bGOOS=["']?(?P<os2>{os})\b
            | (?:^|[^A-Za-z0-9])(?P<os3>{os})[/_](?P<arch3>{arch})(?:/(?P<variant>v?[0-9][a-z0-9.]*))?\b
            | \b(?P<triple>\w+-[\w-]+)-(?:gcc|g\+\+|ld|as|clang)\b
            | -target\ (?P<zig>\w+-\w+(?:-\w+)?)
            | \b(?P<qemu>qemu-\w+)
            | /(?:usr|gcc-cross)/(?P<folder>\w+-linux-\w+)/
            | \btarget\ architecture\ (?P<llvm>\w+)
            | \bgcc_(?P<file>arm64|arm|loong64|riscv64|s390x)\.S:"#
        ))?;
        Some(TargetWords { words, others })
    }

    fn target(&self, found: &Captures<'_>) -> Option<String> {
        let part = |name| found.name(name).map(|p| String::from_utf8_lossy(p.as_bytes()).into_owned());
        for (os, arch) in [("os1", "arch1"), ("os2", "arch2"), ("os3", "arch3")] {
            if let (Some(os), Some(arch)) = (part(os), part(arch)) {
                let variant = part("variant").map(|v| format!("/{v}")).unwrap_or_default();
                return Some(format!("{os}/{arch}{variant}"));
            }
        }
        if let Some(arch) = part("file") {
            // runtime/cgo's assembly; other systems of these processors have no compiler on Linux by accident.
            return Some(format!("linux/{arch}"));
        }
        let llvm = part("llvm").map(|l| format!("qemu-{l}"));
        let name = ["triple", "zig", "qemu", "folder"].into_iter().find_map(part).or(llvm)?;
        self.others.get(&name).cloned()
    }

    /// The target that the line from `from` on names, or the last one that lines before it name.
    pub(crate) fn near(&self, log: &[u8], from: usize) -> Option<String> {
        let end = log[from..].iter().position(|b| *b == b'\n').map_or(log.len(), |p| from + p);
        let own = self.words.captures_iter(&log[from..end.min(from + LINE)]).find_map(|c| self.target(&c));
        let before = from.saturating_sub(BEFORE);
        own.or_else(|| self.words.captures_iter(&log[before..from]).filter_map(|c| self.target(&c)).last())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_ways_to_name_a_target() {
        let words = TargetWords::new().unwrap();
        for (line, target) in [
            ("dist/app_linux_arm64/app: exec format error", Some("linux/arm64")),
            ("failed to build for linux/arm/v7: exit status 1", Some("linux/arm/v7")),
            ("+ GOOS=linux CGO_ENABLED=1 GOARCH=mips64le go build", Some("linux/mips64le")),
            ("GOARCH=\"arm64\" GOOS=\"darwin\" go build", Some("darwin/arm64")),
            ("link: running riscv64-linux-gnu-gcc failed: exit status 1", Some("linux/riscv64")),
            ("qemu-mips64el-static: Could not open '/lib64/ld.so.1'", Some("linux/mips64le")),
            ("zig cc -target aarch64-linux-gnu.2.28 -m64", Some("linux/arm64")),
            ("gcc_arm64.S:30: Error: no such instruction", Some("linux/arm64")),
            ("/usr/local/go/pkg/tool/linux_amd64/link: running gcc failed", None),
            ("/usr/mips64el-linux-gnuabi64/include/gnu/stubs.h:32:11: fatal error:", Some("linux/mips64le")),
            ("error: target architecture mips64el has no LLVM CPU feature", Some("linux/mips64le")),
            ("/usr/lib/gcc/x86_64-linux-gnu/12/crt1.o", None),
            ("alinux/arm64", None),
            ("apt-get install qemu-user-static", None),
        ] {
            assert_eq!(words.near(line.as_bytes(), 0).as_deref(), target, "{line}");
        }
    }

    #[test]
    fn the_last_one_before() {
        let log = b"for linux/amd64\nfor linux/arm64\nld: cannot find -lz\nfor linux/386\n";
        let at = log.windows(3).position(|w| w == b"ld:").unwrap();
        assert_eq!(TargetWords::new().unwrap().near(log, at).as_deref(), Some("linux/arm64"));
    }
}
