//! Calls of Lua from within a library that calls back. That library is OpenSSL: it requests keys and
//! protocols during a handshake.
#![cfg_attr(not(tls_openssl), allow(dead_code))]

use std::cell::Cell;
use std::ptr;

use super::{Call, Raise};

/// A call that callbacks may use.
struct Lent {
    call: *mut Call<'static>,
    /// Whether a callback has ended in an error, which is on top of the stack.
    failed: bool,
}

thread_local! {
    static LENT: Cell<*mut Lent> = const { Cell::new(ptr::null_mut()) };
}

impl Call<'_> {
    /// Runs a closure. Within it [`with_lent`] reaches this call. Returns the closure's result, and whether a
    /// callback ended in an error. Then the error value is on top of the stack, for [`Raise::Value`].
    ///
    /// No object may be borrowed meanwhile, because a callback runs Lua. The frames of the closure may own
    /// values, because callbacks run in protected calls.
    pub fn lend<R>(&mut self, function: impl FnOnce() -> R) -> (R, bool) {
        let mut lent = Lent { call: ptr::from_mut(self).cast(), failed: false };
        let before = LENT.replace(ptr::from_mut(&mut lent));
        let result = function();
        LENT.set(before);
        (result, lent.failed)
    }
}

/// Runs a closure with the lent call. Returns `None` when no call is lent, or when this closure or an earlier
/// one ended in an error. The closure calls Lua only in [`Call::protected`], and leaves the stack as it was
/// unless that call fails.
pub fn with_lent<R>(function: impl FnOnce(&mut Call<'_>) -> Result<R, Raise>) -> Option<R> {
    // Taken out while in use. So there is one reference at a time, also when Lua switches to another task
    // meanwhile.
    let lent = LENT.replace(ptr::null_mut());
    if lent.is_null() {
        return None;
    }
    // SAFETY: `lend` put the pointer here. Its frame still exists, and its `&mut Call` is not used while the
    // closure runs. The pointer was taken out, so this is its only use.
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
