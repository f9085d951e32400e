//! What a release was made of: source, Go, C compilers with their packages, emulators.

use crate::remembered::Remembered;
use crate::steps::{Execution, StepValue, lock};
use base64ct::{Base64, Encoding as _};
use goferry_cache::{Digest, hex};
use goferry_emulate::QemuMemory as _;
use goferry_plan::facts::{RunnerFact, SourceKind};
use goferry_plan::graph::{Action, Cgo};
use goferry_supply::slsa::Resource;
use goferry_supply::{DebOrigin, Purl};
use goferry_target::GoTarget;
use goferry_toolchain::provide::{LockEntry, LockFile};
use goferry_verify::RunOutcome;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// Everything that is known, in a fixed order. Go modules are not here: the SBOM names them.
pub(super) fn of(cx: &Execution<'_>) -> Vec<Resource> {
    let mut out = vec![source(cx)];
    out.extend(origin(cx));
    out.push(go(cx));
    out.extend(compilers(cx));
    out.extend(packages(cx));
    out.extend(emulators(cx));
    out
}

/// The source: a commit, or a module by its checksum.
pub(super) fn source(cx: &Execution<'_>) -> Resource {
    let p = &cx.plan.project;
    if let SourceKind::Module { path, version } = &p.build_from {
        let sum = cx.project.module.as_ref().filter(|m| m.path == *path && m.version == *version);
        let sum = sum.and_then(|m| dir_hash(&m.sum)).unwrap_or_default();
        return Resource::new("source", Purl::go_module(path, version).to_string()).digest("dirHash", sum);
    }
    let vcs = &p.vcs;
    let known = !vcs.commit.is_empty() && vcs.commit.bytes().all(|b| b.is_ascii_hexdigit());
    if !known {
        let name = p.module_path.as_deref().map(|m| Purl::go_module(m, "").to_string()).unwrap_or_default();
        return Resource::new("source", name).note("goferry:commit", "none: there is no git repository");
    }
    let tag = (!p.snapshot && !vcs.tag.is_empty()).then_some(vcs.tag.as_str());
    let source = Resource::new("source", git_uri(&vcs.url, tag)).digest("gitCommit", vcs.commit.clone());
    match vcs.dirty {
        true => source.note("goferry:dirty", true),
        false => source,
    }
}

/// Where a fetched module says that it comes from.
fn origin(cx: &Execution<'_>) -> Option<Resource> {
    let module = cx.project.module.as_ref()?;
    let origin = module.info.origin.as_ref().filter(|o| o.vcs == "git" && !o.hash.is_empty())?;
    let uri = git_uri(&origin.url, origin.reference.strip_prefix("refs/tags/"));
    Some(Resource::new("origin", uri).digest("gitCommit", origin.hash.clone()))
}

/// As SPDX and SLSA write the address of a repository: `git+https://host/path@refs/tags/v1.0.0`.
fn git_uri(url: &str, tag: Option<&str>) -> String {
    let mut uri = match (url.split_once("://"), url.split_once(':')) {
        // Passwords are taken out of https addresses only where git is asked; here from all.
        (Some((scheme, rest)), _) if scheme.chars().all(|c| c.is_ascii_alphanumeric() || c == '+') => {
            let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            let host = authority.rsplit_once('@').map_or(authority, |(_, h)| h);
            match scheme {
                // A path of this machine says nothing to anybody else.
                "file" => return String::new(),
                _ => format!("git+{scheme}://{host}{path}"),
            }
        }
        // git's short form: user@host:path.
        (None, Some((host, path))) if !host.contains('/') && !path.is_empty() => {
            let host = host.rsplit_once('@').map_or(host, |(_, h)| h);
            format!("git+ssh://{host}/{}", path.trim_start_matches('/'))
        }
        _ => return String::new(),
    };
    if let Some(tag) = tag {
        uri = format!("{uri}@refs/tags/{tag}");
    }
    uri
}

/// `h1:…` as in-toto's dirHash: hexadecimal.
fn dir_hash(sum: &str) -> Option<String> {
    Base64::decode_vec(sum.strip_prefix("h1:")?).ok().map(|bytes| hex(&bytes))
}

/// The Go toolchain: its version, and the go command by its digest, which a cache remembers by the file's stamp.
fn go(cx: &Execution<'_>) -> Resource {
    let own = cx.go.version.lines().next().unwrap_or_default().to_owned();
    let used = go_versions(cx);
    let here = used.is_empty() || used.contains(&own);
    // GOTOOLCHAIN may have chosen another one, of which only the name is known.
    let version = if here { own } else { used.iter().next().cloned().unwrap_or_default() };
    let module = format!("v0.0.1-{version}.{}-{}", std::env::consts::OS, go_arch());
    let go = Resource::new("go", Purl::go_module("golang.org/toolchain", &module).to_string());
    let digest = match &cx.session.cache {
        _ if !here => None,
        Some(store) => Remembered(store).digest(&cx.go.binary),
        None => Digest::of_file(&cx.go.binary).ok().map(|d| d.to_hex()),
    };
    go.note("version", version).digest("sha256", digest.unwrap_or_default())
}

fn go_arch() -> String {
    crate::host::host_target().arch.goarch().to_owned()
}

