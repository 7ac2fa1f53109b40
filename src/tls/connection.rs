//! TLS objects: LuaSec's connections.

use super::certificate;
use super::cipher;
use super::handle::{CONTEXT, Handle, check_context};
use super::session::{Session, Verification};
use crate::binding::{
    Call, ClassSpec, Kind, Message, NativeFunction, Object, Outcome, Raise, Receiver, native,
};
use crate::classes::{CERTIFICATE, TLS_CONNECTION};
use crate::socket::descriptor::Descriptor;
use crate::socket::error::{Direction, Failure};
use crate::socket::object::{self, Described, Streaming};
use crate::socket::stream::Stream;
use crate::socket::timeout::Timeout;

/// Accepts a TLS object.
pub static CONNECTION: Receiver<Connection> = Receiver::new("tls{connection}", &[&TLS_CONNECTION]);
const UNSUPPORTED: &[u8] = b"not supported by this TLS backend";

/// A TLS object in any of its states.
pub struct Connection {
    stream: Stream,
    session: Session,
    timeout: Timeout,
}

impl Connection {
    fn new(handle: Handle, descriptor: Descriptor, ahead: Vec<u8>) -> Option<Self> {
        let session = Session::new(handle.context?, handle.host, descriptor, ahead);
        Some(Connection { stream: Stream::default(), session, timeout: Timeout::default() })
    }

    fn close(&mut self, may_wait: bool) {
        self.session.close(may_wait);
        self.forget_received();
    }

    fn finish(&mut self) {
        let deadline = self.timeout.start();
        self.session.finish(&deadline);
        self.forget_received();
    }

    fn forget_received(&mut self) {
        // What was read ahead is no longer there for `receive`, and was not received.
        let (received, sent, _) = self.stream.stats();
        drop(self.stream.take_buffered());
        self.stream.set_stats(Some(received), Some(sent), None);
    }

    /// The n-th certificate, from 1, of the peer or of this side.
    fn certificate(&self, n: usize, own: bool) -> Option<Vec<u8>> {
        if own {
            return self.session.context()?.chain.get(n.checked_sub(1)?).cloned();
        }
        // The TLS library shows the peer's own alone.
        if n == 1 { self.session.peer_certificate() } else { None }
    }
}

impl Object for Connection {
    fn finalize(&mut self) {
        self.close(false);
        self.stream = Stream::default();
    }
}

impl Described for Connection {
    fn any() -> &'static Receiver<Self> {
        &CONNECTION
    }

    fn descriptor(&mut self) -> &mut Descriptor {
        &mut self.session.descriptor
    }

    fn timeout(&mut self) -> &mut Timeout {
        &mut self.timeout
    }

    fn is_dirty(&self) -> bool {
        self.stream.is_dirty() || self.session.is_dirty()
    }

    fn has_to_wait(&mut self, direction: Direction) -> bool {
        self.session.has_to_wait(direction)
    }

    fn late(&mut self, direction: Direction) -> Failure {
        self.session.late(direction)
    }
}

impl Streaming for Connection {
    type Channel = Session;

    fn client() -> &'static Receiver<Self> {
        &CONNECTION
    }

    fn parts(&mut self) -> (&mut Stream, &mut Session, Timeout) {
        (&mut self.stream, &mut self.session, self.timeout)
    }
}

/// `adopt(descriptor, context, ahead)`: a TLS object over a descriptor that nobody else owns any
/// more, and what was already read from it.
pub fn adopt(call: &mut Call<'_>) -> Outcome {
    let number = call.number(1)?;
    if number != f64::from(number as i32) {
        return Err(Raise::argument(1, "number has no integer representation"));
    }
    check_context(call, 2)?;
    let ahead = call.optional_bytes(3)?.unwrap_or_default();
    let made = call.new_object(&TLS_CONNECTION, |call| {
        let handle = call.try_object(2, &CONTEXT, |handle| handle.clone()).ok_or(Failure::Closed)?;
        let mut descriptor = Descriptor::NONE;
        descriptor.set(number as i32);
        Connection::new(handle, descriptor, ahead.to_vec()).ok_or(Failure::Closed)
    });
    match made {
        Ok(()) => Ok(1),
        Err(failure) => Ok(call.push_failure(&failure.message())),
    }
}

/// `close()`: nothing. Tells the peer if there was a handshake.
fn close(call: &mut Call<'_>) -> Outcome {
    call.object(1, &CONNECTION, |connection| connection.close(connection.timeout.block != 0.0))?;
    Ok(0)
}

