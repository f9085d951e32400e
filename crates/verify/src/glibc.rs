//! Which glibc a binary needs, against the newest that the configuration allows.

use goferry_diagnose::glibc::oldest;
use goferry_objfile::{GlibcNeed, GlibcVersion, ObjError, ReadAt, glibc_needs_above};
use goferry_plan::graph::{Cgo, VerifySpec};
use goferry_report::{Code, Diagnostic};
use goferry_target::Os;

/// Symbols that are named for each version; the rest is counted.
const NAMED: usize = 8;

/// The oldest release of each distribution that has this glibc: `Debian 12`.
pub(crate) fn runs_on(needed: GlibcVersion) -> Vec<String> {
    let releases = oldest((u32::from(needed.major), u32::from(needed.minor)));
    releases.iter().map(|r| format!("{} {}", r.distribution, r.version)).collect()
}

/// The gate: what a binary needs above the limit, and what to do about it.
///
/// # Errors
/// When the symbols' versions cannot be read.
pub(crate) fn gate(
    bytes: &dyn ReadAt,
    name: &str,
    needed: GlibcVersion,
    limit: GlibcVersion,
) -> Result<Option<Diagnostic>, ObjError> {
    if needed <= limit {
        return Ok(None);
    }
    let message = format!("{name} needs glibc {needed}, and [verify] allows {limit} at most");
    let mut d = Diagnostic::error(Code::GlibcFloor, message);
    d.notes = glibc_needs_above(bytes, limit)?.iter().map(need).collect();
    let releases = runs_on(needed);
    let oldest = match releases.is_empty() {
        true => "no released distribution in goferry's table".to_owned(),
        false => format!("{} or later", releases.join(", ")),
    };
    d.notes.push(format!("it starts on {oldest}; on no Alpine, whose C library is musl"));
    // zig has no start files for what is older.
    if (limit.major, limit.minor) >= (2, 3) {
        let floor = format!("[toolchain]\ncc = \"zig\"\nglibc = \"{}.{}\"", limit.major, limit.minor);
        d = d.hint_with("to link for the older glibc, in goferry.toml:", floor);
    }
    let musl = "[toolchain]\nlibc = \"musl\"";
    Ok(Some(
        d.hint_with("or without glibc, which runs on Alpine too:", musl)
            .hint("or without cgo: CGO_ENABLED=0"),
    ))
}

/// `GLIBC_2.34: __libc_start_main, pthread_create and 3 more`.
fn need(need: &GlibcNeed) -> String {
    if need.symbols.is_empty() {
        return need.name.clone();
    }
    let named = need.symbols.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
    match need.symbols.len().saturating_sub(NAMED) {
        0 => format!("{}: {named}", need.name),
        more => format!("{}: {named} and {more} more", need.name),
    }
}

/// A limit that could not be looked at: what upx packs hides its libraries.
pub(crate) fn hidden(spec: &VerifySpec, needed: Option<&str>) -> Option<Diagnostic> {
    let linux = spec.target.is_some_and(|t| t.os == Os::Linux);
    let packed = spec.executable && spec.opaque.is_some();
    let cgo = spec.recorded.iter().any(|r| r.cgo != Cgo::Off);
    let unknown = packed && cgo && needed.is_none() && linux;
    let limit = spec.glibc.as_ref().filter(|_| unknown)?;
    let message =
        format!("{} is packed, which hides what glibc it needs: {limit} was not checked", spec.path);
    Some(Diagnostic::warning(Code::GlibcFloor, message).hint("leave it out of upx to have it checked"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use goferry_plan::facts::RunnerFact;
    use goferry_plan::graph::{ExpectedVersion, Recorded, StepId};

    fn spec(packed: bool, cgo: Cgo, target: &str) -> VerifySpec {
        VerifySpec {
            built: StepId("build/x".to_owned()),
            path: "x/tool".to_owned(),
            target: target.parse().ok(),
            module_path: None,
            main_version: ExpectedVersion::Unchecked,
            release_version: String::new(),
            recorded: vec![Recorded { target: target.parse().unwrap(), cgo, flags: vec![] }],
            executable: true,
            opaque: packed.then(|| "it is packed".to_owned()),
            tries: vec![],
            args_configured: false,
            expect: None,
            glibc: Some("2.31".to_owned()),
            timeout_seconds: 1,
            memory_bytes: None,
            runner: RunnerFact::NoRunner { reason: String::new() },
            skipped_by_user: None,
            isolation: "off".to_owned(),
        }
    }

    #[test]
    fn what_a_packer_hides_is_said() {
        let said = |packed, cgo, target, needed| hidden(&spec(packed, cgo, target), needed).is_some();
        assert!(said(true, Cgo::On, "linux/amd64", None));
        assert!(said(true, Cgo::GoDecides, "linux/arm64", None));
        assert!(!said(true, Cgo::Off, "linux/amd64", None), "pure Go needs no glibc");
        assert!(!said(false, Cgo::On, "linux/amd64", None), "static: it needs none");
        assert!(!said(true, Cgo::On, "windows/amd64", None));
        assert!(!said(true, Cgo::On, "linux/amd64", Some("2.17")), "it was read and compared");
    }

    #[test]
    fn symbols_are_named_up_to_a_point() {
        let of = |count: usize| {
            let symbols = (0..count).map(|n| format!("s{n}")).collect();
            let version = GlibcVersion { major: 2, minor: 34, patch: 0 };
            need(&GlibcNeed { name: "GLIBC_2.34".to_owned(), version, symbols })
        };
        assert_eq!(of(0), "GLIBC_2.34");
        assert_eq!(of(2), "GLIBC_2.34: s0, s1");
        assert!(of(11).ends_with("s7 and 3 more"), "{}", of(11));
    }
}
