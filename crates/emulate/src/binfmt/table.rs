//! What is registered: the files of /proc/sys/fs/binfmt_misc, read, and which of them the kernel would take.

use super::Pattern;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// Where the kernel shows its table.
pub const FOLDER: &str = "/proc/sys/fs/binfmt_misc";

/// Which files an entry takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rule {
    /// By their first bytes.
    Magic(Pattern),
    /// By what stands after the last dot of their names, upper and lower case told apart.
    Extension(String),
}

/// An entry that the kernel holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registered {
    /// `qemu-aarch64`.
    pub name: String,
    /// Whether it is on.
    pub enabled: bool,
    /// The program that is started.
    pub interpreter: PathBuf,
    /// The kernel's letters, see [`flag_meaning`].
    pub flags: String,
    /// Which files it takes.
    pub rule: Rule,
}

/// Whether an entry's program can be started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Liveness {
    /// It is there.
    Alive,
    /// Its file is gone, but the kernel holds it open since it was registered (flag F).
    HeldOpen,
    /// It cannot be started.
    Stale {
        /// What is wrong with it.
        why: String,
    },
}

/// Whether there is a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TableState {
    /// It is used.
    Enabled,
    /// It is switched off as a whole.
    Disabled,
    /// The kernel could have one, and it is not mounted.
    NotMounted,
    /// The kernel has none, or its module is not loaded.
    Absent,
    /// It cannot be read.
    Unreadable {
        /// The system's error.
        why: String,
    },
}

/// The whole table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// Where it was read.
    pub folder: PathBuf,
    /// Whether it is used.
    pub state: TableState,
    /// Newest first, which is the order in which the kernel tries them.
    pub entries: Vec<Registered>,
}

/// Two enabled entries that could take the same file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict<'a> {
    /// The newer, which wins.
    pub winner: &'a Registered,
    /// The older.
    pub loser: &'a Registered,
    /// Whether the older one gets no file at all.
    pub shadowed: bool,
}

/// What a flag's letter means.
pub fn flag_meaning(flag: char) -> Option<&'static str> {
    Some(match flag {
        'P' => "the program sees the argv[0] that it was called with",
        'O' => "the program's file is handed over open, so that it need not be readable",
        'C' => "a setuid bit of the program counts (implies O)",
        'F' => {
            "the interpreter was opened when it was registered, so that it works in chroots and mount namespaces"
        }
        _ => return None,
    })
}

impl Registered {
    /// Reads the text of an entry's file. None if it is no entry.
    pub fn parse(name: &str, text: &str) -> Option<Registered> {
        let field = |key: &str| text.lines().skip(1).find_map(|l| l.strip_prefix(key));
        let enabled = match text.lines().next()? {
            "enabled" => true,
            "disabled" => false,
            _ => return None,
        };
        let rule = match field("extension .") {
            Some(extension) => Rule::Extension(extension.to_owned()),
            None => {
                let magic = bytes(field("magic ")?)?;
                let mask = field("mask ").map_or_else(|| Some(vec![0xff; magic.len()]), bytes)?;
                let pattern = Pattern { offset: field("offset ")?.parse().ok()?, magic, mask };
                Rule::Magic(Some(pattern).filter(Pattern::is_valid)?)
            }
        };
        Some(Registered {
            name: name.to_owned(),
            enabled,
            interpreter: field("interpreter ")?.into(),
            flags: field("flags: ").unwrap_or_default().trim().to_owned(),
            rule,
        })
    }

    /// Whether it takes a file of this name that begins with `head`; disabled entries take none.
    pub fn takes(&self, file: &Path, head: &[u8]) -> bool {
        self.enabled
            && match &self.rule {
                Rule::Magic(pattern) => pattern.matches(head),
                Rule::Extension(e) => ending(file) == Some(e.as_bytes()),
            }
    }

    /// Whether some file could be taken by both. By its first bytes the one and by its name the other, any two could
    /// meet; that is not counted.
    pub fn overlaps(&self, other: &Registered) -> bool {
        match (&self.rule, &other.rule) {
            (Rule::Magic(a), Rule::Magic(b)) => a.overlaps(b),
            (Rule::Extension(a), Rule::Extension(b)) => a == b,
            _ => false,
        }
    }

    fn covers(&self, other: &Registered) -> bool {
        match (&self.rule, &other.rule) {
            (Rule::Magic(a), Rule::Magic(b)) => a.covers(b),
            (a, b) => a == b,
        }
    }

