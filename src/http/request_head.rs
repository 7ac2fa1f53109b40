//! The head of a request: finds its end and parses it. RFC 9112, applied strictly (server.syntax): a head
//! that two programs could read in two ways is refused.
//!
//! Works on bytes and does not use Lua.

use memchr::memchr;

use super::framing::short_number;

/// Why a request is refused: the status of the response, and a reason for the server's log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The status.
    pub status: u16,
    /// The reason. It contains no text from the request.
    pub reason: &'static str,
}

const fn refuse<T>(status: u16, reason: &'static str) -> Result<T, Refusal> {
    Err(Refusal { status, reason })
}

const fn bad<T>(reason: &'static str) -> Result<T, Refusal> {
    refuse(400, reason)
}

/// The limits of a head.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of the request line, without the line end.
    pub line: usize,
    /// Bytes of the whole head.
    pub head: usize,
    /// Number of fields.
    pub fields: usize,
}

/// The search for the end of a head. With more bytes, it continues where it stopped.
#[derive(Clone, Copy, Debug, Default)]
pub struct Scan {
    /// The start of the head, after an optional empty line.
    start: usize,
    /// The start of the line that is not complete yet.
    line: usize,
    /// The end of the part of that line already searched.
    seen: usize,
    /// The number of complete lines.
    lines: usize,
}

impl Scan {
    /// The start of the head, after an optional empty line.
    pub fn start(&self) -> usize {
        self.start
    }

    /// Searches all bytes received so far. Returns start and end of the head once it is complete.
    pub fn advance(&mut self, data: &[u8], limits: &Limits) -> Result<Option<(usize, usize)>, Refusal> {
        loop {
            let rest = data.get(self.seen..).unwrap_or_default();
            let found = memchr(b'\n', rest).map(|offset| self.seen + offset);
            self.seen = found.unwrap_or(data.len());
            let end = found.map_or(self.seen, |found| found.saturating_sub(1)).max(self.line);
            if self.lines == 0 {
                if end - self.line > limits.line {
                    // A line of exactly the limit may end with a CR whose LF has not come yet.
                    if found.is_some() || end - self.line > limits.line + 1 {
                        return refuse(414, "request line too long");
                    }
                }
                // Refuses at the first byte what is not HTTP, such as TLS.
                if data.get(self.line).is_some_and(|&first| !is_token(first) && first != b'\r') {
                    return bad("invalid request line");
                }
            }
            if self.seen.saturating_sub(self.start) > limits.head {
                return refuse(431, "head too large");
            }
            let Some(found) = found else { return Ok(None) };
            if found == self.line || data.get(found - 1) != Some(&b'\r') {
                return bad("line end without CR");
            }
            self.seen = found + 1;
            let empty = end == self.line;
            self.line = self.seen;
            match (empty, self.lines) {
                (true, 0) if self.start > 0 => return bad("empty lines before the request line"),
                (true, 0) => self.start = self.seen,
                (true, _) if self.seen - self.start > limits.head => return refuse(431, "head too large"),
                (true, _) => return Ok(Some((self.start, self.seen))),
                (false, _) => self.lines += 1,
            }
            if self.lines > limits.fields.saturating_add(1) {
                return refuse(431, "too many fields");
            }
        }
    }
}

/// The length of a request's body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body {
    /// There is no body.
    None,
    /// This number of bytes.
    Length(u64),
    /// The chunked transfer coding.
    Chunked,
}

/// The content of a head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head<'h> {
    /// The method, as sent.
    pub method: &'h [u8],
    /// The request target, as sent.
    pub target: &'h [u8],
    /// The path of the target, not decoded.
    pub path: &'h [u8],
    /// The text after the `?`.
    pub query: Option<&'h [u8]>,
    /// The host of the target, or else of `Host`, without the port.
    pub host: Option<&'h [u8]>,
    /// Whether the version is 1.0.
    pub is_old: bool,
    /// Whether the client wants to keep the connection.
    pub keeps: bool,
    /// The length of the body.
    pub body: Body,
    /// Whether the client waits for 100 Continue before it sends the body.
    pub expects: bool,
    /// The field lines with their ends, without the empty line.
    pub fields: &'h [u8],
}

