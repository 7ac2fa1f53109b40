//! Waits that end when the user of the runner presses ^C. Under a stock interpreter they continue, as in
//! LuaSocket.

use std::sync::atomic::{AtomicBool, Ordering};

/// The runner's signal handler sets this. The handler also makes Lua raise an error as soon as the wait has
/// returned.
pub static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Whether a wait must end after a signal has interrupted it.
pub fn is_interrupted() -> bool {
    INTERRUPTED.load(Ordering::SeqCst)
}
