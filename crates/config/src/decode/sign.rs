//! `signs`, `binary_signs` and `[sign]`.

use super::view::View;
use crate::model::{SignItem, Signing};
use goferry_report::{Code, Diagnostic, Diagnostics};

pub(super) fn read_item(item: &View<'_>) -> SignItem {
    SignItem {
        id: item.text("id"),
        cmd: item.text("cmd"),
        args: item.texts("args"),
        signature: item.text("signature"),
        certificate: item.text("certificate"),
        artifacts: item.text("artifacts"),
        ids: item.texts("ids"),
        condition: item.text("if"),
        stdin: item.text("stdin"),
        stdin_file: item.text("stdin_file"),
        env: item.texts("env"),
        output: item.text("output"),
        place: item.place(),
    }
}

/// A section that does not say by whom to sign would release without signatures.
pub(super) fn read_signing(sign: &View<'_>, diagnostics: &mut Diagnostics) -> Signing {
    let (key, keyless) = (sign.text("key"), sign.bool("keyless"));
    let problem = match (&key, keyless) {
        (None, false) => Some(
            Diagnostic::error(
                Code::ConfigValue,
                "`[sign]` does not say by whom to sign: it has no `key`, and not `keyless = true`",
            )
            .hint_with("to sign with a key:", "key = \"env://COSIGN_PRIVATE_KEY\"")
            .hint("to release without signatures, take the section out, or use --skip=sign"),
        ),
        (Some(_), true) => Some(
            Diagnostic::error(Code::ConfigValue, "`sign.key` and `sign.keyless` exclude each other")
                .hint("a key signs by itself; keyless signs with a certificate for an identity"),
        ),
        _ => None,
    };
    if let Some(mut d) = problem {
        d.labels.extend(sign.place().label(""));
        diagnostics.push(d);
    }
    Signing {
        key,
        keyless,
        artifacts: sign.text("artifacts"),
        ids: sign.texts("ids"),
        signature: sign.text("signature"),
        fulcio: sign.text("fulcio"),
        rekor: sign.text("rekor"),
        tsa: sign.text("tsa"),
        place: sign.place(),
    }
}
