//! A connected socket as a transport.

use rustix::fd::BorrowedFd;
use rustix::io::{self, Errno};

use super::descriptor::Descriptor;
use super::error::{Direction, Failure};
use super::stream::{Stop, Transport};
use crate::sys;

/// A stream socket: TCP or Unix.
#[derive(Debug)]
pub struct SocketChannel {
    /// The descriptor. Without one the stream is closed.
    pub descriptor: Descriptor,
}

impl AsMut<Descriptor> for SocketChannel {
    fn as_mut(&mut self) -> &mut Descriptor {
        &mut self.descriptor
    }
}

/// Sends as many bytes as the socket accepts now.
pub fn send(descriptor: &Descriptor, data: &[u8]) -> Result<usize, Stop> {
    attempt(descriptor, Direction::Write, |fd| rustix::net::send(fd, data, sys::QUIET))
}

/// Receives the bytes that are available, at most `limit`.
pub fn receive(descriptor: &Descriptor, into: &mut Vec<u8>, limit: usize) -> Result<usize, Stop> {
    read_some(descriptor, |fd| sys::recv_append(fd, into, limit))
}

/// Tries an operation that returns the number of bytes read. No bytes mean the end of the stream.
pub fn read_some(
    descriptor: &Descriptor,
    operation: impl FnMut(BorrowedFd<'_>) -> io::Result<usize>,
) -> Result<usize, Stop> {
    match attempt(descriptor, Direction::Read, operation)? {
        0 => Err(Stop::Failed(Failure::Closed)),
        count => Ok(count),
    }
}

/// Tries an operation on the descriptor of a stream, again after a signal. Without a descriptor the stream is closed.
pub fn attempt<R>(
    descriptor: &Descriptor,
    direction: Direction,
    mut operation: impl FnMut(BorrowedFd<'_>) -> io::Result<R>,
) -> Result<R, Stop> {
    if descriptor.is_none() {
        return Err(Stop::Failed(Failure::Closed));
    }
    let fd = descriptor.borrow().map_err(Stop::Failed)?;
    io::retry_on_intr(|| operation(fd)).map_err(|error| match error {
        Errno::AGAIN => Stop::WouldBlock(direction),
        sys::BROKEN_PIPE => Stop::Failed(Failure::Closed),
        error => Stop::Failed(error.into()),
    })
}

impl Transport for SocketChannel {
    fn read(&mut self, into: &mut Vec<u8>, limit: usize) -> Result<usize, Stop> {
        receive(&self.descriptor, into, limit)
    }

    fn write(&mut self, data: &[u8]) -> Result<usize, Stop> {
        send(&self.descriptor, data)
    }
}
