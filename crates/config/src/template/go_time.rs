//! Owns: Go's time layouts ("2006-01-02T15:04:05Z07:00") and the methods of `time.Time`, for times in UTC.

use super::value::Value;
use jiff::civil::{DateTime, Weekday};
use jiff::{Timestamp, ToSpan as _, tz::TimeZone};
use std::fmt::Write as _;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// What `String` and printing use.
pub(super) const PRINTED: &str = "2006-01-02 15:04:05.999999999 -0700 MST";

fn civil(time: Timestamp) -> DateTime {
    TimeZone::UTC.to_datetime(time)
}

fn month_name(at: DateTime) -> &'static str {
    MONTHS.get(usize::try_from(at.month() - 1).unwrap_or(0)).copied().unwrap_or_default()
}

fn day_index(at: DateTime) -> usize {
    match at.weekday() {
        Weekday::Sunday => 0,
        day => usize::try_from(day.to_monday_one_offset()).unwrap_or(0),
    }
}

/// `time` in UTC by a Go layout.
pub fn format_time(time: Timestamp, layout: &str) -> String {
    let at = civil(time);
    let mut out = String::with_capacity(layout.len() + 8);
    let mut rest = layout;
    while let Some(c) = rest.chars().next() {
        match element(rest) {
            Some((element, width)) => {
                write_element(&mut out, at, element);
                rest = &rest[width..];
            }
            None => {
                out.push(c);
                rest = &rest[c.len_utf8()..];
            }
        }
    }
    out
}

/// The layout element that `s` starts with, by its name in the reference time, and its width.
fn element(s: &str) -> Option<(&str, usize)> {
    const ELEMENTS: [&str; 34] = [
        "January",
        "Jan",
        "Monday",
        "Mon",
        "MST",
        "2006",
        "01",
        "02",
        "03",
        "04",
        "05",
        "06",
        "002",
        "15",
        "1",
        "2",
        "_2006",
        "__2",
        "_2",
        "3",
        "4",
        "5",
        "PM",
        "pm",
        "-07:00:00",
        "-070000",
        "-07:00",
        "-0700",
        "-07",
        "Z07:00:00",
        "Z070000",
        "Z07:00",
        "Z0700",
        "Z07",
    ];
    if let Some(width) = fraction(s) {
        return Some((&s[..width], width));
    }
    let mut best: Option<&str> = None;
    for known in ELEMENTS {
        if s.starts_with(known) && best.is_none_or(|b| known.len() > b.len()) {
            best = Some(known);
        }
    }
    let best = best?;
    // "Jan" and "Mon" are not elements inside a longer word such as "Month".
    if matches!(best, "Jan" | "Mon") && s[3..].starts_with(|c: char| c.is_ascii_lowercase()) {
        return None;
    }
    Some((best, best.len()))
}

/// Width of a fraction of a second (`.000`, `,999`) that no digit follows.
fn fraction(s: &str) -> Option<usize> {
    let rest = s.strip_prefix(['.', ','])?;
    let digit = rest.chars().next().filter(|c| matches!(c, '0' | '9'))?;
    let digits = rest.len() - rest.trim_start_matches(digit).len();
    (!rest[digits..].starts_with(|c: char| c.is_ascii_digit())).then_some(1 + digits)
}

fn write_element(out: &mut String, at: DateTime, element: &str) {
    let hour12 = match at.hour() % 12 {
        0 => 12,
        hour => hour,
    };
    let day_name = DAYS[day_index(at)];
    let _ = match element {
        "January" => write!(out, "{}", month_name(at)),
        "Jan" => write!(out, "{}", &month_name(at)[..3]),
        "Monday" => write!(out, "{day_name}"),
        "Mon" => write!(out, "{}", &day_name[..3]),
        "MST" => write!(out, "UTC"),
        "2006" => write!(out, "{:04}", at.year()),
        "_2006" => write!(out, "_{:04}", at.year()),
        "06" => write!(out, "{:02}", at.year().rem_euclid(100)),
        "01" => write!(out, "{:02}", at.month()),
        "1" => write!(out, "{}", at.month()),
        "02" => write!(out, "{:02}", at.day()),
        "_2" => write!(out, "{:>2}", at.day()),
        "2" => write!(out, "{}", at.day()),
        "002" => write!(out, "{:03}", at.day_of_year()),
        "__2" => write!(out, "{:>3}", at.day_of_year()),
        "15" => write!(out, "{:02}", at.hour()),
        "03" => write!(out, "{hour12:02}"),
        "3" => write!(out, "{hour12}"),
        "04" => write!(out, "{:02}", at.minute()),
        "4" => write!(out, "{}", at.minute()),
        "05" => write!(out, "{:02}", at.second()),
        "5" => write!(out, "{}", at.second()),
        "PM" => write!(out, "{}", if at.hour() >= 12 { "PM" } else { "AM" }),
        "pm" => write!(out, "{}", if at.hour() >= 12 { "pm" } else { "am" }),
        zone if zone.starts_with('Z') => write!(out, "Z"),
        zone if zone.starts_with('-') => write!(out, "+{}", zone[1..].replace('7', "0")),
        digits => {
            write_fraction(out, at.subsec_nanosecond(), digits);
            Ok(())
        }
    };
}

fn write_fraction(out: &mut String, nanos: i32, layout: &str) {
    let (separator, digits) = layout.split_at(1);
    let all = format!("{nanos:09}");
    let wanted: String = all.chars().chain(std::iter::repeat('0')).take(digits.len()).collect();
    let shown = if digits.starts_with('9') { wanted.trim_end_matches('0') } else { &wanted };
    if !shown.is_empty() {
        out.push_str(separator);
        out.push_str(shown);
    }
}

