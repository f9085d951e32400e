//! Linux packages: deb, rpm, apk, archlinux, ipk and termux.deb out of one plain [`Package`].
//!
//! Owns: how a package of each format looks, as nfpm 2.48's do: members, modes, owners, metadata, names. Must not: read
//! configuration, run gpg (a [`Sign`] comes from above), look at the clock or the machine's name.
//!
//! The same package gives the same bytes everywhere; docs/design/linux-packages.md says what that changed against nfpm.

mod apk;
mod arch_linux;
mod changelog;
mod contents;
mod control;
mod deb;
mod folders;
mod ipk;
mod model;
mod names;
mod output;
mod rpm;
mod rsa_key;
mod tar;

pub use contents::{Bytes, Input, inputs};
pub use model::{
    Alternative, Apk, ArchLinux, ChangelogDeb, ChangelogEntry, Content, ContentKind, Deb, DebSignature,
    DebSignatureMethod, Ipk, Package, Relations, Rpm, Scripts, Source, Triggers, Version,
};
pub use names::{Format, architecture, conventional_file_name};

pub use rsa_key::RsaKey;

use crate::{PackageError, Written};
use std::io::Read;
use std::path::Path;

/// What shape a signature has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SignatureForm {
    /// OpenPGP, detached, binary: rpm (`gpg --detach-sign`).
    Detached,
    /// OpenPGP, detached, ASCII armour: deb by debsign (`gpg --armor --detach-sign`).
    ArmoredDetached,
    /// OpenPGP, around the text: deb by dpkg-sig (`gpg --clearsign`).
    ClearSigned,
    /// RSA PKCS #1 v1.5 over the SHA-1 of the data: apk.
    RsaSha1,
}

/// Makes signatures. The engine's calls gpg, which signs in the three OpenPGP forms; [`RsaKey`] signs apk. archlinux and ipk
/// take no signature: a signer that is given is not asked.
pub trait Sign {
    /// A signature of this form over everything that `data` gives.
    ///
    /// # Errors
    /// A sentence for people; also if the form is not one that this signer makes.
    fn sign(&self, form: SignatureForm, data: &mut dyn Read) -> Result<Vec<u8>, String>;
}

/// Writes one package.
///
/// The file appears under its name only when it is complete, mode 0644. The written members are the regular files with
/// their paths in the installed system (no `/` before them), digested as they were packed.
///
/// # Errors
/// Contents that are missing or collide, what the format cannot say, a signature that was not made, and I/O; then `out` is
/// as it was before.
pub fn write(
    format: Format,
    package: &Package,
    out: &Path,
    sign: Option<&dyn Sign>,
) -> Result<Written, PackageError> {
    check(format, package)?;
    match format {
        Format::Deb | Format::TermuxDeb => deb::write(format, package, out, sign),
        Format::Rpm => rpm::write(package, out, sign),
        Format::Apk => apk::write(package, out, sign),
        Format::ArchLinux => arch_linux::write(package, out),
        Format::Ipk => ipk::write(package, out),
    }
}

/// What every format needs, and that nothing which is one line in a package's metadata brings more of them.
fn check(format: Format, package: &Package) -> Result<(), PackageError> {
    if package.name.is_empty() {
        return Err(wrong(format, package, "it has no name"));
    }
    if package.name.contains(|c: char| c.is_whitespace() || c.is_control() || c == '/') {
        return Err(wrong(format, package, "its name holds blanks or slashes"));
    }
    if package.version.upstream.is_empty() {
        return Err(wrong(format, package, "it has no version"));
    }
    match lines(package).find(|(_, text)| text.contains(['\n', '\r', '\0'])) {
        Some((field, _)) => Err(wrong(format, package, &format!("its {field} has more than one line"))),
        None => Ok(()),
    }
}

