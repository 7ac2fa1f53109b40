//! Base64 (RFC 4648, section 4) in chunks of any size.
//!
//! Encoding is strict. Decoding is as lenient as LuaSocket's: it skips bytes outside the alphabet, it goes on
//! after padding, and nothing is an error. Blocks of valid input take the SIMD path. That path rejects any
//! input that is not canonical, so lenient input always goes through the table decoder.

use super::carry::Carry;
use base64_simd::{AsOut, STANDARD};
use memchr::memchr2;

/// The number of bytes tried at once on the SIMD path. A stray byte sends at most this much input through the
/// table decoder.
const BLOCK: usize = 4096;

/// Table value of `=`.
const PADDING: u8 = 64;
/// Table value of bytes to skip.
const SKIPPED: u8 = 255;

/// For each byte: its six bits in the alphabet, `PADDING` or `SKIPPED`.
#[allow(clippy::indexing_slicing, reason = "an index out of range would not compile")]
const VALUES: [u8; 256] = {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut table = [SKIPPED; 256];
    let mut i = 0;
    while i < alphabet.len() {
        table[alphabet[i] as usize] = i as u8;
        i += 1;
    }
    table[b'=' as usize] = PADDING;
    table
};

fn value(byte: u8) -> u8 {
    VALUES.get(usize::from(byte)).copied().unwrap_or(SKIPPED)
}

/// The most bytes of a short text.
pub const SHORT: usize = 192;

/// Encodes whole groups of a short text on the stack, and calls `function` with the output.
pub fn with_short<R>(groups: &[u8], function: impl FnOnce(&[u8]) -> R) -> R {
    let mut memory = [0; SHORT.div_ceil(3) * 4];
    function(STANDARD.encode(groups, memory.as_mut_slice().as_out()))
}

/// Encodes a stream. Holds back bytes that do not fill a group of three.
#[derive(Default)]
pub struct Encoder {
    open: Carry,
}

impl Encoder {
    /// Encodes all whole groups.
    pub fn feed(&mut self, mut chunk: &[u8], out: &mut Vec<u8>) {
        while !self.open.is_empty() {
            let Some((&byte, rest)) = chunk.split_first() else {
                return;
            };
            chunk = rest;
            self.open.push(byte);
            if self.open.len() == 3 {
                STANDARD.encode_append(self.open.as_slice(), out);
                self.open.clear();
            }
        }
        let (groups, rest) = chunk.split_at(chunk.len() - chunk.len() % 3);
        if !groups.is_empty() {
            STANDARD.encode_append(groups, out);
        }
        self.open.set(rest);
    }

    /// Encodes the bytes held back, with padding.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        if !self.open.is_empty() {
            STANDARD.encode_append(self.open.as_slice(), out);
            self.open.clear();
        }
    }

    /// The bytes held back, at most two.
    pub fn open(&self) -> &[u8] {
        self.open.as_slice()
    }
}

/// Decodes a stream. Holds back characters that do not fill a group of four.
#[derive(Default)]
pub struct Decoder {
    open: Carry,
}

impl Decoder {
    /// Decodes all whole groups.
    pub fn feed(&mut self, mut chunk: &[u8], out: &mut Vec<u8>) {
        out.reserve(chunk.len() / 4 * 3 + 3);
        while !chunk.is_empty() {
            if !self.open.is_empty() {
                chunk = self.complete_group(chunk, out);
                continue;
            }
            let block = chunk.get(..BLOCK).unwrap_or(chunk);
            let line = memchr2(b'\r', b'\n', block).unwrap_or(block.len());
            let (groups, rest) = chunk.split_at(line - line % 4);
            if groups.is_empty() {
                chunk = self.take(rest, out);
                continue;
            }
            if STANDARD.decode_append(groups, out).is_err() {
                self.decode_leniently(groups, out);
            }
            chunk = rest;
        }
    }

    /// The characters held back, at most three.
    pub fn open(&self) -> &[u8] {
        self.open.as_slice()
    }

    /// Takes bytes until the open group is complete and decoded.
    fn complete_group<'a>(&mut self, mut chunk: &'a [u8], out: &mut Vec<u8>) -> &'a [u8] {
        while !self.open.is_empty() && !chunk.is_empty() {
            chunk = self.take(chunk, out);
        }
        chunk
    }

    /// Takes one byte.
    fn take<'a>(&mut self, chunk: &'a [u8], out: &mut Vec<u8>) -> &'a [u8] {
        let Some((&byte, rest)) = chunk.split_first() else {
            return chunk;
        };
        if value(byte) == SKIPPED {
            return rest;
        }
        if let &[a, b, c] = self.open.as_slice() {
            self.open.clear();
            decode_group([a, b, c, byte], out);
        } else {
            self.open.push(byte);
        }
        rest
    }

    fn decode_leniently(&mut self, mut run: &[u8], out: &mut Vec<u8>) {
        while !run.is_empty() {
            match run.split_first_chunk::<4>() {
                Some((group, rest)) if self.open.is_empty() && group.iter().all(|&b| value(b) < PADDING) => {
                    decode_group(*group, out);
                    run = rest;
                }
                _ => run = self.take(run, out),
            }
        }
    }
}

/// Decodes four characters of the alphabet. `=` counts as zero bits; in the third and fourth place it also
/// shortens the output.
fn decode_group(group: [u8; 4], out: &mut Vec<u8>) {
    let bits = group.iter().fold(0_u32, |bits, &b| bits << 6 | u32::from(value(b) & 63));
    let [_, first, second, third] = bits.to_be_bytes();
    match group {
        [_, _, b'=', _] => out.push(first),
        [_, _, _, b'='] => out.extend_from_slice(&[first, second]),
        _ => out.extend_from_slice(&[first, second, third]),
    }
}
