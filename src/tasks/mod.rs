//! `socket.tasks`: code that waits runs on a C stack of its own, which is left while it waits.
//!
//! `door.rs` is where every wait of the library goes through, `handover.rs` what the library for TLS gets of it. The rest is
//! the scheduler: `native.rs` what `lua/socket/tasks.lua` is built on, `scheduler.rs` who is ready and who waits,
//! `fiber.rs` the stacks, `readiness.rs` and `timers.rs` what ends a wait.
#![allow(unsafe_code)]

pub mod door;
pub mod handover;

#[cfg(all(feature = "tasks", not(feature = "module"), any(target_os = "linux", target_os = "android")))]
pub mod embed;
#[cfg(all(feature = "tasks", any(target_os = "linux", target_os = "android")))]
mod fiber;
#[cfg(all(feature = "tasks", any(target_os = "linux", target_os = "android")))]
mod lookups;
#[cfg(all(feature = "tasks", any(target_os = "linux", target_os = "android")))]
pub mod native;
#[cfg(all(feature = "tasks", any(target_os = "linux", target_os = "android")))]
mod readiness;
#[cfg(all(feature = "tasks", any(target_os = "linux", target_os = "android")))]
mod scheduler;
#[cfg(all(feature = "tasks", any(target_os = "linux", target_os = "android")))]
mod timers;

use crate::binding::{Call, Outcome};

/// How many tasks of a state were started and have never had a turn.
///
/// # Safety
/// The state is one of this program's, with a free slot, and nothing runs in it.
#[cfg(feature = "tasks")]
pub unsafe fn never_run(state: *mut mlua::ffi::lua_State) -> usize {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    // SAFETY: as this function's; the pointer is the handover's.
    return unsafe {
        handover::find(state).map_or(0, |found| (*found.scheduler.cast::<scheduler::Scheduler>()).counts().2)
    };
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    {
        let _ = state;
        0
    }
}

/// Opens the internal module `socket_tasks`.
#[cfg(all(feature = "tasks", any(target_os = "linux", target_os = "android")))]
pub fn open(call: &mut Call<'_>) -> Outcome {
    native::open(call)
}

/// Says that there are no tasks here.
#[cfg(not(all(feature = "tasks", any(target_os = "linux", target_os = "android"))))]
pub fn open(_: &mut Call<'_>) -> Outcome {
    use crate::binding::{Message, Raise};
    Err(Raise::Error(Message::new("socket.tasks is not available on this platform")))
}
