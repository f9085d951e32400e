//! A message to people when vulnerabilities stop a release.
//!
//! Owns: the message, in a form that Slack, Mattermost and their like read or by the user's template, and sending it. Must
//! not: change how the run ends, show an address or a header.

use super::Scanned;
use crate::addresses::learn_whole;
use crate::session::Session;
use crate::templates::ProjectTemplates;
use goferry_config::model::{Alert, Text};
use goferry_config::template::{Fields, TemplateError, Templates, Value};
use goferry_net::{Request, origin};
use goferry_plan::secret;
use goferry_report::{Code, Diagnostic, Diagnostics};
use serde_json::json;
use std::collections::BTreeMap;
use std::path::Path;

/// Blocks of Slack's hold 3000 characters.
const LONGEST: usize = 2800;

/// What stopped something.
pub struct Incident<'a> {
    /// Project and version, or what was scanned.
    pub title: String,
    /// Every result; those that do not block are left out of the message.
    pub scanned: &'a [Scanned],
    /// Fields of templates: a release's, or none.
    pub fields: Fields,
}

/// Sends the message of `[alert]`. A failure is a warning, whatever it is: it must not hide why there is a message.
pub fn alert(session: &Session, alert: &Alert, incident: &Incident<'_>) {
    if let Err(why) = send(session, alert, incident) {
        let d = Diagnostic::warning(Code::AlertFailed, format!("the alert was not sent: {why}"));
        session.sink.diagnostic(d);
    }
}

/// What is wrong with `[alert]` before there is a reason for one: its templates are tried with a sample. What only
/// this machine lacks, a variable, is a warning: with it missing the release stops just as well, and nobody is told.
pub(crate) fn check(
    alert: &Alert,
    cwd: &Path,
    env: &BTreeMap<String, String>,
    fields: &Fields,
) -> Diagnostics {
    let host = ProjectTemplates::new(cwd.to_owned(), env.clone(), 0);
    let (templates, fields) = (Templates::new(&host), sample(fields));
    let mut problems = Diagnostics::default();
    let own = [("url", &alert.url), ("body", &alert.body), ("content_type", &alert.content_type)];
    let own = own.into_iter().filter_map(|(key, text)| Some((key.to_owned(), text.as_ref()?)));
    let headers = alert.headers.iter().map(|(name, text)| (format!("headers.{name}"), text));
    for (key, text) in own.chain(headers) {
        let mut d = match templates.render(&text.value, &fields) {
            Err(e) => unrendered(&key, text, &e),
            Ok(url) if key == "url" => {
                learn_whole("ALERT", &url);
                if url.starts_with("https://") || url.starts_with("http://") {
                    continue;
                }
                unsendable(&key, "it gives no address of http or https")
            }
            Ok(value) => {
                learn_header(&key, &value);
                continue;
            }
        };
        d.labels.extend(text.place.label(""));
        problems.push(d);
    }
    problems
}

fn unsendable(key: &str, why: &str) -> Diagnostic {
    Diagnostic::warning(Code::AlertFailed, format!("an alert could not be sent: `alert.{key}`: {why}"))
}

/// A fault of the template, or of this machine.
fn unrendered(key: &str, text: &Text, e: &TemplateError) -> Diagnostic {
    let variable = e.missing.as_ref().map(|m| format!(".Env.{}", m.name));
    let lacking = variable.is_some_and(|v| text.value.contains(&v));
    match !lacking && (e.missing.is_some() || Templates::check(&text.value).is_err()) {
        true => Diagnostic::error(
            Code::TemplateError,
            format!("the template of `alert.{key}` fails: {}", e.message),
        ),
        false => unsendable(key, &e.message),
    }
}

/// The values of headers that identify the sender.
fn learn_header(key: &str, value: &str) {
    let name = key.trim_start_matches("headers.").replace('-', "_").to_ascii_uppercase();
    if key.starts_with("headers.")
        && (name == "AUTHORIZATION" || name == "COOKIE" || secret::is_secret(&name))
    {
        // `Bearer TOKEN`.
        let last = value.split_whitespace().last().unwrap_or_default();
        secret::learn([("ALERT_HEADER_SECRET", value), ("ALERT_HEADER_SECRET", last)]);
    }
}

fn send(session: &Session, alert: &Alert, incident: &Incident<'_>) -> Result<(), String> {
    let now = jiff::Timestamp::now().as_second();
    let host = ProjectTemplates::new(session.cwd.clone(), session.env.clone(), now);
    let templates = Templates::new(&host);
    let fields = fields(incident);
    let text = |t: &Text| {
        templates.render(&t.value, &fields).map_err(|e| format!("its template fails: {}", e.message))
    };
    let url = alert.url.as_ref().map(text).transpose()?.unwrap_or_default();
    let body = match &alert.body {
        Some(body) => text(body)?,
        None => slack(incident),
    };
    let kind = alert.content_type.as_ref().map(text).transpose()?;
    let mut request =
        Request::post(&url, kind.as_deref().unwrap_or("application/json"), body.into_bytes()).attempts(3);
    for (name, value) in &alert.headers {
        let value = text(value)?;
        learn_header(&format!("headers.{name}"), &value);
        request = request.header(name, &value);
    }
    // A webhook's path is its secret.
    learn_whole("ALERT", &url);
    let answer = session.send(&request.secret()).map_err(|e| e.to_string())?;
    if answer.is_success() { Ok(()) } else { Err(format!("{} answers {}", origin(&url), answer.status)) }
}

