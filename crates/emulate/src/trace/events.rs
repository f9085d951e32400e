//! What a trace tells, whoever wrote it.

/// One thing that happened, with the text that said so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The thread; where the writer names only processes (qemu before 7.1), the process.
    pub thread: u32,
    /// What happened.
    pub what: What,
    /// The words of the trace, without the number before them.
    pub raw: String,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// A system call.
    Call(Call),
    /// A signal was delivered.
    Signal {
        /// `SIGURG`.
        name: String,
        /// `{si_signo=SIGURG, …}`.
        detail: String,
    },
    /// A thread or process ended: `exited with 3`, `killed by SIGKILL`. Only strace says so.
    Ended(String),
    /// A line that is none of these.
    Other,
}

/// A system call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// In lower case; `syscall_258` where the writer knows only the number.
    pub name: String,
    /// As written, without the commas.
    pub args: Vec<String>,
    /// How it ended.
    pub outcome: Outcome,
    /// What is said beside the result: `(flags O_RDONLY)`, `({tv_sec = 1,tv_nsec = 2})`; empty if nothing.
    pub note: String,
    /// The result was written apart, and by its place alone may be another call's.
    pub paired: bool,
}

/// How a call ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// As written: `3`, `0x0000005500802000`.
    Returned(String),
    /// `ENOENT`; `errno 1234` where the number has no name.
    Failed(String),
    /// A signal came first: the kernel or emulator starts it again.
    Restarted,
    /// It never returned, or nothing was written.
    Missing,
}

impl Call {
    /// What it returned.
    pub fn returned(&self) -> Option<&str> {
        match &self.outcome {
            Outcome::Returned(text) => Some(text),
            _ => None,
        }
    }

    /// The name of its error.
    pub fn error(&self) -> Option<&str> {
        match &self.outcome {
            Outcome::Failed(name) => Some(name),
            _ => None,
        }
    }
}

impl Event {
    /// The call, if it is one.
    pub fn call(&self) -> Option<&Call> {
        match &self.what {
            What::Call(c) => Some(c),
            _ => None,
        }
    }
}
