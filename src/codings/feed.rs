//! The input of a decoder: bytes that came, up to those that it has used.

use std::collections::TryReserveError;

/// Bytes in the order they came. The memory is that of what is not used yet.
#[derive(Debug, Default)]
pub struct Feed {
    bytes: Vec<u8>,
    used: usize,
    ended: bool,
}

impl Feed {
    /// Adds bytes at the end.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), TryReserveError> {
        self.bytes.drain(..self.used);
        self.used = 0;
        self.bytes.try_reserve(bytes.len())?;
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    /// Nothing more will come.
    pub fn end(&mut self) {
        self.ended = true;
    }

    /// Whether nothing more will come.
    pub fn has_ended(&self) -> bool {
        self.ended
    }

    /// The bytes that are there.
    pub fn available(&self) -> &[u8] {
        self.bytes.get(self.used..).unwrap_or_default()
    }

    /// Marks bytes as used.
    pub fn consume(&mut self, count: usize) {
        self.used = self.used.saturating_add(count).min(self.bytes.len());
    }

    /// Uses one byte.
    pub fn next(&mut self) -> Option<u8> {
        let byte = self.available().first().copied();
        self.consume(usize::from(byte.is_some()));
        byte
    }
}
