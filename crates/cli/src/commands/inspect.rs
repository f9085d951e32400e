//! `goferry inspect`: what files are, from their bytes alone.

use super::say;
use crate::args::InspectArgs;
use crate::exit;
use crate::output::{self, data, harmless};
use goferry_engine::size;
use goferry_objfile::{AbiFlags, Binary, FileBytes, FileKind, GoBuildInfo, Linkage, Module, ReadAt, inspect};
use goferry_report::{Code, Diagnostic, Diagnostics, Label};
use std::path::Path;
use std::process::ExitCode;

pub(super) fn run(args: &InspectArgs) -> Result<ExitCode, Diagnostics> {
    let mut problems = Diagnostics::default();
    let mut files = vec![];
    for path in &args.files {
        match read(path) {
            Ok((size, binary)) => files.push((path.display().to_string(), size, binary)),
            Err(d) => problems.push(*d),
        }
    }
    if args.json {
        let list: Vec<_> = files
            .iter()
            .map(|(file, size, binary)| serde_json::json!({ "file": file, "size": size, "binary": binary }))
            .collect();
        output::json(&serde_json::json!({ "files": list, "diagnostics": problems }));
        return Ok(exit::of(&problems));
    }
    let texts: Vec<String> = files.iter().map(|(file, size, binary)| draw(file, *size, binary)).collect();
    data(&texts.join("\n"));
    Ok(say(&problems))
}

fn read(path: &Path) -> Result<(u64, Binary), Box<Diagnostic>> {
    let name = path.display().to_string();
    let unreadable = |e: std::io::Error| {
        Box::new(Diagnostic::error(Code::Io, format!("{} cannot be read: {e}", harmless(&name))))
    };
    // Devices and pipes have no end to read to.
    if !path.metadata().map_err(unreadable)?.is_file() {
        return Err(unreadable(std::io::Error::other("it is not a regular file")));
    }
    let bytes = std::fs::File::open(path).and_then(FileBytes::new).map_err(unreadable)?;
    let binary = inspect(&bytes).map_err(|e| {
        Box::new(
            Diagnostic::error(Code::NotABinary, format!("{}: {e}", harmless(&name)))
                .label(Label::file(&name)),
        )
    })?;
    Ok((bytes.len(), binary))
}

fn draw(file: &str, bytes: u64, b: &Binary) -> String {
    let mut out = format!("{}\n", harmless(file));
    let mut line = |name: &str, value: String| {
        if !value.is_empty() {
            out += &format!("  {name:<13}{}\n", harmless(&value));
        }
    };
    line("size", format!("{} ({bytes} bytes)", size(bytes)));
    facts(b, &mut line);
    for s in &b.slices {
        line("slice", String::from(s.arch.map_or("unknown machine", |a| a.goarch())));
        facts(s, &mut |name, value| line(&format!("  {name}"), value));
    }
    match &b.go {
        Some(go) => go_facts(go, &mut line),
        None => line("go", "no Go build information".to_owned()),
    }
    out
}

fn facts(b: &Binary, line: &mut dyn FnMut(&str, String)) {
    let bits = if b.bits == 0 { String::new() } else { format!(", {}-bit", b.bits) };
    line("format", format!("{}{bits}, {}", b.format, kind(b.kind)));
    let arch = b.arch.map_or_else(|| format!("number {:#x}", b.machine), |a| a.goarch().to_owned());
    if b.slices.is_empty() {
        line("machine", format!("{arch}, {}-endian", format!("{:?}", b.endian).to_lowercase()));
    }
    line("system", b.os.get().map(|o| o.to_string()).unwrap_or_default());
    line("ABI", abi(&b.abi));
    if let Some(p) = &b.platform {
        let sdk = p.sdk.map(|s| format!(", SDK {s}")).unwrap_or_default();
        line("needs", format!("{} {}{sdk}", p.name, p.min_version));
    }
    line("linkage", linkage(b.linkage).to_owned());
    line("interpreter", b.interpreter.clone().unwrap_or_default());
    line("libraries", b.needed.join(", "));
    line("glibc", b.glibc.map(|v| format!("{v} or later")).unwrap_or_default());
    let symbols = if b.stripped { "stripped" } else { "symbol table" };
    line(
        "symbols",
        format!("{symbols}, {}", if b.debug_info { "debug information" } else { "no debug information" }),
    );
}

fn go_facts(go: &GoBuildInfo, line: &mut dyn FnMut(&str, String)) {
    line("go", go.go_version.clone());
    line("package", go.path.clone());
    line("module", go.main.as_ref().map(module).unwrap_or_default());
    let replaced = go.deps.iter().filter(|d| d.replace.is_some()).count();
    let note = if replaced == 0 { String::new() } else { format!(", {replaced} replaced") };
    line("dependencies", format!("{}{note}", go.deps.len()));
    for (key, value) in &go.settings {
        line("setting", format!("{key}={value}"));
    }
}

fn module(m: &Module) -> String {
    let version = if m.version.is_empty() { "(no version)" } else { &m.version };
    match &m.replace {
        Some(r) => format!("{} {version}, replaced by {}", m.path, module(r)),
        None => format!("{} {version}", m.path),
    }
}

fn kind(k: FileKind) -> &'static str {
    match k {
        FileKind::Executable => "executable",
        FileKind::Pie => "position-independent executable",
        FileKind::SharedLibrary => "shared library",
        FileKind::Archive => "archive",
        FileKind::Object => "object",
    }
}

fn linkage(l: Linkage) -> &'static str {
    match l {
        Linkage::Static => "static",
        Linkage::StaticPie => "static, position-independent",
        Linkage::Dynamic => "dynamic",
    }
}

/// The ABI's flags as words; their values are serialised in kebab-case, which reads well enough.
fn abi(flags: &AbiFlags) -> String {
    let Ok(serde_json::Value::Object(map)) = serde_json::to_value(flags) else { return String::new() };
    let mut words = vec![];
    for (name, value) in &map {
        let value = match value {
            serde_json::Value::Object(o) => match o.get("stated") {
                Some(v) => v.clone(),
                None => continue,
            },
            v => v.clone(),
        };
        match value {
            serde_json::Value::String(s) if name == "machine" && s == "none" => return String::new(),
            serde_json::Value::String(s) if s == "unstated" => {}
            serde_json::Value::String(s) if name == "machine" => words.push(s),
            serde_json::Value::String(s) => words.push(format!("{name} {s}")),
            serde_json::Value::Bool(false) => {}
            serde_json::Value::Bool(true) => words.push(name.clone()),
            v => words.push(format!("{name} {v}")),
        }
    }
    // The machine alone says nothing that its own line does not.
    if words.len() < 2 { String::new() } else { words.join(", ") }
}
