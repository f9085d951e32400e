//! `linux_package CONFIG FORMAT OUT`: builds one package from an nfpm.yaml, for scripts/compare-nfpm and
//! scripts/bench-packages. Only what those use is read; time is SOURCE_DATE_EPOCH. With GNUPGHOME set and a key_file in
//! the format's signature block, gpg signs; apk's key_file is read, its passphrase is NFPM_PASSPHRASE.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a tool for developers")]

use goferry_config::template::Semver;
use goferry_package::linux::{
    Alternative, ChangelogDeb, ChangelogEntry, Content, ContentKind, Format, Package, RsaKey, Sign,
    SignatureForm, Source, Triggers, Version, conventional_file_name, write,
};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Also what tests/linux does when it builds for the script.
pub(crate) fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [config, format, out] = &args[..] else { panic!("linux_package CONFIG FORMAT OUT") };
    let format: Format = format.parse().unwrap();
    let config = Path::new(config);
    let text = std::fs::read_to_string(config).unwrap();
    let source = goferry_config::SourceText { name: config.display().to_string(), text };
    let yaml = goferry_config::plain(source, false).unwrap_or_else(|e| panic!("{e:?}"));
    let folder = config.parent().unwrap().to_owned();
    let yaml = merged(Yaml { value: yaml, folder }, format);
    let package = package(&yaml, format);
    let out = match Path::new(out) {
        folder if folder.is_dir() => folder.join(conventional_file_name(format, &package)),
        file => file.to_owned(),
    };
    let signer = signer(&yaml, format);
    let written = write(format, &package, &out, signer.as_deref()).unwrap_or_else(|e| panic!("{e}"));
    println!("{} {} {}", written.sha256, written.size, out.display());
}

/// A mapping of the file, with what paths in it are relative to.
struct Yaml {
    value: Value,
    folder: PathBuf,
}

impl Yaml {
    fn at(&self, path: &str) -> &Value {
        path.split('.').fold(&self.value, |v, key| v.get(key).unwrap_or(&Value::Null))
    }

    fn text(&self, path: &str) -> String {
        text(self.at(path))
    }

    fn texts(&self, path: &str) -> Vec<String> {
        self.at(path).as_array().map(|a| a.iter().map(text).collect()).unwrap_or_default()
    }

    fn file(&self, path: &str) -> Option<Vec<u8>> {
        let name = self.text(path);
        (!name.is_empty()).then(|| std::fs::read(self.folder.join(name)).unwrap())
    }

