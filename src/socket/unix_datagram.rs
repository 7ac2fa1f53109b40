//! Unix datagram objects: `unixdgram{unconnected}`, `unixdgram{connected}`.

use socket2::Type;

use super::datagram::{self, Datagram, receive_with, report_sent, transmit_to};
use super::described::Described;
use super::descriptor::{Descriptor, Use};
use super::object;
use super::options::{self, OptionKind, SocketOption, set_only};
use super::stream::{InlineBuffer, Stop};
use super::timeout::Timeout;
use super::unix_address;
use crate::binding::{Call, Class, NativeFunction, Object, Outcome, Receiver, native};
use crate::classes::Slot;
use crate::sys::libc;
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
}

impl Datagram for UnixDatagram {
    fn connected() -> &'static Receiver<Self> {
        &CONNECTED
    }
}

/// `unix.dgram()`
pub fn dgram(call: &mut Call<'_>) -> Outcome {
    object::push_new(call, &UNIX_DATAGRAM_UNCONNECTED, || {
        let descriptor = unix_address::new_descriptor(Type::DGRAM)?;
        Ok(UnixDatagram { descriptor, timeout: Timeout::default() })
    })
}

fn bind(call: &mut Call<'_>) -> Outcome {
    unix_address::bind_object(call, &UNCONNECTED)
}

fn connect(call: &mut Call<'_>) -> Outcome {
    unix_address::connect_object(call, &ANY, &UNIX_DATAGRAM_CONNECTED)
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
    ("getsockname", native(unix_address::getsockname::<UnixDatagram>)),
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

/// Defines the two classes.
pub fn define(call: &mut Call<'_>) {
    object::define(
        call,
        &[&UNIX_DATAGRAM_UNCONNECTED, &UNIX_DATAGRAM_CONNECTED],
        &["unixdgram{any}", "select{able}"],
        METHODS,
    );
}
