//! Chunks of a request's body (RFC 9112, 7.1): the lines between their data, parsed strictly
//! (server.syntax.9).
//!
//! Works on bytes and does not use Lua.

use memchr::memchr;

use super::request_head::{Fields, Refusal, chunk_size};

/// The limits on bytes between the data of chunks.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of extensions.
    pub extensions: usize,
    /// Bytes of trailers, line ends included.
    pub trailers: usize,
}

/// The start of a chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// The number of data bytes that follow. Zero for the last chunk; its trailers have then been read too.
    pub size: u64,
    /// The number of bytes in the lines.
    pub length: usize,
    /// The number of extension bytes among them.
    pub extensions: usize,
}

/// The search for the lines at the start of a chunk. With more bytes, it continues where it stopped.
#[derive(Clone, Copy, Debug)]
pub struct Scan {
    /// Whether the line end after the previous chunk's data is still missing.
    after_data: bool,
    /// The start of the line that is not complete yet.
    line: usize,
    /// The end of the part of that line already searched.
    seen: usize,
    /// Set once the size line is complete: the start of the trailers, the size, and the extension bytes.
    begun: Option<(usize, u64, usize)>,
}

const INVALID: Refusal = Refusal { status: 400, reason: "invalid chunk size" };

impl Scan {
    /// Starts at the first chunk, or after the data of another chunk.
    pub fn new(first: bool) -> Self {
        Scan { after_data: !first, line: 0, seen: 0, begun: None }
    }

    /// Searches all bytes received so far.
    pub fn advance(&mut self, data: &[u8], limits: &Limits) -> Result<Option<Chunk>, Refusal> {
        if self.after_data {
            match data {
                [b'\r', b'\n', ..] => {}
                [] | [b'\r'] => return Ok(None),
                _ => return Err(INVALID),
            }
            self.after_data = false;
            (self.line, self.seen) = (2, 2);
        }
        loop {
            let rest = data.get(self.seen..).unwrap_or_default();
            let found = memchr(b'\n', rest).map(|offset| self.seen + offset);
            self.seen = found.map_or(data.len(), |found| found + 1);
            match self.begun {
                // 15 digits and CRLF.
                None if self.seen - self.line > limits.extensions + 17 => return Err(INVALID),
                Some((start, ..)) if self.seen - start > limits.trailers + 2 => {
                    return Err(Refusal { status: 400, reason: "trailers too large" });
                }
                _ => {}
            }
            let Some(found) = found else { return Ok(None) };
            let Some(line) = data.get(self.line..found).and_then(|line| line.strip_suffix(b"\r")) else {
                return Err(INVALID);
            };
            self.line = self.seen;
            match self.begun {
                None => {
                    let (size, extensions) = chunk_size(line).ok_or(INVALID)?;
                    if extensions > limits.extensions {
                        return Err(INVALID);
                    }
                    if size > 0 {
                        return Ok(Some(Chunk { size, length: self.seen, extensions }));
                    }
                    self.begun = Some((self.seen, size, extensions));
                }
                Some((start, size, extensions)) if line.is_empty() => {
                    for field in Fields::new(data.get(start..self.seen - 2).unwrap_or_default()) {
                        field?;
                    }
                    return Ok(Some(Chunk { size, length: self.seen, extensions }));
                }
                Some(_) => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { extensions: 10, trailers: 20 };

    fn read(text: &str, first: bool) -> Result<Option<(u64, usize)>, u16> {
        let chunk = Scan::new(first).advance(text.as_bytes(), &LIMITS);
        chunk.map(|chunk| chunk.map(|chunk| (chunk.size, chunk.length))).map_err(|refusal| refusal.status)
    }

    #[test]
    fn a_chunk_begins_with_its_size() {
        assert_eq!(read("5\r\nhello", true), Ok(Some((5, 3))));
        assert_eq!(read("\r\n5;a=b\r\nhello", false), Ok(Some((5, 9))));
        assert_eq!(read("5", true), Ok(None));
        assert_eq!(read("\r", false), Ok(None));
        for bad in ["5 \r\n", "+5\r\n", "0x5\r\n", "\r\n", "5\n", "5\r\r\n", "5;a\n", "1234567890123456\r\n"]
        {
            assert_eq!(read(bad, true), Err(400), "{bad:?}");
        }
        assert_eq!(read("x\r\n5\r\n", false), Err(400));
        assert_eq!(read(&format!("5;{}\r\n", "x".repeat(9)), true), Ok(Some((5, 13))));
        assert_eq!(read(&format!("5;{}\r\n", "x".repeat(10)), true), Err(400));
        assert_eq!(read(&format!("5;{}", "x".repeat(100)), true), Err(400));
    }

    #[test]
    fn the_last_chunk_has_trailers() {
        assert_eq!(read("0\r\n\r\nrest", true), Ok(Some((0, 5))));
        assert_eq!(read("0\r\nA: b\r\n\r\nrest", true), Ok(Some((0, 11))));
        assert_eq!(read("0\r\nA: b\r\n", true), Ok(None));
        assert_eq!(read("0\r\nA : b\r\n\r\n", true), Err(400));
        assert_eq!(read("0\r\nA: b\r\n c\r\n\r\n", true), Err(400));
        assert_eq!(read(&format!("0\r\nA: {}\r\n\r\n", "x".repeat(15)), true), Ok(Some((0, 25))));
        assert_eq!(read(&format!("0\r\nA: {}\r\n\r\n", "x".repeat(16)), true), Err(400));
    }

    #[test]
    fn any_cut_gives_the_same_chunk() {
        let text = b"\r\n0;x\r\nA: b\r\n\r\nrest";
        for cut in 0..text.len() {
            let mut scan = Scan::new(false);
            let first = scan.advance(text.get(..cut).unwrap_or_default(), &LIMITS);
            let chunk = match first {
                Ok(None) => scan.advance(text, &LIMITS),
                other => other,
            };
            assert_eq!(chunk, Ok(Some(Chunk { size: 0, length: text.len() - 4, extensions: 2 })), "{cut}");
        }
    }
}
