//! What the configuration says of images that are pushed from dist/.

use crate::images::registries;
use crate::project;
use crate::session::{ConfigFile, Request, Session};
use crate::templates::ProjectTemplates;
use goferry_config::model::ImagePushing;
use goferry_plan::graph::{Action, Plan};
use goferry_plan::image_push::ImagePush;
use goferry_plan::{Options, draft};
use goferry_registry::Reference;
use goferry_report::{Code, Diagnostic, Diagnostics};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// goferry.json of many binaries.
const LIMIT: u64 = 256 << 20;

/// Manifests, digests and signatures for the release in `dist`. Without a configuration there are the digests only.
///
/// # Errors
/// What is wrong with the configuration or the project.
pub(super) fn of_dist(session: &Session, dist: &Path) -> Result<ImagePush, Diagnostics> {
    let (config, problems) = crate::config::load(&session.cwd, &session.cwd, &ConfigFile::Search);
    if problems.has_errors() {
        return Err(problems);
    }
    let holds = config.dockers.iter().any(|d| d.skip_push.is_some());
    if config.image_push == ImagePushing::default() && !holds {
        return Ok(ImagePush { digests: Some("digests.txt".to_owned()), ..ImagePush::default() });
    }
    // Names are made for the release that is there: a snapshot is called otherwise.
    let request = Request { snapshot: is_snapshot(dist), ..Request::new("image push") };
    let (project, mut problems) = project::gather(session, &request, &config, session.cwd.clone(), None);
    let templates =
        ProjectTemplates::new(project.root.clone(), session.env.clone(), project.facts.clock.unix);
    let options = Options::default();
    let draft = draft(&config, &project.facts, &options, &templates);
    let wanted = draft.image_push();
    problems.append(draft.problems());
    goferry_plan::secret::learn(draft.env.iter().map(|(k, v)| (k.as_str(), v.as_str())));
    for sign in &wanted.signs {
        registries::learn_secrets(sign);
    }
    if problems.has_errors() { Err(problems) } else { Ok(wanted) }
}

/// Names of images that no registry takes: known before anything is built.
pub(crate) fn unnameable(plan: &Plan) -> Diagnostics {
    let mut problems = Diagnostics::default();
    let images = plan.steps.iter().filter_map(|s| match &s.action {
        Action::Image(spec) => Some(spec),
        _ => None,
    });
    for image in images {
        for error in image.names.iter().filter_map(|name| name.parse::<Reference>().err()) {
            let message = format!("image `{}` of `{}`: {error}", image.id, image.section);
            problems.push(Diagnostic::error(Code::ConfigValue, message));
        }
    }
    problems
}

fn is_snapshot(dist: &Path) -> bool {
    record(dist).is_some_and(|r| r["project"]["snapshot"] == true)
}

/// The sections of the configuration that asked for the images of a release, by the names of their layouts' folders.
pub(super) fn sections(dist: &Path) -> BTreeMap<String, String> {
    let record = record(dist).unwrap_or_default();
    let images = record["images"].as_array().into_iter().flatten();
    let one = |image: &Value| {
        let folder = image["layout"].as_str()?.rsplit('/').next()?;
        Some((folder.to_owned(), image["section"].as_str()?.to_owned()))
    };
    images.filter_map(one).collect()
}

/// What a release says of all that it made: bills of materials, provenance, and what was verified; signed where they are.
pub(super) fn documents(dist: &Path) -> Vec<PathBuf> {
    let Some(record) = record(dist) else { return vec![] };
    let (Some(name), Some(version)) =
        (record["project"]["name"].as_str(), record["project"]["version"].as_str())
    else {
        return vec![];
    };
    let first = |endings: &[&str]| {
        let all = endings.iter().map(|ending| dist.join(format!("{name}_{version}.{ending}")));
        all.into_iter().find(|p| p.is_file())
    };
    [
        &["cdx.json"][..],
        &["spdx.json"],
        &["provenance.sigstore.json", "provenance.json"],
        &["vsa.sigstore.json", "vsa.json"],
    ]
    .into_iter()
    .filter_map(first)
    .collect()
}

fn record(dist: &Path) -> Option<Value> {
    let text = goferry_supply::read_bounded(&dist.join("goferry.json"), LIMIT).ok()?;
    serde_json::from_slice(&text).ok()
}
