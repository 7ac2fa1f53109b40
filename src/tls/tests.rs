//! Data from a peer never causes a panic: certificates and the two hello messages.

use proptest::prelude::*;

use super::hello::{Parsed, ServerHello, client_hello, server_hello};
use super::x509;

/// A certificate with every type of name that is read.
const RICH: &str = include_str!("tests/rich.pem");

fn rich() -> Vec<u8> {
    let body: String = RICH.lines().filter(|line| !line.starts_with('-')).collect();
    base64_simd::STANDARD.decode_to_vec(body).unwrap_or_default()
}

/// First messages of real clients and servers, in hexadecimal. Before each, the expected content: the server
/// name or `-`; version and cipher.
const HELLOS: &str = include_str!("tests/hellos.txt");

fn hellos() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    HELLOS
        .lines()
        .filter_map(|line| {
            let (side, rest) = line.split_once(' ')?;
            let (said, digits) = rest.split_once(' ')?;
            let pairs = (0..digits.len()).step_by(2).filter_map(|at| digits.get(at..at + 2));
            let bytes = pairs.map(|pair| u8::from_str_radix(pair, 16)).collect::<Result<_, _>>().ok()?;
            Some((side, said, bytes))
        })
        .collect()
}

/// The content of a message, written as in the corpus.
fn said(side: &str, stream: &[u8]) -> Parsed<String> {
    fn put<T>(parsed: Parsed<T>, words: impl FnOnce(T) -> String) -> Parsed<String> {
        match parsed {
            Parsed::Incomplete => Parsed::Incomplete,
            Parsed::Invalid => Parsed::Invalid,
            Parsed::Message(message) => Parsed::Message(words(message)),
        }
    }
    match side {
        "client" => put(client_hello(stream), |name| name.unwrap_or_else(|| "-".to_owned())),
        _ => put(server_hello(stream), |hello| format!("{:04x}:{:04x}", hello.version, hello.cipher)),
    }
}

/// Reads every field that certificate objects report. Returns the number of names.
fn examine(der: &[u8]) -> Option<usize> {
    x509::read(der, |certificate| {
        let names = x509::attributes(certificate.subject(), true).len()
            + x509::attributes(certificate.issuer(), false).len();
        let _ = (x509::serial(certificate), x509::key_kind(certificate), x509::signature_name(certificate));
        let _ = x509::date(certificate.validity().not_before.timestamp());
        let _ = x509::date(certificate.validity().not_after.timestamp());
        let alternative = x509::alternative_names(certificate).unwrap_or_default();
        names + alternative.plain.iter().map(Vec::len).sum::<usize>() + alternative.other.len()
    })
}

/// A handshake message in records of at most `size` bytes.
fn records(message: &[u8], size: usize) -> Vec<u8> {
    message
        .chunks(size.max(1))
        .flat_map(|part| {
            let length = u16::try_from(part.len()).unwrap_or_default().to_be_bytes();
            [[22, 3, 3].as_slice(), &length, part].concat()
        })
        .collect()
}

#[test]
fn the_whole_certificate_is_read() {
    assert!(examine(&rich()).is_some_and(|names| names >= 8));
}

#[test]
fn every_part_of_a_certificate_is_refused() {
    let der = rich();
    for length in 0..der.len() {
        assert_eq!(examine(der.get(..length).unwrap_or_default()), None, "{length} bytes");
    }
}

#[test]
fn every_byte_of_a_certificate_may_be_any_other() {
    let mut der = rich();
    for position in 0..der.len() {
        let Some(original) = der.get(position).copied() else { continue };
        for value in 0..=255 {
            if let Some(byte) = der.get_mut(position) {
                *byte = value;
            }
            examine(&der);
        }
        if let Some(byte) = der.get_mut(position) {
            *byte = original;
        }
    }
}

#[test]
fn the_hellos_of_the_corpus_and_every_part_of_them() {
    let hellos = hellos();
    assert!(hellos.len() >= 16);
    for (side, words, stream) in hellos {
        assert_eq!(said(side, &stream), Parsed::Message(words.to_owned()));
        let other = if side == "client" { "server" } else { "client" };
        assert_eq!(said(other, &stream), Parsed::Invalid, "{side} {words}");
        for length in 0..stream.len() {
            assert_eq!(said(side, stream.get(..length).unwrap_or_default()), Parsed::Incomplete, "{length}");
        }
    }
}

#[test]
fn every_byte_of_a_hello_may_be_any_other() {
    for (side, _, mut stream) in hellos() {
        for position in 0..stream.len() {
            let Some(original) = stream.get(position).copied() else { continue };
            for value in 0..=255 {
                if let Some(byte) = stream.get_mut(position) {
                    *byte = value;
                }
                said(side, &stream);
            }
            if let Some(byte) = stream.get_mut(position) {
                *byte = original;
            }
        }
    }
}

