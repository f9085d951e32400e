//! What a finished package is held to, by reading it back: it installs the very programs that were verified, where they can be started,
//! and scripts that parse.
//!
//! Owns: what is compared, and what is said of what could not be. Must not: change the package, know how a format is written.

use goferry_cache::hex;
use goferry_package::archive::{Entry, EntryKind};
use goferry_package::opened::{PackedScript, Part, read_package};
use goferry_plan::graph::{ArtifactKind, InstalledProgram, LinuxPackageSpec};
use goferry_proc::{CommandSpec, Limits, Spawner};
use goferry_report::{Code, Diagnostic, Diagnostics, Severity};
use goferry_verify::{RunOutcome, Waived};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;
use std::time::Duration;

/// A shell reads a script's lines within a moment.
const PATIENCE: Duration = Duration::from_secs(10);
/// The kernel's own limit of links behind each other (path_resolution(7)).
const MOST_LINKS: usize = 40;

/// What a package was found to be, for goferry.json.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Proof {
    /// Installed programs and libraries, each with the digest that was verified.
    pub programs: BTreeMap<String, String>,
    /// Each script with the shell that parsed it, or why none did.
    pub scripts: BTreeMap<String, String>,
    /// What other packages must bring: loaders, and targets of links.
    pub elsewhere: Vec<String>,
    /// Each program with how it was started where it is installed, or why it was not.
    pub started: BTreeMap<String, RunOutcome>,
}

impl Proof {
    /// Why programs were not started, each reason once.
    pub(crate) fn waivers(&self) -> Vec<&Waived> {
        let mut out: Vec<&Waived> = vec![];
        for outcome in self.started.values() {
            if let RunOutcome::Waived(w) = outcome
                && !out.contains(&w)
            {
                out.push(w);
            }
        }
        out
    }
}

/// What reading a package back gave.
#[derive(Debug, Default)]
pub(crate) struct Proved {
    pub proof: Proof,
    /// Each program that needs a loader or a library which the package does not bring, with the first of them.
    pub incomplete: BTreeMap<String, String>,
    /// What is worth a warning.
    pub warnings: Diagnostics,
    /// Whether another host would find the same; else it is to be asked again.
    pub lasting: bool,
}

/// A program that must be in the package.
pub(crate) struct Wanted<'w> {
    /// As planned.
    pub program: &'w InstalledProgram,
    /// SHA-256 of what was verified, hex.
    pub sha256: &'w str,
    /// The loader that it asks for.
    pub interpreter: Option<&'w str>,
    /// Names of the libraries that it asks for.
    pub needed: &'w [String],
}

