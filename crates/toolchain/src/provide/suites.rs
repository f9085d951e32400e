//! Suites of a distribution: which of them has a target's cross gcc, and which is newer than which. Pure.

use super::sources::Distribution;

/// Debian's suites from old to new, since goferry knows apt of them.
const DEBIAN: [&str; 5] = ["bullseye", "bookworm", "trixie", "forky", "sid"];

/// Triples whose cross gcc came later than bullseye (package lists of each suite, 2026-11-25).
const SINCE: [(&str, &str); 1] = [("loongarch64-linux-gnu", "trixie")];

/// The suite that a cross gcc is taken from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GccSuite {
    /// `trixie`.
    pub name: String,
    /// Whether it is not the host's own.
    pub other: bool,
}

fn age(suite: &str) -> Option<usize> {
    DEBIAN.iter().position(|s| *s == suite)
}

/// The suite of a triple's cross gcc: the named one, else the host's own, else the first that has it.
pub(super) fn for_gcc(distribution: &Distribution, triple: &str, named: Option<&str>) -> GccSuite {
    let own = distribution.codename.as_str();
    let since = SINCE.iter().find(|(t, _)| *t == triple).map(|(_, s)| *s);
    let name = match (named, since, age(own)) {
        (Some(named), ..) => named,
        (None, Some(since), Some(host)) if distribution.id == "debian" && age(since) > Some(host) => since,
        _ => own,
    };
    GccSuite { name: name.to_owned(), other: name != own }
}

/// The suite of an emulator that knows a target's vectors, where the host's own is too old to have one: qemu-user has
/// LoongArch's, which C compilers use, from 8.2 on: after bookworm (7.2 dies of SIGILL, 10.0 runs it).
pub(super) fn for_vectors(distribution: &Distribution) -> Option<&'static str> {
    let host = age(&distribution.codename).filter(|_| distribution.id == "debian")?;
    (age("trixie") > Some(host)).then_some("trixie")
}

/// The suite that wine comes from: before trixie Debian's is 8 or older, in which Go's programs do not start.
pub(super) fn for_wine(distribution: &Distribution) -> &str {
    for_vectors(distribution).unwrap_or(&distribution.codename)
}

/// Whether programs of a suite need its own C library on a host of another: not if it is known to be older.
pub(super) fn needs_its_libraries(suite: &str, host: &str) -> bool {
    match (age(suite), age(host)) {
        (Some(s), Some(h)) => s > h,
        _ => suite != host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn distribution(id: &str, codename: &str) -> Distribution {
        let etc = tempfile::tempdir().unwrap();
        let release = format!("ID={id}\nVERSION_CODENAME={codename}\n");
        std::fs::write(etc.path().join("os-release"), release).unwrap();
        std::fs::create_dir(etc.path().join("apt")).unwrap();
        std::fs::write(etc.path().join("apt/sources.list"), format!("deb http://h {codename} main\n"))
            .unwrap();
        Distribution::read(etc.path()).unwrap()
    }

    #[test]
    fn the_own_suite_unless_it_lacks_the_compiler_or_another_is_named() {
        for (id, host, triple, named, suite) in [
            ("debian", "bookworm", "aarch64-linux-gnu", None, "bookworm"),
            ("debian", "bookworm", "loongarch64-linux-gnu", None, "trixie"),
            ("debian", "trixie", "loongarch64-linux-gnu", None, "trixie"),
            ("debian", "sid", "loongarch64-linux-gnu", None, "sid"),
            ("debian", "bookworm", "loongarch64-linux-gnu", Some("forky"), "forky"),
            ("debian", "bookworm", "aarch64-linux-gnu", Some("trixie"), "trixie"),
            ("ubuntu", "noble", "loongarch64-linux-gnu", None, "noble"),
        ] {
            let found = for_gcc(&distribution(id, host), triple, named);
            assert_eq!((found.name.as_str(), found.other), (suite, suite != host), "{id} {host} {triple}");
        }
    }

    #[test]
    fn newer_suites_bring_their_c_library() {
        for (suite, host, needed) in [
            ("trixie", "bookworm", true),
            ("bookworm", "trixie", false),
            ("trixie", "trixie", false),
            ("plucky", "noble", true),
            ("noble", "noble", false),
        ] {
            assert_eq!(needs_its_libraries(suite, host), needed, "{suite} on {host}");
        }
        assert_eq!(for_vectors(&distribution("debian", "bookworm")), Some("trixie"));
        assert_eq!(for_vectors(&distribution("debian", "trixie")), None);
        assert_eq!(for_vectors(&distribution("ubuntu", "noble")), None);
    }
}
