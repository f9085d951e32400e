//! A fake [`Spawner`] for the tests of other houses: it runs nothing.

use crate::{CommandSpec, Env, Finished, SpawnError, Spawner, Stream};
use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// One command that is expected, and what is to happen instead of running it.
#[derive(Clone, Debug)]
pub struct Expected {
    argv: Vec<String>,
    env: Vec<(String, Option<String>)>,
    cwd: Option<PathBuf>,
    files: Vec<(PathBuf, Vec<u8>)>,
    answer: Answer,
}

#[derive(Clone, Debug)]
enum Answer {
    Finished(Finished),
    NotFound,
}

impl Expected {
    /// A command line that answers success without output.
    pub fn new<A: Into<String>>(argv: impl IntoIterator<Item = A>) -> Self {
        Expected {
            argv: argv.into_iter().map(Into::into).collect(),
            env: Vec::new(),
            cwd: None,
            files: Vec::new(),
            answer: Answer::Finished(Finished::ok()),
        }
    }

    /// The command must be given this variable explicitly (what it inherits does not count).
    #[must_use]
    pub fn env(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.env.push((name.into(), Some(value.into())));
        self
    }

    /// The command must not be given this variable explicitly.
    #[must_use]
    pub fn no_env(mut self, name: impl Into<String>) -> Self {
        self.env.push((name.into(), None));
        self
    }

    /// The command must run in this directory; unsaid, any will do.
    #[must_use]
    pub fn cwd(mut self, cwd: impl Into<PathBuf>) -> Self {
        self.cwd = Some(cwd.into());
        self
    }

    /// A file that the command is pretended to write; its folders are made.
    #[must_use]
    pub fn writes(mut self, path: impl Into<PathBuf>, bytes: impl Into<Vec<u8>>) -> Self {
        self.files.push((path.into(), bytes.into()));
        self
    }

    /// How it ends.
    #[must_use]
    pub fn answers(mut self, finished: Finished) -> Self {
        self.answer = Answer::Finished(finished);
        self
    }

    /// The program is not there.
    #[must_use]
    pub fn not_found(mut self) -> Self {
        self.answer = Answer::NotFound;
        self
    }

    /// Every way in which `spec` is not what was expected.
    fn differences(&self, spec: &CommandSpec) -> Vec<String> {
        let mut out = Vec::new();
        let argv = argv(spec);
        if argv != self.argv {
            out.push(format!("argv\n      expected {:?}\n      got      {argv:?}", self.argv));
        }
        let given = match &spec.env {
            Env::Inherit { set, .. } | Env::Exactly(set) => set,
        };
        for (name, value) in &self.env {
            let got = given.iter().rev().find(|(n, _)| n == name).map(|(_, v)| v);
            if got != value.as_ref() {
                out.push(format!("{name}\n      expected {value:?}\n      got      {got:?}"));
            }
        }
        if self.cwd.is_some() && self.cwd != spec.cwd {
            out.push(format!("cwd\n      expected {:?}\n      got      {:?}", self.cwd, spec.cwd));
        }
        out
    }
}

fn argv(spec: &CommandSpec) -> Vec<String> {
    std::iter::once(&spec.program).chain(&spec.args).map(|a| a.to_string_lossy().into_owned()).collect()
}

/// A fake host that answers expected commands from a script, each once and in any order, and panics with the
/// differences at any other.
#[derive(Debug, Default)]
pub struct Scripted {
    open: Mutex<Vec<Expected>>,
    calls: Mutex<Vec<CommandSpec>>,
}

impl Scripted {
    /// A script.
    pub fn new(expected: impl IntoIterator<Item = Expected>) -> Self {
        Scripted { open: Mutex::new(expected.into_iter().collect()), calls: Mutex::default() }
    }

    /// What was asked for so far.
    pub fn calls(&self) -> Vec<CommandSpec> {
        lock(&self.calls).clone()
    }

