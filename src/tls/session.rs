//! One TLS connection: its handshake, and its bytes as a transport.

use std::collections::HashMap;
use std::io::{ErrorKind, Read, Write};
use std::net::Ipv6Addr;
use std::rc::Rc;
use std::sync::Arc;

use native_tls::{HandshakeError, MidHandshakeTlsStream, TlsStream};
use rustix::net::Shutdown;

use super::adapter::{Adapter, TRUNCATED, Wire};
use super::context::Context;
use super::error;
use super::hello::{Parsed, ServerHello, client_hello};
use crate::binding::Message;
use crate::socket::descriptor::Descriptor;
use crate::socket::error::{Direction, Failure};
use crate::socket::stream::{Stop, Transport};
use crate::socket::timeout::Deadline;
use crate::socket::wait::wait;

/// What is decrypted at once: one record.
const RECORD: usize = 16384;
/// How long `close` waits to get its notice out, in seconds.
const FAREWELL: f64 = 0.5;

/// Alerts of RFC 5246, 7.2, and RFC 6066, 3.
const HANDSHAKE_FAILURE: u8 = 40;
const UNRECOGNIZED_NAME: u8 = 112;

enum State {
    Fresh,
    Handshaking(MidHandshakeTlsStream<Adapter>),
    Established(TlsStream<Adapter>),
    Failed(Failure),
}

type Step = Result<TlsStream<Adapter>, HandshakeError<Adapter>>;

/// How a connection judges the peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verification {
    /// There is no connection.
    Closed,
    /// The peer's certificate was not looked at.
    Skipped,
    /// The peer's certificate is trusted.
    Trusted,
}

/// The session on one descriptor.
pub struct Session {
    /// The descriptor, which the session owns.
    pub descriptor: Descriptor,
    wants: Option<Direction>,
    /// None once it is closed.
    link: Option<Box<Link>>,
}

/// What a session has until it is closed.
struct Link {
    context: Arc<Context>,
    host: Option<String>,
    name: Option<String>,
    misnamed: bool,
    contexts: HashMap<String, Arc<Context>>,
    strict: bool,
    wire: Rc<Wire>,
    state: State,
    detail: Option<Message>,
    read_failure: Option<Failure>,
    write_failure: Option<Failure>,
}

impl Session {
    /// A session that has not begun. `ahead` are bytes already read from the descriptor;
    /// `host` is the name to send and to verify, whatever `set_name` says.
    pub fn new(context: Arc<Context>, host: Option<String>, descriptor: Descriptor, ahead: Vec<u8>) -> Self {
        let wire = Rc::new(Wire::new(descriptor.number(), ahead));
        wire.watch_for_hello(context.settings.server);
        if let Ok(fd) = descriptor.borrow() {
            // Failures show at the first operation.
            let _ = rustix::io::ioctl_fionbio(fd, true);
            // A request's records must not wait for the acknowledgement of the ones before.
            let _ = rustix::net::sockopt::set_tcp_nodelay(fd, true);
        }
        let link = Link {
            context,
            host,
            name: None,
            misnamed: false,
            contexts: HashMap::new(),
            strict: false,
            wire,
            state: State::Fresh,
            detail: None,
            read_failure: None,
            write_failure: None,
        };
        Session { descriptor, wants: None, link: Some(Box::new(link)) }
    }

    /// The context in use: a server's may change when it learns the name it is asked for.
    pub fn context(&self) -> Option<&Context> {
        self.link.as_ref().map(|link| &*link.context)
    }

    /// The direction that the last unfinished operation waits for.
    pub fn wants(&self) -> Option<Direction> {
        self.wants
    }

    /// Whether `close` was called.
    pub fn is_closed(&self) -> bool {
        self.link.is_none()
    }

    /// Whether the handshake is done and the connection not closed.
    pub fn is_established(&self) -> bool {
        self.stream().is_some()
    }

    fn stream(&self) -> Option<&TlsStream<Adapter>> {
        match &self.link.as_ref()?.state {
            State::Established(stream) => Some(stream),
            _ => None,
        }
    }

