//! The native part of `socket.tasks`: the functions that `lua/socket/tasks.lua` uses.
#![allow(unsafe_code)]

use std::ffi::c_int;
use std::ptr;
use std::time::{Duration, Instant};

use mlua::ffi;

use super::handover;
use super::scheduler::{self, Id, Round, RoundError, Scheduler, State, WaitOptions, WakeReason};
use crate::binding::{Call, Message, NativeFunction, Outcome, Raise, native};

mod setup;

use setup::threads_key;

const FUNCTIONS: &[(&str, NativeFunction)] = &[
    ("abandoning", native(abandoning)),
    ("begun", native(begun)),
    ("block", native(block)),
    ("cancel", native(cancel)),
    ("counts", native(counts)),
    ("current", native(current)),
    ("deadline", native(deadline)),
    ("failed", native(failed)),
    ("getfd", native(getfd)),
    ("here", native(here)),
    ("inherit", native(inherit)),
    ("left", native(left)),
    ("most", native(most)),
    ("note", native(note)),
    ("now", native(now)),
    ("remove", native(remove)),
    ("reset", native(reset)),
    ("settle", native(settle)),
    ("spawn", native(spawn)),
    ("state", native(state)),
    ("suspend", native(suspend)),
    ("timeout", native(timeout)),
    ("traceback", native(traceback)),
    ("turn", native(turn)),
    ("wake", native(wake)),
    ("yield", native(yield_turn)),
    ("yielded", native(yielded)),
];

/// Opens the internal module. Makes the state's scheduler when it has none.
pub fn open(call: &mut Call<'_>) -> Outcome {
    call.prepare();
    setup::make_scheduler(call);
    call.new_table(0, FUNCTIONS.len());
    call.set_functions(FUNCTIONS);
    Ok(1)
}

/// The state's scheduler, renewed in a child of a fork.
pub fn find(call: &Call<'_>) -> Option<*mut Scheduler> {
    if !super::door::is_active() {
        return None;
    }
    // SAFETY: the callers own nothing, so the lookup may raise.
    let scheduler = unsafe { handover::find(call.raw_state()) }?.scheduler.cast::<Scheduler>();
    // SAFETY: this is the state's scheduler, and no reference to it exists when a native function begins.
    unsafe { (*scheduler).check_fork() };
    Some(scheduler)
}

fn scheduler(call: &Call<'_>) -> Result<*mut Scheduler, Raise> {
    find(call).ok_or_else(|| Raise::Error(Message::new("the library is not loaded in this state")))
}

/// Calls `function` with the state's scheduler. The function must not call Lua.
fn with<R>(call: &Call<'_>, function: impl FnOnce(&mut Scheduler) -> R) -> Result<R, Raise> {
    let scheduler = scheduler(call)?;
    // SAFETY: this is the only reference, because `function` does not call Lua or switch stacks.
    Ok(function(unsafe { &mut *scheduler }))
}

fn id(call: &Call<'_>, index: c_int) -> Result<Id, Raise> {
    Id::from_number(call.number(index)?).ok_or_else(|| Raise::argument(index, "invalid task"))
}

/// `spawn(stacksize, most, function, ...)`: returns a task's number and its coroutine, or nil when there are
/// `most` tasks.
fn spawn(call: &mut Call<'_>) -> Outcome {
    let (size, most) = (call.number(1)? as usize, call.number(2)?);
    let scheduler = scheduler(call)?;
    let state = call.raw_state();
    // SAFETY: nothing is owned. The registry holds the coroutine before the scheduler gets it, at a place that
    // no other task takes, because no Lua code runs meanwhile. The function and its arguments are moved to the
    // coroutine's stack, after room is made for them.
    unsafe {
        if (*scheduler).counts().0 as f64 >= most {
            call.push_nil();
            return Ok(1);
        }
        let count = ffi::lua_gettop(state) - 2;
        let thread = ffi::lua_newthread(state);
        ffi::lua_rawgetp(state, ffi::LUA_REGISTRYINDEX, threads_key());
        ffi::lua_pushvalue(state, -2);
        ffi::lua_rawseti(state, -2, (*scheduler).next_place() as _);
        ffi::lua_settop(state, -2);
        ffi::lua_insert(state, 3);
        if ffi::lua_checkstack(thread, count + 8) == 0 {
            return Err(Raise::Error(Message::new("too many arguments")));
        }
        ffi::lua_xmove(state, thread, count);
        let id = (*scheduler).add(thread, count - 1, size);
        ffi::lua_pushinteger(state, id.number() as _);
        ffi::lua_insert(state, -2);
    }
    Ok(2)
}

