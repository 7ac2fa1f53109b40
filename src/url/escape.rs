//! Percent-encoding.

use std::borrow::Cow;

use memchr::memchr;

/// A set of ASCII bytes.
#[derive(Clone, Copy)]
pub struct ByteSet(u128);

impl ByteSet {
    /// Letters, digits, and the given bytes.
    pub const fn alphanumeric_and(others: &[u8]) -> Self {
        let mut set = 0u128;
        let mut byte = 0u8;
        while byte < 128 {
            if byte.is_ascii_alphanumeric() {
                set |= 1 << byte;
            }
            byte += 1;
        }
        let mut rest = others;
        while let [first, after @ ..] = rest {
            set |= 1 << *first;
            rest = after;
        }
        Self(set)
    }

    fn contains(self, byte: u8) -> bool {
        byte < 128 && (self.0 >> byte) & 1 == 1
    }
}

/// The bytes that `escape` does not encode.
const WORD: ByteSet = ByteSet::alphanumeric_and(b"_");

/// Appends `text`. Encodes every byte except letters, digits and `_`, with lower-case digits.
pub fn escape(text: &[u8], out: &mut Vec<u8>) {
    write_escaped(text, WORD, b'a', out);
}

/// Appends `text`. Encodes every byte outside `kept`. `ten` is the hexadecimal digit for 10, `a` or `A`.
pub fn write_escaped(text: &[u8], kept: ByteSet, ten: u8, out: &mut Vec<u8>) {
    let digit = |value: u8| if value < 10 { b'0' + value } else { ten + (value - 10) };
    for &byte in text {
        if kept.contains(byte) {
            out.push(byte);
        } else {
            out.extend_from_slice(&[b'%', digit(byte >> 4), digit(byte & 15)]);
        }
    }
}

/// Decodes each `%` followed by two hexadecimal digits. Everything else stays.
pub fn unescape(text: &[u8]) -> Cow<'_, [u8]> {
    let Some(first) = memchr(b'%', text) else { return Cow::Borrowed(text) };
    let (plain, mut rest) = text.split_at(first);
    let mut decoded = Vec::with_capacity(text.len());
    decoded.extend_from_slice(plain);
    while let [first, after @ ..] = rest {
        let encoded = match (first, after) {
            (b'%', [high, low, next @ ..]) => {
                hex(*high).zip(hex(*low)).map(|(high, low)| (high << 4 | low, next))
            }
            _ => None,
        };
        let (byte, next) = encoded.unwrap_or((*first, after));
        decoded.push(byte);
        rest = next;
    }
    Cow::Owned(decoded)
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}
