//! zstd (RFC 8878), with a window of at most 8 MB (RFC 9659) and any number of frames.

use std::io::Read;

use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use super::feed::Feed;
use super::{DecodeError, Progress};

const LARGEST_WINDOW: u64 = 8 << 20;
const LARGEST_BLOCK: usize = 128 << 10;
const MAGIC: u32 = 0xfd2f_b528;
const SKIPPABLE: u32 = 0x184d_2a50;

/// The next part of the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// A frame, or the end.
    Frame,
    /// The blocks of a frame.
    Blocks,
    /// The rest of a skippable frame.
    Skip(u32),
}

/// A zstd decoder.
pub struct Zstd {
    part: Part,
    frame: FrameDecoder,
    /// Whether a checksum follows the last block of the frame.
    summed: bool,
}

impl std::fmt::Debug for Zstd {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Zstd").field("part", &self.part).finish_non_exhaustive()
    }
}

impl Zstd {
    /// A decoder at the start of a stream.
    pub fn new() -> Self {
        let mut frame = FrameDecoder::new();
        frame.set_max_window_size(LARGEST_WINDOW);
        Zstd { part: Part::Frame, frame, summed: false }
    }

    /// Whether a frame has just ended, or none has begun.
    pub fn is_complete(&self, feed: &Feed) -> bool {
        self.part == Part::Frame && feed.available().is_empty()
    }

    /// Decodes into `out`.
    pub fn decode(&mut self, feed: &mut Feed, out: &mut [u8]) -> Result<Progress, DecodeError> {
        loop {
            let goes_on = match self.part {
                Part::Frame => self.begin(feed)?,
                Part::Skip(left) => skip(left, feed).map(|left| {
                    self.part = if left == 0 { Part::Frame } else { Part::Skip(left) };
                }),
                Part::Blocks => {
                    let count = if self.frame.can_collect() > 0 {
                        self.frame.read(out).map_err(|_| DecodeError)?
                    } else {
                        0
                    };
                    if count > 0 {
                        return Ok(Progress::Wrote(count));
                    }
                    if self.frame.is_finished() {
                        self.finish()?;
                        Some(())
                    } else {
                        self.block(feed)?
                    }
                }
            };
            if goes_on.is_none() {
                return Ok(Progress::Hungry);
            }
        }
    }

    /// Reads the header of a frame, if all of it is available.
    fn begin(&mut self, feed: &mut Feed) -> Result<Option<()>, DecodeError> {
        let bytes = feed.available();
        let Some(&[a, b, c, d, descriptor]) = bytes.first_chunk::<5>() else { return Ok(None) };
        let magic = u32::from_le_bytes([a, b, c, d]);
        if magic & !0xf == SKIPPABLE {
            let Some(&[_, _, _, _, e, f, g, h]) = bytes.first_chunk::<8>() else { return Ok(None) };
            feed.consume(8);
            self.part = Part::Skip(u32::from_le_bytes([e, f, g, h]));
            return Ok(Some(()));
        }
        if magic != MAGIC {
            return Err(DecodeError);
        }
        let mut head = bytes.get(..head_length(descriptor)).unwrap_or_default();
        if head.is_empty() {
            return Ok(None);
        }
        self.frame.init(&mut head).map_err(|_| DecodeError)?;
        let used = self.frame.bytes_read_from_source();
        feed.consume(used as usize);
        self.summed = descriptor & 4 != 0;
        self.part = Part::Blocks;
        Ok(Some(()))
    }

    /// Decodes one block, if all of it is available.
    fn block(&mut self, feed: &mut Feed) -> Result<Option<()>, DecodeError> {
        let bytes = feed.available();
        let Some(&[a, b, c]) = bytes.first_chunk::<3>() else { return Ok(None) };
        let head = u32::from_le_bytes([a, b, c, 0]);
        let size = (head >> 3) as usize;
        let content = match head >> 1 & 3 {
            // One byte, repeated.
            1 => 1,
            0 | 2 if size <= LARGEST_BLOCK => size,
            _ => return Err(DecodeError),
        };
        if size > LARGEST_BLOCK {
            return Err(DecodeError);
        }
        let sum = if head & 1 == 1 && self.summed { 4 } else { 0 };
        let Some(mut block) = bytes.get(..3 + content + sum) else { return Ok(None) };
        self.frame
            .decode_blocks(&mut block, BlockDecodingStrategy::UptoBlocks(1))
            .map_err(|_| DecodeError)?;
        feed.consume(3 + content + sum);
        Ok(Some(()))
    }

    /// Verifies the checksum of a frame.
    fn finish(&mut self) -> Result<(), DecodeError> {
        self.part = Part::Frame;
        match (self.frame.get_checksum_from_data(), self.frame.get_calculated_checksum()) {
            (Some(sent), Some(counted)) if sent != counted => Err(DecodeError),
            _ => Ok(()),
        }
    }
}

/// The length of a frame header, magic number included, from its descriptor (RFC 8878, 3.1.1.1).
fn head_length(descriptor: u8) -> usize {
    let single = descriptor >> 5 & 1;
    let window = usize::from(1 - single);
    let dictionary = [0, 1, 2, 4].get(usize::from(descriptor & 3)).copied().unwrap_or(0);
    let size = match descriptor >> 6 {
        0 => usize::from(single),
        1 => 2,
        2 => 4,
        _ => 8,
    };
    5 + window + dictionary + size
}

/// Skips bytes. Returns how many are left, or `None` if no byte was available.
fn skip(left: u32, feed: &mut Feed) -> Option<u32> {
    let count = feed.available().len().min(left as usize);
    if count == 0 && left > 0 {
        return None;
    }
    feed.consume(count);
    Some(left - count as u32)
}