/// Parses a complete head, empty line included.
pub fn parse(head: &[u8]) -> Result<Head<'_>, Refusal> {
    let Some(length) = memchr(b'\r', head) else { return bad("invalid request line") };
    let (line, rest) = head.split_at(length);
    // The first CR must end the line: this detects a CR elsewhere in it.
    let Some(fields) = rest.strip_prefix(b"\r\n").and_then(|fields| fields.strip_suffix(b"\r\n")) else {
        return bad("CR without LF");
    };
    let (method, target, is_old) = request_line(line)?;
    let Target { path, query, authority } = read_target(method, target)?;
    let mut summary = Summary::default();
    for field in Fields::new(fields) {
        let (name, value) = field?;
        summary.add(name, value)?;
    }
    if summary.hosts == 0 && !is_old {
        return bad("no Host");
    }
    if method == b"CONNECT" {
        return refuse(501, "CONNECT");
    }
    let body = summary.body(is_old)?;
    if summary.refuses_expectation {
        return refuse(417, "unknown expectation");
    }
    Ok(Head {
        method,
        target,
        path,
        query,
        host: authority.or(summary.host),
        is_old,
        keeps: !summary.closes && (!is_old || summary.keeps),
        body,
        expects: summary.expects && !is_old && body != Body::None,
        fields,
    })
}

/// Method, target, and whether the version is 1.0 (RFC 9112, 3).
fn request_line(line: &[u8]) -> Result<(&[u8], &[u8], bool), Refusal> {
    let [method, target, version] = split_line(line)?;
    if !version.starts_with(b"1") {
        return refuse(505, "unknown version");
    }
    if !is_target(target) {
        return bad("invalid target");
    }
    Ok((method, target, version == b"1.0"))
}

/// Method, target, and version such as `1.1`. The target is not checked yet.
fn split_line(line: &[u8]) -> Result<[&[u8]; 3], Refusal> {
    const LONGEST_METHOD: usize = 32;
    let mut parts = line.split(|&byte| byte == b' ');
    let (Some(method), Some(target), Some(version), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return bad("invalid request line");
    };
    if method.is_empty() || method.len() > LONGEST_METHOD || !method.iter().copied().all(is_token) {
        return bad("invalid method");
    }
    match version.strip_prefix(b"HTTP/") {
        Some(version @ [major, b'.', minor]) if major.is_ascii_digit() && minor.is_ascii_digit() => {
            Ok([method, target, version])
        }
        _ => bad("invalid version"),
    }
}

fn is_target(target: &[u8]) -> bool {
    !target.is_empty() && target.iter().all(|&byte| (0x21..0x7f).contains(&byte) && byte != b'#')
}

/// Method, target and version of a request that is refused, for the log: `None` unless its request line is
/// complete and valid.
pub fn known_line(head: &[u8]) -> Option<[&[u8]; 3]> {
    let (line, rest) = head.split_at(memchr(b'\r', head)?);
    let [method, target, version] = split_line(line).ok()?;
    (rest.starts_with(b"\r\n") && is_target(target)).then_some([method, target, version])
}

struct Target<'h> {
    path: &'h [u8],
    query: Option<&'h [u8]>,
    authority: Option<&'h [u8]>,
}

/// Parses the four forms of a target (RFC 9112, 3.2).
fn read_target<'h>(method: &[u8], target: &'h [u8]) -> Result<Target<'h>, Refusal> {
    if method == b"CONNECT" {
        return match split_port(target) {
            Some((host, Some(_))) => Ok(Target { path: target, query: None, authority: Some(host) }),
            _ => bad("invalid target"),
        };
    }
    if target.first() == Some(&b'/') {
        let (path, query) = split_query(target);
        return Ok(Target { path, query, authority: None });
    }
    if target == b"*" && method == b"OPTIONS" {
        return Ok(Target { path: target, query: None, authority: None });
    }
    let Some(rest) = strip_scheme(target) else { return bad("invalid target") };
    let end = rest.iter().position(|byte| matches!(byte, b'/' | b'?')).unwrap_or(rest.len());
    let (authority, rest) = rest.split_at(end);
    let Some((host, _)) = split_port(authority) else { return bad("invalid target") };
    let (path, query) = split_query(rest);
    Ok(Target { path: if path.is_empty() { b"/" } else { path }, query, authority: Some(host) })
}

