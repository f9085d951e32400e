//! Values drawn as text for people. Must not: write to a stream, decide anything.

pub(crate) mod deps;
pub(crate) mod diagnostics;
pub(crate) mod sarif;
pub(crate) mod scan;
pub(crate) mod summary;
pub(crate) mod table;
pub(crate) mod trace;
