//! goferry's own part of goferry.toml.

use super::view::View;
use crate::model::{
    Alert, CLibrary, CLinking, CProvider, Config, IsolationRule, Sysroot, Text, Toolchain, ToolchainTarget,
    Verify, VerifyBinary,
};
use goferry_report::{Code, Diagnostic, Diagnostics};
use goferry_target::GoTarget;

/// Reads `targets`, `[verify]`, `[test]`, `[toolchain]`, `[sbom]`, `[sign]`, `[scan]`, `[alert]`, `[[package]]`, `[dockerfile]` and
/// `[sysroot]`.
pub(super) fn read_native(root: &View<'_>, config: &mut Config) -> Diagnostics {
    let mut diagnostics = Diagnostics::default();
    config.targets = root.texts("targets");
    if let Some(verify) = root.map("verify") {
        config.verify = read_verify(&verify, &mut diagnostics);
    }
    config.allow_known_limits = root.map("test").is_some_and(|test| test.bool("allow_known_limits"));
    if let Some(toolchain) = root.map("toolchain") {
        let targets = toolchain.free_maps("target");
        config.toolchain = Toolchain {
            all: read_toolchain(&toolchain, &mut diagnostics),
            fetch: toolchain.node.get("fetch").is_none() || toolchain.bool("fetch"),
            qemu: toolchain.text("qemu").map(|t| t.value),
            targets: targets
                .iter()
                .map(|(target, view)| {
                    (
                        spelled(target, "toolchain", view, &mut diagnostics),
                        read_toolchain(view, &mut diagnostics),
                    )
                })
                .collect(),
        };
    }
    config.images = root.maps("image").iter().map(super::image::read_image).collect();
    config.dockerfile_builder = root
        .map("dockerfile")
        .and_then(|d| d.text("builder"))
        // Another word is an error already: the key takes these only.
        .and_then(|builder| builder.value.parse().ok());
    config.sbom =
        root.map("sbom").map(|sbom| super::sbom::read_own(&sbom, &mut diagnostics)).unwrap_or_default();
    config.sign =
        root.map("sign").map(|sign| super::sign::read_signing(&sign, &mut diagnostics)).unwrap_or_default();
    config.scan = root.map("scan").map(|scan| super::scan::read_scan(&scan, &mut diagnostics));
    super::linux_package::read(root, "package", config);
    config.alert = root.map("alert").map(|alert| super::scan::read_alert(&alert, &mut diagnostics));
    if let (Some(alert), None) = (&config.alert, &config.scan) {
        diagnostics.push(unheard(alert));
    }
    if let Some(sysroot) = root.map("sysroot") {
        let targets = sysroot.free_maps("target");
        config.sysroot = Sysroot {
            packages: sysroot.texts("packages"),
            suite: sysroot.text("suite"),
            targets: targets
                .iter()
                .map(|(target, view)| {
                    (
                        spelled(target, "sysroot", view, &mut diagnostics),
                        (view.texts("packages"), view.text("suite")),
                    )
                })
                .collect(),
        };
    }
    diagnostics
}

/// `goferry scan` alone sends it.
fn unheard(alert: &Alert) -> Diagnostic {
    let message = "`[alert]` without `[scan]`: no vulnerability stops a release, so none sends an alert; only `goferry scan` does";
    let mut d = Diagnostic::warning(Code::ConfigValue, message);
    d.labels.extend(alert.place.label(""));
    d.hint_with("to have releases scanned, and stopped:", "[scan]")
}

/// A target as goferry spells it, so that `linux/arm64/v8` and `linux/arm64` mean the same.
fn spelled(target: &str, section: &str, view: &View<'_>, diagnostics: &mut Diagnostics) -> String {
    match target.parse::<GoTarget>() {
        Ok(t) => t.to_string(),
        Err(e) => {
            let message = format!("`{section}.target` names `{target}`: {e}");
            let mut d = Diagnostic::error(Code::UnknownTarget, message);
            d.labels.extend(view.place().label(""));
            diagnostics.push(d.hint("targets are written as in `goferry targets`, e.g. \"linux/arm64\""));
            target.to_owned()
        }
    }
}

fn read_toolchain(view: &View<'_>, diagnostics: &mut Diagnostics) -> ToolchainTarget {
    let word = |name: &str| view.text(name).map(|t| t.value);
    let glibc = view.text("glibc");
    let floor = glibc.as_ref().and_then(|t| version(&t.value));
    if let (Some(text), None) = (&glibc, floor) {
        let mut d =
            Diagnostic::error(Code::ConfigValue, format!("`toolchain.glibc` cannot be `{}`", text.value));
        d.labels.extend(text.place.label(""));
        diagnostics.push(d.hint_with("give glibc's version", "glibc = \"2.17\""));
    }
    ToolchainTarget {
        cc: word("cc").map(|w| match w.as_str() {
            "zig" => CProvider::Zig,
            "gcc" => CProvider::Gcc,
            _ => CProvider::Auto,
        }),
        libc: word("libc").map(|w| if w == "musl" { CLibrary::Musl } else { CLibrary::Gnu }),
        glibc: floor,
        link: word("link").map(|w| match w.as_str() {
            "static" => CLinking::Static,
            "static-libgcc" => CLinking::StaticLibgcc,
            _ => CLinking::Dynamic,
        }),
        sdk: word("sdk"),
        suite: word("suite"),
    }
}

