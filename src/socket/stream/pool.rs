//! The memory of read-ahead buffers. A stream borrows it while bytes wait in its buffer, so that an idle
//! connection holds none.

use std::cell::Cell;

/// The size of the read buffer (contract tcp.receive.11).
pub const BUFFER: usize = 8192;
/// The buffer grows up to this size while the peer fills it completely each time.
pub const LARGEST_BUFFER: usize = 65536;

thread_local! {
    static KEPT: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// An empty vector, with the memory that the thread has kept.
pub fn borrow() -> Vec<u8> {
    // A thread that is ending has no kept memory any more.
    KEPT.try_with(Cell::take).unwrap_or_default()
}

/// Keeps the memory of a vector for the next stream of this thread, unless it is less than a buffer's.
pub fn give_back(mut memory: Vec<u8>) {
    if (BUFFER..=LARGEST_BUFFER).contains(&memory.capacity()) {
        memory.clear();
        let _ = KEPT.try_with(|kept| kept.set(memory));
    }
}
