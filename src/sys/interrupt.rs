//! Waits that end when the user of the runner presses ^C. Under a stock interpreter they continue, as in
//! LuaSocket.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// The runner's signal handler sets this. The handler also makes Lua raise an error as soon as the wait has
/// returned.
pub static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Whether a wait must end after a signal has interrupted it.
pub fn is_interrupted() -> bool {
    INTERRUPTED.load(Ordering::SeqCst)
}

/// Sleeps for a time. Signals do not end the sleep, but ^C in the runner does.
pub fn sleep(time: Duration) {
    use rustix::thread::{NanosleepRelativeResult, Timespec, nanosleep};
    let Some(end) = Instant::now().checked_add(time) else { return };
    loop {
        let left = end.saturating_duration_since(Instant::now());
        let Ok(left) = Timespec::try_from(left) else { return };
        match nanosleep(&left) {
            NanosleepRelativeResult::Interrupted(_) if !is_interrupted() => {}
            _ => return,
        }
    }
}
