//! The content of a certificate, read from its DER.

use std::net::{Ipv4Addr, Ipv6Addr};

use x509_parser::der_parser::asn1_rs::{Any, FromDer, Oid, Tag};
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::prelude::{X509Certificate, X509Name};
use x509_parser::public_key::PublicKey;

/// One part of a name.
pub struct Attribute {
    /// Its type, in dotted form.
    pub oid: String,
    /// Its type, as OpenSSL names it.
    pub name: String,
    /// The value, as it is in the certificate or in UTF-8.
    pub value: Vec<u8>,
}

/// The alternative names of a subject, by type.
#[derive(Default)]
pub struct AlternativeNames {
    /// `dNSName`, `iPAddress`, `rfc822Name`, `uniformResourceIdentifier`.
    pub plain: [Vec<String>; 4],
    /// Other types by object identifier: their name, and their values.
    pub other: Vec<(String, String, Vec<Vec<u8>>)>,
}

/// The field names of [`AlternativeNames::plain`].
pub const KINDS: [&str; 4] = ["dNSName", "iPAddress", "rfc822Name", "uniformResourceIdentifier"];

/// Parses a certificate and calls `look` with it.
pub fn read<R>(der: &[u8], look: impl FnOnce(&X509Certificate<'_>) -> R) -> Option<R> {
    X509Certificate::from_der(der).ok().map(|(_, certificate)| look(&certificate))
}

/// The parts of a name, in order.
pub fn attributes(name: &X509Name<'_>, utf8: bool) -> Vec<Attribute> {
    let describe = |(oid, value): (&Oid<'_>, &Any<'_>)| {
        let oid = oid.to_id_string();
        let known = ATTRIBUTES.iter().find(|(known, _)| *known == oid);
        let name = known.map_or_else(|| oid.clone(), |(_, name)| (*name).to_owned());
        Attribute { oid, name, value: text(value, utf8) }
    };
    name.iter_attributes()
        .map(|attribute| describe((attribute.attr_type(), attribute.attr_value())))
        .collect()
}

fn text(value: &Any<'_>, utf8: bool) -> Vec<u8> {
    let bytes = value.data;
    if !utf8 {
        return bytes.to_vec();
    }
    match value.tag() {
        Tag::BmpString => {
            let units = bytes
                .chunks_exact(2)
                .map(|pair| pair.iter().fold(0, |unit, byte| unit << 8 | u16::from(*byte)));
            char::decode_utf16(units)
                .map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER))
                .collect::<String>()
        }
        Tag::UniversalString => {
            let points = bytes
                .chunks_exact(4)
                .map(|four| four.iter().fold(0, |point, byte| point << 8 | u32::from(*byte)));
            points.map(|point| char::from_u32(point).unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
        }
        Tag::Utf8String => return bytes.to_vec(),
        // The other types have one byte per character.
        _ => bytes.iter().map(|byte| char::from(*byte)).collect(),
    }
    .into_bytes()
}

/// The alternative names; `None` when the certificate has no such extension.
pub fn alternative_names(certificate: &X509Certificate<'_>) -> Option<AlternativeNames> {
    let extension =
        certificate.extensions().iter().find_map(|extension| match extension.parsed_extension() {
            ParsedExtension::SubjectAlternativeName(names) => Some(names),
            _ => None,
        })?;
    let mut names = AlternativeNames::default();
    let AlternativeNames { plain: [dns, address, mail, uri], other } = &mut names;
    for name in &extension.general_names {
        match name {
            GeneralName::DNSName(name) => dns.push((*name).to_owned()),
            GeneralName::RFC822Name(name) => mail.push((*name).to_owned()),
            GeneralName::URI(name) => uri.push((*name).to_owned()),
            GeneralName::IPAddress(bytes) => address.extend(address_text(bytes)),
            GeneralName::OtherName(oid, value) => {
                let oid = oid.to_id_string();
                let text = other_text(value);
                match other.iter_mut().find(|(known, ..)| *known == oid) {
                    Some((_, _, texts)) => texts.push(text),
                    None => {
                        let known = OTHER_NAMES.iter().find(|(known, _)| *known == oid);
                        let called = known.map_or_else(|| oid.clone(), |(_, name)| (*name).to_owned());
                        other.push((oid, called, vec![text]));
                    }
                }
            }
            _ => {}
        }
    }
    Some(names)
}

