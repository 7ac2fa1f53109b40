//! What there is to a task.

use std::any::Any;
use std::ffi::c_int;
use std::time::{Duration, Instant};

use mlua::ffi::lua_State;

use crate::binding::Message;
use crate::tasks::door::Interest;
use crate::tasks::fiber::{Exit, Fiber};

/// A task: where it is kept, and which of those that were kept there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Id {
    pub(super) index: u32,
    pub(super) generation: u32,
}

impl Id {
    /// As Lua has it: a number, exact in a double.
    pub fn number(self) -> f64 {
        f64::from(self.generation) * f64::from(1 << 26) + f64::from(self.index)
    }

    /// What Lua has as a number.
    pub fn from_number(number: f64) -> Option<Id> {
        let whole = number as u64;
        let id = Id { index: (whole & ((1 << 26) - 1)) as u32, generation: (whole >> 26) as u32 };
        (id.number() == number).then_some(id)
    }
}

/// What a task does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It has not begun, or goes on at its turn.
    Ready,
    /// It runs.
    Running,
    /// It waits.
    Waiting,
    /// Its coroutine has yielded: somebody else will resume it.
    Yielded,
}

/// How a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// What it waited for has come.
    Ready,
    /// The limit of the wait itself is up.
    Limit,
    /// A deadline around it is up.
    Deadline,
    /// Somebody gave the descriptor up.
    Closed,
    /// The task was cancelled.
    Cancelled(Message),
    /// A descriptor cannot be waited for.
    Failed(i32),
    /// Nothing switches here: the caller waits itself, for this long at most.
    Outside(Option<Duration>),
}

/// One task.
pub(super) struct Task {
    pub(super) thread: *mut lua_State,
    /// The values above the function, for a task that has not begun.
    pub(super) arguments: c_int,
    pub(super) stack_size: usize,
    pub(super) fiber: Option<Fiber>,
    pub(super) exit: *const Exit,
    pub(super) state: State,
    /// What it waits for; the array is on its parked stack, or in a userdata that this refers to.
    pub(super) interests: *mut Interest,
    pub(super) interest_count: usize,
    /// When its wait ends, and whether by a deadline around it.
    pub(super) end: Option<Instant>,
    pub(super) by_deadline: bool,
    /// Its entry among the timers.
    pub(super) timer: Option<Instant>,
    pub(super) verdict: Verdict,
    pub(super) cancelled: Option<Message>,
    pub(super) deadline: Option<Instant>,
    pub(super) shielded: bool,
    pub(super) operations: u32,
    pub(super) failures: u32,
    /// The lookup that it waits for.
    pub(super) lookup: u64,
    pub(super) answer: Option<Box<dyn Any + Send>>,
}

impl Task {
    /// Whether something from outside can end its wait.
    pub(super) fn is_pending(&self) -> bool {
        self.interest_count > 0 || self.lookup != 0
    }
}
