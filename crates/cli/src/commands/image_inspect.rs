//! `goferry image inspect`: what an image is, by its bytes.

use super::evidence::session;
use crate::args::ImageInspectArgs;
use crate::output::{self, data, harmless};
use goferry_engine::images::inspect::{Inspected, OnPlatform, Question, inspect};
use goferry_engine::size;
use goferry_proc::Cancel;
use goferry_report::Diagnostics;
use std::fmt::Write as _;
use std::process::ExitCode;

pub(super) fn run(args: &ImageInspectArgs) -> Result<ExitCode, Diagnostics> {
    let question = Question { at: args.at.clone(), verify: args.verify, files: args.files };
    let found = inspect(&session(&Cancel::new())?, &question)?;
    if args.json {
        output::json(&found);
    } else {
        let texts: Vec<String> = found.iter().map(draw).collect();
        data(&texts.join("\n"));
    }
    Ok(ExitCode::SUCCESS)
}

fn draw(i: &Inspected) -> String {
    let mut out = format!("{}\n", harmless(&i.at));
    let mut line = |name: &str, value: &str| {
        if !value.is_empty() {
            let _ = writeln!(out, "  {name:<12} {}", harmless(value));
        }
    };
    line("digest", &i.digest);
    for name in &i.names {
        line("name", name);
    }
    for (key, value) in &i.annotations {
        line("annotation", &format!("{key}={value}"));
    }
    if i.verified {
        line("verified", "every blob and every layer has its digest");
    }
    for p in &i.platforms {
        platform(p, &mut out);
    }
    out
}

fn platform(p: &OnPlatform, out: &mut String) {
    let _ = writeln!(out, "  {}", harmless(&p.platform));
    let mut line = |name: &str, value: &str| {
        if !value.is_empty() {
            let _ = writeln!(out, "    {name:<10} {}", harmless(value));
        }
    };
    line("digest", &p.digest);
    let c = &p.config.config;
    line("entrypoint", &c.entrypoint.clone().unwrap_or_default().join(" "));
    line("cmd", &c.cmd.clone().unwrap_or_default().join(" "));
    line("user", &c.user);
    line("workdir", &c.working_dir);
    line("env", &c.env.join(" "));
    line("ports", &c.exposed_ports.keys().cloned().collect::<Vec<_>>().join(" "));
    line("volumes", &c.volumes.keys().cloned().collect::<Vec<_>>().join(" "));
    for (key, value) in &c.labels {
        line("label", &format!("{key}={value}"));
    }
    for l in &p.layers {
        let short: String = l.digest.chars().take(19).collect();
        line("layer", &format!("{short} {:>9} {}", size(l.size), l.comment));
    }
    for f in p.files.iter().flatten() {
        let (uid, gid) = f.owner;
        let what = match (&f.link, f.size) {
            (Some(link), _) => format!("{} -> {link}", f.path),
            (None, Some(bytes)) => format!("{} {}", f.path, size(bytes)),
            (None, None) => format!("{} ({})", f.path, f.kind),
        };
        line("file", &format!("{} {uid}:{gid} {what}", f.mode));
    }
}
