//! Running: loaders, libraries, emulators, processors.

use super::{Cause, Proof, fix, line, sign};

pub(super) const TABLE: &[Cause] = &[
    Cause {
        id: "exec-format-error",
        title: "the kernel does not run programs of this machine",
        why: "The file is for another architecture, and no emulator is registered for it (binfmt_misc), or it is no program at all. A registration may be gone, or be out of sight: since Linux 6.7 each user namespace, so each rootless container, has a table of its own.",
        signs: &[sign("exec format error"), sign("Exec format error")],
        rank: 50,
        fixes: &[
            fix("see what the file is, and what would run it", "goferry explain FILE"),
            fix("build and run it with an emulator that needs no registration", "goferry run {target}"),
        ],
        proof: Proof::Reproduced,
    },
    Cause {
        id: "cannot-execute-binary",
        title: "the shell cannot execute the file: another machine's program",
        why: "The same as exec format error, in the words of a shell.",
        signs: &[sign("cannot execute binary file"), sign("Bad CPU type in executable")],
        rank: 50,
        fixes: &[fix("see what the file is, and what would run it", "goferry explain FILE")],
        proof: Proof::Reproduced,
    },
    Cause {
        id: "glibc-too-old",
        title: "the system's glibc is older than the program needs",
        why: "A program that was linked on a newer system asks for versions of symbols that the older C library does not have.",
        signs: &[line("GLIBC_", r"version .?GLIBC_(?P<version>[\d.]+).? not found")],
        rank: 60,
        fixes: &[
            fix("link for an older glibc, in goferry.toml", "[toolchain]\nglibc = \"2.17\""),
            fix("or without cgo, if no package needs it", "CGO_ENABLED=0 go build"),
            fix("which distributions have {version}", "goferry explain FILE"),
        ],
        proof: Proof::Reproduced,
    },
    Cause {
        id: "libstdcxx-too-old",
        title: "the system's C++ library is older than the program needs",
        why: "A program with C++ code that was linked on a newer system asks for symbols that the older libstdc++ does not have.",
        signs: &[line("not found", r"version .?(?P<version>(?:GLIBCXX|CXXABI)_[\d.]+).? not found")],
        rank: 60,
        fixes: &[fix("link it in", "CGO_LDFLAGS='-static-libstdc++ -static-libgcc' go build")],
        proof: Proof::Reproduced,
    },
    Cause {
        id: "loader-missing",
        title: "the file is there, and its loader is not",
        why: "A dynamic program names its loader (ld-linux, ld-musl); where that is missing the kernel says that the program does not exist. A glibc program on Alpine, or an arm64 one without its libraries, looks like this.",
        signs: &[
            sign("required file not found"),
            line("no such file or directory", r"(?:fork/exec|exec:?) \S*/[\w.-]+: no such file or directory"),
            line(
                ": not found",
                r"\b(?:ba|da|a)?sh: (?:\d+: |line \d+: )?(?:exec: )?(?P<file>\.{0,2}/[^:]+): not found",
            ),
            line(
                "No such file or directory",
                r"bash: (?:line \d+: )?(?P<file>\.{0,2}/[^:]+): No such file or directory",
            ),
            line("exec user process caused", "no such file or directory"),
        ],
        rank: 40,
        fixes: &[
            fix("see which loader it wants", "goferry explain FILE"),
            fix("build a static program, in goferry.toml", "[toolchain]\nlibc = \"musl\""),
            fix("or without cgo, if no package needs it", "CGO_ENABLED=0 go build"),
        ],
        proof: Proof::Reproduced,
    },
    Cause {
        id: "shared-library-missing",
        title: "a shared library is missing on the machine that runs the program",
        why: "The loader found no file of that name in its folders.",
        signs: &[
            line(
                "error while loading shared libraries",
                r"libraries: (?P<library>[^:]+): (?:cannot open|wrong ELF|file too)",
            ),
            line("Error loading shared library", r"library (?P<library>[^:]+):"),
        ],
        rank: 52,
        fixes: &[
            fix("see everything that the program needs", "goferry inspect FILE"),
            fix("install the package that has {library}, or link it statically", ""),
        ],
        proof: Proof::Reproduced,
    },
    Cause {
        id: "qemu-loader-missing",
        title: "qemu does not find the target's loader",
        why: "A dynamic program runs under qemu only with the target's C library in a folder that qemu knows (-L, QEMU_LD_PREFIX).",
        signs: &[line(
            "Could not open '/",
            r"qemu-(?P<arch>\w+)(?:-static)?: Could not open '(?P<loader>[^']+)'",
        )],
        rank: 60,
        fixes: &[
            fix("goferry sets the folder", "goferry run {target}"),
            fix(
                "or by hand, with the cross compiler's libraries",
                "QEMU_LD_PREFIX=/usr/aarch64-linux-gnu qemu-aarch64-static ./app",
            ),
        ],
        proof: Proof::Reproduced,
    },
    Cause {
        id: "qemu-illegal-instruction",
        title: "the program uses instructions that the emulated processor does not have",
        why: "Compiled for a newer processor than the promised level (GOARM, -march), or qemu's model is older than the program needs.",
        signs: &[sign("uncaught target signal 4")],
        rank: 62,
        fixes: &[
            fix("build for the level that the machine has", "GOARM=6 go build"),
            fix("or give qemu a newer processor", "QEMU_CPU=max qemu-arm-static ./app"),
        ],
        proof: Proof::Reproduced,
    },
    Cause {
        id: "qemu-segfault",
        title: "the program crashed under qemu",
        why: "A crash of the program itself, or one of qemu's own limits: some versions crash on garbage collectors, big address spaces or signals.",
        signs: &[
            sign("uncaught target signal 11"),
            line("uncaught target signal 6", ""),
            line("QEMU internal SIGSEGV", ""),
        ],
        rank: 44,
        fixes: &[
            fix(
                "try the newest qemu that can be fetched without installing it",
                "goferry toolchain update {target}",
            ),
            fix("try the program on a real machine, before you look for the fault in it", ""),
        ],
        proof: Proof::Reproduced,
    },
    Cause {
        id: "qemu-wrong-machine",
        title: "qemu refuses the file: it is for another machine or ABI",
        why: "Each qemu runs one architecture and byte order; an n32 or r6 MIPS program or a damaged file is refused too.",
        signs: &[
            sign("Invalid ELF image for this architecture"),
            line("Error while loading", r"Error while loading (?P<file>\S+): (?:Exec format error|No such)"),
        ],
        rank: 58,
        fixes: &[fix("see what the file is", "goferry explain FILE")],
        proof: Proof::Reproduced,
    },
    Cause {
        id: "qemu-cpu-unknown",
        title: "qemu does not know the processor of that name",
        why: "QEMU_CPU or -cpu names a model that this version of qemu does not have, or one of another architecture.",
        signs: &[line("unable to find CPU model", r"CPU model '(?P<model>[^']+)'")],
        rank: 64,
        fixes: &[
            fix("see the models that it knows", "qemu-aarch64-static -cpu help"),
            fix("or let qemu choose", "unset QEMU_CPU"),
        ],
        proof: Proof::Reproduced,
    },
    Cause {
        id: "mips-release-refused",
        title: "the MIPS program is of another release or float format than the processor",
        why: "The kernel, or qemu in its place, compares the program's NaN format with the processor's. Release 6 (-march=mips64r6) has NaN 2008; processors of release 2, such as Octeon and Loongson, do not run it.",
        signs: &[sign("NaN mode not supported by CPU")],
        rank: 66,
        fixes: &[
            fix("build for release 2, which is what Go's own code is", "CGO_CFLAGS=-march=mips64r2 go build"),
            fix("see what the file is", "goferry explain FILE"),
        ],
        proof: Proof::Reproduced,
    },
    Cause {
        id: "glibc-program-on-musl",
        title: "a program that was linked with glibc runs on musl",
        why: "Alpine has musl. With gcompat or a link in the loader's place a glibc program starts, and then misses functions that only glibc has.",
        signs: &[line(
            "Error relocating",
            r"Error relocating (?P<file>\S+): (?P<symbol>\w+): symbol not found",
        )],
        rank: 58,
        fixes: &[
            fix("link with musl, in goferry.toml", "[toolchain]\nlibc = \"musl\""),
            fix("or without cgo, if no package needs it", "CGO_ENABLED=0 go build"),
        ],
        proof: Proof::Reproduced,
    },
    Cause {
        id: "processor-level-too-low",
        title: "the processor is older than GOAMD64, GOARM or GO386 promise",
        why: "GOAMD64=v2 and above use instructions that older processors do not have; Go's start-up code looks, and ends the program.",
        signs: &[
            line("This program can only be run on", r"on (?P<needed>[^.]+)"),
            sign("Go runtime requires"),
            sign("this CPU has no floating point hardware"),
            sign("SIGILL: illegal instruction"),
        ],
        rank: 60,
        fixes: &[
            fix("build for the oldest machine that it must run on", "GOAMD64=v1 go build"),
            fix("see for what it was built", "goferry inspect FILE"),
        ],
        proof: Proof::Reproduced,
    },
    Cause {
        id: "ptrace-not-emulated",
        title: "a debugger or tracer cannot work under qemu",
        why: "qemu-user does not implement ptrace; strace, gdb and delve cannot attach to an emulated program from inside.",
        signs: &[
            line(
                "ptrace",
                r"(?i)ptrace.*(?:function not implemented|Input/output error|not implemented|operation not permitted)",
            ),
            line("function not implemented", r"could not (?:launch process|attach to)"),
        ],
        rank: 56,
        fixes: &[fix(
            "use qemu's own gdb stub from outside",
            "qemu-aarch64-static -g 1234 ./app & gdb-multiarch -ex 'target remote :1234' ./app",
        )],
        proof: Proof::Reproduced,
    },
    Cause {
        id: "binfmt-not-permitted",
        title: "an emulator cannot be registered here",
        why: "/proc/sys/fs/binfmt_misc is read-only or belongs to another user namespace, as in containers without privileges; on kernels from 6.7 a registration is seen in its own namespace only.",
        signs: &[line(
            "binfmt_misc",
            r"binfmt_misc.*(?:[Pp]ermission denied|[Rr]ead-only file system|No such file|Directory nonexistent|[Nn]ot permitted|must be superuser)",
        )],
        rank: 60,
        fixes: &[fix("run the program with an emulator that needs no registration", "goferry run {target}")],
        proof: Proof::Reproduced,
    },
    Cause {
        id: "no-exec-permission",
        title: "the file may not be executed",
        why: "It has no execute bit (an archive or upload lost it), or its file system is mounted noexec.",
        signs: &[line(
            "ermission denied",
            r"(?:fork/exec \S+|(?:ba|da)?sh: (?:\d+: |line \d+: )?\.{0,2}/\S+|exec: \S+): [Pp]ermission denied",
        )],
        rank: 48,
        fixes: &[
            fix("give it the bit", "chmod +x FILE"),
            fix("or build where programs may run", "GOTMPDIR=$HOME/tmp go test ./..."),
        ],
        proof: Proof::Reproduced,
    },
];
