//! One target: is the pair known, is there a compiler that makes its code, what runs it.

use super::Build;
use crate::compilers::{self, Compilers, FetchRules, Fetching};
use crate::session::Session;
use crate::toolset::{Need, State, ToolRow};
use goferry_objfile::{FileBytes, check_target};
use goferry_proc::{CommandSpec, Env, Limits, Spawner};
use goferry_report::{Code, Diagnostic, Diagnostics};
use goferry_target::{GoTarget, Linking, Os};
use goferry_toolchain::go::Go;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// A compiler that needs longer for one line of C hangs.
const PROBE: Duration = Duration::from_secs(120);

/// Needs the target's own headers, as every cgo program does.
const SOURCE: &str = "#include <stdlib.h>\nint goferry_probe(void) { return EXIT_SUCCESS; }\n";

/// What is known of one target.
#[derive(Clone, Debug, Serialize)]
pub struct TargetCheck {
    /// Target.
    pub target: GoTarget,
    /// Whether this Go knows it; none if Go could not be asked.
    pub known: Option<bool>,
    /// Whether cgo is on, and why.
    pub cgo: String,
    /// CC; empty if there is none.
    pub cc: String,
    /// At hand or not.
    pub state: State,
    /// Why this compiler.
    pub reason: String,
    /// What the compiler made of a small file: `yes`, `not tried`, or what is wrong with it.
    pub makes_its_code: String,
    /// The distribution's packages, if any are wanted.
    pub sysroot: Vec<String>,
    /// What runs its programs; none if nothing does.
    pub runner: Option<String>,
    /// Why.
    pub runner_reason: String,
}

/// The pairs that this Go knows.
pub(super) fn known_pairs(session: &Session) -> Option<BTreeSet<String>> {
    let path = session.path();
    let go = Go::find(path.as_ref(), &session.cwd).ok()?;
    let spec = CommandSpec::new("ask go for its targets", go)
        .args(["tool", "dist", "list"])
        .limits(Limits::wall(Duration::from_secs(60)));
    let done = session.host.run(&spec).ok().filter(|d| d.status.success())?;
    Some(done.stdout_text().lines().map(|l| l.trim().to_owned()).collect())
}

pub(super) fn examine(
    session: &Session,
    row: &ToolRow,
    need: &Need,
    build: &Build,
    known: Option<&BTreeSet<String>>,
    problems: &mut Diagnostics,
) -> TargetCheck {
    let t = row.target;
    let pair = format!("{}/{}", t.os.goos(), t.arch.goarch());
    let known = known.map(|k| k.contains(&pair));
    if known == Some(false) {
        let d = Diagnostic::error(Code::UnknownTarget, format!("the installed Go does not build for {pair}"));
        problems.push(d.hint_with("what it builds for", "go tool dist list"));
    }
    let set = |name: &str| build.env.iter().rev().find(|(n, _)| n == name).map(|(_, v)| v.as_str());
    let (on, cgo) = cgo(session, t, build, set("CGO_ENABLED"));
    let wanted = need.compilers.iter().find(|w| w.target == t);
    let mut check = TargetCheck {
        target: t,
        known,
        cgo,
        cc: set("CC").unwrap_or(&row.cc).to_owned(),
        state: row.state,
        reason: row.reason.clone(),
        makes_its_code: "not tried".to_owned(),
        sysroot: wanted.map(|w| w.packages.clone()).unwrap_or_default(),
        runner: row.runner.clone(),
        runner_reason: row.runner_reason.clone(),
    };
    let own = set("CC").is_some_and(|cc| cc != row.cc);
    if own {
        check.state = State::OnPath;
        check.reason = "the configuration sets CC".to_owned();
    }
    if on == Some(false) || (row.state == State::ToFetch && !own) {
        return check;
    }
    if check.cc.is_empty() {
        // Only a target that needs it is in trouble.
        if on == Some(true) {
            problems.push(Diagnostic::error(Code::CCompilerMissing, format!("{t}: {}", row.reason)));
        }
        return check;
    }
    match probe(session, &check.cc, t, need) {
        Ok(()) => check.makes_its_code = "yes".to_owned(),
        Err(d) => {
            check.makes_its_code = d.message.clone();
            problems.push(*d);
        }
    }
    check
}

