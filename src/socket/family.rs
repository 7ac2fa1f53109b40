//! Address families, and new descriptors of a family.

use std::net::SocketAddr;

use socket2::{Domain, Socket, Type};

use super::descriptor::Descriptor;
use super::error::Failure;
use crate::sys::libc;

/// An address family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// Not decided yet.
    Unspecified,
    /// IPv4
    V4,
    /// IPv6
    V6,
}

impl Family {
    /// The family of an address.
    pub fn of(address: &SocketAddr) -> Self {
        if address.is_ipv6() { Family::V6 } else { Family::V4 }
    }

    /// The system's number for the family.
    pub fn number(self) -> i32 {
        match self {
            Family::Unspecified => libc::AF_UNSPEC,
            Family::V4 => libc::AF_INET,
            Family::V6 => libc::AF_INET6,
        }
    }

    /// The word for the family in names and arguments.
    pub fn name(self) -> &'static str {
        match self {
            Family::Unspecified => "unspec",
            Family::V4 => "inet",
            Family::V6 => "inet6",
        }
    }

    /// The word that `getfamily` returns. It differs from the word used everywhere else (KEEP-8).
    pub fn object_name(self) -> &'static str {
        if self == Family::V6 { "inet6" } else { "inet4" }
    }
}

/// Creates a descriptor that is non-blocking and closed on exec (add.33). IPv6 descriptors take no IPv4
/// traffic.
pub fn open(family: Family, kind: Type) -> Result<Descriptor, Failure> {
    let domain = if family == Family::V6 { Domain::IPV6 } else { Domain::IPV4 };
    let socket = new_socket(domain, kind).map_err(|error| Failure::from_io(&error))?;
    if family == Family::V6 {
        // LuaSocket also ignores a system that cannot do this.
        let _ = socket.set_only_v6(true);
    }
    Ok(socket.into())
}

/// Uses one system call, because this system can set both flags at once.
#[cfg(target_os = "linux")]
fn new_socket(domain: Domain, kind: Type) -> std::io::Result<Socket> {
    Socket::new_raw(domain, kind.nonblocking().cloexec(), None)
}

#[cfg(not(target_os = "linux"))]
fn new_socket(domain: Domain, kind: Type) -> std::io::Result<Socket> {
    let socket = Socket::new(domain, kind, None)?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}
