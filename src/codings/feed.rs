//! The input of a decoder: bytes received but not used yet.

use std::collections::TryReserveError;

/// Bytes in order. Used ones are freed at the next `push`.
#[derive(Debug, Default)]
pub struct Feed {
    bytes: Vec<u8>,
    used: usize,
    ended: bool,
}

impl Feed {
    /// Appends bytes.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), TryReserveError> {
        self.bytes.drain(..self.used);
        self.used = 0;
        self.bytes.try_reserve(bytes.len())?;
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    /// Marks the end of the input.
    pub fn end(&mut self) {
        self.ended = true;
    }

    /// Whether the end of the input was marked.
    pub fn has_ended(&self) -> bool {
        self.ended
    }

    /// The bytes not used yet.
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
