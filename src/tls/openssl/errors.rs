//! OpenSSL's errors, distinguished by their codes.

use openssl::error::ErrorStack;
use openssl::ssl::{Error, ErrorCode};

use super::super::adapter::RawSocket;
use crate::binding::Message;
use crate::socket::error::Failure;

/// The library number of TLS, and two of its reasons (`openssl/sslerr.h`).
const LIBRARY: i32 = 20;
const CERTIFICATE_VERIFY_FAILED: i32 = 134;
const UNEXPECTED_EOF: i32 = 294;
/// Reasons from this number on are alerts of the peer.
const FIRST_ALERT: i32 = 1000;

/// Why an operation on a connection failed.
pub fn failure(error: &Error, socket: &RawSocket) -> Failure {
    match error.ssl_error() {
        Some(stack) if !stack.errors().is_empty() => of_stack(stack),
        // The descriptor failed.
        _ => socket.broken().unwrap_or(match error.code() {
            ErrorCode::ZERO_RETURN => Failure::Closed,
            _ => Failure::Truncated,
        }),
    }
}

/// The failure for a list of errors: a refused certificate or a truncated stream if the list holds one, else
/// the first.
pub fn of_stack(stack: &ErrorStack) -> Failure {
    let is = |reason: i32| {
        stack.errors().iter().any(|error| error.library_code() == LIBRARY && error.reason_code() == reason)
    };
    if is(CERTIFICATE_VERIFY_FAILED) {
        return Failure::Untrusted;
    }
    if is(UNEXPECTED_EOF) {
        return Failure::Truncated;
    }
    Failure::Other(reason(stack))
}

/// The text for a list of errors, as in LuaSec.
pub fn reason(stack: &ErrorStack) -> Message {
    let Some(first) = stack.errors().first() else { return Message::new("unknown error") };
    match first.reason() {
        Some(reason) => Message::new(reason),
        None if first.library_code() == LIBRARY && first.reason_code() >= FIRST_ALERT => {
            Message::new("unknown alert")
        }
        None => {
            Message::format(format_args!("error {} of library {}", first.reason_code(), first.library_code()))
        }
    }
}
