//! ssh's numbers and texts (RFC 4251 section 5). Reading never goes past the end.

use zeroize::Zeroizing;

/// What is left to read.
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn raw(&mut self, n: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.0.split_at_checked(n)?;
        self.0 = rest;
        Some(head)
    }

    pub(super) fn number(&mut self) -> Option<u32> {
        Some(u32::from_be_bytes(self.raw(4)?.try_into().ok()?))
    }

    pub(super) fn text(&mut self) -> Option<&'a [u8]> {
        let n = self.number()?;
        self.raw(usize::try_from(n).ok()?)
    }

    /// A number that is not negative, without leading zeros, in at most `width` bytes.
    pub(super) fn positive(&mut self, width: usize) -> Option<Vec<u8>> {
        let text = self.text()?;
        let digits = text.strip_prefix(&[0]).unwrap_or(text);
        let negative = text.first().is_some_and(|b| b & 0x80 != 0);
        (!negative && digits.len() <= width).then(|| digits.to_vec())
    }
}

/// What was written; wiped from memory when dropped, since it may be a key.
#[derive(Default)]
pub(super) struct Writer {
    pub(super) bytes: Vec<u8>,
}

impl Drop for Writer {
    fn drop(&mut self) {
        drop(Zeroizing::new(std::mem::take(&mut self.bytes)));
    }
}

impl Writer {
    pub(super) fn raw(&mut self, bytes: &[u8]) -> &mut Self {
        self.bytes.extend_from_slice(bytes);
        self
    }

    pub(super) fn number(&mut self, n: u32) -> &mut Self {
        self.raw(&n.to_be_bytes())
    }

    pub(super) fn text(&mut self, text: &[u8]) -> &mut Self {
        // Everything that is written here is a few hundred bytes.
        self.number(u32::try_from(text.len()).unwrap_or(u32::MAX)).raw(text)
    }

    /// A number that is not negative.
    pub(super) fn positive(&mut self, digits: &[u8]) -> &mut Self {
        let start = digits.iter().position(|b| *b != 0).unwrap_or(digits.len());
        let digits = &digits[start..];
        match digits.first().is_some_and(|b| b & 0x80 != 0) {
            true => self.text(&[&[0], digits].concat()),
            false => self.text(digits),
        }
    }
}
