//! The few bytes a codec has seen but cannot treat before it sees more.

/// Up to `N` undecided bytes, in the order in which they came.
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
    /// The undecided bytes.
    pub fn as_slice(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }

    /// How many bytes are undecided.
    pub fn len(&self) -> usize {
        self.len
    }

    /// True when every byte seen so far has been treated.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Replaces the content by `rest`, of which no codec has more than `N` bytes.
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

    /// Forgets all bytes.
    pub fn clear(&mut self) {
        self.len = 0;
    }
}