    /// Whether its program can be started, as far as this process sees it.
    pub fn liveness(&self) -> Liveness {
        let why = match self.interpreter.metadata() {
            _ if !self.interpreter.is_absolute() => "its path is relative to whoever starts a program",
            Ok(meta) if meta.is_file() && executable(&meta) => return Liveness::Alive,
            Ok(meta) if !meta.is_file() => "it is no file",
            Ok(_) => "it is not executable",
            Err(_) => "it does not exist",
        };
        match self.flags.contains('F') {
            true => Liveness::HeldOpen,
            false => Liveness::Stale { why: why.to_owned() },
        }
    }
}

#[cfg(unix)]
fn executable(meta: &std::fs::Metadata) -> bool {
    std::os::unix::fs::PermissionsExt::mode(&meta.permissions()) & 0o111 != 0
}

#[cfg(not(unix))]
fn executable(_: &std::fs::Metadata) -> bool {
    true
}

impl Table {
    /// Reads the table; what is wrong with it is its state. `folder` is [`FOLDER`] but in tests.
    pub fn read(folder: &Path) -> Table {
        let mut table =
            Table { folder: folder.to_owned(), state: TableState::NotMounted, entries: Vec::new() };
        let listing = match std::fs::read_dir(folder) {
            Ok(listing) => listing,
            Err(e) => {
                table.state = match e.kind() {
                    std::io::ErrorKind::NotFound => TableState::Absent,
                    _ => TableState::Unreadable { why: e.to_string() },
                };
                return table;
            }
        };
        // The kernel lists its files newest first, and so does read_dir: nothing is sorted here.
        for file in listing.flatten() {
            let name = file.file_name().to_string_lossy().into_owned();
            let Ok(text) = std::fs::read_to_string(file.path()) else { continue };
            match name.as_str() {
                "status" => table.state = state(&text),
                "register" => {}
                _ => table.entries.extend(Registered::parse(&name, &text)),
            }
        }
        table
    }

    /// The entries that take a file, in the kernel's order: the first is the one that is used.
    pub fn takers<'a>(&'a self, file: &'a Path, head: &'a [u8]) -> impl Iterator<Item = &'a Registered> {
        let on = self.state == TableState::Enabled;
        self.entries.iter().filter(move |e| on && e.takes(file, head))
    }

    /// The entry with a name.
    pub fn get(&self, name: &str) -> Option<&Registered> {
        self.entries.iter().find(|e| e.name == name)
    }

    /// Pairs of enabled entries that could take the same file.
    pub fn conflicts(&self) -> Vec<Conflict<'_>> {
        let mut out = Vec::new();
        for (n, winner) in self.entries.iter().enumerate().filter(|(_, e)| e.enabled) {
            let older = self.entries[n + 1..].iter().filter(|e| e.enabled && e.overlaps(winner));
            out.extend(older.map(|loser| Conflict { winner, loser, shadowed: winner.covers(loser) }));
        }
        out
    }
}

fn state(text: &str) -> TableState {
    match text.trim() {
        "enabled" => TableState::Enabled,
        _ => TableState::Disabled,
    }
}

/// What stands after the last dot of a path, as the kernel looks for it: `.exe` alone has an ending too.
fn ending(file: &Path) -> Option<&[u8]> {
    let name = file.file_name().map(OsStr::as_encoded_bytes)?;
    name.iter().rposition(|b| *b == b'.').map(|at| &name[at + 1..])
}

