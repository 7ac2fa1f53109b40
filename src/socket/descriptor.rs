//! A descriptor in a LuaSocket object: a number that scripts may read, replace and forget.
#![allow(unsafe_code)]

use rustix::fd::{BorrowedFd, IntoRawFd, RawFd};

use std::sync::atomic::{AtomicU64, Ordering};

use super::error::Failure;
use crate::sys;
use crate::sys::libc;
use crate::sys::process::forks;

/// Holds any number that a script stored with `setfd`; -1 means none. Dropping it closes the descriptor.
#[derive(Debug)]
pub struct Descriptor {
    number: i32,
    /// Identifies the descriptor. Numbers are reused, identities are not.
    identity: u64,
    /// The uses of operations that wait.
    busy: u8,
    /// The process that `busy` belongs to. A fork ends the waits of all tasks but the running one.
    forks: u32,
}

/// How an operation uses a descriptor. Two operations whose uses overlap must not wait at the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// It receives, or accepts.
    Reading = 1,
    /// It sends.
    Writing = 2,
    /// It connects, or does a TLS handshake.
    Both = 3,
}

/// A descriptor on which an operation waits while it does not borrow the object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parked {
    /// The number.
    pub number: i32,
    /// Identifies the descriptor behind the number.
    pub identity: u64,
    usage: Use,
}

/// The next identity. The TLS library has its own counter, which starts at another value.
static IDENTITIES: AtomicU64 = AtomicU64::new(1);

/// Makes this library start its identities elsewhere than the other library in the same process.
pub fn number_apart() {
    IDENTITIES.fetch_max(1 << 62, Ordering::Relaxed);
}

impl Descriptor {
    /// No descriptor.
    pub const NONE: Descriptor = Descriptor { number: -1, identity: 0, busy: 0, forks: 0 };

    fn new(number: i32) -> Self {
        Descriptor { number, identity: IDENTITIES.fetch_add(1, Ordering::Relaxed), busy: 0, forks: 0 }
    }

    /// The number, as `getfd` returns it.
    pub fn number(&self) -> i32 {
        self.number
    }

    /// Identifies the descriptor. Numbers are reused, identities are not.
    pub fn identity(&self) -> u64 {
        self.identity
    }

    /// Whether there is no descriptor.
    pub fn is_none(&self) -> bool {
        self.number == -1
    }

    /// Stores a number without closing the previous one (contract class.fd.2).
    pub fn set(&mut self, number: i32) {
        let before = std::mem::replace(self, Descriptor::new(number));
        std::mem::forget(before);
    }

    /// Borrows the descriptor for a system call. A negative number is the failure `EBADF`, as the system
    /// reports it.
    pub fn borrow(&self) -> Result<BorrowedFd<'_>, Failure> {
        borrow_number(self.number).ok_or(Failure::Errno(libc::EBADF))
    }

    /// Checks that an operation can begin. Fails with "busy" if another one waits in the same direction.
    pub fn begin(&self, usage: Use) -> Result<(), Failure> {
        let is_free = self.busy & usage as u8 == 0 || self.forks != forks();
        if is_free { Ok(()) } else { Err(Failure::Text("busy")) }
    }

    /// Checks that this is still the descriptor with this identity, after a wait that did not mark it as busy.
    /// Fails with "closed" if another task has closed it.
    pub fn expect(&self, identity: u64) -> Result<(), Failure> {
        if self.identity == identity { Ok(()) } else { Err(Failure::Closed) }
    }

    /// Marks the descriptor as busy while the operation waits without the object.
    pub fn park(&mut self, usage: Use) -> Parked {
        let forks = forks();
        if self.forks != forks {
            self.forks = forks;
            self.busy = 0;
        }
        self.busy |= usage as u8;
        Parked { number: self.number, identity: self.identity, usage }
    }

    /// Removes the mark. Fails with "closed" if this is no longer the descriptor that the operation waited
    /// on.
    pub fn resume(&mut self, parked: &Parked) -> Result<(), Failure> {
        if self.is_none() || self.identity != parked.identity {
            return Err(Failure::Closed);
        }
        self.busy &= !(parked.usage as u8);
        Ok(())
    }

    /// Closes the descriptor behind this number and puts `other` in its place. The number stays valid for
    /// scripts that have read it.
    pub fn take_over(&mut self, other: Descriptor) {
        if self.number >= 0 && is_replaced(other.number, self.number) {
            self.identity = other.identity;
            self.busy = 0;
        } else {
            *self = other;
        }
    }

    /// Closes the descriptor, if there is one. A script may already have closed the number, through another
    /// object that it gave the number to. So the system's `EBADF` is ignored.
    pub fn close(&mut self) {
        let number = std::mem::replace(&mut self.number, -1);
        // An operation that is looking up a name sees that the object was closed meanwhile.
        self.identity = IDENTITIES.fetch_add(1, Ordering::Relaxed);
        self.busy = 0;
        if number >= 0 {
            // SAFETY: the object owned this number, because it created it or a script handed it over. It has
            // forgotten the number now.
            unsafe { sys::close(number) };
        }
    }
}

/// Makes the number `to` refer to the same file as `from`. Closes what `to` referred to before.
fn is_replaced(from: i32, to: i32) -> bool {
    // SAFETY: both numbers belong to descriptors of this library.
    unsafe { sys::duplicate_to(from, to) }
}

/// Borrows a descriptor that a script named by number, for one system call. Returns `None` for a negative
/// number.
pub fn borrow_number<'a>(number: i32) -> Option<BorrowedFd<'a>> {
    // SAFETY: it is only borrowed for calls that return an error for a number that is not open.
    (number >= 0).then(|| unsafe { BorrowedFd::borrow_raw(number as RawFd) })
}

impl<F: IntoRawFd> From<F> for Descriptor {
    // Windows numbers its sockets in 64 bits, and uses no more than 32 of them.
    #[allow(clippy::unnecessary_cast)]
    fn from(owner: F) -> Self {
        Descriptor::new(owner.into_raw_fd() as i32)
    }
}

impl Drop for Descriptor {
    fn drop(&mut self) {
        self.close();
    }
}
