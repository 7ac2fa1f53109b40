//! Unix stream objects: `unixstream{master}`, `unixstream{client}`, `unixstream{server}`.

use socket2::Type;

use super::channel::SocketChannel;
use super::descriptor::Descriptor;
use super::listening::{self, Listening};
use super::object;
use super::options::{self, OptionKind, SocketOption, set_only};
use super::stream_object::{Parts, StreamObject};
use super::unix_address;
use crate::binding::{Call, Class, NativeFunction, Outcome, Receiver, native};
use crate::classes::Slot;
use crate::sys::libc;

/// A Unix stream object before it is connected or listens.
pub static UNIX_STREAM_MASTER: Class<UnixStream> = Class::new(Slot::UnixStreamMaster, c"unixstream{master}");
/// A connected Unix stream object.
pub static UNIX_STREAM_CLIENT: Class<UnixStream> = Class::new(Slot::UnixStreamClient, c"unixstream{client}");
/// A listening Unix stream object.
pub static UNIX_STREAM_SERVER: Class<UnixStream> = Class::new(Slot::UnixStreamServer, c"unixstream{server}");

static ANY: Receiver<UnixStream> =
    Receiver::new("unixstream{any}", &[&UNIX_STREAM_MASTER, &UNIX_STREAM_CLIENT, &UNIX_STREAM_SERVER]);
static MASTER: Receiver<UnixStream> = Receiver::new("unixstream{master}", &[&UNIX_STREAM_MASTER]);
static CLIENT: Receiver<UnixStream> = Receiver::new("unixstream{client}", &[&UNIX_STREAM_CLIENT]);
static SERVER: Receiver<UnixStream> = Receiver::new("unixstream{server}", &[&UNIX_STREAM_SERVER]);

/// A Unix stream socket in any of its classes.
#[derive(Debug)]
pub struct UnixStream {
    parts: Parts<SocketChannel>,
}

impl UnixStream {
    fn new(descriptor: Descriptor) -> Self {
        UnixStream { parts: Parts::new(SocketChannel { descriptor }) }
    }
}

impl StreamObject for UnixStream {
    type Channel = SocketChannel;
    const ANY: &'static Receiver<Self> = &ANY;
    const CLIENT: &'static Receiver<Self> = &CLIENT;

    fn parts(&mut self) -> &mut Parts<SocketChannel> {
        &mut self.parts
    }
}

impl Listening for UnixStream {
    fn master() -> &'static Receiver<Self> {
        &MASTER
    }

    fn server() -> &'static Receiver<Self> {
        &SERVER
    }

    fn client_class() -> &'static Class<Self> {
        &UNIX_STREAM_CLIENT
    }

    fn server_class() -> &'static Class<Self> {
        &UNIX_STREAM_SERVER
    }

    fn accepted(&self, descriptor: Descriptor) -> Self {
        UnixStream::new(descriptor)
    }
}

/// `unix.stream()`
pub fn stream(call: &mut Call<'_>) -> Outcome {
    object::push_new(call, &UNIX_STREAM_MASTER, || {
        Ok(UnixStream::new(unix_address::new_descriptor(Type::STREAM)?))
    })
}

fn bind(call: &mut Call<'_>) -> Outcome {
    unix_address::bind_object(call, &MASTER)
}

fn connect(call: &mut Call<'_>) -> Outcome {
    unix_address::connect_object(call, &MASTER, &UNIX_STREAM_CLIENT)
}

fn setoption(call: &mut Call<'_>) -> Outcome {
    options::set::<UnixStream>(call, OPTIONS)
}

const OPTIONS: &[SocketOption] = &[
    set_only("keepalive", OptionKind::Flag, libc::SOL_SOCKET, libc::SO_KEEPALIVE),
    set_only("reuseaddr", OptionKind::Flag, libc::SOL_SOCKET, libc::SO_REUSEADDR),
    set_only("linger", OptionKind::Linger, libc::SOL_SOCKET, libc::SO_LINGER),
];

const METHODS: &[(&str, NativeFunction)] = &[
    ("accept", native(listening::accept::<UnixStream>)),
    ("bind", native(bind)),
    ("close", native(object::close::<UnixStream>)),
    ("connect", native(connect)),
    ("dirty", native(object::dirty::<UnixStream>)),
    ("getfd", native(object::getfd::<UnixStream>)),
    ("getsockname", native(unix_address::getsockname::<UnixStream>)),
    ("getstats", native(object::getstats::<UnixStream>)),
    ("listen", native(listening::listen::<UnixStream>)),
    ("receive", native(object::receive::<UnixStream>)),
    ("send", native(object::send::<UnixStream>)),
    ("setfd", native(object::setfd::<UnixStream>)),
    ("setoption", native(setoption)),
    ("setpeername", native(connect)),
    ("setsockname", native(bind)),
    ("setstats", native(object::setstats::<UnixStream>)),
    ("settimeout", native(object::settimeout::<UnixStream>)),
    ("shutdown", native(listening::shutdown::<UnixStream>)),
];

/// Defines the three classes.
pub fn define(call: &mut Call<'_>) {
    object::define(
        call,
        &[&UNIX_STREAM_MASTER, &UNIX_STREAM_CLIENT, &UNIX_STREAM_SERVER],
        &["unixstream{any}"],
        METHODS,
    );
}
