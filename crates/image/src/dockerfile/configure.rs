//! Instructions that change the configuration only.

use super::expand::{Lexer, expand, expand_words};
use super::parse::Instruction;
use super::stage::Stage;
use super::words::pairs;
use super::{DockerfileError, Failure};
use crate::model::Health;

/// `KEY=value` in a list: in its place, or at the end.
pub(super) fn set_env(env: &mut Vec<String>, name: &str, value: &str) {
    let line = format!("{name}={value}");
    let has = |l: &&mut String| l.split('=').next() == Some(name);
    match env.iter_mut().find(has) {
        Some(l) => *l = line,
        None => env.push(line),
    }
}

impl Stage {
    /// A word expanded with the stage's variables.
    pub(super) fn word(&self, of: &Instruction, word: &str) -> Result<String, DockerfileError> {
        let get = |name: &str| self.variable(name);
        let lexer = Lexer { escape: self.escape, get: &get, raw_quotes: false };
        expand(word, &lexer).map_err(|why| DockerfileError::new(of.line, why))
    }

    fn words(&self, of: &Instruction, text: &str) -> Result<Vec<String>, DockerfileError> {
        let get = |name: &str| self.variable(name);
        let lexer = Lexer { escape: self.escape, get: &get, raw_quotes: false };
        expand_words(text, &lexer).map_err(|why| DockerfileError::new(of.line, why))
    }

    /// Pairs of ENV and LABEL, expanded with what was before the instruction.
    fn pairs(&self, of: &Instruction) -> Result<Vec<(String, String)>, DockerfileError> {
        let malformed = || {
            let message = format!("{} {}: these are no pairs", of.keyword, of.rest);
            DockerfileError::new(of.line, message).hint(format!("write {} NAME=value", of.keyword))
        };
        let pairs = pairs(&of.rest, self.escape).ok_or_else(malformed)?;
        let out: Result<Vec<_>, DockerfileError> =
            pairs.iter().map(|(k, v)| Ok((self.word(of, k)?, self.word(of, v)?))).collect();
        let out = out?;
        if out.iter().any(|(k, _)| k.is_empty()) {
            return Err(malformed());
        }
        Ok(out)
    }

    /// A command: of a JSON list, else a line for the shell.
    pub(super) fn command(&self, of: &Instruction) -> Vec<String> {
        if let Some(list) = of.json() {
            return list;
        }
        let mut out = self.shell();
        out.push(of.rest.clone());
        out
    }

    fn shell(&self) -> Vec<String> {
        match self.config.config.shell.is_empty() {
            true => vec!["/bin/sh".to_owned(), "-c".to_owned()],
            false => self.config.config.shell.clone(),
        }
    }

    /// Does an instruction; false if it is none of these.
    pub(super) fn configure<E>(&mut self, of: &Instruction) -> Result<bool, Failure<E>> {
        let said = match of.keyword.as_str() {
            "ENV" => self.env(of)?,
            "LABEL" => self.label(of)?,
            "USER" => {
                self.config.config.user = self.word(of, &of.rest)?;
                format!("USER {}", self.config.config.user)
            }
            "ENTRYPOINT" => {
                let words = self.command(of);
                let said = format!("ENTRYPOINT {}", quoted(&words));
                self.config.config.entrypoint = Some(words).filter(|w| !w.is_empty());
                // The arguments were another program's.
                if !self.cmd_said {
                    self.config.config.cmd = None;
                }
                said
            }
            "CMD" => {
                let words = self.command(of);
                let said = format!("CMD {}", quoted(&words));
                self.config.config.cmd = Some(words);
                self.config.config.args_escaped = true;
                self.cmd_said = true;
                said
            }
            "EXPOSE" => self.expose(of)?,
            "VOLUME" => self.volume(of)?,
            "HEALTHCHECK" => self.health(of)?,
            "STOPSIGNAL" => {
                self.config.config.stop_signal = self.word(of, &of.rest)?;
                format!("STOPSIGNAL {}", self.config.config.stop_signal)
            }
            "SHELL" => {
                let Some(words) = of.json().filter(|w| !w.is_empty()) else {
                    let d = DockerfileError::new(of.line, "SHELL takes a JSON list");
                    return Err(d.hint("write SHELL [\"/bin/sh\", \"-c\"]").into());
                };
                let said = format!("SHELL [{}]", words.join(" "));
                self.config.config.shell = words;
                said
            }
            "MAINTAINER" => {
                self.config.author.clone_from(&of.rest);
                format!("MAINTAINER {}", of.rest)
            }
            "ONBUILD" => self.on_build(of)?,
            _ => return Ok(false),
        };
        self.history(said, true);
        Ok(true)
    }

    fn env(&mut self, of: &Instruction) -> Result<String, DockerfileError> {
        let pairs = self.pairs(of)?;
        for (name, value) in &pairs {
            set_env(&mut self.config.config.env, name, value);
        }
        Ok(format!("ENV {}", joined(&pairs)))
    }

    fn label(&mut self, of: &Instruction) -> Result<String, DockerfileError> {
        let pairs = self.pairs(of)?;
        self.config.config.labels.extend(pairs.iter().cloned());
        Ok(format!("LABEL {}", joined(&pairs)))
    }

