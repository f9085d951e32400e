//! What nfpm made of the same configurations: `scripts/compare-nfpm`, with what it recorded instead of nfpm.

use std::path::Path;
use std::process::Command;

/// Makes this program the one that the script builds packages with.
pub(crate) const BUILD: &str = "GOFERRY_TEST_BUILDS_PACKAGES";

pub(crate) fn recorded() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let output = Command::new(root.join("scripts/compare-nfpm"))
        .args(["--recorded", "--with"])
        .arg(std::env::current_exe().unwrap())
        .env(BUILD, "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let failed = String::from_utf8_lossy(&output.stderr);
    assert!(said.ends_with("40 comparisons, 0 unexplained differences\n"), "{said}{failed}");
}
