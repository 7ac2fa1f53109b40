//! Interrupts on Windows. The C library calls the handler in another thread, as it does for the stock `lua`.

use std::ffi::c_int;

/// Calls `handler` on an interrupt, once.
pub fn on_interrupt(handler: extern "C" fn(c_int)) {
    set_action(handler as *const () as libc::sighandler_t);
}

/// Lets an interrupt end the process.
pub fn end_on_interrupt() {
    set_action(libc::SIG_DFL);
}

/// Every wait looks for an interrupt again and again, so there is nothing to remind it of.
pub fn remind(_handler: extern "C" fn(c_int)) {}

/// Takes `remind` back.
pub fn end_reminders() {}

fn set_action(action: libc::sighandler_t) {
    // SAFETY: the handler does only what a signal handler may do.
    unsafe { libc::signal(libc::SIGINT, action) };
}
