//! The C toolchain: missing, or the wrong one.

use super::{Cause, Proof, fix, line, sign};

const RUN: &str = "goferry build --target {target}";

pub(super) const TABLE: &[Cause] = &[
    Cause {
        id: "dead-cc-variable",
        title: "a variable such as CC_aarch64_linux_gnu is set, and the go command does not read it",
        why: "Go reads CC, CXX and AR. Names with a triple belong to other build systems, so the host's gcc was used.",
        signs: &[
            line(
                "CC_",
                r"\b(?P<variable>(?:CC|CXX|AR)_(?:aarch64|arm|armv7|mips\w*|riscv64|powerpc\w*|s390x|x86_64|i686)_\w+)=",
            ),
            line("CC_FOR_", r"\b(?P<variable>(?:CC|CXX)_FOR_(?:linux|darwin|windows)_\w+)="),
        ],
        rank: 74,
        fixes: &[
            fix("let goferry choose and fetch the compiler", RUN),
            fix("or name it as Go reads it", "CC=aarch64-linux-gnu-gcc CGO_ENABLED=1 go build"),
        ],
        proof: Proof::Reproduced,
    },
    Cause {
        id: "host-gcc-foreign-code",
        title: "the host's gcc was given code of another machine",
        why: "CGO_ENABLED=1 without CC uses the compiler of the host, whose assembler and options are for its own machine. The same is said when CC names the compiler of a third machine.",
        signs: &[
            line("no such instruction", "Error: no such instruction"),
            line(
                "unrecognized command-line option",
                r"unrecognized command-line option .{1,6}(?P<option>-m[\w-]+|-arch\b)",
            ),
            line("unrecognized argument in option", r"-m(?:abi|arch|cpu)="),
            line("bad value", r"bad value .*for .{1,6}-m(?:arch|cpu|tune|abi)="),
            sign("Error: junk at end of line"),
            line("Error: ", r"\bgcc_\w+\.S:\d+: Error: "),
        ],
        rank: 70,
        fixes: &[
            fix("let goferry choose and fetch the compiler", RUN),
            fix("or set CC to the target's compiler", "eval \"$(goferry toolchain env {target})\""),
        ],
        proof: Proof::Reproduced,
    },
    Cause {
        id: "c-compiler-missing",
        title: "the C compiler was not found",
        why: "cgo needs a C compiler for the target, and the name in CC (or Go's default, gcc) is not on PATH.",
        signs: &[
            line("C compiler", r#"C compiler "(?P<compiler>[^"]+)" not found"#),
            line(
                "executable file not found",
                r#"exec: "(?P<compiler>[^"]*(?:gcc|clang|cc))": executable file not found"#,
            ),
        ],
        rank: 60,
        fixes: &[
            fix("fetch it without root", "goferry toolchain install {target}"),
            fix(
                "or install the distribution's: gcc and libc6-dev for the host, gcc-aarch64-linux-gnu and libc6-dev-arm64-cross and their kin for others",
                "",
            ),
            fix("or build without cgo", "CGO_ENABLED=0 go build"),
        ],
        proof: Proof::Reproduced,
    },
    Cause {
        id: "cgocc-missing",
        title: "cgocc was called and is not there",
        why: "Go's default compiler was changed: CC stands in the go env file, was set when make.bash built this Go, or zdefaultcc.go was patched.",
        signs: &[line("cgocc", r"\bcgocc\b.*not found")],
        rank: 64,
        fixes: &[
            fix("name the compiler", "CC=gcc go build"),
            fix("if the go env file says so", "go env -u CC"),
            fix("or install an unmodified Go, and see", "goferry doctor"),
        ],
        proof: Proof::Reproduced,
    },
    Cause {
        id: "cxx-compiler-missing",
        title: "the C++ compiler was not found",
        why: "A package has C++ files, and the name in CXX (or g++) is not on PATH.",
        signs: &[
            line("C++ compiler", r#"C\+\+ compiler "(?P<compiler>[^"]+)" not found"#),
            line(
                "executable file not found",
                r#"exec: "(?P<compiler>[^"]*(?:g\+\+|clang\+\+|c\+\+))": executable file not found"#,
            ),
            line("cc1plus", "cannot execute .{0,4}cc1plus|cc1plus.*No such file"),
        ],
        rank: 60,
        fixes: &[
            fix("fetch it without root", "goferry toolchain install {target}"),
            fix("or install the distribution's", "sudo apt-get install g++"),
        ],
        proof: Proof::Reproduced,
    },
    Cause {
        id: "archiver-missing",
        title: "ar was not found",
        why: "-buildmode=c-archive packs its objects with ar, which comes with binutils and is not on PATH.",
        signs: &[line(
            "executable file not found",
            r#"exec: "(?P<tool>[^"]*\bar)": executable file not found"#,
        )],
        rank: 60,
        fixes: &[
            fix("fetch the target's binutils without root", "goferry toolchain install {target}"),
            fix("or install the distribution's", "sudo apt-get install binutils"),
        ],
        proof: Proof::Reproduced,
    },
    Cause {
        id: "binutils-missing",
        title: "the C compiler has no assembler or linker",
        why: "gcc only translates; `as` and `ld` are binutils' and were not found beside it or on PATH.",
        signs: &[
            line("cannot execute", r"cannot execute .{1,3}(?P<tool>as|ld)\b"),
            line("cannot find", r"fatal error: cannot find .{1,3}(?P<tool>ld|as)\b"),
            line("error trying to exec", r"error trying to exec .{1,3}(?P<tool>as|ld)\b"),
        ],
        rank: 60,
        fixes: &[
            fix("fetch the target's binutils without root", "goferry toolchain install {target}"),
            fix("or install the distribution's", "sudo apt-get install binutils"),
        ],
        proof: Proof::Reproduced,
    },
    Cause {
        id: "pkg-config-missing",
        title: "pkg-config was not found",
        why: "A `#cgo pkg-config:` line asks it for flags, and it is not on PATH.",
        signs: &[
            line("pkg-config", r#"exec: "[^"]*pkg-config": executable file not found"#),
            line("pkgconf", r#"exec: "[^"]*pkgconf": executable file not found"#),
        ],
        rank: 60,
        fixes: &[
            fix(
                "let goferry take the library and pkg-config from the distribution, in goferry.toml",
                "[sysroot]\npackages = [\"…-dev\"]",
            ),
            fix("or install it", "sudo apt-get install pkg-config"),
        ],
        proof: Proof::Reproduced,
    },
    Cause {
        id: "pkg-config-package-missing",
        title: "pkg-config does not know a library of the target",
        why: "The library's development package is not installed for the target, or pkg-config looks into the host's folders only.",
        signs: &[
            line(
                "was not found in the pkg-config search path",
                r"Package '?(?P<library>[\w.+-]+)'? was not found",
            ),
            line("required by 'virtual:world', not found", r"Package '(?P<library>[\w.+-]+)', required by"),
        ],
        rank: 58,
        fixes: &[
            fix(
                "take the package that has {library}.pc from the distribution for the target, in goferry.toml",
                "[sysroot]\npackages = [\"…-dev\"]",
            ),
            fix("find that package", "apt-file search {library}.pc"),
            fix(
                "if it is installed, show pkg-config the target's folder",
                "PKG_CONFIG_LIBDIR=…/pkgconfig go build",
            ),
        ],
        proof: Proof::Reproduced,
    },
    Cause {
        id: "multilib-missing",
        title: "the host's gcc has no 32-bit headers",
        why: "GOARCH=386 with the host's gcc means -m32, which needs the multilib package or a cross compiler.",
        signs: &[
            line("bits/libc-header-start.h", "No such file"),
            line("bits/wordsize.h", "No such file"),
            line("gnu/stubs-32.h", "No such file"),
            line("sys/cdefs.h", "No such file"),
            line("asm/errno.h", "No such file"),
        ],
        rank: 60,
        fixes: &[
            fix("let goferry fetch i686-linux-gnu-gcc", "goferry build --target linux/386"),
            fix("or install the headers", "sudo apt-get install gcc-multilib"),
        ],
        proof: Proof::Reproduced,
    },
    Cause {
        id: "zig-refuses-float-flag",
        title: "clang refuses -mhard-float for this machine",
        why: "Go passes -mhard-float for mips64le; clang, and so zig, has no such CPU feature.",
        signs: &[line("has no LLVM CPU feature named", r"named '?.?hard-float")],
        rank: 66,
        fixes: &[
            fix("goferry's zig shim leaves the flag out", RUN),
            fix("or use gcc", "sudo apt-get install gcc-mips64el-linux-gnuabi64"),
        ],
        proof: Proof::Reproduced,
    },
    Cause {
        id: "zig-refuses-linker-flag",
        title: "zig's linker does not know an option",
        why: "zig cc takes only the linker options that its own linker has.",
        signs: &[line("unsupported linker arg", r"unsupported linker arg:? '?(?P<flag>[^' ]+)")],
        rank: 60,
        fixes: &[
            fix("take the option out of the build's ldflags or `#cgo LDFLAGS`", ""),
            fix("or use gcc, in goferry.toml", "[toolchain]\ncc = \"gcc\""),
        ],
        proof: Proof::Reproduced,
    },
    Cause {
        id: "zig-target-unknown",
        title: "zig does not know the target of that name",
        why: "zig has names of its own, processor first: aarch64-linux-gnu, x86_64-linux-musl, aarch64-macos. Go's names (arm64, darwin) and other compilers' triples are not among them.",
        signs: &[
            line(
                "error: unknown ",
                r"error: unknown (?:architecture|operating system|ABI): '?(?P<name>[\w.-]+)",
            ),
            line("unable to parse target query", r"target query '(?P<name>[^']+)'"),
        ],
        rank: 66,
        fixes: &[
            fix("see zig's names", "zig targets"),
            fix("or let goferry choose and name the target", "goferry build --target linux/arm64"),
        ],
        proof: Proof::Reproduced,
    },
    Cause {
        id: "macos-framework-missing",
        title: "a macOS framework is missing",
        why: "Frameworks are in Apple's SDK only; goferry has stubs for those that Go's standard library uses.",
        signs: &[
            line(
                "framework",
                r#"(?:framework not found|unable to find (?:system )?framework|could not find framework) ['"]?(?P<framework>\w+)"#,
            ),
            line("framework", r"ld: framework '?(?P<framework>\w+)'? not found"),
            line(
                "file not found",
                r"'(?P<framework>Core\w+|Cocoa|Carbon|AppKit|AV\w+|Foundation|IOKit|LocalAuthentication|Metal\w*|OpenGL|Quartz\w*|Security|SystemConfiguration|UserNotifications|WebKit)/\w+\.h' file not found",
            ),
        ],
        rank: 60,
        fixes: &[
            fix("name an SDK, in goferry.toml", "[toolchain.target.\"darwin/arm64\"]\nsdk = \"MacOSX.sdk\""),
            fix("or build this target on macOS", ""),
        ],
        proof: Proof::Reproduced,
    },
];
