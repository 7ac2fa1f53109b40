//! gzip (RFC 1952) with any number of members, and deflate with a zlib wrapper (RFC 1950) or without (RFC
//! 1951).

use flate2::{Crc, Decompress, FlushDecompress, Status};

use super::feed::Feed;
use super::{DecodeError, Progress};

/// Decompresses the available input, until `out` is full.
fn inflate(engine: &mut Decompress, feed: &mut Feed, out: &mut [u8]) -> Result<(usize, bool), DecodeError> {
    let (read, written) = (engine.total_in(), engine.total_out());
    let status = engine.decompress(feed.available(), out, FlushDecompress::None);
    feed.consume((engine.total_in() - read) as usize);
    match status {
        Ok(status) => Ok(((engine.total_out() - written) as usize, status == Status::StreamEnd)),
        Err(_) => Err(DecodeError),
    }
}

/// The next part of a gzip member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// The ten bytes at the start, and how many of them were read.
    Start(usize),
    /// The length of the extra field, and its first byte if it was read.
    ExtraLength(Option<u8>),
    /// The rest of the extra field.
    Extra(u16),
    /// A file name, which ends with a zero byte.
    Name,
    /// A comment, which ends with a zero byte.
    Comment,
    /// The checksum of the header, and its first byte if it was read.
    HeadSum(Option<u8>),
    Data,
    /// Checksum and length, and how many bytes were read.
    Trailer(usize),
}

const MAGIC: [u8; 3] = [0x1f, 0x8b, 8];
const HEAD_SUM: u8 = 2;
const EXTRA: u8 = 4;
const NAME: u8 = 8;
const COMMENT: u8 = 16;
const RESERVED: u8 = 0xe0;

/// A gzip decoder.
#[derive(Debug)]
pub struct Gzip {
    part: Part,
    flags: u8,
    /// The checksum of the header while that is read, then of the decoded data.
    sum: Crc,
    engine: Decompress,
    /// The trailer. Each byte is shifted in from the top.
    trailer: u64,
}

impl Gzip {
    /// A decoder at the start of a stream.
    pub fn new() -> Self {
        Gzip { part: Part::Start(0), flags: 0, sum: Crc::new(), engine: Decompress::new(false), trailer: 0 }
    }

    /// Whether a member has just ended, or none has begun.
    pub fn is_complete(&self) -> bool {
        self.part == Part::Start(0)
    }

    /// Decodes into `out`.
    pub fn decode(&mut self, feed: &mut Feed, out: &mut [u8]) -> Result<Progress, DecodeError> {
        loop {
            match self.part {
                Part::Data => {
                    let before = feed.available().len();
                    let (count, ended) = inflate(&mut self.engine, feed, out)?;
                    self.sum.update(out.get(..count).unwrap_or_default());
                    if ended {
                        self.part = Part::Trailer(0);
                    }
                    if count > 0 {
                        return Ok(Progress::Wrote(count));
                    }
                    if !ended && before == feed.available().len() {
                        return Ok(Progress::Hungry);
                    }
                }
                Part::Trailer(8) => {
                    let expected = u64::from(self.sum.amount()) << 32 | u64::from(self.sum.sum());
                    if self.trailer != expected {
                        return Err(DecodeError);
                    }
                    self.part = Part::Start(0);
                    self.sum.reset();
                    self.engine.reset(false);
                }
                part => {
                    let Some(byte) = feed.next() else { return Ok(Progress::Hungry) };
                    self.part = self.head(part, byte)?;
                }
            }
        }
    }

    /// Processes one byte outside the compressed data.
    fn head(&mut self, part: Part, byte: u8) -> Result<Part, DecodeError> {
        if let Part::Trailer(count) = part {
            self.trailer = self.trailer >> 8 | u64::from(byte) << 56;
            return Ok(Part::Trailer(count + 1));
        }
        let sum = self.sum.sum() as u16;
        self.sum.update(&[byte]);
        let ended = match part {
            Part::Start(count) => {
                if MAGIC.get(count).is_some_and(|expected| *expected != byte) {
                    return Err(DecodeError);
                }
                if count == 3 {
                    self.flags = byte;
                    if byte & RESERVED != 0 {
                        return Err(DecodeError);
                    }
                }
                if count < 9 {
                    return Ok(Part::Start(count + 1));
                }
                0
            }
            Part::ExtraLength(None) => return Ok(Part::ExtraLength(Some(byte))),
            Part::ExtraLength(Some(low)) => match u16::from_le_bytes([low, byte]) {
                0 => EXTRA,
                length => return Ok(Part::Extra(length)),
            },
            Part::Extra(1) => EXTRA,
            Part::Extra(left) => return Ok(Part::Extra(left - 1)),
            Part::Name if byte == 0 => NAME,
            Part::Comment if byte == 0 => COMMENT,
            Part::Name | Part::Comment => return Ok(part),
            Part::HeadSum(None) => {
                // The checksum covers the bytes before it.
                self.trailer = u64::from(sum);
                return Ok(Part::HeadSum(Some(byte)));
            }
            Part::HeadSum(Some(low)) => {
                if u64::from(u16::from_le_bytes([low, byte])) != self.trailer {
                    return Err(DecodeError);
                }
                HEAD_SUM
            }
            Part::Data | Part::Trailer(_) => return Err(DecodeError),
        };
        Ok(self.after(ended))
    }

    /// The part of the header after the part with this flag.
    fn after(&mut self, flag: u8) -> Part {
        let has = |wanted| self.flags & wanted != 0;
        // In the order of the format, which differs from the order of the flags: the checksum comes last.
        if flag == 0 && has(EXTRA) {
            Part::ExtraLength(None)
        } else if matches!(flag, 0 | EXTRA) && has(NAME) {
            Part::Name
        } else if matches!(flag, 0 | EXTRA | NAME) && has(COMMENT) {
            Part::Comment
        } else if flag != HEAD_SUM && has(HEAD_SUM) {
            Part::HeadSum(None)
        } else {
            self.sum.reset();
            Part::Data
        }
    }
}

/// A deflate decoder. Servers send it with and without a zlib wrapper; the first two bytes show which.
#[derive(Debug, Default)]
pub struct Deflate {
    engine: Option<Decompress>,
    done: bool,
}

impl Deflate {
    /// Whether the stream has ended, or has not begun.
    pub fn is_complete(&self, feed: &Feed) -> bool {
        self.done || self.engine.is_none() && feed.available().is_empty()
    }

    /// Decodes into `out`.
    pub fn decode(&mut self, feed: &mut Feed, out: &mut [u8]) -> Result<Progress, DecodeError> {
        loop {
            if self.done {
                return if feed.available().is_empty() { Ok(Progress::Hungry) } else { Err(DecodeError) };
            }
            let engine = match &mut self.engine {
                Some(engine) => engine,
                None => match feed.available() {
                    [first, second, ..] => {
                        let head = u16::from_be_bytes([*first, *second]);
                        let wrapped = first & 0x0f == 8 && first >> 4 <= 7 && head % 31 == 0;
                        self.engine.insert(Decompress::new(wrapped))
                    }
                    [] => return Ok(Progress::Hungry),
                    // A whole raw stream has at least two bytes.
                    [_] if feed.has_ended() => return Err(DecodeError),
                    [_] => return Ok(Progress::Hungry),
                },
            };
            let before = feed.available().len();
            let (count, ended) = inflate(engine, feed, out)?;
            self.done = ended;
            if count > 0 {
                return Ok(Progress::Wrote(count));
            }
            if !ended && before == feed.available().len() {
                return Ok(Progress::Hungry);
            }
        }
    }
}
