//! `docker_signs`: images are signed by goferry where the command is cosign's usual one, else by the command.

use super::attach::{Attached, Signer};
use super::push::Row;
use crate::session::Session;
use goferry_plan::image_push::Sign;
use goferry_proc::{CommandSpec, Env, Limits, OutputMode, Spawner as _, Status, Stdin};
use goferry_registry::{Client, Descriptor, Repository};
use goferry_report::{Code, Diagnostic, Diagnostics, Event};
use std::collections::BTreeMap;

/// Signs one image that was pushed, by everything that signs such.
pub(super) fn sign(
    signer: &Signer<'_>,
    client: &Client<'_>,
    signs: &[Sign],
    row: &Row,
    to: &Repository,
    image: &Descriptor,
) -> Result<Vec<Attached>, Diagnostics> {
    let mut done: Vec<Attached> = vec![];
    for sign in signs.iter().filter(|s| fits(s, row)) {
        for name in row.names() {
            let own = sign.environment(&name, &row.digest, &row.id);
            let args = sign.args(&own);
            let Some(native) = sign.native(&args, &format!("{name}@{}", row.digest)) else {
                by_command(signer.session, sign, &args, (&name, own))?;
                continue;
            };
            let attached = signer.sign(client, &native, to, image)?;
            // Under each of its names it is the same image.
            if !done.iter().any(|d| d.digest == attached.digest) {
                done.push(attached);
            }
        }
    }
    Ok(done)
}

/// Opens the keys of all that goferry signs itself, before anything is pushed.
pub(super) fn prepare(signer: &Signer<'_>, signs: &[Sign]) -> Result<(), Diagnostics> {
    for sign in signs {
        let (name, digest) = ("registry.invalid/name:tag", "sha256:0");
        let args = sign.args(&sign.environment(name, digest, ""));
        if let Some(native) = sign.native(&args, &format!("{name}@{digest}")) {
            signer.open(&native)?;
        }
    }
    Ok(())
}

fn fits(sign: &Sign, row: &Row) -> bool {
    sign.which.takes(&row.section) && (sign.ids.is_empty() || sign.ids.contains(&row.id))
}

fn by_command(
    session: &Session,
    sign: &Sign,
    args: &[String],
    (name, own): (&str, BTreeMap<String, String>),
) -> Result<(), Diagnostics> {
    let mut env = session.env.clone();
    env.extend(own);
    let stdin = match (&sign.stdin, &sign.stdin_file) {
        (Some(text), _) => Stdin::Bytes(text.clone().into_bytes()),
        (None, Some(path)) => {
            let path = session.cwd.join(path);
            let read = std::fs::read(&path);
            Stdin::Bytes(read.map_err(|e| Diagnostics::from(*crate::dist::failure(&path, &e)))?)
        }
        (None, None) => Stdin::Null,
    };
    let spec = CommandSpec {
        purpose: format!("sign {name}"),
        program: sign.program.clone().into(),
        args: args.iter().map(Into::into).collect(),
        env: Env::Exactly(env.into_iter().collect()),
        cwd: Some(session.cwd.clone()),
        stdin,
        limits: Limits::default(),
        output: OutputMode::Capture { max_bytes: 4 << 20 },
    };
    let step = format!("docker_signs/{}", sign.id);
    let done = session.host.run_lines(&spec, &|_, line| {
        if sign.output {
            session.sink.event(&Event::Output { step: step.clone(), line: line.to_owned() });
        }
    });
    let done = done.map_err(|e| goferry_build::BuildError::from(e).diagnostic())?;
    let why = match done.status {
        Status::Exited(0) => return Ok(()),
        Status::Exited(n) => format!("exit status {n}"),
        Status::Signaled(n) => format!("signal {n}"),
        Status::TimedOut => "time limit".to_owned(),
    };
    let mut d = Diagnostic::error(Code::SignFailed, format!("{} could not sign {name}: {why}", sign.program));
    d.notes = format!("{}{}", done.stdout_text(), done.stderr_text()).lines().map(str::to_owned).collect();
    Err(d.hint("the image is pushed; what is missing is its signature").into())
}