/// Reads a package back and compares.
pub(crate) fn prove(
    host: &dyn Spawner,
    spec: &LinuxPackageSpec,
    file: &Path,
    wanted: &[Wanted<'_>],
    temp: &Path,
) -> Result<Proved, Diagnostics> {
    let mut seen = Seen::default();
    let read = read_package(&spec.format, file, u64::MAX, &mut |part| match part {
        Part::Script(script) => {
            seen.scripts.push(script);
            Ok(())
        }
        Part::Member(entry, body) => {
            let digest = match wanted.iter().any(|w| w.program.dst == entry.name) {
                true => Some(sha256(body)?),
                false => None,
            };
            seen.members.insert(entry.name.clone(), (entry.clone(), digest));
            Ok(())
        }
    });
    let broken =
        |message: String| Diagnostic::error(Code::PackageBroken, format!("{}: {message}", spec.file));
    if let Err(e) = read {
        return Err(broken(format!("it cannot be read back: {e}")).into());
    }
    let mut problems = Diagnostics::default();
    let mut proof = Proof::default();
    let mut incomplete = BTreeMap::new();
    let mut lasting = true;
    for w in wanted {
        match seen.installed(w) {
            Ok(()) => {
                proof.programs.insert(w.program.dst.clone(), w.sha256.to_owned());
            }
            Err(why) => problems.push(broken(why)),
        }
        loader(spec, w, &seen, &mut proof, &mut problems);
        incomplete.extend(seen.lacks(w).map(|what| (w.program.dst.clone(), what)));
    }
    for (name, why) in seen.links(&mut proof) {
        problems.push(broken(format!("the link {name} {why}")));
    }
    for script in &seen.scripts {
        match parse(host, script, temp) {
            Parsed::By(shell) => {
                proof.scripts.insert(script.name.clone(), shell);
            }
            Parsed::NotChecked { why, here } => {
                lasting &= !here;
                proof.scripts.insert(script.name.clone(), format!("not checked: {why}"));
            }
            Parsed::Wrong(lines) => {
                let mut d = broken(format!("the script {} does not parse", script.name));
                d.notes = lines;
                problems.push(d.hint("the package manager would stop half-way through installing"));
            }
        }
    }
    proof.elsewhere.sort();
    proof.elsewhere.dedup();
    if problems.has_errors() {
        return Err(problems);
    }
    Ok(Proved { proof, incomplete, warnings: problems, lasting })
}

fn sha256(body: &mut dyn Read) -> std::io::Result<String> {
    let mut hasher = Sha256::new();
    let mut buf = vec![0; 1 << 16];
    loop {
        let n = body.read(&mut buf)?;
        if n == 0 {
            break;
        }
        hasher.update(&buf[..n]);
    }
    Ok(hex(&hasher.finalize()))
}

/// What is in the package.
#[derive(Default)]
struct Seen {
    members: BTreeMap<String, (Entry, Option<String>)>,
    scripts: Vec<PackedScript>,
}

impl Seen {
    fn installed(&self, w: &Wanted<'_>) -> Result<(), String> {
        let dst = &w.program.dst;
        let (entry, digest) = self.members.get(dst).ok_or_else(|| format!("{dst} is not in it"))?;
        if entry.kind != EntryKind::File {
            return Err(format!("{dst} is no file in it"));
        }
        if digest.as_deref() != Some(w.sha256) {
            return Err(format!("{dst} is not the file that was verified"));
        }
        let program = !matches!(w.program.kind, ArtifactKind::CHeader | ArtifactKind::CArchive);
        if program && entry.mode & 0o111 != 0o111 {
            return Err(format!("{dst} has mode {:o}: not everybody may start it", entry.mode));
        }
        // A folder that only root may enter hides what is in it.
        let mut at = dst.as_str();
        while let Some((folder, _)) = at.rsplit_once('/').filter(|(f, _)| !f.is_empty()) {
            if let Some((entry, _)) = self.members.get(folder)
                && entry.kind == EntryKind::Directory
                && entry.mode & 0o111 != 0o111
            {
                return Err(format!("{folder} has mode {:o}: not everybody reaches {dst}", entry.mode));
            }
            at = folder;
        }
        Ok(())
    }

    /// The loader, or the first library, that a program asks for and the package does not bring.
    fn lacks(&self, w: &Wanted<'_>) -> Option<String> {
        let loader = w.interpreter?;
        if !self.members.contains_key(loader) {
            return Some(format!("loader {loader}"));
        }
        let has = |name: &str| self.members.keys().any(|m| m.rsplit('/').next() == Some(name));
        w.needed.iter().find(|name| !has(name)).map(|name| format!("library {name}"))
    }

    /// Links that can lead nowhere; those that lead out of the package are noted.
    fn links(&self, proof: &mut Proof) -> Vec<(String, String)> {
        let mut out = vec![];
        for (name, (entry, _)) in &self.members {
            if !matches!(entry.kind, EntryKind::Symlink(_)) {
                continue;
            }
            let mut at = name.clone();
            for step in 0..=MOST_LINKS {
                let Some((Entry { kind: EntryKind::Symlink(to), .. }, _)) = self.members.get(&at) else {
                    break;
                };
                if step == MOST_LINKS {
                    out.push((name.clone(), "leads back to itself".to_owned()));
                }
                at = target(&at, to);
            }
            if !self.members.contains_key(&at)
                && !self.members.keys().any(|m| m.starts_with(&format!("{at}/")))
            {
                proof.elsewhere.push(at);
            }
        }
        out
    }
}

/// What a link at `from` names.
fn target(from: &str, to: &str) -> String {
    let whole = match to.starts_with('/') {
        true => to.to_owned(),
        false => format!("{}/{to}", from.rsplit_once('/').map_or("", |(f, _)| f)),
    };
    let mut parts: Vec<&str> = vec![];
    for part in whole.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            p => parts.push(p),
        }
    }
    format!("/{}", parts.join("/"))
}

