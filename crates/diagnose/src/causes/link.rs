//! Linking: libraries, ABIs, symbols.

use super::{Cause, Proof, fix, line, sign};

pub(super) const TABLE: &[Cause] = &[
    Cause {
        id: "library-missing",
        title: "a library is missing at link time",
        why: "No shared and no static library of that name and of the target's ABI is in the linker's folders; the host's own library does not count.",
        signs: &[
            line("cannot find -l", r"cannot find -l(?P<library>[\w.+-]+)"),
            line("unable to find library -l", r"unable to find library -l(?P<library>[\w.+-]+)"),
            line("unable to find", r#"unable to find \w+ system library ['"](?P<library>[\w.+-]+)"#),
        ],
        rank: 50,
        fixes: &[
            fix(
                "take it from the distribution for the target, in goferry.toml; most packages have such a name",
                "[sysroot]\npackages = [\"lib{library}-dev\"]",
            ),
            fix("or install it for the target's architecture", "sudo apt-get install lib{library}-dev:ARCH"),
        ],
        proof: Proof::Reproduced,
    },
    Cause {
        id: "library-of-another-machine",
        title: "a library or object is for another machine",
        why: "The linker found a file of the right name that was built for another architecture, mostly the host's own library by -L/usr/lib.",
        signs: &[
            line("skipping incompatible", r"skipping incompatible (?P<file>\S+)"),
            sign("file in wrong format"),
            sign("file format not recognized"),
            line("is incompatible with", r"(?:input file|architecture of).*is incompatible with"),
            line("incompatible with", r"ld\.lld: error: \S+ is incompatible with"),
            sign("Relocations in generic ELF"),
        ],
        rank: 54,
        fixes: &[
            fix("take the target's own library, in goferry.toml", "[sysroot]\npackages = [\"…-dev\"]"),
            fix("take -L/usr/lib… out of CGO_LDFLAGS and `#cgo LDFLAGS`", ""),
        ],
        proof: Proof::Reproduced,
    },
    Cause {
        id: "mips-abi-mismatch",
        title: "MIPS objects of different ABIs or float ABIs were linked",
        why: "n64 (64-bit pointers), n32 and o32 cannot be mixed, nor hard and soft float.",
        signs: &[
            sign("ABI is incompatible with that of the selected emulation"),
            line("linking -m", r"linking -m(?:hard|soft)-float module with previous"),
            line("-mhard-float", r"uses -m(?:hard|soft)-float.*uses -m(?:hard|soft)-float"),
            line("linking abicalls", "linking abicalls files with non-abicalls files"),
        ],
        rank: 66,
        fixes: &[
            fix(
                "build for the ABI of the libraries: mips64le is n64 with hard float in Debian",
                "GOMIPS64=hardfloat CC=mips64el-linux-gnuabi64-gcc go build",
            ),
            fix("or let goferry choose the compiler", "goferry build --target {target}"),
        ],
        proof: Proof::Reproduced,
    },
    Cause {
        id: "mips-isa-mismatch",
        title: "MIPS release 6 code was mixed with older code",
        why: "MIPS r6 is another instruction set with another float format (NaN 2008). With -march=mips64r6 the r2 headers have no variant, and its objects do not link with r2 libraries, nor the reverse.",
        signs: &[
            line(
                "module with previous",
                r"linking mips:isa(?P<new>\w+) module with previous mips:isa(?P<old>\w+) modules",
            ),
            line("gnu/stubs-", r"gnu/stubs-\w+_2008\.h(?:: No such file|' file not found)"),
        ],
        rank: 66,
        fixes: &[fix(
            "take -march=mips64r6 out of CGO_CFLAGS: Go's own code is r2",
            "CGO_CFLAGS=-march=mips64r2 go build",
        )],
        proof: Proof::Reproduced,
    },
    Cause {
        id: "libgcc-symbol-missing",
        title: "a function of libgcc is missing",
        why: "The compiler calls a helper function for what the machine cannot do in one instruction (population count, 128-bit division, ARM's EABI), and libgcc of the target is not linked.",
        signs: &[line(
            "undefined",
            r"undefined (?:reference to|symbol:?) .?(?P<symbol>__(?:popcount[sdt]i2|[um]?u?div[sdt]i3|u?mod[sdt]i3|mulo?[sdt]i4|clz[sdt]i2|ctz[sdt]i2|bswap[sd]i2|aeabi_\w+|addtf3|fix\w+|float\w+))",
        )],
        rank: 52,
        fixes: &[
            fix("link libgcc", "CGO_LDFLAGS=-lgcc go build"),
            fix(
                "if objects were compiled with -nostdlib or another compiler, compile them with the target's own",
                "goferry build --target {target}",
            ),
        ],
        proof: Proof::Reproduced,
    },
    Cause {
        id: "libatomic-missing",
        title: "atomic operations need libatomic",
        why: "32-bit MIPS, ARMv5, 32-bit PowerPC and RISC-V have no instruction for atomic access to 8 bytes or to 1 and 2 bytes; libatomic has functions.",
        signs: &[
            line("__atomic_", r"undefined (?:reference to|symbol:?) .?(?P<symbol>__atomic_\w+)"),
            line("__sync_", r"undefined (?:reference to|symbol:?) .?(?P<symbol>__sync_\w+)"),
        ],
        rank: 54,
        fixes: &[fix("link it", "CGO_LDFLAGS=-latomic go build")],
        proof: Proof::Reproduced,
    },
    Cause {
        id: "cxx-library-missing",
        title: "C++ objects were linked without the C++ library",
        why: "Symbols of libstdc++ are undefined: the package has a C++ library but no C++ file, so Go links with the C compiler.",
        signs: &[line(
            "undefined",
            r"undefined (?:reference to|symbol:?) .?(?P<symbol>(?:std::|__cxa_|__gxx_personality|operator (?:new|delete)|(?:vtable|typeinfo) for)\S*)",
        )],
        rank: 48,
        fixes: &[
            fix("link it", "CGO_LDFLAGS=-lstdc++ go build"),
            fix("or add an empty .cc file to the package, so that g++ links", ""),
        ],
        proof: Proof::Reproduced,
    },
    Cause {
        id: "symbol-undefined",
        title: "a C function is declared and nowhere defined",
        why: "A library is not linked (-l), comes before the objects that use it, or is of a version without the function.",
        signs: &[line("undefined", r"undefined (?:reference to|symbol:?) .?(?P<symbol>\w+)")],
        rank: 34,
        fixes: &[fix("name the library that has {symbol}", "#cgo LDFLAGS: -l…")],
        proof: Proof::Reproduced,
    },
    Cause {
        id: "static-glibc-nss",
        title: "a static glibc still loads shared libraries for names",
        why: "getaddrinfo, getpwnam and their kin load NSS libraries of the very glibc version that was linked, even in a static program.",
        signs: &[line(
            "in statically linked applications requires at runtime the shared libraries",
            r"[`'](?P<function>\w+)'",
        )],
        rank: 20,
        fixes: &[
            fix("if Go's net or os/user asks, let Go look up names itself", "go build -tags netgo,osusergo"),
            fix("or link with musl, in goferry.toml", "[toolchain]\nlibc = \"musl\""),
        ],
        proof: Proof::Reproduced,
    },
    Cause {
        id: "zig-static-glibc",
        title: "zig does not link glibc statically",
        why: "zig makes glibc's shared libraries from a list of their symbols and has no static one.",
        signs: &[sign("libc of the specified target requires dynamic linking")],
        rank: 60,
        fixes: &[
            fix("link with musl, which is made for it, in goferry.toml", "[toolchain]\nlibc = \"musl\""),
            fix(
                "or leave -static out, and choose an old glibc, in goferry.toml",
                "[toolchain]\nglibc = \"2.17\"",
            ),
        ],
        proof: Proof::Reproduced,
    },
    Cause {
        id: "static-no-archive",
        title: "a static library is missing",
        why: "-static needs the library as an archive (.a), and only the shared one is there.",
        signs: &[
            line("attempted static link of dynamic object", r"dynamic object [`'](?P<file>[^']+)'"),
            sign("have you installed the static version"),
        ],
        rank: 52,
        fixes: &[fix(
            "link that library as shared: leave -static out, or put it between -Wl,-Bdynamic and -Wl,-Bstatic",
            "",
        )],
        proof: Proof::Reproduced,
    },
    Cause {
        id: "not-position-independent",
        title: "an object is not position-independent",
        why: "A static library that was compiled without -fPIC cannot be linked into a PIE or a shared library.",
        signs: &[line("recompile with -fP", r"relocation (?P<relocation>\S+) against")],
        rank: 52,
        fixes: &[
            fix("compile the library with -fPIC", "make CFLAGS=-fPIC"),
            fix("or build without PIE", "go build -buildmode=exe -ldflags=-extldflags=-no-pie"),
        ],
        proof: Proof::Reproduced,
    },
    Cause {
        id: "duplicate-symbol",
        title: "a C symbol is defined twice",
        why: "Two copies of a C library are linked, for example two Go packages that each vendor it, or a definition in a cgo comment of a file with //export.",
        signs: &[
            line("multiple definition of", r"multiple definition of .?(?P<symbol>\w+)"),
            line("duplicate symbol", r"duplicate symbol:? .?(?P<symbol>\w+)"),
        ],
        rank: 46,
        fixes: &[fix(
            "keep one copy, or declare in the comment of a file with //export and define in a .c file",
            "",
        )],
        proof: Proof::Reproduced,
    },
];
