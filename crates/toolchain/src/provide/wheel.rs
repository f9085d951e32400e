//! Wheels from PyPI by the host's pip.

use super::store::{self, io_error};
use super::{Fetcher, LockEntry, LockFile};
use goferry_proc::CommandSpec;
use goferry_report::{Code, Diagnostic};
use std::path::{Path, PathBuf};

/// The wheel of a project, from the lock, the cache, the mirror or pip; with what it is. It is unpacked under the role's
/// name; if that was done before, the file itself may be gone.
///
/// # Errors
/// No pip, no network, or a wheel that is not what the lock says.
pub(super) fn wheel(
    fetcher: &Fetcher<'_>,
    pip: Option<&[String]>,
    role: &str,
    project: &str,
    version: &str,
) -> Result<(PathBuf, LockEntry), Box<Diagnostic>> {
    let wants = vec![format!("{project}=={version}")];
    // A lock of another version, or of another project, is none: the shims' rules were tried with this one.
    let locked = fetcher.lock.and_then(|l| l.entry(role, "")).filter(|e| e.wants == wants);
    if fetcher.locked && locked.is_none() {
        let message = format!("{} is needed, and the lock has nothing for it", wants[0]);
        return Err(Box::new(
            Diagnostic::error(Code::LockDrift, message).hint_with("to lock it:", "goferry toolchain install"),
        ));
    }
    let memory = format!("{role} pypi {} {}", wants[0], std::env::consts::ARCH);
    let known = match locked {
        Some(entry) => Some(entry.clone()),
        None => store::remembered(fetcher.root, &memory).filter(|_| !fetcher.refresh),
    };
    // Unpacked, the wheel is not looked at again: it has 200 MB, and this is the way of every build.
    if let Some(entry) = &known
        && let Some(file) = entry.files.first()
        && !fetcher.mend
        && store::is_unpacked(fetcher.root, role, &store::identity(entry))
    {
        return Ok((store::place_of(fetcher.root, file), entry.clone()));
    }
    if let Some(entry) = &known
        && let Some(file) = entry.files.first()
        && let Some(path) = store::checked(fetcher, file)?
    {
        return Ok((path, entry.clone()));
    }
    let failed = |message: String| Box::new(Diagnostic::error(Code::FetchFailed, message));
    if !fetcher.may_fetch {
        return Err(Box::new(
            failed(format!("{project} is not in the cache, and nothing may be fetched"))
                .hint_with("with a network, once:", "goferry toolchain install"),
        ));
    }
    let Some(pip) = pip else {
        return Err(failed(format!("{project} is fetched by pip, which this host does not have")));
    };
    let wanted = known.as_ref().and_then(|e| e.files.first());
    let (path, file) = download(fetcher, pip, project, &wants[0])?;
    if let Some(f) = wanted
        && f.sha256 != file.sha256
    {
        let message = format!("{}: SHA-256 {} instead of the lock's {}", file.file, file.sha256, f.sha256);
        return Err(Box::new(Diagnostic::error(Code::ToolchainDamaged, message)));
    }
    let entry = LockEntry {
        role: role.to_owned(),
        target: String::new(),
        suite: "pypi".to_owned(),
        wants,
        files: vec![file],
    };
    store::remember(fetcher.root, &memory, &entry)?;
    Ok((path, entry))
}

fn download(
    fetcher: &Fetcher<'_>,
    pip: &[String],
    project: &str,
    spec: &str,
) -> Result<(PathBuf, LockFile), Box<Diagnostic>> {
    let failed = |message: String| Box::new(Diagnostic::error(Code::FetchFailed, message));
    std::fs::create_dir_all(fetcher.root).map_err(|e| io_error("cannot make", fetcher.root, &e))?;
    let part = tempfile::Builder::new()
        .prefix("wheel-")
        .tempdir_in(fetcher.root)
        .map_err(|e| io_error("cannot make a folder in", fetcher.root, &e))?;
    (fetcher.say)(&format!("fetching {spec} with pip"));
    let args = [
        "download",
        "--quiet",
        "--no-deps",
        "--no-cache-dir",
        "--only-binary=:all:",
        "--disable-pip-version-check",
        "-d",
        ".",
    ];
    let command = CommandSpec::new(format!("downloading {spec}"), &pip[0])
        .args(pip[1..].iter().map(String::as_str).chain(args).chain([spec]))
        .cwd(part.path());
    let done = fetcher.spawner.run(&command).map_err(|e| failed(format!("downloading {spec}: {e}")))?;
    if !done.status.success() {
        let mut d = failed(format!("downloading {spec} with pip failed"))
            .hint("pip's own configuration of this machine is used: see what `pip download` says")
            .hint_with("where python3 has no pip, on Debian and Ubuntu", "sudo apt-get install python3-pip");
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        d.notes = said.lines().filter(|l| !l.trim().is_empty()).take(8).map(str::to_owned).collect();
        return Err(Box::new(d));
    }
    let wheel = std::fs::read_dir(part.path())
        .map_err(|e| io_error("cannot read", part.path(), &e))?
        .flatten()
        .map(|e| e.path())
        .find(|p| p.extension().is_some_and(|e| e == "whl"))
        .ok_or_else(|| failed(format!("pip downloaded no wheel of {spec}")))?;
    let name = wheel.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut parts = name.trim_end_matches(".whl").split('-');
    let version = parts.nth(1).unwrap_or_default().to_owned();
    let file = LockFile {
        name: project.to_owned(),
        version,
        arch: parts.next_back().unwrap_or_default().to_owned(),
        sha256: store::digest_of_file(&wheel).map_err(|e| io_error("cannot read", &wheel, &e))?,
        file: name,
    };
    let path = store::keep(fetcher.root, &file, &wheel, true)?;
    Ok((path, file))
}

/// Unpacks a wheel by pip itself, without a network.
///
/// # Errors
/// No pip, a damaged wheel, a full disk.
pub(super) fn unpack(
    fetcher: &Fetcher<'_>,
    pip: Option<&[String]>,
    wheel: &Path,
    to: &Path,
) -> Result<(), Box<Diagnostic>> {
    let name = wheel.file_name().unwrap_or_default().to_string_lossy();
    let failed =
        |why: &str| Box::new(Diagnostic::error(Code::FetchFailed, format!("unpacking {name}: {why}")));
    let Some(pip) = pip else { return Err(failed("this host has no pip")) };
    let args = [
        "install",
        "--quiet",
        "--no-deps",
        "--no-index",
        "--no-compile",
        "--disable-pip-version-check",
        "--target",
    ];
    let command = CommandSpec::new(format!("unpacking {name}"), &pip[0])
        .args(pip[1..].iter().map(String::as_str).chain(args).map(std::ffi::OsString::from))
        .args([to.as_os_str().to_owned(), wheel.as_os_str().to_owned()]);
    let done = fetcher.spawner.run(&command).map_err(|e| failed(&e.to_string()))?;
    if done.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    let mut d = failed("pip failed");
    if said.contains("No space left") {
        d.code = Code::DiskFull;
    }
    d.notes = said.lines().take(8).map(str::to_owned).collect();
    Err(d)
}
