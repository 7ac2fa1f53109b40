//! One TLS connection: its handshake, and its bytes as a transport.

use std::collections::HashMap;
use std::io::{ErrorKind, Write};
use std::net::{Ipv6Addr, SocketAddr};
use std::rc::Rc;
use std::sync::Arc;

use rustix::net::Shutdown;

use super::adapter::{Adapter, Wire};
use super::authorities;
use super::backend::{Broken, Origin, Peer, Step, Stream, Tlsa};
use super::context::Context;
use super::hello::{Parsed, Reader};
use super::verification::{Extras, Verification};
use crate::binding::Message;
use crate::socket::descriptor::Descriptor;
use crate::socket::error::{Direction, Failure};
use crate::socket::stream::{Stop, Transport};

/// The most bytes decrypted at once: one record.
const RECORD: usize = 16384;
/// The most TLSA records for one connection.
const MOST_TLSA: usize = 64;

/// Alerts of RFC 5246, 7.2, and RFC 6066, 3.
const HANDSHAKE_FAILURE: u8 = 40;
const ILLEGAL_PARAMETER: u8 = 47;
const UNRECOGNIZED_NAME: u8 = 112;

enum State {
    Fresh,
    Handshaking(Stream),
    Established(Stream),
    Failed(Failure),
}

/// The session on one descriptor.
pub struct Session {
    /// The descriptor, which the session owns.
    pub descriptor: Descriptor,
    wants: Option<Direction>,
    /// None once the session is closed, and while a step of the handshake has it.
    link: Option<Box<Link>>,
    /// Whether a step of the handshake has the link.
    away: bool,
    wire: Rc<Wire>,
}

/// The content of a session until it is closed.
pub struct Link {
    context: Arc<Context>,
    host: Option<String>,
    name: Option<String>,
    /// Whether `set_name` was called with an invalid name.
    invalid_name: bool,
    extras: Extras,
    contexts: HashMap<String, (Arc<Context>, Extras)>,
    strict: bool,
    hello: Option<Reader>,
    origin: Option<Origin>,
    dane_name: Option<String>,
    tlsa: Vec<Tlsa>,
    wire: Rc<Wire>,
    state: State,
    detail: Option<Message>,
    read_failure: Option<Failure>,
    write_failure: Option<Failure>,
}

impl Session {
    /// A session before its handshake. `ahead` are bytes already read from the descriptor. `host` is the name
    /// to send and to verify, regardless of `set_name`.
    pub fn new(
        context: Arc<Context>,
        extras: Extras,
        host: Option<String>,
        descriptor: Descriptor,
        ahead: Vec<u8>,
    ) -> Self {
        let server = context.settings.server;
        let wire = Rc::new(Wire::new(
            descriptor.number(),
            ahead,
            #[cfg(not(tls_openssl))]
            server,
        ));
        if let Ok(fd) = descriptor.borrow() {
            // Failures show at the first operation.
            let _ = rustix::io::ioctl_fionbio(fd, true);
            // TCP_NODELAY: a request's records must not wait for the acknowledgement of earlier ones.
            let _ = rustix::net::sockopt::set_tcp_nodelay(fd, true);
        }
        let link = Link {
            context,
            host,
            name: None,
            invalid_name: false,
            extras,
            contexts: HashMap::new(),
            strict: false,
            hello: server.then(Reader::of_client),
            origin: None,
            dane_name: None,
            tlsa: Vec::new(),
            wire: wire.clone(),
            state: State::Fresh,
            detail: None,
            read_failure: None,
            write_failure: None,
        };
        Session { descriptor, wants: None, link: Some(Box::new(link)), away: false, wire }
    }

    /// The context in use. On a server it may change with the name that the client requests.
    pub fn context(&self) -> Option<&Arc<Context>> {
        self.link.as_ref().map(|link| &link.context)
    }

    /// The direction that the last unfinished operation waits for.
    pub fn wants(&self) -> Option<Direction> {
        self.wants
    }

    /// Whether reading ended in another way than by the peer's close_notify.
    pub fn was_cut(&self) -> bool {
        self.link.as_ref().is_some_and(|link| {
            let failure = link.read_failure.filter(|failure| *failure != Failure::Closed);
            failure.is_some() && !link.context.settings.ignore_eof
        })
    }

    /// Whether `close` was called.
    pub fn is_closed(&self) -> bool {
        self.link.is_none() && !self.away
    }

    /// Whether the handshake is done and the connection is open.
    pub fn is_established(&self) -> bool {
        self.stream().is_some()
    }

