//! The interface of the two backends. Each makes contexts ([`BackendContext`]) and connections ([`Stream`]) with the
//! same methods. The `openssl` crate is used where OpenSSL is the system's TLS library, native-tls elsewhere.

#[cfg(not(tls_openssl))]
pub use super::native::{BackendContext, COMPLETE, NAME, Stream, curve_names};
#[cfg(tls_openssl)]
pub use super::openssl::{BackendContext, COMPLETE, NAME, Stream, curve_names};

use super::verification::Extras;
use crate::binding::Message;
use crate::socket::error::Failure;
use rustix::io::Errno;

/// A TLSA record: usage, selector and matching type, and the data.
pub type Tlsa = ([u8; 3], Vec<u8>);

/// The key of sessions to resume: the server, as far as the TLS library verifies it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Origin {
    /// The name that was verified.
    pub name: String,
    /// The port that was connected to.
    pub port: u16,
}

/// The data about the peer before the handshake. The backend native-tls uses only the name.
#[derive(Default)]
#[cfg_attr(not(tls_openssl), allow(dead_code))]
pub struct Peer<'a> {
    /// The name to send.
    pub name: Option<&'a str>,
    /// Whether the certificate must match that name.
    pub verify_name: bool,
    /// The changes by `verifyext`.
    pub extras: Extras,
    /// The key of the sessions to resume.
    pub origin: Option<Origin>,
    /// The name whose TLSA records verify the peer, and the records.
    pub dane: Option<(&'a str, &'a [Tlsa])>,
}

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
pub enum StreamError {
    /// It waits for the direction in which the descriptor last blocked.
    WouldBlock,
    /// It failed.
    Failed(Failure),
}

impl From<Errno> for StreamError {
    fn from(error: Errno) -> Self {
        StreamError::Failed(error.into())
    }
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
