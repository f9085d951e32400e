//! Output with a limit: keeps the beginning and the end, and hands out lines on the way.

use crate::Stream;

/// Longest line handed out whole; a longer one comes in pieces, so that memory stays bounded.
const LONGEST_LINE: usize = 64 << 10;

/// One stream's output, at most `max` bytes of it: of longer output the first and the last half.
pub(crate) struct Kept {
    max: usize,
    head: Vec<u8>,
    tail: Vec<u8>,
    dropped: bool,
    line: Vec<u8>,
}

impl Kept {
    pub(crate) fn new(max: usize) -> Self {
        Kept { max, head: Vec::new(), tail: Vec::new(), dropped: false, line: Vec::new() }
    }

    pub(crate) fn push(&mut self, bytes: &[u8]) {
        let room = self.max.saturating_sub(self.head.len() + self.tail.len());
        if self.tail.is_empty() && bytes.len() <= room {
            self.head.extend_from_slice(bytes);
            return;
        }
        let half = self.max / 2;
        if !self.dropped {
            self.dropped = true;
            self.head.extend_from_slice(bytes);
            self.tail = self.head.split_off(self.max - half);
        } else {
            self.tail.extend_from_slice(bytes);
        }
        if self.tail.len() > 2 * half {
            self.tail.drain(..self.tail.len() - half);
        }
    }

    /// Cuts `bytes` into lines and hands out those that are complete.
    pub(crate) fn lines(&mut self, stream: Stream, bytes: &[u8], on_line: &(dyn Fn(Stream, &str) + Sync)) {
        for part in bytes.split_inclusive(|b| *b == b'\n') {
            self.line.extend_from_slice(part);
            if part.ends_with(b"\n") || self.line.len() >= LONGEST_LINE {
                self.last_line(stream, on_line);
            }
        }
    }

    /// Hands out a last line that had no line end.
    pub(crate) fn last_line(&mut self, stream: Stream, on_line: &(dyn Fn(Stream, &str) + Sync)) {
        if self.line.is_empty() {
            return;
        }
        let text = String::from_utf8_lossy(&self.line);
        let text = text.strip_suffix('\n').unwrap_or(&text);
        on_line(stream, text.strip_suffix('\r').unwrap_or(text));
        self.line.clear();
    }

    /// What was kept, and whether something was dropped.
    pub(crate) fn finish(mut self) -> (Vec<u8>, bool) {
        let half = self.max / 2;
        if self.tail.len() > half {
            self.tail.drain(..self.tail.len() - half);
        }
        self.head.append(&mut self.tail);
        (self.head, self.dropped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::sync::Mutex;

    proptest! {
        #[test]
        fn keeps_both_ends(chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..20), max in 0usize..64) {
            let all: Vec<u8> = chunks.concat();
            let mut kept = Kept::new(max);
            for c in &chunks { kept.push(c); }
            let (out, dropped) = kept.finish();
            if all.len() <= max {
                prop_assert_eq!(&out, &all);
                prop_assert!(!dropped);
            } else {
                prop_assert!(dropped);
                let half = max / 2;
                let expected = [&all[..max - half], &all[all.len() - half..]].concat();
                prop_assert_eq!(out, expected);
            }
        }

        #[test]
        fn lines_do_not_depend_on_chunks(text in "[ab\n\r]{0,60}", size in 1usize..9) {
            let seen = Mutex::new(Vec::new());
            let mut kept = Kept::new(0);
            let on_line = |_: Stream, l: &str| seen.lock().unwrap().push(l.to_owned());
            for c in text.as_bytes().chunks(size) { kept.lines(Stream::Stdout, c, &on_line); }
            kept.last_line(Stream::Stdout, &on_line);
            let mut expected: Vec<&str> = text.split('\n').map(|l| l.strip_suffix('\r').unwrap_or(l)).collect();
            if text.is_empty() || text.ends_with('\n') { expected.pop(); }
            prop_assert_eq!(seen.into_inner().unwrap(), expected);
        }
    }
}
