//! The command line as it is written. Must not: look at the environment or files; `resolve` does.

mod binfmt;
mod ci;
pub(crate) mod debug;
mod deps;
mod evidence;
mod exec;
mod image;
mod image_build;
mod image_push;
mod image_run;
mod profile;
pub(crate) mod sbom;
mod scan;
mod stats;
mod symbols;
mod test;
pub(crate) mod trace;
mod verify;
pub(crate) mod vex;

pub(crate) use binfmt::{BinfmtAction, BinfmtArgs};
pub(crate) use ci::{CiAction, CiArgs};
pub(crate) use debug::DebugArgs;
pub(crate) use deps::DepsArgs;
pub(crate) use evidence::{AttestArgs, ServiceArgs, SignArgs};
pub(crate) use exec::{ExecArgs, RunArgs};
pub(crate) use image::{ImageAction, ImageArgs};
pub(crate) use image_build::ImageInspectArgs;
pub(crate) use image_push::ImagePushArgs;
pub(crate) use image_run::ImageRunArgs;
pub(crate) use profile::{CallGraph, ProfileArgs};
pub(crate) use sbom::SbomArgs;
pub(crate) use scan::{FailOn, Form, ScanArgs};
pub(crate) use stats::StatsArgs;
pub(crate) use symbols::{SizeArgs, SymbolsArgs};
pub(crate) use test::TestArgs;
pub(crate) use trace::TraceArgs;
pub(crate) use verify::VerifyArgs;
pub(crate) use vex::VexArgs;

use crate::duration;
use crate::output::talk;
use clap::{Args, Parser, Subcommand, ValueHint};
use goferry_plan::secret::hide;
use std::borrow::Cow;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

/// A Go module, released for every platform, each binary proved on its target.
#[derive(Debug, Parser)]
#[command(
    name = "goferry",
    version = crate::resolve::VERSION,
    arg_required_else_help = true,
    disable_help_subcommand = true,
    max_term_width = 100
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Build, verify and package a module for all its targets
    #[command(visible_alias = "r", after_help = RELEASE_EXAMPLES)]
    Release(ReleaseArgs),
    /// Build and verify binaries, without archives
    #[command(visible_alias = "b")]
    Build(BuildArgs),
    /// Show what a release would do, and everything that is wrong with it
    Plan(PlanArgs),
    /// Check configuration files, and vendor/ for every target
    #[command(visible_alias = "c")]
    Check(CheckArgs),
    /// Write a small goferry.toml to start from
    #[command(visible_alias = "i")]
    Init,
    /// Say what binaries are: format, machine, libraries, Go build information
    Inspect(InspectArgs),
    /// Say what functions are in a Go program, stripped or not, and how two programs differ
    #[command(after_help = symbols::SYMBOLS_EXAMPLES)]
    Symbols(SymbolsArgs),
    /// Say where a Go program's bytes are, by section and package, and what changed
    #[command(after_help = symbols::SIZE_EXAMPLES)]
    Size(SizeArgs),
    /// Build a program for a target and run it here
    #[command(after_help = RUN_EXAMPLES)]
    Run(RunArgs),
    /// Run go test for several targets, each by what runs its programs here
    #[command(visible_alias = "t", after_help = test::EXAMPLES)]
    Test(TestArgs),
    /// Run a program that is built already, whatever machine it is for
    #[command(after_help = EXEC_EXAMPLES)]
    Exec(ExecArgs),
    /// Say where a program or its tests spend their time, on any target
    #[command(after_help = profile::EXAMPLES)]
    Profile(ProfileArgs),
    /// Show a program's system calls on a target, or what differs between two
    #[command(after_help = trace::EXAMPLES)]
    Trace(TraceArgs),
    /// Debug a program on a target with gdb, or wait for a debugger
    #[command(after_help = debug::EXAMPLES)]
    Debug(DebugArgs),
    /// Say what is in a Go program, an archive or dist/: a bill of materials
    #[command(after_help = sbom::EXAMPLES)]
    Sbom(SbomArgs),
    /// Container images: make them of verified binaries, look at them, run them, push them
    Image(ImageArgs),
    /// Files for other builders, of the same plan
    Ci(CiArgs),
    /// Sign files with a key, as cosign does; or make a key
    #[command(after_help = evidence::SIGN_EXAMPLES)]
    Sign(SignArgs),
    /// Sign a statement about files: provenance, an SBOM, anything in JSON
    #[command(after_help = evidence::ATTEST_EXAMPLES)]
    Attest(AttestArgs),
    /// Verify what a bundle says about files: signature, identity, log, timestamps; offline
    #[command(after_help = verify::EXAMPLES)]
    Verify(VerifyArgs),
    /// Say which known vulnerabilities are in programs, releases, modules and SBOMs
    #[command(after_help = scan::EXAMPLES)]
    Scan(ScanArgs),
    /// Say which known vulnerabilities are in a program, and which are not: OpenVEX, CycloneDX
    #[command(after_help = vex::EXAMPLES)]
    Vex(VexArgs),
    /// Find the fewest upgrades that clear what can be reached of known vulnerabilities, and prove them
    #[command(after_help = deps::EXAMPLES)]
    Deps(DepsArgs),
    /// The release in dist/ target by target, and how the last ones went
    #[command(after_help = stats::EXAMPLES)]
    Stats(StatsArgs),
    /// Say why a build failed, or why a binary does not start here
    #[command(after_help = EXPLAIN_EXAMPLES)]
    Explain(ExplainArgs),
    /// Look for what would make builds fail, target by target
    Doctor(DoctorArgs),
    /// The kernel's table of emulators: show, explain, register, take out
    #[command(after_help = binfmt::EXAMPLES)]
    Binfmt(BinfmtArgs),
    /// Compilers, target libraries and emulators: list, fetch, use
    Toolchain(ToolchainArgs),
    /// List every platform: cgo, compiler, and what runs its programs on this host
    Targets(TargetsArgs),
    /// Print the JSON schema of goferry.toml, for editors
    Jsonschema(SchemaArgs),
    /// Look at the action cache or empty it
    Cache(CacheArgs),
    /// Print completions for a shell
    Completion(CompletionArgs),
    /// Print the manual page
    Man(ManArgs),
    /// Resolve a host name, to prove that a static goferry can
    #[command(name = "__resolve", hide = true)]
    ResolveHost { name: String },
}

