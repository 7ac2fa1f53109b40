//! Cipher suites by number, as OpenSSL names them.

use super::backend::Info;
use super::hello::ServerHello;

struct Suite {
    number: u16,
    name: &'static str,
    key: &'static str,
    authentication: &'static str,
    encryption: &'static str,
    bits: u16,
    mac: &'static str,
}

const fn suite(
    number: u16,
    name: &'static str,
    [key, authentication, encryption, mac]: [&'static str; 4],
    bits: u16,
) -> Suite {
    Suite { number, name, key, authentication, encryption, bits, mac }
}

/// The suites in use. For any other suite, `info` reports only the protocol.
#[rustfmt::skip]
const SUITES: &[Suite] = &[
    suite(0x002f, "AES128-SHA", ["RSA", "RSA", "AES", "SHA1"], 128),
    suite(0x0033, "DHE-RSA-AES128-SHA", ["DH", "RSA", "AES", "SHA1"], 128),
    suite(0x0035, "AES256-SHA", ["RSA", "RSA", "AES", "SHA1"], 256),
    suite(0x0039, "DHE-RSA-AES256-SHA", ["DH", "RSA", "AES", "SHA1"], 256),
    suite(0x003c, "AES128-SHA256", ["RSA", "RSA", "AES", "SHA256"], 128),
    suite(0x003d, "AES256-SHA256", ["RSA", "RSA", "AES", "SHA256"], 256),
    suite(0x0067, "DHE-RSA-AES128-SHA256", ["DH", "RSA", "AES", "SHA256"], 128),
    suite(0x006b, "DHE-RSA-AES256-SHA256", ["DH", "RSA", "AES", "SHA256"], 256),
    suite(0x009c, "AES128-GCM-SHA256", ["RSA", "RSA", "AESGCM", "AEAD"], 128),
    suite(0x009d, "AES256-GCM-SHA384", ["RSA", "RSA", "AESGCM", "AEAD"], 256),
    suite(0x009e, "DHE-RSA-AES128-GCM-SHA256", ["DH", "RSA", "AESGCM", "AEAD"], 128),
    suite(0x009f, "DHE-RSA-AES256-GCM-SHA384", ["DH", "RSA", "AESGCM", "AEAD"], 256),
    suite(0x1301, "TLS_AES_128_GCM_SHA256", ["any", "any", "AESGCM", "AEAD"], 128),
    suite(0x1302, "TLS_AES_256_GCM_SHA384", ["any", "any", "AESGCM", "AEAD"], 256),
    suite(0x1303, "TLS_CHACHA20_POLY1305_SHA256", ["any", "any", "CHACHA20/POLY1305", "AEAD"], 256),
    suite(0xc009, "ECDHE-ECDSA-AES128-SHA", ["ECDH", "ECDSA", "AES", "SHA1"], 128),
    suite(0xc00a, "ECDHE-ECDSA-AES256-SHA", ["ECDH", "ECDSA", "AES", "SHA1"], 256),
    suite(0xc013, "ECDHE-RSA-AES128-SHA", ["ECDH", "RSA", "AES", "SHA1"], 128),
    suite(0xc014, "ECDHE-RSA-AES256-SHA", ["ECDH", "RSA", "AES", "SHA1"], 256),
    suite(0xc023, "ECDHE-ECDSA-AES128-SHA256", ["ECDH", "ECDSA", "AES", "SHA256"], 128),
    suite(0xc024, "ECDHE-ECDSA-AES256-SHA384", ["ECDH", "ECDSA", "AES", "SHA384"], 256),
    suite(0xc027, "ECDHE-RSA-AES128-SHA256", ["ECDH", "RSA", "AES", "SHA256"], 128),
    suite(0xc028, "ECDHE-RSA-AES256-SHA384", ["ECDH", "RSA", "AES", "SHA384"], 256),
    suite(0xc02b, "ECDHE-ECDSA-AES128-GCM-SHA256", ["ECDH", "ECDSA", "AESGCM", "AEAD"], 128),
    suite(0xc02c, "ECDHE-ECDSA-AES256-GCM-SHA384", ["ECDH", "ECDSA", "AESGCM", "AEAD"], 256),
    suite(0xc02f, "ECDHE-RSA-AES128-GCM-SHA256", ["ECDH", "RSA", "AESGCM", "AEAD"], 128),
    suite(0xc030, "ECDHE-RSA-AES256-GCM-SHA384", ["ECDH", "RSA", "AESGCM", "AEAD"], 256),
    suite(0xcca8, "ECDHE-RSA-CHACHA20-POLY1305", ["ECDH", "RSA", "CHACHA20/POLY1305", "AEAD"], 256),
    suite(0xcca9, "ECDHE-ECDSA-CHACHA20-POLY1305", ["ECDH", "ECDSA", "CHACHA20/POLY1305", "AEAD"], 256),
    suite(0xccaa, "DHE-RSA-CHACHA20-POLY1305", ["DH", "RSA", "CHACHA20/POLY1305", "AEAD"], 256),
];

/// Version and cipher from a ServerHello.
pub fn info(hello: ServerHello) -> Info {
    let protocol = match hello.version {
        0x0301 => "TLSv1",
        0x0302 => "TLSv1.1",
        0x0303 => "TLSv1.2",
        0x0304 => "TLSv1.3",
        _ => "",
    };
    let mut info = Info { protocol: protocol.to_owned(), ..Info::default() };
    if let Some(suite) = SUITES.iter().find(|suite| suite.number == hello.cipher) {
        info.cipher = suite.name.to_owned();
        info.bits = suite.bits.into();
        info.algorithm_bits = suite.bits.into();
        info.key = suite.key.to_owned();
        info.authentication = suite.authentication.to_owned();
        info.encryption = format!("{}({})", suite.encryption, suite.bits);
        info.mac = suite.mac.to_owned();
    }
    info
}
