//! LuaSocket's `receive` and `send` over anything that reads and writes bytes.

mod pool;
mod read_ahead;
mod reader;

use std::any::Any;
use std::num::NonZeroUsize;

use arrayvec::ArrayVec;
use memchr::memchr2;

use pool::BUFFER;
pub use reader::Discarding;

use super::error::{Direction, Failure};
use super::timeout::{Deadline, Timeout};
use crate::binding::ScratchBuffer;
use crate::sys;
use crate::sys::libc;

/// The most bytes copied out of the buffer in one step. For larger copies the C library uses the instruction
/// `rep movsb`. AMD processors run it thirty times slower if the destination's page offset is up to 15 bytes
/// above the source's (glibc bug 30994). A reader that is slowed down finds a full buffer each time, so it
/// stays slow.
const LARGEST_COPY: usize = 2048;

/// Why a single attempt did not finish.
#[derive(Clone, Copy, Debug)]
pub enum Stop {
    /// It would block. Wait until the descriptor is ready in this direction.
    WouldBlock(Direction),
    /// It would block on a condition that poll does not report. Try again after a pause.
    Pause,
    /// It failed. The orderly end of the stream is `Failure::Closed`.
    Failed(Failure),
}

/// A byte stream whose operations do not block.
pub trait Transport {
    /// Appends at most `limit` bytes. Never returns `Ok(0)`.
    fn read(&mut self, into: &mut Vec<u8>, limit: usize) -> Result<usize, Stop>;

    /// Writes some of the bytes. `data` is not empty.
    fn write(&mut self, data: &[u8]) -> Result<usize, Stop>;

    /// Whether the peer has certainly sent nothing that is still unread. False if only a read can show it.
    fn is_silent(&self) -> bool {
        false
    }
}

/// The end of a `receive`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// Up to a line feed.
    Line,
    /// Up to the end of the stream.
    All,
    /// This many bytes, prefix included.
    Count(usize),
    /// The bytes that are available: at least one, at most this many (add.46).
    Most(usize),
}

/// The arguments of `receive`.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The end.
    pub pattern: Pattern,
    /// Bytes to put before the result.
    pub prefix: &'a [u8],
    /// The maximum size of a result, prefix included (add.2). Bytes beyond it stay buffered.
    pub limit: usize,
    /// If set, the time limit restarts after every `piece` bytes, as if each piece had its own call. If
    /// `None`, the time limit counts from the start of the `receive`.
    pub piece: Option<NonZeroUsize>,
}

impl Request<'_> {
    /// A request without a prefix or limits.
    pub const fn new(pattern: Pattern) -> Self {
        Request { pattern, prefix: &[], limit: usize::MAX, piece: None }
    }
}

/// A result small enough to be passed to Lua without a heap allocation in Rust.
pub type InlineBuffer = ArrayVec<u8, BUFFER>;

/// The result of a `receive`. The bytes are in the caller's `inline` if it has content, otherwise in `large`.
#[derive(Debug)]
pub struct Received {
    /// The bytes of a large or unfinished result.
    pub large: ScratchBuffer,
    /// Why the pattern was not completed, if it was not.
    pub failure: Option<Failure>,
}

impl Received {
    /// The result of a `receive` that never started.
    pub fn of(prefix: &[u8], failure: Failure) -> Self {
        let mut large = ScratchBuffer::take();
        let _ = extend(&mut large, prefix);
        Received { large, failure: Some(failure) }
    }

    /// The data: a short line is in `inline`.
    pub fn data<'a>(&'a self, inline: &'a InlineBuffer) -> &'a [u8] {
        if self.large.is_empty() { inline } else { &self.large }
    }
}

/// The position of a `receive` that waits. A plain value: the data stays in the stream.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    limits: Option<Limits>,
    /// The number of carriage returns dropped from the line.
    dropped: usize,
    /// Identifies this `receive` among those that wait on the stream.
    turn: u32,
}

impl Progress {
    /// A `receive` that has not started.
    pub const NEW: Progress = Progress { limits: None, dropped: 0, turn: 0 };

