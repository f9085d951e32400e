//! Sessions with a debugger that comes by a port.
//!
//! Owns: the port, one session after the other. Must not: start gdb.

use super::carry::carry;
use super::stub::{Held, LEAVE};
use super::{Debuggee, gdb};
use crate::session::Session;
use goferry_proc::Cancel;
use goferry_report::{Code, Diagnostic, Diagnostics};
use serde_json::Value;
use std::io::ErrorKind;
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

/// How often it is looked whether somebody came or went.
const TICK: Duration = Duration::from_millis(50);

/// A port that waits for debuggers.
#[derive(Debug)]
pub struct Listening {
    listener: TcpListener,
    /// Host and port.
    pub address: String,
}

impl Listening {
    /// Takes `:PORT` (of this machine alone), `HOST:PORT`, or with none any free port.
    ///
    /// # Errors
    /// No such address, or it is taken.
    pub fn at(place: Option<&str>) -> Result<Listening, Diagnostics> {
        let place = place.unwrap_or(":0");
        let place =
            if place.bytes().all(|b| b.is_ascii_digit()) { format!(":{place}") } else { place.to_owned() };
        let full = if place.starts_with(':') { format!("127.0.0.1{place}") } else { place };
        let failed = |e: &std::io::Error| {
            let d = match e.kind() {
                ErrorKind::AddrInUse => {
                    Diagnostic::error(Code::Io, format!("{full} is taken by another program"))
                }
                _ => Diagnostic::error(Code::ConfigValue, format!("--listen {full}: {e}")),
            };
            Diagnostics::from(d.hint_with("any free port:", "goferry debug --listen :0"))
        };
        let listener = TcpListener::bind(&full).map_err(|e| failed(&e))?;
        listener.set_nonblocking(true).map_err(|e| failed(&e))?;
        let address = listener.local_addr().map_err(|e| failed(&e))?.to_string();
        Ok(Listening { listener, address })
    }

    /// The command line that attaches gdb here.
    pub fn attach_line(&self, debuggee: &Debuggee) -> String {
        gdb::attach_line(debuggee, &self.address)
    }

    /// VS Code's launch.json for it.
    pub fn launch(&self, debuggee: &Debuggee) -> Value {
        gdb::launch(debuggee, &self.address)
    }

    /// The next that comes; none: interrupted.
    fn accept(&self, cancel: &Cancel) -> Result<Option<TcpStream>, Diagnostics> {
        while !cancel.is_cancelled() {
            match self.listener.accept() {
                Ok((stream, _)) => {
                    let ready = stream.set_nonblocking(false).and_then(|()| stream.set_nodelay(true));
                    ready.map_err(|e| super::broken(&e))?;
                    return Ok(Some(stream));
                }
                Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::ConnectionAborted) => {
                    std::thread::sleep(TICK);
                }
                Err(e) => return Err(super::broken(&e).into()),
            }
        }
        Ok(None)
    }
}

/// Serves one debugger after the other, each with the program begun anew; with `once` only the first. `ended` is
/// called after each session. Interrupting ends it, too.
///
/// # Errors
/// The program could not be held.
pub fn listen(
    session: &Session,
    debuggee: &Debuggee,
    listening: &Listening,
    once: bool,
    ended: &dyn Fn(),
) -> Result<(), Diagnostics> {
    loop {
        let Some(stream) = listening.accept(session.host.cancel())? else { return Ok(()) };
        let (held, stub) = Held::start(session, &debuggee.stub)?;
        carry(&stream, &stub, &held, &|| session.host.cancel().is_cancelled());
        held.wait(LEAVE);
        drop(held);
        if session.host.cancel().is_cancelled() {
            return Ok(());
        }
        ended();
        if once {
            return Ok(());
        }
    }
}
