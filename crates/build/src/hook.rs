//! Hooks: the user's commands, split into words, run without a shell and with the whole environment.

use crate::BuildError;
use crate::go_build::text;
use goferry_plan::graph::HookSpec;
use goferry_proc::{CommandSpec, Env, Limits, OutputMode, Spawner, Status, Stdin};
use std::collections::BTreeMap;
use std::path::Path;

/// Runs one hook in the project (or its `dir`), with `env:`, the build's environment and its own, in that order.
/// Its lines go to `line` where `output` is set, and into the error if it fails.
///
/// # Errors
/// [`BuildError::Hook`] for any status but 0, [`BuildError::Spawn`] if it cannot be started.
pub fn run_hook(
    hook: &HookSpec,
    spawner: &dyn Spawner,
    project: &Path,
    env: &BTreeMap<String, String>,
    build_env: &[(String, String)],
    line: &(dyn Fn(&str) + Sync),
) -> Result<(), BuildError> {
    let mut all = env.clone();
    all.extend(build_env.iter().cloned());
    all.extend(hook.env.iter().filter_map(|e| e.split_once('=')).map(|(k, v)| (k.to_owned(), v.to_owned())));
    let [program, args @ ..] = hook.argv.as_slice() else { return Ok(()) };
    let spec = CommandSpec {
        purpose: format!("hook `{}`", hook.line),
        program: program.into(),
        args: args.iter().map(Into::into).collect(),
        env: Env::Exactly(all.into_iter().collect()),
        cwd: Some(project.join(&hook.dir)),
        stdin: Stdin::Null,
        limits: Limits::default(),
        output: OutputMode::Capture { max_bytes: 4 << 20 },
    };
    let done = spawner.run_lines(&spec, &|_, l| {
        if hook.output {
            line(l);
        }
    })?;
    match done.status {
        Status::Exited(0) => Ok(()),
        status => Err(BuildError::Hook {
            line: hook.line.clone(),
            status: match status {
                Status::Exited(n) => format!("exit status {n}"),
                Status::Signaled(n) => format!("signal {n}"),
                Status::TimedOut => "time limit".to_owned(),
            },
            output: text(&done),
        }),
    }
}
