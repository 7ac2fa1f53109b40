//! The two hello messages, which are not encrypted. They hold the server name (SNI) of a client, and the
//! version and cipher that a server chose. Not every TLS library reports them.

use arrayvec::ArrayVec;

/// The longest hello accepted: one record's content (RFC 8446, 5.1).
const LONGEST: usize = 16 << 10;
/// The most bytes of stream that may hold a hello. It may be split into records of a few bytes each.
const LONGEST_STREAM: usize = 4 * LONGEST;
/// The length of a record header.
const HEAD: usize = 5;
const HANDSHAKE: u8 = 22;
const CLIENT_HELLO: u8 = 1;
#[cfg(any(test, not(tls_openssl)))]
const SERVER_HELLO: u8 = 2;
const SERVER_NAME: u16 = 0;
#[cfg(any(test, not(tls_openssl)))]
const SUPPORTED_VERSIONS: u16 = 43;

/// The result of parsing the bytes so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Parsed<T> {
    /// The start of a message.
    Incomplete,
    /// Not a hello message.
    Invalid,
    /// A whole message.
    Message(T),
}

/// The choices of a server.
#[cfg(any(test, not(tls_openssl)))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServerHello {
    /// 0x0303 for TLS 1.2, 0x0304 for TLS 1.3.
    pub version: u16,
    /// The cipher suite's number.
    pub cipher: u16,
}

/// Collects a hello from pieces of a stream. Reads each byte once.
#[derive(Debug)]
pub struct Reader {
    kind: u8,
    head: ArrayVec<u8, HEAD>,
    /// The number of bytes of the current record not received yet.
    left: usize,
    message: Vec<u8>,
    seen: usize,
    invalid: bool,
}

impl Reader {
    /// A reader for a ClientHello.
    pub fn of_client() -> Self {
        Reader::new(CLIENT_HELLO)
    }

    /// A reader for a ServerHello.
    #[cfg(any(test, not(tls_openssl)))]
    pub fn of_server() -> Self {
        Reader::new(SERVER_HELLO)
    }

    fn new(kind: u8) -> Self {
        Reader { kind, head: ArrayVec::new(), left: 0, message: Vec::new(), seen: 0, invalid: false }
    }

    /// The number of bytes fed so far.
    pub fn seen(&self) -> usize {
        self.seen
    }

    /// Whether the hello was rejected only for its length.
    pub fn is_too_long(&self) -> bool {
        self.invalid && self.message.first() == Some(&self.kind) || self.seen > LONGEST_STREAM
    }

    /// The name in a ClientHello, once the message is whole.
    pub fn name(&mut self, more: &[u8]) -> Parsed<Option<String>> {
        self.feed(more, client_name)
    }

    /// The choices in a ServerHello, once the message is whole.
    #[cfg(any(test, not(tls_openssl)))]
    pub fn choices(&mut self, more: &[u8]) -> Parsed<ServerHello> {
        self.feed(more, server_choices)
    }

    fn feed<T>(&mut self, mut more: &[u8], read: fn(Bytes<'_>) -> Option<T>) -> Parsed<T> {
        self.seen = self.seen.saturating_add(more.len());
        while !self.invalid && !more.is_empty() {
            if self.left == 0 {
                let (piece, rest) = more.split_at(more.len().min(self.head.remaining_capacity()));
                let _ = self.head.try_extend_from_slice(piece);
                more = rest;
                self.invalid = self.head.first().is_some_and(|content| *content != HANDSHAKE);
                if let [_, _, _, high, low] = *self.head {
                    self.left = usize::from(u16::from_be_bytes([high, low]));
                    self.head.clear();
                }
                continue;
            }
            let (piece, rest) = more.split_at(more.len().min(self.left));
            self.message.extend_from_slice(piece);
            self.left -= piece.len();
            more = rest;
            match *self.message {
                [kind, ..] if kind != self.kind => self.invalid = true,
                [_, high, middle, low, ref body @ ..] => {
                    let length = u32::from_be_bytes([0, high, middle, low]) as usize;
                    if length > LONGEST {
                        self.invalid = true;
                    } else if let Some(body) = body.get(..length) {
                        return read(Bytes(body)).map_or(Parsed::Invalid, Parsed::Message);
                    }
                }
                _ => {}
            }
        }
        if self.invalid || self.seen > LONGEST_STREAM { Parsed::Invalid } else { Parsed::Incomplete }
    }
}

/// The host name in a ClientHello, if it has one.
#[cfg(test)]
pub fn client_hello(stream: &[u8]) -> Parsed<Option<String>> {
    Reader::of_client().name(stream)
}

/// The choices in a ServerHello.
#[cfg(test)]
pub fn server_hello(stream: &[u8]) -> Parsed<ServerHello> {
    Reader::of_server().choices(stream)
}

fn client_name(mut message: Bytes<'_>) -> Option<Option<String>> {
    message.take(2 + 32)?;
    message.block8()?;
    message.block16()?;
    message.block8()?;
    let Some(mut extensions) = message.block16() else { return Some(None) };
    while let Some(kind) = extensions.u16() {
        let mut body = extensions.block16()?;
        if kind == SERVER_NAME {
            let mut names = body.block16()?;
            // The only defined type of name is 0 (RFC 6066, 3).
            if names.u8()? != 0 {
                return Some(None);
            }
            let name = names.block16()?;
            // A name that is not valid UTF-8 is still a requested name.
            return Some(Some(String::from_utf8_lossy(name.0).to_ascii_lowercase()));
        }
    }
    Some(None)
}

#[cfg(any(test, not(tls_openssl)))]
fn server_choices(mut message: Bytes<'_>) -> Option<ServerHello> {
    let mut version = message.u16()?;
    message.take(32)?;
    message.block8()?;
    let cipher = message.u16()?;
    message.u8()?;
    if let Some(mut extensions) = message.block16() {
        while let Some(kind) = extensions.u16() {
            let mut body = extensions.block16()?;
            if kind == SUPPORTED_VERSIONS {
                version = body.u16()?;
            }
        }
    }
    Some(ServerHello { version, cipher })
}

/// Bytes yet to be parsed.
#[derive(Clone, Copy)]
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn u8(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    fn u16(&mut self) -> Option<u16> {
        Some(u16::from(self.u8()?) << 8 | u16::from(self.u8()?))
    }

    fn block8(&mut self) -> Option<Bytes<'a>> {
        let length = self.u8()?;
        self.take(length.into()).map(Bytes)
    }

