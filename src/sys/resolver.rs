//! The system's resolver: `getaddrinfo`, `getnameinfo`, and the older calls behind `dns.toip`.

use std::ffi::{CStr, CString, c_char, c_int};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::ptr;

use crate::binding::Message;

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

/// The C library's text for an `EAI_` code.
pub fn explain(code: c_int) -> Message {
    // SAFETY: returns a static string for every code.
    let text = unsafe { CStr::from_ptr(libc::gai_strerror(code)) };
    Message::new(text.to_bytes())
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
    let text = |part: &Option<CString>| part.as_ref().map_or(ptr::null(), |part| part.as_ptr());
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
            addresses.extend(read_address(info.ai_addr));
            entry = info.ai_next;
        }
        libc::freeaddrinfo(first);
        Ok(addresses)
    }
}

unsafe fn read_address(address: *const libc::sockaddr) -> Option<SocketAddr> {
    // SAFETY: the caller passes an address made by the resolver, or null.
    unsafe {
        match c_int::from(address.as_ref()?.sa_family) {
            libc::AF_INET => {
                let v4 = &*address.cast::<libc::sockaddr_in>();
                let ip = Ipv4Addr::from(u32::from_be(v4.sin_addr.s_addr));
                Some(SocketAddr::V4(SocketAddrV4::new(ip, u16::from_be(v4.sin_port))))
            }
            libc::AF_INET6 => {
                let v6 = &*address.cast::<libc::sockaddr_in6>();
                let ip = v6.sin6_addr.s6_addr.into();
                let port = u16::from_be(v6.sin6_port);
                Some(SocketAddr::V6(SocketAddrV6::new(ip, port, v6.sin6_flowinfo, v6.sin6_scope_id)))
            }
            _ => None,
        }
    }
}