/// One line for each vulnerability that blocks, with what it is in.
fn lines(incident: &Incident<'_>) -> Vec<String> {
    let mut by_id: BTreeMap<&str, (String, Vec<&str>)> = BTreeMap::new();
    for s in incident.scanned {
        for id in &s.report.blocking {
            let v = s.report.vulnerabilities.iter().find(|v| v.id == *id);
            let line = v.map_or_else(String::new, |v| {
                let fixed =
                    if v.fixed.is_empty() { "no fix".to_owned() } else { format!("fixed in {}", v.fixed) };
                format!("{} {} ({fixed}): {}", v.module, v.version, v.summary)
            });
            let entry = by_id.entry(id).or_insert((line, vec![]));
            entry.1.push(if s.target.is_empty() { &s.name } else { &s.target });
        }
    }
    let mut out: Vec<String> = by_id
        .into_iter()
        .map(|(id, (line, places))| format!("{id}: {line} [{}]", places.join(", ")))
        .collect();
    let expired = incident.scanned.iter().flat_map(|s| &s.report.expired);
    let mut expired: Vec<String> =
        expired.map(|i| format!("{}: the entry in {} ended on {}", i.id, i.source, i.expires)).collect();
    expired.sort();
    expired.dedup();
    out.extend(expired);
    out
}

fn title(incident: &Incident<'_>) -> String {
    format!("{}: stopped by known vulnerabilities", incident.title)
}

/// A message with `text` for notifications and `blocks` for the channel.
fn slack(incident: &Incident<'_>) -> String {
    let mut text = String::new();
    let lines = lines(incident);
    for (n, line) in lines.iter().enumerate() {
        // What Slack would take for a mention or a link.
        let line = line.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        if text.len() + line.len() > LONGEST {
            text += &format!("and {} more", lines.len() - n);
            break;
        }
        text += &format!("• {line}\n");
    }
    let title = title(incident);
    json!({
        "text": format!("{title}\n{text}"),
        "blocks": [
            { "type": "header", "text": { "type": "plain_text", "text": title.chars().take(150).collect::<String>() } },
            { "type": "section", "text": { "type": "mrkdwn", "text": text } },
        ],
    })
    .to_string()
}

fn fields(incident: &Incident<'_>) -> Fields {
    let mut ids: Vec<String> = incident.scanned.iter().flat_map(|s| s.report.blocking.clone()).collect();
    ids.sort();
    ids.dedup();
    let finding = |s: &Scanned, f: &goferry_scan::Finding| {
        let level = f.level.to_string();
        value([&f.id, &level, &f.module, &f.package, &f.symbol, &s.target, &s.name])
    };
    let blocking = |s: &&Scanned| s.report.blocks();
    let findings: Vec<Value> = incident
        .scanned
        .iter()
        .filter(blocking)
        .flat_map(|s| {
            let blocking = s.report.findings.iter().filter(|f| s.report.blocking.contains(&f.id));
            blocking.map(|f| finding(s, f)).collect::<Vec<_>>()
        })
        .collect();
    with(&incident.fields, title(incident), lines(incident).join("\n"), ids, findings)
}

/// Fields as of an alert about one vulnerability.
fn sample(fields: &Fields) -> Fields {
    let id = "GO-0000-0000";
    let finding =
        value([id, "linked", "example.com/m", "example.com/m/p", "T.F", "linux/amd64", "tool_linux_amd64"]);
    with(fields, "a title".to_owned(), format!("{id}: a line"), vec![id.to_owned()], vec![finding])
}

/// `ID`, `Level`, `Module`, `Package`, `Symbol`, `Target`, `Name` of a finding.
fn value(texts: [&str; 7]) -> Value {
    let names = ["ID", "Level", "Module", "Package", "Symbol", "Target", "Name"];
    let pairs = names.into_iter().zip(texts);
    pairs.map(|(k, v)| (k.to_owned(), v.to_owned())).collect::<BTreeMap<_, _>>().into()
}

fn with(fields: &Fields, title: String, text: String, ids: Vec<String>, findings: Vec<Value>) -> Fields {
    let mut out = fields.clone();
    out.set("Title", title);
    out.set("Text", text);
    out.set("Blocking", ids);
    out.set("Findings", findings);
    out
}
