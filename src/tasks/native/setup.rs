//! Makes the scheduler of a state, and hands it to the other libraries.

use std::ffi::{c_int, c_void};
use std::ptr;
use std::sync::atomic::Ordering;
use std::time::Duration;

use mlua::ffi::{self, lua_State};

use crate::binding::{CAPACITY, Call};
use crate::tasks::handover::{self, Answer, Handover};
use crate::tasks::interest::Interest;
use crate::tasks::scheduler::{self, Scheduler, WaitOptions, WakeReason};

static THREADS: u8 = 0;

/// The registry key of the table that holds the coroutines of tasks.
pub fn threads_key() -> *const c_void {
    ptr::from_ref(&THREADS).cast()
}

unsafe extern "C-unwind" fn nothing(_: *mut lua_State) -> c_int {
    0
}

/// Makes the scheduler of the state when it has none.
pub fn make_scheduler(call: &Call<'_>) {
    let state = call.raw_state();
    // SAFETY: nothing is owned, so anything may raise. The stack use is balanced. The scheduler is made last,
    // after everything that can fail.
    unsafe {
        if handover::find(state).is_none() {
            ffi::lua_createtable(state, 0, 0);
            ffi::lua_rawsetp(state, ffi::LUA_REGISTRYINDEX, threads_key());
            ffi::lua_pushcfunction(state, nothing);
            ffi::lua_rawsetp(state, ffi::LUA_REGISTRYINDEX, scheduler::nothing_key());
            let place = ffi::lua_newuserdata(state, size_of::<Handover>()).cast::<Handover>();
            place.write(Handover {
                scheduler: ptr::null_mut(),
                wait: wait_for_others,
                settle: settle_for_others,
                forget: forget_for_others,
            });
            ffi::lua_createtable(state, 0, 1);
            ffi::lua_pushcfunction(state, close);
            ffi::lua_setfield(state, -2, c"__gc".as_ptr());
            ffi::lua_setmetatable(state, -2);
            ffi::lua_setfield(state, ffi::LUA_REGISTRYINDEX, handover::HANDOVER.as_ptr());
            let registry = ffi::lua_topointer(state, ffi::LUA_REGISTRYINDEX);
            (*place).scheduler = Box::into_raw(Box::new(Scheduler::new(registry))).cast();
            handover::flags().schedulers.fetch_add(1, Ordering::Relaxed);
            handover::flags().changes.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// The finalizer of the handover. It runs when the state is being closed.
unsafe extern "C-unwind" fn close(state: *mut lua_State) -> c_int {
    // SAFETY: Lua passes the userdata, and a script cannot reach it. Afterwards `find` returns no scheduler.
    unsafe {
        let place = ffi::lua_touserdata(state, 1).cast::<Handover>();
        if let Some(handover) = place.as_mut() {
            let scheduler = std::mem::replace(&mut handover.scheduler, ptr::null_mut()).cast::<Scheduler>();
            if !scheduler.is_null() {
                drop(Box::from_raw(scheduler));
                handover::flags().schedulers.fetch_sub(1, Ordering::Relaxed);
                handover::flags().changes.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
    0
}

unsafe extern "C-unwind" fn wait_for_others(
    scheduler: *mut c_void,
    state: *mut lua_State,
    interests: *mut Interest,
    count: usize,
    nanoseconds: u64,
) -> Answer {
    let limit = (nanoseconds != u64::MAX).then(|| Duration::from_nanos(nanoseconds));
    // SAFETY: the door passes on its own arguments, under its own conditions.
    let reason = unsafe {
        scheduler::wait(
            scheduler.cast(),
            state,
            interests,
            count,
            WaitOptions { limit, ..WaitOptions::default() },
        )
    };
    let mut answer =
        Answer { kind: handover::READY, code: 0, nanoseconds: u64::MAX, length: 0, text: [0; CAPACITY] };
    match reason {
        WakeReason::Ready => {}
        WakeReason::Limit => answer.kind = handover::LIMIT,
        WakeReason::Deadline => answer.kind = handover::DEADLINE,
        WakeReason::Closed => answer.kind = handover::CLOSED,
        WakeReason::Cancelled => {
            // SAFETY: as above. The wait is over.
            let message = unsafe { (*scheduler.cast::<Scheduler>()).cancel_message() };
            answer.kind = handover::CANCELLED;
            for (place, byte) in answer.text.iter_mut().zip(message.as_bytes()) {
                *place = *byte;
                answer.length += 1;
            }
            if message.goes_on() {
                answer.length = usize::MAX;
            }
        }
        WakeReason::Failed(code) => {
            answer.kind = handover::FAILED;
            answer.code = code;
        }
        WakeReason::Outside(left) => {
            answer.kind = handover::OUTSIDE;
            answer.nanoseconds =
                left.map_or(u64::MAX, |left| u64::try_from(left.as_nanos()).unwrap_or(u64::MAX - 1));
        }
    }
    answer
}

unsafe extern "C-unwind" fn settle_for_others(scheduler: *mut c_void, state: *mut lua_State, after: u32) {
    // SAFETY: as above.
    unsafe { scheduler::settle(scheduler.cast(), state, after) }
}

unsafe extern "C-unwind" fn forget_for_others(scheduler: *mut c_void, number: c_int, has_copy: bool) {
    // SAFETY: the pointer comes from the handover. Nothing else refers to the scheduler while an object's
    // method runs.
    unsafe { (*scheduler.cast::<Scheduler>()).forget(number, has_copy) }
}
