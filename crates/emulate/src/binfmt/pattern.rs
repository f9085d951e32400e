//! Bytes at a place, under a mask.

/// As many bytes of a file as the kernel looks at (`BINPRM_BUF_SIZE`); those past the file's end count as zero.
pub const HEAD: usize = 256;

/// What the first bytes of a file must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    /// Where the magic begins.
    pub offset: usize,
    /// The bytes.
    pub magic: Vec<u8>,
    /// Which of their bits count; as long as the magic.
    pub mask: Vec<u8>,
}

impl Pattern {
    /// Whether a file that begins with `head` is taken, as the kernel compares: bytes after the file's end are zero,
    /// those past [`HEAD`] do not count. A pattern that the kernel would not hold takes nothing.
    pub fn matches(&self, head: &[u8]) -> bool {
        let head = &head[..head.len().min(HEAD)];
        let byte = |at: usize| head.get(at).copied().unwrap_or(0);
        self.is_valid()
            && self
                .magic
                .iter()
                .zip(&self.mask)
                .zip(self.offset..)
                .all(|((magic, mask), at)| (byte(at) ^ magic) & mask == 0)
    }

    /// Whether some file could be taken by both.
    pub fn overlaps(&self, other: &Pattern) -> bool {
        self.is_valid()
            && other.is_valid()
            && (0..HEAD).all(|at| {
                let ((one, one_mask), (two, two_mask)) = (self.at(at), other.at(at));
                (one ^ two) & one_mask & two_mask == 0
            })
    }

    /// Whether every file that `other` takes is taken by this one too.
    pub fn covers(&self, other: &Pattern) -> bool {
        self.is_valid()
            && other.is_valid()
            && (0..HEAD).all(|at| {
                let ((one, one_mask), (two, two_mask)) = (self.at(at), other.at(at));
                one_mask & !two_mask == 0 && (one ^ two) & one_mask == 0
            })
    }

    /// What the kernel asks of a registration: something to compare, and all of it within the first bytes.
    pub fn is_valid(&self) -> bool {
        !self.magic.is_empty()
            && self.magic.len() == self.mask.len()
            && self.offset.checked_add(self.magic.len()).is_some_and(|end| end <= HEAD)
    }

    /// Byte and mask at a place in the file.
    fn at(&self, place: usize) -> (u8, u8) {
        let i = place.checked_sub(self.offset);
        i.and_then(|i| Some((*self.magic.get(i)?, *self.mask.get(i)?))).unwrap_or((0, 0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(offset: usize, magic: &[u8], mask: &[u8]) -> Pattern {
        Pattern { offset, magic: magic.into(), mask: mask.into() }
    }

    #[test]
    fn files() {
        let p = pattern(1, b"bc", &[0xff, 0xfe]);
        for (file, taken) in [
            (&b"abc"[..], true),
            (b"xbb", true), // the last bit does not count
            (b"abd", false),
            (b"bc", false),
            (b"", false),
        ] {
            assert_eq!(p.matches(file), taken, "{file:?}");
        }
        assert!(pattern(2, &[0], &[0xff]).matches(b"ab"), "bytes after the end are zero");
        let mut long = [0; HEAD + 1];
        long[HEAD] = 1;
        assert!(!pattern(HEAD, &[1], &[0xff]).matches(&long), "the kernel does not look there");
        assert!(!pattern(0, &[], &[]).matches(b"abc"));
    }

    #[test]
    fn two_patterns() {
        let (wide, narrow) = (pattern(0, b"ab", &[0xff, 0]), pattern(0, b"ab", &[0xff, 0xff]));
        assert!(wide.overlaps(&narrow) && narrow.overlaps(&wide));
        assert!(wide.covers(&narrow) && !narrow.covers(&wide));
        let other = pattern(0, b"b", &[0xff]);
        assert!(!wide.overlaps(&other) && !wide.covers(&other));
        let elsewhere = pattern(5, b"z", &[0xff]);
        assert!(wide.overlaps(&elsewhere) && !wide.covers(&elsewhere));
    }
}
