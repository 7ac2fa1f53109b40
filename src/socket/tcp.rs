//! TCP objects: `tcp{master}`, `tcp{client}`, `tcp{server}`.

use std::os::fd::BorrowedFd;

use socket2::{SockAddr, SockRef, Type};

use super::channel::SocketChannel;
use super::descriptor::Descriptor;
use super::error::Failure;
use super::inet::{self, Family, Name};
use super::listening::{self, Listening};
use super::object::{self, Described, Streaming, report};
use super::options::{self, Shape, SocketOption, both, get_only, set_only};
use super::resolve::resolve;
use super::stream::Stream;
use super::timeout::{Deadline, Timeout};
use super::wait::wait_connected;
use crate::binding::{
    Call, Class, ClassSpec, Expected, NativeFunction, Object, Outcome, Raise, Receiver, native,
};
use crate::classes::{TCP_CLIENT, TCP_MASTER, TCP_SERVER};
use crate::sys::resolver::Hints;

static ANY: Receiver<Tcp> = Receiver::new("tcp{any}", &[&TCP_MASTER, &TCP_CLIENT, &TCP_SERVER]);
static MASTER: Receiver<Tcp> = Receiver::new("tcp{master}", &[&TCP_MASTER]);
static CLIENT: Receiver<Tcp> = Receiver::new("tcp{client}", &[&TCP_CLIENT]);
static SERVER: Receiver<Tcp> = Receiver::new("tcp{server}", &[&TCP_SERVER]);

/// A TCP socket in any of its classes.
#[derive(Debug)]
pub struct Tcp {
    stream: Stream,
    channel: SocketChannel,
    timeout: Timeout,
    family: Family,
}

impl Tcp {
    fn new(descriptor: Descriptor, family: Family) -> Self {
        Tcp {
            stream: Stream::default(),
            channel: SocketChannel { descriptor },
            timeout: Timeout::default(),
            family,
        }
    }

    /// Connects to the first address of a name that answers (contract tcp.connect).
    fn connect(&mut self, host: &[u8], service: &[u8]) -> Result<(), Failure> {
        let deadline = self.timeout.start();
        let hints = Hints { family: self.family.number(), kind: libc::SOCK_STREAM, flags: 0 };
        let addresses = resolve(host, service, hints, &deadline)?;
        let mut opened = if self.channel.descriptor.is_none() { None } else { Some(self.family) };
        let mut outcome = Err(Failure::Text("no info on address"));
        let mut tried = false;
        for address in addresses {
            let family = Family::of(&address);
            if opened != Some(family) {
                self.channel.descriptor.close();
                match inet::open(family, Type::STREAM) {
                    Ok(descriptor) => self.channel.descriptor = descriptor,
                    Err(failure) => {
                        outcome = Err(failure);
                        continue;
                    }
                }
                opened = Some(family);
                tried = false;
            }
            let fd = self.channel.descriptor.borrow()?;
            let target = SockAddr::from(address);
            outcome = connect_descriptor(fd, &target, &deadline);
            if tried && outcome == Err(Failure::Errno(libc::ECONNABORTED)) {
                // Linux reports the attempt before once more, and only then starts a new one (FIX-5).
                outcome = connect_descriptor(fd, &target, &deadline);
            }
            tried = true;
            // An attempt that goes on is asked for its outcome by the next connect.
            if outcome.is_ok() || deadline.is_nonblocking() {
                self.family = family;
            }
            // All addresses share one deadline (add.20), and an object that does not wait only
            // starts the first (contract tcp.connect.3).
            if outcome.is_ok() || outcome == Err(Failure::Timeout) || deadline.is_nonblocking() {
                break;
            }
        }
        outcome
    }
}

/// Starts a connect and waits for its outcome within the deadline.
pub fn connect_descriptor(
    fd: BorrowedFd<'_>,
    address: &SockAddr,
    deadline: &Deadline,
) -> Result<(), Failure> {
    let socket = SockRef::from(&fd);
    match socket.connect(address) {
        Ok(()) => return Ok(()),
        Err(error) => match error.raw_os_error() {
            // A signal does not stop the attempt.
            Some(libc::EINPROGRESS | libc::EINTR) => {}
            _ => return Err(Failure::from_io(&error)),
        },
    }
    if deadline.is_nonblocking() {
        return Err(Failure::Timeout);
    }
    if wait_connected(fd, deadline)? {
        return Ok(());
    }
    match socket.take_error() {
        Ok(None) => Ok(()),
        Ok(Some(error)) | Err(error) => Err(Failure::from_io(&error)),
    }
}

impl Object for Tcp {
    fn finalize(&mut self) {
        self.channel.descriptor.close();
        self.stream.free();
    }
}

impl Described for Tcp {
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

impl Streaming for Tcp {
    type Channel = SocketChannel;

    fn client() -> &'static Receiver<Self> {
        &CLIENT
    }

