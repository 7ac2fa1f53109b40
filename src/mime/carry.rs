//! The few bytes that a codec has received but cannot process before it gets more.

/// Up to `N` held-back bytes, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Carry<const N: usize = 3> {
    bytes: [u8; N],
    len: usize,
}

impl<const N: usize> Default for Carry<N> {
    fn default() -> Self {
        Self { bytes: [0; N], len: 0 }
    }
}

impl<const N: usize> Carry<N> {
    /// The bytes held back.
    pub fn as_slice(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }

    /// The number of bytes held back.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether no byte is held back.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Replaces the content. No codec passes more than `N` bytes.
    pub fn set(&mut self, rest: &[u8]) {
        debug_assert!(rest.len() <= self.bytes.len());
        self.len = 0;
        for &byte in rest {
            self.push(byte);
        }
    }

    /// Adds one byte at the end.
    pub fn push(&mut self, byte: u8) {
        if let Some(slot) = self.bytes.get_mut(self.len) {
            *slot = byte;
            self.len += 1;
        }
    }

    /// Removes all bytes.
    pub fn clear(&mut self) {
        self.len = 0;
    }
}
