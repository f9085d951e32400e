//! Tags of a repository, and deleting (distribution-spec, sections "Content Discovery" and "Content Management").

use crate::answer::{next, refused};
use crate::client::{Client, On};
use crate::manifest::LIMIT;
use crate::pull::manifest_url;
use crate::{Reference, RegistryError, Repository};
use goferry_net::{Request, join};
use serde::Deserialize;

/// Pages of a list.
const PAGES: usize = 1000;

#[derive(Deserialize)]
struct List {
    /// Null where there are none.
    tags: Option<Vec<String>>,
}

impl Client<'_> {
    /// All tags; none if there is no such repository.
    ///
    /// # Errors
    /// The registry does not answer, or refuses.
    pub fn tags(&self, repository: &Repository) -> Result<Option<Vec<String>>, RegistryError> {
        let on = On::pull(repository, format!("the tags of {repository}"));
        let (mut all, mut page) = (vec![], None::<String>);
        for _ in 0..PAGES {
            let answer = self.call(&on, |at| {
                let first = format!("{at}tags/list");
                let url = page.as_deref().and_then(|p| join(&first, p)).unwrap_or(first);
                Request::of("GET", &url, None).limit(LIMIT).follow()
            })?;
            if answer.status == 404 && page.is_none() {
                return Ok(None);
            }
            let answer = self.good(&on, answer)?;
            let list: List = serde_json::from_slice(&answer.body).map_err(|e| RegistryError::Answer {
                registry: repository.registry().to_owned(),
                what: on.what.clone(),
                reason: e.to_string(),
            })?;
            all.extend(list.tags.unwrap_or_default());
            page = next(&answer);
            if page.is_none() {
                break;
            }
        }
        Ok(Some(all))
    }

    /// Deletes a tag, or a manifest by digest. What referred to something is also taken out of the index under the tag of
    /// registries without a list. Gives whether it was there.
    ///
    /// # Errors
    /// The registry does not answer, or does not let it.
    pub fn delete(&self, reference: &Reference) -> Result<bool, RegistryError> {
        let repository = reference.repository();
        let subject = match reference.digest() {
            None => None,
            Some(_) => match self.manifest(reference) {
                Ok(found) => found.manifest.subject,
                Err(RegistryError::NotFound { .. }) => return Ok(false),
                Err(e) => return Err(e),
            },
        };
        let on = On { actions: "delete,pull", ..On::pull(repository, format!("deleting {reference}")) };
        let answer = self.call(&on, |at| Request::of("DELETE", &manifest_url(at, reference), None))?;
        if answer.status == 404 {
            return Ok(false);
        }
        if !answer.is_success() {
            return Err(refused(&on, &answer));
        }
        if let (Some(subject), Some(gone)) = (subject, reference.digest())
            && self.under_tag(&on, &subject.digest)?.is_some()
        {
            self.forget_referrer(repository, &subject.digest, gone)?;
        }
        Ok(true)
    }
}
