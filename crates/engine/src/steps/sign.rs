//! Sign steps: goferry's own signatures, and commands that make theirs.

use super::{Execution, StepResult, StepValue};
use crate::signing::Environment;
use goferry_plan::graph::{NativeSign, SignBy, SignCommand, SignSpec, SignedFile, Step};
use goferry_proc::{CommandSpec, Env, Limits, OutputMode, Spawner as _, Status, Stdin};
use goferry_report::{Code, Diagnostic, Diagnostics, Event, StepState};

impl Execution<'_> {
    pub(crate) fn sign(&self, step: &Step, spec: &SignSpec) -> StepResult {
        for file in &spec.files {
            match &file.by {
                SignBy::Goferry(native) => self.sign_here(file, native)?,
                SignBy::Command(command) => self.sign_by(step, file, command, spec.output)?,
            }
        }
        // A command that writes nothing has signed nothing.
        let programs = spec.files.iter().filter_map(|f| match &f.by {
            SignBy::Command(c) => Some(c.program.clone().unwrap_or_else(|| self.gpg())),
            SignBy::Goferry(_) => None,
        });
        let program = programs.last().unwrap_or_else(|| "goferry".to_owned());
        let mut problems = Diagnostics::default();
        for (path, how) in self.unwritten(step) {
            let message = format!("{}: `{program}` succeeded, but {path} {how}", step.id);
            problems.push(
                Diagnostic::error(Code::OutputMissing, message)
                    .hint("`signature` and `certificate` must name what `args` write; an empty one says that there is none"),
            );
        }
        if problems.has_errors() { Err(problems) } else { Ok((StepValue::Done, StepState::Done)) }
    }

    /// Files that a step's command should have written and did not, and how that shows.
    pub(super) fn unwritten<'s>(&self, step: &'s Step) -> Vec<(&'s str, &'static str)> {
        let how = |path: &str| match std::fs::metadata(self.dist.join(path)) {
            Ok(m) if m.is_file() && m.len() > 0 => None,
            Ok(m) if m.is_file() => Some("is empty"),
            _ => Some("is not there"),
        };
        step.outputs.iter().filter_map(|o| Some((o.path.as_str(), how(&o.path)?))).collect()
    }

    fn sign_here(&self, file: &SignedFile, native: &NativeSign) -> Result<(), Diagnostics> {
        let env = Environment { own: &native.env, all: self.env };
        let (_, signature) = self.keys.sign(self.session, file.path.as_ref(), &file.name, native, &env)?;
        for (path, bytes) in crate::signing::files(native, signature)? {
            let path = self.session.cwd.join(path);
            crate::dist::write_whole(&path, &bytes)?;
        }
        Ok(())
    }

    fn sign_by(
        &self,
        step: &Step,
        file: &SignedFile,
        c: &SignCommand,
        output: bool,
    ) -> Result<(), Diagnostics> {
        let program = c.program.clone().unwrap_or_else(|| self.gpg());
        let mut env = self.env.clone();
        env.extend(c.env.iter().filter_map(|e| e.split_once('=')).map(|(k, v)| (k.to_owned(), v.to_owned())));
        let stdin = match (&c.stdin, &c.stdin_file) {
            (Some(text), _) => Stdin::Bytes(text.clone().into_bytes()),
            (None, Some(path)) => {
                let path = self.session.cwd.join(path);
                Stdin::Bytes(
                    std::fs::read(&path).map_err(|e| Diagnostics::from(*crate::dist::failure(&path, &e)))?,
                )
            }
            (None, None) => Stdin::Null,
        };
        let spec = CommandSpec {
            purpose: format!("sign {}", file.name),
            program: program.clone().into(),
            args: c.args.iter().map(Into::into).collect(),
            env: Env::Exactly(env.into_iter().collect()),
            cwd: Some(self.session.cwd.clone()),
            stdin,
            limits: Limits::default(),
            output: OutputMode::Capture { max_bytes: 4 << 20 },
        };
        let line = |l: &str| {
            self.session.sink.event(&Event::Output { step: step.id.0.clone(), line: l.to_owned() });
        };
        let done = self.session.host.run_lines(&spec, &|_, l| {
            if output {
                line(l);
            }
        });
        let done = done.map_err(|e| goferry_build::BuildError::from(e).diagnostic())?;
        let why = match done.status {
            Status::Exited(0) => return Ok(()),
            Status::Exited(n) => format!("exit status {n}"),
            Status::Signaled(n) => format!("signal {n}"),
            Status::TimedOut => "time limit".to_owned(),
        };
        let mut d =
            Diagnostic::error(Code::SignFailed, format!("{program} could not sign {}: {why}", file.name));
        let said = format!("{}{}", done.stdout_text(), done.stderr_text());
        d.notes = said.lines().map(str::to_owned).collect();
        Err(d.hint_with("to go on without signatures:", "--skip=sign").into())
    }

    /// git's word for gpg, as goreleaser takes it.
    fn gpg(&self) -> String {
        let ask = CommandSpec::new("ask git for gpg.program", "git")
            .args(["config", "gpg.program"])
            .cwd(&self.project.root);
        let said = self.session.host.run(&ask).ok().filter(|d| d.status.success()).map(|d| d.stdout_text());
        let said = said.map(|s| s.trim().to_owned()).filter(|s| !s.is_empty());
        said.unwrap_or_else(|| "gpg".to_owned())
    }
}
