//! The backend where OpenSSL is not the system's library: native-tls, which offers less on every system.

use std::io::{self, ErrorKind, Read, Write};
use std::rc::Rc;
use std::sync::OnceLock;

use native_tls::{
    Certificate, HandshakeError, Identity, MidHandshakeTlsStream, Protocol, TlsAcceptor, TlsConnector,
    TlsStream,
};

use super::adapter::{Adapter, RawSocket};
use super::backend::{Info, Peer, Step, StreamError};
use super::settings::Settings;
use super::verification::{Extras, Verification};
use super::{cipher, error, keys};
use crate::binding::Message;
use crate::socket::error::Failure;

/// The backend's name, for scripts.
#[cfg(windows)]
pub const NAME: &[u8] = b"schannel";
/// The backend's name, for scripts.
#[cfg(not(any(windows, target_vendor = "apple")))]
pub const NAME: &[u8] = b"openssl";
/// The backend's name, for scripts.
#[cfg(target_vendor = "apple")]
pub const NAME: &[u8] = b"secure-transport";
/// Whether the features that only OpenSSL has are available.
pub const COMPLETE: bool = false;

/// The protocol versions, oldest first.
const VERSIONS: [Protocol; 4] = [Protocol::Tlsv10, Protocol::Tlsv11, Protocol::Tlsv12, Protocol::Tlsv13];

/// The names of the available curves.
pub fn curve_names() -> Vec<&'static str> {
    Vec::new()
}

/// The use of the host name by a connector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Naming {
    /// Sent, and compared with the certificate.
    Checked,
    /// Sent only.
    Sent,
    /// No name.
    Absent,
}

/// The native-tls objects for some settings.
pub struct BackendContext {
    identity: Option<Identity>,
    roots: Vec<Certificate>,
    acceptor: Option<TlsAcceptor>,
    connectors: [OnceLock<TlsConnector>; 3],
}

impl BackendContext {
    /// The context for some settings.
    pub fn new(settings: &Settings) -> Result<BackendContext, Message> {
        let mut identity = None;
        if let Some(own) = settings.identities.first().filter(|identity| identity.is_whole()) {
            let made = Identity::from_pkcs8(&own.chain, &own.key);
            identity = Some(made.map_err(|error| keys::certificate_error(&error::setup(&error)))?);
        }
        let mut roots = Vec::new();
        if let Some(bundle) = &settings.bundle {
            roots = Certificate::stack_from_pem(bundle)
                .map_err(|error| keys::authority_error(&error::setup(&error)))?;
            if roots.is_empty() {
                return Err(keys::authority_error(&Message::new("no certificate or crl found")));
            }
        }
        if let Some(directory) = &settings.directory {
            let stacks = directory.all_files().filter_map(|pem| Certificate::stack_from_pem(&pem).ok());
            roots.extend(stacks.flatten());
        }
        let mut acceptor = None;
        if let Some(identity) = &identity {
            // Also done for a client: building an acceptor is quick, and it detects a key that is too weak.
            let mut builder = TlsAcceptor::builder(identity.clone());
            let (oldest, newest) = versions(settings);
            builder.min_protocol_version(oldest).max_protocol_version(newest).accept_alpn(&alpn(settings));
            let built = builder.build().map_err(|error| keys::certificate_error(&error::setup(&error)))?;
            acceptor = settings.server.then_some(built);
        }
        Ok(BackendContext { identity, roots, acceptor, connectors: Default::default() })
    }

    /// A connection to a server.
    pub fn client(
        &self,
        settings: &Settings,
        peer: &Peer<'_>,
        socket: Rc<RawSocket>,
    ) -> Result<Stream, Failure> {
        let naming = match peer.name {
            None => Naming::Absent,
            Some(_) if settings.verify && peer.verify_name => Naming::Checked,
            Some(_) => Naming::Sent,
        };
        let connector = self.connector(settings, naming).map_err(Failure::Other)?;
        // Without a name there is no check and no SNI, so this value is not used.
        let name = peer.name.unwrap_or("localhost");
        Ok(Stream::begun(connector.connect(name, Adapter(socket.clone())), settings, socket))
    }

