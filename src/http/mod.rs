//! `socket_http`: reads and writes HTTP heads, and reads whole bodies, for `socket.http`.

mod answer;
mod answer_arguments;
pub mod client;
mod compose;
pub mod converse;
pub mod date;
mod file;
#[cfg_attr(windows, path = "folder_windows.rs")]
mod folder;
pub mod framing;
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzz;
mod head;
#[cfg(test)]
mod properties;
mod request_body;
mod request_head;
mod response;
pub mod serving;

use std::ffi::c_int;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::num::NonZeroUsize;

use arrayvec::ArrayVec;
use sha2::Digest;

use crate::binding::{Call, Kind, Message, Outcome, Raise, check_memory, native};
use crate::socket::described::Streaming;
use crate::socket::descriptor::Use;
use crate::socket::error::Failure;
use crate::socket::object;
use crate::socket::stream::{Discarding, InlineBuffer, Pattern, Progress, Request, Stop};
use crate::socket::{dns, tcp};
use crate::tasks::door::{self, Pace};

use crate::sys;
use crate::sys::libc;
use framing::Body;
use head::{Fields, Malformed};

/// Opens the internal module.
pub fn open(call: &mut Call<'_>) -> Outcome {
    call.prepare();
    call.new_table(0, 20);
    call.set_functions(&[
        ("body_end", native(body_end)),
        ("chunk_size", native(chunk_size)),
        ("compose", native(compose::compose)),
        ("compose_list", native(compose::compose_list)),
        ("connect", native(tcp::connect_in_steps)),
        ("converse", native(converse::converse::<tcp::Tcp>)),
        ("discard_body", native(discard_body::<tcp::Tcp>)),
        ("fields", native(fields)),
        ("first_values", native(first_values)),
        ("has_own_methods", native(tcp::has_own_methods)),
        ("hash", native(hash)),
        ("lookup", native(dns::lookup_within)),
        ("now", native(now)),
        ("parse_head", native(parse_head)),
        ("process", native(process)),
        ("random_text", native(random_text)),
        ("receive_body", native(receive_body::<tcp::Tcp>)),
        ("receive_chunk", native(receive_chunk::<tcp::Tcp>)),
        ("receive_fields", native(receive_fields::<tcp::Tcp>)),
        ("receive_pieces", native(receive_pieces::<tcp::Tcp>)),
    ]);
    Ok(1)
}

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

/// `chunk_size(line)`: the size in the first line of a chunk, or nil if the line is invalid.
fn chunk_size(call: &mut Call<'_>) -> Outcome {
    match framing::chunk_size(call.bytes(1)?) {
        Some(size) => call.push_integer(size as i64),
        None => call.push_nil(),
    }
    Ok(1)
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

/// `fields(lines, count)`: the fields by name, or nil if a line is malformed.
fn fields(call: &mut Call<'_>) -> Outcome {
    call.table(1)?;
    let count = call.integer(2)?;
    let mut fields = Fields::new();
    let mut joined = Vec::new();
    call.protected(&[1], |call| {
        for position in 1..=count {
            call.push_element(1, position);
            let length = call.with_bytes(-1, <[u8]>::len).unwrap_or_default();
            fields.reserve(length).map_err(|_| Raise::out_of_memory())?;
            if call.with_bytes(-1, |line| fields.add(line)) != Some(Ok(())) {
                call.push_nil();
                return Ok(1);
            }
            call.pop(1);
        }
        check_memory(fields.weight())?;
        fields.link();
        push_table(call, &fields, &mut joined)
    })
}

/// Pushes a table of the fields by name, and frees the fields.
fn push_fields(call: &mut Call<'_>, mut fields: Fields) -> Outcome {
    check_memory(fields.weight())?;
    fields.link();
    let mut joined = Vec::new();
    call.protected(&[], |call| push_table(call, &fields, &mut joined))
}

fn push_table(call: &mut Call<'_>, fields: &Fields, joined: &mut Vec<u8>) -> Outcome {
    call.new_table(0, fields.count());
    let visited = fields.visit(joined, |name, value| {
        call.push_bytes(name);
        call.push_bytes(value);
        call.set_raw(-3);
    });
    visited.map(|()| 1).map_err(|_| Raise::out_of_memory())
}

/// `now()`: the monotonic clock in seconds.
fn now(call: &mut Call<'_>) -> Outcome {
    call.push_number(sys::monotonic_clock().as_secs_f64());
    Ok(1)
}

/// Pushes bytes in lower-case hexadecimal, at most 32 digits.
fn push_hexadecimal(call: &mut Call<'_>, bytes: &[u8]) -> Outcome {
    let mut text = ArrayVec::<u8, 64>::new();
    for digit in bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]) {
        let letter = if digit < 10 { b'0' + digit } else { b'a' + digit - 10 };
        // never full
        let _ = text.try_push(letter);
    }
    call.push_bytes(&text);
    Ok(1)
}

/// `hash(name, text)`: the SHA-256 hash of a text if `name` is "sha-256", else its MD5 hash, in hexadecimal.
fn hash(call: &mut Call<'_>) -> Outcome {
    let text = call.bytes(2)?;
    if call.bytes(1)? == b"sha-256" {
        return push_hexadecimal(call, &sha2::Sha256::digest(text));
    }
    push_hexadecimal(call, &md5::Md5::digest(text))
}

