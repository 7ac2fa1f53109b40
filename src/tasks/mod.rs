//! `socket.tasks`: code that waits runs on its own C stack, and is switched out while it waits.
//!
//! Every wait of the library goes through `door.rs`. `handover.rs` is its interface for the TLS library. The
//! other files are the scheduler. `native.rs` has the functions that `lua/socket/tasks.lua` uses.
//! `scheduler.rs` knows which tasks are ready and which wait. `fiber.rs` has the stacks. `readiness.rs` and
//! `timers.rs` have the events that end a wait.
#![allow(unsafe_code)]

pub mod door;
pub mod handover;
pub mod interest;
pub mod lookups;

#[cfg(all(tasks, not(feature = "module")))]
pub mod embed;
#[cfg(tasks)]
mod fiber;
#[cfg(tasks)]
pub mod native;
#[cfg(tasks)]
mod readiness;
#[cfg(tasks)]
mod scheduler;
#[cfg(tasks)]
mod timers;

use crate::binding::{Call, Outcome};

/// The number of tasks of a state that were started and have never run.
///
/// # Safety
/// The state is one of this program's, it has a free slot, and nothing runs in it.
#[cfg(feature = "tasks")]
pub unsafe fn never_run(state: *mut mlua::ffi::lua_State) -> usize {
    #[cfg(tasks)]
    // SAFETY: the conditions of this function. The pointer comes from the handover.
    return unsafe {
        handover::find(state).map_or(0, |found| (*found.scheduler.cast::<scheduler::Scheduler>()).counts().2)
    };
    #[cfg(not(tasks))]
    {
        let _ = state;
        0
    }
}

/// Opens the internal module `socket_tasks`.
#[cfg(tasks)]
pub fn open(call: &mut Call<'_>) -> Outcome {
    native::open(call)
}

/// Raises an error, because this build has no tasks.
#[cfg(not(tasks))]
pub fn open(_: &mut Call<'_>) -> Outcome {
    use crate::binding::{Message, Raise};
    Err(Raise::Error(Message::new("socket.tasks is not available on this platform")))
}
