//! The head of a response. It is parsed strictly, because a kept connection depends on it.
//!
//! This module works on bytes and does not use Lua. `socket.http` without a pool reads heads as LuaSocket does
//! (`head.rs`).

use std::borrow::Cow;
use std::iter::once;

use arrayvec::ArrayVec;
use memchr::{memchr, memchr_iter};

use super::framing::{self, Framing};

/// The longest name of a field.
pub const LONGEST_NAME: usize = 1024;

/// The limits of a head in bytes.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// One line.
    pub line: usize,
    /// All header lines.
    pub block: usize,
}

/// Why a head cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Malformed<'t> {
    /// The status line is invalid; this is the line.
    Status(&'t [u8]),
    /// A header line is invalid.
    Fields,
    /// The head is longer than allowed.
    Oversized,
    /// The fields cannot frame a message.
    Framing(framing::Malformed),
}

/// A complete head.
#[derive(Debug)]
pub struct Head<'t> {
    /// The status code.
    pub status: u16,
    /// The reason phrase.
    pub reason: &'t [u8],
    /// The protocol version.
    pub version: framing::Version,
    /// The status line.
    pub line: &'t [u8],
    /// The header lines without the blank line. Continuation lines are merged into the line that they
    /// continue.
    pub block: Cow<'t, [u8]>,
    /// The number of header lines.
    pub count: usize,
    /// The length of the head in the text.
    pub length: usize,
    /// The end of the body, and whether the connection may be kept.
    pub framing: Framing,
    /// Whether the body has a content coding.
    pub is_coded: bool,
    /// The seconds for which the server keeps the connection, if it says so.
    pub age: Option<u32>,
}

/// Returns the name and the value of a header line. The line must have no line end.
pub fn field(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = line.iter().position(|byte| matches!(byte, b':' | b' ' | b'\t'))?;
    let (name, value) = line.split_at_checked(end)?;
    if name.is_empty() || name.len() > LONGEST_NAME {
        return None;
    }
    Some((name, value.strip_prefix(b":")?.trim_ascii()))
}

/// The lines of a header block, without their ends.
pub fn lines(block: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut start = 0;
    let ends = memchr_iter(b'\n', block).chain(once(block.len()));
    let lines = ends.map(move |end| {
        let line = block.get(start..end).unwrap_or_default();
        start = end + 1;
        without_cr(line)
    });
    lines.filter(|line| !line.is_empty())
}

fn without_cr(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// The parts of a complete head.
struct Extent {
    /// The end of the first line.
    first: usize,
    /// The start of the blank line after the header lines.
    blank: usize,
    /// The end of that line.
    length: usize,
    /// The number of header lines that end with CR LF.
    crlf_lines: usize,
    /// Whether a header line starts with a blank.
    is_folded: bool,
}

/// Finds the blank line that ends a head. Returns `None` until it has arrived. Calls `each` with every header line
/// before it.
fn measure<'t>(
    text: &'t [u8],
    limits: Limits,
    mut each: impl FnMut(&'t [u8]),
) -> Result<Option<Extent>, Malformed<'static>> {
    let mut start = 0;
    let mut first = None;
    let (mut crlf_lines, mut is_folded) = (0, false);
    for end in memchr_iter(b'\n', text) {
        let line = without_cr(text.get(start..end).unwrap_or_default());
        if line.len() > limits.line || end - first.unwrap_or(end) > limits.block {
            return Err(Malformed::Oversized);
        }
        match first {
            Some(first) if line.is_empty() => {
                return Ok(Some(Extent { first, blank: start, length: end + 1, crlf_lines, is_folded }));
            }
            Some(_) => {
                crlf_lines += usize::from(line.len() < end - start);
                is_folded |= is_blank(line.first());
                each(line);
            }
            None => first = Some(end),
        }
        start = end + 1;
    }
    if text.len() - start > limits.line || text.len() - first.unwrap_or(text.len()) > limits.block {
        return Err(Malformed::Oversized);
    }
    Ok(None)
}

