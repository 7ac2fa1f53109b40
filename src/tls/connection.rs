//! TLS objects: connections as in LuaSec.

use super::backend::COMPLETE;
use super::channel::TlsChannel;
use super::context_object::{CONTEXT, ContextObject, check_context};
use super::lua_callbacks;
use crate::binding::{Call, Class, Kind, Message, Object, Outcome, Raise, Receiver};
use crate::classes::Slot;
use crate::socket::described::{Described, Streaming};
use crate::socket::descriptor::{Descriptor, Use};
use crate::socket::error::{Direction, Failure};
use crate::socket::object;
use crate::socket::stream::{Stop, Stream};
use crate::socket::timeout::{Deadline, Timeout};
use crate::tasks::door;

/// A TLS object. Its name differs from LuaSec's, because LuaSec registers its own class in the
/// same state.
pub static TLS_CONNECTION: Class<Connection> = Class::new(Slot::TlsConnection, c"tls{connection}");

/// Accepts a TLS object.
pub static CONNECTION: Receiver<Connection> = Receiver::new("tls{connection}", &[&TLS_CONNECTION]);
/// The most seconds that `close` waits to send close_notify.
const CLOSE_NOTIFY_LIMIT: f64 = 0.5;
const UNSUPPORTED: &[u8] = b"not supported by this TLS backend";

/// A TLS object in any of its states.
pub struct Connection {
    stream: Stream,
    pub(super) channel: TlsChannel,
    timeout: Timeout,
}

impl Connection {
    fn new(context: ContextObject, descriptor: Descriptor, ahead: Vec<u8>) -> Option<Self> {
        let channel = TlsChannel::new(context.context?, context.extras, context.host, descriptor, ahead);
        Some(Connection { stream: Stream::default(), channel, timeout: Timeout::default() })
    }

    fn close(&mut self) {
        self.channel.close();
        self.forget_received();
    }

    fn forget_received(&mut self) {
        // `receive` can no longer return the read-ahead bytes, so they do not count as received.
        let (received, sent, _) = self.stream.stats();
        drop(self.stream.take_buffered());
        self.stream.set_stats(Some(received), Some(sent), None);
    }

    /// The n-th certificate, from 1, of the peer or of this side.
    pub(super) fn certificate(&self, n: usize, own: bool) -> Option<Vec<u8>> {
        let n = n.checked_sub(1)?;
        if own { self.channel.own_certificate(n) } else { self.channel.stream()?.peer_certificate(n) }
    }
}

impl Object for Connection {
    fn finalize(&mut self) {
        let _ = self.channel.send_close_notify();
        self.close();
        self.stream = Stream::default();
    }
}

impl Described for Connection {
    fn any() -> &'static Receiver<Self> {
        &CONNECTION
    }

    fn descriptor(&mut self) -> &mut Descriptor {
        &mut self.channel.descriptor
    }

    fn timeout(&mut self) -> &mut Timeout {
        &mut self.timeout
    }

    fn is_dirty(&mut self) -> bool {
        self.stream.is_dirty() || self.channel.is_dirty()
    }

    fn has_to_wait(&mut self, direction: Direction) -> bool {
        self.channel.has_to_wait(direction)
    }

    fn late(&mut self, direction: Direction) -> Failure {
        self.channel.late(direction)
    }
}

impl Streaming for Connection {
    type Channel = TlsChannel;

    fn client() -> &'static Receiver<Self> {
        &CONNECTION
    }

    fn parts(&mut self) -> (&mut Stream, &mut TlsChannel, Timeout) {
        (&mut self.stream, &mut self.channel, self.timeout)
    }
}

/// `adopt(descriptor, context, ahead)`: a TLS object over a descriptor that has no other owner any more.
/// `ahead` are bytes already read from it.
pub fn adopt(call: &mut Call<'_>) -> Outcome {
    let number = call.number(1)?;
    if number != f64::from(number as i32) {
        return Err(Raise::argument(1, "number has no integer representation"));
    }
    check_context(call, 2)?;
    let ahead = call.optional_bytes(3)?.unwrap_or_default();
    let made = call.new_object(&TLS_CONNECTION, |call| {
        let context = call.try_object(2, &CONTEXT, |object| object.clone()).ok_or(Failure::Closed)?;
        let mut descriptor = Descriptor::NONE;
        descriptor.set(number as i32);
        Connection::new(context, descriptor, ahead.to_vec()).ok_or(Failure::Closed)
    });
    match made {
        Ok(()) => Ok(1),
        Err(failure) => Ok(call.push_failure(&failure.message())),
    }
}

