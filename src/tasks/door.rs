//! The module that every wait of the library goes through.
//!
//! # How an operation waits
//!
//! [`repeat`] does all of it. It tries the operation inside the closure of [`Call::object`]. If the operation
//! would block, `repeat` marks the descriptor as busy, leaves the object, and waits here. Then it looks the
//! object up again and tries once more. A value that must survive the wait is a plain value on the stack, or
//! the object owns it. An object for which a wait means something else (TLS) implements the methods of
//! [`Described`].
#![allow(unsafe_code)]

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use rustix::event::PollFd;

use super::handover;
use super::interest::{Interest, events};
use crate::binding::{Call, Message, Raise, Receiver};
use crate::socket::described::Described;
use crate::socket::descriptor::{Use, borrow_number};
use crate::socket::error::{Direction, Failure};
use crate::socket::stream::Stop;
use crate::socket::timeout::{Deadline, Wait};
use crate::socket::wait::{Backoff, poll_number, poll_until};
use crate::sys;
use crate::sys::libc;

/// The largest number of descriptors that [`wait_any`] accepts.
pub const MOST: usize = 16;

/// Waits until one descriptor is ready. An error counts as ready, because the next system call reports it.
fn wait(call: &mut Call<'_>, interest: &mut Interest, limit: Wait) -> Result<(), Failure> {
    match hand_over(call, std::slice::from_mut(interest), limit)? {
        None => Ok(()),
        Some(left) => {
            interest.ready = poll_number(interest.number, interest.wanted(), left)?.bits();
            Ok(())
        }
    }
}

/// Waits until one of several descriptors is ready, or until `until`, which gives "timeout". After a failure
/// the caller must call [`settle_failure`], once no object is marked as busy. Afterwards each interest holds what
/// is ready. As for [`repeat`], the caller may own nothing with a destructor.
///
/// Returns whether that is certain. In a task, a descriptor may be reported as ready when it is not. The next
/// system call on it then reports that.
pub fn wait_any(
    call: &mut Call<'_>,
    interests: &mut [Interest],
    until: Option<Instant>,
) -> Result<bool, Failure> {
    let left = |until: Instant| Wait::For(until.saturating_duration_since(Instant::now()));
    match hand_over(call, interests, until.map_or(Wait::Forever, left))? {
        None => Ok(false),
        Some(limit) => poll_any(interests, limit).map(|()| true),
    }
}

fn poll_any(interests: &mut [Interest], limit: Wait) -> Result<(), Failure> {
    if poll_all(interests, limit)? == 0 { Err(Failure::Timeout) } else { Ok(()) }
}

/// Checks what is ready now, without a wait. Returns the number of ready descriptors.
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

/// Waits in the running task. `Some` means that no task can wait here: the caller must wait itself, within
/// that limit.
pub fn pass(call: &mut Call<'_>, interests: &mut [Interest], limit: Wait) -> Result<Option<Wait>, Failure> {
    hand_over(call, interests, limit).inspect_err(|_| settle_failure(call))
}

/// Like [`pass`]. After a failure the caller must call [`settle_failure`], once no object is
/// marked as busy.
fn hand_over(call: &mut Call<'_>, interests: &mut [Interest], limit: Wait) -> Result<Option<Wait>, Failure> {
    if !is_active() {
        return Ok(Some(limit));
    }
    // SAFETY: by the rules of the boundary nothing is owned during a wait. The array belongs to the caller.
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
        handover::CANCELLED => Err(Failure::Other(match answer.text.get(..answer.length) {
            Some(text) => Message::new(text),
            None => Message::beginning(&answer.text),
        })),
        handover::FAILED => Err(Failure::Errno(answer.code)),
        _ if answer.nanoseconds == u64::MAX => Ok(Some(Wait::Forever)),
        _ => Ok(Some(Wait::For(Duration::from_nanos(answer.nanoseconds)))),
    }
}

/// Sleeps for a time and succeeds when it is over. "timeout" means that an enclosing deadline ended the
/// sleep.
pub fn sleep(call: &mut Call<'_>, time: Duration) -> Result<(), Failure> {
    match pass(call, &mut [], Wait::For(time))? {
        None => Ok(()),
        Some(Wait::For(left)) if left < time => {
            sys::sleep(left);
            Err(Failure::Timeout)
        }
        Some(_) => {
            sys::sleep(time);
            Ok(())
        }
    }
}

/// Connects this library to the library with the scheduler, when they are two. Called when this library is
/// opened.
pub fn join(call: &mut Call<'_>) {
    // SAFETY: nothing is owned when a library is opened.
    unsafe { handover::take_over(call.raw_state()) };
}

