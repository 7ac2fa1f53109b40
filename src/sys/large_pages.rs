//! Large pages for large buffers. The system clears them five times faster than small ones, and to clear the memory
//! of a buffer takes longer than to fill it.

/// Asks for large pages for the memory of a buffer, if it is large.
#[cfg(target_os = "linux")]
pub fn prefer_large_pages(buffer: &Vec<u8>) {
    const LARGE: usize = 4 << 20;
    const PAGE: usize = 4096;
    if buffer.capacity() < LARGE {
        return;
    }
    let start = buffer.as_ptr().addr().next_multiple_of(PAGE);
    let end = buffer.as_ptr().addr() + buffer.capacity();
    // SAFETY: this changes how the system provides the pages, and not their contents. They are the buffer's. The system
    // refuses an address that is not the start of a page. After an error the pages stay small.
    unsafe {
        libc::madvise(start as *mut libc::c_void, end - start, libc::MADV_HUGEPAGE);
    }
}

/// Other systems decide themselves.
#[cfg(not(target_os = "linux"))]
pub fn prefer_large_pages(_: &Vec<u8>) {}
