//! The machine: Go's installation and its env file, variables that nothing reads, binfmt_misc, isolation, room.

use crate::session::Session;
use goferry_emulate::binfmt::{Registered, Table};
use goferry_proc::sandbox::{self, Isolation};
use goferry_report::{Code, Diagnostic, Diagnostics, Label};
use goferry_toolchain::go::{Go, GoIdentity};
use serde::Serialize;
use std::path::Path;

/// Less room than this for the cache or for temporary files is a problem: a cross gcc and a Go build cache.
const LEAST_DISK: u64 = 2 << 30;
/// Less memory than this stops linkers of larger programs.
const LEAST_MEMORY: u64 = 1 << 30;

/// An entry of binfmt_misc.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BinfmtEntry {
    /// `qemu-aarch64`.
    pub name: String,
    /// Whether it is on.
    pub enabled: bool,
    /// Its program.
    pub interpreter: String,
    /// As the kernel prints them: O open-binary, C credentials, P preserve-argv0, F fix-binary.
    pub flags: String,
}

/// The machine.
#[derive(Clone, Debug, Default, Serialize)]
pub struct HostCheck {
    /// `linux/amd64`.
    pub platform: String,
    /// The go command's version; none if there is none.
    pub go: Option<String>,
    /// `namespaces`, or why not.
    pub isolation: String,
    /// Emulators that the kernel knows.
    pub binfmt: Vec<BinfmtEntry>,
    /// Free bytes where fetched tools and Go's cache are.
    pub disk_free: Option<u64>,
    /// Bytes of memory that new processes can use.
    pub memory: Option<u64>,
}

pub(super) fn examine(session: &Session, problems: &mut Diagnostics) -> HostCheck {
    let mut check = HostCheck { platform: crate::host_target().to_string(), ..HostCheck::default() };
    let path = session.path();
    match Go::find(path.as_ref(), &session.cwd) {
        Err(d) => problems.push(*d),
        Ok(go) => match Go::identify_without_running(&go, &session.cwd) {
            Err(e) => problems.push(
                Diagnostic::error(Code::GoMissing, format!("the go command at {}: {e}", go.display()))
                    .hint("install Go again; a wrapper script or a copied binary has no GOROOT beside it"),
            ),
            Ok(identity) => {
                check.go = Some(identity.go_version().text);
                installation(&identity, problems);
                env_file(&identity, problems);
                version(&identity, problems);
            }
        },
    }
    dead_variables(session, problems);
    check.isolation = match sandbox::probe() {
        Isolation::Namespaces => "namespaces".to_owned(),
        Isolation::None { why } => format!("none: {why}"),
    };
    check.binfmt = binfmt(Path::new("/proc/sys/fs/binfmt_misc"), problems);
    room(session, &mut check, problems);
    check
}

/// Go's compiled-in compiler names, which a recipe that makes the rounds tells people to edit.
fn installation(go: &GoIdentity, problems: &mut Diagnostics) {
    for file in ["src/cmd/cgo/zdefaultcc.go", "src/cmd/go/internal/cfg/zdefaultcc.go"] {
        let path = go.goroot.join(file);
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        if let Some((n, line)) = own_cases(&text) {
            let message =
                "Go's table of default C compilers was changed: builds here differ from everybody else's";
            let number = u32::try_from(n + 1).unwrap_or(0);
            let label =
                Label { excerpt: Some(line.to_owned()), ..Label::at(path.display().to_string(), number, 1) };
            problems.push(
                Diagnostic::warning(Code::GoInstallModified, message)
                    .label(label)
                    .hint("the file alone changes nothing: the go command was built with the table; install Go anew")
                    .hint_with("and let the compiler be chosen for each target", "goferry toolchain env TARGET"),
            );
        }
    }
}

/// The first line of the `goos/goarch` switch that a release of Go does not have.
fn own_cases(text: &str) -> Option<(usize, &str)> {
    let mut inside = false;
    for (n, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.starts_with("switch goos") && line.contains("goarch") {
            inside = true;
        } else if inside && line == "}" {
            inside = false;
        } else if inside && line.starts_with("case ") {
            return Some((n, line));
        }
    }
    None
}