/// Whether the systems that a format is for have the loader that a program asks for.
fn loader(
    spec: &LinuxPackageSpec,
    w: &Wanted<'_>,
    seen: &Seen,
    proof: &mut Proof,
    problems: &mut Diagnostics,
) {
    let Some(loader) = w.interpreter.filter(|_| w.program.kind == ArtifactKind::Binary) else { return };
    if seen.members.contains_key(loader) {
        return;
    }
    proof.elsewhere.push(loader.to_owned());
    let musl = loader.contains("ld-musl");
    let (system, wrong) = match spec.format.as_str() {
        "apk" => ("Alpine", !musl),
        "deb" | "rpm" | "archlinux" => ("a distribution with glibc", musl),
        _ => return,
    };
    if wrong {
        let message =
            format!("{}: {} asks for {loader}, which {system} does not have", spec.file, w.program.dst);
        let mut d = Diagnostic::error(Code::PackageBroken, message)
            .hint("link it statically (CGO_ENABLED=0, or `[toolchain] libc = \"musl\"`), or leave the format out")
            .hint("or name the package that brings the loader in `dependencies`");
        d.severity = Severity::Warning;
        problems.push(d);
    }
}

/// What a shell says of a script.
#[derive(Debug, PartialEq, Eq)]
enum Parsed {
    By(String),
    NotChecked {
        why: String,
        /// Whether that is this host's fault, not the script's.
        here: bool,
    },
    Wrong(Vec<String>),
}

/// The shell that a script is for; `sh` where it says nothing, for that is what starts it then.
fn shell(script: &PackedScript) -> Result<&'static str, String> {
    if script.name == ".INSTALL" {
        return Ok("bash");
    }
    let first = script.text.split(|b| *b == b'\n').next().unwrap_or_default();
    let first = String::from_utf8_lossy(first).into_owned();
    let own = script.program.clone().filter(|p| !p.is_empty());
    let line =
        own.or_else(|| first.strip_prefix("#!").map(str::to_owned)).unwrap_or_else(|| "/bin/sh".to_owned());
    let mut words = line.split_whitespace();
    let program = words.next().unwrap_or_default();
    let program = match program.rsplit('/').next() {
        Some("env") => words.find(|w| !w.starts_with('-')).unwrap_or_default(),
        other => other.unwrap_or_default(),
    };
    match program.rsplit('/').next().unwrap_or_default() {
        "sh" | "dash" | "ash" | "busybox" => Ok("sh"),
        "bash" => Ok("bash"),
        other => Err(format!("it is for {other}, no shell that is known here")),
    }
}

fn parse(host: &dyn Spawner, script: &PackedScript, temp: &Path) -> Parsed {
    let first = script.text.split(|b| *b == b'\n').next().unwrap_or_default();
    if first.starts_with(b"#!") && first.ends_with(b"\r") {
        let why = format!(
            "{}: its first line ends with a carriage return, and no such program is found",
            script.name
        );
        return Parsed::Wrong(vec![why]);
    }
    let shell = match shell(script) {
        Ok(shell) => shell,
        Err(why) => return Parsed::NotChecked { why, here: false },
    };
    let file = tempfile::NamedTempFile::new_in(temp)
        .and_then(|f| std::fs::write(f.path(), &script.text).map(|()| f));
    let file = match file {
        Ok(file) => file,
        Err(e) => {
            return Parsed::NotChecked { why: format!("it could not be written down: {e}"), here: true };
        }
    };
    let spec = CommandSpec::new(format!("parse the script {}", script.name), shell)
        .arg("-n")
        .arg(file.path())
        .limits(Limits::wall(PATIENCE));
    match host.run(&spec) {
        Ok(done) if done.status.success() => Parsed::By(format!("{shell} -n")),
        Ok(done) => {
            let path = file.path().display().to_string();
            Parsed::Wrong(done.stderr_text().lines().map(|l| l.replace(&path, &script.name)).collect())
        }
        Err(_) => Parsed::NotChecked { why: format!("there is no {shell} on this host"), here: true },
    }
}

#[cfg(test)]
pub(super) mod tests;
