//! The list of ready descriptors. Each system has one file for it, with the same interface.

use rustix::event::PollFlags;

#[cfg(epoll)]
mod epoll;
#[cfg(kqueue)]
mod kqueue;
#[cfg(not(any(epoll, kqueue)))]
mod poll;
#[cfg_attr(windows, path = "readiness/waker_windows.rs")]
mod waker;

#[cfg(epoll)]
pub use epoll::Readiness;
#[cfg(kqueue)]
pub use kqueue::Readiness;
#[cfg(not(any(epoll, kqueue)))]
pub use poll::Readiness;
pub use waker::Waker;

/// The result of adding a descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Added {
    /// Changes are reported from now on. A descriptor that is ready already is reported too.
    Watched,
    /// It cannot be watched because it never blocks, for example a regular file.
    #[cfg_attr(not(any(epoll, kqueue)), allow(dead_code))]
    AlwaysReady,
}

/// A change that a wait reports.
pub enum Change {
    /// Another thread, or code outside tasks, has woken the wait.
    Woken,
    /// A descriptor is ready.
    Ready(i32, PollFlags),
}
