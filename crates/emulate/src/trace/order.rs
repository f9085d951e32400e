//! The order of calls that several threads wrote into files of their own.
//!
//! No line has a time. But an emulated Go program reads the clock by system calls, whose answers are in the trace: they
//! date what stands between them. Beside that there are causes: a thread begins after the call that made it; one that
//! waited on a futex goes on after another woke it; a descriptor is used after it was opened, and given again after it
//! was closed. What is left undecided follows the threads' numbers.

use super::calls::{self, Kind};
use super::events::{Call, Event};
use std::collections::{HashMap, HashSet};

/// How much later than others a call may come because of a descriptor, in nanoseconds; past that the trace lacks its
/// opening or closing.
const PATIENCE: u64 = 50_000_000;

/// One thread's events with their times.
struct Lane {
    thread: u32,
    events: std::vec::IntoIter<Event>,
    head: Option<Event>,
    now: u64,
    /// Whether the call that makes it was met, or there is none.
    began: bool,
    /// The futex that it waits on.
    asleep: Option<u64>,
}

/// What is known while merging.
struct Merge {
    lanes: Vec<Lane>,
    /// Descriptors that are open now, and those that ever are.
    open: HashSet<String>,
    opened: HashSet<String>,
    /// Wakes that came before their waiting.
    wakes: HashMap<u64, u64>,
}

/// Merges the threads' events, each list in its own order.
pub(super) fn merged(threads: Vec<(u32, Vec<Event>)>, root: u32) -> Vec<Event> {
    let made: HashSet<u32> = threads.iter().flat_map(|(_, e)| e).filter_map(made_thread).collect();
    let opened = threads.iter().flat_map(|(_, e)| e).filter_map(opens).collect();
    let mut lanes: Vec<Lane> = threads
        .into_iter()
        .map(|(thread, events)| {
            let mut events = events.into_iter();
            let head = events.next();
            Lane {
                thread,
                events,
                head,
                now: 0,
                began: thread == root || !made.contains(&thread),
                asleep: None,
            }
        })
        .collect();
    lanes.sort_by_key(|l| (l.thread != root, l.thread));
    let mut merge = Merge { lanes, open: HashSet::new(), opened, wakes: HashMap::new() };
    let mut out = Vec::new();
    while let Some(event) = merge.next() {
        out.push(event);
    }
    out
}

impl Merge {
    fn next(&mut self) -> Option<Event> {
        let at = self.choose()?;
        let lane = &mut self.lanes[at];
        lane.now = time(lane);
        lane.asleep = None;
        let event = lane.head.take()?;
        lane.head = lane.events.next();
        let now = lane.now;
        if let Some(child) = made_thread(&event) {
            for l in self.lanes.iter_mut().filter(|l| l.thread == child && !l.began) {
                (l.began, l.now) = (true, now);
            }
        }
        if let Some(d) = opens(&event) {
            self.open.insert(d);
        }
        if let Some(d) = closes(&event) {
            self.open.remove(d);
        }
        match event.call().and_then(futex) {
            Some(Futex::Waited(address)) => self.waits(at, address),
            Some(Futex::Woke(address, count)) => self.wake(address, count, now),
            None => {}
        }
        Some(event)
    }

    fn waits(&mut self, at: usize, address: u64) {
        match self.wakes.get_mut(&address).filter(|n| **n > 0) {
            Some(n) => *n -= 1,
            None => self.lanes[at].asleep = Some(address),
        }
    }

    fn wake(&mut self, address: u64, count: u64, now: u64) {
        let mut left = count;
        while left > 0 {
            let asleep = self.lanes.iter_mut().filter(|l| l.asleep == Some(address)).min_by_key(|l| l.now);
            let Some(lane) = asleep else { break };
            (lane.asleep, lane.now) = (None, lane.now.max(now));
            left -= 1;
        }
        *self.wakes.entry(address).or_default() += left;
    }

