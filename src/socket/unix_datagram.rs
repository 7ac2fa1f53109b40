//! Unix datagram objects: `unixdgram{unconnected}`, `unixdgram{connected}`.

use socket2::Type;

use super::datagram::{self, Datagram, receive_with, report_sent, transmit_to};
use super::described::Described;
use super::descriptor::{Descriptor, Use};
use super::error::Failure;
use super::object::{self, report};
use super::options::{self, OptionKind, SocketOption, set_only};
use super::stream::{InlineBuffer, Stop};
use super::timeout::Timeout;
use super::unix_address;
use crate::binding::{Call, Class, ClassSpec, NativeFunction, Object, Outcome, Receiver, native};
use crate::classes::Slot;
use crate::tasks::door;

/// A Unix datagram object without a fixed peer. It sends to, and receives from, any address.
pub static UNIX_DATAGRAM_UNCONNECTED: Class<UnixDatagram> =
    Class::new(Slot::UnixDatagramUnconnected, c"unixdgram{unconnected}");
/// A Unix datagram object with a fixed peer.
pub static UNIX_DATAGRAM_CONNECTED: Class<UnixDatagram> =
    Class::new(Slot::UnixDatagramConnected, c"unixdgram{connected}");

static ANY: Receiver<UnixDatagram> =
    Receiver::new("unixdgram{any}", &[&UNIX_DATAGRAM_UNCONNECTED, &UNIX_DATAGRAM_CONNECTED]);
static UNCONNECTED: Receiver<UnixDatagram> =
    Receiver::new("unixdgram{unconnected}", &[&UNIX_DATAGRAM_UNCONNECTED]);
static CONNECTED: Receiver<UnixDatagram> = Receiver::new("unixdgram{connected}", &[&UNIX_DATAGRAM_CONNECTED]);

/// A Unix datagram socket in either of its classes.
#[derive(Debug)]
pub struct UnixDatagram {
    descriptor: Descriptor,
    timeout: Timeout,
}

impl Object for UnixDatagram {
    fn finalize(&mut self) {
        self.descriptor.close();
    }
}

impl Described for UnixDatagram {
    fn any() -> &'static Receiver<Self> {
        &ANY
    }

    fn descriptor(&mut self) -> &mut Descriptor {
        &mut self.descriptor
    }

    fn timeout(&mut self) -> &mut Timeout {
        &mut self.timeout
    }

    fn is_dirty(&self) -> bool {
        false
    }
}

impl Datagram for UnixDatagram {
    fn connected() -> &'static Receiver<Self> {
        &CONNECTED
    }

    fn parts(&mut self) -> (&Descriptor, Timeout) {
        (&self.descriptor, self.timeout)
    }
}

/// `unix.dgram()`
pub fn dgram(call: &mut Call<'_>) -> Outcome {
    let made = call.new_object(&UNIX_DATAGRAM_UNCONNECTED, |_| {
        Ok(UnixDatagram {
            descriptor: unix_address::new_descriptor(Type::DGRAM)?,
            timeout: Timeout::default(),
        })
    });
    match made {
        Ok(()) => Ok(1),
        Err(failure) => {
            let failure: Failure = failure;
            Ok(call.push_failure(&failure.message()))
        }
    }
}

fn bind(call: &mut Call<'_>) -> Outcome {
    call.object(1, &UNCONNECTED, |_| ())?;
    let path = call.bytes(2)?;
    let result =
        call.object(1, &UNCONNECTED, |datagram| unix_address::bind(&mut datagram.descriptor, path))?;
    report(call, result)
}

fn connect(call: &mut Call<'_>) -> Outcome {
    call.object(1, &ANY, |_| ())?;
    let path = call.bytes(2)?;
    let result = door::repeat(call, 1, &ANY, Use::Both, |datagram, _| {
        unix_address::connect(&mut datagram.descriptor, path)
    })?;
    if result == Err(Failure::Timeout) {
        call.object(1, &ANY, |datagram| datagram.descriptor.close())?;
    }
    if result.is_ok() {
        call.become_class(1, &UNIX_DATAGRAM_CONNECTED);
    }
    report(call, result)
}

fn sendto(call: &mut Call<'_>) -> Outcome {
    call.object(1, &UNCONNECTED, |_| ())?;
    let (data, path) = (call.bytes(2)?, call.bytes(3)?);
    let mut waited = false;
    let sent = door::repeat(call, 1, &UNCONNECTED, Use::Writing, |datagram, _| {
        let address = unix_address::address(path).map_err(Stop::Failed)?;
        transmit_to(&datagram.descriptor, &mut waited, data, &address)
    })?;
    report_sent(call, sent)
}

/// `receivefrom(size)`: returns the datagram and its sender's path.
fn receivefrom(call: &mut Call<'_>) -> Outcome {
    let mut inline = InlineBuffer::new();
    match receive_with(call, &UNCONNECTED, &mut inline)? {
        Ok(received) => {
            let path = unix_address::path(&received.sender);
            received.push(&inline, call)?;
            call.push_bytes(path.as_bytes());
            door::settle_for(call, 1, &UNCONNECTED);
            Ok(2)
        }
        Err(failure) => Ok(call.push_failure(&failure.message())),
    }
}

fn getsockname(call: &mut Call<'_>) -> Outcome {
    let address = call.object(1, &ANY, |datagram| unix_address::local_address(&datagram.descriptor))?;
    unix_address::push_name(call, address)
}

fn setoption(call: &mut Call<'_>) -> Outcome {
    options::set::<UnixDatagram>(call, OPTIONS)
}

const OPTIONS: &[SocketOption] =
    &[set_only("reuseaddr", OptionKind::Flag, libc::SOL_SOCKET, libc::SO_REUSEADDR)];

const METHODS: &[(&str, NativeFunction)] = &[
    ("bind", native(bind)),
    ("close", native(object::close::<UnixDatagram>)),
    ("connect", native(connect)),
    ("dirty", native(object::dirty::<UnixDatagram>)),
    ("getfd", native(object::getfd::<UnixDatagram>)),
    ("getsockname", native(getsockname)),
    ("gettimeout", native(object::gettimeout::<UnixDatagram>)),
    ("receive", native(datagram::receive::<UnixDatagram>)),
    ("receivefrom", native(receivefrom)),
    ("send", native(datagram::send::<UnixDatagram>)),
    ("sendto", native(sendto)),
    ("setfd", native(object::setfd::<UnixDatagram>)),
    ("setoption", native(setoption)),
    ("setpeername", native(connect)),
    ("setsockname", native(bind)),
    ("settimeout", native(object::settimeout::<UnixDatagram>)),
];

const METAMETHODS: &[(&str, NativeFunction)] = &[("__gc", native(object::collect::<UnixDatagram>))];

/// Defines the two classes.
pub fn define(call: &mut Call<'_>) {
    for class in [&UNIX_DATAGRAM_UNCONNECTED, &UNIX_DATAGRAM_CONNECTED] {
        let class: &'static Class<UnixDatagram> = class;
        let groups = &["unixdgram{any}", "select{able}"];
        let metamethods = METAMETHODS;
        call.define_class(&ClassSpec { class, groups, methods: METHODS, metamethods, named: true });
    }
}
