//! The plan's words for a package into the packaging house's.
//!
//! Owns: reading scripts and the changelog. Must not: decide anything.

use goferry_config::{SourceText, read_changelog};
use goferry_package::linux::{
    Alternative, Apk, ArchLinux, ChangelogDeb, ChangelogEntry, Content, ContentKind, Deb, Format, Ipk,
    Package, Relations, Rpm, Scripts, Source, Triggers, Version,
};
use goferry_plan::graph::{ContentSpec, DebOnly, FormatOnly, IpkOnly, LinuxPackageSpec, RpmOnly, ScriptSpec};
use goferry_report::{Code, Diagnostic, Diagnostics};
use std::collections::BTreeMap;
use std::path::Path;

/// Texts of scripts by goreleaser's names.
type Texts = BTreeMap<String, Vec<u8>>;

/// The package without its programs.
pub(super) fn package(spec: &LinuxPackageSpec, root: &Path) -> Result<Package, Diagnostics> {
    let texts = scripts(spec, root)?;
    let script = |name: &str| texts.get(name).cloned();
    let (n, r) = (&spec.name, &spec.relations);
    let mut package = Package {
        name: n.name.clone(),
        arch: n.arch.clone(),
        platform: n.platform.clone(),
        version: Version {
            epoch: n.epoch.clone(),
            upstream: n.version.clone(),
            prerelease: n.prerelease.clone(),
            metadata: n.metadata.clone(),
            release: n.release.clone(),
        },
        section: spec.section.clone(),
        priority: spec.priority.clone(),
        maintainer: spec.maintainer.clone(),
        description: spec.description.clone(),
        vendor: spec.vendor.clone(),
        homepage: spec.homepage.clone(),
        license: spec.license.clone(),
        relations: Relations {
            depends: r.depends.clone(),
            recommends: r.recommends.clone(),
            suggests: r.suggests.clone(),
            conflicts: r.conflicts.clone(),
            replaces: r.replaces.clone(),
            provides: r.provides.clone(),
        },
        contents: spec
            .contents
            .iter()
            .filter_map(|c| content(c, root).transpose())
            .collect::<Result<_, _>>()?,
        scripts: Scripts {
            preinstall: script("preinstall"),
            postinstall: script("postinstall"),
            preremove: script("preremove"),
            postremove: script("postremove"),
        },
        changelog: changelog(spec, root)?,
        mtime: spec.mtime.unwrap_or(spec.default_mtime),
        umask: spec.umask,
        ..Package::default()
    };
    let role = spec.signing.as_ref().map(|s| s.role.clone()).unwrap_or_default();
    match &spec.only {
        FormatOnly::Deb(only) => package.deb = deb(spec, only, &texts, role),
        FormatOnly::Rpm(only) => package.rpm = rpm(only, &texts),
        FormatOnly::Apk => {
            let (preupgrade, postupgrade) = (script("preupgrade"), script("postupgrade"));
            package.apk = Apk { key_name: role, preupgrade, postupgrade };
        }
        FormatOnly::ArchLinux { pkgbase, packager } => {
            package.arch_linux = ArchLinux {
                pkgbase: pkgbase.clone(),
                packager: packager.clone(),
                preupgrade: script("preupgrade"),
                postupgrade: script("postupgrade"),
            };
        }
        FormatOnly::Ipk(only) => package.ipk = ipk(only),
    }
    Ok(package)
}

pub(super) fn unreadable(what: &str, path: &str, why: &dyn std::fmt::Display) -> Diagnostics {
    Diagnostic::error(Code::ConfigValue, format!("{what} {path}: {why}"))
        .hint("paths of `nfpms` are relative to the project")
        .into()
}

fn scripts(spec: &LinuxPackageSpec, root: &Path) -> Result<Texts, Diagnostics> {
    let mut out = Texts::new();
    for (name, script) in &spec.scripts {
        let text = match script {
            ScriptSpec::Text(text) => text.clone().into_bytes(),
            ScriptSpec::File(path) => {
                let what = format!("package `{}`: the script `{name}`,", spec.id);
                std::fs::read(root.join(path)).map_err(|e| unreadable(&what, path, &e))?
            }
        };
        out.insert(name.clone(), text);
    }
    Ok(out)
}

