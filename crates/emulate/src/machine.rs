//! The smallest program per architecture: it writes what uname(2) says, so that the machine a runner shows is measured
//! and not assumed.
//!
//! Owns: machine code and its ELF shell. Must not: run it.
//! Sources: the instruction set manuals; syscall(2) for numbers and registers; the gABI for the headers.

use goferry_target::{ArchKind, Endian, GoTarget, Os};

/// struct utsname is six fields of 65 bytes; the fifth is the machine.
const FIELD: usize = 65;

/// Where the program is loaded: a multiple of the largest page that any of the kernels uses.
const BASE: u32 = 0x40_0000;

/// Each makes room on the stack, then: uname(sp); write(1, sp, 390); exit(0).
enum Code {
    Bytes(&'static [u8]),
    /// In the target's byte order.
    Words(&'static [u32]),
}

#[rustfmt::skip] // one line per system call
fn code(arch: ArchKind) -> Option<Code> {
    Some(match arch {
        ArchKind::I386 => Code::Bytes(&[
            0x81, 0xec, 0, 2, 0, 0, // sub esp, 512
            0x89, 0xe3, 0xb8, 122, 0, 0, 0, 0xcd, 0x80, // ebx = esp; eax = 122; int 0x80
            0xbb, 1, 0, 0, 0, 0x89, 0xe1, 0xba, 0x86, 1, 0, 0, // ebx = 1; ecx = esp; edx = 390
            0xb8, 4, 0, 0, 0, 0xcd, 0x80, // eax = 4; int 0x80
            0x31, 0xdb, 0xb8, 1, 0, 0, 0, 0xcd, 0x80, // ebx = 0; eax = 1; int 0x80
        ]),
        ArchKind::Amd64 => Code::Bytes(&[
            0x48, 0x81, 0xec, 0, 2, 0, 0, // sub rsp, 512
            0x48, 0x89, 0xe7, 0xb8, 63, 0, 0, 0, 0x0f, 0x05, // rdi = rsp; eax = 63; syscall
            0xbf, 1, 0, 0, 0, 0x48, 0x89, 0xe6, 0xba, 0x86, 1, 0, 0, // edi = 1; rsi = rsp; edx = 390
            0xb8, 1, 0, 0, 0, 0x0f, 0x05, // eax = 1; syscall
            0x31, 0xff, 0xb8, 60, 0, 0, 0, 0x0f, 0x05, // edi = 0; eax = 60; syscall
        ]),
        // 392 instead of 390, which no single instruction can load.
        ArchKind::Arm => Code::Words(&[
            0xe24d_dc02, 0xe1a0_000d, 0xe3a0_707a, 0xef00_0000, // sub sp, #512; mov r0, sp; mov r7, #122; svc
            0xe3a0_0001, 0xe1a0_100d, 0xe3a0_2f62, 0xe3a0_7004, 0xef00_0000, // r0 = 1; r1 = sp; r2 = 392; r7 = 4
            0xe3a0_0000, 0xe3a0_7001, 0xef00_0000, // r0 = 0; r7 = 1
        ]),
        ArchKind::Arm64 => Code::Words(&[
            0xd108_03ff, 0x9100_03e0, 0xd280_1408, 0xd400_0001, // sub sp, #512; mov x0, sp; mov x8, #160; svc
            0xd280_0020, 0x9100_03e1, 0xd280_30c2, 0xd280_0808, 0xd400_0001, // x0 = 1; x1 = sp; x2 = 390; x8 = 64
            0xd280_0000, 0xd280_0ba8, 0xd400_0001, // x0 = 0; x8 = 93
        ]),
        ArchKind::Loong64 => Code::Words(&[
            0x02f8_0063, 0x0015_0064, 0x0382_800b, 0x002b_0000, // addi.d sp, -512; a0 = sp; a7 = 160; syscall
            0x0380_0404, 0x0015_0065, 0x0386_1806, 0x0381_000b, 0x002b_0000, // a0 = 1; a1 = sp; a2 = 390; a7 = 64
            0x0380_0004, 0x0381_740b, 0x002b_0000, // a0 = 0; a7 = 93
        ]),
        ArchKind::Mips | ArchKind::Mipsle => Code::Words(&[
            0x27bd_fe00, 0x03a0_2025, 0x2402_101a, 0x0000_000c, // addiu sp, -512; a0 = sp; v0 = 4122; syscall
            0x2404_0001, 0x03a0_2825, 0x2406_0186, 0x2402_0fa4, 0x0000_000c, // a0 = 1; a1 = sp; a2 = 390; v0 = 4004
            0x2404_0000, 0x2402_0fa1, 0x0000_000c, // a0 = 0; v0 = 4001
        ]),
        ArchKind::Mips64 | ArchKind::Mips64le => Code::Words(&[
            0x67bd_fe00, 0x03a0_2025, 0x2402_13c5, 0x0000_000c, // daddiu sp, -512; a0 = sp; v0 = 5061; syscall
            0x2404_0001, 0x03a0_2825, 0x2406_0186, 0x2402_1389, 0x0000_000c, // a0 = 1; a1 = sp; a2 = 390; v0 = 5001
            0x2404_0000, 0x2402_13c2, 0x0000_000c, // a0 = 0; v0 = 5058
        ]),
        ArchKind::Ppc64 | ArchKind::Ppc64le => Code::Words(&[
            0x3821_fe00, 0x7c23_0b78, 0x3800_007a, 0x4400_0002, // addi r1, -512; mr r3, r1; li r0, 122; sc
            0x3860_0001, 0x7c24_0b78, 0x38a0_0186, 0x3800_0004, 0x4400_0002, // r3 = 1; r4 = r1; r5 = 390; r0 = 4
            0x3860_0000, 0x3800_0001, 0x4400_0002, // r3 = 0; r0 = 1
        ]),
        ArchKind::Riscv64 => Code::Words(&[
            0xe001_0113, 0x0001_0513, 0x0a00_0893, 0x0000_0073, // addi sp, -512; mv a0, sp; li a7, 160; ecall
            0x0010_0513, 0x0001_0593, 0x1860_0613, 0x0400_0893, 0x0000_0073, // a0 = 1; a1 = sp; a2 = 390; a7 = 64
            0x0000_0513, 0x05d0_0893, 0x0000_0073, // a0 = 0; a7 = 93
        ]),
        ArchKind::S390x => Code::Bytes(&[
            0xa7, 0xfb, 0xfe, 0, 0xb9, 4, 0, 0x2f, 0x0a, 122, // aghi r15, -512; lgr r2, r15; svc 122
            0xa7, 0x29, 0, 1, 0xb9, 4, 0, 0x3f, 0xa7, 0x49, 1, 0x86, 0x0a, 4, // r2 = 1; r3 = r15; r4 = 390; svc 4
            0xa7, 0x29, 0, 0, 0x0a, 1, // r2 = 0; svc 1
        ]),
        ArchKind::Wasm => return None,
    })
}

/// e_flags: the ABI that the kernel and qemu want to see.
fn elf_flags(arch: ArchKind) -> u32 {
    match arch {
        ArchKind::Arm => 0x0500_0000,                         // EABI version 5
        ArchKind::Mips | ArchKind::Mipsle => 0x5000_1000,     // MIPS32, o32
        ArchKind::Mips64 | ArchKind::Mips64le => 0x6000_0000, // MIPS64; n64 by its class
        ArchKind::Ppc64 | ArchKind::Ppc64le => 2,             // ELFv2: the entry is code, not a descriptor
        ArchKind::Loong64 => 0x43,                            // lp64d
        _ => 0,
    }
}

/// Writes numbers in a target's byte order and width.
struct Image {
    bytes: Vec<u8>,
    big: bool,
    wide: bool,
}

impl Image {
    fn half(&mut self, v: u16) {
        self.bytes.extend(if self.big { v.to_be_bytes() } else { v.to_le_bytes() });
    }

    fn word(&mut self, v: u32) {
        self.bytes.extend(if self.big { v.to_be_bytes() } else { v.to_le_bytes() });
    }

    /// An address or size.
    fn native(&mut self, v: u32) {
        match (self.wide, self.big) {
            (false, _) => self.word(v),
            (true, true) => self.bytes.extend(u64::from(v).to_be_bytes()),
            (true, false) => self.bytes.extend(u64::from(v).to_le_bytes()),
        }
    }
}

/// The program for an architecture, as an ELF file for Linux.
pub fn program(arch: ArchKind) -> Option<Vec<u8>> {
    let code = code(arch)?;
    let facts = GoTarget::new(Os::Linux, arch.default_arch()).facts()?;
    let big = facts.endian == Endian::Big;
    let mut image = Image { bytes: Vec::new(), big, wide: facts.bits == 64 };
    let (header, segment) = if image.wide { (64_u16, 56_u16) } else { (52, 32) };
    let start = u32::from(header + segment);
    image.bytes.extend(*b"\x7fELF");
    image.bytes.extend([
        if image.wide { 2 } else { 1 },
        if big { 2 } else { 1 },
        1,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
    ]);
    image.half(2); // ET_EXEC
    image.half(u16::try_from(facts.machine).ok()?);
    image.word(1); // version
    image.native(BASE + start); // entry
    image.native(u32::from(header)); // program headers
    image.native(0); // no sections
    image.word(elf_flags(arch));
    for v in [header, segment, 1, 0, 0, 0] {
        image.half(v);
    }
    let size = start + 128;
    image.word(1); // PT_LOAD
    if image.wide {
        image.word(5); // readable, executable
    }
    for v in [0, BASE, BASE, size, size] {
        image.native(v); // offset, addresses, sizes
    }
    if !image.wide {
        image.word(5);
    }
    image.native(0x1_0000); // alignment
    match code {
        Code::Bytes(bytes) => image.bytes.extend(bytes),
        Code::Words(words) => words.iter().for_each(|w| image.word(*w)),
    }
    image.bytes.resize(size as usize, 0);
    Some(image.bytes)
}

/// The machine in what the program wrote.
pub(crate) fn answer(written: &[u8]) -> Option<String> {
    let field = written.get(4 * FIELD..5 * FIELD)?;
    let text = field.split(|b| *b == 0).next()?;
    let plain = !text.is_empty() && text.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'_');
    plain.then(|| String::from_utf8_lossy(text).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_linux_architecture_has_one() {
        for target in GoTarget::all().filter(|t| t.os == Os::Linux) {
            let image = program(target.arch.kind()).unwrap();
            assert!(image.len() < 256 && image.starts_with(b"\x7fELF"), "{target}");
        }
        assert_eq!(program(ArchKind::Wasm), None);
    }

    #[test]
    fn only_a_plausible_answer_counts() {
        let mut written = vec![0; 390];
        assert_eq!(answer(&written), None);
        written[260..267].copy_from_slice(b"aarch64");
        assert_eq!(answer(&written).as_deref(), Some("aarch64"));
        written[261] = b'\n';
        assert_eq!(answer(&written), None);
        assert_eq!(answer(b"short"), None);
    }
}
