//! Properties of the TLS parsers that hold for any bytes, for `fuzz/`.

use super::{hello, x509};

/// Reads a ClientHello whole and byte by byte.
pub fn client_hello(data: &[u8]) {
    let whole = hello::Reader::of_client().name(data);
    let mut reader = hello::Reader::of_client();
    let mut last = hello::Parsed::Incomplete;
    for byte in data {
        last = reader.name(std::slice::from_ref(byte));
        if last != hello::Parsed::Incomplete {
            break;
        }
    }
    assert_eq!(last, whole, "a hello in pieces");
}

/// Reads every field of a certificate.
pub fn certificate(data: &[u8]) {
    x509::read(data, |certificate| {
        for utf8 in [true, false] {
            let _ = x509::attributes(certificate.subject(), utf8);
            let _ = x509::attributes(certificate.issuer(), utf8);
        }
        let _ = x509::alternative_names(certificate);
        let _ = (x509::serial(certificate), x509::key_kind(certificate), x509::signature_name(certificate));
        let _ = x509::date(certificate.validity().not_before.timestamp());
    });
    assert!(x509::pem("CERTIFICATE", data).is_ascii());
}
