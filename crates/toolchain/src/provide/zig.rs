//! zig as C compiler: from PATH or its Python wheel.

use super::apt;
use super::decide::Source;
use super::sources::Distribution;
use super::{Decision, Fetcher, Libc, LockEntry, Provided, Wanted, store, wheel};
use crate::cc::CcProvider;
use crate::shim::{self, Shim, Tool};
use goferry_proc::find_program;
use goferry_report::{Code, Diagnostic};
use goferry_target::{Arch, Arm, Float, GoTarget, Os};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The project on PyPI, and the version that the rules of the shims were tried with.
const WHEEL: (&str, &str) = ("ziglang", ZIG_VERSION);

/// See [`WHEEL`].
pub(super) const ZIG_VERSION: &str = "0.17.1";

/// zig's name of a target with its C library: `aarch64-linux-gnu.2.17`, `x86_64-linux-musl`.
pub(super) fn target_name(wanted: &Wanted) -> Option<String> {
    let t = wanted.target;
    let base = match (t.os, t.arch) {
        (Os::Linux, Arch::Arm(arm)) => {
            // zig's own ending for the float ABI.
            let soft = arm.float() == Float::Softfloat;
            if soft { "arm-linux-gnueabi".to_owned() } else { "arm-linux-gnueabihf".to_owned() }
        }
        // Its facts name the triple of hard float.
        (Os::Linux, Arch::Mips(Float::Softfloat)) => "mips-linux-gnueabi".to_owned(),
        (Os::Linux, Arch::Mipsle(Float::Softfloat)) => "mipsel-linux-gnueabi".to_owned(),
        (Os::Linux, Arch::Mips64(Float::Softfloat) | Arch::Mips64le(Float::Softfloat)) => return None,
        _ => t.facts()?.zig_triple?.to_owned(),
    };
    Some(match wanted.zig_libc() {
        _ if t.os != Os::Linux => base,
        Libc::Gnu { floor: Some((a, b)) } => format!("{base}.{a}.{b}"),
        Libc::Gnu { floor: None } | Libc::Open => base,
        Libc::Musl => {
            let (stem, abi) = base.rsplit_once('-')?;
            // The ending after `gnu` is the float ABI's, and the same with musl; 64-bit MIPS has its own word.
            format!("{stem}-musl{}", abi.trim_start_matches("gnu"))
        }
    })
}

/// The least processor that the target promises.
fn processor(t: GoTarget) -> Option<&'static str> {
    Some(match t.arch {
        Arch::Arm(Arm { version: 5, .. }) => "arm926ej_s",
        Arch::Arm(Arm { version: 6, .. }) => "arm1176jzf_s",
        Arch::Arm(Arm { version: 7, .. }) => "cortex_a8",
        Arch::Amd64(_) => "x86_64",
        // zig's own default has vectors (LSX), which qemu before 8 and the first processors lack.
        Arch::Loong64 => "la64v1_0-lsx",
        // As Go itself says to compilers: -march=mips32.
        Arch::Mips(_) | Arch::Mipsle(_) => "mips32",
        Arch::Mips64(_) | Arch::Mips64le(_) => "mips64r2",
        _ => return None,
    })
}

