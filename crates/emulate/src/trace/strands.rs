//! A trace sorted by what its calls act upon, since Go moves goroutines between threads: the calls on one file from its
//! opening to its closing are in order, whatever threads make them.
//!
//! Owns: which object a descriptor is, processes and their descriptors, what is left out. Must not: compare.

use super::calls::{self, Class, Kind, Known};
use super::descriptors::Descriptors;
use super::events::{Call, Event, Outcome};
use super::shape::{self, Value};
use goferry_target::ArchKind;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Errors that no chance explains.
const HARD: &[&str] = &[
    "ENOSYS",
    "EINVAL",
    "EPERM",
    "EACCES",
    "EOPNOTSUPP",
    "EFAULT",
    "EBADF",
    "ENOMEM",
    "ENOPROTOOPT",
    "ENOTTY",
];

/// How a call ended, for comparing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// It returned; what, if that is comparable.
    Fine(Value),
    /// Its error.
    Failed(String),
    /// It did not return.
    Unknown,
}

/// A call of a strand.
#[derive(Clone, Debug)]
pub(super) struct Item {
    /// The usual name and the paths.
    pub(super) key: String,
    /// What else is comparable: in words what it is, and the value.
    pub(super) values: Vec<(&'static str, Value)>,
    /// How it ended.
    pub(super) end: End,
    /// As the trace has it.
    pub(super) raw: String,
}

/// Calls on one object, in order.
#[derive(Clone, Debug)]
pub(super) struct Strand {
    /// The object: a path, `socket INET SOCK_STREAM`, `standard output`, a call's name.
    pub(super) about: String,
    /// Its calls.
    pub(super) items: Vec<Item>,
    /// How much is read at once is the other side's affair.
    stream: bool,
}

/// A sorted trace.
#[derive(Debug, Default)]
pub(super) struct Sorted {
    /// What the program did, by object in the order of their first calls.
    pub(super) strands: Vec<Strand>,
    /// The calls of setting up, each once.
    pub(super) setup: BTreeSet<String>,
    /// Errors of calls that are not compared one by one: call and error with one line that shows it.
    pub(super) errors: BTreeMap<(String, String), String>,
    /// The names that were used for each call.
    pub(super) names: BTreeMap<String, BTreeSet<String>>,
}

/// A process: what its descriptors are.
#[derive(Clone, Debug, Default)]
struct Process {
    open: Descriptors,
    descriptors: HashMap<String, usize>,
    loose: HashMap<String, usize>,
    /// It became another program.
    gone: bool,
}

/// Sorts a trace of a program for `arch`.
/// Of the calls in `pathless` the paths are not looked at.
pub(super) fn sorted(events: &[Event], arch: ArchKind, pathless: &BTreeSet<String>) -> Sorted {
    let (processes, of) =
        (vec![Process { open: Descriptors::used(events.iter()), ..Process::default() }], HashMap::new());
    let mut sorter = Sorter { arch, pathless, out: Sorted::default(), processes, of };
    for (i, event) in events.iter().enumerate() {
        if let Some(call) = event.call() {
            // strace sees how the program is started, an emulator does not.
            if i > 0 || call.name != "execve" {
                sorter.call(event, call);
            }
        }
    }
    sorter.out
}

/// The calls (usual names) whose paths the writer gave as mere addresses.
pub(super) fn pathless(events: &[Event]) -> impl Iterator<Item = String> {
    let bare = |c: &&Call| {
        calls::canonical(&c.name).kinds(&c.args).any(|(k, t)| k == Kind::Path && !t.starts_with('"'))
    };
    events.iter().filter_map(Event::call).filter(bare).map(|c| calls::canonical(&c.name).name.to_owned())
}

struct Sorter<'a> {
    arch: ArchKind,
    pathless: &'a BTreeSet<String>,
    out: Sorted,
    processes: Vec<Process>,
    /// The process of each thread that a call made.
    of: HashMap<u32, usize>,
}

