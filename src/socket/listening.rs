//! `listen`, `accept` and `shutdown`, shared by the stream objects that can listen.

use rustix::io::Errno;
use socket2::SockRef;

use super::described::Streaming;
use super::descriptor::{Descriptor, Use};
use super::error::{Direction, Failure};
use super::object::{report, success};
use super::stream::Stop;
use crate::binding::{Call, Class, Outcome, Receiver};
use crate::sys;
use crate::tasks::door;

/// A stream object that can listen. It then accepts connections as objects of the same kind.
pub trait Listening: Streaming {
    /// Accepts the class that is neither connected nor listening.
    fn master() -> &'static Receiver<Self>;
    /// Accepts the class that listens.
    fn server() -> &'static Receiver<Self>;
    /// The class of accepted objects.
    fn client_class() -> &'static Class<Self>;
    /// The class that listens.
    fn server_class() -> &'static Class<Self>;
    /// Creates the object for a connection that this one accepted.
    fn accepted(&self, descriptor: Descriptor) -> Self;
}

/// `listen(backlog)`: returns 1 and makes the object a server.
pub fn listen<T: Listening>(call: &mut Call<'_>) -> Outcome {
    call.object(1, T::master(), |_| ())?;
    let backlog = call.optional_number(2, 32.0)?;
    let result = call.object(1, T::master(), |object| {
        let fd = object.descriptor().borrow()?;
        SockRef::from(&fd).listen(backlog as i32).map_err(|error| Failure::from_io(&error))
    })?;
    if result.is_ok() {
        call.become_class(1, T::server_class());
    }
    report(call, result)
}

/// `accept()`: returns a connected object.
pub fn accept<T: Listening>(call: &mut Call<'_>) -> Outcome {
    call.object(1, T::server(), |_| ())?;
    let accepted = call.new_object(T::client_class(), |call| {
        let accepted = door::repeat(call, 1, T::server(), Use::Reading, |object, _| take_connection(object));
        accepted.unwrap_or(Err(Failure::Closed))
    });
    match accepted {
        Ok(()) => {
            door::settle_for(call, 1, T::server());
            Ok(1)
        }
        Err(failure) => Ok(call.push_failure(&failure.message())),
    }
}

/// Accepts a connection that has already arrived.
fn take_connection<T: Listening>(object: &mut T) -> Result<T, Stop> {
    let descriptor = object.descriptor();
    if descriptor.is_none() {
        return Err(Stop::Failed(Failure::Closed));
    }
    let fd = descriptor.borrow().map_err(Stop::Failed)?;
    loop {
        match sys::accept(fd) {
            Ok(accepted) => return Ok(object.accepted(accepted.into())),
            // The peer is already gone: accept the next connection.
            Err(Errno::INTR | Errno::CONNABORTED) => {}
            Err(Errno::AGAIN) => return Err(Stop::WouldBlock(Direction::Read)),
            Err(error) => return Err(Stop::Failed(error.into())),
        }
    }
}

/// `shutdown(how)`: returns 1, whatever the system reports (contract tcp.shutdown.1).
pub fn shutdown<T: Streaming>(call: &mut Call<'_>) -> Outcome {
    call.object(1, T::client(), |_| ())?;
    let how = match call.option(2, "both", &["receive", "send", "both"])? {
        0 => std::net::Shutdown::Read,
        1 => std::net::Shutdown::Write,
        _ => std::net::Shutdown::Both,
    };
    call.object(1, T::client(), |object| {
        if let Ok(fd) = object.descriptor().borrow() {
            let _ = SockRef::from(&fd).shutdown(how);
        }
    })?;
    success(call)
}
