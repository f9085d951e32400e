//! The only house that starts processes: commands as data, the host that runs them, the sandbox.
//!
//! Owns: [`CommandSpec`] and [`Spawner`]; process groups, limits and cancellation; finding programs on PATH; how much
//! memory there is; namespaces ([`sandbox`]).
//! Must not: know any tool, its arguments or its output.

mod cancel;
mod error;
mod exec;
pub mod guest;
mod host;
mod kept;
mod lookup;
pub mod memory;
#[cfg(target_os = "linux")]
mod relay;
pub mod root;
pub mod sandbox;
mod scripted;
mod spec;

pub use cancel::{Cancel, install_every_end, install_interrupt};
pub use error::SpawnError;
pub use exec::{complain, exec_instead};
pub use host::Host;
pub use lookup::find_program;
pub use memory::{OomCounter, available_memory, free_disk, total_memory};
pub use root::Root;
pub use scripted::{Expected, Scripted};
pub use spec::{CommandSpec, Env, Finished, Limits, OutputMode, Spawner, Status, Stdin, Stream};
