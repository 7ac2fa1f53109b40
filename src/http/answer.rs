//! The head of a response.

use std::cell::Cell;
use std::collections::TryReserveError;
use std::time::SystemTime;

use super::date;
use super::request_head::is_token;

/// The reason phrase of a status (RFC 9110, 15, and the registry of status codes).
pub fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        202 => "Accepted",
        203 => "Non-Authoritative Information",
        204 => "No Content",
        205 => "Reset Content",
        206 => "Partial Content",
        207 => "Multi-Status",
        208 => "Already Reported",
        226 => "IM Used",
        300 => "Multiple Choices",
        301 => "Moved Permanently",
        302 => "Found",
        303 => "See Other",
        304 => "Not Modified",
        305 => "Use Proxy",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        402 => "Payment Required",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        406 => "Not Acceptable",
        407 => "Proxy Authentication Required",
        408 => "Request Timeout",
        409 => "Conflict",
        410 => "Gone",
        411 => "Length Required",
        412 => "Precondition Failed",
        413 => "Content Too Large",
        414 => "URI Too Long",
        415 => "Unsupported Media Type",
        416 => "Range Not Satisfiable",
        417 => "Expectation Failed",
        421 => "Misdirected Request",
        422 => "Unprocessable Content",
        423 => "Locked",
        424 => "Failed Dependency",
        425 => "Too Early",
        426 => "Upgrade Required",
        428 => "Precondition Required",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        451 => "Unavailable For Legal Reasons",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        505 => "HTTP Version Not Supported",
        506 => "Variant Also Negotiates",
        507 => "Insufficient Storage",
        508 => "Loop Detected",
        511 => "Network Authentication Required",
        _ => "Unknown",
    }
}

const DATE: usize = 29;

thread_local! {
    /// The last second written as a date, and its text.
    static NOW: Cell<(u64, [u8; DATE])> = const { Cell::new((0, [0; DATE])) };
}

/// The current time in the format of `Date`, written once per second.
fn now() -> [u8; DATE] {
    let second = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let (written, text) = NOW.get();
    if written == second {
        return text;
    }
    let mut text = [b' '; DATE];
    if let Some(date) = i64::try_from(second).ok().and_then(date::format) {
        for (place, byte) in text.iter_mut().zip(date.bytes()) {
            *place = byte;
        }
    }
    NOW.set((second, text));
    text
}

/// How the response gives the end of the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    /// There is no body, or it ends when the connection closes.
    Unsaid,
    /// `Content-Length`.
    Bytes(u64),
    /// The chunked transfer coding.
    Chunked,
}

/// The error for a field that cannot be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unsendable;

/// A head in progress, and what its fields have set so far.
#[derive(Debug)]
pub struct Composer<'t> {
    text: &'t mut Vec<u8>,
    has_date: bool,
    has_server: bool,
    /// Whether the connection closes after the response.
    pub closes: bool,
}

impl<'t> Composer<'t> {
    /// Starts with the status line.
    pub fn new(text: &'t mut Vec<u8>, status: u16) -> Result<Self, TryReserveError> {
        // enough for most answers
        text.try_reserve(512)?;
        let mut composer = Composer { text, has_date: false, has_server: false, closes: false };
        composer.add(&[b"HTTP/1.1 "])?;
        composer.number(u64::from(status))?;
        composer.add(&[b" ", reason(status).as_bytes(), b"\r\n"])?;
        Ok(composer)
    }

    fn add(&mut self, parts: &[&[u8]]) -> Result<(), TryReserveError> {
        self.text.try_reserve(parts.iter().map(|part| part.len()).sum())?;
        for part in parts {
            self.text.extend_from_slice(part);
        }
        Ok(())
    }

    fn number(&mut self, mut number: u64) -> Result<(), TryReserveError> {
        let mut digits = [b'0'; 20];
        let mut start = digits.len();
        for (position, digit) in digits.iter_mut().enumerate().rev() {
            *digit = b'0' + (number % 10) as u8;
            number /= 10;
            start = position;
            if number == 0 {
                break;
            }
        }
        self.add(&[digits.get(start..).unwrap_or_default()])
    }

