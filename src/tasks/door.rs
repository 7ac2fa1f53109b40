//! The one door that every wait of the library goes through.
//!
//! # How an operation waits
//!
//! [`repeat`] does all of it: it tries the operation inside the closure of [`Call::object`]; where that would block, it
//! marks the descriptor as busy, leaves the object, waits here, looks the object up again, and tries once more. What has
//! to survive the wait is a plain value on the stack, or is owned by the object. An object that differs in what a wait
//! means (TLS) says so by the methods of [`Described`].

use std::os::fd::RawFd;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags};

use crate::binding::{Call, Raise, Receiver};
use crate::socket::descriptor::{Use, borrow_number};
use crate::socket::error::{Direction, Failure};
use crate::socket::object::Described;
use crate::socket::stream::Stop;
use crate::socket::timeout::{Deadline, Wait};
use crate::socket::wait::{Pauses, poll_number, poll_until};

/// A descriptor to wait for, and what for.
#[derive(Clone, Copy, Debug)]
pub struct Interest {
    /// The number.
    pub number: RawFd,
    /// Which descriptor that is; zero when it is not one of this library's objects.
    pub identity: u64,
    /// `IN` and `OUT`.
    pub events: PollFlags,
    /// What the wait has found, trouble included.
    pub ready: PollFlags,
}

/// What poll calls a direction.
pub fn events(direction: Direction) -> PollFlags {
    match direction {
        Direction::Read => PollFlags::IN,
        Direction::Write => PollFlags::OUT,
    }
}

/// Waits until one descriptor is ready; trouble counts as ready, because the next system call reports it.
pub fn wait(_: &mut Call<'_>, interest: &mut Interest, limit: Wait) -> Result<(), Failure> {
    interest.ready = poll_number(interest.number, interest.events, limit)?;
    Ok(())
}

/// Waits until one of several descriptors is ready, or `until`: "timeout". What is ready stands in each afterwards.
/// May be called where nothing with a destructor is owned, as [`repeat`] may.
pub fn wait_any(_: &mut Call<'_>, interests: &mut [Interest], until: Option<Instant>) -> Result<(), Failure> {
    poll_any(interests, until)
}

fn poll_any(interests: &mut [Interest], until: Option<Instant>) -> Result<(), Failure> {
    let limit =
        until.map_or(Wait::Forever, |until| Wait::For(until.saturating_duration_since(Instant::now())));
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
            Some(PollFd::from_borrowed_fd(borrow_number(interest.number)?, interest.events))
        })
        .take(MOST)
        .collect();
    if polled.len() != interests.len() {
        return Err(Failure::Errno(libc::EBADF));
    }
    let ready = poll_until(&mut polled, limit)?;
    for (interest, polled) in interests.iter_mut().zip(&polled) {
        interest.ready = polled.revents();
    }
    Ok(ready)
}

/// How many descriptors [`wait_any`] takes.
pub const MOST: usize = 16;

/// Waits for a time. Never "timeout": the time being up is what was asked for.
pub fn sleep(_: &mut Call<'_>, time: Duration) -> Result<(), Failure> {
    crate::sys::interrupt::sleep(time);
    Ok(())
}

/// Whether closing a descriptor may concern somebody who waits for it.
pub fn is_active() -> bool {
    false
}

/// Whether a task runs, whose waits leave its memory behind.
pub fn is_switching() -> bool {
    false
}

/// Says that a descriptor is about to be closed, or not to be this object's any more: who waits for it gets "closed".
pub fn forget(_: &mut Call<'_>, _: RawFd) {}

/// Says that an operation ends which could have waited, and did not.
pub fn settle(_: &mut Call<'_>) {}

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
                if parked.is_none() {
                    settle(call);
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
                let ready = PollFlags::empty();
                let mut interest = Interest { number, identity, events: events(direction), ready };
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
