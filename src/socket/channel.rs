//! A connected socket as a transport.

use rustix::io::Errno;

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

/// Sends as many bytes as the socket accepts now.
pub fn send(descriptor: &Descriptor, data: &[u8]) -> Result<usize, Stop> {
    let fd = open_descriptor(descriptor)?;
    loop {
        match rustix::net::send(fd, data, sys::QUIET) {
            Ok(count) => return Ok(count),
            Err(error) => retry(error, Direction::Write)?,
        }
    }
}

/// Receives the bytes that are available, at most `limit`.
pub fn receive(descriptor: &Descriptor, into: &mut Vec<u8>, limit: usize) -> Result<usize, Stop> {
    let fd = open_descriptor(descriptor)?;
    loop {
        match sys::recv_append(fd, into, limit) {
            Ok(0) => return Err(Stop::Failed(Failure::Closed)),
            Ok(count) => return Ok(count),
            Err(error) => retry(error, Direction::Read)?,
        }
    }
}

/// Handles an error number of a stream: continue after a signal, wait, or fail.
pub fn retry(error: Errno, direction: Direction) -> Result<(), Stop> {
    match error {
        Errno::INTR => Ok(()),
        Errno::AGAIN => Err(Stop::WouldBlock(direction)),
        sys::BROKEN_PIPE => Err(Stop::Failed(Failure::Closed)),
        error => Err(Stop::Failed(error.into())),
    }
}

/// The descriptor of a stream. Without one the stream is closed.
pub fn open_descriptor(descriptor: &Descriptor) -> Result<rustix::fd::BorrowedFd<'_>, Stop> {
    if descriptor.is_none() {
        return Err(Stop::Failed(Failure::Closed));
    }
    descriptor.borrow().map_err(Stop::Failed)
}

impl Transport for SocketChannel {
    fn read(&mut self, into: &mut Vec<u8>, limit: usize) -> Result<usize, Stop> {
        receive(&self.descriptor, into, limit)
    }

    fn write(&mut self, data: &[u8]) -> Result<usize, Stop> {
        send(&self.descriptor, data)
    }
}
