//! Decodes one content coding: bytes in, pieces of limited length out.

#[cfg(feature = "brotli")]
use super::brotli::Brotli;
use super::feed::Feed;
use super::gzip::{Deflate, Gzip};
#[cfg(feature = "zstd")]
use super::zstd::Zstd;

/// The input is not valid for the coding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecodeError;

/// The result of one step of a decoder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// It wrote this many bytes, at least one.
    Wrote(usize),
    /// It needs more input.
    Hungry,
}

#[derive(Debug)]
enum Coding {
    Gzip(Box<Gzip>),
    Deflate(Deflate),
    #[cfg(feature = "brotli")]
    Brotli(Box<Brotli>),
    #[cfg(feature = "zstd")]
    Zstd(Box<Zstd>),
}

/// A decoder and its input.
#[derive(Debug)]
pub struct Decoder {
    name: &'static str,
    /// None after a failure.
    coding: Option<Coding>,
    feed: Feed,
}

impl Decoder {
    /// The decoder for a coding, by its lower-case name. `None` if this build does not support it.
    pub fn new(name: &[u8]) -> Option<Self> {
        let (name, coding) = match name {
            b"gzip" | b"x-gzip" => ("gzip", Coding::Gzip(Box::new(Gzip::new()))),
            b"deflate" => ("deflate", Coding::Deflate(Deflate::default())),
            #[cfg(feature = "brotli")]
            b"br" => ("br", Coding::Brotli(Box::new(Brotli::new()))),
            #[cfg(feature = "zstd")]
            b"zstd" => ("zstd", Coding::Zstd(Box::new(Zstd::new()))),
            _ => return None,
        };
        Some(Decoder { name, coding: Some(coding), feed: Feed::default() })
    }

    /// The name of the coding.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Adds input. Returns false if there was no memory for it.
    pub fn push(&mut self, bytes: &[u8]) -> bool {
        self.feed.push(bytes).is_ok()
    }

    /// Decodes into `out` until it is full or no more input can be decoded. Returns the number of bytes
    /// written.
    pub fn decode(&mut self, out: &mut [u8]) -> Result<usize, DecodeError> {
        let mut written = 0;
        while let Some(room) = out.get_mut(written..).filter(|room| !room.is_empty()) {
            match self.step(room) {
                Ok(Progress::Wrote(count)) => written += count,
                Ok(Progress::Hungry) => break,
                Err(DecodeError) => {
                    self.close();
                    // Returns the output before the damage first.
                    return if written > 0 { Ok(written) } else { Err(DecodeError) };
                }
            }
        }
        Ok(written)
    }

    fn step(&mut self, out: &mut [u8]) -> Result<Progress, DecodeError> {
        let feed = &mut self.feed;
        match self.coding.as_mut().ok_or(DecodeError)? {
            Coding::Gzip(gzip) => gzip.decode(feed, out),
            Coding::Deflate(deflate) => deflate.decode(feed, out),
            #[cfg(feature = "brotli")]
            Coding::Brotli(brotli) => brotli.decode(feed, out),
            #[cfg(feature = "zstd")]
            Coding::Zstd(zstd) => zstd.decode(feed, out),
        }
    }

    /// Ends the input, after all of it was decoded. Fails if the stream is truncated.
    pub fn finish(&mut self) -> Result<(), DecodeError> {
        self.feed.end();
        let complete = match self.coding.as_mut().ok_or(DecodeError)? {
            Coding::Gzip(gzip) => gzip.is_complete(),
            Coding::Deflate(deflate) => deflate.is_complete(&self.feed),
            #[cfg(feature = "brotli")]
            Coding::Brotli(brotli) => brotli.is_complete(),
            #[cfg(feature = "zstd")]
            Coding::Zstd(zstd) => zstd.is_complete(&self.feed),
        };
        if complete { Ok(()) } else { Err(DecodeError) }
    }

    /// Frees the memory. Decoding fails from here on.
    pub fn close(&mut self) {
        self.coding = None;
        self.feed = Feed::default();
    }
}
