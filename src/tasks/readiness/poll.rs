//! The list of ready descriptors with `poll`, for systems without epoll and kqueue.
//!
//! The system keeps nothing between two waits. So each wait passes the descriptors that tasks wait for, and
//! costs time for each of them.

use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::fd::{AsRawFd, BorrowedFd};
use rustix::io::Errno;

use super::{Added, Change};
use crate::socket::descriptor::borrow_number;
use crate::sys;

/// The list for the next wait.
pub struct Readiness {
    /// The waker's descriptor, then those that tasks wait for.
    list: Vec<PollFd<'static>>,
    /// Their numbers.
    numbers: Vec<i32>,
}

impl Readiness {
    /// A list with only the waker's descriptor, which must stay open as long as the list exists.
    pub fn new(waker: BorrowedFd<'_>) -> Result<Readiness, Errno> {
        let waker = borrow_number(waker.as_raw_fd() as i32).ok_or(Errno::BADF)?;
        Ok(Readiness { list: vec![PollFd::from_borrowed_fd(waker, sys::READABLE)], numbers: vec![-1] })
    }

    /// Checks that the descriptor exists. Each wait lists it again.
    pub fn add(&self, number: i32) -> Result<Added, Errno> {
        let fd = borrow_number(number).ok_or(Errno::BADF)?;
        sys::check(fd).map(|()| Added::Watched)
    }

    /// Does nothing, because the next wait does not list the descriptor.
    pub fn remove(&self, _number: i32) {}

    /// Forgets the list in the child of a fork.
    pub fn leave_to_parent(self) {}

    /// There is no descriptor for the list.
    pub fn descriptor(&self) -> Option<i32> {
        None
    }

    /// Lists the descriptors that tasks wait for. `list` calls its argument with each of them.
    pub fn renew(&mut self, list: impl FnOnce(&mut dyn FnMut(i32, PollFlags))) {
        self.list.truncate(1);
        self.numbers.truncate(1);
        list(&mut |number, events| {
            if let Some(fd) = borrow_number(number) {
                self.list.push(PollFd::from_borrowed_fd(fd, events));
                self.numbers.push(number);
            }
        });
    }

    /// Waits until a listed descriptor is ready, and reports all that are. `None` means no limit. Returns
    /// whether a signal ended the wait.
    pub fn wait(&mut self, limit: Option<Duration>, mut report: impl FnMut(Change)) -> Result<bool, Errno> {
        let limit = limit.and_then(|limit| Timespec::try_from(limit).ok());
        match sys::poll(&mut self.list, limit.as_ref()) {
            Ok(_) => {}
            Err(Errno::INTR) => return Ok(true),
            Err(error) => return Err(error),
        }
        for (polled, number) in self.list.iter().zip(&self.numbers) {
            let ready = polled.revents();
            match *number {
                _ if ready.is_empty() => {}
                -1 => report(Change::Woken),
                number => report(Change::Ready(number, ready)),
            }
        }
        Ok(false)
    }
}
