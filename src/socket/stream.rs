//! LuaSocket's `receive` and `send` over anything that reads and writes bytes.

use std::num::NonZeroUsize;

use arrayvec::ArrayVec;
use memchr::memchr2;
use rustix::time::{ClockId, clock_gettime};

use super::error::{Direction, Failure};
use super::timeout::{Deadline, Timeout};
use crate::binding::Spare;

/// The size of the read buffer (contract tcp.receive.11).
const BUFFER: usize = 8192;
/// What the buffer may grow to while a peer fills it completely each time.
const LARGEST_BUFFER: usize = 65536;
/// The first piece read straight into a result.
const FIRST_PIECE: usize = 16384;
/// The largest piece asked for at once.
const LARGEST_PIECE: usize = 4 << 20;
/// How much is copied out of the buffer at once. For more than this the C library uses an instruction, `rep movsb`,
/// that AMD's processors carry out thirty times as slowly when the place is up to 15 bytes beyond the source in
/// their pages (glibc bug 30994); and a reader that is slowed so finds a full buffer each time, so that it stays so.
const LARGEST_COPY: usize = 2048;

/// Why a single read or write did nothing.
#[derive(Clone, Copy, Debug)]
pub enum Stop {
    /// It would have to wait for this direction.
    WouldBlock(Direction),
    /// It failed; the orderly end of the stream is `Failure::Closed`.
    Failed(Failure),
}

/// A byte stream whose operations do not block.
pub trait Transport {
    /// Appends at most `limit` bytes; never `Ok(0)`.
    fn read(&mut self, into: &mut Vec<u8>, limit: usize) -> Result<usize, Stop>;

    /// Writes some bytes; `data` is not empty.
    fn write(&mut self, data: &[u8]) -> Result<usize, Stop>;

    /// Waits until the direction is possible, or the time is up.
    fn wait(&mut self, direction: Direction, deadline: &Deadline) -> Result<(), Failure>;
}

/// What `receive` is to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// Up to a line feed.
    Line,
    /// Up to the end of the stream.
    All,
    /// So many bytes, the prefix included.
    Count(usize),
}

/// The arguments of `receive`.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// Where to stop.
    pub pattern: Pattern,
    /// What goes in front of the result.
    pub prefix: &'a [u8],
    /// The most bytes of a result, prefix included (add.2): what would exceed it stays buffered.
    pub limit: usize,
    /// The time limit counts anew from every so many bytes, as if each were asked for by a call of
    /// its own; without it, from the start alone.
    pub piece: Option<NonZeroUsize>,
}

impl Request<'_> {
    /// A request without a prefix and without limits of its own.
    pub const fn new(pattern: Pattern) -> Self {
        Request { pattern, prefix: &[], limit: usize::MAX, piece: None }
    }
}

/// A result small enough to be handed to Lua without an allocation of ours.
pub type Small = ArrayVec<u8, BUFFER>;

/// What `receive` got: `small` when it has content, else `large`.
#[derive(Debug)]
pub struct Received {
    /// The bytes of a large or unfinished result.
    pub large: Spare,
    /// Why the pattern was not completed.
    pub failure: Option<Failure>,
}

/// The state of one stream beside its transport: what was read ahead, and statistics.
#[derive(Debug)]
pub struct Stream {
    buffer: Vec<u8>,
    start: usize,
    next_fill: usize,
    received: i64,
    sent: i64,
    born: f64,
    age: f64,
}

/// The monotonic clock, in seconds.
fn now() -> f64 {
    let time = clock_gettime(ClockId::Monotonic);
    time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
}