/// Bytes from hexadecimal digits.
fn bytes(hex: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> =
        hex.trim().chars().map(|c| c.to_digit(16).and_then(|d| u8::try_from(d).ok())).collect();
    let digits = digits.filter(|d| d.len().is_multiple_of(2))?;
    Some(digits.chunks_exact(2).map(|d| d[0] << 4 | d[1]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::binfmt::entry;
    use goferry_target::ArchKind;
    use proptest::prelude::*;

    /// As a kernel 6.18 printed it.
    const AARCH64: &str = "enabled\ninterpreter /usr/bin/qemu-aarch64-static\nflags: PF\noffset 0\n\
        magic 7f454c460201010000000000000000000200b700\nmask ffffffffffffff000000000000000000feffffff\n";

    fn folder(entries: &[(&str, &str)]) -> (tempfile::TempDir, Table) {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in entries {
            std::fs::write(dir.path().join(name), text).unwrap();
        }
        let table = Table::read(dir.path());
        (dir, table)
    }

    #[test]
    fn what_the_kernel_prints() {
        let e = Registered::parse("x", AARCH64).unwrap();
        assert_eq!((e.enabled, e.flags.as_str()), (true, "PF"));
        assert_eq!(e.interpreter, Path::new("/usr/bin/qemu-aarch64-static"));
        assert_eq!(e.rule, Rule::Magic(entry(ArchKind::Arm64).unwrap().pattern));
        let e = Registered::parse("w", "disabled\ninterpreter /w\nflags: \nextension .exe\n").unwrap();
        assert_eq!((e.enabled, e.flags.as_str(), e.rule), (false, "", Rule::Extension("exe".to_owned())));
        let e = Registered::parse("p", "enabled\ninterpreter /p\nflags: O\noffset 3\nmagic cafe\n").unwrap();
        let exact = Pattern { offset: 3, magic: vec![0xca, 0xfe], mask: vec![0xff, 0xff] };
        assert_eq!(e.rule, Rule::Magic(exact));
        for none in [
            "",
            "enabled\n",
            "maybe\ninterpreter /p\nextension .x\n",
            "enabled\ninterpreter /p\nflags: \noffset 0\nmagic abc\n",
        ] {
            assert_eq!(Registered::parse("n", none), None, "{none:?}");
        }
    }

    proptest! {
        #[test]
        fn damaged_text_is_no_entry_or_a_sound_one(at in 0..AARCH64.len(), cut in 0..AARCH64.len(), byte in any::<u8>()) {
            let mut damaged = AARCH64.as_bytes().to_vec();
            damaged[at] = byte;
            damaged.truncate(cut);
            if let Some(Registered { rule: Rule::Magic(p), .. }) = Registered::parse("x", &String::from_utf8_lossy(&damaged)) {
                prop_assert!(p.is_valid());
            }
        }
    }

    #[test]
    fn endings_are_the_kernels() {
        for (name, wanted) in
            [("/d.x/a.tar.gz", Some(&b"gz"[..])), ("/d.x/a", None), (".exe", Some(b"exe")), ("a.", Some(b""))]
        {
            assert_eq!(ending(Path::new(name)), wanted, "{name}");
        }
    }

    #[test]
    fn only_what_is_on_takes_files() {
        let exe = "enabled\ninterpreter /w\nflags: \nextension .exe\n";
        let head = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x02\0\xb7\0";
        let taken = |entries: &[(&str, &str)], file: &str| -> Vec<String> {
            let (_dir, table) = folder(entries);
            table.takers(Path::new(file), head).map(|e| e.name.clone()).collect()
        };
        let (on, off) = (("status", "enabled\n"), ("status", "disabled\n"));
        let disabled = AARCH64.replace("enabled", "disabled");
        assert_eq!(taken(&[on, ("q", AARCH64), ("w", exe)], "/x"), ["q"]);
        assert_eq!(taken(&[on, ("w", exe)], "/x.exe"), ["w"]);
        assert_eq!(taken(&[on, ("w", exe)], "/x.EXE"), [""; 0]);
        assert_eq!(taken(&[on, ("q", &disabled)], "/x"), [""; 0]);
        assert_eq!(taken(&[off, ("q", AARCH64)], "/x"), [""; 0]);
        assert_eq!(taken(&[("q", AARCH64)], "/x"), [""; 0], "without status nothing is mounted");
        assert_eq!(Table::read(Path::new("/no/such/folder")).state, TableState::Absent);
    }

    #[test]
    fn conflicts_are_pairs_of_enabled_entries() {
        let registered = |name: &str, text: &str| Registered::parse(name, text).unwrap();
        let exact = AARCH64.replace("ffffffffffffff00000000", "ffffffffffffffffffffff");
        let table = Table {
            folder: "/".into(),
            state: TableState::Enabled,
            entries: vec![
                registered("off", &AARCH64.replace("enabled", "disabled")),
                registered("new", AARCH64),
                registered("old", &exact),
                registered("w", "enabled\ninterpreter /w\nflags: \nextension .exe\n"),
            ],
        };
        let found: Vec<_> = table
            .conflicts()
            .iter()
            .map(|c| (c.winner.name.clone(), c.loser.name.clone(), c.shadowed))
            .collect();
        assert_eq!(found, [("new".to_owned(), "old".to_owned(), true)]);
    }

    #[test]
    #[cfg(unix)]
    fn alive_held_open_or_stale() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("qemu");
        std::fs::write(&file, "").unwrap();
        let of = |flags: &str, path: &Path| {
            let text = format!("enabled\ninterpreter {}\nflags: {flags}\nextension .x\n", path.display());
            Registered::parse("x", &text).unwrap().liveness()
        };
        let stale = |why: &str| Liveness::Stale { why: why.to_owned() };
        assert_eq!(of("", &file), stale("it is not executable"));
        std::fs::set_permissions(&file, PermissionsExt::from_mode(0o755)).unwrap();
        assert_eq!(of("", &file), Liveness::Alive);
        assert_eq!(of("", dir.path()), stale("it is no file"));
        assert_eq!(of("", &dir.path().join("gone")), stale("it does not exist"));
        assert_eq!(of("PF", &dir.path().join("gone")), Liveness::HeldOpen);
    }
}
