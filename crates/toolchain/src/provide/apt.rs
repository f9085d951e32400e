//! A private, unprivileged apt state: the host's sources and keys, so that apt itself verifies signatures, and everything
//! that apt writes under the user's cache.

use super::lock::{is_package, is_suite};
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

/// One entry of the host's sources.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct HostSource {
    uris: Vec<String>,
    suites: Vec<String>,
    components: Vec<String>,
    signed_by: Option<String>,
}

/// The distribution, from os-release and apt's sources.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Distribution {
    /// `debian`, `ubuntu`.
    pub id: String,
    /// `bookworm`.
    pub codename: String,
    /// The distribution's name of the host's architecture, `amd64`.
    pub arch: String,
    sources: Vec<HostSource>,
}

impl Distribution {
    /// What `/etc` says; none where there is no apt, or no source of the distribution's own.
    pub(super) fn read(etc: &Path) -> Option<Distribution> {
        let release = std::fs::read_to_string(etc.join("os-release")).ok()?;
        let field = |name: &str| {
            let line = release.lines().find_map(|l| l.strip_prefix(name)?.strip_prefix('='))?;
            Some(line.trim_matches('"').to_owned())
        };
        let (id, codename) = (field("ID")?, field("VERSION_CODENAME")?);
        let mut files = vec![etc.join("apt/sources.list")];
        let parts = std::fs::read_dir(etc.join("apt/sources.list.d")).into_iter().flatten().flatten();
        files.extend(parts.map(|e| e.path()));
        files.sort();
        let mut sources = vec![];
        for file in files {
            let Ok(text) = std::fs::read_to_string(&file) else { continue };
            match file.extension().and_then(|e| e.to_str()) {
                Some("list") => sources.extend(text.lines().filter_map(one_line)),
                Some("sources") => sources.extend(deb822(&text)),
                _ => {}
            }
        }
        let own = |s: &String| *s == codename || s.starts_with(&format!("{codename}-"));
        sources.retain(|s| s.suites.iter().any(own));
        let arch = goferry_target::ArchKind::host()
            .and_then(|a| goferry_target::GoTarget::new(goferry_target::Os::Linux, a.default_arch()).facts())
            .and_then(|f| f.debian)?;
        (!sources.is_empty()).then(|| Distribution { id, codename, arch: arch.to_owned(), sources })
    }

    /// Private sources: those of one suite, in the one-file format.
    fn sources_for(&self, suite: &str, updates: bool) -> String {
        let mut out = String::new();
        for s in &self.sources {
            let suites: Vec<String> = s
                .suites
                .iter()
                .filter(|have| updates || **have == self.codename)
                .filter_map(|have| Some(format!("{suite}{}", have.strip_prefix(&self.codename)?)))
                .collect();
            if suites.is_empty() {
                continue;
            }
            out.push_str(&format!("Types: deb\nURIs: {}\nSuites: {}\n", s.uris.join(" "), suites.join(" ")));
            out.push_str(&format!("Components: {}\n", s.components.join(" ")));
            if let Some(key) = &s.signed_by {
                out.push_str(&format!("Signed-By: {key}\n"));
            }
            out.push('\n');
        }
        out
    }
}

/// `deb [signed-by=…] URI suite component…`.
fn one_line(line: &str) -> Option<HostSource> {
    let rest = line.trim().strip_prefix("deb")?.strip_prefix([' ', '\t'])?.trim_start();
    let (options, rest) = match rest.strip_prefix('[') {
        Some(r) => r.split_once(']')?,
        None => ("", rest),
    };
    let signed_by = options.split_whitespace().find_map(|o| o.strip_prefix("signed-by=")).map(str::to_owned);
    let mut words = rest.split('#').next()?.split_whitespace().map(str::to_owned);
    let (uri, suite) = (words.next()?, words.next()?);
    Some(HostSource { uris: vec![uri], suites: vec![suite], components: words.collect(), signed_by })
}

