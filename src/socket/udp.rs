//! UDP objects: `udp{unconnected}`, `udp{connected}`.

use std::net::SocketAddr;

use socket2::{SockAddr, SockRef, Type};

use super::datagram::{self, Datagram, receive_with, report_sent, transmit_to};
use super::described::Described;
use super::descriptor::{Descriptor, Use};
use super::error::Failure;
use super::family::{self, Family};
use super::inet::{self, Inet, Name, WhichName};
use super::object::{self, report, success};
use super::options::{self, OptionKind, SocketOption, both, get_only, set_only};
use super::recorded::Recorded;
use super::resolve::{direct, resolve};
use super::service::Service;
use super::stream::{InlineBuffer, Stop};
use super::timeout::Timeout;
use crate::binding::{Call, Class, Message, NativeFunction, Object, Outcome, Receiver, native};
use crate::classes::Slot;
use crate::sys::libc;
use crate::sys::resolver::{Hints, lookup, numeric};
use crate::tasks::door;

/// A UDP object without a fixed peer. It sends to, and receives from, any address.
pub static UDP_UNCONNECTED: Class<Udp> = Class::new(Slot::UdpUnconnected, c"udp{unconnected}");
/// A UDP object with a fixed peer.
pub static UDP_CONNECTED: Class<Udp> = Class::new(Slot::UdpConnected, c"udp{connected}");

static ANY: Receiver<Udp> = Receiver::new("udp{any}", &[&UDP_UNCONNECTED, &UDP_CONNECTED]);
static UNCONNECTED: Receiver<Udp> = Receiver::new("udp{unconnected}", &[&UDP_UNCONNECTED]);
static CONNECTED: Receiver<Udp> = Receiver::new("udp{connected}", &[&UDP_CONNECTED]);

/// A UDP socket in either of its classes.
#[derive(Debug)]
pub struct Udp {
    descriptor: Descriptor,
    timeout: Timeout,
    family: Family,
    options: Recorded,
}

impl Udp {
    fn new(descriptor: Descriptor, family: Family) -> Self {
        let options = if family == Family::Unspecified {
            Recorded::open(Type::DGRAM)
        } else {
            Recorded::closed(Type::DGRAM)
        };
        Udp { descriptor, timeout: Timeout::default(), family, options }
    }

    fn hints(&self, flags: i32) -> Hints {
        Hints { family: self.family.number(), kind: libc::SOCK_DGRAM, flags }
    }

    /// Sets the peer: the first address that the system accepts.
    fn connect(&mut self, addresses: Vec<SocketAddr>) -> Result<(), Failure> {
        let mut opened = if self.descriptor.is_none() { None } else { Some(self.family) };
        let mut outcome = Err(Failure::Text("no info on address"));
        for address in addresses {
            let family = Family::of(&address);
            if opened != Some(family) {
                match self.options.descriptor(family) {
                    Ok(descriptor) => self.descriptor = descriptor,
                    Err(failure) => {
                        outcome = Err(failure);
                        continue;
                    }
                }
                opened = Some(family);
            }
            let connected = SockRef::from(&self.descriptor.borrow()?).connect(&SockAddr::from(address));
            outcome = connected.map_err(|error| Failure::from_io(&error));
            if outcome.is_ok() {
                self.decide(family);
                break;
            }
        }
        outcome
    }

    /// Sets the family, now that the descriptor is decided too. No further options are recorded.
    fn decide(&mut self, family: Family) {
        self.family = family;
        self.options.close();
    }

    fn send_to(
        &mut self,
        data: &[u8],
        host: &[u8],
        port: &Service,
        waited: &mut bool,
    ) -> Result<usize, Stop> {
        let address = self.numeric_address(host, port).map_err(Stop::Failed)?;
        if self.descriptor.is_none() && self.family == Family::Unspecified {
            let family = Family::of(&address);
            self.descriptor = self.options.descriptor(family).map_err(Stop::Failed)?;
            self.decide(family);
        }
        transmit_to(&self.descriptor, waited, data, &SockAddr::from(address))
    }

    /// `sendto` accepts only numeric addresses and ports. It reports failures in the C library's words
    /// (KEEP-11).
    fn numeric_address(&self, host: &[u8], port: &Service) -> Result<SocketAddr, Failure> {
        let hints = self.hints(libc::AI_NUMERICHOST | libc::AI_NUMERICSERV);
        if let Some(address) = direct(host, port, hints) {
            return Ok(address);
        }
        let found = lookup(Some(host), Some(&port.text()?), hints);
        let found = found.map_err(|error| Failure::ResolveRaw(error.code))?;
        found.first().copied().ok_or(Failure::ResolveRaw(libc::EAI_NONAME))
    }
}

impl Object for Udp {
    fn finalize(&mut self) {
        self.descriptor.close();
    }
}

