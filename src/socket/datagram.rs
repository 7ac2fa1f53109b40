//! Operations that UDP and Unix datagram objects share: sending and receiving one datagram.

use rustix::fd::BorrowedFd;

use rustix::io::{Errno, retry_on_intr};
use rustix::net::RecvFlags;
use socket2::{SockAddr, SockRef};

use super::described::Described;
use super::descriptor::{Descriptor, Use};
use super::error::{Direction, Failure};
use super::object::with;
use super::stream::{InlineBuffer, Stop};
use crate::binding::{Call, Outcome, Raise, Receiver};
use crate::sys;
use crate::tasks::door;

/// The size that `receive` and `receivefrom` use if none is given (`_DATAGRAMSIZE`).
const DEFAULT_SIZE: f64 = 8192.0;
/// Up to this size, `receive` allocates the requested size. No datagram is expected to be larger, so the
/// size of the waiting one is not looked up first.
const LARGEST_PLAIN: usize = 65536;
/// A size that no machine can allocate.
const ABSURD_SIZE: f64 = (1_u64 << 40) as f64;

/// An object that exchanges datagrams.
pub trait Datagram: Described {
    /// Accepts the class that has a fixed peer.
    fn connected() -> &'static Receiver<Self>;
}

/// A received datagram. It is in the caller's array if it fits, otherwise in `large`.
pub struct Received {
    large: Vec<u8>,
    /// The address of the sender.
    pub sender: SockAddr,
}

impl Received {
    /// Pushes the datagram.
    pub fn push(self, inline: &InlineBuffer, call: &mut Call<'_>) -> Result<(), Raise> {
        if self.large.is_empty() {
            drop(self);
            call.push_bytes(inline);
            return Ok(());
        }
        call.push_vec(self.large)
    }
}

/// `send(data)`: returns the number of bytes. Further arguments are ignored.
pub fn send<T: Datagram>(call: &mut Call<'_>) -> Outcome {
    let data = with(call, T::connected(), call.bytes(2), |_, data| data)?;
    let mut waited = false;
    let sent = door::repeat(call, 1, T::connected(), Use::Writing, |object, _| {
        transmit(object.descriptor(), &mut waited, |fd| rustix::net::send(fd, data, sys::QUIET))
    })?;
    report_sent(call, sent)
}

/// `receive(size)`: returns one datagram, cut to the size.
pub fn receive<T: Datagram>(call: &mut Call<'_>) -> Outcome {
    let mut inline = InlineBuffer::new();
    match receive_with(call, T::any(), &mut inline)? {
        Ok(received) => {
            received.push(&inline, call)?;
            door::settle_for(call, 1, T::any());
            Ok(1)
        }
        Err(failure) => Ok(call.push_failure(&failure.message())),
    }
}

/// Reads the argument of `receive` and `receivefrom`, and receives one datagram.
pub fn receive_with<T: Datagram>(
    call: &mut Call<'_>,
    receiver: &Receiver<T>,
    inline: &mut InlineBuffer,
) -> Result<Result<Received, Failure>, Raise> {
    let size = with(call, receiver, call.optional_number(2, DEFAULT_SIZE), |_, size| size)?;
    door::repeat(call, 1, receiver, Use::Reading, |object, _| take(object.descriptor(), size, inline))
}

fn take(descriptor: &Descriptor, size: f64, inline: &mut InlineBuffer) -> Result<Received, Stop> {
    if size.is_nan() || size <= -1.0 || size >= ABSURD_SIZE {
        return Err(Stop::Failed(Failure::Text("out of memory")));
    }
    if descriptor.is_none() {
        return Err(Stop::Failed(Failure::Closed));
    }
    let fd = descriptor.borrow().map_err(Stop::Failed)?;
    loop {
        match take_now(fd, size as usize, inline) {
            Ok(received) => return Ok(received),
            Err(Errno::INTR) => {}
            // On Windows, an earlier datagram met no receiver. That says nothing about the next one.
            Err(Errno::CONNRESET) if cfg!(windows) => {}
            Err(Errno::AGAIN) => return Err(Stop::WouldBlock(Direction::Read)),
            Err(sys::NO_MEMORY) => return Err(Stop::Failed(Failure::Text("out of memory"))),
            Err(error) => return Err(Stop::Failed(error.into())),
        }
    }
}

fn take_now(fd: BorrowedFd<'_>, size: usize, inline: &mut InlineBuffer) -> Result<Received, Errno> {
    if size <= inline.capacity() {
        let sender = sys::recv_from_array(fd, inline, size)?;
        return Ok(Received { large: Vec::new(), sender });
    }
    let size = if size <= LARGEST_PLAIN { size } else { size.min(next_size(fd)?) };
    let mut large = Vec::new();
    let sender = sys::recv_from_append(fd, &mut large, size)?;
    Ok(Received { large, sender })
}

/// An upper bound for the size of the waiting datagram. So the allocation follows the data that arrived, not
/// the size that a script requested (FIX-20).
fn next_size(fd: BorrowedFd<'_>) -> Result<usize, Errno> {
    // Reports an empty queue. The size alone cannot distinguish that from an empty datagram.
    match rustix::net::recv(fd, &mut [0_u8; 1], RecvFlags::PEEK) {
        // Windows reports that the datagram is longer than that.
        Ok(_) | Err(Errno::MSGSIZE) => {}
        Err(error) => return Err(error),
    }
    let waiting = rustix::io::ioctl_fionread(fd)?;
    Ok(usize::try_from(waiting).unwrap_or(usize::MAX).max(LARGEST_PLAIN))
}

/// Sends one datagram to an address, if there is room for it. The caller keeps `waited` for the whole
/// operation.
pub fn transmit_to(
    descriptor: &Descriptor,
    waited: &mut bool,
    data: &[u8],
    address: &SockAddr,
) -> Result<usize, Stop> {
    transmit(descriptor, waited, |fd| {
        let sent = SockRef::from(&fd).send_to_with_flags(data, address, sys::QUIET.bits() as i32);
        sent.map_err(|error| Errno::from_io_error(&error).unwrap_or(sys::IO))
    })
}

fn transmit(
    descriptor: &Descriptor,
    waited: &mut bool,
    send: impl Fn(BorrowedFd<'_>) -> Result<usize, Errno>,
) -> Result<usize, Stop> {
    if descriptor.is_none() {
        return Err(Stop::Failed(Failure::Refused));
    }
    let fd = descriptor.borrow().map_err(Stop::Failed)?;
    retry_on_intr(|| send(fd)).map_err(|error| match error {
        // Poll reported room, but the send would block. The full queue is that of the receiver of an
        // unconnected Unix object, and poll does not check that queue.
        Errno::AGAIN if *waited => Stop::Pause,
        Errno::AGAIN => {
            *waited = true;
            Stop::WouldBlock(Direction::Write)
        }
        sys::BROKEN_PIPE => Stop::Failed(Failure::Refused),
        error => Stop::Failed(error.into()),
    })
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
