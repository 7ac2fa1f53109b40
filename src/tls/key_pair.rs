//! Whether a private key belongs to a certificate. Not every TLS library compares them before the first handshake.

use x509_parser::der_parser::asn1_rs::{Any, Class, FromDer, Tag};
use x509_parser::x509::SubjectPublicKeyInfo;

const RSA: &str = "1.2.840.113549.1.1.1";
const EC: &str = "1.2.840.10045.2.1";

/// Whether a key, PKCS#8 in DER, belongs to a certificate's public key. `None` where the key's public part is unknown.
pub fn belongs(key: &[u8], public: &SubjectPublicKeyInfo<'_>) -> Option<bool> {
    let parts = elements(sequence(key)?)?;
    let [_version, algorithm, private, ..] = &*parts else { return None };
    let (_, kind) = Any::from_der(algorithm.data).ok()?;
    if kind.data != public.algorithm.algorithm.as_bytes() {
        return Some(false);
    }
    let private = elements(sequence(private.data)?)?;
    let bits = &*public.subject_public_key.data;
    match &*public.algorithm.algorithm.to_id_string() {
        RSA => {
            let [_version, modulus, exponent, ..] = &*private else { return None };
            let public = elements(sequence(bits)?)?;
            let [public_modulus, public_exponent] = &*public else { return None };
            Some(modulus.data == public_modulus.data && exponent.data == public_exponent.data)
        }
        EC => {
            let point =
                private.iter().find(|part| part.class() == Class::ContextSpecific && part.tag() == Tag(1))?;
            let (_, point) = Any::from_der(point.data).ok()?;
            // The first byte is the number of unused bits.
            let (_, point) = point.data.split_first()?;
            // A point of another length may be the same one, compressed.
            (point.len() == bits.len()).then_some(point == bits)
        }
        _ => None,
    }
}

/// The content of a DER sequence.
fn sequence(der: &[u8]) -> Option<&[u8]> {
    let (_, any) = Any::from_der(der).ok()?;
    (any.tag() == Tag::Sequence).then_some(any.data)
}

fn elements(mut der: &[u8]) -> Option<Vec<Any<'_>>> {
    let mut found = Vec::new();
    while !der.is_empty() {
        let (rest, any) = Any::from_der(der).ok()?;
        found.push(any);
        der = rest;
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RSA_ALGORITHM: &[u8] = &[0x30, 13, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 13, 1, 1, 1, 5, 0];
    const EC_ALGORITHM: &[u8] =
        &[0x30, 19, 6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];

    fn element(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
        let content = parts.concat();
        [&[tag, content.len() as u8], &*content].concat()
    }

    fn key(algorithm: &[u8], private: &[u8]) -> Vec<u8> {
        element(0x30, &[&[2, 1, 0], algorithm, &element(4, &[private])])
    }

    fn compared(key: &[u8], algorithm: &[u8], public: &[u8]) -> Option<bool> {
        let public = element(0x30, &[algorithm, &element(3, &[&[0], public])]);
        belongs(key, &SubjectPublicKeyInfo::from_der(&public).ok()?.1)
    }

    #[test]
    fn an_rsa_key_has_the_certificates_modulus() {
        let of = |modulus| key(RSA_ALGORITHM, &element(0x30, &[&[2, 1, 0, 2, 1, modulus, 2, 1, 3, 2, 1, 9]]));
        let public = element(0x30, &[&[2, 1, 77, 2, 1, 3]]);
        assert_eq!(compared(&of(77), RSA_ALGORITHM, &public), Some(true));
        assert_eq!(compared(&of(78), RSA_ALGORITHM, &public), Some(false));
        assert_eq!(compared(&of(77), EC_ALGORITHM, &[4, 1, 2]), Some(false));
    }

    #[test]
    fn an_elliptic_curves_key_has_the_certificates_point() {
        let of = |rest: &[u8]| key(EC_ALGORITHM, &element(0x30, &[&[2, 1, 1, 4, 1, 9], rest]));
        let with = |point: &[u8]| of(&element(0xa1, &[&element(3, &[&[0], point])]));
        assert_eq!(compared(&with(&[4, 1, 2]), EC_ALGORITHM, &[4, 1, 2]), Some(true));
        assert_eq!(compared(&with(&[4, 1, 3]), EC_ALGORITHM, &[4, 1, 2]), Some(false));
        assert_eq!(compared(&with(&[2, 1]), EC_ALGORITHM, &[4, 1, 2]), None);
        assert_eq!(compared(&of(&[]), EC_ALGORITHM, &[4, 1, 2]), None);
    }

    #[test]
    fn what_is_no_key_is_left_to_the_tls_library() {
        assert_eq!(compared(&[], RSA_ALGORITHM, &[]), None);
        assert_eq!(compared(&[0x30, 3, 2, 1, 0], RSA_ALGORITHM, &[]), None);
        assert_eq!(compared(&key(RSA_ALGORITHM, &[5, 0]), RSA_ALGORITHM, &[]), None);
    }
}
