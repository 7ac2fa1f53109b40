//! The switch: a task leaves its stack when it waits, and is resumed at its turn.
//!
//! Nothing here keeps a reference to the scheduler or a task while Lua code runs.

use std::ffi::c_void;
use std::ptr;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use mlua::ffi::{self, lua_State};

use super::context::may_switch;
use super::{Id, MOST_FAILURES, Round, RoundError, Scheduler, State, WakeReason, coarse_now, flags};
use super::{LONGEST_TURN, LOOK_AT_CLOCK, MOST_OPERATIONS};
use crate::binding::{CAPACITY, WHOLE_TEXT};
use crate::tasks::fiber::{Fiber, Turn};
use crate::tasks::handover::OPERATION;
use crate::tasks::interest::Interest;

/// Runs up to `most` turns. Stops when something has happened that code outside tasks may be waiting for, or
/// when no task is ready any more.
///
/// # Safety
/// As for [`turn`].
pub unsafe fn turns(
    scheduler: *mut Scheduler,
    state: *mut lua_State,
    limit: Option<Duration>,
    most: u32,
) -> Result<Round, RoundError> {
    // SAFETY: the conditions of this function. References end at once.
    unsafe {
        (*scheduler).entered = std::ptr::null_mut();
        let mut result = Ok(Round::Went);
        for number in 1..=most.max(1) {
            let is_last = number >= most || (*scheduler).ready.is_empty();
            if is_last && number > 1 && (*scheduler).has_dead() {
                // Their coroutines are released before a wait that may be long.
                break;
            }
            result = turn(scheduler, if is_last { limit } else { Some(Duration::ZERO) });
            if is_last || result.is_err() || (*scheduler).happened {
                break;
            }
        }
        enter_machine(state);
        result
    }
}

/// Runs one turn. Each task that is ready now runs once. Then the events of descriptors and the expired times
/// are collected, with a wait of at most `limit` when nothing is ready.
///
/// # Safety
/// The scheduler belongs to the state, no task runs, and the caller owns nothing.
unsafe fn turn(scheduler: *mut Scheduler, limit: Option<Duration>) -> Result<Round, RoundError> {
    // SAFETY: the conditions of this function. References end before a task runs.
    unsafe {
        (*scheduler).check_fork();
        let count = (*scheduler).ready.len();
        let mut outcome = Ok(());
        if count > 0 {
            flags().running.fetch_add(1, Ordering::Relaxed);
            for _ in 0..count {
                let Some(id) = (*scheduler).ready.pop_front() else { break };
                outcome = run_one(scheduler, id);
                if outcome.is_err() {
                    (*scheduler).ready.push_front(id);
                    break;
                }
            }
            flags().running.fetch_sub(1, Ordering::Relaxed);
        }
        outcome?;
        let this = &mut *scheduler;
        let noted = std::mem::take(&mut this.noted);
        let noteworthy = std::mem::take(&mut this.ended) || noted;
        this.happened = noted || !this.failed.is_empty() || this.live == this.yielded;
        if this.ready.is_empty() && this.pending == 0 && this.next_time().is_none() {
            let may_come = limit.is_some_and(|limit| !limit.is_zero());
            if count == 0 && limit.is_none() {
                return Ok(Round::Stuck);
            }
            if noteworthy || count > 0 || !may_come {
                return Ok(Round::Went);
            }
        }
        this.look(if noteworthy { Some(Duration::ZERO) } else { limit }).map_err(RoundError::NoReadiness)?;
        this.expire();
        Ok(Round::Went)
    }
}

