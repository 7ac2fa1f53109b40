//! The descriptor as the TLS library uses it: reads and writes that never block.

use rustix::fd::BorrowedFd;
use std::cell::{Cell, RefCell};
use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::rc::Rc;

use rustix::io::{Errno, retry_on_intr};
use rustix::net::RecvFlags;

#[cfg(not(tls_openssl))]
use super::hello::{Parsed, Reader, ServerHello};
use super::record_header::{HEAD, LARGEST_BODY, body_length};
#[cfg(windows)]
use super::records::Portion;
use crate::socket::descriptor::borrow_number;
use crate::socket::error::{Direction, Failure};
use crate::sys;

/// The most bytes received at once: several of the largest records. Reading header and body apart takes two
/// system calls for each record; this takes a quarter of one.
const READ_AHEAD: usize = 66 << 10;

/// Room for the part of a record that the last bytes ended with.
const PART: usize = HEAD + LARGEST_BODY;

/// The most bytes that one call of the TLS library may take. No handshake and no record is that large.
/// Without this limit, a hostile peer could send ignored data without end: the call would not return, and the
/// timeout would never be checked.
const ALLOWANCE: usize = 256 << 10;

/// The least that a read takes of the allowance. Small records can be as expensive as large ones: a KeyUpdate takes a
/// derivation of keys, and an answer. It counts after the handshake: before, a peer may cut one message into many records.
const LEAST_CHARGE: usize = 8 << 10;

/// The most pieces to drop before a connection is closed.
const MOST_DISCARDED: usize = 16;

/// The direction in which bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Incoming,
    Outgoing,
}

/// Watches for the ServerHello: incoming on a client, outgoing on a server.
#[cfg(not(tls_openssl))]
#[derive(Debug)]
struct Watch {
    way: Way,
    reader: Option<Reader>,
    hello: Option<ServerHello>,
}

/// How a descriptor failed. Smaller than a [`Failure`]: each connection has room for one.
#[derive(Clone, Copy, Debug)]
enum Break {
    /// The stream has ended.
    End,
    /// A system call failed.
    Errno(Errno),
}

/// The state of the connection that adapter and session share. The TLS library does not pass on the error of
/// its stream, and drops the stream when a handshake fails. So the error is kept here.
#[derive(Debug)]
pub struct RawSocket {
    number: Cell<i32>,
    read_ahead: RefCell<ReadAhead>,
    blocked: Cell<Direction>,
    broken: Cell<Option<Break>>,
    #[cfg(not(tls_openssl))]
    watch: RefCell<Watch>,
    #[cfg(windows)]
    records: RefCell<super::records::Records>,
    /// Whether the last read returned 0 for a pause, and not because the stream has ended.
    #[cfg(windows)]
    paused: Cell<bool>,
    allowance: Cell<usize>,
    /// Whether to receive more at once than the TLS library asks for.
    reads_ahead: Cell<bool>,
}

/// The read-ahead buffer: bytes received that the TLS library has not taken yet.
#[derive(Debug, Default)]
struct ReadAhead {
    bytes: Vec<u8>,
    start: usize,
}

impl ReadAhead {
    fn rest(&self) -> &[u8] {
        self.bytes.get(self.start..).unwrap_or_default()
    }

    fn take(&mut self, into: &mut [u8]) -> usize {
        let rest = self.rest();
        let count = rest.len().min(into.len());
        if let (Some(place), Some(bytes)) = (into.get_mut(..count), rest.get(..count)) {
            place.copy_from_slice(bytes);
        }
        self.start += count;
        count
    }
}

