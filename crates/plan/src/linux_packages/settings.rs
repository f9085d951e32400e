//! One package's settings, rendered.
//!
//! Owns: which template sees which field, where programs go, whose key signs. Must not: decide which packages there are.

use super::Group;
use super::place::Place;
use crate::builds::PlannedBinary;
use crate::draft::Draft;
use crate::fields::with_target;
use crate::graph::{
    ArtifactKind, DebOnly, FormatOnly, InstalledProgram, IpkOnly, LinuxPackageSpec, PackageName,
    PackageRelations, PackageSigning, RpmOnly, ScriptSpec,
};
use crate::inside::absolute;
use crate::package_names::extension;
use goferry_config::model::{LinuxPackage, PackageSettings, Text};
use goferry_config::template::{Fields, Semver, Value};
use goferry_report::{Code, Diagnostic};
use goferry_target::Arch;
use std::collections::BTreeMap;

const FILE_NAME: &str = "{{ .PackageName }}_{{ .Version }}_{{ .Os }}_{{ .Arch }}{{ with .Arm }}v{{ . }}{{ end }}\
    {{ with .Mips }}_{{ . }}{{ end }}{{ if not (eq .Amd64 \"v1\") }}{{ .Amd64 }}{{ end }}";

/// Everything that one package is made from.
pub(super) struct Making<'m, 'a> {
    pub(super) d: &'m Draft<'a>,
    pub(super) p: &'m LinuxPackage,
    pub(super) id: &'m str,
    pub(super) format: &'m str,
    pub(super) common: &'m PackageSettings,
    group: &'m Group<'m>,
    place: &'m Place,
    pub(super) name: String,
    /// What templates see.
    pub(super) fields: Fields,
}

impl<'m, 'a> Making<'m, 'a> {
    pub(super) fn new(
        d: &'m Draft<'a>,
        p: &'m LinuxPackage,
        id: &'m str,
        format: &'m str,
        common: &'m PackageSettings,
        group: &'m Group<'m>,
        place: &'m Place,
    ) -> Self {
        let name = d.render.opt(common.package_name.as_ref(), &d.name, &d.fields);
        let mut fields = artifact_fields(d, group);
        for (key, value) in [
            ("Release", d.render.opt(common.release.as_ref(), "", &d.fields)),
            ("Epoch", d.render.opt(common.epoch.as_ref(), "", &d.fields)),
            ("PackageName", name.clone()),
            ("Format", format.to_owned()),
        ] {
            fields.set(key, Value::from(value));
        }
        Making { d, p, id, format, common, group, place, name, fields }
    }

    pub(super) fn text(&self, text: &Option<Text>) -> String {
        self.d.render.opt(text.as_ref(), "", &self.fields)
    }

    pub(super) fn list(&self, list: &[Text]) -> Vec<String> {
        self.d.render.list(list, &self.fields)
    }

    fn map(&self, map: &BTreeMap<String, Text>) -> BTreeMap<String, String> {
        map.iter().map(|(k, t)| (k.clone(), self.d.render.text(t, &self.fields))).collect()
    }

    /// Whether the format is deb's, termux's too.
    pub(super) fn is_deb(&self) -> bool {
        self.format.ends_with("deb")
    }

    pub(super) fn spec(&self) -> LinuxPackageSpec {
        let (p, c) = (self.p, self.common);
        let name = self.package_name();
        let file = self.file(&name);
        let or = |text: String, default: &str| if text.is_empty() { default.to_owned() } else { text };
        let relations = PackageRelations {
            depends: self.list(&c.dependencies),
            recommends: self.list(&c.recommends),
            suggests: self.list(&c.suggests),
            conflicts: self.list(&c.conflicts),
            replaces: self.list(&c.replaces),
            provides: self.list(&c.provides),
        };
        LinuxPackageSpec {
            id: self.id.to_owned(),
            format: self.format.to_owned(),
            file,
            name,
            section: self.text(&p.section),
            priority: self.text(&p.priority),
            maintainer: self.text(&p.maintainer),
            description: or(self.text(&p.description), "no description given"),
            vendor: self.text(&p.vendor),
            homepage: self.text(&p.homepage),
            license: self.text(&p.license),
            relations,
            umask: c.umask.filter(|u| *u != 0).unwrap_or(0o002),
            mtime: self.d.render.unix(p.mtime.as_ref(), &self.fields),
            default_mtime: self.d.facts.clock.unix.max(0),
            changelog: Some(self.text(&p.changelog)).filter(|c| !c.is_empty()),
            programs: self.programs(),
            contents: self.contents(),
            scripts: self.scripts(),
            only: self.only(),
            signing: self.signing(),
        }
    }