const RELEASE_EXAMPLES: &str = "\
Examples:
  goferry release --snapshot --clean                      try out a release of this commit
  goferry release filippo.io/age@v1.2.1 --snapshot        release a published module, no checkout
  goferry release --skip=publish                          release the tag at HEAD into dist/";

const RUN_EXAMPLES: &str = "\
Examples:
  goferry run linux/arm64                        the main package here
  goferry run linux/mips64le ./cmd/tool -- -v    another one, with arguments
  goferry run linux/riscv64 dist/x_linux_riscv64/x
  goferry run linux/arm64 --on ssh://pi@raspberry -- -v    on real hardware

Its status is the program's own; 125: goferry failed, 126: it cannot be run here, 127: there is no such program.";

const EXEC_EXAMPLES: &str = "\
Examples:
  goferry exec dist/x_linux_riscv64/x --version
  GOARCH=arm64 go test -exec 'goferry exec' ./...      tests that start themselves pass, results are cached
  goferry exec --network ./server_arm64

Its status is the program's own; 125: goferry failed, 126: it cannot be run here, 127: there is no such program.";

const EXPLAIN_EXAMPLES: &str = "\
Examples:
  goferry explain ./program
  goferry explain build.log
  go build ./... 2>&1 | goferry explain -
  goferry explain -- make release";

