//! A descriptor as LuaSocket's objects hold it: a number that scripts may read, replace and forget.
#![allow(unsafe_code)]

use std::os::fd::{AsRawFd, BorrowedFd, IntoRawFd, RawFd};

use std::sync::atomic::{AtomicU64, Ordering};

use super::error::Failure;

/// Any number a script stored with `setfd`; -1 is none. Dropping it closes the descriptor.
#[derive(Debug)]
pub struct Descriptor {
    number: RawFd,
    /// Which descriptor it is: numbers are used again, these are not.
    identity: u64,
    /// The uses that an operation has which waits.
    busy: u8,
}

/// What an operation does with a descriptor: two operations with a common part may not wait at the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// It receives, or accepts.
    Reading = 1,
    /// It sends.
    Writing = 2,
    /// It connects, or shakes hands.
    Both = 3,
}

/// A descriptor on which an operation waits while it is away from the object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parked {
    /// The number.
    pub number: RawFd,
    /// Which descriptor the number stands for.
    pub identity: u64,
    usage: Use,
}

/// The next identity. The library for TLS, which has a counter of its own, begins elsewhere.
static IDENTITIES: AtomicU64 = AtomicU64::new(1);

/// Has this library number its descriptors differently from the one that it shares a process with.
pub fn number_apart() {
    IDENTITIES.fetch_max(1 << 62, Ordering::Relaxed);
}

impl Descriptor {
    /// No descriptor.
    pub const NONE: Descriptor = Descriptor { number: -1, identity: 0, busy: 0 };

    fn new(number: RawFd) -> Self {
        Descriptor { number, identity: IDENTITIES.fetch_add(1, Ordering::Relaxed), busy: 0 }
    }

    /// The number, as `getfd` returns it.
    pub fn number(&self) -> RawFd {
        self.number
    }

    /// Which descriptor it is: numbers are used again, identities are not.
    pub fn identity(&self) -> u64 {
        self.identity
    }

    /// Whether there is none.
    pub fn is_none(&self) -> bool {
        self.number == -1
    }

    /// Stores a number without closing what was there (contract class.fd.2).
    pub fn set(&mut self, number: RawFd) {
        let before = std::mem::replace(self, Descriptor::new(number));
        std::mem::forget(before);
    }

    /// The descriptor for a system call; negative numbers are the system's `EBADF`.
    pub fn borrow(&self) -> Result<BorrowedFd<'_>, Failure> {
        borrow_number(self.number).ok_or(Failure::Errno(libc::EBADF))
    }

    /// Begins an operation: "busy" while another one waits in the same direction.
    pub fn begin(&self, usage: Use) -> Result<(), Failure> {
        if self.busy & usage as u8 == 0 { Ok(()) } else { Err(Failure::Text("busy")) }
    }

    /// Marks the descriptor as busy, because the operation leaves the object to wait.
    pub fn park(&mut self, usage: Use) -> Parked {
        self.busy |= usage as u8;
        Parked { number: self.number, identity: self.identity, usage }
    }

    /// Takes the mark away. "closed" when this is not the descriptor any more that the operation has waited on.
    pub fn resume(&mut self, parked: &Parked) -> Result<(), Failure> {
        if self.is_none() || self.identity != parked.identity {
            return Err(Failure::Closed);
        }
        self.busy &= !(parked.usage as u8);
        Ok(())
    }

    /// Takes the place of what this number refers to, which is closed: the number stays, for whoever has read it.
    pub fn take_over(&mut self, other: Descriptor) {
        if self.number >= 0 && duplicate_to(other.number, self.number) {
            self.identity = other.identity;
            self.busy = 0;
        } else {
            *self = other;
        }
    }

    /// Closes the descriptor, if there is one. A script may have closed the number already,
    /// through another object that it gave it to: the system's `EBADF` is of no interest.
    pub fn close(&mut self) {
        let number = std::mem::replace(&mut self.number, -1);
        self.busy = 0;
        if number >= 0 {
            // SAFETY: the object owned this number, by creation or because a script handed it
            // over, and has forgotten it now.
            unsafe {
                libc::close(number);
            }
        }
    }
}

/// Makes the second number refer to what the first one does, and closes what it referred to before.
#[cfg(not(target_vendor = "apple"))]
fn duplicate_to(from: RawFd, to: RawFd) -> bool {
    // SAFETY: the caller owns both numbers.
    unsafe { libc::dup3(from, to, libc::O_CLOEXEC) == to }
}

#[cfg(target_vendor = "apple")]
fn duplicate_to(from: RawFd, to: RawFd) -> bool {
    // SAFETY: the caller owns both numbers.
    unsafe { libc::dup2(from, to) == to && libc::fcntl(to, libc::F_SETFD, libc::FD_CLOEXEC) != -1 }
}

/// A descriptor that a script named by number, for one system call; `None` for a negative one.
pub fn borrow_number<'a>(number: RawFd) -> Option<BorrowedFd<'a>> {
    // SAFETY: it is only borrowed for calls that report a number that is not open as an error.
    (number >= 0).then(|| unsafe { BorrowedFd::borrow_raw(number) })
}

impl<F: IntoRawFd + AsRawFd> From<F> for Descriptor {
    fn from(owner: F) -> Self {
        Descriptor::new(owner.into_raw_fd())
    }
}

impl Drop for Descriptor {
    fn drop(&mut self) {
        self.close();
    }
}
