//! The lines of a Dockerfile as instructions (BuildKit's `frontend/dockerfile/parser`).

use super::DockerfileError;
use super::words::{flags, words};

/// More than anybody writes.
const MAX_BYTES: usize = 4 << 20;

/// What may have documents below it.
const WITH_HEREDOCS: [&str; 3] = ["ADD", "COPY", "RUN"];

/// A Dockerfile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dockerfile {
    /// The escape character: `\` or `` ` ``.
    pub escape: char,
    /// `# syntax=`.
    pub syntax: Option<String>,
    /// `# check=`.
    pub check: Option<String>,
    /// In their order.
    pub instructions: Vec<Instruction>,
}

/// An instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instruction {
    /// Its first line, from one.
    pub line: usize,
    /// In capitals.
    pub keyword: String,
    /// Name without `--`, and value if there is one.
    pub flags: Vec<(String, Option<String>)>,
    /// What follows keyword and flags, lines joined.
    pub rest: String,
    /// Documents.
    pub heredocs: Vec<Heredoc>,
}

/// A document below an instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heredoc {
    /// What ends it, which is its name too.
    pub name: String,
    /// Its text, each line with its end.
    pub text: String,
    /// Whether variables are expanded in it.
    pub expand: bool,
    /// Whether tabs at the beginning of lines are left out.
    pub chomp: bool,
}

impl Instruction {
    /// The arguments, if they are written as a JSON list of texts.
    pub fn json(&self) -> Option<Vec<String>> {
        if !self.rest.starts_with('[') {
            return None;
        }
        serde_json::from_str(&self.rest).ok()
    }

    /// The arguments: of the JSON list, else by blanks.
    pub fn list(&self) -> Vec<String> {
        self.json().unwrap_or_else(|| self.rest.split_whitespace().map(str::to_owned).collect())
    }

    /// As it may be said to people: `COPY app /app`.
    pub fn title(&self) -> String {
        let mut out = self.keyword.clone();
        for (name, value) in &self.flags {
            out.push_str(" --");
            out.push_str(name);
            if let Some(value) = value {
                out.push('=');
                out.push_str(value);
            }
        }
        if !self.rest.is_empty() {
            out.push(' ');
            out.push_str(&self.rest);
        }
        out
    }
}

