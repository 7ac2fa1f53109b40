//! `socket.tls`: TLS over what sockets hold, in LuaSec's manner, on the system's TLS library.
//!
//! The functions here take plain strings and numbers. What is in a configuration table, and
//! every function of the user's in it, is settled in Lua before (`lua/socket/tls.lua`).

mod adapter;
mod certificate;
mod cipher;
mod connection;
mod context;
mod error;
mod handle;
mod hello;
mod keys;
mod session;
#[cfg(test)]
mod tests;
mod x509;

pub use certificate::Certificate;
pub use connection::Connection;
pub use handle::Handle;

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;

use crate::binding::{Call, Message, NativeFunction, Outcome, native};
use crate::classes::TLS_CONTEXT;
use crate::http::serving;
use context::{Context, Directory, Settings};

const FUNCTIONS: &[(&str, NativeFunction)] = &[
    ("adopt", native(connection::adopt)),
    ("context", native(new_context)),
    ("finish", native(connection::finish)),
    ("iscontext", native(handle::is_context)),
    ("isencrypted", native(is_encrypted)),
    ("loadcertificate", native(certificate::load)),
];

#[cfg(not(target_vendor = "apple"))]
const BACKEND: &[u8] = b"openssl";
#[cfg(target_vendor = "apple")]
const BACKEND: &[u8] = b"secure-transport";

/// Opens the native part of `socket.tls`.
pub fn open(call: &mut Call<'_>) -> Outcome {
    call.prepare();
    connection::define(call);
    handle::define(call);
    certificate::define(call);
    call.new_table(0, 8);
    call.set_functions(FUNCTIONS);
    call.new_table(0, 7);
    call.set_functions(&serving::functions::<Connection>());
    call.set_field(-2, b"serving");
    call.push_bytes(BACKEND);
    call.set_field(-2, b"backend");
    call.push_bytes(crate::VERSION);
    call.set_field(-2, b"version");
    Ok(1)
}

/// `context(server, oldest, newest, certificate, key, password, cafile, capath, verify, verifyhost,
/// alpn, ignoreeof, host)`: a context, or nil and a message. Files are named, versions counted from
/// 0, TLS 1.0; `alpn` is the list in its wire format.
fn new_context(call: &mut Call<'_>) -> Outcome {
    let server = call.truthy(1);
    let (oldest, newest) = (call.number(2)? as usize, call.number(3)? as usize);
    let (certificate, key) = (call.optional_bytes(4)?, call.optional_bytes(5)?);
    let password = call.optional_bytes(6)?;
    let (cafile, capath) = (call.optional_bytes(7)?, call.optional_bytes(8)?);
    let (verify, verify_host) = (call.truthy(9), call.truthy(10));
    let alpn = call.optional_bytes(11)?.unwrap_or_default();
    let ignore_eof = call.truthy(12);
    let host = call.optional_bytes(13)?;
    let made = call.new_object(&TLS_CONTEXT, |_| -> Result<Handle, Message> {
        let mut key = key.map_or(Ok(Vec::new()), |path| read(path, keys::key_error))?;
        if keys::is_encrypted(&key) {
            // Here, so that contexts need not keep the password.
            key = keys::private_key(&key, password)?;
        }
        let settings = Settings {
            server,
            oldest,
            newest,
            key,
            chain: certificate.map_or(Ok(Vec::new()), |path| read(path, keys::certificate_error))?,
            bundle: cafile.map(|path| read(path, keys::authority_error)).transpose()?,
            directory: capath.map(Directory::look),
            system: if server || cafile.or(capath).is_some() { None } else { context::system_bundle() },
            verify,
            verify_host,
            alpn: protocols(alpn).ok_or(Message::new("invalid ALPN name"))?,
            ignore_eof,
        };
        let host = match host {
            None => None,
            Some(host) => Some(session::host_name(host).ok_or(Message::new("invalid host name"))?),
        };
        Ok(Handle { context: Some(Context::shared(settings)?), host })
    });
    match made {
        Ok(()) => Ok(1),
        Err(message) => Ok(call.push_failure(&message)),
    }
}

fn read(path: &[u8], worded: fn(&Message) -> Message) -> Result<Vec<u8>, Message> {
    let file = fs::read(OsStr::from_bytes(path));
    let content = file.map_err(|error| match error.raw_os_error() {
        Some(code) => worded(&crate::sys::error_text(code)),
        None => worded(&Message::format(format_args!("{error}"))),
    })?;
    // An empty file must not pass for none.
    if content.is_empty() { Err(worded(&Message::new("no start line"))) } else { Ok(content) }
}

fn protocols(mut wire: &[u8]) -> Option<Vec<String>> {
    let mut names = Vec::new();
    while let Some((length, rest)) = wire.split_first() {
        let (name, rest) = rest.split_at_checked(usize::from(*length))?;
        names.push(std::str::from_utf8(name).ok()?.to_owned());
        wire = rest;
    }
    Some(names)
}

/// `isencrypted(path)`: whether the private key in a file needs a password.
fn is_encrypted(call: &mut Call<'_>) -> Outcome {
    let path = call.bytes(1)?;
    let encrypted = fs::read(OsStr::from_bytes(path)).is_ok_and(|pem| keys::is_encrypted(&pem));
    call.push_boolean(encrypted);
    Ok(1)
}
