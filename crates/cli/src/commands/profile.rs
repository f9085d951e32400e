//! `goferry profile`: flame graph, folded stacks and pprof of a program or of tests.

use crate::args::{CallGraph, ProfileArgs};
use crate::output::{self, data, harmless, talk};
use crate::render::table;
use crate::resolve;
use crate::watch::Watch;
use goferry_engine::profile::{
    Measured, ProfileRequest, Subject, Top, Unwind, compare_svg, folded, measure, svg, write_pprof,
};
use goferry_engine::testing::{GoTestArgs, TestEvent};
use goferry_proc::Cancel;
use goferry_report::{Code, Diagnostic, Diagnostics};
use goferry_target::GoTarget;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Functions that are named on the terminal.
const SHOWN: usize = 15;

pub(super) fn run(args: &ProfileArgs) -> Result<ExitCode, Diagnostics> {
    let (targets, what) = wanted(args)?;
    let words: Vec<String> = args.args.iter().map(|w| w.to_string_lossy().into_owned()).collect();
    let subject = match &args.test {
        Some(package) => Subject::Tests(GoTestArgs::parse(&[&[package.clone()][..], &words].concat())?),
        None => Subject::Program { what, args: words },
    };
    let cancel = Cancel::new();
    let _watch = Watch::start(&cancel, None);
    let session = super::toolchain::session(&cancel)?;
    std::fs::create_dir_all(&args.output).map_err(|e| super::unwritable(&args.output, &e))?;
    let (mut all, mut files) = (vec![], vec![]);
    let unwind = match args.call_graph {
        CallGraph::Fp => Unwind::FramePointers,
        CallGraph::Dwarf => Unwind::Dwarf,
    };
    for target in targets {
        let request = ProfileRequest { target, subject: subject.clone(), rate: args.rate, unwind };
        let measured = measure(&session, &request, &told)?;
        files.extend(written(&args.output, &measured)?);
        all.push(measured);
    }
    if let [first, second] = all.as_slice() {
        let path = args.output.join(format!("{}-compared.svg", first.program));
        let titles = [title(first), title(second)];
        write(&path, compare_svg((&first.profile, &titles[0]), (&second.profile, &titles[1])).as_bytes())?;
        files.push(path);
    }
    show(args, &all, &files);
    // The program's own status, so that a profile of what failed is not taken for that of what passed.
    let status = all.iter().map(|m| m.status).find(|s| *s != 0).unwrap_or(0);
    Ok(ExitCode::from(u8::try_from(status).unwrap_or(1)))
}

/// The targets, and the package or file.
fn wanted(args: &ProfileArgs) -> Result<(Vec<GoTarget>, Option<String>), Diagnostics> {
    let usage = |text: &str| Err(Diagnostic::error(Code::ConfigValue, text.to_owned()).into());
    let (targets, rest) = match (args.compare.as_slice(), args.words.split_first()) {
        ([], None) => return usage("name the target: goferry profile linux/arm64"),
        ([], Some((target, rest))) => (std::slice::from_ref(target), rest),
        (two, _) => (two, args.words.as_slice()),
    };
    match rest {
        [] => Ok((resolve::targets(targets)?, None)),
        [_] if args.test.is_some() => usage("--test names the package"),
        [what] => Ok((resolve::targets(targets)?, Some(what.clone()))),
        _ => usage("--compare names the targets: a package or a file is all that may follow"),
    }
}

/// What tests say meanwhile.
fn told(event: &TestEvent<'_>) {
    match event {
        TestEvent::Said(_, text) => talk(&format!("{}\n", harmless(text))),
        TestEvent::Package(_, p) => talk(&harmless_lines(&p.output)),
        _ => {}
    }
}

fn harmless_lines(text: &str) -> String {
    text.lines().map(|l| harmless(l) + "\n").collect()
}

fn title(m: &Measured) -> String {
    format!("{} on {} ({})", m.program, m.target, m.runner)
}

/// Writes the three files of one profile.
fn written(dir: &Path, m: &Measured) -> Result<Vec<PathBuf>, Diagnostics> {
    let name = format!("{}-{}", m.program, m.target.to_string().replace('/', "_"));
    let files = [
        (format!("{name}.svg"), svg(&m.profile, &title(m)).into_bytes()),
        (format!("{name}.folded"), folded(&m.profile).into_bytes()),
        (format!("{name}.pb.gz"), write_pprof(&m.profile, &m.program)),
    ];
    files
        .into_iter()
        .map(|(name, bytes)| {
            let path = dir.join(name);
            write(&path, &bytes)?;
            Ok(path)
        })
        .collect()
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Diagnostics> {
    std::fs::write(path, bytes).map_err(|e| super::unwritable(path, &e))
}

fn show(args: &ProfileArgs, all: &[Measured], files: &[PathBuf]) {
    if args.json {
        let profiles: Vec<_> = all
            .iter()
            .map(|m| {
                let total = m.profile.total();
                serde_json::json!({
                    "target": m.target, "runner": m.runner, "program": m.program, "status": m.status,
                    "samples": total.count, "nanoseconds": total.nanos, "whole_stacks": m.whole_stacks,
                    "functions": m.profile.top(),
                })
            })
            .collect();
        output::json(&serde_json::json!({ "profiles": profiles, "files": files }));
        return;
    }
    let mut out = String::new();
    for m in all {
        let total = m.profile.total();
        out += &format!(
            "{}: {:.2} s of CPU, {} samples\n",
            harmless(&title(m)),
            total.nanos as f64 / 1e9,
            total.count
        );
    }
    out += &format!("\n{}\n", if let [a, b] = all { both(a, b) } else { all.iter().map(one).collect() });
    for file in files {
        out += &format!("{}\n", file.display());
    }
    data(&out);
    if all.iter().any(|m| !m.whole_stacks) {
        talk("note: perf sees which function of an emulated program runs, not who called it\n");
    }
}

fn share(part: u64, m: &Measured) -> f64 {
    part as f64 * 100.0 / m.profile.total().nanos.max(1) as f64
}

fn one(m: &Measured) -> String {
    let row = |t: &Top| {
        vec![
            format!("{:.1} %", share(t.own, m)),
            format!("{:.1} %", share(t.total, m)),
            harmless(&t.function),
        ]
    };
    let rows: Vec<_> = m.profile.top().iter().take(SHOWN).map(row).collect();
    table::draw(&["OWN", "WITH CALLED", "FUNCTION"], &rows)
}

/// The functions whose own shares differ the most.
fn both(first: &Measured, second: &Measured) -> String {
    let mut shares: BTreeMap<String, [f64; 2]> = BTreeMap::new();
    for (side, m) in [first, second].into_iter().enumerate() {
        for t in m.profile.top() {
            shares.entry(t.function).or_default()[side] = share(t.own, m);
        }
    }
    let mut rows: Vec<_> = shares.into_iter().filter(|(_, s)| s[0] + s[1] > 0.0).collect();
    let difference = |s: &[f64; 2]| (s[1] - s[0]).abs();
    rows.sort_by(|a, b| difference(&b.1).total_cmp(&difference(&a.1)).then_with(|| a.0.cmp(&b.0)));
    let row = |(name, [a, b]): &(String, [f64; 2])| {
        vec![format!("{:+.1}", b - a), format!("{a:.1} %"), format!("{b:.1} %"), harmless(name)]
    };
    let rows: Vec<_> = rows.iter().take(SHOWN).map(row).collect();
    let targets = [first, second].map(|m| m.target.to_string());
    table::draw(&["CHANGE", &targets[0], &targets[1], "FUNCTION (OWN TIME)"], &rows)
}
