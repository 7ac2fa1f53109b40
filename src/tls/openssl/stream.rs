//! A connection of OpenSSL.

use std::mem::MaybeUninit;
use std::sync::{Arc, Mutex};

use openssl::ssl::{ErrorCode, SslStream};
use openssl::x509::X509VerifyResult;

use super::super::adapter::Adapter;
use super::super::backend::{Info, Step, StreamError};
use super::super::verification::Verification;
use super::errors;
use crate::binding::Message;
use crate::sys;
use crate::sys::openssl::{forget_errors, free_buffers};

/// The errors of refused certificates, with their depth in the chain, where the handshake goes on.
pub type Refusals = Arc<Mutex<Vec<(u32, String)>>>;

/// One connection.
pub struct Stream {
    inner: SslStream<Adapter>,
    server: bool,
    refusals: Option<Refusals>,
}

impl Stream {
    /// A connection before its handshake.
    pub(super) fn new(inner: SslStream<Adapter>, server: bool, refusals: Option<Refusals>) -> Self {
        Stream { inner, server, refusals }
    }

    /// Continues the handshake as far as possible without blocking.
    pub fn handshake(&mut self) -> Step {
        forget_errors();
        let result = if self.server { self.inner.accept() } else { self.inner.connect() };
        let Err(error) = result else { return Step::Done };
        if matches!(error.code(), ErrorCode::WANT_READ | ErrorCode::WANT_WRITE) {
            return Step::WouldBlock;
        }
        let failure = errors::failure(&error, &self.inner.get_ref().0);
        let result = self.inner.ssl().verify_result();
        let refused = failure == crate::socket::error::Failure::Untrusted && result != X509VerifyResult::OK;
        Step::Failed(failure, refused.then(|| Message::new(result.error_string())))
    }

    /// Decrypts some bytes, at most `limit`, and appends them. 0 means an orderly end.
    pub fn read(&mut self, into: &mut Vec<u8>, limit: usize) -> Result<usize, StreamError> {
        sys::append(into, limit, |space| self.read_into(space))
    }

    fn read_into(&mut self, space: &mut [MaybeUninit<u8>]) -> Result<usize, StreamError> {
        loop {
            forget_errors();
            let error = match self.inner.ssl_read_uninit(space) {
                Ok(count) => return Ok(count),
                Err(error) => error,
            };
            match error.code() {
                ErrorCode::ZERO_RETURN => return Ok(0),
                // OpenSSL processed a record without application data, such as a session ticket.
                ErrorCode::WANT_READ if error.io_error().is_none() => {}
                ErrorCode::WANT_READ | ErrorCode::WANT_WRITE => return Err(StreamError::WouldBlock),
                _ => return Err(StreamError::Failed(errors::failure(&error, &self.inner.get_ref().0))),
            }
        }
    }

    /// Frees the buffers. Only after a successful read.
    pub fn free_buffers(&mut self) {
        free_buffers(self.inner.ssl());
    }

    /// Encrypts and sends some bytes.
    pub fn write(&mut self, data: &[u8]) -> Result<usize, StreamError> {
        loop {
            forget_errors();
            let error = match self.inner.ssl_write(data) {
                Ok(count) => return Ok(count),
                Err(error) => error,
            };
            match error.code() {
                ErrorCode::WANT_READ if error.io_error().is_none() => {}
                ErrorCode::WANT_READ | ErrorCode::WANT_WRITE => return Err(StreamError::WouldBlock),
                _ => return Err(StreamError::Failed(errors::failure(&error, &self.inner.get_ref().0))),
            }
        }
    }

    /// Sends close_notify.
    pub fn send_close_notify(&mut self) -> Result<(), StreamError> {
        forget_errors();
        match self.inner.shutdown() {
            Ok(_) => Ok(()),
            Err(error) if matches!(error.code(), ErrorCode::WANT_READ | ErrorCode::WANT_WRITE) => {
                Err(StreamError::WouldBlock)
            }
            Err(error) => Err(StreamError::Failed(errors::failure(&error, &self.inner.get_ref().0))),
        }
    }

