//! The switch: a task is left where it waits, and resumed at its turn.
//!
//! Nothing here keeps a reference to the scheduler or a task while Lua code runs.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use mlua::ffi::{self, lua_State};

use super::{Id, MOST_FAILURES, Round, Scheduler, State, Trouble, Verdict, coarse_now, flags};
use super::{LONGEST_TURN, LOOK_AT_CLOCK, MOST_OPERATIONS};
use crate::tasks::door::Interest;
use crate::tasks::fiber::{Fiber, Turn};

/// Turns, until something has happened that code outside tasks may wait for, nothing is ready any more, or there have
/// been so many.
///
/// # Safety
/// As [`turn`]'s.
pub unsafe fn turns(
    scheduler: *mut Scheduler,
    state: *mut lua_State,
    limit: Option<Duration>,
    most: u32,
) -> Result<Round, Trouble> {
    for _ in 1..most {
        // SAFETY: as this function's; the reference ends at once.
        unsafe {
            if (*scheduler).ready.is_empty() {
                break;
            }
            turn(scheduler, state, Some(Duration::ZERO))?;
            if (*scheduler).happened {
                return Ok(Round::Went);
            }
        }
    }
    // SAFETY: as this function's.
    unsafe { turn(scheduler, state, limit) }
}

/// One turn: each task that is ready now runs once; then descriptors and times are looked at, waiting for at most
/// `limit` when nothing is ready.
///
/// # Safety
/// The scheduler is that of the state, no task runs, and nothing is owned by the caller.
pub unsafe fn turn(
    scheduler: *mut Scheduler,
    state: *mut lua_State,
    limit: Option<Duration>,
) -> Result<Round, Trouble> {
    // SAFETY: as this function's; references end before a task runs.
    unsafe {
        (*scheduler).check_fork();
        let count = (*scheduler).ready.len();
        for _ in 0..count {
            let Some(id) = (*scheduler).ready.pop_front() else { break };
            if let Err(trouble) = run_one(scheduler, id) {
                (*scheduler).ready.push_front(id);
                enter_machine(state);
                return Err(trouble);
            }
        }
        if count > 0 {
            enter_machine(state);
        }
        let this = &mut *scheduler;
        let noteworthy = std::mem::take(&mut this.noteworthy);
        this.happened = noteworthy;
        if this.ready.is_empty() && this.pending == 0 && this.next_time().is_none() {
            let may_come = limit.is_some_and(|limit| !limit.is_zero());
            if count == 0 && limit.is_none() {
                return Ok(Round::Stuck);
            }
            if noteworthy || count > 0 || !may_come {
                return Ok(Round::Went);
            }
        }
        this.look(if noteworthy { Some(Duration::ZERO) } else { limit }).map_err(Trouble::NoReadiness)?;
        this.expire();
        Ok(Round::Went)
    }
}

/// Runs a task until it waits or leaves.
unsafe fn run_one(scheduler: *mut Scheduler, id: Id) -> Result<(), Trouble> {
    // SAFETY: as `turn`'s; the task's box stays where it is while it exists, and its fiber is taken out while it runs,
    // so that nothing refers to the scheduler or the task then.
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
                        return Err(Trouble::NoStack(error.raw_os_error().unwrap_or(libc::ENOMEM)));
                    }
                };
                this.unbegun -= 1;
                let Some(task) = this.task(id) else { return Ok(()) };
                let exit = &raw mut task.exit;
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
        flags().running.fetch_add(1, Ordering::Relaxed);
        let turn = fiber.resume();
        flags().running.fetch_sub(1, Ordering::Relaxed);
        let this = &mut *scheduler;
        // Before the task ceases to be the running one: in a copy of the process it is all there is.
        this.check_fork();
        this.current = None;
        match turn {
            Turn::Parked => {
                let mut abandoned = false;
                if let Some(task) = this.task(id) {
                    task.fiber = Some(fiber);
                    abandoned = task.failures >= MOST_FAILURES;
                } else {
                    // It has been removed while it ran, which only closing does.
                    std::mem::forget(fiber);
                }
                if abandoned && this.abandoning {
                    this.noteworthy = true;
                    this.failed.push(id);
                    this.abandon(id);
                }
            }
            Turn::Left(status) => {
                this.noteworthy = true;
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
    /// Takes a task out of everything; it stays known until Lua has heard of it.
    fn abandon(&mut self, id: Id) {
        self.leave_wait(id);
        self.ready.retain(|other| *other != id);
        if let Some(task) = self.task(id) {
            task.state = State::Waiting;
            task.end = None;
        }
    }

    /// Whether a task has been given up.
    pub fn is_abandoned(&mut self, id: Id) -> bool {
        self.task(id).is_some_and(|task| task.failures >= MOST_FAILURES && task.fiber.is_some())
    }

    /// Counts an operation of the running task that did not wait; whether others come first now.
    fn has_had_its_turn(&mut self) -> bool {
        let began = self.turn_began;
        let Some(task) = self.current.and_then(|id| self.task(id)) else { return false };
        task.operations += 1;
        task.failures = 0;
        task.operations >= MOST_OPERATIONS
            || task.operations.is_multiple_of(LOOK_AT_CLOCK) && coarse_now() - began > LONGEST_TURN
    }
}

/// What a parked task waits for, beside descriptors.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wish {
    /// How long at most.
    pub limit: Option<Duration>,
    /// The lookup whose answer it waits for.
    pub lookup: u64,
    /// Whether neither a cancel nor a deadline ends it.
    pub shielded: bool,
}