    /// The connection, once its handshake is done.
    pub fn stream(&self) -> Option<&Stream> {
        match &self.link.as_ref()?.state {
            State::Established(stream) => Some(stream),
            _ => None,
        }
    }

    /// Whether decrypted bytes are available, or can be without reading the descriptor.
    pub fn is_dirty(&self) -> bool {
        self.link.as_ref().is_some_and(|link| match &link.state {
            State::Established(stream) => stream.pending() > 0 || link.wire.is_ready(),
            _ => false,
        })
    }

    /// The outcome of verifying the peer.
    pub fn verification(&self) -> Verification {
        self.stream().map_or(Verification::Closed, Stream::verification)
    }

    /// The n-th certificate of this side, from 0.
    pub fn own_certificate(&self, n: usize) -> Option<Vec<u8>> {
        self.stream()?.own_certificate(n, &self.context()?.chains)
    }

    /// The server name (SNI) that a client sends, or that a server received.
    pub fn name(&self) -> Option<&str> {
        let link = self.link.as_ref()?;
        let fixed = link.host.as_deref().filter(|_| !link.context.settings.server);
        fixed.or(link.name.as_deref())
    }

    /// Sets the name to send. It is verified too, unless the context has a name.
    pub fn set_name(&mut self, name: &[u8]) {
        if let Some(link) = self.link.as_mut().filter(|link| matches!(link.state, State::Fresh)) {
            link.name = host_name(name);
            link.invalid_name = link.name.is_none();
        }
    }

    /// Removes all contexts of names. `strict` sets whether a server refuses a name without a context.
    pub fn reset_names(&mut self, strict: bool) {
        if let Some(link) = &mut self.link {
            link.strict = strict;
            link.contexts.clear();
        }
    }

    /// Sets the context for a name (server only).
    pub fn add_name(&mut self, name: String, context: Arc<Context>, extras: Extras) {
        if let Some(link) = &mut self.link {
            link.contexts.insert(name, (context, extras));
        }
    }

    /// Sets the name whose TLSA records verify the peer. Returns whether it was set.
    pub fn set_dane_name(&mut self, name: &[u8]) -> bool {
        let Some(link) = self.link.as_mut().filter(|link| matches!(link.state, State::Fresh)) else {
            return false;
        };
        if link.context.settings.dane.is_none() {
            return false;
        }
        link.dane_name = host_name(name);
        link.dane_name.is_some()
    }

    /// Adds a TLSA record. Returns whether it can be used.
    pub fn add_tlsa(&mut self, kind: [u8; 3], data: &[u8]) -> bool {
        let Some(link) = self.link.as_mut().filter(|link| matches!(link.state, State::Fresh)) else {
            return false;
        };
        if link.dane_name.is_none()
            || link.tlsa.len() >= MOST_TLSA
            || !link.context.maker.accepts_tlsa(kind, data)
        {
            return false;
        }
        link.tlsa.push((kind, data.to_vec()));
        true
    }

    /// The key under which this connection's sessions are kept, and the context that has them.
    pub fn origin(&self) -> Option<(Origin, Arc<Context>)> {
        let link = self.link.as_ref()?;
        Some((link.origin.clone()?, link.context.clone()))
    }

    /// Resumes sessions of another connection of the same context to the same peer.
    pub fn resume(&mut self, origin: Origin, context: &Arc<Context>) {
        if let Some(link) = &mut self.link
            && Arc::ptr_eq(&link.context, context)
        {
            link.origin = Some(origin);
        }
    }

    /// Why the peer's certificate was refused, if that was the failure.
    pub fn detail(&self) -> Option<Message> {
        self.link.as_ref()?.detail
    }

    /// Takes out the session's content, so that a step of the handshake can call Lua. `Failure::Closed` if
    /// there is none.
    pub fn take_link(&mut self) -> Result<Box<Link>, Failure> {
        self.wants = None;
        if self.descriptor.is_none()
            && let Some(link) = self.link.as_mut().filter(|link| matches!(link.state, State::Fresh))
        {
            link.state = State::Failed(Failure::Errno(libc::EBADF));
        }
        let link = self.link.take().ok_or(if self.away { Failure::Text("busy") } else { Failure::Closed })?;
        self.away = true;
        Ok(link)
    }

    /// Puts the content back, unless the session was closed meanwhile.
    pub fn put_link(&mut self, link: Box<Link>) {
        if std::mem::take(&mut self.away) {
            self.link = Some(link);
        }
    }

    /// Records the direction that an operation waits for. Returns false if read-ahead bytes may still be
    /// unread: `poll` would not report those.
    pub fn has_to_wait(&mut self, direction: Direction) -> bool {
        self.wants = Some(direction);
        self.link.as_ref().is_none_or(|link| !link.wire.is_spent())
    }

