//! LuaSocket's `receive` and `send` over anything that reads and writes bytes.

mod ahead;

use std::any::Any;
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

/// Why a single attempt did not finish.
#[derive(Clone, Copy, Debug)]
pub enum Stop {
    /// It would have to wait for this direction.
    WouldBlock(Direction),
    /// It would have to wait for something that no poll reports: try again after a pause.
    Pause,
    /// It failed; the orderly end of the stream is `Failure::Closed`.
    Failed(Failure),
}

/// A byte stream whose operations do not block.
pub trait Transport {
    /// Appends at most `limit` bytes; never `Ok(0)`.
    fn read(&mut self, into: &mut Vec<u8>, limit: usize) -> Result<usize, Stop>;

    /// Writes some bytes; `data` is not empty.
    fn write(&mut self, data: &[u8]) -> Result<usize, Stop>;
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
    /// What there is: at least one byte, at most so many (add.46).
    Most(usize),
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

impl Received {
    /// A result that never began.
    pub fn of(prefix: &[u8], failure: Failure) -> Self {
        let mut large = Spare::take();
        let _ = extend(&mut large, prefix);
        Received { large, failure: Some(failure) }
    }
}

/// Where a `receive` stands that has had to wait. A plain value: its data waits in the stream.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    limits: Option<Limits>,
    /// Carriage returns that a line has dropped.
    dropped: usize,
    /// Which of the stream's waiting receives it is.
    turn: u32,
}

impl Progress {
    /// A `receive` that has not begun.
    pub const NEW: Progress = Progress { limits: None, dropped: 0, turn: 0 };

    /// Whether it has begun.
    pub fn has_begun(&self) -> bool {
        self.limits.is_some()
    }
}

/// The state of one stream beside its transport: what was read ahead, the result of a `receive` that waits,
/// and statistics.
#[derive(Debug)]
pub struct Stream {
    buffer: Vec<u8>,
    /// What an operation made of several receives has got so far.
    held: Option<Box<dyn Any>>,
    /// What a `receive` that waits has got so far.
    partial: Spare,
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
    let time = clock_gettime(ClockId::Monotonic);
    time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
}

