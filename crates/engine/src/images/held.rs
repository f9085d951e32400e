//! What `skip_push` holds back from a push.

use super::layout::Layout;
use super::push::{HeldBack, Target};
use super::registries::drawn;
use goferry_plan::image_push::{Held, ImagePush};
use goferry_registry::Reference;
use goferry_report::{Code, Diagnostic, Diagnostics};

/// Takes the tags that are held back from the targets, and targets without any left with them.
///
/// # Errors
/// A name is none, or an index of `docker_manifests` is to hold an image that is not pushed.
pub(super) fn taken_out(
    wanted: &ImagePush,
    planned: &mut [(&Layout, Vec<Target>)],
) -> Result<Vec<HeldBack>, Diagnostics> {
    let mut out = vec![];
    for held in &wanted.held {
        if held.section == "docker_manifests" {
            out.extend(held.names.iter().map(|n| said(held, n.clone())));
            continue;
        }
        for name in &held.names {
            let reference: Reference = name.parse().map_err(|e| drawn(&e))?;
            let tag = reference.tag().unwrap_or_default();
            let all = planned.iter_mut().flat_map(|(_, targets)| targets);
            let mine = all.filter(|t| t.repository == *reference.repository());
            let mut found = false;
            for target in mine {
                let before = target.tags.len();
                target.tags.retain(|t| t != tag);
                found |= target.tags.len() < before;
            }
            if found {
                out.push(said(held, reference.to_string()));
                not_in_indexes(wanted, &reference, held)?;
            }
        }
    }
    for (_, some) in planned.iter_mut().filter(|_| !out.is_empty()) {
        some.retain(|t| !t.tags.is_empty());
    }
    Ok(out)
}

fn said(held: &Held, name: String) -> HeldBack {
    HeldBack { name, why: format!("`skip_push` of {} is {}", held.section, held.why) }
}

/// In goreleaser the index could not be made: its image is not in the registry.
fn not_in_indexes(wanted: &ImagePush, image: &Reference, held: &Held) -> Result<(), Diagnostics> {
    let is = |text: &String| text.parse::<Reference>().is_ok_and(|r| r == *image);
    let Some(index) = wanted.manifests.iter().find(|m| m.images.iter().any(is)) else { return Ok(()) };
    let message = format!(
        "`docker_manifests`: {} is to hold {image}, which is not pushed: its `skip_push` is {}",
        index.name, held.why
    );
    let d = Diagnostic::error(Code::ImageUnusable, message);
    Err(d.hint("give the item of `docker_manifests` the same `skip_push`").into())
}
