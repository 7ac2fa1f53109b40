//! A descriptor with its TLS session, as a transport: what a TLS object reads and writes.

use std::rc::Rc;
use std::sync::Arc;

use rustix::net::Shutdown;

use super::adapter::RawSocket;
use super::backend::{Origin, Stream, StreamError};
use super::context::Context;
use super::session::{Session, Setup, State, host_name};
use super::verification::{Extras, Verification};
use crate::binding::Message;
use crate::socket::descriptor::Descriptor;
use crate::socket::error::{Direction, Failure};
use crate::socket::stream::{Stop, Transport};
use crate::sys::libc;

/// The most TLSA records for one connection.
const MOST_TLSA: usize = 64;

/// A descriptor and the TLS session on it.
pub struct TlsChannel {
    /// The descriptor, which the channel owns.
    pub descriptor: Descriptor,
    wants: Option<Direction>,
    /// None once the channel is closed, and while a step of the handshake has it.
    session: Option<Box<Session>>,
    /// Whether a step of the handshake has the session.
    lent: bool,
    /// None once the connection is closed. Lua frees an object without running the destructors of its fields.
    socket: Option<Rc<RawSocket>>,
}

impl TlsChannel {
    /// A channel before its handshake. `ahead` are bytes already read from the descriptor. `host` is the name
    /// to send and to verify, regardless of `set_name`.
    pub fn new(
        context: Arc<Context>,
        extras: Extras,
        host: Option<String>,
        descriptor: Descriptor,
        ahead: Vec<u8>,
    ) -> Self {
        let socket = Rc::new(RawSocket::new(
            descriptor.number(),
            ahead,
            #[cfg(not(tls_openssl))]
            context.settings.server,
        ));
        if let Ok(fd) = descriptor.borrow() {
            // Failures show at the first operation.
            let _ = rustix::io::ioctl_fionbio(fd, true);
            // TCP_NODELAY: a request's records must not wait for the acknowledgement of earlier ones.
            let _ = rustix::net::sockopt::set_tcp_nodelay(fd, true);
        }
        let session = Session::new(context, extras, host, socket.clone());
        TlsChannel {
            descriptor,
            wants: None,
            session: Some(Box::new(session)),
            lent: false,
            socket: Some(socket),
        }
    }

    fn setup(&mut self) -> Option<&mut Setup> {
        self.session.as_mut()?.setup()
    }

    /// The context in use. On a server it may change with the name that the client requests.
    pub fn context(&self) -> Option<&Arc<Context>> {
        self.session.as_ref().map(|session| &session.context)
    }

    /// The direction that the last unfinished operation waits for.
    pub fn wants(&self) -> Option<Direction> {
        self.wants
    }

    /// Whether reading ended in another way than by the peer's close_notify.
    pub fn was_cut(&self) -> bool {
        self.session.as_ref().is_some_and(|session| {
            let failure = session.failures.as_ref().and_then(|failures| failures.read);
            failure.is_some_and(|failure| failure != Failure::Closed) && !session.context.settings.ignore_eof
        })
    }

    /// Whether `close` was called.
    pub fn is_closed(&self) -> bool {
        self.session.is_none() && !self.lent
    }

    /// Whether the handshake is done and the connection is open.
    pub fn is_established(&self) -> bool {
        self.stream().is_some()
    }

    /// The connection, once its handshake is done.
    pub fn stream(&self) -> Option<&Stream> {
        match &self.session.as_ref()?.state {
            State::Established(stream) => Some(stream),
            _ => None,
        }
    }

