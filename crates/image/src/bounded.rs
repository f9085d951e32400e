//! How much compressed bytes may become: a few may say that they are very many.

use std::io::{self, Read};

/// Whatever unpacks to less is taken: an image's files may be mostly zeros.
const ALWAYS: u64 = 1 << 30;
/// What layers are made of shrinks to a third or a tenth, logs to a twentieth.
const TIMES: u64 = 64;

/// Ends a stream with an error where it is longer than what its packed bytes may become.
pub(crate) struct Bounded<R> {
    from: R,
    packed: u64,
    left: u64,
}

impl<R: Read> Bounded<R> {
    /// `from` is unpacked from `packed` bytes.
    pub(crate) fn new(from: R, packed: u64) -> Bounded<R> {
        Bounded { from, packed, left: limit(packed) }
    }
}

fn limit(packed: u64) -> u64 {
    ALWAYS.saturating_add(packed.saturating_mul(TIMES))
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n = self.from.read(out)? as u64;
        self.left = self.left.checked_sub(n).ok_or_else(|| {
            let (packed, most) = (self.packed, limit(self.packed) >> 20);
            io::Error::new(
                io::ErrorKind::InvalidData,
                format!("{packed} bytes unpack to more than {most} MiB"),
            )
        })?;
        Ok(usize::try_from(n).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_bytes_do_not_become_very_many() {
        let zeros = |n: u64| Bounded::new(io::repeat(0).take(n), 10);
        let most = limit(10);
        assert_eq!(most, (1 << 30) + 640);
        assert_eq!(io::copy(&mut zeros(most), &mut io::sink()).unwrap(), most);
        let e = io::copy(&mut zeros(most + 1), &mut io::sink()).unwrap_err();
        assert_eq!(e.to_string(), "10 bytes unpack to more than 1024 MiB");
        assert_eq!(limit(u64::MAX), u64::MAX);
    }
}
