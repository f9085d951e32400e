//! What runs wasm programs: goferry itself or an installed runtime for wasip1, node for js.
//!
//! Owns: which of them, their command lines, looking for them. Must not: interpret anything; [`crate::wasi`] does.

use crate::facts::{Asked, identify_by};
use crate::runner::found;
use crate::{Class, MissingRunner, QemuFound, QemuMemory, Runner, RunnerChoice, RunnerCommand, wasi};
use goferry_proc::{Spawner, find_program};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

/// The first release of node that Go's glue runs in.
const LEAST_NODE: u32 = 18;

/// An installed runtime.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "programs by name")]
pub enum WasiRuntime {
    Wasmtime,
    Wazero,
}

impl WasiRuntime {
    /// In the order in which they are taken: wasmtime is what Go's own tests run under unless told otherwise.
    const ALL: [WasiRuntime; 2] = [WasiRuntime::Wasmtime, WasiRuntime::Wazero];

    /// The program's name, which is also its value of GOWASIRUNTIME.
    pub fn name(self) -> &'static str {
        match self {
            WasiRuntime::Wasmtime => "wasmtime",
            WasiRuntime::Wazero => "wazero",
        }
    }
}

/// What a wasm program is run for, which decides between a quick start and quick work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Load {
    /// One start of one program. The interpreter needs 50 ms, a compiling runtime two seconds for its first
    /// translation.
    Start,
    /// A test suite or something else that computes: compiled code is six to nineteen times faster.
    Suite,
}

/// What this host has for wasm programs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WasmFacts {
    /// The executable that calls [`wasi::enter_if_asked`] first in its main: this one.
    pub own: Option<PathBuf>,
    /// Runtimes on PATH.
    pub wasi: BTreeMap<WasiRuntime, QemuFound>,
    /// GOWASIRUNTIME: which runtime the user wants; empty and none are the same.
    pub asked: Option<String>,
    /// The words of GOWASIRUNTIMEARGS.
    pub asked_args: Vec<String>,
    /// node on PATH.
    pub node: Option<QemuFound>,
    /// The folder with `wasm_exec_node.js`, in Go's own installation: it belongs to the version of Go that compiled.
    pub glue: Option<PathBuf>,
}

impl WasmFacts {
    /// The folder of the glue in a GOROOT: `lib/wasm` since Go 1.24, `misc/wasm` before.
    pub fn glue_of(goroot: &Path) -> Option<PathBuf> {
        let dirs = ["lib/wasm", "misc/wasm"].iter().map(|d| goroot.join(d));
        dirs.into_iter().find(|d| d.join("wasm_exec_node.js").is_file())
    }

    pub(crate) fn find_runtimes(
        &mut self,
        spawner: &dyn Spawner,
        path: Option<&OsStr>,
        memory: &dyn QemuMemory,
    ) {
        self.own = std::env::current_exe().ok();
        for runtime in WasiRuntime::ALL {
            let asked = match runtime {
                WasiRuntime::Wasmtime => Asked { arg: "--version", version: second_word },
                WasiRuntime::Wazero => Asked { arg: "version", version: bare },
            };
            if let Some(file) = find_program(runtime.name(), path, Path::new("/"))
                && let Some(found) = identify_by(&file, &asked, spawner, memory)
            {
                self.wasi.insert(runtime, found);
            }
        }
    }

    pub(crate) fn find_node(&mut self, spawner: &dyn Spawner, path: Option<&OsStr>, memory: &dyn QemuMemory) {
        let asked = Asked { arg: "--version", version: bare };
        self.node = find_program("node", path, Path::new("/"))
            .and_then(|file| identify_by(&file, &asked, spawner, memory));
    }
}

/// `wasmtime 48.0.8 (d1e2f3 2026-10-29)` gives `48.0.8`.
fn second_word(text: &str) -> Option<String> {
    text.split_whitespace().nth(1).and_then(bare)
}

/// `v20.20.0` and `1.12.0` give their numbers; a build of wazero by `go install` says `dev`.
fn bare(text: &str) -> Option<String> {
    let word = text.split_whitespace().next()?;
    Some(
        word.strip_prefix('v')
            .filter(|w| w.starts_with(|c: char| c.is_ascii_digit()))
            .unwrap_or(word)
            .to_owned(),
    )
}