/// `random_text()`: 32 hexadecimal digits that a server cannot guess.
fn random_text(call: &mut Call<'_>) -> Outcome {
    // The system seeds each one.
    let number = || RandomState::new().build_hasher().finish().to_be_bytes();
    let (first, second) = (number(), number());
    let mut bytes = ArrayVec::<u8, 16>::new();
    bytes.extend(first.into_iter().chain(second));
    push_hexadecimal(call, &bytes)
}

/// `process()`: a number that changes with a fork.
fn process(call: &mut Call<'_>) -> Outcome {
    call.push_integer(i64::from(crate::sys::process::forks()));
    Ok(1)
}

/// A limit as a number of bytes. Infinity means no limit.
fn limit(call: &Call<'_>, index: c_int) -> Result<usize, Raise> {
    Ok(call.number(index)? as usize)
}

/// `parse_head(text, method, line, block, title)`: parses strictly the head of a response at the start of
/// `text`. A line has at most `line` bytes, all lines together at most `block`. Returns its length in bytes,
/// status, reason, version, status line, headers, the end of the body ("none", "chunked", a length, or nil:
/// until close), and whether the connection may be kept. If `title` is true, the headers are a table of first
/// values by Title-Case names, else of joined values by lower-case names. Returns nil if the head is
/// incomplete; false and a message if it is malformed.
fn parse_head(call: &mut Call<'_>) -> Outcome {
    call.set_top(5);
    let text = call.bytes(1)?;
    let limits = response::Limits { line: limit(call, 3)?, block: limit(call, 4)? };
    let head = match response::parse(text, call.bytes(2)?, limits) {
        Ok(Some(head)) => head,
        Ok(None) => {
            call.push_nil();
            return Ok(1);
        }
        Err(malformed) => {
            call.push_boolean(false);
            call.push_bytes(match malformed {
                response::Malformed::Status(line) => line,
                response::Malformed::Fields => b"malformed response headers",
                response::Malformed::Oversized => b"oversized",
                response::Malformed::Framing(malformed) => malformed.message().as_bytes(),
            });
            return Ok(2);
        }
    };
    check_memory(head.count.saturating_mul(100))?;
    let title = call.truthy(5);
    let mut fields = Fields::new();
    if !title {
        for line in response::lines(&head.block) {
            fields.reserve(line.len()).map_err(|_| Raise::out_of_memory())?;
            // `parse` has checked that every line has a colon.
            let _ = fields.add(line);
        }
        fields.link();
    }
    let mut joined = Vec::new();
    call.protected(&[], |call| {
        call.push_integer(head.length as i64);
        call.push_integer(i64::from(head.status));
        call.push_bytes(head.reason);
        push_version(call, head.version);
        call.push_bytes(head.line);
        if title {
            push_first_values(call, &head.block, head.count);
        } else {
            push_table(call, &fields, &mut joined)?;
        }
        push_end(call, head.framing.body);
        call.push_boolean(head.framing.keep);
        Ok(8)
    })
}

/// Pushes the end of a body: "none", "chunked", a length, or nil for the end of the connection.
fn push_end(call: &mut Call<'_>, body: Body) {
    match body {
        Body::Empty => call.push_bytes(b"none"),
        Body::Chunked => call.push_bytes(b"chunked"),
        Body::Length(length) => call.push_integer(i64::try_from(length).unwrap_or(i64::MAX)),
        Body::UntilClose => call.push_nil(),
    }
}

fn push_version(call: &mut Call<'_>, (major, minor): framing::Version) {
    call.push_bytes(&[b'0' + major, b'.', b'0' + minor]);
}

/// `first_values(lines)`: a table of the first value of each field by its name in Title-Case, from the header
/// lines of a head that was parsed.
fn first_values(call: &mut Call<'_>) -> Outcome {
    let block = call.bytes(1)?;
    push_first_values(call, block, response::lines(block).count());
    Ok(1)
}

/// Pushes a table of the first value of each field by its name in Title-Case.
fn push_first_values(call: &mut Call<'_>, block: &[u8], count: usize) {
    call.new_table(0, count);
    for (name, value) in response::lines(block).filter_map(response::field) {
        let name = response::title_case(name);
        call.push_bytes(&name);
        call.push_value(-1);
        call.look_up_raw(-3);
        let known = call.kind(-1) != Kind::Nil;
        call.pop(1);
        if known {
            call.pop(1);
        } else {
            call.push_bytes(value);
            call.set_raw(-3);
        }
    }
}

/// `body_end(transfer_encoding, content_length)`: the end of a response's body, for a response that has one.
/// Returns its length, "chunked", or nil if it ends when the connection closes; false and a message if the
/// fields contradict each other.
fn body_end(call: &mut Call<'_>) -> Outcome {
    call.set_top(2);
    let fields = framing::Fields {
        transfer_encoding: call.optional_bytes(1)?,
        content_length: call.optional_bytes(2)?,
        connection: None,
    };
    match framing::body(&fields) {
        Ok((Body::Length(length), _)) => call.push_integer(i64::try_from(length).unwrap_or(i64::MAX)),
        Ok((Body::Chunked, _)) => call.push_bytes(b"chunked"),
        Ok((Body::UntilClose | Body::Empty, _)) => call.push_nil(),
        Err(malformed) => {
            call.push_boolean(false);
            call.push_bytes(malformed.message().as_bytes());
            return Ok(2);
        }
    }
    Ok(1)
}
