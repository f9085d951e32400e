//! The source archive: what `git archive` says, recompressed by us, with `source.files` added.
//!
//! Owns: reading git's tar, turning it into each format. Must not: run git (the caller runs
//! `git archive --format=tar --prefix=… COMMIT` into a file and hands that over).