    fn parts(&mut self) -> (&mut Stream, &mut SocketChannel, Timeout) {
        (&mut self.stream, &mut self.channel, self.timeout)
    }
}

impl Listening for Tcp {
    fn master() -> &'static Receiver<Self> {
        &MASTER
    }

    fn server() -> &'static Receiver<Self> {
        &SERVER
    }

    fn client_class() -> &'static Class<Self> {
        &TCP_CLIENT
    }

    fn server_class() -> &'static Class<Self> {
        &TCP_SERVER
    }

    fn accepted(&self, descriptor: Descriptor) -> Self {
        Tcp::new(descriptor, self.family)
    }
}

/// The receiver that accepts a connected TCP object.
pub fn client() -> &'static Receiver<Tcp> {
    &CLIENT
}

fn push_new(call: &mut Call<'_>, make: impl FnOnce() -> Result<Tcp, Failure>) -> Outcome {
    match call.new_object(&TCP_MASTER, |_| make()) {
        Ok(()) => Ok(1),
        Err(failure) => Ok(call.push_failure(&failure.message())),
    }
}

/// `socket.tcp()`: an object whose family and descriptor are decided by its first use.
pub fn tcp(call: &mut Call<'_>) -> Outcome {
    push_new(call, || Ok(Tcp::new(Descriptor::NONE, Family::Unspecified)))
}

/// `socket.tcp4()`
pub fn tcp4(call: &mut Call<'_>) -> Outcome {
    push_new(call, || Ok(Tcp::new(inet::open(Family::V4, Type::STREAM)?, Family::V4)))
}

/// `socket.tcp6()`
pub fn tcp6(call: &mut Call<'_>) -> Outcome {
    push_new(call, || Ok(Tcp::new(inet::open(Family::V6, Type::STREAM)?, Family::V6)))
}

/// `socket.connect(host, port, local_host, local_port, family)`: a connected object, without a time limit.
pub fn connect_new(call: &mut Call<'_>) -> Outcome {
    let (host, port) = (call.bytes(1)?, service(call, 2)?);
    let local_host = call.optional_bytes(3)?;
    let local_port = call.optional_bytes(4)?.unwrap_or(b"0");
    let family = match call.option(5, "unspec", &["unspec", "inet", "inet6"])? {
        0 => Family::Unspecified,
        1 => Family::V4,
        _ => Family::V6,
    };
    let connected = call.new_object(&TCP_CLIENT, |_| {
        let mut tcp = Tcp::new(Descriptor::NONE, family);
        if let Some(local_host) = local_host {
            let Tcp { channel, family, .. } = &mut tcp;
            let never = Deadline::NEVER;
            inet::bind(&mut channel.descriptor, family, Type::STREAM, local_host, local_port, &never)?;
        }
        tcp.connect(host, &port)?;
        Ok(tcp)
    });
    match connected {
        Ok(()) => Ok(1),
        Err(failure) => {
            let failure: Failure = failure;
            Ok(call.push_failure(&failure.message()))
        }
    }
}

/// A port argument: a string, or a number as its decimal text. Lua 5.3 writes an integral float
/// as `8080.0`, which is meant as 8080 (FIX-22).
pub fn service(call: &Call<'_>, index: i32) -> Result<arrayvec::ArrayVec<u8, 64>, Raise> {
    let text = call.try_bytes(index).ok_or(Raise::Type(index, Expected::String))?;
    let text = match text.strip_suffix(b".0") {
        Some(digits) if !digits.is_empty() && digits.iter().all(u8::is_ascii_digit) => digits,
        _ => text,
    };
    // No service has a longer name, so the rest need not be looked at to be unknown.
    Ok(text.iter().copied().take(64).collect())
}

fn connect(call: &mut Call<'_>) -> Outcome {
    call.object(1, &ANY, |_| ())?;
    let (host, port) = (call.bytes(2)?, service(call, 3)?);
    // The class changes whatever comes of it (KEEP-3): a non-blocking connect needs that.
    call.become_class(1, &TCP_CLIENT);
    let result = call.object(1, &ANY, |tcp| tcp.connect(host, &port))?;
    report(call, result)
}

fn bind(call: &mut Call<'_>) -> Outcome {
    call.object(1, &MASTER, |_| ())?;
    let (host, port) = (call.bytes(2)?, service(call, 3)?);
    let result = call.object(1, &MASTER, |tcp| {
        let deadline = tcp.timeout.start();
        inet::bind(&mut tcp.channel.descriptor, &mut tcp.family, Type::STREAM, host, &port, &deadline)
    })?;
    report(call, result)
}

fn getfamily(call: &mut Call<'_>) -> Outcome {
    let family = call.object(1, &ANY, |tcp| tcp.family)?;
    call.push_bytes(family.object_name().as_bytes());
    Ok(1)
}

