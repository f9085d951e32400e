//! Prints how long digesting a tree takes: empty memory, then warm.
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a measuring tool")]
use goferry_cache::FileHasher;
use std::path::PathBuf;
use std::time::Instant;

fn main() {
    let root = PathBuf::from(std::env::args_os().nth(1).unwrap());
    let memory = tempfile::tempdir().unwrap();
    for threads in [1, 2] {
        for _ in 0..4 {
            let start = Instant::now();
            let hasher = FileHasher::open(memory.path(), &root, threads);
            let loaded = start.elapsed();
            let tree = hasher.tree(&root, &|_| false).unwrap();
            let walked = start.elapsed();
            hasher.save().unwrap();
            println!(
                "{threads} threads, {} files: load {loaded:?}, all {walked:?}, saved {:?}",
                tree.len(),
                start.elapsed()
            );
        }
    }
}
