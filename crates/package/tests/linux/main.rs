//! Linux packages as the distributions' own tools see them. A tool that is missing is counted as a skipped test, but not in
//! CI (.ci/run installs them).
#![expect(clippy::unwrap_used, reason = "what a test cannot set up has failed")]

#[path = "../../examples/linux_package.rs"]
mod builder;

mod apk;
mod arch_linux;
mod deb;
mod gpg;
mod ipk;
mod nfpm;
mod rpm;
mod support;

use libtest_mimic::{Arguments, Trial};
use std::process::ExitCode;

/// Name, tools that it needs, what it does.
type Check = (&'static str, &'static [&'static str], fn());

const CHECKS: &[Check] = &[
    ("deb/dpkg-deb reads what was said", &["dpkg-deb"], deb::reads_what_was_said),
    ("deb/dpkg installs and removes it", &["dpkg"], deb::is_installed_and_removed),
    ("deb/every compression, uncommon names", &["dpkg-deb"], deb::every_compression_and_uncommon_names),
    ("deb/termux keeps its own words", &["dpkg-deb"], deb::termux_keeps_its_own_words),
    ("deb/lintian has nothing to say", &["lintian"], deb::lintian_has_nothing_to_say),
    ("deb/signatures hold", &["gpg"], deb::signatures_hold),
    ("rpm/rpm reads what was said", &["rpm"], rpm::reads_what_was_said),
    ("rpm/rpm installs, verifies, removes it", &["rpm"], rpm::is_installed_and_verified),
    (
        "rpm/every compression, uncommon names",
        &["rpm2cpio", "cpio"],
        rpm::every_compression_and_uncommon_names,
    ),
    ("rpm/signatures of both kinds hold", &["rpm", "rpmkeys", "gpg"], rpm::signatures_hold),
    ("rpm/rpmlint finds no error", &["rpmlint"], rpm::rpmlint_finds_no_error),
    ("apk/tar reads it, digests are right", &["tar"], apk::tar_reads_it),
    ("apk/openssl verifies every kind of key", &["openssl"], apk::openssl_verifies_every_kind_of_key),
    ("archlinux/tar reads it, .MTREE is right", &["tar", "zstd"], arch_linux::tar_reads_it),
    ("archlinux/bsdtar compares .MTREE", &["bsdtar"], arch_linux::bsdtar_reads_the_mtree),
    (
        "nfpm/what it made was recorded",
        &["python3", "dpkg-deb", "rpm", "rpm2cpio", "cpio", "zstd"],
        nfpm::recorded,
    ),
    ("ipk/tar reads it", &["tar"], ipk::tar_reads_it),
];

fn main() -> ExitCode {
    if std::env::var_os(nfpm::BUILD).is_some() {
        builder::main();
        return ExitCode::SUCCESS;
    }
    let args = Arguments::from_args();
    let trials = CHECKS.iter().map(|&(name, tools, check)| {
        let missing = tools.iter().find(|t| !support::is_there(t));
        assert!(missing.is_none() || std::env::var_os("CI").is_none(), "CI has {}", missing.unwrap());
        let trial = Trial::test(name, move || {
            check();
            Ok(())
        });
        trial.with_ignored_flag(missing.is_some())
    });
    libtest_mimic::run(&args, trials.collect()).exit_code()
}