    /// The lane whose head comes next.
    fn choose(&self) -> Option<usize> {
        let heads = || self.lanes.iter().enumerate().filter(|(_, l)| l.began && l.head.is_some());
        let first = |lanes: &mut dyn Iterator<Item = (usize, &Lane)>| lanes.map(|(i, l)| (time(l), i)).min();
        let awake = || heads().filter(|(_, l)| l.asleep.is_none());
        let free = first(&mut awake().filter(|(_, l)| l.head.as_ref().is_some_and(|e| !self.cannot(e))));
        let any = first(&mut awake());
        match (free, any) {
            (Some((f, i)), Some((a, _))) if f <= a.saturating_add(PATIENCE) => Some(i),
            (_, Some((_, i))) => Some(i),
            // Woken by something that the trace does not show, or begun by it.
            _ => first(&mut heads())
                .map(|(_, i)| i)
                .or_else(|| self.lanes.iter().position(|l| l.head.is_some())),
        }
    }

    /// Whether an event cannot have come yet: it is given a descriptor that is open, or uses one that will be opened.
    fn cannot(&self, event: &Event) -> bool {
        if opens(event).is_some_and(|d| self.open.contains(&d)) {
            return true;
        }
        let Some(call) = event.call().filter(|c| c.error() != Some("EBADF")) else {
            return false;
        };
        let shape = calls::canonical(&call.name);
        let used = shape.kinds(&call.args).find(|(k, _)| *k == Kind::Descriptor).map(|(_, a)| a);
        used.is_some_and(|d| self.opened.contains(d) && !self.open.contains(d))
    }
}

/// When a lane's head was, at least.
fn time(lane: &Lane) -> u64 {
    lane.head.as_ref().and_then(clock).unwrap_or_default().max(lane.now)
}

enum Futex {
    Waited(u64),
    Woke(u64, u64),
}

/// A wait that somebody ended, or a wake that somebody got.
fn futex(call: &Call) -> Option<Futex> {
    let returned = call.returned().filter(|_| call.name.starts_with("futex"))?;
    let address = number(call.args.first()?)?;
    // FUTEX_WAIT is 0 and FUTEX_WAKE 1, beside FUTEX_PRIVATE_FLAG 128 (linux/futex.h).
    let operation = call.args.get(1)?;
    let is = |name: &str, value: u64| {
        operation.split('|').any(|w| w == name) || number(operation).is_some_and(|n| n & 0x7f == value)
    };
    if is("FUTEX_WAIT", 0) {
        Some(Futex::Waited(address))
    } else if is("FUTEX_WAKE", 1) {
        Some(Futex::Woke(address, number(returned)?))
    } else {
        None
    }
}

fn number(text: &str) -> Option<u64> {
    match text.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16).ok(),
        None => text.parse().ok(),
    }
}

fn opens(event: &Event) -> Option<String> {
    let call = event.call()?;
    let descriptor = calls::canonical(&call.name).returns == Kind::Descriptor;
    call.returned().filter(|_| descriptor).map(str::to_owned)
}

fn closes(event: &Event) -> Option<&str> {
    let call = event.call().filter(|c| c.name == "close")?;
    call.args.first().map(String::as_str)
}

/// The thread or process that a call made.
pub(super) fn made_thread(event: &Event) -> Option<u32> {
    let call = event.call()?;
    let makes = calls::canonical(&call.name).name == "clone";
    call.returned().filter(|_| makes)?.parse().ok().filter(|n| *n > 0)
}

/// What a reading of the monotonic clock said, in nanoseconds.
fn clock(event: &Event) -> Option<u64> {
    let call = event.call().filter(|c| c.name.starts_with("clock_gettime"))?;
    if call.args.first().map(String::as_str) != Some("CLOCK_MONOTONIC") {
        return None;
    }
    let field = |name: &str| -> Option<u64> {
        let (_, rest) = call.note.split_once(name)?;
        let digits = rest.trim_start_matches([' ', '=']);
        digits[..digits.bytes().take_while(u8::is_ascii_digit).count()].parse().ok()
    };
    field("tv_sec")?.checked_mul(1_000_000_000)?.checked_add(field("tv_nsec")?)
}
