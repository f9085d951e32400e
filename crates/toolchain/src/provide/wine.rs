//! wine from the distribution, for windows/amd64 and windows/386.
//!
//! Owns: which packages, how they start without being installed, the folder that stands for C:. Must not: run a program
//! of anybody's; `emulate` does.
//!
//! ```text
//! unpacked/wine-<digest>/usr/lib/run/   start, wine64, wineserver, ld.so: what is called
//! wine/<digest>/base/                   C: and registry as wineboot made them
//! wine/<digest>/seed/                   the same as links into base and what each run gets as its own
//! ```
//!
//! wine looks for its parts where its own program lies, which is the loader's place when a loader starts it: a copy of the
//! loader lies beside scripts that start each part by it. The packages that are left out are for sound, pictures and cameras.

use super::apt::{self, Request};
use super::sources::Distribution;
use super::{Fetcher, LockEntry, deb, store, suites};
use goferry_proc::{CommandSpec, Env, Limits};
use goferry_report::{Code, Diagnostic};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What wine needs to start programs without windows; zlib is a DLL of its user32.
const PACKAGES: [&str; 7] =
    ["libc6", "libgcc-s1", "liblzma5", "libunwind8", "libwine", "libz-mingw-w64", "wine64"];

/// Where `wine/x86_64-windows` and its kin are.
const PARTS: &str = "usr/lib/x86_64-linux-gnu/wine";

/// No window, no .NET, no browser, no menu entries on the desktop, no words of wine's own.
const WINE_ENV: [(&str, &str); 3] = [
    ("WINEDEBUG", "-all"),
    ("WINEDLLOVERRIDES", "mscoree=;mshtml=;winemenubuilder.exe="),
    ("WINEARCH", "win64"),
];