/// `finish(connection)`: closes as the method does, but not before the peer has ended its side, or
/// the time is up. For connections that only send.
pub fn finish(call: &mut Call<'_>) -> Outcome {
    call.object(1, &CONNECTION, Connection::finish)?;
    Ok(0)
}

/// `dohandshake()`: true; or false, message, and why a certificate was refused.
fn dohandshake(call: &mut Call<'_>) -> Outcome {
    let (outcome, detail) = call.object(1, &CONNECTION, |connection| {
        let deadline = connection.timeout.start();
        let outcome = connection.session.handshake(&deadline);
        (outcome, connection.session.detail())
    })?;
    call.push_boolean(outcome.is_ok());
    let Err(failure) = outcome else { return Ok(1) };
    call.push_bytes(failure.message().as_bytes());
    let Some(detail) = detail else { return Ok(2) };
    call.push_bytes(detail.as_bytes());
    Ok(3)
}

/// `want()`: what the last unfinished operation waits for.
fn want(call: &mut Call<'_>) -> Outcome {
    let wants = call.object(1, &CONNECTION, |connection| connection.session.wants())?;
    call.push_bytes(match wants {
        None => b"nothing",
        Some(Direction::Read) => b"read",
        Some(Direction::Write) => b"write",
    });
    Ok(1)
}

/// `sni(name)` of a client; `sni(names, strict)` of a server, names with their contexts.
fn sni(call: &mut Call<'_>) -> Outcome {
    let server = call.object(1, &CONNECTION, |connection| {
        connection.session.context().is_some_and(|context| context.settings.server)
    })?;
    if !server || call.kind(2) != Kind::Table {
        let name = call.bytes(2)?;
        if !server {
            call.object(1, &CONNECTION, |connection| connection.session.set_name(name))?;
        }
        return Ok(0);
    }
    let strict = call.truthy(3);
    call.set_top(2);
    call.push_nil();
    while call.next(2) {
        if call.kind(3) != Kind::String || check_context(call, 4).is_err() {
            return Err(Raise::argument(2, "host names with contexts expected"));
        }
        call.pop(1);
    }
    call.object(1, &CONNECTION, |connection| connection.session.reset_names(strict))?;
    call.push_nil();
    while call.next(2) {
        let name = call.with_bytes(3, |name| String::from_utf8_lossy(name).to_ascii_lowercase());
        let context = call.try_object(4, &CONTEXT, |handle| handle.context.clone()).flatten();
        if let (Some(name), Some(context)) = (name, context) {
            call.object(1, &CONNECTION, |connection| connection.session.add_name(name, context))?;
        }
        call.pop(1);
    }
    Ok(0)
}

/// `getsniname()`: the name asked for, or nil.
fn getsniname(call: &mut Call<'_>) -> Outcome {
    let name = call.object(1, &CONNECTION, |connection| {
        connection.session.name().map(|name| name.as_bytes().to_vec())
    })?;
    push_optional(call, name)
}

/// `getalpn()`: the protocol agreed on, or nil.
fn getalpn(call: &mut Call<'_>) -> Outcome {
    let alpn = call.object(1, &CONNECTION, |connection| connection.session.alpn())?;
    push_optional(call, alpn)
}

fn push_optional(call: &mut Call<'_>, value: Option<Vec<u8>>) -> Outcome {
    match value {
        Some(value) => call.push_vec(value)?,
        None => call.push_nil(),
    }
    Ok(1)
}

/// `info(field)`: what is known of version and cipher, as a table or one field of it.
fn info(call: &mut Call<'_>) -> Outcome {
    let state = call.object(1, &CONNECTION, |connection| {
        connection.session.is_established().then(|| connection.session.hello())
    })?;
    let Some(hello) = state else { return closed(call) };
    if call.kind(2).is_absent() {
        call.set_top(1);
        call.new_table(0, 10);
        for field in cipher::FIELDS {
            cipher::push(call, hello, field);
            call.set_field(2, field.as_bytes());
        }
        return Ok(1);
    }
    let field = std::str::from_utf8(call.bytes(2)?).unwrap_or_default();
    cipher::push(call, hello, field);
    Ok(1)
}

fn closed(call: &mut Call<'_>) -> Outcome {
    Ok(call.push_failure(&Message::new("closed")))
}

fn push_certificate(call: &mut Call<'_>, n: usize, own: bool) -> bool {
    let pushed = call.new_object(&CERTIFICATE, |call| {
        let der = call.try_object(1, &CONNECTION, |connection| connection.certificate(n, own));
        der.flatten().map(certificate::Certificate::new).ok_or(())
    });
    pushed.is_ok()
}

