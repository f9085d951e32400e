//! A private, unprivileged apt state: the host's sources and keys, so that apt itself verifies signatures, and everything
//! that apt writes under the user's cache.

use super::lock::{is_package, is_suite};
use super::sources::Distribution;
use super::store::{self, io_error};
use super::{Fetcher, LockEntry, LockFile};
use goferry_proc::{CommandSpec, Env, Finished, find_program};
use goferry_report::{Code, Diagnostic};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Lists younger than this are not asked for again.
const FRESH: Duration = Duration::from_secs(24 * 3600);

/// A package request.
pub(super) struct Request<'r> {
    /// `gcc`, `sysroot`, `qemu`: for the lock.
    pub role: &'static str,
    /// Target, for the lock; may be empty.
    pub target: String,
    /// Suite; none: the host's.
    pub suite: Option<&'r str>,
    /// The distribution's architecture of the packages.
    pub arch: &'r str,
    /// Packages.
    pub packages: Vec<String>,
    /// Whether updates and security fixes count; the cross compilers have none, and their lists cost time.
    pub updates: bool,
    /// Whether what the packages depend on is taken too.
    pub closure: bool,
    /// Names that are left out, because the host or another root has them.
    pub leave_out: &'r dyn Fn(&str) -> bool,
}

/// Resolves a request: from the lock, from memory, or by apt.
///
/// # Errors
/// A lock that does not have it under `--locked`; apt's own complaint.
pub(super) fn resolve(
    fetcher: &Fetcher<'_>,
    distribution: &Distribution,
    request: &Request<'_>,
) -> Result<LockEntry, Box<Diagnostic>> {
    let mut wants = request.packages.clone();
    wants.sort();
    // They come from a configuration file of somebody's repository and become apt's arguments.
    if let Some(odd) = wants.iter().find(|p| !is_package(p)) {
        let message = format!("`{odd}` is no name of a package");
        return Err(Box::new(
            Diagnostic::error(Code::PackageUnknown, message)
                .hint("write names only: packages = [\"libpcap-dev\"]"),
        ));
    }
    if let Some(odd) = request.suite.filter(|s| !is_suite(s)) {
        let message = format!("`{}` is no name of a suite", odd.escape_debug());
        return Err(Box::new(
            Diagnostic::error(Code::PackageUnknown, message).hint("write a code name: suite = \"trixie\""),
        ));
    }
    if let Some(entry) = fetcher.lock.and_then(|l| l.entry(request.role, &request.target)) {
        if entry.wants == wants && request.suite.is_none_or(|s| s == entry.suite) {
            return Ok(entry.clone());
        }
        if fetcher.locked {
            return Err(drift(
                request,
                &format!("the lock is about {} of {}", entry.wants.join(", "), entry.suite),
            ));
        }
    } else if fetcher.locked {
        return Err(drift(request, "the lock has nothing for it"));
    }
    let suite = request.suite.unwrap_or(&distribution.codename);
    let memory = format!("{} {} {suite} {} {}", request.role, request.target, request.arch, wants.join(" "));
    if !fetcher.refresh
        && let Some(entry) = store::remembered(fetcher.root, &memory)
    {
        return Ok(entry);
    }
    if !fetcher.may_fetch {
        return Err(offline(&wants.join(", ")));
    }
    let state = State::open(fetcher, distribution, suite, request)?;
    (fetcher.say)(&format!("asking {} {suite} for {}", distribution.id, wants.join(", ")));
    state.update(fetcher, fetcher.refresh).map_err(|d| not_there(d, distribution, request))?;
    let files = state.resolve(fetcher, request)?;
    let entry = LockEntry {
        role: request.role.to_owned(),
        target: request.target.clone(),
        suite: suite.to_owned(),
        wants,
        files,
    };
    store::remember(fetcher.root, &memory, &entry)?;
    Ok(entry)
}