/// `2.17`.
fn version(text: &str) -> Option<(u32, u32)> {
    let (major, minor) = text.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

/// `2.31`, or `2.2.5` as the oldest symbols have it.
fn is_glibc(text: &str) -> bool {
    let parts: Vec<Option<u16>> = text.split('.').map(|p| p.parse().ok()).collect();
    matches!(parts.as_slice(), [Some(_), Some(_)] | [Some(_), Some(_), Some(_)])
}

fn read_verify(verify: &View<'_>, diagnostics: &mut Diagnostics) -> Verify {
    let isolation = match verify.text("isolation").map(|t| t.value).as_deref() {
        Some("required") => IsolationRule::Required,
        Some("off") => IsolationRule::Off,
        _ => IsolationRule::Preferred,
    };
    let timeout_seconds = verify.int("timeout").map(|seconds| u64::try_from(seconds).unwrap_or_default());
    if timeout_seconds == Some(0) {
        let mut d = Diagnostic::error(Code::ConfigValue, "`verify.timeout` must be at least one second");
        d.labels.extend(verify.node.entry("timeout").and_then(|e| e.value.place.label("")));
        diagnostics.push(d);
    }
    let memory = verify.text("memory");
    let memory_bytes = memory.as_ref().and_then(|text| bytes(&text.value));
    if let (Some(text), None) = (&memory, memory_bytes) {
        let mut d =
            Diagnostic::error(Code::ConfigValue, format!("`verify.memory` cannot be `{}`", text.value));
        d.labels.extend(text.place.label(""));
        diagnostics.push(d.hint_with("give bytes, or a number with K, M or G", "memory = \"512M\""));
    }
    let glibc = verify.text("glibc");
    let floor = glibc.as_ref().map(|t| t.value.trim().to_owned()).filter(|v| is_glibc(v));
    if let (Some(text), None) = (&glibc, &floor) {
        let mut d =
            Diagnostic::error(Code::ConfigValue, format!("`verify.glibc` cannot be `{}`", text.value));
        d.labels.extend(text.place.label(""));
        diagnostics.push(d.hint_with("give glibc's version", "glibc = \"2.31\""));
    }
    let binaries = verify.maps("binary");
    Verify {
        isolation,
        timeout_seconds,
        memory_bytes,
        args: args(verify),
        expect: verify.text("expect"),
        skip: verify.texts("skip"),
        binaries: binaries.iter().filter_map(|binary| read_binary(binary, diagnostics)).collect(),
        glibc: floor,
        allow: verify.texts("allow"),
    }
}

fn read_binary(binary: &View<'_>, diagnostics: &mut Diagnostics) -> Option<VerifyBinary> {
    let (args, expect) = (args(binary), binary.text("expect"));
    let Some(id) = binary.text("id") else {
        let mut d = Diagnostic::error(Code::ConfigValue, "an item of `verify.binary` has no `id`");
        d.labels.extend(binary.place().label(""));
        diagnostics.push(d.hint_with("name the build it is about", "id = \"…\""));
        return None;
    };
    Some(VerifyBinary { id, args, expect })
}

/// Arguments; an empty list is meant, unlike elsewhere: run the program without any.
fn args(view: &View<'_>) -> Option<Vec<Text>> {
    let list = view.texts("args");
    view.node.get("args").map(|_| list)
}

/// `512M`, `2G`, `1048576` in bytes; powers of 1024.
fn bytes(text: &str) -> Option<u64> {
    let text = text.trim().trim_end_matches(['B', 'b']).trim_end_matches('i');
    let (digits, unit) = match text.char_indices().last()? {
        (at, 'K' | 'k') => (&text[..at], 1 << 10),
        (at, 'M' | 'm') => (&text[..at], 1 << 20),
        (at, 'G' | 'g') => (&text[..at], 1 << 30),
        _ => (text, 1),
    };
    digits.trim().replace('_', "").parse::<u64>().ok().and_then(|n| n.checked_mul(unit)).filter(|n| *n > 0)
}

#[cfg(test)]
mod tests {
    use super::bytes;

    #[test]
    fn sizes() {
        for (text, expected) in [
            ("512M", Some(512 << 20)),
            ("2GiB", Some(2 << 30)),
            ("1048576", Some(1 << 20)),
            ("64 k", Some(64 << 10)),
            ("", None),
            ("0", None),
            ("many", None),
            ("99999999999999999999G", None),
        ] {
            assert_eq!(bytes(text), expected, "{text}");
        }
    }
}
