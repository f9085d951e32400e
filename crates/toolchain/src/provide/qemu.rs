//! Static qemu-user from the distribution.

use super::apt::{self, Request};
use super::sources::Distribution;
use super::{Fetcher, LockEntry, deb, store, suites};
use goferry_report::{Code, Diagnostic};
use std::path::{Path, PathBuf};

/// What is wanted of qemu.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QemuWanted<'a> {
    /// Suite; none: the host's own.
    pub suite: Option<&'a str>,
}

/// The suite of a qemu-user that knows LoongArch's vectors, where the host's own suite has none.
pub fn vectors_suite() -> Option<&'static str> {
    Distribution::read(Path::new("/etc")).as_ref().and_then(suites::for_vectors)
}

/// qemu-user, ready.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvidedQemu {
    /// Folder with `qemu-aarch64-static` and its kin.
    pub bin_dir: PathBuf,
    /// The package's version.
    pub version: String,
    /// Digest over what was fetched.
    pub identity: String,
    /// What was fetched.
    pub entry: LockEntry,
}

/// Fetches qemu-user without root.
///
/// # Errors
/// No apt here, no network, or what the archive says.
pub fn provide_qemu(wanted: QemuWanted<'_>, fetcher: &Fetcher<'_>) -> Result<ProvidedQemu, Box<Diagnostic>> {
    let path = fetcher.env.get("PATH").map(String::as_str).unwrap_or_default();
    let distribution = Distribution::read(Path::new("/etc"));
    let Some(own) = distribution.as_ref().filter(|_| apt::usable(path.as_ref(), Path::new("/"))) else {
        return Err(Box::new(
            Diagnostic::error(
                Code::FetchFailed,
                "qemu-user cannot be fetched: this host has no apt of Debian or Ubuntu",
            )
            .hint("install your distribution's static qemu-user (qemu-user-static) and run goferry again"),
        ));
    };
    let request = Request {
        role: "qemu",
        target: String::new(),
        suite: wanted.suite,
        arch: &own.arch,
        packages: vec!["qemu-user-static".to_owned()],
        updates: false,
        closure: false,
        leave_out: &|_| false,
    };
    let suite = wanted.suite.unwrap_or(&own.codename).to_owned();
    // From Debian 13 on this package is empty, and the programs are in another, static as well.
    let other = format!("user-{suite}");
    let known = fetcher.lock.is_some_and(|l| l.entry("qemu", &other).is_some());
    let first = match known {
        true => None,
        false => {
            let entry = apt::resolve(fetcher, own, &request)?;
            Some((unpacked(fetcher, own, &entry)?, entry))
        }
    };
    let (folder, entry) = match first.filter(|(folder, _)| has_programs(folder)) {
        Some(found) => found,
        None => {
            let packages = vec!["qemu-user".to_owned()];
            let request = Request { packages, target: other, suite: Some(&suite), ..request };
            let entry = apt::resolve(fetcher, own, &request)?;
            (unpacked(fetcher, own, &entry)?, entry)
        }
    };
    let version = entry.files.first().map(|f| f.version.clone()).unwrap_or_default();
    Ok(ProvidedQemu { bin_dir: folder.join("usr/bin"), version, identity: store::identity(&entry), entry })
}

fn unpacked(
    fetcher: &Fetcher<'_>,
    own: &Distribution,
    entry: &LockEntry,
) -> Result<PathBuf, Box<Diagnostic>> {
    let identity = store::identity(entry);
    let _held = store::hold(fetcher.root, "qemu")?;
    store::unpacked(fetcher, "qemu", &identity, |dir| {
        let files = apt::files(fetcher, Some(own), entry, &own.arch, false)?;
        deb::unpack(fetcher, &files, dir)
    })
}

fn has_programs(folder: &Path) -> bool {
    ["qemu-aarch64-static", "qemu-aarch64"].iter().any(|p| folder.join("usr/bin").join(p).exists())
}
