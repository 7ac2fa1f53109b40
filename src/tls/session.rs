//! One TLS session: its handshake, and its bytes.

use std::collections::HashMap;
use std::io::{ErrorKind, Write};
use std::net::{Ipv6Addr, SocketAddr};
use std::rc::Rc;
use std::sync::Arc;

use super::adapter::{Adapter, RawSocket};
use super::authorities;
use super::backend::{Origin, Peer, Step, Stream, StreamError, Tlsa};
use super::context::Context;
use super::hello::{Parsed, Reader};
use super::verification::Extras;
use crate::binding::Message;
use crate::socket::error::{Direction, Failure};
use crate::socket::stream::Stop;
use crate::sys::libc;

/// The most bytes decrypted at once: one record.
const RECORD: usize = 16384;

/// Alerts of RFC 5246, 7.2, and RFC 6066, 3.
const HANDSHAKE_FAILURE: u8 = 40;
const ILLEGAL_PARAMETER: u8 = 47;
const UNRECOGNIZED_NAME: u8 = 112;

/// The progress of a session.
pub(super) enum State {
    /// Before the handshake.
    Fresh,
    /// In the handshake.
    Handshaking(Stream),
    /// After the handshake.
    Established(Stream),
    /// The handshake failed.
    Failed(Failure),
}

/// A TLS session from its creation until it is closed.
pub struct Session {
    pub(super) context: Arc<Context>,
    pub(super) host: Option<String>,
    pub(super) name: Option<String>,
    /// Whether `set_name` was called with an invalid name.
    pub(super) invalid_name: bool,
    pub(super) extras: Extras,
    pub(super) contexts: HashMap<String, (Arc<Context>, Extras)>,
    pub(super) strict: bool,
    pub(super) hello: Option<Reader>,
    pub(super) origin: Option<Origin>,
    /// The port at the peer, if the descriptor is connected to a proxy.
    pub(super) port: Option<u16>,
    pub(super) dane_name: Option<String>,
    pub(super) tlsa: Vec<Tlsa>,
    pub(super) socket: Rc<RawSocket>,
    pub(super) state: State,
    pub(super) detail: Option<Message>,
    pub(super) read_failure: Option<Failure>,
    pub(super) write_failure: Option<Failure>,
}

impl Session {
    /// A session before its handshake. `host` is the name to send and to verify, regardless of `set_name`.
    pub(super) fn new(
        context: Arc<Context>,
        extras: Extras,
        host: Option<String>,
        socket: Rc<RawSocket>,
    ) -> Self {
        let server = context.settings.server;
        Session {
            context,
            host,
            name: None,
            invalid_name: false,
            extras,
            contexts: HashMap::new(),
            strict: false,
            hello: server.then(Reader::of_client),
            origin: None,
            port: None,
            dane_name: None,
            tlsa: Vec::new(),
            socket,
            state: State::Fresh,
            detail: None,
            read_failure: None,
            write_failure: None,
        }
    }

    /// Continues the handshake as far as possible. Returns None when done, else the direction to wait for.
    pub fn advance(&mut self) -> Result<Option<Direction>, Failure> {
        self.socket.begin();
        let begun = match std::mem::replace(&mut self.state, State::Failed(Failure::Closed)) {
            State::Established(stream) => {
                self.state = State::Established(stream);
                return Ok(None);
            }
            State::Handshaking(stream) => Ok(Some(stream)),
            State::Failed(failure) => Err(failure),
            State::Fresh if self.context.settings.server => self.begin_server(),
            State::Fresh => self.begin_client().map(Some),
        };
        let failure = match begun {
            Ok(None) => {
                self.state = State::Fresh;
                return Ok(Some(self.socket.blocked()));
            }
            Ok(Some(mut stream)) => match stream.handshake() {
                Step::Done => {
                    self.socket.release();
                    self.socket.enable_read_ahead();
                    self.state = State::Established(stream);
                    return Ok(None);
                }
                Step::WouldBlock => {
                    self.state = State::Handshaking(stream);
                    return Ok(Some(self.socket.blocked()));
                }
                Step::Failed(failure, detail) => {
                    self.detail = detail.map(|detail| self.explain(detail));
                    failure
                }
            },
            Err(failure) => failure,
        };
        self.state = State::Failed(failure);
        Err(failure)
    }

    /// Replaces the detail by advice if a certificate was refused because the system has no trusted
    /// authorities.
    fn explain(&self, detail: Message) -> Message {
        if self.context.trusts_system() && authorities::system().is_empty() {
            return Message::new(
                "this system has no trusted authorities: install the package ca-certificates, or name a cafile",
            );
        }
        detail
    }

    fn begin_client(&mut self) -> Result<Stream, Failure> {
        if self.invalid_name {
            // An invalid name must not be treated as no name, which skips verification.
            return Err(Failure::Text("invalid host name"));
        }
        let settings = &self.context.settings;
        let name = self.host.as_deref().or(self.name.as_deref());
        // The certificate of a resumed session is not verified again, so it must be of the same name.
        if self.origin.as_ref().is_some_and(|origin| name != Some(&*origin.name)) {
            self.origin = None;
        }
        if self.origin.is_none()
            && settings.resume
            && let Some(name) = name
            && let Some(port) = self.port.or_else(|| self.socket.peer().map(|peer: SocketAddr| peer.port()))
        {
            self.origin = Some(Origin { name: name.to_owned(), port });
        }
        let dane_name = self.dane_name.as_deref();
        let peer = Peer {
            name: name.or(dane_name),
            verify_name: settings.verify_host,
            extras: self.extras,
            // A session made under other `verifyext` flags was verified differently.
            origin: self.origin.clone().filter(|_| self.extras == Extras::default()),
            dane: dane_name.map(|name| (name, &*self.tlsa)),
        };
        self.context.backend.client(settings, &peer, self.socket.clone())
    }