    fn expose(&mut self, of: &Instruction) -> Result<String, DockerfileError> {
        let mut said = vec![];
        for word in self.words(of, &of.rest)? {
            let bad = || DockerfileError::new(of.line, format!("`{word}` is no port"));
            // A port of the host is nothing that an image can say.
            let word = word.rsplit_once(':').map_or(word.clone(), |(_, own)| own.to_owned());
            let (range, protocol) = word.split_once('/').unwrap_or((&word, "tcp"));
            let (low, high) = range.split_once('-').unwrap_or((range, range));
            let (low, high): (u16, u16) = (low.parse().map_err(|_| bad())?, high.parse().map_err(|_| bad())?);
            let protocol = protocol.to_ascii_lowercase();
            if low > high || !matches!(protocol.as_str(), "tcp" | "udp" | "sctp") {
                return Err(bad().hint("write EXPOSE 8080, EXPOSE 53/udp or EXPOSE 8000-8010"));
            }
            for port in low..=high {
                let port = format!("{port}/{protocol}");
                self.config.config.exposed_ports.insert(port.clone(), Default::default());
                said.push(port);
            }
        }
        said.sort();
        Ok(format!("EXPOSE [{}]", said.join(" ")))
    }

    fn volume(&mut self, of: &Instruction) -> Result<String, DockerfileError> {
        let mut said = vec![];
        for word in of.list() {
            let volume = self.word(of, &word)?;
            if volume.trim().is_empty() {
                return Err(DockerfileError::new(of.line, "VOLUME says nothing"));
            }
            self.config.config.volumes.insert(volume.clone(), Default::default());
            said.push(volume);
        }
        Ok(format!("VOLUME [{}]", said.join(" ")))
    }

    fn health(&mut self, of: &Instruction) -> Result<String, DockerfileError> {
        let mut health = Health::default();
        let bad = |what: &str| DockerfileError::new(of.line, format!("HEALTHCHECK: {what}"));
        for (name, value) in &of.flags {
            let value = value.as_deref().unwrap_or_default();
            let time = || duration(value).ok_or_else(|| bad(&format!("--{name}={value} is no duration")));
            match name.as_str() {
                "interval" => health.interval = time()?,
                "timeout" => health.timeout = time()?,
                "start-period" => health.start_period = time()?,
                "start-interval" => health.start_interval = time()?,
                "retries" => {
                    health.retries = value.parse().map_err(|_| bad("--retries takes a number"))?;
                }
                _ => return Err(bad(&format!("the flag --{name} is unknown"))),
            }
        }
        let (word, rest) = of.rest.split_once(char::is_whitespace).unwrap_or((&of.rest, ""));
        let command = Instruction { rest: rest.trim().to_owned(), ..of.clone() };
        health.test = match word.to_ascii_uppercase().as_str() {
            "NONE" => vec!["NONE".to_owned()],
            "CMD" if command.rest.is_empty() => return Err(bad("CMD says nothing")),
            "CMD" => match command.json() {
                Some(words) => std::iter::once("CMD".to_owned()).chain(words).collect(),
                None => vec!["CMD-SHELL".to_owned(), command.rest],
            },
            other => return Err(bad(&format!("`{other}` is neither CMD nor NONE"))),
        };
        self.config.config.healthcheck = Some(health);
        Ok(of.title())
    }

    fn on_build(&mut self, of: &Instruction) -> Result<String, DockerfileError> {
        let inner = super::parse::instruction(&of.rest, of.line, self.escape)?;
        if matches!(inner.keyword.as_str(), "FROM" | "MAINTAINER" | "ONBUILD") {
            return Err(DockerfileError::new(of.line, format!("ONBUILD {} is not allowed", inner.keyword)));
        }
        self.config.config.on_build.push(of.rest.clone());
        Ok(format!("ONBUILD {}", of.rest))
    }
}

fn joined(pairs: &[(String, String)]) -> String {
    pairs.iter().map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>().join(" ")
}

/// As Go's `%q` has a list.
fn quoted(words: &[String]) -> String {
    let words: Vec<String> = words.iter().map(|w| format!("{w:?}")).collect();
    format!("[{}]", words.join(" "))
}

/// Go's `time.ParseDuration`, in nanoseconds.
fn duration(text: &str) -> Option<i64> {
    let mut rest = text;
    let mut total = 0f64;
    if rest.is_empty() {
        return None;
    }
    if rest == "0" {
        return Some(0);
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest[..digits].parse().ok()?;
        let tail = &rest[digits..];
        let unit = tail.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(tail.len());
        let factor = match &tail[..unit] {
            "ns" => 1.0,
            "us" | "µs" => 1e3,
            "ms" => 1e6,
            "s" => 1e9,
            "m" => 60e9,
            "h" => 3600e9,
            _ => return None,
        };
        total += number * factor;
        rest = &tail[unit..];
    }
    #[expect(clippy::cast_possible_truncation, reason = "checked against the bounds of the type")]
    (total < 9e18).then_some(total as i64)
}