/// What runs a wasip1 program.
pub(crate) fn choose_wasi(facts: &WasmFacts, load: Load) -> RunnerChoice {
    let installed = |runtime: WasiRuntime, why: &str| {
        let q = facts.wasi.get(&runtime)?;
        let reason = format!("{} {} found on PATH{why}", runtime.name(), q.version);
        let runner = Runner::WasiRuntime {
            kind: runtime,
            path: q.path.clone(),
            version: q.version.clone(),
            digest: q.digest.clone(),
            args: facts.asked_args.clone(),
        };
        Some(found(runner, reason))
    };
    if let Some(asked) = facts.asked.as_deref().filter(|a| !a.is_empty()) {
        let runtime = WasiRuntime::ALL.into_iter().find(|r| r.name() == asked);
        return match runtime.map(|r| (r, installed(r, ", and GOWASIRUNTIME names it"))) {
            Some((_, Some(choice))) => choice,
            Some((_, None)) => missing(asked, format!("GOWASIRUNTIME names {asked}, which is not on PATH")),
            None => {
                let why =
                    "wasmtime and wazero are known here, and without the variable goferry's own is used";
                missing(asked, format!("GOWASIRUNTIME names {asked}: {why}"))
            }
        };
    }
    let compiled = || WasiRuntime::ALL.into_iter().find_map(|r| installed(r, ", faster than an interpreter"));
    if let (Load::Suite, Some(choice)) = (load, compiled()) {
        return choice;
    }
    match &facts.own {
        Some(own) => {
            let runner = Runner::Wasi { path: own.clone(), engine: wasi::ENGINE.to_owned() };
            found(runner, format!("goferry's own WASI runtime ({})", wasi::ENGINE))
        }
        None => missing("wasmtime", "the path of goferry itself is unknown".to_owned()),
    }
}

/// What runs a js program.
pub(crate) fn choose_js(facts: &WasmFacts) -> RunnerChoice {
    let Some(node) = &facts.node else {
        return missing("node", "node is not on PATH".to_owned());
    };
    let major = node.version.split('.').next().and_then(|m| m.parse::<u32>().ok());
    if major.is_none_or(|m| m < LEAST_NODE) {
        return missing("node", format!("node {} is too old: Go wants {LEAST_NODE}", node.version));
    }
    let Some(glue) = &facts.glue else {
        return missing("go", "no wasm_exec_node.js is beside the go command".to_owned());
    };
    let runner = Runner::Node {
        path: node.path.clone(),
        version: node.version.clone(),
        digest: node.digest.clone(),
        glue: glue.join("wasm_exec_node.js"),
    };
    found(runner, format!("node {} found on PATH, with Go's own glue", node.version))
}

fn missing(what: &str, reason: String) -> RunnerChoice {
    let hint = match what {
        "node" => "apt-get install nodejs",
        "wazero" => "go install github.com/tetratelabs/wazero/cmd/wazero@latest",
        "go" => "install Go again: lib/wasm belongs to it",
        _ => "unset GOWASIRUNTIME",
    };
    RunnerChoice {
        runner: None,
        reason,
        missing: Some(MissingRunner { what: what.to_owned(), hint: hint.to_owned() }),
        class: Some(Class::RunnerMissing),
    }
}

/// goferry, started again to interpret a program.
pub(crate) fn own_command(own: &Path, program: &Path, args: Vec<OsString>) -> RunnerCommand {
    let head = [wasi::ROLE.into(), program.into()];
    RunnerCommand { program: own.to_owned(), args: head.into_iter().chain(args).collect(), env: Vec::new() }
}

/// As `go_js_wasm_exec` has it: a larger stack, and the glue before the program.
pub(crate) fn node_command(node: &Path, glue: &Path, program: &Path, args: Vec<OsString>) -> RunnerCommand {
    let head = ["--stack-size=8192".into(), glue.into(), program.into()];
    RunnerCommand { program: node.to_owned(), args: head.into_iter().chain(args).collect(), env: Vec::new() }
}

