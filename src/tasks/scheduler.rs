//! The scheduler of one Lua state. It knows which tasks are ready and what the others wait for, and switches
//! between them.
//!
//! Lua code runs inside `turn` and, on a task's stack, around `leave`. Both are in `switch.rs`, reach the
//! scheduler by pointer, and keep no reference to it while Lua code runs.
#![allow(unsafe_code)]

use std::collections::VecDeque;
use std::ffi::{c_int, c_void};
use std::sync::Arc;
use std::time::{Duration, Instant};

use mlua::ffi::lua_State;
use rustix::io::Errno;

use super::fiber::Stack;
use super::handover::flags;
use super::readiness::{Change, Readiness, Waker};
use super::timers::Timers;
use crate::binding::{CAPACITY, Message};
use crate::sys::process::forks;

mod context;
mod lookups;
mod mailbox;
mod switch;
mod task;
mod time;
mod watching;

pub use context::{is_nowhere, may_switch};
use mailbox::Mailbox;
pub use switch::{WaitOptions, nothing_key, settle, turns, wait, yield_now};
use task::Task;
pub use task::{Id, State, WakeReason};

struct Slot {
    generation: u32,
    task: Option<Box<Task>>,
}

/// A descriptor that is or was watched.
#[derive(Default)]
struct Watch {
    /// The identity of the descriptor that the system watches under this number. Zero when unknown.
    identity: u64,
    waiters: Vec<Id>,
}

/// The scheduler of one Lua state.
pub struct Scheduler {
    registry: *const c_void,
    slots: Vec<Slot>,
    vacant: Vec<u32>,
    ready: VecDeque<Id>,
    timers: Timers,
    watches: Vec<Watch>,
    stacks: Vec<Stack>,
    readiness: Option<Readiness>,
    mailbox: Option<Arc<Mailbox>>,
    current: Option<Id>,
    /// The addresses of the running task's stack.
    range: std::ops::Range<usize>,
    /// When the running task's turn began, in nanoseconds of a coarse clock.
    turn_began: i64,
    /// The number of tasks that have not ended, and how many of these have yielded.
    live: usize,
    yielded: usize,
    /// The number of tasks that have never run.
    unbegun: usize,
    /// The number of waits that an outside event can end.
    pending: usize,
    failed: Vec<Id>,
    /// The slots of tasks that have ended and whose coroutines are not released yet.
    dead: Vec<u32>,
    blocked: u32,
    outside_deadline: Option<Instant>,
    lookups: u64,
    forks: u32,
    abandoning: bool,
    /// Whether a host's event loop may be waiting for the descriptor.
    outside_wakes: bool,
    /// Whether something has happened that code outside tasks may be waiting for.
    noted: bool,
    /// Whether a task has ended or yielded.
    ended: bool,
    /// Whether the Lua code outside tasks must check for changes after the last turn.
    happened: bool,
    /// LuaJIT: the coroutine that the virtual machine takes for the running one. Null when it is unknown.
    entered: *mut lua_State,
}

/// The number of stacks that are kept for later tasks.
const KEPT_STACKS: usize = 128;
/// The number of operations without a wait before other tasks run, and the number between two readings of the
/// clock.
const MOST_OPERATIONS: u32 = 100;
const LOOK_AT_CLOCK: u32 = 10;
const LONGEST_TURN: i64 = 10_000_000;
/// The number of failed waits in a row after which a task is abandoned, while all tasks are being ended.
const MOST_FAILURES: u32 = 100;

/// The result of a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Round {
    /// A task ran or can run now, or a time limit expired.
    Went,
    /// No task can continue, and no event can come.
    Stuck,
}

/// Why a turn failed.
#[derive(Clone, Copy, Debug)]
pub enum RoundError {
    /// There is no stack.
    NoStack(i32),
    /// The system cannot report what is ready.
    NoReadiness(Errno),
}

fn coarse_now() -> i64 {
    crate::sys::coarse_clock().as_nanos() as i64
}

impl Scheduler {
    /// A scheduler without tasks, for the state that has this registry.
    pub fn new(registry: *const c_void) -> Scheduler {
        Scheduler {
            registry,
            slots: Vec::new(),
            vacant: Vec::new(),
            ready: VecDeque::new(),
            timers: Timers::default(),
            watches: Vec::new(),
            stacks: Vec::new(),
            readiness: None,
            mailbox: None,
            current: None,
            range: 0..0,
            turn_began: 0,
            live: 0,
            yielded: 0,
            unbegun: 0,
            pending: 0,
            failed: Vec::new(),
            dead: Vec::new(),
            blocked: 0,
            outside_deadline: None,
            lookups: 0,
            forks: forks(),
            abandoning: false,
            outside_wakes: false,
            noted: false,
            ended: false,
            happened: false,
            entered: std::ptr::null_mut(),
        }
    }

    fn task(&mut self, id: Id) -> Option<&mut Task> {
        let slot = self.slots.get_mut(id.index as usize)?;
        if slot.generation == id.generation { slot.task.as_deref_mut() } else { None }
    }

    /// The running task.
    pub fn current(&self) -> Option<Id> {
        self.current
    }

