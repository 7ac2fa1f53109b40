//! Calls of Lua from within a library that calls back: OpenSSL, which asks for keys and protocols during a handshake.
// Only OpenSSL asks.
#![cfg_attr(not(tls_openssl), allow(dead_code))]

use std::cell::Cell;
use std::ptr;

use super::{Call, Raise};

/// A call that is lent to callbacks.
struct Lent {
    call: *mut Call<'static>,
    /// Whether a callback has ended in an error, which is on top of the stack.
    failed: bool,
}

thread_local! {
    static LENT: Cell<*mut Lent> = const { Cell::new(ptr::null_mut()) };
}

impl Call<'_> {
    /// Runs a closure within which [`with_lent`] reaches this call. Returns its result, and whether a callback has
    /// ended in an error: its value is on top of the stack then, for [`Raise::Value`].
    ///
    /// No object may be borrowed meanwhile: a callback runs Lua. What the closure's frames own is safe, because
    /// callbacks run in protected calls.
    pub fn lend<R>(&mut self, function: impl FnOnce() -> R) -> (R, bool) {
        let mut lent = Lent { call: ptr::from_mut(self).cast(), failed: false };
        let before = LENT.replace(ptr::from_mut(&mut lent));
        let result = function();
        LENT.set(before);
        (result, lent.failed)
    }
}

/// Runs a closure with the call that is lent; `None` when there is none, or when this closure or one before it has
/// ended in an error. It calls Lua in [`Call::protected`] alone, and leaves the stack as it was unless that fails.
pub fn with_lent<R>(function: impl FnOnce(&mut Call<'_>) -> Result<R, Raise>) -> Option<R> {
    // Taken out while it is in use: one reference at a time, also when Lua goes on with another task meanwhile.
    let lent = LENT.replace(ptr::null_mut());
    if lent.is_null() {
        return None;
    }
    // SAFETY: `lend` has put the pointer here, its frame is still there, and its `&mut Call` rests while the closure
    // runs; taking the pointer out has made this the only use of it.
    let result = unsafe {
        let lent = &mut *lent;
        if lent.failed {
            None
        } else {
            let outcome = function(&mut *lent.call);
            lent.failed = matches!(outcome, Err(Raise::Value));
            outcome.ok()
        }
    };
    LENT.set(lent);
    result
}
