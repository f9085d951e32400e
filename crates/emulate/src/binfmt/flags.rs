//! Which flags an emulator is registered with.

/// The flags for a qemu of this version (`7.2.22`) under a kernel of this release (`6.18.44-generic`).
///
/// F always: the emulator is opened once, so that it is found in chroots, containers and mount namespaces. O always: a
/// program that may be executed but not read starts, as it does natively. P where both sides know it, so that programs
/// that look at their argv[0] (busybox) work: qemu from 6.0 reads what the kernel says of it from 5.12, and with an
/// older one of either a program would get one argument too many. Not C: qemu obeys QEMU_* variables that write files,
/// which must not happen with a setuid program's rights.
pub fn flags_for(qemu: &str, kernel: &str) -> &'static str {
    match release(qemu) >= Some((6, 0)) && release(kernel) >= Some((5, 12)) {
        true => "POF",
        false => "OF",
    }
}

/// The first two numbers of a version.
fn release(version: &str) -> Option<(u32, u32)> {
    let mut parts = version.split('.').map(|p| {
        let digits = p.len() - p.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        p[..digits].parse().ok()
    });
    Some((parts.next()??, parts.next()??))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn argv0_only_where_both_know_it() {
        for (qemu, kernel, flags) in [
            ("7.2.22", "6.18.44-fc-v595", "POF"),
            ("6.0.0", "5.12.0", "POF"),
            ("10.0.2", "6.1.0-41-amd64", "POF"),
            ("5.2.0", "6.1.0", "OF"),
            ("7.2.22", "5.10.0-9-amd64", "OF"),
            ("7.2.22", "5.4", "OF"),
            ("unknown", "6.1.0", "OF"),
            ("7.2.22", "", "OF"),
        ] {
            assert_eq!(flags_for(qemu, kernel), flags, "{qemu} {kernel}");
        }
        assert_eq!(release("6.1-rc3"), Some((6, 1)));
    }
}