/// Finds or fetches zig and makes its shims.
pub(super) fn provide_zig(
    decision: &Decision,
    wanted: &Wanted,
    fetcher: &Fetcher<'_>,
) -> Result<Provided, Box<Diagnostic>> {
    let Source::Zig { zig_target, pip } = &decision.source else {
        return Err(Box::new(Diagnostic::error(Code::Io, "this decision is not about zig")));
    };
    let path = fetcher.env.get("PATH").map(String::as_str).unwrap_or_default();
    let installed = find_program("zig", Some(path.as_ref()), Path::new("/")).filter(|_| pip.is_none());
    let (zig, identity, entries) = match installed {
        Some(zig) => {
            let digest = store::digest_of_file(&zig).map_err(|e| store::io_error("cannot read", &zig, &e))?;
            (zig, digest, vec![])
        }
        None => {
            let (file, entry) = wheel::wheel(fetcher, pip.as_deref(), "zig", WHEEL.0, WHEEL.1)?;
            let identity = store::identity(&entry);
            let _held = store::hold(fetcher.root, "zig")?;
            let root = store::unpacked(fetcher, "zig", &identity, |dir| {
                (fetcher.say)("unpacking zig");
                wheel::unpack(fetcher, pip.as_deref(), &file, dir)?;
                executable(&dir.join("ziglang/zig")).map_err(|e| store::io_error("cannot write", dir, &e))
            })?;
            (root.join("ziglang/zig"), identity, vec![entry])
        }
    };
    let names = decision.names(wanted.target);
    let shims = shims(&zig, zig_target, wanted, fetcher, &names)?;
    let goferry = std::env::current_exe()
        .map_err(|e| store::io_error("cannot find", Path::new("goferry itself"), &e))?;
    let bin = shim::link_farm(fetcher.root, &goferry, &shims)
        .map_err(|e| store::io_error("cannot make links in", fetcher.root, &e))?;
    let [cc, cxx, ar] = names;
    let (mut entries, mut loader_prefix) = (entries, None);
    if let Some((prefix, entry)) = libraries(wanted, fetcher)? {
        loader_prefix = Some(prefix);
        entries.push(entry);
    }
    Ok(Provided {
        cc,
        cxx,
        ar,
        bin_dirs: vec![bin],
        env: vec![],
        loader_prefix,
        identity: format!("zig {zig_target} {} {identity}", shim::RULES),
        provider: CcProvider::Zig,
        reason: decision.reason.clone(),
        entries,
    })
}

/// The C library that dynamic programs of the target meet when they are run here; none where the host or an installed
/// package has it, or where it cannot be had (their own start then says what is missing).
fn libraries(
    wanted: &Wanted,
    fetcher: &Fetcher<'_>,
) -> Result<Option<(PathBuf, LockEntry)>, Box<Diagnostic>> {
    let t = wanted.target;
    let Some(facts) = t.facts().filter(|_| t.os == Os::Linux && wanted.zig_libc() != Libc::Musl) else {
        return Ok(None);
    };
    let triple = super::gcc_triple(t);
    let installed = triple.is_some_and(|t| Path::new("/usr").join(t).join("lib").is_dir());
    if installed || facts.glibc_loader.is_some_and(|l| Path::new(l).exists()) {
        return Ok(None);
    }
    let path = fetcher.env.get("PATH").map(String::as_str).unwrap_or_default();
    let Some(distribution) =
        Distribution::read(Path::new("/etc")).filter(|_| apt::usable(path.as_ref(), Path::new("/")))
    else {
        return Ok(None);
    };
    match super::gcc::libraries(t, &distribution, fetcher) {
        Ok(found) => Ok(Some(found)),
        Err(d) if matches!(d.code, Code::FetchFailed | Code::PackageUnknown) => Ok(None),
        Err(d) => Err(d),
    }
}

fn shims(
    zig: &Path,
    zig_target: &str,
    wanted: &Wanted,
    fetcher: &Fetcher<'_>,
    [cc, cxx, ar]: &[String; 3],
) -> Result<BTreeMap<String, Shim>, Box<Diagnostic>> {
    let t = wanted.target;
    let cache = fetcher.root.join("zig-cache");
    let text = |p: &Path| p.to_string_lossy().into_owned();
    let env = ["ZIG_GLOBAL_CACHE_DIR", "ZIG_LOCAL_CACHE_DIR"].map(|n| (n.to_owned(), text(&cache))).to_vec();
    let compiler = |word: &str| -> Result<Shim, Box<Diagnostic>> {
        let mut args = vec![word.to_owned(), "-target".to_owned(), zig_target.to_owned()];
        args.extend(processor(t).map(|cpu| format!("-mcpu={cpu}")));
        // zig's own default traps on undefined behaviour, which C code that others wrote relies on.
        args.push("-fno-sanitize=undefined".to_owned());
        // Debug information names no folder of this machine.
        args.extend(zig.parent().map(|p| format!("-ffile-prefix-map={}=/goferry/zig", p.display())));
        if t.os == Os::Darwin {
            args.extend(darwin_sdk(wanted, fetcher)?);
        }
        Ok(Shim {
            tool: Tool::Zig,
            args,
            env: env.clone(),
            unset: vec!["SDKROOT".to_owned(), "CPATH".to_owned(), "LIBRARY_PATH".to_owned()],
            goos: t.os.goos().to_owned(),
            goarch: t.arch.goarch().to_owned(),
            ..Shim::plain(zig.to_owned())
        })
    };
    let mut out = BTreeMap::from([
        (cc.clone(), compiler("cc")?),
        (cxx.clone(), compiler("c++")?),
        (ar.clone(), Shim { args: vec!["ar".to_owned()], env: env.clone(), ..Shim::plain(zig.to_owned()) }),
        // For configurations that say `CC=zig cc -target …` themselves.
        ("zig".to_owned(), Shim { env: env.clone(), ..Shim::plain(zig.to_owned()) }),
    ]);
    if t.os == Os::Darwin {
        // Go calls the host's strip and dsymutil, which know no Mach-O (FACTS); what they would do is optional.
        for name in ["strip", "dsymutil"] {
            out.insert(name.to_owned(), Shim { tool: Tool::Nothing, ..Shim::plain(PathBuf::new()) });
        }
    }
    Ok(out)
}