    /// Starts once the ClientHello has arrived, because its name selects the context.
    fn begin_server(&mut self) -> Result<Option<Stream>, Failure> {
        if let Some(reader) = &mut self.hello {
            let hello =
                self.socket.peek(|bytes| match reader.name(bytes.get(reader.seen()..).unwrap_or_default()) {
                    Parsed::Incomplete => None,
                    Parsed::Invalid => Some(None),
                    Parsed::Message(name) => Some(name),
                });
            match hello {
                Ok(name) => self.name = name,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(None),
                Err(_) => return Err(self.socket.broken().unwrap_or(Failure::Truncated)),
            }
            if reader.is_too_long() {
                self.refuse(ILLEGAL_PARAMETER);
                return Err(Failure::Text("excessive message size"));
            }
            self.hello = None;
        }
        if let Some(name) = &self.name {
            if let Some((context, extras)) = self.contexts.get(name) {
                self.context = context.clone();
                self.extras = *extras;
            } else if self.strict {
                self.refuse(UNRECOGNIZED_NAME);
                return Err(Failure::Text("callback failed"));
            }
        }
        let stream = self.context.backend.server(&self.context.settings, self.extras, self.socket.clone())?;
        if stream.is_none() {
            self.refuse(HANDSHAKE_FAILURE);
            return Err(Failure::Text("no shared cipher"));
        }
        Ok(stream)
    }

    /// Sends a fatal alert.
    fn refuse(&self, alert: u8) {
        // The alert is small and is the first data sent: it is sent whole, or the connection is lost anyway.
        let _ = Adapter(self.socket.clone()).write(&[21, 3, 3, 0, 2, 2, alert]);
    }

    /// Decrypts at most `limit` bytes and appends them.
    pub(super) fn read(&mut self, into: &mut Vec<u8>, limit: usize) -> Result<usize, Stop> {
        let State::Established(stream) = &mut self.state else { return Err(Stop::Failed(Failure::Closed)) };
        if let Some(failure) = self.read_failure {
            return Err(Stop::Failed(failure));
        }
        self.socket.begin();
        let result = stream.read(into, limit.min(RECORD));
        if self.socket.release() && result.is_ok() {
            stream.free_buffers();
        }
        let failure = match result {
            Ok(0) => Failure::Closed,
            Ok(count) => return Ok(count),
            Err(StreamError::Failed(failure @ Failure::Errno(libc::ENOMEM))) => {
                return Err(Stop::Failed(failure));
            }
            Err(StreamError::WouldBlock) => return Err(Stop::WouldBlock(self.socket.blocked())),
            Err(StreamError::Failed(Failure::Truncated)) if self.context.settings.ignore_eof => {
                Failure::Closed
            }
            Err(StreamError::Failed(failure)) => failure,
        };
        self.read_failure = Some(failure);
        Err(Stop::Failed(failure))
    }

    /// Encrypts and sends some of the bytes.
    pub(super) fn write(&mut self, data: &[u8]) -> Result<usize, Stop> {
        let State::Established(stream) = &mut self.state else { return Err(Stop::Failed(Failure::Closed)) };
        if let Some(failure) = self.write_failure {
            return Err(Stop::Failed(failure));
        }
        self.socket.begin();
        let failure = match stream.write(data) {
            Ok(count) => return Ok(count),
            Err(StreamError::WouldBlock) => return Err(Stop::WouldBlock(self.socket.blocked())),
            Err(StreamError::Failed(Failure::Truncated | Failure::Errno(libc::EPIPE))) => Failure::Closed,
            Err(StreamError::Failed(failure)) => failure,
        };
        // Later writes must return the same failure. OpenSSL reports a "bad length" for a next write that is
        // shorter.
        if matches!(failure, Failure::Closed | Failure::Errno(_)) {
            self.write_failure = Some(failure);
        }
        Err(Stop::Failed(failure))
    }
}

/// A host name as in certificates and the ClientHello: without the final dot of a fully qualified name, an
/// address without brackets and zone, an international name in ASCII.
pub fn host_name(name: &[u8]) -> Option<String> {
    let name = std::str::from_utf8(name).ok()?;
    if !name.is_ascii() {
        return crate::idna::convert(name.as_bytes());
    }
    let bare = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(name);
    // The zone of an address has no meaning for the peer (RFC 4007, 6).
    let address = bare.split('%').next().unwrap_or(bare);
    if address.parse::<Ipv6Addr>().is_ok() {
        return Some(address.to_owned());
    }
    let name = name.strip_suffix('.').unwrap_or(name);
    // OpenSSL would match any subdomain if the name began with a dot.
    (!name.is_empty() && !name.starts_with('.') && !name.contains('\0')).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::host_name;

    #[test]
    fn hosts_are_written_as_certificates_write_them() {
        let written = |name: &str| host_name(name.as_bytes());
        assert_eq!(written("localhost.").as_deref(), Some("localhost"));
        assert_eq!(written("[::1]").as_deref(), Some("::1"));
        assert_eq!(written("fe80::1%eth0").as_deref(), Some("fe80::1"));
        assert_eq!(written("[fe80::1%2]").as_deref(), Some("fe80::1"));
        assert_eq!(written("bücher.example").as_deref(), Some("xn--bcher-kva.example"));
        assert_eq!(written(""), None);
        assert_eq!(written(".tls.test"), None);
        assert_eq!(written("a\0b"), None);
    }
}
