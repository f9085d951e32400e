//! pprof's `profile.proto`, gzip'd: the format of Go's CPU profiles and of `go tool pprof`.
//! Source: github.com/google/pprof, proto/profile.proto.

use super::wire::{Fields, Message, Value, numbers};
use super::{Frame, Profile, Weight};
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use std::collections::{BTreeMap, HashMap};
use std::io::{Read, Write};

/// What a profile may unpack to.
const MAX_BYTES: u64 = 512 << 20;
/// A stack of Go's profiles has at most some hundred frames.
const MAX_DEPTH: usize = 4096;

/// Why a profile cannot be read.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProtoError {
    /// The gzip stream is damaged or too large.
    #[error("not a gzip'd profile, or a damaged one")]
    Gzip,
    /// The message is damaged, or names what it does not have.
    #[error("damaged profile: {0}")]
    Damaged(&'static str),
    /// It measures no time.
    #[error("a profile of something else than CPU time")]
    NoTime,
}

#[derive(Default)]
struct Location {
    /// Function and line, the innermost first.
    lines: Vec<(u64, u64)>,
    address: u64,
}

/// A message's parts, not yet put together.
#[derive(Default)]
struct Parts<'b> {
    types: Vec<(u64, u64)>,
    samples: Vec<&'b [u8]>,
    locations: HashMap<u64, Location>,
    /// Name and file.
    functions: HashMap<u64, (u64, u64)>,
    strings: Vec<&'b [u8]>,
    wall: u64,
    period: u64,
}

/// Reads a CPU profile.
///
/// # Errors
/// [`ProtoError`].
pub fn read(bytes: &[u8]) -> Result<Profile, ProtoError> {
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return decode(bytes);
    }
    let mut raw = Vec::new();
    GzDecoder::new(bytes).take(MAX_BYTES + 1).read_to_end(&mut raw).map_err(|_| ProtoError::Gzip)?;
    if raw.len() as u64 > MAX_BYTES { Err(ProtoError::Gzip) } else { decode(&raw) }
}

fn decode(bytes: &[u8]) -> Result<Profile, ProtoError> {
    let parts = parts(bytes).ok_or(ProtoError::Damaged("a field is cut off"))?;
    let unit = |t: &(u64, u64)| parts.text(t.1);
    let time = parts.types.iter().position(|t| unit(t) == "nanoseconds").ok_or(ProtoError::NoTime)?;
    let count = parts.types.iter().position(|t| unit(t) == "count");
    let mut out = Profile { period: parts.period, wall: parts.wall, ..Profile::default() };
    for sample in &parts.samples {
        let (mut places, mut values) = (vec![], vec![]);
        for field in Fields(sample) {
            match field.ok_or(ProtoError::Damaged("a sample is cut off"))? {
                (1, v) => numbers(v, &mut places).ok_or(ProtoError::Damaged("a sample's stack"))?,
                (2, v) => numbers(v, &mut values).ok_or(ProtoError::Damaged("a sample's values"))?,
                _ => {}
            }
        }
        let value = |i: usize| values.get(i).copied();
        let nanos = value(time).ok_or(ProtoError::Damaged("a sample without its time"))?;
        let count = count.and_then(value).unwrap_or(1);
        out.add(parts.stack(&places)?, Weight { count, nanos });
    }
    Ok(out)
}

fn parts(bytes: &[u8]) -> Option<Parts<'_>> {
    let mut out = Parts::default();
    for field in Fields(bytes) {
        match field? {
            (1, Value::Bytes(b)) => {
                let f = scalars(b)?;
                out.types.push((f.get(&1).copied().unwrap_or(0), f.get(&2).copied().unwrap_or(0)));
            }
            (2, Value::Bytes(b)) => out.samples.push(b),
            (4, Value::Bytes(b)) => {
                let (id, location) = location(b)?;
                out.locations.insert(id, location);
            }
            (5, Value::Bytes(b)) => {
                let f = scalars(b)?;
                let get = |n| f.get(&n).copied().unwrap_or(0);
                out.functions.insert(get(1), (get(2), get(4)));
            }
            (6, Value::Bytes(b)) => out.strings.push(b),
            (10, Value::Number(n)) => out.wall = n,
            (12, Value::Number(n)) => out.period = n,
            _ => {}
        }
    }
    Some(out)
}

/// The numbers of a message, by field.
fn scalars(bytes: &[u8]) -> Option<BTreeMap<u64, u64>> {
    let mut out = BTreeMap::new();
    for field in Fields(bytes) {
        if let (n, Value::Number(value)) = field? {
            out.insert(n, value);
        }
    }
    Some(out)
}

fn location(bytes: &[u8]) -> Option<(u64, Location)> {
    let (mut id, mut out) = (0, Location::default());
    for field in Fields(bytes) {
        match field? {
            (1, Value::Number(n)) => id = n,
            (3, Value::Number(n)) => out.address = n,
            (4, Value::Bytes(b)) => {
                let f = scalars(b)?;
                out.lines.push((f.get(&1).copied().unwrap_or(0), f.get(&2).copied().unwrap_or(0)));
            }
            _ => {}
        }
    }
    Some((id, out))
}

