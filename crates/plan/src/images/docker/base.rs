//! The image that a Dockerfile ends on: goreleaser's `.BaseImage` and `.BaseImageDigest` (internal/pipe/docker/v2/baseimage.go).

use crate::draft::Draft;
use goferry_config::model::{DockerV2, Text};
use goferry_config::template::Fields;
use std::collections::BTreeMap;

/// What is known of it before anything is fetched.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct BaseImage {
    /// Empty for `scratch`, and where it is not known.
    pub(super) name: String,
    /// None: the registry is to be asked.
    pub(super) digest: Option<String>,
}

impl BaseImage {
    /// Of `dockers_v2`, where something of it is in a template; the Dockerfile is not read for nothing.
    pub(super) fn of(d: &Draft<'_>, v: &DockerV2, dockerfile: &str) -> Option<BaseImage> {
        let maps = [&v.labels, &v.annotations, &v.build_args];
        let texts = maps.into_iter().flat_map(|m| m.iter().map(|(k, t)| (k.as_str(), t)));
        let lists = [&v.images, &v.tags, &v.flags].into_iter().flatten().map(|t| ("", t));
        let mut all = texts.chain(lists);
        if !all.any(|(key, t)| key.contains(".BaseImage") || t.value.contains(".BaseImage")) {
            return None;
        }
        // A Dockerfile that cannot be read is said when the image is made.
        let text = d.render.read_file(dockerfile).unwrap_or_default();
        let own = |t: &Text| !t.value.contains(".BaseImage");
        let given = v.build_args.iter().filter(|(_, t)| own(t));
        let given = given.map(|(k, t)| (k.clone(), d.render.text(t, &d.fields))).collect();
        Some(BaseImage::named(last(&String::from_utf8_lossy(&text), &given)))
    }

    fn named(name: String) -> BaseImage {
        if name.eq_ignore_ascii_case("scratch") || name.is_empty() {
            return BaseImage { name: String::new(), digest: Some(String::new()) };
        }
        let digest = name.split_once('@').map(|(_, digest)| digest.to_owned());
        BaseImage { digest: digest.filter(|d| d.starts_with("sha256:")), name }
    }

    /// The release's fields with its own; without a digest that nobody knows yet.
    pub(super) fn fields(&self, release: &Fields) -> Fields {
        let mut fields = release.clone();
        fields.set("BaseImage", self.name.as_str());
        if let Some(digest) = &self.digest {
            fields.set("BaseImageDigest", digest.as_str());
        }
        fields
    }
}

/// The image of the last stage, by way of the stages that it is built on; empty without a FROM.
fn last(text: &str, given: &BTreeMap<String, String>) -> String {
    let joined = text.replace("\\\r\n", " ").replace("\\\n", " ");
    let (mut args, mut stages) = (BTreeMap::new(), BTreeMap::new());
    let mut base = String::new();
    for line in joined.lines().map(str::trim).filter(|l| !l.starts_with('#')) {
        let mut words = line.split_whitespace();
        match words.next().map(str::to_ascii_uppercase).as_deref() {
            // Only those before the first FROM count in it.
            Some("ARG") if base.is_empty() => {
                for word in words {
                    let (name, default) = word.split_once('=').unwrap_or((word, ""));
                    let value = given.get(name).filter(|v| !v.trim().is_empty());
                    let value = value.map_or(default.trim_matches(['"', '\'']), String::as_str);
                    args.insert(name.to_owned(), value.to_owned());
                }
            }
            Some("FROM") => {
                let words: Vec<&str> = words.filter(|w| !w.starts_with("--")).collect();
                let named = expanded(words.first().unwrap_or(&""), &args);
                // Stages are resolved at once, so that none leads to itself.
                base = stages.get(&named.to_ascii_lowercase()).cloned().unwrap_or(named);
                if let [_, word, name] = words[..]
                    && word.eq_ignore_ascii_case("as")
                {
                    stages.insert(name.to_ascii_lowercase(), base.clone());
                }
            }
            _ => {}
        }
    }
    base
}

/// `$NAME`, `${NAME}` and `${NAME:-default}`.
fn expanded(word: &str, args: &BTreeMap<String, String>) -> String {
    let value = |inner: &str| {
        let (name, default) = inner.split_once(":-").unwrap_or((inner, ""));
        let value = args.get(name).filter(|v| !v.is_empty());
        Some(value.map_or(default, String::as_str).to_owned())
    };
    goferry_config::template::expand_shell(word, &value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_stage_s_image() {
        let given = [("V".to_owned(), "13".to_owned())].into();
        for (text, is) in [
            ("FROM debian:12\n", "debian:12"),
            ("ARG V=12\nFROM --platform=$BUILDPLATFORM debian:$V as a\n", "debian:13"),
            ("ARG W=\"12\"\nFROM debian:${W}\n", "debian:12"),
            ("FROM debian:${NONE:-11}\n", "debian:11"),
            (
                "FROM golang AS Build\nRUN x\nFROM \\\n  alpine:3@sha256:ab AS run\nCOPY --from=build a b\nFROM RUN\n",
                "alpine:3@sha256:ab",
            ),
            ("# FROM x\nfrom busybox\nARG V\n", "busybox"),
            ("FROM a AS a\nFROM a\n", "a"),
            ("", ""),
        ] {
            assert_eq!(last(text, &given), is, "{text}");
        }
    }

    #[test]
    fn digests_that_are_known() {
        let of = |name: &str| BaseImage::named(name.to_owned()).digest;
        assert_eq!(of("debian:12"), None);
        assert_eq!(of("debian@sha256:ab").as_deref(), Some("sha256:ab"));
        assert_eq!(of("scratch").as_deref(), Some(""));
    }
}