/// Releases the coroutines of tasks that have ended.
fn release(call: &Call<'_>, scheduler: *mut Scheduler) {
    let state = call.raw_state();
    // SAFETY: nothing is owned. An existing key is set to nil, which does not allocate.
    unsafe {
        if !(*scheduler).has_dead() {
            return;
        }
        ffi::lua_rawgetp(state, ffi::LUA_REGISTRYINDEX, threads_key());
        while let Some(place) = (*scheduler).next_dead() {
            ffi::lua_pushnil(state);
            ffi::lua_rawseti(state, -2, place as _);
        }
        ffi::lua_settop(state, -2);
    }
}

fn duration(call: &Call<'_>, index: c_int) -> Result<Option<Duration>, Raise> {
    if call.kind(index).is_absent() {
        return Ok(None);
    }
    let seconds = call.number(index)?;
    if seconds < 0.0 {
        return Ok(None);
    }
    let seconds = if seconds.is_nan() { 0.0 } else { seconds };
    Ok(Duration::try_from_secs_f64(seconds).ok())
}

/// `turn(seconds, most)`: runs one turn, or up to `most` turns until something happens that concerns the
/// caller. Waits for at most `seconds`; nil or a negative number means no limit. Returns true when no task
/// can continue and no event can come. Returns nil and a message when there is no stack, or no list of ready
/// descriptors from the system.
fn turn(call: &mut Call<'_>) -> Outcome {
    let limit = duration(call, 1)?;
    let most = call.optional_number(2, 1.0)? as u32;
    let scheduler = scheduler(call)?;
    // SAFETY: Lua calls this only outside tasks, which it checks with `here`. A call from a task is refused
    // here.
    let outcome = unsafe {
        if (*scheduler).current().is_some() {
            return Err(Raise::Error(Message::new("cannot wait here")));
        }
        scheduler::turns(scheduler, call.raw_state(), limit, most)
    };
    release(call, scheduler);
    match outcome {
        Ok(round) => {
            call.push_boolean(round == Round::Stuck);
            Ok(1)
        }
        Err(RoundError::NoReadiness(error)) => {
            Ok(call.push_failure(&crate::sys::error_text(error.raw_os_error())))
        }
        Err(RoundError::NoStack(code)) => {
            let mut message = Message::new("cannot reserve a stack: ");
            message.append(crate::sys::error_text(code).as_bytes());
            Ok(call.push_failure(&message))
        }
    }
}

/// Pushes true, or nil and the reason why a wait failed.
fn report(call: &mut Call<'_>, reason: WakeReason) -> Outcome {
    let message = match reason {
        WakeReason::Cancelled => with(call, |scheduler| scheduler.cancel_message())?,
        WakeReason::Ready => {
            call.push_boolean(true);
            return Ok(1);
        }
        WakeReason::Limit | WakeReason::Deadline => Message::new("timeout"),
        WakeReason::Closed => Message::new("closed"),
        WakeReason::Failed(code) => crate::sys::error_text(code),
        WakeReason::Outside(_) => Message::new("cannot wait here"),
    };
    Ok(call.push_failure(&message))
}

/// `suspend(seconds, shielded)`: the running task waits until it is woken. When shielded, a cancel or a
/// deadline does not end the wait.
fn suspend(call: &mut Call<'_>) -> Outcome {
    let limit = duration(call, 1)?.map(|limit| limit.max(Duration::from_nanos(1)));
    let scheduler = scheduler(call)?;
    let options = WaitOptions { limit, lookup: 0, shielded: call.truthy(2) };
    // SAFETY: nothing is owned here, nor in the frames below, by the rules of the boundary.
    let reason = unsafe { scheduler::wait(scheduler, call.raw_state(), ptr::null_mut(), 0, options) };
    if reason != WakeReason::Ready {
        super::door::settle_failure(call);
    }
    report(
        call,
        if matches!(reason, WakeReason::Outside(Some(Duration::ZERO))) { WakeReason::Limit } else { reason },
    )
}

/// `yield()`: returns true after all other ready tasks have run. Returns at once outside a task.
fn yield_turn(call: &mut Call<'_>) -> Outcome {
    let scheduler = scheduler(call)?;
    // SAFETY: as in `suspend`.
    let reason = unsafe { scheduler::yield_now(scheduler, call.raw_state()) };
    report(call, reason.unwrap_or(WakeReason::Ready))
}

fn wake(call: &mut Call<'_>) -> Outcome {
    let id = id(call, 1)?;
    with(call, |scheduler| scheduler.wake(id, WakeReason::Ready))?;
    Ok(0)
}

fn note(call: &mut Call<'_>) -> Outcome {
    with(call, Scheduler::note)?;
    Ok(0)
}

