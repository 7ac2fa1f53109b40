//! The two hello messages, which pass in clear: the name a client asks for, the version and
//! cipher a server chooses. TLS libraries keep them to themselves.

/// A message longer than this is nobody's hello.
const LONGEST: usize = 65536;
const HANDSHAKE: u8 = 22;
const CLIENT_HELLO: u8 = 1;
const SERVER_HELLO: u8 = 2;
const SERVER_NAME: u16 = 0;
const SUPPORTED_VERSIONS: u16 = 43;

/// What the bytes so far amount to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Parsed<T> {
    /// The beginning of a message.
    Incomplete,
    /// Something else.
    Invalid,
    /// The whole message.
    Message(T),
}

/// What the server chose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServerHello {
    /// 0x0303 for TLS 1.2, 0x0304 for TLS 1.3.
    pub version: u16,
    /// The cipher suite's number.
    pub cipher: u16,
}

/// The host name in a client's hello, if it has one.
pub fn client_hello(stream: &[u8]) -> Parsed<Option<String>> {
    parse(stream, CLIENT_HELLO, |mut message| {
        message.take(2 + 32)?;
        message.block8()?;
        message.block16()?;
        message.block8()?;
        let Some(mut extensions) = message.block16() else { return Some(None) };
        while let Some(kind) = extensions.u16() {
            let mut body = extensions.block16()?;
            if kind == SERVER_NAME {
                let mut names = body.block16()?;
                // The one kind of name there is (RFC 6066, 3).
                if names.u8()? != 0 {
                    return Some(None);
                }
                let name = names.block16()?;
                // One that is no text is still a name that was asked for, not the lack of one.
                return Some(Some(String::from_utf8_lossy(name.0).to_ascii_lowercase()));
            }
        }
        Some(None)
    })
}

/// The choices in a server's hello.
pub fn server_hello(stream: &[u8]) -> Parsed<ServerHello> {
    parse(stream, SERVER_HELLO, |mut message| {
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
    })
}

fn parse<T>(stream: &[u8], kind: u8, read: impl FnOnce(Bytes<'_>) -> Option<T>) -> Parsed<T> {
    let mut message = Vec::new();
    let mut records = Bytes(stream);
    while let Some(content) = records.u8() {
        if content != HANDSHAKE {
            return Parsed::Invalid;
        }
        let Some(fragment) = records.take(2).and_then(|_| records.partial16()) else {
            return Parsed::Incomplete;
        };
        message.extend_from_slice(fragment);
        match message.first() {
            Some(first) if *first == kind => {}
            Some(_) => return Parsed::Invalid,
            None => continue,
        }
        let mut body = Bytes(&message);
        if body.u8().is_some()
            && let Some(length) = body.u24()
        {
            if length > LONGEST {
                return Parsed::Invalid;
            }
            if let Some(body) = body.take(length) {
                return read(Bytes(body)).map_or(Parsed::Invalid, Parsed::Message);
            }
        }
    }
    if stream.len() > 2 * LONGEST { Parsed::Invalid } else { Parsed::Incomplete }
}

/// Bytes still to be read.
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

    fn u24(&mut self) -> Option<usize> {
        Some(usize::from(self.u8()?) << 16 | usize::from(self.u16()?))
    }

    fn block8(&mut self) -> Option<Bytes<'a>> {
        let length = self.u8()?;
        self.take(length.into()).map(Bytes)
    }

    fn block16(&mut self) -> Option<Bytes<'a>> {
        let length = self.u16()?;
        self.take(length.into()).map(Bytes)
    }

    /// A block whose end may be missing.
    fn partial16(&mut self) -> Option<&'a [u8]> {
        let length = usize::from(self.u16()?).min(self.0.len());
        self.take(length)
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
