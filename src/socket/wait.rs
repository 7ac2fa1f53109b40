//! Waiting for one descriptor.

use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::fd::BorrowedFd;
use rustix::io::Errno;

use super::descriptor::borrow_number;
use super::error::Failure;
use super::timeout::Wait;
use crate::sys;
use crate::sys::interrupt::is_interrupted;
use crate::sys::libc;

/// Polls one descriptor, given by number, until it is ready. Returns the ready events.
pub fn poll_number(number: i32, events: PollFlags, limit: Wait) -> Result<PollFlags, Failure> {
    poll_one(borrow_number(number).ok_or(Failure::Errno(libc::EBADF))?, events, limit)
}

fn poll_one(fd: BorrowedFd<'_>, events: PollFlags, wait: Wait) -> Result<PollFlags, Failure> {
    let end = end(wait);
    let mut left = match wait {
        Wait::No => Some(Duration::ZERO),
        Wait::For(limit) => end.map(|_| limit),
        Wait::Forever => None,
    };
    loop {
        // Round up. Otherwise the part of a millisecond that is left after a signal would be lost.
        let milliseconds =
            left.map_or(-1, |left| i32::try_from(left.as_micros().div_ceil(1000)).unwrap_or(i32::MAX));
        match sys::poll_one(fd, events, milliseconds) {
            Ok(ready) if !ready.is_empty() => return Ok(ready),
            // One call can wait at most `i32::MAX` milliseconds. A longer wait continues in the next call.
            Ok(_) if milliseconds != i32::MAX => return Err(Failure::Timeout),
            Err(Errno::INTR) if is_interrupted() => return Err(Errno::INTR.into()),
            Ok(_) | Err(Errno::INTR) => {
                left = end.map(|end| end.saturating_duration_since(Instant::now()));
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// When a wait ends, if it does.
fn end(wait: Wait) -> Option<Instant> {
    match wait {
        Wait::For(limit) => Instant::now().checked_add(limit),
        Wait::No | Wait::Forever => None,
    }
}

/// Backoff for conditions that poll does not report, such as room in the queue of a listening Unix socket.
/// The sleeps are short at first. The caller tries again after each of them.
#[derive(Debug)]
pub struct Backoff {
    next: Duration,
}

impl Backoff {
    const FIRST: Duration = Duration::from_micros(250);
    const LONGEST: Duration = Duration::from_millis(20);

    /// Starts with the shortest sleep.
    pub fn new() -> Self {
        Backoff { next: Self::FIRST }
    }

    /// The next sleep, limited to the time that is left.
    pub fn next(&mut self, left: Wait) -> Duration {
        let slice = match left {
            Wait::No => Duration::ZERO,
            Wait::For(limit) => self.next.min(limit),
            Wait::Forever => self.next,
        };
        self.next = (self.next * 2).min(Self::LONGEST);
        slice
    }
}

/// Polls. After a signal it continues with the time that is left.
pub fn poll_until(descriptors: &mut [PollFd<'_>], wait: Wait) -> Result<usize, Failure> {
    let end = end(wait);
    let mut left = match wait {
        Wait::No => Some(Timespec { tv_sec: 0, tv_nsec: 0 }),
        Wait::For(limit) => end.and_then(|_| Timespec::try_from(limit).ok()),
        Wait::Forever => None,
    };
    loop {
        match sys::poll(descriptors, left.as_ref()) {
            Ok(ready) => return Ok(ready),
            Err(Errno::INTR) if is_interrupted() => return Err(Errno::INTR.into()),
            Err(Errno::INTR) => {
                if let Some(end) = end {
                    left = Timespec::try_from(end.saturating_duration_since(Instant::now())).ok();
                }
            }
            Err(error) => return Err(error.into()),
        }
    }
}
