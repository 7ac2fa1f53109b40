//! `receive`: reads by a pattern, through the read-ahead buffer or directly into the result.

use std::num::NonZeroUsize;

use memchr::memchr2;

use super::pool::{self, BUFFER, LARGEST_BUFFER};
use super::{
    InlineBuffer, Limits, Pattern, Progress, Received, Request, Stop, Stream, Transport, extend, full,
    reserve,
};
use crate::binding::ScratchBuffer;
use crate::socket::error::{Direction, Failure};
use crate::socket::timeout::{Deadline, Timeout};

/// The size of the first piece that is read directly into a result.
const FIRST_PIECE: usize = 16384;
/// The largest piece requested in one read.
const LARGEST_PIECE: usize = 4 << 20;

impl Stream {
    /// Reads by a pattern. A complete result that was already buffered goes into `inline` if it fits. If the
    /// `receive` has to wait, the error gives the direction and the deadline. The partial data then stays in
    /// the stream, and `progress` records where to continue. If that wait fails, call [`Stream::abandon`] to
    /// get the partial data.
    pub fn receive(
        &mut self,
        transport: &mut impl Transport,
        request: &Request<'_>,
        timeout: Timeout,
        progress: &mut Progress,
        inline: &mut InlineBuffer,
    ) -> Result<Received, (Direction, Deadline)> {
        let Request { pattern, prefix, limit, piece } = *request;
        let mut large = match progress.limits {
            Some(_) => std::mem::replace(&mut self.partial, ScratchBuffer::none()),
            None if prefix.is_empty() && self.receive_buffered(pattern, limit, inline) => {
                return Ok(Received { large: ScratchBuffer::none(), failure: None });
            }
            None => {
                progress.limits = Some(Limits::start(timeout, piece, self.received));
                let mut large = ScratchBuffer::take();
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
                self.turn = self.turn.wrapping_add(1);
                progress.turn = self.turn;
                let deadline = progress.limits.as_mut().map(|limits| *limits.deadline(self.received));
                return Err((direction, deadline.unwrap_or(Deadline::NEVER)));
            }
            // No transport returns `Pause` for a read.
            Err(Stop::Pause) => Some(Failure::Timeout),
        };
        Ok(Received { large, failure })
    }
}

/// The position of a [`Stream::discard`] that waits.
#[derive(Clone, Copy, Debug)]
pub struct Discarding {
    /// The number of bytes that are still to be dropped.
    pub left: usize,
    /// The time limit, once it has to wait.
    pub deadline: Option<Deadline>,
    limits: Option<Limits>,
}

impl Discarding {
    /// Nothing is dropped yet.
    pub const fn new(count: usize) -> Self {
        Discarding { left: count, deadline: None, limits: None }
    }
}

impl Stream {
    /// Drops bytes without making a result of them. If it has to wait, `discarding` has the time limit, which starts
    /// again after every `piece` bytes.
    pub fn discard(
        &mut self,
        transport: &mut impl Transport,
        discarding: &mut Discarding,
        piece: Option<NonZeroUsize>,
        timeout: Timeout,
    ) -> Result<(), Stop> {
        let received = self.received;
        let limits = discarding.limits.get_or_insert_with(|| Limits::start(timeout, piece, received));
        let buffered = self.buffered().len().min(discarding.left);
        self.consume(buffered);
        discarding.left -= buffered;
        let mut memory = pool::borrow();
        let mut outcome = Ok(());
        while discarding.left > 0 && outcome.is_ok() {
            memory.clear();
            match transport.read(&mut memory, discarding.left.min(LARGEST_BUFFER)) {
                Ok(count) => {
                    discarding.left -= count;
                    self.received = self.received.wrapping_add(count as i64);
                }
                Err(stop) => {
                    discarding.deadline = Some(*limits.deadline(self.received));
                    outcome = Err(stop);
                }
            }
        }
        pool::give_back(memory);
        outcome
    }
}

/// Prepares a result before the first read: adds the prefix and reserves memory.
fn begin(large: &mut Vec<u8>, request: &Request<'_>) -> Result<(), Failure> {
    extend(large, request.prefix)?;
    if let Pattern::Count(count) = request.pattern {
        reserve(large, count.saturating_sub(request.prefix.len()).min(LARGEST_BUFFER))?;
    }
    Ok(())
}

/// A `receive` that has to read from the transport.
struct Reader<'a, T> {
    stream: &'a mut Stream,
    transport: &'a mut T,
    dropped: &'a mut usize,
}

impl<T: Transport> Reader<'_, T> {
    /// Ensures that at least one byte is buffered.
    fn fill(&mut self) -> Result<(), Stop> {
        if self.stream.is_dirty() {
            return Ok(());
        }
        let size = self.stream.next_fill;
        let mut buffer = pool::borrow();
        let count = match self.transport.read(&mut buffer, size) {
            Ok(count) => count,
            Err(stop) => {
                pool::give_back(buffer);
                return Err(stop);
            }
        };
        if count == size {
            self.stream.next_fill = (size * 2).min(LARGEST_BUFFER);
        } else if count < size / 4 && size > BUFFER {
            self.stream.next_fill = BUFFER;
            buffer.shrink_to(BUFFER);
        }
        self.stream.buffer = buffer;
        Ok(())
    }

    /// Reads directly into a result, at most `limit` bytes.
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
            // Count dropped carriage returns too. Otherwise an endless run of them would never end.
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
            // Read small remainders through the buffer, so that one read serves many calls.
            if missing < self.stream.next_fill {
                self.fill()?;
            } else {
                // Read as much as fits already, or as much as has arrived so far. So memory follows the data
                // received.
                let room = data.capacity() - data.len();
                let piece = missing.min(room.max(data.len().clamp(LARGEST_BUFFER, LARGEST_PIECE)));
                self.read_into(data, piece)?;
            }
        }
    }
}