thread_local! {
    static SPACE: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Memory to receive into. A thread keeps one piece, which its connections use in turn: most of them are idle
/// at any time.
struct Space(Vec<u8>);

impl Space {
    fn take() -> Self {
        // A thread that is ending has no kept memory any more.
        let mut memory = SPACE.try_with(Cell::take).unwrap_or_default();
        // A failure shows when bytes are received.
        let _ = memory.try_reserve_exact(READ_AHEAD + PART);
        Space(memory)
    }
}

impl Drop for Space {
    fn drop(&mut self) {
        if (READ_AHEAD..=READ_AHEAD + PART).contains(&self.0.capacity()) {
            self.0.clear();
            let memory = std::mem::take(&mut self.0);
            let _ = SPACE.try_with(|space| space.set(memory));
        }
    }
}

/// Whether the TLS library can use these bytes without more: they hold a whole record, or their start is not
/// a record.
fn is_actionable(bytes: &[u8]) -> bool {
    match *bytes {
        [kind, major, minor, high, low, ..] => {
            body_length([kind, major, minor, high, low]).is_none_or(|length| bytes.len() - HEAD >= length)
        }
        _ => false,
    }
}

impl RawSocket {
    /// A socket over a descriptor number. `ahead` are bytes already read from it; `server` is the role of this
    /// side.
    pub fn new(number: i32, ahead: Vec<u8>, #[cfg(not(tls_openssl))] server: bool) -> Self {
        RawSocket {
            number: Cell::new(number),
            read_ahead: RefCell::new(ReadAhead { bytes: ahead, start: 0 }),
            blocked: Cell::new(Direction::Read),
            broken: Cell::new(None),
            #[cfg(not(tls_openssl))]
            watch: RefCell::new(Watch {
                way: if server { Way::Outgoing } else { Way::Incoming },
                reader: Some(Reader::of_server()),
                hello: None,
            }),
            #[cfg(windows)]
            records: RefCell::default(),
            #[cfg(windows)]
            paused: Cell::new(false),
            allowance: Cell::new(ALLOWANCE),
            reads_ahead: Cell::new(false),
        }
    }

    /// The ServerHello, once it has been seen.
    #[cfg(not(tls_openssl))]
    pub fn hello(&self) -> Option<ServerHello> {
        self.watch.borrow().hello
    }

    /// Turns read-ahead on, once the handshake is done. Earlier, it would take bytes that the peer sent right
    /// after the handshake. Those must stay in the descriptor, or an event loop that waits for it would miss
    /// them.
    pub fn enable_read_ahead(&self) {
        self.reads_ahead.set(true);
    }

    /// Receives without read-ahead: at most as much as the TLS library asks for.
    fn receive(&self, into: &mut [u8]) -> io::Result<usize> {
        let descriptor = self.descriptor()?;
        let received = retry_on_intr(|| rustix::net::recv(descriptor, &mut *into, RecvFlags::empty()));
        self.check_received(received.map(|(count, _)| count))
    }

    /// The next bytes for the TLS library.
    #[cfg(not(windows))]
    fn more(&self, into: &mut [u8]) -> io::Result<usize> {
        let waiting = !self.read_ahead.borrow().rest().is_empty();
        if !waiting && !self.reads_ahead.get() {
            return self.receive(into);
        }
        if !waiting {
            self.fill_read_ahead()?;
        }
        Ok(self.read_ahead.borrow_mut().take(into))
    }

    /// The next bytes for SChannel: of one record, and after the handshake only of a record that is there as a
    /// whole. 0 at the end of the stream.
    #[cfg(windows)]
    fn more(&self, into: &mut [u8]) -> io::Result<usize> {
        self.paused.set(false);
        if !self.reads_ahead.get() {
            let most = self.records.borrow().lacking().min(into.len());
            let into = into.get_mut(..most).unwrap_or_default();
            let waiting = !self.read_ahead.borrow().rest().is_empty();
            return if waiting { Ok(self.read_ahead.borrow_mut().take(into)) } else { self.receive(into) };
        }
        loop {
            let portion = self.records.borrow_mut().portion(self.read_ahead.borrow().rest());
            match portion {
                Portion::Bytes(count) => {
                    let most = count.min(into.len());
                    let into = into.get_mut(..most).unwrap_or_default();
                    return Ok(self.read_ahead.borrow_mut().take(into));
                }
                Portion::Incomplete => self.fill_read_ahead()?,
                Portion::Pause => {
                    self.paused.set(true);
                    return Ok(0);
                }
                Portion::End => return Ok(0),
            }
        }
    }

    /// Whether SChannel took a pause for the end of the stream, and has to be called again.
    #[cfg(not(tls_openssl))]
    pub fn is_paused(&self) -> bool {
        #[cfg(windows)]
        return self.paused.get();
        #[cfg(not(windows))]
        false
    }

    /// Starts the allowance for one call of the TLS library.
    pub fn begin(&self) {
        self.allowance.set(ALLOWANCE);
    }

    /// Whether the call ended because its allowance was used up.
    pub fn is_spent(&self) -> bool {
        self.allowance.get() == 0
    }

    /// The direction in which the last operation would have blocked.
    pub fn blocked(&self) -> Direction {
        self.blocked.get()
    }

    /// The descriptor's own failure: an error, or an end of stream without close_notify.
    pub fn broken(&self) -> Option<Failure> {
        self.broken.get().map(|broken| match broken {
            Break::End => Failure::Truncated,
            Break::Errno(error) => error.into(),
        })
    }

    /// Whether the TLS library can go on without waiting for the descriptor to become readable. A part of a
    /// record is not enough: a caller that retried would only block again.
    pub fn is_ready(&self) -> bool {
        self.is_spent() || is_actionable(self.read_ahead.borrow().rest())
    }

    /// Whether there is no byte in the read-ahead buffer, and none in the descriptor, whose connection is open.
    pub fn is_silent(&self) -> bool {
        let Ok(descriptor) = self.descriptor() else { return false };
        let is_empty = self.read_ahead.borrow().rest().is_empty();
        let peek = || rustix::net::recv(descriptor, &mut [0_u8; 1][..], RecvFlags::PEEK);
        is_empty && retry_on_intr(peek).is_err_and(|error| error == Errno::AGAIN)
    }

    /// Calls `look` with everything received so far. Receives more until `look` returns a value.
    pub fn peek<T>(&self, mut look: impl FnMut(&[u8]) -> Option<T>) -> io::Result<T> {
        loop {
            if let Some(answer) = look(self.read_ahead.borrow().rest()) {
                return Ok(answer);
            }
            self.fill_read_ahead()?;
        }
    }

    /// Drops received bytes that no caller will read, such as session tickets. Closing a descriptor with
    /// unread bytes resets the connection, and the peer may lose the last data sent.
    /// Returns whether more bytes can come.
    pub fn discard(&self) -> bool {
        for _ in 0..MOST_DISCARDED {
            let received = std::mem::take(&mut *self.read_ahead.borrow_mut());
            drop(Space(received.bytes));
            if let Err(error) = self.fill_read_ahead() {
                return error.kind() == ErrorKind::WouldBlock;
            }
        }
        false
    }

    /// Forgets the descriptor, because it is closed. Its number may soon be that of another.
    pub fn cut(&self) {
        self.number.set(-1);
        if let Ok(mut ahead) = self.read_ahead.try_borrow_mut() {
            *ahead = ReadAhead::default();
        }
    }

    /// The address of the peer, if it has a port.
    pub fn peer(&self) -> Option<SocketAddr> {
        let address = rustix::net::getpeername(borrow_number(self.number.get())?).ok()??;
        SocketAddr::try_from(address).ok()
    }

    fn descriptor(&self) -> io::Result<BorrowedFd<'_>> {
        borrow_number(self.number.get()).ok_or_else(|| self.fail(Errno::BADF))
    }

    /// Receives available bytes and appends them to the read-ahead buffer.
    fn fill_read_ahead(&self) -> io::Result<()> {
        let mut ahead = self.read_ahead.borrow_mut();
        let mut space = Space::take();
        space.0.extend_from_slice(ahead.rest());
        let descriptor = self.descriptor()?;
        let received = retry_on_intr(|| sys::recv_append(descriptor, &mut space.0, READ_AHEAD));
        if received == Err(Errno::AGAIN) {
            // A waiting connection holds no more read-ahead memory than it needs.
            let rest = ahead.rest().to_vec();
            *ahead = ReadAhead { bytes: rest, start: 0 };
        }
        self.check_received(received)?;
        std::mem::swap(&mut ahead.bytes, &mut space.0);
        ahead.start = 0;
        Ok(())
    }

    /// Gives the memory of an empty read-ahead buffer to the next connection of this thread. Returns whether
    /// it was empty.
    pub fn release(&self) -> bool {
        let mut ahead = self.read_ahead.borrow_mut();
        let empty = ahead.rest().is_empty();
        if empty && ahead.start > 0 {
            drop(Space(std::mem::take(&mut ahead.bytes)));
            ahead.start = 0;
        }
        empty
    }

    fn send(&self, data: &[u8]) -> io::Result<usize> {
        let descriptor = self.descriptor()?;
        retry_on_intr(|| rustix::net::send(descriptor, data, sys::QUIET))
            .or_else(|error| self.stop(error, Direction::Write))
    }

    /// The number of bytes that an attempt has received, or the reason why there are none.
    fn check_received(&self, received: rustix::io::Result<usize>) -> io::Result<usize> {
        match received {
            // TLS libraries treat 0 as an orderly end, which only close_notify is.
            Ok(0) => {
                self.broken.set(Some(Break::End));
                Err(ErrorKind::UnexpectedEof.into())
            }
            Ok(count) => Ok(count),
            Err(error) => self.stop(error, Direction::Read),
        }
    }

    fn stop(&self, error: Errno, direction: Direction) -> io::Result<usize> {
        if error == Errno::AGAIN { self.block(direction) } else { Err(self.fail(error)) }
    }

    fn block(&self, direction: Direction) -> io::Result<usize> {
        self.blocked.set(direction);
        Err(ErrorKind::WouldBlock.into())
    }

    fn fail(&self, error: Errno) -> io::Error {
        self.broken.set(Some(Break::Errno(error)));
        // OpenSSL's binding retries forever on a descriptor that is not connected.
        if error == Errno::NOTCONN { ErrorKind::BrokenPipe.into() } else { error.into() }
    }

    /// Whether the stream has ended, and not with an alert such as close_notify.
    #[cfg(not(tls_openssl))]
    pub fn is_truncated(&self) -> bool {
        #[cfg(windows)]
        let has_alert = self.records.borrow().end_with_alert();
        #[cfg(not(windows))]
        let has_alert = false;
        self.broken() == Some(Failure::Truncated) && !has_alert
    }

    #[cfg(not(tls_openssl))]
    fn observe(&self, way: Way, bytes: &[u8]) {
        #[cfg(windows)]
        if way == Way::Incoming {
            self.records.borrow_mut().observe(bytes);
        }
        let mut watch = self.watch.borrow_mut();
        if watch.way != way {
            return;
        }
        let Some(reader) = &mut watch.reader else { return };
        match reader.choices(bytes) {
            Parsed::Incomplete => return,
            Parsed::Invalid => {}
            Parsed::Message(hello) => watch.hello = Some(hello),
        }
        watch.reader = None;
    }

    #[cfg(tls_openssl)]
    fn observe(&self, _way: Way, _bytes: &[u8]) {}
}

