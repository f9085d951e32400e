//! The distribution's cross gcc, unpacked under the user's cache.

use super::apt::{self, Request};
use super::decide::Source;
use super::sources::Distribution;
use super::{Decision, Fetcher, LockEntry, Provided, Wanted, deb, store, sysroot};
use crate::cc::CcProvider;
use crate::shim::{self, Shim, Tool};
use goferry_report::{Code, Diagnostic};
use goferry_target::{GoTarget, Os};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Packages of the closure that are left out: the host has them, or no Go program links them.
fn needless(package: &str) -> bool {
    const HOST: [&str; 7] =
        ["libc6", "libgcc-s1", "libstdc++6", "libcc1-0", "libcrypt1", "gcc-12-base", "gcc-14-base"];
    const SANITIZERS: [&str; 6] = ["libasan", "liblsan", "libtsan", "libubsan", "libhwasan", "libitm"];
    HOST.contains(&package) || SANITIZERS.iter().any(|s| package.starts_with(s))
}

/// Fetches and unpacks the cross gcc, and the sysroot if packages are wanted; makes the shims.
pub(super) fn provide_gcc(
    decision: &Decision,
    wanted: &Wanted,
    fetcher: &Fetcher<'_>,
) -> Result<Provided, Box<Diagnostic>> {
    let Source::AptGcc { triple, distribution, .. } = &decision.source else {
        return Err(Box::new(Diagnostic::error(Code::Io, "this decision is not about gcc")));
    };
    let arch = debian_arch(wanted.target, triple);
    let entry = resolve(wanted, triple, arch, distribution, fetcher)?;
    let root = unpack(&entry, triple, distribution, fetcher)?;
    let mut entries = vec![entry];
    let sysroot = if wanted.packages.is_empty() {
        None
    } else {
        let s = sysroot::provide(wanted, triple, arch, distribution, fetcher)?;
        entries.push(s.entry.clone());
        Some(s)
    };
    let mut shims = compilers(&root, triple, sysroot.as_ref().map(|s| s.root.as_path()));
    if let Some(s) = &sysroot {
        let (name, shim, entry) = sysroot::pkg_config(s, triple, distribution, fetcher)?;
        shims.insert(name, shim);
        entries.extend(entry);
    }
    let goferry = std::env::current_exe()
        .map_err(|e| store::io_error("cannot find", Path::new("goferry itself"), &e))?;
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
    distribution: &Distribution,
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
        suite: None,
        arch: &distribution.arch,
        packages,
        updates: false,
        closure: true,
        leave_out: &needless,
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
    store::unpacked(fetcher.root, &format!("gcc-{triple}"), &store::identity(entry), |dir| {
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
    let request = Request {
        role: "libc",
        target: target.to_string(),
        suite: None,
        arch: &distribution.arch,
        packages: vec![format!("libc6-{arch}-cross"), format!("libgcc-s1-{arch}-cross")],
        updates: false,
        closure: true,
        leave_out: &needless,
    };
    let entry = apt::resolve(fetcher, distribution, &request)?;
    let _held = store::hold(fetcher.root, triple)?;
    let root = store::unpacked(fetcher.root, &format!("libc-{triple}"), &store::identity(&entry), |dir| {
        let files = apt::files(fetcher, Some(distribution), &entry, &distribution.arch, false)?;
        deb::unpack(fetcher, &files, dir)
    })?;
    Ok((root.join("usr").join(triple), entry))
}

/// The shims of everything in the root's bin folder that is named for the triple.
fn compilers(root: &Path, triple: &str, sysroot: Option<&Path>) -> BTreeMap<String, Shim> {
    let text = |p: PathBuf| p.to_string_lossy().into_owned();
    let host_libraries = std::fs::read_dir(root.join("usr/lib"))
        .into_iter()
        .flatten()
        .flatten()
        .map(|e| e.path())
        .filter(|p| p.file_name().is_some_and(|n| n.to_string_lossy().ends_with("-linux-gnu")))
        .map(text)
        .collect::<Vec<_>>()
        .join(":");
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
        let shim = Shim {
            tool: if compiler { Tool::Gcc } else { Tool::Plain },
            args: if compiler { args.clone() } else { vec![] },
            sysroot: compiler.then(|| sysroot.map(Path::to_owned)).flatten(),
            env: vec![("LD_LIBRARY_PATH".to_owned(), host_libraries.clone())],
            // They would lead the cross compiler to the host's files.
            unset: ["CPATH", "C_INCLUDE_PATH", "CPLUS_INCLUDE_PATH", "LIBRARY_PATH", "GCC_EXEC_PREFIX"]
                .map(str::to_owned)
                .to_vec(),
            ..Shim::plain(entry.path())
        };
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
