//! What `perf script` prints, and which functions the addresses in it mean.
//!
//! Owns: its text (perf 6.1: `-F pid,tid,period,ip,sym,symoff,dso --show-mmap-events`), qemu's perf map, where a sample
//! is a place in the translated code named `guest-0xADDRESS`. Must not: start perf.

use super::{Frame, Profile, Weight};
use goferry_objfile::Segment;
use goferry_objfile::pclntab::Pclntab;
use std::collections::BTreeMap;

const KERNEL: &str = "[kernel]";
const EMULATOR: &str = "[emulator]";
const GUEST: &str = "guest-0x";
/// perf itself records at most some hundred frames.
const MAX_DEPTH: usize = 1024;

/// One sample.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RawSample {
    /// Process.
    pub pid: u32,
    /// Nanoseconds since the one before.
    pub period: u64,
    /// Its stack, innermost first.
    pub frames: Vec<RawFrame>,
}

/// A place in a stack.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RawFrame {
    /// The address; of a place in a file perf prints its offset there.
    pub address: u64,
    /// Name of the symbol; empty if perf knows none.
    pub symbol: String,
    /// The mapped file.
    pub file: String,
}

/// Reads `perf script` line by line.
#[derive(Debug, Default)]
pub struct Script {
    /// Complete samples.
    pub samples: Vec<RawSample>,
    /// Executable mappings: process, first address, size, offset in the file, file.
    pub maps: Vec<(u32, u64, u64, u64, String)>,
    open: Option<RawSample>,
}

impl Script {
    /// Takes a line.
    pub fn line(&mut self, line: &str) {
        if line.trim().is_empty() {
            self.samples.extend(self.open.take());
        } else if line.contains(" PERF_RECORD_MMAP") {
            self.maps.extend(mapping(line));
        } else if !line.starts_with(['\t', ' ']) || self.open.is_none() {
            self.samples.extend(self.open.take());
            self.open = head(line);
        } else if let (Some(sample), Some(frame)) = (&mut self.open, frame(line))
            && sample.frames.len() < MAX_DEPTH
        {
            sample.frames.push(frame);
        }
    }

    /// Takes the last sample, after which no empty line need come.
    pub fn end(&mut self) {
        self.samples.extend(self.open.take());
    }

    /// The offset in its file of an address that perf printed as it was in the process.
    fn offset(&self, pid: u32, frame: &RawFrame) -> u64 {
        let inside = self.maps.iter().find(|(process, start, size, _, file)| {
            *process == pid && *file == frame.file && frame.address.wrapping_sub(*start) < *size
        });
        inside.map_or(frame.address, |(_, start, _, offset, _)| frame.address - start + offset)
    }
}

/// `18969/18976    2004008 `
fn head(line: &str) -> Option<RawSample> {
    let mut words = line.split_whitespace();
    let pid = words.next()?.split('/').next()?.parse().ok()?;
    Some(RawSample { pid, period: words.next()?.parse().ok()?, frames: vec![] })
}

/// `          a08a1 main.hot+0x21 (/tmp/prog)`
fn frame(line: &str) -> Option<RawFrame> {
    let (address, rest) = line.trim_start().split_once(' ')?;
    let address = u64::from_str_radix(address, 16).ok()?;
    let rest = rest.trim().strip_suffix(')')?;
    // Names and files may have blanks and parentheses: between them stands the offset in the function.
    let known = || {
        let (symbol, behind) = rest.rsplit_once("+0x")?;
        let (offset, file) = behind.split_once(" (")?;
        offset.bytes().all(|b| b.is_ascii_hexdigit()).then_some((symbol, file))
    };
    let unknown = rest.strip_prefix("[unknown] (").map(|file| ("", file));
    let (symbol, file) = unknown.or_else(known).or_else(|| rest.split_once(" ("))?;
    let (symbol, file) = (symbol.to_owned(), file.to_owned());
    Some(RawFrame { address, symbol, file })
}

/// `9/9 PERF_RECORD_MMAP2 9/9: [0x400000(0xa1000) @ 0x1000 fe:00 1 2]: r-xp /tmp/prog`
fn mapping(line: &str) -> Option<(u32, u64, u64, u64, String)> {
    let rest = line.split_once("PERF_RECORD_MMAP2 ")?.1;
    let (pid, rest) = rest.split_once('/')?;
    let (range, rest) = rest.split_once(": [0x")?.1.split_once("]: ")?;
    let (protection, file) = rest.split_once(' ')?;
    let hex = |text: &str| u64::from_str_radix(text.strip_prefix("0x").unwrap_or(text), 16).ok();
    let (start, range) = range.split_once('(')?;
    let (size, range) = range.split_once(") @ ")?;
    let offset = range.split_whitespace().next()?;
    protection.contains('x').then_some(())?;
    Some((pid.parse().ok()?, hex(start)?, hex(size)?, hex(offset)?, file.to_owned()))
}

/// What qemu wrote of the code that it made: `/tmp/perf-PID.map` of `-perfmap`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PerfMap {
    /// Begin of a place → its end, and the address in the program that it was made of.
    places: BTreeMap<u64, (u64, u64)>,
}