fn is_blank(byte: Option<&u8>) -> bool {
    matches!(byte, Some(b' ' | b'\t'))
}

/// Returns version, code and reason of a line like `HTTP/1.1 200 OK`.
fn status_line(line: &[u8]) -> Option<(framing::Version, u16, &[u8])> {
    let (version, rest) = line.strip_prefix(b"HTTP/")?.split_at_checked(3)?;
    let [major @ b'0'..=b'9', b'.', minor @ b'0'..=b'9'] = version else { return None };
    let (code, reason) = rest.strip_prefix(b" ")?.split_at_checked(3)?;
    if !code.iter().all(u8::is_ascii_digit) || !matches!(reason.first(), None | Some(b' ')) {
        return None;
    }
    let code = code.iter().fold(0, |code, digit| code * 10 + u16::from(digit - b'0'));
    Some(((major - b'0', minor - b'0'), code, reason.trim_ascii()))
}

/// Replaces line ends before continuation lines by blanks (RFC 9112, 5.2).
fn unfold(block: &[u8]) -> Vec<u8> {
    let mut unfolded = block.to_vec();
    for end in memchr_iter(b'\n', block).filter(|&end| is_blank(block.get(end + 1))) {
        for place in end.saturating_sub(1)..=end {
            if let Some(byte) = unfolded.get_mut(place).filter(|byte| matches!(byte, b'\r' | b'\n')) {
                *byte = b' ';
            }
        }
    }
    unfolded
}

/// The value of one field. Repeated fields are joined.
#[derive(Default)]
struct Joined<'b>(Option<Cow<'b, [u8]>>);

impl<'b> Joined<'b> {
    fn add(&mut self, value: &'b [u8]) {
        match &mut self.0 {
            None => self.0 = Some(Cow::Borrowed(value)),
            Some(values) => {
                let values = values.to_mut();
                values.extend_from_slice(b", ");
                values.extend_from_slice(value);
            }
        }
    }
}

/// What the header lines of a response say about its body and its connection.
#[derive(Default)]
struct Notes<'t> {
    count: usize,
    is_malformed: bool,
    is_coded: bool,
    age: Option<u32>,
    coding: Joined<'t>,
    length: Joined<'t>,
    connection: Joined<'t>,
}

impl<'t> Notes<'t> {
    fn of(block: &'t [u8]) -> Self {
        let mut notes = Notes::default();
        lines(block).for_each(|line| notes.add(line));
        notes
    }

    fn add(&mut self, line: &'t [u8]) {
        self.count += 1;
        let Some((name, value)) = field(line) else {
            self.is_malformed = true;
            return;
        };
        match name.len() {
            10 if name.eq_ignore_ascii_case(b"connection") => self.connection.add(value),
            10 if self.age.is_none() && name.eq_ignore_ascii_case(b"keep-alive") => {
                self.age = kept_seconds(value);
            }
            14 if name.eq_ignore_ascii_case(b"content-length") => self.length.add(value),
            16 if name.eq_ignore_ascii_case(b"content-encoding") => self.is_coded = true,
            17 if name.eq_ignore_ascii_case(b"transfer-encoding") => self.coding.add(value),
            _ => {}
        }
    }

    fn fields(&self) -> framing::Fields<'_> {
        framing::Fields {
            transfer_encoding: self.coding.0.as_deref(),
            content_length: self.length.0.as_deref(),
            connection: self.connection.0.as_deref(),
        }
    }
}