/// Every file of an entry, digest checked; what is missing is downloaded by apt, which checks signatures.
///
/// # Errors
/// No network where one is needed, a version that left the archive, a file that is not what it should be.
pub(super) fn files(
    fetcher: &Fetcher<'_>,
    distribution: Option<&Distribution>,
    entry: &LockEntry,
    arch: &str,
    updates: bool,
) -> Result<Vec<PathBuf>, Box<Diagnostic>> {
    let mut have = vec![None; entry.files.len()];
    for (slot, file) in have.iter_mut().zip(&entry.files) {
        *slot = store::checked(fetcher, file)?;
    }
    let missing: Vec<&LockFile> =
        entry.files.iter().zip(&have).filter(|(_, h)| h.is_none()).map(|(f, _)| f).collect();
    if missing.is_empty() {
        return Ok(have.into_iter().flatten().collect());
    }
    let names = missing.iter().map(|f| f.name.as_str()).collect::<Vec<_>>().join(", ");
    let (true, Some(distribution)) = (fetcher.may_fetch, distribution) else { return Err(offline(&names)) };
    let request = Request {
        role: "files",
        target: entry.target.clone(),
        suite: None,
        arch,
        packages: vec![],
        updates,
        closure: false,
        leave_out: &|_| false,
    };
    let state = State::open(fetcher, distribution, &entry.suite, &request)?;
    state.update(fetcher, false)?;
    if let Err(d) = state.download(fetcher, &missing) {
        // Old lists name versions that left the archive since.
        if !d.notes.iter().any(|n| n.contains("404") || n.contains("not found")) {
            return Err(d);
        }
        state.update(fetcher, true)?;
        state.download(fetcher, &missing)?;
    }
    let mut out = vec![];
    for (slot, file) in have.into_iter().zip(&entry.files) {
        match slot.map_or_else(|| store::checked(fetcher, file), |p| Ok(Some(p)))? {
            Some(path) => out.push(path),
            None => return Err(gone(file, &entry.suite)),
        }
    }
    Ok(out)
}

struct State {
    dir: PathBuf,
    options: Vec<String>,
    _held: store::Held,
}

impl State {
    fn open(
        fetcher: &Fetcher<'_>,
        distribution: &Distribution,
        suite: &str,
        request: &Request<'_>,
    ) -> Result<State, Box<Diagnostic>> {
        let text = distribution.sources_for(suite, request.arch, request.updates);
        if text.is_empty() {
            return Err(no_ports(distribution, request, vec![]));
        }
        let name = format!("{suite}-{}{}", request.arch, if request.updates { "-updates" } else { "" });
        let held = store::hold(fetcher.root, &format!("apt-{name}"))?;
        let dir = fetcher.root.join("apt").join(&name);
        let sources = dir.join("goferry.sources");
        let make = || {
            std::fs::create_dir_all(dir.join("lists/partial"))?;
            std::fs::create_dir_all(dir.join("cache/archives/partial"))?;
            std::fs::create_dir_all(dir.join("parts"))?;
            std::fs::write(dir.join("status"), "")?;
            std::fs::write(&sources, text)
        };
        make().map_err(|e| io_error("cannot write", &dir, &e))?;
        let d = dir.display();
        let options = [
            format!("Dir::State={d}"),
            format!("Dir::State::lists={d}/lists"),
            format!("Dir::State::status={d}/status"),
            format!("Dir::Cache={d}/cache"),
            format!("Dir::Etc::SourceList={}", sources.display()),
            format!("Dir::Etc::SourceParts={d}/parts"),
            format!("APT::Architecture={}", request.arch),
            format!("APT::Architectures={}", request.arch),
            "APT::Sandbox::User=".to_owned(),
            "APT::Install-Recommends=false".to_owned(),
            "Acquire::Languages=none".to_owned(),
            "Acquire::Retries=3".to_owned(),
            "Debug::NoLocking=1".to_owned(),
        ];
        let options = options.into_iter().flat_map(|o| ["-o".to_owned(), o]).collect();
        Ok(State { dir, options, _held: held })
    }