    /// Whether decrypted bytes are available, or can be without reading the descriptor.
    pub fn is_dirty(&self) -> bool {
        self.session.as_ref().is_some_and(|session| match &session.state {
            State::Established(stream) => stream.pending() > 0 || session.socket.is_ready(),
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
        let session = self.session.as_ref()?;
        let fixed = session.host.as_deref().filter(|_| !session.context.settings.server);
        fixed.or(session.name.as_deref())
    }

    /// Sets the name to send. It is verified too, unless the context has a name.
    pub fn set_name(&mut self, name: &[u8]) {
        if let Some(session) = &mut self.session
            && let Some(setup) = session.setup()
        {
            let name = host_name(name);
            setup.invalid_name = name.is_none();
            session.name = name.map(String::into_boxed_str);
        }
    }

    /// Removes all contexts of names. `strict` sets whether a server refuses a name without a context.
    pub fn reset_names(&mut self, strict: bool) {
        if let Some(setup) = self.setup() {
            setup.strict = strict;
            setup.contexts.clear();
        }
    }

    /// Sets the context for a name (server only).
    pub fn add_name(&mut self, name: String, context: Arc<Context>, extras: Extras) {
        if let Some(setup) = self.setup() {
            setup.contexts.insert(name, (context, extras));
        }
    }

    /// Sets the name whose TLSA records verify the peer. Returns whether it was set.
    pub fn set_dane_name(&mut self, name: &[u8]) -> bool {
        if self.context().is_none_or(|context| context.settings.dane.is_none()) {
            return false;
        }
        let Some(setup) = self.setup() else { return false };
        setup.dane_name = host_name(name);
        setup.dane_name.is_some()
    }

    /// Adds a TLSA record. Returns whether it can be used.
    pub fn add_tlsa(&mut self, kind: [u8; 3], data: &[u8]) -> bool {
        let Some(session) = &mut self.session else { return false };
        let context = session.context.clone();
        let Some(setup) = session.setup() else { return false };
        if setup.dane_name.is_none()
            || setup.tlsa.len() >= MOST_TLSA
            || !context.backend.accepts_tlsa(kind, data)
        {
            return false;
        }
        setup.tlsa.push((kind, data.to_vec()));
        true
    }

    /// The key under which this connection's sessions are kept, and the context that has them.
    pub fn origin(&self) -> Option<(Origin, Arc<Context>)> {
        let session = self.session.as_ref()?;
        Some((session.origin.clone()?, session.context.clone()))
    }

    /// Sets the port under which sessions are kept. A connection through a proxy needs this: the port of its
    /// descriptor is the proxy's.
    pub fn set_port(&mut self, port: u16) {
        if let Some(setup) = self.setup() {
            setup.port = Some(port);
        }
    }

    /// Resumes sessions of another connection of the same context to the same peer.
    pub fn resume(&mut self, origin: Origin, context: &Arc<Context>) {
        if let Some(session) = &mut self.session
            && Arc::ptr_eq(&session.context, context)
        {
            session.origin = Some(origin);
        }
    }

    /// Why the peer's certificate was refused, if that was the failure.
    pub fn detail(&self) -> Option<Message> {
        self.session.as_ref()?.failures.as_ref()?.detail
    }

    /// Takes the session out, so that a step of the handshake can call Lua. `Failure::Closed` if there is
    /// none.
    pub fn lend_session(&mut self) -> Result<Box<Session>, Failure> {
        self.wants = None;
        if self.descriptor.is_none()
            && let Some(session) = &mut self.session
            && session.setup().is_some()
        {
            session.fail(Failure::Errno(libc::EBADF));
        }
        let session =
            self.session.take().ok_or(if self.lent { Failure::Text("busy") } else { Failure::Closed })?;
        self.lent = true;
        Ok(session)
    }

    /// Puts the session back, unless the channel was closed meanwhile.
    pub fn return_session(&mut self, session: Box<Session>) {
        if std::mem::take(&mut self.lent) {
            self.session = Some(session);
        }
    }

    /// Records the direction that an operation waits for. Returns false if read-ahead bytes may still be
    /// unread: `poll` would not report those.
    pub fn has_to_wait(&mut self, direction: Direction) -> bool {
        self.wants = Some(direction);
        self.session.as_ref().is_none_or(|session| !session.socket.is_spent())
    }

    /// The failure on a timeout. As in LuaSec, it names the direction to select for.
    pub fn late(&mut self, direction: Direction) -> Failure {
        self.wants = Some(direction);
        Failure::Wants(direction)
    }

    /// Sends close_notify, if there was a handshake.
    pub fn send_close_notify(&mut self) -> Result<(), Stop> {
        let Some(session) = &mut self.session else { return Ok(()) };
        let State::Established(stream) = &mut session.state else { return Ok(()) };
        match stream.send_close_notify() {
            Ok(()) => Ok(()),
            Err(StreamError::WouldBlock) => Err(Stop::WouldBlock(session.socket.blocked())),
            Err(StreamError::Failed(failure)) => Err(Stop::Failed(failure)),
        }
    }

    /// Ends this side of the stream, so that the peer can end its side.
    pub fn shut_down(&mut self) -> Result<(), Stop> {
        let fd = self.descriptor.borrow().map_err(Stop::Failed)?;
        rustix::net::shutdown(fd, Shutdown::Write).map_err(|error| Stop::Failed(error.into()))
    }

    /// Drops received bytes until the peer ends the stream.
    pub fn drain(&mut self) -> Result<(), Stop> {
        match &self.session {
            Some(session) if session.socket.discard() => Err(Stop::WouldBlock(Direction::Read)),
            _ => Ok(()),
        }
    }

    /// Drops all state and closes the descriptor.
    pub fn close(&mut self) {
        if let Some(session) = self.session.take()
            && matches!(session.state, State::Established(_))
        {
            session.socket.discard();
        }
        self.lent = false;
        self.wants = None;
        // A callback may close the connection in the middle of a step of the handshake.
        if let Some(socket) = self.socket.take() {
            socket.cut();
        }
        self.descriptor.close();
    }
}

impl Transport for TlsChannel {
    fn read(&mut self, into: &mut Vec<u8>, limit: usize) -> Result<usize, Stop> {
        self.wants = None;
        self.session.as_mut().map_or(Err(Stop::Failed(Failure::Closed)), |session| session.read(into, limit))
    }

    fn write(&mut self, data: &[u8]) -> Result<usize, Stop> {
        self.wants = None;
        self.session.as_mut().map_or(Err(Stop::Failed(Failure::Closed)), |session| session.write(data))
    }

    /// A look at the descriptor costs less than an attempt of the TLS library to read a record.
    fn is_silent(&self) -> bool {
        let is_open = |session: &Session| session.failures.is_none() && session.socket.is_silent();
        self.is_established() && !self.is_dirty() && self.session.as_deref().is_some_and(is_open)
    }
}