fn arity(name: &str, args: &[Value], want: usize) -> Result<(), String> {
    if args.len() == want {
        return Ok(());
    }
    Err(format!("wrong number of args for {name}: want {want} got {}", args.len()))
}

fn int(value: &Value) -> Result<i64, String> {
    match value {
        Value::Int(i) | Value::Named(i, _) => Ok(*i),
        other => Err(format!("wrong type for value; expected int; got {}", other.type_name())),
    }
}

fn other_time(value: &Value) -> Result<Timestamp, String> {
    match value {
        Value::Time(time) => Ok(*time),
        other => Err(format!("wrong type for value; expected time.Time; got {}", other.type_name())),
    }
}

/// Calls a method of `time.Time`.
pub(super) fn method(time: Timestamp, name: &str, args: &[Value]) -> Result<Value, String> {
    let at = civil(time);
    let out_of_range = |_| format!("error calling {name}: time out of range");
    let want = match name {
        "Format" | "After" | "Before" | "Equal" | "Compare" | "Add" => 1,
        "AddDate" => 3,
        _ => 0,
    };
    let value = match name {
        "Format" => {
            arity(name, args, want)?;
            return match &args[0] {
                Value::Str(layout) => Ok(Value::from(format_time(time, layout))),
                other => Err(format!("wrong type for value; expected string; got {}", other.type_name())),
            };
        }
        "After" | "Before" | "Equal" | "Compare" => {
            arity(name, args, want)?;
            let order = time.cmp(&other_time(&args[0])?);
            match name {
                "After" => Value::Bool(order.is_gt()),
                "Before" => Value::Bool(order.is_lt()),
                "Equal" => Value::Bool(order.is_eq()),
                _ => Value::Int(order as i64),
            }
        }
        "Add" => {
            arity(name, args, want)?;
            let nanos = jiff::SignedDuration::from_nanos(int(&args[0])?);
            Value::Time(time.checked_add(nanos).map_err(out_of_range)?)
        }
        "AddDate" => {
            arity(name, args, want)?;
            Value::Time(add_date(at, int(&args[0])?, int(&args[1])?, int(&args[2])?).map_err(out_of_range)?)
        }
        "UTC" | "Local" => Value::Time(time),
        "Unix" => Value::Int(time.as_nanosecond().div_euclid(1_000_000_000) as i64),
        "UnixMilli" => Value::Int(time.as_nanosecond().div_euclid(1_000_000) as i64),
        "UnixMicro" => Value::Int(time.as_nanosecond().div_euclid(1_000) as i64),
        "UnixNano" => Value::Int(time.as_nanosecond() as i64),
        "Year" => Value::Int(at.year().into()),
        "Month" => Value::Named(at.month().into(), month_name(at)),
        "Day" => Value::Int(at.day().into()),
        "Hour" => Value::Int(at.hour().into()),
        "Minute" => Value::Int(at.minute().into()),
        "Second" => Value::Int(at.second().into()),
        "Nanosecond" => Value::Int(at.subsec_nanosecond().into()),
        "YearDay" => Value::Int(at.day_of_year().into()),
        "Weekday" => Value::Named(i64::try_from(day_index(at)).unwrap_or(0), DAYS[day_index(at)]),
        "String" => Value::from(format_time(time, PRINTED)),
        "IsZero" => Value::Bool(at.year() == 1 && time == first_instant()),
        _ => return Err(format!("can't evaluate field {name} in type time.Time")),
    };
    arity(name, args, want)?;
    Ok(value)
}

/// Go's zero time: 1 January of year 1.
fn first_instant() -> Timestamp {
    Timestamp::from_second(-62_135_596_800).unwrap_or_default()
}

/// Go's normalisation: months overflow into years, then days are counted on.
fn add_date(at: DateTime, years: i64, months: i64, days: i64) -> Result<Timestamp, jiff::Error> {
    let total = i64::from(at.month() - 1).saturating_add(months);
    let year = i64::from(at.year()).saturating_add(years).saturating_add(total.div_euclid(12));
    let year = i16::try_from(year).unwrap_or(i16::MAX);
    let month = i8::try_from(total.rem_euclid(12) + 1).unwrap_or(1);
    let start = jiff::civil::Date::new(year, month, 1)?;
    let date = start
        .checked_add((i64::from(at.day()) - 1).saturating_add(days).clamp(-7_000_000, 7_000_000).days())?;
    TimeZone::UTC.to_timestamp(date.to_datetime(at.time()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_layouts() {
        let time: Timestamp = "2026-03-09T02:06:07.0105Z".parse().unwrap();
        for (layout, expected) in [
            ("2006-01-02T15:04:05Z07:00", "2026-03-09T02:06:07Z"),
            ("Mon Jan _2 15:04:05 MST 2006", "Mon Mar  9 02:06:07 UTC 2026"),
            ("Monday, 02-January-06 3:4:5pm PM", "Monday, 09-March-26 2:6:7am AM"),
            ("20060102150405", "20260309020607"),
            ("2006.002 __2", "2026.068  68"),
            ("05.000 05.999999 05,00", "07.010 07.0105 07,01"),
            ("-0700 -07:00 -07 Z0700", "+0000 +00:00 +00 Z"),
            ("Month Janet _2006", "Month Janet _2026"),
            ("", ""),
        ] {
            assert_eq!(format_time(time, layout), expected, "{layout}");
        }
        let shown = method(time, "AddDate", &[Value::Int(0), Value::Int(-1), Value::Int(-9)]).unwrap();
        assert_eq!(shown, Value::Time("2026-01-31T02:06:07.0105Z".parse().unwrap()));
    }
}
