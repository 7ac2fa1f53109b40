//! The scheduler of one Lua state: who is ready, who waits for what, and the switch between them.
//!
//! Lua code runs inside [`Scheduler::turn`] and, on a task's stack, around [`park`]; both reach the scheduler by pointer
//! and keep no reference to it meanwhile.
#![allow(unsafe_code)]

use std::any::Any;
use std::collections::VecDeque;
use std::ffi::{c_int, c_void};
use std::os::fd::RawFd;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use mlua::ffi::{self, lua_State};
use rustix::event::PollFlags;
use rustix::io::Errno;
use rustix::time::{ClockId, clock_gettime};

use super::door::Interest;
use super::fiber::{Exit, Fiber, Stack, Turn};
use super::handover::flags;
use super::readiness::{Added, Change, Readiness, Waker};
use super::timers::{Entry, Timers};
use crate::binding::Message;

/// A task: where it is kept, and which of those that were kept there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Id {
    index: u32,
    generation: u32,
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

struct Task {
    thread: *mut lua_State,
    /// The values above the function, for a task that has not begun.
    arguments: c_int,
    stack_size: usize,
    fiber: Option<Fiber>,
    exit: *const Exit,
    state: State,
    /// What it waits for; the array is on its parked stack, or in a userdata that this refers to.
    interests: *mut Interest,
    interest_count: usize,
    /// When its wait ends, and whether by a deadline around it.
    end: Option<Instant>,
    by_deadline: bool,
    /// Its entry among the timers.
    timer: Option<Instant>,
    verdict: Verdict,
    cancelled: Option<Message>,
    deadline: Option<Instant>,
    shielded: bool,
    operations: u32,
    failures: u32,
    /// The lookup that it waits for.
    lookup: u64,
    answer: Option<Box<dyn Any + Send>>,
}

struct Slot {
    generation: u32,
    task: Option<Box<Task>>,
}

/// A descriptor that is or was watched.
#[derive(Default)]
struct Watch {
    /// The descriptor that the system has on its list under this number; zero: not known.
    identity: u64,
    waiters: Vec<Id>,
}

/// The answer of a lookup: the task that asked, which of its lookups, and the answer.
type Letter = (Id, u64, Box<dyn Any + Send>);

/// What other threads have for tasks.
pub struct Mailbox {
    answers: Mutex<Vec<Letter>>,
    waker: Waker,
}

impl Mailbox {
    /// Delivers the answer of a lookup.
    pub fn post(&self, id: Id, lookup: u64, answer: Box<dyn Any + Send>) {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner).push((id, lookup, answer));
        self.waker.wake();
    }
}

/// Of one Lua state.
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
    /// Tasks that have not ended, and those of them that have yielded.
    live: usize,
    yielded: usize,
    /// Tasks that have never had a turn.
    unbegun: usize,
    /// Waits that something outside can end.
    pending: usize,
    failed: Vec<Id>,
    /// Coroutines of tasks that have ended.
    dead: Vec<*mut lua_State>,
    blocked: u32,
    outside_deadline: Option<Instant>,
    lookups: u64,
    forks: u32,
    abandoning: bool,
    /// Whether a foreign loop may be waiting for the descriptor.
    outside_wakes: bool,
    /// Whether something has happened that code outside tasks may wait for.
    noteworthy: bool,
    /// Whether something of the kind has happened in the last turn.
    happened: bool,
}

/// How many stacks are kept for tasks to come.
const KEPT_STACKS: usize = 128;
/// Operations without a wait before others come first, and how often the clock is looked at.
const MOST_OPERATIONS: u32 = 100;
const LOOK_AT_CLOCK: u32 = 10;
const LONGEST_TURN: i64 = 10_000_000;
/// Waits in a row that may fail before a task is given up, while all are being ended.
const MOST_FAILURES: u32 = 100;

/// How often this process is a copy of another.
static FORKS: AtomicU32 = AtomicU32::new(0);

unsafe extern "C" fn forked() {
    FORKS.fetch_add(1, Ordering::Relaxed);
}

/// How a turn went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Round {
    /// Something ran, or may run now, or a time was up.
    Went,
    /// No task can go on, and nothing can come.
    Stuck,
}

/// Why a turn could not be had.
#[derive(Clone, Copy, Debug)]
pub enum Trouble {
    /// No stack can be had.
    NoStack(i32),
    /// The system cannot say what is ready.
    NoReadiness(Errno),
}

fn coarse_now() -> i64 {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let clock = ClockId::MonotonicCoarse;
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let clock = ClockId::Monotonic;
    let now = clock_gettime(clock);
    (now.tv_sec as i64) * 1_000_000_000 + now.tv_nsec as i64
}

