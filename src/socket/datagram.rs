//! What UDP and Unix datagram objects share: sending and receiving one datagram.

use std::os::fd::BorrowedFd;

use rustix::io::Errno;
use rustix::net::RecvFlags;
use socket2::{SockAddr, SockRef};

use super::channel::QUIET;
use super::descriptor::Descriptor;
use super::error::{Direction, Failure};
use super::object::{Described, with};
use super::stream::Small;
use super::timeout::{Deadline, Timeout};
use super::wait::{Pauses, wait};
use crate::binding::{Call, Outcome, Raise, Receiver};
use crate::sys;

/// What `receive` and `receivefrom` take without being told a size (`_DATAGRAMSIZE`).
const DEFAULT_SIZE: f64 = 8192.0;
/// No datagram in sight is larger than what is asked for up to here, so nothing is looked up first.
const LARGEST_PLAIN: usize = 65536;
/// A size that no machine could allocate.
const ABSURD_SIZE: f64 = (1_u64 << 40) as f64;

/// An object that exchanges datagrams.
pub trait Datagram: Described {
    /// Accepts the class that has a fixed peer.
    fn connected() -> &'static Receiver<Self>;
    /// What an operation needs.
    fn parts(&mut self) -> (&Descriptor, Timeout);
}

/// A datagram that fits is in the caller's array, another one in `large`.
pub struct Received {
    large: Vec<u8>,
    /// Where it came from.
    pub sender: SockAddr,
}

impl Received {
    /// Pushes the datagram.
    pub fn push(self, small: &Small, call: &mut Call<'_>) -> Result<(), Raise> {
        if self.large.is_empty() {
            drop(self);
            call.push_bytes(small);
            return Ok(());
        }
        call.push_vec(self.large)
    }
}

/// `send(data)`: the number of bytes; further arguments are ignored.
pub fn send<T: Datagram>(call: &mut Call<'_>) -> Outcome {
    let sent = with(call, T::connected(), call.bytes(2), |object, data| {
        let (descriptor, timeout) = object.parts();
        transmit(descriptor, &timeout.start(), |fd| rustix::net::send(fd, data, QUIET))
    })?;
    report_sent(call, sent)
}

/// `receive(size)`: one datagram, cut to the size.
pub fn receive<T: Datagram>(call: &mut Call<'_>) -> Outcome {
    let mut small = Small::new();
    match receive_with(call, T::any(), &mut small)? {
        Ok(received) => received.push(&small, call).map(|()| 1),
        Err(failure) => Ok(call.push_failure(&failure.message())),
    }
}

/// The argument and the operation of `receive` and `receivefrom`.
pub fn receive_with<T: Datagram>(
    call: &mut Call<'_>,
    receiver: &Receiver<T>,
    small: &mut Small,
) -> Result<Result<Received, Failure>, Raise> {
    with(call, receiver, call.optional_number(2, DEFAULT_SIZE), |object, size| {
        let (descriptor, timeout) = object.parts();
        take(descriptor, &timeout.start(), size, small)
    })
}

fn take(
    descriptor: &Descriptor,
    deadline: &Deadline,
    size: f64,
    small: &mut Small,
) -> Result<Received, Failure> {
    if size.is_nan() || size <= -1.0 || size >= ABSURD_SIZE {
        return Err(Failure::Text("out of memory"));
    }
    if descriptor.is_none() {
        return Err(Failure::Closed);
    }
    let fd = descriptor.borrow()?;
    loop {
        match take_now(fd, size as usize, small) {
            Ok(received) => return Ok(received),
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => wait(fd, Direction::Read, deadline)?,
            Err(Errno::NOMEM) => return Err(Failure::Text("out of memory")),
            Err(error) => return Err(error.into()),
        }
    }
}

fn take_now(fd: BorrowedFd<'_>, size: usize, small: &mut Small) -> Result<Received, Errno> {
    if size <= small.capacity() {
        let sender = sys::recv_from_array(fd, small, size)?;
        return Ok(Received { large: Vec::new(), sender });
    }
    let size = if size <= LARGEST_PLAIN { size } else { size.min(next_size(fd)?) };
    let mut large = Vec::new();
    let sender = sys::recv_from_append(fd, &mut large, size)?;
    Ok(Received { large, sender })
}

/// An upper bound for the size of the datagram that waits: what is allocated follows what came,
/// not what a script asked for (FIX-20).
fn next_size(fd: BorrowedFd<'_>) -> Result<usize, Errno> {
    // With nothing there, this reports so; the size alone could not tell nothing from an empty one.
    rustix::net::recv(fd, &mut [0_u8; 1], RecvFlags::PEEK)?;
    let waiting = rustix::io::ioctl_fionread(fd)?;
    Ok(usize::try_from(waiting).unwrap_or(usize::MAX).max(LARGEST_PLAIN))
}

/// Sends one datagram to an address within the deadline.
pub fn transmit_to(
    descriptor: &Descriptor,
    deadline: &Deadline,
    data: &[u8],
    address: &SockAddr,
) -> Result<usize, Failure> {
    transmit(descriptor, deadline, |fd| {
        let sent = SockRef::from(&fd).send_to_with_flags(data, address, QUIET.bits() as i32);
        sent.map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::IO))
    })
}

fn transmit(
    descriptor: &Descriptor,
    deadline: &Deadline,
    send: impl Fn(BorrowedFd<'_>) -> Result<usize, Errno>,
) -> Result<usize, Failure> {
    if descriptor.is_none() {
        return Err(Failure::Refused);
    }
    let fd = descriptor.borrow()?;
    let mut pauses: Option<Pauses> = None;
    loop {
        match send(fd) {
            Ok(count) => return Ok(count),
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => match &mut pauses {
                None => {
                    wait(fd, Direction::Write, deadline)?;
                    pauses = Some(Pauses::new());
                }
                // Poll saw room, the send did not: it is the queue of an unconnected Unix
                // object's receiver that is full, which poll does not look at.
                Some(pauses) => pauses.pause(deadline)?,
            },
            Err(Errno::PIPE) => return Err(Failure::Refused),
            Err(error) => return Err(error.into()),
        }
    }
}

/// Pushes the number of bytes sent, or nil and the message.
pub fn report_sent(call: &mut Call<'_>, sent: Result<usize, Failure>) -> Outcome {
    match sent {
        Ok(count) => {
            call.push_number(count as f64);
            Ok(1)
        }
        Err(failure) => Ok(call.push_failure(&failure.message())),
    }
}
