//! Registering and taking out. Each step is written, then the table is read again: what is reported is what is there.

use super::status::in_user_namespace;
use super::wanted::{Wanted, wanted};
use super::{Places, conf, is_ours, not_in_use, own_name, unneeded};
use crate::session::Session;
use goferry_emulate::binfmt::{Liveness, Registered, Rule, Table, TableState, entry};
use goferry_report::{Code, Diagnostic, Diagnostics};
use goferry_target::ArchKind;
use std::io::Write as _;
use std::path::Path;

/// What became of one entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// GOARCH.
    pub arch: &'static str,
    /// The entry that it is about: `goferry-aarch64`.
    pub entry: String,
    /// In one sentence.
    pub what: String,
}

/// What was done, and what could not be.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// By architecture.
    pub rows: Vec<Changed>,
    /// Errors where something that was asked for is not the case; notes.
    pub problems: Diagnostics,
}

/// Registers emulators with the kernel: for these architectures, or all that an emulator is here for. Entries of others
/// are left as they are, and where one starts an architecture's programs nothing is registered for it. With `persist`
/// they are registered at each boot too.
///
/// # Errors
/// A named architecture that has no emulator here, or needs none; a table that is not in use.
pub fn register(
    session: &Session,
    places: &Places,
    kinds: &[ArchKind],
    persist: bool,
) -> Result<Changes, Diagnostics> {
    let wanted = wanted(session, kinds)?;
    let table = Table::read(&places.table);
    if let Some(d) = not_in_use(places, &table.state) {
        return Err(d.into());
    }
    if wanted.is_empty() {
        let d = Diagnostic::error(Code::RunnerMissing, "no emulator is on PATH, and none was fetched");
        return Err(d.hint_with("for every user", "sudo apt-get install qemu-user-static").into());
    }
    let (mut changes, mut ours) = (Changes::default(), vec![]);
    for w in wanted {
        match starter(&table, &w.entry).filter(|e| !is_ours(&e.name)) {
            Some(e) => changes.rows.push(handled(&w, e)),
            None => match trusted(&w.entry.interpreter) {
                Err(why) => changes.problems.push(untrusted(&w, &why)),
                Ok(()) => ours.push(w),
            },
        }
    }
    let missing: Vec<&Wanted> = ours.iter().filter(|w| table.get(&w.entry.name) != Some(&w.entry)).collect();
    if let Err(e) = may_write(&places.table, &missing) {
        changes.problems.push(not_permitted(places, &e, &missing, persist));
        return Ok(changes);
    }
    for w in &ours {
        match table.get(&w.entry.name) {
            Some(there) if *there == w.entry => changes.rows.push(row(w, "was registered already")),
            there => enter(places, w, there.is_some(), &mut changes),
        }
    }
    if persist {
        keep(places, &ours, &mut changes);
    }
    Ok(changes)
}

/// The entry that starts such programs now: the newest that takes them and is alive. One whose interpreter is gone
/// starts nothing, and what is registered after it goes before it.
fn starter<'a>(table: &'a Table, wanted: &Registered) -> Option<&'a Registered> {
    let alive = |e: &&Registered| !matches!(e.liveness(), Liveness::Stale { .. });
    table.entries.iter().filter(|e| e.enabled && e.overlaps(wanted)).find(alive)
}

fn handled(w: &Wanted, e: &Registered) -> Changed {
    let all = matches!((&e.rule, &w.entry.rule), (Rule::Magic(a), Rule::Magic(b)) if a.covers(b));
    let part = if all { "" } else { ", though not all of them, its mask being narrower" };
    let what = format!("{} starts these programs{part}; nothing is registered", e.interpreter.display());
    Changed { arch: w.kind.goarch(), entry: e.name.clone(), what }
}

fn row(w: &Wanted, what: &str) -> Changed {
    let dynamic = if w.dynamic { "; it needs libraries, so not in chroots" } else { "" };
    let what = format!("{what}: {}{dynamic}", w.entry.interpreter.display());
    Changed { arch: w.kind.goarch(), entry: w.entry.name.clone(), what }
}

