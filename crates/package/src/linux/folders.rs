//! Folders that a system has without the package: those of Fedora's `filesystem` and `logrotate`, which nfpm 2.48 asks too.
//!
//! Owns: the list. It decides whose an implied folder is, and that a tree does not own it.

/// Whether the folder is one of the system's own.
pub(super) fn belongs_to_the_system(path: &str) -> bool {
    let path = path.trim_end_matches('/');
    is_manual(path) || FOLDERS.binary_search(&path).is_ok()
}

/// Sections of manual pages, of which there are many: `man0p`, `man1` to `man9`, `man1x`, `mann`, …
fn is_manual(path: &str) -> bool {
    let local = path.strip_prefix("/usr/local/share/man/man");
    match (local, path.strip_prefix("/usr/share/man/man")) {
        (Some(section), _) => is_section(section, &["", "x"]),
        (None, Some("0p" | "1p" | "3p")) => true,
        (None, Some(section)) => is_section(section, &["", "x"]),
        (None, None) => false,
    }
}

fn is_section(section: &str, endings: &[&str]) -> bool {
    let mut chars = section.chars();
    section == "n" || matches!(chars.next(), Some('1'..='9')) && endings.contains(&chars.as_str())
}

/// Sorted.
#[rustfmt::skip]
const FOLDERS: &[&str] = &[
    "/afs", "/bin", "/boot", "/dev", "/etc", "/etc/X11", "/etc/X11/applnk", "/etc/X11/fontpath.d",
    "/etc/X11/xinit", "/etc/X11/xinit/xinitrc.d", "/etc/X11/xinit/xinput.d", "/etc/bash_completion.d", "/etc/keys",
    "/etc/keys/ima", "/etc/logrotate.d", "/etc/opt", "/etc/pki", "/etc/pm", "/etc/pm/config.d", "/etc/pm/power.d",
    "/etc/pm/sleep.d", "/etc/rwtab.d", "/etc/skel", "/etc/statetab.d", "/etc/sysconfig", "/etc/xdg",
    "/etc/xdg/autostart", "/home", "/lib", "/lib64", "/media", "/mnt", "/opt", "/proc", "/root", "/run", "/sbin",
    "/srv", "/sys", "/tmp", "/usr", "/usr/bin", "/usr/games", "/usr/include", "/usr/lib", "/usr/lib/.build-id",
    "/usr/lib/.build-id/ae", "/usr/lib/debug", "/usr/lib/debug/.dwz", "/usr/lib/debug/bin", "/usr/lib/debug/lib",
    "/usr/lib/debug/lib64", "/usr/lib/debug/sbin", "/usr/lib/debug/usr", "/usr/lib/debug/usr/.dwz",
    "/usr/lib/debug/usr/bin", "/usr/lib/debug/usr/lib", "/usr/lib/debug/usr/lib64", "/usr/lib/debug/usr/sbin",
    "/usr/lib/games", "/usr/lib/locale", "/usr/lib/modules", "/usr/lib/sysimage", "/usr/lib/systemd",
    "/usr/lib/systemd/system", "/usr/lib/systemd/user", "/usr/lib/sysusers.d", "/usr/lib/tmpfiles.d", "/usr/lib64",
    "/usr/lib64/X11", "/usr/lib64/bpf", "/usr/lib64/games", "/usr/lib64/pm-utils", "/usr/lib64/pm-utils/module.d",
    "/usr/lib64/pm-utils/power.d", "/usr/lib64/pm-utils/sleep.d", "/usr/libexec", "/usr/local", "/usr/local/bin",
    "/usr/local/etc", "/usr/local/games", "/usr/local/include", "/usr/local/lib", "/usr/local/lib64",
    "/usr/local/lib64/bpf", "/usr/local/libexec", "/usr/local/sbin", "/usr/local/share",
    "/usr/local/share/applications", "/usr/local/share/info", "/usr/local/share/man", "/usr/local/src",
    "/usr/sbin", "/usr/share", "/usr/share/X11", "/usr/share/X11/fonts", "/usr/share/aclocal",
    "/usr/share/appdata", "/usr/share/applications", "/usr/share/augeas", "/usr/share/augeas/lenses",
    "/usr/share/backgrounds", "/usr/share/bash-completion", "/usr/share/bash-completion/completions",
    "/usr/share/bash-completion/helpers", "/usr/share/desktop-directories", "/usr/share/dict", "/usr/share/doc",
    "/usr/share/empty", "/usr/share/fish", "/usr/share/fish/vendor_completions.d", "/usr/share/games",
    "/usr/share/gnome", "/usr/share/help", "/usr/share/icons", "/usr/share/idl", "/usr/share/info",
    "/usr/share/licenses", "/usr/share/licenses/logrotate", "/usr/share/locale", "/usr/share/locale/en_US",
    "/usr/share/locale/en_US/LC_MESSAGES", "/usr/share/man", "/usr/share/metainfo", "/usr/share/mime-info",
    "/usr/share/misc", "/usr/share/omf", "/usr/share/pixmaps", "/usr/share/sounds", "/usr/share/themes",
    "/usr/share/wayland-sessions", "/usr/share/xsessions", "/usr/share/zsh", "/usr/share/zsh/site-functions",
    "/usr/src", "/usr/src/debug", "/usr/src/kernels", "/usr/tmp", "/var", "/var/adm", "/var/cache", "/var/db",
    "/var/empty", "/var/ftp", "/var/games", "/var/lib", "/var/lib/games", "/var/lib/logrotate", "/var/lib/misc",
    "/var/lib/rpm-state", "/var/local", "/var/log", "/var/mail", "/var/nis", "/var/opt", "/var/preserve",
    "/var/run", "/var/spool", "/var/spool/lpd", "/var/spool/mail", "/var/tmp", "/var/yp",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted_and_asked_as_a_whole() {
        assert!(FOLDERS.is_sorted());
        for yes in
            ["/usr/", "/etc", "/usr/share/man/man1/", "/usr/share/man/man0p", "/usr/local/share/man/mann"]
        {
            assert!(belongs_to_the_system(yes), "{yes}");
        }
        for no in ["/", "/usr/share/tool/", "/opt/tool", "/usr/share/man/man0", "/usr/local/share/man/man3p"]
        {
            assert!(!belongs_to_the_system(no), "{no}");
        }
    }
}
