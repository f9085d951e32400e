//! What the distribution's cross compilers state of the ABI, against the targets that it fits.
//!
//! A compiler that is not installed is passed over; in CI it has to be there.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use goferry_objfile::{Binary, FileBytes, check_target, inspect};
use std::fs::File;
use std::process::Command;

/// A program or, where no libraries of the ABI exist, code without any; none without the compiler.
fn compiled(command: &[&str]) -> Option<Binary> {
    let dir = tempfile::tempdir().unwrap();
    let (source, out) = (dir.path().join("main.c"), dir.path().join("main"));
    std::fs::write(&source, "int main(void) { return 0; }\n").unwrap();
    let done = Command::new(command[0]).args(&command[1..]).arg("-o").arg(&out).arg(&source).output().ok()?;
    assert!(done.status.success(), "{command:?}: {}", String::from_utf8_lossy(&done.stderr));
    Some(inspect(&FileBytes::new(File::open(&out).unwrap()).unwrap()).unwrap())
}

/// A target, and what is wrong with the program there.
type Expected<'a> = (&'a str, &'a [&'a str]);

const V7_ON_V6: &str = "CPU architecture: expected v6 at most, found v7";
const V7_ON_V5: &str = "CPU architecture: expected v5 at most, found v7";
const V6_ON_V5: &str = "CPU architecture: expected v5 at most, found v6";
const HARD_ON_SOFT: &str = "float ABI: expected soft (core registers), found hard (VFP registers)";
const RELEASE_6: &str = "instruction set: expected before release 6, found release 6";
const NAN_2008: &str = "NaN encoding: expected legacy, found IEEE 754-2008";
const SOFT: &str = "float ABI: expected hardfloat, found softfloat";

#[test]
fn what_compilers_state_fits_the_targets_that_it_should() {
    let hard = "arm-linux-gnueabihf-gcc";
    let soft = "arm-linux-gnueabi-gcc";
    let mips = "mips64el-linux-gnuabi64-gcc";
    let bare = ["-nostdlib", "-static", "-Wl,-e,main"];
    let with = |first: &[&'static str]| [first, &bare].concat();
    let cases: [(Vec<&str>, &[Expected<'_>]); 8] = [
        (
            vec![hard],
            &[
                ("linux/arm/v7", &[]),
                ("linux/arm/v6", &[V7_ON_V6]),
                ("linux/arm/v5", &[HARD_ON_SOFT, V7_ON_V5]),
            ],
        ),
        // The start files alone make it ARMv7.
        (vec![hard, "-march=armv6", "-mfpu=vfp", "-marm"], &[("linux/arm/v6", &[V7_ON_V6])]),
        (vec![soft], &[("linux/arm/v5", &[]), ("linux/arm/v6", &[]), ("linux/arm/v7", &[])]),
        (vec![soft, "-march=armv6"], &[("linux/arm/v5", &[V6_ON_V5]), ("linux/arm/v6", &[])]),
        (vec![mips], &[("linux/mips64le", &[])]),
        (with(&[mips, "-march=mips64"]), &[("linux/mips64le", &[])]),
        (with(&[mips, "-mnan=2008"]), &[("linux/mips64le", &[NAN_2008])]),
        (with(&[mips, "-march=mips64r6"]), &[("linux/mips64le", &[RELEASE_6, NAN_2008])]),
    ];
    for (command, targets) in cases {
        let Some(binary) = compiled(&command) else {
            assert!(std::env::var_os("CI").is_none(), "{} is not installed", command[0]);
            continue;
        };
        for (target, expected) in targets {
            let found = check_target(&binary, &target.parse().unwrap());
            let found: Vec<String> = found.iter().map(ToString::to_string).collect();
            assert_eq!(found, *expected, "{command:?} as {target}: {:?}", binary.abi);
        }
    }
    if let Some(binary) = compiled(&with(&[mips, "-msoft-float"])) {
        let found = check_target(&binary, &"linux/mips64le".parse().unwrap());
        assert_eq!(found.iter().map(ToString::to_string).collect::<Vec<_>>(), [SOFT]);
        assert_eq!(check_target(&binary, &"linux/mips64le/softfloat".parse().unwrap()), []);
    }
}