    /// Whether bytes are decrypted already, or can be without the descriptor.
    pub fn is_dirty(&self) -> bool {
        self.stream().is_some_and(|stream| {
            stream.buffered_read_size().is_ok_and(|size| size > 0) || stream.get_ref().0.is_ready()
        })
    }

    /// How the peer was judged.
    pub fn verification(&self) -> Verification {
        match self.context().filter(|_| self.is_established()) {
            None => Verification::Closed,
            Some(context) if context.settings.verify && !context.settings.server => Verification::Trusted,
            Some(_) => Verification::Skipped,
        }
    }

    /// The protocol agreed on for what goes inside.
    pub fn alpn(&self) -> Option<Vec<u8>> {
        self.stream()?.negotiated_alpn().ok().flatten()
    }

    /// The peer's certificate in DER.
    pub fn peer_certificate(&self) -> Option<Vec<u8>> {
        self.stream()?.peer_certificate().ok().flatten()?.to_der().ok()
    }

    /// Version and cipher.
    pub fn hello(&self) -> Option<ServerHello> {
        self.stream()?.get_ref().0.hello()
    }

    /// The name a client asks for, or was asked for at a server.
    pub fn name(&self) -> Option<&str> {
        let link = self.link.as_ref()?;
        let fixed = link.host.as_deref().filter(|_| !link.context.settings.server);
        fixed.or(link.name.as_deref())
    }

    /// Sets the name to ask for, and to verify unless the context has one.
    pub fn set_name(&mut self, name: &[u8]) {
        if let Some(link) = self.link.as_mut().filter(|link| matches!(link.state, State::Fresh)) {
            link.name = host_name(name);
            link.misnamed = link.name.is_none();
        }
    }

    /// Forgets the contexts of names, and sets whether a name without one is refused (a server).
    pub fn reset_names(&mut self, strict: bool) {
        if let Some(link) = &mut self.link {
            link.strict = strict;
            link.contexts.clear();
        }
    }

    /// Gives a name a context of its own (a server).
    pub fn add_name(&mut self, name: String, context: Arc<Context>) {
        if let Some(link) = &mut self.link {
            link.contexts.insert(name, context);
        }
    }

    /// Why the peer's certificate was refused, if that is what failed.
    pub fn detail(&self) -> Option<Message> {
        self.link.as_ref()?.detail
    }

    /// Notes what an operation waits for; false when there may be more to take that no `poll` would tell of, because it
    /// was received ahead.
    pub fn has_to_wait(&mut self, direction: Direction) -> bool {
        self.wants = Some(direction);
        self.link.as_ref().is_none_or(|link| !link.wire.is_spent())
    }

    /// What LuaSec says instead of "timeout", so that callers know what to select for.
    pub fn late(&mut self, direction: Direction) -> Failure {
        self.wants = Some(direction);
        Failure::Wants(direction)
    }

    fn wait(&mut self, direction: Direction, deadline: &Deadline) -> Result<(), Failure> {
        if !self.has_to_wait(direction) {
            return if deadline.is_over() { Err(self.late(direction)) } else { Ok(()) };
        }
        match wait(self.descriptor.borrow()?, direction, deadline) {
            Err(Failure::Timeout) => Err(self.late(direction)),
            outcome => outcome,
        }
    }

    /// Goes on with the handshake until it is done, fails, or the time is up.
    pub fn handshake(&mut self, deadline: &Deadline) -> Result<(), Failure> {
        loop {
            let Some(link) = &mut self.link else { return Err(Failure::Closed) };
            self.wants = None;
            if link.advance(&self.descriptor)? {
                return Ok(());
            }
            let direction = link.wire.blocked();
            self.wait(direction, deadline)?;
        }
    }

    /// Ends the session: tells the peer, waiting briefly for room if it may, and closes the descriptor.
    pub fn close(&mut self, may_wait: bool) {
        if let Some(link) = self.say_farewell(&Deadline::after(if may_wait { FAREWELL } else { 0.0 })) {
            link.wire.discard();
        }
        self.descriptor.close();
    }

