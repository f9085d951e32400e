//! One row for each of Go's pairs: what its files look like, who else calls it what, what can run it.
//!
//! Sources: `go tool dist list` (Go 1.26); ELF e_machine from the gABI registry; PE Machine from the PE/COFF
//! specification; Mach-O cputype from `mach/machine.h`; loader paths from each psABI and Debian's libc6 packages.

use crate::{ArchKind, Os};

/// Byte order of a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "two byte orders")]
pub enum Endian {
    Little,
    Big,
}

/// The container format of a target's executables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "formats by name")]
pub enum ObjectFormat {
    Elf,
    Pe,
    MachO,
    Xcoff,
    Plan9,
    Wasm,
}

/// Who links a pure Go program for the pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Linking {
    /// Go's own linker can.
    Internal,
    /// Only a C toolchain of the target can, even for pure Go (FACTS.md: five pairs).
    External,
}

/// What is true of every program for a pair.
#[derive(Clone, Copy, Debug)]
pub struct TargetFacts {
    /// GOOS.
    pub os: Os,
    /// GOARCH.
    pub arch: ArchKind,
    /// Executable format.
    pub format: ObjectFormat,
    /// 32 or 64.
    pub bits: u8,
    /// Byte order.
    pub endian: Endian,
    /// Machine number in the format's header: e_machine, PE Machine, Mach-O cputype; 0 where the format has none.
    pub machine: u32,
    /// Who links pure Go programs.
    pub linking: Linking,
    /// GNU triple of the C toolchain (Debian's name for Linux), if there is one.
    pub gnu_triple: Option<&'static str>,
    /// zig's target name.
    pub zig_triple: Option<&'static str>,
    /// Suffix of the qemu-user binary (`qemu-aarch64`), Linux only.
    pub qemu: Option<&'static str>,
    /// What `uname -m` says on such a machine, Linux only.
    pub uname: Option<&'static str>,
    /// glibc's loader, Linux only.
    pub glibc_loader: Option<&'static str>,
    /// musl's loader, Linux only.
    pub musl_loader: Option<&'static str>,
    /// Debian's architecture name, Linux only.
    pub debian: Option<&'static str>,
}

impl TargetFacts {
    /// File name ending of an executable, with its dot.
    pub fn exe_suffix(&self) -> &'static str {
        match self.os {
            Os::Windows => ".exe",
            Os::Js | Os::Wasip1 => ".wasm",
            _ => "",
        }
    }
}

pub(crate) fn find(os: Os, arch: ArchKind) -> Option<&'static TargetFacts> {
    TABLE.iter().find(|f| f.os == os && f.arch == arch)
}

struct Machine {
    bits: u8,
    endian: Endian,
    elf: u32,
    pe: u32,
    macho: u32,
}

const fn machine(arch: ArchKind) -> Machine {
    use Endian::{Big, Little};
    let (bits, endian, elf, pe, macho) = match arch {
        ArchKind::I386 => (32, Little, 3, 0x14c, 7),
        ArchKind::Amd64 => (64, Little, 62, 0x8664, 0x0100_0007),
        ArchKind::Arm => (32, Little, 40, 0x1c4, 12),
        ArchKind::Arm64 => (64, Little, 183, 0xaa64, 0x0100_000c),
        ArchKind::Loong64 => (64, Little, 258, 0, 0),
        ArchKind::Mips => (32, Big, 8, 0, 0),
        ArchKind::Mips64 => (64, Big, 8, 0, 0),
        ArchKind::Mips64le => (64, Little, 8, 0, 0),
        ArchKind::Mipsle => (32, Little, 8, 0, 0),
        ArchKind::Ppc64 => (64, Big, 21, 0, 0),
        ArchKind::Ppc64le => (64, Little, 21, 0, 0),
        ArchKind::Riscv64 => (64, Little, 243, 0, 0),
        ArchKind::S390x => (64, Big, 22, 0, 0),
        ArchKind::Wasm => (32, Little, 0, 0, 0),
    };
    Machine { bits, endian, elf, pe, macho }
}