/// Parses the head of the response to a request with this method. Returns `None` if it is incomplete.
pub fn parse<'t>(text: &'t [u8], method: &[u8], limits: Limits) -> Result<Option<Head<'t>>, Malformed<'t>> {
    let mut notes = Notes::default();
    let Some(extent) = measure(text, limits, |line| notes.add(line))? else { return Ok(None) };
    let Extent { first, blank, length, crlf_lines, is_folded } = extent;
    let line = without_cr(text.get(..first).unwrap_or_default());
    let (version, status, reason) = status_line(line).ok_or(Malformed::Status(line))?;
    let block = text.get(first + 1..blank).unwrap_or_default();
    // Programs read a NUL, or a CR that does not end a line, in different ways.
    let has_stray_cr = memchr_iter(b'\r', block).count() != crlf_lines;
    if has_stray_cr || memchr(b'\0', block).is_some() || is_blank(block.first()) {
        return Err(Malformed::Fields);
    }
    let unfolded = is_folded.then(|| unfold(block));
    if let Some(block) = &unfolded {
        notes = Notes::of(block);
    }
    if notes.is_malformed {
        return Err(Malformed::Fields);
    }
    let framing = framing::response(method, status, version, &notes.fields()).map_err(Malformed::Framing)?;
    let Notes { count, is_coded, age, .. } = notes;
    Ok(Some(Head {
        status,
        reason,
        version,
        line,
        block: unfolded.map_or(Cow::Borrowed(block), Cow::Owned),
        count,
        length,
        framing: Framing { keep: framing.keep && !is_folded, ..framing },
        is_coded,
        age,
    }))
}

/// Returns the seconds in the value of a Keep-Alive field like `timeout=5`.
pub fn kept_seconds(value: &[u8]) -> Option<u32> {
    value.split(|byte| matches!(byte, b',' | b';')).find_map(|parameter| {
        let (name, number) = parameter.split_at(memchr(b'=', parameter)?);
        if !name.trim_ascii().eq_ignore_ascii_case(b"timeout") {
            return None;
        }
        let digits = number.get(1..)?.trim_ascii();
        let seconds = digits.iter().try_fold(0_u32, |seconds, byte| {
            let digit = byte.is_ascii_digit().then(|| u32::from(byte - b'0'))?;
            Some(seconds.saturating_mul(10).saturating_add(digit))
        });
        seconds.filter(|_| !digits.is_empty())
    })
}

/// Returns a name in Title-Case: upper case at the start and after each hyphen, all other letters in lower case.
pub fn title_case(name: &[u8]) -> ArrayVec<u8, LONGEST_NAME> {
    let mut start = true;
    let letters = name.iter().take(LONGEST_NAME).map(|byte| {
        let letter = if start { byte.to_ascii_uppercase() } else { byte.to_ascii_lowercase() };
        start = *byte == b'-';
        letter
    });
    letters.collect()
}

#[cfg(test)]
mod tests {
    use super::framing::Body;
    use super::*;

    const LIMITS: Limits = Limits { line: 100, block: 1000 };

    fn read(text: &str) -> Result<Option<Head<'_>>, Malformed<'_>> {
        parse(text.as_bytes(), b"GET", LIMITS)
    }

    fn fields(text: &str) -> Vec<(String, String)> {
        let text_of = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let head = read(text).ok().flatten();
        let block = head.map(|head| head.block.into_owned()).unwrap_or_default();
        lines(&block).filter_map(field).map(|(name, value)| (text_of(name), text_of(value))).collect()
    }

    #[test]
    fn a_head_is_read() {
        let text = "HTTP/1.1 200 All right\r\nContent-Length: 3\r\nX-a:  b c \r\n\r\nabc";
        let head = read(text).ok().flatten();
        let head = head.as_ref();
        assert_eq!(head.map(|head| (head.status, head.version, head.count)), Some((200, (1, 1), 2)));
        assert_eq!(head.map(|head| head.reason), Some(&b"All right"[..]));
        assert_eq!(head.map(|head| head.length), Some(text.len() - 3));
        assert_eq!(head.map(|head| head.framing), Some(Framing { body: Body::Length(3), keep: true }));
        let pair = |name: &str, value: &str| (name.to_string(), value.to_string());
        assert_eq!(fields(text), vec![pair("Content-Length", "3"), pair("X-a", "b c")]);
    }

