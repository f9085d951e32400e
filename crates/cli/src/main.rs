//! The `goferry` command.
fn main() {}