/// Inserts, removes, replaces and truncates bytes.
fn damage(bytes: &mut Vec<u8>, changes: Vec<(u16, u8, u8)>) {
    for (place, value, kind) in changes {
        let place = usize::from(place) % bytes.len().max(1);
        match kind {
            0 => bytes.insert(place, value),
            1 if !bytes.is_empty() => {
                bytes.remove(place);
            }
            2 => bytes.truncate(place.max(1)),
            _ => {
                if let Some(byte) = bytes.get_mut(place) {
                    *byte = value;
                }
            }
        }
    }
}

fn changes() -> impl Strategy<Value = Vec<(u16, u8, u8)>> {
    proptest::collection::vec((any::<u16>(), any::<u8>(), 0..4_u8), 1..12)
}

proptest! {
    #[test]
    fn any_bytes_are_no_certificate(der in proptest::collection::vec(any::<u8>(), 0..2000)) {
        examine(&der);
    }

    #[test]
    fn a_damaged_certificate(changes in changes()) {
        let mut der = rich();
        damage(&mut der, changes);
        examine(&der);
    }

    #[test]
    fn a_damaged_hello((side, _, stream) in proptest::sample::select(hellos()), changes in changes()) {
        let mut stream = stream;
        damage(&mut stream, changes);
        said(side, &stream);
    }

    #[test]
    fn any_date(timestamp in any::<i64>()) {
        prop_assert!(!x509::date(timestamp).is_empty());
    }

    #[test]
    fn any_bytes_as_a_hello(stream in proptest::collection::vec(any::<u8>(), 0..600)) {
        client_hello(&stream);
        server_hello(&stream);
    }

    #[test]
    fn any_body_of_a_hello(
        body in proptest::collection::vec(any::<u8>(), 0..300),
        kind in 1..=2_u8,
        size in 1..80_usize,
    ) {
        let message = [[kind, 0, 0, body.len() as u8].as_slice(), &body].concat();
        let stream = records(&message, size);
        client_hello(&stream);
        server_hello(&stream);
    }

    #[test]
    fn a_hello_is_the_same_in_any_records(
        name in "[a-z]{1,20}\\.test",
        session in proptest::collection::vec(any::<u8>(), 0..32),
        size in 1..80_usize,
        beyond in proptest::collection::vec(any::<u8>(), 0..20),
    ) {
        let block16 = |bytes: &[u8]| [&u16::try_from(bytes.len()).unwrap_or_default().to_be_bytes(), bytes].concat();
        let server_name = block16(&[[0].as_slice(), &block16(name.as_bytes())].concat());
        let extensions = [[0, 0].as_slice(), &block16(&server_name)].concat();
        let body = [
            [3, 3].as_slice(), &[7; 32], &[session.len() as u8], &session,
            &[0, 2, 0x13, 1], &[1, 0], &block16(&extensions),
        ].concat();
        let length = u16::try_from(body.len()).unwrap_or_default().to_be_bytes();
        let message = [[1, 0].as_slice(), &length, &body].concat();
        let whole = records(&message, size);
        let stream = [whole.as_slice(), &beyond].concat();
        prop_assert_eq!(client_hello(&stream), Parsed::Message(Some(name)));
        for length in 0..whole.len() {
            prop_assert_eq!(client_hello(stream.get(..length).unwrap_or_default()), Parsed::Incomplete);
        }
    }

    #[test]
    fn a_choice_is_the_same_in_any_records(
        (cipher, newer) in any::<(u16, bool)>(),
        session in proptest::collection::vec(any::<u8>(), 0..32),
        other in proptest::collection::vec(any::<u8>(), 0..20),
        size in 1..80_usize,
    ) {
        let block16 = |bytes: &[u8]| [&u16::try_from(bytes.len()).unwrap_or_default().to_be_bytes(), bytes].concat();
        let mut extensions = [[0, 23].as_slice(), &block16(&other)].concat();
        if newer {
            extensions.extend([0, 43, 0, 2, 3, 4]);
        }
        let body = [
            [3, 3].as_slice(), &[7; 32], &[session.len() as u8], &session,
            &cipher.to_be_bytes(), &[0], &block16(&extensions),
        ].concat();
        let length = u16::try_from(body.len()).unwrap_or_default().to_be_bytes();
        let whole = records(&[[2, 0].as_slice(), &length, &body].concat(), size);
        let version = if newer { 0x0304 } else { 0x0303 };
        prop_assert_eq!(server_hello(&whole), Parsed::Message(ServerHello { version, cipher }));
        prop_assert_eq!(client_hello(&whole), Parsed::Invalid);
        for length in 0..whole.len() {
            prop_assert_eq!(server_hello(whole.get(..length).unwrap_or_default()), Parsed::Incomplete);
        }
    }
}
