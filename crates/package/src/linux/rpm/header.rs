//! rpm's header structure: tagged values, an index of them, their store (rpm 4, "RPM V4 Package format").
//!
//! Owns: types, alignment, the region that marks what belongs together. Must not: know what a tag means.

use std::collections::BTreeMap;

/// A tag's values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Int16(Vec<u16>),
    Int32(Vec<u32>),
    Int64(Vec<u64>),
    Text(String),
    Bytes(Vec<u8>),
    Texts(Vec<String>),
    /// A text with translations; there is only the one for `C`.
    Translated(String),
}

impl Value {
    /// The number of the type.
    fn kind(&self) -> u32 {
        match self {
            Value::Int16(_) => 3,
            Value::Int32(_) => 4,
            Value::Int64(_) => 5,
            Value::Text(_) => 6,
            Value::Bytes(_) => 7,
            Value::Texts(_) => 8,
            Value::Translated(_) => 9,
        }
    }

    fn count(&self) -> usize {
        match self {
            Value::Int16(v) => v.len(),
            Value::Int32(v) => v.len(),
            Value::Int64(v) => v.len(),
            Value::Bytes(v) => v.len(),
            Value::Texts(v) => v.len(),
            Value::Text(_) | Value::Translated(_) => 1,
        }
    }

    fn alignment(&self) -> usize {
        match self {
            Value::Int16(_) => 2,
            Value::Int32(_) => 4,
            Value::Int64(_) => 8,
            Value::Text(_) | Value::Bytes(_) | Value::Texts(_) | Value::Translated(_) => 1,
        }
    }

    fn store(&self, store: &mut Vec<u8>) {
        match self {
            Value::Int16(v) => v.iter().for_each(|n| store.extend_from_slice(&n.to_be_bytes())),
            Value::Int32(v) => v.iter().for_each(|n| store.extend_from_slice(&n.to_be_bytes())),
            Value::Int64(v) => v.iter().for_each(|n| store.extend_from_slice(&n.to_be_bytes())),
            Value::Bytes(v) => store.extend_from_slice(v),
            Value::Text(t) | Value::Translated(t) => push_text(store, t),
            Value::Texts(v) => v.iter().for_each(|t| push_text(store, t)),
        }
    }
}

fn push_text(store: &mut Vec<u8>, text: &str) {
    store.extend_from_slice(text.as_bytes());
    store.push(0);
}

/// A header under construction; a tag that is set without any value is left out.
#[derive(Debug, Default)]
pub(super) struct Header {
    tags: BTreeMap<u32, Value>,
}

impl Header {
    pub(super) fn set(&mut self, tag: u32, value: Value) {
        if value.count() > 0 {
            self.tags.insert(tag, value);
        }
    }

    pub(super) fn text(&mut self, tag: u32, text: &str) {
        self.set(tag, Value::Text(text.to_owned()));
    }

    /// A text, unless it is empty.
    pub(super) fn filled(&mut self, tag: u32, text: &str) {
        if !text.is_empty() {
            self.text(tag, text);
        }
    }

    pub(super) fn int(&mut self, tag: u32, number: u32) {
        self.set(tag, Value::Int32(vec![number]));
    }

    pub(super) fn ints(&mut self, tag: u32, numbers: impl IntoIterator<Item = u32>) {
        self.set(tag, Value::Int32(numbers.into_iter().collect()));
    }

    pub(super) fn texts(&mut self, tag: u32, texts: impl IntoIterator<Item = String>) {
        self.set(tag, Value::Texts(texts.into_iter().collect()));
    }

    /// The bytes: magic, number of entries, size of the store, index, store. `region` is the tag of the entry that covers
    /// all others; its own value, at the end of the store, says where it begins.
    pub(super) fn bytes(&self, region: u32) -> Vec<u8> {
        let mut store = Vec::new();
        let mut index = Vec::new();
        for (tag, value) in &self.tags {
            while !store.len().is_multiple_of(value.alignment()) {
                store.push(0);
            }
            push_entry(&mut index, *tag, value.kind(), store.len() as u32, value.count() as u32);
            value.store(&mut store);
        }
        let entries = self.tags.len() as u32 + 1;
        let mut first = Vec::new();
        push_entry(&mut first, region, 7, store.len() as u32, 16);
        push_entry(&mut store, region, 7, (entries * 16).wrapping_neg(), 16);
        let mut bytes = vec![0x8e, 0xad, 0xe8, 1, 0, 0, 0, 0];
        bytes.extend_from_slice(&entries.to_be_bytes());
        bytes.extend_from_slice(&(store.len() as u32).to_be_bytes());
        for part in [first, index, store] {
            bytes.extend_from_slice(&part);
        }
        bytes
    }
}

fn push_entry(index: &mut Vec<u8>, tag: u32, kind: u32, offset: u32, count: u32) {
    for number in [tag, kind, offset, count] {
        index.extend_from_slice(&number.to_be_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_aligned_and_the_region_covers_them() {
        let mut header = Header::default();
        header.text(1000, "ab");
        header.int(1009, 7);
        header.filled(1011, "");
        let bytes = header.bytes(63);
        let word = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap());
        assert_eq!((word(8), word(12)), (3, 8 + 16), "entries, store");
        // Region: 16 bytes at 8 of the store; the text at 0; the number at 4, after one zero.
        assert_eq!((word(16), word(24), word(40), word(56)), (63, 8, 0, 4));
        let store = 16 + 3 * 16;
        assert_eq!(&bytes[store..store + 8], b"ab\0\0\0\0\0\x07");
        assert_eq!(word(store + 16), (-48i32) as u32);
    }
}
