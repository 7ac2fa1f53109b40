//! The one door that every wait of the library goes through.
//!
//! # How an operation waits
//!
//! [`repeat`] does all of it: it tries the operation inside the closure of [`Call::object`]; where that would block, it
//! marks the descriptor as busy, leaves the object, waits here, looks the object up again, and tries once more. What has
//! to survive the wait is a plain value on the stack, or is owned by the object. An object that differs in what a wait
//! means (TLS) says so by the methods of [`Described`].
#![allow(unsafe_code)]

use std::os::fd::RawFd;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags};

use super::handover;
use crate::binding::{Call, Message, Raise, Receiver};
use crate::socket::descriptor::{Use, borrow_number};
use crate::socket::error::{Direction, Failure};
use crate::socket::object::Described;
use crate::socket::stream::Stop;
use crate::socket::timeout::{Deadline, Wait};
use crate::socket::wait::{Pauses, poll_number, poll_until};

/// A descriptor to wait for, and what for.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Interest {
    /// The number.
    pub number: RawFd,
    /// What for, as poll has it.
    events: i16,
    /// What it is ready for, trouble included.
    pub ready: i16,
    /// Which descriptor that is; zero when it is not one of this library's objects.
    pub identity: u64,
}

impl Interest {
    /// An interest in a descriptor, of an object of this library's or, with zero, of anything.
    pub fn new(number: RawFd, identity: u64, events: PollFlags) -> Self {
        Interest { number, events: events.bits(), ready: 0, identity }
    }

    /// What for.
    pub fn wanted(&self) -> PollFlags {
        PollFlags::from_bits_retain(self.events)
    }

    /// What has been found.
    pub fn found(&self) -> PollFlags {
        PollFlags::from_bits_retain(self.ready)
    }

    /// Adds to what has been found. Only a scheduler does.
    #[cfg_attr(
        not(all(feature = "tasks", any(target_os = "linux", target_os = "android"))),
        allow(dead_code)
    )]
    pub fn add_ready(&mut self, ready: PollFlags) {
        self.ready |= ready.bits();
    }
}

/// What poll calls a direction.
pub fn events(direction: Direction) -> PollFlags {
    match direction {
        Direction::Read => PollFlags::IN,
        Direction::Write => PollFlags::OUT,
    }
}

/// Interests in memory that Lua owns, each with a number to go with it.
#[derive(Clone, Copy)]
pub struct Parcel {
    interests: *mut Interest,
    count: usize,
}

impl Parcel {
    /// Allocates and pushes a userdata with room for so many, all without a meaning. The parcel may be used as long as
    /// it is on the stack.
    pub fn new(call: &mut Call<'_>, count: usize) -> Parcel {
        // SAFETY: Lua aligns userdata for C's types; all of the memory is filled before anything reads it.
        unsafe {
            let size = count.max(1).saturating_mul(size_of::<Interest>() + size_of::<i64>());
            let interests = mlua::ffi::lua_newuserdata(call.raw_state(), size).cast::<Interest>();
            for position in 0..count {
                interests.add(position).write(Interest::new(-1, 0, PollFlags::empty()));
                interests.add(count).cast::<i64>().add(position).write(0);
            }
            Parcel { interests, count }
        }
    }

    /// The interests.
    #[allow(clippy::mut_from_ref)]
    pub fn interests(&self) -> &mut [Interest] {
        // SAFETY: `new` filled as many. Callers keep no slice while they ask for another.
        unsafe { std::slice::from_raw_parts_mut(self.interests, self.count) }
    }

    /// The numbers.
    #[allow(clippy::mut_from_ref)]
    pub fn notes(&self) -> &mut [i64] {
        // SAFETY: as above; they follow the interests.
        unsafe { std::slice::from_raw_parts_mut(self.interests.add(self.count).cast(), self.count) }
    }
}

/// How many descriptors [`wait_any`] takes.
pub const MOST: usize = 16;

/// Waits until one descriptor is ready; trouble counts as ready, because the next system call reports it.
pub fn wait(call: &mut Call<'_>, interest: &mut Interest, limit: Wait) -> Result<(), Failure> {
    match pass(call, std::slice::from_mut(interest), limit)? {
        None => Ok(()),
        Some(left) => {
            interest.ready = poll_number(interest.number, interest.wanted(), left)?.bits();
            Ok(())
        }
    }
}

/// Waits until one of several descriptors is ready, or `until`: "timeout". What is ready stands in each afterwards.
/// May be called where nothing with a destructor is owned, as [`repeat`] may. In a task a descriptor may be called ready
/// that is not: the next system call on it says so.
pub fn wait_any(
    call: &mut Call<'_>,
    interests: &mut [Interest],
    until: Option<Instant>,
) -> Result<(), Failure> {
    let left = |until: Instant| Wait::For(until.saturating_duration_since(Instant::now()));
    match pass(call, interests, until.map_or(Wait::Forever, left))? {
        None => Ok(()),
        Some(limit) => poll_any(interests, limit),
    }
}