impl Scheduler {
    /// A scheduler without tasks, for the state with this registry.
    pub fn new(registry: *const c_void) -> Scheduler {
        static REGISTERED: std::sync::Once = std::sync::Once::new();
        REGISTERED.call_once(|| {
            // SAFETY: the handler only counts; the library is never unloaded.
            unsafe {
                libc::pthread_atfork(None, None, Some(forked));
            }
        });
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
            forks: FORKS.load(Ordering::Relaxed),
            abandoning: false,
            outside_wakes: false,
            noteworthy: false,
            happened: false,
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

    /// Tasks that have not ended, those of them that have yielded, and those that have never begun.
    pub fn counts(&self) -> (usize, usize, usize) {
        (self.live, self.yielded, self.unbegun)
    }

    /// What a task does; nothing when it has ended.
    pub fn state(&mut self, id: Id) -> Option<State> {
        self.task(id).map(|task| task.state)
    }

    /// Adds a task whose function and arguments are on the Lua stack of `thread`, which the caller keeps alive.
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
            verdict: Verdict::Ready,
            cancelled: None,
            deadline: None,
            shielded: false,
            operations: 0,
            failures: 0,
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
        // Code outside tasks may have made it ready, while a foreign loop waits for our descriptor.
        if self.current.is_none()
            && self.outside_wakes
            && let Some(mailbox) = &self.mailbox
        {
            mailbox.waker.wake();
        }
    }

    /// Forgets a task: its stack goes to the free ones.
    pub fn remove(&mut self, id: Id) {
        self.leave_wait(id);
        let Some(slot) =
            self.slots.get_mut(id.index as usize).filter(|slot| slot.generation == id.generation)
        else {
            return;
        };
        let Some(task) = slot.task.take() else { return };
        self.noteworthy = true;
        self.dead.push(task.thread);
        self.vacant.push(id.index);
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

    /// The coroutine of a task that has ended, for the caller to let go of.
    pub fn next_dead(&mut self) -> Option<*mut lua_State> {
        self.dead.pop()
    }

    /// Says that something has happened that code outside tasks may wait for.
    pub fn note(&mut self) {
        self.noteworthy = true;
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
            let mailbox = Mailbox { answers: Mutex::new(Vec::new()), waker };
            let readiness = Readiness::new(std::os::fd::AsFd::as_fd(&mailbox.waker))?;
            self.mailbox = Some(Arc::new(mailbox));
            self.readiness = Some(readiness);
        }
        self.readiness.as_mut().ok_or(Errno::BADF)
    }

    /// The number of the descriptor that is readable while something can go on.
    pub fn descriptor(&mut self) -> Result<RawFd, Errno> {
        self.check_fork();
        self.outside_wakes = true;
        if !self.ready.is_empty() {
            self.readiness()?;
            if let Some(mailbox) = &self.mailbox {
                mailbox.waker.wake();
            }
        }
        use std::os::fd::{AsFd, AsRawFd};
        Ok(self.readiness()?.as_fd().as_raw_fd())
    }

    /// After a fork the child has the running task alone, and lists of its own. What the others hold is left as it is:
    /// their descriptors are the parent's as well.
    fn check_fork(&mut self) {
        let forks = FORKS.load(Ordering::Relaxed);
        if forks == self.forks {
            return;
        }
        self.forks = forks;
        self.readiness = None;
        if let Some(mailbox) = self.mailbox.take() {
            // A thread of the parent's may hold the lock in this copy of the memory.
            std::mem::forget(mailbox);
        }
        self.watches.clear();
        self.ready.clear();
        self.timers = Timers::default();
        self.failed.clear();
        let current = self.current;
        self.pending = 0;
        for (index, slot) in (0..).zip(&mut self.slots) {
            if current.is_some_and(|current| current.index == index) {
                continue;
            }
            if let Some(task) = slot.task.take() {
                self.vacant.push(index);
                self.live -= 1;
                self.yielded -= usize::from(task.state == State::Yielded);
                // Its stack stays reserved: the copy costs nothing, and nobody may run on it.
                std::mem::forget(task);
            }
        }
        self.unbegun = 0;
    }

