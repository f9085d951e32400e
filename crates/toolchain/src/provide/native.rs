//! The host's own gcc with a sysroot of the distribution's packages, for programs of the host's own platform.
//!
//! Owns: the shims that point the host's compilers at the sysroot. Must not: fetch a compiler.

use super::decide::Source;
use super::{Decision, Fetcher, Provided, Wanted, gcc, store, sysroot};
use crate::cc::CcProvider;
use crate::shim::{self, Shim, Tool};
use goferry_proc::find_program;
use goferry_report::{Code, Diagnostic};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Fetches and unpacks the packages, and makes the shims.
pub(super) fn provide_native(
    decision: &Decision,
    wanted: &Wanted,
    fetcher: &Fetcher<'_>,
) -> Result<Provided, Box<Diagnostic>> {
    let Source::HostGcc { choice, triple, distribution } = &decision.source else {
        return Err(Box::new(Diagnostic::error(Code::Io, "this decision is not about the host's gcc")));
    };
    let arch = gcc::debian_arch(wanted.target, triple);
    let s = sysroot::provide(wanted, triple, arch, distribution, fetcher)?;
    let mut shims = BTreeMap::new();
    let cxx = if choice.cxx.is_empty() { "g++" } else { &choice.cxx };
    for (name, is_cxx) in [(choice.cc.as_str(), false), (cxx, true)] {
        let path = fetcher.env.get("PATH").map(String::as_str).unwrap_or_default();
        if let Some(program) = find_program(name, Some(path.as_ref()), Path::new("/")) {
            shims.insert(name.to_owned(), pointed(program, &s.root, triple, is_cxx));
        }
    }
    let (name, shim, pkg_config) = sysroot::pkg_config(&s, triple, distribution, fetcher)?;
    shims.insert(name, shim);
    let mut entries = vec![s.entry];
    entries.extend(pkg_config);
    let goferry = std::env::current_exe()
        .map_err(|e| store::io_error("cannot find", Path::new("goferry itself"), &e))?;
    let bin = shim::link_farm(fetcher.root, &goferry, &shims)
        .map_err(|e| store::io_error("cannot make links in", fetcher.root, &e))?;
    let identities: Vec<String> = entries.iter().map(store::identity).collect();
    let fetched = store::digest_of(&identities.join("\n"));
    Ok(Provided {
        cc: choice.cc.clone(),
        cxx: choice.cxx.clone(),
        ar: choice.ar.clone(),
        bin_dirs: vec![bin],
        env: vec![],
        loader_prefix: Some(s.root),
        identity: format!("{} {} {} {fetched}", choice.cc, choice.digest, shim::RULES),
        provider: CcProvider::HostGcc,
        reason: decision.reason.clone(),
        entries,
    })
}

fn pointed(program: PathBuf, sysroot: &Path, triple: &str, cxx: bool) -> Shim {
    let mut args = vec![
        format!("--sysroot={}", sysroot.display()),
        format!("-ffile-prefix-map={}=/goferry/sysroot", sysroot.display()),
    ];
    if cxx {
        // C++'s own headers are the compiler's, not the sysroot's.
        for folder in cxx_headers(Path::new("/usr/include"), triple) {
            args.extend(["-isystem".to_owned(), folder.to_string_lossy().into_owned()]);
        }
    }
    Shim {
        tool: Tool::Gcc,
        args,
        sysroot: Some(sysroot.to_owned()),
        unset: ["CPATH", "C_INCLUDE_PATH", "CPLUS_INCLUDE_PATH", "LIBRARY_PATH"].map(str::to_owned).to_vec(),
        ..Shim::plain(program)
    }
}

/// `c++/12` and the triple's part of it, of the newest version.
fn cxx_headers(include: &Path, triple: &str) -> Vec<PathBuf> {
    let versions = std::fs::read_dir(include.join("c++")).into_iter().flatten().flatten();
    let versions = versions.filter_map(|e| e.file_name().to_string_lossy().parse::<u32>().ok());
    let Some(version) = versions.max().map(|v| v.to_string()) else { return vec![] };
    let own = include.join("c++").join(&version);
    let of_triple = include.join(triple).join("c++").join(&version);
    let backward = own.join("backward");
    [own, of_triple, backward].into_iter().filter(|d| d.is_dir()).collect()
}
