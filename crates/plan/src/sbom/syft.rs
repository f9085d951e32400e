//! Which of the usual `syft` commands goferry can do itself: from the command's words alone.
//!
//! Anything that is not understood to the last word is not taken over: the command is run as it is. So is a request for a
//! version of a format that goferry does not write.

/// Flags with a value that say how syft looks, not what it writes.
const LOOKS: [&str; 9] = [
    "enrich",
    "scope",
    "select-catalogers",
    "override-default-catalogers",
    "exclude",
    "source-name",
    "source-version",
    "source-supplier",
    "parallelism",
];

/// Whether the command is syft, wherever it is.
pub(super) fn is_syft(program: &str) -> bool {
    let name = program.rsplit(['/', '\\']).next().unwrap_or(program);
    name.strip_suffix(".exe").unwrap_or(name) == "syft"
}

/// What the command would write about `artifact`: `cyclonedx` or `spdx`, and each document of `expected`. None: goferry
/// leaves it to the program.
pub(super) fn documents(
    program: &str,
    args: &[String],
    artifact: &str,
    expected: &[String],
) -> Option<Vec<(String, String)>> {
    if !is_syft(program) {
        return None;
    }
    let mut words = args.iter();
    let (mut outputs, mut file, mut positional) = (vec![], None, vec![]);
    while let Some(word) = words.next() {
        let Some(flag) = word.strip_prefix('-') else {
            positional.push(word.as_str());
            continue;
        };
        let flag = flag.strip_prefix('-').unwrap_or(flag);
        let (name, given) = flag.split_once('=').map_or((flag, None), |(n, v)| (n, Some(v.to_owned())));
        let mut value = || given.clone().or_else(|| words.next().cloned());
        match name {
            "o" | "output" => outputs.extend(value()?.split(',').map(str::to_owned)),
            "file" => file = Some(value()?),
            "q" | "quiet" | "v" | "verbose" if given.is_none() => {}
            name if LOOKS.contains(&name) => drop(value()?),
            _ => return None,
        }
    }
    if matches!(positional.first(), Some(&("scan" | "packages"))) && positional.len() > 1 {
        positional.remove(0);
    }
    let [subject] = positional.as_slice() else { return None };
    if subject.strip_prefix("file:").unwrap_or(subject) != artifact {
        return None;
    }
    let documents: Vec<(String, String)> = outputs
        .iter()
        .map(|o| {
            let (format, path) = match o.split_once('=') {
                Some((format, path)) => (format, path.to_owned()),
                None => (o.as_str(), file.clone()?),
            };
            Some((known(format)?.to_owned(), path.trim_start_matches("./").to_owned()))
        })
        .collect::<Option<_>>()?;
    // What the item promises is written, and nothing else.
    let mut paths: Vec<&String> = documents.iter().map(|(_, p)| p).collect();
    let mut wanted: Vec<&String> = expected.iter().collect();
    paths.sort();
    wanted.sort();
    (!documents.is_empty() && paths == wanted).then_some(documents)
}

fn known(format: &str) -> Option<&'static str> {
    match format {
        "cyclonedx-json" | "cyclonedx-json@1.6" => Some("cyclonedx"),
        "spdx-json" | "spdx-json@2.3" => Some("spdx"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Commands of real configurations.
    #[test]
    fn usual_commands_are_understood() {
        let spdx = Some("spdx x.sbom.json");
        let cyclonedx = Some("cyclonedx x.sbom.json");
        for (line, want) in [
            ("syft x --output spdx-json=x.sbom.json --enrich all", spdx),
            ("syft x --output spdx-json=x.sbom.json", spdx),
            ("syft x --file x.sbom.json --output spdx-json", spdx),
            ("../bin/syft scan file:x -q -o cyclonedx-json=x.sbom.json", cyclonedx),
            ("syft packages file:x --output=cyclonedx-json@1.6=x.sbom.json", cyclonedx),
            ("syft x --source-name tool --source-version 1.2.3 -o spdx-json=./x.sbom.json", spdx),
            // Left to syft.
            ("syft x -o cyclonedx-json@1.5=x.sbom.json", None),
            ("syft x -o syft-json=x.sbom.json", None),
            ("syft x -o spdx-json", None),
            ("syft dir:.. -o spdx-json=x.sbom.json", None),
            ("syft y -o spdx-json=x.sbom.json", None),
            ("syft x -o spdx-json=other.json", None),
            ("syft x -o spdx-json=x.sbom.json --config a.yaml", None),
            ("syft attest x -o spdx-json=x.sbom.json", None),
            ("cyclonedx-gomod bin -json -output x.sbom.json x", None),
            ("syft", None),
        ] {
            let mut words = line.split(' ').map(str::to_owned);
            let program = words.next().unwrap();
            let args: Vec<String> = words.collect();
            let found = documents(&program, &args, "x", &["x.sbom.json".to_owned()]);
            let found =
                found.map(|l| l.into_iter().map(|(f, p)| format!("{f} {p}")).collect::<Vec<_>>().join(","));
            assert_eq!(found.as_deref(), want, "{line}");
        }
    }
}