    /// A connection from a client; `None` when there is no certificate to present.
    pub fn server(
        &self,
        settings: &Settings,
        _extras: Extras,
        socket: Rc<RawSocket>,
    ) -> Result<Option<Stream>, Failure> {
        let accept = |acceptor: &TlsAcceptor| {
            Stream::begun(acceptor.accept(Adapter(socket.clone())), settings, socket.clone())
        };
        Ok(self.acceptor.as_ref().map(accept))
    }

    /// TLSA records are not supported here.
    pub fn accepts_tlsa(&self, _kind: [u8; 3], _data: &[u8]) -> bool {
        false
    }

    /// The connector, built on first use. A failure is not cached: the next attempt may have descriptors and
    /// memory again.
    fn connector(&self, settings: &Settings, naming: Naming) -> Result<&TlsConnector, Message> {
        let [checked, sent, absent] = &self.connectors;
        let place = match naming {
            Naming::Checked => checked,
            Naming::Sent => sent,
            Naming::Absent => absent,
        };
        if let Some(connector) = place.get() {
            return Ok(connector);
        }
        let connector = self.build(settings, naming).map_err(|error| error::setup(&error))?;
        Ok(place.get_or_init(|| connector))
    }

    fn build(&self, settings: &Settings, naming: Naming) -> native_tls::Result<TlsConnector> {
        let mut builder = TlsConnector::builder();
        let (oldest, newest) = versions(settings);
        builder.min_protocol_version(oldest).max_protocol_version(newest);
        if let Some(identity) = &self.identity {
            builder.identity(identity.clone());
        }
        builder.disable_built_in_roots(settings.bundle.is_some() || settings.directory.is_some());
        for root in &self.roots {
            builder.add_root_certificate(root.clone());
        }
        builder.danger_accept_invalid_certs(!settings.verify);
        builder.danger_accept_invalid_hostnames(naming != Naming::Checked);
        builder.use_sni(naming != Naming::Absent);
        let names = alpn(settings);
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        builder.request_alpns(&names);
        builder.build()
    }
}

fn versions(settings: &Settings) -> (Option<Protocol>, Option<Protocol>) {
    let newest = VERSIONS.get(settings.newest).copied().filter(|_| settings.newest + 1 < VERSIONS.len());
    (VERSIONS.get(settings.oldest).copied(), newest)
}

fn alpn(settings: &Settings) -> Vec<String> {
    let mut wire = &*settings.alpn;
    let mut names = Vec::new();
    while let Some((length, rest)) = wire.split_first()
        && let Some((name, rest)) = rest.split_at_checked(usize::from(*length))
    {
        names.push(String::from_utf8_lossy(name).into_owned());
        wire = rest;
    }
    names
}

enum State {
    Handshaking(MidHandshakeTlsStream<Adapter>),
    Established(TlsStream<Adapter>),
    Failed(Failure, Option<Message>),
}

type Attempt = Result<TlsStream<Adapter>, HandshakeError<Adapter>>;

/// One connection.
pub struct Stream {
    state: Option<State>,
    socket: Rc<RawSocket>,
    verified: bool,
}

impl Stream {
    fn begun(attempt: Attempt, settings: &Settings, socket: Rc<RawSocket>) -> Stream {
        let state = Some(State::of(attempt, &socket));
        Stream { state, socket, verified: settings.verify && !settings.server }
    }

    /// Continues the handshake as far as possible without blocking.
    pub fn handshake(&mut self) -> Step {
        let state = match self.state.take() {
            Some(State::Handshaking(stream)) => State::of(stream.handshake(), &self.socket),
            Some(state) => state,
            None => State::Failed(Failure::Closed, None),
        };
        let step = match &state {
            State::Handshaking(_) => Step::WouldBlock,
            State::Established(_) => Step::Done,
            State::Failed(failure, detail) => Step::Failed(*failure, *detail),
        };
        self.state = Some(state);
        step
    }

    fn stream(&self) -> Option<&TlsStream<Adapter>> {
        match &self.state {
            Some(State::Established(stream)) => Some(stream),
            _ => None,
        }
    }