/// `cancel(id, message)`: returns the task's state before, or nil when the task has ended.
fn cancel(call: &mut Call<'_>) -> Outcome {
    let id = id(call, 1)?;
    let text = call.bytes(2)?;
    let state = with(call, |scheduler| scheduler.cancel(id, text))?;
    push_state(call, state);
    Ok(1)
}

fn push_state(call: &mut Call<'_>, state: Option<State>) {
    match state {
        None => call.push_nil(),
        Some(State::Ready) => call.push_bytes(b"ready"),
        Some(State::Running) => call.push_bytes(b"running"),
        Some(State::Waiting) => call.push_bytes(b"waiting"),
        Some(State::Yielded) => call.push_bytes(b"yielded"),
    }
}

fn state(call: &mut Call<'_>) -> Outcome {
    let id = id(call, 1)?;
    let state = with(call, |scheduler| scheduler.state(id))?;
    push_state(call, state);
    Ok(1)
}

/// `yielded(id)`: whether the task's coroutine has yielded plainly, so that other code has resumed it.
fn yielded(call: &mut Call<'_>) -> Outcome {
    let id = id(call, 1)?;
    let state = with(call, |scheduler| scheduler.state(id))?;
    call.push_boolean(state == Some(State::Yielded));
    Ok(1)
}

fn begun(call: &mut Call<'_>) -> Outcome {
    let id = id(call, 1)?;
    let begun = with(call, |scheduler| scheduler.has_begun(id))?;
    call.push_boolean(begun);
    Ok(1)
}

fn remove(call: &mut Call<'_>) -> Outcome {
    let id = id(call, 1)?;
    let scheduler = scheduler(call)?;
    // SAFETY: the Lua code only removes tasks that do not run.
    unsafe {
        if (*scheduler).current() != Some(id) {
            (*scheduler).remove(id);
        }
    }
    release(call, scheduler);
    Ok(0)
}

/// `reset()`: frees the memory that many tasks needed, when no task is left.
fn reset(call: &mut Call<'_>) -> Outcome {
    if with(call, |scheduler| scheduler.counts().0 == 0)? {
        let state = call.raw_state();
        // SAFETY: nothing is owned. The table holds the coroutines of tasks, and there are none.
        unsafe {
            ffi::lua_createtable(state, 0, 0);
            ffi::lua_rawsetp(state, ffi::LUA_REGISTRYINDEX, threads_key());
        }
    }
    Ok(0)
}

fn current(call: &mut Call<'_>) -> Outcome {
    match with(call, |scheduler| scheduler.current())? {
        Some(id) => call.push_integer(id.number() as i64),
        None => call.push_nil(),
    }
    Ok(1)
}

/// `here()`: "task" and the task's number, "outside", or "nowhere" where no code of this library can wait.
fn here(call: &mut Call<'_>) -> Outcome {
    let state = call.raw_state();
    let (here, id): (&[u8], _) = with(call, |scheduler| {
        let current = scheduler.current();
        let here = if scheduler::may_switch(scheduler, state) {
            b"task".as_slice()
        } else if scheduler.current().is_some() || scheduler.is_blocked() || scheduler::is_nowhere(state) {
            b"nowhere"
        } else {
            b"outside"
        };
        (here, current)
    })?;
    call.push_bytes(here);
    match id {
        Some(id) => call.push_integer(id.number() as i64),
        None => call.push_nil(),
    }
    Ok(2)
}

/// `counts()`: the numbers of tasks that have not ended, of those that have yielded, and of those that have
/// never run.
fn counts(call: &mut Call<'_>) -> Outcome {
    let (live, yielded, unbegun) = with(call, |scheduler| scheduler.counts())?;
    call.push_integer(live as i64);
    call.push_integer(yielded as i64);
    call.push_integer(unbegun as i64);
    Ok(3)
}

/// `failed()`: the number of a failed task, and whether it was abandoned. If it was not, its coroutine ended
/// in an error: the error and the traceback follow. Returns nil when there is no such task.
fn failed(call: &mut Call<'_>) -> Outcome {
    let Some((id, thread, abandoned)) = with(call, |scheduler| {
        scheduler.take_failed().map(|(id, thread)| (id, thread, scheduler.is_abandoned(id)))
    })?
    else {
        call.push_nil();
        return Ok(1);
    };
    call.push_integer(id.number() as i64);
    call.push_boolean(abandoned);
    if abandoned {
        return Ok(2);
    }
    let state = call.raw_state();
    // SAFETY: the coroutine is dead and has the error on top. Nothing is owned.
    unsafe {
        ffi::lua_xmove(thread, state, 1);
        ffi::luaL_traceback(state, thread, ptr::null(), 0);
    }
    Ok(4)
}