/// Runs a task until it waits or its coroutine stops.
unsafe fn run_one(scheduler: *mut Scheduler, id: Id) -> Result<(), RoundError> {
    // SAFETY: the conditions of `turn`. The task's box does not move while it exists. Its fiber is taken out
    // while it runs. So no reference to the scheduler or the task exists then.
    unsafe {
        let this = &mut *scheduler;
        let Some(task) = this.task(id) else { return Ok(()) };
        if task.state != State::Ready {
            return Ok(());
        }
        let mut fiber = match task.fiber.take() {
            Some(fiber) => fiber,
            None => {
                let (size, thread, arguments) = (task.stack_size, task.thread, task.arguments);
                let stack = match this.stack(size) {
                    Ok(stack) => stack,
                    Err(error) => {
                        return Err(RoundError::NoStack(
                            error.raw_os_error().unwrap_or(crate::sys::libc::ENOMEM),
                        ));
                    }
                };
                this.unbegun -= 1;
                let Some(task) = this.task(id) else { return Ok(()) };
                let exit = &raw mut task.exit;
                this.entered = std::ptr::null_mut();
                Fiber::new(stack, thread, arguments, exit)
            }
        };
        if let Some(task) = this.task(id) {
            task.state = State::Running;
            task.operations = 0;
        }
        this.turn_began = coarse_now();
        this.current = Some(id);
        this.range = fiber.range();
        let turn = fiber.resume();
        let this = &mut *scheduler;
        // This must come while the task is still the running one: after a fork it is the only task of the
        // child.
        this.check_fork();
        this.current = None;
        match turn {
            Turn::Parked => {
                let mut abandoned = false;
                if let Some(task) = this.task(id) {
                    task.fiber = Some(fiber);
                    abandoned = task.failures >= MOST_FAILURES;
                } else {
                    // The task was removed while it ran. Only closing the state does that.
                    std::mem::forget(fiber);
                }
                if abandoned && this.abandoning {
                    this.failed.push(id);
                    this.abandon(id);
                }
            }
            Turn::Left(status) => {
                this.ended = true;
                this.entered = std::ptr::null_mut();
                this.keep(fiber.into_stack());
                if status == ffi::LUA_YIELD {
                    this.yielded += 1;
                    if let Some(task) = this.task(id) {
                        task.state = State::Yielded;
                    }
                } else if status != ffi::LUA_OK {
                    this.failed.push(id);
                } else {
                    this.remove(id);
                }
            }
        }
        Ok(())
    }
}

impl Scheduler {
    /// Takes a task off all lists. It keeps its number until the Lua code has been informed.
    fn abandon(&mut self, id: Id) {
        self.leave_wait(id);
        self.ready.retain(|other| *other != id);
        if let Some(task) = self.task(id) {
            task.state = State::Waiting;
            task.end = None;
        }
    }

    /// Whether a task has been abandoned.
    pub fn is_abandoned(&mut self, id: Id) -> bool {
        self.task(id).is_some_and(|task| task.failures >= MOST_FAILURES && task.fiber.is_some())
    }

    /// Whether a wait of the task has failed at once and the other tasks have not run since.
    fn takes_debt(&mut self, id: Id) -> bool {
        self.task(id).is_some_and(|task| std::mem::take(&mut task.owes_round))
    }

    /// Counts an operation of the running task that did not wait. Returns whether other tasks must run now.
    fn has_had_its_turn(&mut self) -> bool {
        let (began, ending) = (self.turn_began, self.abandoning);
        let Some(task) = self.current.and_then(|id| self.task(id)) else { return false };
        task.operations += 1;
        // A cancelled task that goes on without a wait must not keep the others from ending.
        if !(ending && task.cancelled.is_some()) {
            task.failures = 0;
        }
        task.operations >= MOST_OPERATIONS
            || task.operations.is_multiple_of(LOOK_AT_CLOCK) && coarse_now() - began > LONGEST_TURN
    }
}

/// The conditions of a wait, besides its descriptors.
#[derive(Clone, Copy, Debug, Default)]
pub struct WaitOptions {
    /// The time limit.
    pub limit: Option<Duration>,
    /// The lookup whose answer the task waits for.
    pub lookup: u64,
    /// Whether cancels and deadlines do not end the wait.
    pub shielded: bool,
}

