//! OpenSSL functions that the crate `openssl` lacks, or has only as unsafe functions.

use std::ffi::{CString, c_char, c_int, c_ulong, c_void};

use foreign_types::ForeignTypeRef;
use openssl::error::ErrorStack;
use openssl::nid::Nid;
use openssl::ssl::{SslContextBuilder, SslRef, SslSession};

/// `EC_builtin_curve` (`openssl/ec.h`).
#[repr(C)]
#[derive(Clone)]
struct BuiltinCurve {
    nid: c_int,
    comment: *const c_char,
}

unsafe extern "C" {
    fn EC_get_builtin_curves(curves: *mut BuiltinCurve, count: usize) -> usize;
    fn SSL_CTX_use_psk_identity_hint(context: *mut c_void, hint: *const c_char) -> c_int;
    fn SSL_CTX_dane_enable(context: *mut c_void) -> c_int;
    fn SSL_CTX_dane_set_flags(context: *mut c_void, flags: c_ulong) -> c_ulong;
    fn SSL_free_buffers(connection: *mut c_void) -> c_int;
    fn SSL_set_options(connection: *mut c_void, options: u64) -> u64;
    fn SSL_dane_enable(connection: *mut c_void, name: *const c_char) -> c_int;
    fn SSL_dane_tlsa_add(
        connection: *mut c_void,
        usage: u8,
        selector: u8,
        matching: u8,
        data: *const u8,
        length: usize,
    ) -> c_int;
}

/// `SSL_OP_NO_TICKET` (`openssl/ssl.h`).
const NO_TICKET: u64 = 0x4000;

/// Removes the errors of a failed call from OpenSSL's queue. The next operation of any connection would
/// otherwise report them as its own.
fn checked(done: bool) -> bool {
    if !done {
        forget_errors();
    }
    done
}

/// Removes all errors from OpenSSL's queue, also those that other code in this process left there.
pub fn forget_errors() {
    drop(ErrorStack::get());
}

/// The elliptic curves that OpenSSL was built with, without making any of them.
pub fn builtin_curves() -> Vec<Nid> {
    // SAFETY: without room for curves, the function only returns their number.
    let count = unsafe { EC_get_builtin_curves(std::ptr::null_mut(), 0) };
    let mut curves = vec![BuiltinCurve { nid: 0, comment: std::ptr::null() }; count];
    // SAFETY: there is room for `count` curves, and the function writes no more.
    unsafe { EC_get_builtin_curves(curves.as_mut_ptr(), count) };
    curves.iter().map(|curve| Nid::from_raw(curve.nid)).collect()
}

/// Neither accepts sessions on a connection of a server, nor sends any.
pub fn refuse_sessions(connection: &mut SslRef) {
    // SAFETY: the connection is valid.
    unsafe {
        SSL_set_options(connection.as_ptr().cast(), NO_TICKET);
    }
}

/// Frees the buffers of a connection. Call it only after a successful read: at any other time, the buffer may
/// hold the header of a record, which OpenSSL would not notice. If decrypted bytes are left, nothing happens.
pub fn free_buffers(connection: &SslRef) {
    if connection.pending() == 0 {
        // SAFETY: the connection is valid. No record is in its buffers: OpenSSL checks for bytes not decrypted
        // yet and for bytes not sent yet, and the decrypted ones have been taken.
        unsafe {
            SSL_free_buffers(connection.as_ptr().cast());
        }
    }
}

/// Offers a session in the next handshake. The session must come from the same context: OpenSSL's call is
/// only safe then. `src/tls/openssl/sessions.rs` keeps the sessions of each context apart.
pub fn offer_session(connection: &mut SslRef, session: &SslSession) -> bool {
    // SAFETY: both pointers are valid. The caller guarantees that the session belongs to the connection's
    // context.
    unsafe { connection.set_session(session).is_ok() }
}

/// Sets the identity hint that a server sends to clients with pre-shared keys.
pub fn set_psk_hint(context: &mut SslContextBuilder, hint: &[u8]) -> bool {
    let Ok(hint) = CString::new(hint) else { return false };
    // SAFETY: the context is valid. OpenSSL copies the text.
    let done = unsafe { SSL_CTX_use_psk_identity_hint(context.as_ptr().cast(), hint.as_ptr()) == 1 };
    checked(done)
}

/// Allows the connections of a context to verify their peer by DANE (RFC 7671).
pub fn enable_dane(context: &mut SslContextBuilder, flags: u64) -> bool {
    // SAFETY: the context is valid.
    unsafe {
        if SSL_CTX_dane_enable(context.as_ptr().cast()) != 1 {
            return checked(false);
        }
        SSL_CTX_dane_set_flags(context.as_ptr().cast(), flags as c_ulong);
    }
    true
}

/// Sets the name whose TLSA records verify the peer.
pub fn set_dane_name(connection: &mut SslRef, name: &str) -> bool {
    let Ok(name) = CString::new(name) else { return false };
    // SAFETY: the connection is valid. OpenSSL copies the text.
    let done = unsafe { SSL_dane_enable(connection.as_ptr().cast(), name.as_ptr()) == 1 };
    checked(done)
}

/// Adds a TLSA record. Returns false when the record is not usable.
pub fn add_tlsa(connection: &mut SslRef, [usage, selector, matching]: [u8; 3], data: &[u8]) -> bool {
    // SAFETY: the connection is valid. OpenSSL copies the data.
    let added = unsafe {
        SSL_dane_tlsa_add(connection.as_ptr().cast(), usage, selector, matching, data.as_ptr(), data.len())
    };
    checked(added > 0)
}
