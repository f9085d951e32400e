//! Traces of system calls: what qemu-user and strace write, read into one shape; order, counts, differences.
//!
//! Owns: both formats, the order of calls of several threads, which calls of two machines mean the same.
//! Must not: run anything, read files.
//!
//! Sources: qemu's linux-user/strace.c and util/log.c (7.2 and 10.0), strace(1) 6.1, and recorded outputs of both
//! (tests/traces). An emulator writes strings as they are, without escapes, and a result may stand lines after its call.

mod calls;
mod compare;
mod descriptors;
mod errno;
mod events;
mod lines;
mod order;
mod qemu;
mod shape;
mod strace;
mod strands;
mod summary;
mod text;

pub use compare::{Comparison, Difference, Side, compare};
pub use events::{Call, Event, Outcome, What};
pub use qemu::{Log, read_qemu};
pub use strace::read_strace;
pub use summary::{Count, summary};

/// Reads of the clock, which an emulated Go program makes by the thousand, because it has no vDSO to ask.
pub fn reads_the_clock(call: &str) -> bool {
    matches!(calls::canonical(call).name, "clock_gettime" | "gettimeofday" | "time")
}