impl PerfMap {
    /// Reads its lines, `7fc230000100 30 guest-0x8aa00`; others are passed over. Code that is thrown away, because
    /// another thread had made the same, gives its place to the next: a later line is the true one. perf's own reader
    /// takes the first, which is why perf's names are not used.
    pub fn parse(text: &str) -> Self {
        let mut out = PerfMap::default();
        for line in text.lines() {
            let mut words = line.split_whitespace();
            let mut hex = || u64::from_str_radix(words.next()?, 16).ok();
            let (Some(start), Some(size)) = (hex(), hex()) else { continue };
            let address = words.next().and_then(|w| u64::from_str_radix(w.strip_prefix(GUEST)?, 16).ok());
            let Some(address) = address.filter(|_| size > 0) else { continue };
            let end = start.saturating_add(size);
            let over: Vec<u64> =
                out.places.range(..end).rev().take_while(|p| p.1.0 > start).map(|p| *p.0).collect();
            for place in over {
                out.places.remove(&place);
            }
            out.places.insert(start, (end, address));
        }
        out
    }

    fn find(&self, place: u64) -> Option<u64> {
        let (_, (end, address)) = self.places.range(..=place).next_back()?;
        (place < *end).then_some(*address)
    }
}

/// How a program ran under qemu.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Guest {
    /// What a position-independent program was moved by.
    pub moved: u64,
    /// The maps of its processes.
    pub maps: BTreeMap<u32, PerfMap>,
}

/// Knows the program's functions.
#[derive(Debug)]
pub struct Resolver<'p> {
    /// The program's functions.
    pub table: &'p Pclntab,
    /// Where its bytes are loaded.
    pub segments: &'p [Segment],
    /// Its path, as perf names it.
    pub file: &'p str,
    /// How it ran, if it was emulated.
    pub guest: Option<Guest>,
}

impl Resolver<'_> {
    /// The profile of a program's samples. Of an emulated one the stacks are the function that ran and what was inlined
    /// into it: who called it is not known to perf.
    pub fn profile(&self, script: &Script) -> Profile {
        let mut out = Profile::default();
        for sample in script.samples.iter().filter(|s| !s.frames.is_empty()) {
            let stack = match &self.guest {
                Some(guest) => self.emulated(sample, guest),
                None => self.native(sample, script),
            };
            out.period = out.period.max(sample.period);
            out.add(stack, Weight { count: 1, nanos: sample.period });
        }
        out
    }

    fn emulated(&self, sample: &RawSample, guest: &Guest) -> Vec<Frame> {
        let map = guest.maps.get(&sample.pid);
        let address = |f: &RawFrame| map?.find(f.address);
        let found = sample.frames.iter().enumerate().find_map(|(i, f)| Some((i, address(f)?)));
        let mut out = match found {
            Some((_, address)) => self.functions(address.wrapping_sub(guest.moved)),
            None => vec![Frame::other(EMULATOR)],
        };
        if found.is_some() && out.is_empty() {
            out.push(Frame::other("[code that is not Go's]"));
        }
        // The translated code had called the emulator or the kernel.
        if sample.frames.first().is_some_and(is_kernel) {
            out.push(Frame::other(KERNEL));
        } else if found.is_some_and(|(i, _)| i > 0) {
            out.push(Frame::other(EMULATOR));
        }
        out
    }

    fn native(&self, sample: &RawSample, script: &Script) -> Vec<Frame> {
        let mut out: Vec<Frame> = Vec::new();
        for (i, frame) in sample.frames.iter().enumerate().rev() {
            if is_kernel(frame) {
                if out.last().is_none_or(|f| f.function != KERNEL) {
                    out.push(Frame::other(KERNEL));
                }
                continue;
            }
            let mut functions = vec![];
            if frame.file == self.file {
                let offset = script.offset(sample.pid, frame);
                let address = self.segments.iter().find_map(|s| s.address_of(offset));
                // All but the innermost are return addresses: behind the call.
                let address = address.map(|a| if i == 0 { a } else { a.saturating_sub(1) });
                functions = address.map(|a| self.functions(a)).unwrap_or_default();
            }
            if functions.is_empty() && !(frame.symbol.is_empty() && frame.file == "[unknown]") {
                functions.push(outside(frame));
            }
            out.extend(functions);
        }
        if out.is_empty() {
            out.push(Frame::other("[unknown]"));
        }
        out
    }

    /// The functions at an address, the outermost first.
    fn functions(&self, address: u64) -> Vec<Frame> {
        let frames = self.table.frames(address).into_iter().rev();
        let frame = |f: goferry_objfile::pclntab::Frame<'_>| Frame {
            function: f.name.to_owned(),
            file: f.file.to_owned(),
            line: f.line,
            inlined: f.inlined,
        };
        frames.map(frame).collect()
    }
}

fn is_kernel(frame: &RawFrame) -> bool {
    frame.file.starts_with("[kernel")
        || frame.file.starts_with("[guest.kernel")
        || frame.file.ends_with(".ko")
}

