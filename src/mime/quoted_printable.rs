//! Quoted-printable (RFC 2045, section 6.7) in chunks of any size. [`super::line::wrap`] adds the soft line
//! breaks.

use super::carry::Carry;
use memchr::memchr;

const CRLF: &[u8] = b"\r\n";
const HEX: [u8; 16] = *b"0123456789ABCDEF";

/// The number of bytes tested together.
const BLOCK: usize = 32;

/// Blanks may stay as they are, except before a line end.
fn is_blank(byte: u8) -> bool {
    byte == b' ' || byte == b'\t'
}

/// Printable ASCII and TAB, which both directions copy, except `=`. Written without branches, so that the
/// compiler tests a block with vector instructions.
fn is_text(byte: u8) -> bool {
    (byte.wrapping_sub(b' ') < 0x5f) | (byte == b'\t')
}

/// Whether every byte of the block may be copied.
fn all_plain(block: &[u8]) -> bool {
    block.iter().fold(true, |all, &b| all & is_text(b) & (b != b'='))
}

/// For each byte its encoded form, with the length in the last place.
#[allow(clippy::indexing_slicing, reason = "an index out of range would not compile")]
const ENCODED: [[u8; 4]; 256] = {
    let mut table = [[0; 4]; 256];
    let mut i = 0;
    while i < 256 {
        let byte = i as u8;
        table[i] = if byte == b'\t' || (byte >= b' ' && byte <= b'~' && byte != b'=') {
            [byte, 0, 0, 1]
        } else {
            [b'=', HEX[i >> 4], HEX[i & 15], 3]
        };
        i += 1;
    }
    table
};

fn encoded(byte: u8) -> [u8; 4] {
    ENCODED.get(usize::from(byte)).copied().unwrap_or_default()
}

fn push_quoted(byte: u8, out: &mut Vec<u8>) {
    let digit = |nibble: u8| HEX.get(usize::from(nibble & 15)).copied().unwrap_or(b'0');
    out.extend_from_slice(&[b'=', digit(byte >> 4), digit(byte)]);
}

/// Encodes bytes without line ends. Copies blocks of plain text, which most are. Encodes other blocks by
/// table, without a branch for each byte.
fn encode_line(line: &[u8], out: &mut Vec<u8>) {
    for block in line.chunks(BLOCK) {
        if all_plain(block) {
            out.extend_from_slice(block);
            continue;
        }
        let mut scratch = [0; 3 * BLOCK + 1];
        let mut filled = 0;
        for &byte in block {
            let code = encoded(byte);
            if let Some(room) = scratch.get_mut(filled..filled + 4) {
                room.copy_from_slice(&code);
            }
            filled += usize::from(code[3]);
        }
        out.extend_from_slice(scratch.get(..filled).unwrap_or_default());
    }
}

/// Encodes a stream. Holds back bytes whose form depends on the next bytes: a CR, or a blank and the byte
/// after it.
pub struct Encoder<'a> {
    marker: &'a [u8],
    open: Carry,
}

impl<'a> Encoder<'a> {
    /// An encoder that writes `marker` for each CRLF.
    pub fn new(marker: &'a [u8]) -> Self {
        Self { marker, open: Carry::default() }
    }

    /// Encodes `chunk`, except for bytes whose form is undecided.
    pub fn feed(&mut self, mut chunk: &[u8], out: &mut Vec<u8>) {
        if !self.open.is_empty() {
            // Two more bytes decide the form of every byte held back.
            let held = self.open.len();
            let mut seam = [0; 4];
            let mut len = 0;
            for (slot, &byte) in seam.iter_mut().zip(self.open.as_slice().iter().chain(chunk.iter().take(2)))
            {
                *slot = byte;
                len += 1;
            }
            let seam = seam.get(..len).unwrap_or_default();
            if chunk.len() <= 2 {
                return self.encode(seam, out);
            }
            let taken = self.encode_decided(seam, held, out);
            chunk = chunk.get(taken - held..).unwrap_or_default();
        }
        self.encode(chunk, out);
    }