/// Waits in the running task. Returns `Outside` when no task can wait here. The array `interests` must not
/// move during the wait.
///
/// # Safety
/// The state is the running one and has a free slot. The array has `count` elements. Nothing is owned on this
/// stack.
pub unsafe fn wait(
    scheduler: *mut Scheduler,
    state: *mut lua_State,
    interests: *mut Interest,
    count: usize,
    options: WaitOptions,
) -> WakeReason {
    // SAFETY: the conditions of this function. References end before the stack is left.
    unsafe {
        let this = &mut *scheduler;
        this.check_fork();
        if !may_switch(this, state) {
            let outside = match this.current {
                None => this.outside_deadline,
                Some(id) => this.task(id).and_then(|task| task.deadline),
            };
            let left = outside.map(|end| end.saturating_duration_since(Instant::now()));
            return WakeReason::Outside(match (left, options.limit) {
                (Some(left), Some(limit)) => Some(left.min(limit)),
                (left, limit) => left.or(limit),
            });
        }
        let Some(id) = this.current else { return WakeReason::Outside(options.limit) };
        let Some(task) = this.task(id) else { return WakeReason::Outside(options.limit) };
        let now = (options.limit.is_some() || task.deadline.is_some()).then(Instant::now);
        if task.cancelled.is_some() && !options.shielded {
            return fail(scheduler, state, id, WakeReason::Cancelled);
        }
        let deadline = task.deadline.filter(|_| !options.shielded);
        if deadline.zip(now).is_some_and(|(deadline, now)| deadline <= now) {
            return fail(scheduler, state, id, WakeReason::Deadline);
        }
        if options.limit == Some(Duration::ZERO) && count == 0 && options.lookup == 0 {
            // A sleep of length zero.
            go_round(scheduler, state, id);
            return WakeReason::Limit;
        }
        if options.limit == Some(Duration::ZERO) && options.lookup == 0 {
            // A loop of such waits must not keep the other tasks from running.
            settle(scheduler, state, OPERATION);
            return WakeReason::Outside(Some(Duration::ZERO));
        }
        let own = options.limit.zip(now).and_then(|(limit, now)| now.checked_add(limit));
        let by_deadline = deadline.is_some_and(|deadline| own.is_none_or(|own| deadline < own));
        let end = if by_deadline { deadline } else { own };
        match this.watch(id, interests, count) {
            Ok(false) => {}
            Ok(true) => {
                this.unwatch(id, interests, count);
                return WakeReason::Ready;
            }
            Err(error) => {
                this.unwatch(id, interests, count);
                return WakeReason::Failed(error.raw_os_error());
            }
        }
        let Some(task) = this.task(id) else { return WakeReason::Outside(options.limit) };
        task.state = State::Waiting;
        task.interests = interests;
        task.interest_count = count;
        task.end = end;
        task.by_deadline = by_deadline;
        task.lookup = options.lookup;
        task.shielded = options.shielded;
        let pending = task.is_pending();
        if let Some(end) = end
            && task.timer.is_none_or(|timer| timer > end)
        {
            task.timer = Some(end);
            this.timers.push(end, id);
        }
        if pending {
            this.pending += 1;
        }
        let reason = leave(scheduler, state, id);
        if let Some(task) = (*scheduler).task(id) {
            if reason == WakeReason::Ready {
                task.failures = 0;
            } else {
                task.failures = task.failures.saturating_add(1);
            }
        }
        reason
    }
}

/// A wait that fails at once. The caller may have marked an object as busy, so the other tasks do not run yet.
/// They run in [`settle`].
unsafe fn fail(scheduler: *mut Scheduler, state: *mut lua_State, id: Id, reason: WakeReason) -> WakeReason {
    // SAFETY: the conditions of `wait`.
    unsafe {
        if let Some(task) = (*scheduler).task(id) {
            task.failures = task.failures.saturating_add(1);
            task.owes_round = true;
        }
        publish_message(scheduler, state, id);
        reason
    }
}

/// Stores the message of a cancelled task in the registry, when it is a long one. The task's native function is
/// about to return it.
unsafe fn publish_message(scheduler: *mut Scheduler, state: *mut lua_State, id: Id) {
    // SAFETY: the conditions of `wait`. Lua copies the text first, and nothing is owned if that raises.
    unsafe {
        let text = (*scheduler).task(id).and_then(|task| task.cancelled.as_deref());
        if let Some(text) = text.filter(|text| text.len() > CAPACITY) {
            ffi::lua_pushlstring(state, text.as_ptr().cast(), text.len());
            ffi::lua_setfield(state, ffi::LUA_REGISTRYINDEX, WHOLE_TEXT.as_ptr());
        }
    }
}