    /// To be called at the test's end.
    ///
    /// # Panics
    /// If something that was expected never came.
    pub fn assert_all_done(&self) {
        let open = lock(&self.open);
        assert!(
            open.is_empty(),
            "expected commands never came: {:?}",
            open.iter().map(|e| &e.argv).collect::<Vec<_>>()
        );
    }

    fn take(&self, spec: &CommandSpec) -> Expected {
        let mut open = lock(&self.open);
        if let Some(i) = open.iter().position(|e| e.differences(spec).is_empty()) {
            return open.remove(i);
        }
        let mut text = format!("unexpected command ({}): {:?}\n", spec.purpose, argv(spec));
        let nearest =
            open.iter().min_by_key(|e| (e.argv.first() != argv(spec).first(), e.differences(spec).len()));
        match nearest {
            None => text.push_str("  nothing more was expected"),
            Some(e) => {
                for d in e.differences(spec) {
                    let _ = writeln!(text, "    {d}");
                }
            }
        }
        drop(open);
        panic!("{text}");
    }
}

fn lock<T>(m: &Mutex<T>) -> MutexGuard<'_, T> {
    m.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Spawner for Scripted {
    fn run(&self, spec: &CommandSpec) -> Result<Finished, SpawnError> {
        lock(&self.calls).push(spec.clone());
        let expected = self.take(spec);
        let program = spec.program.to_string_lossy().into_owned();
        let purpose = spec.purpose.clone();
        for (path, bytes) in &expected.files {
            let written = path.parent().map_or(Ok(()), std::fs::create_dir_all);
            if let Err(source) = written.and_then(|()| std::fs::write(path, bytes)) {
                return Err(SpawnError::Io { program, purpose, source });
            }
        }
        match expected.answer {
            Answer::Finished(f) => Ok(f),
            Answer::NotFound => Err(SpawnError::NotFound { program, purpose }),
        }
    }

    fn run_lines(
        &self,
        spec: &CommandSpec,
        on_line: &(dyn Fn(Stream, &str) + Sync),
    ) -> Result<Finished, SpawnError> {
        let finished = self.run(spec)?;
        finished.stdout_text().lines().for_each(|l| on_line(Stream::Stdout, l));
        finished.stderr_text().lines().for_each(|l| on_line(Stream::Stderr, l));
        Ok(finished)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Status;

    #[test]
    fn answers_and_writes() {
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join("a/out");
        let host = Scripted::new([
            Expected::new(["go", "version"]).answers(Finished::with(
                Status::Exited(0),
                "go version go1.26\n",
                "",
            )),
            Expected::new(["go", "build"]).env("GOOS", "linux").no_env("CC").writes(&out, "ELF"),
            Expected::new(["git"]).not_found(),
        ]);
        let spec = CommandSpec::new("t", "go").arg("build").set("GOOS", "linux");
        assert!(host.run(&spec).unwrap().status.success());
        assert_eq!(std::fs::read(out).unwrap(), b"ELF");
        let lines = Mutex::new(vec![]);
        let spec = CommandSpec::new("t", "go").arg("version");
        host.run_lines(&spec, &|s, l| lines.lock().unwrap().push((s, l.to_owned()))).unwrap();
        assert_eq!(lines.into_inner().unwrap(), [(Stream::Stdout, "go version go1.26".to_owned())]);
        assert!(matches!(host.run(&CommandSpec::new("t", "git")), Err(SpawnError::NotFound { .. })));
        host.assert_all_done();
        assert_eq!(host.calls().len(), 3);
    }

    #[test]
    #[should_panic(expected = "GOOS")]
    fn a_wrong_environment_is_refused() {
        let host = Scripted::new([Expected::new(["go", "build"]).env("GOOS", "linux")]);
        let _ = host.run(&CommandSpec::new("t", "go").arg("build").set("GOOS", "darwin"));
    }

    #[test]
    #[should_panic(expected = "never came")]
    fn a_missing_command_is_noticed() {
        Scripted::new([Expected::new(["go"])]).assert_all_done();
    }
}
