//! Which descriptors are ready: the system's own list of them, here epoll's.
//!
//! A descriptor is added once, for both directions, and stays until it is closed. The system reports each change to
//! "ready" once ("edge-triggered"), so an operation may wait only after it has been refused.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd, RawFd};
use std::time::Duration;

use rustix::buffer::spare_capacity;
use rustix::event::{EventfdFlags, PollFlags, Timespec, epoll, eventfd};
use rustix::io::Errno;

use crate::socket::descriptor::borrow_number;

/// The system's list, and a descriptor by which other threads wake who waits for it.
pub struct Readiness {
    list: OwnedFd,
    events: Vec<epoll::Event>,
}

/// The key of the descriptor that wakes.
const WAKE: u64 = u64::MAX;
/// How many changes are taken at once.
const BATCH: usize = 256;

/// What adding a descriptor has shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Added {
    /// Changes are reported from now on; what is ready already, too.
    Watched,
    /// It cannot be watched, because it never blocks: a regular file.
    AlwaysReady,
}

impl Readiness {
    /// An empty list but for the waking descriptor.
    pub fn new(waker: BorrowedFd<'_>) -> Result<Readiness, Errno> {
        let list = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        epoll::add(&list, waker, epoll::EventData::new_u64(WAKE), epoll::EventFlags::IN)?;
        Ok(Readiness { list, events: Vec::with_capacity(BATCH) })
    }

    /// Adds a descriptor, or has it looked at again that is there already.
    pub fn add(&self, number: RawFd) -> Result<Added, Errno> {
        let fd = borrow_number(number).ok_or(Errno::BADF)?;
        let data = epoll::EventData::new_u64(number as u64);
        let flags = epoll::EventFlags::IN
            | epoll::EventFlags::OUT
            | epoll::EventFlags::PRI
            | epoll::EventFlags::RDHUP
            | epoll::EventFlags::ET;
        match epoll::add(&self.list, fd, data, flags) {
            Ok(()) => Ok(Added::Watched),
            Err(Errno::EXIST) => epoll::modify(&self.list, fd, data, flags).map(|()| Added::Watched),
            Err(Errno::PERM) => Ok(Added::AlwaysReady),
            Err(error) => Err(error),
        }
    }

    /// Takes a descriptor off the list.
    pub fn remove(&self, number: RawFd) {
        if let Some(fd) = borrow_number(number) {
            // It may have been closed by other hands, which takes it off as well.
            let _ = epoll::delete(&self.list, fd);
        }
    }

    /// Waits for changes, without end where there is no limit, and reports each. Returns whether a signal ended it.
    pub fn wait(&mut self, limit: Option<Duration>, mut report: impl FnMut(Change)) -> Result<bool, Errno> {
        let limit = limit.and_then(|limit| Timespec::try_from(limit).ok());
        self.events.clear();
        match wait_precisely(&self.list, &mut self.events, limit.as_ref()) {
            Ok(_) => {}
            Err(Errno::INTR) => return Ok(true),
            Err(error) => return Err(error),
        }
        for event in &self.events {
            let (key, flags) = (event.data.u64(), event.flags);
            if key == WAKE {
                report(Change::Woken);
                continue;
            }
            let mut ready = PollFlags::empty();
            for (from, to) in [
                (epoll::EventFlags::IN, PollFlags::IN),
                (epoll::EventFlags::RDHUP, PollFlags::IN),
                (epoll::EventFlags::PRI, PollFlags::IN),
                (epoll::EventFlags::OUT, PollFlags::OUT),
                (epoll::EventFlags::ERR, PollFlags::ERR),
                (epoll::EventFlags::HUP, PollFlags::HUP),
            ] {
                if flags.contains(from) {
                    ready |= to;
                }
            }
            report(Change::Ready(key as RawFd, ready));
        }
        Ok(false)
    }
}

/// Milliseconds are enough for most, and every system has that call: rounded up, so that no wait ends too early.
fn wait_precisely(
    list: &OwnedFd,
    events: &mut Vec<epoll::Event>,
    limit: Option<&Timespec>,
) -> Result<usize, Errno> {
    let rounded = limit.map(|limit| {
        let nanoseconds = (limit.tv_nsec as u64).div_ceil(1_000_000);
        let milliseconds = (limit.tv_sec as u64).saturating_mul(1000).saturating_add(nanoseconds);
        let milliseconds = milliseconds.min(i32::MAX as u64);
        Timespec { tv_sec: (milliseconds / 1000) as i64, tv_nsec: ((milliseconds % 1000) * 1_000_000) as _ }
    });
    epoll::wait(list, spare_capacity(events), rounded.as_ref())
}

impl AsFd for Readiness {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.list.as_fd()
    }
}

/// What a wait has found.
pub enum Change {
    /// Another thread, or code outside tasks, has something.
    Woken,
    /// A descriptor is ready.
    Ready(RawFd, PollFlags),
}

/// What other threads wake the wait with.
pub struct Waker(OwnedFd);

impl Waker {
    /// A waker that has not been used.
    pub fn new() -> Result<Waker, Errno> {
        eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK).map(Waker)
    }

    /// Wakes.
    pub fn wake(&self) {
        let _ = rustix::io::write(&self.0, &1_u64.to_ne_bytes());
    }

    /// Forgets that it was used.
    pub fn clear(&self) {
        let mut count = [0_u8; 8];
        let _ = rustix::io::read(&self.0, &mut count);
    }
}

impl AsFd for Waker {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