const fn row(os: Os, arch: ArchKind) -> TargetFacts {
    let m = machine(arch);
    let format = match os {
        Os::Windows => ObjectFormat::Pe,
        Os::Darwin | Os::Ios => ObjectFormat::MachO,
        Os::Aix => ObjectFormat::Xcoff,
        Os::Plan9 => ObjectFormat::Plan9,
        Os::Js | Os::Wasip1 => ObjectFormat::Wasm,
        _ => ObjectFormat::Elf,
    };
    let machine = match format {
        ObjectFormat::Elf => m.elf,
        ObjectFormat::Pe => m.pe,
        ObjectFormat::MachO => m.macho,
        ObjectFormat::Xcoff => 0x01f7,
        ObjectFormat::Plan9 | ObjectFormat::Wasm => 0,
    };
    TargetFacts {
        os,
        arch,
        format,
        bits: m.bits,
        endian: m.endian,
        machine,
        linking: Linking::Internal,
        gnu_triple: None,
        zig_triple: None,
        qemu: None,
        uname: None,
        glibc_loader: None,
        musl_loader: None,
        debian: None,
    }
}

const fn external(os: Os, arch: ArchKind) -> TargetFacts {
    let mut r = row(os, arch);
    r.linking = Linking::External;
    r
}

const fn c_names(os: Os, arch: ArchKind, gnu: Option<&'static str>, zig: &'static str) -> TargetFacts {
    let mut r = row(os, arch);
    r.gnu_triple = gnu;
    r.zig_triple = Some(zig);
    r
}

/// The columns that only Linux rows have.
struct Linux {
    gnu: &'static str,
    zig: Option<&'static str>,
    qemu: &'static str,
    uname: &'static str,
    glibc: &'static str,
    musl: Option<&'static str>,
    debian: Option<&'static str>,
}

const fn linux(arch: ArchKind, l: Linux) -> TargetFacts {
    let mut r = row(Os::Linux, arch);
    r.gnu_triple = Some(l.gnu);
    r.zig_triple = l.zig;
    r.qemu = Some(l.qemu);
    r.uname = Some(l.uname);
    r.glibc_loader = Some(l.glibc);
    r.musl_loader = l.musl;
    r.debian = l.debian;
    r
}

macro_rules! linux_rows {
    ($($arch:ident $gnu:literal $zig:expr, $qemu:literal $uname:literal $glibc:literal $musl:expr, $debian:expr;)*) => {
        [$(linux(ArchKind::$arch, Linux { gnu: $gnu, zig: $zig, qemu: $qemu, uname: $uname, glibc: $glibc, musl: $musl,
            debian: $debian })),*]
    };
}

const LINUX: [TargetFacts; 13] = linux_rows! {
    I386 "i686-linux-gnu" Some("x86-linux-gnu"), "i386" "i686" "/lib/ld-linux.so.2" Some("/lib/ld-musl-i386.so.1"), Some("i386");
    Amd64 "x86_64-linux-gnu" Some("x86_64-linux-gnu"), "x86_64" "x86_64" "/lib64/ld-linux-x86-64.so.2" Some("/lib/ld-musl-x86_64.so.1"), Some("amd64");
    Arm "arm-linux-gnueabihf" Some("arm-linux-gnueabihf"), "arm" "armv7l" "/lib/ld-linux-armhf.so.3" Some("/lib/ld-musl-armhf.so.1"), Some("armhf");
    Arm64 "aarch64-linux-gnu" Some("aarch64-linux-gnu"), "aarch64" "aarch64" "/lib/ld-linux-aarch64.so.1" Some("/lib/ld-musl-aarch64.so.1"), Some("arm64");
    Loong64 "loongarch64-linux-gnu" Some("loongarch64-linux-gnu"), "loongarch64" "loongarch64" "/lib64/ld-linux-loongarch-lp64d.so.1" Some("/lib/ld-musl-loongarch64.so.1"), Some("loong64");
    Mips "mips-linux-gnu" Some("mips-linux-gnueabihf"), "mips" "mips" "/lib/ld.so.1" Some("/lib/ld-musl-mips.so.1"), None;
    Mips64 "mips64-linux-gnuabi64" Some("mips64-linux-gnuabi64"), "mips64" "mips64" "/lib64/ld.so.1" Some("/lib/ld-musl-mips64.so.1"), None;
    Mips64le "mips64el-linux-gnuabi64" Some("mips64el-linux-gnuabi64"), "mips64el" "mips64" "/lib64/ld.so.1" Some("/lib/ld-musl-mips64el.so.1"), Some("mips64el");
    Mipsle "mipsel-linux-gnu" Some("mipsel-linux-gnueabihf"), "mipsel" "mips" "/lib/ld.so.1" Some("/lib/ld-musl-mipsel.so.1"), Some("mipsel");
    Ppc64 "powerpc64-linux-gnu" Some("powerpc64-linux-gnu"), "ppc64" "ppc64" "/lib64/ld64.so.1" Some("/lib/ld-musl-powerpc64.so.1"), None;
    Ppc64le "powerpc64le-linux-gnu" Some("powerpc64le-linux-gnu"), "ppc64le" "ppc64le" "/lib64/ld64.so.2" Some("/lib/ld-musl-powerpc64le.so.1"), Some("ppc64el");
    Riscv64 "riscv64-linux-gnu" Some("riscv64-linux-gnu"), "riscv64" "riscv64" "/lib/ld-linux-riscv64-lp64d.so.1" Some("/lib/ld-musl-riscv64.so.1"), Some("riscv64");
    S390x "s390x-linux-gnu" Some("s390x-linux-gnu"), "s390x" "s390x" "/lib/ld64.so.1" Some("/lib/ld-musl-s390x.so.1"), Some("s390x");
};

