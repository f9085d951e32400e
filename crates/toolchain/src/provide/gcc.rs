//! The distribution's cross gcc, unpacked under the user's cache.

use super::apt::{self, Request};
use super::decide::Source;
use super::loader::{self, Loader};
use super::sources::Distribution;
use super::suites::{GccSuite, needs_its_libraries};
use super::{Decision, Fetcher, LockEntry, Provided, Wanted, deb, store, suites, sysroot};
use crate::cc::CcProvider;
use crate::shim::{self, Shim, Tool};
use goferry_report::{Code, Diagnostic};
use goferry_target::{GoTarget, Os};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Packages of the closure that are left out: the host has them, or no Go program links them.
fn needless(package: &str) -> bool {
    const HOST: [&str; 5] = ["libc6", "libgcc-s1", "libstdc++6", "libcc1-0", "libcrypt1"];
    HOST.contains(&package) || unused(package)
}

/// Those of another, newer suite that are left out: the host's libraries are too old for its programs.
fn unused(package: &str) -> bool {
    const NEVER: [&str; 8] =
        ["libasan", "liblsan", "libtsan", "libubsan", "libhwasan", "libitm", "gcc-12-base", "gcc-14-base"];
    NEVER.iter().any(|s| package.starts_with(s))
}

/// Fetches and unpacks the cross gcc, and the sysroot if packages are wanted; makes the shims.
pub(super) fn provide_gcc(
    decision: &Decision,
    wanted: &Wanted,
    fetcher: &Fetcher<'_>,
) -> Result<Provided, Box<Diagnostic>> {
    let Source::AptGcc { triple, distribution, suite, .. } = &decision.source else {
        return Err(Box::new(Diagnostic::error(Code::Io, "this decision is not about gcc")));
    };
    let arch = debian_arch(wanted.target, triple);
    let entry = resolve(wanted, triple, arch, (distribution, suite), fetcher)?;
    let root = unpack(&entry, triple, distribution, fetcher)?;
    let goferry = std::env::current_exe()
        .map_err(|e| store::io_error("cannot find", Path::new("goferry itself"), &e))?;
    let loader = match needs_its_libraries(&entry.suite, &distribution.codename) {
        true => {
            let loader = Loader::of(&root)?;
            let passes = loader.passes(fetcher.root, &goferry, &root, triple)?;
            Some((loader, passes))
        }
        false => None,
    };
    let mut entries = vec![entry];
    let sysroot = if wanted.packages.is_empty() {
        None
    } else {
        let s = sysroot::provide(wanted, triple, arch, distribution, fetcher)?;
        entries.push(s.entry.clone());
        Some(s)
    };
    let mut shims = compilers(&root, triple, sysroot.as_ref().map(|s| s.root.as_path()), loader.as_ref());
    if let Some(s) = &sysroot {
        let (name, shim, entry) = sysroot::pkg_config(s, triple, distribution, fetcher)?;
        shims.insert(name, shim);
        entries.extend(entry);
    }
    let bin = shim::link_farm(fetcher.root, &goferry, &shims)
        .map_err(|e| store::io_error("cannot make links in", fetcher.root, &e))?;
    let identities: Vec<String> = entries.iter().map(store::identity).collect();
    let has = |tool: &str| {
        let name = format!("{triple}-{tool}");
        if shims.contains_key(&name) { name } else { String::new() }
    };
    Ok(Provided {
        cc: has("gcc"),
        cxx: has("g++"),
        ar: has("ar"),
        bin_dirs: vec![bin],
        env: vec![],
        loader_prefix: Some(sysroot.map_or_else(|| root.join("usr").join(triple), |s| s.root)),
        identity: format!("{triple}-gcc {} {}", shim::RULES, store::digest_of(&identities.join("\n"))),
        provider: CcProvider::FetchedGcc,
        reason: decision.reason.clone(),
        entries,
    })
}

fn resolve(
    wanted: &Wanted,
    triple: &str,
    arch: &str,
    (distribution, suite): (&Distribution, &GccSuite),
    fetcher: &Fetcher<'_>,
) -> Result<LockEntry, Box<Diagnostic>> {
    let dashed = triple.replace('_', "-");
    let mut packages = vec![format!("gcc-{dashed}"), format!("libc6-dev-{arch}-cross")];
    // What was locked with C++ serves C too.
    let locked = fetcher.lock.is_some_and(|l| l.entry("g++", &wanted.target.to_string()).is_some());
    let role = if wanted.cxx || locked { "g++" } else { "gcc" };
    if role == "g++" {
        packages.push(format!("g++-{dashed}"));
    }
    let request = Request {
        role,
        target: wanted.target.to_string(),
        suite: suite.other.then_some(suite.name.as_str()),
        arch: &distribution.arch,
        packages,
        updates: false,
        closure: true,
        leave_out: if needs_its_libraries(&suite.name, &distribution.codename) { &unused } else { &needless },
    };
    apt::resolve(fetcher, distribution, &request)
}