    /// The numbers of tasks that have not ended, of those that have yielded, and of those that have never
    /// run.
    pub fn counts(&self) -> (usize, usize, usize) {
        (self.live, self.yielded, self.unbegun)
    }

    /// The state of a task. `None` when it has ended.
    pub fn state(&mut self, id: Id) -> Option<State> {
        self.task(id).map(|task| task.state)
    }

    /// Adds a task. Its function and arguments are on the Lua stack of `thread`, which the caller keeps
    /// alive.
    pub fn add(&mut self, thread: *mut lua_State, arguments: c_int, stack_size: usize) -> Id {
        self.check_fork();
        let task = Box::new(Task {
            thread,
            arguments,
            stack_size,
            fiber: None,
            exit: std::ptr::null(),
            state: State::Ready,
            interests: std::ptr::null_mut(),
            interest_count: 0,
            end: None,
            by_deadline: false,
            timer: None,
            reason: WakeReason::Ready,
            cancelled: None,
            deadline: None,
            shielded: false,
            operations: 0,
            failures: 0,
            owes_round: false,
            lookup: 0,
            answer: None,
        });
        let index = self.vacant.pop().unwrap_or_else(|| {
            self.slots.push(Slot { generation: 0, task: None });
            (self.slots.len() - 1) as u32
        });
        let mut generation = 0;
        if let Some(slot) = self.slots.get_mut(index as usize) {
            slot.generation = (slot.generation + 1) & ((1 << 26) - 1);
            slot.task = Some(task);
            generation = slot.generation;
        }
        let id = Id { index, generation };
        self.live += 1;
        self.unbegun += 1;
        self.enqueue(id);
        id
    }

    fn enqueue(&mut self, id: Id) {
        self.ready.push_back(id);
        // Code outside tasks may have made it ready, while a host's event loop waits for the descriptor.
        if self.current.is_none()
            && self.outside_wakes
            && let Some(mailbox) = &self.mailbox
        {
            mailbox.waker.wake();
        }
    }

    /// Removes a task. Its stack is kept for later tasks.
    pub fn remove(&mut self, id: Id) {
        self.leave_wait(id);
        let Some(slot) =
            self.slots.get_mut(id.index as usize).filter(|slot| slot.generation == id.generation)
        else {
            return;
        };
        let Some(task) = slot.task.take() else { return };
        self.ended = true;
        // The slot is vacant once the coroutine is released.
        self.dead.push(id.index);
        self.live -= 1;
        if task.state == State::Yielded {
            self.yielded -= 1;
        }
        if task.exit.is_null() && task.state == State::Ready {
            self.unbegun -= 1;
        }
        if let Some(fiber) = task.fiber {
            self.keep(fiber.into_stack());
        }
    }

    /// Whether the coroutine of a task that has ended must be released.
    pub fn has_dead(&self) -> bool {
        !self.dead.is_empty()
    }

    /// The place of such a coroutine. The caller must release it.
    pub fn next_dead(&mut self) -> Option<u32> {
        let index = self.dead.pop()?;
        self.vacant.push(index);
        Some(index + 1)
    }

    /// The place of the coroutine of the next task that is added.
    pub fn next_place(&self) -> u32 {
        self.vacant.last().map_or(self.slots.len() as u32, |index| *index) + 1
    }

    /// Records that something has happened that code outside tasks may be waiting for.
    pub fn note(&mut self) {
        self.noted = true;
    }

    fn keep(&mut self, stack: Stack) {
        if self.stacks.len() < KEPT_STACKS {
            self.stacks.push(stack);
        }
    }

    fn stack(&mut self, size: usize) -> std::io::Result<Stack> {
        while let Some(stack) = self.stacks.pop() {
            if stack.size == size {
                return Ok(stack);
            }
        }
        Stack::new(size)
    }

    fn readiness(&mut self) -> Result<&mut Readiness, Errno> {
        if self.readiness.is_none() {
            let waker = Waker::new()?;
            let mailbox = Mailbox::new(waker);
            let readiness = Readiness::new(mailbox.waker.as_fd())?;
            self.mailbox = Some(Arc::new(mailbox));
            self.readiness = Some(readiness);
        }
        self.readiness.as_mut().ok_or(Errno::BADF)
    }

    /// The number of the descriptor that is readable while a task can continue.
    /// `None` means that the system has no such descriptor.
    pub fn descriptor(&mut self) -> Result<Option<i32>, Errno> {
        self.check_fork();
        let Some(number) = self.readiness()?.descriptor() else { return Ok(None) };
        self.outside_wakes = true;
        if !self.ready.is_empty()
            && let Some(mailbox) = &self.mailbox
        {
            mailbox.waker.wake();
        }
        Ok(Some(number))
    }

