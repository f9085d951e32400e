//! Where the changes between two versions of a module can be read: by what is known of hosts, nothing is asked.

/// The page that compares two versions; none for hosts whose pattern is not known.
pub(super) fn link(module: &str, from: &str, to: &str) -> Option<String> {
    let repository = repository(module)?;
    let (from, to) = (revision(from, &repository.tags)?, revision(to, &repository.tags)?);
    Some(match repository.host {
        Host::GitHub => format!("https://github.com/{}/compare/{from}...{to}", repository.path),
        Host::GitLab => format!("https://gitlab.com/{}/-/compare/{from}...{to}", repository.path),
        Host::Codeberg => format!("https://codeberg.org/{}/compare/{from}...{to}", repository.path),
    })
}

enum Host {
    GitHub,
    GitLab,
    Codeberg,
}

struct Repository {
    host: Host,
    /// `owner/name`.
    path: String,
    /// What stands before the version in tags: the module's folder with a slash, or nothing.
    tags: String,
}

/// Source: Go modules reference, "Mapping versions to commits"; gopkg.in's own rules.
fn repository(module: &str) -> Option<Repository> {
    let mut parts: Vec<&str> = module.split('/').collect();
    let of = |host, path: String, folder: &[&str]| {
        let tags = if folder.is_empty() { String::new() } else { format!("{}/", folder.join("/")) };
        Some(Repository { host, path, tags })
    };
    if parts[0] == "gopkg.in" {
        let (name, _) = parts.last()?.rsplit_once(".v")?;
        let owner = if parts.len() == 3 { parts[1].to_owned() } else { format!("go-{name}") };
        return of(Host::GitHub, format!("{owner}/{name}"), &[]);
    }
    if parts.last().is_some_and(|p| is_major(p)) {
        parts.pop();
    }
    match parts.as_slice() {
        ["github.com", owner, name, folder @ ..] => of(Host::GitHub, format!("{owner}/{name}"), folder),
        ["codeberg.org", owner, name, folder @ ..] => of(Host::Codeberg, format!("{owner}/{name}"), folder),
        // Groups lie in groups there, so a folder cannot be told from a repository.
        ["gitlab.com", owner, name] => of(Host::GitLab, format!("{owner}/{name}"), &[]),
        ["golang.org", "x", name, folder @ ..] => of(Host::GitHub, format!("golang/{name}"), folder),
        _ => None,
    }
}

fn is_major(part: &str) -> bool {
    part.strip_prefix('v').is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
}

/// The tag of a version, or the commit that a pseudo-version names.
fn revision(version: &str, tags: &str) -> Option<String> {
    let plain = version.strip_suffix("+incompatible").unwrap_or(version);
    let commit = plain.rsplit_once('-').filter(|(head, hash)| {
        let time = head.rsplit(['-', '.']).next().unwrap_or_default();
        hash.len() == 12
            && hash.bytes().all(|b| b.is_ascii_hexdigit())
            && time.len() == 14
            && time.bytes().all(|b| b.is_ascii_digit())
    });
    match commit {
        Some((_, hash)) => Some(hash.to_owned()),
        None => plain.starts_with('v').then(|| format!("{tags}{plain}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages() {
        for (module, from, to, page) in [
            ("github.com/a/b", "v1.2.0", "v1.2.3", Some("https://github.com/a/b/compare/v1.2.0...v1.2.3")),
            ("github.com/a/b/v3", "v3.0.0", "v3.0.1", Some("https://github.com/a/b/compare/v3.0.0...v3.0.1")),
            (
                "github.com/a/b/sub/dir/v2",
                "v2.0.0",
                "v2.1.0",
                Some("https://github.com/a/b/compare/sub/dir/v2.0.0...sub/dir/v2.1.0"),
            ),
            (
                "github.com/docker/docker",
                "v20.10.7+incompatible",
                "v20.10.8+incompatible",
                Some("https://github.com/docker/docker/compare/v20.10.7...v20.10.8"),
            ),
            (
                "golang.org/x/net",
                "v0.0.0-20210226172049-e18ecbb05110",
                "v0.7.0",
                Some("https://github.com/golang/net/compare/e18ecbb05110...v0.7.0"),
            ),
            (
                "gopkg.in/yaml.v3",
                "v3.0.0",
                "v3.0.1",
                Some("https://github.com/go-yaml/yaml/compare/v3.0.0...v3.0.1"),
            ),
            ("gopkg.in/a/b.v1", "v1.0.0", "v1.0.1", Some("https://github.com/a/b/compare/v1.0.0...v1.0.1")),
            ("gitlab.com/a/b", "v1.0.0", "v1.0.1", Some("https://gitlab.com/a/b/-/compare/v1.0.0...v1.0.1")),
            (
                "codeberg.org/a/b",
                "v1.0.0",
                "v1.0.1",
                Some("https://codeberg.org/a/b/compare/v1.0.0...v1.0.1"),
            ),
            ("example.com/a/b", "v1.0.0", "v1.0.1", None),
            ("github.com/a", "v1.0.0", "v1.0.1", None),
            ("github.com/a/b", "(devel)", "v1.0.1", None),
            ("gopkg.in", "v1", "v2", None),
        ] {
            assert_eq!(link(module, from, to).as_deref(), page, "{module}");
        }
    }
}