    /// Ends whatever the task waits for.
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
            // SAFETY: the array is where the task parked, and it has not gone on yet.
            let number = unsafe { (*interests.add(position)).number };
            if let Some(watch) = usize::try_from(number).ok().and_then(|number| self.watches.get_mut(number))
            {
                watch.waiters.retain(|waiter| *waiter != id);
            }
        }
    }

    /// Ends a wait; the task goes on at its turn.
    pub fn wake(&mut self, id: Id, verdict: Verdict) {
        if self.state(id) != Some(State::Waiting) {
            return;
        }
        self.leave_wait(id);
        if let Some(task) = self.task(id) {
            task.state = State::Ready;
            task.verdict = verdict;
        }
        self.enqueue(id);
    }

    /// Cancels a task. Returns whether it has begun.
    pub fn cancel(&mut self, id: Id, message: Message) -> Option<State> {
        let task = self.task(id)?;
        let state = task.state;
        if task.cancelled.is_none() {
            task.cancelled = Some(message);
            if !task.shielded {
                self.wake(id, Verdict::Cancelled(message));
            }
        }
        Some(state)
    }

    /// Whether a task has had a turn.
    pub fn has_begun(&mut self, id: Id) -> bool {
        self.task(id).is_some_and(|task| !task.exit.is_null())
    }

    /// Says that a descriptor is given up: those who wait for it are woken.
    pub fn forget(&mut self, number: RawFd) {
        let Some(watch) = usize::try_from(number).ok().and_then(|number| self.watches.get_mut(number)) else {
            return;
        };
        watch.identity = 0;
        if watch.waiters.is_empty() {
            return;
        }
        let waiters = std::mem::take(&mut watch.waiters);
        if let Some(readiness) = &self.readiness {
            readiness.remove(number);
        }
        for id in waiters {
            self.mark(id, number, PollFlags::NVAL);
            self.wake(id, Verdict::Closed);
        }
    }

    /// Stores what a descriptor is ready for with the task that waits for it.
    fn mark(&mut self, id: Id, number: RawFd, ready: PollFlags) -> bool {
        let Some(task) = self.task(id) else { return false };
        let mut hit = false;
        for position in 0..task.interest_count {
            // SAFETY: the array is where the task parked, and it has not gone on yet.
            let interest = unsafe { &mut *task.interests.add(position) };
            let wanted = interest.wanted() | PollFlags::ERR | PollFlags::HUP | PollFlags::NVAL;
            if interest.number == number && ready.intersects(wanted) {
                interest.add_ready(ready & wanted);
                hit = true;
            }
        }
        hit
    }

    fn report(&mut self, number: RawFd, ready: PollFlags) {
        let Some(watch) = usize::try_from(number).ok().and_then(|number| self.watches.get(number)) else {
            return;
        };
        // Few wait for one descriptor; the list changes as they are woken.
        let waiters: arrayvec::ArrayVec<Id, 8> = watch.waiters.iter().copied().take(8).collect();
        let more: Vec<Id> = watch.waiters.iter().copied().skip(8).collect();
        for id in waiters.into_iter().chain(more) {
            if self.mark(id, number, ready) {
                self.wake(id, Verdict::Ready);
            }
        }
    }

    /// Watches what a task is about to wait for. `Ok(true)`: something is ready already.
    fn watch(&mut self, id: Id, interests: *mut Interest, count: usize) -> Result<bool, Errno> {
        let mut ready = false;
        for position in 0..count {
            // SAFETY: the caller's array has that many.
            let interest = unsafe { &mut *interests.add(position) };
            interest.ready = 0;
            let Ok(place) = usize::try_from(interest.number) else { continue };
            self.readiness()?;
            if self.watches.len() <= place {
                self.watches.resize_with(place + 1, Watch::default);
            }
            let (Some(watch), Some(readiness)) = (self.watches.get_mut(place), &self.readiness) else {
                continue;
            };
            if interest.identity == 0 || watch.identity != interest.identity {
                if readiness.add(interest.number)? == Added::AlwaysReady {
                    interest.add_ready(interest.wanted());
                    ready = true;
                    continue;
                }
                if interest.identity != 0 {
                    watch.identity = interest.identity;
                }
            }
            if !watch.waiters.contains(&id) {
                watch.waiters.push(id);
            }
        }
        Ok(ready)
    }

    /// Takes the watches back that were made so far.
    fn unwatch(&mut self, id: Id, interests: *mut Interest, count: usize) {
        for position in 0..count {
            // SAFETY: the caller's array has that many.
            let number = unsafe { (*interests.add(position)).number };
            if let Some(watch) = usize::try_from(number).ok().and_then(|number| self.watches.get_mut(number))
            {
                watch.waiters.retain(|waiter| *waiter != id);
            }
        }
    }

    /// When the next wait ends by time.
    fn next_time(&mut self) -> Option<Instant> {
        let slots = &mut self.slots;
        self.timers.next(|time, id| {
            let slot = slots.get_mut(id.index as usize).filter(|slot| slot.generation == id.generation);
            let Some(task) = slot.and_then(|slot| slot.task.as_deref_mut()) else { return Entry::Stale };
            if task.timer != Some(time) {
                return Entry::Stale;
            }
            match task.end.filter(|_| task.state == State::Waiting) {
                None => {
                    task.timer = None;
                    Entry::Stale
                }
                Some(end) if end > time => {
                    task.timer = Some(end);
                    Entry::Later(end)
                }
                Some(_) => Entry::Due,
            }
        })
    }

    /// How long until a task can go on by itself: none when no time limit is pending.
    pub fn timeout(&mut self) -> Option<Duration> {
        self.check_fork();
        if !self.ready.is_empty() {
            return Some(Duration::ZERO);
        }
        self.next_time().map(|time| time.saturating_duration_since(Instant::now()))
    }

    /// Wakes those whose time is up.
    fn expire(&mut self) {
        if self.next_time().is_none() {
            return;
        }
        let now = Instant::now();
        while self.next_time().is_some_and(|time| time <= now) {
            let Some((_, id)) = self.timers.pop(now) else { break };
            let Some(task) = self.task(id) else { continue };
            task.timer = None;
            let verdict = if task.by_deadline { Verdict::Deadline } else { Verdict::Limit };
            self.wake(id, verdict);
        }
    }

    /// Looks what descriptors and other threads have, waiting until `limit` when nothing is ready. Returns whether a
    /// signal has ended the wait.
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
        let interrupted = readiness.wait(limit, |change| match change {
            Change::Woken => self.collect(),
            Change::Ready(number, ready) => self.report(number, ready),
        });
        self.readiness = Some(readiness);
        interrupted
    }

    /// Takes what other threads have.
    fn collect(&mut self) {
        let Some(mailbox) = self.mailbox.clone() else { return };
        mailbox.waker.clear();
        let answers = std::mem::take(&mut *mailbox.answers.lock().unwrap_or_else(PoisonError::into_inner));
        for (id, lookup, answer) in answers {
            if let Some(task) = self.task(id).filter(|task| task.lookup == lookup) {
                task.answer = Some(answer);
                self.wake(id, Verdict::Ready);
            }
        }
    }

    /// The next task whose coroutine has failed, and its Lua stack, which has the error on top.
    pub fn take_failed(&mut self) -> Option<(Id, *mut lua_State)> {
        let id = self.failed.pop()?;
        self.task(id).map(|task| (id, task.thread))
    }

    /// Whether the failures of a task that gives nothing for its being cancelled count.
    pub fn set_abandoning(&mut self, abandoning: bool) {
        self.abandoning = abandoning;
    }

    /// The deadline of the running code; `None` outside tasks and without one.
    pub fn deadline(&mut self) -> Option<Instant> {
        match self.current {
            Some(id) => self.task(id).and_then(|task| task.deadline),
            None => self.outside_deadline,
        }
    }

    /// Sets the deadline of the running code.
    pub fn set_deadline(&mut self, deadline: Option<Instant>) {
        match self.current {
            Some(id) => {
                if let Some(task) = self.task(id) {
                    task.deadline = deadline;
                }
            }
            None => self.outside_deadline = deadline,
        }
    }

    /// Gives a task the deadline of the running code.
    pub fn inherit_deadline(&mut self, id: Id) {
        let deadline = self.deadline();
        if let Some(task) = self.task(id) {
            task.deadline = deadline;
        }
    }

    /// Has waits block from now on, or switch again.
    pub fn block(&mut self, block: bool) {
        self.blocked = if block { self.blocked + 1 } else { self.blocked.saturating_sub(1) };
    }

    /// Whether waits block.
    pub fn is_blocked(&self) -> bool {
        self.blocked > 0
    }

    /// Where lookups deliver their answers, for the running task: the number of its next one.
    pub fn begin_lookup(&mut self) -> Result<(Arc<Mailbox>, Id, u64), Errno> {
        self.readiness()?;
        self.lookups += 1;
        let (mailbox, lookup) = (self.mailbox.clone().ok_or(Errno::BADF)?, self.lookups);
        let id = self.current.ok_or(Errno::BADF)?;
        Ok((mailbox, id, lookup))
    }

    /// The answer that has come for the running task.
    pub fn take_answer(&mut self) -> Option<Box<dyn Any + Send>> {
        let id = self.current?;
        self.task(id)?.answer.take()
    }
}

impl Task {
    /// Whether something from outside can end its wait.
    fn is_pending(&self) -> bool {
        self.interest_count > 0 || self.lookup != 0
    }
}

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
        if ffi::lua_rawgetp(state, ffi::LUA_REGISTRYINDEX, super::native::nothing_key()) == ffi::LUA_TFUNCTION
        {
            ffi::lua_call(state, 0, 0);
        } else {
            ffi::lua_settop(state, -2);
        }
    }
    let _ = state;
}

impl Drop for Scheduler {
    fn drop(&mut self) {
        if let Some(id) = self.current {
            // The state is closed by a task: its own stack is the one that this runs on.
            if let Some(slot) = self.slots.get_mut(id.index as usize) {
                std::mem::forget(slot.task.take());
            }
        }
    }
}
