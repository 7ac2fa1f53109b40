//! `converse`: a request on an open connection, and the head of its response, in one call. A short body comes
//! with it.
//!
//! This is the fast path of the client. Whatever is unusual is left to the Lua code, with nothing taken from
//! the connection: a head in several pieces, an interim response, a malformed head.

use std::borrow::Cow;
use std::ops::Range;

use arrayvec::ArrayVec;

use super::framing::{Body, Framing, Version};
use super::head::{Fields, split};
use super::response::{self, Head};
use super::{limit, push_end, push_first_values, push_table, push_version};
use crate::binding::{Call, Outcome, Raise, check_memory};
use crate::socket::described::Streaming;
use crate::socket::descriptor::Use;
use crate::socket::error::{Direction, Failure};
use crate::socket::stream::{InlineBuffer, Stop, Transport};
use crate::socket::timeout::Deadline;
use crate::sys;
use crate::tasks::door;

/// The most seconds to wait here for the body, once the head has arrived. Servers often send them one after the
/// other.
const BODY_WAIT: f64 = 0.05;

/// The longest name of a header whose table needs no memory from the allocator.
const LONGEST_SHORT_NAME: usize = 64;

/// The most headers whose names are compared with each other.
const MOST_NAMES: usize = 64;

/// The parts of a response that the caller uses.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Title,
    Values,
    Head,
}

/// The step of a conversation.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    /// Checks that the kept connection is still open and silent.
    Look,
    Send,
    Head,
    Body,
}

/// `converse(connection, request, method, line, block, wanted, send, first, until, expires)`: sends the bytes
/// of a request with this method, and receives the head of its response. `line` and `block` limit the head;
/// `send` and `first` limit the waits in seconds (negative: none); `until` ends the whole request. With
/// `expires`, the connection was kept until that time, and is checked before its use.
///
/// Returns the status, the end of the body (as `parse_head` does), whether the connection may be kept, the body
/// if it has arrived, the header lines, the reason, the version, the headers, the status line, whether the body
/// is coded, and the seconds for which the server keeps the connection. If `wanted` is "title", the headers are a
/// table by Title-Case names, made only for a body that has not arrived or that is coded, and there is no status line.
/// If it is "values", a plain response that has arrived as a whole comes without header lines, reason and version. If
/// it is "head", it comes with them.
/// Returns false if the response has to be read in another way. Returns nil, a message, and "stale", "send" or
/// "response".
pub fn converse<T: Streaming>(call: &mut Call<'_>) -> Outcome {
    call.set_top(10);
    let (text, method) = (call.bytes(2)?, call.bytes(3)?);
    let limits = response::Limits { line: limit(call, 4)?, block: limit(call, 5)? };
    let wanted = match call.bytes(6)? {
        b"title" => Wanted::Title,
        b"values" => Wanted::Values,
        _ => Wanted::Head,
    };
    let (send, first) = (call.number(7)?, call.number(8)?);
    let until = call.try_number(9);
    let expires = call.try_number(10);
    let mut step = if expires.is_some() { Step::Look } else { Step::Send };
    let mut sent = 0;
    let mut received = InlineBuffer::new();
    let mut found: Option<Found> = None;
    let outcome = door::repeat(call, 1, T::client(), Use::Both, |object, pace| {
        let (stream, channel, _) = object.parts();
        if step == Step::Look {
            let is_old = expires.is_some_and(|expires| expires < sys::monotonic_clock().as_secs_f64());
            let mut is_silent =
                || channel.is_silent() || matches!(stream.read_ahead(channel), Err(Stop::WouldBlock(_)));
            if is_old || !is_silent() {
                return Err(Stop::Failed(Failure::Closed));
            }
            step = Step::Send;
        }
        if step == Step::Send {
            let (count, stop) = stream.send(channel, text.get(sent..).unwrap_or_default());
            sent += count;
            if let Some(stop) = stop {
                pace.deadline.get_or_insert_with(|| Deadline::within(send, until));
                return Err(stop);
            }
            step = Step::Head;
            pace.deadline = Some(Deadline::within(first, until));
            // The response is hardly ever there already.
            return Err(Stop::WouldBlock(Direction::Read));
        }
        loop {
            if step == Step::Body || !stream.is_dirty() {
                stream.read_ahead(channel)?;
            }
            if step == Step::Head {
                found = Found::search(stream.buffered(), method, limits);
            }
            let Some(head) = &mut found else { return Ok(()) };
            let ahead = stream.buffered();
            if let Some(end) = head.end
                && end > ahead.len()
                && end <= received.capacity()
            {
                if step == Step::Head {
                    pace.deadline = Some(Deadline::within(BODY_WAIT, until));
                }
                step = Step::Body;
                continue;
            }
            head.end = head.end.filter(|end| *end <= ahead.len().min(received.capacity()));
            let taken = head.end.unwrap_or(head.length);
            let _ = received.try_extend_from_slice(ahead.get(..taken).unwrap_or_default());
            stream.drop_buffered(taken);
            head.framing.keep &= head.end.is_none() || !object.is_dirty();
            return Ok(());
        }
    })?;
    match (outcome, found) {
        (Ok(()), Some(head)) => push_response(call, &received, &head, wanted),
        // The part of the body that has arrived is still in the connection.
        (Ok(()), None) | (Err(_), Some(_)) => {
            call.push_boolean(false);
            Ok(1)
        }
        (Err(failure), None) => {
            let failure = if matches!(failure, Failure::Wants(_)) { Failure::Timeout } else { failure };
            call.push_failure(&failure.message());
            call.push_bytes(match step {
                Step::Look => b"stale",
                Step::Send => b"send",
                Step::Head | Step::Body => b"response",
            });
            Ok(3)
        }
    }
}

