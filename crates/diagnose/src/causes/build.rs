//! Compiling: cgo off, headers, pairs, memory and disk.

use super::{Cause, Proof, fix, line, sign};

pub(super) const TABLE: &[Cause] = &[
    Cause {
        id: "cgo-off-excludes-files",
        title: "cgo is off, and a package has nothing but cgo files",
        why: "When GOOS or GOARCH differ from the host's, CGO_ENABLED is 0 unless it is set; files with import \"C\" are then left out.",
        signs: &[line(
            "build constraints exclude all Go files in",
            r"build constraints exclude all Go files in (?P<folder>\S+)",
        )],
        rank: 56,
        fixes: &[
            fix("goferry turns cgo on where a package needs it", "goferry build --target {target}"),
            fix("or by hand, with the target's compiler", "CGO_ENABLED=1 CC=… go build"),
            fix(
                "if the package is for another system only, look at its build constraints",
                "go list -e -f '{{.IgnoredGoFiles}}' {folder}",
            ),
        ],
        proof: Proof::Reproduced,
    },
    Cause {
        id: "cgo-off-undefined-names",
        title: "names are undefined, as when cgo is off",
        why: "The file that declares the name has import \"C\" or a build constraint, and was left out for this target.",
        signs: &[line("undefined: ", r"\.go:\d+:\d+: undefined: (?P<name>[\w.]+)")],
        rank: 30,
        fixes: &[
            fix("goferry turns cgo on where a package needs it", "goferry build --target {target}"),
            fix("or see which files are left out, and why", "go list -f '{{.IgnoredGoFiles}}' ./..."),
        ],
        proof: Proof::Reproduced,
    },
    Cause {
        id: "c-files-without-cgo",
        title: "the package has C files, and no cgo",
        why: "C files are compiled only where a Go file of the package says import \"C\" and cgo is on; with CGO_ENABLED=0 that file was left out.",
        signs: &[line(
            "not allowed when not using cgo",
            r"C(?:\+\+)? source files not allowed when not using cgo or SWIG: (?P<files>.+)",
        )],
        rank: 56,
        fixes: &[
            fix("goferry turns cgo on where a package needs it", "goferry build --target {target}"),
            fix("or by hand, with the target's compiler", "CGO_ENABLED=1 CC=… go build"),
            fix("if the C files are for cgo builds only, say so in their first line", "//go:build cgo"),
        ],
        proof: Proof::Reproduced,
    },
    Cause {
        id: "cgo-name-unknown",
        title: "a C name is not declared for this target",
        why: "The headers of the target do not have it: another system, an older C library, a header that was not included, or a macro that hides it.",
        signs: &[line(
            "could not determine",
            r"could not determine (?:what|kind of name for) C\.(?P<name>\w+)",
        )],
        rank: 50,
        fixes: &[
            fix("see where the target's headers have it", "grep -rw {name} /usr/TRIPLE/include"),
            fix(
                "keep the file that uses it for the systems that have it, by a build constraint",
                "//go:build linux",
            ),
        ],
        proof: Proof::Reproduced,
    },
    Cause {
        id: "cgo-flag-refused",
        title: "cgo refuses a flag of the C compiler",
        why: "Flags in `#cgo` lines could run programs, so the go command takes only those that it knows to be harmless.",
        signs: &[line(
            "invalid flag in",
            r"invalid flag in (?:#cgo |pkg-config --)?(?P<kind>\w+): (?P<flag>\S+)",
        )],
        rank: 58,
        fixes: &[fix("if you trust the package, allow the flag", "CGO_{kind}_ALLOW='{flag}' go build")],
        proof: Proof::Reproduced,
    },
    Cause {
        id: "variant-invalid",
        title: "GOMIPS64, GO386 or their like has a value that Go does not know",
        why: "Each architecture has its own variable and words: GOARM=7, GOAMD64=v3, GOMIPS64=softfloat.",
        signs: &[
            line(
                "invalid GO",
                r"invalid (?P<variable>GO(?:386|AMD64|ARM|ARM64|MIPS|MIPS64|PPC64|RISCV64|WASM)): ",
            ),
            line("unsupported setting GO", r"unsupported setting (?P<variable>GO386|GOPPC64)="),
        ],
        rank: 70,
        fixes: &[
            fix("take the value away, to have the default", "unset {variable}; go env -u {variable}"),
            fix("see the words that go with a target", "goferry targets"),
        ],
        proof: Proof::Reproduced,
    },
    Cause {
        id: "race-needs-cgo",
        title: "-race needs cgo",
        why: "The race detector is C code; with CGO_ENABLED=0, or when cross compiling without a compiler, it cannot be linked.",
        signs: &[sign("-race requires cgo"), sign("-msan requires cgo"), sign("-asan requires cgo")],
        rank: 60,
        fixes: &[
            fix("turn cgo on", "CGO_ENABLED=1 go test -race"),
            fix("or leave -race out for this target", ""),
        ],
        proof: Proof::Reproduced,
    },
    Cause {
        id: "header-missing",
        title: "a header is missing",
        why: "The library's development package is not there for the target; the host's own headers do not count when cross compiling.",
        signs: &[
            line("fatal error: ", r"fatal error: (?P<header>[\w./+-]+\.h\w*): No such file or directory"),
            line("file not found", r"fatal error: '(?P<header>[\w./+-]+\.h\w*)' file not found"),
        ],
        rank: 50,
        fixes: &[
            fix(
                "take the package that has {header} from the distribution for the target, in goferry.toml",
                "[sysroot]\npackages = [\"…-dev\"]",
            ),
            fix("find the package that has it", "apt-file search {header}"),
        ],
        proof: Proof::Reproduced,
    },
    Cause {
        id: "mips-abi-stubs",
        title: "the headers have no variant for this MIPS ABI",
        why: "glibc's headers are made for one ABI (o32, n32 or n64) and one float ABI. The compiler was told another: softfloat, or n64 with a compiler whose libraries are o32.",
        signs: &[line(
            "gnu/stubs-",
            r"gnu/stubs-(?P<abi>[no]\d\d_(?:hard|soft))\.h(?:: No such file|' file not found)",
        )],
        rank: 66,
        fixes: &[
            fix("build hard float, which Debian's MIPS libraries are", "GOMIPS64=hardfloat go build"),
            fix("take the compiler of that ABI: n64 for mips64le", "CC=mips64el-linux-gnuabi64-gcc go build"),
            fix(
                "or link softfloat with musl, in goferry.toml",
                "[toolchain.target.\"{target}\"]\nlibc = \"musl\"",
            ),
        ],
        proof: Proof::Reproduced,
    },
    Cause {
        id: "unsupported-pair",
        title: "Go does not know this GOOS/GOARCH pair",
        why: "The pair is misspelt (arm64, not aarch64; mips64le, not mips64el; amd64, not x86_64) or was never ported.",
        signs: &[line("unsupported GOOS/GOARCH pair", r"pair (?P<pair>\S+)")],
        rank: 70,
        fixes: &[fix("see the names that Go knows", "goferry targets")],
        proof: Proof::Reproduced,
    },
    Cause {
        id: "external-linking-needed",
        title: "this pair is linked by a C toolchain only",
        why: "android/386, android/amd64, android/arm and ios need the system's own linker, even for pure Go.",
        signs: &[
            line(
                "requires external",
                r"(?P<pair>\w+/\w+) requires external \(cgo\) linking, but cgo is not enabled",
            ),
            line("requires external", r"requires external linking|requires external \(cgo\)"),
        ],
        rank: 68,
        fixes: &[
            fix("leave the target out, in goferry.toml", "targets = [\"linux/arm64\"]"),
            fix("or use its SDK: CC of Android's NDK or Xcode with CGO_ENABLED=1", ""),
        ],
        proof: Proof::Reproduced,
    },
    Cause {
        id: "buildmode-unsupported",
        title: "the target does not have this build mode",
        why: "Not every port has c-shared, plugin, pie or -race.",
        signs: &[
            line(
                "not supported on",
                r"-(?:buildmode=(?P<mode>\w[\w-]*)|race|msan|asan) (?:is )?not supported on",
            ),
            line("only supported on", r"-(?:buildmode=\w[\w-]*|race|msan|asan) is only supported on"),
        ],
        rank: 66,
        fixes: &[fix("leave the mode out for this target, by an override of the build", "")],
        proof: Proof::Reproduced,
    },
    Cause {
        id: "out-of-memory",
        title: "the machine ran out of memory",
        why: "Compilers and linkers of several targets ran at once, and the kernel killed one. `signal: killed` alone may also be a limit of time, or a job that was cancelled.",
        signs: &[
            sign("signal: killed"),
            sign("cannot allocate memory"),
            sign("Cannot allocate memory"),
            sign("runtime: out of memory"),
            sign("virtual memory exhausted"),
            sign("out of memory allocating"),
            sign("Killed signal terminated program"),
        ],
        rank: 92,
        fixes: &[
            fix(
                "goferry looks at the free memory before it starts the next; or say how many at once",
                "goferry release --parallelism 1",
            ),
            fix("with plain go", "go build -p 1"),
        ],
        proof: Proof::Reproduced,
    },
    Cause {
        id: "disk-full",
        title: "the disk is full",
        why: "Go's build cache, a temporary folder or the output has no room left.",
        signs: &[
            sign("o space left on device"),
            line("Disk quota exceeded", ""),
            line("disk quota exceeded", ""),
        ],
        rank: 94,
        fixes: &[
            fix("see which file system", "df -h . \"$(go env GOCACHE)\" /tmp"),
            fix("empty the build cache", "go clean -cache"),
        ],
        proof: Proof::Reproduced,
    },
    Cause {
        id: "too-many-open-files",
        title: "too many files are open",
        why: "The limit of open files is too low for the compilers that run at once. The go command then misses files that are there, says that packages are not in std, and keeps that in its cache.",
        signs: &[sign("oo many open files")],
        rank: 90,
        fixes: &[
            fix("raise the limit, and empty the cache of what was missed", "ulimit -n 4096; go clean -cache"),
            fix("or run fewer at once", "go build -p 2"),
        ],
        proof: Proof::Reproduced,
    },
    Cause {
        id: "embed-no-match",
        title: "an embedded file is not there",
        why: "A //go:embed pattern matches nothing: files that a generator or a front-end build makes were not made first.",
        signs: &[line("no matching files found", r"pattern (?P<pattern>\S+): no matching files found")],
        rank: 50,
        fixes: &[fix(
            "make them before the build, in the configuration",
            "before:\n  hooks:\n    - make generate",
        )],
        proof: Proof::Reproduced,
    },
];
