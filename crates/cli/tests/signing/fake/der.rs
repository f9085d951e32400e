//! DER, as little as certificates and timestamps need.

pub(super) fn value(tag: u8, content: &[u8]) -> Vec<u8> {
    let n = content.len();
    let length = match n {
        0..128 => vec![u8::try_from(n).unwrap()],
        128..256 => vec![0x81, u8::try_from(n).unwrap()],
        _ => vec![0x82, u8::try_from(n >> 8).unwrap(), u8::try_from(n & 255).unwrap()],
    };
    [&[tag], &length[..], content].concat()
}

pub(super) fn seq(parts: &[&[u8]]) -> Vec<u8> {
    value(0x30, &parts.concat())
}

pub(super) fn set(parts: &[&[u8]]) -> Vec<u8> {
    let mut sorted = parts.to_vec();
    sorted.sort_unstable();
    value(0x31, &sorted.concat())
}

/// `[n]`, constructed.
pub(super) fn context(n: u8, content: &[u8]) -> Vec<u8> {
    value(0xa0 | n, content)
}

pub(super) fn int(n: u64) -> Vec<u8> {
    let bytes = n.to_be_bytes();
    let digits = &bytes[bytes.iter().position(|b| *b != 0).unwrap_or(7)..];
    if digits[0] & 0x80 != 0 { value(2, &[&[0], digits].concat()) } else { value(2, digits) }
}

pub(super) fn octets(content: &[u8]) -> Vec<u8> {
    value(4, content)
}

pub(super) fn bits(content: &[u8]) -> Vec<u8> {
    value(3, &[&[0], content].concat())
}

pub(super) fn text(content: &str) -> Vec<u8> {
    value(12, content.as_bytes())
}

pub(super) fn oid(dotted: &str) -> Vec<u8> {
    let parts: Vec<u32> = dotted.split('.').map(|p| p.parse().unwrap()).collect();
    let mut out = vec![];
    for part in std::iter::once(parts[0] * 40 + parts[1]).chain(parts[2..].iter().copied()) {
        let mut groups = vec![u8::try_from(part & 127).unwrap()];
        let mut rest = part >> 7;
        while rest > 0 {
            groups.push(u8::try_from(rest & 127).unwrap() | 0x80);
            rest >>= 7;
        }
        out.extend(groups.iter().rev());
    }
    value(6, &out)
}

/// GeneralizedTime.
pub(super) fn time(unix: i64) -> Vec<u8> {
    let t = jiff::Timestamp::from_second(unix).unwrap().to_zoned(jiff::tz::TimeZone::UTC);
    value(24, t.strftime("%Y%m%d%H%M%SZ").to_string().as_bytes())
}

/// UTCTime, which certificates have until 2050.
pub(super) fn short_time(unix: i64) -> Vec<u8> {
    let t = jiff::Timestamp::from_second(unix).unwrap().to_zoned(jiff::tz::TimeZone::UTC);
    value(23, t.strftime("%y%m%d%H%M%SZ").to_string().as_bytes())
}
