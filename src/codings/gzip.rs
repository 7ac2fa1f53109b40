//! gzip (RFC 1952) with any number of members, and deflate with its zlib wrapper (RFC 1950) or without (RFC 1951).

use flate2::{Crc, Decompress, FlushDecompress, Status};

use super::feed::Feed;
use super::{Progress, Trouble};

/// Runs the decompressor over what there is, up to a full `out`.
fn inflate(engine: &mut Decompress, feed: &mut Feed, out: &mut [u8]) -> Result<(usize, bool), Trouble> {
    let (read, written) = (engine.total_in(), engine.total_out());
    let status = engine.decompress(feed.available(), out, FlushDecompress::None);
    feed.consume((engine.total_in() - read) as usize);
    match status {
        Ok(status) => Ok(((engine.total_out() - written) as usize, status == Status::StreamEnd)),
        Err(_) => Err(Trouble),
    }
}

/// What comes next in a gzip member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// The ten bytes at its start: how many of them have been read.
    Start(usize),
    /// The length of the extra field: the bytes of it that are known.
    ExtraLength(Option<u8>),
    /// The rest of the extra field.
    Extra(u16),
    /// A file name or a comment, up to a zero byte.
    Name,
    /// As above.
    Comment,
    /// The check sum of the head: the bytes of it that are known.
    HeadSum(Option<u8>),
    Data,
    /// Check sum and length: how many bytes have been read.
    Trailer(usize),
}

const MAGIC: [u8; 3] = [0x1f, 0x8b, 8];
const HEAD_SUM: u8 = 2;
const EXTRA: u8 = 4;
const NAME: u8 = 8;
const COMMENT: u8 = 16;
const RESERVED: u8 = 0xe0;

/// A decoder of gzip.
#[derive(Debug)]
pub struct Gzip {
    part: Part,
    flags: u8,
    /// Over the bytes of the head while it is read, then over what was decoded.
    sum: Crc,
    engine: Decompress,
    /// The trailer backwards, so that it is shifted in.
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
    pub fn decode(&mut self, feed: &mut Feed, out: &mut [u8]) -> Result<Progress, Trouble> {
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
                        return Err(Trouble);
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

    /// Takes one byte outside the data.
    fn head(&mut self, part: Part, byte: u8) -> Result<Part, Trouble> {
        if let Part::Trailer(count) = part {
            self.trailer = self.trailer >> 8 | u64::from(byte) << 56;
            return Ok(Part::Trailer(count + 1));
        }
        let sum = self.sum.sum() as u16;
        self.sum.update(&[byte]);
        let ended = match part {
            Part::Start(count) => {
                if MAGIC.get(count).is_some_and(|expected| *expected != byte) {
                    return Err(Trouble);
                }
                if count == 3 {
                    self.flags = byte;
                    if byte & RESERVED != 0 {
                        return Err(Trouble);
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
                // The sum is of what stands before it.
                self.trailer = u64::from(sum);
                return Ok(Part::HeadSum(Some(byte)));
            }
            Part::HeadSum(Some(low)) => {
                if u64::from(u16::from_le_bytes([low, byte])) != self.trailer {
                    return Err(Trouble);
                }
                HEAD_SUM
            }
            Part::Data | Part::Trailer(_) => return Err(Trouble),
        };
        Ok(self.after(ended))
    }

    /// The part of the head that follows the one with a flag.
    fn after(&mut self, flag: u8) -> Part {
        let has = |wanted| self.flags & wanted != 0;
        // In the order of the format, which is not that of the flags: the check sum comes last.
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

/// A decoder of deflate, which finds out by the first two bytes whether there is a wrapper: servers send both.
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
    pub fn decode(&mut self, feed: &mut Feed, out: &mut [u8]) -> Result<Progress, Trouble> {
        loop {
            if self.done {
                return if feed.available().is_empty() { Ok(Progress::Hungry) } else { Err(Trouble) };
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
                    // A whole raw stream has two bytes at least.
                    [_] if feed.has_ended() => return Err(Trouble),
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
