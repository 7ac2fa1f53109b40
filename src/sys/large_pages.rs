//! Large pages for large blocks of memory. The system clears them five times faster than small ones, and to clear the
//! memory of a block takes longer than to fill it.

/// From this size on, a block of memory gets large pages.
#[cfg(target_os = "linux")]
pub const LARGE: usize = 4 << 20;

/// Asks for large pages for a block of memory of `size` bytes, if that pays off. For a few large pages the system has
/// memory ready. For many, it often moves other memory first, which takes longer than clearing small pages. So this
/// asks for the start of a block only.
#[cfg(target_os = "linux")]
pub fn prefer_large_pages(memory: *const u8, size: usize) {
    const MOST: usize = 32 << 20;
    const PAGE: usize = 4096;
    if size < LARGE {
        return;
    }
    let start = memory.addr().next_multiple_of(PAGE);
    let end = memory.addr() + size.min(MOST);
    // SAFETY: this changes how the system provides the pages, and not their contents. The system refuses an address
    // that is not the start of a page, or that has no memory. After an error the pages stay small.
    unsafe {
        libc::madvise(start as *mut libc::c_void, end - start, libc::MADV_HUGEPAGE);
    }
}

/// Other systems decide themselves.
#[cfg(not(target_os = "linux"))]
pub fn prefer_large_pages(_: *const u8, _: usize) {}
