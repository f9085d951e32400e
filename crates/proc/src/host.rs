//! The real [`Spawner`].
//!
//! Owns: a process group per child, draining both pipes, the limit of time, waiting. Must not: interpret output.

use crate::cancel::{Cancel, Force};
use crate::kept::Kept;
use crate::{CommandSpec, Env, Finished, OutputMode, SpawnError, Spawner, Status, Stdin, Stream};
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

/// How long the output may stay open after the command's end: a daemon that it left behind may hold it for ever.
const DRAIN: Duration = Duration::from_millis(500);

/// Takes lines as they are written.
type OnLine<'a> = &'a (dyn Fn(Stream, &str) + Sync);

/// Runs commands on this machine.
#[derive(Clone, Debug)]
pub struct Host {
    cancel: Arc<Cancel>,
}

/// What to do with processes that outlive the command they belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum After {
    /// Nothing: a hook may leave a daemon behind on purpose.
    Leave,
    /// End those of its process group.
    KillGroup,
}

/// Both ends of a connection that a child talks through.
pub(crate) struct Connection {
    read: Stdio,
    write: Stdio,
}

/// What the threads around a child report.
enum Report {
    Data(Stream, Vec<u8>),
    Eof,
    Ended(std::io::Result<Ended>),
}

struct Ended {
    status: std::process::ExitStatus,
    max_rss: Option<u64>,
}

impl Host {
    /// A host that runs until `cancel` is thrown.
    pub fn new(cancel: Arc<Cancel>) -> Self {
        Host { cancel }
    }

    /// The switch that ends its commands.
    pub fn cancel(&self) -> &Arc<Cancel> {
        &self.cancel
    }

    /// Runs a command to its end with a connection as its standard input and output. Its standard error is carried to
    /// the caller's ([`OutputMode::Relay`]).
    ///
    /// # Errors
    /// As [`Spawner::run`]; also if the connection cannot be given to it.
    #[cfg(unix)]
    pub fn run_connected(
        &self,
        spec: &CommandSpec,
        connection: std::os::fd::OwnedFd,
    ) -> Result<Finished, SpawnError> {
        let read = connection.try_clone().map_err(|e| io_error(spec, e))?;
        let both = Connection { read: read.into(), write: connection.into() };
        let spec = CommandSpec { stdin: Stdin::Null, output: OutputMode::Relay, ..spec.clone() };
        self.run_with(&spec, None, After::KillGroup, Some(both))
    }

    pub(crate) fn run_with(
        &self,
        spec: &CommandSpec,
        on_line: Option<OnLine<'_>>,
        after: After,
        connection: Option<Connection>,
    ) -> Result<Finished, SpawnError> {
        if self.cancel.is_cancelled() {
            return Err(SpawnError::Cancelled { purpose: spec.purpose.clone() });
        }
        let began = Instant::now();
        let mut child = start(spec, connection)?;
        let group = spec.stdin != Stdin::Inherit;
        let id = self.cancel.enter(child.id(), group);
        limit(child.id(), spec);
        let (send, reports) = sync_channel(64);
        let readers = attach(&mut child, spec, &send);
        let waiter = spawn_waiter(child, id, after, Arc::clone(&self.cancel), send);
        let io = |source| io_error(spec, source);
        let readers = readers.and_then(|r| waiter.map(|()| r)).map_err(|e| {
            self.cancel.signal(id, Force::Kill);
            io(e)
        })?;
        let mut watch = Watch::new(spec, began, readers);
        watch.follow(&reports, on_line, || self.cancel.signal(id, Force::Kill)).map_err(io)?;
        if self.cancel.is_cancelled() {
            return Err(SpawnError::Cancelled { purpose: spec.purpose.clone() });
        }
        Ok(watch.finish(began, on_line))
    }
}

impl Spawner for Host {
    fn run(&self, spec: &CommandSpec) -> Result<Finished, SpawnError> {
        self.run_with(spec, None, After::Leave, None)
    }

    fn run_lines(
        &self,
        spec: &CommandSpec,
        on_line: &(dyn Fn(Stream, &str) + Sync),
    ) -> Result<Finished, SpawnError> {
        self.run_with(spec, Some(on_line), After::Leave, None)
    }
}

/// The state of one command while it is watched.
struct Watch {
    stdout: Kept,
    stderr: Kept,
    open: usize,
    ended: Option<Ended>,
    timed_out: bool,
    deadline: Option<Instant>,
}

