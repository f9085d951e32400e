//! The entry for each Linux architecture that Go knows.

use super::{LineError, Pattern, line};
use goferry_target::{ArchKind, Endian, GoTarget, Os, TargetFacts};
use std::path::Path;

/// n32 is a 32-bit ABI of 64-bit processors: its programs are like o32's but for this bit of e_flags.
const EF_MIPS_ABI2: u8 = 0x20;

/// What is registered for an architecture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The emulator's name: `qemu-aarch64`.
    pub name: String,
    /// The files that are taken: programs and shared objects (which position-independent programs are) of the class,
    /// byte order and machine. EI_OSABI, EI_ABIVERSION and padding do not count: the kernel's own loader ignores them
    /// too, glibc's static programs say GNU there, and MIPS objects have ABI versions.
    pub pattern: Pattern,
}

/// The entry for programs of an architecture, the host's own included; none for wasm.
pub fn entry(kind: ArchKind) -> Option<Entry> {
    let facts = GoTarget::new(Os::Linux, kind.default_arch()).facts()?;
    Some(Entry { name: format!("qemu-{}", facts.qemu?), pattern: pattern(facts) })
}

fn pattern(facts: &TargetFacts) -> Pattern {
    let little = facts.endian == Endian::Little;
    let mut magic = b"\x7fELF".to_vec();
    magic.extend([facts.bits / 32, if little { 1 } else { 2 }, 1]);
    let mut mask = vec![0xff; magic.len()];
    let mut push = |bytes: &[u8], bits: &[u8]| {
        magic.extend(bytes);
        mask.extend(bits);
    };
    push(&[0; 9], &[0; 9]);
    // e_type: 2 is a program at a fixed address, 3 a shared object; only the lowest bit differs.
    let machine = u16::try_from(facts.machine).unwrap_or_default();
    match little {
        true => push(&[2, 0], &[0xfe, 0xff]),
        false => push(&[0, 2], &[0xff, 0xfe]),
    }
    push(&if little { machine.to_le_bytes() } else { machine.to_be_bytes() }, &[0xff; 2]);
    if matches!(facts.arch, ArchKind::Mips | ArchKind::Mipsle) {
        // e_flags is at 36 in the 32-bit header.
        let flags = if little { [EF_MIPS_ABI2, 0, 0, 0] } else { [0, 0, 0, EF_MIPS_ABI2] };
        push(&[0; 16], &[0; 16]);
        push(&[0; 4], &flags);
    }
    Pattern { offset: 0, magic, mask }
}

impl Entry {
    /// Whether a file that begins with these bytes is taken.
    pub fn matches(&self, head: &[u8]) -> bool {
        self.pattern.matches(head)
    }

    /// What to write to /proc/sys/fs/binfmt_misc/register, without a line break: `:name:M::\x7fELF…:mask:interpreter:flags`,
    /// with another separator where `:` is in the path. Flags are the kernel's letters: P argv[0] is kept, O the
    /// program is handed over open, C its setuid bit counts (implies O), F the interpreter is opened now.
    ///
    /// # Errors
    /// Whatever the kernel would refuse or misread.
    pub fn register_line(&self, name: &str, interpreter: &Path, flags: &str) -> Result<String, LineError> {
        line::register_line(&self.pattern, name, interpreter, flags)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first 40 bytes of a header.
    fn header(class: u8, data: u8, kind: u16, machine: u16, flags: u32) -> [u8; 40] {
        let big = data == 2;
        let half = |v: u16| if big { v.to_be_bytes() } else { v.to_le_bytes() };
        let mut out = [0; 40];
        out[..7].copy_from_slice(&[0x7f, b'E', b'L', b'F', class, data, 1]);
        out[16..18].copy_from_slice(&half(kind));
        out[18..20].copy_from_slice(&half(machine));
        out[36..].copy_from_slice(&if big { flags.to_be_bytes() } else { flags.to_le_bytes() });
        out
    }

    fn takers(head: &[u8]) -> Vec<&'static str> {
        let taken = |k: &ArchKind| entry(*k).is_some_and(|e| e.matches(head));
        ArchKind::ALL.into_iter().filter(taken).map(ArchKind::goarch).collect()
    }

    #[test]
    fn each_header_has_one_entry() {
        for (class, data, machine, goarch) in [
            (1, 1, 3, "386"),
            (2, 1, 62, "amd64"),
            (1, 1, 40, "arm"),
            (2, 1, 183, "arm64"),
            (2, 1, 258, "loong64"),
            (1, 2, 8, "mips"),
            (2, 2, 8, "mips64"),
            (2, 1, 8, "mips64le"),
            (1, 1, 8, "mipsle"),
            (2, 2, 21, "ppc64"),
            (2, 1, 21, "ppc64le"),
            (2, 1, 243, "riscv64"),
            (2, 2, 22, "s390x"),
        ] {
            for kind in [2, 3] {
                let mut head = header(class, data, kind, machine, 0);
                assert_eq!(takers(&head), [goarch]);
                head[7] = 3; // ELFOSABI_GNU: glibc's static programs
                head[8] = 5; // an ABI version of MIPS
                head[9..16].fill(0xaa);
                assert_eq!(takers(&head), [goarch]);
            }
            for kind in [0, 1, 4, 0x0200, 0x0102] {
                assert_eq!(takers(&header(class, data, kind, machine, 0)), [""; 0], "{goarch} e_type {kind}");
            }
        }
        assert_eq!(entry(ArchKind::Wasm), None);
    }

    #[test]
    fn neighbours_are_left_alone() {
        // x32 and n32 are 32-bit programs of 64-bit machines; SPARC, the other byte order, another class.
        assert_eq!(takers(&header(1, 1, 2, 62, 0)), [""; 0]);
        for data in [1, 2] {
            assert_eq!(takers(&header(1, data, 2, 8, 0x8000_0027)), [""; 0], "n32");
            assert_eq!(takers(&header(1, data, 2, 8, 0x7000_1007)).len(), 1, "o32");
        }
        assert_eq!(takers(&header(2, 2, 2, 43, 0)), [""; 0]);
        assert_eq!(takers(&header(1, 1, 2, 183, 0)), [""; 0]);
        assert_eq!(takers(b"\x7fELF"), [""; 0]);
        assert_eq!(takers(b"#!/bin/sh"), [""; 0]);
    }

    #[test]
    fn no_two_entries_want_the_same_file() {
        for a in ArchKind::ALL {
            for b in ArchKind::ALL.into_iter().filter(|b| *b != a) {
                let (Some(one), Some(two)) = (entry(a), entry(b)) else { continue };
                assert!(!one.pattern.overlaps(&two.pattern), "{a:?} {b:?}");
                assert_ne!(one.name, two.name);
            }
        }
    }

    #[test]
    fn register_lines() {
        let line =
            |kind| entry(kind).unwrap().register_line("goferry-x", Path::new("/usr/bin/q"), "PF").unwrap();
        let mask = r"\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00\x00\x00\x00\x00\x00\x00";
        assert_eq!(
            line(ArchKind::Arm64),
            format!(
                r":goferry-x:M::\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00:{mask}\xfe\xff\xff\xff:/usr/bin/q:PF"
            )
        );
        let zeros = r"\x00".repeat(16);
        assert_eq!(
            line(ArchKind::Mips),
            format!(
                r":goferry-x:M::\x7fELF\x01\x02\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x08{zeros}\x00\x00\x00\x00:{mask}\xff\xfe\xff\xff{zeros}\x00\x00\x00\x20:/usr/bin/q:PF"
            )
        );
    }
}
