//! Certificates and private keys from files.

use std::fs;

use crate::binding::Message;
use crate::sys;
use crate::sys::libc;

/// A certificate of this side with its intermediates, and its private key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// PEM of the certificates, leaf first.
    pub chain: Vec<u8>,
    /// PEM of the key in PKCS#8, decrypted.
    pub key: Vec<u8>,
}

impl Identity {
    /// Reads the files of an identity: PEM, DER or PKCS#12. Without a key file, the key may be in the
    /// certificate's file.
    pub fn load(
        certificate: Option<&[u8]>,
        key: Option<&[u8]>,
        password: Option<&[u8]>,
    ) -> Result<Identity, Message> {
        let mut identity = Identity::default();
        if let Some(path) = key {
            identity.key = private_key(&unpacked(read(path, key_error)?, password, key_error)?, password)?;
        }
        if let Some(path) = certificate {
            identity.chain = unpacked(read(path, certificate_error)?, password, certificate_error)?;
            certificates(&identity.chain)?;
            if key.is_none() && memchr::memmem::find(&identity.chain, b"PRIVATE KEY-----").is_some() {
                identity.key = private_key(&identity.chain, password)?;
            }
        }
        if identity.is_whole() {
            matching(&identity.chain, &identity.key)?;
        }
        Ok(identity)
    }

    /// Whether there is a certificate to present.
    pub fn is_whole(&self) -> bool {
        !self.chain.is_empty() && !self.key.is_empty()
    }
}

/// The content of a file. `worded` turns a failure into the message for that kind of file.
pub fn read(path: &[u8], worded: fn(&Message) -> Message) -> Result<Vec<u8>, Message> {
    let file = fs::read(sys::path(path));
    let content = file.map_err(|error| match error.raw_os_error() {
        // The file itself is not at fault, so the message does not name it.
        Some(code @ (libc::EMFILE | libc::ENFILE | libc::ENOMEM)) => worded(&sys::error_text(code)),
        Some(code) => worded(&named(path, &sys::error_text(code))),
        None => worded(&named(path, &Message::format(format_args!("{error}")))),
    })?;
    // An empty file must not be treated as no file.
    if content.is_empty() { Err(worded(&Message::new("no start line"))) } else { Ok(content) }
}

/// `path: why`. A long path is cut at its start.
fn named(path: &[u8], why: &Message) -> Message {
    const LONGEST: usize = 48;
    let mut message = Message::new("");
    if path.len() > LONGEST {
        message.append(b"...");
    }
    message.append(path.get(path.len().saturating_sub(LONGEST)..).unwrap_or_default());
    message.append(b": ");
    message.append(why.as_bytes());
    message
}

/// Converts a file to PEM if it is PKCS#12 or DER. Any other content stays as it is, and later fails as PEM.
fn unpacked(
    content: Vec<u8>,
    password: Option<&[u8]>,
    worded: fn(&Message) -> Message,
) -> Result<Vec<u8>, Message> {
    const SEQUENCE: u8 = 0x30;
    if content.first() != Some(&SEQUENCE) {
        return Ok(content);
    }
    match from_der(&content, password) {
        None => Ok(content),
        Some(Ok(pem)) => Ok(pem),
        Some(Err(why)) => Err(worded(&why)),
    }
}

/// Whether a key needs a password. The key may be in a file with the certificate.
pub fn needs_password(content: &[u8]) -> bool {
    is_encrypted(content) || is_pkcs12(content)
}