impl Watch {
    fn new(spec: &CommandSpec, began: Instant, open: usize) -> Self {
        let max = match spec.output {
            OutputMode::Capture { max_bytes } => max_bytes,
            OutputMode::Inherit | OutputMode::InheritError | OutputMode::Relay => 0,
        };
        Watch {
            stdout: Kept::new(max),
            stderr: Kept::new(max),
            open,
            ended: None,
            timed_out: false,
            deadline: spec.limits.wall.and_then(|w| began.checked_add(w)),
        }
    }

    /// Takes reports until the child is gone and its output is closed (or was given up).
    fn follow(
        &mut self,
        reports: &Receiver<Report>,
        on_line: Option<OnLine<'_>>,
        kill: impl Fn(),
    ) -> std::io::Result<()> {
        while self.ended.is_none() || self.open > 0 {
            let left = self.deadline.map(|d| d.saturating_duration_since(Instant::now()));
            let report = match left {
                None => reports.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(left) => reports.recv_timeout(left),
            };
            match report {
                Ok(Report::Data(stream, bytes)) => self.data(stream, &bytes, on_line),
                Ok(Report::Eof) => self.open -= 1,
                Ok(Report::Ended(ended)) => {
                    self.ended = Some(ended?);
                    self.deadline = Some(Instant::now() + DRAIN);
                }
                Err(RecvTimeoutError::Timeout) if self.ended.is_some() => return Ok(()),
                Err(RecvTimeoutError::Timeout) => {
                    self.timed_out = true;
                    self.deadline = None;
                    kill();
                }
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(std::io::Error::other("the threads that watch it ended early"));
                }
            }
            // A child that writes without end never lets recv_timeout run out: look at the clock as well.
            if self.ended.is_none() && self.deadline.is_some_and(|d| d <= Instant::now()) {
                self.timed_out = true;
                self.deadline = None;
                kill();
            }
            if self.ended.is_some() && self.deadline.is_some_and(|d| d <= Instant::now()) {
                return Ok(());
            }
        }
        Ok(())
    }

    fn data(&mut self, stream: Stream, bytes: &[u8], on_line: Option<OnLine<'_>>) {
        let kept = match stream {
            Stream::Stdout => &mut self.stdout,
            Stream::Stderr => &mut self.stderr,
        };
        kept.push(bytes);
        if let Some(on_line) = on_line {
            kept.lines(stream, bytes, on_line);
        }
    }

    fn finish(mut self, began: Instant, on_line: Option<OnLine<'_>>) -> Finished {
        if let Some(on_line) = on_line {
            self.stdout.last_line(Stream::Stdout, on_line);
            self.stderr.last_line(Stream::Stderr, on_line);
        }
        let (stdout, out_dropped) = self.stdout.finish();
        let (stderr, err_dropped) = self.stderr.finish();
        let status = match &self.ended {
            _ if self.timed_out => Status::TimedOut,
            Some(ended) => status_of(ended.status),
            None => Status::TimedOut,
        };
        Finished {
            status,
            stdout,
            stderr,
            wall: began.elapsed(),
            max_rss_bytes: self.ended.and_then(|e| e.max_rss),
            truncated: out_dropped || err_dropped || self.open > 0,
        }
    }
}

fn status_of(status: std::process::ExitStatus) -> Status {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return Status::Signaled(signal);
    }
    Status::Exited(status.code().unwrap_or(-1))
}

fn io_error(spec: &CommandSpec, source: std::io::Error) -> SpawnError {
    SpawnError::Io {
        program: spec.program.to_string_lossy().into_owned(),
        purpose: spec.purpose.clone(),
        source,
    }
}

