//! Paths as addresses, and the operations that take a path. Both kinds of Unix objects use them.

use std::ffi::OsStr;
use std::mem::offset_of;
use std::os::fd::BorrowedFd;
use std::os::unix::ffi::OsStrExt;

use socket2::{Domain, SockAddr, SockRef, Socket, Type};

use super::described::Described;
use super::descriptor::{Descriptor, Use};
use super::error::Failure;
use super::object::report;
use super::stream::Stop;
use crate::binding::{Call, Class, Message, Outcome, Receiver};
use crate::sys::libc;
use crate::tasks::door;

/// The longest path. The system's field also holds a final zero byte.
const LONGEST_PATH: usize = size_of::<libc::sockaddr_un>() - offset_of!(libc::sockaddr_un, sun_path) - 1;
const TOO_LONG: Failure = Failure::Text("path too long");

/// A new descriptor: non-blocking and closed on exec.
pub fn new_descriptor(kind: Type) -> Result<Descriptor, Failure> {
    let socket = Socket::new(Domain::UNIX, kind, None).map_err(|error| Failure::from_io(&error))?;
    socket.set_nonblocking(true).map_err(|error| Failure::from_io(&error))?;
    Ok(socket.into())
}

/// The address for a path. All bytes of it count (FIX-14). A zero byte at the start makes it an abstract
/// name. A zero byte anywhere else makes it invalid. With an empty path, the system chooses.
pub fn address(path: &[u8]) -> Result<SockAddr, Failure> {
    if path.len() > LONGEST_PATH {
        return Err(TOO_LONG);
    }
    if path.first().is_some_and(|first| *first != 0) && path.contains(&0) {
        return Err(Failure::Errno(libc::EINVAL));
    }
    SockAddr::unix(OsStr::from_bytes(path)).map_err(|error| Failure::from_io(&error))
}

/// The path of an address. An abstract name is returned in full, with its leading zero byte.
pub fn path(address: &SockAddr) -> Message {
    if let Some(path) = address.as_pathname() {
        return Message::new(path.as_os_str().as_bytes());
    }
    let Some(name) = address.as_abstract_namespace() else { return Message::new("") };
    let mut path = Message::new([0]);
    path.append(name);
    path
}

/// Binds a descriptor to a path.
fn bind(descriptor: &mut Descriptor, path: &[u8]) -> Result<(), Failure> {
    attempt(descriptor, path, Failure::Errno(libc::EBADF), |fd, address| {
        SockRef::from(&fd).bind(address).map_err(|error| Failure::from_io(&error))
    })
}

/// Connects a descriptor to a path, if that is possible now. While a listener's queue is full, the system
/// refuses to start, and poll does not report when there is room. So the caller tries again until the time is
/// up (FIX-12), and then closes the descriptor.
fn connect(descriptor: &mut Descriptor, path: &[u8]) -> Result<(), Stop> {
    let mut full = false;
    let outcome = attempt(descriptor, path, Failure::Closed, |fd, address| {
        loop {
            let Err(error) = SockRef::from(&fd).connect(address) else { return Ok(()) };
            match error.raw_os_error() {
                Some(libc::EINTR) => {}
                Some(libc::EAGAIN) => {
                    full = true;
                    return Ok(());
                }
                _ => return Err(Failure::from_io(&error)),
            }
        }
    });
    if full { Err(Stop::Pause) } else { outcome.map_err(Stop::Failed) }
}

/// Runs an operation on a descriptor. Any failure except a path that is too long closes the descriptor
/// (KEEP-10). `without` is the failure of an object that has none.
fn attempt(
    descriptor: &mut Descriptor,
    path: &[u8],
    without: Failure,
    operation: impl FnOnce(BorrowedFd<'_>, &SockAddr) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let outcome = address(path).and_then(|address| {
        if descriptor.is_none() { Err(without) } else { operation(descriptor.borrow()?, &address) }
    });
    if outcome.is_err() && outcome != Err(TOO_LONG) {
        descriptor.close();
    }
    outcome
}

/// The method `bind(path)`.
pub fn bind_object<T: Described>(call: &mut Call<'_>, receiver: &Receiver<T>) -> Outcome {
    call.object(1, receiver, |_| ())?;
    let path = call.bytes(2)?;
    let result = call.object(1, receiver, |object| bind(object.descriptor(), path))?;
    report(call, result)
}

/// The method `connect(path)`. A connected object is of the class `connected`.
pub fn connect_object<T: Described>(
    call: &mut Call<'_>,
    receiver: &Receiver<T>,
    connected: &Class<T>,
) -> Outcome {
    call.object(1, receiver, |_| ())?;
    let path = call.bytes(2)?;
    let result = door::repeat(call, 1, receiver, Use::Both, |object, _| connect(object.descriptor(), path))?;
    if result == Err(Failure::Timeout) {
        call.object(1, receiver, |object| object.descriptor().close())?;
    }
    if result.is_ok() {
        call.become_class(1, connected);
    }
    report(call, result)
}

/// The method `getsockname()`: the path that the object is bound to. It is empty if the object is unbound.
pub fn getsockname<T: Described>(call: &mut Call<'_>) -> Outcome {
    match call.object(1, T::any(), |object| local_address(object.descriptor()))? {
        Ok(address) => {
            call.push_bytes(path(&address).as_bytes());
            Ok(1)
        }
        Err(failure) => Ok(call.push_failure(&failure.message())),
    }
}

fn local_address(descriptor: &Descriptor) -> Result<SockAddr, Failure> {
    SockRef::from(&descriptor.borrow()?).local_addr().map_err(|error| Failure::from_io(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round_trip(text: &[u8]) -> Result<Message, Failure> {
        address(text).map(|address| path(&address))
    }

    #[test]
    fn a_path_survives_the_round_trip() {
        assert_eq!(round_trip(b"/run/x"), Ok(Message::new("/run/x")));
        assert_eq!(round_trip(b""), Ok(Message::new("")));
    }

    #[test]
    fn a_path_with_a_zero_byte_inside_is_refused() {
        assert_eq!(round_trip(b"/run/x\0y"), Err(Failure::Errno(libc::EINVAL)));
    }

    #[test]
    fn the_longest_path_leaves_room_for_the_final_zero() {
        let longest = vec![b'x'; LONGEST_PATH];
        assert_eq!(round_trip(&longest), Ok(Message::new(&longest)));
        assert_eq!(round_trip(&[b'x'; LONGEST_PATH + 1]), Err(TOO_LONG));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn an_abstract_name_keeps_every_byte() {
        assert_eq!(round_trip(b"\0a\0b\0"), Ok(Message::new(b"\0a\0b\0")));
    }
}