    /// The version is taken apart, for each format joins the parts in its own way.
    fn package_name(&self) -> PackageName {
        let c = self.common;
        let whole = &self.d.version;
        let parsed = Semver::parse(whole).ok();
        let or = |own: String, parsed: Option<&String>| match own.is_empty() {
            true => parsed.cloned().unwrap_or_default(),
            false => own,
        };
        let level = match self.group.members.first().and_then(|m| m.target).map(|t| t.arch) {
            Some(Arch::Amd64(level)) => level.to_string(),
            _ => String::new(),
        };
        PackageName {
            name: self.name.clone(),
            version: parsed.as_ref().map_or_else(|| whole.clone(), Semver::raw),
            prerelease: or(self.text(&c.prerelease), parsed.as_ref().map(|v| &v.prerelease)),
            metadata: or(self.text(&c.version_metadata), parsed.as_ref().map(|v| &v.metadata)),
            release: self.text(&c.release),
            epoch: self.text(&c.epoch),
            arch: self.place.arch.clone(),
            arch_variant: Some(level).filter(|l| l != "v1" && self.is_deb()).unwrap_or_default(),
            platform: self.place.platform.clone(),
        }
    }

    fn file(&self, name: &PackageName) -> String {
        let mut fields = self.fields.clone();
        let ext = extension(self.format);
        fields.set("ConventionalFileName", Value::from(name.conventional(self.format)));
        fields.set("ConventionalExtension", Value::from(ext.to_owned()));
        let file = self.d.render.opt(self.common.file_name_template.as_ref(), FILE_NAME, &fields);
        if file.ends_with(ext) { file } else { format!("{file}{ext}") }
    }

    fn dir(&self, text: &Option<Text>, default: &str) -> String {
        let dir = self.d.render.opt(text.as_ref(), default, &self.fields);
        absolute(&format!("{}/{dir}", self.place.root))
    }

    fn programs(&self) -> Vec<InstalledProgram> {
        let p = self.p;
        let mut out = vec![];
        for m in &self.group.members {
            let dir = match m.kind {
                ArtifactKind::CArchive => self.dir(&p.archive_dir, "/usr/lib"),
                ArtifactKind::CShared => self.dir(&p.shared_dir, "/usr/lib"),
                _ => self.dir(&p.bindir, "/usr/bin"),
            };
            out.push(installed(m, m.path.clone(), &dir, m.kind));
            if matches!(m.kind, ArtifactKind::CArchive | ArtifactKind::CShared) {
                let header = format!("{}.h", m.path.strip_suffix(&m.ext).unwrap_or(&m.path));
                let dir = self.dir(&p.header_dir, "/usr/include");
                out.push(installed(m, header, &dir, ArtifactKind::CHeader));
            }
        }
        out
    }

    fn scripts(&self) -> BTreeMap<String, ScriptSpec> {
        let c = self.common;
        let own = match self.format {
            "rpm" => Some(&c.rpm.scripts),
            "apk" => Some(&c.apk.scripts),
            "archlinux" => Some(&c.archlinux.scripts),
            _ if self.is_deb() => Some(&c.deb.scripts),
            _ => None,
        };
        let files = c.scripts.iter().chain(own.into_iter().flatten());
        let file = |t: &Text| ScriptSpec::File(self.d.render.text(t, &self.fields));
        let mut out: BTreeMap<String, ScriptSpec> = files.map(|(k, t)| (k.clone(), file(t))).collect();
        for (name, t) in &c.templated_scripts {
            let path = self.d.render.text(t, &self.fields);
            let text = self.rendered_file(&path, Some(t)).map(ScriptSpec::Text);
            out.insert(name.clone(), text.unwrap_or(ScriptSpec::File(path)));
        }
        out.retain(|_, s| *s != ScriptSpec::File(String::new()));
        out
    }

