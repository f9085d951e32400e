//! [`Built`](goferry_build::Built) to [`Verified`]: every claim of a binary's bytes against the plan, then a start on
//! its target.
//!
//! Owns: what passes and what does not, [`Verified`] and [`Waived`]. Must not: build, package, choose runners.

mod glibc;
mod inspect;
mod judge;
mod stage;
mod verified;

pub use inspect::{BuildInfo, Expectation, Inspected, inspect};
pub use judge::{Verdict, judge};
pub use stage::{Installed, Start, VerifyContext, planned_waiver, verify, verify_installed};
pub use verified::{RunOutcome, RunRecord, Verified, VerifiedRecord, Waived, WaiverClass};
