//! The head of a response, parsed strictly, because a kept connection depends on it.
//!
//! Works on bytes and does not use Lua. `socket.http` without a pool reads heads as LuaSocket does
//! (`head.rs`).

use std::borrow::Cow;

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

/// Name and value of a header line, which has no line end.
pub fn field(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let (name, value) = line.split_at(memchr(b':', line)?);
    let blank = name.iter().any(|byte| matches!(byte, b' ' | b'\t'));
    if name.is_empty() || name.len() > LONGEST_NAME || blank {
        return None;
    }
    Some((name, value.get(1..)?.trim_ascii()))
}

/// The lines of a header block, without their ends.
pub fn lines(block: &[u8]) -> impl Iterator<Item = &[u8]> {
    block.split(|byte| *byte == b'\n').map(without_cr).filter(|line| !line.is_empty())
}

fn without_cr(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// The end of the first line, and start and end of the blank line after the header lines. `None` until they
/// have arrived.
fn measure(text: &[u8], limits: Limits) -> Result<Option<(usize, usize, usize)>, Malformed<'static>> {
    let mut start = 0;
    let mut first = None;
    for end in memchr_iter(b'\n', text) {
        let line = without_cr(text.get(start..end).unwrap_or_default());
        if line.len() > limits.line || end - first.unwrap_or(end) > limits.block {
            return Err(Malformed::Oversized);
        }
        match first {
            Some(first) if line.is_empty() => return Ok(Some((first, start, end + 1))),
            Some(_) => {}
            None => first = Some(end),
        }
        start = end + 1;
    }
    if text.len() - start > limits.line || text.len() - first.unwrap_or(text.len()) > limits.block {
        return Err(Malformed::Oversized);
    }
    Ok(None)
}

/// `HTTP/1.1 200 OK`: version, code and reason.
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
fn unfold(block: &[u8]) -> Cow<'_, [u8]> {
    let is_folded = |end: usize| matches!(block.get(end + 1), Some(b' ' | b'\t'));
    if !memchr_iter(b'\n', block).any(is_folded) {
        return Cow::Borrowed(block);
    }
    let mut unfolded = block.to_vec();
    for end in memchr_iter(b'\n', block).filter(|&end| is_folded(end)) {
        for place in end.saturating_sub(1)..=end {
            if let Some(byte) = unfolded.get_mut(place).filter(|byte| matches!(byte, b'\r' | b'\n')) {
                *byte = b' ';
            }
        }
    }
    Cow::Owned(unfolded)
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

/// Parses the head of the response to a request with this method. `None` if it is incomplete.
pub fn parse<'t>(text: &'t [u8], method: &[u8], limits: Limits) -> Result<Option<Head<'t>>, Malformed<'t>> {
    let Some((first, blank, length)) = measure(text, limits)? else { return Ok(None) };
    let line = without_cr(text.get(..first).unwrap_or_default());
    let (version, status, reason) = status_line(line).ok_or(Malformed::Status(line))?;
    let block = text.get(first + 1..blank).unwrap_or_default();
    // Programs read a NUL, or a CR that does not end a line, in different ways.
    let is_stray = |at: usize| block.get(at + 1) != Some(&b'\n');
    if memchr(b'\0', block).is_some() || memchr_iter(b'\r', block).any(is_stray) {
        return Err(Malformed::Fields);
    }
    if matches!(block.first(), Some(b' ' | b'\t')) {
        return Err(Malformed::Fields);
    }
    let block = unfold(block);
    let mut count = 0;
    let (mut is_coded, mut age) = (false, None);
    let (mut coding, mut size, mut connection) = (Joined::default(), Joined::default(), Joined::default());
    for line in lines(&block) {
        let (name, value) = field(line).ok_or(Malformed::Fields)?;
        count += 1;
        match name.len() {
            10 if name.eq_ignore_ascii_case(b"connection") => connection.add(value),
            10 if age.is_none() && name.eq_ignore_ascii_case(b"keep-alive") => age = kept_seconds(value),
            14 if name.eq_ignore_ascii_case(b"content-length") => size.add(value),
            16 if name.eq_ignore_ascii_case(b"content-encoding") => is_coded = true,
            17 if name.eq_ignore_ascii_case(b"transfer-encoding") => coding.add(value),
            _ => {}
        }
    }
    let fields = framing::Fields {
        transfer_encoding: coding.0.as_deref(),
        content_length: size.0.as_deref(),
        connection: connection.0.as_deref(),
    };
    let framing = framing::response(method, status, version, &fields).map_err(Malformed::Framing)?;
    let keep = framing.keep && matches!(block, Cow::Borrowed(_));
    drop((coding, size, connection));
    Ok(Some(Head {
        status,
        reason,
        version,
        line,
        block,
        count,
        length,
        framing: Framing { keep, ..framing },
        is_coded,
        age,
    }))
}

/// The seconds in the value of a Keep-Alive field: `timeout=5`.
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

/// A name in Title-Case: upper case at the start and after each hyphen, all other letters in lower case.
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