/// A function of C, or at least the name of its library.
fn outside(frame: &RawFrame) -> Frame {
    let library = frame.file.rsplit('/').next().unwrap_or(&frame.file).trim_matches(['[', ']']);
    if frame.symbol.is_empty() {
        Frame::other(&format!("[{library}]"))
    } else {
        Frame { function: frame.symbol.clone(), file: frame.file.clone(), ..Frame::default() }
    }
}

/// What a position-independent program was moved by, from qemu's `-d page` log: the first executable range is that of
/// the segment whose address is `segment`.
pub(super) fn moved(log: &str, segment: u64) -> Option<u64> {
    let range = log.lines().find(|l| l.trim_end().ends_with("r-x"))?;
    let start = u64::from_str_radix(range.split('-').next()?, 16).ok()?;
    Some(start.wrapping_sub(segment & !0xfff))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// perf 6.1 over a native program and over qemu 10.
    const TEXT: &str = "    0/0     PERF_RECORD_MMAP -1/0: [0xffffffff81000000(0x12090c8) @ 0xffffffff81000000]: x [kernel.kallsyms]_text
26330/26330 PERF_RECORD_MMAP2 26330/26330: [0x400000(0xa1000) @ 0 fe:00 11092052 3013322483]: r-xp /tmp/a b/prof (1)
26330/26330    2004008 
\t           a08a1 main.hot+0x21 (/tmp/a b/prof (1))
\t           7f321 runtime.goexit.abi0+0x1 (/tmp/a b/prof (1))

18969/18976    2004008 
\t    7fc2301864fb guest-0xa81cc+0x0 (/tmp/perf-18969.map)
\t               0 [unknown] ([unknown])

18969/18969    2004009 
\tffffffff821e86a7 clear_page_erms+0x7 ([kernel.kallsyms])
";

    fn script(text: &str) -> Script {
        let mut script = Script::default();
        text.lines().for_each(|l| script.line(l));
        script.end();
        script
    }

    #[test]
    fn perfs_text_is_read() {
        let s = script(TEXT);
        let frame = |address, symbol: &str, file: &str| RawFrame {
            address,
            symbol: symbol.to_owned(),
            file: file.to_owned(),
        };
        assert_eq!(s.maps, [(26330, 0x40_0000, 0xa_1000, 0, "/tmp/a b/prof (1)".to_owned())]);
        assert_eq!(s.samples.len(), 3);
        assert_eq!(s.samples[0].frames[0], frame(0xa_08a1, "main.hot", "/tmp/a b/prof (1)"));
        assert_eq!(s.samples[0].frames[1].symbol, "runtime.goexit.abi0");
        assert_eq!(s.samples[1].frames[0], frame(0x7fc2_3018_64fb, "guest-0xa81cc", "/tmp/perf-18969.map"));
        assert_eq!(s.samples[1].frames[1], frame(0, "", "[unknown]"));
        assert_eq!((s.samples[2].pid, s.samples[2].period), (18969, 2_004_009));
        assert!(is_kernel(&s.samples[2].frames[0]));
        // As a perf that prints addresses has it, and one that prints offsets.
        let file = "/tmp/a b/prof (1)";
        assert_eq!(s.offset(26330, &frame(0x4a_08a1, "", file)), 0xa_08a1);
        assert_eq!(s.offset(26330, &frame(0xa_08a1, "", file)), 0xa_08a1);
    }

    #[test]
    fn other_text_is_passed_over() {
        for text in
            ["", "\t", "x\n\ty\n\n", "1/1 x\n\t12 f (/x)\n", "\t12 f (/x)", "1/1 7\n\tzz f (/x)\n\t12\n"]
        {
            let s = script(text);
            assert!(s.samples.iter().all(|s| s.frames.is_empty()), "{text:?}");
        }
    }

    #[test]
    fn the_last_line_of_a_place_counts() {
        let map = PerfMap::parse(
            "100 2d tcg-prologue-buffer\n200 10 guest-0x1000\n210 10 guest-0x1004\n300 8 guest-0x3000\n\
             208 10 guest-0x2000\nnonsense\nzz 1 guest-0x1\n400 0 guest-0x1\n308 8 guest-0xzz\n",
        );
        for (place, expected) in [
            (0x100, None),
            (0x200, None),
            (0x208, Some(0x2000)),
            (0x217, Some(0x2000)),
            (0x218, None),
            (0x307, Some(0x3000)),
            (0x308, None),
            (0x400, None),
        ] {
            assert_eq!(map.find(place), expected, "{place:x}");
        }
    }

    /// qemu 10, `-d page`.
    #[test]
    fn a_moved_program_is_found() {
        let log = "Locating guest address space @ 0x0\npage layout changed following mmap\n\
                   start            end              size             prot\n\
                   00007f0b533f9000-00007f0b53600000 0000000000207000 ---\n\
                   00007f0b53400000-00007f0b53499000 0000000000099000 r-x\n";
        assert_eq!(moved(log, 0), Some(0x7f0b_5340_0000));
        assert_eq!(moved(log, 0x1040), Some(0x7f0b_533f_f000));
        assert_eq!(moved("", 0), None);
    }
}
