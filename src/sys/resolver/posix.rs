//! The parts of the resolver that only Unix has.

use std::ffi::{CStr, CString, c_char, c_int};
use std::net::Ipv4Addr;
use std::ptr;

use super::{HostEntry, read_host};
use crate::message::Message;

/// The C library's text for an `EAI_` code.
pub fn explain(code: c_int) -> Message {
    // SAFETY: returns a static string for every code.
    let text = unsafe { CStr::from_ptr(libc::gai_strerror(code)) };
    Message::new(text.to_bytes())
}

/// Parses an IPv4 address in any form that `inet_aton` accepts.
pub fn ipv4_number(text: &[u8]) -> Option<Ipv4Addr> {
    let text = CString::new(text).ok()?;
    let mut address = libc::in_addr { s_addr: 0 };
    // SAFETY: the text is a C string. The address is a local.
    let is_number = unsafe { inet_aton(text.as_ptr(), &mut address) } != 0;
    is_number.then(|| Ipv4Addr::from(u32::from_be(address.s_addr)))
}

fn in_addr(ip: Ipv4Addr) -> libc::in_addr {
    libc::in_addr { s_addr: u32::from(ip).to_be() }
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
pub fn query_host(name: &CStr, address: Option<Ipv4Addr>) -> Result<HostEntry, c_int> {
    let address = address.map(in_addr);
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
pub fn query_host(name: &CStr, address: Option<Ipv4Addr>) -> Result<HostEntry, c_int> {
    use std::sync::Mutex;

    use crate::sys::lock;
    unsafe extern "C" {
        fn gethostbyname(name: *const c_char) -> *const libc::hostent;
        fn gethostbyaddr(
            address: *const libc::c_void,
            length: libc::socklen_t,
            family: c_int,
        ) -> *const libc::hostent;
    }
    let address = address.map(in_addr);
    // These functions return a pointer to static memory, so only one call at a time is possible.
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _turn = lock(&ONE_AT_A_TIME);
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
