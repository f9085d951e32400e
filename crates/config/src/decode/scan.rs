//! `[scan]` and `[alert]`.

use super::view::View;
use crate::model::{Alert, Scan, ScanIgnore, Text};
use goferry_report::{Code, Diagnostic, Diagnostics};

pub(super) fn read_scan(scan: &View<'_>, diagnostics: &mut Diagnostics) -> Scan {
    let age = scan.text("max_age");
    let max_age_seconds = age.as_ref().and_then(|t| seconds(&t.value));
    if let (Some(text), None) = (&age, max_age_seconds) {
        let mut d =
            Diagnostic::error(Code::ConfigValue, format!("`scan.max_age` cannot be `{}`", text.value));
        d.labels.extend(text.place.label(""));
        diagnostics.push(d.hint_with("give hours, days or weeks", "max_age = \"7d\""));
    }
    let ignore = scan.maps("ignore");
    Scan {
        db: scan.text("db"),
        extra: scan.texts("extra"),
        fail_on: scan.text("fail_on").map(|t| t.value),
        max_age_seconds,
        ignore_files: scan.texts("ignore_files"),
        ignore: ignore.iter().filter_map(|item| read_ignore(item, diagnostics)).collect(),
        place: scan.place(),
    }
}

/// `12h`, `7d`, `2w`.
fn seconds(text: &str) -> Option<u64> {
    let unit = match text.chars().last()? {
        'h' => 3600,
        'd' => 86_400,
        'w' => 7 * 86_400,
        _ => return None,
    };
    text[..text.len() - 1].trim().parse::<u64>().ok()?.checked_mul(unit).filter(|n| *n > 0)
}

/// An entry that says not what, why and until when is an error: it would hide things for ever.
fn read_ignore(item: &View<'_>, diagnostics: &mut Diagnostics) -> Option<ScanIgnore> {
    let mut needed = |key: &str| -> Option<Text> {
        let found = item.text(key);
        if found.is_none() {
            let mut d =
                Diagnostic::error(Code::ConfigValue, format!("an entry of `scan.ignore` has no `{key}`"));
            d.labels.extend(item.place().label(""));
            diagnostics
                .push(d.hint("an entry says what it ignores, why, and the last day on which that holds"));
        }
        found
    };
    let (id, reason, expires) = (needed("id"), needed("reason"), needed("expires"));
    Some(ScanIgnore {
        id: id?,
        reason: reason?,
        expires: expires?,
        owner: item.text("owner"),
        module: item.text("module"),
    })
}

pub(super) fn read_alert(alert: &View<'_>, diagnostics: &mut Diagnostics) -> Alert {
    let url = alert.text("url");
    if url.is_none() {
        let mut d = Diagnostic::error(Code::ConfigValue, "`alert` has no `url`");
        d.labels.extend(alert.place().label(""));
        diagnostics
            .push(d.hint_with("keep the address out of the file", "url = \"{{ .Env.SLACK_WEBHOOK }}\""));
    }
    let text = |n| super::view::as_text(n);
    let headers =
        alert.free("headers").iter().filter_map(|e| Some((e.key.clone(), text(&e.value)?))).collect();
    Alert {
        url,
        body: alert.text("body"),
        content_type: alert.text("content_type"),
        headers,
        place: alert.place(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages() {
        let table = [
            ("12h", Some(43_200)),
            ("7d", Some(604_800)),
            ("1w", Some(604_800)),
            ("0d", None),
            ("7", None),
            ("d", None),
            ("-1d", None),
            ("é", None),
        ];
        for (text, expected) in table {
            assert_eq!(seconds(text), expected, "{text}");
        }
    }
}
