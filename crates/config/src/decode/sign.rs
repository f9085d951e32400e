//! `signs`, `binary_signs` and `[sign]`.

use super::view::View;
use crate::model::{SignItem, Signing};

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

pub(super) fn read_signing(sign: &View<'_>) -> Signing {
    Signing {
        key: sign.text("key"),
        keyless: sign.bool("keyless"),
        artifacts: sign.text("artifacts"),
        ids: sign.texts("ids"),
        signature: sign.text("signature"),
        fulcio: sign.text("fulcio"),
        rekor: sign.text("rekor"),
        tsa: sign.text("tsa"),
        place: sign.place(),
    }
}