    fn run(
        &self,
        fetcher: &Fetcher<'_>,
        purpose: &str,
        program: &str,
        args: &[String],
        cwd: &Path,
    ) -> Result<Finished, Box<Diagnostic>> {
        let spec = CommandSpec {
            env: Env::Inherit {
                set: vec![
                    ("LC_ALL".to_owned(), "C.UTF-8".to_owned()),
                    ("DEBIAN_FRONTEND".to_owned(), "noninteractive".to_owned()),
                ],
                remove: vec!["APT_CONFIG".to_owned()],
            },
            ..CommandSpec::new(purpose, program).args(self.options.iter().chain(args).cloned()).cwd(cwd)
        };
        let done = fetcher
            .spawner
            .run(&spec)
            .map_err(|e| Box::new(Diagnostic::error(Code::FetchFailed, format!("{purpose}: {e}"))))?;
        if done.status.success() {
            return Ok(done);
        }
        let mut d = Diagnostic::error(Code::FetchFailed, format!("{purpose} failed"))
            .hint("apt's own configuration and network settings of this machine are used: see what `apt-get update` says");
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        d.notes.extend(said.lines().filter(|l| l.starts_with(['E', 'W', ' '])).take(12).map(str::to_owned));
        Err(Box::new(d))
    }

    fn update(&self, fetcher: &Fetcher<'_>, always: bool) -> Result<(), Box<Diagnostic>> {
        let mark = self.dir.join("updated");
        let fresh =
            mark.metadata().and_then(|m| m.modified()).is_ok_and(|t| t.elapsed().is_ok_and(|a| a < FRESH));
        if fresh && !always {
            return Ok(());
        }
        let args = ["update".to_owned(), "-q".to_owned(), "--error-on=any".to_owned()];
        if let Err(first) =
            self.run(fetcher, "apt-get update of a private state", "apt-get", &args, &self.dir)
        {
            // --error-on came with apt 2.1.
            if !first.notes.iter().any(|n| n.contains("error-on")) {
                return Err(first);
            }
            self.run(fetcher, "apt-get update of a private state", "apt-get", &args[..2], &self.dir)?;
        }
        std::fs::write(&mark, "").map_err(|e| io_error("cannot write", &mark, &e))
    }

    fn resolve(
        &self,
        fetcher: &Fetcher<'_>,
        request: &Request<'_>,
    ) -> Result<Vec<LockFile>, Box<Diagnostic>> {
        let pairs: Vec<String> = if request.closure {
            let mut args = ["install", "--print-uris", "-qq", "-y", "--"].map(str::to_owned).to_vec();
            args.extend(request.packages.iter().cloned());
            let done = self
                .run(
                    fetcher,
                    &format!("resolving {}", request.packages.join(", ")),
                    "apt-get",
                    &args,
                    &self.dir,
                )
                .map_err(|d| unknown(*d, request))?;
            printed(&String::from_utf8_lossy(&done.stdout))
                .into_iter()
                .filter(|(name, _, _)| !(request.leave_out)(name))
                .map(|(name, version, arch)| {
                    if arch == "all" {
                        format!("{name}={version}")
                    } else {
                        format!("{name}:{arch}={version}")
                    }
                })
                .collect()
        } else {
            request.packages.clone()
        };
        let mut args = vec!["show".to_owned(), "--no-all-versions".to_owned(), "--".to_owned()];
        let asked = pairs.len();
        args.extend(pairs);
        let done = self
            .run(
                fetcher,
                &format!("looking up {}", request.packages.join(", ")),
                "apt-cache",
                &args,
                &self.dir,
            )
            .map_err(|d| unknown(*d, request))?;
        let mut files = stanzas(&String::from_utf8_lossy(&done.stdout));
        files.sort();
        files.dedup();
        if files.len() != asked {
            let message =
                format!("apt knows {} of {asked} packages of {}", files.len(), request.packages.join(", "));
            return Err(Box::new(Diagnostic::error(Code::FetchFailed, message)));
        }
        Ok(files)
    }

