//! Waits that end when the user of the runner presses ^C. Under a stock interpreter they go on, as LuaSocket's do.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Set by the runner's signal handler, which also makes Lua raise an error as soon as the wait has returned.
pub static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Whether a wait that a signal has interrupted ends.
pub fn is_interrupted() -> bool {
    INTERRUPTED.load(Ordering::SeqCst)
}

/// Sleeps for a time, signals notwithstanding; an interrupt ends it.
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