/// The texts that are one line each, by the names of their keys.
fn lines(package: &Package) -> impl Iterator<Item = (&'static str, &String)> {
    let (v, r) = (&package.version, &package.relations);
    let single = [
        ("architecture", &package.arch),
        ("version", &v.upstream),
        ("epoch", &v.epoch),
        ("prerelease", &v.prerelease),
        ("version_metadata", &v.metadata),
        ("release", &v.release),
        ("maintainer", &package.maintainer),
        ("homepage", &package.homepage),
        ("license", &package.license),
        ("vendor", &package.vendor),
        ("section", &package.section),
        ("priority", &package.priority),
    ];
    let lists = [
        ("dependencies", &r.depends),
        ("recommends", &r.recommends),
        ("suggests", &r.suggests),
        ("conflicts", &r.conflicts),
        ("replaces", &r.replaces),
        ("provides", &r.provides),
        ("predepends", &package.deb.predepends),
        ("breaks", &package.deb.breaks),
    ];
    let listed = lists.into_iter().flat_map(|(key, items)| items.iter().map(move |item| (key, item)));
    single.into_iter().chain(listed)
}

/// In apk and pacman what lies in the root and begins with a dot is the package's own.
fn no_dots_in_the_root(
    format: Format,
    package: &Package,
    entries: &[contents::Entry],
) -> Result<(), PackageError> {
    match entries.iter().find(|e| e.path.starts_with("/.")) {
        Some(entry) => {
            let reason =
                format!("{} cannot be in it: what begins with a dot in the root is its own", entry.path);
            Err(wrong(format, package, &reason))
        }
        None => Ok(()),
    }
}

/// apk and pacman know one operating system.
fn only_linux(format: Format, package: &Package) -> Result<(), PackageError> {
    match package.platform.as_str() {
        "linux" | "" => Ok(()),
        other => Err(wrong(format, package, &format!("it cannot be for `{other}`"))),
    }
}

fn wrong(format: Format, package: &Package, reason: &str) -> PackageError {
    PackageError::LinuxPackage {
        package: package.name.clone(),
        format: format.as_str(),
        reason: reason.to_owned(),
    }
}

impl Version {
    /// A semantic version in parts, as nfpm splits it: `v1.2.3-rc.1+git` is `1.2.3`, `rc.1`, `git`, `1.2` is `1.2.0`. What
    /// is no semantic version stays whole. `prerelease` and `metadata`, unless empty, win over what the text says.
    pub fn semantic(text: &str, prerelease: &str, metadata: &str) -> Version {
        let whole = || Version { upstream: text.to_owned(), ..Version::default() };
        let mut version = split_semantic(text).unwrap_or_else(whole);
        for (part, stated) in [(&mut version.prerelease, prerelease), (&mut version.metadata, metadata)] {
            if !stated.is_empty() {
                stated.clone_into(part);
            }
        }
        version
    }
}

fn split_semantic(text: &str) -> Option<Version> {
    let rest = text.strip_prefix('v').unwrap_or(text);
    let (rest, metadata) = rest.split_once('+').map_or((rest, None), |(r, m)| (r, Some(m)));
    let (numbers, prerelease) = rest.split_once('-').map_or((rest, None), |(n, p)| (n, Some(p)));
    let word = |w: &&str| !w.is_empty() && w.chars().all(|c| c.is_ascii_alphanumeric() || "-.".contains(c));
    if !prerelease.iter().all(word) || !metadata.iter().all(word) {
        return None;
    }
    let parts: Vec<u64> = numbers
        .split('.')
        .map(|n| n.parse().ok().filter(|_| n.chars().all(|c| c.is_ascii_digit())))
        .collect::<Option<_>>()?;
    let (major, minor, patch) = match parts[..] {
        [major] => (major, 0, 0),
        [major, minor] => (major, minor, 0),
        [major, minor, patch] => (major, minor, patch),
        _ => return None,
    };
    Some(Version {
        upstream: format!("{major}.{minor}.{patch}"),
        prerelease: prerelease.unwrap_or("").to_owned(),
        metadata: metadata.unwrap_or("").to_owned(),
        ..Version::default()
    })
}

#[cfg(test)]
mod tests;