/// The names of an address and of its port. The `NI_` flags choose between names and numbers.
pub fn name_of(address: &SocketAddr, flags: c_int) -> Result<(Vec<u8>, Vec<u8>), ResolveError> {
    let address = socket2::SockAddr::from(*address);
    let mut host = [0 as c_char; 1025];
    let mut service = [0 as c_char; 32];
    // SAFETY: the address and both buffers are valid for their lengths. On success the buffers hold C
    // strings.
    unsafe {
        let code = libc::getnameinfo(
            address.as_ptr().cast(),
            address.len(),
            host.as_mut_ptr(),
            host.len() as libc::socklen_t,
            service.as_mut_ptr(),
            service.len() as libc::socklen_t,
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
    let address = ipv4_number(name).map(|ip| libc::in_addr { s_addr: u32::from(ip).to_be() });
    query_host(&text, address)
}

/// Parses an IPv4 address in any form that `inet_aton` accepts.
pub fn ipv4_number(text: &[u8]) -> Option<Ipv4Addr> {
    let text = CString::new(text).ok()?;
    let mut address = libc::in_addr { s_addr: 0 };
    // SAFETY: the text is a C string. The address is a local.
    let is_number = unsafe { inet_aton(text.as_ptr(), &mut address) } != 0;
    is_number.then(|| Ipv4Addr::from(u32::from_be(address.s_addr)))
}

/// `h_errno`: there is no such host.
pub const HOST_NOT_FOUND: c_int = 1;

/// The C library's text for an `h_errno`.
pub fn explain_host_error(code: c_int) -> Message {
    if code == HOST_NOT_FOUND {
        return Message::new("host not found");
    }
    // SAFETY: returns a static string for every code.
    let text = unsafe { CStr::from_ptr(hstrerror(code)) };
    Message::new(text.to_bytes())
}

unsafe extern "C" {
    fn inet_aton(text: *const c_char, address: *mut libc::in_addr) -> c_int;
    fn hstrerror(code: c_int) -> *const c_char;
}

#[cfg(target_os = "linux")]
unsafe extern "C" {
    fn gethostbyname_r(
        name: *const c_char,
        entry: *mut libc::hostent,
        buffer: *mut c_char,
        length: usize,
        result: *mut *mut libc::hostent,
        error: *mut c_int,
    ) -> c_int;
    fn gethostbyaddr_r(
        address: *const libc::c_void,
        address_length: libc::socklen_t,
        family: c_int,
        entry: *mut libc::hostent,
        buffer: *mut c_char,
        length: usize,
        result: *mut *mut libc::hostent,
        error: *mut c_int,
    ) -> c_int;
}

#[cfg(target_os = "linux")]
fn query_host(name: &CStr, address: Option<libc::in_addr>) -> Result<HostEntry, c_int> {
    let mut buffer: Vec<c_char> = vec![0; 2048];
    // SAFETY: every pointer is valid for the call, and the lengths match. The entry points into `buffer`,
    // which lives until the entry has been read. A buffer that is too small is reported as ERANGE.
    unsafe {
        loop {
            let mut entry: libc::hostent = std::mem::zeroed();
            let mut result = ptr::null_mut();
            let mut error = 0;
            let (start, length) = (buffer.as_mut_ptr(), buffer.len());
            let status = match &address {
                None => gethostbyname_r(name.as_ptr(), &mut entry, start, length, &mut result, &mut error),
                Some(address) => gethostbyaddr_r(
                    ptr::from_ref(address).cast(),
                    size_of::<libc::in_addr>() as libc::socklen_t,
                    libc::AF_INET,
                    &mut entry,
                    start,
                    length,
                    &mut result,
                    &mut error,
                ),
            };
            if status == libc::ERANGE && length < 1 << 20 {
                buffer.resize(length * 2, 0);
                continue;
            }
            return match result.as_ref() {
                Some(entry) => Ok(read_host(entry)),
                None => Err(error),
            };
        }
    }
}

#[cfg(not(target_os = "linux"))]
fn query_host(name: &CStr, address: Option<libc::in_addr>) -> Result<HostEntry, c_int> {
    use std::sync::{Mutex, PoisonError};
    unsafe extern "C" {
        fn gethostbyname(name: *const c_char) -> *const libc::hostent;
        fn gethostbyaddr(
            address: *const libc::c_void,
            length: libc::socklen_t,
            family: c_int,
        ) -> *const libc::hostent;
    }
    // These functions return a pointer to static memory, so only one call at a time is possible.
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    // SAFETY: the arguments are valid, and the answer is read before this library's next call. Calls by other
    // code are only harmless where the C library keeps the answer in thread-local memory.
    unsafe {
        let entry = match &address {
            None => gethostbyname(name.as_ptr()),
            Some(address) => gethostbyaddr(
                ptr::from_ref(address).cast(),
                size_of::<libc::in_addr>() as libc::socklen_t,
                libc::AF_INET,
            ),
        };
        entry.as_ref().map(|entry| read_host(entry)).ok_or(HOST_NOT_FOUND)
    }
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
            aliases.push(read(*place));
            place = place.add(1);
        }
        let mut addresses = Vec::new();
        let mut place = entry.h_addr_list;
        while !place.is_null() && !(*place).is_null() {
            addresses.push(Ipv4Addr::from(place.read().cast::<[u8; 4]>().read_unaligned()));
            place = place.add(1);
        }
        HostEntry { name: read(entry.h_name), aliases, addresses }
    }
}

/// Makes the calling thread read the resolver's configuration itself. Call it before the thread's first
/// lookup. The GNU C library keeps a thread's resolver state beside the thread's stack, and reuses that stack
/// for another thread. A fork may end a thread in the middle of a lookup. That thread leaves its state
/// behind, with connections that the parent process uses.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub fn renew_state() {
    /// The first fields of `struct __res_state` in `<resolv.h>`.
    #[repr(C)]
    struct State {
        retransmission: c_int,
        attempts: c_int,
        options: std::ffi::c_ulong,
        servers: c_int,
    }
    unsafe extern "C" {
        fn __res_state() -> *mut State;
    }
    // SAFETY: this is the state of this thread, and no other thread uses it. Without options it counts as not
    // yet read.
    unsafe {
        if let Some(state) = __res_state().as_mut() {
            *state = State { retransmission: 0, attempts: 0, options: 0, servers: 0 };
        }
    }
}

/// Other C libraries are not known to have such a state.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub fn renew_state() {}

/// Parses an address literal in the usual notation, which needs no resolver.
pub fn literal(host: &[u8]) -> Option<IpAddr> {
    std::str::from_utf8(host).ok()?.parse().ok()
}
