//! To be moved into.
