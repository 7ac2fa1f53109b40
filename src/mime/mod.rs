//! `mime.core`: the codecs for Lua.
//!
//! Each function processes one chunk. It returns the output and what the next call needs: the bytes held
//! back, or a number. So Lua holds the state, and each call creates its codec.

mod base64;
mod carry;
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzz;
mod line;
mod quoted_printable;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

use memchr::memchr2_iter;

use crate::binding::{Call, Outcome, Raise, ScratchBuffer, buffer, native};
use line::Break;

const VERSION: &[u8] = b"MIME 1.0.3";
const CRLF: &[u8] = b"\r\n";
const LINE_LENGTH: f64 = 76.0;

/// Pushes the table of functions.
pub fn open(call: &mut Call) -> Outcome {
    call.prepare();
    call.new_table(0, 24);
    call.set_functions(&[
        ("b64", native(b64)),
        ("unb64", native(unb64)),
        ("qp", native(qp)),
        ("unqp", native(unqp)),
        ("wrp", native(wrp)),
        ("qpwrp", native(qpwrp)),
        ("eol", native(eol)),
        ("dot", native(dot)),
    ]);
    call.push_bytes(VERSION);
    call.set_field(-2, b"_VERSION");
    Ok(1)
}

/// The largest possible output for a chunk in two parts: `most` bytes for each byte, and for each line end a
/// longer marker. Only this reservation can raise "not enough memory". Unused room costs address space, not
/// memory.
fn room(parts: [&[u8]; 2], most: usize, marker: &[u8]) -> usize {
    let mut room = 16_usize;
    for part in parts {
        room = room.saturating_add(part.len().saturating_mul(most));
        if marker.len() > most {
            room = room.saturating_add(memchr2_iter(b'\r', b'\n', part).count().saturating_mul(marker.len()));
        }
    }
    room
}

/// The total length of the two arguments that make up one chunk.
fn total(context: &[u8], text: Option<&[u8]>) -> usize {
    context.len().saturating_add(text.map_or(0, <[u8]>::len))
}

/// Returns two nils: there was no text.
fn nothing(call: &mut Call) -> Outcome {
    call.push_nil();
    call.push_nil();
    Ok(2)
}

/// Returns output and bytes held back, in the middle of a text.
fn chunk(call: &mut Call, out: ScratchBuffer, open: &[u8]) -> Outcome {
    call.push_vec(out)?;
    call.push_bytes(open);
    Ok(2)
}

/// Returns the last output or nil, and nil: the text has ended.
fn end(call: &mut Call, out: ScratchBuffer) -> Outcome {
    if out.is_empty() {
        call.push_nil();
    } else {
        call.push_vec(out)?;
    }
    call.push_nil();
    Ok(2)
}

/// Returns output and state, in the middle of a text.
fn line(call: &mut Call, out: ScratchBuffer, state: i32) -> Outcome {
    call.push_vec(out)?;
    call.push_number(state.into());
    Ok(2)
}

/// Returns an argument, which needs no change, and state. Lua makes no second string.
fn same(call: &mut Call, index: i32, state: i32) -> Outcome {
    call.push_value(index);
    call.push_number(state.into());
    Ok(2)
}

/// Returns the last output or nil, and the state for a new text.
fn line_end(call: &mut Call, out: Option<&'static [u8]>, state: i32) -> Outcome {
    match out {
        Some(out) => call.push_bytes(out),
        None => call.push_nil(),
    }
    call.push_number(state.into());
    Ok(2)
}

/// A number without its fraction, limited to the range of C's `int`; 0 for NaN.
fn int(number: f64) -> i32 {
    number as i32
}

/// The marker argument. CRLF if absent; as in C, it ends at the first NUL.
fn marker<'c>(call: &Call<'c>, index: i32) -> Result<&'c [u8], Raise> {
    let given = call.optional_bytes(index)?.unwrap_or(CRLF);
    Ok(given.split(|&byte| byte == 0).next().unwrap_or_default())
}

/// `A, B = b64(C [, D])`
fn b64(call: &mut Call) -> Outcome {
    let Some(context) = call.optional_bytes(1)? else { return nothing(call) };
    let text = call.optional_bytes(2)?;
    if context.is_empty() && text.is_some_and(|text| text.len() <= base64::SHORT) {
        return short_b64(call, text.unwrap_or_default());
    }
    let mut encoder = base64::Encoder::default();
    let mut out = buffer((total(context, text) / 3 + 2).saturating_mul(4))?;
    encoder.feed(context, &mut out);
    if let Some(text) = text {
        encoder.feed(text, &mut out);
        chunk(call, out, encoder.open())
    } else {
        encoder.finish(&mut out);
        end(call, out)
    }
}