/// Starts the child.
fn start(spec: &CommandSpec, connection: Option<Connection>) -> Result<Child, SpawnError> {
    let cwd = match &spec.cwd {
        Some(cwd) if !cwd.is_dir() => {
            return Err(SpawnError::NoDirectory { path: cwd.clone(), purpose: spec.purpose.clone() });
        }
        Some(cwd) => std::path::absolute(cwd).map_err(|e| io_error(spec, e))?,
        None => std::env::current_dir().map_err(|e| io_error(spec, e))?,
    };
    let path = spec.variable("PATH");
    let file = crate::lookup::find_file(&spec.program, path.as_deref(), &cwd);
    let Some(file) = file else { return Err(not_found(spec, &cwd)) };
    let mut command = Command::new(&file);
    command.args(&spec.args).current_dir(&cwd);
    match &spec.env {
        Env::Exactly(set) => {
            command.env_clear().envs(set.iter().map(|(n, v)| (n, v)));
        }
        Env::Inherit { set, remove } => {
            remove.iter().for_each(|name| {
                command.env_remove(name);
            });
            command.envs(set.iter().map(|(n, v)| (n, v)));
        }
    }
    command.stdin(match spec.stdin {
        Stdin::Null => Stdio::null(),
        Stdin::Bytes(_) => Stdio::piped(),
        Stdin::Inherit => Stdio::inherit(),
    });
    match spec.output {
        OutputMode::Capture { .. } => drop(command.stdout(Stdio::piped()).stderr(Stdio::piped())),
        OutputMode::Inherit => {}
        OutputMode::Relay => drop(command.stderr(Stdio::piped())),
        OutputMode::InheritError => drop(command.stdout(std::io::stderr())),
    }
    if let Some(Connection { read, write }) = connection {
        command.stdin(read).stdout(write);
    }
    #[cfg(unix)]
    {
        use std::os::unix::process::CommandExt;
        command.arg0(&spec.program);
        if spec.stdin != Stdin::Inherit {
            command.process_group(0);
        }
    }
    spawn_retrying(&mut command).map_err(|e| exec_error(&spec.purpose, &file, e))
}

/// Spawns; waits out ETXTBSY, which a file just written gets while another thread's child still holds its descriptor.
pub(crate) fn spawn_retrying(command: &mut Command) -> std::io::Result<Child> {
    let mut pause = Duration::from_millis(2);
    loop {
        match command.spawn() {
            Err(e)
                if e.kind() == std::io::ErrorKind::ExecutableFileBusy
                    && pause < Duration::from_millis(300) =>
            {
                std::thread::sleep(pause);
                pause *= 2;
            }
            other => return other,
        }
    }
}

/// Why a program was not found: absent, or there without the permission to execute it.
fn not_found(spec: &CommandSpec, cwd: &Path) -> SpawnError {
    let program = spec.program.to_string_lossy().into_owned();
    let purpose = spec.purpose.clone();
    let named = Path::new(&spec.program);
    if named.components().count() > 1 && cwd.join(named).exists() {
        return SpawnError::NotExecutable { program, purpose, why: "it is no executable file".to_owned() };
    }
    SpawnError::NotFound { program, purpose }
}

/// What exec's error means for a file that exists.
pub(crate) fn exec_error(purpose: &str, file: &Path, source: std::io::Error) -> SpawnError {
    use std::io::ErrorKind;
    let (program, purpose) = (file.to_string_lossy().into_owned(), purpose.to_owned());
    let why = match source.kind() {
        ErrorKind::NotFound if file.exists() => "its interpreter or loader is missing".to_owned(),
        ErrorKind::NotFound => return SpawnError::NotFound { program, purpose },
        ErrorKind::PermissionDenied => source.to_string(),
        // ENOEXEC
        _ if cfg!(unix) && source.raw_os_error() == Some(8) => {
            "it is not a format this machine runs".to_owned()
        }
        _ => return SpawnError::Io { program, purpose, source },
    };
    SpawnError::NotExecutable { program, purpose, why }
}

/// Connects the pipes to threads; gives the number of output streams to be read.
fn attach(child: &mut Child, spec: &CommandSpec, send: &SyncSender<Report>) -> std::io::Result<usize> {
    if spec.output == OutputMode::Relay
        && let Some(pipe) = child.stderr.take()
    {
        spawn_relay(pipe, send.clone())?;
        return Ok(1);
    }
    if let (Stdin::Bytes(bytes), Some(mut pipe)) = (&spec.stdin, child.stdin.take()) {
        let bytes = bytes.clone();
        std::thread::Builder::new().name("stdin".into()).spawn(move || {
            // A child that does not read to the end is within its rights.
            let _ = pipe.write_all(&bytes);
        })?;
    }
    let mut readers = 0;
    if let Some(pipe) = child.stdout.take() {
        spawn_reader(pipe, Stream::Stdout, send.clone())?;
        readers += 1;
    }
    if let Some(pipe) = child.stderr.take() {
        spawn_reader(pipe, Stream::Stderr, send.clone())?;
        readers += 1;
    }
    Ok(readers)
}