fn address_text(bytes: &[u8]) -> Option<String> {
    if let Ok(bytes) = <[u8; 4]>::try_from(bytes) {
        return Some(Ipv4Addr::from(bytes).to_string());
    }
    <[u8; 16]>::try_from(bytes).ok().map(|bytes| Ipv6Addr::from(bytes).to_string())
}

/// The string inside the explicit tag of an `otherName`.
fn other_text(value: &[u8]) -> Vec<u8> {
    let mut bytes = value;
    while let Ok((_, any)) = Any::from_der(bytes) {
        bytes = any.data;
        if !any.header.is_constructed() {
            break;
        }
    }
    bytes.to_vec()
}

/// The serial number in upper-case hexadecimal.
pub fn serial(certificate: &X509Certificate<'_>) -> String {
    let mut bytes = certificate.raw_serial();
    while let [0, rest @ ..] = bytes
        && !rest.is_empty()
    {
        bytes = rest;
    }
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

/// `Jan  1 00:00:00 2020 GMT`
pub fn date(timestamp: i64) -> String {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (days, seconds) = (timestamp.div_euclid(86400), timestamp.rem_euclid(86400));
    // Days since 0000-03-01, in eras of 400 years. A year that starts in March has its leap day last.
    let shifted = days + 719_468;
    let (era, day) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let march = (5 * day + 2) / 153;
    let day = day - (153 * march + 2) / 5 + 1;
    let month = (march + 2) % 12;
    let year = year + era * 400 + i64::from(month < 2);
    let name = usize::try_from(month).ok().and_then(|month| MONTHS.get(month)).unwrap_or(&"");
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("{name} {day:2} {hour:02}:{minute:02}:{second:02} {year} GMT")
}

/// The type and the size in bits of the public key.
pub fn key_kind(certificate: &X509Certificate<'_>) -> (&'static str, usize) {
    let key = certificate.public_key();
    match key.parsed() {
        Ok(PublicKey::RSA(rsa)) => {
            let modulus = rsa.modulus.iter().skip_while(|byte| **byte == 0);
            let bits = modulus.clone().count() * 8;
            ("RSA", bits - modulus.take(1).map(|byte| byte.leading_zeros() as usize).sum::<usize>())
        }
        Ok(PublicKey::EC(_)) => {
            let curve = key.algorithm.parameters.as_ref().and_then(|curve| curve.as_oid().ok());
            let curve = curve.map(|oid| oid.to_id_string()).unwrap_or_default();
            ("EC", CURVES.iter().find(|(known, _)| *known == curve).map_or(0, |(_, bits)| *bits))
        }
        Ok(PublicKey::DSA(_)) => ("DSA", 0),
        _ => match key.algorithm.algorithm.to_id_string().as_str() {
            "1.2.840.113549.1.3.1" => ("DH", 0),
            "1.3.101.112" => ("Unknown", 253),
            "1.3.101.113" => ("Unknown", 456),
            _ => ("Unknown", 0),
        },
    }
}

/// The name of the signature algorithm, in OpenSSL's short form.
pub fn signature_name(certificate: &X509Certificate<'_>) -> String {
    let oid = certificate.signature_algorithm.algorithm.to_id_string();
    let known = SIGNATURES.iter().find(|(known, _)| *known == oid);
    known.map_or(oid, |(_, name)| (*name).to_owned())
}

/// PEM, in lines of 64 characters.
pub fn pem(label: &str, der: &[u8]) -> Vec<u8> {
    let text = base64_simd::STANDARD.encode_to_string(der);
    let mut pem = format!("-----BEGIN {label}-----\n").into_bytes();
    for line in text.as_bytes().chunks(64) {
        pem.extend_from_slice(line);
        pem.push(b'\n');
    }
    pem.extend_from_slice(format!("-----END {label}-----\n").as_bytes());
    pem
}

const OTHER_NAMES: &[(&str, &str)] = &[
    ("1.3.6.1.4.1.311.20.2.3", "Microsoft User Principal Name"),
    ("1.3.6.1.5.5.7.8.5", "XmppAddr"),
    ("1.3.6.1.5.5.7.8.7", "SRVName"),
    ("1.3.6.1.5.5.7.8.9", "Smtp UTF8 Mailbox"),
];

const CURVES: &[(&str, usize)] = &[
    ("1.2.840.10045.3.1.1", 192),
    ("1.2.840.10045.3.1.7", 256),
    ("1.3.132.0.10", 256),
    ("1.3.132.0.33", 224),
    ("1.3.132.0.34", 384),
    ("1.3.132.0.35", 521),
    ("1.3.36.3.3.2.8.1.1.7", 256),
    ("1.3.36.3.3.2.8.1.1.11", 384),
    ("1.3.36.3.3.2.8.1.1.13", 512),
];

const ATTRIBUTES: &[(&str, &str)] = &[
    ("0.9.2342.19200300.100.1.1", "userId"),
    ("0.9.2342.19200300.100.1.25", "domainComponent"),
    ("1.2.840.113549.1.9.1", "emailAddress"),
    ("1.2.840.113549.1.9.2", "unstructuredName"),
    ("1.2.840.113549.1.9.8", "unstructuredAddress"),
    ("1.3.6.1.4.1.311.60.2.1.1", "jurisdictionLocalityName"),
    ("1.3.6.1.4.1.311.60.2.1.2", "jurisdictionStateOrProvinceName"),
    ("1.3.6.1.4.1.311.60.2.1.3", "jurisdictionCountryName"),
    ("2.5.4.3", "commonName"),
    ("2.5.4.4", "surname"),
    ("2.5.4.5", "serialNumber"),
    ("2.5.4.6", "countryName"),
    ("2.5.4.7", "localityName"),
    ("2.5.4.8", "stateOrProvinceName"),
    ("2.5.4.9", "streetAddress"),
    ("2.5.4.10", "organizationName"),
    ("2.5.4.11", "organizationalUnitName"),
    ("2.5.4.12", "title"),
    ("2.5.4.13", "description"),
    ("2.5.4.15", "businessCategory"),
    ("2.5.4.16", "postalAddress"),
    ("2.5.4.17", "postalCode"),
    ("2.5.4.20", "telephoneNumber"),
    ("2.5.4.41", "name"),
    ("2.5.4.42", "givenName"),
    ("2.5.4.43", "initials"),
    ("2.5.4.44", "generationQualifier"),
    ("2.5.4.45", "x500UniqueIdentifier"),
    ("2.5.4.46", "dnQualifier"),
    ("2.5.4.65", "pseudonym"),
    ("2.5.4.97", "organizationIdentifier"),
];

const SIGNATURES: &[(&str, &str)] = &[
    ("1.2.840.10040.4.3", "DSA-SHA1"),
    ("1.2.840.10045.4.1", "ecdsa-with-SHA1"),
    ("1.2.840.10045.4.3.1", "ecdsa-with-SHA224"),
    ("1.2.840.10045.4.3.2", "ecdsa-with-SHA256"),
    ("1.2.840.10045.4.3.3", "ecdsa-with-SHA384"),
    ("1.2.840.10045.4.3.4", "ecdsa-with-SHA512"),
    ("1.2.840.113549.1.1.4", "RSA-MD5"),
    ("1.2.840.113549.1.1.5", "RSA-SHA1"),
    ("1.2.840.113549.1.1.10", "RSASSA-PSS"),
    ("1.2.840.113549.1.1.11", "RSA-SHA256"),
    ("1.2.840.113549.1.1.12", "RSA-SHA384"),
    ("1.2.840.113549.1.1.13", "RSA-SHA512"),
    ("1.2.840.113549.1.1.14", "RSA-SHA224"),
    ("1.3.101.112", "ED25519"),
    ("1.3.101.113", "ED448"),
    ("2.16.840.1.101.3.4.3.1", "dsa_with_SHA224"),
    ("2.16.840.1.101.3.4.3.2", "dsa_with_SHA256"),
];

#[cfg(test)]
mod tests {
    use super::{date, pem};

    #[test]
    fn dates_are_written_as_openssl_writes_them() {
        assert_eq!(date(0), "Jan  1 00:00:00 1970 GMT");
        assert_eq!(date(951_782_400), "Feb 29 00:00:00 2000 GMT");
        assert_eq!(date(1_577_836_799), "Dec 31 23:59:59 2019 GMT");
        assert_eq!(date(4_107_542_399), "Feb 28 23:59:59 2100 GMT");
        assert_eq!(date(-1), "Dec 31 23:59:59 1969 GMT");
    }

    #[test]
    fn pem_has_lines_of_64() {
        let text = pem("X", &[0; 49]);
        assert_eq!(
            String::from_utf8_lossy(&text),
            format!("-----BEGIN X-----\n{}\nAA==\n-----END X-----\n", "A".repeat(64))
        );
    }
}