    /// Encodes the bytes held back as if the line continued, then writes a soft line break.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        for &byte in self.open.as_slice() {
            if is_blank(byte) {
                push_quoted(byte, out);
            } else {
                encode_line(&[byte], out);
            }
        }
        if !self.open.is_empty() {
            out.extend_from_slice(b"=\r\n");
        }
        self.open.clear();
    }

    /// The bytes held back, at most two.
    pub fn open(&self) -> &[u8] {
        self.open.as_slice()
    }

    /// Encodes `data`, except for the bytes to hold back.
    fn encode(&mut self, data: &[u8], out: &mut Vec<u8>) {
        let held = match data {
            [.., b' ' | b'\t', _] => 2,
            [.., b' ' | b'\t' | b'\r'] => 1,
            _ => 0,
        };
        let taken = self.encode_decided(data, data.len() - held, out);
        self.open.set(data.get(taken..).unwrap_or_default());
    }

    /// Encodes `data` up to `end`. Reads at most two bytes beyond it. Returns where it stopped: `end`, or one
    /// byte later if a CRLF straddles `end`.
    fn encode_decided(&self, data: &[u8], end: usize, out: &mut Vec<u8>) -> usize {
        let mut rest = data;
        let mut left = end;
        while let Some(decided) = rest.get(..left).filter(|decided| !decided.is_empty()) {
            let (line, behind) = rest.split_at(memchr(b'\r', decided).unwrap_or(left));
            let line_ends = behind.starts_with(CRLF);
            match line.split_last() {
                Some((&blank, text)) if line_ends && is_blank(blank) => {
                    encode_line(text, out);
                    push_quoted(blank, out);
                }
                _ => encode_line(line, out),
            }
            left -= line.len();
            rest = behind;
            if left == 0 {
                break;
            }
            let taken = if line_ends {
                out.extend_from_slice(self.marker);
                CRLF.len()
            } else {
                push_quoted(b'\r', out);
                1
            };
            left = left.saturating_sub(taken);
            rest = rest.get(taken..).unwrap_or_default();
        }
        data.len() - rest.len()
    }
}

/// The value of a hexadecimal digit in either case; 255 for other bytes.
#[allow(clippy::indexing_slicing, reason = "an index out of range would not compile")]
const DIGITS: [u8; 256] = {
    let mut table = [255; 256];
    let mut i = 0;
    while i < 16 {
        table[HEX[i] as usize] = i as u8;
        table[HEX[i].to_ascii_lowercase() as usize] = i as u8;
        i += 1;
    }
    table
};

fn digit(byte: u8) -> u8 {
    DIGITS.get(usize::from(byte)).copied().unwrap_or(255)
}

/// The most blanks between a `=` and the line end that it removes. A line has at most 76 bytes.
const MOST_BLANKS: usize = 76;

/// The length of `=`, blanks and CRLF.
const LONGEST_ESCAPE: usize = MOST_BLANKS + 3;

/// Decodes a stream. Holds back an incomplete escape or line end.
#[derive(Default)]
pub struct Decoder {
    open: Carry<LONGEST_ESCAPE>,
}

impl Decoder {
    /// Decodes `chunk`, except for an incomplete part at its end.
    pub fn feed(&mut self, mut chunk: &[u8], out: &mut Vec<u8>) {
        while !self.open.is_empty() {
            let Some((&byte, rest)) = chunk.split_first() else {
                return;
            };
            chunk = rest;
            self.open.push(byte);
            self.decode_open(byte, out);
        }
        out.reserve(chunk.len());
        loop {
            while chunk.first() == Some(&b'=') {
                let Some(taken) = decode_escape(chunk, out) else {
                    self.open.set(chunk);
                    return;
                };
                chunk = chunk.get(taken..).unwrap_or_default();
            }
            chunk = match copy_text(chunk, out) {
                rest @ [b'=', ..] => rest,
                [b'\r', next, rest @ ..] => {
                    decode_line_end(*next, out);
                    rest
                }
                rest @ ([] | [b'\r']) => {
                    self.open.set(rest);
                    return;
                }
                // A bare LF is a line end: text in files uses it.
                [byte @ (b'\t' | b'\n'), rest @ ..] => {
                    out.push(*byte);
                    rest
                }
                // Control bytes and bytes above 126 are not valid in the encoded form, so they are dropped.
                [_, rest @ ..] => rest,
            };
        }
    }

