//! What `go list` says of a build that vendor/ or the module cache has not all of.
//!
//! Owns: the go command's own words (tried with Go 1.26). Must not: run it, or know where the project is.

use super::Package;

/// What one package of a build lacks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lack {
    /// vendor/ does not have it.
    Vendor,
    /// vendor/ has it without a file that it embeds.
    EmbeddedFile,
    /// The module cache does not have its module, and GOPROXY=off. The module as go names it, if it does.
    Cache(Option<String>),
}

/// Why a package cannot be had without the network; none for packages that load and for errors of another kind.
pub fn lack(package: &Package) -> Option<Lack> {
    let error = package.error.as_ref()?;
    if error.err.contains("import lookup disabled by -mod=vendor") {
        return Some(Lack::Vendor);
    }
    if error.err.contains("no matching files found") && in_vendor(&error.pos) {
        return Some(Lack::EmbeddedFile);
    }
    cache(&error.err).map(Lack::Cache)
}

/// Whether a place (`vendor/m/p.go:3:8`, maybe below other folders) is in a vendor folder.
fn in_vendor(pos: &str) -> bool {
    pos.starts_with("vendor/") || pos.contains("/vendor/")
}

/// The module in front of `module lookup disabled by GOPROXY=off`.
fn cache(text: &str) -> Option<Option<String>> {
    let (before, _) = text.split_once("module lookup disabled by GOPROXY=off")?;
    let word = before.trim_end().trim_end_matches(':').rsplit([' ', '\t', '\n']).next();
    Some(word.filter(|w| w.contains('@')).map(str::to_owned))
}

/// Why the go command lists nothing at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// vendor/modules.txt disagrees with go.mod or go.work.
    Inconsistent {
        /// One line for each module: `m@v1: is explicitly required in go.mod, but …`.
        lines: Vec<String>,
        /// The command that mends it: `go mod vendor`.
        command: String,
    },
    /// The module cache lacks something that the module graph needs; what, if go names it.
    Cache(Option<String>),
    /// The Go that go.mod asks for is not there.
    Toolchain,
    /// Anything else.
    Other,
}

/// Reads the standard error of a go command that failed altogether.
pub fn refusal(stderr: &str) -> Refusal {
    let mut lines = stderr.lines().skip_while(|l| !l.contains("inconsistent vendoring in ")).skip(1);
    if stderr.contains("inconsistent vendoring in ") {
        let listed: Vec<String> =
            lines.by_ref().take_while(|l| !l.trim().is_empty()).map(|l| l.trim().to_owned()).collect();
        let command = lines.map(str::trim).find(|l| l.starts_with("go ") && l.ends_with(" vendor"));
        return Refusal::Inconsistent {
            lines: listed,
            command: command.unwrap_or("go mod vendor").to_owned(),
        };
    }
    let toolchain = stderr.contains("toolchain not available") || stderr.contains("requires go >= ");
    match cache(stderr) {
        _ if toolchain => Refusal::Toolchain,
        Some(module) => Refusal::Cache(module),
        None => Refusal::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::go::PackageError;

    fn of(pos: &str, err: &str) -> Option<Lack> {
        let error =
            Some(PackageError { pos: pos.to_owned(), err: err.to_owned(), ..PackageError::default() });
        lack(&Package { error, ..Package::default() })
    }

    /// Go 1.26.8 on Linux, word for word.
    #[test]
    fn packages() {
        let vendor = "cannot find module providing package example.com/depa/win: import lookup disabled by -mod=vendor\n\t(Go version in go.mod is at least 1.14 and vendor directory exists.)";
        let embed = "pattern d.txt: no matching files found";
        let named =
            "golang.org/x/text@v0.0.0-20170915032832-14c0d48ead0c: module lookup disabled by GOPROXY=off";
        for (pos, err, expected) in [
            ("win_windows.go:3:8", vendor, Some(Lack::Vendor)),
            ("vendor/example.com/depb/b.go:5:12", embed, Some(Lack::EmbeddedFile)),
            ("../vendor/example.com/depb/b.go:5:12", embed, Some(Lack::EmbeddedFile)),
            ("main.go:5:12", embed, None),
            ("main.go:3:8", "module lookup disabled by GOPROXY=off", Some(Lack::Cache(None))),
            (
                "extra.go:3:8",
                named,
                Some(Lack::Cache(Some("golang.org/x/text@v0.0.0-20170915032832-14c0d48ead0c".to_owned()))),
            ),
            ("extra.go:3:8", "package nosuch/x is not in std (/usr/local/go/src/nosuch/x)", None),
            ("", "build constraints exclude all Go files in /m/vendor/example.com/c", None),
        ] {
            assert_eq!(of(pos, err), expected, "{err}");
        }
        assert_eq!(lack(&Package::default()), None);
    }

    #[test]
    fn refusals() {
        let inconsistent = "go: inconsistent vendoring in /m/app:\n\texample.com/depb@v1.1.0: is explicitly required in go.mod, but not marked as explicit in vendor/modules.txt\n\texample.com/depb@v1.0.0: is marked as explicit in vendor/modules.txt, but not explicitly required in go.mod\n\n\tTo ignore the vendor directory, use -mod=readonly or -mod=mod.\n\tTo sync the vendor directory, run:\n\t\tgo mod vendor\n";
        let Refusal::Inconsistent { lines, command } = refusal(inconsistent) else { panic!() };
        assert_eq!((lines.len(), command.as_str()), (2, "go mod vendor"));
        assert!(lines[1].starts_with("example.com/depb@v1.0.0: is marked"), "{lines:?}");
        for (stderr, expected) in [
            (
                "go: downloading go1.99.0 (linux/amd64)\ngo: download go1.99.0 for linux/amd64: toolchain not available\n",
                Refusal::Toolchain,
            ),
            ("go: go.mod requires go >= 1.99 (running go 1.26.8; GOTOOLCHAIN=local)\n", Refusal::Toolchain),
            (
                "go: example.com/depa@v1.0.0: module lookup disabled by GOPROXY=off\n",
                Refusal::Cache(Some("example.com/depa@v1.0.0".to_owned())),
            ),
            (
                "go: updates to go.mod needed, disabled by -mod=readonly\n\tto update it:\n\tgo mod tidy\n",
                Refusal::Other,
            ),
            ("", Refusal::Other),
        ] {
            assert_eq!(refusal(stderr), expected, "{stderr}");
        }
    }
}