/// `close()`: returns nothing. Sends close_notify if there was a handshake.
pub(super) fn close(call: &mut Call<'_>) -> Outcome {
    let may_wait = call.object(1, &CONNECTION, |connection| connection.timeout.block != 0.0)?;
    let _ = send_close_notify(call, Deadline::after(if may_wait { CLOSE_NOTIFY_LIMIT } else { 0.0 }))?;
    object::wake_waiters::<Connection>(call)?;
    call.object(1, &CONNECTION, Connection::close)?;
    Ok(0)
}

/// Sends close_notify within the limit. A failure means that the peer has gone.
fn send_close_notify(call: &mut Call<'_>, limit: Deadline) -> Result<Result<(), Failure>, Raise> {
    door::repeat(call, 1, &CONNECTION, Use::Writing, |connection, pace| {
        pace.deadline = Some(limit);
        connection.channel.send_close_notify()
    })
}

/// `finish(connection)`: closes like the method, but first waits until the peer has ended its side, or the
/// timeout ends. For connections that only send. If the descriptor were closed earlier, bytes that arrive
/// unread, such as session tickets, would reset the connection, and the last data sent would be lost.
pub fn finish(call: &mut Call<'_>) -> Outcome {
    let limit = call.object(1, &CONNECTION, |connection| connection.timeout.start())?;
    if send_close_notify(call, limit)?.is_ok() {
        let _ = door::repeat(call, 1, &CONNECTION, Use::Both, |connection, pace| {
            pace.deadline = Some(limit);
            connection.channel.shut_down()?;
            connection.channel.drain()
        })?;
    }
    object::wake_waiters::<Connection>(call)?;
    call.object(1, &CONNECTION, Connection::close)?;
    Ok(0)
}

/// `was_cut(connection)`: whether receiving ended without the peer's close_notify. A reset counts too.
pub fn was_cut(call: &mut Call<'_>) -> Outcome {
    let cut = call.try_object(1, &CONNECTION, |connection| connection.channel.was_cut()).unwrap_or(false);
    call.push_boolean(cut);
    Ok(1)
}

/// `resume(connection, other)`: resumes a session of `other`, a connection of the same context to the same
/// server. FTP servers require this for data connections.
pub fn resume(call: &mut Call<'_>) -> Outcome {
    call.object(1, &CONNECTION, |_| ())?;
    // A connection of another library has no session for us.
    let other = call.try_object(2, &CONNECTION, |other| other.channel.origin()).flatten();
    if let Some((origin, context)) = other {
        call.object(1, &CONNECTION, |connection| connection.channel.resume(origin, &context))?;
    }
    Ok(0)
}

/// `setport(connection, port)`: the port of the server behind a proxy. Sessions are kept under it.
pub fn set_port(call: &mut Call<'_>) -> Outcome {
    call.object(1, &CONNECTION, |_| ())?;
    let port = call.number(2)?;
    if port == f64::from(port as u16) {
        call.object(1, &CONNECTION, |connection| connection.channel.set_port(port as u16))?;
    }
    Ok(0)
}

/// `dohandshake()`: true; or false, a message, and why a certificate was refused.
pub(super) fn dohandshake(call: &mut Call<'_>) -> Outcome {
    let deadline = call.object(1, &CONNECTION, |connection| connection.timeout.start())?;
    let outcome = loop {
        match step(call)? {
            Ok(None) => break Ok(()),
            Ok(Some(direction)) => {
                let mut waited = false;
                let outcome = door::repeat(call, 1, &CONNECTION, Use::Both, |_, pace| {
                    pace.deadline = Some(deadline);
                    if std::mem::replace(&mut waited, true) {
                        Ok(())
                    } else {
                        Err(Stop::WouldBlock(direction))
                    }
                })?;
                if outcome.is_err() {
                    break outcome;
                }
            }
            Err(failure) => break Err(failure),
        }
    };
    call.push_boolean(outcome.is_ok());
    let Err(failure) = outcome else { return Ok(1) };
    let detail = call.object(1, &CONNECTION, |connection| connection.channel.detail())?;
    call.push_message(&failure.message());
    let Some(detail) = detail else { return Ok(2) };
    call.push_bytes(detail.as_bytes());
    Ok(3)
}

/// Runs one step of the handshake. Callbacks may run in it, so the session's content is taken out of the
/// object meanwhile. Raises an error that a callback raised.
fn step(call: &mut Call<'_>) -> Result<Result<Option<Direction>, Failure>, Raise> {
    let mut session = match call.object(1, &CONNECTION, |connection| connection.channel.lend_session())? {
        Ok(session) => session,
        Err(failure) => return Ok(Err(failure)),
    };
    let (progress, raised) = call.lend(|| session.advance());
    call.object(1, &CONNECTION, |connection| connection.channel.return_session(session))?;
    if raised { Err(Raise::Value) } else { Ok(progress) }
}

