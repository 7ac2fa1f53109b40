//! Receives heads and bodies of responses from a connected object, for `socket.http`.

use std::ffi::c_int;
use std::num::NonZeroUsize;

use super::framing;
use super::head::{Fields, Malformed};
use super::push_table;
use crate::binding::{Call, Kind, Message, Outcome, Raise, check_memory, native};
use crate::socket::described::Streaming;
use crate::socket::descriptor::Use;
use crate::socket::error::Failure;
use crate::socket::object;
use crate::socket::stream::{Discarding, InlineBuffer, Pattern, Progress, Request, Stop};
use crate::sys::libc;
use crate::tasks::door::{self, Pace};

/// The limits of a head in bytes. As in Lua, they may be infinite.
#[derive(Clone, Copy)]
struct Limits {
    line: f64,
    block: f64,
}

/// Whether argument 1 is a connected object of the type, whose `receive` no program has replaced.
fn is_unchanged_client<T: Streaming>(call: &mut Call<'_>) -> bool {
    call.push_field(1, c"receive");
    call.is_function(-1, native(object::receive::<T>)) && call.try_object(1, T::client(), |_| ()).is_some()
}

/// `receive_fields(client, line, block)`: reads header lines up to the blank line. A line has at most `line`
/// bytes, all lines together at most `block`. Each line has its own time limit. Returns the fields by name,
/// or nil and a message. Returns false and reads nothing if `client` is not a connected object of the type or if
/// its `receive` was replaced.
pub fn receive_fields<T: Streaming>(call: &mut Call<'_>) -> Outcome {
    call.set_top(3);
    let limits = Limits { line: call.number(2)?, block: call.number(3)? };
    if !is_unchanged_client::<T>(call) {
        call.push_boolean(false);
        return Ok(1);
    }
    let mut reading = Reading { progress: Progress::NEW, left: limits.block };
    match door::repeat(call, 1, T::client(), Use::Reading, |client, pace| {
        read_lines(client, pace, limits, &mut reading)
    })? {
        Ok(fields) => push_fields(call, fields),
        Err(failure) => {
            let _ = call.try_object(1, T::client(), |client| client.parts().0.hold::<Fields>(None));
            Ok(call.push_failure(&failure.message()))
        }
    }
}

/// `receive_body(client, length, piece)`: reads a body of `length` bytes, or up to the end of the stream if
/// `length` is nil. The time limit starts again after every `piece` bytes. Returns the body, or nil and a
/// message. Returns false and reads nothing if `client` is not a connected object of the type or if its `receive`
/// was replaced.
pub fn receive_body<T: Streaming>(call: &mut Call<'_>) -> Outcome {
    call.set_top(3);
    let pattern = match call.kind(2) {
        Kind::Nil => Pattern::All,
        _ => Pattern::Count(call.number(2)? as usize),
    };
    let piece = NonZeroUsize::new(call.number(3)? as usize);
    if !is_unchanged_client::<T>(call) {
        call.push_boolean(false);
        return Ok(1);
    }
    let request = Request { piece, ..Request::new(pattern) };
    let mut inline = InlineBuffer::new();
    let mut received = object::receive_by(call, 1, T::client(), &request, &mut inline)?;
    // A reset, too, ends a body without a length (http.body.receive.6).
    if pattern == Pattern::All && received.failure.is_some_and(|failure| failure.is_closed()) {
        received.failure = None;
    }
    match received.failure {
        Some(failure) => {
            drop(received);
            Ok(call.push_failure(&failure.message()))
        }
        None => {
            object::push_data(call, received, &inline)?;
            door::settle_for(call, 1, T::client());
            Ok(1)
        }
    }
}

/// `receive_pieces(client, left, size, pieces)`: receives the pieces of `size` bytes that have arrived, at least
/// one. The body has `left` bytes left, and its last piece may be shorter. Stores the pieces in the table
/// `pieces`, from 1. Each call has its own time limit. Returns their number, or nil and a message. Returns false
/// and reads nothing if `client` is not a connected object of the type or if its `receive` was replaced.
pub fn receive_pieces<T: Streaming>(call: &mut Call<'_>) -> Outcome {
    const PIECES: c_int = 4;
    call.set_top(PIECES);
    let (left, size) = (call.number(2)? as usize, (call.number(3)? as usize).max(1));
    call.table(PIECES)?;
    if !is_unchanged_client::<T>(call) {
        call.push_boolean(false);
        return Ok(1);
    }
    let outcome = door::repeat(call, 1, T::client(), Use::Reading, |client, _| {
        let (stream, channel, _) = client.parts();
        stream.take_pieces(channel, left, size)
    })?;
    let data = match outcome {
        Ok(data) => data,
        Err(failure) => return Ok(call.push_failure(&failure.message())),
    };
    let count = data.len().div_ceil(size);
    call.protected(&[PIECES], |call| {
        for (position, piece) in (1..).zip(data.chunks(size)) {
            call.push_bytes(piece);
            call.set_element(1, position);
        }
        Ok(0)
    })?;
    drop(data);
    door::settle_for(call, 1, T::client());
    call.push_integer(count as i64);
    Ok(1)
}

