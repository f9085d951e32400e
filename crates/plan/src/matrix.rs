//! Which targets a build has: goos × goarch × variants minus `ignore`, or an explicit list, all as goreleaser reads them.

use crate::render::Renderer;
use goferry_config::model::{Build, Config, Dialect, TargetMatch, Text};
use goferry_config::template::Fields;
use goferry_report::{Code, Diagnostic, nearest};
use goferry_target::{Arch, ArchKind, GoTarget, Os};
use std::collections::BTreeMap;

/// Go's first class ports, which `targets: [go_first_class]` means (`go tool dist list -json`, FirstClass).
const FIRST_CLASS: [&str; 8] = [
    "darwin_amd64",
    "darwin_arm64",
    "linux_386",
    "linux_amd64",
    "linux_arm",
    "linux_arm64",
    "windows_386",
    "windows_amd64",
];

/// The matrix of one build. Wrong names are recorded in `r`; the pairs that Go does not know are left out silently
/// where they come from a product, and are errors where they were written out.
pub(crate) fn targets(config: &Config, build: &Build, fields: &Fields, r: &Renderer<'_>) -> Vec<GoTarget> {
    let mut out = Vec::new();
    let mut add = |t: GoTarget| {
        if !out.contains(&t) {
            out.push(t);
        }
    };
    if !build.targets.is_empty() {
        for t in &build.targets {
            written(t, &r.text(t, fields), r).into_iter().for_each(&mut add);
        }
        return out;
    }
    if build.goos.is_empty() && build.goarch.is_empty() && !config.targets.is_empty() {
        for t in &config.targets {
            written(t, &r.text(t, fields), r).into_iter().for_each(&mut add);
        }
        return out;
    }
    let systems = names(&build.goos, &["linux", "darwin", "windows"], fields, r);
    let default_arches: &[&str] = match config.dialect {
        Dialect::Native => &["amd64", "arm64"],
        Dialect::Goreleaser => &["amd64", "arm64", "386"],
    };
    let arches = names(&build.goarch, default_arches, fields, r);
    for (os_text, os) in &systems {
        let Some(os) = known_os(os_text.as_ref(), os, r) else { continue };
        for (arch_text, arch) in &arches {
            let Some(kind) = known_arch(arch_text.as_ref(), arch, r) else { continue };
            for arch in variants(build, kind, fields, r) {
                let target = GoTarget::new(os, arch);
                if target.facts().is_some() && !build.ignore.iter().any(|m| matches(m, &target, fields, r)) {
                    add(target);
                }
            }
        }
    }
    out
}

/// Whether every field that the rule gives is the target's.
pub(crate) fn matches(rule: &TargetMatch, target: &GoTarget, fields: &Fields, r: &Renderer<'_>) -> bool {
    let same = |text: &Option<Text>, have: &str| text.as_ref().is_none_or(|t| r.text(t, fields) == have);
    if !same(&rule.goos, target.os.goos()) || !same(&rule.goarch, target.arch.goarch()) {
        return false;
    }
    rule.variants.iter().all(|(name, value)| {
        let want = r.text(value, fields);
        want.is_empty()
            || variant_keys(target.arch).contains(&name.as_str())
                && target.arch.variant().as_deref() == Some(&want)
    })
}

/// The configuration keys that hold the variant of an architecture. goreleaser's `gomips` serves GOMIPS and GOMIPS64.
fn variant_keys(arch: Arch) -> &'static [&'static str] {
    match arch.kind() {
        ArchKind::I386 => &["go386"],
        ArchKind::Amd64 => &["goamd64"],
        ArchKind::Arm => &["goarm"],
        ArchKind::Arm64 => &["goarm64"],
        ArchKind::Mips | ArchKind::Mipsle | ArchKind::Mips64 | ArchKind::Mips64le => &["gomips", "gomips64"],
        ArchKind::Ppc64 | ArchKind::Ppc64le => &["goppc64"],
        ArchKind::Riscv64 => &["goriscv64"],
        ArchKind::Loong64 | ArchKind::S390x | ArchKind::Wasm => &[],
    }
}