/// Waits, in the running task; outside one says so. `interests` is an array that stays where it is meanwhile.
///
/// # Safety
/// The state is the running one and has a free slot; the array has `count` elements; nothing is owned on this stack.
pub unsafe fn wait(
    scheduler: *mut Scheduler,
    state: *mut lua_State,
    interests: *mut Interest,
    count: usize,
    wish: Wish,
) -> Verdict {
    // SAFETY: as this function's; references end before the stack is left.
    unsafe {
        let this = &mut *scheduler;
        this.check_fork();
        if !may_switch(this, state) {
            let outside = match this.current {
                None => this.outside_deadline,
                Some(id) => this.task(id).and_then(|task| task.deadline),
            };
            let left = outside.map(|end| end.saturating_duration_since(Instant::now()));
            return Verdict::Outside(match (left, wish.limit) {
                (Some(left), Some(limit)) => Some(left.min(limit)),
                (left, limit) => left.or(limit),
            });
        }
        let Some(id) = this.current else { return Verdict::Outside(wish.limit) };
        let Some(task) = this.task(id) else { return Verdict::Outside(wish.limit) };
        let now = (wish.limit.is_some() || task.deadline.is_some()).then(Instant::now);
        if let Some(message) = task.cancelled.filter(|_| !wish.shielded) {
            return fail(scheduler, state, id, Verdict::Cancelled(message));
        }
        let deadline = task.deadline.filter(|_| !wish.shielded);
        if deadline.zip(now).is_some_and(|(deadline, now)| deadline <= now) {
            return fail(scheduler, state, id, Verdict::Deadline);
        }
        if wish.limit == Some(Duration::ZERO) && count == 0 && wish.lookup == 0 {
            // A sleep of no length.
            go_round(scheduler, state, id);
            return Verdict::Limit;
        }
        if wish.limit == Some(Duration::ZERO) && wish.lookup == 0 {
            return Verdict::Outside(Some(Duration::ZERO));
        }
        let own = wish.limit.zip(now).and_then(|(limit, now)| now.checked_add(limit));
        let by_deadline = deadline.is_some_and(|deadline| own.is_none_or(|own| deadline < own));
        let end = if by_deadline { deadline } else { own };
        match this.watch(id, interests, count) {
            Ok(false) => {}
            Ok(true) => {
                this.unwatch(id, interests, count);
                return Verdict::Ready;
            }
            Err(error) => {
                this.unwatch(id, interests, count);
                return Verdict::Failed(error.raw_os_error());
            }
        }
        let Some(task) = this.task(id) else { return Verdict::Outside(wish.limit) };
        task.state = State::Waiting;
        task.interests = interests;
        task.interest_count = count;
        task.end = end;
        task.by_deadline = by_deadline;
        task.lookup = wish.lookup;
        task.shielded = wish.shielded;
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
        let verdict = leave(scheduler, state, id);
        if let Some(task) = (*scheduler).task(id) {
            if verdict == Verdict::Ready {
                task.failures = 0;
            } else {
                task.failures = task.failures.saturating_add(1);
            }
        }
        verdict
    }
}

/// A wait that fails at once: all others that are ready run once before.
unsafe fn fail(scheduler: *mut Scheduler, state: *mut lua_State, id: Id, verdict: Verdict) -> Verdict {
    // SAFETY: as `wait`'s.
    unsafe {
        if let Some(task) = (*scheduler).task(id) {
            task.failures = task.failures.saturating_add(1);
        }
        go_round(scheduler, state, id);
        verdict
    }
}

/// Goes to the end of the queue.
unsafe fn go_round(scheduler: *mut Scheduler, state: *mut lua_State, id: Id) {
    // SAFETY: as `wait`'s.
    unsafe {
        if let Some(task) = (*scheduler).task(id) {
            task.state = State::Ready;
            (*scheduler).enqueue(id);
            leave(scheduler, state, id);
        }
    }
}

