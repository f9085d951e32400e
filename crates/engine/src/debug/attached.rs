//! A session with gdb here: goferry starts both, stands between them and ends both.

use super::carry::carry;
use super::stub::{Held, LEAVE, folder};
use super::{Debuggee, gdb};
use crate::session::Session;
use goferry_proc::{CommandSpec, OutputMode, SpawnError, Spawner, Stdin};
use goferry_report::{Code, Diagnostic, Diagnostics};
use std::ffi::OsString;
use std::os::unix::net::UnixListener;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How often it is looked whether gdb has come.
const TICK: Duration = Duration::from_millis(10);

/// Runs gdb with the program until gdb ends; its status. With `batch` gdb ends after its commands.
///
/// # Errors
/// No gdb; the program could not be held or gdb not be started; interrupted.
pub fn attached(
    session: &Session,
    debuggee: &Debuggee,
    scripts: &[OsString],
    batch: bool,
) -> Result<i32, Diagnostics> {
    let program = super::gdb(session, debuggee.target)?;
    let folder = folder()?;
    let socket = folder.path().join("gdb");
    let failed = |e: std::io::Error| crate::dist::failure(&socket, &e);
    let listener = UnixListener::bind(&socket).map_err(failed)?;
    listener.set_nonblocking(true).map_err(failed)?;
    let args = gdb::arguments(debuggee, &socket.to_string_lossy(), scripts, batch);
    let spec = CommandSpec {
        stdin: Stdin::Inherit,
        output: OutputMode::Inherit,
        ..CommandSpec::new("gdb", program).args(args)
    };
    let gone = AtomicBool::new(false);
    let (done, held) = std::thread::scope(|scope| {
        let held = scope.spawn(|| hold(session, debuggee, &listener, &gone));
        // In gdb Ctrl-C stops the program.
        session.host.cancel().yield_keyboard(!batch);
        let done = session.host.run(&spec);
        session.host.cancel().yield_keyboard(false);
        gone.store(true, Ordering::SeqCst);
        (done, held.join())
    });
    if let Ok(Err(why)) = held {
        return Err(why.into());
    }
    match done {
        Ok(done) => Ok(done.status.shell_code()),
        Err(SpawnError::Cancelled { .. }) => {
            Err(Diagnostic::error(Code::Interrupted, "the session was interrupted; nothing is left of it")
                .into())
        }
        Err(e) => Err(Diagnostic::error(Code::ToolMissing, format!("gdb cannot be started: {e}")).into()),
    }
}

/// Waits for gdb, and begins the program when it comes.
fn hold(
    session: &Session,
    debuggee: &Debuggee,
    listener: &UnixListener,
    gone: &AtomicBool,
) -> Result<(), Box<Diagnostic>> {
    while !gone.load(Ordering::SeqCst) {
        let Ok((gdb, _)) = listener.accept() else {
            std::thread::sleep(TICK);
            continue;
        };
        gdb.set_nonblocking(false).map_err(|e| super::broken(&e))?;
        let (held, stub) = Held::start(session, &debuggee.stub)?;
        carry(&gdb, &stub, &held, &|| gone.load(Ordering::SeqCst));
        held.wait(LEAVE);
    }
    Ok(())
}
