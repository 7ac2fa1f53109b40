//! Functions of OpenSSL that the crate `openssl` does not have, or has as unsafe ones.

use std::ffi::{CString, c_char, c_int, c_ulong, c_void};

use foreign_types::ForeignTypeRef;
use openssl::ssl::{SslContextBuilder, SslRef, SslSession};

unsafe extern "C" {
    fn SSL_CTX_use_psk_identity_hint(context: *mut c_void, hint: *const c_char) -> c_int;
    fn SSL_CTX_dane_enable(context: *mut c_void) -> c_int;
    fn SSL_CTX_dane_set_flags(context: *mut c_void, flags: c_ulong) -> c_ulong;
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

/// Offers a session in the handshake to come. The session must come from the same context, which is what makes
/// OpenSSL's call safe; `src/tls/openssl/sessions.rs` keeps the sessions of each context apart.
pub fn offer_session(connection: &mut SslRef, session: &SslSession) -> bool {
    // SAFETY: both pointers are valid, and the session belongs to the connection's context, as the caller promises.
    unsafe { connection.set_session(session).is_ok() }
}

/// Sets the hint that a server sends to clients with pre-shared keys.
pub fn set_psk_hint(context: &mut SslContextBuilder, hint: &[u8]) -> bool {
    let Ok(hint) = CString::new(hint) else { return false };
    // SAFETY: the context is valid, and OpenSSL copies the text.
    unsafe { SSL_CTX_use_psk_identity_hint(context.as_ptr().cast(), hint.as_ptr()) == 1 }
}

/// Lets connections of a context verify their peer by DANE (RFC 7671).
pub fn enable_dane(context: &mut SslContextBuilder, flags: u64) -> bool {
    // SAFETY: the context is valid.
    unsafe {
        if SSL_CTX_dane_enable(context.as_ptr().cast()) != 1 {
            return false;
        }
        SSL_CTX_dane_set_flags(context.as_ptr().cast(), flags as c_ulong);
    }
    true
}

/// Sets the name whose records decide about the peer.
pub fn set_dane_name(connection: &mut SslRef, name: &str) -> bool {
    let Ok(name) = CString::new(name) else { return false };
    // SAFETY: the connection is valid, and OpenSSL copies the text.
    unsafe { SSL_dane_enable(connection.as_ptr().cast(), name.as_ptr()) == 1 }
}

/// Adds a TLSA record; false when it cannot be used.
pub fn add_tlsa(connection: &mut SslRef, [usage, selector, matching]: [u8; 3], data: &[u8]) -> bool {
    // SAFETY: the connection is valid, and OpenSSL copies the data.
    unsafe {
        SSL_dane_tlsa_add(connection.as_ptr().cast(), usage, selector, matching, data.as_ptr(), data.len())
            > 0
    }
}
