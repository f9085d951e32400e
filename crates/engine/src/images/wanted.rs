//! What the configuration says of images that are pushed from dist/.

use crate::images::registries;
use crate::project;
use crate::session::{ConfigFile, Request, Session};
use crate::templates::ProjectTemplates;
use goferry_config::model::ImagePushing;
use goferry_plan::image_push::ImagePush;
use goferry_plan::{Options, draft};
use goferry_report::Diagnostics;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// goferry.json of many binaries.
const LIMIT: u64 = 256 << 20;

/// Manifests, digests and signatures for a release. Without a configuration there are the digests only.
///
/// # Errors
/// What is wrong with the configuration or the project.
pub(super) fn of_release(session: &Session, release: &Release) -> Result<ImagePush, Diagnostics> {
    let (config, problems) = crate::config::load(&session.cwd, &session.cwd, &ConfigFile::Search);
    if problems.has_errors() {
        return Err(problems);
    }
    let holds = config.dockers.iter().any(|d| d.skip_push.is_some());
    if config.image_push == ImagePushing::default() && !holds {
        return Ok(ImagePush { digests: Some("digests.txt".to_owned()), ..ImagePush::default() });
    }
    // Names are made for the release that is there: a snapshot is called otherwise.
    let request = Request { snapshot: release.is_snapshot(), ..Request::new("image push") };
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

/// goferry.json of the release that images are pushed from, read once; nothing where there is none.
pub(super) struct Release {
    dist: PathBuf,
    record: Value,
}

impl Release {
    pub(super) fn read(dist: &Path) -> Release {
        let text = goferry_supply::read_bounded(&dist.join("goferry.json"), LIMIT).ok();
        let record = text.and_then(|t| serde_json::from_slice(&t).ok()).unwrap_or_default();
        Release { dist: dist.to_owned(), record }
    }

    fn is_snapshot(&self) -> bool {
        self.record["project"]["snapshot"] == true
    }

    /// The sections of the configuration that asked for the images, by the names of their layouts' folders.
    pub(super) fn sections(&self) -> BTreeMap<String, String> {
        let images = self.record["images"].as_array().into_iter().flatten();
        let one = |image: &Value| {
            let folder = image["layout"].as_str()?.rsplit('/').next()?;
            Some((folder.to_owned(), image["section"].as_str()?.to_owned()))
        };
        images.filter_map(one).collect()
    }

    /// What it says of all that it made: bills of materials, provenance, and what was verified; signed where they are.
    pub(super) fn documents(&self) -> Vec<PathBuf> {
        let project = &self.record["project"];
        let (Some(name), Some(version)) = (project["name"].as_str(), project["version"].as_str()) else {
            return vec![];
        };
        let first = |endings: &[&str]| {
            let all = endings.iter().map(|ending| self.dist.join(format!("{name}_{version}.{ending}")));
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
}