    /// After a fork the child has only the running task, and new lists. The resources of the other tasks are
    /// not touched, because the parent uses the same descriptors.
    pub fn check_fork(&mut self) {
        let forks = forks();
        if forks == self.forks {
            return;
        }
        self.forks = forks;
        if let Some(readiness) = self.readiness.take() {
            readiness.leave_to_parent();
        }
        if let Some(mailbox) = self.mailbox.take() {
            // A thread of the parent may hold the lock in this copy of the memory.
            std::mem::forget(mailbox);
        }
        self.watches.clear();
        self.ready.clear();
        self.timers = Timers::default();
        self.failed.clear();
        let current = self.current;
        if let Some(task) = current.and_then(|id| self.task(id)) {
            // Its entry is gone with the others. A later wait adds a new one.
            task.timer = None;
        }
        self.pending = 0;
        for (index, slot) in (0..).zip(&mut self.slots) {
            if current.is_some_and(|current| current.index == index) {
                continue;
            }
            if let Some(task) = slot.task.take() {
                self.vacant.push(index);
                self.live -= 1;
                self.yielded -= usize::from(task.state == State::Yielded);
                // Its stack stays reserved. The copy costs nothing, and no code may run on it.
                std::mem::forget(task);
            }
        }
        self.unbegun = 0;
    }

    /// Ends the current wait of a task.
    fn leave_wait(&mut self, id: Id) {
        let Some(task) = self.task(id) else { return };
        if task.state != State::Waiting {
            return;
        }
        let (interests, count) = (task.interests, task.interest_count);
        let counted = task.is_pending();
        task.interests = std::ptr::null_mut();
        task.interest_count = 0;
        task.end = None;
        task.lookup = 0;
        if counted {
            self.pending -= 1;
        }
        for position in 0..count {
            // SAFETY: the array is in the memory where the task parked, and the task has not continued yet.
            let number = unsafe { (*interests.add(position)).number };
            if let Some(watch) = usize::try_from(number).ok().and_then(|number| self.watches.get_mut(number))
            {
                watch.waiters.retain(|waiter| *waiter != id);
            }
        }
    }

    /// Ends a wait. The task continues at its turn.
    pub fn wake(&mut self, id: Id, reason: WakeReason) {
        if self.state(id) != Some(State::Waiting) {
            return;
        }
        self.leave_wait(id);
        if let Some(task) = self.task(id) {
            task.state = State::Ready;
            task.reason = reason;
        }
        self.enqueue(id);
    }

    /// Cancels a task. Returns its state before, or `None` when it has ended.
    pub fn cancel(&mut self, id: Id, text: &[u8]) -> Option<State> {
        let task = self.task(id)?;
        let state = task.state;
        if task.cancelled.is_none() {
            task.cancelled = Some(text.into());
            if !task.shielded {
                self.wake(id, WakeReason::Cancelled);
            }
        }
        Some(state)
    }

    /// The message of the running task's cancellation.
    pub fn cancel_message(&mut self) -> Message {
        match self.current.and_then(|id| self.task(id)).and_then(|task| task.cancelled.as_deref()) {
            Some(text) if text.len() > CAPACITY => Message::beginning(text),
            text => Message::new(text.unwrap_or_default()),
        }
    }

    /// Whether a task has ever run.
    pub fn has_begun(&mut self, id: Id) -> bool {
        self.task(id).is_some_and(|task| !task.exit.is_null())
    }

    /// Collects the events of descriptors and of other threads. When nothing is ready, waits for at most
    /// `limit`. Returns whether a signal ended the wait.
    fn look(&mut self, limit: Option<Duration>) -> Result<bool, Errno> {
        let mut limit = limit;
        if !self.ready.is_empty() {
            limit = Some(Duration::ZERO);
        } else if let Some(time) = self.next_time() {
            let left = time.saturating_duration_since(Instant::now());
            limit = Some(limit.map_or(left, |limit| limit.min(left)));
        }
        if limit == Some(Duration::ZERO) && self.pending == 0 && !self.outside_wakes {
            return Ok(false);
        }
        self.readiness()?;
        let Some(mut readiness) = self.readiness.take() else { return Ok(false) };
        readiness.renew(|take| self.each_wanted(take));
        let interrupted = readiness.wait(limit, |change| match change {
            Change::Woken => self.collect(),
            Change::Ready(number, ready) => self.report(number, ready),
        });
        self.readiness = Some(readiness);
        interrupted
    }

    /// The next failed task and its Lua stack. If its coroutine failed, the error is on top of that stack.
    pub fn take_failed(&mut self) -> Option<(Id, *mut lua_State)> {
        let id = self.failed.pop()?;
        self.task(id).map(|task| (id, task.thread))
    }

    /// Sets whether a task is abandoned when it goes on after its cancellation and its waits keep failing.
    pub fn set_abandoning(&mut self, abandoning: bool) {
        self.abandoning = abandoning;
    }

    /// Makes waits block, or allows switching again.
    pub fn block(&mut self, block: bool) {
        self.blocked = if block { self.blocked + 1 } else { self.blocked.saturating_sub(1) };
    }

    /// Whether waits block.
    pub fn is_blocked(&self) -> bool {
        self.blocked > 0
    }
}

impl Drop for Scheduler {
    fn drop(&mut self) {
        if let Some(id) = self.current {
            // A task is closing the state, so this code runs on the task's stack.
            if let Some(slot) = self.slots.get_mut(id.index as usize) {
                std::mem::forget(slot.task.take());
            }
        }
    }
}
