//! Values that a forked process does not share with its parent.

use std::sync::atomic::{AtomicPtr, Ordering};

/// A value of which every process has its own: what another thread was doing with it when the process was forked, a
/// lock that it held for example, concerns the parent alone.
pub struct PerProcess<T: 'static> {
    current: AtomicPtr<Owned<T>>,
    make: fn() -> T,
}

struct Owned<T> {
    process: u32,
    value: T,
}

impl<T: Send + Sync> PerProcess<T> {
    /// Made when it is first asked for.
    pub const fn new(make: fn() -> T) -> Self {
        PerProcess { current: AtomicPtr::new(std::ptr::null_mut()), make }
    }

    /// The value of this process.
    pub fn get(&'static self) -> &'static T {
        let process = std::process::id();
        let found = self.current.load(Ordering::Acquire);
        // SAFETY: the pointer is null, or of a box that was given up for good.
        if let Some(owned) = unsafe { found.as_ref() }.filter(|owned| owned.process == process) {
            return &owned.value;
        }
        let fresh = Box::into_raw(Box::new(Owned { process, value: (self.make)() }));
        let current = match self.current.compare_exchange(found, fresh, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => fresh,
            Err(current) => {
                // SAFETY: the box was made above, and nobody else knows it.
                drop(unsafe { Box::from_raw(fresh) });
                current
            }
        };
        // SAFETY: as above; it is not null.
        unsafe { &(*current).value }
    }
}