fn poll_any(interests: &mut [Interest], limit: Wait) -> Result<(), Failure> {
    if poll_all(interests, limit)? == 0 { Err(Failure::Timeout) } else { Ok(()) }
}

/// What is ready now, without a wait: the number of them.
pub fn look(interests: &mut [Interest]) -> Result<usize, Failure> {
    poll_all(interests, Wait::No)
}

fn poll_all(interests: &mut [Interest], limit: Wait) -> Result<usize, Failure> {
    let mut polled: arrayvec::ArrayVec<PollFd<'_>, MOST> = interests
        .iter()
        .filter_map(|interest| {
            Some(PollFd::from_borrowed_fd(borrow_number(interest.number)?, interest.wanted()))
        })
        .take(MOST)
        .collect();
    if polled.len() != interests.len() {
        return Err(Failure::Errno(libc::EBADF));
    }
    let ready = poll_until(&mut polled, limit)?;
    for (interest, polled) in interests.iter_mut().zip(&polled) {
        interest.ready = polled.revents().bits();
    }
    Ok(ready)
}

/// Waits in the running task for what is asked; `Some`: there is none, and the caller is to wait itself, so long.
pub fn pass(call: &mut Call<'_>, interests: &mut [Interest], limit: Wait) -> Result<Option<Wait>, Failure> {
    if !is_active() {
        return Ok(Some(limit));
    }
    // SAFETY: by the rules of the boundary nothing is owned where anything waits. The array is the caller's.
    let answer = unsafe {
        let state = call.raw_state();
        let Some(handover) = handover::find(state) else { return Ok(Some(limit)) };
        let nanoseconds = match limit {
            Wait::No => 0,
            Wait::For(limit) => u64::try_from(limit.as_nanos()).unwrap_or(u64::MAX - 1),
            Wait::Forever => u64::MAX,
        };
        (handover.wait)(handover.scheduler, state, interests.as_mut_ptr(), interests.len(), nanoseconds)
    };
    match answer.kind {
        handover::READY => Ok(None),
        handover::LIMIT | handover::DEADLINE if interests.is_empty() => match answer.kind {
            handover::LIMIT => Ok(None),
            _ => Err(Failure::Timeout),
        },
        handover::LIMIT | handover::DEADLINE => Err(Failure::Timeout),
        handover::CLOSED => Err(Failure::Closed),
        handover::CANCELLED => {
            Err(Failure::Other(Message::new(answer.text.get(..answer.length).unwrap_or_default())))
        }
        handover::FAILED => Err(Failure::Errno(answer.code)),
        _ if answer.nanoseconds == u64::MAX => Ok(Some(Wait::Forever)),
        _ => Ok(Some(Wait::For(Duration::from_nanos(answer.nanoseconds)))),
    }
}

/// Waits for a time. "timeout" is the end of a deadline around it; the time being up is what was asked for.
pub fn sleep(call: &mut Call<'_>, time: Duration) -> Result<(), Failure> {
    match pass(call, &mut [], Wait::For(time))? {
        None => Ok(()),
        Some(Wait::For(left)) if left < time => {
            crate::sys::interrupt::sleep(left);
            Err(Failure::Timeout)
        }
        Some(_) => {
            crate::sys::interrupt::sleep(time);
            Ok(())
        }
    }
}

/// How a question to the system's resolver went. Without tasks no answer comes from another one.
#[cfg_attr(not(all(feature = "tasks", any(target_os = "linux", target_os = "android"))), allow(dead_code))]
pub enum Lookup<T, W> {
    /// The running task has waited.
    Answered(Result<T, Failure>),
    /// No task waits here: the caller is to do the work itself, within a limit.
    Outside(Wait, W),
}

/// Has another thread do the work while the running task waits.
#[cfg(all(feature = "tasks", any(target_os = "linux", target_os = "android")))]
pub fn look_up<T: Send + 'static, W: FnOnce() -> T + Send + 'static>(
    call: &mut Call<'_>,
    limit: Wait,
    work: W,
) -> Lookup<T, W> {
    super::lookups::look_up(call, limit, work)
}

/// There are no tasks here.
#[cfg(not(all(feature = "tasks", any(target_os = "linux", target_os = "android"))))]
pub fn look_up<T, W: FnOnce() -> T>(_: &mut Call<'_>, limit: Wait, work: W) -> Lookup<T, W> {
    Lookup::Outside(limit, work)
}

/// Joins this library to the one that has the scheduler, when they are two. Called when it is opened.
pub fn join(call: &mut Call<'_>) {
    // SAFETY: nothing is owned there.
    unsafe { handover::take_over(call.raw_state()) };
}

/// Whether closing a descriptor may concern somebody who waits for it.
pub fn is_active() -> bool {
    handover::flags().schedulers.load(Ordering::Relaxed) != 0
}

/// Whether a task runs, whose waits leave its memory behind.
pub fn is_switching() -> bool {
    handover::flags().running.load(Ordering::Relaxed) != 0
}