impl Sorter<'_> {
    fn call(&mut self, event: &Event, call: &Call) {
        let process = self.of.get(&event.thread).copied().unwrap_or(0);
        if self.processes[process].gone {
            return;
        }
        if let Some(ends) = self.processes[process].open.pass(event) {
            let at = self.strand("a pipe".to_owned(), true);
            self.processes[process].descriptors.extend(ends.map(|d| (d, at)));
        }
        let mut known = calls::canonical(&call.name);
        if known.name == "newfstatat" && call.args.get(1).is_some_and(|p| p == "\"\"") {
            known = calls::canonical("fstat");
        }
        if known.name == "clone" {
            self.made(event, call, process);
        }
        self.out.names.entry(known.name.to_owned()).or_default().insert(call.name.clone());
        if known.class == Class::Setup {
            self.out.setup.insert(known.name.to_owned());
        }
        if known.class != Class::Program {
            if let Some(error) = call.error().filter(|e| HARD.contains(e)) {
                let key = (known.name.to_owned(), error.to_owned());
                self.out.errors.entry(key).or_insert_with(|| event.raw.clone());
            }
            return;
        }
        // Whether one has to wait is chance.
        let waited = matches!(call.error(), Some("EAGAIN" | "EINTR"));
        if !waited && call.outcome != Outcome::Restarted && !self.wakes(&known, call, process) {
            self.file(&known, call, process, &event.raw);
        }
        if known.name == "execve" && process > 0 && call.error().is_none() {
            self.processes[process].gone = true;
        }
    }

    /// Whether it is a word by which Go's runtime wakes its poller (runtime/netpoll_epoll.go): how often is chance.
    fn wakes(&self, known: &Known<'_>, call: &Call, process: usize) -> bool {
        let of = call.args.first().and_then(|d| self.processes[process].descriptors.get(d));
        matches!(known.name, "read" | "write")
            && of.is_some_and(|at| self.out.strands[*at].about == "eventfd2")
    }

    /// A thread or a process was made.
    fn made(&mut self, event: &Event, call: &Call, process: usize) {
        let Some(child) = super::order::made_thread(event) else { return };
        let shares = call.args.iter().any(|a| a.contains("CLONE_THREAD"));
        if !shares {
            self.processes.push(self.processes[process].clone());
        }
        self.of.insert(child, if shares { process } else { self.processes.len() - 1 });
    }

    /// Puts a call where it belongs.
    fn file(&mut self, known: &Known<'_>, call: &Call, process: usize, raw: &str) {
        let kinds: Vec<(Kind, &str)> = known.kinds(&call.args).collect();
        let named = !self.pathless.contains(known.name);
        let paths: Vec<String> =
            kinds.iter().filter(|(k, _)| named && *k == Kind::Path).map(|(_, t)| shape::path(t)).collect();
        let item = Item {
            key: std::iter::once(known.name)
                .chain(paths.iter().map(String::as_str))
                .collect::<Vec<_>>()
                .join(" "),
            values: shape::values(&kinds, self.arch).map(|(k, v)| (words(k), v)).collect(),
            end: match &call.outcome {
                Outcome::Returned(text) => End::Fine(shape::returned(known, &call.args, text)),
                Outcome::Failed(error) => End::Failed(error.clone()),
                Outcome::Restarted | Outcome::Missing => End::Unknown,
            },
            raw: raw.to_owned(),
        };
        let opened = call.returned().filter(|_| returns_descriptor(known, call));
        let used = kinds.iter().find(|(k, _)| *k == Kind::Descriptor).map(|(_, t)| *t);
        let at = match (used, opened) {
            // A copy of a descriptor is the same object.
            (Some(d), Some(new)) if known.name.starts_with("dup") || known.name == "fcntl" => {
                let at = self.object(process, d);
                self.processes[process].descriptors.insert(new.to_owned(), at);
                at
            }
            (_, Some(new)) => {
                let at = self.strand(about(known, &paths, &item), matches!(known.name, "socket" | "accept4"));
                self.processes[process].descriptors.insert(new.to_owned(), at);
                at
            }
            (Some(d), None) => {
                let at = self.object(process, d);
                if known.name == "close" && call.error().is_none() {
                    self.processes[process].descriptors.remove(d);
                }
                at
            }
            (None, None) => {
                let resource = kinds.iter().find(|(k, _)| *k == Kind::Resource);
                let resource = resource.and_then(|(k, t)| shape::value(*k, t, self.arch));
                let name = match paths.is_empty() {
                    true => {
                        std::iter::once(known.name.to_owned()).chain(resource).collect::<Vec<_>>().join(" ")
                    }
                    false => paths.join(" "),
                };
                match self.processes[process].loose.get(&name) {
                    Some(at) => *at,
                    None => {
                        let at = self.strand(name.clone(), false);
                        self.processes[process].loose.insert(name, at);
                        at
                    }
                }
            }
        };
        self.out.strands[at].push(item);
    }

    fn strand(&mut self, about: String, stream: bool) -> usize {
        self.out.strands.push(Strand { about, items: Vec::new(), stream });
        self.out.strands.len() - 1
    }

    /// The strand of a descriptor. One that no call in the trace opened is the caller's, or one end of a pipe, whose
    /// numbers an emulator does not show.
    fn object(&mut self, process: usize, descriptor: &str) -> usize {
        if let Some(at) = self.processes[process].descriptors.get(descriptor) {
            return *at;
        }
        let (about, stream) = match descriptor {
            "0" => ("standard input", false),
            "1" => ("standard output", false),
            "2" => ("standard error", false),
            _ => ("a descriptor of the caller's", true),
        };
        let at = self.strand(about.to_owned(), stream);
        self.processes[process].descriptors.insert(descriptor.to_owned(), at);
        at
    }
}

