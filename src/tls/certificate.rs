//! Certificate objects.

use std::fmt::Write;

use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};
use x509_parser::prelude::X509Certificate;

use super::{keys, x509};
use crate::binding::{
    Call, Class, ClassSpec, Message, NativeFunction, Object, Outcome, Raise, Receiver, native,
};
use crate::classes::Slot;

/// A certificate.
pub static CERTIFICATE: Class<Certificate> = Class::new(Slot::Certificate, c"tls{certificate}");

static RECEIVER: Receiver<Certificate> = Receiver::new("tls{certificate}", &[&CERTIFICATE]);

/// A certificate.
#[derive(Debug, Default)]
pub struct Certificate {
    der: Vec<u8>,
    utf8: bool,
}

impl Certificate {
    /// A certificate from its DER.
    pub fn new(der: Vec<u8>) -> Self {
        Certificate { der, utf8: false }
    }
}

impl Object for Certificate {
    fn finalize(&mut self) {
        *self = Certificate::default();
    }
}

/// `loadcertificate(pem)`: the first certificate of a PEM text, or nil.
pub fn load(call: &mut Call<'_>) -> Outcome {
    let pem = call.bytes(1)?;
    let made = call.new_object(&CERTIFICATE, |_| {
        let first = keys::certificates(pem).ok().and_then(|all| all.into_iter().next());
        first.map(Certificate::new).ok_or(())
    });
    if made.is_err() {
        call.push_nil();
    }
    Ok(1)
}

/// Calls `look` with the certificate. The second argument of `look` is whether names are wanted in UTF-8.
fn look<R>(call: &mut Call<'_>, look: impl FnOnce(&X509Certificate<'_>, bool) -> R) -> Result<R, Raise> {
    let found = call.object(1, &RECEIVER, |certificate| {
        x509::read(&certificate.der, |parsed| look(parsed, certificate.utf8))
    })?;
    found.ok_or(Raise::Error(Message::new("invalid certificate")))
}

fn push_name(call: &mut Call<'_>, parts: Vec<x509::Attribute>) -> Outcome {
    call.protected(&[], |call| {
        call.new_table(parts.len(), 0);
        for (position, part) in (1..).zip(&parts) {
            call.new_table(0, 3);
            call.push_bytes(part.oid.as_bytes());
            call.set_field(-2, b"oid");
            call.push_bytes(part.name.as_bytes());
            call.set_field(-2, b"name");
            call.push_bytes(&part.value);
            call.set_field(-2, b"value");
            call.set_element(-2, position);
        }
        Ok(1)
    })
}

fn subject(call: &mut Call<'_>) -> Outcome {
    let parts = look(call, |certificate, utf8| x509::attributes(certificate.subject(), utf8))?;
    push_name(call, parts)
}

fn issuer(call: &mut Call<'_>) -> Outcome {
    let parts = look(call, |certificate, utf8| x509::attributes(certificate.issuer(), utf8))?;
    push_name(call, parts)
}

/// `extensions()`: the subject's alternative names, the only extension reported.
fn extensions(call: &mut Call<'_>) -> Outcome {
    let names = look(call, |certificate, _| x509::alternative_names(certificate))?;
    call.protected(&[], |call| {
        call.new_table(0, 1);
        let Some(names) = &names else { return Ok(1) };
        call.new_table(0, 6);
        call.push_bytes(b"X509v3 Subject Alternative Name");
        call.set_field(-2, b"name");
        for (kind, values) in x509::KINDS.iter().zip(&names.plain) {
            if !values.is_empty() {
                call.new_table(values.len(), 0);
                for (position, value) in (1..).zip(values) {
                    call.push_bytes(value.as_bytes());
                    call.set_element(-2, position);
                }
                call.set_field(-2, kind.as_bytes());
            }
        }
        for (oid, name, values) in &names.other {
            call.new_table(values.len(), 1);
            call.push_bytes(name.as_bytes());
            call.set_field(-2, b"name");
            for (position, value) in (1..).zip(values) {
                call.push_bytes(value);
                call.set_element(-2, position);
            }
            call.set_field(-2, oid.as_bytes());
        }
        call.set_field(-2, b"2.5.29.17");
        Ok(1)
    })
}

fn push_text(call: &mut Call<'_>, text: String) -> Outcome {
    call.push_vec(text.into_bytes())?;
    Ok(1)
}

fn serial(call: &mut Call<'_>) -> Outcome {
    let serial = look(call, |certificate, _| x509::serial(certificate))?;
    push_text(call, serial)
}

fn notbefore(call: &mut Call<'_>) -> Outcome {
    let date = look(call, |certificate, _| x509::date(certificate.validity().not_before.timestamp()))?;
    push_text(call, date)
}

fn notafter(call: &mut Call<'_>) -> Outcome {
    let date = look(call, |certificate, _| x509::date(certificate.validity().not_after.timestamp()))?;
    push_text(call, date)
}

/// `validat(time)`: whether the time is within the validity period, both ends included.
fn validat(call: &mut Call<'_>) -> Outcome {
    let (from, to) = look(call, |certificate, _| {
        let validity = certificate.validity();
        (validity.not_before.timestamp() as f64, validity.not_after.timestamp() as f64)
    })?;
    let time = call.number(2)?.trunc();
    call.push_boolean(from <= time && time <= to);
    Ok(1)
}

fn pem(call: &mut Call<'_>) -> Outcome {
    let pem = call.object(1, &RECEIVER, |certificate| x509::pem("CERTIFICATE", &certificate.der))?;
    call.push_vec(pem)?;
    Ok(1)
}

