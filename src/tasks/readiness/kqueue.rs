//! The list of ready descriptors with kqueue, which keeps the list in the system. macOS and the BSDs have it.
//!
//! As with epoll, a descriptor is added once, for both directions, and stays until it is closed. Each change to
//! "ready" is reported once.

use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::time::Duration;

use rustix::buffer::spare_capacity;
use rustix::event::PollFlags;
use rustix::event::kqueue::{Event, EventFilter, EventFlags, kevent, kqueue};
use rustix::fs::{FileType, fstat};
use rustix::io::{Errno, FdFlags, fcntl_setfd};

use super::{Added, Change};
use crate::socket::descriptor::borrow_number;

/// The system's list of watched descriptors, and the buffer for the changes that it reports.
pub struct Readiness {
    list: OwnedFd,
    waker: RawFd,
    events: Vec<Event>,
}

/// The largest number of changes collected at once.
const BATCH: usize = 256;
/// The longest single wait. Some systems refuse very long ones. A wait that ends early is repeated.
const LONGEST: Duration = Duration::from_secs(86400);

impl Readiness {
    /// A list with only the waker's descriptor, which must stay open as long as the list exists.
    pub fn new(waker: BorrowedFd<'_>) -> Result<Readiness, Errno> {
        let list = kqueue()?;
        fcntl_setfd(&list, FdFlags::CLOEXEC)?;
        let readiness = Readiness { list, waker: waker.as_raw_fd(), events: Vec::with_capacity(BATCH) };
        readiness.change(EventFilter::Read(waker.as_raw_fd()), EventFlags::ADD)?;
        Ok(readiness)
    }

    fn change(&self, filter: EventFilter, flags: EventFlags) -> Result<(), Errno> {
        let change = Event::new(filter, flags, std::ptr::null_mut());
        // SAFETY: the system takes a descriptor off the list when it is closed, so it does not use a number whose
        // descriptor is gone.
        unsafe { kevent(&self.list, &[change], &mut [] as &mut [Event], Some(Duration::ZERO)) }.map(drop)
    }

    /// Adds a descriptor. If it is already on the list, its state is reported again.
    pub fn add(&self, number: RawFd) -> Result<Added, Errno> {
        let fd = borrow_number(number).ok_or(Errno::BADF)?;
        if FileType::from_raw_mode(fstat(fd)?.st_mode as _) == FileType::RegularFile {
            // The system would report it as ready only before its end.
            return Ok(Added::AlwaysReady);
        }
        let flags = EventFlags::ADD | EventFlags::CLEAR;
        let reading = self.change(EventFilter::Read(number), flags);
        match self.change(EventFilter::Write(number), flags) {
            Ok(()) => Ok(Added::Watched),
            // The other end of a pipe is closed. The next system call reports that.
            Err(Errno::PIPE) => Ok(Added::AlwaysReady),
            Err(error) => match reading {
                // Some files can only be read.
                Ok(()) => Ok(Added::Watched),
                // macOS refuses some devices, such as /dev/null.
                Err(Errno::INVAL | Errno::NODEV) => Ok(Added::AlwaysReady),
                Err(_) => Err(error),
            },
        }
    }

    /// Removes a descriptor from the list.
    pub fn remove(&self, number: RawFd) {
        // Other code may have closed it. That also removes it from the list.
        let _ = self.change(EventFilter::Read(number), EventFlags::DELETE);
        let _ = self.change(EventFilter::Write(number), EventFlags::DELETE);
    }

    /// Forgets the list in the child of a fork, which does not inherit it: its number may be that of another file
    /// by now.
    pub fn leave_to_parent(self) {
        std::mem::forget(self.list);
    }

    /// The descriptor of the list. It is readable while the list has a change.
    pub fn descriptor(&self) -> Option<RawFd> {
        Some(self.list.as_raw_fd())
    }

    /// The system keeps the list. So the descriptors that tasks wait for need not be listed before a wait.
    pub fn renew(&mut self, _list: impl FnOnce(&mut dyn FnMut(RawFd, PollFlags))) {}

    /// Waits for changes and reports each. `None` means no limit. Returns whether a signal ended the wait.
    pub fn wait(&mut self, limit: Option<Duration>, mut report: impl FnMut(Change)) -> Result<bool, Errno> {
        self.events.clear();
        let limit = limit.map(|limit| limit.min(LONGEST));
        // SAFETY: nothing is added to the list.
        match unsafe { kevent(&self.list, &[], spare_capacity(&mut self.events), limit) } {
            Ok(_) => {}
            Err(Errno::INTR) => return Ok(true),
            Err(error) => return Err(error),
        }
        for event in &self.events {
            let (number, ready) = match event.filter() {
                EventFilter::Read(number) if number == self.waker => {
                    report(Change::Woken);
                    continue;
                }
                EventFilter::Read(number) => (number, PollFlags::IN),
                EventFilter::Write(number) => (number, PollFlags::OUT),
                _ => continue,
            };
            report(Change::Ready(number, ready));
        }
        Ok(false)
    }
}