fn split_query(target: &[u8]) -> (&[u8], Option<&[u8]>) {
    match memchr(b'?', target) {
        Some(mark) => {
            let (path, query) = target.split_at(mark);
            (path, query.get(1..))
        }
        None => (target, None),
    }
}

fn strip_scheme(target: &[u8]) -> Option<&[u8]> {
    [&b"http://"[..], b"https://"].into_iter().find_map(|scheme| {
        let (start, rest) = target.split_at_checked(scheme.len())?;
        start.eq_ignore_ascii_case(scheme).then_some(rest)
    })
}

/// Host and port from `host` or `host:port`. `None` if it is neither (RFC 3986, 3.2.2).
fn split_port(authority: &[u8]) -> Option<(&[u8], Option<&[u8]>)> {
    let end = match authority.first()? {
        b'[' => {
            let end = memchr(b']', authority)?;
            let address = authority.get(1..end)?;
            let valid = address.iter().all(|byte| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.'));
            (valid && memchr(b':', address).is_some()).then_some(end + 1)?
        }
        _ => {
            let end = memchr(b':', authority).unwrap_or(authority.len());
            let valid = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=%".contains(byte);
            (end > 0 && authority.get(..end)?.iter().all(valid)).then_some(end)?
        }
    };
    let (host, rest) = authority.split_at(end);
    let Some((colon, port)) = rest.split_first() else { return Some((host, None)) };
    if *colon != b':' || port.len() > 5 || !port.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let number = port.iter().fold(0u32, |number, digit| number * 10 + u32::from(digit - b'0'));
    (number <= 65535).then_some((host, Some(port)))
}

/// An iterator over the fields of a head or of trailers, which checks each one (RFC 9112, 5).
pub struct Fields<'h> {
    rest: &'h [u8],
}

impl<'h> Fields<'h> {
    /// Iterates over lines that each end with CRLF.
    pub fn new(lines: &'h [u8]) -> Self {
        Fields { rest: lines }
    }
}

impl<'h> Iterator for Fields<'h> {
    type Item = Result<(&'h [u8], &'h [u8]), Refusal>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let rest = std::mem::take(&mut self.rest);
        let colon = rest.iter().position(|&byte| !is_token(byte)).unwrap_or(rest.len());
        let (name, value) = rest.split_at(colon);
        if name.is_empty() || value.first() != Some(&b':') {
            return Some(bad("invalid field name"));
        }
        let value = value.get(1..).unwrap_or_default();
        let Some(end) = memchr(b'\r', value) else { return Some(bad("invalid field value")) };
        let (value, after) = value.split_at(end);
        // Looks at every byte, because the compiler can then do several at a time.
        let controls = value.iter().fold(false, |found, &byte| found | (is_control(byte) & (byte != b'\t')));
        let Some(after) = after.strip_prefix(b"\r\n").filter(|_| !controls) else {
            return Some(bad("invalid field value"));
        };
        self.rest = after;
        Some(Ok((name, trim(value))))
    }
}

/// The combined content of the fields that the server uses.
#[derive(Default)]
struct Summary<'h> {
    host: Option<&'h [u8]>,
    hosts: usize,
    length: Option<&'h [u8]>,
    lengths: usize,
    coding: Coding,
    keeps: bool,
    closes: bool,
    expects: bool,
    refuses_expectation: bool,
}

/// The state of `Transfer-Encoding` so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Coding {
    /// The field is absent.
    #[default]
    Absent,
    /// `chunked` alone.
    Chunked,
    /// Only codings that the server does not know.
    Unknown,
    /// Unknown codings, then `chunked`.
    UnknownChunked,
    /// A list that cannot be served.
    Invalid,
}

