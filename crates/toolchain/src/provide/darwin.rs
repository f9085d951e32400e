//! Stub libraries for macOS: the symbols that Go's standard library names, as text that linkers read.
//!
//! The lists are the `//go:cgo_import_dynamic` lines of Go 1.21 to 1.26, and what those names stand for in C headers. Other
//! frameworks need an SDK, which only Apple gives.

use std::io;
use std::path::{Path, PathBuf};

struct Stub {
    /// Path below the stub folder.
    file: &'static str,
    /// What programs will ask for.
    install_name: &'static str,
    symbols: &'static [&'static str],
}

const STUBS: [Stub; 3] = [
    Stub {
        file: "lib/libresolv.tbd",
        install_name: "/usr/lib/libresolv.9.dylib",
        symbols: &[
            "_res_9_nclose",
            "_res_9_ninit",
            "_res_9_nsearch",
            "_res_9_init",
            "_res_9_search",
            "_res_9_query",
        ],
    },
    Stub {
        file: "frameworks/CoreFoundation.framework/CoreFoundation.tbd",
        install_name: "/System/Library/Frameworks/CoreFoundation.framework/Versions/A/CoreFoundation",
        symbols: &[
            "_CFArrayAppendValue",
            "_CFArrayCreateMutable",
            "_CFArrayGetCount",
            "_CFArrayGetValueAtIndex",
            "_CFDataCreate",
            "_CFDataGetBytePtr",
            "_CFDataGetLength",
            "_CFDateCreate",
            "_CFDictionaryGetValueIfPresent",
            "_CFEqual",
            "_CFErrorCopyDescription",
            "_CFErrorGetCode",
            "_CFNumberGetValue",
            "_CFRelease",
            "_CFStringCreateExternalRepresentation",
            "_CFStringCreateWithBytes",
        ],
    },
    Stub {
        file: "frameworks/Security.framework/Security.tbd",
        install_name: "/System/Library/Frameworks/Security.framework/Versions/A/Security",
        symbols: &[
            "_SecCertificateCopyData",
            "_SecCertificateCreateWithData",
            "_SecPolicyCreateSSL",
            "_SecTrustCopyCertificateChain",
            "_SecTrustCreateWithCertificates",
            "_SecTrustEvaluate",
            "_SecTrustEvaluateWithError",
            "_SecTrustGetCertificateAtIndex",
            "_SecTrustGetCertificateCount",
            "_SecTrustGetResult",
            "_SecTrustSetVerifyDate",
            "_SecTrustSettingsCopyCertificates",
            "_SecTrustSettingsCopyTrustSettings",
            "_SecPolicyCopyProperties",
            "_SecItemExport",
            "_kSecTrustSettingsResult",
        ],
    },
];

/// The text of a stub in version 4 of the format.
fn text(stub: &Stub) -> String {
    let targets = "[ x86_64-macos, arm64-macos ]";
    format!(
        "--- !tapi-tbd\ntbd-version: 4\ntargets: {targets}\ninstall-name: '{}'\ncurrent-version: 1\n\
         compatibility-version: 1\nexports:\n  - targets: {targets}\n    symbols: [ {} ]\n...\n",
        stub.install_name,
        stub.symbols.join(", ")
    )
}

/// The folder with the stubs: `lib` for -L, `frameworks` for -F.
///
/// # Errors
/// A folder that cannot be written.
pub(super) fn stubs(root: &Path) -> io::Result<PathBuf> {
    let all: String = STUBS.iter().map(text).collect();
    let dir = root.join("darwin").join(&super::store::digest_of(&all)[..12]);
    for stub in &STUBS {
        let path = dir.join(stub.file);
        let folder = path.parent().unwrap_or(&dir);
        std::fs::create_dir_all(folder)?;
        if !path.is_file() {
            let part = tempfile::NamedTempFile::new_in(folder)?;
            std::fs::write(part.path(), text(stub))?;
            part.persist(&path).map_err(|e| e.error)?;
        }
    }
    Ok(dir)
}