    fn download(&self, fetcher: &Fetcher<'_>, files: &[&LockFile]) -> Result<(), Box<Diagnostic>> {
        let part = tempfile::Builder::new()
            .prefix("download-")
            .tempdir_in(&self.dir)
            .map_err(|e| io_error("cannot make a folder in", &self.dir, &e))?;
        (fetcher.say)(&format!("fetching {} packages with apt", files.len()));
        let mut args = vec!["download".to_owned(), "-q".to_owned(), "--".to_owned()];
        args.extend(files.iter().map(|f| {
            if f.arch == "all" {
                format!("{}={}", f.name, f.version)
            } else {
                format!("{}:{}={}", f.name, f.arch, f.version)
            }
        }));
        self.run(fetcher, "downloading packages", "apt-get", &args, part.path()).map_err(|d| match files
            .iter()
            .find(|f| d.notes.iter().any(|n| n.contains(&f.version) && n.contains("not found")))
        {
            Some(f) => {
                let mut gone = gone(f, "the suite");
                gone.notes.extend(d.notes);
                gone
            }
            None => d,
        })?;
        for file in files {
            let path = part.path().join(&file.file);
            store::keep(fetcher.root, file, &path, true)?;
        }
        Ok(())
    }
}

/// `'uri' file size digest` lines as (name, version, arch).
fn printed(text: &str) -> Vec<(String, String, String)> {
    let mut out = vec![];
    for line in text.lines().filter(|l| l.starts_with('\'')) {
        let Some(file) = line.split_whitespace().nth(1).and_then(|f| f.strip_suffix(".deb")) else {
            continue;
        };
        let mut parts = file.splitn(3, '_');
        if let (Some(name), Some(version), Some(arch)) = (parts.next(), parts.next(), parts.next()) {
            out.push((name.to_owned(), version.replace("%3a", ":").replace("%3A", ":"), arch.to_owned()));
        }
    }
    out
}

/// apt-cache's stanzas.
fn stanzas(text: &str) -> Vec<LockFile> {
    let mut out = vec![];
    for stanza in text.split("\n\n") {
        let field = |name: &str| {
            stanza.lines().find_map(|l| l.strip_prefix(name)?.strip_prefix(": ")).map(|v| v.trim().to_owned())
        };
        if let (Some(name), Some(version), Some(arch), Some(sha256)) =
            (field("Package"), field("Version"), field("Architecture"), field("SHA256"))
        {
            // As apt-get download names it.
            let file = format!("{name}_{}_{arch}.deb", version.replace(':', "%3a"));
            out.push(LockFile { name, version, arch, file, sha256 });
        }
    }
    out
}

fn drift(request: &Request<'_>, why: &str) -> Box<Diagnostic> {
    let subject = if request.target.is_empty() {
        request.role.to_owned()
    } else {
        format!("{} for {}", request.role, request.target)
    };
    Box::new(
        Diagnostic::error(Code::LockDrift, format!("{subject} needs {}: {why}", request.packages.join(", ")))
            .hint_with("to lock what is needed now:", "goferry toolchain install"),
    )
}

fn offline(what: &str) -> Box<Diagnostic> {
    Box::new(
        Diagnostic::error(Code::FetchFailed, format!("{what}: not in the cache, and nothing may be fetched"))
            .hint_with("with a network, once:", "goferry toolchain install")
            .hint("or name a shared folder that has the files: GOFERRY_TOOLCHAIN_MIRROR"),
    )
}

fn gone(file: &LockFile, suite: &str) -> Box<Diagnostic> {
    Box::new(
        Diagnostic::error(
            Code::VersionGone,
            format!("{} {} is not in {suite} any more", file.name, file.version),
        )
        .hint_with("to lock what is there now:", "goferry toolchain update")
        .hint(format!(
            "or keep {} in a shared folder: GOFERRY_TOOLCHAIN_MIRROR/files/{}/",
            file.file, file.sha256
        )),
    )
}

fn unknown(mut d: Diagnostic, request: &Request<'_>) -> Box<Diagnostic> {
    let missing: BTreeSet<&String> =
        request.packages.iter().filter(|p| d.notes.iter().any(|n| n.contains(p.as_str()))).collect();
    if !missing.is_empty() {
        d.message = format!(
            "the distribution has no {} for {}",
            missing.iter().map(|p| p.as_str()).collect::<Vec<_>>().join(", "),
            request.arch
        );
        d.code = Code::PackageUnknown;
        d.hints.clear();
        d = d.hint("look for the name with `apt-cache search`, or name another suite: suite = \"trixie\"");
        if request.role == "sysroot" {
            d = d.hint("Ubuntu has packages of other architectures on its ports archive only, which must be among apt's sources");
        }
    }
    Box::new(d)
}