fn returns_descriptor(known: &Known<'_>, call: &Call) -> bool {
    let copies = known.name == "fcntl" && call.args.get(1).is_some_and(|a| a.starts_with("F_DUPFD"));
    known.returns == Kind::Descriptor || copies
}

/// What was opened.
fn about(known: &Known<'_>, paths: &[String], item: &Item) -> String {
    match known.name {
        "socket" => {
            let family = item.values.first().and_then(|(_, v)| v.clone()).unwrap_or_default();
            format!("socket {family}")
        }
        "accept4" => "an accepted connection".to_owned(),
        name if paths.is_empty() => name.to_owned(),
        _ => paths.join(" "),
    }
}

fn words(kind: Kind) -> &'static str {
    match kind {
        Kind::Flags | Kind::OpenFlags => "flags",
        Kind::Mode => "mode",
        Kind::Number => "size or count",
        Kind::Word | Kind::EpollOperation | Kind::Resource => "operation",
        Kind::Level | Kind::Option => "option",
        Kind::Family => "family",
        _ => "argument",
    }
}

impl Strand {
    fn push(&mut self, mut item: Item) {
        if self.stream && matches!(item.key.as_str(), "read" | "write" | "recvfrom" | "sendto") {
            item.values.clear();
            // Whether the end is still read before the program's own is chance.
            if item.key != "write" && item.end == End::Fine(Some("0".to_owned())) {
                return;
            }
            if let Some(last) = self.items.last_mut().filter(|l| l.key == item.key)
                && let (End::Fine(Some(a)), End::Fine(Some(b))) = (&last.end, &item.end)
                && let (Ok(a), Ok(b)) = (a.parse::<i64>(), b.parse::<i64>())
                && let Some(sum) = a.checked_add(b)
            {
                last.end = End::Fine(Some(sum.to_string()));
                return;
            }
        }
        self.items.push(item);
    }
}
