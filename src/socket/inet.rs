//! Binding and names, shared by TCP and UDP objects.

use rustix::fd::BorrowedFd;
use std::net::SocketAddr;

use socket2::{SockAddr, SockRef, Type};

use super::described::Described;
use super::descriptor::Descriptor;
use super::error::Failure;
use super::family::Family;
use super::recorded::Recorded;
use super::resolve::resolve;
use super::service::Service;
use super::timeout::Deadline;
use crate::binding::{Call, Message, Outcome, Receiver};
use crate::sys::libc;
use crate::sys::resolver::{Hints, numeric};

/// The addresses that an object can be bound to. May wait, like [`resolve`]. `any` is the family of `*`.
pub fn local_addresses(
    call: &mut Call<'_>,
    host: &[u8],
    service: &Service,
    kind: Type,
    (family, any): (Family, Family),
    deadline: &Deadline,
) -> Result<Vec<SocketAddr>, Failure> {
    let host = match (host, any) {
        (b"*", Family::V6) => b"::".as_slice(),
        (b"*", _) => b"0.0.0.0",
        _ => host,
    };
    let hints = Hints { family: family.number(), kind: kind.into(), flags: libc::AI_PASSIVE };
    resolve(call, host, service, hints, deadline)
}

/// Binds to the first address that is free. Creates a descriptor if the object has none. If the family is not
/// decided, creates a descriptor of the family of the address.
pub fn bind(
    descriptor: &mut Descriptor,
    family: &mut Family,
    options: &Recorded,
    addresses: Vec<SocketAddr>,
) -> Result<(), Failure> {
    let mut outcome = Err(Failure::Text("no info on address"));
    let mut open_as = if descriptor.is_none() { None } else { Some(*family) };
    for address in addresses {
        let wanted = Family::of(&address);
        if open_as != Some(wanted) {
            descriptor.close();
            match options.descriptor(wanted) {
                Ok(fresh) => {
                    *descriptor = fresh;
                    open_as = Some(wanted);
                }
                Err(failure) => {
                    outcome = Err(failure);
                    continue;
                }
            }
        }
        let bound = SockRef::from(&descriptor.borrow()?).bind(&SockAddr::from(address));
        outcome = bound.map_err(|error| Failure::from_io(&error));
        if outcome.is_ok() {
            *family = wanted;
            break;
        }
    }
    outcome
}

/// The local address of a descriptor.
pub fn local_address(fd: BorrowedFd<'_>) -> std::io::Result<SockAddr> {
    SockRef::from(&fd).local_addr()
}

fn peer_address(fd: BorrowedFd<'_>) -> std::io::Result<SockAddr> {
    SockRef::from(&fd).peer_addr()
}

/// Returns the address of one end of a socket.
pub type WhichName = fn(BorrowedFd<'_>) -> std::io::Result<SockAddr>;

/// An object with an Internet address.
pub trait Inet: Described {
    /// The name of one end.
    fn name(&self, which: WhichName) -> Result<Name, Failure>;
    /// The family, if it is decided.
    fn family(&self) -> Family;
}

/// `getfamily()`: "inet", "inet6" or "unspec".
pub fn getfamily<T: Inet>(call: &mut Call<'_>) -> Outcome {
    let family = call.object(1, T::any(), |object| object.family())?;
    call.push_bytes(family.object_name().as_bytes());
    Ok(1)
}

/// `getsockname()`: host, port and family of this end.
pub fn getsockname<T: Inet>(call: &mut Call<'_>) -> Outcome {
    let name = call.object(1, T::any(), |object| object.name(local_address))?;
    Name::push(name, call)
}

/// `getpeername()`: host, port and family of the other end.
pub fn getpeername<T: Inet>(call: &mut Call<'_>, receiver: &Receiver<T>) -> Outcome {
    let name = call.object(1, receiver, |object| object.name(peer_address))?;
    Name::push(name, call)
}

/// One end of a socket as text and number. It owns nothing that needs freeing.
pub struct Name {
    host: Message,
    port: u16,
    family: Family,
}

impl Name {
    /// Reads a name. The family is that of the object, not that of the address.
    pub fn read(descriptor: &Descriptor, family: Family, which: WhichName) -> Result<Name, Failure> {
        let address = descriptor
            .borrow()
            .and_then(|fd| which(fd).map_err(|error| Failure::from_io(&error)))
            // LuaSocket names no reason on Windows.
            .map_err(|failure| if cfg!(windows) { Failure::Text("Unknown error") } else { failure })?;
        let address = address.as_socket().ok_or(Failure::ResolveRaw(libc::EAI_FAMILY))?;
        let host = numeric(&address).map_err(|error| Failure::ResolveRaw(error.code))?;
        Ok(Name { host: Message::new(host), port: address.port(), family })
    }

    /// Pushes host, port and family.
    pub fn push(result: Result<Name, Failure>, call: &mut Call<'_>) -> Outcome {
        match result {
            Ok(name) => {
                call.push_bytes(name.host.as_bytes());
                call.push_integer(i64::from(name.port));
                call.push_bytes(name.family.name().as_bytes());
                Ok(3)
            }
            Err(failure) => Ok(call.push_failure(&failure.message())),
        }
    }
}