/// Stanzas of a `.sources` file.
fn deb822(text: &str) -> Vec<HostSource> {
    let mut out = vec![];
    let plain: Vec<&str> = text.lines().filter(|l| !l.starts_with('#')).collect();
    for stanza in plain.split(|l| l.trim().is_empty()) {
        let field = |name: &str| {
            let at = stanza
                .iter()
                .position(|l| l.split_once(':').is_some_and(|(k, _)| k.eq_ignore_ascii_case(name)))?;
            let first = stanza[at].split_once(':')?.1.trim();
            let more = stanza[at + 1..].iter().take_while(|l| l.starts_with([' ', '\t']));
            Some((first.to_owned(), more.map(|l| l[1..].to_owned()).collect::<Vec<_>>()))
        };
        let words = |name: &str| -> Vec<String> {
            field(name)
                .map(|(first, more)| {
                    std::iter::once(first)
                        .chain(more)
                        .flat_map(|l| l.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
                        .collect()
                })
                .unwrap_or_default()
        };
        let enabled = words("Enabled").first().is_none_or(|v| v != "no");
        if !enabled || !words("Types").iter().any(|t| t == "deb") {
            continue;
        }
        // A key may be in the file itself: kept with its continuation lines.
        let signed_by = field("Signed-By").map(|(first, more)| {
            std::iter::once(first)
                .chain(more.into_iter().map(|l| format!(" {l}")))
                .collect::<Vec<_>>()
                .join("\n")
        });
        out.push(HostSource {
            uris: words("URIs"),
            suites: words("Suites"),
            components: words("Components"),
            signed_by,
        });
    }
    out
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
    state.update(fetcher, fetcher.refresh)?;
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
        let name = format!("{suite}-{}{}", request.arch, if request.updates { "-updates" } else { "" });
        let held = store::hold(fetcher.root, &format!("apt-{name}"))?;
        let dir = fetcher.root.join("apt").join(&name);
        let sources = dir.join("goferry.sources");
        let make = || {
            std::fs::create_dir_all(dir.join("lists/partial"))?;
            std::fs::create_dir_all(dir.join("cache/archives/partial"))?;
            std::fs::create_dir_all(dir.join("parts"))?;
            std::fs::write(dir.join("status"), "")?;
            std::fs::write(&sources, distribution.sources_for(suite, request.updates))
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

/// Whether the programs that this provider needs are there.
pub(super) fn usable(path: &std::ffi::OsStr, dir: &Path) -> bool {
    ["apt-get", "apt-cache", "dpkg-deb"].iter().all(|p| find_program(p, Some(path), dir).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_in_both_formats() {
        let line = "deb [arch=amd64 signed-by=/k.gpg] http://h/debian bookworm main contrib # comment";
        let one = one_line(line).unwrap();
        assert_eq!(
            (one.suites[0].as_str(), one.components.len(), one.signed_by.as_deref()),
            ("bookworm", 2, Some("/k.gpg"))
        );
        for no in ["# deb http://h x main", "deb-src http://h x main", "", "deb [broken http://h x main"] {
            assert_eq!(one_line(no), None, "{no}");
        }
        let text = "# c\nTypes: deb deb-src\nURIs: http://a http://b\nSuites: bookworm bookworm-updates\nComponents: main\nSigned-By:\n -----BEGIN\n .\n abc\n\nTypes: deb\nEnabled: no\nURIs: x\nSuites: y\n";
        let all = deb822(text);
        assert_eq!(all.len(), 1);
        assert_eq!(all[0].uris.len(), 2);
        assert_eq!(all[0].signed_by.as_deref(), Some("\n -----BEGIN\n .\n abc"));
    }

    #[test]
    fn another_suite_takes_the_place_of_the_hosts() {
        let source = |suites: &[&str]| HostSource {
            uris: vec!["http://h".to_owned()],
            suites: suites.iter().map(|s| (*s).to_owned()).collect(),
            components: vec!["main".to_owned()],
            signed_by: None,
        };
        let d = Distribution {
            id: "debian".to_owned(),
            codename: "bookworm".to_owned(),
            arch: "amd64".to_owned(),
            sources: vec![source(&["bookworm", "bookworm-updates"]), source(&["bookworm-security"])],
        };
        let text = d.sources_for("trixie", true);
        assert!(
            text.contains("Suites: trixie trixie-updates\n") && text.contains("Suites: trixie-security\n"),
            "{text}"
        );
        let text = d.sources_for("trixie", false);
        assert!(text.contains("Suites: trixie\n") && !text.contains("security"), "{text}");
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
