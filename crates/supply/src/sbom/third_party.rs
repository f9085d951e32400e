//! The text that must travel with a program: licences and notices of everything that is in it.

use super::edges::ModuleFiles;
use super::inventory::Inventory;
use super::licence::{is_licence, is_notice, texts};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

/// Its name in archives.
pub const THIRD_PARTY_FILE: &str = "THIRD_PARTY_LICENSES";

const RULE: &str = "--------------------------------------------------------------------------------";

/// Names and contents of files.
type Texts = Vec<(String, Vec<u8>)>;

/// One text with everything that it is about, from what is at hand. Same modules, same bytes.
///
/// The second value names the modules of which no licence was at hand: the text is not complete.
pub fn third_party_licenses(inventory: &Inventory, files: &ModuleFiles) -> (String, Vec<String>) {
    // Many modules share a text to the byte: it stands there once.
    let mut by_text: BTreeMap<Texts, Vec<String>> = BTreeMap::new();
    let mut missing = vec![];
    let mut add = |name: String, folder: Option<&Path>| {
        let wanted = |n: &str| is_licence(n) || is_notice(n);
        let found = folder.map(|f| texts(f, &wanted)).unwrap_or_default();
        match found.is_empty() {
            true => missing.push(name),
            false => by_text.entry(found).or_default().push(name),
        }
    };
    for toolchain in &inventory.toolchains {
        add(format!("The Go standard library ({toolchain})"), files.goroot.as_deref());
    }
    for module in inventory.modules.values() {
        let name = format!("{} {}", module.path, module.version);
        add(name.trim_end().to_owned(), files.folder(&module.path, &module.version).as_deref());
    }
    let mut parts: Vec<(Vec<String>, Texts)> = by_text.into_iter().map(|(t, n)| (n, t)).collect();
    parts.sort();
    let mut out = format!("{} contains the following software.\n", inventory.root.path);
    for (names, texts) in parts {
        let _ = write!(out, "\n{RULE}\n{}\n", names.join("\n"));
        for (file, text) in texts {
            let text = String::from_utf8_lossy(&text).replace("\r\n", "\n");
            let _ = write!(out, "\n[{file}]\n\n{}\n", text.trim_matches('\n'));
        }
    }
    (out, missing)
}

#[cfg(test)]
mod tests {
    use super::super::ModuleUse;
    use super::*;

    #[test]
    fn a_text_stands_once_and_what_is_missing_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let mut inventory = Inventory::default();
        inventory.root.path = "example.com/m".to_owned();
        for (path, licence) in
            [("a.com/a", Some("Be nice.\r\n")), ("a.com/b", Some("Be nice.\r\n")), ("a.com/c", None)]
        {
            let folder = dir.path().join(format!("{path}@v1.0.0"));
            std::fs::create_dir_all(&folder).unwrap();
            if let Some(text) = licence {
                std::fs::write(folder.join("LICENSE"), text).unwrap();
            }
            let module =
                ModuleUse { path: path.to_owned(), version: "v1.0.0".to_owned(), ..ModuleUse::default() };
            inventory.modules.insert(module.purl(), module);
        }
        let files = ModuleFiles { cache: Some(dir.path().to_owned()), ..ModuleFiles::default() };
        let (text, missing) = third_party_licenses(&inventory, &files);
        let want = format!(
            "example.com/m contains the following software.\n\n{RULE}\na.com/a v1.0.0\na.com/b v1.0.0\n\n[LICENSE]\n\nBe nice.\n"
        );
        assert_eq!(text, want);
        assert_eq!(missing, ["a.com/c v1.0.0"]);
    }
}