/// An archive without this architecture, told by apt as a list that is not found.
fn not_there(d: Box<Diagnostic>, distribution: &Distribution, request: &Request<'_>) -> Box<Diagnostic> {
    let lacks = |n: &String| n.contains("404") || n.contains("doesn't support architecture");
    let foreign = request.arch != distribution.arch && d.code == Code::FetchFailed;
    if foreign && distribution.id == "ubuntu" && d.notes.iter().any(lacks) {
        return no_ports(distribution, request, d.notes);
    }
    d
}

/// Ubuntu's main archive has amd64 and i386; the other architectures are on another host.
fn no_ports(distribution: &Distribution, request: &Request<'_>, notes: Vec<String>) -> Box<Diagnostic> {
    let (id, arch) = (&distribution.id, request.arch);
    let message =
        format!("apt's sources of this {id} have no packages for {arch}: {}", request.packages.join(", "));
    let mut d = Diagnostic::error(Code::PackageUnknown, message);
    if id == "ubuntu" {
        d = d.hint("add Ubuntu's ports archive to apt's sources, with `Architectures:` (or `[arch=…]`) on it and on the main one");
    }
    d.notes = notes;
    Box::new(d.hint_with("or do without packages, with zig, in goferry.toml", "[toolchain]\ncc = \"zig\""))
}

/// Whether the programs that this provider needs are there.
pub(super) fn usable(path: &std::ffi::OsStr, dir: &Path) -> bool {
    ["apt-get", "apt-cache", "dpkg-deb"].iter().all(|p| find_program(p, Some(path), dir).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_archive_without_the_architecture_is_said_to_be_one() {
        let os = tempfile::tempdir().unwrap();
        let distribution = |id: &str| {
            std::fs::write(os.path().join("os-release"), format!("ID={id}\nVERSION_CODENAME=noble\n"))
                .unwrap();
            std::fs::create_dir_all(os.path().join("apt")).unwrap();
            std::fs::write(os.path().join("apt/sources.list"), "deb http://h noble main\n").unwrap();
            Distribution::read(os.path()).unwrap()
        };
        let request = Request {
            role: "sysroot",
            target: "linux/arm64".to_owned(),
            suite: None,
            arch: "arm64",
            packages: vec!["libpcap-dev".to_owned()],
            updates: true,
            closure: true,
            leave_out: &|_| false,
        };
        let failed = || {
            let d = Diagnostic::error(Code::FetchFailed, "apt-get update of a private state failed");
            Box::new(d.with_note(
                "E: Failed to fetch http://h/dists/noble/main/binary-arm64/Packages  404  Not Found",
            ))
        };
        let d = not_there(failed(), &distribution("ubuntu"), &request);
        assert_eq!(d.code, Code::PackageUnknown);
        assert!(d.message.contains("libpcap-dev") && d.hints[0].text.contains("ports"), "{d:?}");
        assert!(d.hints[1].snippet.as_deref().is_some_and(|s| s.contains("zig")), "{d:?}");
        assert_eq!(not_there(failed(), &distribution("debian"), &request).code, Code::FetchFailed);
    }

    #[test]
    fn what_apt_prints() {
        let text = "'http://h/pool/z_1%3a1.2.deb' zlib1g_1%3a1.2.13.dfsg-1_amd64.deb 86684 MD5Sum:ec\n'x' broken 1\nE: y\n";
        assert_eq!(printed(text), [("zlib1g".to_owned(), "1:1.2.13.dfsg-1".to_owned(), "amd64".to_owned())]);
        let show = "Package: zlib1g\nArchitecture: amd64\nVersion: 1:1.2.13.dfsg-1\nSHA256: ab\nDescription: x\n more\n\nPackage: half\n";
        let files = stanzas(show);
        assert_eq!(files.len(), 1);
        assert_eq!(files[0].file, "zlib1g_1%3a1.2.13.dfsg-1_amd64.deb");
    }
}
