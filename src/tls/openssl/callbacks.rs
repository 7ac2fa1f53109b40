//! Callbacks of OpenSSL during a handshake: those that call the program's functions, and those that use only
//! the settings.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;

use openssl::dh::Dh;
use openssl::error::ErrorStack;
use openssl::ssl::{AlpnError, SslContextBuilder};
use openssl::x509::{X509StoreContextRef, X509VerifyResult};

use super::super::lua_callbacks::{Argument, ask};
use super::super::settings::Settings;
use super::stream::Refusals;

/// Sets the callbacks that the settings need.
pub fn set(builder: &mut SslContextBuilder, settings: &Settings) {
    let context = settings.callbacks;
    if settings.server {
        if settings.asks_alpn {
            builder.set_alpn_select_callback(move |_, offered| {
                let [wanted, _] =
                    ask(context, c"alpn", &[Argument::Bytes(Some(offered))]).ok_or(AlpnError::ALERT_FATAL)?;
                choose(&wanted.unwrap_or_default(), offered).ok_or(AlpnError::NOACK)
            });
        } else if !settings.alpn.is_empty() {
            let wanted = settings.alpn.clone();
            builder
                .set_alpn_select_callback(move |_, offered| choose(&wanted, offered).ok_or(AlpnError::NOACK));
        }
        if settings.asks_dh {
            builder.set_tmp_dh_callback(move |_, export, bits| {
                let arguments = [Argument::Boolean(export), Argument::Number(f64::from(bits))];
                let answer = ask(context, c"dhparam", &arguments);
                let pem = answer.and_then(|[pem, _]| pem).unwrap_or_default();
                Dh::params_from_pem(&pem)
            });
        }
        if settings.asks_psk {
            builder.set_psk_server_callback(move |_, identity, key| {
                let arguments = [Argument::Bytes(identity), Argument::Number(key.len() as f64)];
                let answer = ask(context, c"psk", &arguments);
                Ok(answer.and_then(|[psk, _]| put(&psk?, key)).unwrap_or(0))
            });
        }
    } else if settings.asks_psk {
        builder
            .set_psk_client_callback(move |_, hint, identity, key| client_key(context, hint, identity, key));
    }
    if let Some(path) = settings.key_log.clone() {
        builder.set_keylog_callback(move |_, line| {
            // Failure to write the log must not end a connection.
            let path = std::ffi::OsStr::from_bytes(&path);
            if let Ok(mut file) = OpenOptions::new().append(true).create(true).mode(0o600).open(path) {
                let _ = file.write_all(format!("{line}\n").as_bytes());
            }
        });
    }
}

fn client_key(
    context: u64,
    hint: Option<&[u8]>,
    identity: &mut [u8],
    key: &mut [u8],
) -> Result<usize, ErrorStack> {
    // The identity ends with a zero byte.
    let longest = identity.len().saturating_sub(1);
    let arguments =
        [Argument::Bytes(hint), Argument::Number(longest as f64), Argument::Number(key.len() as f64)];
    let Some([Some(name), Some(psk)]) = ask(context, c"psk", &arguments) else { return Ok(0) };
    if name.len() > longest || name.contains(&0) {
        return Ok(0);
    }
    let count = put(&name, identity).unwrap_or(0);
    if let Some(end) = identity.get_mut(count) {
        *end = 0;
    }
    Ok(put(&psk, key).unwrap_or(0))
}

/// Copies bytes, if they fit. Returns their number.
fn put(from: &[u8], into: &mut [u8]) -> Option<usize> {
    into.get_mut(..from.len())?.copy_from_slice(from);
    Some(from.len())
}

/// The first wanted protocol that is also offered. In both lists, each name follows its length byte.
fn choose<'a>(wanted: &[u8], offered: &'a [u8]) -> Option<&'a [u8]> {
    names(wanted).find_map(|name| names(offered).find(|other| *other == name))
}

fn names(mut wire: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (length, rest) = wire.split_first()?;
        let (name, rest) = rest.split_at_checked(usize::from(*length))?;
        wire = rest;
        Some(name)
    })
}

/// Goes on with a refused certificate, and records the error.
pub fn go_on(
    refusals: &Refusals,
) -> impl Fn(bool, &mut X509StoreContextRef) -> bool + Send + Sync + 'static + use<> {
    const MOST: usize = 64;
    let refusals = refusals.clone();
    move |trusted, store| {
        if !trusted {
            let mut list = crate::sys::lock(&refusals);
            if list.len() < MOST {
                list.push((store.error_depth(), store.error().error_string().to_owned()));
            }
            store.set_error(X509VerifyResult::OK);
        }
        true
    }
}