/// Leaves the stack, and comes back when the scheduler resumes the task.
unsafe fn leave(scheduler: *mut Scheduler, state: *mut lua_State, id: Id) -> Verdict {
    // SAFETY: the exit belongs to the stack that this runs on, so it exists as long as this frame does.
    unsafe {
        let Some(task) = (*scheduler).task(id) else { return Verdict::Outside(None) };
        let exit = task.exit;
        (*exit).suspend(());
        enter_machine(state);
        (*scheduler).task(id).map_or(Verdict::Ready, |task| task.verdict)
    }
}

/// Lets all others that are ready run once. False where nothing can switch.
///
/// # Safety
/// As [`wait`]'s.
pub unsafe fn yield_now(scheduler: *mut Scheduler, state: *mut lua_State) -> Option<Verdict> {
    // SAFETY: as this function's.
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
        let verdict = task.cancelled.map(Verdict::Cancelled).or(over.then_some(Verdict::Deadline));
        match verdict {
            Some(_) => task.failures = task.failures.saturating_add(1),
            None => task.failures = 0,
        }
        Some(verdict.unwrap_or(Verdict::Ready))
    }
}

/// Ends an operation that did not have to wait.
///
/// # Safety
/// As [`wait`]'s.
pub unsafe fn settle(scheduler: *mut Scheduler, state: *mut lua_State) {
    // SAFETY: as this function's.
    unsafe {
        let this = &mut *scheduler;
        if let Some(id) = this.current
            && this.has_had_its_turn()
            && may_switch(this, state)
        {
            go_round(scheduler, state, id);
        }
    }
}

/// Whether a wait in the running code may switch stacks.
pub fn may_switch(scheduler: &Scheduler, state: *mut lua_State) -> bool {
    // A program may get here from a stack of its own, or of another state's task, which cannot be left by this one's exit.
    let here = std::ptr::from_ref(&state).addr();
    scheduler.current.is_some()
        && scheduler.blocked == 0
        && scheduler.range.contains(&here)
        && !is_in_finalizer(state)
        && !is_in_hook(state)
        && is_of(scheduler, state)
}

/// Whether tasks cannot be waited for here, in a task or outside: in a finalizer, in a hook.
pub fn is_nowhere(state: *mut lua_State) -> bool {
    is_in_finalizer(state) || is_in_hook(state)
}

/// Whether the scheduler is that of the state.
fn is_of(scheduler: &Scheduler, state: *mut lua_State) -> bool {
    // SAFETY: reads an address.
    scheduler.registry == unsafe { ffi::lua_topointer(state, ffi::LUA_REGISTRYINDEX) }
}

/// While a finalizer runs, the collector is stopped.
fn is_in_finalizer(state: *mut lua_State) -> bool {
    #[cfg(any(feature = "lua52", feature = "lua53"))]
    // SAFETY: a question without side effects.
    return unsafe { ffi::lua_gc(state, ffi::LUA_GCISRUNNING, 0) == 0 };
    #[cfg(any(feature = "lua54", feature = "lua55"))]
    // SAFETY: a question without side effects; a finalizer gets -1, a program that has stopped its collector 0.
    return unsafe { ffi::lua_gc(state, ffi::LUA_GCISRUNNING) == -1 };
    #[cfg(any(feature = "lua51", feature = "luajit"))]
    {
        let _ = state;
        false
    }
}

/// Whether a debug hook is running.
fn is_in_hook(state: *mut lua_State) -> bool {
    #[cfg(any(feature = "lua53", feature = "lua54", feature = "lua55"))]
    // SAFETY: reads the levels of the running coroutine; no level is kept.
    unsafe {
        if ffi::lua_gethookmask(state) == 0 {
            return false;
        }
        let mut level = 0;
        let mut record: ffi::lua_Debug = std::mem::zeroed();
        while ffi::lua_getstack(state, level, &mut record) != 0 {
            if ffi::lua_getinfo(state, c"n".as_ptr(), &mut record) != 0
                && !record.namewhat.is_null()
                && std::ffi::CStr::from_ptr(record.namewhat) == c"hook"
            {
                return true;
            }
            level += 1;
        }
    }
    let _ = state;
    false
}

/// LuaJIT keeps the running coroutine in a variable that only an entry into its machine sets.
///
/// # Safety
/// The state is the running one and has a free slot.
pub unsafe fn enter_machine(state: *mut lua_State) {
    #[cfg(feature = "luajit")]
    // SAFETY: a function that does nothing, kept in the registry since the scheduler exists.
    unsafe {
        if ffi::lua_rawgetp(state, ffi::LUA_REGISTRYINDEX, crate::tasks::native::nothing_key())
            == ffi::LUA_TFUNCTION
        {
            ffi::lua_call(state, 0, 0);
        } else {
            ffi::lua_settop(state, -2);
        }
    }
    let _ = state;
}
