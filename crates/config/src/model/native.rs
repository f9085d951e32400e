//! What goferry.toml has words for and goreleaser has not: `[verify]`, `[toolchain]`, `[sysroot]`.

use super::Text;
use serde::Serialize;
use std::collections::BTreeMap;

/// How strictly programs must be isolated while they are verified.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum IsolationRule {
    /// Namespaces where the host allows them; otherwise the record says why not.
    #[default]
    Preferred,
    /// Exit 5 where the host refuses namespaces.
    Required,
    /// Never.
    Off,
}

/// `[verify]` of goferry.toml.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Verify {
    /// `isolation`: preferred, required or off.
    pub isolation: IsolationRule,
    /// `timeout`: seconds an artifact may run, default 10.
    pub timeout_seconds: Option<u64>,
    /// `memory`: bytes an artifact may use.
    pub memory_bytes: Option<u64>,
    /// `args`: arguments of the run; without them `--version`, then `--help`.
    pub args: Option<Vec<Text>>,
    /// `expect`: regular expression (template) that the output must match.
    pub expect: Option<Text>,
    /// `skip`: target patterns (`linux/mips*`) whose run is skipped by the user, a waiver of class skipped-by-user.
    pub skip: Vec<Text>,
    /// `[[verify.binary]]`: the same for one build id.
    pub binaries: Vec<VerifyBinary>,
    /// `glibc`: the newest glibc that a program may need, as `2.31` or `2.2.5`.
    pub glibc: Option<String>,
    /// `allow`: waiver classes that a publish accepts besides `no-runner` and `not-ours`.
    pub allow: Vec<Text>,
}

/// One item of `[[verify.binary]]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct VerifyBinary {
    /// Build id.
    pub id: Text,
    /// As in [`Verify::args`].
    pub args: Option<Vec<Text>>,
    /// As in [`Verify::expect`].
    pub expect: Option<Text>,
}

/// Which C compiler cgo targets use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CProvider {
    /// The cross gcc on PATH, else the distribution's, else zig.
    #[default]
    Auto,
    /// A cross gcc.
    Gcc,
    /// zig.
    Zig,
}

/// The C library of Linux targets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CLibrary {
    /// glibc.
    #[default]
    Gnu,
    /// musl, linked statically.
    Musl,
}

/// How cgo programs are linked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CLinking {
    /// As the C compiler does by default.
    #[default]
    Dynamic,
    /// Without libgcc_s as a shared library.
    StaticLibgcc,
    /// Without any shared library.
    Static,
}

/// What `[toolchain]` says of a target; [`Toolchain::of`] combines it with what it says of all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ToolchainTarget {
    /// `cc`.
    pub cc: Option<CProvider>,
    /// `libc`.
    pub libc: Option<CLibrary>,
    /// `glibc`: major and minor version.
    pub glibc: Option<(u32, u32)>,
    /// `link`.
    pub link: Option<CLinking>,
    /// `sdk`: a folder, relative to the project.
    pub sdk: Option<String>,
    /// `suite`: the distribution's suite that the cross gcc comes from.
    pub suite: Option<String>,
}

/// `[toolchain]` of goferry.toml.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Toolchain {
    /// For every cgo target.
    pub all: ToolchainTarget,
    /// `fetch`: false leaves missing compilers and emulators missing.
    pub fetch: bool,
    /// `qemu`: the suite that qemu-user comes from.
    pub qemu: Option<String>,
    /// `[toolchain.target."linux/arm64"]`.
    pub targets: BTreeMap<String, ToolchainTarget>,
}

impl Default for Toolchain {
    fn default() -> Self {
        Toolchain { all: ToolchainTarget::default(), fetch: true, qemu: None, targets: BTreeMap::new() }
    }
}

impl Toolchain {
    /// What is configured for a target, written as `linux/arm64`.
    pub fn of(&self, target: &str) -> ToolchainTarget {
        let own = self.targets.get(target).cloned().unwrap_or_default();
        ToolchainTarget {
            cc: own.cc.or(self.all.cc),
            libc: own.libc.or(self.all.libc),
            glibc: own.glibc.or(self.all.glibc),
            link: own.link.or(self.all.link),
            sdk: own.sdk.or_else(|| self.all.sdk.clone()),
            suite: own.suite.or_else(|| self.all.suite.clone()),
        }
    }
}

/// `[sysroot]` of goferry.toml.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Sysroot {
    /// `packages`, for every cgo target that runs Linux.
    pub packages: Vec<Text>,
    /// `suite`.
    pub suite: Option<Text>,
    /// `[sysroot.target."linux/arm64"]`: further packages, and a suite.
    pub targets: BTreeMap<String, (Vec<Text>, Option<Text>)>,
}

impl Sysroot {
    /// Packages and suite of a target, written as `linux/arm64`.
    pub fn of(&self, target: &str) -> (Vec<String>, Option<String>) {
        let own = self.targets.get(target);
        let more = own.map(|o| o.0.as_slice()).unwrap_or_default();
        let mut packages: Vec<String> = self.packages.iter().chain(more).map(|t| t.value.clone()).collect();
        packages.sort();
        packages.dedup();
        let suite = own.and_then(|o| o.1.as_ref()).or(self.suite.as_ref());
        (packages, suite.map(|t| t.value.clone()))
    }
}
