//! `zig cc`'s arguments: what Go and gcc say and clang or zig's linker refuse.

use std::ffi::OsString;
use std::path::Path;

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

/// Drops what this target's clang or linker refuses. `null` is where output goes that nobody reads.
pub(super) fn rewrite(goos: &str, goarch: &str, null: &Path, args: Vec<OsString>) -> Vec<OsString> {
    let mips = goarch.starts_with("mips");
    elsewhere(args, null)
        .into_iter()
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

/// Go asks compilers what they are with source from standard input and output to nowhere or nothing (`-###`); zig then
/// leaves a file `-.o` in the working directory, which is the user's project, and makes its tree dirty.
fn elsewhere(mut args: Vec<OsString>, null: &Path) -> Vec<OsString> {
    if !args.iter().any(|a| a == "-") {
        return args;
    }
    if let Some(at) = args.windows(2).position(|w| w[0] == "-o" && w[1] == "/dev/null") {
        args[at + 1] = null.into();
    } else if args.iter().any(|a| a == "-###") && !args.iter().any(|a| a == "-o") {
        args.extend(["-o".into(), null.into()]);
    }
    args
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(goos: &str, goarch: &str, text: &str) -> String {
        let words = text.split(' ').map(OsString::from).collect();
        let out: Vec<String> = rewrite(goos, goarch, Path::new("/n.o"), words)
            .into_iter()
            .map(|w| w.to_string_lossy().into_owned())
            .collect();
        out.join(" ")
    }

    #[test]
    fn what_is_refused_is_dropped() {
        assert_eq!(after("linux", "mips64le", "-mabi=64 -mhard-float -c x.c"), "-mabi=64 -c x.c");
        assert_eq!(after("linux", "arm64", "-mhard-float -c x.c"), "-mhard-float -c x.c");
        assert_eq!(after("linux", "amd64", "-Wl,--no-gc-sections -Wl,-z,now x.o"), "-Wl,-z,now x.o");
        assert_eq!(after("windows", "amd64", "-mthreads -Wl,-T,fix.ld a.o"), "a.o");
        assert_eq!(after("linux", "arm64", "-### -x c -c -"), "-### -x c -c - -o /n.o");
        assert_eq!(after("linux", "arm64", "-c -x c - -o /dev/null"), "-c -x c - -o /n.o");
        assert_eq!(after("linux", "arm64", "-c x.c -o /dev/null"), "-c x.c -o /dev/null");
        assert_eq!(after("linux", "arm", "-marm -march=armv6 -c x.c"), "-c x.c");
    }
}
