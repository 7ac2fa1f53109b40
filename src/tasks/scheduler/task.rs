//! The data of a task.

use std::any::Any;
use std::ffi::c_int;
use std::time::{Duration, Instant};

use mlua::ffi::lua_State;

use crate::tasks::fiber::{Exit, Fiber};
use crate::tasks::interest::Interest;

/// The identity of a task: its slot, and the generation of that slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Id {
    pub(super) index: u32,
    pub(super) generation: u32,
}

impl Id {
    /// The number that Lua code sees. It is exact in a double.
    pub fn number(self) -> f64 {
        f64::from(self.generation) * f64::from(1 << 26) + f64::from(self.index)
    }

    /// The identity for a number from Lua.
    pub fn from_number(number: f64) -> Option<Id> {
        let whole = number as u64;
        let id = Id { index: (whole & ((1 << 26) - 1)) as u32, generation: (whole >> 26) as u32 };
        (id.number() == number).then_some(id)
    }
}

/// The state of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It has not begun, or it continues at its turn.
    Ready,
    /// It runs.
    Running,
    /// It waits.
    Waiting,
    /// Its coroutine has yielded. Other code will resume it.
    Yielded,
}

/// The result of a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WakeReason {
    /// The event has come.
    Ready,
    /// The time limit of the wait itself has expired.
    Limit,
    /// An enclosing deadline has expired.
    Deadline,
    /// The descriptor was given up.
    Closed,
    /// The task was cancelled.
    Cancelled,
    /// A descriptor does not support waiting.
    Failed(i32),
    /// Switching is not possible here. The caller must wait itself, for at most this long.
    Outside(Option<Duration>),
}

/// One task.
pub(super) struct Task {
    pub(super) thread: *mut lua_State,
    /// The number of values above the function, for a task that has not begun.
    pub(super) arguments: c_int,
    pub(super) stack_size: usize,
    pub(super) fiber: Option<Fiber>,
    pub(super) exit: *const Exit,
    pub(super) state: State,
    /// The descriptors that it waits for. The array is on its parked stack, or in a userdata that this stack
    /// refers to.
    pub(super) interests: *mut Interest,
    pub(super) interest_count: usize,
    /// When its wait ends, and whether an enclosing deadline ends it.
    pub(super) end: Option<Instant>,
    pub(super) by_deadline: bool,
    /// The time of its entry in the timers.
    pub(super) timer: Option<Instant>,
    pub(super) reason: WakeReason,
    /// The message of its cancellation.
    pub(super) cancelled: Option<Box<[u8]>>,
    pub(super) deadline: Option<Instant>,
    pub(super) shielded: bool,
    pub(super) operations: u32,
    /// Waits that have failed in a row. While all tasks are being ended, rounds without a wait count too.
    pub(super) failures: u32,
    /// Whether a wait has failed at once, so that the other tasks must run before the next operation.
    pub(super) owes_round: bool,
    /// The lookup that it waits for. Zero means none.
    pub(super) lookup: u64,
    pub(super) answer: Option<Box<dyn Any + Send>>,
}

impl Task {
    /// Whether an outside event can end its wait.
    pub(super) fn is_pending(&self) -> bool {
        self.interest_count > 0 || self.lookup != 0
    }
}