/// Whether the process has a scheduler: then a task may be waiting for a descriptor that is about to be
/// closed.
pub fn is_active() -> bool {
    handover::flags().schedulers.load(Ordering::Relaxed) != 0
}

/// Whether a task is running. Its waits leave its stack behind.
pub fn is_switching() -> bool {
    handover::flags().running.load(Ordering::Relaxed) != 0
}

/// Reports that a descriptor will be closed, or no longer belongs to this object. A task that waits for it
/// gets "closed".
pub fn forget(call: &mut Call<'_>, number: i32) {
    give_up(call, number, false);
}

/// Like [`forget`], for a descriptor whose file may stay open under another number.
pub fn forget_copied(call: &mut Call<'_>, number: i32) {
    give_up(call, number, true);
}

fn give_up(call: &mut Call<'_>, number: i32, has_copy: bool) {
    // SAFETY: nothing is owned when an object gives up its descriptor.
    unsafe {
        if let Some(handover) = handover::find(call.raw_state()) {
            (handover.forget)(handover.scheduler, number, has_copy);
        }
    }
}

/// Ends an operation that could have waited but did not. Now and then, other tasks run first. Nothing may be
/// owned.
pub fn settle(call: &mut Call<'_>) {
    let_others_run(call, handover::OPERATION);
}

/// Ends a wait that has failed. If it failed at once, the other tasks run. Nothing may be owned, and no object
/// may be marked as busy, because the task may be abandoned.
pub fn settle_failure(call: &mut Call<'_>) {
    let_others_run(call, handover::FAILED_WAIT);
}

fn let_others_run(call: &mut Call<'_>, after: u32) {
    if is_switching() {
        // SAFETY: the condition of the callers.
        unsafe {
            let state = call.raw_state();
            if let Some(handover) = handover::find(state) {
                (handover.settle)(handover.scheduler, state, after);
            }
        }
    }
}

/// Like [`settle`], but does nothing when the object's timeout forbids waiting.
pub fn settle_for<T: Described>(call: &mut Call<'_>, index: i32, receiver: &Receiver<T>) {
    if is_switching()
        && call.try_object(index, receiver, |object| object.timeout().block != 0.0) == Some(true)
    {
        settle(call);
    }
}

/// The limits that an attempt may set for its wait.
#[derive(Debug, Default)]
pub struct Pace {
    /// When the wait must end. Without it, the object's own limits count from the first wait.
    pub deadline: Option<Deadline>,
}

/// Repeats an operation on the object at `index` until it need not wait. Waits between the attempts.
/// `attempt` does what is possible now. The caller may own nothing with a destructor. Between its calls,
/// `attempt` may keep such a value only in the object.
pub fn repeat<T: Described, R>(
    call: &mut Call<'_>,
    index: i32,
    receiver: &Receiver<T>,
    usage: Use,
    mut attempt: impl FnMut(&mut T, &mut Pace) -> Result<R, Stop>,
) -> Result<Result<R, Failure>, Raise> {
    let mut pace = Pace::default();
    let mut backoff: Option<Backoff> = None;
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
            // An object whose timeout forbids waiting is never left.
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
                // A caller that gets a value with a destructor settles after it has handed the value over.
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
            Step::Wait(direction, limit, waiting) => {
                parked = Some(waiting);
                let (number, identity) = (waiting.number, waiting.identity);
                let mut interest = Interest::new(number, identity, events(direction));
                (wait(call, &mut interest, limit).err(), Some(direction))
            }
            Step::Pause(limit, waiting) => {
                parked = Some(waiting);
                let slice = backoff.get_or_insert_with(Backoff::new).next(limit);
                (sleep(call, slice).err(), None)
            }
        };
        if let (Some(failure), Some(waiting)) = (failure, &parked) {
            let failure = call.object(index, receiver, |object| {
                let resumed = object.descriptor().resume(waiting);
                match (failure, direction) {
                    (Failure::Timeout, Some(direction)) => object.late(direction),
                    // Any other failure: if the descriptor is gone, that failure comes first.
                    (failure, _) => resumed.err().unwrap_or(failure),
                }
            })?;
            settle_failure(call);
            return Ok(Err(failure));
        }
    }
}

/// The outcome of an attempt.
enum Step<R> {
    Done(Result<R, Failure>),
    /// It can continue at once, but other tasks may run first.
    Again,
    Wait(Direction, Wait, crate::socket::descriptor::Parked),
    Pause(Wait, crate::socket::descriptor::Parked),
}