fn unpack(
    entry: &LockEntry,
    triple: &str,
    distribution: &Distribution,
    fetcher: &Fetcher<'_>,
) -> Result<PathBuf, Box<Diagnostic>> {
    let _held = store::hold(fetcher.root, triple)?;
    store::sweep(fetcher.root);
    store::unpacked(fetcher, &format!("gcc-{triple}"), &store::identity(entry), |dir| {
        let files = apt::files(fetcher, Some(distribution), entry, &distribution.arch, false)?;
        (fetcher.say)(&format!("unpacking {triple}-gcc"));
        deb::unpack(fetcher, &files, dir)?;
        // Without its own compiler Go would silently take the host's.
        if dir.join(format!("usr/bin/{triple}-gcc")).symlink_metadata().is_err() {
            let message = format!("the packages of {triple}-gcc hold no such program");
            return Err(Box::new(
                Diagnostic::error(Code::ToolchainDamaged, message)
                    .hint_with("to lock what is there now:", "goferry toolchain update"),
            ));
        }
        Ok(())
    })
}

/// The C library of a target as its cross packages have it, for running what another compiler linked.
pub(super) fn libraries(
    target: GoTarget,
    distribution: &Distribution,
    fetcher: &Fetcher<'_>,
) -> Result<(PathBuf, LockEntry), Box<Diagnostic>> {
    let unknown = || Diagnostic::error(Code::PackageUnknown, format!("no C library of {target} is packaged"));
    let triple = super::decide::gcc_triple(target).ok_or_else(unknown)?;
    let arch = debian_arch(target, triple);
    let suite = suites::for_gcc(distribution, triple, None);
    let request = Request {
        role: "libc",
        target: target.to_string(),
        suite: suite.other.then_some(suite.name.as_str()),
        arch: &distribution.arch,
        packages: vec![format!("libc6-{arch}-cross"), format!("libgcc-s1-{arch}-cross")],
        updates: false,
        closure: true,
        leave_out: &needless,
    };
    let entry = apt::resolve(fetcher, distribution, &request)?;
    let _held = store::hold(fetcher.root, triple)?;
    let root = store::unpacked(fetcher, &format!("libc-{triple}"), &store::identity(&entry), |dir| {
        let files = apt::files(fetcher, Some(distribution), &entry, &distribution.arch, false)?;
        deb::unpack(fetcher, &files, dir)
    })?;
    Ok((root.join("usr").join(triple), entry))
}

/// The shims of everything in the root's bin folder that is named for the triple; `loader` and the folder of gcc's passes
/// where the host's C library is too old for them.
fn compilers(
    root: &Path,
    triple: &str,
    sysroot: Option<&Path>,
    loader: Option<&(Loader, PathBuf)>,
) -> BTreeMap<String, Shim> {
    let text = |p: PathBuf| p.to_string_lossy().into_owned();
    let host_libraries = loader::libraries(root);
    let mut args = vec![format!("--sysroot={}", text(sysroot.unwrap_or(root).to_owned()))];
    if sysroot.is_none() {
        // Behind the compiler's own and C++'s folders, whose headers include the C library's by `#include_next`.
        args.push("-idirafter".to_owned());
        args.push(text(root.join("usr").join(triple).join("include")));
        args.push(format!("-L{}", text(root.join("usr").join(triple).join("lib"))));
    }
    // Debug information names no folder of this machine.
    for (place, name) in [(Some(root), "toolchain"), (sysroot, "sysroot")] {
        args.extend(place.map(|p| format!("-ffile-prefix-map={}=/goferry/{name}", p.display())));
    }
    let mut out = BTreeMap::new();
    for entry in std::fs::read_dir(root.join("usr/bin")).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let Some(tool) = name.strip_prefix(triple).and_then(|t| t.strip_prefix('-')) else { continue };
        let compiler = ["gcc", "g++", "cpp"].contains(&tool);
        let mut shim = match loader {
            // They start the real ar themselves.
            Some(_) if tool.starts_with("gcc-") => continue,
            Some((loader, passes)) if compiler => {
                let mut shim = loader.start(&entry.path(), &name);
                shim.args.push(format!("-B{}/", passes.display()));
                let own = text(root.join("usr/lib/gcc-cross"));
                shim.env.push(("GCC_EXEC_PREFIX".to_owned(), format!("{own}/")));
                shim
            }
            Some((loader, _)) => loader.start(&entry.path(), &entry.path().to_string_lossy()),
            None => Shim {
                env: vec![("LD_LIBRARY_PATH".to_owned(), host_libraries.clone())],
                ..Shim::plain(entry.path())
            },
        };
        if compiler {
            shim.tool = Tool::Gcc;
            shim.args.extend(args.iter().cloned());
            shim.sysroot = sysroot.map(Path::to_owned);
        }
        // They would lead the cross compiler to the host's files.
        shim.unset = ["CPATH", "C_INCLUDE_PATH", "CPLUS_INCLUDE_PATH", "LIBRARY_PATH", "GCC_EXEC_PREFIX"]
            .map(str::to_owned)
            .to_vec();
        out.insert(name, shim);
    }
    out
}

/// Debian's name of a target's architecture, as its cross packages have it.
pub(super) fn debian_arch(target: GoTarget, triple: &str) -> &'static str {
    if triple == "arm-linux-gnueabi" {
        return "armel";
    }
    debug_assert_eq!(target.os, Os::Linux);
    match target.arch.goarch() {
        // No ports, but cross compilers.
        "mips" => "mips",
        "mips64" => "mips64",
        "ppc64" => "ppc64",
        _ => target.facts().and_then(|f| f.debian).unwrap_or(""),
    }
}