impl Described for Udp {
    fn any() -> &'static Receiver<Self> {
        &ANY
    }

    fn descriptor(&mut self) -> &mut Descriptor {
        &mut self.descriptor
    }

    fn timeout(&mut self) -> &mut Timeout {
        &mut self.timeout
    }

    fn abandon(&mut self) {
        self.options.close();
    }

    fn recorded(&mut self) -> Option<&mut Recorded> {
        Some(&mut self.options)
    }
}

impl Inet for Udp {
    fn name(&self, which: WhichName) -> Result<Name, Failure> {
        Name::read(&self.descriptor, self.family, which)
    }

    fn family(&self) -> Family {
        self.family
    }
}

impl Datagram for Udp {
    fn connected() -> &'static Receiver<Self> {
        &CONNECTED
    }
}

/// `socket.udp()`: an object whose first use decides its family and descriptor.
pub fn udp(call: &mut Call<'_>) -> Outcome {
    object::push_new(call, &UDP_UNCONNECTED, || Ok(Udp::new(Descriptor::NONE, Family::Unspecified)))
}

/// `socket.udp4()`
pub fn udp4(call: &mut Call<'_>) -> Outcome {
    object::push_new(call, &UDP_UNCONNECTED, || {
        Ok(Udp::new(family::open(Family::V4, Type::DGRAM)?, Family::V4))
    })
}

/// `socket.udp6()`
pub fn udp6(call: &mut Call<'_>) -> Outcome {
    object::push_new(call, &UDP_UNCONNECTED, || {
        Ok(Udp::new(family::open(Family::V6, Type::DGRAM)?, Family::V6))
    })
}

fn setsockname(call: &mut Call<'_>) -> Outcome {
    call.object(1, &UNCONNECTED, |_| ())?;
    let (host, port) = (call.bytes(2)?, Service::argument(call, 3)?);
    let (deadline, families, identity) = call.object(1, &UNCONNECTED, |udp| {
        let any = if udp.family == Family::Unspecified { udp.options.family() } else { udp.family };
        (udp.timeout.start(), (udp.family, any), udp.descriptor.identity())
    })?;
    let result = match inet::local_addresses(call, host, &port, Type::DGRAM, families, &deadline) {
        Ok(addresses) => call.object(1, &UNCONNECTED, |udp| {
            udp.descriptor.expect(identity)?;
            let bound = inet::bind(&mut udp.descriptor, &mut udp.family, &udp.options, addresses);
            bound.inspect(|()| udp.options.close())
        })?,
        Err(failure) => Err(failure),
    };
    report(call, result)
}

fn setpeername(call: &mut Call<'_>) -> Outcome {
    call.object(1, &ANY, |_| ())?;
    let host = call.bytes(2)?;
    if host == b"*" {
        call.object(1, &ANY, |udp| {
            if let Ok(fd) = udp.descriptor.borrow() {
                // Always return 1, whatever the system reports (contract udp.peer.2).
                let _ = rustix::net::connect_unspec(fd);
            }
        })?;
        call.become_class(1, &UDP_UNCONNECTED);
        return success(call);
    }
    let port = Service::argument(call, 3)?;
    let (deadline, hints, identity) =
        call.object(1, &ANY, |udp| (udp.timeout.start(), udp.hints(0), udp.descriptor.identity()))?;
    let result = match resolve(call, host, &port, hints, &deadline) {
        Ok(addresses) => call.object(1, &ANY, |udp| {
            udp.descriptor.expect(identity)?;
            udp.connect(addresses)
        })?,
        Err(failure) => Err(failure),
    };
    if result.is_ok() {
        call.become_class(1, &UDP_CONNECTED);
    }
    report(call, result)
}

fn sendto(call: &mut Call<'_>) -> Outcome {
    call.object(1, &UNCONNECTED, |_| ())?;
    let (data, host, port) = (call.bytes(2)?, call.bytes(3)?, Service::argument(call, 4)?);
    let mut waited = false;
    let sent = door::repeat(call, 1, &UNCONNECTED, Use::Writing, |udp, _| {
        udp.send_to(data, host, &port, &mut waited)
    })?;
    report_sent(call, sent)
}

fn receivefrom(call: &mut Call<'_>) -> Outcome {
    let mut inline = InlineBuffer::new();
    let received = match receive_with(call, &UNCONNECTED, &mut inline)? {
        Ok(received) => received,
        Err(failure) => return Ok(call.push_failure(&failure.message())),
    };
    match name_of_sender(&received.sender) {
        Ok((host, port)) => {
            received.push(&inline, call)?;
            call.push_bytes(host.as_bytes());
            call.push_integer(i64::from(port));
            door::settle_for(call, 1, &UNCONNECTED);
            Ok(3)
        }
        Err(failure) => {
            drop(received);
            Ok(call.push_failure(&failure.message()))
        }
    }
}

