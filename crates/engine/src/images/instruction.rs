//! RUN of a Dockerfile: a program in the image's own files and for its platform, in namespaces with many users.
//!
//! Owns: how the files get there and what comes back. Must not: know Dockerfiles.
//!
//! The files are written into memory, inside of the namespaces: owners are then as the image has them, and nothing stays when
//! the process is killed. goferry starts itself there ([`ROLE`]), unpacks, runs the program, and writes what changed as a layer.

use goferry_emulate::{Runner, registration_for};
use goferry_image::dockerfile::RunMount;
use goferry_image::tree::{Node, Owners, Snapshot};
use goferry_image::{Compression, Descriptor, Digest, ImageError, Index, Layer, Layout, Tree, write_layer};
use goferry_proc::root::{InRoot, Mounted};
use goferry_proc::sandbox::{self, SandboxSpec, Users};
use goferry_proc::{Host, Limits, Root, SpawnError, Status, available_memory};
use goferry_report::{Code, Diagnostic};
use goferry_target::GoTarget;
use serde::{Deserialize, Serialize};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The first argument of the process inside.
const ROLE: &str = "__image-step";

/// What goferry mounts over in the folder while the program runs.
const MOUNTED: [&str; 5] = ["dev", "proc", "etc", "etc/resolv.conf", "etc/hosts"];

/// Bytes kept of what the program says.
const OUTPUT: usize = 1 << 20;

/// A program to be run.
#[derive(Clone, Debug)]
pub struct Instruction<'a> {
    /// For messages: `Dockerfile:7: RUN apk add …`.
    pub what: &'a str,
    /// The program and its arguments.
    pub argv: &'a [String],
    /// `KEY=value`: all of its environment.
    pub env: &'a [String],
    /// Where it starts.
    pub work: &'a str,
    /// Numbers of user and group.
    pub user: (u32, u32),
    /// Whether it sees the host's network.
    pub network: bool,
    /// What it is for.
    pub target: GoTarget,
    /// What runs it.
    pub runner: &'a Runner,
    /// Unix seconds that what it writes gets.
    pub mtime: i64,
    /// What it sees besides its files.
    pub mounts: &'a [RunMount],
}

/// What the process inside is told.
#[derive(Debug, Serialize, Deserialize)]
struct Orders {
    layout: PathBuf,
    files: Descriptor,
    /// The contents of mounts, each in a folder of its number.
    mounts: Descriptor,
    program: InRoot,
    mtime: i64,
}

/// What it leaves in the layout's folder.
#[derive(Debug, Serialize, Deserialize)]
struct Left {
    layer: Descriptor,
    diff_id: Digest,
}

const LEFT: &str = "left.json";

/// Runs a program in the files of `tree`, puts what it changed into `layout` as a layer, and applies that. The text is what the
/// program said.
///
/// # Errors
/// No namespaces with many users here, not enough memory for the files, a program that fails.
pub fn run(
    host: &Host,
    layout: &Layout,
    tree: &mut Tree,
    step: &Instruction<'_>,
) -> Result<(Layer, String), Box<Diagnostic>> {
    let image = |e: ImageError| Box::new(Diagnostic::error(Code::Io, format!("{}: {e}", step.what)));
    let temp = tempfile::tempdir()
        .map_err(|e| crate::dist::failure(Path::new("the folder for temporary files"), &e))?;
    let own = Layout::create(temp.path()).map_err(image)?;
    own.set_index(&Index::new(vec![])).map_err(image)?;
    let files = write_layer(&own, &tree.entries(), Compression::None).map_err(image)?;
    let mounts = write_layer(&own, &mounted(step).entries(), Compression::None).map_err(image)?;
    let orders = Orders {
        layout: temp.path().to_owned(),
        program: in_root(step),
        mtime: step.mtime,
        files: files.descriptor,
        mounts: mounts.descriptor,
    };
    let file = temp.path().join("orders.json");
    let text = serde_json::to_vec(&orders).unwrap_or_default();
    std::fs::write(&file, text).map_err(|e| crate::dist::failure(&file, &e))?;
    let said = inside(host, step, &file, orders.files.size + orders.mounts.size)?;
    let left: Left = std::fs::read(temp.path().join(LEFT))
        .ok()
        .and_then(|text| serde_json::from_slice(&text).ok())
        .ok_or_else(|| Box::new(Diagnostic::error(Code::Io, format!("{}: nothing came back", step.what))))?;
    layout.copy(&own, &left.layer).map_err(image)?;
    tree.apply(layout, &left.layer, Some(&left.diff_id)).map_err(image)?;
    Ok((Layer { descriptor: left.layer, diff_id: left.diff_id }, said))
}

/// The contents of all mounts, each in a folder of its number.
fn mounted(step: &Instruction<'_>) -> Tree {
    let mut out = Tree::empty();
    for (number, mount) in step.mounts.iter().enumerate() {
        for (path, node) in mount.files.iter().filter(|(p, _)| !p.is_empty()) {
            // Hard links are of one tree each, and their numbers not of all.
            out.insert(&format!("{number}/{path}"), Node { links: None, ..node.clone() });
        }
    }
    out
}

