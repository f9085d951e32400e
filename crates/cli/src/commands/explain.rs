//! `goferry explain`: a binary, a log, or a command that fails.

use crate::args::ExplainArgs;
use crate::output::{self, data, harmless, talk};
use crate::watch::Watch;
use goferry_diagnose::{BinaryReport, Finding, LogReport, Obstacle, explain_log};
use goferry_engine::Session;
use goferry_engine::explain::{self, Subject};
use goferry_proc::{Cancel, CommandSpec, Spawner, Stdin, Stream};
use goferry_report::{Code, Diagnostic, Diagnostics};
use std::ffi::OsString;
use std::io::{IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};

/// Bytes of a command's output that are kept; the cause is near the first error, and logs of builds are smaller.
const KEPT: usize = 64 << 20;

pub(super) fn run(args: &ExplainArgs) -> Result<ExitCode, Diagnostics> {
    let cancel = Cancel::new();
    let _watch = Watch::start(&cancel, None);
    let session = super::toolchain::session(&cancel)?;
    if !args.command.is_empty() {
        return command(&session, &args.command, args.json);
    }
    let subject = match &args.file {
        Some(path) if path != Path::new("-") => explain::subject(&session.cwd.join(path))?,
        None if std::io::stdin().is_terminal() => {
            return Err(Diagnostic::error(Code::ConfigMissing, "there is nothing to explain")
                .hint_with("a binary or a log", "goferry explain FILE")
                .hint_with("a command", "goferry explain -- go build ./...")
                .into());
        }
        _ => {
            let mut bytes = vec![];
            std::io::stdin()
                .lock()
                .read_to_end(&mut bytes)
                .map_err(|e| Diagnostic::error(Code::Io, format!("standard input cannot be read: {e}")))?;
            Subject::Text(bytes)
        }
    };
    match subject {
        Subject::Binary(binary) => {
            let path = args.file.as_ref().map(|f| session.cwd.join(f));
            let report = explain::binary(&session, &binary, path.as_deref())?;
            if args.json {
                output::json(&report);
            } else {
                data(&draw_binary(&report));
            }
            Ok(ExitCode::SUCCESS)
        }
        Subject::Text(log) => {
            let report = explain_log(&log);
            if args.json {
                output::json(&report);
            } else {
                data(&draw_log(&report));
            }
            Ok(if report.first.is_some() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
    }
}

/// Runs a command with its own streams shown as they come, and explains it if it fails.
fn command(session: &Session, words: &[OsString], json: bool) -> Result<ExitCode, Diagnostics> {
    let Some((program, args)) = words.split_first() else { return Ok(ExitCode::SUCCESS) };
    let Some(found) = find(session, program) else {
        let name = program.to_string_lossy();
        return not_started(session, None, &format!("`{name}` was not found"), 127, json);
    };
    // The C library would hand what the kernel refuses to a shell.
    if explain::kernel_refuses(&found) {
        let message = format!("{}: exec format error", found.display());
        return not_started(session, Some(&found), &message, 126, json);
    }
    let spec = CommandSpec {
        stdin: Stdin::Inherit,
        ..CommandSpec::new("the command", program.clone()).args(args.iter().cloned())
    };
    let log = Mutex::new(Vec::new());
    let line = |stream: Stream, text: &str| {
        // With --json standard output is the report's.
        match stream {
            Stream::Stdout if !json => data(&format!("{text}\n")),
            _ => talk(&format!("{text}\n")),
        }
        let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
        if log.len() < KEPT {
            log.extend_from_slice(text.as_bytes());
            log.push(b'\n');
        }
    };
    let status = match session.host.run_lines(&spec, &line) {
        Ok(done) => done.status.shell_code(),
        Err(e) => return not_started(session, Some(&found), &e.to_string(), 126, json),
    };
    let log = log.into_inner().unwrap_or_else(PoisonError::into_inner);
    let report = (status != 0).then(|| explain_log(&log));
    if json {
        output::json(&serde_json::json!({ "status": status, "log": report }));
    } else if let Some(report) = report {
        talk(&format!("\n{}", draw_log(&report)));
    }
    Ok(ExitCode::from(u8::try_from(status).unwrap_or(1)))
}

fn find(session: &Session, program: &OsString) -> Option<PathBuf> {
    let path = session.env.get("PATH").map(std::ffi::OsStr::new);
    match Path::new(program).components().count() {
        0 | 1 => goferry_proc::find_program(&program.to_string_lossy(), path, &session.cwd),
        _ => Some(session.cwd.join(program)).filter(|p| p.is_file()),
    }
}

/// A program that the system does not start: what its file is says why.
fn not_started(
    session: &Session,
    file: Option<&Path>,
    message: &str,
    status: u8,
    json: bool,
) -> Result<ExitCode, Diagnostics> {
    let report = match file.map(explain::subject).transpose()? {
        Some(Subject::Binary(binary)) => Some(explain::binary(session, &binary, file)?),
        _ => None,
    };
    if json {
        let value = serde_json::json!({ "status": status, "message": message, "binary": report });
        output::json(&value);
    } else {
        talk(&format!("goferry: {message}\n"));
        if let Some(report) = report {
            talk(&format!("\n{}", draw_binary(&report)));
        }
    }
    Ok(ExitCode::from(status))
}

fn draw_binary(r: &BinaryReport) -> String {
    let mut out = format!("{}\n", harmless(&r.what));
    let mut row = |name: &str, value: &str| out += &format!("  {name:<10} {}\n", harmless(value));
    if let Some(go) = &r.go {
        row("built by", go);
    }
    if let Some(module) = &r.module {
        row("module", module);
    }
    if let Some(loader) = &r.loader {
        row("loader", loader);
    }
    if !r.needed.is_empty() {
        row("libraries", &r.needed.join(", "));
    }
    if let Some(glibc) = &r.glibc {
        row("glibc", &format!("{glibc} or later"));
    }
    row("runs on", &r.runs_on);
    if r.obstacles.is_empty() {
        row("here", &format!("it can be started: {}", r.runner.as_deref().unwrap_or("by its system")));
        return out;
    }
    for (n, o) in r.obstacles.iter().map(Obstacle::sentence).enumerate() {
        row(if n == 0 { "not here" } else { "" }, &o);
    }
    for (n, a) in r.advice.iter().enumerate() {
        row(if n == 0 { "do" } else { "" }, a);
    }
    out
}

fn draw_log(r: &LogReport) -> String {
    let Some(first) = &r.first else {
        return format!(
            "no known cause in {} line{}\n",
            r.lines_read,
            if r.lines_read == 1 { "" } else { "s" }
        );
    };
    let mut out = finding(first);
    if !r.others.is_empty() {
        out += "\nalso seen, mostly consequences:\n";
        for f in &r.others {
            out += &format!("  line {:<6} {}\n", f.line, f.title);
        }
    }
    out
}

fn finding(f: &Finding) -> String {
    let target = f.target.as_ref().map(|t| format!(" ({})", harmless(t))).unwrap_or_default();
    let mut out = format!("{}{target}\n  line {}: {}\n\n", f.title, f.line, harmless(f.excerpt.trim()));
    out += &format!("why: {}\n", harmless(f.why));
    for fix in &f.fixes {
        match &fix.command {
            None => out += &format!("fix: {}\n", harmless(&fix.text)),
            Some(c) if c.contains('\n') => {
                out += &format!("fix: {}\n", harmless(&fix.text));
                for line in c.lines() {
                    out += &format!("       {}\n", harmless(line));
                }
            }
            Some(c) => out += &format!("fix: {}: {}\n", harmless(&fix.text), harmless(c)),
        }
    }
    out + &format!("more: {}\n", f.page)
}
