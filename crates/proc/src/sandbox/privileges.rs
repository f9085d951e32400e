//! Giving things up: capabilities, the way back to them, resources.

use crate::Limits;
use nix::sys::prctl;
use nix::sys::signal::Signal;
use nix::unistd::{Gid, Uid, setgroups, setresgid, setresuid};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::thread::{
    CapabilitySet, CapabilitySets, capability_is_in_bounding_set, clear_ambient_capability_set,
    remove_capability_from_bounding_set, set_capabilities,
};
use std::io;

/// Asks the kernel to kill this process when the one that waits for it dies, be it by `kill -9`.
pub(crate) fn die_with_parent(parent: u32) -> io::Result<()> {
    prctl::set_pdeathsig(Signal::SIGKILL)?;
    // It may have died before that; a parent in an outer pid namespace is 0 here.
    let now = nix::unistd::getppid().as_raw();
    if now != 0 && u32::try_from(now) != Ok(parent) {
        return Err(io::Error::other("the process that waited is gone"));
    }
    Ok(())
}

/// Whatever the program executes, it gains nothing by it.
pub(crate) fn no_new() -> io::Result<()> {
    Ok(prctl::set_no_new_privs()?)
}

/// No capability, in no set, now or after exec, even for root.
pub(crate) fn drop_all() -> io::Result<()> {
    bound_to(CapabilitySet::empty())?;
    clear_ambient_capability_set()?;
    let none = CapabilitySet::empty();
    set_capabilities(None, CapabilitySets { effective: none, permitted: none, inheritable: none })?;
    no_new()?;
    // The program has the same user: without this it could open the descriptors of pid 1 and forge its own end.
    prctl::set_dumpable(false)?;
    Ok(prctl::set_pdeathsig(Signal::SIGKILL)?)
}

/// What the usual engines leave to root in a container.
const CONTAINERS: CapabilitySet = CapabilitySet::CHOWN
    .union(CapabilitySet::DAC_OVERRIDE)
    .union(CapabilitySet::FOWNER)
    .union(CapabilitySet::FSETID)
    .union(CapabilitySet::KILL)
    .union(CapabilitySet::SETGID)
    .union(CapabilitySet::SETUID)
    .union(CapabilitySet::SETPCAP)
    .union(CapabilitySet::SETFCAP)
    .union(CapabilitySet::NET_BIND_SERVICE)
    .union(CapabilitySet::SYS_CHROOT);

/// The user of a container's program, and what that may at most gain.
pub(crate) fn as_containers_have(user: (u32, u32)) -> io::Result<()> {
    bound_to(CONTAINERS)?;
    clear_ambient_capability_set()?;
    let (uid, gid) = (Uid::from_raw(user.0), Gid::from_raw(user.1));
    setgroups(&[gid])?;
    setresgid(gid, gid, gid)?;
    // Root keeps what stands in the bounding set, by exec(2); others lose everything here.
    setresuid(uid, uid, uid)?;
    Ok(prctl::set_pdeathsig(Signal::SIGKILL)?)
}

/// Nothing but these capabilities can be had from now on.
fn bound_to(kept: CapabilitySet) -> io::Result<()> {
    // A kernel refuses to ask about numbers it does not have: capabilities are numbered without gaps.
    for number in 0..64 {
        let capability = CapabilitySet::from_bits_retain(1 << number);
        match capability_is_in_bounding_set(capability) {
            Ok(true) if kept.contains(capability) => {}
            Ok(true) => remove_capability_from_bounding_set(capability)?,
            Ok(false) => {}
            Err(_) => break,
        }
    }
    Ok(())
}

/// Sets the limits of resources; never above those the caller has. No core files.
pub(crate) fn limit(limits: &Limits, file_bytes: Option<u64>) -> io::Result<()> {
    // A program on every processor for the whole of its wall time stays below; this is for one that escapes the clock.
    let processors = std::thread::available_parallelism().map_or(1, |n| n.get() as u64);
    let cpu = limits.wall.map(|w| (w.as_secs() + 1) * processors + 5);
    let wanted = [
        (Resource::Core, Some(0)),
        (Resource::Fsize, file_bytes),
        (Resource::Cpu, cpu),
        (Resource::Data, limits.memory_bytes),
        (Resource::Nproc, limits.processes),
    ];
    for (resource, value) in wanted {
        let Some(value) = value else { continue };
        let most = getrlimit(resource).maximum.map_or(value, |most| most.min(value));
        setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) })?;
    }
    Ok(())
}