    fn only(&self) -> FormatOnly {
        let c = self.common;
        match self.format {
            "rpm" => FormatOnly::Rpm(RpmOnly {
                summary: self.text(&c.rpm.summary),
                group: self.text(&c.rpm.group),
                compression: self.text(&c.rpm.compression),
                prefixes: self.list(&c.rpm.prefixes),
                packager: self.text(&c.rpm.packager),
                buildhost: self.text(&c.rpm.buildhost),
            }),
            "apk" => FormatOnly::Apk,
            "archlinux" => FormatOnly::ArchLinux {
                pkgbase: self.text(&c.archlinux.pkgbase),
                packager: self.text(&c.archlinux.packager),
            },
            "ipk" => FormatOnly::Ipk(self.ipk()),
            _ => FormatOnly::Deb(DebOnly {
                compression: self.text(&c.deb.compression),
                breaks: self.list(&c.deb.breaks),
                predepends: self.list(&c.deb.predepends),
                fields: self.map(&c.deb.fields),
                triggers: c.deb.triggers.iter().map(|(k, list)| (k.clone(), self.list(list))).collect(),
            }),
        }
    }

    fn ipk(&self) -> IpkOnly {
        let i = &self.common.ipk;
        let alternatives =
            i.alternatives.iter().map(|a| (a.priority, self.text(&a.target), self.text(&a.link_name)));
        IpkOnly {
            abi_version: self.text(&i.abi_version),
            alternatives: alternatives.collect(),
            auto_installed: i.auto_installed,
            essential: i.essential,
            predepends: self.list(&i.predepends),
            tags: self.list(&i.tags),
            fields: self.map(&i.fields),
        }
    }

    fn signing(&self) -> Option<PackageSigning> {
        let c = self.common;
        if self.d.options.skips("sign") {
            return None;
        }
        let (format, key, role) = match self.format {
            "rpm" => ("RPM", &c.rpm.key_file, &None),
            "apk" => ("APK", &c.apk.key_file, &c.apk.key_name),
            _ if self.is_deb() => ("DEB", &c.deb.key_file, &c.deb.signature_type),
            _ => return None,
        };
        let key_file = Some(self.text(key)).filter(|k| !k.is_empty())?;
        let id = self.id.to_uppercase();
        let variables = [
            format!("NFPM_{id}_{format}_PASSPHRASE"),
            format!("NFPM_{id}_PASSPHRASE"),
            "NFPM_PASSPHRASE".to_owned(),
        ];
        let passphrase = variables.iter().find_map(|v| self.d.env.get(v).cloned());
        let role = self.text(role);
        if format == "DEB" {
            self.check_role(&role);
        }
        Some(PackageSigning { key_file, passphrase, variables: variables.into(), role })
    }

    fn check_role(&self, role: &str) {
        if !matches!(role, "" | "origin" | "maint" | "archive") {
            let message = format!("package `{}`: `deb.signature.type` cannot be `{role}`", self.id);
            let mut diag = Diagnostic::error(Code::ConfigValue, message);
            diag.labels.extend(self.common.deb.signature_type.as_ref().and_then(|t| t.place.label("")));
            self.d.render.push(diag.hint("allowed: origin, maint, archive"));
        }
    }
}

fn installed(m: &PlannedBinary, path: String, dir: &str, kind: ArtifactKind) -> InstalledProgram {
    let name = path.rsplit('/').next().unwrap_or(&path);
    let dst = absolute(&format!("{dir}/{name}"));
    InstalledProgram { verified: m.verified.clone(), path, dst, kind }
}

/// What goreleaser's templates know of the first program; without programs of nothing but a platform.
fn artifact_fields(d: &Draft<'_>, group: &Group<'_>) -> Fields {
    let first = group.members.first();
    let mut f = with_target(&d.fields, first.and_then(|m| m.target).as_ref());
    let file = first.map(|m| m.binary.rsplit('/').next().unwrap_or(&m.binary)).unwrap_or_default();
    let ext = first.map(|m| m.ext.as_str()).unwrap_or_default();
    let dist = d.dist.trim_start_matches("./").trim_end_matches('/');
    let binary = file.strip_suffix(ext).unwrap_or(file);
    for (key, value) in [
        ("Binary", if first.is_some() { binary.to_owned() } else { d.name.clone() }),
        ("ArtifactName", file.to_owned()),
        ("ArtifactExt", ext.to_owned()),
        ("ArtifactPath", first.map(|m| format!("{dist}/{}", m.path)).unwrap_or_default()),
        ("ArtifactID", first.map(|m| m.id.clone()).unwrap_or_default()),
    ] {
        f.set(key, Value::from(value));
    }
    if first.is_none() {
        for (key, value) in [("Os", group.os), ("Arch", "all"), ("Target", "")] {
            f.set(key, Value::from(value.to_owned()));
        }
    }
    f
}