    /// Whether the `receive` has started.
    pub fn has_begun(&self) -> bool {
        self.limits.is_some()
    }
}

/// The state of one stream besides its transport: the read-ahead buffer, the partial result of a `receive`
/// that waits, and statistics.
#[derive(Debug)]
pub struct Stream {
    buffer: Vec<u8>,
    /// The partial result of an operation that consists of several receives.
    held: Option<Box<dyn Any>>,
    /// The partial result of a `receive` that waits.
    partial: ScratchBuffer,
    turn: u32,
    start: usize,
    next_fill: usize,
    received: i64,
    sent: i64,
    born: f64,
    age: f64,
}

/// The monotonic clock, in seconds.
fn now() -> f64 {
    sys::monotonic_clock().as_secs_f64()
}

impl Default for Stream {
    fn default() -> Self {
        Stream {
            buffer: Vec::new(),
            held: None,
            partial: ScratchBuffer::none(),
            turn: 0,
            start: 0,
            next_fill: BUFFER,
            received: 0,
            sent: 0,
            born: now(),
            age: 0.0,
        }
    }
}

impl Stream {
    /// Whether the read-ahead buffer holds bytes.
    pub fn is_dirty(&self) -> bool {
        self.start < self.buffer.len()
    }

    /// Takes all bytes out of the read-ahead buffer.
    pub fn take_buffered(&mut self) -> Vec<u8> {
        let rest = self.buffered().to_vec();
        self.consume(rest.len());
        rest
    }

    /// Frees the buffer, for example when the object is collected. The statistics stay.
    pub fn free(&mut self) {
        self.release_buffer();
        self.partial = ScratchBuffer::none();
        self.held = None;
    }

    /// Keeps the partial result of an operation while it waits.
    pub fn hold<T: Any>(&mut self, value: Option<T>) {
        self.held = value.map(|value| Box::new(value) as Box<dyn Any>);
    }

    /// Takes the value that [`Stream::hold`] kept.
    pub fn take_held<T: Any>(&mut self) -> Option<T> {
        self.held.take().and_then(|held| held.downcast().ok()).map(|held| *held)
    }

    /// Empties the read-ahead buffer and gives its memory back.
    fn release_buffer(&mut self) {
        self.start = 0;
        pool::give_back(std::mem::take(&mut self.buffer));
    }

    /// Returns the bytes delivered, the bytes sent, and the age in seconds.
    pub fn stats(&self) -> (i64, i64, f64) {
        (self.received, self.sent, self.age + (now() - self.born))
    }

    /// Overwrites the statistics that are given.
    pub fn set_stats(&mut self, received: Option<i64>, sent: Option<i64>, age: Option<f64>) {
        self.received = received.unwrap_or(self.received);
        self.sent = sent.unwrap_or(self.sent);
        if let Some(age) = age {
            self.age = age;
            self.born = now();
        }
    }

    /// The bytes in the read-ahead buffer.
    pub fn buffered(&self) -> &[u8] {
        self.buffer.get(self.start..).unwrap_or_default()
    }

    fn consume(&mut self, count: usize) {
        self.start += count;
        self.received = self.received.wrapping_add(count as i64);
        if !self.is_dirty() {
            self.release_buffer();
        }
    }

    /// Sends `data`. Returns how many bytes were sent, and the reason if that is not all.
    pub fn send(&mut self, transport: &mut impl Transport, data: &[u8]) -> (usize, Option<Stop>) {
        let mut rest = data;
        let mut stop = None;
        while !rest.is_empty() && stop.is_none() {
            match transport.write(rest) {
                Ok(count) => rest = rest.get(count..).unwrap_or_default(),
                Err(reason) => stop = Some(reason),
            }
        }
        let count = data.len() - rest.len();
        self.sent = self.sent.wrapping_add(count as i64);
        (count, stop)
    }