/// Encodes a short text. Its output needs no memory but the stack's.
fn short_b64(call: &mut Call, text: &[u8]) -> Outcome {
    let (groups, open) = text.split_at(text.len() - text.len() % 3);
    base64::with_short(groups, |out| call.push_bytes(out));
    call.push_bytes(open);
    Ok(2)
}

/// `A, B = unb64(C [, D])`
fn unb64(call: &mut Call) -> Outcome {
    let Some(context) = call.optional_bytes(1)? else { return nothing(call) };
    let text = call.optional_bytes(2)?;
    let mut decoder = base64::Decoder::default();
    let mut out = buffer((total(context, text) / 4 + 4) * 3)?;
    decoder.feed(context, &mut out);
    if let Some(text) = text {
        decoder.feed(text, &mut out);
        chunk(call, out, decoder.open())
    } else {
        end(call, out)
    }
}

/// `A, B = qp(C [, D [, marker]])`
fn qp(call: &mut Call) -> Outcome {
    let context = call.optional_bytes(1)?;
    let marker = marker(call, 3)?;
    let Some(context) = context else { return nothing(call) };
    let text = call.optional_bytes(2)?;
    let mut encoder = quoted_printable::Encoder::new(marker);
    let mut out = buffer(room([context, text.unwrap_or_default()], 4, marker))?;
    encoder.feed(context, &mut out);
    if let Some(text) = text {
        encoder.feed(text, &mut out);
        chunk(call, out, encoder.open())
    } else {
        encoder.finish(&mut out);
        end(call, out)
    }
}

/// `A, B = unqp(C [, D])`
fn unqp(call: &mut Call) -> Outcome {
    let Some(context) = call.optional_bytes(1)? else { return nothing(call) };
    let text = call.optional_bytes(2)?;
    let mut decoder = quoted_printable::Decoder::default();
    let mut out = buffer(room([context, text.unwrap_or_default()], 2, b""))?;
    decoder.feed(context, &mut out);
    if let Some(text) = text {
        decoder.feed(text, &mut out);
        chunk(call, out, decoder.open())
    } else {
        end(call, out)
    }
}

/// `A, n = wrp(left [, B [, length]])`
fn wrp(call: &mut Call) -> Outcome {
    wrap(call, Break::Hard)
}

/// `A, n = qpwrp(left [, B [, length]])`
fn qpwrp(call: &mut Call) -> Outcome {
    wrap(call, Break::Soft)
}

fn wrap(call: &mut Call, kind: Break) -> Outcome {
    let left = int(call.number(1)?);
    let text = call.optional_bytes(2)?;
    let length = int(call.optional_number(3, LINE_LENGTH)?);
    let Some(text) = text else {
        return line_end(call, kind.end(left, length), length);
    };
    if let Some(left) = line::unwrapped(kind, left, text) {
        return same(call, 2, left);
    }
    let mut out = buffer(room([text, b""], 4, b""))?;
    let left = line::wrap(kind, left, text, length, &mut out);
    line(call, out, left)
}

/// `A, n = eol(ctx [, B [, marker]])`
fn eol(call: &mut Call) -> Outcome {
    let context = call.integer(1)?.clamp(i32::MIN.into(), i32::MAX.into()) as i32;
    let text = call.optional_bytes(2)?;
    let marker = marker(call, 3)?;
    let Some(text) = text else { return line_end(call, None, 0) };
    if let Some(context) = line::normal(context, text) {
        return same(call, 2, context);
    }
    let mut out = buffer(room([text, b""], 2, marker))?;
    let context = line::normalize(context, text, marker, &mut out);
    line(call, out, context)
}

/// `A, n = dot(state [, B])`
fn dot(call: &mut Call) -> Outcome {
    let state = int(call.number(1)?);
    let Some(text) = call.optional_bytes(2)? else {
        return line_end(call, None, 2);
    };
    if let Some(state) = line::unstuffed(state, text) {
        return same(call, 2, state);
    }
    let mut out = buffer(room([text, b""], 2, b""))?;
    let state = line::stuff(state, text, &mut out);
    line(call, out, state)
}