impl Parts<'_> {
    fn text(&self, index: u64) -> String {
        let bytes = usize::try_from(index).ok().and_then(|i| self.strings.get(i));
        bytes.map(|b| String::from_utf8_lossy(b).into_owned()).unwrap_or_default()
    }

    /// Frames, outermost first, of locations that come innermost first.
    fn stack(&self, places: &[u64]) -> Result<Vec<Frame>, ProtoError> {
        if places.len() > MAX_DEPTH {
            return Err(ProtoError::Damaged("a stack deeper than any"));
        }
        let mut out = Vec::new();
        for place in places.iter().rev() {
            let location = self.locations.get(place).ok_or(ProtoError::Damaged("an unknown location"))?;
            if location.lines.is_empty() {
                out.push(Frame::other(&format!("[{:#x}]", location.address)));
            }
            for (i, (function, line)) in location.lines.iter().enumerate().rev() {
                let (name, file) =
                    self.functions.get(function).ok_or(ProtoError::Damaged("an unknown function"))?;
                out.push(Frame {
                    function: self.text(*name),
                    file: self.text(*file),
                    line: u32::try_from(*line).unwrap_or(0),
                    inlined: i + 1 < location.lines.len(),
                });
            }
        }
        Ok(out)
    }
}

/// What is written once and named by number.
struct Table<K> {
    numbers: HashMap<K, u64>,
    list: Vec<K>,
    first: u64,
}

impl<K: Clone + Eq + std::hash::Hash> Table<K> {
    fn new(first: u64) -> Self {
        Table { numbers: HashMap::new(), list: vec![], first }
    }

    fn number(&mut self, key: K) -> u64 {
        let next = self.first + self.list.len() as u64;
        let number = *self.numbers.entry(key.clone()).or_insert(next);
        if number == next {
            self.list.push(key);
        }
        number
    }
}

/// Writes a profile as `go tool pprof` reads it; `program` is the name of its binary. The same profile gives the same
/// bytes.
pub fn write(profile: &Profile, program: &str) -> Vec<u8> {
    let message = encode(profile, program);
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    // Writing to memory does not fail.
    let _ = gzip.write_all(&message);
    gzip.finish().unwrap_or_default()
}

fn encode(profile: &Profile, program: &str) -> Vec<u8> {
    let mut strings = Table::new(0);
    strings.number(String::new());
    let mut functions: Table<(String, String)> = Table::new(1);
    let mut locations: Table<Vec<Frame>> = Table::new(1);
    let mut text = |s: &str| strings.number(s.to_owned());
    let mut out = Message::default();
    let kinds = [(text("samples"), text("count")), (text("cpu"), text("nanoseconds"))];
    for (kind, unit) in kinds {
        out.message(1, |m| {
            m.number(1, kind);
            m.number(2, unit);
        });
    }
    for (stack, weight) in &profile.stacks {
        let mut places: Vec<u64> = physical(stack).map(|l| locations.number(l.to_vec())).collect();
        places.reverse();
        out.message(2, |m| {
            m.packed(1, places);
            m.packed(2, [weight.count, weight.nanos]);
        });
    }
    let program = text(program);
    out.message(3, |m| {
        m.number(1, 1);
        m.number(5, program);
        // Functions, files, lines and inlined frames are there already.
        (7..=10).for_each(|flag| m.number(flag, 1));
    });
    for (id, frames) in (1..).zip(&locations.list) {
        out.message(4, |m| {
            m.number(1, id);
            m.number(2, 1);
            for f in frames.iter().rev() {
                let function = functions.number((f.function.clone(), f.file.clone()));
                m.message(4, |l| {
                    l.number(1, function);
                    l.number(2, f.line.into());
                });
            }
        });
    }
    for (id, (name, file)) in (1..).zip(&functions.list) {
        let (name, file) = (text(name), text(file));
        out.message(5, |m| {
            m.number(1, id);
            m.number(2, name);
            m.number(3, name);
            m.number(4, file);
        });
    }
    strings.list.iter().for_each(|s| out.bytes(6, s.as_bytes()));
    out.number(10, profile.wall);
    out.message(11, |m| {
        m.number(1, kinds[1].0);
        m.number(2, kinds[1].1);
    });
    out.number(12, profile.period);
    out.0
}

/// A stack in pieces that have one address each: a function with what is inlined there.
fn physical(stack: &[Frame]) -> impl Iterator<Item = &[Frame]> {
    stack.chunk_by(|_, next| next.inlined)
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let profile = sample();
        let bytes = write(&profile, "prog");
        assert_eq!(read(&bytes), Ok(profile.clone()));
        assert_eq!(bytes, write(&profile, "prog"));
        assert_eq!(read(&encode(&profile, "prog")), Ok(profile));
        assert_eq!(read(&write(&Profile::default(), "")), Ok(Profile::default()));
    }

    #[test]
    fn damage_is_an_error() {
        let raw = encode(&sample(), "prog");
        for len in 0..raw.len() {
            let _ = read(&raw[..len]);
        }
        for at in 0..raw.len() {
            for byte in [0, 1, 0x7f, 0x80, 0xff] {
                let mut bytes = raw.clone();
                bytes[at] = byte;
                let _ = read(&bytes);
            }
        }
        assert_eq!(read(b"\x1f\x8bno gzip"), Err(ProtoError::Gzip));
        assert_eq!(read(b""), Err(ProtoError::NoTime));
    }
}
