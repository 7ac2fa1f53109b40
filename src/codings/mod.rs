//! `socket_codings`: decodes the content codings of HTTP bodies piece by piece.
//!
//! gzip and deflate are in the core of the native modules. brotli and zstd are as large as the rest of HTTP
//! together. So they are in a library that is loaded on first use, and opens the same module with them.

#[cfg(feature = "brotli")]
mod brotli;
mod decoder;
mod feed;
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzz;
mod gzip;
#[cfg(test)]
mod tests;
#[cfg(feature = "zstd")]
mod zstd;

use crate::binding::{
    Call, Class, ClassSpec, Kind, Message, Object, Outcome, Raise, Receiver, buffer, native,
};
use crate::classes::Slot;

pub use decoder::Decoder;
use decoder::{DecodeError, Progress};

/// A decoder of a content coding.
pub static DECODER: Class<Decoder> = Class::new(Slot::Decoder, c"decoder");

/// The most bytes in one decoded piece.
const PIECE: usize = 64 * 1024;

static DECODERS: Receiver<Decoder> = Receiver::new("decoder", &[&DECODER]);

static SPEC: ClassSpec<Decoder> = ClassSpec {
    class: &DECODER,
    groups: &[],
    methods: &[("close", native(close)), ("decode", native(decode)), ("finish", native(finish))],
    metamethods: &[],
    named: false,
};

/// Opens the internal module: `decoder(name)`.
pub fn open(call: &mut Call<'_>) -> Outcome {
    call.prepare();
    call.define_class(&SPEC);
    call.new_table(0, 2);
    call.set_functions(&[("decoder", native(decoder))]);
    call.push_bytes(crate::VERSION);
    call.set_field(-2, b"version");
    Ok(1)
}

impl Object for Decoder {
    fn finalize(&mut self) {
        self.close();
    }
}

/// `decoder(name)`: a decoder for a coding, by its lower-case name, or nil if it is not in this library.
fn decoder(call: &mut Call<'_>) -> Outcome {
    let name = call.bytes(1)?;
    if call.new_object(&DECODER, |_| Decoder::new(name).ok_or(())).is_err() {
        call.push_nil();
    }
    Ok(1)
}

/// `decoder:decode([chunk])`: adds a chunk of input and returns the next piece of output. Returns nil when
/// all input is used; nil and a message if it is damaged.
fn decode(call: &mut Call<'_>) -> Outcome {
    call.set_top(2);
    let chunk = if call.kind(2) == Kind::Nil { None } else { Some(call.bytes(2)?) };
    let mut out = buffer(PIECE)?;
    // A reused buffer is not cleared again.
    if out.len() < PIECE {
        out.resize(PIECE, 0);
    }
    let decoded = call.object(1, &DECODERS, |decoder| {
        if chunk.is_some_and(|chunk| !decoder.push(chunk)) {
            return Err(Raise::out_of_memory());
        }
        Ok(decoder.decode(&mut out).map_err(|DecodeError| decoder.name()))
    });
    match decoded {
        Ok(Ok(Ok(0))) => {
            call.push_nil();
            Ok(1)
        }
        Ok(Ok(Ok(count))) => {
            out.truncate(count);
            call.push_vec(out).map(|()| 1)
        }
        Ok(Ok(Err(name))) => {
            drop(out);
            Ok(failed(call, name))
        }
        Ok(Err(raise)) | Err(raise) => Err(raise),
    }
}

/// `decoder:finish()`: marks the end of the input. Returns true; or nil and a message if it is truncated.
fn finish(call: &mut Call<'_>) -> Outcome {
    let finished =
        call.object(1, &DECODERS, |decoder| decoder.finish().map_err(|DecodeError| decoder.name()))?;
    match finished {
        Ok(()) => {
            call.push_boolean(true);
            Ok(1)
        }
        Err(name) => Ok(failed(call, name)),
    }
}

/// `decoder:close()`: frees the memory now.
fn close(call: &mut Call<'_>) -> Outcome {
    call.object(1, &DECODERS, Decoder::close)?;
    Ok(0)
}

fn failed(call: &mut Call<'_>, name: &str) -> i32 {
    call.push_failure(&Message::format(format_args!("decoding failed ({name})")))
}
