//! HTTP requests to services: one answer for one request, bounded in size and time, with the host's own trust and proxies.
//! Bodies are in memory, or flow from a reader and into a sink.
//!
//! Owns: the only connections that goferry itself opens. Must not: know a service, read the environment by itself, print,
//! or show a header, a body or the secret part of an address in an error.
//!
//! ```no_run
//! use goferry_net::{Client, Options, Request};
//!
//! let client = Client::new(Options::from_env(|name| std::env::var(name).ok()));
//! let answer = client.send(&Request::get("https://vuln.go.dev/index/db.json"), &|| false)?;
//! assert_eq!(answer.status, 200);
//! # Ok::<(), goferry_net::NetError>(())
//! ```

mod address;
mod body;
mod client;
mod error;
mod exchange;
mod proxy;
mod request;

pub use address::{join, origin, same_origin, secrets, shown};
pub use body::{Checksum, Sink};
pub use client::{Client, Options};
pub use error::NetError;
pub use request::{Request, Response};
