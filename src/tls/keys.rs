//! Certificates and private keys from PEM files.

use native_tls::Identity;

use crate::binding::Message;

/// A certificate chain, leaf first, and the private key that belongs to it, in PKCS#8.
pub fn identity(chain: &[u8], key: &[u8]) -> Result<Identity, Message> {
    matching(chain, key)?;
    Identity::from_pkcs8(chain, key).map_err(|error| certificate_error(&super::error::setup(&error)))
}

/// The certificates of a PEM file, in DER, first to last.
pub fn certificates(pem: &[u8]) -> Result<Vec<Vec<u8>>, Message> {
    let certificates = native_tls::Certificate::stack_from_pem(pem)
        .and_then(|stack| stack.iter().map(native_tls::Certificate::to_der).collect::<Result<Vec<_>, _>>())
        .map_err(|error| certificate_error(&super::error::setup(&error)))?;
    if certificates.is_empty() {
        return Err(certificate_error(&Message::new("no start line")));
    }
    Ok(certificates)
}

/// `error loading certificate (…)`
pub fn certificate_error(why: &Message) -> Message {
    worded("error loading certificate (", why)
}

/// `error loading private key (…)`
pub fn key_error(why: &Message) -> Message {
    worded("error loading private key (", why)
}

/// `error loading CA locations (…)`
pub fn authority_error(why: &Message) -> Message {
    worded("error loading CA locations (", why)
}

fn worded(start: &str, why: &Message) -> Message {
    let mut message = Message::new(start);
    message.append(why.as_bytes());
    message.append(b")");
    message
}

/// Whether a PEM file holds a private key that only a password opens.
pub fn is_encrypted(pem: &[u8]) -> bool {
    let has = |mark: &[u8]| memchr::memmem::find(pem, mark).is_some();
    has(b"-----BEGIN ENCRYPTED PRIVATE KEY-----") || has(b"Proc-Type:") && has(b"4,ENCRYPTED")
}

#[cfg(not(target_vendor = "apple"))]
mod openssl_keys {
    //! The library below native-tls reads every kind of key file; native-tls itself only one.

    use openssl::error::ErrorStack;
    use openssl::pkey::PKey;
    use openssl::x509::X509;

    use super::{Message, certificate_error, key_error};

    /// Reads a private key, encrypted or not: PKCS#8, PKCS#1 or SEC1. The result is PKCS#8 in PEM.
    pub fn private_key(pem: &[u8], password: Option<&[u8]>) -> Result<Vec<u8>, Message> {
        let fail = |errors: ErrorStack| key_error(&reason(&errors));
        // Without a callback of ours, OpenSSL would ask at the terminal.
        let key = PKey::private_key_from_pem_callback(pem, |space| {
            let password = password.unwrap_or_default();
            let count = password.len().min(space.len());
            space.iter_mut().zip(password).for_each(|(place, byte)| *place = *byte);
            Ok(count)
        });
        key.and_then(|key| key.private_key_to_pem_pkcs8()).map_err(fail)
    }

    /// Whether the first certificate is for the key.
    pub fn matching(chain: &[u8], key: &[u8]) -> Result<(), Message> {
        let fail = |errors: ErrorStack| certificate_error(&reason(&errors));
        let public = X509::from_pem(chain).and_then(|leaf| leaf.public_key()).map_err(fail)?;
        let private = PKey::private_key_from_pem(key).map_err(fail)?;
        if public.public_eq(&private) {
            Ok(())
        } else {
            Err(Message::new("private key does not match public key"))
        }
    }

    /// The reason that says most: a wrong password, or else the first.
    fn reason(errors: &ErrorStack) -> Message {
        let mut reasons = errors.errors().iter().filter_map(|error| error.reason());
        let first = reasons.next().unwrap_or("no private key assigned");
        let told = reasons.find(|reason| *reason == "bad decrypt").unwrap_or(first);
        Message::new(told)
    }
}

#[cfg(not(target_vendor = "apple"))]
use openssl_keys::matching;
#[cfg(not(target_vendor = "apple"))]
pub use openssl_keys::private_key;

/// Reads a private key, which must be in PKCS#8 and without a password here.
#[cfg(target_vendor = "apple")]
pub fn private_key(pem: &[u8], _password: Option<&[u8]>) -> Result<Vec<u8>, Message> {
    if is_encrypted(pem) {
        return Err(key_error(&Message::new("encrypted keys are not supported by this TLS backend")));
    }
    let start = memchr::memmem::find(pem, b"-----BEGIN PRIVATE KEY-----");
    let block = start.and_then(|start| pem.get(start..));
    block.map(<[u8]>::to_vec).ok_or_else(|| key_error(&Message::new("expected PKCS#8 PEM")))
}

/// The system's keychain compares key and certificate when it makes the identity.
#[cfg(target_vendor = "apple")]
fn matching(_chain: &[u8], _key: &[u8]) -> Result<(), Message> {
    Ok(())
}