    /// The failure on a timeout. As in LuaSec, it names the direction to select for.
    pub fn late(&mut self, direction: Direction) -> Failure {
        self.wants = Some(direction);
        Failure::Wants(direction)
    }

    /// Sends close_notify, if there was a handshake.
    pub fn send_close_notify(&mut self) -> Result<(), Stop> {
        let Some(link) = &mut self.link else { return Ok(()) };
        let State::Established(stream) = &mut link.state else { return Ok(()) };
        match stream.send_close_notify() {
            Ok(()) => Ok(()),
            Err(Broken::WouldBlock) => Err(Stop::WouldBlock(link.wire.blocked())),
            Err(Broken::Failed(failure)) => Err(Stop::Failed(failure)),
        }
    }

    /// Ends this side of the stream, so that the peer can end its side.
    pub fn shut_down(&mut self) -> Result<(), Stop> {
        let fd = self.descriptor.borrow().map_err(Stop::Failed)?;
        rustix::net::shutdown(fd, Shutdown::Write).map_err(|error| Stop::Failed(error.into()))
    }

    /// Drops received bytes until the peer ends the stream.
    pub fn drain(&mut self) -> Result<(), Stop> {
        match &self.link {
            Some(link) if link.wire.discard() => Err(Stop::WouldBlock(Direction::Read)),
            _ => Ok(()),
        }
    }

    /// Drops all state and closes the descriptor.
    pub fn close(&mut self) {
        if let Some(link) = self.link.take()
            && matches!(link.state, State::Established(_))
        {
            link.wire.discard();
        }
        self.away = false;
        self.wants = None;
        // A callback may close the connection in the middle of a step of the handshake.
        self.wire.cut();
        self.descriptor.close();
    }
}

impl Link {
    /// Continues the handshake as far as possible. Returns None when done, else the direction to wait for.
    pub fn advance(&mut self) -> Result<Option<Direction>, Failure> {
        self.wire.begin();
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
                return Ok(Some(self.wire.blocked()));
            }
            Ok(Some(mut stream)) => match stream.handshake() {
                Step::Done => {
                    self.wire.read_ahead();
                    self.state = State::Established(stream);
                    return Ok(None);
                }
                Step::WouldBlock => {
                    self.state = State::Handshaking(stream);
                    return Ok(Some(self.wire.blocked()));
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
        if self.origin.is_none()
            && settings.resume
            && let (Some(name), Some(port)) = (name, self.wire.peer().map(|peer: SocketAddr| peer.port()))
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
        self.context.maker.client(settings, &peer, self.wire.clone())
    }

    /// Starts once the ClientHello has arrived, because its name selects the context.
    fn begin_server(&mut self) -> Result<Option<Stream>, Failure> {
        if let Some(reader) = &mut self.hello {
            let hello =
                self.wire.peek(|bytes| match reader.name(bytes.get(reader.seen()..).unwrap_or_default()) {
                    Parsed::Incomplete => None,
                    Parsed::Invalid => Some(None),
                    Parsed::Message(name) => Some(name),
                });
            match hello {
                Ok(name) => self.name = name,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(None),
                Err(_) => return Err(self.wire.broken().unwrap_or(Failure::Truncated)),
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
        let stream = self.context.maker.server(&self.context.settings, self.extras, self.wire.clone())?;
        if stream.is_none() {
            self.refuse(HANDSHAKE_FAILURE);
            return Err(Failure::Text("no shared cipher"));
        }
        Ok(stream)
    }

    /// Sends a fatal alert.
    fn refuse(&self, alert: u8) {
        // The alert is small and is the first data sent: it is sent whole, or the connection is lost anyway.
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
            Err(Broken::WouldBlock) => return Err(Stop::WouldBlock(self.wire.blocked())),
            Err(Broken::Failed(Failure::Truncated)) if self.context.settings.ignore_eof => Failure::Closed,
            Err(Broken::Failed(failure)) => failure,
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
            Err(Broken::WouldBlock) => return Err(Stop::WouldBlock(self.wire.blocked())),
            Err(Broken::Failed(Failure::Truncated | Failure::Errno(libc::EPIPE))) => Failure::Closed,
            Err(Broken::Failed(failure)) => failure,
        };
        // Later writes must return the same failure. OpenSSL reports a "bad length" for a next write that is
        // shorter.
        if matches!(failure, Failure::Closed | Failure::Errno(_)) {
            self.write_failure = Some(failure);
        }
        Err(Stop::Failed(failure))
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
