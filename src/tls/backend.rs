//! The interface of the two backends. Each makes contexts ([`Maker`]) and connections ([`Stream`]) with the
//! same methods. The `openssl` crate is used where OpenSSL is the system's TLS library, native-tls elsewhere.

#[cfg(not(tls_openssl))]
pub use super::native::{COMPLETE, Maker, NAME, Origin, Peer, Stream, curve_names};
#[cfg(tls_openssl)]
pub use super::openssl::{COMPLETE, Maker, NAME, Origin, Peer, Stream, curve_names};

use crate::binding::Message;
use crate::socket::error::Failure;

/// A TLSA record: usage, selector and matching type, and the data.
pub type Tlsa = ([u8; 3], Vec<u8>);

/// The outcome of one step of a handshake.
#[allow(clippy::large_enum_variant)] // it lives for one match
pub enum Step {
    /// The handshake is done.
    Done,
    /// It waits for the direction in which the descriptor last blocked.
    WouldBlock,
    /// The handshake failed. The message says why a certificate was refused, if that was the cause.
    Failed(Failure, Option<Message>),
}

/// Why a read or a write transferred nothing.
pub enum Broken {
    /// It waits for the direction in which the descriptor last blocked.
    WouldBlock,
    /// It failed.
    Failed(Failure),
}

/// Version and cipher of a connection, as OpenSSL names them.
#[derive(Default)]
pub struct Info {
    /// `TLSv1.3`
    pub protocol: String,
    /// `TLS_AES_256_GCM_SHA384`. This and the other fields are empty if unknown.
    pub cipher: String,
    /// The secret bits of the key.
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
