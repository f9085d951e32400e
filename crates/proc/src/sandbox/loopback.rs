//! A new network namespace has its loopback down; this brings it up by one rtnetlink(7) message.

use nix::errno::Errno;
use nix::sys::socket::{AddressFamily, MsgFlags, SockFlag, SockProtocol, SockType, recv, send, socket};
use std::os::fd::AsRawFd;

const RTM_NEWLINK: u16 = 16;
const NLM_F_REQUEST_ACK: u16 = 1 | 4;
const NLMSG_ERROR: u16 = 2;
const IFF_UP: u32 = 1;
/// The loopback is the first interface of every network namespace.
const LOOPBACK: i32 = 1;

/// struct nlmsghdr (16 bytes) and struct ifinfomsg (16 bytes), both in the machine's byte order.
fn message() -> Vec<u8> {
    let mut m = Vec::with_capacity(32);
    m.extend(32_u32.to_ne_bytes());
    m.extend(RTM_NEWLINK.to_ne_bytes());
    m.extend(NLM_F_REQUEST_ACK.to_ne_bytes());
    m.extend(1_u32.to_ne_bytes()); // sequence
    m.extend(0_u32.to_ne_bytes()); // port: the kernel's choice
    m.extend([0; 4]); // family, padding, type
    m.extend(LOOPBACK.to_ne_bytes());
    m.extend(IFF_UP.to_ne_bytes()); // flags
    m.extend(IFF_UP.to_ne_bytes()); // which of them to change
    m
}

/// Brings the loopback up and waits for the kernel's word.
pub(crate) fn bring_up() -> nix::Result<()> {
    let netlink = SockProtocol::NetlinkRoute;
    let socket = socket(AddressFamily::Netlink, SockType::Raw, SockFlag::SOCK_CLOEXEC, netlink)?;
    send(socket.as_raw_fd(), &message(), MsgFlags::empty())?;
    let mut reply = [0_u8; 256];
    let n = recv(socket.as_raw_fd(), &mut reply, MsgFlags::empty())?;
    let kind = reply.get(4..6).and_then(|b| b.try_into().ok()).map(u16::from_ne_bytes);
    let code = reply[..n].get(16..20).and_then(|b| b.try_into().ok()).map(i32::from_ne_bytes);
    match (kind, code) {
        (Some(NLMSG_ERROR), Some(0)) => Ok(()),
        (Some(NLMSG_ERROR), Some(code)) => Err(Errno::from_raw(-code)),
        _ => Err(Errno::EPROTO),
    }
}