/// `deadline(seconds, handler, f, ...)`: calls `f` within a time limit, in a protected call with the handler.
/// Returns what `xpcall` would return.
fn deadline(call: &mut Call<'_>) -> Outcome {
    let seconds = call.number(1)?;
    let scheduler = scheduler(call)?;
    let limit = if seconds > 0.0 { Duration::try_from_secs_f64(seconds).ok() } else { Some(Duration::ZERO) };
    let state = call.raw_state();
    // SAFETY: nothing is owned. References to the scheduler end before Lua is called. The scheduler lives
    // until the state is closed.
    let status = unsafe {
        let before = (*scheduler).deadline();
        let own = limit.and_then(|limit| Instant::now().checked_add(limit));
        let both = match (before, own) {
            (Some(before), Some(own)) => Some(before.min(own)),
            (before, own) => before.or(own),
        };
        (*scheduler).set_deadline(both);
        let count = ffi::lua_gettop(state);
        let status = ffi::lua_pcall(state, count - 3, ffi::LUA_MULTRET, 2);
        (*scheduler).set_deadline(before);
        ffi::lua_pushboolean(state, c_int::from(status == ffi::LUA_OK));
        ffi::lua_insert(state, 3);
        status
    };
    let _ = status;
    Ok(call.count() - 2)
}

/// `inherit(id)`: gives the task the deadline of the running code.
fn inherit(call: &mut Call<'_>) -> Outcome {
    let id = id(call, 1)?;
    with(call, |scheduler| scheduler.inherit_deadline(id))?;
    Ok(0)
}

/// `settle()`: ends an operation that could have waited.
fn settle(call: &mut Call<'_>) -> Outcome {
    super::door::settle(call);
    Ok(0)
}

/// `left()`: returns the seconds until the deadline of the running code, or nil.
fn left(call: &mut Call<'_>) -> Outcome {
    match with(call, Scheduler::deadline)? {
        Some(deadline) => {
            call.push_number(deadline.saturating_duration_since(Instant::now()).as_secs_f64());
        }
        None => call.push_nil(),
    }
    Ok(1)
}

/// `now()`: returns the seconds of the monotonic clock.
fn now(call: &mut Call<'_>) -> Outcome {
    let now = crate::sys::monotonic_clock();
    call.push_number(now.as_secs_f64());
    Ok(1)
}

fn getfd(call: &mut Call<'_>) -> Outcome {
    match with(call, Scheduler::descriptor)? {
        Ok(Some(number)) => {
            call.push_number(f64::from(number));
            Ok(1)
        }
        Ok(None) => Ok(call.push_failure(&Message::new("not supported on this platform"))),
        Err(error) => Ok(call.push_failure(&crate::sys::error_text(error.raw_os_error()))),
    }
}

fn timeout(call: &mut Call<'_>) -> Outcome {
    match with(call, Scheduler::timeout)? {
        Some(left) => call.push_number(left.as_secs_f64()),
        None => call.push_nil(),
    }
    Ok(1)
}

fn abandoning(call: &mut Call<'_>) -> Outcome {
    let abandoning = call.truthy(1);
    with(call, |scheduler| scheduler.set_abandoning(abandoning))?;
    Ok(0)
}

/// `block(whether)`: makes waits block, as outside tasks. Each call with true needs one with false.
fn block(call: &mut Call<'_>) -> Outcome {
    let block = call.truthy(1);
    with(call, |scheduler| scheduler.block(block))?;
    Ok(0)
}

/// `traceback(level)`: returns the traceback of the running coroutine.
fn traceback(call: &mut Call<'_>) -> Outcome {
    let level = call.optional_number(1, 1.0)? as c_int;
    let state = call.raw_state();
    // SAFETY: pushes one string. Nothing is owned.
    unsafe { ffi::luaL_traceback(state, state, ptr::null(), level) };
    Ok(1)
}

/// `most()`: returns the number of tasks that the system has room for, or nil if that is unknown. Each stack
/// takes two mappings. A process that has used up its mappings cannot allocate at all.
fn most(call: &mut Call<'_>) -> Outcome {
    const LEFT: i64 = 5530;
    let allowed = if cfg!(any(target_os = "linux", target_os = "android")) {
        std::fs::read_to_string("/proc/sys/vm/max_map_count")
            .ok()
            .and_then(|text| text.trim().parse::<i64>().ok())
    } else {
        None
    };
    match allowed {
        Some(allowed) => call.push_integer(((allowed - LEFT) / 2).max(1)),
        None => call.push_nil(),
    }
    Ok(1)
}
