//! Packing by upx, which changes bytes and therefore belongs to the build.

use crate::BuildError;
use crate::go_build::{BuildContext, text};
use goferry_plan::graph::UpxSpec;
use goferry_proc::{CommandSpec, Env, Limits, OutputMode, Status, Stdin};
use std::path::Path;

/// What upx says of files that it leaves as they are; goreleaser goes on after these too.
const HARMLESS: [&str; 5] = [
    "CantPackException",
    "AlreadyPackedException",
    "NotCompressibleException",
    "UnknownExecutableFormatException",
    "IOException",
];

pub(crate) fn pack(spec: &UpxSpec, file: &Path, cx: &BuildContext<'_>) -> Result<(), BuildError> {
    let mut args: Vec<std::ffi::OsString> = spec.args.iter().map(Into::into).collect();
    args.push(file.into());
    let command = CommandSpec {
        purpose: format!("pack {}", file.display()),
        program: spec.program.clone().into(),
        args,
        env: Env::Exactly(cx.env.iter().map(|(k, v)| (k.clone(), v.clone())).collect()),
        cwd: Some(cx.project.to_owned()),
        stdin: Stdin::Null,
        limits: Limits::default(),
        output: OutputMode::Capture { max_bytes: 1 << 20 },
    };
    let done = cx.spawner.run(&command)?;
    if done.status == Status::Exited(0) {
        return Ok(());
    }
    let output = text(&done);
    if let Some(word) = HARMLESS.iter().find(|w| output.contains(**w)) {
        (cx.line)(&format!("upx left {} as it is: {word}", file.display()));
        return Ok(());
    }
    Err(BuildError::Failed {
        command: spec.program.clone(),
        target: file.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        output,
    })
}
