//! Users and groups of a user namespace.

/// Writes the maps of a user namespace just entered: inner and outer number of the one user and the one group.
pub(crate) fn map(user: (u32, u32), group: (u32, u32)) -> std::io::Result<()> {
    // user_namespaces(7): without privilege over the parent, setgroups must be given up first.
    std::fs::write("/proc/self/setgroups", "deny")?;
    std::fs::write("/proc/self/uid_map", format!("{} {} 1", user.0, user.1))?;
    std::fs::write("/proc/self/gid_map", format!("{} {} 1", group.0, group.1))
}