/// `discard_body(client, length, piece)`: drops some of a body that has `length` bytes left, or ends with the stream
/// if `length` is nil. The time limit starts again after every `piece` bytes, or with any data if `length` is nil
/// (add.46). Returns how many bytes were dropped, and whether the body has ended; or nil and a message. Returns false
/// and reads nothing if `client` is not a connected object of the type or if its `receive` was replaced.
pub fn discard_body<T: Streaming>(call: &mut Call<'_>) -> Outcome {
    // Between two calls other tasks may run. A call drops whole pieces, so that the time limits stay the same.
    const MOST: usize = 1 << 20;
    call.set_top(3);
    let length = if call.kind(2) == Kind::Nil { usize::MAX } else { call.number(2)? as usize };
    let size = if length == usize::MAX { 1 } else { (call.number(3)? as usize).max(1) };
    if !is_unchanged_client::<T>(call) {
        call.push_boolean(false);
        return Ok(1);
    }
    let count = length.min((MOST / size).max(1).saturating_mul(size));
    let mut discarding = Discarding::new(count);
    let outcome = door::repeat(call, 1, T::client(), Use::Reading, |client, pace| {
        let (stream, channel, timeout) = client.parts();
        let outcome = stream.discard(channel, &mut discarding, NonZeroUsize::new(size), timeout);
        pace.deadline = discarding.deadline;
        outcome
    })?;
    // A reset, too, ends a body without a length (http.body.receive.6).
    let has_ended = match outcome {
        Ok(()) => count == length,
        Err(failure) if length == usize::MAX && failure.is_closed() => true,
        Err(failure) => return Ok(call.push_failure(&failure.message())),
    };
    call.push_integer(i64::try_from(count - discarding.left).unwrap_or(i64::MAX));
    call.push_boolean(has_ended);
    Ok(2)
}

/// `receive_chunk(client, line)`: receives the next chunk of a body. Its first line has at most `line` bytes. The line,
/// the content and the line end have time limits of their own. Returns the content; true after the first line of the
/// last chunk, whose trailers follow; or nil and a message. If the line end fails, returns the content and a message.
/// Returns false and reads nothing if `client` is not a connected object of the type or if its `receive` was replaced.
pub fn receive_chunk<T: Streaming>(call: &mut Call<'_>) -> Outcome {
    call.set_top(2);
    let most = call.number(2)?;
    if !is_unchanged_client::<T>(call) {
        call.push_boolean(false);
        return Ok(1);
    }
    let size = match receive_line::<T, _>(call, most, framing::chunk_size)? {
        Ok(size) => size.and_then(|size| usize::try_from(size).ok()),
        Err(failure) => return Ok(call.push_failure(&failure.message())),
    };
    match size {
        None => return Ok(call.push_failure(&Message::new("invalid chunk size"))),
        Some(0) => call.push_boolean(true),
        Some(size) => {
            let mut inline = InlineBuffer::new();
            let request = Request::new(Pattern::Count(size));
            let received = object::receive_by(call, 1, T::client(), &request, &mut inline)?;
            if let Some(failure) = received.failure {
                drop(received);
                return Ok(call.push_failure(&failure.message()));
            }
            object::push_data(call, received, &inline)?;
            // Bytes between the content and the line end are tolerated, as in LuaSocket.
            if let Err(failure) = receive_line::<T, _>(call, most, |_| ())? {
                call.push_message(&failure.message());
                return Ok(2);
            }
        }
    }
    door::settle_for(call, 1, T::client());
    Ok(1)
}

/// Receives a line of at most `most` bytes, and passes it to `read`.
fn receive_line<T: Streaming, R>(
    call: &mut Call<'_>,
    most: f64,
    read: impl FnOnce(&[u8]) -> R,
) -> Result<Result<R, Failure>, Raise> {
    let request = Request { limit: line_limit(most), ..Request::new(Pattern::Line) };
    let mut inline = InlineBuffer::new();
    let received = object::receive_by(call, 1, T::client(), &request, &mut inline)?;
    let line = received.data(&inline);
    Ok(match received.failure {
        Some(failure) => Err(failure),
        None if line.len() as f64 > most => Err(Failure::Oversized),
        None => Ok(read(line)),
    })
}

/// The limit for a receive of a line of at most `most` bytes. It is one byte more, so that a line of exactly the limit is
/// distinguished from a longer one.
fn line_limit(most: f64) -> usize {
    if most < f64::from(i32::MAX) { most as usize + 1 } else { usize::MAX }
}

/// The state of reading a head, kept while it waits.
struct Reading {
    progress: Progress,
    /// The rest of the head's limit.
    left: f64,
}

/// Reads lines until the head is complete. While it waits, the stream keeps the fields read so far.
fn read_lines<T: Streaming>(
    client: &mut T,
    pace: &mut Pace,
    limits: Limits,
    reading: &mut Reading,
) -> Result<Fields, Stop> {
    let request = Request { limit: line_limit(limits.line), ..Request::new(Pattern::Line) };
    let mut fields = client.parts().0.take_held().unwrap_or_default();
    let mut inline = InlineBuffer::new();
    let failed = |failure| Err(Stop::Failed(failure));
    loop {
        inline.clear();
        let received =
            match object::attempt_receive(client, pace, &request, &mut reading.progress, &mut inline) {
                Ok(received) => received,
                Err(stop) => {
                    client.parts().0.hold(Some(fields));
                    return Err(stop);
                }
            };
        if let Some(failure) = received.failure {
            return failed(failure);
        }
        reading.progress = Progress::NEW;
        let line = received.data(&inline);
        let length = line.len() as f64;
        reading.left -= length + 2.0;
        if reading.left < 0.0 || length > limits.line {
            return failed(Failure::Oversized);
        }
        if line.is_empty() {
            return Ok(fields);
        }
        if fields.reserve(length as usize).is_err() {
            return failed(Failure::Errno(libc::ENOMEM));
        }
        if fields.add(line) == Err(Malformed) {
            return failed(Failure::Text("malformed response headers"));
        }
    }
}

/// Pushes a table of the fields by name, and frees the fields.
fn push_fields(call: &mut Call<'_>, mut fields: Fields) -> Outcome {
    check_memory(fields.weight())?;
    fields.link();
    let mut joined = Vec::new();
    call.protected(&[], |call| push_table(call, &fields, &mut joined))
}