fn changelog(spec: &LinuxPackageSpec, root: &Path) -> Result<Vec<ChangelogEntry>, Diagnostics> {
    let Some(path) = &spec.changelog else { return Ok(vec![]) };
    let what = format!("package `{}`: the changelog", spec.id);
    let text = std::fs::read_to_string(root.join(path)).map_err(|e| unreadable(&what, path, &e))?;
    let versions = read_changelog(SourceText { name: path.clone(), text })?;
    let entry = |v: goferry_config::ChangelogVersion| ChangelogEntry {
        semver: v.version,
        date: v.date,
        packager: v.packager,
        deb: v.deb.map(|(urgency, distributions)| ChangelogDeb { urgency, distributions }),
        notes: v.notes,
    };
    Ok(versions.into_iter().map(entry).collect())
}

/// An item; none if it is for no format.
fn content(c: &ContentSpec, root: &Path) -> Result<Option<Content>, Diagnostics> {
    let kind = ContentKind::from_word(&c.kind).ok_or_else(|| {
        Diagnostic::error(
            Code::ConfigValue,
            format!("`contents` of {}: there is no type `{}`", c.dst, c.kind),
        )
    })?;
    let only: Option<Format> = match c.packager.as_str() {
        "" => None,
        // As in goreleaser, where termux.deb takes what is for deb, and no format has this word. The plan has warned.
        "termux.deb" => return Ok(None),
        word => match word.parse() {
            Ok(format) => Some(format),
            Err(_) => return Ok(None),
        },
    };
    let source = match (&c.text, kind) {
        (Some(text), _) => Source::Bytes(text.clone().into_bytes()),
        (None, ContentKind::Dir | ContentKind::Ghost) => Source::None,
        (None, ContentKind::Symlink) => Source::Link(c.src.clone()),
        (None, _) => Source::Pattern { folder: root.to_owned(), pattern: c.src.clone() },
    };
    Ok(Some(Content {
        only,
        mode: c.mode,
        mtime: c.mtime,
        owner: c.owner.clone(),
        group: c.group.clone(),
        ..Content::new(kind, source, c.dst.clone())
    }))
}

fn deb(spec: &LinuxPackageSpec, only: &DebOnly, texts: &Texts, role: String) -> Deb {
    let list = |name: &str| only.triggers.get(name).cloned().unwrap_or_default();
    Deb {
        arch_variant: spec.name.arch_variant.clone(),
        rules: texts.get("rules").cloned(),
        templates: texts.get("templates").cloned(),
        config: texts.get("config").cloned(),
        triggers: Triggers {
            interest: list("interest"),
            interest_await: list("interest_await"),
            interest_noawait: list("interest_noawait"),
            activate: list("activate"),
            activate_await: list("activate_await"),
            activate_noawait: list("activate_noawait"),
        },
        breaks: only.breaks.clone(),
        predepends: only.predepends.clone(),
        fields: only.fields.clone(),
        compression: only.compression.clone(),
        signature_role: role,
    }
}

fn rpm(only: &RpmOnly, texts: &Texts) -> Rpm {
    Rpm {
        build_host: only.buildhost.clone(),
        group: only.group.clone(),
        summary: only.summary.clone(),
        packager: only.packager.clone(),
        compression: only.compression.clone(),
        prefixes: only.prefixes.clone(),
        pretrans: texts.get("pretrans").cloned(),
        posttrans: texts.get("posttrans").cloned(),
    }
}