impl Default for Stream {
    fn default() -> Self {
        Stream {
            buffer: Vec::new(),
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
    /// Whether bytes were read ahead.
    pub fn is_dirty(&self) -> bool {
        self.start < self.buffer.len()
    }

    /// Takes the bytes that were read ahead.
    pub fn take_buffered(&mut self) -> Vec<u8> {
        let rest = self.buffered().to_vec();
        self.consume(rest.len());
        rest
    }

    /// Frees the buffer, because the object is collected; statistics stay.
    pub fn free(&mut self) {
        self.buffer = Vec::new();
        self.start = 0;
    }

    /// Bytes handed out, bytes sent, and the age in seconds.
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

    fn buffered(&self) -> &[u8] {
        self.buffer.get(self.start..).unwrap_or_default()
    }

    fn consume(&mut self, count: usize) {
        self.start += count;
        self.received = self.received.wrapping_add(count as i64);
    }

    /// Sends all of `data`. Returns how many bytes went out, and why not all.
    pub fn send(
        &mut self,
        transport: &mut impl Transport,
        data: &[u8],
        timeout: Timeout,
    ) -> (usize, Option<Failure>) {
        let mut rest = data;
        let mut failure = None;
        // The clock is not asked for what need not wait.
        let mut deadline = None;
        while !rest.is_empty() && failure.is_none() {
            match transport.write(rest) {
                Ok(count) => rest = rest.get(count..).unwrap_or_default(),
                Err(Stop::Failed(reason)) => failure = Some(reason),
                Err(Stop::WouldBlock(direction)) => {
                    let deadline = deadline.get_or_insert_with(|| timeout.start());
                    failure = transport.wait(direction, deadline).err();
                }
            }
        }
        let count = data.len() - rest.len();
        self.sent = self.sent.wrapping_add(count as i64);
        (count, failure)
    }

    /// Reads by a pattern. A complete result that was buffered ends up in `small` when it fits.
    pub fn receive(
        &mut self,
        transport: &mut impl Transport,
        request: &Request<'_>,
        timeout: Timeout,
        small: &mut Small,
    ) -> Received {
        let Request { pattern, prefix, limit, piece } = *request;
        if prefix.is_empty() && self.receive_buffered(pattern, limit, small) {
            return Received { large: Spare::none(), failure: None };
        }
        let mut large = Spare::take();
        let limits = Limits { timeout, deadline: timeout.start(), piece, start: self.received, pieces: 0 };
        let mut reader = Reader { stream: self, transport, limits };
        let outcome = extend(&mut large, prefix).and_then(|()| match pattern {
            Pattern::Line => reader.line(&mut large, limit),
            Pattern::All => reader.all(&mut large, limit),
            Pattern::Count(count) if count <= prefix.len() && !prefix.is_empty() => Ok(()),
            Pattern::Count(0) => reader.fill(),
            Pattern::Count(count) => reader.count(&mut large, count - prefix.len()),
        });
        Received { large, failure: outcome.err() }
    }

    /// Serves a request whose whole answer is buffered and fits into `small`; else nothing has changed.
    pub fn receive_buffered(&mut self, pattern: Pattern, limit: usize, small: &mut Small) -> bool {
        match pattern {
            Pattern::Line => self.buffered_line(limit, small),
            Pattern::Count(count) if count > 0 => match self.buffered().get(..count) {
                Some(bytes) if count <= small.remaining_capacity() => {
                    for part in bytes.chunks(LARGEST_COPY) {
                        let _ = small.try_extend_from_slice(part);
                    }
                    self.consume(count);
                    true
                }
                _ => false,
            },
            Pattern::Count(_) | Pattern::All => false,
        }
    }

    /// The usual line: whole in the buffer, at most one CR and that before the LF.
    fn buffered_line(&mut self, limit: usize, small: &mut Small) -> bool {
        let buffered = self.buffered();
        let Some(length) = memchr2(b'\r', b'\n', buffered) else { return false };
        let (line, rest) = buffered.split_at(length);
        let end = match rest {
            [b'\n', ..] => 1,
            [b'\r', b'\n', ..] => 2,
            _ => return false,
        };
        if line.len() > limit || small.try_extend_from_slice(line).is_err() {
            return false;
        }
        self.consume(length + end);
        true
    }
}

/// Adds bytes at the end. How many a peer sends is not ours to say, so running out of memory is a
/// failure like any other.
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

/// How long one `receive` may wait.
struct Limits {
    timeout: Timeout,
    deadline: Deadline,
    piece: Option<NonZeroUsize>,
    /// The stream's count of bytes at the start.
    start: i64,
    /// How many pieces were complete when the deadline was set.
    pieces: usize,
}

impl Limits {
    /// The deadline of a wait when the stream has handed out so many bytes.
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

/// One `receive` that has to read.
struct Reader<'a, T> {
    stream: &'a mut Stream,
    transport: &'a mut T,
    limits: Limits,
}

impl<T: Transport> Reader<'_, T> {
    fn wait(&mut self, direction: Direction) -> Result<(), Failure> {
        self.transport.wait(direction, self.limits.deadline(self.stream.received))
    }

    /// Makes sure that at least one byte is buffered.
    fn fill(&mut self) -> Result<(), Failure> {
        if self.stream.is_dirty() {
            return Ok(());
        }
        self.stream.start = 0;
        self.stream.buffer.clear();
        let size = self.stream.next_fill;
        let count = loop {
            match self.transport.read(&mut self.stream.buffer, size) {
                Ok(count) => break count,
                Err(Stop::Failed(reason)) => return Err(reason),
                Err(Stop::WouldBlock(direction)) => self.wait(direction)?,
            }
        };
        if count == size {
            self.stream.next_fill = (size * 2).min(LARGEST_BUFFER);
        } else if count < size / 4 && size > BUFFER {
            self.stream.next_fill = BUFFER;
            self.stream.buffer.shrink_to(BUFFER);
        }
        Ok(())
    }

    /// Reads straight into a result, at most `limit` bytes.
    fn read_into(&mut self, data: &mut Vec<u8>, limit: usize) -> Result<(), Failure> {
        loop {
            match self.transport.read(data, limit) {
                Ok(count) => {
                    self.stream.received = self.stream.received.wrapping_add(count as i64);
                    return Ok(());
                }
                Err(Stop::Failed(reason)) => return Err(reason),
                Err(Stop::WouldBlock(direction)) => self.wait(direction)?,
            }
        }
    }

    fn take_buffered(&mut self, data: &mut Vec<u8>, most: usize) -> Result<(), Failure> {
        let buffered = self.stream.buffered();
        let count = buffered.len().min(most);
        extend(data, buffered.get(..count).unwrap_or_default())?;
        self.stream.consume(count);
        Ok(())
    }

    fn line(&mut self, data: &mut Vec<u8>, limit: usize) -> Result<(), Failure> {
        // Dropped carriage returns count as well, or an endless run of them would never end.
        let mut dropped = 0;
        loop {
            if let Err(reason) = self.fill() {
                // A partial result is always shorter than the limit (add.4).
                return Err(if data.len() >= limit { Failure::Oversized } else { reason });
            }
            let buffered = self.stream.buffered();
            let run = memchr2(b'\r', b'\n', buffered).unwrap_or(buffered.len());
            let room = limit - data.len();
            let taken = run.min(room);
            extend(data, buffered.get(..taken).unwrap_or_default())?;
            let end = buffered.get(run).copied();
            self.stream.consume(taken);
            if run > room || dropped > limit {
                return Err(Failure::Oversized);
            }
            match end {
                Some(b'\n') => {
                    self.stream.consume(1);
                    return Ok(());
                }
                Some(_) => {
                    self.stream.consume(1);
                    dropped += 1;
                }
                None => {}
            }
        }
    }

    fn all(&mut self, data: &mut Vec<u8>, limit: usize) -> Result<(), Failure> {
        let prefix = data.len();
        self.take_buffered(data, limit - prefix)?;
        loop {
            let room = limit - data.len();
            if room == 0 {
                // Full: only the end of the stream, seen without taking a byte, is success (add.5).
                return match self.fill() {
                    Err(Failure::Closed) => Ok(()),
                    _ => Err(Failure::Oversized),
                };
            }
            let piece = data.len().clamp(FIRST_PIECE, LARGEST_PIECE).min(room);
            match self.read_into(data, piece) {
                Ok(()) => {}
                Err(Failure::Closed) if data.len() > prefix => return Ok(()),
                Err(reason) => return Err(reason),
            }
        }
    }

    fn count(&mut self, data: &mut Vec<u8>, count: usize) -> Result<(), Failure> {
        reserve(data, count.min(LARGEST_BUFFER))?;
        let mut missing = count;
        loop {
            let before = data.len();
            self.take_buffered(data, missing)?;
            missing -= data.len() - before;
            if missing == 0 {
                return Ok(());
            }
            // Small remainders go through the buffer, so that one read serves many calls.
            if missing < self.stream.next_fill {
                self.fill()?;
            } else {
                // As much as there is room for already, or as came before: memory follows what has come.
                let room = data.capacity() - data.len();
                let piece = missing.min(room.max(data.len().clamp(LARGEST_BUFFER, LARGEST_PIECE)));
                let before = data.len();
                self.read_into(data, piece)?;
                missing -= data.len() - before;
            }
        }
    }
}

#[cfg(test)]
mod tests;