impl<'h> Summary<'h> {
    fn add(&mut self, name: &[u8], value: &'h [u8]) -> Result<(), Refusal> {
        // Compares the length first, so that most fields need only a comparison of numbers.
        match name.len() {
            4 if name.eq_ignore_ascii_case(b"host") => {
                self.hosts += 1;
                match split_port(value) {
                    Some((host, _)) if self.hosts == 1 => self.host = Some(host),
                    Some(_) => return bad("several Hosts"),
                    None => return bad("invalid Host"),
                }
            }
            6 if name.eq_ignore_ascii_case(b"expect") => {
                for token in list(value) {
                    if token.eq_ignore_ascii_case(b"100-continue") {
                        self.expects = true;
                    } else if !token.is_empty() {
                        self.refuses_expectation = true;
                    }
                }
            }
            10 if name.eq_ignore_ascii_case(b"connection") => {
                for token in list(value) {
                    self.keeps |= token.eq_ignore_ascii_case(b"keep-alive");
                    self.closes |= token.eq_ignore_ascii_case(b"close");
                }
            }
            14 if name.eq_ignore_ascii_case(b"content-length") => {
                self.lengths += 1;
                self.length = Some(value);
            }
            17 if name.eq_ignore_ascii_case(b"transfer-encoding") => {
                for token in list(value) {
                    self.coding = self.coding.then(token);
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// The length of the body (RFC 9112, 6.3). Anything ambiguous is refused (11.2).
    fn body(&self, is_old: bool) -> Result<Body, Refusal> {
        if self.coding != Coding::Absent {
            return match self.coding {
                _ if self.lengths > 0 => bad("Transfer-Encoding and Content-Length"),
                _ if is_old => bad("Transfer-Encoding in HTTP/1.0"),
                Coding::Chunked => Ok(Body::Chunked),
                Coding::UnknownChunked => refuse(501, "unknown transfer coding"),
                _ => bad("invalid Transfer-Encoding"),
            };
        }
        match (self.lengths, self.length) {
            (0, _) | (_, None) => Ok(Body::None),
            (1, Some(digits)) => short_number(digits, 10).map_or(bad("invalid Content-Length"), |length| {
                Ok(if length == 0 { Body::None } else { Body::Length(length) })
            }),
            _ => bad("several Content-Lengths"),
        }
    }
}

impl Coding {
    fn then(self, token: &[u8]) -> Self {
        let chunked = token.eq_ignore_ascii_case(b"chunked");
        let known = chunked || token.eq_ignore_ascii_case(b"identity");
        let valid = !token.is_empty() && token.iter().copied().all(is_token);
        match self {
            Coding::Absent if chunked => Coding::Chunked,
            Coding::Unknown if chunked => Coding::UnknownChunked,
            Coding::Absent | Coding::Unknown if valid && !known => Coding::Unknown,
            _ => Coding::Invalid,
        }
    }
}

/// The size from the first line of a chunk (RFC 9112, 7.1), and the number of extension bytes after it.
pub fn chunk_size(line: &[u8]) -> Option<(u64, usize)> {
    let digits = line.iter().position(|byte| !byte.is_ascii_hexdigit()).unwrap_or(line.len());
    let (digits, extensions) = line.split_at(digits);
    let valid = extensions.first().is_none_or(|&first| first == b';')
        && !extensions.iter().any(|&byte| is_control(byte) && byte != b'\t');
    short_number(digits, 16).filter(|_| valid).map(|size| (size, extensions.len()))
}

fn list(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|&byte| byte == b',').map(trim)
}

fn trim(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = text {
        text = rest;
    }
    while let [rest @ .., b' ' | b'\t'] = text {
        text = rest;
    }
    text
}

fn is_control(byte: u8) -> bool {
    byte < b' ' || byte == 0x7f
}

/// The bytes that may be part of a token (RFC 9110, 5.6.2).
#[allow(clippy::indexing_slicing)]
const TOKEN: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < table.len() {
        table[byte] = matches!(byte as u8,
            b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.' | b'0'..=b'9' | b'A'..=b'Z' | b'^'..=b'z' | b'|' | b'~');
        byte += 1;
    }
    table
};

/// Whether a byte may be part of a token (RFC 9110, 5.6.2).
pub fn is_token(byte: u8) -> bool {
    TOKEN.get(usize::from(byte)).is_some_and(|&part| part)
}

#[cfg(test)]
mod tests;