    /// Adds a field of the handler. Skips fields that the server itself writes (server.answer.4,
    /// server.answer.5).
    pub fn field(&mut self, name: &[u8], value: &[u8]) -> Result<Result<(), Unsendable>, TryReserveError> {
        let valid = !name.is_empty()
            && name.iter().copied().all(is_token)
            && !value.iter().any(|&byte| (byte < b' ' && byte != b'\t') || byte == 0x7f);
        if !valid {
            return Ok(Err(Unsendable));
        }
        match name.len() {
            4 if name.eq_ignore_ascii_case(b"date") => self.has_date = true,
            6 if name.eq_ignore_ascii_case(b"server") => self.has_server = true,
            10 if name.eq_ignore_ascii_case(b"connection") => {
                self.closes |= value
                    .split(|&byte| byte == b',')
                    .any(|token| token.trim_ascii().eq_ignore_ascii_case(b"close"));
                return Ok(Ok(()));
            }
            10 if name.eq_ignore_ascii_case(b"keep-alive") => return Ok(Ok(())),
            14 if name.eq_ignore_ascii_case(b"content-length") => return Ok(Ok(())),
            17 if name.eq_ignore_ascii_case(b"transfer-encoding") => return Ok(Ok(())),
            _ => {}
        }
        self.add(&[name, b": ", value, b"\r\n"]).map(Ok)
    }

    /// Adds the fields of the server, and the empty line. `connection` is the value of the field
    /// `Connection`, if any.
    pub fn finish(
        &mut self,
        length: Length,
        connection: Option<&[u8]>,
        server: Option<&[u8]>,
    ) -> Result<(), TryReserveError> {
        match length {
            Length::Unsaid => {}
            Length::Chunked => self.add(&[b"Transfer-Encoding: chunked\r\n"])?,
            Length::Bytes(length) => {
                self.add(&[b"Content-Length: "])?;
                self.number(length)?;
                self.add(&[b"\r\n"])?;
            }
        }
        let connection = if self.closes { Some(&b"close"[..]) } else { connection };
        if let Some(connection) = connection {
            self.add(&[b"Connection: ", connection, b"\r\n"])?;
        }
        if let Some(server) = server.filter(|_| !self.has_server) {
            self.add(&[b"Server: ", server, b"\r\n"])?;
        }
        if !self.has_date {
            self.add(&[b"Date: ", &now(), b"\r\n"])?;
        }
        self.add(&[b"\r\n"])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compose(fields: &[(&str, &str)], length: Length) -> Result<String, Unsendable> {
        let mut text = Vec::new();
        let mut composer = Composer::new(&mut text, 200).map_err(|_| Unsendable)?;
        for (name, value) in fields {
            composer.field(name.as_bytes(), value.as_bytes()).map_err(|_| Unsendable)??;
        }
        composer.finish(length, None, Some(b"s")).map_err(|_| Unsendable)?;
        Ok(String::from_utf8_lossy(&text).into_owned())
    }

    #[test]
    fn the_server_says_what_is_its_own() {
        let fields = [("Date", "x"), ("content-length", "9"), ("Keep-Alive", "9"), ("X", "")];
        assert_eq!(
            compose(&fields, Length::Bytes(10)).as_deref(),
            Ok("HTTP/1.1 200 OK\r\nDate: x\r\nX: \r\nContent-Length: 10\r\nServer: s\r\n\r\n")
        );
        let closes = [("Connection", "Close"), ("Server", "t"), ("Date", "x")];
        assert_eq!(
            compose(&closes, Length::Unsaid).as_deref(),
            Ok("HTTP/1.1 200 OK\r\nServer: t\r\nDate: x\r\nConnection: close\r\n\r\n")
        );
    }

    #[test]
    fn a_value_that_would_end_a_line_is_not_sent() {
        for (name, value) in
            [("X", "a\r\nY: b"), ("X", "a\n"), ("X", "\0"), ("X y", "a"), ("", "a"), ("X:", "a")]
        {
            assert_eq!(compose(&[(name, value)], Length::Unsaid), Err(Unsendable), "{name:?} {value:?}");
        }
    }

    #[test]
    fn the_date_is_of_now() {
        let text = compose(&[], Length::Chunked).unwrap_or_default();
        let date = text.split("Date: ").nth(1).and_then(|rest| rest.split("\r\n").next()).unwrap_or_default();
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let parsed = date::parse(date.as_bytes(), 0).unwrap_or_default();
        assert!((parsed - now as i64).abs() < 5, "{date}");
    }
}