/// The versions that stand in the binaries.
fn go_versions(cx: &Execution<'_>) -> BTreeSet<String> {
    let values = lock(&cx.values);
    let version = |v: &StepValue| match v {
        StepValue::Verified(v) => v.inspected().go_version.clone(),
        _ => None,
    };
    values.values().filter_map(version).collect()
}

/// Targets of which a binary was built with cgo.
fn with_c(cx: &Execution<'_>) -> BTreeSet<GoTarget> {
    let built = cx.plan.steps.iter().filter_map(|s| match &s.action {
        Action::Build(b) if b.cgo != Cgo::Off => Some(b),
        _ => None,
    });
    built.filter(|b| b.cgo == Cgo::On || b.cc_identity.is_some()).map(|b| b.target).collect()
}

/// Per target the C compiler: by the digest over what was fetched, or of the command that was found.
fn compilers(cx: &Execution<'_>) -> Vec<Resource> {
    with_c(cx)
        .into_iter()
        .filter_map(|t| cx.compilers.provided.get(&t).map(|p| (t, p)))
        .map(|(target, p)| {
            let digest = p.identity.split_whitespace().find(|w| is_sha256(w)).unwrap_or_default();
            Resource::new("c-compiler", "")
                .digest("sha256", digest)
                .note("target", target.to_string())
                .note("command", p.cc.clone())
                .note("identity", p.identity.clone())
        })
        .collect()
}

/// Packages that compilers, sysroots and emulators came in, each once, with what they were for.
fn packages(cx: &Execution<'_>) -> Vec<Resource> {
    let mut all: BTreeMap<(String, String), (Resource, BTreeSet<String>)> = BTreeMap::new();
    let targets = with_c(cx);
    let provided = cx.compilers.provided.iter().filter(|(t, _)| targets.contains(t));
    for (target, entry) in provided.flat_map(|(t, p)| p.entries.iter().map(move |e| (t, e))) {
        for file in &entry.files {
            let uri = package_uri(entry, file);
            let resource = Resource::new(file.name.clone(), uri.clone())
                .digest("sha256", file.sha256.clone())
                .note("role", entry.role.clone());
            let slot = all.entry((uri, file.sha256.clone())).or_insert_with(|| (resource, BTreeSet::new()));
            slot.1.insert(target.to_string());
        }
    }
    all.into_values().map(|(r, targets)| r.note("targets", json!(targets))).collect()
}

fn package_uri(entry: &LockEntry, file: &LockFile) -> String {
    if entry.suite == "pypi" {
        return Purl::parse(&format!("pkg:pypi/{}@{}", file.name, file.version))
            .map(|p| p.to_string())
            .unwrap_or_default();
    }
    let host = goferry_toolchain::provide::host_kind();
    let vendor = host.split('/').next().unwrap_or("debian");
    let origin = DebOrigin { vendor, arch: &file.arch, suite: &entry.suite };
    Purl::deb(&file.name, &file.version, origin).to_string()
}

/// Emulators that ran a binary of this release, each once.
fn emulators(cx: &Execution<'_>) -> Vec<Resource> {
    let values = lock(&cx.values);
    let mut all: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
    for step in &cx.plan.steps {
        let Action::Verify(spec) = &step.action else { continue };
        let Some(StepValue::Verified(v)) = values.get(&step.id) else { continue };
        let (RunnerFact::Runs { name, identity, .. }, RunOutcome::Ran(_), Some(target)) =
            (&spec.runner, v.run(), step.target)
        else {
            continue;
        };
        if name != "native" {
            let digest = identity.split_whitespace().find(|w| is_sha256(w)).unwrap_or_default();
            all.entry((name.clone(), digest.to_owned())).or_default().insert(target.to_string());
        }
    }
    let resource = |((name, digest), targets)| {
        Resource::new(name, "")
            .digest("sha256", digest)
            .note("role", "runner")
            .note("targets", json!(targets))
    };
    all.into_iter().map(resource).collect()
}

fn is_sha256(word: &str) -> bool {
    word.len() == 64 && word.bytes().all(|b| b.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_repositories() {
        for (url, tag, want) in [
            ("https://example.com/x/y.git", Some("v1"), "git+https://example.com/x/y.git@refs/tags/v1"),
            ("http://user:canary@example.com/x", None, "git+http://example.com/x"),
            ("ssh://git@example.com:22/x/y", None, "git+ssh://example.com:22/x/y"),
            ("git@example.com:x/y.git", Some("v1"), "git+ssh://example.com/x/y.git@refs/tags/v1"),
            ("file:///home/me/x", None, ""),
            ("/home/me/x", Some("v1"), ""),
            ("origin", None, ""),
            ("", None, ""),
        ] {
            assert_eq!(git_uri(url, tag), want, "{url}");
        }
    }

    #[test]
    fn a_checksum_of_go_is_the_directory_hash_of_in_toto() {
        // The example of in-toto's digest_set.md.
        let sum = "h1:Khu2En+0gcYPZ2kuIihfswbzxv/mIHXgzPZ018Oty48=";
        let want = "2a1bb6127fb481c60f67692e22285fb306f3c6ffe62075e0ccf674d7c3adcb8f";
        assert_eq!(dir_hash(sum).as_deref(), Some(want));
        assert_eq!(dir_hash("h2:x"), None);
    }
}