/// Whether cgo is on, as far as that is known, and why.
fn cgo(session: &Session, t: GoTarget, build: &Build, set: Option<&str>) -> (Option<bool>, String) {
    let own = session.env.get("CGO_ENABLED").map(String::as_str).filter(|v| !v.is_empty());
    match (set.or(own), &build.cgo) {
        (_, Some((on, why))) => (Some(*on), format!("{}: {why}", if *on { "on" } else { "off" })),
        (Some(v), None) => {
            (Some(v == "1"), format!("{}: CGO_ENABLED={v}", if v == "1" { "on" } else { "off" }))
        }
        (None, None) if t == crate::host_target() => {
            (None, "on where gcc is found: the host's own target".to_owned())
        }
        (None, None) if t.facts().is_some_and(|f| f.linking != Linking::Internal) => {
            (None, "on: the pair links only with a C toolchain".to_owned())
        }
        (None, None) => (
            None,
            "go turns it off for other targets; goferry turns it on where a package needs it".to_owned(),
        ),
    }
}

/// Compiles a small file and looks at what came out.
fn probe(session: &Session, cc: &str, target: GoTarget, need: &Need) -> Result<(), Box<Diagnostic>> {
    let dir = tempfile::tempdir().map_err(|e| crate::dist::failure(&std::env::temp_dir(), &e))?;
    let (source, object) = (dir.path().join("probe.c"), dir.path().join("probe.o"));
    std::fs::write(&source, SOURCE).map_err(|e| crate::dist::failure(&source, &e))?;
    let env = environment(session, target, need)?;
    let mut words = cc.split_whitespace();
    let program = words.next().unwrap_or("cc");
    let mut spec = CommandSpec {
        env: Env::Exactly(env.into_iter().collect()),
        cwd: Some(dir.path().to_owned()),
        ..CommandSpec::new(format!("{cc} for {target}"), program).args(words).args(["-c", "-o"])
    };
    spec = spec.arg(&object).args(machine_words(target)).arg(&source).limits(Limits::wall(PROBE));
    let wrong = |message: String, notes: &str| {
        let mut d = Diagnostic::error(Code::CompilerWrongMachine, message);
        d.notes.extend(notes.lines().map(str::to_owned));
        d
    };
    let fix = |d: Diagnostic| {
        Box::new(d.hint_with("one that does, without root", format!("goferry toolchain install {target}")))
    };
    let done = session
        .host
        .run(&spec)
        .map_err(|e| fix(wrong(format!("`{cc}` for {target} cannot be started: {e}"), "")))?;
    if !done.status.success() {
        let said = done.stderr_text();
        let d = wrong(format!("`{cc}` cannot compile for {target}"), &said);
        return Err(fix(crate::explain::with_cause(d, said.as_bytes())));
    }
    let bytes = std::fs::File::open(&object)
        .and_then(FileBytes::new)
        .map_err(|e| crate::dist::failure(&object, &e))?;
    // Objects of Windows have no magic number: the machine's number stands first.
    if target.os == Os::Windows
        && let Some(facts) = target.facts()
        && std::fs::read(&object).is_ok_and(|b| b.get(..2) == Some(&facts.machine.to_le_bytes()[..2]))
    {
        return Ok(());
    }
    let found = goferry_objfile::inspect(&bytes)
        .map_err(|e| fix(wrong(format!("`{cc}` makes something that is no object file: {e}"), "")))?;
    match check_target(&found, &target).first() {
        None => Ok(()),
        Some(m) => {
            let d = wrong(format!("`{cc}` does not make code for {target}: {m}"), "");
            let arm = matches!(target.arch, goferry_target::Arch::Arm(a) if a.version < 7);
            let d = match arm && cc.contains("gnueabihf") {
                true => d.with_note("Debian's gcc for gnueabihf makes ARMv7 code throughout, start files too: it would die on a Raspberry Pi 1 or Zero"),
                false => d,
            };
            Err(fix(d))
        }
    }
}

/// What the go command says to every compiler for this machine (`go build -x`).
fn machine_words(target: GoTarget) -> &'static [&'static str] {
    match target.arch.goarch() {
        "amd64" => &["-m64"],
        "386" => &["-m32"],
        "s390x" => &["-m64", "-march=z196"],
        "mips64" | "mips64le" => &["-mabi=64"],
        "mips" | "mipsle" => &["-mabi=32", "-march=mips32"],
        _ => &[],
    }
}

/// The process's environment with the target's compilers in front, if they are there.
fn environment(
    session: &Session,
    target: GoTarget,
    need: &Need,
) -> Result<BTreeMap<String, String>, Box<Diagnostic>> {
    let mut compilers = Compilers::default();
    if let Some(wanted) = need.compilers.iter().find(|w| w.target == target) {
        let fetching = Fetching::new(session, &session.cwd, FetchRules::default())?;
        if let Ok(p) = compilers::compiler(session, wanted, &session.cwd, &fetching) {
            compilers.provided.insert(target, p);
        }
    }
    Ok(compilers.environment(target, &session.env))
}
