//! The heads of responses, from the arguments of the server's functions.

use super::answer::{Composer, Length};
use crate::binding::{Call, Kind, Outcome, Raise, buffer};

/// The positions of the arguments of `respond` and `compose`.
pub(super) mod argument {
    pub const STATUS: i32 = 3;
    pub const HEADERS: i32 = 4;
    pub const LENGTH: i32 = 5;
    pub const CONNECTION: i32 = 6;
    pub const SERVER: i32 = 7;
    pub const BODY: i32 = 8;
    pub const COUNT: i32 = 8;
}

/// `compose(nil, nil, status, headers, length, connection, server)`: the head and whether its headers close
/// the connection; or false and the name of a header that cannot be sent.
pub fn compose(call: &mut Call<'_>) -> Outcome {
    call.set_top(argument::COUNT);
    let mut text = buffer(0)?;
    let closes = compose_into(call, &mut text)?;
    if call.count() > argument::COUNT {
        drop(text);
        return Ok(2);
    }
    call.push_vec(text)?;
    call.push_boolean(closes);
    Ok(2)
}

/// Composes the head. If a header cannot be sent, leaves false and its name on the stack.
pub fn compose_into(call: &mut Call<'_>, text: &mut Vec<u8>) -> Result<bool, Raise> {
    let status = call.number(argument::STATUS)? as u16;
    let length = match call.try_number(argument::LENGTH) {
        None => Length::Unsaid,
        Some(length) if length < 0.0 => Length::Chunked,
        Some(length) => Length::Bytes(length as u64),
    };
    let connection = call.optional_bytes(argument::CONNECTION)?;
    let server = call.optional_bytes(argument::SERVER)?;
    let mut composer = Composer::new(text, status).map_err(|_| Raise::out_of_memory())?;
    if call.kind(argument::HEADERS) == Kind::Table {
        if is_plain(call) {
            write_plain(call, &mut composer)?;
        } else {
            // Lua converts numbers to strings, which may fail for lack of memory.
            call.protected(&[argument::HEADERS], |call| write_headers(call, &mut composer))?;
        }
    }
    composer.finish(length, connection, server).map_err(|_| Raise::out_of_memory())?;
    Ok(composer.closes)
}

/// Whether all names and values of the headers are strings. Then `write_plain` cannot raise in Lua, and needs
/// no protected call, which would cost more than the rest of the head.
fn is_plain(call: &mut Call<'_>) -> bool {
    const KEY: i32 = argument::COUNT + 1;
    call.push_nil();
    while call.next(argument::HEADERS) {
        let plain = call.kind(KEY) == Kind::String && call.kind(KEY + 1) == Kind::String;
        call.set_top(if plain { KEY } else { KEY - 1 });
        if !plain {
            return false;
        }
    }
    true
}

/// Writes the headers of a table that `is_plain`. If one cannot be sent, pushes false and its name.
fn write_plain(call: &mut Call<'_>, composer: &mut Composer<'_>) -> Result<(), Raise> {
    const KEY: i32 = argument::COUNT + 1;
    call.push_nil();
    while call.next(argument::HEADERS) {
        if !write_header(call, composer, KEY, KEY + 1)? {
            call.set_top(KEY);
            call.push_boolean(false);
            call.insert(KEY);
            return Ok(());
        }
        call.set_top(KEY);
    }
    Ok(())
}

/// Writes the headers of the table at 1: first pairs at integer positions, then names with one or several
/// values (server.answer.2). If one cannot be sent, pushes false and its name.
fn write_headers(call: &mut Call<'_>, composer: &mut Composer<'_>) -> Outcome {
    const PAIR: i32 = 2;
    for position in 1..=call.raw_length(1) {
        call.push_element(1, position as i64);
        if call.kind(PAIR) != Kind::Table {
            return unsendable(call, PAIR);
        }
        call.push_element(PAIR, 1);
        call.push_element(PAIR, 2);
        if !write_header(call, composer, 3, 4)? {
            return unsendable(call, 3);
        }
        call.set_top(1);
    }
    call.push_nil();
    while call.next(1) {
        if call.kind(2) == Kind::String {
            let written = if call.kind(3) == Kind::Table {
                write_several(call, composer)?
            } else {
                write_header(call, composer, 2, 3)?
            };
            if !written {
                return unsendable(call, 2);
            }
        }
        call.set_top(2);
    }
    Ok(0)
}

fn write_several(call: &mut Call<'_>, composer: &mut Composer<'_>) -> Result<bool, Raise> {
    for position in 1..=call.raw_length(3) {
        call.push_element(3, position as i64);
        if !write_header(call, composer, 2, 4)? {
            return Ok(false);
        }
        call.set_top(3);
    }
    Ok(true)
}

fn write_header(
    call: &mut Call<'_>,
    composer: &mut Composer<'_>,
    name: i32,
    value: i32,
) -> Result<bool, Raise> {
    if call.kind(name) != Kind::String {
        return Ok(false);
    }
    let (Some(name), Some(value)) = (call.try_bytes(name), call.try_bytes(value)) else { return Ok(false) };
    match composer.field(name, value) {
        Ok(written) => Ok(written.is_ok()),
        Err(_) => Err(Raise::out_of_memory()),
    }
}

fn unsendable(call: &mut Call<'_>, name: i32) -> Outcome {
    call.push_boolean(false);
    call.push_value(name);
    Ok(2)
}
