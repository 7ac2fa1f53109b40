//! brotli (RFC 7932) without the extension for large windows: a window has at most 16 MB.

use brotli_decompressor::{BrotliDecompressStream, BrotliResult, BrotliState, StandardAlloc};

use super::feed::Feed;
use super::{DecodeError, Progress};

/// A brotli decoder.
pub struct Brotli {
    state: BrotliState<StandardAlloc, StandardAlloc, StandardAlloc>,
    done: bool,
    begun: bool,
}

impl std::fmt::Debug for Brotli {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Brotli").field("done", &self.done).finish_non_exhaustive()
    }
}

impl Brotli {
    /// A decoder at the start of a stream.
    pub fn new() -> Self {
        let (bytes, words, codes) =
            (StandardAlloc::default(), StandardAlloc::default(), StandardAlloc::default());
        Brotli { state: BrotliState::new_strict(bytes, words, codes), done: false, begun: false }
    }

    /// Whether the stream has ended, or has not begun.
    pub fn is_complete(&self) -> bool {
        self.done || !self.begun
    }

    /// Decodes into `out`.
    pub fn decode(&mut self, feed: &mut Feed, out: &mut [u8]) -> Result<Progress, DecodeError> {
        if self.done {
            return if feed.available().is_empty() { Ok(Progress::Hungry) } else { Err(DecodeError) };
        }
        self.begun = self.begun || !feed.available().is_empty();
        let (mut left, mut used) = (feed.available().len(), 0);
        let (mut room, mut written, mut total) = (out.len(), 0, 0);
        let result = BrotliDecompressStream(
            &mut left,
            &mut used,
            feed.available(),
            &mut room,
            &mut written,
            out,
            &mut total,
            &mut self.state,
        );
        feed.consume(used);
        match result {
            BrotliResult::ResultFailure => return Err(DecodeError),
            BrotliResult::ResultSuccess => self.done = true,
            BrotliResult::NeedsMoreInput | BrotliResult::NeedsMoreOutput => {}
        }
        match written {
            0 if self.done && !feed.available().is_empty() => Err(DecodeError),
            0 => Ok(Progress::Hungry),
            count => Ok(Progress::Wrote(count)),
        }
    }
}
