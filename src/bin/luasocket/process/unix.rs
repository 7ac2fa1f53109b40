//! Interrupts on Unix.

use std::ffi::c_int;

/// Calls `handler` on an interrupt. A blocked system call is not restarted afterwards. So a script that reads
/// from the terminal stops at once.
pub fn on_interrupt(handler: extern "C" fn(c_int)) {
    set_action(libc::SIGINT, handler as libc::sighandler_t, 0);
}

/// Lets an interrupt end the process. Async-signal-safe.
pub fn end_on_interrupt() {
    set_action(libc::SIGINT, libc::SIG_DFL, 0);
}

/// Calls `handler` after one second. An interrupt that comes just before a wait begins does not end that wait; this
/// signal does. Reads from the terminal go on. Async-signal-safe.
pub fn remind(handler: extern "C" fn(c_int)) {
    set_action(libc::SIGALRM, handler as libc::sighandler_t, libc::SA_RESTART);
    // SAFETY: a plain call.
    unsafe { libc::alarm(1) };
}

/// Cancels `remind`.
pub fn end_reminders() {
    // SAFETY: a plain call.
    unsafe { libc::alarm(0) };
    set_action(libc::SIGALRM, libc::SIG_DFL, 0);
}

fn set_action(signal: c_int, action: libc::sighandler_t, flags: c_int) {
    // SAFETY: a structure of plain values. The handlers do only what a signal handler may do.
    unsafe {
        let mut settings: libc::sigaction = std::mem::zeroed();
        settings.sa_sigaction = action;
        settings.sa_flags = flags;
        libc::sigemptyset(&mut settings.sa_mask);
        libc::sigaction(signal, &settings, std::ptr::null_mut());
    }
}