/// A complete head at the start of the received bytes. It owns no memory.
#[derive(Clone)]
struct Found {
    status: u16,
    reason: Range<usize>,
    version: Version,
    line: Range<usize>,
    block: Range<usize>,
    count: usize,
    length: usize,
    framing: Framing,
    is_coded: bool,
    age: Option<u32>,
    /// The end of the body, if its length is known.
    end: Option<usize>,
}

/// The place of a part of a text.
fn place(text: &[u8], part: &[u8]) -> Range<usize> {
    let start = (part.as_ptr() as usize).wrapping_sub(text.as_ptr() as usize);
    start..start.wrapping_add(part.len())
}

impl Found {
    /// The head if it is complete, final and well-formed, and fits into a small buffer.
    fn search(text: &[u8], method: &[u8], limits: response::Limits) -> Option<Self> {
        let Head { status, reason, version, line, block, count, length, framing, is_coded, age } =
            response::parse(text, method, limits).ok()??;
        let Cow::Borrowed(block) = block else { return None };
        if status < 200 && status != 101 || length > InlineBuffer::new().capacity() {
            return None;
        }
        let body = match framing.body {
            Body::Empty => Some(0),
            Body::Length(length) => usize::try_from(length).ok(),
            Body::Chunked | Body::UntilClose => None,
        };
        let end = body.and_then(|body| length.checked_add(body));
        let (reason, line, block) = (place(text, reason), place(text, line), place(text, block));
        Some(Found { status, reason, version, line, block, count, length, framing, is_coded, age, end })
    }
}

/// Pushes the results of a conversation.
fn push_response(call: &mut Call<'_>, received: &[u8], head: &Found, wanted: Wanted) -> Outcome {
    let part = |place: &Range<usize>| received.get(place.clone()).unwrap_or_default();
    call.push_integer(i64::from(head.status));
    push_end(call, head.framing.body);
    call.push_boolean(head.framing.keep);
    match head.end {
        Some(end) => call.push_bytes(part(&(head.length..end))),
        None => call.push_nil(),
    }
    let block = part(&head.block);
    let is_plain = head.end.is_some() && !head.is_coded && !(300..400).contains(&head.status);
    if is_plain && wanted == Wanted::Values {
        (0..3).for_each(|_| call.push_nil());
    } else {
        call.push_bytes(block);
        call.push_bytes(part(&head.reason));
        push_version(call, head.version);
    }
    if wanted != Wanted::Title {
        if !push_single_values(call, block, head.count) {
            push_joined_values(call, block)?;
        }
        call.push_bytes(part(&head.line));
    } else {
        if head.end.is_none() || head.is_coded {
            push_first_values(call, block, head.count);
        } else {
            call.push_nil();
        }
        call.push_nil();
    }
    call.push_boolean(head.is_coded);
    match head.age {
        Some(age) => call.push_integer(i64::from(age)),
        None => call.push_nil(),
    }
    Ok(11)
}

/// Pushes a table of the values by lower-case name, for a block without repeated names, without long names and without
/// many. Returns false, with nothing pushed, for others.
fn push_single_values(call: &mut Call<'_>, block: &[u8], count: usize) -> bool {
    let mut names = ArrayVec::<&[u8], MOST_NAMES>::new();
    call.new_table(0, count);
    for line in response::lines(block) {
        let mut lower = ArrayVec::<u8, LONGEST_SHORT_NAME>::new();
        let Some((_, value)) = split(line).filter(|(name, _)| {
            !names.iter().any(|other| other.eq_ignore_ascii_case(name))
                && names.try_push(name).is_ok()
                && lower.try_extend_from_slice(name).is_ok()
        }) else {
            call.pop(1);
            return false;
        };
        lower.make_ascii_lowercase();
        call.push_bytes(&lower);
        call.push_bytes(value);
        call.set_raw(-3);
    }
    true
}

/// Pushes a table of the values by lower-case name.
fn push_joined_values(call: &mut Call<'_>, block: &[u8]) -> Result<(), Raise> {
    let mut fields = Fields::new();
    for line in response::lines(block) {
        fields.reserve(line.len()).map_err(|_| Raise::out_of_memory())?;
        // `parse` has checked that every line has a colon.
        let _ = fields.add(line);
    }
    check_memory(fields.weight())?;
    fields.link();
    let mut joined = Vec::new();
    call.protected(&[], |call| push_table(call, &fields, &mut joined)).map(|_| ())
}
