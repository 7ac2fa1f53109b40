//! Unix stream objects: `unixstream{master}`, `unixstream{client}`, `unixstream{server}`.

use socket2::Type;

use super::channel::SocketChannel;
use super::described::{Described, Streaming};
use super::descriptor::{Descriptor, Use};
use super::error::Failure;
use super::listening::{self, Listening};
use super::object::{self, report};
use super::options::{self, OptionKind, SocketOption, set_only};
use super::stream::Stream;
use super::timeout::Timeout;
use super::unix_address;
use crate::binding::{Call, Class, ClassSpec, NativeFunction, Object, Outcome, Receiver, native};
use crate::classes::Slot;
use crate::tasks::door;

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
    stream: Stream,
    channel: SocketChannel,
    timeout: Timeout,
}

impl UnixStream {
    fn new(descriptor: Descriptor) -> Self {
        UnixStream {
            stream: Stream::default(),
            channel: SocketChannel { descriptor },
            timeout: Timeout::default(),
        }
    }
}

impl Object for UnixStream {
    fn finalize(&mut self) {
        self.channel.descriptor.close();
        self.stream.free();
    }
}

impl Described for UnixStream {
    fn any() -> &'static Receiver<Self> {
        &ANY
    }

    fn descriptor(&mut self) -> &mut Descriptor {
        &mut self.channel.descriptor
    }

    fn timeout(&mut self) -> &mut Timeout {
        &mut self.timeout
    }

    fn is_dirty(&self) -> bool {
        self.stream.is_dirty()
    }
}

impl Streaming for UnixStream {
    type Channel = SocketChannel;

    fn client() -> &'static Receiver<Self> {
        &CLIENT
    }

    fn parts(&mut self) -> (&mut Stream, &mut SocketChannel, Timeout) {
        (&mut self.stream, &mut self.channel, self.timeout)
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
    let made = call.new_object(&UNIX_STREAM_MASTER, |_| {
        Ok(UnixStream::new(unix_address::new_descriptor(Type::STREAM)?))
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
    call.object(1, &MASTER, |_| ())?;
    let path = call.bytes(2)?;
    let result =
        call.object(1, &MASTER, |stream| unix_address::bind(&mut stream.channel.descriptor, path))?;
    report(call, result)
}

fn connect(call: &mut Call<'_>) -> Outcome {
    call.object(1, &MASTER, |_| ())?;
    let path = call.bytes(2)?;
    let result = door::repeat(call, 1, &MASTER, Use::Both, |stream, _| {
        unix_address::connect(&mut stream.channel.descriptor, path)
    })?;
    if result == Err(Failure::Timeout) {
        call.object(1, &MASTER, |stream| stream.channel.descriptor.close())?;
    }
    if result.is_ok() {
        call.become_class(1, &UNIX_STREAM_CLIENT);
    }
    report(call, result)
}

fn getsockname(call: &mut Call<'_>) -> Outcome {
    let address = call.object(1, &ANY, |stream| unix_address::local_address(&stream.channel.descriptor))?;
    unix_address::push_name(call, address)
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
    ("getsockname", native(getsockname)),
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

const METAMETHODS: &[(&str, NativeFunction)] = &[("__gc", native(object::collect::<UnixStream>))];

/// Defines the three classes.
pub fn define(call: &mut Call<'_>) {
    for class in [&UNIX_STREAM_MASTER, &UNIX_STREAM_CLIENT, &UNIX_STREAM_SERVER] {
        let class: &'static Class<UnixStream> = class;
        let groups = &["unixstream{any}"];
        let metamethods = METAMETHODS;
        call.define_class(&ClassSpec { class, groups, methods: METHODS, metamethods, named: true });
    }
}
