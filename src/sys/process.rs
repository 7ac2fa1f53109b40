//! Values that a forked process does not share with its parent.

use std::sync::Once;
use std::sync::atomic::{AtomicPtr, AtomicU32, Ordering};

/// The number of forks between the process that called this first and the current process.
pub fn forks() -> u32 {
    static COUNTING: Once = Once::new();
    static FORKS: AtomicU32 = AtomicU32::new(0);
    #[cfg(unix)]
    extern "C" fn count() {
        FORKS.fetch_add(1, Ordering::Relaxed);
    }
    COUNTING.call_once(|| {
        #[cfg(unix)]
        // SAFETY: the handler only counts. The library is never unloaded.
        unsafe {
            libc::pthread_atfork(None, None, Some(count));
        }
    });
    FORKS.load(Ordering::Relaxed)
}

/// A value that each process has for itself. Another thread of the parent may have been using the parent's
/// value during the fork, for example holding a lock. That does not affect the child.
pub struct PerProcess<T: 'static> {
    current: AtomicPtr<Owned<T>>,
    make: fn() -> T,
}

struct Owned<T> {
    process: u32,
    value: T,
}

impl<T: Send + Sync> PerProcess<T> {
    /// The value is made at its first use.
    pub const fn new(make: fn() -> T) -> Self {
        PerProcess { current: AtomicPtr::new(std::ptr::null_mut()), make }
    }

    /// The value of this process.
    pub fn get(&'static self) -> &'static T {
        let process = std::process::id();
        let found = self.current.load(Ordering::Acquire);
        // SAFETY: the pointer is null, or points to a box that is never freed.
        if let Some(owned) = unsafe { found.as_ref() }.filter(|owned| owned.process == process) {
            return &owned.value;
        }
        let fresh = Box::into_raw(Box::new(Owned { process, value: (self.make)() }));
        let current = match self.current.compare_exchange(found, fresh, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => fresh,
            Err(current) => {
                // SAFETY: the box was made above, and no other thread has its address.
                drop(unsafe { Box::from_raw(fresh) });
                current
            }
        };
        // SAFETY: as above. It is not null.
        unsafe { &(*current).value }
    }
}