/// Carries what a child writes to this process's standard error.
fn spawn_relay(mut pipe: impl Read + Send + 'static, send: SyncSender<Report>) -> std::io::Result<()> {
    std::thread::Builder::new().name("relay".into()).stack_size(128 << 10).spawn(move || {
        // Nobody reads any more: the child must not be held up by that.
        if std::io::copy(&mut pipe, &mut std::io::stderr()).is_err() {
            let _ = std::io::copy(&mut pipe, &mut std::io::sink());
        }
        let _ = send.send(Report::Eof);
    })?;
    Ok(())
}

fn spawn_reader(
    mut pipe: impl Read + Send + 'static,
    stream: Stream,
    send: SyncSender<Report>,
) -> std::io::Result<()> {
    std::thread::Builder::new().name("output".into()).stack_size(128 << 10).spawn(move || {
        let mut buffer = vec![0; 16 << 10];
        loop {
            match pipe.read(&mut buffer) {
                Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
                Ok(0) | Err(_) => break,
                Ok(n) => {
                    if send.send(Report::Data(stream, buffer[..n].to_vec())).is_err() {
                        return;
                    }
                }
            }
        }
        let _ = send.send(Report::Eof);
    })?;
    Ok(())
}

#[cfg(unix)]
fn spawn_waiter(
    child: Child,
    id: u64,
    after: After,
    cancel: Arc<Cancel>,
    send: SyncSender<Report>,
) -> std::io::Result<()> {
    use wait4::Wait4;
    std::thread::Builder::new().name("wait".into()).stack_size(128 << 10).spawn(move || {
        wait_unreaped(child.id());
        if after == After::KillGroup {
            cancel.signal(id, Force::Kill);
        }
        cancel.leave(id);
        let ended = child.wait4().map(|r| Ended { status: r.status, max_rss: Some(r.rusage.maxrss) });
        let _ = send.send(Report::Ended(ended));
    })?;
    Ok(())
}

#[cfg(not(unix))]
fn spawn_waiter(
    mut child: Child,
    id: u64,
    _after: After,
    cancel: Arc<Cancel>,
    send: SyncSender<Report>,
) -> std::io::Result<()> {
    std::thread::Builder::new().name("wait".into()).spawn(move || {
        let ended = loop {
            match child.try_wait() {
                Ok(Some(status)) => break Ok(Ended { status, max_rss: None }),
                Err(e) => break Err(e),
                Ok(None) if cancel.is_cancelled() => drop(child.kill()),
                Ok(None) => {}
            }
            std::thread::sleep(Duration::from_millis(10));
        };
        cancel.leave(id);
        let _ = send.send(Report::Ended(ended));
    })?;
    Ok(())
}

/// Waits for the child's end without reaping it, so that its id cannot be given to another process while somebody
/// may still signal it.
#[cfg(target_os = "linux")]
fn wait_unreaped(pid: u32) {
    use nix::errno::Errno;
    use nix::sys::wait::{Id, WaitPidFlag, waitid};
    let Ok(pid) = i32::try_from(pid) else { return };
    let pid = nix::unistd::Pid::from_raw(pid);
    while waitid(Id::Pid(pid), WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT) == Err(Errno::EINTR) {}
}

#[cfg(all(unix, not(target_os = "linux")))]
fn wait_unreaped(_pid: u32) {}

/// Sets the resource limits on a child that has just started. A process it started within those microseconds would
/// have the caller's limits; the sandbox sets them before exec instead.
#[cfg(target_os = "linux")]
fn limit(pid: u32, spec: &CommandSpec) {
    use rustix::process::{Pid, Resource, prlimit};
    let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) else { return };
    for (resource, value) in
        [(Resource::Data, spec.limits.memory_bytes), (Resource::Nproc, spec.limits.processes)]
    {
        if let Some(value) = value {
            // The only failure is a limit above the caller's own hard limit, which binds the child anyway.
            let _ = prlimit(
                Some(pid),
                resource,
                rustix::process::Rlimit { current: Some(value), maximum: Some(value) },
            );
        }
    }
}

#[cfg(not(target_os = "linux"))]
fn limit(_pid: u32, _spec: &CommandSpec) {}