    /// Ends the session as `close` does, once the peer has ended it too: a descriptor that is
    /// closed before resets the connection when something comes that nobody will read, session
    /// tickets for one, and what was sent last is lost.
    pub fn finish(&mut self, deadline: &Deadline) {
        if let Some(link) = self.say_farewell(deadline)
            && let Ok(fd) = self.descriptor.borrow()
            && rustix::net::shutdown(fd, Shutdown::Write).is_ok()
        {
            while link.wire.discard() && self.wait(Direction::Read, deadline).is_ok() {}
        }
        self.wants = None;
        self.descriptor.close();
    }

    /// Tells the peer that nothing more comes. Returns what the session had, if it was established.
    fn say_farewell(&mut self, deadline: &Deadline) -> Option<Box<Link>> {
        let mut link = self.link.take()?;
        let State::Established(stream) = &mut link.state else { return None };
        while let Err(error) = stream.shutdown() {
            // Whatever else it is: the peer has gone, and nobody is left to be told.
            if error.kind() != ErrorKind::WouldBlock || self.wait(link.wire.blocked(), deadline).is_err() {
                break;
            }
        }
        self.wants = None;
        Some(link)
    }
}

impl Link {
    /// Takes the handshake as far as it goes now; returns whether it is done.
    fn advance(&mut self, descriptor: &Descriptor) -> Result<bool, Failure> {
        self.wire.begin();
        let step = match std::mem::replace(&mut self.state, State::Failed(Failure::Closed)) {
            State::Established(stream) => Ok(Ok(stream)),
            State::Failed(failure) => Err(Begin::Failed(failure)),
            State::Fresh if descriptor.is_none() => Err(Failure::Errno(libc::EBADF).into()),
            State::Fresh if self.context.settings.server => self.begin_server(),
            State::Fresh => self.begin_client(),
            State::Handshaking(stream) => Ok(stream.handshake()),
        };
        let failure = match step {
            Ok(Ok(stream)) => {
                self.state = State::Established(stream);
                return Ok(true);
            }
            Ok(Err(HandshakeError::WouldBlock(stream))) => {
                self.state = State::Handshaking(stream);
                return Ok(false);
            }
            Err(Begin::WouldBlock) => {
                self.state = State::Fresh;
                return Ok(false);
            }
            Ok(Err(HandshakeError::Failure(error))) => {
                let (failure, detail) = error::handshake(&error, &self.wire);
                self.detail = detail;
                failure
            }
            Err(Begin::Failed(failure)) => failure,
        };
        self.state = State::Failed(failure);
        Err(failure)
    }

    fn begin_client(&mut self) -> Result<Step, Begin> {
        if self.misnamed {
            // It must not pass for "no name", with which nothing is compared.
            return Err(Failure::Text("invalid host name").into());
        }
        let naming = self.context.naming(self.host.is_some() || self.name.is_some());
        let connector = self.context.connector(naming).map_err(Failure::Other)?;
        // Without a name neither a check nor an extension has a use for the text.
        let name = self.host.as_deref().or(self.name.as_deref()).unwrap_or("localhost");
        Ok(connector.connect(name, Adapter(self.wire.clone())))
    }

    fn begin_server(&mut self) -> Result<Step, Begin> {
        let hello = self.wire.peek(|bytes| match client_hello(bytes) {
            Parsed::Incomplete => None,
            Parsed::Invalid => Some(None),
            Parsed::Message(name) => Some(name),
        });
        match hello {
            Ok(name) => self.name = name,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Err(Begin::WouldBlock),
            Err(_) => return Err(self.wire.broken().unwrap_or(TRUNCATED).into()),
        }
        if let Some(name) = &self.name {
            if let Some(context) = self.contexts.get(name) {
                self.context = context.clone();
            } else if self.strict {
                self.refuse(UNRECOGNIZED_NAME);
                return Err(Failure::Text("callback failed").into());
            }
        }
        let Some(acceptor) = self.context.acceptor() else {
            self.refuse(HANDSHAKE_FAILURE);
            return Err(Failure::Text("no shared cipher").into());
        };
        Ok(acceptor.accept(Adapter(self.wire.clone())))
    }