/// The stream that the TLS library reads and writes.
#[derive(Debug)]
pub struct Adapter(pub Rc<RawSocket>);

impl Read for Adapter {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if into.is_empty() {
            return Ok(0);
        }
        if self.0.is_spent() {
            return self.0.block(Direction::Read);
        }
        let count = match self.0.more(into) {
            // SChannel reads on after data that it has not handed over yet, and an error would hide that data.
            Err(error) if cfg!(windows) && error.kind() == ErrorKind::UnexpectedEof => 0,
            count => count?,
        };
        let charge = if self.0.reads_ahead.get() { count.max(LEAST_CHARGE) } else { count };
        self.0.allowance.set(self.0.allowance.get().saturating_sub(charge));
        self.0.observe(Way::Incoming, into.get(..count).unwrap_or_default());
        #[cfg(windows)]
        if !self.0.reads_ahead.get() && self.0.records.borrow().is_foreign() {
            // wine's SChannel takes two of the bytes for a length, and waits for as many more.
            return Err(io::Error::from_raw_os_error(super::schannel::INVALID_TOKEN as i32));
        }
        Ok(count)
    }
}

impl Write for Adapter {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        let count = self.0.send(data)?;
        self.0.observe(Way::Outgoing, data.get(..count).unwrap_or_default());
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing)]

    use super::is_actionable;

    #[test]
    fn less_than_a_record_waits_for_its_rest() {
        let record = [23, 3, 3, 0, 4, 1, 2, 3, 4];
        for length in 0..record.len() {
            assert!(!is_actionable(&record[..length]), "{length}");
        }
        assert!(is_actionable(&record));
        assert!(is_actionable(&[23, 3, 3, 0, 0]));
        assert!(is_actionable(&[&record[..], &[23, 3]].concat()));
    }

    #[test]
    fn bytes_that_are_no_record_are_passed_on_at_once() {
        assert!(is_actionable(b"HTTP/1.1 400 Bad Request"));
        assert!(is_actionable(&[23, 2, 0, 0, 4]));
        assert!(is_actionable(&[23, 3, 3, 0xff, 0xff]));
    }
}