    fn items(&self, path: &str) -> Vec<Yaml> {
        let all = self.at(path).as_array().cloned().unwrap_or_default();
        all.into_iter().map(|value| Yaml { value, folder: self.folder.clone() }).collect()
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::String(s) => s.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// Overrides replace keys; mappings are merged, lists are not.
fn merged(yaml: Yaml, format: Format) -> Yaml {
    fn merge(into: &mut Value, from: &Value) {
        match (into, from) {
            (Value::Object(into), Value::Object(from)) => {
                for (key, value) in from {
                    merge(into.entry(key.clone()).or_insert(Value::Null), value);
                }
            }
            (into, from) => *into = from.clone(),
        }
    }
    let over = yaml.at(&format!("overrides.{format}")).clone();
    let mut value = yaml.value;
    if !over.is_null() {
        merge(&mut value, &over);
    }
    Yaml { value, folder: yaml.folder }
}

fn package(y: &Yaml, format: Format) -> Package {
    let mut p = Package {
        name: y.text("name"),
        arch: y.text("arch"),
        version: version(y),
        section: y.text("section"),
        priority: y.text("priority"),
        maintainer: y.text("maintainer"),
        description: y.text("description"),
        vendor: y.text("vendor"),
        homepage: y.text("homepage"),
        license: y.text("license"),
        contents: y.items("contents").iter().map(content).collect(),
        changelog: changelog(y),
        mtime: std::env::var("SOURCE_DATE_EPOCH").unwrap().parse().unwrap(),
        ..Package::default()
    };
    if let Some(umask) = y.at("umask").as_u64() {
        p.umask = umask as u32;
    }
    let r = &mut p.relations;
    r.depends = y.texts("depends");
    r.recommends = y.texts("recommends");
    r.suggests = y.texts("suggests");
    r.conflicts = y.texts("conflicts");
    r.replaces = y.texts("replaces");
    r.provides = y.texts("provides");
    p.scripts.preinstall = y.file("scripts.preinstall");
    p.scripts.postinstall = y.file("scripts.postinstall");
    p.scripts.preremove = y.file("scripts.preremove");
    p.scripts.postremove = y.file("scripts.postremove");
    blocks(&mut p, y, format);
    p
}

/// As the plan takes versions apart.
fn version(y: &Yaml) -> Version {
    let parsed = Semver::parse(&y.text("version")).unwrap();
    let or =
        |key: &str, parsed: &String| Some(y.text(key)).filter(|t| !t.is_empty()).unwrap_or(parsed.clone());
    Version {
        epoch: y.text("epoch"),
        upstream: parsed.raw(),
        prerelease: or("prerelease", &parsed.prerelease),
        metadata: or("version_metadata", &parsed.metadata),
        release: y.text("release"),
    }
}

fn blocks(p: &mut Package, y: &Yaml, _format: Format) {
    let d = &mut p.deb;
    d.arch_variant = y.text("deb.arch_variant");
    d.compression = y.text("deb.compression");
    d.breaks = y.texts("deb.breaks");
    d.predepends = y.texts("deb.predepends");
    d.fields = map(y.at("deb.fields"));
    d.config = y.file("deb.scripts.config");
    d.rules = y.file("deb.scripts.rules");
    d.templates = y.file("deb.scripts.templates");
    d.triggers = Triggers {
        interest: y.texts("deb.triggers.interest"),
        interest_await: y.texts("deb.triggers.interest_await"),
        interest_noawait: y.texts("deb.triggers.interest_noawait"),
        activate: y.texts("deb.triggers.activate"),
        activate_await: y.texts("deb.triggers.activate_await"),
        activate_noawait: y.texts("deb.triggers.activate_noawait"),
    };
    d.signature_role = y.text("deb.signature.type");
    let r = &mut p.rpm;
    r.build_host = y.text("rpm.buildhost");
    r.group = y.text("rpm.group");
    r.summary = y.text("rpm.summary");
    r.packager = y.text("rpm.packager");
    r.compression = y.text("rpm.compression");
    r.prefixes = y.texts("rpm.prefixes");
    r.pretrans = y.file("rpm.scripts.pretrans");
    r.posttrans = y.file("rpm.scripts.posttrans");
    p.apk.key_name = y.text("apk.signature.key_name");
    p.apk.preupgrade = y.file("apk.scripts.preupgrade");
    p.apk.postupgrade = y.file("apk.scripts.postupgrade");
    p.arch_linux.pkgbase = y.text("archlinux.pkgbase");
    p.arch_linux.packager = y.text("archlinux.packager");
    p.arch_linux.preupgrade = y.file("archlinux.scripts.preupgrade");
    p.arch_linux.postupgrade = y.file("archlinux.scripts.postupgrade");
    let i = &mut p.ipk;
    i.abi_version = y.text("ipk.abi_version");
    i.auto_installed = y.at("ipk.auto_installed") == true;
    i.essential = y.at("ipk.essential") == true;
    i.predepends = y.texts("ipk.predepends");
    i.tags = y.texts("ipk.tags");
    i.fields = map(y.at("ipk.fields"));
    i.alternatives = y
        .items("ipk.alternatives")
        .iter()
        .map(|a| Alternative {
            priority: a.at("priority").as_i64().unwrap_or(0),
            target: a.text("target"),
            link_name: a.text("link_name"),
        })
        .collect();
}

fn map(value: &Value) -> BTreeMap<String, String> {
    value.as_object().map(|o| o.iter().map(|(k, v)| (k.clone(), text(v))).collect()).unwrap_or_default()
}

fn content(y: &Yaml) -> Content {
    let kind = ContentKind::from_word(&y.text("type")).unwrap();
    let src = y.text("src");
    let source = match kind {
        ContentKind::Symlink => Source::Link(src),
        _ if src.is_empty() => Source::None,
        _ => Source::Pattern { folder: y.folder.clone(), pattern: src },
    };
    let time = y.text("file_info.mtime");
    Content {
        only: (!y.text("packager").is_empty()).then(|| y.text("packager").parse().unwrap()),
        mode: y.at("file_info.mode").as_u64().map(|m| m as u32),
        mtime: (!time.is_empty()).then(|| seconds(&time)),
        owner: y.text("file_info.owner"),
        group: y.text("file_info.group"),
        ..Content::new(kind, source, y.text("dst"))
    }
}

fn seconds(text: &str) -> i64 {
    text.parse::<jiff::Timestamp>().unwrap().as_second()
}

fn changelog(y: &Yaml) -> Vec<ChangelogEntry> {
    let name = y.text("changelog");
    if name.is_empty() {
        return Vec::new();
    }
    let path = y.folder.join(&name);
    let source = goferry_config::SourceText { name, text: std::fs::read_to_string(path).unwrap() };
    let value = goferry_config::plain(source, false).unwrap_or_else(|e| panic!("{e:?}"));
    let all = Yaml { value: serde_json::json!({ "all": value }), folder: y.folder.clone() };
    all.items("all")
        .iter()
        .map(|e| ChangelogEntry {
            semver: e.text("semver"),
            date: seconds(&e.text("date")),
            packager: e.text("packager"),
            deb: e.at("deb").is_object().then(|| ChangelogDeb {
                urgency: e.text("deb.urgency"),
                distributions: e.texts("deb.distributions"),
            }),
            notes: e.items("changes").iter().map(|c| c.text("note")).collect(),
        })
        .collect()
}

/// Who signs, if the configuration names a key.
fn signer(y: &Yaml, format: Format) -> Option<Box<dyn Sign>> {
    let key = match format {
        Format::Deb | Format::TermuxDeb => y.text("deb.signature.key_file"),
        Format::Rpm => y.text("rpm.signature.key_file"),
        Format::Apk => {
            let pem = y.file("apk.signature.key_file")?;
            let passphrase = std::env::var("NFPM_PASSPHRASE").ok();
            return Some(Box::new(RsaKey::from_pem(&pem, passphrase.as_deref()).unwrap()));
        }
        Format::ArchLinux | Format::Ipk => String::new(),
    };
    (!key.is_empty()).then(|| Box::new(Gpg) as Box<dyn Sign>)
}

/// gpg with whatever key is in GNUPGHOME.
struct Gpg;

impl Sign for Gpg {
    fn sign(&self, form: SignatureForm, data: &mut dyn Read) -> Result<Vec<u8>, String> {
        let how: &[&str] = match form {
            SignatureForm::Detached => &["--detach-sign"],
            SignatureForm::ArmoredDetached => &["--armor", "--detach-sign"],
            SignatureForm::RsaSha1 => return Err("gpg does not sign apk".into()),
        };
        let mut bytes = Vec::new();
        data.read_to_end(&mut bytes).map_err(|e| e.to_string())?;
        let mut gpg = Command::new("gpg")
            .args(["--batch", "--yes", "--digest-algo", "SHA256"])
            .args(how)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|e| e.to_string())?;
        gpg.stdin.take().unwrap().write_all(&bytes).map_err(|e| e.to_string())?;
        let made = gpg.wait_with_output().map_err(|e| e.to_string())?;
        if made.status.success() { Ok(made.stdout) } else { Err("gpg failed".into()) }
    }
}