/// `getpeercertificate(n)`, `getlocalcertificate(n)`: one certificate, or nil.
fn one_certificate(call: &mut Call<'_>, own: bool) -> Outcome {
    let established = call.object(1, &CONNECTION, |connection| connection.session.is_established())?;
    if !established {
        return closed(call);
    }
    let n = call.optional_number(2, 1.0)?;
    if n.is_nan() || n < 1.0 {
        return Ok(call.push_failure(&Message::new("invalid certificate index")));
    }
    if !push_certificate(call, n as usize, own) {
        call.push_nil();
    }
    Ok(1)
}

/// `getpeerchain()`, `getlocalchain()`: a list of certificates, leaf first.
fn chain(call: &mut Call<'_>, own: bool) -> Outcome {
    let established = call.object(1, &CONNECTION, |connection| connection.session.is_established())?;
    if !established {
        return closed(call);
    }
    call.set_top(1);
    call.new_table(1, 0);
    let mut n = 0;
    while push_certificate(call, n + 1, own) {
        n += 1;
        call.set_element(2, n as i64);
    }
    Ok(1)
}

/// `getpeerverification()`: true; or false, and why the peer is not known to be who it says.
fn getpeerverification(call: &mut Call<'_>) -> Outcome {
    let verification = call.object(1, &CONNECTION, |connection| connection.session.verification())?;
    call.push_boolean(verification == Verification::Trusted);
    call.push_bytes(match verification {
        Verification::Trusted => return Ok(1),
        Verification::Skipped => b"certificate not verified",
        Verification::Closed => b"closed",
    });
    Ok(2)
}

/// What the TLS library does not tell.
fn unsupported(call: &mut Call<'_>) -> Outcome {
    call.object(1, &CONNECTION, |_| ())?;
    Ok(call.push_failure(&Message::new(UNSUPPORTED)))
}

/// As [`unsupported`], with nothing at all before the handshake.
fn unsupported_or_nothing(call: &mut Call<'_>) -> Outcome {
    let established = call.object(1, &CONNECTION, |connection| connection.session.is_established())?;
    if established { unsupported(call) } else { Ok(0) }
}

fn getfinished(call: &mut Call<'_>) -> Outcome {
    let established = call.object(1, &CONNECTION, |connection| connection.session.is_established())?;
    if established { unsupported(call) } else { closed(call) }
}

/// `SSL connection: 0x…`, and whether it is closed: applications know TLS objects by this text.
fn to_string(call: &mut Call<'_>) -> Outcome {
    let closed = call.object(1, &CONNECTION, |connection| connection.session.is_closed())?;
    let address = call.describe(1).map_or(std::ptr::null(), |(_, address)| address);
    let end = if closed { " (closed)" } else { "" };
    call.push_bytes(Message::format(format_args!("SSL connection: {address:p}{end}")).as_bytes());
    Ok(1)
}

const METHODS: &[(&str, NativeFunction)] = &[
    ("close", native(close)),
    ("dirty", native(object::dirty::<Connection>)),
    ("dohandshake", native(dohandshake)),
    ("exportkeyingmaterial", native(unsupported_or_nothing)),
    ("getalpn", native(getalpn)),
    ("getfd", native(object::getfd::<Connection>)),
    ("getfinished", native(getfinished)),
    ("getlocalcertificate", native(|call| one_certificate(call, true))),
    ("getlocalchain", native(|call| chain(call, true))),
    ("getpeercertificate", native(|call| one_certificate(call, false))),
    ("getpeerchain", native(|call| chain(call, false))),
    ("getpeerfinished", native(unsupported_or_nothing)),
    ("getpeerverification", native(getpeerverification)),
    ("getsniname", native(getsniname)),
    ("getstats", native(object::getstats::<Connection>)),
    ("info", native(info)),
    ("receive", native(object::receive::<Connection>)),
    ("send", native(object::send::<Connection>)),
    ("setdane", native(unsupported)),
    ("setstats", native(object::setstats::<Connection>)),
    ("settimeout", native(object::settimeout::<Connection>)),
    ("settlsa", native(unsupported)),
    ("sni", native(sni)),
    ("want", native(want)),
];

const METAMETHODS: &[(&str, NativeFunction)] =
    &[("__close", native(close)), ("__tostring", native(to_string))];

/// Defines the class.
pub fn define(call: &mut Call<'_>) {
    call.define_class(&ClassSpec {
        class: &TLS_CONNECTION,
        groups: &[],
        methods: METHODS,
        metamethods: METAMETHODS,
        named: false,
    });
}