/// Where the frameworks are: the user's SDK, or stub libraries with what Go's standard library names.
fn darwin_sdk(wanted: &Wanted, fetcher: &Fetcher<'_>) -> Result<Vec<String>, Box<Diagnostic>> {
    if let Some(sdk) = &wanted.sdk {
        if !sdk.join("usr").is_dir() {
            let message = format!("`sdk` is {}, which is no macOS SDK: it has no usr folder", sdk.display());
            return Err(Box::new(
                Diagnostic::error(Code::ConfigValue, message)
                    .hint("name the folder that is called MacOSX.sdk, with usr and System in it"),
            ));
        }
        let sdk = sdk.display();
        return Ok(vec![
            format!("--sysroot={sdk}"),
            format!("-isystem{sdk}/usr/include"),
            format!("-L{sdk}/usr/lib"),
            format!("-F{sdk}/System/Library/Frameworks"),
        ]);
    }
    let stubs = super::darwin::stubs(fetcher.root)
        .map_err(|e| store::io_error("cannot write stub libraries in", fetcher.root, &e))?;
    Ok(vec![
        format!("-L{}", stubs.join("lib").display()),
        format!("-F{}", stubs.join("frameworks").display()),
    ])
}

#[cfg(unix)]
fn executable(file: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o755))
}

#[cfg(not(unix))]
fn executable(_: &Path) -> std::io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provide::Prefer;

    fn name(target: &str, libc: Libc) -> Option<String> {
        target_name(&Wanted {
            target: target.parse().unwrap(),
            prefer: Prefer::Zig,
            libc,
            cxx: false,
            packages: vec![],
            suite: None,
            gcc_suite: None,
            sdk: None,
        })
    }

    #[test]
    fn targets() {
        let gnu = Libc::Gnu { floor: None };
        for (target, libc, expected) in [
            ("linux/arm64", Libc::Gnu { floor: Some((2, 17)) }, "aarch64-linux-gnu.2.17"),
            ("linux/arm64", Libc::Musl, "aarch64-linux-musl"),
            ("linux/arm64", Libc::Open, "aarch64-linux-gnu"),
            ("linux/loong64", Libc::Open, "loongarch64-linux-musl"),
            ("linux/arm/v6", gnu, "arm-linux-gnueabihf"),
            ("linux/arm/v6", Libc::Musl, "arm-linux-musleabihf"),
            ("linux/arm/v5", Libc::Musl, "arm-linux-musleabi"),
            ("linux/mips64le", Libc::Musl, "mips64el-linux-muslabi64"),
            ("linux/mipsle", Libc::Musl, "mipsel-linux-musleabihf"),
            ("linux/mipsle/softfloat", Libc::Musl, "mipsel-linux-musleabi"),
            ("darwin/arm64", gnu, "aarch64-macos"),
            ("windows/arm64", gnu, "aarch64-windows-gnu"),
        ] {
            assert_eq!(name(target, libc).as_deref(), Some(expected), "{target}");
        }
        assert_eq!(name("freebsd/amd64", gnu), None);
        assert_eq!(name("linux/mips64le/softfloat", gnu), None);
    }
}
