//! The memory in which results are collected. It is kept from one call to the next. The system clears memory
//! each time it hands it out, and that takes as long as receiving into it.

use std::cell::Cell;
use std::collections::TryReserveError;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicBool, Ordering};

/// The largest number of bytes that a thread keeps.
const MOST_KEPT: usize = 1 << 20;

/// Makes the C library keep the memory that Lua frees, when strings of this length come and go. The GNU C
/// library returns a large block to the system at once. It also returns free memory at the end of the heap,
/// when that is more than twice the largest block freed so far. So a larger block is allocated and freed
/// here, once. The block is never touched. Receiving pieces of 1 MB then takes half the CPU time.
pub fn keep_freed_memory(length: usize) {
    const LARGE: usize = 128 * 1024;
    const LARGER: usize = 4 << 20;
    static DONE: AtomicBool = AtomicBool::new(false);
    if cfg!(target_env = "gnu") && length >= LARGE && !DONE.swap(true, Ordering::Relaxed) {
        // If there is no memory for the block, the C library keeps nothing.
        let _ = check(LARGER);
    }
}

/// Checks that an allocation of this size would succeed now.
pub fn check(bytes: usize) -> Result<(), TryReserveError> {
    let mut probe = Vec::<u8>::new();
    let outcome = probe.try_reserve_exact(bytes);
    // Keeps the compiler from removing the allocation.
    std::hint::black_box(&mut probe);
    outcome
}

thread_local! {
    static KEPT: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// A byte vector whose memory returns to its thread.
#[derive(Debug)]
pub struct ScratchBuffer(Vec<u8>);

impl ScratchBuffer {
    /// An empty vector with the memory that the thread has kept.
    pub fn take() -> Self {
        // A thread that is ending has no kept memory any more.
        ScratchBuffer(KEPT.try_with(Cell::take).unwrap_or_default())
    }

    /// A vector without memory.
    pub const fn none() -> Self {
        ScratchBuffer(Vec::new())
    }
}

impl Drop for ScratchBuffer {
    fn drop(&mut self) {
        if (1..=MOST_KEPT).contains(&self.0.capacity()) {
            self.0.clear();
            let memory = std::mem::take(&mut self.0);
            let _ = KEPT.try_with(|kept| kept.set(memory));
        }
    }
}

impl Deref for ScratchBuffer {
    type Target = Vec<u8>;

    fn deref(&self) -> &Vec<u8> {
        &self.0
    }
}

impl DerefMut for ScratchBuffer {
    fn deref_mut(&mut self) -> &mut Vec<u8> {
        &mut self.0
    }
}

impl From<ScratchBuffer> for Vec<u8> {
    /// The memory does not return to its thread.
    fn from(mut buffer: ScratchBuffer) -> Self {
        std::mem::take(&mut buffer.0)
    }
}

impl AsRef<[u8]> for ScratchBuffer {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_kept_up_to_a_bound() {
        let mut first = ScratchBuffer::take();
        first.reserve_exact(1000);
        first.push(1);
        let place = first.as_ptr();
        drop(first);
        let mut second = ScratchBuffer::take();
        assert!(second.is_empty());
        assert_eq!(second.as_ptr(), place);
        second.reserve_exact(MOST_KEPT + 1);
        drop(second);
        assert_eq!(ScratchBuffer::take().capacity(), 0);
    }
}
