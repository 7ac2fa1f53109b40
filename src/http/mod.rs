//! `socket_http`: HTTP's native functions for `socket.http` and `http`.

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
pub mod receiving;
mod request_body;
mod request_head;
mod response;
mod sending;
pub mod serving;

use std::ffi::c_int;
use std::hash::{BuildHasher, Hasher, RandomState};

use arrayvec::ArrayVec;
use sha2::Digest;

use crate::binding::{Call, Kind, Outcome, Raise, check_memory, native};
use crate::socket::{dns, tcp};
use crate::sys;
use framing::Body;
use head::Fields;

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
        ("discard_body", native(receiving::discard_body::<tcp::Tcp>)),
        ("fields", native(fields)),
        ("first_values", native(first_values)),
        ("has_own_methods", native(tcp::has_own_methods)),
        ("hash", native(hash)),
        ("lookup", native(dns::lookup_within)),
        ("now", native(now)),
        ("parse_head", native(parse_head)),
        ("process", native(process)),
        ("random_text", native(random_text)),
        ("receive_body", native(receiving::receive_body::<tcp::Tcp>)),
        ("receive_chunk", native(receiving::receive_chunk::<tcp::Tcp>)),
        ("receive_fields", native(receiving::receive_fields::<tcp::Tcp>)),
        ("receive_pieces", native(receiving::receive_pieces::<tcp::Tcp>)),
    ]);
    Ok(1)
}

/// `chunk_size(line)`: the size in the first line of a chunk, or nil if the line is invalid.
fn chunk_size(call: &mut Call<'_>) -> Outcome {
    match framing::chunk_size(call.bytes(1)?) {
        Some(size) => call.push_integer(size as i64),
        None => call.push_nil(),
    }
    Ok(1)
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