/// Reads a Dockerfile.
///
/// # Errors
/// With the line: words that are no instruction, a document without an end, no instruction at all.
pub fn parse(text: &str) -> Result<Dockerfile, DockerfileError> {
    if text.len() > MAX_BYTES {
        return Err(DockerfileError::new(1, "it has more than 4 MiB"));
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines: Vec<&str> = text.lines().collect();
    let (mut out, mut at) = directives(&lines)?;
    while at < lines.len() {
        let start = at;
        let (line, next) = joined(&lines, at, out.escape);
        at = next;
        let Some(line) = line else { continue };
        let mut instruction = instruction(&line, start + 1, out.escape)?;
        at = heredocs(&mut instruction, &lines, at, out.escape)?;
        out.instructions.push(instruction);
    }
    match out.instructions.is_empty() {
        true => Err(DockerfileError::new(1, "it has no instructions")),
        false => Ok(out),
    }
}

/// `# name=value` at the very beginning; the number of lines that they take.
fn directives(lines: &[&str]) -> Result<(Dockerfile, usize), DockerfileError> {
    let mut out = Dockerfile { escape: '\\', syntax: None, check: None, instructions: vec![] };
    let mut seen: Vec<String> = vec![];
    for (at, line) in lines.iter().enumerate() {
        let pair = line.trim().strip_prefix('#').and_then(|l| l.split_once('='));
        let Some((name, value)) = pair.map(|(n, v)| (n.trim().to_ascii_lowercase(), v.trim())) else {
            return Ok((out, at));
        };
        match name.as_str() {
            "syntax" => out.syntax = Some(value.to_owned()),
            "check" => out.check = Some(value.to_owned()),
            "escape" => match value {
                "\\" | "`" => out.escape = value.chars().next().unwrap_or('\\'),
                _ => {
                    let message = format!("the escape character cannot be `{value}`");
                    return Err(DockerfileError::new(at + 1, message).hint("it is `\\` or `` ` ``"));
                }
            },
            _ => return Ok((out, at)),
        }
        if seen.contains(&name) {
            return Err(DockerfileError::new(at + 1, format!("`# {name}=` is said twice")));
        }
        seen.push(name);
    }
    Ok((out, lines.len()))
}

fn comment(line: &str) -> bool {
    line.trim_start().starts_with('#')
}

/// A line with those that continue it, and the index of the line after; none for comments and empty lines.
fn joined(lines: &[&str], start: usize, escape: char) -> (Option<String>, usize) {
    let first = lines[start];
    if first.trim().is_empty() || comment(first) {
        return (None, start + 1);
    }
    let mut out = String::new();
    let mut at = start;
    while at < lines.len() {
        let line = if at == start { lines[at].trim_start() } else { lines[at] };
        at += 1;
        if at - 1 > start && (comment(line) || line.trim().is_empty()) {
            continue;
        }
        match continued(line, escape) {
            Some(part) => out.push_str(part),
            None => {
                out.push_str(line);
                return (Some(out), at);
            }
        }
    }
    (Some(out), at)
}

/// The line without the escape character at its end; a doubled one says nothing.
fn continued(line: &str, escape: char) -> Option<&str> {
    let part = line.trim_end_matches([' ', '\t']).strip_suffix(escape)?;
    (!part.ends_with(escape)).then_some(part)
}

const KEYWORDS: [&str; 18] = [
    "ADD",
    "ARG",
    "CMD",
    "COPY",
    "ENTRYPOINT",
    "ENV",
    "EXPOSE",
    "FROM",
    "HEALTHCHECK",
    "LABEL",
    "MAINTAINER",
    "ONBUILD",
    "RUN",
    "SHELL",
    "STOPSIGNAL",
    "USER",
    "VOLUME",
    "WORKDIR",
];

/// One line as an instruction; also for the triggers of ONBUILD.
pub(super) fn instruction(line: &str, number: usize, escape: char) -> Result<Instruction, DockerfileError> {
    let line = line.trim();
    let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let keyword = word.to_ascii_uppercase();
    if !KEYWORDS.contains(&keyword.as_str()) {
        return Err(DockerfileError::new(number, format!("`{word}` is no instruction")));
    }
    let (flags, rest) = match keyword.as_str() {
        "ADD" | "COPY" | "FROM" | "HEALTHCHECK" | "RUN" => flags(rest, escape),
        _ => (vec![], rest.trim()),
    };
    if rest.is_empty() && keyword != "RUN" {
        return Err(DockerfileError::new(number, format!("{keyword} says nothing")));
    }
    Ok(Instruction { line: number, keyword, flags, rest: rest.to_owned(), heredocs: vec![] })
}

/// Takes the documents of an instruction from the lines below it; the index of the line after them.
fn heredocs(
    of: &mut Instruction,
    lines: &[&str],
    mut at: usize,
    escape: char,
) -> Result<usize, DockerfileError> {
    let trigger = of.rest.split_whitespace().next().unwrap_or_default().to_ascii_uppercase();
    let may = |word: &str| WITH_HEREDOCS.contains(&word);
    if !(may(&of.keyword) || of.keyword == "ONBUILD" && may(&trigger)) || of.json().is_some() {
        return Ok(at);
    }
    for word in words(&of.rest, escape) {
        let Some(mut doc) = begin(&word) else { continue };
        loop {
            let Some(line) = lines.get(at) else {
                let message = format!("the document `<<{}` has no end", doc.name);
                return Err(DockerfileError::new(of.line, message));
            };
            at += 1;
            let line = if doc.chomp { line.trim_start_matches('\t') } else { line };
            if line == doc.name {
                break;
            }
            doc.text.push_str(line);
            doc.text.push('\n');
        }
        of.heredocs.push(doc);
    }
    Ok(at)
}

/// `<<EOF`, `<<-EOF`, `<<"EOF"`, `3<<EOF`.
pub(super) fn begin(word: &str) -> Option<Heredoc> {
    let word = word.trim_start_matches(|c: char| c.is_ascii_digit());
    let rest = word.strip_prefix("<<")?;
    let (rest, chomp) = rest.strip_prefix('-').map_or((rest, false), |r| (r, true));
    if rest.contains('<') {
        return None;
    }
    let name: String = rest.chars().filter(|c| !matches!(c, '"' | '\'')).collect();
    let expand = name.len() == rest.len();
    (!name.is_empty()).then(|| Heredoc { name, text: String::new(), expand, chomp })
}
