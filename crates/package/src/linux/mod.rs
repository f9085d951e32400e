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
mod dpkg;
mod folders;
mod inputs;
mod ipk;
mod model;
mod names;
mod output;
mod rpm;
mod rsa_key;
mod tar;

pub use contents::Bytes;
pub use dpkg::refused;
pub use inputs::{Input, inputs};
pub use model::{
    Alternative, Apk, ArchLinux, ChangelogDeb, ChangelogEntry, Content, ContentKind, Deb, Ipk, Package,
    Relations, Rpm, Scripts, Source, Triggers, Version,
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
    /// RSA PKCS #1 v1.5 over the SHA-1 of the data: apk.
    RsaSha1,
}

/// Makes signatures. The engine's calls gpg, which signs in the two OpenPGP forms; [`RsaKey`] signs apk. archlinux and ipk
/// take no signature: a signer that is given is not asked.
pub trait Sign {
    /// A signature of this form over everything that `data` gives.
    ///
    /// # Errors
    /// A sentence for people, also if the form is not one that this signer makes; in further lines what a tool wrote.
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

/// What can be said of a package without its files: what every format needs, that no text brings further lines or fields into the
/// metadata, and what the package managers would refuse of it.
///
/// # Errors
/// [`PackageError::LinuxPackage`] with the first thing that is wrong.
pub fn check(format: Format, package: &Package) -> Result<(), PackageError> {
    named(package).and_then(|()| fits(format, package)).map_err(|why| wrong(format, package, &why))
}

fn named(package: &Package) -> Result<(), String> {
    if package.name.is_empty() {
        return Err("it has no name".to_owned());
    }
    if package.name.contains(|c: char| c.is_whitespace() || c.is_control() || c == '/') {
        return Err("its name holds blanks or slashes".to_owned());
    }
    if package.version.upstream.is_empty() {
        return Err("it has no version".to_owned());
    }
    if let Some((field, _)) = lines(package).find(|(_, text)| text.contains(['\n', '\r', '\0'])) {
        return Err(format!("its {field} has more than one line"));
    }
    let fields = package.deb.fields.iter().chain(&package.ipk.fields);
    match fields.into_iter().find(|(_, text)| leaves_its_field(text)) {
        Some((name, _)) => Err(format!("a further line of its field {name} does not begin with a blank")),
        None if package.description.contains('\0') => Err("its description holds a NUL".to_owned()),
        None => Ok(()),
    }
}

/// A further line of a field begins with a blank (deb822(5)); else it is a field of its own.
fn leaves_its_field(text: &str) -> bool {
    text.trim_end().split('\n').skip(1).any(|line| !line.starts_with([' ', '\t']))
}

fn fits(format: Format, package: &Package) -> Result<(), String> {
    let refused = |control: &str| match dpkg::refused(format, control) {
        Some(why) => Err(why),
        None => Ok(()),
    };
    match format {
        Format::Deb | Format::TermuxDeb => refused(&deb::control(format, package, 0)),
        Format::Ipk => refused(&ipk::control(package, 0)),
        Format::Rpm => rpm::check(package),
        Format::ArchLinux if !(package.version.epoch.is_empty() || is_number(&package.version.epoch)) => {
            Err("its epoch is no number".to_owned())
        }
        Format::ArchLinux | Format::Apk => Ok(()),
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.len() < 10 && text.bytes().all(|b| b.is_ascii_digit())
}

/// The texts that are one line each, by the names of their keys.
fn lines(package: &Package) -> impl Iterator<Item = (&'static str, &String)> {
    let (v, r, rpm, t) = (&package.version, &package.relations, &package.rpm, &package.deb.triggers);
    let single = [
        ("architecture", &package.arch),
        ("platform", &package.platform),
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
        ("rpm.summary", &rpm.summary),
        ("rpm.group", &rpm.group),
        ("rpm.packager", &rpm.packager),
        ("rpm.buildhost", &rpm.build_host),
        ("archlinux.pkgbase", &package.arch_linux.pkgbase),
        ("archlinux.packager", &package.arch_linux.packager),
        ("apk.signature.key_name", &package.apk.key_name),
        ("ipk.abi_version", &package.ipk.abi_version),
    ];
    let lists = [
        ("dependencies", &r.depends),
        ("recommends", &r.recommends),
        ("suggests", &r.suggests),
        ("conflicts", &r.conflicts),
        ("replaces", &r.replaces),
        ("provides", &r.provides),
        ("deb.predepends", &package.deb.predepends),
        ("deb.breaks", &package.deb.breaks),
        ("deb.triggers", &t.interest),
        ("deb.triggers", &t.interest_await),
        ("deb.triggers", &t.interest_noawait),
        ("deb.triggers", &t.activate),
        ("deb.triggers", &t.activate_await),
        ("deb.triggers", &t.activate_noawait),
        ("rpm.prefixes", &rpm.prefixes),
        ("ipk.predepends", &package.ipk.predepends),
        ("ipk.tags", &package.ipk.tags),
    ];
    let alternatives = package.ipk.alternatives.iter().flat_map(|a| [&a.target, &a.link_name]);
    let listed = lists.into_iter().flat_map(|(key, items)| items.iter().map(move |item| (key, item)));
    single.into_iter().chain(listed).chain(alternatives.map(|text| ("ipk.alternatives", text)))
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

#[cfg(test)]
mod tests;
