//! A folder that a program gets as its whole file system: a container's, without an engine of containers.
//!
//! Owns: what such a run is, and on Linux the mounts below the folder and the way into it. Must not: make the folder's
//! contents, know what an image or a package is.

use crate::Status;
use crate::guest::EmulatorCommand;
use serde::{Deserialize, Serialize};
use std::ffi::OsString;
use std::path::PathBuf;

/// A folder as a program's `/`. What the program writes stays there.
///
/// Below it goferry mounts `/proc` of the program's own processes, a `/dev` with null, zero, full, random, urandom and tty,
/// and nothing of the host. All files of the folder belong to the one user that the program has, because only the caller's
/// own number can be mapped without help of the system's administrator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Root {
    /// The folder, absolute.
    pub dir: PathBuf,
    /// Where in it the program starts, absolute in the folder; made if it is not there.
    pub work: PathBuf,
    /// Numbers of the user and the group as the program sees them.
    pub user: (u32, u32),
    /// Whether it sees the host's network, and how the host resolves names.
    pub network: bool,
}

impl Root {
    /// For root's number, starting in `/`, without network, for programs of this machine.
    pub fn new(dir: impl Into<PathBuf>) -> Root {
        Root { dir: dir.into(), work: "/".into(), user: (0, 0), network: false }
    }
}

/// A program to be run in a folder by a helper that has many users ([`crate::sandbox::Users::Many`]).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct InRoot {
    /// The folder; its user needs not be root.
    pub root: Root,
    /// The program, a path in the folder or a name that its PATH has, and its arguments.
    pub argv: Vec<OsString>,
    /// All of its environment.
    pub env: Vec<(OsString, OsString)>,
    /// What runs it where no emulator is registered for it.
    pub emulator: Option<EmulatorCommand>,
    /// What it sees besides the folder's own files.
    #[serde(default)]
    pub mounts: Vec<Mounted>,
}

/// A file or folder that is seen in the folder while the program runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mounted {
    /// Where it is.
    pub from: PathBuf,
    /// Where it is seen, relative to the folder. What is missing of it is made and stays, empty.
    pub to: PathBuf,
    /// Whether the program cannot write there.
    pub read_only: bool,
}

/// Runs a program in a folder with this process's streams. It has what containers' programs usually have of root's
/// privileges, as far as they reach: over its own namespaces.
///
/// # Errors
/// The helper could not be started.
#[cfg(target_os = "linux")]
pub fn run(program: &InRoot) -> std::io::Result<Status> {
    let orders = serde_json::to_string(program)?;
    let mut command = std::process::Command::new("/proc/self/exe");
    command.args([ROLE, &orders]).env_clear();
    let status = crate::host::spawn_retrying(&mut command)?.wait()?;
    Ok(std::os::unix::process::ExitStatusExt::signal(&status)
        .map_or_else(|| Status::Exited(status.code().unwrap_or(-1)), Status::Signaled))
}

#[cfg(target_os = "linux")]
pub(crate) use linux::{EMULATOR, ROLE, become_program, enter};

#[cfg(target_os = "linux")]
mod linux {
    use super::{InRoot, Mounted, Root};
    use crate::guest::EmulatorCommand;
    use crate::sandbox::{mounts, privileges};
    use nix::mount::{MntFlags, MsFlags, mount, umount2};
    use nix::sched::{CloneFlags, unshare};
    use std::ffi::OsString;
    use std::os::unix::process::CommandExt;
    use std::path::Path;
    use std::process::Command;

    const NONE: Option<&str> = None;

    /// Where in the folder the emulator lies, if one has to be called.
    pub(crate) const EMULATOR: &str = "/.goferry-emulator";

    /// The role of the helper that becomes a program in a folder.
    pub(crate) const ROLE: &str = "__rooted";

    /// What programs expect of the host in /dev; each is the host's own.
    const DEVICES: [&str; 6] = ["null", "zero", "full", "random", "urandom", "tty"];