#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// A binary or a build log, `-` for standard input
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with = "command")]
    pub(crate) file: Option<PathBuf>,
    /// A command to run and explain; its status is kept
    #[arg(last = true, value_name = "CMD")]
    pub(crate) command: Vec<OsString>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    /// Only these targets [default: the project's]
    #[arg(long, value_name = "TARGET", value_delimiter = ',')]
    pub(crate) target: Vec<String>,
    /// Do what can be done without root, and print the rest as commands
    #[arg(long)]
    pub(crate) fix: bool,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Print SARIF 2.1.0, for code scanning
    #[arg(long, conflicts_with = "json")]
    pub(crate) sarif: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ToolchainArgs {
    #[command(subcommand)]
    pub(crate) action: ToolchainAction,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ToolchainAction {
    /// What each target gets and whether it is there
    List(ToolTargets),
    /// Fetch what is missing and write goferry.lock
    Install(ToolInstall),
    /// Fetch the newest versions and write goferry.lock
    Update(ToolTargets),
    /// Print the folder of a target's compilers
    Path(ToolTarget),
    /// Print a target's environment for plain go commands: eval "$(goferry toolchain env TARGET)"
    Env(ToolEnv),
}

#[derive(Debug, Args)]
pub(crate) struct ToolTargets {
    /// Targets [default: the project's]
    #[arg(value_name = "TARGET")]
    pub(crate) targets: Vec<String>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ToolInstall {
    #[command(flatten)]
    pub(crate) of: ToolTargets,
    /// Only what goferry.lock names
    #[arg(long)]
    pub(crate) locked: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ToolTarget {
    /// Target, e.g. linux/arm64
    pub(crate) target: String,
    /// Only what goferry.lock names
    #[arg(long)]
    pub(crate) locked: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ToolEnv {
    #[command(flatten)]
    pub(crate) of: ToolTarget,
    /// Also a folder with go_GOOS_GOARCH_exec, by which go test and go run start the target's programs
    #[arg(long)]
    pub(crate) path: bool,
    /// Print JSON instead of shell commands
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct TargetsArgs {
    /// Only these targets
    #[arg(value_name = "TARGET")]
    pub(crate) targets: Vec<String>,
    /// Print JSON
    #[arg(long, conflicts_with = "markdown")]
    pub(crate) json: bool,
    /// Build a cgo program for every target, run it where possible, and print docs/targets.md
    #[arg(long)]
    pub(crate) markdown: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ReleaseArgs {
    /// A published module to release instead of the working directory
    #[arg(value_name = "MODULE@VERSION")]
    pub(crate) module: Option<String>,
    #[command(flatten)]
    pub(crate) select: Select,
    #[command(flatten)]
    pub(crate) run: Run,
    /// Make everything a second time in another folder and compare the bytes
    #[arg(long)]
    pub(crate) check_reproducible: bool,
    #[command(flatten)]
    pub(crate) talk: Talk,
}

#[derive(Debug, Args)]
pub(crate) struct BuildArgs {
    #[command(flatten)]
    pub(crate) make: MakeArgs,
    /// Copy the only binary to this path
    #[arg(short, long, value_name = "PATH", value_hint = ValueHint::FilePath)]
    pub(crate) output: Option<PathBuf>,
}

/// Of commands that make a part of a release.
#[derive(Debug, Args)]
pub(crate) struct MakeArgs {
    /// A published module to build instead of the working directory
    #[arg(value_name = "MODULE@VERSION")]
    pub(crate) module: Option<String>,
    #[command(flatten)]
    pub(crate) select: Select,
    #[command(flatten)]
    pub(crate) run: Run,
    #[command(flatten)]
    pub(crate) talk: Talk,
}

#[derive(Debug, Args)]
pub(crate) struct PlanArgs {
    /// A published module to plan for instead of the working directory
    #[arg(value_name = "MODULE@VERSION")]
    pub(crate) module: Option<String>,
    #[command(flatten)]
    pub(crate) select: Select,
    #[command(flatten)]
    pub(crate) notes: Notes,
    /// Keep nothing in the action cache and take nothing from it
    #[arg(long)]
    pub(crate) no_cache: bool,
    /// Print the whole plan and its problems as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// What is to be made.
#[derive(Debug, Args)]
#[command(next_help_heading = "What to make")]
pub(crate) struct Select {
    /// Configuration file, `-` for standard input [default: goreleaser's search order, goferry.toml]
    #[arg(short = 'f', long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) config: Option<PathBuf>,
    /// Any commit, without a tag and with a dirty tree; nothing is published
    #[arg(long)]
    pub(crate) snapshot: bool,
    /// A snapshot if the tree is dirty
    #[arg(long)]
    pub(crate) auto_snapshot: bool,
    /// Go on without these sections or steps, e.g. publish,sign,nfpms
    #[arg(long, value_name = "WORD", value_delimiter = ',')]
    pub(crate) skip: Vec<String>,
    /// Only this host's target, or that of $TARGET, or of $GOOS and $GOARCH
    #[arg(long)]
    pub(crate) single_target: bool,
    /// Only these targets, e.g. linux/arm64,linux/arm/v7
    #[arg(long, value_name = "TARGET", value_delimiter = ',')]
    pub(crate) target: Vec<String>,
    /// Only the builds with these ids
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    pub(crate) id: Vec<String>,
    /// Output folder [default: dist]
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) dist: Option<String>,
    /// Let templates see the present time instead of the commit's
    #[arg(long)]
    pub(crate) now: bool,
    /// Fetch and use only the compilers and emulators that goferry.lock names
    #[arg(long)]
    pub(crate) locked: bool,
    /// Let a fetched module's own configuration run its hooks
    #[arg(long)]
    pub(crate) allow_hooks: bool,
    /// Build a fetched module from a copy, for those with replace lines
    #[arg(long)]
    pub(crate) from_copy: bool,
}

/// How it is made.
#[derive(Debug, Args)]
#[command(next_help_heading = "How to run")]
pub(crate) struct Run {
    /// Remove what is in the output folder first
    #[arg(long)]
    pub(crate) clean: bool,
    /// Steps at once [default: by cores and free memory]
    #[arg(short, long, value_name = "N", value_parser = parallelism)]
    pub(crate) parallelism: Option<usize>,
    /// Stop everything after this time, e.g. 30m
    #[arg(long, value_name = "DURATION", value_parser = duration::parse)]
    pub(crate) timeout: Option<Duration>,
    /// Stop at the first failure instead of finishing the other targets
    #[arg(long)]
    pub(crate) fail_fast: bool,
    #[command(flatten)]
    pub(crate) notes: Notes,
    /// Keep nothing in the action cache and take nothing from it
    #[arg(long)]
    pub(crate) no_cache: bool,
    /// Do the RUN instructions of Dockerfiles, in a sandbox with the network
    #[arg(long)]
    pub(crate) dockerfile_run: bool,
    /// Give Dockerfiles that goferry does not do itself to this program, which must be here: buildx, podman, buildah
    #[arg(long, value_name = "NAME", value_parser = ["buildx", "podman", "buildah"])]
    pub(crate) dockerfile_builder: Option<String>,
}

/// What stands in the release notes beside the changelog, or in its place.
#[derive(Debug, Args)]
pub(crate) struct Notes {
    /// Release notes of your own: no changelog is made
    #[arg(long, value_name = "FILE")]
    pub(crate) release_notes: Option<PathBuf>,
    /// A text above the changelog
    #[arg(long, value_name = "FILE", conflicts_with = "release_header_tmpl")]
    pub(crate) release_header: Option<PathBuf>,
    /// The same as a template
    #[arg(long, value_name = "FILE")]
    pub(crate) release_header_tmpl: Option<PathBuf>,
    /// A text below the changelog
    #[arg(long, value_name = "FILE", conflicts_with = "release_footer_tmpl")]
    pub(crate) release_footer: Option<PathBuf>,
    /// The same as a template
    #[arg(long, value_name = "FILE")]
    pub(crate) release_footer_tmpl: Option<PathBuf>,
}

/// What is said meanwhile.
#[derive(Debug, Args)]
#[command(next_help_heading = "What to say")]
pub(crate) struct Talk {
    /// One JSON event a line on standard output
    #[arg(long)]
    pub(crate) json: bool,
    /// Say which compilers, runners and inputs were chosen, and why
    #[arg(long)]
    pub(crate) verbose: bool,
}

#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// Files to check [default: what a release would read]
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) files: Vec<PathBuf>,
    /// The same as FILE
    #[arg(short = 'f', long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) config: Vec<PathBuf>,
    /// Print diagnostics as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct InspectArgs {
    /// Files to read
    #[arg(required = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) files: Vec<PathBuf>,
    /// Print everything that is known as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct SchemaArgs {
    /// The schema of .goreleaser.yaml as goferry reads it
    #[arg(long)]
    pub(crate) goreleaser: bool,
    /// Write to this file, `-` for standard output
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct CompletionArgs {
    /// Which shell
    pub(crate) shell: Shell,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(crate) enum Shell {
    Bash,
    Zsh,
    Fish,
    Powershell,
}

#[derive(Debug, Args)]
pub(crate) struct ManArgs {
    /// Write a page for each command into this folder
    #[arg(short, long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct CacheArgs {
    #[command(subcommand)]
    pub(crate) action: CacheAction,
}

#[derive(Clone, Copy, Debug, Subcommand)]
pub(crate) enum CacheAction {
    /// Where the action cache is and how full
    Info {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Remove everything in the action cache, the programs of `goferry run` and the fetched bases of images
    Clean {
        /// Also the fetched compilers, libraries and emulators
        #[arg(long)]
        tools: bool,
    },
}

fn parallelism(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(n) if n > 0 => Ok(n),
        _ => Err("write a whole number from 1".to_owned()),
    }
}

/// Reads the command line; ends the program with status 2 if it makes no sense, and with 0 for `--help`.
pub(crate) fn parse() -> Command {
    let args = test::own_flags_first(std::env::args_os().collect());
    goferry_engine::learn_arguments(args.iter().filter_map(|a| a.to_str()));
    Cli::try_parse_from(args).unwrap_or_else(|e| refused(&e)).command
}

/// clap's error repeats what was given. With something in it that must not be repeated it is drawn without colours.
fn refused(e: &clap::Error) -> ! {
    let text = e.render().to_string();
    if e.use_stderr() && matches!(hide(&text), Cow::Owned(_)) {
        talk(&text);
        std::process::exit(e.exit_code());
    }
    e.exit()
}
