//! TCP objects: `tcp{master}`, `tcp{client}`, `tcp{server}`.

use std::ffi::CStr;

use socket2::Type;

use super::descriptor::Descriptor;
use super::error::Failure;
use super::family::{self, Family};
use super::inet;
use super::listening;
use super::object::{self, report};
#[cfg(target_os = "linux")]
use super::options::set_only;
use super::options::{self, OptionKind, SocketOption, both, get_only};
use super::service::Service;
use super::timeout::Deadline;
use crate::binding::{Call, NativeFunction, Object, Outcome, Raise, Receiver, native};
use crate::sys::libc;

mod class;
mod connecting;

use class::{ANY, MASTER};
pub use class::{TCP_CLIENT, TCP_MASTER, TCP_SERVER, Tcp};
use connecting::{connect_object, find_addresses, race};

/// `socket.tcp()`: an object whose first use decides its family and descriptor.
pub fn tcp(call: &mut Call<'_>) -> Outcome {
    object::push_new(call, &TCP_MASTER, || Ok(Tcp::new(Descriptor::NONE, Family::Unspecified)))
}

/// `socket.tcp4()`
pub fn tcp4(call: &mut Call<'_>) -> Outcome {
    object::push_new(call, &TCP_MASTER, || Ok(Tcp::new(family::open(Family::V4, Type::STREAM)?, Family::V4)))
}

/// `socket.tcp6()`
pub fn tcp6(call: &mut Call<'_>) -> Outcome {
    object::push_new(call, &TCP_MASTER, || Ok(Tcp::new(family::open(Family::V6, Type::STREAM)?, Family::V6)))
}

/// `socket.connect(host, port, local_host, local_port, family)`: a connected object, without a time limit.
pub fn connect_new(call: &mut Call<'_>) -> Outcome {
    let (host, port) = (call.bytes(1)?, Service::argument(call, 2)?);
    let local_host = call.optional_bytes(3)?;
    let local_port = if call.kind(4).is_absent() { Service::Port(0) } else { Service::argument(call, 4)? };
    let family = match call.option(5, "unspec", &["unspec", "inet", "inet6"])? {
        0 => Family::Unspecified,
        1 => Family::V4,
        _ => Family::V6,
    };
    let made: Result<(), Failure> = call.new_object(&TCP_CLIENT, |_| Ok(Tcp::new(Descriptor::NONE, family)));
    if let Err(failure) = made {
        return Ok(call.push_failure(&failure.message()));
    }
    let index = call.count();
    let bound = match local_host {
        Some(local_host) => bind_object(call, index, &ANY, local_host, &local_port)?,
        None => Ok(()),
    };
    let result = match bound {
        Ok(()) => connect_object(call, index, host, &port)?,
        Err(failure) => Err(failure),
    };
    if let Err(failure) = result {
        // Close it now and do not leave that to the collector (add.30).
        call.object(index, &ANY, Object::finalize)?;
        return Ok(call.push_failure(&failure.message()));
    }
    Ok(1)
}

fn connect(call: &mut Call<'_>) -> Outcome {
    call.object(1, &ANY, |_| ())?;
    let (host, port) = (call.bytes(2)?, Service::argument(call, 3)?);
    // The class changes even if connecting fails (KEEP-3). A non-blocking connect needs that.
    call.become_class(1, &TCP_CLIENT);
    let result = connect_object(call, 1, host, &port)?;
    report(call, result)
}

/// `connect(object, host, port, resolve, connect, until)`: the method, with a limit for the lookup and another
/// one for the connection, in seconds (negative: none). `until` ends both. On failure returns nil, a message,
/// and "resolve" or "connect". For the client of HTTP.
pub fn connect_in_steps(call: &mut Call<'_>) -> Outcome {
    call.object(1, &ANY, |_| ())?;
    let (host, port) = (call.bytes(2)?, Service::argument(call, 3)?);
    let (resolve, connect, until) = (call.number(4)?, call.number(5)?, call.try_number(6));
    call.become_class(1, &TCP_CLIENT);
    let (step, result) = match find_addresses(call, 1, host, &port, &Deadline::within(resolve, until))? {
        Ok(()) => ("connect", race(call, 1, Deadline::within(connect, until))?),
        failed => ("resolve", failed),
    };
    match result {
        Ok(()) => report(call, Ok(())),
        Err(failure) => {
            call.push_failure(&failure.message());
            call.push_bytes(step.as_bytes());
            Ok(3)
        }
    }
}