/// The certificates of a PEM file, in DER, in the file's order.
pub fn certificates(pem: &[u8]) -> Result<Vec<Vec<u8>>, Message> {
    let certificates = decode_certificates(pem).map_err(|why| certificate_error(&why))?;
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

/// Whether a PEM file holds an encrypted private key.
pub fn is_encrypted(pem: &[u8]) -> bool {
    let has = |mark: &[u8]| memchr::memmem::find(pem, mark).is_some();
    has(b"-----BEGIN ENCRYPTED PRIVATE KEY-----") || has(b"Proc-Type:") && has(b"4,ENCRYPTED")
}

/// Whether a certificate in a PEM text is encrypted. OpenSSL would ask for its password at the terminal.
#[cfg(tls_openssl)]
pub fn is_encrypted_certificate(pem: &[u8]) -> bool {
    const MARK: &[u8] = b"CERTIFICATE-----";
    memchr::memmem::find_iter(pem, MARK).any(|at| {
        let rest = pem.get(at + MARK.len()..).unwrap_or_default();
        let end = memchr::memmem::find(rest, b"-----").unwrap_or(rest.len());
        memchr::memmem::find(rest.get(..end).unwrap_or_default(), b"Proc-Type:").is_some()
    })
}

#[cfg(tls_openssl)]
mod with_openssl {
    //! OpenSSL reads every kind of key file.

    use openssl::error::ErrorStack;
    use openssl::pkcs12::Pkcs12;
    use openssl::pkey::PKey;
    use openssl::x509::X509;

    use super::{Message, certificate_error, is_encrypted_certificate, key_error};

    /// Reads a private key, encrypted or not: PKCS#8, PKCS#1 or SEC1. The result is PKCS#8 in PEM.
    pub fn private_key(pem: &[u8], password: Option<&[u8]>) -> Result<Vec<u8>, Message> {
        let fail = |errors: ErrorStack| key_error(&reason(&errors));
        // Without a callback, OpenSSL would prompt at the terminal.
        let key = PKey::private_key_from_pem_callback(pem, |space| {
            let password = password.unwrap_or_default();
            let count = password.len().min(space.len());
            space.iter_mut().zip(password).for_each(|(place, byte)| *place = *byte);
            Ok(count)
        });
        key.and_then(|key| key.private_key_to_pem_pkcs8()).map_err(fail)
    }

    /// Checks that the first certificate belongs to the key.
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

    /// The certificates of a PEM text in DER.
    pub fn decode_certificates(pem: &[u8]) -> Result<Vec<Vec<u8>>, Message> {
        if is_encrypted_certificate(pem) {
            return Err(Message::new("encrypted certificates are not supported"));
        }
        X509::stack_from_pem(pem)
            .and_then(|stack| stack.iter().map(|certificate| certificate.to_der()).collect())
            .map_err(|errors| reason(&errors))
    }

    /// Whether these bytes are a PKCS#12 file.
    pub fn is_pkcs12(content: &[u8]) -> bool {
        content.first() == Some(&0x30) && Pkcs12::from_der(content).is_ok()
    }

    /// PEM of a PKCS#12 file, or of a certificate or key in DER; `None` for other bytes.
    pub fn from_der(der: &[u8], password: Option<&[u8]>) -> Option<Result<Vec<u8>, Message>> {
        if let Ok(archive) = Pkcs12::from_der(der) {
            return Some(from_pkcs12(&archive, password).map_err(|errors| reason(&errors)));
        }
        if let Ok(certificate) = X509::from_der(der) {
            return certificate.to_pem().ok().map(Ok);
        }
        let key = PKey::private_key_from_der(der).ok()?;
        key.private_key_to_pem_pkcs8().ok().map(Ok)
    }

    fn from_pkcs12(
        archive: &openssl::pkcs12::Pkcs12Ref,
        password: Option<&[u8]>,
    ) -> Result<Vec<u8>, ErrorStack> {
        let password = String::from_utf8_lossy(password.unwrap_or_default()).replace('\0', "");
        let content = archive.parse2(&password)?;
        let mut pem = Vec::new();
        if let Some(certificate) = &content.cert {
            pem.extend(certificate.to_pem()?);
        }
        for certificate in content.ca.iter().flatten() {
            pem.extend(certificate.to_pem()?);
        }
        if let Some(key) = &content.pkey {
            pem.extend(key.private_key_to_pem_pkcs8()?);
        }
        Ok(pem)
    }

    /// The most useful reason: a wrong password if there is one, else the first.
    fn reason(errors: &ErrorStack) -> Message {
        let mut reasons = errors.errors().iter().filter_map(|error| error.reason());
        let first = reasons.next().unwrap_or("no private key assigned");
        let told = reasons.find(|reason| *reason == "bad decrypt").unwrap_or(first);
        Message::new(told)
    }
}

#[cfg(tls_openssl)]
pub use with_openssl::private_key;
#[cfg(tls_openssl)]
use with_openssl::{decode_certificates, from_der, is_pkcs12, matching};

#[cfg(not(tls_openssl))]
mod with_native_tls {
    //! native-tls reads certificates in PEM, and keys in PKCS#8 without a password.

    use x509_parser::pem::Pem;

    use super::{Message, is_encrypted, key_error};
    use crate::tls::{key_pair, x509};

    /// Reads a private key, which must be in PKCS#8 and unencrypted here.
    pub fn private_key(pem: &[u8], _password: Option<&[u8]>) -> Result<Vec<u8>, Message> {
        if is_encrypted(pem) {
            return Err(key_error(&Message::new("encrypted keys are not supported by this TLS backend")));
        }
        let start = memchr::memmem::find(pem, b"-----BEGIN PRIVATE KEY-----");
        let block = start.and_then(|start| pem.get(start..));
        block.map(<[u8]>::to_vec).ok_or_else(|| key_error(&Message::new("expected PKCS#8 PEM")))
    }

    /// Checks that the first certificate belongs to the key. native-tls makes an identity of any two.
    pub fn matching(chain: &[u8], key: &[u8]) -> Result<(), Message> {
        let content = |pem| Some(Pem::iter_from_buffer(pem).next()?.ok()?.contents);
        let compared = content(chain).zip(content(key)).and_then(|(certificate, key)| {
            x509::read(&certificate, |certificate| key_pair::belongs(&key, certificate.public_key()))?
        });
        match compared {
            Some(false) => Err(Message::new("private key does not match public key")),
            _ => Ok(()),
        }
    }

    /// The certificates of a PEM text in DER.
    pub fn decode_certificates(pem: &[u8]) -> Result<Vec<Vec<u8>>, Message> {
        native_tls::Certificate::stack_from_pem(pem)
            .and_then(|stack| stack.iter().map(native_tls::Certificate::to_der).collect())
            .map_err(|error| Message::format(format_args!("{error}")))
    }

    /// PKCS#12 is not supported with this backend.
    pub fn is_pkcs12(_content: &[u8]) -> bool {
        false
    }

    /// DER is not supported with this backend.
    pub fn from_der(_der: &[u8], _password: Option<&[u8]>) -> Option<Result<Vec<u8>, Message>> {
        None
    }
}

#[cfg(not(tls_openssl))]
pub use with_native_tls::private_key;
#[cfg(not(tls_openssl))]
use with_native_tls::{decode_certificates, from_der, is_pkcs12, matching};