    /// Takes the partial data of a `receive` whose wait failed.
    pub fn abandon(&mut self, request: &Request<'_>, progress: &Progress, failure: Failure) -> Received {
        if self.turn != progress.turn {
            // The object has a new descriptor by now, and another `receive` runs on it.
            return Received::of(request.prefix, failure);
        }
        let large = std::mem::replace(&mut self.partial, ScratchBuffer::none());
        let failure = full(request, &large).unwrap_or(failure);
        Received { large, failure: Some(failure) }
    }

    /// Serves a request if the whole answer is buffered and fits into `inline`. Otherwise returns false and
    /// changes nothing.
    pub fn receive_buffered(&mut self, pattern: Pattern, limit: usize, inline: &mut InlineBuffer) -> bool {
        match pattern {
            Pattern::Line => self.buffered_line(limit, inline),
            Pattern::Count(count) if count > 0 => match self.buffered().get(..count) {
                Some(bytes) if count <= inline.remaining_capacity() => {
                    for part in bytes.chunks(LARGEST_COPY) {
                        let _ = inline.try_extend_from_slice(part);
                    }
                    self.consume(count);
                    true
                }
                _ => false,
            },
            Pattern::Most(most) if self.is_dirty() => {
                let count = self.buffered().len().min(most).min(inline.remaining_capacity());
                self.receive_buffered(Pattern::Count(count), limit, inline)
            }
            Pattern::Count(_) | Pattern::Most(_) | Pattern::All => false,
        }
    }

    /// Fast path for the usual line. It is fully buffered and has at most one CR, directly before the LF.
    fn buffered_line(&mut self, limit: usize, inline: &mut InlineBuffer) -> bool {
        let buffered = self.buffered();
        let Some(length) = memchr2(b'\r', b'\n', buffered) else { return false };
        let (line, rest) = buffered.split_at(length);
        let end = match rest {
            [b'\n', ..] => 1,
            [b'\r', b'\n', ..] => 2,
            _ => return false,
        };
        if line.len() > limit || inline.try_extend_from_slice(line).is_err() {
            return false;
        }
        self.consume(length + end);
        true
    }
}

/// Appends bytes. The peer decides how many it sends, so running out of memory is a failure like any other.
fn extend(data: &mut Vec<u8>, bytes: &[u8]) -> Result<(), Failure> {
    reserve(data, bytes.len())?;
    for part in bytes.chunks(LARGEST_COPY) {
        data.extend_from_slice(part);
    }
    Ok(())
}

fn reserve(data: &mut Vec<u8>, count: usize) -> Result<(), Failure> {
    data.try_reserve(count).map_err(|_| Failure::Errno(libc::ENOMEM))
}

/// Returns the failure if a result has reached its limit. A partial result is always shorter than the limit
/// (add.4). A full result succeeds only at the end of the stream, which is detected without taking a byte
/// (add.5).
fn full(request: &Request<'_>, data: &[u8]) -> Option<Failure> {
    let is_full = !matches!(request.pattern, Pattern::Count(_)) && data.len() >= request.limit;
    is_full.then_some(Failure::Oversized)
}

/// The time limits of one `receive`.
#[derive(Clone, Copy, Debug)]
struct Limits {
    timeout: Timeout,
    deadline: Deadline,
    piece: Option<NonZeroUsize>,
    /// The byte count of the stream when the `receive` started.
    start: i64,
    /// The number of complete pieces when the deadline was set.
    pieces: usize,
}

impl Limits {
    /// The limits of a `receive` that starts now, when the stream's byte count is `received`.
    fn start(timeout: Timeout, piece: Option<NonZeroUsize>, received: i64) -> Limits {
        Limits { timeout, deadline: timeout.start(), piece, start: received, pieces: 0 }
    }

    /// Returns the deadline of the next wait. `received` is the byte count of the stream.
    fn deadline(&mut self, received: i64) -> &Deadline {
        if let Some(size) = self.piece {
            let pieces = received.wrapping_sub(self.start) as usize / size;
            if pieces != self.pieces {
                self.pieces = pieces;
                self.deadline = self.timeout.start();
            }
        }
        &self.deadline
    }
}

#[cfg(test)]
mod tests;