    /// Names that every program expects there, and what they are.
    const LINKS: [(&str, &str); 4] = [
        ("fd", "/proc/self/fd"),
        ("stdin", "/proc/self/fd/0"),
        ("stdout", "/proc/self/fd/1"),
        ("stderr", "/proc/self/fd/2"),
    ];

    /// How the host finds names of others.
    const RESOLVING: [&str; 2] = ["etc/resolv.conf", "etc/hosts"];

    /// Makes the folder this process's `/`. To be called by pid 1 of the namespaces, with their root's privileges.
    /// An emulator is put into it only if it has to be called.
    pub(crate) fn enter(root: &Root, emulator: Option<&EmulatorCommand>) -> Result<(), String> {
        let dir = root.dir.as_path();
        let why = |what: &str, e: &dyn std::fmt::Display| format!("{what} of {}: {e}", dir.display());
        bind(dir, dir, MsFlags::MS_REC).map_err(|e| why("the folder as a mount", &e))?;
        proc(dir).map_err(|e| why("/proc", &e))?;
        devices(dir).map_err(|e| why("/dev", &e))?;
        if root.network {
            RESOLVING.iter().for_each(|file| resolving(dir, file));
        }
        if let Some(emulator) = emulator {
            file_over(&emulator.program, &dir.join(&EMULATOR[1..])).map_err(|e| why("the emulator", &e))?;
        }
        pivot(dir).map_err(|e| why("the change of the root", &e.desc()))?;
        std::fs::create_dir_all(&root.work)
            .and_then(|()| std::env::set_current_dir(&root.work))
            .map_err(|e| why(&format!("the working folder {}", root.work.display()), &e))
    }

    /// Never returns.
    pub(crate) fn become_program(orders: Option<OsString>) -> ! {
        let orders = orders.and_then(|o| serde_json::from_str(o.to_str()?).ok());
        let why = orders.map_or_else(|| "no orders".to_owned(), |orders| execute(&orders));
        crate::complain(&format!("goferry: {why}\n"));
        std::process::exit(125)
    }

    /// Why it did not become the program.
    fn execute(orders: &InRoot) -> String {
        let Some((program, args)) = orders.argv.split_first() else { return "no program".to_owned() };
        let prepared = unshare(CloneFlags::CLONE_NEWNS)
            .map_err(|e| format!("mounts: {}", e.desc()))
            .and_then(|()| mounts::cut_off().map_err(|e| format!("mounts: {}", e.desc())))
            .and_then(|()| orders.mounts.iter().try_for_each(|m| mounted(&orders.root.dir, m)))
            .and_then(|()| enter(&orders.root, orders.emulator.as_ref()))
            .and_then(|()| mounts::read_only_settings().map_err(|e| format!("the settings of the host: {e}")))
            .and_then(|()| {
                privileges::as_containers_have(orders.root.user).map_err(|e| format!("privileges: {e}"))
            });
        if let Err(why) = prepared {
            return why;
        }
        let mut command = match &orders.emulator {
            None => Command::new(program),
            Some(emulator) => {
                let mut command = Command::new(EMULATOR);
                command.args(&emulator.args).arg(program);
                command
            }
        };
        let error = command.args(args).env_clear().envs(orders.env.iter().map(|(k, v)| (k, v))).exec();
        format!("{}: {error}", program.display())
    }

    fn bind(from: &Path, to: &Path, more: MsFlags) -> nix::Result<()> {
        mount(Some(from), to, NONE, MsFlags::MS_BIND | more, NONE)
    }