    /// Decodes the bytes held back if they are complete. `byte` is the last of them.
    fn decode_open(&mut self, byte: u8, out: &mut Vec<u8>) {
        let held = self.open;
        match *held.as_slice() {
            [b'\r', next] => {
                decode_line_end(next, out);
                self.open.clear();
            }
            // More blanks do not decide anything, so do not scan again until another byte comes, or there are
            // too many.
            [b'=', first, ..] if is_blank(first) && is_blank(byte) && held.len() <= MOST_BLANKS + 1 => {}
            [b'=', ..] => {
                if let Some(taken) = decode_escape(held.as_slice(), out) {
                    self.open.clear();
                    self.feed(held.as_slice().get(taken..).unwrap_or_default(), out);
                }
            }
            _ => {}
        }
    }

    /// The bytes held back: an incomplete escape, or a CR.
    pub fn open(&self) -> &[u8] {
        self.open.as_slice()
    }
}

/// Copies bytes up to the first one that must not be copied, and returns the rest. Also stops at a TAB, which
/// the word test cannot distinguish from other control bytes.
fn copy_text<'a>(mut data: &'a [u8], out: &mut Vec<u8>) -> &'a [u8] {
    while let Some((word, rest)) = data.split_first_chunk::<WORD>() {
        let plain = plain_prefix(word);
        // A copy of fixed length is a single store. The excess is cut off below.
        out.extend_from_slice(word);
        if plain < WORD {
            out.truncate(out.len() - (WORD - plain));
            return data.get(plain..).unwrap_or_default();
        }
        data = rest;
        while let Some((block, rest)) = data.split_first_chunk::<BLOCK>() {
            if !all_plain(block) {
                break;
            }
            out.extend_from_slice(block);
            data = rest;
        }
    }
    let plain = data.iter().take_while(|&&byte| is_text(byte) && byte != b'=').count();
    let (text, rest) = data.split_at(plain);
    out.extend_from_slice(text);
    rest
}

const WORD: usize = size_of::<u64>();

/// The number of bytes at the start that are printable and not `=`. Tests eight bytes at once. A borrow can
/// mark a byte wrongly, but only after a byte that is marked correctly.
fn plain_prefix(word: &[u8; WORD]) -> usize {
    const ONES: u64 = u64::from_ne_bytes([1; WORD]);
    let bytes = u64::from_le_bytes(*word);
    let equals = |byte: u8| {
        let difference = bytes ^ (ONES * u64::from(byte));
        difference.wrapping_sub(ONES) & !difference
    };
    let below_blank = bytes.wrapping_sub(ONES * u64::from(b' ')) & !bytes;
    let marked = (below_blank | equals(b'=') | equals(0x7f) | bytes) & (ONES << 7);
    marked.trailing_zeros() as usize / WORD
}

/// Decodes the text after a `=` and returns the length used, `=` included. `None` if more bytes are needed.
/// Three cases: a byte in hexadecimal; a soft line break, where blanks before the line end do not count (RFC
/// 2045, section 6.7); or no escape, of which three bytes are copied.
fn decode_escape(text: &[u8], out: &mut Vec<u8>) -> Option<usize> {
    if let [_, high, low, ..] = text {
        let (high, low) = (digit(*high), digit(*low));
        if high < 16 && low < 16 {
            out.push(high << 4 | low);
            return Some(3);
        }
    }
    let line_end = line_end_after_blanks(text.get(1..).unwrap_or_default())?;
    if line_end > 0 {
        return Some(1 + line_end);
    }
    let copied = text.get(..3)?;
    out.extend_from_slice(copied);
    Some(copied.len())
}

/// The length of blanks and a line end, CRLF or LF, at the start of a text. 0 if there is none, `None` if
/// more bytes are needed to decide.
fn line_end_after_blanks(text: &[u8]) -> Option<usize> {
    let blanks = text.iter().take(MOST_BLANKS + 1).take_while(|&&byte| is_blank(byte)).count();
    match text.get(blanks..).unwrap_or_default() {
        _ if blanks > MOST_BLANKS => Some(0),
        [] | [b'\r'] => None,
        [b'\n', ..] => Some(blanks + 1),
        [b'\r', b'\n', ..] => Some(blanks + 2),
        _ => Some(0),
    }
}

/// Keeps a CRLF. A CR before another byte is dropped together with that byte.
fn decode_line_end(next: u8, out: &mut Vec<u8>) {
    if next == b'\n' {
        out.extend_from_slice(CRLF);
    }
}