/// As `go_wasip1_wasm_exec` has it: all files under their own names, and the working directory as PWD, which the shell
/// sets. Unlike there, wasmtime's programs see the whole environment, as everybody else's do.
pub(crate) fn runtime_command(
    kind: WasiRuntime,
    path: &Path,
    own_args: &[String],
    program: &Path,
    args: Vec<OsString>,
) -> RunnerCommand {
    let script = match kind {
        WasiRuntime::Wasmtime => {
            r#"exec "$0" run --dir=/ -S inherit-env=y --env PWD="$PWD" -W max-wasm-stack=8388608 "$@""#
        }
        WasiRuntime::Wazero => {
            r#"export PWD; exec "$0" run -mount /:/ -env-inherit -cachedir "${TMPDIR:-/tmp}/wazero" "$@""#
        }
    };
    let head = ["-c".into(), script.into(), path.into()];
    let own_args = own_args.iter().map(OsString::from);
    let args = head.into_iter().chain(own_args).chain([program.into()]).chain(args).collect();
    RunnerCommand { program: "/bin/sh".into(), args, env: Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program(name: &str, version: &str) -> QemuFound {
        QemuFound {
            path: format!("/b/{name}").into(),
            version: version.to_owned(),
            digest: "d".to_owned(),
            origin: None,
        }
    }

    fn facts() -> WasmFacts {
        WasmFacts { own: Some("/b/goferry".into()), ..WasmFacts::default() }
    }

    #[test]
    fn wasi_runtimes() {
        let label = |f: &WasmFacts, load| choose_wasi(f, load).runner.map(|r| r.label());
        let own = Some(wasi::ENGINE.to_owned());
        assert_eq!((label(&facts(), Load::Start), label(&facts(), Load::Suite)), (own.clone(), own.clone()));
        let mut both = facts();
        both.wasi.insert(WasiRuntime::Wazero, program("wazero", "1.12.0"));
        assert_eq!(
            (label(&both, Load::Start), label(&both, Load::Suite)),
            (own.clone(), Some("wazero 1.12.0".to_owned()))
        );
        both.wasi.insert(WasiRuntime::Wasmtime, program("wasmtime", "48.0.8"));
        assert_eq!(label(&both, Load::Suite).unwrap(), "wasmtime 48.0.8");
        both.asked = Some("wazero".to_owned());
        assert_eq!(
            label(&both, Load::Start).unwrap(),
            "wazero 1.12.0",
            "what is asked for is used for everything"
        );
        for asked in ["wasmer", "wazero"] {
            let choice = choose_wasi(&WasmFacts { asked: Some(asked.to_owned()), ..facts() }, Load::Start);
            assert_eq!((choice.runner, choice.class), (None, Some(Class::RunnerMissing)), "{asked}");
            assert!(choice.reason.contains("GOWASIRUNTIME"), "{}", choice.reason);
        }
        let empty = WasmFacts { asked: Some(String::new()), ..facts() };
        assert_eq!(label(&empty, Load::Start), own, "empty is as if it were not set");
    }

    #[test]
    fn js() {
        let with = |version: &str, glue: Option<&str>| WasmFacts {
            node: Some(program("node", version)),
            glue: glue.map(PathBuf::from),
            ..facts()
        };
        let reason = |f: &WasmFacts| choose_js(f).reason;
        assert_eq!(reason(&facts()), "node is not on PATH");
        assert_eq!(reason(&with("16.20.2", Some("/g"))), "node 16.20.2 is too old: Go wants 18");
        assert_eq!(reason(&with("20.20.0", None)), "no wasm_exec_node.js is beside the go command");
        let runner = choose_js(&with("20.20.0", Some("/g"))).runner.unwrap();
        assert_eq!(runner.label(), "node 20.20.0");
        let Runner::Node { path, glue, .. } = runner else { panic!() };
        let command = node_command(&path, &glue, Path::new("/x.wasm"), vec!["-v".into()]);
        assert_eq!(command.args, ["--stack-size=8192", "/g/wasm_exec_node.js", "/x.wasm", "-v"]);
    }

    #[test]
    fn versions() {
        assert_eq!(second_word("wasmtime 48.0.8 (d1e2f3 2026-10-29)"), Some("48.0.8".to_owned()));
        for (said, version) in
            [("v20.20.0\n", "20.20.0"), ("1.12.0", "1.12.0"), ("dev", "dev"), ("version", "version")]
        {
            assert_eq!(bare(said).as_deref(), Some(version));
        }
        assert_eq!((bare(""), second_word("wasmtime")), (None, None));
    }

    #[test]
    fn command_lines_of_runtimes() {
        let args = ["-G".to_owned()];
        let command = runtime_command(
            WasiRuntime::Wazero,
            Path::new("/b/wazero"),
            &args,
            Path::new("/x"),
            vec!["a".into()],
        );
        assert_eq!(command.program, Path::new("/bin/sh"));
        assert_eq!(command.args[2..], ["/b/wazero", "-G", "/x", "a"]);
        let command = own_command(Path::new("/b/goferry"), Path::new("/x"), vec!["a".into()]);
        assert_eq!(command.args, ["__wasi", "/x", "a"]);
    }

    /// The name of the engine is part of records and keys.
    #[test]
    fn the_engine_is_the_one_that_is_locked() {
        let lock =
            std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../Cargo.lock")).unwrap();
        let (name, version) = wasi::ENGINE.split_once(' ').unwrap();
        assert!(lock.contains(&format!("name = \"{name}\"\nversion = \"{version}\"\n")), "{}", wasi::ENGINE);
    }
}