/// Says that a descriptor is about to be closed, or not to be this object's any more: who waits for it gets "closed".
pub fn forget(call: &mut Call<'_>, number: RawFd) {
    // SAFETY: nothing is owned where an object gives its descriptor up.
    unsafe {
        if let Some(handover) = handover::find(call.raw_state()) {
            (handover.forget)(handover.scheduler, number);
        }
    }
}

/// Ends an operation that could have waited, and did not: now and then others come first. Nothing may be owned.
pub fn settle(call: &mut Call<'_>) {
    if is_switching() {
        // SAFETY: as the comment says.
        unsafe {
            let state = call.raw_state();
            if let Some(handover) = handover::find(state) {
                (handover.settle)(handover.scheduler, state);
            }
        }
    }
}

/// As [`settle`], unless the object is told not to wait at all.
pub fn settle_for<T: Described>(call: &mut Call<'_>, index: i32, receiver: &Receiver<T>) {
    if is_switching()
        && call.try_object(index, receiver, |object| object.timeout().block != 0.0) == Some(true)
    {
        settle(call);
    }
}

/// What an attempt may say of the wait that it asks for.
#[derive(Debug, Default)]
pub struct Pace {
    /// When the wait has to end; without one the object's own limits count from the first wait.
    pub deadline: Option<Deadline>,
}

/// Repeats an operation on the object at `index` until it need not wait, waiting in between. `attempt` does what it
/// can do now. At the call nothing with a destructor may be owned, and the attempt may keep nothing of the kind
/// between its turns but in the object.
pub fn repeat<T: Described, R>(
    call: &mut Call<'_>,
    index: i32,
    receiver: &Receiver<T>,
    usage: Use,
    mut attempt: impl FnMut(&mut T, &mut Pace) -> Result<R, Stop>,
) -> Result<Result<R, Failure>, Raise> {
    let mut pace = Pace::default();
    let mut pauses: Option<Pauses> = None;
    let mut parked = None;
    loop {
        let step = call.object(index, receiver, |object| {
            let entered = match &parked {
                None => object.descriptor().begin(usage),
                Some(parked) => object.descriptor().resume(parked),
            };
            if let Err(failure) = entered {
                return Step::Done(Err(failure));
            }
            let direction = match attempt(object, &mut pace) {
                Ok(result) => return Step::Done(Ok(result)),
                Err(Stop::Failed(failure)) => return Step::Done(Err(failure)),
                Err(Stop::WouldBlock(direction)) => Some(direction),
                Err(Stop::Pause) => None,
            };
            let limits = *object.timeout();
            let deadline = pace.deadline.get_or_insert_with(|| limits.start());
            // An object that is told not to wait is never left.
            let limit = deadline.remaining();
            if limit == Wait::No || direction.is_none() && limit == Wait::For(Duration::ZERO) {
                return Step::Done(Err(
                    direction.map_or(Failure::Timeout, |direction| object.late(direction))
                ));
            }
            match direction {
                Some(direction) if !object.has_to_wait(direction) => {
                    if limit == Wait::For(Duration::ZERO) {
                        return Step::Done(Err(object.late(direction)));
                    }
                    Step::Again
                }
                Some(direction) => Step::Wait(direction, limit, object.descriptor().park(usage)),
                None => Step::Pause(limit, object.descriptor().park(usage)),
            }
        })?;
        let (failure, direction) = match step {
            Step::Done(result) => {
                // Who gets something with a destructor settles once it is handed over.
                if parked.is_none() && !std::mem::needs_drop::<R>() {
                    settle_for(call, index, receiver);
                }
                return Ok(result);
            }
            Step::Again => {
                parked = None;
                settle(call);
                continue;
            }
            Step::Wait(direction, limit, place) => {
                parked = Some(place);
                let (number, identity) = (place.number, place.identity);
                let mut interest = Interest::new(number, identity, events(direction));
                (wait(call, &mut interest, limit).err(), Some(direction))
            }
            Step::Pause(limit, place) => {
                parked = Some(place);
                let slice = pauses.get_or_insert_with(Pauses::new).next(limit);
                (sleep(call, slice).err(), None)
            }
        };
        if let (Some(failure), Some(place)) = (failure, &parked) {
            let failure = call.object(index, receiver, |object| {
                let resumed = object.descriptor().resume(place);
                match (failure, direction) {
                    (Failure::Timeout, Some(direction)) => object.late(direction),
                    // Whatever else came: there is no descriptor any more.
                    (failure, _) => resumed.err().unwrap_or(failure),
                }
            })?;
            return Ok(Err(failure));
        }
    }
}

/// How an attempt went.
enum Step<R> {
    Done(Result<R, Failure>),
    /// It may go on at once, but others may come first.
    Again,
    Wait(Direction, Wait, crate::socket::descriptor::Parked),
    Pause(Wait, crate::socket::descriptor::Parked),
}
