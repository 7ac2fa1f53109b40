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

/// At most this many bytes are decrypted at once: one record.
const RECORD: usize = 16384;

/// Alerts of RFC 5246, 7.2, and RFC 6066, 3.
const HANDSHAKE_FAILURE: u8 = 40;
const ILLEGAL_PARAMETER: u8 = 47;
const UNRECOGNIZED_NAME: u8 = 112;

/// The progress of a session.
pub(super) enum State {
    /// Before the handshake.
    Fresh(Box<Setup>),
    /// In the handshake.
    Handshaking(Stream),
    /// After the handshake.
    Established(Stream),
    /// The handshake failed.
    Failed,
}

/// The data that only the start of a handshake needs. It is freed then, because most connections are idle most of
/// the time and should take little memory.
#[derive(Default)]
pub(super) struct Setup {
    /// Whether `set_name` was called with an invalid name.
    pub(super) invalid_name: bool,
    /// A server's contexts, by name.
    pub(super) contexts: HashMap<String, (Arc<Context>, Extras)>,
    /// Whether a server refuses other names.
    pub(super) strict: bool,
    /// A server reads the ClientHello with this. It is `None` when the ClientHello has arrived.
    hello: Option<Reader>,
    /// The port at the peer, if the descriptor is connected to a proxy.
    pub(super) port: Option<u16>,
    pub(super) dane_name: Option<String>,
    pub(super) tlsa: Vec<Tlsa>,
}

/// The failures of a session, which later calls return again.
#[derive(Default)]
pub(super) struct Failures {
    handshake: Option<Failure>,
    /// Why the peer's certificate was refused.
    pub(super) detail: Option<Message>,
    pub(super) read: Option<Failure>,
    write: Option<Failure>,
}

/// A TLS session from its creation until it is closed.
pub struct Session {
    pub(super) context: Arc<Context>,
    pub(super) host: Option<Box<str>>,
    pub(super) name: Option<Box<str>>,
    pub(super) extras: Extras,
    pub(super) origin: Option<Origin>,
    pub(super) socket: Rc<RawSocket>,
    pub(super) state: State,
    /// This is `None` as long as nothing has failed.
    pub(super) failures: Option<Box<Failures>>,
}

impl Session {
    /// Creates a session before its handshake. `host` is the name to send and to verify, regardless of `set_name`.
    pub(super) fn new(
        context: Arc<Context>,
        extras: Extras,
        host: Option<String>,
        socket: Rc<RawSocket>,
    ) -> Self {
        let hello = context.settings.server.then(Reader::of_client);
        Session {
            context,
            host: host.map(String::into_boxed_str),
            name: None,
            extras,
            origin: None,
            socket,
            state: State::Fresh(Box::new(Setup { hello, ..Setup::default() })),
            failures: None,
        }
    }

    /// The data for a handshake that has not begun.
    pub(super) fn setup(&mut self) -> Option<&mut Setup> {
        match &mut self.state {
            State::Fresh(setup) => Some(setup),
            _ => None,
        }
    }

    fn failures(&mut self) -> &mut Failures {
        self.failures.get_or_insert_default()
    }

    /// Ends the handshake.
    pub(super) fn fail(&mut self, failure: Failure) {
        self.state = State::Failed;
        self.failures().handshake = Some(failure);
    }

    /// Continues the handshake as far as possible. Returns None when it is done, else the direction to wait for.
    pub fn advance(&mut self) -> Result<Option<Direction>, Failure> {
        self.socket.begin();
        let begun = match std::mem::replace(&mut self.state, State::Failed) {
            State::Established(stream) => {
                self.state = State::Established(stream);
                return Ok(None);
            }
            State::Handshaking(stream) => Ok(stream),
            State::Failed => {
                let failures = self.failures.as_ref();
                return Err(failures.and_then(|failures| failures.handshake).unwrap_or(Failure::Closed));
            }
            State::Fresh(mut setup) if self.context.settings.server => match self.begin_server(&mut setup) {
                Ok(None) => {
                    self.state = State::Fresh(setup);
                    return Ok(Some(self.socket.blocked()));
                }
                Ok(Some(stream)) => Ok(stream),
                Err(failure) => Err(failure),
            },
            State::Fresh(setup) => self.begin_client(&setup),
        };
        let failure = match begun {
            Ok(mut stream) => match stream.handshake() {
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
                    let detail = detail.map(|detail| self.explain(detail));
                    self.failures().detail = detail;
                    failure
                }
            },
            Err(failure) => failure,
        };
        self.fail(failure);
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

