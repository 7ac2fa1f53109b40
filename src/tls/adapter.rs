//! The descriptor as the TLS library sees it: reads and writes that never block.

use std::cell::{Cell, RefCell};
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::{BorrowedFd, RawFd};
use std::rc::Rc;

use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags};

use super::hello::{Parsed, ServerHello, server_hello};
use crate::socket::descriptor::borrow_number;
use crate::socket::error::{Direction, Failure};

/// No signal from any send, whatever the process does with SIGPIPE (add.23).
#[cfg(not(target_vendor = "apple"))]
const QUIET: SendFlags = SendFlags::NOSIGNAL;
#[cfg(target_vendor = "apple")]
const QUIET: SendFlags = SendFlags::empty();

/// What a truncated stream is called, on every platform.
pub const TRUNCATED: Failure = Failure::Text("unexpected eof while reading");

/// How many pieces are dropped at most before a connection is closed.
const MOST_DISCARDED: usize = 16;

/// Which way the server's hello passes, if it has not been seen yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Watch {
    Incoming,
    Outgoing,
    Nothing,
}

/// What adapter and session both know of the connection. The TLS library does not pass on the
/// reasons of its stream, and drops the stream when a handshake fails: so they are noted here.
#[derive(Debug)]
pub struct Wire {
    number: RawFd,
    ahead: RefCell<Vec<u8>>,
    blocked: Cell<Direction>,
    broken: Cell<Option<Failure>>,
    watch: Cell<Watch>,
    seen: RefCell<Vec<u8>>,
    hello: Cell<Option<ServerHello>>,
}

impl Wire {
    /// A wire over a descriptor number, with bytes that were already read from it.
    pub fn new(number: RawFd, ahead: Vec<u8>) -> Self {
        Wire {
            number,
            ahead: RefCell::new(ahead),
            blocked: Cell::new(Direction::Read),
            broken: Cell::new(None),
            watch: Cell::new(Watch::Nothing),
            seen: RefCell::new(Vec::new()),
            hello: Cell::new(None),
        }
    }

    /// Looks out for the server's hello: in what comes in at a client, in what goes out at a server.
    pub fn watch_for_hello(&self, server: bool) {
        self.watch.set(if server { Watch::Outgoing } else { Watch::Incoming });
    }

    /// The server's hello, once it has passed.
    pub fn hello(&self) -> Option<ServerHello> {
        self.hello.get()
    }

    /// The direction that the last operation could not go on in.
    pub fn blocked(&self) -> Direction {
        self.blocked.get()
    }

    /// What the descriptor itself reported: an error, or an end without notice.
    pub fn broken(&self) -> Option<Failure> {
        self.broken.get()
    }

    /// Whether bytes wait here that were read before TLS began.
    pub fn has_ahead(&self) -> bool {
        !self.ahead.borrow().is_empty()
    }

    /// Calls `look` with everything received so far, and receives more until it answers.
    pub fn peek<T>(&self, mut look: impl FnMut(&[u8]) -> Option<T>) -> io::Result<T> {
        loop {
            if let Some(answer) = look(&self.ahead.borrow()) {
                return Ok(answer);
            }
            let mut piece = [0; 4096];
            let count = self.receive(&mut piece)?;
            self.ahead.borrow_mut().extend_from_slice(piece.get(..count).unwrap_or_default());
        }
    }

    /// Drops what has come and nobody will read, session tickets for one: closing a descriptor with
    /// unread bytes resets the connection, and the peer may lose what was sent last.
    /// Returns whether more can come.
    pub fn discard(&self) -> bool {
        let mut piece = [0; 16384];
        for _ in 0..MOST_DISCARDED {
            if let Err(error) = self.receive(&mut piece) {
                return error.kind() == ErrorKind::WouldBlock;
            }
        }
        false
    }

    fn descriptor(&self) -> io::Result<BorrowedFd<'_>> {
        borrow_number(self.number).ok_or_else(|| self.fail(Errno::BADF))
    }

    fn receive(&self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            match rustix::net::recv(self.descriptor()?, &mut *into, RecvFlags::empty()) {
                // Libraries take this for the orderly end that only a close_notify is.
                Ok((0, _)) => {
                    self.broken.set(Some(TRUNCATED));
                    return Err(ErrorKind::UnexpectedEof.into());
                }
                Ok((count, _)) => return Ok(count),
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return self.block(Direction::Read),
                Err(error) => return Err(self.fail(error)),
            }
        }
    }

    fn send(&self, data: &[u8]) -> io::Result<usize> {
        loop {
            match rustix::net::send(self.descriptor()?, data, QUIET) {
                Ok(count) => return Ok(count),
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return self.block(Direction::Write),
                Err(error) => return Err(self.fail(error)),
            }
        }
    }

    fn block(&self, direction: Direction) -> io::Result<usize> {
        self.blocked.set(direction);
        Err(ErrorKind::WouldBlock.into())
    }

    fn fail(&self, error: Errno) -> io::Error {
        self.broken.set(Some(error.into()));
        // OpenSSL's binding tries again for ever on a descriptor that is not connected.
        if error == Errno::NOTCONN { ErrorKind::BrokenPipe.into() } else { error.into() }
    }

    fn observe(&self, passing: Watch, bytes: &[u8]) {
        if self.watch.get() != passing {
            return;
        }
        let mut seen = self.seen.borrow_mut();
        seen.extend_from_slice(bytes);
        match server_hello(&seen) {
            Parsed::Incomplete => {}
            Parsed::Invalid => self.watch.set(Watch::Nothing),
            Parsed::Message(hello) => {
                self.hello.set(Some(hello));
                self.watch.set(Watch::Nothing);
            }
        }
        if self.watch.get() == Watch::Nothing {
            *seen = Vec::new();
        }
    }
}

/// The stream that the TLS library reads and writes.
#[derive(Debug)]
pub struct Adapter(pub Rc<Wire>);

impl Read for Adapter {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if into.is_empty() {
            return Ok(0);
        }
        let mut ahead = self.0.ahead.borrow_mut();
        let count = if ahead.is_empty() {
            drop(ahead);
            self.0.receive(into)?
        } else {
            let count = ahead.len().min(into.len());
            for (place, byte) in into.iter_mut().zip(ahead.drain(..count)) {
                *place = byte;
            }
            count
        };
        self.0.observe(Watch::Incoming, into.get(..count).unwrap_or_default());
        Ok(count)
    }
}

impl Write for Adapter {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        let count = self.0.send(data)?;
        self.0.observe(Watch::Outgoing, data.get(..count).unwrap_or_default());
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