fn names(texts: &[Text], default: &[&str], fields: &Fields, r: &Renderer<'_>) -> Vec<(Option<Text>, String)> {
    if texts.is_empty() {
        return default.iter().map(|s| (None, (*s).to_owned())).collect();
    }
    texts
        .iter()
        .map(|t| (Some(t.clone()), r.text(t, fields).trim().to_owned()))
        .filter(|(_, s)| !s.is_empty())
        .collect()
}

fn known_os(text: Option<&Text>, name: &str, r: &Renderer<'_>) -> Option<Os> {
    let os = Os::from_goos(name);
    if os.is_none() {
        unknown(text, name, "GOOS", Os::ALL.iter().map(|o| o.goos()), r);
    }
    os
}

fn known_arch(text: Option<&Text>, name: &str, r: &Renderer<'_>) -> Option<ArchKind> {
    let arch = ArchKind::from_goarch(name);
    if arch.is_none() {
        unknown(text, name, "GOARCH", ArchKind::ALL.iter().map(|a| a.goarch()), r);
    }
    arch
}

fn unknown(
    text: Option<&Text>,
    name: &str,
    what: &str,
    known: impl Iterator<Item = &'static str>,
    r: &Renderer<'_>,
) {
    let mut d = Diagnostic::error(Code::UnknownTarget, format!("`{name}` is not a {what} that Go knows"));
    if let Some(l) = text.and_then(|t| t.place.label("")) {
        d = d.label(l);
    }
    if let Some(n) = nearest(name, known) {
        d = d.hint(format!("did you mean `{n}`?"));
    }
    r.push(d.hint_with("every pair that Go builds for is listed by", "go tool dist list"));
}

fn variants(build: &Build, kind: ArchKind, fields: &Fields, r: &Renderer<'_>) -> Vec<Arch> {
    let mut out = Vec::new();
    for key in variant_keys(kind.default_arch()) {
        let Some(list) = build.variants.get(*key) else { continue };
        for text in list {
            let value = r.text(text, fields);
            match kind.with_variant(value.trim()) {
                Some(arch) if !out.contains(&arch) => out.push(arch),
                Some(_) => {}
                None => {
                    let mut d = Diagnostic::error(
                        Code::UnknownTarget,
                        format!("`{value}` is not a value of {key} that Go knows"),
                    );
                    if let Some(l) = text.place.label("") {
                        d = d.label(l);
                    }
                    r.push(d);
                }
            }
        }
    }
    if out.is_empty() && !variant_keys(kind.default_arch()).iter().any(|k| build.variants.contains_key(*k)) {
        out.push(kind.default_arch());
    }
    out
}

/// A target that somebody wrote out: `linux_arm64`, `linux/arm/v7`, `go_first_class`.
fn written(text: &Text, name: &str, r: &Renderer<'_>) -> Vec<GoTarget> {
    let name = name.trim();
    if name.is_empty() {
        return vec![];
    }
    if name == "go_first_class" || name == "go_118_first_class" {
        return FIRST_CLASS.iter().filter_map(|s| s.parse().ok()).collect();
    }
    let problem = match name.parse::<GoTarget>() {
        Ok(t) if t.facts().is_some() => return vec![t],
        Ok(t) => format!("Go does not build for {}/{}", t.os, t.arch.goarch()),
        Err(e) => e.to_string(),
    };
    let mut d = Diagnostic::error(Code::UnknownTarget, problem);
    if let Some(l) = text.place.label("") {
        d = d.label(l);
    }
    let all: BTreeMap<String, ()> =
        GoTarget::all().flat_map(|t| [(t.to_string(), ()), (t.goreleaser_name(), ())]).collect();
    if let Some(n) = nearest(name, all.keys().map(String::as_str)) {
        d = d.hint(format!("did you mean `{n}`?"));
    }
    r.push(d.hint_with("every pair that Go builds for is listed by", "go tool dist list"));
    vec![]
}
