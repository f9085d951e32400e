//! Finding programs the way a shell does.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// The file that a program's name stands for: a name with a slash is a path relative to `cwd`; any other is looked up
/// in the directories of `path` (the value of PATH; an empty entry is `cwd`). Directories and files that nobody may
/// execute are passed over.
pub fn find_program(name: &str, path: Option<&OsStr>, cwd: &Path) -> Option<PathBuf> {
    find_file(OsStr::new(name), path, cwd)
}

pub(crate) fn find_file(name: &OsStr, path: Option<&OsStr>, cwd: &Path) -> Option<PathBuf> {
    if name.is_empty() {
        return None;
    }
    let named = Path::new(name);
    if named.components().count() > 1 || named.is_absolute() {
        let file = cwd.join(named);
        return is_executable(&file).then_some(file);
    }
    std::env::split_paths(path?).find_map(|dir| {
        let file = cwd.join(dir).join(named);
        let file =
            if cfg!(windows) && file.extension().is_none() { file.with_extension("exe") } else { file };
        is_executable(&file).then_some(file)
    })
}

#[cfg(unix)]
fn is_executable(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    file.metadata().is_ok_and(|m| m.is_file() && m.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_executable(file: &Path) -> bool {
    file.is_file()
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn takes_the_first_executable_of_that_name() {
        let dir = tempfile::tempdir().unwrap();
        for (d, mode) in [("a", 0o644), ("b", 0o755), ("c", 0o755)] {
            std::fs::create_dir(dir.path().join(d)).unwrap();
            std::fs::write(dir.path().join(d).join("tool"), "").unwrap();
            std::fs::set_permissions(dir.path().join(d).join("tool"), PermissionsExt::from_mode(mode))
                .unwrap();
        }
        std::fs::create_dir_all(dir.path().join("d/tool")).unwrap();
        let find = |name: &str, path: &str| find_program(name, Some(OsStr::new(path)), dir.path());
        assert_eq!(find("tool", "d:a:b:c"), Some(dir.path().join("b/tool")));
        assert_eq!(find("tool", "a"), None);
        assert_eq!(find("./c/tool", ""), Some(dir.path().join("c/tool")));
        assert_eq!(find("c/tool", "/nowhere"), Some(dir.path().join("c/tool")));
        assert_eq!(find("", "b"), None);
        assert_eq!(find_program("tool", None, dir.path()), None);
    }
}