    /// Tells the client, by a fatal alert, that there will be no handshake.
    fn refuse(&self, alert: u8) {
        // It is small and the first thing sent: it goes out whole, or the connection is lost anyway.
        let _ = Adapter(self.wire.clone()).write(&[21, 3, 3, 0, 2, 2, alert]);
    }

    fn read(&mut self, into: &mut Vec<u8>, limit: usize) -> Result<usize, Stop> {
        let State::Established(stream) = &mut self.state else { return Err(Stop::Failed(Failure::Closed)) };
        if let Some(failure) = self.read_failure {
            return Err(Stop::Failed(failure));
        }
        self.wire.begin();
        let start = into.len();
        let most = limit.min(RECORD);
        into.try_reserve(most).map_err(|_| Stop::Failed(Failure::Errno(libc::ENOMEM)))?;
        into.resize(start + most, 0);
        let result = stream.read(into.get_mut(start..).unwrap_or_default());
        into.truncate(start + result.as_ref().copied().unwrap_or(0));
        let failure = match result {
            Ok(0) => Failure::Closed,
            Ok(count) => return Ok(count),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                return Err(Stop::WouldBlock(self.wire.blocked()));
            }
            Err(error) => match error::stream(&error, &self.wire) {
                TRUNCATED if self.context.settings.ignore_eof => Failure::Closed,
                failure => failure,
            },
        };
        self.read_failure = Some(failure);
        Err(Stop::Failed(failure))
    }

    fn write(&mut self, data: &[u8]) -> Result<usize, Stop> {
        let State::Established(stream) = &mut self.state else { return Err(Stop::Failed(Failure::Closed)) };
        if let Some(failure) = self.write_failure {
            return Err(Stop::Failed(failure));
        }
        self.wire.begin();
        let failure = match stream.write(data) {
            Ok(count) => return Ok(count),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                return Err(Stop::WouldBlock(self.wire.blocked()));
            }
            Err(error) => match error::stream(&error, &self.wire) {
                TRUNCATED | Failure::Errno(libc::EPIPE) => Failure::Closed,
                failure => failure,
            },
        };
        // The next write is to say the same: OpenSSL calls one of fewer bytes than this had a "bad length".
        if matches!(failure, Failure::Closed | Failure::Errno(_)) {
            self.write_failure = Some(failure);
        }
        Err(Stop::Failed(failure))
    }
}

/// Why a handshake did not begin.
enum Begin {
    WouldBlock,
    Failed(Failure),
}

impl From<Failure> for Begin {
    fn from(failure: Failure) -> Self {
        Begin::Failed(failure)
    }
}

impl Transport for Session {
    fn read(&mut self, into: &mut Vec<u8>, limit: usize) -> Result<usize, Stop> {
        self.wants = None;
        self.link.as_mut().map_or(Err(Stop::Failed(Failure::Closed)), |link| link.read(into, limit))
    }

    fn write(&mut self, data: &[u8]) -> Result<usize, Stop> {
        self.wants = None;
        self.link.as_mut().map_or(Err(Stop::Failed(Failure::Closed)), |link| link.write(data))
    }
}

/// A host as certificates and clients' hellos write it: without the dot that ends a
/// fully qualified name, an address without brackets and zone, an international name in ASCII.
pub fn host_name(name: &[u8]) -> Option<String> {
    let name = std::str::from_utf8(name).ok()?;
    if !name.is_ascii() {
        return crate::idna::convert(name.as_bytes());
    }
    let bare = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(name);
    // The zone of an address means nothing to the peer (RFC 4007, 6).
    let address = bare.split('%').next().unwrap_or(bare);
    if address.parse::<Ipv6Addr>().is_ok() {
        return Some(address.to_owned());
    }
    let name = name.strip_suffix('.').unwrap_or(name);
    // To OpenSSL a dot in front stands for every name below.
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
