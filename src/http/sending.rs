//! Sends responses of the server: texts, heads with their bodies, and files.

use super::answer_arguments::{argument, compose_into};
#[cfg(target_os = "linux")]
use super::file::FILE;
use crate::binding::{Call, Outcome, Raise, buffer};
#[cfg(target_os = "linux")]
use crate::socket::channel::{SocketChannel, attempt};
use crate::socket::described::Streaming;
use crate::socket::descriptor::Use;
#[cfg(target_os = "linux")]
use crate::socket::descriptor::borrow_number;
#[cfg(target_os = "linux")]
use crate::socket::error::Direction;
use crate::socket::error::Failure;
use crate::socket::stream::Stop;
use crate::socket::timeout::Deadline;
#[cfg(target_os = "linux")]
use crate::sys;
use crate::sys::libc;
use crate::tasks::door;

/// The most bytes of a body copied after the head, so that both are sent with one write.
const TOGETHER: usize = 65536;

/// Pushes nil and a message such as "closed": the connection ended without a response.
pub(super) fn ended(call: &mut Call<'_>, failure: Failure) -> Outcome {
    let failure = match failure {
        Failure::Wants(_) => Failure::Timeout,
        Failure::Errno(libc::EPIPE | libc::ENOTCONN | libc::EBADF) => Failure::Closed,
        failure => failure,
    };
    Ok(call.push_failure(&failure.message()))
}

/// Sends the rest of the string at an index, from an offset. Ends if no byte can be sent for `seconds`.
fn send_rest<T: Streaming>(
    call: &mut Call<'_>,
    index: i32,
    mut offset: usize,
    seconds: f64,
) -> Result<Result<(), Failure>, Raise> {
    let data = call.bytes(index)?;
    door::repeat(call, 1, T::client(), Use::Writing, |object, pace| {
        let before = offset;
        send_now(object, data, &mut offset).inspect_err(|_| {
            if offset > before {
                pace.deadline = None;
            }
            pace.deadline.get_or_insert_with(|| Deadline::after(seconds));
        })
    })
}

fn send_now<T: Streaming>(object: &mut T, data: &[u8], offset: &mut usize) -> Result<(), Stop> {
    let (stream, channel, _) = object.parts();
    while let Some(rest) = data.get(*offset..).filter(|rest| !rest.is_empty()) {
        *offset += stream.send_some(channel, rest)?;
    }
    Ok(())
}

/// `send(connection, data, seconds)`: true, or nil and a message.
pub fn send<T: Streaming>(call: &mut Call<'_>) -> Outcome {
    let seconds = call.number(3)?;
    match send_rest::<T>(call, 2, 0, seconds)? {
        Ok(()) => {
            call.push_boolean(true);
            door::settle(call);
            Ok(1)
        }
        Err(failure) => ended(call, failure),
    }
}

/// `respond(connection, seconds, status, headers, length, connection, server, body)`: sends head and body, in
/// one write if they are small. `length` is a number, -1 for chunked, or nil. Returns true and whether the
/// headers close the connection; nil and a message; or false and the name of a header that cannot be sent.
pub fn respond<T: Streaming>(call: &mut Call<'_>) -> Outcome {
    call.set_top(argument::COUNT);
    let seconds = call.number(2)?;
    let mut text = buffer(0)?;
    let composed = compose_into(call, &mut text)?;
    if call.count() > argument::COUNT {
        drop(text);
        return Ok(2);
    }
    let body = call.optional_bytes(argument::BODY)?.unwrap_or_default();
    let (first, _) = body.split_at(body.len().min(TOGETHER));
    text.try_reserve(first.len()).map_err(|_| Raise::out_of_memory())?;
    text.extend_from_slice(first);
    let mut offset = 0;
    let step = call.object(1, T::client(), |object| send_now(object, &text, &mut offset))?;
    let outcome = match step {
        Ok(()) => {
            drop(text);
            Ok(())
        }
        Err(Stop::Failed(failure)) => {
            drop(text);
            Err(failure)
        }
        Err(Stop::WouldBlock(_) | Stop::Pause) => {
            call.push_vec(text)?;
            send_rest::<T>(call, argument::COUNT + 1, offset, seconds)?
        }
    };
    let outcome = match outcome {
        Ok(()) if body.len() > TOGETHER => send_rest::<T>(call, argument::BODY, TOGETHER, seconds)?,
        outcome => outcome,
    };
    match outcome {
        Ok(()) => {
            call.push_boolean(true);
            call.push_boolean(composed);
            Ok(2)
        }
        Err(failure) => ended(call, failure),
    }
}

/// `sendfile(connection, file, seconds)`: lets the system send a file. Returns true, or nil and a message.
#[cfg(target_os = "linux")]
pub fn send_file<T: Streaming<Channel = SocketChannel>>(call: &mut Call<'_>) -> Outcome {
    /// The most bytes at once, so that one file does not delay other connections.
    const TURN: u64 = 1 << 20;
    let seconds = call.number(3)?;
    let mut sent = 0;
    loop {
        let (number, start, length) = match call.object(2, &FILE, |file| file.part())? {
            Ok(part) => part,
            Err(failure) => return ended(call, failure),
        };
        if sent >= length {
            call.push_boolean(true);
            return Ok(1);
        }
        let mut position = start + sent;
        let count = (length - sent).min(TURN) as usize;
        // The descriptor can only change if a script closes the file while it is sent.
        let outcome = door::repeat(call, 1, T::client(), Use::Writing, |object, pace| {
            let from = borrow_number(number).ok_or(Stop::Failed(Failure::Closed))?;
            let sent = attempt(object.descriptor(), Direction::Write, |to| {
                sys::sendfile_quietly(to, from, &mut position, count)
            });
            match sent {
                Ok(0) => Err(Stop::Failed(Failure::Text("file ended"))),
                Ok(count) => Ok(count as u64),
                Err(stop) => {
                    pace.deadline.get_or_insert_with(|| Deadline::after(seconds));
                    Err(stop)
                }
            }
        })?;
        match outcome {
            Ok(count) => {
                sent += count;
                door::settle(call);
            }
            Err(failure) => return ended(call, failure),
        }
    }
}