/// Settings of `go env -w` that change builds without a trace in the project.
fn env_file(go: &GoIdentity, problems: &mut Diagnostics) {
    let Some(file) = &go.env_file else { return };
    for (n, line) in go.env_file_text.lines().enumerate() {
        let Some((name, value)) = line.split_once('=') else { continue };
        let effect = match name.trim() {
            "GOFLAGS" if value.contains("-buildvcs=false") => "no version is stamped into binaries",
            "GOFLAGS" if value.contains("-mod=") => "every build resolves modules in that way",
            "GOFLAGS" => "every build has these flags",
            "GOTOOLCHAIN" if value == "local" => "modules that need a newer Go fail instead of fetching it",
            "GOTOOLCHAIN" => "another Go than the installed one may run",
            "GOOS" | "GOARCH" | "GOARM" | "GOAMD64" | "GOARM64" | "GOMIPS" | "GOMIPS64" => {
                "plain `go build` makes programs for another target"
            }
            "CC" | "CXX" | "AR" | "PKG_CONFIG" => "every cgo build uses it, whatever the target",
            "CGO_ENABLED" => "cgo is forced on or off for every target",
            n if n.starts_with("CGO_") => "every cgo build has these flags",
            "GOEXPERIMENT" => "the toolchain behaves unlike a release",
            _ => continue,
        };
        let number = u32::try_from(n + 1).unwrap_or(0);
        let label =
            Label { excerpt: Some(line.to_owned()), ..Label::at(file.display().to_string(), number, 1) };
        problems.push(
            Diagnostic::warning(
                Code::GoEnvFile,
                format!("{} is set in Go's env file: {effect}", name.trim()),
            )
            .label(label)
            .hint_with("to remove it", format!("go env -u {}", name.trim()))
            .hint_with("to ignore the file once", "GOENV=off"),
        );
    }
}

/// A project that wants a newer Go where none may be fetched.
fn version(go: &GoIdentity, problems: &mut Diagnostics) {
    // With GOTOOLCHAIN=local the toolchain line is not looked at.
    let only_line = go.toolchain_line.is_empty() || go.gotoolchain == "local";
    let wanted = if only_line { &go.go_line } else { &go.toolchain_line };
    let number = wanted.trim_start_matches("go");
    let has = go.go_version();
    if let (Some(needs), Some(have)) = (release(number), release(has.text.trim_start_matches("go")))
        && needs > have
    {
        let message = format!("the module wants Go {number}, and {} is installed", has.text);
        problems.push(match go.gotoolchain.as_str() {
            "local" => {
                Diagnostic::error(Code::GoTooOld, message + "; GOTOOLCHAIN=local forbids fetching another")
                    .hint_with("allow it", "GOTOOLCHAIN=auto")
            }
            _ => Diagnostic::note(Code::GoTooOld, message + "; the go command fetches it when it builds"),
        });
    }
}

/// What such a variable names: a machine as gcc, Go or Rust call it.
const MACHINES: [&str; 24] = [
    "aarch64",
    "arm64",
    "arm",
    "armv5te",
    "armv6",
    "armv7",
    "x86",
    "amd64",
    "i386",
    "i586",
    "i686",
    "386",
    "mips",
    "mipsel",
    "mipsle",
    "mips64",
    "mips64el",
    "mips64le",
    "powerpc64le",
    "ppc64le",
    "riscv64",
    "riscv64gc",
    "s390x",
    "loong64",
];

/// `1.26.8` as numbers, `1.27` and `1.27rc1` as the first of their minor version.
fn release(text: &str) -> Option<(u32, u32)> {
    let mut parts = text.strip_prefix("1.")?.split('.');
    let digits = |s: &str| s.chars().take_while(char::is_ascii_digit).collect::<String>().parse().ok();
    let minor = digits(parts.next()?)?;
    Some((minor, parts.next().and_then(digits).unwrap_or(0)))
}

/// `CC_aarch64_linux_gnu` and its kin, which many recipes set and nothing in Go reads.
fn dead_variables(session: &Session, problems: &mut Diagnostics) {
    for name in session.env.keys() {
        let Some((tool, rest)) = name.split_once('_').filter(|(t, _)| ["CC", "CXX", "AR"].contains(t)) else {
            continue;
        };
        // Others have variables that begin so, some with secrets (CC_TEST_REPORTER_ID): no value is printed.
        let words = rest.to_ascii_lowercase();
        if words.split('_').any(|w| MACHINES.contains(&w)) {
            problems.push(
                Diagnostic::warning(
                    Code::DeadVariable,
                    format!("{name} is set, and the go command does not read it"),
                )
                .hint_with("for one build", format!("{tool}=\"${name}\" go build …"))
                .hint("goferry chooses the compiler by itself; the variable can go"),
            );
        }
    }
}

