//! A descriptor as LuaSocket's objects hold it: a number that scripts may read, replace and forget.
#![allow(unsafe_code)]

use std::os::fd::{AsRawFd, BorrowedFd, IntoRawFd, RawFd};

use super::error::Failure;

/// Any number a script stored with `setfd`; -1 is none. Dropping it closes the descriptor.
#[derive(Debug)]
pub struct Descriptor(RawFd);

impl Descriptor {
    /// No descriptor.
    pub const NONE: Descriptor = Descriptor(-1);

    /// The number, as `getfd` returns it.
    pub fn number(&self) -> RawFd {
        self.0
    }

    /// Whether there is none.
    pub fn is_none(&self) -> bool {
        self.0 == -1
    }

    /// Stores a number without closing what was there (contract class.fd.2).
    pub fn set(&mut self, number: RawFd) {
        self.0 = number;
    }

    /// The descriptor for a system call; negative numbers are the system's `EBADF`.
    pub fn borrow(&self) -> Result<BorrowedFd<'_>, Failure> {
        borrow_number(self.0).ok_or(Failure::Errno(libc::EBADF))
    }

    /// Closes the descriptor, if there is one. A script may have closed the number already,
    /// through another object that it gave it to: the system's `EBADF` is of no interest.
    pub fn close(&mut self) {
        let number = std::mem::replace(&mut self.0, -1);
        if number >= 0 {
            // SAFETY: the object owned this number, by creation or because a script handed it
            // over, and has forgotten it now.
            unsafe {
                libc::close(number);
            }
        }
    }
}

/// A descriptor that a script named by number, for one system call; `None` for a negative one.
pub fn borrow_number<'a>(number: RawFd) -> Option<BorrowedFd<'a>> {
    // SAFETY: it is only borrowed for calls that report a number that is not open as an error.
    (number >= 0).then(|| unsafe { BorrowedFd::borrow_raw(number) })
}

impl<F: IntoRawFd + AsRawFd> From<F> for Descriptor {
    fn from(owner: F) -> Self {
        Descriptor(owner.into_raw_fd())
    }
}

impl Drop for Descriptor {
    fn drop(&mut self) {
        self.close();
    }
}