fn ipk(only: &IpkOnly) -> Ipk {
    let alternative = |(priority, target, link_name): &(i64, String, String)| Alternative {
        priority: *priority,
        target: target.clone(),
        link_name: link_name.clone(),
    };
    Ipk {
        abi_version: only.abi_version.clone(),
        alternatives: only.alternatives.iter().map(alternative).collect(),
        auto_installed: only.auto_installed,
        essential: only.essential,
        predepends: only.predepends.clone(),
        tags: only.tags.clone(),
        fields: only.fields.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::steps::linux_package::proof::tests::spec;
    use goferry_package::linux::conventional_file_name;
    use goferry_plan::graph::{PackageName, PackageSigning};

    /// The names are made before the packages are, of other values.
    #[test]
    fn plan_and_packages_agree_on_names() {
        for format in Format::ALL {
            let termux = ["aarch64", "i686", "x86_64", "arm", "arm7", "all"];
            let others = [
                "amd64", "386", "arm64", "arm5", "arm6", "arm7", "mips", "mipsle", "mips64", "mips64le",
                "ppc64", "ppc64le", "riscv64", "s390x", "loong64", "all", "ppc",
            ];
            for arch in if format == Format::TermuxDeb { &termux[..] } else { &others[..] } {
                let arch = *arch;
                for (prerelease, metadata, release) in
                    [("", "", ""), ("rc-1", "x", "2"), ("beta.1", "git7", "r3"), ("", "", "x")]
                {
                    let name = PackageName {
                        name: "to-ol".to_owned(),
                        version: "1.2.3".to_owned(),
                        prerelease: prerelease.to_owned(),
                        metadata: metadata.to_owned(),
                        release: release.to_owned(),
                        arch: arch.to_owned(),
                        ..PackageName::default()
                    };
                    let mut s = spec(format.as_str());
                    s.name = name.clone();
                    if matches!(format, Format::Deb | Format::TermuxDeb) {
                        s.only = FormatOnly::Deb(DebOnly::default());
                    }
                    let theirs = conventional_file_name(format, &package(&s, Path::new("/")).unwrap());
                    assert_eq!(name.conventional(format.as_str()), theirs, "{format} {arch}");
                }
            }
        }
    }

    #[test]
    fn everything_arrives() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("pre.sh"), "#!/bin/sh\n").unwrap();
        std::fs::write(dir.path().join("log.yaml"), "- semver: 1.0.0\n  changes: [{note: x}]\n").unwrap();
        let mut s = spec("deb");
        s.scripts.insert("preinstall".to_owned(), ScriptSpec::File("pre.sh".to_owned()));
        s.scripts.insert("rules".to_owned(), ScriptSpec::Text("r".to_owned()));
        s.changelog = Some("log.yaml".to_owned());
        s.mtime = Some(7);
        s.signing = Some(PackageSigning { role: "maint".to_owned(), ..PackageSigning::default() });
        s.only = FormatOnly::Deb(DebOnly {
            triggers: [("activate".to_owned(), vec!["a".to_owned()])].into(),
            ..DebOnly::default()
        });
        s.contents = vec![
            ContentSpec { dst: "/d".to_owned(), kind: "dir".to_owned(), ..ContentSpec::default() },
            ContentSpec { dst: "/t".to_owned(), text: Some("t".to_owned()), ..ContentSpec::default() },
            ContentSpec {
                src: "c*".to_owned(),
                dst: "/c".to_owned(),
                kind: "config|noreplace".to_owned(),
                packager: "rpm".to_owned(),
                ..ContentSpec::default()
            },
        ];
        let p = package(&s, dir.path()).unwrap();
        assert_eq!(p.scripts.preinstall.as_deref(), Some(&b"#!/bin/sh\n"[..]));
        assert_eq!((p.deb.rules.as_deref(), p.deb.signature_role.as_str()), (Some(&b"r"[..]), "maint"));
        assert_eq!((p.deb.triggers.activate.len(), p.mtime, p.changelog[0].notes.len()), (1, 7, 1));
        assert_eq!(p.contents[1].source, Source::Bytes(b"t".to_vec()));
        assert_eq!(
            (p.contents[2].kind, p.contents[2].only),
            (ContentKind::ConfigNoReplace, Some(Format::Rpm))
        );
        for nobody in ["termux.deb", "msix", "foo"] {
            nobody.clone_into(&mut s.contents[2].packager);
            assert_eq!(package(&s, dir.path()).unwrap().contents.len(), 2, "{nobody}");
        }
        s.changelog = Some("none.yaml".to_owned());
        assert!(package(&s, dir.path()).unwrap_err().list[0].message.contains("none.yaml"));
    }
}