fn name_of_sender(sender: &SockAddr) -> Result<(Message, u16), Failure> {
    let address = sender.as_socket().ok_or(Failure::ResolveRaw(libc::EAI_FAMILY))?;
    let host = numeric(&address).map_err(|error| Failure::ResolveRaw(error.code))?;
    Ok((Message::new(host), address.port()))
}

fn getoption(call: &mut Call<'_>) -> Outcome {
    options::get::<Udp>(call, OPTIONS)
}

fn setoption(call: &mut Call<'_>) -> Outcome {
    options::set::<Udp>(call, OPTIONS)
}

const OPTIONS: &[SocketOption] = &[
    both("dontroute", OptionKind::Flag, libc::SOL_SOCKET, libc::SO_DONTROUTE),
    both("broadcast", OptionKind::Flag, libc::SOL_SOCKET, libc::SO_BROADCAST),
    both("reuseaddr", OptionKind::Flag, libc::SOL_SOCKET, libc::SO_REUSEADDR),
    both("reuseport", OptionKind::Flag, libc::SOL_SOCKET, libc::SO_REUSEPORT),
    both("ip-multicast-if", OptionKind::Ipv4, libc::IPPROTO_IP, libc::IP_MULTICAST_IF),
    set_only("ip-multicast-ttl", OptionKind::Number, libc::IPPROTO_IP, libc::IP_MULTICAST_TTL),
    both("ip-multicast-loop", OptionKind::Flag, libc::IPPROTO_IP, libc::IP_MULTICAST_LOOP),
    set_only("ip-add-membership", OptionKind::Membership4, libc::IPPROTO_IP, libc::IP_ADD_MEMBERSHIP),
    set_only("ip-drop-membership", OptionKind::Membership4, libc::IPPROTO_IP, libc::IP_DROP_MEMBERSHIP),
    both("ipv6-unicast-hops", OptionKind::Number, libc::IPPROTO_IPV6, libc::IPV6_UNICAST_HOPS),
    both("ipv6-multicast-hops", OptionKind::Number, libc::IPPROTO_IPV6, libc::IPV6_MULTICAST_HOPS),
    both("ipv6-multicast-loop", OptionKind::Flag, libc::IPPROTO_IPV6, libc::IPV6_MULTICAST_LOOP),
    set_only("ipv6-add-membership", OptionKind::Membership6, libc::IPPROTO_IPV6, libc::IPV6_JOIN_GROUP),
    set_only("ipv6-drop-membership", OptionKind::Membership6, libc::IPPROTO_IPV6, libc::IPV6_LEAVE_GROUP),
    both("ipv6-v6only", OptionKind::Flag, libc::IPPROTO_IPV6, libc::IPV6_V6ONLY),
    both("recv-buffer-size", OptionKind::Number, libc::SOL_SOCKET, libc::SO_RCVBUF),
    both("send-buffer-size", OptionKind::Number, libc::SOL_SOCKET, libc::SO_SNDBUF),
    get_only("error", OptionKind::Error, libc::SOL_SOCKET, libc::SO_ERROR),
];

const METHODS: &[(&str, NativeFunction)] = &[
    ("close", native(object::close::<Udp>)),
    ("dirty", native(object::dirty::<Udp>)),
    ("getfamily", native(inet::getfamily::<Udp>)),
    ("getfd", native(object::getfd::<Udp>)),
    ("getoption", native(getoption)),
    ("getpeername", native(|call| inet::getpeername(call, &CONNECTED))),
    ("getsockname", native(inet::getsockname::<Udp>)),
    ("gettimeout", native(object::gettimeout::<Udp>)),
    ("receive", native(datagram::receive::<Udp>)),
    ("receivefrom", native(receivefrom)),
    ("send", native(datagram::send::<Udp>)),
    ("sendto", native(sendto)),
    ("setfd", native(object::setfd::<Udp>)),
    ("setoption", native(setoption)),
    ("setpeername", native(setpeername)),
    ("setsockname", native(setsockname)),
    ("settimeout", native(object::settimeout::<Udp>)),
];

/// Defines the two classes.
pub fn define(call: &mut Call<'_>) {
    object::define(call, &[&UDP_UNCONNECTED, &UDP_CONNECTED], &["udp{any}", "select{able}"], METHODS);
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::net::{Ipv6Addr, SocketAddrV6};

    use super::*;

    #[test]
    fn a_scoped_address_keeps_its_scope_however_long_it_is() {
        let ip = Ipv6Addr::new(0xfe80, 0, 0, 0, 0x1234, 0x5678, 0x9abc, 0xdef0);
        let sender = SockAddr::from(SocketAddrV6::new(ip, 7, 0, 1));
        assert_eq!(name_of_sender(&sender), Ok((Message::new("fe80::1234:5678:9abc:def0%lo"), 7)));
    }
}
