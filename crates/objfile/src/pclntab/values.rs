//! Tables of values by address (`pctab`): pairs of differences, the value's zig-zagged (runtime/symtab.go, `step`).
//!
//! Must not: follow a table further than its function, so that tables that overlap cost no more than their text.

/// The stretches of one table, in order.
pub(crate) struct Values<'t> {
    bytes: &'t [u8],
    pub(crate) quantum: u32,
    value: i32,
    pc: u64,
    limit: u64,
    first: bool,
}

/// A stretch of a function with one value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stretch {
    pub(crate) value: i32,
    /// Where it ends, from the function's start.
    pub(crate) end: u64,
}

impl<'t> Values<'t> {
    /// The table at `offset` of `tables`, for a function of `size`. There is none at offset 0: every value is -1.
    pub(crate) fn new(tables: &'t [u8], offset: u32, quantum: u32, size: u64) -> Self {
        let bytes = if offset == 0 { &[][..] } else { tables.get(offset as usize..).unwrap_or_default() };
        Values { bytes, quantum, value: -1, pc: 0, limit: size, first: true }
    }

    /// The value at `pc` from the function's start; none outside of the table.
    pub(crate) fn at(mut self, pc: u64) -> Option<i32> {
        self.find(|s| pc < s.end).map(|s| s.value)
    }

    fn number(&mut self) -> Option<u32> {
        let mut value = 0u32;
        for shift in (0..35).step_by(7) {
            let (&byte, rest) = self.bytes.split_first()?;
            self.bytes = rest;
            value |= u32::from(byte & 0x7f).checked_shl(shift)?;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }
}

impl Iterator for Values<'_> {
    type Item = Stretch;

    fn next(&mut self) -> Option<Stretch> {
        if self.pc >= self.limit {
            return None;
        }
        let change = self.number()?;
        if change == 0 && !self.first {
            return None;
        }
        self.first = false;
        let step = self.number()?;
        // The linker writes no empty stretch; without this a table could be read for ever.
        if step == 0 {
            self.bytes = &[];
            return None;
        }
        self.value = self.value.wrapping_add(((change >> 1) as i32) ^ -((change & 1) as i32));
        self.pc = self.pc.saturating_add(u64::from(step) * u64::from(self.quantum));
        Some(Stretch { value: self.value, end: self.pc })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(bytes: &[u8], quantum: u32, size: u64) -> Vec<(i32, u64)> {
        Values::new(bytes, 1, quantum, size).map(|s| (s.value, s.end)).collect()
    }

    #[test]
    fn tables_are_read_as_the_runtime_does() {
        // From -1: +11 for 4, -3 for 2, 0 ends.
        assert_eq!(all(&[9, 22, 4, 5, 2, 0, 7], 1, 100), [(10, 4), (7, 6)]);
        assert_eq!(all(&[9, 22, 4, 5, 2, 0, 7], 4, 100), [(10, 16), (7, 24)]);
        // The first difference may be 0; a long number; the function's end.
        assert_eq!(all(&[9, 0, 0x80, 1, 2, 1, 0], 1, 1000), [(-1, 128), (0, 129)]);
        assert_eq!(all(&[9, 0, 0x80, 1, 2, 1, 0], 1, 100), [(-1, 128)]);
        // Damage: an empty stretch, a cut, a number of too many bytes.
        assert_eq!(all(&[9, 2, 0, 2, 1, 0], 1, 100), []);
        assert_eq!(all(&[9, 2], 1, 100), []);
        assert_eq!(all(&[9, 0x80, 0x80, 0x80, 0x80, 0x80, 1, 1], 1, 100), []);
        assert_eq!(Values::new(&[9, 22, 4, 0], 0, 1, 8).at(0), None);
        assert_eq!(Values::new(&[9, 22, 4, 0], 1, 1, 8).at(3), Some(10));
        assert_eq!(Values::new(&[9, 22, 4, 0], 1, 1, 8).at(4), None);
    }
}
