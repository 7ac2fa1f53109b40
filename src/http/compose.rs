//! The heads of requests, from the values of Lua.

use std::ffi::c_int;

use super::head;
use crate::binding::{Call, Kind, Outcome, Raise, buffer, reserve};

/// `compose(method, uri, fields, canonic)`: a request line, unless `method` is nil, then header lines and a
/// blank line, unless `fields` is nil. `canonic` gives the spelling of names. Returns the text and the length
/// of the request line; or nil, a message and, if known, the invalid name.
pub fn compose(call: &mut Call<'_>) -> Outcome {
    const FIELDS: c_int = 3;
    const CANONIC: c_int = 4;
    call.set_top(CANONIC);
    let request_line = if call.kind(1) == Kind::Nil {
        None
    } else {
        let Some(method) = call.try_bytes(1).filter(|method| head::is_method(method)) else {
            return refuse(call, b"invalid method");
        };
        let Some(uri) = call.try_bytes(2).filter(|uri| head::is_uri(uri)) else {
            return refuse(call, b"invalid uri");
        };
        Some((method, uri))
    };
    let has_fields = call.kind(FIELDS) != Kind::Nil;
    if has_fields {
        call.table(FIELDS)?;
    }
    let mut text = buffer(512)?;
    if let Some((method, uri)) = request_line {
        reserve(&mut text, method.len().saturating_add(uri.len()).saturating_add(16))?;
        head::write_request_line(method, uri, &mut text);
    }
    let length = text.len() as i64;
    // Metamethods of `canonic` may raise.
    call.protected(&[FIELDS, CANONIC], |call| {
        if has_fields && !write_fields(call, &mut text)? {
            call.push_nil();
            call.push_bytes(b"invalid header");
            call.push_value(-3);
            return Ok(3);
        }
        call.push_bytes(&text);
        call.push_integer(length);
        Ok(2)
    })
}

/// `compose_list(method, uri, fields)`: the head of a request. `fields` is an array of names and values in
/// turn, written unchanged. Returns the text; or nil, a message and, if known, the invalid name.
pub fn compose_list(call: &mut Call<'_>) -> Outcome {
    const FIELDS: c_int = 3;
    call.set_top(FIELDS);
    let Some(method) = call.try_bytes(1).filter(|method| head::is_method(method) && !method.is_empty())
    else {
        return refuse(call, b"invalid method");
    };
    let Some(uri) = call.try_bytes(2).filter(|uri| head::is_uri(uri)) else {
        return refuse(call, b"invalid uri");
    };
    call.table(FIELDS)?;
    let mut text = buffer(512)?;
    reserve(&mut text, method.len().saturating_add(uri.len()).saturating_add(16))?;
    head::write_request_line(method, uri, &mut text);
    call.protected(&[FIELDS], |call| {
        let count = call.raw_length(1) / 2;
        for position in 0..count as i64 {
            call.push_element(1, 2 * position + 1);
            call.push_element(1, 2 * position + 2);
            if !write_field(call, 2, 3, &mut text)? {
                call.push_nil();
                call.push_bytes(b"invalid header");
                call.push_value(2);
                return Ok(3);
            }
            call.set_top(1);
        }
        text.extend_from_slice(b"\r\n");
        call.push_bytes(&text);
        Ok(1)
    })
}

fn refuse(call: &mut Call<'_>, message: &[u8]) -> Outcome {
    call.push_nil();
    call.push_bytes(message);
    Ok(2)
}

/// Appends header lines for the table at argument 1, spelled as in the table at argument 2, and a blank line.
/// If a field cannot be sent, returns false and leaves its name on top of the stack.
fn write_fields(call: &mut Call<'_>, text: &mut Vec<u8>) -> Result<bool, Raise> {
    const NAME: c_int = 3;
    const VALUE: c_int = 4;
    const SPELLING: c_int = 5;
    call.push_nil();
    while call.next(1) {
        call.push_value(NAME);
        call.look_up(2);
        if !call.truthy(SPELLING) {
            call.pop(1);
            call.push_value(NAME);
        }
        let written = write_field(call, SPELLING, VALUE, text);
        call.set_top(NAME);
        if !written? {
            return Ok(false);
        }
    }
    text.extend_from_slice(b"\r\n");
    Ok(true)
}

/// Appends a header line. Returns false if name or value are no strings, or cannot be sent.
fn write_field(call: &mut Call<'_>, name: c_int, value: c_int, text: &mut Vec<u8>) -> Result<bool, Raise> {
    let written = call.with_bytes(name, |name| {
        call.with_bytes(value, |value| {
            if !head::is_name(name) || !head::is_value(value) {
                return Ok(false);
            }
            reserve(text, name.len().saturating_add(value.len()).saturating_add(6))?;
            head::write_field(name, value, text);
            Ok(true)
        })
    });
    written.flatten().unwrap_or(Ok(false))
}