    /// The number of decrypted bytes not read yet.
    pub fn pending(&self) -> usize {
        self.inner.ssl().pending()
    }

    /// The negotiated protocol (ALPN).
    pub fn alpn(&self) -> Option<Vec<u8>> {
        self.inner.ssl().selected_alpn_protocol().map(<[u8]>::to_vec)
    }

    /// The n-th certificate, from 0, that the peer sent.
    pub fn peer_certificate(&self, n: usize) -> Option<Vec<u8>> {
        let ssl = self.inner.ssl();
        // On a server, OpenSSL's chain does not include the client's own certificate.
        let position = if self.server {
            if n == 0 {
                return ssl.peer_certificate()?.to_der().ok();
            }
            n - 1
        } else {
            n
        };
        ssl.peer_cert_chain()?.get(position)?.to_der().ok()
    }

    /// The n-th certificate, from 0, that this side presented.
    pub fn own_certificate(&self, n: usize, chains: &[Vec<Vec<u8>>]) -> Option<Vec<u8>> {
        let leaf = self.inner.ssl().certificate()?.to_der().ok()?;
        let chain = chains.iter().find(|chain| chain.first() == Some(&leaf));
        chain.and_then(|chain| chain.get(n)).cloned().or_else(|| (n == 0).then_some(leaf))
    }

    /// The outcome of verifying the peer.
    pub fn verification(&self) -> Verification {
        let ssl = self.inner.ssl();
        if let Some(refusals) = &self.refusals {
            let listed = sys::lock(refusals);
            if !listed.is_empty() {
                return Verification::Listed(listed.clone());
            }
        }
        let result = ssl.verify_result();
        if result != X509VerifyResult::OK {
            return Verification::Refused(result.error_string().to_owned());
        }
        // OpenSSL reports success also when no certificate was sent. A pre-shared key proves the peer too.
        if ssl.peer_certificate().is_none() { Verification::Skipped } else { Verification::Trusted }
    }

    /// Version and cipher.
    pub fn info(&self) -> Option<Info> {
        let ssl = self.inner.ssl();
        let cipher = ssl.current_cipher()?;
        let description = cipher.description();
        let part = |name: &str| {
            let parts = description.split_ascii_whitespace();
            parts.filter_map(|part| part.strip_prefix(name)).next().unwrap_or_default().to_owned()
        };
        let bits = cipher.bits();
        Some(Info {
            protocol: ssl.version_str().to_owned(),
            cipher: cipher.name().to_owned(),
            bits: f64::from(bits.secret),
            algorithm_bits: f64::from(bits.algorithm),
            key: part("Kx="),
            authentication: part("Au="),
            encryption: part("Enc="),
            mac: part("Mac="),
        })
    }

    /// The latest Finished message of this side.
    pub fn finished(&self) -> Option<Vec<u8>> {
        message(|space| self.inner.ssl().finished(space))
    }

    /// The latest Finished message of the peer.
    pub fn peer_finished(&self) -> Option<Vec<u8>> {
        message(|space| self.inner.ssl().peer_finished(space))
    }

    /// Key material that both sides can derive (RFC 5705).
    pub fn export(&self, label: &str, length: usize, context: Option<&[u8]>) -> Result<Vec<u8>, Message> {
        let mut out = Vec::new();
        out.try_reserve_exact(length).map_err(|_| Message::new("not enough memory"))?;
        out.resize(length, 0);
        let exported = self.inner.ssl().export_keying_material(&mut out, label, context);
        exported.map_err(|stack| errors::reason(&stack))?;
        Ok(out)
    }

    /// Whether a session was resumed.
    pub fn is_resumed(&self) -> bool {
        self.inner.ssl().session_reused()
    }
}

fn message(get: impl Fn(&mut [u8]) -> usize) -> Option<Vec<u8>> {
    const LONGEST: usize = 128;
    let mut space = [0; LONGEST];
    let length = get(&mut space).min(LONGEST);
    if length == 0 { None } else { space.get(..length).map(<[u8]>::to_vec) }
}