    fn run<T>(
        &mut self,
        mut run: impl FnMut(&mut TlsStream<Adapter>) -> io::Result<T>,
    ) -> Result<T, StreamError> {
        let Some(State::Established(stream)) = &mut self.state else {
            return Err(StreamError::Failed(Failure::Closed));
        };
        loop {
            match run(stream) {
                Err(error) if error.kind() == ErrorKind::UnexpectedEof && self.socket.is_paused() => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Err(StreamError::WouldBlock),
                Err(error) => return Err(StreamError::Failed(error::stream(&error, &self.socket))),
                Ok(value) => return Ok(value),
            }
        }
    }

    /// Decrypts some bytes, at most `limit`, and appends them. 0 means an orderly end.
    pub fn read(&mut self, into: &mut Vec<u8>, limit: usize) -> Result<usize, StreamError> {
        let start = into.len();
        into.try_reserve(limit).map_err(|_| StreamError::from(crate::sys::NO_MEMORY))?;
        into.resize(start + limit, 0);
        let socket = self.socket.clone();
        let result = self.run(|stream| match stream.read(into.get_mut(start..).unwrap_or_default()) {
            Ok(0) if limit > 0 && socket.is_paused() => Err(ErrorKind::UnexpectedEof.into()),
            result => result,
        });
        into.truncate(start + result.as_ref().copied().unwrap_or(0));
        let count = result?;
        // SChannel reports every end alike. The adapter has noted an end without close_notify.
        if cfg!(windows) && count == 0 && limit > 0 && self.socket.is_truncated() {
            return Err(StreamError::Failed(Failure::Truncated));
        }
        Ok(count)
    }

    /// The TLS library manages its buffers itself.
    pub fn free_buffers(&mut self) {}

    /// Encrypts and sends some bytes.
    pub fn write(&mut self, data: &[u8]) -> Result<usize, StreamError> {
        self.run(|stream| stream.write(data))
    }

    /// Sends close_notify.
    pub fn send_close_notify(&mut self) -> Result<(), StreamError> {
        self.run(|stream| stream.shutdown())
    }

    /// The number of decrypted bytes not read yet.
    pub fn pending(&self) -> usize {
        self.stream().and_then(|stream| stream.buffered_read_size().ok()).unwrap_or(0)
    }

    /// The negotiated protocol (ALPN).
    pub fn alpn(&self) -> Option<Vec<u8>> {
        self.stream()?.negotiated_alpn().ok().flatten()
    }

    /// The n-th certificate, from 0, that the peer sent. native-tls gives only the peer's own.
    pub fn peer_certificate(&self, n: usize) -> Option<Vec<u8>> {
        self.stream().filter(|_| n == 0)?.peer_certificate().ok().flatten()?.to_der().ok()
    }

    /// The n-th certificate, from 0, that this side presented.
    pub fn own_certificate(&self, n: usize, chains: &[Vec<Vec<u8>>]) -> Option<Vec<u8>> {
        chains.first()?.get(n).cloned()
    }

    /// The outcome of verifying the peer.
    pub fn verification(&self) -> Verification {
        if self.verified { Verification::Trusted } else { Verification::Skipped }
    }

    /// Version and cipher.
    pub fn info(&self) -> Option<Info> {
        self.socket.hello().map(cipher::info)
    }

    /// native-tls does not provide this.
    pub fn finished(&self) -> Option<Vec<u8>> {
        None
    }

    /// native-tls does not provide this.
    pub fn peer_finished(&self) -> Option<Vec<u8>> {
        None
    }

    /// native-tls does not provide this.
    pub fn export(&self, _label: &str, _length: usize, _context: Option<&[u8]>) -> Result<Vec<u8>, Message> {
        Err(Message::new("not supported by this TLS backend"))
    }

    /// native-tls does not report whether a session was resumed.
    pub fn is_resumed(&self) -> bool {
        false
    }
}

impl State {
    fn of(attempt: Attempt, socket: &RawSocket) -> State {
        match attempt {
            Ok(stream) => State::Established(stream),
            Err(HandshakeError::WouldBlock(stream)) => State::Handshaking(stream),
            Err(HandshakeError::Failure(error)) => {
                let (failure, detail) = error::handshake(&error, socket);
                State::Failed(failure, detail)
            }
        }
    }
}
