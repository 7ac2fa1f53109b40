//! The list of ready descriptors with epoll, which keeps the list in the system.
//!
//! A descriptor is added once, for both directions, and stays until it is closed. The list is edge-triggered:
//! the system reports each change to "ready" once. So an operation may wait only after a system call would
//! have blocked.

use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::time::Duration;

use rustix::buffer::spare_capacity;
use rustix::event::{PollFlags, Timespec, epoll};
use rustix::io::Errno;

use super::{Added, Change};
use crate::socket::descriptor::borrow_number;

/// The system's list of watched descriptors, and the buffer for the changes that it reports.
pub struct Readiness {
    list: OwnedFd,
    events: Vec<epoll::Event>,
}

/// The key of the waker's descriptor.
const WAKE: u64 = u64::MAX;
/// The largest number of changes collected at once.
const BATCH: usize = 256;

impl Readiness {
    /// A list with only the waker's descriptor.
    pub fn new(waker: BorrowedFd<'_>) -> Result<Readiness, Errno> {
        let list = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        epoll::add(&list, waker, epoll::EventData::new_u64(WAKE), epoll::EventFlags::IN)?;
        Ok(Readiness { list, events: Vec::with_capacity(BATCH) })
    }

    /// Adds a descriptor. If it is already on the list, its state is reported again.
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

    /// Removes a descriptor from the list.
    pub fn remove(&self, number: RawFd) {
        if let Some(fd) = borrow_number(number) {
            // Other code may have closed it. That also removes it from the list.
            let _ = epoll::delete(&self.list, fd);
        }
    }

    /// Forgets the list in the child of a fork, which closes its copy of the descriptor.
    pub fn leave_to_parent(self) {}

    /// The descriptor of the list. It is readable while the list has a change.
    pub fn descriptor(&self) -> Option<RawFd> {
        Some(self.list.as_raw_fd())
    }

    /// The system keeps the list. So the descriptors that tasks wait for need not be listed before a wait.
    pub fn renew(&mut self, _list: impl FnOnce(&mut dyn FnMut(RawFd, PollFlags))) {}

    /// Waits for changes and reports each. `None` means no limit. Returns whether a signal ended the wait.
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

/// Waits with a limit in whole milliseconds, which every system supports. The limit is rounded up, so that no
/// wait ends too early.
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
