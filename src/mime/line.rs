//! Line lengths, line ends and dot stuffing, in chunks of any size.

use memchr::memmem::Finder;
use memchr::{memchr, memchr2};
use std::sync::LazyLock;

const CRLF: &[u8] = b"\r\n";

/// Splits at the next CR or LF: the text before it, that byte, and the rest.
fn next_line_end(data: &[u8]) -> (&[u8], Option<(u8, &[u8])>) {
    // Line ends often follow each other directly. A comparison is then cheaper than a search.
    if let [end @ (b'\r' | b'\n'), rest @ ..] = data {
        return (&[], Some((*end, rest)));
    }
    let (text, rest) = data.split_at(memchr2(b'\r', b'\n', data).unwrap_or(data.len()));
    (text, rest.split_first().map(|(&end, rest)| (end, rest)))
}

/// Splits after at most `count` bytes.
fn take(data: &[u8], count: i64) -> (&[u8], &[u8]) {
    let count = usize::try_from(count).unwrap_or(0);
    data.split_at(count.min(data.len()))
}

/// How to break a text into lines of a given length.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Break {
    /// A CRLF, for plain text and base64.
    Hard,
    /// The soft line break of quoted-printable. It is not part of the text, and must not split an escape.
    Soft,
}

impl Break {
    /// The bytes that break a full line.
    fn mark(self) -> &'static [u8] {
        match self {
            Self::Hard => CRLF,
            Self::Soft => b"=\r\n",
        }
    }

    /// The room that this byte needs on the current line.
    fn room(self, byte: u8) -> i64 {
        match (self, byte) {
            (Self::Hard, _) => 1,
            // Three bytes for the escape, one for the `=` of a soft break after it.
            (Self::Soft, b'=') => 4,
            (Self::Soft, _) => 2,
        }
    }

    /// The room that is enough for any byte.
    fn ample(self) -> i64 {
        match self {
            Self::Hard => 1,
            Self::Soft => 4,
        }
    }

    /// The bytes that end the text, if the last line has room for `left` of `length` bytes.
    pub fn end(self, left: i32, length: i32) -> Option<&'static [u8]> {
        (left < length).then(|| self.mark())
    }
}

/// Returns the room left after `chunk` if [`wrap`] would not change it.
pub fn unwrapped(kind: Break, left: i32, chunk: &[u8]) -> Option<i32> {
    let left = i64::from(left) - chunk.len() as i64;
    let fits = kind == Break::Hard && left >= 0 && memchr2(b'\r', b'\n', chunk).is_none();
    i32::try_from(left).ok().filter(|_| fits)
}

/// Breaks `chunk` into lines of at most `length` bytes. The current line has room for `left` more bytes.
/// Returns the room left at the end. Drops CR; LF starts a new line.
pub fn wrap(kind: Break, left: i32, mut chunk: &[u8], length: i32, out: &mut Vec<u8>) -> i32 {
    let length = i64::from(length);
    let mut left = i64::from(left);
    loop {
        let (mut text, end) = next_line_end(chunk);
        while let Some((&byte, _)) = text.split_first() {
            if left < kind.room(byte) {
                out.extend_from_slice(kind.mark());
                left = length;
            }
            // Writes at least one byte, even if the line is shorter.
            let (part, rest) = take(text, (left - kind.ample() + 1).max(1));
            out.extend_from_slice(part);
            left -= part.len() as i64;
            text = rest;
        }
        match end {
            None => return left.clamp(i32::MIN.into(), i32::MAX.into()) as i32,
            Some((b'\n', rest)) => {
                out.extend_from_slice(CRLF);
                left = length;
                chunk = rest;
            }
            Some((_, rest)) => chunk = rest,
        }
    }
}

/// Returns the context for the next chunk if [`normalize`] would not change `chunk`.
pub fn normal(context: i32, chunk: &[u8]) -> Option<i32> {
    let unchanged = memchr2(b'\r', b'\n', chunk).is_none();
    unchanged.then_some(if chunk.is_empty() { context } else { 0 })
}

/// Writes `marker` for every CR, LF, CRLF and LFCR of `chunk`. `context` is the byte before `chunk` if it is
/// a CR or LF that may be the first half of a pair, else 0. Returns the context for the next chunk.
pub fn normalize(context: i32, mut chunk: &[u8], marker: &[u8], out: &mut Vec<u8>) -> i32 {
    if chunk.is_empty() {
        return context;
    }
    let is_end = |byte: i32| byte == i32::from(b'\r') || byte == i32::from(b'\n');
    let mut last = context;
    loop {
        let (text, end) = next_line_end(chunk);
        if !text.is_empty() {
            out.extend_from_slice(text);
            last = 0;
        }
        let Some((end, rest)) = end else {
            return last;
        };
        let end = i32::from(end);
        if !is_end(last) {
            out.extend_from_slice(marker);
            last = end;
        } else {
            if last == end {
                out.extend_from_slice(marker);
            }
            last = 0;
        }
        chunk = rest;
        if chunk.is_empty() {
            return last;
        }
    }
}

static STUFFED: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"\r\n."));

/// Returns the state for the next chunk if [`stuff`] would not change `chunk`.
pub fn unstuffed(state: i32, chunk: &[u8]) -> Option<i32> {
    if chunk.is_empty() {
        return Some(state);
    }
    let starts = matches!((state, chunk), (2, [b'.', ..]) | (1, [b'\n', b'.', ..]));
    let changed = starts || memchr(b'.', chunk).is_some() && STUFFED.find(chunk).is_some();
    (!changed).then(|| state_after(state, chunk))
}

/// Doubles each `.` that follows a CRLF. `state` describes the end of the text before `chunk`: 2 for CRLF or
/// no text, 1 for CR, any other number for other text. Returns the state for the next chunk.
pub fn stuff(state: i32, chunk: &[u8], out: &mut Vec<u8>) -> i32 {
    match (state, chunk) {
        (_, []) => return state,
        (2, [b'.', ..]) => out.push(b'.'),
        (1, [b'\n', b'.', ..]) => {
            out.extend_from_slice(b"\n.");
            stuff_line_starts(chunk.get(1..).unwrap_or_default(), out);
            return state_after(state, chunk);
        }
        _ => {}
    }
    stuff_line_starts(chunk, out);
    state_after(state, chunk)
}

/// Doubles each `.` that follows a CRLF within `text`.
fn stuff_line_starts(text: &[u8], out: &mut Vec<u8>) {
    let mut copied = 0;
    for found in STUFFED.find_iter(text) {
        out.extend_from_slice(text.get(copied..found + CRLF.len()).unwrap_or_default());
        out.push(b'.');
        copied = found + CRLF.len();
    }
    out.extend_from_slice(text.get(copied..).unwrap_or_default());
}

fn state_after(state: i32, chunk: &[u8]) -> i32 {
    match chunk {
        [.., b'\r', b'\n'] => 2,
        [b'\n'] if state == 1 => 2,
        [.., b'\r'] => 1,
        _ => 0,
    }
}