/// Whether nobody but root can change what every user's programs are to be started by. In a user namespace the table
/// is seen by its own users only.
fn trusted(emulator: &Path) -> Result<(), String> {
    if in_user_namespace() { Ok(()) } else { root_alone(emulator) }
}

#[cfg(unix)]
fn root_alone(emulator: &Path) -> Result<(), String> {
    use std::os::unix::fs::MetadataExt;
    for path in emulator.ancestors() {
        let meta = path.metadata().map_err(|e| format!("{}: {e}", path.display()))?;
        if meta.uid() != 0 {
            return Err(format!("{} belongs to an ordinary user", path.display()));
        }
        if meta.mode() & 0o022 != 0 {
            return Err(format!("{} can be changed by others than root", path.display()));
        }
    }
    Ok(())
}

#[cfg(not(unix))]
fn root_alone(_: &Path) -> Result<(), String> {
    Ok(())
}

fn untrusted(w: &Wanted, why: &str) -> Diagnostic {
    let arch = w.kind.goarch();
    let message = format!("linux/{arch}: {why}, and the kernel would start it for everybody, root included");
    unneeded(
        Diagnostic::error(Code::BinfmtRefused, message).hint_with(
            "install an emulator that only root can change",
            "sudo apt-get install qemu-user-static",
        ),
    )
}

/// Whether what has to be written can be.
fn may_write(table: &Path, missing: &[&Wanted]) -> std::io::Result<()> {
    match missing.is_empty() {
        true => Ok(()),
        false => open(&table.join("register")).map(drop),
    }
}

fn open(path: &Path) -> std::io::Result<std::fs::File> {
    std::fs::OpenOptions::new().write(true).open(path)
}

/// One write(2): the kernel takes each as a whole.
fn write(path: &Path, text: &str) -> std::io::Result<()> {
    open(path)?.write_all(text.as_bytes())
}

fn enter(places: &Places, w: &Wanted, old: bool, changes: &mut Changes) {
    let name = &w.entry.name;
    let removed = if old { write(&places.table.join(name), "-1") } else { Ok(()) };
    let failed = match removed.and_then(|()| write(&places.table.join("register"), &w.line)) {
        Err(e) => Some(e.to_string()),
        Ok(()) => {
            let table = Table::read(&places.table);
            let there = table.state == TableState::Enabled && table.get(name) == Some(&w.entry);
            (!there).then(|| "the kernel took the line and does not show the entry".to_owned())
        }
    };
    match failed {
        None => changes.rows.push(row(w, if old { "registered anew" } else { "registered" })),
        Some(why) => changes.problems.push(
            Diagnostic::error(Code::BinfmtRefused, format!("{name} could not be registered: {why}"))
                .with_note(format!("the line: {}", w.line)),
        ),
    }
}

/// Writes what is registered into binfmt.d, and nothing that is not.
fn keep(places: &Places, ours: &[Wanted], changes: &mut Changes) {
    let done = |w: &&Wanted| changes.rows.iter().any(|r| r.entry == w.entry.name);
    let lines: Vec<String> = ours.iter().filter(done).map(|w| w.line.clone()).collect();
    if lines.is_empty() {
        return;
    }
    let conf = places.conf.display();
    if let Err(d) = conf::add(&places.conf, &lines) {
        let message = format!("they are registered until the next boot only: {}", d.message);
        changes.problems.push(Diagnostic::error(Code::BinfmtRefused, message));
    } else if !Path::new("/run/systemd/system").exists() {
        let message = format!("{conf} is written, and systemd, which reads it at boot, does not run here");
        changes.problems.push(Diagnostic::note(Code::BinfmtRefused, message));
    }
}