/// Every pair of `go tool dist list`, in its order.
pub(crate) const TABLE: [TargetFacts; 47] = [
    row(Os::Aix, ArchKind::Ppc64),
    external(Os::Android, ArchKind::I386),
    external(Os::Android, ArchKind::Amd64),
    external(Os::Android, ArchKind::Arm),
    row(Os::Android, ArchKind::Arm64),
    c_names(Os::Darwin, ArchKind::Amd64, None, "x86_64-macos"),
    c_names(Os::Darwin, ArchKind::Arm64, None, "aarch64-macos"),
    row(Os::Dragonfly, ArchKind::Amd64),
    row(Os::Freebsd, ArchKind::I386),
    row(Os::Freebsd, ArchKind::Amd64),
    row(Os::Freebsd, ArchKind::Arm),
    row(Os::Freebsd, ArchKind::Arm64),
    row(Os::Illumos, ArchKind::Amd64),
    external(Os::Ios, ArchKind::Amd64),
    external(Os::Ios, ArchKind::Arm64),
    row(Os::Js, ArchKind::Wasm),
    LINUX[0],
    LINUX[1],
    LINUX[2],
    LINUX[3],
    LINUX[4],
    LINUX[5],
    LINUX[6],
    LINUX[7],
    LINUX[8],
    LINUX[9],
    LINUX[10],
    LINUX[11],
    LINUX[12],
    row(Os::Netbsd, ArchKind::I386),
    row(Os::Netbsd, ArchKind::Amd64),
    row(Os::Netbsd, ArchKind::Arm),
    row(Os::Netbsd, ArchKind::Arm64),
    row(Os::Openbsd, ArchKind::I386),
    row(Os::Openbsd, ArchKind::Amd64),
    row(Os::Openbsd, ArchKind::Arm),
    row(Os::Openbsd, ArchKind::Arm64),
    row(Os::Openbsd, ArchKind::Ppc64),
    row(Os::Openbsd, ArchKind::Riscv64),
    row(Os::Plan9, ArchKind::I386),
    row(Os::Plan9, ArchKind::Amd64),
    row(Os::Plan9, ArchKind::Arm),
    row(Os::Solaris, ArchKind::Amd64),
    row(Os::Wasip1, ArchKind::Wasm),
    c_names(Os::Windows, ArchKind::I386, Some("i686-w64-mingw32"), "x86-windows-gnu"),
    c_names(Os::Windows, ArchKind::Amd64, Some("x86_64-w64-mingw32"), "x86_64-windows-gnu"),
    c_names(Os::Windows, ArchKind::Arm64, None, "aarch64-windows-gnu"),
];
