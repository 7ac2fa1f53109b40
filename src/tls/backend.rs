//! The wall in front of the two backends: each makes contexts ([`Maker`]) and connections ([`Stream`]) with the same
//! methods. Where OpenSSL is the system's TLS library its crate is used, elsewhere native-tls.

#[cfg(not(tls_openssl))]
pub use super::native::{COMPLETE, Maker, NAME, Origin, Peer, Stream, curve_names};
#[cfg(tls_openssl)]
pub use super::openssl::{COMPLETE, Maker, NAME, Origin, Peer, Stream, curve_names};

use crate::binding::Message;
use crate::socket::error::Failure;

/// A TLSA record: usage, selector and matching type, and the data.
pub type Tlsa = ([u8; 3], Vec<u8>);

/// The outcome of a step of a handshake.
#[allow(clippy::large_enum_variant)] // it lives for one match
pub enum Step {
    /// It is done.
    Done,
    /// It needs the direction in which the descriptor blocked last.
    WouldBlock,
    /// It failed; and why a certificate was refused, if that was it.
    Failed(Failure, Option<Message>),
}

/// Why a read or a write did nothing.
pub enum Broken {
    /// It needs the direction in which the descriptor blocked last.
    WouldBlock,
    /// It failed.
    Failed(Failure),
}

/// Version and cipher of a connection, in OpenSSL's words.
#[derive(Default)]
pub struct Info {
    /// `TLSv1.3`
    pub protocol: String,
    /// `TLS_AES_256_GCM_SHA384`; empty when it is not known, as are the others.
    pub cipher: String,
    /// The bits of the key that are secret.
    pub bits: f64,
    /// All bits of the key.
    pub algorithm_bits: f64,
    /// `ECDH`, `any`
    pub key: String,
    /// `RSA`, `any`
    pub authentication: String,
    /// `AESGCM(256)`
    pub encryption: String,
    /// `AEAD`
    pub mac: String,
}
