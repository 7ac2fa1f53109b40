//! `socket.tls`: TLS over sockets, as in LuaSec, with the system's TLS library.
//!
//! The functions here take plain strings and numbers. `lua/socket/tls.lua` first reads the configuration
//! table and handles the functions in it.
// native-tls does not use all settings.
#![cfg_attr(not(tls_openssl), allow(dead_code))]

mod adapter;
mod authorities;
mod backend;
mod certificate;
mod channel;
#[cfg(not(tls_openssl))]
mod cipher;
mod connection;
mod context;
mod context_object;
#[cfg(not(tls_openssl))]
mod error;
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzz;
mod hello;
mod inspection;
#[cfg(any(test, not(tls_openssl)))]
mod key_pair;
mod keys;
mod lua_callbacks;
mod methods;
#[cfg(not(tls_openssl))]
mod native;
#[cfg(tls_openssl)]
mod openssl;
mod options;
mod record_header;
#[cfg(any(test, windows))]
#[cfg_attr(not(windows), allow(dead_code))]
mod records;
#[cfg(any(test, windows))]
#[cfg_attr(not(windows), allow(dead_code))]
mod schannel;
mod session;
mod settings;
#[cfg(test)]
mod tests;
mod verification;
mod x509;

use std::fs;

use crate::binding::{Call, Message, NativeFunction, Outcome, native};
use crate::http::{self, converse, serving};
use crate::sys;
use connection::Connection;
use context::Context;
use context_object::{ContextObject, TLS_CONTEXT};
use settings::Given;

const FUNCTIONS: &[(&str, NativeFunction)] = &[
    ("adopt", native(connection::adopt)),
    ("context", native(new_context)),
    ("converse", native(converse::converse::<Connection>)),
    ("curves", native(curves)),
    ("discard_body", native(http::receiving::discard_body::<Connection>)),
    ("finish", native(connection::finish)),
    ("was_cut", native(connection::was_cut)),
    ("has_own_methods", native(methods::has_own_methods)),
    ("iscontext", native(context_object::is_context)),
    ("isencrypted", native(is_encrypted)),
    ("loadcertificate", native(certificate::load)),
    ("options", native(options)),
    ("receive_body", native(http::receiving::receive_body::<Connection>)),
    ("receive_chunk", native(http::receiving::receive_chunk::<Connection>)),
    ("receive_fields", native(http::receiving::receive_fields::<Connection>)),
    ("receive_pieces", native(http::receiving::receive_pieces::<Connection>)),
    ("resume", native(connection::resume)),
    ("setciphers", native(context_object::set_ciphers)),
    ("setport", native(connection::set_port)),
];

/// Opens the native part of `socket.tls`.
pub fn open(call: &mut Call<'_>) -> Outcome {
    call.prepare();
    crate::tasks::door::join(call);
    methods::define(call);
    context_object::define(call);
    certificate::define(call);
    call.new_table(0, 23);
    call.set_functions(FUNCTIONS);
    call.new_table(0, 7);
    call.set_functions(&serving::functions::<Connection>());
    call.set_field(-2, b"serving");
    call.push_bytes(backend::NAME);
    call.set_field(-2, b"backend");
    call.push_boolean(backend::COMPLETE);
    call.set_field(-2, b"complete");
    lua_callbacks::push_table(call);
    call.set_field(-2, b"callbacks");
    call.push_bytes(crate::VERSION);
    call.set_field(-2, b"version");
    Ok(1)
}

/// `context(settings)`: a context, or nil and a message. The table's fields are [`Given`]'s.
fn new_context(call: &mut Call<'_>) -> Outcome {
    let given = Given::read(call)?;
    let made = call.new_object(&TLS_CONTEXT, |_| -> Result<ContextObject, Message> {
        let settings = given.settle()?;
        let host = match given.host {
            None => None,
            Some(host) => Some(session::host_name(host).ok_or(Message::new("invalid host name"))?),
        };
        Ok(ContextObject { context: Some(Context::shared(settings)?), host, extras: Default::default() })
    });
    match made {
        Ok(()) => Ok(1),
        Err(message) => Ok(call.push_failure(&message)),
    }
}

/// `curves()`: the names of the available elliptic curves, as an array.
fn curves(call: &mut Call<'_>) -> Outcome {
    let names = backend::curve_names();
    call.protected(&[], |call| {
        call.new_table(names.len(), 0);
        for (position, name) in (1..).zip(&names) {
            call.push_bytes(name.as_bytes());
            call.set_element(-2, position);
        }
        Ok(1)
    })
}

/// `options()`: the names that the field `options` accepts, as an array.
fn options(call: &mut Call<'_>) -> Outcome {
    let names = options::names();
    call.new_table(names.len(), 0);
    for (position, name) in (1..).zip(names) {
        call.push_bytes(name.as_bytes());
        call.set_element(-2, position);
    }
    Ok(1)
}

/// `isencrypted(path)`: whether the private key in a file needs a password.
fn is_encrypted(call: &mut Call<'_>) -> Outcome {
    let path = call.bytes(1)?;
    let encrypted = fs::read(sys::path(path)).is_ok_and(|content| keys::needs_password(&content));
    call.push_boolean(encrypted);
    Ok(1)
}