    #[test]
    fn a_head_that_is_cut_anywhere_is_not_complete() {
        let text = "HTTP/1.1 200 OK\r\nA: b\r\n\r\n";
        for end in 0..text.len() {
            assert!(matches!(read(text.get(..end).unwrap_or_default()), Ok(None)), "{end}");
        }
        assert!(matches!(read(text), Ok(Some(_))));
        assert!(matches!(read("HTTP/1.1 200\n\n"), Ok(Some(_))));
    }

    #[test]
    fn an_odd_status_line_is_refused() {
        for line in [
            "HTTP/2 200 OK",
            "HTTP/1.1  200",
            "HTTP/1.1 20",
            "HTTP/1.1 2000",
            "http/1.1 200 OK",
            "HTTP/1.10 200",
            "",
        ] {
            let text = format!("{line}\r\n\r\n\r\n");
            assert_eq!(read(&text).err(), Some(Malformed::Status(line.as_bytes())), "{line}");
        }
    }

    #[test]
    fn an_odd_header_line_is_refused() {
        for line in ["no colon", ": b", "a : b", "a b: c", "a: b\0", "a: b\rc", " a: b", "\0: b"] {
            let text = format!("HTTP/1.1 200 OK\r\n{line}\r\n\r\n");
            assert_eq!(read(&text).err(), Some(Malformed::Fields), "{line:?}");
        }
    }

    #[test]
    fn a_folded_line_is_one_and_its_connection_not_kept() {
        let text = "HTTP/1.1 200 OK\r\nA: b\r\n c\nD: e\n\t f\r\nContent-Length: 0\r\n\r\n";
        let pair = |name: &str, value: &str| (name.to_string(), value.to_string());
        assert_eq!(fields(text), vec![pair("A", "b   c"), pair("D", "e \t f"), pair("Content-Length", "0")]);
        assert_eq!(read(text).ok().flatten().map(|head| head.framing.keep), Some(false));
    }

    #[test]
    fn framing_fields_of_several_lines_are_joined() {
        let two = |a, b| {
            read(&format!("HTTP/1.1 200 OK\r\nContent-Length: {a}\r\ncontent-length: {b}\r\n\r\n"))
                .map(|head| head.map(|head| head.framing.body))
                .map_err(|malformed| malformed == Malformed::Framing(framing::Malformed::ContentLength))
        };
        assert_eq!(two(3, 3), Ok(Some(Body::Length(3))));
        assert_eq!(two(3, 4), Err(true));
    }

    #[test]
    fn heads_have_limits() {
        let long = "x".repeat(101);
        assert_eq!(read(&long).err(), Some(Malformed::Oversized));
        assert_eq!(read(&format!("HTTP/1.1 200 OK\r\nA: {long}\r\n")).err(), Some(Malformed::Oversized));
        let many = "A: b\r\n".repeat(170);
        assert_eq!(read(&format!("HTTP/1.1 200 OK\r\n{many}")).err(), Some(Malformed::Oversized));
    }

    #[test]
    fn a_server_names_the_seconds() {
        assert_eq!(kept_seconds(b"timeout=5, max=100"), Some(5));
        assert_eq!(kept_seconds(b"max=100, Timeout = 60 "), Some(60));
        assert_eq!(kept_seconds(b"timeout=99999999999"), Some(u32::MAX));
        for none in ["", "timeout", "timeout=", "timeout=x", "timeout=-1", "xtimeout=5", "5"] {
            assert_eq!(kept_seconds(none.as_bytes()), None, "{none}");
        }
    }

    #[test]
    fn names_in_title_case() {
        assert_eq!(&title_case(b"wWW-authenticate-x")[..], b"Www-Authenticate-X");
    }
}
