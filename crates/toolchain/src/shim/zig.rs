//! `zig cc`'s arguments: what Go and gcc say and clang or zig's linker refuse.

use std::ffi::OsString;

/// Words that clang refuses for a target whose only float ABI they name (FACTS: `-mhard-float` for mips64le).
const FLOAT: [&str; 3] = ["-mhard-float", "-msoft-float", "-mno-odd-spreg"];

/// Words for other linkers than zig's.
const LINKER: [&str; 7] = [
    "-Wl,--no-gc-sections",
    "-Wl,--build-id=none",
    "-Wl,--compress-debug-sections=zlib",
    "-Wl,--compress-debug-sections=zlib-gnu",
    "-Wl,--compress-debug-sections=none",
    "-Wl,-no_pie",
    "-Wl,-flat_namespace",
];

/// Drops what this target's clang or linker refuses.
pub(super) fn rewrite(goos: &str, goarch: &str, args: Vec<OsString>) -> Vec<OsString> {
    let mips = goarch.starts_with("mips");
    args.into_iter()
        .filter(|arg| {
            let Some(text) = arg.to_str() else { return true };
            let dropped = (mips && FLOAT.contains(&text))
                || LINKER.contains(&text)
                || (goos == "windows" && matches!(text, "-mthreads" | "-Wl,--dynamicbase" | "-Wl,--high-entropy-va" | "-Wl,--nxcompat" | "-Wl,--no-insert-timestamp"))
                || (goos == "windows" && text.starts_with("-Wl,-T,"))
                || (goos == "darwin" && matches!(text, "-Wl,-x" | "-Wl,-S" | "-Wl,-headerpad,1144" | "-Qunused-arguments"))
                // The CPU is in zig's own -mcpu.
                || (goarch == "arm" && text.starts_with("-march="))
                || text == "-marm";
            !dropped
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(goos: &str, goarch: &str, text: &str) -> String {
        let words = text.split(' ').map(OsString::from).collect();
        let out: Vec<String> =
            rewrite(goos, goarch, words).into_iter().map(|w| w.to_string_lossy().into_owned()).collect();
        out.join(" ")
    }

    #[test]
    fn what_is_refused_is_dropped() {
        assert_eq!(after("linux", "mips64le", "-mabi=64 -mhard-float -c x.c"), "-mabi=64 -c x.c");
        assert_eq!(after("linux", "arm64", "-mhard-float -c x.c"), "-mhard-float -c x.c");
        assert_eq!(after("linux", "amd64", "-Wl,--no-gc-sections -Wl,-z,now x.o"), "-Wl,-z,now x.o");
        assert_eq!(after("windows", "amd64", "-mthreads -Wl,-T,fix.ld a.o"), "a.o");
        assert_eq!(after("linux", "arm", "-marm -march=armv6 -c x.c"), "-c x.c");
    }
}
