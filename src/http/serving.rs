//! `socket_http_server`: the native functions of the server for the bytes of a connection. Each function
//! tries the operation, and waits through `tasks::door` if it would block.

use crate::binding::{Call, NativeFunction, Outcome, Raise, ScratchBuffer, native};
use crate::socket::channel::SocketChannel;
use crate::socket::described::Streaming;
use crate::socket::descriptor::Use;
use crate::socket::error::{Direction, Failure};
use crate::socket::stream::Stop;
use crate::socket::tcp::Tcp;
use crate::socket::timeout::Deadline;
#[cfg(unix)]
use crate::socket::unix_stream::UnixStream;
use crate::sys;
use crate::sys::libc;
use crate::tasks::door;

use super::answer_arguments::compose;
use super::request_body;
use super::request_head::{self, Body, Fields, Refusal, Scan};
use super::sending::{self, ended};

/// The most bytes read at once of a large body.
const PIECE: usize = 65536;

/// The functions by name, for one type of connection.
pub const fn functions<T: Streaming>() -> [(&'static str, NativeFunction); 8] {
    [
        ("chunk", native(chunk::<T>)),
        ("discard", native(discard::<T>)),
        ("head", native(head::<T>)),
        ("isopen", native(is_open::<T>)),
        ("isquiet", native(is_quiet::<T>)),
        ("respond", native(sending::respond::<T>)),
        ("send", native(sending::send::<T>)),
        ("take", native(take::<T>)),
    ]
}

fn is_timeout(failure: Failure) -> bool {
    matches!(failure, Failure::Timeout | Failure::Wants(_))
}

/// Pushes false, status, reason: the request must be refused.
fn refused(call: &mut Call<'_>, refusal: Refusal) -> Outcome {
    call.push_boolean(false);
    call.push_integer(i64::from(refusal.status));
    call.push_bytes(refusal.reason.as_bytes());
    Ok(3)
}

/// Like [`refused`], for the head at an index, or the part of it that has arrived. If its request line is valid,
/// pushes method, target and version, too.
fn refused_head(call: &mut Call<'_>, refusal: Refusal, index: i32) -> Outcome {
    let head = call.bytes(index)?;
    let count = refused(call, refusal)?;
    let Some([method, target, version]) = request_head::known_line(head) else { return Ok(count) };
    call.push_bytes(method);
    call.push_bytes(target);
    call.push_bytes(version);
    Ok(count + 3)
}

/// The first line of a head in the read-ahead buffer, as far as it has arrived. Empty without memory.
fn first_line<T: Streaming>(object: &mut T, start: usize) -> ScratchBuffer {
    let mut line = ScratchBuffer::take();
    let head = object.parts().0.buffered().get(start..).unwrap_or_default();
    let end = memchr::memchr(b'\n', head).map_or(0, |end| end + 1);
    if line.try_reserve(end).is_ok() {
        line.extend_from_slice(head.get(..end).unwrap_or_default());
    }
    line
}

/// A limit as Lua gives it: any number or infinity.
fn limit(call: &Call<'_>, index: i32) -> Result<usize, Raise> {
    Ok(call.number(index)? as usize)
}

/// The result of a search in the read-ahead buffer.
enum Found<R> {
    Whole(R),
    Refused(Refusal),
}

/// Searches the read-ahead buffer, and reads more until the search ends or has to wait.
fn search<T: Streaming, R>(
    object: &mut T,
    look: &mut impl FnMut(&[u8]) -> Result<Option<R>, Refusal>,
) -> Result<Found<R>, Stop> {
    let (stream, channel, _) = object.parts();
    loop {
        match look(stream.buffered()) {
            Ok(Some(found)) => return Ok(Found::Whole(found)),
            Err(refusal) => return Ok(Found::Refused(refusal)),
            Ok(None) => {}
        }
        stream.read_ahead(channel)?;
    }
}

/// `head(connection, idletime, headtime, maxline, maxhead, maxfields)`: the next request. Returns the head, method, target, path, query, host, whether it is HTTP/1.0, whether to keep the
/// connection, the length of the body (-1: chunked), and whether the client waits for 100 Continue. Or nil and a
/// message. Or false, status and reason of a refusal, with method, target and version if they are known.
fn head<T: Streaming>(call: &mut Call<'_>) -> Outcome {
    call.set_top(6);
    let (idle_time, head_time) = (call.number(2)?, call.number(3)?);
    let limits =
        request_head::Limits { line: limit(call, 4)?, head: limit(call, 5)?, fields: limit(call, 6)? };
    let mut scan = Scan::default();
    let mut begun = false;
    let mut waited = false;
    let found = door::repeat(call, 1, T::client(), Use::Reading, |object, pace| {
        match search(object, &mut |data| scan.advance(data, &limits)) {
            Ok(Found::Whole((start, end))) => take_head(object, start, end).map(Found::Whole),
            Ok(Found::Refused(refusal)) => Ok(Found::Refused(refusal)),
            Err(stop) => {
                waited = true;
                if !begun && object.parts().0.buffered().len() > scan.start() {
                    begun = true;
                    pace.deadline = Some(Deadline::after(head_time));
                }
                pace.deadline.get_or_insert_with(|| Deadline::after(idle_time));
                Err(stop)
            }
        }
    })?;
    match found {
        Ok(Found::Whole(text)) => call.push_vec(text)?,
        Err(failure) if !(begun && is_timeout(failure)) => return ended(call, failure),
        other => {
            let refusal = match other {
                Ok(Found::Refused(refusal)) => refusal,
                _ => Refusal { status: 408, reason: "head too slow" },
            };
            // A line that is too long may or may not be complete, and would fill the log.
            if refusal.status == 414 {
                return refused(call, refusal);
            }
            let line = call.object(1, T::client(), |object| first_line(object, scan.start()))?;
            call.push_vec(line)?;
            return refused_head(call, refusal, 7);
        }
    }
    let results = push_head(call, 7)?;
    if !waited {
        // Pipelined requests of one peer must not delay the other connections.
        door::settle(call);
    }
    Ok(results)
}

fn take_head<T: Streaming>(object: &mut T, start: usize, end: usize) -> Result<ScratchBuffer, Stop> {
    let stream = object.parts().0;
    let head = stream.buffered().get(start..end).unwrap_or_default();
    let mut text = ScratchBuffer::take();
    text.try_reserve(head.len()).map_err(|_| Stop::Failed(Failure::Errno(libc::ENOMEM)))?;
    text.extend_from_slice(head);
    stream.drop_buffered(end);
    Ok(text)
}

fn push_head(call: &mut Call<'_>, index: i32) -> Outcome {
    let text = call.bytes(index)?;
    let head = match request_head::parse(text) {
        Ok(head) => head,
        Err(refusal) => return refused_head(call, refusal, index),
    };
    call.push_bytes(head.method);
    call.push_bytes(head.target);
    if head.path.len() == head.target.len() {
        call.push_value(-1);
    } else {
        call.push_bytes(head.path);
    }
    match head.query {
        Some(query) => call.push_bytes(query),
        None => call.push_nil(),
    }
    match head.host {
        Some(host) if host.iter().any(u8::is_ascii_uppercase) => call.push_vec(host.to_ascii_lowercase())?,
        Some(host) => call.push_bytes(host),
        None => call.push_nil(),
    }
    call.push_boolean(head.is_old);
    call.push_boolean(head.keeps);
    match head.body {
        Body::None => call.push_nil(),
        Body::Length(length) => call.push_integer(length as i64),
        Body::Chunked => call.push_integer(-1),
    }
    call.push_boolean(head.expects);
    Ok(10)
}

/// `fields(head)`: names and values of a head's fields, in turn.
fn fields(call: &mut Call<'_>) -> Outcome {
    let head = call.bytes(1)?;
    let start = memchr::memchr(b'\n', head).map_or(head.len(), |end| end + 1);
    let lines = head.get(start..head.len().saturating_sub(2)).unwrap_or_default();
    call.new_table(32, 0);
    let mut position = 0;
    for (name, value) in Fields::new(lines).flatten() {
        call.push_bytes(name);
        call.set_element(-2, position + 1);
        call.push_bytes(value);
        call.set_element(-2, position + 2);
        position += 2;
    }
    Ok(1)
}

/// `take(connection, least, most, seconds)`: returns between `least` and `most` bytes.
fn take<T: Streaming>(call: &mut Call<'_>) -> Outcome {
    let (least, most, seconds) = (limit(call, 2)?.max(1), limit(call, 3)?, call.number(4)?);
    let taken = door::repeat(call, 1, T::client(), Use::Reading, |object, pace| {
        take_now(object, least, most).inspect_err(|_| {
            pace.deadline.get_or_insert_with(|| Deadline::after(seconds));
        })
    })?;
    match taken {
        Ok(text) => {
            call.push_vec(text)?;
            door::settle(call);
            Ok(1)
        }
        Err(failure) => ended(call, failure),
    }
}

fn take_now<T: Streaming>(object: &mut T, least: usize, most: usize) -> Result<ScratchBuffer, Stop> {
    let (stream, channel, _) = object.parts();
    while stream.buffered().len() < least {
        if !stream.buffered().is_empty() || most < PIECE {
            stream.read_ahead(channel)?;
            continue;
        }
        let mut piece = ScratchBuffer::take();
        stream.read_most(channel, &mut piece, most.min(PIECE))?;
        if piece.len() >= least {
            return Ok(piece);
        }
        stream.give_back(&piece)?;
    }
    let mut text = ScratchBuffer::take();
    stream.read_most(channel, &mut text, most)?;
    Ok(text)
}

/// `chunk(connection, first, extensions, trailers, seconds)`: the size of the next chunk, and the number of
/// extension bytes. After the last chunk, of size zero, trailers are read and dropped.
fn chunk<T: Streaming>(call: &mut Call<'_>) -> Outcome {
    let mut scan = request_body::Scan::new(call.truthy(2));
    let limits = request_body::Limits { extensions: limit(call, 3)?, trailers: limit(call, 4)? };
    let seconds = call.number(5)?;
    let found = door::repeat(call, 1, T::client(), Use::Reading, |object, pace| {
        match search(object, &mut |data| scan.advance(data, &limits)) {
            Ok(found) => {
                if let Found::Whole(chunk) = &found {
                    object.parts().0.drop_buffered(chunk.length);
                }
                Ok(found)
            }
            Err(stop) => {
                pace.deadline.get_or_insert_with(|| Deadline::after(seconds));
                Err(stop)
            }
        }
    })?;
    match found {
        Ok(Found::Whole(chunk)) => {
            call.push_integer(chunk.size as i64);
            call.push_integer(chunk.extensions as i64);
            door::settle(call);
            Ok(2)
        }
        Ok(Found::Refused(refusal)) => refused(call, refusal),
        Err(failure) => ended(call, failure),
    }
}

/// Checks for a byte that has arrived, and leaves it where it is.
fn peek<T: Streaming>(object: &mut T) -> Result<Result<usize, rustix::io::Errno>, Failure> {
    let fd = object.descriptor().borrow()?;
    let mut byte = [0u8];
    let flags = rustix::net::RecvFlags::PEEK | sys::AT_ONCE;
    Ok(rustix::net::recv(fd, &mut byte, flags).map(|(count, _)| count))
}

/// `arrival(connection, seconds)`: waits until a byte arrives or the peer closes, and takes nothing. Returns
/// true, or nil and a message.
fn arrival<T: Streaming>(call: &mut Call<'_>) -> Outcome {
    let seconds = call.number(2)?;
    let arrived = door::repeat(call, 1, T::client(), Use::Reading, |object, pace| {
        match peek(object).map_err(Stop::Failed)? {
            Err(rustix::io::Errno::AGAIN | rustix::io::Errno::INTR) => {
                pace.deadline.get_or_insert_with(|| Deadline::after(seconds));
                Err(Stop::WouldBlock(Direction::Read))
            }
            _ => Ok(()),
        }
    })?;
    match arrived {
        Ok(()) => {
            call.push_boolean(true);
            Ok(1)
        }
        Err(failure) => ended(call, failure),
    }
}

/// `isquiet(connection)`: whether no byte of a request has arrived and the peer has not closed.
fn is_quiet<T: Streaming>(call: &mut Call<'_>) -> Outcome {
    let quiet = call.object(1, T::client(), |object| {
        !object.is_dirty() && matches!(peek(object), Ok(Err(rustix::io::Errno::AGAIN)))
    })?;
    call.push_boolean(quiet);
    Ok(1)
}

/// `isopen(connection)`: whether the peer has not closed, as far as known without waiting.
fn is_open<T: Streaming>(call: &mut Call<'_>) -> Outcome {
    let open = call.object(1, T::client(), |object| match peek(object) {
        Ok(Ok(count)) => count > 0,
        Ok(Err(error)) => matches!(error, rustix::io::Errno::AGAIN | rustix::io::Errno::INTR),
        Err(_) => false,
    })?;
    call.push_boolean(open);
    Ok(1)
}

/// `now()`: the monotonic clock in seconds.
fn now(call: &mut Call<'_>) -> Outcome {
    call.push_number(sys::monotonic_clock().as_secs_f64());
    Ok(1)
}

/// `reason(status)`: the reason phrase of a status.
fn reason(call: &mut Call<'_>) -> Outcome {
    let status = call.number(1)? as u16;
    call.push_bytes(super::answer::reason(status).as_bytes());
    Ok(1)
}

/// `discard(connection, most, seconds)`: ends this side, then drops incoming bytes until the peer ends its
/// side. So the peer can read the last response: closing with unread bytes would reset the connection.
fn discard<T: Streaming>(call: &mut Call<'_>) -> Outcome {
    let (most, seconds) = (limit(call, 2)?, call.number(3)?);
    call.object(1, T::client(), |object| {
        if let Ok(fd) = object.descriptor().borrow() {
            let _ = rustix::net::shutdown(fd, rustix::net::Shutdown::Write);
        }
    })?;
    let mut dropped = 0;
    let _ = door::repeat(call, 1, T::client(), Use::Reading, |object, pace| {
        pace.deadline.get_or_insert_with(|| Deadline::after(seconds));
        discard_now(object, most, &mut dropped)
    })?;
    Ok(0)
}

fn discard_now<T: Streaming>(object: &mut T, most: usize, dropped: &mut usize) -> Result<(), Stop> {
    let (stream, channel, _) = object.parts();
    while *dropped < most {
        let mut piece = ScratchBuffer::take();
        *dropped += stream.read_most(channel, &mut piece, PIECE)?;
    }
    Ok(())
}

/// Pushes the table of functions for sockets, which include `arrival` and `sendfile`.
fn push_sockets<T: Streaming<Channel = SocketChannel>>(call: &mut Call<'_>) {
    call.new_table(0, 10);
    call.set_functions(&functions::<T>());
    call.set_functions(&[("arrival", native(arrival::<T>))]);
    #[cfg(target_os = "linux")]
    call.set_functions(&[("sendfile", native(sending::send_file::<T>))]);
}

/// Opens the internal module: the functions for TCP and Unix connections, and those without a connection.
pub fn open(call: &mut Call<'_>) -> Outcome {
    call.prepare();
    super::file::define(call);
    call.new_table(0, 12);
    push_sockets::<Tcp>(call);
    call.set_field(-2, b"tcp");
    #[cfg(unix)]
    {
        push_sockets::<UnixStream>(call);
        call.set_field(-2, b"unix");
    }
    call.set_functions(&[
        ("compose", native(compose)),
        ("fields", native(fields)),
        ("now", native(now)),
        ("reason", native(reason)),
    ]);
    call.set_functions(super::file::FUNCTIONS);
    Ok(1)
}
