//! Protocol buffers' wire format, as far as pprof needs it (protobuf.dev, "Encoding"). Some hundred lines instead of a
//! crate with a generator: the format has not changed in fifteen years, and a supply-chain tool is judged by its tree.

/// One field of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Value<'b> {
    Number(u64),
    Bytes(&'b [u8]),
}

/// The fields of a message; ends early, with `None` in the iterator's item, if it is damaged.
pub(super) struct Fields<'b>(pub(super) &'b [u8]);

impl<'b> Iterator for Fields<'b> {
    /// Number and value; none for a damaged message, after which nothing comes.
    type Item = Option<(u64, Value<'b>)>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_none() {
            self.0 = &[];
        }
        Some(field)
    }
}

impl<'b> Fields<'b> {
    fn field(&mut self) -> Option<(u64, Value<'b>)> {
        let key = number(&mut self.0)?;
        let value = match key & 7 {
            0 => Value::Number(number(&mut self.0)?),
            1 => Value::Bytes(self.take(8)?),
            2 => {
                let len = usize::try_from(number(&mut self.0)?).ok()?;
                Value::Bytes(self.take(len)?)
            }
            5 => Value::Bytes(self.take(4)?),
            _ => return None,
        };
        Some((key >> 3, value))
    }

    fn take(&mut self, len: usize) -> Option<&'b [u8]> {
        let (taken, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(taken)
    }
}

/// A varint.
pub(super) fn number(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

/// The numbers of a repeated field, which is packed or not.
pub(super) fn numbers(value: Value<'_>, out: &mut Vec<u64>) -> Option<()> {
    match value {
        Value::Number(n) => out.push(n),
        Value::Bytes(mut bytes) => {
            while !bytes.is_empty() {
                out.push(number(&mut bytes)?);
            }
        }
    }
    Some(())
}

/// A message that is being written.
#[derive(Default)]
pub(super) struct Message(pub(super) Vec<u8>);

impl Message {
    fn varint(&mut self, mut n: u64) {
        while n >= 0x80 {
            self.0.push(n as u8 | 0x80);
            n >>= 7;
        }
        self.0.push(n as u8);
    }

    /// Zero is what an absent field means.
    pub(super) fn number(&mut self, field: u64, n: u64) {
        if n != 0 {
            self.varint(field << 3);
            self.varint(n);
        }
    }

    pub(super) fn bytes(&mut self, field: u64, bytes: &[u8]) {
        self.varint(field << 3 | 2);
        self.varint(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
    }

    pub(super) fn message(&mut self, field: u64, fill: impl FnOnce(&mut Message)) {
        let mut inner = Message::default();
        fill(&mut inner);
        self.bytes(field, &inner.0);
    }

    pub(super) fn packed(&mut self, field: u64, numbers: impl IntoIterator<Item = u64>) {
        let mut inner = Message::default();
        numbers.into_iter().for_each(|n| inner.varint(n));
        self.bytes(field, &inner.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let mut m = Message::default();
        m.number(1, 300);
        m.number(2, 0);
        m.bytes(3, b"text");
        m.packed(4, [1, 128, u64::MAX]);
        let fields: Vec<_> = Fields(&m.0).map(Option::unwrap).collect();
        assert_eq!(fields[..2], [(1, Value::Number(300)), (3, Value::Bytes(b"text"))]);
        let mut list = vec![];
        numbers(fields[2].1, &mut list).unwrap();
        assert_eq!(list, [1, 128, u64::MAX]);
        // Cut anywhere: whole fields, then one that is damaged.
        for len in 0..m.0.len() {
            assert!(Fields(&m.0[..len]).filter(Option::is_none).count() <= 1);
        }
    }
}
