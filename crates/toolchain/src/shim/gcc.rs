//! gcc's and g++'s arguments.

use std::ffi::OsString;
use std::path::Path;

/// Options whose value is a folder, in the same word or the next.
const FOLDERS: [&str; 6] = ["-I", "-L", "-isystem", "-iquote", "-idirafter", "-B"];

/// Folders of the host that always mean the target's when cross compiling: pkg-config and `#cgo` lines name them.
const HOST: [&str; 4] = ["/usr/include", "/usr/lib", "/usr/share", "/lib"];

/// `-I/usr/include/x` and `-L/usr/lib/x` mean the sysroot's.
pub(super) fn rewrite(sysroot: Option<&Path>, args: Vec<OsString>) -> Vec<OsString> {
    let Some(sysroot) = sysroot else { return args };
    let mut next_is_folder = false;
    args.into_iter()
        .map(|arg| {
            let Some(text) = arg.to_str() else { return arg };
            if std::mem::replace(&mut next_is_folder, FOLDERS.contains(&text)) {
                return inside(sysroot, text).unwrap_or(arg);
            }
            let folder =
                FOLDERS.iter().find_map(|f| text.strip_prefix(f).filter(|v| !v.is_empty()).map(|v| (f, v)));
            match folder.and_then(|(flag, value)| Some((flag, inside(sysroot, value)?))) {
                Some((flag, value)) => {
                    let mut word = OsString::from(flag);
                    word.push(value);
                    word
                }
                None => arg,
            }
        })
        .collect()
}

fn inside(sysroot: &Path, folder: &str) -> Option<OsString> {
    let host = HOST
        .iter()
        .any(|h| folder.strip_prefix(h).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')));
    host.then(|| sysroot.join(folder.trim_start_matches('/')).into_os_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_of_the_host_mean_the_targets() {
        for (before, after) in [
            ("-I/usr/include/sqlite", "-I/s/usr/include/sqlite"),
            ("-I /usr/include", "-I /s/usr/include"),
            ("-isystem /usr/lib/x", "-isystem /s/usr/lib/x"),
            ("-L/usr/lib/aarch64-linux-gnu -lfoo", "-L/s/usr/lib/aarch64-linux-gnu -lfoo"),
            ("-L/lib", "-L/s/lib"),
            ("-I/usr/includes", "-I/usr/includes"),
            ("-I/home/me/include", "-I/home/me/include"),
            ("-I. -I ./x -o /usr/lib/x", "-I. -I ./x -o /usr/lib/x"),
            ("-I", "-I"),
            ("-### -x c -c -", "-### -x c -c -"),
            ("@/tmp/file", "@/tmp/file"),
        ] {
            let words = |s: &str| s.split(' ').map(OsString::from).collect::<Vec<_>>();
            assert_eq!(rewrite(Some(Path::new("/s")), words(before)), words(after), "{before}");
            assert_eq!(rewrite(None, words(before)), words(before));
        }
    }
}