    fn block16(&mut self) -> Option<Bytes<'a>> {
        let length = self.u16()?;
        self.take(length.into()).map(Bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(kind: u8, body: &[u8]) -> Vec<u8> {
        let mut bytes = vec![kind, 0, (body.len() >> 8) as u8, body.len() as u8];
        bytes.extend_from_slice(body);
        bytes
    }

    fn record(fragment: &[u8]) -> Vec<u8> {
        let mut bytes = vec![HANDSHAKE, 3, 1, (fragment.len() >> 8) as u8, fragment.len() as u8];
        bytes.extend_from_slice(fragment);
        bytes
    }

    fn client() -> Vec<u8> {
        let mut body = vec![3, 3];
        body.extend_from_slice(&[7; 32]);
        body.extend_from_slice(&[0, 0, 2, 0x13, 1, 1, 0]);
        let name = b"A.test";
        let mut extension =
            vec![0, 0, 0, name.len() as u8 + 5, 0, name.len() as u8 + 3, 0, 0, name.len() as u8];
        extension.extend_from_slice(name);
        body.extend_from_slice(&[0, extension.len() as u8]);
        body.extend_from_slice(&extension);
        message(CLIENT_HELLO, &body)
    }

    #[test]
    fn the_name_is_found_in_lower_case() {
        assert_eq!(client_hello(&record(&client())), Parsed::Message(Some("a.test".to_owned())));
    }

    #[test]
    fn a_hello_in_many_records_and_every_part_of_it() {
        let whole = client();
        let stream: Vec<u8> = whole.chunks(9).flat_map(record).collect();
        assert_eq!(client_hello(&stream), Parsed::Message(Some("a.test".to_owned())));
        for length in 0..stream.len() {
            let part = client_hello(stream.get(..length).unwrap_or_default());
            assert_eq!(part, Parsed::Incomplete, "{length}");
        }
    }

    #[test]
    fn other_protocols_are_not_a_hello() {
        assert_eq!(client_hello(b"GET / HTTP/1.1\r\n\r\n"), Parsed::Invalid);
        assert_eq!(server_hello(&record(&client())), Parsed::Invalid);
        assert_eq!(client_hello(&record(&message(CLIENT_HELLO, &[3]))), Parsed::Invalid);
    }

    #[test]
    fn the_version_comes_from_its_extension() {
        let mut body = vec![3, 3];
        body.extend_from_slice(&[7; 32]);
        body.extend_from_slice(&[0, 0x13, 2, 0]);
        let tls12 = message(SERVER_HELLO, &body);
        body.extend_from_slice(&[0, 6, 0, 43, 0, 2, 3, 4]);
        let tls13 = message(SERVER_HELLO, &body);
        let hello = |version| Parsed::Message(ServerHello { version, cipher: 0x1302 });
        assert_eq!(server_hello(&record(&tls12)), hello(0x0303));
        assert_eq!(server_hello(&record(&tls13)), hello(0x0304));
    }
}