/// What the kernel starts emulators for.
fn binfmt(dir: &Path, problems: &mut Diagnostics) -> Vec<BinfmtEntry> {
    let mut out: Vec<BinfmtEntry> = Table::read(dir).entries.iter().map(BinfmtEntry::of).collect();
    out.sort_by(|a, b| a.name.cmp(&b.name));
    for e in out.iter().filter(|e| e.enabled && e.name.starts_with("qemu-")) {
        let fixed = e.flags.contains('F');
        if !fixed && !Path::new(&e.interpreter).exists() {
            problems.push(
                Diagnostic::warning(
                    Code::BinfmtBroken,
                    format!("binfmt_misc starts {} for {}, which does not exist", e.interpreter, e.name),
                )
                .hint_with(
                    "to take the entry out",
                    format!("echo -1 | sudo tee {}/{}", dir.display(), e.name),
                )
                .hint("goferry calls its emulators directly and needs no entry"),
            );
        } else if !fixed {
            problems.push(
                Diagnostic::note(
                    Code::BinfmtBroken,
                    format!(
                        "{} is registered without F: inside a chroot or a container it is not found",
                        e.name
                    ),
                )
                .hint_with("to register it anew", "sudo systemctl restart binfmt-support"),
            );
        }
    }
    out
}

impl BinfmtEntry {
    fn of(e: &Registered) -> BinfmtEntry {
        BinfmtEntry {
            name: e.name.clone(),
            enabled: e.enabled,
            interpreter: e.interpreter.display().to_string(),
            flags: e.flags.clone(),
        }
    }
}

fn room(session: &Session, check: &mut HostCheck, problems: &mut Diagnostics) {
    let cache = session.tools.clone().unwrap_or_else(std::env::temp_dir);
    let existing = |p: &Path| p.ancestors().find(|a| a.is_dir()).map(Path::to_owned);
    let free = |p: &Path| existing(p).and_then(|p| goferry_proc::free_disk(&p));
    check.disk_free = free(&cache);
    for (what, dir) in [("the cache", cache), ("temporary files", std::env::temp_dir())] {
        let Some(bytes) = free(&dir).filter(|b| *b < LEAST_DISK) else { continue };
        let message = format!("{} are left for {what} in {}", crate::size(bytes), dir.display());
        problems.push(
            Diagnostic::warning(Code::LowDisk, message)
                .hint_with("goferry's own cache can be emptied", "goferry cache clean --tools")
                .hint_with("Go's too", "go clean -cache"),
        );
    }
    check.memory = goferry_proc::available_memory();
    if let Some(bytes) = check.memory.filter(|b| *b < LEAST_MEMORY) {
        let message =
            format!("{} of memory are free; linkers of larger programs want more", crate::size(bytes));
        problems.push(
            Diagnostic::warning(Code::LowMemory, message)
                .hint_with("one step at a time", "goferry release -p 1"),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_table_is_noticed() {
        let released =
            "switch goos+`/`+goarch {\n}\nswitch goos {\ncase \"darwin\":\n\treturn \"clang\"\n}\n";
        assert_eq!(own_cases(released), None);
        let changed = released.replacen("{\n}", "{\n\tcase `linux/arm64`:\n\t\treturn `x-gcc`\n}", 1);
        assert_eq!(own_cases(&changed), Some((1, "case `linux/arm64`:")));
    }

    #[test]
    fn versions_of_go() {
        assert!(release("1.26.89") > release("1.26.8"));
        assert!(release("1.27") > release("1.26.8"));
        assert_eq!((release("1.27rc1"), release("devel")), (Some((27, 0)), None));
    }

    #[test]
    fn binfmt_entries() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(
            dir.path().join("qemu-mips"),
            "enabled\ninterpreter /no/such/qemu\nflags: \nextension .x\n",
        )
        .unwrap();
        std::fs::write(dir.path().join("status"), "enabled\n").unwrap();
        let mut problems = Diagnostics::default();
        assert_eq!(binfmt(dir.path(), &mut problems).len(), 1);
        assert_eq!(problems.list[0].code, Code::BinfmtBroken);
        assert!(problems.list[0].message.contains("/no/such/qemu"));
    }
}
