//! Access to the read-ahead buffer, for parsers that inspect bytes before they take them.

use super::pool::{self, BUFFER, LARGEST_BUFFER};
use super::{Stop, Stream, Transport, extend};
use crate::binding::ScratchBuffer;
use crate::socket::error::Failure;
use crate::sys::libc;

impl Stream {
    /// Removes bytes from the read-ahead buffer.
    pub fn drop_buffered(&mut self, count: usize) {
        self.consume(count);
    }

    /// Appends to the read-ahead buffer, at most about one buffer size per call.
    pub fn read_ahead(&mut self, transport: &mut impl Transport) -> Result<usize, Stop> {
        if self.start > 0 {
            self.buffer.drain(..self.start);
            self.start = 0;
        }
        if self.buffer.is_empty() {
            self.buffer = pool::borrow();
        }
        let result = transport.read(&mut self.buffer, BUFFER);
        if self.buffer.is_empty() {
            self.release_buffer();
        }
        result
    }

    /// Takes bytes from the read-ahead buffer. If that is empty, reads directly into `data`.
    pub fn read_most(
        &mut self,
        transport: &mut impl Transport,
        data: &mut Vec<u8>,
        most: usize,
    ) -> Result<usize, Stop> {
        let buffered = self.buffered();
        if buffered.is_empty() {
            let count = transport.read(data, most)?;
            self.received = self.received.wrapping_add(count as i64);
            return Ok(count);
        }
        let count = buffered.len().min(most);
        data.try_reserve(count).map_err(|_| Stop::Failed(Failure::Errno(libc::ENOMEM)))?;
        data.extend_from_slice(buffered.get(..count).unwrap_or_default());
        self.drop_buffered(count);
        Ok(count)
    }

    /// Takes as many whole pieces of `size` bytes as there are, at least one. `left` bytes are still to come; the last
    /// piece may be shorter. The rest of what was read stays in the read-ahead buffer.
    pub fn take_pieces(
        &mut self,
        transport: &mut impl Transport,
        left: usize,
        size: usize,
    ) -> Result<ScratchBuffer, Stop> {
        let mut data = ScratchBuffer::take();
        let most = left.min(LARGEST_BUFFER.max(size));
        let buffered = self.buffered();
        let known = buffered.len().min(most);
        extend(&mut data, buffered.get(..known).unwrap_or_default()).map_err(Stop::Failed)?;
        let mut stop = None;
        while data.len() < left.min(size) && stop.is_none() {
            let room = most - data.len();
            stop = transport.read(&mut data, room).err();
        }
        let whole = match stop {
            Some(_) => 0,
            None if data.len() == left => left,
            None => data.len() / size * size,
        };
        self.consume(known.min(whole));
        let rest = data.get(whole.max(known)..).unwrap_or_default();
        self.buffer.try_reserve_exact(rest.len()).map_err(|_| Stop::Failed(Failure::Errno(libc::ENOMEM)))?;
        self.buffer.extend_from_slice(rest);
        self.received = self.received.wrapping_add((whole - known.min(whole)) as i64);
        data.truncate(whole);
        stop.map_or(Ok(data), Err)
    }

    /// Puts back the bytes that were taken last.
    pub fn give_back(&mut self, data: &[u8]) -> Result<(), Stop> {
        self.buffer.try_reserve(data.len()).map_err(|_| Stop::Failed(Failure::Errno(libc::ENOMEM)))?;
        self.buffer.splice(self.start..self.start, data.iter().copied());
        self.received = self.received.wrapping_sub(data.len() as i64);
        Ok(())
    }

    /// Sends as many bytes as the transport accepts now.
    pub fn send_some(&mut self, transport: &mut impl Transport, data: &[u8]) -> Result<usize, Stop> {
        let count = transport.write(data)?;
        self.sent = self.sent.wrapping_add(count as i64);
        Ok(count)
    }
}
