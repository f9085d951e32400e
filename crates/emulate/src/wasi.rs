//! A WASI runtime of our own: wasm programs (wasip1) interpreted in a process of their own, which is this executable
//! started again. So limits, time and namespaces hold for them as for any program.
//!
//! Owns: what a program sees (arguments, environment, files, streams) and what its end means as an exit status.
//! Must not: be called within a process that does anything else.
//! Sources: WASI preview 1; `GOROOT/lib/wasm/go_wasip1_wasm_exec` for what Go's own tests are given.

use goferry_proc::complain;
use std::ffi::OsString;
use std::path::Path;
use wasmi::{CompilationMode, Config, Engine, Linker, Module, Store};
use wasmi_wasi::{WasiCtx, WasiCtxBuilder};

/// The first argument of a process that is to interpret a program.
pub const ROLE: &str = "__wasi";

/// What interprets: for tables and keys.
pub const ENGINE: &str = "wasmi 2.0.0";

/// The environment of that process: the folder that the program takes for the whole file system (else it sees everything),
/// and the folder in it that it works in. Neither is passed on to it.
pub const ROOT: &str = "GOFERRY_WASI_ROOT";
/// See [`ROOT`].
pub const WORK: &str = "GOFERRY_WASI_WORK";

/// Go's calls are wasm calls, and its own limit of a stack is far beyond the interpreter's usual one. wasmtime and node
/// get 8 MiB from Go's scripts, whose frames are native and larger.
const STACK_BYTES: usize = 64 << 20;
const STACK_CALLS: usize = 1 << 18;

/// The program could not be run at all, as env(1) and its kin have it.
const CANNOT: i32 = 126;
/// A trap: a wasm program that dies by itself, as a process does by SIGABRT.
const TRAPPED: i32 = 134;

/// To be called first in `main`: if this process was started to interpret a wasm program it does that and ends with
/// the program's status.
pub fn enter_if_asked() {
    let mut args = std::env::args_os().skip(1);
    if args.next().is_none_or(|role| role != ROLE) {
        return;
    }
    let Some(file) = args.next() else {
        complain("goferry: no wasm program was named");
        std::process::exit(CANNOT)
    };
    std::process::exit(match run(Path::new(&file), args.collect()) {
        Ok(status) => status,
        Err(end) => {
            complain(&format!("goferry: {}: {}", Path::new(&file).display(), end.what));
            end.status
        }
    })
}

/// Why a program did not come to an end of its own.
struct End {
    status: i32,
    what: String,
}

fn cannot(what: impl std::fmt::Display) -> End {
    End { status: CANNOT, what: what.to_string() }
}

/// Runs a program to its end; its status.
fn run(file: &Path, args: Vec<OsString>) -> Result<i32, End> {
    let bytes = std::fs::read(file).map_err(cannot)?;
    let mut config = Config::default();
    // Checked wholly at first, translated function by function when called: a large program starts at once.
    config.compilation_mode(CompilationMode::LazyTranslation);
    config.set_max_recursion_depth(STACK_CALLS).set_max_stack_height(STACK_BYTES);
    let engine = Engine::new(&config);
    let module = Module::new(&engine, bytes).map_err(cannot)?;
    let mut store = Store::new(&engine, context(file, args)?);
    let mut linker = Linker::new(&engine);
    wasmi_wasi::add_to_linker(&mut linker, |ctx: &mut WasiCtx| ctx).map_err(cannot)?;
    let instance = linker.instantiate_and_start(&mut store, &module).map_err(end)?;
    let start = instance
        .get_typed_func::<(), ()>(&store, "_start")
        .map_err(|_| cannot("it has no function `_start`: it is a library, not a program"))?;
    match start.call(&mut store, ()) {
        Ok(()) => Ok(0),
        Err(e) => match e.i32_exit_status() {
            Some(status) => Ok(status),
            None => Err(end(e)),
        },
    }
}

fn end(e: wasmi::Error) -> End {
    match e.as_trap_code() {
        Some(trap) => End { status: TRAPPED, what: format!("wasm trap: {}", trap.trap_message()) },
        None => cannot(e),
    }
}

/// All files, or those of [`ROOT`], under their own names, the working directory as PWD (Go reads it), the whole environment and the streams.
fn context(file: &Path, args: Vec<OsString>) -> Result<WasiCtx, End> {
    let text = |what: OsString| {
        what.into_string().map_err(|s| cannot(format!("{} is not UTF-8, which WASI asks for", s.display())))
    };
    let mut builder = WasiCtxBuilder::new();
    builder.arg(&file.to_string_lossy()).map_err(cannot)?;
    for arg in args {
        builder.arg(&text(arg)?).map_err(cannot)?;
    }
    let given = |name: &str| std::env::var(name).ok().filter(|v| !v.is_empty());
    let root = given(ROOT);
    let own = ["PWD", ROOT, WORK];
    for (name, value) in std::env::vars_os().filter(|(n, _)| !own.iter().any(|o| n == o)) {
        // A variable that no program could read is no reason not to start it.
        if let (Ok(name), Ok(value)) = (name.into_string(), value.into_string()) {
            builder.env(&name, &value).map_err(cannot)?;
        }
    }
    let here = || std::env::current_dir().ok().and_then(|d| d.into_os_string().into_string().ok());
    let work = if root.is_some() { given(WORK).or_else(|| Some("/".to_owned())) } else { here() };
    if let Some(dir) = work {
        builder.env("PWD", &dir).map_err(cannot)?;
    }
    let root = root.as_deref().unwrap_or("/");
    let root = wasmi_wasi::Dir::open_ambient_dir(root, wasmi_wasi::ambient_authority()).map_err(cannot)?;
    builder.inherit_stdio().preopened_dir(root, "/").map_err(cannot)?;
    Ok(builder.build())
}
