//! Durations as Go writes them: `1h30m`, `90s`, `1.5h`.

use std::time::Duration;

/// Reads a duration; units are h, m, s, ms.
pub(crate) fn parse(text: &str) -> Result<Duration, String> {
    let bad = || format!("`{text}` is not a duration; write e.g. 1h, 30m, 1h30m, 90s");
    let mut rest = text.trim();
    let mut seconds = 0.0_f64;
    if rest.is_empty() {
        return Err(bad());
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or_else(bad)?;
        let (number, after) = rest.split_at(digits);
        let end = after.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(after.len());
        let (unit, after) = after.split_at(end);
        let scale = match unit {
            "h" => 3600.0,
            "m" => 60.0,
            "s" => 1.0,
            "ms" => 0.001,
            _ => return Err(bad()),
        };
        seconds += number.parse::<f64>().map_err(|_| bad())? * scale;
        rest = after;
    }
    Duration::try_from_secs_f64(seconds).map_err(|_| bad())
}

/// A limit for people: `50 ms`, else as [`show`] has it.
pub(crate) fn limit(wall: Duration) -> String {
    match u64::try_from(wall.as_millis()).unwrap_or(u64::MAX) {
        millis @ 0..100 => format!("{millis} ms"),
        millis => show(millis),
    }
}

/// Milliseconds for people: `0.3 s`, `1 m 20 s`.
pub(crate) fn show(millis: u64) -> String {
    match millis {
        0..60_000 => format!("{}.{} s", millis / 1000, millis % 1000 / 100),
        _ => format!("{} m {} s", millis / 60_000, millis % 60_000 / 1000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        for (text, seconds) in
            [("1h", 3600.0), ("1h30m", 5400.0), ("90s", 90.0), ("1.5h", 5400.0), ("250ms", 0.25)]
        {
            assert_eq!(parse(text), Ok(Duration::from_secs_f64(seconds)), "{text}");
        }
        for text in ["", "1", "h", "1d", "-1h", "1h x", "1..5h", "99999999999999999999999h"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn times_for_people() {
        assert_eq!(limit(Duration::from_millis(50)), "50 ms");
        assert_eq!(limit(Duration::from_millis(100)), "0.1 s");
        assert_eq!(show(340), "0.3 s");
        assert_eq!(show(12_340), "12.3 s");
        assert_eq!(show(80_000), "1 m 20 s");
    }
}