fn getsockname(call: &mut Call<'_>) -> Outcome {
    let name =
        call.object(1, &ANY, |tcp| Name::read(&tcp.channel.descriptor, tcp.family, inet::local_address))?;
    Name::push(name, call)
}

fn getpeername(call: &mut Call<'_>) -> Outcome {
    let name =
        call.object(1, &ANY, |tcp| Name::read(&tcp.channel.descriptor, tcp.family, inet::peer_address))?;
    Name::push(name, call)
}

fn getoption(call: &mut Call<'_>) -> Outcome {
    options::get::<Tcp>(call, OPTIONS)
}

fn setoption(call: &mut Call<'_>) -> Outcome {
    options::set::<Tcp>(call, OPTIONS)
}

#[cfg(target_vendor = "apple")]
const KEEPIDLE: i32 = libc::TCP_KEEPALIVE;
#[cfg(not(target_vendor = "apple"))]
const KEEPIDLE: i32 = libc::TCP_KEEPIDLE;

const OPTIONS: &[SocketOption] = &[
    both("keepalive", Shape::Flag, libc::SOL_SOCKET, libc::SO_KEEPALIVE),
    both("reuseaddr", Shape::Flag, libc::SOL_SOCKET, libc::SO_REUSEADDR),
    both("reuseport", Shape::Flag, libc::SOL_SOCKET, libc::SO_REUSEPORT),
    both("tcp-nodelay", Shape::Flag, libc::IPPROTO_TCP, libc::TCP_NODELAY),
    both("tcp-keepidle", Shape::Number, libc::IPPROTO_TCP, KEEPIDLE),
    both("tcp-keepcnt", Shape::Number, libc::IPPROTO_TCP, libc::TCP_KEEPCNT),
    both("tcp-keepintvl", Shape::Number, libc::IPPROTO_TCP, libc::TCP_KEEPINTVL),
    both("recv-buffer-size", Shape::Number, libc::SOL_SOCKET, libc::SO_RCVBUF),
    both("send-buffer-size", Shape::Number, libc::SOL_SOCKET, libc::SO_SNDBUF),
    both("linger", Shape::Linger, libc::SOL_SOCKET, libc::SO_LINGER),
    get_only("error", Shape::Error, libc::SOL_SOCKET, libc::SO_ERROR),
    both("ipv6-v6only", Shape::Flag, libc::IPPROTO_IPV6, libc::IPV6_V6ONLY),
    #[cfg(target_os = "linux")]
    set_only("tcp-defer-accept", Shape::Number, libc::IPPROTO_TCP, libc::TCP_DEFER_ACCEPT),
    #[cfg(target_os = "linux")]
    set_only("tcp-fastopen", Shape::Number, libc::IPPROTO_TCP, libc::TCP_FASTOPEN),
    #[cfg(target_os = "linux")]
    set_only("tcp-fastopen-connect", Shape::Number, libc::IPPROTO_TCP, libc::TCP_FASTOPEN_CONNECT),
    #[cfg(target_os = "linux")]
    both("bindtodevice", Shape::Device, libc::SOL_SOCKET, libc::SO_BINDTODEVICE),
];

/// The method `receive`.
pub const RECEIVE: NativeFunction = native(object::receive::<Tcp>);

const METHODS: &[(&str, NativeFunction)] = &[
    ("accept", native(listening::accept::<Tcp>)),
    ("bind", native(bind)),
    ("close", native(object::close::<Tcp>)),
    ("connect", native(connect)),
    ("dirty", native(object::dirty::<Tcp>)),
    ("getfamily", native(getfamily)),
    ("getfd", native(object::getfd::<Tcp>)),
    ("getoption", native(getoption)),
    ("getpeername", native(getpeername)),
    ("getsockname", native(getsockname)),
    ("getstats", native(object::getstats::<Tcp>)),
    ("gettimeout", native(object::gettimeout::<Tcp>)),
    ("listen", native(listening::listen::<Tcp>)),
    ("receive", RECEIVE),
    ("send", native(object::send::<Tcp>)),
    ("setfd", native(object::setfd::<Tcp>)),
    ("setoption", native(setoption)),
    ("setpeername", native(connect)),
    ("setsockname", native(bind)),
    ("setstats", native(object::setstats::<Tcp>)),
    ("settimeout", native(object::settimeout::<Tcp>)),
    ("shutdown", native(listening::shutdown::<Tcp>)),
];

const METAMETHODS: &[(&str, NativeFunction)] = &[("__gc", native(object::collect::<Tcp>))];

/// Defines the three classes.
pub fn define(call: &mut Call<'_>) {
    for class in [&TCP_MASTER, &TCP_CLIENT, &TCP_SERVER] {
        let class: &'static Class<Tcp> = class;
        let groups = &["tcp{any}"];
        let metamethods = METAMETHODS;
        call.define_class(&ClassSpec { class, groups, methods: METHODS, metamethods, named: true });
    }
}