const START: &str = r#"#!/bin/sh
# A program on a C: of its own, which is gone afterwards with the server that wine starts beside it.
here=${0%/*}
WINEPREFIX=$(mktemp -d) || exit 125
export WINEPREFIX
leave() {
    "$here/wineserver" -k 2>/dev/null
    # The server's folder, named in this file.
    server=$(cat "$WINEPREFIX/wineserver" 2>/dev/null)
    case $server in wine-??????) rm -rf "/tmp/$server" "/run/user/$(id -u)/$server" ;; esac
    rm -rf "$WINEPREFIX"
}
trap leave EXIT
cp -a "$GOFERRY_WINE_SEED/." "$WINEPREFIX" || exit 125
exec 3<&0
"$here/wine64" "$@" <&3 3<&- &
child=$!
trap 'kill -TERM "$child" 2>/dev/null' TERM INT HUP
while :; do
    wait "$child"
    status=$?
    kill -0 "$child" 2>/dev/null || break
done
exit "$status"
"#;

// Debian's change for the server's folder frees what getenv gave it where TMPDIR is set, and aborts.
const WINE: &str = r#"#!/bin/sh
here=${0%/*}
unset TMPDIR
export WINEDLLPATH="$here/../x86_64-linux-gnu/wine"
exec "$here/ld.so" --library-path "$here/../x86_64-linux-gnu" "$here/../wine/wine64" "$@"
"#;

const SERVER: &str = r#"#!/bin/sh
here=${0%/*}
unset TMPDIR
exec "$here/ld.so" --library-path "$here/../x86_64-linux-gnu" "$here/../wine/wineserver64" -p0 "$@"
"#;

/// wine, ready.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvidedWine {
    /// What starts a program.
    pub program: PathBuf,
    /// What each program's C: is made from.
    pub seed: PathBuf,
    /// `10.0`.
    pub version: String,
    /// Digest over what was fetched.
    pub identity: String,
    /// Whether it runs windows/386 too.
    pub runs_386: bool,
    /// What was fetched.
    pub entries: Vec<LockEntry>,
}

/// Finds the wine that was fetched, or fetches it without root; `i386` with what windows/386 needs.
///
/// # Errors
/// No apt here, another processor, no network, nothing fetched where nothing may be, what the archive or wine says.
pub fn provide_wine(i386: bool, fetcher: &Fetcher<'_>) -> Result<ProvidedWine, Box<Diagnostic>> {
    let path = fetcher.env.get("PATH").map(String::as_str).unwrap_or_default();
    let distribution = Distribution::read(Path::new("/etc"));
    let usable = |d: &&Distribution| d.arch == "amd64" && apt::usable(path.as_ref(), Path::new("/"));
    let Some(own) = distribution.as_ref().filter(usable) else {
        let message = "wine cannot be fetched: this host has no apt of Debian or Ubuntu, or is not amd64";
        return Err(Box::new(
            Diagnostic::error(Code::FetchFailed, message)
                .hint("install your distribution's wine, 10.0 or newer"),
        ));
    };
    let suite = suites::for_wine(own);
    let entry = |target: &str, arch: &'static str, packages: &[&str]| {
        let request = Request {
            role: "wine",
            target: target.to_owned(),
            suite: Some(suite),
            arch,
            packages: packages.iter().map(|p| (*p).to_owned()).collect(),
            updates: false,
            closure: false,
            leave_out: &|_| false,
        };
        apt::resolve(fetcher, own, &request)
    };
    let mut entries = vec![entry("windows/amd64", "amd64", &PACKAGES)?];
    if i386 {
        entries.push(entry("windows/386", "i386", &["libwine"])?);
    }
    let identities: Vec<String> = entries.iter().map(store::identity).collect();
    let identity = store::digest_of(&identities.join("\n"));
    let name = if i386 { "wine-386" } else { "wine" };
    let _held = store::hold(fetcher.root, "wine")?;
    let root = store::unpacked(fetcher, name, &identity, |dir| unpack(fetcher, own, &entries, dir))?;
    let seed = prepared(fetcher, &root, &identity)?;
    let wine = entries[0].files.iter().find(|f| f.name == "wine64");
    let version = wine.map(|f| f.version.split(['~', '-', '+']).next().unwrap_or_default().to_owned());
    Ok(ProvidedWine {
        program: root.join("usr/lib/run/start"),
        seed,
        version: version.unwrap_or_default(),
        identity,
        runs_386: i386,
        entries,
    })
}

fn unpack(
    fetcher: &Fetcher<'_>,
    own: &Distribution,
    entries: &[LockEntry],
    dir: &Path,
) -> Result<(), Box<Diagnostic>> {
    for (entry, arch) in entries.iter().zip(["amd64", "i386"]) {
        let files = apt::files(fetcher, Some(own), entry, arch, false)?;
        (fetcher.say)(&format!("unpacking wine for {}", entry.target));
        let to = if arch == "i386" { dir.join("i386") } else { dir.to_owned() };
        deb::unpack(fetcher, &files, &to)?;
    }
    arrange(dir).map_err(|e| store::io_error("cannot arrange wine in", dir, &e))
}

/// Puts the 32-bit DLLs beside the others, and writes the scripts.
fn arrange(dir: &Path) -> io::Result<()> {
    let i386 = dir.join("i386");
    if i386.is_dir() {
        let place = dir.join(PARTS).join("i386-windows");
        if place.exists() {
            std::fs::remove_dir_all(&place)?;
        }
        std::fs::rename(i386.join("usr/lib/i386-linux-gnu/wine/i386-windows"), place)?;
        std::fs::remove_dir_all(&i386)?;
    }
    let run = dir.join("usr/lib/run");
    std::fs::create_dir(&run)?;
    std::fs::copy(dir.join("lib64/ld-linux-x86-64.so.2"), run.join("ld.so"))?;
    for (name, text) in [("start", START), ("wine64", WINE), ("wineserver", SERVER)] {
        std::fs::write(run.join(name), text)?;
    }
    for name in ["ld.so", "start", "wine64", "wineserver"] {
        store::set_mode(&run.join(name), 0o755)?;
    }
    // Debian's wine has its data in share/wine, and looks below it for another wine/.
    link(Path::new("."), &dir.join("usr/share/wine/wine"))
}

/// The seed; made now if it is not there and anything may be made.
fn prepared(fetcher: &Fetcher<'_>, root: &Path, identity: &str) -> Result<PathBuf, Box<Diagnostic>> {
    let place = fetcher.root.join("wine").join(&identity[..12]);
    let seed = place.join("seed");
    // Renamed when it was complete.
    if seed.is_dir() {
        return Ok(seed);
    }
    if !fetcher.may_fetch && !fetcher.mend {
        let message = "wine is unpacked, but its C: is not made";
        return Err(Box::new(
            Diagnostic::error(Code::FetchFailed, message)
                .hint_with("to make it:", "goferry toolchain install windows/amd64"),
        ));
    }
    (fetcher.say)("preparing wine's C:");
    let failed = |e: io::Error| store::io_error("cannot make", &place, &e);
    if place.exists() {
        std::fs::remove_dir_all(&place).map_err(failed)?;
    }
    let base = place.join("base");
    zlib(root, &base).map_err(failed)?;
    boot(fetcher, root, &base)?;
    thin(&base.join("drive_c"), root).map_err(failed)?;
    let part = place.join("part");
    sow(&base, &part).map_err(failed)?;
    std::fs::rename(part, &seed).map_err(failed)?;
    Ok(seed)
}

/// The one DLL that is none of wine's own must be there from the start, as a file of its own.
fn zlib(root: &Path, base: &Path) -> io::Result<()> {
    for (folder, triple) in [("system32", "x86_64-w64-mingw32"), ("syswow64", "i686-w64-mingw32")] {
        let to = base.join("drive_c/windows").join(folder);
        std::fs::create_dir_all(&to)?;
        std::fs::copy(root.join("usr").join(triple).join("lib/zlib1.dll"), to.join("zlib1.dll"))?;
    }
    Ok(())
}

fn boot(fetcher: &Fetcher<'_>, root: &Path, base: &Path) -> Result<(), Box<Diagnostic>> {
    let run = root.join("usr/lib/run");
    let text = |p: &Path| p.to_string_lossy().into_owned();
    let mut set: Vec<(String, String)> = WINE_ENV.map(|(n, v)| (n.to_owned(), v.to_owned())).to_vec();
    set.push(("WINEPREFIX".to_owned(), text(base)));
    let unset = ["DISPLAY", "WAYLAND_DISPLAY", "WINEDLLPATH", "WINELOADER", "WINESERVER"];
    let step = |purpose: &str, program: &str, args: &[&str]| {
        let spec = CommandSpec {
            env: Env::Inherit { set: set.clone(), remove: unset.map(str::to_owned).to_vec() },
            ..CommandSpec::new(purpose, run.join(program)).args(args.iter().copied())
        };
        fetcher.spawner.run(&spec.limits(Limits::wall(Duration::from_secs(300))))
    };
    let booted = step("preparing wine", "wine64", &["wineboot", "-i"]);
    // What it wrote is on the disk when its server is gone.
    let stopped = step("waiting for wine", "wineserver", &["-w"]);
    let made = ["system.reg", "user.reg", "drive_c/windows/system32/kernel32.dll"];
    if let Ok(name) = std::fs::read_to_string(base.join("wineserver"))
        && name.starts_with("wine-")
        && !name.contains('/')
    {
        let _ = std::fs::remove_dir_all(Path::new("/tmp").join(name));
    }
    // Its status says nothing: without 32-bit parts it is 53.
    if booted.is_ok() && stopped.is_ok() && made.iter().all(|f| base.join(f).is_file()) {
        return Ok(());
    }
    let mut d = Diagnostic::error(Code::FetchFailed, "wine was unpacked, but does not start here");
    match booted {
        Ok(done) => d.notes.extend(done.stderr_text().lines().take(8).map(str::to_owned)),
        Err(e) => d.notes.push(e.to_string()),
    }
    Err(Box::new(d.hint("install your distribution's wine, 10.0 or newer")))
}

/// Copies of wine's own DLLs become links to them: seven hundred megabytes.
fn thin(dir: &Path, root: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        let (path, kind) = (entry.path(), entry.file_type()?);
        if kind.is_dir() {
            thin(&path, root)?;
        } else if kind.is_file() {
            let own =
                ["x86_64-windows", "i386-windows"].map(|a| root.join(PARTS).join(a).join(entry.file_name()));
            if let Some(same) = own.iter().find(|o| same_file(&path, o)) {
                std::fs::remove_file(&path)?;
                link(same, &path)?;
            }
        }
    }
    Ok(())
}

fn same_file(a: &Path, b: &Path) -> bool {
    let size = |p: &Path| p.metadata().ok().map(|m| m.len());
    size(b).is_some() && size(a) == size(b) && std::fs::read(a).ok() == std::fs::read(b).ok()
}

/// Registry, drives and users are each run's own; of `C:\windows` and the programs there is one for all.
fn sow(base: &Path, to: &Path) -> io::Result<()> {
    copy(base, to, &|below| {
        let below = below.to_string_lossy();
        match below.strip_prefix("drive_c/windows/") {
            Some(inside) => !inside.eq_ignore_ascii_case("temp"),
            None => below.starts_with("drive_c/Program"),
        }
    })
}

fn copy(from: &Path, to: &Path, shared: &dyn Fn(&Path) -> bool) -> io::Result<()> {
    fn walk(base: &Path, below: &Path, to: &Path, shared: &dyn Fn(&Path) -> bool) -> io::Result<()> {
        std::fs::create_dir(to.join(below))?;
        for entry in std::fs::read_dir(base.join(below))? {
            let entry = entry?;
            let (below, kind) = (below.join(entry.file_name()), entry.file_type()?);
            let (from, place) = (entry.path(), to.join(&below));
            // The name of the folder of a server that is gone.
            if below == Path::new("wineserver") {
                continue;
            }
            if shared(&below) {
                link(&from, &place)?;
            } else if kind.is_dir() {
                walk(base, &below, to, shared)?;
            } else if kind.is_symlink() {
                link(&std::fs::read_link(&from)?, &place)?;
            } else if kind.is_file() {
                std::fs::copy(&from, &place)?;
            }
        }
        Ok(())
    }
    walk(from, Path::new(""), to, shared)
}

#[cfg(unix)]
fn link(to: &Path, at: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(to, at)
}

#[cfg(not(unix))]
fn link(_: &Path, _: &Path) -> io::Result<()> {
    Err(io::Error::new(io::ErrorKind::Unsupported, "links"))
}
