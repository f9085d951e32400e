//! `goferry test`: its own options, among go test's.

use super::exec::Isolation;
use clap::{Args, CommandFactory, ValueHint};
use std::ffi::OsString;
use std::path::PathBuf;

pub(crate) const EXAMPLES: &str = "\
Examples:
  goferry test --target linux/arm64,linux/mips64le ./...
  goferry test --all -run TestX -v ./pkg
  goferry test --target linux/s390x -json ./... | gotestsum --raw-command -- cat
  goferry test --all --junit report.xml -coverprofile=cover.out ./...

Options with two dashes are goferry's, wherever they stand; those with one, and packages, are go test's. Its results are
cached as go test's own. Status 1: a test failed; 5: a target cannot be run here.";

#[derive(Debug, Args)]
pub(crate) struct TestArgs {
    /// On these targets, e.g. linux/arm64,linux/s390x [default: this host's]
    #[arg(long, value_name = "TARGET", value_delimiter = ',', conflicts_with = "all")]
    pub(crate) target: Vec<String>,
    /// On all targets of the project; those that nothing here runs are named and left out
    #[arg(long)]
    pub(crate) all: bool,
    /// Run failed tests again, up to this often
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) retries: u32,
    /// Count a failure that is a known limit of the emulator as none
    #[arg(long)]
    pub(crate) allow_known_limits: bool,
    /// Targets at once [default: by cores and free memory]
    #[arg(long, value_name = "N", value_parser = super::parallelism)]
    pub(crate) parallelism: Option<usize>,
    /// Write the results as JUnit XML
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) junit: Option<PathBuf>,
    /// With -json and several targets: the folder for a stream of each
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, default_value = "goferry-test")]
    pub(crate) streams: PathBuf,
    #[command(flatten)]
    pub(crate) isolation: Isolation,
    /// go test's flags and packages
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "GO TEST FLAGS AND PACKAGES")]
    pub(crate) go: Vec<OsString>,
}

/// Puts goferry's own options of `goferry test` in front of go test's arguments, up to `-args`: the parser takes the
/// first word that it does not know, and all after it, for go test's.
pub(crate) fn own_flags_first(words: Vec<OsString>) -> Vec<OsString> {
    let named = words.get(1).and_then(|w| w.to_str());
    if !matches!(named, Some("test" | "t")) {
        return words;
    }
    let command = super::Cli::command();
    let Some(test) = command.find_subcommand("test") else { return words };
    let takes = |name: &str| {
        test.get_arguments()
            .find(|a| a.get_long() == Some(name))
            .map(|a| a.get_action().takes_values())
            .or_else(|| (name == "help").then_some(false))
    };
    let (mut own, mut go) = (vec![], vec![]);
    let mut rest = words.into_iter();
    own.extend(rest.by_ref().take(2));
    while let Some(word) = rest.next() {
        let text = word.to_str().unwrap_or_default();
        if text == "-args" || text == "--args" {
            go.push(word);
            break;
        }
        if text == "--" {
            continue;
        }
        let long = text.strip_prefix("--").map(|t| t.split_once('=').map_or((t, false), |(n, _)| (n, true)));
        match long.and_then(|(name, written)| Some((takes(name)?, written))) {
            Some((takes, written)) => {
                own.push(word);
                own.extend((takes && !written).then(|| rest.next()).flatten());
            }
            None if text == "-h" => own.push(word),
            None => go.push(word),
        }
    }
    go.extend(rest);
    if !go.is_empty() {
        own.push("--".into());
    }
    own.into_iter().chain(go).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(text: &str) -> String {
        let words = text.split_whitespace().map(OsString::from).collect();
        own_flags_first(words).iter().map(|w| w.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn own_options_come_first() {
        assert_eq!(
            sorted("goferry test -run X ./... --target linux/arm64 --junit=j.xml -v -args --target x"),
            "goferry test --target linux/arm64 --junit=j.xml -- -run X ./... -v -args --target x"
        );
        assert_eq!(sorted("goferry test --all"), "goferry test --all");
        assert_eq!(sorted("goferry test --count=1 --network ."), "goferry test --network -- --count=1 .");
        assert_eq!(sorted("goferry run x -- --target"), "goferry run x -- --target");
    }
}