/// Puts the running task at the end of the queue.
unsafe fn go_round(scheduler: *mut Scheduler, state: *mut lua_State, id: Id) {
    // SAFETY: the conditions of `wait`.
    unsafe {
        if let Some(task) = (*scheduler).task(id) {
            task.state = State::Ready;
            (*scheduler).enqueue(id);
            leave(scheduler, state, id);
        }
    }
}

/// Leaves the stack. Returns when the scheduler resumes the task.
unsafe fn leave(scheduler: *mut Scheduler, state: *mut lua_State, id: Id) -> WakeReason {
    // SAFETY: the exit belongs to the stack that this code runs on, so it exists as long as this frame.
    unsafe {
        let Some(task) = (*scheduler).task(id) else { return WakeReason::Outside(None) };
        let exit = task.exit;
        (*scheduler).entered = state;
        (*exit).suspend(());
        if (*scheduler).entered != state {
            enter_machine(state);
        }
        publish_message(scheduler, state, id);
        (*scheduler).task(id).map_or(WakeReason::Ready, |task| task.reason)
    }
}

/// Lets all other ready tasks run once. Returns `None` where switching is not possible.
///
/// # Safety
/// As for [`wait`].
pub unsafe fn yield_now(scheduler: *mut Scheduler, state: *mut lua_State) -> Option<WakeReason> {
    // SAFETY: the conditions of this function.
    unsafe {
        let this = &mut *scheduler;
        this.check_fork();
        let id = this.current?;
        if !may_switch(this, state) {
            return None;
        }
        go_round(scheduler, state, id);
        let task = (*scheduler).task(id)?;
        let over = task.deadline.is_some_and(|deadline| deadline <= Instant::now());
        let reason = task
            .cancelled
            .is_some()
            .then_some(WakeReason::Cancelled)
            .or(over.then_some(WakeReason::Deadline));
        match reason {
            Some(_) => task.failures = task.failures.saturating_add(1),
            None => task.failures = 0,
        }
        Some(reason.unwrap_or(WakeReason::Ready))
    }
}

/// Lets other tasks run if it is their turn, after an operation without a wait or a failed wait.
///
/// # Safety
/// As for [`wait`].
pub unsafe fn settle(scheduler: *mut Scheduler, state: *mut lua_State, after: u32) {
    // SAFETY: the conditions of this function.
    unsafe {
        let this = &mut *scheduler;
        this.check_fork();
        let Some(id) = this.current else { return };
        let has_debt = this.takes_debt(id);
        let is_due = has_debt || after == OPERATION && this.has_had_its_turn();
        if !is_due || !may_switch(this, state) {
            return;
        }
        if !has_debt
            && (*scheduler).abandoning
            && let Some(task) = (*scheduler).task(id).filter(|task| task.cancelled.is_some())
        {
            task.failures = task.failures.saturating_add(1);
        }
        go_round(scheduler, state, id);
    }
}

static NOTHING: u8 = 1;

/// The registry key of a function that does nothing.
pub fn nothing_key() -> *const c_void {
    ptr::from_ref(&NOTHING).cast()
}

/// On LuaJIT, enters the virtual machine once. LuaJIT keeps the running coroutine in a variable that only
/// such an entry sets.
///
/// # Safety
/// The state is the running one and has a free slot.
pub unsafe fn enter_machine(state: *mut lua_State) {
    #[cfg(feature = "luajit")]
    // SAFETY: calls a function that does nothing. The registry holds it since the scheduler was made.
    unsafe {
        if ffi::lua_rawgetp(state, ffi::LUA_REGISTRYINDEX, nothing_key()) == ffi::LUA_TFUNCTION {
            ffi::lua_call(state, 0, 0);
        } else {
            ffi::lua_settop(state, -2);
        }
    }
    let _ = state;
}