    /// Puts a file or folder where it is to be seen. The folder is bound with what is below it afterwards.
    fn mounted(dir: &Path, mount: &Mounted) -> Result<(), String> {
        let why = |e: &dyn std::fmt::Display| format!("the mount at /{}: {e}", mount.to.display());
        let at = place(dir, mount).map_err(|e| why(&e))?;
        bind(&mount.from, &at, MsFlags::empty()).map_err(|e| why(&e.desc()))?;
        if mount.read_only {
            let flags = MsFlags::MS_BIND | MsFlags::MS_REMOUNT | MsFlags::MS_RDONLY;
            self::mount(NONE, &at, NONE, flags, NONE).map_err(|e| why(&e.desc()))?;
        }
        Ok(())
    }

    /// Where that is, made if it is not there. No part may be a link, which would lead out of the tree.
    fn place(dir: &Path, mount: &Mounted) -> std::io::Result<std::path::PathBuf> {
        let is_file = mount.from.is_file();
        let parts: Vec<_> = mount.to.components().collect();
        let mut at = dir.to_owned();
        for (n, part) in parts.iter().enumerate() {
            let std::path::Component::Normal(name) = part else {
                return Err(std::io::Error::other("it is no plain path"));
            };
            at.push(name);
            let file = is_file && n + 1 == parts.len();
            match at.symlink_metadata() {
                Ok(m) if m.is_dir() && !file || m.is_file() && file => {}
                Ok(_) => return Err(std::io::Error::other("something else is there")),
                Err(_) if file => drop(std::fs::File::create_new(&at)?),
                Err(_) => std::fs::create_dir(&at)?,
            }
        }
        Ok(at)
    }

    /// The namespace's own /proc, else what the host lets be seen of its own.
    fn proc(dir: &Path) -> std::io::Result<()> {
        let at = folder(dir, "proc")?;
        let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
        mount(Some("proc"), &at, Some("proc"), flags, NONE)
            .or_else(|_| bind(Path::new("/proc"), &at, MsFlags::MS_REC))?;
        Ok(())
    }

    fn devices(dir: &Path) -> std::io::Result<()> {
        let dev = folder(dir, "dev")?;
        mounts::tmpfs_open(&dev, 64 << 20)?;
        for name in DEVICES {
            let host = Path::new("/dev").join(name);
            if host.exists() {
                file_over(&host, &dev.join(name))?;
            }
        }
        for (name, to) in LINKS {
            std::os::unix::fs::symlink(to, dev.join(name))?;
        }
        let shm = folder(&dev, "shm")?;
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(shm, std::fs::Permissions::from_mode(0o1777))
    }

    /// A folder of the tree that is a folder indeed: a link there would lead the mount out of the tree.
    fn folder(dir: &Path, name: &str) -> std::io::Result<std::path::PathBuf> {
        let at = dir.join(name);
        match at.symlink_metadata() {
            Ok(m) if m.is_dir() => {}
            Ok(_) => return Err(std::io::Error::other(format!("/{name} is no folder"))),
            Err(_) => std::fs::create_dir(&at)?,
        }
        Ok(at)
    }

    /// One file of the host in the tree.
    fn file_over(host: &Path, at: &Path) -> std::io::Result<()> {
        match at.symlink_metadata() {
            Ok(m) if m.is_file() => {}
            Ok(_) => return Err(std::io::Error::other(format!("{} is no file", at.display()))),
            Err(_) => drop(std::fs::File::create_new(at)?),
        }
        Ok(bind(host, at, MsFlags::empty())?)
    }

    /// What the tree lacks or forbids to be replaced costs names, not the run.
    fn resolving(dir: &Path, file: &str) {
        if let Ok(host) = std::fs::canonicalize(Path::new("/").join(file))
            && folder(dir, "etc").is_ok()
        {
            let _ = file_over(&host, &dir.join(file));
        }
    }

    /// pivot_root(2), "." onto ".": the old root lies over the new one for a moment and is then let go.
    fn pivot(dir: &Path) -> nix::Result<()> {
        nix::unistd::chdir(dir)?;
        nix::unistd::pivot_root(".", ".")?;
        umount2(".", MntFlags::MNT_DETACH)?;
        nix::unistd::chdir("/")
    }
}
