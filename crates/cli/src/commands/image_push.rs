//! `goferry image push`.

use super::evidence::{native, session};
use super::unwritable;
use crate::args::ImagePushArgs;
use crate::output::{self, data, harmless, talk};
use crate::watch::Watch;
use goferry_engine::images::Attachments;
use goferry_engine::images::push::{Done, Question, Row, push};
use goferry_proc::Cancel;
use goferry_report::Diagnostics;
use std::process::ExitCode;

pub(super) fn run(args: &ImagePushArgs) -> Result<ExitCode, Diagnostics> {
    let cancel = Cancel::new();
    let _watch = Watch::start(&cancel, None);
    let session = session(&cancel)?;
    let by = match args.key.is_some() || args.keyless {
        true => Some(native(args.key.as_ref(), &args.services)?),
        false => None,
    };
    let question = Question {
        folder: args.folder.clone(),
        to: args.to.clone(),
        immutable: args.immutable,
        plain_http: args.plain_http.clone(),
        mount_from: args.mount_from.clone(),
        attachments: Attachments {
            by,
            old_form: args.signature_tag,
            files: args.attach.clone(),
            of_release: !args.no_attach,
        },
    };
    let Done { rows, held } = push(&session, &question, &mut |row| {
        if !args.json {
            row.names().iter().for_each(|n| data(&(harmless(&format!("{n}@{}", row.digest)) + "\n")));
            talk(&(harmless(&line(row)) + "\n"));
        }
    })?;
    for h in &held {
        talk(&(harmless(&format!("{} is not pushed: {}", h.name, h.why)) + "\n"));
    }
    if let Some(path) = &args.digests {
        let text: String = rows.iter().map(Row::digest_lines).collect();
        std::fs::write(path, text).map_err(|e| unwritable(path, &e))?;
    }
    if args.json {
        output::json(&rows);
    }
    Ok(ExitCode::SUCCESS)
}

fn line(row: &Row) -> String {
    let mut parts = vec![match (row.sent, row.mounted, row.there) {
        (0, 0, _) if row.tagged.is_empty() => "it was there already".to_owned(),
        (sent, mounted, there) => {
            let megabytes = row.sent_bytes as f64 / 1e6;
            format!("{sent} blobs sent ({megabytes:.1} MB), {mounted} mounted, {there} there already")
        }
    }];
    for a in &row.attached {
        let kind = a.predicate_type.as_ref().unwrap_or(&a.artifact_type);
        let found = if a.found_by == "tag" { " (found by its tag)" } else { "" };
        parts.push(format!("attached {kind}{found}"));
    }
    format!("{}: {}", row.repository, parts.join("; "))
}
