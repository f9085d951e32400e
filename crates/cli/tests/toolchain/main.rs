//! `goferry toolchain`, `run`, `explain` and `doctor` on a machine that has neither cross compilers nor emulators, with the
//! real apt, gcc, qemu and go, as an ordinary user.
//!
//! Without this file's own `main` nothing would remove the fetched compilers at the end.

#![expect(clippy::unwrap_used, reason = "what a test cannot set up has failed")]

mod damage;
mod doctor;
mod explain;
mod kill;
mod lend;
mod lock;
mod machine;
mod run;
mod same;
#[path = "../support/mod.rs"]
mod support;

use libtest_mimic::{Arguments, Trial};
use machine::Machine;
use std::process::ExitCode;
use std::sync::{Arc, OnceLock};

type Check = (&'static str, fn(&Machine));

const CHECKS: &[&[Check]] = &[
    run::CHECKS,
    lock::CHECKS,
    damage::CHECKS,
    kill::CHECKS,
    same::CHECKS,
    lend::CHECKS,
    doctor::CHECKS,
    explain::CHECKS,
];

fn main() -> ExitCode {
    let args = Arguments::from_args();
    let machine: Arc<OnceLock<Machine>> = Arc::default();
    let trials = CHECKS.iter().copied().flatten().map(|(name, check)| {
        let machine = Arc::clone(&machine);
        Trial::test(*name, move || {
            check(machine.get_or_init(Machine::new));
            Ok(())
        })
    });
    let conclusion = libtest_mimic::run(&args, trials.collect());
    if let Some(m) = machine.get() {
        m.remove();
    }
    conclusion.exit_code()
}