    fn begin_client(&mut self, setup: &Setup) -> Result<Stream, Failure> {
        if setup.invalid_name {
            // An invalid name must not be treated as no name: without a name, verification is skipped.
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
            && let Some(port) = setup.port.or_else(|| self.socket.peer().map(|peer: SocketAddr| peer.port()))
        {
            self.origin = Some(Origin { name: name.to_owned(), port });
        }
        let dane_name = setup.dane_name.as_deref();
        let peer = Peer {
            name: name.or(dane_name),
            verify_name: settings.verify_host,
            extras: self.extras,
            // A session made under other `verifyext` flags was verified differently.
            origin: self.origin.clone().filter(|_| self.extras == Extras::default()),
            dane: dane_name.map(|name| (name, &*setup.tlsa)),
        };
        self.context.backend.client(settings, &peer, self.socket.clone())
    }

    /// Starts the handshake once the ClientHello has arrived, because its name selects the context.
    fn begin_server(&mut self, setup: &mut Setup) -> Result<Option<Stream>, Failure> {
        if let Some(reader) = &mut setup.hello {
            let hello =
                self.socket.peek(|bytes| match reader.name(bytes.get(reader.seen()..).unwrap_or_default()) {
                    Parsed::Incomplete => None,
                    Parsed::Invalid => Some(None),
                    Parsed::Message(name) => Some(name),
                });
            match hello {
                Ok(name) => self.name = name.map(String::into_boxed_str),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(None),
                Err(_) => return Err(self.socket.broken().unwrap_or(Failure::Truncated)),
            }
            if reader.is_too_long() {
                self.refuse(ILLEGAL_PARAMETER);
                return Err(Failure::Text("excessive message size"));
            }
            setup.hello = None;
        }
        if let Some(name) = &self.name {
            if let Some((context, extras)) = setup.contexts.get(&**name) {
                self.context = context.clone();
                self.extras = *extras;
            } else if setup.strict {
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
        // The alert is small and is the first data. It is sent whole, or the connection is lost anyway.
        let _ = Adapter(self.socket.clone()).write(&[21, 3, 3, 0, 2, 2, alert]);
    }

    /// Decrypts at most `limit` bytes and appends them.
    pub(super) fn read(&mut self, into: &mut Vec<u8>, limit: usize) -> Result<usize, Stop> {
        let State::Established(stream) = &mut self.state else { return Err(Stop::Failed(Failure::Closed)) };
        if let Some(failure) = self.failures.as_ref().and_then(|failures| failures.read) {
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
        self.failures().read = Some(failure);
        Err(Stop::Failed(failure))
    }

    /// Encrypts and sends some of the bytes.
    pub(super) fn write(&mut self, data: &[u8]) -> Result<usize, Stop> {
        let State::Established(stream) = &mut self.state else { return Err(Stop::Failed(Failure::Closed)) };
        if let Some(failure) = self.failures.as_ref().and_then(|failures| failures.write) {
            return Err(Stop::Failed(failure));
        }
        self.socket.begin();
        let failure = match stream.write(data) {
            Ok(count) => return Ok(count),
            Err(StreamError::WouldBlock) => return Err(Stop::WouldBlock(self.socket.blocked())),
            Err(StreamError::Failed(Failure::Truncated | Failure::Errno(libc::EPIPE))) => Failure::Closed,
            Err(StreamError::Failed(failure)) => failure,
        };
        // Later writes must return the same failure. OpenSSL reports a "bad length" if the next write is shorter.
        if matches!(failure, Failure::Closed | Failure::Errno(_)) {
            self.failures().write = Some(failure);
        }
        Err(Stop::Failed(failure))
    }
}

/// Returns a host name as it is written in certificates and the ClientHello. A fully qualified name has no final dot,
/// an address has no brackets and no zone, and an international name is in ASCII.
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