/// `pubkey()`: the public key in PEM, its type and its size in bits.
fn pubkey(call: &mut Call<'_>) -> Outcome {
    let (pem, kind, bits) = look(call, |certificate, _| {
        let (kind, bits) = x509::key_kind(certificate);
        (x509::pem("PUBLIC KEY", certificate.public_key().raw), kind, bits)
    })?;
    call.push_vec(pem)?;
    call.push_bytes(kind.as_bytes());
    call.push_integer(bits as i64);
    Ok(3)
}

/// `digest(algorithm)`: the hash of the DER in hexadecimal.
fn digest(call: &mut Call<'_>) -> Outcome {
    let hash: fn(&[u8]) -> String = match call.optional_bytes(2)?.unwrap_or(b"sha1") {
        b"sha1" => |der| hex(&Sha1::digest(der)),
        b"sha256" => |der| hex(&Sha256::digest(der)),
        b"sha512" => |der| hex(&Sha512::digest(der)),
        other => {
            let mut message = Message::new("digest algorithm not supported (");
            message.append(other);
            message.append(b")");
            return Ok(call.push_failure(&message));
        }
    };
    let digest = call.object(1, &RECEIVER, |certificate| hash(&certificate.der))?;
    push_text(call, digest)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn getsignaturename(call: &mut Call<'_>) -> Outcome {
    let name = look(call, |certificate, _| x509::signature_name(certificate))?;
    push_text(call, name)
}

/// `setencode("ai5" | "utf8")`: the encoding of strings in names.
fn setencode(call: &mut Call<'_>) -> Outcome {
    let utf8 = match call.bytes(2)? {
        b"ai5" => Some(false),
        b"utf8" => Some(true),
        _ => None,
    };
    call.object(1, &RECEIVER, |certificate| certificate.utf8 = utf8.unwrap_or(certificate.utf8))?;
    call.push_boolean(utf8.is_some());
    Ok(1)
}

/// `issued(certificate, intermediates…)`: whether the other certificate verifies with this one as the only
/// trusted root.
fn issued(call: &mut Call<'_>) -> Outcome {
    let mut ders = Vec::new();
    for index in 1..=call.count().max(2) {
        ders.push(call.object(index, &RECEIVER, |certificate| certificate.der.clone())?);
    }
    let result = verify_chain(&ders);
    drop(ders);
    match result {
        Ok(()) => {
            call.push_boolean(true);
            Ok(1)
        }
        Err(message) => Ok(call.push_failure(&message)),
    }
}

/// Verifies the second certificate with the first as root and the others as intermediates.
#[cfg(tls_openssl)]
fn verify_chain(ders: &[Vec<u8>]) -> Result<(), Message> {
    use openssl::error::ErrorStack;
    use openssl::stack::Stack;
    use openssl::x509::store::X509StoreBuilder;
    use openssl::x509::{X509, X509StoreContext};

    let verify = || -> Result<Result<(), Message>, ErrorStack> {
        let mut certificates =
            ders.iter().map(|der| X509::from_der(der)).collect::<Result<Vec<_>, _>>()?.into_iter();
        let (Some(root), Some(subject)) = (certificates.next(), certificates.next()) else {
            return Ok(Ok(()));
        };
        let mut store = X509StoreBuilder::new()?;
        store.add_cert(root)?;
        let mut between = Stack::new()?;
        for certificate in certificates {
            between.push(certificate)?;
        }
        X509StoreContext::new()?.init(&store.build(), &subject, &between, |context| {
            let trusted = context.verify_cert()?;
            Ok(if trusted { Ok(()) } else { Err(Message::new(context.error().error_string())) })
        })
    };
    verify().unwrap_or_else(|errors| Err(Message::format(format_args!("{errors}"))))
}

#[cfg(not(tls_openssl))]
fn verify_chain(_ders: &[Vec<u8>]) -> Result<(), Message> {
    Err(Message::new("not supported by this TLS backend"))
}

fn to_string(call: &mut Call<'_>) -> Outcome {
    call.object(1, &RECEIVER, |_| ())?;
    let address = call.describe(1).map_or(std::ptr::null(), |(_, address)| address);
    call.push_bytes(Message::format(format_args!("X509 certificate: {address:p}")).as_bytes());
    Ok(1)
}

/// `close()` does nothing.
fn close(call: &mut Call<'_>) -> Outcome {
    call.object(1, &RECEIVER, |_| ())?;
    Ok(0)
}

const METHODS: &[(&str, NativeFunction)] = &[
    ("digest", native(digest)),
    ("extensions", native(extensions)),
    ("getsignaturename", native(getsignaturename)),
    ("issued", native(issued)),
    ("issuer", native(issuer)),
    ("notafter", native(notafter)),
    ("notbefore", native(notbefore)),
    ("pem", native(pem)),
    ("pubkey", native(pubkey)),
    ("serial", native(serial)),
    ("setencode", native(setencode)),
    ("subject", native(subject)),
    ("validat", native(validat)),
];

const METAMETHODS: &[(&str, NativeFunction)] =
    &[("__close", native(close)), ("__tostring", native(to_string))];

/// Defines the class.
pub fn define(call: &mut Call<'_>) {
    call.define_class(&ClassSpec {
        class: &CERTIFICATE,
        groups: &[],
        methods: METHODS,
        metamethods: METAMETHODS,
        named: false,
    });
}
