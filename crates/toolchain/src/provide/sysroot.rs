//! Headers and libraries of a target from the distribution's packages, as one root.

use super::apt::{self, Request};
use super::sources::Distribution;
use super::{Fetcher, LockEntry, Wanted, deb, store};
use crate::shim::Shim;
use goferry_proc::find_program;
use goferry_report::{Code, Diagnostic};
use std::path::{Path, PathBuf};

/// An unpacked sysroot.
pub(super) struct Sysroot {
    /// Its folder.
    pub root: PathBuf,
    /// What was fetched.
    pub entry: LockEntry,
}

/// Debian's suites that have an architecture which others lack (FACTS, "Debian packages without root").
const ONLY_IN: [(&str, &[&str]); 4] = [
    ("riscv64", &["trixie", "forky", "sid"]),
    ("mips64el", &["bookworm", "bullseye"]),
    ("mipsel", &["bookworm", "bullseye"]),
    ("loong64", &["forky", "sid"]),
];

/// The suite of a target's packages.
fn suite<'a>(
    wanted: &'a Wanted,
    arch: &str,
    distribution: &'a Distribution,
) -> Result<&'a str, Box<Diagnostic>> {
    if let Some(named) = &wanted.suite {
        return Ok(named);
    }
    if ["mips", "mips64", "ppc64"].contains(&arch) {
        let message = format!("no suite of {} has packages for {}", distribution.id, wanted.target);
        return Err(Box::new(Diagnostic::error(Code::PackageUnknown, message).hint(
            "it has a cross compiler with its C library only; vendor the C sources, or leave the target out",
        )));
    }
    let own = distribution.codename.as_str();
    match ONLY_IN.iter().find(|(a, _)| *a == arch) {
        Some((_, suites)) if distribution.id == "debian" && !suites.contains(&own) => Ok(suites[0]),
        _ => Ok(own),
    }
}

/// Fetches and unpacks the packages and the C library of the same suite.
pub(super) fn provide(
    wanted: &Wanted,
    triple: &str,
    arch: &str,
    distribution: &Distribution,
    fetcher: &Fetcher<'_>,
) -> Result<Sysroot, Box<Diagnostic>> {
    let suite = suite(wanted, arch, distribution)?;
    let mut packages = wanted.packages.clone();
    packages.push("libc6-dev".to_owned());
    packages.push("libgcc-s1".to_owned());
    if wanted.cxx {
        packages.push("libstdc++6".to_owned());
    }
    let request = Request {
        role: "sysroot",
        target: wanted.target.to_string(),
        suite: Some(suite),
        arch,
        packages,
        // Fixes are libraries that ship, or that the program meets.
        updates: true,
        closure: true,
        leave_out: &|name| ["debconf", "perl-base", "dpkg", "tar", "init-system-helpers"].contains(&name),
    };
    let entry = apt::resolve(fetcher, distribution, &request)?;
    let _held = store::hold(fetcher.root, &format!("sysroot-{triple}"))?;
    let root = store::unpacked(fetcher, &format!("sysroot-{triple}"), &store::identity(&entry), |dir| {
        let files = apt::files(fetcher, Some(distribution), &entry, arch, true)?;
        (fetcher.say)(&format!("unpacking {} packages for {}", files.len(), wanted.target));
        deb::unpack(fetcher, &files, dir)
    })?;
    Ok(Sysroot { root, entry })
}

/// The shim of pkg-config, which knows the sysroot's libraries only. Its answers name `/usr/…`, the same on every
/// machine; the compiler's shim knows what that means.
pub(super) fn pkg_config(
    sysroot: &Sysroot,
    triple: &str,
    distribution: &Distribution,
    fetcher: &Fetcher<'_>,
) -> Result<(String, Shim, Option<LockEntry>), Box<Diagnostic>> {
    let path = fetcher.env.get("PATH").map(String::as_str).unwrap_or_default();
    let (program, libraries, entry) = match find_program("pkg-config", Some(path.as_ref()), Path::new("/")) {
        Some(found) => (found, None, None),
        None => {
            let (root, entry) = fetched(distribution, fetcher)?;
            let libraries = root.join("usr/lib").join(format!("{}-linux-gnu", std::env::consts::ARCH));
            (root.join("usr/bin/pkgconf"), Some(libraries), Some(entry))
        }
    };
    let dirs = [
        format!("usr/lib/{triple}/pkgconfig"),
        "usr/share/pkgconfig".to_owned(),
        "usr/lib/pkgconfig".to_owned(),
    ];
    let dirs: Vec<String> =
        dirs.iter().map(|d| sysroot.root.join(d).to_string_lossy().into_owned()).collect();
    let mut env = vec![("PKG_CONFIG_LIBDIR".to_owned(), dirs.join(":"))];
    env.extend(libraries.map(|l| ("LD_LIBRARY_PATH".to_owned(), l.to_string_lossy().into_owned())));
    let shim = Shim {
        env,
        unset: vec!["PKG_CONFIG_PATH".to_owned(), "PKG_CONFIG_SYSROOT_DIR".to_owned()],
        ..Shim::plain(program)
    };
    Ok(("pkg-config".to_owned(), shim, entry))
}

fn fetched(
    distribution: &Distribution,
    fetcher: &Fetcher<'_>,
) -> Result<(PathBuf, LockEntry), Box<Diagnostic>> {
    let request = Request {
        role: "pkg-config",
        target: String::new(),
        suite: None,
        arch: &distribution.arch,
        packages: vec!["pkgconf".to_owned()],
        updates: false,
        closure: true,
        leave_out: &|name| {
            ["libc6", "libgcc-s1", "gcc-12-base", "gcc-14-base", "perl-base", "dpkg", "tar"].contains(&name)
        },
    };
    let entry = apt::resolve(fetcher, distribution, &request)?;
    let _held = store::hold(fetcher.root, "pkg-config")?;
    let root = store::unpacked(fetcher, "pkg-config", &store::identity(&entry), |dir| {
        let files = apt::files(fetcher, Some(distribution), &entry, &distribution.arch, false)?;
        deb::unpack(fetcher, &files, dir)
    })?;
    Ok((root, entry))
}