/// `want()`: what the last unfinished operation waits for.
pub(super) fn want(call: &mut Call<'_>) -> Outcome {
    let wants = call.object(1, &CONNECTION, |connection| connection.channel.wants())?;
    call.push_bytes(match wants {
        None => b"nothing",
        Some(Direction::Read) => b"read",
        Some(Direction::Write) => b"write",
    });
    Ok(1)
}

/// `sni(name)` for a client; `sni(names, strict)` for a server, where `names` maps each name to its context.
pub(super) fn sni(call: &mut Call<'_>) -> Outcome {
    let server = call.object(1, &CONNECTION, |connection| {
        connection.channel.context().is_some_and(|context| context.settings.server)
    })?;
    if !server {
        let name = call.bytes(2)?;
        call.object(1, &CONNECTION, |connection| connection.channel.set_name(name))?;
        return Ok(0);
    }
    call.table(2)?;
    let strict = call.truthy(3);
    call.set_top(2);
    lua_callbacks::keep(call);
    call.push_nil();
    while call.next(2) {
        if call.kind(3) != Kind::String || check_context(call, 4).is_err() {
            return Err(Raise::argument(2, "host names with contexts expected"));
        }
        call.pop(1);
    }
    call.object(1, &CONNECTION, |connection| connection.channel.reset_names(strict))?;
    call.push_nil();
    while call.next(2) {
        let name = call.with_bytes(3, |name| String::from_utf8_lossy(name).to_ascii_lowercase());
        let context = call.try_object(4, &CONTEXT, |object| object.clone());
        if let (Some(name), Some(ContextObject { context: Some(context), extras, .. })) = (name, context) {
            call.object(1, &CONNECTION, |connection| connection.channel.add_name(name, context, extras))?;
        }
        call.pop(1);
    }
    Ok(0)
}

/// `getsniname()`: the server name (SNI), or nil.
pub(super) fn getsniname(call: &mut Call<'_>) -> Outcome {
    let name = call.object(1, &CONNECTION, |connection| {
        connection.channel.name().map(|name| name.as_bytes().to_vec())
    })?;
    push_optional(call, name)
}

/// `setdane(name)`: whether the TLSA records of this name will verify the peer.
pub(super) fn setdane(call: &mut Call<'_>) -> Outcome {
    call.object(1, &CONNECTION, |_| ())?;
    if !COMPLETE {
        return unsupported(call);
    }
    let name = call.bytes(2)?;
    let set = call.object(1, &CONNECTION, |connection| connection.channel.set_dane_name(name))?;
    call.push_boolean(set);
    Ok(1)
}

/// `settlsa(usage, selector, type, data)`: whether the record can be used.
pub(super) fn settlsa(call: &mut Call<'_>) -> Outcome {
    call.object(1, &CONNECTION, |_| ())?;
    if !COMPLETE {
        return unsupported(call);
    }
    let mut kind = [0; 3];
    for (place, index) in kind.iter_mut().zip(2..) {
        let number = call.number(index)?;
        if !(0.0..=255.0).contains(&number) {
            return Err(Raise::argument(index, "invalid value"));
        }
        *place = number as u8;
    }
    let data = call.bytes(5)?;
    let added = call.object(1, &CONNECTION, |connection| connection.channel.add_tlsa(kind, data))?;
    call.push_boolean(added);
    Ok(1)
}

/// `SSL connection: 0x…`, and whether it is closed. Applications recognise TLS objects by this text.
pub(super) fn to_string(call: &mut Call<'_>) -> Outcome {
    let closed = call.object(1, &CONNECTION, |connection| connection.channel.is_closed())?;
    let address = call.describe(1).map_or(std::ptr::null(), |(_, address)| address);
    let end = if closed { " (closed)" } else { "" };
    call.push_bytes(Message::format(format_args!("SSL connection: {address:p}{end}")).as_bytes());
    Ok(1)
}

/// The failure of a method that this backend does not have.
pub(super) fn unsupported(call: &mut Call<'_>) -> Outcome {
    Ok(call.push_failure(&Message::new(UNSUPPORTED)))
}

/// Pushes a string or nil.
pub(super) fn push_optional(call: &mut Call<'_>, value: Option<Vec<u8>>) -> Outcome {
    match value {
        Some(value) => call.push_vec(value)?,
        None => call.push_nil(),
    }
    Ok(1)
}