/// Binds the object at `index`.
fn bind_object(
    call: &mut Call<'_>,
    index: i32,
    receiver: &Receiver<Tcp>,
    host: &[u8],
    port: &Service,
) -> Result<Result<(), Failure>, Raise> {
    let (deadline, families, identity) = call.object(index, receiver, |tcp| {
        let any = if tcp.family == Family::Unspecified { tcp.options.family() } else { tcp.family };
        (tcp.parts.timeout.start(), (tcp.family, any), tcp.parts.channel.descriptor.identity())
    })?;
    match inet::local_addresses(call, host, port, Type::STREAM, families, &deadline) {
        Ok(addresses) => call.object(index, receiver, |tcp| {
            tcp.parts.channel.descriptor.expect(identity)?;
            inet::bind(&mut tcp.parts.channel.descriptor, &mut tcp.family, &tcp.options, addresses)
        }),
        Err(failure) => Ok(Err(failure)),
    }
}

fn bind(call: &mut Call<'_>) -> Outcome {
    call.object(1, &MASTER, |_| ())?;
    let (host, port) = (call.bytes(2)?, Service::argument(call, 3)?);
    let result = bind_object(call, 1, &MASTER, host, &port)?;
    report(call, result)
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
    both("keepalive", OptionKind::Flag, libc::SOL_SOCKET, libc::SO_KEEPALIVE),
    both("reuseaddr", OptionKind::Flag, libc::SOL_SOCKET, libc::SO_REUSEADDR),
    both("reuseport", OptionKind::Flag, libc::SOL_SOCKET, libc::SO_REUSEPORT),
    both("tcp-nodelay", OptionKind::Flag, libc::IPPROTO_TCP, libc::TCP_NODELAY),
    both("tcp-keepidle", OptionKind::Number, libc::IPPROTO_TCP, KEEPIDLE),
    both("tcp-keepcnt", OptionKind::Number, libc::IPPROTO_TCP, libc::TCP_KEEPCNT),
    both("tcp-keepintvl", OptionKind::Number, libc::IPPROTO_TCP, libc::TCP_KEEPINTVL),
    both("recv-buffer-size", OptionKind::Number, libc::SOL_SOCKET, libc::SO_RCVBUF),
    both("send-buffer-size", OptionKind::Number, libc::SOL_SOCKET, libc::SO_SNDBUF),
    both("linger", OptionKind::Linger, libc::SOL_SOCKET, libc::SO_LINGER),
    get_only("error", OptionKind::Error, libc::SOL_SOCKET, libc::SO_ERROR),
    both("ipv6-v6only", OptionKind::Flag, libc::IPPROTO_IPV6, libc::IPV6_V6ONLY),
    #[cfg(target_os = "linux")]
    set_only("tcp-defer-accept", OptionKind::Number, libc::IPPROTO_TCP, libc::TCP_DEFER_ACCEPT),
    #[cfg(target_os = "linux")]
    set_only("tcp-fastopen", OptionKind::Number, libc::IPPROTO_TCP, libc::TCP_FASTOPEN),
    #[cfg(target_os = "linux")]
    set_only("tcp-fastopen-connect", OptionKind::Number, libc::IPPROTO_TCP, libc::TCP_FASTOPEN_CONNECT),
    #[cfg(target_os = "linux")]
    both("bindtodevice", OptionKind::Device, libc::SOL_SOCKET, libc::SO_BINDTODEVICE),
];

/// The method `receive`.
const RECEIVE: NativeFunction = native(object::receive::<Tcp>);

/// The methods that make a connection and use it.
const OF_CONNECTIONS: [(&CStr, NativeFunction); 4] = [
    (c"connect", native(connect)),
    (c"receive", RECEIVE),
    (c"send", native(object::send::<Tcp>)),
    (c"settimeout", native(object::settimeout::<Tcp>)),
];

/// `has_own_methods(object)`: whether an object is one of these classes, and none of the methods that make a
/// connection and use it was replaced.
pub fn has_own_methods(call: &mut Call<'_>) -> Outcome {
    object::has_own_methods::<Tcp>(call, &OF_CONNECTIONS)
}

const METHODS: &[(&str, NativeFunction)] = &[
    ("accept", native(listening::accept::<Tcp>)),
    ("bind", native(bind)),
    ("close", native(object::close::<Tcp>)),
    ("connect", native(connect)),
    ("dirty", native(object::dirty::<Tcp>)),
    ("getfamily", native(inet::getfamily::<Tcp>)),
    ("getfd", native(object::getfd::<Tcp>)),
    ("getoption", native(getoption)),
    ("getpeername", native(|call| inet::getpeername(call, &ANY))),
    ("getsockname", native(inet::getsockname::<Tcp>)),
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

/// Defines the three classes.
pub fn define(call: &mut Call<'_>) {
    object::define(call, &[&TCP_MASTER, &TCP_CLIENT, &TCP_SERVER], &["tcp{any}"], METHODS);
}