impl Default for Stream {
    fn default() -> Self {
        Stream {
            buffer: Vec::new(),
            held: None,
            partial: Spare::none(),
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
        self.partial = Spare::none();
        self.held = None;
        self.start = 0;
    }

    /// Keeps what an operation has got so far while it waits.
    pub fn hold<T: Any>(&mut self, value: Option<T>) {
        self.held = value.map(|value| Box::new(value) as Box<dyn Any>);
    }

    /// Takes what was kept.
    pub fn take_held<T: Any>(&mut self) -> Option<T> {
        self.held.take().and_then(|held| held.downcast().ok()).map(|held| *held)
    }

    /// Gives back what a read buffer holds for nothing while a task waits.
    pub fn release_buffer(&mut self) {
        if !self.is_dirty() {
            self.buffer = Vec::new();
            self.start = 0;
        }
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

    /// Sends `data`. Returns how many bytes went out, and why not all.
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

    /// Reads by a pattern. A complete result that was buffered ends up in `small` when it fits. Where it has to
    /// wait, for the direction and as long as the error says, the data so far stays in the stream, and `progress` says
    /// where to go on; [`Stream::abandon`] takes the data of a wait that failed.
    pub fn receive(
        &mut self,
        transport: &mut impl Transport,
        request: &Request<'_>,
        timeout: Timeout,
        progress: &mut Progress,
        small: &mut Small,
    ) -> Result<Received, (Direction, Deadline)> {
        let Request { pattern, prefix, limit, piece } = *request;
        let mut large = match progress.limits {
            Some(_) => std::mem::replace(&mut self.partial, Spare::none()),
            None if prefix.is_empty() && self.receive_buffered(pattern, limit, small) => {
                return Ok(Received { large: Spare::none(), failure: None });
            }
            None => {
                let deadline = timeout.start();
                self.turn = self.turn.wrapping_add(1);
                progress.turn = self.turn;
                progress.limits = Some(Limits { timeout, deadline, piece, start: self.received, pieces: 0 });
                let mut large = Spare::take();
                if let Err(failure) = begin(&mut large, request) {
                    return Ok(Received { large, failure: Some(failure) });
                }
                large
            }
        };
        let mut reader = Reader { stream: self, transport, dropped: &mut progress.dropped };
        let outcome = match pattern {
            Pattern::Line => reader.line(&mut large, limit),
            Pattern::All => reader.all(&mut large, prefix.len(), limit),
            Pattern::Count(count) if count <= prefix.len() && !prefix.is_empty() => Ok(()),
            Pattern::Count(0) => reader.fill(),
            Pattern::Count(count) => reader.count(&mut large, count),
            Pattern::Most(most) => reader.most(&mut large, most.min(limit - prefix.len())),
        };
        let failure = match outcome {
            Ok(()) => None,
            Err(Stop::Failed(failure)) => Some(full(request, &large).unwrap_or(failure)),
            Err(Stop::WouldBlock(direction)) => {
                self.partial = large;
                let deadline = progress.limits.as_mut().map(|limits| *limits.deadline(self.received));
                return Err((direction, deadline.unwrap_or(Deadline::NEVER)));
            }
            // No transport says so of a read.
            Err(Stop::Pause) => Some(Failure::Timeout),
        };
        Ok(Received { large, failure })
    }

    /// Takes what a `receive` has got whose wait has failed.
    pub fn abandon(&mut self, request: &Request<'_>, progress: &Progress, failure: Failure) -> Received {
        if self.turn != progress.turn {
            // The object has got another descriptor meanwhile, and that another receive.
            return Received::of(request.prefix, failure);
        }
        let large = std::mem::replace(&mut self.partial, Spare::none());
        let failure = full(request, &large).unwrap_or(failure);
        Received { large, failure: Some(failure) }
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
            Pattern::Most(most) if self.is_dirty() => {
                let count = self.buffered().len().min(most).min(small.remaining_capacity());
                self.receive_buffered(Pattern::Count(count), limit, small)
            }
            Pattern::Count(_) | Pattern::Most(_) | Pattern::All => false,
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

/// What comes before the first byte that is read: the prefix, and room.
fn begin(large: &mut Vec<u8>, request: &Request<'_>) -> Result<(), Failure> {
    extend(large, request.prefix)?;
    if let Pattern::Count(count) = request.pattern {
        reserve(large, count.saturating_sub(request.prefix.len()).min(LARGEST_BUFFER))?;
    }
    Ok(())
}

/// The failure of a result that is full: a partial one is always shorter than the limit (add.4), and only the end of the
/// stream, seen without taking a byte, would have been success (add.5).
fn full(request: &Request<'_>, data: &[u8]) -> Option<Failure> {
    let is_full = !matches!(request.pattern, Pattern::Count(_)) && data.len() >= request.limit;
    is_full.then_some(Failure::Oversized)
}

/// How long one `receive` may wait.
#[derive(Clone, Copy, Debug)]
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
    dropped: &'a mut usize,
}

impl<T: Transport> Reader<'_, T> {
    /// Makes sure that at least one byte is buffered.
    fn fill(&mut self) -> Result<(), Stop> {
        if self.stream.is_dirty() {
            return Ok(());
        }
        self.stream.start = 0;
        self.stream.buffer.clear();
        let size = self.stream.next_fill;
        let count = self.transport.read(&mut self.stream.buffer, size)?;
        if count == size {
            self.stream.next_fill = (size * 2).min(LARGEST_BUFFER);
        } else if count < size / 4 && size > BUFFER {
            self.stream.next_fill = BUFFER;
            self.stream.buffer.shrink_to(BUFFER);
        }
        Ok(())
    }

    /// Reads straight into a result, at most `limit` bytes.
    fn read_into(&mut self, data: &mut Vec<u8>, limit: usize) -> Result<(), Stop> {
        let count = self.transport.read(data, limit)?;
        self.stream.received = self.stream.received.wrapping_add(count as i64);
        Ok(())
    }

    fn most(&mut self, data: &mut Vec<u8>, most: usize) -> Result<(), Stop> {
        self.fill()?;
        self.take_buffered(data, most)
    }

    fn take_buffered(&mut self, data: &mut Vec<u8>, most: usize) -> Result<(), Stop> {
        let buffered = self.stream.buffered();
        let count = buffered.len().min(most);
        extend(data, buffered.get(..count).unwrap_or_default()).map_err(Stop::Failed)?;
        self.stream.consume(count);
        Ok(())
    }

    fn line(&mut self, data: &mut Vec<u8>, limit: usize) -> Result<(), Stop> {
        loop {
            self.fill()?;
            let buffered = self.stream.buffered();
            let run = memchr2(b'\r', b'\n', buffered).unwrap_or(buffered.len());
            let room = limit - data.len();
            let taken = run.min(room);
            extend(data, buffered.get(..taken).unwrap_or_default()).map_err(Stop::Failed)?;
            let end = buffered.get(run).copied();
            self.stream.consume(taken);
            // Dropped carriage returns count as well, or an endless run of them would never end.
            if run > room || *self.dropped > limit {
                return Err(Stop::Failed(Failure::Oversized));
            }
            match end {
                Some(b'\n') => {
                    self.stream.consume(1);
                    return Ok(());
                }
                Some(_) => {
                    self.stream.consume(1);
                    *self.dropped += 1;
                }
                None => {}
            }
        }
    }

    fn all(&mut self, data: &mut Vec<u8>, prefix: usize, limit: usize) -> Result<(), Stop> {
        self.take_buffered(data, limit - data.len())?;
        loop {
            let room = limit - data.len();
            if room == 0 {
                return match self.fill() {
                    Err(Stop::Failed(Failure::Closed)) => Ok(()),
                    Ok(()) => Err(Stop::Failed(Failure::Oversized)),
                    stop => stop,
                };
            }
            let piece = data.len().clamp(FIRST_PIECE, LARGEST_PIECE).min(room);
            match self.read_into(data, piece) {
                Ok(()) => {}
                Err(Stop::Failed(Failure::Closed)) if data.len() > prefix => return Ok(()),
                Err(stop) => return Err(stop),
            }
        }
    }

    fn count(&mut self, data: &mut Vec<u8>, count: usize) -> Result<(), Stop> {
        loop {
            self.take_buffered(data, count - data.len())?;
            let missing = count - data.len();
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
                self.read_into(data, piece)?;
            }
        }
    }
}

#[cfg(test)]
mod tests;
