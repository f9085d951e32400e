//! The whole table, with what is wrong in it.

use super::{Places, conf, is_ours, state_words};
use goferry_cache::hex;
use goferry_emulate::binfmt::{Conflict, Liveness, Pattern, Registered, Rule, Table, entry, flag_meaning};
use goferry_target::ArchKind;
use serde::Serialize;

/// The table as it stands.
#[derive(Clone, Debug, Serialize)]
pub struct Status {
    /// `enabled`, `disabled`, `not-mounted`, `absent`, `unreadable`.
    pub state: &'static str,
    /// What is wrong with the table as a whole.
    pub why: Option<String>,
    /// Where it is mounted.
    pub table: String,
    /// Whether this process is in a user namespace of its own: since Linux 6.7 each can have a table of its own.
    pub in_user_namespace: bool,
    /// Newest first: the first that takes a file wins.
    pub entries: Vec<EntryRow>,
    /// Pairs that could take the same file.
    pub conflicts: Vec<ConflictRow>,
    /// Our entries that are registered at boot.
    pub at_boot: Vec<String>,
}

/// An entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EntryRow {
    /// Its name.
    pub name: String,
    /// Whether it is on.
    pub enabled: bool,
    /// `alive`, `held-open` (the file is gone, the kernel has it open), `stale`.
    pub condition: &'static str,
    /// What is wrong with the interpreter.
    pub why: Option<String>,
    /// The program that is started.
    pub interpreter: String,
    /// The kernel's letters.
    pub flags: String,
    /// What they mean.
    pub flag_meanings: Vec<&'static str>,
    /// Where the magic begins; none for endings.
    pub offset: Option<usize>,
    /// Hexadecimal.
    pub magic: Option<String>,
    /// Hexadecimal.
    pub mask: Option<String>,
    /// The ending, without its dot.
    pub extension: Option<String>,
    /// GOARCH of the Linux programs that it takes.
    pub takes: Vec<&'static str>,
    /// Whether goferry registered it.
    pub ours: bool,
}

/// Two entries that could take the same file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ConflictRow {
    /// The newer.
    pub winner: String,
    /// The older.
    pub loser: String,
    /// Whether the older one gets no file at all.
    pub shadowed: bool,
}

/// Reads the table.
pub fn status(places: &Places) -> Status {
    let table = Table::read(&places.table);
    let (state, why) = state_words(&table.state);
    let conflict = |c: &Conflict<'_>| ConflictRow {
        winner: c.winner.name.clone(),
        loser: c.loser.name.clone(),
        shadowed: c.shadowed,
    };
    Status {
        state,
        why,
        table: places.table.display().to_string(),
        in_user_namespace: in_user_namespace(),
        conflicts: table.conflicts().iter().map(conflict).collect(),
        entries: table.entries.iter().map(EntryRow::of).collect(),
        at_boot: conf::entries(&places.conf),
    }
}

/// The initial namespace maps every number to itself (user_namespaces(7)).
pub(super) fn in_user_namespace() -> bool {
    std::fs::read_to_string("/proc/self/uid_map")
        .is_ok_and(|map| map.split_whitespace().collect::<Vec<_>>() != ["0", "0", "4294967295"])
}

impl EntryRow {
    pub(super) fn of(e: &Registered) -> EntryRow {
        let (condition, why) = match e.liveness() {
            Liveness::Alive => ("alive", None),
            Liveness::HeldOpen => {
                let why = "its file is gone; the kernel has it open until the entry goes";
                ("held-open", Some(why.to_owned()))
            }
            Liveness::Stale { why } => ("stale", Some(why)),
        };
        let (magic, extension) = match &e.rule {
            Rule::Magic(p) => (Some(p), None),
            Rule::Extension(x) => (None, Some(x.clone())),
        };
        EntryRow {
            name: e.name.clone(),
            enabled: e.enabled,
            condition,
            why,
            interpreter: e.interpreter.display().to_string(),
            flags: e.flags.clone(),
            flag_meanings: e.flags.chars().filter_map(flag_meaning).collect(),
            offset: magic.map(|p| p.offset),
            magic: magic.map(|p| hex(&p.magic)),
            mask: magic.map(|p| hex(&p.mask)),
            extension,
            takes: magic.map(takes).unwrap_or_default(),
            ours: is_ours(&e.name),
        }
    }
}

/// Which Linux programs a pattern takes.
fn takes(pattern: &Pattern) -> Vec<&'static str> {
    let meets = |k: &ArchKind| entry(*k).is_some_and(|e| e.pattern.overlaps(pattern));
    ArchKind::ALL.into_iter().filter(meets).map(ArchKind::goarch).collect()
}
