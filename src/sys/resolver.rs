//! The system's resolver: `getaddrinfo`, `getnameinfo`, and the older calls behind `dns.toip`.

#[cfg(unix)]
mod posix;
#[cfg(windows)]
mod winsock;

use std::ffi::{CStr, CString, c_char, c_int};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::ptr;

use socket2::{SockAddr, SockAddrStorage};

use crate::sys::libc;

use platform::query_host;
pub use platform::{HOST_NOT_FOUND, explain, explain_host_error, ipv4_number, renew_state};
#[cfg(unix)]
use posix as platform;
#[cfg(windows)]
use winsock as platform;

/// Why a name was not resolved: an `EAI_` code, and the system's error number for `EAI_SYSTEM`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResolveError {
    /// The `EAI_` code.
    pub code: c_int,
    /// The error number, for `EAI_SYSTEM`.
    pub errno: i32,
}

impl ResolveError {
    /// The name or the service is unknown.
    pub const UNKNOWN: ResolveError = ResolveError { code: libc::EAI_NONAME, errno: 0 };

    fn from_code(code: c_int) -> Self {
        ResolveError { code, errno: std::io::Error::last_os_error().raw_os_error().unwrap_or(0) }
    }
}

/// The parameters of a lookup.
#[derive(Clone, Copy, Debug, Default)]
pub struct Hints {
    /// `AF_INET`, `AF_INET6` or `AF_UNSPEC` (0).
    pub family: c_int,
    /// `SOCK_STREAM`, `SOCK_DGRAM` or any (0).
    pub kind: c_int,
    /// `AI_` flags.
    pub flags: c_int,
}

/// Looks up a host and a service. Either may be absent. Blocks as long as the resolver does.
///
/// Skips addresses of families other than IPv4 and IPv6. A text with a zero byte counts as unknown (FIX-17).
pub fn lookup(
    host: Option<&[u8]>,
    service: Option<&[u8]>,
    hints: Hints,
) -> Result<Vec<SocketAddr>, ResolveError> {
    let host = host.map(CString::new).transpose().map_err(|_| ResolveError::UNKNOWN)?;
    let service = service.map(CString::new).transpose().map_err(|_| ResolveError::UNKNOWN)?;
    let text = |part: &Option<CString>| part.as_ref().map_or(ptr::null(), |part| part.as_ptr().cast());
    // SAFETY: all pointers are valid C strings or null. The answer is read while it is allocated, and freed
    // once. Each address is read as the type that its family indicates.
    unsafe {
        let mut wanted: libc::addrinfo = std::mem::zeroed();
        wanted.ai_family = hints.family;
        wanted.ai_socktype = hints.kind;
        wanted.ai_flags = hints.flags;
        let mut first = ptr::null_mut();
        let code = libc::getaddrinfo(text(&host), text(&service), &wanted, &mut first);
        if code != 0 {
            return Err(ResolveError::from_code(code));
        }
        let mut addresses = Vec::new();
        let mut entry = first;
        while let Some(info) = entry.as_ref() {
            addresses.extend(read_address(info));
            entry = info.ai_next;
        }
        libc::freeaddrinfo(first);
        Ok(addresses)
    }
}

unsafe fn read_address(entry: &libc::addrinfo) -> Option<SocketAddr> {
    if entry.ai_addr.is_null() || entry.ai_addrlen as usize > size_of::<SockAddrStorage>() {
        return None;
    }
    // SAFETY: the resolver made the address, which has the length given. It fits in the storage.
    let address = unsafe {
        let mut storage = SockAddrStorage::zeroed();
        let (from, to) = (entry.ai_addr.cast::<u8>(), ptr::from_mut(&mut storage).cast::<u8>());
        ptr::copy_nonoverlapping(from, to, entry.ai_addrlen as usize);
        SockAddr::new(storage, entry.ai_addrlen as _)
    };
    address.as_socket()
}

/// The names of an address and of its port. The `NI_` flags choose between names and numbers.
pub fn name_of(address: &SocketAddr, flags: c_int) -> Result<(Vec<u8>, Vec<u8>), ResolveError> {
    let address = SockAddr::from(*address);
    let mut host = [0 as c_char; 1025];
    let mut service = [0 as c_char; 32];
    // SAFETY: the address and both buffers are valid for their lengths. On success the buffers hold C
    // strings.
    unsafe {
        let code = libc::getnameinfo(
            address.as_ptr().cast(),
            address.len(),
            host.as_mut_ptr().cast(),
            host.len() as _,
            service.as_mut_ptr().cast(),
            service.len() as _,
            flags,
        );
        if code != 0 {
            return Err(ResolveError::from_code(code));
        }
        let read = |text: *const c_char| CStr::from_ptr(text).to_bytes().to_vec();
        Ok((read(host.as_ptr()), read(service.as_ptr())))
    }
}

/// An address as text, without its port. An IPv6 scope is kept.
pub fn numeric(address: &SocketAddr) -> Result<Vec<u8>, ResolveError> {
    match address {
        SocketAddr::V4(v4) => Ok(v4.ip().to_string().into_bytes()),
        SocketAddr::V6(_) => Ok(name_of(address, libc::NI_NUMERICHOST | libc::NI_NUMERICSERV)?.0),
    }
}

/// The resolver's answer for a host (IPv4 only).
#[derive(Debug)]
pub struct HostEntry {
    /// The canonical name.
    pub name: Vec<u8>,
    /// Other names.
    pub aliases: Vec<Vec<u8>>,
    /// Addresses, in the resolver's order.
    pub addresses: Vec<Ipv4Addr>,
}

/// Looks up a host by name. A text that is an IPv4 address in any form of `inet_aton` is looked up by
/// address. On failure returns the resolver's `h_errno`.
pub fn host_entry(name: &[u8]) -> Result<HostEntry, c_int> {
    let Ok(text) = CString::new(name) else { return Err(HOST_NOT_FOUND) };
    query_host(&text, ipv4_number(name))
}

unsafe fn read_host(entry: &libc::hostent) -> HostEntry {
    // SAFETY: the resolver ends both lists with a null pointer. Names are C strings. The addresses of an
    // AF_INET entry have four bytes each; those of an IPv6 entry would have more.
    unsafe {
        let read = |text: *const c_char| {
            if text.is_null() { Vec::new() } else { CStr::from_ptr(text).to_bytes().to_vec() }
        };
        let mut aliases = Vec::new();
        let mut place = entry.h_aliases;
        while !place.is_null() && !(*place).is_null() {
            aliases.push(read((*place).cast()));
            place = place.add(1);
        }
        let mut addresses = Vec::new();
        let mut place = entry.h_addr_list;
        while !place.is_null() && !(*place).is_null() {
            addresses.push(Ipv4Addr::from(place.read().cast::<[u8; 4]>().read_unaligned()));
            place = place.add(1);
        }
        HostEntry { name: read(entry.h_name.cast()), aliases, addresses }
    }
}

/// Parses an address literal in the usual notation, which needs no resolver.
pub fn literal(host: &[u8]) -> Option<IpAddr> {
    std::str::from_utf8(host).ok()?.parse().ok()
}