fn in_root(step: &Instruction<'_>) -> InRoot {
    let variable = |line: &String| {
        let (name, value) = line.split_once('=').unwrap_or((line, ""));
        (OsString::from(name), OsString::from(value))
    };
    InRoot {
        // The folder is known inside only.
        root: Root { work: step.work.into(), user: step.user, network: step.network, ..Root::new("") },
        argv: step.argv.iter().map(Into::into).collect(),
        env: step.env.iter().map(variable).collect(),
        // A shell whose programs do not run is of no use: without a registration it fails.
        emulator: None,
        mounts: step
            .mounts
            .iter()
            .enumerate()
            .map(|(number, m)| Mounted {
                from: Path::new(&number.to_string()).join(RunMount::AT),
                to: m.target.clone().into(),
                read_only: m.read_only,
            })
            .collect(),
    }
}

fn inside(host: &Host, step: &Instruction<'_>, orders: &Path, size: u64) -> Result<String, Box<Diagnostic>> {
    let failed = |code, why: String| Box::new(Diagnostic::error(code, format!("{}: {why}", step.what)));
    let exe = std::env::current_exe().map_err(|e| failed(Code::Io, e.to_string()))?;
    let memory = available_memory().unwrap_or(u64::MAX) / 2;
    if size > memory {
        let why = format!("the image's files ({} MiB) do not fit into half of the free memory", size >> 20);
        return Err(failed(Code::Io, why));
    }
    let spec = SandboxSpec {
        args: vec![ROLE.into(), orders.into()],
        users: Users::Many,
        network: step.network,
        register: registration_for(step.runner, &step.target),
        scratch_bytes: memory,
        limits: Limits::default(),
        max_output: OUTPUT,
        ..SandboxSpec::new(step.what, exe)
    };
    let ran = sandbox::run(&spec, host).map_err(|e| match e {
        SpawnError::Cancelled { .. } => failed(Code::Interrupted, "it was interrupted".to_owned()),
        SpawnError::Io { source, .. } => {
            let d = Diagnostic::error(Code::IsolationUnavailable, format!("{}: {source}", step.what));
            Box::new(d.hint("RUN needs a user namespace with subordinate numbers; buildx, buildah and podman build such Dockerfiles too"))
        }
        other => failed(Code::Io, other.to_string()),
    })?;
    let said = ran.finished.stdout_text() + &ran.finished.stderr_text();
    if ran.finished.status == Status::Exited(0) {
        return Ok(said);
    }
    let mut d = Diagnostic::error(
        Code::HookFailed,
        format!("{}: it ended with {:?}", step.what, ran.finished.status),
    );
    let lines: Vec<&str> = said.lines().collect();
    if let (false, Runner::QemuUser { .. }) = (ran.registered, step.runner) {
        let why = "no emulator could be registered for the programs of RUN, which needs Linux 6.7";
        d.notes.push(why.to_owned());
    }
    d.notes.extend(lines.iter().skip(lines.len().saturating_sub(12)).map(|l| (*l).to_owned()));
    Err(Box::new(d))
}

/// To be called first in `main`: if this process was started for that, it unpacks, runs, writes what changed, and never
/// returns.
pub fn enter_if_asked() {
    let mut args = std::env::args_os().skip(1);
    if args.next().is_none_or(|role| role != ROLE) {
        return;
    }
    let code = match args.next().ok_or_else(|| "no orders".to_owned()).and_then(|file| step(Path::new(&file)))
    {
        Ok(status) => status.shell_code(),
        Err(why) => {
            goferry_proc::complain(&format!("goferry: {why}\n"));
            125
        }
    };
    std::process::exit(code)
}

#[cfg(not(target_os = "linux"))]
fn step(_: &Path) -> Result<Status, String> {
    Err("only Linux has namespaces".to_owned())
}

/// Inside, in an empty folder in memory.
#[cfg(target_os = "linux")]
fn step(orders: &Path) -> Result<Status, String> {
    let text = std::fs::read(orders).map_err(|e| e.to_string())?;
    let Orders { layout, files, mounts, mut program, mtime } =
        serde_json::from_slice(&text).map_err(|e| e.to_string())?;
    let layout = Layout::open(&layout).map_err(|e| e.to_string())?;
    let root = std::env::current_dir().map_err(|e| e.to_string())?.join("root");
    std::fs::create_dir(&root).map_err(|e| e.to_string())?;
    let mut tree = Tree::empty();
    tree.apply(&layout, &files, None).map_err(|e| e.to_string())?;
    tree.unpack(&root, Owners::Image).map_err(|e| e.to_string())?;
    let beside = root.with_file_name("mounts");
    std::fs::create_dir(&beside).map_err(|e| e.to_string())?;
    let mut tree = Tree::empty();
    tree.apply(&layout, &mounts, None).map_err(|e| e.to_string())?;
    tree.unpack(&beside, Owners::Image).map_err(|e| e.to_string())?;
    program.mounts.iter_mut().for_each(|m| m.from = beside.join(&m.from));
    let before = Snapshot::take(&root).map_err(|e| e.to_string())?;
    program.root.dir.clone_from(&root);
    let status = goferry_proc::root::run(&program).map_err(|e| e.to_string())?;
    if status == Status::Exited(0) {
        let entries = before.changes(&root, &MOUNTED, mtime).map_err(|e| e.to_string())?;
        let layer = write_layer(&layout, &entries, Compression::Gzip).map_err(|e| e.to_string())?;
        let left = Left { layer: layer.descriptor, diff_id: layer.diff_id };
        let text = serde_json::to_vec(&left).map_err(|e| e.to_string())?;
        std::fs::write(layout.root().join(LEFT), text).map_err(|e| e.to_string())?;
    }
    Ok(status)
}