/// Takes goferry's entries out, of these architectures or all, now and at boot. Others' are left alone.
pub fn unregister(places: &Places, kinds: &[ArchKind]) -> Changes {
    let mut changes = Changes::default();
    let table = Table::read(&places.table);
    let at_boot = conf::entries(&places.conf);
    let (mut refused, mut left) = (None, vec![]);
    for kind in ArchKind::ALL.into_iter().filter(|k| kinds.is_empty() || kinds.contains(k)) {
        let Some(name) = own_name(kind) else { continue };
        let (here, boot) = (table.get(&name).is_some(), at_boot.contains(&name));
        match take_out(places, &name, here, boot) {
            Err(e) => {
                left.extend(here.then(|| format!("echo -1 | sudo tee {}/{name}", places.table.display())));
                refused = Some(e);
            }
            Ok(()) if here || boot => {
                let what = match (here, boot) {
                    (true, true) => "taken out, now and at boot",
                    (true, false) => "taken out",
                    _ => "taken out at boot; it was not registered now",
                };
                changes.rows.push(Changed { arch: kind.goarch(), entry: name, what: what.to_owned() });
            }
            Ok(()) if !kinds.is_empty() => changes.rows.push(absent(&table, kind, name)),
            Ok(()) => {}
        }
    }
    if let Some(e) = refused {
        let mut d = Diagnostic::error(
            Code::BinfmtRefused,
            format!("goferry's entries could not all be taken out: {e}"),
        )
        .hint_with("as root", "sudo goferry binfmt unregister");
        if !left.is_empty() {
            d = d.hint_with("or without goferry:", left.join("\n") + "\n");
        }
        changes.problems.push(d);
    }
    changes
}

fn take_out(places: &Places, name: &str, here: bool, boot: bool) -> std::io::Result<()> {
    if here {
        write(&places.table.join(name), "-1")?;
        if Table::read(&places.table).get(name).is_some() {
            return Err(std::io::Error::other("the kernel still shows the entry"));
        }
    }
    if boot {
        conf::remove(&places.conf, &[name.to_owned()]).map_err(|d| std::io::Error::other(d.message))?;
    }
    Ok(())
}

fn absent(table: &Table, kind: ArchKind, name: String) -> Changed {
    let pattern = entry(kind).map(|e| e.pattern);
    let meets = |e: &&Registered| matches!((&e.rule, &pattern), (Rule::Magic(a), Some(b)) if a.overlaps(b));
    let what = match table.entries.iter().find(meets) {
        Some(e) => format!("was not registered by goferry; {} is somebody else's and stays", e.name),
        None => "was not registered".to_owned(),
    };
    Changed { arch: kind.goarch(), entry: name, what }
}

/// What root would type.
fn commands(places: &Places, missing: &[&Wanted]) -> String {
    let register = places.table.join("register");
    let one = |w: &&Wanted| {
        let line = w.line.replace('\'', r"'\''");
        format!("printf %s '{line}' | sudo tee {} >/dev/null\n", register.display())
    };
    missing.iter().map(one).collect()
}

fn not_permitted(places: &Places, e: &std::io::Error, missing: &[&Wanted], persist: bool) -> Diagnostic {
    let message = format!("{} may not be written here: {e}", places.table.join("register").display());
    let targets: Vec<String> = missing.iter().map(|w| format!("linux/{}", w.kind.goarch())).collect();
    let persist = if persist { " --persist" } else { "" };
    unneeded(
        Diagnostic::error(Code::BinfmtRefused, message)
            .hint_with("as root", format!("sudo goferry binfmt register{persist} {}", targets.join(" ")))
            .hint_with("or without goferry:", commands(places, missing)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(unix)]
    fn what_others_could_change_is_not_trusted() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("qemu");
        std::fs::write(&file, "").unwrap();
        assert!(root_alone(&file).is_err(), "a temporary folder is everybody's");
        assert!(root_alone(Path::new("/no/such/file")).is_err());
        assert_eq!(root_alone(Path::new("/")), Ok(()));
    }
}
