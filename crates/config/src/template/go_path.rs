//! Owns: Go's `filepath` functions on slash-separated paths. Must not: touch the file system.

/// The shortest path that names the same file, as `path.Clean`.
pub(super) fn clean(path: &str) -> String {
    let rooted = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|p| *p != "..") => {
                parts.pop();
            }
            ".." if rooted => {}
            part => parts.push(part),
        }
    }
    match (rooted, parts.join("/")) {
        (true, joined) => format!("/{joined}"),
        (false, joined) if joined.is_empty() => ".".to_owned(),
        (false, joined) => joined,
    }
}

/// All but the last element, cleaned.
pub(super) fn dir(path: &str) -> String {
    clean(path.rfind('/').map_or("", |at| &path[..=at]))
}

/// The last element without trailing slashes.
pub(super) fn base(path: &str) -> &str {
    if path.is_empty() {
        return ".";
    }
    let trimmed = path.trim_end_matches('/');
    match trimmed.rfind('/') {
        _ if trimmed.is_empty() => "/",
        Some(at) => &trimmed[at + 1..],
        None => trimmed,
    }
}

/// The non-empty elements joined by slashes and cleaned; empty if all are.
pub(super) fn join<'p>(parts: impl Iterator<Item = &'p str>) -> String {
    let parts: Vec<&str> = parts.skip_while(|p| p.is_empty()).collect();
    if parts.is_empty() { String::new() } else { clean(&parts.join("/")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn works_as_filepath() {
        for (path, cleaned) in [
            ("", "."),
            ("a//b/./c/..", "a/b"),
            ("/..", "/"),
            ("../a", "../a"),
            ("a/../..", ".."),
            ("/a/", "/a"),
        ] {
            assert_eq!(clean(path), cleaned, "{path:?}");
        }
        for (path, parent, last) in [
            ("", ".", "."),
            ("/", "/", "/"),
            ("a", ".", "a"),
            ("a/b/", "a/b", "b"),
            ("/tmp/x.exe", "/tmp", "x.exe"),
        ] {
            assert_eq!((dir(path).as_str(), base(path)), (parent, last), "{path:?}");
        }
        assert_eq!(join(["a", "b", "..", "c"].into_iter()), "a/c");
        assert_eq!(join(["", ""].into_iter()), "");
    }
}
