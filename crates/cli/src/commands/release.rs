//! `goferry release` and `goferry build`.

use crate::args::{BuildArgs, MakeArgs, ReleaseArgs, Run, Talk};
use crate::output::{self, Terminal, talk};
use crate::render::summary;
use crate::sinks::{Manner, Talker};
use crate::watch::Watch;
use crate::{duration, exit, resolve};
use goferry_engine::{Outcome, Request, Session, Summary};
use goferry_proc::Cancel;
use goferry_report::{Code, Diagnostic, Diagnostics, Severity, Sink};
use serde::Serialize;
use std::process::ExitCode;
use std::sync::Arc;

type Recipe = fn(&Session, &Request) -> Result<Outcome, Diagnostics>;

pub(super) fn release(args: &ReleaseArgs) -> Result<ExitCode, Diagnostics> {
    let recipe: Recipe =
        if args.check_reproducible { goferry_engine::release_twice } else { goferry_engine::release };
    run(recipe, &args.talk, &args.run, |s| {
        resolve::request("release", args.module.as_ref(), &args.select, &s.env)
    })
}

pub(super) fn build(args: &BuildArgs) -> Result<ExitCode, Diagnostics> {
    let make = &args.make;
    run(goferry_engine::release, &make.talk, &make.run, |s| {
        let mut request = resolve::request("build", make.module.as_ref(), &make.select, &s.env)?;
        request.build_only = true;
        request.output.clone_from(&args.output);
        Ok(request)
    })
}

/// `goferry image build`.
pub(super) fn images(args: &MakeArgs) -> Result<ExitCode, Diagnostics> {
    run(goferry_engine::release, &args.talk, &args.run, |s| {
        let mut request = resolve::request("image build", args.module.as_ref(), &args.select, &s.env)?;
        request.images_only = true;
        Ok(request)
    })
}

fn run(
    recipe: Recipe,
    manner: &Talk,
    run: &Run,
    request: impl FnOnce(&Session) -> Result<Request, Diagnostics>,
) -> Result<ExitCode, Diagnostics> {
    let terminal = Terminal::detect();
    let talker = Talker::new(Manner { json: manner.json, verbose: manner.verbose }, terminal);
    let cancel = Cancel::new();
    let watch = Watch::start(&cancel, run.timeout);
    let sink: Arc<dyn Sink> = Arc::<Talker>::clone(&talker);
    let result = resolve::session(sink, Arc::clone(&cancel), !run.no_cache).and_then(|mut session| {
        let mut request = request(&session)?;
        resolve::apply_run(run, &mut session, &mut request)?;
        recipe(&session, &request)
    });
    let (mut problems, made) = match result {
        Ok(outcome) => (outcome.failures, Some(outcome.summary)),
        Err(problems) => (problems, None),
    };
    if watch.timed_out()
        && let Some(limit) = run.timeout
    {
        problems.push(Diagnostic::error(
            Code::Interrupted,
            format!("the run took longer than --timeout allows ({})", duration::limit(limit)),
        ));
    }
    talker.rest(&problems);
    if let Some(made) = made {
        finish(&made, &problems, manner.json);
    }
    Ok(exit::of(&problems))
}

/// The last word: the table, or its values as the last event.
fn finish(made: &Summary, problems: &Diagnostics, json: bool) {
    #[derive(Serialize)]
    struct Last<'a> {
        event: &'static str,
        #[serde(flatten)]
        summary: &'a Summary,
        ok: bool,
    }
    let ok = !problems.has_errors();
    if json {
        let last = Last { event: "summary", summary: made, ok };
        output::json_line(&last);
        return;
    }
    let mut text = summary::draw(made, ok);
    let errors = problems.list.iter().filter(|d| d.severity == Severity::Error).count();
    match errors {
        0 => {}
        1 => text += "1 error, see above\n",
        n => text += &format!("{n} errors, see above\n"),
    }
    talk(&text);
}
